//! Topics: named rules, compiled once, that tag a story and say why.
//!
//! The rules are queries about the text. All words of all rules are looked up in one pass over the words of a text;
//! the queries are then decided from what was found.

mod index;
mod near;
mod need;

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use self::index::{Found, Index, PartId};
use super::Name;
use super::analysis::Stamp;
use super::pattern::{Words, join};
use super::query::{Leaf, Node, Pattern, Query, Scope, Terms, merged};
use super::setting::{Setting, SettingError};
use super::spelling::did_you_mean;
use super::text::{Text, TitleSpan};
pub use near::{But, Near};

/// A topic as `config/topics.toml` and the user's file write it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TopicRule {
    /// Unique among topics; what `topic:` in a query names.
    pub name: Name,
    /// Short, for the topic bar and the rows.
    pub title: String,
    /// Shorter still, for the rows of the wire; the title when it is missing.
    #[serde(default)]
    pub short: Option<String>,
    /// A digit, `1` to `9`; children have none.
    pub key: Option<char>,
    /// A slot of the theme (`topic-1` …), a colour name or `#rrggbb`.
    pub color: Option<String>,
    /// The topic that also counts when this one is given.
    pub parent: Option<Name>,
    /// Symbols bound to it, the closest first; those not on the watchlist are skipped.
    #[serde(default)]
    pub symbols: Vec<Name>,
    /// Queries; the topic is given when one of these matches …
    #[serde(default)]
    pub any: Vec<String>,
    /// … and none of these does.
    #[serde(default)]
    pub none: Vec<String>,
    /// Sentences that must match, run by the tests and by `newstape check`.
    #[serde(default)]
    pub matches: Vec<String>,
    /// Sentences that must not match.
    #[serde(default)]
    pub misses: Vec<String>,
}

/// All topics, ready to tag.
#[derive(Clone, Debug, Default)]
pub struct Topics {
    rules: Vec<TopicRule>,
    /// Beside `rules`.
    compiled: Vec<Compiled>,
    index: Index,
    /// With the sets they take in written out.
    terms: Terms,
    stamp: Stamp,
}

#[derive(Clone, Debug)]
struct Compiled {
    any: Vec<Asked>,
    none: Vec<Asked>,
    parent: Option<usize>,
}

/// A query of a rule.
#[derive(Clone, Debug)]
struct Asked {
    node: Node<Test>,
    /// No text matches that lacks one of these: most are skipped after a look at the first.
    parts: Vec<(Scope, PartId)>,
}

/// A condition on the text.
#[derive(Clone, Debug)]
enum Test {
    Phrase { scope: Scope, parts: Vec<PartId>, distance: Option<u8> },
    Regex(Scope, Pattern),
}

/// A text, and what was found in it.
#[derive(Clone, Copy)]
struct There<'a> {
    index: &'a Index,
    found: &'a Found,
    text: &'a Text,
}

/// A topic given to a story, with its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// The name of the topic.
    pub topic: Name,
    /// The words that decided, as they stand in the text, in its order.
    pub why: Vec<String>,
    /// Where those words stand in the title.
    pub spans: Vec<TitleSpan>,
}

impl Topics {
    /// These rules before they are compiled: no text has one of their topics yet.
    pub fn uncompiled(rules: &[TopicRule]) -> Topics {
        Topics { rules: rules.to_vec(), ..Topics::default() }
    }

    /// Can texts be tagged with them?
    pub fn is_compiled(&self) -> bool {
        self.rules.len() == self.compiled.len()
    }

    /// What the analysis of a text by these rules is stored with.
    pub fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// A rule that can't be compiled is left out; the second list says which and why.
    /// `terms` are the sets that the queries of the rules use as `{name}`.
    pub fn compile(rules: &[TopicRule], terms: &Terms) -> (Topics, Vec<SettingError>) {
        let mut mistakes = Vec::new();
        let mut topics = Topics { stamp: stamp(rules, terms), ..Topics::default() };
        let terms = spread(terms, &mut mistakes);
        for rule in rules {
            match topics.compile_rule(rule, &terms) {
                Ok(compiled) => {
                    topics.rules.push(rule.clone());
                    topics.compiled.push(compiled);
                }
                Err(mistake) => mistakes.push(mistake),
            }
        }
        topics.link_parents(&mut mistakes);
        topics.index.finish();
        topics.terms = terms;
        (topics, mistakes)
    }

    fn compile_rule(&mut self, rule: &TopicRule, terms: &Terms) -> Result<Compiled, SettingError> {
        let setting = |key: &str, index| Setting::of_entry("topic", &rule.name, key, index);
        if self.rules.iter().any(|other| other.name == rule.name) {
            return Err(setting("name", 0).wrong("there is another of this name before it"));
        }
        let mut all = |list: &str, queries: &[String]| {
            let compiled = queries.iter().enumerate().map(|(at, source)| {
                let compiled = self.compile_query(source, terms);
                compiled.map_err(|why| setting(list, at).wrong(format!("query {} of '{list}': {why}", at + 1)))
            });
            compiled.collect::<Result<Vec<_>, _>>()
        };
        let (any, none) = (all("any", &rule.any)?, all("none", &rule.none)?);
        Ok(Compiled { any, none, parent: None })
    }

    fn compile_query(&mut self, source: &str, terms: &Terms) -> Result<Asked, String> {
        let query = Query::parse_with(source, terms).map_err(|mistake| mistake.place(source))?;
        let root = query.into_root();
        if root == Node::And(Vec::new()) {
            return Err("it is empty and would match everything".to_owned());
        }
        let node = root.try_map(&mut |leaf| match leaf {
            Leaf::Phrase(scope @ (Scope::Text | Scope::Title | Scope::Summary), phrase) => {
                let parts = phrase.parts.into_iter().map(|part| self.index.part(part)).collect();
                Ok(Test::Phrase { scope, parts, distance: phrase.distance })
            }
            Leaf::Regex(scope @ (Scope::Text | Scope::Title | Scope::Summary), regex) => Ok(Test::Regex(scope, regex)),
            other => Err(format!("{other} does not ask about the text; a topic is decided by title and summary alone")),
        })?;
        let mut parts = Vec::new();
        required(&node, &mut parts);
        Ok(Asked { node, parts })
    }

    fn link_parents(&mut self, mistakes: &mut Vec<SettingError>) {
        let place: HashMap<&Name, usize> = self.rules.iter().enumerate().map(|(at, rule)| (&rule.name, at)).collect();
        for (rule, compiled) in self.rules.iter().zip(&mut self.compiled) {
            let Some(parent) = &rule.parent else { continue };
            compiled.parent = place.get(parent).copied();
            if compiled.parent.is_none() {
                let hint = did_you_mean(parent, self.rules.iter().map(|rule| &*rule.name));
                let setting = Setting::of_entry("topic", &rule.name, "parent", 0);
                mistakes.push(setting.wrong(format!("no topic is called '{parent}', its parent{hint}")));
            }
        }
    }

    /// The topics of a text, in the order of the rules, children with their parents.
    pub fn tag(&self, text: &Text) -> Vec<Tag> {
        let found = self.index.find(text);
        let there = There { index: &self.index, found: &found, text };
        let mut reasons: BTreeMap<usize, Vec<Words>> = BTreeMap::new();
        for (at, compiled) in self.compiled.iter().enumerate() {
            if let Some(reason) = compiled.reason(there) {
                reasons.insert(at, reason);
            }
        }
        self.imply_parents(&mut reasons);
        reasons.into_iter().filter_map(|(at, words)| Some(tag(&self.rules.get(at)?.name, words, text))).collect()
    }

    /// A parent that its own rules do not give has the reason of its child.
    fn imply_parents(&self, reasons: &mut BTreeMap<usize, Vec<Words>>) {
        let mut waiting: Vec<usize> = reasons.keys().copied().collect();
        while let Some(child) = waiting.pop() {
            let parent = self.compiled.get(child).and_then(|compiled| compiled.parent);
            if let Some(parent) = parent.filter(|parent| !reasons.contains_key(parent)) {
                let reason = reasons.get(&child).cloned().unwrap_or_default();
                reasons.insert(parent, reason);
                waiting.push(parent);
            }
        }
    }

    /// Does a rule say what its topic is not?
    pub fn has_exclusions(&self, topic: &str) -> bool {
        self.rules.iter().any(|rule| &*rule.name == topic && !rule.none.is_empty())
    }

    /// The rules in force, those left out not among them.
    pub fn rules(&self) -> &[TopicRule] {
        &self.rules
    }
}

/// Sets of terms with the sets they take in written out, one that takes in itself is cut there; what is theirs in one
/// language (`name@fr`) stands among them, marked as such.
fn spread(terms: &Terms, mistakes: &mut Vec<SettingError>) -> Terms {
    let mut out = Terms::new();
    for key in terms.keys() {
        let mut members = Vec::new();
        spread_into(key, terms, &mut vec![base(key)], &mut members, mistakes);
        out.entry(base(key).to_owned()).or_default().append(&mut members);
    }
    out
}

/// The name of a set, without its language.
fn base(key: &str) -> &str {
    key.split('@').next().unwrap_or(key)
}

fn spread_into<'a>(
    key: &'a str,
    terms: &'a Terms,
    within: &mut Vec<&'a str>,
    members: &mut Vec<String>,
    mistakes: &mut Vec<SettingError>,
) {
    let lang = key.strip_prefix(base(key)).unwrap_or_default();
    for (at, term) in terms.get(key).into_iter().flatten().enumerate() {
        let wrong = |why: String| Setting::of_section("terms", key, at).wrong(why);
        let Some(other) = term.strip_prefix('{').and_then(|term| term.strip_suffix('}')) else {
            members.push(format!("{term}{lang}"));
            continue;
        };
        let mut keys = terms.keys().filter(|key| base(key) == other).peekable();
        if keys.peek().is_none() {
            let hint = did_you_mean(other, terms.keys().map(|key| base(key)));
            mistakes.push(wrong(format!("there is no set of terms '{other}'{hint}")));
        } else if within.contains(&other) {
            mistakes.push(wrong(format!("the set '{other}' contains itself")));
        } else {
            within.push(other);
            keys.for_each(|key| spread_into(key, terms, within, members, mistakes));
            within.pop();
        }
    }
}

/// Where the words stand that a query, or a part of one, asks for.
fn places(node: &Node<Test>, there: There) -> Vec<Words> {
    let mut places = Vec::new();
    node.affirmed(&mut |test| places.extend(test.places(there).unwrap_or_default()));
    places
}

/// The parts that every match of a query has.
fn required(node: &Node<Test>, parts: &mut Vec<(Scope, PartId)>) {
    match node {
        Node::And(nodes) => nodes.iter().for_each(|node| required(node, parts)),
        Node::Leaf(Test::Phrase { scope, parts: own, .. }) => parts.extend(own.iter().map(|part| (*scope, *part))),
        Node::Or(_) | Node::Not(_) | Node::Leaf(Test::Regex(..)) => {}
    }
}

/// What decides of these rules, and of the sets that their queries use.
fn stamp(rules: &[TopicRule], terms: &Terms) -> Stamp {
    let rules = rules.iter().flat_map(|rule| {
        let names = [&*rule.name, rule.parent.as_deref().unwrap_or_default(), "any"];
        let queries = rule.any.iter().map(String::as_str).chain(["none"]).chain(rule.none.iter().map(String::as_str));
        names.into_iter().chain(queries)
    });
    let terms = terms
        .iter()
        .flat_map(|(name, words)| std::iter::once(name.as_str()).chain(words.iter().map(String::as_str)).chain([""]));
    Stamp::of(rules.chain(terms))
}

impl Compiled {
    /// The words of the first query that matches; None when none does or an exclusion does.
    fn reason(&self, there: There) -> Option<Vec<Words>> {
        let first = self.any.iter().find(|query| query.holds(there))?;
        let is_excluded = self.none.iter().any(|query| query.holds(there));
        (!is_excluded).then(|| first.words(there))
    }
}

impl Asked {
    fn holds(&self, there: There) -> bool {
        self.parts.iter().all(|&(scope, part)| there.found.has(part, scope))
            && self.node.holds(&mut |test| test.holds(there))
    }

    /// The words that it asks for, in their order.
    fn words(&self, there: There) -> Vec<Words> {
        merged(places(&self.node, there))
    }
}

impl Test {
    fn holds(&self, there: There) -> bool {
        match self {
            Test::Regex(scope, pattern) => pattern.occurs(*scope, there.text),
            Test::Phrase { scope, parts, .. } => {
                let occur = parts.iter().all(|&part| there.found.has(part, *scope));
                occur && (parts.len() == 1 || self.places(there).is_some())
            }
        }
    }

    /// Where its parts stand; a regular expression has no words.
    fn places(&self, There { index, found, text }: There) -> Option<Vec<Words>> {
        let Test::Phrase { scope, parts, distance } = self else { return None };
        let places: Vec<Vec<Words>> = parts.iter().map(|&part| index.places(part, scope.words(text), found)).collect();
        let places: Vec<&[Words]> = places.iter().map(Vec::as_slice).collect();
        join(&places, *distance, text)
    }
}

fn tag(topic: &Name, words: Vec<Words>, text: &Text) -> Tag {
    let title = text.title_words().end;
    Tag {
        topic: topic.clone(),
        why: words.iter().map(|place| text.slice(place.clone()).to_owned()).collect(),
        spans: words.into_iter().filter(|place| place.end <= title).map(|place| text.place(place)).collect(),
    }
}

#[cfg(test)]
mod tests;
