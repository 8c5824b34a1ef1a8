//! Binance: the hosts of its public market data alone, documented at developers.binance.com (spot).
//!
//! Its dollar pairs are quoted in USDT, which is not the dollar: every tick says so. `api.binance.com` answers 451 in the
//! US and other places, the market-data hosts are open. An unknown symbol empties the answer for all. The socket pings every 20 s, ends after 24 hours, and says `serverShutdown` about ten minutes before
//! it closes; it takes five messages a second. Prices are texts, times milliseconds.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use url::form_urlencoded::byte_serialize;

use super::{Access, BarsAsk, Candles, Frame, Moment, Poll, ReadError, SocketSpec, Source, Tick, read};
use crate::domain::price::{Candle, Session, Span};

pub(super) const SOURCE: Source = Source {
    id: "binance",
    title: "Binance",
    official: true,
    delay: None,
    terms: "official: public market data of Binance under its terms of use; quotes in USDT, which is not the dollar",
    needs_key: false,
    base_url: "https://data-api.binance.vision",
    socket_url: Some("wss://data-stream.binance.vision/stream"),
    user_agent: None,
    headers: &[("accept", "application/json")],
    sign: None,
    spacing: Duration::from_millis(500),
    burst: 1,
    // A ban (418) follows on refusals that are not heeded.
    timeout: None,
    refusal_wait: Duration::from_mins(2),
    unknown: &[404],
    spell,
    poll: Some(Poll { every, beside_socket: None, together: TOGETHER, ask: ask_price, read: read_price }),
    candles: Some(Candles { ask: ask_bars, read: read_bars }),
    closes: None,
    socket: Some(SocketSpec {
        address: None,
        hello: None,
        headers: &[],
        subscribe,
        unsubscribe,
        beat: None,
        read: read_frame,
        // A market may rest; a ping comes every 20 s.
        quiet: Duration::from_secs(25),
        renew: Duration::from_hours(23),
    }),
};

/// What coins are quoted in here; the dollar's place is taken by USDT.
const CURRENCIES: [&str; 3] = ["USDT", "USDC", "EUR"];
/// Symbols in one question: as many as weigh the least (2 of 6,000 a minute).
const TOGETHER: usize = 20;
/// Messages at once: five a second are taken, answers to pings among them.
const MESSAGES: usize = 4;

fn spell(symbol: &str) -> Option<String> {
    let (coin, currency) = read::pair(symbol)?;
    let currency = if currency == "USD" { "USDT" } else { currency };
    (CURRENCIES.contains(&currency) && coin != currency).then(|| format!("{coin}{currency}"))
}

fn currency(spelled: &str) -> Option<String> {
    CURRENCIES.iter().find(|currency| spelled.ends_with(**currency)).map(|currency| currency.to_string())
}

fn every(_: Session) -> Duration {
    Duration::from_secs(15)
}

fn ask_price(access: Access, spelled: &[String]) -> Vec<String> {
    let list: String = byte_serialize(json!(spelled).to_string().as_bytes()).collect();
    vec![format!("{}/api/v3/ticker/24hr?symbols={list}", access.base)]
}

fn read_price(_: Moment, spelled: &[String], bodies: &[Vec<u8>]) -> Result<Vec<Tick>, ReadError> {
    let [body] = bodies else { return Err(ReadError::Shape) };
    let answer = answer(body).map_err(|misread| misread.among(spelled))?;
    let rows = answer.as_array().map_or(std::slice::from_ref(&answer), Vec::as_slice);
    read::those_told(spelled, |id| {
        let row = rows.iter().find(|row| row["symbol"].as_str() == Some(id)).ok_or(ReadError::Shape)?;
        let [price, open, time, order] = ["lastPrice", "openPrice", "closeTime", "lastId"].map(|name| &row[name]);
        tick(id, price, open, time, order).ok_or(ReadError::NoPrice)
    })
}

/// An answer as JSON; errors are objects with a code and a message, some of them under status 200.
fn answer(body: &[u8]) -> Result<Value, ReadError> {
    let answer = read::json(body)?;
    match (answer["code"].as_i64(), answer["msg"].as_str()) {
        (Some(-1121), _) => Err(ReadError::Unknown),
        // Weight, orders, bans.
        (Some(-1003 | -1015), _) => Err(ReadError::Refused),
        (Some(_), Some(text)) if text.contains("restricted location") => Err(ReadError::Refused),
        (Some(_), Some(_)) => Err(ReadError::NoPrice),
        _ => Ok(answer),
    }
}

fn tick(id: &str, price: &Value, open: &Value, time: &Value, order: &Value) -> Option<Tick> {
    Some(Tick {
        spelled: id.to_string(),
        price: read::price(price)?,
        base: read::price(open),
        currency: currency(id),
        session: None,
        time: moment(time),
        // -1 where nothing traded.
        order: order.as_u64(),
        extended: None,
    })
}

/// Milliseconds, or microseconds where somebody asked for them.
fn moment(value: &Value) -> Option<Timestamp> {
    match value.as_i64() {
        Some(micros) if micros >= 100_000_000_000_000 => Timestamp::from_microsecond(micros).ok(),
        _ => read::millis(value),
    }
}

fn ask_bars(access: Access, spelled: &str, span: Span, _now: Timestamp) -> BarsAsk {
    let (interval, seconds, bars) = match span {
        Span::Hour => ("1m", 60, 60),
        Span::Day => ("5m", 300, 288),
        Span::FiveDays => ("1h", 3_600, 120),
        Span::Month => ("6h", 21_600, 120),
        Span::SixMonths => ("1d", 86_400, 183),
        Span::Year => ("1d", 86_400, 365),
    };
    let url = format!("{}/api/v3/klines?symbol={spelled}&interval={interval}&limit={bars}", access.base);
    BarsAsk { urls: vec![url], interval: seconds, keep: Some(Duration::from_secs(u64::from(seconds * bars))) }
}

fn read_bars(body: &[u8]) -> Result<Vec<Candle>, ReadError> {
    let answer = answer(body)?;
    read::bars(answer.as_array().ok_or(ReadError::Shape)?, bar)
}

/// `[open time, open, high, low, close, volume, close time, …]`, oldest first.
fn bar(row: &Value) -> Option<Candle> {
    let price = |column: usize| read::bar_price(&row[column]);
    let ends = [price(1)?, price(2)?, price(3)?, price(4)?];
    Some(read::candle(moment(&row[0])?, ends, read::volume(&row[5])))
}

fn subscribe(ids: &[String]) -> Vec<String> {
    say("SUBSCRIBE", ids)
}

fn unsubscribe(ids: &[String]) -> Vec<String> {
    say("UNSUBSCRIBE", ids)
}

/// A refusal names nothing but the message: where there are few symbols each has its own, called after it.
fn say(method: &str, ids: &[String]) -> Vec<String> {
    let message = |ids: &[String]| {
        let streams: Vec<String> = ids.iter().map(|id| format!("{}@ticker", id.to_lowercase())).collect();
        let id = if let [one] = ids { json!(one) } else { json!(ids.len()) };
        json!({"method": method, "params": streams, "id": id}).to_string()
    };
    ids.chunks(ids.len().div_ceil(MESSAGES).max(1)).map(message).collect()
}

/// A message, in the envelope of a combined stream or without it.
fn read_frame(_: Moment, text: &str) -> Vec<Frame> {
    let Ok(message) = serde_json::from_str::<Value>(text) else { return Vec::new() };
    let event = if message["stream"].is_string() { &message["data"] } else { &message };
    let frame = match event["e"].as_str() {
        Some("24hrTicker") => ticker(event),
        Some("serverShutdown") => Some(Frame::Leave),
        Some(_) => None,
        None => reply(event),
    };
    frame.into_iter().collect()
}

/// `o` is the price 24 hours ago, `E` when this was said, `L` the last trade.
fn ticker(event: &Value) -> Option<Frame> {
    let spelled = event["s"].as_str()?;
    let found = tick(spelled, &event["c"], &event["o"], &event["E"], &event["L"]).map(Frame::Tick);
    Some(found.unwrap_or_else(|| Frame::NoPrice { spelled: spelled.to_string() }))
}

/// `{"result":null,"id":"BTCUSDT"}`, `{"code":2,"msg":"Invalid request: invalid stream","id":"BTCUSDT"}`; newer ones
/// have code and message within `error`.
fn reply(message: &Value) -> Option<Frame> {
    let error = if message["error"].is_object() { &message["error"] } else { message };
    let why = error["msg"].as_str().map(read::said);
    match (why, message.get("result")) {
        (Some(why), _) if error["code"].is_i64() => {
            let spelled = message["id"].as_str().filter(|_| why.contains("Invalid request")).map(String::from);
            Some(Frame::Refused { spelled, said: why })
        }
        (_, Some(_)) => Some(Frame::Beat),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rust_decimal::Decimal;

    use super::*;
    use crate::domain::session::Calendar;
    use crate::market::read::tests::{frames, only_tick, recorded};

    fn frame(text: &str) -> Vec<Frame> {
        let calendar = Calendar::new(&[], &[], false);
        read_frame(Moment { now: "2026-11-23T18:00:00Z".parse().unwrap(), calendar: &calendar }, text)
    }

    fn price_of(spelled: &str, body: &[u8]) -> Result<Tick, ReadError> {
        let calendar = Calendar::new(&[], &[], false);
        let moment = Moment { now: "2026-11-23T18:00:00Z".parse().unwrap(), calendar: &calendar };
        read_price(moment, &[spelled.into()], &[body.to_vec()]).map(|mut ticks| ticks.remove(0))
    }

    #[test]
    #[ignore = "needs the recordings"]
    fn recorded_prices_are_in_usdt() {
        let body = recorded("binance/rest_ticker_24hr_BTCUSDT_2021.json");
        let expected = Tick {
            spelled: "BTCUSDT".into(),
            price: "47174.97".parse().unwrap(),
            base: Some("48901.44".parse().unwrap()),
            currency: Some("USDT".into()),
            session: None,
            time: Some("2021-12-17T09:40:42.763Z".parse().unwrap()),
            order: Some(1_192_649_611),
            extended: None,
        };
        assert_eq!(price_of("BTCUSDT", &body), Ok(expected));
        assert_eq!(price_of("ETHUSDT", &body), Err(ReadError::Shape), "the answer to another question");
        let body = recorded("binance/rest_ticker_24hr_docs.json");
        assert_eq!(price_of("BNBBTC", &body).unwrap().price, "4.000002".parse().unwrap());
    }

    #[test]
    #[ignore = "needs the recordings"]
    fn recorded_errors() {
        let cases = [
            ("error_400_invalid_symbol", ReadError::Unknown),
            ("error_429", ReadError::Refused),
            ("error_451_geoblock", ReadError::Refused),
        ];
        for (file, expected) in cases {
            let body = recorded(&format!("binance/{file}.json"));
            assert_eq!(price_of("BTCUSDT", &body), Err(expected), "{file}");
            assert_eq!(read_bars(&body), Err(expected), "{file}");
        }
    }

    #[test]
    #[ignore = "needs the recordings"]
    fn recorded_candles() {
        let body = recorded("binance/rest_klines_docs.json");
        let bars = read_bars(&body).unwrap();
        let expected = Candle {
            time: "2017-07-03T00:00:00Z".parse().unwrap(),
            open: 0.016_347_9,
            high: 0.8,
            low: 0.015_758,
            close: 0.015_771,
            volume: Some(148_976.114_278_15),
        };
        assert_eq!(bars, [expected]);
    }

    #[test]
    #[ignore = "needs the recordings"]
    fn recorded_frames() {
        let cases = [
            ("ws_ethusdt_24hrTicker", vec!["ETHUSDT 1792.84 after 1764.61"]),
            ("ws_combined_24hrTicker_ethbtc", vec!["ETHBTC 0.091772 after 0.094489"]),
            // Streams that are not subscribed to; a spot book has no type of event.
            ("ws_btcusdt_aggTrade", vec![]),
            ("ws_btcusdt_bookTicker", vec![]),
            ("ws_btcusdt_kline_1m", vec![]),
            ("ws_btcusdt_kline_1month", vec![]),
        ];
        for (file, expected) in cases {
            let body = recorded(&format!("binance/{file}.json"));
            let read = frame(&String::from_utf8(body).unwrap());
            let found = read.iter().map(|frame| match frame {
                Frame::Tick(tick) => format!("{} {} after {}", tick.spelled, tick.price, tick.base.unwrap()),
                other => panic!("{file}: {other:?}"),
            });
            assert_eq!(found.collect::<Vec<_>>(), expected, "{file}");
        }
        for file in ["binance/ws_combined_transcript_2021.txt", "binance/us_ws_combined_transcript_2021.txt"] {
            for line in frames(file) {
                assert_eq!(frame(&line), [], "{line}");
            }
        }
    }

    #[test]
    #[ignore = "needs the recordings"]
    fn recorded_replies() {
        let refused = Frame::Refused { spelled: None, said: "Invalid request: invalid stream".into() };
        let cases = [
            ("ws_subscribe_ack", Frame::Beat),
            ("ws_error", refused),
            // Better leave now than be cut off in ten minutes.
            ("ws_serverShutdown", Frame::Leave),
        ];
        for (file, expected) in cases {
            let body = recorded(&format!("binance/{file}.json"));
            assert_eq!(frame(&String::from_utf8(body).unwrap()), [expected], "{file}");
        }
    }

    #[test]
    fn a_refused_symbol_is_named_by_its_message() {
        let ids = ["BTCUSDT", "NOPEUSDT"].map(String::from);
        let expected = [
            r#"{"id":"BTCUSDT","method":"SUBSCRIBE","params":["btcusdt@ticker"]}"#,
            r#"{"id":"NOPEUSDT","method":"SUBSCRIBE","params":["nopeusdt@ticker"]}"#,
        ];
        assert_eq!(subscribe(&ids), expected);
        let refused =
            Frame::Refused { spelled: Some("NOPEUSDT".into()), said: "Invalid request: invalid stream".into() };
        let replies = [
            r#"{"code":2,"msg":"Invalid request: invalid stream","id":"NOPEUSDT"}"#,
            r#"{"error":{"code":2,"msg":"Invalid request: invalid stream"},"id":"NOPEUSDT"}"#,
        ];
        for reply in replies {
            assert_eq!(frame(reply), std::slice::from_ref(&refused), "{reply}");
        }
        let many: Vec<String> = (0..50).map(|n| format!("C{n}USDT")).collect();
        assert_eq!(subscribe(&many).len(), MESSAGES, "five messages a second are taken");
        assert!(subscribe(&[]).is_empty());
    }

    #[test]
    fn no_price_is_made_up() {
        for price in ["0.00000000", "-1", "NaN", "1e400", "N/A", ""] {
            let event = json!({"e": "24hrTicker", "s": "BTCUSDT", "c": price, "o": "5", "E": 1_653_812_650_349_i64});
            assert_eq!(frame(&event.to_string()), [Frame::NoPrice { spelled: "BTCUSDT".into() }], "{price}");
            let body = json!({"symbol": "BTCUSDT", "lastPrice": price}).to_string();
            assert_eq!(price_of("BTCUSDT", body.as_bytes()), Err(ReadError::NoPrice), "{price}");
        }
        let micros = json!({"e": "24hrTicker", "s": "BTCUSDT", "c": "5", "o": "0", "E": 1_653_812_650_349_123_i64});
        let tick = only_tick(&frame(&micros.to_string()));
        assert_eq!((tick.price, tick.base), (Decimal::from(5), None));
        assert_eq!(tick.time, Some("2022-05-29T08:24:10.349123Z".parse().unwrap()));
        for odd in ["", "null", "[]", "5", "not json", r#"{"e":5}"#, r#"{"stream":"x","data":[]}"#, r#"{"stream":"x"}"#]
        {
            assert_eq!(frame(odd), [], "{odd}");
        }
    }

    #[test]
    fn spelling_and_addresses() {
        let cases = [
            ("BTC-USD", Some(("BTCUSDT", "USDT"))),
            ("BTC-USDT", Some(("BTCUSDT", "USDT"))),
            ("BTC-USDC", Some(("BTCUSDC", "USDC"))),
            ("ETH-EUR", Some(("ETHEUR", "EUR"))),
            ("USDT-USD", None),
            ("BTC-GBP", None),
            ("NVDA", None),
        ];
        for (symbol, expected) in cases {
            let spelled = spell(symbol);
            assert_eq!(spelled.as_deref(), expected.map(|(spelled, _)| spelled), "{symbol}");
            assert_eq!(spelled.and_then(|id| currency(&id)).as_deref(), expected.map(|(_, of)| of), "{symbol}");
        }
        let access = Access { base: "http://host", key: None };
        let ask = ask_bars(access, "BTCUSDT", Span::Day, Timestamp::UNIX_EPOCH);
        assert_eq!(ask.urls, ["http://host/api/v3/klines?symbol=BTCUSDT&interval=5m&limit=288"]);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text: String, number: i64, rows: Vec<Vec<Option<i64>>>, ids: Vec<String>) {
            frame(&text);
            let _ = (price_of(&text, text.as_bytes()), subscribe(&ids), currency(&text), spell(&text));
            let _ = read_bars(json!(rows).to_string().as_bytes());
            let event = json!({"e": "24hrTicker", "s": text, "c": "5", "E": number, "L": number});
            frame(&json!({"stream": text, "data": event}).to_string());
            frame(&json!({"code": number, "msg": text, "id": text}).to_string());
        }
    }
}
