//! Commands whose reader has gone, and files that are none: quiet, and never waited for.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod support;

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};

use support::{Home, LIMIT};

const CONFIG: &str =
    "[shipped]\nfeeds = false\nsymbols = false\n[[feed]]\nname = 'A'\nurl = 'https://a.example/feed'\n";

fn newstape(home: &Home, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_newstape"));
    command.env_clear().envs(home.environment()).args(arguments).stderr(Stdio::piped());
    command
}

/// Waits for the end, and not for ever.
#[track_caller]
fn end(mut child: Child, what: &str) -> (Option<i32>, String) {
    for _ in 0..LIMIT.as_millis() / 10 {
        if let Some(status) = child.try_wait().unwrap() {
            let mut said = String::new();
            child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
            return (status.code(), said);
        }
        std::thread::park_timeout(std::time::Duration::from_millis(10));
    }
    child.kill().unwrap();
    panic!("{what} did not end");
}

/// Every command that prints, whose reader is gone before the first line.
#[test]
fn a_closed_pipe_is_quiet_in_every_command() {
    let home = Home::with_config(CONFIG);
    let feed = home.path().join("feed.xml");
    let item = "<item><title>Nvidia tries</title><link>https://a.example/1</link></item>";
    std::fs::write(&feed, format!("<rss version='2.0'><channel><title>A</title>{item}</channel></rss>")).unwrap();
    let day = home.path().join("day");
    std::fs::create_dir(&day).unwrap();
    let line = r#"{"id":"1","title":"Nvidia tries","outlet":"A","first_seen_utc":"2026-11-23T15:00:00Z"}"#;
    std::fs::write(day.join("headlines.jsonl"), format!("{line}\n")).unwrap();
    // A store to ask.
    let mut made = support::Terminal::start(&home, &[], (100, 30));
    made.wait_for_text("Wire · 0");
    made.type_keys("q");
    made.wait_for_end();
    let (feed, day) = (feed.to_str().unwrap(), day.to_str().unwrap());
    let cases: [&[&str]; 22] = [
        &["--help"],
        &["--version"],
        &["stories", "--help"],
        &["stories"],
        &["stories", "--json"],
        &["stories", "--csv"],
        &["read", feed],
        &["read", feed, "--json"],
        &["tag", "Nvidia tries"],
        &["tag", "--json"],
        &["group"],
        &["replay", day, "--json"],
        &["feeds", "list"],
        &["feeds", "list", "--json"],
        &["feeds", "export"],
        &["feeds", "export", "--all"],
        &["config", "print"],
        &["config", "path"],
        &["check", "--offline"],
        &["check", "--offline", "--json"],
        &["prices"],
        &["prices", "--json"],
    ];
    for arguments in cases {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut child = newstape(&home, arguments).stdin(Stdio::piped()).stdout(writer).spawn().unwrap();
        let _ = child.stdin.take().unwrap().write_all(b"{\"id\":\"1\",\"title\":\"Nvidia tries\"}\n");
        let (status, said) = end(child, &arguments.join(" "));
        assert!(!said.contains("os error") && !said.contains("panicked"), "{arguments:?}: {said}");
        // Without a watchlist there is no price to be had, and nothing to print.
        if arguments[0] != "prices" {
            assert_eq!((status, said.as_str()), (Some(0), ""), "{arguments:?}");
        }
    }
}

#[test]
fn a_sentence_that_nobody_can_read_is_no_panic() {
    let home = Home::new();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = newstape(&home, &["stories", "("]);
    let child = command.stderr(writer).stdout(Stdio::null()).spawn().unwrap().wait().unwrap();
    assert_eq!(child.code(), Some(2));
}

#[test]
fn what_is_no_file_is_never_waited_for() {
    let home = Home::new();
    let pipe = home.path().join("config.toml");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let pipe = pipe.to_str().unwrap();
    for (arguments, status, said) in [
        (["--config", pipe, "config", "print"], 2, "no regular file"),
        (["--config", "/dev/zero", "config", "print"], 2, "too large"),
        (["--config", "/dev/null", "read", "/dev/zero"], 1, "too large"),
        (["--config", "/dev/null", "config", "print"], 0, ""),
    ] {
        let child = newstape(&home, &arguments).stdout(Stdio::null()).spawn().unwrap();
        let (ended, told) = end(child, &arguments.join(" "));
        assert_eq!(ended, Some(status), "{arguments:?}: {told}");
        assert!(told.contains(said), "{arguments:?}: {told}");
    }
}

/// What would run in place of a config that was named is not what was asked for.
#[test]
fn a_named_config_that_is_not_there_is_an_error() {
    let home = Home::new();
    for command in ["prices", "stories", "check", "tail", "demo"] {
        let child = newstape(&home, &["--config", "no-such.toml", command]).stdout(Stdio::null()).spawn().unwrap();
        let (ended, told) = end(child, command);
        assert_eq!(ended, Some(1), "{command}: {told}");
        assert!(told.contains("no-such.toml: there is no such file"), "{command}: {told}");
    }
}

/// The answer of such a query is empty, which looks like an answer.
#[test]
fn a_name_that_nothing_has_is_said_beside_the_answer() {
    let home = Home::new();
    let config = home.path().join("c.toml");
    std::fs::write(&config, "[store]\nkeep = 90\n").unwrap();
    let config = config.to_str().unwrap();
    for (query, sentence) in [
        ("topic:nvidai", "query, at character 7: no topic is called 'nvidai'; did you mean 'nvidia'?"),
        ("move:XXX>1%", "query, at character 6: 'XXX' is not on the watchlist"),
    ] {
        let child = newstape(&home, &["--config", config, "stories", query]).stdout(Stdio::null()).spawn().unwrap();
        let (ended, told) = end(child, query);
        assert_ne!(ended, Some(2), "{query}: a wrong type in the config does not stop a command: {told}");
        assert!(told.contains(sentence), "{query}: {told}");
    }
}

/// A config file that blocks comes while the screen runs.
#[test]
fn a_config_that_becomes_a_pipe_freezes_nothing() {
    let home = Home::with_config(CONFIG.split_once("[[feed]]").unwrap().0);
    let mut terminal = support::Terminal::start(&home, &[], (160, 45));
    terminal.wait_for_text("Wire · 0");
    std::fs::remove_file(home.config()).unwrap();
    assert!(Command::new("mkfifo").arg(home.config()).status().unwrap().success());
    terminal.wait_for("what is wrong with it", |view| view.status().contains("no regular file"));
    terminal.type_keys("?");
    terminal.wait_for_text("Esc closes");
    terminal.signal("TERM");
    assert_eq!(terminal.wait_for_end().exit_code(), 0);
    terminal.assert_given_back();
}

/// Names, arguments and a config that hold what steers a terminal, through every command that may repeat them.
#[test]
fn nothing_printed_steers_a_terminal() {
    let nasty = "x\\u001b]0;p\\u0007\\u009b31m\\u202Ey\\u200Bz";
    let topic = "[[topic]]\nname = 't'\ntitle = 'T'\nany = ['nvidia']\nmatches = [\"no \\u202E match\"]\n";
    let home = Home::with_config(&format!(
        "[shipped]\nfeeds = false\nsymbols = false\ntopics = false\n{topic}[[feed]]\nname = \"A\\u202EB\\u200BC\"\n\
         url = 'https://a.example/feed'\ncategory = \"D\\u202EE\"\nuser-agent = \"{nasty}\"\n"
    ));
    // A store to ask.
    let mut made = support::Terminal::start(&home, &[], (100, 30));
    made.wait_for_text("Wire · 0");
    made.type_keys("q");
    made.wait_for_end();
    let raw = "x\u{1b}]0;p\u{7}\u{9b}31m\u{202e}y\u{200b}z";
    let long = format!("({}", "q".repeat(16_384));
    let option = format!("--{raw}");
    let cases: [&[&str]; 22] = [
        &["check", "--offline"],
        &["check", "--offline", "--json"],
        &["config", "print"],
        &["feeds", "list"],
        &["feeds", "list", "--json"],
        &["feeds", "export"],
        &["feeds", "add", raw],
        &["feeds", "add", "--unchecked", "--name", raw, "https://b.example/feed"],
        &["feeds", "add", "--interval", raw, "https://b.example/feed"],
        &["feeds", "add", "https://a.example/feed"],
        &["feeds", "disable", raw],
        &["feeds", "remove", "a\u{202e}b\u{200b}c"],
        &["feeds", "import", raw],
        &["read", raw],
        &["replay", raw],
        &["prices", raw],
        &["stories", &option],
        &["stories", "--limit", raw],
        &["stories", &format!("{raw} (")],
        &["stories", &long],
        &["tail", &long],
        &[raw],
    ];
    for arguments in cases {
        let output = newstape(&home, arguments).output().unwrap();
        for (name, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
            let text = String::from_utf8(bytes.clone()).unwrap();
            let steers = |c: &char| *c != '\n' && (c.is_control() || matches!(*c, '\u{200b}' | '\u{202e}'));
            assert_eq!(text.chars().find(steers), None, "{arguments:?} on {name}: {text:?}");
        }
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(errors.len() < 2_000, "{:?}… says {} bytes", arguments.first(), errors.len());
        assert!(errors.is_empty() || errors.starts_with("newstape: "), "{arguments:?}: {errors}");
    }
}
