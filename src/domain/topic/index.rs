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
    /// The atoms of each part, by its id.
    parts: Vec<Box<[AtomId]>>,
    /// Only while rules are taken in.
    part_ids: HashMap<Box<[AtomId]>, PartId>,
    /// Only while rules are taken in.
    atom_ids: HashMap<Atom, AtomId>,
    /// By the hash of the first word.
    by_word: HashMap<u32, Vec<Beginning>, BuildHasherDefault<Spread>>,
    /// Those whose first word is only how one begins: by its first [`KEY`] letters, with how many there are of them.
    by_prefix: HashMap<u64, Vec<Beginning>, BuildHasherDefault<Spread>>,
    /// Lengths, in bytes, of the keys of `by_prefix`.
    prefix_lengths: Vec<usize>,
    /// The hashes in `by_word`.
    words: Bits,
    /// The first letters of those in `by_prefix`.
    beginnings: Bits,
    /// Those that begin with any number: by the hash of the second word …
    after_number: HashMap<u32, Vec<AtomId>, BuildHasherDefault<Spread>>,
    /// … and where that is no plain word.
    by_number: Vec<AtomId>,
}

/// The atoms that begin with a word.
#[derive(Clone, Debug)]
struct Beginning {
    word: WordPattern,
    atoms: Vec<AtomId>,
}

/// Adds an atom to those that begin with the same word.
fn note(beginnings: &mut Vec<Beginning>, word: &WordPattern, id: AtomId) {
    match beginnings.iter_mut().find(|beginning| beginning.word == *word) {
        Some(beginning) => beginning.atoms.push(id),
        None => beginnings.push(Beginning { word: word.clone(), atoms: vec![id] }),
    }
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
        let atoms: Box<[AtomId]> = part.into_iter().map(|atom| self.atom(atom)).collect();
        if let Some(&id) = self.part_ids.get(&atoms) {
            return id;
        }
        let id = self.parts.len() as PartId;
        for &atom in &atoms {
            if let Some(parts) = self.parts_of.get_mut(usize::from(atom)).filter(|parts| !parts.contains(&id)) {
                parts.push(id);
            }
        }
        self.parts.push(atoms.clone());
        self.part_ids.insert(atoms, id);
        id
    }

    /// All rules have been taken in: what only that needed goes.
    pub(super) fn finish(&mut self) {
        self.part_ids = HashMap::new();
        self.atom_ids = HashMap::new();
    }

    /// The alternatives of a part.
    pub(super) fn alternatives(&self, id: PartId) -> impl Iterator<Item = &Atom> {
        let atoms = self.parts.get(usize::from(id)).into_iter().flatten();
        atoms.filter_map(|atom| self.atoms.get(usize::from(*atom)))
    }

    fn atom(&mut self, atom: Atom) -> AtomId {
        if let Some(&id) = self.atom_ids.get(&atom) {
            return id;
        }
        let id = self.atoms.len() as AtomId;
        match atom.words.first() {
            Some(word @ (WordPattern::Folded(hash, _) | WordPattern::Exact(hash, _))) => {
                self.words.set(*hash);
                note(self.by_word.entry(*hash).or_default(), word, id);
            }
            Some(word @ WordPattern::Prefix(prefix)) => self.prefix(word, prefix, id),
            Some(WordPattern::Number) => match atom.words.get(1) {
                Some(WordPattern::Folded(hash, _) | WordPattern::Exact(hash, _)) => {
                    self.after_number.entry(*hash).or_default().push(id);
                }
                _ => self.by_number.push(id),
            },
            None => {}
        }
        self.atoms.push(atom.clone());
        self.parts_of.push(Vec::new());
        self.atom_ids.insert(atom, id);
        id
    }

    fn prefix(&mut self, word: &WordPattern, prefix: &str, id: AtomId) {
        let length = prefix.len().min(KEY);
        if !self.prefix_lengths.contains(&length) {
            self.prefix_lengths.push(length);
        }
        match beginning(prefix.as_bytes()) {
            Some(letters) => self.beginnings.set(letters),
            // Any word may begin so.
            None => *self.beginnings.0 = [u64::MAX; 1024],
        }
        let key = key(prefix.as_bytes(), length).unwrap_or_default();
        note(self.by_prefix.entry(key).or_default(), word, id);
    }

    /// All parts that occur in a text.
    pub(super) fn find(&self, text: &Text) -> Found {
        let mut found = Found::new(self.parts.len());
        for (at, word) in text.words().iter().enumerate() {
            if self.words.has(word.hash) {
                self.check_all(self.by_word.get(&word.hash), text, at, &mut found);
            }
            self.find_beginnings(text, at, &mut found);
            if word.is_number() {
                let next = text.words().get(at + 1).and_then(|next| self.after_number.get(&next.hash));
                let ids = next.into_iter().flatten().chain(&self.by_number);
                ids.for_each(|&id| self.check(id, text, at, &mut found));
            }
        }
        found
    }

    /// Where a part stands among some words of the text in which it was looked for, in their order.
    pub(super) fn places(&self, part: PartId, within: Words, found: &Found) -> Vec<Words> {
        let is_of_it = |atom: AtomId| self.parts_of.get(usize::from(atom)).is_some_and(|parts| parts.contains(&part));
        let is_within = |place: &Words| within.start <= place.start && place.end <= within.end;
        let atoms = found.atoms.iter().map(|&(atom, start, end)| (atom, usize::from(start)..usize::from(end)));
        let mut places: Vec<Words> =
            atoms.filter(|(atom, place)| is_within(place) && is_of_it(*atom)).map(|(_, place)| place).collect();
        places.sort_unstable_by_key(|place| (place.start, place.end));
        places
    }

    fn find_beginnings(&self, text: &Text, at: usize, found: &mut Found) {
        let word = text.word(at);
        if word.starts_with(|c: char| c.is_ascii() && !c.is_ascii_alphabetic()) {
            return;
        }
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
        if !beginning(&letters).is_some_and(|letters| self.beginnings.has(letters)) {
            return;
        }
        for &length in &self.prefix_lengths {
            let beginnings = key(&letters, length).and_then(|key| self.by_prefix.get(&key));
            self.check_all(beginnings, text, at, found);
        }
    }

    fn check_all(&self, beginnings: Option<&Vec<Beginning>>, text: &Text, at: usize, found: &mut Found) {
        for beginning in beginnings.into_iter().flatten().filter(|beginning| beginning.word.matches(text, at)) {
            beginning.atoms.iter().for_each(|&id| self.check(id, text, at, found));
        }
    }

    /// Takes down an atom whose first word stands here, when the others follow it.
    fn check(&self, id: AtomId, text: &Text, at: usize, found: &mut Found) {
        let place = usize::from(id);
        let Some(atom) = self.atoms.get(place).filter(|atom| atom.goes_on_at(text, at)) else { return };
        let (start, end) = (at as u16, (at + atom.len()) as u16);
        found.atoms.push((id, start, end));
        let in_title = usize::from(end) <= text.title_words().end;
        self.parts_of.get(place).into_iter().flatten().for_each(|&part| found.note(part, in_title));
    }
}

/// A bit for each of many keys: what has none there is not in a table, and most words are in none.
#[derive(Clone, Debug)]
struct Bits(Box<[u64; 1024]>);

impl Default for Bits {
    fn default() -> Self {
        Bits(Box::new([0; 1024]))
    }
}

impl Bits {
    fn set(&mut self, key: u32) {
        let bit = key as usize % (1024 * 64);
        self.0[bit / 64] |= 1 << (bit % 64);
    }

    fn has(&self, key: u32) -> bool {
        let bit = key as usize % (1024 * 64);
        self.0[bit / 64] >> (bit % 64) & 1 == 1
    }
}

/// Five bits of each of the first three letters; others that share them only cost a look.
fn beginning(letters: &[u8]) -> Option<u32> {
    let first = letters.first_chunk::<3>()?;
    Some(first.iter().fold(0, |key, letter| key << 5 | u32::from(letter & 31)))
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

/// What occurs in a text.
#[derive(Debug)]
pub(super) struct Found {
    /// The atoms, each with its first word and the one behind its last, in the order of the text.
    atoms: Vec<(AtomId, u16, u16)>,
    /// One bit for each part: first those that occur in the title, then those in the summary.
    bits: Vec<u64>,
}

impl Found {
    fn new(parts: usize) -> Found {
        Found { atoms: Vec::with_capacity(32), bits: vec![0; parts.div_ceil(64) * 2] }
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
}
