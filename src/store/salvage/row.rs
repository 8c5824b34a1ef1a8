//! The rows on a page of a database, read without SQLite. Format: <https://sqlite.org/fileformat2.html>, "B-tree Pages"
//! and "Record Format".

/// Bytes in a page, as SQLite makes them where nothing else is asked for.
pub(super) const PAGE_SIZE: usize = 4096;
/// The first byte of a page with rows of a table, and of one with those of a table without row numbers.
const TABLE_LEAF: u8 = 0x0d;
const INDEX_LEAF: u8 = 0x0a;
const LEAF_HEADER: usize = 8;
/// No row of ours that is carried over comes near it.
const ROW_MAX: usize = 256 * 1024;
const VALUES_MAX: usize = 64;

/// A row of any table.
#[derive(Debug, PartialEq)]
pub(super) struct Row {
    /// Its number; 0 in a table without.
    pub number: i64,
    pub values: Vec<Value>,
}

#[derive(Debug, PartialEq)]
pub(super) enum Value {
    Null,
    Integer(i64),
    /// What should be UTF-8.
    Text(Vec<u8>),
    Other,
}

/// The rows of a page that can be read; none of a page of another kind. `more` reads the pages on which long rows go on.
pub(super) fn rows(page: &[u8], mut more: impl FnMut(u32) -> Option<Vec<u8>>) -> Vec<Row> {
    let numbered = match page.first() {
        Some(&TABLE_LEAF) => true,
        Some(&INDEX_LEAF) => false,
        _ => return Vec::new(),
    };
    // Cells that lie over each other are no rows: together they have no more bytes than the page.
    let mut room = PAGE_SIZE;
    cells(page, LEAF_HEADER).filter_map(|at| row(page.get(at..)?, numbered, &mut room, &mut more)).collect()
}

/// Where the cells of a page begin, as the list behind its header says.
pub(super) fn cells(page: &[u8], header: usize) -> impl Iterator<Item = usize> {
    let count = u16_at(page, 3).unwrap_or(0);
    let list = page.get(header..).unwrap_or_default().as_chunks::<2>().0;
    list.iter().take(count).map(|place| usize::from(u16::from_be_bytes(*place)))
}

fn row(
    mut cell: &[u8],
    numbered: bool,
    room: &mut usize,
    more: &mut impl FnMut(u32) -> Option<Vec<u8>>,
) -> Option<Row> {
    let length = usize::try_from(varint(&mut cell)?).ok().filter(|length| *length <= ROW_MAX)?;
    let number = if numbered { varint(&mut cell)?.cast_signed() } else { 0 };
    let (here, rest) = cell.split_at_checked(length_here(length, numbered))?;
    *room = room.checked_sub(here.len())?;
    let mut record = here.to_vec();
    let mut next = u32_at(rest, 0);
    while record.len() < length {
        let page = more(next?)?;
        let (link, part) = page.split_at_checked(4)?;
        next = u32_at(link, 0);
        record.extend(part.iter().take(length - record.len()));
    }
    Some(Row { number, values: values(&record)? })
}

/// How much of a row lies on its own page.
fn length_here(length: usize, numbered: bool) -> usize {
    let most = if numbered { PAGE_SIZE - 35 } else { (PAGE_SIZE - 12) * 64 / 255 - 23 };
    if length <= most {
        return length;
    }
    let least = (PAGE_SIZE - 12) * 32 / 255 - 23;
    let fitting = least + (length - least) % (PAGE_SIZE - 4);
    if fitting <= most { fitting } else { least }
}

fn values(record: &[u8]) -> Option<Vec<Value>> {
    let mut header = record;
    let length = usize::try_from(varint(&mut header)?).ok()?;
    let (_, mut body) = record.split_at_checked(length)?;
    let before = record.len() - header.len();
    header = record.get(before..length)?;
    let mut values = Vec::new();
    while !header.is_empty() && values.len() < VALUES_MAX {
        values.push(value(varint(&mut header)?, &mut body)?);
    }
    Some(values)
}

fn value(kind: u64, body: &mut &[u8]) -> Option<Value> {
    let length = match kind {
        0 | 8 | 9 => 0,
        1..=4 => kind,
        5 => 6,
        6 | 7 => 8,
        10 | 11 => return None,
        _ => (kind - 12) / 2,
    };
    let (bytes, rest) = body.split_at_checked(usize::try_from(length).ok()?)?;
    *body = rest;
    Some(match kind {
        0 => Value::Null,
        1..=6 => Value::Integer(integer(bytes)),
        8 => Value::Integer(0),
        9 => Value::Integer(1),
        7 => Value::Other,
        kind if kind % 2 == 1 => Value::Text(bytes.to_vec()),
        _ => Value::Other,
    })
}

/// Big-endian with a sign, of one to eight bytes.
fn integer(bytes: &[u8]) -> i64 {
    let sign = bytes.first().map_or(0, |first| i64::from(first.cast_signed() >> 7));
    bytes.iter().fold(sign, |value, byte| value << 8 | i64::from(*byte))
}

/// Seven bits a byte, the highest first, as long as the eighth is set; all eight of a ninth byte.
fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for at in 0..9 {
        let byte = *bytes.get(at)?;
        let (bits, is_last) = if at == 8 { (8, true) } else { (7, byte < 0x80) };
        value = value << bits | u64::from(if bits == 8 { byte } else { byte & 0x7f });
        if is_last {
            *bytes = &bytes[at + 1..];
            return Some(value);
        }
    }
    None
}

fn u16_at(bytes: &[u8], at: usize) -> Option<usize> {
    Some(usize::from(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?)))
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}
