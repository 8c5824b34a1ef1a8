//! Heat in numbers, and what moves together: laid over the screen.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::Scene;
use super::frame::{Hint, popup, popup_columns, scrolled};
use super::quote::coin;
use super::text::{cut, cut_spans, fit, fit_right, wrap};
use crate::app::baseline::Heat;
use crate::app::command::Command;
use crate::app::correlations::{Pair, compared, pair};
use crate::app::hit_map::HitMap;
use crate::domain::correlation::BARS_MIN;
use crate::domain::format;
use crate::domain::price::Symbol;

const WIDTH: u16 = 100;
const NAME: usize = 13;
const NUMBER: usize = 9;
/// A symbol's column: `+0.42 (77)`; where there are many, `+0.42`.
const CELL: usize = 14;
const NARROW: usize = 7;
/// Symbols of which each has a wide column.
const WIDE_MAX: usize = 6;
/// A correlation of this size is worth seeing.
const STRONG: f64 = 0.7;

pub(super) fn draw(frame: &mut Frame, area: Rect, scene: Scene, scroll: usize, seen: &mut HitMap) {
    let columns = popup_columns(area, WIDTH);
    let lines: Vec<Line<'static>> = heat(scene, columns).into_iter().chain(together(scene, columns)).collect();
    let height = (lines.len() as u16).saturating_add(2);
    let title = Line::from(vec![
        Span::styled("Heat", scene.theme.text.add_modifier(Modifier::BOLD)),
        Span::styled(" · the last 24 h against the seven days before", scene.theme.dim),
    ]);
    let inner = popup(frame, area, scene, (WIDTH, height), title, &HINTS);
    let cut = |line: Line<'static>| Line::from(cut_spans(line.spans, inner.width.into()));
    scrolled(frame, inner, lines.into_iter().map(cut).collect(), scroll, seen);
}

const HINTS: [Hint; 2] = [(Command::NextSpan, "span"), (Command::Close, "back")];

/// The numbers of a topic, as they are headed, and by what place they go where there is no room for all: the last first.
const NUMBERS: [(&str, usize); 4] = [("stories", 0), ("outlets", 2), ("a day", 3), ("times", 1)];

/// Those of the numbers that have room, side by side.
fn numbers(numbers: [String; 4], columns: usize) -> String {
    let fitting = columns.saturating_sub(1 + NAME) / NUMBER;
    let shown = numbers.into_iter().zip(NUMBERS).filter(|(_, (_, place))| *place < fitting);
    shown.map(|(number, _)| fit_right(&number, NUMBER)).collect()
}

/// A line for each topic: stories, outlets, how many are usual, and how many times as many it has.
fn heat(scene: Scene, columns: usize) -> Vec<Line<'static>> {
    let theme = scene.theme;
    let head = numbers(NUMBERS.map(|(word, _)| word.to_owned()), columns);
    let mut lines = vec![Line::from(Span::styled(format!(" {}{head}", fit("", NAME)), theme.dim))];
    for rule in scene.app.topics() {
        let heat = scene.app.heat(&rule.name);
        let key = rule.key.or_else(|| scene.app.topic(rule.parent.as_deref()?)?.key);
        let name = if rule.parent.is_some() { format!("  {}", rule.title) } else { rule.title.clone() };
        let figures = [
            heat.stories.to_string(),
            scene.app.heat_outlets(&rule.name).count().to_string(),
            a_day(heat),
            times(heat),
        ];
        let figures = numbers(figures, columns);
        let room = columns.saturating_sub(1 + NAME + figures.chars().count());
        let style = if heat.is_spike { theme.fresh } else { theme.text };
        lines.push(Line::from(vec![
            Span::styled(format!(" {}", fit(&name, NAME)), theme.topic(rule.color.as_deref(), key)),
            Span::styled(figures, style),
            Span::styled(note(heat, room), style),
        ]));
    }
    lines.push(Line::default());
    lines
}

fn a_day(heat: Heat) -> String {
    heat.usual.map_or("–".to_owned(), |(per_day, _)| format!("{per_day:.1}"))
}

/// `3.2×`, or a dash.
pub(super) fn times(heat: Heat) -> String {
    heat.times().map_or("–".to_owned(), |times| format!("{times:.1}×"))
}

/// The note behind a row where there is room: a spike, or how many days the usual count is based on.
fn note(heat: Heat, room: usize) -> String {
    let forms = match heat.usual {
        _ if heat.is_spike => vec!["  ▲ spike".to_owned(), " ▲".to_owned()],
        None => {
            vec!["  usual count not known yet: less than a day of stories".to_owned(), "  not known yet".to_owned()]
        }
        Some((_, days)) if days < 6.5 => vec![format!("  over {days:.0} of 7 days"), format!("  {days:.0} days")],
        Some(_) => Vec::new(),
    };
    forms.into_iter().find(|form| form.chars().count() <= room).unwrap_or_default()
}

/// The correlation of each pair of symbols, with the number of bars it rests on where there is room.
fn together(scene: Scene, columns: usize) -> Vec<Line<'static>> {
    let theme = scene.theme;
    let app = scene.app;
    let symbols = compared(&app.tape);
    let room = columns.saturating_sub(1 + NAME);
    let width = if symbols.len() > WIDE_MAX || symbols.len() * CELL > room { NARROW } else { CELL };
    // Each pair stands there twice: without the last column none is lost.
    let others = &symbols[..symbols.len().min(room / width)];
    let list = app.tape.list().map(|list| format!(" · {}", cut(list, NAME * 2))).unwrap_or_default();
    let of = if width == CELL { "correlation of returns (bars)" } else { "correlation of returns" };
    let mut lines = vec![
        Line::from(vec![
            Span::styled(" Moves together", theme.text.add_modifier(Modifier::BOLD)),
            Span::styled(format!("{list} · {} · {of}", app.tape.span), theme.dim),
        ]),
        Line::from(Span::styled(head(others, width), theme.dim)),
    ];
    for (at, symbol) in symbols.iter().enumerate() {
        let mut spans = vec![Span::styled(format!(" {}", fit(coin(&symbol.name), NAME)), theme.accent)];
        for (other_at, other) in others.iter().enumerate() {
            let (text, style) = match at == other_at {
                true => ("·".to_owned(), theme.faint),
                false => cell(scene, pair(&app.tape, &symbol.name, &other.name, app.now), width),
            };
            spans.push(Span::styled(fit_right(&text, width), style));
        }
        lines.push(Line::from(spans));
    }
    lines.extend(left_out(scene, symbols.len().min(others.len() + 1)));
    let words = match width {
        CELL => format!(" – (n): n bars in common, fewer than {BARS_MIN}. – none: no candles over this span."),
        _ => format!(" –: no candles over this span, or fewer than {BARS_MIN} bars in common."),
    };
    let words = wrap(words.trim_start(), columns.saturating_sub(2));
    lines.extend(words.into_iter().map(|line| Line::from(Span::styled(format!(" {line}"), theme.faint))));
    lines
}

/// What is said of symbols that have no room.
fn left_out(scene: Scene, compared: usize) -> Option<Line<'static>> {
    let all = scene.app.tape.shown().len();
    let choose = match scene.app.keymap.hint(Command::NextList) {
        key if key.is_empty() || scene.app.tape.lists().is_empty() => String::new(),
        key => format!("; {key} chooses a list"),
    };
    let words = format!(" {compared} of {}{choose}", format::count(all, "symbol", "symbols"));
    (compared < all).then(|| Line::from(Span::styled(words, scene.theme.dim)))
}

fn head(symbols: &[&Symbol], width: usize) -> String {
    // Between two names stands a blank.
    let name = |symbol: &&Symbol| fit_right(&cut(coin(&symbol.name), width - 1), width);
    format!(" {}{}", fit("", NAME), symbols.iter().map(name).collect::<String>())
}

fn cell(scene: Scene, pair: Pair, width: usize) -> (String, Style) {
    let theme = scene.theme;
    let bars = |bars: usize| if width == CELL { format!(" ({bars})") } else { String::new() };
    match pair {
        Pair::NoCandles(_) if width == CELL => ("– none".to_owned(), theme.faint),
        Pair::NoCandles(_) => ("–".to_owned(), theme.faint),
        Pair::Compared(together) => match together.correlation {
            None => (format!("–{}", bars(together.bars)), theme.faint),
            Some(r) => {
                let style = if r.abs() >= STRONG { theme.direction(r) } else { theme.text };
                (format!("{}{}", format::signed(r, 2), bars(together.bars)), style)
            }
        },
    }
}
