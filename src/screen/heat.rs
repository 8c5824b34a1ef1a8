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
use crate::domain::topic::TopicRule;

const LEVELS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A topic's bars are this many rows high at most.
const ROWS_MAX: u16 = 3;

pub fn draw(frame: &mut Frame, area: Rect, scene: Scene, seen: &mut Seen) {
    let title = Line::from(vec![
        Span::styled("Heat", scene.theme.text.add_modifier(Modifier::BOLD)),
        Span::styled(" · stories an hour, 24 h · times the habit", scene.theme.dim),
    ]);
    let inner = panel(frame, area, scene, false, title, Line::default());
    let rules: Vec<&TopicRule> = scene.app.topics().iter().filter(|rule| rule.key.is_some()).collect();
    let rows = (inner.height / (rules.len() as u16).max(1)).clamp(1, ROWS_MAX);
    for (at, rule) in (0u16..).zip(rules) {
        let place = Rect { y: inner.y + at * rows, height: rows, ..inner }.intersection(inner);
        seen.topics.extend(rule.key.filter(|_| place.area() > 0).map(|key| (place, key)));
        draw_topic(frame, place, scene, rule);
    }
}

/// Its name and figures beside the foot of its bars.
fn draw_topic(frame: &mut Frame, area: Rect, scene: Scene, rule: &TopicRule) {
    let hours = scene.app.wire.heat(&rule.name, scene.app.now);
    let heat = scene.app.heat(&rule.name);
    let style = scene.theme.topic(rule.color.as_deref(), rule.key);
    let loud = if heat.is_spike { scene.theme.fresh } else { scene.theme.dim };
    // A spike is told by a sign as well as by its colour.
    let times = format!("{}{}", times(heat), if heat.is_spike { "▲" } else { " " });
    for (row, y) in (area.y..area.bottom()).enumerate() {
        let above = usize::from(area.height) - 1 - row;
        let is_foot = above == 0;
        let name = if is_foot { format!(" {} ", fit(&rule.title, 11)) } else { " ".repeat(13) };
        let bars = bars(&hours, usize::from(area.width).saturating_sub(27), (above, area.height.into()));
        let mut spans = vec![Span::styled(name, style), Span::styled(bars, style)];
        if is_foot {
            spans.push(Span::styled(fit_right(&heat.stories.to_string(), 5), scene.theme.dim));
            spans.push(Span::styled(fit_right(&times, 8), loud));
        }
        put(frame, Line::from(spans), Rect { y, height: 1, ..area });
    }
}

/// One row of bars: the so manieth from the foot, of so many.
fn bars(hours: &[u32], columns: usize, (above, rows): (usize, usize)) -> String {
    let most = hours.iter().copied().max().unwrap_or(0).max(1) as usize;
    // The highest stays short of the row above it, or the bars of two topics would read as one.
    let level = |count: u32| LEVELS[(count as usize * (rows * 8 - 1)).div_ceil(most).saturating_sub(above * 8).min(8)];
    (0..columns).map(|column| level(hours[column * hours.len() / columns.max(1)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_high_as_their_hours() {
        let hours = [0, 1, 2, 4];
        assert_eq!(bars(&hours, 4, (0, 1)), " ▂▄▇");
        assert_eq!([bars(&hours, 4, (1, 2)), bars(&hours, 4, (0, 2))], ["   ▇", " ▄██"]);
        assert_eq!(bars(&[0; 24], 3, (0, 1)), "   ");
    }
}
