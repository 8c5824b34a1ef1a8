//! All feeds and their sites at once: which feed may be asked now, and what a finished poll changes.
//!
//! Pure: the time comes from outside, twice. Wall-clock time tells when a feed is due, since that is stored and must
//! survive restarts and suspends; monotonic time keeps requests apart, since a clock that is set back must not.

mod silence;
mod slot;

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::after_poll::{Circumstances, after_poll};
use super::poll_outcome::Report;
use super::schedule::{self, Disposition, Pace};
use super::site::Site;
use crate::config::Config;
use crate::domain::Name;
use crate::domain::feed::{CooledBy, Feed, FeedState, NotByHand};
use silence::Silence;
use slot::Slot;

/// In flight at once, over all sites.
const AT_ONCE: usize = 12;
/// Between any two requests: small name servers refuse bursts.
const LAUNCH_GAP: Duration = Duration::from_millis(50);
/// Between requests that are overdue, after a stop or a sleep of the machine: a hundred feeds take half a minute.
const OVERDUE_GAP: Duration = Duration::from_millis(250);
/// Later than this is overdue.
const OVERDUE: SignedDuration = SignedDuration::from_mins(2);
/// A feed is asked by hand at most this often.
const MANUAL_FLOOR: SignedDuration = SignedDuration::from_secs(60);
/// The longest sleep: time passes unseen while the machine is suspended.
const LONGEST_SLEEP: Duration = Duration::from_mins(1);
const SHORTEST_SLEEP: Duration = Duration::from_millis(1);

/// The feeds, their states, and the sites they are at.
#[derive(Debug, Default)]
pub(crate) struct PollScheduler {
    slots: BTreeMap<Name, Slot>,
    sites: HashMap<Site, Traffic>,
    /// States of feeds that are not polled now: stored ones, removed and disabled ones.
    shelf: BTreeMap<Name, FeedState>,
    silence: Silence,
    next_launch: Option<Instant>,
    in_flight: usize,
    spacing: Duration,
    floor: Duration,
}

/// What goes on at a site.
#[derive(Debug, Default)]
struct Traffic {
    in_flight: bool,
    /// Spacing: no request before.
    free_at: Option<Instant>,
    /// The spacing of the last run, where a site is known to insist on it.
    quiet_until: Option<Timestamp>,
    /// It asked for patience: no request before.
    cool_until: Option<Timestamp>,
    /// How often it has asked for patience since its last good answer, whichever of its feeds was read.
    patience: u32,
}

/// A feed to be asked now.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub feed: Feed,
    /// Its own address, or the one it has moved to for good.
    pub url: String,
    /// The validators to send are in it.
    pub state: FeedState,
    site: Site,
}

/// May a reader's request go to a place?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// Yes: the site counts as being asked from now on.
    Open,
    /// Not yet; how long, when nothing is under way there.
    Wait(Option<Duration>),
    /// No: it asked for patience, and this much of it is left.
    Cooling(Duration),
}

impl PollScheduler {
    /// Begins with what is stored. Nothing is polled before [`PollScheduler::adopt`].
    pub(crate) fn new(states: Vec<FeedState>) -> PollScheduler {
        let shelf = states.into_iter().map(|state| (state.feed.clone(), state)).collect();
        PollScheduler { shelf, ..PollScheduler::default() }
    }

    /// Takes over a configuration: new feeds are due at once, removed ones are shelved, a changed address is a new
    /// feed, other changed settings may be given another document. Gives the states that changed by it.
    pub(crate) fn adopt(&mut self, config: &Config, now: Timestamp) -> Vec<FeedState> {
        (self.spacing, self.floor) = (config.network.domain_spacing, config.network.feed_floor);
        let mut old = std::mem::take(&mut self.slots);
        for (order, feed) in config.feeds.iter().filter(|feed| feed.enabled).enumerate() {
            let slot = match old.remove(&feed.name) {
                Some(slot) if slot.feed.url == feed.url => slot.with(feed, order, now),
                _ => Slot::new(feed, self.shelf.remove(&feed.name), order, now),
            };
            self.slots.insert(feed.name.clone(), slot);
        }
        self.shelf.extend(old.into_iter().map(|(name, slot)| (name, slot.state)));
        self.set_clock_right(now);
        self.remember_traffic(now);
        let floor = self.floor;
        let mut changed: Vec<_> = self.slots.values_mut().filter_map(|slot| slot.obey(floor)).collect();
        changed.extend(self.pair());
        for slot in self.slots.values_mut() {
            let cool = self.sites.get(&slot.site).and_then(|traffic| traffic.cool_until).filter(|cool| *cool > now);
            changed.extend(cool.and_then(|cool| slot.cool(cool, CooledBy::Unknown)));
        }
        changed
    }

    /// A site that asked for patience before a restart still has it; one that is known to insist on time between
    /// requests gets it over a restart, too.
    fn remember_traffic(&mut self, now: Timestamp) {
        for slot in self.slots.values() {
            let quiet = slot.site.spacing().zip(slot.state.history.last_attempt);
            let quiet = quiet.map(|(spacing, last)| schedule::later(last, spacing)).filter(|until| *until > now);
            let cool = slot.cooling().filter(|until| *until > now);
            if quiet.is_none() && cool.is_none() {
                continue;
            }
            let traffic = self.sites.entry(slot.site.clone()).or_default();
            traffic.quiet_until = traffic.quiet_until.max(quiet);
            traffic.cool_until = traffic.cool_until.max(cool);
            if cool.is_some() {
                traffic.patience = traffic.patience.max(slot.state.history.failures);
            }
        }
    }

    /// Rule 14: an address that stands twice, or that two feeds have moved to, is asked once, for the first of them.
    fn pair(&mut self) -> Vec<FeedState> {
        let mut first: HashMap<String, Name> = HashMap::new();
        let mut order: Vec<&mut Slot> = self.slots.values_mut().collect();
        order.sort_by_key(|slot| slot.order);
        let twins = order.into_iter().filter_map(|slot| {
            let known = first.get(slot.address()).cloned();
            first.entry(slot.address().to_owned()).or_insert_with(|| slot.feed.name.clone());
            slot.pair_with(known)
        });
        twins.collect()
    }

    fn set_clock_right(&mut self, now: Timestamp) {
        for slot in self.slots.values_mut() {
            if let Some(state) = schedule::set_right(&slot.state, now) {
                slot.state = state;
            }
        }
        let longest = schedule::later(now, schedule::LONGEST_RETRY_AFTER * 2);
        for traffic in self.sites.values_mut() {
            traffic.cool_until = traffic.cool_until.filter(|until| *until <= longest);
            traffic.quiet_until = traffic.quiet_until.filter(|until| *until <= schedule::later(now, LONGEST_SLEEP));
        }
    }

    /// The next feed that may be asked, the one that is needed most first; of two, the one that was asked longer ago, so
    /// that a feed whose site always asks for patience does not keep the others of its site waiting. It counts as being asked from now on.
    /// `chance` lies between -1 and 1.
    pub(crate) fn launch(&mut self, now: Timestamp, instant: Instant, chance: f64) -> Option<Job> {
        if self.in_flight >= AT_ONCE || self.next_launch.is_some_and(|next| next > instant) {
            return None;
        }
        self.set_clock_right(now);
        let due = self.slots.values().filter(|slot| self.wait_of(slot, now, instant) == Some(Duration::ZERO));
        let name = due
            .max_by_key(|slot| (slot.need(now), Reverse((slot.state.history.last_attempt, slot.order))))?
            .feed
            .name
            .clone();
        let slot = self.slots.get_mut(&name)?;
        let is_overdue = !slot.by_hand
            && slot.state.schedule.next_check.time().is_some_and(|next| now.duration_since(next) > OVERDUE);
        let gap = if is_overdue { OVERDUE_GAP.mul_f64(1.0 + chance.clamp(-1.0, 1.0) / 2.0) } else { LAUNCH_GAP };
        (slot.in_flight, slot.by_hand) = (true, false);
        self.sites.entry(slot.site.clone()).or_default().in_flight = true;
        self.in_flight += 1;
        self.next_launch = Some(instant + gap);
        let url = slot.address().to_owned();
        Some(Job { feed: slot.feed.clone(), url, state: slot.state.clone(), site: slot.site.clone() })
    }

    /// How long a feed must wait; None while it or its site is being asked, and for one that is not asked any more.
    fn wait_of(&self, slot: &Slot, now: Timestamp, instant: Instant) -> Option<Duration> {
        let traffic = self.sites.get(&slot.site);
        if slot.in_flight || slot.twin.is_some() || traffic.is_some_and(|traffic| traffic.in_flight) {
            return None;
        }
        let until = |time: Timestamp| Duration::try_from(time.duration_since(now)).unwrap_or_default();
        let cool = traffic.and_then(|traffic| traffic.cool_until.max(traffic.quiet_until)).map(until);
        let free = traffic.and_then(|traffic| traffic.free_at).map(|at| at.saturating_duration_since(instant));
        Some(until(slot.due(now)?).max(cool.unwrap_or_default()).max(free.unwrap_or_default()))
    }

    /// How long nothing can be launched, if nothing finishes meanwhile.
    pub(crate) fn sleep(&self, now: Timestamp, instant: Instant) -> Duration {
        if self.in_flight >= AT_ONCE {
            return LONGEST_SLEEP;
        }
        let gap = self.next_launch.map(|next| next.saturating_duration_since(instant)).unwrap_or_default();
        let waits = self.slots.values().filter_map(|slot| self.wait_of(slot, now, instant));
        waits.min().unwrap_or(LONGEST_SLEEP).max(gap).clamp(SHORTEST_SLEEP, LONGEST_SLEEP)
    }

    /// Asks feeds by hand: the named ones, or all when there are no names. Within a minute of the last time, and while
    /// their server or site asks for patience, they stay as they are: their states, which say so, are given
    /// back.
    pub(crate) fn refresh(&mut self, names: &[Name], now: Timestamp) -> Vec<FeedState> {
        let mut changed = Vec::new();
        for slot in self.slots.values_mut().filter(|slot| names.is_empty() || names.contains(&slot.feed.name)) {
            let site = self.sites.get(&slot.site).and_then(|traffic| traffic.cool_until);
            let last = slot.state.history.last_attempt;
            let is_early = last.is_some_and(|last| last <= now && now.duration_since(last) < MANUAL_FLOOR);
            if site.max(slot.state.schedule.cool_until).is_some_and(|cool| cool > now) {
                changed.extend(slot.refuse(NotByHand::Cooling));
            } else if is_early {
                changed.extend(slot.refuse(NotByHand::TooSoon));
            } else if slot.twin.is_none() && !slot.in_flight {
                slot.by_hand = true;
                slot.state.schedule.next_check = slot.state.schedule.next_check.by(now);
            }
        }
        changed
    }

    /// Takes in a finished poll. Gives the states that changed, that of the feed first; without it when the feed was
    /// removed or got another address meanwhile. `chance` lies between -1 and 1.
    pub(crate) fn apply_poll(
        &mut self,
        job: &Job,
        report: &Report,
        now: Timestamp,
        instant: Instant,
        chance: f64,
    ) -> Vec<FeedState> {
        self.in_flight = self.in_flight.saturating_sub(1);
        let ending = report.polled.disposition();
        let patience = self.leave(&job.site, ending, instant);
        let (network, mut changed) = self.silence.hear(&mut self.slots, &job.feed.name, &report.polled, now);
        let Some(slot) = self.slots.get_mut(&job.feed.name).filter(|slot| slot.feed.url == job.feed.url) else {
            return changed;
        };
        let at = Circumstances { pace: Pace::of(&slot.feed, self.floor), now, network, patience, chance };
        let moved_to = slot.state.moves.learned.clone();
        slot.take(after_poll(&slot.state, report, &at), &job.feed);
        let state = slot.state.clone();
        if state.moves.learned != moved_to {
            changed.extend(self.pair());
        }
        if ending == Disposition::RateLimited
            && let Some(until) = state.schedule.cool_until
        {
            changed.extend(self.cool(&job.site, until, Some(&job.feed.name)));
        }
        changed.insert(0, state);
        changed
    }

    /// A request at a site has ended. Answers how often in a row the site has asked for patience.
    fn leave(&mut self, site: &Site, ending: Disposition, instant: Instant) -> u32 {
        let spacing = self.spacing.max(site.spacing().unwrap_or_default());
        let traffic = self.sites.entry(site.clone()).or_default();
        traffic.in_flight = false;
        traffic.free_at = Some(instant + spacing);
        match ending {
            Disposition::RateLimited => traffic.patience = traffic.patience.saturating_add(1),
            Disposition::Good => traffic.patience = 0,
            _ => {}
        }
        traffic.patience
    }

    /// A site that asks for patience gets it from all its feeds, except the one that got the answer.
    fn cool(&mut self, site: &Site, until: Timestamp, answered: Option<&Name>) -> Vec<FeedState> {
        if let Some(traffic) = self.sites.get_mut(site) {
            traffic.cool_until = traffic.cool_until.max(Some(until));
        }
        let by = answered.map_or(CooledBy::Article, |feed| CooledBy::Feed(feed.clone()));
        let others = self.slots.values_mut().filter(|slot| slot.site == *site && Some(&slot.feed.name) != answered);
        others.filter_map(|slot| slot.cool(until, by.clone())).collect()
    }

    /// A reader's request wants to go to a site. Beside another one it may not, but the time between two requests is
    /// cut short for it at `latest`: it is one that somebody waits for.
    pub(crate) fn enter(&mut self, site: &Site, latest: Instant, now: Timestamp, instant: Instant) -> Entry {
        let traffic = self.sites.entry(site.clone()).or_default();
        let until = |time: Timestamp| Duration::try_from(time.duration_since(now)).unwrap_or_default();
        let cool = traffic.cool_until.map(until).unwrap_or_default();
        if !cool.is_zero() {
            return Entry::Cooling(cool);
        }
        if traffic.in_flight {
            return Entry::Wait(None);
        }
        let free = traffic.free_at.map(|at| at.saturating_duration_since(instant)).unwrap_or_default();
        let quiet = traffic.quiet_until.map(until).unwrap_or_default();
        let wait = free.max(quiet).min(latest.saturating_duration_since(instant));
        traffic.in_flight = wait.is_zero();
        if wait.is_zero() { Entry::Open } else { Entry::Wait(Some(wait)) }
    }

    /// That request has ended; with the time for which the site wants to be left alone, if it does. Gives the states
    /// that changed by it.
    pub(crate) fn exit(
        &mut self,
        site: &Site,
        cool: Option<Duration>,
        now: Timestamp,
        instant: Instant,
    ) -> Vec<FeedState> {
        // It says nothing about the feeds there.
        self.leave(site, Disposition::Failed, instant);
        cool.map(|time| self.cool(site, schedule::later(now, time), None)).unwrap_or_default()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
