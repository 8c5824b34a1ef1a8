//! The wire: the stories in memory, their groups, and the rows that pass the filter. Beside it: the cursor that stays
//! on its story, the marks, and what waits while the wire is paused.

mod analyses;
mod cursor;
mod found;
mod group_queue;
mod judge;
mod lists;
mod marks;
mod members;
mod pause;
mod rows;
mod sift;
mod sort;
mod summaries;
mod tagger;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet, VecDeque};

use jiff::{SignedDuration, Timestamp};

use crate::domain::Name;
use crate::domain::group::{GroupId, Groups};
use crate::domain::query::StoryText;
use crate::domain::query::{Query, Subject};
use crate::domain::story::{Marks, Story, StoryId};
use crate::domain::text::WordSet;
pub use analyses::ANALYSES_AT_ONCE;
use analyses::Unsaved;
use cursor::Cursor;
use found::Found;
use group_queue::GroupQueue;
pub use judge::{Judge, Judges, Verdict};
pub use lists::HEAT_HOURS;
use lists::Lists;
use marks::Past;
use pause::Held;
use sift::Sifting;
pub use sort::Sort;
use sort::Sorted;
pub use summaries::READ_AT_ONCE;
use summaries::Summaries;
pub use tagger::{Tagged, Tagger};

/// After a silence of this long, what comes about an event is news again: its row moves up to it.
const LULL: SignedDuration = SignedDuration::from_hours(3);

/// How many stories are held in memory; the store has the rest.
pub const WINDOW: usize = 10_000;

/// A story on the wire, with what newstape worked out about it.
#[derive(Debug)]
pub struct Item {
    /// The story as its feed published it; its summary may be in the store alone.
    pub story: Story,
    /// What the reader marked.
    pub marks: Marks,
    /// The words of its title and summary.
    words: WordSet,
    /// Its summary is in the store alone: the hash of it.
    dropped: Option<u64>,
    /// When it came from its feed; None of one that came from the store.
    given_at: Option<Timestamp>,
    /// Its topics, and the symbols bound to them.
    pub tagged: Tagged,
    /// The group it belongs to, possibly as the only member.
    pub group: GroupId,
    /// What prices did since, in per cent: known while the filter, a mute or a highlight asks for it.
    pub moves: Box<[(Name, f64)]>,
    /// What the mutes and highlights say of it.
    pub verdict: Verdict,
}

/// A row of the wire: one group, led by the earliest story of its last wave that passes the filter, else by the earliest
/// of all that do. Under the cursor it stays with the story that led it when the cursor came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The time of its lead.
    pub time: Timestamp,
    /// The group shown.
    pub group: GroupId,
    /// The story whose headline is shown.
    pub lead: StoryId,
}

/// What passes onto the wire.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// Only stories with this topic.
    pub topic: Option<Name>,
    /// As typed, and as read.
    pub query: Option<(String, Query)>,
}

impl Filter {
    /// Does everything pass?
    pub fn is_empty(&self) -> bool {
        self.topic.is_none() && self.query.is_none()
    }

    fn asks_for_muted(&self) -> bool {
        self.query.as_ref().is_some_and(|(_, query)| query.asks().muted)
    }

    fn has_topic_of(&self, item: &Item) -> bool {
        self.topic.as_ref().is_none_or(|topic| item.tagged.topics().contains(topic))
    }
}

impl Item {
    /// A story that has been placed in a group.
    pub fn new(story: Story, marks: Marks, group: GroupId, tagger: &Tagger) -> Item {
        let text = story.text();
        let (words, tagged) = (WordSet::of(&text), tagger.tag(&text));
        let marks = Marks { group: Some(group), ..marks };
        let (dropped, given_at) = (None, None);
        Item {
            story,
            marks,
            words,
            dropped,
            given_at,
            tagged,
            group,
            moves: Box::default(),
            verdict: Verdict::default(),
        }
    }

    /// Where it stands among all stories.
    fn key(&self) -> Key {
        (self.story.time(), self.story.id)
    }

    /// What a query is asked about.
    pub fn subject(&self, outlets: usize, now: Timestamp) -> Subject<'_> {
        Subject {
            story: &self.story,
            text: StoryText::held(&self.story, &self.words, self.has_summary()),
            topics: self.tagged.topics(),
            symbols: self.tagged.symbols(),
            marks: self.marks,
            muted: self.verdict.is_muted(),
            outlets,
            moves: &self.moves,
            now,
        }
    }
}

/// What orders stories: their time, then their id.
type Key = (Timestamp, StoryId);

/// The stories of one event, and what follows from them.
#[derive(Debug, Default)]
struct Members {
    /// In order of appearance.
    ids: Vec<StoryId>,
    /// How many of them came before the last lull.
    earlier: usize,
    outlets: usize,
    /// The topics that any of them carries, without repeats.
    topics: Vec<Name>,
    /// Its first story, as it stands in [`Wire::firsts`], with its symbols.
    first: Option<(Key, Vec<Name>)>,
    /// Of the stories since the last lull none has been read.
    unread: bool,
    /// One of its stories has a star.
    starred: bool,
    /// None of its stories counts.
    is_muted: bool,
    /// Its row on the wire, when it has one.
    row: Option<Row>,
}

/// The stories held, their groups as rows, and where the reader is among them.
#[derive(Debug)]
pub struct Wire {
    /// How many stories are held at most.
    window: usize,
    /// Each in a place of its own: the table itself is half empty after it has grown.
    items: HashMap<StoryId, Box<Item>>,
    /// Every story, newest first. Stories come at one end or the other: neither moves the rest.
    order: VecDeque<Key>,
    groups: Groups,
    /// Boxed for the same reason.
    members: HashMap<GroupId, Box<Members>>,
    /// Groups to be brought up to date at the end of [`Wire::in_batch`], in which each may come up many times.
    batch: Option<Vec<GroupId>>,
    /// How many groups carry each topic.
    counts: HashMap<Name, usize>,
    /// The stories of each topic.
    by_topic: Lists,
    /// The stories of each symbol that are the first of their group.
    firsts: Lists,
    /// The rows that pass the filter, newest first.
    timeline: VecDeque<Row>,
    sorted: Sorted,
    filter: Filter,
    cursor: Cursor,
    /// Groups whose rows were kept as they were under the cursor.
    kept: Vec<GroupId>,
    /// The story of the current group that the reader chose to see in place of its lead.
    chosen: Option<StoryId>,
    held: Held,
    past: Past,
    found: Found,
    sifting: Sifting,
    summaries: Summaries,
    unsaved: Unsaved,
    judges: Judges,
    /// Groups of which the mutes and highlights have still to be asked.
    judging: GroupQueue,
    /// How many stories are muted, and of how many groups every one.
    muted: usize,
    all_muted: usize,
    shows_muted: bool,
}

/// What arrived with a story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// Seen for the first time.
    New,
    /// Known already, with other text.
    Edited,
    /// Known already, unchanged.
    Known,
    /// Older than everything in a full window: the store alone keeps it.
    Beyond,
}

impl Default for Wire {
    fn default() -> Wire {
        Wire::holding(WINDOW)
    }
}

impl Wire {
    /// For the commands that end: holds whatever it is given.
    pub fn unbounded() -> Wire {
        Wire::holding(usize::MAX)
    }

    fn holding(window: usize) -> Wire {
        Wire {
            window,
            items: HashMap::new(),
            order: VecDeque::new(),
            groups: Groups::default(),
            members: HashMap::new(),
            batch: None,
            counts: HashMap::new(),
            by_topic: Lists::default(),
            firsts: Lists::default(),
            timeline: VecDeque::new(),
            sorted: Sorted::default(),
            filter: Filter::default(),
            cursor: Cursor::default(),
            kept: Vec::new(),
            chosen: None,
            held: Held::default(),
            past: Past::default(),
            found: Found::default(),
            sifting: Sifting::default(),
            summaries: Summaries::default(),
            unsaved: Unsaved::default(),
            judges: Judges::default(),
            judging: GroupQueue::default(),
            muted: 0,
            all_muted: 0,
            shows_muted: false,
        }
    }

    // --- what arrives ---

    /// Is this story already held, unchanged?
    pub fn knows(&self, story: &Story) -> bool {
        self.items.get(&story.id).is_some_and(|item| !item.is_edited_by(story))
    }

    /// Takes in a story from its feed, with what is known of its marks; those already held win.
    pub fn take(&mut self, story: Story, marks: Marks, tagger: &Tagger, now: Timestamp) -> Arrival {
        match self.items.get(&story.id) {
            Some(item) if item.is_edited_by(&story) => self.edit(story, tagger, now),
            Some(_) => Arrival::Known,
            None => self.take_new(story, marks, Some(now), tagger, now),
        }
    }

    fn take_new(
        &mut self,
        story: Story,
        marks: Marks,
        given_at: Option<Timestamp>,
        tagger: &Tagger,
        now: Timestamp,
    ) -> Arrival {
        if self.has_no_room_for(&story) {
            return Arrival::Beyond;
        }
        let group = self.group_of(&story, marks);
        self.unsaved.push(story.id);
        self.admit(Item { given_at, ..Item::new(story, marks, group, tagger) }, now);
        Arrival::New
    }

    /// Is a story older than everything in a full window?
    fn has_no_room_for(&self, story: &Story) -> bool {
        self.place((story.time(), story.id)) >= self.window
    }

    /// Puts a story that is not held yet in its place.
    fn admit(&mut self, item: Item, now: Timestamp) {
        let (key, group) = (item.key(), item.group);
        if item.has_summary() {
            self.summaries.hold(key.1);
        }
        self.items.insert(key.1, Box::new(item));
        self.insert(key, group);
        self.refresh_group(group, now);
        self.trim(now);
    }

    /// What the store knows of a story that came from its feed before it came from the store: its first title and times,
    /// and its marks, which are added to those it has. Answers its marks now; None when it is not held.
    pub fn remember(&mut self, stored: &Story, marks: Marks, now: Timestamp) -> Option<Marks> {
        if let Some(held) = self.held.remember(stored, marks) {
            return Some(held);
        }
        let stored_id = stored.id;
        let item = self.items.get_mut(&stored.id)?;
        item.marks.read |= marks.read;
        item.marks.starred |= marks.starred;
        let before = item.key();
        if !item.has_summary() && !stored.summary.is_empty() {
            item.take_summary(stored.summary.clone());
            self.summaries.hold(stored_id);
        }
        item.story = merged_with(item.story.clone(), stored);
        let (after, group) = (item.key(), item.group);
        if before != after {
            // The first published time decides the place; where the feed gives none, the first sight.
            self.remove(before, group);
            self.insert(after, group);
            self.refresh_group(group, now);
        }
        if let Some(stored) = marks.group {
            self.regroup(stored_id, stored, now);
        }
        let item = self.items.get(&stored_id)?;
        let (merged, group) = (item.marks, item.group);
        self.tally_marks(group);
        Some(merged)
    }

    /// A story as an edit of the one held: an edit never moves a story, its place is that of its first appearance.
    pub fn as_edit(&self, story: Story) -> Story {
        match self.items.get(&story.id) {
            Some(item) => story.as_edit_of(&item.story),
            None => story,
        }
    }

    fn edit(&mut self, story: Story, tagger: &Tagger, now: Timestamp) -> Arrival {
        let story = self.as_edit(story);
        let Some((before, group)) = self.items.get(&story.id).map(|item| (item.key(), item.group)) else {
            return Arrival::Beyond;
        };
        // Its topics may be others now; and where the clock was set back since, so is the time of its first sight.
        self.remove(before, group);
        let after = (story.time(), story.id);
        if let Some(item) = self.items.get_mut(&story.id) {
            let text = story.text();
            (item.words, item.tagged) = (WordSet::of(&text), tagger.tag(&text));
            (item.story, item.dropped, item.given_at) = (story, None, Some(now));
            self.summaries.hold(after.1);
            self.unsaved.push(after.1);
        }
        self.insert(after, group);
        self.refresh_group(group, now);
        Arrival::Edited
    }

    /// Where a story stands or belongs in `order`.
    fn place(&self, key: Key) -> usize {
        self.order.partition_point(|known| *known > key)
    }

    fn insert(&mut self, key: Key, group: GroupId) {
        self.order.insert(self.place(key), key);
        let items = &self.items;
        self.by_topic.add(key, items.get(&key.1).map(|item| heated(item)).unwrap_or_default());
        let ids = &mut self.members.entry(group).or_default().ids;
        let at = ids.partition_point(|id| items.get(id).is_some_and(|item| item.key() < key));
        ids.insert(at, key.1);
    }

    fn remove(&mut self, key: Key, group: GroupId) {
        let at = self.place(key);
        if self.order.get(at) == Some(&key) {
            self.order.remove(at);
        }
        self.by_topic.remove(key, self.items.get(&key.1).map(|item| heated(item)).unwrap_or_default());
        if let Some(members) = self.members.get_mut(&group) {
            members.ids.retain(|id| *id != key.1);
        }
    }

    /// Lets the oldest stories go that the window has no room for; never what is under the cursor.
    fn trim(&mut self, now: Timestamp) {
        while self.order.len() > self.window.saturating_add(self.found.len()) {
            let stays = |id: &StoryId| self.found.has(*id) || self.cursor.is_on(self.items[id].group);
            let oldest = self.order.iter().rev().find(|(_, id)| !stays(id));
            let Some(key) = oldest.copied() else { return };
            let Some(group) = self.items.get(&key.1).map(|item| item.group) else { return };
            self.let_go(key, group, now);
        }
    }

    /// Forgets a story.
    fn let_go(&mut self, key: Key, group: GroupId, now: Timestamp) {
        self.remove(key, group);
        if let Some(item) = self.items.remove(&key.1) {
            self.muted -= usize::from(item.verdict.is_muted());
        }
        self.found.forget(key.1);
        self.summaries.forget(key.1);
        self.refresh_group(group, now);
    }

    /// Tags everything again, after the topics or the watchlist changed.
    pub fn retag(&mut self, tagger: &Tagger, now: Timestamp) {
        for item in self.items.values_mut().filter(|item| item.has_summary()) {
            item.tagged = tagger.tag(&item.story.text());
            self.unsaved.push(item.story.id);
        }
        self.tag_later();
        self.by_topic = Lists::default();
        for key in self.order.iter().rev() {
            self.by_topic.add(*key, heated(&self.items[&key.1]));
        }
        let groups: Vec<GroupId> = self.members.keys().copied().collect();
        groups.into_iter().for_each(|group| self.tally(group));
        self.judge_all(now);
    }

    /// Forgets every story, when a replay begins again.
    pub fn clear(&mut self) {
        let (filter, judges) = (std::mem::take(&mut self.filter), std::mem::take(&mut self.judges));
        let sort = self.sort();
        *self = Wire { filter, judges, shows_muted: self.shows_muted, ..Wire::holding(self.window) };
        self.set_sort(sort);
    }

    // --- rows ---

    /// The rows that pass the filter, in the order that the reader chose.
    pub fn rows(&self) -> &VecDeque<Row> {
        self.sorted.rows().unwrap_or(&self.timeline)
    }

    /// The current filter.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Whether one story by itself passes the filter.
    pub fn passes(&self, item: &Item, now: Timestamp) -> bool {
        self.lets_pass(item, self.outlet_count(item.group), now).unwrap_or(false)
    }

    // --- reading ---

    /// A story that is held.
    pub fn item(&self, id: StoryId) -> Option<&Item> {
        self.items.get(&id).map(Box::as_ref)
    }

    /// Stories held in memory, newest first.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.order.iter().filter_map(|(_, id)| self.item(*id))
    }

    /// The time of the oldest story held.
    pub fn oldest(&self) -> Option<Timestamp> {
        self.order.iter().next_back().map(|(time, _)| *time)
    }

    /// Is no story held?
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// How many groups there are, filtered or not; those of which every story is muted are no part of it.
    pub fn group_count(&self) -> usize {
        self.members.len() - self.all_muted
    }

    /// The stories of a group, in order of appearance.
    pub fn group(&self, group: GroupId) -> impl Iterator<Item = &Item> {
        let ids = self.members.get(&group).map(|members| &members.ids);
        ids.into_iter().flatten().filter_map(|id| self.item(*id))
    }

    /// The first document of a primary source in a group: what the others report on.
    pub fn primary(&self, group: GroupId) -> Option<&Item> {
        self.group(group).find(|item| item.story.primary)
    }

    /// The outlets of a group in order of appearance, without repeats.
    pub fn outlets(&self, group: GroupId) -> Vec<&Name> {
        let mut seen = HashSet::new();
        self.group(group).map(|item| &item.story.outlet).filter(|outlet| seen.insert(*outlet)).collect()
    }

    /// The stories of a group since its last lull, in order of appearance: what its row stands for.
    pub fn wave(&self, group: GroupId) -> impl Iterator<Item = &Item> {
        let members = self.members.get(&group);
        let ids = members.and_then(|members| members.ids.get(members.earlier..));
        ids.into_iter().flatten().filter_map(|id| self.item(*id))
    }

    /// How many outlets carry a group.
    pub fn outlet_count(&self, group: GroupId) -> usize {
        self.members.get(&group).map_or(0, |members| members.outlets)
    }

    /// Whether a story was the first of its group.
    pub fn is_first(&self, item: &Item) -> bool {
        self.members.get(&item.group).is_some_and(|members| members.ids.first() == Some(&item.story.id))
    }

    /// Groups that carry a topic.
    pub fn count(&self, topic: &str) -> usize {
        self.counts.get(topic).copied().unwrap_or_default()
    }
}

/// The topics that a story adds to the heat of.
fn heated(item: &Item) -> &[Name] {
    if item.verdict.is_muted() { &[] } else { item.tagged.topics() }
}

/// What orders the rows, the newest last.
fn place_of(row: &Row) -> (Timestamp, GroupId) {
    (row.time, row.group)
}

/// Has its feed changed a story?
fn is_edit(held: &Story, story: &Story) -> bool {
    let is_same = held.title == story.title && held.summary == story.summary && held.link == story.link;
    !is_same && held.feed == story.feed
}

/// A story from its feed, with what is stored of it.
fn merged_with(story: Story, stored: &Story) -> Story {
    if story.feed == stored.feed {
        return story.as_edit_of(stored);
    }
    Story { first_seen: story.first_seen.min(stored.first_seen), published: stored.published, ..story }
}
