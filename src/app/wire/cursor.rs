//! The cursor: it stays on its story and on its line of the screen, whatever arrives.

use super::{Row, Wire};
use crate::domain::group::GroupId;

/// Where the cursor is.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    /// The group it is on, shown or not. None: the wire is live, the newest row on top.
    group: Option<GroupId>,
    /// The line of the screen that it stands on, from 0.
    line: usize,
    /// Rows that arrived above the first one on screen since the cursor was set.
    above: usize,
    /// How many rows the screen shows, as last drawn.
    height: usize,
}

impl Cursor {
    pub(super) fn is_on(&self, group: GroupId) -> bool {
        self.group == Some(group)
    }
}

impl Wire {
    /// The row under the cursor; None while the wire is live.
    pub fn cursor(&self) -> Option<usize> {
        self.row_at(self.cursor.group?)
    }

    /// The row of a group, where it passes the filter.
    pub fn row_at(&self, group: GroupId) -> Option<usize> {
        let row = self.members.get(&group)?.row?;
        if self.sorted.is_by_time() { self.index(&row) } else { self.sorted.place(group) }
    }

    /// The row that commands act on and the reader shows: the cursor's, or the newest.
    pub fn current(&self) -> Option<&Row> {
        self.rows().get(self.cursor().unwrap_or(0))
    }

    /// The story that the reader shows and that commands act on: the one chosen of the current row, or its lead.
    pub fn current_item(&self) -> Option<&super::Item> {
        let row = self.current()?;
        let chosen = self.chosen.and_then(|id| self.item(id)).filter(|item| item.group == row.group);
        chosen.or_else(|| self.item(row.lead))
    }

    /// Index of the first row on screen, for a screen that shows this many.
    pub fn top(&self, height: usize) -> usize {
        let height = height.max(1);
        let last = self.rows().len().saturating_sub(height);
        self.cursor().map_or(0, |at| at.saturating_sub(self.cursor.line.min(height - 1)).min(last))
    }

    /// Rows that arrived above what is shown, and are not on screen.
    pub fn above(&self) -> usize {
        self.cursor.above.min(self.top(self.cursor.height))
    }

    /// How many rows the screen shows now.
    pub fn set_height(&mut self, height: usize) {
        self.cursor.height = height;
    }

    /// Puts the cursor on a row, and keeps it in sight.
    pub fn set_cursor(&mut self, at: usize, height: usize) {
        let Some(last) = self.rows().len().checked_sub(1) else { return };
        let (at, height) = (at.min(last), height.max(1));
        let top = self.top(height).max((at + 1).saturating_sub(height)).min(at);
        let above = if self.cursor().is_some() { self.cursor.above.min(top) } else { 0 };
        let group = self.rows()[at].group;
        if !self.cursor.is_on(group) {
            self.chosen = None;
        }
        self.cursor = Cursor { group: Some(group), line: at - top, above, height };
    }

    /// Moves the cursor by rows; from a live wire the first step sets it on the newest row.
    pub fn step(&mut self, by: isize, height: usize) {
        let at = match self.cursor() {
            Some(at) => at.saturating_add_signed(by),
            None => by.saturating_sub(1).max(0).unsigned_abs(),
        };
        self.set_cursor(at, height);
    }

    /// Lets the cursor go: the wire is live again.
    pub fn release(&mut self) {
        self.chosen = None;
        self.cursor = Cursor { height: self.cursor.height, ..Cursor::default() };
    }

    /// The next unread row after the cursor, or before it.
    pub fn next_unread(&self, forward: bool) -> Option<usize> {
        let unread = |at: &usize| self.row_is_unread(&self.rows()[*at]);
        let from = self.cursor();
        if forward {
            (from.map_or(0, |at| at + 1)..self.rows().len()).find(unread)
        } else {
            (0..from.unwrap_or(0)).rev().find(unread)
        }
    }

    /// A new row came at `at`: it counts when it is above what is shown.
    pub(super) fn count_above(&mut self, at: usize) {
        if self.cursor.group.is_some() && self.sorted.is_by_time() && at < self.top(self.cursor.height) {
            self.cursor.above += 1;
        }
    }

    pub(super) fn forget_above(&mut self) {
        self.cursor.above = 0;
    }
}
