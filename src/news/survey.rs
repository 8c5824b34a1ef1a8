//! A look over a document before it is given to feed-rs: is anything wrong with it, and would anything be lost?
//!
//! What is wrong is what the lenient tokeniser would have to put right; so both readers mean the same by "right".
//! What would be lost are fields that newstape reads and feed-rs has no place for (`<source>`, `rdf:about`,
//! `xml:lang` of an entry, most of Dublin Core), or of which it keeps another one (the last of two titles).

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::markup::{Markup, Tag, Token};
use super::namespaces::Namespaces;
use super::vocabulary::{Role, Space, is_entry, local, lower, role};
use super::{entities, json, parse};

/// Longer documents, in bytes, and those with more tags than this (or more values, of JSON) are read by our own
/// readers. Of each element feed-rs makes some hundreds of bytes: 9 MB of `<item/>` became 1 GB.
const LONGEST: usize = 4 << 20;
const MOST: usize = 100_000;

/// The namespaces of newstape's own vocabulary that feed-rs knows, which takes their addresses by the letter.
const ADDRESSES: &[&str] = &[
    "http://www.w3.org/2005/Atom",
    "http://purl.org/rss/1.0/modules/content/",
    "http://purl.org/dc/elements/1.1/",
    "http://search.yahoo.com/mrss/",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
];

/// The fields that newstape reads and that feed-rs reads too, in the spelling it knows.
const OF_RSS: &[&str] = &["title", "link", "description", "content:encoded", "guid", "pubDate", "category"];
const OF_ATOM: &[&str] = &["title", "link", "summary", "content", "id", "published", "updated", "category"];
const OF_CHANNEL: &[&str] = &["title", "link", "atom:link", "atom10:link", "a10:link", "language", "ttl"];

/// Who wrote it: newstape does not read that, but feed-rs does.
const PERSONS: &[&str] =
    &["author", "creator", "contributor", "managingEditor", "webMaster", "person", "owner", "credit"];

/// What there is in a document fit for feed-rs.
#[derive(Debug)]
pub(crate) struct Survey {
    pub format: String,
    pub entries: usize,
}

/// None when a document is better read by newstape itself: there is something wrong in it, something that would be
/// lost, more than `max` entries, or none.
pub(crate) fn survey(text: &str, max: usize) -> Option<Survey> {
    let mark = if text.starts_with('{') { b',' } else { b'<' };
    if text.len() > LONGEST || text.bytes().filter(|byte| *byte == mark).count() > MOST {
        return None;
    }
    let survey = if mark == b',' { of_json(text) } else { Surveyor::new(text).survey() };
    survey.filter(|survey| (1..=max).contains(&survey.entries))
}

/// The parts without which, or with which, feed-rs would read something else.
#[derive(Deserialize)]
struct JsonFeed {
    version: String,
    #[serde(rename = "home_page_url")]
    _home: String,
    items: Vec<JsonItem>,
}

#[derive(Deserialize)]
struct JsonItem {
    #[serde(rename = "id")]
    _id: String,
    language: Option<IgnoredAny>,
    url: Option<String>,
}

fn of_json(text: &str) -> Option<Survey> {
    let feed: JsonFeed = serde_json::from_str(text).ok()?;
    let is_plain = |item: &JsonItem| item.language.is_none() && item.url.as_deref().is_none_or(is_whole_address);
    let is_plain = feed.items.iter().all(is_plain);
    is_plain.then(|| Survey { format: json::format(&feed.version), entries: feed.items.len() })
}

struct Surveyor<'a> {
    markup: Markup<'a>,
    spaces: Namespaces<'a>,
    format: Option<String>,
    is_atom: bool,
    entries: usize,
    in_entry: bool,
    /// Fields of the entry, or of the feed, so far.
    seen: Vec<&'a str>,
}

impl<'a> Surveyor<'a> {
    fn new(text: &'a str) -> Self {
        let (markup, spaces) = (Markup::new(text), Namespaces::default());
        Surveyor { markup, spaces, format: None, is_atom: false, entries: 0, in_entry: false, seen: Vec::new() }
    }

    fn survey(mut self) -> Option<Survey> {
        while let Some(token) = self.markup.next() {
            if !self.markup.repairs.is_empty() {
                return None;
            }
            match token {
                Token::Start(tag) => self.start(tag)?,
                Token::End(name) if is_entry(name) => self.in_entry = false,
                Token::Text(text) if self.format.is_none() && !text.trim().is_empty() => return None,
                _ => {}
            }
        }
        let format = self.format.filter(|_| self.markup.repairs.is_empty())?;
        Some(Survey { format, entries: self.entries })
    }

    /// None ends the survey.
    fn start(&mut self, tag: Tag<'a>) -> Option<()> {
        self.spaces.declare(tag);
        if !tag.is_tidy() || tag.prefixes().any(|(_, address)| is_misspelt(address)) {
            return None;
        }
        tag.attributes().for_each(|(_, value)| drop(entities::decode(value, &mut self.markup.repairs)));
        let mut buffer = [0; 16];
        let local = lower(local(tag.name), &mut buffer);
        let role = role(self.spaces.of(tag, local, &mut self.markup.repairs), local);
        match role {
            Role::Frame => self.frame(tag, local),
            _ if self.format.is_none() => None,
            Role::Entry => self.entry(tag),
            Role::Nothing => self.pass_over(tag),
            // For these feed-rs has no place.
            Role::SkipHours | Role::SkipDays | Role::Period | Role::Frequency => None,
            _ if self.in_entry => self.field(tag, if self.is_atom { OF_ATOM } else { OF_RSS }),
            Role::Title | Role::Link | Role::Lang | Role::Ttl => self.field(tag, OF_CHANNEL),
            _ => self.pass_over(tag),
        }
    }

    fn frame(&mut self, tag: Tag<'a>, local: &str) -> Option<()> {
        if self.format.is_none() {
            self.is_atom = local == "feed";
            self.format = Some(parse::format(tag, local, &mut self.markup.repairs));
        }
        (self.is_atom || tag.attribute("xml:lang").is_none()).then_some(())
    }

    fn entry(&mut self, tag: Tag<'a>) -> Option<()> {
        self.entries += 1;
        self.in_entry = !tag.is_empty;
        self.seen.clear();
        (tag.attribute("xml:lang").is_none() && tag.attribute("rdf:about").is_none()).then_some(())
    }

    fn pass_over(&mut self, tag: Tag<'a>) -> Option<()> {
        if tag.is_empty {
            return Some(());
        }
        let inside = self.markup.inside(tag.name, |_| false, |_| false);
        (!is_perilous(local(tag.name), inside.raw)).then_some(())
    }

    /// It must be one that feed-rs knows, hold text only (or markup that says so), and stand there once.
    fn field(&mut self, tag: Tag<'a>, known: &[&str]) -> Option<()> {
        let is_link = local(tag.name) == "link";
        let is_many = is_link || tag.name == "category";
        if !known.contains(&tag.name) || (!is_many && self.seen.contains(&tag.name)) {
            return None;
        }
        self.seen.push(tag.name);
        let kind = tag.attribute("type").unwrap_or_default();
        let is_text = matches!(&*kind, "" | "text" | "html" | "xhtml" | "text/html") || is_link;
        if !is_text || tag.attribute("xmlns").is_some() {
            return None;
        }
        let mut text = Cow::Borrowed("");
        if !tag.is_empty {
            let inside = self.markup.inside(tag.name, |_| false, |_| false);
            if inside.has_elements && kind != "xhtml" {
                return None;
            }
            text = parse::character_data(inside.raw, &mut self.markup.repairs);
        }
        if is_link && !(is_plain_link(tag) && (self.is_atom || is_whole(tag, &text))) {
            return None;
        }
        // An empty link would be the base; a category without a term, or a number with a blank before it, none.
        let text = match tag.name {
            _ if is_link => tag.attribute("href").or(Some(text)),
            "ttl" => Some(text).filter(|text| text.trim() == text),
            "category" if self.is_atom => tag.attribute("term"),
            _ => return Some(()),
        };
        text.filter(|text| !text.trim().is_empty()).map(drop)
    }
}

/// To a page, and under a relation by its bare name: of others feed-rs makes something else, or takes the first.
fn is_plain_link(tag: Tag<'_>) -> bool {
    let rel = tag.attribute("rel").unwrap_or_default();
    let kind = tag.attribute("type").unwrap_or_default();
    let is_page = kind.is_empty() || kind.contains("html") || !matches!(&*rel, "" | "alternate");
    is_page && !rel.contains(':')
}

/// A relative one goes from the site's own address, of which feed-rs knows nothing.
fn is_whole(tag: Tag<'_>, text: &str) -> bool {
    is_whole_address(&tag.attribute("href").unwrap_or(Cow::Borrowed(text)))
}

/// It needs no base, and no mending.
fn is_whole_address(address: &str) -> bool {
    let address = address.trim();
    ["http://", "https://"].iter().any(|scheme| address.strip_prefix(scheme).is_some_and(|rest| !rest.contains("://")))
}

/// feed-rs cuts names at bytes that it found around an e-mail address, and panics where these are part of a character.
fn is_perilous(local: &str, raw: &str) -> bool {
    let is_person = PERSONS.iter().any(|person| local.eq_ignore_ascii_case(person));
    (is_person && raw.contains('&')) || (raw.contains('@') && !raw.is_ascii())
}

/// One of newstape's own, but not by the letter.
fn is_misspelt(address: &str) -> bool {
    Space::of_address(address).is_some_and(|space| space != Space::Other) && !ADDRESSES.contains(&address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rss(content: &str) -> String {
        format!("<rss version=\"2.0\"><channel><title>Paper</title><item>{content}</item></channel></rss>")
    }

    #[test]
    fn what_is_right_and_what_is_not() {
        for (content, is_right) in [
            ("<title>a</title><link>https://example.org/a</link>", true),
            ("<title><![CDATA[a <b>bold</b> claim]]></title>", true),
            ("<title>a &amp; b &#8217;</title>", true),
            ("<image><title>of the image</title></image><title>a</title>", true),
            ("<title>a & b</title>", false),
            ("<title>a &rsquo; b</title>", false),
            ("<title>a <b>bold</b> claim</title>", false),
            ("<title>a</title><title>b</title>", false),
            ("<title>a", false),
            ("<title>a</title><source url='https://a.example'>A</source>", false),
            ("<title>a</title><dc:date>2026-10-06</dc:date>", false),
            ("<TITLE>a</TITLE>", false),
            ("<link> </link>", false),
            ("<title>a</title><author>ed@example.org (E. D.)</author>", true),
            ("<title>a</title><author>Jean\u{a0}jean@example.org</author>", false),
            ("<title>a</title><author>Jean&#160;jean&#64;example.org</author>", false),
        ] {
            assert_eq!(survey(&rss(content), 10).is_some(), is_right, "{content}");
        }
    }

    #[test]
    fn a_page_is_no_feed() {
        for text in ["", "x", "<!doctype html><html><title>x</title>", "{}", "<rss version=\"2.0\"><channel/></rss>"] {
            assert!(survey(text, 10).is_none(), "{text}");
        }
    }

    #[test]
    fn what_would_fill_the_memory_is_kept_away() {
        assert!(survey(&rss("</item><item>"), 2).is_some());
        assert!(survey(&rss("</item><item>"), 1).is_none());
        assert!(survey(&rss(&"<category/>".repeat(MOST)), 10).is_none());
        assert!(survey(&rss(&"x".repeat(LONGEST)), 10).is_none());
        let json = |tags: &str| {
            format!("{{\"version\":\"\",\"home_page_url\":\"\",\"items\":[{{\"id\":\"1\",\"tags\":[{tags}\"\"]}}]}}")
        };
        assert!(survey(&json(""), 10).is_some());
        assert!(survey(&json(&"\"\",".repeat(MOST)), 10).is_none());
    }
}
