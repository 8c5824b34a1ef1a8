//! The query line, and above it what helps with it: where it can't be read and why, or what may stand at its cursor.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget};
use unicode_segmentation::UnicodeSegmentation;

use super::Scene;
use super::frame::put;
use super::text::{cut, safe, spans_width, width, wrap};
use crate::app::command::Command;
use crate::app::prompt::{Keys, Prompt, Purpose};

/// Columns that a note behind the query has at least.
const NOTE_MIN: usize = 12;
/// Columns before the query: ` / `.
const LABEL: usize = 3;

/// `/ nvidia raises▏` with the place of a mistake underlined. What is typed scrolls, so that its cursor is always in
/// view.
pub(super) fn draw(frame: &mut Frame, area: Rect, scene: Scene, prompt: &Prompt) {
    let theme = scene.theme;
    let (before, _) = prompt.halves();
    let room = usize::from(area.width).saturating_sub(LABEL + 1);
    let hidden = columns_hidden(before, room);
    let marked = prompt.mistake.as_ref().map(|mistake| mistake.at.min(prompt.text().len()));
    let label = match prompt.purpose {
        Purpose::Query | Purpose::Find => " / ",
        Purpose::View { .. } => " + ",
        Purpose::Command => " : ",
    };
    let mut spans = vec![Span::styled(label, theme.accent.add_modifier(Modifier::BOLD))];
    spans.extend(typed(scene, prompt, hidden, room, marked));
    let left = usize::from(area.width).saturating_sub(spans_width(&spans) + 3);
    let told_above = draw_above(frame, area, scene, prompt, hidden);
    let (note, style) = match &prompt.mistake {
        Some(mistake) if !told_above => (mistake.message.clone(), theme.warning),
        _ => (note(scene, prompt), theme.dim),
    };
    // A few letters of a sentence say nothing.
    if left >= width(&note).min(NOTE_MIN) {
        spans.push(Span::styled(format!("   {}", cut(&note, left)), style));
    }
    put(frame, Line::from(spans), area);
}

/// What is said behind the line.
fn note(scene: Scene, prompt: &Prompt) -> String {
    let keymap = &scene.app.keymap;
    match prompt.purpose {
        Purpose::Query => count(scene),
        Purpose::View { .. } => String::new(),
        Purpose::Command => "↑ ↓ choose  Enter does it  Esc closes".into(),
        Purpose::Find if scene.app.popup.is_some() => "Enter keeps it  Esc shows all".into(),
        Purpose::Find => {
            let [next, before] = [Command::NextUnread, Command::PreviousUnread].map(|command| keymap.hint(command));
            format!("Enter keeps it, then {next} {before} go through it  Esc ends")
        }
    }
}

/// `41 of 214`, and how many of them are older than what memory holds.
fn count(scene: Scene) -> String {
    let wire = &scene.app.wire;
    let count = format!("{} of {}", wire.rows().len(), wire.group_count());
    match (wire.found_count(), scene.app.is_looking()) {
        (0, false) => count,
        _ if wire.is_sifting() => format!("{count} · searching …"),
        (0, true) => format!("{count} · looking further back …"),
        (found, true) => format!("{count} · {found} from further back …"),
        (found, false) => format!("{count} · {found} from further back"),
    }
}

/// The lines above: true when they tell of the mistake.
fn draw_above(frame: &mut Frame, area: Rect, scene: Scene, prompt: &Prompt, hidden: usize) -> bool {
    if prompt.purpose == Purpose::Command {
        super::palette::draw(frame, area, scene, prompt);
        return false;
    }
    let columns = usize::from(area.width);
    let is_unfinished = |at: usize| at >= prompt.text().len() && !prompt.offers.list.is_empty();
    let mistake = prompt.mistake.as_ref().filter(|mistake| !is_unfinished(mistake.at));
    let lines = match mistake {
        Some(mistake) => mistake_lines(prompt, &safe(&mistake.message), mistake.at, hidden, columns),
        None => Vec::new(),
    };
    let lines: Vec<Line> = match lines.as_slice() {
        [] => help_line(scene, prompt, columns).into_iter().collect(),
        _ => lines.into_iter().map(|line| Line::styled(line, scene.theme.warning)).collect(),
    };
    let top = area.y.saturating_sub(lines.len() as u16);
    for (y, line) in (top..area.y).zip(lines) {
        let place = Rect { y, height: 1, ..area }.intersection(frame.area());
        Clear.render(place, frame.buffer_mut());
        frame.buffer_mut().set_style(place, scene.theme.ground);
        put(frame, line, place);
    }
    mistake.is_some() && top < area.y
}

/// The message with a mark right above the place, `▾ this ( is never closed`, on the side where there is room for it;
/// where there is none, in lines above the mark.
fn mistake_lines(prompt: &Prompt, message: &str, at: usize, hidden: usize, columns: usize) -> Vec<String> {
    let before = prompt.text().get(..at).unwrap_or(prompt.text());
    // The cursor takes a column of its own.
    let cursor = prompt.halves().0.len();
    let bar = usize::from(cursor <= before.len() && cursor < prompt.text().len());
    let column = (LABEL + bar + width(before).saturating_sub(hidden)).min(columns.saturating_sub(1));
    let blank = |columns: usize| " ".repeat(columns);
    if columns - column >= width(message) + 2 {
        return vec![format!("{}▾ {message}", blank(column))];
    }
    if column > width(message) {
        return vec![format!("{}{message} ▾", blank(column - width(message) - 1))];
    }
    let mut lines: Vec<String> =
        wrap(message, columns.saturating_sub(2)).into_iter().map(|line| format!(" {line}")).collect();
    lines.push(format!("{}▾", blank(column)));
    lines
}

fn help_line(scene: Scene, prompt: &Prompt, columns: usize) -> Option<Line<'static>> {
    let theme = scene.theme;
    if let Purpose::View { query } = &prompt.purpose {
        let free: Vec<String> = Keys::of(&scene.app.config).free().into_iter().map(String::from).collect();
        let text = format!(" a key and a name for this view (free: {})  {}", free.join(" "), safe(query));
        return Some(Line::styled(cut(&text, columns), theme.dim));
    }
    if prompt.purpose == Purpose::Find {
        return None;
    }
    if prompt.offers.list.is_empty() {
        let keys =
            [("Tab", "completes"), ("C-p", "earlier"), ("C-s", "saves as a view"), ("Enter", "keeps"), ("Esc", "back")];
        let hint = |(key, word): (&'static str, &'static str)| {
            [Span::styled(format!(" {key}"), theme.accent), Span::styled(format!(" {word} "), theme.dim)]
        };
        let mut keys: Vec<_> = keys.into_iter().map(hint).collect();
        while spans_width(&keys.concat()) > columns {
            keys.pop();
        }
        return prompt.text().is_empty().then(|| Line::from(keys.concat()));
    }
    Some(offers_line(scene, prompt, columns))
}

/// As many offers as fit, from the chosen one's page on; the chosen one lit.
fn offers_line(scene: Scene, prompt: &Prompt, columns: usize) -> Line<'static> {
    let theme = scene.theme;
    let offers = &prompt.offers;
    let shown: Vec<String> = offers.list.iter().map(|offer| safe(offer.trim_end()).into_owned()).collect();
    let chosen = offers.chosen.unwrap_or(0);
    // The first of the page that the chosen one is on.
    let (mut first, mut used) = (0, 1);
    for (at, offer) in shown.iter().enumerate().take(chosen + 1) {
        used += width(offer) + 2;
        if used > columns.saturating_sub(2) && at > first {
            (first, used) = (at, width(offer) + 3);
        }
    }
    let mut spans = vec![Span::styled(if first > 0 { "…" } else { " " }, theme.dim)];
    for (at, offer) in shown.iter().enumerate().skip(first) {
        let left = columns.saturating_sub(spans_width(&spans) + 3);
        if width(offer) > left && at > first {
            spans.push(Span::styled("…", theme.dim));
            break;
        }
        let style = if offers.chosen == Some(at) {
            theme.accent.add_modifier(Modifier::BOLD | Modifier::UNDERLINED)
        } else {
            theme.text
        };
        spans.push(Span::styled(cut(offer, left), style));
        spans.push(Span::raw("  "));
    }
    Line::from(spans)
}

/// How many columns of the text before the cursor are scrolled out of view.
fn columns_hidden(before: &str, room: usize) -> usize {
    width(before).saturating_sub(room)
}

/// The query from a column on, in at most so many columns, the cursor in it and the mistake underlined.
fn typed(scene: Scene, prompt: &Prompt, hidden: usize, room: usize, marked: Option<usize>) -> Vec<Span<'static>> {
    let cursor = prompt.halves().0.len();
    let bar = || Span::styled("▏", scene.theme.accent);
    let mut spans = Vec::new();
    let mut column = 0;
    for (at, grapheme) in prompt.text().grapheme_indices(true) {
        if at == cursor {
            spans.push(bar());
        }
        let start = column;
        column += width(grapheme);
        if start < hidden || column - hidden > room {
            continue;
        }
        let wrong = marked.is_some_and(|place| (at..at + grapheme.len()).contains(&place));
        let style = if wrong { scene.theme.warning.add_modifier(Modifier::UNDERLINED) } else { scene.theme.text };
        spans.push(Span::styled(grapheme.to_owned(), style));
    }
    if cursor == prompt.text().len() {
        // A mistake at the very end: something is missing here.
        let missing = marked == Some(cursor) && cursor > 0;
        spans.push(if missing { Span::styled("▏", scene.theme.warning) } else { bar() });
    }
    spans
}
