//! Marks: what the reader has done with the stories, and how to take it back.

use jiff::Timestamp;

use super::{Row, Wire};
use crate::domain::group::GroupId;
use crate::domain::story::{Marks, StoryId};

/// How many changes can be taken back.
const UNDO_DEPTH: usize = 50;

/// Marks with the stories they belong to.
type Marked = Vec<(StoryId, Marks)>;

/// The marks before each of the last changes.
#[derive(Debug, Default)]
pub(super) struct Past(Vec<Marked>);

impl Past {
    pub(super) fn push(&mut self, before: Marked) {
        if before.is_empty() {
            return;
        }
        if self.0.len() == UNDO_DEPTH {
            self.0.remove(0);
        }
        self.0.push(before);
    }
}

impl Wire {
    /// A row is unread until one of the stories of its last wave has been read.
    pub fn row_is_unread(&self, row: &Row) -> bool {
        self.members.get(&row.group).is_none_or(|members| members.unread)
    }

    /// Has any of its stories a star?
    pub fn row_is_starred(&self, row: &Row) -> bool {
        self.members.get(&row.group).is_some_and(|members| members.starred)
    }

    /// Brings what the marks of its stories say of a group up to date.
    pub(super) fn tally_marks(&mut self, group: GroupId) {
        let unread = self.wave(group).all(|item| !item.marks.read);
        let starred = self.group(group).any(|item| item.marks.starred);
        if let Some(members) = self.members.get_mut(&group) {
            (members.unread, members.starred) = (unread, starred);
        }
    }

    /// Changes the marks of the current row's stories; answers what changed, to be saved.
    pub fn mark_current(&mut self, change: impl Fn(&mut Marks)) -> Marked {
        let rows = self.current().copied();
        self.mark(rows.as_slice(), change)
    }

    /// Changes the marks of every row that passes the filter.
    pub fn mark_shown(&mut self, change: impl Fn(&mut Marks)) -> Marked {
        let rows: Vec<Row> = self.rows().iter().copied().collect();
        self.mark(&rows, change)
    }

    fn mark(&mut self, rows: &[Row], change: impl Fn(&mut Marks)) -> Marked {
        let ids = rows.iter().filter_map(|row| self.members.get(&row.group)).flat_map(|members| &members.ids);
        let (mut before, mut after) = (Marked::new(), Marked::new());
        for id in ids {
            let Some(item) = self.items.get_mut(id) else { continue };
            let old = item.marks;
            change(&mut item.marks);
            if item.marks != old {
                before.push((*id, old));
                after.push((*id, item.marks));
            }
        }
        self.past.push(before);
        rows.iter().for_each(|row| self.tally_marks(row.group));
        after
    }

    /// Takes the last change of marks back, or puts the last story that was taken out of its group into it again; answers
    /// the marks to be saved.
    pub fn undo(&mut self, now: Timestamp) -> Marked {
        let before = self.past.0.pop().unwrap_or_default();
        for (id, marks) in &before {
            let Some(item) = self.items.get_mut(id) else { continue };
            item.marks = *marks;
            let group = item.group;
            match marks.group {
                Some(other) if other != group => self.regroup(*id, other, now),
                _ => self.tally_marks(group),
            }
        }
        before
    }
}
