//! Every config file in `good/` loads without a warning, every one in `bad/` gives its message. A snapshot holds what a
//! file changes: the lines of `config print` that the shipped ones lack, each below its heading.
#![allow(clippy::unwrap_used)]

#[path = "support/recordings.rs"]
mod recordings;

use std::collections::BTreeSet;
use std::path::Path;

use newstape::config::{Config, load, shipped};

/// The tables of a printed configuration, each a heading with its lines.
fn tables(printed: &str) -> Vec<&str> {
    printed.split("\n\n").map(str::trim).collect()
}

/// What the printed configuration has and the shipped one lacks, and the headings of what it lacks.
fn difference(config: &Config) -> String {
    let (shipped, printed) = (shipped().print(), config.print());
    let (before, after) = (tables(&shipped), tables(&printed));
    let mut text = String::new();
    for table in after.iter().filter(|table| !before.contains(table)) {
        // An entry or section that was there before is known by its head and first line; only its new lines count.
        let old: BTreeSet<&str> =
            before.iter().filter(|old| head(old) == head(table)).flat_map(|old| old.lines()).collect();
        let lines = table.lines().enumerate();
        let kept = lines.filter(|(at, line)| *at < head_lines(table) || !old.contains(line));
        kept.for_each(|(_, line)| text.push_str(&format!("{line}\n")));
        old.iter()
            .filter(|line| !table.lines().any(|new| new == **line))
            .for_each(|line| text.push_str(&format!("- {line}\n")));
        text.push('\n');
    }
    for kind in ["[[feed]]", "[[symbol]]", "[[topic]]", "[[view]]"] {
        let count = |tables: &[&str]| tables.iter().filter(|table| table.starts_with(kind)).count();
        if count(&before) > 0 && !after.iter().any(|table| before.contains(table) && table.starts_with(kind)) {
            text.push_str(&format!("no shipped {kind}\n"));
        }
    }
    text
}

/// A list's entry is known by its heading and name, a section by its heading.
fn head_lines(table: &str) -> usize {
    if table.starts_with("[[") { 2 } else { 1 }
}

fn head(table: &str) -> Vec<&str> {
    table.lines().take(head_lines(table)).collect()
}

fn outcome(text: &str) -> String {
    match load(Some(("config.toml", text))) {
        Err(mistake) => format!("mistake: {}\n", mistake.with_picture()),
        Ok(config) if config.warnings.is_empty() => difference(&config),
        Ok(config) => format!("{}\n\n{}", config.warnings.join("\n"), difference(&config)),
    }
}

/// Name and text of every file in a folder of `tests/fixtures/config`.
fn files(folder: &str) -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/config").join(folder);
    let paths = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<(String, String)> = paths
        .map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), std::fs::read_to_string(&path).unwrap()))
        .collect();
    files.sort();
    assert!(files.len() > 5, "the files of {folder} are missing");
    files
}

#[test]
fn good_files_load() {
    for (name, text) in files("good") {
        let config = load(Some(("config.toml", &text))).unwrap_or_else(|mistake| panic!("{name}: {mistake}"));
        assert_eq!(config.warnings, [""; 0], "{name}");
        insta::assert_snapshot!(format!("good-{name}"), outcome(&text));
    }
}

#[test]
fn bad_files_explain_themselves() {
    for (name, text) in files("bad") {
        assert!(
            !load(Some(("config.toml", &text))).is_ok_and(|config| config.warnings.is_empty()),
            "{name} is not bad"
        );
        insta::assert_snapshot!(format!("bad-{name}"), outcome(&text));
    }
}

#[test]
#[ignore = "needs the recordings"]
fn the_lab_file_loads_without_a_warning() {
    let text = std::fs::read_to_string(recordings::recording("../lab/stand-in.toml")).unwrap();
    let config = load(Some(("stand-in.toml", &text))).unwrap();
    assert_eq!(config.warnings, [""; 0]);
    assert_eq!(config.feeds.len(), text.matches("[[feed]]").count());
    assert!(config.feeds.iter().all(|feed| feed.url.starts_with("http://127.0.0.1")));
    assert_eq!(config.symbols.len(), 4);
}
