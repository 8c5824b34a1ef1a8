//! The lists: `[[feed]]`, `[[symbol]]`, `[[topic]]`, `[[view]]`, `[[mute]]`, `[[highlight]]`,
//! `[[alert]]`. An entry with the name of one that stands changes only the
//! fields it gives and keeps its place; a new one follows the others.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use super::doc::{Table, read_name};
use super::overlay::{find_or_new, upsert};
use super::{Config, Network, StandingQuery, View, alerts, entries, private, read};
use crate::domain::Name;
use crate::domain::feed::Feed;
use crate::domain::format;
use crate::domain::price::Symbol;
use crate::domain::topic::TopicRule;

/// A feed asked less than once a day would miss what has fallen off its end.
const FEED_CEILING: Duration = Duration::from_hours(24);

/// Lays the lists of a file; its sections must have been laid before (floor, sources).
pub(super) fn merge(config: &mut Config, root: &Table, off: &mut Off) {
    let mut feeds = Feeds::of(std::mem::take(&mut config.feeds));
    root.entries("feed", read_name, |entry, name| feed(entry, name, &config.network, &mut feeds));
    config.feeds = feeds.list;
    let known: Vec<Name> = config.sources.keys().cloned().collect();
    root.entries("symbol", read::symbol, |entry, name| {
        off.read(entry, &name);
        symbol(entry, name, &known, &mut config.symbols);
    });
    let mut taken = Vec::new();
    root.entries("topic", read::word, |entry, name| {
        off.read(entry, &name);
        topic(entry, name, config, &mut taken);
    });
    root.entries("view", read_name, |entry, name| {
        off.read(entry, &name);
        view(entry, name, config, &mut taken);
    });
    root.entries("mute", read_name, |entry, name| {
        standing_query(entry, name, &mut config.mutes, |mut entry, mute| entries::mute(&mut entry, mute));
    });
    root.entries("alert", read_name, |entry, name| alerts::alert(entry, name, &mut config.alerts));
    root.entries("highlight", read_name, |entry, name| {
        standing_query(entry, name, &mut config.highlights, |mut entry, mark| entries::highlight(&mut entry, mark));
    });
}

/// The symbols, topics and views that are switched off. An entry switched off in one file can be switched on in a later
/// one, so they are taken away only when all files have been read.
#[derive(Debug, Default)]
pub(super) struct Off(BTreeSet<(&'static str, Name)>);

impl Off {
    fn read(&mut self, entry: &Table, name: &Name) {
        match entry.get("enabled", read::flag) {
            Some(false) => self.0.insert((entry.kind(), name.clone())),
            Some(true) => self.0.remove(&(entry.kind(), name.clone())),
            None => false,
        };
    }

    fn has(&self, kind: &'static str, name: &Name) -> bool {
        self.0.contains(&(kind, name.clone()))
    }

    /// A topic whose parent is off stands alone.
    pub(super) fn take_from(&self, config: &mut Config) {
        config.symbols.retain(|symbol| !self.has("symbol", &symbol.name));
        config.topics.retain(|topic| !self.has("topic", &topic.name));
        config.views.retain(|view| !self.has("view", &view.name));
        for topic in &mut config.topics {
            topic.parent.take_if(|parent| self.has("topic", parent));
        }
    }
}

/// The feeds, found by their names and addresses: a file may have thousands.
struct Feeds {
    list: Vec<Feed>,
    by_name: HashMap<Name, usize>,
    by_url: HashMap<String, BTreeSet<usize>>,
}

impl Feeds {
    fn of(list: Vec<Feed>) -> Feeds {
        let mut feeds = Feeds { list: Vec::new(), by_name: HashMap::new(), by_url: HashMap::new() };
        list.into_iter().for_each(|feed| feeds.upsert(feed));
        feeds
    }

    fn find_or_new(&self, name: &Name) -> Option<&Feed> {
        self.list.get(*self.by_name.get(name)?)
    }

    /// The first other feed that is asked at the same address.
    fn twin(&self, feed: &Feed) -> Option<&Feed> {
        let same = self.by_url.get(&feed.url).into_iter().flatten().filter_map(|at| self.list.get(*at));
        same.into_iter().find(|other| other.name != feed.name && other.enabled && feed.enabled)
    }

    /// In the place of the one under the same name, or at the end.
    fn upsert(&mut self, feed: Feed) {
        let at = *self.by_name.entry(feed.name.clone()).or_insert(self.list.len());
        if let Some(before) = self.list.get(at)
            && let Some(places) = self.by_url.get_mut(&before.url)
        {
            places.remove(&at);
        }
        self.by_url.entry(feed.url.clone()).or_default().insert(at);
        match self.list.get_mut(at) {
            Some(standing) => *standing = feed,
            None => self.list.push(feed),
        }
    }
}

fn feed(mut entry: &Table, name: Name, network: &Network, feeds: &mut Feeds) {
    let mut feed = feeds.find_or_new(&name).cloned().unwrap_or_else(|| Feed::new(name.clone(), ""));
    if feed.url.is_empty() {
        let Some(url) = entry.need("url", read::address(&["https", "http"])) else { return };
        feed.url = url;
    }
    entries::feed(&mut entry, &mut feed);
    private::login_of_address(&mut feed);
    private::merge(entry, &mut feed);
    if let Some(other) = feeds.twin(&feed) {
        entry.leave_out(&format!("has the same address as '{}'; ignored", other.name));
        return;
    }
    let interval = entry.peek("interval", read::duration(Duration::ZERO, Duration::MAX));
    if interval.is_some() {
        feed.own_interval |= !entry.gives("adaptive");
        feed.interval = within(entry, feed.interval, network.feed_floor);
    }
    feeds.upsert(feed);
}

/// An interval between floor and ceiling, with a warning when it had to be moved there.
fn within(entry: &Table, interval: Duration, floor: Duration) -> Duration {
    let moved = interval.clamp(floor, FEED_CEILING.max(floor));
    if moved != interval {
        let [given, used] = [interval, moved].map(format::duration);
        let why = if interval < floor { "no feed is asked more often" } else { "no feed is asked less often" };
        entry.warn("interval", &format!("asks for an interval of {given}; {used} is used: {why}"));
    }
    moved
}

fn symbol(mut entry: &Table, name: Name, known: &[Name], symbols: &mut Vec<Symbol>) {
    let mut symbol = find_or_new(symbols, |symbol| symbol.name == name, || Symbol::new(name.clone()));
    let before = symbol.sources.clone();
    entries::symbol(&mut entry, &mut symbol, known);
    if symbol.sources.is_empty() {
        symbol.sources = before;
    }
    upsert(symbols, |symbol| symbol.name == name, symbol);
}

fn topic(mut entry: &Table, name: Name, config: &mut Config, taken: &mut Vec<char>) {
    let mut topic = find_or_new(&config.topics, |topic| topic.name == name, || new_topic(&name));
    entries::topic(&mut entry, &mut topic);
    if topic.any.is_empty() {
        entry.leave_out("needs 'any', a list of queries; ignored");
        return;
    }
    if topic.title.is_empty() {
        topic.title = name.to_string();
    }
    if entry.peek("key", read::optional(read::digit)).is_some() {
        topic.key = take_key(entry, topic.key, config, taken);
    }
    upsert(&mut config.topics, |topic| topic.name == name, topic);
}

fn new_topic(name: &Name) -> TopicRule {
    TopicRule {
        name: name.clone(),
        title: String::new(),
        short: None,
        key: None,
        color: None,
        parent: None,
        symbols: Vec::new(),
        any: Vec::new(),
        none: Vec::new(),
        matches: Vec::new(),
        misses: Vec::new(),
    }
}

fn view(mut entry: &Table, name: Name, config: &mut Config, taken: &mut Vec<char>) {
    let new = || View { name: name.clone(), key: None, query: String::new() };
    let mut view = find_or_new(&config.views, |view| view.name == name, new);
    if view.query.is_empty() {
        let Some(query) = entry.need("query", read::query) else { return };
        view.query = query;
    }
    entries::view(&mut entry, &mut view);
    if entry.peek("key", read::optional(read::digit)).is_some() {
        view.key = take_key(entry, view.key, config, taken);
    }
    upsert(&mut config.views, |view| view.name == name, view);
}

/// `fields` reads those of its kind.
fn standing_query(
    entry: &Table,
    name: Name,
    list: &mut Vec<StandingQuery>,
    fields: impl Fn(&Table, &mut StandingQuery),
) {
    let new = || StandingQuery { name: name.clone(), query: String::new(), color: None, enabled: true };
    let mut standing = find_or_new(list, |other| other.name == name, new);
    if standing.query.is_empty() {
        let Some(query) = entry.need("query", read::query) else { return };
        standing.query = query;
    }
    fields(entry, &mut standing);
    upsert(list, |other| other.name == name, standing);
}

/// One key shows one thing: an entry takes its key from what an earlier file gave it to; of two in one file the first
/// has it.
fn take_key(entry: &Table, key: Option<char>, config: &mut Config, taken: &mut Vec<char>) -> Option<char> {
    let key = key?;
    if taken.contains(&key) {
        entry.warn("key", &format!("asks for the key {key}, which another entry has; it gets none"));
        return None;
    }
    taken.push(key);
    let topics = config.topics.iter_mut().map(|topic| &mut topic.key);
    let views = config.views.iter_mut().map(|view| &mut view.key);
    for held in topics.chain(views).filter(|held| **held == Some(key)) {
        *held = None;
    }
    Some(key)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::doc::Doc;
    use super::*;

    #[test]
    fn a_key_is_taken_from_an_earlier_file() {
        let mut config = Config::default();
        let shipped = "[[topic]]\nname='a'\nkey='1'\nany=['a']\n[[topic]]\nname='b'\nkey='2'\nany=['b']\n";
        let own = "[[topic]]\nname='c'\nkey='1'\nany=['c']\n[[view]]\nname='d'\nkey='2'\nquery='d'\n\
                   [[topic]]\nname='e'\nkey='1'\nany=['e']\n[[topic]]\nname='b'\nkey='3'\n";
        let mut warnings = Vec::new();
        for text in [shipped, own] {
            let doc = Doc::parse("c.toml", text).unwrap();
            merge(&mut config, &doc.root(), &mut Off::default());
            warnings.extend(doc.warnings());
        }
        let keys = config.topics.iter().map(|topic| (&*topic.name, topic.key)).collect::<Vec<_>>();
        assert_eq!(keys, [("a", None), ("b", Some('3')), ("c", Some('1')), ("e", None)]);
        assert_eq!(config.views[0].key, Some('2'));
        assert_eq!(warnings, ["c.toml:11:5: topic 'e' asks for the key 1, which another entry has; it gets none"]);
    }

    #[test]
    fn feeds_are_laid_over_one_another_by_name_and_asked_once_at_an_address() {
        let feed = |name: &str, rest: &str| format!("[[feed]]\nname = '{name}'\n{rest}\n");
        let shipped = feed("a", "url = 'https://a.example/'") + &feed("b", "url = 'https://b.example/'");
        let own = feed("c", "url = 'https://b.example/'")
            + &feed("a", "url = 'https://new.example/'")
            + &feed("d", "url = 'https://a.example/'")
            + &feed("e", "url = 'https://new.example/'\nenabled = false");
        let mut config = Config::default();
        let mut warnings = Vec::new();
        for text in [&shipped, &own] {
            let doc = Doc::parse("c.toml", text).unwrap();
            merge(&mut config, &doc.root(), &mut Off::default());
            warnings.extend(doc.warnings());
        }
        let feeds: Vec<(&str, &str)> = config.feeds.iter().map(|feed| (&*feed.name, feed.url.as_str())).collect();
        let (new, b, a) = ("https://new.example/", "https://b.example/", "https://a.example/");
        assert_eq!(feeds, [("a", new), ("b", b), ("d", a), ("e", new)]);
        assert_eq!(warnings, ["c.toml:1:1: feed 'c' has the same address as 'b'; ignored"]);
    }
}
