//! `newstape check`: is the config right; does each feed and price source answer.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::{mpsc, watch};

use super::asking::{cool_down, stored};
use super::{Done, Failure, Surroundings, out, prices, runtime, say, say_json};
use crate::app::keymap::Keymap;
use crate::config::Config;
use crate::domain::Name;
use crate::domain::feed::{FeedState, NextCheck, Trouble};
use crate::domain::format;
use crate::domain::price::{Capability, Outcome, SourceReport, Symbol};
use crate::domain::text::Text;
use crate::domain::topic::Topics;
use crate::event::Event;
use crate::http::Http;
use crate::{market, news};

/// How long all feeds together are waited for.
const PATIENCE: Duration = Duration::from_mins(2);

#[derive(Debug, Args)]
pub(super) struct Check {
    /// Only the config: ask nobody
    #[arg(long)]
    offline: bool,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    /// `config`, `topic`, `feed` or `source`.
    kind: &'static str,
    name: String,
    ok: bool,
    message: String,
}

impl Finding {
    fn new(kind: &'static str, name: impl Into<String>, trouble: Option<String>, well: impl Into<String>) -> Finding {
        let ok = trouble.is_none();
        Finding { kind, name: name.into(), ok, message: trouble.unwrap_or_else(|| well.into()) }
    }
}

impl Check {
    pub(super) fn run(self, around: &Surroundings) -> Done {
        let config = Arc::new(around.config()?);
        let mut broken = self.print(&look_at_config(&config))?;
        if !self.offline {
            let runtime = runtime()?;
            broken += self.print(&runtime.block_on(look_at_feeds(&config, around))?)?;
            broken += self.print(&runtime.block_on(look_at_sources(&config, around))?)?;
        }
        match broken {
            0 => Ok(()),
            1 => Err(Failure::not_had("one thing does not work; see above")),
            broken => Err(Failure::not_had(format!("{broken} things do not work; see above"))),
        }
    }

    /// Answers how many findings are bad.
    fn print(&self, findings: &[Finding]) -> Result<usize, Failure> {
        for finding in findings {
            if self.json {
                say_json(finding)?;
            } else {
                let mark = if finding.ok { "ok " } else { "BAD" };
                say(&format!("{mark}  {:7} {:28} {}", finding.kind, finding.name, finding.message))?;
            }
        }
        Ok(findings.iter().filter(|finding| !finding.ok).count())
    }
}

// --- the config ---

fn look_at_config(config: &Config) -> Vec<Finding> {
    let mut findings: Vec<Finding> =
        config.warnings.iter().map(|warning| Finding::new("config", "", Some(warning.clone()), "")).collect();
    let (_, keys) = Keymap::new(&config.keys, &crate::config::shipped_keys());
    findings.extend(keys.iter().map(|mistake| Finding::new("config", "keys", Some(config.located(mistake)), "")));
    if findings.is_empty() {
        let well = [
            format::count(config.feeds.len(), "feed", "feeds"),
            format::count(config.symbols.len(), "symbol", "symbols"),
            format::count(config.topics.len(), "topic", "topics"),
        ]
        .join(", ");
        findings.push(Finding::new("config", "", None, well));
    }
    findings.extend(look_at_topics(config));
    findings
}

/// Each topic by its own sentences.
fn look_at_topics(config: &Config) -> Vec<Finding> {
    let (topics, broken) = Topics::compile(&config.topics, &config.terms);
    let mut findings: Vec<Finding> =
        broken.iter().map(|mistake| Finding::new("topic", "", Some(config.located(mistake)), "")).collect();
    for rule in topics.rules() {
        let has = |sentence: &String| topics.tag(&Text::new(sentence, "")).iter().any(|tag| tag.topic == rule.name);
        let missed = rule.matches.iter().find(|sentence| !has(sentence));
        let wrong = rule.misses.iter().find(|sentence| has(sentence));
        let trouble = missed
            .map(|sentence| format!("does not match its own sentence: {sentence}"))
            .or_else(|| wrong.map(|sentence| format!("matches what it must not: {sentence}")));
        let count = rule.matches.len() + rule.misses.len();
        findings.push(Finding::new("topic", &*rule.name, trouble, format!("right about its {count} sentences")));
    }
    findings
}

// --- feeds ---

/// Asks every enabled feed once, as the screen does: conditional, one at a time within a domain, and not at
/// all those that asked to be left alone.
async fn look_at_feeds(config: &Arc<Config>, around: &Surroundings) -> Result<Vec<Finding>, Failure> {
    let now = (around.clock)();
    let mut stored = stored(around);
    // What is remembered of another address says nothing about this one.
    stored.retain(|state| config.feeds.iter().any(|feed| feed.name == state.feed && feed.url == state.url));
    cool_whole_places(config, &mut stored, now);
    let waits = |state: &FeedState| {
        state.history.trouble.is_some()
            && (state.is_stopped() || state.schedule.next_check.time().is_some_and(|at| at > now))
    };
    let (waiting, mut due): (Vec<_>, Vec<_>) = stored.into_iter().partition(waits);
    due.iter_mut().for_each(|state| state.schedule.next_check = NextCheck::Due);
    let enabled: Vec<Name> = config.feeds.iter().filter(|feed| feed.enabled).map(|feed| feed.name.clone()).collect();
    let mut heard: BTreeMap<Name, FeedState> = BTreeMap::new();
    for state in &waiting {
        heard.insert(state.feed.clone(), state.clone());
    }
    due.extend(waiting);
    ask_feeds(config, around, due, &enabled, &mut heard).await?;
    Ok(enabled.iter().map(|name| feed_finding(name, heard.get(name))).collect())
}

/// A place that asked for patience is left alone with all its feeds, whichever of them got the answer.
fn cool_whole_places(config: &Config, states: &mut Vec<FeedState>, now: Timestamp) {
    for feed in config.feeds.iter().filter(|feed| feed.enabled) {
        let Some(until) = cool_down(states, &feed.url, now) else { continue };
        let at = states.iter().position(|state| state.feed == feed.name).unwrap_or_else(|| {
            states.push(FeedState::new(feed.name.clone(), feed.url.clone()));
            states.len() - 1
        });
        if let Some(state) = states.get_mut(at) {
            state.schedule.next_check = state.schedule.next_check.not_before(until);
            state.history.trouble.get_or_insert(Trouble::LeftAlone);
        }
    }
}

async fn ask_feeds(
    config: &Arc<Config>,
    around: &Surroundings,
    states: Vec<FeedState>,
    enabled: &[Name],
    heard: &mut BTreeMap<Name, FeedState>,
) -> Done {
    let (events, mut inbox) = mpsc::channel(256);
    let (_wanted, config_seen) = watch::channel(config.clone());
    let (_orders, orders) = mpsc::channel(1);
    let (_, visits) = mpsc::channel(1);
    let deps = news::poll::Deps {
        http: Http::new(&config.network)?,
        clock: around.clock.clone(),
        config: config_seen,
        events,
        orders,
        visits,
        states,
        full: watch::channel(false).1,
        chance: Box::new(fastrand::f64),
    };
    let polling = news::poll::run(deps);
    tokio::pin!(polling);
    let end = tokio::time::sleep(PATIENCE);
    tokio::pin!(end);
    while enabled.iter().any(|name| !heard.contains_key(name)) {
        tokio::select! {
            done = &mut polling => return done.map_err(Failure::from),
            () = &mut end => return Ok(()),
            event = inbox.recv() => if let Some(Event::Feed(state)) = event {
                heard.insert(state.feed.clone(), *state);
                progress(heard.len(), enabled.len());
            },
        }
    }
    Ok(())
}

/// On a terminal, how far it is; wiped by what is printed next.
fn progress(done: usize, all: usize) {
    out::progress(&format!("{done} of {all} feeds asked"));
}

fn feed_finding(name: &Name, state: Option<&FeedState>) -> Finding {
    let Some(state) = state else {
        return Finding::new("feed", &**name, Some("no answer yet; asked last among its domain".into()), "");
    };
    let status = state.history.status.map(|status| status.to_string()).unwrap_or_default();
    let well = match state.history.repairs.is_empty() {
        true => status,
        false => format!("{status}, repaired: {}", state.history.repairs.join(", ")),
    };
    Finding::new("feed", &**name, state.history.trouble.as_ref().map(ToString::to_string), well)
}

// --- price sources ---

/// Asks each source that some symbol names for one price, be it the first of a chain or its last resort.
async fn look_at_sources(config: &Arc<Config>, around: &Surroundings) -> Result<Vec<Finding>, Failure> {
    let looks = market::SOURCES.iter().filter(|source| is_named(source, config)).map(|source| async move {
        match alone(source, config) {
            Some(config) => {
                Ok::<_, Failure>(source_findings(source, &prices::listen(&Arc::new(config), around).await?))
            }
            None => {
                Ok(vec![Finding::new("source", source.id, None, format!("not asked: {}", why_not(source, config)))])
            }
        }
    });
    Ok(futures_util::future::try_join_all(looks).await?.into_iter().flatten().collect())
}

fn is_named(source: &market::Source, config: &Config) -> bool {
    config.symbols.iter().any(|symbol| symbol.sources.iter().any(|name| &**name == source.id))
}

/// A configuration of one symbol that has this source alone. None: it is not to be asked.
fn alone(source: &market::Source, config: &Config) -> Option<Config> {
    let asks = |symbol: &&Symbol| market::chain::chain(symbol, config).any(|other| other.id == source.id);
    let symbol = config.symbols.iter().find(asks)?;
    let symbol = Symbol { sources: vec![source.id.into()], benchmark: None, ..symbol.clone() };
    Some(Config { symbols: vec![symbol], ..config.clone() })
}

fn why_not(source: &market::Source, config: &Config) -> &'static str {
    let settings = config.sources.get(source.id);
    match settings {
        Some(settings) if settings.enabled == Some(false) => "switched off in the config",
        _ if source.needs_key && source.key(config).is_none() => "it needs a key",
        _ => "it has none of the symbols that name it",
    }
}

fn source_findings(source: &market::Source, heard: &prices::Heard) -> Vec<Finding> {
    let reports: Vec<&SourceReport> = heard.reports.values().filter(|report| &*report.source == source.id).collect();
    // Whoever gave a price has answered, though its report may not have come before the price did.
    let gave_prices = heard.quotes.values().any(|quote| &*quote.source == source.id);
    match reports.is_empty() {
        true if gave_prices => vec![Finding::new("source", source.id, None, source.terms)],
        true => vec![Finding::new("source", source.id, Some("did not answer in time".into()), "")],
        false => reports.into_iter().map(|report| source_finding(source, report)).collect(),
    }
}

fn source_finding(source: &market::Source, report: &SourceReport) -> Finding {
    let trouble = match &report.outcome {
        Outcome::Well => None,
        Outcome::Blocked { refusal, until } => Some(format!("refuses us until {until} ({refusal})")),
        Outcome::Failed(failure) => Some(failure.to_string()),
    };
    let what = match report.capability {
        Capability::Socket => "pushed prices",
        Capability::Quote => "prices",
        Capability::Candles => "candles",
    };
    Finding::new("source", format!("{} {what}", source.id), trouble, source.terms)
}
