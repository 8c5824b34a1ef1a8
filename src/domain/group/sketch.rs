//! What a title says, as far as it is compared with others.

use super::words::{ALIASES, DOWN, EMPTY_WORDS, PERIODS, UP, is_among};
use crate::domain::text::{Token, Tokens, fold, hash};

/// Words read of a title.
pub(super) const MOST_WORDS: usize = 40;

/// What a title says: its words, stemmed, without the empty ones, each once and in order. `W` is a word's hash, and its
/// place in the vocabulary once that knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sketch {
    pub words: Box<[u32]>,
    /// Its numbers; they are among the words.
    pub numbers: Box<[u32]>,
    /// Quarter or month it is about.
    pub periods: Box<[u32]>,
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
    pub fn new(title: &str, outlet: &str, mut word: impl FnMut(u32) -> u32) -> Sketch {
        let (mut words, mut numbers, mut periods) = (Vec::new(), Vec::new(), Vec::new());
        let (mut up, mut down) = (false, false);
        for token in Tokens::new(without_outlet(title, outlet)).take(MOST_WORDS) {
            let folded = fold(token.text, false);
            up |= is_among(UP, &folded);
            down |= is_among(DOWN, &folded);
            let meant = alias(&folded);
            if is_among(EMPTY_WORDS, &folded) || is_among(EMPTY_WORDS, meant) {
                continue;
            }
            let word = word(hash(stem(meant)));
            words.push(word);
            if is_telling_number(&token, &folded) {
                numbers.push(word);
            }
            if is_among(PERIODS, &folded) {
                periods.push(word);
            }
        }
        let direction = match (up, down) {
            (true, false) => Direction::Up,
            (false, true) => Direction::Down,
            _ => Direction::None,
        };
        let (words, numbers, periods) = (sorted(words), sorted(numbers), sorted(periods));
        Sketch { words, numbers, periods, direction, outlet: hash(outlet) }
    }

    /// Whether the one goes up and the other down, or they are about two quarters.
    pub fn contradicts(&self, other: &Sketch) -> bool {
        let periods = !self.periods.is_empty() && !other.periods.is_empty();
        let directed = self.direction != Direction::None && other.direction != Direction::None;
        (directed && self.direction != other.direction)
            || (periods && common(&self.periods, &other.periods).next().is_none())
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

/// A number, but for the name of an index and the year.
fn is_telling_number(token: &Token, folded: &str) -> bool {
    let year = folded.len() == 4 && matches!(folded.get(..2), Some("19" | "20"));
    token.number && !year && folded != "500"
}

fn alias(word: &str) -> &str {
    let found = ALIASES.binary_search_by(|(from, _)| (*from).cmp(word)).ok();
    found.and_then(|at| ALIASES.get(at)).map_or(word, |(_, to)| to)
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
