//! All prices in one row, as much of each as lets all of them stand there.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::{SEPARATOR, extended_in};
use crate::app::Focus;
use crate::app::command::Command;
use crate::app::hit_map::HitMap;
use crate::domain::format;
use crate::domain::price::{Quote, Symbol};
use crate::screen::Scene;
use crate::screen::frame::put;
use crate::screen::quote::{change_day, current_style, flash, short};
use crate::screen::text::{arrow, cut, spans_width, width};

/// How much is said of each symbol.
#[derive(Clone, Copy)]
struct Form {
    /// Decimals of a price from a hundred on; from a thousand on it has none.
    places: u32,
    is_signed: bool,
    /// Blanks around what separates two symbols.
    is_airy: bool,
    /// No blank before the change; of one that is not today's, the day alone.
    is_tight: bool,
    /// Where the state of a price that is not current stands.
    state: Place,
}

/// Where a state stands.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// Before all symbols, which have the same.
    First,
    BehindPrice,
    InPlaceOfPrice,
}

/// In this order: blanks, the sign of a change, cents, the blank before a change, at last prices that are not current.
const FORMS: [Form; 7] = [
    AIRY,
    Form { is_airy: false, ..AIRY },
    Form { is_airy: false, is_signed: false, ..AIRY },
    Form { is_airy: false, is_signed: false, places: 1, ..AIRY },
    Form { is_airy: false, is_signed: false, places: 0, ..AIRY },
    Form { is_airy: false, is_signed: false, places: 0, is_tight: true, ..AIRY },
    Form { is_airy: false, is_signed: false, places: 0, is_tight: true, state: Place::InPlaceOfPrice },
];
const AIRY: Form = Form { places: 2, is_signed: true, is_airy: true, is_tight: false, state: Place::BehindPrice };
/// That of a row that has no room for all, whatever gives way.
const SCROLLED: Form = FORMS[4];
/// Columns of the name of a list, and of a symbol.
const LIST_MAX: usize = 12;
const NAME_MAX: usize = 12;

pub(super) fn draw(frame: &mut Frame, area: Rect, scene: Scene, symbols: &[&Symbol], seen: &mut HitMap) {
    let columns = usize::from(area.width);
    let mut spans = before(scene, symbols);
    let room = columns.saturating_sub(spans_width(&spans));
    let is_told = common_state(scene, symbols).is_some();
    let forms = FORMS.iter().map(|form| Form { state: if is_told { Place::First } else { form.state }, ..*form });
    let fitting = forms.clone().find(|form| needed(scene, symbols, *form) <= room);
    let form = fitting.unwrap_or(SCROLLED);
    let shown = if fitting.is_some() { symbols } else { scrolled(scene, symbols, room) };
    for (at, symbol) in shown.iter().enumerate() {
        if at > 0 {
            spans.push(Span::styled(separator(form), scene.theme.border));
        }
        let x = area.x + spans_width(&spans) as u16;
        let cell = cell(scene, symbol, form);
        let place = Rect { x, width: spans_width(&cell) as u16, ..area }.intersection(area);
        seen.symbols.push((place, symbol.name.clone()));
        spans.extend(cell);
    }
    let more = more(scene, symbols.len() - shown.len());
    if !more.is_empty() {
        spans.push(Span::styled(format!("{}{more}", separator(form)), scene.theme.dim));
    }
    put(frame, Line::from(spans), area);
}

/// The name of the list, when it is not all symbols, and the state that all have.
fn before(scene: Scene, symbols: &[&Symbol]) -> Vec<Span<'static>> {
    let list = scene.app.tape.list().map(|list| (cut(list, LIST_MAX), scene.theme.accent));
    let state = common_state(scene, symbols).map(|word| (word, scene.theme.warning));
    let words = list.into_iter().chain(state).map(|(word, style)| Span::styled(format!(" {word}"), style));
    words.chain([Span::raw(" ")]).collect()
}

/// The state of all these prices, when it is one and they are not current.
fn common_state(scene: Scene, symbols: &[&Symbol]) -> Option<String> {
    let mut states = symbols.iter().map(|symbol| scene.app.price_state(&symbol.name));
    let first = states.next().filter(|state| !state.is_current())?;
    states.all(|state| state.word() == first.word()).then(|| first.word().to_uppercase())
}

fn separator(form: Form) -> String {
    if form.is_airy { format!(" {SEPARATOR} ") } else { SEPARATOR.to_owned() }
}

fn needed(scene: Scene, symbols: &[&Symbol], form: Form) -> usize {
    let cells: usize = symbols.iter().map(|symbol| spans_width(&cell(scene, symbol, form))).sum();
    cells + symbols.len().saturating_sub(1) * width(&separator(form))
}

/// `32 more ]`
fn more(scene: Scene, hidden: usize) -> String {
    if hidden == 0 { String::new() } else { format!("{hidden} more {}", scene.app.keymap.hint(Command::NextSymbol)) }
}

/// As many symbols as have room whole, the selected one among them; one at least.
fn scrolled<'s>(scene: Scene, symbols: &'s [&'s Symbol], columns: usize) -> &'s [&'s Symbol] {
    let room = columns.saturating_sub(width(&more(scene, symbols.len())) + 1);
    let selected = scene.app.tape.selected_row().min(symbols.len().saturating_sub(1));
    let fits = |part: &[&Symbol]| needed(scene, part, SCROLLED) <= room;
    let first = (0..=selected).find(|first| fits(&symbols[*first..=selected])).unwrap_or(selected);
    let end = (selected + 1..=symbols.len()).rev().find(|end| fits(&symbols[first..*end])).unwrap_or(selected + 1);
    &symbols[first..end]
}

/// `NVDA 181.23 ▼−2.1%`; outside hours with the session, and a price that is not current with its state, as its word
/// alone has room.
fn cell(scene: Scene, symbol: &Symbol, form: Form) -> Vec<Span<'static>> {
    let theme = scene.theme;
    let mut style = theme.text.add_modifier(Modifier::BOLD);
    if scene.app.arrangement.focus == Focus::Tape && scene.app.tape.selected() == Some(symbol) {
        style = style.patch(theme.accent);
    }
    let name = Span::styled(cut(short(&symbol.name), NAME_MAX), style);
    let state = scene.app.price_state(&symbol.name);
    let word = Span::styled(format!(" {}", state.word().to_uppercase()), theme.warning);
    let word = Some(word).filter(|_| !state.is_current() && form.state != Place::First);
    let Some(quote) = scene.app.tape.quote(&symbol.name) else { return [name].into_iter().chain(word).collect() };
    if word.is_some() && form.state == Place::InPlaceOfPrice {
        return [name].into_iter().chain(word).collect();
    }
    let extended = extended_in(&state, Some(quote));
    let mut spans = vec![name];
    spans.extend(extended.map(|extended| Span::styled(format!(" {}", extended.session), theme.dim)));
    let price = extended.map_or(quote.price, |extended| extended.price);
    let style = current_style(scene, symbol, theme.text).patch(flash(scene, symbol));
    spans.push(Span::raw(" "));
    spans.push(Span::styled(price_words(scene, quote, price, form), style));
    let percent = if extended.is_some() { quote.extended_change_percent() } else { quote.change_percent() };
    let percent = percent.and_then(|percent| percent.to_f64()).filter(|_| state.is_current());
    let day = change_day(scene, quote).filter(|_| extended.is_none());
    spans.extend(word);
    spans.extend(percent.map(|change| change_span(scene, symbol, (change, day), form)));
    spans
}

fn price_words(scene: Scene, quote: &Quote, price: Decimal, form: Form) -> String {
    let places = match price {
        price if price >= Decimal::ONE_THOUSAND => 0,
        price if price >= Decimal::ONE_HUNDRED => scene.app.tape.decimals(quote).min(form.places),
        _ => scene.app.tape.decimals(quote),
    };
    let text = format::price(price, places);
    if &*quote.currency == "USD" { text } else { format!("{text} {}", quote.currency) }
}

/// ` ▼−2.1%`, with its day when that is not today.
fn change_span(scene: Scene, symbol: &Symbol, (change, day): (f64, Option<String>), form: Form) -> Span<'static> {
    let style = match &day {
        Some(_) => scene.theme.dim,
        None => current_style(scene, symbol, scene.theme.moved(change)),
    };
    let figure = format::percent(if form.is_signed { change } else { change.abs() }, 1);
    let figure = if form.is_signed { figure } else { figure.trim_start_matches('+').to_owned() };
    let text = match day {
        Some(day) if form.is_tight => format!(" {day}"),
        Some(day) => format!(" {}{figure} {day}", arrow(change).trim()),
        None if form.is_tight && arrow(change) != " " => format!("{}{figure}", arrow(change)),
        None => format!(" {}{figure}", arrow(change).trim()),
    };
    Span::styled(text, style)
}
