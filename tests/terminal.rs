//! The whole program in a terminal, without network: it starts, is resized, suspended and ended in every way there is,
//! and the terminal is given back each time.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod support;

use support::{Home, Terminal, View};

const WIDE: (u16, u16) = (160, 45);
const DEMO: [&str; 3] = ["demo", "--speed", "300"];
const SYMBOLS: [&str; 4] = ["NVDA", "BTC", "ETH", "SOL"];
/// Nothing to ask: a live program that leaves the network alone.
const NOTHING_TO_ASK: &str = "[shipped]\nfeeds = false\nsymbols = false\n";

/// The demo, once it shows stories and prices.
fn demo(home: &Home) -> Terminal {
    let terminal = Terminal::start(home, &DEMO, WIDE);
    terminal.wait_for("the wire and four prices", |view| {
        view.contains("Wire · ") && view.contains_all(&SYMBOLS) && view.contains("REPLAY")
    });
    terminal
}

/// `41` of `Wire · 41 of 214`, `Wire · 41`.
fn rows_counted(view: &View) -> Option<usize> {
    let row = &view.rows[view.row_of("Wire · ")?];
    let digits = row.split_once("Wire · ")?.1;
    digits.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
}

#[test]
fn the_demo_answers_keys_and_quits() {
    let home = Home::new();
    let mut terminal = demo(&home);
    terminal.type_keys("?");
    terminal.wait_for("the help", |view| view.contains("filter with a query") && view.contains("Esc closes"));
    terminal.type_keys("\x1b");
    terminal.wait_for("no help", |view| !view.contains("filter with a query"));
    let before = terminal.look(rows_counted).unwrap();
    terminal.type_keys("/bitcoin");
    terminal.wait_for("the query line", |view| view.status().contains("/ bitcoin"));
    terminal.type_keys("\r");
    terminal.wait_for("a filtered wire", |view| {
        let is_filtered = view.row_of(" of ").is_some_and(|row| view.rows[row].contains("Wire · "));
        is_filtered && view.contains("· bitcoin") && rows_counted(view).is_some_and(|rows| rows > 0 && rows < before)
    });
    terminal.type_keys("\x1b");
    terminal.wait_for("the whole wire", |view| rows_counted(view).is_some_and(|rows| rows >= before));
    terminal.type_keys("q");
    assert_eq!(terminal.wait_for_end().exit_code(), 0);
    terminal.assert_given_back();
    assert!(!home.path().join("data").exists(), "the demo keeps nothing");
}

#[test]
fn a_notice_stays_long_enough_to_be_read_however_fast_the_day_runs() {
    let home = Home::new();
    let mut terminal = demo(&home);
    terminal.type_keys("r");
    terminal.wait_for_text("a replay asks nobody");
    // Two more frames of prices, which come a tenth of a second apart, and it still stands.
    for _ in 0..2 {
        let clock = terminal.look(|view| view.rows[0].clone());
        terminal.wait_for("time going on", |view| view.rows[0] != clock);
    }
    terminal.look(|view| assert!(view.status().contains("a replay asks nobody"), "{}", view.status()));
}

#[test]
fn it_follows_every_size() {
    let home = Home::new();
    let mut terminal = demo(&home);
    let is_drawn = |view: &View| view.status().contains("help") && view.contains_all(&SYMBOLS);
    for (size, sign) in
        [((80, 24), "Wire · "), ((40, 10), "NVDA"), ((20, 5), ""), ((250, 80), "Wire · "), (WIDE, "Heat")]
    {
        terminal.resize(size);
        match size {
            // Too small for all that; but it draws.
            (20, 5) => terminal.wait_for("prices in a very small terminal", |view| view.contains("NVDA")),
            _ => terminal.wait_for(&format!("a screen of {size:?}"), |view| is_drawn(view) && view.contains(sign)),
        }
    }
    terminal.type_keys("q");
    assert_eq!(terminal.wait_for_end().exit_code(), 0);
    terminal.assert_given_back();
}

#[test]
fn ctrl_c_ends_it() {
    let home = Home::new();
    let mut terminal = demo(&home);
    terminal.type_keys("\x03");
    assert_eq!(terminal.wait_for_end().exit_code(), 0);
    terminal.assert_given_back();
}

#[test]
fn signals_end_it_as_a_key_does() {
    for signal in ["TERM", "HUP", "INT"] {
        let home = Home::new();
        let mut terminal = demo(&home);
        terminal.signal(signal);
        let status = terminal.wait_for_end();
        assert_eq!((status.exit_code(), status.signal()), (0, None), "after SIG{signal}");
        terminal.assert_given_back();
    }
}

#[test]
fn a_signal_in_the_first_moment_finds_somebody_who_gives_the_terminal_back() {
    for _ in 0..5 {
        let home = Home::new();
        let mut terminal = Terminal::start(&home, &DEMO, WIDE);
        terminal.wait_for("the other screen", |view| view.screen.alternate_screen());
        terminal.signal("TERM");
        let status = terminal.wait_for_end();
        assert_eq!((status.exit_code(), status.signal()), (0, None));
        terminal.assert_given_back();
    }
}

#[test]
fn a_config_that_cannot_be_used_is_told_before_the_terminal_is_taken() {
    let home = Home::with_config("[network]\ntimeout = \n");
    let mut terminal = Terminal::start(&home, &["demo"], WIDE);
    assert_eq!(terminal.wait_for_end().exit_code(), 2);
    terminal.look(|view| assert!(view.contains("config.toml:2:"), "{:#?}", view.rows));
    assert!(!terminal.bytes().contains(&b'\x1b'), "something was done to the terminal");
}

#[test]
fn it_ends_when_its_window_is_closed() {
    let home = Home::with_config(NOTHING_TO_ASK);
    let mut terminal = Terminal::start(&home, &[], WIDE);
    terminal.wait_for_text("Wire · 0");
    terminal.close_window();
    // With what status matters to nobody: there is no terminal left to be told.
    terminal.wait_for_exit();
}

#[test]
fn suspending_gives_the_terminal_back_and_continuing_takes_it_again() {
    let home = Home::new();
    let mut terminal = demo(&home);
    for by_key in [true, false] {
        if by_key {
            terminal.type_keys("\x1a")
        } else {
            terminal.signal("TSTP")
        }
        terminal.wait_for("the other screen left", |view| !view.screen.alternate_screen());
        terminal.wait_until_stopped();
        terminal.assert_given_back();
        terminal.signal("CONT");
        terminal.wait_for("the screen again", |view| {
            view.screen.alternate_screen() && view.contains("Wire · ") && view.contains_all(&SYMBOLS)
        });
        assert!(terminal.is_taken());
        terminal.type_keys("?");
        terminal.wait_for_text("Esc closes");
        terminal.type_keys("\x1b");
        terminal.wait_for("no help", |view| !view.contains("Esc closes"));
    }
    terminal.type_keys("q");
    assert_eq!(terminal.wait_for_end().exit_code(), 0);
    terminal.assert_given_back();
}

#[test]
fn what_is_on_screen_survives_a_kill_and_so_does_the_next_start() {
    let home = Home::with_config(NOTHING_TO_ASK);
    let start = || {
        let terminal = Terminal::start(&home, &[], WIDE);
        terminal.wait_for("an empty wire", |view| view.contains("Wire · 0") && view.contains("0 of 0 feeds fresh"));
        terminal
    };
    let mut first = start();
    first.signal("KILL");
    assert!(!first.wait_for_end().success());
    let mut second = start();
    // A third one beside it reads, and says so.
    let mut third = Terminal::start(&home, &[], WIDE);
    third.wait_for_text("Another newstape runs on this data");
    for terminal in [&mut third, &mut second] {
        terminal.type_keys("q");
        assert_eq!(terminal.wait_for_end().exit_code(), 0);
        terminal.assert_given_back();
    }
}

/// The variable is read by debug builds only, as tests are by default.
#[cfg(debug_assertions)]
#[test]
fn a_panic_while_drawing_gives_the_terminal_back_and_says_one_sentence() {
    let home = Home::with_config(NOTHING_TO_ASK);
    let mut terminal = Terminal::start_with(&home, &[], WIDE, &[("NEWSTAPE_TRIAL_PANIC", "drawing")]);
    terminal.wait_for_text("Wire · 0");
    terminal.type_keys("?");
    assert!(!terminal.wait_for_end().success());
    terminal.assert_given_back();
    terminal.look(|view| {
        let said: Vec<&String> = view.rows.iter().filter(|row| !row.trim().is_empty()).collect();
        assert!(view.contains("newstape stopped by a mistake of its own (asked for by a trial"), "{said:?}");
        assert!(!view.contains("stack backtrace") && !view.contains("RUST_BACKTRACE"), "{said:?}");
    });
}

#[cfg(debug_assertions)]
#[test]
fn a_panic_in_a_task_is_told_and_the_screen_goes_on() {
    let home = Home::with_config(NOTHING_TO_ASK);
    let mut terminal = Terminal::start_with(&home, &[], WIDE, &[("NEWSTAPE_TRIAL_PANIC", "task")]);
    terminal.wait_for("what happened", |view| view.status().contains("trial stopped: "));
    terminal.type_keys("?");
    terminal.wait_for_text("Esc closes");
    terminal.type_keys("q");
    assert_eq!(terminal.wait_for_end().exit_code(), 0);
    terminal.assert_given_back();
    let log = std::fs::read_to_string(home.path().join("state/newstape/newstape.log")).unwrap();
    assert!(log.contains("asked for by a trial"), "{log}");
}

#[test]
fn without_a_terminal_it_says_so() {
    let home = Home::new();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_newstape"));
    let output = command.env_clear().envs(home.environment()).arg("demo").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("needs a terminal"), "{said}");
    assert!(output.stdout.is_empty());
}
