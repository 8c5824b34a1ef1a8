//! Feeds: when to ask, asking, decoding, reading.
//!
//! | file | what it is | does I/O |
//! |---|---|---|
//! | [`decode`] | bytes to text: which encoding a document is really in | no |
//! | [`markup`] | a tokeniser for XML as people publish it | no |
//! | [`entities`], [`html_text`], [`dates`] | references, HTML and dates, as feeds write them | no |
//! | [`base64`] | text that was encoded to be carried | no |
//! | [`repair`] | what had to be put right, by name | no |
//! | [`vocabulary`] | the names of elements, and what they are to newstape | no |
//! | [`fields`], [`namespaces`] | a field, cleaned; what a prefix stands for | no |
//! | [`publisher_hints`] | when a publisher asks to be polled, and when not | no |
//! | [`survey`] | is anything wrong in a document, would anything be lost? | no |
//! | [`strict`] | what is right, read by feed-rs | no |
//! | [`parse`], [`json`] | all other documents, read leniently | no |
//! | [`not_a_feed`] | what a document is that is no feed | no |
//! | [`panic_guard`] | a panic on someone's document costs that document only | no |
//! | [`identity`] | which entry is which story | no |
//! | `recognise` | finding an entry again among those that a feed had before | no |
//! | [`cadence`] | how often a feed has something new, and when it wishes to be left alone | no |
//! | [`schedule`] | when a feed is asked next, and why then | no |
//! | [`site`] | whose server a feed is on | no |
//! | [`moved`] | which new addresses are believed | no |
//! | [`poll_outcome`] | how a poll ended | no |
//! | [`after_poll`] | what that means for a feed: its next state | no |
//! | [`scheduler`] | all feeds and sites at once: which may be asked now | no |
//! | [`opml`] | lists of feeds, from and for other readers | no |
//! | [`discover`] | the feeds that a web page names | no |
//! | [`article`] | what is to be read of a web page, and fetching it | yes |
//! | [`permit`] | a reader's request, let in between those of the feeds | no |
//! | [`poll`] | the one task that sleeps, asks, sends | yes |

pub(crate) mod after_poll;
pub mod article;
pub(crate) mod cadence;
pub mod dates;
pub(crate) mod decode;
pub mod discover;
pub(crate) mod entities;
pub(crate) mod fields;
pub mod html_text;
pub(crate) mod identity;
pub(crate) mod json;
pub(crate) mod markup;
pub(crate) mod moved;
pub(crate) mod namespaces;
pub(crate) mod not_a_feed;
pub mod opml;
pub mod panic_guard;
pub(crate) mod parse;
pub(crate) mod permit;
pub(crate) mod poll;
pub(crate) mod poll_outcome;
pub(crate) mod publisher_hints;
mod recognise;
pub(crate) mod repair;
pub(crate) mod schedule;
pub(crate) mod scheduler;
pub(crate) mod site;
pub(crate) mod strict;
pub(crate) mod survey;
pub(crate) mod vocabulary;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod cases;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod mutations;

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

pub use crate::domain::feed::Unreadable;
use repair::{Repair, Repairs};

/// More entries than this are left unread: a document of 9 MB can hold a million empty ones.
pub const MAX_ENTRIES: usize = 2_000;

/// A feed document, read.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Document {
    /// `RSS 2.0`, `Atom 1.0`, `JSON Feed 1.1` …
    pub format: String,
    /// The feed's own title; empty when it has none.
    pub title: String,
    /// The page it is the feed of.
    pub home: Option<String>,
    /// Two-letter code in lower case.
    pub lang: Option<String>,
    /// How long the publisher says it stays good (`<ttl>`, else `sy:updatePeriod` by `sy:updateFrequency`).
    pub ttl: Option<Duration>,
    /// Hours of the day (0 to 23, GMT) in which it asks not to be polled (`<skipHours>`).
    pub skip_hours: Vec<u8>,
    /// Days of the week (0 is Monday, GMT) on which it asks not to be polled (`<skipDays>`).
    pub skip_days: Vec<u8>,
    /// Names of the repairs it needed, as `bare-ampersand`.
    pub repairs: Vec<String>,
    /// In the order of the document, nothing merged.
    pub entries: Vec<Entry>,
}

/// An entry, cleaned: all text is plain, on one line, without control characters.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Entry {
    /// The headline; empty when there is none.
    pub title: String,
    /// At most [`crate::domain::story::Story::SUMMARY_MAX`] bytes; empty when there is none.
    pub summary: String,
    /// As published, made absolute; http(s) only.
    pub link: Option<String>,
    /// `<guid>` or `<id>`, as published.
    pub guid: Option<String>,
    /// As published, in UTC: it may lie in the future.
    pub published: Option<Timestamp>,
    /// Two-letter code in lower case.
    pub lang: Option<String>,
    /// The outlet that an aggregator names.
    pub source: Option<String>,
    /// Labels that the publisher gave it, in the order of the entry.
    pub categories: Vec<String>,
}

/// Reads a document, whatever it holds. Pure, and never panics.
///
/// `content_type` is the header of the answer; `base` the address that answered, for relative links.
///
/// # Errors
///
/// It is no feed, or is too badly broken: why.
pub fn read(bytes: &[u8], content_type: Option<&str>, base: &str) -> Result<Document, Unreadable> {
    read_up_to(MAX_ENTRIES, bytes, content_type, base)
}

/// As [`read`], with a cap of its own on the entries.
///
/// # Errors
///
/// As [`read`].
pub fn read_up_to(
    max_entries: usize,
    bytes: &[u8],
    content_type: Option<&str>,
    base: &str,
) -> Result<Document, Unreadable> {
    panic_guard::catch_panic(|| document(max_entries, bytes, content_type, base)).unwrap_or(Err(Unreadable::Fault))
}

fn document(max: usize, bytes: &[u8], content_type: Option<&str>, base: &str) -> Result<Document, Unreadable> {
    let mut repairs = Repairs::default();
    let text = decode::decode(bytes, content_type, &mut repairs);
    if text.bytes().any(is_forbidden) {
        repairs.note(Repair::ControlCharacter);
    }
    let text = trimmed(without_head(&text, &mut repairs));
    let base = url::Url::parse(base).ok();
    if repairs.is_empty()
        && let Some(document) = strict::read(text, max, base.as_ref())
    {
        return Ok(document);
    }
    match text.as_bytes().first() {
        None => Err(Unreadable::Empty),
        Some(b'{') => json::read(text, max, base.as_ref(), repairs),
        Some(_) => parse::read(text, max, base, repairs),
    }
}

fn trimmed(text: &str) -> &str {
    text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}' || c == '\0')
}

/// An answer that was saved with its headers begins with them.
fn without_head<'a>(text: &'a str, repairs: &mut Repairs) -> &'a str {
    if !text.starts_with("HTTP/") {
        return text;
    }
    let parted = text.split_once("\r\n\r\n").or_else(|| text.split_once("\n\n"));
    parted.map_or(text, |(_, body)| {
        repairs.note(Repair::JunkBeforeStart);
        body
    })
}

/// Control characters that XML forbids.
fn is_forbidden(byte: u8) -> bool {
    byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r')
}
