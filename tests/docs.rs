//! The README says what the program does: its tables are held against the keymap, the commands, the states of a price
//! and the price sources, and its examples are read by the code they are examples for.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::process::Command as Process;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use newstape::app::command::Command;
use newstape::app::keymap::Keymap;
use newstape::app::prompt::LINE_KEYS;
use newstape::config;
use newstape::domain::price::{Refusal, State};
use newstape::domain::query::Query;
use newstape::market::SOURCES;
use strum::IntoEnumIterator;

const README: &str = include_str!("../README.md");
/// The commands of `newstape feeds`.
const FEEDS: [&str; 7] = ["list", "add", "remove", "disable", "enable", "import", "export"];
/// Options of every command, which the README names once.
const EVERYWHERE: [&str; 4] = ["--config", "--data-dir", "--help", "--version"];

/// The lines between `<!-- name: … -->` and the next `<!-- end -->`, but for empty ones.
fn part(name: &str) -> Vec<&'static str> {
    let opening = format!("<!-- {name}:");
    let lines = README.lines().skip_while(|line| !line.starts_with(&opening)).skip(1);
    lines.take_while(|line| *line != "<!-- end -->").filter(|line| !line.is_empty()).collect()
}

/// The code blocks of a language.
fn blocks(language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = README.lines();
    while let Some(line) = lines.next() {
        if line == format!("```{language}") {
            blocks.push(lines.by_ref().take_while(|line| *line != "```").collect::<Vec<_>>().join("\n"));
        }
    }
    blocks
}

/// The code in the first cell of each row of the table under a heading.
fn first_cells(heading: &str) -> Vec<&'static str> {
    let section = README.split(&format!("\n## {heading}\n")).nth(1).unwrap().split("\n## ").next().unwrap();
    section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |").map(|(cell, _)| cell)).collect()
}

fn help(arguments: &[&str]) -> String {
    let output = Process::new(env!("CARGO_BIN_EXE_newstape")).args(arguments).arg("--help").output().unwrap();
    assert!(output.status.success(), "newstape {arguments:?} --help");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_table_of_keys_is_the_shipped_keymap() {
    let (keymap, _) = Keymap::new(&config::shipped().keys, &config::shipped_keys());
    let keys = |command| {
        let keys: Vec<String> = keymap.keys(command).map(|key| format!("`{key}`")).collect();
        keys.join(" ")
    };
    let mut expected = vec!["| key | what it does |".to_owned(), "|---|---|".to_owned()];
    for command in Command::iter() {
        match command.digit() {
            Some('1') => {
                let all = format!("{} to {}", keys(Command::Topic1), keys(Command::Topic9));
                expected.push(format!("| {all} | {} |", command.help()));
            }
            Some('2'..='9') => {}
            _ => expected.push(format!("| {} | {} |", keys(command), command.help())),
        }
    }
    assert_eq!(part("keys"), expected, "\n\nthe README must have this table:\n{}\n", expected.join("\n"));
}

#[test]
fn the_keys_of_the_query_line_are_those_of_the_help() {
    let mut expected = vec!["| key | what it does there |".to_owned(), "|---|---|".to_owned()];
    for (keys, help) in LINE_KEYS {
        let keys: Vec<String> = keys.split(' ').map(|key| format!("`{key}`")).collect();
        expected.push(format!("| {} | {help} |", keys.join(" ")));
    }
    assert_eq!(part("line-keys"), expected, "\n\nthe README must have this table:\n{}\n", expected.join("\n"));
}

#[test]
fn the_commands_are_those_of_the_program() {
    let help = help(&[]);
    let listed = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let commands: BTreeSet<&str> = listed
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    let shown: BTreeSet<&str> = part("commands")
        .iter()
        .filter_map(|line| line.strip_prefix("newstape ")?.split(' ').next())
        .filter(|name| !name.is_empty() && !name.starts_with('-'))
        .collect();
    assert_eq!(shown, commands);
}

/// `--words` of a text.
fn options(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    words.filter(|word| word.len() > 2 && word.starts_with("--")).map(str::to_owned).collect()
}

#[test]
fn the_options_of_commands_are_those_of_the_program() {
    let shown = |name: &str| {
        let lines = part("commands").into_iter().filter(|line| line.starts_with(&format!("newstape {name} ")));
        lines.flat_map(options).collect::<BTreeSet<String>>()
    };
    let lines = part("commands");
    let names: BTreeSet<&str> =
        lines.iter().filter_map(|line| line.strip_prefix("newstape ")?.split(' ').next()).collect();
    for name in names.into_iter().filter(|name| !name.is_empty() && !name.starts_with('-')) {
        let help = if name == "feeds" { FEEDS.map(|word| help(&["feeds", word])).concat() } else { help(&[name]) };
        let defined = help.lines().map(str::trim_start).filter(|line| line.starts_with('-'));
        let mut known: BTreeSet<String> =
            defined.flat_map(|line| options(line.split("  ").next().unwrap_or(line))).collect();
        known.retain(|option| !EVERYWHERE.contains(&option.as_str()));
        assert_eq!(shown(name), known, "newstape {name}");
    }
    let feeds = help(&["feeds"]);
    assert!(FEEDS.iter().all(|word| feeds.contains(&format!("\n  {word} "))), "{feeds}");
    let config = help(&["config"]);
    assert!(["init", "print", "path"].iter().all(|word| config.contains(&format!("\n  {word} "))), "{config}");
}

#[test]
fn the_states_of_a_price_are_those_of_the_program() {
    let zone = TimeZone::get("America/New_York").unwrap();
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let minutes = Duration::from_mins;
    let states = [
        State::Live { source: "coinbase".into() },
        State::Poll { every: minutes(1), source: "yahoo".into() },
        State::Delayed { by: minutes(15), source: "cboe".into() },
        State::Closed { at: at("2026-11-20T21:00:00Z"), resumes: None },
        State::Closed { at: at("2026-11-23T21:00:00Z"), resumes: Some(at("2026-11-24T02:00:00Z")) },
        State::Stale { age: Some(minutes(4)) },
        State::Cached { age: Some(minutes(120)) },
        State::Blocked {
            until: at("2026-11-23T19:32:00Z"),
            refusal: Refusal::by_status("yahoo", 429),
            age: Some(minutes(2)),
        },
        State::Replay { bars: minutes(5) },
        State::Waiting { source: Some("cnbc".into()) },
        State::NoAnswer { source: "yahoo".into() },
        State::NoData,
    ];
    let now = at("2026-11-23T19:00:00Z");
    let expected: Vec<String> = states.iter().map(|state| state.words(&zone, now)).collect();
    assert_eq!(first_cells("How far a price can be trusted"), expected);
    let dimmed: Vec<String> = states
        .iter()
        .filter(|state| !state.is_current())
        .map(|state| format!("`{}`", state.word().to_uppercase()))
        .collect();
    let (last, others) = dimmed.split_last().unwrap();
    let sentence = format!("{} and {last} are dimmed", others.join(", "));
    assert!(README.contains(&sentence), "the README must say: {sentence}");
}

#[test]
fn every_price_source_is_named_with_its_rank() {
    for source in SOURCES {
        let row = README.lines().find(|line| line.starts_with(&format!("| {} (`{}`) |", source.title, source.id)));
        let row = row.unwrap_or_else(|| panic!("the README has no row for {} (`{}`)", source.title, source.id));
        let rank = if source.official { "official" } else { "**unofficial**" };
        assert!(row.contains(rank), "{}: {rank}", source.id);
        // `newstape check` says the same in the words of the table of sources.
        assert!(source.terms.starts_with(rank.trim_matches('*')), "{}: {}", source.id, source.terms);
        if let Some(delay) = source.delay {
            let words = format!("{} minutes delayed", delay.as_secs() / 60);
            assert!(row.contains(&words) && source.terms.contains(&words), "{}: {words}", source.id);
        }
        if !source.official {
            let words = "for personal use, not to be passed on";
            assert!(row.contains(words) && source.terms.contains(words), "{}: {words}", source.id);
        }
    }
    let section = README.split("\n## Sources").nth(1).unwrap().split("\n## ").next().unwrap();
    for name in config::shipped().sources.keys() {
        assert!(section.contains(&format!("`{name}`")), "the README does not name the source {name}");
    }
}

#[test]
fn every_category_of_feeds_is_named() {
    let feeds = config::shipped().feeds;
    for feed in &feeds {
        assert!(README.contains(&format!("- **{}**: ", feed.category)), "the README has no line on {}", feed.category);
    }
    let on: Vec<_> = feeds.iter().filter(|feed| feed.enabled).collect();
    let french = on.iter().filter(|feed| feed.lang.as_deref() == Some("fr")).count();
    assert_eq!((on.len(), french, feeds.len() - on.len()), (27, 5, 3), "the README counts the feeds");
}

#[test]
fn the_example_config_is_right() {
    let examples = blocks("toml");
    assert!(!examples.is_empty());
    for example in examples {
        let config = config::load(Some(("README.md", &example))).unwrap();
        assert_eq!(config.warnings, [""; 0]);
        assert_eq!(Keymap::new(&config.keys, &config::shipped_keys()).1, []);
        for view in &config.views {
            assert!(Query::parse(&view.query).is_ok(), "{}", view.query);
        }
        let (_, mistakes) = newstape::domain::topic::Topics::compile(&config.topics, &config.terms);
        assert_eq!(mistakes, []);
    }
}

#[test]
fn the_example_queries_are_right() {
    let queries = first_cells("Queries");
    assert!(queries.len() > 10);
    for query in queries {
        assert!(Query::parse(query).is_ok(), "{query}: {:?}", Query::parse(query));
    }
}

#[test]
fn links_to_files_lead_somewhere() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for document in ["README.md", "DESIGN.md", "CONTRIBUTING.md", "CHANGELOG.md"] {
        let text = std::fs::read_to_string(root.join(document)).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if !target.contains("://") && !target.starts_with('#') {
                assert!(root.join(target).exists(), "{document}: {target}");
            }
        }
    }
}
