//! What can still be read of a damaged database: row by row in the order of the table, around what can't be read,
//! stories with a star first. No feed's validators: each feed is to be read anew.

use std::fs::{self, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::read::{self, COLUMNS, Names};
use super::{schema, write};

/// Rows asked for at once; halved where some of them can't be read.
const ROWS: i64 = 256;
/// Stories, and questions, in one piece of work.
const STORIES_AT_ONCE: usize = 500;
const QUESTIONS_AT_ONCE: u32 = 2_000;
/// Bytes in a page, as SQLite makes them where nothing else is asked for.
const PAGE: u64 = 4096;
/// No page holds more stories than this.
const STORIES_PER_PAGE: i64 = 64;

/// A damaged file on its way into a new store.
#[derive(Debug)]
pub(super) struct Salvage {
    broken: PathBuf,
    source: Option<Source>,
}

/// The file open for reading, and how far reading has come.
#[derive(Debug)]
struct Source {
    connection: Connection,
    /// A repaired copy, removed at the end.
    copy: Option<PathBuf>,
    /// First those with a star, then the others.
    starred: bool,
    next: i64,
    last: i64,
    /// Parts of what could not be read at once, the next one last.
    parts: Vec<(i64, i64)>,
    names: Names,
    found: usize,
    lost: usize,
}

impl Salvage {
    pub fn new(broken: PathBuf) -> Salvage {
        Salvage { broken, source: None }
    }

    /// Carries the next piece over. False when nothing is left.
    pub fn carry_over(&mut self, into: &mut Connection) -> rusqlite::Result<bool> {
        if self.source.is_none() {
            self.source = Source::open(&self.broken);
            let Some(source) = &self.source else {
                tracing::error!(file = %self.broken.display(), "nothing of the damaged data can be read");
                return Ok(false);
            };
            source.carry_settings_over(into)?;
        }
        let Some(source) = &mut self.source else { return Ok(false) };
        source.carry_stories_over(into)
    }
}

impl Source {
    fn open(broken: &Path) -> Option<Source> {
        let (connection, copy) = match readable(broken) {
            Some(connection) => (connection, None),
            None => {
                let copy = with_a_new_header(broken).ok()?;
                (readable(&copy)?, Some(copy))
            }
        };
        let last = connection.query_row("SELECT max(row) FROM story", [], |row| row.get::<_, Option<i64>>(0));
        let pages = fs::metadata(broken).map_or(0, |file| file.len() / PAGE);
        let last =
            last.ok().flatten().unwrap_or(i64::try_from(pages).unwrap_or(i64::MAX).saturating_mul(STORIES_PER_PAGE));
        Some(Source {
            connection,
            copy,
            starred: true,
            next: 0,
            last,
            parts: Vec::new(),
            names: Names::default(),
            found: 0,
            lost: 0,
        })
    }

    fn carry_settings_over(&self, into: &mut Connection) -> rusqlite::Result<()> {
        let waiting = super::inbox::Waiting {
            queries: read::queries(&self.connection).unwrap_or_default(),
            layout: read::layout(&self.connection).ok().flatten(),
            ..Default::default()
        };
        write::save(into, &waiting).map(drop)
    }

    fn carry_stories_over(&mut self, into: &mut Connection) -> rusqlite::Result<bool> {
        let mut stories = Vec::new();
        let mut is_left = true;
        for _ in 0..QUESTIONS_AT_ONCE {
            let Some((first, last)) = self.next_rows() else {
                is_left = false;
                break;
            };
            match read::rows(&self.connection, (first, last), self.starred, &mut self.names) {
                Ok(rows) => stories.extend(rows),
                Err(_) if first < last => {
                    let middle = first + (last - first) / 2;
                    self.parts.extend([(middle + 1, last), (first, middle)]);
                }
                Err(_) => self.lost += 1,
            }
            if stories.len() >= STORIES_AT_ONCE {
                break;
            }
        }
        self.found += stories.len();
        write::carry_over(into, &stories)?;
        if !is_left {
            tracing::warn!(stories = self.found, unreadable = self.lost, "carried over from the damaged data");
        }
        Ok(is_left)
    }

    fn next_rows(&mut self) -> Option<(i64, i64)> {
        if let Some(part) = self.parts.pop() {
            return Some(part);
        }
        if self.next > self.last && std::mem::replace(&mut self.starred, false) {
            self.next = 0;
        }
        let first = self.next;
        self.next = first.saturating_add(ROWS);
        (first <= self.last).then(|| (first, self.last.min(first + ROWS - 1)))
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        let Some(copy) = &self.copy else { return };
        for companion in ["", "-wal", "-shm"] {
            fs::remove_file(companion_of(copy, companion)).ok();
        }
    }
}

/// A connection that knows the table of stories.
fn readable(path: &Path) -> Option<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).ok()?;
    connection.execute_batch("PRAGMA query_only = ON; PRAGMA cell_size_check = ON;").ok()?;
    connection.prepare(&format!("SELECT {COLUMNS} FROM story")).map(drop).ok()?;
    Some(connection)
}

/// A copy of a file whose first bytes say nothing true any more: with those that every file of ours begins with. How long
/// the file is, is taken from the file itself then.
fn with_a_new_header(broken: &Path) -> std::io::Result<PathBuf> {
    let copy = companion_of(broken, ".repaired");
    fs::copy(broken, &copy)?;
    if fs::exists(companion_of(broken, "-wal"))? {
        fs::copy(companion_of(broken, "-wal"), companion_of(&copy, "-wal"))?;
    }
    let mut file = OpenOptions::new().write(true).open(&copy)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&header())?;
    // A table whose first page was cut off would make all of them unreadable. An empty page is only an unreadable one.
    let pages = file.metadata()?.len() / PAGE + 1;
    file.set_len(2 * pages * PAGE)?;
    Ok(copy)
}

/// See "The Database Header" of SQLite's file format: pages of 4096 bytes, write-ahead log, no free pages, UTF-8.
fn header() -> [u8; 100] {
    let mut header = [0; 100];
    header[..16].copy_from_slice(b"SQLite format 3\0");
    header[16..24].copy_from_slice(&[0x10, 0, 2, 2, 0, 64, 32, 32]);
    // A change counter that does not fit the version below: the page count of the header does not count.
    header[27] = 1;
    header[43] = 1;
    header[47] = 4;
    header[59] = 1;
    header[60..64].copy_from_slice(&(schema::NEWEST as u32).to_be_bytes());
    header
}

fn companion_of(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
