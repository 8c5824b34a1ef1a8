//! Tags of stories, and what follows from them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::Name;
use crate::domain::analysis::{Analysis, Stamp, Tags};
use crate::domain::text::{Text, TitleSpan};
use crate::domain::topic::{TopicRule, Topics};

/// Topics compiled, and the symbols of the watchlist: what tagging a story needs.
#[derive(Debug, Default)]
pub struct Tagger {
    topics: Topics,
    watchlist: Vec<Name>,
    /// What follows from each set of topics: there are few, and many stories of each.
    known: Mutex<HashMap<Vec<Name>, Arc<Bound>>>,
}

impl Tagger {
    /// Tags with these topics; symbols that are not on the watchlist are left out.
    pub fn new(topics: Topics, watchlist: Vec<Name>) -> Tagger {
        Tagger { topics, watchlist, known: Mutex::default() }
    }

    /// The topics that stories are tagged with.
    pub fn topics(&self) -> &Topics {
        &self.topics
    }

    /// The symbols that a topic may bind a story to.
    pub fn watchlist(&self) -> &[Name] {
        &self.watchlist
    }

    /// The topics of a text, and the symbols bound to them.
    pub fn tag(&self, text: &Text) -> Tagged {
        let tags = self.topics.tag(text);
        let topics: Vec<Name> = tags.iter().map(|tag| tag.topic.clone()).collect();
        let mut spans: Vec<TitleSpan> = tags.into_iter().flat_map(|tag| tag.spans).collect();
        spans.sort_unstable_by_key(|span| (span.start, span.end));
        spans.dedup();
        self.tagged(topics, spans)
    }

    /// What the analysis of a story is stored with.
    pub fn stamp(&self) -> Stamp {
        self.topics.stamp()
    }

    /// What the rules gave a story, as it is stored.
    pub(super) fn to_stored(&self, tagged: &Tagged) -> Tags {
        let rules = self.topics.rules();
        let place = |topic: &Name| rules.iter().position(|rule| rule.name == *topic)?.try_into().ok();
        Tags { topics: tagged.topics().iter().filter_map(place).collect(), spans: tagged.spans.clone() }
    }

    /// What the rules gave a story earlier; None where its analysis is of other rules.
    pub(super) fn restore(&self, analysis: &Analysis) -> Option<Tagged> {
        let name = |place: &u16| self.topics.rules().get(usize::from(*place)).map(|rule| rule.name.clone());
        let Tags { topics, spans } = &analysis.tags;
        (analysis.stamp == self.stamp()).then(|| self.tagged(topics.iter().filter_map(name).collect(), spans.to_vec()))
    }

    /// A story that was tagged before.
    fn tagged(&self, topics: Vec<Name>, spans: Vec<TitleSpan>) -> Tagged {
        // A panic elsewhere leaves nothing half done here: each change is one insertion.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let bound = match known.get(&topics) {
            Some(bound) => Arc::clone(bound),
            None => Arc::clone(known.entry(topics.clone()).or_insert_with(|| Arc::new(self.bound(topics)))),
        };
        Tagged { spans: spans.into(), bound }
    }

    fn bound(&self, topics: Vec<Name>) -> Bound {
        let given = || self.topics.rules().iter().filter(|rule| topics.contains(&rule.name));
        let parents: Vec<&Name> = given().filter_map(|rule| rule.parent.as_ref()).collect();
        let bound = |rules: &mut dyn Iterator<Item = &TopicRule>| {
            let mut symbols: Vec<Name> = Vec::new();
            for symbol in rules.flat_map(|rule| &rule.symbols).filter(|symbol| self.watchlist.contains(symbol)) {
                if !symbols.contains(symbol) {
                    symbols.push(symbol.clone());
                }
            }
            symbols
        };
        let closest = bound(&mut given().filter(|rule| !parents.contains(&&rule.name)));
        let symbols = bound(&mut given());
        Bound { topics, symbols, closest }
    }
}

/// What tagging a story gives. Why it has a topic is not kept: it is asked again for the one story that is read.
#[derive(Debug)]
pub struct Tagged {
    /// Where the words that decided stand in the title, in its order, without repeats.
    pub spans: Box<[TitleSpan]>,
    bound: Arc<Bound>,
}

/// What follows from a set of topics.
#[derive(Debug, Default)]
struct Bound {
    topics: Vec<Name>,
    symbols: Vec<Name>,
    closest: Vec<Name>,
}

impl Tagged {
    /// In the order of the rules, children with their parents.
    pub fn topics(&self) -> &[Name] {
        &self.bound.topics
    }

    /// The symbols bound to its topics, on the watchlist, without repeats.
    pub fn symbols(&self) -> &[Name] {
        &self.bound.symbols
    }

    /// Those bound to the most special of its topics: to `bitcoin` rather than to `crypto`.
    pub fn closest(&self) -> &[Name] {
        &self.bound.closest
    }
}

impl Tagged {
    /// As if it had been tagged so, in tests.
    #[cfg(test)]
    pub(super) fn with(topics: Vec<Name>, symbols: Vec<Name>) -> Tagged {
        Tagged { spans: Box::default(), bound: Arc::new(Bound { topics, symbols, closest: Vec::new() }) }
    }
}
