//! One poller against venues in memory, under a clock that stands still between requests.

#![allow(clippy::unwrap_used)]

mod many_symbols;

use std::sync::{Arc, Mutex};

use rust_decimal::Decimal;
use serde_json::json;

use jiff::SignedDuration;

use super::*;
use crate::domain::price::{
    Delivery, Failure, FailureCause, Lack, Outcome, Quote, Refusal, Session, SourceReport, SourceSettings,
};
use crate::event::{Clock, Event};
use crate::market::source;
use crate::market::tests::{Shell, beside, config, deps};

type Rule = dyn Fn(&str, Timestamp) -> Result<Answer, HttpError> + Send + Sync;

/// Answers by a rule, and remembers what it was asked and when.
#[derive(Clone)]
struct Venue {
    clock: Clock,
    asked: Arc<Mutex<Vec<(Timestamp, String)>>>,
    rule: Arc<Rule>,
}

impl Fetch for Venue {
    async fn fetch(&self, _: &Config, ask: Ask) -> Result<Answer, HttpError> {
        let now = (self.clock)();
        self.asked.lock().unwrap().push((now, ask.url.clone()));
        tokio::time::sleep(Duration::from_millis(80)).await;
        (self.rule)(&ask.url, now)
    }
}

impl Venue {
    fn new(deps: &Deps, rule: impl Fn(&str, Timestamp) -> Result<Answer, HttpError> + Send + Sync + 'static) -> Venue {
        Venue { clock: deps.clock.clone(), asked: Arc::default(), rule: Arc::new(rule) }
    }

    fn count(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    fn addresses(&self) -> Vec<String> {
        self.asked.lock().unwrap().iter().map(|(_, url)| url.clone()).collect()
    }
}

fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> Result<Answer, HttpError> {
    let headers = headers.iter().map(|(name, value)| ((*name).parse().unwrap(), value.parse().unwrap()));
    Ok(Answer {
        status,
        url: String::new(),
        hops: Vec::new(),
        headers: headers.collect(),
        body: body.into(),
        cut: None,
    })
}

/// A chart as Yahoo gives it.
fn chart(price: f64, at: Timestamp) -> serde_json::Value {
    json!({
        "meta": {"regularMarketPrice": price, "regularMarketTime": at.as_second(), "previousClose": 180, "currency": "USD"},
        "timestamp": [at.as_second() - 300, at.as_second()],
        "indicators": {"quote": [{"open": [1, 1], "high": [2, 2], "low": [1, 1], "close": [1, 2], "volume": [5, 6]}]},
    })
}

/// The symbols that a question of `spark` is about; none for another question.
fn sparked(url: &str) -> Vec<&str> {
    let list = url.split_once("spark?symbols=").map(|(_, rest)| rest.split('&').next().unwrap());
    list.map(|list| list.split(',').collect()).unwrap_or_default()
}

/// What Yahoo answers to either question about symbols that it knows.
fn known(url: &str, now: Timestamp, knows: impl Fn(&str) -> bool) -> Result<Answer, HttpError> {
    if !url.contains("/spark?") {
        return answer(200, &[], &json!({"chart": {"error": null, "result": [chart(181.25, now)]}}).to_string());
    }
    let sparks = sparked(url).into_iter().filter(|symbol| knows(symbol));
    let sparks: Vec<_> = sparks.map(|symbol| json!({"symbol": symbol, "response": [chart(181.25, now)]})).collect();
    answer(200, &[], &json!({"spark": {"error": null, "result": sparks}}).to_string())
}

fn well(url: &str, now: Timestamp) -> Result<Answer, HttpError> {
    known(url, now, |_| true)
}

fn nvda() -> Config {
    config(&[("NVDA", &["yahoo", "cnbc"])])
}

fn yahoo(deps: &Deps, venue: &Venue) -> Poller<Venue> {
    Poller::new(source("yahoo").unwrap(), deps, SourceHealth::default(), venue.clone())
}

async fn pass(shell: &mut Shell, time: Duration) -> Vec<Event> {
    let mut events = Vec::new();
    let end = tokio::time::Instant::now() + time;
    while let Ok(Some(event)) = tokio::time::timeout_at(end, shell.events.recv()).await {
        events.push(event);
    }
    events
}

#[tokio::test(start_paused = true)]
async fn one_answer_serves_prices_and_closes() {
    let (deps, mut shell) = deps(nvda(), "2026-11-23 12:00", 16);
    let venue = Venue::new(&deps, well);
    let events = beside(yahoo(&deps, &venue).run(), pass(&mut shell, Duration::from_millis(900))).await;
    assert_eq!(venue.count(), 1, "the days before wait");
    let [Event::Quote(quote), Event::Series { span: Span::Day, series }, Event::Source(report)] = events.as_slice()
    else {
        panic!("{events:?}")
    };
    assert!(series.closes_only);
    assert_eq!((quote.price, quote.base), (Decimal::new(18_125, 2), Some(Decimal::new(180, 0))));
    assert_eq!(quote.delivery, Delivery::Polled(Duration::from_mins(1)));
    assert_eq!(quote.session, Session::Regular);
    assert_eq!((series.interval, series.bars.len()), (300, 2));
    assert_eq!((report.capability, &report.outcome), (Capability::Quote, &Outcome::Well));
    assert_eq!(report.next, Some(later(report.at, SignedDuration::from_mins(1))));
}

/// Requests to Yahoo for NVDA and its benchmark.
#[tokio::test(start_paused = true)]
async fn an_hour_of_asking_is_a_guests() {
    let cases = [
        ("in session", "2026-11-23 12:00", 1, 12),
        ("before the bell", "2026-11-23 08:00", 1, 12),
        ("at night", "2026-11-23 22:00", 1, 10),
        ("on a weekend", "2026-11-21 12:00", 1, 4),
        ("a whole weekend", "2026-11-21 00:00", 50, 4),
    ];
    for (name, start, hours, most) in cases {
        let mut config = nvda();
        config.symbols[0].benchmark = Some("QQQ".into());
        let (deps, mut shell) = deps(config, start, 16);
        let venue = Venue::new(&deps, well);
        beside(yahoo(&deps, &venue).run(), pass(&mut shell, Duration::from_hours(hours))).await;
        assert!((2..=most).contains(&venue.count()), "{name}: {}", venue.count());
        let asked = venue.asked.lock().unwrap();
        let again = |at: usize| asked[..at].iter().rev().find(|(_, url)| *url == asked[at].1);
        let gaps = (0..asked.len()).filter_map(|at| Some(until(asked[at].0, again(at)?.0)));
        let least = gaps.min().unwrap_or(Duration::MAX);
        assert!(least >= Duration::from_secs(10), "{name}: the same question after {least:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn asks_when_the_day_begins() {
    let (deps, mut shell) = deps(nvda(), "2026-11-22 23:00", 16);
    let venue = Venue::new(&deps, well);
    beside(yahoo(&deps, &venue).run(), pass(&mut shell, Duration::from_mins(302))).await;
    let opening: Timestamp = "2026-11-23T09:00:00Z".parse().unwrap();
    let first = venue.asked.lock().unwrap().iter().map(|(at, _)| *at).find(|at| *at >= opening).unwrap();
    assert!(until(first, opening) < Duration::from_secs(13), "{first}");
}

#[tokio::test(start_paused = true)]
async fn refusals_are_kept_to() {
    type Case = (&'static str, fn(&str, Timestamp) -> Result<Answer, HttpError>, Duration);
    let half_hour = Duration::from_mins(30);
    let cases: [Case; 7] = [
        ("yahoo 429", |_, _| answer(429, &[], "Too Many Requests"), half_hour),
        ("yahoo 429", |_, _| answer(429, &[("retry-after", "120")], "Edge: Too Many Requests"), half_hour),
        ("yahoo 429", |_, _| answer(429, &[("retry-after", "7200")], ""), Duration::from_hours(2)),
        (
            "yahoo 429",
            |_, _| answer(429, &[("retry-after", "Tue, 24 Nov 2026 00:00:00 GMT")], ""),
            Duration::from_hours(7),
        ),
        ("yahoo 403", |_, _| answer(403, &[], "{}"), half_hour),
        ("yahoo web page", |_, _| answer(200, &[], "<!DOCTYPE html><title>Consent</title>"), half_hour),
        ("yahoo limit", |_, _| answer(200, &[], "Too Many Requests"), half_hour),
    ];
    for (expected, rule, pause) in cases {
        let (deps, mut shell) = deps(nvda(), "2026-11-23 12:00", 16);
        let venue = Venue::new(&deps, rule);
        let orders = shell.orders.clone();
        let events = beside(yahoo(&deps, &venue).run(), async {
            let first = pass(&mut shell, Duration::from_secs(10)).await;
            orders.send(Order::Refresh).unwrap();
            pass(&mut shell, pause.saturating_sub(Duration::from_mins(1))).await;
            assert_eq!(venue.count(), 1, "{expected}: asked again");
            pass(&mut shell, Duration::from_mins(2)).await;
            assert_eq!(venue.count(), 2, "{expected}: never asked again");
            first
        })
        .await;
        let blocked = events.iter().filter_map(|event| match event {
            Event::Source(SourceReport {
                capability, outcome: Outcome::Blocked { refusal, until: end }, at, ..
            }) => Some((*capability, refusal.to_string(), until(*end, *at).as_secs_f64().round())),
            _ => None,
        });
        let seconds = pause.as_secs_f64();
        assert_eq!(
            blocked.collect::<Vec<_>>(),
            [(Capability::Quote, expected.into(), seconds), (Capability::Candles, expected.into(), seconds)]
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_restart_does_not_renew_a_refusal() {
    let (mut deps, mut shell) = deps(nvda(), "2026-11-23 12:00", 16);
    let now = (deps.clock)();
    let outcome = Outcome::Blocked {
        refusal: Refusal::by_status("yahoo", 429),
        until: later(now, SignedDuration::from_mins(10)),
    };
    let report = |capability| SourceReport {
        source: "yahoo".into(),
        capability,
        at: now,
        outcome: outcome.clone(),
        status: Some(429),
        next: None,
        asked: Vec::new(),
        lacks: Vec::new(),
    };
    deps.reports = vec![report(Capability::Quote)];
    let venue = Venue::new(&deps, well);
    beside(yahoo(&deps, &venue).run(), async {
        pass(&mut shell, Duration::from_secs(599)).await;
        assert_eq!(venue.count(), 0);
        pass(&mut shell, Duration::from_secs(62)).await;
        assert!(venue.count() > 0);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn failures_are_told_and_waited_out() {
    let (deps, mut shell) = deps(nvda(), "2026-11-23 12:00", 16);
    let start = (deps.clock)();
    let venue = Venue::new(&deps, move |url, now| match until(now, start).as_secs() {
        0..5 => Err(HttpError::Timeout(Duration::from_secs(10))),
        5..25 => answer(503, &[], "busy"),
        25..100 => answer(200, &[], "{\"spark\": {\"result\""),
        _ => well(url, now),
    });
    let health = SourceHealth::default();
    health.late(("yahoo".into(), Capability::Socket), start);
    let poller = Poller::new(source("yahoo").unwrap(), &deps, health, venue.clone());
    let events = beside(poller.run(), pass(&mut shell, Duration::from_mins(4))).await;
    let sentences = events.iter().filter_map(|event| match event {
        Event::Source(SourceReport { capability: Capability::Quote, outcome, .. }) => Some(match outcome {
            Outcome::Failed(failure) => failure.to_string(),
            Outcome::Well => "well".into(),
            Outcome::Blocked { .. } => "blocked".into(),
        }),
        _ => None,
    });
    let mut sentences: Vec<String> = sentences.collect();
    sentences.dedup();
    let expected = [
        "Yahoo Finance: no answer within 10 s.",
        "Yahoo Finance: it answered 503.",
        "Yahoo Finance: its answer could not be read.",
        "well",
    ];
    assert_eq!(sentences, expected);
    let asked = venue.asked.lock().unwrap();
    let failing = asked.iter().filter(|(at, _)| until(*at, start) < Duration::from_secs(100));
    let times: Vec<Timestamp> = failing.map(|(at, _)| *at).collect();
    let least = times.windows(2).map(|pair| until(pair[1], pair[0])).min().unwrap();
    assert!(least >= Duration::from_secs(10), "a source that fails is asked again after {least:?}");
}

#[tokio::test(start_paused = true)]
async fn an_unknown_symbol_leaves_the_others_alone() {
    let (deps, mut shell) = deps(config(&[("NVDAX", &["yahoo"]), ("NVDA", &["yahoo"])]), "2026-11-23 12:00", 16);
    let venue = Venue::new(&deps, |url, now| known(url, now, |symbol| symbol != "NVDAX"));
    let health = SourceHealth::default();
    health.late(("yahoo".into(), Capability::Socket), (deps.clock)());
    let poller = Poller::new(source("yahoo").unwrap(), &deps, health, venue.clone());
    let events = beside(poller.run(), pass(&mut shell, Duration::from_mins(9))).await;
    let asked = venue.addresses().iter().filter(|url| url.contains("range=1d") && url.contains("NVDAX")).count();
    assert_eq!(asked, 1, "{:?}", venue.addresses());
    let quotes = events.iter().filter(|event| matches!(event, Event::Quote(quote) if &*quote.symbol == "NVDA")).count();
    assert!(quotes >= 8, "{quotes}");
    let named = |event: &&Event| matches!(event, Event::Source(SourceReport { outcome: Outcome::Failed(failure), .. }) if failure.to_string() == "Yahoo Finance does not know NVDAX.");
    let Some(Event::Source(report)) = events.iter().find(named) else { panic!("{events:?}") };
    let failure = Failure::new("Yahoo Finance", FailureCause::UnknownSymbol);
    let lacks = Lack { symbol: "NVDAX".into(), failure };
    assert_eq!(report.lacks, [lacks], "it says so of that one alone");
    let well = |event: &&Event| matches!(event, Event::Source(report) if report.asked.contains(&"NVDA".into()));
    assert!(events.iter().any(|event| well(&event)));
}

type Respond = fn(&str, Timestamp) -> Result<Answer, HttpError>;

/// The first failure that is reported, and how often the venue was asked for a price within some minutes.
async fn first_failure(id: &'static str, names: &[&str], rule: Respond) -> (String, Vec<String>, usize) {
    let chain: &[&str] = &[id];
    let symbols: Vec<_> = names.iter().map(|name| (*name, chain)).collect();
    let (deps, mut shell) = deps(config(&symbols), "2026-11-23 12:00", 64);
    let venue = Venue::new(&deps, rule);
    let health = SourceHealth::default();
    let route = (id.into(), Capability::Socket);
    health.late(route, (deps.clock)());
    let poller = Poller::new(source(id).unwrap(), &deps, health, venue.clone());
    let events = beside(poller.run(), pass(&mut shell, Duration::from_mins(5))).await;
    let why = events.iter().find_map(|event| match event {
        Event::Source(SourceReport { capability: Capability::Quote, outcome, .. }) => match outcome {
            Outcome::Failed(failure) => Some(failure.to_string()),
            Outcome::Blocked { refusal, .. } => Some(refusal.to_string()),
            Outcome::Well => None,
        },
        _ => None,
    });
    let priced = events.iter().filter_map(|event| match event {
        Event::Quote(quote) => Some(quote.symbol.to_string()),
        _ => None,
    });
    let priced: BTreeSet<String> = priced.collect();
    (why.unwrap_or_default(), priced.into_iter().collect(), venue.count())
}

#[tokio::test(start_paused = true)]
async fn an_unknown_symbol_is_told_in_many_ways() {
    let coins: Respond = |url, _| match url.contains("ABCUSDT") {
        true => answer(400, &[], r#"{"code":-1121,"msg":"Invalid symbol."}"#),
        false => answer(200, &[], r#"{"symbol":"BTCUSDT","lastPrice":"97000","openPrice":"96000"}"#),
    };
    let (why, priced, _) = first_failure("binance", &["ABC-USD", "BTC-USD"], coins).await;
    assert_eq!((why.as_str(), priced), ("Binance does not know ABC-USD.", vec!["BTC-USD".to_string()]));

    let delayed: Respond = |url, _| match url.contains("NVDAX") {
        true => answer(403, &[], "<Error><Code>AccessDenied</Code></Error>"),
        false => answer(200, &[], r#"{"data":{"current_price":181.5,"prev_day_close":180.0}}"#),
    };
    let (why, priced, _) = first_failure("cboe", &["NVDAX", "NVDA"], delayed).await;
    assert_eq!((why.as_str(), priced), ("Cboe does not know NVDAX.", vec!["NVDA".to_string()]));

    let together: Respond = |_, _| {
        let row = r#"{"symbol":"NVDA","code":0,"last":"181.50","previous_day_closing":"180.00"}"#;
        let odd = r#"{"symbol":"NVDAX","code":1},{"symbol":"AMD","code":0,"last":"UNCH"}"#;
        answer(200, &[], &format!(r#"{{"FormattedQuoteResult":{{"FormattedQuote":[{row},{odd}]}}}}"#))
    };
    let (why, priced, asked) = first_failure("cnbc", &["NVDA", "NVDAX", "AMD"], together).await;
    assert_eq!(why, "CNBC does not know NVDAX and tells no price of AMD.");
    assert_eq!(priced, ["NVDA"]);
    assert!((9..13).contains(&asked), "in its usual pace: {asked}");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_what_was_told_before_is_none_of_the_symbol() {
    let (deps, mut shell) = deps(config(&[("NVDA", &["cboe"])]), "2026-11-23 12:00", 16);
    let start = (deps.clock)();
    let venue = Venue::new(&deps, move |_, now| match until(now, start).as_secs() {
        0..60 => answer(200, &[], r#"{"data":{"current_price":181.5,"prev_day_close":180.0}}"#),
        _ => answer(403, &[], ""),
    });
    let poller = Poller::new(source("cboe").unwrap(), &deps, SourceHealth::default(), venue);
    let events = beside(poller.run(), pass(&mut shell, Duration::from_mins(5))).await;
    let blocked = |event: &Event| matches!(event, Event::Source(SourceReport { outcome: Outcome::Blocked { refusal, .. }, .. }) if *refusal == Refusal::by_status("cboe", 403));
    assert!(events.iter().any(blocked), "{events:?}");
}

#[tokio::test(start_paused = true)]
async fn a_fallen_socket_has_the_source_asked_at_once() {
    let (deps, mut shell) = deps(nvda(), "2026-11-23 12:00", 16);
    let venue = Venue::new(&deps, well);
    let health = SourceHealth::default();
    let poller = Poller::new(source("yahoo").unwrap(), &deps, health.clone(), venue.clone());
    beside(poller.run(), async {
        pass(&mut shell, Duration::from_secs(30)).await;
        let before = venue.count();
        for _ in 0..3 {
            health.late(("yahoo".into(), Capability::Socket), (deps.clock)());
            pass(&mut shell, Duration::from_secs(3)).await;
        }
        assert_eq!(venue.count(), before + 1, "once for each fall");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn follows_the_configuration() {
    let (deps, mut shell) = deps(nvda(), "2026-11-23 12:00", 16);
    let venue = Venue::new(&deps, well);
    beside(yahoo(&deps, &venue).run(), async {
        pass(&mut shell, Duration::from_secs(15)).await;
        shell.config.send(Arc::new(config(&[("AMD", &["yahoo"])]))).unwrap();
        pass(&mut shell, Duration::from_mins(2)).await;
        let mut moved = config(&[("AMD", &["yahoo"])]);
        let settings = SourceSettings { base_url: Some("http://elsewhere/".into()), ..SourceSettings::default() };
        moved.sources.insert("yahoo".into(), settings);
        shell.config.send(Arc::new(moved)).unwrap();
        pass(&mut shell, Duration::from_secs(5)).await;
    })
    .await;
    let asked = venue.addresses();
    assert!(asked[..2].iter().all(|url| url.contains("=NVDA&")), "{asked:?}");
    assert!(asked[2..].iter().all(|url| url.contains("=AMD&")), "{asked:?}");
    assert!(asked.last().unwrap().starts_with("http://elsewhere/v7/"), "{asked:?}");
}

#[tokio::test(start_paused = true)]
async fn brings_the_span_that_is_shown() {
    let (deps, mut shell) = deps(nvda(), "2026-11-23 12:00", 16);
    let venue = Venue::new(&deps, well);
    let spans = beside(yahoo(&deps, &venue).run(), async {
        pass(&mut shell, Duration::from_millis(500)).await;
        shell.shown.send(Some(("NVDA".into(), Span::Year))).unwrap();
        pass(&mut shell, Duration::from_secs(1)).await
    })
    .await;
    assert!(spans.iter().any(|event| matches!(event, Event::Series { span: Span::Year, .. })), "{spans:?}");
    let asked = venue.addresses();
    assert!(asked[1].contains("range=1y"), "before what nobody looks at: {asked:?}");
}

#[tokio::test(start_paused = true)]
async fn rests_while_the_socket_does_well() {
    let (deps, mut shell) = deps(config(&[("BTC-USD", &["coinbase"])]), "2026-11-22 12:00", 16);
    let venue = Venue::new(&deps, |url, _| match url {
        url if url.ends_with("/ticker") => {
            answer(200, &[], r#"{"price": "97412.1", "time": "2026-11-22T17:00:00Z", "trade_id": 5}"#)
        }
        url if url.ends_with("/stats") => answer(200, &[], r#"{"open": "97000", "last": "1"}"#),
        _ => answer(200, &[], "[[1700000000, 1, 2, 1.5, 1.6, 9]]"),
    });
    let health = SourceHealth::default();
    let poller = Poller::new(source("coinbase").unwrap(), &deps, health.clone(), venue.clone());
    let socket = |outcome| SourceReport::new("coinbase", Capability::Socket, (deps.clock)(), outcome);
    let is_quote = |event: &Event| matches!(event, Event::Quote(_));
    beside(poller.run(), async {
        assert!(!pass(&mut shell, Duration::from_mins(2)).await.iter().any(is_quote));
        health.tell(&socket(Outcome::Failed(Failure::new("Coinbase", FailureCause::NoPrice))));
        let quote: Quote = shell.quote().await;
        assert_eq!((quote.price, quote.base), (Decimal::new(974_121, 1), Some(Decimal::new(97_000, 0))));
        assert_eq!((quote.session, &*quote.currency), (Session::Always, "USD"));
        pass(&mut shell, Duration::from_mins(1)).await;
        health.tell(&socket(Outcome::Well));
        pass(&mut shell, Duration::from_secs(1)).await;
        assert!(!pass(&mut shell, Duration::from_mins(2)).await.iter().any(is_quote));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn ends_with_the_desk() {
    let (deps, shell) = deps(nvda(), "2026-11-23 12:00", 16);
    let venue = Venue::new(&deps, well);
    let poller = yahoo(&deps, &venue);
    drop((shell, deps));
    tokio::time::timeout(Duration::from_mins(5), poller.run()).await.unwrap().unwrap();
}

/// Over a real connection: what the other tests pass over.
#[tokio::test]
async fn asks_over_http() {
    let server = wiremock::MockServer::start().await;
    let (deps, mut shell) = deps(
        {
            let mut config = nvda();
            let settings = SourceSettings { base_url: Some(server.uri()), ..SourceSettings::default() };
            config.sources.insert("yahoo".into(), settings);
            config
        },
        "2026-11-23 12:00",
        16,
    );
    let body =
        json!({"spark": {"error": null, "result": [{"symbol": "NVDA", "response": [chart(181.25, (deps.clock)())]}]}});
    wiremock::Mock::given(wiremock::matchers::path("/v7/finance/spark"))
        .and(wiremock::matchers::query_param("symbols", "NVDA"))
        .and(wiremock::matchers::header("user-agent", "Mozilla/5.0 (compatible; newstape)"))
        .respond_with(wiremock::ResponseTemplate::new(200).set_body_string(body.to_string()))
        .mount(&server)
        .await;
    let poller = Poller::new(source("yahoo").unwrap(), &deps, SourceHealth::default(), deps.http.clone());
    assert_eq!(beside(poller.run(), shell.quote()).await.price, Decimal::new(18_125, 2));
}

fn many(count: usize) -> Config {
    let names: Vec<String> = (0..count).map(|at| format!("S{at:03}")).collect();
    let symbols: Vec<(&str, &[&str])> =
        names.iter().map(|name| (name.as_str(), &["yahoo", "cnbc"] as &[&str])).collect();
    config(&symbols)
}

/// Takes every question and answers none.
struct Hangs;

impl Fetch for Hangs {
    async fn fetch(&self, _: &Config, _: Ask) -> Result<Answer, HttpError> {
        std::future::pending().await
    }
}

/// Hangs over charts of the day and answers the others.
struct Charts(Arc<Mutex<Vec<String>>>);

impl Fetch for Charts {
    async fn fetch(&self, _: &Config, ask: Ask) -> Result<Answer, HttpError> {
        self.0.lock().unwrap().push(ask.url.clone());
        if ask.url.contains("/chart/") && ask.url.contains("range=1d") {
            std::future::pending::<()>().await;
        }
        well(&ask.url, "2026-11-23T17:00:00Z".parse().unwrap())
    }
}

/// Answers everything after 700 ms.
struct Slow(Arc<Mutex<Vec<String>>>);

impl Fetch for Slow {
    async fn fetch(&self, _: &Config, ask: Ask) -> Result<Answer, HttpError> {
        self.0.lock().unwrap().push(ask.url.clone());
        tokio::time::sleep(Duration::from_millis(700)).await;
        well(&ask.url, "2026-11-23T17:00:00Z".parse().unwrap())
    }
}
