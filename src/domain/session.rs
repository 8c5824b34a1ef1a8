//! The New York trading day: sessions, holidays, early closes, the next bell.
//!
//! Rules as the exchange publishes them (NYSE rule 7.2 and its yearly releases); Nasdaq keeps the same days. Every bound
//! is made from a local date and the zone, never by adding 24 hours, so that it holds over a change of the clocks.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::{Date, Time, Weekday, date, time};
use jiff::tz::TimeZone;

use super::price::Session;

const PRE: Time = time(4, 0, 0, 0);
const OPEN: Time = time(9, 30, 0, 0);
const CLOSE: Time = time(16, 0, 0, 0);
const POST_END: Time = time(20, 0, 0, 0);
const EARLY_CLOSE: Time = time(13, 0, 0, 0);
const EARLY_POST_END: Time = time(17, 0, 0, 0);
const OVERNIGHT: Time = time(20, 0, 0, 0);

/// Closures that follow no rule: days of mourning, a storm.
const UNSCHEDULED: [Date; 4] = [date(2012, 10, 29), date(2012, 10, 30), date(2018, 12, 5), date(2025, 1, 9)];

/// How many days are looked through for a trading day: more than any closure lasts.
const HORIZON: usize = 30;

/// The exchange's calendar by rule, with the config's own closures. Times in America/New_York.
#[derive(Clone, Debug)]
pub struct Calendar {
    closures: BTreeSet<Date>,
    early_closes: BTreeSet<Date>,
    overnight: bool,
    zone: TimeZone,
}

/// The next change of session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bell {
    pub at: Timestamp,
    /// The session that begins then.
    pub begins: Session,
}

/// The bounds of one trading day, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TradingDay {
    pub date: Date,
    pub pre: Timestamp,
    pub open: Timestamp,
    pub close: Timestamp,
    pub post_end: Timestamp,
}

impl TradingDay {
    /// The session of this day at a time; None before and after it.
    fn session(&self, at: Timestamp) -> Option<Session> {
        match at {
            at if at < self.pre || at >= self.post_end => None,
            at if at < self.open => Some(Session::Pre),
            at if at < self.close => Some(Session::Regular),
            _ => Some(Session::Post),
        }
    }
}

/// America/New_York; where no time zone database is found, its rule of today.
pub fn new_york() -> TimeZone {
    TimeZone::get("America/New_York").or_else(|_| TimeZone::posix("EST5EDT,M3.2.0,M11.1.0")).unwrap_or(TimeZone::UTC)
}

impl Calendar {
    /// Extra days, as New York dates, on which the exchange is closed or closes at 13:00; and whether the overnight
    /// session (20:00 to 04:00 before a trading day) is told apart from closed.
    pub fn new(extra_closures: &[Date], extra_early_closes: &[Date], overnight: bool) -> Calendar {
        Calendar {
            closures: extra_closures.iter().copied().collect(),
            early_closes: extra_early_closes.iter().copied().collect(),
            overnight,
            zone: new_york(),
        }
    }

    /// The exchange's zone.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The part of the trading day that a time lies in.
    pub fn session(&self, at: Timestamp) -> Session {
        let local = at.to_zoned_datetime(self.zone.clone());
        let date = local.date();
        if let Some(session) = self.day(date).and_then(|day| day.session(at)) {
            return session;
        }
        let night_before = match local.time() {
            time if time < PRE => Some(date),
            time if time >= OVERNIGHT => date.tomorrow().ok(),
            _ => None,
        };
        match night_before {
            Some(date) if self.overnight && self.trades(date) => Session::Overnight,
            _ => Session::Closed,
        }
    }

    /// The next bell that matters to a reader: the regular open or close, whichever comes first.
    pub fn next_bell(&self, at: Timestamp) -> Bell {
        self.next(at, |bell| matches!(bell.begins, Session::Regular | Session::Post))
    }

    /// The next regular close after a time.
    pub fn next_close(&self, at: Timestamp) -> Timestamp {
        self.next(at, |bell| bell.begins == Session::Post).at
    }

    /// The next change of session of any kind.
    pub fn next_change(&self, at: Timestamp) -> Bell {
        self.next(at, |_| true)
    }

    /// The trading day that has the given New York date; None when the exchange is closed all day.
    pub fn day(&self, date: Date) -> Option<TradingDay> {
        if !self.trades(date) {
            return None;
        }
        let early = self.closes_early(date);
        Some(TradingDay {
            date,
            pre: self.instant(date, PRE)?,
            open: self.instant(date, OPEN)?,
            close: self.instant(date, if early { EARLY_CLOSE } else { CLOSE })?,
            post_end: self.instant(date, if early { EARLY_POST_END } else { POST_END })?,
        })
    }

    /// The New York date of a time.
    pub fn date(&self, at: Timestamp) -> Date {
        at.to_zoned_datetime(self.zone.clone()).date()
    }

    /// The last regular close at or before a time.
    pub fn last_close(&self, at: Timestamp) -> Timestamp {
        self.last_day(at).map_or(at, |day| day.close)
    }

    /// The trading day whose regular close is the last at or before a time. None only before history.
    pub fn last_day(&self, at: Timestamp) -> Option<TradingDay> {
        let dates = std::iter::successors(Some(self.date(at)), |date| date.yesterday().ok());
        dates.take(HORIZON).filter_map(|date| self.day(date)).find(|day| day.close <= at)
    }

    fn next(&self, at: Timestamp, wanted: impl Fn(&Bell) -> bool) -> Bell {
        let dates = std::iter::successors(Some(self.date(at)), |date| date.tomorrow().ok());
        let mut bells = dates.take(HORIZON).flat_map(|date| self.bells(date));
        // Only a config that closes a whole month leaves nothing to find: then it is closed for as far as one looks.
        let far = Bell { at: Timestamp::MAX, begins: Session::Closed };
        bells.find(|bell| bell.at > at && wanted(bell)).unwrap_or(far)
    }

    /// The bells of a New York date in order.
    fn bells(&self, date: Date) -> Vec<Bell> {
        let mut bells = Vec::with_capacity(5);
        if let Some(day) = self.day(date) {
            bells.push(Bell { at: day.pre, begins: Session::Pre });
            bells.push(Bell { at: day.open, begins: Session::Regular });
            bells.push(Bell { at: day.close, begins: Session::Post });
            bells.push(Bell { at: day.post_end, begins: self.session(day.post_end) });
        }
        if let Some(at) = self.instant(date, OVERNIGHT)
            && self.session(at) == Session::Overnight
            && bells.last().is_none_or(|last| last.at != at)
        {
            bells.push(Bell { at, begins: Session::Overnight });
        }
        bells
    }

    fn trades(&self, date: Date) -> bool {
        !is_weekend(date) && !self.closures.contains(&date) && !UNSCHEDULED.contains(&date) && !is_holiday(date)
    }

    fn closes_early(&self, date: Date) -> bool {
        self.early_closes.contains(&date) || closes_early(date)
    }

    fn instant(&self, date: Date, time: Time) -> Option<Timestamp> {
        Some(date.to_datetime(time).to_zoned_datetime(self.zone.clone()).ok()?.timestamp())
    }
}

fn is_weekend(date: Date) -> bool {
    matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
}

/// Is this weekday one of the exchange's holidays?
fn is_holiday(day: Date) -> bool {
    let year = day.year();
    match day.month() {
        // January 1 on a Saturday is not made up for: December 31 ends the books.
        1 => day == new_years_day(year) || Some(day) == nth(year, 1, 3, Weekday::Monday),
        2 => Some(day) == nth(year, 2, 3, Weekday::Monday),
        3 | 4 => Some(day) == good_friday(year),
        5 => Some(day) == nth(year, 5, -1, Weekday::Monday),
        // Kept by the exchange since 2022.
        6 => year >= 2022 && Some(day) == observed(year, 6, 19),
        7 => Some(day) == observed(year, 7, 4),
        9 => Some(day) == nth(year, 9, 1, Weekday::Monday),
        11 => Some(day) == nth(year, 11, 4, Weekday::Thursday),
        12 => Some(day) == observed(year, 12, 25),
        _ => false,
    }
}

/// 13:00 on the day after Thanksgiving, before Independence Day, on Christmas Eve.
fn closes_early(day: Date) -> bool {
    let year = day.year();
    let to_thursday = !is_weekend(day) && day.weekday() != Weekday::Friday;
    match (day.month(), day.day()) {
        (11, _) => Some(day) == nth(year, 11, 4, Weekday::Thursday).and_then(|date| date.tomorrow().ok()),
        (7, 3) | (12, 24) => to_thursday,
        _ => false,
    }
}

fn new_years_day(year: i16) -> Date {
    let first = date(year, 1, 1);
    if first.weekday() == Weekday::Sunday { date(year, 1, 2) } else { first }
}

/// A fixed holiday as it is kept: on Monday for a Sunday, on Friday for a Saturday.
fn observed(year: i16, month: i8, day: i8) -> Option<Date> {
    let holiday = Date::new(year, month, day).ok()?;
    match holiday.weekday() {
        Weekday::Saturday => holiday.yesterday().ok(),
        Weekday::Sunday => holiday.tomorrow().ok(),
        _ => Some(holiday),
    }
}

fn nth(year: i16, month: i8, nth: i8, weekday: Weekday) -> Option<Date> {
    Date::new(year, month, 1).ok()?.nth_weekday_of_month(nth, weekday).ok()
}

/// Two days before Easter, by the Gregorian computus of Meeus, Jones and Butcher (Nature 1876).
fn good_friday(year: i16) -> Option<Date> {
    let y = i32::from(year);
    let (a, b, c) = (y % 19, y / 100, y % 100);
    let (d, e) = (b / 4, b % 4);
    let g = (b - (b + 8) / 25 + 1) / 3;
    let h = (19 * a + b - d - g + 15) % 30;
    let l = (32 + 2 * e + 2 * (c / 4) - h - c % 4) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let sum = h + l - 7 * m + 114;
    let easter = Date::new(year, i8::try_from(sum / 31).ok()?, i8::try_from(sum % 31 + 1).ok()?).ok()?;
    easter.yesterday().ok()?.yesterday().ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn plain() -> Calendar {
        Calendar::new(&[], &[], false)
    }

    /// A New York time, as `2026-11-27 13:00`.
    fn ny(text: &str) -> Timestamp {
        let civil: jiff::civil::DateTime = text.parse().unwrap();
        civil.to_zoned_datetime(new_york()).unwrap().timestamp()
    }

    #[test]
    fn agrees_with_every_recorded_session() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/wire/calendar/xnys_sessions_2024_2028.csv");
        let Ok(text) = std::fs::read_to_string(path) else {
            eprintln!("skipped: {path} is not there");
            return;
        };
        let calendar = plain();
        let mut day = date(2024, 1, 1);
        for line in text.lines().skip(1) {
            let fields: Vec<&str> = line.split(',').collect();
            let listed: Date = fields[0].parse().unwrap();
            while day < listed {
                assert_eq!(calendar.day(day), None, "{day} is not listed");
                day = day.tomorrow().unwrap();
            }
            let found = calendar.day(day).unwrap_or_else(|| panic!("{day} is listed"));
            assert_eq!(found.open, fields[1].parse().unwrap(), "{day} open");
            assert_eq!(found.close, fields[2].parse().unwrap(), "{day} close");
            let post = if fields[3] == "13:00" { ny(&format!("{day} 17:00")) } else { ny(&format!("{day} 20:00")) };
            assert_eq!(found.post_end, post, "{day} post");
            day = listed.tomorrow().unwrap();
        }
        assert!(day > date(2028, 12, 1), "the list was read to its end");
    }

    #[test]
    fn holidays_of_years_beyond_any_list() {
        let cases = [
            ("2022-06-20", true),  // Juneteenth on a Sunday
            ("2021-06-18", false), // not kept yet
            ("2021-12-31", false), // New Year's Day 2022 is a Saturday
            ("2023-01-02", true),  // New Year's Day on a Sunday
            ("2030-04-19", true),  // Good Friday
            ("2032-12-24", true),  // Christmas on a Saturday
            ("2026-10-12", false), // Columbus Day
            ("2026-11-11", false), // Veterans Day
            ("2018-12-05", true),  // day of mourning
        ];
        for (day, closed) in cases {
            assert_eq!(plain().day(day.parse().unwrap()).is_none(), closed, "{day}");
        }
    }

    #[test]
    fn sessions_through_days() {
        let cases = [
            ("2026-11-23 03:59:59", Session::Closed),
            ("2026-11-23 04:00", Session::Pre),
            ("2026-11-23 09:29:59", Session::Pre),
            ("2026-11-23 09:30", Session::Regular),
            ("2026-11-23 15:59:59", Session::Regular),
            ("2026-11-23 16:00", Session::Post),
            ("2026-11-23 20:00", Session::Closed),
            ("2026-11-26 12:00", Session::Closed), // Thanksgiving
            ("2026-11-27 12:59:59", Session::Regular),
            ("2026-11-27 13:00", Session::Post), // half day
            ("2026-11-27 17:00", Session::Closed),
            ("2026-11-28 12:00", Session::Closed),  // Saturday
            ("2026-03-09 09:30", Session::Regular), // the clocks went forward the day before
            ("2026-11-02 09:30", Session::Regular), // and back
        ];
        for (at, session) in cases {
            assert_eq!(plain().session(ny(at)), session, "{at}");
        }
    }

    #[test]
    fn nights_before_trading_days() {
        let calendar = Calendar::new(&[], &[], true);
        let cases = [
            ("2026-11-23 20:00", Session::Overnight),
            ("2026-11-24 03:59", Session::Overnight),
            ("2026-11-25 21:00", Session::Closed),    // before Thanksgiving
            ("2026-11-26 21:00", Session::Overnight), // before Friday
            ("2026-11-27 18:00", Session::Closed),    // after the half day's post
            ("2026-11-27 21:00", Session::Closed),    // before Saturday
            ("2026-11-29 20:00", Session::Overnight), // Sunday
        ];
        for (at, session) in cases {
            assert_eq!(calendar.session(ny(at)), session, "{at}");
        }
    }

    #[test]
    fn extra_closures_and_early_closes() {
        let calendar = Calendar::new(&[date(2026, 11, 24)], &[date(2026, 11, 25)], false);
        assert_eq!(calendar.day(date(2026, 11, 24)), None);
        assert_eq!(calendar.session(ny("2026-11-25 13:00")), Session::Post);
        assert_eq!(calendar.session(ny("2026-11-25 17:00")), Session::Closed);
    }

    #[test]
    fn bells() {
        let cases = [
            ("2026-11-23 13:46", "2026-11-23 16:00", Session::Post),
            ("2026-11-23 09:29", "2026-11-23 09:30", Session::Regular),
            ("2026-11-23 09:30", "2026-11-23 16:00", Session::Post),
            ("2026-11-25 16:00", "2026-11-27 09:30", Session::Regular), // over Thanksgiving
            ("2026-11-27 10:00", "2026-11-27 13:00", Session::Post),
            ("2026-11-27 13:00", "2026-11-30 09:30", Session::Regular),
        ];
        for (at, bell, begins) in cases {
            assert_eq!(plain().next_bell(ny(at)), Bell { at: ny(bell), begins }, "{at}");
        }
    }

    #[test]
    fn changes_of_session() {
        let night = Calendar::new(&[], &[], true);
        let cases = [
            (plain(), "2026-11-23 16:30", "2026-11-23 20:00", Session::Closed),
            (plain(), "2026-11-23 20:00", "2026-11-24 04:00", Session::Pre),
            (night.clone(), "2026-11-23 16:30", "2026-11-23 20:00", Session::Overnight),
            (night.clone(), "2026-11-27 14:00", "2026-11-27 17:00", Session::Closed),
            (night, "2026-11-27 18:00", "2026-11-29 20:00", Session::Overnight),
        ];
        for (calendar, at, change, begins) in cases {
            assert_eq!(calendar.next_change(ny(at)), Bell { at: ny(change), begins }, "{at}");
        }
    }

    #[test]
    fn last_closes() {
        let cases = [
            ("2026-11-23 13:00", "2026-11-20 16:00"),
            ("2026-11-23 16:00", "2026-11-23 16:00"),
            ("2026-11-27 12:00", "2026-11-25 16:00"),
            ("2026-11-29 12:00", "2026-11-27 13:00"),
        ];
        for (at, close) in cases {
            assert_eq!(plain().last_close(ny(at)), ny(close), "{at}");
        }
    }

    #[test]
    fn the_ends_of_time_are_survived() {
        for at in [Timestamp::MIN, Timestamp::MAX] {
            plain().session(at);
            plain().next_bell(at);
            plain().last_close(at);
        }
        let never =
            Calendar::new(&(1..=30).filter_map(|day| Date::new(2026, 11, day).ok()).collect::<Vec<_>>(), &[], true);
        never.next_bell(ny("2026-11-01 12:00"));
    }

    proptest::proptest! {
        #[test]
        fn nothing_changes_between_bells(second in 1_500_000_000i64..2_200_000_000, overnight: bool) {
            let calendar = Calendar::new(&[], &[], overnight);
            let at = Timestamp::from_second(second).unwrap();
            let bell = calendar.next_change(at);
            let just_before = Timestamp::from_second(bell.at.as_second() - 1).unwrap();
            proptest::prop_assert_eq!(calendar.session(at), calendar.session(just_before));
            proptest::prop_assert_eq!(calendar.session(bell.at), bell.begins);
            proptest::prop_assert_ne!(calendar.session(at), bell.begins);
        }
    }
}
