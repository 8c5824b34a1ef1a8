//! What stands in a plot: hours out of session shaded, candles or a line, and volume.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::super::Scene;
use super::super::braille::Dots;
use super::super::text::width;
use super::plot::{Column, Plot};
use crate::domain::price::Session;

/// A column filled by so many eighths.
const EIGHTHS: [&str; 9] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/// Before the opening bell and after the closing one: another ground.
pub(super) fn draw_sessions(buffer: &mut Buffer, scene: Scene, plot: &Plot) {
    let ends = (1..plot.columns.len()).map(|at| plot.x(at)).chain([plot.area.right()]);
    let height = plot.area.height + plot.volume;
    for ((x, _), end) in plot.placed().zip(ends).filter(|((_, column), _)| column.extended.is_some()) {
        let ground = Rect { x, width: end.min(plot.area.right()).saturating_sub(x), height, ..plot.area };
        buffer.set_style(ground, scene.theme.shade);
    }
}

/// The names of those hours at the top, over what is drawn there.
pub(super) fn name_sessions(buffer: &mut Buffer, scene: Scene, plot: &Plot) {
    let mut free = plot.area.x;
    let mut before = None;
    for (x, column) in plot.placed() {
        if let Some(session) = column.extended {
            let word = name(session);
            if before != Some(session) && x >= free && usize::from(x) + width(word) <= plot.area.right().into() {
                buffer.set_string(x, plot.area.y, word, scene.theme.faint);
                free = x + width(word) as u16 + 1;
            }
        }
        before = column.extended;
    }
}

fn name(session: Session) -> &'static str {
    match session {
        Session::Pre => "pre",
        Session::Post => "post",
        Session::Overnight => "overnight",
        Session::Regular | Session::Closed | Session::Always => "",
    }
}

pub(super) fn draw_candles(buffer: &mut Buffer, scene: Scene, plot: &Plot) {
    for (x, column) in plot.placed() {
        draw_candle(buffer, scene, plot, x, column);
    }
}

fn draw_candle(buffer: &mut Buffer, scene: Scene, plot: &Plot, x: u16, column: &Column) {
    let bar = column.bar;
    let rises = bar.close >= bar.open;
    // Over the line of the last price, which is dim.
    let style = if rises { scene.theme.up } else { scene.theme.down }.remove_modifier(Modifier::DIM);
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

/// Rising bodies are a heavy line, falling ones a block: distinguished without colour.
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

/// A line of braille dots from close to close; it is lifted where the market was closed.
pub(super) fn draw_line(buffer: &mut Buffer, scene: Scene, plot: &Plot) {
    let mut dots = Dots::new(plot.area.width.into(), plot.area.height.into());
    let mut previous: Option<(usize, usize)> = None;
    for (at, column) in plot.columns.iter().enumerate() {
        let point = (plot.dot(at), plot.depth(column.bar.close, 4));
        dots.line(previous.filter(|_| !column.after_break).unwrap_or(point), point);
        previous = Some(point);
    }
    let rises = plot.columns.first().zip(plot.columns.last()).is_some_and(|(a, b)| b.bar.close >= a.bar.open);
    let style = if rises { scene.theme.up } else { scene.theme.down }.remove_modifier(Modifier::DIM);
    for (x, y, glyph) in dots.glyphs() {
        buffer.set_string(plot.area.x + x as u16, plot.area.y + y as u16, glyph.to_string(), style);
    }
}

/// Volume below the prices, against the most in sight.
pub(super) fn draw_volume(buffer: &mut Buffer, scene: Scene, plot: &Plot) {
    let mut cells = vec![0.0; plot.area.width.into()];
    for (x, column) in plot.placed() {
        cells[usize::from(x - plot.area.x)] += column.bar.volume.unwrap_or(0.0).max(0.0);
    }
    let most = cells.iter().copied().fold(0.0, f64::max);
    if plot.volume == 0 || most <= 0.0 || !most.is_finite() {
        return;
    }
    let steps = f64::from(plot.volume) * 8.0;
    for (x, volume) in (plot.area.x..).zip(cells) {
        // What was traded at all is seen.
        let filled = (volume / most * steps).round().max(if volume > 0.0 { 1.0 } else { 0.0 }) as usize;
        for row in 0..plot.volume {
            let eighths = filled.saturating_sub(usize::from(plot.volume - 1 - row) * 8).min(8);
            buffer.set_string(x, plot.area.bottom() + row, EIGHTHS[eighths], scene.theme.faint);
        }
    }
    buffer.set_string(plot.area.right() + 1, plot.area.bottom() + plot.volume - 1, "volume", scene.theme.faint);
}
