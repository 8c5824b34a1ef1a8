//! The words of a story, cut only when a condition asks for them: most conditions can be decided without.

use std::cell::OnceCell;

use super::{Pattern, Scope};
use crate::domain::pattern::{Phrase, WordPattern};
use crate::domain::story::Story;
use crate::domain::text::{Text, WordSet};

/// Title and summary of a story for one question. Where the summary is not in memory, an answer that hangs on it is
/// None.
#[derive(Debug)]
pub struct StoryText<'a> {
    story: &'a Story,
    has_summary: bool,
    known: Option<&'a WordSet>,
    title: OnceCell<Text>,
    whole: OnceCell<Text>,
}

impl<'a> StoryText<'a> {
    /// Of a story that has all its text.
    pub fn new(story: &'a Story) -> StoryText<'a> {
        StoryText { story, has_summary: true, known: None, title: OnceCell::new(), whole: OnceCell::new() }
    }

    /// Of a story whose summary may be in the store alone; `known` are the words of title and summary.
    pub fn held(story: &'a Story, known: &'a WordSet, has_summary: bool) -> StoryText<'a> {
        StoryText { has_summary, known: Some(known), ..StoryText::new(story) }
    }

    fn title(&self) -> &Text {
        self.title.get_or_init(|| Text::sharing(&self.story.title, &"".into()).in_lang(self.story.lang.as_deref()))
    }

    /// None when the summary is not in memory.
    fn whole(&self) -> Option<&Text> {
        self.has_summary.then(|| self.whole.get_or_init(|| self.story.text()))
    }

    pub(super) fn has(&self, scope: Scope, phrase: &Phrase) -> Option<bool> {
        if self.known.is_some_and(|known| !may_occur(phrase, known)) {
            return Some(false);
        }
        let is_in_title = scope != Scope::Summary && phrase.occurs(self.title(), &self.title().title_words());
        if is_in_title || scope == Scope::Title {
            return Some(is_in_title);
        }
        self.whole().map(|text| phrase.occurs(text, &scope.words(text)))
    }

    pub(super) fn has_pattern(&self, scope: Scope, pattern: &Pattern) -> Option<bool> {
        let is_in_title = scope != Scope::Summary && pattern.finds(&self.story.title);
        if is_in_title || scope == Scope::Title {
            return Some(is_in_title);
        }
        self.has_summary.then(|| pattern.finds(&self.story.summary))
    }
}

/// May a text with these words have the phrase? How a word begins, and that it is a number, can't be seen from the set.
fn may_occur(phrase: &Phrase, known: &WordSet) -> bool {
    let may_have = |word: &WordPattern| match word {
        WordPattern::Folded(hash, _) | WordPattern::Exact(hash, _) => known.may_have(*hash),
        WordPattern::Prefix(_) | WordPattern::Number => true,
    };
    phrase.parts.iter().all(|part| part.iter().any(|atom| atom.words.iter().all(may_have)))
}
