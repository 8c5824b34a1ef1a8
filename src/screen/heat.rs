//! Heat: how many stories each topic had in each hour of the last 24, and how many times its habit that is.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use super::Scene;
use super::frame::{panel, put};
use super::matrix::times;
use super::text::{fit, fit_right};
use crate::app::seen::Seen;

const LEVELS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

pub fn draw(frame: &mut Frame, area: Rect, scene: Scene, _seen: &mut Seen) {
    let title = Line::from(vec![
        Span::styled("Heat", scene.theme.text.add_modifier(Modifier::BOLD)),
        Span::styled(" · stories an hour, 24 h · times the habit", scene.theme.dim),
    ]);
    let inner = panel(frame, area, scene, false, title, Line::default());
    let rules = scene.app.topics().iter().filter(|rule| rule.key.is_some());
    for (at, rule) in (0u16..inner.height).zip(rules) {
        let hours = scene.app.wire.heat(&rule.name, scene.app.now);
        let heat = scene.app.heat(&rule.name);
        let style = scene.theme.topic(rule.color.as_deref(), rule.key);
        let loud = if heat.is_spike { scene.theme.fresh } else { scene.theme.dim };
        // A spike is told by a sign as well as by its colour.
        let times = format!("{}{}", times(heat), if heat.is_spike { "▲" } else { " " });
        let line = Line::from(vec![
            Span::styled(format!(" {} ", fit(&rule.title, 11)), style),
            Span::styled(stretched(&hours, usize::from(inner.width).saturating_sub(27)), style),
            Span::styled(fit_right(&heat.stories.to_string(), 5), scene.theme.dim),
            Span::styled(fit_right(&times, 8), loud),
        ]);
        put(frame, line, Rect { y: inner.y + at, height: 1, ..inner });
    }
}

fn stretched(hours: &[u32], columns: usize) -> String {
    let most = hours.iter().copied().max().unwrap_or(0).max(1);
    let level = |count: u32| LEVELS[(count as usize * 8).div_ceil(most as usize).min(8)];
    (0..columns).map(|column| level(hours[column * hours.len() / columns.max(1)])).collect()
}
