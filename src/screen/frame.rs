//! The frame around a panel: rounded, named, lit when the keys go to it.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Clear, Widget};

use super::Scene;

/// Draws a frame with a title on the left and one on the right; answers the room inside.
pub fn panel(frame: &mut Frame, area: Rect, scene: Scene, focused: bool, left: Line, right: Line) -> Rect {
    let style = if focused { scene.theme.accent } else { scene.theme.border };
    let block = Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(style)
        .title_top(padded(left))
        .title_top(padded(right).right_aligned());
    let inner = block.inner(area);
    block.render(area, frame.buffer_mut());
    inner
}

/// A frame in the middle of the screen over everything else.
pub fn popup(frame: &mut Frame, area: Rect, scene: Scene, size: (u16, u16), left: Line, right: Line) -> Rect {
    let (width, height) = (size.0.min(area.width), size.1.min(area.height));
    let place = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    Clear.render(place, frame.buffer_mut());
    frame.buffer_mut().set_style(place, scene.theme.text);
    panel(frame, place, scene, true, left, right)
}

/// The name of a panel.
pub fn heading(scene: Scene, name: &'static str) -> Line<'static> {
    Line::from(Span::styled(name, scene.theme.text.add_modifier(Modifier::BOLD)))
}

fn padded(line: Line) -> Line {
    if line.spans.is_empty() {
        return line;
    }
    let mut spans = vec![Span::raw(" ")];
    spans.extend(line.spans);
    spans.push(Span::raw(" "));
    Line::from(spans)
}
