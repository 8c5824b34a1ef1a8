//! Which modules of `src/` name which, and where they name each other in a circle.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{Source, Token, behind_brace, tokens};

/// `src/screen/chart.rs:19` names `quotes`, which stands beside `chart` in the module `screen`.
type Edges = BTreeMap<(String, String), String>;

/// Modules that stand beside each other, with what is below them, and name each other in a circle.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Circle {
    /// The module that they stand in: `screen`.
    pub parent: String,
    /// In alphabetical order.
    pub members: Vec<String>,
    /// Where each member names another, one line.
    pub places: String,
}

/// Every circle there is, but for those among the floors. A module and those that stand in it may name each other.
pub(crate) fn circles(sources: &[Source]) -> Vec<Circle> {
    let modules: BTreeSet<Vec<&str>> = sources.iter().map(|source| module(&source.path)).collect();
    let mut levels: BTreeMap<Vec<&str>, Edges> = BTreeMap::new();
    for source in sources.iter().filter(|source| !source.is_test) {
        let own = module(&source.path);
        for (path, line) in named(source) {
            let Some(other) = (1..=path.len()).rev().map(|end| &path[..end]).find(|path| modules.contains(*path))
            else {
                continue;
            };
            let common = own.iter().zip(other).take_while(|(own, other)| own == other).count();
            if let (Some(from), Some(to)) = (own.get(common), other.get(common)) {
                let edges = levels.entry(own[..common].to_vec()).or_default();
                edges.entry((from.to_string(), to.to_string())).or_insert(format!("{}:{line}", source.path));
            }
        }
    }
    let below_the_floors = levels.into_iter().filter(|(parent, _)| !parent.is_empty());
    below_the_floors.flat_map(|(parent, edges)| circles_of(&parent.join("::"), &edges)).collect()
}

fn circles_of(parent: &str, edges: &Edges) -> Vec<Circle> {
    let nodes: BTreeSet<&str> = edges.keys().flat_map(|(from, to)| [&**from, &**to]).collect();
    let mut seen = BTreeSet::new();
    let mut circles = Vec::new();
    for node in nodes.iter().copied() {
        let back = |other: &&&str| **other == node || (reaches(edges, node, other) && reaches(edges, other, node));
        let members: Vec<String> = nodes.iter().filter(back).map(ToString::to_string).collect();
        if members.len() < 2 || !seen.insert(members.clone()) {
            continue;
        }
        let is_within = |(from, to): &(String, String)| members.contains(from) && members.contains(to);
        let within = edges.iter().filter(|(edge, _)| is_within(edge));
        let places: Vec<String> = within.map(|((_, to), place)| format!("{place} names {to}")).collect();
        circles.push(Circle { parent: parent.to_owned(), members, places: places.join(", ") });
    }
    circles
}

fn reaches(edges: &Edges, from: &str, to: &str) -> bool {
    let (mut waiting, mut seen) = (vec![from], BTreeSet::new());
    while let Some(node) = waiting.pop() {
        for (_, next) in edges.keys().filter(|(start, _)| start == node) {
            if next == to {
                return true;
            }
            if seen.insert(&**next) {
                waiting.push(next);
            }
        }
    }
    false
}

/// `["news", "poll"]` for `src/news/poll.rs` and `src/news/poll/mod.rs`.
fn module(path: &str) -> Vec<&str> {
    let inner = path.strip_prefix("src/").unwrap_or(path).trim_end_matches(".rs");
    inner.split('/').filter(|name| !matches!(*name, "mod" | "lib" | "main")).collect()
}

/// The paths that a file names by `crate` and by `super`, from the root on, each with its line.
pub(crate) fn named(source: &Source) -> Vec<(Vec<&str>, usize)> {
    let tokens = tokens(&source.bare);
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let is_first = at < 2 || tokens[at - 1].text != ":" || tokens[at - 2].text != ":";
        let base = match token.text {
            "crate" if is_first => Vec::new(),
            "super" if is_first => parent(module(&source.path)),
            _ => {
                at += 1;
                continue;
            }
        };
        at = branches(&tokens, at + 1, base, &mut found);
    }
    found
}

fn parent(mut module: Vec<&str>) -> Vec<&str> {
    module.pop();
    module
}

/// Follows a path, and in braces each of its branches; answers where it ends.
fn branches<'a>(
    tokens: &[Token<'a>],
    mut at: usize,
    mut path: Vec<&'a str>,
    found: &mut Vec<(Vec<&'a str>, usize)>,
) -> usize {
    while let [first, second, next, ..] = &tokens[at.min(tokens.len())..]
        && (first.text, second.text) == (":", ":")
    {
        match next.text {
            "{" => {
                let end = behind_brace(tokens, at + 2);
                let mut inner = at + 3;
                while inner + 1 < end {
                    let path = step(path.clone(), tokens[inner].text);
                    inner = branches(tokens, inner + 1, path, found);
                    inner += tokens[inner..end].iter().position(|token| token.text == ",").unwrap_or(end - inner) + 1;
                }
                return end;
            }
            "*" | "<" => break,
            name => {
                path = step(path, name);
                at += 3;
            }
        }
    }
    let line = tokens[at.min(tokens.len()) - 1].line;
    found.push((path, line));
    at
}

fn step<'a>(mut path: Vec<&'a str>, name: &'a str) -> Vec<&'a str> {
    match name {
        "super" => parent(path),
        "self" | "crate" => path,
        name => {
            path.push(name);
            path
        }
    }
}
