//! How feeds and price sources fare.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use strum::{EnumIter, EnumMessage};

use super::clock::{times_of_feed, times_of_report};
use crate::domain::Name;
use crate::domain::feed::{Feed, FeedState, NextCheck, Rhythm, Trouble};
use crate::domain::price::{Capability, Lack, Outcome, SourceReport};
use crate::event::move_back;

/// A feed counts as fresh this many of its intervals after its last success.
const FRESH_INTERVALS: i32 = 3;

/// A feed is silent that has had nothing new for this many of its usual gaps …
const SILENT_GAPS: i32 = 10;
/// … and for longer than a long weekend.
const SILENT_AT_LEAST: SignedDuration = SignedDuration::from_hours(4 * 24);

/// How a feed is silent that answers well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// It has no entries at all.
    Empty,
    /// Nothing new since its newest entry, though one follows the other within the gap.
    Since { newest: Timestamp, gap: Duration },
}

/// What is known of every feed and of every way to every price source.
#[derive(Debug, Default)]
pub struct Health {
    feeds: Vec<Feed>,
    states: BTreeMap<Name, FeedState>,
    sources: BTreeMap<(Name, Capability), SourceReport>,
    /// By source, capability and symbol: the last report of each that concerns a symbol alone.
    lacks: BTreeMap<(Name, Capability, Name), SourceReport>,
    /// When the socket of each source was last heard, well.
    alive: BTreeMap<Name, Timestamp>,
    /// A feed or source was asked since the start, well or not …
    asked: bool,
    /// … and one of them answered.
    answered: bool,
}

/// One feed with what is known of it.
#[derive(Clone, Copy, Debug)]
pub struct FeedLine<'a> {
    pub feed: &'a Feed,
    pub state: Option<&'a FeedState>,
}

/// How feeds fare, as one line says it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Summary {
    fresh: (usize, usize),
    offline: bool,
    asked_all: bool,
    trouble: Option<(Name, Option<Trouble>, NextCheck)>,
}

/// In one word, how a feed fares; the message says what that means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, EnumMessage)]
pub enum Standing {
    #[strum(message = "answered well when it was last asked")]
    Fresh,
    #[strum(message = "could not be had, or could not be read")]
    Failing,
    #[strum(message = "answers well, but has had nothing new for many times its usual gap, or is empty")]
    Silent,
    #[strum(message = "was well when last asked, but that is long ago")]
    Old,
    #[strum(message = "has not been asked yet")]
    Waiting,
    #[strum(message = "is switched off in the config")]
    Disabled,
}

impl Standing {
    /// What it means, as the help says it: what the feed did or is.
    pub fn means(self) -> &'static str {
        self.get_message().unwrap_or_default()
    }
}

impl Standing {
    /// As the screen and the commands say it.
    pub fn word(self) -> &'static str {
        match self {
            Standing::Disabled => "off",
            Standing::Waiting => "waits",
            Standing::Fresh => "fresh",
            Standing::Silent => "silent",
            Standing::Old => "old",
            Standing::Failing => "fails",
        }
    }
}

impl FeedLine<'_> {
    /// How it fares, in one word: that of its standing, or that it is not asked any more.
    pub fn word(&self, now: Timestamp) -> &'static str {
        let is_stopped = self.feed.enabled && self.state.is_some_and(FeedState::is_stopped);
        if is_stopped { "stopped" } else { self.standing(now).word() }
    }

    /// How it fares at a time.
    pub fn standing(&self, now: Timestamp) -> Standing {
        let Some(state) = self.state.filter(|_| self.feed.enabled) else {
            return if self.feed.enabled { Standing::Waiting } else { Standing::Disabled };
        };
        match state.history.last_success {
            _ if state.history.trouble.is_some() => Standing::Failing,
            Some(at) if now <= self.fresh_until(at, state) && self.silence(now).is_some() => Standing::Silent,
            Some(at) if now <= self.fresh_until(at, state) => Standing::Fresh,
            Some(_) => Standing::Old,
            None => Standing::Waiting,
        }
    }

    /// How it is silent, if it is.
    pub fn silence(&self, now: Timestamp) -> Option<Silence> {
        let Rhythm { newest, median_gap, entries, .. } = &self.state?.rhythm;
        if *entries == Some(0) {
            return Some(Silence::Empty);
        }
        let (newest, gap) = ((*newest)?, (*median_gap)?);
        let time = now.duration_since(newest);
        let longest = SignedDuration::try_from(gap).ok()?.checked_mul(SILENT_GAPS)?;
        (time >= longest.max(SILENT_AT_LEAST)).then_some(Silence::Since { newest, gap })
    }

    /// A server may wish to be asked less often than the config says: until it is overdue the feed is as fresh as it
    /// can be.
    fn fresh_until(&self, success: Timestamp, state: &FeedState) -> Timestamp {
        let interval = SignedDuration::try_from(self.feed.interval).unwrap_or(SignedDuration::MAX);
        let reach = interval.checked_mul(FRESH_INTERVALS).unwrap_or(SignedDuration::MAX);
        let later = |at: Timestamp, by| at.checked_add(by).unwrap_or(Timestamp::MAX);
        let overdue = state.schedule.next_check.time().map(|at| later(at, interval));
        overdue.map_or(later(success, reach), |overdue| overdue.max(later(success, reach)))
    }
}

impl Health {
    /// Follows the configuration; what is known of feeds that are gone is kept, for when they come back.
    pub fn set_feeds(&mut self, feeds: Vec<Feed>) {
        self.feeds = feeds;
    }

    /// The clock was set back.
    pub(super) fn set_back(&mut self, by: SignedDuration) {
        move_back(self.alive.values_mut(), by);
        move_back(self.sources.values_mut().flat_map(times_of_report), by);
        move_back(self.states.values_mut().flat_map(times_of_feed), by);
    }

    /// Takes in how a poll ended.
    pub fn take_feed(&mut self, state: FeedState) {
        self.asked = true;
        self.answered |= state.history.status.is_some() || state.history.was_reached;
        self.states.insert(state.feed.clone(), state);
    }

    /// What the store remembers of feeds, before any is asked.
    pub fn restore(&mut self, states: Vec<FeedState>) {
        for state in states {
            self.states.entry(state.feed.clone()).or_insert(state);
        }
    }

    /// Takes in how a price source fared.
    pub fn take_source(&mut self, report: SourceReport) {
        self.asked = true;
        self.answered |= report.status.is_some() || report.outcome == Outcome::Well;
        if report.capability == Capability::Socket && report.outcome == Outcome::Well {
            self.alive.insert(report.source.clone(), report.at);
        }
        self.note_lacks(&report);
        self.sources.insert((report.source.clone(), report.capability), report);
    }

    /// A symbol that a source lacked is there as soon as an answer has it.
    fn note_lacks(&mut self, report: &SourceReport) {
        let place = |symbol: &Name| (report.source.clone(), report.capability, symbol.clone());
        if report.outcome == Outcome::Well || !report.lacks.is_empty() {
            report.asked.iter().for_each(|symbol| drop(self.lacks.remove(&place(symbol))));
        }
        for Lack { symbol, failure } in &report.lacks {
            let outcome = Outcome::Failed(failure.clone());
            self.lacks.insert(place(symbol), SourceReport { outcome, ..report.clone() });
        }
    }

    /// A price of a symbol has come from a source: it lacks it no more.
    pub fn take_price(&mut self, source: &Name, symbol: &Name) {
        for capability in [Capability::Socket, Capability::Quote] {
            self.lacks.remove(&(source.clone(), capability, symbol.clone()));
        }
    }

    /// What keeps a source from telling of a symbol by one of its capabilities: what concerns all that it is asked, or that
    /// symbol; never what concerns others.
    pub fn trouble(
        &self,
        symbol: &Name,
        source: &Name,
        capability: Capability,
        now: Timestamp,
    ) -> Option<&SourceReport> {
        let is_trouble = |report: &&SourceReport| match &report.outcome {
            Outcome::Well => false,
            Outcome::Blocked { until, .. } => *until > now,
            Outcome::Failed(_) => report.lacks.is_empty(),
        };
        let of_source = self.sources.get(&(source.clone(), capability)).filter(is_trouble);
        of_source.or_else(|| self.lacks.get(&(source.clone(), capability, symbol.clone())))
    }

    /// Every configured feed, in the order of the files.
    pub fn feeds(&self) -> impl Iterator<Item = FeedLine<'_>> {
        self.feeds.iter().map(|feed| FeedLine { feed, state: self.states.get(&feed.name) })
    }

    /// What is known of feeds, by name; also of those that are configured no more.
    pub fn feed_states(&self) -> impl Iterator<Item = &FeedState> {
        self.states.values()
    }

    /// What the store remembers of sources under a block.
    pub fn restore_sources(&mut self, reports: Vec<SourceReport>, now: Timestamp) {
        for report in reports.into_iter().map(|report| report.set_right(now)) {
            self.sources.entry((report.source.clone(), report.capability)).or_insert(report);
        }
    }

    /// The last report of each source and capability.
    pub fn sources(&self) -> impl Iterator<Item = &SourceReport> {
        self.sources.values()
    }

    /// The last report of a source on one of its capabilities.
    pub fn source(&self, source: &str, capability: Capability) -> Option<&SourceReport> {
        self.sources.iter().find(|((name, of), _)| &**name == source && *of == capability).map(|(_, report)| report)
    }

    /// When the socket of a source last gave a sign of life.
    pub fn alive(&self, source: &str) -> Option<Timestamp> {
        self.alive.get(source).copied()
    }

    /// The block a source is under now.
    pub fn block(&self, source: &str, now: Timestamp) -> Option<&Outcome> {
        self.sources
            .values()
            .filter(|report| &*report.source == source)
            .map(|report| &report.outcome)
            .find(|outcome| matches!(outcome, Outcome::Blocked { until, .. } if *until > now))
    }

    /// Enabled feeds: how many are fresh, and how many there are.
    pub fn fresh(&self, now: Timestamp) -> (usize, usize) {
        let enabled = || self.feeds().filter(|line| line.feed.enabled);
        (enabled().filter(|line| line.standing(now) == Standing::Fresh).count(), enabled().count())
    }

    /// No feed and no source has answered since the start, though some were asked.
    pub fn offline(&self) -> bool {
        self.asked && !self.answered
    }

    /// Every enabled feed has been asked at least once, or has what it needs from before.
    pub fn asked_all(&self) -> bool {
        self.feeds().filter(|line| line.feed.enabled).all(|line| line.state.is_some())
    }

    /// The feed that has been in trouble for the shortest time, the one that was well last: the news among the failures.
    pub fn latest_trouble(&self) -> Option<(&Name, &FeedState)> {
        let enabled = self.feeds().filter(|line| line.feed.enabled);
        let failing = enabled.filter_map(|line| line.state.filter(|state| state.history.trouble.is_some()));
        failing.max_by_key(|state| (state.history.last_success, &state.feed)).map(|state| (&state.feed, state))
    }

    /// What one line says of all feeds: changes exactly when that line does.
    pub(super) fn summary(&self, now: Timestamp) -> Summary {
        let trouble = self.latest_trouble();
        let trouble =
            trouble.map(|(feed, state)| (feed.clone(), state.history.trouble.clone(), state.schedule.next_check));
        Summary { fresh: self.fresh(now), offline: self.offline(), asked_all: self.asked_all(), trouble }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::app::samples::{feed_state, minute, report};
    use crate::domain::http_error::HttpError;
    use crate::domain::price::{Failure, FailureCause, QuestionError, Refusal};

    fn yahoo(cause: FailureCause) -> Failure {
        Failure::new("Yahoo Finance", cause)
    }

    /// Asked every ten minutes.
    fn feed(name: &str) -> Feed {
        let feed = Feed::new(name.into(), format!("https://example.com/{name}"));
        Feed { category: "News".into(), interval: Duration::from_mins(10), ..feed }
    }

    fn failing(name: &str, last_success: Option<Timestamp>, last_attempt: Timestamp) -> FeedState {
        let mut state = feed_state(name, last_attempt);
        state.history.last_success = last_success;
        state.history.trouble = Some(Trouble::Unreached(HttpError::Connect));
        state.history.status = None;
        state
    }

    fn asked_again(last_success: Timestamp, next_check: Timestamp) -> FeedState {
        let mut state = feed_state("SEC", last_success);
        state.schedule.next_check = NextCheck::At(next_check);
        state
    }

    fn health(feeds: Vec<Feed>, states: Vec<FeedState>) -> Health {
        let mut health = Health::default();
        health.set_feeds(feeds);
        states.into_iter().for_each(|state| health.take_feed(state));
        health
    }

    #[test]
    fn a_feed_that_answers_well_may_be_silent() {
        let hour = Duration::from_hours(1);
        let spoke = |days: i64, gap: Option<Duration>| Rhythm {
            newest: Some(minute(-days * 24 * 60)),
            median_gap: gap,
            entries: Some(20),
            ..Rhythm::default()
        };
        for (name, rhythm, expected) in [
            ("empty", Rhythm { entries: Some(0), ..Rhythm::default() }, Standing::Silent),
            ("without dates", Rhythm { entries: Some(9), ..Rhythm::default() }, Standing::Fresh),
            ("stored by an earlier version", Rhythm::default(), Standing::Fresh),
            ("a long weekend", spoke(3, Some(hour)), Standing::Fresh),
            ("a week, though it speaks every hour", spoke(7, Some(hour)), Standing::Silent),
            ("a week, and it speaks once a day", spoke(7, Some(24 * hour)), Standing::Fresh),
            ("two weeks, though it speaks once a day", spoke(14, Some(24 * hour)), Standing::Silent),
            ("no usual gap is known", spoke(400, None), Standing::Fresh),
            ("ahead of now", spoke(-2, Some(hour)), Standing::Fresh),
        ] {
            let state = FeedState { rhythm, ..feed_state("SEC", minute(0)) };
            let health = health(vec![feed("SEC")], vec![state]);
            assert_eq!(health.feeds().next().unwrap().standing(minute(1)), expected, "{name}");
        }
    }

    #[test]
    fn whoever_hangs_up_is_there() {
        let mut hung_up = failing("SEC", None, minute(0));
        hung_up.history.was_reached = true;
        assert!(!health(vec![feed("SEC")], vec![hung_up]).offline());
    }

    #[test]
    fn a_feed_in_one_word() {
        let off = Feed { enabled: false, ..feed("SEC") };
        let cases = [
            ("never asked", feed("SEC"), None, Standing::Waiting),
            ("switched off", off.clone(), None, Standing::Disabled),
            ("switched off while well", off, Some(feed_state("SEC", minute(0))), Standing::Disabled),
            ("well", feed("SEC"), Some(feed_state("SEC", minute(0))), Standing::Fresh),
            ("well three intervals ago", feed("SEC"), Some(feed_state("SEC", minute(-30))), Standing::Fresh),
            ("well longer ago", feed("SEC"), Some(feed_state("SEC", minute(-31))), Standing::Old),
            (
                "not due yet: its server says so",
                feed("SEC"),
                Some(asked_again(minute(-300), minute(60))),
                Standing::Fresh,
            ),
            ("overdue all the same", feed("SEC"), Some(asked_again(minute(-300), minute(-11))), Standing::Old),
            ("in trouble now", feed("SEC"), Some(failing("SEC", Some(minute(-1)), minute(0))), Standing::Failing),
            (
                "restored without a success",
                feed("SEC"),
                Some(FeedState::new("SEC".into(), String::new())),
                Standing::Waiting,
            ),
        ];
        for (case, feed, state, expected) in cases {
            let line = FeedLine { feed: &feed, state: state.as_ref() };
            assert_eq!(line.standing(minute(0)), expected, "{case}");
        }
    }

    #[test]
    fn fresh_feeds_are_counted_among_the_enabled() {
        let off = Feed { enabled: false, ..feed("Off") };
        let states = vec![feed_state("A", minute(0)), feed_state("B", minute(-40)), feed_state("Off", minute(0))];
        let health = health(vec![feed("A"), feed("B"), feed("C"), off], states);
        assert_eq!(health.fresh(minute(0)), (1, 3));
        assert_eq!(health.fresh(minute(31)), (0, 3), "by time alone");
        assert!(!health.asked_all());
    }

    #[test]
    fn offline_is_what_was_asked_in_vain_since_the_start() {
        let failed = || Outcome::Failed(yahoo(FailureCause::Question(HttpError::Connect.into())));
        let mut health = Health::default();
        health.restore(vec![failing("A", None, minute(-60))]);
        health.restore_sources(vec![report("yahoo", Capability::Quote, minute(-60), failed())], minute(0));
        assert!(!health.offline(), "nothing was asked yet");
        health.take_feed(failing("A", None, minute(0)));
        health.take_source(report("yahoo", Capability::Quote, minute(0), failed()));
        assert!(health.offline());
        let refused = SourceReport { status: Some(429), ..report("yahoo", Capability::Quote, minute(1), failed()) };
        health.take_source(refused);
        assert!(!health.offline(), "a refusal is an answer");
    }

    #[test]
    fn any_answer_ends_being_offline() {
        let mut by_feed = health(vec![feed("A")], vec![failing("A", None, minute(0))]);
        assert!(by_feed.offline());
        let mut refused = failing("A", None, minute(1));
        refused.history.status = Some(500);
        by_feed.take_feed(refused);
        assert!(!by_feed.offline());
        let mut by_socket = health(vec![feed("A")], vec![failing("A", None, minute(0))]);
        by_socket.take_source(report("coinbase", Capability::Socket, minute(1), Outcome::Well));
        assert!(!by_socket.offline());
    }

    #[test]
    fn the_latest_trouble_is_that_of_the_feed_that_was_well_last() {
        let off = Feed { enabled: false, ..feed("Off") };
        let states = vec![
            failing("Long", Some(minute(-600)), minute(0)),
            failing("Lately", Some(minute(-20)), minute(-10)),
            failing("Never", None, minute(0)),
            failing("Off", Some(minute(0)), minute(0)),
            feed_state("Well", minute(0)),
        ];
        let mut health = health(vec![feed("Long"), feed("Lately"), feed("Never"), off, feed("Well")], states);
        let named = |health: &Health| health.latest_trouble().map(|(name, _)| name.to_string());
        assert_eq!(named(&health).as_deref(), Some("Lately"));
        health.take_feed(failing("Long", Some(minute(-600)), minute(5)));
        assert_eq!(named(&health).as_deref(), Some("Lately"), "another try in vain is not news");
        health.take_feed(feed_state("Lately", minute(6)));
        assert_eq!(named(&health).as_deref(), Some("Long"));
        health.set_feeds(vec![feed("Well")]);
        assert_eq!(named(&health), None, "a feed that was removed is no trouble");
    }

    #[test]
    fn the_trouble_of_one_symbol_is_not_anothers() {
        let by = Capability::Candles;
        let lacks = FailureCause::Lacks { unknown: vec!["QQQ".into()], unpriced: Vec::new() };
        let unknown = || Outcome::Failed(yahoo(lacks.clone()));
        let about = |symbol: &str, at: i64, outcome: Outcome| SourceReport {
            asked: vec![symbol.into()],
            ..report("yahoo", by, minute(at), outcome)
        };
        let mut health = Health::default();
        let why = |health: &Health, symbol: &str| match health.trouble(&symbol.into(), &"yahoo".into(), by, minute(9)) {
            Some(SourceReport { outcome: Outcome::Failed(failure), .. }) => Some(failure.clone()),
            _ => None,
        };
        let lack = Lack { symbol: "QQQ".into(), failure: yahoo(FailureCause::UnknownSymbol) };
        health.take_source(SourceReport { lacks: vec![lack.clone()], ..about("QQQ", 0, unknown()) });
        assert_eq!(
            (why(&health, "NVDA"), why(&health, "QQQ")),
            (None, Some(lack.failure.clone())),
            "without the others' names"
        );
        health.take_source(about("NVDA", 1, Outcome::Well));
        assert!(why(&health, "QQQ").is_some(), "that it does well with another says nothing of it");
        let of_all = yahoo(FailureCause::Question(QuestionError::Status(503)));
        health.take_source(about("NVDA", 2, Outcome::Failed(of_all.clone())));
        assert_eq!(why(&health, "QQQ"), Some(of_all), "what concerns all comes first");
        health.take_source(about("QQQ", 3, Outcome::Well));
        let of_price = report("yahoo", Capability::Socket, minute(4), unknown());
        health.take_source(SourceReport { lacks: vec![lack], ..of_price });
        let has_trouble =
            |health: &Health| health.trouble(&"QQQ".into(), &"yahoo".into(), Capability::Socket, minute(9)).is_some();
        assert!(has_trouble(&health));
        health.take_price(&"yahoo".into(), &"QQQ".into());
        assert!(!has_trouble(&health), "its price has come");
        assert_eq!((why(&health, "NVDA"), why(&health, "QQQ")), (None, None));
    }

    #[test]
    fn what_is_stored_never_replaces_what_was_heard() {
        let blocked = |until| Outcome::Blocked { refusal: Refusal::by_status("yahoo", 429), until };
        let mut health = health(vec![feed("A")], vec![feed_state("A", minute(0))]);
        health.take_source(report("yahoo", Capability::Quote, minute(0), Outcome::Well));
        health.restore(vec![failing("A", None, minute(-60))]);
        health.restore_sources(vec![report("yahoo", Capability::Quote, minute(-60), blocked(minute(60)))], minute(0));
        assert_eq!(health.fresh(minute(0)), (1, 1));
        assert_eq!(health.block("yahoo", minute(0)), None);
    }

    #[test]
    fn a_block_holds_until_its_time_and_for_its_source() {
        let blocked = Outcome::Blocked { refusal: Refusal::by_status("yahoo", 429), until: minute(10) };
        let mut health = Health::default();
        health.take_source(report("yahoo", Capability::Quote, minute(0), blocked.clone()));
        health.take_source(report("yahoo", Capability::Socket, minute(0), Outcome::Well));
        for (source, at, expected) in
            [("yahoo", 0, Some(&blocked)), ("yahoo", 9, Some(&blocked)), ("yahoo", 10, None), ("cnbc", 0, None)]
        {
            assert_eq!(health.block(source, minute(at)), expected, "{source} {at}");
        }
        assert_eq!((health.alive("yahoo"), health.alive("cnbc")), (Some(minute(0)), None));
        assert_eq!(health.source("yahoo", Capability::Quote).map(|report| report.at), Some(minute(0)));
    }
}
