//! What the answers of a source hold: prices, closes, candles; sent on as they are read.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;

use super::super::backoff::{lacks, later, signed};
use super::super::chain::Wanted;
use super::super::poll_queue::{Job, spelled};
use super::super::source_health::Downtime;
use super::super::{BarsAsk, Candles, Closed, Closes, Moment, Poll, Tick};
use super::{Fetch, Poller, Question, UNKNOWN_AGAIN};
use crate::domain::Name;
use crate::domain::price::{Candle, Capability, Delivery, Failure, FailureCause, Lack, ReadError, Series, Span};
use crate::event::Event;

/// However many bars a source sends, no more are kept.
const MOST_BARS: usize = 2_000;

/// What an answer that has prices lacks of those asked for.
#[derive(Debug, Default)]
pub(super) struct Missing {
    /// It names them; None when nothing is missing.
    pub(super) failure: Option<Failure>,
    /// The same for each of them.
    pub(super) lacks: Vec<Lack>,
    /// Those that the source does not know.
    pub(super) unknown: Vec<Wanted>,
}

impl<F: Fetch> Poller<F> {
    /// Reads an answer and sends what is in it.
    pub(super) async fn read(
        &mut self,
        job: &Job,
        question: Question,
        bodies: &[Vec<u8>],
        now: Timestamp,
    ) -> Result<Result<Missing, ReadError>, Closed> {
        let source = self.context.source;
        let bars = question.bars;
        match (job, &source.poll, &source.closes, &source.candles) {
            (Job::Prices(wanted), Some(poll), closes, _) => {
                let moment = Moment { now, calendar: &self.context.calendar };
                let ticks = match (poll.read)(moment, &spelled(wanted), bodies) {
                    Ok(ticks) => ticks,
                    Err(misread) => return Ok(Err(misread)),
                };
                let missing = self.send_quotes(wanted, ticks, now).await?;
                let missing = self.lacking(poll, missing, bodies, now);
                if let (Some(closes), Some(bars)) = (closes, bars) {
                    // When they can't be read, the prices are there all the same.
                    let _ = self.send_closes(closes, wanted, Span::Day, &bars, bodies).await?;
                }
                Ok(Ok(missing))
            }
            (Job::Closes(wanted, span), _, Some(closes), _) => {
                let bars = bars.unwrap_or_else(BarsAsk::none);
                Ok(self.send_closes(closes, wanted, *span, &bars, bodies).await?.map(|()| Missing::default()))
            }
            (Job::Chart(wanted, span), _, _, Some(candles)) => {
                let bars = bars.unwrap_or_else(BarsAsk::none);
                Ok(self.send_bars(candles, wanted, *span, bars, bodies).await?.map(|()| Missing::default()))
            }
            _ => Ok(Ok(Missing::default())),
        }
    }

    /// Sends the quotes of an answer; returns the symbols that it has no price of.
    async fn send_quotes(&mut self, asked: &[Wanted], ticks: Vec<Tick>, now: Timestamp) -> Result<Vec<Wanted>, Closed> {
        let mut by_name: HashMap<String, Tick> = ticks.into_iter().map(|tick| (tick.spelled.clone(), tick)).collect();
        let mut missing = Vec::new();
        for wanted in asked {
            let Some(tick) = by_name.remove(&wanted.spelled) else {
                missing.push(wanted.clone());
                continue;
            };
            self.priced.insert(wanted.spelled.clone(), now);
            self.queue.join([wanted]);
            let every = self.context.poll_interval(&wanted.symbol, now);
            let delivery = self.context.source.delay.map_or(Delivery::Polled(every), Delivery::Delayed);
            let (quote, is_shown) = self.context.quote(tick, &wanted.symbol, delivery, Capability::Quote);
            if is_shown {
                self.context.events.send(Event::Quote(quote)).await?;
            }
        }
        Ok(missing)
    }

    /// What an answer that has prices lacks of others: to them it is as if they had been asked for alone.
    fn lacking(&self, poll: &Poll, missing: Vec<Wanted>, bodies: &[Vec<u8>], now: Timestamp) -> Missing {
        let moment = Moment { now, calendar: &self.context.calendar };
        let is_unknown = |wanted: &Wanted| {
            let alone = (poll.read)(moment, std::slice::from_ref(&wanted.spelled), bodies);
            alone == Err(ReadError::Unknown) && !self.priced.contains_key(&wanted.spelled)
        };
        let (unknown, silent): (Vec<Wanted>, Vec<Wanted>) = missing.into_iter().partition(is_unknown);
        self.lack(&silent, Downtime::UntilWell);
        self.lack(&unknown, Downtime::Until(later(now, UNKNOWN_AGAIN)));
        let failure = |cause| Failure::new(self.context.source.title, cause);
        let names = |wanted: &[Wanted]| wanted.iter().map(|wanted| wanted.symbol.clone()).collect::<Vec<Name>>();
        let cause = FailureCause::Lacks { unknown: names(&unknown), unpriced: names(&silent) };
        let is_any = !unknown.is_empty() || !silent.is_empty();
        let of = |wanted: &[Wanted], cause| lacks(wanted.iter().map(|wanted| &wanted.symbol), &failure(cause));
        let lacks = [of(&unknown, FailureCause::UnknownSymbol), of(&silent, FailureCause::NoPrice)].concat();
        Missing { failure: is_any.then(|| failure(cause)), lacks, unknown }
    }

    /// Closes of several symbols. The source may leave some out: their charts stay as they are.
    async fn send_closes(
        &self,
        closes: &Closes,
        wanted: &[Wanted],
        span: Span,
        ask: &BarsAsk,
        bodies: &[Vec<u8>],
    ) -> Result<Result<(), ReadError>, Closed> {
        let mut all: HashMap<String, Vec<Candle>> = HashMap::new();
        for body in bodies {
            match (closes.read)(body) {
                Ok(found) => all.extend(found),
                Err(misread) => return Ok(Err(misread)),
            }
        }
        for one in wanted {
            let Some(bars) = all.remove(&one.spelled).filter(|bars| !bars.is_empty()) else { continue };
            let series = Series { closes_only: true, ..self.series(one, ask, bars) };
            self.context.events.send(Event::Series { span, series }).await?;
        }
        Ok(Ok(()))
    }

    async fn send_bars(
        &self,
        candles: &Candles,
        wanted: &Wanted,
        span: Span,
        ask: BarsAsk,
        bodies: &[Vec<u8>],
    ) -> Result<Result<(), ReadError>, Closed> {
        let mut all = Vec::new();
        for body in bodies {
            match (candles.read)(body) {
                Ok(bars) => all.extend(bars),
                Err(misread) => return Ok(Err(misread)),
            }
        }
        let series = self.series(wanted, &ask, all);
        Ok(Ok(self.context.events.send(Event::Series { span, series }).await?))
    }

    fn series(&self, wanted: &Wanted, ask: &BarsAsk, bars: Vec<Candle>) -> Series {
        Series {
            symbol: wanted.symbol.clone(),
            source: self.context.source.id.into(),
            interval: ask.interval,
            closes_only: false,
            bars: in_order(bars, ask.keep),
        }
    }
}

/// Bars in order of time, one for each, cut to what is to be kept.
fn in_order(mut bars: Vec<Candle>, keep: Option<Duration>) -> Vec<Candle> {
    bars.sort_by_key(|bar| bar.time);
    bars.dedup_by_key(|bar| bar.time);
    let since = bars.last().zip(keep).map(|(last, keep)| later(last.time, -signed(keep)));
    bars.retain(|bar| since.is_none_or(|since| bar.time > since));
    bars.split_off(bars.len().saturating_sub(MOST_BARS))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_put_in_order() {
        let bar = |second: i64| Candle {
            time: Timestamp::from_second(second).unwrap(),
            open: 1.0,
            high: 1.0,
            low: 1.0,
            close: 1.0,
            volume: None,
        };
        let seconds = |bars: Vec<Candle>| bars.iter().map(|bar| bar.time.as_second()).collect::<Vec<_>>();
        assert_eq!(seconds(in_order(vec![bar(300), bar(240), bar(240), bar(60)], None)), [60, 240, 300]);
        assert_eq!(seconds(in_order(vec![bar(300), bar(240), bar(60)], Some(Duration::from_mins(4)))), [240, 300]);
        assert_eq!(seconds(in_order((0..5_000).map(bar).collect(), None)).len(), MOST_BARS);
        assert!(in_order(Vec::new(), Some(Duration::from_secs(1))).is_empty());
    }
}
