//! The store's thread: it alone owns the connection that writes.
//!
//! It goes in rounds: take out what waits, save it in one transaction, then do a piece of what takes longer (loading,
//! checking, pruning), so that nothing waits to be saved for longer than a piece takes.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
#[cfg(test)]
use rusqlite::Connection;
use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;

use super::inbox::{Inbox, Pause, Round, Waiting, Wanted, Window};
use super::place::{self, Access, Opened};
use super::read::{Loading, Names, Page, Place, TOP};
use super::salvage::Salvage;
use super::search::Search;
use super::{StoreError, read, schema, write};
use crate::domain::analysis::Stamp;
use crate::domain::format;
use crate::domain::story::StoryId;
use crate::event::{Clock, Event, Loaded, STORIES_AT_ONCE};

/// After a failure to save.
const RETRY: Duration = Duration::from_secs(5);
/// So many parts of what is stored may wait to be taken in …
const PARTS_AHEAD: usize = 2;
/// … before the next is read, after this time.
const AHEAD: Duration = Duration::from_millis(1);
/// Between two tries to hand over an event when the channel is full.
const STALLED: Duration = Duration::from_millis(20);
const PRUNE_EVERY: SignedDuration = SignedDuration::from_hours(24);
/// A file that is damaged more often than this in one run will be so again: the rest of the run goes without.
const ANEW_MAX: u32 = 2;
/// How long pruned stories are remembered beyond the time stories are kept.
const REMEMBER: SignedDuration = SignedDuration::from_hours(24 * 365);
/// Reports kept for a receiver that does not take them. Only notes on single stories are dropped beyond it.
const UNSENT_MAX: usize = 64;
/// After a save, until it is confirmed: longer than what is on its way to the store may take (see the wire's summaries).
const CONFIRM: SignedDuration = SignedDuration::from_secs(6);
/// How often the owner looks whether the database still stands in its folder …
const LOOK: Duration = Duration::from_secs(5);
/// … and whoever only reads, whether the owner has ended.
const ASK: Duration = Duration::from_secs(1);
/// Without a folder there is nothing to look after.
const LONG: Duration = Duration::from_hours(1);

/// How far the counting of stories has come.
struct Counting {
    since: Timestamp,
    after: Place,
    names: Names,
}

pub(super) struct StoreThread {
    dir: Option<PathBuf>,
    keep: SignedDuration,
    events: Sender<Event>,
    clock: Clock,
    inbox: Arc<Inbox>,
    opened: Opened,
    loading: Option<Loading>,
    /// What was asked for last.
    window: Window,
    /// The other newstape has ended; this one reads what that one stored, and then saves.
    taking_over: bool,
    salvage: Option<Salvage>,
    /// With the number it is known by.
    searching: Option<(u64, Search)>,
    counting: Option<Counting>,
    /// The check of the file has begun: not before all is loaded, which is waited for.
    checked: bool,
    pruned: Option<Timestamp>,
    /// Why saving fails, one clause.
    trouble: Option<String>,
    unsent: VecDeque<Event>,
    saved: Option<Timestamp>,
    /// When that is to be said once more, if nothing else is saved until then.
    confirm_after: Option<Timestamp>,
    begun_anew: u32,
}

impl StoreThread {
    pub(super) fn new(
        dir: Option<PathBuf>,
        keep: Duration,
        events: Sender<Event>,
        clock: Clock,
        inbox: Arc<Inbox>,
    ) -> Result<StoreThread, StoreError> {
        let opened = place::open(dir.as_deref(), clock())?;
        let mut keeper = StoreThread {
            dir,
            keep: SignedDuration::try_from(keep).unwrap_or(SignedDuration::MAX),
            events,
            clock,
            inbox,
            opened: place::scratch(None)?,
            loading: None,
            window: Window::default(),
            taking_over: false,
            salvage: None,
            searching: None,
            counting: None,
            checked: false,
            pruned: None,
            trouble: None,
            unsent: VecDeque::new(),
            saved: None,
            confirm_after: None,
            begun_anew: 0,
        };
        keeper.work_on(opened, None);
        Ok(keeper)
    }

    /// Takes a database that was just opened. `replaced` says what it stands for, in one sentence.
    fn work_on(&mut self, mut opened: Opened, replaced: Option<String>) {
        let trouble = opened.trouble.take();
        let is_new = opened.broken.is_some();
        self.salvage = opened.broken.take().map(Salvage::new).or(self.salvage.take());
        self.opened = opened;
        if matches!(self.opened.access, Access::ReadOnly) {
            self.inbox.deafen();
        }
        if is_new || replaced.is_some() {
            self.inbox.withhold_validators();
        }
        let event = match trouble {
            Some(sentence) if is_new => Some(Event::StoreReplaced(sentence)),
            Some(sentence) => Some(Event::StoreTrouble(sentence)),
            None => replaced.map(Event::StoreReplaced),
        };
        self.unsent.extend(event);
    }

    /// Until closed. What it could not save, in one sentence.
    pub(super) fn run(mut self) -> Result<(), String> {
        loop {
            let round = self.inbox.next(self.pause(), &self.clock);
            let (closing, is_last) = (round.closing, round.at.is_some());
            self.round(round);
            let is_done = is_last && self.salvage.is_none();
            if closing && (is_done || self.trouble.is_some()) {
                break;
            }
        }
        self.opened.connection.execute_batch("PRAGMA optimize").ok();
        self.lost()
    }

    /// What is lost as newstape ends now, and why.
    fn lost(&self) -> Result<(), String> {
        let (stories, marks) = self.inbox.left();
        let lost =
            format!("{} and {}", format::count(stories, "story", "stories"), format::count(marks, "mark", "marks"));
        match (&self.trouble, &self.opened.access) {
            (Some(why), _) => Err(format!("The last changes could not be saved: {why}. Lost: {lost}.")),
            (None, Access::ReadOnly) if marks > 0 => {
                let lost = format::count(marks, "mark", "marks");
                Err(format!("Lost: {lost}. Another newstape runs on this data, and this one could only read."))
            }
            _ => Ok(()),
        }
    }

    /// Saves first; what takes longer goes piece by piece.
    pub(super) fn round(&mut self, round: Round) {
        if let Some(window) = round.load {
            self.window = window;
            self.loading = Some(Loading::new(window));
        }
        if let Some(since) = round.recount {
            self.counting = Some(Counting { since, after: TOP, names: Names::default() });
        }
        self.look_after();
        self.save(round.waiting, round.at);
        if round.damaged {
            self.verify_damage();
        }
        if !round.closing {
            self.read_summaries(&round.summaries);
            self.search(round.search);
            self.load_some();
            self.count_some();
            self.check();
            self.prune_some();
        }
        self.salvage_some();
        self.send();
    }

    /// Is the database still there, and has whoever owned it ended?
    fn look_after(&mut self) {
        let Some(dir) = self.dir.clone() else { return };
        if self.opened.is_gone(&dir) {
            self.write_anew(&dir);
        }
        if !matches!(self.opened.access, Access::ReadOnly) {
            return;
        }
        let Some(taken) = place::take_over(&dir, (self.clock)()) else { return };
        match taken {
            Ok(opened) => {
                self.work_on(opened, None);
                self.taking_over = true;
                self.loading = Some(Loading::new(self.window));
            }
            Err(error) => tracing::error!(?error, "the data could not be taken over"),
        }
    }

    /// The file that is written to was removed. It can still be read, and is written into its folder once more.
    fn write_anew(&mut self, dir: &Path) {
        if let Err(error) = place::write_anew(&self.opened.connection, dir) {
            tracing::error!(?error, "the removed data could not be read any more");
        }
        let sentence = "The stored data was removed while newstape ran: what newstape still had was saved anew.";
        tracing::error!("{sentence}");
        // The old connection and its lock have to go first.
        let opened = place::scratch(None).and_then(|scratch| {
            self.opened = scratch;
            place::open(Some(dir), (self.clock)())
        });
        match opened {
            Ok(opened) => {
                self.work_on(opened, Some(sentence.into()));
                // Another newstape may have been faster: that is reported with what is loaded.
                self.loading.get_or_insert(Loading::new(Window::default()));
            }
            Err(trouble) => self.unsent.push_back(Event::StoreTrouble(place::unusable(&trouble))),
        }
    }

    #[cfg(test)]
    pub(super) fn connection(&self) -> &Connection {
        &self.opened.connection
    }

    fn pause(&self) -> Pause {
        if !self.unsent.is_empty() || self.saved.is_some() {
            Pause::AtMost(STALLED)
        } else if self.loading.is_some() && self.is_far_ahead() {
            Pause::AtMost(AHEAD)
        } else if self.loading.is_some() || self.counting.is_some() || self.salvage.is_some() || self.prune_is_due() {
            Pause::AtMost(Duration::ZERO)
        } else if self.trouble.is_some() {
            Pause::AtMost(RETRY)
        } else {
            Pause::Idle(match self.opened.access {
                Access::Owner { .. } => LOOK,
                Access::ReadOnly => ASK,
                Access::Scratch => LONG,
            })
        }
    }

    fn save(&mut self, waiting: Waiting, at: Option<Timestamp>) {
        if waiting.is_empty() {
            return self.confirm(at);
        }
        if !self.may_write() {
            return;
        }
        match write::save(&mut self.opened.connection, &waiting) {
            Ok(known) => {
                self.trouble = None;
                self.saved = at.filter(|_| matches!(self.opened.access, Access::Owner { .. }));
                self.confirm_after = self.saved.and_then(|at| at.checked_add(CONFIRM).ok());
                self.tell_known(known);
            }
            Err(error) => {
                self.inbox.put_back(waiting);
                self.saving_failed(error.into());
            }
        }
    }

    /// Says once more, some time after the last save, that everything is saved: by then no story of that time can still be
    /// on its way here, and the screen can drop the last summaries too.
    fn confirm(&mut self, at: Option<Timestamp>) {
        if self.trouble.is_none() && self.confirm_after.is_some_and(|after| at >= Some(after)) {
            (self.saved, self.confirm_after) = (at, None);
        }
    }

    /// Nothing is written into what another newstape owns, nor into what can only be read.
    fn may_write(&self) -> bool {
        !self.opened.connection.is_readonly("main").unwrap_or(true)
    }

    fn saving_failed(&mut self, trouble: StoreError) {
        tracing::error!(error = ?trouble, "saving failed");
        if trouble.is_damage() {
            self.begin_anew();
            return;
        }
        let why = trouble.to_string();
        if self.trouble.as_ref() != Some(&why) {
            let sentence = format!("Saving failed: {why}. newstape keeps what it has and tries again.");
            self.unsent.push_back(Event::StoreTrouble(sentence));
            self.trouble = Some(why);
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

    /// Do so many parts wait to be taken in that reading more would only fill the memory?
    fn is_far_ahead(&self) -> bool {
        self.events.max_capacity() - self.events.capacity() > PARTS_AHEAD
    }

    /// What is carried over from a damaged file is waited for: it is all there is.
    fn load_some(&mut self) {
        if !self.unsent.is_empty() || self.salvage.is_some() || self.is_far_ahead() {
            return;
        }
        let Some(mut loading) = self.loading.take() else { return };
        let now = (self.clock)();
        let mut loaded = match loading.next(&self.opened.connection, now) {
            Ok(loaded) => loaded,
            Err(error) => self.loading_failed(error.into()),
        };
        loaded.read_only = matches!(self.opened.access, Access::ReadOnly);
        let done = loaded.done;
        if !done {
            self.loading = Some(loading);
        }
        self.unsent.push_back(Event::Loaded(loaded));
        if done && std::mem::take(&mut self.taking_over) {
            self.inbox.listen();
            self.unsent.push_back(Event::StoreTaken);
        }
    }

    /// The answer comes whatever can be read: the screen asks for no others before.
    fn read_summaries(&mut self, ids: &[StoryId]) {
        if ids.is_empty() {
            return;
        }
        let found = read::summaries(&self.opened.connection, ids).unwrap_or_else(|error| {
            tracing::error!(?error, "summaries could not be read");
            Vec::new()
        });
        self.unsent.push_back(Event::Summaries(found));
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
    fn loading_failed(&mut self, trouble: StoreError) -> Loaded {
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
                let from = (until.as_millisecond(), i64::MAX);
                self.searching = Some((number, Search::new(need, None, from, Stamp::NONE)));
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
        let sound = schema::is_sound(&self.opened.connection).map_err(StoreError::from);
        if sound.unwrap_or_else(|trouble| !trouble.is_damage()) {
            return;
        }
        self.begin_anew();
    }

    /// Moves the broken file aside and opens a new one. What can still be read goes over into it, piece by piece.
    fn begin_anew(&mut self) {
        let Some(dir) = self.dir.clone() else { return };
        let now = (self.clock)();
        if let Err(trouble) = self.reopen(&dir, now) {
            let sentence = format!("The stored data is damaged and no new store can be begun: {trouble}.");
            tracing::error!("{sentence}");
            self.unsent.push_back(Event::StoreTrouble(sentence));
        }
    }

    fn reopen(&mut self, dir: &Path, now: Timestamp) -> Result<(), StoreError> {
        // The old connection and its lock have to go first: closing it writes to the files, opening takes the lock.
        self.opened = place::scratch(None)?;
        let broken = place::set_aside(dir, now).ok_or(StoreError::Unwritable)?;
        self.begun_anew += 1;
        if self.begun_anew > ANEW_MAX {
            return Err(StoreError::Unsteady);
        }
        let mut opened = place::open(Some(dir), now)?;
        let sentence = place::damaged(&broken);
        opened.broken = opened.broken.or(Some(broken));
        opened.trouble = opened.trouble.or(Some(sentence));
        self.work_on(opened, None);
        Ok(())
    }

    /// A piece of what can be read of a damaged file. When all of it has gone over it is read as at the start.
    fn salvage_some(&mut self) {
        let Some(mut salvage) = self.salvage.take().filter(|_| self.may_write()) else { return };
        match salvage.carry_over(&mut self.opened.connection) {
            Ok(true) => self.salvage = Some(salvage),
            Ok(false) => {
                self.loading.get_or_insert(Loading::new(self.window));
            }
            Err(error) => {
                tracing::error!(?error, "salvaging ended");
                self.loading.get_or_insert(Loading::new(self.window));
            }
        }
    }

    fn prune_is_due(&self) -> bool {
        let due = self.pruned.is_none_or(|last| (self.clock)().duration_since(last).abs() >= PRUNE_EVERY);
        due && self.checked && self.trouble.is_none()
    }

    fn prune_some(&mut self) {
        if !self.prune_is_due() {
            return;
        }
        let now = (self.clock)();
        match self.prune_as_of(now) {
            Ok(true) => {}
            Ok(false) => self.pruned = Some(now),
            Err(error) => {
                tracing::warn!(%error, "pruning failed; tried again tomorrow");
                self.pruned = Some(now);
            }
        }
    }

    /// A clock that is far ahead makes no story old: those who publish would be as far ahead. True when more may be left.
    fn prune_as_of(&mut self, now: Timestamp) -> rusqlite::Result<bool> {
        let connection = &mut self.opened.connection;
        // Where the clock is behind what is published, it is the clock that is wrong, and not the stories.
        if let Some(published) = read::time_of_publishers(connection, Timestamp::MAX)?
            && write::see_by(connection, now.max(published))?
        {
            return Ok(true);
        }
        let now = read::time_of_publishers(connection, now)?.unwrap_or(now);
        let before = now.saturating_sub(self.keep).unwrap_or(Timestamp::MIN);
        let forget = before.saturating_sub(REMEMBER).unwrap_or(Timestamp::MIN);
        write::prune(connection, before, forget)
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
