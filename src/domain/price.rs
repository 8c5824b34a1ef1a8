//! Symbols, quotes, candles, and the words for how far a price can be trusted.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::Name;

/// What trades: decides hours, staleness and what the change is measured from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Trades in New York sessions; change from the previous close.
    Equity,
    /// Trades always; change over 24 hours.
    Crypto,
}

/// An entry of the watchlist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// As Yahoo spells it: `NVDA`, `BTC-USD`.
    pub name: Name,
    /// Group of the watchlist.
    pub list: Option<Name>,
    /// Fetched beside it, not shown.
    pub benchmark: Option<Name>,
    /// Names of price sources, best first.
    pub sources: Vec<Name>,
}

impl Symbol {
    pub fn kind(&self) -> Kind {
        kind(&self.name)
    }
}

/// A pair with a currency behind a dash (`BTC-USD`) is crypto, all else an equity. `BRK-B` is not a pair.
pub fn kind(symbol: &str) -> Kind {
    match symbol.rsplit_once('-') {
        Some((_, quoted)) if matches!(quoted, "USD" | "USDT" | "USDC" | "EUR" | "GBP") => Kind::Crypto,
        _ => Kind::Equity,
    }
}

/// A part of the trading day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Session {
    Pre,
    Regular,
    Post,
    Overnight,
    Closed,
    /// Crypto: never closes.
    Always,
}

/// How a quote reached us; with its age this decides its [`State`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// Over a socket, as it traded.
    Pushed,
    /// Asked for, once in this interval.
    Polled(Duration),
    /// The source itself holds prices back by this much.
    Delayed(Duration),
    /// From a recorded day.
    Replayed,
    /// From disk: nothing received since the start.
    Stored,
}

/// The price of a symbol at a time, from one source. The change is only ever computed inside one source's own numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quote {
    pub symbol: Name,
    /// Positive. For an equity the regular session's price, also in extended hours.
    pub price: Decimal,
    /// ISO 4217 code, or the quoted coin (`USDT`).
    pub currency: Name,
    /// What the change is measured from, by the same source: the previous close, or the price 24 hours ago.
    pub base: Option<Decimal>,
    pub source: Name,
    pub session: Session,
    /// When it traded, as the source tells it.
    pub exchange_time: Option<Timestamp>,
    /// When it reached us.
    pub received_time: Timestamp,
    pub delivery: Delivery,
    pub extended: Option<Extended>,
}

/// A price outside the regular session, measured from its close.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Extended {
    pub price: Decimal,
    pub session: Session,
    pub exchange_time: Option<Timestamp>,
}

impl Quote {
    /// Price less base.
    pub fn change(&self) -> Option<Decimal> {
        self.base.map(|base| self.price - base)
    }

    /// Change in per cent of the base.
    pub fn change_percent(&self) -> Option<Decimal> {
        let base = self.base.filter(|base| !base.is_zero())?;
        Some((self.price - base) * Decimal::ONE_HUNDRED / base)
    }

    /// When this price was true: the exchange's time, else when it reached us.
    pub fn time(&self) -> Timestamp {
        self.exchange_time.unwrap_or(self.received_time)
    }
}

/// What happened to a price within one interval. Prices in the symbol's currency.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candle {
    /// Start of the bar.
    pub time: Timestamp,
    pub open: f64,
    pub high: f64,
    pub low: f64,
    pub close: f64,
    /// None where the source's figure means nothing.
    pub volume: Option<f64>,
}

/// The span of a chart.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::EnumIter, strum::Display, strum::EnumString,
)]
pub enum Span {
    #[strum(serialize = "1h")]
    Hour,
    #[strum(serialize = "1D")]
    Day,
    #[strum(serialize = "5D")]
    FiveDays,
    #[strum(serialize = "1M")]
    Month,
    #[strum(serialize = "6M")]
    SixMonths,
    #[strum(serialize = "1Y")]
    Year,
}

/// Candles of one symbol from one source, oldest first, without overlap; gaps are real gaps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    pub symbol: Name,
    pub source: Name,
    /// Seconds in a bar.
    pub interval: u32,
    pub bars: Vec<Candle>,
}

/// What a price source is asked for; its health is kept apart for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display, strum::EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Capability {
    /// Prices over a socket.
    Socket,
    /// Prices by asking.
    Quote,
    /// History for charts.
    Candles,
}

/// How a price source fares, at the time of the report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SourceReport {
    pub source: Name,
    pub capability: Capability,
    pub at: Timestamp,
    pub outcome: Outcome,
    /// HTTP status, when there was an answer.
    pub status: Option<u16>,
    /// When it is asked again.
    pub next: Option<Timestamp>,
}

/// What came of asking a price source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Well,
    /// It refuses us until a time; remembered on disk. `why` is short, as `yahoo 429`.
    Blocked {
        why: String,
        until: Timestamp,
    },
    /// One plain sentence.
    Failed {
        why: String,
    },
}

/// A price source as it is configured; None means the source's own default.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SourceSettings {
    pub base_url: Option<String>,
    pub socket_url: Option<String>,
    pub enabled: Option<bool>,
    /// A secret: never printed, also not by `Debug`.
    pub key: Option<String>,
    pub user_agent: Option<String>,
}

impl fmt::Debug for SourceSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceSettings")
            .field("base_url", &self.base_url)
            .field("socket_url", &self.socket_url)
            .field("enabled", &self.enabled)
            .field("key", &self.key.as_ref().map(|_| "…"))
            .field("user_agent", &self.user_agent)
            .finish()
    }
}
