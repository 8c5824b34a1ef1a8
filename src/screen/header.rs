//! The topic bar: every topic with its key and how many groups carry it; the session and the time at the right.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::frame::put;
use super::text::{age, cut, spans_width, until, width};
use super::{Scene, Size};
use crate::app::App;
use crate::app::seen::Seen;
use crate::domain::price::Session;

/// A topic's title in the bar, in columns.
const TITLE_MAX: usize = 20;

pub fn draw(frame: &mut Frame, area: Rect, scene: Scene, seen: &mut Seen) {
    let right = market(scene);
    let mut room = usize::from(area.width).saturating_sub(spans_width(&right));
    let mut spans = brand(scene);
    room = room.saturating_sub(spans_width(&spans));
    let mut tabs = tabs(scene).into_iter().map(|(key, label, style)| (key, tab(scene, key, &label, style))).peekable();
    while let Some((key, tab)) = tabs.next() {
        let needed = spans_width(&tab);
        // Behind a tab that is not the last, room for the `…` of those left out.
        if needed + usize::from(tabs.peek().is_some()) > room {
            spans.push(Span::styled("…", scene.theme.faint));
            break;
        }
        let x = area.x + spans_width(&spans) as u16;
        seen.topics.push((Rect::new(x, area.y, needed as u16, 1), key));
        room -= needed;
        spans.extend(tab);
    }
    put(frame, Line::from(spans), area);
    let right_width = spans_width(&right) as u16;
    if right_width <= area.width {
        let place = Rect { x: area.right() - right_width, width: right_width, ..area };
        put(frame, Line::from(right), place);
    }
}

fn brand(scene: Scene) -> Vec<Span<'static>> {
    match scene.size {
        Size::Huge | Size::Wide => vec![Span::styled(" newstape  ", scene.theme.accent.add_modifier(Modifier::BOLD))],
        _ => vec![Span::raw(" ")],
    }
}

/// Key, label and style of each tab: all, the topics, the views.
fn tabs(scene: Scene) -> Vec<(char, String, Style)> {
    let app = scene.app;
    let mut tabs = vec![('0', format!("All {}{}", app.wire.group_count(), over(scene)), scene.theme.text)];
    for rule in app.topics() {
        let Some(key) = rule.key else { continue };
        let label = format!("{} {}", cut(&rule.title, TITLE_MAX), app.wire.count(&rule.name));
        tabs.push((key, label, scene.theme.topic(rule.color.as_deref(), rule.key)));
    }
    let views =
        app.config.views.iter().filter_map(|view| Some((view.key?, cut(&view.name, TITLE_MAX), scene.theme.text)));
    tabs.extend(views);
    tabs
}

/// Over how long the rows counted go back, where the heat counts beside them over a day.
fn over(scene: Scene) -> String {
    let oldest = scene.app.wire.oldest().filter(|_| scene.size >= Size::Wide);
    oldest.map_or(String::new(), |oldest| format!(" in {}", age(oldest, scene.app.now)))
}

fn tab(scene: Scene, key: char, label: &str, style: Style) -> Vec<Span<'static>> {
    let filter = scene.app.wire.filter();
    let chosen = match scene.app.topics().iter().find(|rule| rule.key == Some(key)) {
        Some(rule) => filter.topic.as_ref() == Some(&rule.name),
        None => key == '0' && filter.is_empty(),
    };
    let strong = if chosen { style.add_modifier(Modifier::BOLD | Modifier::UNDERLINED) } else { style };
    let gap = if scene.size >= Size::Wide { "   " } else { "  " };
    vec![Span::styled(format!("{key} "), scene.theme.faint), Span::styled(label.to_owned(), strong), Span::raw(gap)]
}

/// The session in words, and what comes next. Where a night session that counts is the next to start, it is counted down
/// to, and the market between it and the day is paused, not closed.
fn words(app: &App, session: Session) -> (&'static str, String) {
    let counted = |next: &str, at| format!("{next} in {}", until(at, app.now));
    let bell = app.calendar.next_bell(app.now).at;
    let start = app.calendar.next_start(app.now);
    match session {
        Session::Pre => ("pre-market", counted("opens", bell)),
        Session::Regular => ("open", counted("closes", bell)),
        Session::Post => ("after hours", counted("opens", bell)),
        Session::Overnight if app.has_nights() => ("overnight", counted("opens", bell)),
        Session::Closed if start.begins == Session::Overnight && app.has_nights() => {
            let word = if app.calendar.pause_until(app.now).is_some() { "paused" } else { "closed" };
            (word, counted("night session opens", start.at))
        }
        Session::Overnight | Session::Closed | Session::Always => ("closed", counted("opens", bell)),
    }
}

/// `NYSE open · closes in 2h14 · 13:46 ET`
fn market(scene: Scene) -> Vec<Span<'static>> {
    let app = scene.app;
    let session = app.calendar.session(app.now);
    let (word, countdown) = words(app, session);
    let time = format!("{} ", scene.market_time(app.now));
    let style = if session == Session::Regular { scene.theme.up } else { scene.theme.dim };
    let parts: Vec<Span> = match scene.size {
        Size::Huge | Size::Wide => vec![
            Span::styled(format!("NYSE {word}"), style),
            Span::styled(format!(" · {countdown} · "), scene.theme.dim),
            Span::styled(time, scene.theme.text),
        ],
        Size::Medium => {
            vec![Span::styled(format!("{word} · "), style), Span::styled(time, scene.theme.text)]
        }
        _ => vec![Span::styled(time, scene.theme.dim)],
    };
    debug_assert!(parts.iter().all(|part| width(&part.content) > 0));
    parts
}
