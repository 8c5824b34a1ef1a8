//! The run loop: events into the state, effects out into the world, frames when they are due.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use crossterm::event::Event as TerminalEvent;
use futures_util::{Stream, StreamExt};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::app::seen::Seen;
use crate::event::{Clock, Effect, Event, Urgency};

/// News is drawn at most this late.
const NEWS_FRAME: Duration = Duration::from_millis(33);
/// Prices alone draw at most ten times a second.
const PRICE_FRAME: Duration = Duration::from_millis(100);
/// Events taken in at once; between two batches a key gets its turn.
const BATCH: usize = 32;
/// A tick is never asked for sooner than this.
const TICK_MIN: Duration = Duration::from_millis(50);

/// What the run loop does to the world.
pub trait World {
    /// Carries an effect out; must not wait for disk or network. Events that follow from it at once are answered.
    fn carry_out(&mut self, effect: Effect) -> Vec<Event>;
    /// Draws a frame.
    ///
    /// # Errors
    /// When the terminal can't be written to: it is gone.
    fn draw(&mut self, app: &App) -> io::Result<Seen>;
    /// How long until the clock shows a time; None while it stands still.
    fn wait_for(&self, time: jiff::Timestamp) -> Option<Duration>;
}

/// When the next frame is due.
#[derive(Debug, Default)]
struct Frames {
    last: Option<Instant>,
    due: Option<Instant>,
}

impl Frames {
    fn ask(&mut self, urgency: Urgency, now: Instant) {
        let gap = match urgency {
            Urgency::Key => Duration::ZERO,
            Urgency::News => NEWS_FRAME,
            Urgency::Price => PRICE_FRAME,
        };
        let due = self.last.map_or(now, |last| (last + gap).max(now));
        self.due = Some(self.due.map_or(due, |old| old.min(due)));
    }

    fn drawn(&mut self, now: Instant) {
        *self = Frames { last: Some(now), due: None };
    }
}

/// Runs until the reader quits or `stop` is cancelled.
///
/// # Errors
/// When the terminal can't be read or drawn on.
pub async fn run<W: World>(
    app: &mut App,
    world: &mut W,
    clock: &Clock,
    mut terminal: impl Stream<Item = io::Result<TerminalEvent>> + Unpin,
    events: &mut mpsc::Receiver<Event>,
    stop: &CancellationToken,
) -> io::Result<()> {
    let mut frames = Frames::default();
    let mut batch = Vec::with_capacity(BATCH);
    draw(app, world, &mut frames)?;
    loop {
        let due = frames.due;
        let tick = world.wait_for(app.next_change()).map(|wait| wait.max(TICK_MIN));
        tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(()),
            input = terminal.next() => match input {
                Some(event) => take(app, world, clock, &mut frames, Event::Terminal(event?), stop),
                // The terminal is gone.
                None => return Ok(()),
            },
            () = until(due), if due.is_some() => draw(app, world, &mut frames)?,
            count = events.recv_many(&mut batch, BATCH) => {
                if count == 0 {
                    return Ok(());
                }
                for event in batch.drain(..) {
                    take(app, world, clock, &mut frames, event, stop);
                }
            }
            () = tokio::time::sleep(tick.unwrap_or_default()), if tick.is_some() => {
                take(app, world, clock, &mut frames, Event::Tick, stop);
            }
        }
    }
}

async fn until(due: Option<Instant>) {
    if let Some(due) = due {
        tokio::time::sleep_until(due).await;
    }
}

fn draw<W: World>(app: &mut App, world: &mut W, frames: &mut Frames) -> io::Result<()> {
    let seen = world.draw(app)?;
    app.saw(seen);
    frames.drawn(Instant::now());
    Ok(())
}

/// An event into the state; its effects, and the events that follow from them, out.
fn take<W: World>(
    app: &mut App,
    world: &mut W,
    clock: &Clock,
    frames: &mut Frames,
    event: Event,
    stop: &CancellationToken,
) {
    let mut waiting = VecDeque::from([event]);
    while let Some(event) = waiting.pop_front() {
        for effect in app.update(event, clock()) {
            match effect {
                Effect::Draw(urgency) => frames.ask(urgency, Instant::now()),
                Effect::Quit => stop.cancel(),
                effect => waiting.extend(world.carry_out(effect)),
            }
        }
    }
}
