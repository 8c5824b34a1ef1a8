//! The whole program in a terminal, without network: it starts, is resized, suspended and ended in every way there is,
//! and the terminal is given back each time.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod support;

use support::{Home, Terminal, View, look_until};

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
    let mut terminal = Terminal::start_under_shell(&home, &DEMO, WIDE, false);
    let is_shown = |view: &View| view.screen.alternate_screen() && view.contains("Wire · ") && view.contains("REPLAY");
    terminal.wait_for("the screen", is_shown);
    for by_key in [true, false] {
        if by_key {
            terminal.type_keys("\x1a");
        } else {
            terminal.signal("TSTP");
        }
        terminal.wait_for("the other screen left", |view| !view.screen.alternate_screen());
        terminal.wait_until_stopped();
        terminal.assert_given_back();
        // To the shell: it brings the job back.
        terminal.type_keys("\n");
        terminal.wait_for("the screen again", is_shown);
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
fn where_no_shell_waits_it_does_not_suspend() {
    let home = Home::with_config(NOTHING_TO_ASK);
    let mut terminal = Terminal::start(&home, &[], WIDE);
    terminal.wait_for_text("Wire · 0");
    terminal.type_keys("\x1a");
    terminal.wait_for("why", |view| view.status().contains("no shell waits here"));
    terminal.signal("TSTP");
    terminal.type_keys("?");
    terminal.wait_for_text("Esc closes");
    terminal.type_keys("q");
    terminal.type_keys("q");
    assert_eq!(terminal.wait_for_end().exit_code(), 0);
    terminal.assert_given_back();
}

/// What newstape is at when its window is closed.
#[derive(Clone, Copy, Debug)]
enum At {
    Starting,
    Running,
    Typing,
    Suspended,
    Ending,
}

#[test]
fn a_window_closed_at_any_moment_ends_it() {
    for at in [At::Starting, At::Running, At::Typing, At::Suspended, At::Ending] {
        for ignores_hup in [false, true] {
            eprintln!("{at:?}, SIGHUP ignored: {ignores_hup}");
            let home = Home::with_config(NOTHING_TO_ASK);
            let mut terminal = Terminal::start_under_shell(&home, &[], WIDE, ignores_hup);
            match at {
                At::Starting => terminal.wait_for("the other screen", |view| view.screen.alternate_screen()),
                _ => terminal.wait_for_text("Wire · 0"),
            }
            match at {
                At::Starting | At::Running => {}
                At::Typing => {
                    terminal.type_keys("/nvi");
                    terminal.wait_for("the query line", |view| view.status().contains("/ nvi"));
                }
                At::Suspended => {
                    terminal.type_keys("\x1a");
                    terminal.wait_until_stopped();
                }
                At::Ending => terminal.type_keys("q"),
            }
            terminal.close_window();
            terminal.wait_until_gone();
            let log = std::fs::read_to_string(home.path().join("state/newstape/newstape.log")).unwrap_or_default();
            assert!(!log.contains("panicked"), "{log}");
        }
    }
}

#[test]
fn a_closed_window_is_no_failure_and_loses_nothing() {
    let home = Home::with_config(NOTHING_TO_ASK);
    let mut first = Terminal::start(&home, &[], WIDE);
    first.wait_for_text("Heat");
    first.type_keys(" h");
    first.wait_for("no heat", |view| !view.contains("Heat"));
    first.close_window();
    let status = first.wait_for_exit();
    assert!(status.exit_code() == 0 || status.signal().is_some(), "{status:?}");
    let mut second = Terminal::start(&home, &[], WIDE);
    second.wait_for("the wire without the heat", |view| view.contains("Wire · 0") && view.contains("0 of 0 feeds"));
    second.look(|view| assert!(!view.contains("Heat"), "{:#?}", view.rows));
    second.type_keys("q");
    assert_eq!(second.wait_for_end().exit_code(), 0);
}

/// A terminal that takes no output holds up the thread that draws, and with it what it would do at the end.
#[test]
fn a_terminal_that_stands_still_does_not_keep_it_from_ending() {
    for signals in [1, 2] {
        let home = Home::new();
        let mut terminal = Terminal::start(&home, &["demo", "--speed", "3000"], WIDE);
        terminal.wait_for_text("REPLAY");
        terminal.stop_reading();
        terminal.wait_until_writing();
        // The second of two is for those who don't want to wait; one that comes at once is the same.
        for _ in 0..signals {
            terminal.signal("TERM");
            terminal.signal("CONT");
        }
        let status = terminal.wait_for_exit();
        assert!(status.exit_code() == 0 || status.signal().is_some(), "{status:?}");
    }
}

#[test]
fn reports_of_the_terminal_make_no_key_dead() {
    let home = Home::with_config(NOTHING_TO_ASK);
    let mut terminal = Terminal::start(&home, &[], WIDE);
    // One that waits from before, and those that come late.
    terminal.type_keys("\x1b[?997;1n");
    terminal.wait_for_text("Wire · 0");
    for report in ["\x1b[?997;1n", "\x1b[?2026;2$y", "\x1b[?64;1;2c", "\x1b[24;80R", "\x1b[0n", "\x1b]10;rgb:0/0/0\x07"]
    {
        terminal.type_keys(&format!("{report}?"));
        terminal.wait_for_text("Esc closes");
        terminal.type_keys(&format!("{report}\x1b"));
        terminal.wait_for("no help", |view| !view.contains("Esc closes"));
    }
    terminal.type_keys("\x1b[?2026;2$y\x03");
    assert_eq!(terminal.wait_for_end().exit_code(), 0);
    terminal.assert_given_back();
}

#[test]
fn a_paste_without_an_end_can_be_left() {
    let home = Home::with_config(NOTHING_TO_ASK);
    let mut terminal = Terminal::start(&home, &[], WIDE);
    terminal.wait_for_text("Wire · 0");
    terminal.type_keys("\x1b[200~");
    for _ in 0..100 {
        terminal.type_keys(&"x".repeat(1_000));
    }
    terminal.type_keys("\x03");
    assert_eq!(terminal.wait_for_end().exit_code(), 0);
    terminal.assert_given_back();
}

#[test]
fn a_size_beyond_reason_is_drawn_in_part() {
    let home = Home::with_config(NOTHING_TO_ASK);
    let mut terminal = Terminal::start(&home, &[], WIDE);
    terminal.wait_for_text("Wire · 0");
    terminal.claim_size((u16::MAX, u16::MAX));
    // Its last row is the lowest that is drawn.
    terminal.wait_for("its lower end", |view| view.count("\x1b[400;1H") > 0);
    terminal.claim_size(WIDE);
    terminal.type_keys("q");
    assert_eq!(terminal.wait_for_end().exit_code(), 0);
    terminal.assert_given_back();
}

#[test]
fn a_terminal_that_cannot_place_text_is_told_so_in_a_sentence() {
    let home = Home::new();
    let mut terminal = Terminal::start_with(&home, &["demo"], WIDE, &[("TERM", "dumb")]);
    assert_eq!(terminal.wait_for_end().exit_code(), 2);
    terminal.look(|view| assert!(view.contains("TERM=dumb"), "{:#?}", view.rows));
    assert!(!terminal.bytes().contains(&b'\x1b'), "something was done to the terminal");
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

#[test]
fn what_the_terminal_answers_is_no_key_and_sets_the_theme() {
    let home = Home::with_config(NOTHING_TO_ASK);
    let mut terminal = Terminal::start(&home, &[], WIDE);
    terminal.wait_for_text("Wire · 0");
    let asked = |view: &View| view.count("\x1b]11;?");
    assert_eq!(terminal.look(asked), 1, "the background is asked for at the start");
    let accent = |view: &View| view.screen.cell(0, 2).map(vt100::Cell::fgcolor);
    let dark = terminal.look(accent);
    terminal.type_keys("\x1b]11;rgb:ffff/ffff/f0f0\x1b\\");
    terminal.wait_for("other colours", |view| accent(view) != dark);
    terminal.wait_for("no letter of it taken for a key", |view| view.status().contains("0 of 0 feeds fresh"));
    // A terminal that gets the focus may have changed with the time of day.
    terminal.type_keys("\x1b[I");
    terminal.wait_for("a second question", |view| asked(view) == 2);
    terminal.type_keys("\x1b]11;rgb:0000/0000/0000\x07");
    terminal.wait_for("the colours of before", |view| accent(view) == dark);
    terminal.type_keys("q");
    assert_eq!(terminal.wait_for_end().exit_code(), 0);
    terminal.assert_given_back();
}

#[test]
fn the_title_tells_the_largest_move_and_is_given_back() {
    let home = Home::new();
    let mut terminal = demo(&home);
    assert!(terminal.look(|view| view.count("\x1b[22;2t")) == 1, "the title before is put aside");
    terminal.wait_for("a title with a move", |view| view.count("% · newstape\x1b\\") > 0);
    terminal.type_keys("q");
    assert_eq!(terminal.wait_for_end().exit_code(), 0);
    assert!(terminal.look(|view| view.count("\x1b[23;2t")) == 1, "and taken back");
    terminal.assert_given_back();
}

#[test]
fn a_storm_of_sizes_ends_on_the_last_one_and_draws_less_often_than_it_blows() {
    let home = Home::with_config(NOTHING_TO_ASK);
    let mut terminal = Terminal::start(&home, &[], WIDE);
    terminal.wait_for_text("Wire · 0");
    let frames = |terminal: &Terminal| terminal.look(|view| view.count("\x1b[?2026h"));
    let before = frames(&terminal);
    for step in 0..60 {
        terminal.resize((60 + step, 20 + step / 4));
    }
    terminal.resize((100, 30));
    terminal.wait_for("the last size", |view| view.status().contains("help") && view.contains("Prices"));
    // Each begins with one, and none is without its end: nothing half drawn is ever seen.
    let ends = terminal.look(|view| view.count("\x1b[?2026l"));
    assert_eq!(frames(&terminal), ends);
    assert!(frames(&terminal) - before < 61, "{} frames for 61 sizes", frames(&terminal) - before);
    terminal.type_keys("q");
    assert_eq!(terminal.wait_for_end().exit_code(), 0);
}

#[test]
fn the_first_run_says_where_the_config_is_and_the_second_does_not() {
    let home = Home::with_config(NOTHING_TO_ASK);
    for (run, greets) in [("the first", true), ("the second", false)] {
        let mut terminal = Terminal::start(&home, &[], WIDE);
        terminal.wait_for("the status", |view| view.status().contains("0 of 0 feeds fresh"));
        terminal.look(|view| assert_eq!(view.status().contains("config.toml"), greets, "{run}: {}", view.status()));
        if greets {
            terminal.type_keys("\x1b");
            terminal.wait_for("no greeting", |view| !view.status().contains("config.toml"));
        }
        terminal.type_keys("q");
        assert_eq!(terminal.wait_for_end().exit_code(), 0);
    }
}

#[test]
fn an_arrangement_outlives_a_kill() {
    let home = Home::with_config(NOTHING_TO_ASK);
    let mut first = Terminal::start(&home, &[], WIDE);
    first.wait_for_text("Heat");
    first.type_keys(" h");
    first.wait_for("no heat", |view| !view.contains("Heat"));
    // Saved within a quarter of a second: the file tells when.
    let kept = || {
        let wal = std::fs::read(home.path().join("data/newstape/newstape.db-wal")).unwrap_or_default();
        wal.windows(6).any(|bytes| bytes == b"hidden")
    };
    look_until("the arrangement on disk", || kept().then_some(()));
    first.signal("KILL");
    assert!(!first.wait_for_end().success());
    let mut second = Terminal::start(&home, &[], WIDE);
    second.wait_for("the wire without the heat", |view| view.contains("Wire · 0") && view.contains("0 of 0 feeds"));
    second.look(|view| assert!(!view.contains("Heat"), "{:#?}", view.rows));
    second.type_keys("q");
    assert_eq!(second.wait_for_end().exit_code(), 0);
}

/// tmux between the program and the terminal, where it is installed.
#[test]
fn through_tmux() {
    let home = Home::new();
    let socket = home.path().join("tmux");
    let tmux = |arguments: &[&str]| {
        let mut command = std::process::Command::new("tmux");
        command
            .env_clear()
            .envs(home.environment())
            .env("TERM", "xterm-256color")
            .env("PATH", std::env::var("PATH").unwrap());
        command.arg("-S").arg(&socket).args(["-f", "/dev/null"]).args(arguments).output()
    };
    if tmux(&["-V"]).is_err() {
        eprintln!("SKIPPED: tmux is not installed");
        return;
    }
    let program = env!("CARGO_BIN_EXE_newstape");
    let started = tmux(&["new-session", "-d", "-x", "120", "-y", "40", program, "demo", "--speed", "300"]).unwrap();
    assert!(started.status.success(), "{}", String::from_utf8_lossy(&started.stderr));
    let screen = || String::from_utf8(tmux(&["capture-pane", "-p"]).unwrap().stdout).unwrap();
    let wait_for = |what: &str, wanted: &dyn Fn(&str) -> bool| {
        let started = tokio::time::Instant::now();
        while !wanted(&screen()) {
            assert!(started.elapsed() < support::LIMIT, "{what} did not come:\n{}", screen());
            std::thread::yield_now();
        }
    };
    wait_for("the wire with prices", &|shown| shown.contains("Wire · ") && shown.contains("BTC"));
    tmux(&["send-keys", "/", "bitcoin", "Enter"]).unwrap();
    wait_for("a filtered wire", &|shown| shown.contains("· bitcoin"));
    tmux(&["resize-window", "-x", "80", "-y", "24"]).unwrap();
    wait_for("a small screen", &|shown| shown.lines().count() <= 24 && shown.contains("· bitcoin"));
    let title = tmux(&["display-message", "-p", "#{pane_title}"]).unwrap();
    assert!(String::from_utf8_lossy(&title.stdout).contains("newstape"), "{title:?}");
    tmux(&["send-keys", "q"]).unwrap();
    let started = tokio::time::Instant::now();
    while tmux(&["has-session"]).unwrap().status.success() {
        assert!(started.elapsed() < support::LIMIT, "it did not end:\n{}", screen());
        std::thread::yield_now();
    }
}
