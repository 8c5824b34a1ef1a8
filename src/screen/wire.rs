//! The wire: one row for each group, newest first.

use jiff::SignedDuration;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use unicode_segmentation::UnicodeSegmentation;

use super::frame::{panel, put};
use super::text::{age, cut, cut_at, fit, fit_right, percent, safe, width, wrap};
use super::{Scene, Size};
use crate::app::Focus;
use crate::app::reaction::{Missing, Reaction, Weight};
use crate::app::seen::Seen;
use crate::app::wire::{Item, Row, Sort};
use crate::domain::text::TitleSpan;

/// A story this young is bright.
const FRESH: SignedDuration = SignedDuration::from_mins(15);

/// … and one this old is quiet, read or not.
const OLD: SignedDuration = SignedDuration::from_hours(24);

/// Behind a headline that was another at first, where there is room.
const EDITED: &str = " edited";

/// Widths of the columns beside the headline; 0 leaves a column out.
struct Columns {
    /// From this width of the panel on.
    from: usize,
    outlet: usize,
    tags: usize,
    outlets: usize,
    moved: usize,
    /// The move less that of the market.
    net: usize,
}

/// What gives way first as the panel narrows: the move less the market's, then the symbol of the move, then the outlet, then the move with the number of
/// outlets. Mark, age, tags and headline stay.
const COLUMNS: [Columns; 6] = [
    Columns { from: 116, outlet: 16, tags: 12, outlets: 4, moved: 12, net: 11 },
    Columns { from: 92, outlet: 14, tags: 12, outlets: 4, moved: 12, net: 0 },
    Columns { from: 74, outlet: 12, tags: 10, outlets: 4, moved: 8, net: 0 },
    Columns { from: 62, outlet: 10, tags: 8, outlets: 4, moved: 8, net: 0 },
    Columns { from: 50, outlet: 0, tags: 8, outlets: 4, moved: 8, net: 0 },
    Columns { from: 0, outlet: 0, tags: 8, outlets: 0, moved: 0, net: 0 },
];

pub fn draw(frame: &mut Frame, area: Rect, scene: Scene, seen: &mut Seen) {
    let inner = match scene.size {
        Size::Tiny => area,
        _ => panel(frame, area, scene, scene.app.focus == Focus::Wire, title(scene), news_above(scene)),
    };
    seen.panels.push((area, Focus::Wire));
    let wire = &scene.app.wire;
    let height = usize::from(inner.height);
    let top = wire.top(height);
    seen.wire = inner;
    seen.wire_top = top;
    if wire.rows().is_empty() {
        return nothing(frame, inner, scene);
    }
    let cursor = wire.cursor();
    // The line takes a row: what is under the cursor must stay in sight.
    let is_below = |top: usize, at: usize| cursor.is_some_and(|cursor| cursor >= at && cursor - top + 1 >= height);
    let line_at = away_line(scene).filter(|at| top < *at && *at < top + height);
    let top = if line_at.is_some_and(|at| is_below(top, at)) { top + 1 } else { top };
    let line_at = line_at.filter(|at| top < *at);
    seen.wire_top = top;
    let mut y = inner.y;
    for (at, row) in wire.rows().iter().enumerate().skip(top).take(height) {
        if line_at == Some(at) {
            seen.wire_line = Some(y);
            draw_away(frame, Rect { y, height: 1, ..inner }, scene);
            y += 1;
        }
        if y < inner.bottom() {
            draw_row(frame, Rect { y, height: 1, ..inner }, scene, (row, cursor == Some(at)), seen);
        }
        y += 1;
    }
}

/// How late a story may be heard of and still count as of now.
const LATE: SignedDuration = SignedDuration::from_hours(1);

/// The row above which the line stands: the first that was there when the reader went away.
fn away_line(scene: Scene) -> Option<usize> {
    let since = scene.app.away_since().filter(|_| scene.app.wire.sort() == Sort::Newest)?;
    let rows = scene.app.wire.rows();
    let is_newer = |row: &Row| scene.app.wire.item(row.lead).is_some_and(|item| item.story.first_seen > since);
    let at = rows.partition_point(|row| row.time > since);
    // What had been published by then, but was only heard of later, stands above it as well.
    let late = rows[at..].iter().take_while(|row| since.duration_since(row.time) < LATE);
    let at = at + late.enumerate().filter(|(_, row)| is_newer(row)).last().map_or(0, |(place, _)| place + 1);
    (at > 0 && at < rows.len()).then_some(at)
}

/// `──── above: since you were here, 13:05 ET ────`
fn draw_away(frame: &mut Frame, area: Rect, scene: Scene) {
    let Some(since) = scene.app.away_since() else { return };
    let words = format!(" ↑ since you were here, {} ", scene.market_day_time(since));
    let words = cut(&words, area.width.into());
    let rest = usize::from(area.width).saturating_sub(width(&words));
    let line = format!("{}{words}{}", "─".repeat(rest / 2), "─".repeat(rest - rest / 2));
    put(frame, Line::styled(line, scene.theme.accent), area);
}

/// `Wire ── 41 of 214 · topic:nvidia bitcoin`
fn title(scene: Scene) -> Line<'static> {
    let wire = &scene.app.wire;
    let filter = wire.filter();
    let mut spans = vec![Span::styled("Wire", scene.theme.text.add_modifier(Modifier::BOLD))];
    let count = match filter.is_empty() {
        true => format!(" · {}", wire.rows().len()),
        false => format!(" · {} of {}", wire.rows().len(), wire.group_count()),
    };
    spans.push(Span::styled(count, scene.theme.dim));
    spans.extend(muted(scene).map(|words| Span::styled(words, scene.theme.dim)));
    let topic = filter.topic.as_ref().map(|topic| format!("topic:{topic}"));
    let query = filter.query.as_ref().map(|(text, _)| cut(text, 40));
    let sort = Some(wire.sort().words().to_owned()).filter(|words| !words.is_empty());
    for part in [topic, query, sort].into_iter().flatten() {
        spans.push(Span::styled(format!(" · {part}"), scene.theme.accent));
    }
    Line::from(spans)
}

/// ` · 12 muted`
fn muted(scene: Scene) -> Option<String> {
    let wire = &scene.app.wire;
    let shown = if wire.shows_muted() { ", shown" } else { "" };
    (wire.muted_count() > 0).then(|| format!(" · {} muted{shown}", wire.muted_count()))
}

/// What the reader of the wire would miss: rows above, rows held back.
fn news_above(scene: Scene) -> Line<'static> {
    let wire = &scene.app.wire;
    if wire.paused() {
        return Span::styled(format!("paused · {} held back", wire.held()), scene.theme.warning).into();
    }
    match wire.above() {
        0 => Line::default(),
        above => Span::styled(format!("↑ {above} new"), scene.theme.accent).into(),
    }
}

fn draw_row(frame: &mut Frame, area: Rect, scene: Scene, (row, selected): (&Row, bool), seen: &mut Seen) {
    let Some(item) = scene.app.wire.item(row.lead) else { return };
    let columns = COLUMNS.iter().find(|columns| usize::from(area.width) >= columns.from).unwrap_or(&COLUMNS[0]);
    if selected {
        frame.buffer_mut().set_style(area, scene.theme.selected);
    }
    let mut spans = lead_in(scene, row, item, columns);
    let tail = tail(scene, row, item, columns);
    let taken: usize = spans.iter().chain(&tail).map(|span| width(&span.content)).sum();
    let room = usize::from(area.width).saturating_sub(taken);
    let link = item.story.link.as_deref().map(|link| seen.link(link)).unwrap_or_default();
    spans.extend(linked(headline(scene, row, item, room), link));
    spans.extend(tail);
    put(frame, Line::from(spans), area);
}

/// The words of a headline lead to its story; the blanks behind it do not.
pub(super) fn linked(spans: Vec<Span<'static>>, link: Style) -> Vec<Span<'static>> {
    let is_blank = |span: &Span| span.content.trim().is_empty();
    spans.into_iter().map(|span| if is_blank(&span) { span } else { span.patch_style(link) }).collect()
}

/// Mark, age, outlet and tags.
fn lead_in(scene: Scene, row: &Row, item: &Item, columns: &Columns) -> Vec<Span<'static>> {
    let theme = scene.theme;
    let app = scene.app;
    let mark = match (app.wire.row_is_starred(row), app.wire.row_is_unread(row)) {
        (true, _) => Span::styled("★", theme.star),
        (_, true) => Span::styled("●", theme.accent),
        _ => Span::raw(" "),
    };
    let mut spans = vec![mark, Span::styled(format!("{} ", fit_right(&age(row.time, app.now), 4)), theme.dim)];
    if columns.outlet > 0 {
        let room = columns.outlet - 1 - usize::from(item.story.primary) * 2;
        let mut outlet = cut(&item.story.outlet, room);
        if item.story.primary {
            outlet.push_str(" ★");
        }
        let style = if item.story.primary { theme.star } else { theme.dim };
        spans.push(Span::styled(fit(&outlet, columns.outlet), style));
    }
    spans.extend(tags(scene, item, columns.tags));
    spans
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
            let more = if used == 0 { cut(label, room.saturating_sub(1)) } else { format!("+{}", rest + 1) };
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
pub(super) fn shown_topics(scene: Scene, item: &Item) -> Vec<(String, Style)> {
    let app = scene.app;
    let rules: Vec<_> = item.tagged.topics.iter().filter_map(|topic| app.topic(topic)).collect();
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
    let words: Vec<&TitleSpan> = item.tagged.tags.iter().flat_map(|tag| &tag.spans).collect();
    let mut spans = emphasised(&item.story.title, &words, style, room.saturating_sub(1));
    let mut used: usize = spans.iter().map(|span| width(&span.content)).sum();
    if item.story.title_before.is_some() && used + width(EDITED) < room {
        spans.push(Span::styled(EDITED, scene.theme.faint.add_modifier(Modifier::ITALIC)));
        used += width(EDITED);
    }
    spans.push(Span::raw(" ".repeat(room.saturating_sub(used))));
    spans
}

/// A title in at most this many columns, with the words that decided its topics in bold.
pub(super) fn emphasised(title: &str, words: &[&TitleSpan], style: Style, room: usize) -> Vec<Span<'static>> {
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

/// Number of outlets, and the move since the story. What a row does not have is left to its headline.
fn tail(scene: Scene, row: &Row, item: &Item, columns: &Columns) -> Vec<Span<'static>> {
    let mut spans = Vec::new();
    let reaction = scene.app.reaction(item, row.time).filter(|_| columns.moved > 0);
    spans.extend(reaction.map(|reaction| moved(scene, reaction, columns.moved)));
    spans.extend(reaction.filter(|_| columns.net > 0).map(|reaction| net(scene, reaction, columns.net)));
    let carried = carried(scene, row);
    if columns.outlets > 0 && (!carried.is_empty() || !spans.is_empty()) {
        // Below each other, whether a move stands behind them or not.
        let missing = if spans.is_empty() { columns.moved + columns.net } else { 0 };
        spans.insert(0, Span::styled(fit_right(&carried, columns.outlets), scene.theme.dim));
        spans.push(Span::raw(" ".repeat(missing)));
    }
    spans
}

/// `×3` outlets; `+1` where one outlet has told it more than once.
fn carried(scene: Scene, row: &Row) -> String {
    let wire = &scene.app.wire;
    match (wire.outlet_count(row.group), wire.member_count(row.group)) {
        (outlets @ 2.., _) => format!("×{outlets}"),
        (_, stories @ 2..) => format!("+{}", stories - 1),
        _ => String::new(),
    }
}

/// What the bound price that moved most did since a time; with its symbol where there is room, and a mark when it is
/// seldom that it moves so far. A dash where that is not known, with the reason where there is room.
pub(super) fn moved(scene: Scene, reaction: Result<Reaction, Missing>, room: usize) -> Span<'static> {
    let reaction = match reaction {
        Ok(reaction) => reaction,
        Err(missing) => {
            let words = format!("– {}", why_missing(missing));
            let words = if width(&words) < room { words } else { "–".to_owned() };
            // A figure has a blank, or its mark, behind it.
            return Span::styled(fit_right(&format!("{words} "), room), scene.theme.faint);
        }
    };
    let mark = if reaction.weight() == Weight::Seldom { "!" } else { " " };
    let figure = format!("{}{mark}", percent(reaction.moved.percent, 1));
    let named = format!("{} {figure}", super::quotes::coin(reaction.symbol));
    let text = if width(&named) <= room { named } else { figure };
    Span::styled(fit_right(&text, room), weighed(scene, &reaction))
}

/// `net −0.5%`: the move less that of the market, where a benchmark is configured.
fn net(scene: Scene, reaction: Result<Reaction, Missing>, room: usize) -> Span<'static> {
    let net = reaction.ok().and_then(|reaction| reaction.net);
    let text = net.map(|(_, net)| format!("net {}", percent(net, 1))).unwrap_or_default();
    Span::styled(fit_right(&text, room), scene.theme.dim)
}

/// What keeps a move from being known, in a word or two.
pub(super) fn why_missing(missing: Missing) -> &'static str {
    match missing {
        Missing::Closed => "closed",
        Missing::NoPrice => "no price",
    }
}

/// The style of a move: its direction, loud when it is seldom; noise is dim.
pub(super) fn weighed(scene: Scene, reaction: &Reaction) -> Style {
    let direction = scene.theme.moved(reaction.moved.percent);
    match reaction.weight() {
        Weight::Old => scene.theme.faint,
        Weight::Noise => scene.theme.dim,
        _ if reaction.moved.percent.abs() < 0.05 => scene.theme.dim,
        Weight::Seldom => direction.add_modifier(Modifier::BOLD),
        Weight::Unknown | Weight::Marked => direction,
    }
}

/// An empty wire says why it is empty and what to do.
fn nothing(frame: &mut Frame, area: Rect, scene: Scene) {
    let app = scene.app;
    let close = app.keymap.hint(crate::app::command::Command::Close);
    let words = if !app.wire.is_empty() {
        format!("Nothing matches. {close} shows all stories again.")
    } else if app.loading {
        "Reading what is stored …".to_owned()
    } else if app.health.offline() {
        "No story yet: nothing could be reached. newstape tries again by itself; `newstape demo` shows a recorded \
         day without any network."
            .to_owned()
    } else if app.replay.is_some() {
        "No story yet at this time of the recorded day.".to_owned()
    } else if app.health.fresh(app.now).1 == 0 {
        "No feed is switched on. `newstape feeds add ADDRESS` takes one in, and so does a [[feed]] in the config."
            .to_owned()
    } else {
        "No story yet. The feeds are being asked …".to_owned()
    };
    let lines = wrap(&words, usize::from(area.width).saturating_sub(4));
    for (at, line) in lines.into_iter().enumerate().take(area.height.into()) {
        let place = Rect {
            x: area.x + 2.min(area.width),
            y: area.y + at as u16,
            width: area.width.saturating_sub(2),
            height: 1,
        };
        put(frame, Line::styled(line, scene.theme.dim), place);
    }
}
