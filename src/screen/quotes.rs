//! The watchlist, or the list of it that is chosen: price, change, state in words, and a sparkline; as blocks beside each
//! other or below each other, as a table where they are many, or as a rail of short lines on top.

mod row;
mod table;

use ratatui::Frame;
use ratatui::layout::{Constraint, Flex, Layout, Rect};
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::braille::Dots;
use super::chart::closes;
use super::frame::{heading, panel, put};
use super::quote::{
    change, change_day, change_style, current_style, extended_line, flash, no_symbols, outside_hours, price, short,
    state, state_words,
};
use super::text::{arrow, cut, safe, spans_width};
use super::{Scene, Size};
use crate::app::command::Command;
use crate::app::hit_map::HitMap;
use crate::app::{App, Focus};
use crate::domain::format;
use crate::domain::layout::PriceSort;
use crate::domain::price::{Extended, Quote, Session, State, Symbol};

/// Rows of a block: price, state, sparkline.
const BLOCK_HEIGHT: u16 = 5;
/// Columns of a cell in the rail on top, and of a block in a row of blocks.
const CELL_WIDTH: u16 = 20;
const BLOCK_WIDTH: u16 = 24;
/// Between two cells.
const SEPARATOR: &str = "│";

/// Rows of a block below which a table says more.
const BLOCK_HEIGHT_MIN: u16 = 3;

/// Blocks beside each other when wide, below each other in the column of a medium screen; a table when they have no room.
pub(super) fn draw(frame: &mut Frame, area: Rect, scene: Scene, seen: &mut HitMap) {
    let symbols = scene.app.tape.shown();
    let focused = scene.app.arrangement.focus == Focus::Tape;
    // What was a table among other panels is one alone.
    let is_alone = scene.app.arrangement.layout.zoomed && focused && scene.size >= Size::Medium;
    let is_table = !symbols.is_empty() && (is_alone || is_table(scene.app, area, scene.size));
    let count = Line::styled(format!("{} of {}", scene.app.tape.selected_row() + 1, symbols.len()), scene.theme.dim);
    let right = if is_table { count } else { Line::default() };
    let inner = panel(frame, area, scene, focused, title(scene), right);
    if symbols.is_empty() {
        return no_symbols(frame, inner, scene);
    }
    if is_table {
        return table::draw(frame, inner, scene, &symbols, seen);
    }
    for (symbol, place) in symbols.iter().zip(blocks(scene.app, inner, symbols.len(), scene.size)) {
        seen.symbols.push((place, symbol.name.clone()));
        block(frame, place, scene, symbol);
    }
}

/// `Prices · Chips · by change`: the list when it is not all, the order when it is not that of the config.
fn title(scene: Scene) -> Line<'static> {
    let tape = &scene.app.tape;
    let mut title = heading(scene, "Prices");
    title.spans.extend(tape.list().map(|list| Span::styled(format!(" · {}", safe(list)), scene.theme.accent)));
    let sort = Some(tape.sort()).filter(|sort| *sort != PriceSort::Config);
    title.spans.extend(sort.map(|sort| Span::styled(format!(" · {}", sort.words()), scene.theme.dim)));
    title
}

/// Whether the symbols shown are a table in a panel: they have no room as blocks.
pub(super) fn is_table(app: &App, area: Rect, size: Size) -> bool {
    let needed: u16 = least_heights(app, area.width.saturating_sub(2), size).iter().sum();
    needed > area.height.saturating_sub(2)
}

/// Rows of a panel of this width that all symbols shown need: as blocks, or as a table where that is more than `most`; 0
/// where both are, and it scrolls anyway.
pub(super) fn rows_needed(app: &App, width: u16, size: Size, most: u16) -> u16 {
    let blocks = least_heights(app, width.saturating_sub(2), size).iter().sum::<u16>() + 2;
    // Its frame and the heads of its columns.
    let table = u16::try_from(app.tape.shown().len() + 3).unwrap_or(u16::MAX);
    [blocks, table].into_iter().find(|rows| *rows <= most).unwrap_or(0)
}

/// The rows that each line of blocks has at least: a price outside hours does not take the sparkline away.
fn least_heights(app: &App, width: u16, size: Size) -> Vec<u16> {
    let symbols = app.tape.shown();
    let has_more = |symbol: &&Symbol| outside_hours(app, symbol).is_some();
    let lines = symbols.chunks(blocks_beside(width, size));
    lines.map(|line| BLOCK_HEIGHT_MIN + u16::from(line.iter().any(has_more))).collect()
}

/// The rows of each line of blocks in so many: as many as the others, where none needs more.
fn heights(least: &[u16], rows: u16, most: u16) -> Vec<u16> {
    let same = (rows / (least.len() as u16).max(1)).min(most);
    let mut heights: Vec<u16> = least.iter().map(|least| same.max(*least)).collect();
    while heights.iter().sum::<u16>() > rows {
        // Those that have more than they need give it.
        let spare = (0..heights.len()).rev().max_by_key(|at| heights[*at].saturating_sub(least[*at]));
        let Some(at) = spare.filter(|at| heights[*at] > least[*at]) else { break };
        heights[at] -= 1;
    }
    heights
}

/// Blocks that stand beside each other.
fn blocks_beside(width: u16, size: Size) -> usize {
    if size >= Size::Wide { usize::from(width / BLOCK_WIDTH).max(1) } else { 1 }
}

/// The places of so many blocks.
fn blocks(app: &App, area: Rect, count: usize, size: Size) -> Vec<Rect> {
    let least = least_heights(app, area.width, size);
    let is_wide = size >= Size::Wide;
    let heights = heights(&least, area.height, if is_wide { area.height } else { BLOCK_HEIGHT + 3 });
    let is_even = heights.windows(2).all(|pair| pair[0] == pair[1]);
    let rows =
        heights.iter().map(|rows| if is_even && is_wide { Constraint::Fill(1) } else { Constraint::Length(*rows) });
    let lines = Layout::vertical(rows).flex(Flex::Start).split(area);
    let beside = blocks_beside(area.width, size).min(count.max(1));
    let cells = lines
        .iter()
        .flat_map(|line| Layout::horizontal(vec![Constraint::Fill(1); beside]).spacing(2).split(*line).to_vec());
    cells.take(count).collect()
}

fn block(frame: &mut Frame, area: Rect, scene: Scene, symbol: &Symbol) {
    let width = usize::from(area.width);
    let lines = [name_and_change(scene, symbol, width), price_and_state(scene, symbol, width)];
    let mut y = area.y;
    for line in lines.into_iter().take(area.height.into()) {
        put(frame, line, Rect { y, height: 1, ..area });
        y += 1;
    }
    let extended = extended_line(scene, symbol);
    if let Some(line) = extended.filter(|_| y < area.bottom()) {
        put(frame, line, Rect { y, height: 1, ..area });
        y += 1;
    }
    let left = area.bottom().saturating_sub(y);
    // A blank below it, where that does not take all of it.
    let height = if scene.size == Size::Medium && left > 1 { left - 1 } else { left };
    sparkline(frame, Rect { y, height, ..area }, scene, symbol);
}

/// `NVDA ▼ −2.13%`
fn name_and_change(scene: Scene, symbol: &Symbol, width: usize) -> Line<'static> {
    let selected = scene.app.tape.selected().is_some_and(|other| other.name == symbol.name);
    let mut style = scene.theme.text.add_modifier(Modifier::BOLD);
    if selected {
        style = style.patch(scene.theme.accent);
    }
    let change = change(scene, symbol, false);
    let room = width.saturating_sub(spans_width(&change) + 1).max(width.min(NAME_MIN));
    spread(Span::styled(cut(short(&symbol.name), room), style), change, width)
}

/// A name is not cut to less than this for the change beside it.
const NAME_MIN: usize = 8;

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
    let style = change_style(scene, symbol);
    for (x, y, glyph) in dots.glyphs() {
        frame.buffer_mut().set_string(area.x + x as u16, area.y + y as u16, glyph.to_string(), style);
    }
}

fn bounds(values: &[f64]) -> Option<(f64, f64)> {
    let low = values.iter().copied().reduce(f64::min)?;
    let high = values.iter().copied().reduce(f64::max)?;
    Some((low, high))
}

// --- the rail on top of small screens ---

/// Rows of the rail: those that all symbols shown need, but never more than a third of the screen.
pub(super) fn rail_height(app: &App, area: Rect, size: Size) -> u16 {
    let cells = (area.width / CELL_WIDTH).max(1);
    let rows = rows_of_cell(size);
    let wanted = app.tape.shown().len() + usize::from(app.tape.list().is_some());
    if is_short(area, size) {
        return 1;
    }
    let lines = u16::try_from(wanted).unwrap_or(u16::MAX).div_ceil(cells).max(1);
    lines.min((area.height / 3 / rows).max(1)) * rows
}

/// Rows of a small screen without its topic bar and its last line from which on it has room for the states.
const STATES_FROM: u16 = 18;

/// Every row counts: the prices have one.
fn is_short(area: Rect, size: Size) -> bool {
    size == Size::Small && area.height < STATES_FROM
}

/// On a tiny screen the state shows only where it is not current.
fn rows_of_cell(size: Size) -> u16 {
    if size == Size::Tiny { 1 } else { 2 }
}

/// The symbols as cells, then one for what else is to be said of them, if there is a second cell.
pub(super) fn draw_rail(frame: &mut Frame, area: Rect, scene: Scene, seen: &mut HitMap) {
    let tape = &scene.app.tape;
    let symbols = tape.shown();
    if symbols.is_empty() {
        return no_symbols(frame, area, scene);
    }
    let rows = rows_of_cell(scene.size);
    if area.height < rows {
        return row::draw(frame, area, scene, &symbols, seen);
    }
    let cells = (area.width / CELL_WIDTH).max(1);
    let width = area.width / cells;
    let fitting = usize::from(cells) * usize::from(area.height / rows);
    let is_note = tape.list().is_some() || symbols.len() > fitting;
    let shown = symbols.len().min(fitting.saturating_sub(is_note.into()).max(1));
    let place = |at: usize| {
        let at = at as u16;
        Rect { x: area.x + at % cells * width, y: area.y + at / cells * rows, width, height: rows }.intersection(area)
    };
    let first = (tape.selected_row() + 1).saturating_sub(shown);
    for (at, symbol) in symbols.iter().skip(first).take(shown).enumerate() {
        seen.symbols.push((place(at), symbol.name.clone()));
        cell(frame, place(at), scene, symbol);
        // Two states beside each other would read as one.
        for y in (place(at).y..place(at).bottom()).filter(|_| place(at).x > area.x) {
            put(frame, Line::styled(SEPARATOR, scene.theme.border), Rect { y, height: 1, ..place(at) });
        }
    }
    if is_note && shown < fitting {
        draw_rail_note(frame, place(shown), scene, symbols.len() - shown);
    }
}

/// The name of the list, when it is not all symbols, and how many have no room: under each other, or in a line.
fn draw_rail_note(frame: &mut Frame, area: Rect, scene: Scene, hidden: usize) {
    let theme = scene.theme;
    let hint = scene.app.keymap.hint(Command::NextSymbol);
    let more = if hidden > 0 { format!("{hidden} more {hint}") } else { String::new() };
    let width = usize::from(area.width).saturating_sub(2);
    let Some(list) = scene.app.tape.list() else {
        return put(frame, Line::styled(format!(" {}", cut(&more, width)), theme.dim), Rect { height: 1, ..area });
    };
    let more = if area.height > 1 { more } else { format!(" {more}") };
    let room = if area.height > 1 { width } else { width.saturating_sub(more.len()).max(width.min(NAME_MIN)) };
    let name = Span::styled(format!(" {}", cut(list, room)), theme.accent);
    if area.height > 1 {
        put(frame, Line::from(name), Rect { height: 1, ..area });
        let below = Rect { y: area.y + 1, height: 1, ..area };
        return put(frame, Line::styled(format!(" {}", cut(&more, width)), theme.dim), below);
    }
    let more = Span::styled(cut(&more, width.saturating_sub(super::text::width(&name.content) - 1)), theme.dim);
    put(frame, Line::from(vec![name, more]), area);
}

/// `BTC 69,941 ▼ −0.40%` over `LIVE coinbase`; of what has no room the change goes first, then the name is cut.
fn cell(frame: &mut Frame, area: Rect, scene: Scene, symbol: &Symbol) {
    let width = usize::from(area.width);
    let price = rail_price(scene, symbol);
    let room = width.saturating_sub(spans_width(&price) + 3);
    let mut style = scene.theme.text.add_modifier(Modifier::BOLD);
    if scene.app.arrangement.focus == Focus::Tape && scene.app.tape.selected() == Some(symbol) {
        style = style.patch(scene.theme.accent);
    }
    let mut spans = vec![Span::styled(format!(" {} ", cut(short(&symbol.name), room)), style)];
    spans.extend(price);
    spans.push(Span::raw(" "));
    let change = rail_change(scene, symbol, width.saturating_sub(spans_width(&spans)));
    spans.extend(change);
    put(frame, Line::from(spans), Rect { height: 1, ..area });
    if area.height > 1 {
        let line = Line::from(rail_state(scene, symbol, width.saturating_sub(1)));
        put(frame, line, Rect { y: area.y + 1, height: 1, ..area });
    }
}

/// The state; before it the session, when the price above is one outside hours.
fn rail_state(scene: Scene, symbol: &Symbol, room: usize) -> Vec<Span<'static>> {
    let session = extended(scene, symbol).map(|extended| format!("{} ", extended.session)).unwrap_or_default();
    let room = room.saturating_sub(session.len());
    vec![Span::raw(" "), Span::styled(session, scene.theme.dim), state(scene, symbol, room)]
}

/// The price outside hours that a cell of two rows shows in place of the close.
fn extended<'a>(scene: Scene<'a>, symbol: &Symbol) -> Option<&'a Extended> {
    current_extended(scene, symbol).filter(|_| scene.size != Size::Tiny)
}

/// The price outside hours, as long as it is current.
fn current_extended<'a>(scene: Scene<'a>, symbol: &Symbol) -> Option<&'a Extended> {
    extended_in(&scene.app.price_state(&symbol.name), scene.app.tape.quote(&symbol.name))
}

/// The same of a quote in a state.
fn extended_in<'a>(state: &State, quote: Option<&'a Quote>) -> Option<&'a Extended> {
    let is_current = state.is_current() && !matches!(state, State::Closed { .. });
    quote.filter(|quote| is_current && quote.session != Session::Regular)?.extended.as_ref()
}

/// Without cents from a thousand on: the rail is short. With the currency, where it is not the dollar.
fn rail_price(scene: Scene, symbol: &Symbol) -> Vec<Span<'static>> {
    let Some(quote) = scene.app.tape.quote(&symbol.name) else { return vec![Span::styled("–", scene.theme.dim)] };
    let price = extended(scene, symbol).map_or(quote.price, |extended| extended.price);
    let places = if price >= Decimal::ONE_THOUSAND { 0 } else { scene.app.tape.decimals(quote) };
    let mut text = format::price(price, places);
    if &*quote.currency != "USD" {
        text = format!("{text} {}", quote.currency);
    }
    vec![Span::styled(text, current_style(scene, symbol, scene.theme.text).patch(flash(scene, symbol)))]
}

/// The change in per cent, or nothing when it does not fit. On a tiny screen, where no state stands below, a price that
/// is not current says so instead, and a change that is not today's gives way to its day.
fn rail_change(scene: Scene, symbol: &Symbol, room: usize) -> Vec<Span<'static>> {
    let state = scene.app.price_state(&symbol.name);
    let tiny = scene.size == Size::Tiny;
    if tiny && !state.is_current() {
        return vec![Span::styled(state_words(scene, &state, room), scene.theme.warning)];
    }
    let Some(quote) = scene.app.tape.quote(&symbol.name) else { return Vec::new() };
    let outside = extended(scene, symbol).is_some();
    let percent = if outside { quote.extended_change_percent() } else { quote.change_percent() };
    let Some(percent) = percent.and_then(|value| value.to_f64()) else { return Vec::new() };
    let day = change_day(scene, quote).filter(|_| !outside);
    let style = match &day {
        Some(_) => scene.theme.dim,
        None => current_style(scene, symbol, scene.theme.moved(percent)),
    };
    let figure = format!("{}{}", arrow(percent), format::percent(percent, 1));
    let texts = match day {
        Some(day) if tiny => vec![format!("{figure} {day}"), day],
        Some(day) => vec![format!("{figure} {day}"), figure],
        None => vec![figure],
    };
    let fitting = texts.into_iter().find(|text| super::text::width(text) <= room);
    fitting.map(|text| Span::styled(text, style)).into_iter().collect()
}
