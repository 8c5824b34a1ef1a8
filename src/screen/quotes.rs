//! The watchlist: price, change, state in words, and a sparkline; as blocks beside each other, below each other, or as
//! a rail of short lines on top.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};

use super::braille::Dots;
use super::chart::closes;
use super::frame::{heading, panel};
use super::text::{arrow, cut, spans_width};
use super::{Scene, Size};
use crate::app::seen::Seen;
use crate::app::{App, Focus};
use crate::domain::price::{Quote, Symbol, decimals, show_change, show_percent, show_price};

/// Rows of a block: price, state, sparkline.
const BLOCK_HEIGHT: u16 = 5;
/// Columns of a cell in the rail on top, and of a block in a row of blocks.
const CELL_WIDTH: u16 = 20;
const BLOCK_WIDTH: u16 = 24;

/// Blocks beside each other when wide, below each other in the column of a medium screen.
pub fn draw(frame: &mut Frame, area: Rect, scene: Scene, seen: &mut Seen) {
    let app = scene.app;
    let title = heading(scene, "Prices");
    let inner = panel(frame, area, scene, app.focus == Focus::Tape, title, Line::default());
    for (symbol, place) in app.tape.symbols().iter().zip(blocks(inner, app.tape.symbols().len(), scene.size)) {
        seen.symbols.push((place, symbol.name.clone()));
        block(frame, place, scene, symbol);
    }
}

fn blocks(area: Rect, count: usize, size: Size) -> Vec<Rect> {
    if size == Size::Wide {
        let fitting = usize::from((area.width / BLOCK_WIDTH).max(1)).min(count.max(1));
        let rows = count.div_ceil(fitting).max(1);
        let lines = Layout::vertical(vec![Constraint::Fill(1); rows]).split(area);
        let cells = lines
            .iter()
            .flat_map(|line| Layout::horizontal(vec![Constraint::Fill(1); fitting]).spacing(2).split(*line).to_vec());
        return cells.take(count).collect();
    }
    let height = (area.height / count.max(1) as u16).clamp(2, BLOCK_HEIGHT + 3);
    let fitting = (area.height / height.max(1)).min(count as u16);
    (0..fitting).map(|at| Rect { y: area.y + at * height, height, ..area }).collect()
}

fn block(frame: &mut Frame, area: Rect, scene: Scene, symbol: &Symbol) {
    let width = usize::from(area.width);
    let lines = [name_and_change(scene, symbol, width), price_and_state(scene, symbol, width)];
    let mut y = area.y;
    for line in lines.into_iter().take(area.height.into()) {
        frame.render_widget(line, Rect { y, height: 1, ..area });
        y += 1;
    }
    let extended = scene.app.tape.quote(&symbol.name).and_then(|quote| extended_line(scene, quote));
    if let Some(line) = extended.filter(|_| y < area.bottom()) {
        frame.render_widget(line, Rect { y, height: 1, ..area });
        y += 1;
    }
    let gap = u16::from(scene.size == Size::Medium);
    let height = area.bottom().saturating_sub(y).saturating_sub(gap);
    sparkline(frame, Rect { y, height, ..area }, scene, symbol);
}

/// `NVDA ▼ −2.13 %`
fn name_and_change(scene: Scene, symbol: &Symbol, width: usize) -> Line<'static> {
    let selected = scene.app.tape.selected().is_some_and(|other| other.name == symbol.name);
    let mut style = scene.theme.text.add_modifier(Modifier::BOLD);
    if selected {
        style = style.patch(scene.theme.accent);
    }
    let name = Span::styled(short(&symbol.name).to_owned(), style);
    spread(name, change(scene, symbol, false), width)
}

/// `181.23        LIVE yahoo`
fn price_and_state(scene: Scene, symbol: &Symbol, width: usize) -> Line<'static> {
    let price = price(scene, symbol);
    let room = width.saturating_sub(spans_width(std::slice::from_ref(&price)) + 1);
    let state = state(scene, symbol, room);
    spread(price, vec![state], width)
}

/// Something on the left, something on the right, blanks between.
fn spread(left: Span<'static>, right: Vec<Span<'static>>, width: usize) -> Line<'static> {
    let taken = spans_width(std::slice::from_ref(&left)) + spans_width(&right);
    let mut spans = vec![left];
    if taken < width {
        spans.push(Span::raw(" ".repeat(width - taken)));
        spans.extend(right);
    }
    Line::from(spans)
}

/// The price; dimmed when it is not current.
pub(super) fn price(scene: Scene, symbol: &Symbol) -> Span<'static> {
    let Some(quote) = scene.app.tape.quote(&symbol.name) else { return Span::styled("–", scene.theme.dim) };
    let mut text = show_price(quote.price, decimals(quote.price));
    if &*quote.currency != "USD" {
        text = format!("{text} {}", quote.currency);
    }
    Span::styled(text, current_style(scene, symbol, scene.theme.text.add_modifier(Modifier::BOLD)))
}

/// `▼ −2.13 %`, and before it the amount when there is room.
pub(super) fn change(scene: Scene, symbol: &Symbol, amount: bool) -> Vec<Span<'static>> {
    let quote = scene.app.tape.quote(&symbol.name);
    let Some((quote, change, percent)) =
        quote.and_then(|quote| Some((quote, quote.change()?, quote.change_percent()?)))
    else {
        return vec![Span::styled("–", scene.theme.dim)];
    };
    let direction = change.to_f64().unwrap_or_default();
    let style = current_style(scene, symbol, scene.theme.direction(direction));
    let amount = if amount { format!("{}  ", show_change(change, decimals(quote.price))) } else { String::new() };
    vec![Span::styled(format!("{} {amount}{}", arrow(direction), show_percent(percent)), style)]
}

fn current_style(scene: Scene, symbol: &Symbol, style: Style) -> Style {
    if scene.app.price_state(&symbol.name).is_current() { style } else { scene.theme.dim }
}

/// The state of the price in words.
pub(super) fn state(scene: Scene, symbol: &Symbol, room: usize) -> Span<'static> {
    let state = scene.app.price_state(&symbol.name);
    let style = if state.is_current() { scene.theme.dim } else { scene.theme.warning };
    Span::styled(cut(&state.words(&scene.app.config.market.time_zone), room), style)
}

/// `pre 180.12 ▲ +0.34 %`: the price outside hours, measured from the close.
pub(super) fn extended_line(scene: Scene, quote: &Quote) -> Option<Line<'static>> {
    let extended = quote.extended.as_ref()?;
    let percent = quote.extended_change_percent()?;
    let direction = percent.to_f64().unwrap_or_default();
    Some(Line::from(vec![
        Span::styled(format!("{} ", extended.session), scene.theme.dim),
        Span::styled(show_price(extended.price, decimals(extended.price)), scene.theme.text),
        Span::styled(format!(" {} {}", arrow(direction), show_percent(percent)), scene.theme.direction(direction)),
    ]))
}

/// The closes of the day as a line, as high as the room.
fn sparkline(frame: &mut Frame, area: Rect, scene: Scene, symbol: &Symbol) {
    let (width, height) = (usize::from(area.width), usize::from(area.height));
    let closes = closes(scene.app, &symbol.name, width * 2);
    let Some((low, high)) = bounds(&closes).filter(|_| height > 0) else { return };
    let depth = |close: f64| {
        let share = if high > low { (high - close) / (high - low) } else { 0.5 };
        (share * (height * 4 - 1) as f64).round() as usize
    };
    let mut dots = Dots::new(width, height);
    for (x, pair) in closes.windows(2).enumerate() {
        dots.stroke(x, depth(pair[0]), depth(pair[1]));
    }
    let quote = scene.app.tape.quote(&symbol.name);
    let direction = quote.and_then(Quote::change).and_then(|change| change.to_f64()).unwrap_or_default();
    let style = current_style(scene, symbol, scene.theme.direction(direction));
    for (x, y, glyph) in dots.glyphs() {
        frame.buffer_mut().set_string(area.x + x as u16, area.y + y as u16, glyph.to_string(), style);
    }
}

fn bounds(values: &[f64]) -> Option<(f64, f64)> {
    let low = values.iter().copied().reduce(f64::min)?;
    let high = values.iter().copied().reduce(f64::max)?;
    Some((low, high))
}

/// The symbol without its currency: `BTC`.
pub(super) fn short(symbol: &str) -> &str {
    symbol.strip_suffix("-USD").unwrap_or(symbol)
}

/// A price that came as a candle's number, in the form of quotes.
pub(super) fn plain_price(price: f64) -> String {
    Decimal::from_f64(price).map(|price| show_price(price, decimals(price))).unwrap_or_default()
}

// --- the rail on top of small screens ---

/// Rows that the rail needs for all symbols.
pub fn rail_height(app: &App, width: u16, size: Size) -> u16 {
    let cells = (width / CELL_WIDTH).max(1);
    let lines = (app.tape.symbols().len() as u16).div_ceil(cells).max(1);
    lines * rows_of_cell(size)
}

/// On a tiny screen the state shows only where it is not current.
fn rows_of_cell(size: Size) -> u16 {
    if size == Size::Tiny { 1 } else { 2 }
}

pub fn draw_rail(frame: &mut Frame, area: Rect, scene: Scene, seen: &mut Seen) {
    let cells = (area.width / CELL_WIDTH).max(1);
    let width = area.width / cells;
    let rows = rows_of_cell(scene.size);
    for (at, symbol) in (0u16..).zip(scene.app.tape.symbols()) {
        let place = Rect { x: area.x + at % cells * width, y: area.y + at / cells * rows, width, height: rows };
        if place.bottom() > area.bottom() {
            return;
        }
        seen.symbols.push((place, symbol.name.clone()));
        cell(frame, place, scene, symbol);
    }
}

/// `BTC 69,941 ▼ −0.40 %` over `LIVE coinbase`.
fn cell(frame: &mut Frame, area: Rect, scene: Scene, symbol: &Symbol) {
    let name = Span::styled(format!(" {} ", short(&symbol.name)), scene.theme.text.add_modifier(Modifier::BOLD));
    let mut spans = vec![name, rail_price(scene, symbol), Span::raw(" ")];
    spans.extend(rail_change(scene, symbol, usize::from(area.width).saturating_sub(spans_width(&spans))));
    frame.render_widget(Line::from(spans), Rect { height: 1, ..area });
    if area.height > 1 {
        let room = usize::from(area.width).saturating_sub(2);
        let line = Line::from(vec![Span::raw(" "), state(scene, symbol, room)]);
        frame.render_widget(line, Rect { y: area.y + 1, height: 1, ..area });
    }
}

/// Without cents from a thousand on: the rail is short.
fn rail_price(scene: Scene, symbol: &Symbol) -> Span<'static> {
    let Some(quote) = scene.app.tape.quote(&symbol.name) else { return Span::styled("–", scene.theme.dim) };
    let places = if quote.price >= Decimal::ONE_THOUSAND { 0 } else { decimals(quote.price) };
    Span::styled(show_price(quote.price, places), current_style(scene, symbol, scene.theme.text))
}

/// The change in per cent; on a tiny screen, where no state stands below, a price that is not current says so instead.
fn rail_change(scene: Scene, symbol: &Symbol, room: usize) -> Vec<Span<'static>> {
    let state = scene.app.price_state(&symbol.name);
    if scene.size == Size::Tiny && !state.is_current() {
        let words = state.words(&scene.app.config.market.time_zone);
        return vec![Span::styled(cut(&words, room), scene.theme.warning)];
    }
    let percent = scene.app.tape.quote(&symbol.name).and_then(Quote::change_percent).and_then(|value| value.to_f64());
    let Some(percent) = percent else { return Vec::new() };
    let style = current_style(scene, symbol, scene.theme.direction(percent));
    let text = format!("{}{}", arrow(percent), super::text::percent(percent, 1));
    vec![Span::styled(cut(&text, room), style)]
}
