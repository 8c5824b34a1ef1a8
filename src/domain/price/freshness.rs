//! How far a price can be trusted: a pure function of the quote, the calendar, its source's health and now.

use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::{
    Delivery, Kind, Outcome, Quote, Session, age_unit, is_listed_in_new_york, kind, show_age, show_day_time,
    show_interval, show_time,
};
use crate::domain::Name;
use crate::domain::session::{Calendar, Overnight};

/// How far a price can be trusted now, in words. The table in the README is this enum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Pushed, and fresh.
    Live { source: Name },
    /// Asked for, within two of its intervals.
    Poll { every: Duration, source: Name },
    /// The source itself holds prices back by this much.
    Delayed { by: Duration, source: Name },
    /// The session is over and this is its last price; the time of the close. `resumes`: it is only a pause, after which
    /// the night session starts.
    Closed { at: Timestamp, resumes: Option<Timestamp> },
    /// None of these: the age.
    Stale { age: Option<Duration> },
    /// From disk, nothing received yet: the age.
    Cached { age: Option<Duration> },
    /// Refused, and asked again then. `why` as `yahoo 429`; the age of the price that is shown meanwhile, if there is one.
    Blocked { until: Timestamp, why: String, age: Option<Duration> },
    /// From a recorded day whose bars are this long.
    Replay { bars: Duration },
    /// Never seen, and on its way: from this source, once it is known which.
    Waiting { source: Option<Name> },
    /// Never seen, and no source that might have it answers; this is the best of them.
    NoAnswer { source: Name },
    /// Never seen, and no source has it.
    NoData,
}

/// A pushed equity price in the regular session is fresh for this long.
const FRESH_REGULAR: SignedDuration = SignedDuration::from_secs(90);
/// A price in extended hours, where minutes pass between two trades.
const FRESH_EXTENDED: SignedDuration = SignedDuration::from_mins(15);
/// A coin's last trade.
const FRESH_CRYPTO: SignedDuration = SignedDuration::from_secs(60);
/// A connection that sends coin prices: some frame, be it a heartbeat.
const FRESH_CONNECTION: SignedDuration = SignedDuration::from_secs(15);
/// What is noted in one place may be looked at in another by a time that was taken a little before.
const AHEAD: SignedDuration = SignedDuration::from_secs(2);
/// A source that delays is asked at least so often.
const DELAYED_POLL: SignedDuration = SignedDuration::from_mins(3);

impl State {
    /// May it be shown undimmed?
    pub fn is_current(&self) -> bool {
        match self {
            State::Live { .. }
            | State::Poll { .. }
            | State::Delayed { .. }
            | State::Closed { .. }
            | State::Replay { .. } => true,
            State::Stale { .. }
            | State::Cached { .. }
            | State::Blocked { .. }
            | State::Waiting { .. }
            | State::NoAnswer { .. }
            | State::NoData => false,
        }
    }

    /// The state without its detail, in lower case.
    pub fn word(&self) -> &'static str {
        match self {
            State::Live { .. } => "live",
            State::Poll { .. } => "poll",
            State::Delayed { .. } => "delayed",
            State::Closed { .. } => "closed",
            State::Stale { .. } => "stale",
            State::Cached { .. } => "cached",
            State::Blocked { .. } => "blocked",
            State::Replay { .. } => "replay",
            State::Waiting { .. } => "waiting",
            State::NoAnswer { .. } => "no answer",
            State::NoData => "no data",
        }
    }

    /// The words on screen, as `BLOCKED until 14:32 · 2m old (yahoo 429)`; clock times in the given zone, with their day
    /// when it is not today.
    pub fn words(&self, zone: &TimeZone, now: Timestamp) -> String {
        self.forms(zone, now).swap_remove(0)
    }

    /// The words, and shorter ones for where those have no room; the longest first. What is old says how old to the last.
    pub fn forms(&self, zone: &TimeZone, now: Timestamp) -> Vec<String> {
        let word = self.word().to_uppercase();
        let clock = |at: &Timestamp| show_time(*at, now, zone);
        match self {
            State::Live { source } => vec![format!("{word} {source}"), word],
            State::Poll { every: by, source } | State::Delayed { by, source } => {
                vec![format!("{word} {} {source}", show_interval(*by)), word]
            }
            State::Closed { at, resumes: None } => vec![format!("{word} {}", show_day_time(*at, now, zone)), word],
            // That a pause ends says more than which day's close it is.
            State::Closed { at, resumes: Some(start) } => vec![
                format!("{word} {} (pause until {})", show_day_time(*at, now, zone), clock(start)),
                format!("PAUSE until {}", clock(start)),
                word,
            ],
            State::Stale { age: Some(age) } | State::Cached { age: Some(age) } => {
                with_age(vec![format!("{word} {}", show_age(*age))], *age)
            }
            State::Stale { age: None } | State::Cached { age: None } => vec![format!("{word} (age unknown)"), word],
            State::Blocked { until, why, age: None } => {
                let until = format!("{word} until {}", clock(until));
                vec![format!("{until} ({why})"), until, word]
            }
            State::Blocked { until, why, age: Some(age) } => {
                let old = format!("{} old", show_age(*age));
                let until = format!("{word} until {} · {old}", clock(until));
                with_age(vec![format!("{until} ({why})"), until, format!("{word} · {old}")], *age)
            }
            State::Replay { bars } => vec![format!("{word} {}", show_interval(*bars)), word],
            State::Waiting { source: Some(source) } | State::NoAnswer { source } => {
                vec![format!("{word} {source}"), word]
            }
            State::Waiting { source: None } | State::NoData => vec![word],
        }
    }
}

/// Words, and below them those that leave nothing but the age.
fn with_age(mut forms: Vec<String>, age: Duration) -> Vec<String> {
    forms.extend([format!("{} old", show_age(age)), show_age(age)]);
    forms
}

/// The state of a symbol's price, and when it will read differently by itself (None: only when something arrives).
///
/// `alive`: when the connection that pushes this price last gave any sign of life, heartbeats included.
/// `block`: the last outcome of the source asked for this price; only [`Outcome::Blocked`] counts.
pub fn state(
    quote: Option<&Quote>,
    alive: Option<Timestamp>,
    block: Option<&Outcome>,
    calendar: &Calendar,
    now: Timestamp,
) -> (State, Option<Timestamp>) {
    let current = quote.and_then(|quote| current(quote, alive, calendar, now));
    if let Some((state @ (State::Live { .. } | State::Closed { .. } | State::Replay { .. }), until)) = current {
        return (state, until);
    }
    match (block, current, quote) {
        (Some(Outcome::Blocked { why, until }), ..) if *until > now => {
            let (age, older) = quote.map(|quote| age(quote, now)).unzip();
            let changes = older.map_or(*until, |older| older.min(*until));
            (State::Blocked { until: *until, why: why.clone(), age }, Some(changes))
        }
        (_, Some(current), _) => current,
        (.., Some(quote)) => old(quote, calendar, now),
        (.., None) => (State::NoData, None),
    }
}

/// The state of a price that is as it should be; None for one that is older than that.
fn current(
    quote: &Quote,
    alive: Option<Timestamp>,
    calendar: &Calendar,
    now: Timestamp,
) -> Option<(State, Option<Timestamp>)> {
    if is_ahead(quote.received_time, now) {
        return None;
    }
    let source = quote.source.clone();
    let (state, until) = match quote.delivery {
        Delivery::Stored => return None,
        Delivery::Replayed(bars) => return Some((State::Replay { bars }, None)),
        Delivery::Pushed => (State::Live { source }, connected_until(quote, alive)),
        Delivery::Polled(every) => (State::Poll { every, source }, told_until(quote)),
        Delivery::Delayed(by) => (State::Delayed { by, source }, told_until(quote)),
    };
    let until = until.min(fresh_until(quote, calendar, now));
    match kind(&quote.symbol) {
        Kind::Crypto => (now < until).then_some((state, Some(until))),
        Kind::Equity => {
            let fresh = (now < until).then(|| (state, Some(until.min(calendar.next_change(now).at))));
            let trades = quote.last_trade().is_some_and(|at| is_outside(calendar, at));
            let first = fresh.clone().filter(|_| trades);
            first
                .or_else(|| closed(quote, calendar, now))
                .or(fresh)
                .or_else(|| untraded(quote, calendar, now))
                .or_else(|| told_closed(quote, calendar, now))
        }
    }
}

/// The session that a symbol is in, by its quote. With [`Overnight::Auto`] a night counts once the quote has a trade in it:
/// until then the market is closed.
pub fn session_of(quote: &Quote, calendar: &Calendar, at: Timestamp) -> Session {
    if kind(&quote.symbol) == Kind::Crypto {
        return Session::Always;
    }
    let traded = || calendar.night_of(at).zip(quote.last_trade()).is_some_and(|(night, trade)| night.takes(trade));
    match calendar.session(at) {
        Session::Overnight | Session::Closed if traded() => Session::Overnight,
        Session::Overnight if calendar.overnight() == Overnight::Auto => Session::Closed,
        session => session,
    }
}

/// Was a trade made while New York is closed? Then it was made elsewhere: in Tokyo, in currencies, on a venue that no
/// calendar knows. What is reported just after the end of a session is of that session.
fn is_outside(calendar: &Calendar, at: Timestamp) -> bool {
    [at, later(at, -FRESH_REGULAR)].into_iter().all(|at| calendar.session(at) == Session::Closed)
}

/// How long a pushed price counts as fresh in a session of New York.
pub fn fresh_for(kind: Kind, session: Session) -> SignedDuration {
    match (kind, session) {
        (Kind::Crypto, _) => FRESH_CRYPTO,
        (Kind::Equity, Session::Regular) => FRESH_REGULAR,
        (Kind::Equity, _) => FRESH_EXTENDED,
    }
}

/// How long the newest trade in a quote counts as fresh in the session that is now. What is asked for may be older by
/// two intervals, what is delayed by the delay.
fn fresh_until(quote: &Quote, calendar: &Calendar, now: Timestamp) -> Timestamp {
    let limit = fresh_for(kind(&quote.symbol), calendar.session(now));
    let delay = if let Delivery::Delayed(by) = quote.delivery { signed(by) } else { SignedDuration::ZERO };
    later(quote.seen(), limit.saturating_add(slack(quote)).saturating_add(delay))
}

/// How long what a source answered stands: until it should have been asked twice again.
fn told_until(quote: &Quote) -> Timestamp {
    later(quote.received_time, slack(quote))
}

fn slack(quote: &Quote) -> SignedDuration {
    match quote.delivery {
        Delivery::Polled(every) => signed(every).checked_mul(2).unwrap_or(SignedDuration::MAX),
        Delivery::Delayed(_) => DELAYED_POLL,
        Delivery::Pushed | Delivery::Replayed(_) | Delivery::Stored => SignedDuration::ZERO,
    }
}

/// A socket that sends coin prices is never silent while it lives; one that sends equities is, when nothing trades.
fn connected_until(quote: &Quote, alive: Option<Timestamp>) -> Timestamp {
    match kind(&quote.symbol) {
        Kind::Crypto => later(alive.map_or(quote.received_time, |at| at.max(quote.received_time)), FRESH_CONNECTION),
        Kind::Equity => Timestamp::MAX,
    }
}

/// The last price of a day that is over. It stands until trading begins again, and a little longer, for the first
/// prices of the new day to arrive.
fn closed(quote: &Quote, calendar: &Calendar, now: Timestamp) -> Option<(State, Option<Timestamp>)> {
    let over = |at| session_of(quote, calendar, at) == Session::Closed;
    let before = later(now, -FRESH_REGULAR);
    if over(now) {
        is_last_price(quote, calendar, now)
            .then(|| (closed_at(quote, calendar, now), Some(calendar.next_change(now).at)))
    } else if over(before) && quote.seen() < calendar.next_change(before).at {
        let until = later(calendar.next_change(before).at, FRESH_REGULAR);
        is_last_price(quote, calendar, now).then(|| (closed_at(quote, calendar, now), Some(until)))
    } else {
        None
    }
}

/// In extended hours, a source that has just been asked and has no trade of this session yet: the close is still the
/// last price.
fn untraded(quote: &Quote, calendar: &Calendar, now: Timestamp) -> Option<(State, Option<Timestamp>)> {
    let session = session_of(quote, calendar, now);
    let extended = quote.extended.as_ref().is_some_and(|extended| {
        let at = extended.exchange_time.unwrap_or(quote.received_time);
        extended.session == session && calendar.trade_date(at) == calendar.trade_date(now)
    });
    let until = told_until(quote).min(calendar.next_change(now).at);
    let traded = extended || after_close(quote, calendar, now).is_some();
    let holds = session != Session::Regular && !traded && now < until && is_last_price(quote, calendar, now);
    holds.then(|| (closed_at(quote, calendar, now), Some(until)))
}

/// A source that has just been asked says itself that its market is closed: one elsewhere, or for a reason that no calendar
/// foresaw.
fn told_closed(quote: &Quote, calendar: &Calendar, now: Timestamp) -> Option<(State, Option<Timestamp>)> {
    let until = told_until(quote).min(calendar.next_change(now).at);
    let holds = quote.session == Session::Closed && now < until;
    holds.then(|| (State::Closed { at: quote.time(), resumes: None }, Some(until)))
}

/// Is the regular price the last of the latest finished day: reported after its close, and traded on it?
fn is_last_price(quote: &Quote, calendar: &Calendar, now: Timestamp) -> bool {
    let delay = if let Delivery::Delayed(by) = quote.delivery { signed(by) } else { SignedDuration::ZERO };
    calendar.last_day(now).is_some_and(|day| {
        later(quote.received_time, -delay) >= day.close
            && quote.exchange_time.is_none_or(|at| at >= day.open && !is_outside(calendar, at))
    })
}

/// When the regular price traded, if that was too late to be the close of New York: it is the price of another market.
fn after_close(quote: &Quote, calendar: &Calendar, now: Timestamp) -> Option<Timestamp> {
    quote.exchange_time.filter(|at| *at > later(calendar.last_close(now), FRESH_EXTENDED))
}

fn closed_at(quote: &Quote, calendar: &Calendar, now: Timestamp) -> State {
    let counts = calendar.overnight() == Overnight::On && is_listed_in_new_york(&quote.symbol);
    let resumes = calendar.pause_until(now).filter(|_| counts);
    State::Closed { at: after_close(quote, calendar, now).unwrap_or(calendar.last_close(now)), resumes }
}

/// A price that is not current: its age, which reads differently with each full minute, hour or day. What is old in
/// extended hours may be the last price once they are over.
fn old(quote: &Quote, calendar: &Calendar, now: Timestamp) -> (State, Option<Timestamp>) {
    // What is stored is never current again, and may still tell when it traded.
    let noted = if quote.delivery == Delivery::Stored { quote.seen() } else { quote.received_time };
    if is_ahead(noted, now) {
        return (aged(quote, None), Some(later(noted, -AHEAD)));
    }
    let (age, older) = age(quote, now);
    let until = if kind(&quote.symbol) == Kind::Equity { older.min(calendar.next_change(now).at) } else { older };
    (aged(quote, Some(age)), Some(until))
}

fn aged(quote: &Quote, age: Option<Duration>) -> State {
    if quote.delivery == Delivery::Stored { State::Cached { age } } else { State::Stale { age } }
}

/// Was this noted under a clock that ran ahead of the one that shows `now`? How old it is is unknown then.
fn is_ahead(at: Timestamp, now: Timestamp) -> bool {
    at.duration_since(now) > AHEAD
}

/// How old the newest price in a quote is, and when that reads differently.
fn age(quote: &Quote, now: Timestamp) -> (Duration, Timestamp) {
    let age = now.duration_since(quote.seen()).max(SignedDuration::ZERO).unsigned_abs();
    let unit = Duration::from_secs(age_unit(age).0);
    let next = unit.saturating_mul(u32::try_from(age.as_secs() / unit.as_secs()).unwrap_or(u32::MAX).saturating_add(1));
    (age, later(now, signed(next.saturating_sub(age))))
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(if by.is_negative() { Timestamp::MIN } else { Timestamp::MAX })
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}
