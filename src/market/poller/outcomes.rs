//! What comes of a question for what is asked next: when each thing is due again, and what the others hear of it.

use std::time::Duration;

use jiff::Timestamp;

use super::super::backoff::{FORBIDDEN_WAIT, due, lacks, later, retry, signed};
use super::super::chain::Wanted;
use super::super::poll_queue::{Job, capability, prices_of, spelled, symbols_of};
use super::super::source_health::{Downtime, SETTLES};
use super::super::{Closed, Moment};
use super::reading::Missing;
use super::{FailedQuestion, Fetch, Poller, UNKNOWN_AGAIN};
use crate::domain::Name;
use crate::domain::price::{
    Capability, Failure, FailureCause, Outcome, QuestionError, ReadError, Refusal, RefusalSign, Session, SourceReport,
    Span,
};
use crate::event::Event;

/// History that could not be had is asked for again after this.
const CHART_AGAIN: Duration = Duration::from_mins(1);

impl<F: Fetch> Poller<F> {
    pub(super) async fn well(&mut self, job: &Job, missing: Missing, now: Timestamp) -> Result<(), Closed> {
        self.queue.failures = 0;
        let due = match job {
            Job::Prices(wanted) => wanted.iter().map(|wanted| self.price_due(&wanted.symbol, now)).min().unwrap_or(now),
            Job::Closes(wanted, span) => {
                wanted.first().map_or(now, |first| self.history_due(&first.symbol, *span, now))
            }
            Job::Chart(wanted, span) => self.history_due(&wanted.symbol, *span, now),
        };
        self.queue.delay(job, due);
        // At one time for all, or the next question would fall into several.
        if let Some(again) = prices_of(job).first().map(|first| self.history_due(&first.symbol, Span::Day, now)) {
            prices_of(job).iter().for_each(|wanted| self.queue.delay_closes(wanted, Span::Day, again));
        }
        self.queue.delay(&Job::Prices(missing.unknown), later(now, UNKNOWN_AGAIN));
        let well = self.of(job, Outcome::Well, Some(200), due);
        let Some(failure) = missing.failure else { return self.report(well, true).await };
        // It does well, but for what it lacks.
        self.context.health.tell(&well);
        self.report(SourceReport { outcome: Outcome::Failed(failure), lacks: missing.lacks, ..well }, false).await
    }

    /// The source has no price of some symbols; that says nothing about its other answers.
    pub(super) fn lack<'a>(&self, symbols: impl IntoIterator<Item = &'a Wanted>, time: Downtime) {
        for wanted in symbols {
            self.context.health.lacks(&wanted.symbol, self.context.route(Capability::Quote), time, self.context.now());
        }
    }

    pub(super) async fn misread(&mut self, job: &Job, misread: ReadError, now: Timestamp) -> Result<(), Closed> {
        match misread {
            ReadError::Refused => {
                let until = later(now, signed(self.context.source.refusal_wait));
                self.refused(RefusalSign::Limit, until).await
            }
            ReadError::WebPage => {
                let until = later(now, signed(self.context.source.refusal_wait.max(FORBIDDEN_WAIT)));
                self.refused(RefusalSign::WebPage, until).await
            }
            ReadError::UnknownAmong if self.queue.split(job, now) => Ok(()),
            ReadError::Unknown | ReadError::UnknownAmong if !self.was_priced_before(job) => {
                self.unknown(job, now).await
            }
            ReadError::Unknown | ReadError::UnknownAmong | ReadError::Shape | ReadError::NoPrice => {
                // What it has priced before it knows: then something else is wrong.
                let status = if matches!(misread, ReadError::Unknown | ReadError::UnknownAmong) { 404 } else { 200 };
                let of_symbol = misread == ReadError::NoPrice;
                if of_symbol {
                    self.lack(prices_of(job), Downtime::UntilWell);
                }
                let error = misread.into();
                self.failed(job, FailedQuestion { error, status: Some(status), again: None, of_symbol }, now).await
            }
        }
    }

    /// The source does not know what it was asked about.
    async fn unknown(&mut self, job: &Job, now: Timestamp) -> Result<(), Closed> {
        let until = later(now, UNKNOWN_AGAIN);
        self.queue.delay(job, until);
        self.lack(prices_of(job), Downtime::Until(until));
        let cause = FailureCause::Lacks { unknown: names(job), unpriced: Vec::new() };
        let report = self.of(job, Outcome::Failed(self.failure(cause)), Some(404), until);
        let lacks = lacks(&report.asked, &self.failure(FailureCause::UnknownSymbol));
        self.report(SourceReport { lacks, ..report }, false).await
    }

    fn failure(&self, cause: FailureCause) -> Failure {
        Failure::new(self.context.source.title, cause)
    }

    /// A question that it can't answer: some say so of a symbol that they do not know, or of a group with one in it.
    pub(super) async fn mistaken(&mut self, job: &Job, body: &[u8], now: Timestamp) -> Result<(), Closed> {
        let moment = Moment { now, calendar: &self.context.calendar };
        let source = self.context.source;
        let read = match job {
            Job::Prices(wanted) => {
                source.poll.as_ref().map(|poll| (poll.read)(moment, &spelled(wanted), &[body.to_vec()]).map(drop))
            }
            Job::Closes(..) => source.closes.as_ref().map(|closes| (closes.read)(body).map(drop)),
            Job::Chart(..) => source.candles.as_ref().map(|candles| (candles.read)(body).map(drop)),
        };
        if let Some(Err(misread @ (ReadError::Unknown | ReadError::UnknownAmong | ReadError::Refused))) = read {
            return self.misread(job, misread, now).await;
        }
        if self.queue.split(job, now) {
            return Ok(());
        }
        let of_symbol = symbols_of(job).len() == 1 && !self.priced.is_empty();
        let error = QuestionError::Status(400);
        self.failed(job, FailedQuestion { error, status: Some(400), again: None, of_symbol }, now).await
    }

    /// The source refuses us, whatever we ask it: nothing more until then.
    pub(super) async fn refused(&mut self, sign: RefusalSign, until: Timestamp) -> Result<(), Closed> {
        self.blocked_until = Some(until);
        let refusal = Refusal { source: self.context.source.id.into(), sign };
        let both = [
            self.context.source.poll.is_some().then_some(Capability::Quote),
            self.context.source.candles.as_ref().map(|_| Capability::Candles),
        ];
        for capability in both.into_iter().flatten() {
            let outcome = Outcome::Blocked { refusal: refusal.clone(), until };
            self.report(self.context.report(capability, outcome, sign.status(), Some(until)), true).await?;
        }
        Ok(())
    }

    pub(super) async fn failed(&mut self, job: &Job, failed: FailedQuestion, now: Timestamp) -> Result<(), Closed> {
        self.queue.failures = self.queue.failures.saturating_add(1);
        let wait = retry(self.context.source.spacing, self.queue.failures, (self.context.random)());
        let wait = if capability(job) == Capability::Candles { wait.max(CHART_AGAIN) } else { wait };
        let due = later(now, signed(wait)).max(failed.again.unwrap_or(now));
        self.queue.delay(job, due);
        if !failed.of_symbol {
            // A source that fails is not asked a dozen things at once.
            self.queue.rest(capability(job), due);
            self.pace.exhaust(now);
        }
        // What concerns all that it is asked names none: it may stand beside another symbol.
        let of_all = self.failure(FailureCause::Question(failed.error.clone()));
        let (failure, lacks) = if failed.of_symbol {
            let cause = FailureCause::QuestionAbout { symbols: names(job), error: failed.error };
            (self.failure(cause), lacks(&names(job), &of_all))
        } else {
            (of_all, Vec::new())
        };
        let report = self.of(job, Outcome::Failed(failure), failed.status, due);
        self.report(SourceReport { lacks, ..report }, !failed.of_symbol).await
    }

    /// What came of a question.
    fn of(&self, job: &Job, outcome: Outcome, status: Option<u16>, due: Timestamp) -> SourceReport {
        let report = self.context.report(capability(job), outcome, status, Some(due));
        SourceReport { asked: names(job), ..report }
    }

    async fn report(&self, report: SourceReport, counts: bool) -> Result<(), Closed> {
        if counts {
            self.context.health.tell(&report);
        }
        Ok(self.context.events.send(Event::Source(report)).await?)
    }

    /// When a price that has just come is asked for again.
    fn price_due(&self, symbol: &Name, now: Timestamp) -> Timestamp {
        let every = self.context.poll_interval(symbol, now);
        let due = due(symbol, every, &self.context.calendar, now, (self.context.random)());
        // On probation: as soon as it is trusted again.
        let again = self.context.health_table.borrow().well_again(&self.context.route(Capability::Quote));
        let settles = again.map(|since| later(since, SETTLES)).filter(|at| *at > now);
        settles.map_or(due, |at| due.min(at))
    }

    /// When history that has just come is asked for again: what is on screen soon, what is not only to fill the gaps
    /// that ticks have left.
    fn history_due(&self, symbol: &Name, span: Span, now: Timestamp) -> Timestamp {
        let is_shown = self.queue.shows(symbol, span);
        let every = match (span, self.context.session_of(symbol, now)) {
            (_, Session::Closed) => Duration::from_hours(2),
            (_, Session::Overnight) if self.context.calendar.is_unsure(symbol, now) => Duration::from_hours(2),
            (Span::Hour, _) => Duration::from_mins(1).max(self.context.source.spacing * 3),
            (Span::Day, _) if is_shown => Duration::from_mins(5),
            (Span::Day, _) => Duration::from_mins(15),
            (_, _) if is_shown => Duration::from_mins(15),
            _ => Duration::from_hours(1),
        };
        due(symbol, every, &self.context.calendar, now, (self.context.random)())
    }
}

/// The symbols that a question is about.
fn names(job: &Job) -> Vec<Name> {
    symbols_of(job).iter().map(|wanted| wanted.symbol.clone()).collect()
}
