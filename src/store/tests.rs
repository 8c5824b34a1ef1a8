#![allow(clippy::unwrap_used)]

mod analyses;
mod clock;
mod owners;
mod search;
mod trouble;

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc;

use jiff::Timestamp;
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::sync::mpsc::Receiver;

use super::*;
use crate::domain::Name;
use crate::domain::feed::FeedState;
use crate::domain::layout::Layout;
use crate::domain::price::{
    Candle, Capability, Delivery, Outcome, Quote, Refusal, Series, Session, SourceReport, Span,
};
use crate::domain::query::Query;
use crate::domain::story::{Marks, Story, StoryId};
use crate::domain::topic::Topics;
use crate::event::{Loaded, QUERIES_MAX, StoreEffect};

const NOW: i64 = 1_795_000_000;
const STAMP: Stamp = Stamp(7);
const KEEP: Duration = Duration::from_hours(90 * 24);
const LIMIT: Duration = Duration::from_secs(20);

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn story(id: u64, title: &str, published: i64) -> Story {
    Story {
        id: StoryId(id),
        feed: "Desk".into(),
        outlet: "The Desk".into(),
        title: title.into(),
        title_before: None,
        summary: format!("More on {title}.").into(),
        link: Some(format!("https://desk.example/{id}")),
        lang: Some("en".into()),
        published: Some(at(published)),
        first_seen: at(published + 60),
        primary: id % 2 == 1,
        reference: None,
    }
}

fn feed(etag: &str) -> FeedState {
    let mut state = FeedState::new("Desk".into(), "https://desk.example/rss".into());
    state.cache.etag = Some(etag.into());
    state
}

fn quote(price: &str) -> Quote {
    Quote {
        symbol: "NVDA".into(),
        price: price.parse().unwrap(),
        currency: "USD".into(),
        base: Some("185.17".parse().unwrap()),
        source: "yahoo".into(),
        session: Session::Regular,
        exchange_time: Some(at(NOW - 5)),
        received_time: at(NOW),
        delivery: Delivery::Pushed,
        extended: None,
    }
}

fn series() -> Series {
    let candle = |time, close, volume| Candle { time: at(time), open: 1.0, high: 2.5, low: 0.5, close, volume };
    let bars = vec![candle(NOW - 600, 1.25, Some(100.0)), candle(NOW - 300, 2.0, None)];
    Series { symbol: "NVDA".into(), source: "yahoo".into(), interval: 300, closes_only: false, bars }
}

fn report(capability: Capability, outcome: Outcome) -> SourceReport {
    SourceReport {
        source: "yahoo".into(),
        capability,
        at: at(NOW),
        outcome,
        status: Some(429),
        next: None,
        asked: Vec::new(),
        lacks: Vec::new(),
    }
}

fn blocked(until: i64) -> Outcome {
    Outcome::Blocked { refusal: Refusal::by_status("yahoo", 429), until: at(until) }
}

/// A store in a folder, with the events it sends.
struct Bench {
    store: Store,
    events: Receiver<Event>,
}

impl Bench {
    fn at(dir: Option<&Path>, now: i64) -> Bench {
        let (sender, events) = tokio::sync::mpsc::channel(64);
        let store = Store::open(dir, KEEP, sender, Arc::new(move || at(now))).unwrap();
        Bench { store, events }
    }

    fn open(dir: &TempDir) -> Bench {
        Bench::at(Some(dir.path()), NOW)
    }

    fn put(&self, effect: StoreEffect) {
        self.store.carry_out(effect);
    }

    fn event(&mut self) -> Event {
        next(&mut self.events)
    }

    fn saved(&mut self) -> Timestamp {
        loop {
            if let Event::Saved(at) = self.event() {
                return at;
            }
        }
    }

    fn trouble(&mut self) -> String {
        loop {
            if let Event::StoreTrouble(sentence) = self.event() {
                return sentence;
            }
        }
    }

    fn replaced(&mut self) -> String {
        loop {
            if let Event::StoreReplaced(sentence) = self.event() {
                return sentence;
            }
        }
    }

    /// All parts until the last.
    fn load(&mut self, window: u32) -> Vec<Loaded> {
        self.store.load(window, STAMP);
        let mut parts = Vec::new();
        loop {
            let Event::Loaded(part) = self.event() else { continue };
            parts.push(part);
            if parts.last().is_some_and(|part| part.done) {
                return parts;
            }
        }
    }

    fn close(self) {
        self.store.close(LIMIT).unwrap();
    }
}

/// The next event; fails when there is none within a limit.
fn next(events: &mut Receiver<Event>) -> Event {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(LIMIT, events.recv()).await }).unwrap().unwrap()
}

fn stories(dir: &TempDir) -> Vec<(Story, Marks)> {
    Reader::open(dir.path()).unwrap().stories(None).collect::<Result<_, _>>().unwrap()
}

const READ: Marks = Marks { read: true, starred: false, group: None };
const STARRED: Marks = Marks { read: false, starred: true, group: None };

#[test]
fn all_that_is_saved_is_loaded_again() {
    let dir = TempDir::new().unwrap();
    let mut bench = Bench::open(&dir);
    let strange =
        Story { published: None, link: None, lang: None, summary: "".into(), ..story(u64::MAX, "ż ∂", NOW) };
    bench.put(StoreEffect::SaveStories(vec![story(1, "Chips are scarce", NOW - 100), strange.clone()]));
    bench.put(StoreEffect::SaveMarks(vec![(StoryId(1), READ)]));
    bench.put(StoreEffect::SaveFeed(feed("a").into()));
    bench.put(StoreEffect::SaveQuote(quote("181.23")));
    bench.put(StoreEffect::SaveSeries { span: Span::Day, series: series() });
    bench.put(StoreEffect::SaveSource(report(Capability::Quote, blocked(NOW + 60))));
    assert_eq!(bench.saved(), at(NOW));
    bench.close();

    let mut bench = Bench::open(&dir);
    let parts = bench.load(5_000);
    let [part] = parts.as_slice() else { panic!("{parts:?}") };
    assert_eq!(part.stories, [(strange, Marks::default()), (story(1, "Chips are scarce", NOW - 100), READ)]);
    assert_eq!(part.feeds, [feed("a")]);
    assert_eq!(part.quotes, [Quote { delivery: Delivery::Stored, ..quote("181.23") }]);
    assert_eq!(part.series, [(Span::Day, series())]);
    assert_eq!(part.sources, [report(Capability::Quote, blocked(NOW + 60))]);
    assert!(!part.read_only);
}

#[test]
fn a_story_stays_in_its_group_unless_the_reader_takes_it_out() {
    let dir = TempDir::new().unwrap();
    let mut bench = Bench::open(&dir);
    bench.put(StoreEffect::SaveStories(vec![story(1, "Chips are scarce", NOW - 100)]));
    bench.put(StoreEffect::SaveGroups(vec![(StoryId(1), StoryId(9)), (StoryId(77), StoryId(9))]));
    bench.saved();
    let group = |dir| stories(dir).first().and_then(|(_, marks)| marks.group);
    assert_eq!(group(&dir), Some(StoryId(9)));
    bench.put(StoreEffect::SaveGroups(vec![(StoryId(1), StoryId(8))]));
    bench.put(StoreEffect::SaveMarks(vec![(StoryId(1), READ)]));
    bench.saved();
    assert_eq!(group(&dir), Some(StoryId(9)), "placed once, and marks that name no group leave it");
    bench.put(StoreEffect::SaveMarks(vec![(StoryId(1), Marks { group: Some(StoryId(u64::MAX)), ..READ })]));
    bench.saved();
    assert_eq!(stories(&dir)[0].1, Marks { group: Some(StoryId(u64::MAX)), ..READ });
    bench.close();
}

#[test]
fn an_edit_keeps_the_marks_the_times_and_the_first_title() {
    let dir = TempDir::new().unwrap();
    let mut bench = Bench::open(&dir);
    bench.put(StoreEffect::SaveStories(vec![story(1, "Draft", NOW - 100)]));
    bench.put(StoreEffect::SaveMarks(vec![(StoryId(1), STARRED)]));
    bench.saved();
    let edited = Story { first_seen: at(NOW), ..story(1, "Final", NOW + 9_000) };
    bench.put(StoreEffect::SaveStories(vec![edited.clone()]));
    // The sender took it for new: it is corrected.
    let expected = Story {
        first_seen: at(NOW - 40),
        published: Some(at(NOW - 100)),
        title_before: Some("Draft".into()),
        ..edited.clone()
    };
    let Event::Loaded(known) = bench.event() else { panic!() };
    assert_eq!((known.stories, known.done), (vec![(expected.clone(), STARRED)], false));
    bench.saved();
    assert_eq!(stories(&dir), [(expected.clone(), STARRED)]);
    // Sent once more as it stands, there is nothing to tell.
    bench.put(StoreEffect::SaveStories(vec![expected.clone()]));
    assert!(matches!(bench.event(), Event::Saved(_)));
    assert_eq!(stories(&dir), [(expected.clone(), STARRED)]);

    // The first title stays through further edits, and is no news when it comes back.
    for (title, before) in [("Final, corrected", Some("Draft")), ("  DRAFT", None), ("Other", Some("  DRAFT"))] {
        bench.put(StoreEffect::SaveStories(vec![Story {
            title: title.into(),
            title_before: None,
            ..expected.clone()
        }]));
        bench.saved();
        let (stored, marks) = stories(&dir).remove(0);
        assert_eq!((&*stored.title, stored.title_before.as_deref(), marks), (title, before, STARRED));
        assert_eq!(stored.time(), at(NOW - 100));
    }
}

#[test]
fn what_another_feed_makes_of_an_article_is_no_edit() {
    let dir = TempDir::new().unwrap();
    let mut bench = Bench::open(&dir);
    let first = story(1, "Draft", NOW - 100);
    let other = Story { feed: "Digest".into(), first_seen: at(NOW - 300), ..story(1, "Today: a draft", NOW - 100) };
    bench.put(StoreEffect::SaveStories(vec![first.clone()]));
    bench.saved();
    bench.put(StoreEffect::SaveStories(vec![other]));
    bench.saved();
    assert_eq!(stories(&dir), [(Story { first_seen: at(NOW - 300), ..first }, Marks::default())]);
}

#[test]
fn the_newest_come_first_and_in_parts() {
    let dir = TempDir::new().unwrap();
    let mut bench = Bench::open(&dir);
    for from in (0..700).step_by(100) {
        bench.put(StoreEffect::SaveStories(
            (from..from + 100).map(|id| story(id, "Chips", NOW - 7 * (id as i64 % 50))).collect(),
        ));
    }
    bench.saved();
    let parts = bench.load(5_000);
    assert_eq!(parts.iter().map(|part| part.stories.len()).collect::<Vec<_>>(), [200, 100, 100, 100, 100, 100, 0]);
    let times: Vec<_> = parts.iter().flat_map(|part| &part.stories).map(|(story, _)| story.time()).collect();
    assert!(times.is_sorted_by(|a, b| a >= b));
    let mut ids: Vec<_> = parts.iter().flat_map(|part| &part.stories).map(|(story, _)| story.id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 700);

    let window: usize = bench.load(250).iter().map(|part| part.stories.len()).sum();
    assert_eq!(window, 250);
    assert_eq!(bench.load(0).len(), 1);
}

#[test]
fn summaries_are_read_alone_and_what_lacks_its_summary_takes_nothing_away() {
    let dir = TempDir::new().unwrap();
    let mut bench = Bench::open(&dir);
    bench.put(StoreEffect::SaveStories(vec![story(1, "Chips", NOW), story(2, "Ports", NOW)]));
    bench.saved();
    let bare = |id, title| Story { summary: "".into(), ..story(id, title, NOW) };
    bench.put(StoreEffect::SaveMissing(vec![bare(2, "Ports"), bare(3, "Lamps")]));
    bench.saved();
    bench.put(StoreEffect::ReadSummaries([1, 2, 3, 4].map(StoryId).to_vec()));
    let found = loop {
        if let Event::Summaries(found) = bench.event() {
            break found;
        }
    };
    let expected = [(1, "More on Chips."), (2, "More on Ports."), (3, "")];
    assert_eq!(found, expected.map(|(id, summary)| (StoryId(id), Name::from(summary))));
    assert_eq!(bench.load(10).iter().map(|part| part.stories.len()).sum::<usize>(), 3);
}

#[test]
fn a_block_is_forgotten_when_it_is_over_or_lifted() {
    let dir = TempDir::new().unwrap();
    let mut bench = Bench::open(&dir);
    bench.put(StoreEffect::SaveSource(report(Capability::Quote, blocked(NOW + 60))));
    bench.put(StoreEffect::SaveSource(report(Capability::Candles, blocked(NOW + 60))));
    bench.saved();
    bench.put(StoreEffect::SaveSource(report(Capability::Quote, Outcome::Well)));
    bench.saved();
    let reader = Reader::open(dir.path()).unwrap();
    assert_eq!(reader.sources(at(NOW)).unwrap(), [report(Capability::Candles, blocked(NOW + 60))]);
    assert_eq!(reader.sources(at(NOW + 60)).unwrap(), []);
}

/// What the store finds for a query.
fn candidates(reader: &Reader, query: &str) -> Vec<(Story, Marks)> {
    let need = Query::parse(query).unwrap().need(&Topics::default(), at(NOW));
    let found = reader.candidates(need, None, STAMP).map(|found| found.map(|(story, marks, _)| (story, marks)));
    found.collect::<Result<_, _>>().unwrap()
}

#[test]
fn pruning_keeps_what_is_starred_and_remembers_what_it_removed() {
    let dir = TempDir::new().unwrap();
    let old = NOW - 91 * 86_400;
    let mut bench = Bench::at(Some(dir.path()), old);
    let many: Vec<_> = (0..1_200).map(|id| story(id, "Chips", old)).collect();
    bench.put(StoreEffect::SaveStories(many));
    bench.put(StoreEffect::SaveStories(vec![story(5_000, "Chips", NOW - 50)]));
    bench.put(StoreEffect::SaveMarks(vec![(StoryId(3), STARRED), (StoryId(4), READ)]));
    bench.saved();
    bench.close();

    let mut bench = Bench::open(&dir);
    bench.load(10);
    bench.put(StoreEffect::SaveFeed(feed("a").into()));
    bench.saved();
    while stories(&dir).len() > 2 {
        bench.put(StoreEffect::SaveFeed(feed("a").into()));
        bench.saved();
    }
    assert_eq!(stories(&dir).iter().map(|(story, _)| story.id.0).collect::<Vec<_>>(), [5_000, 3]);
    assert_eq!(candidates(&Reader::open(dir.path()).unwrap(), "chips").len(), 2);

    // Its feed still carries it: it comes back as what it was, not as new.
    bench.put(StoreEffect::SaveStories(vec![Story { first_seen: at(NOW), ..story(4, "Chips", old) }]));
    let known = loop {
        if let Event::Loaded(known) = bench.event() {
            break known;
        }
    };
    assert_eq!(known.stories, [(story(4, "Chips", old), READ)]);
}

/// A closed database of 1,200 stories, each tenth starred, in one piece.
fn filled() -> TempDir {
    let dir = TempDir::new().unwrap();
    let bench = Bench::open(&dir);
    for from in (0..1_200).step_by(100) {
        bench.put(StoreEffect::SaveStories((from..from + 100).map(|id| story(id, "Chips", NOW - 9)).collect()));
    }
    bench.put(StoreEffect::SaveMarks((0..1_200).step_by(10).map(|id| (StoryId(id), STARRED)).collect()));
    bench.put(StoreEffect::SaveQuery("chips".into()));
    bench.close();
    dir
}

/// Stories and stars left after a damage was noticed and what can be read was carried over.
fn salvaged(dir: &TempDir) -> (usize, usize) {
    let mut bench = Bench::open(dir);
    bench.store.load(200, STAMP);
    assert!(bench.replaced().contains("was damaged"));
    // What was carried over is reported as at the start.
    while !matches!(bench.event(), Event::Loaded(part) if part.done) {}
    bench.close();
    let kept = stories(dir);
    (kept.len(), kept.iter().filter(|(_, marks)| marks.starred).count())
}

#[test]
fn a_file_whose_first_page_is_gone_leaves_queries_and_layout_too() {
    let dir = filled();
    let bench = Bench::open(&dir);
    let layout = Layout { columns: 4, ..Layout::default() };
    bench.put(StoreEffect::SaveQuery("coins".into()));
    bench.put(StoreEffect::SaveLayout(layout.clone()));
    bench.close();
    let path = dir.path().join("newstape.db");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[..4096].fill(0xA5);
    std::fs::write(&path, bytes).unwrap();
    salvaged(&dir);
    let loaded = Bench::open(&dir).load(10).remove(0);
    assert_eq!((loaded.queries, loaded.layout), (vec!["chips".into(), "coins".into()], Some(layout)));
}

#[test]
fn what_a_killed_newstape_left_beside_a_damaged_file_is_carried_over() {
    let dir = filled();
    let mut bench = Bench::open(&dir);
    bench.put(StoreEffect::SaveMarks((0..20).map(|id| (StoryId(id), STARRED)).collect()));
    bench.saved();
    let copy = |name: &str| (name.to_owned(), std::fs::read(dir.path().join(name)).unwrap());
    let [mut database, wal] = [copy("newstape.db"), copy("newstape.db-wal")];
    bench.close();
    database.1[..4096].fill(0xA5);
    // Of the write-ahead log what SQLite would take: up to the last commit that is whole.
    for (cut, more) in [(0, 18), (1, 0)] {
        let after = TempDir::new().unwrap();
        std::fs::write(after.path().join(&database.0), &database.1).unwrap();
        std::fs::write(after.path().join(&wal.0), &wal.1[..wal.1.len() - cut]).unwrap();
        assert_eq!(salvaged(&after), (1_200, 120 + more));
    }
}

#[test]
fn a_damaged_file_of_an_older_newstape_is_carried_over() {
    for version in 1..=schema::NEWEST {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("newstape.db");
        let mut connection = Connection::open(&path).unwrap();
        schema::migrate(&mut connection, version).unwrap();
        let sql = "INSERT INTO story (id, feed, outlet, title, summary, first_seen, time, is_primary, starred)
                   VALUES (?1, 'Desk', 'The Desk', 'Chips', ?2, ?3, ?3, 1, ?4)";
        for id in 0..400 {
            let fields = rusqlite::params![id, "More on chips. ".repeat(20), NOW * 1_000, id % 10 == 0];
            connection.execute(sql, fields).unwrap();
        }
        drop(connection);
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2 / 4096 * 4096;
        bytes[middle..middle + 4096].fill(0xA5);
        if version == schema::NEWEST {
            bytes[..4096].fill(0xA5);
        }
        std::fs::write(&path, bytes).unwrap();
        let (kept, stars) = salvaged(&dir);
        assert!(kept >= 380 && stars >= 38, "schema {version}: {kept} stories, {stars} stars");
    }
}

/// Rubbish over a page.
fn damage(bytes: &mut [u8], part: usize) {
    let at = bytes.len() / part / 4096 * 4096;
    bytes[at..at + 4096].fill(0xA5);
}

#[test]
fn a_reader_finds_nothing_where_nothing_was_stored_and_leaves_no_trace() {
    let dir = TempDir::new().unwrap();
    let reader = Reader::open(&dir.path().join("none")).unwrap();
    assert_eq!(reader.stories(None).count(), 0);
    assert_eq!(reader.feeds().unwrap(), []);
    assert_eq!(candidates(&reader, "chips"), []);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_reader_goes_no_further_back_than_asked() {
    let dir = TempDir::new().unwrap();
    let mut bench = Bench::open(&dir);
    bench.put(StoreEffect::SaveStories((0..300).map(|id| story(id, "Chips", NOW - 10 * id as i64)).collect()));
    bench.saved();
    let reader = Reader::open(dir.path()).unwrap();
    assert_eq!(reader.stories(Some(at(NOW - 2_500))).count(), 251);
    assert_eq!(reader.stories(None).take(5).count(), 5);
}

const CRASH_DIR: &str = "NEWSTAPE_TEST_CRASH_DIR";

/// Run by the next test in a process of its own: saves without end, and prints what was reported as saved.
#[test]
#[ignore = "the child of `what_was_said_to_be_saved_survives_a_kill`"]
fn saves_until_killed() {
    let Some(dir) = std::env::var_os(CRASH_DIR) else { return };
    let (sender, mut events) = tokio::sync::mpsc::channel(64);
    let put = Arc::new(AtomicI64::new(-1));
    let clock_put = Arc::clone(&put);
    // The clock counts stories: `Saved(n)` means that stories up to n are on disk.
    let clock: Clock = Arc::new(move || at(NOW + clock_put.load(Ordering::SeqCst)));
    let store = Store::open(Some(Path::new(&dir)), KEEP, sender, clock).unwrap();
    let mut out = std::io::stdout();
    for id in 0.. {
        store.carry_out(StoreEffect::SaveStories(vec![story(id, "Chips", NOW)]));
        put.store(id as i64, Ordering::SeqCst);
        store.carry_out(StoreEffect::SaveFeed(feed(&id.to_string()).into()));
        // Every so often wait for the store, so that the disk keeps up.
        while id % 50 == 49 || !events.is_empty() {
            if let Event::Saved(upto) = next(&mut events) {
                writeln!(out, "saved {}", upto.as_second() - NOW).unwrap();
                break;
            }
        }
    }
}

#[test]
fn what_was_said_to_be_saved_survives_a_kill() {
    let dir = TempDir::new().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["store::tests::saves_until_killed", "--exact", "--ignored", "--nocapture"])
        .env(CRASH_DIR, dir.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let printed: Vec<u64> =
        lines.map_while(Result::ok).filter_map(|line| line.strip_prefix("saved ")?.parse().ok()).take(12).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    let last = *printed.last().unwrap();
    assert_eq!(printed.len(), 12, "the child ended early");

    let mut bench = Bench::open(&dir);
    let loaded = bench.load(100_000);
    let mut ids: Vec<u64> = loaded.iter().flat_map(|part| &part.stories).map(|(story, _)| story.id.0).collect();
    ids.sort_unstable();
    assert!(ids.len() as u64 > last, "reported {last}, kept {}", ids.len());
    assert_eq!(ids, (0..ids.len() as u64).collect::<Vec<_>>(), "there is a hole");
    // The validators are never newer than the stories.
    let validator: u64 = loaded[0].feeds[0].cache.etag.as_ref().unwrap().parse().unwrap();
    assert!(validator < ids.len() as u64);
}

#[test]
fn what_waits_is_saved_within_a_quarter_of_a_second() {
    let dir = TempDir::new().unwrap();
    let mut bench = Bench::open(&dir);
    bench.put(StoreEffect::SaveFeed(feed("a").into()));
    bench.saved();
    let (done, timer) = mpsc::channel::<()>();
    bench.put(StoreEffect::SaveFeed(feed("b").into()));
    // Generous, for a busy machine: the point is that nothing else has to happen.
    let watch = std::thread::Builder::new().spawn(move || timer.recv_timeout(Duration::from_secs(2)).is_ok()).unwrap();
    bench.saved();
    done.send(()).unwrap();
    assert!(watch.join().unwrap());
}
