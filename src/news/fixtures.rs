//! Documents in every format that newstape reads, well made and with the faults that feeds have, written by hand: nothing
//! recorded is needed. They lie in `tests/fixtures/feeds/`.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use super::{Document, Unreadable, read};

const BASE: &str = "https://feeds.example.net/probe.xml";

/// File and what is read of it.
const DOCUMENTS: &[(&str, &str)] = &[
    (
        "rss.xml",
        "RSS 2.0 'Harbour Wire', https://harbour.example/, en, good for 900s, not at [2, 3]\n\
         Chipmaker raises its forecast & buys a rival | https://harbour.example/2026/chipmaker?utm_source=rss | 2026-11-23T17:05:00Z | en | - | Chips | Orders are up by 12 %, it says.\n\
         Lighthouse keepers vote | https://harbour.example/2026/lighthouse | 2026-11-23T16:00:00Z | en | Coast Post |  | The result is due at noon.",
    ),
    (
        "atom.xml",
        "Atom 1.0 'Le Phare', https://phare.example/, fr\n\
         Le régulateur ouvre une enquête | https://phare.example/1 | 2026-11-23T16:30:00Z | fr | - | Régulation | Trois sociétés sont visées.\n\
         Rates unchanged | https://phare.example/2 | 2026-11-23T15:00:00Z | en | - |  | As expected.",
    ),
    (
        "rdf.xml",
        "RSS 1.0 'The Ledger', https://ledger.example/, en\n\
         Coin exchange halts withdrawals | https://ledger.example/7 | 2026-11-23T16:45:00Z | en | - |  | It names no reason.",
    ),
    (
        "feed.json",
        "JSON Feed 1.1 'Tape Notes', https://tape.example/, en\n\
         Futures open higher | https://tape.example/1 | 2026-11-23T14:25:00Z | en | - | markets | By half a percent.\n\
         - | https://tape.example/2 | 2026-11-23T19:00:00Z | en | - |  | A note without a title.",
    ),
    (
        "bare-ampersand.xml",
        "RSS 2.0 'Faults', repairs: bare-ampersand\n\
         Profit & loss at AT&T | https://faults.example/1?a=1&b=2 |  | - | - |  | d\n\
         Unclosed | https://faults.example/2 |  | - | - |  | Some text",
    ),
    (
        "broken-off.xml",
        "RSS 2.0 'Faults', repairs: unclosed-element truncated\n\
         Whole | https://faults.example/1 |  | - | - |  | ",
    ),
    (
        "windows-1252.xml",
        "RSS 2.0 'Faults', repairs: false-encoding\n\
         A naïve “café” at 25° | https://faults.example/1 |  | - | - |  | ",
    ),
    (
        "utf-16.xml",
        "RSS 2.0 'Faults'\n\
         Été — 夏 | https://faults.example/1 |  | - | - |  | ",
    ),
    (
        "elements-in-titles.xml",
        "RSS 2.0 'Faults'\n\
         Stop using <div> for everything | https://faults.example/1 |  | - | - |  | \n\
         What really happened | https://faults.example/2 |  | - | - |  | ",
    ),
    (
        "links.xml",
        "RSS 2.0 'Faults', https://faults.example/\n\
         no slash | https://faults.example/posts/b |  | - | - |  | \n\
         no scheme | https://www.faults.example/c |  | - | - |  | \n\
         letters | https://xn--bcher-kva.example/%C3%A9t%C3%A9 |  | - | - |  | \n\
         guid only | https://faults.example/guid |  | - | - |  | \n\
         atom link only | https://faults.example/atom |  | - | - |  | \n\
         script | - |  | - | - |  | ",
    ),
    (
        "loose.json",
        "JSON Feed 1 'Faults', repairs: loose-json\n\
         raw newline | https://faults.example/1 |  | - | - |  | line break",
    ),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/feeds")
}

/// `RSS 2.0 'Harbour Wire' en, repairs: …`, then a line for each entry: title | link | time | language | outlet | topics |
/// summary.
fn lines(document: &Document) -> String {
    let mut text = format!("{} '{}'", document.format, document.title);
    text += &document.home.as_ref().map_or(String::new(), |home| format!(", {home}"));
    text += &document.lang.as_ref().map_or(String::new(), |lang| format!(", {lang}"));
    text += &document.ttl.map_or(String::new(), |ttl| format!(", good for {ttl:?}"));
    if !document.skip_hours.is_empty() {
        text += &format!(", not at {:?}", document.skip_hours);
    }
    if !document.repairs.is_empty() {
        text += &format!(", repairs: {}", document.repairs.join(" "));
    }
    for entry in &document.entries {
        let time = entry.published.map(|at| at.to_string()).unwrap_or_default();
        let [link, lang, source] = [&entry.link, &entry.lang, &entry.source].map(|text| text.as_deref().unwrap_or("-"));
        let topics = entry.categories.join(" ");
        let title = if entry.title.is_empty() { "-" } else { &entry.title };
        text += &format!("\n{title} | {link} | {time} | {lang} | {source} | {topics} | {}", entry.summary);
    }
    text
}

#[test]
fn documents_are_read() {
    let mut wrong = String::new();
    for (file, expected) in DOCUMENTS {
        let document = read(&std::fs::read(folder().join(file)).unwrap(), None, BASE).unwrap();
        let found = lines(&document);
        if found != *expected {
            wrong += &format!("--- {file}, as read\n{found}\n--- expected\n{expected}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn a_web_page_is_no_feed() {
    let page = std::fs::read(folder().join("web-page.html")).unwrap();
    assert_eq!(read(&page, None, BASE), Err(Unreadable::WebPage));
}

#[test]
fn every_document_is_read_by_a_test() {
    for file in std::fs::read_dir(folder()).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let known = name == "web-page.html" || DOCUMENTS.iter().any(|(file, _)| *file == name);
        assert!(known, "{name} is read by no test");
    }
}
