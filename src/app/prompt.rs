//! The query line: a line of text with a cursor, and the filter it had before.

use unicode_segmentation::UnicodeSegmentation;

use super::wire::Filter;
use crate::domain::query::Mistake;

/// The longest query that can be typed, in bytes.
const LENGTH_MAX: usize = 500;

/// A query being typed.
#[derive(Clone, Debug, Default)]
pub struct Prompt {
    text: String,
    /// Byte offset of the cursor, always between two graphemes.
    cursor: usize,
    /// Restored when the prompt is left with Esc.
    pub before: Filter,
    pub mistake: Option<Mistake>,
}

impl Prompt {
    /// With the cursor at the end of the text; `before` is what `Esc` goes back to.
    pub fn new(text: String, before: Filter) -> Prompt {
        Prompt { cursor: text.len(), text, before, mistake: None }
    }

    /// What has been typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text before the cursor and behind it.
    pub fn halves(&self) -> (&str, &str) {
        self.text.split_at(self.cursor)
    }

    /// Types or pastes, in one line; what would make it too long is left out whole.
    pub fn insert(&mut self, typed: &str) {
        let typed: String = typed
            .chars()
            .map(|typed| if typed == '\n' { ' ' } else { typed })
            .filter(|typed| !typed.is_control())
            .collect();
        if self.text.len() + typed.len() <= LENGTH_MAX {
            self.text.insert_str(self.cursor, &typed);
            self.cursor += typed.len();
        }
    }

    /// Takes away the character before the cursor.
    pub fn backspace(&mut self) {
        let start = self.left_of_cursor();
        self.text.replace_range(start..self.cursor, "");
        self.cursor = start;
    }

    /// Takes away the character behind the cursor.
    pub fn delete(&mut self) {
        let end = self.right_of_cursor();
        self.text.replace_range(self.cursor..end, "");
    }

    /// Takes the word before the cursor away.
    pub fn delete_word(&mut self) {
        let kept = self.text[..self.cursor].trim_end();
        let start = kept.rfind(char::is_whitespace).map_or(0, |at| at + 1);
        self.text.replace_range(start..self.cursor, "");
        self.cursor = start;
    }

    /// Takes everything away.
    pub fn clear(&mut self) {
        self.text.clear();
        self.cursor = 0;
    }

    /// One character back.
    pub fn left(&mut self) {
        self.cursor = self.left_of_cursor();
    }

    /// One character on.
    pub fn right(&mut self) {
        self.cursor = self.right_of_cursor();
    }

    /// To the beginning.
    pub fn home(&mut self) {
        self.cursor = 0;
    }

    /// To the end.
    pub fn end(&mut self) {
        self.cursor = self.text.len();
    }

    fn left_of_cursor(&self) -> usize {
        self.text[..self.cursor].grapheme_indices(true).next_back().map_or(0, |(at, _)| at)
    }

    fn right_of_cursor(&self) -> usize {
        self.cursor + self.text[self.cursor..].graphemes(true).next().map_or(0, str::len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn editing_moves_by_graphemes() {
        let mut prompt = Prompt::new("née 👨‍👩‍👧".into(), Filter::default());
        prompt.left();
        assert_eq!(prompt.halves(), ("née ", "👨‍👩‍👧"));
        prompt.delete();
        prompt.backspace();
        assert_eq!(prompt.text(), "née");
        prompt.home();
        prompt.right();
        prompt.right();
        prompt.backspace();
        assert_eq!(prompt.text(), "ne");
    }

    #[test]
    fn a_word_is_deleted_with_the_blanks_behind_it() {
        let mut prompt = Prompt::new("topic:nvidia raises  ".into(), Filter::default());
        prompt.delete_word();
        assert_eq!(prompt.text(), "topic:nvidia ");
        prompt.delete_word();
        assert_eq!(prompt.text(), "");
        prompt.delete_word();
    }
}
