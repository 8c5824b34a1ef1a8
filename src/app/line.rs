//! A story as one JSON object: what the commands print and what an alert hands on. `snake_case`, times RFC 3339 in UTC,
//! moves as numbers, unknown values null or absent.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::wire::{Item, Wire};
use crate::domain::Name;
use crate::domain::price::Series;
use crate::domain::reaction::{LATER, percent, recorded_at};

/// A story with what newstape worked out about it.
#[derive(Debug, Serialize)]
pub(crate) struct StoryLine<'a> {
    pub id: String,
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<&'a Value>,
    pub title: &'a str,
    pub link: Option<&'a str>,
    pub outlet: &'a str,
    pub feed: &'a str,
    pub lang: Option<&'a str>,
    pub published: Option<Timestamp>,
    pub first_seen: Timestamp,
    /// Names, children with their parents.
    pub topics: Vec<&'a str>,
    pub symbols: Vec<&'a str>,
    pub group: String,
    /// In order of appearance.
    pub outlets: Vec<&'a str>,
    pub summary: &'a str,
    /// By symbol: what its price did since, in a recorded day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moves: Option<BTreeMap<&'a str, MovesLine>>,
}

impl<'a> StoryLine<'a> {
    pub(crate) fn new(item: &'a Item, wire: &'a Wire) -> StoryLine<'a> {
        StoryLine::carried_by(item, wire.outlets(item.group))
    }

    /// Of a story whose group is carried by these outlets.
    pub(crate) fn carried_by(item: &'a Item, outlets: impl IntoIterator<Item = &'a Name>) -> StoryLine<'a> {
        let story = &item.story;
        StoryLine {
            id: story.id.to_string(),
            reference: story.reference.as_deref(),
            title: &story.title,
            link: story.link.as_deref(),
            outlet: &story.outlet,
            feed: &story.feed,
            lang: story.lang.as_deref(),
            published: story.published,
            first_seen: story.first_seen,
            topics: item.tagged.topics().iter().map(|name| &**name).collect(),
            symbols: item.tagged.symbols().iter().map(|name| &**name).collect(),
            group: item.group.to_string(),
            outlets: outlets.into_iter().map(|name| &**name).collect(),
            summary: &story.summary,
            moves: None,
        }
    }
}

/// An alert as a command is given it and as it is posted: with the fields of its story, if it has one.
#[derive(Debug, Serialize)]
pub(crate) struct AlertLine<'a> {
    pub alert: &'a str,
    pub at: Timestamp,
    /// What came true, one sentence.
    pub text: &'a str,
    pub price: Option<PriceLine<'a>>,
    #[serde(flatten)]
    pub story: Option<StoryLine<'a>>,
}

/// The price that an alert asked for.
#[derive(Debug, Serialize)]
pub(crate) struct PriceLine<'a> {
    pub symbol: &'a str,
    pub price: f64,
    /// When it traded.
    pub at: Timestamp,
    pub source: &'a str,
}

/// What a recorded price did since a time; null where the recording does not tell.
#[derive(Debug, Serialize)]
pub(crate) struct MovesLine {
    base: Option<f64>,
    /// How long before the time the base was true, in seconds.
    base_age_s: Option<i64>,
    /// `15m`, …: in per cent of the base, to four places.
    #[serde(flatten)]
    later: BTreeMap<&'static str, Option<f64>>,
}

impl MovesLine {
    pub(crate) fn new(series: &Series, time: Timestamp) -> MovesLine {
        let base = recorded_at(series, time);
        let moved = |after| {
            let moved = percent(base?.price, recorded_at(series, time.checked_add(after).ok()?)?.price);
            Some((moved * 1e4).round() / 1e4)
        };
        MovesLine {
            base: base.map(|base| base.price),
            base_age_s: base.map(|base| time.duration_since(base.at).as_secs()),
            later: LATER.map(|(name, after)| (name, moved(after))).into(),
        }
    }
}
