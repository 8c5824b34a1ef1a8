//! How the sources fare, and which of them carries the price of each symbol: shared between the workers.
//!
//! A route that fell is trusted again only after it has done well for a minute; meanwhile the worse route goes on.
//! What is said of one symbol (unknown, without a price, incomplete, late) leaves the others alone.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use tokio::sync::watch;

use super::backoff::{later, signed};
use super::chain::{self, Route};
use crate::config::Config;
use crate::domain::Name;
use crate::domain::price::{
    Capability, Delivery, Kind, Outcome, Quote, Refusal, Session, SourceReport, Symbol, Unpriced, fresh_for, kind,
};
use crate::domain::session::Calendar;
use crate::event::{ClockWatch, move_back};

/// A source that failed is moved back to after it has done well for so long.
pub(super) const SETTLES: SignedDuration = SignedDuration::from_secs(60);
/// A delayed price keeps its place before those of worse sources for so long.
const DELAYED_STANDS: SignedDuration = SignedDuration::from_mins(5);
/// A coin's price of 24 hours ago moves on: it is remembered for so long.
const BASE_OF_COIN: SignedDuration = SignedDuration::from_mins(10);

/// How far a route is to be trusted, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Trust {
    /// It does well, or has not been tried.
    Settled,
    /// It does well again, but not for long; or its block is over and it has not been asked yet.
    Recovering,
    Down,
}

/// Why a route brings no price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The source refuses every question until the time noted with it.
    Blocked(Refusal),
    /// It failed when last asked, and is tried again.
    Failed,
    /// It does not know the symbol, or has no price of it.
    NoPrice,
}

/// How long a route counts as down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Downtime {
    Until(Timestamp),
    /// Until it does well.
    UntilWell,
}

impl Downtime {
    fn lasts(self, now: Timestamp) -> bool {
        match self {
            Downtime::Until(at) => at > now,
            Downtime::UntilWell => true,
        }
    }
}

/// The last report on a route.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Availability {
    Down(Downtime, Cause),
    /// It has not answered in time: the next source is asked meanwhile. As good as ever once it answers.
    Late,
    /// Since then, when it was down before.
    Well(Option<Timestamp>),
}

impl Availability {
    fn trust(&self, now: Timestamp) -> Trust {
        match self {
            Availability::Down(time, _) if time.lasts(now) => Trust::Down,
            Availability::Down(..) => Trust::Recovering,
            Availability::Late => Trust::Down,
            Availability::Well(Some(since)) if now < later(*since, SETTLES) => Trust::Recovering,
            Availability::Well(_) => Trust::Settled,
        }
    }

    /// The time that it goes by.
    fn time(&mut self) -> Option<&mut Timestamp> {
        match self {
            Availability::Down(Downtime::Until(at), _) | Availability::Well(Some(at)) => Some(at),
            Availability::Down(Downtime::UntilWell, _) | Availability::Late | Availability::Well(None) => None,
        }
    }

    fn then(old: Option<&Availability>, mark: Mark, now: Timestamp) -> Availability {
        match (mark, old) {
            (Mark::Down(time, cause), _) => Availability::Down(time, cause),
            (Mark::Late, Some(down @ Availability::Down(..))) => down.clone(),
            (Mark::Late, _) => Availability::Late,
            (Mark::Well, Some(Availability::Down(..))) => Availability::Well(Some(now)),
            (Mark::Well, Some(Availability::Late) | None) => Availability::Well(None),
            (Mark::Well, Some(well)) => well.clone(),
        }
    }
}

/// A new report on a route.
#[derive(Clone, Debug)]
enum Mark {
    Down(Downtime, Cause),
    Late,
    Well,
}

/// What may still come of a route to a price.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Prospect {
    MayAnswer,
    Blocked(Refusal, Timestamp),
    Failed,
    NoPrice,
}

/// Whose price of a symbol is shown.
#[derive(Clone, Debug)]
struct Carrier {
    route: Route,
    /// Its price stands until then.
    until: Timestamp,
    whole: bool,
}

/// What a source's change of a symbol is measured from, and of which New York day that is.
#[derive(Clone, Copy, Debug)]
struct Base {
    price: Decimal,
    date: Date,
    at: Timestamp,
}

/// All that the workers know of each other.
#[derive(Clone, Debug, Default)]
pub(crate) struct HealthTable {
    sources: BTreeMap<Route, Availability>,
    symbols: BTreeMap<(Name, Route), Availability>,
    carriers: BTreeMap<Name, Carrier>,
    bases: BTreeMap<Route, BTreeMap<Name, Base>>,
}

impl HealthTable {
    /// How far a route is to be trusted where a symbol is concerned.
    pub(crate) fn trust(&self, symbol: &Name, route: &Route, now: Timestamp) -> Trust {
        let own = self.symbols.get(&(symbol.clone(), route.clone()));
        own.map_or(Trust::Settled, |standing| standing.trust(now)).max(self.trust_source(route, now))
    }

    /// How far a route is to be trusted on the whole.
    pub(crate) fn trust_source(&self, route: &Route, now: Timestamp) -> Trust {
        self.sources.get(route).map_or(Trust::Settled, |standing| standing.trust(now))
    }

    /// Since when a route that was down has done well again.
    pub(crate) fn well_again(&self, route: &Route) -> Option<Timestamp> {
        match self.sources.get(route) {
            Some(Availability::Well(since)) => *since,
            _ => None,
        }
    }

    /// Does a source bring a price of a symbol that still stands?
    pub(crate) fn is_priced(&self, symbol: &Name, now: Timestamp) -> bool {
        self.carriers.get(symbol).is_some_and(|carrier| carrier.until > now)
    }

    /// Why no source has brought a price of a symbol yet; None when one has.
    pub(crate) fn unpriced(&self, symbol: &Symbol, config: &Config, now: Timestamp) -> Option<Unpriced> {
        if self.carriers.contains_key(&symbol.name) {
            return None;
        }
        let routes: Vec<Route> = chain::routes(symbol, config).map(|(source, by)| (source.id.into(), by)).collect();
        let prospects: Vec<Prospect> = routes.iter().map(|route| self.prospect(&symbol.name, route, now)).collect();
        let first = |wanted: Prospect| {
            let at = prospects.iter().position(|prospect| *prospect == wanted)?;
            Some(routes[at].0.clone())
        };
        let blocks = prospects.iter().filter_map(|prospect| match prospect {
            Prospect::Blocked(refusal, until) => Some((*until, refusal.clone())),
            _ => None,
        });
        Some(if let Some(source) = first(Prospect::MayAnswer) {
            Unpriced::Waiting { source }
        } else if let Some((until, refusal)) = blocks.min() {
            Unpriced::Blocked { refusal, until }
        } else if let Some(source) = first(Prospect::Failed) {
            Unpriced::Failing { source }
        } else {
            Unpriced::Unknown
        })
    }

    /// May a route still bring a price of a symbol, as far as is known?
    pub(crate) fn may_answer(&self, symbol: &Name, route: &Route, now: Timestamp) -> bool {
        self.prospect(symbol, route, now) == Prospect::MayAnswer
    }

    fn prospect(&self, symbol: &Name, route: &Route, now: Timestamp) -> Prospect {
        let own = self.symbols.get(&(symbol.clone(), route.clone()));
        let health_table = [self.sources.get(route), own];
        let mut prospects = health_table.into_iter().flatten().map(|standing| match standing {
            Availability::Down(Downtime::Until(until), Cause::Blocked(refusal)) if *until > now => {
                Prospect::Blocked(refusal.clone(), *until)
            }
            Availability::Down(time, Cause::Failed) if time.lasts(now) => Prospect::Failed,
            Availability::Down(time, Cause::NoPrice) if time.lasts(now) => Prospect::NoPrice,
            // A socket speaks when something trades: its silence is no answer that is still to come.
            Availability::Late if route.1 == Capability::Socket => Prospect::NoPrice,
            Availability::Down(..) | Availability::Late | Availability::Well(_) => Prospect::MayAnswer,
        });
        prospects.find(|prospect| *prospect != Prospect::MayAnswer).unwrap_or(Prospect::MayAnswer)
    }

    fn mark_source(&mut self, route: Route, mark: Mark, now: Timestamp) -> bool {
        let old = self.sources.get(&route);
        let new = Availability::then(old, mark, now);
        let is_news = old.map(std::mem::discriminant) != Some(std::mem::discriminant(&new));
        self.sources.insert(route, new);
        is_news
    }

    fn mark_symbol(&mut self, symbol: Name, route: Route, mark: Mark, now: Timestamp) -> bool {
        let place = (symbol, route);
        let old = self.symbols.get(&place);
        if old.is_none() && matches!(mark, Mark::Well) {
            return false;
        }
        let new = Availability::then(old, mark, now);
        let is_news = old.map(std::mem::discriminant) != Some(std::mem::discriminant(&new));
        self.symbols.insert(place, new);
        is_news
    }

    /// The clock was set back.
    fn set_back(&mut self, by: SignedDuration) {
        let health_table = self.sources.values_mut().chain(self.symbols.values_mut());
        move_back(health_table.filter_map(Availability::time), by);
        move_back(self.carriers.values_mut().map(|carrier| &mut carrier.until), by);
        move_back(self.bases.values_mut().flat_map(BTreeMap::values_mut).map(|base| &mut base.at), by);
    }

    /// Gives a quote without a base the one that the same source gave for the same day, in another answer.
    fn complete(&mut self, quote: &mut Quote, calendar: &Calendar) {
        let now = quote.received_time;
        let date = calendar.date(quote.time());
        let bases = self.bases.entry((quote.source.clone(), Capability::Quote)).or_default();
        match quote.base {
            Some(price) if is_measured(quote) => {
                bases.insert(quote.symbol.clone(), Base { price, date, at: now });
            }
            Some(_) => {}
            None => {
                let holds = |base: &&Base| match kind(&quote.symbol) {
                    Kind::Equity => base.date == date && is_measured(quote),
                    Kind::Crypto => now < later(base.at, BASE_OF_COIN),
                };
                quote.base = bases.get(&quote.symbol).filter(holds).map(|base| base.price);
            }
        }
    }

    /// Is this quote to be shown in place of the one that is?
    fn takes(&self, quote: &Quote, route: &Route, whole: bool, config: &Config) -> bool {
        let now = quote.received_time;
        let Some(carrier) = self.carriers.get(&quote.symbol) else { return true };
        let rank = |route: &Route| chain::rank(&quote.symbol, route, config);
        let (Some(new), Some(held)) = (rank(route), rank(&carrier.route)) else { return true };
        if carrier.until <= now || (whole && !carrier.whole) {
            return true;
        }
        if carrier.whole && !whole {
            return false;
        }
        let is_down = self.trust(&quote.symbol, &carrier.route, now) == Trust::Down;
        new == held
            || is_down
            || (new < held && (route.0 == carrier.route.0 || self.trust(&quote.symbol, route, now) == Trust::Settled))
    }
}

/// Does its change belong to the day of its price? Before the bell that is the day before, if the price has its time.
fn is_measured(quote: &Quote) -> bool {
    matches!(quote.session, Session::Regular | Session::Post | Session::Always) || quote.exchange_time.is_some()
}

/// Has it what its source should tell? Before the bell an equity's change is of the day before, and may be missing.
fn is_whole(quote: &Quote, calendar: &Calendar) -> bool {
    let in_session = matches!(calendar.session(quote.received_time), Session::Regular | Session::Post);
    quote.base.is_some() || (kind(&quote.symbol) == Kind::Equity && !in_session)
}

fn stands_until(quote: &Quote, calendar: &Calendar) -> Timestamp {
    let by = match quote.delivery {
        Delivery::Polled(every) => signed(every.saturating_mul(2) + Duration::from_secs(5)),
        Delivery::Delayed(_) => DELAYED_STANDS,
        _ => fresh_for(kind(&quote.symbol), calendar.session(quote.received_time)),
    };
    later(quote.received_time, by)
}

/// How the sources fare, shared between their workers.
#[derive(Clone, Debug)]
pub(crate) struct SourceHealth {
    health_table: Arc<watch::Sender<HealthTable>>,
    /// None: nobody has looked at the clock yet.
    clock: Arc<Mutex<Option<ClockWatch>>>,
}

impl Default for SourceHealth {
    fn default() -> SourceHealth {
        SourceHealth { health_table: Arc::new(watch::Sender::new(HealthTable::default())), clock: Arc::default() }
    }
}

impl SourceHealth {
    /// Looks at the clock; one that was set back takes along what is believed of the sources.
    pub(super) fn keep_time(&self, now: Timestamp) {
        let mut clock = self.clock.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(by) = clock.get_or_insert_with(|| ClockWatch::new(now)).set_back(now) {
            self.health_table.send_modify(|health_table| health_table.set_back(by));
        }
    }

    /// Notes an outcome; wakes the workers only when a source does well that did not, or the reverse.
    pub(crate) fn tell(&self, report: &SourceReport) {
        let route = (report.source.clone(), report.capability);
        let mark = match &report.outcome {
            Outcome::Well => Mark::Well,
            Outcome::Blocked { until, refusal } => Mark::Down(Downtime::Until(*until), Cause::Blocked(refusal.clone())),
            Outcome::Failed(_) => Mark::Down(Downtime::UntilWell, Cause::Failed),
        };
        self.health_table.send_if_modified(|health_table| health_table.mark_source(route, mark, report.at));
    }

    /// A route is late with its answer: the next is asked, and this one goes on being waited for.
    pub(crate) fn late(&self, route: Route, now: Timestamp) {
        self.health_table.send_if_modified(|health_table| health_table.mark_source(route, Mark::Late, now));
    }

    /// A route can't bring the prices of these symbols in time: the next is asked for those that have none.
    pub(crate) fn late_for<'a>(&self, symbols: impl IntoIterator<Item = &'a Name>, route: &Route, now: Timestamp) {
        self.health_table.send_if_modified(|health_table| {
            let mark = |symbol: &Name| health_table.mark_symbol(symbol.clone(), route.clone(), Mark::Late, now);
            symbols.into_iter().map(mark).fold(false, |any, is_news| any | is_news)
        });
    }

    /// A route has no price of one symbol: until it brings one, at the latest until the time.
    pub(crate) fn lacks(&self, symbol: &Name, route: Route, time: Downtime, now: Timestamp) {
        let mark = Mark::Down(time, Cause::NoPrice);
        self.health_table.send_if_modified(|health_table| health_table.mark_symbol(symbol.clone(), route, mark, now));
    }

    /// A route brought a price: completed from the source's own numbers. False when a better one is shown.
    pub(crate) fn offer(&self, quote: &mut Quote, by: Capability, config: &Config, calendar: &Calendar) -> bool {
        let route = (quote.source.clone(), by);
        let now = quote.received_time;
        let mut is_taken = false;
        self.health_table.send_if_modified(|health_table| {
            health_table.complete(quote, calendar);
            let whole = is_whole(quote, calendar);
            let mark = if whole { Mark::Well } else { Mark::Down(Downtime::UntilWell, Cause::NoPrice) };
            let changed = health_table.mark_symbol(quote.symbol.clone(), route.clone(), mark, now);
            is_taken = health_table.takes(quote, &route, whole, config);
            if !is_taken {
                return changed;
            }
            let carrier = Carrier { route: route.clone(), until: stands_until(quote, calendar), whole };
            let before = health_table.carriers.insert(quote.symbol.clone(), carrier).map(|carrier| carrier.route);
            log_move(&quote.symbol, before.as_ref(), &route);
            changed || before.as_ref() != Some(&route)
        });
        is_taken
    }

    /// Wakes when a source does well that did not, or the reverse, and when a symbol's price comes by another route.
    pub(crate) fn watch(&self) -> watch::Receiver<HealthTable> {
        self.health_table.subscribe()
    }
}

fn log_move(symbol: &Name, before: Option<&Route>, route: &Route) {
    match before {
        Some(before) if before == route => {}
        Some((source, by)) => {
            tracing::info!(%symbol, from = %source, was = %by, to = %route.0, is = %route.1, "the price comes by another route");
        }
        None => tracing::info!(%symbol, source = %route.0, by = %route.1, "the first price"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::domain::price::{Failure, FailureCause};
    use crate::market::tests::config;

    const POLL: Duration = Duration::from_mins(1);

    fn at(second: i64) -> Timestamp {
        let noon: Timestamp = "2026-11-23T17:00:00Z".parse().unwrap();
        later(noon, SignedDuration::from_secs(second))
    }

    fn quote(source: &str, second: i64, base: Option<i64>) -> Quote {
        Quote {
            symbol: "BTC-USD".into(),
            price: Decimal::new(97_412, 0),
            currency: "USD".into(),
            base: base.map(|base| Decimal::new(base, 0)),
            source: source.into(),
            session: Session::Always,
            exchange_time: Some(at(second)),
            received_time: at(second),
            delivery: Delivery::Polled(POLL),
            extended: None,
        }
    }

    fn route(source: &str) -> Route {
        (source.into(), Capability::Quote)
    }

    fn report(source: &str, second: i64, outcome: Outcome) -> SourceReport {
        let capability = Capability::Quote;
        SourceReport::new(source, capability, at(second), outcome)
    }

    /// Two sources of one symbol, the better one first.
    fn two() -> Config {
        config(&[("BTC-USD", &["coinbase", "yahoo"])])
    }

    fn offer(health: &SourceHealth, mut quote: Quote) -> bool {
        health.offer(&mut quote, Capability::Quote, &two(), &Calendar::new(&[], &[], false))
    }

    #[test]
    fn a_source_is_believed_in_again_after_a_minute() {
        let health = SourceHealth::default();
        let failed = || Outcome::Failed(Failure::new("x", FailureCause::NoPrice));
        let blocked = Outcome::Blocked { refusal: Refusal::by_status("x", 429), until: at(300) };
        let trust = |second| health.watch().borrow().trust_source(&route("coinbase"), at(second));
        assert_eq!(trust(0), Trust::Settled, "not tried: given its chance");
        health.tell(&report("coinbase", 0, Outcome::Well));
        assert_eq!(trust(0), Trust::Settled);
        health.tell(&report("coinbase", 10, failed()));
        assert_eq!(trust(9_000), Trust::Down);
        health.tell(&report("coinbase", 100, Outcome::Well));
        health.tell(&report("coinbase", 130, Outcome::Well));
        assert_eq!((trust(159), trust(160)), (Trust::Recovering, Trust::Settled));
        health.tell(&report("coinbase", 200, blocked));
        assert_eq!((trust(299), trust(300), trust(9_000)), (Trust::Down, Trust::Recovering, Trust::Recovering));
        health.tell(&report("coinbase", 310, Outcome::Well));
        assert_eq!((trust(369), trust(370)), (Trust::Recovering, Trust::Settled));
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_is_set_back_takes_along_what_is_believed() {
        let health = SourceHealth::default();
        health.keep_time(at(10_000));
        offer(&health, quote("coinbase", 10_000, Some(97_000)));
        health.tell(&report(
            "coinbase",
            10_000,
            Outcome::Blocked { refusal: Refusal::by_status("x", 429), until: at(10_060) },
        ));
        let trust = |second| health.watch().borrow().trust_source(&route("coinbase"), at(second));
        let is_priced = |second| health.watch().borrow().is_priced(&"BTC-USD".into(), at(second));
        health.keep_time(at(0));
        assert_eq!((trust(59), trust(60)), (Trust::Down, Trust::Recovering));
        assert_eq!((is_priced(100), is_priced(200)), (true, false), "two intervals of a minute");
        health.keep_time(at(0));
        assert_eq!((trust(59), trust(60)), (Trust::Down, Trust::Recovering), "moved once");
    }

    #[test]
    fn the_worse_source_goes_on_until_the_better_one_has_settled() {
        let health = SourceHealth::default();
        assert!(offer(&health, quote("coinbase", 0, Some(97_000))));
        assert!(!offer(&health, quote("yahoo", 1, Some(96_000))), "the better one stands");
        health.tell(&report("coinbase", 10, Outcome::Failed(Failure::new("x", FailureCause::NoPrice))));
        assert!(offer(&health, quote("yahoo", 11, Some(96_000))));
        health.tell(&report("coinbase", 20, Outcome::Well));
        assert!(!offer(&health, quote("coinbase", 20, Some(97_000))), "on probation");
        assert!(offer(&health, quote("yahoo", 70, Some(96_000))));
        assert!(offer(&health, quote("coinbase", 80, Some(97_000))), "settled");
        assert!(!offer(&health, quote("yahoo", 81, Some(96_000))));
        health.tell(&report("coinbase", 90, Outcome::Failed(Failure::new("x", FailureCause::NoPrice))));
        health.tell(&report("coinbase", 95, Outcome::Well));
        assert!(offer(&health, quote("coinbase", 300, Some(97_000))), "nobody else is there");
    }

    #[test]
    fn an_incomplete_quote_never_wins() {
        let health = SourceHealth::default();
        assert!(offer(&health, quote("coinbase", 0, None)), "better than none");
        let trust = |second| health.watch().borrow().trust(&"BTC-USD".into(), &route("coinbase"), at(second));
        assert_eq!(trust(0), Trust::Down, "the next one is asked");
        assert!(offer(&health, quote("yahoo", 1, Some(96_000))));
        assert!(!offer(&health, quote("coinbase", 60, None)));
        assert!(offer(&health, quote("yahoo", 61, None)), "its own base is remembered");
        assert!(offer(&health, quote("coinbase", 200, None)), "until nothing else is left");
    }

    #[test]
    fn a_base_is_taken_from_the_same_source_alone() {
        let (health, config, calendar) = (SourceHealth::default(), two(), Calendar::new(&[], &[], false));
        health.offer(&mut quote("coinbase", 0, Some(97_000)), Capability::Quote, &config, &calendar);
        let cases = [("coinbase", 30, Some(97_000)), ("yahoo", 30, None), ("coinbase", 900, None)];
        for (source, second, base) in cases {
            let mut tick = quote(source, second, None);
            health.offer(&mut tick, Capability::Socket, &config, &calendar);
            assert_eq!(tick.base, base.map(|base| Decimal::new(base, 0)), "{source} {second}");
        }
        // An equity's previous close is that of one day.
        let nvda = |source: &str, second, base| Quote {
            symbol: "NVDA".into(),
            session: Session::Regular,
            ..quote(source, second, base)
        };
        health.offer(&mut nvda("yahoo", 0, Some(180)), Capability::Quote, &config, &calendar);
        for (second, base) in [(3_600, Some(Decimal::new(180, 0))), (86_400, None)] {
            let mut tick = nvda("yahoo", second, None);
            health.offer(&mut tick, Capability::Socket, &config, &calendar);
            assert_eq!(tick.base, base, "{second}");
        }
    }

    #[test]
    fn one_symbol_says_nothing_about_another() {
        let health = SourceHealth::default();
        health.lacks(&"BTC-USD".into(), route("coinbase"), Downtime::Until(at(600)), at(0));
        let health_table = health.watch();
        let trust = |symbol: &str, second| health_table.borrow().trust(&symbol.into(), &route("coinbase"), at(second));
        assert_eq!((trust("BTC-USD", 1), trust("ETH-USD", 1)), (Trust::Down, Trust::Settled));
        assert_eq!(trust("BTC-USD", 600), Trust::Recovering);
    }
}
