//! The New York trading day: sessions, holidays, early closes, the next bell.

use jiff::Timestamp;
use jiff::civil::Date;

use super::price::Session;

/// The exchange's calendar by rule, with the config's own closures. Times in America/New_York.
#[derive(Clone, Debug)]
pub struct Calendar {}

/// The next change of session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bell {
    pub at: Timestamp,
    /// The session that begins then.
    pub begins: Session,
}

/// The bounds of one trading day, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TradingDay {
    pub date: Date,
    pub pre: Timestamp,
    pub open: Timestamp,
    pub close: Timestamp,
    pub post_end: Timestamp,
}

impl Calendar {
    pub fn new(_extra_closures: &[Date], _extra_early_closes: &[Date], _overnight: bool) -> Calendar {
        todo!()
    }

    pub fn session(&self, _at: Timestamp) -> Session {
        todo!()
    }

    /// The next bell that matters to a reader: the regular open or close, whichever comes first.
    pub fn next_bell(&self, _at: Timestamp) -> Bell {
        todo!()
    }

    /// The trading day that has the given New York date; None when the exchange is closed all day.
    pub fn day(&self, _date: Date) -> Option<TradingDay> {
        todo!()
    }

    /// The last regular close at or before a time.
    pub fn last_close(&self, _at: Timestamp) -> Timestamp {
        todo!()
    }
}
