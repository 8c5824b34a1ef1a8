//! The topic bar: every topic with its key and how many groups carry it; the session and the time at the right.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::frame::put;
use super::text::{cut, spans_width, width};
use super::{Scene, Size};
use crate::app::App;
use crate::app::hit_map::HitMap;
use crate::domain::format;
use crate::domain::price::Session;

/// A topic's title in the bar, in columns.
const TITLE_MAX: usize = 20;

pub(super) fn draw(frame: &mut Frame, area: Rect, scene: Scene, seen: &mut HitMap) {
    let right = market(scene);
    let mut spans = brand(scene);
    let room = usize::from(area.width).saturating_sub(spans_width(&right) + spans_width(&spans));
    let tabs = fitting_tabs(scene, room);
    let mut left = room;
    for (at, (key, tab)) in tabs.iter().enumerate() {
        let needed = spans_width(tab);
        // Behind a tab that is not the last, room for the `…` of those left out.
        if needed + usize::from(at + 1 < tabs.len()) > left {
            spans.push(Span::styled("…", scene.theme.faint));
            break;
        }
        let x = area.x + spans_width(&spans) as u16;
        seen.topics.push((Rect::new(x, area.y, needed as u16, 1), *key));
        left -= needed;
        spans.extend(tab.iter().cloned());
    }
    put(frame, Line::from(spans), area);
    let right_width = spans_width(&right) as u16;
    if right_width <= area.width {
        let place = Rect { x: area.right() - right_width, width: right_width, ..area };
        put(frame, Line::from(right), place);
    }
}

/// How much a tab says.
#[derive(Clone, Copy)]
struct Form {
    /// The title of the topic in at most so many columns; else its short name, in at most so many.
    is_long: bool,
    most: usize,
    /// How many groups there are in all, and how many carry the topic.
    counts_all: bool,
    counts: bool,
    gaps: Gaps,
}

/// What stands around a key and a name.
#[derive(Clone, Copy, PartialEq)]
enum Gaps {
    /// A blank between the two, more behind.
    Wide,
    /// Nothing between, a blank behind.
    Narrow,
    /// The same, and only the tab that is chosen has a name.
    KeysAlone,
}

/// What gives way where the tabs have no room: the titles to short names, the count of all (the wire has it too), the
/// counts, all but the first letters of the names, at last the names.
const FORMS: [Form; 7] = [
    WHOLE,
    Form { is_long: false, ..WHOLE },
    Form { is_long: false, counts_all: false, ..WHOLE },
    BARE,
    Form { most: 6, ..BARE },
    Form { most: 4, gaps: Gaps::Narrow, ..BARE },
    Form { gaps: Gaps::KeysAlone, ..BARE },
];
const WHOLE: Form = Form { is_long: true, most: TITLE_MAX, counts_all: true, counts: true, gaps: Gaps::Wide };
const BARE: Form = Form { is_long: false, counts_all: false, counts: false, ..WHOLE };

/// The tabs in the first form in which all of them fit, else in the shortest.
fn fitting_tabs(scene: Scene, room: usize) -> Vec<(char, Vec<Span<'static>>)> {
    let in_form = |form: &Form| -> Vec<(char, Vec<Span<'static>>)> {
        tabs(scene, *form)
            .into_iter()
            .map(|(key, label, style)| (key, tab(scene, key, (&label, style), form.gaps)))
            .collect()
    };
    let fits = |tabs: &Vec<(char, Vec<Span>)>| tabs.iter().map(|(_, tab)| spans_width(tab)).sum::<usize>() <= room;
    FORMS.iter().map(in_form).find(fits).unwrap_or_else(|| in_form(&FORMS[FORMS.len() - 1]))
}

fn brand(scene: Scene) -> Vec<Span<'static>> {
    match scene.size {
        Size::Huge | Size::Wide => vec![Span::styled(" newstape  ", scene.theme.accent.add_modifier(Modifier::BOLD))],
        _ => vec![Span::raw(" ")],
    }
}

/// Key, label and style of each tab: all, the topics, the views.
fn tabs(scene: Scene, form: Form) -> Vec<(char, String, Style)> {
    let app = scene.app;
    let counted = |name: String, count: usize, is_counted| if is_counted { format!("{name} {count}") } else { name };
    let all = counted("All".into(), app.wire.group_count(), form.counts_all);
    let over = if form.is_long { over(scene) } else { String::new() };
    let mut tabs = vec![('0', format!("{all}{over}"), scene.theme.text)];
    for rule in app.topics() {
        let Some(key) = rule.key else { continue };
        let short = rule.short.as_ref().filter(|_| !form.is_long).unwrap_or(&rule.title);
        let label = counted(cut(short, form.most), app.wire.count(&rule.name), form.counts);
        tabs.push((key, label, scene.theme.topic(rule.color.as_deref(), rule.key)));
    }
    let views =
        app.config.views.iter().filter_map(|view| Some((view.key?, cut(&view.name, form.most), scene.theme.text)));
    tabs.extend(views);
    tabs
}

/// Over how long the rows counted go back, where the heat counts beside them over a day.
fn over(scene: Scene) -> String {
    let oldest = scene.app.wire.oldest().filter(|_| scene.size >= Size::Wide);
    oldest.map_or(String::new(), |oldest| format!(" in {}", format::brief_age(oldest, scene.app.now)))
}

fn tab(scene: Scene, key: char, (label, style): (&str, Style), gaps: Gaps) -> Vec<Span<'static>> {
    let filter = scene.app.wire.filter();
    let chosen = match scene.app.topics().iter().find(|rule| rule.key == Some(key)) {
        Some(rule) => filter.topic.as_ref() == Some(&rule.name),
        None => key == '0' && filter.is_empty(),
    };
    let strong = if chosen { style.add_modifier(Modifier::BOLD | Modifier::UNDERLINED) } else { style };
    let (between, behind) = match gaps {
        Gaps::Wide if scene.size >= Size::Wide => (" ", "   "),
        Gaps::Wide => (" ", "  "),
        Gaps::Narrow | Gaps::KeysAlone => ("", " "),
    };
    if gaps == Gaps::KeysAlone && !chosen {
        return vec![Span::styled(key.to_string(), style), Span::raw(behind)];
    }
    let key = Span::styled(format!("{key}{between}"), scene.theme.faint);
    vec![key, Span::styled(label.to_owned(), strong), Span::raw(behind)]
}

/// The session in words, and what comes next. Where a night session that counts is the next to start, it is counted down
/// to, and the market between it and the day is paused, not closed.
fn words(app: &App, session: Session) -> (&'static str, String) {
    let counted = |next: &str, at| format!("{next} in {}", format::countdown(at, app.now));
    let bell = app.calendar.next_bell(app.now).at;
    let start = app.calendar.next_start(app.now);
    match session {
        Session::Pre => ("pre-market", counted("opens", bell)),
        Session::Regular => ("open", counted("closes", bell)),
        Session::Post => ("after hours", counted("opens", bell)),
        Session::Overnight if app.has_nights() => ("overnight", counted("opens", bell)),
        Session::Closed if start.begins == Session::Overnight && app.has_nights() => {
            let word = if app.calendar.pause_until(app.now).is_some() { "paused" } else { "closed" };
            (word, counted("night session opens", start.at))
        }
        Session::Overnight | Session::Closed | Session::Always => ("closed", counted("opens", bell)),
    }
}

/// `NYSE open · closes in 2h14 · 13:46 ET`
fn market(scene: Scene) -> Vec<Span<'static>> {
    let app = scene.app;
    let session = app.calendar.session(app.now);
    let (word, countdown) = words(app, session);
    let time = format!("{} ", scene.market_time(app.now));
    let style = if session == Session::Regular { scene.theme.up } else { scene.theme.dim };
    let parts: Vec<Span> = match scene.size {
        Size::Huge | Size::Wide => vec![
            Span::styled(format!("NYSE {word}"), style),
            Span::styled(format!(" · {countdown} · "), scene.theme.dim),
            Span::styled(time, scene.theme.text),
        ],
        Size::Medium => {
            vec![Span::styled(format!("{word} · "), style), Span::styled(time, scene.theme.text)]
        }
        _ => vec![Span::styled(time, scene.theme.dim)],
    };
    debug_assert!(parts.iter().all(|part| width(&part.content) > 0));
    parts
}
