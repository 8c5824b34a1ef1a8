//! Which entry is which story: an identity that survives polls, restarts, edited titles and changed addresses.
//!
//! In order of trust:
//! 1. **A guid that is an address**, in its canonical form. Sites that write such guids keep them (`?p=123`) when a new
//!    headline gives the article a new link.
//! 2. **The link**, in its canonical form. It outlives other guids, some of which change at each poll, and it makes one
//!    story of an article that two feeds carry.
//! 3. **The guid** with the feed's name: for entries that share one page, or have none.
//! 4. **The title** with the feed's name. An edited title is then a new story: nothing is left to tell by.
//!
//! The first two count only when no other entry of the document has the same and it is not the feed's own home page:
//! many feeds give all entries one address. The canonical form knows no scheme, so a move to `https` changes nothing.
//!
//! The hash is FNV-1a with 64 bits, written out here: stored ids must mean the same in every version and on every
//! platform, which no standard hasher promises.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use url::Url;

use super::{Document, Entry, plain};
use crate::domain::Name;
use crate::domain::feed::Feed;
use crate::domain::story::{Story, StoryId};

/// Longest title made of a summary, for entries without one, in bytes.
const MADE_TITLE_MAX: usize = 160;

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
pub fn canonical_link(link: &str) -> Option<String> {
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

impl Document {
    /// The entries as stories of a feed, in the order of the document, each story once. Entries with neither title nor
    /// text are no stories.
    pub fn stories(&self, feed: &Feed, now: Timestamp) -> Vec<Story> {
        let guids = Addresses::of(self.entries.iter().map(|entry| entry.guid.as_deref()));
        let links = Addresses::of(self.entries.iter().map(|entry| entry.link.as_deref()));
        let homes: Vec<String> =
            [self.home.as_deref(), Some(&feed.url)].into_iter().flatten().filter_map(canonical_link).collect();
        let address = |at| guids.telling(at, &homes).or_else(|| links.telling(at, &homes));
        let mut seen = HashSet::new();
        let entries = self.entries.iter().enumerate();
        entries
            .filter(|(_, entry)| !entry.title.is_empty() || !entry.summary.is_empty())
            .map(|(at, entry)| story(entry, id(entry, address(at), &feed.name), feed, now))
            .filter(|story| seen.insert(story.id))
            .collect()
    }
}

/// Addresses of the entries of a document, canonical, and how often each one stands there.
struct Addresses {
    by_entry: Vec<Option<String>>,
    counts: HashMap<String, u32>,
}

impl Addresses {
    fn of<'a>(addresses: impl Iterator<Item = Option<&'a str>>) -> Addresses {
        let by_entry: Vec<_> = addresses.map(|address| canonical_link(address?)).collect();
        let mut counts = HashMap::new();
        for address in by_entry.iter().flatten() {
            *counts.entry(address.clone()).or_default() += 1;
        }
        Addresses { by_entry, counts }
    }

    /// The address of an entry, when it tells the entry from all others.
    fn telling(&self, at: usize, homes: &[String]) -> Option<&str> {
        let address = self.by_entry.get(at)?.as_ref()?;
        (self.counts.get(address) == Some(&1) && !homes.contains(address)).then_some(address)
    }
}

fn id(entry: &Entry, address: Option<&str>, feed: &str) -> StoryId {
    match (address, &entry.guid) {
        (Some(address), _) => hash(&["link", address]),
        (None, Some(guid)) if !guid.is_empty() => hash(&["guid", feed, guid]),
        _ if entry.title.is_empty() => hash(&["text", feed, &entry.summary]),
        _ => hash(&["title", feed, &entry.title]),
    }
}

fn story(entry: &Entry, id: StoryId, feed: &Feed, now: Timestamp) -> Story {
    let title = match entry.title.as_str() {
        "" => plain::cut(&entry.summary, MADE_TITLE_MAX),
        title => title.to_owned(),
    };
    Story {
        id,
        feed: feed.name.clone(),
        outlet: entry.source.as_deref().map_or_else(|| feed.name.clone(), Name::from),
        title,
        title_before: None,
        summary: entry.summary.clone(),
        link: entry.link.clone(),
        lang: entry.lang.as_deref().map(Name::from).or_else(|| feed.lang.clone()),
        published: entry.published,
        first_seen: now,
        primary: feed.primary,
        reference: None,
    }
}

/// FNV-1a (Fowler, Noll, Vo) over the parts, each ended by a byte that UTF-8 never holds.
fn hash(parts: &[&str]) -> StoryId {
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0xff]));
    StoryId(bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {

    use super::*;

    fn feed() -> Feed {
        Feed { lang: Some("en".into()), ..Feed::new("Paper".into(), "https://example.org/feed") }
    }

    fn entry(title: &str, link: &str, guid: &str) -> Entry {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Entry { title: title.into(), link: given(link), guid: given(guid), ..Entry::default() }
    }

    fn ids(entries: Vec<Entry>) -> Vec<StoryId> {
        let document = Document { entries, home: Some("https://example.org/".into()), ..Document::default() };
        document.stories(&feed(), Timestamp::UNIX_EPOCH).iter().map(|story| story.id).collect()
    }

    #[test]
    fn canonical() {
        for (link, expected) in [
            ("https://www.example.org/a/?utm_source=x&id=3#top", "example.org/a?id=3"),
            ("http://EXAMPLE.org/a", "example.org/a"),
            ("https://example.org:443/a?fbclid=9", "example.org/a"),
            ("http://127.0.0.1:8080/a", "127.0.0.1:8080/a"),
            ("https://example.org/", "example.org"),
            ("https://example.org/?p=12&UTM_medium=rss", "example.org?p=12"),
        ] {
            assert_eq!(canonical_link(link).as_deref(), Some(expected), "{link}");
        }
        assert_eq!(canonical_link("mailto:a@example.org"), None);
    }

    #[test]
    fn an_edited_title_and_a_new_guid_leave_the_story_the_same() {
        let before = ids(vec![entry("Old", "http://www.example.org/a/", "1")]);
        let after = ids(vec![entry("New", "https://example.org/a?utm_source=rss", "2")]);
        assert_eq!(before, after);
    }

    #[test]
    fn a_guid_that_is_an_address_outlives_a_changed_link() {
        let before = ids(vec![entry("Old", "https://example.org/4338/old.html", "https://example.org/?p=4338")]);
        let after = ids(vec![entry("New", "https://example.org/4338/new.html", "http://www.example.org/?p=4338")]);
        assert_eq!(before, after);
        let shared = ids(vec![
            entry("A", "https://example.org/a", "https://example.org/x"),
            entry("B", "https://example.org/b", "https://example.org/x"),
        ]);
        assert_eq!(shared, ids(vec![entry("A", "https://example.org/a", ""), entry("B", "https://example.org/b", "")]));
    }

    #[test]
    fn entries_that_share_a_page_are_told_by_their_guids() {
        let shared = ids(vec![
            entry("A", "https://example.org/live#1", "1"),
            entry("B", "https://example.org/live#2", "2"),
            entry("C", "https://example.org/", "3"),
            entry("D", "", ""),
        ]);
        assert_eq!(shared.iter().collect::<HashSet<_>>().len(), 4);
        let edited = ids(vec![
            entry("A, edited", "https://example.org/live#1", "1"),
            entry("B", "https://example.org/live#2", "2"),
        ]);
        assert_eq!(edited, shared[..2]);
    }

    #[test]
    fn a_story_comes_once_and_empty_entries_never() {
        assert_eq!(
            ids(vec![entry("A", "", "1"), entry("A", "", "1"), entry("", "https://example.org/b", "2")]).len(),
            1
        );
    }

    #[test]
    fn stored_ids_keep_their_meaning() {
        assert_eq!(hash(&["link", "example.org/a"]).to_string(), "a03e70c97951aa1d");
    }

    #[test]
    fn a_story_without_a_title_takes_one_from_its_text() {
        let entry = Entry { summary: "Some text".into(), source: Some("Agency".into()), ..Entry::default() };
        let document = Document { entries: vec![entry], ..Document::default() };
        let story = document.stories(&feed(), Timestamp::UNIX_EPOCH).remove(0);
        assert_eq!((story.title.as_str(), &*story.outlet, story.lang.as_deref()), ("Some text", "Agency", Some("en")));
    }
}
