//! The state, and the only code that changes it: [`App::update`] takes an event and the time and answers with effects.
//! No clock, no I/O: the same events at the same times give the same screen.

pub mod command;
pub mod health;
mod input;
pub mod keymap;
pub mod prompt;
pub mod seen;
pub mod tape;
pub mod wire;

use std::collections::HashMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::config::Config;
use crate::domain::Name;
use crate::domain::price::{Quote, SourceReport, State, state};
use crate::domain::session::Calendar;
use crate::domain::story::{Marks, Story};
use crate::domain::topic::{TopicRule, Topics};
use crate::event::{Effect, Event, Loaded, ReplayPosition, Urgency};
use health::Health;
use keymap::Keymap;
use prompt::Prompt;
use seen::Seen;
use tape::Tape;
use wire::{Arrival, Item, Tagger, Wire};

/// How long a passing notice stays, in seconds of whoever reads it.
const NOTICE_SECONDS: f64 = 8.0;
/// A price is written to disk at most this often for each symbol.
const SAVE_PRICE_EVERY: SignedDuration = SignedDuration::from_secs(1);

/// What the keys go to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Focus {
    #[default]
    Wire,
    Reader,
    Tape,
}

/// What lies over the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Popup {
    Help {
        scroll: usize,
    },
    /// Feeds and sources; the cursor is on this line.
    Feeds {
        cursor: usize,
    },
}

/// A line for the reader of the screen, in the status line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub text: String,
    pub tone: Tone,
    /// None: until something better is known.
    pub until: Option<Timestamp>,
}

/// How a notice is meant, and so its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Info,
    Warning,
}

/// The whole state.
#[derive(Debug)]
pub struct App {
    pub config: Arc<Config>,
    /// The time of the last event.
    pub now: Timestamp,
    pub calendar: Calendar,
    pub keymap: Keymap,
    pub wire: Wire,
    pub tape: Tape,
    pub health: Health,
    pub focus: Focus,
    pub popup: Option<Popup>,
    pub prompt: Option<Prompt>,
    /// First line shown in the reader.
    pub reader_scroll: usize,
    pub notice: Option<Notice>,
    /// The config file can't be used: stays until it can.
    pub config_mistake: Option<String>,
    pub store_trouble: Option<String>,
    pub replay: Option<ReplayPosition>,
    /// Still reading what is stored.
    pub loading: bool,
    /// Another newstape owns the data.
    pub read_only: bool,
    pub mouse: bool,
    tagger: Tagger,
    seen: Seen,
    price_saved: HashMap<Name, Timestamp>,
}

impl App {
    /// The state before anything has happened: nothing is known yet but the configuration.
    pub fn new(config: Arc<Config>, now: Timestamp) -> App {
        let mut app = App {
            calendar: calendar(&config),
            mouse: config.screen.mouse,
            config: config.clone(),
            now,
            keymap: Keymap::default(),
            wire: Wire::default(),
            tape: Tape::default(),
            health: Health::default(),
            focus: Focus::default(),
            popup: None,
            prompt: None,
            reader_scroll: 0,
            notice: None,
            config_mistake: None,
            store_trouble: None,
            replay: None,
            loading: true,
            read_only: false,
            tagger: Tagger::default(),
            seen: Seen::default(),
            price_saved: HashMap::new(),
        };
        app.apply(config);
        app
    }

    /// The one door for change.
    pub fn update(&mut self, event: Event, now: Timestamp) -> Vec<Effect> {
        self.now = now;
        match event {
            Event::Terminal(event) => self.terminal(event),
            Event::Loaded(part) => self.loaded(part),
            Event::Stories(stories) => self.stories(stories),
            Event::Feed(state) => {
                self.health.take_feed(state.clone());
                vec![Effect::SaveFeed(state), Effect::Draw(Urgency::News)]
            }
            Event::Quote(quote) => self.quote(quote),
            Event::Series { span, series } => match self.tape.take_series(span, series.clone()) {
                true => vec![Effect::SaveSeries { span, series }, Effect::Draw(Urgency::Price)],
                false => Vec::new(),
            },
            Event::Source(report) => self.source(report),
            Event::Config(config) => self.reload(config),
            Event::ConfigMistake(mistake) => {
                self.config_mistake = Some(mistake);
                vec![Effect::Draw(Urgency::News)]
            }
            Event::TaskFailed { task, why } => self.notify(Tone::Warning, format!("{task} stopped: {why}")),
            Event::Saved(_) => self.saved(),
            Event::StoreTrouble(trouble) => {
                self.store_trouble = Some(trouble);
                vec![Effect::Draw(Urgency::News)]
            }
            Event::Replay(position) => self.replayed(position),
            Event::SuspendAsked => vec![Effect::Suspend, Effect::Draw(Urgency::Key)],
            Event::Resumed => vec![Effect::Repaint, Effect::Draw(Urgency::Key)],
            Event::Tick => self.tick(),
        }
    }

    /// What the last frame showed and where: paging and the mouse need it.
    pub fn saw(&mut self, seen: Seen) {
        self.seen = seen;
    }

    /// When the screen will read differently though nothing arrives: at the next full minute (ages), when a price goes
    /// stale, when a notice ends.
    pub fn next_change(&self) -> Timestamp {
        let minute = next_minute(self.now);
        let prices = self.tape.symbols().iter().filter_map(|symbol| self.price_state_until(&symbol.name).1);
        let notice = self.notice.as_ref().and_then(|notice| notice.until);
        prices.chain(notice).filter(|at| *at > self.now).fold(minute, Timestamp::min)
    }

    /// The rules in force, in the order of the files.
    pub fn topics(&self) -> &[TopicRule] {
        self.tagger.topics.rules()
    }

    /// The rule of a name.
    pub fn topic(&self, name: &str) -> Option<&TopicRule> {
        self.topics().iter().find(|rule| &*rule.name == name)
    }

    /// The state of a symbol's price, and when it will read differently by itself.
    pub fn price_state(&self, symbol: &str) -> State {
        self.price_state_until(symbol).0
    }

    fn price_state_until(&self, symbol: &str) -> (State, Option<Timestamp>) {
        let quote = self.tape.quote(symbol);
        let block = quote.map_or_else(|| self.first_source(symbol), |quote| Some(quote.source.clone()));
        let block = block.and_then(|source| self.health.block(&source, self.now));
        state(quote, quote.and_then(|quote| self.health.alive(&quote.source)), block, &self.calendar, self.now)
    }

    /// The configured first source of a symbol.
    fn first_source(&self, symbol: &str) -> Option<Name> {
        let symbol = self.tape.symbols().iter().find(|other| &*other.name == symbol)?;
        symbol.sources.first().cloned()
    }

    /// The largest move since a time among the symbols bound to a story, in per cent.
    pub fn largest_move<'a>(&self, item: &'a Item, since: Timestamp) -> Option<(&'a Name, f64)> {
        let moves =
            item.tagged.closest.iter().filter_map(|symbol| Some((symbol, self.tape.since(symbol, since)?.percent)));
        moves.max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))
    }

    // --- what happens ---

    fn loaded(&mut self, part: Loaded) -> Vec<Effect> {
        for (story, marks) in part.stories {
            if !self.wire.remember(&story, marks) {
                self.wire.take(story, marks, &self.tagger, self.now);
            }
        }
        self.health.restore(part.feeds);
        self.health.restore_sources(part.sources);
        for quote in part.quotes {
            self.tape.take_quote(quote);
        }
        for (span, series) in part.series {
            self.tape.take_series(span, series);
        }
        self.read_only |= part.read_only;
        let mut effects = vec![Effect::Draw(Urgency::News)];
        if part.done && std::mem::take(&mut self.loading) {
            let feeds = self.health.feed_states().cloned().collect();
            effects.push(Effect::Start { feeds, sources: self.health.sources().cloned().collect() });
        }
        effects
    }

    fn stories(&mut self, stories: Vec<Story>) -> Vec<Effect> {
        let mut fresh = Vec::new();
        for story in stories {
            if self.wire.paused() {
                self.wire.hold(story.clone(), Marks::default());
                fresh.push(story);
            } else if self.wire.take(story.clone(), Marks::default(), &self.tagger, self.now) != Arrival::Known {
                fresh.push(story);
            }
        }
        match fresh.is_empty() {
            true => Vec::new(),
            false => vec![Effect::SaveStories(fresh), Effect::Draw(Urgency::News)],
        }
    }

    fn quote(&mut self, quote: Quote) -> Vec<Effect> {
        if !self.tape.take_quote(quote.clone()) {
            return Vec::new();
        }
        let mut effects = vec![Effect::Draw(Urgency::Price)];
        let saved = self.price_saved.get(&quote.symbol);
        if saved.is_none_or(|at| self.now.duration_since(*at) >= SAVE_PRICE_EVERY) {
            self.price_saved.insert(quote.symbol.clone(), self.now);
            effects.push(Effect::SaveQuote(quote));
        }
        effects
    }

    fn source(&mut self, report: SourceReport) -> Vec<Effect> {
        let before = self.health.source(&report.source, report.capability).map(|report| report.outcome.clone());
        let changed = before.as_ref() != Some(&report.outcome);
        self.health.take_source(report.clone());
        match changed {
            true => vec![Effect::SaveSource(report), Effect::Draw(Urgency::News)],
            // A heartbeat: it moves the time when a price goes stale, nothing that is on screen.
            false if self.popup.is_some() => vec![Effect::Draw(Urgency::Price)],
            false => Vec::new(),
        }
    }

    fn reload(&mut self, config: Arc<Config>) -> Vec<Effect> {
        let warnings = config.warnings.len();
        let first = config.warnings.first().cloned();
        self.apply(config);
        self.config_mistake = None;
        match first {
            None => self.notify(Tone::Info, "config reloaded".into()),
            Some(first) if warnings == 1 => self.warn_of_config(first),
            Some(first) => self.warn_of_config(format!("{first} (and {} more: newstape check)", warnings - 1)),
        }
    }

    /// Warnings of the config stay until it is saved again: what they name is not in force.
    fn warn_of_config(&mut self, text: String) -> Vec<Effect> {
        self.notice = Some(Notice { text, tone: Tone::Warning, until: None });
        vec![Effect::Draw(Urgency::News)]
    }

    /// Puts a configuration in force, keeping place, filter, marks and prices.
    fn apply(&mut self, config: Arc<Config>) {
        let (topics, broken) = Topics::compile(&config.topics, &config.terms);
        let (keymap, unusable) = Keymap::new(&config.keys);
        self.keymap = keymap;
        self.calendar = calendar(&config);
        self.tape.set_symbols(config.symbols.clone());
        self.health.set_feeds(config.feeds.clone());
        let watchlist: Vec<Name> = config.symbols.iter().map(|symbol| symbol.name.clone()).collect();
        let retag = self.config.topics != config.topics
            || self.config.terms != config.terms
            || self.tagger.watchlist != watchlist
            || self.tagger.topics.rules().is_empty();
        if retag {
            self.tagger = Tagger { topics, watchlist };
            self.wire.retag(&self.tagger, self.now);
        }
        let mistakes = config.warnings.iter().cloned().chain(broken).chain(unusable);
        let mistakes: Vec<String> = mistakes.collect();
        self.config = config;
        self.notice = mistakes.first().map(|first| Notice { text: first.clone(), tone: Tone::Warning, until: None });
    }

    fn saved(&mut self) -> Vec<Effect> {
        match self.store_trouble.take() {
            Some(_) => vec![Effect::Draw(Urgency::News)],
            None => Vec::new(),
        }
    }

    fn replayed(&mut self, position: ReplayPosition) -> Vec<Effect> {
        let again = self.replay.is_some_and(|old| old.loops != position.loops);
        if again {
            self.wire.clear();
            self.tape.clear();
        }
        self.loading = false;
        self.replay = Some(position);
        vec![Effect::Draw(Urgency::Price)]
    }

    fn tick(&mut self) -> Vec<Effect> {
        if self.notice.as_ref().and_then(|notice| notice.until).is_some_and(|until| until <= self.now) {
            self.notice = None;
        }
        vec![Effect::Draw(Urgency::Price)]
    }

    fn notify(&mut self, tone: Tone, text: String) -> Vec<Effect> {
        // The clock of a replay runs at its speed; the reader does not.
        let speed = self.replay.map_or(1.0, |position| position.speed);
        let until = self.now + SignedDuration::from_millis((NOTICE_SECONDS * speed * 1000.0) as i64);
        self.notice = Some(Notice { text, tone, until: Some(until) });
        vec![Effect::Draw(Urgency::News)]
    }
}

/// The trading calendar of a configuration.
pub fn calendar(config: &Config) -> Calendar {
    let market = &config.market;
    Calendar::new(&market.extra_closures, &market.extra_early_closes, market.overnight)
}

/// The next full minute.
fn next_minute(now: Timestamp) -> Timestamp {
    let second = now.as_second().div_euclid(60) * 60 + 60;
    Timestamp::from_second(second).unwrap_or(now)
}
