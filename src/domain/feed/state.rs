//! What is remembered about polling a feed, across restarts.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::outcome::{MoveNews, NotByHand, PollResult, Trouble, WaitReason};
use crate::domain::Name;
use crate::domain::story::StoryId;

/// What is remembered about polling a feed, across restarts. Times are UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedState {
    /// The feed's name.
    pub feed: Name,
    /// The address it is configured with; nothing below is of another one.
    pub url: String,
    /// Validators for conditional requests.
    #[serde(default)]
    pub cache: HttpCache,
    /// When it is asked next, and why then.
    #[serde(default)]
    pub schedule: PollSchedule,
    /// The outcome of recent polls.
    #[serde(default)]
    pub history: PollHistory,
    /// Announced and accepted changes of address.
    #[serde(default)]
    pub moves: Moves,
    /// What the last body says about when the feed has something new.
    #[serde(default)]
    pub rhythm: Rhythm,
    /// The entries that were last seen, by all that tells them apart; those of the last document first.
    #[serde(default)]
    pub known: Arc<[Known]>,
}

/// What its server gave along with its last document, so that the same one is not sent again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HttpCache {
    /// `ETag`, verbatim.
    pub etag: Option<String>,
    /// `Last-Modified`, verbatim.
    pub last_modified: Option<String>,
    /// The address that gave the two, after redirects; None: not known.
    pub validators_of: Option<String>,
    /// Tells under which settings (user agent, names of headers …) the document was had: others may get another one.
    pub asked_as: Option<u64>,
    /// Hash of the last body that was read.
    pub body: Option<u64>,
}

impl HttpCache {
    /// The document is then had anew, and read.
    pub fn drop_validators(&mut self) {
        *self = HttpCache { asked_as: self.asked_as, ..HttpCache::default() };
    }
}

/// When it is asked again, and why then.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PollSchedule {
    /// When it is asked next.
    pub next_check: NextCheck,
    /// The publisher's wishes (`max-age`, `Expires`, `<ttl>`, `Retry-After`) in the last good answer end then; None when
    /// the feed's own pace is slower.
    pub wished_until: Option<Timestamp>,
    /// Its server asked for patience until then: it is not even asked by hand.
    pub cool_until: Option<Timestamp>,
    /// Why `next_check` is when it is.
    pub waits_for: Option<WaitReason>,
    /// Why the reader could not have it asked earlier, when that was tried last.
    pub not_by_hand: Option<NotByHand>,
}

impl PollSchedule {
    /// It waits for this from now on.
    pub fn wait_for(&mut self, reason: Option<WaitReason>) {
        (self.waits_for, self.not_by_hand) = (reason, None);
    }
}

/// When a feed is asked next; never before this, also after a restart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NextCheck {
    /// At once: it was never asked.
    #[default]
    Due,
    /// Not before this time.
    At(Timestamp),
    /// It is not asked any more, because its server said that it is gone for good. A reader may still have it asked by
    /// hand.
    Never,
}

impl NextCheck {
    /// The time, if it has one.
    pub fn time(self) -> Option<Timestamp> {
        match self {
            NextCheck::At(at) => Some(at),
            NextCheck::Due | NextCheck::Never => None,
        }
    }

    /// The same, but not before a time.
    #[must_use]
    pub fn not_before(self, earliest: Timestamp) -> NextCheck {
        match self {
            NextCheck::Due => NextCheck::At(earliest),
            NextCheck::At(at) => NextCheck::At(at.max(earliest)),
            NextCheck::Never => NextCheck::Never,
        }
    }

    /// The same, but not later than a time.
    #[must_use]
    pub fn by(self, latest: Timestamp) -> NextCheck {
        match self {
            NextCheck::Due => NextCheck::Due,
            NextCheck::At(at) => NextCheck::At(at.min(latest)),
            NextCheck::Never => NextCheck::At(latest),
        }
    }
}

/// How polling it went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PollHistory {
    /// When it was last asked, whatever came of it.
    pub last_attempt: Option<Timestamp>,
    /// When it last answered with a document, or that nothing has changed.
    pub last_success: Option<Timestamp>,
    /// HTTP status of the last attempt, when there was an answer.
    pub status: Option<u16>,
    /// Somebody was there at the last attempt, if only to hang up.
    pub was_reached: bool,
    /// Failures since the last success.
    pub failures: u32,
    /// Answers of 304 since the feed was added.
    pub not_modified: u32,
    /// What is wrong; None when all is well.
    pub trouble: Option<Trouble>,
    /// Names of the repairs the last body needed, as `bare-ampersand`.
    pub repairs: Vec<String>,
    /// The last attempts, the newest first; at most [`FeedState::ATTEMPTS_MAX`].
    pub attempts: Vec<Attempt>,
}

/// One request and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// When the request was made.
    pub at: Timestamp,
    /// None: there was no answer.
    pub status: Option<u16>,
    /// It went with validators.
    pub conditional: bool,
    /// How long it took, in milliseconds.
    pub millis: u32,
    /// Size of the body, in bytes, decompressed.
    pub bytes: u32,
    /// What the poll achieved.
    pub result: PollResult,
    /// What the answer said about a move for good.
    #[serde(default)]
    pub moved: Option<MoveNews>,
}

/// Moves for good: those that its server announces, and the one that is believed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Moves {
    /// A permanent move that has not been announced often enough to be believed.
    pub announced: Option<AnnouncedMove>,
    /// The address that is asked instead of the configured one, after it was announced often enough.
    pub learned: Option<String>,
}

/// A move that a server announces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnnouncedMove {
    /// The new address.
    pub to: String,
    /// How often in a row it was the same.
    pub times: u32,
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
    /// The story that the entry became.
    pub story: StoryId,
    /// Hash of its guid; None for an entry without one.
    pub guid: Option<u64>,
    /// None for the feed's own home page, which tells nothing.
    pub link: Option<u64>,
    /// Hash of its title.
    pub title: u64,
    /// Its publication time as the feed gives it, in UTC.
    pub published: Option<Timestamp>,
}

impl FeedState {
    /// How many attempts are remembered.
    pub const ATTEMPTS_MAX: usize = 10;

    /// A feed never asked before: due at once.
    pub fn new(feed: Name, url: String) -> FeedState {
        FeedState {
            feed,
            url,
            cache: HttpCache::default(),
            schedule: PollSchedule::default(),
            history: PollHistory::default(),
            moves: Moves::default(),
            rhythm: Rhythm::default(),
            known: Arc::from([]),
        }
    }

    /// True when it is not asked any more.
    pub fn is_stopped(&self) -> bool {
        self.schedule.next_check == NextCheck::Never
    }
}
