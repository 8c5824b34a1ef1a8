//! Candles: what a price did in each interval of a span.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Name;

/// What happened to a price within one interval. Prices in the symbol's currency.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candle {
    /// Start of the bar.
    pub time: Timestamp,
    /// First price in the bar.
    pub open: f64,
    /// Highest price in the bar.
    pub high: f64,
    /// Lowest price in the bar.
    pub low: f64,
    /// Last price in the bar.
    pub close: f64,
    /// None where the source's figure means nothing.
    pub volume: Option<f64>,
}

impl Candle {
    /// The time from which on its close is known: its start and `interval` seconds.
    pub fn end(&self, interval: u32) -> Timestamp {
        // A source may tell any time; none of them may overflow.
        let end = self.time.as_second().saturating_add(i64::from(interval));
        Timestamp::from_second(end).unwrap_or(Timestamp::MAX)
    }
}

/// The span of a chart.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    strum::EnumIter,
    strum::Display,
    strum::EnumString,
)]
pub enum Span {
    /// The last hour.
    #[strum(serialize = "1h")]
    Hour,
    /// One trading day; of a coin the last 24 hours.
    #[default]
    #[strum(serialize = "1D")]
    Day,
    /// Five trading days.
    #[strum(serialize = "5D")]
    FiveDays,
    /// One month.
    #[strum(serialize = "1M")]
    Month,
    /// Six months.
    #[strum(serialize = "6M")]
    SixMonths,
    /// One year.
    #[strum(serialize = "1Y")]
    Year,
}

/// Candles of one symbol from one source, oldest first, without overlap; gaps are real gaps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// The symbol as configured.
    pub symbol: Name,
    /// The id of the source that all bars come from.
    pub source: Name,
    /// Seconds in a bar.
    pub interval: u32,
    /// The source gave closes alone: bars have no range of their own, but for those that ticks have grown.
    #[serde(default)]
    pub closes_only: bool,
    /// In order of time, oldest first.
    pub bars: Vec<Candle>,
}
