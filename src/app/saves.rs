//! Prices on their way to disk: for each symbol at most one a second, and always the last one.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::domain::Name;

/// A price is written to disk at most this often for each symbol.
const EVERY: SignedDuration = SignedDuration::from_secs(1);

#[derive(Debug, Default)]
pub(super) struct Saves {
    saved: BTreeMap<Name, Timestamp>,
    waiting: BTreeSet<Name>,
}

impl Saves {
    /// A symbol has a price that is not saved yet.
    pub fn wants(&mut self, symbol: Name) {
        self.waiting.insert(symbol);
    }

    /// The symbols to be saved now; they count as saved.
    pub fn overdue(&mut self, now: Timestamp) -> Vec<Name> {
        let saved = &self.saved;
        // A clock that was set back must not keep prices from the disk.
        let due = |symbol: &Name| saved.get(symbol).is_none_or(|at| now < *at || now.duration_since(*at) >= EVERY);
        let symbols: Vec<Name> = self.waiting.extract_if(.., |symbol| due(symbol)).collect();
        self.saved.extend(symbols.iter().map(|symbol| (symbol.clone(), now)));
        symbols
    }

    /// When the next of those that wait is due.
    pub fn next(&self) -> Option<Timestamp> {
        let due = self.waiting.iter().filter_map(|symbol| self.saved.get(symbol)?.checked_add(EVERY).ok());
        due.min()
    }
}
