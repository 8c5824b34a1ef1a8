//! Long watchlists: what goes into one question, and what is left when a source is slow.

use super::*;

#[tokio::test(start_paused = true)]
async fn thirty_symbols_are_two_questions_in_the_order_of_the_watchlist() {
    let mut watchlist = many(30);
    watchlist.symbols.reverse();
    let (deps, mut shell) = deps(watchlist, "2026-11-23 12:00", 256);
    shell.shown.send(Some(("S029".into(), Span::Day))).unwrap();
    let venue = Venue::new(&deps, well);
    let events = beside(yahoo(&deps, &venue).run(), pass(&mut shell, Duration::from_secs(2))).await;
    let asked = venue.addresses();
    assert!(asked[0].contains("/v8/finance/chart/S029"), "the chart on screen first: {}", asked[0]);
    assert_eq!(sparked(&asked[1])[..3], ["S029", "S028", "S027"]);
    assert_eq!((sparked(&asked[1]).len(), sparked(&asked[2]).len()), (20, 10));
    assert!(asked[3..].iter().all(|url| url.contains("range=5d")), "{asked:?}");
    let priced = events.iter().filter(|event| matches!(event, Event::Quote(_))).count();
    assert_eq!(priced, 30);
}

#[tokio::test(start_paused = true)]
async fn what_a_source_has_no_time_for_is_late_at_once() {
    let (deps, mut shell) = deps(many(200), "2026-11-23 12:00", 1_024);
    let venue = Venue::new(&deps, well);
    let health = SourceHealth::default();
    let poller = Poller::new(source("yahoo").unwrap(), &deps, health.clone(), venue);
    beside(poller.run(), pass(&mut shell, Duration::from_millis(400))).await;
    let health_table = health.watch().borrow().clone();
    let route = ("yahoo".into(), Capability::Quote);
    let is_late = |at: usize| health_table.trust(&format!("S{at:03}").into(), &route, (deps.clock)()) == Trust::Down;
    assert!((0..20).all(|at| !is_late(at)), "the first question");
    assert!((20..200).all(is_late), "the others wait for its answer, and some for the spacing");
}

#[tokio::test(start_paused = true)]
async fn a_slow_answer_makes_what_waits_behind_it_late() {
    let (deps, mut shell) = deps(many(6), "2026-11-23 12:00", 256);
    shell.shown.send(Some(("S000".into(), Span::Day))).unwrap();
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let health = SourceHealth::default();
    let poller = Poller::new(source("yahoo").unwrap(), &deps, health.clone(), Slow(asked.clone()));
    let late = |health: &SourceHealth| {
        let health_table = health.watch().borrow().clone();
        let route = ("yahoo".into(), Capability::Quote);
        let is_late =
            |at: &usize| health_table.trust(&format!("S{at:03}").into(), &route, (deps.clock)()) == Trust::Down;
        (0..6).filter(is_late).count()
    };
    beside(poller.run(), async {
        pass(&mut shell, Duration::from_millis(650)).await;
        assert_eq!((late(&health), asked.lock().unwrap().len()), (0, 1), "the chart is waited for");
        pass(&mut shell, Duration::from_millis(100)).await;
        assert_eq!(late(&health), 6, "the prices would come after 1.65 s");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_source_that_hangs_is_late_after_a_second_for_all_that_waits() {
    let (deps, mut shell) = deps(many(30), "2026-11-23 12:00", 64);
    let health = SourceHealth::default();
    let poller = Poller::new(source("yahoo").unwrap(), &deps, health.clone(), Hangs);
    let late = |health: &SourceHealth| {
        let health_table = health.watch().borrow().clone();
        let route = ("yahoo".into(), Capability::Quote);
        (0..30)
            .filter(|at| health_table.trust(&format!("S{at:03}").into(), &route, (deps.clock)()) == Trust::Down)
            .count()
    };
    beside(poller.run(), async {
        pass(&mut shell, Duration::from_millis(950)).await;
        assert_eq!(late(&health), 10, "those of the second question");
        pass(&mut shell, Duration::from_millis(100)).await;
        assert_eq!(late(&health), 30);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_chart_that_is_turned_away_from_is_not_waited_for() {
    let (deps, mut shell) = deps(nvda(), "2026-11-23 12:00", 64);
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let poller = Poller::new(source("yahoo").unwrap(), &deps, SourceHealth::default(), Charts(asked.clone()));
    shell.shown.send(Some(("NVDA".into(), Span::Day))).unwrap();
    beside(poller.run(), async {
        pass(&mut shell, Duration::from_secs(1)).await;
        shell.shown.send(Some(("NVDA".into(), Span::Year))).unwrap();
        pass(&mut shell, Duration::from_secs(1)).await;
    })
    .await;
    let asked = asked.lock().unwrap();
    assert!(asked[1..3].iter().any(|url| url.contains("range=1y")), "{asked:?}");
}

#[tokio::test(start_paused = true)]
async fn an_unknown_coin_is_found_among_many_and_the_others_go_together_again() {
    let names = ["AAA-USD", "BBB-USD", "BAD-USD", "CCC-USD", "DDD-USD", "EEE-USD"];
    let symbols: Vec<(&str, &[&str])> = names.iter().map(|name| (*name, &["kraken"] as &[&str])).collect();
    let (deps, mut shell) = deps(config(&symbols), "2026-11-23 12:00", 256);
    let venue = Venue::new(&deps, |url, _| {
        let Some((_, pairs)) = url.split_once("pair=").filter(|_| url.contains("/Ticker?")) else {
            return answer(200, &[], r#"{"error":[],"result":{"X":[],"last":1}}"#);
        };
        if pairs.contains("BAD") {
            return answer(200, &[], r#"{"error":["EQuery:Unknown asset pair"]}"#);
        }
        let rows: serde_json::Map<String, serde_json::Value> =
            pairs.split(',').map(|pair| (pair.to_string(), json!({"c": ["1.5", "1"]}))).collect();
        answer(200, &[], &json!({"error": [], "result": rows}).to_string())
    });
    let health = SourceHealth::default();
    health.late(("kraken".into(), Capability::Socket), (deps.clock)());
    let poller = Poller::new(source("kraken").unwrap(), &deps, health, venue.clone());
    let events = beside(poller.run(), pass(&mut shell, Duration::from_mins(2))).await;
    let priced: BTreeSet<String> = events
        .iter()
        .filter_map(|event| match event {
            Event::Quote(quote) => Some(quote.symbol.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(priced.len(), 5, "{priced:?}");
    let tickers: Vec<String> = venue.addresses().into_iter().filter(|url| url.contains("/Ticker?")).collect();
    let last = tickers.last().unwrap();
    assert_eq!(last.split(',').count(), 5, "{tickers:#?}");
    assert!(tickers.iter().filter(|url| url.contains("BAD")).count() <= 3, "{tickers:#?}");
}

#[tokio::test(start_paused = true)]
async fn symbols_without_a_price_go_along_with_one_that_is_asked_for() {
    let (deps, mut shell) = deps(many(6), "2026-11-23 12:00", 64);
    let venue = Venue::new(&deps, |_, _| {
        let row = |at: usize| json!({"symbol": format!("S{at:03}"), "code": 0, "last": "181.50", "previous_day_closing": "180.00"});
        let rows: Vec<_> = (0..6).map(row).collect();
        answer(200, &[], &json!({"FormattedQuoteResult": {"FormattedQuote": rows}}).to_string())
    });
    let health = SourceHealth::default();
    for by in [Capability::Socket, Capability::Quote] {
        health.late_for(&["S003".into()], &("yahoo".into(), by), (deps.clock)());
    }
    let poller = Poller::new(source("cnbc").unwrap(), &deps, health, venue.clone());
    let events = beside(poller.run(), pass(&mut shell, Duration::from_secs(20))).await;
    assert_eq!(venue.count(), 1, "one question for all");
    assert_eq!(events.iter().filter(|event| matches!(event, Event::Quote(_))).count(), 6);
}

#[tokio::test(start_paused = true)]
async fn who_steps_through_the_watchlist_asks_for_the_chart_where_they_stop() {
    let (deps, mut shell) = deps(many(20), "2026-11-23 12:00", 256);
    let venue = Venue::new(&deps, well);
    shell.shown.send(Some(("S000".into(), Span::Day))).unwrap();
    beside(yahoo(&deps, &venue).run(), async {
        pass(&mut shell, Duration::from_secs(5)).await;
        for at in 1..20 {
            shell.shown.send(Some((format!("S{at:03}").into(), Span::Day))).unwrap();
            pass(&mut shell, Duration::from_millis(100)).await;
        }
        pass(&mut shell, Duration::from_secs(1)).await;
    })
    .await;
    let charts = venue.addresses().into_iter().filter(|url| url.contains("/v8/")).collect::<Vec<_>>();
    assert_eq!(charts.len(), 2, "{charts:?}");
    assert!(charts[1].contains("/S019?"), "{charts:?}");
}
