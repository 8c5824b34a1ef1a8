//! What each condition of a query asks of a story: the one evaluator's leaves.

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use super::field::{NameField, Scope};
use super::{Asks, Compare, Leaf, Name, Pattern, Subject, Text, TitleSpan};

impl Leaf {
    /// None when it hangs on a summary that is not in memory.
    pub(super) fn holds(&self, subject: &Subject) -> Option<bool> {
        Some(match self {
            Leaf::Phrase(scope, phrase) => match scope.name(subject) {
                Some(name) => {
                    let name = Text::name(name);
                    phrase.occurs(&name, &name.title_words())
                }
                None => return subject.text.has(*scope, phrase),
            },
            Leaf::Regex(scope, pattern) => match scope.name(subject) {
                Some(name) => pattern.finds(name),
                None => return subject.text.has_pattern(*scope, pattern),
            },
            Leaf::Named { field, value, prefix } => field.holds(value, *prefix, subject),
            Leaf::Is(state) => state.holds(subject),
            Leaf::Measure(measure, compare, wanted) => compare.holds(measure.of(subject), *wanted),
            Leaf::Move(symbol, compare, wanted) => has_moved(subject, symbol.as_deref(), *compare, *wanted),
        })
    }

    /// What has to be found out for it beside the story.
    pub(super) fn asks(&self) -> Asks {
        match self {
            Leaf::Phrase(..) | Leaf::Regex(..) | Leaf::Named { .. } => Asks::default(),
            Leaf::Is(state) => state.asks(),
            Leaf::Measure(measure, ..) => measure.asks(),
            Leaf::Move(..) => Asks { moves: true, ..Asks::default() },
        }
    }

    pub(super) fn title_spans(&self, text: &Text, spans: &mut Vec<TitleSpan>) {
        match self {
            Leaf::Phrase(Scope::Text | Scope::Title, phrase) => {
                let found = phrase.find_all(text, &text.title_words());
                spans.extend(found.into_iter().map(|words| text.place(words)));
            }
            // The places in a composed copy would not be those in the title.
            Leaf::Regex(Scope::Text | Scope::Title, pattern) if is_composed(text.title()) => {
                let found = pattern.regex.find_iter(text.title()).map(|found| found.range());
                spans.extend(found.filter(|span| !span.is_empty()));
            }
            _ => {}
        }
    }
}

impl Pattern {
    /// In the title, the summary, or either of them.
    pub(crate) fn occurs(&self, scope: Scope, text: &Text) -> bool {
        (scope != Scope::Summary && self.finds(text.title())) || (scope != Scope::Title && self.finds(text.summary()))
    }

    /// In a text as it is composed: `é` is one character, however it was sent.
    pub(crate) fn finds(&self, text: &str) -> bool {
        match is_composed(text) {
            true => self.regex.is_match(text),
            false => self.regex.is_match(&text.nfc().collect::<String>()),
        }
    }
}

/// Is it in Unicode's form NFC, as far as is seen at a glance?
fn is_composed(text: &str) -> bool {
    text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes
}

/// Has the price of a symbol, or of one that is bound to the story, moved so far since the story?
fn has_moved(subject: &Subject, symbol: Option<&str>, compare: Compare, wanted: i32) -> bool {
    let is_asked = |name: &Name| match symbol {
        Some(symbol) => NameField::Symbol.same(name, symbol, false),
        None => subject.symbols.contains(name),
    };
    let hundredths = |percent: f64| (percent * 100.0).round() as i64;
    let mut asked = subject.moves.iter().filter(|(name, _)| is_asked(name));
    asked.any(|(_, percent)| compare.holds(hundredths(*percent), wanted.into()))
}

impl Compare {
    pub(super) fn holds(self, have: i64, want: i64) -> bool {
        match self {
            Compare::Less => have < want,
            Compare::AtMost => have <= want,
            Compare::Equal => have == want,
            Compare::AtLeast => have >= want,
            Compare::More => have > want,
        }
    }
}
