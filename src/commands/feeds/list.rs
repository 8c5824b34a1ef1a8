//! `newstape feeds list`.

use clap::Args;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::super::asking::stored;
use super::super::{Done, Surroundings, out, say_json, table};
use crate::app::health::FeedLine;
use crate::domain::feed::Feed;
use crate::domain::format;
use crate::screen::feeds::silent;
use crate::screen::text::day_and_clock;

#[derive(Debug, Args)]
pub(super) struct List {
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Line<'a> {
    name: &'a str,
    category: &'a str,
    url: &'a str,
    /// In seconds.
    interval: u64,
    primary: bool,
    lang: Option<&'a str>,
    enabled: bool,
    /// As the screen says it: `off`, `waits`, `fresh`, `silent`, `old`, `fails` or `stopped`.
    state: &'static str,
    trouble: Option<String>,
    last_success: Option<Timestamp>,
    next_check: Option<Timestamp>,
}

impl List {
    pub(super) fn run(self, around: &Surroundings) -> Done {
        let config = around.config()?;
        let states = stored(around);
        let now = (around.clock)();
        let zone = config.screen.time_zone.clone().unwrap_or_else(TimeZone::system);
        // What is remembered of another address says nothing about this one.
        let state_of = |feed: &Feed| states.iter().find(|state| state.feed == feed.name && state.url == feed.url);
        if self.json {
            for feed in &config.feeds {
                say_json(&line(&FeedLine { feed, state: state_of(feed) }, now))?;
            }
            return Ok(());
        }
        let mut rows = vec![["name", "category", "every", "state", "address"].map(str::to_owned)];
        rows.extend(config.feeds.iter().map(|feed| {
            let state = fares(&FeedLine { feed, state: state_of(feed) }, now, &zone);
            let every = format::duration(feed.interval);
            [feed.name.to_string(), feed.category.to_string(), every, state, feed.url.clone()]
        }));
        table::write(&mut out(), &rows)?;
        Ok(())
    }
}

fn line<'a>(it: &FeedLine<'a>, now: Timestamp) -> Line<'a> {
    let FeedLine { feed, state } = *it;
    Line {
        name: &feed.name,
        category: &feed.category,
        url: &feed.url,
        interval: feed.interval.as_secs(),
        primary: feed.primary,
        lang: feed.lang.as_deref(),
        enabled: feed.enabled,
        state: it.word(now),
        trouble: state.and_then(|state| Some(state.history.trouble.as_ref()?.to_string())),
        last_success: state.and_then(|state| state.history.last_success),
        next_check: state.and_then(|state| state.schedule.next_check.time()),
    }
}

/// How it fares, in the words of the screen.
fn fares(line: &FeedLine, now: Timestamp, zone: &TimeZone) -> String {
    let word = line.word(now);
    let Some(state) = line.state.filter(|_| line.feed.enabled) else {
        return if line.feed.enabled { "not asked yet".into() } else { word.into() };
    };
    if let Some(trouble) = &state.history.trouble {
        return match state.schedule.next_check.time().filter(|next| *next > now) {
            Some(next) => format!("{trouble}; again {}", day_and_clock(next, now, zone)),
            None => trouble.to_string(),
        };
    }
    match (silent(line, now), state.history.last_success) {
        (Some(silence), _) => format!("{word}: {silence}"),
        (None, Some(heard)) => format!("{word}, heard {} ago", format::brief_age(heard, now)),
        (None, None) => "not asked yet".into(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use jiff::SignedDuration;

    use super::*;
    use crate::domain::feed::{FeedState, NextCheck, Rhythm, Trouble};

    #[test]
    fn a_feed_fares_in_the_words_of_the_screen() {
        let now: Timestamp = "2026-11-23T18:00:00Z".parse().unwrap();
        let ago = |hours| now - SignedDuration::from_hours(hours);
        let feed = Feed::new("Wire".into(), "https://a.example/feed".to_owned());
        let mut well = FeedState::new("Wire".into(), "https://a.example/feed".to_owned());
        well.history.last_success = Some(ago(0));
        well.schedule.next_check = NextCheck::At(now + SignedDuration::from_mins(5));
        let hourly = |newest, entries| Rhythm {
            newest: Some(ago(newest)),
            median_gap: Some(Duration::from_hours(1)),
            entries: Some(entries),
            ..Rhythm::default()
        };
        let silent = FeedState { rhythm: hourly(9 * 24, 20), ..well.clone() };
        let empty = FeedState { rhythm: hourly(1, 0), ..well.clone() };
        let mut failing = well.clone();
        failing.history.trouble = Some(Trouble::Status(500));
        failing.schedule.next_check = NextCheck::Due;
        let mut gone = well.clone();
        gone.history.trouble = Some(Trouble::Status(410));
        gone.schedule.next_check = NextCheck::Never;
        let mut old = well.clone();
        old.history.last_success = Some(ago(72));
        old.schedule.next_check = NextCheck::At(ago(60));
        for (state, word, words) in [
            (None, "waits", "not asked yet"),
            (Some(&well), "fresh", "fresh, heard 0m ago"),
            (Some(&silent), "silent", "silent: nothing new for 9d; usually one about every 1h"),
            (Some(&empty), "silent", "silent: answers well, but has no entries"),
            (Some(&failing), "fails", "server error (500)"),
            (Some(&gone), "stopped", "gone for good; it is not asked any more (410)"),
            (Some(&old), "old", "old, heard 3d ago"),
        ] {
            let it = FeedLine { feed: &feed, state };
            assert_eq!((line(&it, now).state, fares(&it, now, &TimeZone::UTC).as_str()), (word, words));
        }
        let off = Feed { enabled: false, ..feed };
        let it = FeedLine { feed: &off, state: Some(&well) };
        assert_eq!((line(&it, now).state, fares(&it, now, &TimeZone::UTC).as_str()), ("off", "off"));
    }
}
