//! What is done with a story: reading it, opening it, and marking it.

use std::collections::HashMap;

use super::command::Command;
use super::wire::{Filter, Item};
use super::{App, Focus, Tone, drawn, save_marks};
use crate::config::MarkRead;
use crate::domain::Name;
use crate::domain::format;
use crate::domain::story::{Marks, StoryId};
use crate::event::{Effect, SystemEffect, TerminalEffect};

impl App {
    /// The words that gave a story each of its topics, as far as they stand in what is held of it.
    pub fn reasons(&self, item: &Item) -> HashMap<Name, Vec<String>> {
        let tags = self.tagger.topics().tag(&item.story.text());
        tags.into_iter().map(|tag| (tag.topic, tag.why)).collect()
    }

    // --- going to it ---

    /// Goes to an unread story, which the reader shows: it counts as read.
    pub(super) fn next_unread(&mut self, forward: bool) -> Vec<Effect> {
        let Some(row) = self.wire.next_unread(forward) else {
            return self.notify(Tone::Info, "no more unread stories".into());
        };
        self.wire.set_cursor(row, self.seen.wire_height());
        self.reading.begin();
        self.mark_read()
    }

    /// Reads, opens or copies a story of the wire that may not be under its cursor.
    pub(super) fn with_story(&mut self, command: Command, id: StoryId) -> Vec<Effect> {
        if !self.go_to(id) {
            return self.notify(Tone::Info, "this story is not held any more".into());
        }
        match command {
            Command::Read => {
                self.popup = None;
                self.arrangement.focus = Focus::Reader;
                self.mark_read()
            }
            Command::Open => self.open(),
            _ => self.copy_link(),
        }
    }

    /// Puts the cursor on a story; where the filter leaves it out, the filter ends. False when it is not held.
    pub(super) fn go_to(&mut self, id: StoryId) -> bool {
        let Some(group) = self.wire.item(id).map(|item| item.group) else { return false };
        if self.wire.row_at(group).is_none() {
            let popup = self.popup.take();
            self.set_filter(Filter::default());
            self.popup = popup;
        }
        if let Some(row) = self.wire.row_at(group) {
            self.wire.set_cursor(row, self.seen.wire_height());
            self.reading.begin();
        }
        self.wire.choose(id);
        true
    }

    // --- reading and marking ---

    pub(super) fn read(&mut self) -> Vec<Effect> {
        self.hold_cursor();
        if self.wire.current().is_none() {
            return self.notify(Tone::Info, "no story to read".into());
        }
        self.arrangement.focus = Focus::Reader;
        self.reading.begin();
        self.mark_read()
    }

    /// The current story is read, opened, or gone to as the next unread one: it is marked read, unless nothing is to be by
    /// itself.
    pub(super) fn mark_read(&mut self) -> Vec<Effect> {
        if self.config.screen.mark_read == MarkRead::Never {
            return drawn();
        }
        let marks = self.wire.mark_current(|marks| marks.read = true);
        self.marked(marks)
    }

    /// The cursor has come to another row.
    pub(super) fn come_to(&mut self) -> Vec<Effect> {
        match self.config.screen.mark_read {
            MarkRead::Cursor => self.mark_read(),
            MarkRead::Open | MarkRead::Never => drawn(),
        }
    }

    /// Marks have changed: they are saved, and what is shown is asked about them again.
    fn marked(&mut self, marks: Vec<(StoryId, Marks)>) -> Vec<Effect> {
        self.judge_again(|asks| asks.marks);
        self.wire.refresh(self.now);
        let mut effects = drawn();
        effects.extend(save_marks(marks));
        effects
    }

    /// On a live wire, what a command acts on must stay what the reader saw.
    pub(super) fn hold_cursor(&mut self) {
        if self.wire.cursor().is_none() {
            self.wire.set_cursor(0, self.seen.wire_height());
        }
    }

    /// The link of the current story, if it has one.
    fn link(&mut self) -> Option<String> {
        self.hold_cursor();
        self.chosen_link().or_else(|| self.wire.current_item()?.story.link.clone())
    }

    /// Says why there is no link to follow.
    fn no_link(&mut self) -> Vec<Effect> {
        match self.wire.current_item() {
            Some(_) => self.notify(Tone::Warning, "this story has no link".into()),
            None => self.notify(Tone::Info, "no story here".into()),
        }
    }

    pub(super) fn open(&mut self) -> Vec<Effect> {
        let Some(link) = self.link() else { return self.no_link() };
        let mut effects = self.mark_read();
        effects.extend(self.notify(Tone::Info, "opening in the browser".into()));
        effects.push(Effect::System(SystemEffect::Open(link)));
        effects
    }

    pub(super) fn copy_link(&mut self) -> Vec<Effect> {
        let Some(link) = self.link() else { return self.no_link() };
        let mut effects = self.notify(Tone::Info, "link copied".into());
        effects.push(Effect::Terminal(TerminalEffect::Copy(link)));
        effects
    }

    pub(super) fn star(&mut self) -> Vec<Effect> {
        self.hold_cursor();
        let starred = self.wire.current().is_some_and(|row| self.wire.row_is_starred(row));
        let marks = self.wire.mark_current(|marks| marks.starred = !starred);
        self.marked(marks)
    }

    pub(super) fn toggle_read(&mut self) -> Vec<Effect> {
        self.hold_cursor();
        let unread = self.wire.current().is_some_and(|row| self.wire.row_is_unread(row));
        let marks = self.wire.mark_current(|marks| marks.read = unread);
        self.marked(marks)
    }

    pub(super) fn mark_all_read(&mut self) -> Vec<Effect> {
        let marks = self.wire.mark_shown(|marks| marks.read = true);
        if marks.is_empty() {
            return self.notify(Tone::Info, "nothing unread here".into());
        }
        let undo = self.keymap.hint(Command::Undo);
        let text = format!("{} marked read; {undo} takes it back", format::count(marks.len(), "story", "stories"));
        let mut effects = self.marked(marks);
        effects.extend(self.notify(Tone::Info, text));
        effects
    }

    pub(super) fn undo(&mut self) -> Vec<Effect> {
        let marks = self.wire.undo(self.now);
        match marks.is_empty() {
            true => self.notify(Tone::Info, "nothing to undo".into()),
            false => {
                let text = match marks.len() {
                    1 => "the story is as it was before".to_owned(),
                    count => format!("{} are as they were before", format::count(count, "story", "stories")),
                };
                let mut effects = self.marked(marks);
                effects.extend(self.notify(Tone::Info, text));
                effects
            }
        }
    }
}
