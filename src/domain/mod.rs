//! What newstape's world is made of. Pure: no clock, no files, no network.

pub(crate) mod alert;
pub mod analysis;
pub mod article;
mod candle;
pub(crate) mod correlation;
pub mod feed;
pub(crate) mod fingerprint;
pub(crate) mod format;
pub mod group;
pub mod http_error;
pub mod layout;
pub(crate) mod number;
mod pattern;
pub mod price;
pub mod query;
pub(crate) mod reaction;
pub mod session;
pub(crate) mod setting;
pub(crate) mod spelling;
pub mod story;
pub(crate) mod symbol;
pub mod text;
pub mod topic;
mod wording;

use std::sync::Arc;

/// A short name that many values share: a feed, an outlet, a topic, a symbol, a source.
pub type Name = Arc<str>;
