//! Cboe, the delayed quotes of its site, a file for each symbol: undocumented, without a key, 15 minutes behind.
//!
//! No recording of an answer is at hand. The shape here is what clients of the site read: numbers are numbers, the time
//! of the last trade is New York's without an offset, an index has an underscore before its name. A file that is not
//! there is refused with 403, as a stranger is: for a symbol that was never priced it means that there is none.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use rust_decimal::Decimal;
use serde_json::Value;

use super::{Access, Moment, Poll, ReadError, Source, Tick, read};
use crate::domain::price::{Extended, Kind, Session, kind};

pub(super) const SOURCE: Source = Source {
    id: "cboe",
    title: "Cboe",
    official: false,
    delay: Some(Duration::from_mins(15)),
    terms: "unofficial: the back-end of the exchange's web site, 15 minutes delayed, for personal use, not to be passed on",
    needs_key: false,
    base_url: "https://cdn.cboe.com",
    socket_url: None,
    user_agent: None,
    headers: &[("accept", "application/json")],
    sign: None,
    spacing: Duration::from_secs(5),
    burst: 4,
    timeout: None,
    refusal_wait: Duration::from_mins(30),
    unknown: &[403, 404],
    spell,
    poll: Some(Poll { every, beside_socket: None, together: 1, ask: ask_price, read: read_price }),
    candles: None,
    closes: None,
    socket: None,
};

const INDICES: [(&str, &str); 4] = [("^GSPC", "_SPX"), ("^NDX", "_NDX"), ("^RUT", "_RUT"), ("^VIX", "_VIX")];

/// Shares and funds of the United States but for those with a class, whose name here is not known; and its indices.
fn spell(symbol: &str) -> Option<String> {
    match kind(symbol) {
        Kind::Crypto => None,
        Kind::Equity if symbol.starts_with('^') => {
            INDICES.iter().find(|(name, _)| *name == symbol).map(|(_, spelled)| (*spelled).to_string())
        }
        Kind::Equity => read::us_share(symbol).filter(|spelled| !spelled.contains('.')),
    }
}

/// What is 15 minutes old need not be asked for more often.
fn every(session: Session) -> Duration {
    match session {
        Session::Closed => Duration::from_mins(10),
        _ => Duration::from_mins(2),
    }
}

fn ask_price(access: Access, spelled: &[String]) -> Vec<String> {
    let file = |symbol: &String| format!("{}/api/global/delayed_quotes/quotes/{symbol}.json", access.base);
    spelled.iter().map(file).collect()
}

fn read_price(moment: Moment, spelled: &[String], bodies: &[Vec<u8>]) -> Result<Vec<Tick>, ReadError> {
    let tick = |(symbol, body): (&String, &Vec<u8>)| {
        let answer = read::json(body)?;
        let data = &answer["data"];
        if data.is_object() { tick(moment, symbol, data) } else { Err(ReadError::Shape) }
    };
    spelled.iter().zip(bodies).map(tick).collect()
}

fn tick(moment: Moment, spelled: &str, data: &Value) -> Result<Tick, ReadError> {
    let last = read::price(&data["current_price"]).ok_or(ReadError::NoPrice)?;
    let at = time(moment, &data["last_trade_time"]);
    let (price, time, extended) = match at.filter(|at| !read::is_regular(moment, *at)) {
        None => (last, at, None),
        // A trade outside the regular session is not the headline: that is the close, if it is given.
        Some(at) => {
            let close = read::price(&data["close"]).ok_or(ReadError::NoPrice)?;
            (close, Some(moment.calendar.last_close(at)), extended(moment, last, at))
        }
    };
    let now = moment.calendar.session(moment.now);
    Ok(Tick {
        spelled: spelled.to_string(),
        price,
        base: base(data, price, now),
        currency: None,
        session: Some(now),
        time,
        order: None,
        extended,
    })
}

fn extended(moment: Moment, price: Decimal, at: Timestamp) -> Option<Extended> {
    Some(Extended { price, session: moment.calendar.extended_session(at)?, exchange_time: Some(at) })
}

/// The close before. Before the bell of a new day it may already be the price itself, which is then no base.
fn base(data: &Value, price: Decimal, now: Session) -> Option<Decimal> {
    read::price(&data["prev_day_close"]).filter(|base| now != Session::Pre || *base != price)
}

fn time(moment: Moment, value: &Value) -> Option<Timestamp> {
    read::time(value).or_else(|| read::new_york(moment, value.as_str()?.parse::<DateTime>().ok()?))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::session::{Calendar, new_york};

    /// An answer of our own.
    const NVDA: &[u8] = include_bytes!("../../tests/fixtures/market/cboe/NVDA.json");

    fn ny(text: &str) -> Timestamp {
        let civil: jiff::civil::DateTime = text.parse().unwrap();
        civil.to_zoned_datetime(new_york()).unwrap().timestamp()
    }

    fn price_of(body: &[u8], now: &str) -> Result<Tick, ReadError> {
        let calendar = Calendar::new(&[], &[], false);
        let moment = Moment { now: ny(now), calendar: &calendar };
        read_price(moment, &["NVDA".into()], &[body.to_vec()]).map(|mut ticks| ticks.remove(0))
    }

    /// The answer with some of its numbers changed.
    fn with(changes: Value) -> Vec<u8> {
        let mut answer: Value = serde_json::from_slice(NVDA).unwrap();
        let changes = changes.as_object().unwrap().clone();
        answer["data"].as_object_mut().unwrap().extend(changes);
        answer.to_string().into_bytes()
    }

    fn number(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn a_price_of_a_quarter_of_an_hour_ago() {
        let tick = price_of(NVDA, "2026-11-23 12:00").unwrap();
        assert_eq!((tick.price, tick.base), (number("181.5"), Some(number("180"))));
        assert_eq!((tick.time, tick.session), (Some(ny("2026-11-23 11:44:58")), Some(Session::Regular)));
        assert_eq!(tick.extended, None);
        assert_eq!(SOURCE.delay, Some(Duration::from_mins(15)));
    }

    #[test]
    fn the_headline_is_of_the_regular_session() {
        use Session::{Closed, Post, Pre};
        // (last trade, now) and (price, its time, base, extended, session)
        let cases = [
            ("2026-11-23T16:00:00", "2026-11-23 17:00", ("181.5", "2026-11-23 16:00", Some("180"), None, Post)),
            ("2026-11-23T16:00:00", "2026-11-24 03:00", ("181.5", "2026-11-23 16:00", Some("180"), None, Closed)),
            ("2026-11-23T16:00:01", "2026-11-24 05:00", ("181.5", "2026-11-23 16:00:01", Some("180"), None, Pre)),
            ("2026-11-23T16:45:00", "2026-11-23 17:00", ("182", "2026-11-23 16:00", Some("180"), Some(Post), Post)),
            ("2026-11-24T08:00:00", "2026-11-24 08:15", ("182", "2026-11-23 16:00", Some("180"), Some(Pre), Pre)),
        ];
        for (last, now, (price, time, base, extended, session)) in cases {
            let tick = price_of(&with(json!({"last_trade_time": last, "close": 182.0})), now).unwrap();
            assert_eq!((tick.price, tick.time), (number(price), Some(ny(time))), "{last} {now}");
            assert_eq!((tick.base, tick.session), (base.map(number), Some(session)), "{last} {now}");
            let found = tick.extended.map(|extended| (extended.price, extended.session));
            assert_eq!(found, extended.map(|session| (number("181.5"), session)), "{last} {now}");
        }
        let late = json!({"last_trade_time": "2026-11-23T16:45:00", "close": 0.0});
        assert_eq!(price_of(&with(late), "2026-11-23 17:00"), Err(ReadError::NoPrice), "an extended price alone");
        let same = json!({"last_trade_time": "2026-11-23T16:00:00", "prev_day_close": 181.5});
        assert_eq!(price_of(&with(same), "2026-11-24 05:00").unwrap().base, None, "a close is no base for itself");
    }

    #[test]
    fn no_price_and_no_base_is_made_up() {
        for price in [json!(0), json!(-1.5), json!(null), json!("N/A"), json!("NaN"), json!([181.5])] {
            let body = with(json!({"current_price": price}));
            assert_eq!(price_of(&body, "2026-11-23 12:00"), Err(ReadError::NoPrice), "{price}");
            let body = with(json!({"prev_day_close": price}));
            assert_eq!(price_of(&body, "2026-11-23 12:00").unwrap().base, None, "{price}");
        }
        for time in [json!(null), json!(""), json!("11:44"), json!(5)] {
            assert_eq!(price_of(&with(json!({"last_trade_time": time})), "2026-11-23 12:00").unwrap().time, None);
        }
        let cases: [(&[u8], ReadError); 5] = [
            (b"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>", ReadError::WebPage),
            (b"Too Many Requests", ReadError::Refused),
            (b"{\"data\": null}", ReadError::Shape),
            (b"[]", ReadError::Shape),
            (b"{\"data\": {", ReadError::Shape),
        ];
        for (body, expected) in cases {
            assert_eq!(price_of(body, "2026-11-23 12:00"), Err(expected));
        }
    }

    #[test]
    fn spelling_and_address() {
        let cases = [
            ("NVDA", Some("NVDA")),
            ("^GSPC", Some("_SPX")),
            ("^FTSE", None),
            ("BRK-B", None),
            ("BTC-USD", None),
            ("MUV2.DE", None),
            ("../x", None),
        ];
        for (symbol, spelled) in cases {
            assert_eq!(spell(symbol).as_deref(), spelled, "{symbol}");
        }
        let urls = ask_price(Access { base: "http://host/cboe", key: None }, &["NVDA".into()]);
        assert_eq!(urls, ["http://host/cboe/api/global/delayed_quotes/quotes/NVDA.json"]);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(body: Vec<u8>, price: f64, close: f64, time: String, days in 0i64..40_000) {
            let _ = price_of(&body, "2026-11-23 12:00");
            let found = json!({"current_price": price, "close": close, "prev_day_close": close, "last_trade_time": time});
            let _ = price_of(&with(found), "2026-11-23 12:00");
            let day = jiff::civil::date(1960, 1, 1).saturating_add(jiff::Span::new().days(days)).at(18, 0, 0, 0);
            let _ = price_of(&with(json!({"last_trade_time": day.to_string()})), "2026-11-23 12:00");
            spell(&time);
        }
    }
}
