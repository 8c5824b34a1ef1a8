//! The help: every command with its keys, made from the live keymap.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use strum::IntoEnumIterator;

use super::Scene;
use super::frame::{heading, popup, scrolled};
use super::text::{cut, find_all, fit, wrap};
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

/// Columns of the popup, of its keys, and of the names of commands where there is room for them.
const WIDTH: u16 = 116;
const KEYS: usize = 22;
const NAMES: usize = 18;
const WITH_NAMES: usize = 90;

/// Keys, the name of what they do, and what that is.
struct Entry {
    keys: String,
    name: &'static str,
    help: String,
}

pub fn draw(frame: &mut Frame, area: Rect, scene: Scene, scroll: usize, seen: &mut Seen) {
    let lines = lines(scene, usize::from(WIDTH.min(area.width).saturating_sub(2)));
    let all = usize::from(area.height.saturating_sub(2));
    let find = &scene.app.reading.find;
    // What is looked for must not make the frame jump.
    let height = if find.is_empty() && scene.app.prompt.is_none() { lines.len().min(all) } else { all } as u16 + 2;
    let inner = popup(frame, area, scene, (WIDTH, height), title(scene), hint(scene, lines.len() > all));
    scrolled(frame, inner, lines, scroll, seen);
}

fn title(scene: Scene) -> Line<'static> {
    let find = &scene.app.reading.find;
    let mut title = heading(scene, "Help");
    if !find.is_empty() {
        title.spans.push(Span::styled(format!(" · {}", cut(find, 30)), scene.theme.accent));
    }
    title
}

fn hint(scene: Scene, scrolls: bool) -> Line<'static> {
    let keymap = &scene.app.keymap;
    let [down, up, find, close] =
        [Command::Down, Command::Up, Command::Query, Command::Close].map(|command| keymap.hint(command));
    let more = if scrolls { format!("{down} {up} more  ") } else { String::new() };
    Span::styled(format!("{more}{find} find  {close} closes"), scene.theme.dim).into()
}

fn lines(scene: Scene, columns: usize) -> Vec<Line<'static>> {
    let commands = Command::iter().filter_map(|command| command_entry(scene, command));
    let plain = |(keys, help): &(&str, &str)| Entry { keys: (*keys).to_owned(), name: "", help: (*help).to_owned() };
    let chapters: [(&str, Vec<Entry>); 3] = [
        ("", commands.collect()),
        ("In the query line", LINE_KEYS.iter().map(plain).collect()),
        ("In a query", QUERY.iter().map(plain).collect()),
    ];
    let mut lines: Vec<Line> = Vec::new();
    for (name, entries) in chapters {
        let shown: Vec<Line> = entries
            .iter()
            .filter(|entry| is_sought(scene, entry))
            .flat_map(|entry| written(scene, entry, columns))
            .collect();
        if !name.is_empty() && !shown.is_empty() {
            lines.push(Line::default());
            lines.push(Line::styled(format!(" {name}"), scene.theme.accent));
        }
        lines.extend(shown);
    }
    if lines.is_empty() {
        lines.push(Line::styled(" Nothing in the help has these words.", scene.theme.dim));
    }
    lines
}

/// Every word that is looked for stands in it somewhere.
fn is_sought(scene: Scene, entry: &Entry) -> bool {
    let text = format!("{} {} {}", entry.keys, entry.name, entry.help);
    scene.app.reading.find.split_whitespace().all(|word| !find_all(&text, word).is_empty())
}

/// Nothing for a digit that no topic and no view has.
fn command_entry(scene: Scene, command: Command) -> Option<Entry> {
    let app = scene.app;
    let is_there = command.digit().is_none_or(|digit| digit == '0' || app.key_shows(digit).is_some());
    let keys: Vec<String> = app.keymap.keys(command).map(ToString::to_string).collect();
    let keys = if keys.is_empty() { "(no key)".to_owned() } else { keys.join("  ") };
    is_there.then(|| Entry { keys, name: command.name(), help: explained(scene, command) })
}

/// What a command does, with the name of the topic or view that it shows.
pub(super) fn explained(scene: Scene, command: Command) -> String {
    let shows = command.digit().filter(|digit| *digit != '0').and_then(|digit| scene.app.key_shows(digit));
    shows.map_or_else(|| command.help().to_owned(), |shows| format!("only {shows}"))
}

/// Keys on the left, the name and the help on the right, both wrapped where they are longer than their room.
fn written(scene: Scene, entry: &Entry, columns: usize) -> Vec<Line<'static>> {
    let left = KEYS.min(columns * 2 / 5);
    let names = if columns >= WITH_NAMES { NAMES + 1 } else { 0 };
    let (keys, help) = (wrap(&entry.keys, left), wrap(&entry.help, columns.saturating_sub(left + names + 3)));
    let line = |at: usize| {
        let (keys, help) = (keys.get(at).map_or("", String::as_str), help.get(at).cloned().unwrap_or_default());
        let name = if at == 0 { entry.name } else { "" };
        Line::from(vec![
            Span::styled(format!(" {} ", fit(keys, left)), scene.theme.accent),
            Span::styled(fit(name, names), scene.theme.dim),
            Span::styled(help, scene.theme.text),
        ])
    };
    (0..keys.len().max(help.len())).map(line).collect()
}
