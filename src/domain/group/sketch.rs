//! What a title says, as far as it is compared with others.

use serde::{Deserialize, Serialize};

use super::vocabulary::{Number, WordId};
use super::words::{ALIASES, CAPITALS, COINS, DOWN, EMPTY_WORDS, PERIODS, UP, is_among, meaning};
use crate::domain::text::{Token, Tokens, fold, hash};

/// Words that a name has at most, where two titles differ in nothing else.
const SUBJECT_WORDS: usize = 2;
/// Words read of a title; [`Subset`] has a bit for each.
pub(super) const MOST_WORDS: usize = 40;

/// What a title says, by the hashes of its words: the same in every run, so it can be stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TitleKey {
    /// Its words, stemmed, without the empty ones, in the order of the title.
    words: Box<[KeyWord]>,
    /// The quarters or months it is about, then what is priced that it names: coins and tickers. Hashes.
    about: Box<[u32]>,
    /// How many of `about` are periods.
    periods: u8,
    direction: Direction,
    /// Hash of the outlet's name.
    outlet: u32,
}

/// A word of a title, which may stand there more than once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct KeyWord {
    hash: u32,
    is_number: bool,
    /// It is written as a name, where that can be seen; the first word is one of them.
    is_name: bool,
}

/// What a title says, with its words by their places in the vocabulary. Tens of thousands are held, so it takes two
/// allocations at most.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sketch {
    /// Its words, stemmed, without the empty ones, each once, in the order of their places in the vocabulary.
    pub(super) words: Box<[Posting]>,
    /// Which of its words are numbers.
    pub(super) numbers: Subset,
    /// Which of its words are written as names, where that can be seen; its first word is one of them.
    pub(super) names: Subset,
    /// The quarters or months it is about, then what is priced that it names: coins and tickers. Hashes.
    about: Box<[u32]>,
    /// How many of `about` are periods.
    periods: u8,
    pub(super) direction: Direction,
    /// Hash of the outlet's name.
    pub(super) outlet: u32,
}

/// A word of a title.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Posting {
    pub(super) word: WordId,
    /// The latest story before that has the word, once this one is remembered.
    pub(super) earlier: Number,
}

/// Some of the words of a title, a bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Subset(u64);

impl Subset {
    /// `words` are in the order of their places.
    fn of(words: &[Posting], some: impl Iterator<Item = WordId>) -> Subset {
        let at = some.filter_map(|id| words.binary_search_by_key(&id, |posting| posting.word).ok());
        Subset(at.fold(0, |bits, at| bits | 1 << at))
    }

    pub(super) fn has(self, at: usize) -> bool {
        self.0 >> at & 1 == 1
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The words themselves.
    pub(super) fn among(self, words: &[Posting]) -> impl Iterator<Item = WordId> {
        words.iter().enumerate().filter(move |(at, _)| self.has(*at)).map(|(_, posting)| posting.word)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Direction {
    #[default]
    None,
    Up,
    Down,
}

impl TitleKey {
    /// Reads a title; the name of its outlet at the end of it is left out.
    pub fn new(title: &str, outlet: &str) -> TitleKey {
        let title = without_outlet(title, outlet);
        let mut read = Read { style: style(title), ..Read::default() };
        for token in Tokens::new(title).take(MOST_WORDS) {
            read.take(&token);
        }
        let direction = match (read.up, read.down) {
            (true, false) => Direction::Up,
            (false, true) => Direction::Down,
            _ => Direction::None,
        };
        let [periods, assets] = [read.periods, read.assets].map(sorted);
        let (about, periods) = ([&*periods, &*assets].concat().into(), periods.len() as u8);
        TitleKey { words: read.words.into(), about, periods, direction, outlet: hash(outlet) }
    }

    /// False of one that no title can have.
    pub(crate) fn is_sound(&self) -> bool {
        self.words.len() <= MOST_WORDS
    }
}

impl Sketch {
    /// `word` gives the number by which a word is known, from its hash.
    pub(super) fn new(key: TitleKey, mut word: impl FnMut(u32) -> WordId) -> Sketch {
        let read: Vec<(WordId, KeyWord)> = key.words.iter().map(|read| (word(read.hash), *read)).collect();
        let words = sorted(read.iter().map(|(id, _)| *id).collect());
        let words: Box<[Posting]> = words.into_iter().map(|word| Posting { word, earlier: Number::NONE }).collect();
        let those = |has: fn(&KeyWord) -> bool| {
            Subset::of(&words, read.iter().filter(|(_, read)| has(read)).map(|(id, _)| *id))
        };
        let (numbers, names) = (those(|word| word.is_number), those(|word| word.is_name));
        let TitleKey { about, periods, direction, outlet, .. } = key;
        Sketch { words, numbers, names, about, periods, direction, outlet }
    }

    /// The words alone.
    pub(super) fn ids(&self) -> impl Iterator<Item = WordId> {
        self.words.iter().map(|posting| posting.word)
    }

    /// The story before this one that has a word; None when this one has not got the word.
    pub(super) fn earlier(&self, word: WordId) -> Option<Number> {
        let at = self.words.binary_search_by_key(&word, |posting| posting.word).ok()?;
        self.words.get(at).map(|posting| posting.earlier)
    }

    pub(super) fn has_same_numbers(&self, other: &Sketch) -> bool {
        self.numbers.among(&self.words).eq(other.numbers.among(&other.words))
    }

    fn periods(&self) -> &[u32] {
        self.about.get(..usize::from(self.periods)).unwrap_or_default()
    }

    fn assets(&self) -> &[u32] {
        self.about.get(usize::from(self.periods)..).unwrap_or_default()
    }

    /// Do they say the same of two others? They differ in one or two words alone, which are names or what the title begins
    /// with.
    pub(super) fn is_about_another(&self, other: &Sketch) -> bool {
        let only = |a: &Sketch, b: &Sketch| -> Option<bool> {
            let own: Vec<usize> =
                a.ids().enumerate().filter(|(_, word)| b.earlier(*word).is_none()).map(|(at, _)| at).collect();
            let are_names = own.iter().all(|at| a.names.has(*at));
            (!own.is_empty() && own.len() <= SUBJECT_WORDS).then_some(are_names)
        };
        only(self, other) == Some(true) && only(other, self) == Some(true)
    }

    /// Whether the one goes up and the other down, or they are about two quarters, or about two coins.
    pub(super) fn contradicts(&self, other: &Sketch) -> bool {
        let apart = |a: &[u32], b: &[u32]| !a.is_empty() && !b.is_empty() && !a.iter().any(|one| b.contains(one));
        let directed = self.direction != Direction::None && other.direction != Direction::None;
        (directed && self.direction != other.direction)
            || apart(self.periods(), other.periods())
            || apart(self.assets(), other.assets())
    }
}

/// A title read so far.
#[derive(Default)]
struct Read {
    words: Vec<KeyWord>,
    periods: Vec<u32>,
    assets: Vec<u32>,
    up: bool,
    down: bool,
    style: Style,
    /// The word before, folded.
    before: String,
}

impl Read {
    fn take(&mut self, token: &Token) {
        let folded = fold(token.text, false);
        self.turn(token, &folded);
        self.assets.extend(self.asset(token, &folded));
        if is_among(PERIODS, &folded) {
            self.periods.push(hash(&folded));
        }
        let meant = meaning(ALIASES, &folded).unwrap_or(&folded);
        let says_nothing = is_among(EMPTY_WORDS, &folded) || is_among(EMPTY_WORDS, meant);
        // A date is no news.
        if !says_nothing && !is_date(token, &folded) {
            let is_name =
                self.words.is_empty() || (self.style == Style::Sentence && token.text.starts_with(char::is_uppercase));
            // In the name of an index it is no number.
            let is_number = token.number && folded != "500";
            self.words.push(KeyWord { hash: hash(stem(meant)), is_number, is_name });
        }
        self.before = folded;
    }

    /// `rises`, `up today`, `down 5 %`
    fn turn(&mut self, token: &Token, folded: &str) {
        let is_measured = folded == "today" || token.number;
        self.up |= is_among(UP, folded) || (is_measured && self.before == "up");
        self.down |= is_among(DOWN, folded) || (is_measured && self.before == "down");
    }

    /// A coin by name or by letters, or another ticker.
    fn asset(&self, token: &Token, folded: &str) -> Option<u32> {
        let ticker = || (self.style != Style::Shouted && is_ticker(token.text, folded)).then_some(folded);
        meaning(COINS, folded).or_else(ticker).map(hash)
    }
}

/// A word that two titles share, and where it stands in each.
#[derive(Clone, Copy)]
pub(super) struct Shared {
    pub(super) word: WordId,
    a: usize,
    b: usize,
}

impl Shared {
    pub(super) fn is_number(self, a: &Sketch, b: &Sketch) -> bool {
        a.numbers.has(self.a) && b.numbers.has(self.b)
    }
}

/// The words that two titles share.
pub(super) fn common(a: &Sketch, b: &Sketch) -> impl Iterator<Item = Shared> {
    let (mut at_a, mut at_b) = (0, 0);
    std::iter::from_fn(move || {
        loop {
            let (left, right) = (a.words.get(at_a)?.word, b.words.get(at_b)?.word);
            let found = Shared { word: left, a: at_a, b: at_b };
            at_a += usize::from(left <= right);
            at_b += usize::from(right <= left);
            if left == right {
                return Some(found);
            }
        }
    })
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

fn sorted(mut words: Vec<u32>) -> Vec<u32> {
    words.sort_unstable();
    words.dedup();
    words
}

/// A year or the name of a month.
fn is_date(token: &Token, folded: &str) -> bool {
    let is_year = token.number && folded.len() == 4 && matches!(folded.get(..2), Some("19" | "20"));
    is_year || (is_among(PERIODS, folded) && folded.len() > 2)
}

/// Letters that stand for what is priced: `XRP`, `NVDA`.
fn is_ticker(text: &str, folded: &str) -> bool {
    let letters = text.bytes().filter(u8::is_ascii_uppercase).count();
    let is_one = (2..=6).contains(&text.len())
        && letters >= 2
        && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    is_one && text.starts_with(|c: char| c.is_ascii_uppercase()) && !is_among(CAPITALS, folded)
}

/// How a title is written, and so what its capitals say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Style {
    /// As a sentence: names alone have capitals.
    Sentence,
    /// Words Begin So.
    #[default]
    Capitalised,
    /// MOST OF IT STANDS SO.
    Shouted,
}

fn style(title: &str) -> Style {
    let upper = title.bytes().filter(u8::is_ascii_uppercase).count();
    let lower = title.bytes().filter(u8::is_ascii_lowercase).count();
    let long = title.split_whitespace().filter(|word| word.chars().count() > 3);
    let (small, large): (Vec<&str>, Vec<&str>) = long.partition(|word| word.starts_with(char::is_lowercase));
    match () {
        () if upper > lower => Style::Shouted,
        () if small.len() >= large.len() => Style::Sentence,
        () => Style::Capitalised,
    }
}

/// The word without its ending, so that "cuts" meets "cut" and "sentenced" "sentence".
fn stem(word: &str) -> &str {
    const ENDINGS: [&str; 8] = ["ings", "ing", "ed", "es", "s", "ment", "er", "e"];
    if !word.is_ascii() || word.starts_with(|c: char| c.is_ascii_digit()) {
        return word;
    }
    let ending = ENDINGS.iter().find_map(|ending| word.strip_suffix(ending).filter(|stem| stem.len() >= 3));
    ending.filter(|_| !word.ends_with("ss")).unwrap_or(word)
}
