//! The queries that were kept, for `C-p` and `C-n`.

use crate::event::QUERIES_MAX;

/// Queries that were kept, the latest last, each once.
#[derive(Debug, Default)]
pub(super) struct History {
    queries: Vec<String>,
}

impl History {
    /// The latest last.
    pub(super) fn queries(&self) -> &[String] {
        &self.queries
    }

    /// Keeps a query as the latest. False when it is empty, or the latest already.
    pub(super) fn keep(&mut self, query: &str) -> bool {
        if query.is_empty() || self.queries.last().is_some_and(|last| last == query) {
            return false;
        }
        self.queries.retain(|other| other != query);
        self.queries.push(query.to_owned());
        self.drop_oldest();
        true
    }

    /// Puts what was kept in earlier runs before what was kept in this one.
    pub(super) fn restore(&mut self, mut earlier: Vec<String>) {
        earlier.retain(|query| !self.queries.contains(query));
        earlier.append(&mut self.queries);
        self.queries = earlier;
        self.drop_oldest();
    }

    fn drop_oldest(&mut self) {
        self.queries.drain(..self.queries.len().saturating_sub(QUERIES_MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_query_is_kept_once_and_the_latest_stands_last() {
        let mut history = History::default();
        for (query, is_kept) in [("a", true), ("b", true), ("b", false), ("", false), ("a", true)] {
            assert_eq!(history.keep(query), is_kept, "{query}");
        }
        assert_eq!(history.queries(), ["b", "a"]);
        history.restore(vec!["c".into(), "a".into()]);
        assert_eq!(history.queries(), ["c", "b", "a"]);
    }

    #[test]
    fn the_oldest_are_dropped() {
        let mut history = History::default();
        history.keep("new");
        history.restore((0..QUERIES_MAX).map(|at| at.to_string()).collect());
        assert_eq!(history.queries().len(), QUERIES_MAX);
        assert_eq!(history.queries().first().map(String::as_str), Some("1"));
        assert_eq!(history.queries().last().map(String::as_str), Some("new"));
    }
}
