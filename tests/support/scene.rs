//! A newstape without a world: an `App` brought to a state by plain events at a fixed time, its screen drawn on a buffer and
//! written down with its styles.
#![allow(dead_code, clippy::unwrap_used)]

use std::fmt::Write;
use std::sync::Arc;

use crossterm::event::{Event as TerminalEvent, KeyCode, KeyEvent, KeyModifiers};
use jiff::{SignedDuration, Timestamp};
use newstape::app::App;
use newstape::config;
use newstape::domain::feed::{Attempt, FeedState, NextCheck, PollResult, Trouble, WaitReason};
use newstape::domain::http_error::HttpError;
use newstape::domain::price::{Candle, Delivery, Quote, Series, Session, Span, kind};
use newstape::domain::price::{Failure, FailureCause, Kind, Outcome, SocketError, SourceReport};
use newstape::domain::story::{Marks, Story, StoryId};
use newstape::event::{Event, Loaded, STORIES_AT_ONCE};
use newstape::screen::draw;
use newstape::screen::theme::{Depth, Looks, Theme};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, CellWidth};
use ratatui::style::{Color, Style};
use rust_decimal::Decimal;

/// Monday 2026-11-23, 13:46 in New York: the market is open.
pub(crate) const NOON: &str = "2026-11-23T18:46:00Z";

pub(crate) fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn minutes(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

/// The shipped configuration with a user's file over it, at a time; nothing loaded yet. Its own time zone is New York,
/// so that the tests don't depend on the machine's.
pub(crate) fn app_at(now: &str, user: &str) -> App {
    let text = format!("{user}\n[screen]\ntime-zone = \"America/New_York\"\n");
    App::new(Arc::new(config::load(Some(("config.toml", &text))).unwrap()), time(now))
}

/// The same, with all that is stored (nothing) read.
pub(crate) fn started(now: &str, user: &str) -> App {
    let mut app = app_at(now, user);
    tell(&mut app, Event::Loaded(Loaded { done: true, ..Loaded::default() }));
    app
}

pub(crate) fn tell(app: &mut App, event: Event) {
    let now = app.now;
    app.update(event, now);
}

pub(crate) fn press(app: &mut App, code: KeyCode) {
    tell(app, Event::Terminal(TerminalEvent::Key(KeyEvent::new(code, KeyModifiers::NONE))));
}

/// Presses one key for each letter; a line break is Enter, a tab Tab.
pub(crate) fn keys(app: &mut App, letters: &str) {
    for letter in letters.chars() {
        let code = match letter {
            '\r' => KeyCode::Enter,
            '\t' => KeyCode::Tab,
            letter => KeyCode::Char(letter),
        };
        press(app, code);
    }
}

// --- stories ---

pub(crate) fn story(id: u64, at: Timestamp, outlet: &str, title: &str) -> Story {
    Story {
        id: StoryId(id),
        feed: outlet.into(),
        outlet: outlet.into(),
        title: title.into(),
        title_before: None,
        summary: "".into(),
        link: Some(format!("https://desk.example/{id}")),
        lang: None,
        published: Some(at),
        first_seen: at,
        primary: false,
        reference: None,
    }
}

pub(crate) fn tell_stories(app: &mut App, stories: Vec<Story>) {
    for part in stories.chunks(STORIES_AT_ONCE) {
        tell(app, Event::Stories(part.to_vec()));
    }
}

/// Titles of a busy day: minutes ago, outlet, title.
const DAY: [(i64, &str, &str); 24] = [
    (1, "Harbour Wire", "OpenAI seeks $40 billion in fresh funding at a higher value"),
    (3, "SEC", "SEC charges exchange operator over custody of customer coins"),
    (4, "Le Matin", "OpenAI lève dix milliards de dollars pour ses centres de données"),
    (7, "Desk Daily", "Nvidia shares slip as a supplier trims its forecast"),
    (9, "東京日報", "英伟达发布新的数据中心芯片，订单创下纪录"),
    (12, "Coin Gazette", "Bitcoin 🚀 climbs past a level last seen in spring 📈"),
    (16, "Coin Gazette", "Ethereum upgrade goes live without incident"),
    (21, "Harbour Wire", "Senators question regulators on crypto custody rules"),
    (28, "Le Matin", "Nvidia: la demande de puces dépasse l’offre, selon un fournisseur"),
    (
        33,
        "A Very Long Name For An Outlet",
        "Solana validators agree on a new fee market after months of debate about it",
    ),
    (41, "Desk Daily", "Farmers welcome rain after a dry autumn"),
    (55, "Harbour Wire", "Congress sets a hearing on chip exports"),
    (63, "Coin Gazette", "Bitcoin funds see a third day of inflows"),
    (75, "Desk Daily", "Orchestra plays to a full house"),
    (90, "Harbour Wire", "Nvidia opens a research office"),
    (118, "Le Matin", "Le conseil municipal vote le budget"),
    (140, "Coin Gazette", "Ethereum developers set a date"),
    (200, "Desk Daily", "Ferry line adds a morning crossing"),
    (260, "Harbour Wire", "SEC chair speaks on market structure"),
    (330, "Coin Gazette", "Solana wallet fixes a login fault"),
    (400, "Desk Daily", "Library extends its hours"),
    (700, "Harbour Wire", "Bitcoin miner reports results"),
    (1500, "Le Matin", "La gare rouvre après travaux"),
    (4400, "Desk Daily", "Museum buys a lighthouse"),
];

/// A busy day on the wire: some read, one starred, one from a primary source, the first with a summary.
pub(crate) fn day(app: &App) -> Vec<(Story, Marks)> {
    let stories = DAY.iter().enumerate().map(|(at, (ago, outlet, title))| {
        let mut story = story(at as u64 + 1, app.now - minutes(*ago), outlet, title);
        story.primary = *outlet == "SEC";
        if at == 0 {
            story.summary =
                "The company is in talks with several funds, people close to the matter said. The round would \
                be its second this year. Most of the money is meant for data centres, and most of those for Nvidia’s \
                chips, whose maker is itself among the likely backers."
                    .into();
        }
        (story, Marks { read: at >= 6 && at % 3 != 0, starred: at == 5, group: None })
    });
    stories.collect()
}

// --- prices ---

pub(crate) fn quote(app: &App, symbol: &str, price: i64, base: i64) -> Quote {
    let always = kind(symbol) == Kind::Crypto;
    Quote {
        symbol: symbol.into(),
        price: Decimal::new(price, 2),
        currency: "USD".into(),
        base: Some(Decimal::new(base, 2)),
        source: if always { "coinbase" } else { "yahoo" }.into(),
        session: if always { Session::Always } else { Session::Regular },
        exchange_time: Some(app.now - SignedDuration::from_secs(2)),
        received_time: app.now - SignedDuration::from_secs(1),
        delivery: Delivery::Pushed,
        extended: None,
    }
}

/// Candles of five minutes up to now, that wander from a price by a rule.
pub(crate) fn series(app: &App, symbol: &str, from: f64, bars: i64) -> Series {
    let bars = (0..bars).map(|at| {
        let wave = |at: i64| from * (1.0 + ((at as f64) / 9.0).sin() / 60.0 - ((at as f64) / 31.0).cos() / 90.0);
        let (open, close) = (wave(at), wave(at + 1));
        let (low, high) = (open.min(close) * 0.999, open.max(close) * 1.001);
        Candle { time: app.now - minutes(5 * (bars - at)), open, high, low, close, volume: None }
    });
    let source = if kind(symbol) == Kind::Crypto { "coinbase" } else { "yahoo" };
    Series { symbol: symbol.into(), source: source.into(), interval: 300, closes_only: false, bars: bars.collect() }
}

pub(crate) fn alive(app: &mut App, source: &str) {
    report(app, source, Outcome::Well, None);
}

/// Yahoo's socket can't be reached.
pub(crate) fn unreached() -> Outcome {
    Outcome::Failed(Failure::new("Yahoo Finance", FailureCause::Socket(SocketError::Connect)))
}

pub(crate) fn report(app: &mut App, source: &str, outcome: Outcome, status: Option<u16>) {
    let capability = newstape::domain::price::Capability::Socket;
    let at = app.now - SignedDuration::from_secs(1);
    tell(
        app,
        Event::Source(SourceReport {
            source: source.into(),
            capability,
            at,
            outcome,
            status,
            next: None,
            asked: Vec::new(),
            lacks: Vec::new(),
        }),
    );
}

/// Symbol, price and base, in cents.
const PRICES: [(&str, i64, i64); 4] = [
    ("NVDA", 18123, 18517),
    ("BTC-USD", 9_741_255, 9_683_100),
    ("ETH-USD", 341_020, 341_020),
    ("SOL-USD", 20455, 19801),
];

/// The bars of the day up to now.
pub(crate) fn charts(app: &mut App) {
    for (symbol, price, _) in PRICES {
        let series = series(app, symbol, price as f64 / 100.0, 90);
        tell(app, Event::Series { span: Span::Day, series });
    }
}

/// Prices of now, with the bars of the day.
pub(crate) fn prices(app: &mut App) {
    alive(app, "yahoo");
    alive(app, "coinbase");
    for (symbol, price, base) in PRICES {
        let quote = quote(app, symbol, price, base);
        let series = series(app, symbol, price as f64 / 100.0, 90);
        tell(app, Event::Series { span: Span::Day, series });
        tell(app, Event::Quote(quote));
    }
}

// --- feeds ---

/// What a feed's detail view tells.
fn known_long(app: &App, state: &mut FeedState) {
    state.cache.etag = Some("W/\"5f2-61c\"".into());
    state.cache.last_modified = Some("Mon, 23 Nov 2026 18:30:00 GMT".into());
    state.schedule.waits_for = Some(WaitReason::MaxAge(std::time::Duration::from_mins(5)));
    state.rhythm.newest = Some(app.now - minutes(25));
    state.rhythm.median_gap = Some(std::time::Duration::from_secs(3 * 3600 + 47));
    let attempt = |at: i64, status, millis, bytes, result| Attempt {
        at: app.now - minutes(at),
        status,
        conditional: at < 31,
        millis,
        bytes,
        result,
        moved: None,
    };
    let last = state.history.trouble.clone().map_or(PollResult::NotModified, PollResult::Failed);
    let timeout = HttpError::Timeout(std::time::Duration::from_secs(30));
    state.history.attempts = vec![
        attempt(1, state.history.status, 120, 0, last),
        attempt(16, None, 30_000, 0, PollResult::Failed(Trouble::Unreached(timeout))),
        attempt(31, Some(200), 480, 61_300, PollResult::Read { entries: 41, killed: 0 }),
    ];
}

/// Every feed answered a minute ago; the second is refused, the third gone for good.
pub(crate) fn feeds(app: &mut App) {
    let feeds: Vec<_> = app.config.feeds.iter().filter(|feed| feed.enabled).cloned().collect();
    for (at, feed) in feeds.into_iter().enumerate() {
        let mut state = FeedState::new(feed.name, feed.url);
        state.history.last_attempt = Some(app.now - minutes(1));
        state.history.last_success = Some(app.now - minutes(1));
        state.schedule.next_check = NextCheck::At(app.now + minutes(4));
        state.history.status = Some(200);
        state.history.not_modified = at as u32;
        if at == 1 {
            state.history.last_success = Some(app.now - minutes(190));
            state.history.last_attempt = Some(app.now - SignedDuration::from_secs(10));
            state.schedule.next_check = NextCheck::At(app.now + minutes(34));
            state.history.status = Some(403);
            state.history.trouble =
                Some(Trouble::Other("the server refuses newstape (403); it is asked less and less often".into()));
        }
        if at == 2 {
            state.schedule.next_check = NextCheck::Never;
            state.history.status = Some(410);
            state.history.trouble =
                Some(Trouble::Other("the server says that this feed is gone for good (410)".into()));
        }
        if at == 3 {
            state.history.repairs = vec!["bare-ampersand".into()];
        }
        known_long(app, &mut state);
        tell(app, Event::Feed(state.into()));
    }
}

/// Stories, prices and feeds of a busy day.
pub(crate) fn busy() -> App {
    busy_with("")
}

pub(crate) fn busy_with(user: &str) -> App {
    let mut app = app_at(NOON, user);
    let stories = day(&app);
    tell(&mut app, Event::Loaded(Loaded { stories, done: true, ..Loaded::default() }));
    prices(&mut app);
    feeds(&mut app);
    app
}

// --- drawing ---

pub(crate) fn theme(name: &str) -> Theme {
    theme_in(name, Looks::default())
}

/// A theme on a terminal of which so much is known.
pub(crate) fn theme_in(name: &str, looks: Looks) -> Theme {
    let user = format!("[theme]\nname = '{name}'\n");
    Theme::of(&config::load(Some(("config.toml", user.as_str()))).unwrap(), looks)
}

/// Without colours.
pub(crate) fn no_color() -> Theme {
    theme_in("dark", Looks { depth: Depth::None, ..Looks::default() })
}

pub(crate) fn draw_at(app: &mut App, (width, height): (u16, u16), theme: &Theme) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let mut seen = None;
    terminal.draw(|frame| seen = Some(draw(frame, app, theme))).unwrap();
    app.record_hit_map(seen.unwrap());
    terminal.backend().buffer().clone()
}

/// The rows as text. The cells that a wide letter covers are left out, as a terminal does.
pub(crate) fn rows(buffer: &Buffer) -> Vec<String> {
    (0..buffer.area.height).map(|y| row(buffer, 0, buffer.area.width, y)).collect()
}

/// The text of a row from one column to another.
pub(crate) fn row(buffer: &Buffer, from: u16, to: u16, y: u16) -> String {
    let mut text = String::new();
    let mut x = from;
    while x < to {
        let symbol = buffer[(x, y)].symbol();
        text.push_str(symbol);
        x += symbol.cell_width().max(1);
    }
    text
}

/// Text, then for each row its runs of cells of one style, by the theme's slots: `border:1 accent:1 dim:5 text+bold:6`.
/// Text on the ground of the screen is `.`; it is left out at the end of a row.
pub(crate) fn page(buffer: &Buffer, theme: &Theme) -> String {
    let names = Names::new(theme);
    let mut text = String::new();
    rows(buffer).iter().for_each(|row| writeln!(text, "{}", row.trim_end()).unwrap());
    text.push_str("---\n");
    for y in 0..buffer.area.height {
        let mut runs: Vec<(String, u16)> = Vec::new();
        let mut x = 0;
        while x < buffer.area.width {
            let (name, columns) = (names.of(buffer[(x, y)].style()), buffer[(x, y)].symbol().cell_width().max(1));
            match runs.last_mut().filter(|(last, _)| *last == name) {
                Some((_, count)) => *count += columns,
                None => runs.push((name, columns)),
            }
            x += columns;
        }
        runs.pop_if(|(name, _)| name == ".");
        let runs: Vec<String> = runs.into_iter().map(|(name, count)| format!("{name}:{count}")).collect();
        writeln!(text, "{y:>2}  {}", runs.join(" ").trim_end()).unwrap();
    }
    text
}

/// What the colours of a theme are called: by their slots, `topic-1` to `topic-9`, `rise-1` to `rise-3` and `fall-1` to
/// `fall-3` for moves smaller than those that have the full colour of `up` and `down`.
struct Names {
    fg: Vec<(Color, String)>,
    bg: Vec<(Color, String)>,
}

impl Names {
    fn new(theme: &Theme) -> Names {
        let slots = [
            ("", theme.ground),
            ("", theme.text),
            ("dim", theme.dim),
            ("faint", theme.faint),
            ("accent", theme.accent),
            ("border", theme.border),
            ("up", theme.up),
            ("down", theme.down),
            ("warning", theme.warning),
            ("star", theme.star),
            ("fresh", theme.fresh),
            ("selected", theme.selected),
            ("shade", theme.shade),
            ("up-flash", theme.up_flash),
            ("down-flash", theme.down_flash),
        ];
        let slots = slots.map(|(name, style)| (name.to_owned(), style)).into_iter();
        let topics = (1..=9).map(|key| (format!("topic-{key}"), theme.topic(Some(&format!("topic-{key}")), None)));
        let moves = [(0.1, 1), (0.7, 2), (1.5, 3)].into_iter().flat_map(|(percent, step)| {
            [(format!("rise-{step}"), theme.moved(percent)), (format!("fall-{step}"), theme.moved(-percent))]
        });
        let all: Vec<(String, Style)> = slots.chain(topics).chain(moves).collect();
        let named = |color: fn(&Style) -> Option<Color>| {
            all.iter().filter_map(|(name, style)| Some((color(style)?, name.clone()))).collect()
        };
        Names { fg: named(|style| style.fg), bg: named(|style| style.bg) }
    }

    /// `fresh+bold`, `dim-on-selected`; `.` for text. Links are told apart by the colours of their underlines, which are no
    /// part of it.
    fn of(&self, style: Style) -> String {
        let modifiers = style.add_modifier.iter_names().map(|(name, _)| format!("+{}", name.to_lowercase()));
        let fg = Names::of_color(&self.fg, style.fg);
        let mut name = modifiers.fold(fg, |name, modifier| name + &modifier);
        let bg = Names::of_color(&self.bg, style.bg);
        if !bg.is_empty() {
            name = format!("{name} on-{bg}").trim_start().replace(' ', "-");
        }
        if name.is_empty() { ".".to_owned() } else { name.trim_start_matches('+').to_owned() }
    }

    fn of_color(known: &[(Color, String)], color: Option<Color>) -> String {
        let Some(color) = color.filter(|color| *color != Color::Reset) else { return String::new() };
        known.iter().find(|(other, _)| *other == color).map_or_else(|| color.to_string(), |(_, name)| name.clone())
    }
}
// --- many symbols ---

/// A symbol, its price and its base, in hundredths.
type Listed = (&'static str, i64, i64);

/// The lists of a long watchlist, with their symbols. Those without a list come last.
const MARKET: [(&str, &[Listed]); 4] = [
    (
        "Chips",
        &[
            ("NVDA", 18123, 18517),
            ("AMD", 16045, 15790),
            ("AVGO", 34210, 34011),
            ("TSM", 19904, 20310),
            ("INTC", 2411, 2377),
            ("QCOM", 17033, 17033),
            ("MU", 11190, 10502),
            ("ASML", 101_245, 99_810),
            ("ARM", 13904, 14120),
            ("MRVL", 9021, 8876),
            ("TXN", 18850, 19002),
            ("SMCI", 4117, 4609),
        ],
    ),
    (
        "Software",
        &[
            ("MSFT", 42781, 42300),
            ("GOOGL", 29880, 30111),
            ("META", 61290, 60010),
            ("ORCL", 20111, 19877),
            ("CRM", 25560, 25811),
            ("ADBE", 33020, 33456),
            ("NOW", 81230, 80412),
            ("SNOW", 25011, 24190),
            ("PLTR", 15502, 16133),
            ("PANW", 18700, 18655),
        ],
    ),
    (
        "Coins",
        &[
            ("BTC-USD", 9_741_255, 9_683_100),
            ("ETH-USD", 341_020, 341_020),
            ("SOL-USD", 20455, 19801),
            ("DOGE-USD", 15, 14),
            ("BTC-EUR", 8_410_133, 8_390_011),
            ("LTC-USD", 8412, 8500),
        ],
    ),
    (
        "",
        &[
            ("SPY", 66310, 66102),
            ("QQQ", 60844, 60590),
            ("IWM", 23977, 24110),
            ("GLD", 37419, 37000),
            ("TLT", 8955, 8990),
            ("USO", 7122, 7204),
            ("BRK-B", 50410, 50377),
            ("XLE", 9012, 9012),
        ],
    ),
];

/// A config with 36 symbols in three lists, a few in none.
pub(crate) fn market() -> String {
    let symbol = |list: &str, name: &str| match list {
        "" => format!("[[symbol]]\nname = '{name}'\n"),
        list => format!("[[symbol]]\nname = '{name}'\nlist = '{list}'\n"),
    };
    let symbols = MARKET.iter().flat_map(|(list, symbols)| symbols.iter().map(move |(name, ..)| symbol(list, name)));
    format!("[shipped]\nsymbols = false\n{}", symbols.collect::<String>())
}

/// Gives it the watchlist of [`market`] and its prices; the last has none, one is stale.
pub(crate) fn many(app: &mut App) {
    let text = format!("{}\n[screen]\ntime-zone = \"America/New_York\"\n", market());
    tell(app, Event::Config(Arc::new(config::load(Some(("config.toml", text.as_str()))).unwrap())));
    alive(app, "yahoo");
    alive(app, "coinbase");
    for (name, price, base) in MARKET.iter().flat_map(|(_, symbols)| *symbols).filter(|(name, ..)| *name != "XLE") {
        let mut quote = quote(app, name, *price, *base);
        if let Some(currency) = name.strip_prefix("BTC-").filter(|currency| *currency != "USD") {
            quote.currency = currency.into();
        }
        if *name == "TXN" {
            quote.exchange_time = Some(app.now - minutes(12));
            quote.received_time = app.now - minutes(12);
        }
        let series = series(app, name, *price as f64 / 100.0, 90);
        tell(app, Event::Series { span: Span::Day, series });
        tell(app, Event::Quote(quote));
    }
    app.notices.current = None;
}

/// A busy day with them.
pub(crate) fn busy_market() -> App {
    let mut app = busy();
    many(&mut app);
    app
}
