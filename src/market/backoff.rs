//! How a guest asks: how long a refusal is kept to, how long a failure is waited out, when the next question is due.

use std::time::Duration;

use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};

use super::{Deps, MarketHours, Source};
use crate::domain::Name;
use crate::domain::price::{Capability, Failure, Kind, Lack, Outcome, Session, kind};

/// A refusal is never believed to last longer.
pub(super) const LONGEST_BLOCK: SignedDuration = SignedDuration::from_hours(24);
/// At least so long it is not asked after a refusal that is about who we are (401, 403), not how often we ask.
pub(super) const FORBIDDEN_WAIT: Duration = Duration::from_mins(30);
/// Failures in a row double the wait up to this: what recovers is to be seen soon …
const RETRY_MAX: Duration = Duration::from_secs(12);
/// … but what has failed so often …
const RETRIES_BEFORE_SLOW: u32 = 50;
/// … is looked at less often.
const SLOW_RETRY: Duration = Duration::from_mins(1);
/// Whether a symbol trades in a night is looked for this often.
const NIGHT_PROBE: Duration = Duration::from_mins(10);
/// No socket is waited for longer.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// Until when a status that refuses us holds: at least the source's own pause, longer when it wishes so
/// (`Retry-After`). None: the status is no refusal.
pub(super) fn refused(source: &Source, status: u16, wish: Option<&str>, now: Timestamp) -> Option<Timestamp> {
    let pause = match status {
        429 => source.refusal_wait,
        401 | 403 | 407 | 418 | 451 => source.refusal_wait.max(FORBIDDEN_WAIT),
        _ => return None,
    };
    let wished = wish.and_then(|text| retry_after(text, now)).unwrap_or(now);
    Some(later(now, signed(pause)).max(wished).min(later(now, LONGEST_BLOCK)))
}

/// Until when a source is known to refuse us for some of its capabilities, from what is stored; None when it does not.
pub(super) fn refused_until(deps: &Deps, source: &Source, counts: impl Fn(Capability) -> bool) -> Option<Timestamp> {
    let longest = later((deps.clock)(), LONGEST_BLOCK);
    let reports = deps.reports.iter().filter(|report| &*report.source == source.id && counts(report.capability));
    let ends = reports.filter_map(|report| match report.outcome {
        Outcome::Blocked { until, .. } => Some(until.min(longest)),
        Outcome::Well | Outcome::Failed(_) => None,
    });
    ends.max()
}

/// `Retry-After` (RFC 9110, 10.2.3): seconds, or a date.
pub(super) fn retry_after(text: &str, now: Timestamp) -> Option<Timestamp> {
    match text.trim().parse::<u32>() {
        Ok(seconds) => Some(later(now, SignedDuration::from_secs(seconds.into()))),
        Err(_) => rfc2822::parse(text.trim()).ok().map(|date| date.timestamp()),
    }
}

/// When a symbol is asked for again, with a tenth of jitter. While the exchange is closed, at latest when it opens; on a
/// day without trading not before. In a night seldom, until it is known to trade.
pub(super) fn due(symbol: &Name, every: Duration, calendar: &MarketHours, now: Timestamp, random: f64) -> Timestamp {
    let is_unsure = kind(symbol) == Kind::Equity && calendar.is_unsure(symbol, now);
    let every = if is_unsure { every.max(NIGHT_PROBE) } else { every };
    let due = later(now, signed(every.mul_f64(0.9 + 0.2 * random)));
    if kind(symbol) == Kind::Crypto || calendar.session(now) != Session::Closed {
        return due;
    }
    // Not everybody at the stroke of four.
    let opening = later(calendar.next_change(now).at, SignedDuration::from_secs(2 + (10.0 * random) as i64));
    if calendar.day(calendar.date(now)).is_none() { opening } else { due.min(opening) }
}

/// The wait after so many failures in a row, with up to a quarter off by chance.
pub(super) fn retry(spacing: Duration, failures: u32, random: f64) -> Duration {
    let first = Duration::from_secs(5).max(spacing);
    let longest = if failures > RETRIES_BEFORE_SLOW { SLOW_RETRY } else { RETRY_MAX.max(spacing) };
    first.saturating_mul(1 << failures.saturating_sub(1).min(10)).min(longest).mul_f64(0.75 + 0.25 * random)
}

/// The wait after so many lost connections in a row: anything up to a limit that doubles (full jitter).
pub(super) fn back_off(failures: u32, random: f64) -> Duration {
    Duration::from_secs(1 << failures.min(6)).min(LONGEST_WAIT).mul_f64(random.clamp(0.0, 1.0))
}

pub(super) fn until(at: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO)
}

pub(super) fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

pub(super) fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(if by.is_negative() { Timestamp::MIN } else { Timestamp::MAX })
}

/// The same said of several symbols.
pub(super) fn lacks<'a>(symbols: impl IntoIterator<Item = &'a Name>, failure: &Failure) -> Vec<Lack> {
    symbols.into_iter().map(|symbol| Lack { symbol: symbol.clone(), failure: failure.clone() }).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn at_night_a_symbol_is_probed_until_it_trades() {
        use crate::domain::price::{Delivery, Extended, Quote};
        use crate::domain::session::{Calendar, Overnight, new_york};
        let at = |text: &str| {
            let civil: jiff::civil::DateTime = text.parse().unwrap();
            civil.to_zoned_datetime(new_york()).unwrap().timestamp()
        };
        let trade = Extended {
            price: rust_decimal::Decimal::TEN,
            session: Session::Overnight,
            exchange_time: Some(at("2026-12-06 22:00")),
        };
        let quote = Quote {
            symbol: "NVDA".into(),
            price: rust_decimal::Decimal::TEN,
            currency: "USD".into(),
            base: None,
            source: "yahoo".into(),
            session: Session::Overnight,
            exchange_time: Some(at("2026-12-04 16:00")),
            received_time: at("2026-12-06 22:00"),
            delivery: Delivery::Polled(Duration::from_mins(1)),
            extended: Some(trade),
        };
        let minutes = |hours: &MarketHours, now: &str| {
            let due = due(&"NVDA".into(), Duration::from_mins(1), hours, at(now), 0.5);
            (due.duration_since(at(now)).as_secs() + 30) / 60
        };
        let hours = |overnight| MarketHours::new(Calendar::new(&[], &[], overnight));
        let (auto, on) = (hours(Overnight::Auto), hours(Overnight::On));
        // Sunday evening: when the night starts, it is looked whether anything trades.
        assert_eq!([minutes(&auto, "2026-12-06 20:00"), minutes(&on, "2026-12-06 20:00")], [60, 60]);
        assert_eq!([minutes(&auto, "2026-12-06 22:01"), minutes(&on, "2026-12-06 22:01")], [10, 1]);
        auto.note(&quote);
        assert_eq!(minutes(&auto, "2026-12-06 22:01"), 1);
        assert_eq!(minutes(&auto, "2026-12-07 22:01"), 10, "the night after");
        assert_eq!(minutes(&hours(Overnight::Off), "2026-12-06 22:01"), 6 * 60 - 1, "the day begins");
    }

    #[test]
    fn failures_are_waited_out_longer_and_longer() {
        let seconds = |spacing, failures| retry(Duration::from_millis(spacing), failures, 1.0).as_secs();
        let cases = [
            (250, 1, 5),
            (250, 2, 10),
            (250, 3, 12),
            (250, RETRIES_BEFORE_SLOW, 12),
            (250, RETRIES_BEFORE_SLOW + 1, 60),
            (10_000, 1, 10),
        ];
        for (spacing, failures, expected) in cases {
            assert_eq!(seconds(spacing, failures), expected, "{failures} failures");
        }
        assert_eq!(seconds(20_000, 5), 20, "never faster than the source's spacing");
        assert_eq!(retry(Duration::ZERO, u32::MAX, 0.0), Duration::from_secs(45));
    }

    #[test]
    fn sockets_are_waited_for_up_to_a_minute() {
        let waits = (0..9).map(|failures| back_off(failures, 1.0).as_secs());
        assert_eq!(waits.collect::<Vec<_>>(), [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(back_off(u32::MAX, 0.0), Duration::ZERO);
    }

    #[test]
    fn wishes_are_read() {
        let now: Timestamp = "2026-11-23T18:00:00Z".parse().unwrap();
        let cases = [
            ("60", Some(60)),
            (" 0 ", Some(0)),
            ("Mon, 23 Nov 2026 18:00:05 GMT", Some(5)),
            ("soon", None),
            ("-5", None),
        ];
        for (text, seconds) in cases {
            assert_eq!(retry_after(text, now), seconds.map(|s| later(now, SignedDuration::from_secs(s))), "{text}");
        }
    }
}
