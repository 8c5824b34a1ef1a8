//! Feeds and price sources with their health: last success, last attempt, next attempt, status, 304s, and why it waits.

use jiff::Timestamp;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::Scene;
use super::frame::popup;
use super::text::{age, cut, fit, fit_right, until};
use crate::app::command::Command;
use crate::app::health::{FeedLine, Standing};
use crate::app::seen::Seen;
use crate::domain::price::{Outcome, SourceReport};

/// Columns before the sentence on what is wrong.
const NAME: usize = 26;
const CELL: usize = 7;

pub fn draw(frame: &mut Frame, area: Rect, scene: Scene, cursor: usize, seen: &mut Seen) {
    let app = scene.app;
    let (fresh, all) = app.health.fresh(app.now);
    let title = Line::from(vec![
        Span::styled("Feeds", scene.theme.text.add_modifier(Modifier::BOLD)),
        Span::styled(format!(" · {fresh} of {all} fresh"), scene.theme.dim),
    ]);
    let size = (area.width.saturating_sub(4).min(150), area.height.saturating_sub(2));
    let inner = popup(frame, area, scene, size, title, hint(scene));
    seen.popup = inner;
    let (lines, cursor_line) = lines(scene, inner.width.into(), cursor);
    let height = usize::from(inner.height);
    let scroll = (cursor_line + 3).saturating_sub(height).min(lines.len().saturating_sub(height));
    for (at, line) in (0u16..).zip(lines.into_iter().skip(scroll).take(height)) {
        let place = Rect { y: inner.y + at, height: 1, ..inner };
        if scroll + usize::from(at) == cursor_line {
            frame.buffer_mut().set_style(place, scene.theme.selected);
        }
        frame.render_widget(line, place);
    }
}

fn hint(scene: Scene) -> Line<'static> {
    let keymap = &scene.app.keymap;
    let (read, again, close) = (keymap.hint(Command::Read), keymap.hint(Command::Refresh), keymap.hint(Command::Close));
    Span::styled(format!("{read} only this feed  {again} ask now  {close} close"), scene.theme.dim).into()
}

/// All lines, and the one the cursor is on.
fn lines(scene: Scene, width: usize, cursor: usize) -> (Vec<Line<'static>>, usize) {
    let mut lines = vec![head(scene, "feed")];
    let mut cursor_line = 0;
    let mut category = None;
    for (at, feed) in scene.app.health.feeds().enumerate() {
        if category.as_ref() != Some(&feed.feed.category) {
            category = Some(feed.feed.category.clone());
            lines.push(Line::styled(format!(" {}", feed.feed.category), scene.theme.accent));
        }
        if at == cursor {
            cursor_line = lines.len();
        }
        lines.push(feed_line(scene, &feed, width));
    }
    lines.push(Line::default());
    lines.push(head(scene, "price source"));
    lines.extend(scene.app.health.sources().map(|report| source_line(scene, report, width)));
    (lines, cursor_line)
}

fn head(scene: Scene, first: &str) -> Line<'static> {
    let cells: String = ["well", "asked", "next", "status", "304s"].iter().map(|cell| fit_right(cell, CELL)).collect();
    Line::styled(format!("   {}{cells}  what is wrong", fit(first, NAME)), scene.theme.faint)
}

fn feed_line(scene: Scene, line: &FeedLine, width: usize) -> Line<'static> {
    let now = scene.app.now;
    let state = line.state;
    let (mark, style) = mark(scene, line.standing(now));
    let ago = |at: Option<Timestamp>| at.map_or("–".into(), |at| age(at, now));
    let cells = [
        ago(state.and_then(|state| state.last_success)),
        ago(state.and_then(|state| state.last_attempt)),
        state.and_then(|state| state.next_check).map_or("–".into(), |at| until(at, now)),
        state.and_then(|state| state.status).map_or("–".into(), |status| status.to_string()),
        state.map_or("–".into(), |state| state.not_modified.to_string()),
    ];
    let what = what_is_wrong(scene, line);
    row(scene, (mark, style), &line.feed.name, &cells, &what, width)
}

fn what_is_wrong(scene: Scene, line: &FeedLine) -> String {
    let Some(state) = line.state.filter(|_| line.feed.enabled) else {
        return if line.feed.enabled { "not asked yet".into() } else { "switched off in the config".into() };
    };
    match &state.trouble {
        Some(trouble) => trouble.clone(),
        None if !state.repairs.is_empty() => format!("repaired: {}", state.repairs.join(", ")),
        None if line.standing(scene.app.now) == Standing::Old => "no answer for a while".into(),
        None => String::new(),
    }
}

fn mark(scene: Scene, standing: Standing) -> (&'static str, Style) {
    match standing {
        Standing::Fresh => ("✓", scene.theme.up),
        Standing::Failing => ("✗", scene.theme.down),
        Standing::Old => ("!", scene.theme.warning),
        Standing::Waiting => ("…", scene.theme.dim),
        Standing::Disabled => ("-", scene.theme.faint),
    }
}

fn source_line(scene: Scene, report: &SourceReport, width: usize) -> Line<'static> {
    let now = scene.app.now;
    let (standing, what) = match &report.outcome {
        Outcome::Well => (Standing::Fresh, String::new()),
        Outcome::Blocked { why, until } if *until > now => {
            (Standing::Failing, format!("refuses us ({why}) until {}", scene.market_day_time(*until)))
        }
        Outcome::Blocked { .. } => (Standing::Waiting, "was refused; asked again soon".into()),
        Outcome::Failed { why } => (Standing::Failing, why.clone()),
    };
    let well = if report.outcome == Outcome::Well { age(report.at, now) } else { "–".into() };
    let next = report.next.filter(|next| *next > now).map_or("–".into(), |next| until(next, now));
    let status = report.status.map_or("–".into(), |status| status.to_string());
    let cells = [well, age(report.at, now), next, status, "–".into()];
    let name = format!("{} {}", report.source, report.capability);
    row(scene, mark(scene, standing), &name, &cells, &what, width)
}

fn row(
    scene: Scene,
    mark: (&'static str, Style),
    name: &str,
    cells: &[String],
    what: &str,
    width: usize,
) -> Line<'static> {
    let figures: String = cells.iter().map(|cell| fit_right(cell, CELL)).collect();
    let room = width.saturating_sub(3 + NAME + figures.chars().count() + 3);
    Line::from(vec![
        Span::styled(format!(" {} ", mark.0), mark.1),
        Span::styled(fit(name, NAME), scene.theme.text),
        Span::styled(figures, scene.theme.dim),
        Span::styled(format!("  {}", cut(what, room)), mark.1),
    ])
}
