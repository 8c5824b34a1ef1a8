//! The chart of the selected symbol: candles or a line, the price axis at the right with the last price on it, and marks
//! where stories of its topics appeared.

use jiff::{SignedDuration, Timestamp};
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use super::Scene;
use super::braille::Dots;
use super::frame::{heading, panel, put, title_room};
use super::quotes::{change, extended_line, no_symbols, plain_price, price, short, state};
use super::text::{cut, fit_right, spans_width, width, wrap};
use crate::app::seen::Seen;
use crate::app::tape::ChartStyle;
use crate::app::wire::Item;
use crate::app::{App, Focus};
use crate::domain::price::{Candle, Kind, Series, Span as ChartSpan, Symbol};

/// Columns of the price axis; more where a price needs them.
const AXIS_WIDTH: u16 = 10;
/// Columns between the times on the time axis.
const TIME_EVERY: usize = 12;
/// A candle takes so many columns, gap included: candles that touch can't be told apart.
const STEPS: std::ops::RangeInclusive<usize> = 2..=4;

/// A gap of more bars than this is a time in which the market was closed.
const BREAK_BARS: i32 = 12;

/// What a column of the plot shows: one bar, or several as one.
#[derive(Clone, Copy, Debug)]
struct Column {
    bar: Candle,
    /// Where its last bar ends.
    end: Timestamp,
    /// The market was closed before it.
    after_break: bool,
}

/// Where prices and times are in the plot.
struct Plot {
    area: Rect,
    /// Columns of the price axis, right of it.
    axis: u16,
    low: f64,
    high: f64,
    columns: Vec<Column>,
    /// Cells from one candle to the next.
    step: usize,
}

pub fn draw(frame: &mut Frame, area: Rect, scene: Scene, seen: &mut Seen) {
    let app = scene.app;
    let Some(symbol) = app.tape.selected() else {
        let inner = panel(frame, area, scene, false, heading(scene, "Chart"), Line::default());
        return no_symbols(frame, inner, scene);
    };
    seen.symbols.push((Rect { height: 1, ..area }, symbol.name.clone()));
    // Price and change come first, then the state, then the amount. Between the titles stands a piece of the frame.
    let room = title_room(area).saturating_sub(5);
    let right = right_title(scene, symbol, room.saturating_sub(spans_width(&title(scene, symbol, 0).spans)));
    let room = room.saturating_sub(spans_width(&right.spans));
    let inner = panel(frame, area, scene, app.focus == Focus::Tape, title(scene, symbol, room), right);
    let extended = extended_line(scene, symbol);
    let [note, body] =
        Layout::vertical([Constraint::Length(u16::from(extended.is_some())), Constraint::Fill(1)]).areas(inner);
    if let Some(line) = extended {
        put(frame, line, Rect { x: note.x + 1, width: note.width.saturating_sub(1), ..note });
    }
    match plot(app, symbol, body) {
        Some(plot) => draw_plot(frame.buffer_mut(), scene, symbol, &plot),
        None => draw_nothing(frame, body, scene, symbol),
    }
}

/// `NVDA  181.23  ▼ −3.94  −2.13 %`; without room the amount goes first, then the name is cut.
fn title(scene: Scene, symbol: &Symbol, room: usize) -> Line<'static> {
    let price = price(scene, symbol);
    let parts = |amount: bool| [vec![price.clone(), Span::raw("  ")], change(scene, symbol, amount)].concat();
    let name_width = width(short(&symbol.name)).min(NAME_MIN) + 2;
    let figures = Some(parts(true)).filter(|parts| spans_width(parts) + name_width <= room).unwrap_or(parts(false));
    let name = cut(short(&symbol.name), room.saturating_sub(spans_width(&figures) + 2).max(name_width - 2));
    let mut spans = vec![Span::styled(name, scene.theme.accent.add_modifier(Modifier::BOLD)), Span::raw("  ")];
    spans.extend(figures);
    Line::from(spans)
}

/// A name in the title is not cut to less than this.
const NAME_MIN: usize = 8;

fn right_title(scene: Scene, symbol: &Symbol, room: usize) -> Line<'static> {
    let span = Span::styled(format!(" · {}", scene.app.tape.span), scene.theme.dim);
    Line::from(vec![state(scene, symbol, room.saturating_sub(width(&span.content)).max(8)), span])
}

fn draw_nothing(frame: &mut Frame, area: Rect, scene: Scene, symbol: &Symbol) {
    let (name, span) = (short(&symbol.name), scene.app.tape.span);
    let words = match scene.app.replay {
        Some(_) => format!("The recorded day has no candles of {name} over {span} by now."),
        None => format!("No candles of {name} over {span} yet."),
    };
    for (at, line) in (0u16..area.height).zip(wrap(&words, usize::from(area.width).saturating_sub(2))) {
        let place = Rect { x: area.x + 1, y: area.y + at, width: area.width.saturating_sub(1), height: 1 };
        put(frame, Line::styled(line, scene.theme.dim), place);
    }
}

// --- from candles to columns ---

/// How many bars a span has: a trading day of an equity is shorter than a day of crypto.
fn bars_shown(span: ChartSpan, kind: Kind, interval: u32) -> usize {
    let minutes = match (span, kind) {
        (ChartSpan::Hour, _) => 60,
        (ChartSpan::Day, Kind::Equity) => 8 * 60,
        (ChartSpan::Day, Kind::Crypto) => 24 * 60,
        _ => return usize::MAX,
    };
    (minutes * 60 / interval.max(1)).max(2) as usize
}

/// The newest bars that a span shows.
fn window<'a>(app: &'a App, symbol: &str, span: ChartSpan) -> Option<(&'a Series, &'a [Candle])> {
    let series = match app.tape.series(symbol, span) {
        None if span == ChartSpan::Hour => app.tape.series(symbol, ChartSpan::Day)?,
        series => series?,
    };
    let count = bars_shown(span, crate::domain::price::kind(symbol), series.interval).min(series.bars.len());
    let bars = &series.bars[series.bars.len() - count..];
    (!bars.is_empty()).then_some((series, bars))
}

/// The closes of the last day, one for each column, for a sparkline.
pub fn closes(app: &App, symbol: &str, columns: usize) -> Vec<f64> {
    let Some((_, bars)) = window(app, symbol, ChartSpan::Day) else { return Vec::new() };
    let last = |column: usize| ((column + 1) * bars.len() / columns.max(1)).saturating_sub(1);
    (0..columns).map(|column| bars[last(column)].close).collect()
}

fn plot(app: &App, symbol: &Symbol, body: Rect) -> Option<Plot> {
    let (series, bars) = window(app, &symbol.name, app.tape.span)?;
    // One row for the marks, one for the times.
    let axis = axis_width(bars);
    let area = Rect {
        width: body.width.checked_sub(axis).filter(|width| usize::from(*width) >= *STEPS.start())?,
        height: body.height.checked_sub(2).filter(|height| *height > 1)?,
        ..body
    };
    let room = match app.tape.style {
        ChartStyle::Candles => usize::from(area.width) / STEPS.start(),
        ChartStyle::Line => area.width.into(),
    };
    let columns = columns(bars, series.interval, room);
    let step = (usize::from(area.width) / columns.len().max(1)).clamp(1, *STEPS.end());
    let low = columns.iter().map(|column| column.bar.low).reduce(f64::min)?;
    let high = columns.iter().map(|column| column.bar.high).reduce(f64::max)?;
    let pad = ((high - low) * 0.04).max(high.abs() * 1e-4);
    Some(Plot { area, axis, low: low - pad, high: high + pad, columns, step })
}

/// Columns that the widest price needs, with the mark before it and a blank behind.
fn axis_width(bars: &[Candle]) -> u16 {
    let ends = bars.iter().map(|bar| bar.high).reduce(f64::max).into_iter().chain(bars.last().map(|bar| bar.close));
    let widest = ends.map(|price| width(&plain_price(price))).max().unwrap_or(0);
    AXIS_WIDTH.max(widest as u16 + 2)
}

/// Bars as columns that fit the room. Counted from the newest, so that a column does not change its bars when one
/// arrives; never over a time in which the market was closed.
fn columns(bars: &[Candle], interval: u32, room: usize) -> Vec<Column> {
    let per_column = bars.len().div_ceil(room.max(1)).max(1);
    let interval = SignedDuration::from_secs(interval.into());
    let is_break = |pair: &Candle, next: &Candle| next.time.duration_since(pair.time) > interval * BREAK_BARS;
    let mut columns = Vec::new();
    for run in bars.chunk_by(|bar, next| !is_break(bar, next)) {
        let first = columns.len();
        columns.extend(run.rchunks(per_column).map(|chunk| merged(chunk, interval)).rev());
        columns[first].after_break = first > 0;
    }
    let surplus = columns.len().saturating_sub(room);
    columns.split_off(surplus)
}

fn merged(bars: &[Candle], interval: SignedDuration) -> Column {
    let (first, last) = (bars[0], bars[bars.len() - 1]);
    let bar = Candle {
        time: first.time,
        open: first.open,
        high: bars.iter().map(|bar| bar.high).fold(first.high, f64::max),
        low: bars.iter().map(|bar| bar.low).fold(first.low, f64::min),
        close: last.close,
        volume: None,
    };
    Column { bar, end: last.time.checked_add(interval).unwrap_or(last.time), after_break: false }
}

impl Plot {
    /// Steps of a fraction of a row from the top, `per_row` steps to a row.
    fn depth(&self, price: f64, per_row: usize) -> usize {
        let steps = usize::from(self.area.height) * per_row - 1;
        let share = (self.high - price) / (self.high - self.low);
        (share.clamp(0.0, 1.0) * steps as f64).round() as usize
    }

    fn x(&self, column: usize) -> u16 {
        self.area.x + (column * self.step) as u16
    }

    /// The column a time falls in.
    fn column_at(&self, time: Timestamp) -> Option<usize> {
        let at = self.columns.partition_point(|column| column.end <= time);
        (at < self.columns.len() && self.columns[0].bar.time <= time).then_some(at)
    }
}

// --- drawing ---

fn draw_plot(buffer: &mut Buffer, scene: Scene, symbol: &Symbol, plot: &Plot) {
    let last = plot.columns[plot.columns.len() - 1].bar.close;
    draw_axis(buffer, scene, plot, last);
    match scene.app.tape.style {
        ChartStyle::Candles => draw_candles(buffer, scene, plot),
        ChartStyle::Line => draw_line(buffer, scene, plot),
    }
    draw_marks(buffer, scene, symbol, plot);
    draw_times(buffer, scene, plot);
}

/// Round prices at the right, the last price among them with a line through the plot.
fn draw_axis(buffer: &mut Buffer, scene: Scene, plot: &Plot, last: f64) {
    let x = plot.area.right();
    let room = usize::from(plot.axis) - 1;
    for tick in ticks(plot.low, plot.high, usize::from(plot.area.height) / 3) {
        let y = plot.area.y + plot.depth(tick, 1) as u16;
        buffer.set_string(x, y, fit_right(&plain_price(tick), room), scene.theme.faint);
    }
    let y = plot.area.y + plot.depth(last, 1) as u16;
    buffer.set_string(plot.area.x, y, "┄".repeat(plot.area.width.into()), scene.theme.faint);
    let current = scene.app.tape.selected().is_some_and(|symbol| scene.app.price_state(&symbol.name).is_current());
    let style = if current { scene.theme.text.add_modifier(Modifier::BOLD) } else { scene.theme.dim };
    buffer.set_string(x, y, format!("◂{}", fit_right(&plain_price(last), room - 1)), style);
}

/// Round numbers between two prices, about this many.
fn ticks(low: f64, high: f64, wanted: usize) -> Vec<f64> {
    let raw = (high - low) / wanted.clamp(2, 8) as f64;
    let power = 10f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].map(|round| round * power).into_iter().find(|step| *step >= raw);
    let Some(step) = step.filter(|step| step.is_finite() && *step > 0.0) else { return Vec::new() };
    let first = (low / step).ceil() * step;
    (0..16).map(|at| first + f64::from(at) * step).take_while(|tick| *tick <= high).collect()
}

fn draw_candles(buffer: &mut Buffer, scene: Scene, plot: &Plot) {
    for (at, column) in plot.columns.iter().enumerate() {
        let x = plot.x(at);
        if x < plot.area.right() {
            draw_candle(buffer, scene, plot, x, column);
        }
    }
}

fn draw_candle(buffer: &mut Buffer, scene: Scene, plot: &Plot, x: u16, column: &Column) {
    let bar = column.bar;
    let rises = bar.close >= bar.open;
    let style = if rises { scene.theme.up } else { scene.theme.down };
    let wick = (plot.depth(bar.high, 2), plot.depth(bar.low, 2));
    let body = (plot.depth(bar.open.max(bar.close), 2), plot.depth(bar.open.min(bar.close), 2));
    for row in wick.0 / 2..=wick.1 / 2 {
        let part = |half: usize| match half {
            half if (body.0..=body.1).contains(&half) => Part::Body,
            half if (wick.0..=wick.1).contains(&half) => Part::Wick,
            _ => Part::None,
        };
        let glyph = glyph(part(row * 2), part(row * 2 + 1), rises);
        buffer.set_string(x, plot.area.y + row as u16, glyph, style);
    }
}

/// What half a cell of a candle shows.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    None,
    Wick,
    Body,
}

/// Rising bodies are a heavy line, falling ones a block: told apart without colour.
fn glyph(upper: Part, lower: Part, rises: bool) -> &'static str {
    match (upper, lower, rises) {
        (Part::Body, Part::Body, true) => "┃",
        (Part::Body, Part::Wick, true) => "╿",
        (Part::Wick, Part::Body, true) => "╽",
        (Part::Body, Part::None, true) => "╹",
        (Part::None, Part::Body, true) => "╻",
        (Part::Body, Part::Body, false) => "█",
        (Part::Body, _, false) => "▀",
        (_, Part::Body, false) => "▄",
        (Part::Wick, Part::Wick, _) => "│",
        (Part::Wick, Part::None, _) => "╵",
        (Part::None, Part::Wick, _) => "╷",
        (Part::None, Part::None, _) => " ",
    }
}

/// A line of braille dots; it breaks where the market was closed.
fn draw_line(buffer: &mut Buffer, scene: Scene, plot: &Plot) {
    let (width, height) = (usize::from(plot.area.width), usize::from(plot.area.height));
    let mut dots = Dots::new(width, height);
    let mut previous: Option<usize> = None;
    for x in 0..(plot.columns.len() * plot.step).min(width) * 2 {
        let column = &plot.columns[(x / 2) / plot.step];
        let y = plot.depth(column.bar.close, 4);
        dots.stroke(x, previous.filter(|_| !column.after_break).unwrap_or(y), y);
        previous = Some(y);
    }
    let rises = plot.columns.first().zip(plot.columns.last()).is_some_and(|(a, b)| b.bar.close >= a.bar.open);
    let style = if rises { scene.theme.up } else { scene.theme.down };
    for (x, y, glyph) in dots.glyphs() {
        buffer.set_string(plot.area.x + x as u16, plot.area.y + y as u16, glyph.to_string(), style);
    }
}

/// Below the bars: where stories of the symbol's topics appeared, counted, in the colour of their topic.
fn draw_marks(buffer: &mut Buffer, scene: Scene, symbol: &Symbol, plot: &Plot) {
    let y = plot.area.bottom();
    // How many, and the newest story of them, which comes first: its topic gives the colour.
    let mut marks: Vec<(usize, Option<&Item>)> = vec![(0, None); plot.columns.len()];
    for item in scene.app.wire.firsts_since(&symbol.name, plot.columns[0].bar.time) {
        let Some(at) = plot.column_at(item.story.time()) else { continue };
        marks[at] = (marks[at].0 + 1, marks[at].1.or(Some(item)));
    }
    for (at, (count, newest)) in marks.into_iter().enumerate() {
        let x = plot.x(at);
        let Some(item) = newest.filter(|_| x < plot.area.right()) else { continue };
        let style = super::wire::shown_topics(scene, item).first().map_or(scene.theme.dim, |(_, style)| *style);
        buffer.set_string(x, y, mark(count), style);
    }
}

fn mark(count: usize) -> String {
    match count {
        1 => "▴".into(),
        2..=9 => count.to_string(),
        _ => "+".into(),
    }
}

/// Times below the plot; where the market was closed before, the day.
fn draw_times(buffer: &mut Buffer, scene: Scene, plot: &Plot) {
    let zone = &scene.app.config.market.time_zone;
    let form = match scene.app.tape.span {
        ChartSpan::Hour | ChartSpan::Day => "%H:%M",
        ChartSpan::FiveDays | ChartSpan::Month => "%-d %b",
        ChartSpan::SixMonths | ChartSpan::Year => "%b %Y",
    };
    let y = plot.area.bottom() + 1;
    let mut free = plot.area.x;
    let every = (TIME_EVERY / plot.step).max(1);
    for (at, column) in plot.columns.iter().enumerate() {
        let new_day = column.after_break && form == "%H:%M";
        if !new_day && at % every != 0 {
            continue;
        }
        let form = if new_day { "%-d %b" } else { form };
        let label = column.bar.time.to_zoned_datetime(zone.clone()).strftime(form).to_string();
        let (x, end) = (plot.x(at), usize::from(plot.x(at)) + width(&label));
        if x >= free && end <= usize::from(plot.area.right()) {
            let style = if new_day { scene.theme.dim } else { scene.theme.faint };
            buffer.set_string(x, y, label, style);
            free = end as u16 + 1;
        }
    }
    draw_source(buffer, scene, plot, y);
}

/// Whose candles these are, below the axis.
fn draw_source(buffer: &mut Buffer, scene: Scene, plot: &Plot, y: u16) {
    let shown = scene.app.tape.selected().and_then(|symbol| window(scene.app, &symbol.name, scene.app.tape.span));
    if let Some((series, _)) = shown {
        let text = fit_right(&series.source, usize::from(plot.axis) - 1);
        buffer.set_string(plot.area.right(), y, text, scene.theme.faint);
    }
}
