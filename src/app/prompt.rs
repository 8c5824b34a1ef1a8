//! The query line: a line of text with a cursor, what may be put in there, and the filter it had before.

mod history;
mod offers;
mod state;
mod view;

use unicode_segmentation::UnicodeSegmentation;

use super::wire::Filter;
use crate::domain::query::QueryError;
use crate::domain::text::clean;

pub use offers::{Offers, Vocabulary};
pub use state::PromptState;
pub(super) use state::{Context, PromptOutcome};
pub use view::Keys;

/// The longest query that can be typed, in bytes.
const LENGTH_MAX: usize = 500;

/// The keys of the query line, and what they do there. Not to be rebound: they are those of every line of text.
pub const LINE_KEYS: [(&str, &str); 7] = [
    ("Enter", "keep the query"),
    ("Esc", "take it back"),
    ("Tab S-Tab", "put in the next, the previous of what is offered: fields, topics, outlets, symbols"),
    ("C-p C-n", "earlier, later queries; the last 100 are kept"),
    ("C-s", "save it as a view in your config file: a key and a name are asked for"),
    ("↑ ↓ PgUp PgDn", "move in the wire meanwhile"),
    ("C-w C-u", "delete a word, all"),
];

/// A query being typed.
#[derive(Clone, Debug, Default)]
pub struct Prompt {
    text: String,
    /// Byte offset of the cursor, always between two graphemes.
    cursor: usize,
    /// Restored when the prompt is left with Esc.
    pub before: Filter,
    /// Why the query typed so far can't be read.
    pub mistake: Option<QueryError>,
    /// What may stand at the cursor.
    pub offers: Offers,
    /// How far back in the history it is, and what was typed before that.
    recalled: Option<(usize, String)>,
    /// What happens with the text on Enter.
    pub purpose: Purpose,
}

/// What the line is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Purpose {
    /// A query that filters the wire.
    #[default]
    Query,
    /// The key and the name of the view that this query becomes.
    View {
        /// The query that the view saves.
        query: String,
    },
    /// A command by its name.
    Command,
    /// Words looked for in what is read: the story or the help.
    Find,
}

impl Prompt {
    /// With the cursor at the end of the text; `before` is what `Esc` goes back to.
    pub fn new(text: String, before: Filter) -> Prompt {
        Prompt { cursor: text.len(), text, before, ..Prompt::default() }
    }

    /// Another text, with the cursor at its end.
    pub fn replace(&mut self, text: String) {
        self.cursor = text.len();
        self.text = text;
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

    /// Puts in what was pasted, without what a terminal would obey or nobody can see. A blank at either end parts it from
    /// what stands there.
    pub fn paste(&mut self, pasted: &str) {
        let blank = |is_there: bool| if is_there { " " } else { "" };
        let (before, behind) = (pasted.starts_with(char::is_whitespace), pasted.ends_with(char::is_whitespace));
        self.insert(&format!("{}{}{}", blank(before), clean(pasted), blank(behind)));
    }

    /// Puts the next offer, or the one before, in the place of the word at the cursor; false when there is none.
    pub fn complete(&mut self, forward: bool) -> bool {
        let start = self.offers.start;
        let Some(offer) = self.offers.next(forward) else { return false };
        let (Some(kept), Some(behind)) = (self.text.get(..start), self.text.get(self.cursor..)) else { return false };
        // A blank that stands there already is not doubled.
        let offer = if behind.starts_with(' ') { offer.trim_end() } else { offer };
        let text = format!("{kept}{offer}{behind}");
        if text.len() > LENGTH_MAX {
            return false;
        }
        self.cursor = start + offer.len();
        self.text = text;
        true
    }

    /// Goes to the query before in the history (its latest last), or to the one after; behind the latest stands what was
    /// being typed. False at either end.
    pub fn recall(&mut self, history: &[String], back: bool) -> bool {
        let (at, draft) = self.recalled.clone().unwrap_or_else(|| (0, self.text.clone()));
        let next = if back { at + 1 } else { at.wrapping_sub(1) };
        let text = match next {
            0 => draft.clone(),
            _ => match history.len().checked_sub(next).and_then(|place| history.get(place)) {
                Some(query) => query.clone(),
                None => return false,
            },
        };
        self.recalled = Some((next, draft));
        self.replace(text);
        true
    }

    /// What is typed from here on is a draft of its own.
    pub fn edited(&mut self) {
        self.recalled = None;
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
    fn what_is_pasted_comes_clean() {
        let mut prompt = Prompt::default();
        prompt.paste("\u{1b}[31mnvidia\u{1b}[0m\n  raises\u{202e}\t\u{7}");
        assert_eq!(prompt.text(), "nvidia raises");
    }

    #[test]
    fn the_history_is_gone_through_and_back_to_the_draft() {
        let history = ["first".to_owned(), "second".to_owned()];
        let mut prompt = Prompt::new("dra".into(), Filter::default());
        assert!(!prompt.recall(&history, false));
        let mut said = Vec::new();
        for back in [true, true, true, false, false, false] {
            prompt.recall(&history, back);
            said.push(prompt.text().to_owned());
        }
        assert_eq!(said, ["second", "first", "first", "second", "dra", "dra"]);
        prompt.recall(&history, true);
        prompt.insert("s");
        prompt.edited();
        assert!(prompt.recall(&history, true) && prompt.recall(&history, false));
        assert_eq!(prompt.text(), "seconds");
    }

    #[test]
    fn an_offer_takes_the_place_of_the_word_before_the_cursor() {
        let mut prompt = Prompt::new("raises to other".into(), Filter::default());
        (0..6).for_each(|_| prompt.left());
        prompt.offers = Offers { start: 7, list: vec!["topic:nvidia ".into(), "title:".into()], chosen: None };
        assert!(prompt.complete(true));
        assert_eq!(prompt.halves(), ("raises topic:nvidia", " other"));
        assert!(prompt.complete(true));
        assert_eq!(prompt.halves(), ("raises title:", " other"));
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
