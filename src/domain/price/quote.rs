//! Symbols and the prices that sources tell of them.

use std::time::Duration;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::domain::Name;
use crate::domain::session::Session;

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

/// The chains of symbols that name none, best first.
const EQUITY_SOURCES: [&str; 4] = ["yahoo", "cnbc", "nasdaq", "cboe"];
const CRYPTO_SOURCES: [&str; 4] = ["coinbase", "kraken", "binance", "coingecko"];

impl Symbol {
    /// A symbol with the default chain of its kind.
    pub fn new(name: Name) -> Symbol {
        let sources = match kind(&name) {
            Kind::Equity => EQUITY_SOURCES,
            Kind::Crypto => CRYPTO_SOURCES,
        };
        Symbol { name, list: None, benchmark: None, sources: sources.map(Name::from).to_vec() }
    }

    /// What its name tells.
    pub fn kind(&self) -> Kind {
        kind(&self.name)
    }
}

/// A pair with a currency behind a dash (`BTC-USD`) is crypto, all else an equity. `BRK-B` is not a pair.
pub fn kind(symbol: &str) -> Kind {
    match symbol.rsplit_once('-') {
        Some((_, "USD" | "USDT" | "USDC" | "EUR" | "GBP")) => Kind::Crypto,
        _ => Kind::Equity,
    }
}

/// Is it the name of a share or fund listed in the United States? Listings abroad (`7203.T`), currencies, futures and
/// indices carry signs of their own.
pub fn is_listed_in_new_york(symbol: &str) -> bool {
    kind(symbol) == Kind::Equity && symbol.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// How a quote reached us; with its age this decides its [`State`](super::State).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// Over a socket, as it traded.
    Pushed,
    /// Asked for, once in this interval.
    Polled(Duration),
    /// The source itself holds prices back by this much.
    Delayed(Duration),
    /// From a recorded day whose bars are this long.
    Replayed(Duration),
    /// From disk: nothing received since the start.
    Stored,
}

/// The price of a symbol at a time, from one source. The change is only ever computed inside one source's own numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quote {
    /// The symbol as configured.
    pub symbol: Name,
    /// Positive. For an equity the regular session's price, also in extended hours.
    pub price: Decimal,
    /// ISO 4217 code, or the quoted coin (`USDT`).
    pub currency: Name,
    /// What the change is measured from, by the same source: the previous close, or the price 24 hours ago.
    pub base: Option<Decimal>,
    /// The id of the source.
    pub source: Name,
    /// The session of the latest price, be it `price` or `extended`.
    pub session: Session,
    /// When it traded, as the source tells it.
    pub exchange_time: Option<Timestamp>,
    /// When it reached us.
    pub received_time: Timestamp,
    /// How it was obtained.
    pub delivery: Delivery,
    /// The price outside the regular session, where the source gives one.
    pub extended: Option<Extended>,
}

/// A price outside the regular session, measured from its close.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Extended {
    /// Positive, in the currency of its [`Quote`].
    pub price: Decimal,
    /// Pre-market, post-market or overnight.
    pub session: Session,
    /// When it traded, as the source gives it.
    pub exchange_time: Option<Timestamp>,
}

impl Quote {
    /// Price less base.
    pub fn change(&self) -> Option<Decimal> {
        self.price.checked_sub(self.base?)
    }

    /// Change in per cent of the base.
    pub fn change_percent(&self) -> Option<Decimal> {
        percent(self.change()?, self.base?)
    }

    /// When this price was true: the exchange's time, else when it reached us.
    pub fn time(&self) -> Timestamp {
        self.exchange_time.unwrap_or(self.received_time)
    }

    /// The time of the newest price in it, regular or extended.
    pub fn newest(&self) -> Timestamp {
        let extended = self.extended.as_ref().and_then(|extended| extended.exchange_time);
        extended.map_or(self.time(), |extended| extended.max(self.time()))
    }

    /// When its newest trade was made, as the source tells it. None: it tells no times.
    pub fn last_trade(&self) -> Option<Timestamp> {
        let extended = self.extended.as_ref().and_then(|extended| extended.exchange_time);
        Some(self.exchange_time.max(extended)?.min(self.received_time))
    }

    /// When its newest price was seen: a source's clock may run ahead of ours, but no trade is younger than its arrival.
    pub(super) fn seen(&self) -> Timestamp {
        self.newest().min(self.received_time)
    }

    /// How many decimals its prices are shown with: the most that any of its numbers has, within what is usual for
    /// their size.
    pub fn decimals(&self) -> u32 {
        let extended = self.extended.as_ref().map(|extended| extended.price);
        let numbers = [Some(self.price), self.base, extended].into_iter().flatten();
        let shown = numbers.map(|number| number.normalize().scale()).max().unwrap_or(0);
        shown.clamp(decimals(self.price), most_decimals(&self.symbol, self.price))
    }

    /// The extended price less the regular session's, from whose close it is measured.
    pub fn extended_change(&self) -> Option<Decimal> {
        self.extended.as_ref()?.price.checked_sub(self.price)
    }

    /// The extended change in per cent of the regular price.
    pub fn extended_change_percent(&self) -> Option<Decimal> {
        percent(self.extended_change()?, self.price)
    }
}

fn percent(change: Decimal, base: Decimal) -> Option<Decimal> {
    change.checked_mul(Decimal::ONE_HUNDRED)?.checked_div(base)
}

/// How many decimals a price of this size is shown with where its market does not tell.
pub fn decimals(price: Decimal) -> u32 {
    match price.abs() {
        size if size >= Decimal::ONE || size.is_zero() => 2,
        size if size >= Decimal::new(1, 2) => 4,
        size if size >= Decimal::new(1, 4) => 6,
        _ => 8,
    }
}

/// No more decimals than this mean anything. A stock above a dollar is quoted in cents (SEC rule 612); what lies
/// between them is how one trade was settled. Currencies (`EURUSD=X`) and futures have their own.
fn most_decimals(symbol: &str, price: Decimal) -> u32 {
    match price.abs() {
        size if size >= Decimal::ONE_HUNDRED => 2,
        size if size >= Decimal::ONE && kind(symbol) == Kind::Equity && !symbol.contains('=') => 2,
        size if size >= Decimal::ONE => 4,
        size if size >= Decimal::new(1, 2) => 6,
        _ => 10,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn quote(symbol: &str, price: &str, base: Option<&str>) -> Quote {
        let number = |text: &str| text.parse::<Decimal>().unwrap();
        Quote {
            symbol: symbol.into(),
            price: number(price),
            currency: "USD".into(),
            base: base.map(number),
            source: "yahoo".into(),
            session: Session::Regular,
            exchange_time: None,
            received_time: Timestamp::UNIX_EPOCH,
            delivery: Delivery::Pushed,
            extended: None,
        }
    }

    #[test]
    fn crypto_is_told_by_its_currency() {
        let cases =
            [("BTC-USD", Kind::Crypto), ("ETH-USDT", Kind::Crypto), ("BRK-B", Kind::Equity), ("NVDA", Kind::Equity)];
        for (symbol, expected) in cases {
            assert_eq!(kind(symbol), expected, "{symbol}");
        }
    }

    #[test]
    fn prices_have_the_decimals_of_their_market() {
        let cases = [
            ("NVDA", "181.2", None, 2),
            ("NVDA", "181.2345", Some("180"), 2), // between the cents: how one trade was settled
            ("XYZ", "15.23456", None, 2),
            ("XYZ", "0.4512", None, 4),
            ("EURUSD=X", "1.0845", Some("1.08"), 4),
            ("BTC-USD", "97412.5", None, 2),
            ("XRP-USD", "2.4", Some("2.4512"), 4),
            ("DOGE-USD", "0.38", Some("0.37215"), 5),
            ("SHIB-USD", "0.00002451", None, 8),
            ("PEPE-USD", "0.0000245123456", None, 10),
        ];
        for (symbol, price, base, expected) in cases {
            assert_eq!(quote(symbol, price, base).decimals(), expected, "{symbol} {price}");
        }
    }

    #[test]
    fn the_size_of_a_price_decides_its_decimals_where_no_market_does() {
        let sizes = [("97412", 2), ("1", 2), ("0", 2), ("0.5", 4), ("0.0012", 6), ("0.00001234", 8)];
        for (price, expected) in sizes {
            assert_eq!(decimals(price.parse().unwrap()), expected, "{price}");
        }
    }
}
