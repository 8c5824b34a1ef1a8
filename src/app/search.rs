//! The search in the store for older stories that pass the filter: what it has answered, and whether it goes on.

use std::collections::VecDeque;

use jiff::Timestamp;

use crate::domain::query::Need;
use crate::domain::story::{Marks, Story};
use crate::event::StoreEffect;

/// Older stories that a search brings at most.
const FOUND_MAX: usize = 500;

/// The search that belongs to the filter.
#[derive(Debug, Default)]
pub(super) struct StoreSearch {
    /// Tells its answers from those to the searches before.
    number: u64,
    /// An answer is awaited, or one that has come is not all taken in yet.
    is_open: bool,
    /// What the store has found, and a slow filter was not asked about yet.
    waiting: VecDeque<(Story, Marks)>,
    /// The store has nothing more.
    is_done: bool,
}

impl StoreSearch {
    /// Ends the search; answers to it that still come are ignored.
    pub(super) fn stop(&mut self) {
        *self = StoreSearch { number: self.number + 1, ..StoreSearch::default() };
    }

    /// Begins another search: for what a query needs, among stories of a time and older.
    pub(super) fn start(&mut self, need: Need, until: Timestamp) -> StoreEffect {
        self.stop();
        self.is_open = true;
        StoreEffect::Search { number: self.number, need, until }
    }

    /// Takes in an answer. False when it is to another search.
    pub(super) fn answered(&mut self, number: u64, stories: Vec<(Story, Marks)>, done: bool) -> bool {
        if number != self.number || !self.is_open {
            return false;
        }
        self.is_done = done;
        self.waiting.extend(stories);
        true
    }

    /// The next story of what has been answered.
    pub(super) fn take_next(&mut self) -> Option<(Story, Marks)> {
        self.waiting.pop_front()
    }

    /// Whether there are stories that were answered and not taken yet.
    pub(super) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether the store is still being asked.
    pub(super) fn is_open(&self) -> bool {
        self.is_open
    }

    /// All that was answered is taken, and so many stories have passed: asks for more, or ends.
    pub(super) fn go_on(&mut self, passed: usize) -> Option<StoreEffect> {
        self.is_open = !self.is_done && passed < FOUND_MAX;
        self.is_open.then_some(StoreEffect::SearchMore { number: self.number })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::app::samples::{minute, story};

    fn started() -> (StoreSearch, u64) {
        let mut search = StoreSearch::default();
        match search.start(Need::all([]), minute(0)) {
            StoreEffect::Search { number, until, .. } if until == minute(0) => (search, number),
            other => panic!("{other:?}"),
        }
    }

    fn found(ids: [u64; 2]) -> Vec<(Story, Marks)> {
        ids.into_iter().map(|id| (story(id, 0), Marks::default())).collect()
    }

    #[test]
    fn it_goes_on_until_the_store_has_nothing_more() {
        let (mut search, number) = started();
        assert!(search.answered(number, found([1, 2]), false));
        assert!(search.has_waiting());
        assert_eq!([(); 3].map(|()| search.take_next().map(|(story, _)| story.id.0)), [Some(1), Some(2), None]);
        assert_eq!(search.go_on(2), Some(StoreEffect::SearchMore { number }));
        assert!(search.answered(number, Vec::new(), true) && search.is_open());
        assert_eq!(search.go_on(2), None);
        assert!(!search.is_open());
    }

    #[test]
    fn enough_is_enough() {
        let (mut search, number) = started();
        search.answered(number, Vec::new(), false);
        assert_eq!(search.go_on(FOUND_MAX), None);
        assert!(!search.answered(number, found([1, 2]), false), "it has ended");
    }

    #[test]
    fn answers_to_the_search_before_are_ignored() {
        let (mut search, number) = started();
        search.answered(number, found([1, 2]), false);
        search.start(Need::all([]), minute(0));
        assert!(!search.has_waiting());
        assert!(!search.answered(number, found([3, 4]), true));
        search.stop();
        assert!(!search.answered(number + 1, found([3, 4]), true) && !search.is_open());
    }
}
