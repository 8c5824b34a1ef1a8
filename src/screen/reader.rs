//! The reader: the current story, who else carries it, why it is tagged, and what the prices did since.

mod page;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::Frame;
use ratatui::layout::{Margin, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use self::page::Page;
use super::frame::{Hint, heading, panel_with_hints, put};
use super::group::lag;
use super::quote::plain_price;
use super::text::{arrow, clock, cut, cut_spans, find_all, restyled, spans_width, width};
use super::wire::weighed;
use super::{Scene, Size, signs};
use crate::app::Focus;
use crate::app::command::Command;
use crate::app::hit_map::HitMap;
use crate::app::reaction::{Missing, Reaction, Weight};
use crate::app::reading::Fetch;
use crate::app::tape::Figure;
use crate::app::wire::Item;
use crate::domain::Name;
use crate::domain::format;

/// Outlets named behind the first.
const OUTLETS_NAMED: usize = 5;

/// What stays together in a line.
type Part = Vec<Span<'static>>;

pub(super) fn draw(frame: &mut Frame, area: Rect, scene: Scene, seen: &mut HitMap) {
    let framed = scene.size != Size::Tiny;
    let inner = if framed { area.inner(Margin::new(1, 1)) } else { area };
    let text = Rect { x: inner.x + 1.min(inner.width), width: inner.width.saturating_sub(2), ..inner };
    seen.reader = text;
    let Some(item) = scene.app.wire.current_item() else {
        draw_frame(frame, area, scene, seen);
        return put(frame, Line::styled("no story", scene.theme.faint), Rect { height: 1.min(text.height), ..text });
    };
    // A screen wider than the text has it in the middle.
    let margin = if scene.app.reading.is_whole { text.width.saturating_sub(COLUMNS_MAX) / 2 } else { 0 };
    let text = Rect { x: text.x + margin, width: (text.width - margin).min(COLUMNS_MAX), ..text };
    let page = story(scene, item, text.width.into(), seen);
    let height = usize::from(text.height);
    seen.reader_scroll_max = page.lines.len().saturating_sub(height);
    seen.reader_found = page.found(&scene.app.reading.find);
    seen.reader_scroll = first_line(scene, seen, height);
    seen.reader_links = page.links;
    draw_frame(frame, area, scene, seen);
    for (at, line) in page.lines.into_iter().enumerate().skip(seen.reader_scroll).take(height) {
        let y = text.y + (at - seen.reader_scroll) as u16;
        put(frame, lit(scene, line, at), Rect { y, height: 1, ..text });
    }
    let below = seen.reader_scroll_max - seen.reader_scroll;
    if framed && below > 0 {
        draw_below(frame, area, scene, below);
    }
}

/// The frame, with how much was found and the keys that help.
fn draw_frame(frame: &mut Frame, area: Rect, scene: Scene, seen: &HitMap) {
    if scene.size == Size::Tiny {
        return;
    }
    let focused = scene.app.arrangement.focus == Focus::Reader;
    let mut title = heading(scene, "Reader");
    title.spans.extend(found_words(scene, seen).map(|words| Span::styled(words, scene.theme.accent)));
    // The last link is that of the story itself.
    let is_there = |hint: &&Hint| focused && (hint.0 != Command::NextBar || seen.reader_links.len() > 1);
    let hints: Vec<Hint> = HINTS.iter().filter(is_there).copied().collect();
    panel_with_hints(frame, area, scene, focused, title, &hints);
}

/// ` · 'loan' 3 of 11`, the lines that hold it
fn found_words(scene: Scene, seen: &HitMap) -> Option<String> {
    let reading = &scene.app.reading;
    let words = Some(cut(&reading.find, FIND_MAX)).filter(|words| !words.is_empty())?;
    let all = seen.reader_found.len();
    let at = reading.found.and_then(|line| seen.reader_found.iter().position(|found| *found == line));
    Some(match (at, all) {
        (_, 0) => format!(" · '{words}' is not here"),
        (Some(at), _) => format!(" · '{words}' {} of {all}", at + 1),
        (None, _) => format!(" · '{words}' in {}", format::count(all, "line", "lines")),
    })
}

/// Columns of the words looked for in the frame.
const FIND_MAX: usize = 24;

/// Longer lines are hard to read.
const COLUMNS_MAX: u16 = 110;

/// The first line shown: while words are typed, such that their first place is in sight.
fn first_line(scene: Scene, seen: &HitMap, height: usize) -> usize {
    let reading = &scene.app.reading;
    let scroll = reading.scroll.min(seen.reader_scroll_max);
    let found = seen.reader_found.iter().find(|line| **line >= scroll).or(seen.reader_found.first());
    match found.filter(|line| reading.is_seeking && !(scroll..scroll + height).contains(*line)) {
        Some(line) => line.saturating_sub(height / 3).min(seen.reader_scroll_max),
        None => scroll,
    }
}

/// A line with the words looked for lit; those of the place found last stand out.
fn lit(scene: Scene, line: Line<'static>, at: usize) -> Line<'static> {
    let reading = &scene.app.reading;
    if reading.find.is_empty() {
        return line;
    }
    let places = find_all(&line.to_string(), &reading.find);
    let style = Style::new().add_modifier(Modifier::REVERSED);
    let style =
        if reading.found == Some(at) { style.patch(scene.theme.warning).add_modifier(Modifier::BOLD) } else { style };
    let spans = line.spans.into_iter().map(|span| Span::styled(span.content, line.style.patch(span.style)));
    restyled(spans.collect(), &places, style).into()
}

/// How much of the story lies below, in the frame.
fn draw_below(frame: &mut Frame, area: Rect, scene: Scene, below: usize) {
    let words = format!(" {} {} ", signs::BELOW, format::count(below, "more line", "more lines"));
    let needed = width(&words) as u16;
    if needed + 2 <= area.width {
        let place = Rect { x: area.right() - 1 - needed, y: area.bottom() - 1, width: needed, height: 1 };
        put(frame, Line::styled(words, scene.theme.dim), place);
    }
}

/// The keys that help in the reader, the most helpful first, the way back to the last.
const HINTS: [Hint; 6] = [
    (Command::Open, "open"),
    (Command::Read, "article"),
    (Command::Query, "find"),
    (Command::NextBar, "links"),
    (Command::CopyLink, "copy link"),
    (Command::Close, "back"),
];

fn story(scene: Scene, item: &Item, columns: usize, seen: &mut HitMap) -> Page {
    let theme = scene.theme;
    let mut page = Page::new(scene, columns);
    page.text(&item.story.title, theme.text.add_modifier(Modifier::BOLD));
    if let Some(before) = &item.story.title_before {
        page.text(&format!("edited · was: {before}"), theme.dim);
    }
    page.text(&byline(scene, item), theme.dim);
    if let Some(carried) = carried_by(scene, item) {
        page.text(&carried, theme.dim);
    }
    match scene.app.reading.article(item.story.id) {
        Some(Fetch::Here(article)) => page.article(scene, article, &item.story.title, seen),
        other => {
            page.prose(scene, &item.story.summary, seen);
            page.fetched(scene, other);
        }
    }
    page.blank();
    page.lines.extend(reasons(scene, item, columns));
    page.lines.extend(judged(scene, item).into_iter().map(|words| Line::styled(cut(&words, columns), theme.dim)));
    page.lines.extend(moves(scene, item, columns));
    if let Some(link) = &item.story.link {
        page.link_line(scene, link, seen);
    }
    page
}

/// `Reuters, 13:44 ET (19:44 here) · primary source`
fn byline(scene: Scene, item: &Item) -> String {
    let app = scene.app;
    let time = item.story.time();
    let market = &app.config.market.time_zone;
    let own = app.config.screen.time_zone.clone().unwrap_or_else(TimeZone::system);
    let mut parts = vec![format!("{}, {}", item.story.outlet, scene.market_day_time(time))];
    let date = |zone: &TimeZone| time.to_zoned_datetime(zone.clone()).date();
    if clock(time, &own) != clock(time, market) || date(&own) != date(market) {
        // Here it may be another day already.
        let day = if date(&own) == date(market) { "" } else { "%a " };
        parts.push(format!("{}{} here", time.to_zoned_datetime(own.clone()).strftime(day), clock(time, &own)));
    }
    if item.story.published.is_none() {
        parts.push("no time given: when first seen".to_owned());
    }
    if item.story.feed != item.story.outlet {
        parts.push(format!("by way of {}", item.story.feed));
    }
    if item.story.primary {
        parts.push("primary source ★".to_owned());
    } else if let Some(primary) = app.wire.primary(item.group) {
        parts.push(behind(&primary.story.outlet, primary.story.time(), time));
    }
    parts.join(" · ")
}

/// `4m after SEC ★`: how far the report is behind the document it is about.
fn behind(primary: &str, document: Timestamp, report: Timestamp) -> String {
    match report >= document {
        true => format!("{} after {primary} ★", format::between(document, report)),
        false => format!("{} before {primary} ★", format::between(report, document)),
    }
}

/// `first of 7: Bloomberg +1m, CNBC +2m, …`
fn carried_by(scene: Scene, item: &Item) -> Option<String> {
    let wire = &scene.app.wire;
    let outlets = wire.outlets(item.group);
    let (first, others) = outlets.split_first()?;
    if others.is_empty() {
        return None;
    }
    let start = wire.group(item.group).next()?.story.time();
    let lag_of = |outlet: &str| {
        let first = wire.group(item.group).find(|other| &*other.story.outlet == outlet)?;
        Some(lag(start, first.story.time()))
    };
    let named: Vec<String> = others
        .iter()
        .take(OUTLETS_NAMED)
        .map(|outlet| format!("{outlet} {}", lag_of(outlet).unwrap_or_default()))
        .collect();
    let more = if others.len() > OUTLETS_NAMED { ", …" } else { "" };
    Some(format!("{} outlets: {first} first, {}{more}", outlets.len(), named.join(", ")))
}

/// Between a topic and the words that gave it.
const BECAUSE: &str = " because: ";

/// `OpenAI $ because: OpenAI · seeks · $40bn; not excluded`
fn reasons(scene: Scene, item: &Item, columns: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let words = scene.app.reasons(item);
    for topic in item.tagged.topics() {
        let Some(rule) = scene.app.topic(topic) else { continue };
        let is_parent = scene
            .app
            .topics()
            .iter()
            .any(|other| other.parent.as_ref() == Some(&rule.name) && item.tagged.topics().contains(&other.name));
        if is_parent {
            continue;
        }
        let key = rule.key.or_else(|| scene.app.topic(rule.parent.as_deref()?)?.key);
        let title = cut(&rule.title, columns / 2);
        let checked = if rule.none.is_empty() { "" } else { "; not excluded" };
        let room = columns.saturating_sub(width(&title) + width(BECAUSE));
        let words = words.get(topic).map(|words| words.join(" · ")).unwrap_or_default();
        // The words are worth more than that nothing speaks against them.
        let checked = if width(&words) + width(checked) <= room { checked } else { "" };
        let why = cut(&words, room);
        lines.push(Line::from(vec![
            Span::styled(title, scene.theme.topic(rule.color.as_deref(), key)),
            Span::styled(BECAUSE, scene.theme.dim),
            Span::styled(why, scene.theme.text),
            Span::styled(checked, scene.theme.dim),
        ]));
    }
    lines
}

/// `highlighted by 'My employer'`
fn judged(scene: Scene, item: &Item) -> Vec<String> {
    let wire = &scene.app.wire;
    let highlighted = wire.highlighted_by(item).map(|highlight| format!("highlighted by '{}'", highlight.name));
    let muted = wire.muted_by(item).map(|mute| format!("muted by '{}'", mute.name));
    highlighted.into_iter().chain(muted).collect()
}

/// What the bound prices did since, two lines for each and more where they don't fit.
fn moves(scene: Scene, item: &Item, columns: usize) -> Vec<Line<'static>> {
    let since = item.story.time();
    let of = |symbol: &Name| match scene.app.reaction_of(symbol, since) {
        Ok(reaction) => reaction_lines(scene, &reaction, since),
        Err(missing) => {
            let why = match missing {
                Missing::Closed => "the market was closed at",
                Missing::NoPrice => "no price at",
            };
            let words = format!("since: {symbol} – {why} {}", scene.market_day_time(since));
            vec![vec![vec![Span::styled(words, scene.theme.faint)]]]
        }
    };
    let lines = item.tagged.closest().iter().flat_map(of);
    lines.flat_map(|parts| in_lines(scene, parts, columns)).collect()
}

/// Parts with a dot between, none broken over two lines.
fn in_lines(scene: Scene, parts: Vec<Part>, columns: usize) -> Vec<Line<'static>> {
    let mut lines: Vec<Part> = Vec::new();
    for part in parts {
        match lines.last_mut() {
            Some(line) if spans_width(line) + 3 + spans_width(&part) <= columns => {
                line.push(Span::styled(" · ", scene.theme.dim));
                line.extend(part);
            }
            None => lines.push(part),
            Some(_) => lines.push([Span::raw("  ")].into_iter().chain(part).collect()),
        }
    }
    lines.into_iter().map(|spans| cut_spans(spans, columns).into()).collect()
}

/// `since: NVDA ▼ −0.82% · 2.1× the usual 0.39% at this hour · net of QQQ −0.51%`, and below it where that is measured
/// from and what it was at fixed times.
fn reaction_lines(scene: Scene, reaction: &Reaction, since: Timestamp) -> Vec<Vec<Part>> {
    let theme = scene.theme;
    let moved = reaction.moved;
    let dim = |words: String| Span::styled(words, theme.dim);
    // What rounds to nothing went nowhere.
    let shown = (moved.percent * 100.0).round() / 100.0;
    let figure =
        Span::styled(format!("{} {}", arrow(shown), format::percent(moved.percent, 2)), weighed(scene, reaction));
    let mut first = vec![vec![dim(format!("since: {} ", reaction.symbol)), figure]];
    if let Some((usual, times)) = reaction.usual.zip(reaction.times_usual()) {
        let hour = if usual.same_hour { " at this hour" } else { "" };
        first.push(vec![dim(format!("{times:.1}× the usual {:.2}%{hour}", usual.percent))]);
    }
    if reaction.weight() == Weight::Old {
        first.push(vec![dim(format!("by a price of {}", scene.market_day_time(moved.now.at)))]);
    }
    first.extend(reaction.net.map(|(market, net)| vec![dim(format!("net of {market} {}", format::percent(net, 2)))]));
    let base = format!("  from {} at {}", plain_price(moved.base.price), scene.market_day_time(moved.base.at));
    let mut second = vec![vec![dim(format!("{base}, {} before", format::between(moved.base.at, since)))]];
    second.extend(frozen(scene, reaction.symbol, since));
    vec![first, second]
}

/// `+15m −0.24%`, `close in 2h14`, `+24h – closed`
fn frozen(scene: Scene, symbol: &str, since: Timestamp) -> Vec<Part> {
    let app = scene.app;
    let Some(frozen) = app.tape.frozen(symbol, since, &app.calendar, app.now) else { return Vec::new() };
    let figure = |(name, figure): (String, Figure)| {
        let (words, style) = match figure {
            Figure::Moved { percent: moved, .. } => (format::percent(moved, 2), scene.theme.moved(moved)),
            Figure::Ahead { at } => (format!("in {}", format::countdown(at, app.now)), scene.theme.faint),
            Figure::Closed => ("– closed".to_owned(), scene.theme.faint),
            Figure::Unknown => ("– no price".to_owned(), scene.theme.faint),
        };
        vec![Span::styled(format!("{name} "), scene.theme.dim), Span::styled(words, style)]
    };
    frozen.figures.into_iter().map(figure).collect()
}
