//! Finding an entry again among those that a feed had before.
//!
//! Anything about an entry may change from one poll to the next: editors rewrite titles and with them addresses, some
//! servers make new guids at each poll, others number their entries by place. So no single clue decides. The clues are
//! tried from the surest combination down, each only where it stands once on both sides, and an entry that was found
//! is out of the game: a weak clue never takes away what a strong one gave.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use crate::domain::feed::Known;

/// Where entries have neither guid nor address: a title that comes again this much later is another story.
const RECURS: SignedDuration = SignedDuration::from_hours(12);
/// So many titles that stay, while all else changes, tell that the feed changes all else at each poll.
const TITLES_THAT_STAY: usize = 3;

/// What an entry may be known by, as hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Clues {
    pub guid: Option<u64>,
    pub trust: Trust,
    /// None for the feed's own home page, which tells nothing.
    pub link: Option<u64>,
    pub title: u64,
    pub published: Option<Timestamp>,
}

/// How likely a guid is to be an entry's own for good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Trust {
    /// `3`, `latest`: perhaps a place that one entry after the other takes.
    #[default]
    Little,
    /// A number or code that looks made for the entry.
    Fair,
    /// The address of a page.
    Full,
}

impl Trust {
    pub(super) fn of(guid: &str, is_address: bool) -> Trust {
        let digits = guid.bytes().filter(u8::is_ascii_digit).count();
        match is_address {
            true => Trust::Full,
            false if digits >= 4 => Trust::Fair,
            false => Trust::Little,
        }
    }
}

impl From<&Known> for Clues {
    fn from(known: &Known) -> Clues {
        let Known { guid, link, title, published, .. } = *known;
        Clues { guid, trust: Trust::default(), link, title, published }
    }
}

/// For each entry, which of the known ones it is; no two are the same one. Entries are different from each other.
pub(super) fn recognise(entries: &[Clues], known: &[Known]) -> Vec<Option<usize>> {
    let known: Vec<Clues> = known.iter().map(Clues::from).collect();
    let mut search = Search { found: vec![None; entries.len()], taken: vec![false; known.len()], entries, known };
    search.pass(|clues| Some(key(clues.guid, clues.link, Some(clues.title), clues.published)), |_, _| true);
    search.pass(|clues| Some(key(Some(clues.guid?), Some(clues.link?), None, None)), |_, _| true);
    let steady = search.count();
    search.pass(|clues| Some(key(None, Some(clues.link?), Some(clues.title), None)), |_, _| true);
    let guids_change = search.count() > 2 * steady;
    let guids_stay = steady > 0 && search.count() == steady;
    search.pass(|clues| Some(key(Some(clues.guid?), None, Some(clues.title), None)), |_, _| true);
    search.pass(
        |clues| Some(key(Some(clues.guid?), None, None, None)),
        |now, before| same_by_guid(now, before, guids_stay),
    );
    search.pass(
        |clues| Some(key(None, Some(clues.link?), None, None)),
        |now, before| guids_change || same_by_link(now, before),
    );
    search.pass(|clues| Some(key(None, None, Some(clues.title), Some(clues.published?))), |_, _| true);
    search.pass(title_alone, |now, before| !recurs(now, before));
    if search.count() == 0 {
        search.titles_that_stay();
    }
    search.found
}

/// A combination of clues.
type Key = (Option<u64>, Option<u64>, Option<u64>, Option<Timestamp>);

fn key(guid: Option<u64>, link: Option<u64>, title: Option<u64>, published: Option<Timestamp>) -> Key {
    (guid, link, title, published)
}

fn title_alone(clues: &Clues) -> Option<Key> {
    (clues.guid.is_none() && clues.link.is_none()).then(|| key(None, None, Some(clues.title), None))
}

/// Both tell it, and not the same.
fn differ<T: PartialEq>(now: Option<T>, before: Option<T>) -> bool {
    now.is_some() && before.is_some() && now != before
}

/// Is it the same entry, by its guid alone? Its title is another. `guids_stay` tells that other entries kept theirs.
fn same_by_guid(now: &Clues, before: &Clues, guids_stay: bool) -> bool {
    let is_another_page = differ(now.link, before.link);
    let is_another_time = differ(now.published, before.published);
    match now.trust {
        Trust::Full => true,
        Trust::Little if !guids_stay => {
            let is_of_its_time = now.published.is_some() && now.published == before.published;
            is_of_its_time || !is_another_page && !is_another_time
        }
        Trust::Fair | Trust::Little => !(is_another_page && is_another_time),
    }
}

/// Is it the same entry, by its page alone? Its title is another; with another guid and time too, the page is one that
/// shows one story after the other.
fn same_by_link(now: &Clues, before: &Clues) -> bool {
    !(differ(now.guid, before.guid) && differ(now.published, before.published))
}

/// `Market wrap`, of yesterday and of today.
fn recurs(now: &Clues, before: &Clues) -> bool {
    let times = now.published.zip(before.published);
    times.is_some_and(|(now, before)| now.duration_since(before).abs() >= RECURS)
}

struct Search<'a> {
    entries: &'a [Clues],
    known: Vec<Clues>,
    found: Vec<Option<usize>>,
    taken: Vec<bool>,
}

impl Search<'_> {
    fn count(&self) -> usize {
        self.taken.iter().filter(|taken| **taken).count()
    }

    /// Takes those that agree in a combination of clues which stands once on both sides, where `same` says so.
    fn pass(&mut self, key: impl Fn(&Clues) -> Option<Key>, same: impl Fn(&Clues, &Clues) -> bool) {
        for (entry, known) in self.pairs(key) {
            if same(&self.entries[entry], &self.known[known]) {
                self.found[entry] = Some(known);
                self.taken[known] = true;
            }
        }
    }

    /// Entries and known ones, both still free, that alone have the same key.
    fn pairs(&self, key: impl Fn(&Clues) -> Option<Key>) -> Vec<(usize, usize)> {
        if self.found.iter().all(Option::is_some) || self.taken.iter().all(|taken| *taken) {
            return Vec::new();
        }
        let (entries, known) = (singles(self.entries, &key), singles(&self.known, &key));
        let both = entries.into_iter().filter_map(|(key, entry)| Some((entry?, (*known.get(&key)?)?)));
        both.filter(|(entry, known)| self.found[*entry].is_none() && !self.taken[*known]).collect()
    }

    /// A feed without times, of which nothing stays but the titles.
    fn titles_that_stay(&mut self) {
        let timeless = |clues: &Clues| clues.published.is_none().then(|| key(None, None, Some(clues.title), None));
        let count = self.pairs(timeless).len();
        if count >= TITLES_THAT_STAY && 2 * count >= self.entries.len() {
            self.pass(timeless, |_, _| true);
        }
    }
}

/// Where each key stands; None when it stands twice.
fn singles(all: &[Clues], key: impl Fn(&Clues) -> Option<Key>) -> HashMap<Key, Option<usize>> {
    let mut places = HashMap::with_capacity(all.len());
    for (at, key) in all.iter().enumerate().filter_map(|(at, clues)| Some((at, key(clues)?))) {
        places.entry(key).and_modify(|place| *place = None).or_insert(Some(at));
    }
    places
}
