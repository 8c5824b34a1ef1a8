//! Where the bars of a chart begin and end. A chart that has no room for every bar of its source gathers them, and what it
//! gathers begins where a trader expects it: at the open of the session, at a round time, at a day, a week, a month.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use crate::domain::price::is_listed_in_new_york;
use crate::domain::session::Calendar;

/// Lengths of a bar within a day, in minutes. Each divides the day, so that bars begin at the same times every day.
const MINUTES: [i64; 17] = [1, 2, 3, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 360, 480, 720];
/// Longer ones.
const LONG: [Step; 6] = [Step::Day, Step::Weeks(1), Step::Weeks(2), Step::Months(1), Step::Months(3), Step::LONGEST];
const DAY: i64 = 86_400;
/// From the first midnight of a week to the first day of 1970, a Thursday.
const DAYS_BEFORE_EPOCH: i64 = 3;

/// How long the bars of a chart are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Seconds(i64),
    /// A calendar day; weeks begin on Monday, months on their first.
    Day,
    Weeks(i64),
    Months(i64),
}

impl Step {
    const LONGEST: Step = Step::Months(12);

    /// Shorter than a day?
    pub(super) fn is_within_day(self) -> bool {
        matches!(self, Step::Seconds(_))
    }

    /// The lengths that bars of so many seconds can be gathered to, beginning with their own.
    fn for_bars_of(interval: i64) -> impl Iterator<Item = Step> {
        let own = if interval < DAY { Step::Seconds(interval) } else { Step::Day };
        let minutes = MINUTES.into_iter().map(|minutes| minutes * 60);
        let seconds = minutes.filter(move |seconds| *seconds > interval && seconds % interval == 0).map(Step::Seconds);
        std::iter::once(own).chain(seconds).chain(LONG.into_iter().filter(move |step| *step != own))
    }

    /// The most seconds that it lasts.
    fn longest(self) -> i64 {
        match self {
            Step::Seconds(seconds) => seconds,
            // One on which the clocks are set back.
            Step::Day => DAY + 3_600,
            Step::Weeks(weeks) => weeks * 7 * DAY + 3_600,
            Step::Months(months) => months * 31 * DAY + 3_600,
        }
    }
}

/// From when to when a bar of the chart is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    pub start: Timestamp,
    pub end: Timestamp,
}

impl Cell {
    fn holds(&self, at: Timestamp) -> bool {
        self.start <= at && at < self.end
    }
}

/// Where the bars of a series may be cut.
pub(super) struct Grid<'a> {
    calendar: &'a Calendar,
    /// Whose days its days are.
    days: TimeZone,
    /// A share of New York: a day is one of trading, whatever time its bar carries.
    is_share: bool,
    /// The sessions of New York that they lie in, oldest first; none for days.
    sessions: Vec<Cell>,
    /// Its bars begin with those.
    by_session: bool,
    /// Seconds in a bar of the source.
    interval: i64,
    /// By which clock round times are round: from when on it is so many seconds ahead of UTC, oldest first.
    offsets: Vec<(Timestamp, i64)>,
}

impl<'a> Grid<'a> {
    /// For the bars of a symbol that begin at these times, oldest first, and have so many seconds each. `zone`: that of the
    /// screen.
    pub(super) fn new(
        calendar: &'a Calendar,
        zone: &TimeZone,
        symbol: &str,
        times: &[Timestamp],
        interval: u32,
    ) -> Grid<'a> {
        let (is_share, interval) = (is_listed_in_new_york(symbol), i64::from(interval.max(1)));
        let are_most =
            |begins: &dyn Fn(Timestamp) -> bool| times.iter().filter(|at| begins(**at)).count() * 2 > times.len();
        let offsets = offsets(zone, times);
        // Some bars begin by the clock of UTC: those of six hours, of a day. They are cut by that clock then.
        let is_round = |at: Timestamp| (at.as_second() + ahead(&offsets, at)) % interval == 0;
        let is_local = is_share || are_most(&is_round);
        let days = match is_local {
            _ if is_share => calendar.zone().clone(),
            true => zone.clone(),
            false => TimeZone::UTC,
        };
        let offsets = if is_local { offsets } else { Vec::new() };
        let sessions = if is_share && interval < DAY { sessions(calendar, times) } else { Vec::new() };
        let mut grid = Grid { calendar, days, is_share, sessions, by_session: false, interval, offsets };
        let is_in_step = |at: Timestamp| {
            let session = grid.session(at);
            session.is_some_and(|session| at.duration_since(session.start).as_secs() % interval == 0)
        };
        grid.by_session = are_most(&is_in_step);
        grid
    }

    /// Do its bars begin with the sessions of New York?
    pub(super) fn is_by_session(&self) -> bool {
        self.by_session
    }

    /// Whose days bars of a day and longer begin with.
    pub(super) fn days(&self) -> &TimeZone {
        &self.days
    }

    /// The shortest bars of which so many columns hold these times.
    pub(super) fn step(&self, times: &[Timestamp], columns: usize) -> Step {
        let least = times.len().div_ceil(columns.max(1)) as i64 * self.interval;
        let fits = |step: &Step| {
            let starts = times.iter().map(|at| self.cell(*at, *step).start);
            let begun = |(count, before), start| (count + usize::from(before != Some(start)), Some(start));
            starts.fold((0, None), begun).0 <= columns
        };
        let mut steps = Step::for_bars_of(self.interval).filter(|step| step.longest() >= least);
        steps.find(fits).unwrap_or(Step::LONGEST)
    }

    /// The bar of the chart that a time falls in.
    pub(super) fn cell(&self, at: Timestamp, step: Step) -> Cell {
        match step {
            Step::Seconds(seconds) => self.cell_within_day(at, seconds),
            Step::Day => self.cell_of_days(self.date(at), self.date(at).tomorrow().ok()),
            Step::Weeks(weeks) => {
                let first = first_of_weeks(self.date(at), weeks);
                self.cell_of_days(first, first.checked_add(weeks.weeks()).ok())
            }
            Step::Months(months) => {
                let first = first_of_months(self.date(at), months);
                self.cell_of_days(first, first.checked_add(months.months()).ok())
            }
        }
    }

    fn cell_within_day(&self, at: Timestamp, seconds: i64) -> Cell {
        if let Some(session) = self.session(at).filter(|_| self.by_session) {
            let since = at.duration_since(session.start).as_secs();
            let start = moved(session.start, since - since.rem_euclid(seconds));
            return Cell { start, end: moved(start, seconds).min(session.end) };
        }
        // Where the clocks change, a bar ends: after it, too, bars begin at round times.
        let place = self.offsets.partition_point(|(from, _)| *from <= at);
        let (from, ahead) = place.checked_sub(1).map_or((Timestamp::MIN, 0), |place| self.offsets[place]);
        let until = self.offsets.get(place).map_or(Timestamp::MAX, |(from, _)| *from);
        let start = at.as_second() - (at.as_second() + ahead).rem_euclid(seconds);
        Cell { start: second(start).max(from), end: second(start.saturating_add(seconds)).min(until) }
    }

    /// The session of New York that a time lies in.
    fn session(&self, at: Timestamp) -> Option<Cell> {
        let place = self.sessions.partition_point(|session| session.start <= at);
        self.sessions.get(place.checked_sub(1)?).copied().filter(|session| session.holds(at))
    }

    /// The day that a bar beginning at a time counts for.
    fn date(&self, at: Timestamp) -> Date {
        match self.is_share {
            // Bars of days carry the open, with midnight in New York or with midnight in UTC.
            true if self.interval >= DAY => self.calendar.date(moved(at, DAY / 2)),
            true => self.calendar.date(at),
            false => at.to_zoned_datetime(self.days.clone()).date(),
        }
    }

    fn cell_of_days(&self, first: Date, next: Option<Date>) -> Cell {
        let midnight = |date: Date| {
            Some(date.to_datetime(Time::midnight()).to_zoned_datetime(self.days.clone()).ok()?.timestamp())
        };
        Cell {
            start: midnight(first).unwrap_or(Timestamp::MIN),
            end: next.and_then(midnight).unwrap_or(Timestamp::MAX),
        }
    }
}

/// The sessions of New York that these times lie in, oldest first.
fn sessions(calendar: &Calendar, times: &[Timestamp]) -> Vec<Cell> {
    let mut sessions: Vec<Cell> = Vec::new();
    for at in times {
        if sessions.last().is_some_and(|session| session.holds(*at)) {
            continue;
        }
        let day = calendar.day(calendar.date(*at));
        let of_day = day.map(|day| [(day.pre, day.open), (day.open, day.close), (day.close, day.post_end)]);
        let night = calendar.night_of(*at).map(|night| (night.start, night.end));
        let bounds = of_day.into_iter().flatten().chain(night);
        sessions.extend(bounds.map(|(start, end)| Cell { start, end }).find(|session| session.holds(*at)));
    }
    sessions
}

/// The Monday that so many weeks begin with; of two weeks and more, always the same ones.
fn first_of_weeks(date: Date, weeks: i64) -> Date {
    let since = i64::from(date.duration_since(Date::constant(1970, 1, 1)).as_hours() as i32 / 24) + DAYS_BEFORE_EPOCH;
    date.saturating_sub(since.rem_euclid(weeks * 7).days())
}

/// The day that so many months begin with.
fn first_of_months(date: Date, months: i64) -> Date {
    let behind = (i64::from(date.month()) - 1) % months;
    date.first_of_month().saturating_sub(behind.months())
}

/// From when on a zone is how many seconds ahead of UTC, as far as these times need it.
fn offsets(zone: &TimeZone, times: &[Timestamp]) -> Vec<(Timestamp, i64)> {
    let (Some(first), Some(last)) = (times.first(), times.last()) else { return Vec::new() };
    // A bar that is cut where the clocks change may begin or end a day away.
    let (from, until) = (moved(*first, -DAY), moved(*last, DAY));
    let now = (Timestamp::MIN, i64::from(zone.to_offset(from).seconds()));
    let changes = zone.following(from).take_while(|change| change.timestamp() < until);
    std::iter::once(now)
        .chain(changes.map(|change| (change.timestamp(), i64::from(change.offset().seconds()))))
        .collect()
}

/// Seconds ahead of UTC at a time.
pub(super) fn ahead(offsets: &[(Timestamp, i64)], at: Timestamp) -> i64 {
    let place = offsets.partition_point(|(from, _)| *from <= at);
    place.checked_sub(1).map_or(0, |place| offsets[place].1)
}

fn moved(at: Timestamp, seconds: i64) -> Timestamp {
    let limit = if seconds < 0 { Timestamp::MIN } else { Timestamp::MAX };
    at.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(limit)
}

/// A time that any source may tell, within those that there are.
fn second(second: i64) -> Timestamp {
    let limit = if second < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_second(second).unwrap_or(limit)
}
