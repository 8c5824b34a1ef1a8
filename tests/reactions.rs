//! What prices did since the stories of recorded days, as `replay DIR --json` tells it, against the figures of an oracle.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests: the program is run")]

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// The oracle's columns, with the name of each in the JSON.
const FIGURES: [(usize, &str); 5] = [(3, "base"), (4, "base_age_s"), (6, "15m"), (8, "60m"), (10, "24h")];

/// The moves of each story by the id of its line.
fn moves(folder: &Path) -> HashMap<String, Value> {
    let home = tempfile::tempdir().unwrap();
    let mut run = Command::new(env!("CARGO_BIN_EXE_newstape"));
    run.args(["replay", "--json"]).arg(folder).env("HOME", home.path()).env("XDG_CONFIG_HOME", home.path());
    let output = run.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    let story = |line: &str| {
        let mut story: Value = serde_json::from_str(line).unwrap();
        (story["ref"].to_string().trim_matches('"').to_owned(), story["moves"].take())
    };
    lines.lines().map(story).collect()
}

/// Compares a line of the oracle; what differs, in words.
fn differences(line: &str, moves: &HashMap<String, Value>) -> Vec<String> {
    let fields: Vec<&str> = line.split('\t').collect();
    let told = &moves[fields[0]][fields[2]];
    let differs = |(column, name): (usize, &str)| {
        let expected = fields[column].parse::<f64>().ok();
        let equal = match (expected, told[name].as_f64()) {
            (Some(expected), Some(told)) => (expected - told).abs() <= 1.000_001e-4,
            (None, None) => told[name].is_null(),
            _ => false,
        };
        // Where there is no price then, the oracle leaves its age out as well.
        (!equal).then(|| format!("{} {} {name}: {expected:?}, not {}", fields[0], fields[2], told[name]))
    };
    FIGURES.into_iter().filter_map(differs).collect()
}

#[test]
fn moves_of_recorded_days_are_those_of_the_oracle() {
    let days = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/day");
    if !days.is_dir() {
        eprintln!("skipped: no recorded days at {}", days.display());
        return;
    }
    let mut compared = 0;
    for day in std::fs::read_dir(&days).unwrap() {
        let folder = day.unwrap().path();
        let Ok(oracle) = std::fs::read_to_string(folder.join("expected_moves.tsv")) else { continue };
        let moves = moves(&folder);
        let wrong: Vec<String> = oracle.lines().skip(1).flat_map(|line| differences(line, &moves)).collect();
        assert!(wrong.is_empty(), "{}:\n{}", folder.display(), wrong.join("\n"));
        compared += oracle.lines().count() - 1;
    }
    assert!(compared > 1_400, "{compared} lines compared");
}
