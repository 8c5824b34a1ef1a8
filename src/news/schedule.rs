//! When a feed is asked next, and why then. Pure: the time, the answer's wishes and chance come from outside.
//!
//! The server's own wishes (`Cache-Control`, `Expires`, `Retry-After`; RFC 9110, 9111 and 6585) may only lengthen the
//! wait. Chance spreads it, so that many programs started together do not stay together.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::dates;
use crate::domain::feed::{Feed, FeedState, NextCheck, Rhythm, WaitReason};

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
/// No wait is longer, however absurd a header or long a trouble: every feed is asked once a day.
const LONGEST: Duration = Duration::from_hours(24);
/// But for this: a server may ask for patience by name.
pub(crate) const LONGEST_RETRY_AFTER: Duration = Duration::from_hours(7 * 24);
/// No `next_check` is further away than this (skipped days come on top of the longest wait): one that is was written
/// under another clock.
const FARTHEST: SignedDuration = SignedDuration::from_hours(16 * 24);
/// A clock may be set right by so much without anything to be done about it.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_mins(1);
/// After a 429 or 503 that does not tell how long, doubled each time.
pub(crate) const RATE_LIMIT_WAIT: Duration = Duration::from_mins(15);
/// After refusals in a row; the last for all further ones.
const AFTER_REFUSALS: [Duration; 3] = [HOUR, Duration::from_hours(6), LONGEST];
/// How often a network that is down is tried.
const OFFLINE: Duration = MINUTE;
/// How far chance moves a wait, as a part of it.
const SPREAD: f64 = 0.1;
/// How far chance moves the first request after skipped hours: they end for everybody at once.
const AFTER_SKIPPED: Duration = Duration::from_mins(5);

/// What an answer wishes for, as spans from now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wishes {
    /// `max-age` as it stands: it holds for later answers of 304 that do not repeat it.
    pub max_age: Option<Duration>,
    /// How long the answer stays good: `max-age` less `Age`, else `Expires` less `Date`.
    pub fresh_for: Option<Duration>,
    pub retry_after: Option<Duration>,
}

impl Wishes {
    /// Reads the headers of an answer that came at `now`.
    pub(crate) fn read<'a>(header: impl Fn(&str) -> Option<&'a str>, now: Timestamp) -> Wishes {
        let date = header("date").and_then(dates::parse).unwrap_or(now);
        let age = header("age").and_then(|age| age.trim().parse().ok()).unwrap_or_default();
        let max_age = header("cache-control").and_then(max_age).map(Duration::from_secs);
        let expires = || span(date, dates::parse(header("expires")?)?);
        let retry_after = header("retry-after").and_then(|text| match text.trim().parse() {
            Ok(seconds) => Some(Duration::from_secs(seconds)),
            Err(_) => Some(span(now, dates::parse(text)?).unwrap_or_default()),
        });
        let left = max_age.map(|max_age| max_age.saturating_sub(Duration::from_secs(age)));
        Wishes { max_age, fresh_for: left.or_else(expires), retry_after }
    }
}

fn max_age(cache_control: &str) -> Option<u64> {
    let mut directives = cache_control.split(',').map(str::trim);
    directives.find_map(|directive| {
        let (name, value) = directive.split_once('=')?;
        name.trim().eq_ignore_ascii_case("max-age").then(|| value.trim().trim_matches('"').parse().ok())?
    })
}

/// None when it runs backwards.
fn span(from: Timestamp, to: Timestamp) -> Option<Duration> {
    Duration::try_from(to.duration_since(from)).ok()
}

/// How a poll ended, as far as the schedule cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Disposition {
    /// Read, or unchanged.
    Good,
    /// 429 or 503, or a refusal for being too fast: it is asked less often.
    RateLimited,
    /// 403, or a challenge page.
    Refused,
    /// 401, 402 or 407: only the reader's settings can help.
    Locked,
    /// 410.
    Gone,
    /// Everything else: no answer, an error, no feed.
    Failed,
    /// The network itself is down.
    Offline,
}

/// How often a feed may be asked, by its configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    pub interval: Duration,
    /// The user wrote the interval: nothing but wishes and failures makes the wait longer.
    pub is_own: bool,
    /// No feed is asked more often.
    pub floor: Duration,
    /// A primary source is wanted soon, however rarely it speaks.
    pub is_primary: bool,
}

impl Pace {
    /// Of a feed, under the floor of the network settings.
    pub fn of(feed: &Feed, floor: Duration) -> Pace {
        Pace { interval: feed.interval, is_own: feed.own_interval, floor, is_primary: feed.primary }
    }
}

/// All that the next time depends on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case<'a> {
    pub pace: Pace,
    pub disposition: Disposition,
    /// Failures in a row, this one too.
    pub failures: u32,
    /// How often in a row its site asked for patience, this time too; from whichever of its feeds.
    pub patience: u32,
    pub wishes: &'a Wishes,
    pub rhythm: &'a Rhythm,
    pub now: Timestamp,
    /// Between -1 and 1.
    pub chance: f64,
}

/// The moment to ask next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub next: NextCheck,
    pub why: WaitReason,
    /// When the publisher's wishes end, where they are what is waited for.
    pub wished_until: Option<Timestamp>,
    /// Before this it may not even be asked by hand.
    pub cool_until: Option<Timestamp>,
}

/// When to ask again after a poll.
pub(crate) fn plan(case: &Case) -> Plan {
    let Some((wait, why)) = wait(case) else {
        return Plan { next: NextCheck::Never, why: WaitReason::Gone, wished_until: None, cool_until: None };
    };
    let due = later(case.now, wait);
    let wished_until =
        matches!(why, WaitReason::MaxAge(_) | WaitReason::Ttl(_) | WaitReason::RetryAfter(_)).then_some(due);
    let is_patience =
        case.disposition == Disposition::RateLimited || case.wishes.retry_after.is_some_and(|time| !time.is_zero());
    let patient = Case { wishes: &Wishes { retry_after: case.wishes.retry_after, ..Wishes::default() }, ..*case };
    let cool = if case.disposition == Disposition::RateLimited { wait_of(&patient) } else { retry_after_wait(case) };
    let cool_until = is_patience.then(|| later(case.now, cool));
    let open = case.rhythm.open_from(due);
    match open > due {
        true => {
            let is_day = case.rhythm.skip_hours.is_empty() || open.duration_since(due) > SignedDuration::from_hours(23);
            let why = if is_day { WaitReason::SkipDays } else { WaitReason::SkipHours };
            let next = later(open, AFTER_SKIPPED.mul_f64(case.chance.abs().min(1.0)));
            Plan { next: NextCheck::At(next), why, wished_until: Some(next), cool_until }
        }
        false => Plan { next: NextCheck::At(due), why, wished_until, cool_until },
    }
}

fn wait_of(case: &Case) -> Duration {
    wait(case).map_or(Duration::ZERO, |(wait, _)| wait)
}

/// How long to wait and why; None: for ever.
fn wait(case: &Case) -> Option<(Duration, WaitReason)> {
    let Case { pace, disposition, failures, wishes, chance, .. } = *case;
    let interval = pace.interval.max(pace.floor);
    let (own, why) = match disposition {
        Disposition::Gone => return None,
        Disposition::Offline => return Some((spread(OFFLINE, chance).max(pace.floor), WaitReason::Offline)),
        Disposition::Good => case.rhythm.interval(&pace, case.now),
        Disposition::RateLimited if wishes.retry_after.is_some() => (pace.floor, WaitReason::RateLimited(None)),
        Disposition::RateLimited => (doubled(RATE_LIMIT_WAIT, case.patience), WaitReason::RateLimited(None)),
        Disposition::Refused => {
            (AFTER_REFUSALS[failures.clamp(1, 3) as usize - 1], WaitReason::Refused(failures.max(1)))
        }
        Disposition::Locked => (LONGEST, WaitReason::Locked),
        Disposition::Failed => (backed_off(interval, failures, chance), WaitReason::Failures(failures)),
    };
    // Chance may not make a wait longer than the longest that was promised.
    let is_promised = disposition == Disposition::Good && (pace.is_own || pace.is_primary);
    let chance_of_own = if is_promised { -chance.abs() } else { chance };
    let own = spread(own.min(LONGEST.max(pace.floor)), chance_of_own).max(pace.floor);
    // A wish is a lower bound: chance may only add to it.
    let wish = |wish: Option<Duration>, why: fn(Duration) -> WaitReason, most: Duration| {
        wish.map(|time| (spread(time.min(most), chance.abs()), why(time.min(most))))
    };
    let good = disposition == Disposition::Good;
    let remembered = wishes.fresh_for.or(case.rhythm.max_age.filter(|_| good));
    let wishes = [
        wish(remembered, WaitReason::MaxAge, LONGEST),
        wish(case.rhythm.ttl.filter(|_| good), WaitReason::Ttl, LONGEST),
        wish(wishes.retry_after, WaitReason::RetryAfter, LONGEST_RETRY_AFTER),
    ];
    // Of equal ones the first is shown: what the reader configured.
    let longer = |best: (Duration, WaitReason), next: (Duration, WaitReason)| if next.0 > best.0 { next } else { best };
    Some(wishes.into_iter().flatten().fold((own, why), longer))
}

/// What `Retry-After` alone asks for.
fn retry_after_wait(case: &Case) -> Duration {
    spread(case.wishes.retry_after.unwrap_or_default().min(LONGEST_RETRY_AFTER), case.chance.abs())
}

/// Doubled for each failure after the first.
fn doubled(base: Duration, failures: u32) -> Duration {
    base.saturating_mul(1_u32.checked_shl(failures.saturating_sub(1).min(20)).unwrap_or(u32::MAX)).min(LONGEST)
}

/// After failures: anywhere between the interval and its double for each failure, so that those who failed together
/// do not come back together.
fn backed_off(interval: Duration, failures: u32, chance: f64) -> Duration {
    let longest = doubled(interval, failures);
    interval.saturating_add(longest.saturating_sub(interval).mul_f64(f64::midpoint(chance.clamp(-1.0, 1.0), 1.0)))
}

fn spread(wait: Duration, chance: f64) -> Duration {
    wait.mul_f64(1.0 + SPREAD * chance.clamp(-1.0, 1.0))
}

/// A time and a span after it, as far as times go.
pub(crate) fn later(at: Timestamp, time: Duration) -> Timestamp {
    SignedDuration::try_from(time).ok().and_then(|time| at.checked_add(time).ok()).unwrap_or(Timestamp::MAX)
}

/// The times of a state, when the clock they were written under ran ahead of this one: it was set back since, or
/// wrong then. The feed waits as long as it was to wait, but not for the clock to come round again. None: all is well.
pub(crate) fn set_right(state: &FeedState, now: Timestamp) -> Option<FeedState> {
    let next = state.schedule.next_check.time()?;
    let last = state.history.last_attempt;
    let ahead = last.map_or(SignedDuration::ZERO, |last| last.duration_since(now));
    if ahead <= CLOCK_TOLERANCE && next.duration_since(now) <= FARTHEST {
        return None;
    }
    let wait = last.map_or(SignedDuration::ZERO, |last| next.duration_since(last));
    let wait = if wait > FARTHEST { Duration::ZERO } else { Duration::try_from(wait).unwrap_or_default() };
    let mut state = state.clone();
    state.schedule.next_check = NextCheck::At(later(now, wait));
    state.schedule.cool_until = state.schedule.cool_until.map(|cool| later(now, wait).min(cool));
    state.history.last_attempt = last.map(|last| last.min(now));
    Some(state)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const PACE: Pace = Pace { interval: Duration::from_mins(10), is_own: false, floor: MINUTE, is_primary: false };
    const NONE: Wishes = Wishes { max_age: None, fresh_for: None, retry_after: None };

    fn now() -> Timestamp {
        "2026-11-23T12:00:00Z".parse().unwrap()
    }

    fn planned(disposition: Disposition, failures: u32, wishes: Wishes, rhythm: &Rhythm, chance: f64) -> Plan {
        plan(&Case {
            pace: PACE,
            disposition,
            failures,
            patience: failures,
            wishes: &wishes,
            rhythm,
            now: now(),
            chance,
        })
    }

    fn seconds(disposition: Disposition, failures: u32, wishes: Wishes, chance: f64) -> i64 {
        let plan = planned(disposition, failures, wishes, &Rhythm::default(), chance);
        time(&plan).duration_since(now()).as_secs()
    }

    fn time(plan: &Plan) -> Timestamp {
        plan.next.time().unwrap()
    }

    fn secs(seconds: u64) -> Option<Duration> {
        Some(Duration::from_secs(seconds))
    }

    #[test]
    fn the_longest_of_interval_and_wishes_and_it_is_told() {
        let ttl = Rhythm { ttl: secs(3600), ..Rhythm::default() };
        let max_age = Rhythm { max_age: secs(1800), ..Rhythm::default() };
        let none = Rhythm::default();
        for (wishes, rhythm, expected, why) in [
            (NONE, &none, 600, "asked every 10 min"),
            (Wishes { fresh_for: secs(300), ..NONE }, &none, 600, "asked every 10 min"),
            (Wishes { fresh_for: secs(900), ..NONE }, &none, 900, "its server asks for 15 min (max-age)"),
            (NONE, &ttl, 3600, "the feed asks for 60 min (ttl)"),
            (NONE, &max_age, 1800, "its server asks for 30 min (max-age)"),
            (Wishes { fresh_for: secs(900), ..NONE }, &max_age, 900, "its server asks for 15 min (max-age)"),
            (
                Wishes { retry_after: secs(1200), ..NONE },
                &none,
                1200,
                "its site asked for 20 min of patience (Retry-After)",
            ),
            (Wishes { fresh_for: secs(99_999_999), ..NONE }, &none, 86_400, "its server asks for 24 h (max-age)"),
            (
                Wishes { retry_after: secs(99_999_999), ..NONE },
                &ttl,
                604_800,
                "its site asked for 7 days of patience (Retry-After)",
            ),
        ] {
            let plan = planned(Disposition::Good, 0, wishes, rhythm, 0.0);
            assert_eq!(time(&plan).duration_since(now()).as_secs(), expected, "{wishes:?} {rhythm:?}");
            assert_eq!(plan.why.to_string(), why);
        }
        assert_eq!(seconds(Disposition::RateLimited, 1, Wishes { fresh_for: secs(7200), ..NONE }, 0.0), 7200);
    }

    #[test]
    fn headers_are_read_in_all_their_forms() {
        for (headers, fresh_for, retry_after) in [
            (vec![("cache-control", "public, max-age=300")], Some(300), None),
            (vec![("cache-control", "max-age=\"300\""), ("age", "100")], Some(200), None),
            (vec![("cache-control", "no-cache")], None, None),
            (vec![("expires", "Mon, 23 Nov 2026 12:10:00 GMT")], Some(600), None),
            (
                vec![("expires", "Mon, 23 Nov 2026 11:10:00 GMT"), ("date", "Mon, 23 Nov 2026 11:00:00 GMT")],
                Some(600),
                None,
            ),
            (vec![("expires", "0")], None, None),
            (vec![("expires", "Mon, 23 Nov 2026 11:00:00 GMT")], None, None),
            (vec![("retry-after", "120")], None, Some(120)),
            (vec![("retry-after", "0")], None, Some(0)),
            (vec![("retry-after", "Mon, 23 Nov 2026 12:02:00 GMT")], None, Some(120)),
            (vec![("retry-after", "Monday, 23-Nov-26 12:02:00 GMT")], None, Some(120)),
            (vec![("retry-after", "Mon, 23 Nov 2026 11:02:00 GMT")], None, Some(0)),
            (vec![("retry-after", "soon")], None, None),
        ] {
            let wishes = Wishes::read(|name| headers.iter().find(|(known, _)| *known == name).map(|(_, v)| *v), now());
            assert_eq!(wishes.fresh_for, fresh_for.and_then(secs), "{headers:?}");
            assert_eq!(wishes.retry_after, retry_after.and_then(secs), "{headers:?}");
        }
    }

    #[test]
    fn never_below_the_floor() {
        let pace = Pace { interval: Duration::from_secs(5), ..PACE };
        let (wishes, rhythm) =
            (Wishes { retry_after: secs(0), ..NONE }, Rhythm { max_age: secs(0), ..Default::default() });
        for disposition in [Disposition::Good, Disposition::RateLimited, Disposition::Failed, Disposition::Offline] {
            let case = Case {
                pace,
                disposition,
                failures: 1,
                patience: 1,
                wishes: &wishes,
                rhythm: &rhythm,
                now: now(),
                chance: -1.0,
            };
            assert!(time(&plan(&case)) >= later(now(), MINUTE), "{disposition:?}");
        }
    }

    #[test]
    fn skipped_hours_move_the_next_request_but_not_the_patience() {
        let rhythm = Rhythm { skip_hours: vec![12, 13], ..Rhythm::default() };
        let plan = planned(Disposition::Good, 0, NONE, &rhythm, 0.0);
        assert_eq!(time(&plan).to_string(), "2026-11-23T14:00:00Z");
        assert_eq!(plan.why.to_string(), "it asks not to be polled at this hour (skipHours)");
        let spread = planned(Disposition::Good, 0, NONE, &rhythm, -1.0);
        assert_eq!(time(&spread).to_string(), "2026-11-23T14:05:00Z");
        let monday = Rhythm { skip_days: vec![0], ..Rhythm::default() };
        let plan = planned(Disposition::RateLimited, 1, NONE, &monday, 0.0);
        assert_eq!(time(&plan).to_string(), "2026-11-24T00:00:00Z");
        assert_eq!(plan.cool_until.unwrap().to_string(), "2026-11-23T12:15:00Z");
        assert_eq!(plan.why.to_string(), "it asks not to be polled on this day (skipDays)");
    }

    #[test]
    fn chance_spreads_but_never_shortens_a_wish() {
        assert_eq!(seconds(Disposition::Good, 0, NONE, -1.0), 540);
        assert_eq!(seconds(Disposition::Good, 0, NONE, 1.0), 660);
        let wishes = Wishes { fresh_for: secs(1000), ..NONE };
        assert_eq!(seconds(Disposition::Good, 0, wishes, -1.0), 1100);
        assert_eq!(seconds(Disposition::Good, 0, wishes, 0.0), 1000);
    }

    #[test]
    fn chance_never_lengthens_a_wait_that_was_promised() {
        let pace = |is_own, is_primary| Pace { is_own, is_primary, ..PACE };
        for (pace, disposition, chance, expected) in [
            (pace(true, false), Disposition::Good, 1.0, 540),
            (pace(true, false), Disposition::Good, -1.0, 540),
            (pace(true, false), Disposition::Good, 0.0, 600),
            (pace(false, true), Disposition::Good, 1.0, 540),
            (Pace { interval: MINUTE, ..pace(true, false) }, Disposition::Good, 1.0, 60),
            (pace(true, false), Disposition::Refused, 1.0, 3960),
        ] {
            let rhythm = Rhythm::default();
            let case = Case {
                pace,
                disposition,
                failures: 1,
                patience: 0,
                wishes: &NONE,
                rhythm: &rhythm,
                now: now(),
                chance,
            };
            assert_eq!(
                time(&plan(&case)).duration_since(now()).as_secs(),
                expected,
                "{pace:?} {disposition:?} {chance}"
            );
        }
    }

    #[test]
    fn what_the_publisher_wishes_for_is_remembered() {
        let until = |wishes, rhythm: &Rhythm| planned(Disposition::Good, 0, wishes, rhythm, 0.0).wished_until;
        let none = Rhythm::default();
        assert_eq!(until(NONE, &none), None);
        assert_eq!(until(Wishes { fresh_for: secs(300), ..NONE }, &none), None, "shorter than the interval");
        let hour = Some(later(now(), HOUR));
        assert_eq!(until(Wishes { fresh_for: secs(3600), ..NONE }, &none), hour);
        assert_eq!(until(NONE, &Rhythm { ttl: secs(3600), ..Rhythm::default() }), hour);
    }

    #[test]
    fn a_clock_that_was_set_back_stalls_nothing() {
        let at = |text: &str| Some(text.parse::<Timestamp>().unwrap());
        let state = |last: Option<Timestamp>, next: Option<Timestamp>| {
            let mut state = FeedState::new("Paper".into(), "u".into());
            state.history.last_attempt = last;
            state.schedule.next_check = next.map_or(NextCheck::Never, NextCheck::At);
            state
        };
        let well = state(at("2026-11-23T11:55:00Z"), at("2026-11-23T12:05:00Z"));
        assert_eq!(set_right(&well, now()), None);
        let ahead = state(at("2026-11-23T15:00:00Z"), at("2026-11-23T15:10:00Z"));
        let set = set_right(&ahead, now()).unwrap();
        assert_eq!(
            (set.history.last_attempt, set.schedule.next_check.time()),
            (Some(now()), at("2026-11-23T12:10:00Z"))
        );
        assert_eq!(set_right(&set, now()), None);
        let absurd = state(at("2026-11-23T11:00:00Z"), at("2038-01-01T00:00:00Z"));
        assert_eq!(set_right(&absurd, now()).unwrap().schedule.next_check, NextCheck::At(now()));
        let stopped = state(at("2027-01-01T00:00:00Z"), None);
        assert_eq!(set_right(&stopped, now()), None);
    }

    #[test]
    fn failures_back_off_and_never_give_up() {
        for (disposition, failures, chance, expected) in [
            (Disposition::Failed, 1, 0.0, 600),
            (Disposition::Failed, 2, 0.0, 900),
            (Disposition::Failed, 4, 0.0, 2700),
            (Disposition::Failed, 4, -1.0, 540),
            (Disposition::Failed, 4, 1.0, 5280),
            (Disposition::Failed, 60, 1.0, 95_040),
            (Disposition::RateLimited, 1, 0.0, 900),
            (Disposition::RateLimited, 3, 0.0, 3600),
            (Disposition::Refused, 1, 0.0, 3600),
            (Disposition::Refused, 2, 0.0, 21_600),
            (Disposition::Refused, 9, 0.0, 86_400),
            (Disposition::Locked, 1, 0.0, 86_400),
        ] {
            assert_eq!(seconds(disposition, failures, NONE, chance), expected, "{disposition:?} {failures} {chance}");
        }
        assert_eq!(seconds(Disposition::RateLimited, 5, Wishes { retry_after: secs(120), ..NONE }, 0.0), 120);
        assert_eq!(planned(Disposition::Gone, 1, NONE, &Rhythm::default(), 0.0).next, NextCheck::Never);
    }

    #[test]
    fn patience_may_be_told_by_any_answer() {
        let wishes = Wishes { retry_after: secs(1800), fresh_for: secs(7200), ..NONE };
        for disposition in [Disposition::Good, Disposition::RateLimited, Disposition::Failed] {
            let plan = planned(disposition, 1, wishes, &Rhythm::default(), 0.0);
            assert_eq!(plan.cool_until, Some(later(now(), Duration::from_mins(30))), "{disposition:?}");
            assert_eq!(time(&plan), later(now(), Duration::from_hours(2)));
        }
        assert_eq!(planned(Disposition::Good, 0, NONE, &Rhythm::default(), 0.0).cool_until, None);
    }

    #[test]
    fn a_network_that_is_down_is_tried_soon() {
        assert_eq!(seconds(Disposition::Offline, 30, NONE, 0.0), 60);
    }
}
