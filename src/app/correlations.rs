//! Heat and what moves together, laid over the screen: which symbols are compared, and over how long.

use jiff::{SignedDuration, Timestamp};

use super::command::Command;
use super::tape::Tape;
use super::{App, Popup};
use crate::domain::Name;
use crate::domain::correlation::{Together, together};
use crate::domain::price::{Series, Span, Symbol};
use crate::event::{Effect, SourceEffect, Urgency};

/// Symbols compared at most: a table of more is not read, and each wants its candles.
const COMPARED_MAX: usize = 12;

/// How two symbols of the watchlist move.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Pair<'a> {
    /// By the returns of the bars that both have.
    Compared(Together),
    /// This one has no candles over the span yet.
    NoCandles(&'a Name),
}

/// How two symbols move together over the span of the chart.
pub(crate) fn pair<'a>(tape: &Tape, one: &'a Name, other: &'a Name, now: Timestamp) -> Pair<'a> {
    let since = now.checked_sub(length(tape.span)).unwrap_or(Timestamp::MIN);
    match (candles(tape, one), candles(tape, other)) {
        (Some(a), Some(b)) => Pair::Compared(together(a, b, since)),
        (None, _) => Pair::NoCandles(one),
        (_, None) => Pair::NoCandles(other),
    }
}

fn candles<'a>(tape: &'a Tape, symbol: &str) -> Option<&'a Series> {
    let day = || tape.series(symbol, Span::Day).filter(|_| tape.span == Span::Hour);
    tape.series(symbol, tape.span).or_else(day)
}

/// The symbols that are compared: those of the chosen list, in its order; of many, those around the selected one.
pub(crate) fn compared(tape: &Tape) -> Vec<&Symbol> {
    let first = (tape.selected_row() + 1).saturating_sub(COMPARED_MAX);
    tape.shown().into_iter().skip(first).take(COMPARED_MAX).collect()
}

impl App {
    /// Lays heat and correlations over the screen; the candles of the symbols compared are wanted then.
    pub(super) fn show_heat(&mut self) -> Vec<Effect> {
        self.popup = Some(Popup::Heat { scroll: 0 });
        let span = self.tape.span;
        vec![Effect::Sources(SourceEffect::CompareOver(span)), Effect::Draw(Urgency::Key)]
    }

    /// What a command does while they are shown; None: the same as without them.
    pub(super) fn heat_command(&mut self, command: Command) -> Option<Vec<Effect>> {
        (command == Command::NextSpan).then(|| {
            self.tape.next_span();
            self.show_heat()
        })
    }
}

/// How far back a span goes; trading days have nights and weekends between them.
fn length(span: Span) -> SignedDuration {
    let days = |days: i64| SignedDuration::from_hours(24 * days);
    match span {
        Span::Hour => SignedDuration::from_hours(1),
        Span::Day => days(1),
        Span::FiveDays => days(7),
        Span::Month => days(31),
        Span::SixMonths => days(184),
        Span::Year => days(366),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::app::samples::{Desk, minute, series};
    use crate::event::Event;

    #[test]
    fn symbols_are_compared_over_the_span_of_the_chart() {
        let mut desk = Desk::new();
        let closes: Vec<f64> = (0..120).map(|at| 100.0 + (f64::from(at) * 0.7).sin()).collect();
        for symbol in ["BTC-USD", "ETH-USD"] {
            desk.send(Event::Series { span: Span::Day, series: series(symbol, minute(-120), &closes) });
        }
        let names: Vec<Name> = desk.app.tape.symbols().iter().map(|symbol| symbol.name.clone()).collect();
        let [nvda, btc, eth, ..] = names.as_slice() else { panic!("{names:?}") };
        let bars = |app: &App| match pair(&app.tape, btc, eth, app.now) {
            Pair::Compared(Together { correlation: Some(_), bars }) => bars,
            other => panic!("{other:?}"),
        };
        assert_eq!(bars(&desk.app), 119);
        assert_eq!(pair(&desk.app.tape, nvda, btc, desk.app.now), Pair::NoCandles(nvda));
        desk.app.tape.span = Span::Hour;
        assert_eq!(bars(&desk.app), 60, "an hour of the day's bars");
    }

    #[test]
    fn the_candles_of_all_symbols_are_wanted() {
        let mut desk = Desk::new();
        let wanted = |effects: &[Effect]| {
            effects.iter().filter(|e| matches!(e, Effect::Sources(SourceEffect::CompareOver(_)))).count()
        };
        assert_eq!(wanted(&desk.press("i")), 1);
        assert_eq!(desk.app.popup, Some(Popup::Heat { scroll: 0 }));
        assert_eq!(wanted(&desk.app.command(Command::NextSpan)), 1, "another span");
        assert_eq!(wanted(&desk.press("}")), 1, "those of a list of one symbol");
        assert_eq!(compared(&desk.app.tape).len(), 1);
        desk.press("i");
        assert_eq!(desk.app.popup, None);
    }
}
