//! The last line: the query being typed; else what is wrong, the most pressing first; else what is well. And the keys
//! that help.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::text::{clock, cut, spans_width, until};
use super::{Scene, Size};
use crate::app::command::Command;
use crate::app::seen::Seen;
use crate::app::{Focus, Tone};
use crate::event::ReplayPosition;

pub fn draw(frame: &mut Frame, area: Rect, scene: Scene, _seen: &mut Seen) {
    if let Some(prompt) = &scene.app.prompt {
        return draw_prompt(frame, area, scene, prompt);
    }
    let hints = hints(scene);
    let (text, style) = says(scene);
    let hints_width = spans_width(&hints);
    // Trouble is worth more than hints.
    let pressing = style == scene.theme.warning;
    let room = usize::from(area.width).saturating_sub(if pressing { 0 } else { hints_width } + 2);
    let said = cut(&text, room);
    let left = super::text::width(&said) + 2;
    frame.render_widget(Line::styled(format!(" {said}"), style), area);
    if left + hints_width <= usize::from(area.width) {
        let place = Rect { x: area.right() - hints_width as u16, width: hints_width as u16, ..area };
        frame.render_widget(Line::from(hints), place);
    }
}

/// `/ nvidia raises▏` with the mistake behind it, and the place of the mistake marked.
fn draw_prompt(frame: &mut Frame, area: Rect, scene: Scene, prompt: &crate::app::prompt::Prompt) {
    let (before, after) = prompt.halves();
    let mut spans = vec![Span::styled(" / ", scene.theme.accent.add_modifier(Modifier::BOLD))];
    spans.push(Span::styled(before.to_owned(), scene.theme.text));
    spans.push(Span::styled("▏", scene.theme.accent));
    spans.push(Span::styled(after.to_owned(), scene.theme.text));
    let room = usize::from(area.width).saturating_sub(spans_width(&spans) + 3);
    let (note, style) = match &prompt.mistake {
        Some(mistake) => (mistake.message.clone(), scene.theme.warning),
        None => (format!("{} of {}", scene.app.wire.rows().len(), scene.app.wire.group_count()), scene.theme.dim),
    };
    spans.push(Span::styled(format!("   {}", cut(&note, room)), style));
    frame.render_widget(Line::from(spans), area);
}

/// What is most worth saying now.
fn says(scene: Scene) -> (String, Style) {
    let app = scene.app;
    let theme = scene.theme;
    if let Some(mistake) = &app.config_mistake {
        return (format!("{mistake} · the old config stays in force"), theme.warning);
    }
    if let Some(trouble) = &app.store_trouble {
        return (trouble.clone(), theme.warning);
    }
    if let Some(notice) = &app.notice {
        let style = if notice.tone == Tone::Warning { theme.warning } else { theme.text };
        return (notice.text.clone(), style);
    }
    if let Some(position) = app.replay {
        return (replay(scene, position), theme.dim);
    }
    if app.health.offline() {
        let text = "No network: nothing could be reached. What is shown is stored; newstape tries again by itself.";
        return (text.into(), theme.warning);
    }
    if app.read_only {
        return ("Another newstape runs on this data: this one only reads.".into(), theme.warning);
    }
    (health(scene), theme.dim)
}

/// `26 of 27 feeds fresh · CFTC: refused (403), again 14:20`
fn health(scene: Scene) -> String {
    let app = scene.app;
    if app.loading {
        return "reading what is stored …".into();
    }
    let (fresh, all) = app.health.fresh(app.now);
    let mut text = format!("{fresh} of {all} feeds fresh");
    if let Some((feed, state)) = app.health.latest_trouble() {
        let again = state.next_check.map(|at| format!(", again in {}", until(at, app.now))).unwrap_or_default();
        text.push_str(&format!(" · {feed}: {}{again}", state.trouble.as_deref().unwrap_or_default()));
    }
    text
}

/// `▶ 5 Feb 09:42 ET · ×300 · ━━━━━───── `
fn replay(scene: Scene, position: ReplayPosition) -> String {
    const BAR: usize = 20;
    let now = scene.app.now;
    let whole = position.to.duration_since(position.from).as_secs_f64().max(1.0);
    let share = (now.duration_since(position.from).as_secs_f64() / whole).clamp(0.0, 1.0);
    let done = (share * BAR as f64) as usize;
    let bar = format!("{}{}", "━".repeat(done), "─".repeat(BAR - done));
    let zone = &scene.app.config.market.time_zone;
    let day = now.to_zoned_datetime(zone.clone()).strftime("%-d %b %Y").to_string();
    let sign = if position.paused { "⏸ paused" } else { "▶" };
    match scene.size {
        Size::Tiny => format!("{sign} {day} {}", clock(now, zone)),
        Size::Small | Size::Medium => format!("{sign} replay {day} {}  ×{}", scene.market_time(now), position.speed),
        Size::Wide => format!("{sign} replay {day} {}  {bar}  ×{}", scene.market_time(now), position.speed),
    }
}

/// The keys that help most where the reader is now.
fn hints(scene: Scene) -> Vec<Span<'static>> {
    let app = scene.app;
    let commands: &[(Command, &str)] = match (scene.size, app.focus) {
        (Size::Tiny, _) => &[(Command::Help, "help")],
        (_, Focus::Reader) => &[(Command::Open, "open"), (Command::Close, "back"), (Command::Help, "help")],
        (Size::Small, _) => &[(Command::Query, "query"), (Command::Feeds, "feeds"), (Command::Help, "help")],
        _ if app.replay.is_some() => &[
            (Command::Pause, "pause"),
            (Command::Query, "query"),
            (Command::Read, "read"),
            (Command::Help, "help"),
            (Command::Quit, "quit"),
        ],
        _ => &[
            (Command::Query, "query"),
            (Command::Feeds, "feeds"),
            (Command::Read, "read"),
            (Command::Open, "open"),
            (Command::Help, "help"),
        ],
    };
    let mut spans = Vec::new();
    for (command, word) in commands {
        spans.push(Span::styled(app.keymap.hint(*command), scene.theme.accent));
        spans.push(Span::styled(format!(" {word}  "), scene.theme.dim));
    }
    spans
}
