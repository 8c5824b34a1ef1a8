//! The stories remembered, in the order of their arrival, and by the words of their titles.
//!
//! Each word of a title leads to the latest story before that has it, so that a word costs four bytes in each title and
//! no list of its own.

use std::collections::{HashMap, VecDeque};

use jiff::Timestamp;

use super::GroupId;
use super::sketch::Sketch;
use super::vocabulary::{Number, Vocabulary, WordId};
use crate::domain::story::StoryId;

/// A story that has its group.
#[derive(Debug)]
pub(super) struct Placed {
    pub(super) id: StoryId,
    pub(super) group: GroupId,
    pub(super) time: Timestamp,
    pub(super) sketch: Sketch,
}

#[derive(Debug)]
pub(super) struct Remembered {
    /// In the order of arrival; the first has the number `first`.
    stories: VecDeque<Placed>,
    first: Number,
    numbers: HashMap<StoryId, Number>,
    pub(super) vocabulary: Vocabulary,
}

impl Default for Remembered {
    fn default() -> Remembered {
        let (stories, numbers) = Default::default();
        Remembered { stories, first: Number(0), numbers, vocabulary: Vocabulary::default() }
    }
}

impl Remembered {
    pub(super) fn len(&self) -> usize {
        self.stories.len()
    }

    pub(super) fn has(&self, id: StoryId) -> bool {
        self.numbers.contains_key(&id)
    }

    pub(super) fn by_id(&self, id: StoryId) -> Option<&Placed> {
        self.numbers.get(&id).and_then(|number| self.story(*number))
    }

    pub(super) fn by_id_mut(&mut self, id: StoryId) -> Option<&mut Placed> {
        let at = self.index(*self.numbers.get(&id)?)?;
        self.stories.get_mut(at)
    }

    pub(super) fn first(&self) -> Option<&Placed> {
        self.stories.front()
    }

    pub(super) fn story(&self, number: Number) -> Option<&Placed> {
        self.stories.get(self.index(number)?)
    }

    fn index(&self, number: Number) -> Option<usize> {
        usize::try_from(i64::from(number.0) - i64::from(self.first.0)).ok()
    }

    /// The stories that have a word, the newest first.
    pub(super) fn having(&self, word: WordId) -> impl Iterator<Item = Number> {
        self.chain(word).map(|(number, _)| number)
    }

    /// With what each leads to. A number that is forgotten may have been given again to a story from the store, which
    /// then has not got the word.
    fn chain(&self, word: WordId) -> impl Iterator<Item = (Number, Number)> {
        let link = move |number| Some((number, self.story(number)?.sketch.earlier(word)?));
        std::iter::successors(link(self.vocabulary.newest(word)), move |(_, earlier)| link(*earlier))
    }

    /// Adds a story newer than all others.
    pub(super) fn push_last(&mut self, mut story: Placed) {
        let number = self.first.plus(self.stories.len() as i32);
        for posting in &mut story.sketch.words {
            posting.earlier = self.vocabulary.newest(posting.word);
        }
        self.vocabulary.add(story.sketch.ids(), number);
        self.numbers.insert(story.id, number);
        self.stories.push_back(story);
    }

    /// Adds a story older than all others.
    pub(super) fn push_first(&mut self, story: Placed) {
        let number = self.first.plus(-1);
        for word in story.sketch.ids() {
            self.lead_to(number, word);
        }
        self.vocabulary.add(story.sketch.ids(), number);
        self.numbers.insert(story.id, number);
        self.first = number;
        self.stories.push_front(story);
    }

    /// The first story that has a word leads to one before all.
    fn lead_to(&mut self, number: Number, word: WordId) {
        let oldest = self.vocabulary.oldest(word);
        let is_known = self.story(oldest).is_some_and(|story| story.sketch.earlier(word).is_some());
        let first = if is_known { Some(oldest) } else { self.having(word).last() };
        let Some(at) = first.and_then(|first| self.index(first)) else { return };
        let Some(story) = self.stories.get_mut(at) else { return };
        if let Some(posting) = story.sketch.words.iter_mut().find(|posting| posting.word == word) {
            posting.earlier = number;
        }
    }

    /// Forgets the first.
    pub(super) fn pop_first(&mut self) {
        let Some(story) = self.stories.pop_front() else { return };
        self.numbers.remove(&story.id);
        self.vocabulary.remove(story.sketch.ids(), self.first);
        self.first = self.first.plus(1);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::TitleKey;
    use super::*;

    fn placed(id: u64, words: &[u32], vocabulary: &mut Vocabulary) -> Placed {
        let title: Vec<String> = words.iter().map(|word| format!("word{word}x")).collect();
        let sketch = Sketch::new(TitleKey::new(&title.join(" "), "Desk"), |hash| vocabulary.id(hash));
        Placed { id: StoryId(id), group: StoryId(id), time: Timestamp::UNIX_EPOCH, sketch }
    }

    proptest! {
        /// However stories come and go at both ends, a word leads to all that have it, the newest first.
        #[test]
        fn every_story_is_found_by_its_words(steps in prop::collection::vec((0..5u8, prop::collection::vec(0..6u32, 0..4)), 0..40)) {
            let mut remembered = Remembered::default();
            for (at, (step, words)) in steps.iter().enumerate() {
                let story = placed(at as u64, words, &mut remembered.vocabulary);
                match step {
                    0 | 1 => remembered.push_last(story),
                    2 | 3 => remembered.push_first(story),
                    _ => remembered.pop_first(),
                }
            }
            for hash in 0..6u32 {
                let word = placed(0, &[hash], &mut remembered.vocabulary).sketch.words[0].word;
                let found: Vec<StoryId> =
                    remembered.having(word).filter_map(|number| Some(remembered.story(number)?.id)).collect();
                let has = |story: &&Placed| story.sketch.earlier(word).is_some();
                let wanted: Vec<StoryId> = remembered.stories.iter().rev().filter(has).map(|story| story.id).collect();
                prop_assert_eq!(found, wanted);
            }
        }
    }
}
