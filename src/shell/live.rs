//! The screen in a terminal, live or replayed: starts what it needs, runs the loop, and puts everything back.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crossterm::clipboard::CopyToClipboard;
use crossterm::event::EventStream;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{broadcast, mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::clock::ReplayClock;
use super::day::Day;
use super::places::Places;
use super::replay::Plan;
use super::run::{World, run};
use super::tasks::Tasks;
use super::terminal::{Terminal, install_panic_hook};
use super::{looks, replay, signals, watch as config_watch};
use crate::app::App;
use crate::app::seen::Seen;
use crate::app::wire::WINDOW;
use crate::config::{Config, View};
use crate::domain::feed::FeedState;
use crate::domain::price::SourceReport;
use crate::event::{Clock, Effect, Event};
use crate::http::Http;
use crate::screen::theme::Theme;
use crate::store::Store;
use crate::{market, news, screen};

/// Events waiting for the loop; a source that is faster waits.
const EVENTS_WAITING: usize = 256;
const ORDERS_WAITING: usize = 32;
/// How long the end may take: tasks, then the store.
const TASKS_LIMIT: Duration = Duration::from_secs(2);
const STORE_LIMIT: Duration = Duration::from_secs(3);

/// What is shown.
#[derive(Debug)]
pub enum Show {
    Live,
    Replay { day: Day, plan: Plan },
}

/// Puts a view into a config file; the error is one sentence. Waits for the disk.
pub type SaveView = fn(&Path, &View) -> Result<(), String>;

/// Runs the screen until the reader quits. Views go into the config file through `save_view`.
///
/// # Errors
/// When the terminal can't be used, or something could not be saved at the end; the terminal is given back before.
pub async fn show(
    config: Arc<Config>,
    places: &Places,
    clock: Clock,
    show: Show,
    save_view: SaveView,
) -> anyhow::Result<()> {
    install_panic_hook(news::barrier::is_guarded);
    let stop = CancellationToken::new();
    let (events, mut inbox) = mpsc::channel(EVENTS_WAITING);
    let tasks = Tasks::new(events.clone());
    let (wanted, _) = watch::channel(config.clone());
    tasks.spawn("signals", signals::listen(stop.clone(), events.clone()));
    tasks.spawn("config", config_watch::watch(places.config.clone(), wanted.clone(), events.clone()));

    let replaying = match &show {
        Show::Live => None,
        Show::Replay { plan, .. } => Some(ReplayClock::new(plan.from, plan.speed)),
    };
    let clock = replaying.as_ref().map_or(clock, ReplayClock::clock);
    let data = replaying.is_none().then_some(places.data.as_path());
    let store = Store::open(data, config.store.keep, events.clone(), clock.clone())?;
    let (paused, pauses) = watch::channel(false);
    if let (Show::Replay { day, plan }, Some(replay_clock)) = (show, replaying.clone()) {
        let calendar = crate::app::calendar(&config);
        let watched = config.symbols.iter().map(|symbol| symbol.name.clone()).collect();
        tasks.spawn("replay", replay::play(day, plan, watched, replay_clock, calendar, events.clone(), pauses));
    } else {
        store.load(WINDOW as u32);
    }

    let mut app = App::new(config.clone(), clock());
    let mut stage = Stage {
        terminal: Terminal::enter(app.mouse)?,
        theme: looks::theme(&config, variable),
        themed: config,
        store,
        tasks: tasks.clone(),
        views: Views { config: places.config.clone(), save: save_view, events: events.clone() },
        sources: Sources::new(clock.clone(), wanted, events),
        clock: clock.clone(),
        replaying,
        paused,
    };
    tasks.spawn("trial", async {
        panic_on_trial("task");
        Ok(())
    });
    let ended = run(&mut app, &mut stage, &clock, EventStream::new(), &mut inbox, &stop).await;
    drop(inbox);
    tasks.shutdown(TASKS_LIMIT).await;
    let saved = stage.store.close(STORE_LIMIT);
    drop(stage);
    ended?;
    saved.map_err(anyhow::Error::msg)
}

/// A panic on purpose, for debug builds alone: `tests/terminal.rs` looks at what becomes of the terminal then.
fn panic_on_trial(place: &str) {
    let is_wanted = cfg!(debug_assertions) && variable("NEWSTAPE_TRIAL_PANIC").is_some_and(|wanted| wanted == place);
    assert!(!is_wanted, "asked for by a trial");
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Where effects are carried out.
struct Stage {
    terminal: Terminal,
    theme: Theme,
    /// The configuration that `theme` was made from.
    themed: Arc<Config>,
    store: Store,
    tasks: Tasks,
    sources: Sources,
    views: Views,
    clock: Clock,
    replaying: Option<ReplayClock>,
    paused: watch::Sender<bool>,
}

impl World for Stage {
    fn carry_out(&mut self, effect: Effect) -> Vec<Event> {
        let Some(effect) = self.store.carry_out(effect) else { return Vec::new() };
        match effect {
            Effect::Start { feeds, sources } => self.sources.start(&self.tasks, feeds, sources),
            Effect::RefreshFeeds(names) => self.sources.order_feeds(news::poll::Order::Refresh(names)),
            Effect::RefreshPrices => self.sources.order_prices(market::Order::Refresh),
            Effect::WantSeries { symbol, span } => {
                self.sources.order_prices(market::Order::WantSeries { symbol, span });
            }
            Effect::Open(link) => {
                self.tasks.spawn("browser", open(link));
            }
            Effect::SaveView(view) => {
                self.tasks.spawn("view", self.views.clone().take_in(view));
            }
            Effect::Copy(text) => {
                return trouble("clipboard", self.terminal.send(CopyToClipboard::to_clipboard_from(text)));
            }
            Effect::Mouse(on) => return trouble("mouse", self.terminal.set_mouse(on)),
            Effect::Repaint => self.terminal.repaint(),
            Effect::PauseReplay(paused) => {
                self.paused.send_replace(paused);
            }
            Effect::Suspend => return trouble("suspend", self.terminal.suspend()),
            _ => {}
        }
        Vec::new()
    }

    fn draw(&mut self, app: &App) -> io::Result<Seen> {
        if !Arc::ptr_eq(&app.config, &self.themed) {
            self.theme = looks::theme(&app.config, variable);
            self.themed = app.config.clone();
        }
        self.terminal.draw(|frame| {
            if app.popup.is_some() {
                panic_on_trial("drawing");
            }
            screen::draw(frame, app, &self.theme)
        })
    }

    fn wait_for(&self, time: Timestamp) -> Option<Duration> {
        match &self.replaying {
            Some(replaying) => replaying.wait_for(time),
            None => Some(time.duration_since((self.clock)()).max(SignedDuration::ZERO).unsigned_abs()),
        }
    }
}

/// Where views are saved.
#[derive(Clone)]
struct Views {
    config: PathBuf,
    save: SaveView,
    events: mpsc::Sender<Event>,
}

impl Views {
    async fn take_in(self, view: View) -> anyhow::Result<()> {
        let (config, save, saved) = (self.config, self.save, view.clone());
        let outcome = tokio::task::spawn_blocking(move || save(&config, &saved)).await?;
        Ok(self.events.send(Event::ViewSaved { view, outcome }).await?)
    }
}

/// What failed to be done, as an event.
fn trouble(what: &str, done: io::Result<()>) -> Vec<Event> {
    match done {
        Ok(()) => Vec::new(),
        Err(error) => vec![Event::TaskFailed { task: what.to_owned(), why: error.kind().to_string() }],
    }
}

/// Opens a link in the browser: as an argument, never through a shell, and nothing but http(s).
async fn open(link: String) -> anyhow::Result<()> {
    let url = url::Url::parse(&link)?;
    anyhow::ensure!(matches!(url.scheme(), "http" | "https"), "only web links are opened");
    tokio::task::spawn_blocking(move || open::that_detached(url.as_str()))
        .await?
        .map_err(|_| anyhow::anyhow!("no browser could be started; the link can be copied instead"))
}

/// Feeds and prices: started once everything stored has been read, and given orders afterwards.
struct Sources {
    clock: Clock,
    config: watch::Sender<Arc<Config>>,
    events: mpsc::Sender<Event>,
    feeds: Option<mpsc::Sender<news::poll::Order>>,
    prices: broadcast::Sender<market::Order>,
}

impl Sources {
    fn new(clock: Clock, config: watch::Sender<Arc<Config>>, events: mpsc::Sender<Event>) -> Sources {
        Sources { clock, config, events, feeds: None, prices: broadcast::channel(ORDERS_WAITING).0 }
    }

    /// In a task of its own: making the HTTP client reads the system's certificates, which takes a while.
    fn start(&mut self, tasks: &Tasks, states: Vec<FeedState>, reports: Vec<SourceReport>) {
        let (feeds, orders) = mpsc::channel(ORDERS_WAITING);
        self.feeds = Some(feeds);
        let (clock, events, price_orders) = (self.clock.clone(), self.events.clone(), self.prices.subscribe());
        let config = self.config.subscribe();
        let spawner = tasks.clone();
        tasks.spawn("sources", async move {
            let http = Http::new(&config.borrow().network)?;
            let random: Arc<dyn Fn() -> f64 + Send + Sync> = Arc::new(fastrand::f64);
            let market = market::Desk {
                http: http.clone(),
                clock: clock.clone(),
                config: config.clone(),
                events: events.clone(),
                orders: price_orders,
                reports,
                random: random.clone(),
            };
            for (name, work) in market::workers(market) {
                spawner.spawn(name, work);
            }
            spawner.spawn(
                "feeds",
                news::poll::run(news::poll::Desk {
                    http,
                    clock,
                    config,
                    events,
                    orders,
                    states,
                    chance: Box::new(fastrand::f64),
                }),
            );
            Ok(())
        });
    }

    /// An order that finds the queue full is one too many: the same was asked just before.
    fn order_feeds(&self, order: news::poll::Order) {
        if let Some(feeds) = &self.feeds {
            let _ = feeds.try_send(order);
        }
    }

    fn order_prices(&self, order: market::Order) {
        let _ = self.prices.send(order);
    }
}
