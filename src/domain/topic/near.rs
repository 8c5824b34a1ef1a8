//! What a text lacks for a topic: which rule nearly matched, and by how little it failed.

use super::{Compiled, Name, Node, Scope, Test, Text, There, Topics, Words, merged, places};

/// Alternatives named of a set.
const NAMED: usize = 4;

/// A topic that a text nearly has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Near {
    /// The name of the topic.
    pub topic: Name,
    /// The words of the text that speak for it, in its order.
    pub has: Vec<String>,
    /// What keeps it from the text.
    pub but: But,
    /// The query in the rule, as written.
    pub query: String,
}

/// What keeps a topic from a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum But {
    /// A query of `none` matches, by these words.
    Excluded(Vec<String>),
    /// This part of a query of `any` is missing, in words.
    Lacks(String),
}

/// What a part of a query finds and misses.
struct Gap {
    found: Vec<Words>,
    lacks: String,
}

impl Topics {
    /// The topics that a text nearly has, in the order of the rules: all but one part of a query is there, or only an
    /// exclusion speaks against it. For each the nearest of its queries.
    pub fn near(&self, text: &Text) -> Vec<Near> {
        let found = self.index.find(text);
        let there = There { index: &self.index, found: &found, text };
        let given = self.tag(text);
        let rules =
            self.rules.iter().zip(&self.compiled).filter(|(rule, _)| given.iter().all(|t| t.topic != rule.name));
        let near = rules.filter_map(|(rule, compiled)| {
            let (has, but, query) = excluded(compiled, there).or_else(|| self.lacking(compiled, there))?;
            let sources = if matches!(but, But::Excluded(_)) { &rule.none } else { &rule.any };
            Some(Near { topic: rule.name.clone(), has, but, query: sources.get(query).cloned().unwrap_or_default() })
        });
        near.collect()
    }

    /// The query with the most of its words there and one part missing.
    fn lacking(&self, compiled: &Compiled, there: There) -> Option<(Vec<String>, But, usize)> {
        let gaps = compiled.any.iter().enumerate().filter_map(|(at, query)| Some((at, self.gap(&query.node, there)?)));
        let nearest =
            gaps.filter(|(_, gap)| !gap.found.is_empty()).max_by_key(|(at, gap)| (gap.found.len(), usize::MAX - at));
        nearest.map(|(at, gap)| (words(gap.found, there.text), But::Lacks(gap.lacks), at))
    }

    /// None when more than one part is missing, or none can be named.
    fn gap(&self, node: &Node<Test>, there: There) -> Option<Gap> {
        match node {
            Node::And(nodes) => self.gap_in_all(nodes, there),
            Node::Or(nodes) => {
                let gaps = nodes.iter().filter_map(|node| self.gap(node, there));
                gaps.max_by_key(|gap| gap.found.len())
            }
            Node::Not(node) => Some(Gap {
                found: Vec::new(),
                lacks: format!("a text without {}", words(places(node, there), there.text).join(" · ")),
            }),
            Node::Leaf(test) => self.gap_in(test, there),
        }
    }

    fn gap_in_all(&self, nodes: &[Node<Test>], there: There) -> Option<Gap> {
        let holds = |node: &&Node<Test>| node.holds(&mut |test| test.holds(there));
        let (present, missing): (Vec<_>, Vec<_>) = nodes.iter().partition(holds);
        let [missing] = missing.as_slice() else { return None };
        let mut gap = self.gap(missing, there)?;
        present.iter().for_each(|node| gap.found.extend(places(node, there)));
        Some(gap)
    }

    fn gap_in(&self, test: &Test, there: There) -> Option<Gap> {
        let (scope, parts) = match test {
            Test::Regex(_, pattern) => return Some(Gap { found: Vec::new(), lacks: pattern.to_string() }),
            Test::Phrase { scope, parts, .. } => (*scope, parts),
        };
        let (present, missing): (Vec<_>, Vec<_>) = parts.iter().partition(|part| there.found.has(**part, scope));
        let place = |part: &&u16| there.index.places(**part, scope.words(there.text), there.found).into_iter().next();
        let found: Vec<Words> = present.iter().filter_map(place).collect();
        let lacks = match missing.as_slice() {
            [] => format!("these together{}", within(scope)),
            [part] => format!("{}{}", self.alternatives(**part), within(scope)),
            _ => return None,
        };
        Some(Gap { found, lacks })
    }

    /// The first few words of a part.
    fn alternatives(&self, part: u16) -> String {
        let mut atoms = self.index.alternatives(part);
        let named: Vec<String> = atoms.by_ref().take(NAMED).map(ToString::to_string).collect();
        let more = if atoms.next().is_some() { ", …" } else { "" };
        format!("{}{more}", named.join(", "))
    }
}

/// An exclusion that speaks against a topic the text would otherwise have: the place of its query in `none`.
fn excluded(compiled: &Compiled, there: There) -> Option<(Vec<String>, But, usize)> {
    let any = compiled.any.iter().find(|query| query.holds(there))?;
    let at = compiled.none.iter().position(|query| query.holds(there))?;
    let by = compiled.none.get(at)?.words(there);
    Some((words(any.words(there), there.text), But::Excluded(words(by, there.text)), at))
}

fn within(scope: Scope) -> &'static str {
    match scope {
        Scope::Title => " in the title",
        Scope::Summary => " in the summary",
        _ => "",
    }
}

fn words(places: Vec<Words>, text: &Text) -> Vec<String> {
    merged(places).into_iter().map(|place| text.slice(place).to_owned()).collect()
}
