//! What prices did since the stories of recorded days, as `replay DIR --json` tells it, against the figures of an oracle.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests: the program is run")]

#[path = "support/recordings.rs"]
mod recordings;
#[path = "support/scene.rs"]
mod scene;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use jiff::Timestamp;
use newstape::app::{App, Popup, command, movers::What, wire::Item};
use newstape::config;
use newstape::screen::draw;
use newstape::shell::clock::ReplayClock;
use newstape::shell::recording::Recording;
use newstape::shell::replay::{Plan, play};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use recordings::recording;
use serde_json::Value;
use tokio::sync::{mpsc, watch};

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
#[ignore = "needs the recordings"]
fn moves_of_recorded_days_are_those_of_the_oracle() {
    let days = recording("day");
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

/// A recorded day played to a state from a time on, event by event, each at its own time.
struct Played {
    app: App,
    clock: ReplayClock,
    events: mpsc::Receiver<newstape::event::Event>,
    _pause: watch::Sender<bool>,
}

impl Played {
    fn new(folder: &Path, from: &str) -> Played {
        let file =
            |path: PathBuf| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(path).unwrap());
        let files: BTreeMap<String, Vec<u8>> =
            std::fs::read_dir(folder).unwrap().map(|entry| file(entry.unwrap().path())).collect();
        let day = Recording::read(&files).unwrap();
        let from: Timestamp = from.parse().unwrap();
        let config = Arc::new(config::shipped());
        let app = App::new(config.clone(), from);
        let clock = ReplayClock::new(from, 60.0);
        let (sender, events) = mpsc::channel(1);
        let (pause, paused) = watch::channel(false);
        let watched = config.symbols.iter().map(|symbol| symbol.name.clone()).collect();
        let plan = Plan { from, speed: 60.0, again: false };
        tokio::spawn(play(day, plan, watched, clock.clone(), newstape::app::calendar(&config), sender, paused));
        Played { app, clock, events, _pause: pause }
    }

    /// Plays until something holds, or a time of the day is reached; false then.
    async fn until(&mut self, end: &str, holds: impl Fn(&App) -> bool) -> bool {
        let end: Timestamp = end.parse().unwrap();
        while self.clock.now() <= end {
            let event = self.events.recv().await.unwrap();
            self.app.update(event, self.clock.now());
            if holds(&self.app) {
                return true;
            }
        }
        false
    }
}

/// Bitcoin's fall through 70,000 on 5 February 2026: the first bar of five minutes below it begins at 11:25 UTC. Three
/// outlets told of it, at 11:29, 11:36 and 11:43.
#[tokio::test(start_paused = true)]
#[ignore = "needs the recordings"]
async fn the_fall_through_70_000_is_told_within_its_bar_and_its_stories_are_listed_as_they_come() {
    let folder = recording("day/2026-02-05_btc-crash");
    let mut played = Played::new(&folder, "2026-02-05T10:00:00Z");
    let is_it = |app: &App| {
        let mut movers = app.movers.iter().filter(|mover| &*mover.symbol == "BTC-USD");
        movers.any(|mover| mover.what == What::Crossed { level: 70_000.0, rose: false })
    };
    assert!(!played.until("2026-02-05T11:25:00Z", is_it).await, "not before");
    assert!(played.until("2026-02-05T11:30:59Z", is_it).await, "told by the end of the bar");
    // Other coins fall with it: it is told first all the same.
    played.until("2026-02-05T11:30:30Z", |_| false).await;
    let standing: Vec<&str> = played.app.standing_movers().iter().map(|mover| &*mover.symbol).collect();
    assert_eq!(standing.first(), Some(&"BTC-USD"), "in the status line: {standing:?}");

    played.app.command(command::Command::Why);
    let causes = |app: &App| {
        let asked = app.popup.as_ref().and_then(Popup::asked).unwrap().clone();
        app.causes(&asked).iter().map(|cause| cause.item.story.clone()).collect::<Vec<_>>()
    };
    let about = |app: &App| {
        let stories = causes(app);
        let titles = stories.iter().filter(|story| story.title.contains("$70,000"));
        let mut times: Vec<String> =
            titles.map(|story| story.time().to_string()[11..16].to_owned()).filter(|time| &**time > "11:25").collect();
        times.sort();
        times
    };
    let cases = [
        ("2026-02-05T11:31:00Z", vec!["11:29"]),
        ("2026-02-05T11:37:00Z", vec!["11:29", "11:36"]),
        ("2026-02-05T11:44:00Z", vec!["11:29", "11:36", "11:43"]),
    ];
    for (time, expected) in cases {
        played.until(time, |_| false).await;
        assert_eq!(about(&played.app), expected, "at {time}");
    }
    let first: Vec<String> = causes(&played.app).iter().take(4).map(|story| story.outlet.to_string()).collect();
    for outlet in ["investing.com", "coindesk.com", "cnbc.com"] {
        assert!(first.iter().any(|other| other == outlet), "{outlet} is not among the first: {first:?}");
    }
    // The chart has kept its symbol while another was asked about.
    let charted = |app: &App| app.tape.selected().map(|symbol| symbol.name.to_string());
    assert_eq!(charted(&played.app).as_deref(), Some("NVDA"));
    played.app.command(command::Command::Close);
    played.app.command(command::Command::NextSymbol);
    assert_eq!(charted(&played.app).as_deref(), Some("BTC-USD"));
    marks_stand_on_their_bars(&mut played.app);
}

/// Each bar of the chart is marked with the events that were first told of within it.
fn marks_stand_on_their_bars(app: &mut App) {
    // Wide enough for the day in bars of an hour.
    let mut terminal = Terminal::new(TestBackend::new(240, 70)).unwrap();
    let mut bars = Vec::new();
    let theme = scene::theme("dark");
    terminal.draw(|frame| bars = draw(frame, app, &theme).bars).unwrap();
    assert!(bars.len() > 20, "{} bars", bars.len());
    let is_bound = |item: &Item| item.tagged.symbols().iter().any(|name| &**name == "BTC-USD");
    let firsts = app.wire.items().filter(|item| app.wire.is_first(item) && is_bound(item));
    let firsts: Vec<Timestamp> = firsts.map(|item| item.story.time()).collect();
    for bar in &bars {
        let within = firsts.iter().filter(|time| (bar.from..bar.to).contains(*time)).count();
        assert_eq!(bar.stories, within, "the bar of {}", bar.from);
    }
    assert!(bars.iter().filter(|bar| bar.stories > 0).count() > 10);
}
