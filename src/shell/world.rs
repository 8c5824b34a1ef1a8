//! One event into the state and all that follows from it out into the world: the same with a screen and without.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use crate::app::App;
use crate::event::{Clock, Effect, Event, SourceEffect, StoreEffect, SystemEffect, TerminalEffect, Urgency};

/// Where effects are carried out, each group whole. None may wait for disk or network; events that follow at once are
/// answered.
pub(crate) trait World {
    fn store(&mut self, effect: StoreEffect) -> Vec<Event>;
    fn sources(&mut self, effect: SourceEffect) -> Vec<Event>;
    fn terminal(&mut self, effect: TerminalEffect) -> Vec<Event>;
    fn system(&mut self, effect: SystemEffect) -> Vec<Event>;
    /// How far the clock, which shows `now`, was set back since this was last asked, and not by the reader of a replay.
    fn set_back(&mut self, now: Timestamp) -> Option<SignedDuration>;
}

/// What the effects of an event ask of the loop itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// How soon a frame is wanted, if one is.
    pub frame: Option<Urgency>,
    pub quit: bool,
}

/// An event into the state; its effects, and the events that follow from them, out.
pub(crate) fn process(app: &mut App, world: &mut impl World, clock: &Clock, event: Event) -> Asked {
    let mut asked = Asked::default();
    let mut waiting = VecDeque::from([event]);
    while let Some(event) = waiting.pop_front() {
        let now = clock();
        if let Some(by) = world.set_back(now) {
            waiting.push_front(event);
            waiting.push_front(Event::ClockSetBack(by));
            continue;
        }
        for effect in app.update(event, now) {
            waiting.extend(carry_out(world, effect, &mut asked));
        }
    }
    asked
}

fn carry_out(world: &mut impl World, effect: Effect, asked: &mut Asked) -> Vec<Event> {
    match effect {
        Effect::Draw(urgency) => asked.frame = asked.frame.max(Some(urgency)),
        Effect::Quit => asked.quit = true,
        Effect::Store(effect) => return world.store(effect),
        Effect::Sources(effect) => return world.sources(effect),
        Effect::Terminal(effect) => return world.terminal(effect),
        Effect::System(effect) => return world.system(effect),
    }
    Vec::new()
}
