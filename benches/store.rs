//! How fast a large store saves and loads: 100,000 stories.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use divan::Bencher;
use jiff::{SignedDuration, Timestamp};
use newstape::domain::story::{Story, StoryId};
use newstape::event::{Effect, Event, STORIES_AT_ONCE};
use newstape::store::{Reader, Store};
use tempfile::TempDir;
use tokio::sync::mpsc::{Receiver, channel};

const KEEP: Duration = Duration::from_secs(90 * 86_400);
const LIMIT: Duration = Duration::from_secs(60);
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
            text.push_str(&random.u16(..).to_string());
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
        title,
        title_before: None,
        summary,
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
        store.carry_out(Effect::SaveStories((from..from + STORIES_AT_ONCE as u64).map(story).collect()));
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
        store.load(5_000);
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
        store.load(5_000);
        while !matches!(events.blocking_recv(), Some(Event::Loaded(part)) if part.done) {}
        store
    });
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn search(bencher: Bencher) {
    let dir = TempDir::new().expect("a folder");
    fill(dir.path(), 10_000);
    let reader = Reader::open(dir.path()).expect("a store");
    bencher.bench_local(|| reader.search("chips100", 100).map(|found| found.len()));
}
