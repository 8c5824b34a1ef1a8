//! What a poller has to ask and when: prices and charts, each with its time.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::chain::Wanted;
use super::manners::later;
use crate::domain::Name;
use crate::domain::price::{Capability, Span};

/// The spans that every symbol has, shown or not: what happens is read from the day, what is usual from the days before.
const STANDING: [Span; 2] = [Span::Day, Span::FiveDays];

/// What is not shown waits for what is.
const UNSHOWN_AFTER: SignedDuration = SignedDuration::from_secs(60);

/// What is due when.
#[derive(Debug, Default)]
pub(super) struct Diary {
    pub(super) prices: BTreeMap<Wanted, Timestamp>,
    pub(super) charts: BTreeMap<(Wanted, Span), Timestamp>,
    /// The span last asked for of each symbol, beside those that all have.
    pub(super) spans: BTreeMap<Name, Span>,
    /// No question before this.
    pub(super) not_before: Timestamp,
    /// In a row.
    pub(super) failures: u32,
    /// What the source has told a price of, as it spells it.
    pub(super) known: BTreeSet<String>,
}

/// A question to be put.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Job {
    Prices(Vec<Wanted>),
    Chart(Wanted, Span),
}

impl Diary {
    /// Takes up what is newly wanted, due at once, and drops what is no longer.
    pub(super) fn follow(&mut self, prices: Vec<Wanted>, charts: &[Wanted], now: Timestamp) {
        let prices: BTreeSet<Wanted> = prices.into_iter().collect();
        self.prices.retain(|wanted, _| prices.contains(wanted));
        for wanted in prices {
            self.prices.entry(wanted).or_insert(now);
        }
        let shown = |symbol: &Name| self.spans.get(symbol).copied();
        let spans = |symbol: &Name| STANDING.into_iter().chain(shown(symbol));
        let charts: BTreeSet<(Wanted, Span)> =
            charts.iter().flat_map(|wanted| spans(&wanted.symbol).map(|span| (wanted.clone(), span))).collect();
        self.charts.retain(|chart, _| charts.contains(chart));
        for chart in charts {
            let due = if self.is_shown(&chart) || chart.1 == Span::Day { now } else { later(now, UNSHOWN_AFTER) };
            self.charts.entry(chart).or_insert(due);
        }
    }

    /// The screen shows this span of a symbol now.
    pub(super) fn show(&mut self, symbol: Name, span: Span, now: Timestamp) {
        self.spans.insert(symbol.clone(), span);
        let is_it = |(wanted, of): &(Wanted, Span)| wanted.symbol == symbol && *of == span;
        self.charts.iter_mut().filter(|(chart, _)| is_it(chart)).for_each(|(_, due)| *due = (*due).min(now));
    }

    fn is_shown(&self, (wanted, span): &(Wanted, Span)) -> bool {
        self.spans.get(&wanted.symbol) == Some(span)
    }

    /// The next question and when it may be put: prices before charts when both are due.
    pub(super) fn next(&self, now: Timestamp, together: usize) -> Option<(Timestamp, Job)> {
        let price = self.prices.values().min().map(|due| (*due).max(now));
        let chart = self.charts.iter().min_by_key(|(_, due)| **due).map(|(chart, due)| ((*due).max(now), chart));
        let (due, job) = match (price, chart) {
            (Some(due), chart) if chart.is_none_or(|(other, _)| due <= other) => {
                let ready = self.prices.iter().filter(|(_, at)| **at <= due).map(|(wanted, _)| wanted.clone());
                (due, Job::Prices(ready.take(together.max(1)).collect()))
            }
            (_, Some((due, (wanted, span)))) => (due, Job::Chart(wanted.clone(), *span)),
            (_, None) => return None,
        };
        Some((due.max(self.not_before), job))
    }

    /// Everything is due now; spacing and refusals still hold.
    pub(super) fn hurry(&mut self, now: Timestamp) {
        self.prices.values_mut().for_each(|due| *due = (*due).min(now));
        let spans = &self.spans;
        let shown = self.charts.iter_mut().filter(|((wanted, span), _)| spans.get(&wanted.symbol) == Some(span));
        shown.for_each(|(_, due)| *due = (*due).min(now));
    }

    pub(super) fn delay(&mut self, job: &Job, until: Timestamp) {
        match job {
            Job::Prices(wanted) => {
                self.prices.iter_mut().filter(|(of, _)| wanted.contains(of)).for_each(|(_, due)| *due = until);
            }
            Job::Chart(wanted, span) => {
                if let Some(due) = self.charts.get_mut(&(wanted.clone(), *span)) {
                    *due = until;
                }
            }
        }
    }
}

pub(super) fn capability(job: &Job) -> Capability {
    match job {
        Job::Prices(_) => Capability::Quote,
        Job::Chart(..) => Capability::Candles,
    }
}

/// The symbols whose prices a question is about.
pub(super) fn prices_of(job: &Job) -> &[Wanted] {
    match job {
        Job::Prices(wanted) => wanted,
        Job::Chart(..) => &[],
    }
}

/// What a question is about, for a sentence.
pub(super) fn subject(job: &Job) -> String {
    match job {
        Job::Prices(wanted) => wanted.iter().map(|wanted| &*wanted.symbol).collect::<Vec<_>>().join(", "),
        Job::Chart(wanted, _) => wanted.symbol.to_string(),
    }
}

pub(super) fn spelled(wanted: &[Wanted]) -> Vec<String> {
    wanted.iter().map(|wanted| wanted.spelled.clone()).collect()
}
