//! Made-up stories and prices, for the tests of this floor and of the run loop.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{Event as TerminalEvent, KeyCode, KeyEvent, KeyModifiers};
use jiff::{SignedDuration, Timestamp};
use ratatui::layout::Rect;
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;

use super::hit_map::HitMap;
use super::{App, Focus};
use crate::config::{Config, shipped};
use crate::domain::feed::{FeedState, NextCheck};
use crate::domain::price::{Candle, Capability, Delivery, Outcome, Quote, Series, Session, SourceReport};
use crate::domain::story::{Story, StoryId};
use crate::event::{Effect, Event, Loaded, Urgency};

/// Minutes after Monday 2026-11-23 13:00 in New York, in the regular session.
pub(crate) fn minute(minutes: i64) -> Timestamp {
    second(minutes * 60)
}

pub(crate) fn second(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_795_456_800 + seconds).unwrap()
}

/// A story of Reuters, seen as it was published, of words that no other story has.
pub(crate) fn story(id: u64, minutes: i64) -> Story {
    titled(id, minutes, &format!("quay{id} lamp{id} moss{id} fern{id}"))
}

pub(crate) fn titled(id: u64, minutes: i64, title: &str) -> Story {
    Story {
        id: StoryId(id),
        feed: "Reuters".into(),
        outlet: "Reuters".into(),
        title: title.into(),
        title_before: None,
        summary: "".into(),
        link: Some(format!("https://example.com/{id}")),
        lang: None,
        published: Some(minute(minutes)),
        first_seen: minute(minutes),
        primary: false,
        reference: None,
    }
}

/// A price that was pushed as it traded.
pub(crate) fn quote(symbol: &str, price: f64, time: Timestamp) -> Quote {
    let coin = symbol.contains('-');
    Quote {
        symbol: symbol.into(),
        price: Decimal::from_f64(price).unwrap(),
        currency: "USD".into(),
        base: None,
        source: if coin { "coinbase" } else { "yahoo" }.into(),
        session: if coin { Session::Always } else { Session::Regular },
        exchange_time: Some(time),
        received_time: time,
        delivery: Delivery::Pushed,
        extended: None,
    }
}

/// One-minute bars that follow each other, each closing at the given price.
pub(crate) fn series(symbol: &str, from: Timestamp, closes: &[f64]) -> Series {
    let bar = |(at, close): (i64, &f64)| Candle {
        time: from + SignedDuration::from_mins(at),
        open: *close,
        high: *close,
        low: *close,
        close: *close,
        volume: None,
    };
    let source = quote(symbol, 1.0, from).source;
    Series {
        symbol: symbol.into(),
        source,
        interval: 60,
        closes_only: false,
        bars: (0..).zip(closes).map(bar).collect(),
    }
}

pub(crate) fn report(source: &str, capability: Capability, at: Timestamp, outcome: Outcome) -> SourceReport {
    SourceReport::new(source, capability, at, outcome)
}

/// A feed that was asked at a time and answered well.
pub(crate) fn feed_state(feed: &str, at: Timestamp) -> FeedState {
    let mut state = FeedState::new(feed.into(), format!("https://example.com/{feed}"));
    (state.history.last_attempt, state.history.last_success) = (Some(at), Some(at));
    state.history.status = Some(200);
    state.schedule.next_check = NextCheck::At(at + SignedDuration::from_mins(10));
    state
}

/// A key as the config writes it, as an event.
pub(crate) fn key(written: &str) -> Event {
    let (modifiers, name) = match written.split_once('-') {
        Some(("ctrl", name)) => (KeyModifiers::CONTROL, name),
        Some(("alt", name)) => (KeyModifiers::ALT, name),
        Some(("altgr", name)) => (KeyModifiers::CONTROL | KeyModifiers::ALT, name),
        _ => (KeyModifiers::NONE, written),
    };
    let code = match name {
        "enter" => KeyCode::Enter,
        "esc" => KeyCode::Esc,
        "tab" => KeyCode::Tab,
        "up" => KeyCode::Up,
        "down" => KeyCode::Down,
        "left" => KeyCode::Left,
        "right" => KeyCode::Right,
        "pgup" => KeyCode::PageUp,
        "pgdn" => KeyCode::PageDown,
        "backspace" => KeyCode::Backspace,
        name => KeyCode::Char(name.chars().next().unwrap()),
    };
    Event::Terminal(TerminalEvent::Key(KeyEvent::new(code, modifiers)))
}

/// Rows that the wire has on the screens of these tests.
pub(crate) const ROWS: usize = 10;

/// What a frame would tell of itself.
pub(crate) fn seen() -> HitMap {
    let (wire, reader) = (Rect::new(0, 1, 80, ROWS as u16), Rect::new(0, 11, 80, 5));
    HitMap {
        wire,
        reader,
        panels: vec![(wire, Focus::Wire), (reader, Focus::Reader)],
        reader_scroll_max: 20,
        ..HitMap::default()
    }
}

pub(crate) fn config() -> Config {
    shipped()
}

/// A state with the shipped config, and a clock beside it.
#[derive(Debug)]
pub(crate) struct Desk {
    pub app: App,
    pub now: Timestamp,
}

impl Desk {
    /// Everything stored has been read: nothing was.
    pub(crate) fn new() -> Desk {
        Desk::of(config())
    }

    pub(crate) fn of(config: Config) -> Desk {
        let mut desk = Desk { app: App::new(Arc::new(config), minute(0)), now: minute(0) };
        desk.send(Event::Loaded(Loaded { done: true, ..Loaded::default() }));
        desk.draw();
        desk
    }

    /// With this many stories, a minute between them; the newest is a minute old and has the highest number.
    pub(crate) fn with_stories(count: u64) -> Desk {
        let mut desk = Desk::new();
        desk.stories((1..=count).map(|id| story(id, id as i64 - count as i64 - 1)));
        desk
    }

    pub(crate) fn send(&mut self, event: Event) -> Vec<Effect> {
        let mut effects = self.app.update(event, self.now);
        // As the run loop does between two keys.
        while self.app.is_sifting() {
            effects.extend(self.app.update(Event::Sift { count: 1 }, self.now));
        }
        effects
    }

    pub(crate) fn stories(&mut self, stories: impl IntoIterator<Item = Story>) -> Vec<Effect> {
        self.send(Event::Stories(stories.into_iter().collect()))
    }

    /// Presses keys, drawing after each.
    pub(crate) fn press(&mut self, keys: &str) -> Vec<Effect> {
        let mut effects = Vec::new();
        for written in keys.split_whitespace() {
            effects = self.send(key(written));
            self.draw();
        }
        effects
    }

    /// Types a text, a key for each of its characters.
    pub(crate) fn type_in(&mut self, text: &str) {
        for typed in text.chars() {
            let event = KeyEvent::new(KeyCode::Char(typed), KeyModifiers::NONE);
            self.send(Event::Terminal(TerminalEvent::Key(event)));
        }
    }

    pub(crate) fn draw(&mut self) {
        self.app.record_hit_map(HitMap { wire_top: self.app.wire.top(ROWS), ..seen() });
    }

    /// Time passes, and the run loop says so.
    pub(crate) fn wait(&mut self, seconds: u64) -> Vec<Effect> {
        self.now += Duration::from_secs(seconds);
        self.send(Event::Tick)
    }

    /// The number of the story that commands act on.
    pub(crate) fn current(&self) -> Option<u64> {
        self.app.wire.current_item().map(|item| item.story.id.0)
    }

    /// The line of the screen that the cursor stands on; None while the wire is live.
    pub(crate) fn line(&self) -> Option<usize> {
        Some(self.app.wire.cursor()? - self.app.wire.top(ROWS))
    }

    /// The numbers of the leads, in the order of the rows.
    pub(crate) fn leads(&self) -> Vec<u64> {
        self.app.wire.rows().iter().map(|row| row.lead.0).collect()
    }

    pub(crate) fn notice(&self) -> Option<&str> {
        self.app.notices.current.as_ref().map(|notice| notice.text.as_str())
    }
}

/// How soon something wants to be drawn.
pub(crate) fn urgency(effects: &[Effect]) -> Option<Urgency> {
    let urgencies = effects.iter().filter_map(|effect| match effect {
        Effect::Draw(urgency) => Some(*urgency),
        _ => None,
    });
    urgencies.max()
}
