//! `newstape prices`: the prices of the watchlist or of some symbols, asked for once, through the same workers as the
//! screen.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use tokio::sync::{broadcast, mpsc, watch};

use super::json::QuoteLine;
use super::{Done, Failure, Surroundings, runtime};
use crate::config::Config;
use crate::domain::Name;
use crate::domain::price::{
    Capability, Outcome, Quote, SourceReport, State, Symbol, decimals, show_change, show_percent, show_price, state,
};
use crate::domain::session::Calendar;
use crate::event::Event;
use crate::http::Http;
use crate::market;
use crate::store::Reader;

/// How long prices are waited for.
const PATIENCE: Duration = Duration::from_secs(12);

#[derive(Debug, Args)]
pub struct Prices {
    /// As Yahoo spells them: NVDA, BTC-USD; without any, the watchlist
    symbols: Vec<String>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

/// What came in while waiting.
#[derive(Default)]
pub(super) struct Heard {
    pub(super) quotes: BTreeMap<Name, Quote>,
    pub(super) reports: BTreeMap<(Name, Capability), SourceReport>,
}

impl Prices {
    pub(super) fn run(self, around: &Surroundings) -> Done {
        let mut config = around.config()?;
        if !self.symbols.is_empty() {
            config.symbols = self.symbols.iter().map(|name| asked_for(name, &config)).collect();
        }
        let config = Arc::new(config);
        let heard = runtime()?.block_on(listen(&config, around))?;
        let calendar =
            Calendar::new(&config.market.extra_closures, &config.market.extra_early_closes, config.market.overnight);
        self.print(&config, &heard, &calendar, (around.clock)())?;
        match heard.quotes.is_empty() && !config.symbols.is_empty() {
            true => Err(Failure::not_had(nothing_came(&heard))),
            false => Ok(()),
        }
    }

    fn print(&self, config: &Config, heard: &Heard, calendar: &Calendar, now: Timestamp) -> Done {
        let mut out = std::io::stdout().lock();
        for symbol in &config.symbols {
            let quote = heard.quotes.get(&symbol.name);
            let state = state_of(symbol, quote, heard, calendar, now);
            let line = match self.json {
                true => serde_json::to_string(&QuoteLine::new(&symbol.name, quote, &state))
                    .map_err(|error| Failure::not_had(error.to_string()))?,
                false => plain(symbol, quote, &state.words(&config.market.time_zone)),
            };
            writeln!(out, "{line}")?;
        }
        Ok(())
    }
}

fn state_of(symbol: &Symbol, quote: Option<&Quote>, heard: &Heard, calendar: &Calendar, now: Timestamp) -> State {
    let source = quote.map(|quote| &quote.source).or(symbol.sources.first());
    let report = |capability| heard.reports.get(&(source?.clone(), capability));
    let alive = report(Capability::Socket).map(|report| report.at);
    let block = report(Capability::Quote).map(|report| &report.outcome);
    state(quote, alive, block, calendar, now).0
}

fn plain(symbol: &Symbol, quote: Option<&Quote>, state: &str) -> String {
    let Some(quote) = quote else { return format!("{:10} {:>14}  {state}", symbol.name, "–") };
    let places = decimals(quote.price);
    let change = quote.change().map(|change| show_change(change, places)).unwrap_or_default();
    let percent = quote.change_percent().map(show_percent).unwrap_or_default();
    let price = show_price(quote.price, places);
    format!("{:10} {price:>14} {change:>12} {percent:>10}  {} {state}", symbol.name, quote.currency)
}

/// The symbol as the config knows it, else with the default chain of its kind.
fn asked_for(name: &str, config: &Config) -> Symbol {
    let name = name.to_uppercase();
    let known = config.symbols.iter().find(|symbol| *symbol.name == *name);
    known.cloned().unwrap_or_else(|| Symbol::new(name.as_str().into()))
}

fn nothing_came(heard: &Heard) -> String {
    let why = heard.reports.values().find_map(|report| match &report.outcome {
        Outcome::Failed { why } => Some(format!("{}: {why}", report.source)),
        Outcome::Blocked { why, .. } => Some(format!("{} refuses us for now ({why})", report.source)),
        Outcome::Well => None,
    });
    format!("no price could be had; {}", why.unwrap_or_else(|| "no source answered in time".into()))
}

/// Runs the price workers until every symbol has a price, every source has failed, or patience ends.
pub(super) async fn listen(config: &Arc<Config>, around: &Surroundings) -> Result<Heard, Failure> {
    let (events, mut inbox) = mpsc::channel(256);
    let (_wanted, config_seen) = watch::channel(config.clone());
    let (_orders, orders) = broadcast::channel(4);
    let stored = Reader::open(&around.places.data).and_then(|reader| reader.sources((around.clock)()));
    let desk = market::Desk {
        http: Http::new(&config.network)?,
        clock: around.clock.clone(),
        config: config_seen,
        events,
        orders,
        reports: stored.unwrap_or_default(),
        random: Arc::new(fastrand::f64),
    };
    let mut heard = Heard::default();
    for report in &desk.reports {
        heard.reports.insert((report.source.clone(), report.capability), report.clone());
    }
    let workers = market::workers(desk).into_iter().map(|(_, work)| work);
    let working = futures_util::future::join_all(workers);
    tokio::pin!(working);
    let end = tokio::time::sleep(PATIENCE);
    tokio::pin!(end);
    loop {
        tokio::select! {
            _ = &mut working => return Ok(heard),
            () = &mut end => return Ok(heard),
            event = inbox.recv() => {
                heard.take(event);
                if heard.enough(config) {
                    return Ok(heard);
                }
            }
        }
    }
}

impl Heard {
    fn take(&mut self, event: Option<Event>) {
        match event {
            Some(Event::Quote(quote)) => {
                self.quotes.insert(quote.symbol.clone(), quote);
            }
            Some(Event::Source(report)) => {
                self.reports.insert((report.source.clone(), report.capability), report);
            }
            _ => {}
        }
    }

    /// Every symbol has its price, or the sources of those that have none have all failed.
    fn enough(&self, config: &Config) -> bool {
        let failed = |source: &Name| {
            let mut reports = self.reports.iter().filter(|((name, _), _)| name == source).peekable();
            reports.peek().is_some() && reports.all(|(_, report)| report.outcome != Outcome::Well)
        };
        config.symbols.iter().all(|symbol| {
            let mut served = symbol.sources.iter().filter(|source| market::source(source).is_some());
            self.quotes.contains_key(&symbol.name) || served.all(failed)
        })
    }
}
