//! What the prices did that a story bears on, and how much that means.

use jiff::Timestamp;

use super::App;
use super::tape::Move;
use super::wire::Item;
use crate::domain::Name;
use crate::domain::reaction::Usual;

/// A move of less than this many times the usual one is noise.
const NOISE: f64 = 2.0;
/// One of so many times the usual is seldom.
pub(crate) const SELDOM: f64 = 4.0;

/// What the price of a symbol did since a story.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reaction<'a> {
    pub symbol: &'a Name,
    pub moved: Move,
    /// How far the price goes in such a time usually.
    pub usual: Option<Usual>,
    /// The benchmark of the symbol, and the move less that of it.
    pub net: Option<(&'a Name, f64)>,
    /// The price of now is what it is said to be; else it is an old one.
    pub is_current: bool,
}

/// Why nothing is known of a price since a story.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Missing {
    /// The market was closed when it appeared.
    Closed,
    NoPrice,
}

/// How much a move means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// It is the move up to an old price: what has happened since is not known.
    Old,
    /// The price goes that far all the time.
    Noise,
    /// What is usual is not known.
    Unknown,
    /// More than usual.
    Marked,
    /// Far more than usual.
    Seldom,
}

impl Reaction<'_> {
    /// How many times the usual move it is.
    pub fn times_usual(&self) -> Option<f64> {
        Some(self.moved.percent.abs() / self.usual?.percent)
    }

    /// How much it means.
    pub fn weight(&self) -> Weight {
        match self.times_usual() {
            _ if !self.is_current => Weight::Old,
            None => Weight::Unknown,
            Some(times) if times < NOISE => Weight::Noise,
            Some(times) if times < SELDOM => Weight::Marked,
            Some(_) => Weight::Seldom,
        }
    }
}

impl App {
    /// What the symbols bound to a story did since a time: that which moved most. None: no symbol is bound to it.
    pub fn reaction<'a>(&'a self, item: &'a Item, since: Timestamp) -> Option<Result<Reaction<'a>, Missing>> {
        let bound = item.tagged.closest();
        let moves = bound.iter().filter_map(|symbol| Some((symbol, self.tape.since(symbol, since)?)));
        let most = moves.max_by(|(_, a), (_, b)| a.percent.abs().total_cmp(&b.percent.abs()));
        match most {
            Some((symbol, moved)) => Some(Ok(self.weighed(symbol, moved))),
            None => bound.iter().map(|symbol| self.missing(symbol, since)).min().map(Err),
        }
    }

    /// What a symbol did since a time.
    ///
    /// # Errors
    /// Why nothing is known of it.
    pub fn reaction_of<'a>(&'a self, symbol: &'a Name, since: Timestamp) -> Result<Reaction<'a>, Missing> {
        let moved = self.tape.since(symbol, since);
        moved.map(|moved| self.weighed(symbol, moved)).ok_or_else(|| self.missing(symbol, since))
    }

    fn weighed<'a>(&'a self, symbol: &'a Name, moved: Move) -> Reaction<'a> {
        let (usual, net) = (self.tape.usual(symbol, &moved), self.tape.net(symbol, &moved));
        Reaction { symbol, moved, usual, net, is_current: self.price_state(symbol).is_current() }
    }

    fn missing(&self, symbol: &str, since: Timestamp) -> Missing {
        if self.tape.is_closed(symbol, since, &self.calendar) { Missing::Closed } else { Missing::NoPrice }
    }
}
