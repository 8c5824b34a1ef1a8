//! Groups: the stories of several outlets about one event, joined as they arrive.
//!
//! A story joins the group of the recent story whose title says most nearly the same. Rare words weigh more than
//! common ones; what tells look-alikes apart (other numbers, another quarter, up against down) keeps them apart. A story
//! is placed once, when it arrives; nothing placed is moved by what comes later, but for what the reader takes out.

mod remembered;
mod sketch;
mod vocabulary;
mod words;

use jiff::{SignedDuration, Timestamp};

use self::remembered::{Placed, Remembered};
pub use self::sketch::TitleKey;
use self::sketch::{Sketch, common};
use self::vocabulary::{Number, Vocabulary, WordId};
use super::story::StoryId;

/// The id of a group: that of the story it began with; of a story that the reader took out, [`alone`].
pub type GroupId = StoryId;

/// The group of a story that the reader has taken out of the one it was in.
pub fn alone(story: StoryId) -> GroupId {
    StoryId(!story.0)
}

/// How far apart two stories of one event may be.
pub const WINDOW: SignedDuration = SignedDuration::from_hours(3 * 24);
/// Most stories remembered: 72 hours of more than 100 busy feeds. Each takes about 200 bytes, and a new word 40.
const MOST_STORIES: usize = 30_000;
/// Rarest words of a title by which candidates are found.
const PROBES: usize = 6;
/// Newest stories counted for one such word, so that a word in every title costs no more than another.
const NEWEST_OF_WORD: usize = 64;
/// Stories compared in full: those that share the most of the rarest words.
const MOST_CANDIDATES: usize = 40;
/// Two titles are about one event from this likeness on: the weighted share of words in common, with what the other
/// numbers here add and take away.
const JOIN_THRESHOLD: f32 = 0.46;
/// How much more they must share for each day between them.
const THRESHOLD_PER_DAY: f32 = 0.04;
/// Titles that differ in nothing but their numbers are two events of a series.
const ALL_BUT_NUMBERS: f32 = 0.8;
/// How alike titles of one outlet with other numbers may be.
const SERIES_THRESHOLD: f32 = 0.6;
/// What one outlet says again after so long is the next instalment of a series, or something new.
const INSTALMENT: SignedDuration = SignedDuration::from_hours(12);
/// What each rare word in common after the first adds, up to so many.
const RARE_IN_COMMON: f32 = 0.08;
const RARE_COUNTED: usize = 4;
/// Their likeness is multiplied by this when they have numbers, and none in common …
const OTHER_NUMBERS_FACTOR: f32 = 0.75;
/// … and by this when they have one in common.
const SAME_NUMBER_FACTOR: f32 = 1.1;

/// What is remembered of the stories of the last 72 hours, to place the next one.
#[derive(Debug, Default)]
pub struct Groups {
    remembered: Remembered,
    newest: Option<Timestamp>,
}

impl Groups {
    /// The group of a story that arrives now; its own id begins a new group. Asked again for the same story (an edited
    /// title), it gives the same answer.
    pub fn place(&mut self, id: StoryId, title: &str, outlet: &str, time: Timestamp) -> GroupId {
        if let Some(placed) = self.remembered.by_id(id) {
            return placed.group;
        }
        let sketch = self.sketch(TitleKey::new(title, outlet), time);
        let group = self.nearest(&sketch, time).unwrap_or(id);
        self.remembered.push_last(Placed { id, group, time, sketch });
        group
    }

    /// Takes in a story that was placed in an earlier run: what comes later may join it. `key` reads its title, which is
    /// not asked for when the story is too old.
    pub fn restore(&mut self, id: StoryId, group: GroupId, time: Timestamp, key: impl FnOnce() -> TitleKey) {
        if self.remembered.has(id) || self.newest.is_some_and(|newest| newest.duration_since(time) > WINDOW) {
            return;
        }
        // What is stored is read newest first.
        let is_later = self.remembered.first().is_none_or(|first| first.time <= time);
        if !is_later && self.remembered.len() >= MOST_STORIES {
            return;
        }
        let sketch = self.sketch(key(), time);
        let placed = Placed { id, group, time, sketch };
        match is_later {
            true => self.remembered.push_last(placed),
            false => self.remembered.push_first(placed),
        }
    }

    /// Puts a story in another group, as the reader asks.
    pub fn regroup(&mut self, id: StoryId, group: GroupId) {
        if let Some(placed) = self.remembered.by_id_mut(id) {
            placed.group = group;
        }
    }

    /// Forgets what is too old by then, and looks the words of a title up.
    fn sketch(&mut self, key: TitleKey, time: Timestamp) -> Sketch {
        self.newest = self.newest.max(Some(time));
        self.forget();
        Sketch::new(key, |hash| self.remembered.vocabulary.id(hash))
    }

    /// The group of the story most like this one, when one is alike enough.
    fn nearest(&self, sketch: &Sketch, time: Timestamp) -> Option<GroupId> {
        let scale = self.vocabulary().scale();
        let own = self.vocabulary().weigh(sketch.ids(), scale);
        let near = self.candidates(sketch, scale).into_iter().filter_map(|number| {
            let other = self.remembered.story(number)?;
            let apart = time.duration_since(other.time).abs();
            if apart > WINDOW {
                return None;
            }
            if sketch.outlet == other.sketch.outlet && apart > INSTALMENT {
                return None;
            }
            let days = apart.as_secs() as f32 / 86_400.0;
            let likeness = self.likeness(sketch, own, &other.sketch, scale)?;
            let margin = likeness - JOIN_THRESHOLD - THRESHOLD_PER_DAY * days;
            (margin >= 0.0 && !sketch.is_about_another(&other.sketch)).then_some((margin, number, other.group))
        });
        near.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1))).map(|(.., group)| group)
    }

    /// The stories that share the most of the rarest words.
    fn candidates(&self, sketch: &Sketch, scale: f32) -> Vec<Number> {
        let mut probes: Vec<(u32, WordId)> = sketch.ids().map(|word| (self.vocabulary().seen(word), word)).collect();
        probes.sort_unstable();
        let mut shared: Vec<(Number, f32)> = Vec::with_capacity(PROBES * NEWEST_OF_WORD);
        for (_, word) in probes.into_iter().take(PROBES) {
            let weight = self.vocabulary().weight(word, scale);
            shared.extend(self.remembered.having(word).take(NEWEST_OF_WORD).map(|number| (number, weight)));
        }
        shared.sort_unstable_by_key(|(number, _)| *number);
        shared.dedup_by(|next, kept| {
            let is_same = next.0 == kept.0;
            kept.1 += if is_same { next.1 } else { 0.0 };
            is_same
        });
        if shared.len() > MOST_CANDIDATES {
            // The later of two that share as much.
            let more = |a: &(Number, f32), b: &(Number, f32)| b.1.total_cmp(&a.1).then(b.0.cmp(&a.0));
            shared.select_nth_unstable_by(MOST_CANDIDATES, more);
            shared.truncate(MOST_CANDIDATES);
        }
        shared.into_iter().map(|(number, _)| number).collect()
    }

    fn vocabulary(&self) -> &Vocabulary {
        &self.remembered.vocabulary
    }

    /// From 0, nothing in common, to about 1; None when the two can't be one event. Other numbers make titles that are
    /// else the same, or nearly so and of one outlet, two of a series.
    /// `own`: the weight of all words of `a`.
    fn likeness(&self, a: &Sketch, own: f32, b: &Sketch, scale: f32) -> Option<f32> {
        if a.contradicts(b) {
            return None;
        }
        let vocabulary = self.vocabulary();
        let shared = 2.0 * common(a, b).map(|both| vocabulary.weight(both.word, scale)).sum::<f32>();
        let all = own + vocabulary.weigh(b.ids(), scale);
        let rare = common(a, b).filter(|both| vocabulary.is_rare(both.word)).count().min(RARE_COUNTED);
        let likeness = shared / all + RARE_IN_COMMON * rare.saturating_sub(1) as f32;
        if a.numbers.is_empty() || b.numbers.is_empty() {
            return Some(likeness);
        }
        let (numbers_a, numbers_b) = (a.numbers.among(&a.words), b.numbers.among(&b.words));
        if a.outlet == b.outlet && likeness > SERIES_THRESHOLD && !a.has_same_numbers(b) {
            return None;
        }
        if common(a, b).any(|both| both.is_number(a, b)) {
            return Some(likeness * SAME_NUMBER_FACTOR);
        }
        let without = all - vocabulary.weigh(numbers_a, scale) - vocabulary.weigh(numbers_b, scale);
        (shared < ALL_BUT_NUMBERS * without).then_some(likeness * OTHER_NUMBERS_FACTOR)
    }

    /// Drops what arrived first while it is too old or too much.
    fn forget(&mut self) {
        let Some(newest) = self.newest else { return };
        let is_old = |story: &Placed| newest.duration_since(story.time) > WINDOW;
        while self.remembered.len() >= MOST_STORIES || self.remembered.first().is_some_and(is_old) {
            self.remembered.pop_first();
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;

    use proptest::prelude::*;

    use super::*;

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + hours * 3_600).unwrap()
    }

    /// Whether the second title, some hours later, joins the first.
    fn joins(first: &str, second: &str, hours: i64) -> bool {
        let mut groups = Groups::default();
        groups.place(StoryId(1), first, "One", at(0));
        groups.place(StoryId(2), second, "Two", at(hours)) == StoryId(1)
    }

    #[test]
    fn one_event_is_one_group() {
        let cases = [
            ("Acme to cut 9,000 jobs in robotics push", "Acme cuts 9,000 jobs as robots take over - Reuters"),
            ("Judge lets lawsuit against Foobank proceed", "Foobank lawsuit may proceed, judge rules"),
            ("BTC slips below 60,000 on rate fears", "Bitcoin slips below 60 000 | CNN"),
            ("La banque Dupont supprime 300 postes", "Dupont : 300 postes supprimés par la banque"),
            (
                "Acme raises 40 billion dollars from Gulf funds",
                "Acme lève 40 milliards de dollars auprès de fonds du Golfe",
            ),
            (
                "US senators want to ban chip exports to China",
                "Des sénateurs américains veulent interdire l’exportation de puces vers la Chine",
            ),
        ];
        for (first, second) in cases {
            assert!(joins(first, second, 3), "{first} / {second}");
        }
    }

    #[test]
    fn look_alikes_stay_apart() {
        let cases = [
            ("Bitcoin rises above 60,000 dollars", "Bitcoin rises above 70,000 dollars"),
            ("Acme reports record revenue for Q2", "Acme reports record revenue for Q3"),
            ("Chipmaker shares rise on export news", "Chipmaker shares fall on export news"),
            ("Exchange lists two new tokens on Monday", "Senate debates the farm bill on Monday"),
            ("XRP price analysis for October 11", "Bitcoin (BTC) price analysis for October 11"),
            ("Ripple slides as traders await the Fed", "Solana slides as traders await the Fed"),
            (
                "APT price prediction: targets and resistance by March",
                "LDO price prediction: targets and resistance by March",
            ),
            ("Why is the market up today?", "Why is the market down today?"),
            ("Foobank warns of its next quarter", "Acme warns of its next quarter"),
            ("Senator Jones asks Acme about chips", "Senator Smith asks Acme about chips"),
        ];
        for (first, second) in cases {
            assert!(!joins(first, second, 3), "{first} / {second}");
        }
        let mut groups = Groups::default();
        groups.place(StoryId(1), "Market forecast 5/12: gold, oil, copper, tin", "Desk", at(0));
        let later = groups.place(StoryId(2), "Market forecast 5/14: gold, oil, tin, copper", "Desk", at(48));
        assert_eq!(later, StoryId(2));
        assert!(!joins("Weekly market outlook", "Weekly market outlook", 24 * 7));
        let mut groups = Groups::default();
        groups.place(StoryId(1), "Coin eyes recovery: weekend watch", "Desk", at(0));
        let next = groups.place(StoryId(2), "Coin eyes recovery: weekend watch", "Desk", at(24));
        assert_eq!(next, StoryId(2), "the next instalment");
        assert_eq!(groups.place(StoryId(3), "Coin eyes recovery: weekend watch", "Copied", at(25)), StoryId(2));
    }

    #[test]
    fn what_was_placed_before_is_joined_after_a_restart() {
        let mut groups = Groups::default();
        // As the store gives them: the newest first.
        for (id, title, hours) in
            [(3, "Harbour closed after storm", 9), (2, "Acme buys Foobank", 5), (1, "Acme to buy Foobank", 4)]
        {
            let group = if id == 3 { StoryId(3) } else { alone(StoryId(1)) };
            groups.restore(StoryId(id), group, at(hours), || TitleKey::new(title, "Desk"));
        }
        assert_eq!(groups.place(StoryId(4), "Foobank bought by Acme", "Wire", at(10)), alone(StoryId(1)));
        groups.regroup(StoryId(3), alone(StoryId(3)));
        assert_eq!(groups.place(StoryId(5), "Storm: harbour closed", "Wire", at(11)), alone(StoryId(3)));
        groups.restore(StoryId(6), StoryId(6), at(-90), || TitleKey::new("Old news of Foobank", "Desk"));
        assert_eq!(groups.remembered.len(), 5, "too old to be joined");
    }

    #[test]
    fn a_few_minutes_out_of_order_change_nothing() {
        let titles =
            ["Acme buys Foobank for 3 billion", "Foobank bought by Acme for $3bn", "Acme: 3 billion for Foobank"];
        let place = |order: [usize; 3]| {
            let mut groups = Groups::default();
            let minutes = |n: usize| at(0) + SignedDuration::from_mins(n as i64 * 2);
            order.map(|n| groups.place(StoryId(n as u64 + 1), titles[n], titles[n], minutes(n)))
        };
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
            let groups = place(order);
            assert!(groups.iter().all(|group| *group == groups[0]), "{order:?}: {groups:?}");
        }
    }

    #[test]
    fn a_story_keeps_its_group() {
        let mut groups = Groups::default();
        let first = groups.place(StoryId(1), "Acme buys Foobank for 3 billion", "A", at(0));
        groups.place(StoryId(2), "Acme buys Foobank", "B", at(1));
        assert_eq!(groups.place(StoryId(2), "Something else altogether", "B", at(2)), first);
        assert_eq!(groups.place(StoryId(3), "", "B", at(2)), StoryId(3));
        assert_eq!(groups.place(StoryId(4), "", "B", at(2)), StoryId(4));
    }

    #[test]
    fn memory_is_bounded() {
        let mut groups = Groups::default();
        for n in 0..2 * MOST_STORIES as u64 {
            groups.place(StoryId(n), &format!("word{n}"), "A", at(0));
        }
        assert!(groups.remembered.len() <= MOST_STORIES);
        assert!(groups.remembered.vocabulary.len() <= vocabulary::MOST_WORDS + MOST_STORIES);
        groups.place(StoryId(u64::MAX), "later", "A", at(100));
        assert_eq!(groups.remembered.len(), 1);
    }

    #[derive(serde::Deserialize)]
    struct Gold {
        title: String,
        source: String,
        published: Timestamp,
        cluster_id: String,
    }

    #[test]
    #[ignore = "needs the recordings"]
    fn labelled_groups_are_found() {
        let lines = fs::read_to_string(crate::recordings::recording("gold/clusters_dev.jsonl")).unwrap();
        let mut gold: Vec<Gold> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        gold.sort_by_key(|story| story.published);
        let mut groups = Groups::default();
        let place =
            |(n, story): (usize, &Gold)| groups.place(StoryId(n as u64), &story.title, &story.source, story.published);
        let found: Vec<GroupId> = gold.iter().enumerate().map(place).collect();
        let mut count: BTreeMap<(bool, bool), u32> = BTreeMap::new();
        for b in 0..gold.len() {
            for a in 0..b {
                let (want, have) = (gold[a].cluster_id == gold[b].cluster_id, found[a] == found[b]);
                *count.entry((want, have)).or_default() += 1;
                if want != have {
                    let kind = if want { "missed" } else { "joined wrongly" };
                    eprintln!("{kind}: {} ~ {}", gold[a].title, gold[b].title);
                }
            }
        }
        let pairs = |want, have| f64::from(count.get(&(want, have)).copied().unwrap_or_default());
        let precision = pairs(true, true) / (pairs(true, true) + pairs(false, true));
        let recall = pairs(true, true) / (pairs(true, true) + pairs(true, false));
        let f1 = 2.0 * precision * recall / (precision + recall);
        eprintln!("pairs: P {precision:.3} R {recall:.3} F1 {f1:.3}");
        assert!(f1 >= 0.85 && precision >= 0.93, "F1 {f1}, precision {precision}");
    }

    proptest! {
        #[test]
        fn any_title_can_be_placed(titles in prop::collection::vec(".{0,40}", 1..8)) {
            let mut groups = Groups::default();
            for (n, title) in titles.iter().enumerate() {
                groups.place(StoryId(n as u64), title, title, at(n as i64));
            }
        }
    }
}
