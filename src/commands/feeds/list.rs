//! `newstape feeds list`.

use std::io::Write;

use clap::Args;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::super::asking::stored;
use super::super::{Done, Failure, Surroundings, table};
use crate::config::units::print_duration;
use crate::domain::feed::{Feed, FeedState};
use crate::screen::text::{age, day_and_clock};

#[derive(Debug, Args)]
pub struct List {
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
    /// `off`, `new`, `ok`, `trouble` or `gone`.
    state: &'static str,
    trouble: Option<&'a str>,
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
        let mut out = std::io::stdout().lock();
        if self.json {
            for feed in &config.feeds {
                let line = serde_json::to_string(&line(feed, state_of(feed)));
                writeln!(out, "{}", line.map_err(|error| Failure::not_had(error.to_string()))?)?;
            }
            return Ok(());
        }
        let mut rows = vec![["name", "category", "every", "state", "address"].map(str::to_owned)];
        rows.extend(config.feeds.iter().map(|feed| {
            let state = in_words(feed, state_of(feed), now, &zone);
            let every = print_duration(feed.interval);
            [feed.name.to_string(), feed.category.to_string(), every, state, feed.url.clone()]
        }));
        table::write(&mut out, &rows)?;
        Ok(())
    }
}

fn word(feed: &Feed, state: Option<&FeedState>) -> &'static str {
    match state {
        _ if !feed.enabled => "off",
        None => "new",
        Some(state) if state.is_stopped() => "gone",
        Some(state) if state.trouble.is_some() => "trouble",
        Some(_) => "ok",
    }
}

fn line<'a>(feed: &'a Feed, state: Option<&'a FeedState>) -> Line<'a> {
    Line {
        name: &feed.name,
        category: &feed.category,
        url: &feed.url,
        interval: feed.interval.as_secs(),
        primary: feed.primary,
        lang: feed.lang.as_deref(),
        enabled: feed.enabled,
        state: word(feed, state),
        trouble: state.and_then(|state| state.trouble.as_deref()),
        last_success: state.and_then(|state| state.last_success),
        next_check: state.filter(|state| !state.is_stopped()).and_then(|state| state.next_check),
    }
}

fn in_words(feed: &Feed, state: Option<&FeedState>, now: Timestamp, zone: &TimeZone) -> String {
    let trouble = state.and_then(|state| state.trouble.clone());
    match (word(feed, state), trouble) {
        ("off", _) => "off".into(),
        ("new", _) => "not asked yet".into(),
        (_, None) => {
            let heard = state.and_then(|state| state.last_success);
            heard.map_or("not asked yet".into(), |heard| format!("heard {} ago", age(heard, now)))
        }
        (_, Some(trouble)) => {
            let next = state.filter(|state| !state.is_stopped()).and_then(|state| state.next_check);
            match next.filter(|next| *next > now) {
                Some(next) => format!("{trouble}; again {}", day_and_clock(next, now, zone)),
                None => trouble,
            }
        }
    }
}
