//! The tape: the last price of each symbol, its candles, and what a price did since a time.

use std::collections::HashMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rust_decimal::prelude::ToPrimitive;
use strum::IntoEnumIterator;

use crate::domain::Name;
use crate::domain::price::{Candle, Delivery, Quote, Series, Session, Span, Symbol};

/// The longest series held, in bars.
const BARS_MAX: usize = 2_000;

/// A base price older than this many bars is no base: the market was closed, or there is a gap.
const BASE_AGE_BARS: i64 = 3;

/// How the chart is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChartStyle {
    #[default]
    Candles,
    Line,
}

/// What is known of one symbol.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    pub quote: Option<Quote>,
    series: HashMap<Span, Series>,
}

/// A price move since a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Move {
    /// In per cent of the base, with its sign.
    pub percent: f64,
    pub base: f64,
    /// When the base price was true: the end of its bar.
    pub base_time: Timestamp,
}

/// Prices and candles of the watchlist, and what of them the chart shows.
#[derive(Debug, Default)]
pub struct Tape {
    symbols: Vec<Symbol>,
    /// By symbol; benchmarks too, which are not shown.
    entries: HashMap<Name, Entry>,
    selected: usize,
    pub span: Span,
    pub style: ChartStyle,
}

impl Tape {
    /// Follows the watchlist; what is known of symbols that stay is kept, and so is the selected one.
    pub fn set_symbols(&mut self, symbols: Vec<Symbol>) {
        let selected = self.selected().map(|symbol| symbol.name.clone());
        self.symbols = symbols;
        let place = selected.and_then(|name| self.symbols.iter().position(|symbol| symbol.name == name));
        self.selected = place.unwrap_or(0);
        let symbols = &self.symbols;
        self.entries.retain(|name, _| {
            symbols.iter().any(|symbol| symbol.name == *name || symbol.benchmark.as_ref() == Some(name))
        });
    }

    /// The watchlist, in its own order.
    pub fn symbols(&self) -> &[Symbol] {
        &self.symbols
    }

    /// The symbol whose chart is shown.
    pub fn selected(&self) -> Option<&Symbol> {
        self.symbols.get(self.selected)
    }

    /// Selects the symbol so many places on, round and round.
    pub fn step(&mut self, by: isize) {
        let count = self.symbols.len().max(1) as isize;
        self.selected = (self.selected as isize + by).rem_euclid(count) as usize;
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
        entry.quote = Some(quote);
        true
    }

    /// Takes in candles: those of the same source and interval are laid over the ones held.
    pub fn take_series(&mut self, span: Span, series: Series) -> bool {
        if !self.watches(&series.symbol) {
            return false;
        }
        let held =
            self.entries.entry(series.symbol.clone()).or_default().series.entry(span).or_insert_with(|| Series {
                symbol: series.symbol.clone(),
                source: series.source.clone(),
                interval: series.interval,
                bars: Vec::new(),
            });
        lay_over(held, series);
        true
    }

    /// Forgets prices and candles, when a replay begins again.
    pub fn clear(&mut self) {
        self.entries.clear();
    }

    /// What a symbol did since a time, from the close of the last bar that had ended by then. None where there is no
    /// such bar, or it is too old to be the price of that moment.
    pub fn since(&self, symbol: &str, time: Timestamp) -> Option<Move> {
        let series = self.series(symbol, Span::Day)?;
        let (base, base_time) = close_at(series, time)?;
        let tolerance = SignedDuration::from_secs(i64::from(series.interval) * BASE_AGE_BARS);
        if time.duration_since(base_time) > tolerance || base <= 0.0 {
            return None;
        }
        let now = self.quote(symbol).filter(|quote| quote.source == series.source).and_then(last_price)?;
        Some(Move { percent: (now - base) / base * 100.0, base, base_time })
    }
}

impl Entry {
    /// A new price grows the last bar of the short charts, or begins the next; only from the chart's own source.
    fn tick(&mut self, quote: &Quote) {
        let Some(price) = last_price(quote) else { return };
        let time = match &quote.extended {
            Some(extended) => extended.exchange_time.unwrap_or(quote.received_time),
            None => quote.time(),
        };
        for span in [Span::Hour, Span::Day] {
            if let Some(series) = self.series.get_mut(&span).filter(|series| series.source == quote.source) {
                grow(series, time, price);
            }
        }
    }
}

/// The latest price of a quote, in or out of hours.
pub fn last_price(quote: &Quote) -> Option<f64> {
    match &quote.extended {
        Some(extended) if quote.session != Session::Regular => extended.price.to_f64(),
        _ => quote.price.to_f64(),
    }
}

fn outdated(held: &Quote, new: &Quote) -> bool {
    match (&held.delivery, &new.delivery) {
        (Delivery::Stored, _) => false,
        (_, Delivery::Stored) => true,
        _ if held.source == new.source => latest_time(new) < latest_time(held),
        _ => false,
    }
}

fn latest_time(quote: &Quote) -> Timestamp {
    let extended = quote.extended.as_ref().and_then(|extended| extended.exchange_time);
    extended.map_or(quote.time(), |time| time.max(quote.time()))
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
            bar.high = bar.high.max(price);
            bar.low = bar.low.min(price);
            bar.close = price;
        }
        Some(bar) if bar.time > start => {}
        _ => {
            series.bars.push(Candle { time: start, open: price, high: price, low: price, close: price, volume: None });
            cap(series);
        }
    }
}

fn cap(series: &mut Series) {
    let surplus = series.bars.len().saturating_sub(BARS_MAX);
    series.bars.drain(..surplus);
}

fn lay_over(held: &mut Series, new: Series) {
    if held.source != new.source || held.interval != new.interval {
        *held = new;
    } else {
        for bar in new.bars {
            match held.bars.binary_search_by_key(&bar.time, |held| held.time) {
                Ok(at) => held.bars[at] = bar,
                Err(at) => held.bars.insert(at, bar),
            }
        }
    }
    cap(held);
}

/// The close of the last bar whose end is not after `time`, with that end.
fn close_at(series: &Series, time: Timestamp) -> Option<(f64, Timestamp)> {
    let interval = Duration::from_secs(series.interval.into());
    let after = series.bars.partition_point(|bar| bar.time + interval <= time);
    let bar = series.bars.get(after.checked_sub(1)?)?;
    Some((bar.close, bar.time + interval))
}
