//! What an answer means for a feed: its next state, and the sentence for people.

use std::sync::Arc;

use jiff::Timestamp;

use super::Unreadable;
use super::schedule::{self, Ending, Pace, Wishes};
use crate::domain::feed::{FeedState, Known};
use crate::domain::story::Story;
use crate::http::{Answer, Trouble};

/// How a poll ended.
#[derive(Clone, Debug)]
pub enum Polled {
    /// A document came and was read.
    Read { answer: Told, stories: Vec<Story>, known: Arc<[Known]>, repairs: Vec<String> },
    /// The document is byte for byte the last one.
    Same { answer: Told },
    /// 304.
    NotModified { answer: Told },
    /// An answer of 200 that is no feed.
    Unreadable { answer: Told, why: Unreadable },
    /// Any other status; a bot guard's name when its body was a challenge page.
    Refused { answer: Told, guard: Option<&'static str> },
    /// No answer.
    Unreached(Trouble),
}

/// What the head of an answer told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    pub status: u16,
    /// Verbatim.
    pub etag: Option<String>,
    /// Verbatim.
    pub last_modified: Option<String>,
    pub wishes: Wishes,
}

impl Told {
    /// Of an answer that came at `now`.
    pub fn by(answer: &Answer, now: Timestamp) -> Told {
        let verbatim = |name| answer.header(name).map(str::to_owned);
        Told {
            status: answer.status,
            etag: verbatim("etag"),
            last_modified: verbatim("last-modified"),
            wishes: Wishes::read(|name| answer.header(name), now),
        }
    }
}

impl Polled {
    fn told(&self) -> Option<&Told> {
        match self {
            Polled::Read { answer, .. }
            | Polled::Same { answer }
            | Polled::NotModified { answer }
            | Polled::Unreadable { answer, .. }
            | Polled::Refused { answer, .. } => Some(answer),
            Polled::Unreached(_) => None,
        }
    }

    /// Nobody was there, which may be the fault of the reader's own network.
    pub fn is_silence(&self) -> bool {
        matches!(self, Polled::Unreached(Trouble::Name | Trouble::Connect))
    }

    /// How it ended, for the schedule.
    pub fn ending(&self) -> Ending {
        match self {
            Polled::Read { .. } | Polled::Same { .. } | Polled::NotModified { .. } => Ending::Good,
            Polled::Unreadable { why: Unreadable::Challenge(_), .. } => Ending::Refused,
            Polled::Refused { guard: Some(_), answer } if answer.wishes.retry_after.is_none() => Ending::Refused,
            Polled::Refused { answer, .. } => match answer.status {
                429 | 503 => Ending::Patience,
                403 | 451 => Ending::Refused,
                401 | 402 | 407 => Ending::Locked,
                410 => Ending::Gone,
                _ => Ending::Failed,
            },
            Polled::Unreadable { .. } | Polled::Unreached(_) => Ending::Failed,
        }
    }

    /// What is wrong: a clause to follow the feed's name and a colon.
    fn trouble(&self) -> Option<String> {
        match self {
            Polled::Read { .. } | Polled::Same { .. } | Polled::NotModified { .. } => None,
            Polled::Unreadable { why, .. } => Some(why.to_string()),
            Polled::Refused { guard: Some(guard), answer } => {
                Some(format!("refused with a challenge page ({guard}), meant for browsers ({})", answer.status))
            }
            Polled::Refused { answer, .. } => Some(refusal(answer.status)),
            Polled::Unreached(trouble) => Some(trouble.to_string()),
        }
    }
}

fn refusal(status: u16) -> String {
    let words = match status {
        301..=308 => "redirected to nowhere",
        401 | 402 | 407 => "wants a login; see its entry in the config",
        403 => "refused",
        404 => "not found; its address may have changed",
        410 => "gone for good; it is not asked any more",
        429 => "asked for patience",
        451 => "refused for legal reasons",
        503 => "out of service for now",
        500..=599 => "server error",
        _ => "unexpected answer",
    };
    format!("{words} ({status})")
}

/// The state of a feed after a poll. `chance` lies between -1 and 1; `is_offline` tells that no place answers.
pub fn settle(
    before: &FeedState,
    polled: &Polled,
    pace: Pace,
    now: Timestamp,
    chance: f64,
    is_offline: bool,
) -> FeedState {
    let mut state = before.clone();
    let ending = if is_offline && polled.is_silence() { Ending::Offline } else { polled.ending() };
    state.last_attempt = Some(now);
    state.status = polled.told().map(|answer| answer.status);
    state.trouble = polled.trouble();
    match ending {
        Ending::Good => {
            state.last_success = Some(now);
            state.failures = 0;
        }
        // Not the feed's fault.
        Ending::Offline => state.trouble = Some("the network seems to be down".into()),
        _ => state.failures = state.failures.saturating_add(1),
    }
    remember(&mut state, polled);
    let wishes = polled.told().map(|answer| answer.wishes).unwrap_or_default();
    let next = schedule::next_check(now, pace, ending, state.failures, &wishes, chance);
    state.next_check = Some(next.unwrap_or(FeedState::STOPPED));
    state
}

/// Validators and repairs: from a document that could be read, and from a 304.
fn remember(state: &mut FeedState, polled: &Polled) {
    match polled {
        Polled::Read { answer, known, repairs, .. } => {
            state.known = known.clone();
            state.repairs.clone_from(repairs);
            state.etag.clone_from(&answer.etag);
            state.last_modified.clone_from(&answer.last_modified);
        }
        Polled::Same { answer } => {
            state.etag.clone_from(&answer.etag);
            state.last_modified.clone_from(&answer.last_modified);
        }
        Polled::NotModified { answer } => {
            state.not_modified = state.not_modified.saturating_add(1);
            // A 304 need not repeat what has not changed.
            state.etag = answer.etag.clone().or(state.etag.take());
            state.last_modified = answer.last_modified.clone().or(state.last_modified.take());
        }
        // Kept, they would earn a 304 for ever, and the document would never be seen.
        Polled::Unreadable { .. } => {
            state.etag = None;
            state.last_modified = None;
        }
        Polled::Refused { .. } | Polled::Unreached(_) => {}
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use super::*;

    const PACE: Pace = Pace { interval: Duration::from_secs(600), floor: Duration::from_secs(60) };

    fn now() -> Timestamp {
        "2026-11-23T12:00:00Z".parse().unwrap()
    }

    fn told(status: u16, etag: Option<&str>, last_modified: Option<&str>) -> Told {
        Told {
            status,
            etag: etag.map(Into::into),
            last_modified: last_modified.map(Into::into),
            wishes: Wishes::default(),
        }
    }

    fn read(answer: Told) -> Polled {
        Polled::Read { answer, stories: Vec::new(), known: Arc::default(), repairs: vec!["bare-ampersand".into()] }
    }

    fn after(before: &FeedState, polled: &Polled) -> FeedState {
        settle(before, polled, PACE, now(), 0.0, false)
    }

    fn known() -> FeedState {
        after(&FeedState::new("Paper".into(), "u".into()), &read(told(200, Some("W/\"a\""), Some("yesterday"))))
    }

    #[test]
    fn rule_2_validators_are_kept_verbatim() {
        let state = known();
        assert_eq!((state.etag.as_deref(), state.last_modified.as_deref()), (Some("W/\"a\""), Some("yesterday")));
        assert_eq!((state.failures, state.trouble, state.repairs.len()), (0, None, 1));
    }

    #[test]
    fn rule_3_and_6_validators_are_replaced_or_cleared_by_each_answer() {
        let not_modified = |etag| after(&known(), &Polled::NotModified { answer: told(304, etag, None) });
        assert_eq!(not_modified(Some("\"b\"")).etag.as_deref(), Some("\"b\""));
        assert_eq!(not_modified(None).etag.as_deref(), Some("W/\"a\""));
        assert_eq!(not_modified(None).not_modified, 1);
        let bare = after(&known(), &read(told(200, None, None)));
        assert_eq!((bare.etag, bare.last_modified), (None, None));
    }

    #[test]
    fn rule_4_the_same_body_still_brings_its_new_validators() {
        let state = after(&known(), &Polled::Same { answer: told(200, Some("\"c\""), None) });
        assert_eq!((state.etag.as_deref(), state.last_modified), (Some("\"c\""), None));
        assert_eq!(state.repairs.len(), 1);
    }

    #[test]
    fn rule_5_validators_of_what_could_not_be_read_are_dropped() {
        let polled = Polled::Unreadable { answer: told(200, Some("\"x\""), None), why: Unreadable::WebPage };
        let state = after(&known(), &polled);
        assert_eq!((state.etag, state.last_modified, state.failures), (None, None, 1));
        assert_eq!(state.trouble.as_deref(), Some("it is a web page, not a feed"));
    }

    #[test]
    fn rule_16_each_status_has_its_sentence_and_its_patience() {
        for (status, sentence, minutes) in [
            (401, "wants a login; see its entry in the config (401)", Some(1440)),
            (403, "refused (403)", Some(60)),
            (404, "not found; its address may have changed (404)", Some(10)),
            (410, "gone for good; it is not asked any more (410)", None),
            (429, "asked for patience (429)", Some(15)),
            (500, "server error (500)", Some(10)),
            (503, "out of service for now (503)", Some(15)),
            (418, "unexpected answer (418)", Some(10)),
        ] {
            let state = after(&known(), &Polled::Refused { answer: told(status, None, None), guard: None });
            assert_eq!(state.trouble.as_deref(), Some(sentence));
            let next = minutes.map_or(FeedState::STOPPED, |minutes| now() + jiff::SignedDuration::from_mins(minutes));
            assert_eq!(state.next_check, Some(next), "{status}");
            assert_eq!((state.status, state.failures), (Some(status), 1));
            assert_eq!(state.etag.as_deref(), Some("W/\"a\""), "the last good document is still the last good one");
        }
    }

    #[test]
    fn rule_17_a_network_that_is_down_counts_against_no_feed() {
        let state = settle(&known(), &Polled::Unreached(Trouble::Name), PACE, now(), 0.0, true);
        assert_eq!((state.failures, state.trouble.as_deref()), (0, Some("the network seems to be down")));
        let state = settle(&known(), &Polled::Unreached(Trouble::Broken), PACE, now(), 0.0, true);
        assert_eq!((state.failures, state.trouble.as_deref()), (1, Some("the answer broke off")));
    }
}
