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

    /// Puts text in at the cursor: one line of it, as much as there is room for.
    pub fn insert(&mut self, typed: &str) {
        let typed = typed.chars().map(|typed| if typed.is_whitespace() { ' ' } else { typed });
        for typed in typed.filter(|typed| !typed.is_control()) {
            if self.text.len() + typed.len_utf8() > LENGTH_MAX {
                return;
            }
            self.text.insert(self.cursor, typed);
            self.cursor += typed.len_utf8();
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
        let start = kept.trim_end_matches(|c: char| !c.is_whitespace()).len();
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

    #[test]
    fn words_end_at_any_blank() {
        let mut prompt = Prompt::new("\u{3000}比特币\u{3000}ETF".into(), Filter::default());
        prompt.delete_word();
        assert_eq!(prompt.text(), "\u{3000}比特币\u{3000}");
        prompt.delete_word();
        assert_eq!(prompt.text(), "\u{3000}");
    }

    #[test]
    fn text_goes_in_at_the_cursor_as_far_as_there_is_room() {
        let mut prompt = Prompt::new("topic: rises".into(), Filter::default());
        (0..6).for_each(|_| prompt.left());
        prompt.insert("nvidia");
        assert_eq!(prompt.halves(), ("topic:nvidia", " rises"));
        prompt.insert(&"é".repeat(LENGTH_MAX));
        assert_eq!(prompt.text().len(), LENGTH_MAX);
        prompt.insert("x");
        assert_eq!(prompt.text().len(), LENGTH_MAX);
        prompt.end();
        prompt.delete();
        prompt.right();
        prompt.backspace();
        assert!(prompt.text().ends_with(" rise"));
        prompt.clear();
        prompt.left();
        prompt.backspace();
        assert_eq!(prompt.halves(), ("", ""));
    }

    proptest::proptest! {
        #[test]
        fn any_editing_leaves_the_cursor_between_graphemes(
            steps in proptest::collection::vec((0usize..9, ".{0,3}|[é🇫🇷👨‍👩‍👧\u{301}\u{3000}\n\t]{0,4}"), 0..60),
        ) {
            let mut prompt = Prompt::default();
            for (step, text) in steps {
                match step {
                    0..=2 => prompt.insert(&text),
                    3 => prompt.backspace(),
                    4 => prompt.delete(),
                    5 => prompt.delete_word(),
                    6 => prompt.left(),
                    7 => prompt.right(),
                    _ => prompt.home(),
                }
                let (before, after) = prompt.halves();
                proptest::prop_assert_eq!(format!("{before}{after}"), prompt.text());
                proptest::prop_assert!(prompt.text().len() <= LENGTH_MAX);
                proptest::prop_assert!(!prompt.text().contains(char::is_control));
            }
        }
    }
}
