//! What people read of outcomes, on the screen, in the log and from the commands: here alone is it put into words. Why a
//! single request or document failed stands with its error ([`super::http_error`], [`super::price::QuestionError`] …).

use std::fmt;

use super::Name;
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
