//! Kraken: public market data, documented at docs.kraken.com (REST `0/public`, socket v2).
//!
//! Errors come under status 200, and one unknown pair empties the answer for all. An
//! answer's keys are Kraken's own names (`XXBTZUSD` for `XBTUSD`, but `XBTUSDT`). A ticker's `o` is the open of the
//! UTC day, not the price 24 hours ago, so a polled price has no change; on the socket, `change` is over 24 hours. A
//! market that can't be traded in tells a last price of 0. The socket acknowledges each symbol by itself, says
//! `heartbeat` every second and writes prices as JSON numbers. It spells BTC and DOGE, where REST says XBT and XDG.

use std::time::Duration;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{Access, BarsAsk, Beat, Candles, Frame, Moment, Poll, ReadError, SocketSpec, Source, Tick, read};
use crate::domain::price::{Candle, Session, Span};

pub(super) const SOURCE: Source = Source {
    id: "kraken",
    title: "Kraken",
    official: true,
    delay: None,
    terms: "official: public market data of Kraken under its terms of service",
    needs_key: false,
    base_url: "https://api.kraken.com",
    socket_url: Some("wss://ws.kraken.com/v2"),
    user_agent: None,
    headers: &[("accept", "application/json")],
    sign: None,
    // About one question a second is allowed.
    spacing: Duration::from_millis(1_500),
    burst: 1,
    timeout: None,
    refusal_wait: Duration::from_mins(1),
    unknown: &[404],
    spell,
    poll: Some(Poll { every, beside_socket: None, together: 40, ask: ask_price, read: read_price }),
    candles: Some(Candles { ask: ask_bars, read: read_bars }),
    closes: None,
    socket: Some(SocketSpec {
        address: None,
        hello: None,
        headers: &[],
        subscribe,
        unsubscribe,
        beat: Some(Beat { every: Duration::from_secs(30), say: |_| r#"{"method":"ping"}"#.to_string() }),
        read: read_frame,
        quiet: Duration::from_secs(15),
        renew: Duration::from_hours(23),
    }),
};

fn spell(symbol: &str) -> Option<String> {
    read::pair(symbol).map(|(coin, currency)| format!("{coin}/{currency}"))
}

fn every(_: Session) -> Duration {
    Duration::from_secs(20)
}

/// The two halves of a name, as REST spells them.
fn halves(spelled: &str) -> (&str, &str) {
    let (coin, currency) = spelled.split_once('/').unwrap_or((spelled, ""));
    let coin = match coin {
        "BTC" => "XBT",
        "DOGE" => "XDG",
        other => other,
    };
    (coin, currency)
}

fn rest_name(spelled: &str) -> String {
    let (coin, currency) = halves(spelled);
    format!("{coin}{currency}")
}

fn ask_price(access: Access, spelled: &[String]) -> Vec<String> {
    let pairs: Vec<String> = spelled.iter().map(|id| rest_name(id)).collect();
    vec![format!("{}/0/public/Ticker?pair={}", access.base, pairs.join(","))]
}

fn read_price(_: Moment, spelled: &[String], bodies: &[Vec<u8>]) -> Result<Vec<Tick>, ReadError> {
    let [body] = bodies else { return Err(ReadError::Shape) };
    let result = result(body).map_err(|misread| misread.among(spelled))?;
    read::those_told(spelled, |id| {
        let price = read::price(&of_pair(&result, id).ok_or(ReadError::Shape)?["c"][0]).ok_or(ReadError::NoPrice)?;
        Ok(tick(id, price, None, None))
    })
}

/// The result of an answer; its errors are texts such as `EQuery:Unknown asset pair`.
fn result(body: &[u8]) -> Result<Value, ReadError> {
    let mut answer = read::json(body)?;
    if let Some(error) = answer["error"][0].as_str() {
        return Err(misread(error));
    }
    match answer.get_mut("result") {
        Some(result @ Value::Object(_)) => Ok(result.take()),
        _ => Err(ReadError::Shape),
    }
}

fn misread(error: &str) -> ReadError {
    let limits = ["too many requests", "rate limit", "throttled", "temporary lockout"];
    let error = error.to_lowercase();
    match error.as_str() {
        error if limits.iter().any(|limit| error.contains(limit)) => ReadError::Refused,
        error if error.contains("unknown asset pair") => ReadError::Unknown,
        _ => ReadError::NoPrice,
    }
}

/// What is said of a pair, under the name asked for or one with the old marks of coins (X) and currencies (Z). The plain
/// name goes first: `AIOZUSD` is AIOZ in dollars, and not AIO.
fn of_pair<'a>(result: &'a Value, spelled: &str) -> Option<&'a Value> {
    let (coin, currency) = halves(spelled);
    let marks = [("", ""), ("X", "Z"), ("", "Z"), ("X", "")];
    marks.iter().find_map(|(coins, currencies)| result.get(format!("{coins}{coin}{currencies}{currency}")))
}

fn tick(id: &str, price: Decimal, base: Option<Decimal>, time: Option<Timestamp>) -> Tick {
    Tick { spelled: id.to_string(), price, base, currency: None, session: None, time, order: None, extended: None }
}

fn ask_bars(access: Access, spelled: &str, span: Span, now: Timestamp) -> BarsAsk {
    let (minutes, bars) = match span {
        Span::Hour => (1, 60),
        Span::Day => (5, 288),
        Span::FiveDays => (60, 120),
        Span::Month => (240, 180),
        Span::SixMonths => (1_440, 183),
        Span::Year => (1_440, 365),
    };
    let step: i64 = minutes * 60;
    // `since` itself is left out of the answer; whole bars, so that the same question soon is the same to caches.
    let since = (now.as_second().div_euclid(step) - bars).max(0) * step;
    let url = format!("{}/0/public/OHLC?pair={}&interval={minutes}&since={since}", access.base, rest_name(spelled));
    BarsAsk { urls: vec![url], interval: step as u32, keep: Some(Duration::from_secs((bars * step) as u64)) }
}

/// The rows stand under the pair's own name, beside a number `last`; the last row is the open bar.
fn read_bars(body: &[u8]) -> Result<Vec<Candle>, ReadError> {
    let result = result(body)?;
    let mut lists = result.as_object().into_iter().flatten().filter_map(|(_, rows)| rows.as_array());
    let rows = lists.next().ok_or(ReadError::Shape)?;
    read::bars(rows, bar)
}

/// `[time, open, high, low, close, average, volume, trades]`, prices as texts.
fn bar(row: &Value) -> Option<Candle> {
    let price = |column: usize| read::bar_price(&row[column]);
    let ends = [price(1)?, price(2)?, price(3)?, price(4)?];
    Some(read::candle(read::seconds(&row[0])?, ends, read::volume(&row[6])))
}

fn subscribe(ids: &[String]) -> Vec<String> {
    let params = json!({"channel": "ticker", "symbol": ids, "event_trigger": "trades"});
    vec![json!({"method": "subscribe", "params": params}).to_string()]
}

fn unsubscribe(ids: &[String]) -> Vec<String> {
    vec![json!({"method": "unsubscribe", "params": {"channel": "ticker", "symbol": ids}}).to_string()]
}

fn read_frame(_: Moment, text: &str) -> Vec<Frame> {
    let Ok(message) = serde_json::from_str::<Value>(text) else { return Vec::new() };
    match message["channel"].as_str() {
        Some("ticker") => message["data"].as_array().into_iter().flatten().filter_map(ticker).collect(),
        Some("heartbeat") => vec![Frame::Beat],
        Some("status") => vec![status(&message["data"][0])],
        Some(_) => Vec::new(),
        None => reply(&message).into_iter().collect(),
    }
}

/// `change` is the exact difference from 24 hours ago, `change_pct` is rounded.
fn ticker(row: &Value) -> Option<Frame> {
    let spelled = row["symbol"].as_str()?;
    let Some(price) = read::price(&row["last"]) else { return Some(Frame::NoPrice { spelled: spelled.to_string() }) };
    let change = Some(&row["change"]).and_then(signed);
    let base = change.and_then(|change| read::price(&Value::String(price.checked_sub(change)?.to_string())));
    Some(Frame::Tick(tick(spelled, price, base, read::time(&row["timestamp"]))))
}

/// A number that may be zero or negative.
fn signed(value: &Value) -> Option<Decimal> {
    let Value::Number(number) = value else { return None };
    let text = number.to_string();
    text.parse().or_else(|_| Decimal::from_scientific(&text)).ok()
}

/// In maintenance the exchange stands still, and soon hangs up.
fn status(data: &Value) -> Frame {
    if data["system"].as_str() == Some("maintenance") { Frame::Leave } else { Frame::Beat }
}

/// An answer to what we said: acknowledged or not, for each symbol by itself.
fn reply(message: &Value) -> Option<Frame> {
    let error = message["error"].as_str().or_else(|| message["Error"].as_str());
    match (message["method"].as_str(), error) {
        (Some("subscribe" | "unsubscribe" | "pong"), None) => Some(Frame::Beat),
        // Subscribed twice, or no longer: as it should be.
        (Some("unsubscribe"), Some(_)) => Some(Frame::Beat),
        (_, Some(error)) if error.starts_with("Already subscribed") => Some(Frame::Beat),
        (_, Some(error)) => Some(refusal(message, error)),
        (_, None) => None,
    }
}

/// `{"error":"Currency pair not supported ABC/USD","method":"subscribe","success":false,"symbol":"ABC/USD"}`
fn refusal(message: &Value, error: &str) -> Frame {
    let of_the_pair = error.starts_with("Currency pair") || error.to_lowercase().contains("symbol");
    let spelled = message["symbol"].as_str().filter(|_| of_the_pair).map(String::from);
    Frame::Refused { spelled, said: read::said(error) }
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

    fn prices(spelled: &str, body: &[u8]) -> Result<Tick, ReadError> {
        let calendar = Calendar::new(&[], &[], false);
        let moment = Moment { now: "2026-11-23T18:00:00Z".parse().unwrap(), calendar: &calendar };
        read_price(moment, &[spelled.into()], &[body.to_vec()]).map(|mut ticks| ticks.remove(0))
    }

    #[test]
    #[ignore = "needs the recordings"]
    fn recorded_prices_have_the_names_of_kraken() {
        let cases = [
            ("rest_ticker_XBTUSDT", "BTC/USDT", Ok("105899.4")),
            ("rest_ticker_XXBTZEUR_legacy_key", "BTC/EUR", Ok("560.87711")),
            ("rest_ticker_legacy_keys_2026", "BTC/USD", Ok("65231.8")),
            ("rest_ticker_legacy_keys_2026", "ETH/USD", Ok("1965.4")),
            ("rest_ticker_legacy_keys_2026", "USDT/USD", Ok("0.99908")),
            ("rest_ticker_legacy_keys_2026", "SOL/USD", Err(ReadError::Shape)),
            ("rest_ticker_cancel_only_zero", "RHEA/USD", Err(ReadError::NoPrice)),
            ("rest_error_unknown_pair", "BTC/USD", Err(ReadError::Unknown)),
            ("rest_error_rate", "BTC/USD", Err(ReadError::Refused)),
            // No questions of ours.
            ("rest_asset_pairs", "BTC/USDT", Err(ReadError::NoPrice)),
            ("rest_asset_pairs_tokenized", "AAPLx/USD", Err(ReadError::NoPrice)),
            ("rest_system_status", "BTC/USD", Err(ReadError::Shape)),
        ];
        for (file, spelled, expected) in cases {
            let body = recorded(&format!("kraken/{file}.json"));
            let found = prices(spelled, &body);
            let expected = expected.map(|price: &str| price.parse::<Decimal>().unwrap());
            assert_eq!(found.as_ref().map(|tick| tick.price).map_err(Clone::clone), expected, "{file} {spelled}");
            // The open of the UTC day is nobody's price of 24 hours ago.
            assert!(found.is_err() || found.unwrap().base.is_none(), "{file}");
        }
    }

    #[test]
    fn a_plain_name_goes_before_one_with_marks() {
        let body = br#"{"error":[],"result":{"AIOZUSD":{"c":["5"]},"AIOUSD":{"c":["7"]}}}"#;
        assert_eq!(prices("AIO/USD", body).unwrap().price, Decimal::from(7));
        assert_eq!(prices("AIOZ/USD", body).unwrap().price, Decimal::from(5));
    }

    #[test]
    #[ignore = "needs the recordings"]
    fn recorded_candles() {
        let body = recorded("kraken/rest_ohlc_XBTUSDT_1m_720.json");
        let bars = read_bars(&body).unwrap();
        // 720 finished ones and the open one.
        assert_eq!(bars.len(), 721);
        let fourth = bars[3];
        assert_eq!((fourth.open, fourth.high, fourth.low, fourth.close), (106_038.1, 106_044.3, 106_038.1, 106_040.1));
        assert_eq!(fourth.volume, Some(0.083_179_81));
        assert_eq!(fourth.time, Timestamp::from_second(1_762_777_200).unwrap());
        assert!(bars.is_sorted_by_key(|bar| bar.time));
        let zeros = br#"{"error":[],"result":{"XXBTZUSD":[[1762777020,"0","0","0","0","0","0",0]],"last":1762777020}}"#;
        assert_eq!(read_bars(zeros), Err(ReadError::NoPrice));
        for (file, expected) in [("unknown_pair", ReadError::Unknown), ("rate", ReadError::Refused)] {
            let body = recorded(&format!("kraken/rest_error_{file}.json"));
            assert_eq!(read_bars(&body), Err(expected), "{file}");
        }
    }

    #[test]
    #[ignore = "needs the recordings"]
    fn recorded_socket() {
        let lines = frames("kraken/ws_v2_ticker_2026.txt");
        let read: Vec<Frame> = lines.iter().flat_map(|line| frame(line)).collect();
        let [Frame::Beat, Frame::Beat, Frame::Tick(tick), Frame::Beat, Frame::Beat] = read.as_slice() else {
            panic!("status, acknowledgement, price, two heartbeats: {read:?}");
        };
        assert_eq!((tick.spelled.as_str(), tick.price), ("ALGO/USD", "0.1311".parse().unwrap()));
        assert_eq!(tick.base, Some("0.12456".parse().unwrap()), "the price less its change over 24 hours");
        assert_eq!(tick.time, Some("2026-10-03T20:58:33.794283Z".parse().unwrap()));
    }

    #[test]
    #[ignore = "needs the recordings"]
    fn recorded_frames() {
        let refused = |spelled: Option<&str>, why: &str| {
            vec![Frame::Refused { spelled: spelled.map(String::from), said: why.to_string() }]
        };
        let cases = [
            ("ws_v2_pong", vec![Frame::Beat]),
            ("ws_v2_rate_error", refused(None, "Exceeded msg rate")),
            ("ws_v2_subscribe_error", refused(Some("BAD/USD"), "Currency pair not supported BAD/USD")),
            // Channels that are not subscribed to.
            ("ws_v2_ohlc_update", vec![]),
            ("ws_v2_trade_update", vec![]),
        ];
        for (file, expected) in cases {
            let body = recorded(&format!("kraken/{file}.json"));
            assert_eq!(frame(&String::from_utf8(body).unwrap()), expected, "{file}");
        }
        // The socket of before, for contrast: nothing in it is understood as a price.
        for line in frames("kraken/ws_v1_transcript_2021.txt") {
            assert_eq!(frame(&line), [], "{line}");
        }
    }

    #[test]
    fn frames_of_other_kinds() {
        let twice = r#"{"error":"Already subscribed","method":"subscribe","success":false,"symbol":"BTC/USD"}"#;
        let ticker = |last: &str, change: &str| {
            format!(r#"{{"channel":"ticker","data":[{{"symbol":"BTC/USD","last":{last},"change":{change}}}]}}"#)
        };
        assert_eq!(frame(r#"{"channel":"status","data":[{"system":"maintenance"}]}"#), [Frame::Leave]);
        assert_eq!(frame(r#"{"channel":"status","data":[{"system":"cancel_only"}]}"#), [Frame::Beat]);
        assert_eq!(frame(twice), [Frame::Beat]);
        for last in ["0", "-5", "null", "\"N/A\"", "\"NaN\"", "{}"] {
            assert_eq!(frame(&ticker(last, "1")), [Frame::NoPrice { spelled: "BTC/USD".into() }], "{last}");
        }
        assert_eq!(frame(&ticker("1e400", "1")), [], "no JSON that could be read");
        for (change, base) in [("0.5", Some("9.5")), ("-1e-1", Some("10.1")), ("10", None), ("null", None)] {
            let tick = only_tick(&frame(&ticker("10.0", change)));
            assert_eq!(tick.base, base.map(|base| base.parse().unwrap()), "{change}");
        }
        for odd in ["", "null", "[]", "5", "not json", r#"{"channel":5}"#, r#"{"channel":"ticker","data":[5]}"#] {
            assert_eq!(frame(odd), [], "{odd}");
        }
    }

    #[test]
    fn spelling_and_addresses() {
        let cases = [
            ("BTC-USD", Some(("BTC/USD", "XBTUSD"))),
            ("DOGE-EUR", Some(("DOGE/EUR", "XDGEUR"))),
            ("SOL-USDT", Some(("SOL/USDT", "SOLUSDT"))),
            ("NVDA", None),
            ("BRK-B", None),
        ];
        for (symbol, expected) in cases {
            let spelled = spell(symbol);
            assert_eq!(spelled.as_deref(), expected.map(|(spelled, _)| spelled), "{symbol}");
            assert_eq!(spelled.map(|id| rest_name(&id)).as_deref(), expected.map(|(_, rest)| rest), "{symbol}");
        }
        let access = Access { base: "http://host", key: None };
        let ask = ask_bars(access, "BTC/USD", Span::Hour, "2026-11-23T18:00:30Z".parse().unwrap());
        assert_eq!(ask.urls, ["http://host/0/public/OHLC?pair=XBTUSD&interval=1&since=1795453200"]);
        assert_eq!(ask_price(access, &["BTC/USD".into()]), ["http://host/0/public/Ticker?pair=XBTUSD"]);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text: String, numbers: Vec<Vec<Option<f64>>>, number: f64) {
            frame(&text);
            let _ = prices(&text, text.as_bytes());
            let _ = read_bars(json!({"error": [], "result": {text.clone(): numbers}}).to_string().as_bytes());
            let _ = read_bars(json!({"error": text, "result": numbers}).to_string().as_bytes());
            let row = json!({"symbol": text, "last": number, "change": number, "timestamp": text});
            frame(&json!({"channel": "ticker", "data": [row]}).to_string());
            frame(&json!({"method": "subscribe", "error": text, "symbol": text}).to_string());
        }
    }
}
