//! What a title says, as far as it is compared with others.

use super::words::{ALIASES, CAPITALS, COINS, DOWN, EMPTY_WORDS, PERIODS, UP, is_among, meaning};
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
    pub fn new(title: &str, outlet: &str, mut word: impl FnMut(u32) -> u32) -> Sketch {
        let (mut words, mut numbers, mut periods, mut assets) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (mut up, mut down) = (false, false);
        let title = without_outlet(title, outlet);
        let has_capitals = !is_shouted(title);
        let mut before = String::new();
        for token in Tokens::new(title).take(MOST_WORDS) {
            let folded = fold(token.text, false);
            let today = folded == "today" || token.number;
            up |= is_among(UP, &folded) || (today && before == "up");
            down |= is_among(DOWN, &folded) || (today && before == "down");
            before.clone_from(&folded);
            let coin = meaning(COINS, &folded);
            if let Some(asset) =
                coin.or_else(|| (has_capitals && is_ticker(token.text, &folded)).then_some(folded.as_str()))
            {
                assets.push(hash(asset));
            }
            let meant = meaning(ALIASES, &folded).unwrap_or(&folded);
            if is_among(PERIODS, &folded) {
                periods.push(hash(&folded));
            }
            // A date is no news.
            if is_among(EMPTY_WORDS, &folded) || is_among(EMPTY_WORDS, meant) || is_date(&token, &folded) {
                continue;
            }
            let word = word(hash(stem(meant)));
            words.push(word);
            if token.number && folded != "500" {
                numbers.push(word);
            }
        }
        let direction = match (up, down) {
            (true, false) => Direction::Up,
            (false, true) => Direction::Down,
            _ => Direction::None,
        };
        let [words, numbers, periods, assets] = [words, numbers, periods, assets].map(sorted);
        Sketch { words, numbers, periods, assets, direction, outlet: hash(outlet) }
    }

    /// Whether the one goes up and the other down, or they are about two quarters, or about two coins.
    pub fn contradicts(&self, other: &Sketch) -> bool {
        let apart = |a: &[u32], b: &[u32]| !a.is_empty() && !b.is_empty() && common(a, b).next().is_none();
        let directed = self.direction != Direction::None && other.direction != Direction::None;
        (directed && self.direction != other.direction)
            || apart(&self.periods, &other.periods)
            || apart(&self.assets, &other.assets)
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

/// Does most of it stand in capitals?
fn is_shouted(title: &str) -> bool {
    let upper = title.bytes().filter(u8::is_ascii_uppercase).count();
    let lower = title.bytes().filter(u8::is_ascii_lowercase).count();
    upper > lower
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
