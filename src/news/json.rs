//! JSON Feed 1 and 1.1 (jsonfeed.org), read loosely: ids may be numbers, the version may be missing.

use serde_json::{Map, Value};
use url::Url;

use super::fields::{self, CATEGORIES_MAX, Value as Text, absolute, lang};
use super::repair::{Repair, Repairs};
use super::{Document, Entry, Unreadable, dates, unread};
use crate::domain::text;

/// Reads a document that begins with `{`.
pub fn read(text: &str, max: usize, base: Option<&Url>, mut repairs: Repairs) -> Result<Document, Unreadable> {
    // Only the first value: some servers write a comment behind it.
    let first = serde_json::Deserializer::from_str(text).into_iter::<Value>().next();
    let Some(Ok(Value::Object(feed))) = first else { return Err(unread::why(text)) };
    let Some(Value::Array(items)) = feed.get("items") else { return Err(unread::why(text)) };
    let version = feed.get("version").and_then(Value::as_str).unwrap_or_default();
    if !version.contains("jsonfeed.org/version/") {
        repairs.note(Repair::LooseJson);
    }
    if items.len() > max {
        repairs.note(Repair::TooManyEntries);
    }
    let own = own_lang(&feed);
    let entries = items.iter().filter_map(Value::as_object).take(max);
    let entries = entries.map(|item| entry(item, base, own.as_deref(), &mut repairs)).collect();
    Ok(Document {
        format: format(version),
        title: line(&feed, "title"),
        home: address(&feed, "home_page_url", base),
        lang: own,
        ttl: None,
        skip_hours: Vec::new(),
        skip_days: Vec::new(),
        repairs: repairs.names(),
        entries,
    })
}

/// What the address of a version says.
pub(super) fn format(version: &str) -> String {
    format!("JSON Feed {}", version.rsplit('/').next().unwrap_or_default()).trim_end().to_owned()
}

fn entry(item: &Map<String, Value>, base: Option<&Url>, own: Option<&str>, repairs: &mut Repairs) -> Entry {
    let guid = string(item, "id").filter(|id| !id.is_empty());
    if item.get("id").is_none_or(|id| !id.is_string()) {
        repairs.note(Repair::LooseJson);
    }
    let link = address(item, "url", base).or_else(|| address(item, "external_url", base));
    let date = |name| item.get(name).and_then(Value::as_str).and_then(dates::parse);
    Entry {
        title: line(item, "title"),
        summary: summary(item),
        link: link.or_else(|| guid.as_deref().and_then(|guid| absolute(guid, None))),
        guid,
        published: date("date_published").or_else(|| date("date_modified")),
        lang: own_lang(item).or_else(|| own.map(str::to_owned)),
        source: None,
        categories: categories(item),
    }
}

fn summary(item: &Map<String, Value>) -> String {
    let text = |name| item.get(name).and_then(Value::as_str).unwrap_or_default();
    let candidates =
        [Text::plain(text("summary")), Text::plain(text("content_text")), Text::html(text("content_html"))];
    candidates.iter().map(Text::summary).find(|text| !text.is_empty()).unwrap_or_default()
}

fn categories(item: &Map<String, Value>) -> Vec<String> {
    let Some(Value::Array(tags)) = item.get("tags") else { return Vec::new() };
    tags.iter().filter_map(Value::as_str).take(CATEGORIES_MAX).filter_map(fields::category).collect()
}

fn own_lang(object: &Map<String, Value>) -> Option<String> {
    lang(object.get("language")?.as_str()?)
}

fn line(object: &Map<String, Value>, name: &str) -> String {
    Text::plain(string(object, name).unwrap_or_default()).line()
}

fn address(object: &Map<String, Value>, name: &str, base: Option<&Url>) -> Option<String> {
    absolute(object.get(name)?.as_str()?, base)
}

/// A string, or a number as one.
fn string(object: &Map<String, Value>, name: &str) -> Option<String> {
    match object.get(name)? {
        Value::String(text) => Some(text::clean(text)),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn document(text: &str) -> Document {
        read(text, 100, Url::parse("https://example.org/").ok().as_ref(), Repairs::default()).unwrap()
    }

    #[test]
    fn a_feed() {
        let document = document(
            r#"{"version": "https://jsonfeed.org/version/1.1", "title": "Paper", "language": "fr-FR", "items": [
                {"id": "1", "url": "/a", "title": "A &amp; B", "content_html": "<p>Text</p>", "tags": ["x"],
                 "date_published": "2026-10-06T10:00:00+02:00"}]}"#,
        );
        assert_eq!((document.format.as_str(), document.title.as_str()), ("JSON Feed 1.1", "Paper"));
        let entry = &document.entries[0];
        assert_eq!((entry.title.as_str(), entry.summary.as_str()), ("A & B", "Text"));
        assert_eq!(entry.link.as_deref(), Some("https://example.org/a"));
        assert_eq!((entry.lang.as_deref(), entry.categories.as_slice()), (Some("fr"), ["x".to_owned()].as_slice()));
        assert_eq!(entry.published.unwrap().to_string(), "2026-10-06T08:00:00Z");
        assert!(document.repairs.is_empty());
    }

    #[test]
    fn numeric_ids_and_a_missing_version_are_read_past() {
        let document = document(r#"{"items": [{"id": 7, "content_text": "x"}]}"#);
        assert_eq!(document.entries[0].guid.as_deref(), Some("7"));
        assert_eq!(document.repairs, ["loose-json"]);
    }

    #[test]
    fn other_json_is_no_feed() {
        for text in ["{}", "{\"items\": 1}", "{broken", "{\"error\": \"no\"}"] {
            assert!(read(text, 100, None, Repairs::default()).is_err(), "{text}");
        }
    }
}
