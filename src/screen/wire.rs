//! The wire: one row for each group, newest first.

mod row;

use jiff::SignedDuration;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use super::frame::{panel, put};
use super::text::{cut, width, wrap};
use super::{Scene, Size, signs};
use crate::app::Focus;
use crate::app::hit_map::HitMap;
use crate::app::wire::{Row, Sort};
use row::draw_row;
pub(super) use row::{COLUMNS_MIN, columns_wanted, figure, shown_topics, weighed};

pub(super) fn draw(frame: &mut Frame, area: Rect, scene: Scene, seen: &mut HitMap) {
    let inner = match scene.size {
        Size::Tiny => area,
        _ => panel(frame, area, scene, scene.app.arrangement.focus == Focus::Wire, title(scene), news_above(scene)),
    };
    let wire = &scene.app.wire;
    let height = usize::from(inner.height);
    let top = wire.top(height);
    seen.wire = inner;
    seen.wire_top = top;
    if wire.rows().is_empty() {
        return nothing(frame, inner, scene);
    }
    let cursor = wire.cursor();
    // The line takes a row: what is under the cursor must stay in sight.
    let is_below = |top: usize, at: usize| cursor.is_some_and(|cursor| cursor >= at && cursor - top + 1 >= height);
    let line_at = away_line(scene).filter(|at| top < *at && *at < top + height);
    let top = if line_at.is_some_and(|at| is_below(top, at)) { top + 1 } else { top };
    let line_at = line_at.filter(|at| top < *at);
    seen.wire_top = top;
    let mut y = inner.y;
    for (at, row) in wire.rows().iter().enumerate().skip(top).take(height) {
        if line_at == Some(at) {
            seen.wire_line = Some(y);
            draw_away(frame, Rect { y, height: 1, ..inner }, scene);
            y += 1;
        }
        if y < inner.bottom() {
            draw_row(frame, Rect { y, height: 1, ..inner }, scene, (row, cursor == Some(at)), seen);
        }
        y += 1;
    }
}

/// How late a story may be heard of and still count as of now.
const LATE: SignedDuration = SignedDuration::from_hours(1);

/// The row above which the line stands: the first that was there when the reader went away.
fn away_line(scene: Scene) -> Option<usize> {
    let since = scene.app.away_since().filter(|_| scene.app.wire.sort() == Sort::Newest)?;
    let rows = scene.app.wire.rows();
    let is_newer = |row: &Row| scene.app.wire.item(row.lead).is_some_and(|item| item.story.first_seen > since);
    let at = rows.partition_point(|row| row.time > since);
    // What had been published by then, but was only heard of later, stands above it as well.
    let late = rows.range(at..).take_while(|row| since.duration_since(row.time) < LATE);
    let at = at + late.enumerate().filter(|(_, row)| is_newer(row)).last().map_or(0, |(place, _)| place + 1);
    (at > 0 && at < rows.len()).then_some(at)
}

/// `──── above: since you were here, 13:05 ET ────`
fn draw_away(frame: &mut Frame, area: Rect, scene: Scene) {
    let Some(since) = scene.app.away_since() else { return };
    let words = format!(" {} since you were here, {} ", signs::ABOVE, scene.market_day_time(since));
    let words = cut(&words, area.width.into());
    let rest = usize::from(area.width).saturating_sub(width(&words));
    let line = format!("{}{words}{}", "─".repeat(rest / 2), "─".repeat(rest - rest / 2));
    put(frame, Line::styled(line, scene.theme.accent), area);
}

/// `Wire ── 41 of 214 · topic:nvidia bitcoin`
fn title(scene: Scene) -> Line<'static> {
    let wire = &scene.app.wire;
    let filter = wire.filter();
    let mut spans = vec![Span::styled("Wire", scene.theme.text.add_modifier(Modifier::BOLD))];
    let count = match filter.is_empty() {
        true => format!(" · {}", wire.rows().len()),
        false => format!(" · {} of {}", wire.rows().len(), wire.group_count()),
    };
    spans.push(Span::styled(count, scene.theme.dim));
    spans.extend(muted(scene).map(|words| Span::styled(words, scene.theme.dim)));
    let topic = filter.topic.as_ref().map(|topic| format!("topic:{topic}"));
    let query = filter.query.as_ref().map(|(text, _)| cut(text, 40));
    let sort = Some(wire.sort().words().to_owned()).filter(|words| !words.is_empty());
    for part in [topic, query, sort].into_iter().flatten() {
        spans.push(Span::styled(format!(" · {part}"), scene.theme.accent));
    }
    Line::from(spans)
}

/// ` · 12 muted`
fn muted(scene: Scene) -> Option<String> {
    let wire = &scene.app.wire;
    let shown = if wire.shows_muted() { ", shown" } else { "" };
    (wire.muted_count() > 0).then(|| format!(" · {} muted{shown}", wire.muted_count()))
}

/// What the reader of the wire would miss: rows above, rows held back.
fn news_above(scene: Scene) -> Line<'static> {
    let wire = &scene.app.wire;
    if wire.paused() {
        return Span::styled(format!("paused · {} held back", wire.held()), scene.theme.warning).into();
    }
    match wire.above() {
        0 => Line::default(),
        above => Span::styled(format!("{} {above} new", signs::ABOVE), scene.theme.accent).into(),
    }
}

/// An empty wire says why it is empty and what to do.
fn nothing(frame: &mut Frame, area: Rect, scene: Scene) {
    let app = scene.app;
    let close = app.keymap.hint(crate::app::command::Command::Close);
    let words = if !app.wire.is_empty() {
        format!("Nothing matches. {close} shows all stories again.")
    } else if app.loading {
        "Reading what is stored …".to_owned()
    } else if app.health.offline() {
        "No story yet: nothing could be reached. newstape tries again by itself; `newstape demo` shows a recorded \
         day without any network."
            .to_owned()
    } else if app.replay.is_some() {
        "No story yet at this time of the recorded day.".to_owned()
    } else if app.health.fresh(app.now).1 == 0 {
        "No feed is switched on. `newstape feeds add ADDRESS` takes one in, and so does a [[feed]] in the config."
            .to_owned()
    } else {
        "No story yet. The feeds are being asked …".to_owned()
    };
    let lines = wrap(&words, usize::from(area.width).saturating_sub(4));
    for (at, line) in lines.into_iter().enumerate().take(area.height.into()) {
        let place = Rect {
            x: area.x + 2.min(area.width),
            y: area.y + at as u16,
            width: area.width.saturating_sub(2),
            height: 1,
        };
        put(frame, Line::styled(line, scene.theme.dim), place);
    }
}
