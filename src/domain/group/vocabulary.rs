//! The words of the titles remembered: how often each was seen, and where.

use std::collections::HashMap;

/// Most words whose frequency is remembered; then all counts are halved and the rarest forgotten.
pub(super) const MOST_WORDS: usize = 60_000;
/// After so many titles it is known which words are rare.
const TITLES_BEFORE_RARE_IS_KNOWN: u32 = 1_000;
/// A word in no more titles than this is rare.
const RARE_UP_TO: u32 = 8;
/// Stories taken as seen before the first, so that early words are not all rare alike.
const SEEN_BEFORE: f32 = 300.0;

/// A word by its place in the vocabulary. It keeps that as long as a remembered story has it.
pub(super) type WordId = u32;

/// The number of a remembered story, in the order of arrival. One that came from the store stands before those that
/// came since, so it may be negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Number(pub(super) i32);

impl Number {
    /// Below every number.
    pub(super) const NONE: Number = Number(i32::MIN);

    pub(super) fn plus(self, by: i32) -> Number {
        Number(self.0.saturating_add(by))
    }
}

impl Default for Number {
    fn default() -> Number {
        Number::NONE
    }
}

#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    ids: HashMap<u32, WordId>,
    words: Vec<Word>,
    /// Beside `words`: the logarithm of one more than their counts. By itself, as it is asked for some hundred times for
    /// each title.
    logarithms: Vec<f32>,
    /// Places that nothing needs any more.
    free: Vec<WordId>,
    /// Words with a count.
    counted: usize,
    titles_seen: u32,
}

#[derive(Debug, Default)]
struct Word {
    hash: u32,
    /// In how many titles it was seen.
    seen: u32,
    /// The latest of the remembered stories that have it; they lead from each to the one before.
    newest: Number,
    /// The first of them, or one before it that is forgotten.
    oldest: Number,
}

impl Vocabulary {
    /// The place of a word, which is given one when it has none.
    pub(super) fn id(&mut self, hash: u32) -> WordId {
        if let Some(id) = self.ids.get(&hash) {
            return *id;
        }
        let word = Word { hash, ..Word::default() };
        let id = match self.free.pop() {
            Some(id) => {
                self.words[id as usize] = word;
                self.logarithms[id as usize] = 0.0;
                id
            }
            None => {
                self.words.push(word);
                self.logarithms.push(0.0);
                self.words.len() as WordId - 1
            }
        };
        self.ids.insert(hash, id);
        id
    }

    pub(super) fn seen(&self, id: WordId) -> u32 {
        self.words.get(id as usize).map(|word| word.seen).unwrap_or_default()
    }

    /// Is it a word that few titles have, as names are? Known only once there have been many.
    pub(super) fn is_rare(&self, id: WordId) -> bool {
        self.titles_seen >= TITLES_BEFORE_RARE_IS_KNOWN && self.seen(id) <= RARE_UP_TO
    }

    /// The latest story that has a word.
    pub(super) fn newest(&self, id: WordId) -> Number {
        self.words.get(id as usize).map_or(Number::NONE, |word| word.newest)
    }

    /// The first story that has a word, or one before it that is forgotten.
    pub(super) fn oldest(&self, id: WordId) -> Number {
        self.words.get(id as usize).map_or(Number::NONE, |word| word.oldest)
    }

    /// The logarithm of the number of titles: what [`Vocabulary::weight`] is scaled by.
    pub(super) fn scale(&self) -> f32 {
        (self.titles_seen as f32 + SEEN_BEFORE).ln()
    }

    /// Inverse document frequency: a word in few titles tells more.
    pub(super) fn weight(&self, id: WordId, scale: f32) -> f32 {
        scale - self.logarithms.get(id as usize).copied().unwrap_or_default()
    }

    /// The weight of some words together.
    pub(super) fn weigh(&self, words: impl Iterator<Item = WordId>, scale: f32) -> f32 {
        words.map(|id| self.weight(id, scale)).sum()
    }

    /// A title with these words is remembered under a number, which is higher than all there are, or lower.
    pub(super) fn add(&mut self, words: impl Iterator<Item = WordId>, number: Number) {
        self.titles_seen += 1;
        for id in words {
            let Some(word) = self.words.get_mut(id as usize) else { continue };
            self.counted += usize::from(word.seen == 0);
            word.seen += 1;
            self.logarithms[id as usize] = logarithm(word.seen);
            if word.newest == Number::NONE || number < word.newest {
                word.oldest = number;
            }
            word.newest = word.newest.max(number);
        }
        if self.counted > MOST_WORDS {
            self.halve();
        }
    }

    /// The title of a number, which is the lowest there is, is forgotten.
    pub(super) fn remove(&mut self, words: impl Iterator<Item = WordId>, number: Number) {
        for id in words {
            let Some(word) = self.words.get_mut(id as usize) else { continue };
            if word.newest == number {
                (word.newest, word.oldest) = (Number::NONE, Number::NONE);
            }
            self.release(id);
        }
    }

    fn halve(&mut self) {
        self.titles_seen /= 2;
        for id in 0..self.words.len() {
            let word = &mut self.words[id];
            let was_counted = word.seen > 0;
            word.seen /= 2;
            self.logarithms[id] = logarithm(word.seen);
            if was_counted && word.seen == 0 {
                self.counted -= 1;
                self.release(id as WordId);
            }
        }
    }

    /// Gives the place of a word free that nothing needs any more.
    fn release(&mut self, id: WordId) {
        let Some(word) = self.words.get(id as usize) else { return };
        if word.seen == 0 && word.newest == Number::NONE && self.ids.get(&word.hash) == Some(&id) {
            self.ids.remove(&word.hash);
            self.free.push(id);
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }
}

fn logarithm(seen: u32) -> f32 {
    (seen as f32 + 1.0).ln()
}
