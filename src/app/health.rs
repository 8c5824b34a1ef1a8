//! How feeds and price sources fare.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::domain::Name;
use crate::domain::feed::{Feed, FeedState};
use crate::domain::price::{Capability, Outcome, SourceReport};

/// A feed counts as fresh this many of its intervals after its last success.
const FRESH_INTERVALS: u32 = 3;

/// What is known of every feed and of every way to every price source.
#[derive(Debug, Default)]
pub struct Health {
    feeds: Vec<Feed>,
    states: BTreeMap<Name, FeedState>,
    sources: BTreeMap<(Name, Capability), SourceReport>,
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

/// In one word, how a feed fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Disabled,
    /// Not asked yet.
    Waiting,
    Fresh,
    /// Well when last asked, but that is long ago.
    Old,
    Failing,
}

impl FeedLine<'_> {
    /// How it fares at a time.
    pub fn standing(&self, now: Timestamp) -> Standing {
        let Some(state) = self.state.filter(|_| self.feed.enabled) else {
            return if self.feed.enabled { Standing::Waiting } else { Standing::Disabled };
        };
        let reach = SignedDuration::try_from(self.feed.interval * FRESH_INTERVALS).unwrap_or(SignedDuration::MAX);
        match state.last_success {
            _ if state.trouble.is_some() => Standing::Failing,
            Some(at) if now.duration_since(at) <= reach => Standing::Fresh,
            Some(_) => Standing::Old,
            None => Standing::Waiting,
        }
    }
}

impl Health {
    /// Follows the configuration; what is known of feeds that are gone is kept, for when they come back.
    pub fn set_feeds(&mut self, feeds: Vec<Feed>) {
        self.feeds = feeds;
    }

    /// Takes in how a poll ended.
    pub fn take_feed(&mut self, state: FeedState) {
        self.asked = true;
        self.answered |= state.status.is_some();
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
        self.sources.insert((report.source.clone(), report.capability), report);
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
    pub fn restore_sources(&mut self, reports: Vec<SourceReport>) {
        self.sources.extend(reports.into_iter().map(|report| ((report.source.clone(), report.capability), report)));
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

    /// The feed that has been in trouble for the shortest time: the news among the failures.
    pub fn latest_trouble(&self) -> Option<(&Name, &FeedState)> {
        let enabled = self.feeds().filter(|line| line.feed.enabled);
        let failing = enabled.filter_map(|line| line.state.filter(|state| state.trouble.is_some()));
        failing.max_by_key(|state| state.last_attempt).map(|state| (&state.feed, state))
    }
}
