//! Asks one source for prices and history: one question at a time, spaced, jittered, and not at all while it refuses.

mod outcomes;
mod reading;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::broadcast;

use super::assignment;
use super::backoff::{LONGEST_BLOCK, later, refused, refused_until, retry_after, signed, until};
use super::chain;
use super::pace::Pace;
use super::poll_queue::{ALWAYS_WANTED, Job, PollQueue, Wants, capability, prices_of, spelled};
use super::source_health::{SourceHealth, Trust};
use super::{BarsAsk, Closed, Deps, Order, Source, WorkerContext};
use crate::config::Config;
use crate::domain::Name;
use crate::domain::price::{Capability, QuestionError, ReadError, RefusalSign, Span};
use crate::event::move_back;
use crate::http::{Answer, Ask, Http, HttpError};

/// For a whole question: some services hang rather than refuse.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes; the largest honest answer has a tenth of it.
const BODY_CAP: u64 = 4 << 20;
/// The clock may be set or the machine sleep: what is due is looked at afresh at least so often.
const LONGEST_SLEEP: Duration = Duration::from_mins(1);
/// A price that no source has brought yet is late after this, whatever it waits for: the next source is asked, while this
/// one goes on being waited for.
pub(super) const LATE: Duration = Duration::from_secs(1);
/// An answer is late after this, also where the last price still stands, and so is history.
const VERY_LATE: Duration = Duration::from_secs(3);

/// A symbol that a source does not know may be listed one day: it is asked again after this.
const UNKNOWN_AGAIN: SignedDuration = SignedDuration::from_mins(10);

/// Whoever can answer a question: [`Http`], or a test.
pub(crate) trait Fetch: Send + Sync + 'static {
    /// One GET, under the network settings of a configuration.
    fn fetch(&self, config: &Config, ask: Ask) -> impl Future<Output = Result<Answer, HttpError>> + Send;
}

impl Fetch for Http {
    async fn fetch(&self, config: &Config, ask: Ask) -> Result<Answer, HttpError> {
        self.with(&config.network).get(ask).await
    }
}

/// The worker that polls one source.
pub(crate) struct Poller<F> {
    context: WorkerContext,
    fetch: F,
    base: String,
    queue: PollQueue,
    pace: Pace,
    /// It refuses us until then.
    blocked_until: Option<Timestamp>,
    /// When each address was last asked, of those asked within the spacing.
    asked: HashMap<String, Timestamp>,
    /// When prices were last asked for.
    prices_asked: Option<Timestamp>,
    /// When each price last came, by the source's spelling.
    priced: HashMap<String, Timestamp>,
    /// The symbols whose prices its own socket did not bring when that was last looked at.
    alone: BTreeSet<Name>,
}

impl<F> std::fmt::Debug for Poller<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let source = &self.context.source.id;
        f.debug_struct("Poller").field("source", source).field("queue", &self.queue).finish_non_exhaustive()
    }
}

/// What is asked, and what bars its answer holds.
struct Question {
    urls: Vec<String>,
    bars: Option<BarsAsk>,
}

/// What came of a question.
#[derive(Debug, PartialEq)]
enum Reply {
    Bodies(Vec<Vec<u8>>),
    /// It finds a mistake in the question (400): what it says of it.
    Mistaken(Vec<u8>),
    Refused {
        sign: RefusalSign,
        until: Timestamp,
    },
    Unknown,
    Failed(FailedQuestion),
    /// Nobody looks at that chart any more: it was not waited for.
    Dropped,
}

/// Why a question brought nothing, and what that means.
#[derive(Debug, PartialEq)]
struct FailedQuestion {
    error: QuestionError,
    status: Option<u16>,
    /// The source wishes not to be asked before.
    again: Option<Timestamp>,
    /// It says nothing about the source's other symbols.
    of_symbol: bool,
}

impl<F: Fetch> Poller<F> {
    /// A worker for one source, under the refusals that are remembered of it.
    pub(crate) fn new(source: &'static Source, deps: &Deps, health: SourceHealth, fetch: F) -> Poller<F> {
        let blocked_until = refused_until(deps, source, |capability| capability != Capability::Socket);
        let context = WorkerContext::new(source, deps, health);
        let base = source.base_url(&context.config.borrow()).to_string();
        Poller {
            context,
            fetch,
            base,
            queue: PollQueue::default(),
            pace: Pace::new(source),
            blocked_until,
            asked: HashMap::new(),
            prices_asked: None,
            priced: HashMap::new(),
            alone: BTreeSet::new(),
        }
    }

    /// Runs until its channels close.
    pub(crate) async fn run(mut self) -> anyhow::Result<()> {
        self.turn_to_chart();
        loop {
            self.keep_time();
            let now = self.context.now();
            self.follow(now);
            self.flag_late(now);
            let next = self.queue.next(self.context.source, &self.pace, now);
            let next = next.map(|(at, job)| (self.blocked_until.map_or(at, |until| at.max(until)), job));
            let wait = next.as_ref().map_or(LONGEST_SLEEP, |(at, _)| until(*at, now).min(LONGEST_SLEEP));
            let step = tokio::select! {
                // What changes the next question goes before it.
                biased;
                changed = self.context.config.changed() => changed.map(|()| self.reconfigure()).map_err(Closed::from),
                order = self.context.orders.recv() => self.obey(order),
                changed = self.context.shown.changed() => changed.map(|()| self.turn_to_chart()).map_err(Closed::from),
                _ = self.context.health_table.changed() => { self.take_alarm(); Ok(()) }
                () = tokio::time::sleep(wait) => match next {
                    Some((at, job)) if at <= self.context.now() => self.work(job).await,
                    _ => Ok(()),
                },
                () = self.context.events.closed() => Err(Closed),
            };
            if step == Err(Closed) {
                return Ok(());
            }
        }
    }

    /// A clock that was set back takes along all that is waited for.
    fn keep_time(&mut self) {
        let Some(by) = self.context.set_back() else { return };
        self.queue.set_back(by);
        self.pace.set_back(by);
        move_back([&mut self.blocked_until, &mut self.prices_asked].into_iter().flatten(), by);
        move_back(self.asked.values_mut().chain(self.priced.values_mut()), by);
    }

    /// Its own socket has fallen: whether the source still answers is to be known at once, not when the next price is
    /// due, and a little before its spacing would have it. A single symbol that the socket is silent about waits for the
    /// next question.
    fn take_alarm(&mut self) {
        let (socket, own) = (self.context.route(Capability::Socket), self.context.route(Capability::Quote));
        self.context.health_table.mark_unchanged();
        let now = self.context.now();
        let health_table = self.context.health_table.borrow();
        let has_fallen = health_table.trust_source(&socket, now) == Trust::Down;
        let prices = assignment::prices(
            self.context.source,
            Capability::Quote,
            &self.context.config.borrow(),
            &health_table,
            now,
        );
        let may_tell = |wanted: &chain::Wanted| health_table.trust(&wanted.symbol, &own, now) != Trust::Down;
        let is_to_ask = |wanted: &chain::Wanted| may_tell(wanted) && !self.is_just_priced(&wanted.spelled, now);
        let fallen = prices.into_iter().filter(|wanted| has_fallen && is_to_ask(wanted));
        let alone: BTreeSet<Name> = fallen.map(|wanted| wanted.symbol).collect();
        drop(health_table);
        let fallen: BTreeSet<Name> = alone.difference(&self.alone).cloned().collect();
        self.alone = alone;
        self.follow(now);
        self.queue.alarm(&fallen, now);
    }

    /// Within the spacing of the source, in which it would answer the same.
    fn is_just_priced(&self, spelled: &str, now: Timestamp) -> bool {
        self.priced.get(spelled).is_some_and(|at| now < later(*at, signed(self.context.source.spacing)))
    }

    /// What is wanted of the source now. A price that its own socket is silent about is asked for when the last one has
    /// stood for its time, and with the next question.
    fn follow(&mut self, now: Timestamp) {
        let (config, health_table) = (self.context.config.borrow(), self.context.health_table.borrow());
        let source = self.context.source;
        let prices = assignment::prices(source, Capability::Quote, &config, &health_table, now);
        // Closes that come with prices cost nothing.
        let spans: &[Span] = match &source.closes {
            _ if self.context.wants_history => ALWAYS_WANTED,
            Some(closes) if closes.come_with_prices => &[Span::Day],
            _ => &[],
        };
        let history = assignment::charts(source, &config, &health_table, now);
        let takes_many = !prices.is_empty() && source.poll.as_ref().is_some_and(|poll| poll.together > 1);
        let along = if takes_many { assignment::unpriced(source, &config, &health_table, now) } else { Vec::new() };
        drop((config, health_table));
        let (priced, asked) = (&self.priced, self.prices_asked);
        let first = |wanted: &chain::Wanted| {
            let every = self.context.poll_interval(&wanted.symbol, now);
            let stood = priced.get(&wanted.spelled).map(|at| later(*at, signed(every)));
            let rested = asked.map_or(now, |asked| later(asked, signed(every / 2)));
            stood.map_or(now, |at| at.max(rested).max(now))
        };
        self.queue.follow(source, Wants { prices, along, history, spans }, first, now);
    }

    /// Prices that this source is not expected to bring in time, whatever they wait for, are asked for elsewhere meanwhile.
    fn flag_late(&self, now: Timestamp) {
        let Some(poll) = &self.context.source.poll else { return };
        let due = self.queue.due_prices(self.context.source, now);
        let is_late = |at: usize, due: Timestamp| {
            let others = u32::try_from(at / poll.together.max(1)).unwrap_or(u32::MAX);
            let expected = Some(self.pace.answered_after(others, now));
            expected.max(self.blocked_until) > Some(later(due, signed(LATE)))
        };
        let late = due.iter().enumerate().filter(|(at, (due, _))| is_late(*at, *due)).map(|(_, (_, symbol))| symbol);
        self.context.late_for(late, now);
    }

    /// A refusal belongs to an address: under another one there is none.
    fn reconfigure(&mut self) {
        let config = self.context.reconfigure();
        let base = self.context.source.base_url(&config);
        if base != self.base {
            self.base = base.to_string();
            self.queue.reset();
            self.pace = Pace::new(self.context.source);
            self.blocked_until = None;
            self.priced.clear();
        }
    }

    fn turn_to_chart(&mut self) {
        let shown = self.context.shown.borrow_and_update().clone();
        self.queue.show(shown, self.context.now());
    }

    fn obey(&mut self, order: Result<Order, broadcast::error::RecvError>) -> Result<(), Closed> {
        match order {
            Ok(Order::Compare(span)) => self.queue.compare(span),
            Ok(Order::Refresh) | Err(broadcast::error::RecvError::Lagged(_)) => self.queue.hurry(self.context.now()),
            Err(broadcast::error::RecvError::Closed) => return Err(Closed),
        }
        Ok(())
    }

    /// Puts a question, sends what comes of it, and notes when to ask again.
    async fn work(&mut self, job: Job) -> Result<(), Closed> {
        let config = self.context.config.borrow().clone();
        let question = self.question(&job, &config);
        if let Some(again) = self.asked_lately(&question.urls) {
            self.queue.delay(&job, again);
            return Ok(());
        }
        if matches!(job, Job::Prices(_)) {
            self.prices_asked = Some(self.context.now());
        }
        let reply = self.ask(&config, &question.urls, &job).await;
        let now = self.context.now();
        match reply {
            Reply::Bodies(bodies) => match self.read(&job, question, &bodies, now).await? {
                Ok(missing) => self.well(&job, missing, now).await,
                Err(misread) => self.misread(&job, misread, now).await,
            },
            Reply::Mistaken(body) => self.mistaken(&job, &body, now).await,
            Reply::Refused { sign, until } => self.refused(sign, until).await,
            Reply::Unknown => self.misread(&job, ReadError::Unknown, now).await,
            Reply::Failed(failure) => self.failed(&job, failure, now).await,
            Reply::Dropped => Ok(()),
        }
    }

    fn question(&self, job: &Job, config: &Config) -> Question {
        let (source, access) = (self.context.source, self.context.source.access(config));
        let candles = |symbol: &chain::Wanted, span| {
            source.candles.as_ref().map(|candles| (candles.ask)(access, &symbol.spelled, span, self.context.now()))
        };
        let closes = |wanted: &[chain::Wanted], span| {
            source.closes.as_ref().map(|closes| (closes.ask)(access, &spelled(wanted), span))
        };
        let bars = match job {
            Job::Prices(wanted) => {
                let urls = source.poll.as_ref().map(|poll| (poll.ask)(access, &spelled(wanted))).unwrap_or_default();
                // Where one answer serves prices and closes, it is asked for once.
                return Question { bars: closes(wanted, Span::Day).filter(|bars| bars.urls == urls), urls };
            }
            Job::Closes(wanted, span) => closes(wanted, *span),
            Job::Chart(wanted, span) => candles(wanted, *span),
        };
        Question { urls: bars.as_ref().map(|bars| bars.urls.clone()).unwrap_or_default(), bars }
    }

    /// When these addresses may be asked again, if one of them was asked within the spacing: it would answer the same.
    fn asked_lately(&mut self, urls: &[String]) -> Option<Timestamp> {
        let (now, spacing) = (self.context.now(), signed(self.context.source.spacing));
        self.asked.retain(|_, at| *at <= now && now < later(*at, spacing));
        urls.iter().filter_map(|url| self.asked.get(url)).max().map(|at| later(*at, spacing))
    }

    async fn ask(&mut self, config: &Config, urls: &[String], job: &Job) -> Reply {
        let mut bodies = Vec::with_capacity(urls.len());
        for url in urls {
            if !bodies.is_empty() {
                tokio::time::sleep(self.context.source.spacing).await;
            }
            let began = self.context.now();
            self.pace.began(began);
            self.asked.insert(url.clone(), began);
            let answer = self.fetch(config, url, job).await;
            // Before anything new is noted.
            self.keep_time();
            let Some(answer) = answer else { return Reply::Dropped };
            self.pace.ended(self.context.now());
            match judge(self.context.source, answer, self.was_priced_before(job), self.context.now()) {
                Ok(body) => bodies.push(body),
                Err(reply) => return reply,
            }
        }
        Reply::Bodies(bodies)
    }

    /// An answer; when it is late, the others hear of it. None: it was a chart that is not looked at any more.
    async fn fetch(&mut self, config: &Config, url: &str, job: &Job) -> Option<Result<Answer, HttpError>> {
        let ask = self.request(url, config);
        let was_shown = self.queue.is_shown(job);
        let Poller { fetch, context, queue, .. } = self;
        let answer = fetch.fetch(config, ask);
        let (late, very_late) = (tokio::time::sleep(LATE), tokio::time::sleep(VERY_LATE));
        tokio::pin!(answer, late, very_late);
        let (mut is_late, mut is_very_late) = (false, false);
        loop {
            tokio::select! {
                answer = &mut answer => return Some(answer),
                () = &mut late, if !is_late => {
                    is_late = true;
                    let now = context.now();
                    context.late_for(queue.due_prices(context.source, now).iter().map(|(_, symbol)| symbol), now);
                }
                () = &mut very_late, if !is_very_late => {
                    is_very_late = true;
                    match capability(job) {
                        Capability::Candles => context.health.late(context.route(Capability::Candles), context.now()),
                        by => {
                            let symbols = prices_of(job).iter().map(|wanted| &wanted.symbol);
                            context.health.late_for(symbols, &context.route(by), context.now());
                        }
                    }
                }
                Ok(()) = context.shown.changed(), if was_shown => {
                    let shown = context.shown.borrow_and_update().clone();
                    queue.show(shown, context.now());
                    if !queue.is_shown(job) {
                        return None;
                    }
                }
            }
        }
    }

    fn request(&self, url: &str, config: &Config) -> Ask {
        let source = self.context.source;
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

    fn was_priced_before(&self, job: &Job) -> bool {
        prices_of(job).iter().any(|wanted| self.priced.contains_key(&wanted.spelled))
    }
}

/// An answer's body, or what else came of the question, which was about something that was priced before or not.
fn judge(
    source: &Source,
    answer: Result<Answer, HttpError>,
    was_priced_before: bool,
    now: Timestamp,
) -> Result<Vec<u8>, Reply> {
    let failed = |error, status, again| Err(Reply::Failed(FailedQuestion { error, status, again, of_symbol: false }));
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return failed(error.into(), None, None),
    };
    if !was_priced_before && source.unknown.contains(&answer.status) {
        return Err(Reply::Unknown);
    }
    let wish = answer.header("retry-after");
    if let Some(until) = refused(source, answer.status, wish, now) {
        return Err(Reply::Refused { sign: RefusalSign::Status(answer.status), until });
    }
    match answer.status {
        200 => Ok(answer.body),
        404 => Err(Reply::Unknown),
        400 => Err(Reply::Mistaken(answer.body)),
        status => {
            let again = wish.and_then(|text| retry_after(text, now)).map(|at| at.min(later(now, LONGEST_BLOCK)));
            failed(QuestionError::Status(status), Some(status), again)
        }
    }
}
