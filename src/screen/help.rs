//! The help: every command with its keys, made from the live keymap.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use strum::IntoEnumIterator;

use super::Scene;
use super::frame::{heading, popup};
use super::text::fit;
use crate::app::command::Command;
use crate::app::seen::Seen;

/// What the words of the query line mean, for whoever looks it up here.
const QUERY: [(&str, &str); 6] = [
    ("nvidia raises", "both words, whole, without regard to case and accents"),
    ("\"lève des fonds\"", "a phrase"),
    ("openai -musk", "not this word"),
    ("a OR b", "either; group with ( )"),
    ("topic:sec outlet:reuters", "only this topic, this outlet"),
    ("is:unread age<2h", "marks and age"),
];

pub fn draw(frame: &mut Frame, area: Rect, scene: Scene, scroll: usize, seen: &mut Seen) {
    let lines = lines(scene);
    let close = scene.app.keymap.hint(Command::Close);
    let title = heading(scene, "Help");
    let hint = Span::styled(format!("{close} closes"), scene.theme.dim).into();
    let inner = popup(frame, area, scene, (104, lines.len() as u16 + 2), title, hint);
    seen.popup = inner;
    seen.popup_scroll_max = lines.len().saturating_sub(inner.height.into());
    let shown = lines.into_iter().skip(scroll.min(seen.popup_scroll_max)).take(inner.height.into());
    for (at, line) in (0u16..).zip(shown) {
        frame.render_widget(line, Rect { y: inner.y + at, height: 1, ..inner });
    }
}

fn lines(scene: Scene) -> Vec<Line<'static>> {
    let mut lines: Vec<Line> = Command::iter().filter_map(|command| command_line(scene, command)).collect();
    lines.push(Line::default());
    lines.push(Line::styled(" In the query line", scene.theme.accent));
    lines.extend(QUERY.iter().map(|(query, help)| line(scene, query, help)));
    lines
}

/// Nothing for a digit that no topic and no view has.
fn command_line(scene: Scene, command: Command) -> Option<Line<'static>> {
    let app = scene.app;
    let keys: Vec<String> = app.keymap.keys(command).map(|key| key.to_string()).collect();
    let help = match command.digit() {
        Some(digit) if digit != '0' => {
            let topic = app.topics().iter().find(|rule| rule.key == Some(digit)).map(|rule| rule.title.clone());
            let view = app.config.views.iter().find(|view| view.key == Some(digit)).map(|view| view.name.to_string());
            format!("only {}", topic.or(view)?)
        }
        _ => command.help().to_owned(),
    };
    let keys = if keys.is_empty() { "(no key)".to_owned() } else { keys.join(" ") };
    Some(line(scene, &keys, &help))
}

fn line(scene: Scene, keys: &str, help: &str) -> Line<'static> {
    Line::from(vec![
        Span::styled(format!(" {} ", fit(keys, 26)), scene.theme.accent),
        Span::styled(help.to_owned(), scene.theme.text),
    ])
}
