//! Plays a recorded day: its stories as they were published, its prices bar by bar, by a clock that can run fast.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;
use tokio::sync::{mpsc, watch};

use super::clock::ReplayClock;
use super::recording::{Recording, arrival};
use crate::domain::Name;
use crate::domain::price::{Candle, Delivery, Extended, Kind, Quote, Series, Session, Span, kind};
use crate::domain::session::{Calendar, TradingDay};
use crate::domain::story::Story;
use crate::event::{Event, ReplayPosition, STORIES_AT_ONCE};

/// The progress line moves this often.
const POSITION_EVERY: Duration = Duration::from_millis(500);
/// How long the end of the day stands before it begins again.
const REST: Duration = Duration::from_secs(5);
/// The price of 24 hours ago may be older by this many bars; across a longer gap there is none.
const BASE_AGE_BARS: i64 = 3;

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
    Story(Box<Story>),
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
    series: Vec<Played>,
    cues: Vec<(Timestamp, Cue)>,
    from: Timestamp,
    to: Timestamp,
}

/// A series under the name that the watchlist has for it.
#[derive(Clone, Debug)]
struct Played {
    series: Series,
    /// What its prices are in, as its own name says.
    currency: Name,
}

/// What a coin is priced in where it is meant in dollars: recordings name one pair, watchlists another.
const DOLLARS: [&str; 3] = ["USD", "USDT", "USDC"];

/// Series as the watchlist names them. A coin that has no series of its own takes that of its pair with another kind of
/// dollar; what the prices are in stays noted. One that nobody watches keeps its name.
fn named(series: Vec<Series>, watched: &[Name]) -> Vec<Played> {
    let mut taken: Vec<Name> = series.iter().map(|series| series.symbol.clone()).collect();
    let mut played = Vec::with_capacity(series.len());
    for series in series {
        let currency = currency(&series.symbol);
        let wanted = watched.iter().find(|name| is_same_coin(name, &series.symbol) && !taken.contains(name));
        let name = wanted.filter(|_| !watched.contains(&series.symbol)).unwrap_or(&series.symbol).clone();
        taken.push(name.clone());
        played.push(Played { series: Series { symbol: name, ..series }, currency });
    }
    played
}

/// What a recording's prices are in: the second half of a pair's name, else dollars.
fn currency(symbol: &str) -> Name {
    let pair = symbol.rsplit_once('-').filter(|_| kind(symbol) == Kind::Crypto);
    pair.map_or("USD", |(_, currency)| currency).into()
}

fn is_same_coin(one: &str, other: &str) -> bool {
    let coin = |symbol: &str| {
        let (coin, currency) = symbol.rsplit_once('-')?;
        DOLLARS.contains(&currency).then(|| coin.to_owned())
    };
    coin(one).is_some_and(|one| Some(one) == coin(other))
}

/// A story arrives when it was published, and that is when it is first seen here.
fn story_cue(mut story: Story) -> (Timestamp, Cue) {
    let time = arrival(&story);
    story.first_seen = time;
    (time, Cue::Story(Box::new(story)))
}

/// Plays until the events are no longer wanted. At its end a day that does not begin again by itself is paused, and
/// begins again when it goes on. `watched` names the symbols whose prices are wanted, so that a coin recorded
/// against another kind of dollar is found.
///
/// # Errors
/// None of its own: the signature is that of a task.
pub async fn play(
    day: Recording,
    plan: Plan,
    watched: Vec<Name>,
    clock: ReplayClock,
    calendar: Calendar,
    events: mpsc::Sender<Event>,
    mut paused: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let script = Script::new(day, plan.from, &watched);
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
        if plan.again {
            tokio::time::sleep(REST).await;
            continue;
        }
        clock.pause(true);
        events.send(Event::Replay(position(&clock))).await?;
        while clock.paused() {
            paused.changed().await?;
            clock.pause(*paused.borrow_and_update());
        }
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
    fn new(day: Recording, from: Timestamp, watched: &[Name]) -> Script {
        let mut cues: Vec<(Timestamp, Cue)> = day.stories.into_iter().map(story_cue).collect();
        for (at, series) in day.series.iter().enumerate() {
            for (bar, candle) in series.bars.iter().enumerate() {
                cues.push((candle.time, Cue::Open { series: at, bar }));
                cues.push((candle.end(series.interval), Cue::Close { series: at, bar }));
            }
        }
        cues.sort_by_key(|(time, cue)| (*time, matches!(cue, Cue::Open { .. })));
        let to = cues.last().map_or(from, |(time, _)| *time);
        Script { series: named(day.series, watched), cues, from, to }
    }

    /// Sends what is older than the start: stories, bars, and the last prices. Answers the first cue to come.
    async fn begin(&self, calendar: &Calendar, events: &mpsc::Sender<Event>) -> anyhow::Result<usize> {
        for played in &self.series {
            let series = &played.series;
            let ended = series.bars.partition_point(|bar| bar.end(series.interval) <= self.from);
            let past = Series { bars: series.bars[..ended].to_vec(), ..series.clone() };
            events.send(Event::Series { span: Span::Day, series: past }).await?;
            if let Some(last) = self.last_price(played, ended, calendar) {
                events.send(last).await?;
            }
        }
        // A bar that opens now is the first to come: opens are the last cues of their moment.
        let is_past = |(time, cue): &(Timestamp, Cue)| {
            *time < self.from || (*time == self.from && !matches!(cue, Cue::Open { .. }))
        };
        let begun = self.cues.partition_point(is_past);
        let mut stories: Vec<Story> = Vec::new();
        for (_, cue) in &self.cues[..begun] {
            if let Cue::Story(story) = cue {
                stories.push(Story::clone(story));
            }
        }
        // The newest first: the screen shows them while the rest is still coming.
        stories.reverse();
        for part in stories.chunks(STORIES_AT_ONCE) {
            events.send(Event::Stories(part.to_vec())).await?;
        }
        Ok(begun)
    }

    /// The last price before the start: the open of the bar that is under way, else the close of the one that ended.
    fn last_price(&self, played: &Played, ended: usize, calendar: &Calendar) -> Option<Event> {
        let series = &played.series;
        if let Some(bar) = series.bars.get(ended).filter(|bar| bar.time < self.from) {
            return Some(quote(played, ended, bar.open, bar.time, calendar));
        }
        let last = ended.checked_sub(1)?;
        let bar = &series.bars[last];
        Some(quote(played, last, bar.close, bar.end(series.interval), calendar))
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
                Cue::Story(story) => events.send(Event::Stories(vec![Story::clone(story)])).await?,
                Cue::Open { series, bar } => {
                    let played = &self.series[*series];
                    events.send(quote(played, *bar, played.series.bars[*bar].open, *time, calendar)).await?;
                }
                Cue::Close { series, bar } => {
                    let played = &self.series[*series];
                    let series = &played.series;
                    let ended = Series { bars: vec![series.bars[*bar]], ..series.clone() };
                    events.send(Event::Series { span: Span::Day, series: ended }).await?;
                    events.send(quote(played, *bar, series.bars[*bar].close, *time, calendar)).await?;
                }
            }
            at += 1;
        }
        Ok(at)
    }
}

/// The price at a moment of a bar. Its base is the recording's own: the previous session's close of an equity, the
/// price of 24 hours before of a coin; None where the recording does not reach back, or has a gap there.
fn quote(played: &Played, bar: usize, price: f64, time: Timestamp, calendar: &Calendar) -> Event {
    let series = &played.series;
    let (session, base) = match kind(&series.symbol) {
        Kind::Crypto => (Session::Always, day_before(series, time)),
        // The price at the end of a bar belongs to the session it traded in.
        Kind::Equity => {
            let day = calendar.day(calendar.date(series.bars[bar].time));
            (calendar.session(series.bars[bar].time), day.and_then(|day| close_before(series, day, calendar)))
        }
    };
    let quote = Quote {
        symbol: series.symbol.clone(),
        price: decimal(price),
        currency: played.currency.clone(),
        base: base.map(|bar| decimal(bar.close)),
        source: series.source.clone(),
        session,
        exchange_time: Some(time),
        received_time: time,
        delivery: Delivery::Replayed(Duration::from_secs(series.interval.into())),
        extended: None,
    };
    Event::Quote(match session {
        Session::Pre | Session::Post | Session::Overnight => extended(quote, series, series.bars[bar].time, calendar),
        _ => quote,
    })
}

fn decimal(price: f64) -> Decimal {
    Decimal::from_f64(price).unwrap_or_default().round_dp(6).normalize()
}

/// Out of hours, an equity's price is the last regular close, and what trades stands beside it; unless the recording
/// has no such close.
fn extended(quote: Quote, series: &Series, start: Timestamp, calendar: &Calendar) -> Quote {
    let Some(day) = calendar.last_day(start) else { return quote };
    let Some(close) = close_at(series, day.close, calendar) else { return quote };
    let traded = Extended { price: quote.price, session: quote.session, exchange_time: quote.exchange_time };
    Quote {
        price: decimal(close.close),
        base: close_before(series, day, calendar).map(|bar| decimal(bar.close)),
        exchange_time: Some(day.close),
        extended: Some(traded),
        ..quote
    }
}

/// The bar that closed the session before a trading day.
fn close_before<'a>(series: &'a Series, day: TradingDay, calendar: &Calendar) -> Option<&'a Candle> {
    close_at(series, calendar.last_close(day.open), calendar)
}

/// The last bar of a regular session, by its close.
fn close_at<'a>(series: &'a Series, close: Timestamp, calendar: &Calendar) -> Option<&'a Candle> {
    let bar = last_ended(series, close)?;
    (calendar.date(bar.time) == calendar.date(close)).then_some(bar)
}

fn day_before(series: &Series, time: Timestamp) -> Option<&Candle> {
    let limit = time - SignedDuration::from_hours(24);
    let bar = last_ended(series, limit)?;
    let age = limit.duration_since(bar.end(series.interval));
    (age <= SignedDuration::from_secs(BASE_AGE_BARS * i64::from(series.interval))).then_some(bar)
}

fn last_ended(series: &Series, limit: Timestamp) -> Option<&Candle> {
    let ended = series.bars.partition_point(|bar| bar.end(series.interval) <= limit);
    series.bars.get(ended.checked_sub(1)?)
}

#[cfg(test)]
mod tests;
