//! Which entry is which story: an identity that survives polls, restarts, edited titles and changed addresses.
//!
//! An entry that its feed had before keeps its story, whatever has changed about it meanwhile: see `news/recognise.rs`.
//! One that is new is given an identity, in order of trust:
//! 1. **A guid that is an address**, in its canonical form. Sites that write such guids keep them (`?p=123`) when a new
//!    headline gives the article a new link.
//! 2. **The link**, in its canonical form. It makes one story of an article that two feeds carry.
//! 3. **The guid** with the feed's name: for entries that share one page, or have none.
//! 4. **The title** with the feed's name.
//! 5. **All there is**, where each of these stands twice or belongs to another story already.
//!
//! The first two count only when no other entry of the document has the same and it is not the feed's own home page:
//! many feeds give all entries one address. The canonical form knows no scheme, so a move to `https` changes nothing.
//!
//! Ids are stored: they are hashed by [`crate::domain::fingerprint`].

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::recognise::{Clues, Trust, recognise};
use super::{Document, Entry, html_text};
use crate::domain::Name;
use crate::domain::feed::{Feed, Known};
use crate::domain::fingerprint;
use crate::domain::story::{Story, StoryId};

/// Longest title made of a summary, for entries without one, in bytes.
const MADE_TITLE_MAX: usize = 160;
/// How many entries of a feed are known again. Those of its last document always are, and fill it up with older ones,
/// that may come back: after an outage, or from another of its servers.
const KNOWN_MAX: usize = 400;

/// Parameters that tell who sent the reader, not which page it is.
const TRACKING: &[&str] = &[
    "fbclid",
    "gclid",
    "dclid",
    "msclkid",
    "twclid",
    "igshid",
    "mc_cid",
    "mc_eid",
    "yclid",
    "wt_mc",
    "cmpid",
    "ncid",
    "ocid",
    "sr_share",
    "smid",
    "smtyp",
    "src_trk",
    "guccounter",
    "xtor",
    "at_medium",
    "at_campaign",
    "at_custom1",
    "_hsenc",
    "_hsmi",
    "mkt_tok",
    "taid",
    "ref_src",
    "ref_url",
    "__source",
    "feature_share",
];

/// How the same page is always written: without scheme, `www.`, slash at the end, fragment and tracking parameters.
/// None when it is no http(s) address.
pub(crate) fn canonical_link(link: &str) -> Option<String> {
    let url = Url::parse(link).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let host = url.host_str()?;
    let mut canonical = host.strip_prefix("www.").unwrap_or(host).to_owned();
    if let Some(port) = url.port().filter(|port| !matches!(port, 80 | 443)) {
        canonical.push_str(&format!(":{port}"));
    }
    canonical.push_str(url.path().trim_end_matches('/'));
    let mut mark = '?';
    for parameter in url.query().unwrap_or_default().split('&').filter(|parameter| is_of_the_page(parameter)) {
        canonical.push(mark);
        canonical.push_str(parameter);
        mark = '&';
    }
    Some(canonical)
}

fn is_of_the_page(parameter: &str) -> bool {
    let name = parameter.split('=').next().unwrap_or_default().to_ascii_lowercase();
    !name.is_empty() && !name.starts_with("utm_") && !TRACKING.contains(&name.as_str())
}

/// A fragment that tells one entry of a live page from the next; not one that tells who sent the reader.
fn fragment(link: &str) -> Option<&str> {
    let (_, fragment) = link.split_once('#')?;
    (!fragment.contains('=') || is_of_the_page(fragment)).then_some(fragment)
}

/// The entries of a document as stories.
#[derive(Clone, Debug, Default)]
pub struct Recognised {
    /// In the order of the document, each story once.
    pub stories: Vec<Story>,
    /// What to know the feed's entries by at the next poll.
    pub known: Arc<[Known]>,
}

impl Document {
    /// As [`Document::recognise`], of a feed that nothing is known of.
    pub fn stories(&self, feed: &Feed, now: Timestamp) -> Vec<Story> {
        self.recognise(feed, &[], now).stories
    }

    /// The entries as stories of a feed; `known` is what the last call for this feed gave back. No two different
    /// entries become one story, and entries with neither title nor text become none.
    pub fn recognise(&self, feed: &Feed, known: &[Known], now: Timestamp) -> Recognised {
        let homes: Vec<String> =
            [self.home.as_deref(), Some(&feed.url)].into_iter().flatten().filter_map(canonical_link).collect();
        let entries = distinct(&self.entries, &homes);
        let clues: Vec<Clues> = entries.iter().map(|(_, clues)| *clues).collect();
        let found = recognise(&clues, known);
        let fresh = Fresh::new(&entries, &homes, feed);
        let mut ids: HashSet<StoryId> = known.iter().map(|known| known.story).collect();
        let mut undated = 0;
        let (mut stories, mut now_known) = (Vec::with_capacity(entries.len()), Vec::with_capacity(entries.len()));
        for (at, ((entry, clues), found)) in entries.iter().zip(&found).enumerate() {
            let before = found.and_then(|found| known.get(found));
            let id = before.map_or_else(|| fresh.id(at, &ids), |known| known.story);
            ids.insert(id);
            now_known.push(remembered(id, clues, before));
            // Those without a time of their own keep the order of the document: each is as good as seen a little before
            // the one above it. The store keeps milliseconds.
            let seen = now.checked_sub(SignedDuration::from_millis(undated)).unwrap_or(now);
            undated += i64::from(entry.published.is_none_or(|published| published > now));
            stories.push(story(entry, id, feed, seen));
        }
        let is_found: HashSet<usize> = found.into_iter().flatten().collect();
        let room = KNOWN_MAX.saturating_sub(now_known.len());
        let gone = known.iter().enumerate().filter(|(at, _)| !is_found.contains(at)).map(|(_, known)| *known);
        now_known.extend(gone.take(room));
        Recognised { stories, known: now_known.into() }
    }
}

fn remembered(story: StoryId, clues: &Clues, before: Option<&Known>) -> Known {
    Known {
        story,
        guid: clues.guid.or(before.and_then(|before| before.guid)),
        link: clues.link.or(before.and_then(|before| before.link)),
        title: clues.title,
        published: clues.published,
    }
}

/// The entries that are stories, with their clues; what stands there twice comes once.
fn distinct<'a>(entries: &'a [Entry], homes: &[String]) -> Vec<(&'a Entry, Clues)> {
    let mut seen = HashSet::new();
    let stories = entries.iter().filter(|entry| !entry.title.is_empty() || !entry.summary.is_empty());
    stories
        .map(|entry| (entry, clues(entry, homes)))
        .filter(|(_, clues)| {
            let time = clues.published.filter(|_| clues.guid.is_none() || clues.link.is_none());
            seen.insert((clues.guid, clues.link, clues.title, time))
        })
        .collect()
}

fn clues(entry: &Entry, homes: &[String]) -> Clues {
    let address = |address: &str| Some((canonical_link(address)?, fragment(address).unwrap_or_default().to_owned()));
    let page = |(page, fragment): &(String, String)| hash(&["page", page, fragment]).0;
    let is_home = |(page, _): &(String, String)| homes.contains(page);
    let guid = entry.guid.as_deref().filter(|guid| !guid.is_empty());
    let guid_page = guid.and_then(address);
    let text = if entry.title.is_empty() { &entry.summary } else { &entry.title };
    Clues {
        guid: guid.map(|guid| guid_page.as_ref().map_or_else(|| hash(&["guid", guid]).0, page)),
        trust: guid.map(|guid| Trust::of(guid, guid_page.is_some_and(|page| !is_home(&page)))).unwrap_or_default(),
        link: entry.link.as_deref().and_then(address).filter(|link| !is_home(link)).as_ref().map(page),
        title: hash(&[&text.to_lowercase()]).0,
        published: entry.published,
    }
}

/// Identities for entries that are new.
struct Fresh<'a> {
    entries: &'a [(&'a Entry, Clues)],
    homes: &'a [String],
    feed: &'a str,
    guid_pages: Counted<String>,
    link_pages: Counted<String>,
    guids: Counted<u64>,
    titles: Counted<u64>,
}

impl<'a> Fresh<'a> {
    fn new(entries: &'a [(&'a Entry, Clues)], homes: &'a [String], feed: &'a Feed) -> Fresh<'a> {
        let page = |address: &Option<String>| canonical_link(address.as_deref()?);
        Fresh {
            entries,
            homes,
            feed: &feed.name,
            guid_pages: Counted::of(entries.iter().map(|(entry, _)| page(&entry.guid))),
            link_pages: Counted::of(entries.iter().map(|(entry, _)| page(&entry.link))),
            guids: Counted::of(entries.iter().map(|(_, clues)| clues.guid)),
            titles: Counted::of(entries.iter().map(|(_, clues)| Some(clues.title))),
        }
    }

    /// Of the entry at this place; none of those that are taken.
    fn id(&self, at: usize, taken: &HashSet<StoryId>) -> StoryId {
        let (entry, _) = self.entries[at];
        let page = |pages: &Counted<String>| {
            let page = pages.single(at).filter(|page| !self.homes.contains(page))?;
            Some(hash(&["link", page]))
        };
        let of_guid = || {
            self.guids.single(at)?;
            Some(hash(&["guid", self.feed, entry.guid.as_deref()?]))
        };
        let of_title = || {
            self.titles.single(at)?;
            Some(match entry.title.as_str() {
                "" => hash(&["text", self.feed, &entry.summary]),
                title => hash(&["title", self.feed, title]),
            })
        };
        let best = [page(&self.guid_pages), page(&self.link_pages), of_guid(), of_title()];
        let rest = (0..).map(|number| self.id_of_all(entry, number));
        let mut all = best.into_iter().flatten().chain(rest);
        all.find(|id| !taken.contains(id)).expect("there are more numbers than stories")
    }

    fn id_of_all(&self, entry: &Entry, number: usize) -> StoryId {
        let given = |text: &Option<String>| text.clone().unwrap_or_default();
        let published = entry.published.map(|time| time.to_string()).unwrap_or_default();
        let (guid, link) = (given(&entry.guid), given(&entry.link));
        hash(&["all", self.feed, &guid, &link, &entry.title, &published, &number.to_string()])
    }
}

/// Something of each entry, and how often it stands there.
struct Counted<T> {
    by_entry: Vec<Option<T>>,
    counts: HashMap<T, u32>,
}

impl<T: Clone + Eq + Hash> Counted<T> {
    fn of(all: impl Iterator<Item = Option<T>>) -> Counted<T> {
        let by_entry: Vec<Option<T>> = all.collect();
        let mut counts = HashMap::new();
        for one in by_entry.iter().flatten() {
            *counts.entry(one.clone()).or_default() += 1;
        }
        Counted { by_entry, counts }
    }

    /// That of an entry, when no other has the same.
    fn single(&self, at: usize) -> Option<&T> {
        let one = self.by_entry.get(at)?.as_ref()?;
        (self.counts.get(one) == Some(&1)).then_some(one)
    }
}

fn story(entry: &Entry, id: StoryId, feed: &Feed, now: Timestamp) -> Story {
    let title = match entry.title.as_str() {
        "" => html_text::cut(&entry.summary, MADE_TITLE_MAX),
        title => title.to_owned(),
    };
    Story {
        id,
        feed: feed.name.clone(),
        outlet: entry.source.as_deref().map_or_else(|| feed.name.clone(), Name::from),
        title: title.into(),
        title_before: None,
        summary: entry.summary.as_str().into(),
        link: entry.link.clone(),
        lang: entry.lang.as_deref().map(Name::from).or_else(|| feed.lang.clone()),
        published: entry.published,
        first_seen: now,
        primary: feed.primary,
        reference: None,
    }
}

fn hash(parts: &[&str]) -> StoryId {
    StoryId(fingerprint::of_texts(parts.iter().copied()))
}

#[cfg(test)]
mod tests;
