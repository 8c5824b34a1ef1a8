//! Groups that a slow filter, or slow mutes and highlights, have still to be asked about, each of them once.

use std::collections::HashSet;

use crate::domain::group::GroupId;

#[derive(Debug, Default)]
pub(super) struct GroupQueue {
    /// The next one last. A group that was taken out of turn still stands here, and one that was moved to the front twice.
    order: Vec<GroupId>,
    waiting: HashSet<GroupId>,
}

impl GroupQueue {
    /// A queue of these groups, the next one last.
    pub(super) fn of(order: Vec<GroupId>) -> GroupQueue {
        GroupQueue { waiting: order.iter().copied().collect(), order }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Puts a group in front of all others.
    pub(super) fn push(&mut self, group: GroupId) {
        self.waiting.insert(group);
        if self.order.last() != Some(&group) {
            self.order.push(group);
        }
    }

    /// The next group.
    pub(super) fn pop(&mut self) -> Option<GroupId> {
        while let Some(group) = self.order.pop() {
            if self.waiting.remove(&group) {
                return Some(group);
            }
        }
        None
    }

    /// Takes a group out of turn; true when it was waiting.
    pub(super) fn take(&mut self, group: GroupId) -> bool {
        let waited = self.waiting.remove(&group);
        if self.waiting.is_empty() {
            self.order.clear();
        }
        waited
    }

    /// What is waiting, the next one last; the queue is empty then.
    pub(super) fn drain(&mut self) -> Vec<GroupId> {
        let mut order: Vec<GroupId> = std::iter::from_fn(|| self.pop()).collect();
        order.reverse();
        order
    }
}
