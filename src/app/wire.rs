//! The wire: the stories in memory, their groups, and the rows that pass the filter. Beside it: the cursor that stays
//! on its story, the marks, and what waits while the wire is paused.

mod cursor;
mod found;
mod judge;
mod lists;
mod marks;
mod members;
mod pause;
mod sift;
mod sort;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};

use crate::domain::Name;
use crate::domain::group::{GroupId, Groups};
use crate::domain::query::{Query, Subject};
use crate::domain::story::{Marks, Story, StoryId};
use crate::domain::text::Text;
use crate::domain::topic::{Tag, TopicRule, Topics};
use cursor::Cursor;
use found::Found;
pub use judge::{Judge, Judges, Verdict};
pub use lists::HEAT_HOURS;
use lists::Lists;
use marks::Past;
use pause::Held;
use sift::Sifting;
pub use sort::Sort;
use sort::Sorted;

/// After a silence of this long, what comes about an event is news again: its row moves up to it.
const LULL: SignedDuration = SignedDuration::from_hours(3);

/// How many stories are held in memory; the store has the rest.
pub const WINDOW: usize = 10_000;

/// A story on the wire, with what newstape worked out about it.
#[derive(Debug)]
pub struct Item {
    pub story: Story,
    pub marks: Marks,
    pub text: Text,
    pub tagged: Tagged,
    pub group: GroupId,
    /// What prices did since, in per cent: known while the filter, a mute or a highlight asks for it.
    pub moves: Vec<(Name, f64)>,
    /// What the mutes and highlights say of it.
    pub verdict: Verdict,
}

/// A row of the wire: one group, led by the earliest story of its last wave that passes the filter, else by the earliest
/// of all that do. Under the cursor it stays with the story that led it when the cursor came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The time of its lead.
    pub time: Timestamp,
    pub group: GroupId,
    pub lead: StoryId,
}

/// What passes onto the wire.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
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

    fn passes(&self, item: &Item, outlets: usize, now: Timestamp) -> bool {
        let topic = self.topic.as_ref().is_none_or(|topic| item.tagged.topics.contains(topic));
        topic && self.query.as_ref().is_none_or(|(_, query)| query.matches(&item.subject(outlets, now)))
    }
}

impl Item {
    /// A story that has been placed in a group.
    pub fn new(story: Story, marks: Marks, group: GroupId, tagger: &Tagger) -> Item {
        let text = story.text();
        let tagged = tagger.tag(&text);
        let marks = Marks { group: Some(group), ..marks };
        Item { story, marks, text, tagged, group, moves: Vec::new(), verdict: Verdict::default() }
    }

    /// Where it stands among all stories.
    fn key(&self) -> Key {
        (self.story.time(), self.story.id)
    }

    /// What a query is asked about.
    pub fn subject(&self, outlets: usize, now: Timestamp) -> Subject<'_> {
        Subject {
            story: &self.story,
            text: &self.text,
            topics: &self.tagged.topics,
            symbols: &self.tagged.symbols,
            marks: self.marks,
            muted: self.verdict.is_muted(),
            outlets,
            moves: &self.moves,
            now,
        }
    }
}

/// Topics compiled, and the symbols of the watchlist: what tagging a story needs.
#[derive(Debug, Default)]
pub struct Tagger {
    pub topics: Topics,
    pub watchlist: Vec<Name>,
}

impl Tagger {
    /// The topics of a text, and the symbols bound to them.
    pub fn tag(&self, text: &Text) -> Tagged {
        let tags = self.topics.tag(text);
        let topics: Vec<Name> = tags.iter().map(|tag| tag.topic.clone()).collect();
        let given = || self.topics.rules().iter().filter(|rule| topics.contains(&rule.name));
        let parents: Vec<&Name> = given().filter_map(|rule| rule.parent.as_ref()).collect();
        let bound = |rules: &mut dyn Iterator<Item = &TopicRule>| {
            let mut symbols: Vec<Name> = Vec::new();
            for symbol in rules.flat_map(|rule| &rule.symbols).filter(|symbol| self.watchlist.contains(symbol)) {
                if !symbols.contains(symbol) {
                    symbols.push(symbol.clone());
                }
            }
            symbols
        };
        let closest = bound(&mut given().filter(|rule| !parents.contains(&&rule.name)));
        let symbols = bound(&mut given());
        Tagged { tags, topics, symbols, closest }
    }
}

/// What tagging a story gives.
#[derive(Debug)]
pub struct Tagged {
    /// In the order of the rules, children with their parents.
    pub tags: Vec<Tag>,
    /// The names of `tags`.
    pub topics: Vec<Name>,
    /// The symbols bound to its topics, on the watchlist, without repeats.
    pub symbols: Vec<Name>,
    /// Those bound to the most special of its topics: to `bitcoin` rather than to `crypto`.
    pub closest: Vec<Name>,
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
    /// Every story, newest first.
    order: Vec<Key>,
    groups: Groups,
    members: HashMap<GroupId, Members>,
    /// How many groups carry each topic.
    counts: HashMap<Name, usize>,
    /// The stories of each topic.
    by_topic: Lists,
    /// The stories of each symbol that are the first of their group.
    firsts: Lists,
    /// The rows that pass the filter, newest first.
    timeline: Vec<Row>,
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
    judges: Judges,
    /// How many stories are muted, and of how many groups every one.
    muted: usize,
    all_muted: usize,
    shows_muted: bool,
}

/// What arrived with a story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    New,
    /// Known already, with other text.
    Edited,
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
            order: Vec::new(),
            groups: Groups::default(),
            members: HashMap::new(),
            counts: HashMap::new(),
            by_topic: Lists::default(),
            firsts: Lists::default(),
            timeline: Vec::new(),
            sorted: Sorted::default(),
            filter: Filter::default(),
            cursor: Cursor::default(),
            kept: Vec::new(),
            chosen: None,
            held: Held::default(),
            past: Past::default(),
            found: Found::default(),
            sifting: Sifting::default(),
            judges: Judges::default(),
            muted: 0,
            all_muted: 0,
            shows_muted: false,
        }
    }

    // --- what arrives ---

    /// Is it held just as it comes, so that it need not be taken in?
    pub fn knows(&self, story: &Story) -> bool {
        self.items.get(&story.id).is_some_and(|item| !is_edit(&item.story, story))
    }

    /// Takes in a story with its marks; those already held win.
    pub fn take(&mut self, story: Story, marks: Marks, tagger: &Tagger, now: Timestamp) -> Arrival {
        if let Some(item) = self.items.get(&story.id) {
            return if is_edit(&item.story, &story) { self.edit(story, tagger, now) } else { Arrival::Known };
        }
        if self.place((story.time(), story.id)) >= self.window {
            return Arrival::Beyond;
        }
        let group = self.group_for(&story, marks);
        self.admit(Item::new(story, marks, group, tagger), now);
        Arrival::New
    }

    /// Puts a story that is not held yet in its place.
    fn admit(&mut self, item: Item, now: Timestamp) {
        let (key, group) = (item.key(), item.group);
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
            item.text = story.text();
            item.tagged = tagger.tag(&item.text);
            item.story = story;
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
        self.refresh_group(group, now);
    }

    /// Tags everything again, after the topics or the watchlist changed.
    pub fn retag(&mut self, tagger: &Tagger, now: Timestamp) {
        for item in self.items.values_mut() {
            item.tagged = tagger.tag(&item.text);
        }
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

    /// Brings what follows from the stories of a group up to date: its counts and its row.
    fn refresh_group(&mut self, group: GroupId, now: Timestamp) {
        self.judge(group, now);
        self.tally(group);
        self.show(group, now);
        if self.members.get(&group).is_some_and(|members| members.ids.is_empty()) {
            self.members.remove(&group);
        }
    }

    /// Counts the outlets and the topics of a group anew, and finds its last wave.
    fn tally(&mut self, group: GroupId) {
        let mut outlets: HashSet<&Name> = HashSet::new();
        let mut topics: Vec<Name> = Vec::new();
        let mut earlier = 0;
        let mut before: Option<Timestamp> = None;
        for (at, item) in self.group(group).enumerate() {
            let counts = self.counts(item);
            outlets.extend(counts.then_some(&item.story.outlet));
            // The counts of the topic bar don't go up and down with what is looked for.
            let counted = (counts && !self.found.has(item.story.id)).then_some(&item.tagged.topics);
            for topic in counted.into_iter().flatten() {
                if !topics.contains(topic) {
                    topics.push(topic.clone());
                }
            }
            let time = item.story.time();
            if before.replace(time).is_some_and(|before| time.duration_since(before) > LULL) {
                earlier = at;
            }
        }
        let outlets = outlets.len();
        let Some(members) = self.members.get_mut(&group) else { return };
        (members.outlets, members.earlier) = (outlets, earlier);
        let is_muted = outlets == 0 && !members.ids.is_empty();
        self.all_muted += usize::from(is_muted);
        self.all_muted -= usize::from(std::mem::replace(&mut members.is_muted, is_muted));
        if members.topics != topics {
            topics.iter().for_each(|topic| *self.counts.entry(topic.clone()).or_default() += 1);
            for topic in std::mem::replace(&mut members.topics, topics) {
                self.counts.entry(topic).and_modify(|count| *count -= 1);
            }
        }
        self.list_first(group);
        self.tally_marks(group);
    }

    /// Brings the first story of a group up to date among those of its symbols.
    fn list_first(&mut self, group: GroupId) {
        let first = self.group(group).find(|item| !item.verdict.is_muted());
        let first = first.map(|item| (item.key(), item.tagged.symbols.clone()));
        let Some(members) = self.members.get_mut(&group).filter(|members| members.first != first) else { return };
        if let Some((key, symbols)) = &members.first {
            self.firsts.remove(*key, symbols);
        }
        if let Some((key, symbols)) = &first {
            self.firsts.add(*key, symbols);
        }
        members.first = first;
    }

    /// Puts the row of a group where it belongs now, or takes it away. What is under the cursor does not go by itself.
    fn show(&mut self, group: GroupId, now: Timestamp) {
        let Some(members) = self.members.get(&group) else { return };
        let (old, has_stories) = (members.row, !members.ids.is_empty());
        let old_one = old.filter(|row| has_stories && self.items.contains_key(&row.lead));
        let row = self.row_under_cursor(group, old_one, now).or_else(|| self.row_of(group, now));
        if self.cursor.is_on(group) && !self.kept.contains(&group) {
            self.kept.push(group);
        }
        if row == old {
            return;
        }
        self.sorted.touch();
        if let Some(at) = old.and_then(|old| self.index(&old)) {
            self.timeline.remove(at);
        }
        if let Some(row) = row {
            let at = self.timeline.partition_point(|other| place_of(other) > place_of(&row));
            self.timeline.insert(at, row);
            if old.is_none() {
                self.count_above(at);
            }
        }
        if let Some(members) = self.members.get_mut(&group) {
            members.row = row;
        }
    }

    /// A row under the cursor keeps its story, whatever comes into its group, and stays where nothing of it passes.
    fn row_under_cursor(&self, group: GroupId, old: Option<Row>, now: Timestamp) -> Option<Row> {
        let old = old.filter(|_| self.cursor.is_on(group))?;
        let lead = self.items.get(&old.lead).filter(|lead| lead.group == group);
        match lead {
            Some(lead) => Some(Row { time: lead.story.time(), ..old }),
            None => Some(self.row_of(group, now).unwrap_or(old)),
        }
    }

    /// Rows that stayed as they were under the cursor go where they belong once it has left them.
    pub fn catch_up(&mut self, now: Timestamp) {
        let left: Vec<GroupId> = self.kept.extract_if(.., |group| !self.cursor.is_on(*group)).collect();
        left.into_iter().for_each(|group| self.show(group, now));
    }

    fn index(&self, row: &Row) -> Option<usize> {
        self.timeline.binary_search_by(|other| place_of(row).cmp(&place_of(other))).ok()
    }

    fn row_of(&self, group: GroupId, now: Timestamp) -> Option<Row> {
        let members = self.members.get(&group)?;
        let (earlier, wave) = members.ids.split_at_checked(members.earlier)?;
        let mut items = wave.iter().chain(earlier).filter_map(|id| self.items.get(id));
        let lead = items.find(|item| self.lets_pass(item, members.outlets, now))?;
        Some(Row { time: lead.story.time(), group, lead: lead.story.id })
    }

    /// The rows that pass the filter, in the order that the reader chose.
    pub fn rows(&self) -> &[Row] {
        self.sorted.rows().unwrap_or(&self.timeline)
    }

    /// The filter in force.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Whether one story by itself passes the filter.
    pub fn passes(&self, item: &Item, now: Timestamp) -> bool {
        self.lets_pass(item, self.outlet_count(item.group), now)
    }

    /// Muted stories only where the filter asks for them.
    fn lets_pass(&self, item: &Item, outlets: usize, now: Timestamp) -> bool {
        (self.counts(item) || self.filter.asks_for_muted()) && self.filter.passes(item, outlets, now)
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
        let mut outlets: Vec<&Name> = Vec::new();
        for item in self.group(group) {
            if !outlets.contains(&&item.story.outlet) {
                outlets.push(&item.story.outlet);
            }
        }
        outlets
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
    if item.verdict.is_muted() { &[] } else { &item.tagged.topics }
}

/// What orders the rows, the newest last.
fn place_of(row: &Row) -> (Timestamp, GroupId) {
    (row.time, row.group)
}

/// Has its feed changed a story? When two feeds carry one article, each with words of its own, the words of the one
/// that brought it first stand: they would change places at each poll.
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
