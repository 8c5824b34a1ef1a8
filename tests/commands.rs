//! The commands end to end: the program itself, with a home of its own and a server on this machine. Their JSON is held
//! against the schemas in `tests/schemas`, their exit statuses and sentences against what the README promises.
#![allow(clippy::unwrap_used)]

#[path = "support/schema.rs"]
mod schema;
mod support;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use newstape::domain::story::{Marks, Story, StoryId};
use newstape::event::StoreEffect;
use newstape::store::Store;
use serde_json::{Value, json};
use support::server::Server;
use support::{Home, LIMIT};

const NOW: &str = "2026-11-23T18:00:00Z";
const RSS: &str = "<rss version='2.0'><channel><title>The Example Wire</title><link>http://x.example/</link>\
    <item><title>Nvidia opens a plant</title><link>http://x.example/1</link>\
    <pubDate>Mon, 23 Nov 2026 17:30:00 GMT</pubDate></item>\
    <item><title>Rain</title><description>All day.</description></item></channel></rss>";

/// What a command left: exit status, standard output, standard error.
#[derive(Debug)]
struct Output {
    status: i32,
    out: String,
    err: String,
}

impl Output {
    /// Its lines as JSON, each held against a schema.
    #[track_caller]
    fn objects(&self, schema: &str) -> Vec<Value> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/schemas/{schema}.json"));
        let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let lines =
            self.out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")));
        let objects: Vec<Value> = lines.collect();
        assert!(!objects.is_empty(), "{self:?}");
        for object in &objects {
            assert_eq!(schema::complaints(&schema, object), Vec::<String>::new(), "{object:#}");
        }
        objects
    }

    /// Done, with nothing to complain about.
    #[track_caller]
    fn well(self) -> Output {
        assert_eq!((self.status, self.err.as_str()), (0, ""), "{}", self.out);
        self
    }

    /// Failed with one sentence that says so.
    #[track_caller]
    fn failed(&self, status: i32, says: &str) {
        assert!(self.status == status && self.err.contains(says), "{self:?}");
        assert!(self.err.starts_with("newstape: ") && !self.err.contains("os error"), "{self:?}");
    }
}

fn newstape(home: &Home, arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_newstape"));
    command.args(["--now", NOW]).args(arguments).env_clear().envs(home.environment());
    // Far from UTC: what is printed as UTC is so.
    command.env("TZ", "Asia/Tokyo").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Output { status: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

fn home(more: &str) -> Home {
    Home::with_config(&format!("[shipped]\nfeeds = false\nsymbols = false\n[network]\ndomain-spacing = \"0s\"\n{more}"))
}

/// One whose store holds two stories of one event and one of another.
fn home_with_stories() -> Home {
    let home = home("");
    let (events, _inbox) = tokio::sync::mpsc::channel(64);
    let now = NOW.parse().unwrap();
    let year = Duration::from_hours(365 * 24);
    let store = Store::open(Some(&home.path().join("data/newstape")), year, events, Arc::new(move || now)).unwrap();
    let story = |id: u64, outlet: &str, title: &str, time: &str| Story {
        id: StoryId(id),
        feed: outlet.into(),
        outlet: outlet.into(),
        title: title.into(),
        title_before: None,
        summary: "More on it.".into(),
        link: (id != 3).then(|| format!("https://desk.example/{id}")),
        lang: (id != 3).then(|| "en".into()),
        published: (id != 3).then(|| time.parse().unwrap()),
        first_seen: time.parse().unwrap(),
        primary: false,
        reference: None,
    };
    let stories = vec![
        story(1, "Harbour Wire", "Nvidia opens a second plant in Arizona", "2026-11-23T17:05:00Z"),
        story(2, "Desk Daily", "Nvidia opens second plant in Arizona", "2026-11-23T17:09:00Z"),
        story(3, "Le Matin", "La gare rouvre", "2026-11-22T23:30:00Z"),
    ];
    store.carry_out(StoreEffect::SaveStories(stories));
    store.carry_out(StoreEffect::SaveMarks(vec![(StoryId(3), Marks { starred: true, ..Marks::default() })]));
    store.close(LIMIT).unwrap();
    home
}

#[test]
fn stories_in_every_form() {
    let home = home_with_stories();
    let plain = newstape(&home, &["stories"], "").well();
    let lines: Vec<&str> = plain.out.lines().collect();
    // Times are UTC and say so, whatever the machine's zone is.
    assert!(lines[0].starts_with("2026-11-23 17:09Z  Desk Daily  [nvidia]  Nvidia opens"), "{}", plain.out);
    assert!(lines[2].starts_with("2026-11-22 23:30Z  Le Matin  []  La gare rouvre"), "{}", plain.out);

    let all = newstape(&home, &["stories", "--json"], "").well().objects("story");
    assert_eq!(all.len(), 3);
    assert_eq!((&all[0]["group"], &all[0]["outlets"]), (&all[1]["group"], &json!(["Harbour Wire", "Desk Daily"])));
    assert_eq!((&all[2]["published"], &all[2]["link"], &all[2]["lang"]), (&Value::Null, &Value::Null, &Value::Null));
    assert_eq!(newstape(&home, &["stories", "--json", "--limit", "1"], "").well().objects("story").len(), 1);
    assert_eq!(newstape(&home, &["stories", "--json", "is:starred"], "").well().objects("story").len(), 1);
    let since = newstape(&home, &["stories", "--json", "--since", "2h"], "").well().objects("story");
    assert_eq!(since.len(), 2);

    let csv = newstape(&home, &["stories", "--csv", "--limit", "1"], "").well();
    let (head, row) = csv.out.trim_end().split_once('\n').unwrap();
    assert_eq!(head.split(',').next(), Some("id"), "{head}");
    assert!(row.contains("2026-11-23T17:09:00Z"), "{row}");

    assert_eq!(newstape(&home, &["stories", "volcano"], "").well().out, "", "nothing that matches is no failure");
    newstape(&home, &["stories", "("], "").failed(2, "query");
    newstape(&home, &["stories", "--limit", "many"], "").failed(2, "a whole number, such as 20");
    newstape(&home, &["stories", "--json", "--csv"], "").failed(2, "--csv");
    assert_eq!(newstape(&home_without_store(), &["stories", "--json"], "").well().out, "");
}

fn home_without_store() -> Home {
    home("")
}

#[test]
fn tag_reads_a_text_or_lines() {
    let home = home("");
    let plain = newstape(&home, &["tag", "Nvidia", "ships", "chips"], "").well();
    assert!(plain.out.starts_with("nvidia: "), "{}", plain.out);
    assert_eq!(newstape(&home, &["tag"], "Rain\n").well().out, "no topic\n");
    let answers = newstape(&home, &["tag", "--json", "Nvidia ships chips"], "").well().objects("tagged");
    assert_eq!((&answers[0]["id"], &answers[0]["topics"]), (&Value::Null, &json!(["nvidia"])));
    let lines = "{\"id\":7,\"title\":\"Nvidia ships\"}\n{\"id\":\"a\",\"title\":\"Rain\"}\nno json\n";
    let output = newstape(&home, &["tag"], lines);
    let answers = output.objects("tagged");
    // What is no object is answered too, so that answers and lines go together.
    assert_eq!((answers.len(), &answers[0]["id"], &answers[1]["id"]), (3, &json!(7), &json!("a")));
    assert!(output.err.starts_with("newstape: ") && output.err.contains("line 3"), "{output:?}");
}

#[test]
fn group_answers_for_each_line() {
    let home = home("");
    let lines = [
        r#"{"id":1,"title":"Nvidia opens a second plant in Arizona","outlet":"A","published":"2026-11-23T17:05:00Z"}"#,
        r#"{"id":2,"title":"Nvidia opens second plant in Arizona","outlet":"B","published":"2026-11-23T17:09:00Z"}"#,
        r#"{"id":3,"title":"Rain in the north","source":"B","published":null}"#,
    ];
    let answers = newstape(&home, &["group"], &lines.join("\n")).well().objects("grouped");
    let group = |at: usize| answers[at]["group"].as_str().unwrap();
    assert!(answers.len() == 3 && group(0) == group(1) && group(0) != group(2), "{answers:?}");
}

#[test]
fn a_recorded_day_is_replayed_as_lines() {
    let home = home("");
    let day = home.path().join("day");
    std::fs::create_dir(&day).unwrap();
    let line = |id: u32, title: &str, time: &str| {
        format!("{{\"id\":\"{id}\",\"title\":\"{title}\",\"outlet\":\"A\",\"first_seen_utc\":\"{time}\"}}\n")
    };
    let lines = [line(1, "Nvidia ships", "2026-11-23T15:02:00Z"), line(2, "Rain", "2026-11-23T15:06:00Z")].concat();
    std::fs::write(day.join("headlines.jsonl"), lines).unwrap();
    let day = day.to_str().unwrap();
    let stories = newstape(&home, &["replay", day, "--json"], "").well().objects("replayed");
    assert_eq!((stories.len(), &stories[0]["ref"]), (2, &json!("1")));
    let candles = "open_time_utc,open,high,low,close,volume\n2026-11-23T15:00:00Z,100,101,99,100,5\n2026-11-23T15:01:00Z,100,103,99,102,5\n";
    std::fs::write(Path::new(day).join("candles_NVDA_1m.csv"), candles).unwrap();
    let output = newstape(&home, &["replay", day, "--json"], "");
    assert_eq!(output.status, 0, "{output:?}");
    assert!(output.objects("replayed").iter().all(|story| story["moves"]["NVDA"].is_object()), "{output:?}");

    newstape(&home, &["replay", "no-such-folder", "--json"], "").failed(1, "there is no such file or folder");
    newstape(&home, &["replay", day, "--speed", "0"], "").failed(2, "a number from 0.01");
}

#[test]
fn read_shows_a_document_as_it_is_read() {
    let (home, server) = (home(""), Server::start());
    let file = home.path().join("feed.xml");
    std::fs::write(&file, RSS).unwrap();
    let file = file.to_str().unwrap();
    let plain = newstape(&home, &["read", file], "").well();
    assert!(plain.out.contains("\n2026-11-23 17:30Z  Nvidia opens a plant\n"), "{}", plain.out);
    assert!(plain.out.contains("\nno date           Rain"), "{}", plain.out);
    server.put("/f.xml", 200, "application/rss+xml", RSS);
    server.put("/page", 200, "text/html", "<html><body>Hello</body></html>");
    for (source, input) in [(file, ""), ("-", RSS), (server.url("/f.xml").as_str(), "")] {
        let documents = newstape(&home, &["read", source, "--json"], input).well().objects("document");
        assert_eq!(documents[0]["stories"].as_array().unwrap().len(), 2, "{source}");
    }
    newstape(&home, &["read", "no-such-file"], "").failed(1, "there is no such file");
    newstape(&home, &["read", &server.url("/page")], "").failed(1, "newstape feeds add");
    newstape(&home, &["read", &server.url("/gone")], "").failed(1, "404");
    newstape(&home, &["read"], "").failed(2, "is missing");
}

fn feed(name: &str, url: &str) -> String {
    format!("[[feed]]\nname = \"{name}\"\nurl = \"{url}\"\n")
}

#[test]
fn feeds_are_listed_and_checked() {
    let server = Server::start();
    server.put("/f.xml", 200, "application/rss+xml", RSS);
    let url = |path| server.url(path);
    let home = home(&format!("{}{}enabled = false\n", feed("Good", &url("/f.xml")), feed("Off", &url("/off.xml"))));
    let feeds = newstape(&home, &["feeds", "list", "--json"], "").well().objects("feed");
    assert_eq!((&feeds[0]["state"], &feeds[1]["state"]), (&json!("waits"), &json!("off")));

    let findings = newstape(&home, &["check", "--offline", "--json"], "").well().objects("finding");
    assert!(findings.iter().all(|finding| finding["ok"] == true && finding["kind"] != "feed"), "{findings:?}");
    let findings = newstape(&home, &["check", "--json"], "").well().objects("finding");
    let of = |kind: &str| findings.iter().filter(|finding| finding["kind"] == kind).collect::<Vec<_>>();
    assert_eq!(of("feed").iter().map(|finding| &finding["name"]).collect::<Vec<_>>(), ["Good"]);

    home.write_config(&format!("[shipped]\nfeeds = false\nsymbols = false\n{}", feed("Gone", &url("/gone.xml"))));
    let output = newstape(&home, &["check", "--json"], "");
    output.failed(1, "one thing does not work; see above");
    let findings = output.objects("finding");
    let gone = findings.iter().find(|finding| finding["name"] == "Gone").unwrap();
    assert!(gone["ok"] == false && gone["message"].as_str().unwrap().contains("404"), "{gone}");

    home.write_config("[shipped]\nfeds = false\n");
    let output = newstape(&home, &["check", "--offline"], "");
    output.failed(1, "does not work");
    assert!(output.out.contains("BAD  config") && output.out.contains("feds"), "{output:?}");
    home.write_config("[shipped\n");
    newstape(&home, &["check", "--offline"], "").failed(2, "config.toml");
    newstape(&home, &["feeds", "remove", "Nobody"], "").failed(2, "config.toml");
    let usage = newstape(&home, &["feeds"], "");
    assert!(usage.status == 2 && usage.out.is_empty() && usage.err.contains("export"), "{usage:?}");
}

#[test]
fn prices_that_are_had_and_one_that_is_not() {
    let server = Server::start();
    server.put("/products/BTC-USD/candles", 200, "application/json", "[]");
    server.trade("BTC-USD", "97412.50", "96000.00", "2026-11-23T17:59:58Z");
    let symbol = |name: &str| format!("[[symbol]]\nname = \"{name}\"\nsources = [\"coinbase\"]\n");
    let source =
        format!("[source.coinbase]\nbase-url = \"{}\"\nsocket-url = \"{}\"\n", server.url(""), server.socket_url());
    let mine = home(&format!("{source}{}{}", symbol("BTC-USD"), symbol("NOPE-USD")));
    let output = newstape(&mine, &["prices", "--json"], "");
    assert_eq!(output.status, 0, "some could be had: {output:?}");
    let quotes = output.objects("quote");
    assert_eq!((&quotes[0]["price"], &quotes[0]["state"]), (&json!(97412.5), &json!("live")));
    assert_eq!((&quotes[1]["symbol"], &quotes[1]["price"]), (&json!("NOPE-USD"), &Value::Null));
    assert!(output.err.starts_with("newstape: NOPE-USD: "), "{output:?}");
    let plain = newstape(&mine, &["prices", "BTC-USD"], "").well();
    assert!(plain.out.contains("97,412.50") && plain.out.contains("LIVE coinbase"), "{}", plain.out);
    let output = newstape(&mine, &["prices", "NOPE-USD", "--json"], "");
    output.failed(1, "no price could be had");
    output.objects("quote");
    newstape(&mine, &["prices", "a b"], "").failed(2, "");
}

#[test]
fn the_config_is_made_once_printed_and_found() {
    let home = Home::new();
    let path = home.config();
    let shown = newstape(&home, &["config", "path"], "").well().out;
    assert_eq!(shown.trim_end(), path.to_str().unwrap());
    assert!(newstape(&home, &["config", "init"], "").well().out.starts_with("wrote "));
    newstape(&home, &["config", "init"], "").failed(1, "is there already and was left as it is");
    let printed = newstape(&home, &["config", "print"], "").well().out;
    let config: toml::Table = printed.parse().unwrap();
    assert!(config.contains_key("feed") && config.contains_key("screen"), "{:?}", config.keys().collect::<Vec<_>>());
    newstape(&home, &["confg"], "").failed(2, "did you mean 'config'?");
}

/// What the README says of the JSON of a command names every field of its schema.
#[test]
fn the_readme_names_every_field() {
    let readme = include_str!("../README.md");
    let section = readme.split("**JSON**").nth(1).unwrap().split("\n## ").next().unwrap();
    for name in ["story", "replayed", "quote", "tagged", "grouped", "document", "finding", "feed"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/schemas/{name}.json"));
        let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        for field in schema["properties"].as_object().unwrap().keys() {
            let words = section.split(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
            assert!(words.into_iter().any(|word| word == field), "{name}: the README does not name {field}");
        }
    }
}

#[test]
fn a_schema_refuses_what_is_not_in_it() {
    let schema = json!({
        "type": "object", "required": ["id"], "additionalProperties": false,
        "properties": {"id": {"type": "string", "minLength": 1}, "at": {"type": ["string", "null"], "format": "date-time"}},
    });
    for (value, expected) in [
        (json!({"id": "a"}), 0),
        (json!({"id": "a", "at": null}), 0),
        (json!({"id": "a", "at": "2026-11-23T18:00:00Z"}), 0),
        (json!({"id": "a", "at": "2026-11-23T18:00:00+01:00"}), 1),
        (json!({"id": ""}), 1),
        (json!({"id": 1, "more": 2}), 2),
        (json!({}), 1),
        (json!([]), 1),
    ] {
        assert_eq!(schema::complaints(&schema, &value).len(), expected, "{value}");
    }
}
