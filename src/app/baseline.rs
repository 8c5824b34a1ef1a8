//! What is usual of a topic: how many stories a day it has had over seven days, against those of the last one.

use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, Timestamp};

use super::App;
use crate::domain::Name;
use crate::domain::story::{Story, StoryId};
use crate::event::{Effect, StoreEffect};

const DAY: SignedDuration = SignedDuration::from_hours(24);
/// The days before the last one.
const DAYS: i64 = 7;
/// A baseline of less than this says nothing.
const KNOWN_MIN: SignedDuration = DAY;
const HOUR: i64 = 3_600;

/// A spike is so many times what is usual …
const SPIKE_TIMES: f64 = 3.0;
/// … and at least so many stories …
const SPIKE_STORIES: u32 = 5;
/// … from at least so many outlets.
const SPIKE_OUTLETS: usize = 2;

/// Stories by topic and hour, over eight days: also of those that memory holds no more.
#[derive(Debug, Default)]
pub(crate) struct Baseline {
    /// Those counted, with their times.
    counted: HashMap<StoryId, Timestamp>,
    /// By the number of the hour since 1970.
    hours: BTreeMap<i64, HashMap<Name, u32>>,
    /// When the first of them was seen: what was published before may not all be known.
    since: Option<Timestamp>,
}

/// The heat of a topic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heat {
    /// Stories of the last 24 hours.
    pub stories: u32,
    /// Stories a day over the seven days before, and how many of those days are known; None with less than one.
    pub usual: Option<(f64, f64)>,
    /// Far more than usual.
    pub is_spike: bool,
}

impl Heat {
    /// How many times as many as usual; None where that is not known, or nothing was usual.
    pub fn times(&self) -> Option<f64> {
        let (per_day, _) = self.usual.filter(|(per_day, _)| *per_day > 0.0)?;
        Some(f64::from(self.stories) / per_day)
    }
}

impl Baseline {
    fn count(&mut self, story: &Story, topics: &[Name]) {
        let time = story.time();
        if self.counted.insert(story.id, time).is_some() {
            return;
        }
        self.since = Some(self.since.map_or(story.first_seen, |since| since.min(story.first_seen)));
        let hour = self.hours.entry(time.as_second().div_euclid(HOUR)).or_default();
        topics.iter().for_each(|topic| *hour.entry(topic.clone()).or_default() += 1);
    }

    /// Counts anew, from what is stored: at the start, and when topics or mutes have changed.
    pub(super) fn recount(&mut self, now: Timestamp) -> Effect {
        *self = Baseline::default();
        Effect::Store(StoreEffect::Recount { since: begin(now) })
    }

    /// Forgets what is older than the days it looks at.
    pub(super) fn prune(&mut self, now: Timestamp) {
        let oldest = begin(now);
        self.counted.retain(|_, time| *time >= oldest);
        self.hours = self.hours.split_off(&oldest.as_second().div_euclid(HOUR));
    }

    /// Stories a day, and over how many days.
    fn of(&self, topic: &str, now: Timestamp) -> Option<(f64, f64)> {
        let end = now.checked_sub(DAY).ok()?;
        let from = begin(now).max(self.since?);
        let known = end.duration_since(from);
        let hour = |time: Timestamp| time.as_second().div_euclid(HOUR);
        if known < KNOWN_MIN {
            return None;
        }
        let stories: u32 = self.hours.range(hour(from)..hour(end)).filter_map(|(_, hour)| hour.get(topic)).sum();
        let days = known.as_secs_f64() / DAY.as_secs_f64();
        Some((f64::from(stories) / days, days))
    }
}

/// Where the baseline begins.
fn begin(now: Timestamp) -> Timestamp {
    now.checked_sub(DAY * (DAYS as i32 + 1)).unwrap_or(Timestamp::MIN)
}

impl App {
    /// The heat of a topic now.
    pub fn heat(&self, topic: &str) -> Heat {
        let stories = self.wire.heat(topic, self.now).iter().sum();
        let usual = self.baseline.of(topic, self.now);
        let is_much =
            usual.is_some_and(|(per_day, _)| stories >= SPIKE_STORIES && f64::from(stories) >= per_day * SPIKE_TIMES);
        let is_spike = is_much && self.heat_outlets(topic).nth(SPIKE_OUTLETS - 1).is_some();
        Heat { stories, usual, is_spike }
    }

    /// The outlets that had a story of a topic in the last 24 hours, without repeats.
    pub fn heat_outlets(&self, topic: &str) -> impl Iterator<Item = &Name> {
        self.wire.outlets_since(topic, self.now.checked_sub(DAY).unwrap_or(Timestamp::MIN))
    }

    /// Counts stories into the baseline, be they held or not.
    pub(super) fn count_in<'a>(&mut self, stories: impl IntoIterator<Item = &'a Story>) {
        let oldest = begin(self.now);
        for story in stories.into_iter().filter(|story| story.time() >= oldest) {
            if !self.baseline.counted.contains_key(&story.id) {
                let topics = self.wire.topics_of(story, &self.tagger, self.now);
                self.baseline.count(story, &topics);
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::app::samples::{Desk, minute, titled};
    use crate::event::Event;

    const HOURS: i64 = 60;

    fn outlet(id: u64, at: i64, seen: i64, outlet: &str) -> Story {
        Story { outlet: outlet.into(), first_seen: minute(seen), ..titled(id, at, &format!("Solana release {id}")) }
    }

    /// One story every six hours over eight days, four a day; then so many within the last hours, by so many outlets.
    fn desk(lately: u64, outlets: u64) -> Desk {
        let mut desk = Desk::new();
        let usual = |at: i64| outlet(1_000 + at as u64, -24 * HOURS - at * 6 * HOURS - 1, -8 * 24 * HOURS, "Daily");
        let stories: Vec<Story> = (0..28).map(usual).collect();
        desk.send(Event::Counted { stories, done: true });
        desk.stories((0..lately).map(|id| outlet(id, -(id as i64) - 1, -1, &format!("Outlet {}", id % outlets))));
        desk
    }

    #[test]
    fn a_spike_is_three_times_the_habit_five_stories_and_two_outlets() {
        let cases = [(12, 2, true), (11, 2, false), (12, 1, false), (0, 1, false)];
        for (lately, outlets, expected) in cases {
            let heat = desk(lately, outlets).app.heat("solana");
            assert_eq!(heat.usual, Some((4.0, 7.0)));
            assert_eq!(heat.is_spike, expected, "{lately} stories of {outlets} outlets: {heat:?}");
        }
    }

    #[test]
    fn a_habit_begins_when_newstape_began_to_look() {
        let mut desk = Desk::new();
        // Published over eight days, all seen at once an hour ago.
        desk.stories((0..28).map(|at| outlet(at, -(at as i64) * 6 * HOURS, -HOURS, "Daily")));
        assert_eq!(desk.app.heat("solana").usual, None);
        assert!(!desk.app.heat("solana").is_spike);
    }

    #[test]
    fn a_story_is_counted_once_and_not_for_ever() {
        let mut desk = desk(0, 1);
        let again = outlet(1_000, -24 * HOURS - 1, -8 * 24 * HOURS, "Daily");
        desk.send(Event::Counted { stories: vec![again.clone()], done: true });
        desk.stories([again]);
        assert_eq!(desk.app.heat("solana").usual, Some((4.0, 7.0)));
        desk.wait(9 * 24 * 3_600);
        assert!(desk.app.baseline.counted.is_empty() && desk.app.baseline.hours.is_empty());
    }
}
