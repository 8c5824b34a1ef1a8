//! The order of the rows: newest first, or by something else that the reader looks for. Rows of another order are put in place
//! once for each event, and each minute: they do not move with every price.

use std::collections::{HashMap, VecDeque};

use super::{Row, Wire, place_of};
use crate::domain::group::GroupId;

/// What the rows are ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, strum::EnumIter)]
pub enum Sort {
    /// By time, newest first.
    #[default]
    Newest,
    /// What most outlets carry first.
    Outlets,
    /// The largest move since it appeared first.
    Moves,
    /// What was not read first.
    Unread,
}

impl Sort {
    /// As the title of the wire says it; nothing for the order that it comes with.
    pub fn words(self) -> &'static str {
        match self {
            Sort::Newest => "",
            Sort::Outlets => "most outlets first",
            Sort::Moves => "largest move first",
            Sort::Unread => "unread first",
        }
    }
}

/// Rows in another order than that of their time.
#[derive(Debug, Default)]
pub(super) struct Sorted {
    by: Sort,
    rows: VecDeque<Row>,
    places: HashMap<GroupId, usize>,
    /// Rows have come or gone since.
    is_stale: bool,
}

impl Sorted {
    pub(super) fn rows(&self) -> Option<&VecDeque<Row>> {
        (self.by != Sort::Newest).then_some(&self.rows)
    }

    pub(super) fn place(&self, group: GroupId) -> Option<usize> {
        self.places.get(&group).copied()
    }

    pub(super) fn is_by_time(&self) -> bool {
        self.by == Sort::Newest
    }

    pub(super) fn touch(&mut self) {
        self.is_stale = true;
    }
}

impl Wire {
    /// What the rows are ordered by.
    pub fn sort(&self) -> Sort {
        self.sorted.by
    }

    /// Another order; [`Wire::put_in_order`] brings it about.
    pub fn set_sort(&mut self, by: Sort) {
        self.sorted = Sorted { by, is_stale: true, ..Sorted::default() };
        self.forget_above();
    }

    /// Whether the rows are to be put in order.
    pub fn is_out_of_order(&self) -> bool {
        self.sorted.is_stale && !self.sorted.is_by_time()
    }

    /// The rows by time, whatever the order is.
    pub fn timeline(&self) -> &VecDeque<Row> {
        &self.timeline
    }

    /// Orders the rows by their ranks, which are those of the timeline: the highest first, the newest first of those alike.
    pub fn put_in_order(&mut self, ranks: Vec<u64>) {
        let mut ranked: Vec<(u64, Row)> = ranks.into_iter().zip(self.timeline.iter().copied()).collect();
        ranked.sort_unstable_by_key(|(rank, row)| std::cmp::Reverse((*rank, place_of(row))));
        let rows: VecDeque<Row> = ranked.into_iter().map(|(_, row)| row).collect();
        let places = rows.iter().enumerate().map(|(at, row)| (row.group, at)).collect();
        self.sorted = Sorted { by: self.sorted.by, rows, places, is_stale: false };
    }
}
