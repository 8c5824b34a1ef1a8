//! Stories that the alerts have still to be asked about. Where an alert, or a mute that keeps stories from it, reads by
//! regular expressions, they are asked story by story between two keys, in the order in which the stories came.

use jiff::{SignedDuration, Timestamp};

use super::{Alerts, changes_with_time};
use crate::app::App;
use crate::domain::story::{Story, StoryId};
use crate::event::{Effect, move_back};

/// So many wait at most; beyond it the first are asked at once, however long that takes: no alert is left out, and memory
/// does not grow.
const UNASKED_MAX: usize = 10_000;

/// A story that the alerts have still to be asked about.
#[derive(Debug)]
pub(super) struct Unasked {
    /// It counts as asked about then, however long it waits: what fires, and when, is the same on a slow machine.
    at: Timestamp,
    asked: Asked,
    /// Its summary stays in memory until then.
    holds_summary: bool,
}

/// What is asked of a story.
#[derive(Debug)]
enum Asked {
    /// It has come in: every alert.
    Arrived(Box<Story>),
    /// It came before: those whose answer changes with time.
    Again(StoryId),
}

impl Alerts {
    /// Are there stories that have still to be asked about?
    pub fn has_unasked(&self) -> bool {
        !self.unasked.is_empty()
    }

    /// The clock was set back.
    pub(super) fn set_unasked_back(&mut self, by: SignedDuration) {
        move_back(self.unasked.iter_mut().map(|unasked| &mut unasked.at), by);
    }

    fn may_be_slow(&self) -> bool {
        let queries = self.watches.iter().filter(|watch| watch.alert.enabled).filter_map(|watch| watch.query.as_ref());
        queries.into_iter().any(|query| query.may_be_slow())
    }
}

impl App {
    /// A story that has come in: does an alert ask for it?
    pub(in crate::app) fn alert_of_story(&mut self, story: &Story) -> Vec<Effect> {
        if !self.alerts.is_news(story, self.replay, self.loading, self.now) {
            return Vec::new();
        }
        self.ask_or_wait(Asked::Arrived(Box::new(story.clone())), true)
    }

    /// Summaries have been read: does an alert ask for their stories?
    pub(in crate::app) fn alert_of_read(&mut self, ids: &[StoryId]) -> Vec<Effect> {
        let awaited = self.alerts.take_awaited(ids);
        awaited.into_iter().flat_map(|id| self.ask_or_wait(Asked::Again(id), true)).collect()
    }

    /// Asks again of stories that came lately, where a query asks for what changes with time.
    pub(in crate::app) fn alert_of_time(&mut self) -> Vec<Effect> {
        // What an earlier minute did not come to is asked first.
        let has_earlier = self.alerts.unasked.iter().any(|unasked| matches!(unasked.asked, Asked::Again(_)));
        let fresh = self.alerts.due_again(self.now);
        if has_earlier {
            return Vec::new();
        }
        fresh.into_iter().flat_map(|id| self.ask_or_wait(Asked::Again(id), false)).collect()
    }

    fn ask_or_wait(&mut self, asked: Asked, holds_summary: bool) -> Vec<Effect> {
        let unasked = Unasked { at: self.now, asked, holds_summary };
        if !self.alerts.may_be_slow() && !self.wire.judges_may_be_slow() {
            return self.ask_alerts_about(&unasked);
        }
        if let Some(item) = self.wire.item(unasked.id()).filter(|_| holds_summary) {
            self.wire.need_summary(item);
        }
        self.alerts.unasked.push_back(unasked);
        let surplus = self.alerts.unasked.len().saturating_sub(UNASKED_MAX);
        self.ask_next_alerts(surplus)
    }

    /// Asks about so many of those that wait.
    pub(in crate::app) fn ask_next_alerts(&mut self, count: usize) -> Vec<Effect> {
        let mut effects = Vec::new();
        for _ in 0..count {
            let Some(unasked) = self.alerts.unasked.pop_front() else { break };
            self.wire.judge_story(unasked.id(), self.now);
            effects.extend(self.ask_alerts_about(&unasked));
        }
        effects
    }

    fn ask_alerts_about(&mut self, unasked: &Unasked) -> Vec<Effect> {
        let id = unasked.id();
        if unasked.holds_summary {
            self.wire.release_summary(id);
        }
        match &unasked.asked {
            Asked::Arrived(story) => {
                // While the wire is paused a story is not placed yet.
                let is_placed = self.wire.item(id).is_some();
                let waiting = (!is_placed).then(|| self.wire.weigh_waiting(story, &self.tagger, self.now));
                self.ask_alerts_at(unasked.at, |alerts, around| alerts.of_story(id, waiting, around))
            }
            Asked::Again(_) => {
                self.ask_alerts_at(unasked.at, |alerts, around| alerts.try_story(id, changes_with_time, around))
            }
        }
    }
}

impl Unasked {
    fn id(&self) -> StoryId {
        match &self.asked {
            Asked::Arrived(story) => story.id,
            Asked::Again(id) => *id,
        }
    }
}
