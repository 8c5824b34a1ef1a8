//! Offline is distinguished from failing: who does not answer counts against nobody while nobody answers.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::slot::Slot;
use crate::domain::Name;
use crate::domain::feed::{FeedState, Trouble, WaitReason};
use crate::news::after_poll::Network;
use crate::news::poll_outcome::PollOutcome;

/// This many sites without an answer, and no answer in between, mean that the network is down.
const PLACES: usize = 3;
/// How soon those are tried again whose silence was no failure.
const SOON: SignedDuration = SignedDuration::from_mins(1);

/// Who has been silent since the last answer of anybody.
#[derive(Debug, Default)]
pub(super) struct Silence {
    /// Feeds, with the failures they had before.
    feeds: BTreeMap<Name, u32>,
    is_down: bool,
}

impl Silence {
    /// Takes in how a poll of a feed ended. Tells how the network is, and which other feeds change by that: when it
    /// turns out to be down, the silences counted so far are taken back; when somebody answers again, all that were
    /// silent are due.
    pub(super) fn hear(
        &mut self,
        slots: &mut BTreeMap<Name, Slot>,
        feed: &Name,
        polled: &PollOutcome,
        now: Timestamp,
    ) -> (Network, Vec<FeedState>) {
        if !polled.is_silence() {
            self.end(slots, now);
            return (Network::Up, Vec::new());
        }
        let before = slots.get(feed).map_or(0, |slot| slot.state.history.failures);
        self.feeds.entry(feed.clone()).or_insert(before);
        let silent: BTreeSet<_> = self.feeds.keys().filter_map(|name| slots.get(name)).map(|slot| &slot.site).collect();
        let all: BTreeSet<_> = slots.values().map(|slot| &slot.site).collect();
        match silent.len() {
            sites if sites >= PLACES => (Network::Down, self.begin(slots, feed, now)),
            sites if sites == all.len() => (Network::Unknown, Vec::new()),
            _ => (Network::Up, Vec::new()),
        }
    }

    /// The network is down: it was so when the others did not answer.
    fn begin(&mut self, slots: &mut BTreeMap<Name, Slot>, last: &Name, now: Timestamp) -> Vec<FeedState> {
        if std::mem::replace(&mut self.is_down, true) {
            return Vec::new();
        }
        let mut changed = Vec::new();
        for (name, before) in self.feeds.iter().filter(|(name, _)| *name != last) {
            let Some(slot) = slots.get_mut(name) else { continue };
            let state = &mut slot.state;
            state.history.failures = *before;
            state.schedule.next_check = state.schedule.next_check.by(now.saturating_add(SOON).unwrap_or(now));
            state.history.trouble = Some(Trouble::Offline);
            state.schedule.wait_for(Some(WaitReason::Offline));
            changed.push(state.clone());
        }
        changed
    }

    /// Somebody answers: those whose silence was the network's are due, one after the other as always.
    fn end(&mut self, slots: &mut BTreeMap<Name, Slot>, now: Timestamp) {
        let was_down = std::mem::take(&mut self.is_down);
        for name in std::mem::take(&mut self.feeds).into_keys().filter(|_| was_down) {
            if let Some(slot) = slots.get_mut(&name) {
                slot.state.schedule.next_check = slot.state.schedule.next_check.by(now);
            }
        }
    }
}
