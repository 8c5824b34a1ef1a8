//! The run loop: events into the state, effects out into the world, frames when they are due.

use std::io;
use std::time::Duration;

use crossterm::event::Event as TerminalEvent;
use futures_util::{Stream, StreamExt};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::world::{World, process};
use crate::app::App;
use crate::app::hit_map::HitMap;
use crate::event::{Clock, Event, Urgency};

/// News is drawn at most this late.
const NEWS_FRAME: Duration = Duration::from_millis(33);
/// Prices alone draw at most five times a second: more is not seen, and a screen that is left open all day must be light.
const PRICE_FRAME: Duration = Duration::from_millis(200);
/// Events taken in at once, at most so many and for so long; between two batches a key gets its turn.
const BATCH: usize = 32;
const BATCH_TIME: Duration = Duration::from_millis(8);
/// A slow filter is asked for so long between two keys, about so many at once at most.
const SIFT_TIME: Duration = Duration::from_millis(8);
const SIFTED_MAX: usize = 1 << 12;
/// Of keys that come faster than they can be drawn, every so manieth is drawn all the same.
const KEYS_UNDRAWN: usize = 32;
/// A tick is never asked for sooner than this …
const TICK_MIN: Duration = Duration::from_millis(50);
/// … nor later: the system's clock may be set, and stands still for a machine that sleeps.
const TICK_MAX: Duration = Duration::from_mins(1);

/// A world with a screen.
pub(crate) trait Screen: World {
    /// Draws a frame.
    ///
    /// # Errors
    /// When the terminal can't be written to: it is gone.
    fn draw(&mut self, app: &App) -> io::Result<HitMap>;
    /// How long until the clock shows a time; None while it stands still.
    fn wait_for(&self, time: jiff::Timestamp) -> Option<Duration>;
}

/// When the next frame is due.
#[derive(Debug, Default)]
struct Frames {
    last: Option<Instant>,
    due: Option<Instant>,
    /// Keys taken in since the last frame.
    keys: usize,
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

    /// A key came before the frame of the one before was drawn. True when a frame must not wait any longer.
    fn key(&mut self) -> bool {
        self.keys += 1;
        self.due.is_some() && self.keys >= KEYS_UNDRAWN
    }

    fn drawn(&mut self, now: Instant) {
        *self = Frames { last: Some(now), ..Frames::default() };
    }
}

/// Runs until the reader quits or `stop` is cancelled.
///
/// # Errors
/// When the terminal can't be read or drawn on.
pub(crate) async fn run<W: Screen>(
    app: &mut App,
    world: &mut W,
    clock: &Clock,
    mut terminal: impl Stream<Item = io::Result<TerminalEvent>> + Unpin,
    events: &mut mpsc::Receiver<Event>,
    stop: &CancellationToken,
) -> io::Result<()> {
    let mut running = Loop { app, world, clock, stop, frames: Frames::default(), sifted: 1 };
    running.draw()?;
    loop {
        let due = running.frames.due;
        let tick = running.world.wait_for(running.app.next_change()).map(|wait| wait.clamp(TICK_MIN, TICK_MAX));
        tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(()),
            input = terminal.next() => match input {
                Some(event) => running.input(event?)?,
                // The terminal is gone.
                None => return Ok(()),
            },
            () = until(due), if due.is_some() => running.draw()?,
            () = std::future::ready(()), if running.app.is_sifting() => {
                running.sift();
                if let Ok(event) = events.try_recv() {
                    running.batch(event, events);
                }
            }
            event = events.recv() => match event {
                Some(event) => running.batch(event, events),
                None => return Ok(()),
            },
            () = tokio::time::sleep(tick.unwrap_or_default()), if tick.is_some() => running.take(Event::Tick),
        }
    }
}

async fn until(due: Option<Instant>) {
    if let Some(due) = due {
        tokio::time::sleep_until(due).await;
    }
}

/// What the loop brings together.
struct Loop<'a, W> {
    app: &'a mut App,
    world: &'a mut W,
    clock: &'a Clock,
    stop: &'a CancellationToken,
    frames: Frames,
    /// How much a slow filter is asked about at once.
    sifted: usize,
}

impl<W: Screen> Loop<'_, W> {
    fn draw(&mut self) -> io::Result<()> {
        let seen = self.world.draw(self.app)?;
        self.app.record_hit_map(seen);
        self.frames.drawn(Instant::now());
        Ok(())
    }

    fn input(&mut self, event: TerminalEvent) -> io::Result<()> {
        self.take(Event::Terminal(event));
        self.sift();
        if self.frames.key() { self.draw() } else { Ok(()) }
    }

    /// Asks a slow filter for a moment; how much at once goes by how long it took.
    fn sift(&mut self) {
        let started = Instant::now();
        while self.app.is_sifting() && started.elapsed() < SIFT_TIME {
            let step = Instant::now();
            self.take(Event::Sift { count: self.sifted });
            match step.elapsed() {
                took if took < SIFT_TIME / 4 => self.sifted = (self.sifted * 2).min(SIFTED_MAX),
                took if took > SIFT_TIME / 2 => self.sifted = (self.sifted / 2).max(1),
                _ => {}
            }
        }
    }

    /// Takes in an event and those behind it, as long as that holds nothing up.
    fn batch(&mut self, first: Event, events: &mut mpsc::Receiver<Event>) {
        let started = Instant::now();
        self.take(first);
        for _ in 1..BATCH {
            if started.elapsed() >= BATCH_TIME || self.stop.is_cancelled() {
                return;
            }
            let Ok(event) = events.try_recv() else { return };
            self.take(event);
        }
    }

    /// An event into the state; its effects, and the events that follow from them, out.
    fn take(&mut self, event: Event) {
        let asked = process(self.app, self.world, self.clock, event);
        if let Some(urgency) = asked.frame {
            self.frames.ask(urgency, Instant::now());
        }
        if asked.quit {
            self.stop.cancel();
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use futures_util::stream;
    use jiff::{SignedDuration, Timestamp};
    use tokio::sync::mpsc::UnboundedSender;

    use super::*;
    use crate::app::samples::{config, key, minute, quote, report, seen, story};
    use crate::domain::price::{Capability, Outcome, Refusal};
    use crate::event::{ClockWatch, Effect, Loaded, SourceEffect, StoreEffect, SystemEffect, TerminalEffect};

    /// What the loop did to the world, and when.
    #[derive(Clone, Debug, PartialEq)]
    enum Did {
        Frame,
        Effect(Box<Effect>),
    }

    struct Fake {
        started: Instant,
        did: Vec<(Duration, Did)>,
        clock: Clock,
        /// The clock stands still, as a paused replay's does.
        stands: bool,
        gone: bool,
        clock_watch: ClockWatch,
    }

    impl World for Fake {
        fn store(&mut self, effect: StoreEffect) -> Vec<Event> {
            self.does(Effect::Store(effect))
        }

        fn sources(&mut self, effect: SourceEffect) -> Vec<Event> {
            self.does(Effect::Sources(effect))
        }

        fn terminal(&mut self, effect: TerminalEffect) -> Vec<Event> {
            let fails = matches!(effect, TerminalEffect::Copy(_));
            let failed = Event::TaskFailed { task: "clipboard".into(), why: "no terminal".into() };
            self.does(Effect::Terminal(effect)).into_iter().chain(fails.then_some(failed)).collect()
        }

        fn system(&mut self, effect: SystemEffect) -> Vec<Event> {
            self.does(Effect::System(effect))
        }

        fn set_back(&mut self, now: Timestamp) -> Option<SignedDuration> {
            self.clock_watch.set_back(now)
        }
    }

    impl Fake {
        fn does(&mut self, effect: Effect) -> Vec<Event> {
            self.did.push((self.started.elapsed(), Did::Effect(Box::new(effect))));
            Vec::new()
        }
    }

    impl Screen for Fake {
        fn draw(&mut self, _: &App) -> io::Result<HitMap> {
            if self.gone {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            self.did.push((self.started.elapsed(), Did::Frame));
            Ok(seen())
        }

        fn wait_for(&self, time: Timestamp) -> Option<Duration> {
            let wait = time.duration_since((self.clock)()).max(SignedDuration::ZERO);
            (!self.stands).then(|| wait.unsigned_abs())
        }
    }

    /// A loop to be run, and the ends that feed it.
    struct Trial {
        app: App,
        world: Fake,
        keys: UnboundedSender<Event>,
        typed: mpsc::UnboundedReceiver<Event>,
        events: mpsc::Sender<Event>,
        inbox: mpsc::Receiver<Event>,
        stop: CancellationToken,
    }

    impl Trial {
        fn new() -> Trial {
            let started = Instant::now();
            let clock: Clock = Arc::new(move || minute(0) + started.elapsed());
            let (keys, typed) = mpsc::unbounded_channel();
            let (events, inbox) = mpsc::channel(256);
            let mut app = App::new(Arc::new(config()), minute(0));
            app.update(Event::Loaded(Loaded { done: true, ..Loaded::default() }), minute(0));
            let world = Fake {
                started,
                did: Vec::new(),
                clock,
                stands: false,
                gone: false,
                clock_watch: ClockWatch::new(minute(0)),
            };
            Trial { app, world, keys, typed, events, inbox, stop: CancellationToken::new() }
        }

        /// Runs until it ends by itself, or for so long, while something happens beside it.
        async fn run(&mut self, long: Duration, beside: impl Future<Output = ()>) -> Option<io::Result<()>> {
            let typed = &mut self.typed;
            let terminal = stream::unfold(typed, async |typed| match typed.recv().await? {
                Event::Terminal(event) => Some((Ok(event), typed)),
                _ => Some((Err(io::ErrorKind::Other.into()), typed)),
            });
            let clock = self.world.clock.clone();
            let run = run(&mut self.app, &mut self.world, &clock, Box::pin(terminal), &mut self.inbox, &self.stop);
            let both = async { tokio::join!(tokio::time::timeout(long, run), beside).0 };
            both.await.ok()
        }

        fn frames(&self) -> Vec<Duration> {
            self.world.did.iter().filter(|(_, did)| *did == Did::Frame).map(|(at, _)| *at).collect()
        }
    }

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn a_flood_of_prices_draws_five_times_a_second() {
        let mut trial = Trial::new();
        let (events, clock) = (trial.events.clone(), trial.world.clock.clone());
        let mut sent = 0;
        let flood = async {
            for _ in 0..1_000 {
                for at in 0..100 {
                    events.send(Event::Quote(quote("BTC-USD", 97_000.0 + f64::from(at), clock()))).await.unwrap();
                    sent += 1;
                }
                tokio::time::sleep(millis(1)).await;
            }
        };
        assert!(trial.run(SECOND, flood).await.is_none());
        let frames = trial.frames();
        assert!((5..=7).contains(&frames.len()), "{frames:?}");
        assert!(frames.windows(2).all(|pair| pair[1].checked_sub(pair[0]).unwrap() >= PRICE_FRAME), "{frames:?}");
        assert_eq!(sent, 100_000);
        let saved = trial.world.did.iter().filter(|(_, did)| name(did) == "SaveQuote").count();
        assert_eq!(saved, 1, "one a second");
    }

    #[tokio::test(start_paused = true)]
    async fn news_is_drawn_within_33_ms_also_amid_prices() {
        let mut trial = Trial::new();
        let (events, clock) = (trial.events.clone(), trial.world.clock.clone());
        let started = trial.world.started;
        let mut sent = Vec::new();
        let news = async {
            for at in 0..300 {
                events.send(Event::Quote(quote("BTC-USD", 97_000.0, clock()))).await.unwrap();
                if at % 7 == 0 {
                    sent.push(started.elapsed());
                    events.send(Event::Stories(vec![story(at, -1)])).await.unwrap();
                }
                tokio::time::sleep(millis(3)).await;
            }
        };
        trial.run(SECOND, news).await;
        let frames = trial.frames();
        for at_once in sent {
            let drawn = frames.iter().find(|at| **at >= at_once).unwrap();
            assert!((*drawn).checked_sub(at_once).unwrap() <= millis(33), "sent at {at_once:?}, drawn at {drawn:?}");
        }
        assert!(frames.len() <= 31, "no more than needed: {}", frames.len());
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_comes_before_a_full_queue_and_is_drawn_at_once() {
        let mut trial = Trial::new();
        trial.app.update(Event::Stories(vec![story(1, -1)]), minute(0));
        for at in 0..256 {
            trial.events.try_send(Event::Quote(quote(["NVDA", "BTC-USD"][at % 2], 1.0, minute(0)))).unwrap();
        }
        trial.keys.send(key("s")).unwrap();
        trial.run(millis(1), async {}).await;
        let did: Vec<&str> = trial.world.did.iter().map(|(_, did)| name(did)).collect();
        assert_eq!(did[..4], ["frame", "SaveMarks", "frame", "SaveQuote"]);
        assert!(trial.world.did.iter().all(|(at, _)| *at < millis(1)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_amid_a_flood_waits_for_one_batch_at_most() {
        let mut trial = Trial::new();
        trial.app.update(Event::Stories(vec![story(1, -1)]), minute(0));
        let (events, keys) = (trial.events.clone(), trial.keys.clone());
        let beside = async move {
            for at in 0..10_000 {
                events.send(Event::Stories(vec![story(10 + at, -2)])).await.unwrap();
                if at == 5_000 {
                    keys.send(key("s")).unwrap();
                }
            }
        };
        trial.run(millis(1), beside).await;
        let star = trial.world.did.iter().position(|(_, did)| name(did) == "SaveMarks").unwrap();
        let before = trial.world.did[..star].iter().filter(|(_, did)| name(did) == "SaveStories").count();
        assert!((4_700..=5_000 + BATCH).contains(&before), "{before}");
        assert_eq!(name(&trial.world.did[star + 1].1), "frame");
    }

    fn name(did: &Did) -> &'static str {
        let Did::Effect(effect) = did else { return "frame" };
        match **effect {
            Effect::Store(StoreEffect::SaveMarks(_)) => "SaveMarks",
            Effect::Store(StoreEffect::SaveQuote(_)) => "SaveQuote",
            Effect::Store(StoreEffect::SaveStories(_)) => "SaveStories",
            _ => "other",
        }
    }

    #[tokio::test(start_paused = true)]
    async fn with_nothing_to_do_a_frame_a_minute() {
        let mut trial = Trial::new();
        for (at, symbol) in (0..).zip(["NVDA", "BTC-USD", "ETH-USD", "SOL-USD"]) {
            let stale = minute(-30) + SignedDuration::from_secs(at * 13);
            trial.app.update(Event::Quote(quote(symbol, 100.0, stale)), minute(0));
        }
        trial.app.update(Event::Tick, minute(0));
        let (events, clock) = (trial.events.clone(), trial.world.clock.clone());
        let life = async move {
            for _ in 0..120 {
                let report = report("coinbase", Capability::Candles, clock(), Outcome::Well);
                events.send(Event::Source(report)).await.unwrap();
                tokio::time::sleep(millis(5_000)).await;
            }
        };
        trial.run(Duration::from_mins(10), life).await;
        let frames = trial.frames();
        // The first frame, the source that is well now, and one a minute.
        assert!((10..=12).contains(&frames.len()), "{frames:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_stands_still_asks_for_nothing() {
        let mut trial = Trial::new();
        trial.world.stands = true;
        trial.run(Duration::from_hours(1), async {}).await;
        assert_eq!(trial.frames().len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_is_set_back_is_noticed_within_a_minute() {
        let mut trial = Trial::new();
        let started = trial.world.started;
        trial.world.clock = Arc::new(move || {
            let back =
                if started.elapsed() > 10 * SECOND { SignedDuration::from_hours(5) } else { SignedDuration::ZERO };
            minute(0) + started.elapsed() - back
        });
        let blocked = Outcome::Blocked { refusal: Refusal::by_status("yahoo", 429), until: minute(1) };
        trial.app.update(Event::Source(report("yahoo", Capability::Quote, minute(0), blocked)), minute(0));
        trial.run(Duration::from_secs(125), async {}).await;
        assert!(trial.app.health.block("yahoo", trial.app.now).is_none(), "it was for a minute, not for five hours");
        assert!((3..=4).contains(&trial.frames().len()), "{:?}", trial.frames());
    }

    #[tokio::test(start_paused = true)]
    async fn keys_without_end_are_drawn_now_and_then() {
        let mut trial = Trial::new();
        trial.app.update(Event::Stories((0..100).map(|id| story(id, id as i64 - 200)).collect()), minute(0));
        for _ in 0..3_200 {
            trial.keys.send(key("j")).unwrap();
        }
        trial.run(millis(1), async {}).await;
        assert!((100..=102).contains(&trial.frames().len()), "{}", trial.frames().len());
    }

    #[tokio::test(start_paused = true)]
    async fn what_an_effect_leads_to_is_taken_in_at_once() {
        let mut trial = Trial::new();
        trial.app.update(Event::Stories(vec![story(1, -1)]), minute(0));
        trial.keys.send(key("y")).unwrap();
        trial.run(millis(1), async {}).await;
        assert_eq!(trial.app.notices.current.as_ref().unwrap().text, "clipboard stopped: no terminal");
    }

    #[tokio::test(start_paused = true)]
    async fn the_run_ends_when_it_should() {
        let ended = async |prepare: fn(&mut Trial)| {
            let mut trial = Trial::new();
            prepare(&mut trial);
            let ended = trial.run(SECOND, async {}).await;
            ended.map(|ended| ended.map_err(|error| error.kind()))
        };
        assert_eq!(ended(|_| {}).await, None, "by itself never");
        assert_eq!(ended(|trial| trial.stop.cancel()).await, Some(Ok(())), "stopped");
        assert_eq!(ended(|trial| trial.keys.send(key("q")).unwrap()).await, Some(Ok(())), "quit");
        assert_eq!(ended(|trial| trial.typed.close()).await, Some(Ok(())), "the terminal is gone");
        assert_eq!(ended(|trial| trial.inbox.close()).await, Some(Ok(())), "nobody sends any more");
        let broken = |trial: &mut Trial| trial.keys.send(Event::Tick).unwrap();
        assert_eq!(ended(broken).await, Some(Err(io::ErrorKind::Other)), "the terminal can't be read");
        assert_eq!(ended(|trial| trial.world.gone = true).await, Some(Err(io::ErrorKind::BrokenPipe)), "nor drawn on");
    }

    #[tokio::test(start_paused = true)]
    async fn stopping_does_not_wait_for_what_is_queued() {
        let mut trial = Trial::new();
        for at in 0..256 {
            trial.events.try_send(Event::Stories(vec![story(at, -1)])).unwrap();
        }
        trial.keys.send(key("q")).unwrap();
        assert!(trial.run(SECOND, async {}).await.is_some());
        assert!(trial.world.did.iter().all(|(_, did)| name(did) != "SaveStories"));
    }
}
