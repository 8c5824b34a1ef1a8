//! Prices and candles on their way to disk. What was not saved in this run yet is saved at once; after that all that waits
//! goes together once a minute, and at the end. Prices that change at every moment would write to the disk without end.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::domain::Name;
use crate::domain::price::Span;
use crate::event::move_back;

/// Between two saves of what changes all the time.
const EVERY: SignedDuration = SignedDuration::from_mins(1);

/// What is saved: the last price of a symbol, or its candles.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Saved {
    Quote(Name),
    Series(Name, Span),
}

#[derive(Debug, Default)]
pub(super) struct Saves {
    /// When all that waited was saved last.
    last: Option<Timestamp>,
    /// All that was saved in this run.
    known: BTreeSet<Saved>,
    waiting: BTreeSet<Saved>,
}

impl Saves {
    /// The clock was set back.
    pub(super) fn set_back(&mut self, by: SignedDuration) {
        move_back(&mut self.last, by);
    }

    /// Something is not saved yet.
    pub(super) fn wants(&mut self, what: Saved) {
        self.waiting.insert(what);
    }

    /// What is to be saved now; it counts as saved.
    pub(super) fn overdue(&mut self, now: Timestamp) -> Vec<Saved> {
        if self.waiting.is_empty() {
            return Vec::new();
        }
        // A clock that was set back must not keep prices from the disk.
        let last = *self.last.get_or_insert(now);
        if now < last || now.duration_since(last) >= EVERY {
            self.last = Some(now);
            return self.all();
        }
        let known = &self.known;
        let first: Vec<Saved> = self.waiting.extract_if(.., |what| !known.contains(what)).collect();
        self.known.extend(first.iter().cloned());
        first
    }

    /// All that waits, at the end.
    pub(super) fn all(&mut self) -> Vec<Saved> {
        let all: Vec<Saved> = std::mem::take(&mut self.waiting).into_iter().collect();
        self.known.extend(all.iter().cloned());
        all
    }

    /// When what waits is due.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.last.filter(|_| !self.waiting.is_empty())?.checked_add(EVERY).ok()
    }
}
