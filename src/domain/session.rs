//! The New York trading day: sessions, holidays, early closes, the next bell.
//!
//! Rules as the exchange publishes them (NYSE rule 7.2 and its yearly releases); Nasdaq keeps the same days. Every bound
//! is made from a local date and the zone, never by adding 24 hours, so that it holds over a change of the clocks.
//!
//! The night session is the exception: several venues announced it for 2026-12-06, from 21:00 to 04:00, and each may begin
//! later or differ. So its bounds and its first date are settings, and whether it counts is decided by what trades.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use jiff::civil::{Date, Time, Weekday, date, time};
use jiff::tz::TimeZone;

use serde::{Deserialize, Serialize};

const PRE: Time = time(4, 0, 0, 0);
const OPEN: Time = time(9, 30, 0, 0);
const CLOSE: Time = time(16, 0, 0, 0);
const POST_END: Time = time(20, 0, 0, 0);
const EARLY_CLOSE: Time = time(13, 0, 0, 0);
const EARLY_POST_END: Time = time(17, 0, 0, 0);
/// No venue announced a night that begins earlier: what is traded from here on before a night belongs to it.
const NIGHT_EARLIEST: Time = time(20, 0, 0, 0);

/// Closures that follow no rule: days of mourning, a storm.
const UNSCHEDULED: [Date; 4] = [date(2012, 10, 29), date(2012, 10, 30), date(2018, 12, 5), date(2025, 1, 9)];

/// How many days are looked through for a trading day: more than any closure lasts.
const HORIZON: usize = 30;

/// A part of the trading day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Session {
    /// Pre-market trading.
    Pre,
    /// The regular session of the exchange.
    Regular,
    /// Post-market trading.
    Post,
    /// The night session before a trading day.
    Overnight,
    /// No trading at all.
    Closed,
    /// Crypto: never closes.
    Always,
}

/// Does the night session count?
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantNames,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Overnight {
    /// Never: the market is closed from 20:00 to 04:00.
    Off,
    /// For a symbol, once a source has sent a trade in it.
    #[default]
    Auto,
    /// Always.
    On,
}

/// When there are night sessions. Times in `America/New_York`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NightRule {
    /// Whether night sessions count.
    pub overnight: Overnight,
    /// In the evening before a trading day.
    pub start: Time,
    /// In the morning of the trading day.
    pub end: Time,
    /// The evening of the first night.
    pub first: Date,
}

impl Default for NightRule {
    /// As Nasdaq, Cboe EDGX, NYSE Arca and MEMX announced it.
    fn default() -> NightRule {
        NightRule {
            overnight: Overnight::default(),
            start: time(21, 0, 0, 0),
            end: time(4, 0, 0, 0),
            first: date(2026, 12, 6),
        }
    }
}

impl From<Overnight> for NightRule {
    fn from(overnight: Overnight) -> NightRule {
        NightRule { overnight, ..NightRule::default() }
    }
}

impl From<bool> for NightRule {
    fn from(on: bool) -> NightRule {
        if on { Overnight::On } else { Overnight::Off }.into()
    }
}

/// The exchange's calendar by rule, with the config's own closures. Times in `America/New_York`.
#[derive(Clone, Debug)]
pub struct Calendar {
    closures: BTreeSet<Date>,
    early_closes: BTreeSet<Date>,
    nights: NightRule,
    zone: TimeZone,
    memo: Memo,
}

/// What was worked out of some dates. Each price that comes asks for the sessions around it, and the rules of a zone are
/// slow to look up so often.
#[derive(Debug, Default)]
struct Memo(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    days: BTreeMap<Date, Option<TradingDay>>,
    nights: BTreeMap<Date, Option<Night>>,
    /// Dates of New York, from their first instant up to the next one's.
    dates: Vec<(Range<Timestamp>, Date)>,
}

/// More dates than one look at the screen asks for.
const DATES_KNOWN: usize = 128;

impl Memo {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A copy works out its own.
impl Clone for Memo {
    fn clone(&self) -> Memo {
        Memo::default()
    }
}

/// What is known under a date, or what `make` finds.
fn known_or<T: Copy>(known: &mut BTreeMap<Date, T>, date: Date, make: impl FnOnce() -> T) -> T {
    if known.len() >= DATES_KNOWN {
        known.clear();
    }
    *known.entry(date).or_insert_with(make)
}

/// A night session, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Night {
    /// The trading day that follows, and that its trades count for.
    pub trade_date: Date,
    /// The earliest time at which any venue may open for it.
    pub earliest: Timestamp,
    /// When the session regularly starts.
    pub start: Timestamp,
    /// When the session ends, as pre-market trading begins.
    pub end: Timestamp,
}

impl Night {
    /// Is this the time of a trade in it? Some venues open before it starts.
    pub fn takes(&self, at: Timestamp) -> bool {
        self.earliest <= at && at < self.end
    }
}

/// The next change of session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bell {
    /// When it rings, UTC.
    pub at: Timestamp,
    /// The session that begins then.
    pub begins: Session,
}

/// The bounds of one trading day, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TradingDay {
    /// The date at the exchange.
    pub date: Date,
    /// Start of pre-market trading.
    pub pre: Timestamp,
    /// Start of the regular session.
    pub open: Timestamp,
    /// End of the regular session.
    pub close: Timestamp,
    /// End of post-market trading.
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

/// `America/New_York`; where no time zone database is found, its rule of today.
pub fn new_york() -> TimeZone {
    TimeZone::get("America/New_York").or_else(|_| TimeZone::posix("EST5EDT,M3.2.0,M11.1.0")).unwrap_or(TimeZone::UTC)
}

impl Calendar {
    /// Extra days, as New York dates, on which the exchange is closed or closes at 13:00; and when there are night
    /// sessions (of a bool: with the announced bounds, or none).
    pub fn new(extra_closures: &[Date], extra_early_closes: &[Date], nights: impl Into<NightRule>) -> Calendar {
        Calendar {
            closures: extra_closures.iter().copied().collect(),
            early_closes: extra_early_closes.iter().copied().collect(),
            nights: nights.into(),
            zone: new_york(),
            memo: Memo::default(),
        }
    }

    /// The exchange's zone.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Does the night session count?
    pub fn overnight(&self) -> Overnight {
        self.nights.overnight
    }

    /// The part of the trading day that a time lies in. With [`Overnight::Auto`] that is [`Session::Overnight`] all through
    /// a night; whether it counts for a symbol, [`super::price::session_of`] tells.
    pub fn session(&self, at: Timestamp) -> Session {
        let of_day = self.day(self.date(at)).and_then(|day| day.session(at));
        of_day.unwrap_or_else(|| match self.night_of(at) {
            Some(night) if night.start <= at => Session::Overnight,
            _ => Session::Closed,
        })
    }

    /// The session of a trade outside the regular session, by its time. One that was made on a venue that opens before the
    /// night starts is of the night. None for a time at which nobody trades.
    pub fn extended_session(&self, at: Timestamp) -> Option<Session> {
        match self.session(at) {
            session @ (Session::Pre | Session::Post | Session::Overnight) => Some(session),
            Session::Closed => self.night_of(at).map(|_| Session::Overnight),
            Session::Regular | Session::Always => None,
        }
    }

    /// The night that a trade of this time would count for.
    pub fn night_of(&self, at: Timestamp) -> Option<Night> {
        let today = self.date(at);
        let dates = [Some(today), today.tomorrow().ok()].into_iter().flatten();
        dates.filter_map(|date| self.night(date)).find(|night| night.takes(at))
    }

    /// The last night that had started by a time.
    pub fn last_night(&self, at: Timestamp) -> Option<Night> {
        let dates = std::iter::successors(self.date(at).tomorrow().ok(), |date| date.yesterday().ok());
        dates.take(HORIZON).filter_map(|date| self.night(date)).find(|night| night.start <= at)
    }

    /// The night before a trading day, from the evening before. None before a day without trading, and before the first.
    pub fn night(&self, trade_date: Date) -> Option<Night> {
        known_or(&mut self.memo.known().nights, trade_date, || self.work_out_night(trade_date))
    }

    fn work_out_night(&self, trade_date: Date) -> Option<Night> {
        let evening = trade_date.yesterday().ok()?;
        let rule = &self.nights;
        if rule.overnight == Overnight::Off || evening < rule.first || !self.trades(trade_date) {
            return None;
        }
        let start = self.instant(evening, rule.start)?;
        let earliest = self.instant(evening, NIGHT_EARLIEST)?.min(start);
        Some(Night { trade_date, earliest, start, end: self.instant(trade_date, rule.end)? })
    }

    /// When the night starts, in the pause between the end of a trading day and the night after it.
    pub fn pause_until(&self, at: Timestamp) -> Option<Timestamp> {
        let date = self.date(at);
        let ended = self.day(date)?.post_end;
        let start = self.night(date.tomorrow().ok()?)?.start;
        (ended <= at && at < start).then_some(start)
    }

    /// The trading day that a trade of this time counts for; that of a night is the next day. None while nothing trades.
    pub fn trade_date(&self, at: Timestamp) -> Option<Date> {
        match self.session(at) {
            Session::Closed | Session::Overnight => self.night_of(at).map(|night| night.trade_date),
            _ => Some(self.date(at)),
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
        known_or(&mut self.memo.known().days, date, || self.work_out_day(date))
    }

    fn work_out_day(&self, date: Date) -> Option<TradingDay> {
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
        let mut known = self.memo.known();
        if let Some((_, date)) = known.dates.iter().find(|(range, _)| range.contains(&at)) {
            return *date;
        }
        let date = at.to_zoned_datetime(self.zone.clone()).date();
        let ends = date.tomorrow().ok().and_then(|next| self.instant(next, Time::midnight()));
        if let (Some(start), Some(end)) = (self.instant(date, Time::midnight()), ends) {
            if known.dates.len() >= DATES_KNOWN {
                known.dates.clear();
            }
            known.dates.push((start..end, date));
        }
        date
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

    /// The next start of a session, nights among them.
    pub fn next_start(&self, at: Timestamp) -> Bell {
        self.next(at, |bell| bell.begins != Session::Closed)
    }

    /// The bells of a New York date in order.
    fn bells(&self, date: Date) -> Vec<Bell> {
        let day = self.day(date);
        let nights = (self.night(date), date.tomorrow().ok().and_then(|next| self.night(next)));
        let of_day = day.map(|day| [day.pre, day.open, day.close, day.post_end]).into_iter().flatten();
        let times = nights.0.map(|night| night.end).into_iter().chain(of_day).chain(nights.1.map(|night| night.start));
        let mut bells: Vec<Bell> = times.map(|at| Bell { at, begins: self.session(at) }).collect();
        bells.sort_by_key(|bell| bell.at);
        bells.dedup_by_key(|bell| bell.at);
        // Bounds that lie within a session of the day change nothing.
        bells.dedup_by_key(|bell| bell.begins);
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
#[expect(clippy::many_single_char_names, reason = "the letters of the published rule")]
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
    #[ignore = "needs the recordings"]
    fn agrees_with_every_recorded_session() {
        let path = crate::recordings::recording("wire/calendar/xnys_sessions_2024_2028.csv");
        let text = std::fs::read_to_string(path).unwrap();
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

    fn night() -> Calendar {
        Calendar::new(&[], &[], Overnight::On)
    }

    /// Nights from 20:00, and already in November, as Blue Ocean has them.
    fn blue_ocean() -> Calendar {
        let rule = NightRule { overnight: Overnight::On, start: time(20, 0, 0, 0), ..NightRule::default() };
        Calendar::new(&[], &[], NightRule { first: date(2026, 1, 1), ..rule })
    }

    #[test]
    fn sessions_from_friday_to_tuesday_around_the_first_night() {
        use Session::{Closed, Overnight as Night, Post, Pre, Regular};
        // The bound, the session before it and from it on, the trading day that its trades count for.
        let cases = [
            ("2026-12-04 04:00", Closed, Pre, Some("2026-12-04")),
            ("2026-12-04 09:30", Pre, Regular, Some("2026-12-04")),
            ("2026-12-04 16:00", Regular, Post, Some("2026-12-04")),
            ("2026-12-04 20:00", Post, Closed, None),
            ("2026-12-04 21:00", Closed, Closed, None), // before a Saturday
            ("2026-12-05 12:00", Closed, Closed, None),
            ("2026-12-05 21:00", Closed, Closed, None),
            ("2026-12-06 20:00", Closed, Closed, Some("2026-12-07")), // a venue that opens early
            ("2026-12-06 21:00", Closed, Night, Some("2026-12-07")),
            ("2026-12-07 00:00", Night, Night, Some("2026-12-07")),
            ("2026-12-07 04:00", Night, Pre, Some("2026-12-07")),
            ("2026-12-07 09:30", Pre, Regular, Some("2026-12-07")),
            ("2026-12-07 16:00", Regular, Post, Some("2026-12-07")),
            ("2026-12-07 20:00", Post, Closed, Some("2026-12-08")),
            ("2026-12-07 21:00", Closed, Night, Some("2026-12-08")),
            ("2026-12-08 04:00", Night, Pre, Some("2026-12-08")),
        ];
        for (at, before, from, trade_date) in cases {
            let (bound, second) = (ny(at), jiff::SignedDuration::from_secs(1));
            for calendar in [night(), Calendar::new(&[], &[], Overnight::Auto)] {
                assert_eq!(calendar.session(bound - second), before, "a second before {at}");
                assert_eq!([bound, bound + second].map(|at| calendar.session(at)), [from; 2], "{at}");
                assert_eq!(calendar.trade_date(bound).map(|date| date.to_string()).as_deref(), trade_date, "{at}");
            }
            let day = |session| if session == Night { Closed } else { session };
            assert_eq!(plain().session(bound), day(from), "without nights, {at}");
        }
    }

    #[test]
    fn nights_before_trading_days_only() {
        let cases = [
            ("2026-11-23 21:00", Session::Closed),    // before the first
            ("2026-12-23 22:00", Session::Overnight), // before Christmas Eve, a half day
            ("2026-12-24 21:00", Session::Closed),    // before Christmas
            ("2026-12-25 21:00", Session::Closed),
            ("2026-12-27 21:00", Session::Overnight), // Sunday
            ("2026-12-31 21:00", Session::Closed),    // before New Year
            ("2027-11-24 21:00", Session::Closed),    // before Thanksgiving
            ("2027-11-25 21:00", Session::Overnight), // on its evening, before the half day
            ("2027-11-26 21:00", Session::Closed),    // Friday
            ("2027-03-14 20:59:59", Session::Closed), // the clocks went forward that morning
            ("2027-03-14 21:00", Session::Overnight),
            ("2027-03-15 03:59:59", Session::Overnight),
            ("2027-11-07 20:59:59", Session::Closed), // and back
            ("2027-11-07 21:00", Session::Overnight),
            ("2027-11-08 03:59:59", Session::Overnight),
            ("2027-11-08 04:00", Session::Pre),
        ];
        for (at, session) in cases {
            assert_eq!(night().session(ny(at)), session, "{at}");
        }
        let of_venue = [
            ("2026-11-23 19:59:59", Session::Post),
            ("2026-11-23 20:00", Session::Overnight),
            ("2026-11-25 20:00", Session::Closed), // before Thanksgiving
            ("2026-11-26 20:00", Session::Overnight),
            ("2026-11-27 20:00", Session::Closed), // Friday
        ];
        for (at, session) in of_venue {
            assert_eq!(blue_ocean().session(ny(at)), session, "{at}");
        }
    }

    #[test]
    fn pauses_before_a_night() {
        let early = Calendar::new(&[], &[date(2026, 12, 8)], Overnight::On);
        let cases = [
            (night(), "2026-12-07 19:59:59", None),
            (night(), "2026-12-07 20:00", Some("2026-12-07 21:00")),
            (night(), "2026-12-07 20:59:59", Some("2026-12-07 21:00")),
            (night(), "2026-12-07 21:00", None),
            (night(), "2026-12-06 20:30", None), // Sunday: no day has ended
            (night(), "2026-12-04 20:30", None), // Friday
            (night(), "2026-12-24 18:00", None), // before Christmas
            (early, "2026-12-08 17:00", Some("2026-12-08 21:00")), // a half day before a night
            (blue_ocean(), "2026-12-07 20:00", None),
            (plain(), "2026-12-07 20:30", None),
        ];
        for (calendar, at, until) in cases {
            assert_eq!(calendar.pause_until(ny(at)), until.map(ny), "{at}");
        }
    }

    #[test]
    fn trades_outside_the_regular_session_by_their_time() {
        let cases = [
            ("2026-12-07 08:00", Some(Session::Pre)),
            ("2026-12-07 12:00", None),
            ("2026-12-07 19:59", Some(Session::Post)),
            ("2026-12-07 20:30", Some(Session::Overnight)), // a venue that opens early
            ("2026-12-07 23:00", Some(Session::Overnight)),
            ("2026-12-06 12:00", None),
            ("2026-12-05 22:00", None),
        ];
        for (at, session) in cases {
            assert_eq!(night().extended_session(ny(at)), session, "{at}");
        }
        assert_eq!(plain().extended_session(ny("2026-12-07 23:00")), None);
    }

    #[test]
    fn the_last_night_is_one_that_has_started() {
        let cases = [
            ("2026-12-07 21:00", Some("2026-12-08")),
            ("2026-12-07 20:30", Some("2026-12-07")),
            ("2026-12-13 20:59", Some("2026-12-11")), // Sunday: that before Friday
            ("2026-12-06 12:00", None),
        ];
        for (at, trade_date) in cases {
            let last = night().last_night(ny(at)).map(|night| night.trade_date.to_string());
            assert_eq!(last.as_deref(), trade_date, "{at}");
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
        let short = NightRule { end: time(3, 30, 0, 0), ..Overnight::On.into() };
        let short = Calendar::new(&[], &[], short);
        let cases = [
            (plain(), "2026-11-23 16:30", "2026-11-23 20:00", Session::Closed),
            (plain(), "2026-11-23 20:00", "2026-11-24 04:00", Session::Pre),
            (night(), "2026-12-07 16:30", "2026-12-07 20:00", Session::Closed),
            (night(), "2026-12-07 20:00", "2026-12-07 21:00", Session::Overnight),
            (night(), "2026-12-07 21:00", "2026-12-08 04:00", Session::Pre),
            (night(), "2026-12-04 20:00", "2026-12-06 21:00", Session::Overnight),
            (short.clone(), "2026-12-08 01:00", "2026-12-08 03:30", Session::Closed),
            (short, "2026-12-08 03:30", "2026-12-08 04:00", Session::Pre),
            (blue_ocean(), "2026-11-23 16:30", "2026-11-23 20:00", Session::Overnight),
            (blue_ocean(), "2026-11-27 14:00", "2026-11-27 17:00", Session::Closed),
            (blue_ocean(), "2026-11-27 18:00", "2026-11-29 20:00", Session::Overnight),
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
        fn nothing_changes_between_bells(
            second in 1_500_000_000i64..2_200_000_000, overnight: bool, start in 20i8..24, end in 0i8..=4,
        ) {
            let rule = NightRule { start: time(start, 0, 0, 0), end: time(end, 0, 0, 0), ..overnight.into() };
            let calendar = Calendar::new(&[], &[], rule);
            let at = Timestamp::from_second(second).unwrap();
            let bell = calendar.next_change(at);
            let just_before = Timestamp::from_second(bell.at.as_second() - 1).unwrap();
            proptest::prop_assert_eq!(calendar.session(at), calendar.session(just_before));
            proptest::prop_assert_eq!(calendar.session(bell.at), bell.begins);
            proptest::prop_assert_ne!(calendar.session(at), bell.begins);
        }
    }
}
