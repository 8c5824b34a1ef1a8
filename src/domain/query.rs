//! The query language: one parser and one evaluator for filter line, views, topics and commands.
//!
//! ```text
//! query  = all ("OR" all)*                       the lowest rank
//! all    = one ("AND"? one)*                     side by side: AND
//! one    = ("-" | "NOT")* ( "(" query ")" | scope ":" ( "(" query ")" | text ) | text | condition )
//! text   = word | =Word | word* | "a phrase" | ="A Phrase" | "near words"~5 | /regex/ | /regex/i | {set}
//! scope  = title | summary | outlet | feed       without one: title and summary
//! condition = topic:name | symbol:name | lang:name                    also name* and "a name"
//!           | is:unread | is:read | is:starred | is:primary | is:new | is:muted
//!           | age<2h | outlets>3                                      also > <= >= =
//!           | move:NVDA>1% | move<-0.5%                               also <= >=; without a symbol: any bound one
//! ```
//!
//! Words match whole words, without regard to case, accents and Unicode form unless asked: `=` asks for exact case, a
//! regular expression for what it says. `"a b"~5`: in any order, with at most five other words between them. In quotes,
//! `(a|b c)` gives alternatives for one place and `#` stands for any number. `word@fr` counts in stories that are in French
//! or don't tell their language. In topic rules `{money}` is a set of terms from the table `[terms]`. No phrase spans two sentences. A move is that of the price since the story appeared.

mod field;
mod leaf;
mod names;
mod need;
mod parse;
mod show;
mod story_text;

use std::collections::BTreeMap;

use jiff::Timestamp;
use regex::Regex;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::Name;
use super::pattern::Phrase;
use super::story::{Marks, Story};

use super::text::{Text, TitleSpan, steers};

pub(crate) use field::{Field, Scope, Values};
use field::{Measure, NameField, State};
pub use names::Names;
pub use need::{Fact, Facts, Need, Place, Run, TopicNeeds};
pub use story_text::StoryText;

/// So many characters of a query are pictured before a mistake, and as many behind it.
const PICTURED: usize = 60;

/// A parsed query. Printed, it reads back as the same query.
#[derive(Clone, Debug)]
pub struct Query {
    root: Node<Leaf>,
    /// Its conditions that name a topic, a symbol or a feed, each with its byte offset.
    named: Box<[(usize, Leaf)]>,
}

/// Queries that ask the same are equal, wherever their names stand.
impl PartialEq for Query {
    fn eq(&self, other: &Self) -> bool {
        self.root == other.root
    }
}

/// Why a query can't be read: the place (byte offset) and what was expected, in one plain sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct QueryError {
    /// Byte offset in the query as typed.
    pub at: usize,
    /// What was expected, in one plain sentence.
    pub message: String,
}

impl QueryError {
    /// The message with its place: `at character 8: …`.
    pub fn place(&self, source: &str) -> String {
        let before = source.get(..self.at).unwrap_or(source);
        format!("at character {}: {}", before.graphemes(true).count() + 1, self.message)
    }

    /// The query, and below it a caret at the place; two lines.
    pub fn picture(&self, source: &str) -> String {
        let plain = |text: &str| text.replace(steers, " ");
        let before: Vec<char> = plain(source.get(..self.at).unwrap_or(source)).chars().collect();
        let after: Vec<char> = plain(source.get(self.at..).unwrap_or_default()).chars().collect();
        // Of a long one the part around the place.
        let cut = before.len().saturating_sub(PICTURED);
        let dots = if cut > 0 { "…" } else { "" };
        let start: String = dots.chars().chain(before.into_iter().skip(cut)).collect();
        let end: String = after.iter().take(PICTURED).collect();
        let more = if after.len() > PICTURED { "…" } else { "" };
        format!("  {start}{end}{more}\n  {}^", " ".repeat(start.width()))
    }
}

/// Named sets of terms that queries can use as `{name}`; each term is a word or a phrase. `{other}` takes in another set;
/// what stands under `name@fr` counts in French only.
pub type Terms = BTreeMap<String, Vec<String>>;

/// What a query is asked about.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The story asked about.
    pub story: &'a Story,
    /// Its words, as far as the query needs them.
    pub text: StoryText<'a>,
    /// Names of its topics, children with their parents.
    pub topics: &'a [Name],
    /// The symbols bound to its topics.
    pub symbols: &'a [Name],
    /// What the reader marked.
    pub marks: Marks,
    /// A mute matches it.
    pub muted: bool,
    /// Outlets that carry its group.
    pub outlets: usize,
    /// What prices did since it appeared, in per cent; of symbols that are not here nothing is known.
    pub moves: &'a [(Name, f64)],
    /// What ages are measured from.
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
    Measure(Measure, Compare, i64),
    /// In hundredths of a per cent; without a symbol, of any bound to the story.
    Move(Option<Box<str>>, Compare, i32),
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

/// What a query asks for that is not in the story itself, and takes work to find out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asks {
    /// How many outlets carry its group.
    pub outlets: bool,
    /// What prices did since.
    pub moves: bool,
    /// What time it is: an age, or whether it is new.
    pub time: bool,
    /// What the reader has done with it.
    pub marks: bool,
    /// Whether a mute matches it.
    pub muted: bool,
}

impl Asks {
    /// What either asks for.
    #[must_use]
    pub fn or(self, other: Asks) -> Asks {
        Asks {
            outlets: self.outlets || other.outlets,
            moves: self.moves || other.moves,
            time: self.time || other.time,
            marks: self.marks || other.marks,
            muted: self.muted || other.muted,
        }
    }
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

    /// As [`Node::holds`], when some leaves can't be decided now; None when it hangs on them.
    fn decide(&self, leaf: &mut impl FnMut(&L) -> Option<bool>) -> Option<bool> {
        match self {
            Node::And(all) => decide_all(all, false, leaf),
            Node::Or(any) => decide_all(any, true, leaf),
            Node::Not(node) => node.decide(leaf).map(|holds| !holds),
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

    /// Every leaf, in their order.
    fn visit(&self, see: &mut impl FnMut(&L)) {
        match self {
            Node::And(nodes) | Node::Or(nodes) => nodes.iter().for_each(|node| node.visit(see)),
            Node::Not(node) => node.visit(see),
            Node::Leaf(leaf) => see(leaf),
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
    ///
    /// # Errors
    ///
    /// The first place that can't be read, and what was expected there.
    pub fn parse(source: &str) -> Result<Query, QueryError> {
        Query::parse_with(source, &Terms::new())
    }

    /// As [`Query::parse`], with sets of terms for `{name}`.
    ///
    /// # Errors
    ///
    /// As [`Query::parse`]; also a set that is not among `terms`.
    pub fn parse_with(source: &str, terms: &Terms) -> Result<Query, QueryError> {
        parse::query(source, terms)
    }

    /// Does it match a story? What hangs on a summary that is not in memory counts as no; see [`Query::decide`].
    pub fn matches(&self, subject: &Subject) -> bool {
        self.decide(subject).unwrap_or(false)
    }

    /// Does it match a story? None when that hangs on a summary that is not in memory.
    pub fn decide(&self, subject: &Subject) -> Option<bool> {
        self.root.decide(&mut |leaf| leaf.holds(subject))
    }

    /// Do its words stand in a text, wherever else it is asked? For queries about the text alone.
    pub fn occurs_in(&self, text: &Text) -> bool {
        self.root.holds(&mut |leaf| match leaf {
            Leaf::Phrase(scope, phrase) => phrase.occurs(text, &scope.words(text)),
            Leaf::Regex(scope, pattern) => pattern.occurs(*scope, text),
            Leaf::Named { .. } | Leaf::Is(_) | Leaf::Measure(..) | Leaf::Move(..) => false,
        })
    }

    /// Where the words stand in the title that the query asks for, in order and without overlap.
    pub fn highlights(&self, text: &Text) -> Vec<TitleSpan> {
        let mut spans = Vec::new();
        self.root.affirmed(&mut |leaf| leaf.title_spans(text, &mut spans));
        merged(spans)
    }

    /// Does it read by regular expressions, which may take long for a single story?
    pub fn may_be_slow(&self) -> bool {
        let mut is_slow = false;
        self.root.visit(&mut |leaf| is_slow |= matches!(leaf, Leaf::Regex(..)));
        is_slow
    }

    /// What has to be found out for it beside the story.
    pub fn asks(&self) -> Asks {
        let mut asks = Asks::default();
        self.root.visit(&mut |leaf| asks = asks.or(leaf.asks()));
        asks
    }

    pub(crate) fn into_root(self) -> Node<Leaf> {
        self.root
    }
}

/// One node that decides by itself settles it; else one that is undecided leaves it open.
fn decide_all<L>(nodes: &[Node<L>], decisive: bool, leaf: &mut impl FnMut(&L) -> Option<bool>) -> Option<bool> {
    let mut is_open = false;
    for node in nodes {
        match node.decide(leaf) {
            Some(holds) if holds == decisive => return Some(decisive),
            Some(_) => {}
            None => is_open = true,
        }
    }
    (!is_open).then_some(!decisive)
}

/// What may stand behind `is:`.
pub fn states() -> &'static [&'static str] {
    <State as strum::VariantNames>::VARIANTS
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

#[cfg(test)]
mod tests;
