//! While you were away: what happened in the last absence.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use super::Scene;
use super::frame::{popup, popup_columns, scrolled};
use super::quote::coin;
use super::text::{arrow, cut_spans, fit, safe, spans_width};
use crate::app::away::{Digest, Went};
use crate::app::command::Command;
use crate::app::hit_map::HitMap;
use crate::domain::Name;
use crate::domain::format;

const WIDTH: u16 = 84;
const NAME: usize = 12;

pub(super) fn draw(frame: &mut Frame, area: Rect, scene: Scene, scroll: usize, seen: &mut HitMap) {
    let Some(digest) = scene.app.digest() else { return };
    let lines = lines(scene, &digest, popup_columns(area, WIDTH));
    let height = (lines.len() as u16).saturating_add(2);
    let title = Line::from(vec![
        Span::styled("While you were away", scene.theme.text.add_modifier(Modifier::BOLD)),
        Span::styled(
            format!(" · {}, since {}", format::between(digest.from, digest.to), scene.market_day_time(digest.from)),
            scene.theme.dim,
        ),
    ]);
    let inner = popup(frame, area, scene, (WIDTH, height), title, &[(Command::Close, "back")]);
    let cut = |line: Line<'static>| Line::from(cut_spans(line.spans, inner.width.into()));
    scrolled(frame, inner, lines.into_iter().map(cut).collect(), scroll, seen);
}

fn lines(scene: Scene, digest: &Digest, columns: usize) -> Vec<Line<'static>> {
    let theme = scene.theme;
    let head = |text: String| Line::from(Span::styled(format!(" {text}"), theme.dim));
    let stories = match digest.stories {
        0 => "no new story".to_owned(),
        count => format::count(count, "new story", "new stories"),
    };
    let mut lines = vec![head(stories)];
    for (rule, count) in &digest.topics {
        let spike = if digest.spikes.iter().any(|spike| spike.name == rule.name) { "  ▲ spike" } else { "" };
        lines.push(Line::from(vec![
            Span::styled(format!("   {}", fit(&rule.title, NAME)), theme.topic(rule.color.as_deref(), rule.key)),
            Span::styled(format!("{count:>5}{spike}"), theme.text),
        ]));
    }
    lines.push(Line::default());
    lines.push(head("the largest move of each price from where it was".to_owned()));
    lines.extend(digest.moves.iter().map(|(name, went)| moved(scene, name, *went, columns)));
    lines.push(Line::default());
    lines.push(head(if digest.alerts.is_empty() { "no alert" } else { "alerts" }.to_owned()));
    for fired in &digest.alerts {
        lines.push(Line::from(vec![
            Span::styled(format!("   {}  ", scene.market_day_time(fired.at)), theme.dim),
            Span::styled(format!("{}  ", safe(&fired.alert)), theme.accent),
            Span::styled(safe(&fired.text).into_owned(), theme.text),
        ]));
    }
    lines
}

/// `BTC  ▼ −3.1% by 13:41 ET · now −1.2%`
fn moved(scene: Scene, name: &Name, went: Option<Went>, columns: usize) -> Line<'static> {
    let theme = scene.theme;
    let label = Span::styled(format!("   {}", fit(coin(name), NAME)), theme.text);
    let Some(Went { farthest: (farthest, at), now }) = went else {
        return Line::from(vec![label, Span::styled("– no price of then", theme.faint)]);
    };
    let figure = Span::styled(format!("{} {}", arrow(farthest), format::percent(farthest, 2)), theme.moved(farthest));
    let by = Span::styled(format!(" by {}", scene.market_day_time(at)), theme.dim);
    let now = [Span::styled(" · now ", theme.dim), Span::styled(format::percent(now, 2), theme.moved(now))];
    let mut spans = vec![label, figure];
    // Each whole, or not at all.
    for part in [vec![by], now.to_vec()] {
        if spans_width(&spans) + spans_width(&part) <= columns {
            spans.extend(part);
        }
    }
    Line::from(spans)
}
