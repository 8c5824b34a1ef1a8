//! Keys and paste: what the reader asks for. The mouse is in `mouse`.

use crossterm::event::{Event as TerminalEvent, KeyEvent, KeyEventKind};

use super::command::Command;
use super::keymap::{Key, Pressed};
use super::wire::Filter;
use super::{App, Focus, Tone, drawn, save_groups, save_marks};
use crate::config::MarkRead;
use crate::domain::Name;
use crate::domain::format;
use crate::domain::query::Query;
use crate::domain::story::{Marks, StoryId};
use crate::event::{Effect, SourceEffect, SystemEffect, TerminalEffect, Urgency};

impl App {
    pub(super) fn terminal(&mut self, event: TerminalEvent) -> Vec<Effect> {
        let mut effects = self.notice_presence(&event);
        let said = self.notices.current.clone().filter(|_| !effects.is_empty());
        effects.extend(self.terminal_event(event));
        // What a key has to say gives way to what the reader missed.
        self.notices.current = said.or(self.notices.current.take());
        effects
    }

    fn terminal_event(&mut self, event: TerminalEvent) -> Vec<Effect> {
        match event {
            TerminalEvent::Key(key) if key.kind != KeyEventKind::Release => self.key(key),
            TerminalEvent::Paste(text) => self.with_prompt(|prompt, context| prompt.paste(&text, context)),
            TerminalEvent::Mouse(event) if self.mouse => self.mouse_event(event),
            // Whoever comes back sees the present: the machine may have slept meanwhile.
            // A window that is dragged tells of many sizes: drawn as often as news is, or it would flicker.
            TerminalEvent::Resize(..) => vec![Effect::Draw(Urgency::News)],
            TerminalEvent::FocusGained => {
                [Effect::Terminal(TerminalEffect::AskBackground)].into_iter().chain(drawn()).collect()
            }
            _ => Vec::new(),
        }
    }

    fn key(&mut self, event: KeyEvent) -> Vec<Effect> {
        let key = Key::from(event);
        if self.notices.ends_at().is_some() {
            self.notices.pass();
        }
        if self.prompt.is_open() {
            let command = self.keymap.command(key);
            return self.with_prompt(|prompt, context| prompt.key(event, command, context));
        }
        match self.keymap.press(key) {
            Pressed::Command(command) => self.command(command),
            Pressed::Pending | Pressed::Aborted => drawn(),
            Pressed::Unbound => Vec::new(),
        }
    }

    // --- moving ---

    pub(super) fn focus_on(&mut self, focus: Focus) -> Vec<Effect> {
        self.arrangement.focus = focus;
        drawn()
    }

    pub(super) fn page(&self) -> isize {
        match self.arrangement.focus {
            Focus::Reader => page(self.seen.reader.height),
            Focus::Tape => page(u16::try_from(self.tape.rows()).unwrap_or(u16::MAX)),
            Focus::Wire => page(self.seen.wire.height),
        }
    }

    pub(super) fn step(&mut self, by: isize) -> Vec<Effect> {
        match self.arrangement.focus {
            Focus::Wire => {
                self.wire.step(by, self.seen.wire_height());
                self.reading.begin();
                return self.come_to();
            }
            Focus::Reader => {
                self.reading.scroll_by(by, &self.seen);
            }
            Focus::Tape => return self.step_symbol(by),
        }
        drawn()
    }

    /// Goes to an unread story, which the reader shows: it counts as read.
    pub(super) fn next_unread(&mut self, forward: bool) -> Vec<Effect> {
        let Some(row) = self.wire.next_unread(forward) else {
            return self.notify(Tone::Info, "no more unread stories".into());
        };
        self.wire.set_cursor(row, self.seen.wire_height());
        self.reading.begin();
        self.mark_read()
    }

    // --- stories ---

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

    // --- filtering ---

    /// Words are being gone through in the reader.
    pub(super) fn finds(&self) -> bool {
        self.arrangement.focus == Focus::Reader && !self.reading.find.is_empty()
    }

    /// `0` shows all; a topic's key shows the topic; a view's key its query.
    pub(super) fn topic_key(&mut self, digit: char) -> Vec<Effect> {
        let mut filter = self.wire.filter().clone();
        if digit == '0' {
            filter = Filter::default();
        } else if let Some(rule) = self.topics().iter().find(|rule| rule.key == Some(digit)) {
            filter.topic = Some(rule.name.clone());
        } else if let Some(view) = self.config.views.iter().find(|view| view.key == Some(digit)) {
            match Query::parse(&view.query) {
                Ok(query) => filter = Filter { topic: None, query: Some((view.query.clone(), query)) },
                Err(mistake) => {
                    let text = format!("view '{}': {}", view.name, mistake.message);
                    return self.notify(Tone::Warning, text);
                }
            }
        } else {
            return self.notify(Tone::Info, format!("no topic or view has the key {digit}"));
        }
        self.set_filter(filter)
    }

    pub(super) fn set_filter(&mut self, filter: Filter) -> Vec<Effect> {
        self.popup = None;
        self.reading.begin();
        // What is filtered is to be seen.
        self.arrangement.focus =
            if self.arrangement.focus == Focus::Reader { Focus::Wire } else { self.arrangement.focus };
        let mut effects = drawn();
        effects.extend(self.put_filter(filter));
        effects
    }

    /// Closes what lies on top; else leaves the reader; else clears the filter; else lets the cursor go.
    pub(super) fn close(&mut self) -> Vec<Effect> {
        if self.bar().is_some() {
            self.chart_cursor.clear();
        } else if self.finds() {
            return self.end_find();
        } else if self.arrangement.focus == Focus::Reader && self.reading.link.is_some() {
            self.reading.link = None;
        } else if self.arrangement.is_charting() {
            self.arrangement.charting = false;
        } else if self.arrangement.focus != Focus::Wire {
            self.reading.begin();
            self.arrangement.focus = Focus::Wire;
        } else if !self.wire.filter().is_empty() {
            return self.set_filter(Filter::default());
        } else {
            self.wire.release();
            self.reading.begin();
            self.dismiss_notice();
        }
        drawn()
    }

    // --- the rest ---

    pub(super) fn pause(&mut self) -> Vec<Effect> {
        if let Some(position) = self.replay {
            return vec![Effect::System(SystemEffect::PauseReplay(!position.paused)), Effect::Draw(Urgency::Key)];
        }
        let mut placed = Vec::new();
        for (story, marks) in self.wire.set_paused(!self.wire.paused()) {
            let id = story.id;
            self.wire.take(story, marks, &self.tagger, self.now);
            placed.extend(self.wire.item(id).map(|item| (id, item.group)));
        }
        let mut effects = drawn();
        effects.extend(save_groups(placed));
        effects
    }

    /// Asks the named feeds; without names all feeds, and prices.
    pub(super) fn refresh(&mut self, feeds: Vec<Name>) -> Vec<Effect> {
        if self.replay.is_some() {
            return self.notify(Tone::Info, "a replay asks nobody".into());
        }
        let (text, prices) = match feeds.as_slice() {
            [] => (
                "asking feeds and prices now, those that may be asked".into(),
                Some(Effect::Sources(SourceEffect::RefreshPrices)),
            ),
            [feed, ..] => (format!("asking {feed} now, if it may be asked"), None),
        };
        let mut effects = self.notify(Tone::Info, text);
        effects.push(Effect::Sources(SourceEffect::RefreshFeeds(feeds)));
        effects.extend(prices);
        effects
    }

    pub(super) fn toggle_muted(&mut self) -> Vec<Effect> {
        let shows = !self.wire.shows_muted();
        self.wire.show_muted(shows, self.now);
        let text = match (shows, self.wire.muted_count()) {
            (_, 0) => "no story is muted".into(),
            (true, muted) => format!("{muted} muted stories are shown as well"),
            (false, muted) => format!("{muted} muted stories are left off"),
        };
        self.notify(Tone::Info, text)
    }

    pub(super) fn toggle_mouse(&mut self) -> Vec<Effect> {
        self.mouse = !self.mouse;
        let text = if self.mouse { "mouse on: click and wheel" } else { "mouse off: the terminal selects text again" };
        let mut effects = self.notify(Tone::Info, text.into());
        effects.push(Effect::Terminal(TerminalEffect::Mouse(self.mouse)));
        effects
    }
}

/// A page of a panel of this height: one row of the page before stays.
pub(super) fn page(height: u16) -> isize {
    i16::try_from(height).unwrap_or(i16::MAX).saturating_sub(1).max(1).into()
}
