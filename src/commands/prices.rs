//! `newstape prices`: the prices of the watchlist or of some symbols, asked for once, through the same workers as the
//! screen.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{broadcast, mpsc, watch};

use super::json::QuoteLine;
use super::{Done, Failure, Surroundings, complain, json_line, out, runtime};
use crate::app::health::Health;
use crate::config::Config;
use crate::domain::Name;
use crate::domain::format;
use crate::domain::price::{
    Capability, Outcome, Quote, Session, SourceReport, State, Symbol, Unpriced, show_time, state,
};
use crate::domain::session::Calendar;
use crate::domain::symbol;
use crate::event::Event;
use crate::http::Http;
use crate::market;
use crate::store::Reader;

/// How long prices are waited for.
const PATIENCE: Duration = Duration::from_secs(12);
/// How long a price without its change is kept back for one that has it.
const WHOLE_WITHIN: SignedDuration = SignedDuration::from_secs(1);
/// How often a state is looked at again: some change by time alone.
const LOOK: Duration = Duration::from_secs(1);
/// How often it is looked whether enough has come.
const STEP: Duration = Duration::from_millis(200);

#[derive(Debug, Args)]
pub(super) struct Prices {
    /// Spelled as on Yahoo Finance: NVDA, BRK-B, ^VIX, BTC-USD; without any, the watchlist
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
    /// When the first price of each symbol came.
    first_heard: BTreeMap<Name, Timestamp>,
    /// The last prices on disk.
    stored: BTreeMap<Name, Quote>,
    /// Why symbols have no price; None before that is known.
    unpriced: Option<BTreeMap<Name, Unpriced>>,
    /// The same reports, by the symbols that they concern.
    health: Health,
    /// When the socket of each source last gave a sign of life.
    alive: BTreeMap<Name, Timestamp>,
}

impl Prices {
    pub(super) fn run(self, around: &Surroundings) -> Done {
        let mut config = around.config()?;
        if !self.symbols.is_empty() {
            config.symbols = asked_for(&self.symbols, &config)?;
        }
        let config = Arc::new(config);
        let calendar = market::calendar(&config);
        if self.watch {
            return runtime()?.block_on(self.watch(&config, &calendar, around));
        }
        let heard = runtime()?.block_on(listen(&config, around))?;
        let now = (around.clock)();
        self.print(&config, &heard, &calendar, now)?;
        let whys = heard.whys(&config, now);
        if heard.quotes.is_empty() && !config.symbols.is_empty() {
            return Err(Failure::not_had(format!("no price could be had; {}", whys.join("; "))));
        }
        whys.iter().for_each(complain);
        Ok(())
    }

    fn print(&self, config: &Config, heard: &Heard, calendar: &Calendar, now: Timestamp) -> Done {
        let mut out = out();
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
        let quote = heard.quote(&symbol.name);
        let state = heard.state(&symbol.name, calendar, now);
        match self.json {
            true => json_line(&QuoteLine::new(&symbol.name, quote, &state)),
            false => Ok(plain(symbol, quote, &state.words(&config.market.time_zone, now))),
        }
    }

    /// Prints what reads differently, as it comes and as time passes; what is wrong with a source goes to stderr, once.
    async fn watch(&self, config: &Arc<Config>, calendar: &Calendar, around: &Surroundings) -> Done {
        let mut tuned = tune_in(config, around)?;
        let mut shown: BTreeMap<Name, String> = BTreeMap::new();
        let mut said: BTreeMap<(Name, Capability), Option<String>> = BTreeMap::new();
        loop {
            for symbol in &config.symbols {
                if tuned.heard.is_awaited(&symbol.name) {
                    continue;
                }
                let line = self.line(symbol, config, &tuned.heard, calendar, (around.clock)())?;
                if shown.get(&symbol.name) != Some(&line) {
                    writeln!(out(), "{line}")?;
                    shown.insert(symbol.name.clone(), line);
                }
            }
            for (place, report) in &tuned.heard.reports {
                let sentence = sentence(report);
                if said.get(place).cloned().flatten() != sentence {
                    let well = || format!("{} ({}) does well again.", place.0, place.1);
                    complain(sentence.clone().unwrap_or_else(well));
                    said.insert(place.clone(), sentence);
                }
            }
            if !tuned.step(LOOK).await {
                return Ok(());
            }
        }
    }
}

fn plain(symbol: &Symbol, quote: Option<&Quote>, state: &str) -> String {
    let Some(quote) = quote else { return format!("{:10} {:>14}  {state}", symbol.name, "–") };
    let places = quote.decimals();
    let change = quote.change().map(|change| format::change(change, places)).unwrap_or_default();
    let percent = quote.change_percent().map(format::percent_of).unwrap_or_default();
    let price = format::price(quote.price, places);
    let extended = extended(quote).map(|extended| format!("  {extended}")).unwrap_or_default();
    format!("{:10} {price:>14} {change:>12} {percent:>10}  {} {state}{extended}", symbol.name, quote.currency)
}

/// `post 182.10 +0.48%`: the price outside the regular session, measured from its close.
fn extended(quote: &Quote) -> Option<String> {
    let extended = quote.extended.as_ref().filter(|_| quote.session != Session::Regular)?;
    let price = format::price(extended.price, quote.decimals());
    let percent = quote.extended_change_percent().map(format::percent_of).unwrap_or_default();
    Some(format!("{} {price} {percent}", extended.session))
}

/// The symbols as the config knows them, else with the default chain of their kind; each once.
fn asked_for(written: &[String], config: &Config) -> Result<Vec<Symbol>, Failure> {
    let mut symbols: Vec<Symbol> = Vec::new();
    for written in written {
        let name = symbol::spelled(written).map_err(|error| Failure::usage(error.to_string()))?;
        let known = config.symbols.iter().find(|symbol| symbol.name == name).cloned();
        if symbols.iter().all(|symbol| symbol.name != name) {
            symbols.push(known.unwrap_or_else(|| Symbol::new(name)));
        }
    }
    Ok(symbols)
}

/// What is wrong with a source, if anything.
fn sentence(report: &SourceReport) -> Option<String> {
    match &report.outcome {
        Outcome::Failed(failure) => Some(format!("{}: {failure}", report.source)),
        Outcome::Blocked { refusal, .. } => Some(format!("{} refuses us for now ({refusal})", report.source)),
        Outcome::Well => None,
    }
}

/// The price workers at work, and what came of it.
struct Tuned {
    heard: Heard,
    inbox: mpsc::Receiver<Event>,
    working: BoxFuture<'static, ()>,
    /// The workers end when these do.
    _ends: (watch::Sender<Arc<Config>>, broadcast::Sender<market::Order>, watch::Sender<market::Shown>),
}

fn tune_in(config: &Arc<Config>, around: &Surroundings) -> Result<Tuned, Failure> {
    let (events, inbox) = mpsc::channel(256);
    let (wanted, config_seen) = watch::channel(config.clone());
    let (ordering, orders) = broadcast::channel(4);
    let (showing, shown) = watch::channel(None);
    let mut heard = Heard::default();
    let reader = Reader::open(&around.places.data).ok();
    let stored = reader.as_ref().and_then(|reader| reader.quotes().ok()).unwrap_or_default();
    heard.stored = stored.into_iter().map(|quote| (quote.symbol.clone(), quote)).collect();
    let desk = market::Deps {
        http: Http::new(&config.network)?,
        clock: around.clock.clone(),
        config: config_seen,
        events,
        orders,
        shown,
        wants_history: false,
        reports: reader.and_then(|reader| reader.sources((around.clock)()).ok()).unwrap_or_default(),
        random: Arc::new(fastrand::f64),
    };
    for report in &desk.reports {
        heard.reports.insert((report.source.clone(), report.capability), report.clone());
    }
    let workers = market::workers(desk).into_iter().map(|(_, work)| work);
    let working = futures_util::future::join_all(workers).map(drop).boxed();
    Ok(Tuned { heard, inbox, working, _ends: (wanted, ordering, showing) })
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

/// Runs the price workers until every symbol has a price or is known to have none, or patience ends.
pub(super) async fn listen(config: &Arc<Config>, around: &Surroundings) -> Result<Heard, Failure> {
    let mut tuned = tune_in(config, around)?;
    let end = tokio::time::Instant::now() + PATIENCE;
    while !tuned.heard.is_enough(config, (around.clock)()) {
        let left = end.saturating_duration_since(tokio::time::Instant::now());
        if left.is_zero() || !tuned.step(left.min(STEP)).await {
            break;
        }
    }
    Ok(tuned.heard)
}

impl Heard {
    fn take(&mut self, event: Option<Event>) {
        match event {
            Some(Event::Quote(quote)) => {
                self.first_heard.entry(quote.symbol.clone()).or_insert(quote.received_time);
                self.health.take_price(&quote.source, &quote.symbol);
                self.quotes.insert(quote.symbol.clone(), quote);
            }
            Some(Event::Unpriced(unpriced)) => self.unpriced = Some(unpriced),
            Some(Event::Source(report)) => {
                if report.capability == Capability::Socket && report.outcome == Outcome::Well {
                    self.alive.insert(report.source.clone(), report.at);
                }
                self.health.take_source(report.clone());
                self.reports.insert((report.source.clone(), report.capability), report);
            }
            _ => {}
        }
    }

    /// The newest price of a symbol: what has come, else what was stored.
    fn quote(&self, symbol: &Name) -> Option<&Quote> {
        self.quotes.get(symbol).or_else(|| self.stored.get(symbol))
    }

    /// Nothing is known of it yet, and somebody is being asked.
    fn is_awaited(&self, symbol: &Name) -> bool {
        let why = self.unpriced.as_ref().and_then(|unpriced| unpriced.get(symbol));
        self.quote(symbol).is_none() && matches!(why, None | Some(Unpriced::Waiting { .. }))
    }

    fn state(&self, symbol: &Name, calendar: &Calendar, now: Timestamp) -> State {
        let Some(quote) = self.quote(symbol) else {
            let why = self.unpriced.as_ref().and_then(|unpriced| unpriced.get(symbol));
            return why.map_or(State::Waiting { source: None }, Unpriced::state);
        };
        let alive = self.alive.get(&quote.source).copied();
        let report = self.reports.get(&(quote.source.clone(), Capability::Quote));
        state(Some(quote), alive, report.map(|report| &report.outcome), calendar, now).0
    }

    /// Every symbol has its price, or it is known that nobody gives one now.
    fn is_enough(&self, config: &Config, now: Timestamp) -> bool {
        // Before the bell some sources tell no change; elsewhere one without is not the last word.
        let may_lack = |quote: &Quote| matches!(quote.session, Session::Pre | Session::Overnight | Session::Closed);
        let has_waited = |quote: &Quote| {
            let first = self.first_heard.get(&quote.symbol).copied();
            first.is_some_and(|at| now.duration_since(at) > WHOLE_WITHIN)
        };
        let is_whole = |quote: &Quote| quote.base.is_some() || may_lack(quote) || has_waited(quote);
        let is_hopeless = |symbol: &Symbol| match self.unpriced.as_ref().and_then(|all| all.get(&symbol.name)) {
            Some(Unpriced::Blocked { .. } | Unpriced::Failing { .. } | Unpriced::Unknown) => true,
            Some(Unpriced::Waiting { .. }) | None => false,
        };
        config.symbols.iter().all(|symbol| match self.quotes.get(&symbol.name) {
            Some(quote) => is_whole(quote),
            None => is_hopeless(symbol),
        })
    }

    /// Why symbols have no fresh price: a clause for each reason, with those that it holds for.
    fn whys(&self, config: &Config, now: Timestamp) -> Vec<String> {
        let mut whys: Vec<(String, Vec<&str>)> = Vec::new();
        for symbol in config.symbols.iter().filter(|symbol| !self.quotes.contains_key(&symbol.name)) {
            let why = self.why(symbol, config, now);
            match whys.iter_mut().find(|(other, _)| *other == why) {
                Some((_, names)) => names.push(&symbol.name),
                None => whys.push((why, vec![&symbol.name])),
            }
        }
        whys.into_iter().map(|(why, names)| format!("{}: {why}", names.join(", "))).collect()
    }

    fn why(&self, symbol: &Symbol, config: &Config, now: Timestamp) -> String {
        match self.unpriced.as_ref().and_then(|unpriced| unpriced.get(&symbol.name)) {
            Some(Unpriced::Unknown) if market::chain::chain(symbol, config).next().is_none() => {
                "no price source is enabled for it".into()
            }
            Some(Unpriced::Unknown) => "no price source knows it".into(),
            Some(Unpriced::Blocked { refusal, until }) => {
                format!("refused until {} ({refusal})", show_time(*until, now, &config.market.time_zone))
            }
            Some(Unpriced::Failing { source }) => {
                let trouble = |by| self.health.trouble(&symbol.name, source, by, now);
                let report = trouble(Capability::Quote).or_else(|| trouble(Capability::Socket));
                let failed = report.and_then(|report| match &report.outcome {
                    Outcome::Failed(failure) => Some(failure.clause()),
                    _ => None,
                });
                failed.unwrap_or_else(|| format!("{source} does not answer"))
            }
            Some(Unpriced::Waiting { .. }) | None => format!("no answer within {} s", PATIENCE.as_secs()),
        }
    }
}
