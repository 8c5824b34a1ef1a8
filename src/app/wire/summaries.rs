//! Summaries are most of what a story takes. Once the store has them, only the latest are held in memory; the others are
//! read again when the reader, a filter, a mute, an alert or another set of topics asks for them.

use std::cell::RefCell;
use std::collections::{HashSet, VecDeque};

use jiff::{SignedDuration, Timestamp};

use super::{Item, Key, Tagger, Wire, is_edit};
use crate::domain::Name;
use crate::domain::analysis::summary_hash;
use crate::domain::group::GroupId;
use crate::domain::query::Query;
use crate::domain::story::{Story, StoryId};

/// How many summaries are held that the store has too and nothing asks for.
const HELD: usize = 256;
/// How many are read at once.
pub const READ_AT_ONCE: usize = 200;
/// Between a story's coming in and its way to the store; what the store says it has saved is older than this.
const ON_ITS_WAY: SignedDuration = SignedDuration::from_secs(5);

#[derive(Debug)]
pub(super) struct Summaries {
    held_max: usize,
    /// Stories with their summary in memory, the next to be dropped first.
    held: VecDeque<StoryId>,
    /// Stories of which the filter could not be decided without their summary, which stays as long as the filter does.
    /// Found out while the wire is only looked at.
    filtered: RefCell<HashSet<StoryId>>,
    /// The same of mutes, highlights and alerts.
    judged: RefCell<HashSet<StoryId>>,
    /// Stories whose tags are those of other topics.
    untagged: HashSet<StoryId>,
    /// Those being read now.
    asked: Vec<StoryId>,
    /// Stories whose summary the store does not have.
    missing: HashSet<StoryId>,
    /// What came in before this is stored; None while nothing is known to be.
    stored_until: Option<Timestamp>,
}

impl Default for Summaries {
    fn default() -> Summaries {
        Summaries {
            held_max: HELD,
            held: VecDeque::new(),
            filtered: RefCell::default(),
            judged: RefCell::default(),
            untagged: HashSet::new(),
            asked: Vec::new(),
            missing: HashSet::new(),
            stored_until: None,
        }
    }
}

impl Summaries {
    /// A story that came in or was edited; its summary is in memory.
    pub(super) fn hold(&mut self, id: StoryId) {
        self.missing.remove(&id);
        self.held.push_back(id);
    }

    pub(super) fn forget(&mut self, id: StoryId) {
        self.filtered.get_mut().remove(&id);
        self.judged.get_mut().remove(&id);
        self.untagged.remove(&id);
        self.missing.remove(&id);
    }

    /// Another filter needs others.
    pub(super) fn filter_changed(&mut self) {
        self.filtered.get_mut().clear();
    }

    /// Other mutes and highlights need others.
    pub(super) fn judges_changed(&mut self) {
        self.judged.get_mut().clear();
    }

    /// Its tags are those of other topics, or of its title alone.
    pub(super) fn tag_once_read(&mut self, id: StoryId) {
        self.untagged.insert(id);
    }

    /// Are its tags those of other topics?
    pub(super) fn is_untagged(&self, id: StoryId) -> bool {
        self.untagged.contains(&id)
    }

    fn is_needed(&mut self, id: StoryId) -> bool {
        self.filtered.get_mut().contains(&id) || self.judged.get_mut().contains(&id)
    }
}

impl Item {
    /// Is its summary in memory? True for a story without one.
    pub fn has_summary(&self) -> bool {
        self.dropped.is_none()
    }

    fn drop_summary(&mut self) {
        if !self.story.summary.is_empty() {
            self.dropped = Some(summary_hash(&self.story.summary));
            self.story.summary = Name::default();
        }
    }

    pub(super) fn take_summary(&mut self, summary: Name) {
        (self.story.summary, self.dropped) = (summary, None);
    }

    /// Has its feed changed a story? When two feeds carry one article, each with words of its own, the words of the one
    /// that brought it first stand: they would change places at each poll.
    pub(super) fn is_edited_by(&self, story: &Story) -> bool {
        let Some(known) = self.dropped else { return is_edit(&self.story, story) };
        let has_other_summary = summary_hash(&story.summary) != known && self.story.feed == story.feed;
        has_other_summary || is_edit(&self.story, &Story { summary: Name::default(), ..story.clone() })
    }
}

impl Wire {
    /// What a query says of a story; None when its summary has to be read first, which is noted.
    pub(super) fn decide(&self, query: &Query, item: &Item, outlets: usize, now: Timestamp) -> Option<bool> {
        let decided = query.decide(&item.subject(outlets, now));
        if decided.is_none() {
            self.summaries.filtered.borrow_mut().insert(item.story.id);
        }
        decided
    }

    /// A mute, a highlight or an alert asks for the summary of a story: it is read, and stays.
    pub fn need_summary(&self, item: &Item) {
        self.summaries.judged.borrow_mut().insert(item.story.id);
    }

    /// It has been asked.
    pub fn release_summary(&mut self, id: StoryId) {
        self.summaries.judged.get_mut().remove(&id);
    }

    /// The stories whose summaries are to be read now, at most [`READ_AT_ONCE`]: of what the reader shows and of the rows
    /// beside it first. None while others are being read. What is answered counts as asked for.
    pub fn summaries_to_read(&mut self) -> Vec<StoryId> {
        if !self.summaries.asked.is_empty() {
            return Vec::new();
        }
        let shown = self.shown_leads();
        let Summaries { filtered, judged, untagged, missing, .. } = &mut self.summaries;
        let lacking = |id: &StoryId| {
            let item = self.items.get(id).filter(|item| !item.has_summary() && !missing.contains(id))?;
            Some(item.key())
        };
        let needed = filtered.get_mut().iter().chain(judged.get_mut().iter());
        let mut others: Vec<Key> = needed.chain(untagged.iter()).filter_map(lacking).collect();
        others.sort_unstable_by(|a, b| b.cmp(a));
        let all = shown.iter().filter_map(lacking).chain(others);
        let mut ids: Vec<StoryId> = all.take(READ_AT_ONCE).map(|(_, id)| id).collect();
        ids.sort_unstable();
        ids.dedup();
        self.summaries.asked.clone_from(&ids);
        ids
    }

    /// The story that the reader shows and those that the next key may show.
    fn shown_leads(&self) -> Vec<StoryId> {
        let at = self.cursor().unwrap_or(0);
        let end = (at + 2).min(self.rows().len());
        let around = at.saturating_sub(1).min(end)..end;
        let leads = self.rows().range(around).map(|row| row.lead);
        self.current_item().map(|item| item.story.id).into_iter().chain(leads).collect()
    }

    /// Takes in the summaries that were asked for; those that the store does not have are not asked for again. What
    /// follows from them is brought up to date. True when the screen may read differently.
    pub fn take_summaries(&mut self, found: Vec<(StoryId, Name)>, tagger: &Tagger, now: Timestamp) -> bool {
        let asked = std::mem::take(&mut self.summaries.asked);
        self.summaries.missing.extend(asked);
        let mut groups: Vec<GroupId> = Vec::new();
        for (id, summary) in found {
            self.summaries.missing.remove(&id);
            let Some(item) = self.items.get_mut(&id).filter(|item| !item.has_summary()) else { continue };
            item.take_summary(summary);
            groups.push(item.group);
            self.summaries.held.push_back(id);
            if self.summaries.untagged.remove(&id) {
                self.tag_again(id, tagger);
            }
        }
        groups.sort_unstable();
        groups.dedup();
        let has_changed = !groups.is_empty();
        groups.into_iter().for_each(|group| self.refresh_group(group, now));
        self.drop_summaries();
        has_changed
    }

    fn tag_again(&mut self, id: StoryId, tagger: &Tagger) {
        let Some(item) = self.items.get_mut(&id) else { return };
        let (key, tagged) = (item.key(), tagger.tag(&item.story.text()));
        let before = std::mem::replace(&mut item.tagged, tagged);
        self.unsaved.push(id);
        if !item.verdict.is_muted() {
            self.by_topic.remove(key, before.topics());
            self.by_topic.add(key, item.tagged.topics());
        }
    }

    /// The topics have changed: the stories that are not in memory whole are tagged when their summary is read.
    pub(super) fn tag_later(&mut self) {
        let lacking = self.items.values().filter(|item| !item.has_summary()).map(|item| item.story.id);
        self.summaries.untagged.extend(lacking);
    }

    /// The store has saved all that it was given until then.
    pub fn stored_until(&mut self, at: Timestamp) {
        self.summaries.stored_until = at.checked_sub(ON_ITS_WAY).ok();
        self.drop_summaries();
    }

    /// The clock was set back: what is stored is older than nothing known.
    pub fn clock_set_back(&mut self) {
        self.summaries.stored_until = None;
    }

    /// Drops summaries beyond those that are held, the oldest first: never one that is not stored yet, that something
    /// needs, or that the reader shows.
    pub fn drop_summaries(&mut self) {
        let shown = self.shown_leads();
        for _ in 0..self.summaries.held.len().saturating_sub(self.summaries.held_max) {
            let Some(id) = self.summaries.held.pop_front() else { return };
            let Some(item) = self.items.get_mut(&id).filter(|item| item.has_summary()) else { continue };
            let is_stored = item.given_at.is_none_or(|at| Some(at) < self.summaries.stored_until);
            if !is_stored || self.summaries.is_needed(id) || shown.contains(&id) {
                self.summaries.held.push_back(id);
            } else {
                item.drop_summary();
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::HashMap;
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::super::{Filter, Judges, Row};
    use super::*;
    use crate::app::samples::{minute, story};
    use crate::domain::story::Marks;
    use crate::domain::topic::{TopicRule, Topics};

    /// A wire that drops summaries, and the store that has them.
    struct Trial {
        wire: Wire,
        tagger: Tagger,
        stored: HashMap<StoryId, Name>,
    }

    fn tagger(word: &str) -> Tagger {
        let rule = TopicRule { any: vec![word.to_owned()], ..toml::from_str("name = 'sea'\ntitle = 'Sea'").unwrap() };
        Tagger::new(Topics::compile(&[rule], &std::collections::BTreeMap::default()).0, Vec::new())
    }

    fn about(id: u64, summary: &str) -> Story {
        Story { summary: summary.into(), ..story(id, id as i64) }
    }

    fn query(text: &str) -> Filter {
        Filter { topic: None, query: (!text.is_empty()).then(|| (text.into(), Query::parse(text).unwrap())) }
    }

    /// Each of the queries as a filter and as a mute.
    static ASKED: LazyLock<Vec<(Filter, Judges)>> = LazyLock::new(|| {
        let judges = |mute: &str| {
            let text = if mute.is_empty() { String::new() } else { format!("[[mute]]\nname = 'm'\nquery = '{mute}'") };
            Judges::new(&crate::config::load(Some(("c.toml", &text))).unwrap())
        };
        QUERIES.iter().map(|text| (query(text), judges(text))).collect()
    });

    impl Trial {
        fn holding(held_max: usize) -> Trial {
            let mut wire = Wire::default();
            wire.summaries.held_max = held_max;
            Trial { wire, tagger: tagger("harbour"), stored: HashMap::new() }
        }

        fn take(&mut self, story: Story) {
            self.stored.insert(story.id, story.summary.clone());
            self.wire.take(story, Marks::default(), &self.tagger, minute(0));
        }

        /// What has come is stored, and what is asked for is read; how many were read.
        fn settle(&mut self) -> usize {
            self.wire.stored_until(minute(60));
            let mut read = 0;
            loop {
                while self.wire.is_judging() {
                    self.wire.judge_next(7, minute(0));
                }
                while self.wire.is_sifting() {
                    self.wire.sift(7, minute(0));
                }
                let ids = self.wire.summaries_to_read();
                if ids.is_empty() {
                    return read;
                }
                read += ids.len();
                assert!(read < 5_000, "the same summaries are read again and again");
                let found = ids.iter().filter_map(|id| Some((*id, self.stored.get(id)?.clone()))).collect();
                self.wire.take_summaries(found, &self.tagger, minute(0));
            }
        }

        fn in_memory(&self) -> usize {
            self.wire.items().filter(|item| !item.story.summary.is_empty()).count()
        }

        fn leads(&self) -> Vec<u64> {
            self.wire.rows().iter().map(|row| row.lead.0).collect()
        }
    }

    #[test]
    fn what_is_stored_goes_and_is_read_when_it_is_asked_for() {
        let mut trial = Trial::holding(4);
        (0..40).for_each(|id| trial.take(about(id, &format!("The tide of day{id} is high"))));
        assert_eq!(trial.in_memory(), 40, "not stored yet");
        trial.settle();
        assert!(trial.in_memory() <= 6, "{} are held", trial.in_memory());
        // A word of a summary finds its story, and of others only what a look at the words can't rule out.
        trial.wire.set_filter(query("day7"), minute(0));
        assert_eq!(trial.leads(), [] as [u64; 0], "not shown before it has been read");
        assert!(trial.settle() < 12);
        assert_eq!(trial.leads(), [7]);
        // The reader has what it shows, and what the next key shows.
        trial.wire.set_filter(Filter::default(), minute(0));
        trial.wire.set_cursor(20, 10);
        trial.settle();
        for at in [19, 20, 21] {
            let lead = trial.wire.rows()[at].lead;
            assert!(!trial.wire.item(lead).unwrap().story.summary.is_empty(), "row {at}");
        }
    }

    #[test]
    fn a_summary_that_has_not_changed_is_no_edit() {
        let mut trial = Trial::holding(0);
        (0..9).for_each(|id| trial.take(about(id, "The tide is high")));
        trial.settle();
        let held = trial.in_memory();
        let again = trial.wire.take(about(1, "The tide is high"), Marks::default(), &trial.tagger, minute(1));
        assert_eq!((again, trial.in_memory()), (super::super::Arrival::Known, held));
        let edit = trial.wire.take(about(1, "The tide is low"), Marks::default(), &trial.tagger, minute(1));
        assert_eq!(edit, super::super::Arrival::Edited);
    }

    #[test]
    fn what_the_store_does_not_have_is_asked_for_once() {
        let mut trial = Trial::holding(0);
        (0..9).for_each(|id| trial.take(about(id, "The tide is high")));
        trial.settle();
        trial.stored.clear();
        trial.wire.set_filter(query("tide"), minute(0));
        assert!(trial.settle() <= 9);
        assert_eq!(trial.settle(), 0);
    }

    #[derive(Clone, Debug)]
    enum Step {
        Take(u64, usize),
        Filter(usize),
        Mute(usize),
        Topics(usize),
        Refresh,
        Settle,
    }

    const SUMMARIES: [&str; 5] =
        ["", "The harbour is closed", "A lamp in the harbour at night", "Harbours reopen", "No lamp, no moss"];
    const QUERIES: [&str; 8] = [
        "",
        "harbour",
        "-harbour",
        "summary:lamp OR quay1",
        "\"harbour at night\"",
        "harb*",
        "/harbours?/i",
        "topic:sea -lamp is:unread",
    ];

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            6 => (0u64..20, 0usize..5).prop_map(|(id, summary)| Step::Take(id, summary)),
            2 => (0usize..8).prop_map(Step::Filter),
            1 => (0usize..8).prop_map(Step::Mute),
            1 => (0usize..3).prop_map(Step::Topics),
            1 => Just(Step::Refresh),
            2 => Just(Step::Settle),
        ]
    }

    impl Trial {
        fn go(&mut self, step: &Step) {
            match step {
                Step::Take(id, summary) => self.take(about(*id, SUMMARIES[*summary])),
                Step::Filter(number) => self.wire.set_filter(ASKED[*number].0.clone(), minute(0)),
                Step::Mute(number) => self.wire.set_judges(ASKED[*number].1.clone(), minute(0)),
                Step::Topics(number) => {
                    self.tagger = tagger(["harbour", "lamp", "nothing"][*number]);
                    self.wire.retag(&self.tagger, minute(0));
                }
                Step::Refresh => self.wire.refresh(minute(0)),
                Step::Settle => drop(self.settle()),
            }
        }

        fn shown(&self) -> (Vec<Row>, usize, usize) {
            (self.wire.rows().iter().copied().collect(), self.wire.count("sea"), self.wire.muted_count())
        }
    }

    proptest! {
        #[test]
        fn a_wire_without_its_summaries_shows_what_one_with_all_of_them_shows(
            steps in prop::collection::vec(step(), 1..60),
        ) {
            let (mut whole, mut light) = (Trial::holding(usize::MAX), Trial::holding(2));
            for step in &steps {
                whole.go(step);
                light.go(step);
            }
            whole.settle();
            light.settle();
            prop_assert_eq!(whole.shown(), light.shown());
        }
    }
}
