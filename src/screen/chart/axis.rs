//! The time axis: what stands under a bar names a time that lies in it. Days come first, and the newest of them before all;
//! hours take the room that is left.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use ratatui::buffer::Buffer;

use super::super::Scene;
use super::super::text::{clock, fit_right, width};
use super::plot::{Column, Plot, window};
use crate::domain::price::Span;

/// Round times that hours are labelled by, in minutes.
const ROUND: [i64; 10] = [5, 10, 15, 30, 60, 120, 180, 240, 360, 720];
/// The first of them that is tried, where a chart shows an hour, and else.
const ROUND_OF_HOUR: i64 = 10;
const ROUND_OF_DAY: i64 = 60;
/// Every time of day is as wide as this; those that stay are written at last.
const CLOCK: &str = "00:00";
/// Blanks between two labels.
const GAP: u16 = 2;

/// A label of the time axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Label {
    /// Its first column on the screen: that of its bar.
    pub x: u16,
    pub text: String,
    /// The time that it names, in that bar.
    pub at: Timestamp,
    /// A day or more; else a time of day.
    pub is_day: bool,
}

impl Label {
    fn end(&self) -> u16 {
        self.x.saturating_add(width(&self.text) as u16)
    }

    /// Do they touch, or leave less than a gap between them?
    fn collides(&self, other: &Label) -> bool {
        self.x < other.end().saturating_add(GAP) && other.x < self.end().saturating_add(GAP)
    }
}

/// What may become a label: a bar, a time in it, and the words for it, the longest first.
struct Mark {
    x: u16,
    at: Timestamp,
    forms: Vec<String>,
    /// The market was closed between the mark before and this one.
    after_break: bool,
}

/// The labels below the plot, and whose candles these are.
pub(super) fn draw(buffer: &mut Buffer, scene: Scene, plot: &Plot) {
    let shown = scene.app.tape.selected().and_then(|symbol| window(scene.app, &symbol.name, scene.app.tape.span));
    let source = shown.map(|(series, _)| &*series.source).unwrap_or_default();
    let labels = labels(plot, scene.app.tape.span, &scene.app.config.market.time_zone, scene.app.now, source);
    let y = plot.area.bottom() + plot.volume + 1;
    for label in &labels {
        let style = if label.is_day { scene.theme.dim } else { scene.theme.faint };
        buffer.set_string(label.x, y, &label.text, style);
    }
    let taken = labels.iter().map(Label::end).max().unwrap_or(0);
    let before = before_source(plot, source);
    if taken <= before {
        let (x, room) = (before + 1, (plot.area.right() + plot.axis).saturating_sub(before + 2));
        buffer.set_string(x, y, fit_right(source, room.into()), scene.theme.faint);
    }
}

/// Where the name of the source begins, less a blank.
fn before_source(plot: &Plot, source: &str) -> u16 {
    let end = plot.area.right() + plot.axis - 1;
    end.saturating_sub(width(source) as u16 + 1).max(plot.area.right())
}

/// The labels of a plot, from left to right; the newest may take the place of the source's name.
pub(super) fn labels(plot: &Plot, span: Span, zone: &TimeZone, now: Timestamp, source: &str) -> Vec<Label> {
    // A chart of a day on very few columns has bars of a day.
    // A chart of a day has bars of a day where it is a few columns wide.
    let mut labels = match span {
        Span::Hour | Span::Day => days(plot, zone, now, source),
        _ if plot.step.is_within_day() => days(plot, zone, now, source),
        _ => months(plot, span, source),
    };
    if plot.step.is_within_day() {
        labels.extend(hours(plot, span, zone, &labels, before_source(plot, source)));
    }
    if labels.is_empty() {
        labels = first(plot, zone, source);
    }
    labels.sort_by_key(|label| label.x);
    labels
}

/// The day of each bar that begins one, where there are several or it is not today.
fn days(plot: &Plot, zone: &TimeZone, now: Timestamp, source: &str) -> Vec<Label> {
    let begun = begun(plot, zone, |date| (date.year(), date.day_of_year()));
    let is_today = |(_, _, date): &(u16, Timestamp, Date)| *date == date_of(now, zone);
    if begun.iter().all(is_today) {
        return Vec::new();
    }
    let day = |date: Date| vec![date.strftime("%a %-d").to_string(), date.strftime("%a").to_string()];
    let week = |date: Date| vec![date.strftime("%-d %b").to_string()];
    let mondays = thinned(&begun, |date| (date.iso_week_date().year(), date.iso_week_date().week()));
    let firsts = thinned(&begun, |date| (date.year(), date.month()));
    fitting(plot, source, [marks(&begun, day), marks(&mondays, week), marks(&firsts, week)])
}

/// The months that begin in a bar, or in the first after it; in a chart of one month its weeks.
fn months(plot: &Plot, span: Span, source: &str) -> Vec<Label> {
    let zone = &plot.days;
    let day = |date: Date| vec![date.strftime("%-d %b").to_string()];
    let month = |date: Date| match date.month() {
        1 => vec![date.strftime("%b %Y").to_string(), date.strftime("%b").to_string()],
        _ => vec![date.strftime("%b").to_string()],
    };
    let year = |date: Date| vec![date.strftime("%Y").to_string()];
    let weeks = begun(plot, zone, |date| (date.iso_week_date().year(), date.iso_week_date().week()));
    // The first bar stands somewhere in its month.
    let rest = |all: Vec<(u16, Timestamp, Date)>| all.into_iter().skip(1).collect::<Vec<_>>();
    let months = rest(begun(plot, zone, |date| (date.year(), date.month())));
    let quarters: Vec<_> = months.iter().copied().filter(|(_, _, date)| date.month() % 3 == 1).collect();
    let years = rest(begun(plot, zone, |date| (date.year(), 0)));
    let coarse = [marks(&months, month), marks(&quarters, month), marks(&years, year)];
    match span {
        Span::SixMonths | Span::Year => {
            let mut labels = fitting(plot, source, coarse);
            let begin =
                first(plot, zone, source).into_iter().find(|first| labels.iter().all(|label| !label.collides(first)));
            labels.extend(begin);
            labels
        }
        _ => fitting(plot, source, [marks(&weeks, day)].into_iter().chain(coarse)),
    }
}

/// The day of the first bar, where nothing else is to be said.
fn first(plot: &Plot, zone: &TimeZone, source: &str) -> Vec<Label> {
    let at = plot.columns[0].bar.time;
    let text = match plot.step.is_within_day() {
        true => clock(at, zone),
        false => date_of(at, zone).strftime("%-d %b").to_string(),
    };
    let mark = Mark { x: plot.x(0), at, forms: vec![text], after_break: false };
    fitting(plot, source, [vec![mark]])
}

/// The round times of day that have room beside the days, the closest together that do.
fn hours(plot: &Plot, span: Span, zone: &TimeZone, days: &[Label], limit: u16) -> Vec<Label> {
    let usual = if span == Span::Hour { ROUND_OF_HOUR } else { ROUND_OF_DAY };
    let (finer, coarser): (Vec<i64>, Vec<i64>) = ROUND.into_iter().partition(|minutes| *minutes < usual);
    let placed = |minutes: i64| placed_hours(&round_times(plot, zone, minutes * 60), days, limit);
    let written = |label: Label| Label { text: clock(label.at, zone), ..label };
    let labels = coarser.into_iter().find_map(&placed).unwrap_or_default();
    if labels.is_empty() && days.is_empty() {
        // A chart that holds no such time.
        let labels = finer.into_iter().rev().filter_map(&placed).find(|labels| !labels.is_empty());
        return labels.into_iter().flatten().map(written).collect();
    }
    labels.into_iter().map(written).collect()
}

/// Each bar in which a round time lies, with that time.
fn round_times(plot: &Plot, zone: &TimeZone, seconds: i64) -> Vec<Mark> {
    let mut broken = false;
    let mut marks = Vec::new();
    for (x, column) in plot.placed() {
        broken |= column.after_break;
        let start = column.bar.time.as_second();
        let ahead = i64::from(zone.to_offset(column.bar.time).seconds());
        let Ok(at) = Timestamp::from_second(start + (-(start + ahead)).rem_euclid(seconds)) else { continue };
        if at < column.end {
            marks.push(Mark { x, at, forms: Vec::new(), after_break: std::mem::take(&mut broken) });
        }
    }
    marks
}

/// The labels of round times that do not collide with a day; None when they collide with each other.
fn placed_hours(marks: &[Mark], days: &[Label], limit: u16) -> Option<Vec<Label>> {
    let mut labels: Vec<Label> = Vec::new();
    for mark in marks {
        let label = Label { x: mark.x, text: CLOCK.to_owned(), at: mark.at, is_day: false };
        if label.end() > limit || days.iter().any(|day| day.collides(&label)) {
            continue;
        }
        match labels.last() {
            Some(before) if before.collides(&label) && !mark.after_break => return None,
            Some(before) if before.collides(&label) => {}
            _ => labels.push(label),
        }
    }
    Some(labels)
}

/// The bars with which something begins, with the time that it does or the start of the bar, and that date.
fn begun<T: PartialEq>(plot: &Plot, zone: &TimeZone, of: impl Fn(Date) -> T) -> Vec<(u16, Timestamp, Date)> {
    let mut before: Option<T> = None;
    let mut begun = Vec::new();
    for (x, column) in plot.placed() {
        // What begins within a bar is named under it.
        let date = date_of(last_moment(column), zone);
        let is_new = before.replace(of(date)) != Some(of(date));
        if is_new {
            let same = |date: &Date| of(*date) == of(date_of(last_moment(column), zone));
            let first =
                std::iter::successors(Some(date), |date| date.yesterday().ok()).take(366).take_while(same).last();
            let at = first.and_then(|date| midnight(date, zone)).map_or(column.bar.time, |at| at.max(column.bar.time));
            begun.push((x, at, date_of(at, zone)));
        }
    }
    begun
}

/// Only the first of each.
fn thinned<T: PartialEq>(begun: &[(u16, Timestamp, Date)], of: impl Fn(Date) -> T) -> Vec<(u16, Timestamp, Date)> {
    let mut kept = begun.to_vec();
    kept.dedup_by(|next, before| of(next.2) == of(before.2));
    kept
}

fn marks(begun: &[(u16, Timestamp, Date)], forms: impl Fn(Date) -> Vec<String>) -> Vec<Mark> {
    begun.iter().map(|(x, at, date)| Mark { x: *x, at: *at, forms: forms(*date), after_break: false }).collect()
}

/// The first set of which all have room, or all but one; else what has room of the first. The newest comes first, and may
/// take the place of the source's name; what has no room is shortened.
fn fitting(plot: &Plot, source: &str, sets: impl IntoIterator<Item = Vec<Mark>>) -> Vec<Label> {
    let mut best: Option<Vec<Label>> = None;
    for marks in sets.into_iter().filter(|marks| !marks.is_empty()) {
        let mut labels: Vec<Label> = Vec::new();
        for mark in marks.iter().rev() {
            let label = |text: &String| Label { x: mark.x, text: text.clone(), at: mark.at, is_day: true };
            let has_room = |limit: u16, label: &Label| {
                label.end() <= limit && labels.last().is_none_or(|newer| !newer.collides(label))
            };
            let ends = [before_source(plot, source), plot.area.right() + plot.axis];
            let fitting = ends.iter().find_map(|end| mark.forms.iter().map(label).find(|label| has_room(*end, label)));
            labels.extend(fitting);
        }
        if labels.len() + 1 >= marks.len() {
            return labels;
        }
        best = best.or(Some(labels));
    }
    best.unwrap_or_default()
}

fn last_moment(column: &Column) -> Timestamp {
    column.end.checked_sub(SignedDuration::from_nanos(1)).unwrap_or(column.end).max(column.bar.time)
}

fn date_of(at: Timestamp, zone: &TimeZone) -> Date {
    at.to_zoned_datetime(zone.clone()).date()
}

fn midnight(date: Date, zone: &TimeZone) -> Option<Timestamp> {
    Some(date.to_datetime(Time::midnight()).to_zoned_datetime(zone.clone()).ok()?.timestamp())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use ratatui::layout::Rect;

    use super::super::super::Size;
    use super::super::super::theme::{Looks, Theme};
    use super::super::grid::Step;
    use super::super::plot::plot;
    use super::*;
    use crate::app::App;
    use crate::app::tape::ChartStyle;
    use crate::config;
    use crate::domain::price::{Candle, Kind, Series, Session, is_listed_in_new_york, kind};
    use crate::event::Event;

    /// A chart: whose, over what, of bars that begin so many seconds apart from a local time of its zone on.
    #[derive(Clone, Debug)]
    struct Chart {
        symbol: &'static str,
        span: Span,
        zone: &'static str,
        from: Timestamp,
        interval: u32,
        bars: usize,
        width: u16,
        style: ChartStyle,
    }

    impl Chart {
        /// Of a market day of NVDA, or of several, up to a time of New York.
        fn nvda(span: Span, from: &str, bars: usize, width: u16) -> Chart {
            let interval = if span == Span::FiveDays { 900 } else { 300 };
            Chart {
                symbol: "NVDA",
                span,
                zone: "America/New_York",
                from: ny(from),
                interval,
                bars,
                width,
                style: ChartStyle::Candles,
            }
        }

        fn zone(&self) -> TimeZone {
            TimeZone::get(self.zone).unwrap()
        }

        /// The bars that there are: a share has none while it is closed, and on longer spans none out of hours.
        fn times(&self, app: &App) -> Vec<Timestamp> {
            let step = SignedDuration::from_secs(self.interval.into());
            let times = (0..).map(|at| self.from + step * at);
            let trades = |at: &Timestamp| match (kind(self.symbol), self.span) {
                (Kind::Crypto, _) => true,
                (_, Span::SixMonths | Span::Year) => app.calendar.day(app.calendar.date(*at)).is_some(),
                (_, Span::Hour | Span::Day) => app.calendar.session(*at) != Session::Closed,
                _ => app.calendar.session(*at) == Session::Regular,
            };
            times.take(self.bars * 8 + 1_000).filter(trades).take(self.bars).collect()
        }

        fn app(&self) -> App {
            let mut config = config::shipped();
            config.market.time_zone = self.zone();
            let mut symbol = config.symbols[0].clone();
            symbol.name = self.symbol.into();
            config.symbols = vec![symbol];
            // Nothing is tagged here.
            config.topics.clear();
            let mut app = App::new(Arc::new(config), self.from);
            let times = self.times(&app);
            app.now = times.last().map_or(self.from, |last| *last + SignedDuration::from_secs(1));
            let price = |at: usize| 100.0 + (at % 7) as f64;
            let bar = |(at, time): (usize, &Timestamp)| Candle {
                time: *time,
                open: price(at),
                high: price(at) + 1.0,
                low: price(at) - 1.0,
                close: price(at + 1),
                volume: None,
            };
            let bars = times.iter().enumerate().map(bar).collect();
            let series = Series {
                symbol: self.symbol.into(),
                source: "yahoo".into(),
                interval: self.interval,
                closes_only: false,
                bars,
            };
            (app.tape.span, app.tape.style) = (self.span, self.style);
            app.update(Event::Series { span: self.span, series }, app.now);
            app
        }

        fn drawn(&self) -> Option<(App, Plot, Vec<Label>)> {
            let app = self.app();
            let plot = plot(&app, app.tape.selected()?, Rect::new(3, 0, self.width, 16))?;
            let labels = labels(&plot, self.span, &self.zone(), app.now, "yahoo");
            Some((app, plot, labels))
        }

        /// The axis as it is read: the labels at their places, with the starts of the bars that they stand under.
        fn read(&self) -> Vec<String> {
            let (_, plot, labels) = self.drawn().unwrap();
            let zone = self.zone();
            let start = |label: &Label| {
                let at = plot.placed().filter(|(x, _)| *x == label.x).map(|(_, column)| column.bar.time).last();
                at.map(|at| at.to_zoned_datetime(zone.clone()).strftime("%a %H:%M").to_string()).unwrap_or_default()
            };
            labels.iter().map(|label| format!("{} under {}", label.text, start(label))).collect()
        }
    }

    fn ny(text: &str) -> Timestamp {
        text.parse::<jiff::civil::DateTime>().unwrap().in_tz("America/New_York").unwrap().timestamp()
    }

    #[test]
    fn a_label_stands_under_the_bar_that_holds_its_time() {
        // 78 bars of five minutes in room for 40: bars of ten minutes.
        let chart = Chart::nvda(Span::Day, "2026-11-24T09:30", 78, 92);
        let read = chart.read();
        assert_eq!(read[..2], ["10:00 under Tue 10:00", "11:00 under Tue 11:00"]);
        // In room for 20, bars of 20 minutes from the open on: 10:00 is in that of 9:50.
        let read = Chart { width: 52, ..chart }.read();
        assert_eq!(read[..2], ["10:00 under Tue 09:50", "12:00 under Tue 11:50"], "{read:?}");
    }

    #[test]
    fn bars_begin_with_the_session() {
        let (_, plot, _) = Chart::nvda(Span::Day, "2026-11-24T09:30", 41, 30).drawn().unwrap();
        let zone = TimeZone::get("America/New_York").unwrap();
        let starts: Vec<String> = plot
            .columns
            .iter()
            .map(|column| column.bar.time.to_zoned_datetime(zone.clone()).strftime("%H:%M").to_string())
            .collect();
        assert_eq!(starts, ["09:30", "10:00", "10:30", "11:00", "11:30", "12:00", "12:30"]);
    }

    #[test]
    fn after_the_open_of_a_new_day_the_axis_names_it() {
        // Friday's half day in full, and the first five minutes of Monday.
        let chart = Chart::nvda(Span::Day, "2026-11-27T09:30", 91, 120);
        let (app, ..) = chart.drawn().unwrap();
        assert_eq!(app.now, ny("2026-11-30T04:00:01"));
        for width in 20..240 {
            let labels = Chart { width, ..chart.clone() }.drawn().unwrap().2;
            let days: Vec<&str> = labels.iter().filter(|label| label.is_day).map(|label| &*label.text).collect();
            assert!(days.last().is_some_and(|day| day.starts_with("Mon")), "{width}: {labels:?}");
        }
        assert!(chart.read()[0].starts_with("Fri 27 under Fri"), "the day before as well");
    }

    #[test]
    fn a_day_that_is_not_today_is_named_though_it_is_the_only_one() {
        let chart = Chart::nvda(Span::Day, "2026-11-27T09:30", 42, 120);
        let (app, plot, labels) = chart.drawn().unwrap();
        assert!(labels.iter().all(|label| !label.is_day), "today: {labels:?}");
        let labels = super::labels(&plot, Span::Day, &chart.zone(), app.now + SignedDuration::from_hours(24), "yahoo");
        assert_eq!(labels.first().map(|label| &*label.text), Some("Fri 27"));
    }

    #[test]
    fn five_days_are_named_before_any_hour() {
        let chart = Chart::nvda(Span::FiveDays, "2026-11-20T09:30", 26 * 4 + 14, 100);
        let days = |labels: &[Label]| -> Vec<String> {
            labels.iter().filter(|label| label.is_day).map(|label| label.text.clone()).collect()
        };
        let labels = chart.drawn().unwrap().2;
        assert_eq!(days(&labels), ["Fri 20", "Mon 23", "Tue 24", "Wed 25", "Fri 27"], "{labels:?}");
        let labels = Chart { width: 200, ..chart }.drawn().unwrap().2;
        assert_eq!(days(&labels).len(), 5);
        assert!(labels.iter().any(|label| label.text == "12:00"), "where there is room: {labels:?}");
    }

    #[test]
    fn months_stand_under_the_bar_in_which_they_begin() {
        let mut chart = Chart::nvda(Span::SixMonths, "2026-06-15T09:30", 116, 70);
        chart.interval = 86_400;
        let read = chart.read();
        assert_eq!(read[..2], ["Jul under Mon 09:30", "Aug under Mon 09:30"], "weeks: {read:?}");
        let (_, plot, _) = chart.drawn().unwrap();
        assert_eq!(plot.step, Step::Weeks(1));
        let wide = Chart { width: 250, ..chart }.read();
        assert_eq!(wide[..2], ["15 Jun under Mon 09:30", "Jul under Wed 09:30"], "days: {wide:?}");
    }

    fn charts() -> impl Strategy<Value = Chart> {
        let symbols = prop_oneof![Just("NVDA"), Just("BTC-USD"), Just("7203.T"), Just("^GSPC")];
        let zones = prop_oneof![
            Just("America/New_York"),
            Just("UTC"),
            Just("Asia/Tokyo"),
            Just("Asia/Kolkata"),
            Just("Europe/London"),
            Just("Australia/Lord_Howe"),
        ];
        let spans = prop_oneof![
            Just((Span::Hour, 60)),
            Just((Span::Day, 300)),
            Just((Span::FiveDays, 900)),
            Just((Span::FiveDays, 3_600)),
            Just((Span::Month, 3_600)),
            Just((Span::Month, 21_600)),
            Just((Span::Month, 14_400)),
            Just((Span::SixMonths, 86_400)),
            Just((Span::Year, 86_400)),
        ];
        // Days around the changes of the clocks, a half day, a new year.
        let days = prop_oneof![
            Just("2026-10-30T00:00"),
            Just("2026-03-06T00:00"),
            Just("2026-11-25T00:00"),
            Just("2026-12-30T00:00"),
        ];
        let styles = prop_oneof![Just(ChartStyle::Candles), Just(ChartStyle::Line)];
        (symbols, zones, spans, days, 0i64..96, 1usize..400, 13u16..260, styles).prop_map(
            |(symbol, zone, (span, interval), day, hours, bars, width, style)| {
                let is_share_day = kind(symbol) == Kind::Equity && interval == 86_400;
                let opens = if is_share_day { SignedDuration::from_mins(570) } else { SignedDuration::ZERO };
                let begin =
                    if interval >= 14_400 && !is_share_day { "2026-10-30T00:00:00Z".parse().unwrap() } else { ny(day) };
                let hours = if interval >= 14_400 { hours / 24 * 24 } else { hours };
                let from = begin + opens + SignedDuration::from_hours(hours);
                Chart { symbol, span, zone, from, interval, bars, width, style }
            },
        )
    }

    proptest! {
        #[test]
        fn labels_name_the_bar_above_them_and_never_overlap(chart in charts()) {
            let Some((app, plot, labels)) = chart.drawn() else { return Ok(()) };
            for label in &labels {
                let holds = |(x, column): (u16, &Column)| {
                    x == label.x && column.bar.time <= label.at && label.at < column.end
                };
                prop_assert!(plot.placed().any(holds), "{label:?} {:?}", plot.columns);
                prop_assert!(label.end() <= plot.area.right() + plot.axis);
            }
            for pair in labels.windows(2) {
                prop_assert!(pair[0].end() < pair[1].x, "{pair:?}");
            }
            let mut buffer = Buffer::empty(Rect::new(0, 0, 300, 20));
            let theme = Theme::of(&app.config, Looks::default());
            draw(&mut buffer, Scene { app: &app, theme: &theme, size: Size::Wide }, &plot);
            let y = plot.area.bottom() + plot.volume + 1;
            for label in &labels {
                let drawn: String = (label.x..label.end()).map(|x| buffer[(x, y)].symbol()).collect();
                prop_assert_eq!(&drawn, &label.text, "whole");
            }
            let zone = chart.zone();
            let dates: Vec<Date> = plot.columns.iter().map(|column| date_of(column.bar.time, &zone)).collect();
            if matches!(chart.span, Span::Hour | Span::Day) && dates.first() != dates.last() {
                let newest = labels.iter().rfind(|label| label.is_day).map(|label| date_of(label.at, &zone));
                prop_assert!(newest >= dates.last().copied(), "the newest day: {labels:?}");
            }
            prop_assert!(!labels.is_empty() || app.tape.series(chart.symbol, chart.span).is_none());
        }

        #[test]
        fn bars_are_anchored(chart in charts()) {
            let Some((app, plot, _)) = chart.drawn() else { return Ok(()) };
            for pair in plot.columns.windows(2) {
                prop_assert!(pair[0].bar.time < pair[0].end && pair[0].end <= pair[1].bar.time, "{pair:?}");
            }
            let Step::Seconds(seconds) = plot.step else { return Ok(()) };
            for (place, column) in plot.columns.iter().enumerate() {
                let at = column.bar.time;
                let since_midnight = |zone: &TimeZone| {
                    (at.as_second() + i64::from(zone.to_offset(at).seconds())).rem_euclid(86_400)
                };
                let day = app.calendar.day(app.calendar.date(at)).filter(|_| is_listed_in_new_york(chart.symbol));
                let night = app.calendar.night_of(at).filter(|_| is_listed_in_new_york(chart.symbol));
                let begun = night.map(|night| night.start).or_else(|| {
                    let day = day?;
                    Some([day.close, day.open, day.pre].into_iter().find(|begun| *begun <= at).unwrap_or(day.pre))
                });
                let since_open = begun.map(|begun| at.duration_since(begun).as_secs());
                let zone = chart.zone();
                let change = zone.preceding(at + SignedDuration::from_secs(1)).next();
                let is_change = change.is_some_and(|change| change.timestamp() == at);
                let is_anchored = since_open.is_some_and(|since| since % seconds == 0)
                    || [&chart.zone(), &TimeZone::UTC].into_iter().any(|zone| since_midnight(zone) % seconds == 0);
                // A market whose hours are not known opens with its first bar; the bell of New York divides its bars.
                let is_share = kind(chart.symbol) == Kind::Equity;
                let opens = is_share && (place == 0 || column.after_break || !is_listed_in_new_york(chart.symbol));
                prop_assert!(is_anchored || is_change || opens, "{at} of {:?}", plot.step);
            }
        }
    }
}
