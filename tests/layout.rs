//! What holds of the screen at every width: columns are whole or absent, titles and hints keep apart, what lies over the screen
//! has one border, and headlines have the room that is there.
#![allow(clippy::unwrap_used)]

#[path = "support/scene.rs"]
mod scene;

use std::collections::BTreeSet;
use std::sync::Arc;

use crossterm::event::{Event as TerminalEvent, KeyCode};
use jiff::SignedDuration;
use newstape::app::App;
use newstape::app::command::{Chapter, Command};
use newstape::config;
use newstape::domain::price::{Delivery, Outcome, Refusal};
use newstape::domain::story::Story;
use newstape::event::{Event, ReplayPosition};
use newstape::screen::text::width;
use newstape::screen::theme::Looks;
use ratatui::buffer::Buffer;
use scene::*;
use strum::IntoEnumIterator;

/// The sizes that matter, one of each kind.
const SIZES: [(u16, u16); 7] = [(40, 10), (60, 16), (80, 24), (100, 30), (120, 40), (160, 45), (240, 70)];

/// The least width that everything has room in.
const LEAST: u16 = 40;

/// A height that goes with a width, as terminals have it.
fn height_for(width: u16) -> u16 {
    SIZES.iter().rev().find(|(columns, _)| *columns <= width).map_or(10, |(_, rows)| *rows)
}

fn drawn(app: &mut App, size: (u16, u16)) -> Buffer {
    draw_at(app, size, &theme("dark"))
}

fn text(app: &mut App, size: (u16, u16)) -> String {
    rows(&drawn(app, size)).join("\n")
}

fn last_line(app: &mut App, size: (u16, u16)) -> String {
    rows(&drawn(app, size)).pop().unwrap()
}

// --- the wire ---

const LONG_OUTLET: &str = "Le Monde diplomatique et ses amis";

/// Stories that have everything that a row may have: two topics, many outlets, a move that is seldom.
fn full() -> App {
    filled(busy())
}

fn filled(mut app: App) -> App {
    let outlets = ["Harbour Wire", LONG_OUTLET, "東京日報", "Desk 🚀 Daily", "SEC"];
    let things = ["quays", "lamps", "moss", "berths", "cranes"];
    for (at, (outlet, thing)) in outlets.iter().zip(things).enumerate() {
        let words: Vec<String> = (0..40).map(|at| format!("{thing}{}", char::from(b'a' + at % 26))).collect();
        let long = format!("Nvidia bitcoin {}", words.join(" "));
        let mut story = story(700 + at as u64, app.now - minutes(1 + at as i64), outlet, &long);
        story.primary = *outlet == "SEC";
        tell_stories(&mut app, vec![story]);
    }
    for at in 0..12 {
        let outlet = format!("Outlet {at}");
        let other =
            story(800 + at, app.now - minutes(2), &outlet, "Nvidia buys a maker of lasers for billions, bitcoin too");
        tell_stories(&mut app, vec![other]);
    }
    app
}

/// Columns that a headline which begins so has, with the `…` that it is cut at.
fn headline_columns(row: &str, begins: &str) -> Option<usize> {
    let from = row.find(begins)?;
    let end = from + row[from..].find('…')? + '…'.len_utf8();
    Some(width(&row[from..end]))
}

/// The headlines of an app that was [`filled`], at a size.
fn assert_headlines_have_48_cells(app: &mut App, (columns, height): (u16, u16)) {
    let shown = rows(&drawn(app, (columns, height)));
    let wire: Vec<&String> =
        shown.iter().filter(|row| row.contains("Nvidia bitcoin") && row.contains(" −0.")).collect();
    assert!(wire.len() >= 4, "{columns}x{height}\n{}", shown.join("\n"));
    for row in wire.iter().filter(|row| !row.contains(LONG_OUTLET)) {
        let has = headline_columns(row, "Nvidia bitcoin").unwrap();
        assert!(has >= 48, "{columns}x{height}: {has}\n{row}");
    }
}

#[test]
fn a_tagged_headline_has_48_cells_from_80_columns_on() {
    let mut app = full();
    for columns in 80..=260 {
        for height in [24, height_for(columns)] {
            assert_headlines_have_48_cells(&mut app, (columns, height));
        }
    }
}

#[test]
fn a_table_of_prices_narrows_before_a_headline_does() {
    let mut app = filled(busy_market());
    for columns in (80..=140).step_by(3).chain([99, 100, 160, 200, 240]) {
        assert_headlines_have_48_cells(&mut app, (columns, height_for(columns)));
    }
    // The columns that go are the least important ones: the price and its change stay.
    let heads = |app: &mut App, columns: u16| {
        let shown = text(app, (columns, 30));
        let head = shown.lines().find(|line| line.contains("Price ")).unwrap_or_else(|| panic!("{shown}"));
        head.split('│').rev().nth(1).unwrap().split_whitespace().collect::<Vec<&str>>().join(" ")
    };
    let narrowing = ["Symbol Price % State", "Name Price % State", "Name Price %", "Name Price"];
    assert_eq!([130, 113, 105, 100].map(|columns| heads(&mut app, columns)), narrowing);
    press(&mut app, KeyCode::BackTab);
    keys(&mut app, "}");
    assert_eq!(heads(&mut app, 100), "Name Price %", "names and prices of shares leave room for the change");
    keys(&mut app, "{");
    // Where even that has no room the prices stand above the wire, and are a table alone.
    assert!(!text(&mut app, (96, 26)).contains("1 of 36"));
    keys(&mut app, "Z");
    assert!(text(&mut app, (96, 26)).contains("1 of 36"));
}

#[test]
fn what_is_empty_in_a_row_is_left_to_its_headline() {
    let mut app = started(NOON, "");
    let long = "words ".repeat(60);
    for (id, outlet, title) in [(1, "Desk", format!("Nvidia {long}")), (2, "Desk", format!("Farmers {long}"))] {
        let one = story(id, app.now - minutes(id as i64), outlet, &title);
        tell_stories(&mut app, vec![one]);
    }
    for columns in 60..=260 {
        let shown = rows(&drawn(&mut app, (columns, height_for(columns))));
        let row = |title: &str| shown.iter().find(|row| row.starts_with('│') && row.contains(title)).unwrap().clone();
        let (tagged, plain) =
            (headline_columns(&row("Nvidia"), "Nvidia"), headline_columns(&row("Farmers"), "Farmers"));
        assert!(plain > tagged, "{columns}: {plain:?} and {tagged:?}\n{}\n{}", row("Nvidia"), row("Farmers"));
    }
}

#[test]
fn outlets_are_whole_from_160_columns_on() {
    let mut app = full();
    for columns in 160..=260 {
        let shown = text(&mut app, (columns, height_for(columns)));
        for outlet in [LONG_OUTLET, "東京日報", "Desk 🚀 Daily", "SEC ★", "A Very Long Name For An Outlet"] {
            assert!(shown.contains(outlet), "{columns}: {outlet}\n{shown}");
        }
    }
}

#[test]
fn on_a_large_screen_headlines_take_the_room_of_a_blank_reader() {
    let mut app = busy();
    let long = "Regulators on three continents agree on a common register for custody of coins, people say";
    let one = story(900, app.now, "Harbour Wire", long);
    tell_stories(&mut app, vec![one]);
    let shown = text(&mut app, (240, 70));
    assert!(shown.lines().any(|row| row.starts_with('│') && row.contains(long)), "{shown}");
    // Without anything that needs it, the reader keeps its room.
    let mut short = started(NOON, "");
    let one = story(1, short.now, "Desk", "Rain");
    tell_stories(&mut short, vec![one]);
    let reader = |app: &mut App| {
        let shown = rows(&drawn(app, (240, 70)));
        let from = shown[1].find("╭ Reader").unwrap();
        width(shown[1][from..].split('╮').next().unwrap())
    };
    assert!(reader(&mut short) > reader(&mut app));
}

// --- words ---

type Prepare = fn(&mut App);

/// What may lie over the screen, with the words of its title.
const OVERLAYS: [(&str, Prepare); 8] = [
    ("Help", |app| keys(app, "?")),
    ("Feeds · 25 of 27 fresh", |app| keys(app, "f")),
    ("NVIDIA Newsroom", |app| keys(app, "f\t")),
    ("One event · 12 stories, 12 outlets", |app| {
        let at = app.wire.rows().iter().position(|row| app.wire.member_count(row.group) == 12).unwrap();
        keys(app, "g");
        keys(app, &"j".repeat(at));
        keys(app, "x");
    }),
    ("Why did NVDA move?", |app| keys(app, "w")),
    ("Alerts", |app| keys(app, "a")),
    ("While you were away", |app| keys(app, "d")),
    ("Heat", |app| keys(app, "i")),
];

/// The widths from one on at which one of the overlays is tried: every one up to the width from which they grow no more, then
/// each overlay at every eighth, so that every width is tried with one of them.
fn widths(least: u16, at: usize) -> impl Iterator<Item = u16> {
    (least..=260).filter(move |columns| *columns <= 130 || usize::from(*columns) % OVERLAYS.len() == at)
}

fn overlays() -> impl Iterator<Item = (&'static str, App)> {
    OVERLAYS.iter().map(|(title, prepare)| {
        let mut app = full();
        let away = app.now - minutes(47);
        app.now = away;
        app.update(Event::Terminal(TerminalEvent::FocusLost), away);
        let back = away + minutes(47);
        app.update(Event::Terminal(TerminalEvent::FocusGained), back);
        press(&mut app, KeyCode::Esc);
        drawn(&mut app, (160, 45));
        prepare(&mut app);
        (*title, app)
    })
}

/// Words of letters, but for those that end in `…`.
fn words(page: &[String]) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    for row in page {
        let mut rest = row.as_str();
        while let Some(from) = rest.find(char::is_alphabetic) {
            let word = &rest[from..];
            let end = word.find(|letter: char| !letter.is_alphabetic()).unwrap_or(word.len());
            if !word[end..].starts_with('…') {
                words.insert(word[..end].to_owned());
            }
            rest = &word[end..];
        }
    }
    words
}

/// A word that no larger screen shows, while it is the beginning of one that is shown there, was cut.
#[test]
fn nothing_is_cut_inside_a_word_without_an_ellipsis() {
    let mut apps: Vec<(&str, App)> = overlays().chain([("wire", busy()), ("read", full())]).collect();
    keys(&mut apps.last_mut().unwrap().1, "\r");
    for (what, app) in &mut apps {
        let mut known = BTreeSet::new();
        for size in [(260, 200), (170, 200), (128, 200), (99, 200), (91, 200)] {
            known.extend(words(&rows(&drawn(app, size))));
        }
        // A smaller frame over a larger screen covers words without cutting them.
        let range = if matches!(*what, "wire" | "read") { 20..=260 } else { LEAST..=99 };
        for columns in range {
            let page = rows(&drawn(app, (columns, height_for(columns))));
            for word in words(&page).iter().filter(|word| word.chars().count() > 2 && !known.contains(*word)) {
                let whole = known.iter().find(|known| known.starts_with(word.as_str()));
                // A word longer than a line of its column is broken, not cut.
                let goes_on = whole.is_some_and(|whole| page.iter().any(|row| row.contains(&whole[word.len()..])));
                assert!(whole.is_none() || goes_on, "{what} at {columns}: '{word}' of {whole:?}\n{}", page.join("\n"));
            }
        }
    }
}

/// A number, or a word of a state, is there as a whole or not at all.
#[test]
fn columns_go_whole() {
    for (at, (what, mut app)) in overlays().enumerate() {
        for columns in widths(LEAST, at) {
            let shown = rows(&drawn(&mut app, (columns, height_for(columns))));
            for row in &shown[..shown.len() - 1] {
                for cut in [" armed…", " fired…", " off…", " sleeps…", " fresh…", " fails…", " times…"] {
                    assert!(!row.contains(cut), "{what} at {columns}: {row}");
                }
                let is_number_cut = row.split('…').rev().skip(1).any(|part| {
                    let number = part.rsplit(' ').next().unwrap_or_default();
                    !number.is_empty()
                        && number.chars().all(|letter| letter.is_ascii_digit() || ".,+−%".contains(letter))
                });
                assert!(!is_number_cut, "{what} at {columns}: {row}");
            }
        }
    }
}

// --- frames ---

/// Where the lower borders of frames stand in a row, from column to column.
fn bottoms(buffer: &Buffer, y: u16) -> Vec<(u16, u16)> {
    let symbol = |x: u16| buffer[(x, y)].symbol();
    let corners = (0..buffer.area.width).filter(|x| symbol(*x) == "╰");
    let end = |from: u16| (from + 1..buffer.area.width).find(|x| symbol(*x) != "─").unwrap_or(buffer.area.width);
    corners.map(|from| (from, end(from))).collect()
}

#[test]
fn what_lies_over_the_screen_fills_a_small_one_and_has_one_border() {
    for (at, (what, mut app)) in overlays().enumerate() {
        for columns in widths(LEAST, at) {
            for height in [[10, 16, 24][usize::from(columns) % 3], height_for(columns)] {
                let buffer = drawn(&mut app, (columns, height));
                let shown = rows(&buffer);
                let double = (0..height - 1).find(|y| {
                    let (upper, lower) = (bottoms(&buffer, *y), bottoms(&buffer, y + 1));
                    upper.iter().any(|(from, to)| lower.iter().any(|(start, end)| start < to && from < end))
                });
                assert_eq!(double, None, "{what} at {columns}x{height}:\n{}", shown.join("\n"));
                if columns < 100 {
                    let is_whole = shown[0].starts_with('╭') && shown[0].ends_with('╮');
                    assert!(is_whole && shown[shown.len() - 2].starts_with('╰'), "{what} at {columns}x{height}");
                }
            }
        }
    }
}

#[test]
fn hints_never_displace_a_title() {
    for (at, (title, mut app)) in overlays().enumerate() {
        for columns in widths((width(title) as u16 + 4).max(20), at) {
            let shown = text(&mut app, (columns, height_for(columns)));
            assert!(shown.contains(title), "{title} at {columns}\n{shown}");
        }
    }
}

#[test]
fn two_states_do_not_read_as_one() {
    let mut app = busy();
    let until = app.now + minutes(31);
    report(&mut app, "yahoo", Outcome::Blocked { refusal: Refusal::by_status("yahoo", 429), until }, Some(429));
    let later = app.now + minutes(5);
    app.update(Event::Tick, later);
    for size in [(40, 10), (60, 16), (60, 24), (80, 16), (80, 24)] {
        let shown = text(&mut app, size);
        for row in shown.lines().filter(|row| row.contains("BLOCKED")) {
            let states = ["BLOCKED", "STALE"].iter().map(|state| row.matches(state).count()).sum::<usize>();
            let cells = row.split('│').filter(|cell| cell.contains("BLOCKED") || cell.contains("STALE")).count();
            assert_eq!(states, cells, "{size:?}: {row}");
        }
    }
}

#[test]
fn a_short_screen_has_one_row_of_prices_and_all_topics() {
    let topic = |n: usize| {
        format!(
            "[[topic]]\nname = 't{n}'\ntitle = 'A longer subject {n}'\nshort = 'Subj{n}'\nkey = '{n}'\nany = ['word{n}']\n"
        )
    };
    let own = |count: usize| format!("[shipped]\ntopics = false\n{}", (1..=count).map(topic).collect::<String>());
    for user in [String::new(), own(5), own(7), own(9)] {
        let mut app = busy_with(&user);
        for columns in [60, 80] {
            let shown = rows(&drawn(&mut app, (columns, 16)));
            let keys: Vec<char> = app.topics().iter().filter_map(|rule| rule.key).collect();
            for key in keys {
                assert!(shown[0].contains(&format!(" {key}")), "{key} at {columns}: {}", shown[0]);
            }
            assert!(shown[0].contains("ET"), "{}", shown[0]);
            assert!(
                ["NVDA 181", "BTC 97,413", "ETH 3,410", "SOL 20"].iter().all(|price| shown[1].contains(price)),
                "{}",
                shown[1]
            );
            assert!(shown[1].contains("2.1%") && shown[2].starts_with("╭ Wire"), "{}", shown.join("\n"));
        }
    }
    let mut stored = busy();
    for name in ["NVDA", "BTC-USD", "ETH-USD", "SOL-USD"] {
        let mut quote = stored.tape.quote(name).unwrap().clone();
        (quote.delivery, quote.received_time) = (Delivery::Stored, stored.now);

        quote.exchange_time = Some(stored.now - SignedDuration::from_hours(2));
        tell(&mut stored, Event::Quote(quote));
    }
    let row = rows(&drawn(&mut stored, (60, 16))).swap_remove(1);
    assert!(["NVDA", "BTC", "ETH", "SOL"].iter().all(|name| row.contains(name)), "{row}");
}

// --- hints ---

#[test]
fn hints_name_nothing_that_does_nothing() {
    let mut app = full();
    keys(&mut app, "g\r");
    assert!(last_line(&mut app, (160, 45)).contains("Enter article"));
    keys(&mut app, "\r");
    let shown = text(&mut app, (160, 45));
    assert!(!shown.contains("Enter article"), "an article that is on its way is not asked for again: {shown}");
    let (from, to) = (app.now - minutes(9), app.now + minutes(9));
    let mut replay = full();
    tell(&mut replay, Event::Replay(ReplayPosition { from, to, speed: 1.0, paused: false, loops: 0 }));
    keys(&mut replay, "\r");
    assert!(!text(&mut replay, (160, 45)).contains("Enter article"), "a recorded day has no articles");
    let mut empty = started(NOON, "");
    assert!(!last_line(&mut empty, (160, 45)).contains("Enter read"));
    let mut bare = started(NOON, "");
    let no_link = Story { link: None, ..story(1, bare.now, "Desk", "Rain") };
    tell_stories(&mut bare, vec![no_link]);
    keys(&mut bare, "\r");
    let shown = text(&mut bare, (160, 45));
    assert!(!shown.contains("o open") && !shown.contains("y copy link") && !shown.contains("Enter article"), "{shown}");
    let mut prices = busy_with("[shipped]\nsymbols = false\n[[symbol]]\nname = 'NVDA'\n");
    press(&mut prices, KeyCode::BackTab);
    assert!(!last_line(&mut prices, (160, 45)).contains("} list"), "there are no lists");
    assert!(!last_line(&mut prices, (160, 45)).contains("] symbol"), "there is one symbol");
    keys(&mut prices, "a");
    assert!(!text(&mut prices, (160, 45)).contains("Enter read"), "the cursor is on an alert, not on a story");
}

#[test]
fn without_colours_a_long_alert_leaves_the_same_hints() {
    let user = "[shipped]\nalerts = false\n[[alert]]\nname = 'An alert with a name that goes on for quite a while'\nquery = 'topic:nvidia'\n";
    let mut app = busy_with(user);
    let long = "Nvidia ".to_owned() + &"tells of a very long thing ".repeat(9);
    let one = Story { feed: "Bloomberg Markets".into(), ..story(900, app.now, "Harbour Wire", &long) };
    tell_stories(&mut app, vec![one]);
    for size in SIZES {
        let (with, without) = (theme("dark"), no_color());
        let colored = rows(&draw_at(&mut app, size, &with)).pop().unwrap();
        let plain = rows(&draw_at(&mut app, size, &without)).pop().unwrap();
        assert!(plain.contains("? help") && plain.contains("! An alert"), "{size:?}: {plain}");
        assert_eq!(plain, colored, "{size:?}");
    }
}

#[test]
fn a_tried_alert_says_test_wherever_it_is_told() {
    let mut app = busy_with("[shipped]\nalerts = false\n[[alert]]\nname = 'Chips'\nquery = 'topic:nvidia'\n");
    keys(&mut app, "a");
    let press_try = crossterm::event::KeyEvent::new(KeyCode::Char('A'), crossterm::event::KeyModifiers::NONE);
    let now = app.now;
    let effects = app.update(Event::Terminal(TerminalEvent::Key(press_try)), now);
    let told = format!("{effects:?}");
    assert!(told.contains("TEST: "), "a notification and a command are told so: {told}");
    assert!(text(&mut app, (160, 45)).contains("TEST: "));
    keys(&mut app, "\u{1b}");
    press(&mut app, KeyCode::Esc);
    press(&mut app, KeyCode::Esc);
}

#[test]
fn a_part_of_the_last_line_of_a_replay_that_has_no_room_goes_whole() {
    let mut app = busy();
    let (from, to) = (app.now - minutes(9), app.now + minutes(9));
    for (speed, paused) in [(1.0, false), (300.0, false), (300.0, true), (12_000.0, false)] {
        tell(&mut app, Event::Replay(ReplayPosition { from, to, speed, paused, loops: 0 }));
        for columns in 40..=260 {
            let line = last_line(&mut app, (columns, height_for(columns)));
            assert!(line.contains("23 Nov 2026 13:46 ET "), "{columns}: {line}");
            let has_speed = line.contains(&format!("×{speed} "));
            assert!(has_speed || !line.contains('×'), "{columns}: {line}");
            assert!(has_speed || columns < 80 || paused, "{columns}: {line}");
        }
    }
}

#[test]
fn what_is_shown_is_called_stored_only_when_something_is() {
    let offline = |app: &mut App| {
        report(app, "yahoo", unreached(), None);
        last_line(app, (160, 45))
    };
    let empty = offline(&mut started(NOON, ""));
    assert!(empty.contains("Nothing is stored yet") && !empty.contains("shown is stored"), "{empty}");
    let mut stories = started(NOON, "");
    let one = story(1, stories.now, "Desk", "Rain");
    tell_stories(&mut stories, vec![one]);
    assert!(offline(&mut stories).contains("The stories shown are stored"));
}

// --- help ---

#[test]
fn the_help_has_headings_and_two_columns_where_there_is_room() {
    let mut app = busy();
    keys(&mut app, "?");
    let page = text(&mut app, (160, 200));
    let titles = Chapter::iter().map(Chapter::title).chain(["In the query line", "In a query", "Signs"]);
    let titles: Vec<&str> = titles.collect();
    for title in &titles {
        assert!(page.contains(&format!(" {title} ")), "{title}\n{page}");
    }
    for (columns, beside) in [(100, false), (120, true), (160, true), (240, true)] {
        let page = text(&mut app, (columns, 200));
        let has_two = page.lines().any(|row| row.contains("down one row") && row.trim_matches(['│', ' ']).len() > 70);
        assert_eq!(has_two, beside, "{columns}\n{page}");
    }
}

/// Whatever sign the program itself draws, the help says what it means.
#[test]
fn every_sign_on_the_screen_is_in_the_help() {
    let mut help = busy();
    keys(&mut help, "?");
    let legend = text(&mut help, (240, 300));
    let legend = legend.split(" Signs ").nth(1).unwrap_or_default().to_owned() + &legend;
    // Frames, lines of braille, and what is told in words beside it.
    let is_drawing = |sign: char| {
        ('\u{2500}'..='\u{259f}').contains(&sign) || ('\u{2800}'..='\u{28ff}').contains(&sign) || "·’‘“”".contains(sign)
    };
    let mut apps: Vec<(&str, App)> = overlays().chain([("wire", busy()), ("many", busy_market())]).collect();
    let mut paused = busy();
    let (from, to) = (paused.now - minutes(9), paused.now + minutes(9));
    tell(&mut paused, Event::Replay(ReplayPosition { from, to, speed: 1.0, paused: true, loops: 0 }));
    apps.push(("replay", paused));
    for (what, app) in &mut apps {
        let told: String = app.wire.items().map(|item| format!("{}{}", item.story.title, item.story.outlet)).collect();
        for size in SIZES {
            for sign in text(app, size).chars().filter(|sign| !sign.is_ascii() && !sign.is_alphanumeric()) {
                assert!(is_drawing(sign) || told.contains(sign) || legend.contains(sign), "{what} at {size:?}: {sign}");
            }
        }
    }
}

#[test]
fn in_ascii_the_signs_of_a_row_differ_and_are_explained() {
    let ascii = theme_in("dark", Looks { ascii: true, ..Looks::default() });
    let mut app = busy();
    let page = rows(&draw_at(&mut app, (160, 45), &ascii)).join("\n");
    assert!(page.contains("|o  1m") && page.contains("|* 12m"), "{page}");
    keys(&mut app, "?");
    let help = rows(&draw_at(&mut app, (160, 200), &ascii)).join("\n");
    for (sign, means) in
        [("o ", "unread"), ("* ", "in front of a row: starred"), ("x3", "so many outlets"), ("^ ", "risen")]
    {
        assert!(help.lines().any(|row| row.contains(sign) && row.contains(means)), "{sign} {means}\n{help}");
    }
}

#[test]
fn the_help_follows_the_keymap_and_the_settings() {
    let mut app = busy_with("[keys]\nnext-unread = [\"f7\"]\n");
    keys(&mut app, "?");
    let page = text(&mut app, (160, 200));
    assert!(page.contains("F7") && page.contains("set to \"open\""), "{page}");
    let config = config::load(Some(("config.toml", "[screen]\nmark-read = 'cursor'\n"))).unwrap();
    tell(&mut app, Event::Config(Arc::new(config)));
    assert!(text(&mut app, (160, 200)).contains("set to \"cursor\""));
    assert!(Command::iter().all(|command| !command.chapter().title().is_empty()));
}

// --- marks ---

#[test]
fn a_setting_says_what_marks_a_story_as_read() {
    let is_read = |app: &App, at: usize| !app.wire.row_is_unread(&app.wire.rows()[at]);
    // The setting; then what `j`, `n` and Enter do: is the row that they come to read?
    for (setting, by_cursor, by_next, by_enter) in [
        ("", false, true, true),
        ("open", false, true, true),
        ("cursor", true, true, true),
        ("never", false, false, false),
    ] {
        let mut app = busy();
        let text = if setting.is_empty() { String::new() } else { format!("[screen]\nmark-read = '{setting}'\n") };
        // As a file that is saved while it runs.
        tell(&mut app, Event::Config(Arc::new(config::load(Some(("config.toml", text.as_str()))).unwrap())));
        keys(&mut app, "j");
        assert_eq!(is_read(&app, 0), by_cursor, "{setting}: j");
        keys(&mut app, "n");
        let at = app.wire.cursor().unwrap();
        assert_eq!(is_read(&app, at), by_next, "{setting}: n");
        let before = at;
        keys(&mut app, "n");
        assert!(app.wire.cursor().unwrap() > before, "{setting}: n goes on");
        let mut app = busy();
        tell(&mut app, Event::Config(Arc::new(config::load(Some(("config.toml", text.as_str()))).unwrap())));
        keys(&mut app, "\r");
        assert_eq!(is_read(&app, 0), by_enter, "{setting}: Enter");
        press(&mut app, KeyCode::Esc);
        keys(&mut app, "gu");
        assert_ne!(is_read(&app, 0), by_enter, "{setting}: u works in any case");
    }
    let wrong = config::load(Some(("config.toml", "[screen]\nmark-read = 'opne'\n"))).unwrap();
    assert!(wrong.warnings[0].contains("open"), "{:?}", wrong.warnings);
}
