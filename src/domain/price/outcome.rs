//! How price sources fare: what they are asked for, what came of it, and why nothing did. The words for it stand in
//! [`crate::domain::wording`].

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::Name;
use crate::domain::http_error::HttpError;

/// What a price source is asked for; its health is kept apart for each.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, strum::Display, strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Capability {
    /// Prices over a socket.
    Socket,
    /// Prices by asking.
    Quote,
    /// History for charts.
    Candles,
}

/// How a price source fares, at the time of the report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SourceReport {
    /// The id of the source.
    pub source: Name,
    /// How it was asked: for prices, for candles, or through a socket.
    pub capability: Capability,
    /// When the outcome was known.
    pub at: Timestamp,
    /// What came of it.
    pub outcome: Outcome,
    /// HTTP status, when there was an answer.
    pub status: Option<u16>,
    /// When it is asked again.
    pub next: Option<Timestamp>,
    /// The symbols that it was asked about, where it was asked about some …
    #[serde(default)]
    pub asked: Vec<Name>,
    /// … and those of them that alone the failure concerns; none: it concerns whatever the source is asked.
    #[serde(default)]
    pub lacks: Vec<Lack>,
}

/// What a source has to say of one symbol, and of none other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lack {
    /// The symbol as configured.
    pub symbol: Name,
    /// It names no symbol.
    pub failure: Failure,
}

impl SourceReport {
    /// Of an outcome that has no status and names no next time and no symbols.
    pub fn new(source: &str, capability: Capability, at: Timestamp, outcome: Outcome) -> SourceReport {
        let (asked, lacks) = (Vec::new(), Vec::new());
        SourceReport { source: source.into(), capability, at, outcome, status: None, next: None, asked, lacks }
    }

    /// As it reads by a clock that shows `now`, when the one it was written under ran ahead of that: a refusal lasts as long as
    /// it was to last, not until the clock comes round again.
    #[must_use]
    pub fn set_right(mut self, now: Timestamp) -> SourceReport {
        let ahead = self.at.duration_since(now);
        if ahead.is_positive() {
            let back = |at: Timestamp| at.checked_sub(ahead).unwrap_or(now);
            self.at = now;
            self.next = self.next.map(back);
            if let Outcome::Blocked { until, .. } = &mut self.outcome {
                *until = back(*until);
            }
        }
        self
    }
}

/// What came of asking a price source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It answered as expected.
    Well,
    /// It refuses us until a time; remembered on disk.
    Blocked {
        /// Who refused, and how that was recognised.
        refusal: Refusal,
        /// When it may be asked again.
        until: Timestamp,
    },
    /// It brought nothing, or not all that was asked for.
    Failed(Failure),
}

/// A source refuses us, whatever it is asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Refusal {
    /// The id of the source.
    pub source: Name,
    /// How the refusal was recognised.
    pub sign: RefusalSign,
}

impl Refusal {
    /// Known by the HTTP status of an answer.
    pub fn by_status(source: impl Into<Name>, status: u16) -> Refusal {
        Refusal { source: source.into(), sign: RefusalSign::Status(status) }
    }
}

/// What a refusal was known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalSign {
    /// The HTTP status.
    Status(u16),
    /// The answer speaks of a limit.
    Limit,
    /// A web page came instead of prices.
    WebPage,
}

impl RefusalSign {
    /// The HTTP status, where that was the sign.
    pub fn status(self) -> Option<u16> {
        match self {
            RefusalSign::Status(status) => Some(status),
            RefusalSign::Limit | RefusalSign::WebPage => None,
        }
    }
}

/// A source brought nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What the source is called in sentences, as `Yahoo Finance`.
    pub title: Name,
    /// Why it brought nothing.
    pub cause: FailureCause,
}

impl Failure {
    /// Of the source that is called so.
    pub fn new(title: impl Into<Name>, cause: FailureCause) -> Failure {
        Failure { title: title.into(), cause }
    }
}

/// Why a source brought nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureCause {
    /// It does not know the symbol in question.
    UnknownSymbol,
    /// It has no price of the symbol in question.
    NoPrice,
    /// It answered well, but for these.
    Lacks {
        /// Symbols that it does not know.
        unknown: Vec<Name>,
        /// Symbols that it knows, without a price.
        unpriced: Vec<Name>,
    },
    /// A question brought nothing.
    Question(QuestionError),
    /// The same, where that says something of these symbols alone.
    QuestionAbout {
        /// The symbols that the request was about.
        symbols: Vec<Name>,
        /// Why the request brought nothing.
        error: QuestionError,
    },
    /// The connection could not be made or kept, or brought no prices.
    Socket(SocketError),
    /// It refuses what its socket was asked for, and names no symbol; in its own words.
    Subscription(String),
}

/// Why a question brought nothing. `Display` is one plain clause, fit to follow a name and a colon.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuestionError {
    /// The request failed before there was a complete answer.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// An HTTP status other than success.
    #[error("it answered {0}")]
    Status(u16),
    /// The answer came, but gives no price.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Why an answer gives no price. `Display` is one plain clause, fit to follow a name and a colon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadError {
    /// HTML in place of the expected format.
    #[error("a web page came instead of prices")]
    WebPage,
    /// The answer says that a limit is exceeded.
    #[error("it refuses further questions")]
    Refused,
    /// The body does not have the structure that the source documents.
    #[error("its answer could not be read")]
    Shape,
    /// The answer says that there is no such symbol.
    #[error("it does not know this symbol")]
    Unknown,
    /// It refuses the whole group for it.
    #[error("it does not know one of these symbols")]
    UnknownAmong,
    /// The symbol is known, but the answer has no price of it.
    #[error("it tells no price")]
    NoPrice,
}

impl ReadError {
    /// What a source says that refuses a group for one unknown symbol in it.
    #[must_use]
    pub fn among(self, spelled: &[String]) -> ReadError {
        if self == ReadError::Unknown && spelled.len() > 1 { ReadError::UnknownAmong } else { self }
    }
}

/// What is wrong with a socket. `Display` is one plain clause, fit to follow a name and a colon.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SocketError {
    /// The connection works, but never gave a price of this symbol.
    #[error("it tells no price of {0}")]
    NoPriceOf(Name),
    /// Of the symbol in question.
    #[error("it tells no price")]
    NoPrice,
    /// Frames arrive, but none with a price.
    #[error("signs of life, but no price")]
    OnlyAlive,
    /// No frame arrived for this long.
    #[error("silent for {} s", .0.as_secs())]
    Silent(Duration),
    /// The source read nothing of what was sent for this long.
    #[error("it took nothing for {} s", .0.as_secs())]
    TakesNothing(Duration),
    /// The connection was not established within this time.
    #[error("no answer within {} s", .0.as_secs())]
    Timeout(Duration),
    /// The source closed the connection without giving a code.
    #[error("it closed the connection")]
    Closed,
    /// The code of the WebSocket protocol (RFC 6455, 7.4).
    #[error("it closed the connection ({0})")]
    ClosedWith(u16),
    /// The source announced that it is about to close.
    #[error("it said that it will close")]
    Leaving,
    /// The connection ended without a closing frame.
    #[error("the connection broke off")]
    Broken,
    /// The host name could not be resolved.
    #[error("its name could not be found")]
    Name,
    /// No TCP connection.
    #[error("could not connect")]
    Connect,
    /// Reading or writing failed.
    #[error("the connection failed")]
    Io,
    /// A certificate, or the handshake.
    #[error(transparent)]
    Tls(HttpError),
    /// A message exceeded the limit.
    #[error("it sent a message that is too large")]
    TooLarge,
    /// The address or a header is not valid.
    #[error("its address can't be used")]
    Address,
    /// The opening request was answered with this HTTP status.
    #[error("it answered {0}")]
    Status(u16),
    /// A frame violated the WebSocket protocol.
    #[error("it broke the rules of the connection")]
    Protocol,
}
