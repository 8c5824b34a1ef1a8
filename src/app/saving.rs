//! What is saved beside what has just happened: prices and candles now and then, and all there is into a new store.

use super::saves::Saved;
use super::tape::Tape;
use super::wire::Item;
use super::{App, Tone, save_groups, save_marks};
use crate::event::{Effect, STORIES_AT_ONCE, StoreEffect, Urgency};

/// What is said of a mark where another newstape owns the data.
const NOT_SAVED: &str = "Not saved: another newstape runs on this data. This one saves it if that one ends first.";

impl App {
    /// What is still to be saved as newstape ends.
    pub fn last_saves(&mut self) -> Vec<StoreEffect> {
        save_prices(&self.tape, self.saves.all())
    }

    /// Everything held, for a store that has none of it.
    pub(super) fn save_all(&self) -> Vec<Effect> {
        let items: Vec<_> = self.wire.items().collect();
        let mut effects = Vec::new();
        for items in items.chunks(STORIES_AT_ONCE) {
            let (whole, lacking): (Vec<_>, Vec<_>) = items.iter().partition(|item| item.has_summary());
            let stories = |items: Vec<&&Item>| items.into_iter().map(|item| item.story.clone()).collect();
            effects.push(Effect::Store(StoreEffect::SaveStories(stories(whole))));
            effects.push(Effect::Store(StoreEffect::SaveMissing(stories(lacking))));
            effects.extend(save_groups(items.iter().map(|item| (item.story.id, item.group)).collect()));
            let marked = items.iter().filter(|item| item.marks.read || item.marks.starred);
            effects.extend(save_marks(marked.map(|item| (item.story.id, item.marks)).collect()));
        }
        let feeds = self.health.feed_states().cloned().map(|state| StoreEffect::SaveFeed(Box::new(state)));
        let sources = self.health.sources().cloned().map(StoreEffect::SaveSource);
        let prices = self.tape.symbols().iter().filter_map(|symbol| self.tape.quote(&symbol.name));
        let prices = prices.cloned().map(StoreEffect::SaveQuote);
        effects.extend(feeds.chain(sources).chain(prices).map(Effect::Store));
        effects.push(Effect::Store(StoreEffect::SaveLayout(self.arrangement.layout.clone())));
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
        use StoreEffect::{SaveLayout, SaveMarks, SaveQuery};
        let is_kept = |effect: &Effect| matches!(effect, Effect::Store(SaveMarks(_) | SaveQuery(_) | SaveLayout(_)));
        match effects.iter().any(is_kept) {
            true => self.notify(Tone::NotSaved, NOT_SAVED.into()),
            false => Vec::new(),
        }
    }
}

/// Effects that save what is held now: candles may have come in pieces.
pub(super) fn save_prices(tape: &Tape, what: Vec<Saved>) -> Vec<StoreEffect> {
    let save = |what: Saved| match what {
        Saved::Quote(symbol) => tape.quote(&symbol).cloned().map(StoreEffect::SaveQuote),
        Saved::Series(symbol, span) => {
            tape.series(&symbol, span).cloned().map(|series| StoreEffect::SaveSeries { span, series })
        }
    };
    what.into_iter().filter_map(save).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use crate::app::samples::{Desk, story};
    use crate::domain::story::{Story, StoryId};
    use crate::event::{Effect, Event, StoreEffect};

    #[test]
    fn the_reader_gets_the_summary_that_only_the_store_has_and_a_new_store_is_not_given_an_empty_one() {
        let mut desk = Desk::new();
        for from in (0..400).step_by(100) {
            desk.stories(
                (from..from + 100)
                    .map(|id| Story { summary: format!("Moss {id}.").into(), ..story(id, id as i64 - 500) }),
            );
        }
        desk.send(Event::Saved(desk.now + Duration::from_mins(1)));
        let effects = desk.press("G");
        let item = desk.app.wire.current_item().unwrap();
        let id = item.story.id;
        assert!(!item.has_summary());
        assert!(
            effects
                .iter()
                .any(|effect| matches!(effect, Effect::Store(StoreEffect::ReadSummaries(ids)) if ids.contains(&id)))
        );
        desk.send(Event::Summaries(vec![(id, "Moss 0.".into())]));
        assert_eq!(&*desk.app.wire.current_item().unwrap().story.summary, "Moss 0.");

        let effects = desk.send(Event::StoreReplaced("The stored data was damaged.".into()));
        let (mut whole, mut missing) = (0, Vec::new());
        for effect in effects {
            match effect {
                Effect::Store(StoreEffect::SaveStories(stories)) => {
                    assert!(stories.iter().all(|story| !story.summary.is_empty()));
                    whole += stories.len();
                }
                Effect::Store(StoreEffect::SaveMissing(stories)) => {
                    missing.extend(stories.iter().map(|story| story.id));
                }
                _ => {}
            }
        }
        assert_eq!(whole + missing.len(), 400);
        assert!(missing.contains(&StoryId(1)));
    }
}
