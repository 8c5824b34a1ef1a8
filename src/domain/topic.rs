//! Topics: named rules, compiled once, that tag a story and say why.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Name;
use super::text::{Text, TitleSpan};

/// A topic as `config/topics.toml` and the user's file write it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TopicRule {
    pub name: Name,
    /// Short, for the topic bar and the rows.
    pub title: String,
    /// Shorter still, for the rows; the title when it is missing.
    pub short: Option<String>,
    /// A digit, `1` to `9`; children have none.
    pub key: Option<char>,
    /// A slot of the theme (`topic-1` …), a colour name or `#rrggbb`.
    pub color: Option<String>,
    pub parent: Option<Name>,
    /// Symbols bound to it, the closest first; those not on the watchlist are passed over.
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
pub struct Topics {}

/// A topic given to a story, with its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    pub topic: Name,
    /// The words that decided, as they stand in the text, in its order.
    pub why: Vec<String>,
    /// Where those words stand in the title.
    pub spans: Vec<TitleSpan>,
}

impl Topics {
    /// A rule that can't be compiled is left out; the second list says which and why.
    pub fn compile(_rules: &[TopicRule], _terms: &BTreeMap<String, Vec<String>>) -> (Topics, Vec<String>) {
        (Topics::default(), Vec::new())
    }

    /// The topics of a text, in the order of the rules, children with their parents.
    pub fn tag(&self, _text: &Text) -> Vec<Tag> {
        Vec::new()
    }

    pub fn rules(&self) -> &[TopicRule] {
        &[]
    }
}
