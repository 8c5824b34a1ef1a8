//! Prices that have just changed, and are lit up for a moment. A price that changes all the time is lit now and then, not
//! without end.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use crate::domain::Name;
use crate::event::move_back;

/// How long a price is lit, and how long after that it is not lit again, in milliseconds of the reader's own time.
const LIT_MILLIS: f64 = 500.0;
const REST_MILLIS: f64 = 1_000.0;

/// A price lit up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Flash {
    rose: bool,
    until: Timestamp,
    /// From then on it may be lit again.
    rests_until: Timestamp,
}

/// The prices lit up, by symbol.
#[derive(Clone, Debug, Default)]
pub struct Flashes {
    lit: HashMap<Name, Flash>,
}

impl Flashes {
    /// A price rose or fell. `speed`: seconds of the day for each second of the reader.
    pub(super) fn light(&mut self, symbol: &Name, rose: bool, now: Timestamp, speed: f64) {
        if self.lit.get(symbol).is_some_and(|flash| flash.rests_until > now) {
            return;
        }
        let after = |millis: f64| {
            let length = SignedDuration::try_from_secs_f64(millis * speed / 1_000.0).unwrap_or(SignedDuration::MAX);
            now.checked_add(length).unwrap_or(Timestamp::MAX)
        };
        let flash = Flash { rose, until: after(LIT_MILLIS), rests_until: after(LIT_MILLIS + REST_MILLIS) };
        self.lit.insert(symbol.clone(), flash);
    }

    /// The clock was set back.
    pub(super) fn set_back(&mut self, by: SignedDuration) {
        move_back(self.lit.values_mut().flat_map(|flash| [&mut flash.until, &mut flash.rests_until]), by);
    }

    /// Whether a price is lit now, and as one that rose.
    pub fn rose(&self, symbol: &str, now: Timestamp) -> Option<bool> {
        self.lit.get(symbol).filter(|flash| flash.until > now).map(|flash| flash.rose)
    }

    /// When the next one goes dark.
    pub(super) fn next_end(&self, now: Timestamp) -> Option<Timestamp> {
        self.lit.values().map(|flash| flash.until).filter(|until| *until > now).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::samples::minute;

    #[test]
    fn a_price_is_lit_for_a_moment_and_then_rests() {
        let mut flashes = Flashes::default();
        let (symbol, at) = (Name::from("NVDA"), |millis| minute(0) + SignedDuration::from_millis(millis));
        flashes.light(&symbol, true, at(0), 1.0);
        assert_eq!(flashes.rose("NVDA", at(499)), Some(true));
        assert_eq!(flashes.next_end(at(100)), Some(at(500)));
        assert_eq!((flashes.rose("NVDA", at(500)), flashes.next_end(at(500))), (None, None));
        flashes.light(&symbol, false, at(700), 1.0);
        assert_eq!(flashes.rose("NVDA", at(800)), None, "it rests");
        flashes.light(&symbol, false, at(1_500), 1.0);
        assert_eq!(flashes.rose("NVDA", at(1_600)), Some(false));
        assert_eq!(flashes.rose("BTC-USD", at(1_600)), None);
    }

    #[test]
    fn in_a_replay_it_is_as_long_to_the_reader() {
        let mut flashes = Flashes::default();
        flashes.light(&Name::from("NVDA"), true, minute(0), 60.0);
        assert_eq!(flashes.next_end(minute(0)), Some(minute(0) + SignedDuration::from_secs(30)));
    }
}
