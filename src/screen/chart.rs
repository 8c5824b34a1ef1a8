//! The chart of the selected symbol: candles or a line, the price axis at the right with the last price on it, and marks
//! where stories of its topics appeared.

mod axis;
mod bars;
mod grid;
mod plot;

use std::collections::BTreeMap;

use jiff::Timestamp;
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use self::plot::{Plot, plot, window};
use super::Scene;
use super::frame::{heading, panel, put, title_room};
use super::quote::{change, extended_line, no_symbols, plain_price, price, short, state};
use super::text::{cut, fit_right, spans_width, width, wrap};
use crate::app::command::Command;
use crate::app::hit_map::{Bar, HitMap};
use crate::app::tape::ChartStyle;
use crate::app::wire::Item;
use crate::app::{App, Focus};
use crate::domain::format;
use crate::domain::price::{Capability, Outcome, Span as ChartSpan, Symbol};
use crate::domain::reaction;

pub(super) fn draw(frame: &mut Frame, area: Rect, scene: Scene, seen: &mut HitMap) {
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
    let inner = panel(frame, area, scene, app.arrangement.focus == Focus::Tape, title(scene, symbol, room), right);
    let extended = extended_line(scene, symbol);
    let [note, body] =
        Layout::vertical([Constraint::Length(u16::from(extended.is_some())), Constraint::Fill(1)]).areas(inner);
    if let Some(line) = extended {
        put(frame, line, Rect { x: note.x + 1, width: note.width.saturating_sub(1), ..note });
    }
    match plot(app, symbol, body) {
        Some(plot) => {
            let marks = marks(scene, symbol, &plot);
            tell_bars(&plot, &marks, seen);
            draw_plot(frame.buffer_mut(), scene, &marks, &plot);
        }
        None => draw_nothing(frame, body, scene, symbol),
    }
}

/// `NVDA  181.23  ▼ −3.94  −2.13%`; without room the amount goes first, then the change, then the price: a figure is there
/// whole or not at all. Then the name is cut.
fn title(scene: Scene, symbol: &Symbol, room: usize) -> Line<'static> {
    let price = price(scene, symbol);
    let parts = |amount: bool| [vec![price.clone(), Span::raw("  ")], change(scene, symbol, amount)].concat();
    let name_width = width(short(&symbol.name)).min(NAME_MIN) + 2;
    let choices = [parts(true), parts(false), vec![price.clone()], Vec::new()];
    // With no room given, what is wanted at least.
    let figures = if room == 0 { parts(false) } else { fitting(choices, room.saturating_sub(name_width)) };
    let name = cut(short(&symbol.name), room.saturating_sub(spans_width(&figures) + 2).max(name_width - 2));
    let mut spans = vec![Span::styled(name, scene.theme.accent.add_modifier(Modifier::BOLD)), Span::raw("  ")];
    spans.extend(figures);
    Line::from(spans)
}

/// The first choice that has room.
fn fitting(choices: [Vec<Span<'static>>; 4], room: usize) -> Vec<Span<'static>> {
    choices.into_iter().find(|parts| spans_width(parts) <= room).unwrap_or_default()
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
        None => format!("No candles of {name} over {span} yet{}.", why_nothing(scene, symbol)),
    };
    for (at, line) in (0u16..area.height).zip(wrap(&words, usize::from(area.width).saturating_sub(2))) {
        let place = Rect { x: area.x + 1, y: area.y + at, width: area.width.saturating_sub(1), height: 1 };
        put(frame, Line::styled(line, scene.theme.dim), place);
    }
}

/// What keeps the candles away, if that is known.
fn why_nothing(scene: Scene, symbol: &Symbol) -> String {
    let (health, now) = (&scene.app.health, scene.app.now);
    let trouble = |source| health.trouble(&symbol.name, source, Capability::Candles, now);
    let mut why = symbol.sources.iter().filter_map(trouble).filter_map(|report| match &report.outcome {
        Outcome::Blocked { until, .. } => {
            Some(format!(": {} refuses until {}", report.source, scene.market_day_time(*until)))
        }
        Outcome::Failed(failure) => Some(format!(": {}", failure.clause())),
        Outcome::Well => None,
    });
    why.next().unwrap_or_default()
}

/// The closes of the last day, one for each column, for a sparkline.
pub(super) fn closes(app: &App, symbol: &str, columns: usize) -> Vec<f64> {
    let Some((_, bars)) = window(app, symbol, ChartSpan::Day) else { return Vec::new() };
    let last = |column: usize| ((column + 1) * bars.len() / columns.max(1)).saturating_sub(1);
    (0..columns).map(|column| bars[last(column)].close).collect()
}

fn draw_plot(buffer: &mut Buffer, scene: Scene, marks: &Marks, plot: &Plot) {
    bars::draw_sessions(buffer, scene, plot);
    draw_axis(buffer, scene, plot);
    match plot.style {
        ChartStyle::Candles => bars::draw_candles(buffer, scene, plot),
        ChartStyle::Line => bars::draw_line(buffer, scene, plot),
    }
    bars::name_sessions(buffer, scene, plot);
    bars::draw_volume(buffer, scene, plot);
    draw_marks(buffer, scene, marks, plot);
    match scene.app.bar().and_then(|time| chosen(plot, time)) {
        Some(at) => draw_chosen(buffer, scene, marks, plot, at),
        None => axis::draw(buffer, scene, plot),
    }
}

/// Round prices at the right, the last price among them with a line through the plot.
fn draw_axis(buffer: &mut Buffer, scene: Scene, plot: &Plot) {
    let x = plot.area.right();
    let room = usize::from(plot.axis) - 1;
    for tick in ticks(plot.low, plot.high, usize::from(plot.area.height) / 3) {
        let y = plot.area.y + plot.depth(tick, 1) as u16;
        buffer.set_string(x, y, fit_right(&plain_price(tick), room), scene.theme.faint);
    }
    let y = plot.area.y + plot.depth(plot.last, 1) as u16;
    buffer.set_string(plot.area.x, y, "┄".repeat(plot.area.width.into()), scene.theme.faint);
    let current = scene.app.tape.selected().is_some_and(|symbol| scene.app.price_state(&symbol.name).is_current());
    let style = if current { scene.theme.text.add_modifier(Modifier::BOLD) } else { scene.theme.dim };
    buffer.set_string(x, y, format!("◂{}", fit_right(&plain_price(plot.last), room - 1)), style);
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

/// Where stories of the symbol's topics appeared: by the cell, how many, and the newest of them, whose topic gives the
/// colour.
type Marks<'a> = BTreeMap<u16, (usize, &'a Item)>;

fn marks<'a>(scene: Scene<'a>, symbol: &Symbol, plot: &Plot) -> Marks<'a> {
    let wire = &scene.app.wire;
    let mut marks = Marks::new();
    let mut from = plot.columns[0].bar.time;
    // What came while the market was closed stands at the bar that opened it again.
    for (x, column) in plot.placed() {
        if let Some((count, newest)) = wire.firsts_within(&symbol.name, from, column.end) {
            let mark = marks.entry(x).or_insert((0, newest));
            *mark = (mark.0 + count, newest);
        }
        from = column.end;
    }
    marks
}

/// Where each bar is, for the keys and the mouse.
fn tell_bars(plot: &Plot, marks: &Marks, seen: &mut HitMap) {
    let bar = |(x, column): (u16, &plot::Column)| Bar {
        x,
        from: column.bar.time,
        to: column.end,
        stories: marks.get(&x).map_or(0, |(count, _)| *count),
    };
    seen.bars = plot.placed().map(bar).collect();
    seen.chart = Rect { height: plot.area.height + plot.volume + 2, ..plot.area };
}

/// Below the bars: the marks; that of the story which the reader shows stands out.
fn draw_marks(buffer: &mut Buffer, scene: Scene, marks: &Marks, plot: &Plot) {
    let y = plot.area.bottom() + plot.volume;
    for (x, (count, newest)) in marks.iter().filter(|(x, _)| **x < plot.area.right()) {
        let style = super::wire::shown_topics(scene, newest).first().map_or(scene.theme.dim, |(_, style)| *style);
        buffer.set_string(*x, y, mark(*count), style);
    }
    if let Some(at) = scene.app.bar_of_story().and_then(|time| plot.column_at(time)) {
        let x = plot.x(at).min(plot.area.right() - 1);
        if !marks.contains_key(&x) {
            buffer.set_string(x, y, mark(1), scene.theme.dim);
        }
        buffer.set_style(Rect { x, y, width: 1, height: 1 }, scene.theme.text.add_modifier(Modifier::REVERSED));
    }
}

/// The column chosen: that of the time, or the first one shown after it.
fn chosen(plot: &Plot, time: Timestamp) -> Option<usize> {
    let at = plot.columns.partition_point(|column| column.end <= time);
    Some(at.min(plot.columns.len().checked_sub(1)?))
}

/// The chosen bar, lit over the whole height, and in place of the times what it did.
fn draw_chosen(buffer: &mut Buffer, scene: Scene, marks: &Marks, plot: &Plot, at: usize) {
    let x = plot.x(at);
    let height = plot.area.height + plot.volume + 1;
    buffer.set_style(Rect { x, y: plot.area.y, width: 1, height }, scene.theme.selected);
    let column = &plot.columns[at];
    let stories = match marks.get(&x).map_or(0, |(count, _)| *count) {
        0 => String::new(),
        count => format!(" · {}", format::count(count, "story", "stories")),
    };
    let (bar, why) = (column.bar, scene.app.keymap.hint(Command::Why));
    let moved = format::percent(reaction::percent(bar.open, bar.close), 2);
    let times = format!("{} {moved}", scene.market_day_time(bar.time));
    let [open, high, low, close] = [bar.open, bar.high, bar.low, bar.close].map(plain_price);
    let long = format!("{times} · O {open} H {high} L {low} C {close}{stories} · {why} why");
    let short = format!("{times}{stories} · {why} why");
    let room = usize::from(plot.area.width + plot.axis);
    let words = if width(&long) <= room { long } else { cut(&short, room) };
    buffer.set_string(plot.area.x, plot.area.bottom() + plot.volume + 1, words, scene.theme.accent);
}

fn mark(count: usize) -> String {
    match count {
        1 => "▴".into(),
        2..=9 => count.to_string(),
        _ => "+".into(),
    }
}
