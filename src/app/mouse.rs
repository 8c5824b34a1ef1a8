//! The mouse: clicks and the wheel, on what the last frame showed.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use super::command::Command;
use super::layout::Arrangement;
use super::{App, Focus, Popup, drawn};
use crate::domain::layout::PriceSort;
use crate::event::Effect;

/// Rows that one turn of the wheel moves.
const WHEEL_ROWS: isize = 3;

impl App {
    pub(super) fn mouse_event(&mut self, event: MouseEvent) -> Vec<Effect> {
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
        if self.seen.chart.contains(at) {
            return self.step_bar(by.signum());
        }
        match self.seen.panel_at(at) {
            Some(Focus::Tape) => self.wheel_prices(by),
            panel => {
                self.arrangement.focus = panel.unwrap_or_default();
                self.step(by)
            }
        }
    }

    fn click(&mut self, at: Position) -> Vec<Effect> {
        if let Some(popup) = self.popup.clone() {
            return self.click_popup(popup, at);
        }
        if let Some(command) = self.seen.hint_at(at) {
            return self.command(command);
        }
        if let Some(key) = self.seen.topic_at(at) {
            return self.topic_key(key);
        }
        if let Some(effects) = self.click_prices(at) {
            return effects;
        }
        if let Some(bar) = self.seen.bar_at(at) {
            return self.choose_bar(bar.from);
        }
        if self.seen.wire.contains(at) {
            return self.click_row(at);
        }
        self.seen.panel_at(at).map_or_else(Vec::new, |panel| self.focus_on(panel))
    }

    /// A row of the wire: the cursor goes there; where it is already, the story is read.
    fn click_row(&mut self, at: Position) -> Vec<Effect> {
        let above = usize::from(self.seen.wire_line.is_some_and(|line| line <= at.y));
        let row = (self.seen.wire_top + usize::from(at.y.saturating_sub(self.seen.wire.y))).saturating_sub(above);
        if self.seen.wire_line == Some(at.y) || row >= self.wire.rows().len() {
            return if self.arrangement.focus == Focus::Wire { Vec::new() } else { self.focus_on(Focus::Wire) };
        }
        if self.wire.cursor() == Some(row) && self.arrangement.focus == Focus::Wire {
            return self.read();
        }
        self.wire.set_cursor(row, self.seen.wire_height());
        self.reading.begin();
        self.arrangement.focus = Focus::Wire;
        self.come_to()
    }

    /// A row of a popup is chosen; chosen already, it is read. Beside the popup, it closes: what lies behind it can't be seen.
    fn click_popup(&mut self, popup: Popup, at: Position) -> Vec<Effect> {
        if !self.seen.popup.contains(at) {
            return self.command(Command::Close);
        }
        match self.seen.popup_row_at(at) {
            Some(row) if row == self.seen.popup_row => self.command(Command::Read),
            Some(row) => {
                let by = row as isize - self.seen.popup_row as isize;
                let moved = self.popup_moved(popup, Command::Down, by);
                self.show(moved)
            }
            None => Vec::new(),
        }
    }

    /// The wheel over the prices: a table scrolls, else it goes from symbol to symbol.
    fn wheel_prices(&mut self, by: isize) -> Vec<Effect> {
        if self.tape.rows() == 0 {
            return self.step_symbol(by.signum());
        }
        let before = self.tape.charted();
        self.tape.scroll(by);
        if self.tape.charted() == before { drawn() } else { self.chart_turned() }
    }

    /// A click on a price selects it, on the row selected shows its chart alone. On the head of a column it sorts by it,
    /// sorted by it already, as in the config. None: it was on neither.
    fn click_prices(&mut self, at: Position) -> Option<Vec<Effect>> {
        if let Some(sort) = self.seen.price_head_at(at) {
            let sort = if sort == self.tape.sort() { PriceSort::Config } else { sort };
            return Some(self.sort_prices(sort));
        }
        let symbol = self.seen.symbol_at(at)?.clone();
        if self.seen.price_rows.contains(at) {
            if self.arrangement.focus == Focus::Tape && self.tape.charted().as_ref() == Some(&symbol) {
                return Some(self.arrange(Arrangement::toggle_charting));
            }
            self.arrangement.focus = Focus::Tape;
        }
        self.tape.select(&symbol);
        Some(self.chart_turned())
    }
}
