//! What came of polling a feed, and what it waits for. The words for it stand in [`crate::domain::wording`].

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::Name;
use crate::domain::http_error::HttpError;

/// What is wrong with a feed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// No answer.
    Unreached(HttpError),
    /// The answer broke off; what came was read.
    Cut {
        /// How the transfer ended.
        error: HttpError,
        /// How many entries could still be read.
        entries: usize,
    },
    /// An answer of 200 that is no feed.
    Unreadable(Unreadable),
    /// A bot guard answered in place of the server.
    Guarded {
        /// The product that answered, such as Cloudflare.
        guard: Name,
        /// HTTP status of its answer.
        status: u16,
    },
    /// Refused for asking too often, by a status that does not say so itself.
    TooOften(u16),
    /// Any other status.
    Status(u16),
    /// Nobody answers: it is the reader's own network.
    Offline,
    /// Its site asked for patience, and it waits with the others there.
    Cooling(CooledBy),
    /// It was not asked, since its site had asked for patience.
    LeftAlone,
    /// As an earlier version put it into words.
    Other(String),
}

/// Who asked at a site when it wanted to be left alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CooledBy {
    /// It was before the start.
    Unknown,
    /// An article that the reader asked for.
    Article,
    /// The feed of this name.
    Feed(Name),
}

/// Why a feed waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitReason {
    /// The interval that comes with it.
    Interval(Duration),
    /// The interval that the user wrote.
    Own(Duration),
    /// Longer than configured, since its server does not say that less is welcome.
    Unwelcome(Duration),
    /// Its usual gap between two entries.
    Seldom(Duration),
    /// Days since its last entry.
    Silent(i64),
    /// `Cache-Control: max-age` or `Expires`.
    MaxAge(Duration),
    /// `<ttl>` in the feed.
    Ttl(Duration),
    /// The `Retry-After` header.
    RetryAfter(Duration),
    /// Its site is rate-limiting us and does not say for how long: the status by which it did so, where it was this feed that
    /// got it.
    #[serde(rename = "patience")]
    RateLimited(Option<u16>),
    /// How often in a row it was refused.
    Refused(u32),
    /// The server or the proxy asks for a login or a payment (401, 402, 407).
    Locked,
    /// Failures in a row.
    Failures(u32),
    /// The network seems to be down.
    Offline,
    /// `<skipHours>` in the feed excludes the present hour.
    SkipHours,
    /// `<skipDays>` in the feed excludes the present day.
    SkipDays,
    /// Its learned address fails, and its configured one is tried again.
    Back,
    /// The server answered 410: the feed is gone for good.
    Gone,
    /// Another feed has its address and is asked for both.
    Twin(Name),
    /// As an earlier version put it into words.
    Other(String),
}

/// Why a feed was not asked by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotByHand {
    /// The last time was less than a minute before.
    TooSoon,
    /// Its site asked for patience.
    Cooling,
}

/// What came of one request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PollResult {
    /// A document was read; `killed` of its entries were kept out by the feed's kill rule.
    Read {
        /// Entries in the document, including those killed.
        entries: usize,
        /// Entries that the kill rule kept out.
        killed: usize,
    },
    /// The document is byte for byte the last one.
    Same,
    /// 304.
    NotModified,
    /// No document came, or none that can be used.
    Failed(Trouble),
    /// As an earlier version put it into words.
    Other(String),
}

/// What an answer said about a move for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MoveNews {
    /// It was announced so often in a row, and is believed after `needed` times.
    Announced {
        /// Successive answers that announced it.
        times: u32,
        /// Announcements after which it is believed.
        needed: u32,
    },
    /// It is believed, and the feed asked there from now on.
    Learned {
        /// The host that the feed is asked at from now on.
        host: String,
    },
}

/// Why a document can't be read. `Display` is one plain clause, fit to follow a name and a colon.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unreadable {
    /// Nothing but white space.
    #[error("it is empty")]
    Empty,
    /// HTML without a feed in it.
    #[error("it is a web page, not a feed")]
    WebPage,
    /// Of whom.
    #[error("it is a challenge page ({0}), meant for browsers")]
    Challenge(Name),
    /// Something else that can be recognised.
    #[error("it is not a feed that newstape can read: {0}")]
    NotAFeed(OtherContent),
    /// Both from 1.
    #[error("its JSON has a mistake in line {line}, column {column}")]
    BrokenJson {
        /// Line of the first mistake.
        line: usize,
        /// Column of the first mistake.
        column: usize,
    },
    /// The parser panicked.
    #[error("reading it failed; this is a fault of newstape")]
    Fault,
}

/// What a document is that is no feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OtherContent {
    /// XML whose root element belongs to no feed format.
    #[strum(to_string = "it is XML of another kind")]
    Xml,
    /// JSON without the version of JSON Feed.
    #[strum(to_string = "it is JSON of another kind")]
    Json,
    /// JSON that ends before it can be recognised.
    #[strum(to_string = "it is JSON that breaks off")]
    CutJson,
    /// A PDF document.
    #[strum(to_string = "it is a PDF")]
    Pdf,
    /// Bytes that are no text in any encoding.
    #[strum(to_string = "it is not text")]
    Binary,
    /// Text without any markup.
    #[strum(to_string = "it is plain text")]
    PlainText,
}
