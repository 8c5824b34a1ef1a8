//! Heat: how many stories each topic had in each hour of the last 24.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use super::Scene;
use super::frame::{panel, put};
use super::text::{fit, fit_right};
use crate::app::seen::Seen;

const LEVELS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

pub fn draw(frame: &mut Frame, area: Rect, scene: Scene, _seen: &mut Seen) {
    let title = Line::from(vec![
        Span::styled("Heat", scene.theme.text.add_modifier(Modifier::BOLD)),
        Span::styled(" · stories an hour, 24 h", scene.theme.dim),
    ]);
    let inner = panel(frame, area, scene, false, title, Line::default());
    let rules = scene.app.topics().iter().filter(|rule| rule.key.is_some());
    for (at, rule) in (0u16..inner.height).zip(rules) {
        let hours = scene.app.wire.heat(&rule.name, scene.app.now);
        let style = scene.theme.topic(rule.color.as_deref(), rule.key);
        let line = Line::from(vec![
            Span::styled(format!(" {} ", fit(&rule.title, 11)), style),
            Span::styled(stretched(&hours, usize::from(inner.width).saturating_sub(20)), style),
            Span::styled(fit_right(&hours.iter().sum::<u32>().to_string(), 5), scene.theme.dim),
        ]);
        put(frame, line, Rect { y: inner.y + at, height: 1, ..inner });
    }
}

fn stretched(hours: &[u32], columns: usize) -> String {
    let most = hours.iter().copied().max().unwrap_or(0).max(1);
    let level = |count: u32| LEVELS[(count as usize * 8).div_ceil(most as usize).min(8)];
    (0..columns).map(|column| level(hours[column * hours.len() / columns.max(1)])).collect()
}
