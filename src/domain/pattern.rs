//! Patterns of words, and where they occur in a text: what queries and topics are made of.

use std::fmt;
use std::ops::Range;

use super::text::{Lang, Text, Tokens, fold, fold_begins, folds_to, hash};

/// What one word is held against.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum WordPattern {
    /// Folded, with its hash.
    Folded(u32, Box<str>),
    /// With its case, accents stripped; the hash is that of the folded word.
    Exact(u32, Box<str>),
    /// How it begins, folded.
    Prefix(Box<str>),
    /// `#`: any number.
    Number,
}

impl WordPattern {
    fn new(word: &str, exact: bool, prefix: bool) -> Self {
        match (exact, prefix) {
            (_, true) => WordPattern::Prefix(fold(word, false).into()),
            (true, _) => WordPattern::Exact(hash(word), fold(word, true).into()),
            _ => WordPattern::Folded(hash(word), fold(word, false).into()),
        }
    }

    pub(crate) fn matches(&self, text: &Text, at: usize) -> bool {
        let Some(word) = text.words().get(at) else { return false };
        match self {
            WordPattern::Folded(hash, folded) => word.hash == *hash && folds_to(text.word(at), folded, false),
            WordPattern::Exact(hash, exact) => word.hash == *hash && folds_to(text.word(at), exact, true),
            WordPattern::Prefix(folded) => fold_begins(text.word(at), folded),
            WordPattern::Number => word.is_number(),
        }
    }
}

impl fmt::Display for WordPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WordPattern::Folded(_, word) => f.write_str(word),
            WordPattern::Exact(_, word) => write!(f, "={word}"),
            WordPattern::Prefix(word) => write!(f, "{word}*"),
            WordPattern::Number => f.write_str("#"),
        }
    }
}

/// Words that follow each other in one sentence.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Atom {
    pub(crate) words: Box<[WordPattern]>,
    /// It counts only in texts of this language, and in those that don't tell theirs.
    pub(crate) lang: Option<Lang>,
}

impl Atom {
    /// Reads words, each perhaps with `=` before it or `*` behind it, and `#`; with `@fr` behind one of them all are
    /// meant in that language. Empty when there is no word in it.
    pub(crate) fn read(source: &str) -> Atom {
        let (mut words, mut lang) = (Vec::new(), None);
        for piece in source.split_whitespace() {
            let (piece, own) = without_lang(piece);
            lang = own.or(lang);
            if piece == "#" {
                words.push(WordPattern::Number);
                continue;
            }
            let (exact, bare) = piece.strip_prefix('=').map_or((false, piece), |bare| (true, bare));
            let (prefix, bare) = bare.strip_suffix('*').map_or((false, bare), |bare| (true, bare));
            let found: Vec<_> = Tokens::new(bare).collect();
            let last = found.len().saturating_sub(1);
            words.extend(
                found
                    .iter()
                    .enumerate()
                    .map(|(at, token)| WordPattern::new(token.text, exact, prefix && at == last && !token.number)),
            );
        }
        Atom { words: words.into(), lang }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.words.len()
    }

    pub(crate) fn matches_at(&self, text: &Text, at: usize, within: &Range<usize>) -> bool {
        at + self.len() <= within.end
            && self.words.first().is_some_and(|first| first.matches(text, at))
            && self.goes_on_at(text, at)
    }

    /// Do the words behind the first follow it, which stands here?
    pub(crate) fn goes_on_at(&self, text: &Text, at: usize) -> bool {
        self.lang.is_none_or(|lang| text.may_be_in(lang))
            && self.words.iter().enumerate().skip(1).all(|(offset, pattern)| {
                let word = text.words().get(at + offset);
                word.is_some_and(|word| !word.begins_sentence()) && pattern.matches(text, at + offset)
            })
    }
}

/// A word without the `@fr` behind it, and the language that names.
fn without_lang(word: &str) -> (&str, Option<Lang>) {
    let parted = word.rsplit_once('@').filter(|(bare, _)| !bare.is_empty());
    let meant = parted.and_then(|(bare, code)| Some((bare, Lang::read(code)?)));
    meant.map_or((word, None), |(bare, lang)| (bare, Some(lang)))
}

impl fmt::Display for Atom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, word) in self.words.iter().enumerate() {
            write!(f, "{}{word}", if at > 0 { " " } else { "" })?;
            self.lang.map_or(Ok(()), |lang| write!(f, "@{lang}"))?;
        }
        Ok(())
    }
}

/// Alternatives for one part of a phrase.
pub(crate) type Part = Vec<Atom>;

/// A word, a phrase, or words near each other.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Phrase {
    /// At least one; neighbours without alternatives are one part, unless the phrase has a distance.
    pub(crate) parts: Vec<Part>,
    /// With a distance the parts may come in any order, with at most so many other words between them.
    pub(crate) distance: Option<u8>,
}

/// Words of a text, as indices.
pub(crate) type Words = Range<usize>;

impl Phrase {
    /// Where the phrase first occurs, part by part.
    pub(crate) fn find(&self, text: &Text, within: &Words) -> Option<Vec<Words>> {
        if let ([part], None) = (self.parts.as_slice(), self.distance) {
            return first_of(part, text, within).map(|found| vec![found]);
        }
        let mut places = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            let found = all_of(part, text, within);
            if found.is_empty() {
                return None;
            }
            places.push(found);
        }
        let places: Vec<&[Words]> = places.iter().map(Vec::as_slice).collect();
        join(&places, self.distance, text)
    }

    pub(crate) fn occurs(&self, text: &Text, within: &Words) -> bool {
        match (self.parts.as_slice(), self.distance) {
            ([part], None) => first_of(part, text, within).is_some(),
            _ => self.find(text, within).is_some(),
        }
    }

    /// Every place of every part that takes part in an occurrence; for emphasis.
    pub(crate) fn find_all(&self, text: &Text, within: &Words) -> Vec<Words> {
        if let ([part], None) = (self.parts.as_slice(), self.distance) {
            return all_of(part, text, within);
        }
        let (mut found, mut start) = (Vec::new(), within.start);
        while let Some(places) = self.find(text, &(start..within.end)) {
            start = places.iter().map(|place| place.start).min().unwrap_or(within.end) + 1;
            found.extend(places);
        }
        found
    }
}

fn first_of(part: &Part, text: &Text, within: &Words) -> Option<Words> {
    within.clone().find_map(|at| {
        let atom = part.iter().find(|atom| atom.matches_at(text, at, within))?;
        Some(at..at + atom.len())
    })
}

fn all_of(part: &Part, text: &Text, within: &Words) -> Vec<Words> {
    let atoms = |at| part.iter().filter(move |atom| atom.matches_at(text, at, within));
    within.clone().flat_map(|at| atoms(at).map(move |atom| at..at + atom.len())).collect()
}

/// Chooses one place for each part so that they stand together as the phrase asks: one after the other, or with at
/// most `distance` other words between the first and the last. No choice spans two sentences.
pub(crate) fn join(places: &[&[Words]], distance: Option<u8>, text: &Text) -> Option<Vec<Words>> {
    let mut chosen = Vec::with_capacity(places.len());
    choose(places, distance, text, &mut chosen, &mut { TRIES }).then_some(chosen)
}

/// How many places are tried before a phrase is given up: far beyond what a true text needs, and a stop for one that
/// repeats a word thousands of times.
const TRIES: u32 = 20_000;

fn choose(places: &[&[Words]], distance: Option<u8>, text: &Text, chosen: &mut Vec<Words>, tries: &mut u32) -> bool {
    let Some((first, others)) = places.split_first() else { return true };
    for place in *first {
        *tries = tries.saturating_sub(1);
        if *tries == 0 {
            return false;
        }
        let fits = match distance {
            None => chosen.last().is_none_or(|before| before.end == place.start && one_sentence(text, chosen, place)),
            Some(most) => chosen.is_empty() || near(chosen, place, usize::from(most), text),
        };
        if fits {
            chosen.push(place.clone());
            if choose(others, distance, text, chosen, tries) {
                return true;
            }
            chosen.pop();
        }
    }
    false
}

fn near(chosen: &[Words], place: &Words, most: usize, text: &Text) -> bool {
    let apart = chosen.iter().all(|other| other.end <= place.start || place.end <= other.start);
    let all = || chosen.iter().chain([place]);
    let start = all().map(|words| words.start).min().unwrap_or_default();
    let end = all().map(|words| words.end).max().unwrap_or_default();
    let taken: usize = all().map(|words| words.len()).sum();
    apart && end - start <= taken + most && one_sentence(text, chosen, place)
}

fn one_sentence(text: &Text, chosen: &[Words], place: &Words) -> bool {
    let start = chosen.iter().map(|words| words.start).min().unwrap_or(place.start).min(place.start);
    let end = chosen.iter().map(|words| words.end).max().unwrap_or(place.end).max(place.end);
    !(start + 1..end).any(|at| text.words().get(at).is_some_and(|word| word.begins_sentence()))
}

/// In quotes unless it is one word; parts with alternatives as `(a|b c)`.
impl fmt::Display for Phrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let ([part], None) = (self.parts.as_slice(), self.distance)
            && let [atom] = part.as_slice()
            && let [word] = &*atom.words
            && *word != WordPattern::Number
        {
            return write!(f, "{atom}");
        }
        f.write_str("\"")?;
        for (at, part) in self.parts.iter().enumerate() {
            f.write_str(if at > 0 { " " } else { "" })?;
            match part.as_slice() {
                [atom] => write!(f, "{atom}")?,
                _ => write_alternatives(f, part)?,
            }
        }
        f.write_str("\"")?;
        self.distance.map_or(Ok(()), |distance| write!(f, "~{distance}"))
    }
}

fn write_alternatives(f: &mut fmt::Formatter<'_>, part: &Part) -> fmt::Result {
    for (at, atom) in part.iter().enumerate() {
        write!(f, "{}{atom}", if at > 0 { "|" } else { "(" })?;
    }
    f.write_str(")")
}
