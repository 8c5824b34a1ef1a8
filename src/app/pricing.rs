//! What a price that comes changes, and how far one can be trusted.

use jiff::Timestamp;

use super::failover::Failover;
use super::saves::Saved;
use super::tape::last_price;
use super::{App, Tone};
use crate::domain::price::{Delivery, Quote, State, state};
use crate::event::{Effect, Urgency};

impl App {
    /// The state of a symbol's price, and when it will read differently by itself.
    pub fn price_state(&self, symbol: &str) -> State {
        self.price_state_until(symbol).0
    }

    pub(super) fn price_state_until(&self, symbol: &str) -> (State, Option<Timestamp>) {
        let Some(quote) = self.tape.quote(symbol) else { return (self.why_unpriced(symbol), None) };
        let block = self.health.block(&quote.source, self.now);
        match state(Some(quote), self.health.alive(&quote.source), block, &self.calendar, self.now) {
            // A quote alone does not tell in the evening whether its symbol traded last night.
            (State::Closed { at, resumes: None }, until) if self.tape.has_nights(symbol, &self.calendar, self.now) => {
                (State::Closed { at, resumes: self.calendar.pause_until(self.now) }, until)
            }
            other => other,
        }
    }

    /// Does the night session count for any symbol of the watchlist?
    pub fn has_nights(&self) -> bool {
        self.tape.market_has_nights(&self.calendar, self.now)
    }

    /// The state of a price that was never seen. A recorded day has the prices that it has.
    fn why_unpriced(&self, symbol: &str) -> State {
        match self.tape.unpriced(symbol) {
            Some(why) => why.state(),
            None if self.replay.is_some() => State::NoData,
            None => State::Waiting { source: None },
        }
    }

    /// Takes in a price: what it moves, whom it alerts, and from whom it comes now.
    pub(super) fn quote(&mut self, quote: Quote) -> Vec<Effect> {
        let symbol = quote.symbol.clone();
        let held = self.tape.quote(&symbol);
        let handover = Failover::between(held, &quote, &self.health);
        let before = held.filter(|held| held.delivery != Delivery::Stored).and_then(last_price);
        let moved = before.zip(last_price(&quote)).map_or(0.0, |(before, after)| after - before);
        if !self.tape.take_quote(quote) {
            return Vec::new();
        }
        if let Some(quote) = self.tape.quote(&symbol).filter(|quote| quote.delivery != Delivery::Stored) {
            self.health.take_price(&quote.source, &symbol);
        }
        if self.config.screen.flash && moved != 0.0 {
            self.flashes.light(&symbol, moved > 0.0, self.now, self.speed());
        }
        // A recorded day is not kept.
        if self.replay.is_none() {
            self.saves.wants(Saved::Quote(symbol.clone()));
        }
        // A benchmark is held against, not watched.
        if self.tape.symbols().iter().all(|watched| watched.name != symbol) {
            return vec![Effect::Draw(Urgency::Price)];
        }
        let mut effects = vec![self.look_for_movers(&symbol).unwrap_or(Effect::Draw(Urgency::Price))];
        effects.extend(self.alert_of_price(&symbol));
        // That a source was late at the start is no news: a better one only took its place.
        let is_news = |handover: &Failover| handover.why.is_some() || self.failovers.is_away(&handover.symbol);
        let Some(handover) = handover.filter(is_news) else { return effects };
        let words = handover.words();
        self.failovers.note(handover);
        // Not over what is worth more.
        if self.notices.current.is_none() {
            effects.extend(self.notify(Tone::Info, words));
        }
        effects
    }
}
