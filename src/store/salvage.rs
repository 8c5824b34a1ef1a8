//! What can still be read of a damaged database. SQLite opens none whose first page is broken, and finds nothing behind
//! a broken page that leads to others; so the file is read page by page by code of our own, which takes every row that
//! is whole. What a row is, is seen from its values: nothing that the file says about itself is relied upon.
//!
//! Stories with a star come first, then what the reader typed and arranged, then the other stories. No feed's validators:
//! each feed is to be read anew.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::{Cursor, Read, Seek};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::Connection;

use self::pages::{Pages, Walk};
use self::row::{Row, Value};
use super::inbox::Waiting;
use super::read::Names;
use super::write;
use crate::domain::layout::Layout;
use crate::domain::story::{Marks, Story, StoryId};
use crate::domain::text;

mod pages;
mod row;

/// Pages, and stories, in one piece of work.
const PAGES_AT_ONCE: u32 = 1_000;
const STORIES_AT_ONCE: usize = 500;
/// When a story may have been first seen, in seconds: from 2020 to the end of the century.
const SEEN: RangeInclusive<i64> = 1_577_836_800..=4_102_444_800;

/// A damaged file on its way into a new store.
#[derive(Debug)]
pub(super) struct Salvage {
    broken: PathBuf,
    source: Option<Source<File>>,
}

/// The file, and how far reading has come.
#[derive(Debug)]
struct Source<F> {
    pages: Pages<F>,
    walk: Walk,
    /// First those with a star, then the others.
    starred: bool,
    /// The stories that the table of stories leads to. Elsewhere in the file may be what they were before.
    in_tree: HashSet<StoryId>,
    names: Names,
    queries: BTreeMap<i64, String>,
    layout: Option<Layout>,
    found: usize,
}

/// What a row holds.
enum Content {
    Story(Story, Marks),
    Query(i64, String),
    Layout(Layout),
}

impl Salvage {
    pub(super) fn new(broken: PathBuf) -> Salvage {
        Salvage { broken, source: None }
    }

    /// Carries the next piece over. False when nothing is left.
    pub(super) fn carry_over(&mut self, into: &mut Connection) -> rusqlite::Result<bool> {
        if self.source.is_none() {
            self.source = Source::open(&self.broken);
        }
        let Some(source) = &mut self.source else {
            tracing::error!(file = %self.broken.display(), "the damaged data can't be read");
            return Ok(false);
        };
        source.carry_over(into)
    }
}

impl Source<File> {
    fn open(broken: &Path) -> Option<Source<File>> {
        let mut wal = broken.as_os_str().to_owned();
        wal.push("-wal");
        Some(Source::new(File::open(broken).ok()?, File::open(wal).ok()))
    }
}

impl<F: Read + Seek> Source<F> {
    fn new(file: F, wal: Option<F>) -> Source<F> {
        let mut pages = Pages::new(file, wal);
        Source {
            walk: Walk::new(&mut pages),
            pages,
            starred: true,
            in_tree: HashSet::new(),
            names: Names::default(),
            queries: BTreeMap::new(),
            layout: None,
            found: 0,
        }
    }

    fn carry_over(&mut self, into: &mut Connection) -> rusqlite::Result<bool> {
        let (stories, ended) = self.read_some();
        self.found += stories.len();
        write::carry_over(into, &stories)?;
        if !ended {
            return Ok(true);
        }
        if !std::mem::take(&mut self.starred) {
            tracing::warn!(stories = self.found, "carried over from the damaged data");
            return Ok(false);
        }
        let queries = std::mem::take(&mut self.queries).into_values().collect();
        write::save(into, &Waiting { queries, layout: self.layout.take(), ..Waiting::default() })?;
        self.walk = Walk::new(&mut self.pages);
        Ok(true)
    }

    /// The stories on the next pages, and whether those were the last.
    fn read_some(&mut self) -> (Vec<(Story, Marks)>, bool) {
        let mut stories = Vec::new();
        for _ in 0..PAGES_AT_ONCE {
            let Some((page, in_tree)) = self.walk.next(&mut self.pages) else { return (stories, true) };
            for row in row::rows(&page, |number| self.pages.read(number)) {
                self.take(row, in_tree, &mut stories);
            }
            if stories.len() >= STORIES_AT_ONCE {
                break;
            }
        }
        (stories, false)
    }

    fn take(&mut self, row: Row, in_tree: bool, stories: &mut Vec<(Story, Marks)>) {
        match content(&row, &mut self.names) {
            Some(Content::Story(story, marks)) => {
                let is_current = if in_tree {
                    self.in_tree.insert(story.id);
                    true
                } else {
                    !self.in_tree.contains(&story.id)
                };
                if is_current && marks.starred == self.starred {
                    stories.push((story, marks));
                }
            }
            Some(Content::Query(number, query)) => {
                self.queries.entry(number).or_insert(query);
            }
            Some(Content::Layout(layout)) => self.layout = Some(layout),
            None => {}
        }
    }
}

/// All stories that can be read of the bytes of a database and of its write-ahead log, as they are when a damaged one is
/// carried over.
pub fn readable_stories(database: &[u8], wal: &[u8]) -> Vec<(Story, Marks)> {
    let mut source = Source::new(Cursor::new(database), Some(Cursor::new(wal)));
    let mut stories = Vec::new();
    for starred in [true, false] {
        source.starred = starred;
        source.walk = Walk::new(&mut source.pages);
        loop {
            let (some, ended) = source.read_some();
            stories.extend(some);
            if ended {
                break;
            }
        }
    }
    stories
}

fn content(row: &Row, names: &mut Names) -> Option<Content> {
    match row.values.as_slice() {
        [Value::Null, query @ Value::Text(_)] => Some(Content::Query(row.number, clean(query)?)),
        [Value::Text(name), Value::Text(value)] if name == b"layout" => {
            serde_json::from_slice(value).ok().map(Content::Layout)
        }
        values => story(values, names),
    }
}

/// A row of the table of stories, of whatever version: the later columns are missing in rows that were written before
/// there were such. Without its summary or link a story is still one.
fn story(values: &[Value], names: &mut Names) -> Option<Content> {
    let [
        Value::Null,
        Value::Integer(id),
        feed,
        outlet,
        title,
        summary,
        link,
        lang,
        published,
        first_seen,
        time,
        rest @ ..,
    ] = values
    else {
        return None;
    };
    let [primary, read, starred, later @ ..] = rest else { return None };
    let (title, first_seen) = (clean(title)?, moment(first_seen)?);
    // Of a row that ends in zeros nothing behind its texts is true.
    moment(time).filter(|time| *time > Timestamp::UNIX_EPOCH)?;
    if !SEEN.contains(&first_seen.as_second()) {
        return None;
    }
    let story = Story {
        id: StoryId(id.cast_unsigned()),
        feed: names.name(&clean(feed)?),
        outlet: names.name(&clean(outlet)?),
        title: title.into(),
        title_before: later.first().and_then(clean).map(Into::into),
        summary: clean(summary).unwrap_or_default().into(),
        link: address(link),
        lang: clean(lang).map(|lang| names.name(&lang)),
        published: moment(published),
        first_seen,
        primary: flag(primary)?,
        reference: None,
    };
    let group = match later.get(1) {
        Some(Value::Integer(id)) => Some(StoryId(id.cast_unsigned())),
        _ => None,
    };
    Some(Content::Story(story, Marks { read: flag(read)?, starred: flag(starred)?, group }))
}

/// A text that says something. Cleaned once more: part of it may have been written over.
fn clean(value: &Value) -> Option<String> {
    let Value::Text(bytes) = value else { return None };
    Some(text::clean(std::str::from_utf8(bytes).ok()?)).filter(|text| !text.is_empty())
}

/// Part of an address leads elsewhere: it is whole or none.
fn address(value: &Value) -> Option<String> {
    let Value::Text(bytes) = value else { return None };
    let text = std::str::from_utf8(bytes).ok()?;
    let is_whole = !text.contains(char::is_control) && (text.starts_with("https://") || text.starts_with("http://"));
    is_whole.then(|| text.to_owned())
}

fn moment(value: &Value) -> Option<Timestamp> {
    let Value::Integer(millis) = value else { return None };
    Timestamp::from_millisecond(*millis).ok()
}

fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Integer(0) => Some(false),
        Value::Integer(1) => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
