//! One feed on the scheduler.

use std::time::Duration;

use jiff::Timestamp;
use url::Url;

use crate::domain::Name;
use crate::domain::feed::{CooledBy, Feed, FeedState, NextCheck, NotByHand, Trouble, WaitReason};
use crate::domain::fingerprint;
use crate::news::schedule;
use crate::news::site::Site;

/// A feed that is polled, with what goes on about it.
#[derive(Debug)]
pub(super) struct Slot {
    pub feed: Feed,
    pub state: FeedState,
    pub site: Site,
    /// Its position in the config's list of feeds.
    pub order: usize,
    pub in_flight: bool,
    /// A person asked for it: skipped hours do not count then.
    pub by_hand: bool,
    /// The feed that has the same address and is asked for both.
    pub twin: Option<Name>,
    /// The address asked, as it is always written.
    address: String,
}

impl Slot {
    pub(super) fn new(feed: &Feed, stored: Option<FeedState>, order: usize, now: Timestamp) -> Slot {
        let fresh = || FeedState::new(feed.name.clone(), feed.url.clone());
        let mut state = stored.filter(|state| state.url == feed.url).unwrap_or_else(fresh);
        if state.cache.asked_as.is_some_and(|before| before != settings(feed)) {
            start_over(&mut state, now);
        }
        let mut slot = Slot {
            feed: feed.clone(),
            state,
            site: Site::of(&feed.url),
            order,
            in_flight: false,
            by_hand: false,
            twin: None,
            address: String::new(),
        };
        slot.locate();
        slot
    }

    /// The same under a new configuration that leaves its address as it is.
    pub(super) fn with(mut self, feed: &Feed, order: usize, now: Timestamp) -> Slot {
        if !is_asked_alike(&self.feed, feed) {
            start_over(&mut self.state, now);
        }
        (self.feed, self.order) = (feed.clone(), order);
        self
    }

    /// Brings its next request forward to the interval that the user wrote, when its own rhythm alone had put it off.
    /// Gives its state when that changed.
    pub(super) fn obey(&mut self, floor: Duration) -> Option<FeedState> {
        let FeedState { schedule, history, .. } = &mut self.state;
        let is_well = self.feed.own_interval && history.failures == 0 && history.trouble.is_none();
        let (next, last) = schedule.next_check.time().zip(history.last_attempt).filter(|_| is_well)?;
        let interval = self.feed.interval.max(floor);
        let latest = schedule::later(last, interval).max(schedule.wished_until.unwrap_or(last));
        if next <= latest {
            return None;
        }
        schedule.next_check = NextCheck::At(latest);
        schedule.wait_for(Some(WaitReason::Own(interval)));
        Some(self.state.clone())
    }

    /// Where it is asked: its own address, or the one it has moved to.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    fn locate(&mut self) {
        let url = self.state.moves.learned.as_ref().unwrap_or(&self.feed.url);
        self.site = Site::of(url);
        self.address = Url::parse(url).map_or_else(
            |_| url.clone(),
            |mut url| {
                url.set_fragment(None);
                url.into()
            },
        );
    }

    /// When it is to be asked, skipped hours and days left out; None: never.
    pub(super) fn due(&self, now: Timestamp) -> Option<Timestamp> {
        match self.state.schedule.next_check {
            NextCheck::Due => Some(now),
            NextCheck::At(next) if self.by_hand => Some(next.max(now)),
            NextCheck::At(next) => Some(self.state.rhythm.open_from(next.max(now))),
            NextCheck::Never => None,
        }
    }

    /// How much it is needed, when it is due: one that was never asked or is asked by hand most, then by how many of
    /// its intervals it is late, in thousandths.
    pub(super) fn need(&self, now: Timestamp) -> u64 {
        match self.state.schedule.next_check {
            NextCheck::Due => u64::MAX,
            _ if self.by_hand => u64::MAX,
            NextCheck::At(next) => {
                let late = u64::try_from(now.duration_since(next).as_millis()).unwrap_or_default();
                late / self.feed.interval.as_secs().max(1)
            }
            NextCheck::Never => 0,
        }
    }

    /// Until when its server has asked for patience, for all of its site.
    pub(super) fn cooling(&self) -> Option<Timestamp> {
        let schedule = &self.state.schedule;
        match self.state.history.status {
            // What was stored by earlier versions tells it by its next check.
            Some(429 | 503) => schedule.cool_until.or(schedule.next_check.time()),
            Some(403) => schedule.cool_until,
            _ => None,
        }
    }

    /// Waits with the others of its site. None: it waits that long anyway.
    pub(super) fn cool(&mut self, until: Timestamp, by: CooledBy) -> Option<FeedState> {
        let schedule = &mut self.state.schedule;
        match schedule.next_check {
            NextCheck::Never => return None,
            NextCheck::At(next) if next >= until => return None,
            NextCheck::At(_) | NextCheck::Due => schedule.next_check = NextCheck::At(until),
        }
        schedule.wait_for(Some(WaitReason::RateLimited(None)));
        self.state.history.trouble = Some(Trouble::Cooling(by));
        Some(self.state.clone())
    }

    /// Is not asked by hand now, and says why. None: it has said so already.
    pub(super) fn refuse(&mut self, why: NotByHand) -> Option<FeedState> {
        let before = self.state.schedule.not_by_hand.replace(why);
        (before != Some(why)).then(|| self.state.clone())
    }

    /// Takes in whether another feed has its address. Gives its state when that changed.
    pub(super) fn pair_with(&mut self, twin: Option<Name>) -> Option<FeedState> {
        if self.twin == twin {
            return None;
        }
        self.twin = twin;
        self.state.schedule.wait_for(self.twin.clone().map(WaitReason::Twin));
        Some(self.state.clone())
    }

    /// Its state after a poll that was made under these settings.
    pub(super) fn take(&mut self, state: FeedState, asked_with: &Feed) {
        self.state = state;
        self.in_flight = false;
        self.state.cache.asked_as = Some(settings(&self.feed));
        if !is_asked_alike(asked_with, &self.feed) {
            self.state.cache.drop_validators();
        }
        self.locate();
    }
}

/// Other settings may be given another document. What went wrong under the old ones is tried anew, unless the server
/// asked for patience.
fn start_over(state: &mut FeedState, now: Timestamp) {
    state.cache.drop_validators();
    if state.history.trouble.is_some() && state.schedule.cool_until.is_none_or(|cool| cool <= now) {
        state.schedule.next_check = state.schedule.next_check.by(now);
    }
}

/// Whether two configurations of a feed get the same stories of the same document.
fn is_asked_alike(one: &Feed, other: &Feed) -> bool {
    let secrets = |feed: &Feed| (feed.headers.clone(), feed.login.clone(), feed.proxy.clone());
    settings(one) == settings(other) && secrets(one) == secrets(other)
}

/// A hash of the settings that decide what a feed answers and what is made of it. It is stored, so no secret is in it.
fn settings(feed: &Feed) -> u64 {
    let flag = |is_set| if is_set { "yes" } else { "no" };
    let plain = [
        feed.user_agent.as_deref().unwrap_or_default(),
        feed.login.as_ref().map_or("", |login| &login.user),
        feed.kill.as_deref().unwrap_or_default(),
        feed.lang.as_deref().unwrap_or_default(),
        flag(feed.primary),
        flag(feed.proxy.is_some()),
        flag(feed.accept_invalid_certificate),
    ];
    fingerprint::of_texts(plain.into_iter().chain(feed.headers.keys().map(String::as_str)))
}
