//! Older stories that a search brought from the store: they stand below the window as long as their filter does.

use std::collections::HashSet;

use super::{Item, Key, Tagger, Wire};
use crate::domain::Name;
use crate::domain::story::{Marks, Story, StoryId};
use jiff::Timestamp;

/// What was found, and what prices did since the stories when the filter asks for it.
#[derive(Debug, Default)]
pub(super) struct Found {
    ids: HashSet<StoryId>,
}

impl Found {
    pub(super) fn has(&self, id: StoryId) -> bool {
        self.ids.contains(&id)
    }

    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    pub(super) fn forget(&mut self, id: StoryId) {
        self.ids.remove(&id);
    }
}

impl Wire {
    /// Takes in a story from the store that passes the filter, whatever the window; false when it is held already or
    /// does not pass.
    pub fn take_found(
        &mut self,
        (story, marks): (Story, Marks),
        moves: Vec<(Name, f64)>,
        tagger: &Tagger,
        now: Timestamp,
    ) -> bool {
        if self.items.contains_key(&story.id) {
            return false;
        }
        let group = story.id;
        let mut item = Item { moves: moves.into(), ..Item::new(story, marks, group, tagger) };
        item.verdict = self.judges.judge(&item, 1, now).unwrap_or_default();
        if self.lets_pass(&item, 1, now) != Some(true) {
            return false;
        }
        self.muted += usize::from(item.verdict.is_muted());
        item.group = self.group_of(&item.story, marks);
        item.marks.group = Some(item.group);
        self.found.ids.insert(item.story.id);
        self.admit(item, now);
        true
    }

    /// Lets what was found go again, but for what is under the cursor.
    pub fn forget_found(&mut self, now: Timestamp) {
        let is_held = |id: &StoryId| self.items.get(id).is_some_and(|item| self.cursor.is_on(item.group));
        let gone: Vec<StoryId> = self.found.ids.iter().filter(|id| !is_held(id)).copied().collect();
        for id in gone {
            let known = self.items.get(&id).map(|item| (item.key(), item.group));
            if let Some((key, group)) = known {
                self.let_go(key, group, now);
            }
        }
    }

    /// Older stories, brought from the store by a search.
    pub fn found_count(&self) -> usize {
        self.found.len()
    }

    /// The time of the oldest story, when there may be older ones in the store alone: the window is full.
    pub fn horizon(&self) -> Option<Timestamp> {
        let held = self.order.len() - self.found.len();
        let oldest = |(_, id): &&Key| !self.found.has(*id);
        self.order.iter().rev().find(oldest).filter(|_| held >= self.window).map(|(time, _)| *time)
    }

    /// What prices did since each story, by symbol: for a filter that asks for moves.
    pub fn set_moves(&mut self, moves: impl Fn(&Story) -> Vec<(Name, f64)>) {
        for item in self.items.values_mut() {
            item.moves = moves(&item.story).into();
        }
    }
}
