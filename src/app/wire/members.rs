//! A group from within: the one of its stories that is shown, and what the reader takes out of it.

use jiff::Timestamp;

use super::{Item, Wire};
use crate::domain::group::{GroupId, TitleKey, alone};
use crate::domain::story::{Marks, Story, StoryId};

impl Wire {
    /// The group of a story that comes in: the one it was placed in before, or that of the story most like it.
    pub(super) fn group_of(&mut self, story: &Story, marks: Marks) -> GroupId {
        self.group_by(story, marks, || TitleKey::new(&story.title, &story.outlet))
    }

    /// The same, where its title may have been read before.
    pub(super) fn group_by(&mut self, story: &Story, marks: Marks, key: impl FnOnce() -> TitleKey) -> GroupId {
        let (id, time) = (story.id, story.time());
        let Some(group) = marks.group else { return self.groups.place(id, &story.title, &story.outlet, time) };
        self.groups.restore(id, group, time, key);
        group
    }

    /// Puts a story in another group; the rows of both follow.
    pub(super) fn regroup(&mut self, id: StoryId, group: GroupId, now: Timestamp) {
        let Some((key, before)) = self.items.get(&id).map(|item| (item.key(), item.group)) else { return };
        if before == group {
            return;
        }
        self.remove(key, before);
        if let Some(item) = self.items.get_mut(&id) {
            item.group = group;
            item.marks.group = Some(group);
        }
        self.groups.regroup(id, group);
        self.insert(key, group);
        self.refresh_group(before, now);
        self.refresh_group(group, now);
    }

    /// Takes a story out of its group, for good: it is alone from now on, until another joins it. Answers its marks, to be
    /// saved; None when it is alone already.
    pub fn take_out(&mut self, id: StoryId, now: Timestamp) -> Option<(StoryId, Marks)> {
        let before = self.items.get(&id)?;
        let (group, marks) = (before.group, before.marks);
        if self.member_count(group) < 2 {
            return None;
        }
        self.past.push(vec![(id, marks)]);
        self.regroup(id, alone(id), now);
        self.items.get(&id).map(|item| (id, item.marks))
    }

    /// How many stories a group holds.
    pub fn member_count(&self, group: GroupId) -> usize {
        self.members.get(&group).map_or(0, |members| members.ids.len())
    }

    /// A story of a group, by its place in the order of appearance.
    pub fn member(&self, group: GroupId, place: usize) -> Option<&Item> {
        self.group(group).nth(place)
    }

    /// Shows this story of the current group in place of its lead.
    pub fn choose(&mut self, id: StoryId) {
        self.chosen = Some(id);
    }
}
