//! What the store has read, and what goes back to it for the next start.

use std::collections::HashMap;

use jiff::Timestamp;

use super::{App, save_marks};
use crate::app::wire::Wire;
use crate::domain::Name;
use crate::domain::analysis::{Analysis, Stamp};
use crate::domain::story::{Marks, Story, StoryId};
use crate::event::{Effect, Loaded, SourceEffect, StoreEffect, Urgency};

impl App {
    /// What the analyses of stories must hang on to be of use.
    pub fn stamp(&self) -> Stamp {
        self.tagger.stamp()
    }

    pub(super) fn loaded(&mut self, part: Loaded) -> Vec<Effect> {
        let marks = self.remember(part.stories, part.analyses);
        self.health.restore(part.feeds);
        self.health.restore_sources(part.sources, self.now);
        for quote in part.quotes {
            self.tape.take_quote(quote);
        }
        for (span, series) in part.series {
            self.tape.take_series(span, series);
        }
        self.read_only |= part.read_only;
        self.prompt.restore_history(part.queries);
        if let Some(layout) = part.layout {
            self.tape.restore(&layout.prices);
            self.arrangement.layout = layout;
        }
        let mut effects = vec![Effect::Draw(Urgency::News)];
        // Where another newstape owns the data, that one saves what stored stories lack.
        effects.extend(save_marks(marks).filter(|_| !self.read_only));
        if part.done && std::mem::take(&mut self.loading) {
            let feeds = self.health.feed_states().cloned().collect();
            effects.push(self.baseline.recount(self.now));
            effects.extend(self.tape.chart_request());
            effects.push(Effect::Sources(SourceEffect::Start {
                feeds,
                sources: self.health.sources().cloned().collect(),
            }));
            effects.extend(self.look_beyond());
            effects.extend(self.save_analyses());
        }
        effects
    }

    /// Takes in stored stories. Answers the marks that are not stored: those that were made before the stored ones were
    /// known, and the groups of stories that were stored in none.
    fn remember(
        &mut self,
        stories: Vec<(Story, Marks)>,
        mut analyses: HashMap<StoryId, Analysis>,
    ) -> Vec<(StoryId, Marks)> {
        let App { wire, tagger, now, .. } = self;
        let mut merge = |wire: &mut Wire, (story, stored): (Story, Marks)| {
            let id = story.id;
            let marks = wire.remember(&story, stored, *now).or_else(|| {
                wire.take_stored(story, stored, analyses.remove(&id), tagger, *now);
                wire.item(id).map(|item| item.marks)
            });
            marks.filter(|marks| *marks != stored).map(|marks| (id, marks))
        };
        let merged = wire.in_batch(*now, |wire| stories.into_iter().filter_map(|stored| merge(wire, stored)).collect());
        wire.drop_summaries();
        merged
    }

    pub(super) fn summaries(&mut self, found: Vec<(StoryId, Name)>) -> Vec<Effect> {
        let ids: Vec<StoryId> = found.iter().map(|(id, _)| *id).collect();
        let has_changed = self.wire.take_summaries(found, &self.tagger, self.now);
        let mut effects = self.alert_of_read(&ids);
        effects.extend(self.save_analyses());
        effects.extend(has_changed.then_some(Effect::Draw(Urgency::News)));
        effects
    }

    /// The store has saved what it was given until then.
    pub(super) fn saved(&mut self, at: Timestamp) -> Vec<Effect> {
        self.wire.stored_until(at);
        let shown = self.notices.store_trouble.take().map(|_| Effect::Draw(Urgency::News));
        shown.into_iter().chain(self.save_analyses()).collect()
    }

    /// A part of what was worked out about the stories and is not stored yet. It goes out when the store has saved or read
    /// something, not with the stories: nobody waits for it.
    fn save_analyses(&mut self) -> Option<Effect> {
        if self.read_only || self.replay.is_some() || self.loading {
            return None;
        }
        let analyses = self.wire.analyses_to_save(&self.tagger);
        (!analyses.is_empty()).then_some(Effect::Store(StoreEffect::SaveAnalyses(analyses)))
    }
}
