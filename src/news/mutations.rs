//! Documents that were damaged on the way: bytes changed, put in or taken away, cut short, pieces doubled, pieces of
//! another document put in. By a fixed seed, from documents of our own and from recorded ones.
//!
//! `NEWSTAPE_MUTATIONS=1000000 cargo test --release --lib mutated -- --include-ignored --nocapture` tries a million; the
//! default is a few.
//! None may panic, not even behind the barrier. In a release build none of up to 300 kB may take over 100 ms; the
//! longest is reported.

use std::time::Duration;

use tokio::time::Instant;

use super::{MAX_ENTRIES, Unreadable, panic_guard, read_up_to};
use crate::recordings::recording;

const BASE: &str = "https://example.org/feed";
/// Longer documents are cut to this, in bytes.
const LONGEST: usize = 300_000;
const SLOWEST: Duration = Duration::from_millis(100);

/// What does harm where it is put in.
const PIECES: &[&[u8]] = &[
    b"<![CDATA[",
    b"]]>",
    b"<!--",
    b"<!DOCTYPE x [",
    b"<?x",
    b"&",
    b"&#0;",
    b"&eacute;",
    b"<",
    b">",
    b"\"",
    b"</item>",
    b"<item>",
    b"<entry/>",
    b"<b>",
    b"</description>",
    b"<script>",
    b"\xff",
    b"\xfe\xff",
    b"\xc3",
    b"\0",
    b"\x1b[31m",
    "\u{a0}a@b.fr".as_bytes(),
    "（a@b.com）".as_bytes(),
    b"<author>\xc3\xa9a@b.com</author>",
    b"<dc:creator>a@b.com\xe2\x80\x94b</dc:creator>",
    b" xmlns=''",
    b"{\"items\":[",
    b"}",
];

const RSS: &str =
    "<?xml version=\"1.0\" encoding=\"utf-8\"?><rss version=\"2.0\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\">
    <channel><title>Paper</title><link>https://example.org/</link><ttl>5</ttl><item><title>Été &amp; hiver</title>
    <link>/a</link><guid isPermaLink='false'>7</guid><pubDate>Mon, 06 Oct 2025 10:00:00 CEST</pubDate>
    <author>ed@example.org (Ed)</author><dc:creator>Zoé</dc:creator><category>Chips</category>
    <description><![CDATA[<p>Some <b>text</b></p>]]></description></item></channel></rss>";

const ATOM: &str = "<feed xmlns='http://www.w3.org/2005/Atom' xml:lang='fr'><title>Paper</title><link href='/'/>
    <author><name>Zoé</name><email>zoe@example.org</email></author>
    <entry><id>tag:1</id><title type='html'>x &amp;lt; y</title><link rel='self' href='/self'/><link href='/1'/>
    <updated>2026-10-06T10:00:00.5Z</updated><category term='c' label='Chips'/><content type='xhtml'>
    <div xmlns='http://www.w3.org/1999/xhtml'>Some <b>text</b></div></content></entry></feed>";

const JSON: &str = "{\"version\": \"https://jsonfeed.org/version/1.1\", \"title\": \"Paper\", \"home_page_url\": \"/\",
    \"items\": [{\"id\": \"1\", \"url\": \"/1\", \"title\": \"AT&amp;T\", \"tags\": [\"x\"], \"authors\": [{\"name\": \"Zoé\"}],
    \"content_html\": \"<p>Text</p>\", \"date_published\": \"2026-10-06T10:00:00Z\"}]}";

/// Documents of our own.
fn own() -> Vec<Vec<u8>> {
    let wide: Vec<u8> = RSS.encode_utf16().flat_map(u16::to_be_bytes).collect();
    vec![RSS.into(), ATOM.into(), JSON.into(), wide]
}

fn recorded() -> Vec<Vec<u8>> {
    let files = std::fs::read_dir(recording("feeds/files")).unwrap();
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    let mut found: Vec<Vec<u8>> = paths.iter().map(|path| std::fs::read(path).unwrap()).collect();
    found.iter_mut().for_each(|document| document.truncate(LONGEST));
    found
}

fn mutated(documents: &[Vec<u8>], random: &mut fastrand::Rng) -> Vec<u8> {
    let mut bytes = documents[random.usize(..documents.len())].clone();
    for _ in 0..random.usize(1..8) {
        let at = random.usize(..=bytes.len());
        let end = (at + random.usize(1..200)).min(bytes.len());
        match random.u8(..8) {
            0 => bytes.truncate(at.max(20).min(bytes.len())),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let doubled = bytes[at..end].repeat(random.usize(1..20));
                bytes.splice(at..at, doubled);
            }
            3 => {
                let other = &documents[random.usize(..documents.len())];
                let from = random.usize(..=other.len());
                let piece = &other[from..(from + random.usize(1..2000)).min(other.len())];
                bytes.splice(at..end, piece.iter().copied());
            }
            4 | 5 => drop(bytes.splice(at..at, PIECES[random.usize(..PIECES.len())].iter().copied())),
            _ if at < bytes.len() => bytes[at] = random.u8(..),
            _ => {}
        }
    }
    bytes.truncate(LONGEST);
    bytes
}

#[test]
fn mutated_documents_are_read_in_time_and_without_a_panic() {
    mutate(&own());
}

#[test]
#[ignore = "needs the recordings"]
fn mutated_recorded_documents_are_read_in_time_and_without_a_panic() {
    mutate(&[own(), recorded()].concat());
}

fn mutate(documents: &[Vec<u8>]) {
    let rounds = std::env::var("NEWSTAPE_MUTATIONS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(1500);
    let (mut random, mut slowest, mut read) = (fastrand::Rng::with_seed(7), (Duration::ZERO, 0), 0);
    for round in 0..rounds {
        let bytes = mutated(documents, &mut random);
        let before = Instant::now();
        let result = read_up_to(MAX_ENTRIES, &bytes, None, BASE);
        slowest = slowest.max((before.elapsed(), round));
        assert!(result != Err(Unreadable::Fault) && panic_guard::caught() == 0, "round {round}: a panic");
        read += usize::from(result.is_ok());
    }
    eprintln!(
        "{rounds} mutated documents, {read} of them read; the slowest took {:?} (round {})",
        slowest.0, slowest.1
    );
    assert!(cfg!(debug_assertions) || slowest.0 <= SLOWEST, "{slowest:?}");
}

/// What makes feed-rs panic never reaches it.
#[test]
fn authors_that_make_others_panic() {
    for author in [
        "Jean Dupont&#160;jean@x.fr",
        "jean@x.fr—Jean Dupont Martin",
        "株式会社（foo@example.com）",
        "Jean\u{a0}jean&#64;x.fr",
    ] {
        for name in ["author", "dc:creator", "managingEditor", "itunes:author", "media:credit"] {
            let text = RSS.replace("<category>", &format!("<{name}>{author}</{name}><category>"));
            let in_channel = RSS.replace("<item>", &format!("<{name}>{author}</{name}><item>"));
            for text in [text, in_channel] {
                assert_eq!(read_up_to(MAX_ENTRIES, text.as_bytes(), None, BASE).unwrap().entries.len(), 1);
                assert_eq!(panic_guard::caught(), 0, "{text}");
            }
        }
    }
}
