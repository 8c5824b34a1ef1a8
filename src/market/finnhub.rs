//! Finnhub, with a key: US shares in the regular session; documented at finnhub.io/docs/api.
//!
//! An unknown symbol is answered with zeros. `/quote` has the regular session only, and its candles are for paying
//! users: none are taken. The socket tells trades alone, of every session and without the previous close; those outside
//! the regular session are left out, for without its close they say nothing.

use std::time::Duration;

use serde_json::{Value, json};
use url::form_urlencoded::byte_serialize;

use super::{Access, Frame, Moment, Poll, ReadError, SocketSpec, Source, Tick, read};
use crate::domain::price::Session;

pub(super) const SOURCE: Source = Source {
    id: "finnhub",
    title: "Finnhub",
    official: true,
    delay: None,
    terms: "official, with your own key and under its terms: the free plan is for personal use, 60 questions a minute",
    needs_key: true,
    base_url: "https://finnhub.io",
    socket_url: Some("wss://ws.finnhub.io"),
    user_agent: None,
    headers: &[("accept", "application/json")],
    // In a header, so that no address holds it.
    sign: Some(|key| vec![("x-finnhub-token", key.to_string())]),
    spacing: Duration::from_millis(1_200),
    burst: 1,
    timeout: None,
    refusal_wait: Duration::from_mins(1),
    unknown: &[404],
    spell: |symbol| read::share(symbol, "."),
    poll: Some(Poll { every, beside_socket: None, together: 1, ask: ask_price, read: read_price }),
    candles: None,
    closes: None,
    socket: Some(SocketSpec {
        address: Some(address),
        hello: None,
        headers: &[],
        subscribe: |ids| say("subscribe", ids),
        unsubscribe: |ids| say("unsubscribe", ids),
        beat: None,
        read: read_frame,
        // It pings about once a minute.
        quiet: Duration::from_secs(150),
        renew: Duration::from_hours(12),
    }),
};

/// Outside the regular session nothing changes in what it answers.
fn every(session: Session) -> Duration {
    match session {
        Session::Regular | Session::Always => Duration::from_secs(30),
        Session::Pre | Session::Post | Session::Overnight | Session::Closed => Duration::from_mins(10),
    }
}

/// The socket takes the key in its address only.
fn address(access: Access) -> String {
    let key: String = byte_serialize(access.key.unwrap_or_default().as_bytes()).collect();
    let mark = if access.base.contains('?') { '&' } else { '?' };
    format!("{}{mark}token={key}", access.base)
}

fn ask_price(access: Access, spelled: &[String]) -> Vec<String> {
    spelled.iter().map(|id| format!("{}/api/v1/quote?symbol={id}", access.base)).collect()
}

fn read_price(moment: Moment, spelled: &[String], bodies: &[Vec<u8>]) -> Result<Vec<Tick>, ReadError> {
    let tick = |(id, body): (&String, &Vec<u8>)| {
        let answer = answer(body)?;
        Ok(Tick {
            base: read::price(&answer["pc"]),
            session: Some(moment.calendar.session(moment.now)),
            time: read::seconds(&answer["t"]),
            ..trade(id, &answer["c"]).ok_or(ReadError::NoPrice)?
        })
    };
    spelled.iter().zip(bodies).map(tick).collect()
}

/// An answer as JSON; errors are objects with a text, and zeros alone mean a symbol that is unknown.
fn answer(body: &[u8]) -> Result<Value, ReadError> {
    let answer = read::json(body)?;
    let says = |word: &str| answer["error"].as_str().is_some_and(|error| error.contains(word));
    match answer["error"].as_str() {
        Some(_) if says("API key") || says("limit") => Err(ReadError::Refused),
        // A listing that the plan does not have.
        Some(_) if says("access") => Err(ReadError::Unknown),
        Some(_) => Err(ReadError::NoPrice),
        None if answer["c"].as_f64() == Some(0.0) && answer["t"].as_i64() == Some(0) => Err(ReadError::Unknown),
        None if answer.is_object() => Ok(answer),
        None => Err(ReadError::Shape),
    }
}

fn trade(id: &str, price: &Value) -> Option<Tick> {
    Some(Tick {
        spelled: id.to_string(),
        price: read::price(price)?,
        base: None,
        currency: None,
        session: None,
        time: None,
        order: None,
        extended: None,
    })
}

fn say(what: &str, ids: &[String]) -> Vec<String> {
    ids.iter().map(|id| json!({"type": what, "symbol": id}).to_string()).collect()
}

fn read_frame(moment: Moment, text: &str) -> Vec<Frame> {
    let Ok(message) = serde_json::from_str::<Value>(text) else { return Vec::new() };
    match message["type"].as_str() {
        Some("trade") => {
            message["data"].as_array().into_iter().flatten().filter_map(|row| found(moment, row)).collect()
        }
        Some("ping") => vec![Frame::Beat],
        Some("error") => {
            let why = message["msg"].as_str().unwrap_or("no reason given");
            vec![Frame::Refused { spelled: None, said: read::said(why) }]
        }
        _ => Vec::new(),
    }
}

/// One trade of a batch: symbol, price, time in milliseconds. One of another session is a sign of life only.
fn found(moment: Moment, row: &Value) -> Option<Frame> {
    let time = read::millis(&row["t"])?;
    let tick = trade(row["s"].as_str()?, &row["p"])?;
    let regular = moment.calendar.session(time) == Session::Regular;
    Some(if regular { Frame::Tick(Tick { time: Some(time), ..tick }) } else { Frame::Beat })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::domain::session::Calendar;
    use crate::market::read::tests::{frames, only_tick, recorded};

    fn frame(text: &str) -> Vec<Frame> {
        let calendar = Calendar::new(&[], &[], false);
        read_frame(Moment { now: "2026-11-23T18:00:00Z".parse().unwrap(), calendar: &calendar }, text)
    }

    fn price_of(body: &[u8]) -> Result<Tick, ReadError> {
        let calendar = Calendar::new(&[], &[], false);
        let moment = Moment { now: "2026-11-23T18:00:00Z".parse().unwrap(), calendar: &calendar };
        read_price(moment, &["MSFT".into()], &[body.to_vec()]).map(|mut ticks| ticks.remove(0))
    }

    #[test]
    #[ignore = "needs the recordings"]
    fn recorded_price() {
        let body = recorded("finnhub/quote_MSFT_2020.json");
        let tick = price_of(&body).unwrap();
        assert_eq!((tick.price, tick.base), ("165.73".parse().unwrap(), Some("163.49".parse().unwrap())));
        assert_eq!(tick.time, Some("2020-04-09T13:06:03Z".parse().unwrap()));
        assert_eq!(tick.session, Some(Session::Regular));
    }

    #[test]
    #[ignore = "needs the recordings"]
    fn recorded_errors() {
        let cases = [
            ("quote_unknown_symbol", ReadError::Unknown),
            ("error_401", ReadError::Refused),
            ("error_403", ReadError::Unknown),
            ("error_429", ReadError::Refused),
        ];
        for (file, expected) in cases {
            let body = recorded(&format!("finnhub/{file}.json"));
            assert_eq!(price_of(&body), Err(expected), "{file}");
        }
    }

    #[test]
    #[ignore = "needs the recordings"]
    fn recorded_socket() {
        let lines = frames("finnhub/ws_transcript.txt");
        let read: Vec<Frame> = lines.iter().flat_map(|line| frame(line)).collect();
        // Its trade is of 16:21 in New York, after the bell.
        assert!(read.iter().all(|frame| *frame == Frame::Beat) && !read.is_empty(), "{read:?}");
    }

    #[test]
    fn trades_of_the_regular_session_are_prices() {
        let trade = |time: &str, price: &str| {
            let time: jiff::Timestamp = time.parse().unwrap();
            let row = format!(r#"{{"s":"NVDA","p":{price},"t":{},"v":5}}"#, time.as_millisecond());
            frame(&format!(r#"{{"type":"trade","data":[{row}]}}"#))
        };
        let tick = only_tick(&trade("2026-11-23T17:59:59.5Z", "180.25"));
        assert_eq!((tick.spelled.as_str(), tick.price), ("NVDA", "180.25".parse().unwrap()));
        assert_eq!(tick.time, Some("2026-11-23T17:59:59.5Z".parse().unwrap()));
        for outside in ["2026-11-23T14:29:59Z", "2026-11-23T21:00:00Z", "2026-11-26T18:00:00Z"] {
            assert_eq!(trade(outside, "180.25"), [Frame::Beat], "{outside}");
        }
        for price in ["0", "-5", "null", "\"NaN\"", "1e400"] {
            assert_eq!(trade("2026-11-23T17:59:59Z", price), [], "{price}");
        }
        let refused = Frame::Refused { spelled: None, said: "Invalid symbol".into() };
        assert_eq!(frame(r#"{"type":"error","msg":"Invalid symbol"}"#), [refused]);
        for odd in ["", "null", "[]", "5", "not json", r#"{"type":"trade"}"#, r#"{"type":"trade","data":[5]}"#] {
            assert_eq!(frame(odd), [], "{odd}");
        }
    }

    #[test]
    fn no_price_is_made_up() {
        for price in ["-5", "null", "\"N/A\"", "1e13"] {
            let body = format!(r#"{{"c":{price},"pc":5,"t":1586437563}}"#);
            assert_eq!(price_of(body.as_bytes()), Err(ReadError::NoPrice), "{body}");
        }
        assert_eq!(price_of(br#"{"c":0,"pc":5,"t":1586437563}"#), Err(ReadError::NoPrice));
        assert_eq!(price_of(b"[]"), Err(ReadError::Shape));
        assert_eq!(price_of(br#"{"c":5,"pc":0,"t":0}"#).unwrap().base, None);
    }

    #[test]
    fn the_key_goes_where_it_must() {
        let access = |base| Access { base, key: Some("a&b") };
        assert_eq!(address(access("wss://host")), "wss://host?token=a%26b");
        assert_eq!(address(access("ws://host/x?v=1")), "ws://host/x?v=1&token=a%26b");
        assert_eq!(ask_price(access("http://host"), &["BRK.B".into()]), ["http://host/api/v1/quote?symbol=BRK.B"]);
        assert_eq!(SOURCE.sign.unwrap()("secret"), [("x-finnhub-token", "secret".to_string())]);
        assert_eq!(say("subscribe", &["NVDA".into()]), [r#"{"symbol":"NVDA","type":"subscribe"}"#]);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text: String, number: f64, time: i64) {
            frame(&text);
            let _ = price_of(text.as_bytes());
            let _ = price_of(json!({"c": number, "pc": number, "t": time}).to_string().as_bytes());
            let row = json!({"s": text, "p": number, "t": time});
            frame(&json!({"type": "trade", "data": [row]}).to_string());
            frame(&json!({"type": "error", "msg": text}).to_string());
        }
    }
}
