//! What newstape's world is made of. Pure: no clock, no files, no network.

pub mod alert;
pub mod article;
mod candle;
pub mod correlation;
pub mod feed;
pub mod fingerprint;
pub mod format;
pub mod group;
pub mod http_error;
pub mod layout;
pub mod number;
mod pattern;
pub mod price;
pub mod query;
pub mod reaction;
pub mod session;
pub mod setting;
pub mod spelling;
pub mod story;
pub mod symbol;
pub mod text;
pub mod topic;
mod wording;

use std::sync::Arc;

/// A short name that many values share: a feed, an outlet, a topic, a symbol, a source.
pub type Name = Arc<str>;
