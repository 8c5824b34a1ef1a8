//! Mutes and highlights: queries that are asked of every story that comes, and again when what they ask for changes.

use std::collections::HashSet;

use jiff::Timestamp;

use super::{GroupQueue, Item, Wire};
use crate::config::{Config, StandingQuery};
use crate::domain::Name;
use crate::domain::group::GroupId;
use crate::domain::query::{Asks, Query, Subject};
use crate::domain::story::StoryId;

/// The mutes and highlights that are on.
#[derive(Clone, Debug, Default)]
pub struct Judges {
    mutes: Vec<Judge>,
    highlights: Vec<Judge>,
    /// What any of them asks for beside the story.
    asks: Asks,
}

/// A query that is asked of every story.
#[derive(Clone, Debug, PartialEq)]
pub struct Judge {
    /// Its name in the config.
    pub name: Name,
    /// Of a highlight, as the config writes it.
    pub color: Option<String>,
    query: Query,
}

/// What was found of a story: the places of the mute and of the highlight that match it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    muted: Option<u16>,
    highlighted: Option<u16>,
}

impl Verdict {
    /// Does a mute match?
    pub fn is_muted(self) -> bool {
        self.muted.is_some()
    }
}

impl Judges {
    /// Those of a configuration that are on. A query that can't be read is left out: the configuration has warned of it.
    pub fn new(config: &Config) -> Judges {
        let judge = |standing: &StandingQuery| {
            let query = Query::parse(&standing.query).ok()?;
            Some(Judge { name: standing.name.clone(), color: standing.color.clone(), query })
        };
        let on = |list: &[StandingQuery]| list.iter().filter(|standing| standing.enabled).filter_map(judge).collect();
        let (mutes, highlights): (Vec<Judge>, Vec<Judge>) = (on(&config.mutes), on(&config.highlights));
        let all = mutes.iter().chain(&highlights).map(|judge| judge.query.asks());
        let asks = all.fold(Asks::default(), Asks::or);
        Judges { mutes, highlights, asks }
    }

    /// What they ask for beside the story.
    pub fn asks(&self) -> Asks {
        self.asks
    }

    /// Are there none?
    pub(super) fn is_empty(&self) -> bool {
        self.mutes.is_empty() && self.highlights.is_empty()
    }

    fn may_be_slow(&self) -> bool {
        self.mutes.iter().chain(&self.highlights).any(|judge| judge.query.may_be_slow())
    }

    /// What they say of a story; None when its summary has to be read first.
    pub fn judge(&self, item: &Item, outlets: usize, now: Timestamp) -> Option<Verdict> {
        if self.is_empty() {
            return Some(Verdict::default());
        }
        let subject = item.subject(outlets, now);
        Some(Verdict { muted: first(&self.mutes, &subject)?, highlighted: first(&self.highlights, &subject)? })
    }
}

/// The place of the first that matches, if any does; None when that can't be decided yet.
fn first(judges: &[Judge], subject: &Subject) -> Option<Option<u16>> {
    for (at, judge) in (0..).zip(judges) {
        if judge.query.decide(subject)? {
            return Some(Some(at));
        }
    }
    Some(None)
}

impl Wire {
    /// Other mutes and highlights. A story whose summary has to be read first passes until then.
    pub fn set_judges(&mut self, judges: Judges, now: Timestamp) {
        self.judges = judges;
        self.judging = GroupQueue::default();
        self.summaries.judges_changed();
        let lacking = self.items.values().filter(|item| !item.has_summary() && item.verdict != Verdict::default());
        let lacking: Vec<(StoryId, GroupId)> = lacking.map(|item| (item.story.id, item.group)).collect();
        for (id, group) in lacking {
            self.pass_verdict(id, Verdict::default());
            self.tally(group);
        }
        self.judge_all(now);
    }

    /// What mutes and highlights ask for beside the story.
    pub fn judges_ask(&self) -> Asks {
        self.judges.asks()
    }

    /// Asks them again of everything, as time, prices or marks may change their answers. While [`Wire::is_judging`], only
    /// [`Wire::judge_next`] asks them, as some read by regular expressions.
    pub fn judge_all(&mut self, now: Timestamp) {
        let unasked = self.judging.drain();
        if self.judges_may_be_slow() {
            self.judging = GroupQueue::of(self.unasked_first(unasked));
        } else {
            let groups: Vec<GroupId> = self.members.keys().copied().collect();
            for group in groups {
                if self.judge(group, now) {
                    self.tally(group);
                }
            }
        }
        self.refilter(now, true);
    }

    /// Does a mute or a highlight read by regular expressions? Then [`Wire::judge_next`] asks them of what arrives, too.
    pub fn judges_may_be_slow(&self) -> bool {
        self.judges.may_be_slow()
    }

    /// Are there groups of which the mutes and highlights have still to be asked?
    pub fn is_judging(&self) -> bool {
        !self.judging.is_empty()
    }

    /// Asks them of so many groups more.
    pub fn judge_next(&mut self, groups: usize, now: Timestamp) {
        for _ in 0..groups {
            let Some(group) = self.judging.pop() else { break };
            self.judge_and_show(group, now);
        }
    }

    /// Asks them now of the group of a story, if it waits for that.
    pub fn judge_story(&mut self, id: StoryId, now: Timestamp) {
        let Some(group) = self.items.get(&id).map(|item| item.group) else { return };
        if self.judging.take(group) {
            self.judge_and_show(group, now);
        }
    }

    fn judge_and_show(&mut self, group: GroupId, now: Timestamp) {
        if self.judge(group, now) {
            self.tally(group);
            self.show(group, now);
        }
    }

    /// Asks them of the stories of a group; true when an answer has changed.
    pub(super) fn judge(&mut self, group: GroupId, now: Timestamp) -> bool {
        let Some(members) = self.members.get(&group) else { return false };
        let outlets = self.group(group).map(|item| &item.story.outlet).collect::<HashSet<_>>().len();
        let verdict = |id: &StoryId| {
            let item = self.items.get(id)?;
            let Some(verdict) = self.judges.judge(item, outlets, now) else {
                self.need_summary(item);
                return None;
            };
            (verdict != item.verdict).then_some((*id, verdict))
        };
        let changed: Vec<(StoryId, Verdict)> = members.ids.iter().filter_map(verdict).collect();
        changed.iter().for_each(|(id, verdict)| self.pass_verdict(*id, *verdict));
        !changed.is_empty()
    }

    /// What is muted is not in the heat of its topics.
    fn pass_verdict(&mut self, id: StoryId, verdict: Verdict) {
        let Some(item) = self.items.get_mut(&id) else { return };
        let was_muted = std::mem::replace(&mut item.verdict, verdict).is_muted();
        let (key, topics) = (item.key(), item.tagged.topics());
        match (was_muted, verdict.is_muted()) {
            (false, true) => {
                self.by_topic.remove(key, topics);
                self.muted += 1;
            }
            (true, false) => {
                self.by_topic.add(key, topics);
                self.muted -= 1;
            }
            _ => {}
        }
    }

    /// How many stories are muted.
    pub fn muted_count(&self) -> usize {
        self.muted
    }

    /// Are muted stories shown all the same?
    pub fn shows_muted(&self) -> bool {
        self.shows_muted
    }

    /// Shows muted stories, or leaves them off.
    pub fn show_muted(&mut self, shows: bool, now: Timestamp) {
        self.shows_muted = shows;
        let groups: Vec<GroupId> = self.members.keys().copied().collect();
        groups.into_iter().for_each(|group| self.tally(group));
        self.refilter(now, true);
    }

    /// Does a story count, and may it be shown?
    pub(super) fn counts(&self, item: &Item) -> bool {
        self.shows_muted || !item.verdict.is_muted()
    }

    /// The mute that matches a story.
    pub fn muted_by(&self, item: &Item) -> Option<&Judge> {
        self.judges.mutes.get(usize::from(item.verdict.muted?))
    }

    /// The highlight that matches a story.
    pub fn highlighted_by(&self, item: &Item) -> Option<&Judge> {
        self.judges.highlights.get(usize::from(item.verdict.highlighted?))
    }
}
