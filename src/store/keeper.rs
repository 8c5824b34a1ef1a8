//! The store's thread: it alone owns the connection that writes.
//!
//! It goes in rounds: take out what waits, save it in one transaction, then do a piece of what takes longer (loading,
//! checking, pruning), so that nothing waits to be saved for longer than a piece takes.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;
use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;

use super::inbox::{Inbox, Pause, Round, Waiting, Wanted};
use super::place::{self, Access, Opened};
use super::read::{Loading, Names, Page, Place, TOP};
use super::search::Search;
use super::{Trouble, read, schema, write};
use crate::event::{Clock, Event, Loaded, STORIES_AT_ONCE};

/// After a failure to save.
const RETRY: Duration = Duration::from_secs(5);
/// Between two tries to hand over an event when the channel is full.
const STALLED: Duration = Duration::from_millis(20);
const PRUNE_EVERY: SignedDuration = SignedDuration::from_hours(24);
/// A file that is damaged more often than this in one run will be so again: the rest of the run goes without.
const ANEW_MAX: u32 = 2;
/// How long pruned stories are remembered beyond the time stories are kept.
const REMEMBER: SignedDuration = SignedDuration::from_hours(24 * 365);
/// Reports kept for a receiver that does not take them. Only notes on single stories are dropped beyond it.
const UNSENT_MAX: usize = 64;
/// Stories carried over from a broken file, newest first.
const SALVAGE_MAX: usize = super::inbox::STORIES_MAX / 2;

/// How far the counting of stories has come.
struct Counting {
    since: Timestamp,
    after: Place,
    names: Names,
}

pub(super) struct Keeper {
    dir: Option<PathBuf>,
    keep: SignedDuration,
    events: Sender<Event>,
    clock: Clock,
    inbox: Arc<Inbox>,
    opened: Opened,
    loading: Option<Loading>,
    /// With the number it is known by.
    searching: Option<(u64, Search)>,
    counting: Option<Counting>,
    /// The check of the file has begun: not before all is loaded, which is waited for.
    checked: bool,
    pruned: Option<Timestamp>,
    /// The sentence last reported; saving fails as long as there is one.
    trouble: Option<String>,
    unsent: VecDeque<Event>,
    saved: Option<Timestamp>,
    refused: usize,
    begun_anew: u32,
}

impl Keeper {
    pub fn new(
        dir: Option<PathBuf>,
        keep: Duration,
        events: Sender<Event>,
        clock: Clock,
        inbox: Arc<Inbox>,
    ) -> Result<Keeper, Trouble> {
        let mut opened = place::open(dir.as_deref(), clock())?;
        if matches!(opened.access, Access::ReadOnly) {
            inbox.deafen();
        }
        let unsent = opened.trouble.take().map(Event::StoreTrouble).into_iter().collect();
        Ok(Keeper {
            dir,
            keep: SignedDuration::try_from(keep).unwrap_or(SignedDuration::MAX),
            events,
            clock,
            inbox,
            opened,
            loading: None,
            searching: None,
            counting: None,
            checked: false,
            pruned: None,
            trouble: None,
            unsent,
            saved: None,
            refused: 0,
            begun_anew: 0,
        })
    }

    /// Until closed. What it could not save, in one sentence.
    pub fn run(mut self) -> Result<(), String> {
        loop {
            let round = self.inbox.next(self.pause(), &self.clock);
            let closing = round.closing;
            self.round(round);
            if closing {
                break;
            }
        }
        self.opened.connection.execute_batch("PRAGMA optimize").ok();
        match self.trouble {
            Some(trouble) => Err(trouble),
            None => Ok(()),
        }
    }

    /// Saves first; what takes longer goes piece by piece.
    pub fn round(&mut self, round: Round) {
        if let Some(window) = round.load {
            self.loading = Some(Loading::new(window));
        }
        if let Some(since) = round.recount {
            self.counting = Some(Counting { since, after: TOP, names: Names::default() });
        }
        self.save(round.waiting, round.at);
        if round.damaged {
            self.verify_damage();
        }
        if !round.closing {
            self.search(round.search);
            self.load_some();
            self.count_some();
            self.check();
            self.prune_some();
        }
        self.send();
    }

    #[cfg(test)]
    pub fn connection(&self) -> &Connection {
        &self.opened.connection
    }

    fn pause(&self) -> Pause {
        if !self.unsent.is_empty() || self.saved.is_some() {
            Pause::AtMost(STALLED)
        } else if self.loading.is_some() || self.counting.is_some() || self.prune_is_due() {
            Pause::AtMost(Duration::ZERO)
        } else if self.trouble.is_some() {
            Pause::AtMost(RETRY)
        } else {
            Pause::UntilAsked
        }
    }

    fn save(&mut self, waiting: Waiting, at: Timestamp) {
        self.report_refused();
        if waiting.is_empty() || !self.may_write() {
            return;
        }
        match write::save(&mut self.opened.connection, &waiting) {
            Ok(known) => {
                self.trouble = None;
                self.saved = matches!(self.opened.access, Access::Owner { .. }).then_some(at);
                self.tell_known(known);
            }
            Err(error) => {
                self.inbox.put_back(waiting);
                self.saving_failed(error.into());
            }
        }
    }

    /// Nothing is written into what another newstape owns, nor into what can only be read.
    fn may_write(&self) -> bool {
        !self.opened.connection.is_readonly("main").unwrap_or(true)
    }

    fn saving_failed(&mut self, trouble: Trouble) {
        tracing::error!(error = ?trouble, "saving failed");
        if trouble.is_damage() {
            self.begin_anew();
            return;
        }
        let sentence = format!("Saving failed: {trouble}. newstape keeps what it has and tries again.");
        if self.trouble.as_ref() != Some(&sentence) {
            self.unsent.push_back(Event::StoreTrouble(sentence.clone()));
            self.trouble = Some(sentence);
        }
    }

    fn report_refused(&mut self) {
        let refused = self.inbox.refused();
        if std::mem::replace(&mut self.refused, refused) == 0 && refused > 0 {
            let sentence = "The disk has been too slow for too long: newer stories are shown but not saved. They are \
                            asked for again at the next start.";
            self.unsent.push_back(Event::StoreTrouble(sentence.into()));
        }
    }

    /// Stories sent as new that were seen before: the sender learns when, and whether they were read.
    fn tell_known(&mut self, known: Vec<write::Known>) {
        for stories in known.chunks(STORIES_AT_ONCE) {
            if self.unsent.len() < UNSENT_MAX {
                self.unsent.push_back(Event::Loaded(Loaded { stories: stories.to_vec(), ..Loaded::default() }));
            }
        }
    }

    fn load_some(&mut self) {
        if !self.unsent.is_empty() {
            return;
        }
        let Some(mut loading) = self.loading.take() else { return };
        let now = (self.clock)();
        let mut loaded = match loading.next(&self.opened.connection, now) {
            Ok(loaded) => loaded,
            Err(error) => self.loading_failed(error.into()),
        };
        loaded.read_only = matches!(self.opened.access, Access::ReadOnly);
        if !loaded.done {
            self.loading = Some(loading);
        }
        self.unsent.push_back(Event::Loaded(loaded));
    }

    /// A page of the stories that are counted, once all that is to be held has been read.
    fn count_some(&mut self) {
        if !self.unsent.is_empty() || self.loading.is_some() {
            return;
        }
        let Some(counting) = &mut self.counting else { return };
        let (after, since) = (counting.after, Some(counting.since));
        let page = read::page(&self.opened.connection, after, since, STORIES_AT_ONCE as u32, &mut counting.names);
        let page = page.unwrap_or_else(|error| {
            tracing::error!(?error, "counting failed");
            Page::default()
        });
        match page.last {
            Some(last) => counting.after = last,
            None => self.counting = None,
        }
        let stories = page.stories.into_iter().map(|(story, _)| story).collect();
        self.unsent.push_back(Event::Counted { stories, done: page.last.is_none() });
    }

    /// The last part comes all the same: the rest of the program waits for it.
    fn loading_failed(&mut self, trouble: Trouble) -> Loaded {
        tracing::error!(error = ?trouble, "loading failed");
        if trouble.is_damage() {
            self.begin_anew();
        } else {
            let sentence = format!("The stored stories can't be read: {trouble}. newstape goes on without them.");
            self.unsent.push_back(Event::StoreTrouble(sentence));
        }
        Loaded { done: true, ..Loaded::default() }
    }

    /// One page of stories that may be what is looked for. Whoever wants another asks.
    fn search(&mut self, wanted: Option<Wanted>) {
        match wanted {
            Some(Wanted::New { number, need, until }) => {
                self.searching = Some((number, Search::new(need, None, (until.as_millisecond(), i64::MAX))));
            }
            Some(Wanted::More { number }) if self.searching.as_ref().is_some_and(|(known, _)| *known == number) => {}
            _ => return,
        }
        let Some((number, search)) = &mut self.searching else { return };
        let (number, page) = (*number, search.next(&self.opened.connection, STORIES_AT_ONCE as u32));
        let page = page.unwrap_or_else(|error| {
            tracing::error!(?error, "searching failed");
            Page::default()
        });
        let done = page.last.is_none();
        if done {
            self.searching = None;
        }
        self.unsent.push_back(Event::Found { number, stories: page.stories, done });
    }

    /// On a thread and a connection of its own: reading the whole file may take seconds.
    fn check(&mut self) {
        if self.checked || self.loading.is_some() || !matches!(self.opened.access, Access::Owner { .. }) {
            return;
        }
        self.checked = true;
        let Some(dir) = self.dir.clone() else { return };
        let inbox = Arc::clone(&self.inbox);
        let work = move || match place::is_damaged(&dir) {
            Ok(false) => {}
            Ok(true) => inbox.report_damage(),
            Err(trouble) => tracing::warn!(error = ?trouble, "the database could not be checked"),
        };
        if let Err(error) = std::thread::Builder::new().name("store-check".into()).spawn(work) {
            tracing::warn!(%error, "the database was not checked");
        }
    }

    /// The report may be about a file that has been replaced since.
    fn verify_damage(&mut self) {
        let sound = schema::is_sound(&self.opened.connection).map_err(Trouble::from);
        if sound.unwrap_or_else(|trouble| !trouble.is_damage()) {
            return;
        }
        self.begin_anew();
    }

    /// Moves the broken file aside and opens a new one. The stories that can still be read go over into it.
    fn begin_anew(&mut self) {
        let Some(dir) = self.dir.clone() else { return };
        self.inbox.put_back(salvage(&self.opened.connection));
        let now = (self.clock)();
        let sentence = match self.reopen(&dir, now) {
            Ok(sentence) => sentence,
            Err(trouble) => format!("The stored data is damaged and no new store can be begun: {trouble}."),
        };
        self.unsent.push_back(Event::StoreTrouble(sentence));
    }

    fn reopen(&mut self, dir: &Path, now: Timestamp) -> Result<String, Trouble> {
        // The old connection and its lock have to go first: closing it writes to the files, opening takes the lock.
        self.opened = place::scratch(None)?;
        let sentence = place::set_aside(dir, now);
        self.begun_anew += 1;
        if self.begun_anew > ANEW_MAX {
            return Err(Trouble::Unsteady);
        }
        self.opened = place::open(Some(dir), now)?;
        Ok(self.opened.trouble.take().unwrap_or(sentence))
    }

    fn prune_is_due(&self) -> bool {
        let due = self.pruned.is_none_or(|last| (self.clock)().duration_since(last) >= PRUNE_EVERY);
        due && self.checked && self.trouble.is_none()
    }

    fn prune_some(&mut self) {
        if !self.prune_is_due() {
            return;
        }
        let now = (self.clock)();
        let before = now.saturating_sub(self.keep).unwrap_or(Timestamp::MIN);
        let forget = before.saturating_sub(REMEMBER).unwrap_or(Timestamp::MIN);
        match write::prune(&mut self.opened.connection, before, forget) {
            Ok(true) => {}
            Ok(false) => self.pruned = Some(now),
            Err(error) => {
                tracing::warn!(%error, "pruning failed; tried again tomorrow");
                self.pruned = Some(now);
            }
        }
    }

    /// Never waits: a stalled screen must not keep anything from being saved.
    fn send(&mut self) {
        while let Some(event) = self.unsent.pop_front() {
            if let Err(TrySendError::Full(event)) = self.events.try_send(event) {
                self.unsent.push_front(event);
                return;
            }
        }
        if let Some(at) = self.saved.take()
            && let Err(TrySendError::Full(_)) = self.events.try_send(Event::Saved(at))
        {
            self.saved = Some(at);
        }
    }
}

/// Stories that can still be read from a damaged file, with their marks. No feed's validators: it is to be read anew.
fn salvage(connection: &Connection) -> Waiting {
    let mut found = Waiting::default();
    let (mut after, mut names) = (TOP, Names::default());
    while found.stories.len() < SALVAGE_MAX {
        let Ok(page) = read::page(connection, after, None, STORIES_AT_ONCE as u32, &mut names) else { break };
        let Some(last) = page.last else { break };
        after = last;
        for (story, marks) in page.stories {
            found.marks.insert(story.id, marks);
            found.stories.push(story);
        }
    }
    found
}
