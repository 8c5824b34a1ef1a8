//! Tiingo, with a key: US shares by its IEX end point; documented at api.tiingo.com/documentation/iex.
//!
//! A row is either live, of IEX, or the official bar of the day, and nothing but its time tells which: that of the
//! official one is the close. `tngoLast` is the price in both; zeros and nulls are what it does not know. Fifty
//! questions an hour are free: one question serves all symbols, and none is spent on candles. Its socket wants the key
//! in every subscription and its coin prices mix old offers with new trades: neither is used.

pub(super) mod consolidated;

use std::time::Duration;

use serde_json::Value;

use super::{Access, Moment, Poll, ReadError, Source, Tick, read};
use crate::domain::price::{Extended, Session};

pub(super) const SOURCE: Source = Source {
    id: "tiingo",
    title: "Tiingo",
    official: true,
    delay: None,
    terms: "official, with your own key and under its terms: for your own use, 50 questions an hour are free",
    needs_key: true,
    base_url: "https://api.tiingo.com",
    socket_url: None,
    user_agent: None,
    headers: &[("accept", "application/json")],
    sign: Some(|key| vec![("authorization", format!("Token {key}"))]),
    spacing: Duration::from_secs(75),
    burst: 1,
    timeout: None,
    refusal_wait: Duration::from_mins(20),
    unknown: &[404],
    spell: |symbol| read::share(symbol, "-"),
    poll: Some(Poll { every, beside_socket: None, together: 100, ask: ask_price, read: read_price }),
    candles: None,
    closes: None,
    socket: None,
};

fn every(session: Session) -> Duration {
    match session {
        Session::Regular | Session::Always => Duration::from_secs(90),
        Session::Pre | Session::Post | Session::Overnight => Duration::from_mins(5),
        Session::Closed => Duration::from_mins(20),
    }
}

fn ask_price(access: Access, spelled: &[String]) -> Vec<String> {
    vec![format!("{}/iex/?tickers={}", access.base, spelled.join(","))]
}

/// A list of rows; those of unknown symbols are missing.
fn read_price(moment: Moment, spelled: &[String], bodies: &[Vec<u8>]) -> Result<Vec<Tick>, ReadError> {
    let [body] = bodies else { return Err(ReadError::Shape) };
    let answer = answer(body)?;
    let rows = answer.as_array().map_or(std::slice::from_ref(&answer), Vec::as_slice);
    if rows.iter().any(|row| !row["tngoLast"].is_number() && !row["timestamp"].is_string()) {
        return Err(ReadError::Shape);
    }
    read::those_told(spelled, |id| {
        let same = |row: &&Value| row["ticker"].as_str().is_some_and(|ticker| ticker.eq_ignore_ascii_case(id));
        let row = rows.iter().find(same).ok_or(ReadError::Unknown)?;
        tick(moment, id, row).ok_or(ReadError::NoPrice)
    })
}

/// An answer as JSON; errors are sentences, plain or as `detail`.
fn answer(body: &[u8]) -> Result<Value, ReadError> {
    let speaks_of = |text: &str, words: &[&str]| words.iter().any(|word| text.to_lowercase().contains(word));
    let limits = ["run over", "allocation", "too many", "token", "credentials"];
    let plain = body.get(..300).unwrap_or(body);
    let answer = match read::json(body) {
        Err(ReadError::Shape) if speaks_of(&String::from_utf8_lossy(plain), &limits) => Err(ReadError::Refused),
        other => other,
    }?;
    match answer["detail"].as_str() {
        Some(detail) if speaks_of(detail, &limits) => Err(ReadError::Refused),
        Some(detail) if speaks_of(detail, &["not found"]) => Err(ReadError::Unknown),
        Some(_) => Err(ReadError::NoPrice),
        None => Ok(answer),
    }
}

/// Of the regular session or its close: the price. From before the bell: the extended price, beside the close before.
/// From after it: its close is not given.
fn tick(moment: Moment, id: &str, row: &Value) -> Option<Tick> {
    let calendar = moment.calendar;
    let (last, close, at) =
        (read::price(&row["tngoLast"])?, read::price(&row["prevClose"]), read::time(&row["timestamp"])?);
    let regular = Tick {
        spelled: id.to_string(),
        price: last,
        base: close,
        currency: None,
        session: Some(calendar.session(moment.now)),
        time: Some(at),
        order: None,
        extended: None,
    };
    match calendar.session(at) {
        Session::Regular => Some(regular),
        Session::Post if calendar.last_close(at) == at => Some(regular),
        session @ Session::Pre => {
            let extended = Extended { price: last, session, exchange_time: Some(at) };
            let time = Some(calendar.last_close(at));
            Some(Tick { price: close?, base: None, time, extended: Some(extended), ..regular })
        }
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::session::Calendar;
    use crate::market::read::tests::recorded;

    fn prices(now: &str, spelled: &[&str], body: &[u8]) -> Result<Vec<Tick>, ReadError> {
        let calendar = Calendar::new(&[], &[], false);
        let moment = Moment { now: now.parse().unwrap(), calendar: &calendar };
        read_price(moment, &spelled.iter().map(ToString::to_string).collect::<Vec<_>>(), &[body.to_vec()])
    }

    #[test]
    #[ignore = "needs the recordings"]
    fn recorded_rows_are_live_or_the_official_close() {
        let cases = [
            ("iex_quote_live", "2026-09-29T19:00:20Z", "330.965", "2026-09-29T19:00:07.078869649Z"),
            ("iex_quote_official", "2026-09-29T21:00:00Z", "329.4", "2026-09-29T20:00:00Z"),
        ];
        for (file, now, price, time) in cases {
            let body = recorded(&format!("tiingo/{file}.json"));
            let tick = prices(now, &["AAPL"], &body).unwrap().remove(0);
            assert_eq!((tick.price, tick.base), (price.parse().unwrap(), Some("338.4".parse().unwrap())), "{file}");
            assert_eq!((tick.time, tick.extended), (Some(time.parse().unwrap()), None), "{file}");
            assert_eq!(prices(now, &["NVDA"], &body), Err(ReadError::Unknown), "{file}");
        }
    }

    #[test]
    #[ignore = "needs the recordings"]
    fn recorded_answers_to_other_questions_are_no_prices() {
        for file in ["crypto_top", "crypto_prices_1day", "daily_prices_GOOGL", "iex_prices_30Min"] {
            let body = recorded(&format!("tiingo/{file}.json"));
            for symbol in ["GOOGL", "btcusd"] {
                assert_eq!(prices("2026-09-29T19:00:20Z", &[symbol], &body), Err(ReadError::Shape), "{file}");
            }
        }
    }

    #[test]
    fn the_time_tells_what_a_row_is() {
        let row = |time: &str| json!([{"ticker": "nvda", "timestamp": time, "tngoLast": 182.5, "prevClose": 178}]);
        let of = |time: &str| {
            let mut ticks = prices("2026-11-23T22:00:00Z", &["NVDA", "AMD"], row(time).to_string().as_bytes())?;
            let tick = ticks.remove(0);
            let extended = tick.extended.map(|extended| (extended.price.to_string(), extended.session));
            Ok((tick.price.to_string(), tick.base.map(|base| base.to_string()), extended))
        };
        let (price, close) = (|| "182.5".to_string(), || "178".to_string());
        assert_eq!(of("2026-11-23T12:00:00-05:00"), Ok((price(), Some(close()), None)));
        assert_eq!(of("2026-11-23T21:00:00+00:00"), Ok((price(), Some(close()), None)));
        assert_eq!(of("2026-11-23T08:00:00-05:00"), Ok((close(), None, Some((price(), Session::Pre)))));
        assert_eq!(of("2026-11-23T16:30:00-05:00"), Err(ReadError::NoPrice), "its close is not given");
        // A half day closes at 13:00.
        assert_eq!(of("2026-11-27T18:00:00+00:00"), Ok((price(), Some(close()), None)));
        assert_eq!(of("2026-11-27T20:00:00+00:00"), Err(ReadError::NoPrice));
    }

    #[test]
    fn no_price_is_made_up() {
        for price in [json!(0), json!(-5), json!(null), json!("N/A"), json!(1e13)] {
            let row = json!([{"ticker": "NVDA", "timestamp": "2026-11-23T12:00:00-05:00", "tngoLast": price}]);
            let found = prices("2026-11-23T18:00:00Z", &["NVDA"], row.to_string().as_bytes());
            assert_eq!(found, Err(ReadError::NoPrice), "{row}");
        }
        let zero = br#"[{"ticker":"NVDA","timestamp":"2026-11-23T12:00:00-05:00","tngoLast":5,"prevClose":0.0}]"#;
        assert_eq!(prices("2026-11-23T18:00:00Z", &["NVDA"], zero).unwrap()[0].base, None);
        let cases: [(&[u8], ReadError); 6] = [
            (b"[]", ReadError::Unknown),
            (br#"{"detail":"Not found."}"#, ReadError::Unknown),
            (br#"{"detail":"Please supply a token"}"#, ReadError::Refused),
            (b"Error: You have run over your hourly request allocation.", ReadError::Refused),
            (b"5", ReadError::Shape),
            (br#"[{"ticker":"NVDA","tngoLast":1e400}]"#, ReadError::Shape),
        ];
        for (body, expected) in cases {
            let text = String::from_utf8_lossy(body);
            assert_eq!(prices("2026-11-23T18:00:00Z", &["NVDA"], body), Err(expected), "{text}");
        }
    }

    #[test]
    fn one_question_serves_all() {
        let access = Access { base: "http://host", key: Some("secret") };
        let asked = ask_price(access, &["NVDA".into(), "BRK-B".into()]);
        assert_eq!(asked, ["http://host/iex/?tickers=NVDA,BRK-B"]);
        assert_eq!(SOURCE.sign.unwrap()("secret"), [("authorization", "Token secret".to_string())]);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text: String, number: f64, time in -377_705_023_201_i64..253_402_207_200) {
            let _ = prices("2026-11-23T18:00:00Z", &[&text], text.as_bytes());
            let time = jiff::Timestamp::from_second(time).unwrap().to_string();
            let row = json!({"ticker": text, "timestamp": time, "tngoLast": number, "prevClose": number});
            let _ = prices("2026-11-23T18:00:00Z", &[&text], json!([row]).to_string().as_bytes());
            let _ = prices("2026-11-23T18:00:00Z", &[&text], json!({"detail": text}).to_string().as_bytes());
        }
    }
}
