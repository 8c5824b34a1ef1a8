//! The whole program in a terminal, live: against servers of our own on loopback, with feeds and prices of our own words
//! and numbers. It is Monday 23 November 2026, 13:00 in New York.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use serde_json::json;
use support::server::Server;
use support::{Home, Terminal, View};

const WIDE: (u16, u16) = (160, 45);
const NOW: &str = "2026-11-23T18:00:00Z";
const LATER: &str = "2026-11-23T18:10:00Z";
/// Of a price that came just now.
const TRADED: &str = "2026-11-23T18:00:30Z";
const RSS: &str = "application/rss+xml; charset=utf-8";

const CHIPS: &str = "Chip maker opens a second plant in Arizona";
const BANKS: &str = "Central bank of Norway leaves its rate alone";
const RAILS: &str = "Railway strike ends after nine days of talks";
const LATE: &str = "Harbour of Rotterdam reports a record autumn";
const THIRD: &str = "Vineyards in Alsace expect a small harvest";

/// Stories, each with a title as it stands in the document and its time today.
fn rss(stories: &[(&str, &str)]) -> String {
    let item = |(title, time): &(&str, &str)| {
        let words = title.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        let link = format!("https://example.org/{}", words.collect::<Vec<_>>().join("-"));
        format!(
            "<item><title>{title}</title><link>{link}</link><guid isPermaLink=\"false\">{title}</guid>\
             <pubDate>Mon, 23 Nov 2026 {time} GMT</pubDate></item>"
        )
    };
    let items: String = stories.iter().map(item).collect();
    format!("<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>of our own</title>{items}</channel></rss>")
}

/// What Yahoo answers to its two questions about NVDA, with as much as is read of it: prices of many, and a chart.
fn put_nvda(server: &Server, price: f64) {
    let chart = chart(price);
    let spark = json!({"spark": {"error": null, "result": [{"symbol": "NVDA", "response": [chart]}]}});
    let chart = json!({"chart": {"error": null, "result": [chart]}});
    server.put("/v7/finance/spark", 200, "application/json", spark.to_string());
    server.put("/v8/finance/chart/NVDA", 200, "application/json", chart.to_string());
}

fn chart(price: f64) -> serde_json::Value {
    let seconds = |time: &str| time.parse::<jiff::Timestamp>().unwrap().as_second();
    let period = |start: &str, end: &str| json!({"start": seconds(start), "end": seconds(end)});
    json!({
        "meta": {
            "currency": "USD", "symbol": "NVDA", "range": "1d", "priceHint": 2,
            "regularMarketPrice": price, "regularMarketTime": seconds(TRADED), "previousClose": 180.0,
            "currentTradingPeriod": {
                "pre": period("2026-11-23T09:00:00Z", "2026-11-23T14:30:00Z"),
                "regular": period("2026-11-23T14:30:00Z", "2026-11-23T21:00:00Z"),
                "post": period("2026-11-23T21:00:00Z", "2026-11-24T01:00:00Z"),
            },
        },
        "timestamp": [seconds("2026-11-23T17:50:00Z"), seconds("2026-11-23T17:55:00Z")],
        "indicators": {"quote": [{
            "open": [181.0, 181.5], "high": [181.6, 182.4], "low": [180.9, 181.2], "close": [181.5, 182.2],
            "volume": [1000, 1200],
        }]},
    })
}

/// Two feeds and two prices, all well.
fn servers() -> Server {
    let server = Server::start();
    server.put("/alpha.xml", 200, RSS, rss(&[(CHIPS, "17:50:00"), (RAILS, "17:30:00")]));
    server.put("/beta.xml", 200, RSS, rss(&[(BANKS, "17:40:00")]));
    server.put("/gamma.xml", 200, RSS, rss(&[(THIRD, "17:45:00")]));
    put_nvda(&server, 182.25);
    for coin in ["BTC-USD", "ETH-USD"] {
        server.put(&format!("/products/{coin}/candles"), 200, "application/json", "[]");
    }
    server.trade("BTC-USD", "97412.50", "96000.00", TRADED);
    server.trade("ETH-USD", "3456.70", "3400.00", TRADED);
    server
}

/// The config of a reader who has only what these servers offer.
fn config(server: &Server) -> String {
    let feed = |name: &str, path: &str| {
        let url = server.url(path);
        format!("[[feed]]\nname = \"{name}\"\nurl = \"{url}\"\ninterval = \"1s\"\ncategory = \"Own\"\n\n")
    };
    let symbol = |name: &str, source: &str| format!("[[symbol]]\nname = \"{name}\"\nsources = [\"{source}\"]\n\n");
    [
        "[shipped]\nfeeds = false\nsymbols = false\n\n[network]\ndomain-spacing = \"0s\"\nfeed-floor = \"1s\"\n\n"
            .into(),
        format!("[source.yahoo]\nbase-url = \"{}\"\nsocket-url = \"{}\"\n\n", server.url(""), server.socket_url()),
        format!("[source.coinbase]\nbase-url = \"{}\"\nsocket-url = \"{}\"\n\n", server.url(""), server.socket_url()),
        feed("Alpha Wire", "/alpha.xml"),
        feed("Beta Desk", "/beta.xml"),
        symbol("NVDA", "yahoo"),
        symbol("BTC-USD", "coinbase"),
    ]
    .concat()
}

fn start(home: &Home, now: &str) -> Terminal {
    Terminal::start(home, &["--now", now], WIDE)
}

/// A live screen on which the three stories are.
fn live(home: &Home) -> Terminal {
    let terminal = start(home, NOW);
    terminal.wait_for("the stories of both feeds", |view| view.contains_all(&[CHIPS, BANKS, RAILS]));
    terminal
}

fn stands_above(view: &View, upper: &str, lower: &str) -> bool {
    view.row_of(upper).zip(view.row_of(lower)).is_some_and(|(upper, lower)| upper < lower)
}

#[track_caller]
fn quit(mut terminal: Terminal) {
    terminal.type_keys("q");
    assert_eq!(terminal.wait_for_end().exit_code(), 0);
    terminal.assert_given_back();
}

#[test]
fn stories_of_all_feeds_come_newest_first_and_prices_say_how_they_came() {
    let server = servers();
    let home = Home::with_config(&config(&server));
    let terminal = live(&home);
    terminal.look(|view| {
        assert!(stands_above(view, CHIPS, BANKS) && stands_above(view, BANKS, RAILS), "{:#?}", view.rows);
        assert!(view.contains("Alpha Wire") && view.contains("Beta Desk"), "{:#?}", view.rows);
    });
    terminal.wait_for("both prices in their words", |view| {
        view.contains_all(&["97,412.50", "LIVE coinbase", "182.25", "POLL 1m yahoo"])
    });
    server.trade("BTC-USD", "97500.25", "96000.00", TRADED);
    terminal.wait_for_text("97,500.25");
    server.put("/alpha.xml", 200, RSS, rss(&[(LATE, "17:55:00"), (CHIPS, "17:50:00"), (RAILS, "17:30:00")]));
    terminal.wait_for("a new story above the others", |view| stands_above(view, LATE, CHIPS));
    terminal.wait_for("two feeds, both fresh", |view| view.status().contains("2 of 2 feeds fresh"));
    quit(terminal);
}

#[test]
fn a_feed_that_fails_is_named_and_the_other_goes_on() {
    let server = servers();
    let home = Home::with_config(&config(&server));
    let terminal = live(&home);
    server.put("/beta.xml", 500, "text/html", "<h1>out of order</h1>");
    terminal.wait_for("the failing feed in the status line", |view| {
        view.status().contains("1 of 2 feeds fresh") && view.status().contains("Beta Desk: ")
    });
    terminal.look(|view| assert!(view.status().contains("500"), "{}", view.status()));
    server.put("/alpha.xml", 200, RSS, rss(&[(LATE, "17:55:00"), (CHIPS, "17:50:00")]));
    terminal
        .wait_for("the other feed's news, and the failing one's old story", |view| view.contains_all(&[LATE, BANKS]));
    server.put("/beta.xml", 200, RSS, rss(&[(BANKS, "17:40:00")]));
    terminal.wait_for("all well again", |view| view.status().contains("2 of 2 feeds fresh"));
    quit(terminal);
}

#[test]
fn nothing_that_a_title_says_reaches_the_terminal_but_text() {
    let server = servers();
    let titles = [
        "Orchards bloom\x1b]0;owned\x07 early in Kent",
        "Ferry timetable&#27;]52;c;b3duZWQ=&#7; printed anew",
        "Lighthouse keepers&#x1b;[31;5;9m retire\u{9b}2J after\u{85} decades",
        "Museum lends \u{202e}sgnitniap\u{2066} abroad",
    ];
    let beginnings = ["Orchards bloom", "Ferry timetable", "Lighthouse keepers", "Museum lends"];
    let times = ["17:51:00", "17:52:00", "17:53:00", "17:54:00"];
    let stories: Vec<(&str, &str)> = titles.into_iter().zip(times).collect();
    server.put("/alpha.xml", 200, RSS, rss(&stories));
    let home = Home::with_config(&config(&server));
    let mut terminal = start(&home, NOW);
    terminal.wait_for("the titles", |view| view.contains(BANKS) && view.contains_all(&beginnings));
    // Read each, newest first, so that the reader shows them too.
    for title in beginnings.into_iter().rev() {
        terminal.type_keys("\r");
        terminal.wait_for("the story in the wire and in the reader", |view| {
            view.rows.iter().filter(|row| row.contains(title)).count() >= 2
        });
        terminal.type_keys("\t\tj");
    }
    terminal.type_keys("q");
    assert_eq!(terminal.wait_for_end().exit_code(), 0);
    terminal.assert_given_back();
    let text = String::from_utf8(terminal.bytes()).unwrap();
    // Our own: the question for the background, the title, and links to where the stories are.
    let ours = ["11;?\x1b\\", "2;newstape\x1b\\", "2;NVDA ", "2;BTC ", "8;;\x1b\\", "8;id="];
    for command in text.split("\x1b]").skip(1) {
        let is_ours = ours.iter().any(|beginning| command.starts_with(beginning));
        assert!(is_ours, "an operating system command was written to the terminal: {:?}", command.get(..40));
    }
    for (name, piece) in [
        ("a bell", "\x07"),
        ("a sequence of the title's", "\x1b[31;5;9m"),
        ("a control character of the second kind", "\u{9b}"),
        ("a control character of the second kind", "\u{85}"),
        ("a change of direction", "\u{202e}"),
        ("an isolate", "\u{2066}"),
    ] {
        assert!(!text.contains(piece), "{name} was written to the terminal");
    }
}

#[test]
fn a_saved_config_is_in_force_at_once_and_a_mistake_in_it_breaks_nothing() {
    let server = servers();
    let home = Home::with_config(&config(&server));
    let mut terminal = live(&home);
    let right = config(&server);
    let lines = right.lines().count();
    home.write_config(&format!("{right}[[symbol]\nname = \"ETH-USD\"\n"));
    let place = format!("config.toml:{}:", lines + 1);
    let soon = Duration::from_secs(3);
    terminal.wait_within(soon, "the place of the mistake", |view| view.status().contains(&place));
    terminal.look(|view| {
        let after = view.status().split_once(&place).unwrap().1;
        assert!(after.starts_with(|letter: char| letter.is_ascii_digit()), "no column: {}", view.status());
        assert!(view.status().contains("keeping the previous config"), "{}", view.status());
    });
    // The screen goes on: keys, prices, stories.
    server.trade("BTC-USD", "97600.75", "96000.00", TRADED);
    server.put("/alpha.xml", 200, RSS, rss(&[(LATE, "17:55:00"), (CHIPS, "17:50:00"), (RAILS, "17:30:00")]));
    terminal.wait_for("news and prices under the old config", |view| view.contains_all(&[LATE, "97,600.75"]));
    terminal.type_keys("?");
    terminal.wait_for_text("Esc closes");
    terminal.type_keys("\x1b");
    terminal.wait_for("no help", |view| !view.contains("Esc closes"));

    let feed = format!("[[feed]]\nname = \"Gamma Post\"\nurl = \"{}\"\ninterval = \"1s\"\n", server.url("/gamma.xml"));
    let coin = "[[symbol]]\nname = \"ETH-USD\"\nsources = [\"coinbase\"]\n";
    home.write_config(&format!("{right}{feed}{coin}"));
    terminal.wait_for("what was added", |view| {
        view.contains_all(&[THIRD, "3,456.70", CHIPS, "97,600.75"]) && !view.status().contains(&place)
    });
    // And what is taken away goes.
    home.write_config(&right);
    terminal.wait_for("what was taken away is gone", |view| !view.contains("3,456.70") && view.contains("97,600.75"));
    quit(terminal);
}

#[test]
fn what_was_read_and_marked_a_second_ago_survives_a_kill() {
    let server = servers();
    let home = Home::with_config(&config(&server));
    let mut terminal = live(&home);
    terminal.wait_for("both prices", |view| view.contains_all(&["97,412.50", "182.25"]));
    // Onto the second story, and read it.
    terminal.type_keys("gj");
    terminal.type_keys("\r");
    terminal.wait_for("the second story in the reader", |view| {
        view.rows.iter().filter(|row| row.contains(BANKS)).count() >= 2
    });
    // A feed that is asked once a second tells how time passes.
    server.wait_until_asked("/alpha.xml", 3);
    terminal.signal("KILL");
    terminal.wait_for_end();
    // Nobody answers any more: all there is to see is what was kept.
    drop(server);

    let mut terminal = start(&home, LATER);
    terminal.wait_for("all stories from before", |view| view.contains_all(&[CHIPS, BANKS, RAILS]));
    terminal.wait_for("the last prices, with their age", |view| view.contains_all(&["97,412.50", "182.25", "CACHED "]));
    terminal.type_keys("/-is:unread\r");
    terminal.wait_for("only the story that was read", |view| {
        view.contains("Wire · 1 of 3") && view.contains(BANKS) && !view.contains(CHIPS) && !view.contains(RAILS)
    });
    quit(terminal);
}
