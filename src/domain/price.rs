//! Symbols, quotes and candles; how far a price can be trusted, how its sources fare, and how all that reads.

mod freshness;
mod outcome;
mod quote;
mod settings;
mod show;

pub use super::candle::{Candle, Series, Span};
pub use super::session::Session;
pub use freshness::{State, Unpriced, fresh_for, session_of, state};
pub use outcome::{
    Capability, Failure, FailureCause, Lack, Outcome, QuestionError, ReadError, Refusal, RefusalSign, SocketError,
    SourceReport,
};
pub use quote::{Delivery, Extended, Kind, Quote, Symbol, decimals, is_listed_in_new_york, kind};
pub use settings::SourceSettings;
pub use show::{show_day_time, show_time};
