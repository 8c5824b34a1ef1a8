//! Why did a price move? The stories around a move, those first that are likely to be about it.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use super::command::Command;
use super::movers::{Mover, Movers, What};
use super::wire::Item;
use super::{App, Popup, Tone};
use crate::domain::Name;
use crate::domain::group::GroupId;
use crate::domain::number::numbers;
use crate::domain::price::{Session, State, session_of};
use crate::domain::story::{Story, StoryId};
use crate::domain::topic::TopicRule;
use crate::event::Effect;

/// Stories from so long before a move may be its cause.
const BEFORE: SignedDuration = SignedDuration::from_hours(1);
/// A story so long before or after a move counts half of one within it, in seconds.
const NEAR: f64 = 15.0 * 60.0;
/// A story that names the level the price went through counts so many times.
const NAMES_LEVEL: f64 = 3.0;
/// Without a move that was reported, the last hour is asked about.
const LAST: SignedDuration = SignedDuration::from_hours(1);
/// A move reported longer ago is not what is asked about.
const REPORTED: SignedDuration = SignedDuration::from_hours(24);

/// A move that is asked about.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    pub symbol: Name,
    pub begun: Timestamp,
    /// None: it goes on.
    pub ended: Option<Timestamp>,
    /// The round level that was crossed.
    pub level: Option<f64>,
}

/// Why there is no move to explain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unmoved {
    /// It never had a price.
    Unpriced,
    /// Its market is closed, since then.
    Closed { since: Timestamp },
    /// Its newest price is of then: whether it has moved is not known.
    Old { since: Timestamp },
    /// It costs what it cost then.
    Same { since: Timestamp },
    /// What it cost then is not known.
    NoBase { then: Timestamp },
}

/// A story that may be why.
#[derive(Clone, Copy, Debug)]
pub struct Cause<'a> {
    pub item: &'a Item,
    /// It stands under another story of its group.
    pub under: bool,
}

impl App {
    /// Why what is asked about is no move, if it is none: where none was reported and no bar chosen, in the last hour.
    pub fn unmoved(&self, asked: &Asked) -> Option<Unmoved> {
        self.unmoved_lately(&asked.symbol).filter(|_| asked.ended.is_none())
    }

    fn unmoved_lately(&self, symbol: &Name) -> Option<Unmoved> {
        let Some(quote) = self.tape.quote(symbol) else { return Some(Unmoved::Unpriced) };
        let then = self.now.checked_sub(LAST).unwrap_or(Timestamp::MIN);
        let moved = self.tape.since(symbol, then);
        // What would read 0.00 % is no move.
        if moved.as_ref().is_some_and(|moved| moved.percent.abs() >= 0.005) {
            return None;
        }
        let is_closed = session_of(quote, &self.calendar, self.now) == Session::Closed;
        Some(match self.price_state(symbol) {
            State::Closed { at, .. } => Unmoved::Closed { since: at },
            _ if is_closed => Unmoved::Closed { since: self.calendar.last_close(self.now) },
            state if !state.is_current() => Unmoved::Old { since: quote.newest() },
            _ if moved.is_some() => Unmoved::Same { since: then },
            _ => Unmoved::NoBase { then },
        })
    }

    /// The stories that may be why, from an hour before the move until now: of each event the most likely first, with its
    /// other reports below it in order of appearance.
    pub fn causes(&self, asked: &Asked) -> Vec<Cause<'_>> {
        let from = asked.begun.checked_sub(BEFORE).unwrap_or(Timestamp::MIN);
        let in_time = |item: &&Item| item.story.time() >= from && !item.verdict.is_muted();
        let mut groups: HashMap<GroupId, f64> = HashMap::new();
        for item in self.wire.items().take_while(|item| item.story.time() >= from).filter(in_time) {
            if let Some(bound) = binding(self.topics(), item, &asked.symbol) {
                let outlets = self.wire.outlet_count(item.group);
                let best = groups.entry(item.group).or_default();
                *best = best.max(bound * likelihood(&item.story, asked, outlets, self.now));
            }
        }
        let mut groups: Vec<(GroupId, f64)> = groups.into_iter().collect();
        groups.sort_by(|a, b| b.1.total_cmp(&a.1).then(b.0.cmp(&a.0)));
        // What speaks of something else may have come into the group all the same.
        let is_bound = |item: &&Item| binding(self.topics(), item, &asked.symbol).is_some();
        let reports = |group| self.wire.group(group).filter(in_time).filter(is_bound).enumerate();
        groups.iter().flat_map(|(group, _)| reports(*group)).map(|(at, item)| Cause { item, under: at > 0 }).collect()
    }

    /// Asks why: of the bar chosen in the chart, else of the move that was just reported, else of the symbol's last one.
    pub(super) fn ask_why(&mut self) -> Vec<Effect> {
        let bar = self.chosen_bar();
        let reported = self.standing_mover().filter(|_| bar.is_none()).map(|mover| reported_move(&self.movers, mover));
        let Some(asked) = bar.or(reported).or_else(|| self.tape.charted().map(|symbol| self.last_move(symbol))) else {
            return self.notify(Tone::Info, "no symbol is watched".into());
        };
        self.ask_about(asked)
    }

    /// The last move of a symbol that was reported; without one its last hour, or since its market closed.
    fn last_move(&self, symbol: Name) -> Asked {
        let is_recent = |mover: &&Mover| mover.symbol == symbol && self.now.duration_since(mover.at) <= REPORTED;
        let reported = self.movers.iter().find(is_recent).map(|mover| reported_move(&self.movers, mover));
        let begun = match self.unmoved_lately(&symbol) {
            Some(Unmoved::Closed { since }) => since,
            _ => self.now.checked_sub(LAST).unwrap_or(Timestamp::MIN),
        };
        reported.unwrap_or(Asked { symbol, begun, ended: None, level: None })
    }

    /// The chart keeps its symbol: to ask about another one is not to turn to it.
    fn ask_about(&mut self, asked: Asked) -> Vec<Effect> {
        if self.standing_mover().is_some_and(|mover| mover.symbol == asked.symbol) {
            self.movers.dismiss();
        }
        self.show(Popup::Why { asked, chosen: None, line: 0 })
    }

    /// What a command does while causes are shown; None: the same as without them.
    pub(super) fn why_command(
        &mut self,
        command: Command,
        asked: &Asked,
        chosen: Option<StoryId>,
    ) -> Option<Vec<Effect>> {
        match command {
            Command::NextSymbol | Command::PreviousSymbol => {
                let symbol = self.tape.beside(&asked.symbol, command == Command::NextSymbol)?;
                Some(self.ask_about(self.last_move(symbol)))
            }
            Command::Read | Command::Open | Command::CopyLink => {
                let id = chosen.or_else(|| self.causes(asked).first().map(|cause| cause.item.story.id));
                Some(id.map(|id| self.with_story(command, id)).unwrap_or_default())
            }
            _ => None,
        }
    }

    /// Moves among the causes. The line of the screen that the cursor is on goes with it.
    pub(super) fn why_moved(&self, asked: Asked, chosen: Option<StoryId>, line: usize, by: isize) -> Popup {
        let causes = self.causes(&asked);
        let at = |id: StoryId| causes.iter().position(|cause| cause.item.story.id == id);
        let place = chosen.and_then(at).unwrap_or(0);
        let last = causes.len().saturating_sub(1);
        let next = place.saturating_add_signed(by).min(last);
        // A key may come before the popup was drawn.
        let last_line = self.seen.popup.height.checked_sub(1).map_or(usize::MAX, usize::from);
        let line = line.saturating_add_signed(next as isize - place as isize).min(last_line).min(next);
        let chosen = causes.get(next).map(|cause| cause.item.story.id);
        Popup::Why { asked, chosen, line }
    }
}

/// A move that was reported, with the level that was crossed in it.
fn reported_move(movers: &Movers, mover: &Mover) -> Asked {
    let crossed = movers.iter().filter(|other| other.symbol == mover.symbol && other.at >= mover.begun);
    let mut levels = crossed.filter_map(|other| match other.what {
        What::Crossed { level, .. } => Some(level),
        What::Went { .. } => None,
    });
    Asked { symbol: mover.symbol.clone(), begun: mover.begun, ended: Some(mover.at), level: levels.next() }
}

/// How closely a story is bound to a symbol: by a topic of that symbol alone with 1, of two with a half …
fn binding(rules: &[TopicRule], item: &Item, symbol: &Name) -> Option<f64> {
    let rules = rules.iter().filter(|rule| item.tagged.topics().contains(&rule.name));
    let of_symbol = rules.filter(|rule| rule.symbols.contains(symbol));
    of_symbol.map(|rule| 1.0 / rule.symbols.len() as f64).max_by(f64::total_cmp)
}

/// How likely a story tells why, for its nearness in time, those who carry it, and the level that it names.
fn likelihood(story: &Story, asked: &Asked, outlets: usize, now: Timestamp) -> f64 {
    let time = story.time();
    let ended = asked.ended.unwrap_or(now).max(asked.begun);
    let apart = asked.begun.duration_since(time).max(time.duration_since(ended)).max(SignedDuration::ZERO);
    let near = 1.0 / (1.0 + apart.as_secs_f64() / NEAR);
    let carried = 1.0 + (outlets.max(1) as f64).log2();
    let names = |level: f64| numbers(&story.title).iter().any(|number| (number / level - 1.0).abs() < 1e-6);
    let named = if asked.level.is_some_and(names) { NAMES_LEVEL } else { 1.0 };
    near * carried * named
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::app::Focus;
    use crate::app::samples::{Desk, minute, quote, story, titled};
    use crate::event::Event;

    /// BTC falls through 70,000 at minute 0; three stories from before it.
    fn desk() -> Desk {
        let mut desk = Desk::new();
        desk.stories([
            titled(1, -50, "Bitcoin miners report results"),
            titled(2, -5, "Crypto exchange opens in Oslo"),
            titled(3, -70, "Bitcoin slides under $70,000 for a moment"),
            story(4, -1),
        ]);
        for price in [70_600.0, 69_900.0] {
            let now = desk.now;
            desk.send(Event::Quote(quote("BTC-USD", price, now)));
        }
        desk
    }

    fn asked(desk: &Desk) -> &Asked {
        desk.app.popup.as_ref().and_then(Popup::asked).unwrap()
    }

    fn causes(desk: &Desk) -> Vec<u64> {
        desk.app.causes(asked(desk)).iter().map(|cause| cause.item.story.id.0).collect()
    }

    fn chosen(desk: &Desk) -> (Option<u64>, usize) {
        match &desk.app.popup {
            Some(Popup::Why { chosen, line, .. }) => (chosen.map(|id| id.0), *line),
            other => panic!("{other:?} is open"),
        }
    }

    #[test]
    fn the_move_just_told_is_asked_about_and_the_chart_keeps_its_symbol() {
        let mut desk = desk();
        assert_eq!(desk.app.standing_mover().map(Mover::words).as_deref(), Some("fell through 70,000"));
        desk.press("w");
        assert_eq!(asked(&desk).level, Some(70_000.0));
        assert_eq!(&*asked(&desk).symbol, "BTC-USD");
        assert_eq!(desk.app.tape.selected().map(|symbol| &*symbol.name), Some("NVDA"));
        assert_eq!(desk.app.standing_mover(), None, "it has been seen");
        assert_eq!(causes(&desk), [2, 1], "an hour before and since, bound to it, the likelier first");
    }

    #[test]
    fn the_list_grows_and_the_cursor_stays_on_its_story_and_line() {
        let mut desk = desk();
        desk.press("w j");
        assert_eq!(chosen(&desk), (Some(1), 1));
        desk.now += std::time::Duration::from_mins(2);
        desk.stories([titled(5, 1, "Bitcoin drops below $70,000"), titled(6, 1, "Senate passes a budget")]);
        assert_eq!(causes(&desk), [5, 2, 1], "who names the level comes first");
        assert_eq!(chosen(&desk), (Some(1), 1));
        desk.press("k k k");
        assert_eq!(chosen(&desk), (Some(5), 0));
    }

    #[test]
    fn other_reports_of_an_event_stand_below_its_first() {
        let mut desk = desk();
        let reports = ["Bitcoin drops below $70,000 as traders flee", "Traders flee as bitcoin drops below $70,000"];
        for (id, title) in (10..).zip(reports) {
            let other = crate::domain::story::Story { outlet: format!("Outlet {id}").into(), ..titled(id, 0, title) };
            desk.stories([other]);
        }
        desk.press("w");
        let under: Vec<bool> = desk.app.causes(asked(&desk)).iter().take(2).map(|cause| cause.under).collect();
        assert_eq!((causes(&desk)[..2].to_vec(), under), (vec![10, 11], vec![false, true]));
    }

    #[test]
    fn a_cause_is_read_where_it_stands_in_the_wire() {
        let mut desk = desk();
        desk.press("1 w j enter");
        assert_eq!(
            (desk.app.popup.clone(), desk.app.arrangement.focus, desk.current()),
            (None, Focus::Reader, Some(1))
        );
        assert!(desk.app.wire.filter().is_empty(), "the filter left it out, and has ended");
        assert!(desk.app.wire.current_item().unwrap().marks.read);
    }

    #[test]
    fn without_a_move_told_the_last_hour_is_asked_about_symbol_by_symbol() {
        let mut desk = Desk::new();
        desk.stories([titled(1, -30, "Solana validators agree on fees")]);
        desk.press("w");
        assert_eq!(causes(&desk), [0u64; 0], "NVDA: nothing");
        desk.press("[");
        assert_eq!(&*asked(&desk).symbol, "SOL-USD");
        assert_eq!(causes(&desk), [1]);
        assert_eq!(asked(&desk).begun, minute(-60));
        assert_eq!(desk.app.tape.selected().map(|symbol| &*symbol.name), Some("NVDA"), "the chart stays");
        desk.press("]");
        assert_eq!(&*asked(&desk).symbol, "NVDA", "round and round");
        desk.press("w");
        assert_eq!(desk.app.popup, None);
    }

    #[test]
    fn without_a_move_it_says_why_there_is_none() {
        let mut desk = Desk::new();
        desk.press("w");
        assert_eq!(desk.app.unmoved(asked(&desk)), Some(Unmoved::Unpriced));
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        // Black Friday: the market closed at 13:00 in New York.
        let close = at("2026-11-27T18:00:00Z");
        let reported = crate::domain::price::Quote { exchange_time: Some(close), ..quote("NVDA", 180.0, close) };
        desk.now = close;
        desk.send(Event::Quote(reported));
        for (now, expected) in [
            ("2026-11-28T15:00:00Z", Some(Unmoved::Closed { since: close })),
            ("2026-11-30T15:00:00Z", Some(Unmoved::Old { since: close })),
        ] {
            desk.now = at(now);
            desk.press("esc w");
            assert_eq!(desk.app.unmoved(asked(&desk)), expected, "{now}");
        }
        assert_eq!(asked(&desk).begun, at("2026-11-30T14:00:00Z"));
        let mut desk = self::desk();
        desk.press("w");
        assert_eq!(desk.app.unmoved(asked(&desk)), None, "a move that was reported");
    }
}
