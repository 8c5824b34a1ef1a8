//! What was worked out about the stories, on its way to the store and back: a later start reads it and tags nothing anew.

use std::collections::VecDeque;

use jiff::Timestamp;

use super::{Arrival, Item, Tagger, Verdict, WINDOW, Wire};
use crate::domain::analysis::{Analysis, summary_hash};
use crate::domain::group::GroupId;
use crate::domain::story::{Marks, Story, StoryId};

/// How many are sent to the store at once: what that takes is well below a frame.
pub const ANALYSES_AT_ONCE: usize = 200;

/// Stories of which the store does not have the analysis yet, in the order in which they came. At most [`WINDOW`]: where
/// nothing is saved, the queue does not grow.
#[derive(Debug, Default)]
pub(super) struct Unsaved(VecDeque<StoryId>);

impl Unsaved {
    pub(super) fn push(&mut self, id: StoryId) {
        if self.0.len() >= WINDOW {
            self.0.pop_front();
        }
        self.0.push_back(id);
    }
}

impl Item {
    /// A story from the store that was analysed in an earlier run. Its summary may have been left in the store; where the
    /// analysis is of other rules, it is tagged by what is there.
    pub fn restored(story: Story, marks: Marks, group: GroupId, analysis: Analysis, tagger: &Tagger) -> Item {
        let is_left_out = story.summary.is_empty() && analysis.summary != summary_hash("");
        let tagged = tagger.restore(&analysis).unwrap_or_else(|| tagger.tag(&story.text()));
        Item {
            story,
            marks: Marks { group: Some(group), ..marks },
            tagged,
            words: analysis.words,
            dropped: is_left_out.then_some(analysis.summary),
            given_at: None,
            group,
            moves: Box::default(),
            verdict: Verdict::default(),
        }
    }

    fn analysis(&self, tagger: &Tagger) -> Analysis {
        let summary = self.dropped.unwrap_or_else(|| summary_hash(&self.story.summary));
        Analysis::new(&self.story, summary, tagger.stamp(), tagger.to_stored(&self.tagged), self.words.clone())
    }
}

impl Wire {
    /// Takes in a story from the store, with its marks and what was worked out about it earlier. One that is held already
    /// stays as it is.
    pub fn take_stored(
        &mut self,
        story: Story,
        marks: Marks,
        analysis: Option<Analysis>,
        tagger: &Tagger,
        now: Timestamp,
    ) -> Arrival {
        if self.items.contains_key(&story.id) {
            return Arrival::Known;
        }
        let Some(mut analysis) = analysis else { return self.take_new(story, marks, None, tagger, now) };
        if self.has_no_room_for(&story) {
            return Arrival::Beyond;
        }
        let (id, stamp) = (story.id, analysis.stamp);
        let title = std::mem::take(&mut analysis.title);
        let group = self.group_by(&story, marks, || title);
        self.admit(Item::restored(story, marks, group, analysis, tagger), now);
        if stamp != tagger.stamp() {
            self.analyse_anew(id);
        }
        Arrival::New
    }

    /// The rules have changed since a story was analysed, while it was being read.
    fn analyse_anew(&mut self, id: StoryId) {
        let Some(item) = self.items.get(&id) else { return };
        match item.has_summary() {
            true => self.unsaved.push(id),
            false => self.summaries.tag_once_read(id),
        }
    }

    /// What the store does not have yet of what was worked out about the stories: at most [`ANALYSES_AT_ONCE`], each time
    /// the next.
    pub fn analyses_to_save(&mut self, tagger: &Tagger) -> Vec<(StoryId, Analysis)> {
        let next = self.unsaved.0.drain(..self.unsaved.0.len().min(ANALYSES_AT_ONCE));
        let items = next.filter_map(|id| self.items.get(&id)).filter(|item| !self.summaries.is_untagged(item.story.id));
        items.map(|item| (item.story.id, item.analysis(tagger))).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::app::samples::{minute, story};
    use crate::app::wire::Filter;
    use crate::domain::Name;
    use crate::domain::query::{Query, Terms};
    use crate::domain::topic::Topics;

    fn shipped() -> Tagger {
        let config = crate::config::load(None::<(&str, &str)>).unwrap();
        let symbols = config.symbols.iter().map(|symbol| symbol.name.clone()).collect();
        Tagger::new(Topics::compile(&config.topics, &config.terms).0, symbols)
    }

    fn day() -> Vec<Story> {
        let told = [
            ("Nvidia unveils a chip for cars", "The harbour of Oakland gets none."),
            ("Nvidia unveils chip for cars", ""),
            ("SEC delays its decision on a Solana fund", "A lamp went out."),
            ("Bitcoin slips below 60,000 on rate fears", "Traders wait for the Fed."),
            ("A quiet day at the harbour", "Nothing is known yet."),
        ];
        let stories = told.iter().enumerate().map(|(at, (title, summary))| {
            let outlet = format!("Outlet {at}").into();
            Story { title: (*title).into(), summary: (*summary).into(), outlet, ..story(at as u64 + 1, at as i64) }
        });
        stories.collect()
    }

    fn take_in(stories: Vec<Story>, wire: &mut Wire, tagger: &Tagger) {
        for story in stories {
            wire.take(story, Marks::default(), tagger, minute(60));
        }
    }

    #[test]
    fn a_story_that_is_read_back_is_what_it_was() {
        let (tagger, now) = (shipped(), minute(60));
        let mut before = Wire::default();
        take_in(day(), &mut before, &tagger);
        let mut analyses: HashMap<StoryId, Analysis> = before.analyses_to_save(&tagger).into_iter().collect();
        assert_eq!(analyses.len(), 5);
        assert_eq!(before.analyses_to_save(&tagger), [], "once");
        let mut after = Wire::default();
        for story in day().into_iter().rev() {
            let (marks, analysis) = (before.item(story.id).unwrap().marks, analyses.remove(&story.id));
            let without = Story { summary: Name::default(), ..story };
            after.take_stored(without, marks, analysis, &tagger, now);
        }
        assert_eq!(after.analyses_to_save(&tagger), [], "the store has them");
        assert_eq!(after.rows(), before.rows());
        for item in before.items() {
            let restored = after.item(item.story.id).unwrap();
            assert_eq!(restored.tagged.topics(), item.tagged.topics());
            assert_eq!((&restored.tagged.spans, &restored.words), (&item.tagged.spans, &item.words));
            assert_eq!(restored.has_summary(), item.story.summary.is_empty());
            assert!(!restored.is_edited_by(&item.story), "no edit of what was stored: {}", item.story.title);
        }
        // What comes later joins it, and a word of its summary is asked of the store.
        let later = Story { outlet: "Late".into(), ..Story { id: StoryId(99), ..day().remove(0) } };
        let [old, new] = [&mut before, &mut after].map(|wire| {
            wire.take(later.clone(), Marks::default(), &tagger, now);
            wire.item(StoryId(99)).unwrap().group
        });
        assert_eq!(old, new);
        let query = Query::parse("lamp").unwrap();
        after.set_filter(Filter { topic: None, query: Some(("lamp".into(), query)) }, now);
        assert_eq!(after.summaries_to_read(), [StoryId(3)]);
    }

    #[test]
    fn other_topics_lead_to_other_analyses() {
        let (tagger, now) = (shipped(), minute(60));
        let mut wire = Wire::default();
        take_in(day(), &mut wire, &tagger);
        drop(wire.analyses_to_save(&tagger));
        let other = Tagger::default();
        wire.retag(&other, now);
        let again = wire.analyses_to_save(&other);
        assert_eq!(again.len(), 5);
        assert!(again.iter().all(|(_, analysis)| analysis.tags.topics.is_empty()));
    }

    #[test]
    fn rules_that_change_while_stories_are_read_are_those_that_count() {
        let rule = toml::from_str("name = 'chips'\ntitle = 'Chips'\nany = ['nvidia']").unwrap();
        let after = Tagger::new(Topics::compile(&[rule], &Terms::default()).0, Vec::new());
        let (before, now) = (shipped(), minute(60));
        let mut wire = Wire::default();
        take_in(day(), &mut wire, &before);
        let saved = wire.analyses_to_save(&before);
        // All of them were asked for under the rules of before; the topics of two stand in their summaries.
        let mut wire = Wire::default();
        let summary: Name = "Nvidia is named.".into();
        for (id, mut analysis) in saved {
            let story = day().remove(id.0 as usize - 1);
            if !story.summary.is_empty() {
                analysis.summary = summary_hash(&summary);
            }
            let stored = Story { summary: Name::default(), ..story };
            wire.take_stored(stored, Marks::default(), Some(analysis), &after, now);
        }
        let tagged = |wire: &Wire| wire.items().filter(|item| item.tagged.topics().contains(&"chips".into())).count();
        assert_eq!(tagged(&wire), 2, "by the titles");
        assert_eq!(wire.analyses_to_save(&after).len(), 1, "the one without a summary");
        let found: Vec<(StoryId, Name)> = wire.summaries_to_read().iter().map(|id| (*id, summary.clone())).collect();
        assert_eq!(found.len(), 4);
        wire.take_summaries(found, &after, now);
        assert_eq!((tagged(&wire), wire.analyses_to_save(&after).len()), (5, 4));
    }
}
