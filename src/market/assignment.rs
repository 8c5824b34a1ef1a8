//! Which source is asked for which symbol: the first of its chain that does well.
//!
//! A better route is never given up: it goes on being tried, and when it has done well for a while the worse one rests.

use jiff::Timestamp;

use super::Source;
use super::chain::{Wanted, chain, routes, wanted};
use super::source_health::{HealthTable, Trust};
use crate::config::Config;
use crate::domain::price::{Capability, Symbol};

/// The symbols whose prices a source has to bring by a route ([`Capability::Socket`] or [`Capability::Quote`]) now: those
/// for which every better route is down. A worse route goes on until the better one has settled again.
pub(super) fn prices(
    of: &Source,
    by: Capability,
    config: &Config,
    health_table: &HealthTable,
    now: Timestamp,
) -> Vec<Wanted> {
    let wants = |symbol: &Symbol| {
        let mut better = routes(symbol, config).take_while(|(source, route)| (source.id, *route) != (of.id, by));
        better.all(|(source, route)| {
            let trust = health_table.trust(&symbol.name, &(source.id.into(), route), now);
            if source.id == of.id { trust == Trust::Down } else { trust != Trust::Settled }
        })
    };
    let has = |symbol: &&Symbol| routes(symbol, config).any(|(source, route)| (source.id, route) == (of.id, by));
    let symbols = config.symbols.iter().filter(has).filter(|symbol| wants(symbol));
    symbols.filter_map(|symbol| wanted(of, &symbol.name)).collect()
}

/// The symbols without a price for which a source might have one, be its turn come or not: where a question takes many,
/// they go along.
pub(super) fn unpriced(of: &Source, config: &Config, health_table: &HealthTable, now: Timestamp) -> Vec<Wanted> {
    let route = (of.id.into(), Capability::Quote);
    let has = |symbol: &&Symbol| chain(symbol, config).any(|source| source.id == of.id);
    let is_open = |symbol: &&Symbol| {
        !health_table.is_priced(&symbol.name, now) && health_table.may_answer(&symbol.name, &route, now)
    };
    let symbols = config.symbols.iter().filter(has).filter(is_open);
    symbols.filter_map(|symbol| wanted(of, &symbol.name)).collect()
}

/// The symbols whose history a source has to bring now, benchmarks among them.
pub(super) fn charts(of: &Source, config: &Config, health_table: &HealthTable, now: Timestamp) -> Vec<Wanted> {
    let carries = |symbol: &&Symbol| {
        let mut chain = chain(symbol, config).filter(|source| source.candles.is_some());
        let first = chain.find(|source| source.id == of.id || !is_down(source, health_table, now));
        first.is_some_and(|source| source.id == of.id)
    };
    let mut charts: Vec<Wanted> = Vec::new();
    for symbol in config.symbols.iter().filter(carries) {
        for name in std::iter::once(&symbol.name).chain(&symbol.benchmark) {
            let wanted = wanted(of, name);
            charts.extend(wanted.filter(|wanted| charts.iter().all(|other| other.symbol != wanted.symbol)));
        }
    }
    charts
}

/// Known to have no history. What has not been tried yet is given its chance.
fn is_down(source: &Source, health_table: &HealthTable, now: Timestamp) -> bool {
    health_table.trust_source(&(source.id.into(), Capability::Candles), now) == Trust::Down
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::domain::price::{Failure, FailureCause, Outcome, Refusal, SourceReport};
    use crate::market::source;
    use crate::market::source_health::SourceHealth;
    use crate::market::tests::config;

    fn now() -> Timestamp {
        "2026-11-23T18:00:00Z".parse().unwrap()
    }

    fn standing(id: &str, capability: Capability, outcome: Outcome) -> HealthTable {
        let health = SourceHealth::default();
        let at = "2026-11-23T17:00:00Z".parse().unwrap();
        health.tell(&SourceReport::new(id, capability, at, outcome));
        health.watch().borrow().clone()
    }

    fn names(wanted: Vec<Wanted>) -> Vec<String> {
        wanted.into_iter().map(|wanted| wanted.symbol.to_string()).collect()
    }

    #[test]
    fn a_socket_goes_before_polling_while_it_does_well() {
        let config = config(&[("NVDA", &["yahoo", "cnbc"]), ("BTC-USD", &["coinbase", "kraken"])]);
        let [yahoo, coinbase] = ["yahoo", "coinbase"].map(|id| source(id).unwrap());
        let failed = || Outcome::Failed(Failure::new("x", FailureCause::NoPrice));
        let blocked =
            |until: &str| Outcome::Blocked { refusal: Refusal::by_status("x", 429), until: until.parse().unwrap() };
        let cases = [
            (HealthTable::default(), vec![]),
            (standing("coinbase", Capability::Socket, Outcome::Well), vec![]),
            (standing("coinbase", Capability::Socket, failed()), vec!["BTC-USD"]),
            (standing("coinbase", Capability::Socket, blocked("2026-11-23T18:30:00Z")), vec!["BTC-USD"]),
            // over, but not asked yet: within one source, nobody waits
            (standing("coinbase", Capability::Socket, blocked("2026-11-23T17:30:00Z")), vec![]),
        ];
        for (health_table, polled) in cases {
            assert_eq!(
                names(prices(coinbase, Capability::Quote, &config, &health_table, now())),
                polled,
                "{health_table:?}"
            );
            assert_eq!(names(prices(coinbase, Capability::Socket, &config, &health_table, now())), ["BTC-USD"]);
            assert_eq!(names(prices(yahoo, Capability::Socket, &config, &health_table, now())), ["NVDA"]);
        }
    }

    #[test]
    fn a_source_that_is_switched_off_wants_nothing() {
        let mut config = config(&[("BTC-USD", &["coinbase"])]);
        config.sources.insert(
            "coinbase".into(),
            crate::domain::price::SourceSettings { enabled: Some(false), ..Default::default() },
        );
        let coinbase = source("coinbase").unwrap();
        assert_eq!(prices(coinbase, Capability::Socket, &config, &HealthTable::default(), now()), []);
        assert_eq!(charts(coinbase, &config, &HealthTable::default(), now()), []);
    }

    #[test]
    fn benchmarks_have_charts_once() {
        let mut config = config(&[("NVDA", &["yahoo"]), ("AMD", &["yahoo"]), ("BTC-USD", &["coinbase"])]);
        for symbol in &mut config.symbols {
            symbol.benchmark = Some("QQQ".into());
        }
        let yahoo = source("yahoo").unwrap();
        assert_eq!(names(charts(yahoo, &config, &HealthTable::default(), now())), ["NVDA", "QQQ", "AMD"]);
        assert_eq!(names(prices(yahoo, Capability::Socket, &config, &HealthTable::default(), now())), ["NVDA", "AMD"]);
    }
}
