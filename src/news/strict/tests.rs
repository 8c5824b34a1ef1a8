//! The two readers against each other: they must never tell two stories of one document.

use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;
use crate::news::decode::decode;
use crate::news::repair::Repairs;
use crate::news::{Unreadable, json, parse};
use crate::recordings::recording;

const BASE: &str = "https://example.org/feed.xml";

fn base() -> Url {
    Url::parse(BASE).unwrap()
}

fn strict(text: &str) -> Option<Document> {
    read(text, usize::MAX, Some(&base()))
}

fn lenient(text: &str) -> Result<Document, Unreadable> {
    if text.starts_with('{') {
        return json::read(text, usize::MAX, Some(&base()), Repairs::default());
    }
    parse::read(text, usize::MAX, Some(base()), Repairs::default())
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

const ITEM: &str = "<title>Été</title><link>https://example.org/a?b=1&amp;c=2</link><guid>7</guid><description>&lt;p&gt;Text</description>
    <pubDate>Mon, 06 Oct 2025 10:00:00 CEST</pubDate><category>Chips</category>";

fn rss(item: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-16\"?><rss version=\"2.0\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\">
        <channel><title>Paper</title><link>https://example.org/</link><language>fr-FR</language><ttl>5</ttl>
        <item>{item}</item></channel></rss>"
    )
}

const ATOM: &str = "<feed xmlns='http://www.w3.org/2005/Atom' xml:lang='fr'><title>Paper</title><link href='/'/>
    <entry><id>tag:1</id><title type='html'>x &amp;lt; y</title><link rel='self' href='/self'/><link href='/1'/>
    <updated>2026-10-06T10:00:00.5Z</updated><category term='c' label='Chips'/><content type='xhtml'>
    <div xmlns='http://www.w3.org/1999/xhtml'>Some <b>text</b></div></content></entry></feed>";

const JSON: &str = "{\"version\": \"https://jsonfeed.org/version/1.1\", \"title\": \"Paper\", \"home_page_url\": \"/\",
    \"feed_url\": \"/feed\", \"items\": [{\"id\": \"1\", \"url\": \"https://example.org/1\", \"title\": \"AT&amp;T\", \"tags\": [\"x\"],
    \"content_html\": \"<p>Text</p>\", \"date_published\": \"2026-10-06T10:00:00Z\"}]}";

#[test]
fn both_readers_agree_on_each_format() {
    for text in [&rss(ITEM), ATOM, JSON] {
        assert_eq!(strict(text).as_ref(), lenient(text).as_ref().ok(), "{text}");
    }
    let document = strict(&rss(ITEM)).unwrap();
    assert_eq!((document.lang.as_deref(), document.ttl), (Some("fr"), Some(Duration::from_mins(5))));
    assert_eq!(document.entries[0].published.unwrap().to_string(), "2025-10-06T08:00:00Z");
    assert_eq!(document.entries[0].link.as_deref(), Some("https://example.org/a?b=1&c=2"));
}

#[test]
fn what_is_not_whole_is_left_to_the_lenient_readers() {
    for item in [
        "<title>no link</title><description>t</description><pubDate>2026-10-06</pubDate>",
        "<title>no date</title><description>t</description><link>https://example.org/a</link>",
        "<title>no text</title><link>https://example.org/a</link><pubDate>2026-10-06</pubDate>",
    ] {
        assert!(survey(&rss(item), 10).is_some(), "{item}");
        assert_eq!(strict(&rss(item)), None, "{item}");
    }
}

/// In `<author>` and its like, feed-rs 3.0 cuts a name at a byte that need not be a character's end.
#[test]
fn a_panic_of_feed_rs_is_survived_and_the_document_read() {
    for author in
        ["<author>Jean Dupont\u{a0}jean@example.org</author>", "<dc:creator>jean@example.org—Jean</dc:creator>"]
    {
        let text = rss(&format!("{ITEM}{author}"));
        let panics = panic_guard::catch_panic(|| feed_rs::parser::parse(without_declaration(&text).as_bytes()).is_ok());
        assert_eq!(panics, None, "no longer: {author}");
        assert_eq!(strict(&text), None);
        assert!(!panic_guard::is_catching());
        assert_eq!(crate::news::read(text.as_bytes(), None, BASE).unwrap().entries[0].title, "Été");
    }
}

/// Given the bytes, feed-rs 3.0 panics here. It is given the text.
#[test]
fn utf_16_without_a_mark_is_read() {
    let text = rss(ITEM);
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert_eq!(panic_guard::catch_panic(|| feed_rs::parser::parse(&*bytes).is_ok()), None, "no longer");
    assert_eq!(crate::news::read(&bytes, None, BASE).ok(), strict(&text));
    assert!(strict(&text).is_some());
}

/// Recorded documents of real feeds: what feed-rs is trusted with it reads as we would.
#[test]
#[ignore = "needs the recordings"]
fn both_readers_agree_on_recorded_documents() {
    for folder in ["feeds/files", "polls"] {
        let (mut taken, mut left, mut differ, mut paths) = (0, 0, 0, Vec::new());
        files(&recording(folder), &mut paths);
        for path in paths {
            let (bytes, mut repairs) = (std::fs::read(&path).unwrap(), Repairs::default());
            let text = decode(&bytes, None, &mut repairs);
            let text = text.trim_start();
            let Some(document) = strict(text).filter(|_| repairs.is_empty()) else {
                left += 1;
                continue;
            };
            taken += 1;
            let expected = lenient(text).unwrap();
            if document != expected {
                differ += 1;
                eprintln!("{}", path.display());
                let (a, b) = (format!("{document:#?}"), format!("{expected:#?}"));
                for (a, b) in a.lines().zip(b.lines()).filter(|(a, b)| a != b).take(6) {
                    eprintln!("   feed-rs {a}\n   lenient {b}");
                }
            }
        }
        eprintln!("{folder}: feed-rs read {taken} documents, the lenient readers {left}; {differ} differ");
        assert_eq!(differ, 0);
    }
}

fn mutated(original: &str, changes: &[(usize, char, u8)]) -> String {
    let mut chars: Vec<char> = original.chars().collect();
    for (at, c, what) in changes {
        let at = at % chars.len();
        match what {
            0 => chars[at] = *c,
            1 => drop(chars.remove(at)),
            _ => chars.insert(at, *c),
        }
    }
    chars.into_iter().collect()
}

proptest! {
    /// Whatever is taken from feed-rs is what the lenient readers would have made of it.
    #[test]
    fn both_readers_agree_on_mutated_documents(
        changes in proptest::collection::vec((any::<usize>(), "[<>/&;:'\" =!?a-dé\\[\\]-]", 0..3_u8), 0..6),
        which in 0..3_usize,
    ) {
        let original = [&*rss(ITEM), ATOM, JSON][which].to_owned();
        let changes: Vec<_> = changes.iter().map(|(at, c, what)| (*at, c.chars().next().unwrap(), *what)).collect();
        let text = mutated(&original, &changes);
        if let Some(document) = strict(&text) {
            prop_assert_eq!(Some(document), lenient(&text).ok(), "{}", text);
        }
    }
}
