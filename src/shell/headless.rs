//! newstape without a screen: the same state, fed by the same sources, until the system asks it to end. Stories and alerts
//! are handed on as they come.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::alert_actions::AlertActions;
use super::live::{EVENTS_WAITING, STORE_LIMIT, TASKS_LIMIT};
use super::paths::Paths;
use super::sources::Sources;
use super::tasks::Tasks;
use super::world::{World, process};
use super::{signals, watch as config_watch};
use crate::app::App;
use crate::app::wire::{Item, WINDOW};
use crate::config::Config;
use crate::domain::story::StoryId;
use crate::event::{Clock, ClockWatch, Event, Raised, SourceEffect, StoreEffect, SystemEffect, TerminalEffect};
use crate::store::Store;

/// Something to print.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Said<'a> {
    /// A story that newstape has not had before.
    Story(&'a Item),
    /// An alert that has come true.
    Alert(&'a Raised),
    /// Something is wrong: one sentence.
    Trouble(&'a str),
}

/// Runs until asked to end, or until `say` fails: its reader has gone. With `alerts` they are raised as the screen does,
/// but for bell and notification.
///
/// # Errors
/// What `say` answers, or what could not be saved at the end.
pub(crate) async fn run<E: From<anyhow::Error>>(
    config: Arc<Config>,
    places: &Paths,
    clock: Clock,
    alerts: bool,
    mut say: impl FnMut(&App, Said) -> Result<(), E>,
) -> Result<(), E> {
    let stop = CancellationToken::new();
    let (events, mut inbox) = mpsc::channel(EVENTS_WAITING);
    let tasks = Tasks::new(events.clone());
    let (wanted, _) = watch::channel(config.clone());
    signals::end_on_demand(stop.clone()).map_err(anyhow::Error::from)?;
    tasks.spawn("signals", signals::listen(stop.clone(), events.clone()));
    tasks.spawn("config", config_watch::watch(places.config_files(), wanted.clone(), events.clone()));
    let store = Store::open(Some(&places.data), config.store.keep, events.clone(), clock.clone())
        .map_err(anyhow::Error::from)?;
    let mut app = App::new(config, clock());
    store.load(WINDOW as u32, app.stamp());
    let alert_actions = alerts.then(|| AlertActions::new(events.clone()));
    let sources = Sources::new(clock.clone(), wanted, events, store.full());
    let clock_watch = ClockWatch::new(clock());
    let mut hands = Hands {
        clock_watch,
        store,
        sources,
        tasks: tasks.clone(),
        config: app.config.clone(),
        alert_actions,
        placed: Vec::new(),
        raised: Vec::new(),
    };
    let ended = loop {
        let wait = app.next_change().duration_since(clock()).clamp(WAIT_MIN, WAIT_MAX).unsigned_abs();
        let event = tokio::select! {
            () = stop.cancelled() => break Ok(()),
            event = inbox.recv() => event.unwrap_or(Event::Tick),
            () = tokio::time::sleep(wait) => Event::Tick,
        };
        if let Err(gone) = hands.take(&mut app, event, &clock, &mut say) {
            break Err(gone);
        }
    };
    drop(inbox);
    app.last_saves().into_iter().for_each(|effect| hands.store.carry_out(effect));
    tasks.shutdown(TASKS_LIMIT).await;
    let saved = hands.store.close(STORE_LIMIT).map_err(anyhow::Error::msg);
    ended.and(saved.map_err(E::from))
}

/// Where effects are carried out.
struct Hands {
    clock_watch: ClockWatch,
    store: Store,
    sources: Sources,
    tasks: Tasks,
    /// The current configuration.
    config: Arc<Config>,
    /// None: no alert is raised.
    alert_actions: Option<AlertActions>,
    /// The stories and alerts of the event under way.
    placed: Vec<StoryId>,
    raised: Vec<Raised>,
}

impl World for Hands {
    fn store(&mut self, effect: StoreEffect) -> Vec<Event> {
        // New stories are placed in groups, edited ones are not.
        if let StoreEffect::SaveGroups(placed) = &effect {
            self.placed.extend(placed.iter().map(|(id, _)| *id));
        }
        self.store.carry_out(effect);
        Vec::new()
    }

    fn sources(&mut self, effect: SourceEffect) -> Vec<Event> {
        self.sources.carry_out(&self.tasks, effect);
        Vec::new()
    }

    /// There is none.
    fn terminal(&mut self, _: TerminalEffect) -> Vec<Event> {
        Vec::new()
    }

    fn system(&mut self, effect: SystemEffect) -> Vec<Event> {
        match effect {
            SystemEffect::Raise(alert) => {
                if let Some(alert_actions) = &self.alert_actions {
                    alert_actions.raise(&self.tasks, &self.config, Raised::clone(&alert));
                    self.raised.push(*alert);
                }
            }
            #[cfg(unix)]
            SystemEffect::Suspend => {
                let _ = signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP);
            }
            #[cfg(not(unix))]
            SystemEffect::Suspend => {}
            // Nobody asks for these without keys.
            SystemEffect::Open(_) | SystemEffect::SaveView(_) | SystemEffect::PauseReplay(_) => {}
        }
        Vec::new()
    }

    fn set_back(&mut self, now: Timestamp) -> Option<SignedDuration> {
        self.clock_watch.set_back(now)
    }
}

impl Hands {
    /// An event into the state, its effects out, and what is to be printed: printed last, so that whoever does not listen keeps
    /// nothing from being saved.
    fn take<E>(
        &mut self,
        app: &mut App,
        event: Event,
        clock: &Clock,
        say: &mut impl FnMut(&App, Said) -> Result<(), E>,
    ) -> Result<(), E> {
        let trouble = trouble(&event);
        let is_arrival = matches!(event, Event::Stories(_));
        let read_only = app.read_only;
        if let Event::Config(config) = &event {
            self.config = config.clone();
        }
        // No frame is drawn here, and nobody presses the key to quit.
        let _ = process(app, self, clock, event);
        while app.is_sifting() {
            let _ = process(app, self, clock, Event::Sift { count: 1 });
        }
        let placed = std::mem::take(&mut self.placed);
        let raised = std::mem::take(&mut self.raised);
        let ownership = match (read_only, app.read_only) {
            (false, true) => Some(READ_ONLY),
            (true, false) => Some(TAKEN),
            _ => None,
        };
        trouble.as_deref().into_iter().chain(ownership).try_for_each(|words| say(app, Said::Trouble(words)))?;
        let mut items = placed.into_iter().filter(|_| is_arrival).filter_map(|id| app.wire.item(id));
        items.try_for_each(|item| say(app, Said::Story(item)))?;
        raised.iter().try_for_each(|raised| say(app, Said::Alert(raised)))
    }
}

/// Time is looked at no more often than this, and no less: the system's clock may be set.
const WAIT_MIN: SignedDuration = SignedDuration::from_millis(50);
const WAIT_MAX: SignedDuration = SignedDuration::from_mins(1);

/// What is said when the data belongs to another newstape …
const READ_ONLY: &str = "Another newstape runs on this data: nothing is saved until that one ends.";
/// … and when it does no more.
const TAKEN: &str = "The other newstape has ended: this one saves from now on.";

/// What an event says is wrong.
fn trouble(event: &Event) -> Option<String> {
    match event {
        Event::StoreTrouble(trouble) | Event::StoreReplaced(trouble) | Event::ConfigMistake(trouble) => {
            Some(trouble.clone())
        }
        Event::AlertFailed { alert, why } => Some(format!("alert '{alert}': {why}")),
        Event::TaskFailed { task, why } => Some(format!("{task} stopped: {why}")),
        _ => None,
    }
}
