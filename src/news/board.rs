//! All feeds and their places at once: which feed may be asked now, and what a finished poll changes.
//!
//! Pure: the time comes from outside, twice. Wall-clock time tells when a feed is due, since that is stored and must
//! survive restarts and suspends; monotonic time keeps requests apart, since a clock that is set back must not.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::outcome::{self, Polled};
use super::place::Place;
use super::schedule::{Ending, Pace};
use crate::config::Config;
use crate::domain::Name;
use crate::domain::feed::{Feed, FeedState};

/// In flight at once, over all places.
const AT_ONCE: usize = 12;
/// Between any two requests: small name servers refuse bursts.
const LAUNCH_GAP: Duration = Duration::from_millis(50);
/// A feed is asked by hand at most this often.
const MANUAL_FLOOR: SignedDuration = SignedDuration::from_secs(60);
/// This many places without an answer, and no answer in between, mean that the network is down.
const SILENT_PLACES: usize = 3;
/// The longest sleep: time passes unseen while the machine is suspended.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);
const SHORTEST_SLEEP: Duration = Duration::from_millis(1);

/// The feeds, their states, and the places they are at.
#[derive(Debug, Default)]
pub struct Board {
    slots: BTreeMap<Name, Slot>,
    places: HashMap<Place, Traffic>,
    /// States of feeds that are not polled now: stored ones, removed and disabled ones.
    shelf: BTreeMap<Name, FeedState>,
    /// Feeds that nobody answered for, since the last answer of anybody.
    silent: BTreeSet<Name>,
    next_launch: Option<Instant>,
    in_flight: usize,
    spacing: Duration,
    floor: Duration,
}

#[derive(Debug)]
struct Slot {
    feed: Feed,
    state: FeedState,
    place: Place,
    in_flight: bool,
    /// Hash of the last body that was read, while newstape runs.
    body: Option<u64>,
}

/// What goes on at a place.
#[derive(Debug, Default)]
struct Traffic {
    in_flight: bool,
    /// Spacing: no request before.
    free_at: Option<Instant>,
    /// 429 and 503: no request before.
    cool_until: Option<Timestamp>,
}

/// A feed to be asked now.
#[derive(Clone, Debug)]
pub struct Job {
    pub feed: Feed,
    /// The validators to send are in it.
    pub state: FeedState,
    /// Hash of the last body, to tell the same one.
    pub body: Option<u64>,
    place: Place,
}

impl Board {
    /// Begins with what is stored. Nothing is polled before [`Board::adopt`].
    pub fn new(states: Vec<FeedState>) -> Board {
        let shelf = states.into_iter().map(|state| (state.feed.clone(), state)).collect();
        Board { shelf, ..Board::default() }
    }

    /// Takes over a configuration: new feeds are due at once, removed ones are shelved, a changed address is a new
    /// feed, a changed user agent may be given another document (rule 7).
    pub fn adopt(&mut self, config: &Config, now: Timestamp) {
        (self.spacing, self.floor) = (config.network.domain_spacing, config.network.feed_floor);
        let mut old = std::mem::take(&mut self.slots);
        let mut addresses = BTreeSet::new();
        // Rule 14: an address that stands twice is asked once.
        for feed in config.feeds.iter().filter(|feed| feed.enabled && addresses.insert(&feed.url)) {
            let slot = match old.remove(&feed.name) {
                Some(slot) if slot.feed.url == feed.url => slot.with(feed),
                _ => Slot::new(feed, self.shelf.remove(&feed.name)),
            };
            self.cool_again(&slot, now);
            self.slots.insert(feed.name.clone(), slot);
        }
        self.shelf.extend(old.into_iter().map(|(name, slot)| (name, slot.state)));
    }

    /// A place that asked for patience before a restart still has it.
    fn cool_again(&mut self, slot: &Slot, now: Timestamp) {
        let next = slot.state.next_check.filter(|next| *next > now);
        if matches!(slot.state.status, Some(429 | 503)) && next.is_some() {
            let traffic = self.places.entry(slot.place.clone()).or_default();
            traffic.cool_until = traffic.cool_until.max(next);
        }
    }

    /// The next feed that may be asked, the one waiting longest first; it counts as being asked from now on.
    pub fn launch(&mut self, now: Timestamp, instant: Instant) -> Option<Job> {
        if self.in_flight >= AT_ONCE || self.next_launch.is_some_and(|next| next > instant) {
            return None;
        }
        let due = self.slots.values().filter(|slot| self.wait_of(slot, now, instant) == Some(Duration::ZERO));
        let name = due.min_by_key(|slot| slot.state.next_check)?.feed.name.clone();
        let slot = self.slots.get_mut(&name)?;
        slot.in_flight = true;
        self.places.entry(slot.place.clone()).or_default().in_flight = true;
        self.in_flight += 1;
        self.next_launch = Some(instant + LAUNCH_GAP);
        Some(Job { feed: slot.feed.clone(), state: slot.state.clone(), body: slot.body, place: slot.place.clone() })
    }

    /// How long a feed must wait; None while it or its place is being asked.
    fn wait_of(&self, slot: &Slot, now: Timestamp, instant: Instant) -> Option<Duration> {
        let traffic = self.places.get(&slot.place);
        if slot.in_flight || traffic.is_some_and(|traffic| traffic.in_flight) {
            return None;
        }
        let until = |time: Timestamp| Duration::try_from(time.duration_since(now)).unwrap_or_default();
        let due = slot.state.next_check.map(until).unwrap_or_default();
        let cool = traffic.and_then(|traffic| traffic.cool_until).map(until).unwrap_or_default();
        let free = traffic.and_then(|traffic| traffic.free_at).map(|at| at.saturating_duration_since(instant));
        Some(due.max(cool).max(free.unwrap_or_default()))
    }

    /// How long nothing can be launched, if nothing finishes meanwhile.
    pub fn sleep(&self, now: Timestamp, instant: Instant) -> Duration {
        if self.in_flight >= AT_ONCE {
            return LONGEST_SLEEP;
        }
        let gap = self.next_launch.map(|next| next.saturating_duration_since(instant)).unwrap_or_default();
        let waits = self.slots.values().filter_map(|slot| self.wait_of(slot, now, instant));
        waits.min().unwrap_or(LONGEST_SLEEP).max(gap).clamp(SHORTEST_SLEEP, LONGEST_SLEEP)
    }

    /// Asks feeds by hand: the named ones, or all when there are no names. Within a minute of the last time, and while
    /// their place is cooling, they stay as they are (rule 12).
    pub fn refresh(&mut self, names: &[Name], now: Timestamp) {
        for slot in self.slots.values_mut().filter(|slot| names.is_empty() || names.contains(&slot.feed.name)) {
            let is_early = slot.state.last_attempt.is_some_and(|last| last <= now && now < last + MANUAL_FLOOR);
            let is_patient = matches!(slot.state.status, Some(429 | 503)) && slot.state.next_check > Some(now);
            if !is_early && !is_patient {
                slot.state.next_check = slot.state.next_check.map(|next| next.min(now));
            }
        }
    }

    /// Takes in a finished poll. Gives the states that changed, that of the feed first; none when the feed was removed
    /// or got another address meanwhile. `chance` lies between -1 and 1.
    pub fn settle(
        &mut self,
        job: &Job,
        polled: &Polled,
        body: Option<u64>,
        now: Timestamp,
        instant: Instant,
        chance: f64,
    ) -> Vec<FeedState> {
        self.in_flight = self.in_flight.saturating_sub(1);
        let traffic = self.places.entry(job.place.clone()).or_default();
        traffic.in_flight = false;
        traffic.free_at = Some(instant + self.spacing);
        let is_offline = self.is_offline(job, polled);
        let Some(slot) = self.slots.get_mut(&job.feed.name).filter(|slot| slot.feed.url == job.feed.url) else {
            return Vec::new();
        };
        slot.in_flight = false;
        slot.body = body.or(slot.body);
        let pace = Pace { interval: slot.feed.interval, floor: self.floor };
        slot.state = outcome::settle(&slot.state, polled, pace, now, chance, is_offline);
        let state = slot.state.clone();
        let mut changed = vec![state.clone()];
        if polled.ending() == Ending::Patience {
            changed.extend(self.cool(job, &state));
        }
        changed
    }

    /// A place that asks for patience gets it from all its feeds (rule 16).
    fn cool(&mut self, job: &Job, state: &FeedState) -> Vec<FeedState> {
        if let Some(traffic) = self.places.get_mut(&job.place) {
            traffic.cool_until = state.next_check;
        }
        let others = self.slots.values_mut().filter(|slot| slot.place == job.place && slot.feed.name != job.feed.name);
        let mut changed = Vec::new();
        for slot in others.filter(|slot| slot.state.next_check < state.next_check) {
            slot.state.next_check = state.next_check;
            slot.state.trouble = Some(format!("waits: its site asked for patience when {} was read", job.feed.name));
            changed.push(slot.state.clone());
        }
        changed
    }

    /// Counts who does not answer; any answer at all means that the network is up (rule 17).
    fn is_offline(&mut self, job: &Job, polled: &Polled) -> bool {
        if !polled.is_silence() {
            self.silent.clear();
            return false;
        }
        self.silent.insert(job.feed.name.clone());
        let places: BTreeSet<&Place> =
            self.silent.iter().filter_map(|name| self.slots.get(name)).map(|slot| &slot.place).collect();
        places.len() >= SILENT_PLACES
    }
}

impl Slot {
    fn new(feed: &Feed, stored: Option<FeedState>) -> Slot {
        let fresh = || FeedState::new(feed.name.clone(), feed.url.clone());
        let state = stored.filter(|state| state.url == feed.url).unwrap_or_else(fresh);
        Slot { feed: feed.clone(), state, place: Place::of(&feed.url), in_flight: false, body: None }
    }

    fn with(mut self, feed: &Feed) -> Slot {
        if self.feed.user_agent != feed.user_agent {
            (self.state.etag, self.state.last_modified, self.body) = (None, None, None);
        }
        self.feed = feed.clone();
        self
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
