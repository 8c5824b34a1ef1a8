//! What passes the filter. A query that reads by regular expressions may take milliseconds for a story: it is asked group by group,
//! the newest first, a few at a time, and the next key puts an end to it.

use std::collections::HashSet;

use jiff::Timestamp;

use super::{Filter, GroupQueue, Members, Row, Wire, place_of};
use crate::domain::group::GroupId;

/// Groups that the filter has still to be asked about.
#[derive(Debug, Default)]
pub(super) struct Sifting {
    left: GroupQueue,
    /// It is another filter than before: nothing that it lets pass has just arrived.
    is_new: bool,
}

impl Wire {
    /// Another filter. The cursor keeps its story: while that one does not pass, the wire is live, and where it passes
    /// again, the cursor is on it again. With [`Wire::is_sifting`] only [`Wire::sift`] finds what passes.
    pub fn set_filter(&mut self, filter: Filter, now: Timestamp) {
        self.filter = filter;
        self.summaries.filter_changed();
        self.members.values_mut().for_each(|members| members.row = None);
        self.refilter(now, false);
        self.drop_summaries();
    }

    /// Asks the filter again, as time or marks may change its answer; what is under the cursor stays.
    pub fn refresh(&mut self, now: Timestamp) {
        if self.filter.query.is_some() {
            self.refilter(now, true);
        }
    }

    pub(super) fn refilter(&mut self, now: Timestamp, keep: bool) {
        if self.filter_may_be_slow() {
            return self.begin_to_sift(keep);
        }
        self.sifting = Sifting::default();
        let shown = |group: &GroupId, members: &Members| {
            let kept = self.row_under_cursor(*group, members.row.filter(|_| keep), now);
            (*group, kept.or_else(|| self.row_of(*group, now)))
        };
        let shown: Vec<(GroupId, Option<Row>)> = self.members.iter().map(|(id, members)| shown(id, members)).collect();
        self.sorted.touch();
        let mut rows: Vec<Row> = shown.iter().filter_map(|(_, row)| *row).collect();
        rows.sort_unstable_by_key(|row| std::cmp::Reverse(place_of(row)));
        self.timeline = rows.into();
        for (group, row) in shown {
            if let Some(members) = self.members.get_mut(&group) {
                members.row = row;
            }
        }
        if !keep {
            self.forget_above();
        }
    }

    fn begin_to_sift(&mut self, keep: bool) {
        if !keep {
            self.sorted.touch();
            self.timeline.clear();
            self.members.values_mut().for_each(|members| members.row = None);
            self.forget_above();
        }
        let is_new = !keep || (self.sifting.is_new && self.is_sifting());
        let unasked = self.sifting.left.drain();
        let left = if keep { self.unasked_first(unasked) } else { self.newest_last() };
        self.sifting = Sifting { left: GroupQueue::of(left), is_new };
    }

    /// All groups, to be asked from the end: first those that an earlier round did not come to. Asked from the newest each
    /// time, the oldest would never be asked where a round takes longer than the minute until the next.
    pub(super) fn unasked_first(&self, unasked: Vec<GroupId>) -> Vec<GroupId> {
        let mut all = self.newest_last();
        if !unasked.is_empty() {
            let waiting: HashSet<GroupId> = unasked.iter().copied().collect();
            all.retain(|group| !waiting.contains(group));
            all.extend(unasked);
        }
        all
    }

    /// All groups, the one with the newest story last.
    pub(super) fn newest_last(&self) -> Vec<GroupId> {
        let mut seen = HashSet::new();
        let groups = self.order.iter().filter_map(|(_, id)| self.items.get(id)).map(|item| item.group);
        let mut all: Vec<GroupId> = groups.filter(|group| seen.insert(*group)).collect();
        all.reverse();
        all
    }

    /// Does the filter read by regular expressions? Then only [`Wire::sift`] asks it, of what arrives, too.
    pub fn filter_may_be_slow(&self) -> bool {
        self.filter.query.as_ref().is_some_and(|(_, query)| query.may_be_slow())
    }

    /// The filter is to be asked about a group in its turn. Its row stays until then, as long as the story that leads it
    /// is there.
    pub(super) fn sift_later(&mut self, group: GroupId, old: Option<Row>) -> Option<Row> {
        self.sifting.is_new &= self.is_sifting();
        self.sifting.left.push(group);
        let old = old?;
        let lead = self.items.get(&old.lead).filter(|lead| lead.group == group)?;
        Some(Row { time: lead.story.time(), ..old })
    }

    /// Are there groups that the filter has still to be asked about?
    pub fn is_sifting(&self) -> bool {
        !self.sifting.left.is_empty()
    }

    /// Asks the filter about so many groups more.
    pub fn sift(&mut self, groups: usize, now: Timestamp) {
        for _ in 0..groups {
            let Some(group) = self.sifting.left.pop() else { break };
            self.ask_and_show(group, now);
        }
        if self.sifting.is_new {
            self.forget_above();
        }
    }
}
