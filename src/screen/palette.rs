//! The commands that the line for them offers, above it: name, keys, and what it does.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget};

use super::Scene;
use super::frame::put;
use super::help::explained;
use super::text::{cut, fit};
use crate::app::palette::{Choice, choice};
use crate::app::prompt::Prompt;
use crate::domain::layout::PriceSort;

/// Commands shown at most.
const ROWS: usize = 10;
/// Columns of the name and of its keys.
const NAME: usize = 18;
const KEYS: usize = 12;
/// Below so many columns the keys go.
const NARROW: usize = 56;

/// Draws the offers above the line at `area`, the likeliest lowest, next to what is typed.
pub(super) fn draw(frame: &mut Frame, area: Rect, scene: Scene, prompt: &Prompt) {
    let offers = &prompt.offers;
    let room = usize::from(area.y.saturating_sub(frame.area().y)).min(ROWS);
    let chosen = offers.chosen.unwrap_or(0);
    let first = (chosen + 1).saturating_sub(room);
    for (at, name) in offers.list.iter().enumerate().skip(first).take(room) {
        let place = Rect { y: area.y - 1 - (at - first) as u16, height: 1, ..area };
        Clear.render(place, frame.buffer_mut());
        frame.buffer_mut().set_style(place, scene.theme.ground);
        if at == chosen {
            frame.buffer_mut().set_style(place, scene.theme.selected);
        }
        put(frame, row(scene, name, usize::from(area.width)), place);
    }
}

fn row(scene: Scene, name: &str, columns: usize) -> Line<'static> {
    let theme = scene.theme;
    let (command, help) = match choice(name, &scene.app.tape) {
        Some(Choice::Command(command)) => (Some(command), explained(scene, command)),
        Some(Choice::List(None)) => (None, "prices of all symbols".into()),
        Some(Choice::List(Some(_))) => (None, "prices of this list alone".into()),
        Some(Choice::SortPrices(PriceSort::Config)) => (None, "prices in the order of the config".into()),
        Some(Choice::SortPrices(sort)) => (None, format!("prices {}", sort.words())),
        None => return Line::default(),
    };
    let keys: Vec<String> =
        command.into_iter().flat_map(|command| scene.app.keymap.keys(command)).map(ToString::to_string).collect();
    let keys_columns = if columns < NARROW { 0 } else { KEYS };
    let help = cut(&help, columns.saturating_sub(NAME + keys_columns + 3));
    Line::from(vec![
        Span::styled(format!(" {} ", fit(name, NAME)), theme.text.add_modifier(Modifier::BOLD)),
        Span::styled(fit(&keys.join(" "), keys_columns), theme.accent),
        Span::styled(format!(" {help}"), theme.dim),
    ])
}
