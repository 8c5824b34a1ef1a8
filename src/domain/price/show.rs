//! Prices, changes, ages and times as people read them.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rust_decimal::{Decimal, RoundingStrategy};

/// Seconds and letter of the unit an age is shown in.
pub(super) fn age_unit(age: Duration) -> (u64, char) {
    match age.as_secs() {
        0..3_600 => (60, 'm'),
        3_600..172_800 => (3_600, 'h'),
        _ => (86_400, 'd'),
    }
}

/// An age in one whole unit, rounded down: `<1m`, `4m`, `2h`, `3d`. Nothing below a minute, which would count aloud.
pub fn show_age(age: Duration) -> String {
    let (seconds, letter) = age_unit(age);
    match age.as_secs() / seconds {
        0 => format!("<1{letter}"),
        units => format!("{units}{letter}"),
    }
}

/// A time of day in a zone, with its day when that is another one: `14:32`, `Mon 02:11`, and from a week on `13 Nov 02:11`.
pub fn show_time(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let is_today = days_apart(at, now, zone) == 0;
    if is_today {
        at.to_zoned_datetime(zone.clone()).strftime("%H:%M").to_string()
    } else {
        show_day_time(at, now, zone)
    }
}

/// The same, with its day also when it is today: `Fri 16:00`.
pub fn show_day_time(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    // A week away the day of the week is the same again.
    let form = if days_apart(at, now, zone) < 7 { "%a %H:%M" } else { "%-d %b %H:%M" };
    at.to_zoned_datetime(zone.clone()).strftime(form).to_string()
}

/// Calendar days from one time to another in a zone.
fn days_apart(at: Timestamp, now: Timestamp, zone: &TimeZone) -> i32 {
    let date = |at: Timestamp| at.to_zoned_datetime(zone.clone()).date();
    (date(at) - date(now)).get_days().abs()
}

/// A configured length of time: `30s`, `15m`, `1h`, `90s`.
pub fn show_interval(interval: Duration) -> String {
    match interval.as_secs() {
        seconds if seconds % 3_600 == 0 && seconds > 0 => format!("{}h", seconds / 3_600),
        seconds if seconds % 60 == 0 && seconds > 0 => format!("{}m", seconds / 60),
        seconds => format!("{seconds}s"),
    }
}

/// A price with its thousands apart: `97,412.00`.
pub fn show_price(price: Decimal, decimals: u32) -> String {
    let rounded = round(price, decimals);
    let digits = format!("{:.*}", decimals as usize, rounded.abs());
    let (whole, fraction) = digits.split_once('.').map_or((digits.as_str(), None), |(whole, rest)| (whole, Some(rest)));
    let mut shown = String::from(if rounded.is_sign_negative() && !rounded.is_zero() { "−" } else { "" });
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    if let Some(fraction) = fraction {
        shown.push('.');
        shown.push_str(fraction);
    }
    shown
}

/// A change with its sign, a real minus (U+2212): `−3.94`, `+0.60`; nothing before a change that rounds to zero.
pub fn show_change(change: Decimal, decimals: u32) -> String {
    let rounded = round(change, decimals);
    let sign = if rounded.is_sign_positive() && !rounded.is_zero() { "+" } else { "" };
    format!("{sign}{}", show_price(change, decimals))
}

/// A change in per cent: `−2.13 %`.
pub fn show_percent(percent: Decimal) -> String {
    format!("{} %", show_change(percent, 2))
}

fn round(number: Decimal, decimals: u32) -> Decimal {
    number.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn prices_and_changes_are_shown() {
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
        for (number, decimals, price, change) in cases {
            let number: Decimal = number.parse().unwrap();
            assert_eq!(show_price(number, decimals), price);
            assert_eq!(show_change(number, decimals), change);
        }
        assert_eq!(show_percent("-2.128".parse().unwrap()), "−2.13 %");
    }

    #[test]
    fn ages_and_intervals() {
        let cases =
            [(0, "<1m", "0s"), (59, "<1m", "59s"), (90, "1m", "90s"), (3_600, "1h", "1h"), (172_800, "2d", "48h")];
        for (seconds, age, interval) in cases {
            assert_eq!(show_age(Duration::from_secs(seconds)), age);
            assert_eq!(show_interval(Duration::from_secs(seconds)), interval);
        }
    }

    proptest::proptest! {
        #[test]
        fn showing_never_panics(mantissa: i64, scale in 0u32..28, decimals in 0u32..12) {
            let number = Decimal::new(mantissa, scale);
            show_price(number, decimals);
            show_change(number, decimals);
        }
    }
}
