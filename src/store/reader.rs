//! What the commands read, beside a running newstape or without one.

use std::collections::{HashMap, VecDeque};
use std::path::Path;

use jiff::Timestamp;
use rusqlite::Connection;

use super::read::{self, Names, Place, TOP};
use super::search::Search;
use super::{StoreError, place};
use crate::domain::Name;
use crate::domain::analysis::{Analysis, Stamp};
use crate::domain::feed::FeedState;
use crate::domain::group::GroupId;
use crate::domain::price::{Quote, Series, SourceReport, Span};
use crate::domain::query::Need;
use crate::domain::story::{Marks, Story, StoryId};
use crate::event::STORIES_AT_ONCE;

/// Reads what is stored, through a connection of its own. Empty when nothing was ever stored; makes no files then.
#[derive(Debug)]
pub struct Reader {
    connection: Option<Connection>,
}

impl Reader {
    /// # Errors
    /// When there is something stored that can't be read.
    pub fn open(dir: &Path) -> Result<Reader, StoreError> {
        Ok(Reader { connection: place::open_reading(dir)? })
    }

    /// Stories newest first, by their time; not older than `since`. Read page by page, as they are asked for.
    pub fn stories(&self, since: Option<Timestamp>) -> Stories<'_> {
        Stories {
            connection: self.connection.as_ref(),
            since,
            after: TOP,
            page: VecDeque::new(),
            names: Names::default(),
        }
    }

    /// Stories that may be what a query asks for, newest first, not older than `since`: all that have what it needs. Whoever
    /// asks holds the query itself against each. Read page by page, as they are asked for.
    /// With each comes its analysis, when one of this stamp is stored.
    pub fn candidates(&self, need: Need, since: Option<Timestamp>, stamp: Stamp) -> Candidates<'_> {
        Candidates {
            connection: self.connection.as_ref(),
            search: Search::new(need, since, TOP, stamp),
            page: VecDeque::new(),
            analyses: HashMap::new(),
        }
    }

    /// The outlets that carry a group, in order of appearance, without repeats.
    ///
    /// # Errors
    ///
    /// The database can't be read.
    pub fn outlets(&self, group: GroupId) -> Result<Vec<Name>, StoreError> {
        self.ask(|connection| read::outlets(connection, group))
    }

    /// Are there stories since a time that have not been placed in a group?
    ///
    /// # Errors
    ///
    /// The database can't be read.
    pub fn lacks_groups(&self, since: Option<Timestamp>) -> Result<bool, StoreError> {
        self.connection.as_ref().map_or(Ok(false), |connection| Ok(read::lacks_groups(connection, since)?))
    }

    /// What is remembered about polling each feed.
    ///
    /// # Errors
    ///
    /// The database can't be read.
    pub fn feeds(&self) -> Result<Vec<FeedState>, StoreError> {
        self.ask(read::feeds)
    }

    /// The last prices, `delivery` [`crate::domain::price::Delivery::Stored`].
    ///
    /// # Errors
    ///
    /// The database can't be read.
    pub fn quotes(&self) -> Result<Vec<Quote>, StoreError> {
        self.ask(read::quotes)
    }

    /// The candles of the charts.
    ///
    /// # Errors
    ///
    /// The database can't be read.
    pub fn series(&self) -> Result<Vec<(Span, Series)>, StoreError> {
        self.ask(read::series)
    }

    /// Price sources that are to be left alone at this time.
    ///
    /// # Errors
    ///
    /// The database can't be read.
    pub fn sources(&self, now: Timestamp) -> Result<Vec<SourceReport>, StoreError> {
        self.ask(|connection| read::blocked_sources(connection, now))
    }

    fn ask<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<Vec<T>>) -> Result<Vec<T>, StoreError> {
        self.connection.as_ref().map_or(Ok(Vec::new()), |connection| Ok(read(connection)?))
    }
}

/// Stories, newest first. Ends after an error.
#[derive(Debug)]
pub struct Stories<'a> {
    connection: Option<&'a Connection>,
    since: Option<Timestamp>,
    after: Place,
    page: VecDeque<(Story, Marks)>,
    names: Names,
}

impl Iterator for Stories<'_> {
    type Item = Result<(Story, Marks), StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.page.is_empty() {
            let connection = self.connection.take()?;
            match read::page(connection, self.after, self.since, STORIES_AT_ONCE as u32, &mut self.names) {
                Err(error) => return Some(Err(error.into())),
                Ok(page) => {
                    self.after = page.last?;
                    self.page = page.stories.into();
                    self.connection = Some(connection);
                }
            }
        }
        self.page.pop_front().map(Ok)
    }
}

/// Stories that may be what is looked for, newest first. Ends after an error.
#[derive(Debug)]
pub struct Candidates<'a> {
    connection: Option<&'a Connection>,
    search: Search,
    page: VecDeque<(Story, Marks)>,
    analyses: HashMap<StoryId, Analysis>,
}

impl Iterator for Candidates<'_> {
    type Item = Result<(Story, Marks, Option<Analysis>), StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.page.is_empty() {
            let connection = self.connection.take()?;
            match self.search.next(connection, STORIES_AT_ONCE as u32) {
                Err(error) => return Some(Err(error.into())),
                Ok(page) => {
                    page.last?;
                    self.page = page.stories.into();
                    self.analyses = page.analyses;
                    self.connection = Some(connection);
                }
            }
        }
        let (story, marks) = self.page.pop_front()?;
        let analysis = self.analyses.remove(&story.id);
        Some(Ok((story, marks, analysis)))
    }
}
