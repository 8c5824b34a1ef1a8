//! A group opened: who carries the story, in order of appearance, with the lag to the primary source
//! that they report on, else to the first.

use jiff::Timestamp;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use super::Scene;
use super::frame::{Hint, popup, put};
use super::text::{cut, fit, fit_right, safe, spans_width, width};
use super::wire::figure;
use crate::app::command::Command;
use crate::app::hit_map::HitMap;
use crate::app::wire::Item;
use crate::domain::format;
use crate::domain::group::GroupId;
use crate::domain::story::Story;

/// Columns of the popup, and of what stands before and behind the headline.
const WIDTH: u16 = 120;
const TIME: usize = 17;
const LAG: usize = 6;
const OUTLET: usize = 18;
/// Below this many columns the time goes, and the symbol of the move.
const NARROW: usize = 90;
/// Below this many the outlet and the headline alone stay.
const SMALL: usize = 56;

pub(super) fn draw(frame: &mut Frame, area: Rect, scene: Scene, (group, cursor): (GroupId, usize), seen: &mut HitMap) {
    let items: Vec<&Item> = scene.app.wire.group(group).collect();
    let Some(first) = scene.app.wire.primary(group).or(items.first().copied()) else { return };
    let height = items.len() as u16 + 2;
    let inner = popup(frame, area, scene, (WIDTH, height), title(scene, group, &items), &HINTS);
    (seen.popup, seen.popup_row) = (inner, cursor);
    let rows = usize::from(inner.height.max(1));
    let top = (cursor + 1).saturating_sub(rows);
    for (at, item) in items.iter().enumerate().skip(top).take(rows) {
        let place = Rect { y: inner.y + (at - top) as u16, height: 1, ..inner };
        seen.popup_rows.push((place.y, at));
        if at == cursor {
            frame.buffer_mut().set_style(place, scene.theme.selected);
        }
        put(frame, row(scene, item, first, usize::from(inner.width)), place);
    }
}

/// `One event · 7 stories, 5 outlets`
fn title(scene: Scene, group: GroupId, items: &[&Item]) -> Line<'static> {
    let outlets = scene.app.wire.outlet_count(group);
    let from = scene.app.wire.primary(group).map(|primary| format!(" · lag to {} ★", primary.story.outlet));
    let stories = format::count(items.len(), "story", "stories");
    let words = format!(" · {stories}, {}{}", format::count(outlets, "outlet", "outlets"), from.unwrap_or_default());
    Line::from(vec![
        Span::styled("One event", scene.theme.text.add_modifier(Modifier::BOLD)),
        Span::styled(words, scene.theme.dim),
    ])
}

const HINTS: [Hint; 4] =
    [(Command::Read, "read"), (Command::Open, "open"), (Command::TakeOut, "take out"), (Command::Close, "back")];

/// `SEC ★`, in the columns that a list has for outlets.
pub(super) fn outlet(scene: Scene, story: &Story) -> Span<'static> {
    let (star, style) = if story.primary { (" ★", scene.theme.star) } else { ("", scene.theme.dim) };
    let name = cut(&story.outlet, OUTLET - 1 - star.chars().count());
    Span::styled(fit(&format!("{name}{star}"), OUTLET), style)
}

/// `+40s`, `+2m`; `−3m` for what came before.
pub(super) fn lag(first: Timestamp, other: Timestamp) -> String {
    match other >= first {
        true => format!("+{}", format::between(first, other)),
        false => format!("−{}", format::between(other, first)),
    }
}

fn row(scene: Scene, item: &Item, first: &Item, columns: usize) -> Line<'static> {
    let theme = scene.theme;
    let lag = match item.story.id == first.story.id {
        true if first.story.primary => "source".to_owned(),
        true => "first".to_owned(),
        false => lag(first.story.time(), item.story.time()),
    };
    let mark = if item.marks.read { " " } else { "●" };
    let mut spans = vec![Span::styled(format!("{mark} "), theme.accent)];
    if columns >= NARROW {
        spans.push(Span::styled(fit(&scene.market_day_time(item.story.time()), TIME), theme.dim));
    }
    if columns >= SMALL {
        spans.push(Span::styled(format!("{} ", fit_right(&lag, LAG)), theme.dim));
    }
    spans.push(outlet(scene, &item.story));
    let reaction = scene.app.reaction(item, item.story.time()).filter(|_| columns >= SMALL);
    let moved = reaction.map(|reaction| figure(scene, reaction, columns >= NARROW));
    let behind = moved.as_ref().map_or(0, |moved| width(&moved.content) + 1);
    let room = columns.saturating_sub(spans_width(&spans) + behind);
    let headline = if item.marks.read { theme.dim } else { theme.text };
    spans.push(Span::styled(fit(&safe(&item.story.title), room), headline));
    spans.extend(moved.into_iter().flat_map(|moved| [Span::raw(" "), moved]));
    Line::from(spans)
}
