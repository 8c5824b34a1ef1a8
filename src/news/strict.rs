//! What is right is read by feed-rs, behind the barrier: it knows the formats to the letter, but the first fault in a
//! document is the end of it, some make it panic, and a few fields it has no place for. So a survey goes first, and
//! what comes out is taken only when it is whole; the lenient readers are there for all else.
//!
//! feed-rs speaks chrono: this is the one door where its times become jiff's.

use std::time::Duration;

use chrono::{DateTime, Utc};
use feed_rs::model::{self, FeedType};
use feed_rs::parser::Builder;
use jiff::Timestamp;
use url::Url;

use super::fields::{CATEGORIES_MAX, Value, absolute, category, lang};
use super::survey::{Survey, survey};
use super::{Document, Entry, dates, panic_guard};

/// The document, when there is nothing to put right in it and feed-rs reads all of it. Call it with text without
/// repairs only; it never panics.
pub(crate) fn read(text: &str, max: usize, base: Option<&Url>) -> Option<Document> {
    let survey = survey(text, max)?;
    let parser = Builder::new()
        .base_uri(base)
        .timestamp_parser(|text| chrono_of(dates::parse(&Value::plain(text).words())?))
        // None of its own making: newstape has its own idea of which entry is which.
        .id_generator(|_, _, _| String::new())
        .sanitize_content(false)
        .build();
    let feed = panic_guard::catch_panic(|| parser.parse(without_declaration(text).as_bytes()))?.ok()?;
    whole(document(feed, &survey, base), &survey)
}

/// The text is UTF-8 by now, whatever it declares.
fn without_declaration(text: &str) -> &str {
    let declaration = text.strip_prefix("<?xml ").and_then(|text| text.split_once("?>"));
    declaration.map_or(text, |(_, rest)| rest)
}

/// Where something is missing, the lenient reader looks in more places: a guid that is an address, `media:title`,
/// other dates, a body of another kind.
fn whole(document: Document, survey: &Survey) -> Option<Document> {
    let is_whole = |entry: &Entry| {
        !entry.title.is_empty() && !entry.summary.is_empty() && entry.link.is_some() && entry.published.is_some()
    };
    let is_taken = document.entries.len() == survey.entries && document.entries.iter().all(is_whole);
    is_taken.then_some(document)
}

fn document(feed: model::Feed, survey: &Survey, base: Option<&Url>) -> Document {
    let kind = feed.feed_type;
    let lang = feed.language.as_deref().and_then(lang);
    // A JSON Feed's own address comes second and looks the same.
    let homes = if kind == FeedType::JSON { feed.links.get(..1).unwrap_or_default() } else { &feed.links };
    Document {
        format: survey.format.clone(),
        title: feed.title.as_ref().map(|title| value(title, &kind).line()).unwrap_or_default(),
        home: page(homes, base),
        ttl: feed.ttl.filter(|minutes| *minutes > 0).map(|minutes| Duration::from_secs(u64::from(minutes) * 60)),
        skip_hours: Vec::new(),
        skip_days: Vec::new(),
        repairs: Vec::new(),
        entries: feed.entries.iter().map(|found| entry(found, &kind, lang.as_deref(), base)).collect(),
        lang,
    }
}

fn entry(found: &model::Entry, kind: &FeedType, lang: Option<&str>, base: Option<&Url>) -> Entry {
    let guid = Value::plain(&*found.id).words();
    Entry {
        title: found.title.as_ref().map(|title| value(title, kind).line()).unwrap_or_default(),
        summary: summary(found, kind),
        link: page(&found.links, base).or_else(|| absolute(&guid, None)),
        guid: Some(guid).filter(|guid| !guid.is_empty()),
        published: found.published.or(found.updated).and_then(jiff_of),
        lang: lang.map(str::to_owned),
        source: None,
        categories: categories(found, kind),
    }
}

fn summary(found: &model::Entry, kind: &FeedType) -> String {
    let summary = found.summary.as_ref().map(|summary| value(summary, kind).summary());
    let content = || {
        let content = found.content.as_ref()?;
        Some(typed(content.body.as_deref()?, content.content_type.as_str(), kind).summary())
    };
    summary.filter(|summary| !summary.is_empty()).or_else(content).unwrap_or_default()
}

fn categories(found: &model::Entry, kind: &FeedType) -> Vec<String> {
    let name = |found: &model::Category| match (&found.label, kind) {
        (Some(label), _) => category(label),
        (None, FeedType::Atom | FeedType::JSON) => category(&found.term),
        (None, _) => category(&Value::html(&*found.term).line()),
    };
    found.categories.iter().filter_map(name).take(CATEGORIES_MAX).collect()
}

fn value<'a>(text: &'a model::Text, kind: &FeedType) -> Value<'a> {
    typed(&text.content, text.content_type.as_str(), kind)
}

/// RSS has HTML anywhere; Atom and JSON Feed tell, and are believed when they say HTML.
fn typed<'a>(text: &'a str, content_type: &str, kind: &FeedType) -> Value<'a> {
    match kind {
        FeedType::Atom | FeedType::JSON if content_type == "text/plain" => Value::plain(text),
        _ => Value::html(text),
    }
}

/// The first link to the page itself: not to the feed, to comments, to an attachment.
fn page(links: &[model::Link], base: Option<&Url>) -> Option<String> {
    let is_page = |link: &&model::Link| match link.rel.as_deref() {
        None => link.target.is_none() && link.media_type.is_none(),
        Some(rel) => rel.is_empty() || rel.eq_ignore_ascii_case("alternate"),
    };
    links.iter().filter(is_page).find_map(|link| absolute(&Value::plain(&*link.href).words(), base))
}

fn chrono_of(at: Timestamp) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(at.as_second(), at.subsec_nanosecond().try_into().ok()?)
}

fn jiff_of(at: DateTime<Utc>) -> Option<Timestamp> {
    Timestamp::new(at.timestamp(), at.timestamp_subsec_nanos().try_into().ok()?).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
