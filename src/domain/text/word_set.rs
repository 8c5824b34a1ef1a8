//! Which words a text may have: a Bloom filter over the hashes of its words.

use serde::{Deserialize, Serialize};

use super::Text;

/// A set of words that errs on the side of yes: about one word in twenty that a text does not have is taken to be in
/// it, and none that it has is missed. It takes a byte for each word.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WordSet(Box<[u64]>);

/// Bits set for each word. With eight bits a word, two or more make little difference.
const PROBES: u32 = 3;
const WORDS_PER_CELL: usize = 8;

impl WordSet {
    /// The words of title and summary.
    pub fn of(text: &Text) -> WordSet {
        let words = text.words();
        let mut cells = vec![0; words.len().div_ceil(WORDS_PER_CELL)].into_boxed_slice();
        for word in words {
            for (cell, bit) in places(word.hash, cells.len()) {
                cells[cell] |= bit;
            }
        }
        WordSet(cells)
    }

    /// False only when the text does not have the word of this hash.
    pub(crate) fn may_have(&self, hash: u32) -> bool {
        !self.0.is_empty() && places(hash, self.0.len()).all(|(cell, bit)| self.0[cell] & bit != 0)
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        size_of_val(&*self.0)
    }
}

/// The bits of a word: by double hashing, each mapped onto the length of the set.
fn places(hash: u32, cells: usize) -> impl Iterator<Item = (usize, u64)> {
    let step = hash.wrapping_mul(0x9e37_79b1).rotate_left(15) | 1;
    (0..PROBES).map(move |probe| {
        let mixed = hash.wrapping_add(step.wrapping_mul(probe)).wrapping_mul(0x85eb_ca6b);
        let bit = ((u64::from(mixed) * (cells as u64 * 64)) >> 32) as usize;
        (bit / 64, 1 << (bit % 64))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::text::hash;

    #[test]
    fn few_words_are_taken_to_be_there_that_are_not() {
        let words: Vec<String> = (0..150).map(|at| format!("word{at}")).collect();
        let known = WordSet::of(&Text::new("", &words.join(" ")));
        let wrong = (0..10_000).filter(|at| known.may_have(hash(&format!("other{at}")))).count();
        assert!(wrong < 700, "{wrong} of 10,000");
        assert!(known.heap_bytes() <= 160, "{} bytes", known.heap_bytes());
        assert!(!WordSet::of(&Text::new("", "")).may_have(hash("anything")));
    }

    proptest! {
        #[test]
        fn no_word_is_missed(title in "\\PC{0,80}", summary in "\\PC{0,300}") {
            let text = Text::new(&title, &summary);
            let known = WordSet::of(&text);
            prop_assert!(text.words().iter().all(|word| known.may_have(word.hash)));
        }
    }
}
