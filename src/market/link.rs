//! One open connection: what it is for, what was heard on it, what waits to be sent on.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use futures_util::SinkExt;
use jiff::{SignedDuration, Timestamp};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::backoff::{later, signed, until};
use super::chain::Wanted;
use super::dial::{OPENING, explain};
use crate::domain::Name;
use crate::domain::price::{Kind, Quote, Session, SocketError, SourceReport, fresh_for, kind};
use crate::domain::session::Calendar;
use crate::event::Event;

/// The wall clock went so much further than the other one: the machine slept.
const SLEPT: SignedDuration = SignedDuration::from_secs(30);
/// Most venues tell the last price at once: what has not come after this is asked for.
const FIRST: SignedDuration = SignedDuration::from_secs(1);
/// Symbols are looked after at least so often.
const LOOK: Duration = Duration::from_secs(15);

/// A peer that has said nothing for so long is asked whether it lives (a ping, RFC 6455, 5.5.2) …
const PING_AFTER: Duration = Duration::from_secs(30);
/// … and one that has answered before is dead when it does not within this.
const PONG_WITHIN: Duration = Duration::from_secs(10);
/// So many messages without a price are no slip.
const SLIPS: u32 = 2;

/// What a connection is for.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Plan {
    /// May carry a key.
    pub(super) url: String,
    /// What is said first; may carry a key.
    pub(super) hello: Vec<String>,
    /// In the order of the watchlist.
    pub(super) symbols: Vec<Wanted>,
}

impl Plan {
    pub(super) fn spelled(&self) -> Vec<String> {
        self.symbols.iter().map(|wanted| wanted.spelled.clone()).collect()
    }

    /// The symbol that the source spells so, if it is one of these.
    pub(super) fn symbol(&self, spelled: &str) -> Option<&Name> {
        self.symbols.iter().find(|wanted| wanted.spelled == spelled).map(|wanted| &wanted.symbol)
    }

    /// The same peer, asked by the same name.
    pub(super) fn is_same_line(&self, other: &Plan) -> bool {
        self.url == other.url && self.hello == other.hello
    }
}

/// Why a connection is no more.
#[derive(Debug)]
pub(super) enum End {
    /// Nobody listens to us any more.
    Over,
    /// It is wanted otherwise, or too old: a new one at once.
    Renew,
    Lost(SocketError),
    Refused {
        status: u16,
        until: Timestamp,
    },
}

/// What waits to be sent on: one quote for each symbol, those first that wait longest, and one report.
#[derive(Debug, Default)]
pub(super) struct Pending {
    order: VecDeque<Name>,
    quotes: HashMap<Name, Quote>,
    pub(super) report: Option<SourceReport>,
}

impl Pending {
    pub(super) fn put(&mut self, quote: Quote) {
        let symbol = quote.symbol.clone();
        if self.quotes.insert(symbol.clone(), quote).is_none() {
            self.order.push_back(symbol);
        }
    }

    pub(super) fn take(&mut self) -> Option<Event> {
        if let Some(report) = self.report.take() {
            return Some(Event::Source(report));
        }
        let symbol = self.order.pop_front()?;
        self.quotes.remove(&symbol).map(Event::Quote)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.order.is_empty() && self.report.is_none()
    }

    fn forget(&mut self, symbols: &[Wanted]) {
        self.order.retain(|symbol| symbols.iter().any(|wanted| wanted.symbol == *symbol));
        self.quotes.retain(|symbol, _| symbols.iter().any(|wanted| wanted.symbol == *symbol));
    }
}

/// An open connection.
pub(super) struct Connection<Io> {
    pub(super) stream: WebSocketStream<Io>,
    pub(super) plan: Plan,
    /// The newest trade of each symbol.
    pub(super) held: HashMap<String, (Timestamp, u64)>,
    /// When each symbol was asked for, and when it last traded.
    heard: HashMap<String, (Timestamp, Option<Timestamp>)>,
    /// Those that are late, and known to be.
    late: BTreeSet<String>,
    /// Messages in a row that spoke of a symbol without a price.
    odd: HashMap<String, u32>,
    /// When the next of them may be late.
    pub(super) look_at: Instant,
    pub(super) pending: Pending,
    /// Frames gather until then.
    pub(super) rests_until: Instant,
    pub(super) since: Instant,
    pub(super) last_frame: Instant,
    /// When it was asked whether it lives, since its last frame.
    pinged: Option<Instant>,
    /// It has answered that question once: not all do.
    answers: bool,
    pub(super) last_report: Option<Instant>,
    pub(super) last_beat: Instant,
    /// Both clocks, to see the machine sleep.
    clocks: (Timestamp, Instant),
}

impl<Io: AsyncRead + AsyncWrite + Unpin> Connection<Io> {
    pub(super) fn new(stream: WebSocketStream<Io>, plan: Plan, now: Timestamp) -> Connection<Io> {
        let instant = Instant::now();
        let heard = plan.spelled().into_iter().map(|spelled| (spelled, (now, None))).collect();
        Connection {
            stream,
            plan,
            held: HashMap::new(),
            heard,
            late: BTreeSet::new(),
            odd: HashMap::new(),
            look_at: instant + until(later(now, FIRST), now),
            pending: Pending::default(),
            rests_until: Instant::now(),
            since: instant,
            last_frame: instant,
            pinged: None,
            answers: false,
            last_report: None,
            last_beat: instant,
            clocks: (now, instant),
        }
    }

    /// A symbol traded.
    pub(super) fn hear(&mut self, spelled: &str, at: Timestamp) {
        if let Some((_, last)) = self.heard.get_mut(spelled) {
            *last = Some(at);
        }
        self.late.remove(spelled);
        self.odd.remove(spelled);
    }

    /// A message about a symbol had no price. Gives the symbol when that is no slip any more: from now on it is late.
    pub(super) fn hear_no_price(&mut self, spelled: &str) -> Option<Name> {
        let symbol = self.plan.symbol(spelled)?.clone();
        let count = self.odd.entry(spelled.to_string()).or_default();
        *count = count.saturating_add(1);
        (*count >= SLIPS && self.late.insert(spelled.to_string())).then_some(symbol)
    }

    /// When the peer is to be asked whether it lives, if it has not been since its last frame.
    pub(super) fn ping_at(&self) -> Option<Instant> {
        self.pinged.is_none().then(|| self.last_frame + PING_AFTER)
    }

    /// Are frames left to gather?
    pub(super) fn rests(&self) -> bool {
        Instant::now() < self.rests_until
    }

    /// When its silence is its end: earlier when it answered pings before, and now does not.
    pub(super) fn silent_at(&self, quiet: Duration) -> Instant {
        let unanswered = self.pinged.filter(|_| self.answers).map(|at| at + PONG_WITHIN);
        unanswered.map_or(self.last_frame + quiet, |at| at.min(self.last_frame + quiet))
    }

    pub(super) async fn ping(&mut self) -> Result<(), End> {
        self.pinged = Some(Instant::now());
        self.send(Message::Ping(Vec::new().into())).await
    }

    /// A frame came, of whatever kind.
    pub(super) fn heard_frame(&mut self, message: &Message) {
        self.last_frame = Instant::now();
        self.pinged = None;
        self.answers |= matches!(message, Message::Pong(_));
    }

    /// The symbols that are late since the last look: heartbeats keep the connection, not the price.
    pub(super) fn late(&mut self, calendar: &Calendar, now: Timestamp) -> Vec<Name> {
        let mut next = later(now, signed(LOOK));
        let mut found = Vec::new();
        for Wanted { symbol, spelled } in &self.plan.symbols {
            let Some(due) = self.heard.get(spelled).and_then(|heard| due(*heard, symbol, calendar, now)) else {
                continue;
            };
            if due > now {
                next = next.min(due);
            } else if self.late.insert(spelled.clone()) {
                found.push(symbol.clone());
            }
        }
        self.look_at = Instant::now() + until(next, now);
        found
    }

    /// Does it live without a price of any symbol?
    pub(super) fn is_mute(&self) -> bool {
        !self.plan.symbols.is_empty() && self.plan.symbols.iter().all(|wanted| self.late.contains(&wanted.spelled))
    }

    /// Takes up another plan for the same peer: what is to be asked for, and what no longer.
    pub(super) fn change(&mut self, plan: Plan, now: Timestamp) -> (Vec<String>, Vec<String>) {
        let missing = |from: &Plan, of: &Plan| -> Vec<String> {
            from.spelled().into_iter().filter(|spelled| of.symbol(spelled).is_none()).collect()
        };
        let (added, removed) = (missing(&plan, &self.plan), missing(&self.plan, &plan));
        self.plan = plan;
        self.held.retain(|spelled, _| !removed.contains(spelled));
        self.late.retain(|spelled| !removed.contains(spelled));
        self.heard.retain(|spelled, _| !removed.contains(spelled));
        self.heard.extend(added.iter().map(|spelled| (spelled.clone(), (now, None))));
        self.pending.forget(&self.plan.symbols);
        if !added.is_empty() {
            self.look_at = self.look_at.min(Instant::now() + until(later(now, FIRST), now));
        }
        (added, removed)
    }

    /// Sends messages. A peer that takes nothing for long is as good as gone.
    pub(super) async fn say(&mut self, messages: Vec<String>) -> Result<(), End> {
        for message in messages {
            self.send(Message::text(message)).await?;
        }
        Ok(())
    }

    async fn send(&mut self, message: Message) -> Result<(), End> {
        match tokio::time::timeout(OPENING, self.stream.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(End::Lost(explain(&error))),
            Err(_) => Err(End::Lost(SocketError::TakesNothing(OPENING))),
        }
    }

    /// Has the wall clock gone on while the other one stood? Then the connection is of before, whatever it seems.
    pub(super) fn slept(&mut self, now: Timestamp) -> bool {
        let (wall, other) = std::mem::replace(&mut self.clocks, (now, Instant::now()));
        let apart = now.duration_since(wall).checked_sub(signed(other.elapsed()));
        apart.is_none_or(|apart| apart.abs() > SLEPT)
    }
}

/// When a symbol will be late. Nothing trades while the exchange is closed.
fn due(
    (asked, last): (Timestamp, Option<Timestamp>),
    symbol: &Name,
    calendar: &Calendar,
    now: Timestamp,
) -> Option<Timestamp> {
    let Some(last) = last else { return Some(later(asked, FIRST)) };
    let kind = kind(symbol);
    let session = if kind == Kind::Crypto { Session::Always } else { calendar.session(now) };
    // In a night those are waited for that have been heard in it.
    let is_over = match session {
        Session::Overnight => !calendar.night_of(now).is_some_and(|night| night.takes(last)),
        session => session == Session::Closed,
    };
    // While the price still counts as fresh: whoever is asked then has time to answer.
    (!is_over).then(|| later(last, fresh_for(kind, session) * 2 / 3))
}
