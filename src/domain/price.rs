//! Symbols, quotes, candles, and the words for how far a price can be trusted.

mod state;

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::Name;
pub use super::candle::{Candle, Series, Span};
pub use state::{State, fresh_for, session_of, state};

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
    /// From a recorded day whose bars are this long.
    Replayed(Duration),
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
    fn seen(&self) -> Timestamp {
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

/// What a price source is asked for; its health is kept apart for each.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, strum::Display, strum::EnumString,
)]
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
    /// The symbols that it was asked about, where it was asked about some …
    #[serde(default)]
    pub asked: Vec<Name>,
    /// … and those of them that alone the failure concerns; none: it concerns whatever the source is asked.
    #[serde(default)]
    pub lacks: Vec<Lack>,
}

/// What a source has to say of one symbol, and of none other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lack {
    pub symbol: Name,
    /// One plain sentence that names no symbol.
    pub why: String,
}

impl SourceReport {
    /// As it reads by a clock that shows `now`, when the one it was written under ran ahead of that: a refusal lasts as long as
    /// it was to last, not until the clock comes round again.
    pub fn set_right(mut self, now: Timestamp) -> SourceReport {
        let ahead = self.at.duration_since(now);
        if ahead.is_positive() {
            let back = |at: Timestamp| at.checked_sub(ahead).unwrap_or(now);
            self.at = now;
            self.next = self.next.map(back);
            if let Outcome::Blocked { until, .. } = &mut self.outcome {
                *until = back(*until);
            }
        }
        self
    }
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

/// Why no source has brought a price of a symbol yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unpriced {
    /// This source is being asked, or comes next.
    Waiting { source: Name },
    /// Every source that might have it refuses us; the first of them is asked again at a time. `why` as `yahoo 429`.
    Blocked { why: String, until: Timestamp },
    /// Every source that might have it failed when last asked; this is the best of them.
    Failing { source: Name },
    /// No source has it.
    Unknown,
}

impl Unpriced {
    /// The state of a price that was never seen.
    pub fn state(&self) -> State {
        match self {
            Unpriced::Waiting { source } => State::Waiting { source: Some(source.clone()) },
            Unpriced::Blocked { why, until } => State::Blocked { until: *until, why: why.clone(), age: None },
            Unpriced::Failing { source } => State::NoAnswer { source: source.clone() },
            Unpriced::Unknown => State::NoData,
        }
    }
}

/// A time of day in a zone, with its day when that is another one: `14:32`, `Mon 02:11`, and from a week on `13 Nov 02:11`.
pub fn show_time(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let is_today = days_apart(at, now, zone) == 0;
    if is_today {
        at.to_zoned_datetime(zone.clone()).strftime("%H:%M").to_string()
    } else {
        show_day_time(at, now, zone)
    }
}

/// The same, with its day also when it is today: `Fri 16:00`.
pub fn show_day_time(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    // A week away the day of the week is the same again.
    let form = if days_apart(at, now, zone) < 7 { "%a %H:%M" } else { "%-d %b %H:%M" };
    at.to_zoned_datetime(zone.clone()).strftime(form).to_string()
}

/// Calendar days from one time to another in a zone.
fn days_apart(at: Timestamp, now: Timestamp, zone: &TimeZone) -> i32 {
    let date = |at: Timestamp| at.to_zoned_datetime(zone.clone()).date();
    (date(at) - date(now)).get_days().abs()
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
    use jiff::tz::TimeZone;

    use super::*;
    use crate::domain::session::{Calendar, NightRule, Overnight, new_york};

    /// A New York time, as `2026-11-27 13:00`.
    fn ny(text: &str) -> Timestamp {
        let civil: jiff::civil::DateTime = text.parse().unwrap();
        civil.to_zoned_datetime(new_york()).unwrap().timestamp()
    }

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn quote(symbol: &str, delivery: Delivery, traded: &str, received: &str) -> Quote {
        Quote {
            symbol: symbol.into(),
            price: Decimal::new(18123, 2),
            currency: "USD".into(),
            base: Some(Decimal::new(18517, 2)),
            source: if kind(symbol) == Kind::Crypto { "coinbase" } else { "yahoo" }.into(),
            session: Session::Regular,
            exchange_time: Some(ny(traded)),
            received_time: ny(received),
            delivery,
            extended: None,
        }
    }

    fn extended(mut quote: Quote, session: Session, at: &str) -> Quote {
        quote.extended = Some(Extended { price: Decimal::new(182, 0), session, exchange_time: Some(ny(at)) });
        quote
    }

    fn words(quote: &Quote, now: &str) -> String {
        let calendar = Calendar::new(&[], &[], false);
        state(Some(quote), None, None, &calendar, ny(now)).0.words(&new_york(), ny(now))
    }

    #[test]
    fn states_of_an_equity() {
        use Delivery::{Delayed, Polled, Pushed, Replayed, Stored};
        let poll = Polled(secs(30));
        let slow = Polled(secs(600));
        let cases = [
            // Monday 2026-11-23 in the regular session
            (Pushed, "2026-11-23 13:00", "2026-11-23 13:00", "2026-11-23 13:01:29", "LIVE yahoo"),
            (Pushed, "2026-11-23 13:00", "2026-11-23 13:00", "2026-11-23 13:01:30", "STALE 1m"),
            (poll.clone(), "2026-11-23 13:00", "2026-11-23 13:00:10", "2026-11-23 13:01:09", "POLL 30s yahoo"),
            (poll.clone(), "2026-11-23 13:00", "2026-11-23 13:00:10", "2026-11-23 13:01:10", "STALE 1m"),
            // the same old answer over and over
            (poll.clone(), "2026-11-23 13:00", "2026-11-23 13:10", "2026-11-23 13:10:01", "STALE 10m"),
            // a clock that runs ahead of ours
            (Pushed, "2026-11-23 18:00", "2026-11-23 13:00", "2026-11-23 13:04:01", "STALE 4m"),
            (Delayed(secs(900)), "2026-11-23 12:45", "2026-11-23 13:00", "2026-11-23 13:01", "DELAYED 15m yahoo"),
            (Delayed(secs(900)), "2026-11-23 12:45", "2026-11-23 13:00", "2026-11-23 13:03", "STALE 18m"),
            (Stored, "2026-11-23 11:00", "2026-11-23 11:00", "2026-11-23 13:01", "CACHED 2h"),
            (Stored, "2026-11-20 16:00", "2026-11-20 16:01", "2026-11-21 13:01", "CACHED 21h"),
            (Stored, "2026-11-20 16:00", "2026-11-20 16:01", "2026-11-24 13:01", "CACHED 3d"),
            (Replayed(secs(300)), "2026-02-05 11:00", "2026-02-05 11:00", "2026-11-23 13:01", "REPLAY 5m"),
            // after the close
            (Pushed, "2026-11-23 15:59:59", "2026-11-23 15:59:59", "2026-11-23 16:14:58", "LIVE yahoo"),
            (Pushed, "2026-11-23 15:59:59", "2026-11-23 15:59:59", "2026-11-23 16:14:59", "STALE 15m"),
            (poll.clone(), "2026-11-23 16:00", "2026-11-23 18:00", "2026-11-23 18:00:20", "CLOSED Mon 16:00"),
            (poll.clone(), "2026-11-23 16:00", "2026-11-23 18:00", "2026-11-23 18:01", "STALE 2h"),
            // nothing heard since before the bell: not known to be the last
            (poll.clone(), "2026-11-20 15:58", "2026-11-20 15:58", "2026-11-21 12:00", "STALE 20h"),
            // the weekend, and a source that still tells of the day before
            (poll.clone(), "2026-11-20 16:00", "2026-11-20 16:05", "2026-11-22 12:00", "CLOSED Fri 16:00"),
            (poll.clone(), "2026-11-19 16:00", "2026-11-21 16:05", "2026-11-22 12:00", "STALE 2d"),
            // reported within the delay of the close
            (Delayed(secs(900)), "2026-11-20 15:50", "2026-11-20 16:05", "2026-11-21 12:00", "STALE 20h"),
            (Delayed(secs(900)), "2026-11-20 16:00", "2026-11-20 16:16", "2026-11-21 12:00", "CLOSED Fri 16:00"),
            // a half day
            (poll.clone(), "2026-11-27 13:00", "2026-11-27 17:05", "2026-11-27 17:06", "CLOSED Fri 13:00"),
            // the first moments of a new day
            (poll.clone(), "2026-11-20 16:00", "2026-11-21 16:05", "2026-11-23 04:01:29", "CLOSED Fri 16:00"),
            (poll.clone(), "2026-11-20 16:00", "2026-11-21 16:05", "2026-11-23 04:01:30", "STALE 2d"),
            (slow, "2026-11-20 16:00", "2026-11-23 03:55", "2026-11-23 04:10", "CLOSED Fri 16:00"),
            // no bell has ended the day that it belongs to
            (poll, "2026-11-20 16:00", "2026-11-23 09:30", "2026-11-23 09:31:30", "STALE 2d"),
        ];
        for (delivery, traded, received, now, expected) in cases {
            assert_eq!(words(&quote("NVDA", delivery.clone(), traded, received), now), expected, "{delivery:?} {now}");
        }
    }

    #[test]
    fn states_in_extended_hours() {
        let poll = Delivery::Polled(secs(60));
        let cases = [
            (Delivery::Pushed, Session::Post, "2026-11-23 17:00", "2026-11-23 17:14:59", "LIVE yahoo"),
            (Delivery::Pushed, Session::Post, "2026-11-23 17:00", "2026-11-23 17:15", "STALE 15m"),
            (poll.clone(), Session::Post, "2026-11-23 17:00", "2026-11-23 17:01:59", "POLL 1m yahoo"),
            (poll.clone(), Session::Post, "2026-11-23 17:00", "2026-11-23 17:02", "STALE 2m"),
            (poll.clone(), Session::Post, "2026-11-23 19:59", "2026-11-23 20:00", "CLOSED Mon 16:00"),
            (Delivery::Pushed, Session::Post, "2026-11-23 19:59", "2026-11-23 20:00", "CLOSED Mon 16:00"),
            (Delivery::Pushed, Session::Post, "2026-11-23 19:59", "2026-11-24 04:01", "CLOSED Mon 16:00"),
            (poll, Session::Pre, "2026-11-24 08:00", "2026-11-24 08:01", "POLL 1m yahoo"),
            (Delivery::Pushed, Session::Pre, "2026-11-24 04:00:05", "2026-11-24 04:00:06", "LIVE yahoo"),
        ];
        for (delivery, session, at, now, expected) in cases {
            let quote = extended(quote("NVDA", delivery, "2026-11-23 16:00", at), session, at);
            assert_eq!(words(&quote, now), expected, "{at} {now}");
        }
    }

    #[test]
    fn states_around_a_night() {
        use Delivery::{Polled, Pushed};
        use Overnight::{Auto, Off, On};
        let poll = || Polled(secs(60));
        let (closed, pause) = ("CLOSED Mon 16:00", "CLOSED Mon 16:00 (pause until 21:00)");
        // The newest trade, when it came, now; then the state with nights off, auto and on.
        let (late, night) = ("2026-12-07 19:59", "2026-12-07 23:00");
        let cases = [
            (Pushed, late, late, "2026-12-07 19:59:30", ["LIVE yahoo"; 3]),
            (Pushed, late, late, "2026-12-07 20:00", [closed, closed, pause]),
            (poll(), late, "2026-12-07 20:30", "2026-12-07 20:30:30", [closed, closed, pause]),
            (poll(), late, "2026-12-07 20:59", "2026-12-07 20:59:59", [closed, closed, pause]),
            // For a moment the first trades of the night are waited for.
            (poll(), late, "2026-12-07 20:59", "2026-12-07 21:00", [closed; 3]),
            (Pushed, late, late, "2026-12-07 21:02", [closed, closed, "STALE 1h"]),
            // Just asked, and none yet.
            (poll(), late, "2026-12-07 22:00", "2026-12-07 22:00:30", [closed; 3]),
            (poll(), late, "2026-12-07 22:00", "2026-12-07 22:02", [closed, closed, "STALE 2h"]),
            // The night is on for what trades in it.
            (Pushed, night, night, "2026-12-07 23:14:59", [closed, "LIVE yahoo", "LIVE yahoo"]),
            (Pushed, night, night, "2026-12-07 23:15", [closed, "STALE 15m", "STALE 15m"]),
            (poll(), night, "2026-12-07 23:10", "2026-12-07 23:11", [closed, "POLL 1m yahoo", "POLL 1m yahoo"]),
            (Pushed, night, night, "2026-12-08 02:00", [closed, "STALE 3h", "STALE 3h"]),
            (
                Pushed,
                "2026-12-08 03:59",
                "2026-12-08 03:59",
                "2026-12-08 04:05",
                ["STALE 12h", "LIVE yahoo", "LIVE yahoo"],
            ),
            // A venue that opens in the pause.
            (Pushed, "2026-12-07 20:20", "2026-12-07 20:20", "2026-12-07 20:25", [closed, "LIVE yahoo", "LIVE yahoo"]),
        ];
        for (delivery, at, received, now, expected) in cases {
            let quote = quote("NVDA", delivery.clone(), "2026-12-07 16:00", received);
            for (overnight, expected) in [Off, Auto, On].into_iter().zip(expected) {
                let calendar = Calendar::new(&[], &[], overnight);
                // What is reported of a night that does not count is not used.
                let quote = match calendar.extended_session(ny(at)) {
                    Some(session) => extended(quote.clone(), session, at),
                    None => quote.clone(),
                };
                let shown = state(Some(&quote), None, None, &calendar, ny(now)).0.words(&new_york(), ny(now));
                assert_eq!(shown, expected, "{overnight} {at} {now}");
            }
        }
    }

    #[test]
    fn what_trades_elsewhere_is_not_closed_by_new_york() {
        let poll = || Delivery::Polled(secs(600));
        let shown = |quote: &Quote, now: &str| words(quote, now);
        // Tokyo trades from 19:00 in New York; the source says when it closes.
        let tokyo = quote("7203.T", poll(), "2026-11-23 20:40", "2026-11-23 20:41");
        assert_eq!(shown(&tokyo, "2026-11-23 20:50"), "POLL 10m yahoo");
        assert_eq!(shown(&tokyo, "2026-11-23 21:30"), "STALE 50m");
        let shut =
            |received| Quote { session: Session::Closed, ..quote("7203.T", poll(), "2026-11-24 01:30", received) };
        assert_eq!(shown(&shut("2026-11-24 11:59"), "2026-11-24 12:00"), "CLOSED Tue 01:30");
        assert_eq!(shown(&shut("2026-11-24 03:00"), "2026-11-24 03:01"), "CLOSED Tue 01:30");
        assert_eq!(shown(&shut("2026-11-24 03:00"), "2026-11-24 12:00"), "STALE 10h", "nobody asked since");
        // Currencies trade until Friday, 17:00, and from Sunday on.
        let euro = |traded, received| quote("EURUSD=X", Delivery::Pushed, traded, received);
        assert_eq!(shown(&euro("2026-11-23 22:00", "2026-11-23 22:00"), "2026-11-23 22:05"), "LIVE yahoo");
        assert_eq!(shown(&euro("2026-11-20 16:59", "2026-11-20 16:59"), "2026-11-21 12:00"), "CLOSED Fri 16:59");
        assert_eq!(shown(&euro("2026-11-22 18:00", "2026-11-22 18:00"), "2026-11-22 18:10"), "LIVE yahoo");
        assert_eq!(shown(&euro("2026-11-22 18:00", "2026-11-22 18:00"), "2026-11-22 18:20"), "STALE 20m");
    }

    #[test]
    fn states_of_a_coin() {
        let calendar = Calendar::new(&[], &[], false);
        let tick = quote("BTC-USD", Delivery::Pushed, "2026-11-22 12:00", "2026-11-22 12:00");
        let cases = [
            ("2026-11-22 12:00:14", None, "LIVE coinbase"),
            ("2026-11-22 12:00:15", None, "STALE <1m"),
            ("2026-11-22 12:00:50", Some("2026-11-22 12:00:40"), "LIVE coinbase"), // heartbeats only
            ("2026-11-22 12:01:00", Some("2026-11-22 12:01:00"), "STALE 1m"),
            ("2026-11-22 12:00:20", Some("2026-11-22 11:00:00"), "STALE <1m"),
        ];
        for (now, alive, expected) in cases {
            let (state, _) = state(Some(&tick), alive.map(ny), None, &calendar, ny(now));
            assert_eq!(state.words(&new_york(), ny(now)), expected, "{now}");
        }
    }

    #[test]
    fn what_was_noted_ahead_of_now_is_never_fresh() {
        use Delivery::{Delayed, Polled, Pushed, Stored};
        let ahead = ["2026-11-23 16:00", "2027-01-02 13:00"];
        for (symbol, delivery) in [
            ("BTC-USD", Pushed),
            ("BTC-USD", Polled(secs(20))),
            ("NVDA", Pushed),
            ("NVDA", Polled(secs(30))),
            ("NVDA", Delayed(secs(300))),
        ] {
            for received in ahead {
                for traded in [received, "2026-11-23 13:00"] {
                    let shown = words(&quote(symbol, delivery.clone(), traded, received), "2026-11-23 13:00:05");
                    assert_eq!(shown, "STALE (age unknown)", "{symbol} {delivery:?} {received} {traded}");
                }
            }
            let just = words(
                &quote(symbol, delivery.clone(), "2026-11-23 13:00:06", "2026-11-23 13:00:06"),
                "2026-11-23 13:00:05",
            );
            assert!(!just.starts_with("STALE"), "a moment is no step: {just}");
        }
        // From disk, received in forty days: by when it traded, where that can be.
        let stored = quote("NVDA", Stored, "2026-11-23 11:00", "2027-01-02 13:00");
        assert_eq!(words(&stored, "2026-11-23 13:00"), "CACHED 2h");
        let stored = quote("NVDA", Stored, "2027-01-02 13:00", "2027-01-02 13:00");
        assert_eq!(words(&stored, "2026-11-23 13:00"), "CACHED (age unknown)");
        // Under a block it has no age either, and turns when the clock comes near.
        let ahead = quote("NVDA", Pushed, "2026-11-23 13:09:12", "2026-11-23 13:09:12");
        let (why, until) = ("yahoo 429".into(), ny("2026-11-23 14:00"));
        let block = Outcome::Blocked { why, until };
        let calendar = Calendar::new(&[], &[], false);
        let (shown, turns) = state(Some(&ahead), None, Some(&block), &calendar, ny("2026-11-23 13:00"));
        assert_eq!(shown, State::Blocked { until, why: "yahoo 429".into(), age: None });
        assert_eq!(turns, Some(ny("2026-11-23 13:09:10")));
    }

    #[test]
    fn a_stored_refusal_of_a_clock_that_ran_ahead_lasts_as_long_as_it_was_to() {
        let report = |at: &str, until: &str| SourceReport {
            source: "coingecko".into(),
            capability: Capability::Quote,
            at: ny(at),
            outcome: Outcome::Blocked { why: "coingecko 429".into(), until: ny(until) },
            status: Some(429),
            next: Some(ny(until)),
            asked: Vec::new(),
            lacks: Vec::new(),
        };
        let now = ny("2026-11-23 12:00");
        assert_eq!(
            report("2026-11-23 20:00", "2026-11-23 20:10").set_right(now),
            report("2026-11-23 12:00", "2026-11-23 12:10")
        );
        let earlier = report("2026-11-23 11:55", "2026-11-23 12:05");
        assert_eq!(earlier.clone().set_right(now), earlier);
    }

    #[test]
    fn a_block_is_told_unless_the_price_is_good_all_the_same() {
        let calendar = Calendar::new(&[], &[], false);
        let block = Outcome::Blocked { why: "yahoo 429".into(), until: ny("2026-11-23 14:32") };
        let poll = quote("NVDA", Delivery::Polled(secs(60)), "2026-11-23 14:00", "2026-11-23 14:00");
        let push = quote("NVDA", Delivery::Pushed, "2026-11-23 14:00", "2026-11-23 14:00");
        let last = quote("NVDA", Delivery::Polled(secs(60)), "2026-11-20 16:00", "2026-11-20 17:00");
        let cases = [
            (Some(&poll), "2026-11-23 14:00:30", "BLOCKED until 14:32 · <1m old (yahoo 429)"),
            (Some(&poll), "2026-11-23 14:32", "STALE 32m"),
            (Some(&push), "2026-11-23 14:00:30", "LIVE yahoo"),
            (Some(&push), "2026-11-23 14:02:30", "BLOCKED until 14:32 · 2m old (yahoo 429)"),
            (Some(&last), "2026-11-22 12:00", "CLOSED Fri 16:00"),
            (None, "2026-11-23 14:00:30", "BLOCKED until 14:32 (yahoo 429)"),
            (None, "2026-11-23 14:33", "NO DATA"),
        ];
        for (quote, now, expected) in cases {
            let (state, _) = state(quote, None, Some(&block), &calendar, ny(now));
            assert_eq!(state.words(&new_york(), ny(now)), expected, "{now}");
            assert_eq!(state.is_current(), expected.starts_with("LIVE") || expected.starts_with("CLOSED"), "{now}");
        }
    }

    #[test]
    fn a_time_on_another_day_has_its_day_and_nothing_hides_the_age() {
        let calendar = Calendar::new(&[], &[], false);
        let block = |until: &str| Outcome::Blocked { why: "yahoo 429".into(), until: ny(until) };
        let coin = quote("BTC-USD", Delivery::Polled(secs(20)), "2026-11-29 23:50", "2026-11-29 23:50");
        let forms = |until: &str, now: &str| {
            let (state, changes) = state(Some(&coin), None, Some(&block(until)), &calendar, ny(now));
            (state.forms(&new_york(), ny(now)), changes.unwrap())
        };
        let (shown, changes) = forms("2026-11-30 02:11", "2026-11-29 23:52:35");
        let expected = [
            "BLOCKED until Mon 02:11 · 2m old (yahoo 429)",
            "BLOCKED until Mon 02:11 · 2m old",
            "BLOCKED · 2m old",
            "2m old",
            "2m",
        ];
        assert_eq!(shown, expected);
        assert_eq!(changes, ny("2026-11-29 23:53"), "it gets older while the source is blocked");
        assert_eq!(forms("2026-11-30 02:11", "2026-11-30 00:01").0[1], "BLOCKED until 02:11 · 11m old", "today by now");
        assert_eq!(forms("2026-12-08 02:11", "2026-11-30 00:01").0[1], "BLOCKED until 8 Dec 02:11 · 11m old");
        let zone = new_york();
        let now = ny("2026-11-29 12:00");
        let stale = State::Stale { age: Some(secs(240)) }.forms(&zone, now);
        assert_eq!(stale, ["STALE 4m", "4m old", "4m"]);
        let closed = |at: &str| State::Closed { at: ny(at), resumes: None }.words(&zone, now);
        assert_eq!(closed("2026-11-27 13:00"), "CLOSED Fri 13:00");
        assert_eq!(closed("2026-11-20 16:00"), "CLOSED 20 Nov 16:00", "not last Friday");
        let pause = State::Closed { at: ny("2026-11-29 10:00"), resumes: Some(ny("2026-11-30 01:00")) };
        assert_eq!(pause.forms(&zone, now)[1], "PAUSE until Mon 01:00");
    }

    #[test]
    fn an_old_price_of_extended_hours_may_be_the_close_once_they_are_over() {
        let calendar = Calendar::new(&[], &[], false);
        let push = quote("NVDA", Delivery::Pushed, "2026-11-25 12:30", "2026-11-25 17:00");
        let (state, until) = state(Some(&push), None, None, &calendar, ny("2026-11-25 19:59"));
        assert!(matches!(state, State::Stale { .. }), "{state:?}");
        assert_eq!(until, Some(ny("2026-11-25 20:00")));
    }

    proptest::proptest! {
        /// A screen that looks again when it is due never misses a change.
        #[test]
        fn a_state_reads_the_same_until_it_says(
            crypto: bool, how in 0usize..4, start in 1_795_000_000i64..1_796_500_000, traded in 0i64..200_000,
            age in 0i64..300_000, part in 0.0f64..1.0, mode in 0usize..3, ends: bool,
        ) {
            // Nights from November on.
            let overnight = [Overnight::Off, Overnight::Auto, Overnight::On][mode];
            let end = jiff::civil::time(if ends { 3 } else { 4 }, 0, 0, 0);
            let rule = NightRule { first: jiff::civil::date(2026, 1, 1), end, ..overnight.into() };
            let calendar = Calendar::new(&[], &[], rule);
            let at = |second| Timestamp::from_second(second).unwrap();
            let delivery = [Delivery::Pushed, Delivery::Polled(secs(60)), Delivery::Delayed(secs(900)), Delivery::Stored];
            let mut quote = quote(if crypto { "BTC-USD" } else { "NVDA" }, delivery[how].clone(), "2026-11-23 12:00", "2026-11-23 12:00");
            quote.exchange_time = Some(at(start - traded * traded / 200_000));
            quote.received_time = at(start);
            let now = start + age * age / 300_000;
            let read = |second| state(Some(&quote), None, None, &calendar, at(second));
            let (first, until) = read(now);
            let until = until.unwrap().as_second();
            proptest::prop_assert!(until > now, "{:?} {} {}", first, until, now);
            let between = now + ((until - now - 1) as f64 * part) as i64;
            let zone = TimeZone::UTC;
            proptest::prop_assert_eq!(first.words(&zone, at(now)), read(between).0.words(&zone, at(now)));
        }

        /// At any time of a year: as long as its session has not ended, a fresh trade is never called a close.
        #[test]
        fn nothing_fresh_is_closed(
            start in 1_796_000_000i64..1_828_000_000, age in 0i64..900, mode in 0usize..3, night in 20i8..24, own: bool,
        ) {
            let overnight = [Overnight::Off, Overnight::Auto, Overnight::On][mode];
            let rule = NightRule { start: jiff::civil::time(night, 0, 0, 0), ..overnight.into() };
            let calendar = Calendar::new(&[], &[], rule);
            let at = |second| Timestamp::from_second(second).unwrap();
            let (trade, now) = (at(start), at(start + age));
            let fresh = fresh_for(Kind::Equity, calendar.session(now)).as_secs();
            proptest::prop_assume!(age < fresh && calendar.next_change(trade).at > now);
            // Not one that may still be reported at the end of a session as of it.
            let moment_before = at(start - 90);
            proptest::prop_assume!(calendar.session(trade) != Session::Closed || calendar.next_change(moment_before).at > trade);
            let mut quote = quote("NVDA", Delivery::Pushed, "2026-11-23 16:00", "2026-11-23 16:00");
            quote.received_time = trade;
            match calendar.extended_session(trade) {
                Some(session) if !own => {
                    quote.exchange_time = Some(calendar.last_close(trade));
                    quote.extended = Some(Extended { price: Decimal::TEN, session, exchange_time: Some(trade) });
                }
                _ => quote.exchange_time = Some(trade),
            }
            let (shown, _) = state(Some(&quote), None, None, &calendar, now);
            proptest::prop_assert!(matches!(shown, State::Live { .. }), "{:?} {} {}", shown, trade, now);
        }
    }

    #[test]
    fn prices_have_the_decimals_of_their_size() {
        let sizes = [("97412", 2), ("1", 2), ("0", 2), ("0.5", 4), ("0.0012", 6), ("0.00001234", 8)];
        for (price, expected) in sizes {
            assert_eq!(decimals(price.parse().unwrap()), expected, "{price}");
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
            let number = |text: &str| text.parse::<Decimal>().unwrap();
            let shown = quote(symbol, Delivery::Pushed, "2026-11-23 12:00", "2026-11-23 12:00");
            let shown = Quote { price: number(price), base: base.map(number), ..shown };
            assert_eq!(shown.decimals(), expected, "{symbol} {price}");
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
}
