//! The query language: one parser and one evaluator for filter line, views, topics and commands.

use jiff::Timestamp;

use super::Name;
use super::story::{Marks, Story};
use super::text::Text;

/// A parsed query.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {}

/// Why a query can't be read: the place (byte offset) and what was expected, in one plain sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    pub at: usize,
    pub message: String,
}

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

impl Query {
    /// An empty text parses to the query that matches everything.
    pub fn parse(_source: &str) -> Result<Query, Mistake> {
        todo!()
    }

    pub fn matches(&self, _subject: &Subject) -> bool {
        todo!()
    }
}
