//! Queries printed so that they read back as the same.

use std::fmt::{self, Display, Formatter, Write};

use super::{Leaf, Node, Pattern, Query, Scope};

impl Display for Query {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write_node(f, &self.root, Place::Top)
    }
}

/// What stands around a node, and so whether it needs parentheses.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Top,
    InOr,
    InAnd,
    InNot,
}

fn write_node(f: &mut Formatter<'_>, node: &Node<Leaf>, place: Place) -> fmt::Result {
    match node {
        Node::And(nodes) => write_all(f, nodes, " ", Place::InAnd, place == Place::InNot),
        Node::Or(nodes) => write_all(f, nodes, " OR ", Place::InOr, matches!(place, Place::InAnd | Place::InNot)),
        Node::Not(inner) => {
            f.write_char('-')?;
            write_node(f, inner, Place::InNot)
        }
        Node::Leaf(leaf) => write!(f, "{leaf}"),
    }
}

fn write_all(f: &mut Formatter<'_>, nodes: &[Node<Leaf>], between: &str, place: Place, closed: bool) -> fmt::Result {
    f.write_str(if closed { "(" } else { "" })?;
    for (at, node) in nodes.iter().enumerate() {
        f.write_str(if at > 0 { between } else { "" })?;
        write_node(f, node, place)?;
    }
    f.write_str(if closed { ")" } else { "" })
}

impl Display for Leaf {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Leaf::Phrase(scope, phrase) => write_scope(f, *scope).and_then(|()| write!(f, "{phrase}")),
            Leaf::Regex(scope, pattern) => write_scope(f, *scope).and_then(|()| write!(f, "{pattern}")),
            Leaf::Named { field, value, prefix } => {
                write!(f, "{field}:\"{value}\"{}", if *prefix { "*" } else { "" })
            }
            Leaf::Is(state) => write!(f, "is:{state}"),
            Leaf::Measure(measure, compare, value) => write!(f, "{measure}{compare}{}", measure.show(*value)),
            Leaf::Move(symbol, compare, hundredths) => write_move(f, symbol.as_deref(), *compare, *hundredths),
        }
    }
}

fn write_scope(f: &mut Formatter<'_>, scope: Scope) -> fmt::Result {
    match scope {
        Scope::Text => Ok(()),
        named => write!(f, "{named}:"),
    }
}

fn write_move(f: &mut Formatter<'_>, symbol: Option<&str>, compare: super::Compare, hundredths: i32) -> fmt::Result {
    let symbol = symbol.map(|symbol| format!(":{symbol}")).unwrap_or_default();
    write!(f, "move{symbol}{compare}{}%", f64::from(hundredths) / 100.0)
}

impl Display for Pattern {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "/{}/{}", self.source.replace('/', "\\/"), if self.any_case { "i" } else { "" })
    }
}
