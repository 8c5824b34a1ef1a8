//! How a poll ended.

use std::sync::Arc;

use jiff::Timestamp;

use super::Unreadable;
use super::schedule::{Disposition, Wishes};
use crate::domain::Name;
use crate::domain::feed::{Known, PollResult, Rhythm, Trouble};
use crate::domain::story::Story;
use crate::http::{Answer, HttpError};

/// How a poll ended.
#[derive(Clone, Debug)]
pub(crate) enum PollOutcome {
    /// A document came and was read.
    Read {
        answer: ResponseMeta,
        /// Without those that its kill rule keeps out.
        stories: Vec<Story>,
        /// The entries to be known again.
        known: Arc<[Known]>,
        repairs: Vec<String>,
        rhythm: Box<Rhythm>,
        /// In the document.
        entries: usize,
        /// Kept out by its kill rule.
        killed: usize,
        /// Hash of the document.
        body: u64,
        /// Why this is only the beginning of the document.
        cut: Option<HttpError>,
    },
    /// The document is byte for byte the last one.
    Same { answer: ResponseMeta },
    /// 304.
    NotModified { answer: ResponseMeta },
    /// An answer of 200 that is no feed.
    Unreadable { answer: ResponseMeta, why: Unreadable },
    /// Any other status; a bot guard's name when its body was a challenge page.
    Refused { answer: ResponseMeta, guard: Option<Name>, is_rate_limit: bool },
    /// No answer.
    Unreached(HttpError),
}

/// A poll: what was asked, what it took, and how it ended.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    /// The address asked, before redirects.
    pub asked: String,
    /// Validators went with it.
    pub is_conditional: bool,
    pub millis: u32,
    /// Of the body, decompressed.
    pub bytes: u32,
    pub polled: PollOutcome,
}

/// What the head of an answer says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ResponseMeta {
    pub status: u16,
    /// The address that answered, after redirects.
    pub url: String,
    /// Statuses of the redirects on the way.
    pub hops: Vec<u16>,
    /// Verbatim.
    pub etag: Option<String>,
    /// Verbatim.
    pub last_modified: Option<String>,
    pub wishes: Wishes,
}

impl ResponseMeta {
    /// Of an answer that came at `now`.
    pub(crate) fn by(answer: &Answer, now: Timestamp) -> ResponseMeta {
        let verbatim = |name| answer.header(name).map(str::to_owned);
        ResponseMeta {
            status: answer.status,
            url: answer.url.clone(),
            hops: answer.hops.clone(),
            etag: verbatim("etag"),
            last_modified: verbatim("last-modified"),
            wishes: Wishes::read(|name| answer.header(name), now),
        }
    }
}

impl PollOutcome {
    /// The head of the answer, if there was one.
    pub(crate) fn response(&self) -> Option<&ResponseMeta> {
        match self {
            PollOutcome::Read { answer, .. }
            | PollOutcome::Same { answer }
            | PollOutcome::NotModified { answer }
            | PollOutcome::Unreadable { answer, .. }
            | PollOutcome::Refused { answer, .. } => Some(answer),
            PollOutcome::Unreached(_) => None,
        }
    }

    /// Nobody was there, which may be the fault of the reader's own network.
    pub(crate) fn is_silence(&self) -> bool {
        matches!(self, PollOutcome::Unreached(HttpError::Name | HttpError::Connect))
    }

    /// How it ended, for the schedule.
    pub(crate) fn disposition(&self) -> Disposition {
        match self {
            PollOutcome::Read { cut: Some(_), .. } => Disposition::Failed,
            PollOutcome::Read { .. } | PollOutcome::Same { .. } | PollOutcome::NotModified { .. } => Disposition::Good,
            PollOutcome::Unreadable { why: Unreadable::Challenge(_), .. } => Disposition::Refused,
            PollOutcome::Refused { answer, guard, is_rate_limit } => match answer.status {
                429 | 503 => Disposition::RateLimited,
                403 if *is_rate_limit || answer.wishes.retry_after.is_some() => Disposition::RateLimited,
                403 | 451 => Disposition::Refused,
                401 | 402 | 407 => Disposition::Locked,
                410 => Disposition::Gone,
                _ if guard.is_some() => Disposition::Refused,
                _ => Disposition::Failed,
            },
            PollOutcome::Unreached(HttpError::ProxyLogin) => Disposition::Locked,
            PollOutcome::Unreadable { .. } | PollOutcome::Unreached(_) => Disposition::Failed,
        }
    }

    /// What is wrong.
    pub(crate) fn trouble(&self) -> Option<Trouble> {
        match self {
            PollOutcome::Read { cut: Some(error), entries, .. } => {
                Some(Trouble::Cut { error: error.clone(), entries: *entries })
            }
            PollOutcome::Read { .. } | PollOutcome::Same { .. } | PollOutcome::NotModified { .. } => None,
            PollOutcome::Unreadable { why, .. } => Some(Trouble::Unreadable(why.clone())),
            PollOutcome::Refused { guard: Some(guard), answer, .. } => {
                Some(Trouble::Guarded { guard: guard.clone(), status: answer.status })
            }
            PollOutcome::Refused { answer, is_rate_limit: true, .. } if answer.status == 403 => {
                Some(Trouble::TooOften(answer.status))
            }
            PollOutcome::Refused { answer, .. } => Some(Trouble::Status(answer.status)),
            PollOutcome::Unreached(error) => Some(Trouble::Unreached(error.clone())),
        }
    }

    /// What came of it.
    pub(crate) fn result(&self) -> PollResult {
        match (self.trouble(), self) {
            (_, PollOutcome::Read { entries, killed, .. }) => PollResult::Read { entries: *entries, killed: *killed },
            (Some(trouble), _) => PollResult::Failed(trouble),
            (None, PollOutcome::NotModified { .. }) => PollResult::NotModified,
            (None, _) => PollResult::Same,
        }
    }
}
