//! Pause: what arrives meanwhile is held back, and taken in when the wire goes on.

use super::{Arrival, WINDOW, Wire, is_edit, merged_with};
use crate::domain::story::{Marks, Story};

#[derive(Debug, Default)]
pub(super) struct Held {
    paused: bool,
    /// In order of arrival, at most [`WINDOW`].
    stories: Vec<(Story, Marks)>,
}

impl Held {
    fn find(&mut self, story: &Story) -> Option<&mut (Story, Marks)> {
        self.stories.iter_mut().find(|(held, _)| held.id == story.id)
    }

    /// What the store knows of a story that is held back; its marks now.
    pub(super) fn remember(&mut self, stored: &Story, marks: Marks) -> Option<Marks> {
        let (story, held) = self.find(stored)?;
        *story = merged_with(story.clone(), stored);
        held.read |= marks.read;
        held.starred |= marks.starred;
        Some(*held)
    }

    fn push(&mut self, story: Story) {
        self.stories.push((story, Marks::default()));
        if self.stories.len() > WINDOW {
            // The window would have no room for it either.
            let times = self.stories.iter().enumerate().min_by_key(|(_, (story, _))| story.time());
            if let Some((oldest, _)) = times {
                self.stories.remove(oldest);
            }
        }
    }
}

impl Wire {
    /// Are new rows held back?
    pub fn paused(&self) -> bool {
        self.held.paused
    }

    /// Stories held back while paused.
    pub fn held(&self) -> usize {
        self.held.stories.len()
    }

    /// Holds a story back, unless it says nothing new.
    pub fn hold(&mut self, story: Story) -> Arrival {
        if let Some((held, _)) = self.held.find(&story) {
            if !is_edit(held, &story) {
                return Arrival::Known;
            }
            *held = story.as_edit_of(held);
            return Arrival::Edited;
        }
        let shown = self.items.get(&story.id).map(|item| item.is_edited_by(&story));
        if shown == Some(false) {
            return Arrival::Known;
        }
        if shown.is_none() && self.has_no_room_for(&story) {
            return Arrival::Beyond;
        }
        self.held.push(self.as_edit(story));
        if shown.is_some() { Arrival::Edited } else { Arrival::New }
    }

    /// Stops or goes on; answers what was held back, in order of arrival.
    pub fn set_paused(&mut self, paused: bool) -> Vec<(Story, Marks)> {
        self.held.paused = paused;
        if paused { Vec::new() } else { std::mem::take(&mut self.held.stories) }
    }
}
