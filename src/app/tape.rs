//! The tape: the last price of each symbol, its candles, and what a price did since a time.

mod lists;
mod moves;

use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, Timestamp};
use rust_decimal::prelude::ToPrimitive;
use strum::IntoEnumIterator;

use crate::domain::Name;
use lists::Lists;
pub(crate) use moves::{Figure, Move};

use crate::domain::price::{
    Candle, Delivery, Quote, Series, Session, Span, Symbol, Unpriced, decimals, is_listed_in_new_york,
};
use crate::domain::session::{Calendar, Night, Overnight};
use crate::event::{Effect, SourceEffect, move_back};

/// The longest series held, in bars.
const BARS_MAX: usize = 2_000;
/// Bars that are longer, in seconds, tell no session.
const HOUR: u32 = 3_600;

/// How the chart is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChartStyle {
    #[default]
    Candles,
    Line,
}

/// A source's clock runs ahead of ours by less than this. A price that is further ahead was noted under a clock of ours that was
/// set back since.
const CLOCKS_APART: SignedDuration = SignedDuration::from_mins(5);

/// What is known of one symbol.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entry {
    pub quote: Option<Quote>,
    /// The most decimals that its prices came with from their source.
    decimals: u32,
    /// Its newest trade in a night session.
    night_trade: Option<Timestamp>,
    series: HashMap<Span, Series>,
}

/// Prices and candles of the watchlist, and what of them the chart shows.
#[derive(Debug, Default)]
pub struct Tape {
    symbols: Vec<Symbol>,
    /// By symbol; benchmarks too, which are not shown.
    entries: HashMap<Name, Entry>,
    /// The place of the selected symbol in the watchlist.
    selected: usize,
    lists: Lists,
    /// Why symbols have no price yet.
    unpriced: BTreeMap<Name, Unpriced>,
    pub span: Span,
    pub style: ChartStyle,
}

impl Tape {
    /// Follows the watchlist; what is known of symbols that stay is kept, and so is the selected one. When that is gone, or not
    /// in the chosen list any more, its neighbour is selected.
    pub fn set_symbols(&mut self, symbols: Vec<Symbol>) {
        let candidates = self.neighbours();
        self.symbols = symbols;
        let symbols = &self.symbols;
        self.entries.retain(|name, _| {
            symbols.iter().any(|symbol| symbol.name == *name || symbol.benchmark.as_ref() == Some(name))
        });
        self.symbols_changed(&candidates);
    }

    /// The clock was set back.
    pub(super) fn set_back(&mut self, by: SignedDuration) {
        let quotes = self.entries.values_mut().filter_map(|entry| entry.quote.as_mut());
        // Those from disk tell their ages by other means.
        let received = quotes.filter(|quote| quote.delivery != Delivery::Stored);
        move_back(received.map(|quote| &mut quote.received_time), by);
    }

    /// The watchlist, in its own order.
    pub fn symbols(&self) -> &[Symbol] {
        &self.symbols
    }

    /// The symbol whose chart is shown.
    pub fn selected(&self) -> Option<&Symbol> {
        self.symbols.get(self.selected)
    }

    /// The name of the symbol whose chart is shown.
    pub(super) fn charted(&self) -> Option<Name> {
        self.selected().map(|symbol| symbol.name.clone())
    }

    /// Asks for the candles of the chart.
    pub(super) fn chart_request(&self) -> Option<Effect> {
        Some(Effect::Sources(SourceEffect::ShowChart { symbol: self.charted()?, span: self.span }))
    }

    /// Candles after the line, the line after candles.
    pub fn next_style(&mut self) {
        self.style = match self.style {
            ChartStyle::Candles => ChartStyle::Line,
            ChartStyle::Line => ChartStyle::Candles,
        };
    }

    /// The next longer span, and from the longest the shortest.
    pub fn next_span(&mut self) {
        let spans: Vec<Span> = Span::iter().collect();
        let at = spans.iter().position(|span| *span == self.span).unwrap_or(0);
        self.span = spans[(at + 1) % spans.len()];
    }

    fn watches(&self, name: &str) -> bool {
        self.symbols.iter().any(|symbol| &*symbol.name == name || symbol.benchmark.as_deref() == Some(name))
    }

    /// The newest price of a symbol.
    pub fn quote(&self, symbol: &str) -> Option<&Quote> {
        self.entries.get(symbol)?.quote.as_ref()
    }

    /// Why a symbol has no price, where that is known.
    pub(super) fn unpriced(&self, symbol: &str) -> Option<&Unpriced> {
        self.unpriced.get(symbol)
    }

    /// Takes in why symbols have no price, of all that have none.
    pub(super) fn set_unpriced(&mut self, unpriced: BTreeMap<Name, Unpriced>) {
        self.unpriced = unpriced;
    }

    /// How many decimals the prices of a symbol are shown with: as many as its source has given any with, so that a round
    /// price does not make the column jump.
    pub fn decimals(&self, quote: &Quote) -> u32 {
        self.entries.get(&quote.symbol).map_or(0, |entry| entry.decimals).max(decimals(quote.price))
    }

    /// The candles of a symbol over a span; an hour is cut from the day's.
    pub fn series(&self, symbol: &str, span: Span) -> Option<&Series> {
        self.entries.get(symbol)?.series.get(&span)
    }

    /// Takes in a price. False when it changes nothing: not watched, or older than the one held.
    pub fn take_quote(&mut self, quote: Quote) -> bool {
        if !self.watches(&quote.symbol) {
            return false;
        }
        let entry = self.entries.entry(quote.symbol.clone()).or_default();
        if entry.quote.as_ref().is_some_and(|held| outdated(held, &quote)) {
            return false;
        }
        if quote.delivery != Delivery::Stored {
            entry.tick(&quote);
        }
        let extended = quote.extended.as_ref().filter(|extended| extended.session == Session::Overnight);
        entry.night_trade = entry.night_trade.max(extended.and_then(|extended| extended.exchange_time));
        entry.decimals = match &entry.quote {
            Some(held) if held.source == quote.source => entry.decimals.max(quote.decimals()),
            _ => quote.decimals(),
        };
        let is_first = entry.quote.replace(quote).is_none();
        if is_first {
            self.put_in_order();
        }
        true
    }

    /// Takes in candles: those of the same source and interval are laid over the ones held. False when they change
    /// nothing: not watched, or none at all.
    pub fn take_series(&mut self, span: Span, series: Series) -> bool {
        if !self.watches(&series.symbol) || series.bars.is_empty() {
            return false;
        }
        let held =
            self.entries.entry(series.symbol.clone()).or_default().series.entry(span).or_insert_with(|| Series {
                symbol: series.symbol.clone(),
                source: series.source.clone(),
                interval: series.interval,
                closes_only: series.closes_only,
                bars: Vec::new(),
            });
        lay_over(held, series);
        true
    }

    /// Has a symbol traded in a night, as far as its prices and candles tell?
    pub fn has_traded_in(&self, symbol: &str, night: &Night) -> bool {
        let Some(entry) = self.entries.get(symbol) else { return false };
        let mut bars = entry.series.values().filter(|series| series.interval <= HOUR).flat_map(|series| &series.bars);
        entry.night_trade.is_some_and(|at| night.takes(at))
            || (is_listed_in_new_york(symbol) && bars.any(|bar| night.takes(bar.time)))
    }

    /// Does the night session count for a symbol: always, or because it has traded in the night that is now or in the last?
    pub fn has_nights(&self, symbol: &str, calendar: &Calendar, now: Timestamp) -> bool {
        let nights = || [calendar.night_of(now), calendar.last_night(now)].into_iter().flatten();
        match calendar.overnight() {
            Overnight::Off => false,
            Overnight::On => is_listed_in_new_york(symbol),
            Overnight::Auto => nights().any(|night| self.has_traded_in(symbol, &night)),
        }
    }

    /// Does the night session count for the market: for any symbol of the watchlist?
    pub fn market_has_nights(&self, calendar: &Calendar, now: Timestamp) -> bool {
        calendar.overnight() == Overnight::On
            || self.symbols.iter().any(|symbol| self.has_nights(&symbol.name, calendar, now))
    }

    /// Forgets prices and candles, when a replay begins again.
    pub fn clear(&mut self) {
        self.entries.clear();
    }
}

impl Entry {
    /// A new price grows the last bar of the short charts, or begins the next; only from the chart's own source, and
    /// only while it trades: a price after hours is repeated over and over.
    fn tick(&mut self, quote: &Quote) {
        let trades = !matches!(quote.session, Session::Closed);
        let Some((price, time)) = last_trade(quote).filter(|_| trades) else { return };
        for span in [Span::Hour, Span::Day] {
            if let Some(series) = self.series.get_mut(&span).filter(|series| series.source == quote.source) {
                grow(series, time, price);
            }
        }
        // Long bars begin where their source says, and have no prices out of hours.
        if !matches!(quote.session, Session::Regular | Session::Always) {
            return;
        }
        for span in [Span::FiveDays, Span::Month, Span::SixMonths, Span::Year] {
            if let Some(series) = self.series.get_mut(&span).filter(|series| series.source == quote.source) {
                grow_last(series, time, price);
            }
        }
    }
}

/// The latest price of a quote, in or out of hours, and when it was true.
pub(crate) fn last_trade(quote: &Quote) -> Option<(f64, Timestamp)> {
    match quote.extended.as_ref().filter(|_| quote.session != Session::Regular) {
        Some(extended) => Some((extended.price.to_f64()?, extended.exchange_time.unwrap_or(quote.received_time))),
        None => Some((quote.price.to_f64()?, quote.time())),
    }
}

/// The latest price of a quote, in or out of hours.
pub(crate) fn last_price(quote: &Quote) -> Option<f64> {
    last_trade(quote).map(|(price, _)| price)
}

fn outdated(held: &Quote, new: &Quote) -> bool {
    match (&held.delivery, &new.delivery) {
        (Delivery::Stored, _) => false,
        (_, Delivery::Stored) => true,
        _ if held.newest().duration_since(new.received_time) > CLOCKS_APART => false,
        _ if held.source == new.source => new.newest() < held.newest(),
        _ => false,
    }
}

/// The start of the bar that a time falls in.
fn bar_start(time: Timestamp, interval: u32) -> Timestamp {
    let interval = i64::from(interval.max(1));
    let second = time.as_second().div_euclid(interval) * interval;
    Timestamp::from_second(second).unwrap_or(time)
}

fn grow(series: &mut Series, time: Timestamp, price: f64) {
    let start = bar_start(time, series.interval);
    match series.bars.last_mut() {
        Some(bar) if bar.time == start => {
            take_close(bar, price);
        }
        Some(bar) if bar.time > start => {}
        _ => {
            series.bars.push(Candle { time: start, open: price, high: price, low: price, close: price, volume: None });
            cap(series);
        }
    }
}

/// Grows the last bar alone, and only with what was traded in it.
fn grow_last(series: &mut Series, time: Timestamp, price: f64) {
    let interval = SignedDuration::from_secs(series.interval.into());
    let Some(bar) = series.bars.last_mut() else { return };
    if (SignedDuration::ZERO..interval).contains(&time.duration_since(bar.time)) {
        take_close(bar, price);
    }
}

fn cap(series: &mut Series) {
    let surplus = series.bars.len().saturating_sub(BARS_MAX);
    series.bars.drain(..surplus);
}

/// Lays new bars over those held. Closes alone take nothing of the range that held bars have.
fn lay_over(held: &mut Series, new: Series) {
    let is_finer = held.closes_only && !new.closes_only;
    if held.source != new.source || held.interval != new.interval || is_finer {
        *held = new;
    } else {
        let keeps_range = new.closes_only && !held.closes_only;
        for bar in new.bars {
            match held.bars.binary_search_by_key(&bar.time, |held| held.time) {
                Ok(at) if keeps_range => take_close(&mut held.bars[at], bar.close),
                Ok(at) => held.bars[at] = bar,
                Err(at) => held.bars.insert(at, bar),
            }
        }
    }
    cap(held);
}

fn take_close(bar: &mut Candle, close: f64) {
    bar.high = bar.high.max(close);
    bar.low = bar.low.min(close);
    bar.close = close;
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::app::samples::{minute, quote, second, series};
    use crate::domain::price::Extended;

    fn tape() -> Tape {
        let mut tape = Tape::default();
        let nvda = Symbol { benchmark: Some("QQQ".into()), ..Symbol::new("NVDA".into()) };
        tape.set_symbols(vec![nvda, Symbol::new("BTC-USD".into()), Symbol::new("ETH-USD".into())]);
        tape
    }

    fn price(tape: &Tape, symbol: &str) -> Option<f64> {
        tape.quote(symbol).and_then(last_price)
    }

    /// Minutes after the first bar, open and close of each.
    fn bars(tape: &Tape, symbol: &str, span: Span) -> Vec<(i64, f64, f64)> {
        let bars = tape.series(symbol, span).map(|series| series.bars.as_slice()).unwrap_or_default();
        let at = |bar: &Candle| (bar.time.as_second() - bars[0].time.as_second()) / 60;
        bars.iter().map(|bar| (at(bar), bar.open, bar.close)).collect()
    }

    fn from(source: &str, quote: Quote) -> Quote {
        Quote { source: source.into(), ..quote }
    }

    fn stored(quote: Quote) -> Quote {
        Quote { delivery: Delivery::Stored, ..quote }
    }

    fn after_hours(price: f64, time: Timestamp, session: Session, quote: Quote) -> Quote {
        let price = rust_decimal::Decimal::try_from(price).unwrap();
        Quote {
            session,
            extended: Some(Extended { price, session: Session::Post, exchange_time: Some(time) }),
            ..quote
        }
    }

    #[test]
    fn a_price_gives_way_to_a_newer_one_and_never_to_a_stored_one() {
        let received = quote("NVDA", 180.0, minute(10));
        let evening = after_hours(183.0, minute(40), Session::Post, quote("NVDA", 180.0, minute(30)));
        let cases = [
            ("newer", received.clone(), quote("NVDA", 181.0, minute(11)), true),
            ("the same moment", received.clone(), quote("NVDA", 181.0, minute(10)), true),
            ("an older tick", received.clone(), quote("NVDA", 181.0, minute(9)), false),
            ("older, of another source", received.clone(), from("cnbc", quote("NVDA", 181.0, minute(9))), true),
            ("stored, though newer", received, stored(quote("NVDA", 181.0, minute(11))), false),
            (
                "after a stored one anything",
                stored(quote("NVDA", 180.0, minute(10))),
                quote("NVDA", 181.0, minute(1)),
                true,
            ),
            (
                "a stored one after another",
                stored(quote("NVDA", 180.0, minute(1))),
                stored(quote("NVDA", 181.0, minute(2))),
                true,
            ),
            ("older than the extended price", evening.clone(), quote("NVDA", 181.0, minute(35)), false),
            (
                "an extended price",
                evening,
                after_hours(184.0, minute(41), Session::Post, quote("NVDA", 180.0, minute(30))),
                true,
            ),
        ];
        for (case, held, new, taken) in cases {
            let mut tape = tape();
            assert!(tape.take_quote(held.clone()), "{case}");
            assert_eq!(tape.take_quote(new.clone()), taken, "{case}");
            assert_eq!(tape.quote("NVDA"), Some(if taken { &new } else { &held }), "{case}");
        }
    }

    #[test]
    fn a_round_price_keeps_the_decimals_of_its_source() {
        let mut tape = tape();
        let steps = [("coinbase", 2.4512, 4), ("coinbase", 2.4, 4), ("kraken", 2.5, 2)];
        for (at, (source, price, decimals)) in (0..).zip(steps) {
            let quote = Quote { base: None, ..from(source, quote("ETH-USD", price, minute(at))) };
            assert!(tape.take_quote(quote.clone()));
            assert_eq!(tape.decimals(&quote), decimals, "{price}");
        }
    }

    #[test]
    fn only_the_watchlist_and_its_benchmarks_are_held() {
        let mut tape = tape();
        for (symbol, watched) in [("NVDA", true), ("QQQ", true), ("GME", false)] {
            assert_eq!(tape.take_quote(quote(symbol, 1.0, minute(0))), watched, "{symbol}");
            assert_eq!(tape.take_series(Span::Day, series(symbol, minute(0), &[1.0])), watched, "{symbol}");
        }
        tape.set_symbols(vec![Symbol::new("ETH-USD".into())]);
        assert_eq!((price(&tape, "NVDA"), price(&tape, "QQQ")), (None, None));
    }

    #[test]
    fn the_selected_symbol_stays_selected() {
        let selected = |tape: &Tape| tape.selected().map(|symbol| symbol.name.to_string());
        let mut tape = tape();
        tape.step(1);
        tape.set_symbols(["ETH-USD", "AMD", "BTC-USD"].map(|name| Symbol::new(name.into())).to_vec());
        assert_eq!(selected(&tape).as_deref(), Some("BTC-USD"));
        tape.step(1);
        assert_eq!(selected(&tape).as_deref(), Some("ETH-USD"), "round");
        tape.set_symbols(vec![Symbol::new("AMD".into())]);
        assert_eq!(selected(&tape).as_deref(), Some("AMD"), "gone: the first");
        tape.set_symbols(Vec::new());
        for by in [-1, 1] {
            tape.step(by);
            tape.select_row(7);
            assert_eq!(selected(&tape), None);
        }
    }

    #[test]
    fn spans_go_round() {
        let mut tape = tape();
        let spans: Vec<Span> = std::iter::repeat_with(|| {
            tape.next_span();
            tape.span
        })
        .take(Span::iter().count())
        .collect();
        assert_eq!(spans.last(), Some(&Span::Day));
        assert!(Span::iter().all(|span| spans.contains(&span)));
    }

    #[test]
    fn prices_grow_the_last_bar_and_begin_the_next() {
        let mut tape = tape();
        tape.take_series(Span::Hour, series("BTC-USD", minute(0), &[10.0, 11.0]));
        tape.take_series(Span::Day, series("BTC-USD", minute(0), &[10.0, 11.0]));
        tape.take_series(Span::Month, series("BTC-USD", minute(0), &[10.0, 11.0]));
        let steps = [
            (second(90), 12.0, vec![(0, 10.0, 10.0), (1, 11.0, 12.0)]),
            (second(119), 9.0, vec![(0, 10.0, 10.0), (1, 11.0, 9.0)]),
            (second(120), 13.0, vec![(0, 10.0, 10.0), (1, 11.0, 9.0), (2, 13.0, 13.0)]),
            (second(121), 14.0, vec![(0, 10.0, 10.0), (1, 11.0, 9.0), (2, 13.0, 14.0)]),
            (second(310), 15.0, vec![(0, 10.0, 10.0), (1, 11.0, 9.0), (2, 13.0, 14.0), (5, 15.0, 15.0)]), // a gap is a gap
        ];
        for (at, price, expected) in steps {
            tape.take_quote(quote("BTC-USD", price, at));
            assert_eq!(bars(&tape, "BTC-USD", Span::Hour), expected);
            assert_eq!(bars(&tape, "BTC-USD", Span::Day), expected);
        }
        let second_bar = tape.series("BTC-USD", Span::Hour).unwrap().bars[1];
        assert_eq!((second_bar.high, second_bar.low), (12.0, 9.0));
        assert_eq!(bars(&tape, "BTC-USD", Span::Month).len(), 2, "only the short charts grow");
    }

    #[test]
    fn what_must_not_grow_a_chart_does_not() {
        let closed = |quote: Quote| Quote { session: Session::Closed, ..quote };
        let morning = minute(-300);
        let cases = [
            ("another source", from("cnbc", quote("NVDA", 99.0, second(130)))),
            ("stored", stored(quote("NVDA", 99.0, second(130)))),
            ("closed, and repeated", closed(quote("NVDA", 99.0, second(130)))),
            // The regular session has begun; what was traded before it is not its price.
            (
                "a left-over extended price",
                after_hours(99.0, morning, Session::Regular, quote("NVDA", 12.0, second(130))),
            ),
        ];
        for (case, quote) in cases {
            let mut tape = tape();
            tape.take_series(Span::Day, series("NVDA", minute(0), &[10.0, 11.0]));
            assert!(tape.take_quote(quote), "{case}");
            let closes: Vec<f64> = bars(&tape, "NVDA", Span::Day).iter().map(|bar| bar.2).collect();
            assert!(!closes.contains(&99.0), "{case}: {closes:?}");
        }
        let mut tape = tape();
        tape.take_series(Span::Day, series("NVDA", minute(0), &[10.0, 11.0]));
        tape.take_quote(after_hours(99.0, second(130), Session::Post, quote("NVDA", 12.0, second(10))));
        assert_eq!(bars(&tape, "NVDA", Span::Day).last(), Some(&(2, 99.0, 99.0)), "after hours it is the price");
    }

    #[test]
    fn candles_are_laid_over_those_of_the_same_source_and_interval() {
        let held = || series("NVDA", minute(0), &[1.0, 2.0, 3.0]);
        let other = |new: Series| Series { source: "cnbc".into(), ..new };
        let longer = |new: Series| Series { interval: 300, ..new };
        let cases = [
            ("a correction", series("NVDA", minute(1), &[9.0]), vec![1.0, 9.0, 3.0]),
            ("what follows", series("NVDA", minute(2), &[8.0, 9.0]), vec![1.0, 2.0, 8.0, 9.0]),
            ("what went before", series("NVDA", minute(-2), &[8.0, 9.0]), vec![8.0, 9.0, 1.0, 2.0, 3.0]),
            ("behind a gap", series("NVDA", minute(9), &[9.0]), vec![1.0, 2.0, 3.0, 9.0]),
            ("another source", other(series("NVDA", minute(1), &[9.0])), vec![9.0]),
            ("another interval", longer(series("NVDA", minute(1), &[9.0])), vec![9.0]),
            ("none at all", series("NVDA", minute(1), &[]), vec![1.0, 2.0, 3.0]),
            ("none, of another source", other(series("NVDA", minute(1), &[])), vec![1.0, 2.0, 3.0]),
        ];
        for (case, new, expected) in cases {
            let mut tape = tape();
            assert!(tape.take_series(Span::Day, held()));
            assert_eq!(tape.take_series(Span::Day, new.clone()), !new.bars.is_empty(), "{case}");
            let closes: Vec<f64> = bars(&tape, "NVDA", Span::Day).iter().map(|bar| bar.2).collect();
            assert_eq!(closes, expected, "{case}");
        }
    }

    #[test]
    fn a_series_is_bounded_and_keeps_the_newest() {
        let mut tape = tape();
        let closes: Vec<f64> = (1..=BARS_MAX as u32 + 500).map(f64::from).collect();
        tape.take_series(Span::Day, series("BTC-USD", minute(0), &closes));
        let last = minute(closes.len() as i64);
        for at in 0..10 {
            tape.take_quote(quote("BTC-USD", 1.0, last + SignedDuration::from_mins(at)));
        }
        let held = tape.series("BTC-USD", Span::Day).unwrap();
        assert_eq!((held.bars.len(), held.bars[0].close), (BARS_MAX, 511.0));
    }
}
