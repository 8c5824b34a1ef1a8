//! A feed as it is configured, and what is remembered about polling it.

mod outcome;
mod state;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::Name;
pub use outcome::{CooledBy, MoveNews, NotByHand, OtherContent, PollResult, Trouble, Unreadable, WaitReason};
pub use state::{
    AnnouncedMove, Attempt, FeedState, HttpCache, Known, Moves, NextCheck, PollHistory, PollSchedule, Rhythm,
};

/// An address that is polled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feed {
    /// Unique among feeds.
    pub name: Name,
    /// The configured address, http(s).
    pub url: String,
    /// The heading it stands under in the feed picker.
    pub category: Name,
    /// How often it is asked when nothing else says otherwise; at least `network.feed-floor`.
    pub interval: Duration,
    /// The user wrote the interval, and not `adaptive = true`: in normal times no wait is longer, however seldom the feed
    /// has something new.
    pub own_interval: bool,
    /// A primary source: a regulator, a company's own newsroom.
    pub primary: bool,
    /// Two-letter code, for entries that do not tell their own.
    pub lang: Option<Name>,
    /// Sent instead of `network.user-agent`.
    pub user_agent: Option<String>,
    /// Sent along, to its own site only.
    pub headers: BTreeMap<String, Secret>,
    /// Basic authentication.
    pub login: Option<Login>,
    /// `http://`, `https://`, `socks5://` or `socks5h://`; without one the system's settings hold.
    pub proxy: Option<Secret>,
    /// Its certificate is not checked.
    pub accept_invalid_certificate: bool,
    /// A query: entries that match are never taken in.
    pub kill: Option<String>,
    /// False: listed, but never asked.
    pub enabled: bool,
}

impl Feed {
    /// How often a feed is asked that says nothing about it.
    pub const INTERVAL: Duration = Duration::from_mins(15);

    /// However seldom a primary source has something new, it is not asked less often, unless its interval says so.
    pub const LONGEST_OF_PRIMARY: Duration = Duration::from_mins(15);

    /// A feed of which no more is known than its name and address.
    pub fn new(name: Name, url: impl Into<String>) -> Feed {
        Feed {
            name,
            url: url.into(),
            category: "Other".into(),
            interval: Feed::INTERVAL,
            own_interval: false,
            primary: false,
            lang: None,
            user_agent: None,
            headers: BTreeMap::new(),
            login: None,
            proxy: None,
            accept_invalid_certificate: false,
            kill: None,
            enabled: true,
        }
    }
}

/// A name and a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The user name.
    pub user: String,
    /// The password, hidden even from `Debug`.
    pub password: Secret,
}

/// Text that is never logged or shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"…\"")
    }
}
