#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::Arc;

use rust_decimal::prelude::ToPrimitive;
use tokio::time::Instant;

use super::*;
use crate::app::App;
use crate::app::samples::{config, story};
use crate::domain::story::StoryId;

fn calendar() -> Calendar {
    Calendar::new(&[], &[], false)
}

fn at(text: &str) -> Timestamp {
    format!("2026-02-{text}Z").parse().unwrap()
}

fn watchlist() -> Vec<Name> {
    config().symbols.into_iter().map(|symbol| symbol.name).collect()
}

/// Bars that follow each other: open and close of each.
fn series(symbol: &str, interval: u32, from: Timestamp, bars: &[(f64, f64)]) -> Series {
    let bar = |(number, (open, close)): (u32, &(f64, f64))| Candle {
        time: from + Duration::from_secs(u64::from(number * interval)),
        open: *open,
        high: open.max(*close),
        low: open.min(*close),
        close: *close,
        volume: None,
    };
    Series {
        symbol: symbol.into(),
        source: "replay".into(),
        interval,
        closes_only: false,
        bars: (0..).zip(bars).map(bar).collect(),
    }
}

fn story_at(id: u64, time: Timestamp) -> Story {
    Story { published: Some(time), first_seen: time, ..story(id, 0) }
}

fn day(stories: Vec<Story>, series: Vec<Series>) -> Recording {
    Recording { stories, series, warnings: Vec::new() }
}

/// A coin over half an hour of five-minute bars, a story before each and one at the start of the third.
fn half_hour() -> Recording {
    let bars = [(10.0, 11.0), (12.0, 13.0), (14.0, 15.0), (16.0, 17.0), (18.0, 19.0), (20.0, 21.0)];
    let times = ["05T10:59:30", "05T11:04:30", "05T11:10:00", "05T11:14:30", "05T11:19:30", "05T11:24:30"];
    let stories = (1..).zip(times).map(|(id, time)| story_at(id, at(time))).collect();
    day(stories, vec![series("BTC-USD", 300, at("05T11:00:00"), &bars)])
}

/// What was sent, and after how long.
type Sent = Vec<(Duration, Event)>;

/// Plays for so long, pausing and going on at given times.
async fn play_for(day: Recording, plan: Plan, long: Duration, pauses: &[(Duration, bool)]) -> Sent {
    let (events, mut inbox) = mpsc::channel(256);
    let (pause, paused) = watch::channel(false);
    let clock = ReplayClock::new(plan.from, plan.speed);
    let started = Instant::now();
    let mut sent = Sent::new();
    let collect = async {
        while let Some(event) = inbox.recv().await {
            sent.push((started.elapsed(), event));
        }
    };
    let press = async {
        for (at, paused) in pauses {
            tokio::time::sleep_until(started + *at).await;
            pause.send_replace(*paused);
        }
        std::future::pending::<()>().await;
    };
    let play = play(day, plan, watchlist(), clock, calendar(), events, paused);
    let all = async { tokio::join!(play, collect, press) };
    assert!(tokio::time::timeout(long, all).await.is_err(), "it ends when nobody listens, never by itself");
    sent
}

fn secs(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

/// In short: what came when, without the positions.
fn short(sent: &Sent) -> Vec<String> {
    let of = |(after, event): &(Duration, Event)| {
        let what = match event {
            Event::Replay(_) => return None,
            Event::Stories(stories) => {
                stories.iter().map(|story| format!("#{}", story.id.0)).collect::<Vec<_>>().join(" ")
            }
            Event::Series { series, .. } => format!("{} bars", series.bars.len()),
            Event::Quote(quote) => format!("{}", quote.price),
            other => format!("{other:?}"),
        };
        Some(format!("{:.1} {what}", after.as_secs_f64()))
    };
    sent.iter().filter_map(of).collect()
}

fn positions(sent: &Sent) -> Vec<ReplayPosition> {
    let of = |(_, event): &(Duration, Event)| match event {
        Event::Replay(position) => Some(*position),
        _ => None,
    };
    sent.iter().filter_map(of).collect()
}

fn plan(from: &str, speed: f64) -> Plan {
    Plan { from: at(from), speed, again: false }
}

#[tokio::test(start_paused = true)]
async fn a_day_comes_in_order_one_price_at_each_end_of_a_bar() {
    let sent = play_for(half_hour(), plan("05T10:59:00", 60.0), secs(60.0), &[]).await;
    let expected = [
        "0.0 0 bars",
        "0.5 #1",
        "1.0 10",
        "5.5 #2",
        "6.0 1 bars",
        "6.0 11",
        "6.0 12",
        "11.0 #3",
        "11.0 1 bars",
        "11.0 13",
        "11.0 14",
        "15.5 #4",
        "16.0 1 bars",
        "16.0 15",
        "16.0 16",
        "20.5 #5",
        "21.0 1 bars",
        "21.0 17",
        "21.0 18",
        "25.5 #6",
        "26.0 1 bars",
        "26.0 19",
        "26.0 20",
        "31.0 1 bars",
        "31.0 21",
    ];
    assert_eq!(short(&sent), expected);
    let prices = sent.iter().filter(|(_, event)| matches!(event, Event::Quote(_))).count();
    assert_eq!(prices, 12, "six bars, one price at each end");
    let last = positions(&sent).pop().unwrap();
    assert_eq!((last.paused, last.loops, last.to), (true, 0, at("05T11:30:00")), "the end stands");
}

#[tokio::test(start_paused = true)]
async fn what_is_older_is_there_at_once() {
    let sent = play_for(half_hour(), plan("05T11:12:00", 60.0), secs(4.2), &[]).await;
    assert!(
        matches!(sent[0].1, Event::Replay(ReplayPosition { paused: false, loops: 0, .. })),
        "first of all the place"
    );
    let expected = ["0.0 2 bars", "0.0 14", "0.0 #3 #2 #1", "2.5 #4", "3.0 1 bars", "3.0 15", "3.0 16"];
    assert_eq!(short(&sent), expected);
    let Event::Quote(quote) = &sent[2].1 else { panic!("{:?}", sent[2]) };
    assert_eq!(quote.exchange_time, Some(at("05T11:10:00")), "the open of the bar under way, when it was true");
    let sent = play_for(half_hour(), plan("05T11:10:00", 60.0), secs(0.1), &[]).await;
    assert_eq!(
        short(&sent),
        ["0.0 2 bars", "0.0 13", "0.0 #3 #2 #1", "0.0 14"],
        "one that opens now comes in its turn"
    );
}

#[tokio::test(start_paused = true)]
async fn many_old_stories_come_in_parts_the_newest_first() {
    let stories = (0..250).map(|id| story_at(id, at("05T10:00:00") + Duration::from_secs(id))).collect();
    let sent = play_for(day(stories, Vec::new()), plan("05T11:00:00", 1.0), secs(0.1), &[]).await;
    let parts: Vec<Vec<u64>> = sent
        .iter()
        .filter_map(|(_, event)| match event {
            Event::Stories(stories) => Some(stories.iter().map(|story| story.id.0).collect()),
            _ => None,
        })
        .collect();
    assert_eq!(parts.iter().map(Vec::len).collect::<Vec<_>>(), [100, 100, 50]);
    assert_eq!(parts.concat(), (0..250).rev().collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn speed_is_how_many_seconds_pass_in_one() {
    for speed in [1.0, 60.0, 300.0, 5_000.0] {
        let sent = play_for(half_hour(), plan("05T11:00:00", speed), secs(2_000.0), &[]).await;
        let (last, _) = sent.last().unwrap();
        let expected = 1_800.0 / speed;
        // A timer wakes at a full millisecond.
        assert!((last.as_secs_f64() - expected).abs() < 0.1, "×{speed}: {last:?}, not {expected} s");
    }
}

#[tokio::test(start_paused = true)]
async fn a_pause_holds_the_day_where_it_is() {
    let pauses = [(secs(2.0), true), (secs(100.0), false)];
    let sent = play_for(half_hour(), plan("05T11:00:00", 60.0), secs(104.7), &pauses).await;
    let expected = ["0.0 0 bars", "0.0 #1", "0.0 10", "102.5 #2", "103.0 1 bars", "103.0 11", "103.0 12"];
    let mut found = short(&sent);
    found.sort_by_key(|line| line.split(' ').next().unwrap().parse::<f64>().unwrap() as u64);
    assert_eq!(found.len(), expected.len(), "{found:?}");
    assert!(expected[3..].iter().all(|line| found.contains(&(*line).to_owned())), "{found:?}");
    let paused: Vec<bool> = positions(&sent).iter().map(|position| position.paused).collect();
    assert!(paused.contains(&true), "it is reported at once");
    let silent = sent.iter().filter(|(after, _)| (secs(2.1)..secs(99.9)).contains(after)).count();
    assert_eq!(silent, 0, "a day that stands still says nothing");
}

#[tokio::test(start_paused = true)]
async fn the_place_is_told_twice_a_second() {
    let sent = play_for(half_hour(), plan("05T11:00:00", 1.0), secs(10.05), &[]).await;
    assert!((20..=22).contains(&positions(&sent).len()), "{}", positions(&sent).len());
}

#[tokio::test(start_paused = true)]
async fn a_demo_begins_again_and_a_day_at_its_end_when_it_is_told_to_go_on() {
    let again = Plan { again: true, ..plan("05T11:12:00", 60.0) };
    let sent = play_for(half_hour(), again, secs(30.0), &[]).await;
    let loops = positions(&sent).last().unwrap().loops;
    assert_eq!(loops, 1);
    let begun = sent.iter().position(|(_, event)| matches!(event, Event::Replay(place) if place.loops == 1)).unwrap();
    assert!((secs(22.9)..secs(23.2)).contains(&sent[begun].0), "after a rest: {:?}", sent[begun].0);
    assert_eq!(short(&sent[begun..].to_vec())[..2], ["23.0 2 bars", "23.0 14"]);

    let sent = play_for(half_hour(), plan("05T11:12:00", 60.0), secs(60.0), &[(secs(40.0), false)]).await;
    let place = positions(&sent).into_iter().find(|place| place.loops == 1).unwrap();
    assert!(!place.paused);
    assert_eq!(short(&sent).iter().filter(|line| line.ends_with(" 21")).count(), 2, "played twice");
}

/// The state and the wall of a reader who only watches.
fn watch_all(sent: &Sent, mut each: impl FnMut(&App, &Event)) -> App {
    let mut app = App::new(Arc::new(config()), at("05T10:00:00"));
    let mut now = app.now;
    for (_, event) in sent {
        now = match event {
            Event::Quote(quote) => quote.received_time,
            Event::Stories(stories) => stories[0].time(),
            _ => now,
        };
        app.update(event.clone(), now);
        each(&app, event);
    }
    app
}

#[tokio::test(start_paused = true)]
async fn each_turn_begins_with_an_empty_wire() {
    let again = Plan { again: true, ..plan("05T11:12:00", 60.0) };
    let sent = play_for(half_hour(), again, secs(30.0), &[]).await;
    let mut most = 0;
    let app = watch_all(&sent, |app, _| most = most.max(app.wire.items().count()));
    assert_eq!((most, app.wire.items().count()), (6, 4), "all of the first turn, and what the second has come to");
    assert!(app.wire.item(StoryId(6)).is_none());
}

#[tokio::test(start_paused = true)]
async fn it_ends_when_nobody_listens() {
    let (events, inbox) = mpsc::channel(1);
    let (_pause, paused) = watch::channel(false);
    let plan = plan("05T11:00:00", 60.0);
    drop(inbox);
    let clock = ReplayClock::new(plan.from, plan.speed);
    assert!(play(half_hour(), plan, watchlist(), clock, calendar(), events, paused).await.is_err());
}

fn quoted(series: &Series, bar: usize, time: &str) -> Quote {
    let played = Played { series: series.clone(), currency: "USD".into() };
    let Event::Quote(quote) = quote(&played, bar, series.bars[bar].close, at(time), &calendar()) else { panic!() };
    quote
}

/// Monday 2 February to Thursday 5 February 2026, an hourly bar at the end of each regular session (20:00Z to 21:00Z),
/// one before and one after it.
fn nvda(days: &[(&str, f64)]) -> Series {
    let mut nvda = series("NVDA", 3_600, at("02T00:00:00"), &[]);
    for (day, close) in days {
        for (time, price) in [("14:00:00", close - 1.0), ("20:00:00", *close), ("21:00:00", close + 1.0)] {
            nvda.bars.extend(series("NVDA", 3_600, at(&format!("{day}T{time}")), &[(price, price)]).bars);
        }
    }
    nvda
}

#[test]
fn an_equity_is_measured_from_the_session_before() {
    let whole = nvda(&[("02", 100.0), ("03", 110.0), ("04", 120.0)]);
    let gap = nvda(&[("02", 100.0), ("04", 120.0)]);
    let over_weekend = nvda(&[("06", 100.0), ("09", 110.0)]);
    let number = |price: Option<Decimal>| price.and_then(|price| price.to_f64());
    // Series, bar, time: session, price and base; what trades beside it.
    let cases = [
        ("regular", &whole, 7, "04T21:00:00", Session::Regular, 120.0, Some(110.0), None),
        ("after hours", &whole, 8, "04T22:00:00", Session::Post, 120.0, Some(110.0), Some(121.0)),
        ("before hours", &whole, 6, "04T14:30:00", Session::Pre, 110.0, Some(100.0), Some(119.0)),
        ("the first session", &whole, 1, "02T21:00:00", Session::Regular, 100.0, None, None),
        ("before the first", &whole, 0, "02T14:30:00", Session::Pre, 99.0, None, None),
        ("the session before is missing", &gap, 4, "04T21:00:00", Session::Regular, 120.0, None, None),
        ("over a weekend", &over_weekend, 4, "09T21:00:00", Session::Regular, 110.0, Some(100.0), None),
    ];
    for (case, series, bar, time, session, price, base, beside) in cases {
        let quote = quoted(series, bar, time);
        assert_eq!((quote.session, quote.price.to_f64()), (session, Some(price)), "{case}");
        assert_eq!(
            (number(quote.base), number(quote.extended.as_ref().map(|extended| extended.price))),
            (base, beside),
            "{case}"
        );
        assert_eq!(quote.newest(), at(time), "{case}: as new as what trades");
    }
}

#[test]
fn a_coin_is_measured_from_24_hours_before() {
    let closes: Vec<(f64, f64)> = (0..400).map(|bar| (f64::from(bar), f64::from(bar))).collect();
    let mut coin = series("BTC-USD", 300, at("04T00:00:00"), &closes);
    let base = |coin: &Series, bar, time: &str| quoted(coin, bar, time).base.and_then(|base| base.to_f64());
    assert_eq!(base(&coin, 287, "05T00:00:00"), None, "nothing had ended by then");
    assert_eq!(base(&coin, 300, "05T01:05:00"), Some(12.0), "the bar that ended 24 hours ago");
    assert_eq!(base(&coin, 300, "05T01:04:59"), Some(11.0));
    coin.bars.retain(|bar| bar.close < 5.0 || bar.close > 20.0);
    let last = coin.bars.len() - 1;
    assert_eq!(base(&coin, last, "05T00:40:00"), Some(4.0), "three bars ago");
    assert_eq!(base(&coin, last, "05T00:40:01"), None, "a gap");
}

#[test]
fn a_coin_is_played_under_the_name_that_the_watchlist_has() {
    // Recorded, watched, and what is played, with what it is priced in.
    type Case = (&'static [&'static str], &'static [&'static str], &'static [(&'static str, &'static str)]);
    let cases: [Case; 8] = [
        (&["BTC-USDT"], &["NVDA", "BTC-USD"], &[("BTC-USD", "USDT")]),
        (&["BTC-USD"], &["BTC-USDT"], &[("BTC-USDT", "USD")]),
        (&["BTC-USD", "BTC-USDT"], &["BTC-USD"], &[("BTC-USD", "USD"), ("BTC-USDT", "USDT")]),
        (&["BTC-USDT"], &["BTC-USD", "BTC-USDT"], &[("BTC-USDT", "USDT")]),
        (&["BTC-USDC", "BTC-USDT"], &["BTC-USD"], &[("BTC-USD", "USDC"), ("BTC-USDT", "USDT")]),
        (&["BTC-EUR"], &["BTC-USD"], &[("BTC-EUR", "EUR")]),
        (&["ETH-USDT"], &["BTC-USD"], &[("ETH-USDT", "USDT")]),
        (&["BRK-B"], &["BRK-A", "BRK-USD"], &[("BRK-B", "USD")]),
    ];
    for (recorded, watched, expected) in cases {
        let recorded = recorded.iter().map(|name| series(name, 60, at("05T11:00:00"), &[(1.0, 1.0)])).collect();
        let watched: Vec<Name> = watched.iter().map(|name| (*name).into()).collect();
        let played = named(recorded, &watched);
        let played: Vec<_> = played.iter().map(|played| (&*played.series.symbol, &*played.currency)).collect();
        assert_eq!(played, expected, "{watched:?}");
    }
}

fn recorded(name: &str) -> Recording {
    let entries = std::fs::read_dir(crate::recordings::recording(&format!("day/{name}"))).unwrap();
    let read =
        |entry: std::fs::DirEntry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap());
    let files: BTreeMap<String, Vec<u8>> = entries.map(|entry| read(entry.unwrap())).collect();
    Recording::read(&files).unwrap()
}

/// Plays a recorded day to its end into a state.
async fn play_recorded(name: &str) -> (Recording, Sent, App) {
    let day = recorded(name);
    let (from, to) = day.span();
    let plan = Plan { from, speed: 10_000.0, again: false };
    let long = Duration::from_secs_f64(to.duration_since(from).as_secs_f64() / plan.speed + 60.0);
    let sent = play_for(day.clone(), plan, long, &[]).await;
    let app = watch_all(&sent, |_, _| ());
    assert!(positions(&sent).last().unwrap().paused, "{name} has come to its end");
    let prices = sent.iter().filter(|(_, event)| matches!(event, Event::Quote(_))).count();
    assert_eq!(prices, 2 * day.series.iter().map(|series| series.bars.len()).sum::<usize>(), "{name}");
    assert_eq!(app.wire.items().count(), day.stories.len().min(crate::app::wire::WINDOW), "{name}");
    (day, sent, app)
}

fn prices<'a>(sent: &'a Sent, symbol: &'a str) -> impl Iterator<Item = &'a Quote> {
    sent.iter().filter_map(move |(_, event)| match event {
        Event::Quote(quote) if &*quote.symbol == symbol => Some(quote),
        _ => None,
    })
}

#[tokio::test(start_paused = true)]
#[ignore = "needs the recordings"]
async fn the_day_of_the_crash_plays_to_its_end() {
    let (day, sent, app) = play_recorded("2026-02-05_btc-crash").await;
    let below = prices(&sent, "BTC-USD").find(|quote| quote.price < Decimal::from(70_000)).unwrap();
    let time = below.exchange_time.unwrap();
    assert!(time == at("05T11:25:00") || time == at("05T11:30:00"), "of the bar that opened at 11:25: {time}");
    let bars = &day.series.iter().find(|series| &*series.symbol == "BTC-USD").unwrap().bars;
    let bar = bars.iter().find(|bar| bar.time == at("05T11:25:00")).unwrap();
    let known = [bar.open, bar.close].map(decimal);
    assert!(known.contains(&below.price), "{} is none of {known:?}", below.price);
    assert!(below.base.is_some_and(|base| base > below.price), "24 hours before it was higher");
    // The close of Wednesday 4 February is the base of Thursday.
    let nvda = |time: &str| prices(&sent, "NVDA").find(|quote| quote.exchange_time == Some(at(time))).unwrap();
    assert_eq!(nvda("05T14:30:00").base, Some(nvda("04T21:00:00").price));
    assert_eq!(app.tape.quote("NVDA").unwrap().session, Session::Regular);
}

#[tokio::test(start_paused = true)]
#[ignore = "needs the recordings"]
async fn the_day_with_extended_hours_plays_to_its_end() {
    let (_, sent, app) = play_recorded("2025-10-10_tariff-liquidation").await;
    let beside: Vec<&Quote> = prices(&sent, "NVDA").filter(|quote| quote.extended.is_some()).collect();
    assert!(!beside.is_empty());
    let closes = beside.iter().all(|quote| quote.exchange_time.is_some_and(|time| time == calendar().last_close(time)));
    assert!(closes, "beside the last regular close");
    for coin in ["BTC-USD", "ETH-USD", "SOL-USD"] {
        let quote = app.tape.quote(coin).unwrap();
        assert_eq!(&*quote.currency, "USDT", "{coin} was recorded in it");
        assert!(app.tape.series(coin, Span::Day).is_some(), "{coin}");
    }
}

#[tokio::test(start_paused = true)]
#[ignore = "needs the recordings"]
async fn the_day_of_raw_feeds_plays_to_its_end() {
    play_recorded("2026-02-17_raw-feeds").await;
}
