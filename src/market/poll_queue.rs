//! What a poller has to ask and when: prices, the chart on screen, and the history that reactions need. All of it in the
//! order of the watchlist.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

use jiff::{SignedDuration, Timestamp};

use super::Source;
use super::backoff::later;
use super::chain::Wanted;
use super::pace::{Pace, Priority};
use crate::domain::Name;
use crate::domain::price::{Capability, Span};
use crate::event::move_back;

/// The spans that every symbol has, shown or not: what happens is read from the day, what is usual from the days before.
pub(super) const ALWAYS_WANTED: &[Span] = &[Span::Day, Span::FiveDays];
/// What would be due within this goes into a question that is put anyway.
const SOON: SignedDuration = SignedDuration::from_secs(30);
/// History that is not on screen waits for prices and the chart.
const HISTORY_AFTER: SignedDuration = SignedDuration::from_secs(1);

/// A chart is asked for when it has been on screen for so long.
const LOOKED_AT: SignedDuration = SignedDuration::from_millis(150);

/// Things with the times at which they are due, in an order of their own.
#[derive(Debug)]
struct Schedule<T> {
    order: Vec<T>,
    due: HashMap<T, Timestamp>,
}

impl<T> Default for Schedule<T> {
    fn default() -> Schedule<T> {
        Schedule { order: Vec::new(), due: HashMap::new() }
    }
}

impl<T: Clone + Eq + Hash> Schedule<T> {
    /// Takes up another list. What is new in it is due when `first` says; what is asked for no longer is forgotten once
    /// `keeps` does not want its time remembered.
    fn follow(&mut self, order: Vec<T>, first: impl Fn(&T) -> Timestamp, keeps: impl Fn(&T) -> bool) {
        self.order = order;
        for what in &self.order {
            self.due.entry(what.clone()).or_insert_with(|| first(what));
        }
        let order = &self.order;
        self.due.retain(|what, _| keeps(what) || order.contains(what));
    }

    fn set(&mut self, what: &T, at: Timestamp) {
        if let Some(due) = self.due.get_mut(what) {
            *due = at;
        }
    }

    fn hasten(&mut self, what: &T, at: Timestamp) {
        if let Some(due) = self.due.get_mut(what) {
            *due = at.min(*due);
        }
    }

    fn set_back(&mut self, by: SignedDuration) {
        move_back(self.due.values_mut(), by);
    }

    fn at(&self, what: &T) -> Option<Timestamp> {
        self.due.get(what).copied()
    }

    /// All of them in their order, each with when it is due.
    fn items(&self) -> impl Iterator<Item = (Timestamp, &T)> {
        self.order.iter().filter_map(|what| Some((self.at(what)?, what)))
    }
}

/// What is due when.
#[derive(Debug, Default)]
pub(super) struct PollQueue {
    prices: Schedule<Wanted>,
    along: Vec<Wanted>,
    /// Candles, a symbol a question: those on screen, and of sources without closes all others.
    charts: Schedule<(Wanted, Span)>,
    /// Closes of many symbols in one question.
    closes: Schedule<(Wanted, Span)>,
    /// The chart on screen, and from when on it is asked for: who steps through the watchlist looks at none for long.
    shown: Option<(Name, Span)>,
    shown_from: Option<Timestamp>,
    /// All symbols are compared over this span.
    compared: Option<Span>,
    /// Symbols that are asked for in groups of at most so many: a larger group was refused because of one of them.
    limits: HashMap<Wanted, usize>,
    /// The prices that a fallen socket left are urgent.
    urgent: bool,
    /// Questions that failed in a row.
    pub(super) failures: u32,
}

/// A question to be put.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Job {
    Prices(Vec<Wanted>),
    /// Closes of several symbols over one span.
    Closes(Vec<Wanted>, Span),
    Chart(Wanted, Span),
}

/// What a source wants to be asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Wants {
    /// Prices that it has to bring.
    pub(super) prices: Vec<Wanted>,
    /// Those that go along where a question has room: nobody has brought them a price yet.
    pub(super) along: Vec<Wanted>,
    /// Symbols whose history it has to bring …
    pub(super) history: Vec<Wanted>,
    /// … over these spans, be they shown or not.
    pub(super) spans: &'static [Span],
}

impl PollQueue {
    /// Takes up what is newly wanted, and drops what is no longer. A price is asked for the first time when `first` says.
    pub(super) fn follow(
        &mut self,
        source: &Source,
        wants: Wants,
        first: impl Fn(&Wanted) -> Timestamp,
        now: Timestamp,
    ) {
        let Wants { prices, along, history, spans } = wants;
        self.prices.follow(prices, first, |_| false);
        self.along = along;
        self.follow_history(source, &history, spans, now);
    }

    fn follow_history(&mut self, source: &Source, history: &[Wanted], spans: &[Span], now: Timestamp) {
        let has_closes = source.closes.is_some();
        let of_all = |spans: &[Span]| -> Vec<(Wanted, Span)> {
            spans.iter().flat_map(|span| history.iter().map(|wanted| (wanted.clone(), *span))).collect()
        };
        let mut spans = spans.to_vec();
        spans.extend(self.compared.filter(|span| !spans.contains(span)));
        let mut charts = Vec::new();
        if let (Some((symbol, span)), true) = (&self.shown, source.candles.is_some()) {
            charts.extend(history.iter().find(|wanted| wanted.symbol == *symbol).map(|wanted| (wanted.clone(), *span)));
        }
        let shown = charts.clone();
        if !has_closes {
            charts.extend(of_all(&spans).into_iter().filter(|chart| !shown.contains(chart)));
        }
        let first = |(_, span): &(Wanted, Span)| if *span == Span::Day { now } else { later(now, HISTORY_AFTER) };
        let first_chart = |chart: &(Wanted, Span)| if shown.contains(chart) { now } else { later(now, HISTORY_AFTER) };
        self.charts.follow(charts, first_chart, |(wanted, _)| history.contains(wanted));
        let closes = if has_closes { of_all(&spans) } else { Vec::new() };
        self.closes.follow(closes, first, |_| false);
    }

    /// The screen shows this chart now.
    pub(super) fn show(&mut self, shown: Option<(Name, Span)>, now: Timestamp) {
        self.shown_from = self.shown.as_ref().map(|_| later(now, LOOKED_AT));
        self.shown = shown;
    }

    /// Is this question one about what is on screen?
    pub(super) fn is_shown(&self, job: &Job) -> bool {
        matches!((job, &self.shown), (Job::Chart(wanted, span), Some((symbol, of))) if wanted.symbol == *symbol && span == of)
    }

    /// All symbols are to be compared over a span.
    pub(super) fn compare(&mut self, span: Span) {
        self.compared = Some(span);
    }

    /// A socket brings these prices no more: whether the source still answers is to be known at once.
    pub(super) fn alarm(&mut self, symbols: &BTreeSet<Name>, now: Timestamp) {
        let fallen = self.prices.order.iter().filter(|wanted| symbols.contains(&wanted.symbol));
        for wanted in fallen.cloned().collect::<Vec<_>>() {
            self.prices.hasten(&wanted, now);
            self.urgent = true;
        }
    }

    /// Everything that is looked at is due now; spacing and refusals still hold.
    pub(super) fn hurry(&mut self, now: Timestamp) {
        for wanted in self.prices.order.clone() {
            self.prices.hasten(&wanted, now);
        }
        let shown = |chart: &&(Wanted, Span)| self.is_shown(&Job::Chart(chart.0.clone(), chart.1));
        if let Some(chart) = self.charts.order.iter().find(shown).cloned() {
            self.charts.hasten(&chart, now);
        }
    }

    /// The clock was set back.
    pub(super) fn set_back(&mut self, by: SignedDuration) {
        self.prices.set_back(by);
        self.charts.set_back(by);
        self.closes.set_back(by);
        move_back(&mut self.shown_from, by);
    }

    /// The next question and when it may be put.
    pub(super) fn next(&self, source: &Source, pace: &Pace, now: Timestamp) -> Option<(Timestamp, Job)> {
        let jobs = [self.next_chart(now), self.next_prices(source, now), self.next_closes(source, now)];
        let allowed = jobs.into_iter().flatten().map(|(due, job)| {
            let priority = self.priority(&job);
            (pace.earliest(priority, now).max(due), priority, job)
        });
        allowed.min_by_key(|(at, priority, _)| (*at, *priority)).map(|(at, _, job)| (at, job))
    }

    fn priority(&self, job: &Job) -> Priority {
        match job {
            Job::Prices(_) if self.urgent => Priority::Shown,
            Job::Prices(_) => Priority::Price,
            Job::Chart(..) if self.is_shown(job) => Priority::Shown,
            Job::Chart(..) | Job::Closes(..) => Priority::History,
        }
    }

    fn next_chart(&self, now: Timestamp) -> Option<(Timestamp, Job)> {
        let at = |due: Timestamp, chart: &(Wanted, Span)| {
            let due = due.max(now);
            if self.shows(&chart.0.symbol, chart.1) { due.max(self.shown_from.unwrap_or(due)) } else { due }
        };
        let (at, (wanted, span)) =
            self.charts.items().map(|(due, chart)| (at(due, chart), chart)).min_by_key(|(at, _)| *at)?;
        Some((at, Job::Chart(wanted.clone(), *span)))
    }

    /// Prices, and the closes of the day where they come with them.
    fn next_prices(&self, source: &Source, now: Timestamp) -> Option<(Timestamp, Job)> {
        let poll = source.poll.as_ref()?;
        let mut wanted: Vec<(Timestamp, &Wanted)> = Vec::new();
        if source.closes.as_ref().is_some_and(|closes| closes.come_with_prices) {
            let of_day = self.closes.items().filter(|(_, (_, span))| *span == Span::Day);
            wanted.extend(of_day.map(|(at, (one, _))| (self.prices.at(one).map_or(at, |own| own.min(at)), one)));
        }
        let others = self.prices.items().filter(|(_, one)| wanted.iter().all(|(_, other)| other != one));
        let others: Vec<_> = others.collect();
        wanted.extend(others);
        let (due, mut group) = self.group(&wanted, poll.together, now)?;
        let is_whole = group.iter().all(|one| !self.limits.contains_key(one));
        let along = self.along.iter().filter(|one| is_whole && !group.contains(one) && !self.limits.contains_key(one));
        let room = poll.together.saturating_sub(group.len());
        let along: Vec<Wanted> = along.take(room).cloned().collect();
        group.extend(along);
        Some((due, Job::Prices(group)))
    }

    fn next_closes(&self, source: &Source, now: Timestamp) -> Option<(Timestamp, Job)> {
        let closes = source.closes.as_ref()?;
        let asked = |span: &Span| !(closes.come_with_prices && *span == Span::Day);
        let (_, (_, span)) = self.closes.items().filter(|(_, (_, span))| asked(span)).min_by_key(|(at, _)| *at)?;
        let of_span = self.closes.items().filter(|(_, (_, of))| of == span);
        let wanted: Vec<_> = of_span.map(|(at, (one, _))| (at, one)).collect();
        let (due, group) = self.group(&wanted, closes.together, now)?;
        Some((due, Job::Closes(group, *span)))
    }

    /// Those that go into one question: what is due, in its order; and where there is room what will be soon, so that one
    /// question serves what several would.
    fn group(
        &self,
        wanted: &[(Timestamp, &Wanted)],
        together: usize,
        now: Timestamp,
    ) -> Option<(Timestamp, Vec<Wanted>)> {
        let due = wanted.iter().map(|(at, _)| (*at).max(now)).min()?;
        let first = wanted.iter().find(|(at, _)| *at <= due)?.1;
        let limit = |one: &Wanted| self.limits.get(one).copied().unwrap_or(together).clamp(1, together.max(1));
        let most = limit(first);
        let alike = || wanted.iter().filter(|(_, one)| limit(one) == most);
        let ready = alike().filter(|(at, _)| *at <= due);
        let soon = later(due, SOON);
        let rest = alike().filter(|(at, _)| due < *at && *at <= soon);
        let chosen: Vec<&Wanted> = ready.chain(rest).map(|(_, one)| *one).take(most).collect();
        let in_order = wanted.iter().map(|(_, one)| *one).filter(|one| chosen.contains(one));
        Some((due, in_order.cloned().collect()))
    }

    /// The symbols whose prices are due, and since when, in the order in which they are asked for.
    pub(super) fn due_prices(&self, source: &Source, now: Timestamp) -> Vec<(Timestamp, Name)> {
        let with_closes = source.closes.as_ref().is_some_and(|closes| closes.come_with_prices);
        let of_day = self.closes.items().filter(|(_, (_, span))| with_closes && *span == Span::Day);
        let of_day = of_day.map(|(at, (wanted, _))| (at, wanted));
        let due = self.prices.items().chain(of_day).filter(|(at, _)| *at <= now);
        let mut symbols: Vec<(Timestamp, Name)> = Vec::new();
        for (at, wanted) in due {
            if symbols.iter().all(|(_, symbol)| *symbol != wanted.symbol) {
                symbols.push((at, wanted.symbol.clone()));
            }
        }
        symbols
    }

    /// A group was refused as a whole: each of it is asked for in a smaller one, at once. False when it was one alone.
    pub(super) fn split(&mut self, job: &Job, now: Timestamp) -> bool {
        let group = symbols_of(job);
        if group.len() < 2 {
            return false;
        }
        for wanted in group {
            self.limits.insert(wanted.clone(), group.len().div_ceil(2));
        }
        self.delay(job, now);
        true
    }

    /// Symbols that a question brought may go with all others again.
    pub(super) fn join<'a>(&mut self, brought: impl IntoIterator<Item = &'a Wanted>) {
        for wanted in brought {
            self.limits.remove(wanted);
        }
    }

    /// The question is due again then.
    pub(super) fn delay(&mut self, job: &Job, until: Timestamp) {
        match job {
            Job::Prices(group) => {
                self.urgent = false;
                group.iter().for_each(|wanted| self.prices.set(wanted, until));
                // Where closes come with prices, a question that brought none is due for both.
                group.iter().for_each(|wanted| self.closes.set(&(wanted.clone(), Span::Day), until));
            }
            Job::Closes(group, span) => {
                group.iter().for_each(|wanted| self.closes.set(&(wanted.clone(), *span), until));
            }
            Job::Chart(wanted, span) => self.charts.set(&(wanted.clone(), *span), until),
        }
    }

    /// The closes of the day came with a price.
    pub(super) fn delay_closes(&mut self, wanted: &Wanted, span: Span, until: Timestamp) {
        self.closes.set(&(wanted.clone(), span), until);
    }

    /// Nothing of a kind is asked for before a time: the source fails at it.
    pub(super) fn rest(&mut self, kind: Capability, until: Timestamp) {
        let later = |due: &mut Timestamp| *due = until.max(*due);
        match kind {
            Capability::Candles => {
                self.charts.due.values_mut().for_each(later);
                self.closes.due.iter_mut().filter(|((_, span), _)| *span != Span::Day).for_each(|(_, due)| later(due));
            }
            Capability::Quote | Capability::Socket => {
                self.prices.due.values_mut().for_each(later);
                self.closes.due.iter_mut().filter(|((_, span), _)| *span == Span::Day).for_each(|(_, due)| later(due));
            }
        }
    }

    /// Is the chart of this symbol and span on screen?
    pub(super) fn shows(&self, symbol: &Name, span: Span) -> bool {
        self.shown.as_ref().is_some_and(|(of, over)| of == symbol && *over == span)
    }

    /// Begins anew, at another address: what is shown is still shown.
    pub(super) fn reset(&mut self) {
        let (shown, compared) = (self.shown.take(), self.compared);
        *self = PollQueue { shown, compared, ..PollQueue::default() };
    }
}

/// What a question is asked for.
pub(super) fn capability(job: &Job) -> Capability {
    match job {
        Job::Prices(_) => Capability::Quote,
        Job::Closes(..) | Job::Chart(..) => Capability::Candles,
    }
}

/// The symbols that a question is about.
pub(super) fn symbols_of(job: &Job) -> &[Wanted] {
    match job {
        Job::Prices(wanted) | Job::Closes(wanted, _) => wanted,
        Job::Chart(wanted, _) => std::slice::from_ref(wanted),
    }
}

/// The symbols whose prices a question is about.
pub(super) fn prices_of(job: &Job) -> &[Wanted] {
    match job {
        Job::Prices(wanted) => wanted,
        Job::Closes(..) | Job::Chart(..) => &[],
    }
}

pub(super) fn spelled(wanted: &[Wanted]) -> Vec<String> {
    wanted.iter().map(|wanted| wanted.spelled.clone()).collect()
}
