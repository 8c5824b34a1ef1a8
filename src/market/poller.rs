//! Asks one source for prices and history: one question at a time, spaced, jittered, and not at all while it refuses.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::broadcast;

use super::board::{Board, SETTLES, Trust};
use super::chain::{self, Wanted};
use super::diary::{Diary, Job, capability, prices_of, spelled, subject};
use super::manners::{LONGEST_BLOCK, SHUT_OUT, due, later, refused, refused_until, retry, retry_after, signed, until};
use super::{BarsAsk, Candles, Desk, Misread, Moment, Order, Poll, Seat, Source, Tick};
use crate::config::Config;
use crate::domain::Name;
use crate::domain::price::{Candle, Capability, Delivery, Kind, Outcome, Series, Session, Span, kind};
use crate::domain::session::Calendar;
use crate::event::Event;
use crate::http::{Answer, Ask, Http, Trouble};

/// For a whole question: some services hang rather than refuse.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes; the largest honest answer has a tenth of it.
const BODY_CAP: u64 = 4 << 20;
/// However many bars a source sends, no more are kept.
const MOST_BARS: usize = 2_000;
/// The clock may be set or the machine sleep: what is due is looked at afresh at least so often.
const LONGEST_SLEEP: Duration = Duration::from_mins(1);
/// A symbol that a source does not know may be listed one day.
const UNKNOWN_AGAIN: SignedDuration = SignedDuration::from_mins(10);
/// An answer is late after this: the next source is asked, while this one goes on being waited for.
pub(super) const LATE: Duration = Duration::from_secs(3);
/// The least time between two questions when a socket has just fallen, or somebody looks for another chart.
const ALARMED: SignedDuration = SignedDuration::from_secs(1);
/// History that could not be had is asked for again after this.
const CHART_AGAIN: Duration = Duration::from_mins(1);

/// Whoever can answer a question: [`Http`], or a test.
pub trait Fetch: Send + Sync + 'static {
    /// One GET, under the network settings of a configuration.
    fn fetch(&self, config: &Config, ask: Ask) -> impl Future<Output = Result<Answer, Trouble>> + Send;
}

impl Fetch for Http {
    async fn fetch(&self, config: &Config, ask: Ask) -> Result<Answer, Trouble> {
        self.with(&config.network).get(ask).await
    }
}

/// The worker that polls one source.
pub struct Poller<F> {
    seat: Seat,
    fetch: F,
    base: String,
    diary: Diary,
    /// What the last answer lacks: a sentence, and what of it the source does not know.
    missing: Option<String>,
    unknown: Vec<Wanted>,
    /// The symbols whose prices its own socket did not bring when that was last looked at.
    alone: BTreeSet<Name>,
    /// When its last question ended.
    asked: Timestamp,
}

impl<F> std::fmt::Debug for Poller<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let source = &self.seat.source.id;
        f.debug_struct("Poller").field("source", source).field("diary", &self.diary).finish_non_exhaustive()
    }
}

/// What came of a question.
#[derive(Debug, PartialEq)]
enum Reply {
    Bodies(Vec<Vec<u8>>),
    /// It finds a mistake in the question (400): what it says of it.
    Mistaken(Vec<u8>),
    Refused {
        why: String,
        until: Timestamp,
    },
    Unknown,
    Failed(Failure),
}

/// Why a question brought nothing, and what that means.
#[derive(Debug, PartialEq)]
struct Failure {
    /// A plain clause.
    why: String,
    status: Option<u16>,
    /// The source wishes not to be asked before.
    again: Option<Timestamp>,
    /// It says nothing about the source's other symbols.
    of_symbol: bool,
}

impl<F: Fetch> Poller<F> {
    /// A worker for one source, under the refusals that are remembered of it.
    pub fn new(source: &'static Source, desk: &Desk, board: Board, fetch: F) -> Poller<F> {
        let not_before = refused_until(desk, source, |capability| capability != Capability::Socket);
        let seat = Seat::new(source, desk, board);
        let base = source.base_url(&seat.config.borrow()).to_string();
        let diary = Diary { not_before, ..Diary::default() };
        Poller {
            seat,
            fetch,
            base,
            diary,
            missing: None,
            unknown: Vec::new(),
            alone: BTreeSet::new(),
            asked: Timestamp::MIN,
        }
    }

    /// Runs until the desk's channels close.
    pub async fn run(mut self) -> anyhow::Result<()> {
        loop {
            let now = self.seat.now();
            self.follow(now);
            let together = self.seat.source.poll.as_ref().map_or(1, |poll| poll.together);
            let next = self.diary.next(now, together);
            let wait = next.as_ref().map_or(LONGEST_SLEEP, |(at, _)| until(*at, now).min(LONGEST_SLEEP));
            let goes_on = tokio::select! {
                changed = self.seat.config.changed() => changed.is_ok() && self.reconfigure(),
                order = self.seat.orders.recv() => self.obey(order),
                _ = self.seat.standings.changed() => self.take_alarm(now),
                () = tokio::time::sleep(wait) => match next {
                    Some((at, job)) if at <= self.seat.now() => self.work(job).await.is_some(),
                    _ => true,
                },
                () = self.seat.events.closed() => false,
            };
            if !goes_on {
                return Ok(());
            }
        }
    }

    /// Its own socket brings a price no more: whether the source still answers is to be known at once, not when the
    /// next price is due, and a little before its spacing would have it.
    fn take_alarm(&mut self, now: Timestamp) -> bool {
        let way = self.seat.way(Capability::Socket);
        let standings = self.seat.standings.borrow_and_update();
        let falls = |symbol: &Name| standings.trust(symbol, &way, now) == Trust::Down;
        let mut is_new = false;
        for (wanted, due) in &mut self.diary.prices {
            if falls(&wanted.symbol) && !self.alone.contains(&wanted.symbol) {
                *due = (*due).min(now);
                is_new = true;
            }
        }
        self.alone = self.diary.prices.keys().map(|wanted| wanted.symbol.clone()).filter(falls).collect();
        drop(standings);
        if is_new {
            self.hasten();
        }
        true
    }

    /// The next question may come before the spacing would have it; a refusal holds.
    fn hasten(&mut self) {
        if self.diary.not_before == later(self.asked, signed(self.seat.source.spacing)) {
            self.diary.not_before = self.diary.not_before.min(later(self.asked, ALARMED));
        }
    }

    fn follow(&mut self, now: Timestamp) {
        let prices = self.seat.wanted(Capability::Quote);
        let charts = chain::charts(self.seat.source, &self.seat.config.borrow(), &self.seat.standings.borrow(), now);
        self.diary.follow(prices, &charts, now);
    }

    /// A refusal belongs to an address: under another one there is none.
    fn reconfigure(&mut self) -> bool {
        let config = self.seat.reconfigure();
        let base = self.seat.source.base_url(&config);
        if base != self.base {
            self.base = base.to_string();
            let not_before = self.seat.now();
            self.diary = Diary { spans: std::mem::take(&mut self.diary.spans), not_before, ..Diary::default() };
        }
        true
    }

    fn obey(&mut self, order: Result<Order, broadcast::error::RecvError>) -> bool {
        match order {
            Ok(Order::WantSeries { symbol, span }) => {
                self.diary.show(symbol, span, self.seat.now());
                self.hasten();
            }
            Ok(Order::Refresh) | Err(broadcast::error::RecvError::Lagged(_)) => self.diary.hurry(self.seat.now()),
            Err(broadcast::error::RecvError::Closed) => return false,
        }
        true
    }

    /// Puts a question, sends what comes of it, and notes when to ask again. None: nobody listens any more.
    async fn work(&mut self, job: Job) -> Option<()> {
        let config = self.seat.config.borrow().clone();
        let (urls, interval) = self.urls(&job, &config);
        let reply = self.ask(&config, &urls, &job).await;
        let now = self.seat.now();
        (self.asked, self.diary.not_before) = (now, later(now, signed(self.seat.source.spacing)));
        match reply {
            Reply::Bodies(bodies) => match self.read(&job, &urls, interval, &bodies, now).await? {
                Ok(()) => self.well(&job, now).await,
                Err(misread) => self.misread(&job, misread, now).await,
            },
            Reply::Mistaken(body) => self.mistaken(&job, &body, now).await,
            Reply::Refused { why, until } => self.refused(why, until).await,
            Reply::Unknown => self.misread(&job, Misread::Unknown, now).await,
            Reply::Failed(failure) => self.failed(&job, failure, now).await,
        }
    }

    fn urls(&self, job: &Job, config: &Config) -> (Vec<String>, BarsAsk) {
        let access = self.seat.source.access(config);
        let none = || BarsAsk { urls: Vec::new(), interval: 0, keep: None };
        match (job, &self.seat.source.poll, &self.seat.source.candles) {
            (Job::Prices(wanted), Some(poll), candles) => {
                let urls = (poll.ask)(access, &spelled(wanted));
                // Where one answer serves price and chart, it is asked for once.
                let day = match (candles, wanted.as_slice()) {
                    (Some(candles), [one]) => (candles.ask)(access, &one.spelled, Span::Day, self.seat.now()),
                    _ => none(),
                };
                (urls, day)
            }
            (Job::Chart(wanted, span), _, Some(candles)) => {
                let ask = (candles.ask)(access, &wanted.spelled, *span, self.seat.now());
                (ask.urls.clone(), ask)
            }
            _ => (Vec::new(), none()),
        }
    }

    async fn ask(&self, config: &Config, urls: &[String], job: &Job) -> Reply {
        let mut bodies = Vec::with_capacity(urls.len());
        for url in urls {
            if !bodies.is_empty() {
                tokio::time::sleep(self.seat.source.spacing).await;
            }
            let answer = self.wait_for(capability(job), self.fetch.fetch(config, self.question(url, config))).await;
            match judge(self.seat.source, answer, self.has_told(job), self.seat.now()) {
                Ok(body) => bodies.push(body),
                Err(reply) => return reply,
            }
        }
        Reply::Bodies(bodies)
    }

    fn question(&self, url: &str, config: &Config) -> Ask {
        let source = self.seat.source;
        let key = source.access(config).key;
        let signed = source.sign.zip(key).map(|(sign, key)| sign(key)).unwrap_or_default();
        let fixed = source.headers.iter().map(|(name, value)| (*name, value.to_string()));
        Ask {
            url: url.to_string(),
            headers: fixed.chain(signed).collect(),
            user_agent: source.user_agent(config),
            timeout: Some(source.timeout.unwrap_or(TIMEOUT).min(config.network.timeout)),
            max_body: Some(BODY_CAP.min(config.network.max_body)),
            ..Ask::default()
        }
    }

    /// An answer; when it is late, the others hear of it.
    async fn wait_for<T>(&self, by: Capability, answer: impl Future<Output = T>) -> T {
        tokio::pin!(answer);
        match tokio::time::timeout(LATE, &mut answer).await {
            Ok(answer) => answer,
            Err(_) => {
                self.seat.board.late(self.seat.way(by), self.seat.now());
                answer.await
            }
        }
    }

    /// Reads an answer and sends what is in it. None: nobody listens any more.
    async fn read(
        &mut self,
        job: &Job,
        urls: &[String],
        bars: BarsAsk,
        bodies: &[Vec<u8>],
        now: Timestamp,
    ) -> Option<Result<(), Misread>> {
        match (job, &self.seat.source.poll, &self.seat.source.candles) {
            (Job::Prices(wanted), Some(poll), candles) => {
                let moment = Moment { now, calendar: &self.seat.calendar };
                let ticks = match (poll.read)(moment, &spelled(wanted), bodies) {
                    Ok(ticks) => ticks,
                    Err(misread) => return Some(Err(misread)),
                };
                let missing = self.send_quotes(poll, wanted, ticks, now).await?;
                self.missing = self.lacking(poll, missing, bodies, now);
                if let (Some(candles), [one], true) = (candles, wanted.as_slice(), bars.urls == urls) {
                    return self.send_day(candles, one, bars, bodies, now).await.map(|_| Ok(()));
                }
                Some(Ok(()))
            }
            (Job::Chart(wanted, span), _, Some(candles)) => self.send_bars(candles, wanted, *span, bars, bodies).await,
            _ => Some(Ok(())),
        }
    }

    /// Gives those of which nothing was told.
    async fn send_quotes(
        &mut self,
        poll: &Poll,
        asked: &[Wanted],
        ticks: Vec<Tick>,
        now: Timestamp,
    ) -> Option<Vec<Wanted>> {
        let mut missing: BTreeSet<&Wanted> = asked.iter().collect();
        for tick in ticks {
            let Some(wanted) = asked.iter().find(|wanted| wanted.spelled == tick.spelled) else { continue };
            missing.remove(wanted);
            self.diary.known.insert(wanted.spelled.clone());
            let every = (poll.every)(session_for(&wanted.symbol, &self.seat.calendar, now));
            let delivery = self.seat.source.delay.map_or(Delivery::Polled(every), Delivery::Delayed);
            let (quote, is_shown) = self.seat.quote(tick, &wanted.symbol, delivery, Capability::Quote);
            if is_shown {
                self.seat.events.send(Event::Quote(quote)).await.ok()?;
            }
        }
        Some(missing.into_iter().cloned().collect())
    }

    /// What an answer that has prices lacks of others: to them it is as if they had been asked for alone. A sentence
    /// that names them, if there are any.
    fn lacking(&mut self, poll: &Poll, missing: Vec<Wanted>, bodies: &[Vec<u8>], now: Timestamp) -> Option<String> {
        let moment = Moment { now, calendar: &self.seat.calendar };
        let is_unknown = |wanted: &Wanted| {
            let alone = (poll.read)(moment, std::slice::from_ref(&wanted.spelled), bodies);
            alone == Err(Misread::Unknown) && !self.diary.known.contains(&wanted.spelled)
        };
        let (unknown, silent): (Vec<Wanted>, Vec<Wanted>) = missing.into_iter().partition(is_unknown);
        self.lack(&silent, Timestamp::MAX);
        self.lack(&unknown, later(now, UNKNOWN_AGAIN));
        let names = |of: &[Wanted]| of.iter().map(|wanted| &*wanted.symbol).collect::<Vec<_>>().join(", ");
        let title = self.seat.source.title;
        let sentence = match (unknown.as_slice(), silent.as_slice()) {
            ([], []) => return None,
            ([], silent) => format!("{title} tells no price of {}.", names(silent)),
            (unknown, []) => format!("{title} does not know {}.", names(unknown)),
            (unknown, silent) => {
                format!("{title} does not know {} and tells no price of {}.", names(unknown), names(silent))
            }
        };
        self.unknown = unknown;
        Some(sentence)
    }

    /// The source has no price of some symbols; that says nothing about its other answers.
    fn lack<'a>(&self, symbols: impl IntoIterator<Item = &'a Wanted>, until: Timestamp) {
        for wanted in symbols {
            self.seat.board.lacks(&wanted.symbol, self.seat.way(Capability::Quote), until, self.seat.now());
        }
    }

    /// The chart of the day that came with a price. When it can't be read, its own question will say so.
    async fn send_day(
        &mut self,
        candles: &Candles,
        wanted: &Wanted,
        bars: BarsAsk,
        bodies: &[Vec<u8>],
        now: Timestamp,
    ) -> Option<()> {
        let chart = (wanted.clone(), Span::Day);
        if self.diary.charts.contains_key(&chart)
            && self.send_bars(candles, wanted, Span::Day, bars, bodies).await?.is_ok()
        {
            let due = self.chart_due(&chart.0.symbol, Span::Day, now);
            self.diary.charts.insert(chart, due);
        }
        Some(())
    }

    async fn send_bars(
        &self,
        candles: &Candles,
        wanted: &Wanted,
        span: Span,
        ask: BarsAsk,
        bodies: &[Vec<u8>],
    ) -> Option<Result<(), Misread>> {
        let mut all = Vec::new();
        for body in bodies {
            match (candles.read)(body) {
                Ok(bars) => all.extend(bars),
                Err(misread) => return Some(Err(misread)),
            }
        }
        let series = Series {
            symbol: wanted.symbol.clone(),
            source: self.seat.source.id.into(),
            interval: ask.interval,
            bars: in_order(all, ask.keep),
        };
        self.seat.events.send(Event::Series { span, series }).await.ok().map(Ok)
    }

    async fn well(&mut self, job: &Job, now: Timestamp) -> Option<()> {
        self.diary.failures = 0;
        let due = match job {
            Job::Prices(wanted) => wanted.iter().map(|wanted| self.price_due(&wanted.symbol, now)).min().unwrap_or(now),
            Job::Chart(wanted, span) => self.chart_due(&wanted.symbol, *span, now),
        };
        self.diary.delay(job, due);
        let unknown = std::mem::take(&mut self.unknown);
        self.diary.delay(&Job::Prices(unknown), later(now, UNKNOWN_AGAIN));
        let Some(why) = self.missing.take() else {
            return self.report(capability(job), Outcome::Well, Some(200), Some(due), true).await;
        };
        // It does well, but for what it lacks.
        self.seat.board.tell(&self.seat.report(capability(job), Outcome::Well, Some(200), Some(due)));
        self.report(capability(job), Outcome::Failed { why }, Some(200), Some(due), false).await
    }

    async fn misread(&mut self, job: &Job, misread: Misread, now: Timestamp) -> Option<()> {
        match misread {
            Misread::Refused => {
                let until = later(now, signed(self.seat.source.pause));
                self.refused(format!("{} limit", self.seat.source.id), until).await
            }
            Misread::WebPage => {
                let until = later(now, signed(self.seat.source.pause.max(SHUT_OUT)));
                self.refused(format!("{} web page", self.seat.source.id), until).await
            }
            Misread::Unknown if !self.has_told(job) => {
                let until = later(now, UNKNOWN_AGAIN);
                self.diary.delay(job, until);
                self.lack(prices_of(job), until);
                let why = format!("{} does not know {}.", self.seat.source.title, subject(job));
                self.report(capability(job), Outcome::Failed { why }, Some(404), Some(until), false).await
            }
            Misread::Unknown | Misread::Shape | Misread::NoPrice => {
                // What it has told before it knows: then something else is wrong.
                let status = if misread == Misread::Unknown { 404 } else { 200 };
                let of_symbol = misread == Misread::NoPrice;
                if of_symbol {
                    self.lack(prices_of(job), Timestamp::MAX);
                }
                let why = misread.to_string();
                self.failed(job, Failure { why, status: Some(status), again: None, of_symbol }, now).await
            }
        }
    }

    /// A question that it can't answer: some say so of a symbol that they do not know.
    async fn mistaken(&mut self, job: &Job, body: &[u8], now: Timestamp) -> Option<()> {
        let moment = Moment { now, calendar: &self.seat.calendar };
        let read = match (job, &self.seat.source.poll, &self.seat.source.candles) {
            (Job::Prices(wanted), Some(poll), _) => (poll.read)(moment, &spelled(wanted), &[body.to_vec()]).map(drop),
            (Job::Chart(..), _, Some(candles)) => (candles.read)(body).map(drop),
            _ => Ok(()),
        };
        if let Err(misread @ (Misread::Unknown | Misread::Refused)) = read {
            return self.misread(job, misread, now).await;
        }
        let why = "it answered 400".into();
        self.failed(job, Failure { why, status: Some(400), again: None, of_symbol: false }, now).await
    }

    fn has_told(&self, job: &Job) -> bool {
        prices_of(job).iter().any(|wanted| self.diary.known.contains(&wanted.spelled))
    }

    /// The source refuses us, whatever we ask it: nothing more until then.
    async fn refused(&mut self, why: String, until: Timestamp) -> Option<()> {
        self.diary.not_before = until;
        let status = why.rsplit(' ').next().and_then(|status| status.parse().ok());
        let both = [
            self.seat.source.poll.is_some().then_some(Capability::Quote),
            self.seat.source.candles.as_ref().map(|_| Capability::Candles),
        ];
        for capability in both.into_iter().flatten() {
            let outcome = Outcome::Blocked { why: why.clone(), until };
            self.report(capability, outcome, status, Some(until), true).await?;
        }
        Some(())
    }

    async fn failed(&mut self, job: &Job, failure: Failure, now: Timestamp) -> Option<()> {
        self.diary.failures = self.diary.failures.saturating_add(1);
        let wait = retry(self.seat.source.spacing, self.diary.failures, (self.seat.random)());
        let wait = if matches!(job, Job::Chart(..)) { wait.max(CHART_AGAIN) } else { wait };
        let due = later(now, signed(wait)).max(failure.again.unwrap_or(now));
        self.diary.delay(job, due);
        let why = format!("{}, {}: {}.", self.seat.source.title, subject(job), failure.why);
        let outcome = Outcome::Failed { why };
        self.report(capability(job), outcome, failure.status, Some(due), !failure.of_symbol).await
    }

    async fn report(
        &self,
        capability: Capability,
        outcome: Outcome,
        status: Option<u16>,
        next: Option<Timestamp>,
        counts: bool,
    ) -> Option<()> {
        let report = self.seat.report(capability, outcome, status, next);
        if counts {
            self.seat.board.tell(&report);
        }
        self.seat.events.send(Event::Source(report)).await.ok()
    }

    /// When a price that has just come is asked for again.
    fn price_due(&self, symbol: &Name, now: Timestamp) -> Timestamp {
        let session = session_for(symbol, &self.seat.calendar, now);
        let every = self.seat.source.poll.as_ref().map_or(TIMEOUT, |poll| (poll.every)(session));
        let due = due(symbol, every, &self.seat.calendar, now, (self.seat.random)());
        // On probation: as soon as it is believed in again.
        let again = self.seat.standings.borrow().well_again(&self.seat.way(Capability::Quote));
        let settles = again.map(|since| later(since, SETTLES)).filter(|at| *at > now);
        settles.map_or(due, |at| due.min(at))
    }

    fn chart_due(&self, symbol: &Name, span: Span, now: Timestamp) -> Timestamp {
        let every = match (span, session_for(symbol, &self.seat.calendar, now)) {
            (_, Session::Closed | Session::Overnight) => Duration::from_hours(2),
            (Span::Hour, _) => Duration::from_mins(1).max(self.seat.source.spacing * 3),
            (Span::Day, _) => Duration::from_mins(5),
            // Nobody looks at it: it only tells what is usual.
            (Span::FiveDays, _) if self.diary.spans.get(symbol) != Some(&span) => Duration::from_hours(1),
            _ => Duration::from_mins(15),
        };
        due(symbol, every, &self.seat.calendar, now, (self.seat.random)())
    }
}

/// An answer's body, or what else came of the question, which was about something that was told before or not.
fn judge(source: &Source, answer: Result<Answer, Trouble>, has_told: bool, now: Timestamp) -> Result<Vec<u8>, Reply> {
    let failed = |why: String, status, again| Err(Reply::Failed(Failure { why, status, again, of_symbol: false }));
    let answer = match answer {
        Ok(answer) => answer,
        Err(trouble) => return failed(trouble.to_string(), None, None),
    };
    if !has_told && source.unknown.contains(&answer.status) {
        return Err(Reply::Unknown);
    }
    let wish = answer.header("retry-after");
    if let Some(until) = refused(source, answer.status, wish, now) {
        return Err(Reply::Refused { why: format!("{} {}", source.id, answer.status), until });
    }
    match answer.status {
        200 => Ok(answer.body),
        404 => Err(Reply::Unknown),
        400 => Err(Reply::Mistaken(answer.body)),
        status => {
            let again = wish.and_then(|text| retry_after(text, now)).map(|at| at.min(later(now, LONGEST_BLOCK)));
            failed(format!("it answered {status}"), Some(status), again)
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

fn session_for(symbol: &Name, calendar: &Calendar, now: Timestamp) -> Session {
    match kind(symbol) {
        Kind::Crypto => Session::Always,
        Kind::Equity => calendar.session(now),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::{Arc, Mutex};

    use rust_decimal::Decimal;
    use serde_json::json;

    use super::*;
    use crate::domain::price::{Quote, SourceReport, SourceSettings};
    use crate::event::Clock;
    use crate::market::source;
    use crate::market::tests::{Shell, beside, config, desk};

    type Rule = dyn Fn(&str, Timestamp) -> Result<Answer, Trouble> + Send + Sync;

    /// Answers by a rule, and remembers what it was asked and when.
    #[derive(Clone)]
    struct Venue {
        clock: Clock,
        asked: Arc<Mutex<Vec<(Timestamp, String)>>>,
        rule: Arc<Rule>,
    }

    impl Fetch for Venue {
        async fn fetch(&self, _: &Config, ask: Ask) -> Result<Answer, Trouble> {
            let now = (self.clock)();
            self.asked.lock().unwrap().push((now, ask.url.clone()));
            tokio::time::sleep(Duration::from_millis(80)).await;
            (self.rule)(&ask.url, now)
        }
    }

    impl Venue {
        fn new(
            desk: &Desk,
            rule: impl Fn(&str, Timestamp) -> Result<Answer, Trouble> + Send + Sync + 'static,
        ) -> Venue {
            Venue { clock: desk.clock.clone(), asked: Arc::default(), rule: Arc::new(rule) }
        }

        fn count(&self) -> usize {
            self.asked.lock().unwrap().len()
        }

        fn addresses(&self) -> Vec<String> {
            self.asked.lock().unwrap().iter().map(|(_, url)| url.clone()).collect()
        }

        fn least_gap(&self) -> Duration {
            let asked = self.asked.lock().unwrap();
            asked.windows(2).map(|pair| until(pair[1].0, pair[0].0)).min().unwrap_or(Duration::MAX)
        }
    }

    fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> Result<Answer, Trouble> {
        let headers = headers.iter().map(|(name, value)| ((*name).parse().unwrap(), value.parse().unwrap()));
        Ok(Answer {
            status,
            url: String::new(),
            hops: Vec::new(),
            headers: headers.collect(),
            body: body.into(),
            cut: None,
        })
    }

    /// A chart as Yahoo gives it.
    fn chart(price: f64, at: Timestamp) -> String {
        json!({"chart": {"error": null, "result": [{
            "meta": {"regularMarketPrice": price, "regularMarketTime": at.as_second(), "previousClose": 180, "currency": "USD"},
            "timestamp": [at.as_second() - 300, at.as_second()],
            "indicators": {"quote": [{"open": [1, 1], "high": [2, 2], "low": [1, 1], "close": [1, 2], "volume": [5, 6]}]},
        }]}})
        .to_string()
    }

    fn well(_: &str, now: Timestamp) -> Result<Answer, Trouble> {
        answer(200, &[], &chart(181.25, now))
    }

    fn nvda() -> Config {
        config(&[("NVDA", &["yahoo", "cnbc"])])
    }

    fn yahoo(desk: &Desk, venue: &Venue) -> Poller<Venue> {
        Poller::new(source("yahoo").unwrap(), desk, Board::default(), venue.clone())
    }

    async fn pass(shell: &mut Shell, time: Duration) -> Vec<Event> {
        let mut events = Vec::new();
        let end = tokio::time::Instant::now() + time;
        while let Ok(Some(event)) = tokio::time::timeout_at(end, shell.events.recv()).await {
            events.push(event);
        }
        events
    }

    #[tokio::test(start_paused = true)]
    async fn one_answer_serves_price_and_chart() {
        let (desk, mut shell) = desk(nvda(), "2026-11-23 12:00", 16);
        let venue = Venue::new(&desk, well);
        let events = beside(yahoo(&desk, &venue).run(), pass(&mut shell, Duration::from_secs(30))).await;
        assert_eq!(venue.count(), 1);
        let [Event::Quote(quote), Event::Series { span: Span::Day, series }, Event::Source(report)] = events.as_slice()
        else {
            panic!("{events:?}")
        };
        assert_eq!((quote.price, quote.base), (Decimal::new(18_125, 2), Some(Decimal::new(180, 0))));
        assert_eq!(quote.delivery, Delivery::Polled(Duration::from_mins(1)));
        assert_eq!(quote.session, Session::Regular);
        assert_eq!((series.interval, series.bars.len()), (300, 2));
        assert_eq!((report.capability, &report.outcome), (Capability::Quote, &Outcome::Well));
        assert_eq!(report.next, Some(later(report.at, SignedDuration::from_mins(1))));
    }

    /// Requests to Yahoo for NVDA and its benchmark.
    #[tokio::test(start_paused = true)]
    async fn an_hour_of_asking_is_a_guests() {
        let cases = [
            ("in session", "2026-11-23 12:00", 1, 80),
            ("before the bell", "2026-11-23 08:00", 1, 80),
            ("at night", "2026-11-23 22:00", 1, 10),
            ("on a weekend", "2026-11-21 12:00", 1, 4),
            ("a whole weekend", "2026-11-21 00:00", 50, 4),
        ];
        for (name, start, hours, most) in cases {
            let mut config = nvda();
            config.symbols[0].benchmark = Some("QQQ".into());
            let (desk, mut shell) = desk(config, start, 16);
            let venue = Venue::new(&desk, well);
            beside(yahoo(&desk, &venue).run(), pass(&mut shell, Duration::from_hours(hours))).await;
            assert!((2..=most).contains(&venue.count()), "{name}: {}", venue.count());
            assert!(venue.least_gap() >= Duration::from_secs(10), "{name}: {:?}", venue.least_gap());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn asks_when_the_day_begins() {
        let (desk, mut shell) = desk(nvda(), "2026-11-22 23:00", 16);
        let venue = Venue::new(&desk, well);
        beside(yahoo(&desk, &venue).run(), pass(&mut shell, Duration::from_mins(302))).await;
        let opening: Timestamp = "2026-11-23T09:00:00Z".parse().unwrap();
        let first = venue.asked.lock().unwrap().iter().map(|(at, _)| *at).find(|at| *at >= opening).unwrap();
        assert!(until(first, opening) < Duration::from_secs(13), "{first}");
    }

    #[tokio::test(start_paused = true)]
    async fn refusals_are_kept_to() {
        let half_hour = Duration::from_mins(30);
        type Case = (&'static str, fn(&str, Timestamp) -> Result<Answer, Trouble>, Duration);
        let cases: [Case; 7] = [
            ("yahoo 429", |_, _| answer(429, &[], "Too Many Requests"), half_hour),
            ("yahoo 429", |_, _| answer(429, &[("retry-after", "120")], "Edge: Too Many Requests"), half_hour),
            ("yahoo 429", |_, _| answer(429, &[("retry-after", "7200")], ""), Duration::from_hours(2)),
            (
                "yahoo 429",
                |_, _| answer(429, &[("retry-after", "Tue, 24 Nov 2026 00:00:00 GMT")], ""),
                Duration::from_hours(7),
            ),
            ("yahoo 403", |_, _| answer(403, &[], "{}"), half_hour),
            ("yahoo web page", |_, _| answer(200, &[], "<!DOCTYPE html><title>Consent</title>"), half_hour),
            ("yahoo limit", |_, _| answer(200, &[], "Too Many Requests"), half_hour),
        ];
        for (expected, rule, pause) in cases {
            let (desk, mut shell) = desk(nvda(), "2026-11-23 12:00", 16);
            let venue = Venue::new(&desk, rule);
            let orders = shell.orders.clone();
            let events = beside(yahoo(&desk, &venue).run(), async {
                let first = pass(&mut shell, Duration::from_secs(10)).await;
                orders.send(Order::Refresh).unwrap();
                pass(&mut shell, pause - Duration::from_mins(1)).await;
                assert_eq!(venue.count(), 1, "{expected}: asked again");
                pass(&mut shell, Duration::from_mins(2)).await;
                assert_eq!(venue.count(), 2, "{expected}: never asked again");
                first
            })
            .await;
            let blocked = events.iter().filter_map(|event| match event {
                Event::Source(SourceReport {
                    capability, outcome: Outcome::Blocked { why, until: end }, at, ..
                }) => Some((*capability, why.as_str(), until(*end, *at).as_secs_f64().round())),
                _ => None,
            });
            let seconds = pause.as_secs_f64();
            assert_eq!(
                blocked.collect::<Vec<_>>(),
                [(Capability::Quote, expected, seconds), (Capability::Candles, expected, seconds)]
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_restart_does_not_renew_a_refusal() {
        let (mut desk, mut shell) = desk(nvda(), "2026-11-23 12:00", 16);
        let now = (desk.clock)();
        let outcome = Outcome::Blocked { why: "yahoo 429".into(), until: later(now, SignedDuration::from_mins(10)) };
        let report = |capability| SourceReport {
            source: "yahoo".into(),
            capability,
            at: now,
            outcome: outcome.clone(),
            status: Some(429),
            next: None,
        };
        desk.reports = vec![report(Capability::Quote)];
        let venue = Venue::new(&desk, well);
        beside(yahoo(&desk, &venue).run(), async {
            pass(&mut shell, Duration::from_secs(599)).await;
            assert_eq!(venue.count(), 0);
            pass(&mut shell, Duration::from_secs(62)).await;
            assert!(venue.count() > 0);
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn failures_are_told_and_waited_out() {
        let (desk, mut shell) = desk(nvda(), "2026-11-23 12:00", 16);
        let start = (desk.clock)();
        let venue = Venue::new(&desk, move |url, now| match until(now, start).as_secs() {
            0..5 => Err(Trouble::Timeout(Duration::from_secs(10))),
            5..25 => answer(503, &[], "busy"),
            25..100 => answer(200, &[], "{\"chart\": {\"result\""),
            _ => well(url, now),
        });
        let told = beside(yahoo(&desk, &venue).run(), pass(&mut shell, Duration::from_mins(4))).await;
        let sentences = told.iter().filter_map(|event| match event {
            Event::Source(SourceReport { capability: Capability::Quote, outcome, .. }) => Some(match outcome {
                Outcome::Failed { why } => why.as_str(),
                Outcome::Well => "well",
                Outcome::Blocked { .. } => "blocked",
            }),
            _ => None,
        });
        let mut sentences: Vec<&str> = sentences.collect();
        sentences.dedup();
        let expected = [
            "Yahoo Finance, NVDA: no answer within 10 s.",
            "Yahoo Finance, NVDA: it answered 503.",
            "Yahoo Finance, NVDA: its answer could not be read.",
            "well",
        ];
        assert_eq!(sentences, expected);
        assert!(venue.least_gap() >= Duration::from_secs(10));
    }

    #[tokio::test(start_paused = true)]
    async fn an_unknown_symbol_leaves_the_others_alone() {
        let (desk, mut shell) = desk(config(&[("NVDAX", &["yahoo"]), ("NVDA", &["yahoo"])]), "2026-11-23 12:00", 16);
        let venue =
            Venue::new(&desk, |url, now| if url.contains("NVDAX") { answer(404, &[], "{}") } else { well(url, now) });
        let told = beside(yahoo(&desk, &venue).run(), pass(&mut shell, Duration::from_mins(10))).await;
        let asked = venue.addresses().iter().filter(|url| url.contains("NVDAX")).count();
        assert_eq!(asked, 3, "once for the price, once for each chart");
        let quotes =
            told.iter().filter(|event| matches!(event, Event::Quote(quote) if &*quote.symbol == "NVDA")).count();
        assert!(quotes >= 8, "{quotes}");
        let named = |event: &Event| matches!(event, Event::Source(SourceReport { outcome: Outcome::Failed { why }, .. }) if why == "Yahoo Finance does not know NVDAX.");
        assert!(told.iter().any(named));
    }

    type Respond = fn(&str, Timestamp) -> Result<Answer, Trouble>;

    /// The first failure that is told, and how often the venue was asked for a price within some minutes.
    async fn first_failure(id: &'static str, names: &[&str], rule: Respond) -> (String, Vec<String>, usize) {
        let chain: &[&str] = &[id];
        let symbols: Vec<_> = names.iter().map(|name| (*name, chain)).collect();
        let (desk, mut shell) = desk(config(&symbols), "2026-11-23 12:00", 64);
        let venue = Venue::new(&desk, rule);
        let board = Board::default();
        let way = (id.into(), Capability::Socket);
        board.late(way, (desk.clock)());
        let poller = Poller::new(source(id).unwrap(), &desk, board, venue.clone());
        let told = beside(poller.run(), pass(&mut shell, Duration::from_mins(5))).await;
        let why = told.iter().find_map(|event| match event {
            Event::Source(SourceReport { capability: Capability::Quote, outcome, .. }) => match outcome {
                Outcome::Failed { why } | Outcome::Blocked { why, .. } => Some(why.clone()),
                Outcome::Well => None,
            },
            _ => None,
        });
        let priced = told.iter().filter_map(|event| match event {
            Event::Quote(quote) => Some(quote.symbol.to_string()),
            _ => None,
        });
        let priced: BTreeSet<String> = priced.collect();
        (why.unwrap_or_default(), priced.into_iter().collect(), venue.count())
    }

    #[tokio::test(start_paused = true)]
    async fn an_unknown_symbol_is_told_in_many_ways() {
        let coins: Respond = |url, _| match url.contains("ABCUSDT") {
            true => answer(400, &[], r#"{"code":-1121,"msg":"Invalid symbol."}"#),
            false => answer(200, &[], r#"{"symbol":"BTCUSDT","lastPrice":"97000","openPrice":"96000"}"#),
        };
        let (why, priced, _) = first_failure("binance", &["ABC-USD", "BTC-USD"], coins).await;
        assert_eq!((why.as_str(), priced), ("Binance does not know ABC-USD.", vec!["BTC-USD".to_string()]));

        let delayed: Respond = |url, _| match url.contains("NVDAX") {
            true => answer(403, &[], "<Error><Code>AccessDenied</Code></Error>"),
            false => answer(200, &[], r#"{"data":{"current_price":181.5,"prev_day_close":180.0}}"#),
        };
        let (why, priced, _) = first_failure("cboe", &["NVDAX", "NVDA"], delayed).await;
        assert_eq!((why.as_str(), priced), ("Cboe does not know NVDAX.", vec!["NVDA".to_string()]));

        let together: Respond = |_, _| {
            let row = r#"{"symbol":"NVDA","code":0,"last":"181.50","previous_day_closing":"180.00"}"#;
            let odd = r#"{"symbol":"NVDAX","code":1},{"symbol":"AMD","code":0,"last":"UNCH"}"#;
            answer(200, &[], &format!(r#"{{"FormattedQuoteResult":{{"FormattedQuote":[{row},{odd}]}}}}"#))
        };
        let (why, priced, asked) = first_failure("cnbc", &["NVDA", "NVDAX", "AMD"], together).await;
        assert_eq!(why, "CNBC does not know NVDAX and tells no price of AMD.");
        assert_eq!(priced, ["NVDA"]);
        assert!((9..13).contains(&asked), "in its usual pace: {asked}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_of_what_was_told_before_is_none_of_the_symbol() {
        let (desk, mut shell) = desk(config(&[("NVDA", &["cboe"])]), "2026-11-23 12:00", 16);
        let start = (desk.clock)();
        let venue = Venue::new(&desk, move |_, now| match until(now, start).as_secs() {
            0..60 => answer(200, &[], r#"{"data":{"current_price":181.5,"prev_day_close":180.0}}"#),
            _ => answer(403, &[], ""),
        });
        let poller = Poller::new(source("cboe").unwrap(), &desk, Board::default(), venue);
        let told = beside(poller.run(), pass(&mut shell, Duration::from_mins(5))).await;
        let blocked = |event: &Event| matches!(event, Event::Source(SourceReport { outcome: Outcome::Blocked { why, .. }, .. }) if why == "cboe 403");
        assert!(told.iter().any(blocked), "{told:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_fallen_socket_has_the_source_asked_at_once() {
        let (desk, mut shell) = desk(nvda(), "2026-11-23 12:00", 16);
        let venue = Venue::new(&desk, well);
        let board = Board::default();
        let poller = Poller::new(source("yahoo").unwrap(), &desk, board.clone(), venue.clone());
        beside(poller.run(), async {
            pass(&mut shell, Duration::from_secs(30)).await;
            let before = venue.count();
            for _ in 0..3 {
                board.late(("yahoo".into(), Capability::Socket), (desk.clock)());
                pass(&mut shell, Duration::from_secs(3)).await;
            }
            assert_eq!(venue.count(), before + 1, "once for each fall");
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn follows_the_configuration() {
        let (desk, mut shell) = desk(nvda(), "2026-11-23 12:00", 16);
        let venue = Venue::new(&desk, well);
        beside(yahoo(&desk, &venue).run(), async {
            pass(&mut shell, Duration::from_secs(15)).await;
            shell.config.send(Arc::new(config(&[("AMD", &["yahoo"])]))).unwrap();
            pass(&mut shell, Duration::from_secs(120)).await;
            let mut moved = config(&[("AMD", &["yahoo"])]);
            let settings = SourceSettings { base_url: Some("http://elsewhere/".into()), ..SourceSettings::default() };
            moved.sources.insert("yahoo".into(), settings);
            shell.config.send(Arc::new(moved)).unwrap();
            pass(&mut shell, Duration::from_secs(5)).await;
        })
        .await;
        let asked = venue.addresses();
        assert!(asked[0].contains("/NVDA?"));
        assert!(asked[1..].iter().all(|url| url.contains("/AMD?")), "{asked:?}");
        assert!(asked.last().unwrap().starts_with("http://elsewhere/v8/"), "{asked:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn brings_the_span_that_is_shown() {
        let (desk, mut shell) = desk(nvda(), "2026-11-23 12:00", 16);
        let venue = Venue::new(&desk, well);
        let spans = beside(yahoo(&desk, &venue).run(), async {
            pass(&mut shell, Duration::from_secs(1)).await;
            shell.orders.send(Order::WantSeries { symbol: "NVDA".into(), span: Span::Year }).unwrap();
            pass(&mut shell, Duration::from_secs(20)).await
        })
        .await;
        assert!(spans.iter().any(|event| matches!(event, Event::Series { span: Span::Year, .. })), "{spans:?}");
        let asked = venue.addresses();
        assert!(asked[1].contains("range=1y"), "before what nobody looks at: {asked:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn rests_while_the_socket_does_well() {
        let (desk, mut shell) = desk(config(&[("BTC-USD", &["coinbase"])]), "2026-11-22 12:00", 16);
        let venue = Venue::new(&desk, |url, _| match url {
            url if url.ends_with("/ticker") => {
                answer(200, &[], r#"{"price": "97412.1", "time": "2026-11-22T17:00:00Z", "trade_id": 5}"#)
            }
            url if url.ends_with("/stats") => answer(200, &[], r#"{"open": "97000", "last": "1"}"#),
            _ => answer(200, &[], "[[1700000000, 1, 2, 1.5, 1.6, 9]]"),
        });
        let board = Board::default();
        let poller = Poller::new(source("coinbase").unwrap(), &desk, board.clone(), venue.clone());
        let socket = |outcome| SourceReport {
            source: "coinbase".into(),
            capability: Capability::Socket,
            at: (desk.clock)(),
            outcome,
            status: None,
            next: None,
        };
        let is_quote = |event: &Event| matches!(event, Event::Quote(_));
        beside(poller.run(), async {
            assert!(!pass(&mut shell, Duration::from_mins(2)).await.iter().any(is_quote));
            board.tell(&socket(Outcome::Failed { why: "silent".into() }));
            let quote: Quote = shell.quote().await;
            assert_eq!((quote.price, quote.base), (Decimal::new(974_121, 1), Some(Decimal::new(97_000, 0))));
            assert_eq!((quote.session, &*quote.currency), (Session::Always, "USD"));
            pass(&mut shell, Duration::from_mins(1)).await;
            board.tell(&socket(Outcome::Well));
            pass(&mut shell, Duration::from_secs(1)).await;
            assert!(!pass(&mut shell, Duration::from_mins(2)).await.iter().any(is_quote));
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn ends_with_the_desk() {
        let (desk, shell) = desk(nvda(), "2026-11-23 12:00", 16);
        let venue = Venue::new(&desk, well);
        let poller = yahoo(&desk, &venue);
        drop((shell, desk));
        tokio::time::timeout(Duration::from_mins(5), poller.run()).await.unwrap().unwrap();
    }

    /// Over a real connection: what the other tests pass over.
    #[tokio::test]
    async fn asks_over_http() {
        let server = wiremock::MockServer::start().await;
        let (desk, mut shell) = desk(
            {
                let mut config = nvda();
                let settings = SourceSettings { base_url: Some(server.uri()), ..SourceSettings::default() };
                config.sources.insert("yahoo".into(), settings);
                config
            },
            "2026-11-23 12:00",
            16,
        );
        wiremock::Mock::given(wiremock::matchers::path("/v8/finance/chart/NVDA"))
            .and(wiremock::matchers::header("user-agent", "Mozilla/5.0 (compatible; newstape)"))
            .respond_with(wiremock::ResponseTemplate::new(200).set_body_string(chart(181.25, (desk.clock)())))
            .mount(&server)
            .await;
        let poller = Poller::new(source("yahoo").unwrap(), &desk, Board::default(), desk.http.clone());
        assert_eq!(beside(poller.run(), shell.quote()).await.price, Decimal::new(18_125, 2));
    }

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
        assert_eq!(seconds(in_order(vec![bar(300), bar(240), bar(60)], Some(Duration::from_secs(240)))), [240, 300]);
        assert_eq!(seconds(in_order((0..5_000).map(bar).collect(), None)).len(), MOST_BARS);
        assert!(in_order(Vec::new(), Some(Duration::from_secs(1))).is_empty());
    }
}
