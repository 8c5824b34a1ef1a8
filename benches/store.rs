//! How fast a large store saves and loads: 100,000 stories.

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use divan::Bencher;
use jiff::{SignedDuration, Timestamp};
use newstape::config::shipped;
use newstape::domain::Name;
use newstape::domain::analysis::{Analysis, Stamp};
use newstape::domain::query::StoryText;
use newstape::domain::query::{Query, Subject};
use newstape::domain::story::{Marks, Story, StoryId};
use newstape::domain::text::Text;
use newstape::domain::topic::Topics;
use newstape::event::{Event, STORIES_AT_ONCE, StoreEffect};
use newstape::store::{Reader, Store};
use tempfile::TempDir;
use tokio::sync::mpsc::{Receiver, channel};

const KEEP: Duration = Duration::from_hours(90 * 24);
const LIMIT: Duration = Duration::from_mins(1);
const WORDS: [&str; 12] = [
    "chips",
    "regulators",
    "prices",
    "funding",
    "quarter",
    "senators",
    "exchange",
    "datacentre",
    "shares",
    "ruling",
    "forecast",
    "tokens",
];

fn main() {
    divan::main();
}

fn now() -> Timestamp {
    Timestamp::from_second(1_795_000_000).unwrap_or_default()
}

/// A story of a title and some sixty words, with an id as scattered as a hash.
fn story(number: u64) -> Story {
    let mut random = fastrand::Rng::with_seed(number);
    let mut words = |count| {
        let mut text = String::new();
        for _ in 0..count {
            text.push_str(WORDS[random.usize(..WORDS.len())]);
            // A word by itself stands in every third story, one with a number in one or none.
            if random.u8(..16) > 0 {
                text.push_str(&random.u16(..).to_string());
            }
            text.push(' ');
        }
        text
    };
    let (title, summary) = (words(9), words(60));
    let time = now() - SignedDuration::from_secs(number as i64 * 30);
    Story {
        id: StoryId(random.u64(..)),
        feed: format!("Feed {}", number % 30).into(),
        outlet: format!("Outlet {}", number % 90).into(),
        title: title.into(),
        title_before: None,
        summary: summary.into(),
        link: Some(format!("https://desk.example/{number}")),
        lang: Some("en".into()),
        published: Some(time),
        first_seen: time + SignedDuration::from_secs(40),
        primary: false,
        reference: None,
    }
}

fn open(dir: &Path) -> (Store, Receiver<Event>) {
    let (sender, events) = channel(256);
    let store = Store::open(Some(dir), KEEP, sender, Arc::new(now)).expect("a thread");
    (store, events)
}

fn fill(dir: &Path, count: u64) {
    let (store, mut events) = open(dir);
    for from in (0..count).step_by(STORIES_AT_ONCE) {
        store.carry_out(StoreEffect::SaveStories((from..from + STORIES_AT_ONCE as u64).map(story).collect()));
        if from % 10_000 == 9_900 {
            while !matches!(events.blocking_recv(), Some(Event::Saved(_))) {}
        }
    }
    store.close(LIMIT).expect("all saved");
}

#[divan::bench(args = [10_000, 100_000], sample_count = 1, sample_size = 1)]
fn save(bencher: Bencher, count: u64) {
    bencher.with_inputs(|| TempDir::new().expect("a folder")).bench_refs(|dir| fill(dir.path(), count));
}

/// From opening the store to the first part: what stands before the first frame.
#[divan::bench(args = [10_000, 100_000], sample_count = 10, sample_size = 1)]
fn first_part(bencher: Bencher, count: u64) {
    let dir = TempDir::new().expect("a folder");
    fill(dir.path(), count);
    bencher.bench_local(|| {
        let (store, mut events) = open(dir.path());
        store.load(5_000, Stamp::NONE);
        let first = events.blocking_recv();
        (store, first)
    });
}

/// All of the window.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn window(bencher: Bencher) {
    let dir = TempDir::new().expect("a folder");
    fill(dir.path(), 10_000);
    bencher.bench_local(|| {
        let (store, mut events) = open(dir.path());
        store.load(5_000, Stamp::NONE);
        while !matches!(events.blocking_recv(), Some(Event::Loaded(part)) if part.done) {}
        store
    });
}

/// A hundred thousand stories, made once for all filters.
fn hundred_thousand() -> &'static Path {
    static DIR: OnceLock<TempDir> = OnceLock::new();
    let dir = DIR.get_or_init(|| {
        let dir = TempDir::new().expect("a folder");
        fill(dir.path(), 100_000);
        dir
    });
    dir.path()
}

/// Queries of words, phrases and fields; of a hundred thousand stories …
const FILTERS: [&str; 14] = [
    "chips",                              // … 30,000 match,
    "chips shares -tokens",               // 6,000,
    "\"chips shares\"",                   // 180,
    "\"prices funding\"~5",               // 2,000,
    "chips100",                           // 8,
    "chips1*",                            // 40,000,
    "\"chips shares\" OR title:forecast", // 5,000,
    "title:(chips OR prices) summary:tokens",
    "outlet:\"outlet 17\" funding",
    "feed:\"feed 3\" is:unread age<7d",
    "is:starred",
    "lang:fr",
    "topic:crypto",
    "nothing-like-this",
];

/// All that match, up to five hundred: what the screen holds of a filter at most.
#[divan::bench(args = FILTERS, sample_count = 10, sample_size = 1)]
fn filter(bencher: Bencher, source: &str) {
    let reader = Reader::open(hundred_thousand()).expect("a store");
    let query = Query::parse(source).expect("a query");
    let config = shipped();
    let (topics, _) = Topics::compile(&config.topics, &config.terms);
    bencher.bench_local(|| matches(&reader, &query, &topics, 500));
}

/// The first page of what only reading can tell.
#[divan::bench(args = ["/chips\\d+ shares/", "-chips"], sample_count = 10, sample_size = 1)]
fn filter_first_page(bencher: Bencher, source: &str) {
    let reader = Reader::open(hundred_thousand()).expect("a store");
    let query = Query::parse(source).expect("a query");
    bencher.bench_local(|| matches(&reader, &query, &Topics::default(), 50));
}

fn matches(reader: &Reader, query: &Query, topics: &Topics, limit: usize) -> usize {
    let candidates = reader.candidates(query.need(topics, now()), None, Stamp::NONE);
    let passes = |(story, marks, _): &(Story, Marks, Option<Analysis>)| {
        let text = Text::new(&story.title, &story.summary);
        let tagged: Vec<Name> = topics.tag(&text).into_iter().map(|tag| tag.topic).collect();
        let subject = Subject {
            story,
            text: StoryText::new(story),
            topics: &tagged,
            symbols: &[],
            marks: *marks,
            muted: false,
            outlets: 1,
            moves: &[],
            now: now(),
        };
        query.matches(&subject)
    };
    candidates.map_while(Result::ok).filter(passes).take(limit).count()
}
