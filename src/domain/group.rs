//! Groups: the stories of several outlets about one event, joined as they arrive.
//!
//! A story joins the group of the recent story whose title says most nearly the same. Rare words weigh more than
//! common ones; what tells look-alikes apart (other numbers, another quarter, up against down) keeps them apart. A story
//! is placed once, when it arrives; nothing placed is moved by what comes later.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::LazyLock;

use jiff::{SignedDuration, Timestamp};

use super::story::StoryId;
use super::text::{Token, Tokens, fold, hash};

/// The id of a group: that of the story it began with.
pub type GroupId = StoryId;

/// How far apart two stories of one event may be.
const WINDOW: SignedDuration = SignedDuration::from_hours(72);
/// Most stories remembered; about 150 bytes each.
const MOST_STORIES: usize = 50_000;
/// Most words whose frequency is remembered; then all counts are halved and the rarest forgotten.
const MOST_WORDS: usize = 60_000;
/// Rarest words of a title by which candidates are found.
const PROBES: usize = 6;
/// Newest stories looked at for one such word, so that a word in every title costs no more than another.
const MOST_CANDIDATES: usize = 64;
/// Weighted share of common words from which two titles are one event.
const ALIKE: f64 = 0.46;
/// How much more they must share for each day between them.
const ALIKE_PER_DAY: f64 = 0.04;
/// Titles that differ in nothing but their numbers are two events of a series.
const ALL_BUT_NUMBERS: f64 = 0.8;
/// How alike titles of one outlet with other numbers may be.
const SERIES: f64 = 0.6;
/// What numbers that have nothing in common take off.
const OTHER_NUMBERS: f64 = 0.75;
/// What a number in common adds.
const SAME_NUMBER: f64 = 1.1;
/// Stories taken as seen before the first, so that early words are not all rare alike.
const SEEN_BEFORE: f64 = 300.0;

/// Logarithms of small numbers: they are asked for some hundred times for each title.
static LOGARITHMS: LazyLock<[f64; 1024]> = LazyLock::new(|| std::array::from_fn(|number| (number as f64).ln()));

/// What is remembered of the stories of the last 72 hours, to place the next one.
#[derive(Debug, Default)]
pub struct Groups {
    /// In the order of arrival; the first has the number `forgotten`.
    stories: VecDeque<Placed>,
    forgotten: u64,
    group_of: HashMap<StoryId, GroupId>,
    /// The numbers of the stories a word stands in, oldest first.
    by_word: HashMap<u32, VecDeque<u64>>,
    /// In how many titles a word was seen.
    seen: HashMap<u32, u32>,
    titles_seen: u32,
    newest: Option<Timestamp>,
}

#[derive(Debug)]
struct Placed {
    id: StoryId,
    group: GroupId,
    time: Timestamp,
    sketch: Sketch,
}

/// What a title says, as far as it is compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Sketch {
    /// Hashes of its words, stemmed, without the empty ones; in order, each once.
    words: Box<[u32]>,
    /// Hashes of its numbers; they are among the words.
    numbers: Box<[u32]>,
    /// Quarter or month it is about.
    periods: Box<[u32]>,
    direction: Direction,
    /// Hash of the outlet's name.
    outlet: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Direction {
    #[default]
    None,
    Up,
    Down,
}

impl Groups {
    /// The group of a story that arrives now; its own id begins a new group. Asked again for the same story (an edited
    /// title), it gives the same answer.
    pub fn place(&mut self, id: StoryId, title: &str, _summary: &str, outlet: &str, time: Timestamp) -> GroupId {
        if let Some(&group) = self.group_of.get(&id) {
            return group;
        }
        self.newest = self.newest.max(Some(time));
        self.forget();
        let sketch = Sketch::new(title, outlet);
        let group = self.nearest(&sketch, time).unwrap_or(id);
        self.remember(Placed { id, group, time, sketch });
        group
    }

    /// The group of the story most like this one, when one is alike enough.
    fn nearest(&self, sketch: &Sketch, time: Timestamp) -> Option<GroupId> {
        let scale = (f64::from(self.titles_seen) + SEEN_BEFORE).ln();
        let own = self.weigh(&sketch.words, scale);
        let near = self.candidates(sketch).into_iter().filter_map(|number| {
            let other = self.story(number)?;
            let apart = time.duration_since(other.time).abs();
            if apart > WINDOW {
                return None;
            }
            let days = apart.as_secs_f64() / 86_400.0;
            let likeness = self.likeness(sketch, own, &other.sketch, scale)?;
            (likeness >= ALIKE + ALIKE_PER_DAY * days).then_some((likeness, number, other.group))
        });
        near.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1))).map(|(.., group)| group)
    }

    /// Stories that share one of the rarest words.
    fn candidates(&self, sketch: &Sketch) -> HashSet<u64> {
        let mut probes: Vec<(u32, u32)> =
            sketch.words.iter().map(|word| (self.seen.get(word).copied().unwrap_or_default(), *word)).collect();
        probes.sort_unstable();
        let lists = probes.iter().take(PROBES).filter_map(|(_, word)| self.by_word.get(word));
        lists.flat_map(|numbers| numbers.iter().rev().take(MOST_CANDIDATES).copied()).collect()
    }

    fn story(&self, number: u64) -> Option<&Placed> {
        self.stories.get(usize::try_from(number.checked_sub(self.forgotten)?).ok()?)
    }

    /// From 0, nothing in common, to about 1; None when the two can't be one event. Other numbers make titles that are
    /// else the same, or nearly so and of one outlet, two of a series.
    /// `own`: the weight of all words of `a`.
    fn likeness(&self, a: &Sketch, own: f64, b: &Sketch, scale: f64) -> Option<f64> {
        if a.contradicts(b) {
            return None;
        }
        let weigh = |words: &[u32]| self.weigh(words, scale);
        let shared = 2.0 * weigh(&common(&a.words, &b.words).collect::<Vec<u32>>());
        let all = own + weigh(&b.words);
        let likeness = shared / all;
        if a.numbers.is_empty() || b.numbers.is_empty() {
            return Some(likeness);
        }
        if a.outlet == b.outlet && a.numbers != b.numbers && likeness > SERIES {
            return None;
        }
        if common(&a.numbers, &b.numbers).next().is_some() {
            return Some(likeness * SAME_NUMBER);
        }
        let without = all - weigh(&a.numbers) - weigh(&b.numbers);
        (shared < ALL_BUT_NUMBERS * without).then_some(likeness * OTHER_NUMBERS)
    }

    /// Inverse document frequency: a word in few titles tells more. `scale` is the logarithm of the number of titles.
    fn weigh(&self, words: &[u32], scale: f64) -> f64 {
        let seen = |word| self.seen.get(word).copied().unwrap_or_default() as usize + 1;
        let weight = |seen: usize| scale - LOGARITHMS.get(seen).copied().unwrap_or_else(|| (seen as f64).ln());
        words.iter().map(|word| weight(seen(word))).sum()
    }

    fn remember(&mut self, story: Placed) {
        let number = self.forgotten + self.stories.len() as u64;
        self.titles_seen += 1;
        for &word in &story.sketch.words {
            self.by_word.entry(word).or_default().push_back(number);
            *self.seen.entry(word).or_default() += 1;
        }
        self.group_of.insert(story.id, story.group);
        self.stories.push_back(story);
        if self.seen.len() > MOST_WORDS {
            self.halve();
        }
    }

    fn halve(&mut self) {
        self.titles_seen /= 2;
        self.seen.retain(|_, count| {
            *count /= 2;
            *count > 0
        });
    }

    /// Drops what arrived first while it is too old or too much.
    fn forget(&mut self) {
        let Some(newest) = self.newest else { return };
        while self.stories.len() >= MOST_STORIES
            || self.stories.front().is_some_and(|story| newest.duration_since(story.time) > WINDOW)
        {
            let Some(story) = self.stories.pop_front() else { return };
            self.group_of.remove(&story.id);
            for word in &story.sketch.words {
                if let Some(numbers) = self.by_word.get_mut(word) {
                    numbers.pop_front();
                    if numbers.is_empty() {
                        self.by_word.remove(word);
                    }
                }
            }
            self.forgotten += 1;
        }
    }
}

impl Sketch {
    /// Words read of a title.
    const MOST_WORDS: usize = 40;

    fn new(title: &str, outlet: &str) -> Sketch {
        let (mut words, mut numbers, mut periods) = (Vec::new(), Vec::new(), Vec::new());
        let (mut up, mut down) = (false, false);
        for token in Tokens::new(without_outlet(title, outlet)).take(Sketch::MOST_WORDS) {
            let folded = fold(token.text, false);
            up |= UP.contains(&folded.as_str());
            down |= DOWN.contains(&folded.as_str());
            if is_empty_word(&folded) {
                continue;
            }
            let word = hash(&stem(&folded));
            words.push(word);
            if is_telling_number(&token, &folded) {
                numbers.push(word);
            }
            if PERIODS.contains(&folded.as_str()) {
                periods.push(word);
            }
        }
        let direction = match (up, down) {
            (true, false) => Direction::Up,
            (false, true) => Direction::Down,
            _ => Direction::None,
        };
        Sketch {
            words: sorted(words),
            numbers: sorted(numbers),
            periods: sorted(periods),
            direction,
            outlet: hash(outlet),
        }
    }

    /// Whether the one goes up and the other down, or they are about two quarters.
    fn contradicts(&self, other: &Sketch) -> bool {
        let periods = !self.periods.is_empty() && !other.periods.is_empty();
        let directed = self.direction != Direction::None && other.direction != Direction::None;
        (periods && common(&self.periods, &other.periods).next().is_none())
            || (directed && self.direction != other.direction)
    }
}

/// The title without the name of its outlet, as aggregators add it: `… - Reuters`, `… | CNN`.
fn without_outlet<'a>(title: &'a str, outlet: &str) -> &'a str {
    const SEPARATORS: [&str; 4] = [" - ", " | ", " – ", " — "];
    let cut = SEPARATORS.iter().filter_map(|separator| title.rsplit_once(separator));
    let Some((head, tail)) = cut.min_by_key(|(_, tail)| tail.len()) else { return title };
    let short = tail.split_whitespace().count() <= 3 && head.split_whitespace().count() >= 4;
    let named = fold(tail, false) == fold(outlet, false);
    let plain = !tail.contains(|c: char| c.is_ascii_digit()) && tail.starts_with(char::is_uppercase);
    if named || (short && plain) { head } else { title }
}

fn sorted(mut hashes: Vec<u32>) -> Box<[u32]> {
    hashes.sort_unstable();
    hashes.dedup();
    hashes.into()
}

/// What two sorted lists share.
fn common<'a>(a: &'a [u32], b: &'a [u32]) -> impl Iterator<Item = u32> + 'a {
    a.iter().copied().filter(|word| b.binary_search(word).is_ok())
}

/// A number, but for the name of an index and the year.
fn is_telling_number(token: &Token, folded: &str) -> bool {
    let year = folded.len() == 4 && matches!(folded.get(..2), Some("19" | "20"));
    token.number && !year && folded != "500"
}

/// The word without its ending, so that "cuts" meets "cut" and "sentenced" "sentence".
fn stem(word: &str) -> String {
    const ENDINGS: [&str; 8] = ["ings", "ing", "ed", "es", "s", "ment", "er", "e"];
    let alias = ALIASES.iter().find(|(from, _)| *from == word).map_or(word, |(_, to)| to);
    if !alias.is_ascii() || alias.starts_with(|c: char| c.is_ascii_digit()) {
        return alias.to_owned();
    }
    let ending = ENDINGS.iter().find_map(|ending| alias.strip_suffix(ending).filter(|stem| stem.len() >= 3));
    ending.filter(|_| !alias.ends_with("ss")).unwrap_or(alias).to_owned()
}

fn is_empty_word(word: &str) -> bool {
    EMPTY_WORDS.binary_search(&word).is_ok()
}

/// Names that outlets write in two ways.
const ALIASES: [(&str, &str); 12] = [
    ("btc", "bitcoin"),
    ("eth", "ethereum"),
    ("ether", "ethereum"),
    ("sol", "solana"),
    ("nyc", "york"),
    ("percent", "%"),
    ("cent", "%"),
    ("bn", "billion"),
    ("tn", "trillion"),
    ("mn", "million"),
    ("mds", "milliards"),
    ("organisations", "organizations"),
];

const UP: [&str; 22] = [
    "rise",
    "rises",
    "rose",
    "gain",
    "gains",
    "jump",
    "jumps",
    "surge",
    "surges",
    "soar",
    "soars",
    "climb",
    "climbs",
    "rally",
    "rallies",
    "hausse",
    "grimpe",
    "bondit",
    "progresse",
    "inflow",
    "inflows",
    "steigt",
];
const DOWN: [&str; 22] = [
    "fall", "falls", "fell", "drop", "drops", "slide", "slides", "sink", "sinks", "plunge", "plunges", "tumble",
    "tumbles", "slip", "slips", "baisse", "chute", "recule", "plonge", "outflow", "outflows", "fällt",
];
const PERIODS: [&str; 23] = [
    "q1",
    "q2",
    "q3",
    "q4",
    "t1",
    "t2",
    "t3",
    "t4",
    "january",
    "february",
    "march",
    "april",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "first-quarter",
    "janvier",
    "juillet",
    "octobre",
];

/// Words that say nothing about an event; in order, for the search.
const EMPTY_WORDS: [&str; 118] = [
    "$",
    "a",
    "about",
    "after",
    "again",
    "all",
    "amid",
    "an",
    "and",
    "are",
    "as",
    "at",
    "au",
    "aux",
    "avec",
    "be",
    "been",
    "but",
    "by",
    "can",
    "ce",
    "ces",
    "could",
    "da",
    "dans",
    "das",
    "de",
    "der",
    "des",
    "die",
    "do",
    "does",
    "du",
    "een",
    "en",
    "es",
    "est",
    "et",
    "for",
    "from",
    "get",
    "had",
    "has",
    "have",
    "he",
    "her",
    "here",
    "his",
    "how",
    "i",
    "if",
    "il",
    "in",
    "into",
    "is",
    "it",
    "its",
    "just",
    "la",
    "le",
    "les",
    "live",
    "may",
    "might",
    "more",
    "new",
    "news",
    "no",
    "not",
    "now",
    "of",
    "off",
    "on",
    "or",
    "other",
    "our",
    "out",
    "over",
    "par",
    "plus",
    "pour",
    "que",
    "qui",
    "report",
    "reportedly",
    "says",
    "se",
    "ses",
    "she",
    "should",
    "so",
    "son",
    "sont",
    "sur",
    "than",
    "that",
    "the",
    "their",
    "they",
    "this",
    "to",
    "un",
    "und",
    "une",
    "up",
    "update",
    "updates",
    "via",
    "was",
    "we",
    "what",
    "when",
    "why",
    "will",
    "with",
    "would",
    "you",
    "your",
];

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + hours * 3_600).unwrap()
    }

    /// Whether the second title, some hours later, joins the first.
    fn joins(first: &str, second: &str, hours: i64) -> bool {
        let mut groups = Groups::default();
        groups.place(StoryId(1), first, "", "One", at(0));
        groups.place(StoryId(2), second, "", "Two", at(hours)) == StoryId(1)
    }

    #[test]
    fn empty_words_are_in_order() {
        assert!(EMPTY_WORDS.is_sorted(), "{:?}", EMPTY_WORDS.iter().zip(&EMPTY_WORDS[1..]).find(|(a, b)| a > b));
    }

    #[test]
    fn one_event_is_one_group() {
        let cases = [
            ("Acme to cut 9,000 jobs in robotics push", "Acme cuts 9,000 jobs as robots take over - Reuters"),
            ("Judge lets lawsuit against Foobank proceed", "Foobank lawsuit may proceed, judge rules"),
            ("BTC slips below 60,000 on rate fears", "Bitcoin slips below 60 000 | CNN"),
            ("La banque Dupont supprime 300 postes", "Dupont : 300 postes supprimés par la banque"),
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
        ];
        for (first, second) in cases {
            assert!(!joins(first, second, 3), "{first} / {second}");
        }
        let mut groups = Groups::default();
        groups.place(StoryId(1), "Market forecast 5/12: gold, oil, copper, tin", "", "Desk", at(0));
        let later = groups.place(StoryId(2), "Market forecast 5/14: gold, oil, tin, copper", "", "Desk", at(48));
        assert_eq!(later, StoryId(2));
        assert!(!joins("Weekly market outlook", "Weekly market outlook", 24 * 7));
    }

    #[test]
    fn a_story_keeps_its_group() {
        let mut groups = Groups::default();
        let first = groups.place(StoryId(1), "Acme buys Foobank for 3 billion", "", "A", at(0));
        groups.place(StoryId(2), "Acme buys Foobank", "", "B", at(1));
        assert_eq!(groups.place(StoryId(2), "Something else altogether", "", "B", at(2)), first);
        assert_eq!(groups.place(StoryId(3), "", "", "B", at(2)), StoryId(3));
        assert_eq!(groups.place(StoryId(4), "", "", "B", at(2)), StoryId(4));
    }

    #[test]
    fn memory_is_bounded() {
        let mut groups = Groups::default();
        for n in 0..70_000 {
            groups.place(StoryId(n), &format!("word{n}"), "", "A", at(0));
        }
        assert!(groups.stories.len() <= MOST_STORIES && groups.group_of.len() <= MOST_STORIES);
        assert!(groups.seen.len() <= MOST_WORDS + Sketch::MOST_WORDS);
        groups.place(StoryId(u64::MAX), "later", "", "A", at(100));
        assert_eq!((groups.stories.len(), groups.by_word.len()), (1, 1));
    }

    #[derive(serde::Deserialize)]
    struct Gold {
        title: String,
        source: String,
        published: Timestamp,
        cluster_id: String,
    }

    #[test]
    fn labelled_groups_are_found() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/gold/clusters_dev.jsonl");
        let Ok(lines) = fs::read_to_string(&path) else {
            return eprintln!("skipped: there are no labelled groups at {}", path.display());
        };
        let mut gold: Vec<Gold> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        gold.sort_by_key(|story| story.published);
        let mut groups = Groups::default();
        let place = |(n, story): (usize, &Gold)| {
            groups.place(StoryId(n as u64), &story.title, "", &story.source, story.published)
        };
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
                groups.place(StoryId(n as u64), title, "", title, at(n as i64));
            }
        }
    }
}
