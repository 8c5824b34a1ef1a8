//! How fast headlines are tagged with the shipped rules and grouped, on one core. Over the recorded headlines beside the
//! project where they lie, else over made-up ones.

use std::path::Path;
use std::sync::OnceLock;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use jiff::{SignedDuration, Timestamp};
use newstape::config::shipped;
use newstape::domain::group::Groups;
use newstape::domain::story::StoryId;
use newstape::domain::text::Text;
use newstape::domain::topic::Topics;

/// Stories of the last 72 hours that grouping compares with.
const WINDOW: usize = 50_000;
/// Stories placed into a full window in one measured run.
const PLACED: usize = 10_000;

fn main() {
    divan::main();
}

#[derive(serde::Deserialize)]
struct Headline {
    title: String,
    #[serde(default)]
    summary: Option<String>,
    #[serde(default)]
    source: Option<String>,
}

fn headlines() -> &'static [Headline] {
    static HEADLINES: OnceLock<Vec<Headline>> = OnceLock::new();
    HEADLINES.get_or_init(|| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/gold/pool.jsonl");
        match std::fs::read_to_string(&path) {
            Ok(lines) => lines.lines().filter_map(|line| serde_json::from_str(line).ok()).collect(),
            Err(_) => {
                eprintln!("there are no recorded headlines at {}: made-up ones are used", path.display());
                (0..WINDOW as u64).map(made_up).collect()
            }
        }
    })
}

fn made_up(number: u64) -> Headline {
    const WORDS: [&str; 12] = [
        "Nvidia", "senators", "raise", "chips", "OpenAI", "billion", "bitcoin", "falls", "the SEC", "approves",
        "rules", "today",
    ];
    let mut random = fastrand::Rng::with_seed(number);
    let words: Vec<String> = (0..9).map(|_| format!("{} w{}", WORDS[random.usize(..12)], random.u16(..))).collect();
    Headline { title: words.join(" "), summary: None, source: Some(format!("Outlet {}", number % 90)) }
}

/// Titles alone, as they come.
#[divan::bench(sample_count = 10)]
fn tag_titles(bencher: Bencher) {
    tag(bencher, |headline| Text::new(&headline.title, ""));
}

/// Titles with their summaries.
#[divan::bench(sample_count = 10)]
fn tag_titles_and_summaries(bencher: Bencher) {
    tag(bencher, |headline| Text::new(&headline.title, headline.summary.as_deref().unwrap_or_default()));
}

fn tag(bencher: Bencher, text: impl Fn(&Headline) -> Text) {
    let config = shipped();
    let (topics, _) = Topics::compile(&config.topics, &config.terms);
    let headlines = headlines();
    bencher.counter(ItemsCount::new(headlines.len())).bench_local(|| {
        for headline in headlines {
            black_box(topics.tag(&text(headline)));
        }
    });
}

/// Stories placed against a window of 72 hours that holds 50,000 others.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn group_in_a_full_window(bencher: Bencher) {
    let headlines = headlines();
    let start = Timestamp::from_second(1_795_000_000).unwrap_or_default();
    let place = |groups: &mut Groups, number: usize| {
        let headline = &headlines[number % headlines.len()];
        let time = start + SignedDuration::from_secs(number as i64 * 72 * 3600 / WINDOW as i64);
        let outlet = headline.source.as_deref().unwrap_or_default();
        // The same headlines come again when there are fewer than wanted: told apart by what stands behind them.
        let title = format!("{} {}", headline.title, ["", "anew", "once more"][number / headlines.len() % 3]);
        groups.place(StoryId(number as u64 + 1), &title, outlet, time)
    };
    let full = || {
        let mut groups = Groups::default();
        for number in 0..WINDOW {
            place(&mut groups, number);
        }
        groups
    };
    bencher.with_inputs(full).counter(ItemsCount::new(PLACED)).bench_local_values(|mut groups| {
        for number in WINDOW..WINDOW + PLACED {
            black_box(place(&mut groups, number));
        }
        groups
    });
}
