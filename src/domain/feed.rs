//! A feed as it is configured, and what is remembered about polling it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Name;
use super::story::StoryId;

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
    pub enabled: bool,
}

impl Feed {
    /// How often a feed is asked that says nothing about it.
    pub const INTERVAL: Duration = Duration::from_secs(15 * 60);

    /// However seldom a primary source has something new, it is not asked less often, unless its interval says so.
    pub const LONGEST_OF_PRIMARY: Duration = Duration::from_secs(15 * 60);

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
    pub user: String,
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
    /// The address that gave the two, after redirects; None: not known.
    #[serde(default)]
    pub validators_of: Option<String>,
    /// Tells under which settings (user agent, names of headers …) the document was had: others may get another one.
    #[serde(default)]
    pub asked_as: Option<u64>,
    /// Never asked before this, also after a restart. None: due at once.
    pub next_check: Option<Timestamp>,
    /// The publisher's wishes (`max-age`, `Expires`, `<ttl>`, `Retry-After`) in the last good answer end then; None when
    /// the feed's own pace is slower.
    #[serde(default)]
    pub wished_until: Option<Timestamp>,
    /// Its server asked for patience until then: it is not even asked by hand.
    #[serde(default)]
    pub cool_until: Option<Timestamp>,
    pub last_attempt: Option<Timestamp>,
    pub last_success: Option<Timestamp>,
    /// HTTP status of the last attempt, when there was an answer.
    pub status: Option<u16>,
    /// Somebody was there at the last attempt, if only to hang up.
    #[serde(default)]
    pub was_reached: bool,
    /// Failures since the last success.
    pub failures: u32,
    /// Answers of 304 since the feed was added.
    pub not_modified: u32,
    /// One plain sentence on what is wrong or why it waits; None when all is well.
    pub trouble: Option<String>,
    /// Names of the repairs the last body needed, as `bare-ampersand`.
    pub repairs: Vec<String>,
    /// The last attempts, the newest first; at most [`FeedState::ATTEMPTS_MAX`].
    #[serde(default)]
    pub attempts: Vec<Attempt>,
    /// Why `next_check` is when it is: a clause, as `its server asks for 30 min between requests`.
    #[serde(default)]
    pub waits_for: Option<String>,
    /// A move for good that the server announces, and how often in a row it was the same.
    #[serde(default)]
    pub moving: Option<(String, u32)>,
    /// The address that is asked instead of `url`, after it was announced often enough.
    #[serde(default)]
    pub moved_to: Option<String>,
    /// Hash of the last body that was read.
    #[serde(default)]
    pub body: Option<u64>,
    /// What the last body says about when the feed has something new.
    #[serde(default)]
    pub rhythm: Rhythm,
    /// The entries that were last seen, by all that tells them apart; those of the last document first.
    #[serde(default)]
    pub known: Arc<[Known]>,
}

/// One request and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    pub at: Timestamp,
    /// None: there was no answer.
    pub status: Option<u16>,
    /// It went with validators.
    pub conditional: bool,
    /// How long it took, in milliseconds.
    pub millis: u32,
    /// Size of the body, in bytes, decompressed.
    pub bytes: u32,
    /// One clause: `41 entries`, `unchanged`, or what went wrong.
    pub what: String,
}

/// When a feed has something new, as its last body says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rhythm {
    /// Published time of its newest entry.
    pub newest: Option<Timestamp>,
    /// In its last document; None: not known.
    pub entries: Option<u32>,
    /// Half of its entries follow the one before within this.
    pub median_gap: Option<Duration>,
    /// `<ttl>`, `sy:updatePeriod`.
    pub ttl: Option<Duration>,
    /// `max-age`: it holds for answers of 304 that do not repeat it (RFC 9111, 4.3.4).
    pub max_age: Option<Duration>,
    /// Hours of the day (0 to 23, GMT) in which it asks not to be polled.
    pub skip_hours: Vec<u8>,
    /// Days of the week (0 is Monday, GMT) on which it asks not to be polled.
    pub skip_days: Vec<u8>,
}

/// An entry seen earlier: which story it is, and the hashes by which it is found again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    pub story: StoryId,
    pub guid: Option<u64>,
    /// None for the feed's own home page, which tells nothing.
    pub link: Option<u64>,
    pub title: u64,
    pub published: Option<Timestamp>,
}

impl FeedState {
    /// The `next_check` of a feed that is not asked any more, because its server said that it is gone for good. A
    /// reader may still have it asked by hand. It is 9999-01-01, which any precision stores exactly.
    pub const STOPPED: Timestamp = Timestamp::constant(253_370_764_800, 0);

    /// How many attempts are remembered.
    pub const ATTEMPTS_MAX: usize = 10;

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
            validators_of: None,
            asked_as: None,
            next_check: None,
            wished_until: None,
            cool_until: None,
            last_attempt: None,
            last_success: None,
            status: None,
            was_reached: false,
            failures: 0,
            not_modified: 0,
            trouble: None,
            repairs: Vec::new(),
            attempts: Vec::new(),
            waits_for: None,
            moving: None,
            moved_to: None,
            body: None,
            rhythm: Rhythm::default(),
            known: Arc::from([]),
        }
    }
}
