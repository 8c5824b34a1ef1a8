//! The query language: one parser and one evaluator for filter line, views, topics and commands.
//!
//! Terms side by side mean AND; `OR`, `-` or `NOT`, parentheses; `word`, `"a phrase"`, `=SEC` (exact case), `word*`,
//! `/regex/i`, `"openai raises"~5` (in any order, at most five other words between them); `title:` `summary:`
//! `outlet:` `feed:` `topic:` `symbol:` `lang:` `is:` `age<2h` `outlets>3`. A field may stand before parentheses.
//! In quotes, `(a|b c)` gives alternatives for one place and `#` stands for any number. In topic rules `{money}` is a
//! set of terms from the table `[terms]`. Words match whole words, without regard to case and accents unless told.

mod parse;
mod show;

use std::collections::BTreeMap;

use jiff::Timestamp;
use regex::Regex;

use super::Name;
use super::pattern::{Phrase, Words};
use super::story::{Marks, Story};
use super::text::{Text, TitleSpan, folds_to};

/// How long a story counts as new after it was first seen, in seconds.
const NEW_SECONDS: i64 = 15 * 60;

/// A parsed query. Printed, it reads back as the same query.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    root: Node<Leaf>,
}

/// Why a query can't be read: the place (byte offset) and what was expected, in one plain sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    pub at: usize,
    pub message: String,
}

/// Named sets of terms that queries can use as `{name}`; each term is a word or a phrase.
pub type Terms = BTreeMap<String, Vec<String>>;

/// What a query is asked about.
#[derive(Debug)]
pub struct Subject<'a> {
    pub story: &'a Story,
    pub text: &'a Text,
    /// Names of its topics, children with their parents.
    pub topics: &'a [Name],
    pub symbols: &'a [Name],
    pub marks: Marks,
    /// Outlets that carry its group.
    pub outlets: usize,
    pub now: Timestamp,
}

/// The boolean shape of a query, whatever its leaves are.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node<L> {
    And(Vec<Node<L>>),
    Or(Vec<Node<L>>),
    Not(Box<Node<L>>),
    Leaf(L),
}

/// One condition.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Leaf {
    Phrase(Scope, Phrase),
    Regex(Scope, Pattern),
    /// A name, equal without regard to case; or how it begins.
    Named {
        field: NameField,
        value: Box<str>,
        prefix: bool,
    },
    Is(State),
    /// Age in seconds.
    Age(Compare, i64),
    Outlets(Compare, u32),
}

/// Where words are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display, strum::EnumString)]
#[strum(serialize_all = "lowercase")]
pub(crate) enum Scope {
    /// Title and summary.
    Text,
    Title,
    Summary,
    Outlet,
    Feed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display, strum::EnumString)]
#[strum(serialize_all = "lowercase")]
pub(crate) enum NameField {
    Topic,
    Symbol,
    Lang,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "lowercase")]
pub(crate) enum State {
    Unread,
    Read,
    Starred,
    Primary,
    New,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display, strum::EnumString)]
pub(crate) enum Compare {
    #[strum(serialize = "<=")]
    AtMost,
    #[strum(serialize = ">=")]
    AtLeast,
    #[strum(serialize = "<")]
    Less,
    #[strum(serialize = ">")]
    More,
    #[strum(serialize = "=")]
    Equal,
}

/// A compiled regular expression; equal to another of the same source.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    source: Box<str>,
    any_case: bool,
    regex: Regex,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source && self.any_case == other.any_case
    }
}

impl<L> Node<L> {
    /// Whether it holds, when `leaf` says which leaves do. The one evaluator of queries and topics.
    pub(crate) fn holds(&self, leaf: &mut impl FnMut(&L) -> bool) -> bool {
        match self {
            Node::And(all) => all.iter().all(|node| node.holds(leaf)),
            Node::Or(any) => any.iter().any(|node| node.holds(leaf)),
            Node::Not(node) => !node.holds(leaf),
            Node::Leaf(it) => leaf(it),
        }
    }

    /// The leaves that are not under a NOT, in their order.
    pub(crate) fn affirmed<'a>(&'a self, visit: &mut impl FnMut(&'a L)) {
        match self {
            Node::And(nodes) | Node::Or(nodes) => nodes.iter().for_each(|node| node.affirmed(visit)),
            Node::Not(_) => {}
            Node::Leaf(leaf) => visit(leaf),
        }
    }

    /// The same shape over other leaves.
    pub(crate) fn try_map<M, E>(self, leaf: &mut impl FnMut(L) -> Result<M, E>) -> Result<Node<M>, E> {
        Ok(match self {
            Node::And(nodes) => Node::And(nodes.into_iter().map(|node| node.try_map(leaf)).collect::<Result<_, _>>()?),
            Node::Or(nodes) => Node::Or(nodes.into_iter().map(|node| node.try_map(leaf)).collect::<Result<_, _>>()?),
            Node::Not(node) => Node::Not(Box::new(node.try_map(leaf)?)),
            Node::Leaf(it) => Node::Leaf(leaf(it)?),
        })
    }
}

impl Query {
    /// An empty text parses to the query that matches everything.
    pub fn parse(source: &str) -> Result<Query, Mistake> {
        Query::parse_with(source, &Terms::new())
    }

    /// As [`Query::parse`], with sets of terms for `{name}`.
    pub fn parse_with(source: &str, terms: &Terms) -> Result<Query, Mistake> {
        parse::query(source, terms).map(|root| Query { root })
    }

    /// Does it match a story?
    pub fn matches(&self, subject: &Subject) -> bool {
        self.root.holds(&mut |leaf| leaf.holds(subject))
    }

    /// Where the words stand in the title that the query asks for, in order and without overlap.
    pub fn highlights(&self, text: &Text) -> Vec<TitleSpan> {
        let mut spans = Vec::new();
        self.root.affirmed(&mut |leaf| leaf.title_spans(text, &mut spans));
        merged(spans)
    }

    pub(crate) fn into_root(self) -> Node<Leaf> {
        self.root
    }
}

/// In order, overlapping ones joined.
pub(crate) fn merged(mut spans: Vec<TitleSpan>) -> Vec<TitleSpan> {
    spans.sort_by_key(|span| (span.start, span.end));
    let mut out: Vec<TitleSpan> = Vec::with_capacity(spans.len());
    for span in spans {
        match out.last_mut() {
            Some(last) if span.start < last.end => last.end = last.end.max(span.end),
            _ => out.push(span),
        }
    }
    out
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
}

impl Leaf {
    fn holds(&self, subject: &Subject) -> bool {
        match self {
            Leaf::Phrase(scope, phrase) => match scope.name(subject) {
                Some(name) => {
                    let name = Text::new(name, "");
                    phrase.occurs(&name, &name.title_words())
                }
                None => phrase.occurs(subject.text, &scope.words(subject.text)),
            },
            Leaf::Regex(scope, pattern) => pattern.holds(*scope, subject),
            Leaf::Named { field, value, prefix } => field.holds(value, *prefix, subject),
            Leaf::Is(state) => state.holds(subject),
            Leaf::Age(compare, seconds) => {
                compare.holds(subject.now.as_second().saturating_sub(subject.story.time().as_second()), *seconds)
            }
            Leaf::Outlets(compare, count) => compare.holds(subject.outlets as i64, i64::from(*count)),
        }
    }

    fn title_spans(&self, text: &Text, spans: &mut Vec<TitleSpan>) {
        match self {
            Leaf::Phrase(Scope::Text | Scope::Title, phrase) => {
                let found = phrase.find_all(text, &text.title_words());
                spans.extend(found.into_iter().map(|words| text.place(words)));
            }
            Leaf::Regex(Scope::Text | Scope::Title, pattern) => {
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
    fn holds(&self, scope: Scope, subject: &Subject) -> bool {
        let (title, summary) = (subject.text.title(), subject.text.summary());
        match scope {
            Scope::Text => self.regex.is_match(title) || self.regex.is_match(summary),
            Scope::Title => self.regex.is_match(title),
            Scope::Summary => self.regex.is_match(summary),
            Scope::Outlet | Scope::Feed => scope.name(subject).is_some_and(|name| self.regex.is_match(name)),
        }
    }

    pub(crate) fn occurs(&self, scope: Scope, text: &Text) -> bool {
        (scope != Scope::Summary && self.regex.is_match(text.title()))
            || (scope != Scope::Title && self.regex.is_match(text.summary()))
    }
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
    fn same(self, name: &str, value: &str, prefix: bool) -> bool {
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
            State::New => {
                let age = subject.now.as_second().saturating_sub(subject.story.first_seen.as_second());
                age < NEW_SECONDS
            }
        }
    }
}

impl Compare {
    fn holds(self, have: i64, want: i64) -> bool {
        match self {
            Compare::Less => have < want,
            Compare::AtMost => have <= want,
            Compare::Equal => have == want,
            Compare::AtLeast => have >= want,
            Compare::More => have > want,
        }
    }
}

#[cfg(test)]
mod tests;
