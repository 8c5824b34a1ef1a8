//! The screen at rest: what each state of the program looks like, text and style, at the sizes that matter; and what holds
//! at every size.
#![allow(clippy::unwrap_used)]

#[path = "support/scene.rs"]
mod scene;

use std::sync::Arc;

use crossterm::event::{Event as TerminalEvent, KeyCode};
use jiff::SignedDuration;
use newstape::app::App;
use newstape::app::command::Command;
use newstape::config;
use newstape::domain::article::{Article, Block, BlockKind, Run};
use newstape::domain::feed::{FeedState, Trouble};
use newstape::domain::http_error::HttpError;
use newstape::domain::price::{
    Candle, Capability, Delivery, Extended, Failure, FailureCause, Lack, Outcome, Refusal, Session, SourceReport, Span,
};
use newstape::domain::story::Story;
use newstape::event::{Event, Loaded, ReplayPosition};
use newstape::screen::theme::{Looks, Theme};
use ratatui::buffer::Buffer;
use ratatui::style::Color;
use rust_decimal::Decimal;
use scene::*;
use strum::IntoEnumIterator;

const HUGE: (u16, u16) = (240, 70);
const WIDE: (u16, u16) = (160, 45);
const MEDIUM: (u16, u16) = (100, 30);
const SMALL: (u16, u16) = (80, 24);
const TINY: (u16, u16) = (40, 10);

/// At the size of a large window, and of the smallest common one. What holds at every size is tested further down.
fn snapshots(name: &str, app: &mut App) {
    for (size, at) in [("160", WIDE), ("80", SMALL)] {
        // Once to tell the state where things are, as the loop does.
        draw_at(app, at, &theme("dark"));
        snapshot_in(&format!("{name}-{size}"), app, at, &theme("dark"));
    }
}

fn snapshot_in(name: &str, app: &mut App, size: (u16, u16), theme: &Theme) {
    let page = page(&draw_at(app, size, theme), theme);
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => true }, {
        insta::assert_snapshot!(name, page);
    });
}

fn text(app: &mut App, size: (u16, u16)) -> String {
    rows(&draw_at(app, size, &theme("dark"))).join("\n")
}

// --- states ---

/// Every state that a reader meets.
fn states() -> Vec<(&'static str, App)> {
    let with = |mut app: App, prepare: &dyn Fn(&mut App)| {
        prepare(&mut app);
        app
    };
    let mut first = started(NOON, "");
    first.notices.greeting = Some("~/.config/newstape/config.toml".into());
    vec![
        ("busy", with(busy(), &|app| keys(app, "jjj"))),
        ("loading", app_at(NOON, "")),
        ("first-run", first),
        ("offline", with(started(NOON, ""), &go_offline)),
        ("stale", with(busy(), &go_stale)),
        ("mistake", with(busy(), &mistake)),
        ("paused", with(busy(), &pause)),
        ("nothing-matches", with(busy(), &|app| keys(app, "/frobnicate\r"))),
        ("query-mistake", with(busy(), &|app| keys(app, "/nvidia age<soon"))),
        ("reader", with(busy(), &|app| keys(app, "\r"))),
        ("article", with(busy(), &read_article)),
        ("help", with(busy(), &|app| keys(app, "?"))),
        ("commands", with(busy(), &|app| keys(app, ":hide"))),
        ("alert", with(busy_with(LOUD), &alert)),
    ]
}

fn go_offline(app: &mut App) {
    let mut state = FeedState::new("Harbour Wire".into(), "https://desk.example/feed".into());
    state.history.trouble = Some(Trouble::Unreached(HttpError::Connect));
    tell(app, Event::Feed(state.into()));
    report(app, "yahoo", unreached(), None);
}

/// NVDA refused, the coins not heard of for a while.
fn go_stale(app: &mut App) {
    let until = app.now + minutes(31);
    report(app, "yahoo", Outcome::Blocked { refusal: Refusal::by_status("yahoo", 429), until }, Some(429));
    let later = app.now + minutes(5);
    app.update(Event::Tick, later);
}

fn mistake(app: &mut App) {
    let sentence = "config.toml, line 12: 'intervall' is not known; did you mean 'interval'?";
    tell(app, Event::ConfigMistake(sentence.into()));
}

fn pause(app: &mut App) {
    keys(app, "p");
    let fresh = story(900, app.now, "Desk Daily", "Bakery wins a prize");
    tell_stories(app, vec![fresh]);
}

const LOUD: &str = "[[alert]]\nname = 'A coin falls'\nprice = 'BTC-USD < 97000'\n";

fn alert(app: &mut App) {
    let quote = quote(app, "BTC-USD", 9_690_000, 9_683_100);
    tell(app, Event::Quote(quote));
}

/// A page with everything that a page may have.
fn read_article(app: &mut App) {
    keys(app, "\r\r");
    let shown = app.wire.current_item().unwrap().story.id;
    let run = |text: &str, link: Option<usize>, strong: bool| Run { text: text.into(), link, strong };
    let block = |kind: BlockKind, runs: Vec<Run>| Block { kind, runs };
    let long = "The harbour master said that the new berths would be ready before the ice comes, and that nobody had asked \
                for more of them. ";
    let blocks = vec![
        block(
            BlockKind::Text,
            vec![run(long, None, false), run("A report", Some(0), false), run(" says otherwise.", None, false)],
        ),
        block(BlockKind::Heading, vec![run("What is planned", None, false)]),
        block(BlockKind::Item, vec![run("four berths for ", None, false), run("large ships", None, true)]),
        block(BlockKind::Item, vec![run("a crane, which ", None, false), run("the town pays for", Some(1), false)]),
        block(
            BlockKind::Quote,
            vec![run("« Nous avons besoin de temps », dit le maire, « et d'un peu d'argent. »", None, false)],
        ),
        block(BlockKind::Code, vec![run("berths = 4", None, false)]),
        block(BlockKind::Text, vec![run(&long.repeat(6), None, false)]),
    ];
    let links = ["https://desk.example/report", "https://desk.example/crane"].map(String::from).to_vec();
    let article = Article { title: "Berths before the ice".into(), byline: Some("By A. Keeper".into()), blocks, links };
    tell(app, Event::Article { story: shown, outcome: Ok(Arc::new(article)) });
}

#[test]
fn every_state() {
    for (name, mut app) in states() {
        snapshots(name, &mut app);
    }
}

#[test]
fn what_a_state_says_is_readable_at_every_size() {
    let says = [
        ("loading", "reading what is stored"),
        ("first-run", "? help"),
        ("offline", "No network"),
        ("stale", "5m old"),
        ("mistake", "config.toml, line 12"),
        ("paused", "paused"),
        ("nothing-matches", "Nothing matches"),
        ("query-mistake", "soon"),
        ("article", "harbour master"),
        ("commands", "hide-reader"),
        ("alert", "A coin falls"),
    ];
    let mut states = states();
    for (name, words) in says {
        let (_, app) = states.iter_mut().find(|(state, _)| *state == name).unwrap();
        for size in [HUGE, WIDE, MEDIUM, SMALL, TINY] {
            let shown = text(app, size).to_lowercase();
            assert!(shown.contains(&words.to_lowercase()), "{name} at {size:?} does not say '{words}':\n{shown}");
        }
    }
}

#[test]
fn what_stands_of_the_store_outranks_what_passes() {
    let mut app = busy();
    tell(&mut app, Event::Loaded(Loaded { read_only: true, done: true, ..Loaded::default() }));
    let last = |app: &mut App| text(app, WIDE).lines().last().unwrap().to_owned();
    assert!(last(&mut app).contains("Another newstape runs on this data: this one only reads"), "{}", last(&mut app));
    alert(&mut app);
    assert!(last(&mut app).contains("Another newstape runs on this data"), "not a price: {}", last(&mut app));
    keys(&mut app, "s");
    assert!(last(&mut app).contains("Not saved: another newstape runs on this data"), "{}", last(&mut app));
    tell(&mut app, Event::StoreReplaced("The stored data was damaged: it is kept.".into()));
    assert!(last(&mut app).contains("The stored data was damaged"), "{}", last(&mut app));
    let now = app.now;
    tell(&mut app, Event::Saved(now));
    assert!(last(&mut app).contains("The stored data was damaged"), "{}", last(&mut app));
}

#[test]
fn themes() {
    let mut app = busy();
    for (size, at) in [("160", WIDE), ("80", SMALL)] {
        snapshot_in(&format!("busy-no-color-{size}"), &mut app, at, &no_color());
    }
    let dark = rows(&draw_at(&mut app, MEDIUM, &theme("dark")));
    for name in config::shipped().themes.keys() {
        assert_eq!(rows(&draw_at(&mut app, MEDIUM, &theme(name))), dark, "{name} changes more than colours");
    }
}

#[test]
fn prices_that_are_not_current() {
    let mut app = busy();
    go_stale(&mut app);
    assert!(text(&mut app, WIDE).contains("NVDA  181.23  ▼ −2.13%"));
    assert!(text(&mut app, SMALL).contains("BLOCKED · 5m old"));
    assert!(
        text(&mut app, WIDE).contains("NVDA: yahoo refuses until 14:17 ET · BTC, ETH, SOL not current · f tells all")
    );
    assert!(text(&mut app, TINY).contains("NVDA 181.23 5m old"));
    let mut app = started(NOON, "");
    go_offline(&mut app);
    assert!(text(&mut app, SMALL).contains("newstape demo"));
}
#[test]
fn cached_prices() {
    let mut app = app_at(NOON, "");
    let mut quote = quote(&app, "NVDA", 18123, 18517);
    (quote.delivery, quote.received_time) = (Delivery::Stored, app.now - minutes(125));
    quote.exchange_time = Some(quote.received_time);
    let loaded = Loaded { stories: day(&app), quotes: vec![quote], done: true, ..Loaded::default() };
    tell(&mut app, Event::Loaded(loaded));
    snapshots("cached", &mut app);
}

#[test]
fn before_the_open_a_change_is_of_the_session_before() {
    let mut app = started("2026-11-23T13:00:00Z", "");
    alive(&mut app, "yahoo");
    let mut quote = quote(&app, "NVDA", 18123, 18517);
    quote.session = Session::Pre;
    quote.exchange_time = Some(time("2026-11-20T21:00:00Z"));
    let exchange_time = Some(app.now - SignedDuration::from_secs(5));
    quote.extended = Some(Extended { price: Decimal::new(18210, 2), session: Session::Pre, exchange_time });
    tell(&mut app, Event::Quote(quote));
    snapshots("pre-market", &mut app);
    assert!(text(&mut app, WIDE).contains("−2.13% Fri"));
    assert!(text(&mut app, MEDIUM).contains("−2.13% Fri"));
    assert!(text(&mut app, SMALL).contains("182.10 ▲+0.5%"));
    assert!(text(&mut app, TINY).contains("181.23 Fri") || text(&mut app, TINY).contains("▼−2.1% Fri"));
}

/// NVDA as told in the evening of Monday 2026-12-07, with its last trade out of hours.
fn evening(app: &mut App, session: Session, traded: &str) {
    alive(app, "yahoo");
    let mut quote = quote(app, "NVDA", 18_123, 18_517);
    quote.session = session;
    quote.exchange_time = Some(time("2026-12-07T21:00:00Z"));
    quote.extended = Some(Extended { price: Decimal::new(18_210, 2), session, exchange_time: Some(time(traded)) });
    tell(app, Event::Quote(quote));
}

#[test]
fn a_night_and_the_pause_before_it_are_told_in_words() {
    // What is set, what NVDA did, and what the header and the state of NVDA say.
    let cases = [
        ("auto", "2026-12-08T01:18:00Z", "NYSE closed · opens in 13h12", "CLOSED Mon 16:00 "),
        ("on", "2026-12-08T01:18:00Z", "NYSE paused · night session opens in 42m", "PAUSE until 21:00"),
        ("off", "2026-12-08T01:18:00Z", "NYSE closed · opens in 13h12", "CLOSED Mon 16:00 "),
        ("on", "2026-12-06T17:00:00Z", "NYSE closed · night session opens in 9h00", "WAITING"),
    ];
    for (overnight, now, header, state) in cases {
        let mut app = started(now, &format!("[market]\novernight = '{overnight}'\n"));
        if state != "WAITING" {
            evening(&mut app, Session::Post, "2026-12-08T00:59:00Z");
        }
        let shown = text(&mut app, WIDE);
        assert!(shown.contains(header) && shown.contains(state), "{overnight} at {now}:\n{shown}");
    }
    // It trades: from its first price on the night counts, also in the pause of the next evening.
    let mut app = started("2026-12-08T03:10:00Z", "");
    assert!(text(&mut app, WIDE).contains("NYSE closed · opens in 11h20"));
    evening(&mut app, Session::Overnight, "2026-12-08T03:09:50Z");
    let shown = text(&mut app, WIDE);
    assert!(shown.contains("NYSE overnight · opens in 11h20") && shown.contains("LIVE yahoo"), "{shown}");
    assert!(shown.contains("overnight 182.10 ▲ +0.48%"), "{shown}");
    snapshots("night", &mut app);
    app.update(Event::Tick, time("2026-12-08T03:40:00Z"));
    assert!(text(&mut app, WIDE).contains("STALE 30m"));
    app.update(Event::Tick, time("2026-12-09T01:18:00Z"));
    assert!(text(&mut app, WIDE).contains("NYSE paused · night session opens in 42m"));
    let mut quote = quote(&app, "NVDA", 18_300, 18_123);
    quote.session = Session::Closed;
    quote.exchange_time = Some(time("2026-12-08T21:00:00Z"));
    tell(&mut app, Event::Quote(quote));
    let shown = text(&mut app, WIDE);
    assert!(shown.contains("PAUSE until 21:00"), "{shown}");
}

#[test]
fn a_group_opened() {
    let mut app = busy();
    keys(&mut app, "gx");
    assert_eq!(
        app.notices.current.as_ref().map(|notice| notice.text.as_str()),
        Some("nobody else carries this story yet")
    );
    let carried = [
        (101, "Harbour Wire", "Chipmaker buys a maker of lasers for 3 billion dollars"),
        (102, "SEC", "Chipmaker to buy maker of lasers for $3bn"),
        (103, "Le Matin", "Rachat : 3 milliards de dollars pour un fabricant de lasers, le chipmaker confirme"),
        (
            104,
            "A Very Long Name For An Outlet",
            "Maker of lasers sold to chipmaker for 3 billion - Nvidia is said to have looked at it as well",
        ),
    ];
    for (id, outlet, title) in carried {
        let mut story = story(id, app.now - SignedDuration::from_secs(11 * (105 - id as i64)), outlet, title);
        story.primary = outlet == "SEC";
        tell(&mut app, Event::Stories(vec![story]));
    }
    keys(&mut app, "gxj");
    snapshots("group", &mut app);
}

#[test]
fn why_a_price_moved() {
    let mut app = busy();
    keys(&mut app, "]");
    for (size, price) in [(1, 9_741_200), (2, 9_490_000)] {
        app.update(Event::Quote(quote(&app, "BTC-USD", price, 9_680_000)), app.now + SignedDuration::from_secs(size));
    }
    assert!(text(&mut app, WIDE).contains("BTC fell through 95,000 at 13:46 ET · w why"));
    keys(&mut app, "wj");
    snapshots("why", &mut app);
    let mut quiet = started(NOON, "");
    prices(&mut quiet);
    keys(&mut quiet, "w");
    assert!(text(&mut quiet, SMALL).contains("No story in your feeds explains this."));
}

#[test]
fn heat_and_what_moves_together() {
    let mut app = busy();
    let since = app.now - minutes(8 * 24 * 60);
    let usual = |at: i64| Story {
        first_seen: since,
        ..story(5_000 + at as u64, since + minutes(at * 400), "Desk Daily", &format!("Nvidia sells machine {at}"))
    };
    tell(&mut app, Event::Counted { stories: (0..24).map(usual).collect(), done: true });
    let many = |at: i64| {
        story(
            6_000 + at as u64,
            app.now - minutes(at * 50),
            ["Coin Gazette", "Le Matin"][at as usize % 2],
            &format!("Ethereum release {at} ships"),
        )
    };
    let many = (0..6).map(many).collect();
    tell_stories(&mut app, many);
    keys(&mut app, "i");
    snapshots("heat", &mut app);
}

#[test]
fn alerts_and_what_they_told() {
    let mut app = busy_with(
        "[shipped]\nalerts = false\n[[alert]]\nname = 'Chips'\nquery = 'topic:nvidia'\n[[alert]]\nname = 'A coin falls'\n\
         price = 'BTC-USD < 97000'\n[[alert]]\nname = 'An alert that is off'\nquery = 'lang:fr'\nprice = 'NVDA falls 2% in \
         1h'\nenabled = false\n",
    );
    let fresh =
        |id: u64, title: &str| Story { feed: "Bloomberg Markets".into(), ..story(id, app.now, "Harbour Wire", title) };
    let stories = vec![fresh(901, "Nvidia ships a card to Mars")];
    tell_stories(&mut app, stories);
    let quote = quote(&app, "BTC-USD", 9_690_000, 9_683_100);
    tell(&mut app, Event::Quote(quote));
    assert!(text(&mut app, WIDE).contains("! A coin falls: BTC-USD is below 97,000 · 13:46 ET · a all"));
    keys(&mut app, "ajS");
    snapshots("alerts", &mut app);
}

#[test]
fn while_the_reader_was_away() {
    let mut app = busy();
    let left = app.now - minutes(47);
    app.now = left;
    app.update(Event::Terminal(TerminalEvent::FocusLost), left);
    let back = left + minutes(47);
    let late = Story { first_seen: back, ..story(950, back - minutes(2), "Le Matin", "Nvidia ouvre une école") };
    app.update(Event::Stories(vec![late]), back);
    assert!(text(&mut app, SMALL).contains("─ ↑ since you were here, 12:59 ET ─"));
    keys(&mut app, "jjj");
    snapshots("away", &mut app);
    let mut app = busy();
    app.update(Event::Terminal(TerminalEvent::FocusLost), left);
    // The bars up to then, and no prices: one that comes under a clock that went back is taken in, and is stale later.
    charts(&mut app);
    app.update(Event::Terminal(TerminalEvent::FocusGained), back);
    snapshots("digest", &mut app);
}

#[test]
fn a_bar_chosen_in_the_chart() {
    let mut app = busy();
    text(&mut app, WIDE);
    press(&mut app, KeyCode::Tab);
    press(&mut app, KeyCode::Tab);
    keys(&mut app, "NN");
    snapshots("bar", &mut app);
}

#[test]
fn muted_and_highlighted_stories() {
    let mut app = busy_with(
        "[[mute]]\nname = 'harbour'\nquery = 'outlet:harbour -sec'\n[[highlight]]\nname = 'My town'\nquery = 'library OR ferry OR \
         \"raises\"'\ncolor = 'topic-5'\n[[highlight]]\nname = 'Lasers'\nquery = 'solana'\n",
    );
    keys(&mut app, "jjjjjjj");
    snapshots("muted", &mut app);
    keys(&mut app, "v");
    assert_eq!(app.notices.current.as_ref().unwrap().text, "5 muted stories are shown as well");
    assert!(text(&mut app, MEDIUM).contains("Wire · 24 · 5 muted, shown"));
    keys(&mut app, "g");
    assert!(text(&mut app, WIDE).contains("muted by 'harbour'"));
}

#[test]
fn queries() {
    let mut app = busy();
    keys(&mut app, "/nvidia");
    snapshots("query", &mut app);
    let mut app = busy();
    keys(&mut app, "/raises -nv");
    press(&mut app, KeyCode::Tab);
    snapshots("query-offers", &mut app);
}

#[test]
fn popups() {
    let mut app = busy();
    keys(&mut app, "?");
    keys(&mut app, "?fj");
    snapshots("feeds", &mut app);
    press(&mut app, KeyCode::Tab);
    snapshots("feed", &mut app);
}

#[test]
fn a_replay() {
    let mut app = busy();
    let (from, to) = (app.now - minutes(300), app.now + minutes(100));
    for (name, paused) in [("replay", false), ("replay-paused", true)] {
        tell(&mut app, Event::Replay(ReplayPosition { from, to, speed: 300.0, paused, loops: 0 }));
        snapshots(name, &mut app);
    }
}

// --- what holds at every size ---

fn sizes() -> impl Iterator<Item = (u16, u16)> {
    let widths = || (20..=60).step_by(5).chain([56, 79, 80, 91, 92, 129, 130, 197, 250]);
    let heights = || (5..=16).step_by(2).chain([14, 16, 21, 22, 29, 30, 80]);
    widths().flat_map(move |width| heights().map(move |height| (width, height)))
}

/// What each row must be: as wide as the screen, and free of what steers a terminal.
fn check(buffer: &Buffer, what: &str) {
    let steers =
        |letter: char| letter.is_control() || matches!(letter, '\u{200b}' | '\u{200e}' | '\u{202a}'..='\u{202e}');
    for (y, row) in rows(buffer).iter().enumerate() {
        assert!(!row.contains(steers), "{what}, row {y}: {row:?}");
        let columns = newstape::screen::text::width(row);
        assert_eq!(columns, usize::from(buffer.area.width), "{what}, row {y}: {row}");
    }
}

const HOSTILE: [&str; 12] = [
    "NVIDIA \u{1b}[31mred\u{1b}]0;title\u{7} alert \u{9b}2J",
    "NVIDIA \u{202e}desrever\u{202c} and \u{2066}isolated\u{2069}",
    "NVIDIA e\u{301}e\u{301}\u{301}\u{301}\u{301} z\u{335}\u{336}\u{337}algo",
    "NVIDIA تعلن نتائج قوية لا لا لا",
    "NVIDIA עולה שוב בבורסה היום",
    "NVIDIA 👨‍👩‍👧‍👦👩🏽‍🚀🏳️‍🌈🇺🇸🇫🇷❤️",
    "NVIDIA ｶﾞｷﾞｸﾞ ﾊﾟﾋﾟ 한국어 日本語",
    "NVIDIA a\u{200b}b\u{feff}c\u{ad}d\u{2060}e",
    "NVIDIA \u{301}\u{301}",
    "NVIDIA ༄༅།བོད་ ไทยกำลัง हिन्दी",
    "NVIDIA \t tab \n newline \r return",
    "",
];

fn hostile() -> App {
    let mut app = busy();
    let long = ["NVIDIA ", &"very long ".repeat(100)].concat();
    let mut titles: Vec<&str> = HOSTILE.to_vec();
    titles.push(&long);
    let stories = titles.iter().enumerate().map(|(at, title)| {
        let mut story = story(500 + at as u64, app.now - SignedDuration::from_secs(at as i64), title, title);
        story.summary = [title, " and more of it"].concat().repeat(9).into();
        story
    });
    let stories = stories.collect();
    tell_stories(&mut app, stories);
    app
}

/// What can be on the screen, from a busy one.
type Prepare = fn(&mut App);
const MODES: [(&str, Prepare); 28] = [
    ("wire", |_| {}),
    ("reader", |app| keys(app, "\r")),
    ("article", read_article),
    ("found", |app| keys(app, "\r/nvidia\r")),
    ("prices", |app| press(app, KeyCode::BackTab)),
    ("only the wire", |app| keys(app, "Z")),
    ("only the chart", |app| keys(app, "\t\tZ")),
    ("no reader, no heat", |app| keys(app, " r h")),
    ("moved borders", |app| keys(app, "\t++++++++++\t++++++++++++")),
    ("in another order", |app| keys(app, ",")),
    ("chord", |app| keys(app, " ")),
    ("help", |app| keys(app, "?")),
    ("help found", |app| keys(app, "?/chart")),
    ("feeds", |app| keys(app, "fG")),
    ("feed", |app| keys(app, "f\t")),
    ("group", |app| keys(app, "jx")),
    ("why", |app| keys(app, "w")),
    ("alerts", |app| keys(app, "a")),
    ("heat", |app| keys(app, "i")),
    ("digest", |app| keys(app, "d")),
    ("query", |app| keys(app, "/title:nvidia OR (")),
    ("commands", |app| keys(app, ":n")),
    ("many", many),
    ("a list by change", |app| listed(app, "}O")),
    ("many alone", |app| listed(app, "ZG")),
    ("chart alone", |app| listed(app, "\r")),
    ("many compared", |app| listed(app, "i")),
    ("a choice among lists", |app| listed(app, ":list")),
];

/// Many symbols, the keys with them.
fn listed(app: &mut App, letters: &str) {
    many(app);
    press(app, KeyCode::BackTab);
    draw_at(app, WIDE, &theme("dark"));
    keys(app, letters);
}

/// Every size there is, and everything that can be shown: one mode for each size, another for its neighbours. Of the
/// large ones, which take longest and differ least, a third.
#[test]
fn every_size_draws_whole() {
    let walk = |widths: std::ops::RangeInclusive<u16>| {
        let mut apps: Vec<(&str, App)> = MODES.iter().map(|(name, prepare)| (*name, prepared(*prepare))).collect();
        let dark = theme("dark");
        for width in widths {
            let is_drawn = |height: &u16| (width <= 130 && *height <= 50) || (width + height).is_multiple_of(3);
            for height in (5..=80).filter(is_drawn) {
                let (mode, app) = &mut apps[(usize::from(width) * 7 + usize::from(height)) % MODES.len()];
                check(&draw_at(app, (width, height), &dark), &format!("{mode} at {width}x{height}"));
            }
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| walk(20..=143));
        scope.spawn(|| walk(144..=250));
    });
}

fn prepared(prepare: Prepare) -> App {
    let mut app = hostile();
    draw_at(&mut app, WIDE, &theme("dark"));
    prepare(&mut app);
    app
}

/// Where a terminal counts emoji part by part and where it counts them whole, a row is as wide.
#[test]
fn both_ways_of_counting_give_the_same_row() {
    use unicode_width::UnicodeWidthChar;
    for (mode, prepare) in MODES {
        let mut app = prepared(prepare);
        for size in [HUGE, WIDE, MEDIUM, SMALL, TINY] {
            for row in rows(&draw_at(&mut app, size, &theme("dark"))) {
                let parts: usize = row.chars().map(|letter| letter.width().unwrap_or(0)).sum();
                assert_eq!(parts, usize::from(size.0), "{mode} at {size:?}: {row}");
            }
        }
    }
}

#[test]
fn in_ascii_nothing_else_is_drawn() {
    let ascii = theme_in("dark", Looks { ascii: true, ..Looks::default() });
    for (mode, prepare) in MODES {
        let mut app = prepared(prepare);
        for size in [HUGE, WIDE, MEDIUM, SMALL, TINY] {
            let buffer = draw_at(&mut app, size, &ascii);
            let odd = buffer.content.iter().find(|cell| !cell.symbol().is_ascii());
            assert!(odd.is_none(), "{mode} at {size:?}: {odd:?}");
        }
    }
    for (size, at) in [("160", WIDE), ("80", SMALL)] {
        snapshot_in(&format!("busy-ascii-{size}"), &mut busy(), at, &ascii);
    }
}

/// What colours say is said by signs and words as well: without colours the text is the same.
#[test]
fn colours_alone_say_nothing() {
    for (mode, prepare) in MODES {
        let mut app = prepared(prepare);
        for size in [WIDE, SMALL, TINY] {
            let colored = rows(&draw_at(&mut app, size, &theme("dark")));
            assert_eq!(rows(&draw_at(&mut app, size, &no_color())), colored, "{mode} at {size:?}");
        }
    }
}

#[test]
fn a_price_is_lit_for_a_moment_when_it_changes() {
    let (dark, lit) = (theme("dark"), |buffer: &Buffer, theme: &Theme| {
        buffer.content.iter().any(|cell| Some(cell.bg) == theme.up_flash.bg)
    });
    for (user, expected) in [("", true), ("flash = false", false)] {
        let mut app = started(NOON, "");
        let text = format!("[screen]\n{user}\n");
        tell(&mut app, Event::Config(Arc::new(config::load(Some(("config.toml", text))).unwrap())));
        alive(&mut app, "coinbase");
        for price in [9_700_000, 9_700_100] {
            let quote = quote(&app, "BTC-USD", price, 9_683_100);
            tell(&mut app, Event::Quote(quote));
        }
        for size in [HUGE, WIDE, MEDIUM, SMALL, TINY] {
            assert_eq!(lit(&draw_at(&mut app, size, &dark), &dark), expected, "{user} at {size:?}");
        }
        let end = app.next_change();
        assert!(!expected || end <= app.now + SignedDuration::from_secs(1), "{end}");
        app.update(Event::Tick, app.now + SignedDuration::from_secs(1));
        assert!(!lit(&draw_at(&mut app, WIDE, &dark), &dark));
    }
}

#[test]
fn headlines_lead_to_their_stories() {
    let mut app = busy();
    let buffer = draw_at(&mut app, WIDE, &theme("dark"));
    let marked = buffer.content.iter().filter(|cell| matches!(cell.underline_color, Color::Rgb(..))).count();
    assert!(marked > 200, "{marked}");
}

#[test]
fn what_is_hidden_leaves_its_room_to_the_others() {
    for (keys_pressed, gone, size) in [
        (" t", "1 OpenAI", WIDE),
        (" r", "Reader", WIDE),
        (" c", "◂", WIDE),
        (" p", "Prices", WIDE),
        (" h", "Heat", WIDE),
        (" h", "Heat", HUGE),
        (" r", "Reader", MEDIUM),
        (" p", "Prices", MEDIUM),
        (" p", "LIVE", SMALL),
    ] {
        let mut app = busy();
        assert!(text(&mut app, size).contains(gone), "{gone} at {size:?}");
        keys(&mut app, keys_pressed);
        assert!(!text(&mut app, size).contains(gone), "{gone} at {size:?} after{keys_pressed}");
        check(&draw_at(&mut app, size, &theme("dark")), keys_pressed);
        keys(&mut app, " 0");
        assert!(text(&mut app, size).contains(gone), "{gone} is there again");
    }
}

#[test]
fn a_price_in_a_title_is_whole_or_not_there() {
    let mut app = busy();
    keys(&mut app, "\t\t");
    for _ in 0..20 {
        keys(&mut app, "-");
        for size in [HUGE, WIDE, (130, 30)] {
            let shown = text(&mut app, size);
            let title =
                shown.lines().find(|line| line.contains(" NVDA  ") || line.contains(" NVDA ─")).unwrap_or_default();
            let is_cut = title.contains('…')
                && title.split('…').any(|part| part.ends_with(|last: char| last.is_ascii_digit() || last == '.'));
            assert!(!is_cut, "{size:?}: {title}");
        }
    }
}

#[test]
fn a_chord_shows_what_may_follow() {
    let mut app = busy();
    keys(&mut app, " ");
    assert!(text(&mut app, WIDE).contains("Space …  t hide-topics  r hide-reader"));
    keys(&mut app, "x");
    assert!(!text(&mut app, WIDE).contains("Space …") && app.popup.is_none(), "what does not follow does nothing");
}

#[test]
fn the_selected_row_is_in_sight_at_every_size() {
    for steps in [1, 40] {
        let mut app = hostile();
        for size in sizes() {
            draw_at(&mut app, size, &theme("dark"));
            keys(&mut app, "g");
            keys(&mut app, &"j".repeat(steps));
            let dark = theme("dark");
            let buffer = draw_at(&mut app, size, &dark);
            let selected = buffer.content.iter().any(|cell| cell.style().bg == dark.selected.bg);
            assert!(selected, "{size:?} after {steps} steps");
        }
    }
}

/// The columns beside the headline stand where they stand beside plain words, whatever the headline is.
#[test]
fn hostile_titles_keep_the_columns_straight() {
    for size in [WIDE, (120, 30), MEDIUM, SMALL, (60, 16)] {
        let draw_with = |title: &str| {
            let mut app = busy();
            let fresh = story(900, app.now - minutes(2), "Desk Daily", title);
            tell_stories(&mut app, vec![fresh]);
            let buffer = draw_at(&mut app, size, &theme("dark"));
            let wire = rows(&buffer).iter().position(|row| row.contains("Wire")).unwrap() as u16;
            let y = (wire + 1..size.1).find(|y| row(&buffer, 0, size.0, *y).contains(" 2m ")).unwrap();
            let x = row(&buffer, 0, size.0, y).split("NVDA").next().map(newstape::screen::text::width).unwrap() as u16;
            let edge = (x..size.0).find(|x| buffer[(*x, y)].symbol() == "│").unwrap();
            (row(&buffer, 0, x, y), row(&buffer, edge.saturating_sub(7), edge + 1, y))
        };
        let plain = draw_with("NVIDIA says something plain");
        for title in HOSTILE.iter().filter(|title| !title.is_empty()) {
            assert_eq!(draw_with(title), plain, "{size:?}: {title:?}");
        }
    }
}

#[test]
fn hints_fit_and_follow_the_keymap() {
    let mut app = busy_with("[keys]\nhelp = [\"f1\"]\nquery = [\"ctrl-f\"]\n");
    for (width, height) in sizes().filter(|(_, height)| *height >= 7) {
        let shown = rows(&draw_at(&mut app, (width, height), &theme("dark")));
        let last = shown.last().unwrap();
        assert!(last.contains("F1 help"), "{width}x{height}: {last}");
        assert!(!last.contains("? help") && !last.contains("/ query"), "{last}");
    }
    assert!(text(&mut app, WIDE).contains("C-f query"));
}

#[test]
fn the_help_lists_every_command_with_its_keys() {
    for user in ["", "[keys]\nstar = [\"F\", \"f9\"]\nfeeds = [\"ctrl-b\"]\nquit = []\n"] {
        for size in [WIDE, SMALL, TINY] {
            let mut app = busy_with(user);
            app.command(Command::Help);
            let mut all = String::new();
            for _ in 0..200 {
                all.push_str(&text(&mut app, size));
                all.push('\n');
                keys(&mut app, "j");
            }
            let all = all.split(['│', '\n']).map(str::trim).collect::<Vec<_>>().join(" ");
            for command in Command::iter().filter(|command| command.digit().is_none()) {
                let first_words = command.help().split(' ').take(2).collect::<Vec<_>>().join(" ");
                assert!(all.contains(&first_words), "{size:?}: {command:?}");
                for key in app.keymap.keys(command) {
                    assert!(all.contains(&key.to_string()), "{size:?}: {key} of {command:?}");
                }
            }
            assert_eq!(user.is_empty(), !all.contains("(no key)"), "{size:?}");
        }
    }
}

#[test]
fn the_topic_bar_shows_whole_tabs() {
    let topic = |n: usize| {
        let key = if n < 9 { format!("key = \"{n}\"\n") } else { String::new() };
        format!(
            "[[topic]]\nname = \"topic-{n}\"\ntitle = \"Subject{n}\"\n{key}color = \"topic-4\"\nany = [\"word{n}\"]\n"
        )
    };
    let user = format!("[shipped]\ntopics = false\n{}", (1..=12).map(topic).collect::<String>());
    let mut app = busy_with(&user);
    for width in 56..=250 {
        let bar = rows(&draw_at(&mut app, (width, 24), &theme("dark"))).remove(0);
        let all = |form: &dyn Fn(usize) -> String| (1..=8).all(|n| bar.contains(&form(n)));
        let counted = all(&|n| format!("{n} Subject{n} 0"));
        let bare = all(&|n| format!("{n} Subject{n} ")) && !bar.contains(" 0  2 ");
        let cut = all(&|n| format!("{n} Subje… ")) || all(&|n| format!("{n}Sub… "));
        let keys = all(&|n| format!(" {n} "));
        assert!(counted || bare || cut || keys, "{width}: {bar}");
        assert!(width < 150 || counted, "{width}: {bar}");
        assert!(bar.contains("ET"), "{bar}");
    }
}

// --- prices and charts ---

#[test]
fn a_long_watchlist_counts_what_it_does_not_show_and_follows_the_selection() {
    let symbols: String = (1..=30).map(|n| format!("[[symbol]]\nname = \"SYM{n}\"\n")).collect();
    let mut app = busy_with(&format!("[shipped]\nsymbols = false\n{symbols}"));
    for (size, words) in [(WIDE, "1 of 30"), (MEDIUM, "1 of 30"), (SMALL, " more ]"), (TINY, " more ]")] {
        assert!(text(&mut app, size).contains(words), "{size:?}");
    }
    keys(&mut app, "[");
    for size in [WIDE, MEDIUM, SMALL, TINY] {
        assert!(text(&mut app, size).contains("SYM30"), "{size:?}");
    }
}

#[test]
fn odd_watchlists_draw() {
    let mut empty = busy_with("[shipped]\nsymbols = false\n");
    let mut long =
        busy_with("[shipped]\nsymbols = false\n[[symbol]]\nname = \"AVERYLONGSYMBOLNAMETHATNEVERENDS.XETRA\"\n");
    for size in [WIDE, MEDIUM, SMALL, TINY] {
        assert!(text(&mut empty, size).contains("watchlist is"), "{size:?}");
        assert!(text(&mut long, size).contains("AVERYLO"), "{size:?}");
    }
    for size in sizes() {
        check(&draw_at(&mut empty, size, &theme("dark")), &format!("{size:?}"));
        check(&draw_at(&mut long, size, &theme("dark")), &format!("{size:?}"));
    }
}

#[test]
fn a_foreign_currency_is_named_at_every_size() {
    let mut app = busy();
    let mut euros = quote(&app, "NVDA", 15400, 15000);
    euros.currency = "EUR".into();
    tell(&mut app, Event::Quote(euros));
    for size in [WIDE, MEDIUM, SMALL, TINY] {
        assert!(text(&mut app, size).contains("154.00 EUR"), "{size:?}");
    }
}

#[test]
fn charts_of_any_series_draw() {
    let bar = |app: &App, at: i64, price: f64| Candle {
        time: app.now - minutes(5 * (3000 - at)),
        open: price,
        high: price,
        low: price,
        close: price,
        volume: None,
    };
    for count in [1, 2, 3, 2000] {
        for price in
            [|_| 100.0, |at: i64| at as f64 * 1e-7 + 1e-7, |at: i64| 1e6 + at as f64, |at: i64| (at % 7) as f64]
        {
            let mut app = busy();
            let mut series = series(&app, "NVDA", 100.0, 0);
            // Every hundredth bar and the ten behind it are missing.
            series.bars = (0..count).filter(|at| at % 100 < 85).map(|at| bar(&app, at, price(at))).collect();
            series.source = "other".into();
            tell(&mut app, Event::Series { span: Span::Day, series });
            for _ in 0..2 {
                for size in [WIDE, (130, 30), (250, 80)] {
                    let buffer = draw_at(&mut app, size, &theme("dark"));
                    check(&buffer, &format!("{count} bars"));
                    assert!(!rows(&buffer).join("\n").contains("NaN"));
                }
                keys(&mut app, "T");
            }
        }
    }
}

#[test]
fn a_span_without_candles_says_so() {
    let mut app = busy();
    keys(&mut app, "tt");
    assert!(text(&mut app, WIDE).contains("No candles of NVDA over 1M yet"));
    assert!(text(&mut app, WIDE).contains("· 1M"));
}

// --- lines ---

#[test]
fn the_query_line_keeps_its_cursor_in_view() {
    let mut app = busy();
    keys(&mut app, "/");
    for typed in 0..120 {
        for size in [TINY, (20, 5), SMALL] {
            let shown = rows(&draw_at(&mut app, size, &theme("dark")));
            assert!(shown.last().unwrap().contains('▏'), "{typed} letters at {size:?}: {:?}", shown.last());
        }
        keys(&mut app, if typed % 3 == 0 { "語" } else { "x" });
    }
    for _ in 0..120 {
        press(&mut app, KeyCode::Left);
        assert!(rows(&draw_at(&mut app, TINY, &theme("dark"))).last().unwrap().contains('▏'));
    }
}

#[test]
fn a_stopped_feed_reads_stopped() {
    let mut app = busy();
    keys(&mut app, "fjj");
    for size in [WIDE, SMALL] {
        let shown = text(&mut app, size);
        assert!(shown.contains("stopped") && shown.contains("gone for good (410)"), "{size:?}\n{shown}");
        assert!(!shown.contains("9999") && !shown.contains("0000d"), "{size:?}\n{shown}");
    }
}

#[test]
fn titles_of_the_wire_never_collide() {
    for width in [56, 60, 70, 80, 92, 100, 130, 160] {
        let mut app = busy();
        keys(&mut app, "/title:nvidia OR title:bitcoin OR title:ethereum OR title:solana");
        press(&mut app, KeyCode::Enter);
        keys(&mut app, "jjj");
        draw_at(&mut app, (width, 24), &theme("dark"));
        let many =
            (0..40).map(|n| story(900 + n, app.now, "Desk", &format!("nvidia quay{n} lamp{n} moss{n}"))).collect();
        tell_stories(&mut app, many);
        let shown = text(&mut app, (width, 24));
        let title = shown.lines().find(|line| line.contains("Wire")).unwrap();
        assert!(title.contains(" ↑ ") && title.contains(" new "), "{title}");
    }
}

#[test]
fn a_long_story_scrolls_to_its_end() {
    let mut app = started(NOON, "");
    let mut long = story(1, app.now, "Desk", "A long story");
    long.summary = format!("{}the end of it", "many words follow here ".repeat(50)).into();
    tell_stories(&mut app, vec![long]);
    press(&mut app, KeyCode::Enter);
    assert!(text(&mut app, SMALL).contains("more line"));
    keys(&mut app, "G");
    assert!(text(&mut app, SMALL).contains("the end of it"));
}

#[test]
fn a_config_reload_changes_the_help() {
    let mut app = busy();
    let config = config::load(Some(("config.toml", "[keys]\nhelp = [\"f1\"]\n"))).unwrap();
    tell(&mut app, Event::Config(Arc::new(config)));
    assert!(text(&mut app, SMALL).contains("F1 help"));
}

#[test]
fn an_edited_story_says_so_and_what_it_was() {
    let mut app = started(NOON, "");
    let at = app.now;
    tell_stories(&mut app, vec![story(1, at, "Desk", "Harbour closed")]);
    assert!(!text(&mut app, SMALL).contains("edited"));
    tell_stories(&mut app, vec![story(1, at, "Desk", "Harbour closed after the storm")]);
    let row = text(&mut app, SMALL).lines().find(|line| line.contains("after the storm")).unwrap().to_owned();
    assert!(row.contains("after the storm edited"), "{row}");
    press(&mut app, KeyCode::Enter);
    assert!(text(&mut app, SMALL).contains("edited · was: Harbour closed"));
    // Where there is no room, the headline has it.
    tell_stories(&mut app, vec![story(1, at, "Desk", &"Harbour closed ".repeat(20))]);
    press(&mut app, KeyCode::Esc);
    let rows = text(&mut app, SMALL);
    assert!(!rows.lines().any(|line| line.contains("Harbour") && line.contains(" edited") && !line.contains("was:")));
}

#[test]
fn the_heat_tells_of_every_topic_or_how_many_it_leaves_out() {
    for count in 1..=12usize {
        let topic = |at: usize| {
            let key = b"123456789"[at.min(8)] as char;
            let key = if at < 9 { format!("key = \"{key}\"\n") } else { String::new() };
            format!("[[topic]]\nname = \"t{at}\"\ntitle = \"Topic {at}\"\nany = [\"nvidia{at}\"]\n{key}")
        };
        let user: String = (0..count).map(topic).collect();
        let mut app = started(NOON, &format!("[shipped]\ntopics = false\n{user}"));
        let keyed = count.min(9);
        for size in [WIDE, (130, 30), HUGE] {
            let shown = text(&mut app, size);
            let heat = shown.find("Heat").unwrap();
            let told = (0..keyed).filter(|at| shown[heat..].contains(&format!("Topic {at}"))).count();
            let says_more = shown[heat..].contains(&format!("{} more", keyed - told));
            assert!(told == keyed || says_more, "{told} of {keyed} at {size:?}:\n{shown}");
            assert!(told >= keyed.min(5), "{told} of {keyed} at {size:?}:\n{shown}");
        }
    }
}

#[test]
fn a_chart_names_no_trouble_of_another_symbol() {
    let mut app = started(NOON, "");
    let told = |capability, lacks: &str| SourceReport {
        source: "yahoo".into(),
        capability,
        at: app.now,
        outcome: Outcome::Failed(Failure::new(
            "Yahoo Finance",
            FailureCause::Lacks { unknown: vec![lacks.into()], unpriced: Vec::new() },
        )),
        status: Some(404),
        next: None,
        asked: vec![lacks.into()],
        lacks: vec![Lack { symbol: lacks.into(), failure: Failure::new("Yahoo Finance", FailureCause::UnknownSymbol) }],
    };
    let [of_another, price_of_another, own] =
        [told(Capability::Candles, "QQQ"), told(Capability::Quote, "QQQ"), told(Capability::Candles, "NVDA")];
    tell(&mut app, Event::Source(of_another));
    tell(&mut app, Event::Source(price_of_another));
    let shown = text(&mut app, WIDE);
    assert!(shown.contains("No candles of NVDA over 1D yet.") && !shown.contains("QQQ"), "{shown}");
    tell(&mut app, Event::Source(own));
    let shown = text(&mut app, WIDE);
    assert!(shown.contains("No candles of NVDA over 1D yet: Yahoo Finance"), "{shown}");
}
