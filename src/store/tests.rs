#![allow(clippy::unwrap_used)]

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
const KEEP: Duration = Duration::from_secs(90 * 86_400);
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
        self.store.load(window);
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
    reader.candidates(need, None).collect::<Result<_, _>>().unwrap()
}

#[test]
fn the_history_of_queries_is_kept_and_bounded() {
    let dir = TempDir::new().unwrap();
    let mut bench = Bench::open(&dir);
    for number in 0..QUERIES_MAX + 5 {
        bench.put(StoreEffect::SaveQuery(format!("q{number}")));
    }
    bench.put(StoreEffect::SaveQuery("q50".into()));
    bench.saved();
    bench.put(StoreEffect::SaveQuery("q51".into()));
    bench.saved();
    let queries: Vec<String> = bench.load(1).into_iter().flat_map(|part| part.queries).collect();
    assert_eq!(queries.len(), QUERIES_MAX);
    assert_eq!(queries[QUERIES_MAX - 3..], ["q104", "q50", "q51"]);
    assert_eq!(queries.iter().filter(|query| *query == "q50").count(), 1);
}

#[test]
fn a_search_comes_page_by_page_and_a_new_one_ends_it() {
    let dir = TempDir::new().unwrap();
    let mut bench = Bench::open(&dir);
    bench.put(StoreEffect::SaveStories((0..250).map(|id| story(id, "Chips", NOW - id as i64)).collect()));
    bench.saved();
    let need = Query::parse("chips").unwrap().need(&Topics::default(), at(NOW));
    let found = |bench: &mut Bench| loop {
        if let Event::Found { number, stories, done } = bench.event() {
            return (number, stories.iter().map(|(story, _)| story.id.0).collect::<Vec<_>>(), done);
        }
    };
    bench.put(StoreEffect::Search { number: 1, need: need.clone(), until: at(NOW - 40) });
    assert_eq!(found(&mut bench), (1, (40..140).collect(), false));
    bench.put(StoreEffect::SearchMore { number: 1 });
    assert_eq!(found(&mut bench), (1, (140..240).collect(), false));
    bench.put(StoreEffect::Search { number: 2, need, until: at(NOW - 245) });
    assert_eq!(found(&mut bench), (2, (245..250).collect(), false));
    bench.put(StoreEffect::SearchMore { number: 1 });
    bench.put(StoreEffect::SearchMore { number: 2 });
    assert_eq!(found(&mut bench), (2, vec![], true));
}

#[test]
fn words_are_found_without_regard_to_case_and_accents() {
    let dir = TempDir::new().unwrap();
    let mut bench = Bench::open(&dir);
    bench.put(StoreEffect::SaveStories(vec![story(1, "L'économie des puces", NOW - 9), story(2, "Old news", NOW - 5)]));
    bench.saved();
    bench.put(StoreEffect::SaveStories(vec![story(2, "Other news", NOW - 5)]));
    bench.saved();
    let reader = Reader::open(dir.path()).unwrap();
    let found = |words: &str| candidates(&reader, words).iter().map(|(story, _)| story.id.0).collect::<Vec<_>>();
    for (words, expected) in [
        ("ECONOMIE", vec![1]),
        ("puces économie", vec![1]),
        ("more", vec![2, 1]),
        ("old", vec![]),
        ("other", vec![2]),
        ("", vec![2, 1]),
        ("l'economie", vec![1]),
    ] {
        assert_eq!(found(words), expected, "{words}");
    }
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

#[test]
fn a_clock_that_is_far_ahead_prunes_nothing() {
    const DAY: i64 = 86_400;
    let dir = TempDir::new().unwrap();
    // The stories left after a run by a clock that says so, in which new ones came.
    let left_at = |now: i64, new: Vec<Story>| {
        let (sender, _events) = tokio::sync::mpsc::channel(64);
        let inbox = Arc::new(Inbox::default());
        let clock: Clock = Arc::new(move || at(now));
        let place = Some(dir.path().to_owned());
        let mut keeper = StoreThread::new(place, KEEP, sender, clock.clone(), Arc::clone(&inbox)).unwrap();
        inbox.put(StoreEffect::SaveStories(new));
        for _ in 0..4 {
            let round = inbox.next(inbox::Pause::AtMost(Duration::ZERO), &clock);
            keeper.round(round);
        }
        drop(keeper);
        stories(&dir).len()
    };
    let published = |id: u64, feed: &str, published: i64, seen: i64| Story {
        feed: feed.into(),
        first_seen: at(seen),
        ..story(id, "Chips", published)
    };
    let of_three = |from: u64, published_at: i64, seen: i64| -> Vec<Story> {
        (0..30).map(|id| published(from + id, ["Desk", "Wire", "Times"][id as usize % 3], published_at, seen)).collect()
    };
    assert_eq!(left_at(NOW, of_three(0, NOW, NOW)), 30);
    // More than the time that stories are kept.
    let ahead = NOW + 400 * DAY;
    assert_eq!(left_at(ahead, Vec::new()), 30);
    assert_eq!(left_at(ahead, of_three(100, NOW + 60, ahead)), 60, "feeds still say what time it is");
    assert_eq!(left_at(ahead + DAY, vec![published(200, "Dates", ahead, ahead)]), 61, "one feed of events to come");
    // The clock is right, and so late it is by the feeds too.
    let later = NOW + 100 * DAY;
    assert_eq!(left_at(later, Vec::new()), 61, "first one has to hear of it");
    let today = left_at(later, of_three(300, later - 60, later));
    assert_eq!(today, 61 + 30 - 30, "what came by the clock that was ahead is not yet old");
    assert_eq!(left_at(later + DAY, Vec::new()), today);
}

#[test]
fn a_second_newstape_reads_and_saves_nothing() {
    let dir = TempDir::new().unwrap();
    let mut first = Bench::open(&dir);
    first.put(StoreEffect::SaveStories(vec![story(1, "Chips", NOW - 9)]));
    first.saved();

    let mut second = Bench::open(&dir);
    let parts = second.load(100);
    assert!(parts.iter().all(|part| part.read_only));
    assert_eq!(parts[0].stories.len(), 1);
    second.put(StoreEffect::SaveStories(vec![story(2, "Chips", NOW - 9)]));
    second.close();
    assert_eq!(stories(&dir).len(), 1);

    first.close();
    let mut third = Bench::open(&dir);
    assert!(!third.load(100)[0].read_only);
}

#[test]
fn a_second_newstape_takes_over_when_the_first_ends_and_keeps_its_marks() {
    let dir = TempDir::new().unwrap();
    let mut first = Bench::open(&dir);
    first.put(StoreEffect::SaveStories(vec![story(1, "Chips", NOW - 9), story(2, "Coins", NOW - 9)]));
    first.saved();
    let mut second = Bench::open(&dir);
    assert!(second.load(100)[0].read_only);
    second.put(StoreEffect::SaveMarks(vec![(StoryId(1), STARRED)]));
    second.put(StoreEffect::SaveFeed(feed("a").into()));
    first.put(StoreEffect::SaveMarks(vec![(StoryId(2), READ)]));
    first.saved();
    first.close();

    // What is stored is reported again first, so that it is known before this one saves.
    let stored = loop {
        match second.event() {
            Event::Loaded(part) if !part.read_only => break part,
            Event::StoreTaken => panic!("before what is stored"),
            _ => {}
        }
    };
    assert_eq!(stored.stories.iter().find(|(story, _)| story.id == StoryId(2)).unwrap().1, READ);
    while !matches!(second.event(), Event::StoreTaken) {}
    second.put(StoreEffect::SaveStories(vec![story(3, "Chips", NOW - 9)]));
    second.put(StoreEffect::SaveFeed(feed("b").into()));
    second.close();
    let mut kept: Vec<_> = stories(&dir).into_iter().map(|(story, marks)| (story.id.0, marks)).collect();
    kept.sort_by_key(|(id, _)| *id);
    assert_eq!(kept, [(1, STARRED), (2, READ), (3, Marks::default())]);
    let feeds = Reader::open(dir.path()).unwrap().feeds().unwrap();
    assert_eq!(feeds[0].cache.etag, None, "stories of before are missing: the feed is read whole at the next start");
}

#[test]
fn marks_that_are_lost_at_the_end_are_told() {
    let dir = TempDir::new().unwrap();
    let mut first = Bench::open(&dir);
    first.load(100);
    let mut second = Bench::open(&dir);
    second.load(100);
    second.put(StoreEffect::SaveMarks(vec![(StoryId(1), STARRED)]));
    let unsaved = second.store.close(LIMIT).unwrap_err();
    assert!(unsaved.starts_with("Lost: 1 mark. Another newstape"), "{unsaved}");
    first.close();
}

#[test]
fn rubbish_in_place_of_the_database_is_moved_aside() {
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("newstape.db"), "this was never a database".repeat(500)).unwrap();
    let mut bench = Bench::open(&dir);
    assert!(bench.replaced().contains("kept as newstape.db.broken-1795000000"));
    bench.put(StoreEffect::SaveStories(vec![story(1, "Chips", NOW - 9)]));
    bench.saved();
    assert_eq!(stories(&dir).len(), 1);
    assert!(dir.path().join("newstape.db.broken-1795000000").exists());
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
    bench.store.load(200);
    assert!(bench.replaced().contains("was damaged"));
    // What was carried over is reported as at the start.
    while !matches!(bench.event(), Event::Loaded(part) if part.done) {}
    bench.close();
    let kept = stories(dir);
    (kept.len(), kept.iter().filter(|(_, marks)| marks.starred).count())
}

#[test]
fn what_can_be_read_of_a_damaged_file_is_carried_over() {
    // A page of stories holds about forty.
    type Damage = fn(&mut Vec<u8>);
    let damages: [(&str, Damage, usize); 12] = [
        ("a page in the middle", |bytes| damage(bytes, 2), 1_150),
        ("a page at a third", |bytes| damage(bytes, 3), 1_150),
        ("the header", |bytes| bytes[..100].fill(0xA5), 1_200),
        ("the name in the header", |bytes| bytes[..16].fill(0), 1_200),
        ("the first page", |bytes| bytes[..4096].fill(0xA5), 1_200),
        ("the first page, with zeros", |bytes| bytes[..4096].fill(0), 1_200),
        ("the tables, but not the header", |bytes| bytes[100..4096].fill(0x11), 1_200),
        ("the page that leads to all stories", |bytes| bytes[4096..2 * 4096].fill(0xA5), 1_200),
        ("the first 40 KiB", |bytes| bytes[..40_960].fill(0xA5), 1_050),
        ("each eighth page", |bytes| bytes.chunks_mut(4096).step_by(8).for_each(|page| page.fill(0)), 980),
        (
            "half of each eighth page",
            |bytes| bytes.chunks_mut(4096).step_by(8).for_each(|page| page[2048..].fill(0)),
            1_060,
        ),
        ("the end is cut off", |bytes| bytes.truncate(bytes.len() - 20 * 4096 + 777), 800),
    ];
    for (name, break_it, least) in damages {
        let dir = filled();
        let path = dir.path().join("newstape.db");
        let mut bytes = std::fs::read(&path).unwrap();
        break_it(&mut bytes);
        std::fs::write(&path, bytes).unwrap();
        let (kept, stars) = salvaged(&dir);
        assert!(kept >= least && stars >= least / 10 - 4, "{name}: {kept} stories, {stars} stars");
        for (kept, _) in stories(&dir) {
            assert_eq!(kept, story(kept.id.0, "Chips", NOW - 9), "{name}");
        }
    }
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
fn data_that_is_removed_while_newstape_runs_is_written_anew() {
    let dir = TempDir::new().unwrap();
    let place = dir.path().join("data");
    let removals: [fn(&Path); 2] = [
        |place| std::fs::remove_dir_all(place).unwrap(),
        |place| std::fs::remove_file(place.join("newstape.db")).unwrap(),
    ];
    for (round, remove) in (0..).zip(removals) {
        let mut bench = Bench::at(Some(&place), NOW);
        bench.put(StoreEffect::SaveStories((0..300).map(|id| story(round * 300 + id, "Chips", NOW - 9)).collect()));
        bench.put(StoreEffect::SaveMarks(vec![(StoryId(round * 300), STARRED)]));
        bench.saved();
        remove(&place);
        assert!(bench.replaced().contains("was removed while newstape ran"));
        bench.put(StoreEffect::SaveStories(vec![story(10_000 + round, "Later", NOW)]));
        bench.close();
        let kept: Vec<_> = Reader::open(&place).unwrap().stories(None).collect::<Result<_, _>>().unwrap();
        assert_eq!(kept.len() as u64, 301 * (round + 1));
        assert_eq!(kept.iter().filter(|(_, marks)| marks.starred).count() as u64, round + 1);
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_told_and_nothing_stops() {
    let dir = TempDir::new().unwrap();
    let in_the_way = dir.path().join("file");
    std::fs::write(&in_the_way, "").unwrap();
    let mut bench = Bench::at(Some(&in_the_way.join("newstape")), NOW);
    assert!(bench.trouble().starts_with("The store can't be used: its folder can't be written."));
    bench.put(StoreEffect::SaveStories(vec![story(1, "Chips", NOW - 9)]));
    let parts = bench.load(100);
    assert!(parts[0].done && !parts[0].read_only);
    bench.close();
}

#[test]
fn a_scratch_never_says_saved() {
    let mut bench = Bench::at(None, NOW);
    bench.put(StoreEffect::SaveStories(vec![story(1, "Chips", NOW - 9)]));
    assert_eq!(bench.load(10)[0].stories.len(), 1);
    bench.put(StoreEffect::SaveFeed(feed("a").into()));
    bench.store.close(LIMIT).unwrap();
    assert!(bench.events.try_recv().is_err());
}

#[test]
fn a_full_disk_is_told_once_and_tried_again() {
    let dir = TempDir::new().unwrap();
    let (sender, mut events) = tokio::sync::mpsc::channel(64);
    let inbox = Arc::new(Inbox::default());
    let clock: Clock = Arc::new(|| at(NOW));
    let place = Some(dir.path().to_owned());
    let mut keeper = StoreThread::new(place, KEEP, sender, clock.clone(), Arc::clone(&inbox)).unwrap();
    let limit_pages = |keeper: &StoreThread, pages: u32| {
        keeper.connection().query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(())).unwrap();
    };
    limit_pages(&keeper, 1);
    inbox.put(StoreEffect::SaveStories((0..100).map(|id| story(id, "Chips", NOW - 9)).collect()));
    inbox.put(StoreEffect::SaveQuote(quote("1")));
    for _ in 0..2 {
        let round = inbox.next(inbox::Pause::AtMost(Duration::ZERO), &clock);
        keeper.round(round);
        inbox.put(StoreEffect::SaveQuote(quote("2")));
    }
    let Event::StoreTrouble(sentence) = next(&mut events) else { panic!() };
    assert_eq!(sentence, "Saving failed: the disk is full. newstape keeps what it has and tries again.");
    assert!(events.try_recv().is_err());

    limit_pages(&keeper, 1_000_000);
    let round = inbox.next(inbox::Pause::AtMost(Duration::ZERO), &clock);
    assert_eq!(round.waiting.stories.len(), 100);
    keeper.round(round);
    assert!(matches!(next(&mut events), Event::Saved(_)));
    assert_eq!(stories(&dir).len(), 100);
    assert_eq!(Reader::open(dir.path()).unwrap().quotes().unwrap()[0].price, "2".parse().unwrap());
}

#[test]
fn nothing_is_refused_and_validators_wait_for_the_stories_they_vouch_for() {
    const ALL: usize = 3 * inbox::STORIES_FULL;
    let dir = TempDir::new().unwrap();
    let (sender, mut events) = tokio::sync::mpsc::channel(64);
    let inbox = Arc::new(Inbox::default());
    let clock: Clock = Arc::new(|| at(NOW));
    let place = Some(dir.path().to_owned());
    let mut keeper = StoreThread::new(place, KEEP, sender, clock.clone(), Arc::clone(&inbox)).unwrap();
    let full = inbox.full();
    for from in (0..ALL as u64).step_by(100) {
        inbox.put(StoreEffect::SaveStories((from..from + 100).map(|id| story(id, "Chips", NOW)).collect()));
        inbox.put(StoreEffect::SaveGroups((from..from + 100).map(|id| (StoryId(id), StoryId(id / 2))).collect()));
        assert_eq!(*full.borrow(), from as usize + 100 >= inbox::STORIES_FULL, "{from}");
    }
    inbox.put(StoreEffect::SaveMarks(vec![(StoryId(1), READ), (StoryId(ALL as u64 - 1), STARRED)]));
    inbox.put(StoreEffect::SaveFeed(feed("a").into()));
    let mut rounds = 0;
    while inbox.left().0 > 0 {
        assert_eq!(Reader::open(dir.path()).unwrap().feeds().unwrap(), [], "its stories are not all saved");
        let round = inbox.next(inbox::Pause::AtMost(Duration::ZERO), &clock);
        assert!(round.waiting.stories.len() <= inbox::STORIES_PER_ROUND);
        keeper.round(round);
        rounds += 1;
    }
    assert_eq!((rounds, *full.borrow()), (ALL / inbox::STORIES_PER_ROUND, false));
    assert!(matches!(next(&mut events), Event::Saved(_)), "reported once all is saved");
    let kept = stories(&dir);
    assert_eq!(kept.len(), ALL);
    assert!(kept.iter().all(|(story, marks)| marks.group == Some(StoryId(story.id.0 / 2))));
    let marked: Vec<_> =
        kept.iter().filter(|(_, marks)| marks.read || marks.starred).map(|(story, _)| story.id.0).collect();
    assert_eq!(marked.len(), 2, "{marked:?}");
    assert_eq!(Reader::open(dir.path()).unwrap().feeds().unwrap()[0].cache.etag.as_deref(), Some("a"));
}

#[test]
fn an_end_with_a_full_disk_says_what_is_lost() {
    let dir = TempDir::new().unwrap();
    let (sender, _events) = tokio::sync::mpsc::channel(64);
    let inbox = Arc::new(Inbox::default());
    let place = Some(dir.path().to_owned());
    let keeper = StoreThread::new(place, KEEP, sender, Arc::new(|| at(NOW)), Arc::clone(&inbox)).unwrap();
    keeper.connection().query_row("PRAGMA max_page_count = 1", [], |_| Ok(())).unwrap();
    inbox.put(StoreEffect::SaveStories((0..100).map(|id| story(id, "Chips", NOW - 9)).collect()));
    inbox.put(StoreEffect::SaveMarks(vec![(StoryId(1), READ)]));
    inbox.close();
    let error = keeper.run().unwrap_err();
    assert_eq!(error, "The last changes could not be saved: the disk is full. Lost: 100 stories and 1 mark.");
}

#[test]
fn a_stalled_receiver_keeps_nothing_from_being_saved() {
    let dir = TempDir::new().unwrap();
    let (sender, events) = tokio::sync::mpsc::channel(1);
    let store = Store::open(Some(dir.path()), KEEP, sender, Arc::new(|| at(NOW))).unwrap();
    for id in 0..1_000 {
        store.carry_out(StoreEffect::SaveStories(vec![story(id, "Chips", NOW - 9)]));
        if id % 100 == 0 {
            store.load(5_000);
        }
    }
    store.close(LIMIT).unwrap();
    drop(events);
    assert_eq!(stories(&dir).len(), 1_000);
}

#[cfg(unix)]
#[test]
fn files_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let dir = TempDir::new().unwrap();
    let place = dir.path().join("share").join("newstape");
    let mut bench = Bench::at(Some(&place), NOW);
    bench.put(StoreEffect::SaveFeed(feed("a").into()));
    bench.saved();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place), 0o700);
    for file in std::fs::read_dir(&place).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
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
    ids.sort();
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
