//! The alerts, and what they said.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use super::Scene;
use super::frame::{Hint, popup, popup_columns, put};
use super::text::{cut, cut_spans, cut_words, fit, fit_right, safe, width, wrap};
use crate::app::alerts::{Fired, Listed};
use crate::app::command::Command;
use crate::app::hit_map::HitMap;
use crate::domain::alert::Alert;
use crate::domain::format;
use jiff::Timestamp;

const WIDTH: u16 = 118;
const NAME: usize = 30;
const STATE: usize = 16;
const TIME: usize = 17;
/// Below this many columns the name is shorter …
const NARROW: usize = 90;
/// … and below this the rule of an alert goes, and the name of one that fired.
const SMALL: usize = 56;
const STATE_SMALL: usize = 13;

pub(super) fn draw(frame: &mut Frame, area: Rect, scene: Scene, cursor: usize, seen: &mut HitMap) {
    let listed = scene.app.alerts.listed(scene.app.now);
    let rows = rows(scene, &listed, popup_columns(area, WIDTH));
    let height = (rows.len() as u16).saturating_add(2);
    let title = Line::from(Span::styled("Alerts", scene.theme.text.add_modifier(Modifier::BOLD)));
    let inner = popup(frame, area, scene, (WIDTH, height), title, &HINTS);
    (seen.popup, seen.popup_row) = (inner, cursor);
    let height = usize::from(inner.height.max(1));
    let at = rows.iter().position(|(place, _)| *place == Some(cursor)).unwrap_or(0);
    let top = (at + 1).saturating_sub(height);
    for (y, (place, line)) in (inner.y..inner.bottom()).zip(rows.into_iter().skip(top)) {
        let row = Rect { y, height: 1, ..inner };
        seen.popup_rows.extend(place.map(|place| (y, place)));
        if place == Some(cursor) {
            frame.buffer_mut().set_style(row, scene.theme.selected);
        }
        put(frame, Line::from(cut_spans(line.spans, inner.width.into())), row);
    }
}

const HINTS: [Hint; 4] =
    [(Command::Snooze, "sleep"), (Command::TestAlert, "try"), (Command::Read, "read"), (Command::Close, "back")];

/// The lines, each with its place in the list if it has one.
fn rows(scene: Scene, listed: &[Listed], columns: usize) -> Vec<(Option<usize>, Line<'static>)> {
    let theme = scene.theme;
    let mut rows = Vec::new();
    let heading = |text: &str| (None, Line::from(Span::styled(format!(" {text}"), theme.dim)));
    let said = |text: &str| wrap(text, columns.saturating_sub(2)).iter().map(|line| heading(line)).collect::<Vec<_>>();
    if !matches!(listed.first(), Some(Listed::Alert { .. })) {
        rows.extend(said("No alert is configured: see [[alert]] in `newstape config init`."));
    }
    let mut fired = false;
    for (at, line) in listed.iter().enumerate() {
        match line {
            Listed::Alert { alert, last, sleeps } => {
                rows.push((Some(at), alert_row(scene, alert, *last, *sleeps, columns)));
            }
            Listed::Fired(one) => {
                if !std::mem::replace(&mut fired, true) {
                    rows.push((None, Line::default()));
                    rows.push(heading("Fired"));
                }
                rows.push((Some(at), fired_row(scene, one, columns)));
            }
        }
    }
    if !fired {
        rows.push((None, Line::default()));
        rows.push(heading("Nothing fired yet."));
    }
    let muted = scene.app.topics().iter().filter(|rule| scene.app.alerts.mutes(&rule.name, &scene.app.config));
    let muted: Vec<&str> = muted.map(|rule| rule.title.as_str()).collect();
    let words = match muted.as_slice() {
        [] => "A topic's key (1 to 9) mutes the alerts of its stories.".to_owned(),
        muted => format!("Muted: stories of {}; a topic's key changes that.", muted.join(", ")),
    };
    rows.push((None, Line::default()));
    rows.extend(said(&words));
    rows
}

/// `OpenAI raises money   fired 12m ago   topic:openai-funding outlets>2`
fn alert_row(
    scene: Scene,
    alert: &Alert,
    last: Option<Timestamp>,
    sleeps: Option<Timestamp>,
    columns: usize,
) -> Line<'static> {
    let (theme, now) = (scene.theme, scene.app.now);
    let (state, style) = match (alert.enabled, sleeps, last) {
        (false, ..) => ("off".to_owned(), theme.faint),
        (_, Some(until_then), _) => (format!("sleeps {}", format::countdown(until_then, now)), theme.dim),
        (_, _, Some(last)) => (format!("fired {} ago", format::brief_age(last, now)), theme.text),
        _ => ("armed".to_owned(), theme.dim),
    };
    if columns < SMALL {
        let name = columns.saturating_sub(2 + STATE_SMALL);
        let name = Span::styled(format!(" {} ", fit(&safe(&alert.name), name)), theme.accent);
        return Line::from(vec![name, Span::styled(fit(&state, STATE_SMALL), style)]);
    }
    let name = name_columns(columns);
    let price = alert.price.as_ref().map(ToString::to_string);
    let rule: Vec<String> = alert.query.clone().into_iter().chain(price).collect();
    let rule = cut_words(&rule.join("  and  "), columns.saturating_sub(2 + name + STATE));
    Line::from(vec![
        Span::styled(format!(" {} ", fit(&safe(&alert.name), name)), theme.accent),
        Span::styled(fit(&state, STATE), style),
        Span::styled(rule, theme.dim),
    ])
}

fn name_columns(columns: usize) -> usize {
    if columns < NARROW { NAME * 2 / 3 } else { NAME }
}

/// `13:41 ET  OpenAI raises money  OpenAI raises … (Harbour Wire)`
fn fired_row(scene: Scene, fired: &Fired, columns: usize) -> Line<'static> {
    let theme = scene.theme;
    let note = if fired.quietly { "quietly: " } else { "" };
    let text = |room: usize| Span::styled(cut(&fired.text, room.saturating_sub(width(note))), theme.text);
    let note = Span::styled(note, theme.dim);
    if columns < SMALL {
        let age = Span::styled(format!("{} ", fit_right(&format::brief_age(fired.at, scene.app.now), 4)), theme.dim);
        return Line::from(vec![age, note, text(columns.saturating_sub(5))]);
    }
    let name = name_columns(columns);
    Line::from(vec![
        Span::styled(format!(" {}", fit(&scene.market_day_time(fired.at), TIME)), theme.dim),
        Span::styled(format!("{} ", fit(&safe(&fired.alert), name)), theme.accent),
        note,
        text(columns.saturating_sub(2 + TIME + name)),
    ])
}
