//! Events in, state and effects out.
#![allow(clippy::unwrap_used)]

mod at_random;
mod drawing;
mod filters;
mod moving;
mod pause;
mod popups;
mod reload;
mod saving;

use std::sync::Arc;

use crossterm::event::{Event as TerminalEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use jiff::SignedDuration;
use ratatui::layout::Rect;

use super::samples::{
    Desk, config, feed_state, key, minute, quote, report, second, seen, series, story, titled, urgency,
};
use super::wire::WINDOW;
use super::*;
use crate::config::{Config, StandingQuery, View};
use crate::domain::price::{Capability, Delivery, Outcome, Quote, Refusal, Symbol};
use crate::event::{Loaded, STORIES_AT_ONCE, SourceEffect, StoreEffect, SystemEffect, TerminalEffect};

const NVIDIA: &str = "Nvidia ships Blackwell chips";
const BITCOIN: &str = "Bitcoin slides under 60,000 dollars";

fn saved_marks(effects: &[Effect]) -> Vec<u64> {
    let marks = effects.iter().filter_map(|effect| match effect {
        Effect::Store(StoreEffect::SaveMarks(marks)) => Some(marks.iter().map(|(id, _)| id.0)),
        _ => None,
    });
    marks.flatten().collect()
}

fn saved_stories(effects: &[Effect]) -> Vec<&Story> {
    let stories = effects.iter().filter_map(|effect| match effect {
        Effect::Store(StoreEffect::SaveStories(stories)) => Some(stories),
        _ => None,
    });
    stories.flatten().collect()
}

fn last_saves(desk: &mut Desk) -> Vec<Effect> {
    desk.app.last_saves().into_iter().map(Effect::Store).collect()
}

fn saved_prices(effects: &[Effect]) -> Vec<(&str, f64)> {
    let prices = effects.iter().filter_map(|effect| match effect {
        Effect::Store(StoreEffect::SaveQuote(quote)) => Some((&*quote.symbol, tape::last_price(quote)?)),
        _ => None,
    });
    prices.collect()
}

fn draws(effects: &[Effect]) -> bool {
    urgency(effects).is_some()
}

fn topical() -> Desk {
    let mut desk = Desk::new();
    desk.stories([
        titled(1, -40, BITCOIN),
        titled(2, -30, NVIDIA),
        titled(3, -20, "harbour closed after storm"),
        titled(4, -10, "Ethereum upgrade delayed until spring"),
        titled(5, -5, "GeForce cards sold out, Nvidia says"),
    ]);
    desk
}

fn drawn() -> Vec<Effect> {
    vec![Effect::Draw(Urgency::Key)]
}

fn click(x: u16, y: u16) -> Event {
    let kind = MouseEventKind::Down(MouseButton::Left);
    Event::Terminal(TerminalEvent::Mouse(MouseEvent { kind, column: x, row: y, modifiers: KeyModifiers::NONE }))
}

fn position(speed: f64, paused: bool, loops: u32) -> Event {
    Event::Replay(ReplayPosition { from: minute(0), to: minute(100), speed, paused, loops })
}
