//! The JSON of commands: one object a line, snake_case, times RFC 3339 in UTC, prices and moves as numbers, unknown
//! values null or absent.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::Value;

use crate::app::wire::{Item, Wire};
use crate::domain::price::{Quote, Series, Session, State};
use crate::domain::reaction::{LATER, percent, recorded_at};

/// A story as every command prints it.
#[derive(Debug, Serialize)]
pub struct StoryLine<'a> {
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
    pub fn new(item: &'a Item, wire: &'a Wire) -> StoryLine<'a> {
        let story = &item.story;
        StoryLine {
            id: story.id.to_string(),
            reference: story.reference.as_ref(),
            title: &story.title,
            link: story.link.as_deref(),
            outlet: &story.outlet,
            feed: &story.feed,
            lang: story.lang.as_deref(),
            published: story.published,
            first_seen: story.first_seen,
            topics: item.tagged.topics.iter().map(|name| &**name).collect(),
            symbols: item.tagged.symbols.iter().map(|name| &**name).collect(),
            group: item.group.to_string(),
            outlets: wire.outlets(item.group).into_iter().map(|name| &**name).collect(),
            summary: &story.summary,
            moves: None,
        }
    }
}

/// What a recorded price did since a time; null where the recording does not tell.
#[derive(Debug, Serialize)]
pub struct MovesLine {
    base: Option<f64>,
    /// How long before the time the base was true, in seconds.
    base_age_s: Option<i64>,
    /// `15m`, …: in per cent of the base, to four places.
    #[serde(flatten)]
    later: BTreeMap<&'static str, Option<f64>>,
}

impl MovesLine {
    pub fn new(series: &Series, time: Timestamp) -> MovesLine {
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

/// A quote as `prices --json` prints it.
#[derive(Debug, Serialize)]
pub struct QuoteLine<'a> {
    symbol: &'a str,
    #[serde(with = "rust_decimal::serde::float_option")]
    price: Option<Decimal>,
    currency: Option<&'a str>,
    #[serde(with = "rust_decimal::serde::float_option")]
    change: Option<Decimal>,
    #[serde(with = "rust_decimal::serde::float_option")]
    change_percent: Option<Decimal>,
    state: &'static str,
    source: Option<&'a str>,
    session: Option<Session>,
    exchange_time: Option<Timestamp>,
    received_time: Option<Timestamp>,
    extended: Option<ExtendedLine>,
}

#[derive(Debug, Serialize)]
struct ExtendedLine {
    #[serde(with = "rust_decimal::serde::float")]
    price: Decimal,
    #[serde(with = "rust_decimal::serde::float_option")]
    change: Option<Decimal>,
    #[serde(with = "rust_decimal::serde::float_option")]
    change_percent: Option<Decimal>,
    session: Session,
    exchange_time: Option<Timestamp>,
}

impl<'a> QuoteLine<'a> {
    pub fn new(symbol: &'a str, quote: Option<&'a Quote>, state: &State) -> QuoteLine<'a> {
        let percent = |percent: Decimal| percent.round_dp(4);
        QuoteLine {
            symbol,
            price: quote.map(|quote| quote.price),
            currency: quote.map(|quote| &*quote.currency),
            change: quote.and_then(Quote::change),
            change_percent: quote.and_then(Quote::change_percent).map(percent),
            state: state.word(),
            source: quote.map(|quote| &*quote.source),
            session: quote.map(|quote| quote.session),
            exchange_time: quote.and_then(|quote| quote.exchange_time),
            received_time: quote.map(|quote| quote.received_time),
            extended: quote.and_then(|quote| {
                let extended = quote.extended.as_ref()?;
                Some(ExtendedLine {
                    price: extended.price,
                    change: quote.extended_change(),
                    change_percent: quote.extended_change_percent().map(percent),
                    session: extended.session,
                    exchange_time: extended.exchange_time,
                })
            }),
        }
    }
}
