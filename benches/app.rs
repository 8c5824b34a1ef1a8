//! How long the state takes with a full window: 10,000 stories. A key must stay under 10 ms.

use std::sync::Arc;

use crossterm::event::{Event as Terminal, KeyCode, KeyEvent, KeyModifiers};
use divan::{Bencher, black_box};
use jiff::{SignedDuration, Timestamp};
use newstape::app::App;
use newstape::config::shipped;
use newstape::domain::story::{Marks, Story, StoryId};
use newstape::event::{Event, Loaded, STORIES_AT_ONCE};

const WINDOW: u64 = 10_000;
const WORDS: [&str; 18] = [
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
    "Nvidia",
    "OpenAI",
    "Bitcoin",
    "the SEC",
    "a billion dollars",
    "investors",
];

fn main() {
    divan::main();
}

fn now() -> Timestamp {
    Timestamp::from_second(1_795_456_800).unwrap_or_default()
}

/// A story of a title and some sixty words; each but the newest older by half a minute than the one before.
fn story(number: u64) -> Story {
    let mut random = fastrand::Rng::with_seed(number);
    let mut words = |count| {
        let mut text = String::new();
        for _ in 0..count {
            text.push_str(WORDS[random.usize(..WORDS.len())]);
            text.push_str(&format!(" w{} ", random.u16(..)));
        }
        text
    };
    let (title, summary) = (words(5), words(30));
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
        first_seen: time,
        primary: false,
        reference: None,
    }
}

fn parts() -> Vec<Event> {
    let stories: Vec<(Story, Marks)> = (1..=WINDOW).map(|number| (story(number), Marks::default())).collect();
    let part = |stories: &[(Story, Marks)]| Loaded { stories: stories.to_vec(), ..Loaded::default() };
    stories.chunks(STORIES_AT_ONCE).map(|stories| Event::Loaded(part(stories))).collect()
}

fn full() -> App {
    let mut app = App::new(Arc::new(shipped()), now());
    for part in parts() {
        app.update(part, now());
    }
    app
}

fn key(code: KeyCode) -> Event {
    Event::Terminal(Terminal::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

fn typed(app: &mut App, text: &str) {
    text.chars().for_each(|letter| drop(app.update(key(KeyCode::Char(letter)), now())));
}

/// A window of stories: tagged, grouped, put in order.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn load(bencher: Bencher) {
    bencher.with_inputs(|| (App::new(Arc::new(shipped()), now()), parts())).bench_local_values(|(mut app, parts)| {
        for part in parts {
            app.update(part, now());
        }
        app
    });
}

/// One more letter of a query.
#[divan::bench(args = ["ruling", "\"billion dollars\"~5", "is:unread", "age<24h outlets>0"], sample_count = 20, sample_size = 1)]
fn type_a_letter(bencher: Bencher, query: &str) {
    let mut app = full();
    typed(&mut app, "/");
    typed(&mut app, query);
    bencher.bench_local(|| {
        black_box(app.update(key(KeyCode::Backspace), now()));
        app.update(key(KeyCode::Char(query.chars().last().unwrap_or('x'))), now())
    });
}

#[divan::bench(sample_count = 20, sample_size = 1)]
fn topic_and_back(bencher: Bencher) {
    let mut app = full();
    bencher.bench_local(|| {
        typed(&mut app, "2");
        typed(&mut app, "0");
    });
}

/// A star while a query is in force, which is asked again.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn star_under_a_query(bencher: Bencher) {
    let mut app = full();
    typed(&mut app, "/ruling");
    app.update(key(KeyCode::Enter), now());
    bencher.bench_local(|| app.update(key(KeyCode::Char('s')), now()));
}

#[divan::bench(sample_count = 100, sample_size = 1)]
fn insert_into_a_full_window(bencher: Bencher) {
    let mut app = full();
    let mut number = WINDOW;
    bencher
        .with_inputs(|| {
            number += 1;
            let time = now() + SignedDuration::from_secs(number as i64);
            Event::Stories(vec![Story { published: Some(time), first_seen: time, ..story(number) }])
        })
        .bench_local_values(|event| app.update(event, now()));
}
