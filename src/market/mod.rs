//! Prices: one table of sources, a poller, a socket loop.
//!
//! A source has no I/O of its own: it is an entry of [`SOURCES`] that says how to ask and how to read. To add one:
//! a file beside this one, its line in [`SOURCES`], and its recorded answers as tests.
//!
//! | file | what it is |
//! |---|---|
//! | a file for each source | how it is asked and read |
//! | [`chain`] | the sources of a symbol, best first |
//! | `assignment` | which of them is asked for it now |
//! | [`source_health`] | how the sources fare, and which of them carries each symbol's price |
//! | [`poller`], `poll_queue`, `pace` | asking one source: what, in which order, how often |
//! | [`socket`], `link`, `dial` | listening to one source; one open connection; opening it |
//! | `backoff` | how long a refusal or a failure is waited out |
//! | `unpriced` | why a symbol has no price |
//! | `read` | JSON that is sure to be JSON, numbers that are sure to be prices |
//!
//! [`workers`] gives one future for each source and route; they follow the configuration by themselves.

mod alpaca;
mod assignment;
mod backoff;
mod binance;
mod cboe;
pub(crate) mod chain;
mod cnbc;
mod coinbase;
mod coingecko;
mod dial;
mod finnhub;
#[cfg(test)]
mod fixtures;
mod kraken;
mod link;
mod nasdaq;
mod pace;
mod poll_queue;
pub(crate) mod poller;
mod read;
pub(crate) mod socket;
pub(crate) mod source_health;
mod tiingo;
#[cfg(test)]
mod trials;
mod unpriced;
mod yahoo;

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use tokio::sync::{broadcast, mpsc, watch};

use source_health::{HealthTable, SourceHealth};

use crate::config::Config;
use crate::domain::Name;
pub use crate::domain::price::ReadError;
use crate::domain::price::{
    Candle, Capability, Delivery, Extended, Kind, Outcome, Quote, Session, SourceReport, Span, is_listed_in_new_york,
    kind, session_of,
};
use crate::domain::session::{Calendar, Overnight};
use crate::event::{Clock, ClockWatch, Event};
use crate::http::Http;

/// Every price source, by the names that `sources = […]` and `[source.…]` use.
pub static SOURCES: &[Source] = &[
    yahoo::SOURCE,
    cnbc::SOURCE,
    nasdaq::SOURCE,
    cboe::SOURCE,
    coinbase::SOURCE,
    kraken::SOURCE,
    binance::SOURCE,
    coingecko::SOURCE,
    finnhub::SOURCE,
    alpaca::SOURCE,
    alpaca::overnight::SOURCE,
    tiingo::SOURCE,
    tiingo::consolidated::SOURCE,
];

/// The source with a name.
pub fn source(id: &str) -> Option<&'static Source> {
    SOURCES.iter().find(|source| source.id == id)
}

/// A price source: how to ask it and how to read it.
#[derive(Debug)]
pub struct Source {
    /// As the configuration and the screen name it.
    pub id: &'static str,
    /// As a sentence names it.
    pub title: &'static str,
    /// Does its owner document and offer it to programs?
    pub official: bool,
    /// How far behind the market it is by its own rule.
    pub delay: Option<Duration>,
    /// What one may do with it, for the README and `newstape check`.
    pub terms: &'static str,
    /// It answers nobody without an API key.
    pub needs_key: bool,
    /// Without a slash at its end; `[source.<id>]` may override it.
    pub base_url: &'static str,
    /// None for a source without a socket.
    pub socket_url: Option<&'static str>,
    /// Sent where the configuration sets none; None: that of the network settings.
    pub user_agent: Option<&'static str>,
    /// Sent with every request.
    pub headers: &'static [(&'static str, &'static str)],
    /// The headers that carry the key of a source that wants it there.
    pub sign: Option<Sign>,
    /// Time between two requests on the whole, and between two to the same address at least.
    pub spacing: Duration,
    /// How many requests it bears at once, after which the spacing holds.
    pub burst: u32,
    /// After a refusal, by 429 or in an answer, the source is not asked for at least so long.
    pub refusal_wait: Duration,
    /// How long one answer is waited for, where it is known to hang; None: as the poller waits for all.
    pub timeout: Option<Duration>,
    /// The statuses under which it does not know a symbol. Of one that it has priced before they mean something else.
    pub unknown: &'static [u16],
    /// How it spells a symbol; None for one that it does not have.
    pub spell: fn(&str) -> Option<String>,
    /// Prices by asking, when it has them.
    pub poll: Option<Poll>,
    /// History for charts, when it has it.
    pub candles: Option<Candles>,
    /// History of many symbols in one question, when it has that.
    pub closes: Option<Closes>,
    /// Prices by listening, when it pushes them.
    pub socket: Option<SocketSpec>,
}

/// Where to ask, and as whom.
#[derive(Clone, Copy, Debug)]
pub struct Access<'a> {
    /// Without a slash at its end.
    pub base: &'a str,
    /// The user's API key, where the source takes one.
    pub key: Option<&'a str>,
}

/// When an answer is read, and by which calendar.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    /// When the answer arrived.
    pub now: Timestamp,
    /// Decides the session of a price.
    pub calendar: &'a Calendar,
}

/// How prices are asked for.
#[derive(Debug)]
pub struct Poll {
    /// Time between two polls of one symbol in a session; coins are asked for in [`Session::Always`].
    pub every: fn(Session) -> Duration,
    /// The same before and after hours while its socket, which carries those too, lives: a share may not trade for
    /// minutes. None: as without a socket.
    pub beside_socket: Option<Duration>,
    /// How many symbols go into one question.
    pub together: usize,
    /// The addresses to ask for these symbols, as the source spells them; all are needed for an answer.
    pub ask: fn(Access, &[String]) -> Vec<String>,
    /// Reads the bodies of those answers, in their order.
    pub read: ReadPrices,
}

/// Reads the bodies of the answers about some symbols.
pub type ReadPrices = fn(Moment, &[String], &[Vec<u8>]) -> Result<Vec<Tick>, ReadError>;

/// How history is asked for.
#[derive(Debug)]
pub struct Candles {
    /// The question for a symbol, as the source spells it, at a time.
    pub ask: fn(Access, &str, Span, Timestamp) -> BarsAsk,
    /// Reads the body of one answer, in whatever order it has.
    pub read: fn(&[u8]) -> Result<Vec<Candle>, ReadError>,
}

/// How the closes of many symbols are asked for in one question.
#[derive(Debug)]
pub struct Closes {
    /// How many symbols go into one question.
    pub together: usize,
    /// The question for prices brings the closes of the day too.
    pub come_with_prices: bool,
    /// The question for these symbols, as the source spells them.
    pub ask: fn(Access, &[String], Span) -> BarsAsk,
    /// Reads the body of one answer: the closes of each symbol that it has, as bars without a range.
    pub read: ReadCloses,
}

/// Reads the closes of each symbol in an answer, as the source spells it.
pub type ReadCloses = fn(&[u8]) -> Result<Vec<(String, Vec<Candle>)>, ReadError>;

/// The question for the bars of a span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BarsAsk {
    /// The addresses to ask, all of which are needed; empty: the span is not offered.
    pub urls: Vec<String>,
    /// Seconds in a bar.
    pub interval: u32,
    /// What is kept of the answer, back from its last bar.
    pub keep: Option<Duration>,
}

impl BarsAsk {
    /// No question.
    fn none() -> BarsAsk {
        BarsAsk { urls: Vec::new(), interval: 0, keep: None }
    }
}

/// Headers made of a key.
pub type Sign = fn(&str) -> Vec<(&'static str, String)>;

/// How prices are listened to.
#[derive(Debug)]
pub struct SocketSpec {
    /// The address to connect to, when it takes more than the configured one (`base` of [`Access`]).
    pub address: Option<fn(Access) -> String>,
    /// What is said first of all, before any symbol: who asks.
    pub hello: Option<fn(Access) -> Vec<String>>,
    /// Sent with the opening request.
    pub headers: &'static [(&'static str, &'static str)],
    /// What to say to hear of these symbols.
    pub subscribe: fn(&[String]) -> Vec<String>,
    /// What to say to hear of them no more.
    pub unsubscribe: fn(&[String]) -> Vec<String>,
    /// What must be said now and then to be kept on the line.
    pub beat: Option<Beat>,
    /// Reads one message; what it does not know says nothing.
    pub read: fn(Moment, &str) -> Vec<Frame>,
    /// Longest time without any frame on a connection that lives.
    pub quiet: Duration,
    /// A connection is made anew after this, before the source ends it.
    pub renew: Duration,
}

/// What a socket sends by itself.
#[derive(Debug)]
pub struct Beat {
    /// Time between two messages.
    pub every: Duration,
    /// Writes the message, given the subscribed symbols as the source spells them.
    pub say: fn(&[String]) -> String,
}

/// What a source says of one symbol. Numbers are as checked by `read::price`: positive, of sane size.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// As the source spells it.
    pub spelled: String,
    /// The last price.
    pub price: Decimal,
    /// Previous close, or the price 24 hours ago.
    pub base: Option<Decimal>,
    /// None: as the name of the symbol tells.
    pub currency: Option<String>,
    /// None: as the calendar tells.
    pub session: Option<Session>,
    /// When it traded, as the source gives it.
    pub time: Option<Timestamp>,
    /// Counts up with every trade, where times are not fine enough.
    pub order: Option<u64>,
    /// The price outside the regular session, where the source gives one.
    pub extended: Option<Extended>,
}

/// One thing that a socket says.
#[derive(Clone, Debug, PartialEq)]
pub enum Frame {
    /// A price.
    Tick(Tick),
    /// It speaks of a symbol, but what stands in the place of the price is none.
    NoPrice {
        /// The symbol as the source spells it.
        spelled: String,
    },
    /// It lives.
    Beat,
    /// It does not give what was asked for; the symbol when it names one.
    Refused {
        /// The symbol as the source spells it; None: all that was asked for.
        spelled: Option<String>,
        /// In its own words.
        said: String,
    },
    /// It is about to close: better leave now.
    Leave,
}

/// Nobody listens to the price workers any more: the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nobody listens any more")]
pub struct Closed;

impl<T> From<mpsc::error::SendError<T>> for Closed {
    fn from(_: mpsc::error::SendError<T>) -> Closed {
        Closed
    }
}

impl From<watch::error::RecvError> for Closed {
    fn from(_: watch::error::RecvError) -> Closed {
        Closed
    }
}

/// What the shell asks of the price workers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Ask now, as far as each source's pace allows.
    Refresh,
    /// All symbols are compared over a span: their history is wanted.
    Compare(Span),
}

/// The chart on screen: its symbol and span; None without one.
pub type Shown = Option<(Name, Span)>;

/// Evenly in `0.0..1.0`.
pub type Random = Arc<dyn Fn() -> f64 + Send + Sync>;

/// What the price workers need of the world.
pub struct Deps {
    /// The client that requests are made with.
    pub http: Http,
    /// The time, injected.
    pub clock: Clock,
    /// The current configuration; workers follow its changes.
    pub config: watch::Receiver<Arc<Config>>,
    /// Where quotes, candles and reports go.
    pub events: mpsc::Sender<Event>,
    /// What the shell asks for.
    pub orders: broadcast::Receiver<Order>,
    /// The chart on screen, whose candles go before all else.
    pub shown: watch::Receiver<Shown>,
    /// Is history wanted of symbols that are not on screen?
    pub wants_history: bool,
    /// What is stored of refusals that may still last.
    pub reports: Vec<SourceReport>,
    /// Chance, for spreading requests out.
    pub random: Random,
}

impl std::fmt::Debug for Deps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Deps").field("reports", &self.reports).finish_non_exhaustive()
    }
}

/// A worker's context: what it shares with the others, from one source's side.
struct WorkerContext {
    source: &'static Source,
    clock: Clock,
    clock_watch: ClockWatch,
    random: Random,
    config: watch::Receiver<Arc<Config>>,
    health_table: watch::Receiver<HealthTable>,
    health: SourceHealth,
    orders: broadcast::Receiver<Order>,
    shown: watch::Receiver<Shown>,
    wants_history: bool,
    events: mpsc::Sender<Event>,
    calendar: MarketHours,
}

/// The calendar, with what a source has sent in nights: with `overnight = "auto"` a symbol is only probed at night until
/// it trades.
#[derive(Debug)]
struct MarketHours {
    calendar: Calendar,
    /// The newest trade of each symbol in a night.
    night_trades: Mutex<HashMap<Name, Timestamp>>,
}

impl MarketHours {
    fn new(calendar: Calendar) -> MarketHours {
        MarketHours { calendar, night_trades: Mutex::default() }
    }

    fn note(&self, quote: &Quote) {
        if let (Session::Overnight, Some(at)) = (session_of(quote, self, quote.received_time), quote.last_trade()) {
            self.night_trades.lock().unwrap_or_else(PoisonError::into_inner).insert(quote.symbol.clone(), at);
        }
    }

    /// Is this a night in which it is not known yet whether a symbol trades?
    fn is_unsure(&self, symbol: &Name, now: Timestamp) -> bool {
        let is_known = |night: crate::domain::session::Night| {
            let trades = self.night_trades.lock().unwrap_or_else(PoisonError::into_inner);
            trades.get(symbol).is_some_and(|at| night.takes(*at))
        };
        self.overnight() == Overnight::Auto
            && self.session(now) == Session::Overnight
            && !self.night_of(now).is_some_and(is_known)
    }
}

impl Deref for MarketHours {
    type Target = Calendar;

    fn deref(&self) -> &Calendar {
        &self.calendar
    }
}

impl WorkerContext {
    fn new(source: &'static Source, deps: &Deps, health: SourceHealth) -> WorkerContext {
        let config = deps.config.clone();
        let calendar = MarketHours::new(calendar(&config.borrow()));
        WorkerContext {
            source,
            clock: deps.clock.clone(),
            clock_watch: ClockWatch::new((deps.clock)()),
            random: deps.random.clone(),
            config,
            health_table: health.watch(),
            health,
            orders: deps.orders.resubscribe(),
            shown: deps.shown.clone(),
            wants_history: deps.wants_history,
            events: deps.events.clone(),
            calendar,
        }
    }

    fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// How far the clock was set back since this was last asked. What the workers share is moved along.
    fn set_back(&mut self) -> Option<SignedDuration> {
        let now = self.now();
        self.health.keep_time(now);
        self.clock_watch.set_back(now)
    }

    /// The new configuration, seen.
    fn reconfigure(&mut self) -> Arc<Config> {
        let config = self.config.borrow_and_update().clone();
        self.calendar.calendar = calendar(&config);
        config
    }

    fn route(&self, by: Capability) -> chain::Route {
        (self.source.id.into(), by)
    }

    /// The symbols whose prices are wanted of the source by a route.
    fn wanted(&self, by: Capability) -> Vec<chain::Wanted> {
        assignment::prices(self.source, by, &self.config.borrow(), &self.health_table.borrow(), self.now())
    }

    /// The session that a symbol trades in now.
    fn session_of(&self, symbol: &Name, now: Timestamp) -> Session {
        match kind(symbol) {
            Kind::Crypto => Session::Always,
            Kind::Equity => self.calendar.session(now),
        }
    }

    /// How often the price of a symbol is asked for now.
    fn poll_interval(&self, symbol: &Name, now: Timestamp) -> Duration {
        let Some(poll) = &self.source.poll else { return UNPOLLED };
        let session = self.session_of(symbol, now);
        let out_of_hours = matches!(session, Session::Pre | Session::Post | Session::Overnight);
        let socket = self.route(Capability::Socket);
        let is_heard = || self.health_table.borrow().trust_source(&socket, now) == source_health::Trust::Settled;
        match poll.beside_socket {
            Some(interval) if out_of_hours && is_heard() => interval,
            _ => (poll.every)(session),
        }
    }

    /// The prices of these symbols come too late from this source's answers: those that no other has are asked for
    /// elsewhere.
    fn late_for<'a>(&self, symbols: impl IntoIterator<Item = &'a Name>, now: Timestamp) {
        let health_table = self.health_table.borrow();
        let unpriced: Vec<Name> =
            symbols.into_iter().filter(|symbol| !health_table.is_priced(symbol, now)).cloned().collect();
        drop(health_table);
        if !unpriced.is_empty() {
            self.health.late_for(&unpriced, &self.route(Capability::Quote), now);
        }
    }

    /// A tick as a quote, when it is to be shown: none better is.
    fn quote(&self, tick: Tick, symbol: &Name, delivery: Delivery, by: Capability) -> (Quote, bool) {
        let moment = Moment { now: self.now(), calendar: &self.calendar };
        let mut quote = tick.quote(self.source, symbol, delivery, moment);
        self.calendar.note(&quote);
        let is_shown = self.health.offer(&mut quote, by, &self.config.borrow(), &self.calendar);
        (quote, is_shown)
    }

    /// How the source fares by a route, for the screen.
    fn report(
        &self,
        capability: Capability,
        outcome: Outcome,
        status: Option<u16>,
        next: Option<Timestamp>,
    ) -> SourceReport {
        SourceReport {
            source: self.source.id.into(),
            capability,
            at: self.now(),
            outcome,
            status,
            next,
            asked: Vec::new(),
            lacks: Vec::new(),
        }
    }
}

/// A worker with the name of its task.
pub type Worker = (String, BoxFuture<'static, anyhow::Result<()>>);

/// One worker for each source and route. They end when their channels close, idle while the configuration
/// wants nothing of their source, and follow its changes by themselves.
pub fn workers(mut deps: Deps) -> Vec<Worker> {
    let health = source_health::SourceHealth::default();
    let now = (deps.clock)();
    let reports = std::mem::take(&mut deps.reports);
    deps.reports = reports.into_iter().map(|report| report.set_right(now)).collect();
    for report in &deps.reports {
        health.tell(report);
    }
    let mut workers: Vec<Worker> = Vec::new();
    for source in SOURCES {
        if source.poll.is_some() || source.candles.is_some() {
            let worker = poller::Poller::new(source, &deps, health.clone(), deps.http.clone());
            workers.push((format!("prices of {}", source.title), worker.run().boxed()));
        }
        if let Some(spec) = &source.socket {
            let line = socket::SocketWorker::new(source, spec, &deps, health.clone(), dial::Network);
            workers.push((format!("price socket of {}", source.title), line.run().boxed()));
        }
    }
    workers.push(("prices that are missing".into(), unpriced::run(&deps, health).boxed()));
    workers
}

/// What counts as an interval where a source is not polled.
const UNPOLLED: Duration = Duration::from_mins(1);

/// A source's clock may be ahead of ours by so much; what is further in the future is no time.
const CLOCKS_APART: SignedDuration = SignedDuration::from_mins(5);

impl Tick {
    /// The quote that a tick makes.
    fn quote(self, source: &Source, symbol: &Name, delivery: Delivery, moment: Moment) -> Quote {
        let found = |time: Timestamp| time.duration_since(moment.now) <= CLOCKS_APART;
        let exchange_time = self.time.filter(|time| found(*time));
        // Of a night no source says anything that is known to be right: what it calls so is one by the clock, or none.
        let is_sane =
            |extended: &Extended| extended.exchange_time.is_none_or(found) && is_plausible(extended.price, self.price);
        let extended = self.extended.filter(is_sane);
        let extended =
            extended.filter(|extended| extended.session != Session::Overnight || is_listed_in_new_york(symbol));
        let quote = Quote {
            symbol: symbol.clone(),
            price: self.price,
            currency: self.currency.map_or_else(|| currency(symbol), Name::from),
            base: self.base.filter(|base| is_plausible(self.price, *base)),
            source: source.id.into(),
            session: Session::Closed,
            exchange_time,
            received_time: moment.now,
            delivery,
            extended,
        };
        Quote { session: session(self.session, &quote, moment), ..quote }
    }
}

/// The session of a quote: that of now, not of the trade, since a close of Friday is shown in the session of
/// Saturday. Sources don't know of night sessions: there the clock decides, and whether the symbol trades.
fn session(found: Option<Session>, quote: &Quote, moment: Moment) -> Session {
    let clock = moment.calendar.session(moment.now);
    let counts = session_of(quote, moment.calendar, moment.now);
    match found {
        _ if kind(&quote.symbol) == Kind::Crypto => Session::Always,
        Some(found) if !is_listed_in_new_york(&quote.symbol) => found,
        _ if clock == Session::Overnight || counts == Session::Overnight => counts,
        found => found.unwrap_or(clock),
    }
}

/// Can a price have come from another within a day? A hundredfold and a hundredth have not been seen in one; a "previous
/// close" in cents, of before a split or of another share has.
fn is_plausible(price: Decimal, base: Decimal) -> bool {
    let within =
        |large: Decimal, small: Decimal| small.checked_mul(Decimal::ONE_HUNDRED).is_none_or(|most| large <= most);
    within(price, base) && within(base, price)
}

/// The currency that the name of a symbol tells.
fn currency(symbol: &Name) -> Name {
    match (kind(symbol), symbol.rsplit_once('-')) {
        (Kind::Crypto, Some((_, currency))) => currency.into(),
        _ => "USD".into(),
    }
}

impl Source {
    /// Is it to be used at all?
    pub fn is_enabled(&self, config: &Config) -> bool {
        let enabled = config.sources.get(self.id).and_then(|settings| settings.enabled);
        enabled.unwrap_or(true) && (self.key(config).is_some() || !self.needs_key)
    }

    /// The address under which it is asked, without a slash at its end.
    pub fn base_url<'a>(&'a self, config: &'a Config) -> &'a str {
        let set = config.sources.get(self.id).and_then(|settings| settings.base_url.as_deref());
        set.unwrap_or(self.base_url).trim_end_matches('/')
    }

    /// The address of its socket.
    pub fn socket_url<'a>(&'a self, config: &'a Config) -> Option<&'a str> {
        let set = config.sources.get(self.id).and_then(|settings| settings.socket_url.as_deref());
        set.or(self.socket_url)
    }

    fn access<'a>(&'a self, config: &'a Config) -> Access<'a> {
        Access { base: self.base_url(config), key: self.key(config) }
    }

    /// Its key; that of `alpaca` serves `alpaca-overnight` too.
    pub fn key<'a>(&self, config: &'a Config) -> Option<&'a str> {
        let key = |id: &str| config.sources.get(id).and_then(|settings| settings.key.as_deref());
        key(self.id).or_else(|| key(self.id.split_once('-')?.0))
    }

    fn user_agent(&self, config: &Config) -> Option<String> {
        let set = config.sources.get(self.id).and_then(|settings| settings.user_agent.clone());
        set.or_else(|| self.user_agent.map(String::from))
    }
}

/// The calendar that a configuration describes.
pub fn calendar(config: &Config) -> Calendar {
    let market = &config.market;
    Calendar::new(&market.extra_closures, &market.extra_early_closes, market.nights)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod tests {
    use super::*;
    use crate::config::{MarketSettings, Network, StoreSettings};
    use crate::domain::price::{SourceSettings, Symbol};
    use crate::domain::session::new_york;

    /// A configuration with these symbols and their chains.
    pub(crate) fn config(symbols: &[(&str, &[&str])]) -> Config {
        let symbol = |(name, sources): &(&str, &[&str])| Symbol {
            name: (*name).into(),
            list: None,
            benchmark: None,
            sources: sources.iter().map(|id| Name::from(*id)).collect(),
        };
        Config {
            symbols: symbols.iter().map(symbol).collect(),
            network: Network {
                user_agent: "newstape".into(),
                timeout: Duration::from_secs(30),
                max_body: 8 << 20,
                domain_spacing: Duration::ZERO,
                feed_floor: Duration::ZERO,
                allow_private: Vec::new(),
            },
            store: StoreSettings { keep: Duration::from_hours(24) },
            market: MarketSettings { time_zone: new_york(), ..MarketSettings::default() },
            ..Config::default()
        }
    }

    /// The other ends of its channels.
    pub(crate) struct Shell {
        pub(crate) config: watch::Sender<Arc<Config>>,
        pub(crate) events: mpsc::Receiver<Event>,
        pub(crate) orders: broadcast::Sender<Order>,
        pub(crate) shown: watch::Sender<Shown>,
    }

    impl Shell {
        /// The next event, which must come within an hour of the test's own time.
        pub(crate) async fn next(&mut self) -> Event {
            tokio::time::timeout(Duration::from_hours(1), self.events.recv()).await.unwrap().unwrap()
        }

        /// The next report.
        pub(crate) async fn report(&mut self) -> SourceReport {
            loop {
                if let Event::Source(report) = self.next().await {
                    return report;
                }
            }
        }

        /// The next quote.
        pub(crate) async fn quote(&mut self) -> Quote {
            loop {
                if let Event::Quote(quote) = self.next().await {
                    return quote;
                }
            }
        }
    }

    /// Dependencies whose clock begins at a New York time and runs with tokio's, paused or not.
    pub(crate) fn deps(config: Config, start: &str, room: usize) -> (Deps, Shell) {
        let civil: jiff::civil::DateTime = start.parse().unwrap();
        let start = civil.to_zoned_datetime(new_york()).unwrap().timestamp();
        let began = tokio::time::Instant::now();
        let clock: Clock = Arc::new(move || start + SignedDuration::try_from(began.elapsed()).unwrap());
        let (events, received) = mpsc::channel(room);
        let orders = broadcast::Sender::new(16);
        let http = Http::new(&config.network).unwrap();
        let (sender, config) = watch::channel(Arc::new(config));
        let random: Random = Arc::new(|| 0.5);
        let (showing, shown) = watch::channel(None);
        let orders_seen = orders.subscribe();
        let reports = Vec::new();
        let deps =
            Deps { http, clock, config, events, orders: orders_seen, shown, wants_history: true, reports, random };
        (deps, Shell { config: sender, events: received, orders, shown: showing })
    }

    /// Runs a worker beside a script, until the script ends.
    pub(crate) async fn beside<T>(
        worker: impl Future<Output = anyhow::Result<()>>,
        script: impl Future<Output = T>,
    ) -> T {
        tokio::select! {
            ended = worker => panic!("the worker ended: {ended:?}"),
            done = script => done,
        }
    }

    #[test]
    fn the_session_of_a_quote_in_a_night() {
        use Session::{Closed, Overnight as Night, Post, Regular};
        let at = |text: &str| {
            let civil: jiff::civil::DateTime = text.parse().unwrap();
            civil.to_zoned_datetime(new_york()).unwrap().timestamp()
        };
        let night = Some("2026-12-07 22:59");
        // The symbol, what its source says, a trade of the night; with nights off, auto and on.
        let cases = [
            ("NVDA", Some(Closed), None, [Closed, Closed, Night]),
            ("NVDA", None, None, [Closed, Closed, Night]),
            ("NVDA", Some(Closed), night, [Closed, Night, Night]),
            ("NVDA", Some(Post), night, [Post, Night, Night]),
            ("7203.T", Some(Regular), None, [Regular; 3]),
            ("7203.T", Some(Closed), None, [Closed; 3]),
        ];
        for (symbol, found, trade, expected) in cases {
            for (overnight, expected) in [Overnight::Off, Overnight::Auto, Overnight::On].into_iter().zip(expected) {
                let calendar = Calendar::new(&[], &[], overnight);
                let moment = Moment { now: at("2026-12-07 23:00"), calendar: &calendar };
                let extended = trade.and_then(|trade| {
                    let session = calendar.extended_session(at(trade))?;
                    Some(Extended { price: Decimal::TEN, session, exchange_time: Some(at(trade)) })
                });
                let (price, time) = (Decimal::TEN, Some(at("2026-12-07 16:00")));
                let (spelled, session) = (symbol.to_string(), found);
                let tick = Tick { spelled, price, base: None, currency: None, session, time, order: None, extended };
                let quote = tick.quote(&SOURCES[0], &symbol.into(), Delivery::Pushed, moment);
                assert_eq!(quote.session, expected, "{symbol} {found:?} {trade:?} {overnight}");
            }
        }
    }

    #[test]
    fn a_key_serves_the_other_feeds_of_its_source() {
        let mut config = config(&[]);
        assert!(!source("alpaca-overnight").unwrap().is_enabled(&config));
        let settings = SourceSettings { key: Some("id:secret".into()), ..SourceSettings::default() };
        config.sources.insert("alpaca".into(), settings);
        for (id, key) in [("alpaca", Some("id:secret")), ("alpaca-overnight", Some("id:secret")), ("tiingo", None)] {
            let source = source(id).unwrap();
            assert_eq!((source.key(&config), source.is_enabled(&config)), (key, key.is_some()), "{id}");
        }
    }

    #[test]
    fn ids_are_unique_and_entries_whole() {
        for (index, source) in SOURCES.iter().enumerate() {
            assert!(SOURCES.iter().skip(index + 1).all(|other| other.id != source.id), "{}", source.id);
            assert_eq!(source.socket.is_some(), source.socket_url.is_some(), "{}", source.id);
            assert!(!source.base_url.ends_with('/'), "{}", source.id);
            assert!(!source.terms.is_empty() && source.user_agent != Some(""), "{}", source.id);
        }
    }
}
