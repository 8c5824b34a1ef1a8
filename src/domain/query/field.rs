//! The fields of a query: what each is called, what it asks of a story and what is offered behind it. One more is a variant of
//! the kind that it is of ([`Scope`], [`NameField`], [`State`], [`Measure`]); the compiler asks for the rest, here and in
//! `need.rs`.

use strum::{EnumIter, IntoEnumIterator, IntoStaticStr};

use super::super::pattern::Words;
use super::{Asks, Name, Subject, Text};
use crate::domain::text::folds_to;

/// How long a story counts as new after it was first seen, in seconds.
pub(super) const NEW_SECONDS: i64 = 15 * 60;

/// A field, by how what stands behind it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Words(Scope),
    Name(NameField),
    /// `is:`
    State,
    Measure(Measure),
    /// `move:`
    Move,
}

/// Where words are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display, EnumIter, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub(crate) enum Scope {
    /// Title and summary: without a field.
    Text,
    Title,
    Summary,
    Outlet,
    Feed,
}

/// Names that a story has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display, EnumIter, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub(crate) enum NameField {
    Topic,
    Symbol,
    Lang,
}

/// What may stand behind `is:`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "lowercase")]
pub(crate) enum State {
    Unread,
    Read,
    Starred,
    Primary,
    New,
    Muted,
}

/// A number that a story has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display, EnumIter, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub(crate) enum Measure {
    /// In seconds.
    Age,
    /// That carry its group.
    Outlets,
}

/// The values that are known for a field, to be offered behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Values {
    Nothing,
    Topics,
    Outlets,
    Feeds,
    Symbols,
    Langs,
    States,
}

impl Field {
    /// Every field, in the order in which they are listed.
    pub(crate) fn all() -> impl Iterator<Item = Field> {
        let words = Scope::iter().filter(|scope| *scope != Scope::Text).map(Field::Words);
        let names = NameField::iter().map(Field::Name);
        let measures = Measure::iter().map(Field::Measure);
        words.chain(names).chain([Field::State]).chain(measures).chain([Field::Move])
    }

    /// The field of a name.
    pub(crate) fn named(name: &str) -> Option<Field> {
        Field::all().find(|field| field.name() == name)
    }

    /// The field that people mean who come from other programs.
    pub(crate) fn also_called(name: &str) -> Option<Field> {
        Field::all().find(|field| field.other_names().contains(&name))
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Field::Words(scope) => scope.into(),
            Field::Name(name) => name.into(),
            Field::State => "is",
            Field::Measure(measure) => measure.into(),
            Field::Move => "move",
        }
    }

    fn other_names(self) -> &'static [&'static str] {
        match self {
            Field::Words(Scope::Title) => &["headline", "intitle"],
            Field::Words(Scope::Outlet) => &["source", "publisher"],
            Field::Words(Scope::Text | Scope::Summary | Scope::Feed) | Field::State | Field::Move => &[],
            Field::Name(NameField::Topic) => &["tag"],
            Field::Name(NameField::Symbol) => &["ticker"],
            Field::Name(NameField::Lang) => &["language"],
            Field::Measure(Measure::Age) => &["newer"],
            Field::Measure(Measure::Outlets) => &[],
        }
    }

    /// As a condition on it begins: `title:`, `age<`.
    pub(crate) fn beginning(self) -> String {
        let sign = match self {
            Field::Words(_) | Field::Name(_) | Field::State | Field::Move => ":",
            Field::Measure(Measure::Age) => "<",
            Field::Measure(Measure::Outlets) => ">",
        };
        format!("{}{sign}", self.name())
    }

    pub(crate) fn values(self) -> Values {
        match self {
            Field::Words(Scope::Text | Scope::Title | Scope::Summary) | Field::Measure(_) => Values::Nothing,
            Field::Words(Scope::Outlet) => Values::Outlets,
            Field::Words(Scope::Feed) => Values::Feeds,
            Field::Name(NameField::Topic) => Values::Topics,
            Field::Name(NameField::Symbol) | Field::Move => Values::Symbols,
            Field::Name(NameField::Lang) => Values::Langs,
            Field::State => Values::States,
        }
    }
}

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

    /// The name that is looked at; None when the scope is in the text.
    pub(super) fn name<'a>(self, subject: &Subject<'a>) -> Option<&'a str> {
        match self {
            Scope::Text | Scope::Title | Scope::Summary => None,
            Scope::Outlet => Some(&subject.story.outlet),
            Scope::Feed => Some(&subject.story.feed),
        }
    }
}

impl NameField {
    pub(super) fn holds(self, value: &str, prefix: bool, subject: &Subject) -> bool {
        let names: &[Name] = match self {
            NameField::Topic => subject.topics,
            NameField::Symbol => subject.symbols,
            NameField::Lang => subject.story.lang.as_slice(),
        };
        names.iter().any(|name| self.same(name, value, prefix))
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
    pub(super) fn holds(self, subject: &Subject) -> bool {
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

    pub(super) fn asks(self) -> Asks {
        match self {
            State::Unread | State::Read | State::Starred => Asks { marks: true, ..Asks::default() },
            State::New => Asks { time: true, ..Asks::default() },
            State::Muted => Asks { muted: true, ..Asks::default() },
            State::Primary => Asks::default(),
        }
    }
}

impl Measure {
    pub(super) fn of(self, subject: &Subject) -> i64 {
        match self {
            Measure::Age => subject.now.as_second().saturating_sub(subject.story.time().as_second()),
            Measure::Outlets => subject.outlets as i64,
        }
    }

    pub(super) fn asks(self) -> Asks {
        match self {
            Measure::Age => Asks { time: true, ..Asks::default() },
            Measure::Outlets => Asks { outlets: true, ..Asks::default() },
        }
    }

    /// A condition on it.
    pub(super) fn example(self) -> &'static str {
        match self {
            Measure::Age => "age<2h",
            Measure::Outlets => "outlets>3",
        }
    }

    /// How a value is written, to stand behind "expected".
    pub(super) fn written(self) -> &'static str {
        match self {
            Measure::Age => "a time such as 30m, 2h or 7d",
            Measure::Outlets => "a whole number",
        }
    }

    /// Reads a value.
    pub(super) fn read(self, text: &str) -> Option<i64> {
        match self {
            Measure::Age => seconds(text),
            Measure::Outlets => text.parse::<u32>().ok().map(i64::from),
        }
    }

    /// A value as it is read.
    pub(super) fn show(self, value: i64) -> String {
        match self {
            Measure::Age => age(value),
            Measure::Outlets => value.to_string(),
        }
    }
}

/// `30m`, `2h`, `7d`, `1w`, `90s`, in seconds.
fn seconds(text: &str) -> Option<i64> {
    let digits = text.trim_end_matches(|c: char| c.is_alphabetic());
    let size = match text.get(digits.len()..)? {
        "s" => 1,
        "m" | "min" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 7 * 86_400,
        _ => return None,
    };
    digits.parse::<u32>().ok()?.checked_mul(size).map(i64::from)
}

/// Seconds in the largest unit that needs no fraction.
fn age(seconds: i64) -> String {
    let units = [(86_400, 'd'), (3_600, 'h'), (60, 'm'), (1, 's')];
    let fits = units.into_iter().find(|(size, _)| seconds % size == 0);
    let (size, unit) = fits.unwrap_or((1, 's'));
    format!("{}{unit}", seconds / size)
}
