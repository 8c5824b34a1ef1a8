//! All words of all rules, found in one pass over a text.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::super::pattern::{Atom, Part, WordPattern, Words};
use super::super::query::Scope;
use super::super::text::{Text, fold};

/// A part of a phrase that rules ask for: one of its atoms must occur.
pub(super) type PartId = u16;
type AtomId = u16;

/// Letters of a beginning by which it is looked up.
const KEY: usize = 4;

/// The atoms of all rules, by how they begin.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    atoms: Vec<Atom>,
    /// The parts each atom stands in; beside `atoms`.
    parts_of: Vec<Vec<PartId>>,
    /// By their ids.
    parts: Vec<Part>,
    part_ids: HashMap<Part, PartId>,
    atom_ids: HashMap<Atom, AtomId>,
    /// By the hash of the first word.
    by_word: HashMap<u32, Vec<AtomId>, BuildHasherDefault<Spread>>,
    /// Those whose first word is only how one begins: by its first [`KEY`] letters, with how many there are of them.
    by_prefix: HashMap<u64, Vec<AtomId>, BuildHasherDefault<Spread>>,
    /// Lengths, in bytes, of the keys of `by_prefix`.
    prefix_lengths: Vec<usize>,
    /// Those that begin with any number.
    by_number: Vec<AtomId>,
}

/// The hashes of words are spread already; this moves them to the bits that the map looks at.
#[derive(Clone, Copy, Debug, Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&b| self.write_u32(b.into()));
    }

    fn write_u32(&mut self, n: u32) {
        self.write_u64(n.into());
    }

    fn write_u64(&mut self, n: u64) {
        self.0 = (self.0 ^ n).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(26);
    }
}

impl Index {
    /// The id of a part, which is taken into the index.
    pub(super) fn part(&mut self, part: Part) -> PartId {
        if let Some(&id) = self.part_ids.get(&part) {
            return id;
        }
        let id = self.parts.len() as PartId;
        for atom in &part {
            let atom = self.atom(atom);
            if let Some(parts) = self.parts_of.get_mut(usize::from(atom)).filter(|parts| !parts.contains(&id)) {
                parts.push(id);
            }
        }
        self.parts.push(part.clone());
        self.part_ids.insert(part, id);
        id
    }

    /// The words of a part.
    pub(super) fn words(&self, id: PartId) -> &[Atom] {
        self.parts.get(usize::from(id)).map(Vec::as_slice).unwrap_or_default()
    }

    fn atom(&mut self, atom: &Atom) -> AtomId {
        if let Some(&id) = self.atom_ids.get(atom) {
            return id;
        }
        let id = self.atoms.len() as AtomId;
        match atom.words.first() {
            Some(WordPattern::Folded(hash, _) | WordPattern::Exact(hash, _)) => {
                self.by_word.entry(*hash).or_default().push(id);
            }
            Some(WordPattern::Prefix(prefix)) => self.prefix(prefix, id),
            Some(WordPattern::Number) => self.by_number.push(id),
            None => {}
        }
        self.atoms.push(atom.clone());
        self.parts_of.push(Vec::new());
        self.atom_ids.insert(atom.clone(), id);
        id
    }

    fn prefix(&mut self, prefix: &str, id: AtomId) {
        let length = prefix.len().min(KEY);
        if !self.prefix_lengths.contains(&length) {
            self.prefix_lengths.push(length);
        }
        let key = key(prefix.as_bytes(), length).unwrap_or_default();
        self.by_prefix.entry(key).or_default().push(id);
    }

    /// All parts that occur in a text.
    pub(super) fn find(&self, text: &Text) -> Found {
        let mut found = Found::new(self.parts.len());
        let all = 0..text.words().len();
        for (at, word) in text.words().iter().enumerate() {
            for &id in self.by_word.get(&word.hash).into_iter().flatten() {
                self.check(id, text, at, &all, &mut found);
            }
            self.find_beginnings(text, at, &all, &mut found);
            if word.is_number() {
                self.by_number.iter().for_each(|&id| self.check(id, text, at, &all, &mut found));
            }
        }
        found.places.sort_unstable();
        found
    }

    fn find_beginnings(&self, text: &Text, at: usize, all: &Words, found: &mut Found) {
        let word = text.word(at);
        let folded;
        let letters = match small_letters(word.as_bytes()) {
            Some(letters) => letters,
            None => {
                folded = fold(word, false);
                let mut letters = [0; KEY];
                letters.iter_mut().zip(folded.bytes()).for_each(|(to, from)| *to = from);
                letters
            }
        };
        for &length in &self.prefix_lengths {
            let ids = key(&letters, length).and_then(|key| self.by_prefix.get(&key));
            for &id in ids.into_iter().flatten() {
                self.check(id, text, at, all, found);
            }
        }
    }

    fn check(&self, id: AtomId, text: &Text, at: usize, within: &Words, found: &mut Found) {
        let id = usize::from(id);
        let Some(atom) = self.atoms.get(id).filter(|atom| atom.matches_at(text, at, within)) else { return };
        let (start, end) = (at as u16, (at + atom.len()) as u16);
        let in_title = usize::from(end) <= text.title_words().end;
        for &part in self.parts_of.get(id).into_iter().flatten() {
            found.places.push((part, start, end));
            found.note(part, in_title);
        }
    }
}

/// The first letters of a plain word, small; zeros behind its end. None when it has to be folded.
fn small_letters(word: &[u8]) -> Option<[u8; KEY]> {
    let mut letters = [0; KEY];
    for (to, from) in letters.iter_mut().zip(word) {
        if !from.is_ascii_alphanumeric() {
            return None;
        }
        *to = from.to_ascii_lowercase();
    }
    Some(letters)
}

/// The first letters of a folded beginning with their number; None when there are fewer.
fn key(folded: &[u8], length: usize) -> Option<u64> {
    let letters = folded.get(..length)?;
    let packed = letters.iter().fold(0, |key, byte| key << 8 | u64::from(*byte));
    let is_whole = letters.last().is_none_or(|last| *last != 0);
    is_whole.then_some(packed << 8 | length as u64)
}

/// The parts that occur in a text, each with its places.
#[derive(Debug)]
pub(super) struct Found {
    /// Part, and its first word and the one behind its last.
    places: Vec<(PartId, u16, u16)>,
    /// One bit for each part: first those that occur in the title, then those in the summary.
    bits: Vec<u64>,
}

impl Found {
    fn new(parts: usize) -> Found {
        Found { places: Vec::with_capacity(32), bits: vec![0; parts.div_ceil(64) * 2] }
    }

    fn note(&mut self, part: PartId, in_title: bool) {
        let half = if in_title { 0 } else { self.bits.len() / 2 };
        if let Some(bits) = self.bits.get_mut(half + usize::from(part / 64)) {
            *bits |= 1 << (part % 64);
        }
    }

    /// Does a part occur there?
    pub(super) fn has(&self, part: PartId, scope: Scope) -> bool {
        let bit = |half: usize| {
            let bits = self.bits.get(half + usize::from(part / 64)).copied().unwrap_or_default();
            bits >> (part % 64) & 1 == 1
        };
        match scope {
            Scope::Title => bit(0),
            Scope::Summary => bit(self.bits.len() / 2),
            _ => bit(0) || bit(self.bits.len() / 2),
        }
    }

    fn of(&self, part: PartId) -> &[(PartId, u16, u16)] {
        let start = self.places.partition_point(|&(other, ..)| other < part);
        let rest = self.places.get(start..).unwrap_or_default();
        let end = rest.iter().take_while(|&&(other, ..)| other == part).count();
        rest.get(..end).unwrap_or_default()
    }

    /// The places of a part among some words.
    pub(super) fn places(&self, part: PartId, within: Words) -> Vec<Words> {
        let places = self.of(part).iter().map(|&(_, start, end)| usize::from(start)..usize::from(end));
        places.filter(|place| within.start <= place.start && place.end <= within.end).collect()
    }
}
