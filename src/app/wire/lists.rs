//! The stories by topic and by symbol, kept in order while they come and go: heat and the marks of a chart are read from
//! here at each frame, which must not walk over all stories.

use std::collections::{HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};

use super::{Item, Key, Tagger, Wire, heated};
use crate::domain::Name;
use crate::domain::group::alone;
use crate::domain::story::{Marks, Story};

/// How many hours heat looks back.
pub const HEAT_HOURS: usize = 24;

/// Stories by a name each of them bears.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Lists(HashMap<Name, Vec<Key>>);

impl Lists {
    pub(super) fn add(&mut self, key: Key, names: &[Name]) {
        for name in names {
            let list = self.0.entry(name.clone()).or_default();
            if let Err(at) = list.binary_search(&key) {
                list.insert(at, key);
            }
        }
    }

    pub(super) fn remove(&mut self, key: Key, names: &[Name]) {
        for name in names {
            let Some(list) = self.0.get_mut(name) else { continue };
            if let Ok(at) = list.binary_search(&key) {
                list.remove(at);
            }
            if list.is_empty() {
                self.0.remove(name);
            }
        }
    }

    /// Oldest first.
    fn of(&self, name: &str) -> &[Key] {
        self.0.get(name).map(Vec::as_slice).unwrap_or_default()
    }
}

impl Wire {
    /// How many stories of a topic came in each of the last hours, the oldest hour first. What is dated later than
    /// `now` counts as just come.
    pub fn heat(&self, topic: &str, now: Timestamp) -> [u32; HEAT_HOURS] {
        let stories = self.by_topic.of(topic);
        // An hour begins after the moment so long ago, and ends with the one an hour later.
        let older = |hours: usize| {
            let start = now.checked_sub(SignedDuration::from_hours(hours as i64)).unwrap_or(Timestamp::MIN);
            stories.partition_point(|(time, _)| *time <= start)
        };
        let starts: [usize; HEAT_HOURS] = std::array::from_fn(|at| older(HEAT_HOURS - at));
        let end = |at: usize| starts.get(at + 1).copied().unwrap_or(stories.len());
        std::array::from_fn(|at| (end(at) - starts[at]) as u32)
    }

    /// The outlets that had a story of a topic since a time, without repeats.
    pub fn outlets_since(&self, topic: &str, since: Timestamp) -> impl Iterator<Item = &Name> {
        let stories = self.by_topic.of(topic);
        let start = stories.partition_point(|(time, _)| *time <= since);
        let mut seen = HashSet::new();
        let outlets = stories[start..].iter().filter_map(|(_, id)| Some(&self.items.get(id)?.story.outlet));
        outlets.filter(move |outlet| seen.insert(*outlet))
    }

    /// The topics that a story adds to the heat of, be it held or not.
    pub fn topics_of(&self, story: &Story, tagger: &Tagger, now: Timestamp) -> Vec<Name> {
        if let Some(item) = self.items.get(&story.id) {
            return heated(item).to_vec();
        }
        heated(&self.weigh(story, tagger, now)).to_vec()
    }

    /// A story that waits while the wire is paused, in the group that it will have.
    pub fn weigh_waiting(&mut self, story: &Story, tagger: &Tagger, now: Timestamp) -> Item {
        let group = self.group_of(story, Marks::default());
        Item { group, ..self.weigh(story, tagger, now) }
    }

    /// A story that is not held, with what can be said of it by itself.
    pub fn weigh(&self, story: &Story, tagger: &Tagger, now: Timestamp) -> Item {
        let mut item = Item::new(story.clone(), Marks::default(), alone(story.id), tagger);
        item.verdict = self.judges.judge(&item, 1, now).unwrap_or_default();
        item
    }

    /// The stories since one time and before another that are the first of their group and of a topic of this symbol: how
    /// many, and the newest. Counted without looking at each: a busy day has thousands, and every frame asks.
    pub fn firsts_within(&self, symbol: &str, from: Timestamp, to: Timestamp) -> Option<(usize, &Item)> {
        let firsts = self.firsts.of(symbol);
        let start = firsts.partition_point(|(time, _)| *time < from);
        let within = &firsts[start..start + firsts[start..].partition_point(|(time, _)| *time < to)];
        let (_, newest) = within.last()?;
        Some((within.len(), self.items.get(newest)?))
    }
}
