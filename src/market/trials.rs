//! Several workers together, under a clock that stands still: how often they ask, how fast they move on and back.

#![allow(clippy::unwrap_used, clippy::large_futures)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::header::HeaderMap;
use rust_decimal::Decimal;

use super::backoff::{later, until};
use super::poller::{Fetch, Poller};
use super::source_health::SourceHealth;
use super::tests::{Shell, beside, config, deps};
use super::*;
use crate::domain::price::{Failure, FailureCause, Outcome, Refusal, SourceReport};
use crate::http::{Answer, Ask, HttpError};

/// What a source of the table asks and when, with an answer that anybody can read.
fn stand_in(id: &str) -> &'static Source {
    let source = source(id).unwrap();
    let poll = source.poll.as_ref().map(|poll| Poll {
        read: read_prices,
        every: poll.every,
        beside_socket: poll.beside_socket,
        together: poll.together,
        ask: poll.ask,
    });
    let candles = source.candles.as_ref().map(|candles| Candles { read: read_bars, ask: candles.ask });
    let closes = source.closes.as_ref().map(|closes| Closes { read: read_closes, ..*closes });
    Box::leak(Box::new(Source { poll, candles, closes, socket: None, ..*source }))
}

fn read_prices(moment: Moment, spelled: &[String], bodies: &[Vec<u8>]) -> Result<Vec<Tick>, ReadError> {
    if bodies.iter().any(|body| body == b"nothing") {
        return Err(ReadError::NoPrice);
    }
    let tick = |spelled: &String| Tick {
        spelled: spelled.clone(),
        price: Decimal::TEN,
        base: (bodies[0] != b"no base").then_some(Decimal::ONE),
        currency: None,
        session: None,
        time: Some(moment.now),
        order: None,
        extended: None,
    };
    Ok(spelled.iter().map(tick).collect())
}

fn read_bars(_: &[u8]) -> Result<Vec<Candle>, ReadError> {
    Ok(vec![Candle { time: Timestamp::UNIX_EPOCH, open: 1.0, high: 1.0, low: 1.0, close: 1.0, volume: None }])
}

fn read_closes(_: &[u8]) -> Result<Vec<(String, Vec<Candle>)>, ReadError> {
    Ok(Vec::new())
}

/// What a venue answers at a second of the trial: a status and a body, after a while.
type Rule = fn(u64) -> (u16, &'static str, Duration);

#[derive(Clone)]
struct Venue {
    clock: Clock,
    start: Timestamp,
    rule: Rule,
    asked: Arc<Mutex<Vec<Timestamp>>>,
}

impl Venue {
    fn new(deps: &Deps, rule: Rule) -> Venue {
        Venue { clock: deps.clock.clone(), start: (deps.clock)(), rule, asked: Arc::default() }
    }
}

impl Fetch for Venue {
    async fn fetch(&self, _: &Config, ask: Ask) -> Result<Answer, HttpError> {
        let now = (self.clock)();
        self.asked.lock().unwrap().push(now);
        let (status, body, takes) = (self.rule)(until(now, self.start).as_secs());
        let limit = ask.timeout.unwrap();
        tokio::time::sleep(takes.min(limit)).await;
        if takes > limit {
            return Err(HttpError::Timeout(limit));
        }
        Ok(Answer {
            status,
            url: ask.url,
            hops: Vec::new(),
            headers: HeaderMap::default(),
            body: body.into(),
            cut: None,
        })
    }
}

const SOON: Duration = Duration::from_millis(80);

async fn pass(shell: &mut Shell, time: Duration) -> Vec<Event> {
    let mut events = Vec::new();
    let end = tokio::time::Instant::now() + time;
    while let Ok(Some(event)) = tokio::time::timeout_at(end, shell.events.recv()).await {
        events.push(event);
    }
    events
}

/// The sockets of all sources are gone.
fn without_sockets(at: Timestamp) -> SourceHealth {
    let health = SourceHealth::default();
    for source in SOURCES.iter().filter(|source| source.socket.is_some()) {
        let outcome = Outcome::Failed(Failure::new("x", FailureCause::NoPrice));
        let capability = Capability::Socket;
        health.tell(&SourceReport::new(source.id, capability, at, outcome));
    }
    health
}

/// Requests in an hour to one source alone, for two stocks with a benchmark, or three coins.
async fn requests(id: &'static str, coins: bool, start: &str, sockets: bool) -> usize {
    let chain: &[&str] = &[id];
    let names: &[&str] = if coins { &["BTC-USD", "ETH-USD", "SOL-USD"] } else { &["NVDA", "MSFT"] };
    let mut config = config(&names.iter().map(|name| (*name, chain)).collect::<Vec<_>>());
    if !coins {
        config.symbols[0].benchmark = Some("QQQ".into());
    }
    let (deps, mut shell) = deps(config, start, 64);
    let health = if sockets { SourceHealth::default() } else { without_sockets((deps.clock)()) };
    let venue = Venue::new(&deps, |_| (200, "", SOON));
    let asked = venue.asked.clone();
    let worker = Poller::new(stand_in(id), &deps, health, venue);
    beside(worker.run(), pass(&mut shell, Duration::from_hours(1))).await;
    asked.lock().map(|asked| asked.len()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_hour_of_asking_each_source() {
    const TIMES: [(&str, &str); 4] = [
        ("before the bell", "2026-11-23 08:00"),
        ("in session", "2026-11-23 12:00"),
        ("at night", "2026-11-23 22:00"),
        ("on a weekend", "2026-11-21 12:00"),
    ];
    eprintln!("| requests in an hour | before the bell | in session | at night | on a weekend |");
    for source in SOURCES.iter().filter(|source| source.poll.is_some()) {
        let has = |name: &str| (source.spell)(name).is_some();
        for (coins, what) in [(false, "two stocks, a benchmark"), (true, "three coins")] {
            // Yahoo has coins too, but no coin's own chain asks it.
            if !has(if coins { "BTC-USD" } else { "NVDA" }) || (coins && has("NVDA")) {
                continue;
            }
            for sockets in if source.socket.is_some() { vec![true, false] } else { vec![false] } {
                let mut counts = Vec::new();
                for (_, start) in TIMES {
                    counts.push(requests(source.id, coins, start, sockets).await);
                }
                let route = if sockets { ", socket well" } else { "" };
                let [pre, regular, night, weekend] = counts.as_slice() else { unreachable!() };
                eprintln!("| {} ({what}{route}) | {pre} | {regular} | {night} | {weekend} |", source.title);
                let most = if coins { [2_000; 4] } else { [400, 400, 60, 12] };
                for (count, most) in counts.iter().zip(most) {
                    assert!(*count <= most, "{}, {what}: {counts:?}", source.id);
                }
            }
        }
    }
}

/// Coinbase before Yahoo for one coin, both by asking; Coinbase has a trouble from second 100 to second 200. Gives when
/// the other's price came, and when Coinbase's own came back, in seconds of the trial.
async fn there_and_back(trouble: Rule) -> (f64, f64, Vec<String>) {
    let (deps, mut shell) = deps(config(&[("BTC-USD", &["coinbase", "yahoo"])]), "2026-11-23 12:00", 64);
    let start = (deps.clock)();
    let health = without_sockets(start);
    let better = Poller::new(stand_in("coinbase"), &deps, health.clone(), Venue::new(&deps, trouble));
    let worse = Poller::new(stand_in("yahoo"), &deps, health, Venue::new(&deps, |_| (200, "", SOON)));
    let both = async { tokio::try_join!(better.run(), worse.run()).map(|_| ()) };
    let events = beside(both, pass(&mut shell, Duration::from_mins(12))).await;
    let quotes: Vec<(f64, Name)> = events
        .iter()
        .filter_map(|event| match event {
            Event::Quote(quote) => Some((until(quote.received_time, start).as_secs_f64(), quote.source.clone())),
            _ => None,
        })
        .collect();
    let away = quotes.iter().find(|(_, source)| &**source == "yahoo").unwrap().0;
    let back = quotes.iter().find(|(at, source)| *at > away && &**source == "coinbase").unwrap().0;
    let mut sources: Vec<String> = quotes.iter().map(|(_, source)| source.to_string()).collect();
    sources.dedup();
    (away, back, sources)
}

#[tokio::test(start_paused = true)]
async fn moves_on_within_five_seconds_and_back_within_seventy_five() {
    const HANGS: Duration = Duration::from_mins(1);
    /// What a venue in trouble does, and how long it lasts.
    fn bad(second: u64, answer: (u16, &'static str, Duration)) -> (u16, &'static str, Duration) {
        if (100..200).contains(&second) { answer } else { (200, "", SOON) }
    }
    let cases: [(&str, Rule); 4] = [
        ("refused by a status", |second| bad(second, (503, "", SOON))),
        ("does not answer", |second| bad(second, (200, "", HANGS))),
        ("tells no price", |second| bad(second, (200, "nothing", SOON))),
        ("knows it no more", |second| bad(second, (404, "", SOON))),
    ];
    for (case, rule) in cases {
        let (away, back, sources) = there_and_back(rule).await;
        eprintln!("{case}: away at {away:.1} s, back at {back:.1} s");
        // Asked every 15 s: the first refusal comes at second 117 at the latest.
        assert!((100.0..122.0).contains(&away), "{case}: away at {away}");
        assert!((259.0..275.5).contains(&back), "{case}: back at {back}");
        assert_eq!(sources, ["coinbase", "yahoo", "coinbase"], "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_incomplete_answer_sends_for_the_next_source() {
    let (away, back, sources) = there_and_back(|second| (200, if second < 200 { "no base" } else { "" }, SOON)).await;
    eprintln!("incomplete: away at {away:.1} s, back at {back:.1} s");
    assert!(away < 5.0 && (259.0..275.5).contains(&back), "{away} {back}");
    assert_eq!(sources, ["coinbase", "yahoo", "coinbase"], "what came first is better than nothing");
}

#[tokio::test(start_paused = true)]
async fn a_blocked_source_comes_back_a_minute_after_its_block() {
    let (away, back, sources) =
        there_and_back(|second| if (100..200).contains(&second) { (429, "", SOON) } else { (200, "", SOON) }).await;
    eprintln!("429: away at {away:.1} s, back at {back:.1} s");
    // Coinbase's own pause is a minute: two refusals, the second at most until 60 s after second 200.
    assert!(away < 122.0 && back < 200.0 + 60.0 + 75.0, "{away} {back}");
    assert_eq!(sources, ["coinbase", "yahoo", "coinbase"]);
}

#[tokio::test(start_paused = true)]
async fn a_block_is_kept_to_by_every_way_after_a_restart() {
    let (mut deps, mut shell) = deps(config(&[("BTC-USD", &["coinbase", "yahoo"])]), "2026-11-23 12:00", 64);
    let now = (deps.clock)();
    let outcome = Outcome::Blocked {
        refusal: Refusal::by_status("coinbase", 429),
        until: later(now, SignedDuration::from_mins(10)),
    };
    let capability = Capability::Quote;
    deps.reports = vec![SourceReport::new("coinbase", capability, now, outcome)];
    let health = without_sockets(now);
    health.tell(&deps.reports[0]);
    let venue = Venue::new(&deps, |_| (200, "", SOON));
    let asked = venue.asked.clone();
    let better = Poller::new(stand_in("coinbase"), &deps, health.clone(), venue);
    let worse = Poller::new(stand_in("yahoo"), &deps, health, Venue::new(&deps, |_| (200, "", SOON)));
    let both = async { tokio::try_join!(better.run(), worse.run()).map(|_| ()) };
    let first = beside(both, async {
        let quote = shell.quote().await;
        pass(&mut shell, Duration::from_secs(590)).await;
        quote
    })
    .await;
    assert_eq!((&*first.source, asked.lock().unwrap().len()), ("yahoo", 0));
    assert!(until(first.received_time, now) < Duration::from_secs(1));
}

/// Dependencies whose clock can be set, and by how much it was.
fn with_a_clock_to_set(config: Config) -> (Deps, Shell, Arc<Mutex<SignedDuration>>) {
    let (mut deps, shell) = deps(config, "2026-11-23 12:00", 64);
    let (clock, set) = (deps.clock.clone(), Arc::new(Mutex::new(SignedDuration::ZERO)));
    let by = set.clone();
    deps.clock = Arc::new(move || later(clock(), *by.lock().unwrap()));
    (deps, shell, set)
}

/// Forty minutes of asking one source for a coin, the clock set every five: when it was asked by a clock that nobody sets, and
/// how many prices came of it.
async fn asked_under(id: &'static str, hours: [i64; 8]) -> (Vec<tokio::time::Instant>, usize) {
    let (deps, mut shell, set) = with_a_clock_to_set(config(&[("BTC-USD", &[id])]));
    let asked: Arc<Mutex<Vec<tokio::time::Instant>>> = Arc::default();
    let venue = Counting { venue: Venue::new(&deps, |_| (200, "", SOON)), asked: asked.clone() };
    let worker = Poller::new(stand_in(id), &deps, without_sockets((deps.clock)()), venue);
    let events = beside(worker.run(), async {
        let mut events = Vec::new();
        for hours in hours {
            *set.lock().unwrap() = SignedDuration::from_hours(hours);
            events.extend(pass(&mut shell, Duration::from_mins(5)).await);
        }
        events
    })
    .await;
    let asked = asked.lock().unwrap().clone();
    (asked, events.iter().filter(|event| matches!(event, Event::Quote(_))).count())
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_forward_and_back_changes_no_rhythm() {
    for (id, every) in [("kraken", 20), ("coingecko", 60), ("coinbase", 20), ("binance", 20)] {
        let (usual, usual_prices) = asked_under(id, [0; 8]).await;
        let (asked, prices) = asked_under(id, [0, 3, 0, 8, 0, 24 * 40, 0, -2]).await;
        let gaps = asked.windows(2).map(|pair| pair[1].duration_since(pair[0]).as_secs());
        let longest = gaps.max().unwrap();
        assert!(longest <= every * 2, "{id} was not asked for {longest} s");
        // What is due early after a step costs a few questions, and no price is lost.
        assert!(asked.len() <= usual.len() + usual.len() / 5 + 10, "{id}: {} not {}", asked.len(), usual.len());
        assert!(prices + 1 >= usual_prices, "{id}: {prices} not {usual_prices}");
    }
}

/// A venue that notes when it is asked by a clock that nobody sets.
struct Counting {
    venue: Venue,
    asked: Arc<Mutex<Vec<tokio::time::Instant>>>,
}

impl Fetch for Counting {
    async fn fetch(&self, config: &Config, ask: Ask) -> Result<Answer, HttpError> {
        self.asked.lock().unwrap().push(tokio::time::Instant::now());
        self.venue.fetch(config, ask).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_ends_in_time_though_the_clock_was_set_back() {
    let (deps, mut shell, set) = with_a_clock_to_set(config(&[("BTC-USD", &["coinbase"])]));
    *set.lock().unwrap() = SignedDuration::from_hours(8);
    let asked: Arc<Mutex<Vec<tokio::time::Instant>>> = Arc::default();
    // Refused while the clock was ahead, and well again.
    let rule: Rule = |second| if second > 3_600 { (429, "", SOON) } else { (200, "", SOON) };
    let start = later((deps.clock)(), -SignedDuration::from_hours(8));
    let venue = Counting { venue: Venue { start, ..Venue::new(&deps, rule) }, asked: asked.clone() };
    let worker = Poller::new(stand_in("coinbase"), &deps, without_sockets((deps.clock)()), venue);
    beside(worker.run(), async {
        pass(&mut shell, Duration::from_secs(10)).await;
        *set.lock().unwrap() = SignedDuration::ZERO;
        pass(&mut shell, Duration::from_secs(45)).await;
        assert_eq!(asked.lock().unwrap().len(), 1, "its pause of a minute is kept to all the same");
        pass(&mut shell, Duration::from_secs(100)).await;
    })
    .await;
    assert!(asked.lock().unwrap().len() > 1, "it is asked again");
}
