//! What waits to be saved. Nobody who saves ever waits for the disk: the lock is held only to put in and to take out.
//!
//! In place of a queue, what waits is kept by what it is about, and the latest wins: a price that changes fifty times
//! during a stall of the disk waits once. All that waits goes into one transaction, so a feed's validators can never
//! be saved without its stories.
//!
//! Bounded: feeds, symbols and sources by their number, stories and marks by [`STORIES_MAX`] and [`MARKS_MAX`]. When
//! the disk stands still for so long that stories no longer fit, they are refused, and the validators of their feed
//! are withheld for the rest of the run: after a restart the feed is then read again whole, and nothing is missing.

use std::collections::{HashMap, HashSet};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::domain::Name;
use crate::domain::feed::FeedState;
use crate::domain::group::GroupId;
use crate::domain::layout::Layout;
use crate::domain::price::{Capability, Quote, Series, SourceReport, Span};
use crate::domain::query::Need;
use crate::domain::story::{Marks, Story, StoryId};
use crate::event::{Clock, Effect, QUERIES_MAX};

/// About 20 MB of stories.
pub(super) const STORIES_MAX: usize = 20_000;
const MARKS_MAX: usize = 200_000;
/// Others are given this time to join the first that waits; with the commit itself it stays below 250 ms.
const LINGER: Duration = Duration::from_millis(150);
/// So many stories are not made to wait for others.
const ENOUGH: usize = 1_000;

/// Saves not yet carried out.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    pub stories: Vec<Story>,
    pub groups: HashMap<StoryId, GroupId>,
    pub marks: HashMap<StoryId, Marks>,
    pub feeds: HashMap<Name, FeedState>,
    pub quotes: HashMap<Name, Quote>,
    pub series: HashMap<(Name, Span), Series>,
    pub sources: HashMap<(Name, Capability), SourceReport>,
    /// The latest last.
    pub queries: Vec<String>,
    pub layout: Option<Layout>,
}

impl Waiting {
    pub fn is_empty(&self) -> bool {
        self.stories.is_empty()
            && self.groups.is_empty()
            && self.marks.is_empty()
            && self.feeds.is_empty()
            && self.quotes.is_empty()
            && self.series.is_empty()
            && self.sources.is_empty()
            && self.queries.is_empty()
            && self.layout.is_none()
    }

    /// What came later lies over what was here.
    fn followed_by(mut self, later: Waiting) -> Waiting {
        self.stories.extend(later.stories);
        self.groups.extend(later.groups);
        self.marks.extend(later.marks);
        self.feeds.extend(later.feeds);
        self.quotes.extend(later.quotes);
        self.series.extend(later.series);
        self.sources.extend(later.sources);
        self.queries.extend(later.queries);
        self.layout = later.layout.or(self.layout);
        self
    }
}

/// Where the rest of the program and the store's thread meet.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: Waiting,
    load: Option<u32>,
    search: Option<Wanted>,
    recount: Option<Timestamp>,
    closing: bool,
    /// The check found the file damaged.
    damaged: bool,
    /// The thread has ended; the sentence says what it could not save.
    ended: Option<Result<(), String>>,
    /// Nothing will be saved: another newstape owns the data.
    deaf: bool,
    /// Feeds of which a story was refused.
    refused: HashSet<Name>,
}

/// A search that is wanted of the thread. The latest counts: nobody waits for those before.
#[derive(Debug)]
pub(super) enum Wanted {
    New { number: u64, need: Need, until: Timestamp },
    More { number: u64 },
}

/// How long the thread waits for something to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pause {
    UntilAsked,
    /// Something is left to do after this time at the latest.
    AtMost(Duration),
}

/// What the thread is to do next.
#[derive(Debug)]
pub(super) struct Round {
    pub waiting: Waiting,
    /// All that was put in before this moment is in `waiting`, or was taken out before.
    pub at: Timestamp,
    pub load: Option<u32>,
    pub search: Option<Wanted>,
    /// Stories since this time are to be told, to be counted.
    pub recount: Option<Timestamp>,
    pub closing: bool,
    pub damaged: bool,
}

impl Inbox {
    /// Takes what is to be saved; gives any other effect back.
    pub fn put(&self, effect: Effect) -> Option<Effect> {
        let rest = self.lock().put(effect);
        self.changed.notify_all();
        rest
    }

    pub fn ask_for(&self, window: u32) {
        self.lock().load = Some(window);
        self.changed.notify_all();
    }

    /// Waits, then takes out all there is.
    pub fn next(&self, pause: Pause, clock: &Clock) -> Round {
        let state = self.lock();
        let mut state = match pause {
            Pause::UntilAsked => {
                let state = self.changed.wait_while(state, |state| state.is_idle());
                self.until(state.unwrap_or_else(PoisonError::into_inner), LINGER, State::is_urgent)
            }
            Pause::AtMost(limit) => self.until(state, limit, |state| state.closing || state.is_asked()),
        };
        Round {
            waiting: std::mem::take(&mut state.waiting),
            at: clock(),
            load: state.load.take(),
            search: state.search.take(),
            recount: state.recount.take(),
            closing: state.closing,
            damaged: std::mem::take(&mut state.damaged),
        }
    }

    pub fn report_damage(&self) {
        self.lock().damaged = true;
        self.changed.notify_all();
    }

    /// What could not be saved now lies under what came since.
    pub fn put_back(&self, earlier: Waiting) {
        let mut state = self.lock();
        let later = std::mem::take(&mut state.waiting);
        state.waiting = earlier.followed_by(later);
    }

    /// From now on nothing is taken in.
    pub fn deafen(&self) {
        let mut state = self.lock();
        state.deaf = true;
        state.waiting = Waiting::default();
    }

    /// The thread saves what waits, and ends.
    pub fn close(&self) {
        self.lock().closing = true;
        self.changed.notify_all();
    }

    pub fn end(&self, outcome: Result<(), String>) {
        self.lock().ended.get_or_insert(outcome);
        self.changed.notify_all();
    }

    /// How the thread ended; None when it has not within the limit.
    pub fn wait_for_end(&self, limit: Duration) -> Option<Result<(), String>> {
        self.until(self.lock(), limit, |state| state.ended.is_some()).ended.clone()
    }

    /// Feeds of which stories were refused.
    pub fn refused(&self) -> usize {
        self.lock().refused.len()
    }

    fn until<'a>(
        &self,
        state: MutexGuard<'a, State>,
        limit: Duration,
        enough: fn(&State) -> bool,
    ) -> MutexGuard<'a, State> {
        let waited = self.changed.wait_timeout_while(state, limit, |state| !enough(state));
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// A panic elsewhere leaves nothing half done here: each change is one insertion.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn put(&mut self, effect: Effect) -> Option<Effect> {
        let waiting = &mut self.waiting;
        match effect {
            Effect::SaveStories(stories) => self.put_stories(stories),
            // Of a story that was refused the group is not missed.
            Effect::SaveGroups(groups) if waiting.groups.len() + groups.len() > STORIES_MAX => {}
            Effect::SaveGroups(groups) => waiting.groups.extend(groups),
            Effect::SaveMarks(marks) if waiting.marks.len() + marks.len() <= MARKS_MAX => waiting.marks.extend(marks),
            Effect::SaveMarks(marks) => tracing::warn!(count = marks.len(), "too many marks wait; these are not saved"),
            Effect::SaveFeed(state) => self.put_feed(*state),
            Effect::SaveQuote(quote) => drop(waiting.quotes.insert(quote.symbol.clone(), quote)),
            Effect::SaveSeries { span, series } => {
                waiting.series.insert((series.symbol.clone(), span), series);
            }
            Effect::SaveSource(report) => {
                waiting.sources.insert((report.source.clone(), report.capability), report);
            }
            Effect::SaveQuery(query) => {
                waiting.queries.retain(|other| *other != query);
                waiting.queries.push(query);
                waiting.queries.drain(..waiting.queries.len().saturating_sub(QUERIES_MAX));
            }
            Effect::SaveLayout(layout) => waiting.layout = Some(layout),
            Effect::Search { number, need, until } => self.search = Some(Wanted::New { number, need, until }),
            Effect::SearchMore { number } => self.search = Some(Wanted::More { number }),
            Effect::Recount { since } => self.recount = Some(since),
            other => return Some(other),
        }
        if self.deaf {
            self.waiting = Waiting::default();
        }
        None
    }

    fn put_stories(&mut self, stories: Vec<Story>) {
        if self.waiting.stories.len() + stories.len() <= STORIES_MAX {
            self.waiting.stories.extend(stories);
            return;
        }
        for story in stories {
            self.refused.insert(story.feed);
        }
    }

    fn put_feed(&mut self, mut state: FeedState) {
        if self.refused.contains(&state.feed) {
            state.etag = None;
            state.last_modified = None;
            state.body = None;
        }
        self.waiting.feeds.insert(state.feed.clone(), state);
    }

    fn is_idle(&self) -> bool {
        self.waiting.is_empty() && !self.is_asked() && !self.closing && !self.damaged
    }

    /// Somebody waits for stories.
    fn is_asked(&self) -> bool {
        self.load.is_some() || self.search.is_some() || self.recount.is_some()
    }

    fn is_urgent(&self) -> bool {
        self.closing || self.is_asked() || self.waiting.stories.len() >= ENOUGH
    }
}
