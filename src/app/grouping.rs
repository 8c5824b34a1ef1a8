//! The group of a story opened: reading one of its stories, taking one out of it.

use super::command::Command;
use super::{App, Focus, Popup, Tone, drawn};
use crate::domain::group::GroupId;
use crate::domain::story::StoryId;
use crate::event::{Effect, StoreEffect};

impl App {
    /// Lays the stories of the current group over the screen.
    pub(super) fn open_group(&mut self) -> Vec<Effect> {
        self.hold_cursor();
        let Some(item) = self.wire.current_item() else { return self.notify(Tone::Info, "no story here".into()) };
        let (id, group) = (item.story.id, item.group);
        if self.wire.member_count(group) < 2 {
            return self.notify(Tone::Info, "nobody else carries this story yet".into());
        }
        let cursor = self.wire.group(group).position(|other| other.story.id == id).unwrap_or_default();
        self.show(Popup::Group { group, cursor })
    }

    /// Takes the story that the reader shows out of its group.
    pub(super) fn take_out_current(&mut self) -> Vec<Effect> {
        self.hold_cursor();
        match self.wire.current_item().map(|item| item.story.id) {
            Some(id) => self.take_out(id),
            None => self.notify(Tone::Info, "no story here".into()),
        }
    }

    fn take_out(&mut self, id: StoryId) -> Vec<Effect> {
        let Some(marks) = self.wire.take_out(id, self.now) else {
            return self.notify(Tone::Info, "this story stands alone already".into());
        };
        let undo = self.keymap.hint(Command::Undo);
        let mut effects = self.notify(Tone::Info, format!("taken out of its group, for good; {undo} takes it back"));
        effects.push(Effect::Store(StoreEffect::SaveMarks(vec![marks])));
        effects
    }

    /// What a command does while a group is open; None: the same as without it.
    pub(super) fn group_command(&mut self, command: Command, group: GroupId, cursor: usize) -> Option<Vec<Effect>> {
        let id = self.wire.member(group, cursor).map(|item| item.story.id)?;
        match command {
            Command::Read => {
                self.popup = None;
                self.wire.choose(id);
                self.arrangement.focus = Focus::Reader;
                self.reading.begin();
                Some(self.mark_read())
            }
            Command::Open | Command::CopyLink => {
                self.wire.choose(id);
                Some(if command == Command::Open { self.open() } else { self.copy_link() })
            }
            Command::TakeOut => {
                let effects = self.take_out(id);
                let popup = Popup::Group { group, cursor };
                self.popup = (self.wire.member_count(group) > 1).then(|| self.in_bounds(popup));
                Some(effects)
            }
            Command::Undo => {
                let effects = self.undo();
                self.keep_popup_in_bounds();
                Some(effects)
            }
            Command::NextPanel | Command::PreviousPanel => Some(drawn()),
            _ => None,
        }
    }
}
