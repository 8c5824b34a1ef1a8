//! What is saved beside what has just happened: prices and candles now and then, and all there is into a new store.

use super::saves::Saved;
use super::{App, Tone, save_groups, save_marks};
use crate::event::{Effect, STORIES_AT_ONCE, Urgency};

/// What is said of a mark where another newstape owns the data.
const NOT_SAVED: &str = "Not saved: another newstape runs on this data. This one saves it if that one ends first.";

impl App {
    /// Effects that save what is held now: candles may have come in pieces.
    pub(super) fn saved_as(&self, what: Vec<Saved>) -> Vec<Effect> {
        let save = |what: Saved| match what {
            Saved::Quote(symbol) => self.tape.quote(&symbol).cloned().map(Effect::SaveQuote),
            Saved::Series(symbol, span) => {
                self.tape.series(&symbol, span).cloned().map(|series| Effect::SaveSeries { span, series })
            }
        };
        what.into_iter().filter_map(save).collect()
    }

    /// What is still to be saved as newstape ends.
    pub fn last_saves(&mut self) -> Vec<Effect> {
        let all = self.saves.all();
        self.saved_as(all)
    }

    /// Everything held, for a store that has none of it.
    pub(super) fn save_all(&self) -> Vec<Effect> {
        let items: Vec<_> = self.wire.items().collect();
        let mut effects = Vec::new();
        for items in items.chunks(STORIES_AT_ONCE) {
            effects.push(Effect::SaveStories(items.iter().map(|item| item.story.clone()).collect()));
            effects.extend(save_groups(items.iter().map(|item| (item.story.id, item.group)).collect()));
            let marked = items.iter().filter(|item| item.marks.read || item.marks.starred);
            effects.extend(save_marks(marked.map(|item| (item.story.id, item.marks)).collect()));
        }
        effects.extend(self.health.feed_states().cloned().map(|state| Effect::SaveFeed(Box::new(state))));
        effects.extend(self.health.sources().cloned().map(Effect::SaveSource));
        let prices = self.tape.symbols().iter().filter_map(|symbol| self.tape.quote(&symbol.name));
        effects.extend(prices.cloned().map(Effect::SaveQuote));
        effects.push(Effect::SaveLayout(self.layout.clone()));
        effects.push(Effect::Draw(Urgency::News));
        effects
    }

    /// The other newstape has ended. What this one has taken in meanwhile is saved.
    pub(super) fn taken_over(&mut self) -> Vec<Effect> {
        self.read_only = false;
        let mut effects = self.save_all();
        effects.extend(self.notify(Tone::Info, "The other newstape has ended: this one saves from now on.".into()));
        effects
    }

    /// Says at once that what the reader does is not saved.
    pub(super) fn say_unsaved(&mut self, effects: &[Effect]) -> Vec<Effect> {
        let is_kept =
            |effect: &Effect| matches!(effect, Effect::SaveMarks(_) | Effect::SaveQuery(_) | Effect::SaveLayout(_));
        match effects.iter().any(is_kept) {
            true => self.notify(Tone::NotSaved, NOT_SAVED.into()),
            false => Vec::new(),
        }
    }
}
