//! The row of each group: whether it passes the filter, which story leads it, and where it stands.

use std::collections::HashSet;

use jiff::Timestamp;

use super::{Item, LULL, Row, Wire, place_of};
use crate::domain::Name;
use crate::domain::group::GroupId;

impl Wire {
    /// Takes in many stories: the groups they come into are brought up to date once, at the end. Counting a group anew for
    /// each of its stories would take time with the square of its size.
    pub fn in_batch<T>(&mut self, now: Timestamp, take: impl FnOnce(&mut Wire) -> T) -> T {
        self.batch = Some(Vec::new());
        let taken = take(self);
        let mut seen = HashSet::new();
        for group in self.batch.take().unwrap_or_default() {
            if seen.insert(group) {
                self.refresh_group(group, now);
            }
        }
        taken
    }

    /// Brings what follows from the stories of a group up to date: its counts and its row.
    pub(super) fn refresh_group(&mut self, group: GroupId, now: Timestamp) {
        if let Some(batch) = &mut self.batch {
            return batch.push(group);
        }
        if self.judges_may_be_slow() {
            self.judging.push(group);
        } else if !self.judges.is_empty() {
            self.judge(group, now);
        }
        self.tally(group);
        self.show(group, now);
        if self.members.get(&group).is_some_and(|members| members.ids.is_empty()) {
            self.members.remove(&group);
        }
    }

    /// Counts the outlets and the topics of a group anew, and finds its last wave.
    pub(super) fn tally(&mut self, group: GroupId) {
        let mut outlets: HashSet<&Name> = HashSet::new();
        let mut topics: Vec<Name> = Vec::new();
        let mut earlier = 0;
        let mut before: Option<Timestamp> = None;
        for (at, item) in self.group(group).enumerate() {
            let counts = self.counts(item);
            outlets.extend(counts.then_some(&item.story.outlet));
            // The counts of the topic bar don't go up and down with what is looked for.
            let counted = (counts && !self.found.has(item.story.id)).then_some(item.tagged.topics());
            for topic in counted.into_iter().flatten() {
                if !topics.contains(topic) {
                    topics.push(topic.clone());
                }
            }
            let time = item.story.time();
            if before.replace(time).is_some_and(|before| time.duration_since(before) > LULL) {
                earlier = at;
            }
        }
        let outlets = outlets.len();
        let Some(members) = self.members.get_mut(&group) else { return };
        (members.outlets, members.earlier) = (outlets, earlier);
        let is_muted = outlets == 0 && !members.ids.is_empty();
        self.all_muted += usize::from(is_muted);
        self.all_muted -= usize::from(std::mem::replace(&mut members.is_muted, is_muted));
        if members.topics != topics {
            topics.iter().for_each(|topic| *self.counts.entry(topic.clone()).or_default() += 1);
            for topic in std::mem::replace(&mut members.topics, topics) {
                self.counts.entry(topic).and_modify(|count| *count -= 1);
            }
        }
        self.list_first(group);
        self.tally_marks(group);
    }

    /// Brings the first story of a group up to date among those of its symbols.
    fn list_first(&mut self, group: GroupId) {
        let first = self.group(group).find(|item| !item.verdict.is_muted());
        let first = first.map(|item| (item.key(), item.tagged.symbols().to_vec()));
        let Some(members) = self.members.get_mut(&group).filter(|members| members.first != first) else { return };
        if let Some((key, symbols)) = &members.first {
            self.firsts.remove(*key, symbols);
        }
        if let Some((key, symbols)) = &first {
            self.firsts.add(*key, symbols);
        }
        members.first = first;
    }

    /// Puts the row of a group where it belongs now, or takes it away; where the filter is slow, once it has been asked.
    pub(super) fn show(&mut self, group: GroupId, now: Timestamp) {
        let Some(members) = self.members.get(&group) else { return };
        let old = members.row;
        // The row under the cursor stays without asking.
        let is_under_cursor = old.is_some() && self.cursor.is_on(group);
        if is_under_cursor || !self.filter_may_be_slow() {
            return self.ask_and_show(group, now);
        }
        let row = self.sift_later(group, old);
        self.put_row(group, old, row);
    }

    /// The same, with the filter asked now. What is under the cursor does not go by itself.
    pub(super) fn ask_and_show(&mut self, group: GroupId, now: Timestamp) {
        let Some(members) = self.members.get(&group) else { return };
        let (old, has_stories) = (members.row, !members.ids.is_empty());
        let old_one = old.filter(|row| has_stories && self.items.contains_key(&row.lead));
        let row = self.row_under_cursor(group, old_one, now).or_else(|| self.row_of(group, now));
        if self.cursor.is_on(group) && !self.kept.contains(&group) {
            self.kept.push(group);
        }
        self.put_row(group, old, row);
    }

    fn put_row(&mut self, group: GroupId, old: Option<Row>, row: Option<Row>) {
        if row == old {
            return;
        }
        self.sorted.touch();
        if let Some(at) = old.and_then(|old| self.index(&old)) {
            self.timeline.remove(at);
        }
        if let Some(row) = row {
            let at = self.timeline.partition_point(|other| place_of(other) > place_of(&row));
            self.timeline.insert(at, row);
            if old.is_none() {
                self.count_above(at);
            }
        }
        if let Some(members) = self.members.get_mut(&group) {
            members.row = row;
        }
    }

    /// A row under the cursor keeps its story, whatever comes into its group, and stays where nothing of it passes.
    pub(super) fn row_under_cursor(&self, group: GroupId, old: Option<Row>, now: Timestamp) -> Option<Row> {
        let old = old.filter(|_| self.cursor.is_on(group))?;
        let lead = self.items.get(&old.lead).filter(|lead| lead.group == group);
        match lead {
            Some(lead) => Some(Row { time: lead.story.time(), ..old }),
            None => Some(self.row_of(group, now).unwrap_or(old)),
        }
    }

    /// Rows that stayed as they were under the cursor go where they belong once it has left them.
    pub fn catch_up(&mut self, now: Timestamp) {
        let left: Vec<GroupId> = self.kept.extract_if(.., |group| !self.cursor.is_on(*group)).collect();
        left.into_iter().for_each(|group| self.show(group, now));
    }

    pub(super) fn index(&self, row: &Row) -> Option<usize> {
        self.timeline.binary_search_by(|other| place_of(row).cmp(&place_of(other))).ok()
    }

    pub(super) fn row_of(&self, group: GroupId, now: Timestamp) -> Option<Row> {
        let members = self.members.get(&group)?;
        let (earlier, wave) = members.ids.split_at_checked(members.earlier)?;
        let mut items = wave.iter().chain(earlier).filter_map(|id| self.items.get(id));
        // What hangs on a summary that is still to be read stays as it is.
        let was_lead = |item: &Item| members.row.is_some_and(|row| row.lead == item.story.id);
        let lead = items.find(|item| self.lets_pass(item, members.outlets, now).unwrap_or_else(|| was_lead(item)))?;
        Some(Row { time: lead.story.time(), group, lead: lead.story.id })
    }

    /// Muted stories only where the filter asks for them. None when the summary has to be read first.
    pub(super) fn lets_pass(&self, item: &Item, outlets: usize, now: Timestamp) -> Option<bool> {
        let may_be_shown = self.counts(item) || self.filter.asks_for_muted();
        if !may_be_shown || !self.filter.has_topic_of(item) {
            return Some(false);
        }
        let Some((_, query)) = &self.filter.query else { return Some(true) };
        self.decide(query, item, outlets, now)
    }
}
