//! What waits to be saved. Nobody who saves ever waits for the disk: the lock is held only to put in and to take out.
//!
//! In place of a queue, what waits is kept by what it is about, and the latest wins: a price that changes fifty times
//! during a stall of the disk waits once. All that waits goes into one transaction, so a feed's validators can never
//! be saved without its stories.
//!
//! Nothing is refused. Once [`STORIES_FULL`] stories wait, [`Inbox::full`] says so, and the feeds hold back what they
//! have read until the disk has caught up; what is on its way by then still fits. All else is bounded by the number of
//! feeds, symbols, sources, and stories that can be marked.

use std::collections::{HashMap, HashSet};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

use crate::domain::Name;
use crate::domain::analysis::{Analysis, Stamp};
use crate::domain::feed::FeedState;
use crate::domain::group::GroupId;
use crate::domain::layout::Layout;
use crate::domain::price::{Capability, Quote, Series, SourceReport, Span};
use crate::domain::query::Need;
use crate::domain::story::{Marks, Story, StoryId};
use crate::event::{Clock, QUERIES_MAX, StoreEffect};

/// About 10 MB of stories.
pub(super) const STORIES_FULL: usize = 10_000;
/// Stories in one transaction: well below a second, so that a mark waits no longer than that.
pub(super) const STORIES_PER_ROUND: usize = 2_000;
/// Others are given this time to join the first that waits; with the commit itself it stays below 250 ms.
const LINGER: Duration = Duration::from_millis(150);
/// So many stories are not made to wait for others.
const ENOUGH: usize = 1_000;

/// Saves not yet carried out.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    pub stories: Vec<Story>,
    /// Without their summaries: saved where nothing is stored of them.
    pub missing: Vec<Story>,
    pub groups: HashMap<StoryId, GroupId>,
    pub analyses: HashMap<StoryId, Analysis>,
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
    pub(super) fn is_empty(&self) -> bool {
        self.stories.is_empty()
            && self.missing.is_empty()
            && self.groups.is_empty()
            && self.analyses.is_empty()
            && self.marks.is_empty()
            && self.feeds.is_empty()
            && self.quotes.is_empty()
            && self.series.is_empty()
            && self.sources.is_empty()
            && self.queries.is_empty()
            && self.layout.is_none()
    }

    /// Takes out what one transaction is to save. What belongs to stories that are left for the next one stays with
    /// them: groups and marks, which need the row of their story, and validators, which vouch for it.
    fn take_part(&mut self) -> Waiting {
        if self.stories.len() <= STORIES_PER_ROUND {
            return std::mem::take(self);
        }
        let stories = self.stories.split_off(STORIES_PER_ROUND);
        let left: HashSet<StoryId> = stories.iter().map(|story| story.id).collect();
        let rest = Waiting {
            stories,
            groups: self.groups.extract_if(|id, _| left.contains(id)).collect(),
            analyses: self.analyses.extract_if(|id, _| left.contains(id)).collect(),
            marks: self.marks.extract_if(|id, _| left.contains(id)).collect(),
            feeds: std::mem::take(&mut self.feeds),
            ..Waiting::default()
        };
        std::mem::replace(self, rest)
    }

    /// What came later lies over what was here.
    fn followed_by(mut self, later: Waiting) -> Waiting {
        self.stories.extend(later.stories);
        self.missing.extend(later.missing);
        self.groups.extend(later.groups);
        self.analyses.extend(later.analyses);
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
    /// Whether feeds are to hold their stories back.
    full: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct State {
    waiting: Waiting,
    load: Option<Window>,
    search: Option<Wanted>,
    recount: Option<Timestamp>,
    summaries: Vec<StoryId>,
    closing: bool,
    /// The check found the file damaged.
    damaged: bool,
    /// The thread has ended; the sentence says what it could not save.
    ended: Option<Result<(), String>>,
    /// Nothing is taken in but marks: another newstape owns the data, or the thread has ended.
    deaf: bool,
    /// Validators are not saved: stories that they vouch for may be missing.
    withholding: bool,
}

/// What is to be loaded: the newest so many stories, with the analyses of this stamp.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Window {
    pub stories: u32,
    pub stamp: Stamp,
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
    /// There is nothing to do but to look after the file, after this time at the latest.
    Idle(Duration),
    /// Something is left to do after this time at the latest.
    AtMost(Duration),
}

/// What the thread is to do next.
#[derive(Debug)]
pub(super) struct Round {
    pub waiting: Waiting,
    /// All that was put in before this moment is in `waiting`, or was taken out before. None when some was left.
    pub at: Option<Timestamp>,
    pub load: Option<Window>,
    pub search: Option<Wanted>,
    /// Stories since this time are to be reported, to be counted.
    pub recount: Option<Timestamp>,
    /// Stories whose summaries are wanted.
    pub summaries: Vec<StoryId>,
    pub closing: bool,
    pub damaged: bool,
}

impl Inbox {
    /// Takes in what is to be saved or looked for.
    pub(super) fn put(&self, effect: StoreEffect) {
        let mut state = self.lock();
        state.put(effect);
        self.tell_full(&state);
        drop(state);
        self.changed.notify_all();
    }

    /// Whether so many stories wait that no more are wanted for now.
    pub(super) fn full(&self) -> watch::Receiver<bool> {
        self.full.subscribe()
    }

    fn tell_full(&self, state: &State) {
        let full = state.waiting.stories.len() >= STORIES_FULL;
        self.full.send_if_modified(|was_full| std::mem::replace(was_full, full) != full);
    }

    /// Waits, then takes out what there is, as much as goes into one transaction.
    pub(super) fn next(&self, pause: Pause, clock: &Clock) -> Round {
        let state = self.lock();
        let mut state = match pause {
            Pause::Idle(limit) => match self.until(state, limit, |state| !state.is_idle()) {
                state if state.is_idle() => state,
                state => self.until(state, LINGER, State::is_urgent),
            },
            Pause::AtMost(limit) => self.until(state, limit, |state| state.closing || state.is_asked()),
        };
        let waiting = if state.deaf { Waiting::default() } else { state.waiting.take_part() };
        self.tell_full(&state);
        Round {
            waiting,
            at: state.waiting.stories.is_empty().then(|| clock()),
            load: state.load.take(),
            search: state.search.take(),
            recount: state.recount.take(),
            summaries: std::mem::take(&mut state.summaries),
            closing: state.closing,
            damaged: std::mem::take(&mut state.damaged),
        }
    }

    pub(super) fn report_damage(&self) {
        self.lock().damaged = true;
        self.changed.notify_all();
    }

    /// What could not be saved now lies under what came since.
    pub(super) fn put_back(&self, earlier: Waiting) {
        let mut state = self.lock();
        let later = std::mem::take(&mut state.waiting);
        state.waiting = earlier.followed_by(later);
        self.tell_full(&state);
    }

    /// How many stories and marks wait.
    pub(super) fn left(&self) -> (usize, usize) {
        let state = self.lock();
        (state.waiting.stories.len(), state.waiting.marks.len())
    }

    /// From now on only marks are taken in, and kept.
    pub(super) fn deafen(&self) {
        let mut state = self.lock();
        state.deaf = true;
        state.keep_marks_alone();
        self.tell_full(&state);
    }

    /// All is taken in again. The stories of before are missing, so for the rest of the run no validators are saved:
    /// at the next start each feed is read whole once.
    pub(super) fn listen(&self) {
        self.lock().deaf = false;
        self.withhold_validators();
        self.changed.notify_all();
    }

    /// See [`Inbox::listen`].
    pub(super) fn withhold_validators(&self) {
        let mut state = self.lock();
        state.withholding = true;
        state.waiting.feeds.values_mut().for_each(forget_validators);
    }

    /// The thread saves what waits, and ends.
    pub(super) fn close(&self) {
        self.lock().closing = true;
        self.changed.notify_all();
    }

    pub(super) fn end(&self, outcome: Result<(), String>) {
        self.lock().ended.get_or_insert(outcome);
        self.changed.notify_all();
    }

    /// How the thread ended; None when it has not within the limit.
    pub(super) fn wait_for_end(&self, limit: Duration) -> Option<Result<(), String>> {
        self.until(self.lock(), limit, |state| state.ended.is_some()).ended.clone()
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
    fn put(&mut self, effect: StoreEffect) {
        let waiting = &mut self.waiting;
        match effect {
            StoreEffect::Load { window, stamp } => self.load = Some(Window { stories: window, stamp }),
            StoreEffect::SaveStories(stories) => waiting.stories.extend(stories),
            StoreEffect::SaveMissing(stories) => waiting.missing.extend(stories),
            StoreEffect::SaveGroups(groups) => waiting.groups.extend(groups),
            StoreEffect::SaveAnalyses(analyses) => waiting.analyses.extend(analyses),
            StoreEffect::SaveMarks(marks) => waiting.marks.extend(marks),
            StoreEffect::SaveFeed(state) => self.put_feed(*state),
            StoreEffect::SaveQuote(quote) => drop(waiting.quotes.insert(quote.symbol.clone(), quote)),
            StoreEffect::SaveSeries { span, series } => {
                waiting.series.insert((series.symbol.clone(), span), series);
            }
            StoreEffect::SaveSource(report) => {
                waiting.sources.insert((report.source.clone(), report.capability), report);
            }
            StoreEffect::SaveQuery(query) => {
                waiting.queries.retain(|other| *other != query);
                waiting.queries.push(query);
                waiting.queries.drain(..waiting.queries.len().saturating_sub(QUERIES_MAX));
            }
            StoreEffect::SaveLayout(layout) => waiting.layout = Some(layout),
            StoreEffect::Search { number, need, until } => self.search = Some(Wanted::New { number, need, until }),
            StoreEffect::SearchMore { number } => self.search = Some(Wanted::More { number }),
            StoreEffect::Recount { since } => self.recount = Some(since),
            StoreEffect::ReadSummaries(ids) => self.summaries.extend(ids),
        }
        if self.deaf {
            self.keep_marks_alone();
        }
    }

    /// What the reader does is worth keeping until the data is ours; what feeds and prices say comes again.
    fn keep_marks_alone(&mut self) {
        self.waiting = Waiting { marks: std::mem::take(&mut self.waiting.marks), ..Waiting::default() };
    }

    fn put_feed(&mut self, mut state: FeedState) {
        if self.withholding {
            forget_validators(&mut state);
        }
        self.waiting.feeds.insert(state.feed.clone(), state);
    }

    fn is_idle(&self) -> bool {
        (self.waiting.is_empty() || self.deaf) && !self.is_asked() && !self.closing && !self.damaged
    }

    /// Somebody waits for stories.
    fn is_asked(&self) -> bool {
        self.load.is_some() || self.search.is_some() || self.recount.is_some() || !self.summaries.is_empty()
    }

    fn is_urgent(&self) -> bool {
        self.closing || self.is_asked() || self.waiting.stories.len() >= ENOUGH
    }
}

/// With these a server would answer "not modified" about stories that are not stored.
fn forget_validators(state: &mut FeedState) {
    state.cache.drop_validators();
}
