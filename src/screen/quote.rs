//! One price in words: the symbol, the price, its change, its state, and the price outside hours. The watchlist, the chart and
//! the wire say them alike.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};

use super::Scene;
use super::frame::put;
use super::text::{arrow, cut, other_day, width, wrap};
use crate::app::App;
use crate::domain::format;
use crate::domain::price::{Extended, Kind, Quote, Session, State, Symbol, decimals, kind};

/// What an empty watchlist says.
pub(super) fn no_symbols(frame: &mut Frame, area: Rect, scene: Scene) {
    let words = "The watchlist is empty: add a [[symbol]] to the config.";
    for (at, line) in (0u16..area.height).zip(wrap(words, usize::from(area.width).saturating_sub(2))) {
        let place =
            Rect { x: area.x + 1.min(area.width), y: area.y + at, width: area.width.saturating_sub(1), height: 1 };
        put(frame, Line::styled(line, scene.theme.dim), place);
    }
}

/// The price; dimmed when it is not current.
pub(super) fn price(scene: Scene, symbol: &Symbol) -> Span<'static> {
    let Some(quote) = scene.app.tape.quote(&symbol.name) else { return Span::styled("–", scene.theme.dim) };
    let mut text = format::price(quote.price, scene.app.tape.decimals(quote));
    if &*quote.currency != "USD" {
        text = format!("{text} {}", quote.currency);
    }
    let style = current_style(scene, symbol, scene.theme.text.add_modifier(Modifier::BOLD));
    Span::styled(text, style.patch(flash(scene, symbol)))
}

/// The ground of a price that has just changed.
pub(super) fn flash(scene: Scene, symbol: &Symbol) -> Style {
    match scene.app.flashes.rose(&symbol.name, scene.app.now) {
        Some(true) => scene.theme.up_flash,
        Some(false) => scene.theme.down_flash,
        None => Style::new(),
    }
}

/// `▼ −2.13 %`, and before it the amount when there is room. A change that is not today's is dimmed and names its day:
/// before the open, that of an equity belongs to the session before.
pub(super) fn change(scene: Scene, symbol: &Symbol, amount: bool) -> Vec<Span<'static>> {
    let quote = scene.app.tape.quote(&symbol.name);
    let Some((quote, change, percent)) =
        quote.and_then(|quote| Some((quote, quote.change()?, quote.change_percent()?)))
    else {
        return vec![Span::styled("–", scene.theme.dim)];
    };
    let direction = change.to_f64().unwrap_or_default();
    let amount =
        if amount { format!("{}  ", format::change(change, scene.app.tape.decimals(quote))) } else { String::new() };
    let text = format!("{} {amount}{}", arrow(direction), format::percent_of(percent));
    let mut spans = vec![Span::styled(text, change_style(scene, symbol))];
    if let Some(day) = change_day(scene, quote) {
        spans.push(Span::styled(format!(" {day}"), scene.theme.dim));
    }
    spans
}

pub(super) fn current_style(scene: Scene, symbol: &Symbol, style: Style) -> Style {
    if scene.app.price_state(&symbol.name).is_current() { style } else { scene.theme.dim }
}

/// The colour of a change; dim when the price is not current or the change is of another day.
pub(super) fn change_style(scene: Scene, symbol: &Symbol) -> Style {
    let quote = scene.app.tape.quote(&symbol.name);
    let percent = quote.and_then(Quote::change_percent).and_then(|percent| percent.to_f64()).unwrap_or_default();
    match quote.and_then(|quote| change_day(scene, quote)) {
        Some(_) => scene.theme.dim,
        None => current_style(scene, symbol, scene.theme.moved(percent)),
    }
}

/// The day that an equity's change belongs to, when it is not today.
pub(super) fn change_day(scene: Scene, quote: &Quote) -> Option<String> {
    let app = scene.app;
    if kind(&quote.symbol) != Kind::Equity {
        return None;
    }
    match quote.exchange_time {
        Some(at) => other_day(at, app.now, &app.config.market.time_zone),
        None => (app.calendar.session(app.now) == Session::Pre).then(|| "prev.".into()),
    }
}

/// The state of the price in words; where they have no room, in fewer.
pub(super) fn state(scene: Scene, symbol: &Symbol, room: usize) -> Span<'static> {
    let state = scene.app.price_state(&symbol.name);
    let style = if state.is_current() { scene.theme.dim } else { scene.theme.warning };
    Span::styled(state_words(scene, &state, room), style)
}

pub(super) fn state_words(scene: Scene, state: &State, room: usize) -> String {
    let forms = state.forms(&scene.app.config.market.time_zone, scene.app.now);
    let fitting = forms.iter().find(|form| width(form) <= room).or(forms.last());
    fitting.map(|form| cut(form, room)).unwrap_or_default()
}

/// `pre 180.12 ▲ +0.34 %`: the price outside hours, measured from the close; dimmed when it is not current.
pub(super) fn extended_line(scene: Scene, symbol: &Symbol) -> Option<Line<'static>> {
    let (quote, extended) = outside_hours(scene.app, symbol)?;
    let percent = quote.extended_change_percent()?;
    let direction = percent.to_f64().unwrap_or_default();
    let style = |style| current_style(scene, symbol, style);
    Some(Line::from(vec![
        Span::styled(format!("{} ", extended.session), scene.theme.dim),
        Span::styled(format::price(extended.price, scene.app.tape.decimals(quote)), style(scene.theme.text)),
        Span::styled(
            format!(" {} {}", arrow(direction), format::percent_of(percent)),
            style(scene.theme.moved(direction)),
        ),
    ]))
}

pub(super) fn outside_hours<'a>(app: &'a App, symbol: &Symbol) -> Option<(&'a Quote, &'a Extended)> {
    let quote = app.tape.quote(&symbol.name).filter(|quote| quote.session != Session::Regular)?;
    quote.extended_change_percent()?;
    Some((quote, quote.extended.as_ref()?))
}

/// The symbol without its currency: `BTC`.
pub(super) fn short(symbol: &str) -> &str {
    symbol.strip_suffix("-USD").unwrap_or(symbol)
}

/// The first half of a pair, be it in whatever currency: `BTC`.
pub(super) fn coin(symbol: &str) -> &str {
    match kind(symbol) {
        Kind::Crypto => symbol.rsplit_once('-').map_or(symbol, |(coin, _)| coin),
        Kind::Equity => symbol,
    }
}

/// A price that came as a candle's number, in the form of quotes.
pub(super) fn plain_price(price: f64) -> String {
    Decimal::from_f64(price).map(|price| format::price(price, decimals(price))).unwrap_or_default()
}
