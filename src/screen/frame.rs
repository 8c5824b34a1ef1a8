//! The frame around a panel: rounded, named, lit when the keys go to it.

use ratatui::Frame;
use ratatui::layout::{Margin, Rect};
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Clear, Widget};

use super::Scene;
use super::text::{cut_spans, spans_width, width};
use crate::app::command::Command;
use crate::app::hit_map::HitMap;

/// Draws a frame with a title on the left and one on the right; answers the room inside. When both are too long, the left
/// one is cut; where that leaves it too little, the right one goes.
pub(super) fn panel(frame: &mut Frame, area: Rect, scene: Scene, focused: bool, left: Line, right: Line) -> Rect {
    let style = if focused { scene.theme.accent } else { scene.theme.border };
    let block = Block::bordered().border_type(BorderType::Rounded).border_style(style);
    let inner = block.inner(area);
    block.render(area, frame.buffer_mut());
    let room = title_room(area);
    let left_room = match padded_width(&right) {
        needed if needed + LEFT_TITLE_MIN.min(padded_width(&left)) <= room => room - needed,
        _ => room,
    };
    let place = Rect { x: area.x + 1, y: area.y, width: room as u16, height: 1 }.intersection(area);
    let left = cut_spans(owned(left), left_room.saturating_sub(2));
    put(frame, padded(left), place);
    if left_room < room {
        let width = (room - left_room) as u16;
        put(frame, padded(owned(right)), Rect { x: place.right() - width, width, ..place });
    }
    inner
}

/// Draws a line of text. Each span begins where the letters of the one before end, cell by cell; a `Line` drawn as a widget
/// begins it where that one's width as a whole says, which is less in scripts whose letters may join.
pub(super) fn put(frame: &mut Frame, line: impl Into<Line<'static>>, place: Rect) {
    let place = place.intersection(frame.area());
    if place.area() > 0 {
        frame.buffer_mut().set_line(place.x, place.y, &line.into(), place.width);
    }
}

/// Columns for the two titles of a frame together, with the blanks around them.
pub(super) fn title_room(area: Rect) -> usize {
    usize::from(area.width.saturating_sub(2))
}

/// A left title is not cut to less than this for the right one.
const LEFT_TITLE_MIN: usize = 12;

/// A key that helps where it is shown, and what it does in a word.
pub(super) type Hint = (Command, &'static str);

/// As [`panel`], with keys that help at the right: those that do something now, each whole, and only where the title leaves
/// them room. The last is kept longest.
pub(super) fn panel_with_hints(
    frame: &mut Frame,
    area: Rect,
    scene: Scene,
    focused: bool,
    left: Line,
    hints: &[Hint],
) -> Rect {
    // Of a title that is too long its last parts go, each as a whole.
    let mut left = left;
    while left.spans.len() > 1 && padded_width(&left) > title_room(area) {
        left.spans.pop();
    }
    let room = title_room(area).saturating_sub(padded_width(&left));
    let mut hints: Vec<String> = hints.iter().filter_map(|hint| shown_hint(scene, *hint)).collect();
    while !hints.is_empty() && width(&hints.join(GAP)) + 2 > room {
        hints.remove(hints.len().saturating_sub(2));
    }
    let hints = hints.join(GAP);
    let right = if hints.is_empty() { Line::default() } else { Span::styled(hints, scene.theme.dim).into() };
    panel(frame, area, scene, focused, left, right)
}

/// Between two hints.
const GAP: &str = "  ";

/// `Esc back`; None where it would do nothing.
fn shown_hint(scene: Scene, (command, word): Hint) -> Option<String> {
    let key = scene.app.keymap.hint(command);
    (!key.is_empty() && scene.app.is_useful(command)).then(|| format!("{key} {word}"))
}

/// Below so many columns what lies over the screen fills it.
const WHOLE_BELOW: u16 = 100;
/// So few columns, or rows, beside it would show of another frame no more than its border.
const BESIDE_MIN: u16 = 8;
const ABOVE_MIN: u16 = 3;

/// Where a frame of a size lies over the screen: in the middle.
fn popup_place(area: Rect, (width, height): (u16, u16)) -> Rect {
    if area.width < WHOLE_BELOW {
        return area;
    }
    let fitted = |size: u16, all: u16, least: u16| if size + least > all { all } else { size };
    let (width, height) = (fitted(width, area.width, BESIDE_MIN), fitted(height, area.height, ABOVE_MIN));
    Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height }
}

/// The columns inside a frame of a width that lies over the screen.
pub(super) fn popup_columns(area: Rect, width: u16) -> usize {
    popup_place(area, (width, 0)).width.saturating_sub(2).into()
}

/// A frame over everything else, in the middle of the screen or filling it.
pub(super) fn popup(frame: &mut Frame, area: Rect, scene: Scene, size: (u16, u16), left: Line, hints: &[Hint]) -> Rect {
    let place = popup_place(area, size);
    // Around it nothing, so that no border of what lies below stands right beside its own.
    let around = place.outer(Margin::new(1, 1)).intersection(area);
    Clear.render(around, frame.buffer_mut());
    frame.buffer_mut().set_style(around, scene.theme.ground);
    panel_with_hints(frame, place, scene, true, left, hints)
}

/// Lines in a popup, from so many down; how far they can scroll goes into `seen`.
pub(super) fn scrolled(frame: &mut Frame, inner: Rect, lines: Vec<Line<'static>>, scroll: usize, seen: &mut HitMap) {
    seen.popup = inner;
    seen.popup_scroll_max = lines.len().saturating_sub(inner.height.into());
    let shown = lines.into_iter().skip(scroll.min(seen.popup_scroll_max));
    for (y, line) in (inner.y..inner.bottom()).zip(shown) {
        put(frame, line, Rect { y, height: 1, ..inner });
    }
}

/// The name of a panel.
pub(super) fn heading(scene: Scene, name: &'static str) -> Line<'static> {
    Line::from(Span::styled(name, scene.theme.text.add_modifier(Modifier::BOLD)))
}

fn padded(spans: Vec<Span<'static>>) -> Line<'static> {
    if spans.is_empty() {
        return Line::default();
    }
    let blank = || std::iter::once(Span::raw(" "));
    blank().chain(spans).chain(blank()).collect()
}

fn padded_width(line: &Line) -> usize {
    if line.spans.is_empty() { 0 } else { spans_width(&line.spans) + 2 }
}

fn owned(line: Line) -> Vec<Span<'static>> {
    let style = line.style;
    line.spans.into_iter().map(|span| Span::styled(span.content.into_owned(), style.patch(span.style))).collect()
}
