//! Heat: how many stories each topic had in each hour of the last 24, and how many times as many as usual.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use super::Scene;
use super::frame::{panel, put};
use super::heat_popup::times;
use super::text::{cut, fit, fit_right};
use crate::app::App;
use crate::app::command::Command;
use crate::app::hit_map::HitMap;
use crate::domain::topic::TopicRule;

const LEVELS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Columns of a topic's name, of its stories, and of how many times as many as usual they are.
const NAME: usize = 11;
const COUNT: usize = 5;
const TIMES: usize = 8;
/// Columns of a topic where several stand beside each other.
const CELL_MIN: u16 = (NAME + 2 + COUNT) as u16;
/// A topic's bars are this many rows high at most.
const ROWS_MAX: u16 = 3;

pub(super) fn draw(frame: &mut Frame, area: Rect, scene: Scene, seen: &mut HitMap) {
    let title = Line::from(vec![
        Span::styled("Heat", scene.theme.text.add_modifier(Modifier::BOLD)),
        Span::styled(" · stories of the last 24 h · vs usual", scene.theme.dim),
    ]);
    let inner = panel(frame, area, scene, false, title, Line::default());
    let rules: Vec<&TopicRule> = shown_rules(scene.app).collect();
    let (places, hidden) = places(inner, rules.len());
    for (rule, place) in rules.iter().zip(&places) {
        seen.topics.extend(rule.key.map(|key| (*place, key)));
        draw_topic(frame, *place, scene, rule);
    }
    if let Some(place) = hidden {
        let (more, all) = (rules.len() - places.len(), scene.app.keymap.hint(Command::Heat));
        put(frame, Line::styled(cut(&format!(" {more} more: {all}"), place.width.into()), scene.theme.dim), place);
    }
}

/// The topics that the panel tells of: those with a key.
fn shown_rules(app: &App) -> impl Iterator<Item = &TopicRule> {
    app.topics().iter().filter(|rule| rule.key.is_some())
}

/// Rows of a panel in which each topic has a line.
pub(super) fn rows_needed(app: &App) -> u16 {
    u16::try_from(shown_rules(app).count() + 2).unwrap_or(u16::MAX)
}

/// The places of so many topics: below each other, where they are too many beside each other without their bars; and the
/// place of what is said of those that have none.
fn places(area: Rect, count: usize) -> (Vec<Rect>, Option<Rect>) {
    let lines = usize::from(area.height);
    if count <= lines {
        let rows = (area.height / (count as u16).max(1)).clamp(1, ROWS_MAX);
        return ((0..count as u16).map(|at| Rect { y: area.y + at * rows, height: rows, ..area }).collect(), None);
    }
    let beside = count.div_ceil(lines.max(1)).min(usize::from(area.width / CELL_MIN).max(1));
    let width = area.width / beside as u16;
    let place = |at: usize| {
        let (column, line) = ((at / lines) as u16, (at % lines) as u16);
        Rect { x: area.x + column * width, y: area.y + line, width, height: 1 }
    };
    let all: Vec<Rect> = (0..beside * lines).map(place).collect();
    match all.split_last() {
        Some((last, others)) if all.len() < count => (others.to_vec(), Some(*last)),
        _ => (all.into_iter().take(count).collect(), None),
    }
}

/// Its name and figures beside the foot of its bars.
fn draw_topic(frame: &mut Frame, area: Rect, scene: Scene, rule: &TopicRule) {
    let hours = scene.app.wire.heat(&rule.name, scene.app.now);
    let heat = scene.app.heat(&rule.name);
    let style = scene.theme.topic(rule.color.as_deref(), rule.key);
    let loud = if heat.is_spike { scene.theme.fresh } else { scene.theme.dim };
    // A spike is shown by a sign as well as by its colour.
    let times = format!("{}{}", times(heat), if heat.is_spike { "▲" } else { " " });
    for (row, y) in (area.y..area.bottom()).enumerate() {
        let above = usize::from(area.height) - 1 - row;
        let is_foot = above == 0;
        let name = if is_foot { format!(" {} ", fit(&rule.title, NAME)) } else { " ".repeat(NAME + 2) };
        let columns = usize::from(area.width).saturating_sub(NAME + 2);
        let has_times = columns >= COUNT + TIMES;
        let bars = bars(&hours, columns.saturating_sub(COUNT + TIMES + 1), (above, area.height.into()));
        let mut spans = vec![Span::styled(name, style), Span::styled(bars, style)];
        if is_foot {
            spans.push(Span::styled(fit_right(&heat.stories.to_string(), COUNT), scene.theme.dim));
            spans.extend(has_times.then(|| Span::styled(fit_right(&times, TIMES), loud)));
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
    fn every_topic_has_its_place_or_is_counted_among_those_without() {
        for (width, height) in [(26, 4), (48, 4), (54, 8), (68, 14), (20, 1), (3, 1)] {
            for count in 1..=12 {
                let area = Rect::new(2, 3, width, height);
                let (places, hidden) = places(area, count);
                assert!(
                    places.iter().chain(&hidden).all(|place| area.intersection(*place) == *place && !place.is_empty())
                );
                let meets = |a: &Rect, b: &Rect| !a.intersection(*b).is_empty();
                let all: Vec<Rect> = places.iter().chain(&hidden).copied().collect();
                for (at, place) in all.iter().enumerate() {
                    assert!(all[at + 1..].iter().all(|other| !meets(place, other)), "{count} in {area}");
                }
                assert_eq!(places.len() < count, hidden.is_some(), "{count} in {area}");
            }
        }
        assert_eq!(places(Rect::new(0, 0, 48, 4), 5).0.len(), 5, "the fifth");
    }

    #[test]
    fn bars_are_as_high_as_their_hours() {
        let hours = [0, 1, 2, 4];
        assert_eq!(bars(&hours, 4, (0, 1)), " ▂▄▇");
        assert_eq!([bars(&hours, 4, (1, 2)), bars(&hours, 4, (0, 2))], ["   ▇", " ▄██"]);
        assert_eq!(bars(&[0; 24], 3, (0, 1)), "   ");
    }
}
