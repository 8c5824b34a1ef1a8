//! A feed as it is configured, and what is remembered about polling it.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Name;

/// An address that is polled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feed {
    /// Unique among feeds.
    pub name: Name,
    pub url: String,
    /// The heading it stands under in the feed picker.
    pub category: Name,
    /// How often it is asked when nothing else says otherwise; at least `network.feed-floor`.
    pub interval: Duration,
    /// A primary source: a regulator, a company's own newsroom.
    pub primary: bool,
    /// Two-letter code, for entries that do not tell their own.
    pub lang: Option<Name>,
    /// Sent instead of `network.user-agent`.
    pub user_agent: Option<String>,
    pub enabled: bool,
}

/// What is remembered about polling a feed, across restarts. Times are UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedState {
    pub feed: Name,
    /// The address the validators below belong to; they are dropped when it changes.
    pub url: String,
    /// `ETag`, verbatim.
    pub etag: Option<String>,
    /// `Last-Modified`, verbatim.
    pub last_modified: Option<String>,
    /// Never asked before this, also after a restart. None: due at once.
    pub next_check: Option<Timestamp>,
    pub last_attempt: Option<Timestamp>,
    pub last_success: Option<Timestamp>,
    /// HTTP status of the last attempt, when there was an answer.
    pub status: Option<u16>,
    /// Failures since the last success.
    pub failures: u32,
    /// Answers of 304 since the feed was added.
    pub not_modified: u32,
    /// One plain sentence on what is wrong or why it waits; None when all is well.
    pub trouble: Option<String>,
    /// Names of the repairs the last body needed, as `bare-ampersand`.
    pub repairs: Vec<String>,
}

impl FeedState {
    /// The `next_check` of a feed that is not asked any more, because its server said that it is gone for good. A
    /// reader may still have it asked by hand. It is 9999-01-01, which any precision stores exactly.
    pub const STOPPED: Timestamp = Timestamp::constant(253_370_764_800, 0);

    /// True when it is not asked any more.
    pub fn is_stopped(&self) -> bool {
        self.next_check == Some(Self::STOPPED)
    }

    /// A feed never asked before: due at once.
    pub fn new(feed: Name, url: String) -> Self {
        FeedState {
            feed,
            url,
            etag: None,
            last_modified: None,
            next_check: None,
            last_attempt: None,
            last_success: None,
            status: None,
            failures: 0,
            not_modified: 0,
            trouble: None,
            repairs: Vec::new(),
        }
    }
}
