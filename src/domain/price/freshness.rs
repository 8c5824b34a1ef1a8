//! How far a price can be trusted: a pure function of the quote, the calendar, its source's health and now.

use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use serde::{Deserialize, Serialize};

use super::super::format;
use super::outcome::{Outcome, Refusal};
use super::quote::{Delivery, Kind, Quote, is_listed_in_new_york, kind};
use super::show::{show_day_time, show_time};
use crate::domain::Name;
use crate::domain::session::{Calendar, Overnight, Session};

/// How far a price can be trusted now, in words. The table in the README is this enum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Pushed, and fresh.
    Live {
        /// The source that pushes.
        source: Name,
    },
    /// Asked for, within two of its intervals.
    Poll {
        /// Time between two polls.
        every: Duration,
        /// The source that is polled.
        source: Name,
    },
    /// The source itself holds prices back by this much.
    Delayed {
        /// The delay.
        by: Duration,
        /// The source that delays.
        source: Name,
    },
    /// The session is over and this is its last price; the time of the close. `resumes`: it is only a pause, after which
    /// the night session starts.
    Closed {
        /// When the session ended.
        at: Timestamp,
        /// When trading resumes, if this is only a pause.
        resumes: Option<Timestamp>,
    },
    /// None of these: the age.
    Stale {
        /// Time since the price was true; None when unknown.
        age: Option<Duration>,
    },
    /// From disk, nothing received yet: the age.
    Cached {
        /// Time since the price was true; None when unknown.
        age: Option<Duration>,
    },
    /// Refused, and asked again then; the age of the price that is shown meanwhile, if there is one.
    Blocked {
        /// When the source is asked again.
        until: Timestamp,
        /// Who refused, and how.
        refusal: Refusal,
        /// Age of the price shown meanwhile.
        age: Option<Duration>,
    },
    /// From a recorded day whose bars are this long.
    Replay {
        /// Length of one bar.
        bars: Duration,
    },
    /// Never seen, and on its way: from this source, once it is known which.
    Waiting {
        /// The source being asked.
        source: Option<Name>,
    },
    /// Never seen, and no source that might have it answers; this is the best of them.
    NoAnswer {
        /// The best of the sources that fail.
        source: Name,
    },
    /// Never seen, and no source has it.
    NoData,
}

/// Why no source has brought a price of a symbol yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unpriced {
    /// This source is being asked, or comes next.
    Waiting {
        /// The source being asked, or next to be.
        source: Name,
    },
    /// Every source that might have it refuses us; the first of them is asked again at a time.
    Blocked {
        /// The refusal that ends first.
        refusal: Refusal,
        /// When it ends.
        until: Timestamp,
    },
    /// Every source that might have it failed when last asked; this is the best of them.
    Failing {
        /// The best of the sources that fail.
        source: Name,
    },
    /// No source has it.
    Unknown,
}

impl Unpriced {
    /// The state of a price that was never seen.
    pub fn state(&self) -> State {
        match self {
            Unpriced::Waiting { source } => State::Waiting { source: Some(source.clone()) },
            Unpriced::Blocked { refusal, until } => {
                State::Blocked { until: *until, refusal: refusal.clone(), age: None }
            }
            Unpriced::Failing { source } => State::NoAnswer { source: source.clone() },
            Unpriced::Unknown => State::NoData,
        }
    }
}

/// A pushed equity price in the regular session is fresh for this long.
const FRESH_REGULAR: SignedDuration = SignedDuration::from_secs(90);
/// A price in extended hours, where minutes pass between two trades.
const FRESH_EXTENDED: SignedDuration = SignedDuration::from_mins(15);
/// A coin's last trade.
const FRESH_CRYPTO: SignedDuration = SignedDuration::from_secs(60);
/// A connection that sends coin prices: some frame, be it a heartbeat.
const FRESH_CONNECTION: SignedDuration = SignedDuration::from_secs(15);
/// What is reported so long after the end of a session, or before the first prices of the next day come, is of that session.
const SESSION_GRACE: SignedDuration = SignedDuration::from_secs(90);
/// A price that traded later than this after the close is not the close.
const CLOSE_REPORT_GRACE: SignedDuration = SignedDuration::from_mins(15);
/// What is noted in one place may be looked at in another by a time that was taken a little before.
const AHEAD: SignedDuration = SignedDuration::from_secs(2);
/// A delayed price counts as current for so long after it was received.
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
                vec![format!("{word} {} {source}", format::interval(*by)), word]
            }
            State::Closed { at, resumes: None } => vec![format!("{word} {}", show_day_time(*at, now, zone)), word],
            // That a pause ends says more than which day's close it is.
            State::Closed { at, resumes: Some(start) } => vec![
                format!("{word} {} (pause until {})", show_day_time(*at, now, zone), clock(start)),
                format!("PAUSE until {}", clock(start)),
                word,
            ],
            State::Stale { age: Some(age) } | State::Cached { age: Some(age) } => {
                with_age(vec![format!("{word} {}", format::age(*age))], *age)
            }
            State::Stale { age: None } | State::Cached { age: None } => vec![format!("{word} (age unknown)"), word],
            State::Blocked { until, refusal, age: None } => {
                let until = format!("{word} until {}", clock(until));
                vec![format!("{until} ({refusal})"), until, word]
            }
            State::Blocked { until, refusal, age: Some(age) } => {
                let old = format!("{} old", format::age(*age));
                let until = format!("{word} until {} · {old}", clock(until));
                with_age(vec![format!("{until} ({refusal})"), until, format!("{word} · {old}")], *age)
            }
            State::Replay { bars } => vec![format!("{word} {}", format::interval(*bars)), word],
            State::Waiting { source: Some(source) } | State::NoAnswer { source } => {
                vec![format!("{word} {source}"), word]
            }
            State::Waiting { source: None } | State::NoData => vec![word],
        }
    }
}

/// Words, and below them those that leave nothing but the age.
fn with_age(mut forms: Vec<String>, age: Duration) -> Vec<String> {
    forms.extend([format!("{} old", format::age(age)), format::age(age)]);
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
        (Some(Outcome::Blocked { refusal, until }), ..) if *until > now => {
            let (age, older) = quote.map(|quote| known_age(quote, now)).unzip();
            let changes = older.map_or(*until, |older| older.min(*until));
            (State::Blocked { until: *until, refusal: refusal.clone(), age: age.flatten() }, Some(changes))
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
        Delivery::Polled(every) => (State::Poll { every, source }, Some(answer_holds_until(quote))),
        Delivery::Delayed(by) => (State::Delayed { by, source }, Some(answer_holds_until(quote))),
    };
    let fresh = fresh_until(quote, calendar, now);
    let until = until.map_or(fresh, |until| until.min(fresh));
    match kind(&quote.symbol) {
        Kind::Crypto => (now < until).then_some((state, Some(until))),
        Kind::Equity => {
            let fresh = (now < until).then(|| (state, Some(until.min(calendar.next_change(now).at))));
            let trades = quote.last_trade().is_some_and(|at| is_outside(calendar, at));
            let first = fresh.clone().filter(|_| trades);
            first
                .or_else(|| closed(quote, calendar, now))
                .or(fresh)
                .or_else(|| closed_without_extended_trade(quote, calendar, now))
                .or_else(|| closed_by_source(quote, calendar, now))
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
    [at, later(at, -SESSION_GRACE)].into_iter().all(|at| calendar.session(at) == Session::Closed)
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
    later(quote.seen(), limit.saturating_add(polling_allowance(quote)).saturating_add(delay))
}

/// How long what a source answered stands: until it should have been asked twice again.
fn answer_holds_until(quote: &Quote) -> Timestamp {
    later(quote.received_time, polling_allowance(quote))
}

fn polling_allowance(quote: &Quote) -> SignedDuration {
    match quote.delivery {
        Delivery::Polled(every) => signed(every).checked_mul(2).unwrap_or(SignedDuration::MAX),
        Delivery::Delayed(_) => DELAYED_POLL,
        Delivery::Pushed | Delivery::Replayed(_) | Delivery::Stored => SignedDuration::ZERO,
    }
}

/// A socket that sends coin prices is never silent while it lives. One that sends equities is, when nothing trades: its
/// silence says nothing (None).
fn connected_until(quote: &Quote, alive: Option<Timestamp>) -> Option<Timestamp> {
    let heard = alive.map_or(quote.received_time, |at| at.max(quote.received_time));
    (kind(&quote.symbol) == Kind::Crypto).then(|| later(heard, FRESH_CONNECTION))
}

/// The last price of a day that is over. It stands until trading begins again, and a little longer, for the first
/// prices of the new day to arrive.
fn closed(quote: &Quote, calendar: &Calendar, now: Timestamp) -> Option<(State, Option<Timestamp>)> {
    let over = |at| session_of(quote, calendar, at) == Session::Closed;
    let before = later(now, -SESSION_GRACE);
    if over(now) {
        is_last_price(quote, calendar, now)
            .then(|| (closed_at(quote, calendar, now), Some(calendar.next_change(now).at)))
    } else if over(before) && quote.seen() < calendar.next_change(before).at {
        let until = later(calendar.next_change(before).at, SESSION_GRACE);
        is_last_price(quote, calendar, now).then(|| (closed_at(quote, calendar, now), Some(until)))
    } else {
        None
    }
}

/// In extended hours, a source that has just been asked and has no trade of this session yet: the close is still the
/// last price.
fn closed_without_extended_trade(
    quote: &Quote,
    calendar: &Calendar,
    now: Timestamp,
) -> Option<(State, Option<Timestamp>)> {
    let session = session_of(quote, calendar, now);
    let extended = quote.extended.as_ref().is_some_and(|extended| {
        let at = extended.exchange_time.unwrap_or(quote.received_time);
        extended.session == session && calendar.trade_date(at) == calendar.trade_date(now)
    });
    let until = answer_holds_until(quote).min(calendar.next_change(now).at);
    let traded = extended || after_close(quote, calendar, now).is_some();
    let holds = session != Session::Regular && !traded && now < until && is_last_price(quote, calendar, now);
    holds.then(|| (closed_at(quote, calendar, now), Some(until)))
}

/// A source that has just been asked says itself that its market is closed: one elsewhere, or for a reason that no calendar
/// foresaw.
fn closed_by_source(quote: &Quote, calendar: &Calendar, now: Timestamp) -> Option<(State, Option<Timestamp>)> {
    let until = answer_holds_until(quote).min(calendar.next_change(now).at);
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
    quote.exchange_time.filter(|at| *at > later(calendar.last_close(now), CLOSE_REPORT_GRACE))
}

fn closed_at(quote: &Quote, calendar: &Calendar, now: Timestamp) -> State {
    let counts = calendar.overnight() == Overnight::On && is_listed_in_new_york(&quote.symbol);
    let resumes = calendar.pause_until(now).filter(|_| counts);
    State::Closed { at: after_close(quote, calendar, now).unwrap_or(calendar.last_close(now)), resumes }
}

/// A price that is not current: its age, which reads differently with each full minute, hour or day. What is old in
/// extended hours may be the last price once they are over.
fn old(quote: &Quote, calendar: &Calendar, now: Timestamp) -> (State, Option<Timestamp>) {
    let (age, older) = known_age(quote, now);
    let closes = age.is_some() && kind(&quote.symbol) == Kind::Equity;
    let until = if closes { older.min(calendar.next_change(now).at) } else { older };
    (aged(quote, age), Some(until))
}

/// As [`age`]; None for what was noted under a clock that ran ahead, until this clock has come near.
fn known_age(quote: &Quote, now: Timestamp) -> (Option<Duration>, Timestamp) {
    // What is stored is never current again, and may still tell when it traded.
    let noted = if quote.delivery == Delivery::Stored { quote.seen() } else { quote.received_time };
    if is_ahead(noted, now) {
        return (None, later(noted, -AHEAD));
    }
    let (age, older) = age(quote, now);
    (Some(age), older)
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
    let unit = Duration::from_secs(format::age_unit(age).0);
    let next = unit.saturating_mul(u32::try_from(age.as_secs() / unit.as_secs()).unwrap_or(u32::MAX).saturating_add(1));
    (age, later(now, signed(next.saturating_sub(age))))
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(if by.is_negative() { Timestamp::MIN } else { Timestamp::MAX })
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rust_decimal::Decimal;

    use super::super::outcome::{Capability, SourceReport};
    use super::super::quote::Extended;
    use super::*;
    use crate::domain::session::{NightRule, new_york};

    /// A New York time, as `2026-11-27 13:00`.
    fn ny(text: &str) -> Timestamp {
        let civil: jiff::civil::DateTime = text.parse().unwrap();
        civil.to_zoned_datetime(new_york()).unwrap().timestamp()
    }

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn quote(symbol: &str, delivery: Delivery, traded: &str, received: &str) -> Quote {
        Quote {
            symbol: symbol.into(),
            price: Decimal::new(18123, 2),
            currency: "USD".into(),
            base: Some(Decimal::new(18517, 2)),
            source: if kind(symbol) == Kind::Crypto { "coinbase" } else { "yahoo" }.into(),
            session: Session::Regular,
            exchange_time: Some(ny(traded)),
            received_time: ny(received),
            delivery,
            extended: None,
        }
    }

    fn extended(mut quote: Quote, session: Session, at: &str) -> Quote {
        quote.extended = Some(Extended { price: Decimal::new(182, 0), session, exchange_time: Some(ny(at)) });
        quote
    }

    fn words(quote: &Quote, now: &str) -> String {
        let calendar = Calendar::new(&[], &[], false);
        state(Some(quote), None, None, &calendar, ny(now)).0.words(&new_york(), ny(now))
    }

    #[test]
    fn states_of_an_equity() {
        use Delivery::{Delayed, Polled, Pushed, Replayed, Stored};
        let poll = Polled(secs(30));
        let slow = Polled(secs(600));
        let cases = [
            // Monday 2026-11-23 in the regular session
            (Pushed, "2026-11-23 13:00", "2026-11-23 13:00", "2026-11-23 13:01:29", "LIVE yahoo"),
            (Pushed, "2026-11-23 13:00", "2026-11-23 13:00", "2026-11-23 13:01:30", "STALE 1m"),
            (poll.clone(), "2026-11-23 13:00", "2026-11-23 13:00:10", "2026-11-23 13:01:09", "POLL 30s yahoo"),
            (poll.clone(), "2026-11-23 13:00", "2026-11-23 13:00:10", "2026-11-23 13:01:10", "STALE 1m"),
            // the same old answer over and over
            (poll.clone(), "2026-11-23 13:00", "2026-11-23 13:10", "2026-11-23 13:10:01", "STALE 10m"),
            // a clock that runs ahead of ours
            (Pushed, "2026-11-23 18:00", "2026-11-23 13:00", "2026-11-23 13:04:01", "STALE 4m"),
            (Delayed(secs(900)), "2026-11-23 12:45", "2026-11-23 13:00", "2026-11-23 13:01", "DELAYED 15m yahoo"),
            (Delayed(secs(900)), "2026-11-23 12:45", "2026-11-23 13:00", "2026-11-23 13:03", "STALE 18m"),
            (Stored, "2026-11-23 11:00", "2026-11-23 11:00", "2026-11-23 13:01", "CACHED 2h"),
            (Stored, "2026-11-20 16:00", "2026-11-20 16:01", "2026-11-21 13:01", "CACHED 21h"),
            (Stored, "2026-11-20 16:00", "2026-11-20 16:01", "2026-11-24 13:01", "CACHED 3d"),
            (Replayed(secs(300)), "2026-02-05 11:00", "2026-02-05 11:00", "2026-11-23 13:01", "REPLAY 5m"),
            // after the close
            (Pushed, "2026-11-23 15:59:59", "2026-11-23 15:59:59", "2026-11-23 16:14:58", "LIVE yahoo"),
            (Pushed, "2026-11-23 15:59:59", "2026-11-23 15:59:59", "2026-11-23 16:14:59", "STALE 15m"),
            (poll.clone(), "2026-11-23 16:00", "2026-11-23 18:00", "2026-11-23 18:00:20", "CLOSED Mon 16:00"),
            (poll.clone(), "2026-11-23 16:00", "2026-11-23 18:00", "2026-11-23 18:01", "STALE 2h"),
            // nothing heard since before the bell: not known to be the last
            (poll.clone(), "2026-11-20 15:58", "2026-11-20 15:58", "2026-11-21 12:00", "STALE 20h"),
            // the weekend, and a source that still tells of the day before
            (poll.clone(), "2026-11-20 16:00", "2026-11-20 16:05", "2026-11-22 12:00", "CLOSED Fri 16:00"),
            (poll.clone(), "2026-11-19 16:00", "2026-11-21 16:05", "2026-11-22 12:00", "STALE 2d"),
            // reported within the delay of the close
            (Delayed(secs(900)), "2026-11-20 15:50", "2026-11-20 16:05", "2026-11-21 12:00", "STALE 20h"),
            (Delayed(secs(900)), "2026-11-20 16:00", "2026-11-20 16:16", "2026-11-21 12:00", "CLOSED Fri 16:00"),
            // a half day
            (poll.clone(), "2026-11-27 13:00", "2026-11-27 17:05", "2026-11-27 17:06", "CLOSED Fri 13:00"),
            // the first moments of a new day
            (poll.clone(), "2026-11-20 16:00", "2026-11-21 16:05", "2026-11-23 04:01:29", "CLOSED Fri 16:00"),
            (poll.clone(), "2026-11-20 16:00", "2026-11-21 16:05", "2026-11-23 04:01:30", "STALE 2d"),
            (slow, "2026-11-20 16:00", "2026-11-23 03:55", "2026-11-23 04:10", "CLOSED Fri 16:00"),
            // no bell has ended the day that it belongs to
            (poll, "2026-11-20 16:00", "2026-11-23 09:30", "2026-11-23 09:31:30", "STALE 2d"),
        ];
        for (delivery, traded, received, now, expected) in cases {
            assert_eq!(words(&quote("NVDA", delivery.clone(), traded, received), now), expected, "{delivery:?} {now}");
        }
    }

    #[test]
    fn states_in_extended_hours() {
        let poll = Delivery::Polled(secs(60));
        let cases = [
            (Delivery::Pushed, Session::Post, "2026-11-23 17:00", "2026-11-23 17:14:59", "LIVE yahoo"),
            (Delivery::Pushed, Session::Post, "2026-11-23 17:00", "2026-11-23 17:15", "STALE 15m"),
            (poll.clone(), Session::Post, "2026-11-23 17:00", "2026-11-23 17:01:59", "POLL 1m yahoo"),
            (poll.clone(), Session::Post, "2026-11-23 17:00", "2026-11-23 17:02", "STALE 2m"),
            (poll.clone(), Session::Post, "2026-11-23 19:59", "2026-11-23 20:00", "CLOSED Mon 16:00"),
            (Delivery::Pushed, Session::Post, "2026-11-23 19:59", "2026-11-23 20:00", "CLOSED Mon 16:00"),
            (Delivery::Pushed, Session::Post, "2026-11-23 19:59", "2026-11-24 04:01", "CLOSED Mon 16:00"),
            (poll, Session::Pre, "2026-11-24 08:00", "2026-11-24 08:01", "POLL 1m yahoo"),
            (Delivery::Pushed, Session::Pre, "2026-11-24 04:00:05", "2026-11-24 04:00:06", "LIVE yahoo"),
        ];
        for (delivery, session, at, now, expected) in cases {
            let quote = extended(quote("NVDA", delivery, "2026-11-23 16:00", at), session, at);
            assert_eq!(words(&quote, now), expected, "{at} {now}");
        }
    }

    #[test]
    fn states_around_a_night() {
        use Delivery::{Polled, Pushed};
        use Overnight::{Auto, Off, On};
        let poll = || Polled(secs(60));
        let (closed, pause) = ("CLOSED Mon 16:00", "CLOSED Mon 16:00 (pause until 21:00)");
        // The newest trade, when it came, now; then the state with nights off, auto and on.
        let (late, night) = ("2026-12-07 19:59", "2026-12-07 23:00");
        let cases = [
            (Pushed, late, late, "2026-12-07 19:59:30", ["LIVE yahoo"; 3]),
            (Pushed, late, late, "2026-12-07 20:00", [closed, closed, pause]),
            (poll(), late, "2026-12-07 20:30", "2026-12-07 20:30:30", [closed, closed, pause]),
            (poll(), late, "2026-12-07 20:59", "2026-12-07 20:59:59", [closed, closed, pause]),
            // For a moment the first trades of the night are waited for.
            (poll(), late, "2026-12-07 20:59", "2026-12-07 21:00", [closed; 3]),
            (Pushed, late, late, "2026-12-07 21:02", [closed, closed, "STALE 1h"]),
            // Just asked, and none yet.
            (poll(), late, "2026-12-07 22:00", "2026-12-07 22:00:30", [closed; 3]),
            (poll(), late, "2026-12-07 22:00", "2026-12-07 22:02", [closed, closed, "STALE 2h"]),
            // The night is on for what trades in it.
            (Pushed, night, night, "2026-12-07 23:14:59", [closed, "LIVE yahoo", "LIVE yahoo"]),
            (Pushed, night, night, "2026-12-07 23:15", [closed, "STALE 15m", "STALE 15m"]),
            (poll(), night, "2026-12-07 23:10", "2026-12-07 23:11", [closed, "POLL 1m yahoo", "POLL 1m yahoo"]),
            (Pushed, night, night, "2026-12-08 02:00", [closed, "STALE 3h", "STALE 3h"]),
            (
                Pushed,
                "2026-12-08 03:59",
                "2026-12-08 03:59",
                "2026-12-08 04:05",
                ["STALE 12h", "LIVE yahoo", "LIVE yahoo"],
            ),
            // A venue that opens in the pause.
            (Pushed, "2026-12-07 20:20", "2026-12-07 20:20", "2026-12-07 20:25", [closed, "LIVE yahoo", "LIVE yahoo"]),
        ];
        for (delivery, at, received, now, expected) in cases {
            let quote = quote("NVDA", delivery.clone(), "2026-12-07 16:00", received);
            for (overnight, expected) in [Off, Auto, On].into_iter().zip(expected) {
                let calendar = Calendar::new(&[], &[], overnight);
                // What is reported of a night that does not count is not used.
                let quote = match calendar.extended_session(ny(at)) {
                    Some(session) => extended(quote.clone(), session, at),
                    None => quote.clone(),
                };
                let shown = state(Some(&quote), None, None, &calendar, ny(now)).0.words(&new_york(), ny(now));
                assert_eq!(shown, expected, "{overnight} {at} {now}");
            }
        }
    }

    #[test]
    fn what_trades_elsewhere_is_not_closed_by_new_york() {
        let poll = || Delivery::Polled(secs(600));
        let shown = |quote: &Quote, now: &str| words(quote, now);
        // Tokyo trades from 19:00 in New York; the source says when it closes.
        let tokyo = quote("7203.T", poll(), "2026-11-23 20:40", "2026-11-23 20:41");
        assert_eq!(shown(&tokyo, "2026-11-23 20:50"), "POLL 10m yahoo");
        assert_eq!(shown(&tokyo, "2026-11-23 21:30"), "STALE 50m");
        let shut =
            |received| Quote { session: Session::Closed, ..quote("7203.T", poll(), "2026-11-24 01:30", received) };
        assert_eq!(shown(&shut("2026-11-24 11:59"), "2026-11-24 12:00"), "CLOSED Tue 01:30");
        assert_eq!(shown(&shut("2026-11-24 03:00"), "2026-11-24 03:01"), "CLOSED Tue 01:30");
        assert_eq!(shown(&shut("2026-11-24 03:00"), "2026-11-24 12:00"), "STALE 10h", "nobody asked since");
        // Currencies trade until Friday, 17:00, and from Sunday on.
        let euro = |traded, received| quote("EURUSD=X", Delivery::Pushed, traded, received);
        assert_eq!(shown(&euro("2026-11-23 22:00", "2026-11-23 22:00"), "2026-11-23 22:05"), "LIVE yahoo");
        assert_eq!(shown(&euro("2026-11-20 16:59", "2026-11-20 16:59"), "2026-11-21 12:00"), "CLOSED Fri 16:59");
        assert_eq!(shown(&euro("2026-11-22 18:00", "2026-11-22 18:00"), "2026-11-22 18:10"), "LIVE yahoo");
        assert_eq!(shown(&euro("2026-11-22 18:00", "2026-11-22 18:00"), "2026-11-22 18:20"), "STALE 20m");
    }

    #[test]
    fn states_of_a_coin() {
        let calendar = Calendar::new(&[], &[], false);
        let tick = quote("BTC-USD", Delivery::Pushed, "2026-11-22 12:00", "2026-11-22 12:00");
        let cases = [
            ("2026-11-22 12:00:14", None, "LIVE coinbase"),
            ("2026-11-22 12:00:15", None, "STALE <1m"),
            ("2026-11-22 12:00:50", Some("2026-11-22 12:00:40"), "LIVE coinbase"), // heartbeats only
            ("2026-11-22 12:01:00", Some("2026-11-22 12:01:00"), "STALE 1m"),
            ("2026-11-22 12:00:20", Some("2026-11-22 11:00:00"), "STALE <1m"),
        ];
        for (now, alive, expected) in cases {
            let (state, _) = state(Some(&tick), alive.map(ny), None, &calendar, ny(now));
            assert_eq!(state.words(&new_york(), ny(now)), expected, "{now}");
        }
    }

    #[test]
    fn what_was_noted_ahead_of_now_is_never_fresh() {
        use Delivery::{Delayed, Polled, Pushed, Stored};
        let ahead = ["2026-11-23 16:00", "2027-01-02 13:00"];
        for (symbol, delivery) in [
            ("BTC-USD", Pushed),
            ("BTC-USD", Polled(secs(20))),
            ("NVDA", Pushed),
            ("NVDA", Polled(secs(30))),
            ("NVDA", Delayed(secs(300))),
        ] {
            for received in ahead {
                for traded in [received, "2026-11-23 13:00"] {
                    let shown = words(&quote(symbol, delivery.clone(), traded, received), "2026-11-23 13:00:05");
                    assert_eq!(shown, "STALE (age unknown)", "{symbol} {delivery:?} {received} {traded}");
                }
            }
            let just = words(
                &quote(symbol, delivery.clone(), "2026-11-23 13:00:06", "2026-11-23 13:00:06"),
                "2026-11-23 13:00:05",
            );
            assert!(!just.starts_with("STALE"), "a moment is no step: {just}");
        }
        // From disk, received in forty days: by when it traded, where that can be.
        let stored = quote("NVDA", Stored, "2026-11-23 11:00", "2027-01-02 13:00");
        assert_eq!(words(&stored, "2026-11-23 13:00"), "CACHED 2h");
        let stored = quote("NVDA", Stored, "2027-01-02 13:00", "2027-01-02 13:00");
        assert_eq!(words(&stored, "2026-11-23 13:00"), "CACHED (age unknown)");
        // Under a block it has no age either, and turns when the clock comes near.
        let ahead = quote("NVDA", Pushed, "2026-11-23 13:09:12", "2026-11-23 13:09:12");
        let (refusal, until) = (Refusal::by_status("yahoo", 429), ny("2026-11-23 14:00"));
        let block = Outcome::Blocked { refusal: refusal.clone(), until };
        let calendar = Calendar::new(&[], &[], false);
        let (shown, turns) = state(Some(&ahead), None, Some(&block), &calendar, ny("2026-11-23 13:00"));
        assert_eq!(shown, State::Blocked { until, refusal, age: None });
        assert_eq!(turns, Some(ny("2026-11-23 13:09:10")));
    }

    #[test]
    fn a_stored_refusal_of_a_clock_that_ran_ahead_lasts_as_long_as_it_was_to() {
        let report = |at: &str, until: &str| SourceReport {
            source: "coingecko".into(),
            capability: Capability::Quote,
            at: ny(at),
            outcome: Outcome::Blocked { refusal: Refusal::by_status("coingecko", 429), until: ny(until) },
            status: Some(429),
            next: Some(ny(until)),
            asked: Vec::new(),
            lacks: Vec::new(),
        };
        let now = ny("2026-11-23 12:00");
        assert_eq!(
            report("2026-11-23 20:00", "2026-11-23 20:10").set_right(now),
            report("2026-11-23 12:00", "2026-11-23 12:10")
        );
        let earlier = report("2026-11-23 11:55", "2026-11-23 12:05");
        assert_eq!(earlier.clone().set_right(now), earlier);
    }

    #[test]
    fn a_block_is_told_unless_the_price_is_good_all_the_same() {
        let calendar = Calendar::new(&[], &[], false);
        let block = Outcome::Blocked { refusal: Refusal::by_status("yahoo", 429), until: ny("2026-11-23 14:32") };
        let poll = quote("NVDA", Delivery::Polled(secs(60)), "2026-11-23 14:00", "2026-11-23 14:00");
        let push = quote("NVDA", Delivery::Pushed, "2026-11-23 14:00", "2026-11-23 14:00");
        let last = quote("NVDA", Delivery::Polled(secs(60)), "2026-11-20 16:00", "2026-11-20 17:00");
        let cases = [
            (Some(&poll), "2026-11-23 14:00:30", "BLOCKED until 14:32 · <1m old (yahoo 429)"),
            (Some(&poll), "2026-11-23 14:32", "STALE 32m"),
            (Some(&push), "2026-11-23 14:00:30", "LIVE yahoo"),
            (Some(&push), "2026-11-23 14:02:30", "BLOCKED until 14:32 · 2m old (yahoo 429)"),
            (Some(&last), "2026-11-22 12:00", "CLOSED Fri 16:00"),
            (None, "2026-11-23 14:00:30", "BLOCKED until 14:32 (yahoo 429)"),
            (None, "2026-11-23 14:33", "NO DATA"),
        ];
        for (quote, now, expected) in cases {
            let (state, _) = state(quote, None, Some(&block), &calendar, ny(now));
            assert_eq!(state.words(&new_york(), ny(now)), expected, "{now}");
            assert_eq!(state.is_current(), expected.starts_with("LIVE") || expected.starts_with("CLOSED"), "{now}");
        }
    }

    #[test]
    fn a_time_on_another_day_has_its_day_and_nothing_hides_the_age() {
        let calendar = Calendar::new(&[], &[], false);
        let block = |until: &str| Outcome::Blocked { refusal: Refusal::by_status("yahoo", 429), until: ny(until) };
        let coin = quote("BTC-USD", Delivery::Polled(secs(20)), "2026-11-29 23:50", "2026-11-29 23:50");
        let forms = |until: &str, now: &str| {
            let (state, changes) = state(Some(&coin), None, Some(&block(until)), &calendar, ny(now));
            (state.forms(&new_york(), ny(now)), changes.unwrap())
        };
        let (shown, changes) = forms("2026-11-30 02:11", "2026-11-29 23:52:35");
        let expected = [
            "BLOCKED until Mon 02:11 · 2m old (yahoo 429)",
            "BLOCKED until Mon 02:11 · 2m old",
            "BLOCKED · 2m old",
            "2m old",
            "2m",
        ];
        assert_eq!(shown, expected);
        assert_eq!(changes, ny("2026-11-29 23:53"), "it gets older while the source is blocked");
        assert_eq!(forms("2026-11-30 02:11", "2026-11-30 00:01").0[1], "BLOCKED until 02:11 · 11m old", "today by now");
        assert_eq!(forms("2026-12-08 02:11", "2026-11-30 00:01").0[1], "BLOCKED until 8 Dec 02:11 · 11m old");
        let zone = new_york();
        let now = ny("2026-11-29 12:00");
        let stale = State::Stale { age: Some(secs(240)) }.forms(&zone, now);
        assert_eq!(stale, ["STALE 4m", "4m old", "4m"]);
        let closed = |at: &str| State::Closed { at: ny(at), resumes: None }.words(&zone, now);
        assert_eq!(closed("2026-11-27 13:00"), "CLOSED Fri 13:00");
        assert_eq!(closed("2026-11-20 16:00"), "CLOSED 20 Nov 16:00", "not last Friday");
        let pause = State::Closed { at: ny("2026-11-29 10:00"), resumes: Some(ny("2026-11-30 01:00")) };
        assert_eq!(pause.forms(&zone, now)[1], "PAUSE until Mon 01:00");
    }

    #[test]
    fn an_old_price_of_extended_hours_may_be_the_close_once_they_are_over() {
        let calendar = Calendar::new(&[], &[], false);
        let push = quote("NVDA", Delivery::Pushed, "2026-11-25 12:30", "2026-11-25 17:00");
        let (state, until) = state(Some(&push), None, None, &calendar, ny("2026-11-25 19:59"));
        assert!(matches!(state, State::Stale { .. }), "{state:?}");
        assert_eq!(until, Some(ny("2026-11-25 20:00")));
    }

    proptest::proptest! {
        /// A screen that looks again when it is due never misses a change.
        #[test]
        fn a_state_reads_the_same_until_it_says(
            crypto: bool, how in 0usize..4, start in 1_795_000_000i64..1_796_500_000, traded in 0i64..200_000,
            age in 0i64..300_000, part in 0.0f64..1.0, mode in 0usize..3, ends: bool,
        ) {
            // Nights from November on.
            let overnight = [Overnight::Off, Overnight::Auto, Overnight::On][mode];
            let end = jiff::civil::time(if ends { 3 } else { 4 }, 0, 0, 0);
            let rule = NightRule { first: jiff::civil::date(2026, 1, 1), end, ..overnight.into() };
            let calendar = Calendar::new(&[], &[], rule);
            let at = |second| Timestamp::from_second(second).unwrap();
            let delivery = [Delivery::Pushed, Delivery::Polled(secs(60)), Delivery::Delayed(secs(900)), Delivery::Stored];
            let mut quote = quote(if crypto { "BTC-USD" } else { "NVDA" }, delivery[how].clone(), "2026-11-23 12:00", "2026-11-23 12:00");
            quote.exchange_time = Some(at(start - traded * traded / 200_000));
            quote.received_time = at(start);
            let now = start + age * age / 300_000;
            let read = |second| state(Some(&quote), None, None, &calendar, at(second));
            let (first, until) = read(now);
            let until = until.unwrap().as_second();
            proptest::prop_assert!(until > now, "{:?} {} {}", first, until, now);
            let between = now + ((until - now - 1) as f64 * part) as i64;
            let zone = TimeZone::UTC;
            proptest::prop_assert_eq!(first.words(&zone, at(now)), read(between).0.words(&zone, at(now)));
        }

        /// At any time of a year: as long as its session has not ended, a fresh trade is never called a close.
        #[test]
        fn nothing_fresh_is_closed(
            start in 1_796_000_000i64..1_828_000_000, age in 0i64..900, mode in 0usize..3, night in 20i8..24, own: bool,
        ) {
            let overnight = [Overnight::Off, Overnight::Auto, Overnight::On][mode];
            let rule = NightRule { start: jiff::civil::time(night, 0, 0, 0), ..overnight.into() };
            let calendar = Calendar::new(&[], &[], rule);
            let at = |second| Timestamp::from_second(second).unwrap();
            let (trade, now) = (at(start), at(start + age));
            let fresh = fresh_for(Kind::Equity, calendar.session(now)).as_secs();
            proptest::prop_assume!(age < fresh && calendar.next_change(trade).at > now);
            // Not one that may still be reported at the end of a session as of it.
            let moment_before = at(start - 90);
            proptest::prop_assume!(calendar.session(trade) != Session::Closed || calendar.next_change(moment_before).at > trade);
            let mut quote = quote("NVDA", Delivery::Pushed, "2026-11-23 16:00", "2026-11-23 16:00");
            quote.received_time = trade;
            match calendar.extended_session(trade) {
                Some(session) if !own => {
                    quote.exchange_time = Some(calendar.last_close(trade));
                    quote.extended = Some(Extended { price: Decimal::TEN, session, exchange_time: Some(trade) });
                }
                _ => quote.exchange_time = Some(trade),
            }
            let (shown, _) = state(Some(&quote), None, None, &calendar, now);
            proptest::prop_assert!(matches!(shown, State::Live { .. }), "{:?} {} {}", shown, trade, now);
        }
    }
}
