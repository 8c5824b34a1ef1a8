//! The two readers against each other: they must never tell two stories of one document.

use std::path::{Path, PathBuf};

use super::*;
use crate::news::decode::decode;
use crate::news::repair::Repairs;
use crate::news::{Unreadable, json, parse};

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

/// Recorded documents of real feeds, when there are any: what feed-rs is trusted with it reads as we would.
#[test]
fn both_readers_agree_on_recorded_documents() {
    let data = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    for folder in ["feeds/files", "polls"] {
        if !data.join(folder).is_dir() {
            eprintln!("skipped: no recorded data at ../shared/data/{folder}");
            continue;
        }
        let (mut taken, mut left, mut differ, mut paths) = (0, 0, 0, Vec::new());
        files(&data.join(folder), &mut paths);
        for path in paths {
            let (bytes, mut repairs) = (std::fs::read(&path).unwrap(), Repairs::default());
            let text = decode(&bytes, None, &mut repairs);
            let text = text.trim_start();
            let Some(document) = strict(text).filter(|_| repairs.is_empty()) else {
                left += 1;
                if folder.starts_with("feeds") {
                    let d = lenient(text);
                    let why = match &d { Err(_) => "unreadable".to_owned(), Ok(d) if !d.repairs.is_empty() => format!("repairs {:?}", d.repairs), Ok(d) => {
                      if survey(text, usize::MAX).is_some() { 
                        let n = d.entries.len() as f32;
                        format!("incomplete t{} s{} l{} d{}", d.entries.iter().filter(|e| e.title.is_empty()).count() as f32/n, d.entries.iter().filter(|e| e.summary.is_empty()).count() as f32/n, d.entries.iter().filter(|e| e.link.is_none()).count()as f32/n, d.entries.iter().filter(|e| e.published.is_none()).count()as f32/n) } else { format!("survey {}", d.format) } } };
                    eprintln!("LEFT {why}   {}", path.display());
                }
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
