//! While the reader was away: since when, and what happened since.

use crossterm::event::Event as TerminalEvent;
use jiff::{SignedDuration, Timestamp};

use super::alerts::Fired;
use super::tape::Tape;
use super::{App, Popup, Tone, drawn};
use crate::domain::Name;
use crate::domain::format;
use crate::domain::topic::TopicRule;
use crate::event::{Effect, move_back};

/// Who was away for less has missed nothing.
const ABSENCE: SignedDuration = SignedDuration::from_mins(5);

/// Whether the reader is there.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Away {
    /// The last sign of the reader: a key, or the terminal had the focus.
    present: Option<Timestamp>,
    /// None: the terminal does not tell.
    has_focus: Option<bool>,
    /// Where the line stands in the wire: the end of the presence before.
    line: Option<Timestamp>,
    /// The last absence that was long enough to be reported.
    last: Option<(Timestamp, Timestamp)>,
}

/// What happened in an absence.
#[derive(Debug)]
pub struct Digest<'a> {
    pub from: Timestamp,
    pub to: Timestamp,
    /// Stories that came, in all and by topic with a key.
    pub stories: usize,
    pub topics: Vec<(&'a TopicRule, usize)>,
    /// Topics that have a spike now.
    pub spikes: Vec<&'a TopicRule>,
    /// Of each symbol how far it went from where it was at most, when, and how far it is now, in per cent.
    pub moves: Vec<(&'a Name, Option<Went>)>,
    pub alerts: Vec<&'a Fired>,
}

/// How far a price went from where it was.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Went {
    /// The largest move, and when: the end of its bar.
    pub farthest: (f64, Timestamp),
    /// The move as it is now.
    pub now: f64,
}

/// What an event says of the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Presence {
    /// As before.
    Unchanged,
    Left,
    /// Back since just now, and away since then; and whether the terminal says that the reader looks at it.
    Back {
        since: Timestamp,
        looks: bool,
    },
}

impl Away {
    /// Whoever starts newstape is there.
    pub(super) fn new(now: Timestamp) -> Away {
        Away { present: Some(now), ..Away::default() }
    }

    /// A sign of the reader, or the end of one. A replay's day runs faster than its reader, by `speed`.
    fn see(&mut self, event: &TerminalEvent, now: Timestamp, speed: f64) -> Presence {
        let is_back = match event {
            TerminalEvent::FocusLost => {
                (self.has_focus, self.present, self.line) = (Some(false), Some(now), Some(now));
                return Presence::Left;
            }
            TerminalEvent::Resize(..) => return Presence::Unchanged,
            TerminalEvent::FocusGained => self.has_focus.replace(true) != Some(true),
            _ => self.has_focus != Some(true),
        };
        let absent = self.present.replace(now).filter(|since| is_back && is_absence(*since, now, speed));
        let Some(since) = absent else { return Presence::Unchanged };
        (self.line, self.last) = (Some(since), Some((since, now)));
        Presence::Back { since, looks: matches!(event, TerminalEvent::FocusGained) }
    }

    /// Where the line stands in the wire: the last moment before the reader went away.
    fn since(&self, now: Timestamp, speed: f64) -> Option<Timestamp> {
        let is_away = self.has_focus.is_none();
        let absent = self.present.filter(|since| is_away && is_absence(*since, now, speed));
        absent.or(self.line)
    }

    /// The clock was set back.
    pub(super) fn set_back(&mut self, by: SignedDuration) {
        move_back(self.present.iter_mut().chain(&mut self.line), by);
        move_back(self.last.as_mut().map(|(_, to)| to), by);
        move_back(self.last.as_mut().map(|(from, _)| from), by);
    }
}

fn is_absence(since: Timestamp, now: Timestamp, speed: f64) -> bool {
    now.duration_since(since).as_secs_f64() >= ABSENCE.as_secs_f64() * speed.max(1.0)
}

impl App {
    /// A sign of the reader, or the end of one.
    pub(super) fn notice_presence(&mut self, event: &TerminalEvent) -> Vec<Effect> {
        match self.away.see(event, self.now, self.speed()) {
            Presence::Unchanged => Vec::new(),
            Presence::Left => drawn(),
            Presence::Back { since, looks } => self.came_back(since, looks),
        }
    }

    /// Tells what happened: laid over the screen when the terminal says that the reader looks at it; a key does first what it
    /// is for.
    fn came_back(&mut self, since: Timestamp, looks: bool) -> Vec<Effect> {
        if looks && self.popup.is_none() && !self.prompt.is_open() {
            return self.show(Popup::Digest { scroll: 0 });
        }
        let key = self.keymap.hint(super::command::Command::Digest);
        let away = format::rough(self.now.duration_since(since).unsigned_abs());
        self.notify(Tone::Info, format!("you were away for {away}; {key} tells what happened"))
    }

    /// Where the line stands in the wire: the last moment before the reader went away.
    pub fn away_since(&self) -> Option<Timestamp> {
        self.away.since(self.now, self.speed())
    }

    pub(super) fn show_digest(&mut self) -> Vec<Effect> {
        match self.away.last {
            Some(_) => self.show(Popup::Digest { scroll: 0 }),
            None => self.notify(Tone::Info, "you have not been away yet".into()),
        }
    }

    /// What happened in the last absence.
    pub fn digest(&self) -> Option<Digest<'_>> {
        let (from, to) = self.away.last?;
        let is_within = |at: Timestamp| from < at && at <= to;
        let came = || self.wire.items().filter(|item| is_within(item.story.first_seen) && !item.verdict.is_muted());
        let of = |rule: &TopicRule| came().filter(|item| item.tagged.topics().contains(&rule.name)).count();
        let keyed = || self.topics().iter().filter(|rule| rule.key.is_some());
        Some(Digest {
            from,
            to,
            stories: came().count(),
            topics: keyed().map(|rule| (rule, of(rule))).collect(),
            spikes: keyed().filter(|rule| self.heat(&rule.name).is_spike).collect(),
            moves: self
                .tape
                .symbols()
                .iter()
                .map(|symbol| (&symbol.name, went(&self.tape, &symbol.name, from, to)))
                .collect(),
            alerts: self.alerts.fired().filter(|fired| is_within(fired.at) && !fired.is_trial).collect(),
        })
    }
}

fn went(tape: &Tape, symbol: &str, from: Timestamp, to: Timestamp) -> Option<Went> {
    Some(Went { farthest: tape.farthest(symbol, from, to)?, now: tape.since(symbol, from)?.percent })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::app::samples::{Desk, minute, quote, series, titled};
    use crate::domain::price::Span;
    use crate::domain::story::Story;
    use crate::event::Event;

    fn focus(desk: &mut Desk, has: bool) -> Vec<Effect> {
        let event = if has { TerminalEvent::FocusGained } else { TerminalEvent::FocusLost };
        desk.send(Event::Terminal(event))
    }

    fn now(desk: &Desk, id: u64, title: &str) -> Story {
        Story { first_seen: desk.now, published: Some(desk.now), ..titled(id, 0, title) }
    }

    #[test]
    fn on_return_a_digest_tells_what_happened() {
        let mut desk = Desk::new();
        desk.send(Event::Series { span: Span::Day, series: series("BTC-USD", minute(-5), &[100.0; 5]) });
        let before = now(&desk, 1, "Nvidia opens a plant");
        desk.stories([before]);
        focus(&mut desk, false);
        for (id, price) in [(2, 103.0), (3, 99.0)] {
            desk.now += std::time::Duration::from_mins(4);
            let news = now(&desk, id, &format!("Nvidia release {id} ships"));
            desk.stories([news]);
            let quote = quote("BTC-USD", price, desk.now);
            desk.send(Event::Quote(quote));
        }
        focus(&mut desk, true);
        assert_eq!(desk.app.popup, Some(Popup::Digest { scroll: 0 }));
        let digest = desk.app.digest().unwrap();
        assert_eq!((digest.from, digest.to, digest.stories), (minute(0), minute(8), 2));
        assert_eq!(digest.topics.iter().find(|(rule, _)| &*rule.name == "nvidia").unwrap().1, 2);
        let went = digest.moves.iter().find(|(name, _)| &***name == "BTC-USD").unwrap().1.unwrap();
        assert_eq!((went.farthest.0.round(), went.now.round()), (3.0, -1.0));
        assert_eq!(desk.app.away_since(), Some(minute(0)), "the line stands where the reader left");
    }

    #[test]
    fn a_moment_away_is_no_absence() {
        let mut desk = Desk::new();
        focus(&mut desk, false);
        desk.wait(240);
        focus(&mut desk, true);
        assert_eq!(desk.app.popup, None);
        assert_eq!(desk.app.away_since(), Some(minute(0)));
    }

    #[test]
    fn without_focus_reports_keys_tell_and_do_what_they_are_for() {
        let mut desk = Desk::with_stories(3);
        desk.press("j");
        assert_eq!(desk.app.away_since(), None);
        desk.wait(600);
        assert_eq!(desk.app.away_since(), Some(minute(0)), "already while the reader is away");
        desk.press("j");
        assert_eq!((desk.line(), desk.app.popup.clone()), (Some(1), None), "the key moved the cursor");
        assert_eq!(desk.notice(), Some("you were away for 10 min; d tells what happened"));
        desk.press("d");
        assert_eq!(desk.app.popup, Some(Popup::Digest { scroll: 0 }));
    }

    #[test]
    fn who_has_the_focus_is_there_without_keys() {
        let mut desk = Desk::with_stories(3);
        focus(&mut desk, true);
        desk.wait(3_600);
        desk.press("j");
        assert_eq!((desk.app.popup.clone(), desk.app.away_since()), (None, None));
        desk.press("d");
        assert_eq!(desk.notice(), Some("you have not been away yet"));
    }
}
