//! Where prices and times are in a chart: bars gathered to columns, and columns to cells and dots.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use ratatui::layout::Rect;

use super::super::quote::plain_price;
use super::super::text::width;
use super::grid::{Grid, Step};
use crate::app::App;
use crate::app::tape::{ChartStyle, last_price};
use crate::domain::price::{Candle, Kind, Series, Session, Span, Symbol, is_listed_in_new_york, kind};

/// Columns of the price axis; more where a price needs them.
const AXIS_WIDTH: u16 = 10;
/// A candle takes so many cells, gap included: candles that touch can't be distinguished.
const SPACINGS: std::ops::RangeInclusive<usize> = 2..=4;
/// Dots of a cell, across.
const DOTS: usize = 2;
/// Seconds in a day.
const DAY: u32 = 86_400;
/// A trade of the closing auction is reported a little after the bell.
const AUCTION: SignedDuration = SignedDuration::from_mins(1);
/// A gap of more bars than this is a time in which the market was closed.
const BREAK_BARS: i32 = 12;
/// Rows from which a chart gives one, or two, to volume.
const VOLUME_FROM: [u16; 2] = [12, 20];
/// A share's day shows no less than a regular session, be it of the day before.
const SHARE_DAY: u32 = 390;

/// What a column of the plot shows: one bar, or several as one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    /// It begins where a bar of its length does: at the open, at a round time, with a day's first trade.
    pub bar: Candle,
    /// Where it ends, be that ahead of now.
    pub end: Timestamp,
    /// The market was closed before it.
    pub after_break: bool,
    /// The session of a share that is traded out of hours here.
    pub extended: Option<Session>,
}

/// Where prices and times are in the plot.
pub(super) struct Plot {
    /// Of the prices; volume, marks and times stand below it.
    pub area: Rect,
    /// Rows of volume below the prices.
    pub volume: u16,
    /// Columns of the price axis, right of it.
    pub axis: u16,
    pub low: f64,
    pub high: f64,
    /// The newest price that the axis tells.
    pub last: f64,
    /// Oldest first; never none.
    pub columns: Vec<Column>,
    /// How long a column is at most.
    pub step: Step,
    /// Whose days columns of a day and longer are.
    pub days: TimeZone,
    pub style: ChartStyle,
    /// Cells from one candle to the next.
    spacing: usize,
}

/// The newest bars that a span shows, and whose they are.
pub(super) fn window<'a>(app: &'a App, symbol: &str, span: Span) -> Option<(&'a Series, &'a [Candle])> {
    let series = match app.tape.series(symbol, span) {
        None if span == Span::Hour => app.tape.series(symbol, Span::Day)?,
        series => series?,
    };
    let count = bars_shown(app, span, series).min(series.bars.len());
    let bars = &series.bars[series.bars.len() - count..];
    (!bars.is_empty()).then_some((series, bars))
}

/// How many bars a span has. A coin's day has 24 hours; a share's begins with its first trade before the bell.
fn bars_shown(app: &App, span: Span, series: &Series) -> usize {
    let bars = |minutes: u32| (minutes * 60 / series.interval.max(1)).max(2) as usize;
    match (span, kind(&series.symbol)) {
        (Span::Hour, _) => bars(60),
        (Span::Day, Kind::Crypto) => bars(24 * 60),
        (Span::Day, Kind::Equity) => {
            let date = series.bars.last().map(|bar| app.calendar.date(bar.time));
            let today = series.bars.iter().rev().take_while(|bar| Some(app.calendar.date(bar.time)) == date).count();
            today.max(bars(SHARE_DAY))
        }
        _ => usize::MAX,
    }
}

/// The plot of what the chart shows; None: no candles, or no room.
pub(super) fn plot(app: &App, symbol: &Symbol, body: Rect) -> Option<Plot> {
    let (series, bars) = window(app, &symbol.name, app.tape.span)?;
    let axis = axis_width(bars);
    let has_volume = bars.iter().any(|bar| bar.volume.is_some_and(|volume| volume > 0.0));
    let volume = VOLUME_FROM.iter().filter(|rows| has_volume && body.height >= **rows).count() as u16;
    // One row for the marks, one for the times.
    let area = Rect {
        width: body.width.checked_sub(axis).filter(|width| usize::from(*width) >= *SPACINGS.start())?,
        height: body.height.checked_sub(2 + volume).filter(|height| *height > 1)?,
        ..body
    };
    // Closes alone have no candles.
    let style = if series.closes_only { ChartStyle::Line } else { app.tape.style };
    let room = match style {
        ChartStyle::Candles => usize::from(area.width) / SPACINGS.start(),
        ChartStyle::Line => usize::from(area.width) * DOTS,
    };
    let (columns, grid, step) = columns(app, series, series.bars.len() - bars.len(), room);
    let spacing = (usize::from(area.width) / columns.len().max(1)).clamp(1, *SPACINGS.end());
    let last = newest(app, series)?;
    let low = columns.iter().map(|column| column.bar.low).fold(last, f64::min);
    let high = columns.iter().map(|column| column.bar.high).fold(last, f64::max);
    let pad = ((high - low) * 0.04).max(high.abs() * 1e-4);
    let days = grid.days().clone();
    Some(Plot { area, volume, axis, low: low - pad, high: high + pad, last, columns, step, days, style, spacing })
}

/// The last price that the source of the candles has given.
fn newest(app: &App, series: &Series) -> Option<f64> {
    let bar = series.bars.last()?;
    let quote = app.tape.quote(&series.symbol).filter(|quote| quote.source == series.source);
    let quote = quote.filter(|quote| quote.newest() >= bar.time);
    Some(quote.and_then(last_price).unwrap_or(bar.close))
}

/// Columns that the widest price needs, with the mark before it and a blank behind.
fn axis_width(bars: &[Candle]) -> u16 {
    let ends = bars.iter().map(|bar| bar.high).reduce(f64::max).into_iter().chain(bars.last().map(|bar| bar.close));
    let widest = ends.map(|price| width(&plain_price(price))).max().unwrap_or(0);
    AXIS_WIDTH.max(widest as u16 + 2)
}

/// The bars of a series gathered to columns, of which the room holds so many, and by what; from the bar on with which the
/// window begins, or a little before it: the first column is whole.
fn columns<'a>(app: &'a App, series: &Series, from: usize, room: usize) -> (Vec<Column>, Grid<'a>, Step) {
    let (bars, times) = (&series.bars, times(app, series));
    let zone = &app.config.market.time_zone;
    let grid = Grid::new(&app.calendar, zone, &series.symbol, &times[from..], series.interval);
    let step = grid.step(&times[from..], room);
    let cell = |at: usize| grid.cell(times[at], step);
    let session = |at: usize| extended(app, &series.symbol, times[at]);
    let from = (0..from).rev().take_while(|at| cell(*at) == cell(from)).last().unwrap_or(from);
    let mut columns: Vec<Column> = Vec::new();
    let mut first = from;
    while first < bars.len() {
        let (place, extended) = (cell(first), session(first));
        let others = (first + 1..bars.len()).take_while(|at| cell(*at) == place && session(*at) == extended);
        let next = first + 1 + others.count();
        let after_break = first > from && is_closed_between(series, first, step);
        let start = match columns.last_mut() {
            // A session begins within what would be one bar.
            Some(before) if before.end > place.start => {
                before.end = times[first];
                times[first]
            }
            before if is_cut(&grid, step, &series.symbol, before.is_none() || after_break) => {
                place.start.max(times[first])
            }
            _ => place.start,
        };
        let bar = merged(start, &bars[first..next]);
        columns.push(Column { bar, end: place.end, after_break, extended });
        first = next;
    }
    let surplus = columns.len().saturating_sub(room);
    (columns.split_off(surplus), grid, step)
}

/// Does a column begin with its first bar, before the time that it could? Days begin with their trade, and so does a
/// market whose hours are not known.
fn is_cut(grid: &Grid, step: Step, symbol: &str, is_opening: bool) -> bool {
    !step.is_within_day() || (is_opening && kind(symbol) == Kind::Equity && !grid.is_by_session())
}

/// When each bar begins. That of the closing auction, reported a little after the bell with nothing behind it, belongs to the
/// session that it ends.
fn times(app: &App, series: &Series) -> Vec<Timestamp> {
    let is_last = |at: usize| match series.bars.get(at + 1) {
        Some(next) => is_break(&series.bars[at], next, series.interval),
        None => !tells_sessions(app),
    };
    let time = |(at, bar): (usize, &Candle)| {
        let may_be_auction = at > 0 && is_last(at) && is_listed_in_new_york(&series.symbol);
        let is_auction = may_be_auction && bar.time.duration_since(app.calendar.last_close(bar.time)) < AUCTION;
        if is_auction { bar.time.checked_sub(AUCTION).unwrap_or(bar.time) } else { bar.time }
    };
    series.bars.iter().enumerate().map(time).collect()
}

/// Was the market closed before a bar? Between bars of a day and longer the nights do not count.
fn is_closed_between(series: &Series, at: usize, step: Step) -> bool {
    let counts = step.is_within_day() || series.interval >= DAY;
    counts && at > 0 && is_break(&series.bars[at - 1], &series.bars[at], series.interval)
}

fn is_break(bar: &Candle, next: &Candle, interval: u32) -> bool {
    next.time.duration_since(bar.time) > SignedDuration::from_secs(interval.into()) * BREAK_BARS
}

/// In which session out of hours a share trades at a time, on the spans that tell hours.
fn extended(app: &App, symbol: &str, at: Timestamp) -> Option<Session> {
    let is_told = kind(symbol) == Kind::Equity && tells_sessions(app);
    is_told.then(|| app.calendar.session(at)).filter(|session| *session != Session::Regular)
}

fn tells_sessions(app: &App) -> bool {
    matches!(app.tape.span, Span::Hour | Span::Day)
}

fn merged(start: Timestamp, bars: &[Candle]) -> Candle {
    let (first, last) = (bars[0], bars[bars.len() - 1]);
    Candle {
        time: start,
        open: first.open,
        high: bars.iter().map(|bar| bar.high).fold(first.high, f64::max),
        low: bars.iter().map(|bar| bar.low).fold(first.low, f64::min),
        close: last.close,
        volume: bars.iter().filter_map(|bar| bar.volume).reduce(|all, volume| all + volume),
    }
}

impl Plot {
    /// Steps of a fraction of a row from the top, `per_row` steps to a row.
    pub(super) fn depth(&self, price: f64, per_row: usize) -> usize {
        let steps = usize::from(self.area.height) * per_row - 1;
        let share = (self.high - price) / (self.high - self.low);
        (share.clamp(0.0, 1.0) * steps as f64).round() as usize
    }

    /// The dot, from the left, at which a column stands; a line takes the whole width.
    pub(super) fn dot(&self, column: usize) -> usize {
        match self.style {
            ChartStyle::Candles => column * self.spacing * DOTS,
            ChartStyle::Line => {
                let dots = usize::from(self.area.width) * DOTS - 1;
                column * dots / self.columns.len().saturating_sub(1).max(1)
            }
        }
    }

    /// The cell in which a column stands.
    pub(super) fn x(&self, column: usize) -> u16 {
        self.area.x + (self.dot(column) / DOTS) as u16
    }

    /// Each column that has its place within the plot, with its cell.
    pub(super) fn placed(&self) -> impl Iterator<Item = (u16, &Column)> {
        let placed = self.columns.iter().enumerate().map(|(at, column)| (self.x(at), column));
        placed.filter(|(x, _)| *x < self.area.right())
    }

    /// The column a time falls in.
    pub(super) fn column_at(&self, time: Timestamp) -> Option<usize> {
        let at = self.columns.partition_point(|column| column.end <= time);
        (at < self.columns.len() && self.columns[0].bar.time <= time).then_some(at)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::float_cmp)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::config;
    use crate::event::Event;

    /// Bars of five minutes of NVDA, from a time in New York.
    fn app(from: &str, bars: &[Option<f64>]) -> App {
        let start = from.parse::<jiff::civil::DateTime>().unwrap().in_tz("America/New_York").unwrap().timestamp();
        let time = |at: usize| start + SignedDuration::from_mins(5 * at as i64);
        let mut config = config::shipped();
        // Nothing is tagged here.
        config.topics.clear();
        let mut app = App::new(Arc::new(config), time(bars.len()));
        let bar = |(at, price): (usize, &Option<f64>)| {
            price.map(|price| Candle {
                time: time(at),
                open: price,
                high: price,
                low: price,
                close: price,
                volume: None,
            })
        };
        let bars = bars.iter().enumerate().filter_map(bar).collect();
        let series = Series { symbol: "NVDA".into(), source: "yahoo".into(), interval: 300, closes_only: false, bars };
        app.update(Event::Series { span: Span::Day, series }, app.now);
        app
    }

    fn plot_of(app: &App, width: u16) -> Option<Plot> {
        plot(app, app.tape.selected().unwrap(), Rect::new(0, 0, width, 16))
    }

    #[test]
    fn a_shares_day_begins_before_the_bell_and_its_hours_are_told_apart() {
        let app = app("2026-11-23T04:00", &vec![Some(100.0); 16 * 12]);
        let plot = plot_of(&app, 110).unwrap();
        let sessions: Vec<_> = plot.columns.iter().map(|column| column.extended).collect();
        let runs: Vec<_> = sessions.chunk_by(|a, b| a == b).map(|run| run[0]).collect();
        assert_eq!(runs, [Some(Session::Pre), None, Some(Session::Post)]);
        assert_eq!(plot.columns[0].bar.time.to_string(), "2026-11-23T09:00:00Z");
        let opening = plot.columns.iter().find(|column| column.extended.is_none()).unwrap();
        assert_eq!(opening.bar.time.to_string(), "2026-11-23T14:30:00Z", "no column over the bell");
    }

    #[test]
    fn a_young_day_shows_the_end_of_the_one_before() {
        let mut bars = vec![Some(100.0); 4 * 12];
        bars.extend(vec![None; 8 * 12]);
        bars.extend(vec![Some(101.0); 2]);
        let app = app("2026-11-23T16:00", &bars);
        let plot = plot_of(&app, 200).unwrap();
        assert_eq!(plot.columns.len(), 50);
        assert_eq!(plot.columns.iter().filter(|column| column.after_break).count(), 1);
    }

    #[test]
    fn the_axis_tells_the_newest_price_of_the_candles_own_source() {
        let mut app = app("2026-11-23T10:00", &[Some(100.0), Some(101.0)]);
        assert_eq!(plot_of(&app, 60).unwrap().last, 101.0);
        let quote = crate::app::samples::quote("NVDA", 102.0, app.now);
        app.update(Event::Quote(crate::domain::price::Quote { source: "cnbc".into(), ..quote.clone() }), app.now);
        assert_eq!(plot_of(&app, 60).unwrap().last, 101.0, "another source's");
        app.update(Event::Quote(quote), app.now);
        assert_eq!(plot_of(&app, 60).unwrap().last, 102.0);
    }

    proptest! {
        #[test]
        fn columns_fit_and_keep_every_bar(
            bars in prop::collection::vec(prop::option::weighted(0.8, 0.0001f64..1e9), 1..600), width in 0u16..250,
            is_line: bool,
        ) {
            let mut app = app("2026-11-23T03:00", &bars);
            app.tape.style = if is_line { ChartStyle::Line } else { ChartStyle::Candles };
            let Some(plot) = plot_of(&app, width) else { return Ok(()) };
            let cells: Vec<u16> = plot.placed().map(|(x, _)| x).collect();
            prop_assert_eq!(cells.len(), plot.columns.len(), "none beyond the right edge");
            prop_assert!(cells.is_sorted());
            prop_assert!(plot.columns.is_sorted_by_key(|column| column.bar.time));
            for column in &plot.columns {
                prop_assert!(plot.depth(column.bar.high, 4) <= plot.depth(column.bar.low, 4));
                prop_assert!(plot.depth(column.bar.low, 4) < usize::from(plot.area.height) * 4);
            }
        }
    }
}
