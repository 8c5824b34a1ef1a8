//! Keys and paste: what the reader asks for. The mouse is in `mouse`.

use crossterm::event::{Event as TerminalEvent, KeyEvent, KeyEventKind};

use super::keymap::{Key, Pressed};
use super::wire::Filter;
use super::{App, Focus, Tone, drawn, save_groups};
use crate::domain::Name;
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
