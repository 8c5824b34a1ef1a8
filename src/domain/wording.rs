//! What people read of outcomes, on the screen, in the log and from the commands: here alone is it put into words. Why a
//! single request or document failed stands with its error ([`super::http_error`], [`super::price::QuestionError`] …).

use std::fmt;
use std::time::Duration;

use super::Name;
use super::feed::{Attempt, CooledBy, MoveNews, NotByHand, PollResult, PollSchedule, Trouble, WaitReason};
use super::price::{Failure, FailureCause, Refusal, RefusalSign};

/// How many symbols a sentence names.
const NAMED: usize = 3;

/// `yahoo 429`
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.source)?;
        match self.sign {
            RefusalSign::Status(status) => write!(f, "{status}"),
            RefusalSign::Limit => f.write_str("limit"),
            RefusalSign::WebPage => f.write_str("web page"),
        }
    }
}

/// One plain sentence.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.", self.clause())
    }
}

impl Failure {
    /// The sentence without its full stop, to be part of another.
    pub fn clause(&self) -> String {
        let title = &self.title;
        match &self.cause {
            FailureCause::UnknownSymbol => format!("{title} knows no such symbol"),
            FailureCause::NoPrice => format!("{title} tells no price"),
            FailureCause::Lacks { unknown, unpriced } => match (unknown.as_slice(), unpriced.as_slice()) {
                (unknown, []) => format!("{title} does not know {}", names(unknown)),
                ([], unpriced) => format!("{title} tells no price of {}", names(unpriced)),
                (unknown, unpriced) => {
                    format!("{title} does not know {} and tells no price of {}", names(unknown), names(unpriced))
                }
            },
            FailureCause::Question(error) => format!("{title}: {error}"),
            FailureCause::QuestionAbout { symbols, error } => format!("{title}, {}: {error}", names(symbols)),
            FailureCause::Socket(error) => format!("{title}, prices as they trade: {error}"),
            FailureCause::Subscription(said) => {
                format!("{title} refuses a subscription: {}", said.trim_end_matches('.'))
            }
        }
    }
}

/// The first few names: `NVDA, AMD, AAPL and 17 more`.
fn names(symbols: &[Name]) -> String {
    let shown = symbols.iter().take(NAMED).map(|name| &**name).collect::<Vec<_>>().join(", ");
    match symbols.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// What is wrong: a clause to follow the feed's name and a colon.
impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Unreached(error) => write!(f, "{error}"),
            Trouble::Cut { error, entries: 1 } => write!(f, "{error}; what came was read: one entry"),
            Trouble::Cut { error, entries } => write!(f, "{error}; what came was read: {entries} entries"),
            Trouble::Unreadable(why) => write!(f, "{why}"),
            Trouble::Guarded { guard, status } => {
                write!(f, "blocked by {guard}, which wants to see a browser ({status})")
            }
            Trouble::TooOften(status) => write!(f, "refused: asked too often ({status})"),
            Trouble::Status(status) => write!(f, "{} ({status})", status_words(*status)),
            Trouble::Offline => f.write_str("the network seems to be down"),
            Trouble::Cooling(CooledBy::Unknown) => f.write_str("waits: its site asked for patience"),
            Trouble::Cooling(CooledBy::Article) => {
                f.write_str("waits: its site asked for patience when an article was read")
            }
            Trouble::Cooling(CooledBy::Feed(feed)) => {
                write!(f, "waits: its site asked for patience when {feed} was read")
            }
            Trouble::LeftAlone => f.write_str("not asked, since its site asked for patience"),
            Trouble::Other(words) => f.write_str(words),
        }
    }
}

/// What a status means for a feed.
fn status_words(status: u16) -> &'static str {
    match status {
        304 => "says that nothing is new, though it was never read",
        301..=308 => "redirected to nowhere",
        401 => "wants a login; set or correct 'login' in its entry in the config",
        402 => "wants to be paid; 'login' or 'headers' in its entry in the config may open it",
        403 => "refused",
        404 => "not found; its address may have changed",
        407 => "its proxy wants a login; set it in 'proxy' in its entry in the config",
        410 => "gone for good; it is not asked any more",
        429 => "asked for patience",
        451 => "refused for legal reasons",
        503 => "out of service for now",
        500..=599 => "server error",
        _ => "unexpected answer",
    }
}

/// What came of one request: a clause.
impl fmt::Display for PollResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PollResult::Read { entries: 1, killed: 0 } => f.write_str("1 entry"),
            PollResult::Read { entries, killed: 0 } => write!(f, "{entries} entries"),
            PollResult::Read { entries, killed } => write!(f, "{entries} entries, {killed} of them killed"),
            PollResult::Same => f.write_str("the same document"),
            PollResult::NotModified => f.write_str("unchanged"),
            PollResult::Failed(trouble) => write!(f, "{trouble}"),
            PollResult::Other(words) => f.write_str(words),
        }
    }
}

impl fmt::Display for MoveNews {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MoveNews::Announced { times, needed } => write!(f, "moved for good ({times} of {needed} times)"),
            MoveNews::Learned { host } => {
                write!(f, "moved for good: from now on asked at its new address at {host}")
            }
        }
    }
}

impl Attempt {
    /// What came of it, in a clause, with what it said about a move.
    pub fn clause(&self) -> String {
        match &self.moved {
            Some(moved) => format!("{}; {moved}", self.result),
            None => self.result.to_string(),
        }
    }
}

/// Why a feed waits: a clause.
impl fmt::Display for WaitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WaitReason::Interval(time) => write!(f, "asked every {}", spoken(*time)),
            WaitReason::Own(time) => write!(f, "asked every {}, as its interval in the config says", spoken(*time)),
            WaitReason::Unwelcome(time) => {
                write!(f, "asked every {}: its server names no shorter time", spoken(*time))
            }
            WaitReason::Seldom(gap) => write!(f, "it publishes about every {}", spoken(*gap)),
            WaitReason::Silent(days) => write!(f, "it has published nothing for {days} days"),
            WaitReason::MaxAge(time) => write!(f, "its server asks for {} (max-age)", spoken(*time)),
            WaitReason::Ttl(time) => write!(f, "the feed asks for {} (ttl)", spoken(*time)),
            WaitReason::RetryAfter(time) => write!(f, "its site asked for {} of patience (Retry-After)", spoken(*time)),
            WaitReason::RateLimited(Some(status)) => write!(f, "its site asked for patience ({status})"),
            WaitReason::RateLimited(None) => f.write_str("its site asked for patience"),
            WaitReason::Refused(1) => f.write_str("its site refused; asked again after a while"),
            WaitReason::Refused(times) => write!(f, "its site refused {times} times in a row"),
            WaitReason::Locked => f.write_str("its settings must change first; asked again once a day"),
            WaitReason::Failures(1) => f.write_str("it failed once"),
            WaitReason::Failures(times) => write!(f, "backs off after {times} failures"),
            WaitReason::Offline => f.write_str("the network seems to be down; tried every minute"),
            WaitReason::SkipHours => f.write_str("it asks not to be polled at this hour (skipHours)"),
            WaitReason::SkipDays => f.write_str("it asks not to be polled on this day (skipDays)"),
            WaitReason::Back => f.write_str("its new address fails; its configured one is tried again"),
            WaitReason::Gone => f.write_str("not asked any more: it is gone for good"),
            WaitReason::Twin(twin) => write!(f, "has the same address as {twin}, which is asked for both"),
            WaitReason::Other(words) => f.write_str(words),
        }
    }
}

impl fmt::Display for NotByHand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NotByHand::TooSoon => "not by hand within a minute of the last time",
            NotByHand::Cooling => "till then not even by hand",
        })
    }
}

impl PollSchedule {
    /// Why it waits, and why it could not be asked earlier; None: it does not wait.
    pub fn clause(&self) -> Option<String> {
        let parts = [self.waits_for.as_ref().map(ToString::to_string), self.not_by_hand.map(|why| why.to_string())];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}

/// A span in the one unit that suits it, as `45 s`, `15 min`, `6 h`, `2 days`.
fn spoken(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7200 => format!("{} min", (seconds + 30) / 60),
        seconds @ 7200..172_800 => format!("{} h", (seconds + 1800) / 3600),
        seconds => format!("{} days", (seconds + 43_200) / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::super::price::{QuestionError, ReadError, SocketError};
    use super::*;

    #[test]
    fn what_price_sources_do_not_bring_is_a_sentence() {
        let symbols = |names: &[&str]| names.iter().map(|name| Name::from(*name)).collect::<Vec<_>>();
        for (cause, expected) in [
            (FailureCause::UnknownSymbol, "Cboe knows no such symbol."),
            (FailureCause::NoPrice, "Cboe tells no price."),
            (
                FailureCause::Lacks { unknown: symbols(&["A", "B", "C", "D"]), unpriced: symbols(&["E"]) },
                "Cboe does not know A, B, C and 1 more and tells no price of E.",
            ),
            (FailureCause::Lacks { unknown: symbols(&["A"]), unpriced: Vec::new() }, "Cboe does not know A."),
            (FailureCause::Lacks { unknown: Vec::new(), unpriced: symbols(&["E"]) }, "Cboe tells no price of E."),
            (FailureCause::Question(QuestionError::Status(503)), "Cboe: it answered 503."),
            (
                FailureCause::QuestionAbout { symbols: symbols(&["A"]), error: ReadError::NoPrice.into() },
                "Cboe, A: it tells no price.",
            ),
            (
                FailureCause::Socket(SocketError::ClosedWith(1012)),
                "Cboe, prices as they trade: it closed the connection (1012).",
            ),
            (FailureCause::Subscription("Not now.".into()), "Cboe refuses a subscription: Not now."),
        ] {
            assert_eq!(Failure::new("Cboe", cause).to_string(), expected);
        }
    }

    #[test]
    fn a_refusal_is_named_by_its_source_and_its_sign() {
        let refusal = |sign| Refusal { source: "yahoo".into(), sign }.to_string();
        assert_eq!(
            [RefusalSign::Status(429), RefusalSign::Limit, RefusalSign::WebPage].map(refusal),
            ["yahoo 429", "yahoo limit", "yahoo web page"]
        );
    }
}
