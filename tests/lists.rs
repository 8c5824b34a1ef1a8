//! Many symbols: the table that they are, its lists and orders, at the sizes that matter, under the keys and the mouse.
#![allow(clippy::unwrap_used)]

#[path = "support/scene.rs"]
mod scene;

use std::sync::Arc;

use crossterm::event::{Event as TerminalEvent, KeyCode, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use jiff::SignedDuration;
use newstape::app::{App, Focus};
use newstape::config;
use newstape::domain::layout::{Layout, PriceSort};
use newstape::domain::price::{Extended, Session};
use newstape::event::{Event, Loaded};
use rust_decimal::Decimal;
use scene::*;

const HUGE: (u16, u16) = (240, 70);
const WIDE: (u16, u16) = (160, 45);
const MEDIUM: (u16, u16) = (100, 30);
const SMALL: (u16, u16) = (80, 24);
const TINY: (u16, u16) = (40, 10);
const SIZES: [(&str, (u16, u16)); 2] = [("160", WIDE), ("80", SMALL)];

fn snapshot(name: &str, app: &mut App, size: (u16, u16)) {
    // Once to tell the state where things are, as the loop does.
    draw_at(app, size, &theme("dark"));
    let page = page(&draw_at(app, size, &theme("dark")), &theme("dark"));
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => true }, {
        insta::assert_snapshot!(name, page);
    });
}

fn text(app: &mut App, size: (u16, u16)) -> String {
    rows(&draw_at(app, size, &theme("dark"))).join("\n")
}

/// Keys, with a frame after each.
fn on(app: &mut App, size: (u16, u16), letters: &str) {
    for letter in letters.chars() {
        keys(app, &letter.to_string());
        draw_at(app, size, &theme("dark"));
    }
}

fn selected(app: &App) -> String {
    app.tape.selected().unwrap().name.to_string()
}

/// The line of the screen that a symbol stands on in the table.
fn line_of(app: &mut App, size: (u16, u16), words: &str) -> (u16, u16) {
    let buffer = draw_at(app, size, &theme("dark"));
    let rows = rows(&buffer);
    let y = rows.iter().position(|row| row.contains(words)).unwrap_or_else(|| panic!("{words}:\n{}", rows.join("\n")));
    let x = rows[y].find(words).map(|at| rows[y][..at].chars().count()).unwrap();
    (x as u16, y as u16)
}

fn mouse(app: &mut App, kind: MouseEventKind, (column, row): (u16, u16)) {
    let modifiers = KeyModifiers::NONE;
    tell(app, Event::Terminal(TerminalEvent::Mouse(MouseEvent { kind, column, row, modifiers })));
}

fn click(app: &mut App, at: (u16, u16)) {
    mouse(app, MouseEventKind::Down(MouseButton::Left), at);
}

#[test]
fn many_symbols() {
    for (size, at) in SIZES {
        snapshot(&format!("many-{size}"), &mut busy_market(), at);
        let mut app = busy_market();
        press(&mut app, KeyCode::BackTab);
        on(&mut app, at, "}OGkk");
        snapshot(&format!("many-list-by-change-{size}"), &mut app, at);
        let mut app = busy_market();
        press(&mut app, KeyCode::BackTab);
        on(&mut app, at, "ZOO");
        snapshot(&format!("many-alone-{size}"), &mut app, at);
    }
    snapshot("many-100", &mut busy_market(), MEDIUM);
}

/// The issue's own measure: 40 rows on 160×45.
#[test]
fn alone_it_shows_forty_rows() {
    let more: String = (0..10).map(|at| format!("[[symbol]]\nname = 'MORE{at}'\n")).collect();
    let mut app = busy_with(&format!("{}{more}", market()));
    press(&mut app, KeyCode::BackTab);
    on(&mut app, WIDE, "Z");
    let shown = text(&mut app, WIDE);
    let names = app.tape.shown().into_iter().map(|symbol| symbol.name.trim_end_matches("-USD").to_owned());
    let rows: Vec<&str> = shown.lines().map(|line| line.trim_start_matches(['│', '▸', ' '])).collect();
    let listed = names.filter(|name| rows.iter().any(|row| row.starts_with(&format!("{name} ")))).count();
    assert_eq!(listed, 40, "{shown}");
}

/// A list of few symbols leaves room for the chart of one.
#[test]
fn a_short_table_alone_has_the_chart_under_it() {
    let mut app = busy_market();
    press(&mut app, KeyCode::BackTab);
    on(&mut app, WIDE, "Z");
    assert!(!text(&mut app, WIDE).contains("· 1D"), "36 rows take it all");
    on(&mut app, WIDE, "}j");
    let shown = text(&mut app, WIDE);
    assert!(shown.contains("Prices · Chips") && shown.contains("╭ AMD  160.45"), "{shown}");
}

#[test]
fn the_title_names_list_order_and_place() {
    let mut app = busy_market();
    press(&mut app, KeyCode::BackTab);
    for (letters, says) in [
        ("", &["╭ Prices ─", "1 of 36"][..]),
        ("}", &["Prices · Chips ─", "1 of 12"]),
        ("jj", &["3 of 12"]),
        ("OG", &["Prices · Chips · by change", "12 of 12"]),
        (",", &["Prices · Chips · by name"]),
        ("{", &["Prices · by name", " of 36"]),
        ("{", &["Prices · Coins"]),
    ] {
        on(&mut app, WIDE, letters);
        let shown = text(&mut app, WIDE);
        for words in says {
            assert!(shown.contains(words), "after '{letters}' no '{words}':\n{shown}");
        }
    }
    assert!(text(&mut app, SMALL).contains("Coins") && text(&mut app, TINY).contains("Coins"), "the rail names it");
    assert!(!text(&mut app, SMALL).contains("AVGO"), "and keeps to it");
}

#[test]
fn columns_go_whole_and_the_state_stays_in_words() {
    let mut app = busy_market();
    press(&mut app, KeyCode::BackTab);
    on(&mut app, WIDE, "Z");
    for (size, there, gone) in [
        ((200, 45), &["Source", "STALE 12m", "List", "Time", "Day", "Change", "State"][..], &[][..]),
        ((100, 30), &["Day", "Change", "State", "LIVE yahoo"], &["List"]),
        ((60, 24), &["Change", "State", "12m old"], &["List", "Time"]),
        ((44, 12), &["State", "LIVE"], &["Day", "Change"]),
        ((40, 12), &["State", "LIVE"], &["Change"]),
    ] {
        let shown = text(&mut app, size);
        there.iter().for_each(|word| assert!(shown.contains(word), "{word} at {size:?}:\n{shown}"));
        gone.iter().for_each(|word| assert!(!shown.contains(word), "{word} at {size:?}:\n{shown}"));
    }
    press(&mut app, KeyCode::End);
    assert!(text(&mut app, (24, 12)).contains("WAITING"), "{}", text(&mut app, (24, 12)));
}

#[test]
fn prices_outside_hours_have_their_place() {
    let mut app = started("2026-11-23T13:00:00Z", &market());
    alive(&mut app, "yahoo");
    let mut quote = quote(&app, "NVDA", 18123, 18517);
    quote.session = Session::Pre;
    quote.exchange_time = Some(time("2026-11-20T21:00:00Z"));
    let exchange_time = Some(app.now - SignedDuration::from_secs(5));
    quote.extended = Some(Extended { price: Decimal::new(18210, 2), session: Session::Pre, exchange_time });
    tell(&mut app, Event::Quote(quote));
    let coin = scene::quote(&app, "BTC-USD", 9_741_255, 9_683_100);
    tell(&mut app, Event::Quote(coin));
    press(&mut app, KeyCode::BackTab);
    on(&mut app, WIDE, "Z");
    for (size, at) in SIZES {
        snapshot(&format!("many-pre-market-{size}"), &mut app, at);
    }
    let wide = text(&mut app, WIDE);
    assert!(wide.contains("pre 182.10") && wide.contains("−2.13% Fri"), "{wide}");
    let narrow = text(&mut app, (50, 20));
    assert!(narrow.contains("182.10") && narrow.contains("pre LIVE") && !narrow.contains("181.23"), "{narrow}");
}

#[test]
fn keys_move_in_the_table_and_its_chart_is_shown_alone() {
    let mut app = busy_market();
    press(&mut app, KeyCode::BackTab);
    draw_at(&mut app, WIDE, &theme("dark"));
    for (code, expected) in [
        (KeyCode::Down, "AMD"),
        (KeyCode::PageDown, "QCOM"),
        (KeyCode::Up, "INTC"),
        (KeyCode::End, "XLE"),
        (KeyCode::Down, "XLE"),
        (KeyCode::Char(']'), "NVDA"),
        (KeyCode::Char('['), "XLE"),
        (KeyCode::Home, "NVDA"),
        (KeyCode::Up, "NVDA"),
    ] {
        press(&mut app, code);
        draw_at(&mut app, WIDE, &theme("dark"));
        if code != KeyCode::PageDown && code != KeyCode::Up || expected == "NVDA" {
            assert_eq!(selected(&app), expected, "after {code:?}");
        }
    }
    for size in [WIDE, MEDIUM, SMALL, TINY] {
        on(&mut app, size, "\r");
        assert!(text(&mut app, size).contains("· 1D"), "the chart at {size:?}:\n{}", text(&mut app, size));
        press(&mut app, KeyCode::Esc);
        assert_eq!(app.arrangement.focus, Focus::Tape, "Esc leads back to the prices");
        draw_at(&mut app, size, &theme("dark"));
    }
}

#[test]
fn the_mouse_selects_scrolls_and_sorts() {
    let mut app = busy_market();
    keys(&mut app, "M");
    let at = line_of(&mut app, WIDE, "TSM ");
    click(&mut app, at);
    assert_eq!((selected(&app).as_str(), app.arrangement.focus), ("TSM", Focus::Tape));
    for _ in 0..2 {
        mouse(&mut app, MouseEventKind::ScrollDown, at);
        draw_at(&mut app, WIDE, &theme("dark"));
    }
    assert_eq!(selected(&app), "MU", "the row at the edge");
    assert!(!text(&mut app, WIDE).contains("│▸TSM"));
    mouse(&mut app, MouseEventKind::ScrollUp, at);
    let at = line_of(&mut app, WIDE, "▸MU");
    click(&mut app, at);
    assert!(app.arrangement.is_charting(), "on the row selected: its chart");
    press(&mut app, KeyCode::Esc);
    for (head, sort) in [("Symbol", PriceSort::Name), ("Symbol", PriceSort::Config)] {
        let at = line_of(&mut app, WIDE, head);
        click(&mut app, at);
        assert_eq!(app.tape.sort(), sort);
    }
    let (_, y) = line_of(&mut app, WIDE, "Symbol");
    let x = row(&draw_at(&mut app, WIDE, &theme("dark")), 0, WIDE.0, y).chars().position(|sign| sign == '%').unwrap();
    click(&mut app, (x as u16, y));
    assert_eq!(app.tape.sort(), PriceSort::Change);
}

#[test]
fn lists_and_orders_are_chosen_by_name() {
    let mut app = busy_market();
    for (typed, list, sort) in [
        ("list so", Some("Software"), PriceSort::Config),
        ("sort-prices ch", Some("Software"), PriceSort::Change),
        ("coins", Some("Coins"), PriceSort::Change),
        ("list all", None, PriceSort::Change),
        ("next-list", Some("Chips"), PriceSort::Change),
    ] {
        keys(&mut app, &format!(":{typed}"));
        if typed == "list so" {
            assert!(text(&mut app, WIDE).contains("prices of this list alone"));
        }
        keys(&mut app, "\r");
        assert_eq!((app.tape.list().map(|list| &**list), app.tape.sort()), (list, sort), "after :{typed}");
    }
}

#[test]
fn a_reload_that_removes_the_list_shows_all() {
    let mut app = busy_market();
    keys(&mut app, "}}]");
    assert_eq!((app.tape.list().map(|list| &**list), selected(&app).as_str()), (Some("Software"), "GOOGL"));
    let without = market().replace("list = 'Software'", "list = 'Platforms'");
    tell(&mut app, Event::Config(Arc::new(config::load(Some(("config.toml", without.as_str()))).unwrap())));
    assert_eq!((app.tape.list(), selected(&app).as_str()), (None, "GOOGL"));
    let fewer = without.replace("[[symbol]]\nname = 'GOOGL'\nlist = 'Platforms'\n", "");
    tell(&mut app, Event::Config(Arc::new(config::load(Some(("config.toml", fewer.as_str()))).unwrap())));
    assert_eq!(selected(&app), "META", "the one behind it");
    assert!(text(&mut app, WIDE).contains("▸META"));
}

#[test]
fn list_order_and_symbol_come_back() {
    let mut app = busy_market();
    keys(&mut app, "}O]");
    let layout: Layout = serde_json::from_str(&serde_json::to_string(&app.arrangement.layout).unwrap()).unwrap();
    let mut again = app_at(NOON, &market());
    tell(&mut again, Event::Loaded(Loaded { layout: Some(layout), done: true, ..Loaded::default() }));
    assert_eq!((again.tape.list(), again.tape.sort()), (app.tape.list(), PriceSort::Change));
    assert_eq!(selected(&again), selected(&app));
}

/// A re-sort at the minute moves the rows around the selected one, not the cursor to another symbol.
#[test]
fn rows_change_places_at_the_minute_alone() {
    let mut app = busy_market();
    press(&mut app, KeyCode::BackTab);
    on(&mut app, WIDE, "Ojj");
    let (symbol, at) = (selected(&app), line_of(&mut app, WIDE, "▸"));
    let up = quote(&app, "PLTR", 20_000, 16_133);
    tell(&mut app, Event::Quote(up));
    assert_eq!(line_of(&mut app, WIDE, "▸"), at);
    let first = |app: &App| app.tape.shown()[0].name.to_string();
    assert_ne!(first(&app), "PLTR");
    app.update(Event::Tick, app.now + minutes(1));
    assert_eq!((first(&app).as_str(), selected(&app)), ("PLTR", symbol));
    assert!(text(&mut app, WIDE).contains("by change"));
}

#[test]
fn many_symbols_are_compared_a_few_at_a_time() {
    let mut app = busy_market();
    keys(&mut app, "i");
    assert!(text(&mut app, WIDE).contains("12 of 36 symbols; } chooses a list"));
    keys(&mut app, "i}}}i");
    let shown = text(&mut app, WIDE);
    assert!(shown.contains("Moves together · Coins") && !shown.contains(" of 6 symbols"), "{shown}");
}

/// So many symbols, all priced outside hours, NVDA the first of them.
fn watching(count: usize) -> App {
    let symbols: String = (1..count).map(|at| format!("[[symbol]]\nname = \"S{at}\"\n")).collect();
    let user = format!("[shipped]\nsymbols = false\n[[symbol]]\nname = \"NVDA\"\n{symbols}");
    let mut app = started("2026-11-23T23:30:00Z", &user);
    alive(&mut app, "yahoo");
    let names: Vec<_> = app.tape.symbols().iter().map(|symbol| symbol.name.clone()).collect();
    for name in names {
        let mut quote = quote(&app, &name, 18123, 18517);
        quote.session = Session::Post;
        quote.exchange_time = Some(time("2026-11-23T21:00:00Z"));
        let exchange_time = Some(app.now - SignedDuration::from_secs(2));
        quote.extended = Some(Extended { price: Decimal::new(18210, 2), session: Session::Post, exchange_time });
        let series = series(&app, &name, 181.0, 90);
        tell(&mut app, Event::Series { span: newstape::domain::price::Span::Day, series });
        tell(&mut app, Event::Quote(quote));
    }
    app
}

#[test]
fn another_symbol_takes_no_sparkline_away() {
    let is_dots = |letter: char| ('\u{2801}'..='\u{28ff}').contains(&letter);
    for count in 1..=30 {
        let mut app = watching(count);
        for (size, at) in [("240", HUGE), ("160", WIDE), ("100", MEDIUM)] {
            let shown = text(&mut app, at);
            let rows: Vec<Vec<char>> = shown.lines().map(|row| row.chars().collect()).collect();
            let (first, column) = rows
                .iter()
                .enumerate()
                .rev()
                .find_map(|(y, row)| {
                    let x = row.windows(4).rposition(|letters| letters == ['N', 'V', 'D', 'A'])?;
                    (x > usize::from(at.0) / 2).then_some((y, x))
                })
                .unwrap_or_else(|| panic!("{count} at {size}:\n{shown}"));
            let is_table = rows[first][column..].iter().collect::<String>().contains("182.10");
            if is_table && at == MEDIUM {
                // The column of prices of a medium screen has no room for it in a line.
                continue;
            }
            let of_block = rows[first..].iter().take(if is_table { 1 } else { 9 });
            let mut of_block = of_block.enumerate().take_while(|(line, row)| *line == 0 || row[column] != 'S');
            let has_line = of_block.any(|(_, row)| row[column..].iter().any(|letter| is_dots(*letter)))
                || (is_table && rows[first].iter().any(|letter| is_dots(*letter)));
            assert!(has_line, "{count} at {size}:\n{shown}");
        }
    }
}
