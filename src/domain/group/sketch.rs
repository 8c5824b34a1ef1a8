//! What a title says, as far as it is compared with others.

use super::words::{ALIASES, CAPITALS, COINS, DOWN, EMPTY_WORDS, PERIODS, UP, is_among, meaning};
use crate::domain::text::{Token, Tokens, fold, hash};

/// Words that a name has at most, where two titles differ in nothing else.
const SUBJECT_WORDS: usize = 2;
/// Words read of a title.
pub(super) const MOST_WORDS: usize = 40;

/// What a title says: its words, stemmed, without the empty ones, each once and in order. `W` is a word's hash, and its
/// place in the vocabulary once that knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sketch {
    pub words: Box<[u32]>,
    /// Its numbers; they are among the words.
    pub numbers: Box<[u32]>,
    /// Those of its words that are written as names, where that can be seen, and its first; they are among the words.
    pub names: Box<[u32]>,
    /// Quarter or month it is about.
    pub periods: Box<[u32]>,
    /// What is priced that it names: coins and tickers.
    pub assets: Box<[u32]>,
    pub direction: Direction,
    /// Hash of the outlet's name.
    pub outlet: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Direction {
    #[default]
    None,
    Up,
    Down,
}

impl Sketch {
    /// `word` gives the number by which a word is known, from its hash.
    pub(super) fn new(title: &str, outlet: &str, mut word: impl FnMut(u32) -> u32) -> Sketch {
        let title = without_outlet(title, outlet);
        let mut read = Read { style: style(title), ..Read::default() };
        for token in Tokens::new(title).take(MOST_WORDS) {
            read.take(&token, &mut word);
        }
        let direction = match (read.up, read.down) {
            (true, false) => Direction::Up,
            (false, true) => Direction::Down,
            _ => Direction::None,
        };
        let [words, numbers, names] = [read.words, read.numbers, read.names].map(sorted);
        let [periods, assets] = [read.periods, read.assets].map(sorted);
        Sketch { words, numbers, names, periods, assets, direction, outlet: hash(outlet) }
    }

    /// Do they say the same of two others? They differ in one or two words alone, which are names or what the title begins
    /// with.
    pub(super) fn is_about_another(&self, other: &Sketch) -> bool {
        let only = |a: &Sketch, b: &Sketch| -> Option<bool> {
            let own: Vec<u32> = a.words.iter().copied().filter(|word| b.words.binary_search(word).is_err()).collect();
            let are_names = own.iter().all(|word| a.names.binary_search(word).is_ok());
            (!own.is_empty() && own.len() <= SUBJECT_WORDS).then_some(are_names)
        };
        only(self, other) == Some(true) && only(other, self) == Some(true)
    }

    /// Whether the one goes up and the other down, or they are about two quarters, or about two coins.
    pub(super) fn contradicts(&self, other: &Sketch) -> bool {
        let apart = |a: &[u32], b: &[u32]| !a.is_empty() && !b.is_empty() && common(a, b).next().is_none();
        let directed = self.direction != Direction::None && other.direction != Direction::None;
        (directed && self.direction != other.direction)
            || apart(&self.periods, &other.periods)
            || apart(&self.assets, &other.assets)
    }
}

/// A title read so far.
#[derive(Default)]
struct Read {
    words: Vec<u32>,
    numbers: Vec<u32>,
    names: Vec<u32>,
    periods: Vec<u32>,
    assets: Vec<u32>,
    up: bool,
    down: bool,
    style: Style,
    /// The word before, folded.
    before: String,
}

impl Read {
    fn take(&mut self, token: &Token, word: &mut impl FnMut(u32) -> u32) {
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
            let word = word(hash(stem(meant)));
            self.words.push(word);
            // In the name of an index it is no number.
            self.numbers.extend((token.number && folded != "500").then_some(word));
            let is_name =
                self.words.len() == 1 || (self.style == Style::Sentence && token.text.starts_with(char::is_uppercase));
            self.names.extend(is_name.then_some(word));
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

/// What two sorted lists share.
pub(super) fn common<'a>(a: &'a [u32], b: &'a [u32]) -> impl Iterator<Item = u32> + 'a {
    let (mut a, mut b) = (a.iter().copied().peekable(), b.iter().copied().peekable());
    std::iter::from_fn(move || {
        loop {
            let (left, right) = (*a.peek()?, *b.peek()?);
            if left <= right {
                a.next();
            }
            if right <= left {
                b.next();
            }
            if left == right {
                return Some(left);
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

fn sorted(mut words: Vec<u32>) -> Box<[u32]> {
    words.sort_unstable();
    words.dedup();
    words.into()
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
