//! The screen in a terminal, live or replayed: starts what it needs, runs the loop, and puts everything back.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crossterm::clipboard::CopyToClipboard;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::alert_actions::AlertActions;
use super::clock::ReplayClock;
use super::input;
use super::notify::{Bell, Notification};
use super::paths::Paths;
use super::record::Recorder;
use super::recording::Recording;
use super::replay::Plan;
use super::run::{Screen, run};
use super::sources::Sources;
use super::tasks::Tasks;
use super::terminal::{AskBackground, Terminal, install_panic_hook, is_gone};
use super::world::World;
use super::{browser, replay, signals, terminal_theme, watch as config_watch};
use crate::app::App;
use crate::app::hit_map::HitMap;
use crate::config::{Config, View};
use crate::domain::alert::Action;
use crate::domain::topic::Topics;
use crate::event::{Clock, ClockWatch, Event, Raised, SourceEffect, StoreEffect, SystemEffect, TerminalEffect};
use crate::screen::theme::Theme;
use crate::store::Store;
use crate::{news, screen};

/// Events waiting for the loop; a source that is faster waits.
pub(super) const EVENTS_WAITING: usize = 256;
/// How long the end may take: tasks, then the store.
pub(super) const TASKS_LIMIT: Duration = Duration::from_secs(2);
pub(super) const STORE_LIMIT: Duration = Duration::from_secs(3);

/// What becomes of an article in a replay.
const RECORDED: &str = "a recorded day has no articles; the browser may have it";

/// What is shown.
#[derive(Debug)]
pub(crate) enum Show {
    /// With a folder the day is recorded into it.
    Live {
        record: Option<PathBuf>,
    },
    Replay {
        day: Recording,
        plan: Plan,
    },
}

/// Puts a view into a config file; the error is one sentence. Waits for the disk.
pub(crate) type SaveView = fn(&Path, &View) -> Result<(), String>;

/// Runs the screen until the reader quits. Views go into the config file through `save_view`.
///
/// # Errors
/// When the terminal can't be used, or something could not be saved at the end; the terminal is given back before.
pub(crate) async fn show(
    config: Arc<Config>,
    places: &Paths,
    clock: Clock,
    show: Show,
    save_view: SaveView,
) -> anyhow::Result<()> {
    install_panic_hook(news::panic_guard::is_catching);
    let stop = CancellationToken::new();
    let (events, mut inbox) = mpsc::channel(EVENTS_WAITING);
    let tasks = Tasks::new(events.clone());
    let (wanted, _) = watch::channel(config.clone());
    heed_signals(&tasks, &stop, &events)?;
    tasks.spawn("config", config_watch::watch(places.config_files(), wanted.clone(), events.clone()));

    let is_first_run = matches!(show, Show::Live { .. }) && !Store::is_there(&places.data);
    let replaying = show.clock();
    let clock = replaying.as_ref().map_or(clock, ReplayClock::clock);
    let data = replaying.is_none().then_some(places.data.as_path());
    let store = Store::open(data, config.store.keep, events.clone(), clock.clone())?;
    let recorder = show.begin_recording(&clock)?;
    let (paused, pauses) = watch::channel(false);
    let mut app = if let (Show::Replay { day, plan }, Some(replay_clock)) = (show, replaying.clone()) {
        let calendar = crate::app::calendar(&config);
        let watched = config.symbols.iter().map(|symbol| symbol.name.clone()).collect();
        tasks.spawn("replay", replay::play(day, plan, watched, replay_clock, calendar, events.clone(), pauses));
        App::new(config.clone(), clock())
    } else {
        tasks.spawn("topics", compile_topics(config.clone(), events.clone()));
        App::without_topics(config.clone(), clock())
    };
    app.notices.greeting = is_first_run.then(|| places.greeting());
    let mut stage = Stage {
        terminal: Terminal::enter(app.mouse)?,
        theme: terminal_theme::theme(&config, None, variable),
        themed: config,
        light: None,
        recorder,
        tasks: tasks.clone(),
        views: Views { config: places.config.clone(), save: save_view, events: events.clone() },
        alert_actions: AlertActions::new(events.clone()),
        sources: Sources::new(clock.clone(), wanted, events.clone(), store.full()),
        store,
        clock: clock.clone(),
        clock_watch: ClockWatch::new(clock()),
        replaying,
        reads_only: false,
        paused,
    };
    tasks.spawn("trial", trial());
    let keys = Box::pin(input::listen(events)?);
    let ended = unless_gone(run(&mut app, &mut stage, &clock, keys, &mut inbox, &stop).await);
    drop(inbox);
    tasks.shutdown(TASKS_LIMIT).await;
    let saved = stage.save_and_close(&mut app);
    let recorded = stage.recorder.take().map_or(Ok(()), Recorder::end);
    drop(stage);
    ended?;
    saved.and(recorded).map_err(anyhow::Error::msg)
}

/// The first frame does not wait for it.
async fn compile_topics(config: Arc<Config>, events: mpsc::Sender<Event>) -> anyhow::Result<()> {
    let (topics, mistakes) = Topics::compile(&config.topics, &config.terms);
    events.send(Event::TopicsCompiled(Box::new(topics), mistakes)).await?;
    Ok(())
}

fn heed_signals(tasks: &Tasks, stop: &CancellationToken, events: &mpsc::Sender<Event>) -> io::Result<()> {
    signals::end_on_demand(stop.clone())?;
    tasks.spawn("signals", signals::listen(stop.clone(), events.clone()));
    Ok(())
}

/// A terminal that is gone ends the program, and nobody is left to read anything.
fn unless_gone(ended: io::Result<()>) -> io::Result<()> {
    ended.or_else(|error| if is_gone(&error) { Ok(()) } else { Err(error) })
}

impl Show {
    /// The clock of a recorded day.
    fn clock(&self) -> Option<ReplayClock> {
        match self {
            Show::Live { .. } => None,
            Show::Replay { plan, .. } => Some(ReplayClock::new(plan.from, plan.speed)),
        }
    }

    fn begin_recording(&self, clock: &Clock) -> anyhow::Result<Option<Recorder>> {
        let Show::Live { record: Some(dir) } = self else { return Ok(None) };
        let begun = Recorder::begin(dir, clock.clone()).map_err(|error| {
            let why = match error.is::<io::Error>() {
                true => "it is no folder that can be written".to_owned(),
                false => error.to_string(),
            };
            anyhow::anyhow!("no day can be recorded in {}: {why}", dir.display())
        });
        begun.map(Some)
    }
}

/// A panic on purpose, for debug builds alone: `tests/terminal.rs` looks at what becomes of the terminal then.
fn panic_on_trial(place: &str) {
    let is_wanted = cfg!(debug_assertions) && variable("NEWSTAPE_TRIAL_PANIC").is_some_and(|wanted| wanted == place);
    assert!(!is_wanted, "asked for by a trial");
}

#[expect(clippy::unused_async, reason = "a task is a future")]
async fn trial() -> anyhow::Result<()> {
    panic_on_trial("task");
    Ok(())
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
    /// What the terminal had said of its background then.
    light: Option<bool>,
    store: Store,
    recorder: Option<Recorder>,
    tasks: Tasks,
    sources: Sources,
    views: Views,
    alert_actions: AlertActions,
    clock: Clock,
    clock_watch: ClockWatch,
    replaying: Option<ReplayClock>,
    /// Another newstape owns the data.
    reads_only: bool,
    paused: watch::Sender<bool>,
}

impl World for Stage {
    fn store(&mut self, effect: StoreEffect) -> Vec<Event> {
        let events = self.record(&effect);
        self.store.carry_out(effect);
        events
    }

    fn sources(&mut self, effect: SourceEffect) -> Vec<Event> {
        match effect {
            SourceEffect::FetchArticle { story, .. } if self.replaying.is_some() => {
                vec![Event::Article { story, outcome: Err(RECORDED.to_owned()) }]
            }
            effect => {
                self.sources.carry_out(&self.tasks, effect);
                Vec::new()
            }
        }
    }

    fn terminal(&mut self, effect: TerminalEffect) -> Vec<Event> {
        match effect {
            TerminalEffect::Copy(text) => {
                trouble("clipboard", self.terminal.send(CopyToClipboard::to_clipboard_from(text)))
            }
            TerminalEffect::Mouse(on) => trouble("mouse", self.terminal.set_mouse(on)),
            TerminalEffect::Repaint => {
                self.terminal.repaint();
                Vec::new()
            }
            TerminalEffect::AskBackground => trouble("terminal", self.terminal.send(AskBackground)),
        }
    }

    fn system(&mut self, effect: SystemEffect) -> Vec<Event> {
        match effect {
            SystemEffect::Raise(raised) => return self.raise(*raised),
            SystemEffect::Open(link) => {
                let wanted = self.themed.screen.open.clone();
                self.tasks.spawn("browser", browser::open(link, wanted, variable("BROWSER")));
            }
            SystemEffect::SaveView(view) => {
                self.tasks.spawn("view", self.views.clone().take_in(view));
            }
            SystemEffect::PauseReplay(paused) => {
                self.paused.send_replace(paused);
            }
            SystemEffect::Suspend => match self.terminal.suspend() {
                Ok(true) => {}
                Ok(false) => return vec![Event::NotSuspended],
                Err(error) => return trouble("suspend", Err(error)),
            },
        }
        Vec::new()
    }

    fn set_back(&mut self, now: Timestamp) -> Option<SignedDuration> {
        if self.replaying.is_some() { None } else { self.clock_watch.set_back(now) }
    }
}

impl Screen for Stage {
    fn draw(&mut self, app: &App) -> io::Result<HitMap> {
        self.reads_only = app.read_only;
        if !Arc::ptr_eq(&app.config, &self.themed) || app.light != self.light {
            self.theme = terminal_theme::theme(&app.config, app.light, variable);
            self.themed = app.config.clone();
            self.light = app.light;
        }
        self.terminal.set_title(screen::title(app))?;
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

impl Stage {
    fn save_and_close(&self, app: &mut App) -> Result<(), String> {
        app.last_saves().into_iter().for_each(|effect| self.store.carry_out(effect));
        self.store.close(STORE_LIMIT)
    }

    /// Notes an effect, where a day is recorded.
    fn record(&mut self, effect: &StoreEffect) -> Vec<Event> {
        let is_well = self.recorder.as_ref().is_none_or(|recorder| recorder.note(effect));
        if is_well { Vec::new() } else { self.recording_broke_off() }
    }

    /// Said at once: whoever records a day does not want to hear of it in the evening.
    fn recording_broke_off(&mut self) -> Vec<Event> {
        let why = self.recorder.take().map_or(Ok(()), Recorder::end).err().unwrap_or_default();
        vec![Event::TaskFailed { task: "the recording".to_owned(), why }]
    }

    /// Tells of an alert: on the terminal, and as the config says of it.
    fn raise(&mut self, raised: Raised) -> Vec<Event> {
        // A recorded day is no reason to wake anybody; and what another newstape owns, that one tells of.
        if self.replaying.is_some() || self.reads_only {
            return Vec::new();
        }
        let by = self.themed.alerting.notify_by;
        let (mut rings, mut notification) = (false, None);
        for action in &raised.actions {
            match action {
                // It is on the screen.
                Action::Line => {}
                Action::Bell => rings = true,
                Action::Notify => {
                    notification = Notification::new(by, variable, &raised.alert, &raised.text);
                    // Where the terminal knows no notification the bell is better than nothing.
                    rings |= notification.is_none();
                }
            }
        }
        let mut done = if rings { trouble("bell", self.terminal.send(Bell)) } else { Vec::new() };
        if let Some(notification) = notification {
            done.extend(trouble("notification", self.terminal.send(notification)));
        }
        self.alert_actions.raise(&self.tasks, &self.themed, raised);
        done
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
