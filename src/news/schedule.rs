//! When a feed is asked next. Pure: the time, the answer's wishes and chance come from outside.
//!
//! The server's own wishes (`Cache-Control`, `Expires`, `Retry-After`; RFC 9110, 9111 and 6585) may only lengthen the
//! wait. Chance spreads it, so that many programs started together do not stay together.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::dates;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
/// No wait is longer, however absurd a header or long a trouble: every feed is asked once a day.
const LONGEST: Duration = Duration::from_secs(24 * 3600);
/// But for this: a server may ask for patience by name.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(7 * 24 * 3600);
/// After a 429 or 503 that does not tell how long, doubled each time.
const UNTOLD_PATIENCE: Duration = Duration::from_secs(15 * 60);
/// After refusals in a row; the last for all further ones.
const AFTER_REFUSALS: [Duration; 3] = [HOUR, Duration::from_secs(6 * 3600), LONGEST];
/// How often a network that is down is tried.
const OFFLINE: Duration = MINUTE;
/// How far chance moves a wait, as a part of it.
const SPREAD: f64 = 0.1;

/// What an answer wishes for, as spans from now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// How long the answer stays good: `max-age` less `Age`, else `Expires` less `Date`.
    pub fresh_for: Option<Duration>,
    pub retry_after: Option<Duration>,
    /// `<ttl>` of RSS.
    pub ttl: Option<Duration>,
}

impl Wishes {
    /// Reads the headers of an answer that came at `now`.
    pub fn read<'a>(header: impl Fn(&str) -> Option<&'a str>, now: Timestamp) -> Wishes {
        let date = header("date").and_then(dates::parse).unwrap_or(now);
        let age = header("age").and_then(|age| age.trim().parse().ok()).unwrap_or(0);
        let max_age =
            header("cache-control").and_then(max_age).map(|seconds| Duration::from_secs(seconds.saturating_sub(age)));
        let expires = || span(date, dates::parse(header("expires")?)?);
        let retry_after = header("retry-after").and_then(|text| match text.trim().parse() {
            Ok(seconds) => Some(Duration::from_secs(seconds)),
            Err(_) => Some(span(now, dates::parse(text)?).unwrap_or_default()),
        });
        Wishes { fresh_for: max_age.or_else(expires), retry_after, ttl: None }
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
pub enum Ending {
    /// Read, or unchanged.
    Good,
    /// 429 or 503: asks for patience.
    Patience,
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
    /// No feed is asked more often.
    pub floor: Duration,
}

/// How long to wait after a poll; None: for ever.
///
/// `failures` counts this one too; `chance` lies between -1 and 1.
pub fn wait(pace: Pace, ending: Ending, failures: u32, wishes: &Wishes, chance: f64) -> Option<Duration> {
    let interval = pace.interval.max(pace.floor);
    let own = match ending {
        Ending::Gone => return None,
        Ending::Good => interval,
        Ending::Offline => return Some(spread(OFFLINE.max(pace.floor), chance)),
        Ending::Patience if wishes.retry_after.is_some() => pace.floor,
        Ending::Patience => doubled(UNTOLD_PATIENCE, failures),
        Ending::Refused => AFTER_REFUSALS[failures.clamp(1, 3) as usize - 1],
        Ending::Locked => LONGEST,
        Ending::Failed => doubled(interval, failures),
    };
    let own = spread(own.min(LONGEST), chance).max(pace.floor);
    let kept = [wishes.fresh_for, wishes.ttl.filter(|_| ending == Ending::Good)];
    let kept = kept.into_iter().flatten().max().unwrap_or_default().min(LONGEST);
    let patience = wishes.retry_after.unwrap_or_default().min(LONGEST_RETRY_AFTER);
    // A wish is a lower bound: chance may only add to it.
    Some(own.max(spread(kept.max(patience), chance.abs())))
}

/// The moment to ask next; None: never again.
pub fn next_check(
    now: Timestamp,
    pace: Pace,
    ending: Ending,
    failures: u32,
    wishes: &Wishes,
    chance: f64,
) -> Option<Timestamp> {
    let wait = wait(pace, ending, failures, wishes, chance)?;
    Some(now.checked_add(SignedDuration::try_from(wait).ok()?).unwrap_or(Timestamp::MAX))
}

/// Doubled for each failure after the first.
fn doubled(base: Duration, failures: u32) -> Duration {
    base.saturating_mul(1_u32.checked_shl(failures.saturating_sub(1).min(20)).unwrap_or(u32::MAX)).min(LONGEST)
}

fn spread(wait: Duration, chance: f64) -> Duration {
    wait.mul_f64(1.0 + SPREAD * chance.clamp(-1.0, 1.0))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const PACE: Pace = Pace { interval: Duration::from_secs(600), floor: MINUTE };
    const NONE: Wishes = Wishes { fresh_for: None, retry_after: None, ttl: None };

    fn seconds(ending: Ending, failures: u32, wishes: Wishes, chance: f64) -> u64 {
        wait(PACE, ending, failures, &wishes, chance).unwrap().as_secs()
    }

    fn secs(seconds: u64) -> Option<Duration> {
        Some(Duration::from_secs(seconds))
    }

    #[test]
    fn rule_8_the_longest_of_interval_and_wishes() {
        for (wishes, expected) in [
            (NONE, 600),
            (Wishes { fresh_for: secs(300), ..NONE }, 600),
            (Wishes { fresh_for: secs(900), ..NONE }, 900),
            (Wishes { ttl: secs(3600), ..NONE }, 3600),
            (Wishes { retry_after: secs(1200), ..NONE }, 1200),
            (Wishes { fresh_for: secs(99_999_999), ..NONE }, 86_400),
            (Wishes { retry_after: secs(99_999_999), ..NONE }, 604_800),
        ] {
            assert_eq!(seconds(Ending::Good, 0, wishes, 0.0), expected, "{wishes:?}");
        }
        assert_eq!(seconds(Ending::Patience, 1, Wishes { fresh_for: secs(7200), ..NONE }, 0.0), 7200);
    }

    #[test]
    fn rule_8_headers_are_read_in_all_their_forms() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
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
            let wishes = Wishes::read(|name| headers.iter().find(|(known, _)| *known == name).map(|(_, v)| *v), now);
            assert_eq!(wishes.fresh_for, fresh_for.and_then(secs), "{headers:?}");
            assert_eq!(wishes.retry_after, retry_after.and_then(secs), "{headers:?}");
        }
    }

    #[test]
    fn rule_9_never_below_the_floor() {
        let hasty = Pace { interval: Duration::from_secs(5), floor: MINUTE };
        for ending in [Ending::Good, Ending::Patience, Ending::Failed] {
            let wishes = Wishes { retry_after: secs(0), ..NONE };
            assert!(wait(hasty, ending, 1, &wishes, -1.0).unwrap() >= MINUTE, "{ending:?}");
        }
    }

    #[test]
    fn rule_11_chance_spreads_but_never_shortens_a_wish() {
        assert_eq!(seconds(Ending::Good, 0, NONE, -1.0), 540);
        assert_eq!(seconds(Ending::Good, 0, NONE, 1.0), 660);
        let wishes = Wishes { fresh_for: secs(1000), ..NONE };
        assert_eq!(seconds(Ending::Good, 0, wishes, -1.0), 1100);
        assert_eq!(seconds(Ending::Good, 0, wishes, 0.0), 1000);
    }

    #[test]
    fn rule_16_failures_back_off_and_never_give_up() {
        for (ending, failures, expected) in [
            (Ending::Failed, 1, 600),
            (Ending::Failed, 2, 1200),
            (Ending::Failed, 4, 4800),
            (Ending::Failed, 60, 86_400),
            (Ending::Patience, 1, 900),
            (Ending::Patience, 3, 3600),
            (Ending::Refused, 1, 3600),
            (Ending::Refused, 2, 21_600),
            (Ending::Refused, 9, 86_400),
            (Ending::Locked, 1, 86_400),
        ] {
            assert_eq!(seconds(ending, failures, NONE, 0.0), expected, "{ending:?} {failures}");
        }
        assert_eq!(seconds(Ending::Patience, 5, Wishes { retry_after: secs(120), ..NONE }, 0.0), 120);
        assert_eq!(wait(PACE, Ending::Gone, 1, &NONE, 0.0), None);
    }

    #[test]
    fn rule_17_a_network_that_is_down_is_tried_soon() {
        assert_eq!(seconds(Ending::Offline, 30, NONE, 0.0), 60);
    }
}
