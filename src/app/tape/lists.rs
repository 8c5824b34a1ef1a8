//! Which symbols of the watchlist are shown, and in which order: its lists, the one chosen, the sort, and how far a table of
//! them is scrolled.

use std::cmp::Reverse;

use rust_decimal::Decimal;

use super::Tape;
use crate::domain::Name;
use crate::domain::layout::{PriceSort, Prices};
use crate::domain::price::{Quote, Session, Symbol};

/// What is shown of the watchlist.
#[derive(Debug, Default)]
pub(super) struct Lists {
    /// The list shown; None: all symbols.
    chosen: Option<Name>,
    sort: PriceSort,
    /// The symbols shown, as places in the watchlist, in the order of the screen.
    order: Vec<usize>,
    /// The first row of the table that is shown, and how many rows had room on the last frame: none where no table was.
    top: usize,
    rows: usize,
}

impl Tape {
    /// The lists of the watchlist, each at the place of its first symbol.
    pub fn lists(&self) -> Vec<&Name> {
        let mut lists: Vec<&Name> = Vec::new();
        for list in self.symbols.iter().filter_map(|symbol| symbol.list.as_ref()) {
            if !lists.contains(&list) {
                lists.push(list);
            }
        }
        lists
    }

    /// The list shown; None: all symbols.
    pub fn list(&self) -> Option<&Name> {
        self.lists.chosen.as_ref()
    }

    /// The order of the symbols shown.
    pub fn sort(&self) -> PriceSort {
        self.lists.sort
    }

    /// The symbols of the chosen list, in the order of the screen.
    pub fn shown(&self) -> Vec<&Symbol> {
        self.lists.order.iter().filter_map(|at| self.symbols.get(*at)).collect()
    }

    /// The row of the selected symbol among those shown.
    pub fn selected_row(&self) -> usize {
        self.lists.order.iter().position(|at| *at == self.selected).unwrap_or(0)
    }

    /// The symbol shown after another one, or before it, round and round.
    pub fn beside(&self, symbol: &str, next: bool) -> Option<Name> {
        let shown = self.shown();
        let at = shown.iter().position(|other| &*other.name == symbol).unwrap_or(0);
        let step = if next { 1 } else { shown.len().saturating_sub(1) };
        shown.get((at + step) % shown.len().max(1)).map(|symbol| symbol.name.clone())
    }

    /// Selects the symbol so many rows on, round and round.
    pub fn step(&mut self, by: isize) {
        let count = self.lists.order.len().max(1) as isize;
        self.select_row((self.selected_row() as isize).saturating_add(by).rem_euclid(count) as usize);
    }

    /// Selects the symbol so many rows on, or the one at the end.
    pub fn step_within(&mut self, by: isize) {
        self.select_row(self.selected_row().saturating_add_signed(by));
    }

    /// Selects the symbol of a row, or of the last.
    pub fn select_row(&mut self, row: usize) {
        let last = self.lists.order.len().saturating_sub(1);
        self.selected = self.lists.order.get(row.min(last)).copied().unwrap_or(0);
    }

    /// Selects a symbol of the watchlist. When it is not in the chosen list, all symbols are shown again.
    pub fn select(&mut self, symbol: &str) {
        let Some(place) = self.symbols.iter().position(|known| &*known.name == symbol) else { return };
        self.selected = place;
        if !self.lists.order.contains(&place) {
            self.choose_list(None);
        }
    }

    /// Shows a list, or all symbols; the selected symbol stays selected if it is in there.
    pub fn choose_list(&mut self, list: Option<Name>) {
        self.lists.chosen = list.filter(|list| self.lists().contains(&list));
        self.lists.order = self.ordered();
        self.lists.top = 0;
        if !self.lists.order.contains(&self.selected) {
            self.select_row(0);
        }
    }

    /// Shows the next list or the one before: all symbols, then each list, round and round.
    pub fn step_list(&mut self, forward: bool) {
        let choices: Vec<Option<Name>> =
            std::iter::once(None).chain(self.lists().into_iter().cloned().map(Some)).collect();
        let at = choices.iter().position(|list| *list == self.lists.chosen).unwrap_or(0);
        let step = if forward { 1 } else { choices.len() - 1 };
        self.choose_list(choices[(at + step) % choices.len()].clone());
    }

    /// Puts the symbols in another order.
    pub fn set_sort(&mut self, sort: PriceSort) {
        self.lists.sort = sort;
        self.put_in_order();
    }

    /// Puts the symbols in order anew. The selected one keeps its line on the screen and the rows around it move; but a table
    /// that stands at its top stays there: who looks at the largest moves wants to see those.
    pub fn put_in_order(&mut self) {
        let line = self.selected_row().saturating_sub(self.lists.top);
        self.lists.order = self.ordered();
        if self.lists.top > 0 {
            self.lists.top = self.selected_row().saturating_sub(line);
        }
    }

    fn ordered(&self) -> Vec<usize> {
        let is_shown = |at: &usize| self.lists.chosen.is_none() || self.symbols[*at].list == self.lists.chosen;
        let mut order: Vec<usize> = (0..self.symbols.len()).filter(is_shown).collect();
        match self.lists.sort {
            PriceSort::Config => {}
            PriceSort::Change => order.sort_by_key(|at| Reverse(self.change_shown(&self.symbols[*at].name))),
            PriceSort::Name => order.sort_by(|a, b| self.symbols[*a].name.cmp(&self.symbols[*b].name)),
        }
        order
    }

    /// The change that a price is sorted by, in per cent: outside hours that of the price there, else that of the day.
    fn change_shown(&self, symbol: &str) -> Option<Decimal> {
        let quote = self.quote(symbol)?;
        let outside = matches!(quote.session, Session::Pre | Session::Post | Session::Overnight);
        let extended = outside.then(|| quote.extended_change_percent()).flatten();
        extended.or_else(|| Quote::change_percent(quote))
    }

    // --- the rows on screen ---

    /// The first row to show where so many have room. The selected one is always among them.
    pub fn top(&self, rows: usize) -> usize {
        let selected = self.selected_row();
        let top = self.lists.top.min(selected).max((selected + 1).saturating_sub(rows.max(1)));
        top.min(self.lists.order.len().saturating_sub(rows))
    }

    /// How many rows of the table the last frame had room for; none where it showed no table.
    pub(in crate::app) fn set_rows(&mut self, rows: usize) {
        self.lists.rows = rows;
        if rows > 0 {
            self.lists.top = self.top(rows);
        }
    }

    /// Rows of the table on the last frame; 0: there was none.
    pub(in crate::app) fn rows(&self) -> usize {
        self.lists.rows
    }

    /// Scrolls the table. The selected symbol stays selected as long as its row is in sight, else the row at the edge is.
    pub(in crate::app) fn scroll(&mut self, by: isize) {
        let last = self.lists.order.len().saturating_sub(self.lists.rows);
        let top = self.lists.top.saturating_add_signed(by).min(last);
        self.lists.top = top;
        let bottom = top + self.lists.rows.max(1) - 1;
        self.select_row(self.selected_row().clamp(top, bottom));
    }

    // --- what is kept ---

    /// What of this is kept from run to run.
    pub(in crate::app) fn kept(&self) -> Prices {
        let symbol = self.selected().map(|symbol| symbol.name.clone());
        Prices { list: self.lists.chosen.clone(), sort: self.lists.sort, symbol }
    }

    /// Shows what was kept, as far as it is still there.
    pub(in crate::app) fn restore(&mut self, kept: &Prices) {
        self.lists.sort = kept.sort;
        self.choose_list(kept.list.clone());
        let symbol = kept.symbol.as_deref().unwrap_or_default();
        if let Some(row) = self.shown().iter().position(|shown| &*shown.name == symbol) {
            self.select_row(row);
        }
    }

    /// The selected symbol, those behind it, then those before it, the nearest first.
    pub(super) fn neighbours(&self) -> Vec<Name> {
        let names: Vec<Name> = self.shown().into_iter().map(|symbol| symbol.name.clone()).collect();
        let (before, behind) = names.split_at(self.selected_row().min(names.len()));
        behind.iter().chain(before.iter().rev()).cloned().collect()
    }

    /// The watchlist is another: a list that is gone is left for all symbols, and the first candidate shown is selected.
    pub(super) fn symbols_changed(&mut self, candidates: &[Name]) {
        let top = self.lists.top;
        let chosen = self.lists.chosen.clone();
        self.selected = usize::MAX;
        self.choose_list(chosen);
        let shown = self.shown();
        let found = candidates.iter().find_map(|name| shown.iter().position(|symbol| symbol.name == *name));
        self.select_row(found.unwrap_or(0));
        self.lists.top = top;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::app::samples::{minute, quote};
    use crate::domain::price::Extended;

    fn symbols(text: &str) -> Vec<Symbol> {
        let symbol = |(name, list): (&str, &str)| Symbol {
            list: (!list.is_empty()).then(|| list.into()),
            ..Symbol::new(name.into())
        };
        text.split_whitespace().map(|word| symbol(word.split_once(':').unwrap_or((word, "")))).collect()
    }

    const WATCHLIST: &str = "NVDA:Chips SPY BTC-USD:Coins AMD:Chips ETH-USD:Coins";

    fn tape(text: &str) -> Tape {
        let mut tape = Tape::default();
        tape.set_symbols(symbols(text));
        tape
    }

    fn shown(tape: &Tape) -> String {
        let names: Vec<&str> = tape.shown().iter().map(|symbol| &*symbol.name).collect();
        names.join(" ")
    }

    fn selected(tape: &Tape) -> &str {
        tape.selected().map_or("", |symbol| &symbol.name)
    }

    /// A price that moved by so much from 100.
    fn moved(tape: &mut Tape, symbol: &str, by: i64) {
        let base = Some(Decimal::ONE_HUNDRED);
        assert!(tape.take_quote(Quote { base, ..quote(symbol, 100.0 + by as f64, minute(by)) }));
    }

    #[test]
    fn lists_stand_in_the_order_of_their_first_symbols_and_go_round() {
        let mut tape = tape(WATCHLIST);
        let mut seen = Vec::new();
        for _ in 0..4 {
            seen.push((tape.list().map_or("all", |list| list).to_owned(), shown(&tape)));
            tape.step_list(true);
        }
        let expected = [
            ("all", "NVDA SPY BTC-USD AMD ETH-USD"),
            ("Chips", "NVDA AMD"),
            ("Coins", "BTC-USD ETH-USD"),
            ("all", "NVDA SPY BTC-USD AMD ETH-USD"),
        ];
        assert_eq!(seen, expected.map(|(list, names)| (list.to_owned(), names.to_owned())));
        tape.choose_list(None);
        tape.step_list(false);
        assert_eq!(tape.list().map(|list| &**list), Some("Coins"), "backwards");
        tape.choose_list(Some("Gone".into()));
        assert_eq!(tape.list(), None);
    }

    #[test]
    fn the_selected_symbol_is_kept_by_its_name() {
        // What is done, then the list and the symbol selected.
        type Act = fn(&mut Tape);
        let cases: [(&str, Act, &str, &str); 8] = [
            ("a list without it", |tape| tape.choose_list(Some("Coins".into())), "Coins", "BTC-USD"),
            ("a list with it", |tape| tape.choose_list(Some("Chips".into())), "Chips", "AMD"),
            (
                "steps go round in the list",
                |tape| {
                    tape.choose_list(Some("Chips".into()));
                    tape.step(1);
                },
                "Chips",
                "NVDA",
            ),
            (
                "one outside of the list shows all",
                |tape| {
                    tape.choose_list(Some("Chips".into()));
                    tape.select("SPY");
                },
                "",
                "SPY",
            ),
            ("another order", |tape| tape.set_sort(PriceSort::Name), "", "AMD"),
            ("it is gone: the one behind it", |tape| tape.set_symbols(symbols("NVDA ETH-USD BTC-USD")), "", "ETH-USD"),
            ("those behind are gone, too: the one before", |tape| tape.set_symbols(symbols("NVDA SPY")), "", "SPY"),
            (
                "its list is gone",
                |tape| {
                    tape.choose_list(Some("Chips".into()));
                    tape.set_symbols(symbols("SPY BTC-USD:Coins AMD NVDA"));
                },
                "",
                "AMD",
            ),
        ];
        for (case, act, list, symbol) in cases {
            let mut tape = tape(WATCHLIST);
            tape.select("AMD");
            act(&mut tape);
            assert_eq!((tape.list().map_or("", |list| list), selected(&tape)), (list, symbol), "{case}");
        }
    }

    #[test]
    fn the_order_of_changes_is_made_when_it_is_asked_for() {
        let mut tape = tape(WATCHLIST);
        for (symbol, by) in [("NVDA", -2), ("BTC-USD", 1), ("AMD", 3)] {
            moved(&mut tape, symbol, by);
        }
        tape.set_sort(PriceSort::Change);
        assert_eq!(shown(&tape), "AMD BTC-USD NVDA SPY ETH-USD", "without a change last");
        moved(&mut tape, "NVDA", 9);
        assert_eq!(shown(&tape), "AMD BTC-USD NVDA SPY ETH-USD", "figures change, rows don't");
        moved(&mut tape, "SPY", 2);
        assert_eq!(shown(&tape), "NVDA AMD SPY BTC-USD ETH-USD", "a first price goes to its place");
        moved(&mut tape, "BTC-USD", 20);
        tape.put_in_order();
        assert_eq!(shown(&tape), "BTC-USD NVDA AMD SPY ETH-USD");
        tape.set_sort(PriceSort::Name);
        assert_eq!(shown(&tape), "AMD BTC-USD ETH-USD NVDA SPY");
    }

    #[test]
    fn outside_hours_the_change_there_counts() {
        let mut tape = tape("NVDA AMD");
        moved(&mut tape, "AMD", 1);
        let extended = Extended { price: Decimal::from(111), session: Session::Pre, exchange_time: Some(minute(5)) };
        let base = Some(Decimal::ONE_HUNDRED);
        let early = quote("NVDA", 90.0, minute(2));
        tape.take_quote(Quote { base, session: Session::Pre, extended: Some(extended.clone()), ..early.clone() });
        tape.set_sort(PriceSort::Change);
        assert_eq!(shown(&tape), "NVDA AMD");
        tape.take_quote(Quote { base, session: Session::Regular, extended: Some(extended), ..early });
        tape.put_in_order();
        assert_eq!(shown(&tape), "AMD NVDA");
    }

    #[test]
    fn a_table_scrolls_and_keeps_the_line_of_the_selected_symbol() {
        let names: Vec<String> = (0..36).map(|at| format!("S{at:02}")).collect();
        let mut tape = tape(&names.join(" "));
        let line = |tape: &Tape| tape.selected_row() - tape.top(10);
        tape.set_rows(10);
        // By how much it scrolls, then the first row and the selected one.
        for (by, top, row) in [(3, 3, 3), (3, 6, 6), (100, 26, 26), (-20, 6, 15), (-100, 0, 9)] {
            tape.scroll(by);
            assert_eq!((tape.top(10), tape.selected_row()), (top, row), "by {by}");
        }
        for (by, top, row) in [(1, 1, 10), (9, 10, 19), (-9, 10, 10), (-1, 9, 9), (99, 26, 35), (-99, 0, 0)] {
            tape.step_within(by);
            tape.set_rows(10);
            assert_eq!((tape.top(10), tape.selected_row()), (top, row), "by {by}");
        }
        tape.select("S20");
        tape.set_rows(10);
        assert_eq!((tape.top(10), line(&tape)), (11, 9));
        (0..20).for_each(|at| moved(&mut tape, &format!("S{at:02}"), 1));
        tape.set_sort(PriceSort::Change);
        moved(&mut tape, "S35", 7);
        assert_eq!((selected(&tape), tape.selected_row(), line(&tape)), ("S20", 21, 9), "its line stays");
        moved(&mut tape, "S20", 5);
        assert_eq!(
            (selected(&tape), tape.selected_row(), tape.top(10)),
            ("S20", 1, 0),
            "no further up than there are rows"
        );
        moved(&mut tape, "S34", 9);
        assert_eq!((tape.selected_row(), tape.top(10)), (2, 0), "at the top the table stays there");
        assert_eq!(tape.top(100), 0, "more room than rows");
        assert_eq!(tape.top(0), 2, "no room");
    }

    #[test]
    fn what_is_kept_comes_back_as_far_as_it_is_there() {
        let mut first = tape(WATCHLIST);
        first.set_sort(PriceSort::Name);
        first.choose_list(Some("Chips".into()));
        first.select("NVDA");
        let mut other = tape(WATCHLIST);
        other.restore(&first.kept());
        assert_eq!((shown(&other).as_str(), selected(&other)), ("AMD NVDA", "NVDA"));
        let mut other = tape("ETH-USD BTC-USD");
        other.restore(&first.kept());
        assert_eq!((shown(&other).as_str(), selected(&other)), ("BTC-USD ETH-USD", "ETH-USD"));
        let mut empty = Tape::default();
        empty.restore(&first.kept());
        empty.step_list(true);
        empty.scroll(3);
        empty.step_within(-3);
        assert_eq!((shown(&empty).as_str(), selected(&empty)), ("", ""));
    }
}
