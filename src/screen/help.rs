//! The help: every command with its keys, made from the live keymap.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use strum::IntoEnumIterator;

use super::Scene;
use super::frame::{heading, popup, scrolled};
use super::text::{fit, wrap};
use crate::app::command::Command;
use crate::app::prompt::LINE_KEYS;
use crate::app::seen::Seen;

/// What the words of the query line mean, for whoever looks it up here.
const QUERY: [(&str, &str); 7] = [
    ("nvidia raises", "both words, whole, without regard to case and accents"),
    ("\"lève des fonds\"", "a phrase"),
    ("openai -musk", "not this word"),
    ("a OR b", "either; group with ( )"),
    ("topic:sec outlet:reuters", "only this topic, this outlet"),
    ("is:unread age<2h", "marks and age"),
    ("move:NVDA>1%", "what a price did since the story"),
];

/// Columns of the popup, and of its keys.
const WIDTH: u16 = 104;
const KEYS: usize = 26;

pub fn draw(frame: &mut Frame, area: Rect, scene: Scene, scroll: usize, seen: &mut Seen) {
    let lines = lines(scene, usize::from(WIDTH.min(area.width).saturating_sub(2)));
    let height = lines.len() as u16 + 2;
    let inner = popup(frame, area, scene, (WIDTH, height), heading(scene, "Help"), hint(scene, height > area.height));
    scrolled(frame, inner, lines, scroll, seen);
}

fn hint(scene: Scene, scrolls: bool) -> Line<'static> {
    let keymap = &scene.app.keymap;
    let (down, up, close) = (keymap.hint(Command::Down), keymap.hint(Command::Up), keymap.hint(Command::Close));
    let more = if scrolls { format!("{down} {up} more  ") } else { String::new() };
    Span::styled(format!("{more}{close} closes"), scene.theme.dim).into()
}

fn lines(scene: Scene, columns: usize) -> Vec<Line<'static>> {
    let commands = Command::iter().filter_map(|command| command_text(scene, command));
    let mut lines: Vec<Line> = commands.flat_map(|(keys, help)| entry(scene, &keys, &help, columns)).collect();
    lines.push(Line::default());
    lines.push(Line::styled(" In the query line", scene.theme.accent));
    lines.extend(QUERY.iter().chain(&LINE_KEYS).flat_map(|(query, help)| entry(scene, query, help, columns)));
    lines
}

/// Nothing for a digit that no topic and no view has.
fn command_text(scene: Scene, command: Command) -> Option<(String, String)> {
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
    Some((keys, help))
}

/// Keys on the left, help on the right, both wrapped where they are longer than their room.
fn entry(scene: Scene, keys: &str, help: &str, columns: usize) -> Vec<Line<'static>> {
    let left = KEYS.min(columns * 2 / 5);
    let (keys, help) = (wrap(keys, left), wrap(help, columns.saturating_sub(left + 3)));
    let line = |at: usize| {
        let (keys, help) = (keys.get(at).map_or("", String::as_str), help.get(at).cloned().unwrap_or_default());
        Line::from(vec![
            Span::styled(format!(" {} ", fit(keys, left)), scene.theme.accent),
            Span::styled(help, scene.theme.text),
        ])
    };
    (0..keys.len().max(help.len())).map(line).collect()
}
