//! Prices that move more than they do: reported by themselves, once for each move.

use std::collections::{HashMap, VecDeque};

use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;

use super::tape::last_trade;
use super::{App, Tape};
use crate::domain::Name;
use crate::domain::format;
use crate::domain::price::{Delivery, Quote, decimals};
use crate::event::{Effect, Urgency, move_back};

/// How many are remembered.
const KEPT: usize = 64;
/// Over how long moves are looked at.
const SPANS: [SignedDuration; 2] = [SignedDuration::from_mins(15), SignedDuration::from_mins(60)];
/// A move of so many times the usual is reported …
const TIMES: f64 = 5.0;
/// … when it is at least so large, in per cent.
const LEAST: f64 = 0.4;
/// After one was reported, the next of the same direction is reported when so long has passed …
const QUIET: SignedDuration = SignedDuration::from_mins(60);
/// … or when it is so many times as large.
const LARGER: f64 = 1.5;
/// A symbol is looked at no more often.
const LOOKED_EVERY: SignedDuration = SignedDuration::from_secs(5);
/// A round level is crossed anew after the price has been away from it by this share.
const AWAY: f64 = 0.005;
/// What moved so shortly before another stands beside it.
const WITH_IT: SignedDuration = SignedDuration::from_mins(5);
/// How long one stands in the status line, in seconds of the day and of the reader.
const STANDS: (i64, f64) = (15 * 60, 10.0);

/// A price that moved more than it does.
#[derive(Clone, Debug, PartialEq)]
pub struct Mover {
    /// The symbol whose price moved.
    pub symbol: Name,
    /// When the move began.
    pub begun: Timestamp,
    /// When it was seen.
    pub at: Timestamp,
    /// How it moved.
    pub what: What,
}

/// What a price did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum What {
    /// It went further than usual.
    Went {
        /// Change over the move, in per cent; negative when it fell.
        percent: f64,
        /// How long the move took.
        long: SignedDuration,
        /// How many times larger than the usual change over that time.
        times: f64,
    },
    /// It went through a round level.
    Crossed {
        /// The round price that was crossed.
        level: f64,
        /// Crossed upwards.
        rose: bool,
    },
}

impl Mover {
    /// What is reported first of what moved together: a level that was crossed, then what went furthest beyond its usual.
    fn weight(&self) -> f64 {
        match self.what {
            What::Crossed { .. } => f64::INFINITY,
            What::Went { times, .. } => times,
        }
    }

    /// What happened, without the symbol: `fell through 70,000`, `−2.1% in 15 min, 6× the usual`.
    pub fn words(&self) -> String {
        match self.what {
            What::Crossed { level, rose } => {
                format!("{} through {}", if rose { "rose" } else { "fell" }, level_words(level))
            }
            What::Went { percent, long, times } => {
                let long = format::rough(long.unsigned_abs());
                format!("{} in {long}, {times:.0}× the usual", format::percent(percent, 1))
            }
        }
    }
}

/// `70,000`, `0.25`
fn level_words(level: f64) -> String {
    let Some(price) = Decimal::from_f64(level).map(|price| price.normalize()) else { return level.to_string() };
    format::price(price, if price.scale() == 0 { 0 } else { decimals(price) })
}

/// What was seen of one symbol.
#[derive(Debug)]
struct Watched {
    /// The last price that was away from every round level it had crossed.
    settled: f64,
    crossed: Option<f64>,
    /// The last price, and when it traded.
    last: (f64, Timestamp),
    looked: Option<Timestamp>,
    /// Whose price the last was.
    source: Name,
    /// The last unusual move reported in each direction, down and up: when, and its per cent.
    reported: [Option<(Timestamp, f64)>; 2],
}

/// The latest unusual moves, and what is needed to see the next.
#[derive(Debug, Default)]
pub struct Movers {
    /// The newest first.
    known: VecDeque<Mover>,
    watched: HashMap<Name, Watched>,
    /// The newest has been seen, or closed.
    dismissed: bool,
}

impl Movers {
    /// The latest, the newest first.
    pub fn iter(&self) -> impl Iterator<Item = &Mover> {
        self.known.iter()
    }

    /// Those that stand in the status line: the newest, as long as it does, and what moved with it, one of each symbol, the
    /// weightiest first. A replay's day runs faster than its reader.
    pub fn standing(&self, now: Timestamp, speed: f64) -> Vec<&Mover> {
        let stands = SignedDuration::from_secs(STANDS.0.max((STANDS.1 * speed) as i64));
        let newest = self.known.front().filter(|mover| !self.dismissed && now.duration_since(mover.at) <= stands);
        let Some(newest) = newest else { return Vec::new() };
        let mut standing: Vec<&Mover> = Vec::new();
        for mover in self.known.iter().take_while(|mover| newest.at.duration_since(mover.at) <= WITH_IT) {
            match standing.iter_mut().find(|other| other.symbol == mover.symbol) {
                Some(other) if mover.weight() > other.weight() => *other = mover,
                Some(_) => {}
                None => standing.push(mover),
            }
        }
        standing.sort_by(|a, b| b.weight().total_cmp(&a.weight()));
        standing
    }

    /// It has been seen.
    pub fn dismiss(&mut self) {
        self.dismissed = true;
    }

    /// The clock was set back.
    pub(super) fn set_back(&mut self, by: SignedDuration) {
        move_back(self.known.iter_mut().map(|mover| &mut mover.at), by);
        for watched in self.watched.values_mut() {
            move_back(&mut watched.looked, by);
            move_back(watched.reported.iter_mut().flatten().map(|(at, _)| at), by);
        }
    }

    /// Forgets everything, when a replay begins again.
    pub fn clear(&mut self) {
        *self = Movers::default();
    }

    fn note(&mut self, mover: Mover) {
        self.known.push_front(mover);
        self.known.truncate(KEPT);
        self.dismissed = false;
    }

    /// Takes in a price; answers what it crossed and where it went further than usual.
    fn look(&mut self, tape: &Tape, quote: &Quote, now: Timestamp) -> Option<Mover> {
        let (price, at) = last_trade(quote).filter(|(price, _)| *price > 0.0)?;
        let symbol = quote.symbol.clone();
        let watched = self.watched.entry(symbol.clone()).or_insert_with(|| Watched {
            settled: price,
            crossed: None,
            last: (price, at),
            looked: None,
            source: quote.source.clone(),
            reported: [None; 2],
        });
        let before = std::mem::replace(&mut watched.last, (price, at)).1;
        if watched.source != quote.source || at < before {
            // A price of another source, or an older one, has not gone from there to here.
            (watched.source, watched.settled, watched.crossed) = (quote.source.clone(), price, None);
            return None;
        }
        if let Some((level, rose)) = watched.cross(price) {
            // The fall that brought it through is reported with it, and not once more.
            let moves = SPANS.iter().filter_map(|long| Some(tape.since(&symbol, at.checked_sub(*long).ok()?)?.percent));
            let largest = moves.filter(|percent| (*percent > 0.0) == rose).max_by(|a, b| a.abs().total_cmp(&b.abs()));
            largest.into_iter().for_each(|percent| watched.reported[usize::from(rose)] = Some((now, percent)));
            return Some(Mover { symbol, begun: before, at: now, what: What::Crossed { level, rose } });
        }
        if watched.looked.is_some_and(|at| now.duration_since(at) < LOOKED_EVERY && now >= at) {
            return None;
        }
        watched.looked = Some(now);
        let mut went = SPANS.iter().filter_map(|long| went(tape, &symbol, at.checked_sub(*long).ok()?, *long));
        let (begun, what, percent) = went.find(|(_, _, percent)| watched.is_news(now, *percent))?;
        watched.reported[usize::from(percent > 0.0)] = Some((now, percent));
        Some(Mover { symbol, begun, at: now, what })
    }
}

/// What a symbol did since a time, when that is unusual.
fn went(tape: &Tape, symbol: &str, since: Timestamp, long: SignedDuration) -> Option<(Timestamp, What, f64)> {
    let moved = tape.since(symbol, since).filter(|moved| moved.percent.abs() >= LEAST)?;
    let times = moved.percent.abs() / tape.usual(symbol, &moved)?.percent;
    let what = What::Went { percent: moved.percent, long, times };
    (times >= TIMES).then_some((moved.base.at, what, moved.percent))
}

impl Watched {
    /// The level that a price is on the other side of now, and whether it rose through it.
    fn cross(&mut self, price: f64) -> Option<(f64, bool)> {
        let is_away = |from: f64| (price / from - 1.0).abs() > AWAY;
        let level = crossed_level(self.settled, price);
        let is_new = level.is_some() && level != self.crossed;
        let rose = price > self.settled;
        if level.or(self.crossed).is_none_or(is_away) {
            (self.settled, self.crossed) = (price, None);
        } else {
            self.crossed = level.or(self.crossed);
        }
        level.filter(|_| is_new).map(|level| (level, rose))
    }

    fn is_news(&self, now: Timestamp, percent: f64) -> bool {
        self.reported[usize::from(percent > 0.0)].is_none_or(|(at, reported)| {
            now.duration_since(at) > QUIET || now < at || percent.abs() >= reported.abs() * LARGER
        })
    }
}

/// The round level between two prices that is next to the second; None when there is none.
fn crossed_level(from: f64, to: f64) -> Option<f64> {
    let step = level_step(to)?;
    let level = if to < from { (to / step).floor() * step + step } else { (to / step).floor() * step };
    let is_between = if to < from { to < level && level <= from } else { from < level && level <= to };
    is_between.then_some(level)
}

/// How far round levels are apart at a price, 5 to 10 per cent: 5,000 at 70,000; 10 at 181; 100 at 1,950; 0.05 at 0.5.
fn level_step(price: f64) -> Option<f64> {
    let power = 10f64.powf(price.log10().floor());
    let step = if price < power * 2.0 {
        0.1
    } else if price < power * 5.0 {
        0.2
    } else {
        0.5
    };
    Some(power * step).filter(|step| step.is_finite() && *step > 0.0)
}

impl App {
    /// Is a price worth telling of by itself? Only one that is current: what is stored, or reported late, is no news.
    pub(super) fn look_for_movers(&mut self, symbol: &Name) -> Option<Effect> {
        let quote = self.tape.quote(symbol).filter(|quote| quote.delivery != Delivery::Stored)?;
        let is_watched = self.tape.symbols().iter().any(|known| known.name == *symbol);
        if self.loading || !is_watched {
            return None;
        }
        let mover = self.movers.look(&self.tape, quote, self.now).filter(|_| self.price_state(symbol).is_current())?;
        self.movers.note(mover);
        Some(Effect::Draw(Urgency::News))
    }

    /// The unusual moves that stand in the status line, the weightiest first.
    pub fn standing_movers(&self) -> Vec<&Mover> {
        self.movers.standing(self.now, self.replay.map_or(1.0, |position| position.speed))
    }

    /// The weightiest of them.
    pub fn standing_mover(&self) -> Option<&Mover> {
        self.standing_movers().first().copied()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::app::samples::{Desk, minute, quote, series};
    use crate::domain::price::Span;
    use crate::event::Event;

    fn coin(desk: &mut Desk, price: f64) -> Option<String> {
        let before = desk.app.movers.known.len();
        desk.now += std::time::Duration::from_mins(1);
        let now = desk.now;
        desk.send(Event::Quote(quote("BTC-USD", price, now)));
        (desk.app.movers.known.len() > before).then(|| desk.app.movers.known[0].words())
    }

    #[test]
    fn a_round_level_is_told_once_until_the_price_has_been_away_from_it() {
        let steps = [
            (70_600.0, None),
            (70_100.0, None),
            (69_900.0, Some("fell through 70,000")),
            (70_010.0, None),
            (69_950.0, None),
            (70_400.0, None),
            (69_990.0, Some("fell through 70,000")),
            (69_000.0, None),
            (70_001.0, Some("rose through 70,000")),
            (64_000.0, Some("fell through 65,000")),
            (101_000.0, Some("rose through 100,000")),
        ];
        let mut desk = Desk::new();
        for (price, expected) in steps {
            assert_eq!(coin(&mut desk, price).as_deref(), expected, "at {price}");
        }
    }

    #[test]
    fn steps_are_round_and_follow_the_price() {
        let cases = [(70_000.0, 5_000.0), (97_000.0, 5_000.0), (181.0, 10.0), (1_950.0, 100.0), (2_050.0, 200.0)];
        for (price, expected) in cases {
            assert_eq!(level_step(price), Some(expected), "{price}");
        }
        assert_eq!(level_step(0.0), None);
        assert_eq!(crossed_level(71.0, 70.0), None, "on the level is not through it");
        assert_eq!(crossed_level(69.0, 70.0), Some(70.0));
    }

    #[test]
    fn a_move_far_beyond_the_usual_is_told_once_and_again_when_it_grows() {
        let mut desk = Desk::new();
        let calm: Vec<f64> = (0..240).map(|at| 71_000.0 + f64::from(at % 2) * 30.0).collect();
        desk.send(Event::Series { span: Span::Day, series: series("BTC-USD", minute(-240), &calm) });
        assert_eq!(coin(&mut desk, 71_010.0), None);
        assert_eq!(coin(&mut desk, 70_500.0).as_deref(), Some("−0.7% in 15 min, 17× the usual"));
        assert_eq!(coin(&mut desk, 70_450.0), None, "the same move");
        assert_eq!(coin(&mut desk, 70_100.0).as_deref(), Some("−1.3% in 15 min, 30× the usual"));
        let words = desk.app.standing_mover().map(Mover::words);
        assert_eq!(words.as_deref(), Some("−1.3% in 15 min, 30× the usual"));
        desk.wait(16 * 60);
        assert_eq!(desk.app.standing_mover(), None, "it does not stand for ever");
    }

    #[test]
    fn what_moves_together_stands_together_and_a_level_first() {
        let mut desk = Desk::new();
        let calm: Vec<f64> = (0..240).map(|at| 3_000.0 + f64::from(at % 2)).collect();
        desk.send(Event::Series { span: Span::Day, series: series("ETH-USD", minute(-240), &calm) });
        coin(&mut desk, 71_000.0);
        assert_eq!(coin(&mut desk, 69_900.0).as_deref(), Some("fell through 70,000"));
        let (eth, now) = (quote("ETH-USD", 2_950.0, desk.now), desk.now);
        desk.app.update(Event::Quote(eth), now);
        let standing: Vec<String> =
            desk.app.standing_movers().iter().map(|mover| format!("{} {}", mover.symbol, mover.words())).collect();
        assert_eq!(standing, ["BTC-USD fell through 70,000", "ETH-USD −1.7% in 15 min, 50× the usual"]);
    }

    #[test]
    fn what_is_stored_is_no_news() {
        let mut desk = Desk::new();
        coin(&mut desk, 71_000.0);
        let stored = Quote { delivery: Delivery::Stored, ..quote("BTC-USD", 69_000.0, desk.now) };
        desk.send(Event::Quote(stored));
        assert_eq!(desk.app.movers.iter().count(), 0);
    }
}
