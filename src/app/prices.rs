//! The prices under the keys: stepping along the symbols, their lists, their order, and the chart of one alone.

use strum::IntoEnumIterator;

use super::tape::Tape;
use super::{App, Popup, Tone, drawn};
use crate::domain::Name;
use crate::domain::format;
use crate::domain::layout::PriceSort;
use crate::event::{Effect, StoreEffect};

impl App {
    /// Shows another symbol, span or style on the chart, wherever the keys are.
    pub(super) fn turn_chart(&mut self, turn: impl FnOnce(&mut Tape)) -> Vec<Effect> {
        turn(&mut self.tape);
        self.chart_turned()
    }

    /// Another symbol or another span: it is drawn, kept, and its candles are wanted.
    pub(super) fn chart_turned(&mut self) -> Vec<Effect> {
        let mut effects = drawn();
        effects.extend(self.tape.chart_request());
        effects.extend(self.keep_prices());
        effects
    }

    /// What is shown of the watchlist is kept from run to run; not that of a recorded day, and not before what was kept is
    /// known.
    fn keep_prices(&mut self) -> Option<Effect> {
        let kept = self.tape.kept();
        if kept == self.arrangement.layout.prices {
            return None;
        }
        self.arrangement.layout.prices = kept;
        (self.replay.is_none() && !self.loading)
            .then(|| Effect::Store(StoreEffect::SaveLayout(self.arrangement.layout.clone())))
    }

    /// Moves along the symbols. In a table row by row to its ends; among blocks by one round and round, by more to the ends.
    pub(super) fn step_symbol(&mut self, by: isize) -> Vec<Effect> {
        match by {
            by if self.tape.rows() > 0 => self.tape.step_within(by),
            -1 | 1 => self.tape.step(by),
            by => self.tape.select_row(if by > 0 { usize::MAX } else { 0 }),
        }
        self.chart_turned()
    }

    // --- lists and order ---

    pub(super) fn step_list(&mut self, forward: bool) -> Vec<Effect> {
        if self.tape.lists().is_empty() {
            return self.notify(Tone::Info, "no symbol of the config names a list".into());
        }
        self.tape.step_list(forward);
        self.list_chosen()
    }

    /// Shows a list, or all symbols.
    pub(super) fn choose_list(&mut self, list: Option<Name>) -> Vec<Effect> {
        self.tape.choose_list(list);
        self.list_chosen()
    }

    fn list_chosen(&mut self) -> Vec<Effect> {
        let count = format::count(self.tape.shown().len(), "symbol", "symbols");
        let text = format!("{}: {count}", self.tape.list().map_or("all", |list| list));
        let mut effects = self.notify(Tone::Info, text);
        effects.extend(self.chart_turned());
        // Other symbols are compared now.
        if matches!(self.popup, Some(Popup::Heat { .. })) {
            effects.extend(self.show_heat());
        }
        effects
    }

    /// The next order of the prices.
    pub(super) fn next_price_sort(&mut self) -> Vec<Effect> {
        let sorts: Vec<PriceSort> = PriceSort::iter().collect();
        let at = sorts.iter().position(|sort| *sort == self.tape.sort()).unwrap_or(0);
        self.sort_prices(sorts[(at + 1) % sorts.len()])
    }

    /// Puts the prices in an order.
    pub(super) fn sort_prices(&mut self, sort: PriceSort) -> Vec<Effect> {
        self.tape.set_sort(sort);
        let mut effects = self.notify(Tone::Info, format!("prices: {}", sort.words()));
        effects.extend(self.keep_prices());
        effects
    }
}
