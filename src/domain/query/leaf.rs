//! What each condition of a query asks of a story: the one evaluator's leaves.

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use super::super::pattern::Words;
use super::{Compare, Leaf, Name, NameField, Pattern, Scope, State, Subject, Text, TitleSpan};
use crate::domain::text::folds_to;

/// How long a story counts as new after it was first seen, in seconds.
pub(super) const NEW_SECONDS: i64 = 15 * 60;

impl Scope {
    /// The words of a text that are looked at; none when the scope is not in the text.
    pub(crate) fn words(self, text: &Text) -> Words {
        match self {
            Scope::Text => 0..text.words().len(),
            Scope::Title => text.title_words(),
            Scope::Summary => text.summary_words(),
            Scope::Outlet | Scope::Feed => 0..0,
        }
    }
}

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
            Leaf::Age(compare, seconds) => {
                compare.holds(subject.now.as_second().saturating_sub(subject.story.time().as_second()), *seconds)
            }
            Leaf::Outlets(compare, count) => compare.holds(subject.outlets as i64, i64::from(*count)),
            Leaf::Move(symbol, compare, wanted) => has_moved(subject, symbol.as_deref(), *compare, *wanted),
        })
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

impl Scope {
    fn name<'a>(self, subject: &Subject<'a>) -> Option<&'a str> {
        match self {
            Scope::Outlet => Some(&subject.story.outlet),
            Scope::Feed => Some(&subject.story.feed),
            _ => None,
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

impl NameField {
    fn holds(self, value: &str, prefix: bool, subject: &Subject) -> bool {
        let any = |names: &[Name]| names.iter().any(|name| self.same(name, value, prefix));
        match self {
            NameField::Topic => any(subject.topics),
            NameField::Symbol => any(subject.symbols),
            NameField::Lang => any(subject.story.lang.as_slice()),
        }
    }

    /// `BTC` is also BTC-USD, `fr` is also fr-CA.
    pub(super) fn same(self, name: &str, value: &str, prefix: bool) -> bool {
        let begins = name.get(..value.len()).is_some_and(|start| folds_to(start, value, false));
        let end = name.get(value.len()..).unwrap_or_default();
        let family = self != NameField::Topic && end.starts_with('-');
        (begins && (prefix || family || end.is_empty())) || folds_to(name, value, false)
    }
}

impl State {
    fn holds(self, subject: &Subject) -> bool {
        match self {
            State::Unread => !subject.marks.read,
            State::Read => subject.marks.read,
            State::Starred => subject.marks.starred,
            State::Primary => subject.story.primary,
            State::Muted => subject.muted,
            State::New => {
                let age = subject.now.as_second().saturating_sub(subject.story.first_seen.as_second());
                age < NEW_SECONDS
            }
        }
    }
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
