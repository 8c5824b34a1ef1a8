//! All that is known of one feed: how it is asked, why it waits, what its last answers were.

use jiff::Timestamp;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use super::Scene;
use super::feeds::{silent, standing_word, whole};
use super::frame::{Hint, popup, popup_columns, scrolled};
use super::signs::mark;
use super::text::{cut, fit, fit_right, safe, wrap};
use crate::app::command::Command;
use crate::app::health::FeedLine;
use crate::app::hit_map::HitMap;
use crate::domain::feed::{Attempt, Feed, FeedState, NextCheck};
use crate::domain::format;

/// Columns of the popup, and of the names of what is shown.
const WIDTH: u16 = 100;
const LABEL: usize = 12;
/// Columns of the figures of an attempt: when, status, how long, how much.
const FIGURES: [usize; 4] = [12, 7, 9, 9];
/// Below this many columns the last two figures go.
const NARROW: usize = 70;

pub(super) fn draw(frame: &mut Frame, area: Rect, scene: Scene, (cursor, scroll): (usize, usize), seen: &mut HitMap) {
    let Some(feed) = scene.app.health.feeds().nth(cursor) else { return };
    let columns = popup_columns(area, WIDTH);
    let lines = lines(scene, &feed, columns);
    let height = lines.len() as u16 + 2;
    let inner = popup(frame, area, scene, (WIDTH, height), title(scene, &feed), &HINTS);
    scrolled(frame, inner, lines, scroll, seen);
}

fn title(scene: Scene, line: &FeedLine) -> Line<'static> {
    let (sign, _, style) = mark(scene, line.standing(scene.app.now));
    Line::from(vec![
        Span::styled(line.feed.name.to_string(), scene.theme.text.add_modifier(Modifier::BOLD)),
        Span::styled(format!(" {sign} {}", standing_word(scene, line)), style),
    ])
}

const HINTS: [Hint; 3] = [(Command::Refresh, "ask now"), (Command::Read, "its stories"), (Command::Close, "back")];

fn lines(scene: Scene, line: &FeedLine, columns: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let labelled = facts(scene, line).into_iter().chain(line.state.into_iter().flat_map(|state| answers(scene, state)));
    for (label, text) in labelled {
        lines.extend(fact(scene, label, &text, columns));
    }
    let attempts = line.state.map(|state| state.history.attempts.as_slice()).unwrap_or_default();
    if !attempts.is_empty() {
        lines.push(Line::default());
        lines.push(attempts_head(scene, columns));
        lines.extend(attempts.iter().map(|attempt| attempt_line(scene, attempt, columns)));
    }
    lines
}

/// What it is, by the config.
fn facts(scene: Scene, line: &FeedLine) -> Vec<(&'static str, String)> {
    let feed = line.feed;
    let mut facts = vec![("address", safe(&feed.url).into_owned())];
    if let Some(address) = line.state.and_then(|state| state.moves.learned.as_deref()) {
        facts.push((
            "moved to",
            format!("{} (its server says so; the config still has the old address)", safe(address)),
        ));
    }
    let kind = [
        Some(feed.category.to_string()),
        feed.primary.then(|| "primary".into()),
        feed.lang.as_ref().map(|lang| lang.to_string()),
    ];
    facts.push(("kind", kind.into_iter().flatten().collect::<Vec<_>>().join(" · ")));
    facts.push(("asked", how_it_is_asked(feed)));
    if let Some(kill) = &feed.kill {
        facts.push(("never shown", format!("what matches {}", safe(kill))));
    }
    let state = line.state;
    facts.extend(state.and_then(|state| Some(("next", next(scene, state)?))));
    facts.extend(silent(line, scene.app.now).map(|silence| ("silent", silence)));
    facts
        .extend(state.and_then(|state| state.history.trouble.as_ref()).map(|trouble| ("trouble", trouble.to_string())));
    facts
}

fn how_it_is_asked(feed: &Feed) -> String {
    let own = [
        (feed.user_agent.is_some(), "under a name of its own"),
        (!feed.headers.is_empty(), "with headers of its own"),
        (feed.login.is_some(), "with a login"),
        (feed.proxy.is_some(), "through a proxy"),
        (feed.accept_invalid_certificate, "without checking its certificate"),
    ];
    let own = own.into_iter().filter(|(is_so, _)| *is_so).map(|(_, how)| how);
    let interval = format::duration(feed.interval);
    let every = match (feed.own_interval, feed.primary) {
        (true, _) => format!("every {interval}, as its interval in the config says"),
        (false, true) => {
            let longest = format::duration(Feed::LONGEST_OF_PRIMARY.max(feed.interval));
            if longest == interval { format!("every {interval}") } else { format!("every {interval} to {longest}") }
        }
        (false, false) => format!("every {interval}, less often when it publishes seldom"),
    };
    std::iter::once(every.as_str()).chain(own).collect::<Vec<_>>().join(", ")
}

/// When it is asked next, and why then.
fn next(scene: Scene, state: &FeedState) -> Option<String> {
    let now = scene.app.now;
    let when = match state.schedule.next_check {
        NextCheck::Due => return None,
        NextCheck::Never => "never".into(),
        NextCheck::At(at) if at <= now => "now".into(),
        NextCheck::At(at) => format!("in {} ({})", format::countdown(at, now), scene.market_day_time(at)),
    };
    Some(std::iter::once(when).chain(state.schedule.clause()).collect::<Vec<_>>().join(": "))
}

/// What its answers say.
fn answers(scene: Scene, state: &FeedState) -> Vec<(&'static str, String)> {
    let now = scene.app.now;
    let ago = |at: Timestamp| format!("{} ago ({})", format::brief_age(at, now), scene.market_day_time(at));
    let mut lines = vec![("last well", state.history.last_success.map_or("never".into(), ago))];
    let mut rhythm = Vec::new();
    rhythm.extend(
        state
            .rhythm
            .newest
            .filter(|newest| *newest <= now)
            .map(|at| format!("newest {} ago", format::brief_age(at, now))),
    );
    rhythm.extend(state.rhythm.median_gap.map(|gap| format!("one about every {}", format::duration(whole(gap)))));
    if !rhythm.is_empty() {
        lines.push(("entries", rhythm.join(", ")));
    }
    lines.push(("validators", validators(state)));
    if state.history.not_modified > 0 {
        let times = format::count(state.history.not_modified as usize, "time", "times");
        lines.push(("unchanged", format!("{times} (304)")));
    }
    if !state.history.repairs.is_empty() {
        lines.push(("repaired", state.history.repairs.join(", ")));
    }
    lines
}

fn validators(state: &FeedState) -> String {
    let etag = state.cache.etag.as_ref().map(|etag| format!("ETag {}", safe(etag)));
    let date = state.cache.last_modified.as_ref().map(|date| format!("Last-Modified {}", safe(date)));
    match [etag, date].into_iter().flatten().collect::<Vec<_>>() {
        none if none.is_empty() => "none given: it answers whole each time".into(),
        some => some.join(" · "),
    }
}

fn fact(scene: Scene, label: &'static str, text: &str, columns: usize) -> Vec<Line<'static>> {
    let wrapped = wrap(text, columns.saturating_sub(LABEL + 3));
    let style = if matches!(label, "trouble" | "silent") { scene.theme.warning } else { scene.theme.text };
    let labels = std::iter::once(label).chain(std::iter::repeat(""));
    let line = |(label, text): (&str, String)| {
        Line::from(vec![Span::styled(format!(" {} ", fit(label, LABEL)), scene.theme.dim), Span::styled(text, style)])
    };
    labels.zip(wrapped).map(line).collect()
}

fn figures(cells: [&str; 4], columns: usize) -> String {
    let shown = if columns < NARROW { 2 } else { 4 };
    let cells = cells.into_iter().zip(FIGURES).take(shown);
    cells
        .enumerate()
        .map(|(at, (cell, width))| if at == 0 { fit(cell, width) } else { fit_right(cell, width) })
        .collect()
}

fn attempts_head(scene: Scene, columns: usize) -> Line<'static> {
    Line::styled(
        format!(" {}  what came of it", figures(["asked", "status", "took", "size"], columns)),
        scene.theme.faint,
    )
}

fn attempt_line(scene: Scene, attempt: &Attempt, columns: usize) -> Line<'static> {
    let status = attempt.status.map_or("–".into(), |status| status.to_string());
    let took = match attempt.millis {
        millis @ ..10_000 => format!("{millis} ms"),
        millis => format!("{} s", millis / 1000),
    };
    let size = if attempt.bytes == 0 { "–".into() } else { format!("{} KB", attempt.bytes.div_ceil(1000)) };
    let when = format!("{} ago", format::brief_age(attempt.at, scene.app.now));
    let cells = figures([&when, &status, &took, &size], columns);
    let is_well = attempt.status.is_some_and(|status| status == 304 || (200..300).contains(&status));
    let how = if attempt.conditional { "" } else { " (asked whole)" };
    let room = columns.saturating_sub(super::text::width(&cells) + 3);
    Line::from(vec![
        Span::styled(format!(" {cells}  "), scene.theme.dim),
        Span::styled(
            cut(&format!("{}{how}", attempt.clause()), room),
            if is_well { scene.theme.text } else { scene.theme.warning },
        ),
    ])
}
