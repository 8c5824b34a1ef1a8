//! `newstape prices`: the prices of the watchlist or of some symbols, asked for once, through the same workers as the
//! screen.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use tokio::sync::{broadcast, mpsc, watch};

use super::json::QuoteLine;
use super::{Done, Failure, Surroundings, runtime};
use crate::config::Config;
use crate::domain::Name;
use crate::domain::price::{
    Capability, Outcome, Quote, SourceReport, State, Symbol, show_change, show_percent, show_price, state,
};
use crate::domain::session::Calendar;
use crate::event::Event;
use crate::http::Http;
use crate::market;
use crate::store::Reader;

/// How long prices are waited for.
const PATIENCE: Duration = Duration::from_secs(12);
/// How often a state is looked at again: some change by time alone.
const LOOK: Duration = Duration::from_secs(1);

#[derive(Debug, Args)]
pub struct Prices {
    /// As Yahoo spells them: NVDA, BTC-USD; without any, the watchlist
    symbols: Vec<String>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    /// Go on until stopped: a line for each change of a price or of its state
    #[arg(long)]
    watch: bool,
}

/// What came in while waiting.
#[derive(Default)]
pub(super) struct Heard {
    pub(super) quotes: BTreeMap<Name, Quote>,
    pub(super) reports: BTreeMap<(Name, Capability), SourceReport>,
    /// When the socket of each source last gave a sign of life.
    alive: BTreeMap<Name, Timestamp>,
}

impl Prices {
    pub(super) fn run(self, around: &Surroundings) -> Done {
        let mut config = around.config()?;
        if !self.symbols.is_empty() {
            config.symbols = self.symbols.iter().map(|name| asked_for(name, &config)).collect();
        }
        let config = Arc::new(config);
        let calendar = market::calendar(&config);
        if self.watch {
            return runtime()?.block_on(self.watch(&config, &calendar, around));
        }
        let heard = runtime()?.block_on(listen(&config, around))?;
        self.print(&config, &heard, &calendar, (around.clock)())?;
        match heard.quotes.is_empty() && !config.symbols.is_empty() {
            true => Err(Failure::not_had(nothing_came(&heard))),
            false => Ok(()),
        }
    }

    fn print(&self, config: &Config, heard: &Heard, calendar: &Calendar, now: Timestamp) -> Done {
        let mut out = std::io::stdout().lock();
        for symbol in &config.symbols {
            writeln!(out, "{}", self.line(symbol, config, heard, calendar, now)?)?;
        }
        Ok(())
    }

    fn line(
        &self,
        symbol: &Symbol,
        config: &Config,
        heard: &Heard,
        calendar: &Calendar,
        now: Timestamp,
    ) -> Result<String, Failure> {
        let quote = heard.quotes.get(&symbol.name);
        let state = state_of(symbol, quote, heard, calendar, now);
        match self.json {
            true => serde_json::to_string(&QuoteLine::new(&symbol.name, quote, &state))
                .map_err(|error| Failure::not_had(error.to_string())),
            false => Ok(plain(symbol, quote, &state.words(&config.market.time_zone))),
        }
    }

    /// Prints what reads differently, as it comes and as time passes; what is wrong with a source goes to stderr, once.
    async fn watch(&self, config: &Arc<Config>, calendar: &Calendar, around: &Surroundings) -> Done {
        let mut tuned = tune_in(config, around)?;
        let mut shown: BTreeMap<Name, String> = BTreeMap::new();
        let mut said: BTreeMap<(Name, Capability), Option<String>> = BTreeMap::new();
        loop {
            for symbol in &config.symbols {
                let line = self.line(symbol, config, &tuned.heard, calendar, (around.clock)())?;
                if shown.get(&symbol.name) != Some(&line) {
                    writeln!(std::io::stdout().lock(), "{line}")?;
                    shown.insert(symbol.name.clone(), line);
                }
            }
            for (place, report) in &tuned.heard.reports {
                let sentence = sentence(report);
                if said.get(place).cloned().flatten() != sentence {
                    let well = || format!("{} ({}) does well again.", place.0, place.1);
                    writeln!(std::io::stderr().lock(), "{}", sentence.clone().unwrap_or_else(well))?;
                    said.insert(place.clone(), sentence);
                }
            }
            if !tuned.step(LOOK).await {
                return Ok(());
            }
        }
    }
}

fn state_of(symbol: &Symbol, quote: Option<&Quote>, heard: &Heard, calendar: &Calendar, now: Timestamp) -> State {
    let source = quote.map(|quote| &quote.source).or(symbol.sources.first());
    let report = |capability| heard.reports.get(&(source?.clone(), capability));
    let alive = heard.alive.get(source.unwrap_or(&symbol.name)).copied();
    let block = report(Capability::Quote).map(|report| &report.outcome);
    state(quote, alive, block, calendar, now).0
}

fn plain(symbol: &Symbol, quote: Option<&Quote>, state: &str) -> String {
    let Some(quote) = quote else { return format!("{:10} {:>14}  {state}", symbol.name, "–") };
    let places = quote.decimals();
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

/// What is wrong with a source, if anything.
fn sentence(report: &SourceReport) -> Option<String> {
    match &report.outcome {
        Outcome::Failed { why } => Some(format!("{}: {why}", report.source)),
        Outcome::Blocked { why, .. } => Some(format!("{} refuses us for now ({why})", report.source)),
        Outcome::Well => None,
    }
}

fn nothing_came(heard: &Heard) -> String {
    let why = heard.reports.values().find_map(sentence);
    format!("no price could be had; {}", why.unwrap_or_else(|| "no source answered in time".into()))
}

/// The price workers at work, and what came of it.
struct Tuned {
    heard: Heard,
    inbox: mpsc::Receiver<Event>,
    working: BoxFuture<'static, ()>,
    /// The workers end when these do.
    _ends: (watch::Sender<Arc<Config>>, broadcast::Sender<market::Order>),
}

fn tune_in(config: &Arc<Config>, around: &Surroundings) -> Result<Tuned, Failure> {
    let (events, inbox) = mpsc::channel(256);
    let (wanted, config_seen) = watch::channel(config.clone());
    let (ordering, orders) = broadcast::channel(4);
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
    let working = futures_util::future::join_all(workers).map(drop).boxed();
    Ok(Tuned { heard, inbox, working, _ends: (wanted, ordering) })
}

impl Tuned {
    /// Works until something comes, at most so long. False: nothing will come any more.
    async fn step(&mut self, longest: Duration) -> bool {
        tokio::select! {
            () = &mut self.working => false,
            () = tokio::time::sleep(longest) => true,
            event = self.inbox.recv() => {
                self.heard.take(event);
                true
            }
        }
    }
}

/// Runs the price workers until every symbol has a price, every source has failed, or patience ends.
pub(super) async fn listen(config: &Arc<Config>, around: &Surroundings) -> Result<Heard, Failure> {
    let mut tuned = tune_in(config, around)?;
    let end = tokio::time::Instant::now() + PATIENCE;
    while !tuned.heard.enough(config) {
        let left = end.saturating_duration_since(tokio::time::Instant::now());
        if left.is_zero() || !tuned.step(left).await {
            break;
        }
    }
    Ok(tuned.heard)
}

impl Heard {
    fn take(&mut self, event: Option<Event>) {
        match event {
            Some(Event::Quote(quote)) => {
                self.quotes.insert(quote.symbol.clone(), quote);
            }
            Some(Event::Source(report)) => {
                if report.capability == Capability::Socket && report.outcome == Outcome::Well {
                    self.alive.insert(report.source.clone(), report.at);
                }
                self.reports.insert((report.source.clone(), report.capability), report);
            }
            _ => {}
        }
    }

    /// Every symbol has its price, or the sources of those that have none have all failed.
    fn enough(&self, config: &Config) -> bool {
        let failed = |source: &market::Source| {
            let of_prices = |((name, by), _): &(&(Name, Capability), &SourceReport)| {
                **name == *source.id && *by != Capability::Candles
            };
            let mut reports = self.reports.iter().filter(of_prices).peekable();
            reports.peek().is_some() && reports.all(|(_, report)| report.outcome != Outcome::Well)
        };
        // Those that are switched off, or do not have it, are not asked.
        config
            .symbols
            .iter()
            .all(|symbol| self.quotes.contains_key(&symbol.name) || market::chain::chain(symbol, config).all(failed))
    }
}
