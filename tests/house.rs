//! The rules of the house, held against its own files: who may import whom, how long things may be, and that whatever
//! is one entry of a table has everything that belongs to it. A failure names the place, one line each.
#![allow(clippy::unwrap_used)]

#[path = "support/modules.rs"]
mod modules;
#[path = "support/source.rs"]
mod source;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command as Process;

use newstape::app::command::Command;
use newstape::app::keymap::Keymap;
use newstape::config::{self, shipped};
use newstape::market::SOURCES;
use source::{Source, Token, behind_brace, sources, tokens};
use strum::IntoEnumIterator;

/// The floors in the order of `lib.rs`, each with those that it may import.
const FLOORS: [(&str, &[&str]); 11] = [
    ("domain", &[]),
    ("config", &["domain"]),
    ("event", &["config", "domain"]),
    ("http", &["config", "domain"]),
    ("app", &["event", "config", "domain"]),
    ("screen", &["app", "event", "config", "domain"]),
    ("news", &["event", "http", "config", "domain"]),
    ("market", &["event", "http", "config", "domain"]),
    ("store", &["event", "http", "config", "domain"]),
    ("shell", &["app", "screen", "news", "market", "store", "event", "http", "config", "domain"]),
    ("commands", &["shell", "app", "screen", "news", "market", "store", "event", "http", "config", "domain"]),
];
/// `main.rs` knows the commands and nothing else.
const MAIN: &[&str] = &["commands"];

/// Lines of a file before its tests.
const FILE_MAX: usize = 600;
/// Lines of a function …
const FUNCTION_MAX: usize = 60;
/// … but for one with this in a comment above it.
const TABLE_MARK: &str = "(a table)";
/// Lines of the function in the middle, by length.
const MEDIAN_MAX: usize = 8;

/// Commands that are given by the program alone: no key, on purpose.
const KEYLESS: [Command; 0] = [];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Fails with every complaint on a line of its own.
#[track_caller]
fn hold(rule: &str, complaints: Vec<String>) {
    assert!(complaints.is_empty(), "{rule}\n  {}", complaints.join("\n  "));
}

// --- imports ---

/// `news` for `src/news/poll.rs` and `src/news.rs`; `main` and `lib` for themselves.
fn floor(path: &str) -> &str {
    let inner = path.strip_prefix("src/").unwrap_or(path);
    inner.split('/').next().unwrap_or(inner).trim_end_matches(".rs")
}

/// How many modules lie between a file and the root: 2 for `src/news/poll.rs`.
fn depth(path: &str) -> usize {
    let inner = path.strip_prefix("src/").unwrap_or(path);
    let is_root = matches!(inner, "lib.rs" | "main.rs");
    let names = inner.split('/').count();
    if is_root || inner.ends_with("/mod.rs") { names - 1 } else { names }
}

/// The floors that a file names, each with its line: in `crate::a::b`, `crate::{a, b::c}`, and in a chain of `super`
/// that reaches the root.
fn imports(source: &Source) -> Vec<(&str, usize)> {
    let tokens = tokens(&source.bare);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let mut end = at + 1;
        let reaches_root = match tokens[at].text {
            "crate" | "newstape" => true,
            "super" => {
                let mut supers = 1;
                while is_path(&tokens, end) && tokens.get(end + 2).is_some_and(|token| token.text == "super") {
                    supers += 1;
                    end += 3;
                }
                supers == depth(&source.path)
            }
            _ => false,
        };
        if reaches_root && is_path(&tokens, end) {
            found.extend(heads(&tokens, end + 2));
        }
        at = end;
    }
    found
}

fn is_path(tokens: &[Token], at: usize) -> bool {
    tokens.get(at..at + 2).is_some_and(|signs| signs.iter().all(|sign| sign.text == ":"))
}

/// The first names of a path: one, or those of a group in braces.
fn heads<'a>(tokens: &[Token<'a>], at: usize) -> Vec<(&'a str, usize)> {
    let Some(first) = tokens.get(at) else { return Vec::new() };
    if first.text != "{" {
        return vec![(first.text, first.line)];
    }
    let (mut depth, mut heads) = (0, Vec::new());
    for (before, token) in (at..behind_brace(tokens, at)).map(|at| (tokens[at - 1].text, &tokens[at])) {
        if depth == 1 && matches!(before, "{" | ",") && token.text != "}" {
            heads.push((token.text, token.line));
        }
        match token.text {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
    }
    heads
}

#[test]
fn imports_go_only_downwards() {
    let names: BTreeSet<&str> = FLOORS.iter().map(|(name, _)| *name).collect();
    let mut complaints = Vec::new();
    for source in sources(root()).iter().filter(|source| !source.is_test) {
        let own = floor(&source.path);
        let allowed = match own {
            "main" => MAIN,
            "lib" => &[],
            _ => match FLOORS.iter().find(|(name, _)| *name == own) {
                Some((_, allowed)) => allowed,
                None => {
                    complaints.push(format!("{}: '{own}' is no floor of the table", source.path));
                    continue;
                }
            },
        };
        for (other, line) in imports(source) {
            if names.contains(other) && other != own && !allowed.contains(&other) {
                complaints.push(format!("{}:{line}: {own} may not import {other}", source.path));
            }
        }
    }
    hold("a floor imports only from those the table in tests/house.rs allows", complaints);
}

#[test]
fn no_modules_import_each_other_in_a_circle() {
    let circles = modules::circles(&sources(root())).into_iter();
    let complaints = circles
        .map(|circle| format!("{}: {} import each other: {}", circle.parent, circle.members.join(", "), circle.places));
    hold("files and folders beside each other import in one direction only", complaints.collect());
}

#[test]
fn circles_are_found_wherever_they_are_named() {
    let source = |(path, text): (&str, &str)| Source {
        path: format!("src/{path}"),
        text: text.into(),
        bare: text.into(),
        is_test: false,
    };
    let found = |files: &[(&str, &str)]| {
        let sources: Vec<Source> = files.iter().copied().map(source).collect();
        let circles = modules::circles(&sources).into_iter();
        circles.map(|circle| format!("{}: {}", circle.parent, circle.members.join(" "))).collect::<Vec<String>>()
    };
    let parent = ("a/mod.rs", "mod b; mod c; mod d; pub use b::B;");
    let cases = [
        (vec![("a/b.rs", "use super::c::C;"), ("a/c.rs", "use crate::a::{b::B, d};"), ("a/d.rs", "")], vec!["a: b c"]),
        (
            vec![
                ("a/b.rs", "use super::c;"),
                ("a/c/e.rs", "fn f() { super::super::d::g() }"),
                ("a/c.rs", "mod e;"),
                ("a/d.rs", "use super::{x, b::{self, B}};"),
            ],
            vec!["a: b c d"],
        ),
        (vec![("a/b.rs", "use super::c::C;"), ("a/c.rs", "use super::B;"), ("a/d.rs", "use super::*;")], vec![]),
        (vec![("a/b.rs", "mod e; use e::E;"), ("a/b/e.rs", "use super::B;"), ("a/c.rs", ""), ("a/d.rs", "")], vec![]),
    ];
    for (mut files, expected) in cases {
        files.push(parent);
        assert_eq!(found(&files), expected, "{files:?}");
    }
}

#[test]
fn the_table_of_floors_is_that_of_lib_rs() {
    let lib = read("src/lib.rs");
    let shown: Vec<&str> =
        lib.lines().filter_map(|line| line.strip_prefix("//! | [`")?.split_once('`')).map(|(name, _)| name).collect();
    let modules: BTreeSet<&str> =
        lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    let floors: Vec<&str> = FLOORS.iter().map(|(name, _)| *name).collect();
    assert_eq!(shown, floors, "the table in the docs of src/lib.rs and that of tests/house.rs differ");
    assert_eq!(modules, floors.into_iter().collect(), "the modules of src/lib.rs and the table of floors differ");
}

#[test]
fn the_import_reader_sees_every_way_of_importing() {
    let source =
        |path: &str, text: &str| Source { path: path.into(), text: text.into(), bare: text.into(), is_test: false };
    let cases = [
        ("src/app/wire.rs", "use crate::domain::Name;", vec!["domain"]),
        ("src/shell/live.rs", "use crate::{market, news::{poll, board}, screen};", vec!["market", "news", "screen"]),
        ("src/app/wire.rs", "let x = super::super::store::open();", vec!["store"]),
        ("src/app/mod.rs", "use super::{news, market};", vec!["news", "market"]),
        ("src/app/wire.rs", "use super::prompt::Prompt;", vec![]),
        ("src/event.rs", "use super::app::App;", vec!["app"]),
        ("src/main.rs", "newstape::commands::run()", vec!["commands"]),
    ];
    for (path, text, expected) in cases {
        let found: Vec<String> = imports(&source(path, text)).iter().map(|(name, _)| name.to_string()).collect();
        assert_eq!(found, expected, "{path}: {text}");
    }
}

// --- lengths ---

/// Every function with a body: name, first and last line.
fn functions<'a>(tokens: &[Token<'a>]) -> Vec<(&'a str, usize, usize)> {
    let mut found = Vec::new();
    for (at, pair) in tokens.windows(2).enumerate().filter(|(_, pair)| pair[0].text == "fn") {
        let mut nested = 0;
        let body = tokens[at..].iter().position(|token| {
            match token.text {
                "(" | "[" => nested += 1,
                ")" | "]" => nested -= 1,
                _ => {}
            }
            nested == 0 && matches!(token.text, "{" | ";")
        });
        // `fn(…)` is a type, and a function without a body is a promise.
        let is_named = pair[1].text.starts_with(|letter: char| letter.is_alphabetic() || letter == '_');
        let Some(open) = body.map(|body| at + body).filter(|open| is_named && tokens[*open].text == "{") else {
            continue;
        };
        let last = tokens[behind_brace(tokens, open) - 1].line;
        found.push((pair[1].text, pair[0].line, last));
    }
    found
}

/// Do the comments and attributes above a line hold the mark of a table?
fn is_table(text: &str, line: usize) -> bool {
    let lines: Vec<&str> = text.lines().take(line - 1).collect();
    let above = lines.iter().rev().map(|line| line.trim()).take_while(|line| line.starts_with(['/', '#']));
    above.into_iter().any(|line| line.contains(TABLE_MARK))
}

#[test]
fn no_function_is_too_long() {
    let mut complaints = Vec::new();
    for source in sources(root()).iter().filter(|source| !source.is_test) {
        for (name, first, last) in functions(&tokens(&source.bare)) {
            let lines = last + 1 - first;
            if lines > FUNCTION_MAX && !is_table(&source.text, first) {
                complaints.push(format!("{}:{first}: fn {name} has {lines} lines", source.path));
            }
        }
    }
    hold("a function has at most 60 lines; a comment above one that is \"(a table)\" lets it be longer", complaints);
}

/// Prints the figures that `DESIGN.md` gives.
#[test]
#[expect(clippy::print_stdout, reason = "whoever asks for the figures reads them here")]
fn the_median_function_is_short() {
    let sources: Vec<Source> = sources(root()).into_iter().filter(|source| !source.is_test).collect();
    let lengths = |source: &Source| -> Vec<usize> {
        functions(&tokens(&source.bare)).into_iter().map(|(_, first, last)| last + 1 - first).collect()
    };
    let mut functions: Vec<usize> = sources.iter().flat_map(lengths).collect();
    functions.sort_unstable();
    let before_tests = |source: &Source| source.text.lines().take_while(|line| *line != "#[cfg(test)]").count();
    let mut files: Vec<usize> = sources.iter().map(before_tests).collect();
    files.sort_unstable();
    let at = |sorted: &[usize], percent: usize| sorted[(sorted.len() - 1) * percent / 100];
    for (what, sorted) in [("functions", &functions), ("files", &files)] {
        let [median, p99, most] = [50, 99, 100].map(|percent| at(sorted, percent));
        println!("{} {what}: median {median} lines, 99th percentile {p99}, longest {most}", sorted.len());
    }
    assert!(at(&functions, 50) <= MEDIAN_MAX, "the median function has {} lines", at(&functions, 50));
}

#[test]
fn no_file_is_too_long_before_its_tests() {
    let mut complaints = Vec::new();
    for source in sources(root()).iter().filter(|source| !source.is_test) {
        let lines = source.text.lines().take_while(|line| *line != "#[cfg(test)]").count();
        if lines >= FILE_MAX {
            complaints.push(format!("{}: {lines} lines before its tests", source.path));
        }
    }
    hold("a file has fewer than 600 lines before its tests", complaints);
}

#[test]
fn the_function_reader_counts_lines() {
    let text = "fn a() {\n    let x = || { 1 };\n}\npub fn b<T>(f: fn(T) -> [u8; 2]) -> T\nwhere\n    T: Copy,\n{\n}\n\
                trait C { fn c(&self); }\n";
    let found = functions(&tokens(text));
    assert_eq!(found, [("a", 1, 3), ("b", 4, 8)]);
}

// --- tables and what belongs to their entries ---

#[test]
fn commands_print_through_one_door() {
    let mut complaints = Vec::new();
    for source in sources(root()).iter().filter(|source| source.path.starts_with("src/commands/")) {
        let is_door = source.path == "src/commands/out.rs";
        for stream in ["stdout()", "stderr()", "println!", "eprint"].iter().filter(|_| !is_door) {
            if source.bare.contains(stream) {
                complaints.push(format!("{}: {stream}", source.path));
            }
        }
    }
    hold("commands print through src/commands/out.rs, which lets nothing through that steers a terminal", complaints);
}

#[test]
fn every_command_has_help_and_a_key() {
    let (keymap, mistakes) = Keymap::new(&shipped().keys, &shipped().keys);
    let mut complaints: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    for command in Command::iter() {
        if command.help().is_empty() {
            complaints.push(format!("src/app/command.rs: {} has no help", command.name()));
        }
        match (keymap.keys(command).next(), KEYLESS.contains(&command)) {
            (None, false) => complaints.push(format!("config/keys.toml: {} has no key", command.name())),
            (Some(key), true) => {
                complaints.push(format!("tests/house.rs: {} is no longer keyless ({key})", command.name()));
            }
            _ => {}
        }
    }
    hold("every command has its help, and a key in config/keys.toml that is its alone", complaints);
}

/// Has a source answers in its documented format, written by hand?
fn has_fixtures(id: &str) -> bool {
    let own = root().join("tests/fixtures/market").join(id);
    own.read_dir().is_ok_and(|mut files| files.next().is_some())
}

#[test]
fn every_price_source_has_its_settings_and_fixtures() {
    let settings = read("config/newstape.toml");
    let mut complaints = Vec::new();
    for source in SOURCES {
        if !settings.lines().any(|line| line == format!("[source.{}]", source.id)) {
            complaints.push(format!("config/newstape.toml: no [source.{}]", source.id));
        }
        if !has_fixtures(source.id) {
            complaints.push(format!("tests/fixtures/market/{}: no answer of it", source.id));
        }
    }
    hold("every source of market::SOURCES can be configured and is tested against answers", complaints);
}

#[test]
fn every_theme_has_its_file() {
    let files: BTreeSet<String> = std::fs::read_dir(root().join("config/themes"))
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    let known: BTreeSet<String> = config::shipped().themes.keys().map(ToString::to_string).collect();
    assert_eq!(known, files, "the themes that are read and the files of config/themes differ");
}

#[test]
fn every_dependency_has_its_reason() {
    let manifest = read("Cargo.toml");
    let mut section = "";
    let mut complaints = Vec::new();
    for (at, line) in manifest.lines().enumerate() {
        if line.starts_with('[') {
            section = line;
        }
        let is_entry = section.contains("dependencies") && line.starts_with(|letter: char| letter.is_alphanumeric());
        if is_entry && line.split_once(" # ").is_none_or(|(_, reason)| reason.trim().len() < 5) {
            complaints.push(format!("Cargo.toml:{}: {} has no reason", at + 1, line.split(' ').next().unwrap_or(line)));
        }
    }
    hold("every dependency says in a comment beside it why it is there", complaints);
}

// --- the whole repository ---

/// The files of the repository: those that git lists; where there is no git, all but what was built.
fn files() -> Vec<String> {
    let listed = Process::new("git").args(["ls-files", "-z"]).current_dir(root()).output();
    match listed.ok().filter(|listed| listed.status.success()) {
        Some(listed) => String::from_utf8(listed.stdout).unwrap().split_terminator('\0').map(str::to_owned).collect(),
        None => {
            let mut found = Vec::new();
            walk(root(), &mut found);
            found
        }
    }
}

fn walk(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        let is_built = matches!(entry.file_name().to_str(), Some("target" | ".git"));
        match entry.file_type().unwrap().is_dir() {
            true if !is_built => walk(&path, found),
            true => {}
            false => found.push(path.strip_prefix(root()).unwrap().to_string_lossy().into_owned()),
        }
    }
}

#[test]
fn no_file_names_the_machine_it_was_made_on() {
    // Put together here, so that this file does not name them.
    let paths = ["work", "tmp"].map(|folder| format!("/{folder}/"));
    let mut complaints = Vec::new();
    for name in files() {
        // What is no text, or was deleted and is not yet committed, names nothing.
        let Ok(text) = std::fs::read_to_string(root().join(&name)) else { continue };
        for (at, line) in text.lines().enumerate() {
            if let Some(path) = paths.iter().find(|path| line.contains(*path)) {
                complaints.push(format!("{name}:{}: {path}", at + 1));
            }
        }
    }
    hold("no file mentions a folder of one machine", complaints);
}
