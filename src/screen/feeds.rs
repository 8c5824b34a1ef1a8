//! Feeds and price sources with their health: last success, last attempt, next attempt, status, 304s, and why it waits.

use std::time::Duration;

use jiff::Timestamp;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::frame::{Hint, popup, put};
use super::signs::mark;
use super::text::{cut, cut_words, fit, fit_right, wrap};
use super::{Scene, signs};
use crate::app::command::Command;
use crate::app::failover::Failover;
use crate::app::health::{FeedLine, Silence, Standing};
use crate::app::hit_map::HitMap;
use crate::domain::feed::{FeedState, NextCheck};
use crate::domain::format;
use crate::domain::price::{Outcome, SourceReport};

/// Columns of the word on how it fares, and of each figure.
const STATE_WIDTH: usize = 8;
const CELL: usize = 7;
/// The figures, as they are headed; in a narrow popup the last ones go.
const FIGURES: [&str; 5] = ["well", "asked", "next", "status", "304s"];
/// Columns that the sentence on what is wrong has at least before a figure is given room.
const WHAT_MIN: usize = 16;

/// The latest changes of source that are shown.
const HANDOVERS: usize = 4;

/// Rows of the popup from which on there is a sentence below the list, of two lines; of three where it has twice as many.
const SENTENCE_FROM: u16 = 6;

/// The columns of the popup.
#[derive(Clone, Copy)]
struct Columns {
    width: usize,
    name: usize,
    figures: usize,
    what: usize,
}

impl Columns {
    fn of(width: usize) -> Columns {
        let name = if width >= 100 { 26 } else { 18.min(width / 3) };
        let room = width.saturating_sub(3 + name + STATE_WIDTH + 3);
        if room < WHAT_MIN {
            // The sentence goes: below the list it stands whole.
            let name = width.saturating_sub(4 + STATE_WIDTH + CELL);
            return Columns { width, name, figures: 1, what: 0 };
        }
        let figures = (room.saturating_sub(WHAT_MIN) / CELL).min(FIGURES.len());
        Columns { width, name, figures, what: room - figures * CELL }
    }
}

pub(crate) fn draw(frame: &mut Frame, area: Rect, scene: Scene, cursor: usize, seen: &mut HitMap) {
    let app = scene.app;
    let (fresh, all) = app.health.fresh(app.now);
    let title = Line::from(vec![
        Span::styled("Feeds", scene.theme.text.add_modifier(Modifier::BOLD)),
        Span::styled(format!(" · {fresh} of {all} fresh"), scene.theme.dim),
    ]);
    let size = (150, area.height);
    let inner = popup(frame, area, scene, size, title, &HINTS);
    let said = selected_sentence(scene, cursor, inner);
    let list = Rect { height: inner.height - said.len() as u16, ..inner };
    (seen.popup, seen.popup_row) = (list, cursor);
    let (lines, places) = lines(scene, Columns::of(inner.width.into()));
    let cursor_line = places.get(cursor).copied().unwrap_or(0);
    let height = usize::from(list.height);
    let scroll = (cursor_line + 2).saturating_sub(height).min(lines.len().saturating_sub(height));
    for (at, line) in (0u16..).zip(lines.into_iter().skip(scroll).take(height)) {
        let place = Rect { y: list.y + at, height: 1, ..list };
        let feed = places.iter().position(|line| *line == scroll + usize::from(at));
        seen.popup_rows.extend(feed.map(|feed| (place.y, feed)));
        if scroll + usize::from(at) == cursor_line {
            frame.buffer_mut().set_style(place, scene.theme.selected);
        }
        put(frame, line, place);
    }
    for (at, line) in (0u16..).zip(said) {
        put(frame, line, Rect { y: list.bottom() + at, height: 1, ..inner });
    }
}

/// What is known of the feed under the cursor, whole, below the list: the columns may be too narrow for it.
fn selected_sentence(scene: Scene, cursor: usize, inner: Rect) -> Vec<Line<'static>> {
    let Some(line) = scene.app.health.feeds().nth(cursor).filter(|_| inner.height >= SENTENCE_FROM) else {
        return Vec::new();
    };
    let mut parts = vec![format!("{}: {}", line.feed.name, standing_word(scene, &line))];
    parts.extend(Some(what_is_wrong(scene, &line)).filter(|what| !what.is_empty()));
    if let Some(state) = line.state {
        parts.extend(state.history.last_success.map(|at| format!("last well {}", scene.market_day_time(at))));
        parts.extend(next_time(scene, state));
        parts.extend(state.history.status.map(|status| format!("status {status}")));
    }
    let columns = usize::from(inner.width).saturating_sub(2);
    let rule = Line::styled("─".repeat(inner.width.into()), scene.theme.border);
    let most = if inner.height < 2 * SENTENCE_FROM { 2 } else { 3 };
    let mut text = wrap(&parts.join(" · "), columns);
    // What has no room goes part by part, the last first; of a single part the last line says that there is more.
    while text.len() > most && parts.len() > 1 {
        parts.pop();
        text = wrap(&parts.join(" · "), columns);
    }
    let rest: Vec<String> = text.iter().skip(most - 1).cloned().collect();
    let last = Some(cut_words(&rest.join(" "), columns)).filter(|last| !last.is_empty());
    let lines = text.into_iter().take(most - 1).chain(last);
    let lines = lines.map(|line| Line::styled(format!(" {line}"), scene.theme.text));
    std::iter::once(rule).chain(lines).collect()
}

fn next_time(scene: Scene, state: &FeedState) -> Option<String> {
    let at = state.schedule.next_check.time()?;
    if at <= scene.app.now {
        return Some("asked again now".into());
    }
    let why = state.schedule.clause().map(|why| format!(" ({why})")).unwrap_or_default();
    Some(format!("asked again {}{why}", scene.market_day_time(at)))
}

const HINTS: [Hint; 4] = [
    (Command::NextPanel, "details"),
    (Command::Read, "stories"),
    (Command::Refresh, "ask now"),
    (Command::Close, "close"),
];

/// All lines, and the ones that the feeds are on. Price sources come first: they are few, and a price that can't be had is
/// what matters most.
fn lines(scene: Scene, columns: Columns) -> (Vec<Line<'static>>, Vec<usize>) {
    let mut lines = Vec::new();
    if scene.app.health.sources().next().is_some() {
        lines.push(head(scene, "price source", columns));
        lines.extend(scene.app.health.sources().map(|report| source_line(scene, report, columns)));
        lines
            .extend(scene.app.failovers.iter().take(HANDOVERS).map(|handover| handover_line(scene, handover, columns)));
        lines.push(Line::default());
    }
    lines.push(head(scene, "feed", columns));
    let mut places = Vec::new();
    let mut category = None;
    for feed in scene.app.health.feeds() {
        if category.as_ref() != Some(&feed.feed.category) {
            category = Some(feed.feed.category.clone());
            lines.push(Line::styled(format!(" {}", feed.feed.category), scene.theme.accent));
        }
        places.push(lines.len());
        lines.push(feed_line(scene, &feed, columns));
    }
    (lines, places)
}

fn head(scene: Scene, first: &str, columns: Columns) -> Line<'static> {
    let cells: String = FIGURES.iter().take(columns.figures).map(|cell| fit_right(cell, CELL)).collect();
    let (first, state, what) =
        (fit(first, columns.name), fit("state", STATE_WIDTH), cut("what is wrong", columns.what));
    Line::styled(format!("   {first} {state}{cells}  {what}"), scene.theme.faint)
}

fn feed_line(scene: Scene, line: &FeedLine, columns: Columns) -> Line<'static> {
    let now = scene.app.now;
    let state = line.state;
    let (mark, _, style) = mark(scene, line.standing(now));
    let ago = |at: Option<Timestamp>| at.map_or("–".into(), |at| format::brief_age(at, now));
    let cells = [
        ago(state.and_then(|state| state.history.last_success)),
        ago(state.and_then(|state| state.history.last_attempt)),
        state.map_or("–".into(), |state| next(state, now)),
        state.and_then(|state| state.history.status).map_or("–".into(), |status| status.to_string()),
        state.map_or("–".into(), |state| state.history.not_modified.to_string()),
    ];
    let what = what_is_wrong(scene, line);
    row(scene, (mark, standing_word(scene, line), style), &line.feed.name, &cells, &what, columns)
}

/// How long until a feed is asked again.
fn next(state: &FeedState, now: Timestamp) -> String {
    match state.schedule.next_check {
        NextCheck::Due => "–".into(),
        NextCheck::Never => "never".into(),
        NextCheck::At(at) if at <= now => "now".into(),
        NextCheck::At(at) => format::countdown(at, now),
    }
}

pub(super) fn standing_word(scene: Scene, line: &FeedLine) -> &'static str {
    line.word(scene.app.now)
}

fn what_is_wrong(scene: Scene, line: &FeedLine) -> String {
    let Some(state) = line.state.filter(|_| line.feed.enabled) else {
        return if scene.app.replay.is_some() {
            "a recorded day asks nobody".into()
        } else if line.feed.enabled {
            "not asked yet".into()
        } else {
            "switched off in the config".into()
        };
    };
    match &state.history.trouble {
        Some(trouble) => trouble.to_string(),
        None if let Some(silence) = silent(line, scene.app.now) => silence,
        None if !state.history.repairs.is_empty() => format!("repaired: {}", state.history.repairs.join(", ")),
        None if line.standing(scene.app.now) == Standing::Old => "no answer for a while".into(),
        None => String::new(),
    }
}

/// How a feed is silent, when that is what is to be said of it.
pub(crate) fn silent(line: &FeedLine, now: Timestamp) -> Option<String> {
    let silence = line.silence(now).filter(|_| line.standing(now) == Standing::Silent)?;
    Some(match silence {
        Silence::Empty => "answers well, but has no entries".into(),
        Silence::Since { newest, gap } => {
            format!(
                "nothing new for {}; usually one about every {}",
                format::brief_age(newest, now),
                format::duration(whole(gap))
            )
        }
    })
}

/// Rounded to minutes, as far as it has any: seconds say nothing about how often a feed has something new.
pub(super) fn whole(gap: Duration) -> Duration {
    let seconds = gap.as_secs();
    Duration::from_secs(if seconds >= 60 { seconds / 60 * 60 } else { seconds.max(1) })
}

fn source_line(scene: Scene, report: &SourceReport, columns: Columns) -> Line<'static> {
    let now = scene.app.now;
    let (standing, what) = match &report.outcome {
        Outcome::Well => (Standing::Fresh, String::new()),
        Outcome::Blocked { refusal, until } if *until > now => {
            (Standing::Failing, format!("refuses us ({refusal}) until {}", scene.market_day_time(*until)))
        }
        Outcome::Blocked { .. } => (Standing::Waiting, "was refused; asked again soon".into()),
        Outcome::Failed(failure) => (Standing::Failing, failure.to_string()),
    };
    let well = if report.outcome == Outcome::Well { format::brief_age(report.at, now) } else { "–".into() };
    let next = report.next.filter(|next| *next > now).map_or("–".into(), |next| format::countdown(next, now));
    let status = report.status.map_or("–".into(), |status| status.to_string());
    let cells = [well, format::brief_age(report.at, now), next, status, "–".into()];
    let name = format!("{} {}", report.source, report.capability);
    let (sign, mut word, style) = mark(scene, standing);
    if let (Outcome::Blocked { .. }, Standing::Failing) = (&report.outcome, standing) {
        word = "blocked";
    }
    row(scene, (sign, word, style), &name, &cells, &what, columns)
}

/// When the price of a symbol changed its source, and why.
fn handover_line(scene: Scene, handover: &Failover, columns: Columns) -> Line<'static> {
    let words = format!(" {} {}  {}", signs::HANDOVER, scene.market_day_time(handover.at), handover.words());
    Line::styled(cut(&words, columns.width), scene.theme.dim)
}

fn row(
    scene: Scene,
    (sign, word, style): (&'static str, &'static str, Style),
    name: &str,
    cells: &[String],
    what: &str,
    columns: Columns,
) -> Line<'static> {
    let figures: String = cells.iter().take(columns.figures).map(|cell| fit_right(cell, CELL)).collect();
    Line::from(vec![
        Span::styled(format!(" {sign} "), style),
        Span::styled(format!("{} ", fit(name, columns.name)), scene.theme.text),
        Span::styled(fit(word, STATE_WIDTH), style),
        Span::styled(figures, scene.theme.dim),
        Span::styled(format!("  {}", cut(what, columns.what)), style),
    ])
}
