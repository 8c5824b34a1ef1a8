//! The frame around a panel: rounded, named, lit when the keys go to it.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Clear, Widget};

use super::Scene;
use super::text::{cut_spans, spans_width};
use crate::app::seen::Seen;

/// Draws a frame with a title on the left and one on the right; answers the room inside. When both are too long, the left
/// one is cut; where that leaves it too little, the right one goes.
pub fn panel(frame: &mut Frame, area: Rect, scene: Scene, focused: bool, left: Line, right: Line) -> Rect {
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
pub fn put(frame: &mut Frame, line: impl Into<Line<'static>>, place: Rect) {
    let place = place.intersection(frame.area());
    if place.area() > 0 {
        frame.buffer_mut().set_line(place.x, place.y, &line.into(), place.width);
    }
}

/// Columns for the two titles of a frame together, with the blanks around them.
pub fn title_room(area: Rect) -> usize {
    usize::from(area.width.saturating_sub(2))
}

/// A left title is not cut to less than this for the right one.
const LEFT_TITLE_MIN: usize = 12;

/// A frame in the middle of the screen over everything else.
pub fn popup(frame: &mut Frame, area: Rect, scene: Scene, size: (u16, u16), left: Line, right: Line) -> Rect {
    let (width, height) = (size.0.min(area.width), size.1.min(area.height));
    let place = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    Clear.render(place, frame.buffer_mut());
    frame.buffer_mut().set_style(place, scene.theme.ground);
    panel(frame, place, scene, true, left, right)
}

/// Lines in a popup, from so many down; how far they can scroll goes into `seen`.
pub fn scrolled(frame: &mut Frame, inner: Rect, lines: Vec<Line<'static>>, scroll: usize, seen: &mut Seen) {
    seen.popup = inner;
    seen.popup_scroll_max = lines.len().saturating_sub(inner.height.into());
    let shown = lines.into_iter().skip(scroll.min(seen.popup_scroll_max));
    for (y, line) in (inner.y..inner.bottom()).zip(shown) {
        put(frame, line, Rect { y, height: 1, ..inner });
    }
}

/// The name of a panel.
pub fn heading(scene: Scene, name: &'static str) -> Line<'static> {
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
