//! The last line: the query being typed; else what is wrong, the most pressing first; else what is well. And the keys
//! that help.

use std::iter;

use super::frame::put;
use super::quote::coin;
use super::signs;
use super::text::{cut, cut_spans, spans_width};
use super::theme::Theme;
use super::{Scene, Size};
use crate::app::command::Command;
use crate::app::hit_map::HitMap;
use crate::app::{Focus, Notice, Tone};
use crate::domain::feed::NextCheck;
use crate::domain::format;
use crate::domain::price::{Capability, Outcome, Symbol};
use crate::event::ReplayPosition;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

pub(super) fn draw(frame: &mut Frame, area: Rect, scene: Scene, seen: &mut HitMap) {
    if let Some(prompt) = scene.app.prompt.current() {
        return super::prompt::draw(frame, area, scene, prompt);
    }
    if !scene.app.keymap.pending().is_empty() {
        return put(frame, chord(scene, area.width.into()), area);
    }
    let Message { text, shorter, severity } = message(scene);
    let width = usize::from(area.width);
    // Trouble is worth more than hints; hints more than what is well.
    let needed = super::text::width(&text).saturating_add(2);
    let wanted = match severity {
        Severity::Trouble => needed,
        Severity::Alert | Severity::Move => needed.min(width * 2 / 3),
        Severity::Info | Severity::Background => needed.min(SAID_MIN).min(width / 2),
    };
    let hints = hints(scene, width.saturating_sub(wanted), width);
    let hints_width = hints.iter().map(|(_, spans)| spans_width(spans)).sum::<usize>();
    let room = width.saturating_sub(hints_width + 2);
    let whole = iter::once(&text).chain(&shorter).find(|form| super::text::width(form) <= room);
    let said = whole.cloned().unwrap_or_else(|| cut(shorter.last().unwrap_or(&text), room));
    put(frame, Line::styled(format!(" {said}"), severity.style(scene.theme)), area);
    let mut x = area.right() - hints_width as u16;
    for (command, spans) in hints {
        let place = Rect { x, width: spans_width(&spans) as u16, ..area };
        seen.hints.push((place, command));
        x = place.right();
        put(frame, Line::from(spans), place);
    }
}

/// `Space …  t hide-topics  r hide-reader`: what may follow the keys pressed.
fn chord(scene: Scene, columns: usize) -> Line<'static> {
    let (app, theme) = (scene.app, scene.theme);
    let pending: Vec<String> = app.keymap.pending().iter().map(ToString::to_string).collect();
    let mut spans = vec![Span::styled(format!(" {} …", pending.join(" ")), theme.accent.add_modifier(Modifier::BOLD))];
    for (key, command) in app.keymap.continuations() {
        spans.push(Span::styled(format!("  {key}"), theme.accent));
        spans.push(Span::styled(format!(" {}", command.name()), theme.text));
    }
    cut_spans(spans, columns).into()
}

/// Columns kept for what is well, before there are hints.
const SAID_MIN: usize = 32;

/// What is said in the last line.
struct Message {
    text: String,
    /// With one part less each, for where all of it has no room.
    shorter: Vec<String>,
    severity: Severity,
}

/// How much it matters: that decides how it looks, and how much of the line it may have.
#[derive(Clone, Copy)]
enum Severity {
    /// Something is wrong: all of the line but one hint.
    Trouble,
    /// An alert fired: most of the line.
    Alert,
    /// A price moved: most of the line.
    Move,
    /// What was asked for, or what is new: what hints leave.
    Info,
    /// All is well: what hints leave.
    Background,
}

impl Severity {
    fn style(self, theme: &Theme) -> Style {
        match self {
            Severity::Trouble => theme.warning,
            Severity::Alert => theme.accent.add_modifier(Modifier::BOLD),
            Severity::Move => theme.text.add_modifier(Modifier::BOLD),
            Severity::Info => theme.text,
            Severity::Background => theme.dim,
        }
    }

    fn message(self, text: impl Into<String>) -> Message {
        Message { text: text.into(), shorter: Vec::new(), severity: self }
    }
}

/// What is most worth saying now.
fn message(scene: Scene) -> Message {
    let app = scene.app;
    if let Some(mistake) = &app.notices.config_mistake {
        return Severity::Trouble.message(format!("{mistake} · keeping the previous config"));
    }
    if let Some(trouble) = app.notices.store_trouble.as_ref().or(app.notices.store_replaced.as_ref()) {
        return Severity::Trouble.message(trouble);
    }
    if app.read_only {
        return Severity::Trouble.message(read_only(app.notices.current.as_ref()));
    }
    if let Some(notice) = &app.notices.current {
        return match notice.tone {
            Tone::Warning | Tone::NotSaved => Severity::Trouble.message(&notice.text),
            Tone::Info => Severity::Info.message(&notice.text),
        };
    }
    if app.wire.paused() {
        let (held, pause) = (app.wire.held(), app.keymap.hint(Command::Pause));
        return Severity::Trouble.message(format!("paused · {held} held back · {pause} goes on"));
    }
    if let Some(fired) = app.standing_alert() {
        let (list, at) = (app.keymap.hint(Command::Alerts), scene.market_day_time(fired.at));
        let text = format!("{} {}: {} · {at} · {list} all", signs::ALERT, fired.alert, fired.text);
        return Severity::Alert.message(text);
    }
    if let Some(words) = movers(scene) {
        return Severity::Move.message(words);
    }
    if let Some(position) = app.replay {
        return replay(scene, position);
    }
    if app.health.offline() {
        return Severity::Trouble.message(offline(scene));
    }
    if let Some(words) = price_trouble(scene) {
        return Severity::Trouble.message(words);
    }
    match &app.notices.greeting {
        Some(config) if !app.loading => Severity::Info.message(greeting(scene, config)),
        _ => Severity::Background.message(health(scene)),
    }
}

/// `BTC fell through 95,000 at 13:46 ET · w why · NVDA −1.2% in 15m`
fn movers(scene: Scene) -> Option<String> {
    let app = scene.app;
    let standing = app.standing_movers();
    let (mover, others) = standing.split_first()?;
    let why = app.keymap.hint(Command::Why);
    let (symbol, at) = (coin(&mover.symbol), scene.market_day_time(mover.at));
    let others: String = others.iter().map(|mover| format!(" · {} {}", coin(&mover.symbol), mover.words())).collect();
    Some(format!("{symbol} {} at {at} · {why} why{others}", mover.words()))
}

/// What is shown is named as stored only where something is.
fn offline(scene: Scene) -> String {
    let app = scene.app;
    let has_prices = app.tape.symbols().iter().any(|symbol| app.tape.quote(&symbol.name).is_some());
    let stored = match (app.wire.is_empty(), has_prices) {
        (true, false) => "Nothing is stored yet",
        (true, true) => "The prices shown are stored",
        (false, false) => "The stories shown are stored",
        (false, true) => "What is shown is stored",
    };
    format!("No network. {stored}; newstape tries again by itself.")
}

/// Stands as long as another newstape owns the data. What is said about a mark says the same; other notices follow.
fn read_only(notice: Option<&Notice>) -> String {
    match notice {
        Some(notice) if notice.tone == Tone::NotSaved => notice.text.clone(),
        Some(notice) => format!("Another newstape runs on this data: nothing is saved · {}", notice.text),
        None => "Another newstape runs on this data: this one only reads.".into(),
    }
}

/// `BTC, ETH: coinbase can't be reached · NVDA not current · f tells all`: prices that are not current, and what keeps those
/// away of which that is known.
fn price_trouble(scene: Scene) -> Option<String> {
    let app = scene.app;
    let symbols = app.tape.shown().into_iter().filter(|symbol| !app.price_state(&symbol.name).is_current());
    let away: Vec<(&str, Option<String>)> =
        symbols.map(|symbol| (coin(&symbol.name), why_away(scene, symbol))).collect();
    let why = away.iter().find_map(|(_, why)| why.clone())?;
    let (known, others): (Vec<_>, Vec<_>) = away.iter().partition(|(_, other)| other.as_ref() == Some(&why));
    let names = |away: Vec<&(&str, Option<String>)>| {
        cut(&away.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", "), NAMES_MAX)
    };
    let others = if others.is_empty() { String::new() } else { format!(" · {} not current", names(others)) };
    Some(format!("{}: {why}{others} · {} tells all", names(known), app.keymap.hint(Command::Feeds)))
}

/// Columns for the symbols whose prices are not current.
const NAMES_MAX: usize = 24;

/// How the first of its sources that is in trouble fares.
fn why_away(scene: Scene, symbol: &Symbol) -> Option<String> {
    let ways = symbol.sources.iter().flat_map(|source| [(source, Capability::Socket), (source, Capability::Quote)]);
    let (health, now) = (&scene.app.health, scene.app.now);
    let mut reports = ways.filter_map(|(source, capability)| health.trouble(&symbol.name, source, capability, now));
    reports.find_map(|report| match &report.outcome {
        Outcome::Failed(failure) => Some(failure.clause()),
        Outcome::Blocked { until, .. } => {
            Some(format!("{} refuses until {}", report.source, scene.market_day_time(*until)))
        }
        Outcome::Well => None,
    })
}

/// What helps whoever starts newstape for the first time, until `Esc`: where the settings are. The key for the help stands at
/// the end of the line as always.
fn greeting(scene: Scene, config: &str) -> String {
    let health = health(scene);
    match (scene.size, scene.app.health.latest_trouble()) {
        (Size::Tiny, _) => health,
        (Size::Medium | Size::Small, None) => format!("settings: {config}"),
        (Size::Medium | Size::Small, Some(_)) => health,
        _ => format!("{health} · settings: {config}"),
    }
}

/// `26 of 27 feeds fresh · CFTC: refused (403), again 14:20`
fn health(scene: Scene) -> String {
    let app = scene.app;
    if app.loading {
        return "reading what is stored …".into();
    }
    let (fresh, all) = app.health.fresh(app.now);
    let mut text = format!("{fresh} of {} fresh", format::count(all, "feed", "feeds"));
    if let Some((feed, state)) = app.health.latest_trouble() {
        let again = match state.schedule.next_check {
            NextCheck::Never => ", not asked any more".into(),
            NextCheck::At(at) if at > app.now => format!(", again in {}", format::countdown(at, app.now)),
            NextCheck::At(_) | NextCheck::Due => String::new(),
        };
        let trouble = state.history.trouble.as_ref().map(ToString::to_string).unwrap_or_default();
        text.push_str(&format!(" · {feed}: {trouble}{again}"));
    }
    text
}

/// `▶ replay 5 Feb 2026 09:42 ET  ━━━━━─────  ×300`. Where that has no room the bar goes first, then the word, then the speed.
fn replay(scene: Scene, position: ReplayPosition) -> Message {
    const BAR: usize = 20;
    let now = scene.app.now;
    let whole = position.to.duration_since(position.from).as_secs_f64().max(1.0);
    let share = (now.duration_since(position.from).as_secs_f64() / whole).clamp(0.0, 1.0);
    let done = (share * BAR as f64) as usize;
    let bar = format!("{}{}", "━".repeat(done), "─".repeat(BAR - done));
    let zone = &scene.app.config.market.time_zone;
    let day = now.to_zoned_datetime(zone.clone()).strftime("%-d %b %Y").to_string();
    let sign = if position.paused { format!("{} paused", signs::PAUSED) } else { signs::RUNS.to_owned() };
    let (time, speed) = (scene.market_time(now), position.speed);
    let mut forms = vec![
        format!("{sign} replay {day} {time}  {bar}  ×{speed}"),
        format!("{sign} replay {day} {time}  ×{speed}"),
        format!("{sign} {day} {time}  ×{speed}"),
        format!("{sign} {day} {time}"),
    ];
    let mut shorter = forms.split_off(1);
    let text = match scene.size {
        Size::Tiny => shorter.remove(2),
        Size::Small | Size::Medium => shorter.remove(0),
        Size::Huge | Size::Wide => forms.remove(0),
    };
    Message { shorter, ..Severity::Background.message(text) }
}

/// Those of the prices, and of the chart alone.
const PRICE_KEYS: [(Command, &str); 8] = [
    (Command::NextSymbol, "symbol"),
    (Command::NextList, "list"),
    (Command::Sort, "sort"),
    (Command::Read, "chart"),
    (Command::NextSpan, "span"),
    (Command::Why, "why"),
    (Command::Close, "back"),
    (Command::Help, "help"),
];
const CHART_KEYS: [(Command, &str); 6] = [
    (Command::NextSymbol, "symbol"),
    (Command::NextSpan, "span"),
    (Command::PreviousBar, "bars"),
    (Command::Why, "why"),
    (Command::Close, "back"),
    (Command::Help, "help"),
];

/// The keys that help most where the reader is now, the most helpful first, the help to the last.
fn helpful(scene: Scene) -> &'static [(Command, &'static str)] {
    match (scene.size, scene.app.arrangement.focus) {
        _ if scene.app.popup.is_some() => &[(Command::Close, "close"), (Command::Help, "help")],
        (Size::Tiny, _) => &[(Command::Help, "help")],
        (_, Focus::Reader) => &[
            (Command::Close, "back"),
            (Command::Open, "open"),
            (Command::Read, "article"),
            (Command::Query, "find"),
            (Command::Help, "help"),
        ],
        (_, Focus::Tape) if scene.app.arrangement.is_charting() || scene.app.bar().is_some() => &CHART_KEYS,
        (_, Focus::Tape) => &PRICE_KEYS,
        (_, Focus::Wire) if scene.app.replay.is_some() => &[
            (Command::Pause, "pause"),
            (Command::Query, "query"),
            (Command::Read, "read"),
            (Command::Quit, "quit"),
            (Command::Help, "help"),
        ],
        (_, Focus::Wire) => &[
            (Command::Query, "query"),
            (Command::Read, "read"),
            (Command::Feeds, "feeds"),
            (Command::Commands, "commands"),
            (Command::Help, "help"),
        ],
    }
}

/// A command with how its key is shown.
type Hint = (Command, Vec<Span<'static>>);

/// As many keys as fit into the room they are given, of those that do something now, and one at least if the line is long enough.
fn hints(scene: Scene, room: usize, columns: usize) -> Vec<Hint> {
    let hint = |(command, word): &(Command, &str)| -> Option<Hint> {
        let key = Some(scene.app.keymap.hint(*command)).filter(|key| !key.is_empty())?;
        let word = Span::styled(format!(" {word}  "), scene.theme.dim);
        Some((*command, vec![Span::styled(key, scene.theme.accent), word]))
    };
    let useful = helpful(scene).iter().filter(|(command, _)| scene.app.is_useful(*command));
    let mut hints: Vec<Hint> = useful.filter_map(hint).collect();
    // However much is said, one stays: without it nobody would know how to go on.
    while hints.len() > 1 && hints.iter().map(|(_, spans)| spans_width(spans)).sum::<usize>() > room {
        let help = hints.last().is_some_and(|(command, _)| *command == Command::Help);
        hints.remove(hints.len() - 1 - usize::from(help));
    }
    hints.retain(|(_, spans)| spans_width(spans) <= columns);
    hints
}
