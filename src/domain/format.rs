//! How numbers, changes, lengths of time and counts are written, by the screen and by the commands alike.
//!
//! | what | as |
//! |---|---|
//! | [`price`], [`change`] | `97,412.00`; `−3.94`, `+0.60` |
//! | [`percent`], [`percent_of`] | `−2.1%`; `−2.13%` |
//! | [`signed`] | `+0.82` |
//! | [`age`], [`brief_age`] | `<1m`, `4m`, `2h`, `3d`; `0m`, `59m`, `3h`, `12d`, `9w` |
//! | [`between`], [`countdown`] | `40s`, `2m`, `3h`; `14m`, `2h14`, `3d` |
//! | [`interval`], [`duration`] | `90s`, `15m`, `1h`; `1h30m` |
//! | [`rough`] | `45 s`, `15 min`, `6 h`, `2 days` |
//! | [`count`] | `1 story`, `2,418 stories` |
//!
//! The minus is U+2212, nothing stands before a per cent sign, and what rounds to zero has no sign.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rust_decimal::{Decimal, RoundingStrategy};

/// A price with its thousands apart: `97,412.00`.
pub(crate) fn price(price: Decimal, decimals: u32) -> String {
    let rounded = round(price, decimals);
    let digits = format!("{:.*}", decimals as usize, rounded.abs());
    let (whole, fraction) = digits.split_once('.').map_or((digits.as_str(), None), |(whole, rest)| (whole, Some(rest)));
    let mut shown = String::from(if rounded.is_sign_negative() && !rounded.is_zero() { "−" } else { "" });
    shown.push_str(&thousands(whole));
    if let Some(fraction) = fraction {
        shown.push('.');
        shown.push_str(fraction);
    }
    shown
}

/// A change with its sign: `−3.94`, `+0.60`, `0.00`.
pub(crate) fn change(change: Decimal, decimals: u32) -> String {
    let rounded = round(change, decimals);
    let sign = if rounded.is_sign_positive() && !rounded.is_zero() { "+" } else { "" };
    format!("{sign}{}", price(change, decimals))
}

/// A change in per cent, with two decimals: `−2.13%`.
pub(crate) fn percent_of(percent: Decimal) -> String {
    format!("{}%", change(percent, 2))
}

/// A change in per cent: `+0.63%`, `−2.1%`, `0.0%`.
pub(crate) fn percent(percent: f64, decimals: usize) -> String {
    format!("{}%", signed(percent, decimals))
}

/// A number with its sign: `+0.82`, `−0.30`, `0.00`.
pub(crate) fn signed(number: f64, decimals: usize) -> String {
    let rounded = format!("{:.decimals$}", number.abs());
    let is_zero = rounded.chars().all(|letter| matches!(letter, '0' | '.'));
    let sign = match number {
        _ if is_zero => "",
        number if number > 0.0 => "+",
        _ => "−",
    };
    format!("{sign}{rounded}")
}

/// A number of things: `1 story`, `2,418 stories`.
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{} {}", thousands(&number.to_string()), plural(number, one, many))
}

/// The word for so many of a thing, where the number stands elsewhere.
pub(crate) fn plural<'a>(number: usize, one: &'a str, many: &'a str) -> &'a str {
    if number == 1 { one } else { many }
}

/// How old something is, in one whole unit, rounded down: `<1m`, `4m`, `2h`, `3d`. Nothing below a minute, which would
/// count aloud.
pub(crate) fn age(age: Duration) -> String {
    let (seconds, letter) = age_unit(age);
    match age.as_secs() / seconds {
        0 => format!("<1{letter}"),
        units => format!("{units}{letter}"),
    }
}

/// Seconds and letter of the unit that [`age`] is written in.
pub(crate) fn age_unit(age: Duration) -> (u64, char) {
    match age.as_secs() {
        0..3_600 => (60, 'm'),
        3_600..172_800 => (3_600, 'h'),
        _ => (86_400, 'd'),
    }
}

/// How long ago something was, in at most three columns: `0m`, `59m`, `3h`, `12d`, `9w`.
pub(crate) fn brief_age(from: Timestamp, now: Timestamp) -> String {
    let minutes = now.duration_since(from).max(SignedDuration::ZERO).as_mins();
    match minutes {
        0..60 => format!("{minutes}m"),
        60..1440 => format!("{}h", minutes / 60),
        1440..43_200 => format!("{}d", minutes / 1440),
        _ => format!("{}w", (minutes / 10_080).min(99)),
    }
}

/// How long it is from one time to another: `40s`, `2m`, `3h`.
pub(crate) fn between(from: Timestamp, to: Timestamp) -> String {
    match to.duration_since(from).as_secs() {
        seconds @ 0..60 => format!("{seconds}s"),
        _ => brief_age(from, to),
    }
}

/// How long it is until a time: `14m`, `2h14`, `3d`.
pub(crate) fn countdown(at: Timestamp, now: Timestamp) -> String {
    // Rounded up: a countdown that reads 0m must mean now.
    let minutes = (at.duration_since(now).max(SignedDuration::ZERO).as_secs() + 59) / 60;
    match minutes {
        0..60 => format!("{minutes}m"),
        60..2880 => format!("{}h{:02}", minutes / 60, minutes % 60),
        _ => format!("{}d", minutes / 1440),
    }
}

/// A length of time in the largest of hours, minutes and seconds that divides it: `1h`, `15m`, `90s`.
pub(crate) fn interval(interval: Duration) -> String {
    match interval.as_secs() {
        seconds if seconds % 3_600 == 0 && seconds > 0 => format!("{}h", seconds / 3_600),
        seconds if seconds % 60 == 0 && seconds > 0 => format!("{}m", seconds / 60),
        seconds => format!("{seconds}s"),
    }
}

/// A length of time to the millisecond, the shortest spelling that the configuration reads back: `1h30m`, `90d`,
/// `1500ms`.
pub(crate) fn duration(duration: Duration) -> String {
    // Weeks are read but not written: "90d" says more than "12w6d".
    const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];
    let mut millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if millis == 0 {
        return "0s".into();
    }
    if millis < 60_000 && !millis.is_multiple_of(1000) {
        return format!("{millis}ms");
    }
    let mut text = String::new();
    for (unit, size) in UNITS {
        if millis >= size {
            text.push_str(&format!("{}{unit}", millis / size));
            millis %= size;
        }
    }
    text
}

/// A length of time in the one unit that suits it, rounded: `45 s`, `15 min`, `6 h`, `2 days`.
pub(crate) fn rough(length: Duration) -> String {
    match length.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7200 => format!("{} min", (seconds + 30) / 60),
        seconds @ 7200..172_800 => format!("{} h", (seconds + 1800) / 3600),
        seconds => format!("{} days", (seconds + 43_200) / 86_400),
    }
}

/// Digits with a comma between thousands.
fn thousands(digits: &str) -> String {
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

fn round(number: Decimal, decimals: u32) -> Decimal {
    number.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn prices_and_changes() {
        let cases = [
            ("97412", 2, "97,412.00", "+97,412.00"),
            ("1234567.891", 2, "1,234,567.89", "+1,234,567.89"),
            ("181.235", 2, "181.24", "+181.24"),
            ("-3.94", 2, "−3.94", "−3.94"),
            ("-0.004", 2, "0.00", "0.00"),
            ("0", 2, "0.00", "0.00"),
            ("0.00001234", 8, "0.00001234", "+0.00001234"),
            ("999.5", 0, "1,000", "+1,000"),
            ("100", 2, "100.00", "+100.00"),
        ];
        for (number, decimals, as_price, as_change) in cases {
            let number: Decimal = number.parse().unwrap();
            assert_eq!((price(number, decimals), change(number, decimals)), (as_price.into(), as_change.into()));
        }
    }

    #[test]
    fn per_cents_carry_their_sign_and_no_space() {
        assert_eq!(percent_of("-2.128".parse().unwrap()), "−2.13%");
        assert_eq!(percent_of("0.004".parse().unwrap()), "0.00%");
        assert_eq!([percent(0.634, 2), percent(-2.1, 1), percent(-0.001, 1)], ["+0.63%", "−2.1%", "0.0%"]);
        assert_eq!([signed(0.8249, 2), signed(-0.3, 2), signed(0.0, 2)], ["+0.82", "−0.30", "0.00"]);
    }

    #[test]
    fn counts_agree_with_their_nouns() {
        let cases = [(0, "0 stories"), (1, "1 story"), (2, "2 stories"), (2_418, "2,418 stories")];
        for (number, expected) in cases {
            assert_eq!(count(number, "story", "stories"), expected);
        }
    }

    #[test]
    fn ages_and_intervals() {
        let cases =
            [(0, "<1m", "0s"), (59, "<1m", "59s"), (90, "1m", "90s"), (3_600, "1h", "1h"), (172_800, "2d", "48h")];
        for (seconds, as_age, as_interval) in cases {
            assert_eq!((age(secs(seconds)), interval(secs(seconds))), (as_age.into(), as_interval.into()));
        }
        let cases = [(45, "45 s"), (900, "15 min"), (21_600, "6 h"), (172_800, "2 days")];
        for (seconds, expected) in cases {
            assert_eq!(rough(secs(seconds)), expected);
        }
    }

    #[test]
    fn ages_and_countdowns() {
        let now = Timestamp::from_second(1_770_000_000).unwrap();
        for (minutes, expected) in [(0, "0m"), (59, "59m"), (60, "1h"), (1439, "23h"), (1440, "1d"), (60_000, "5w")] {
            assert_eq!(brief_age(now - SignedDuration::from_mins(minutes), now), expected);
        }
        assert_eq!(brief_age(now + SignedDuration::from_mins(3), now), "0m");
        assert_eq!(between(now, now + SignedDuration::from_secs(40)), "40s");
        assert_eq!(countdown(now + SignedDuration::from_secs(30), now), "1m");
        assert_eq!(countdown(now + SignedDuration::from_mins(134), now), "2h14");
    }

    proptest::proptest! {
        #[test]
        fn never_panics(mantissa: i64, scale in 0u32..28, decimals in 0u32..12, number: f64, seconds: u64) {
            let decimal = Decimal::new(mantissa, scale);
            let _ = (price(decimal, decimals), change(decimal, decimals), percent_of(decimal));
            let _ = (percent(number, decimals as usize), signed(number, 2));
            let length = Duration::from_secs(seconds);
            let _ = (age(length), interval(length), duration(length), rough(length));
        }
    }
}
