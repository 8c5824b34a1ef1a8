//! What every story that a query matches must have: what a full-text index and an index of facts can be asked before
//! the evaluator looks. A need may let more stories through than its query, never fewer.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::field::{Measure, NEW_SECONDS, NameField, Scope, State};
use super::{Compare, Leaf, Node, Query};
use crate::domain::Name;
use crate::domain::pattern::{Atom, Phrase, WordPattern};
use crate::domain::text::fold;

/// Alternatives of words near each other that are distinguished; beyond them only the words are asked for.
const CHOICES_MAX: usize = 16;

/// A condition that no match of a query fails.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Need {
    /// Of none: every story has it.
    All(Vec<Need>),
    /// Of none: no story has it.
    Any(Vec<Need>),
    /// Folded words.
    Words {
        /// Where they are looked for.
        place: Place,
        /// The words.
        run: Run,
    },
    /// Several such in one field, with at most so many words between the end of the first and the beginning of the last.
    Near {
        /// Where they are looked for.
        place: Place,
        /// The words or phrases, in any order.
        runs: Vec<Run>,
        /// The largest number of words in between.
        most: usize,
    },
    /// A fact, or its contrary.
    Fact {
        /// The fact asked for.
        fact: Fact,
        /// False: it must not be so.
        holds: bool,
    },
}

/// Folded words one behind the other, as [`crate::domain::text::Text::folded`] writes them; with `prefix` the last is only
/// how a word begins.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Run {
    /// The words in order, folded.
    pub words: Vec<String>,
    /// The last word may go on.
    pub prefix: bool,
}

/// Where words stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    /// In the title or in the summary.
    Text,
    /// In the title.
    Title,
    /// In the summary.
    Summary,
    /// In the name of the outlet.
    Outlet,
    /// In the name of the feed.
    Feed,
}

/// What is known of a story without reading it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Fact {
    /// Marked as read.
    Read,
    /// Starred by the reader.
    Starred,
    /// From a primary source, such as a regulator or a company.
    Primary,
    /// First seen after this second (Unix time).
    SeenAfter(i64),
    /// Its time is after this second (Unix time), or this one.
    From(i64),
    /// Its time is before this second (Unix time), or this one.
    Until(i64),
    /// Folded, and as a query has it.
    Lang {
        /// The language code, or its beginning.
        value: String,
        /// True: codes that begin so count as well.
        prefix: bool,
    },
}

/// The facts of a story; times are Unix seconds.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// [`Story::time`](crate::domain::story::Story::time).
    pub time: i64,
    /// When newstape first saw it.
    pub first_seen: i64,
    /// Marked as read.
    pub read: bool,
    /// Starred by the reader.
    pub starred: bool,
    /// From a primary source.
    pub primary: bool,
    /// Two-letter language code, if known.
    pub lang: Option<&'a str>,
}

impl Fact {
    /// Does it hold of a story?
    pub fn holds(&self, facts: &Facts) -> bool {
        match self {
            Fact::Read => facts.read,
            Fact::Starred => facts.starred,
            Fact::Primary => facts.primary,
            Fact::SeenAfter(second) => facts.first_seen > *second,
            Fact::From(second) => facts.time >= *second,
            Fact::Until(second) => facts.time <= *second,
            Fact::Lang { value, prefix } => facts.lang.is_some_and(|lang| NameField::Lang.same(lang, value, *prefix)),
        }
    }
}

impl Need {
    /// What every story has.
    pub const ANYTHING: Need = Need::All(Vec::new());

    /// The second (Unix time) before which no story has it; the least there is when it does not say.
    pub fn earliest(&self) -> i64 {
        match self {
            Need::All(needs) => needs.iter().map(Need::earliest).max().unwrap_or(i64::MIN),
            Need::Fact { fact: Fact::From(second), holds: true } => *second,
            _ => i64::MIN,
        }
    }

    fn is_anything(&self) -> bool {
        matches!(self, Need::All(needs) if needs.is_empty())
    }

    /// All of them together.
    pub fn all(needs: impl IntoIterator<Item = Need>) -> Need {
        let mut needed: Vec<Need> = Vec::new();
        for need in needs {
            match need {
                Need::All(inner) => needed.extend(inner),
                other => needed.push(other),
            }
        }
        if needed.len() == 1 { needed.remove(0) } else { Need::All(needed) }
    }

    /// Any one of them.
    pub fn any(needs: impl IntoIterator<Item = Need>) -> Need {
        let mut needed: Vec<Need> = Vec::new();
        for need in needs {
            match need {
                Need::Any(inner) => needed.extend(inner),
                other => needed.push(other),
            }
        }
        let mut needed = each_once(needed);
        match needed.len() {
            1 => needed.remove(0),
            _ if needed.iter().any(Need::is_anything) => Need::ANYTHING,
            _ => Need::Any(needed),
        }
    }
}

/// Alternatives without repeats: words wanted in the title or in the summary are wanted in either. Topics ask for many.
fn each_once(needs: Vec<Need>) -> Vec<Need> {
    let mut places: HashMap<Run, Place> = HashMap::new();
    let mut others = Vec::new();
    for need in needs {
        match need {
            Need::Words { place: place @ (Place::Text | Place::Title | Place::Summary), run } => {
                let known = places.entry(run).or_insert(place);
                *known = if *known == place { place } else { Place::Text };
            }
            other => others.push(other),
        }
    }
    let mut words: Vec<(Run, Place)> = places.into_iter().collect();
    words.sort_unstable_by(|(a, _), (b, _)| a.words.cmp(&b.words).then(a.prefix.cmp(&b.prefix)));
    words.into_iter().map(|(run, place)| Need::Words { place, run }).chain(others).collect()
}

/// What every story tagged with a topic must have, according to the current rules.
pub trait TopicNeeds {
    /// What all stories of the topics have whose name is meant.
    fn of_topics(&self, is_meant: &dyn Fn(&Name) -> bool) -> Need;
    /// What all stories of the topics have that are bound to a symbol that is meant.
    fn of_symbols(&self, is_meant: &dyn Fn(&Name) -> bool) -> Need;
}

impl Query {
    /// What all its matches have at this time. `topics` are those that stories are tagged with.
    pub fn need(&self, topics: &dyn TopicNeeds, now: Timestamp) -> Need {
        of_node(&self.root, Some(topics), now.as_second())
    }

    /// As [`Query::need`], of a query that asks about the text alone.
    pub(crate) fn need_of_text(&self) -> Need {
        of_node(&self.root, None, 0)
    }
}

fn of_node(node: &Node<Leaf>, topics: Option<&dyn TopicNeeds>, now: i64) -> Need {
    match node {
        Node::And(nodes) => Need::all(nodes.iter().map(|node| of_node(node, topics, now))),
        Node::Or(nodes) => Need::any(nodes.iter().map(|node| of_node(node, topics, now))),
        Node::Not(node) => contrary(node),
        Node::Leaf(leaf) => of_leaf(leaf, topics, now),
    }
}

/// Only facts have a contrary: a story may have the words that a phrase needs without having the phrase.
fn contrary(node: &Node<Leaf>) -> Need {
    match node {
        Node::Leaf(Leaf::Is(state)) if !matches!(state, State::New | State::Muted) => match of_state(*state, 0) {
            Need::Fact { fact, holds } => Need::Fact { fact, holds: !holds },
            _ => Need::ANYTHING,
        },
        _ => Need::ANYTHING,
    }
}

fn of_leaf(leaf: &Leaf, topics: Option<&dyn TopicNeeds>, now: i64) -> Need {
    match leaf {
        Leaf::Phrase(scope, phrase) => of_phrase(place_of(*scope), phrase),
        Leaf::Is(state) => of_state(*state, now),
        Leaf::Measure(Measure::Age, compare, seconds) => of_age(*compare, now.saturating_sub(*seconds)),
        Leaf::Named { field, value, prefix } => of_name(*field, value, *prefix, topics),
        Leaf::Regex(..) | Leaf::Measure(Measure::Outlets, ..) | Leaf::Move(..) => Need::ANYTHING,
    }
}

fn place_of(scope: Scope) -> Place {
    match scope {
        Scope::Text => Place::Text,
        Scope::Title => Place::Title,
        Scope::Summary => Place::Summary,
        Scope::Outlet => Place::Outlet,
        Scope::Feed => Place::Feed,
    }
}

fn of_state(state: State, now: i64) -> Need {
    let (fact, holds) = match state {
        State::Read => (Fact::Read, true),
        State::Unread => (Fact::Read, false),
        State::Starred => (Fact::Starred, true),
        State::Primary => (Fact::Primary, true),
        State::New => (Fact::SeenAfter(now.saturating_sub(NEW_SECONDS)), true),
        State::Muted => return Need::ANYTHING,
    };
    Need::Fact { fact, holds }
}

/// Of an age held against the one of a story of this second.
fn of_age(compare: Compare, second: i64) -> Need {
    let fact = |fact| Need::Fact { fact, holds: true };
    match compare {
        Compare::Less | Compare::AtMost => fact(Fact::From(second)),
        Compare::More | Compare::AtLeast => fact(Fact::Until(second)),
        Compare::Equal => Need::all([fact(Fact::From(second)), fact(Fact::Until(second))]),
    }
}

fn of_name(field: NameField, value: &str, prefix: bool, topics: Option<&dyn TopicNeeds>) -> Need {
    let is_meant = |name: &Name| field.same(name, value, prefix);
    match (field, topics) {
        (NameField::Lang, _) => Need::Fact { fact: Fact::Lang { value: value.to_owned(), prefix }, holds: true },
        (_, None) => Need::ANYTHING,
        (NameField::Topic, Some(topics)) => topics.of_topics(&is_meant),
        (NameField::Symbol, Some(topics)) => topics.of_symbols(&is_meant),
    }
}

fn of_phrase(place: Place, phrase: &Phrase) -> Need {
    let parts: Vec<Vec<Vec<Run>>> = phrase.parts.iter().map(|part| part.iter().map(runs_of).collect()).collect();
    if let Some(near) = phrase.distance.and_then(|distance| of_near(place, &parts, distance)) {
        return near;
    }
    let words = |run: &Run| Need::Words { place, run: run.clone() };
    let atom = |runs: &Vec<Run>| Need::all(runs.iter().map(words));
    Need::all(parts.iter().map(|part| Need::any(part.iter().map(atom))))
}

/// Every choice of one run for each part; None when a part is more than a run, or the choices are too many.
fn of_near(place: Place, parts: &[Vec<Vec<Run>>], distance: u8) -> Option<Need> {
    let mut choices: Vec<Vec<Run>> = vec![Vec::new()];
    for part in parts {
        let mut longer = Vec::new();
        for choice in &choices {
            for runs in part {
                let [run] = runs.as_slice() else { return None };
                longer.push(choice.iter().chain([run]).cloned().collect());
            }
        }
        choices = longer;
        if choices.len() > CHOICES_MAX {
            return None;
        }
    }
    Some(Need::any(choices.into_iter().map(|runs| {
        // What stands between the first and the last are the other words of the phrase as well.
        let own: usize = runs.iter().map(|run| run.words.len()).sum();
        Need::Near { place, runs, most: usize::from(distance) + own }
    })))
}

/// The words of an atom in runs: any number, and a word that folds to nothing, part them, and so does a beginning.
fn runs_of(atom: &Atom) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut words = Vec::new();
    let mut close = |words: &mut Vec<String>, prefix| {
        if !words.is_empty() {
            runs.push(Run { words: std::mem::take(words), prefix });
        }
    };
    for word in &atom.words {
        let folded = match word {
            WordPattern::Folded(_, folded) => folded.to_string(),
            WordPattern::Exact(_, exact) => fold(exact, false),
            WordPattern::Prefix(start) => start.to_string(),
            WordPattern::Number => String::new(),
        };
        match folded.is_empty() {
            true => close(&mut words, false),
            false => words.push(folded),
        }
        if matches!(word, WordPattern::Prefix(_)) {
            close(&mut words, true);
        }
    }
    close(&mut words, false);
    runs
}
