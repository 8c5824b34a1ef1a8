//! The alerts, and what they told.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use super::Scene;
use super::frame::{popup, put};
use super::text::{age, cut, cut_spans, fit, safe, until};
use crate::app::alerts::{Listed, Told};
use crate::app::command::Command;
use crate::app::seen::Seen;
use crate::domain::alert::Alert;
use jiff::Timestamp;

const WIDTH: u16 = 118;
const NAME: usize = 30;
const STATE: usize = 16;
const TIME: usize = 17;
/// Below this many columns the name is shorter.
const NARROW: usize = 90;

pub fn draw(frame: &mut Frame, area: Rect, scene: Scene, cursor: usize, seen: &mut Seen) {
    let listed = scene.app.listed();
    let rows = rows(scene, &listed, usize::from(WIDTH.min(area.width)).saturating_sub(2));
    let height = (rows.len() as u16).saturating_add(2);
    let title = Line::from(Span::styled("Alerts", scene.theme.text.add_modifier(Modifier::BOLD)));
    let inner = popup(frame, area, scene, (WIDTH, height), title, hint(scene));
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

fn hint(scene: Scene) -> Line<'static> {
    let keymap = &scene.app.keymap;
    let [snooze, test, read, close] =
        [Command::Snooze, Command::TestAlert, Command::Read, Command::Close].map(|command| keymap.hint(command));
    Span::styled(format!("{snooze} sleep  {test} try  {read} read  {close} back"), scene.theme.dim).into()
}

/// The lines, each with its place in the list if it has one.
fn rows(scene: Scene, listed: &[Listed], columns: usize) -> Vec<(Option<usize>, Line<'static>)> {
    let theme = scene.theme;
    let mut rows = Vec::new();
    let heading = |text: &str| (None, Line::from(Span::styled(format!(" {text}"), theme.dim)));
    if !matches!(listed.first(), Some(Listed::Alert { .. })) {
        rows.push(heading("No alert is configured: see [[alert]] in `newstape config init`."));
    }
    let mut told = false;
    for (at, line) in listed.iter().enumerate() {
        match line {
            Listed::Alert { alert, last, sleeps } => {
                rows.push((Some(at), alert_row(scene, alert, *last, *sleeps, columns)));
            }
            Listed::Told(one) => {
                if !std::mem::replace(&mut told, true) {
                    rows.push((None, Line::default()));
                    rows.push(heading("Told"));
                }
                rows.push((Some(at), told_row(scene, one, columns)));
            }
        }
    }
    if !told {
        rows.push((None, Line::default()));
        rows.push(heading("Nothing was told yet."));
    }
    let muted = scene.app.topics().iter().filter(|rule| scene.app.is_alert_muted(&rule.name));
    let muted: Vec<&str> = muted.map(|rule| rule.title.as_str()).collect();
    let words = match muted.as_slice() {
        [] => "A topic's key (1 to 9) mutes the alerts of its stories.".to_owned(),
        muted => format!("Muted: stories of {}; a topic's key changes that.", muted.join(", ")),
    };
    rows.push((None, Line::default()));
    rows.push(heading(&words));
    rows
}

/// `OpenAI raises money   told 12m ago   topic:openai-funding outlets>2`
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
        (_, Some(until_then), _) => (format!("sleeps {}", until(until_then, now)), theme.dim),
        (_, _, Some(last)) => (format!("told {} ago", age(last, now)), theme.text),
        _ => ("waits".to_owned(), theme.dim),
    };
    let name = if columns < NARROW { NAME * 2 / 3 } else { NAME };
    let price = alert.price.as_ref().map(ToString::to_string);
    let rule: Vec<String> = alert.query.clone().into_iter().chain(price).collect();
    Line::from(vec![
        Span::styled(format!(" {} ", fit(&cut(&safe(&alert.name), name), name)), theme.accent),
        Span::styled(fit(&state, STATE), style),
        Span::styled(rule.join("  and  "), theme.dim),
    ])
}

/// `13:41 ET  OpenAI raises money  OpenAI raises … (Harbour Wire)`
fn told_row(scene: Scene, told: &Told, columns: usize) -> Line<'static> {
    let theme = scene.theme;
    let name = if columns < NARROW { NAME * 2 / 3 } else { NAME };
    let note = match (told.is_trial, told.quietly) {
        (true, _) => "tried: ",
        (_, true) => "quietly: ",
        _ => "",
    };
    Line::from(vec![
        Span::styled(format!(" {}", fit(&scene.market_day_time(told.at), TIME)), theme.dim),
        Span::styled(format!("{} ", fit(&cut(&safe(&told.alert), name), name)), theme.accent),
        Span::styled(note, theme.dim),
        Span::styled(safe(&told.text).into_owned(), theme.text),
    ])
}
