//! Keys, mouse and paste: what the reader asks for.

use crossterm::event::{
    Event as TerminalEvent, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};
use ratatui::layout::{Position, Rect};

use super::command::Command;
use super::keymap::Key;
use super::prompt::Prompt;
use super::tape::ChartStyle;
use super::wire::Filter;
use super::{App, Focus, Popup, Tone};
use crate::domain::query::Query;
use crate::event::{Effect, Urgency};

/// Rows that one turn of the wheel moves.
const WHEEL_ROWS: isize = 3;

impl App {
    pub(super) fn terminal(&mut self, event: TerminalEvent) -> Vec<Effect> {
        match event {
            TerminalEvent::Key(key) if key.kind != KeyEventKind::Release => self.key(key),
            TerminalEvent::Paste(text) => match &mut self.prompt {
                Some(prompt) => {
                    prompt.insert(&text);
                    self.search()
                }
                None => Vec::new(),
            },
            TerminalEvent::Mouse(event) if self.mouse => self.mouse_event(event),
            TerminalEvent::Resize(..) => drawn(),
            _ => Vec::new(),
        }
    }

    fn key(&mut self, event: KeyEvent) -> Vec<Effect> {
        let command = self.keymap.command(Key::from(event));
        if self.prompt.is_some() {
            return self.prompt_key(event, command);
        }
        match command {
            Some(command) => self.command(command),
            None => Vec::new(),
        }
    }

    /// Carries a command out.
    pub fn command(&mut self, command: Command) -> Vec<Effect> {
        if let Some(popup) = self.popup
            && let Some(effects) = self.popup_command(popup, command)
        {
            return effects;
        }
        if let Some(effects) = self.movement(command) {
            return effects;
        }
        if let Some(digit) = command.digit() {
            return self.topic_key(digit);
        }
        match command {
            Command::Read => self.read(),
            Command::Open => self.open(),
            Command::CopyLink => self.copy_link(),
            Command::Query => self.ask_query(),
            Command::Close => self.close(),
            Command::Feeds => self.show(Popup::Feeds { cursor: 0 }),
            Command::Help => self.show(Popup::Help { scroll: 0 }),
            Command::Star | Command::ToggleRead | Command::MarkAllRead | Command::Undo => self.marks(command),
            Command::NextSymbol | Command::PreviousSymbol | Command::NextSpan | Command::ChartStyle => {
                self.chart(command)
            }
            Command::Pause => self.pause(),
            Command::Refresh => self.refresh(),
            Command::Mouse => self.toggle_mouse(),
            Command::Redraw => vec![Effect::Repaint, Effect::Draw(Urgency::Key)],
            Command::Suspend => vec![Effect::Suspend, Effect::Draw(Urgency::Key)],
            Command::Quit => vec![Effect::Quit],
            _ => drawn(),
        }
    }

    // --- moving ---

    fn movement(&mut self, command: Command) -> Option<Vec<Effect>> {
        let page = self.page();
        match command {
            Command::Down => self.step(1),
            Command::Up => self.step(-1),
            Command::PageDown => self.step(page),
            Command::PageUp => self.step(-page),
            Command::Top => self.step(isize::MIN / 2),
            Command::Bottom => self.step(isize::MAX / 2),
            Command::NextUnread => return Some(self.next_unread(true)),
            Command::PreviousUnread => return Some(self.next_unread(false)),
            Command::NextPanel => self.focus = next(self.focus),
            Command::PreviousPanel => self.focus = next(next(self.focus)),
            _ => return None,
        }
        Some(drawn())
    }

    fn page(&self) -> isize {
        let height = match self.focus {
            Focus::Reader => self.seen.reader.height,
            _ => self.seen.wire.height,
        };
        isize::from(height.saturating_sub(1).max(1) as i16)
    }

    fn step(&mut self, by: isize) {
        match self.focus {
            Focus::Wire => {
                self.wire.step(by, self.wire_height());
                self.reader_scroll = 0;
            }
            Focus::Reader => {
                self.reader_scroll = self.reader_scroll.saturating_add_signed(by).min(self.seen.reader_scroll_max);
            }
            Focus::Tape => self.tape.step(by.signum()),
        }
    }

    fn wire_height(&self) -> usize {
        self.seen.wire.height.max(1).into()
    }

    /// Goes to an unread story and, as the reader shows it, marks it read.
    fn next_unread(&mut self, forward: bool) -> Vec<Effect> {
        let Some(row) = self.wire.next_unread(forward) else {
            return self.notify(Tone::Info, "no unread story that way".into());
        };
        self.wire.set_cursor(row, self.wire_height());
        self.reader_scroll = 0;
        let marks = self.wire.mark_current(|marks| marks.read = true);
        vec![Effect::SaveMarks(marks), Effect::Draw(Urgency::Key)]
    }

    // --- stories ---

    fn read(&mut self) -> Vec<Effect> {
        self.hold_cursor();
        self.focus = Focus::Reader;
        self.reader_scroll = 0;
        let marks = self.wire.mark_current(|marks| marks.read = true);
        vec![Effect::SaveMarks(marks), Effect::Draw(Urgency::Key)]
    }

    /// On a live wire, what a command acts on must stay what the reader saw.
    fn hold_cursor(&mut self) {
        if self.wire.cursor().is_none() {
            self.wire.set_cursor(0, self.wire_height());
        }
    }

    fn link(&self) -> Option<String> {
        self.wire.current_item()?.story.link.clone()
    }

    fn open(&mut self) -> Vec<Effect> {
        let Some(link) = self.link() else { return self.notify(Tone::Warning, "this story has no link".into()) };
        self.hold_cursor();
        let marks = self.wire.mark_current(|marks| marks.read = true);
        let mut effects = self.notify(Tone::Info, "opening in the browser".into());
        effects.extend([Effect::Open(link), Effect::SaveMarks(marks)]);
        effects
    }

    fn copy_link(&mut self) -> Vec<Effect> {
        let Some(link) = self.link() else { return self.notify(Tone::Warning, "this story has no link".into()) };
        let mut effects = self.notify(Tone::Info, "link copied".into());
        effects.push(Effect::Copy(link));
        effects
    }

    fn marks(&mut self, command: Command) -> Vec<Effect> {
        let changed = match command {
            Command::Star => {
                let starred = self.wire.current().is_some_and(|row| self.wire.row_is_starred(row));
                self.wire.mark_current(|marks| marks.starred = !starred)
            }
            Command::ToggleRead => {
                let unread = self.wire.current().is_some_and(|row| self.wire.row_is_unread(row));
                self.wire.mark_current(|marks| marks.read = unread)
            }
            Command::MarkAllRead => self.wire.mark_shown(|marks| marks.read = true),
            _ => self.wire.undo(),
        };
        let count = changed.len();
        let mut effects = match command {
            Command::MarkAllRead => self.notify(Tone::Info, format!("{count} marked read; undo takes it back")),
            Command::Undo if count == 0 => self.notify(Tone::Info, "nothing to undo".into()),
            _ => drawn(),
        };
        effects.push(Effect::SaveMarks(changed));
        effects
    }

    // --- filtering ---

    /// `0` shows all; a topic's key shows the topic; a view's key its query.
    fn topic_key(&mut self, digit: char) -> Vec<Effect> {
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

    fn set_filter(&mut self, filter: Filter) -> Vec<Effect> {
        self.popup = None;
        self.wire.set_filter(filter, self.now);
        self.reader_scroll = 0;
        drawn()
    }

    fn ask_query(&mut self) -> Vec<Effect> {
        let filter = self.wire.filter().clone();
        let text = filter.query.as_ref().map(|(text, _)| text.clone()).unwrap_or_default();
        self.prompt = Some(Prompt::new(text, filter));
        self.popup = None;
        drawn()
    }

    fn prompt_key(&mut self, event: KeyEvent, command: Option<Command>) -> Vec<Effect> {
        let Some(prompt) = &mut self.prompt else { return Vec::new() };
        let held = event.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT);
        match (event.code, held) {
            (KeyCode::Esc, _) => return self.leave_prompt(),
            (KeyCode::Enter, _) => {
                self.prompt = None;
                return drawn();
            }
            (KeyCode::Char('w'), KeyModifiers::CONTROL) => prompt.delete_word(),
            (KeyCode::Char('u'), KeyModifiers::CONTROL) => prompt.clear(),
            (KeyCode::Char('a'), KeyModifiers::CONTROL) | (KeyCode::Home, _) => prompt.home(),
            (KeyCode::Char('e'), KeyModifiers::CONTROL) | (KeyCode::End, _) => prompt.end(),
            (KeyCode::Char(typed), KeyModifiers::NONE) => prompt.insert(typed.encode_utf8(&mut [0; 4])),
            (KeyCode::Backspace, _) => prompt.backspace(),
            (KeyCode::Delete, _) => prompt.delete(),
            (KeyCode::Left, _) => prompt.left(),
            (KeyCode::Right, _) => prompt.right(),
            (KeyCode::Down | KeyCode::Up | KeyCode::PageDown | KeyCode::PageUp, _) | (KeyCode::Char(_), _) => {
                return command.map_or_else(Vec::new, |command| self.command(command));
            }
            _ => return Vec::new(),
        }
        self.search()
    }

    /// Applies the query as typed so far; one that can't be read leaves the old result standing.
    fn search(&mut self) -> Vec<Effect> {
        let Some(prompt) = &mut self.prompt else { return Vec::new() };
        let text = prompt.text().to_owned();
        match Query::parse(&text) {
            Ok(query) => {
                prompt.mistake = None;
                let query = (!text.trim().is_empty()).then_some((text, query));
                let filter = Filter { query, ..self.wire.filter().clone() };
                self.wire.set_filter(filter, self.now);
            }
            Err(mistake) => prompt.mistake = Some(mistake),
        }
        drawn()
    }

    fn leave_prompt(&mut self) -> Vec<Effect> {
        if let Some(prompt) = self.prompt.take() {
            self.wire.set_filter(prompt.before, self.now);
        }
        drawn()
    }

    /// Closes what lies on top; else leaves the reader; else clears the filter; else lets the cursor go.
    fn close(&mut self) -> Vec<Effect> {
        if self.focus != Focus::Wire {
            self.focus = Focus::Wire;
        } else if !self.wire.filter().is_empty() {
            return self.set_filter(Filter::default());
        } else {
            self.wire.release();
            self.reader_scroll = 0;
            self.notice = None;
        }
        drawn()
    }

    // --- popups ---

    fn show(&mut self, popup: Popup) -> Vec<Effect> {
        self.popup = Some(popup);
        drawn()
    }

    /// What a command does while a popup is open; None: the same as without it.
    fn popup_command(&mut self, popup: Popup, command: Command) -> Option<Vec<Effect>> {
        let page = isize::from(self.seen.popup.height.saturating_sub(1).max(1) as i16);
        let by = match command {
            Command::Down => 1,
            Command::Up => -1,
            Command::PageDown => page,
            Command::PageUp => -page,
            Command::Top => isize::MIN / 2,
            Command::Bottom => isize::MAX / 2,
            Command::Close => {
                self.popup = None;
                return Some(drawn());
            }
            Command::Help | Command::Feeds if same_kind(popup, command) => {
                self.popup = None;
                return Some(drawn());
            }
            Command::Read | Command::Refresh => return self.feed_command(popup, command),
            _ => return None,
        };
        self.popup = Some(match popup {
            Popup::Help { scroll } => {
                Popup::Help { scroll: scroll.saturating_add_signed(by).min(self.seen.popup_scroll_max) }
            }
            Popup::Feeds { cursor } => {
                let last = self.config.feeds.len().saturating_sub(1);
                Popup::Feeds { cursor: cursor.saturating_add_signed(by).min(last) }
            }
        });
        Some(drawn())
    }

    /// In the feed list: show only this feed, or ask it now.
    fn feed_command(&mut self, popup: Popup, command: Command) -> Option<Vec<Effect>> {
        let Popup::Feeds { cursor } = popup else { return None };
        let feed = self.health.feeds().nth(cursor)?.feed.name.clone();
        if command == Command::Refresh {
            let mut effects = self.notify(Tone::Info, format!("asking {feed} now, if it may be asked"));
            effects.push(Effect::RefreshFeeds(vec![feed]));
            return Some(effects);
        }
        let text = format!("feed:\"{feed}\"");
        match Query::parse(&text) {
            Ok(query) => Some(self.set_filter(Filter { topic: None, query: Some((text, query)) })),
            Err(mistake) => Some(self.notify(Tone::Warning, mistake.message)),
        }
    }

    // --- the rest ---

    fn chart(&mut self, command: Command) -> Vec<Effect> {
        match command {
            Command::NextSymbol => self.tape.step(1),
            Command::PreviousSymbol => self.tape.step(-1),
            Command::NextSpan => self.tape.next_span(),
            _ => {
                self.tape.style = match self.tape.style {
                    ChartStyle::Candles => ChartStyle::Line,
                    ChartStyle::Line => ChartStyle::Candles,
                }
            }
        }
        let wanted = self.tape.selected().map(|symbol| symbol.name.clone());
        let mut effects = drawn();
        effects.extend(wanted.map(|symbol| Effect::WantSeries { symbol, span: self.tape.span }));
        effects
    }

    fn pause(&mut self) -> Vec<Effect> {
        if let Some(position) = self.replay {
            return vec![Effect::PauseReplay(!position.paused), Effect::Draw(Urgency::Key)];
        }
        for (story, marks) in self.wire.set_paused(!self.wire.paused()) {
            self.wire.take(story, marks, &self.tagger, self.now);
        }
        drawn()
    }

    fn refresh(&mut self) -> Vec<Effect> {
        if self.replay.is_some() {
            return self.notify(Tone::Info, "a replay asks nobody".into());
        }
        let mut effects = self.notify(Tone::Info, "asking feeds and prices now, those that may be asked".into());
        effects.extend([Effect::RefreshFeeds(Vec::new()), Effect::RefreshPrices]);
        effects
    }

    fn toggle_mouse(&mut self) -> Vec<Effect> {
        self.mouse = !self.mouse;
        let text = if self.mouse { "mouse on: click and wheel" } else { "mouse off: the terminal selects text again" };
        let mut effects = self.notify(Tone::Info, text.into());
        effects.push(Effect::Mouse(self.mouse));
        effects
    }

    fn mouse_event(&mut self, event: MouseEvent) -> Vec<Effect> {
        let at = Position::new(event.column, event.row);
        match event.kind {
            MouseEventKind::ScrollDown => self.wheel(at, WHEEL_ROWS),
            MouseEventKind::ScrollUp => self.wheel(at, -WHEEL_ROWS),
            MouseEventKind::Down(MouseButton::Left) => self.click(at),
            _ => Vec::new(),
        }
    }

    fn wheel(&mut self, at: Position, by: isize) -> Vec<Effect> {
        if self.popup.is_some() {
            let command = if by > 0 { Command::Down } else { Command::Up };
            return self.command(command);
        }
        self.focus = if self.seen.reader.contains(at) { Focus::Reader } else { Focus::Wire };
        self.step(by);
        drawn()
    }

    fn click(&mut self, at: Position) -> Vec<Effect> {
        let hit = |rect: &Rect| rect.contains(at);
        if let Some((_, key)) = self.seen.topics.iter().find(|(rect, _)| hit(rect)) {
            return self.topic_key(*key);
        }
        if let Some((_, symbol)) = self.seen.symbols.iter().find(|(rect, _)| hit(rect)) {
            let symbol = symbol.clone();
            return self.select_symbol(&symbol);
        }
        if hit(&self.seen.wire) && self.popup.is_none() {
            let row = self.seen.wire_top + usize::from(at.y - self.seen.wire.y);
            self.focus = Focus::Wire;
            self.wire.set_cursor(row, self.wire_height());
            self.reader_scroll = 0;
            return drawn();
        }
        if hit(&self.seen.reader) {
            self.focus = Focus::Reader;
            return drawn();
        }
        Vec::new()
    }

    fn select_symbol(&mut self, symbol: &str) -> Vec<Effect> {
        let place = |name: &str| self.tape.symbols().iter().position(|symbol| &*symbol.name == name);
        let from = self.tape.selected().and_then(|symbol| place(&symbol.name));
        if let (Some(from), Some(to)) = (from, place(symbol)) {
            self.tape.step(to as isize - from as isize);
        }
        drawn()
    }
}

fn same_kind(popup: Popup, command: Command) -> bool {
    matches!((popup, command), (Popup::Help { .. }, Command::Help) | (Popup::Feeds { .. }, Command::Feeds))
}

fn next(focus: Focus) -> Focus {
    match focus {
        Focus::Wire => Focus::Reader,
        Focus::Reader => Focus::Tape,
        Focus::Tape => Focus::Wire,
    }
}

fn drawn() -> Vec<Effect> {
    vec![Effect::Draw(Urgency::Key)]
}
