//! JSON Feed 1 and 1.1 (jsonfeed.org), read loosely: ids may be numbers, the version may be missing, the end too.
//!
//! Entries are made while the document is read, so that what it holds besides them takes no memory.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use url::Url;

use super::fields::{self, CATEGORIES_MAX, TEXT_MAX, Value as Text, absolute, lang};
use super::repair::{Repair, Repairs};
use super::{Document, Entry, Unreadable, dates, not_a_feed};
use crate::domain::feed::OtherContent;

/// The members that newstape reads, of the feed and of an item.
const MEMBERS: &[&str] = &[
    "version",
    "title",
    "home_page_url",
    "language",
    "id",
    "url",
    "external_url",
    "summary",
    "content_text",
    "content_html",
    "date_published",
    "date_modified",
    "tags",
];

/// Reads a document that begins with `{`.
pub(crate) fn read(text: &str, max: usize, base: Option<&Url>, repairs: Repairs) -> Result<Document, Unreadable> {
    let (mut reader, mut fault) = attempt(text, max, base, repairs.clone());
    // Where it breaks off there is nothing to mend.
    if fault.as_ref().is_some_and(|fault| !fault.is_eof()) {
        let (mended, left) = attempt(&mended(text), max, base, repairs);
        if left.is_none() || mended.entries.len() > reader.entries.len() {
            (reader, fault) = (mended, left);
            reader.repairs.note(Repair::LooseJson);
        }
    }
    match fault {
        Some(fault) if reader.entries.is_empty() => Err(match fault.is_eof() {
            true => Unreadable::NotAFeed(OtherContent::CutJson),
            false => Unreadable::BrokenJson { line: fault.line(), column: fault.column() },
        }),
        _ if !reader.has_items => Err(not_a_feed::why(text)),
        fault => {
            if fault.is_some() {
                reader.repairs.note(Repair::Truncated);
            }
            Ok(reader.finish())
        }
    }
}

fn attempt<'a>(
    text: &str,
    max: usize,
    base: Option<&'a Url>,
    repairs: Repairs,
) -> (Reader<'a>, Option<serde_json::Error>) {
    let mut reader = Reader { max, base, repairs, feed: Map::new(), has_items: false, entries: Vec::new() };
    // Only the first value: some servers write a comment behind it.
    let read = Whole(&mut reader).deserialize(&mut serde_json::Deserializer::from_str(text));
    // A value of another type than a feed has is no mistake of the JSON.
    (reader, read.err().filter(|fault| !fault.is_data()))
}

/// With what generators of JSON most often get wrong put right: line breaks and tabs as they are inside of text, and a
/// comma behind the last item of a list.
fn mended(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 16);
    let (mut in_text, mut is_escaped) = (false, false);
    // Where the last comma stands, with nothing but space behind it so far.
    let mut comma = None;
    for c in text.chars() {
        match c {
            c if in_text && c < ' ' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
                is_escaped = false;
                continue;
            }
            _ if in_text && is_escaped => is_escaped = false,
            '\\' if in_text => is_escaped = true,
            '"' => (in_text, comma) = (!in_text, None),
            _ if in_text => {}
            ',' if comma.is_none() => comma = Some(out.len()),
            '}' | ']' => {
                // What is behind it is space.
                if let Some(at) = comma.take() {
                    out.truncate(at);
                }
            }
            c if c.is_whitespace() => {}
            _ => comma = None,
        }
        out.push(c);
    }
    out
}

/// A document under way.
struct Reader<'a> {
    max: usize,
    base: Option<&'a Url>,
    repairs: Repairs,
    feed: Map<String, Value>,
    has_items: bool,
    entries: Vec<Entry>,
}

impl Reader<'_> {
    fn item(&mut self, item: &Map<String, Value>) {
        // Relative addresses are those of the site.
        let home = self.feed.get("home_page_url").and_then(Value::as_str).and_then(|home| Url::parse(home).ok());
        let entry = entry(item, home.as_ref().or(self.base), &mut self.repairs);
        self.entries.push(entry);
    }

    fn finish(mut self) -> Document {
        let version = self.feed.get("version").and_then(Value::as_str).unwrap_or_default();
        if !version.contains("jsonfeed.org/version/") {
            self.repairs.note(Repair::LooseJson);
        }
        let own = own_lang(&self.feed);
        for entry in &mut self.entries {
            entry.lang = entry.lang.take().or_else(|| own.clone());
        }
        Document {
            format: format(version),
            title: line(&self.feed, "title"),
            home: address(&self.feed, "home_page_url", self.base),
            lang: own,
            ttl: None,
            skip_hours: Vec::new(),
            skip_days: Vec::new(),
            repairs: self.repairs.names(),
            entries: self.entries,
        }
    }
}

/// The feed itself.
struct Whole<'r, 'a>(&'r mut Reader<'a>);

impl<'de> DeserializeSeed<'de> for Whole<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Whole<'_, '_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a feed")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            if name == "items" {
                map.next_value_seed(Items(self.0))?;
            } else {
                member(name, &mut map, &mut self.0.feed)?;
            }
        }
        Ok(())
    }
}

struct Items<'r, 'a>(&'r mut Reader<'a>);

impl<'de> DeserializeSeed<'de> for Items<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Items<'_, '_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of items")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        self.0.has_items = true;
        while self.0.entries.len() < self.0.max {
            match list.next_element_seed(Kept)? {
                Some(Kind::Object(item)) => self.0.item(&item),
                Some(Kind::Other(_)) => {}
                None => return Ok(()),
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {
            self.0.repairs.note(Repair::TooManyEntries);
        }
        Ok(())
    }
}

fn member<'de, A: MapAccess<'de>>(name: String, map: &mut A, into: &mut Map<String, Value>) -> Result<(), A::Error> {
    if !MEMBERS.contains(&name.as_str()) {
        return map.next_value::<IgnoredAny>().map(drop);
    }
    if let Kind::Other(value) = map.next_value_seed(Kept)? {
        into.insert(name, value);
    }
    Ok(())
}

/// Any value: as much of it as newstape reads.
struct Kept;

enum Kind {
    Object(Map<String, Value>),
    Other(Value),
}

impl<'de> DeserializeSeed<'de> for Kept {
    type Value = Kind;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Kind, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Kept {
    type Value = Kind;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<Kind, E> {
        let head = text.get(..text.floor_char_boundary(TEXT_MAX)).unwrap_or_default();
        Ok(Kind::Other(Value::from(head)))
    }
    fn visit_u64<E: Error>(self, number: u64) -> Result<Kind, E> {
        Ok(Kind::Other(Value::from(number)))
    }
    fn visit_i64<E: Error>(self, number: i64) -> Result<Kind, E> {
        Ok(Kind::Other(Value::from(number)))
    }
    fn visit_f64<E: Error>(self, number: f64) -> Result<Kind, E> {
        Ok(Kind::Other(Value::from(number)))
    }
    fn visit_bool<E: Error>(self, is_true: bool) -> Result<Kind, E> {
        Ok(Kind::Other(Value::from(is_true)))
    }
    fn visit_unit<E: Error>(self) -> Result<Kind, E> {
        Ok(Kind::Other(Value::Null))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Kind, A::Error> {
        let mut kept = Vec::new();
        while kept.len() < CATEGORIES_MAX
            && let Some(found) = list.next_element_seed(Kept)?
        {
            if let Kind::Other(value) = found {
                kept.push(value);
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Kind::Other(Value::Array(kept)))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Kind, A::Error> {
        let mut kept = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            member(name, &mut map, &mut kept)?;
        }
        Ok(Kind::Object(kept))
    }
}

/// What the address of a version says.
pub(super) fn format(version: &str) -> String {
    format!("JSON Feed {}", version.rsplit('/').next().unwrap_or_default()).trim_end().to_owned()
}

fn entry(item: &Map<String, Value>, base: Option<&Url>, repairs: &mut Repairs) -> Entry {
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
        lang: own_lang(item),
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
        Value::String(text) => Some(fields::words(text)),
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
    fn what_came_before_the_fault_is_kept() {
        for text in [
            r#"{"items": [{"id": "1", "title": "a"}, {"id": "2", "tit"#,
            r#"{"items": [{"id": "1", "title": "a"}, {"id": "2",, "title": "b"}]}"#,
        ] {
            let document = document(text);
            assert_eq!(document.entries.len(), 1, "{text}");
            assert_eq!(document.repairs, ["truncated", "loose-json"]);
        }
    }

    #[test]
    fn slips_of_generators_are_mended() {
        for (text, expected) in [
            ("{\"items\": [{\"id\": \"1\", \"title\": \"a\tb\nc\",},]}", "a b c"),
            (
                "{\"items\": [{\"id\": \"1\", \"title\": \"say \\\"[x,]\\\"\n\", \"tags\": [\"x\" , ] , }],\n}",
                "say \"[x,]\"",
            ),
        ] {
            let document = document(text);
            assert_eq!(document.entries[0].title, expected, "{text}");
            assert_eq!(document.repairs, ["loose-json"], "{text}");
        }
        let broken = read("{\"items\": [\n{\"id\" \"1\"}]}", 100, None, Repairs::default()).unwrap_err();
        assert_eq!(broken.to_string(), "its JSON has a mistake in line 2, column 7");
    }

    #[test]
    fn relative_addresses_are_those_of_the_site() {
        let document = document(
            r#"{"version": "https://jsonfeed.org/version/1.1", "home_page_url": "https://site.example/blog/",
                "items": [{"id": "1", "url": "/a"}, {"id": "2", "url": "b"}]}"#,
        );
        let links: Vec<_> = document.entries.iter().filter_map(|entry| entry.link.as_deref()).collect();
        assert_eq!(links, ["https://site.example/a", "https://site.example/blog/b"]);
    }

    #[test]
    fn what_is_not_read_is_no_matter() {
        let deep = "[".repeat(90) + &"]".repeat(90);
        let document = document(&format!(
            r#"{{"x": {deep}, "items": [7, {{"id": 1, "title": null, "tags": [{{"a": 1}}, 2, "c"], "_x": {{}}}}, {{}}]}}"#
        ));
        assert_eq!(document.entries.len(), 2);
        assert_eq!(document.entries[0].categories, ["c"]);
    }

    #[test]
    fn other_json_is_no_feed() {
        for text in ["{}", "{\"items\": 1}", "{broken", "{\"error\": \"no\"}"] {
            assert!(read(text, 100, None, Repairs::default()).is_err(), "{text}");
        }
    }
}
