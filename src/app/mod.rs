//! The state, and the only code that changes it: [`App::update`] takes an event and the time and answers with effects.
//! No clock, no I/O: the same events at the same times give the same screen.
//!
//! | file | what it is |
//! |---|---|
//! | [`wire`], `stories`, `grouping`, `filtering`, `search` | the stories in memory and their rows; what is done with one; the group laid open; what is shown of them, and what the store has more |
//! | [`tape`], `pricing`, `prices`, [`flash`], [`failover`] | prices and candles; what a new one changes; the panel and its keys |
//! | [`movers`], [`why`], [`reaction`], [`correlations`], [`baseline`] | unusual moves and the stories around them; heat |
//! | [`alerts`], [`away`], `notices` | what has come true, what was missed, what the status line says |
//! | [`reading`] | the reader and the articles in it |
//! | [`health`], `clock` | how feeds and sources fare; a system clock that was set back |
//! | `input`, [`keymap`], [`command`], [`palette`], [`prompt`], `useful` | keys, commands by key and by name, the line that is typed, which commands do something now |
//! | `layout`, `popup`, `chart_cursor`, `mouse`, [`hit_map`] | panels, what lies over them, the chosen bar, the mouse and what it hits |
//! | `saves`, `saving`, `stored`, [`line`](mod@line) | what goes to disk, and what comes from it; a story as JSON |

pub(crate) mod alerts;
pub(crate) mod away;
pub(crate) mod baseline;
mod chart_cursor;
mod clock;
pub mod command;
pub(crate) mod correlations;
pub(crate) mod failover;
mod filtering;
pub(crate) mod flash;
mod grouping;
pub(crate) mod health;
pub(crate) mod hit_map;
mod input;
pub mod keymap;
mod layout;
pub(crate) mod line;
mod mouse;
pub mod movers;
mod notices;
pub(crate) mod palette;
mod popup;
mod prices;
mod pricing;
pub mod prompt;
pub(crate) mod reaction;
pub(crate) mod reading;
#[cfg(test)]
pub(crate) mod samples;
mod saves;
mod saving;
mod search;
mod stored;
mod stories;
pub(crate) mod tape;
#[cfg(test)]
mod tests;
mod useful;
pub(crate) mod why;
pub mod wire;

use std::sync::Arc;

use jiff::Timestamp;

use crate::config::{Config, shipped_keys};
use crate::domain::Name;
use crate::domain::feed::FeedState;
use crate::domain::group::GroupId;
pub use crate::domain::layout::Focus;
use crate::domain::price::{Series, SourceReport, Span, State};
use crate::domain::query::Asks;
use crate::domain::session::Calendar;
use crate::domain::setting::SettingError;
use crate::domain::story::{Marks, Story, StoryId};
use crate::domain::topic::{TopicRule, Topics};
use crate::event::{Effect, Event, ReplayPosition, StoreEffect, SystemEffect, TerminalEffect, Urgency};
use alerts::Alerts;
use away::Away;
use baseline::Baseline;
use chart_cursor::ChartCursor;
use failover::Failovers;
use flash::Flashes;
use health::Health;
use hit_map::HitMap;
use keymap::Keymap;
pub use layout::Arrangement;
use movers::Movers;
pub use notices::{Notice, Notices, Tone};
pub use popup::Popup;
use prompt::PromptState;
use reading::Reading;
use saves::{Saved, Saves};
use saving::save_prices;
use search::StoreSearch;
use tape::Tape;
use wire::{Arrival, Filter, Judges, Tagger, WINDOW, Wire};

/// The whole state.
#[derive(Debug)]
pub struct App {
    /// The configuration that applies now, replaced as a whole by [`Event::Config`].
    pub config: Arc<Config>,
    /// The time of the last event.
    pub now: Timestamp,
    /// Trading days and sessions, built from the closures in `config`.
    pub calendar: Calendar,
    /// The keys and the commands they give, and the chord that is being pressed.
    pub keymap: Keymap,
    /// The stories in memory and the rows that show them.
    pub wire: Wire,
    /// The prices and candles in memory.
    pub tape: Tape,
    /// How feeds and price sources are doing.
    pub health: Health,
    /// Symbols whose price now comes from another source.
    pub failovers: Failovers,
    /// Which panels are shown, and which of them receives the keys.
    pub arrangement: Arrangement,
    /// What lies over the panels, if anything.
    pub popup: Option<Popup>,
    /// The line being typed, while one is open, and the queries kept earlier.
    pub prompt: PromptState,
    /// The reader and the articles fetched for it.
    pub reading: Reading,
    /// What the status line says.
    pub notices: Notices,
    /// How far a replay has come; None outside a replay.
    pub replay: Option<ReplayPosition>,
    /// Still reading what is stored.
    pub loading: bool,
    /// Another newstape owns the data.
    pub read_only: bool,
    /// Whether newstape reacts to the mouse.
    pub mouse: bool,
    /// The terminal says that its background is light, or that it is not.
    pub light: Option<bool>,
    /// Unusual price moves.
    pub movers: Movers,
    baseline: Baseline,
    /// Prices highlighted because they have just changed.
    pub flashes: Flashes,
    /// The configured alerts, and those that have fired.
    pub alerts: Alerts,
    away: Away,
    chart_cursor: ChartCursor,
    tagger: Tagger,
    seen: HitMap,
    saves: Saves,
    /// The look into the store that belongs to the filter.
    search: StoreSearch,
    /// From then on the screen reads differently than it was drawn, though nothing arrived.
    reads_until: Timestamp,
}

impl App {
    /// The state before anything has happened: nothing is known yet but the configuration.
    pub fn new(config: Arc<Config>, now: Timestamp) -> App {
        let (topics, broken) = Topics::compile(&config.topics, &config.terms);
        App::with_topics(config, topics, &broken, now)
    }

    /// The same, before the topics are compiled, which takes longer than a frame may. Once [`Event::TopicsCompiled`] has
    /// come, it asks for what is stored.
    pub fn without_topics(config: Arc<Config>, now: Timestamp) -> App {
        let topics = Topics::uncompiled(&config.topics);
        App::with_topics(config, topics, &[], now)
    }

    fn with_topics(config: Arc<Config>, topics: Topics, broken: &[SettingError], now: Timestamp) -> App {
        let mut app = App {
            calendar: calendar(&config),
            mouse: config.screen.mouse,
            config: config.clone(),
            now,
            keymap: Keymap::default(),
            wire: Wire::default(),
            tape: Tape::default(),
            health: Health::default(),
            failovers: Failovers::default(),
            arrangement: Arrangement::default(),
            popup: None,
            prompt: PromptState::default(),
            reading: Reading::default(),
            notices: Notices::default(),
            replay: None,
            loading: true,
            read_only: false,
            light: None,
            movers: Movers::default(),
            baseline: Baseline::default(),
            flashes: Flashes::default(),
            alerts: Alerts::default(),
            away: Away::new(now),
            chart_cursor: ChartCursor::default(),
            tagger: Tagger::default(),
            seen: HitMap::default(),
            saves: Saves::default(),
            search: StoreSearch::default(),
            reads_until: now,
        };
        app.apply(config, topics, broken);
        app.look_ahead();
        app
    }

    /// The one door for change.
    pub fn update(&mut self, event: Event, now: Timestamp) -> Vec<Effect> {
        if let Event::ClockSetBack(by) = event {
            self.clock_set_back(by);
        }
        // A clock that was set back makes everything on screen read differently, too.
        let late = now >= self.reads_until || now < self.now;
        let minute = late && next_minute(self.now) != next_minute(now);
        self.now = now;
        if late {
            self.time_passed(minute);
        }
        let mut effects = self.take(event);
        self.wire.catch_up(now);
        if minute {
            effects.extend(self.alert_of_time());
        }
        if self.wire.is_out_of_order() {
            self.put_in_order();
        }
        if late {
            self.look_ahead();
            if !effects.iter().any(|effect| matches!(effect, Effect::Draw(_))) {
                effects.push(Effect::Draw(Urgency::Price));
            }
        }
        if self.read_only {
            effects.extend(self.say_unsaved(&effects));
        }
        effects.extend(save_prices(&self.tape, self.saves.overdue(now)).into_iter().map(Effect::Store));
        effects.extend(read_summaries(self.wire.summaries_to_read()));
        effects
    }

    fn take(&mut self, event: Event) -> Vec<Effect> {
        match event {
            Event::Terminal(event) => self.terminal(event),
            Event::TopicsCompiled(topics, broken) => self.topics_compiled(*topics, &broken),
            Event::Loaded(part) => self.loaded(part),
            Event::Found { number, stories, done } => self.found(number, stories, done),
            Event::Counted { stories, .. } => {
                self.count_in(&stories);
                vec![Effect::Draw(Urgency::Price)]
            }
            Event::ViewSaved { view, outcome } => self.view_saved(view, outcome),
            Event::Stories(stories) => self.stories(stories),
            Event::Feed(state) => self.feed(*state),
            Event::Article { story, outcome } => self.article(story, outcome),
            Event::Quote(quote) => self.quote(quote),
            Event::Series { span, series } => self.series(span, series),
            Event::Source(report) => self.source(report),
            Event::Unpriced(unpriced) => {
                self.tape.set_unpriced(unpriced);
                vec![Effect::Draw(Urgency::Price)]
            }
            Event::Config(config) => self.reload(config),
            Event::ConfigMistake(mistake) => {
                self.notices.config_mistake = Some(mistake);
                vec![Effect::Draw(Urgency::News)]
            }
            Event::AlertFailed { alert, why } => self.notify(Tone::Warning, format!("alert '{alert}': {why}")),
            Event::TaskFailed { task, why } => self.notices.task_failed(format!("{task} stopped: {why}")),
            Event::Summaries(found) => self.summaries(found),
            Event::Saved(at) => self.saved(at),
            Event::StoreTrouble(trouble) => {
                self.notices.store_trouble = Some(trouble);
                vec![Effect::Draw(Urgency::News)]
            }
            Event::StoreReplaced(sentence) => {
                self.notices.store_replaced = Some(sentence);
                self.save_all()
            }
            Event::StoreTaken => self.taken_over(),
            Event::Replay(position) => self.replayed(position),
            Event::Background { light } => {
                let is_news = self.light.replace(light) != Some(light);
                is_news.then_some(Effect::Draw(Urgency::Key)).into_iter().collect()
            }
            Event::Sift { count } => self.sift(count),
            Event::SuspendAsked => vec![Effect::System(SystemEffect::Suspend), Effect::Draw(Urgency::Key)],
            // Whoever had the terminal meanwhile wrote on it.
            Event::NotSuspended => self.notify(Tone::Info, "no shell waits here to suspend to".to_owned()),
            Event::Resumed => vec![Effect::Terminal(TerminalEffect::Repaint), Effect::Draw(Urgency::Key)],
            // Seen to before anything else.
            Event::ClockSetBack(_) | Event::Tick => Vec::new(),
        }
    }

    /// What the last frame showed and where: paging and the mouse need it.
    pub fn record_hit_map(&mut self, seen: HitMap) {
        self.wire.set_height(seen.wire.height.into());
        self.tape.set_rows(seen.price_rows.height.into());
        self.seen = seen;
        self.look_ahead();
    }

    /// When an update is wanted though nothing arrives: the screen reads differently (at the next full minute, when a
    /// price goes stale, when a notice ends), or a price waits to be saved. Always later than the last update.
    pub fn next_change(&self) -> Timestamp {
        self.saves.next().map_or(self.reads_until, |save| save.min(self.reads_until))
    }

    fn look_ahead(&mut self) {
        let minute = next_minute(self.now);
        let prices = self.tape.symbols().iter().filter_map(|symbol| self.turns_at(&symbol.name));
        let flash = self.flashes.next_end(self.now);
        self.reads_until =
            prices.chain(self.notices.ends_at()).chain(flash).filter(|at| *at > self.now).fold(minute, Timestamp::min);
    }

    /// When a price is not any more what it is said to be. Ages go with the minute, as those of stories do.
    fn turns_at(&self, symbol: &str) -> Option<Timestamp> {
        let (state, until) = self.price_state_until(symbol);
        until.filter(|_| !matches!(state, State::Stale { age: Some(_) } | State::Cached { age: Some(_) }))
    }

    /// What is on screen was true until now.
    fn time_passed(&mut self, minute: bool) {
        if self.notices.ends_at().is_some_and(|until| until <= self.now) {
            self.notices.pass();
        }
        if minute {
            // A query may ask for an age.
            self.refresh_moves();
            self.tape.put_in_order();
            self.judge_again(|asks| asks.time || asks.moves);
            self.baseline.prune(self.now);
            self.wire.refresh(self.now);
            self.put_in_order();
        }
    }

    /// Asks mutes and highlights again when they ask for what may have changed.
    fn judge_again(&mut self, asks: impl Fn(Asks) -> bool) {
        if asks(self.wire.judges_ask()) {
            self.wire.judge_all(self.now);
        }
    }

    /// The current rules, in the order of the files.
    pub fn topics(&self) -> &[TopicRule] {
        self.tagger.topics().rules()
    }

    /// The rule of a name.
    pub fn topic(&self, name: &str) -> Option<&TopicRule> {
        self.topics().iter().find(|rule| &*rule.name == name)
    }

    // --- what happens ---

    /// Nothing was tagged before this. A configuration that was reloaded meanwhile has brought its own topics.
    fn topics_compiled(&mut self, topics: Topics, broken: &[SettingError]) -> Vec<Effect> {
        if !self.tagger.topics().is_compiled() {
            self.apply(self.config.clone(), topics, broken);
        }
        let load = StoreEffect::Load { window: WINDOW as u32, stamp: self.stamp() };
        vec![Effect::Store(load), Effect::Draw(Urgency::News)]
    }

    fn stories(&mut self, stories: Vec<Story>) -> Vec<Effect> {
        self.count_in(&stories);
        let App { wire, tagger, now, .. } = self;
        let take = |wire: &mut Wire, story: &Story| match wire.paused() {
            true => wire.hold(story.clone()),
            // Most are: each poll brings the whole document again.
            false if wire.knows(story) => Arrival::Known,
            false => wire.take(story.clone(), Marks::default(), tagger, *now),
        };
        let arrived: Vec<(Story, Arrival)> = wire.in_batch(*now, |wire| {
            let arrived = stories.into_iter().map(|story| (take(wire, &story), story));
            arrived.filter(|(arrival, _)| *arrival != Arrival::Known).map(|(arrival, story)| (story, arrival)).collect()
        });
        let (mut fresh, mut placed, mut alerts) = (Vec::new(), Vec::new(), Vec::new());
        let shown = arrived.iter().any(|(_, arrival)| *arrival != Arrival::Beyond);
        for (story, arrival) in arrived {
            if arrival == Arrival::New {
                alerts.extend(self.alert_of_story(&story));
                placed.extend(self.wire.item(story.id).map(|item| (story.id, item.group)));
            }
            fresh.push(if arrival == Arrival::Edited { self.wire.as_edit(story) } else { story });
        }
        let mut effects = Vec::new();
        effects.extend((!fresh.is_empty()).then_some(Effect::Store(StoreEffect::SaveStories(fresh))));
        effects.extend(save_groups(placed));
        effects.extend(alerts);
        effects.extend(shown.then_some(Effect::Draw(Urgency::News)));
        effects
    }

    fn feed(&mut self, state: FeedState) -> Vec<Effect> {
        let before = self.health.summary(self.now);
        self.alerts.feed_polled(&state.feed, state.history.trouble.is_none());
        self.health.take_feed(state.clone());
        let changed = before != self.health.summary(self.now) || self.popup.as_ref().is_some_and(Popup::shows_health);
        let mut effects = vec![Effect::Store(StoreEffect::SaveFeed(Box::new(state)))];
        effects.extend(changed.then_some(Effect::Draw(Urgency::News)));
        effects
    }

    fn series(&mut self, span: Span, series: Series) -> Vec<Effect> {
        let symbol = series.symbol.clone();
        if !self.tape.take_series(span, series) {
            return Vec::new();
        }
        if self.replay.is_none() {
            self.saves.wants(Saved::Series(symbol, span));
        }
        vec![Effect::Draw(Urgency::Price)]
    }

    fn source(&mut self, report: SourceReport) -> Vec<Effect> {
        let before = self.health.source(&report.source, report.capability).map(|report| report.outcome.clone());
        let changed = before.as_ref() != Some(&report.outcome);
        self.health.take_source(report.clone());
        // A sign of life moves the time when a price goes stale; that alone is nothing to be seen.
        self.look_ahead();
        match changed {
            true => vec![Effect::Store(StoreEffect::SaveSource(report)), Effect::Draw(Urgency::News)],
            false if self.popup.as_ref().is_some_and(Popup::shows_health) => vec![Effect::Draw(Urgency::Price)],
            false => Vec::new(),
        }
    }

    fn reload(&mut self, mut config: Arc<Config>) -> Vec<Effect> {
        if !config.broken_themes.is_empty() {
            Arc::make_mut(&mut config).keep_from(&self.config);
        }
        let mouse = config.screen.mouse;
        let asks_for_mouse = mouse != self.config.screen.mouse && mouse != self.mouse;
        let charted = self.tape.charted();
        let counts = |config: &Config| (config.topics.clone(), config.terms.clone(), config.mutes.clone());
        let is_counted_so = counts(&config) == counts(&self.config);
        let (topics, broken) = Topics::compile(&config.topics, &config.terms);
        self.apply(config, topics, &broken);
        self.notices.config_mistake = None;
        let mut effects = match self.notices.has_config_warning() {
            true => {
                self.notices.pass();
                vec![Effect::Draw(Urgency::News)]
            }
            false => {
                let notice = self.reload_notice();
                self.notify(Tone::Info, notice)
            }
        };
        if asks_for_mouse {
            self.mouse = mouse;
            effects.push(Effect::Terminal(TerminalEffect::Mouse(mouse)));
        }
        effects.extend((!is_counted_so).then(|| self.baseline.recount(self.now)));
        if self.tape.charted() != charted {
            effects.extend(self.tape.chart_request());
        }
        effects
    }

    /// Applies a configuration; keeps the cursor, filter, marks and prices.
    fn apply(&mut self, config: Arc<Config>, topics: Topics, broken: &[SettingError]) {
        let (keymap, unusable) = Keymap::new(&config.keys, &shipped_keys());
        self.keymap.rebind(keymap);
        self.calendar = calendar(&config);
        self.tape.set_symbols(config.symbols.clone());
        self.health.set_feeds(config.feeds.clone());
        self.alerts.feeds_changed(&self.config, &config);
        self.alerts.set(&config);
        self.wire.set_judges(Judges::new(&config), self.now);
        self.retag(&config, topics);
        let later = broken.iter().chain(&unusable).map(|mistake| config.located(mistake));
        let mistakes: Vec<String> = config.warnings.iter().cloned().chain(later).collect();
        self.config = config;
        self.keep_popup_in_bounds();
        self.notices.set_config_warning(match mistakes.as_slice() {
            [] => None,
            [only] => Some(only.clone()),
            [first, others @ ..] => Some(format!("{first} (and {} more: newstape check)", others.len())),
        });
    }

    /// Tags anew when topics or the watchlist changed; a filter on a topic that is gone ends.
    fn retag(&mut self, config: &Config, topics: Topics) {
        let watchlist: Vec<Name> = config.symbols.iter().map(|symbol| symbol.name.clone()).collect();
        let changed = self.config.topics != config.topics
            || self.config.terms != config.terms
            || self.tagger.watchlist() != watchlist
            || self.tagger.topics().rules().is_empty()
            || !self.tagger.topics().is_compiled();
        if !changed {
            return;
        }
        self.tagger = Tagger::new(topics, watchlist);
        let filter = self.wire.filter();
        let gone = filter.topic.as_ref().is_some_and(|topic| self.topic(topic).is_none());
        if gone {
            self.wire.set_filter(Filter { topic: None, ..filter.clone() }, self.now);
        }
        self.wire.retag(&self.tagger, self.now);
    }

    fn replayed(&mut self, position: ReplayPosition) -> Vec<Effect> {
        let again = self.replay.is_some_and(|old| old.loops != position.loops);
        if again {
            self.wire.clear();
            self.tape.clear();
            self.movers.clear();
            self.baseline = Baseline::default();
            self.alerts.clear();
            self.reading.begin();
        }
        self.loading = false;
        self.replay = Some(position);
        vec![Effect::Draw(Urgency::Price)]
    }
}

/// What a key that changes the screen leads to at least.
fn drawn() -> Vec<Effect> {
    vec![Effect::Draw(Urgency::Key)]
}

/// Groups to be saved, if there are any.
fn save_groups(groups: Vec<(StoryId, GroupId)>) -> Option<Effect> {
    (!groups.is_empty()).then_some(Effect::Store(StoreEffect::SaveGroups(groups)))
}

/// Summaries to be read that are not in memory, if there are any.
fn read_summaries(wanted: Vec<StoryId>) -> Option<Effect> {
    (!wanted.is_empty()).then_some(Effect::Store(StoreEffect::ReadSummaries(wanted)))
}

/// The trading calendar of a configuration.
pub fn calendar(config: &Config) -> Calendar {
    let market = &config.market;
    Calendar::new(&market.extra_closures, &market.extra_early_closes, market.nights)
}

/// The next full minute.
fn next_minute(now: Timestamp) -> Timestamp {
    let second = now.as_second().div_euclid(60) * 60 + 60;
    Timestamp::from_second(second).unwrap_or(now)
}

/// Marks to be saved, if there are any.
fn save_marks(marks: Vec<(StoryId, Marks)>) -> Option<Effect> {
    (!marks.is_empty()).then_some(Effect::Store(StoreEffect::SaveMarks(marks)))
}
