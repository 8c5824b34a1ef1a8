//! A row of the wire: mark, age, outlet, topics, headline, number of outlets, move. What is empty in a row leaves its cells
//! to the headline. One more is a [`Column`] and its place in [`FORMS`]; the compiler asks for the rest.

use jiff::SignedDuration;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use strum::IntoEnumIterator;
use unicode_segmentation::UnicodeSegmentation;

use super::super::Scene;
use super::super::frame::put;
use super::super::quote::coin;
use super::super::signs;
use super::super::text::{cut, cut_at, fit, fit_right, safe, spans_width, width};
use crate::app::App;
use crate::app::hit_map::HitMap;
use crate::app::reaction::{Missing, Reaction, Weight};
use crate::app::wire::{Item, Row};
use crate::domain::format;
use crate::domain::text::TitleSpan;
use Column::{Age, Carried, Headline, Margin, Mark, Move, Outlet, OutletBehind, Tags, WholeOutlet};

/// A story this young is bright.
const FRESH: SignedDuration = SignedDuration::from_mins(15);

/// … and one this old is quiet, read or not.
const OLD: SignedDuration = SignedDuration::from_hours(24);

/// Behind a headline that was another at first, where there is room.
const EDITED: &str = " edited";

/// Cells of mark and age, with the blank behind them.
const LEAD: usize = 6;
/// The last column of a row: the sign of a move that is seldom, or a blank.
const MARGIN: usize = 1;
/// A headline, or as much of it as there is, comes before the name of the outlet up to this width.
const HEADLINE_MIN: usize = 48;
/// A longer outlet than others leaves its headline so much.
const HEADLINE_LEAST: usize = 32;
/// An outlet is not cut to less than this.
const OUTLET_MIN: usize = 7;
/// Cells for a move with its symbol and the number of outlets; unusually long ones take more.
const TAIL: usize = 17;
/// The same without the symbol.
const TAIL_SHORT: usize = 12;
/// The number of outlets alone.
const CARRIED: usize = 4;
/// Cells of tags where there is little room.
const TAGS_SHORT: usize = 8;
/// Cells of the panel from which on every headline has [`HEADLINE_MIN`].
pub(in crate::screen) const COLUMNS_MIN: u16 = (2 + LEAD + TAGS_SHORT + HEADLINE_MIN + TAIL_SHORT) as u16;

/// A column of a row, with what its width depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    /// Starred, or unread.
    Mark,
    Age,
    /// In so many columns; a longer name is cut.
    Outlet(usize),
    /// The same, but a longer name takes of its row what it needs.
    WholeOutlet(usize),
    Tags(usize),
    Headline,
    /// The outlet behind the headline, as far as that leaves room, in so many columns at most.
    OutletBehind(usize),
    /// The number of outlets.
    Carried,
    /// What the price did since.
    Move(Figure),
    /// The blank at the end of a row without a move.
    Margin,
}

/// How much is said of a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Figure {
    Bare,
    /// With its symbol, or with the reason why there is none.
    Named,
    /// And less that of the market.
    Net,
}

/// When a column is given its room: what is left of the row then is all that it can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumIter)]
enum Turn {
    /// It takes what it needs.
    First,
    Outlet,
    OutletBehind,
    /// All that is left.
    Rest,
}

/// What a column is drawn from.
#[derive(Clone, Copy)]
struct Cell<'a> {
    scene: Scene<'a>,
    row: &'a Row,
    item: &'a Item,
}

/// What a row is made of, from this width of the panel on.
struct Form {
    from: usize,
    columns: &'static [Column],
}

/// What gives way first as the panel narrows: the move less the market's, then the symbol of the move, then the column of
/// the outlets, then the outlets with their number and the move. Mark, age, tags and headline stay. On a screen of 80 columns
/// and more the headline of a row with everything in it has [`HEADLINE_MIN`] columns.
const FORMS: [Form; 5] = [
    Form { from: 116, columns: &[Mark, Age, WholeOutlet(20), Tags(12), Headline, Carried, Move(Figure::Net)] },
    Form { from: 100, columns: &[Mark, Age, WholeOutlet(17), Tags(12), Headline, Carried, Move(Figure::Named)] },
    Form { from: 88, columns: &[Mark, Age, Outlet(14), Tags(TAGS_SHORT), Headline, Carried, Move(Figure::Bare)] },
    Form { from: 50, columns: &[Mark, Age, Tags(TAGS_SHORT), Headline, OutletBehind(32), Carried, Move(Figure::Bare)] },
    Form { from: 0, columns: &[Mark, Age, Tags(TAGS_SHORT), Headline, Margin] },
];

impl Column {
    fn turn(self) -> Turn {
        match self {
            Mark | Age | Outlet(_) | Tags(_) | Carried | Move(_) | Margin => Turn::First,
            WholeOutlet(_) => Turn::Outlet,
            OutletBehind(_) => Turn::OutletBehind,
            Headline => Turn::Rest,
        }
    }

    /// Draws it in at most so many columns, where it can be had in fewer than it needs.
    fn draw(self, cell: Cell, room: usize) -> Vec<Span<'static>> {
        let Cell { scene, row, item } = cell;
        match self {
            Mark => vec![mark(scene, row)],
            Age => {
                vec![Span::styled(
                    format!("{} ", fit_right(&format::brief_age(row.time, scene.app.now), 4)),
                    scene.theme.dim,
                )]
            }
            Outlet(columns) => vec![outlet_column(scene, item, columns)],
            WholeOutlet(columns) => {
                let left = room.saturating_sub(HEADLINE_LEAST);
                vec![outlet_column(scene, item, (outlet_width(item, left) + 1).min(left).max(columns))]
            }
            Tags(_) if item.tagged.topics().is_empty() => Vec::new(),
            Tags(columns) => tags(scene, item, columns),
            Headline => headline(scene, row, item, room),
            OutletBehind(most) => outlet_behind(scene, item, most, room),
            Carried => carried(scene, row),
            Move(figure) => moved(scene, row, item, figure),
            Margin => vec![Span::raw(" ".repeat(MARGIN))],
        }
    }

    /// Columns that it needs so that nothing of it is cut, but for odd ones.
    fn wanted(self, item: &Item) -> usize {
        match self {
            Mark => 1,
            Age => LEAD - 1,
            Outlet(columns) | WholeOutlet(columns) | OutletBehind(columns) => columns,
            Tags(_) if item.tagged.topics().is_empty() => 0,
            Tags(columns) => columns,
            Headline => width_to(&item.story.title, 200),
            Carried => CARRIED,
            Move(_) => TAIL - CARRIED + MARGIN,
            Margin => MARGIN,
        }
    }
}

pub(super) fn draw_row(frame: &mut Frame, area: Rect, scene: Scene, (row, selected): (&Row, bool), seen: &mut HitMap) {
    let Some(item) = scene.app.wire.item(row.lead) else { return };
    let mut room = usize::from(area.width);
    let form = FORMS.iter().find(|form| room >= form.from).unwrap_or(&FORMS[0]);
    if selected {
        frame.buffer_mut().set_style(area, scene.theme.selected);
    }
    let link = item.story.link.as_deref().map(|link| seen.link(link)).unwrap_or_default();
    let cell = Cell { scene, row, item };
    let mut drawn: Vec<Vec<Span>> = vec![Vec::new(); form.columns.len()];
    for turn in Turn::iter() {
        let its = form.columns.iter().zip(&mut drawn).filter(|(column, _)| column.turn() == turn);
        for (column, spans) in its {
            *spans = column.draw(cell, room);
            room = room.saturating_sub(spans_width(spans));
            if *column == Headline {
                *spans = linked(std::mem::take(spans), link);
            }
        }
    }
    put(frame, Line::from(drawn.concat()), area);
}

/// Columns that the headlines of the newest rows need, with everything that stands beside them; in steps, so that the panels
/// don't change their size with every story.
pub(in crate::screen) fn columns_wanted(app: &App) -> u16 {
    const ROWS: usize = 100;
    const STEP: u16 = 10;
    const BORDERS: usize = 2;
    let needed = |row: &Row| {
        let item = app.wire.item(row.lead)?;
        Some(BORDERS + FORMS[0].columns.iter().map(|column| column.wanted(item)).sum::<usize>())
    };
    let most = app.wire.rows().iter().take(ROWS).filter_map(needed).max().unwrap_or(0);
    u16::try_from(most).unwrap_or(u16::MAX).div_ceil(STEP).saturating_mul(STEP)
}

/// The words of a headline lead to its story; the blanks behind it do not.
fn linked(spans: Vec<Span<'static>>, link: Style) -> Vec<Span<'static>> {
    let is_blank = |span: &Span| span.content.trim().is_empty();
    spans.into_iter().map(|span| if is_blank(&span) { span } else { span.patch_style(link) }).collect()
}

fn mark(scene: Scene, row: &Row) -> Span<'static> {
    let wire = &scene.app.wire;
    match (wire.row_is_starred(row), wire.row_is_unread(row)) {
        (true, _) => Span::styled(signs::STAR, scene.theme.star),
        (_, true) => Span::styled(signs::UNREAD, scene.theme.accent),
        _ => Span::raw(" "),
    }
}

/// Columns of a text, which is not looked at further than to so many.
fn width_to(text: &str, most: usize) -> usize {
    // However many bytes a letter has, hardly any has more than eight.
    let end = text.char_indices().map(|(at, _)| at).find(|at| *at >= most * 8);
    let text = safe(end.and_then(|end| text.get(..end)).unwrap_or(text));
    cut_at(&text, most).map_or_else(|| width(&text), |_| most)
}

/// Columns of an outlet with the star of a primary source; of very long ones as many as may be had.
fn outlet_width(item: &Item, most: usize) -> usize {
    let star = if item.story.primary { 1 + width(signs::STAR) } else { 0 };
    width_to(&item.story.outlet, most) + star
}

/// `SEC ★`, cut to a number of columns.
fn outlet(scene: Scene, item: &Item, columns: usize) -> Span<'static> {
    if item.story.primary {
        let name = cut(&item.story.outlet, columns.saturating_sub(1 + width(signs::STAR)));
        return Span::styled(format!("{name} {}", signs::STAR), scene.theme.star);
    }
    Span::styled(cut(&item.story.outlet, columns), scene.theme.dim)
}

/// The outlet in a column of its own, with a blank behind it.
fn outlet_column(scene: Scene, item: &Item, columns: usize) -> Span<'static> {
    let name = outlet(scene, item, columns.saturating_sub(1));
    Span::styled(fit(&name.content, columns), name.style)
}

/// The outlet behind the headline, with a blank before it. The headline comes first, up to its least width.
fn outlet_behind(scene: Scene, item: &Item, most: usize, room: usize) -> Vec<Span<'static>> {
    let left = room.saturating_sub(width_to(&item.story.title, HEADLINE_MIN) + 1).min(most);
    let needed = outlet_width(item, most);
    if left < needed.min(OUTLET_MIN) {
        return Vec::new();
    }
    vec![Span::raw(" "), outlet(scene, item, left)]
}

/// The tags as coloured words, children in place of their parents; what does not fit is counted.
fn tags(scene: Scene, item: &Item, room: usize) -> Vec<Span<'static>> {
    let mut spans = Vec::new();
    let mut used = 0;
    let shown = shown_topics(scene, item);
    for (at, (label, style)) in shown.iter().enumerate() {
        let rest = shown.len() - at - 1;
        // Behind a tag that is not the last, room for the number of those left out.
        let reserve = if rest > 0 { 3 } else { 0 };
        if used + width(label) + 1 + reserve > room {
            let more = if used == 0 { cut(label, room.saturating_sub(1)) } else { signs::more(rest + 1) };
            used += width(&more);
            spans.push(Span::styled(more, *style));
            break;
        }
        used += width(label) + 1;
        spans.push(Span::styled(label.clone(), *style));
        spans.push(Span::raw(" "));
    }
    spans.push(Span::raw(" ".repeat(room.saturating_sub(used))));
    spans
}

/// Label and style of each topic of a story; a parent is left out when one of its children is there.
pub(in crate::screen) fn shown_topics(scene: Scene, item: &Item) -> Vec<(String, Style)> {
    let app = scene.app;
    let rules: Vec<_> = item.tagged.topics().iter().filter_map(|topic| app.topic(topic)).collect();
    let parents: Vec<_> = rules.iter().filter_map(|rule| rule.parent.as_ref()).collect();
    let shown = rules.iter().filter(|rule| !parents.contains(&&rule.name));
    shown
        .map(|rule| {
            let key = rule.key.or_else(|| app.topic(rule.parent.as_deref()?)?.key);
            let label = rule.short.clone().unwrap_or_else(|| rule.title.clone());
            (label, scene.theme.topic(rule.color.as_deref(), key))
        })
        .collect()
}

/// The headline in exactly so many columns.
fn headline(scene: Scene, row: &Row, item: &Item, room: usize) -> Vec<Span<'static>> {
    let app = scene.app;
    let age = app.now.duration_since(row.time);
    let style = match app.wire.row_is_unread(row) {
        true if age < FRESH => scene.theme.fresh,
        true if age < OLD => scene.theme.text,
        _ => scene.theme.dim,
    };
    let highlight = app.wire.highlighted_by(item);
    let style = highlight.map_or(style, |highlight| {
        style.patch(scene.theme.topic(highlight.color.as_deref(), None)).add_modifier(Modifier::UNDERLINED)
    });
    let mut spans = emphasised(&item.story.title, &item.tagged.spans, style, room);
    let mut used: usize = spans.iter().map(|span| width(&span.content)).sum();
    if item.story.title_before.is_some() && used + width(EDITED) <= room {
        spans.push(Span::styled(EDITED, scene.theme.faint.add_modifier(Modifier::ITALIC)));
        used += width(EDITED);
    }
    spans.push(Span::raw(" ".repeat(room.saturating_sub(used))));
    spans
}

/// A title in at most this many columns, with the words that decided its topics in bold.
fn emphasised(title: &str, words: &[TitleSpan], style: Style, room: usize) -> Vec<Span<'static>> {
    let shown = safe(title);
    // Words stand at places of the title as it was stored; in one that had to be made safe those places are others.
    let words = if shown.len() == title.len() { words } else { &[] };
    let cut = cut_at(&shown, room);
    let kept = shown.get(..cut.unwrap_or(shown.len())).unwrap_or_default();
    let mut spans: Vec<Span> = Vec::new();
    let mut at = 0;
    while let Some(rest) = kept.get(at..).filter(|rest| !rest.is_empty()) {
        let strong = words.iter().any(|word| word.contains(&at));
        let edges = words.iter().flat_map(|word| [word.start, word.end]);
        let run = edges.filter_map(|edge| edge.checked_sub(at).filter(|run| *run > 0)).min();
        let run = run.map_or(rest, |run| until_grapheme(rest, run));
        let style = if strong { style.add_modifier(Modifier::BOLD) } else { style };
        match spans.last_mut().filter(|last| last.style == style) {
            Some(last) => last.content.to_mut().push_str(run),
            None => spans.push(Span::styled(run.to_owned(), style)),
        }
        at += run.len();
    }
    if cut.is_some() && room > 0 {
        spans.push(Span::styled("…", style));
    }
    spans
}

/// A text up to the first grapheme that begins at this byte or behind it.
fn until_grapheme(text: &str, bytes: usize) -> &str {
    if text.is_ascii() {
        return text.get(..bytes).unwrap_or(text);
    }
    let end = text.grapheme_indices(true).map(|(at, _)| at).find(|at| *at >= bytes);
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

/// `×3` outlets; `+1` where one outlet has published it more than once. With a blank before it.
fn carried(scene: Scene, row: &Row) -> Vec<Span<'static>> {
    let wire = &scene.app.wire;
    let carried = match (wire.outlet_count(row.group), wire.member_count(row.group)) {
        (outlets @ 2.., _) => signs::outlets(outlets),
        (_, stories @ 2..) => signs::more(stories - 1),
        _ => return Vec::new(),
    };
    vec![Span::styled(format!(" {carried}"), scene.theme.dim)]
}

/// The move since the story, with a blank before it, then the last column.
fn moved(scene: Scene, row: &Row, item: &Item, said: Figure) -> Vec<Span<'static>> {
    let Some(reaction) = scene.app.reaction(item, row.time) else { return vec![Span::raw(" ".repeat(MARGIN))] };
    let moved = figure(scene, reaction, said != Figure::Bare);
    let mut spans = vec![Span::styled(format!(" {}", moved.content), moved.style)];
    let net = reaction.ok().and_then(|reaction| reaction.net).filter(|_| said == Figure::Net);
    spans.extend(net.map(|(_, net)| Span::styled(format!("net {} ", format::percent(net, 1)), scene.theme.dim)));
    spans
}

/// A symbol is named beside its move up to this width.
const SYMBOL_MAX: usize = 8;

/// What the bound price that moved most did since a time, and behind it a blank, or a mark when it is seldom that it moves so
/// far: `−0.8% `, `NVDA −5.1%!`. A dash where that is not known. Named: with the symbol, or with the reason.
pub(in crate::screen) fn figure(scene: Scene, reaction: Result<Reaction, Missing>, is_named: bool) -> Span<'static> {
    let reaction = match reaction {
        Ok(reaction) => reaction,
        Err(missing) => {
            let why = if is_named { format!(" {}", why_missing(missing)) } else { String::new() };
            return Span::styled(format!("{}{why} ", signs::UNKNOWN), scene.theme.faint);
        }
    };
    let mark = if reaction.weight() == Weight::Seldom { signs::SELDOM } else { " " };
    let figure = format!("{}{mark}", format::percent(reaction.moved.percent, 1));
    let symbol = Some(coin(reaction.symbol)).filter(|symbol| is_named && width(symbol) <= SYMBOL_MAX);
    let text = symbol.map_or_else(|| figure.clone(), |symbol| format!("{symbol} {figure}"));
    Span::styled(text, weighed(scene, &reaction))
}

/// What keeps a move from being known, in a word or two.
fn why_missing(missing: Missing) -> &'static str {
    match missing {
        Missing::Closed => "closed",
        Missing::NoPrice => "no price",
    }
}

/// The style of a move: its direction, loud when it is seldom; noise is dim.
pub(in crate::screen) fn weighed(scene: Scene, reaction: &Reaction) -> Style {
    let direction = scene.theme.moved(reaction.moved.percent);
    match reaction.weight() {
        Weight::Old => scene.theme.faint,
        Weight::Noise => scene.theme.dim,
        _ if reaction.moved.percent.abs() < 0.05 => scene.theme.dim,
        Weight::Seldom => direction.add_modifier(Modifier::BOLD),
        Weight::Unknown | Weight::Marked => direction,
    }
}
