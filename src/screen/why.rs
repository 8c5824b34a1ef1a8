//! Why did it move: the stories around a move of a price, the likeliest first.

use jiff::Timestamp;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use super::Scene;
use super::frame::{Hint, popup, put};
use super::group::{lag, outlet};
use super::quote::{coin, plain_price};
use super::text::{arrow, cut, cut_words, fit, fit_right, safe, spans_width, wrap};
use super::wire::shown_topics;
use crate::app::command::Command;
use crate::app::hit_map::HitMap;
use crate::app::why::{Asked, Cause, Unmoved};
use crate::domain::format;
use crate::domain::price::{State, show_day_time, show_time};
use crate::domain::story::StoryId;

/// Columns of the popup, and of what stands before the headline.
const WIDTH: u16 = 124;
const TIME: usize = 17;
const APART: usize = 7;
const TOPIC: usize = 9;
/// Below this many columns time and topic go …
const NARROW: usize = 90;
/// … and below this the outlet.
const SMALL: usize = 56;
/// Lines above the stories: what happened, and a blank.
const ABOVE: u16 = 2;

pub(super) fn draw(
    frame: &mut Frame,
    area: Rect,
    scene: Scene,
    asked: &Asked,
    cursor: (Option<StoryId>, usize),
    seen: &mut HitMap,
) {
    let causes = scene.app.causes(asked);
    let height = (causes.len().max(2) as u16).saturating_add(2 + ABOVE).clamp(12, area.height.max(12));
    let inner = popup(frame, area, scene, (WIDTH, height), title(scene, asked), &HINTS);
    let columns = usize::from(inner.width);
    put(
        frame,
        Line::styled(format!(" {}", cut_words(&summary(scene, asked), columns.saturating_sub(1))), scene.theme.dim),
        Rect { height: 1, ..inner },
    );
    let above = ABOVE.min(inner.height);
    let rows = Rect { y: inner.y + above, height: inner.height - above, ..inner };
    seen.popup = rows;
    if causes.is_empty() {
        return draw_nothing(frame, rows, scene, asked);
    }
    draw_rows(frame, rows, scene, (asked, &causes), cursor, seen);
}

fn draw_rows(
    frame: &mut Frame,
    area: Rect,
    scene: Scene,
    (asked, causes): (&Asked, &[Cause]),
    (chosen, line): (Option<StoryId>, usize),
    seen: &mut HitMap,
) {
    let height = usize::from(area.height.max(1));
    let is_chosen = |cause: &Cause| Some(cause.item.story.id) == chosen;
    let at = causes.iter().position(is_chosen).unwrap_or(0);
    // The chosen one stays on its line, whatever arrives above it.
    let top = at.saturating_sub(line.min(height - 1)).max((at + 1).saturating_sub(height));
    seen.popup_row = at;
    let rows = causes.iter().enumerate().skip(top).take(height);
    for (y, (place, cause)) in (area.y..area.bottom()).zip(rows) {
        let place_on_screen = Rect { y, height: 1, ..area };
        seen.popup_rows.push((y, place));
        if place == at {
            frame.buffer_mut().set_style(place_on_screen, scene.theme.selected);
        }
        put(frame, row(scene, asked, *cause, usize::from(area.width)), place_on_screen);
    }
}

/// `Why did BTC move?  ▼ −1.1% since 06:25 ET`, or that it has not.
fn title(scene: Scene, asked: &Asked) -> Line<'static> {
    if let Some(unmoved) = scene.app.unmoved(asked) {
        let sentence = sentence(scene, coin(&asked.symbol), unmoved);
        return Span::styled(sentence, scene.theme.text.add_modifier(Modifier::BOLD)).into();
    }
    let mut spans = vec![Span::styled(
        format!("Why did {} move?", coin(&asked.symbol)),
        scene.theme.text.add_modifier(Modifier::BOLD),
    )];
    if let Some(moved) = scene.app.tape.since(&asked.symbol, asked.begun) {
        let figure = format!("  {} {}", arrow(moved.percent), format::percent(moved.percent, 2));
        spans.push(Span::styled(figure, scene.theme.moved(moved.percent)));
        spans.push(Span::styled(format!(" since {}", scene.market_day_time(moved.base.at)), scene.theme.dim));
    }
    spans.into()
}

/// Why there is no move to explain.
fn sentence(scene: Scene, symbol: &str, unmoved: Unmoved) -> String {
    let (app, zone) = (scene.app, &scene.app.config.market.time_zone);
    match unmoved {
        Unmoved::Unpriced => format!("{symbol} has no price yet"),
        Unmoved::Closed { since } => {
            format!("{symbol} has not moved: closed since {}", show_day_time(since, app.now, zone))
        }
        Unmoved::Old { since } => {
            format!("{symbol} may have moved: no price since {}", show_time(since, app.now, zone))
        }
        Unmoved::Same { since } => format!("{symbol} has not moved since {}", show_time(since, app.now, zone)),
        Unmoved::NoBase { then } => {
            format!("{symbol} may have moved: no price of {} is known", show_time(then, app.now, zone))
        }
    }
}

/// `fell through 70,000 at 06:30 ET · now 70,438.20 · 12 stories since 05:25 ET`
fn summary(scene: Scene, asked: &Asked) -> String {
    let app = scene.app;
    let mover = app.movers.iter().find(|mover| mover.symbol == asked.symbol && mover.begun == asked.begun);
    let mut parts: Vec<String> = Vec::new();
    parts.extend(mover.map(|mover| format!("{} at {}", mover.words(), scene.market_day_time(mover.at))));
    parts.extend(app.tape.since(&asked.symbol, asked.begun).filter(|_| app.unmoved(asked).is_none()).map(|moved| {
        format!(
            "{} then, {} {}",
            plain_price(moved.base.price),
            plain_price(moved.now.price),
            of(scene, asked, moved.now.at)
        )
    }));
    parts.push(format!("the stories of the hour before {} and since", scene.market_day_time(asked.begun)));
    parts.join(" · ")
}

/// When the latest price is of: now, unless it is older than a price that is current may be.
fn of(scene: Scene, asked: &Asked, at: Timestamp) -> String {
    match scene.app.price_state(&asked.symbol) {
        State::Closed { .. } => format!("at {}", scene.market_day_time(at)),
        state if !state.is_current() => format!("at {}", scene.market_day_time(at)),
        _ => "now".to_owned(),
    }
}

const HINTS: [Hint; 4] =
    [(Command::Read, "read"), (Command::Open, "open"), (Command::NextSymbol, "next symbol"), (Command::Close, "back")];

fn draw_nothing(frame: &mut Frame, area: Rect, scene: Scene, asked: &Asked) {
    let words = match scene.app.unmoved(asked) {
        None => "No story in your feeds explains this.",
        Some(_) => "There is no story about it either.",
    };
    let more = format!(
        "None bound to {} is from the hour before it, or came since. What arrives is shown here.",
        coin(&asked.symbol)
    );
    let columns = usize::from(area.width).saturating_sub(2);
    let lines = wrap(words, columns).into_iter().map(|line| (line, scene.theme.text));
    let lines = lines.chain(wrap(&more, columns).into_iter().map(|line| (line, scene.theme.dim)));
    for (y, (line, style)) in (area.y..area.bottom()).zip(lines) {
        put(frame, Line::styled(format!(" {line}"), style), Rect { y, height: 1, ..area });
    }
}

fn row(scene: Scene, asked: &Asked, cause: Cause, columns: usize) -> Line<'static> {
    let theme = scene.theme;
    let story = &cause.item.story;
    let mark = if cause.item.marks.read { " " } else { "●" };
    let mut spans = vec![Span::styled(format!("{mark} "), theme.accent)];
    if columns >= NARROW {
        spans.push(Span::styled(fit(&scene.market_day_time(story.time()), TIME), theme.dim));
    }
    spans.push(Span::styled(format!("{} ", fit_right(&lag(asked.begun, story.time()), APART)), theme.dim));
    if columns >= SMALL {
        spans.push(outlet(scene, story));
    }
    if columns >= NARROW {
        let (label, style) = shown_topics(scene, cause.item).into_iter().next().unwrap_or_default();
        spans.push(Span::styled(fit(&cut(&label, TOPIC - 1), TOPIC), style));
    }
    let outlets = scene.app.wire.outlet_count(cause.item.group);
    let carried = if outlets > 1 && !cause.under { format!(" ×{outlets}") } else { String::new() };
    let under = if cause.under { "└ " } else { "" };
    let room = columns.saturating_sub(spans_width(&spans) + carried.chars().count());
    let headline = if cause.item.marks.read { theme.dim } else { theme.text };
    spans.push(Span::styled(fit(&format!("{under}{}", safe(&story.title)), room), headline));
    spans.push(Span::styled(carried, theme.dim));
    Line::from(spans)
}
