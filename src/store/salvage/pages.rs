//! The pages of a database file, with those in its write-ahead log over them, and the order they are read in.
//! Format: <https://sqlite.org/fileformat2.html>.

use std::collections::{HashMap, HashSet};
use std::io::{Read, Seek, SeekFrom};

use super::row::{PAGE_SIZE, u32_at};

/// The first table that was ever made is that of the stories: its tree of pages begins behind the page of the schema.
const STORIES_ROOT: u32 = 2;
/// The first byte of a page that leads to others, and where its list of them begins.
const TABLE_INTERIOR: u8 = 0x05;
const INTERIOR_HEADER: usize = 12;
/// Bytes before the pages of a write-ahead log, and before each of them.
const WAL_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// The pages of a database, by number from 1.
#[derive(Debug)]
pub(super) struct Pages<F> {
    file: F,
    wal: Option<Wal<F>>,
}

/// The pages that were committed to the write-ahead log, with the place of each.
#[derive(Debug)]
struct Wal<F> {
    file: F,
    frames: HashMap<u32, u64>,
}

impl<F: Read + Seek> Pages<F> {
    pub(super) fn new(file: F, wal: Option<F>) -> Pages<F> {
        Pages { file, wal: wal.and_then(Wal::open) }
    }

    /// A page as it was committed last. One that is cut off ends in zeros; None where nothing can be read.
    pub(super) fn read(&mut self, number: u32) -> Option<Vec<u8>> {
        if let Some(wal) = &mut self.wal
            && let Some(place) = wal.frames.get(&number)
        {
            return read_at(&mut wal.file, *place, PAGE_SIZE);
        }
        read_at(&mut self.file, u64::from(number.checked_sub(1)?) * PAGE_SIZE as u64, PAGE_SIZE)
    }

    /// The number of the last page.
    fn last(&mut self) -> u32 {
        let bytes = self.file.seek(SeekFrom::End(0)).unwrap_or(0);
        let of_file = u32::try_from(bytes.div_ceil(PAGE_SIZE as u64)).unwrap_or(u32::MAX);
        let of_wal = self.wal.as_ref().map_or(0, |wal| wal.frames.len());
        // A log may add pages at the end, but no more than it has.
        of_file.saturating_add(u32::try_from(of_wal).unwrap_or(u32::MAX))
    }
}

impl<F: Read + Seek> Wal<F> {
    /// Up to the last commit that is whole, as SQLite takes it. None without any.
    fn open(mut file: F) -> Option<Wal<F>> {
        let header = read_at(&mut file, 0, WAL_HEADER)?;
        let mut checksum = Checksum::new(&header)?;
        let (mut frames, mut uncommitted) = (HashMap::new(), Vec::new());
        let mut place = WAL_HEADER as u64;
        while let Some(frame) = read_at(&mut file, place, FRAME_HEADER + PAGE_SIZE) {
            if frame[8..16] != header[16..24] || !checksum.holds(&frame) {
                break;
            }
            uncommitted.push((u32_at(&frame, 0)?, place + FRAME_HEADER as u64));
            if u32_at(&frame, 4)? != 0 {
                frames.extend(uncommitted.drain(..));
            }
            place += (FRAME_HEADER + PAGE_SIZE) as u64;
        }
        (!frames.is_empty()).then_some(Wal { file, frames })
    }
}

/// The running sum over a write-ahead log.
struct Checksum {
    word: fn([u8; 4]) -> u32,
    sum: (u32, u32),
}

impl Checksum {
    /// Begins with the header of the log. None when it is no log.
    fn new(header: &[u8]) -> Option<Checksum> {
        let word = match u32_at(header, 0)? {
            0x377f_0682 => u32::from_le_bytes,
            0x377f_0683 => u32::from_be_bytes,
            _ => return None,
        };
        let mut checksum = Checksum { word, sum: (0, 0) };
        checksum.add(&header[..24]);
        (checksum.sum == (u32_at(header, 24)?, u32_at(header, 28)?)).then_some(checksum)
    }

    fn holds(&mut self, frame: &[u8]) -> bool {
        self.add(&frame[..8]);
        self.add(&frame[FRAME_HEADER..]);
        (Some(self.sum.0), Some(self.sum.1)) == (u32_at(frame, 16), u32_at(frame, 20))
    }

    fn add(&mut self, bytes: &[u8]) {
        let words = bytes.as_chunks::<4>().0.iter().map(|bytes| (self.word)(*bytes));
        let (mut one, mut other) = self.sum;
        for (at, word) in words.enumerate() {
            if at % 2 == 0 {
                one = one.wrapping_add(word).wrapping_add(other);
            } else {
                other = other.wrapping_add(word).wrapping_add(one);
            }
        }
        self.sum = (one, other);
    }
}

/// Some bytes; those behind the end are zeros. None when there is not one, or the disk gives none.
fn read_at(file: &mut (impl Read + Seek), place: u64, length: usize) -> Option<Vec<u8>> {
    file.seek(SeekFrom::Start(place)).ok()?;
    let mut bytes = Vec::with_capacity(length);
    file.take(length as u64).read_to_end(&mut bytes).ok()?;
    (!bytes.is_empty()).then(|| {
        bytes.resize(length, 0);
        bytes
    })
}

/// All pages, each once: first those that the tree of stories leads to, then whatever else the file holds.
#[derive(Debug)]
pub(super) struct Walk {
    ahead: Vec<u32>,
    seen: HashSet<u32>,
    /// The next one to look at when the tree has ended.
    rest: u32,
    last: u32,
}

impl Walk {
    pub(super) fn new<F: Read + Seek>(pages: &mut Pages<F>) -> Walk {
        Walk { ahead: vec![STORIES_ROOT], seen: HashSet::new(), rest: 1, last: pages.last() }
    }

    /// The next page that can be read, and whether the tree leads to it.
    pub(super) fn next<F: Read + Seek>(&mut self, pages: &mut Pages<F>) -> Option<(Vec<u8>, bool)> {
        while let Some(number) = self.ahead.pop() {
            if number <= self.last
                && self.seen.insert(number)
                && let Some(page) = pages.read(number)
            {
                self.ahead.extend(children(&page).into_iter().rev());
                return Some((page, true));
            }
        }
        while self.rest <= self.last {
            let number = self.rest;
            self.rest = number.checked_add(1)?;
            if !self.seen.contains(&number)
                && let Some(page) = pages.read(number)
            {
                return Some((page, false));
            }
        }
        None
    }
}

/// The pages that a page of a table leads to, in their order.
fn children(page: &[u8]) -> Vec<u32> {
    if page.first() != Some(&TABLE_INTERIOR) {
        return Vec::new();
    }
    let cells = super::row::cells(page, INTERIOR_HEADER);
    cells.chain([8]).filter_map(|at| u32_at(page, at)).collect()
}
