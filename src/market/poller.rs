//! Asks one source for prices and history: one question at a time, spaced, jittered, and not at all while it refuses.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{broadcast, mpsc, watch};

use super::chain::{self, Board, Standings, Wanted};
use super::{BarsAsk, Candles, Desk, Misread, Moment, Order, Poll, Random, Source, Tick, calendar};
use crate::config::Config;
use crate::domain::Name;
use crate::domain::price::{Candle, Capability, Delivery, Kind, Outcome, Series, Session, SourceReport, Span, kind};
use crate::domain::session::Calendar;
use crate::event::{Clock, Event};
use crate::http::{Answer, Ask, Http, Trouble};

/// For a whole question: some services hang rather than refuse.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes; the largest honest answer has a tenth of it.
const BODY_CAP: u64 = 4 << 20;
/// However many bars a source sends, no more are kept.
const MOST_BARS: usize = 2_000;
/// A refusal is never believed to last longer.
const LONGEST_BLOCK: SignedDuration = SignedDuration::from_hours(24);
/// A refusal that is about who we are, not how often we ask.
const SHUT_OUT: Duration = Duration::from_mins(30);
/// The clock may be set or the machine sleep: what is due is looked at afresh at least so often.
const LONGEST_SLEEP: Duration = Duration::from_mins(1);
/// A symbol that a source does not know may be listed one day.
const UNKNOWN_AGAIN: Duration = Duration::from_hours(1);
/// Failures in a row double the wait up to this.
const LONGEST_RETRY: Duration = Duration::from_mins(10);

/// Whoever can answer a question: [`Http`], or a test.
pub trait Fetch: Send + Sync + 'static {
    fn fetch(&self, config: &Config, ask: Ask) -> impl Future<Output = Result<Answer, Trouble>> + Send;
}

impl Fetch for Http {
    async fn fetch(&self, config: &Config, ask: Ask) -> Result<Answer, Trouble> {
        self.with(&config.network).get(ask).await
    }
}

/// The worker that polls one source.
pub struct Poller<F> {
    source: &'static Source,
    fetch: F,
    clock: Clock,
    random: Random,
    config: watch::Receiver<Arc<Config>>,
    standings: watch::Receiver<Standings>,
    board: Board,
    orders: broadcast::Receiver<Order>,
    events: mpsc::Sender<Event>,
    calendar: Calendar,
    base: String,
    diary: Diary,
}

impl<F> std::fmt::Debug for Poller<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Poller").field("source", &self.source.id).field("diary", &self.diary).finish_non_exhaustive()
    }
}

/// What is due when.
#[derive(Debug, Default)]
struct Diary {
    prices: BTreeMap<Wanted, Timestamp>,
    charts: BTreeMap<(Wanted, Span), Timestamp>,
    /// The span last asked for of each symbol, beside the day that all have.
    spans: BTreeMap<Name, Span>,
    /// No question before this.
    not_before: Timestamp,
    /// In a row.
    failures: u32,
}

/// A question to be put.
#[derive(Clone, Debug, PartialEq)]
enum Job {
    Prices(Vec<Wanted>),
    Chart(Wanted, Span),
}

impl Diary {
    /// Takes up what is newly wanted, due at once, and drops what is no longer.
    fn follow(&mut self, prices: Vec<Wanted>, charts: &[Wanted], now: Timestamp) {
        let prices: BTreeSet<Wanted> = prices.into_iter().collect();
        self.prices.retain(|wanted, _| prices.contains(wanted));
        for wanted in prices {
            self.prices.entry(wanted).or_insert(now);
        }
        let spans = |symbol: &Name| [Some(Span::Day), self.spans.get(symbol).copied()].into_iter().flatten();
        let charts: BTreeSet<(Wanted, Span)> =
            charts.iter().flat_map(|wanted| spans(&wanted.symbol).map(|span| (wanted.clone(), span))).collect();
        self.charts.retain(|chart, _| charts.contains(chart));
        for chart in charts {
            self.charts.entry(chart).or_insert(now);
        }
    }

    /// The next question and when it may be put: prices before charts when both are due.
    fn next(&self, now: Timestamp, together: usize) -> Option<(Timestamp, Job)> {
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
    fn hurry(&mut self, now: Timestamp) {
        self.prices.values_mut().for_each(|due| *due = (*due).min(now));
        let shown = self.charts.iter_mut().filter(|((wanted, span), _)| self.spans.get(&wanted.symbol) == Some(span));
        shown.for_each(|(_, due)| *due = (*due).min(now));
    }

    fn delay(&mut self, job: &Job, until: Timestamp) {
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

/// What came of a question.
#[derive(Debug, PartialEq)]
enum Reply {
    Bodies(Vec<Vec<u8>>),
    Refused { why: String, until: Timestamp },
    Unknown,
    Failed { why: String, status: Option<u16>, again: Option<Timestamp> },
}

impl<F: Fetch> Poller<F> {
    /// A worker for one source, under the refusals that are remembered of it.
    pub fn new(source: &'static Source, desk: &Desk, board: Board, fetch: F) -> Poller<F> {
        let config = desk.config.clone();
        let blocked = desk.reports.iter().filter(|report| &*report.source == source.id);
        let until = blocked.filter(|report| report.capability != Capability::Socket).filter_map(|report| {
            let Outcome::Blocked { until, .. } = report.outcome else { return None };
            Some(until.min(later((desk.clock)(), LONGEST_BLOCK)))
        });
        let diary = Diary { not_before: until.max().unwrap_or(Timestamp::MIN), ..Diary::default() };
        let now = config.borrow().clone();
        Poller {
            source,
            fetch,
            clock: desk.clock.clone(),
            random: desk.random.clone(),
            standings: board.watch(),
            board,
            orders: desk.orders.resubscribe(),
            events: desk.events.clone(),
            calendar: calendar(&now),
            base: source.base_url(&now).to_string(),
            config,
            diary,
        }
    }

    /// Runs until the desk's channels close.
    pub async fn run(mut self) -> anyhow::Result<()> {
        loop {
            let now = (self.clock)();
            self.follow(now);
            let together = self.source.poll.as_ref().map_or(1, |poll| poll.together);
            let next = self.diary.next(now, together);
            let wait = next.as_ref().map_or(LONGEST_SLEEP, |(at, _)| until(*at, now).min(LONGEST_SLEEP));
            let goes_on = tokio::select! {
                changed = self.config.changed() => changed.is_ok() && self.reconfigure(),
                order = self.orders.recv() => self.obey(order),
                _ = self.standings.changed() => true,
                () = tokio::time::sleep(wait) => match next {
                    Some((at, job)) if at <= (self.clock)() => self.work(job).await.is_some(),
                    _ => true,
                },
                () = self.events.closed() => false,
            };
            if !goes_on {
                return Ok(());
            }
        }
    }

    fn follow(&mut self, now: Timestamp) {
        let config = self.config.borrow();
        let standings = self.standings.borrow();
        let prices = chain::prices(self.source, Capability::Quote, &config, &standings, now);
        self.diary.follow(prices, &chain::charts(self.source, &config, &standings, now), now);
    }

    /// A refusal belongs to an address: under another one there is none.
    fn reconfigure(&mut self) -> bool {
        let config = self.config.borrow_and_update().clone();
        self.calendar = calendar(&config);
        if self.source.base_url(&config) != self.base {
            self.base = self.source.base_url(&config).to_string();
            let now = (self.clock)();
            self.diary = Diary { spans: std::mem::take(&mut self.diary.spans), not_before: now, ..Diary::default() };
        }
        true
    }

    fn obey(&mut self, order: Result<Order, broadcast::error::RecvError>) -> bool {
        match order {
            Ok(Order::WantSeries { symbol, span }) => {
                self.diary.spans.insert(symbol, span);
            }
            Ok(Order::Refresh) | Err(broadcast::error::RecvError::Lagged(_)) => self.diary.hurry((self.clock)()),
            Err(broadcast::error::RecvError::Closed) => return false,
        }
        true
    }

    /// Puts a question, sends what comes of it, and notes when to ask again. None: nobody listens any more.
    async fn work(&mut self, job: Job) -> Option<()> {
        let config = self.config.borrow().clone();
        let (urls, interval) = self.urls(&job, &config);
        let reply = self.ask(&config, &urls).await;
        let now = (self.clock)();
        self.diary.not_before = later(now, signed(self.source.spacing));
        match reply {
            Reply::Bodies(bodies) => match self.read(&job, &urls, interval, &bodies, now).await? {
                Ok(()) => self.well(&job, now).await,
                Err(misread) => self.misread(&job, misread, now).await,
            },
            Reply::Refused { why, until } => self.refused(why, until, now).await,
            Reply::Unknown => self.misread(&job, Misread::Unknown, now).await,
            Reply::Failed { why, status, again } => self.failed(&job, why, status, again, now).await,
        }
    }

    fn urls(&self, job: &Job, config: &Config) -> (Vec<String>, BarsAsk) {
        let access = self.source.access(config);
        let none = || BarsAsk { urls: Vec::new(), interval: 0, keep: None };
        match (job, &self.source.poll, &self.source.candles) {
            (Job::Prices(wanted), Some(poll), candles) => {
                let urls = (poll.ask)(access, &spelled(wanted));
                // Where one answer serves price and chart, it is asked for once.
                let day = match (candles, wanted.as_slice()) {
                    (Some(candles), [one]) => (candles.ask)(access, &one.spelled, Span::Day, (self.clock)()),
                    _ => none(),
                };
                (urls, day)
            }
            (Job::Chart(wanted, span), _, Some(candles)) => {
                let ask = (candles.ask)(access, &wanted.spelled, *span, (self.clock)());
                (ask.urls.clone(), ask)
            }
            _ => (Vec::new(), none()),
        }
    }

    async fn ask(&self, config: &Config, urls: &[String]) -> Reply {
        let mut bodies = Vec::with_capacity(urls.len());
        for url in urls {
            if !bodies.is_empty() {
                tokio::time::sleep(self.source.spacing).await;
            }
            let ask = Ask {
                url: url.clone(),
                headers: self.source.headers.iter().map(|(name, value)| (*name, value.to_string())).collect(),
                user_agent: self.source.user_agent(config),
                timeout: Some(TIMEOUT.min(config.network.timeout)),
                max_body: Some(BODY_CAP.min(config.network.max_body)),
            };
            let answer = self.fetch.fetch(config, ask).await;
            match judge(self.source, answer, (self.clock)()) {
                Ok(body) => bodies.push(body),
                Err(reply) => return reply,
            }
        }
        Reply::Bodies(bodies)
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
        match (job, &self.source.poll, &self.source.candles) {
            (Job::Prices(wanted), Some(poll), candles) => {
                let moment = Moment { now, calendar: &self.calendar };
                let ticks = match (poll.read)(moment, &spelled(wanted), bodies) {
                    Ok(ticks) => ticks,
                    Err(misread) => return Some(Err(misread)),
                };
                self.send_quotes(poll, wanted, ticks, now).await?;
                if let (Some(candles), [one], true) = (candles, wanted.as_slice(), bars.urls == urls) {
                    return self.send_day(candles, one, bars, bodies, now).await.map(|_| Ok(()));
                }
                Some(Ok(()))
            }
            (Job::Chart(wanted, span), _, Some(candles)) => self.send_bars(candles, wanted, *span, bars, bodies).await,
            _ => Some(Ok(())),
        }
    }

    async fn send_quotes(&self, poll: &Poll, wanted: &[Wanted], ticks: Vec<Tick>, now: Timestamp) -> Option<()> {
        let moment = Moment { now, calendar: &self.calendar };
        for tick in ticks {
            let Some(wanted) = wanted.iter().find(|wanted| wanted.spelled == tick.spelled) else { continue };
            let every = (poll.every)(session_for(&wanted.symbol, &self.calendar, now));
            let delivery = self.source.delay.map_or(Delivery::Polled(every), Delivery::Delayed);
            let quote = tick.quote(self.source, &wanted.symbol, delivery, moment);
            self.events.send(Event::Quote(quote)).await.ok()?;
        }
        Some(())
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
            source: self.source.id.into(),
            interval: ask.interval,
            bars: in_order(all, ask.keep),
        };
        self.events.send(Event::Series { span, series }).await.ok().map(Ok)
    }

    async fn well(&mut self, job: &Job, now: Timestamp) -> Option<()> {
        self.diary.failures = 0;
        let due = match job {
            Job::Prices(wanted) => wanted.iter().map(|wanted| self.price_due(&wanted.symbol, now)).min().unwrap_or(now),
            Job::Chart(wanted, span) => self.chart_due(&wanted.symbol, *span, now),
        };
        self.diary.delay(job, due);
        self.report(capability(job), Outcome::Well, Some(200), Some(due), now, true).await
    }

    async fn misread(&mut self, job: &Job, misread: Misread, now: Timestamp) -> Option<()> {
        match misread {
            Misread::Refused => {
                let until = later(now, signed(self.source.pause));
                self.refused(format!("{} limit", self.source.id), until, now).await
            }
            Misread::WebPage => {
                let until = later(now, signed(self.source.pause.max(SHUT_OUT)));
                self.refused(format!("{} web page", self.source.id), until, now).await
            }
            Misread::Unknown => {
                let until = later(now, signed(UNKNOWN_AGAIN));
                self.diary.delay(job, until);
                let why = format!("{} does not know {}.", self.source.title, subject(job));
                // One unknown name says nothing about the source's other answers.
                self.report(capability(job), Outcome::Failed { why }, Some(404), Some(until), now, false).await
            }
            Misread::Shape | Misread::NoPrice => self.failed(job, misread.to_string(), Some(200), None, now).await,
        }
    }

    /// The source refuses us, whatever we ask it: nothing more until then.
    async fn refused(&mut self, why: String, until: Timestamp, now: Timestamp) -> Option<()> {
        self.diary.not_before = until;
        let status = why.rsplit(' ').next().and_then(|status| status.parse().ok());
        let both = [
            self.source.poll.is_some().then_some(Capability::Quote),
            self.source.candles.as_ref().map(|_| Capability::Candles),
        ];
        for capability in both.into_iter().flatten() {
            let outcome = Outcome::Blocked { why: why.clone(), until };
            self.report(capability, outcome, status, Some(until), now, true).await?;
        }
        Some(())
    }

    async fn failed(
        &mut self,
        job: &Job,
        why: String,
        status: Option<u16>,
        again: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<()> {
        self.diary.failures = self.diary.failures.saturating_add(1);
        let wait = retry(self.source.spacing, self.diary.failures).mul_f64(0.75 + 0.5 * (self.random)());
        let due = later(now, signed(wait)).max(again.unwrap_or(now));
        self.diary.delay(job, due);
        let why = format!("{}, {}: {why}.", self.source.title, subject(job));
        self.report(capability(job), Outcome::Failed { why }, status, Some(due), now, true).await
    }

    async fn report(
        &self,
        capability: Capability,
        outcome: Outcome,
        status: Option<u16>,
        next: Option<Timestamp>,
        at: Timestamp,
        counts: bool,
    ) -> Option<()> {
        let report = SourceReport { source: self.source.id.into(), capability, at, outcome, status, next };
        if counts {
            self.board.tell(&report);
        }
        self.events.send(Event::Source(report)).await.ok()
    }

    /// When a price that has just come is asked for again.
    fn price_due(&self, symbol: &Name, now: Timestamp) -> Timestamp {
        let every = self
            .source
            .poll
            .as_ref()
            .map_or(LONGEST_RETRY, |poll| (poll.every)(session_for(symbol, &self.calendar, now)));
        due(symbol, every, &self.calendar, now, (self.random)())
    }

    fn chart_due(&self, symbol: &Name, span: Span, now: Timestamp) -> Timestamp {
        let every = match (span, session_for(symbol, &self.calendar, now)) {
            (_, Session::Closed | Session::Overnight) => Duration::from_hours(2),
            (Span::Hour, _) => Duration::from_mins(1).max(self.source.spacing * 3),
            (Span::Day, _) => Duration::from_mins(5),
            _ => Duration::from_mins(15),
        };
        due(symbol, every, &self.calendar, now, (self.random)())
    }
}

/// An answer's body, or what else came of the question.
fn judge(source: &Source, answer: Result<Answer, Trouble>, now: Timestamp) -> Result<Vec<u8>, Reply> {
    let failed = |why: String, status, again| Err(Reply::Failed { why, status, again });
    let answer = match answer {
        Ok(answer) => answer,
        Err(trouble) => return failed(trouble.to_string(), None, None),
    };
    let again = answer.header("retry-after").and_then(|text| retry_after(text, now));
    let until = |pause: Duration| later(now, signed(pause)).max(again.unwrap_or(now)).min(later(now, LONGEST_BLOCK));
    let refused = |pause| Err(Reply::Refused { why: format!("{} {}", source.id, answer.status), until: until(pause) });
    match answer.status {
        200 => Ok(answer.body),
        429 => refused(source.pause),
        401 | 403 | 407 | 418 | 451 => refused(source.pause.max(SHUT_OUT)),
        404 => Err(Reply::Unknown),
        status => {
            failed(format!("it answered {status}"), Some(status), again.map(|at| at.min(later(now, LONGEST_BLOCK))))
        }
    }
}

/// `Retry-After` (RFC 9110, 10.2.3): seconds, or a date.
fn retry_after(text: &str, now: Timestamp) -> Option<Timestamp> {
    match text.trim().parse::<u32>() {
        Ok(seconds) => Some(later(now, SignedDuration::from_secs(seconds.into()))),
        Err(_) => rfc2822::parse(text.trim()).ok().map(|date| date.timestamp()),
    }
}

/// When a symbol is asked for again, with a tenth of jitter. While the exchange is closed, at latest when it opens; on a
/// day without trading not before.
fn due(symbol: &Name, every: Duration, calendar: &Calendar, now: Timestamp, random: f64) -> Timestamp {
    let due = later(now, signed(every.mul_f64(0.9 + 0.2 * random)));
    if kind(symbol) == Kind::Crypto || !matches!(calendar.session(now), Session::Closed | Session::Overnight) {
        return due;
    }
    // Not everybody at the stroke of four.
    let opening = later(calendar.next_change(now).at, SignedDuration::from_secs(2 + (10.0 * random) as i64));
    if calendar.day(calendar.date(now)).is_none() { opening } else { due.min(opening) }
}

/// The wait after so many failures in a row.
fn retry(spacing: Duration, failures: u32) -> Duration {
    let first = Duration::from_secs(5).max(spacing);
    first.saturating_mul(1 << failures.saturating_sub(1).min(10)).min(LONGEST_RETRY)
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

fn capability(job: &Job) -> Capability {
    match job {
        Job::Prices(_) => Capability::Quote,
        Job::Chart(..) => Capability::Candles,
    }
}

/// What a question is about, for a sentence.
fn subject(job: &Job) -> String {
    match job {
        Job::Prices(wanted) => wanted.iter().map(|wanted| &*wanted.symbol).collect::<Vec<_>>().join(", "),
        Job::Chart(wanted, _) => wanted.symbol.to_string(),
    }
}

fn spelled(wanted: &[Wanted]) -> Vec<String> {
    wanted.iter().map(|wanted| wanted.spelled.clone()).collect()
}

fn until(at: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO)
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(if by.is_negative() { Timestamp::MIN } else { Timestamp::MAX })
}
