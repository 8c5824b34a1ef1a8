//! All words of all rules, found in one pass over a text.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::super::pattern::{Atom, Part, WordPattern, Words};
use super::super::text::{Text, fold};

/// A part of a phrase that rules ask for: one of its atoms must occur.
pub(super) type PartId = u16;
type AtomId = u16;

/// The atoms of all rules, by how they begin.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    atoms: Vec<Atom>,
    /// The parts each atom stands in; beside `atoms`.
    parts_of: Vec<Vec<PartId>>,
    parts: HashMap<Part, PartId>,
    atom_ids: HashMap<Atom, AtomId>,
    /// By the hash of the first word.
    by_word: HashMap<u32, Vec<AtomId>, BuildHasherDefault<Spread>>,
    /// By the first two bytes of the first word, which is a prefix.
    by_prefix: HashMap<u32, Vec<AtomId>, BuildHasherDefault<Spread>>,
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
        self.0 = (self.0 ^ u64::from(n)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

impl Index {
    /// The id of a part, which is taken into the index.
    pub(super) fn part(&mut self, part: Part) -> PartId {
        if let Some(&id) = self.parts.get(&part) {
            return id;
        }
        let id = self.parts.len() as PartId;
        for atom in &part {
            let atom = self.atom(atom);
            if let Some(parts) = self.parts_of.get_mut(usize::from(atom)).filter(|parts| !parts.contains(&id)) {
                parts.push(id);
            }
        }
        self.parts.insert(part, id);
        id
    }

    fn atom(&mut self, atom: &Atom) -> AtomId {
        if let Some(&id) = self.atom_ids.get(atom) {
            return id;
        }
        let id = self.atoms.len() as AtomId;
        match atom.0.first() {
            Some(WordPattern::Folded(hash, _) | WordPattern::Exact(hash, _)) => {
                self.by_word.entry(*hash).or_default().push(id);
            }
            Some(WordPattern::Prefix(prefix)) => self.by_prefix.entry(beginning(prefix)).or_default().push(id),
            Some(WordPattern::Number) => self.by_number.push(id),
            None => {}
        }
        self.atoms.push(atom.clone());
        self.parts_of.push(Vec::new());
        self.atom_ids.insert(atom.clone(), id);
        id
    }

    /// All parts that occur in a text.
    pub(super) fn find(&self, text: &Text) -> Found {
        let mut found = Found(Vec::with_capacity(16));
        let all = 0..text.words().len();
        for (at, word) in text.words().iter().enumerate() {
            let by_word = self.by_word.get(&word.hash);
            let by_prefix = match self.by_prefix.is_empty() {
                true => None,
                false => self.by_prefix.get(&beginning_of(text.word(at))),
            };
            let by_number = word.is_number().then_some(&self.by_number);
            for &id in [by_word, by_prefix, by_number].into_iter().flatten().flatten() {
                self.check(id, text, at, &all, &mut found);
            }
        }
        found.0.sort_unstable();
        found
    }

    fn check(&self, id: AtomId, text: &Text, at: usize, within: &Words, found: &mut Found) {
        let id = usize::from(id);
        let Some(atom) = self.atoms.get(id).filter(|atom| atom.matches_at(text, at, within)) else { return };
        let (start, end) = (at as u16, (at + atom.0.len()) as u16);
        found.0.extend(self.parts_of.get(id).into_iter().flatten().map(|&part| (part, start, end)));
    }
}

/// The first two bytes of a folded prefix.
fn beginning(folded: &str) -> u32 {
    folded.bytes().take(2).fold(0, |key, b| key << 8 | u32::from(b))
}

fn beginning_of(word: &str) -> u32 {
    let bytes = word.as_bytes();
    match bytes.first_chunk::<2>() {
        Some([a, b]) if a.is_ascii_alphanumeric() && b.is_ascii_alphanumeric() => {
            u32::from(a.to_ascii_lowercase()) << 8 | u32::from(b.to_ascii_lowercase())
        }
        _ => beginning(&fold(word, false)),
    }
}

/// The parts that occur in a text, each with its places.
#[derive(Debug)]
pub(super) struct Found(Vec<(PartId, u16, u16)>);

impl Found {
    fn of(&self, part: PartId) -> &[(PartId, u16, u16)] {
        let start = self.0.partition_point(|&(other, ..)| other < part);
        let rest = self.0.get(start..).unwrap_or_default();
        let end = rest.iter().take_while(|&&(other, ..)| other == part).count();
        rest.get(..end).unwrap_or_default()
    }

    pub(super) fn has(&self, part: PartId) -> bool {
        !self.of(part).is_empty()
    }

    /// The places of a part among some words.
    pub(super) fn places(&self, part: PartId, within: Words) -> Vec<Words> {
        let places = self.of(part).iter().map(|&(_, start, end)| usize::from(start)..usize::from(end));
        places.filter(|place| within.start <= place.start && place.end <= within.end).collect()
    }
}
