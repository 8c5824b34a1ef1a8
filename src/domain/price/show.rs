//! Times of prices as people read them.

use jiff::Timestamp;
use jiff::tz::TimeZone;

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
