//! A clock that was set back: every time that the state keeps goes with it, so that ages stay what they are, and nothing waits
//! for the clock to come round again.

use jiff::{SignedDuration, Timestamp};

use super::App;
use crate::domain::feed::{FeedState, NextCheck};
use crate::domain::price::{Outcome, SourceReport};
use crate::event::moved_back;

impl App {
    /// The clock was set back by so much.
    pub(super) fn clock_set_back(&mut self, by: SignedDuration) {
        self.tape.set_back(by);
        self.health.set_back(by);
        self.failovers.set_back(by);
        self.flashes.set_back(by);
        self.movers.set_back(by);
        self.alerts.set_back(by);
        self.away.set_back(by);
        self.saves.set_back(by);
        self.wire.clock_set_back();
        self.notices.set_back(by);
        // As it was when it was last looked at: what is too late by now is reported as such.
        self.now = moved_back(self.now, by);
        self.reads_until = self.now;
    }
}

/// The times of a report.
pub(super) fn times_of_report(report: &mut SourceReport) -> impl Iterator<Item = &mut Timestamp> {
    let until = match &mut report.outcome {
        Outcome::Blocked { until, .. } => Some(until),
        Outcome::Well | Outcome::Failed(_) => None,
    };
    [&mut report.at].into_iter().chain(&mut report.next).chain(until)
}

/// The times of a feed that newstape has noted itself.
pub(super) fn times_of_feed(state: &mut FeedState) -> impl Iterator<Item = &mut Timestamp> {
    let FeedState { schedule, history, .. } = state;
    let next = match &mut schedule.next_check {
        NextCheck::At(at) => Some(at),
        NextCheck::Due | NextCheck::Never => None,
    };
    let noted = [&mut schedule.wished_until, &mut schedule.cool_until];
    let noted = noted.into_iter().chain([&mut history.last_attempt, &mut history.last_success]);
    next.into_iter().chain(noted.flatten())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::app::samples::{Desk, feed_state, minute, quote, report, second};
    use crate::domain::price::{Capability, Delivery, Refusal};
    use crate::event::Event;

    const HOURS: SignedDuration = SignedDuration::from_hours(3);

    /// A desk whose clock is set back after something has happened under it.
    fn set_back(mut desk: Desk) -> Desk {
        desk.now -= HOURS;
        desk.send(Event::ClockSetBack(HOURS));
        desk
    }

    fn words(desk: &Desk, symbol: &str) -> String {
        desk.app.price_state(symbol).word().to_owned()
    }

    #[test]
    fn prices_stay_as_fresh_as_they_are_and_no_fresher() {
        let mut desk = Desk::new();
        desk.send(Event::Source(report("coinbase", Capability::Socket, minute(0), Outcome::Well)));
        desk.send(Event::Quote(quote("BTC-USD", 97_000.0, minute(0))));
        let every = Duration::from_secs(20);
        let polled =
            |at| crate::domain::price::Quote { delivery: Delivery::Polled(every), ..quote("ETH-USD", 3_000.0, at) };
        desk.send(Event::Quote(polled(minute(0))));
        desk.wait(10);
        let mut desk = set_back(desk);
        assert_eq!([words(&desk, "BTC-USD"), words(&desk, "ETH-USD")], ["live", "poll"]);
        desk.wait(5);
        assert_eq!([words(&desk, "BTC-USD"), words(&desk, "ETH-USD")], ["stale", "poll"], "15 s without a sign");
        desk.wait(25);
        assert_eq!([words(&desk, "BTC-USD"), words(&desk, "ETH-USD")], ["stale", "stale"], "two intervals");
        // What comes now is newer, whatever the clock says.
        let now = desk.now;
        desk.send(Event::Quote(polled(now)));
        assert_eq!(words(&desk, "ETH-USD"), "poll");
    }

    #[test]
    fn a_price_that_was_on_its_way_meanwhile_keeps_no_newer_one_out() {
        let mut desk = set_back(Desk::new());
        let timeless = |price, at| crate::domain::price::Quote { exchange_time: None, ..quote("BTC-USD", price, at) };
        desk.send(Event::Quote(timeless(97_000.0, minute(0))));
        assert_eq!(words(&desk, "BTC-USD"), "stale", "it is of a clock that is not ours any more");
        let now = desk.now;
        desk.send(Event::Quote(timeless(97_500.0, now)));
        assert_eq!(words(&desk, "BTC-USD"), "live");
    }

    #[test]
    fn refusals_feeds_and_notices_go_with_the_clock() {
        let mut desk = Desk::new();
        let blocked = Outcome::Blocked { refusal: Refusal::by_status("coingecko", 429), until: minute(2) };
        desk.send(Event::Source(report("coingecko", Capability::Quote, minute(0), blocked)));
        desk.send(Event::Feed(Box::new(feed_state("SEC press releases", minute(0)))));
        desk.send(Event::AlertFailed { alert: "x".into(), why: "y".into() });
        let mut desk = set_back(desk);
        assert!(desk.app.health.block("coingecko", desk.now).is_some());
        assert!(desk.app.notices.current.is_some());
        let state = desk.app.health.feed_states().next().cloned();
        assert_eq!(state.and_then(|state| state.history.last_success), Some(desk.now));
        desk.wait(9);
        assert_eq!(
            desk.app.notices.current.as_ref().and_then(|notice| notice.until),
            None,
            "a notice stands for eight seconds"
        );
        desk.wait(120);
        assert!(desk.app.health.block("coingecko", desk.now).is_none());
    }

    #[test]
    fn alerts_sleep_for_an_hour_and_no_longer() {
        let mut desk = Desk::new();
        desk.app.snooze_all();
        let mut desk = set_back(desk);
        let sleeps = |desk: &Desk| {
            desk.app
                .alerts
                .listed(desk.app.now)
                .iter()
                .any(|line| matches!(line, crate::app::alerts::Listed::Alert { sleeps: Some(_), .. }))
        };
        assert!(sleeps(&desk));
        desk.wait(3_600);
        assert!(!sleeps(&desk));
    }

    #[test]
    fn a_flash_ends_in_time() {
        let mut desk = Desk::new();
        desk.send(Event::Quote(quote("NVDA", 180.0, second(0))));
        desk.send(Event::Quote(quote("NVDA", 181.0, second(0))));
        let mut desk = set_back(desk);
        assert_eq!(desk.app.flashes.rose("NVDA", desk.now), Some(true));
        desk.wait(1);
        assert_eq!(desk.app.flashes.rose("NVDA", desk.now), None);
    }
}
