//! The wire: the stories in memory, their groups, the filter, and the cursor that stays on its story.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::domain::Name;
use crate::domain::group::{GroupId, Groups};
use crate::domain::query::{Query, Subject};
use crate::domain::story::{Marks, Story, StoryId};
use crate::domain::text::Text;
use crate::domain::topic::{Tag, TopicRule, Topics};

/// How many stories are held in memory; the store has the rest.
pub const WINDOW: usize = 5_000;

/// A story on the wire, with what newstape worked out about it.
#[derive(Debug)]
pub struct Item {
    pub story: Story,
    pub marks: Marks,
    pub text: Text,
    pub tagged: Tagged,
    pub group: GroupId,
}

/// A row of the wire: one group, led by its earliest story that passes the filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The time of its lead.
    pub time: Timestamp,
    pub group: GroupId,
    pub lead: StoryId,
}

/// What passes onto the wire.
#[derive(Clone, Debug, Default)]
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

    fn passes(&self, item: &Item, outlets: usize, now: Timestamp) -> bool {
        let topic = self.topic.as_ref().is_none_or(|topic| item.tagged.topics.contains(topic));
        topic && self.query.as_ref().is_none_or(|(_, query)| query.matches(&item.subject(outlets, now)))
    }
}

impl Item {
    fn subject(&self, outlets: usize, now: Timestamp) -> Subject<'_> {
        Subject {
            story: &self.story,
            text: &self.text,
            topics: &self.tagged.topics,
            symbols: &self.tagged.symbols,
            marks: self.marks,
            outlets,
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
    fn tag(&self, text: &Text) -> Tagged {
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

/// The stories held, their groups as rows, and where the reader is among them.
#[derive(Debug)]
pub struct Wire {
    /// How many stories are held at most.
    window: usize,
    items: HashMap<StoryId, Item>,
    /// Every story, newest first.
    order: Vec<(Timestamp, StoryId)>,
    groups: Groups,
    /// The stories of each group, in order of appearance.
    members: HashMap<GroupId, Vec<StoryId>>,
    /// The rows that pass the filter, newest first.
    rows: Vec<Row>,
    filter: Filter,
    /// The group the cursor is on. None: the wire is live, the newest row on top.
    cursor: Option<GroupId>,
    /// Index of the first row on screen.
    top: usize,
    /// Rows that arrived above the first one shown since the cursor was set.
    above: usize,
    /// Rows held back while paused.
    held: Vec<(Story, Marks)>,
    paused: bool,
    /// Marks before the last changes, for undo.
    past: Vec<Vec<(StoryId, Marks)>>,
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
            rows: Vec::new(),
            filter: Filter::default(),
            cursor: None,
            top: 0,
            above: 0,
            held: Vec::new(),
            paused: false,
            past: Vec::new(),
        }
    }

    /// Takes in a story with its marks; those already held win.
    pub fn take(&mut self, story: Story, marks: Marks, tagger: &Tagger, now: Timestamp) -> Arrival {
        if let Some(item) = self.items.get(&story.id) {
            return if same_text(&item.story, &story) { Arrival::Known } else { self.edit(story, tagger, now) };
        }
        let key = (story.time(), story.id);
        let place = self.place(key);
        if place >= self.window {
            return Arrival::Beyond;
        }
        self.order.insert(place, key);
        let text = Text::new(&story.title, &story.summary);
        let tagged = tagger.tag(&text);
        let group = self.groups.place(story.id, &story.title, &story.summary, &story.outlet, story.time());
        let id = story.id;
        self.items.insert(id, Item { story, marks, text, tagged, group });
        self.join(group, key);
        self.show(group, now);
        self.trim(now);
        Arrival::New
    }

    /// What the store knows of a story that came from its feed before it came from the store: when it was first seen,
    /// and its marks. False when the story is not held.
    pub fn remember(&mut self, stored: &Story, marks: Marks) -> bool {
        let Some(item) = self.items.get_mut(&stored.id) else { return false };
        if item.marks == Marks::default() {
            item.marks = marks;
        }
        // Where the feed gives no time, a first sight decides the place; the story moves to it at the next start.
        if item.story.published.is_some() {
            item.story.first_seen = item.story.first_seen.min(stored.first_seen);
        }
        true
    }

    fn edit(&mut self, mut story: Story, tagger: &Tagger, now: Timestamp) -> Arrival {
        let Some(item) = self.items.get_mut(&story.id) else { return Arrival::Beyond };
        story.first_seen = item.story.first_seen;
        // An edit never moves a story: its place is that of its first appearance.
        story.published = item.story.published;
        item.text = Text::new(&story.title, &story.summary);
        item.tagged = tagger.tag(&item.text);
        let group = item.group;
        item.story = story;
        self.show(group, now);
        Arrival::Edited
    }

    /// Where a story stands or belongs in `order`.
    fn place(&self, key: (Timestamp, StoryId)) -> usize {
        self.order.partition_point(|known| *known > key)
    }

    fn join(&mut self, group: GroupId, key: (Timestamp, StoryId)) {
        let items = &self.items;
        let members = self.members.entry(group).or_default();
        let at = members.partition_point(|id| items.get(id).is_some_and(|item| (item.story.time(), *id) < key));
        members.insert(at, key.1);
    }

    /// Puts the row of a group where it belongs now, or takes it away.
    fn show(&mut self, group: GroupId, now: Timestamp) {
        let row = self.row_of(group, now);
        let old = self.rows.iter().position(|row| row.group == group);
        if old.is_some_and(|old| Some(self.rows[old]) == row) {
            return;
        }
        if let Some(old) = old {
            self.rows.remove(old);
            self.shift(old, -1);
        }
        if let Some(row) = row {
            let at = self.rows.partition_point(|other| (other.time, other.group) > (row.time, row.group));
            self.rows.insert(at, row);
            self.shift(at, 1);
            if old.is_none() && self.cursor.is_some() && at < self.top {
                self.above += 1;
            }
        }
    }

    /// A row came or went at `at`: what is on screen stays where it is while the cursor is set.
    fn shift(&mut self, at: usize, by: isize) {
        let holds = self.cursor.is_some() && at <= self.top;
        if holds {
            self.top = self.top.saturating_add_signed(by);
        }
    }

    fn row_of(&self, group: GroupId, now: Timestamp) -> Option<Row> {
        let members = self.members.get(&group)?;
        let outlets = self.outlets(group).len();
        let passing = |id: &&StoryId| self.filter.passes(&self.items[*id], outlets, now);
        let lead = *members.iter().find(passing)?;
        Some(Row { time: self.items[&lead].story.time(), group, lead })
    }

    fn trim(&mut self, now: Timestamp) {
        while self.order.len() > self.window {
            let Some((_, id)) = self.order.pop() else { return };
            let Some(item) = self.items.remove(&id) else { continue };
            if let Some(members) = self.members.get_mut(&item.group) {
                members.retain(|member| *member != id);
                if members.is_empty() {
                    self.members.remove(&item.group);
                }
            }
            self.show(item.group, now);
        }
    }

    /// Tags everything again, after the topics or the watchlist changed.
    pub fn retag(&mut self, tagger: &Tagger, now: Timestamp) {
        for item in self.items.values_mut() {
            item.tagged = tagger.tag(&item.text);
        }
        self.refilter(now);
    }

    /// The filter in force.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Whether one story by itself passes the filter.
    pub fn passes(&self, item: &Item, now: Timestamp) -> bool {
        self.filter.passes(item, self.outlets(item.group).len(), now)
    }

    /// Puts a filter in force; the cursor stays on its story when that passes.
    pub fn set_filter(&mut self, filter: Filter, now: Timestamp) {
        self.filter = filter;
        self.refilter(now);
    }

    fn refilter(&mut self, now: Timestamp) {
        let mut rows: Vec<Row> = self.members.keys().filter_map(|group| self.row_of(*group, now)).collect();
        rows.sort_unstable_by_key(|row| std::cmp::Reverse((row.time, row.group)));
        let offset = self.cursor_index().map(|at| at.saturating_sub(self.top));
        self.rows = rows;
        self.above = 0;
        match (self.cursor_index(), offset) {
            (Some(at), Some(offset)) => self.top = at.saturating_sub(offset),
            _ => self.release(),
        }
    }

    /// The rows that pass the filter, newest first.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// A story that is held.
    pub fn item(&self, id: StoryId) -> Option<&Item> {
        self.items.get(&id)
    }

    /// Stories held in memory, newest first.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.order.iter().filter_map(|(_, id)| self.items.get(id))
    }

    /// Is no story held?
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// How many groups there are, filtered or not.
    pub fn group_count(&self) -> usize {
        self.members.len()
    }

    /// The stories of a group, in order of appearance.
    pub fn group(&self, group: GroupId) -> impl Iterator<Item = &Item> {
        self.members.get(&group).into_iter().flatten().filter_map(|id| self.items.get(id))
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

    /// Every group, filtered or not, by its earliest story; in no order.
    pub fn all_groups(&self) -> impl Iterator<Item = Row> + '_ {
        self.members.iter().filter_map(|(group, members)| {
            let lead = *members.first()?;
            Some(Row { time: self.items.get(&lead)?.story.time(), group: *group, lead })
        })
    }

    /// Groups that carry a topic.
    pub fn count(&self, topic: &str) -> usize {
        self.members
            .values()
            .filter(|members| {
                let mut items = members.iter().filter_map(|id| self.items.get(id));
                items.any(|item| item.tagged.topics.iter().any(|name| &**name == topic))
            })
            .count()
    }

    // --- the cursor ---

    fn cursor_index(&self) -> Option<usize> {
        let group = self.cursor?;
        self.rows.iter().position(|row| row.group == group)
    }

    /// The row under the cursor; None while the wire is live.
    pub fn cursor(&self) -> Option<usize> {
        self.cursor_index()
    }

    /// The row that commands act on and the reader shows: the cursor's, or the newest.
    pub fn current(&self) -> Option<&Row> {
        self.rows.get(self.cursor_index().unwrap_or(0))
    }

    /// The story that leads the current row.
    pub fn current_item(&self) -> Option<&Item> {
        self.item(self.current()?.lead)
    }

    /// Index of the first row on screen, for a screen that shows this many.
    pub fn top(&self, height: usize) -> usize {
        let last = self.rows.len().saturating_sub(height.max(1));
        match self.cursor_index() {
            None => 0,
            Some(at) => self.top.max((at + 1).saturating_sub(height)).min(at).min(last),
        }
    }

    /// Rows that arrived above what is shown.
    pub fn above(&self) -> usize {
        self.above
    }

    /// Puts the cursor on a row, and keeps it in sight.
    pub fn set_cursor(&mut self, at: usize, height: usize) {
        let Some(last) = self.rows.len().checked_sub(1) else { return };
        let at = at.min(last);
        let top = self.top(height);
        self.cursor = Some(self.rows[at].group);
        self.top = top;
        self.top = self.top(height);
        if self.top == 0 {
            self.above = 0;
        }
    }

    /// Moves the cursor by rows; from a live wire the first step sets it on the newest row.
    pub fn step(&mut self, by: isize, height: usize) {
        let at = match self.cursor_index() {
            Some(at) => at.saturating_add_signed(by),
            None => by.unsigned_abs().saturating_sub(1) * usize::from(by > 0),
        };
        self.set_cursor(at, height);
    }

    /// Lets the cursor go: the wire is live again.
    pub fn release(&mut self) {
        self.cursor = None;
        self.top = 0;
        self.above = 0;
    }

    /// The next unread row after the cursor, or before it.
    pub fn next_unread(&self, forward: bool) -> Option<usize> {
        let unread = |at: &usize| self.row_is_unread(&self.rows[*at]);
        let from = self.cursor_index();
        if forward {
            (from.map_or(0, |at| at + 1)..self.rows.len()).find(unread)
        } else {
            (0..from.unwrap_or(0)).rev().find(unread)
        }
    }

    // --- marks ---

    /// A row is unread until one of its stories has been read.
    pub fn row_is_unread(&self, row: &Row) -> bool {
        self.group(row.group).all(|item| !item.marks.read)
    }

    /// Has any of its stories a star?
    pub fn row_is_starred(&self, row: &Row) -> bool {
        self.group(row.group).any(|item| item.marks.starred)
    }

    /// The current row's stories.
    fn current_members(&self) -> Vec<StoryId> {
        self.current().and_then(|row| self.members.get(&row.group)).cloned().unwrap_or_default()
    }

    /// Changes the marks of the current row; answers what changed, to be saved.
    pub fn mark_current(&mut self, change: impl Fn(&mut Marks)) -> Vec<(StoryId, Marks)> {
        self.mark(&self.current_members(), change)
    }

    /// Changes the marks of every row shown.
    pub fn mark_shown(&mut self, change: impl Fn(&mut Marks)) -> Vec<(StoryId, Marks)> {
        let ids: Vec<StoryId> =
            self.rows.iter().filter_map(|row| self.members.get(&row.group)).flatten().copied().collect();
        self.mark(&ids, change)
    }

    fn mark(&mut self, ids: &[StoryId], change: impl Fn(&mut Marks)) -> Vec<(StoryId, Marks)> {
        let mut before = Vec::new();
        let mut after = Vec::new();
        for id in ids {
            let Some(item) = self.items.get_mut(id) else { continue };
            let old = item.marks;
            change(&mut item.marks);
            if item.marks != old {
                before.push((*id, old));
                after.push((*id, item.marks));
            }
        }
        if !before.is_empty() {
            self.past.push(before);
            let surplus = self.past.len().saturating_sub(UNDO_DEPTH);
            self.past.drain(..surplus);
        }
        after
    }

    /// Takes the last change of marks back; answers the marks to be saved.
    pub fn undo(&mut self) -> Vec<(StoryId, Marks)> {
        let Some(before) = self.past.pop() else { return Vec::new() };
        for (id, marks) in &before {
            if let Some(item) = self.items.get_mut(id) {
                item.marks = *marks;
            }
        }
        before
    }

    // --- pause ---

    /// Are new rows held back?
    pub fn paused(&self) -> bool {
        self.paused
    }

    /// Rows held back while paused.
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// Holds a story back while paused, as long as there is room for it.
    pub fn hold(&mut self, story: Story, marks: Marks) {
        if self.held.len() < WINDOW {
            self.held.push((story, marks));
        }
    }

    /// Stops or goes on; answers what was held back.
    pub fn set_paused(&mut self, paused: bool) -> Vec<(Story, Marks)> {
        self.paused = paused;
        if paused { Vec::new() } else { std::mem::take(&mut self.held) }
    }

    /// Forgets every story, when a replay begins again.
    pub fn clear(&mut self) {
        let filter = std::mem::take(&mut self.filter);
        *self = Wire { filter, ..Wire::default() };
    }
}

/// How many changes of marks can be taken back.
const UNDO_DEPTH: usize = 50;

fn same_text(a: &Story, b: &Story) -> bool {
    a.title == b.title && a.summary == b.summary && a.link == b.link
}

/// Shared by the tests of this floor.
#[cfg(test)]
pub fn story(id: u64, minutes: i64, title: &str) -> Story {
    let time = Timestamp::from_second(1_770_000_000 + minutes * 60).expect("in range");
    let outlet: Name = "Reuters".into();
    Story {
        id: StoryId(id),
        feed: outlet.clone(),
        outlet,
        title: title.into(),
        summary: String::new(),
        link: Some(format!("https://example.com/{id}")),
        lang: None,
        published: Some(time),
        first_seen: time,
        primary: false,
        reference: None,
    }
}
