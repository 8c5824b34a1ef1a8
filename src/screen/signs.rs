//! The signs that stand for something, and what each means: the help lists them.

use ratatui::style::{Modifier, Style};
use strum::IntoEnumIterator;

use super::Scene;
use crate::app::health::Standing;

pub(super) const UNREAD: &str = "●";
/// Of a row, that the reader starred it; behind an outlet, that it is a primary source.
pub(super) const STAR: &str = "★";
/// Behind a move.
pub(super) const SELDOM: &str = "!";
/// Before the name of an alert that fired.
pub(super) const ALERT: &str = "!";
/// In place of a move or a price.
pub(super) const UNKNOWN: &str = "–";
pub(super) const RISEN: &str = "▲";
pub(super) const FALLEN: &str = "▼";
/// Rows above, and lines below.
pub(super) const ABOVE: &str = "↑";
pub(super) const BELOW: &str = "↓";
/// A price changed its source.
pub(super) const HANDOVER: &str = "⇄";
pub(super) const RUNS: &str = "▶";
pub(super) const PAUSED: &str = "▮▮";

/// `×3` outlets.
pub(super) fn outlets(count: usize) -> String {
    format!("×{count}")
}

/// `+1` more of something.
pub(super) fn more(count: usize) -> String {
    format!("+{count}")
}

/// Sign, word and style of how a feed or a source fares.
pub(super) fn mark(scene: Scene, standing: Standing) -> (&'static str, &'static str, Style) {
    let (mark, style) = match standing {
        Standing::Fresh => ("✓", scene.theme.up),
        Standing::Failing => ("✗", scene.theme.down),
        Standing::Silent => ("~", scene.theme.warning),
        Standing::Old => ("!", scene.theme.warning),
        Standing::Waiting => ("…", scene.theme.dim),
        Standing::Disabled => ("-", scene.theme.faint),
    };
    (mark, standing.word(), style)
}

/// A sign as it is drawn, and what it means.
pub(super) struct Sign {
    pub sign: String,
    pub style: Style,
    pub means: String,
}

/// Every sign with what it means (a table).
pub(super) fn legend(scene: Scene) -> Vec<Sign> {
    let theme = scene.theme;
    let bold = theme.text.add_modifier(Modifier::BOLD);
    let underlined = theme.text.add_modifier(Modifier::UNDERLINED);
    let edited = theme.faint.add_modifier(Modifier::ITALIC);
    let signs = [
        (UNREAD, theme.accent, "unread"),
        (STAR, theme.star, "in front of a row: starred; behind an outlet: a primary source"),
        ("×3", theme.dim, "so many outlets carry the story"),
        ("+1", theme.dim, "behind topics: so many more; behind a headline: more stories of the same outlet"),
        ("−0.8%", theme.down, "what the bound price that moved most did since the story"),
        (SELDOM, bold, "behind a move: at least four times the usual one; in the last line: an alert"),
        (UNKNOWN, theme.faint, "not known: the market was closed, or there is no price"),
        ("bold", bold, "in a headline: the words that gave the story its topics"),
        ("dim", theme.dim, "a headline: read, or a day old; a move: a usual one; a price: not current"),
        (
            "underlined",
            underlined,
            "a headline: one of your highlights matches it; in the bar: the topic shown; in the reader: a link",
        ),
        ("edited", edited, "the outlet has changed the headline"),
        ("…", theme.text, "there is more than there is room for"),
        (ABOVE, theme.accent, "so many new rows above those shown"),
        (BELOW, theme.dim, "so many lines below those shown"),
        (RISEN, theme.up, "risen; in the heat panel: a spike, three times the usual count"),
        (FALLEN, theme.down, "fallen"),
        ("┃ █", theme.text, "bars of the chart: a thin one rises, a thick one falls"),
        ("◂ ┄", theme.text, "the last price, at the axis and as a line"),
        ("▴ 2 +", theme.text, "below a bar: a story, so many stories, more than nine"),
        ("▁ ▄ █", theme.dim, "in the heat: stories an hour; below the chart: volume"),
        ("▸", theme.accent, "the symbol that the chart shows"),
        ("▴ ▾", theme.accent, "at the head of a column: the prices are sorted by it"),
        ("└", theme.dim, "a report of the same event as the line above"),
        (HANDOVER, theme.dim, "a price changed its source"),
        (RUNS, theme.dim, "a recorded day runs"),
        (PAUSED, theme.dim, "it is paused"),
    ];
    let sign = |(sign, style, means): (&str, Style, &str)| Sign { sign: sign.into(), style, means: means.into() };
    let feeds = Standing::iter().map(|standing| {
        let (sign, word, style) = mark(scene, standing);
        Sign { sign: sign.into(), style, means: format!("in the list of feeds, {word}: it {}", standing.means()) }
    });
    signs.into_iter().map(sign).chain(feeds).collect()
}
