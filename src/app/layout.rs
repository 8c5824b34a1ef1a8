//! Arranging the screen with keys: hiding panels, moving borders, one panel alone; and where the keys go next.

use strum::IntoEnumIterator;

use super::input::drawn;
use super::{App, Focus};
use crate::domain::layout::{Layout, Panel};
use crate::event::{Effect, StoreEffect};

/// What one press of a key moves a border by.
const COLUMNS: i16 = 4;
const ROWS: i16 = 2;

impl App {
    /// The panel with the keys alone, or all again.
    pub(super) fn zoom(&mut self) -> Vec<Effect> {
        let zoomed = !self.is_charting() && !self.layout.zoomed;
        if self.is_charting() {
            self.charting = false;
        }
        self.lay_out(Layout { zoomed, ..self.layout.clone() })
    }

    /// Moves the border of the panel with the keys: outwards by 1, inwards by -1.
    pub(super) fn grow(&mut self, by: i16) -> Vec<Effect> {
        let mut layout = self.layout.clone();
        match self.focus {
            Focus::Wire => layout.widen_prices(-COLUMNS * by),
            Focus::Reader => layout.heighten_reader(ROWS * by),
            Focus::Tape => layout.widen_prices(COLUMNS * by),
        }
        self.lay_out(layout)
    }

    /// Hides a panel, or shows it again.
    pub(super) fn toggle_panel(&mut self, panel: Panel) -> Vec<Effect> {
        let mut layout = self.layout.clone();
        layout.toggle(panel);
        self.lay_out(layout)
    }

    /// As it comes. Which prices are shown is no arrangement.
    pub(super) fn reset_layout(&mut self) -> Vec<Effect> {
        self.lay_out(Layout { prices: self.layout.prices.clone(), ..Layout::default() })
    }

    /// Puts an arrangement in force, and keeps it.
    pub(super) fn lay_out(&mut self, layout: Layout) -> Vec<Effect> {
        let mut effects = drawn();
        if layout != self.layout {
            self.layout = layout;
            if !self.can_focus(self.focus) {
                self.focus = Focus::Wire;
            }
            effects.extend(self.replay.is_none().then(|| Effect::Store(StoreEffect::SaveLayout(self.layout.clone()))));
        }
        effects
    }

    /// The panel behind or before the one with the keys, of those that are shown.
    pub(super) fn next_focus(&self, forward: bool) -> Focus {
        let mut round: Vec<Focus> = Focus::iter().collect();
        let at = round.iter().position(|focus| *focus == self.focus).unwrap_or(0);
        round.rotate_left(at);
        let mut others = round.into_iter().skip(1).filter(|focus| self.can_focus(*focus));
        let found = if forward { others.next() } else { others.next_back() };
        found.unwrap_or(Focus::Wire)
    }

    /// The reader can always be had: it takes the place of the wire where it is hidden. Others can't.
    fn can_focus(&self, focus: Focus) -> bool {
        let is_shown = |panel: Panel| panel.focus() == Some(focus) && self.layout.shows(panel);
        focus == Focus::Reader || Panel::iter().any(is_shown)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::app::command::Command;
    use crate::app::samples::Desk;
    use crate::event::{Event, Loaded};

    #[test]
    fn an_arrangement_is_kept_and_comes_back() {
        let mut desk = Desk::new();
        let effects = desk.press("Z");
        let kept = effects.iter().find_map(|effect| match effect {
            Effect::Store(StoreEffect::SaveLayout(layout)) => Some(layout.clone()),
            _ => None,
        });
        assert!(kept.as_ref().unwrap().zoomed);
        let mut desk = Desk::new();
        desk.send(Event::Loaded(Loaded { layout: kept, ..Loaded::default() }));
        assert!(desk.app.layout.zoomed);
    }

    #[test]
    fn borders_move_with_the_panel_that_has_the_keys() {
        let mut desk = Desk::new();
        desk.press("+");
        assert_eq!((desk.app.layout.columns, desk.app.layout.rows), (-COLUMNS, 0), "a wider wire");
        desk.press("tab");
        desk.press("+");
        assert_eq!(desk.app.layout.rows, ROWS, "a taller reader");
        desk.press("tab");
        desk.press("+");
        desk.press("+");
        assert_eq!(desk.app.layout.columns, COLUMNS, "wider prices");
        desk.app.command(Command::ResetLayout);
        assert_eq!(desk.app.layout, Layout::default());
    }

    #[test]
    fn keys_do_not_go_to_what_is_hidden() {
        let mut desk = Desk::new();
        desk.app.command(Command::HideChart);
        desk.app.command(Command::HidePrices);
        let mut went = Vec::new();
        for _ in 0..3 {
            desk.press("tab");
            went.push(desk.app.focus);
        }
        assert_eq!(went, [Focus::Reader, Focus::Wire, Focus::Reader]);
        desk.app.command(Command::HideChart);
        desk.press("tab");
        assert_eq!(desk.app.focus, Focus::Tape);
        desk.app.command(Command::HideChart);
        assert_eq!(desk.app.focus, Focus::Wire, "hidden under the keys");
    }
}
