//! Arranging the screen with keys: hiding panels, moving borders, one panel alone; and where the keys go next.

use strum::IntoEnumIterator;

use super::{App, Focus, drawn};
use crate::domain::layout::{Layout, Panel};
use crate::event::{Effect, StoreEffect};

/// What one press of a key moves a border by.
const COLUMNS: i16 = 4;
const ROWS: i16 = 2;

/// How the screen is arranged, and what the keys go to.
#[derive(Debug, Default)]
pub struct Arrangement {
    /// The panel that receives the keys.
    pub focus: Focus,
    /// The panels shown and their sizes, as stored.
    pub layout: Layout,
    /// The chart fills the screen while the keys go there.
    pub(super) charting: bool,
}

impl Arrangement {
    /// The chart fills the screen, until `Esc`.
    pub fn is_charting(&self) -> bool {
        self.charting && self.focus == Focus::Tape
    }

    /// The chart of the selected symbol alone, or the prices again.
    pub(super) fn toggle_charting(&mut self) {
        self.charting = !self.charting;
    }

    /// The panel with the keys alone, or all again.
    pub(super) fn zoom(&mut self) {
        self.layout.zoomed = !self.is_charting() && !self.layout.zoomed;
        self.charting &= self.focus != Focus::Tape;
    }

    /// Moves the border of the panel with the keys: outwards by 1, inwards by -1.
    pub(super) fn grow(&mut self, by: i16) {
        match self.focus {
            Focus::Wire => self.layout.widen_prices(-COLUMNS * by),
            Focus::Reader => self.layout.heighten_reader(ROWS * by),
            Focus::Tape => self.layout.widen_prices(COLUMNS * by),
        }
    }

    /// Hides a panel, or shows it again.
    pub(super) fn toggle(&mut self, panel: Panel) {
        self.layout.toggle(panel);
    }

    /// As it comes. Which prices are shown is no arrangement.
    pub(super) fn reset(&mut self) {
        let prices = std::mem::take(&mut self.layout.prices);
        self.layout = Layout { prices, ..Layout::default() };
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

impl App {
    /// Arranges the screen anew, and keeps how.
    pub(super) fn arrange(&mut self, change: impl FnOnce(&mut Arrangement)) -> Vec<Effect> {
        let before = self.arrangement.layout.clone();
        change(&mut self.arrangement);
        let mut effects = drawn();
        if self.arrangement.layout != before {
            if !self.arrangement.can_focus(self.arrangement.focus) {
                self.arrangement.focus = Focus::Wire;
            }
            let kept = || Effect::Store(StoreEffect::SaveLayout(self.arrangement.layout.clone()));
            effects.extend(self.replay.is_none().then(kept));
        }
        effects
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
        assert!(desk.app.arrangement.layout.zoomed);
    }

    #[test]
    fn borders_move_with_the_panel_that_has_the_keys() {
        let mut desk = Desk::new();
        desk.press("+");
        assert_eq!(
            (desk.app.arrangement.layout.columns, desk.app.arrangement.layout.rows),
            (-COLUMNS, 0),
            "a wider wire"
        );
        desk.press("tab");
        desk.press("+");
        assert_eq!(desk.app.arrangement.layout.rows, ROWS, "a taller reader");
        desk.press("tab");
        desk.press("+");
        desk.press("+");
        assert_eq!(desk.app.arrangement.layout.columns, COLUMNS, "wider prices");
        desk.app.command(Command::ResetLayout);
        assert_eq!(desk.app.arrangement.layout, Layout::default());
    }

    #[test]
    fn keys_do_not_go_to_what_is_hidden() {
        let mut desk = Desk::new();
        desk.app.command(Command::HideChart);
        desk.app.command(Command::HidePrices);
        let mut went = Vec::new();
        for _ in 0..3 {
            desk.press("tab");
            went.push(desk.app.arrangement.focus);
        }
        assert_eq!(went, [Focus::Reader, Focus::Wire, Focus::Reader]);
        desk.app.command(Command::HideChart);
        desk.press("tab");
        assert_eq!(desk.app.arrangement.focus, Focus::Tape);
        desk.app.command(Command::HideChart);
        assert_eq!(desk.app.arrangement.focus, Focus::Wire, "hidden under the keys");
    }
}
