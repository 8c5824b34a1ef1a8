//! Plays a recorded day: its stories as they were published, its prices bar by bar, by a clock that can run fast.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;
use tokio::sync::{mpsc, watch};

use super::clock::ReplayClock;
use super::day::{Day, arrival, bar_end};
use crate::domain::price::{Candle, Delivery, Kind, Quote, Series, Session, Span, kind};
use crate::domain::session::Calendar;
use crate::domain::story::Story;
use crate::event::{Event, ReplayPosition, STORIES_AT_ONCE};

/// The progress line moves this often.
const POSITION_EVERY: Duration = Duration::from_millis(500);
/// How long the end of the day stands before it begins again.
const REST: Duration = Duration::from_secs(5);

/// How a day is played.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// What is older is there at once.
    pub from: Timestamp,
    /// Seconds of the day for each second that passes; positive.
    pub speed: f64,
    /// Begin again at the end.
    pub again: bool,
}

/// Something that happens at a time of the day.
#[derive(Clone, Debug)]
enum Cue {
    Story(Story),
    /// A bar of a series begins, at its open.
    Open {
        series: usize,
        bar: usize,
    },
    /// A bar of a series has ended, at its close.
    Close {
        series: usize,
        bar: usize,
    },
}

/// A day in the order in which it happens.
#[derive(Debug)]
struct Script {
    series: Vec<Series>,
    cues: Vec<(Timestamp, Cue)>,
    from: Timestamp,
    to: Timestamp,
}

/// A story arrives when it was published, and that is when it is first seen here.
fn story_cue(mut story: Story) -> (Timestamp, Cue) {
    let time = arrival(&story);
    story.first_seen = time;
    (time, Cue::Story(story))
}

/// Plays until the events are no longer wanted.
///
/// # Errors
/// None of its own: the signature is that of a task.
pub async fn play(
    day: Day,
    plan: Plan,
    clock: ReplayClock,
    calendar: Calendar,
    events: mpsc::Sender<Event>,
    mut paused: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let script = Script::new(day, plan.from);
    for loops in 0.. {
        clock.set(script.from);
        let position = |clock: &ReplayClock| ReplayPosition {
            from: script.from,
            to: script.to,
            speed: plan.speed,
            paused: clock.paused(),
            loops,
        };
        events.send(Event::Replay(position(&clock))).await?;
        let mut at = script.begin(&calendar, &events).await?;
        while at < script.cues.len() {
            wait_for(script.cues[at].0, &clock, &mut paused, &events, &position).await?;
            at = script.send_due(at, clock.now(), &calendar, &events).await?;
        }
        if !plan.again {
            clock.pause(true);
            events.send(Event::Replay(position(&clock))).await?;
            return Ok(());
        }
        tokio::time::sleep(REST).await;
    }
    Ok(())
}

/// Waits until the clock shows a time, telling the position meanwhile and minding the pause.
async fn wait_for(
    time: Timestamp,
    clock: &ReplayClock,
    paused: &mut watch::Receiver<bool>,
    events: &mpsc::Sender<Event>,
    position: &impl Fn(&ReplayClock) -> ReplayPosition,
) -> anyhow::Result<()> {
    loop {
        let wait = clock.wait_for(time);
        if wait == Some(Duration::ZERO) {
            return Ok(());
        }
        tokio::select! {
            changed = paused.changed() => {
                changed?;
                clock.pause(*paused.borrow_and_update());
                events.send(Event::Replay(position(clock))).await?;
            }
            () = tokio::time::sleep(wait.unwrap_or_default().min(POSITION_EVERY)), if wait.is_some() => {
                events.send(Event::Replay(position(clock))).await?;
            }
        }
    }
}

impl Script {
    fn new(day: Day, from: Timestamp) -> Script {
        let mut cues: Vec<(Timestamp, Cue)> = day.stories.into_iter().map(story_cue).collect();
        for (at, series) in day.series.iter().enumerate() {
            for (bar, candle) in series.bars.iter().enumerate() {
                cues.push((candle.time, Cue::Open { series: at, bar }));
                cues.push((bar_end(candle, series.interval), Cue::Close { series: at, bar }));
            }
        }
        cues.sort_by_key(|(time, cue)| (*time, matches!(cue, Cue::Open { .. })));
        let to = cues.last().map_or(from, |(time, _)| *time);
        Script { series: day.series, cues, from, to }
    }

    /// Sends what is older than the start: stories, bars, and the last prices. Answers the first cue to come.
    async fn begin(&self, calendar: &Calendar, events: &mpsc::Sender<Event>) -> anyhow::Result<usize> {
        for series in &self.series {
            let ended = series.bars.partition_point(|bar| bar_end(bar, series.interval) <= self.from);
            let past = Series { bars: series.bars[..ended].to_vec(), ..series.clone() };
            events.send(Event::Series { span: Span::Day, series: past }).await?;
            if let Some(last) = ended.checked_sub(1) {
                let bar = series.bars[last];
                events.send(quote(series, last, bar.close, bar_end(&bar, series.interval), calendar)).await?;
            }
        }
        let begun = self.cues.partition_point(|(time, _)| *time <= self.from);
        let mut stories: Vec<Story> = Vec::new();
        for (_, cue) in &self.cues[..begun] {
            if let Cue::Story(story) = cue {
                stories.push(story.clone());
            }
        }
        // The newest first: the screen shows them while the rest is still coming.
        stories.reverse();
        for part in stories.chunks(STORIES_AT_ONCE) {
            events.send(Event::Stories(part.to_vec())).await?;
        }
        Ok(begun)
    }

    /// Sends every cue that is due; answers the first that is not.
    async fn send_due(
        &self,
        mut at: usize,
        now: Timestamp,
        calendar: &Calendar,
        events: &mpsc::Sender<Event>,
    ) -> anyhow::Result<usize> {
        while let Some((time, cue)) = self.cues.get(at).filter(|(time, _)| *time <= now) {
            match cue {
                Cue::Story(story) => events.send(Event::Stories(vec![story.clone()])).await?,
                Cue::Open { series, bar } => {
                    let series = &self.series[*series];
                    events.send(quote(series, *bar, series.bars[*bar].open, *time, calendar)).await?;
                }
                Cue::Close { series, bar } => {
                    let series = &self.series[*series];
                    let ended = Series { bars: vec![series.bars[*bar]], ..series.clone() };
                    events.send(Event::Series { span: Span::Day, series: ended }).await?;
                    events.send(quote(series, *bar, series.bars[*bar].close, *time, calendar)).await?;
                }
            }
            at += 1;
        }
        Ok(at)
    }
}

/// The price at a moment of a bar. Its base is the recording's own: the previous session's close of an equity, the
/// price of 24 hours before of a coin; None where the recording does not reach back.
fn quote(series: &Series, bar: usize, price: f64, time: Timestamp, calendar: &Calendar) -> Event {
    let decimal = |price: f64| Decimal::from_f64(price).unwrap_or_default().round_dp(6).normalize();
    let session = match kind(&series.symbol) {
        Kind::Crypto => Session::Always,
        // The price at the end of a bar belongs to the session it traded in.
        Kind::Equity => calendar.session(series.bars[bar].time),
    };
    Event::Quote(Quote {
        symbol: series.symbol.clone(),
        price: decimal(price),
        currency: "USD".into(),
        base: base(series, bar, time, calendar).map(|bar| decimal(bar.close)),
        source: series.source.clone(),
        session,
        exchange_time: Some(time),
        received_time: time,
        delivery: Delivery::Replayed(Duration::from_secs(series.interval.into())),
        extended: None,
    })
}

fn base<'a>(series: &'a Series, bar: usize, time: Timestamp, calendar: &Calendar) -> Option<&'a Candle> {
    let limit = match kind(&series.symbol) {
        Kind::Crypto => time - SignedDuration::from_hours(24),
        Kind::Equity => calendar.last_close(calendar.day(calendar.date(series.bars[bar].time))?.open),
    };
    let ended = series.bars.partition_point(|bar| bar_end(bar, series.interval) <= limit);
    series.bars.get(ended.checked_sub(1)?)
}
