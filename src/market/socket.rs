//! Listens to one source: one loop for all sockets.
//!
//! A connection that says nothing is dropped; one that ends is made again after a random wait that doubles (full
//! jitter); a change of the watchlist is sent on the open connection. Prices wait in a place for each symbol, where the
//! latest wins, so that neither a flood nor a screen that stands still can fill the memory.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::broadcast;
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::backoff::{back_off, lacks, later, refused, refused_until, signed, until};
use super::dial::{Dial, OPENING, explain};
use super::link::{Connection, End, Plan};
use super::poller::LATE;
use super::source_health::{Downtime, SourceHealth};
use super::{Access, Closed, Deps, Frame, Moment, Order, SocketSpec, Source, Tick, WorkerContext};
use crate::domain::price::{Capability, Delivery, Failure, FailureCause, Outcome, Refusal, SocketError, SourceReport};
use crate::event::{Event, move_back};

/// A connection that held so long was a good one: the next wait is short again.
const HEALTHY: Duration = Duration::from_mins(1);
/// A connection that lives so long without a price of any symbol says so.
const MUTE: Duration = Duration::from_mins(1);
/// Life is reported no more often.
const REPORTS: Duration = Duration::from_secs(5);
/// A symbol that a source does not know may be listed one day.
const REFUSED_AGAIN: SignedDuration = SignedDuration::from_mins(10);
/// How long frames gather before they are read, and how many are read at once.
const GATHER: Duration = Duration::from_millis(100);
const GATHERED: usize = 256;
/// What is waited for is looked at afresh at least so often.
const LONGEST_SLEEP: Duration = Duration::from_mins(1);

/// The worker that listens to one source.
pub(crate) struct SocketWorker<D> {
    context: WorkerContext,
    spec: &'static SocketSpec,
    dial: D,
    /// No connection is made before.
    not_before: Option<Timestamp>,
    /// It refuses us until then; no key shortens that.
    blocked_until: Option<Timestamp>,
    /// When the last connection was lost.
    lost: Option<Timestamp>,
    /// Connections lost in a row.
    failures: u32,
    /// What the source said it does not have, as it spells it, and until when that is believed. Asked for again under
    /// a new configuration.
    refused: BTreeMap<String, Timestamp>,
}

impl<D> std::fmt::Debug for SocketWorker<D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SocketWorker")
            .field("source", &self.context.source.id)
            .field("failures", &self.failures)
            .finish_non_exhaustive()
    }
}

impl<D: Dial> SocketWorker<D> {
    /// A worker for one source, under the refusals that are remembered of it.
    pub(crate) fn new(
        source: &'static Source,
        spec: &'static SocketSpec,
        deps: &Deps,
        health: SourceHealth,
        dial: D,
    ) -> SocketWorker<D> {
        SocketWorker {
            context: WorkerContext::new(source, deps, health),
            spec,
            dial,
            not_before: None,
            blocked_until: refused_until(deps, source, |capability| capability == Capability::Socket),
            lost: None,
            failures: 0,
            refused: BTreeMap::new(),
        }
    }

    /// Runs until its channels close.
    pub(crate) async fn run(mut self) -> anyhow::Result<()> {
        while let Ok(plan) = self.wait().await {
            let started = Instant::now();
            let end = self.connection(plan).await;
            if started.elapsed() >= HEALTHY {
                self.failures = 0;
            }
            if self.ended(end).await.is_err() {
                break;
            }
        }
        Ok(())
    }

    /// Waits until a connection is wanted and may be made.
    async fn wait(&mut self) -> Result<Plan, Closed> {
        loop {
            self.keep_time();
            let now = self.context.now();
            let plan = self.plan(now);
            let at = self.not_before.max(self.blocked_until).unwrap_or(now);
            if !plan.symbols.is_empty() && at <= now {
                return Ok(plan);
            }
            let wait = if plan.symbols.is_empty() { LONGEST_SLEEP } else { until(at, now).min(LONGEST_SLEEP) };
            tokio::select! {
                changed = self.context.config.changed() => { changed?; self.reconfigure(&plan); }
                order = self.context.orders.recv() => match order {
                    Ok(Order::Refresh) => self.not_before = None,
                    Err(broadcast::error::RecvError::Closed) => return Err(Closed),
                    Ok(Order::Compare(_)) | Err(broadcast::error::RecvError::Lagged(_)) => {}
                },
                _ = self.context.health_table.changed() => self.take_hope(now),
                () = tokio::time::sleep(wait) => {}
                () = self.context.events.closed() => return Err(Closed),
            }
        }
    }

    /// A clock that was set back takes along what is waited for; true when it was. What an open connection notes goes by the
    /// old one: it is made anew.
    fn keep_time(&mut self) -> bool {
        let Some(by) = self.context.set_back() else { return false };
        move_back([&mut self.not_before, &mut self.blocked_until, &mut self.lost].into_iter().flatten(), by);
        move_back(self.refused.values_mut(), by);
        true
    }

    /// What is wanted now. No symbols: no connection.
    fn plan(&self, now: Timestamp) -> Plan {
        let config = self.context.config.borrow();
        let source = self.context.source;
        let base = source.socket_url(&config).unwrap_or_default();
        let access = Access { base, ..source.access(&config) };
        let is_refused = |spelled: &str| self.refused.get(spelled).is_some_and(|until| *until > now);
        let known = self.context.wanted(Capability::Socket).into_iter().filter(|wanted| !is_refused(&wanted.spelled));
        Plan {
            url: self.spec.address.map_or_else(|| base.to_string(), |address| address(access)),
            hello: self.spec.hello.map(|hello| hello(access)).unwrap_or_default(),
            symbols: known.collect(),
        }
    }

    /// A new configuration: names are tried again, and a refusal belongs to the address that spoke it.
    fn reconfigure(&mut self, before: &Plan) {
        self.context.reconfigure();
        self.refused.clear();
        if !self.plan(self.context.now()).is_same_line(before) {
            (self.not_before, self.blocked_until, self.failures) = (None, None, 0);
        }
    }

    /// The source answers questions again: the socket may be back as well.
    fn take_hope(&mut self, now: Timestamp) {
        let route = self.context.route(Capability::Quote);
        let again = self.context.health_table.borrow().well_again(&route);
        if again.is_some_and(|since| Some(since) > self.lost) {
            (self.not_before, self.lost) = (None, Some(now));
        }
    }

    async fn connection(&mut self, plan: Plan) -> End {
        let request = match self.request(&plan.url) {
            Ok(request) => request,
            Err(error) => return End::Lost(error),
        };
        let stream = match self.open(request).await {
            Ok(stream) => stream,
            Err(end) => return end,
        };
        let mut connection = Connection::new(stream, plan, self.context.now());
        let first =
            connection.plan.hello.iter().cloned().chain((self.spec.subscribe)(&connection.plan.spelled())).collect();
        match connection.say(first).await {
            Err(end) => end,
            Ok(()) => self.listen(&mut connection).await,
        }
    }

    /// An open connection. When that takes long, the others hear of it.
    async fn open(&self, request: Request) -> Result<WebSocketStream<D::Io>, End> {
        let dialling = tokio::time::timeout(OPENING, self.dial.dial(request));
        tokio::pin!(dialling);
        let mut is_late = false;
        let dialled = loop {
            tokio::select! {
                dialled = &mut dialling => break dialled,
                () = tokio::time::sleep(LATE), if !is_late => {
                    is_late = true;
                    self.context.health.late(self.context.route(Capability::Socket), self.context.now());
                }
                () = self.context.events.closed() => return Err(End::Over),
            }
        };
        match dialled {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => Err(refusal(self.context.source, &error, self.context.now())),
            Err(_) => Err(End::Lost(SocketError::Timeout(OPENING))),
        }
    }

    fn request(&self, url: &str) -> Result<Request, SocketError> {
        let mut request = url.into_client_request().map_err(|_| SocketError::Address)?;
        let config = self.context.config.borrow();
        let agent = self.context.source.user_agent(&config).unwrap_or_else(|| config.network.user_agent.clone());
        let headers = self.spec.headers.iter().copied().chain([("user-agent", agent.as_str())]);
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).map_err(|_| SocketError::Address)?;
            request.headers_mut().insert(HeaderName::from_static(name), value);
        }
        Ok(request)
    }

    async fn listen(&mut self, connection: &mut Connection<D::Io>) -> End {
        let (beat, events) = (self.spec.beat.as_ref(), self.context.events.clone());
        loop {
            let next_beat = connection.last_beat + beat.map_or(LONGEST_SLEEP, |beat| beat.every);
            let (silent_at, ping_at) = (connection.silent_at(self.spec.quiet), connection.ping_at());
            let step = tokio::select! {
                frame = connection.stream.next(), if !connection.rests() => self.take_all(connection, frame).await,
                () = tokio::time::sleep_until(connection.rests_until), if connection.rests() => Ok(()),
                permit = events.reserve(), if !connection.pending.is_empty() => match permit {
                    Ok(permit) => { if let Some(event) = connection.pending.take() { permit.send(event); } Ok(()) }
                    Err(_) => Err(End::Over),
                },
                changed = self.context.config.changed() => match changed {
                    Ok(()) => { self.reconfigure(&connection.plan.clone()); self.adapt(connection).await }
                    Err(_) => Err(End::Over),
                },
                _ = self.context.health_table.changed() => self.adapt(connection).await,
                () = tokio::time::sleep_until(silent_at) => {
                    Err(End::Lost(SocketError::Silent(connection.last_frame.elapsed())))
                }
                () = tokio::time::sleep_until(ping_at.unwrap_or(silent_at)), if ping_at.is_some() => connection.ping().await,
                () = tokio::time::sleep_until(next_beat), if beat.is_some() => {
                    connection.last_beat = Instant::now();
                    let spelled = connection.plan.spelled();
                    connection.say(beat.map(|beat| (beat.say)(&spelled)).into_iter().collect()).await
                }
                () = tokio::time::sleep_until(connection.since + self.spec.renew) => Err(End::Renew),
                () = tokio::time::sleep_until(connection.look_at) => self.look(connection).await,
                () = events.closed() => Err(End::Over),
            };
            if let Err(end) = step {
                return end;
            }
            if self.keep_time() || connection.slept(self.context.now()) {
                return End::Renew;
            }
        }
    }

    /// A frame, and those that came with it. Then it rests for a moment, in which more may gather: the screen shows prices five
    /// times a second at most, and to be woken for each of fifty costs more than to read them.
    async fn take_all(
        &mut self,
        connection: &mut Connection<D::Io>,
        first: Option<Result<Message, Error>>,
    ) -> Result<(), End> {
        self.take(connection, first).await?;
        for _ in 1..GATHERED {
            let Some(frame) = connection.stream.next().now_or_never() else { break };
            self.take(connection, frame).await?;
        }
        connection.rests_until = Instant::now() + GATHER;
        Ok(())
    }

    async fn take(
        &mut self,
        connection: &mut Connection<D::Io>,
        frame: Option<Result<Message, Error>>,
    ) -> Result<(), End> {
        let message = match frame {
            Some(Ok(message)) => message,
            Some(Err(error)) => return Err(End::Lost(explain(&error))),
            None => return Err(End::Lost(SocketError::Closed)),
        };
        connection.heard_frame(&message);
        match message {
            Message::Text(text) => self.hear(connection, text.as_str()).await,
            Message::Close(close) => {
                let code = close.map(|close| u16::from(close.code));
                Err(End::Lost(code.map_or(SocketError::Closed, SocketError::ClosedWith)))
            }
            // Pongs are sent by the library.
            Message::Ping(_) | Message::Pong(_) | Message::Binary(_) | Message::Frame(_) => Ok(()),
        }
    }

    async fn hear(&mut self, connection: &mut Connection<D::Io>, text: &str) -> Result<(), End> {
        let now = self.context.now();
        let frames = (self.spec.read)(Moment { now, calendar: &self.context.calendar }, text);
        for frame in frames {
            match frame {
                Frame::Tick(tick) => {
                    // First: a price of what counts as late would not be shown.
                    self.alive(connection);
                    self.price(connection, tick, now);
                }
                Frame::NoPrice { spelled } => self.no_price(connection, &spelled, now),
                Frame::Beat => self.alive(connection),
                Frame::Leave => return Err(End::Lost(SocketError::Leaving)),
                Frame::Refused { spelled, said } => self.refuse(connection, spelled, &said, now).await?,
            }
        }
        Ok(())
    }

    fn price(&self, connection: &mut Connection<D::Io>, tick: Tick, now: Timestamp) {
        let Some(symbol) = connection.plan.symbol(&tick.spelled).cloned() else { return };
        let (spelled, order) = (tick.spelled.clone(), tick.order.unwrap_or(0));
        if tick.time.is_some_and(|time| connection.held.get(&spelled).is_some_and(|held| (time, order) < *held)) {
            return; // Older: not even offered.
        }
        let (quote, is_shown) = self.context.quote(tick, &symbol, Delivery::Pushed, Capability::Socket);
        let stamp = (quote.newest(), order);
        if connection.held.get(&spelled).is_none_or(|held| *held <= stamp) {
            connection.held.insert(spelled.clone(), stamp);
            connection.hear(&spelled, quote.newest().min(now));
            if is_shown {
                connection.pending.put(quote);
            }
        }
    }

    /// What speaks of a symbol without a price does not carry it: another route is wanted at once.
    fn no_price(&self, connection: &mut Connection<D::Io>, spelled: &str, now: Timestamp) {
        self.alive(connection);
        let Some(symbol) = connection.hear_no_price(spelled) else { return };
        let route = self.context.route(Capability::Socket);
        self.context.health.lacks(&symbol, route, Downtime::UntilWell, now);
        let lacks = lacks([&symbol], &self.failure(SocketError::NoPrice));
        let report = self.report(Outcome::Failed(self.failure(SocketError::NoPriceOf(symbol.clone()))), None, None);
        connection.pending.report = Some(SourceReport { asked: vec![symbol], lacks, ..report });
    }

    /// Symbols that have not been heard of for as long as a price is fresh are asked for meanwhile; what was refused is
    /// tried again when its time has come.
    async fn look(&mut self, connection: &mut Connection<D::Io>) -> Result<(), End> {
        let now = self.context.now();
        let late = connection.late(&self.context.calendar, now);
        if !late.is_empty() {
            self.context.health.late_for(&late, &self.context.route(Capability::Socket), now);
        }
        if self.refused.values().any(|until| *until <= now) {
            self.refused.retain(|_, until| *until > now);
            return self.adapt(connection).await;
        }
        Ok(())
    }

    /// The connection lives: said to the other workers at once, to the screen now and then.
    fn alive(&self, connection: &mut Connection<D::Io>) {
        if connection.last_report.is_some_and(|last| last.elapsed() < REPORTS) {
            return;
        }
        connection.last_report = Some(Instant::now());
        let is_mute = connection.is_mute() && connection.since.elapsed() >= MUTE;
        let only_alive = || Outcome::Failed(self.failure(SocketError::OnlyAlive));
        let outcome = if is_mute { only_alive() } else { Outcome::Well };
        let report = self.report(outcome, None, None);
        self.context.health.tell(&report);
        connection.pending.report = Some(report);
    }

    /// One symbol is refused: the others are asked for again without it, for some venues then refuse all.
    async fn refuse(
        &mut self,
        connection: &mut Connection<D::Io>,
        spelled: Option<String>,
        said: &str,
        now: Timestamp,
    ) -> Result<(), End> {
        let title = self.context.source.title;
        let symbol = spelled.as_ref().and_then(|spelled| connection.plan.symbol(spelled).cloned());
        connection.plan.symbols.retain(|wanted| Some(&wanted.symbol) != symbol.as_ref());
        let cause = match &symbol {
            Some(symbol) => FailureCause::Lacks { unknown: vec![symbol.clone()], unpriced: Vec::new() },
            None => FailureCause::Subscription(said.into()),
        };
        let lacks = lacks(&symbol, &Failure::new(title, FailureCause::UnknownSymbol));
        let asked = symbol.clone().into_iter().collect();
        let report = self.report(Outcome::Failed(Failure::new(title, cause)), None, None);
        connection.pending.report = Some(SourceReport { asked, lacks, ..report });
        connection.last_report = Some(Instant::now());
        if let Some(symbol) = symbol {
            let until = later(now, REFUSED_AGAIN);
            self.refused.extend(spelled.map(|spelled| (spelled, until)));
            let route = self.context.route(Capability::Socket);
            self.context.health.lacks(&symbol, route, Downtime::Until(until), now);
            if connection.plan.symbols.is_empty() {
                return Err(End::Renew);
            }
            connection.say((self.spec.subscribe)(&connection.plan.spelled())).await?;
        }
        Ok(())
    }

    /// Sends the open connection what has changed in what is wanted.
    async fn adapt(&mut self, connection: &mut Connection<D::Io>) -> Result<(), End> {
        let plan = self.plan(self.context.now());
        if !plan.is_same_line(&connection.plan) || plan.symbols.is_empty() {
            return Err(End::Renew);
        }
        let (added, removed) = connection.change(plan, self.context.now());
        if !added.is_empty() {
            connection.say((self.spec.subscribe)(&added)).await?;
        }
        if !removed.is_empty() {
            connection.say((self.spec.unsubscribe)(&removed)).await?;
        }
        Ok(())
    }

    /// Says how a connection ended, and when the next is made.
    async fn ended(&mut self, end: End) -> Result<(), Closed> {
        let now = self.context.now();
        let report = match end {
            End::Over => return Err(Closed),
            End::Renew => return Ok(()),
            End::Lost(error) => {
                let wait = back_off(self.failures, (self.context.random)());
                self.failures = self.failures.saturating_add(1);
                (self.not_before, self.lost) = (Some(later(now, signed(wait))), Some(now));
                self.report(Outcome::Failed(self.failure(error)), None, self.not_before)
            }
            End::Refused { status, until } => {
                self.blocked_until = Some(until);
                let refusal = Refusal::by_status(self.context.source.id, status);
                self.report(Outcome::Blocked { refusal, until }, Some(status), Some(until))
            }
        };
        self.context.health.tell(&report);
        Ok(self.context.events.send(Event::Source(report)).await?)
    }

    fn failure(&self, error: SocketError) -> Failure {
        Failure::new(self.context.source.title, FailureCause::Socket(error))
    }

    fn report(&self, outcome: Outcome, status: Option<u16>, next: Option<Timestamp>) -> SourceReport {
        self.context.report(Capability::Socket, outcome, status, next)
    }
}

/// An opening that failed: refused with a status, or not made.
fn refusal(source: &Source, error: &Error, now: Timestamp) -> End {
    let Error::Http(response) = error else { return End::Lost(explain(error)) };
    let status = response.status().as_u16();
    let wish = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
    match refused(source, status, wish, now) {
        Some(until) => End::Refused { status, until },
        None => End::Lost(SocketError::Status(status)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::large_futures)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::{Arc, Mutex};

    use futures_util::SinkExt;
    use serde_json::json;
    use tokio::io::DuplexStream;
    use tokio_tungstenite::tungstenite::http::Response;
    use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};

    use tokio::sync::mpsc;

    use super::super::dial::{MESSAGE_CAP, Network, READ_AT_ONCE, limits};
    use super::super::source_health::Trust;
    use super::*;
    use crate::config::Config;
    use crate::domain::price::{Session, SourceSettings};
    use crate::event::Clock;
    use crate::market::source;
    use crate::market::tests::{Shell, beside, config, deps};

    type Peer = WebSocketStream<DuplexStream>;
    /// What the next openings are refused with.
    type Refusals = Arc<Mutex<VecDeque<Response<Option<Vec<u8>>>>>>;

    /// A network in memory: hands the other end of each connection to the test, or refuses.
    struct Lab {
        peers: mpsc::UnboundedSender<Peer>,
        refusals: Refusals,
    }

    impl Dial for Lab {
        type Io = DuplexStream;

        async fn dial(&self, _: Request) -> Result<WebSocketStream<DuplexStream>, Error> {
            if let Some(response) = self.refusals.lock().unwrap().pop_front() {
                return Err(Error::Http(Box::new(response)));
            }
            let (ours, theirs) = tokio::io::duplex(1 << 16);
            self.peers.send(WebSocketStream::from_raw_socket(theirs, Role::Server, None).await).ok();
            Ok(WebSocketStream::from_raw_socket(ours, Role::Client, Some(limits())).await)
        }
    }

    /// A worker on a network in memory.
    struct Bench {
        line: SocketWorker<Lab>,
        shell: Shell,
        peers: mpsc::UnboundedReceiver<Peer>,
        refusals: Refusals,
        clock: Clock,
        health: SourceHealth,
    }

    fn coins() -> Config {
        config(&[("BTC-USD", &["coinbase", "kraken"]), ("ETH-USD", &["coinbase"]), ("NVDA", &["yahoo"])])
    }

    fn bench(config: Config, room: usize) -> Bench {
        let (deps, shell) = deps(config, "2026-11-22 12:00", room);
        bench_at(deps, shell)
    }

    fn bench_at(deps: Deps, shell: Shell) -> Bench {
        bench_of("coinbase", deps, shell)
    }

    fn bench_of(id: &str, deps: Deps, shell: Shell) -> Bench {
        let (sender, peers) = mpsc::unbounded_channel();
        let refusals = Arc::new(Mutex::new(VecDeque::new()));
        let (source, health) = (source(id).unwrap(), SourceHealth::default());
        let lab = Lab { peers: sender, refusals: refusals.clone() };
        let line = SocketWorker::new(source, source.socket.as_ref().unwrap(), &deps, health.clone(), lab);
        Bench { line, shell, peers, refusals, clock: deps.clock, health }
    }

    /// The next connection, and what is asked for on it.
    async fn accept(peers: &mut mpsc::UnboundedReceiver<Peer>) -> (Peer, String) {
        let mut peer = tokio::time::timeout(Duration::from_hours(2), peers.recv()).await.unwrap().unwrap();
        let asked = heard(&mut peer).await;
        (peer, asked)
    }

    async fn heard(peer: &mut Peer) -> String {
        let message = tokio::time::timeout(Duration::from_secs(5), peer.next()).await.unwrap().unwrap().unwrap();
        message.into_text().unwrap().to_string()
    }

    async fn tell(peer: &mut Peer, message: serde_json::Value) {
        peer.send(Message::text(message.to_string())).await.unwrap();
    }

    fn ticker(id: &str, price: &str, at: Timestamp, trade: u64) -> serde_json::Value {
        json!({"type": "ticker", "product_id": id, "price": price, "open_24h": "97000", "time": at, "trade_id": trade})
    }

    fn why(report: SourceReport) -> String {
        match report.outcome {
            Outcome::Failed(failure) => failure.to_string(),
            Outcome::Blocked { refusal, .. } => refusal.to_string(),
            Outcome::Well => "well".into(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn subscribes_at_once_and_sends_prices_on() {
        let Bench { line, mut shell, mut peers, clock, .. } = bench(coins(), 16);
        beside(line.run(), async {
            let (mut peer, asked) = accept(&mut peers).await;
            let expected = json!({"type": "subscribe", "product_ids": ["BTC-USD", "ETH-USD"], "channels": ["ticker", "heartbeat"]});
            assert_eq!(serde_json::from_str::<serde_json::Value>(&asked).unwrap(), expected);
            tell(&mut peer, ticker("BTC-USD", "97412.50", clock(), 7)).await;
            assert_eq!(why(shell.report().await), "well");
            let quote = shell.quote().await;
            assert_eq!((quote.price.to_string().as_str(), quote.session), ("97412.5", Session::Always));
            assert_eq!((&*quote.symbol, &*quote.source, quote.delivery), ("BTC-USD", "coinbase", Delivery::Pushed));
            assert_eq!(quote.base.unwrap().to_string(), "97000");
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_noticed_and_the_line_made_anew() {
        let Bench { line, mut shell, mut peers, clock, .. } = bench(coins(), 16);
        beside(line.run(), async {
            let (mut peer, _) = accept(&mut peers).await;
            tell(&mut peer, json!({"type": "heartbeat"})).await;
            let spoke = shell.report().await.at;
            let report = shell.report().await;
            assert_eq!(until(report.at, spoke).as_secs(), 15);
            assert_eq!(why(report), "Coinbase, prices as they trade: silent for 15 s.");
            let (mut peer, _) = accept(&mut peers).await;
            assert!(until(clock(), spoke) < Duration::from_secs(17));
            tell(&mut peer, ticker("ETH-USD", "3100", clock(), 8)).await;
            assert_eq!(&*shell.quote().await.symbol, "ETH-USD");
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn heartbeats_keep_the_line_and_are_told_now_and_then() {
        let Bench { line, mut shell, mut peers, .. } = bench(coins(), 64);
        beside(line.run(), async {
            let (mut peer, _) = accept(&mut peers).await;
            for _ in 0..60 {
                tokio::time::sleep(Duration::from_secs(1)).await;
                tell(&mut peer, json!({"type": "heartbeat", "product_id": "BTC-USD"})).await;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
            let mut reports = 0;
            while let Ok(event) = shell.events.try_recv() {
                assert!(matches!(event, Event::Source(SourceReport { outcome: Outcome::Well, .. })), "{event:?}");
                reports += 1;
            }
            assert!((10..=13).contains(&reports), "{reports}");
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn heartbeats_without_a_price_are_told_as_that() {
        let Bench { line, mut shell, mut peers, clock, .. } = bench(coins(), 64);
        beside(line.run(), async {
            let (mut peer, _) = accept(&mut peers).await;
            let mut last = String::new();
            for _ in 0..70 {
                tokio::time::sleep(Duration::from_secs(1)).await;
                tell(&mut peer, json!({"type": "heartbeat", "product_id": "BTC-USD"})).await;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
            while let Ok(Event::Source(report)) = shell.events.try_recv() {
                last = why(report);
            }
            assert_eq!(last, "Coinbase, prices as they trade: signs of life, but no price.");
            tell(&mut peer, ticker("ETH-USD", "3100", clock(), 8)).await;
            tokio::time::sleep(Duration::from_secs(6)).await;
            tell(&mut peer, json!({"type": "heartbeat", "product_id": "BTC-USD"})).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
            while let Ok(event) = shell.events.try_recv() {
                last = if let Event::Source(report) = event { why(report) } else { last };
            }
            assert_eq!(last, "well", "one of them trades");
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn rubbish_is_passed_over() {
        let Bench { line, mut shell, mut peers, clock, .. } = bench(coins(), 16);
        beside(line.run(), async {
            let (mut peer, _) = accept(&mut peers).await;
            let rubbish = [
                Message::text("not json"),
                Message::binary(vec![0u8, 159, 146, 150]),
                Message::text(r#"{"type":"auction"}"#),
                Message::Ping(vec![1u8, 2].into()),
                Message::text(ticker("DOGE-USD", "1", clock(), 1).to_string()),
                Message::text(ticker("BTC-USD", "0", clock(), 1).to_string()),
                Message::text(ticker("BTC-USD", "NaN", clock(), 1).to_string()),
            ];
            for message in rubbish {
                peer.send(message).await.unwrap();
            }
            tell(&mut peer, ticker("BTC-USD", "97000", clock(), 2)).await;
            assert_eq!(shell.quote().await.price.to_string(), "97000");
        })
        .await;
    }

    /// Frames of two bytes: with the 128 KiB that are read at once by default, nine million of them held the worker for a second.
    #[tokio::test]
    async fn empty_pieces_without_end_leave_others_their_turn() {
        let (near, mut far) = tokio::io::duplex(64 << 10);
        let mut line = WebSocketStream::from_raw_socket(near, Role::Client, Some(limits())).await;
        let pieces = async {
            tokio::io::AsyncWriteExt::write_all(&mut far, &[0x01, 0x00]).await?;
            loop {
                tokio::io::AsyncWriteExt::write_all(&mut far, &[0; 4096]).await?;
            }
        };
        let turns = async {
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
        };
        let ended: std::io::Result<()> = tokio::select! {
            _ = line.next() => panic!("a message came of nothing"),
            ended = pieces => ended,
            () = turns => Ok(()),
        };
        ended.unwrap();
        assert!(limits().read_buffer_size <= READ_AT_ONCE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_message_too_large_ends_the_line_only() {
        let Bench { line, mut shell, mut peers, clock, .. } = bench(coins(), 16);
        beside(line.run(), async {
            let (mut peer, _) = accept(&mut peers).await;
            let sent = async { peer.send(Message::text("x".repeat(MESSAGE_CAP + 1))).await.ok() };
            let (_, report) = tokio::join!(sent, shell.report());
            assert_eq!(why(report), "Coinbase, prices as they trade: it sent a message that is too large.");
            let (mut peer, _) = accept(&mut peers).await;
            tell(&mut peer, ticker("BTC-USD", "97000", clock(), 2)).await;
            assert_eq!(shell.quote().await.price.to_string(), "97000");
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn older_trades_are_dropped_and_times_to_come_not_believed() {
        let Bench { line, mut shell, mut peers, clock, .. } = bench(coins(), 16);
        beside(line.run(), async {
            let (mut peer, _) = accept(&mut peers).await;
            let now = clock();
            let before = later(now, SignedDuration::from_secs(-5));
            tell(&mut peer, ticker("BTC-USD", "100", now, 10)).await;
            assert_eq!(shell.quote().await.price.to_string(), "100");
            tell(&mut peer, ticker("BTC-USD", "101", before, 12)).await; // an earlier time
            tell(&mut peer, ticker("BTC-USD", "102", now, 9)).await; // the same time, an earlier trade
            tell(&mut peer, ticker("BTC-USD", "103", now, 11)).await;
            assert_eq!(shell.quote().await.price.to_string(), "103");
            tell(&mut peer, ticker("BTC-USD", "104", later(now, SignedDuration::from_hours(9)), 12)).await;
            let quote = shell.quote().await;
            assert_eq!((quote.price.to_string().as_str(), quote.exchange_time), ("104", None));
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_screen_that_stands_still_gets_the_latest_of_each() {
        let Bench { line, mut shell, mut peers, clock, .. } = bench(coins(), 1);
        beside(line.run(), async {
            let (mut peer, _) = accept(&mut peers).await;
            for trade in 1..=3_000u64 {
                let id = if trade % 2 == 0 { "BTC-USD" } else { "ETH-USD" };
                tell(&mut peer, ticker(id, &trade.to_string(), clock(), trade)).await;
                tokio::task::yield_now().await;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
            let mut prices = Vec::new();
            while let Ok(Some(event)) = tokio::time::timeout(Duration::from_secs(1), shell.events.recv()).await {
                prices.extend(if let Event::Quote(quote) = event { Some(quote.price.to_string()) } else { None });
            }
            assert!(prices.len() <= 4, "{} waited", prices.len());
            assert!(prices.contains(&"3000".into()) && prices.contains(&"2999".into()), "{prices:?}");
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn closed_lines_are_waited_for_longer_and_longer() {
        let Bench { line, mut shell, mut peers, clock, .. } = bench(coins(), 16);
        beside(line.run(), async {
            let mut waits = Vec::new();
            for _ in 0..9 {
                let (mut peer, _) = accept(&mut peers).await;
                peer.close(Some(CloseFrame { code: 1012.into(), reason: "".into() })).await.ok();
                let report = shell.report().await;
                waits.push(until(report.next.unwrap(), report.at).as_millis());
                assert_eq!(why(report), "Coinbase, prices as they trade: it closed the connection (1012).");
            }
            assert_eq!(waits, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
            let (mut peer, _) = accept(&mut peers).await;
            let start = clock();
            while until(clock(), start) < HEALTHY {
                tell(&mut peer, json!({"type": "heartbeat"})).await;
                tokio::time::sleep(Duration::from_secs(5)).await;
            }
            drop(peer);
            loop {
                let report = shell.report().await;
                if let Some(next) = report.next {
                    assert_eq!(until(next, report.at).as_millis(), 500, "a good line makes the wait short again");
                    break;
                }
            }
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_opening_is_kept_to() {
        let Bench { line, mut shell, mut peers, refusals, clock, .. } = bench(coins(), 16);
        let cases = [(429, None, 60), (429, Some("600"), 600), (403, None, 1_800), (451, None, 1_800)];
        for (status, after, _) in cases {
            let mut response = Response::builder().status(status);
            if let Some(after) = after {
                response = response.header("retry-after", after);
            }
            refusals.lock().unwrap().push_back(response.body(None).unwrap());
        }
        beside(line.run(), async {
            for (status, _, seconds) in cases {
                let report = shell.report().await;
                let Outcome::Blocked { refusal, until: end } = &report.outcome else { panic!("{report:?}") };
                assert_eq!(refusal.to_string(), format!("coinbase {status}"));
                assert_eq!(until(*end, report.at).as_secs(), seconds);
                shell.orders.send(Order::Refresh).unwrap();
            }
            let refused = clock();
            accept(&mut peers).await;
            assert!(until(clock(), refused) >= Duration::from_secs(1_799));
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn other_statuses_are_failures() {
        let Bench { line, mut shell, mut peers, refusals, .. } = bench(coins(), 16);
        refusals.lock().unwrap().push_back(Response::builder().status(503).body(None).unwrap());
        beside(line.run(), async {
            assert_eq!(why(shell.report().await), "Coinbase, prices as they trade: it answered 503.");
            accept(&mut peers).await;
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_restart_does_not_renew_a_refusal() {
        let (mut deps, shell) = deps(coins(), "2026-11-22 12:00", 16);
        let now = (deps.clock)();
        let outcome = Outcome::Blocked {
            refusal: Refusal::by_status("coinbase", 403),
            until: later(now, SignedDuration::from_mins(10)),
        };
        let capability = Capability::Socket;
        deps.reports = vec![SourceReport::new("coinbase", capability, now, outcome)];
        let Bench { line, mut peers, clock, shell: _shell, .. } = bench_at(deps, shell);
        beside(line.run(), async {
            accept(&mut peers).await;
            assert!(until(clock(), now) >= Duration::from_mins(10));
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_of_the_watchlist_is_told_on_the_open_line() {
        let Bench { line, shell, mut peers, .. } = bench(coins(), 16);
        beside(line.run(), async {
            let (mut peer, _) = accept(&mut peers).await;
            shell.config.send(Arc::new(config(&[("SOL-USD", &["coinbase"]), ("ETH-USD", &["coinbase"])]))).unwrap();
            let said = [heard(&mut peer).await, heard(&mut peer).await];
            assert!(said[0].contains(r#""subscribe""#) && said[0].contains(r#"["SOL-USD"]"#), "{said:?}");
            assert!(said[1].contains(r#""unsubscribe""#) && said[1].contains(r#"["BTC-USD"]"#), "{said:?}");

            let mut moved = config(&[("SOL-USD", &["coinbase"])]);
            let settings = SourceSettings { socket_url: Some("wss://elsewhere".into()), ..SourceSettings::default() };
            moved.sources.insert("coinbase".into(), settings);
            shell.config.send(Arc::new(moved)).unwrap();
            let (mut peer, asked) = accept(&mut peers).await;
            assert!(asked.contains(r#"["SOL-USD"]"#), "{asked}");

            shell.config.send(Arc::new(config(&[("NVDA", &["yahoo"])]))).unwrap();
            let gone = tokio::time::timeout(Duration::from_secs(5), peer.next()).await.unwrap();
            assert!(!matches!(gone, Some(Ok(Message::Text(_)))), "nothing wanted, nothing connection: {gone:?}");
            assert!(tokio::time::timeout(Duration::from_mins(10), peers.recv()).await.is_err());
            shell.config.send(Arc::new(coins())).unwrap();
            accept(&mut peers).await;
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_symbol_leaves_the_others() {
        let Bench { line, mut shell, mut peers, clock, .. } = bench(coins(), 16);
        beside(line.run(), async {
            let (mut peer, _) = accept(&mut peers).await;
            let reason = "ETH-USD is not a valid product";
            tell(&mut peer, json!({"type": "error", "message": "Failed to subscribe", "reason": reason})).await;
            let report = shell.report().await;
            assert_eq!(&*report.lacks[0].symbol, "ETH-USD", "it says so of that one alone");
            assert_eq!(why(report), "Coinbase does not know ETH-USD.");
            assert!(heard(&mut peer).await.contains(r#"["BTC-USD"]"#));
            tell(&mut peer, ticker("BTC-USD", "97000", clock(), 1)).await;
            assert_eq!(&*shell.quote().await.symbol, "BTC-USD");
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn what_tells_no_price_is_named_and_leaves_the_others() {
        let Bench { line, mut shell, mut peers, clock, health, .. } = bench(coins(), 16);
        let route = ("coinbase".into(), Capability::Socket);
        let trust = |symbol: &str| health.watch().borrow().trust(&symbol.into(), &route, clock());
        beside(line.run(), async {
            let (mut peer, _) = accept(&mut peers).await;
            for id in ["BTC-USD", "ETH-USD"] {
                tell(&mut peer, ticker(id, "97000", clock(), 1)).await;
                shell.quote().await;
            }
            tell(&mut peer, ticker("BTC-USD", "0", clock(), 2)).await;
            tell(&mut peer, ticker("ETH-USD", "2600", clock(), 2)).await;
            shell.quote().await;
            assert_eq!(trust("BTC-USD"), Trust::Settled, "a slip");
            tell(&mut peer, ticker("BTC-USD", "N/A", clock(), 3)).await;
            let found = async {
                loop {
                    let report = shell.report().await;
                    if report.outcome != Outcome::Well {
                        return why(report);
                    }
                }
            };
            assert_eq!(found.await, "Coinbase, prices as they trade: it tells no price of BTC-USD.");
            assert_eq!((trust("BTC-USD"), trust("ETH-USD")), (Trust::Down, Trust::Settled));
            tell(&mut peer, ticker("BTC-USD", "97001", clock(), 4)).await;
            shell.quote().await;
            assert_eq!(trust("BTC-USD"), Trust::Recovering);
        })
        .await;
    }

    /// Yahoo's socket says nothing when nothing trades: whether it lives shows by a ping.
    #[tokio::test(start_paused = true)]
    async fn a_peer_that_has_answered_pings_is_dead_when_it_does_not() {
        for (answers, after) in [(true, 30 + 10), (false, 15 * 60)] {
            let (deps, shell) = deps(config(&[("NVDA", &["yahoo"])]), "2026-11-23 12:00", 16);
            let Bench { line, mut peers, clock, shell: _shell, .. } = bench_of("yahoo", deps, shell);
            beside(line.run(), async {
                let (mut peer, _) = accept(&mut peers).await;
                let mut since = clock();
                // Reading answers pings, and says when one came.
                while answers && !matches!(peer.next().await, Some(Ok(Message::Ping(_)))) {}
                if answers {
                    peer.flush().await.unwrap();
                    since = clock();
                }
                // From here on nobody reads.
                accept(&mut peers).await;
                let seconds = until(clock(), since).as_secs();
                assert!((after..after + 5).contains(&seconds), "{answers}: {seconds}");
            })
            .await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_is_made_anew_before_its_end_and_after_sleep() {
        let (mut deps, shell) = deps(coins(), "2026-11-22 12:00", 16);
        let asleep = Arc::new(Mutex::new(SignedDuration::ZERO));
        let (clock, slept) = (deps.clock.clone(), asleep.clone());
        deps.clock = Arc::new(move || later(clock(), *slept.lock().unwrap()));
        let Bench { line, mut shell, mut peers, clock, .. } = bench_at(deps, shell);
        beside(line.run(), async {
            let (mut peer, _) = accept(&mut peers).await;
            *asleep.lock().unwrap() = SignedDuration::from_hours(3);
            tell(&mut peer, json!({"type": "heartbeat"})).await;
            let woken = clock();
            let (mut peer, _) = accept(&mut peers).await;
            assert!(until(clock(), woken) < Duration::from_secs(1));
            let opened = clock();
            loop {
                tokio::select! {
                    next = peers.recv() => { assert!(next.is_some()); break; }
                    () = tokio::time::sleep(Duration::from_secs(10)) => {
                        peer.send(Message::text(r#"{"type":"heartbeat"}"#)).await.ok();
                        while shell.events.try_recv().is_ok() {}
                    }
                }
            }
            assert_eq!(until(clock(), opened).as_secs() / 3_600, 23);
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn ends_with_the_desk() {
        let Bench { line, shell, mut peers, .. } = bench(coins(), 16);
        let (ended, ()) = tokio::join!(line.run(), async {
            accept(&mut peers).await;
            drop(shell);
        });
        ended.unwrap();
    }

    /// Over a real connection: what the other tests pass over.
    #[tokio::test]
    async fn listens_over_tcp() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut config = coins();
        let socket_url = Some(format!("ws://{}/", listener.local_addr().unwrap()));
        config.sources.insert("coinbase".into(), SourceSettings { socket_url, ..SourceSettings::default() });
        let (deps, mut shell) = deps(config, "2026-11-22 12:00", 16);
        let coinbase = source("coinbase").unwrap();
        let line =
            SocketWorker::new(coinbase, coinbase.socket.as_ref().unwrap(), &deps, SourceHealth::default(), Network);
        beside(line.run(), async {
            let (stream, _) = listener.accept().await.unwrap();
            let mut peer = tokio_tungstenite::accept_async(stream).await.unwrap();
            assert!(peer.next().await.unwrap().unwrap().into_text().unwrap().contains("subscribe"));
            peer.send(Message::text(ticker("BTC-USD", "97000", (deps.clock)(), 1).to_string())).await.unwrap();
            assert_eq!(shell.quote().await.price.to_string(), "97000");
        })
        .await;
    }
}
