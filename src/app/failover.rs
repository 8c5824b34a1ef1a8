//! When the price of a symbol comes from another source than before, and why.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use super::health::Health;
use crate::domain::Name;
use crate::domain::price::{Capability, Delivery, Failure, Outcome, Quote, Refusal};
use crate::event::move_back;

/// How many are remembered.
const KEPT: usize = 20;

/// One change of source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failover {
    pub at: Timestamp,
    pub symbol: Name,
    pub from: Name,
    pub to: Name,
    /// What was wrong with the source it comes from no more; None when nothing was: a better one is back.
    pub why: Option<Wrong>,
}

impl Failover {
    /// The change that a new price is, beside the one held.
    pub fn between(held: Option<&Quote>, new: &Quote, health: &Health) -> Option<Failover> {
        let live = |quote: &&Quote| !matches!(quote.delivery, Delivery::Stored | Delivery::Replayed(_));
        let held = held.filter(live).filter(|held| held.source != new.source)?;
        Some(Failover {
            at: new.received_time,
            symbol: new.symbol.clone(),
            from: held.source.clone(),
            to: new.source.clone(),
            why: wrong(held, new.received_time, health),
        })
    }

    /// One plain sentence without its full stop.
    pub fn words(&self) -> String {
        let why = match &self.why {
            Some(Wrong::Refused(refusal)) => format!(": it refuses us ({refusal})"),
            Some(Wrong::Failed(failure)) => format!(": {}", failure.clause()),
            None => String::new(),
        };
        format!("{} comes from {} now, no more from {}{why}", self.symbol, self.to, self.from)
    }
}

/// What is wrong with the source of a price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    Refused(Refusal),
    Failed(Failure),
}

/// What is wrong with the source of a price, as far as it concerns that price.
fn wrong(held: &Quote, now: Timestamp, health: &Health) -> Option<Wrong> {
    let routes = [Capability::Socket, Capability::Quote];
    let mut reports = routes.into_iter().filter_map(|by| health.trouble(&held.symbol, &held.source, by, now));
    reports.find_map(|report| match &report.outcome {
        Outcome::Blocked { refusal, .. } => Some(Wrong::Refused(refusal.clone())),
        Outcome::Failed(failure) => Some(Wrong::Failed(failure.clone())),
        Outcome::Well => None,
    })
}

/// The latest changes, the newest first.
#[derive(Debug, Default)]
pub struct Failovers(VecDeque<Failover>);

impl Failovers {
    /// The clock was set back.
    pub(super) fn set_back(&mut self, by: SignedDuration) {
        move_back(self.0.iter_mut().map(|handover| &mut handover.at), by);
    }

    pub fn note(&mut self, handover: Failover) {
        self.0.push_front(handover);
        self.0.truncate(KEPT);
    }

    /// Does the price of a symbol come from another source because of trouble, as last reported?
    pub fn is_away(&self, symbol: &Name) -> bool {
        self.0.iter().find(|handover| handover.symbol == *symbol).is_some_and(|handover| handover.why.is_some())
    }

    pub fn iter(&self) -> impl Iterator<Item = &Failover> {
        self.0.iter()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::app::samples::{minute, quote, report};
    use crate::domain::price::{FailureCause, Lack, ReadError, SourceReport};

    fn yahoo(cause: FailureCause) -> Failure {
        Failure::new("Yahoo Finance", cause)
    }

    fn from(source: &str, delivery: Delivery) -> Quote {
        Quote { source: source.into(), delivery, ..quote("NVDA", 180.0, minute(0)) }
    }

    #[test]
    fn a_price_that_comes_from_elsewhere_is_told_with_its_reason() {
        let mut health = Health::default();
        let held = from("yahoo", Delivery::Pushed);
        let reason = |held: &Quote, new: &str, health: &Health| {
            Failover::between(Some(held), &from(new, Delivery::Pushed), health).map(|handover| handover.words())
        };
        assert_eq!(reason(&held, "yahoo", &health), None);
        assert_eq!(reason(&from("yahoo", Delivery::Stored), "cnbc", &health), None, "what was stored is nobody's now");
        assert_eq!(reason(&held, "cnbc", &health).unwrap(), "NVDA comes from cnbc now, no more from yahoo");
        health.take_source(report(
            "yahoo",
            Capability::Quote,
            minute(0),
            Outcome::Blocked { refusal: Refusal::by_status("yahoo", 429), until: minute(30) },
        ));
        let words = "NVDA comes from cnbc now, no more from yahoo: it refuses us (yahoo 429)";
        assert_eq!(reason(&held, "cnbc", &health).unwrap(), words);
        health.take_source(report(
            "yahoo",
            Capability::Quote,
            minute(0),
            Outcome::Failed(yahoo(FailureCause::QuestionAbout {
                symbols: vec!["NVDA".into()],
                error: ReadError::NoPrice.into(),
            })),
        ));
        let words = "NVDA comes from cnbc now, no more from yahoo: Yahoo Finance, NVDA: it tells no price";
        assert_eq!(reason(&held, "cnbc", &health).unwrap(), words);
        let unknown = Outcome::Failed(yahoo(FailureCause::Lacks { unknown: vec!["QQQ".into()], unpriced: Vec::new() }));
        let of_another = report("yahoo", Capability::Quote, minute(0), unknown);
        let lack = Lack { symbol: "QQQ".into(), failure: yahoo(FailureCause::UnknownSymbol) };
        health.take_source(SourceReport { lacks: vec![lack], ..of_another });
        let words = "NVDA comes from cnbc now, no more from yahoo";
        assert_eq!(reason(&held, "cnbc", &health).unwrap(), words, "what another symbol lacks is no reason");
    }

    #[test]
    fn only_the_latest_are_kept() {
        let mut failovers = Failovers::default();
        let one = Failover::between(
            Some(&from("yahoo", Delivery::Pushed)),
            &from("cnbc", Delivery::Pushed),
            &Health::default(),
        );
        for at in 0..50 {
            failovers.note(Failover { at: minute(at), ..one.clone().unwrap() });
        }
        assert_eq!((failovers.iter().count(), failovers.iter().next().unwrap().at), (KEPT, minute(49)));
    }
}
