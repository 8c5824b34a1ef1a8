//! The help: every command under its heading with its keys, made from the live keymap; what may be typed; and the signs.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use strum::IntoEnumIterator;

use super::Scene;
use super::frame::{Hint, heading, popup, popup_columns, scrolled};
use super::signs::{self, Sign};
use super::text::{cut, find_all, fit, spans_width, width, wrap};
use crate::app::command::{Chapter, Command};
use crate::app::hit_map::HitMap;
use crate::app::palette::key_shows;
use crate::app::prompt::LINE_KEYS;

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

/// Columns of the popup; from so many inside on it has two columns, with so many blanks between.
const WIDTH: u16 = 158;
const TWO_FROM: usize = 112;
const GAP: usize = 2;
/// Columns of the keys of commands, and of their names where there is room for them; of what may be typed, at most.
const KEYS: usize = 14;
const NAMES: usize = 18;
const TYPED_MAX: usize = 22;
const WITH_NAMES: usize = 76;

/// What is explained, its look, its name in the config if it has one, and the explanation.
struct Entry {
    keys: String,
    style: Style,
    name: &'static str,
    help: String,
}

/// A heading with what stands under it.
struct Part {
    title: &'static str,
    entries: Vec<Entry>,
}

pub(super) fn draw(frame: &mut Frame, area: Rect, scene: Scene, scroll: usize, seen: &mut HitMap) {
    let lines = lines(scene, popup_columns(area, WIDTH));
    let all = usize::from(area.height.saturating_sub(2));
    let find = &scene.app.reading.find;
    // What is looked for must not make the frame jump.
    let height = if find.is_empty() && !scene.app.prompt.is_open() { lines.len().min(all) } else { all } as u16 + 2;
    let hints: &[Hint] = if lines.len() > all { &SCROLLED } else { &SCROLLED[1..] };
    let inner = popup(frame, area, scene, (WIDTH, height), title(scene), hints);
    scrolled(frame, inner, lines, scroll, seen);
}

/// The keys of the help; the first only where there is more than fits.
const SCROLLED: [Hint; 3] = [(Command::Down, "more"), (Command::Query, "find"), (Command::Close, "closes")];

fn title(scene: Scene) -> Line<'static> {
    let find = &scene.app.reading.find;
    let mut title = heading(scene, "Help");
    if !find.is_empty() {
        title.spans.push(Span::styled(format!(" · {}", cut(find, 30)), scene.theme.accent));
    }
    title
}

fn lines(scene: Scene, columns: usize) -> Vec<Line<'static>> {
    let parts: Vec<Part> = parts(scene).into_iter().filter_map(|part| sought(scene, part)).collect();
    if parts.is_empty() {
        return vec![Line::styled(" Nothing in the help has these words.", scene.theme.dim)];
    }
    if columns < TWO_FROM {
        return parts.iter().flat_map(|part| part_lines(scene, part, columns)).collect();
    }
    let width = (columns - GAP) / 2;
    let parts: Vec<Vec<Line>> = parts.iter().map(|part| part_lines(scene, part, width)).collect();
    beside(parts, width)
}

/// Two columns, as nearly as high as each other as whole parts allow.
fn beside(mut parts: Vec<Vec<Line<'static>>>, width: usize) -> Vec<Line<'static>> {
    let height = |parts: &[Vec<Line>]| parts.iter().map(Vec::len).sum::<usize>();
    let higher = |at: &usize| height(&parts[..*at]).max(height(&parts[*at..]));
    let at = (1..=parts.len()).min_by_key(higher).unwrap_or(parts.len());
    let right = parts.split_off(at).concat();
    let left = parts.concat();
    let side = |lines: &[Line<'static>], at: usize| lines.get(at).map(|line| line.spans.clone()).unwrap_or_default();
    let line = |at: usize| {
        let mut spans = side(&left, at);
        let missing = (width + GAP).saturating_sub(spans_width(&spans));
        spans.push(Span::raw(" ".repeat(missing)));
        spans.extend(side(&right, at));
        Line::from(spans)
    };
    (0..left.len().max(right.len())).map(line).collect()
}

fn parts(scene: Scene) -> Vec<Part> {
    let style = scene.theme.accent;
    let plain = |(keys, help): &(&str, &str)| Entry { keys: (*keys).into(), style, name: "", help: (*help).to_owned() };
    let sign = |sign: Sign| Entry { keys: sign.sign, style: sign.style, name: "", help: sign.means };
    let mut parts: Vec<Part> = Chapter::iter().map(|chapter| chapter_part(scene, chapter)).collect();
    parts.push(Part { title: "In the query line", entries: LINE_KEYS.iter().map(plain).collect() });
    parts.push(Part { title: "In a query", entries: QUERY.iter().map(plain).collect() });
    parts.push(Part { title: "Signs", entries: signs::legend(scene).into_iter().map(sign).collect() });
    parts
}

fn chapter_part(scene: Scene, chapter: Chapter) -> Part {
    let commands = Command::iter().filter(|command| command.chapter() == chapter);
    let mut entries: Vec<Entry> = commands.filter_map(|command| command_entry(scene, command)).collect();
    if chapter == Chapter::Read {
        let mark_read = scene.app.config.screen.mark_read;
        entries.push(Entry {
            keys: "mark-read".into(),
            style: scene.theme.dim,
            name: "",
            help: format!("set to \"{}\" in the config: {}", mark_read.name(), mark_read.means()),
        });
    }
    Part { title: chapter.title(), entries }
}

/// A part with those of its entries alone that are looked for: all, when its heading is. None when there is none.
fn sought(scene: Scene, mut part: Part) -> Option<Part> {
    part.entries.retain(|entry| is_sought(scene, part.title, entry));
    (!part.entries.is_empty()).then_some(part)
}

/// Every word that is looked for stands in it somewhere.
fn is_sought(scene: Scene, title: &str, entry: &Entry) -> bool {
    let text = format!("{title} {} {} {}", entry.keys, entry.name, entry.help);
    scene.app.reading.find.split_whitespace().all(|word| !find_all(&text, word).is_empty())
}

/// Nothing for a digit that no topic and no view has.
fn command_entry(scene: Scene, command: Command) -> Option<Entry> {
    let app = scene.app;
    let is_there =
        command.digit().is_none_or(|digit| digit == '0' || key_shows(digit, app.topics(), &app.config.views).is_some());
    let keys: Vec<String> = app.keymap.keys(command).map(ToString::to_string).collect();
    let keys = if keys.is_empty() { "(no key)".to_owned() } else { keys.join("  ") };
    is_there.then(|| Entry { keys, style: scene.theme.accent, name: command.name(), help: explained(scene, command) })
}

/// What a command does, with the name of the topic or view that it shows.
pub(super) fn explained(scene: Scene, command: Command) -> String {
    let shows = command
        .digit()
        .filter(|digit| *digit != '0')
        .and_then(|digit| key_shows(digit, scene.app.topics(), &scene.app.config.views));
    shows.map_or_else(|| command.help().to_owned(), |shows| format!("only {shows}"))
}

/// The heading, the entries, and an empty line.
fn part_lines(scene: Scene, part: &Part, columns: usize) -> Vec<Line<'static>> {
    let style = scene.theme.text.add_modifier(Modifier::BOLD | Modifier::UNDERLINED);
    let heading = Line::from(vec![Span::raw(" "), Span::styled(part.title, style)]);
    // What has no names leaves their room to what is explained.
    let has_names = part.entries.iter().any(|entry| !entry.name.is_empty());
    let names = if has_names && columns >= WITH_NAMES { NAMES + 1 } else { 0 };
    let longest = part.entries.iter().map(|entry| width(&entry.keys)).max().unwrap_or(0);
    let keys = if has_names { KEYS } else { longest.min(TYPED_MAX) };
    let columns = (keys.min(columns * 2 / 5), names, columns);
    let entries = part.entries.iter().flat_map(|entry| written(scene, entry, columns));
    std::iter::once(heading).chain(entries).chain([Line::default()]).collect()
}

/// Keys on the left, the name and the help on the right, both wrapped where they are longer than their room.
fn written(scene: Scene, entry: &Entry, (left, names, columns): (usize, usize, usize)) -> Vec<Line<'static>> {
    let (keys, help) = (wrap(&entry.keys, left), wrap(&entry.help, columns.saturating_sub(left + names + 3)));
    let line = |at: usize| {
        let (keys, help) = (keys.get(at).map_or("", String::as_str), help.get(at).cloned().unwrap_or_default());
        let name = if at == 0 { entry.name } else { "" };
        // What is looked at is the sign alone, not the blanks behind it.
        Line::from(vec![
            Span::raw(" "),
            Span::styled(keys.to_owned(), entry.style),
            Span::raw(" ".repeat((left + 1).saturating_sub(width(keys)))),
            Span::styled(fit(name, names), scene.theme.dim),
            Span::styled(help, scene.theme.text),
        ])
    };
    (0..keys.len().max(help.len())).map(line).collect()
}
