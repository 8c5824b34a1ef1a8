//! How often a source may be asked: a few requests at once, then one for each of its spacings.
//!
//! The generic cell rate algorithm (ITU-T I.371): one time says how much of the allowance is used up. A question that
//! somebody looks at, a chart or what a fallen socket left, may borrow from the allowance to come; history that nobody
//! looks at leaves a part of it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::Source;
use super::backoff::{later, signed};
use crate::event::move_back;

/// Between two requests to one source, however much of its allowance is left.
const GAP: Duration = Duration::from_millis(250);
/// How long a source is thought to take for an answer before it has given one.
const USUAL_ANSWER: SignedDuration = SignedDuration::from_millis(400);

/// What a question is for, the most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Priority {
    /// The chart on screen, or prices that a socket has just ceased to bring.
    Shown,
    Price,
    /// History that is not on screen.
    History,
}

/// The allowance of one source.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    spacing: SignedDuration,
    burst: u32,
    gap: SignedDuration,
    /// When the whole allowance is there again; None while nothing of it was used.
    full_at: Option<Timestamp>,
    /// When the last request ended, or began if it is under way.
    last: Option<Timestamp>,
    /// How long the last answer took.
    answer_time: SignedDuration,
}

impl Pace {
    pub(super) fn new(source: &Source) -> Pace {
        Pace {
            spacing: signed(source.spacing),
            burst: source.burst.max(1),
            gap: signed(GAP.min(source.spacing)),
            full_at: None,
            last: None,
            answer_time: USUAL_ANSWER,
        }
    }

    /// When a request may be made at the earliest.
    pub(super) fn earliest(&self, priority: Priority, now: Timestamp) -> Timestamp {
        let saved = self.burst - 1;
        let advance = match priority {
            Priority::Shown => saved * 2,
            Priority::Price => saved,
            Priority::History => saved.saturating_sub(1),
        };
        let allowed = later(self.full_at(now), -self.times(advance));
        allowed.max(self.rested_at(now)).max(now)
    }

    /// When the answer to a request for prices is expected that so many others go before, one after the other.
    pub(super) fn answered_after(&self, others: u32, now: Timestamp) -> Timestamp {
        let spaced = later(self.full_at(now), self.times(others) - self.times(self.burst - 1));
        let each = self.gap.saturating_add(self.answer_time);
        let queued = each.checked_mul(others.try_into().unwrap_or(i32::MAX)).unwrap_or(SignedDuration::MAX);
        later(spaced.max(later(self.rested_at(now), queued)), self.answer_time)
    }

    /// A request begins.
    pub(super) fn began(&mut self, now: Timestamp) {
        self.full_at = Some(later(self.full_at(now), self.spacing));
        self.last = Some(now);
    }

    /// The source fails: what was saved up is gone, and the next request is a spacing away.
    pub(super) fn exhaust(&mut self, now: Timestamp) {
        self.full_at = Some(later(now, self.times(self.burst)).max(self.full_at(now)));
    }

    /// It has ended.
    pub(super) fn ended(&mut self, now: Timestamp) {
        self.answer_time = self.last.map_or(USUAL_ANSWER, |began| now.duration_since(began).max(SignedDuration::ZERO));
        self.last = Some(now);
    }

    /// The clock was set back.
    pub(super) fn set_back(&mut self, by: SignedDuration) {
        move_back([&mut self.full_at, &mut self.last].into_iter().flatten(), by);
    }

    /// When the whole allowance is there again, from now on. A clock that was set back must not keep the source waiting
    /// for longer than the allowance is worth.
    fn full_at(&self, now: Timestamp) -> Timestamp {
        self.full_at.map_or(now, |at| at.clamp(now, later(now, self.times(self.burst * 2))))
    }

    /// When the gap after the last request is over, from now on.
    fn rested_at(&self, now: Timestamp) -> Timestamp {
        self.last.map_or(now, |last| later(last.min(now), self.gap).max(now))
    }

    fn times(&self, requests: u32) -> SignedDuration {
        self.spacing.checked_mul(requests.try_into().unwrap_or(i32::MAX)).unwrap_or(SignedDuration::MAX)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::market::source;

    fn at(millis: i64) -> Timestamp {
        let start: Timestamp = "2026-11-23T18:00:00Z".parse().unwrap();
        later(start, SignedDuration::from_millis(millis))
    }

    /// When so many requests of one kind are made, in milliseconds, each as soon as it may.
    fn made(pace: &mut Pace, priority: Priority, count: usize, mut now: Timestamp) -> Vec<i64> {
        let mut times = Vec::new();
        for _ in 0..count {
            now = pace.earliest(priority, now);
            pace.began(now);
            times.push(now.duration_since(at(0)).as_millis() as i64);
        }
        times
    }

    #[test]
    fn a_few_at_once_then_one_in_each_spacing() {
        let mut pace = Pace::new(&Source { burst: 3, spacing: Duration::from_secs(10), ..yahoo() });
        assert_eq!(made(&mut pace, Priority::Price, 5, at(0)), [0, 250, 500, 10_000, 20_000]);
        assert_eq!(made(&mut pace, Priority::Price, 4, at(60_000)), [60_000, 60_250, 60_500, 70_000]);
    }

    #[test]
    fn what_is_on_screen_borrows_and_history_leaves_some() {
        let mut pace = Pace::new(&Source { burst: 3, spacing: Duration::from_secs(10), ..yahoo() });
        assert_eq!(made(&mut pace, Priority::History, 3, at(0)), [0, 250, 10_000]);
        assert_eq!(made(&mut pace, Priority::Shown, 3, at(10_100)), [10_250, 10_500, 10_750]);
        assert_eq!(pace.earliest(Priority::Price, at(10_800)), at(40_000));
    }

    #[test]
    fn a_source_without_a_burst_is_asked_once_in_each_spacing() {
        let mut pace = Pace::new(&Source { burst: 1, spacing: Duration::from_millis(1_500), ..yahoo() });
        assert_eq!(made(&mut pace, Priority::Shown, 3, at(0)), [0, 1_500, 3_000]);
    }

    #[test]
    fn an_answer_is_expected_by_spacing_and_by_how_long_the_last_one_took() {
        let mut pace = Pace::new(&Source { burst: 3, spacing: Duration::from_secs(10), ..yahoo() });
        let expected = |pace: &Pace, now: i64| {
            [0, 1, 2, 3].map(|others| pace.answered_after(others, at(now)).duration_since(at(0)).as_millis())
        };
        assert_eq!(expected(&pace, 0), [400, 1_050, 1_700, 10_400], "before the first answer");
        pace.began(at(0));
        pace.ended(at(900));
        assert_eq!(expected(&pace, 900), [2_050, 3_200, 10_900, 20_900]);
    }

    #[test]
    fn a_clock_that_is_set_back_keeps_nobody_waiting() {
        let mut pace = Pace::new(&Source { burst: 3, spacing: Duration::from_secs(10), ..yahoo() });
        pace.began(at(3_600_000));
        assert!(pace.earliest(Priority::Price, at(0)) <= at(60_000));
    }

    fn yahoo() -> Source {
        let yahoo = source("yahoo").unwrap();
        Source { poll: None, closes: None, candles: None, socket: None, ..*yahoo }
    }
}
