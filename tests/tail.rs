//! `newstape tail` against a server of our own on loopback: stories as they arrive, and the same alerts as on the screen.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests: the program is run")]

mod support;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;

use serde_json::Value;
use support::server::Server;
use support::{Home, LIMIT};

const NOW: &str = "2026-11-23T18:00:00Z";
const RSS: &str = "application/rss+xml; charset=utf-8";

fn rss(titles: &[&str]) -> String {
    let item = |title: &&str| {
        format!(
            "<item><title>{title}</title><link>https://example.org/{0}</link><guid>{0}</guid>\
             <pubDate>Mon, 23 Nov 2026 17:59:00 GMT</pubDate></item>",
            title.len()
        )
    };
    let items: String = titles.iter().map(item).collect();
    format!("<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>t</title>{items}</channel></rss>")
}

fn config(server: &Server, more: &str) -> String {
    format!(
        "[shipped]\nfeeds = false\nsymbols = false\nalerts = false\n[network]\ndomain-spacing = \"0s\"\nfeed-floor = \"1s\"\n\
         [[feed]]\nname = \"Alpha Wire\"\nurl = \"{}\"\ninterval = \"1s\"\n{more}",
        server.url("/alpha.xml")
    )
}

/// The program running, and the lines it prints.
struct Tail {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Tail {
    fn start(home: &Home, arguments: &[&str]) -> Tail {
        let mut command = Command::new(env!("CARGO_BIN_EXE_newstape"));
        command.args(["tail", "--now", NOW]).args(arguments).env_clear().envs(home.environment());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Tail { child, lines }
    }

    #[track_caller]
    fn line(&self) -> String {
        self.lines.recv_timeout(LIMIT).expect("a line within the limit")
    }

    fn object(&self) -> Value {
        serde_json::from_str(&self.line()).unwrap()
    }

    /// Ends it as a system does, and answers its exit status.
    fn end(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }
}

#[test]
fn stories_are_printed_as_they_arrive_and_those_that_match_alone() {
    let server = Server::start();
    server.put("/alpha.xml", 200, RSS, rss(&["Nvidia opens a plant", "A bakery opens in Lyon today"]));
    let home = Home::with_config(&config(&server, ""));
    let tail = Tail::start(&home, &["topic:nvidia", "--json"]);
    let story = tail.object();
    assert_eq!((story["title"].as_str(), story["outlet"].as_str()), (Some("Nvidia opens a plant"), Some("Alpha Wire")));
    assert_eq!(story["topics"][0].as_str(), Some("nvidia"));
    server.put("/alpha.xml", 200, RSS, rss(&["Nvidia opens a plant", "Nvidia hires a new chief of staff"]));
    assert_eq!(tail.object()["title"].as_str(), Some("Nvidia hires a new chief of staff"));
    assert_eq!(tail.end(), Some(0));
}

#[test]
fn alerts_are_raised_without_a_screen_but_not_by_a_first_poll() {
    let server = Server::start();
    server.put("/alpha.xml", 200, RSS, rss(&["Nvidia opens a plant"]));
    let home = Home::new();
    let out = home.path().join("out");
    let alert = format!(
        "[[alert]]\nname = \"Chips\"\nquery = \"topic:nvidia\"\ncool-down = \"0s\"\n\
         command = [\"/bin/sh\", \"-c\", \"cat >> '{}'\"]\n",
        out.display()
    );
    home.write_config(&config(&server, &alert));
    let tail = Tail::start(&home, &["--alerts"]);
    assert!(tail.line().ends_with("[nvidia]  Nvidia opens a plant"));
    let hostile = "Nvidia'; touch owned; $(touch owned)";
    server.put("/alpha.xml", 200, RSS, rss(&["Nvidia opens a plant", hostile]));
    let lines = [tail.line(), tail.line()];
    assert!(lines.contains(&format!("! Chips: {hostile} (Alpha Wire)")), "{lines:?}");
    let until = std::time::Instant::now() + LIMIT;
    while !std::fs::read_to_string(&out).is_ok_and(|given| given.ends_with('\n')) {
        assert!(std::time::Instant::now() < until, "the command was not run");
        std::thread::yield_now();
    }
    assert_eq!(tail.end(), Some(0));
    let given = std::fs::read_to_string(&out).unwrap();
    let objects: Vec<Value> = given.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(objects.len(), 1, "the first poll raised none: {given}");
    assert_eq!((objects[0]["alert"].as_str(), objects[0]["title"].as_str()), (Some("Chips"), Some(hostile)));
}

fn groups(home: &Home) -> (usize, usize) {
    let told = Command::new(env!("CARGO_BIN_EXE_newstape"))
        .args(["stories", "--json"])
        .env_clear()
        .envs(home.environment())
        .output()
        .unwrap();
    let stories: Vec<Value> =
        String::from_utf8(told.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let groups: std::collections::BTreeSet<_> = stories.iter().map(|story| story["group"].to_string()).collect();
    (stories.len(), groups.len())
}

#[test]
fn what_is_taken_in_is_saved_whoever_listens() {
    let server = Server::start();
    let titles =
        ["Nvidia opens a plant in Texas", "Nvidia opens a plant in Texas today", "Nvidia opens plant in Texas"];
    server.put("/alpha.xml", 200, RSS, rss(&titles));
    let home = Home::with_config(&config(&server, ""));
    let mut tail = Command::new(env!("CARGO_BIN_EXE_newstape"))
        .args(["tail", "--json", "--now", NOW])
        .env_clear()
        .envs(home.environment())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // Gone before there is anything to be read.
    drop(tail.stdout.take());
    tail.wait().unwrap();
    let (stories, of_one) = groups(&home);
    assert_eq!(stories, 3);
    assert!(of_one < 3, "the groups are saved with their stories: {of_one}");
}

#[test]
fn a_second_tail_says_that_it_saves_nothing_and_takes_over() {
    let server = Server::start();
    server.put("/alpha.xml", 200, RSS, rss(&["Nvidia opens a plant"]));
    let home = Home::with_config(&config(&server, ""));
    let first = Tail::start(&home, &[]);
    first.line();
    let mut second = Command::new(env!("CARGO_BIN_EXE_newstape"))
        .args(["tail", "--now", NOW])
        .env_clear()
        .envs(home.environment())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = BufReader::new(second.stderr.take().unwrap()).lines().map_while(Result::ok);
    let read_only = "newstape: Another newstape runs on this data: nothing is saved until that one ends.";
    assert_eq!(told.next().as_deref(), Some(read_only));
    assert_eq!(first.end(), Some(0));
    assert_eq!(told.next().as_deref(), Some("newstape: The other newstape has ended: this one saves from now on."));
    server.put("/alpha.xml", 200, RSS, rss(&["Nvidia opens a plant", "Nvidia hires a new chief of staff"]));
    let until = std::time::Instant::now() + LIMIT;
    while groups(&home).0 < 2 {
        assert!(std::time::Instant::now() < until, "the second one saves nothing");
    }
    assert!(Command::new("kill").args(["-TERM", &second.id().to_string()]).status().unwrap().success());
    assert_eq!(second.wait().unwrap().code(), Some(0));
}
