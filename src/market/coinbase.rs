//! Coinbase Exchange: public market data, documented at docs.cdp.coinbase.com/exchange.
//!
//! Candles are `[time, low, high, open, close, volume]`, low before high, newest first, at most 300, with gaps where
//! nothing traded. The socket wants a subscription within 5 s; unknown message types are to be ignored (a documented
//! rule); `heartbeat` comes every second for each product.

use std::time::Duration;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{Access, BarsAsk, Candles, Frame, Moment, Poll, ReadError, SocketSpec, Source, Tick, read};
use crate::domain::price::{Candle, Kind, Session, Span, kind};

pub(super) const SOURCE: Source = Source {
    id: "coinbase",
    title: "Coinbase",
    official: true,
    delay: None,
    terms: "official: public market data of Coinbase Exchange under its Market Data Terms of Use",
    needs_key: false,
    base_url: "https://api.exchange.coinbase.com",
    socket_url: Some("wss://ws-feed.exchange.coinbase.com"),
    user_agent: None,
    headers: &[("accept", "application/json")],
    sign: None,
    spacing: Duration::from_millis(250),
    burst: 1,
    refusal_wait: Duration::from_mins(1),
    timeout: None,
    unknown: &[404],
    spell,
    poll: Some(Poll { every, beside_socket: None, together: 100, ask: ask_price, read: read_price }),
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
        quiet: Duration::from_secs(15),
        renew: Duration::from_hours(23),
    }),
};

/// Most rows in an answer.
const ROWS: i64 = 300;

fn spell(symbol: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-';
    (kind(symbol) == Kind::Crypto && symbol.len() <= 24 && symbol.chars().all(plain)).then(|| symbol.to_string())
}

fn every(_: Session) -> Duration {
    Duration::from_secs(15)
}

/// Of one product the ticker has price and time, and its statistics what stood 24 hours ago. Of several both prices stand
/// in the statistics of all, without the time of the last trade.
fn ask_price(access: Access, spelled: &[String]) -> Vec<String> {
    match spelled {
        [id] => ["ticker", "stats"].map(|what| format!("{}/products/{id}/{what}", access.base)).to_vec(),
        _ => vec![format!("{}/products/stats", access.base)],
    }
}

fn read_price(_: Moment, spelled: &[String], bodies: &[Vec<u8>]) -> Result<Vec<Tick>, ReadError> {
    match (spelled, bodies) {
        ([id], [ticker, stats]) => Ok(vec![tick(id, &answer(ticker)?, &answer(stats)?["open"])?]),
        (_, [all]) => {
            let all = answer(all)?;
            read::those_told(spelled, |id| day(id, all.get(id).ok_or(ReadError::Unknown)?))
        }
        _ => Err(ReadError::Shape),
    }
}

/// A product in the statistics of all. One that is listed no more has nothing there, one that never traded zeros.
fn day(id: &str, stats: &Value) -> Result<Tick, ReadError> {
    let day = &stats["stats_24hour"];
    let price = read::price(&day["last"]).ok_or(ReadError::NoPrice)?;
    Ok(Tick { base: read::price(&day["open"]), ..plain(id, price) })
}

fn plain(id: &str, price: Decimal) -> Tick {
    Tick {
        spelled: id.to_string(),
        price,
        base: None,
        currency: None,
        session: None,
        time: None,
        order: None,
        extended: None,
    }
}

/// An answer as JSON; errors are objects with a message.
fn answer(body: &[u8]) -> Result<Value, ReadError> {
    let answer = read::json(body)?;
    match answer["message"].as_str() {
        Some("NotFound") => Err(ReadError::Unknown),
        Some(message) if read::speaks_of_limits(message.as_bytes()) => Err(ReadError::Refused),
        Some(_) => Err(ReadError::Shape),
        None => Ok(answer),
    }
}

fn tick(id: &str, message: &Value, open: &Value) -> Result<Tick, ReadError> {
    Ok(Tick {
        base: read::price(open),
        time: read::time(&message["time"]),
        order: message["trade_id"].as_u64(),
        ..plain(id, read::price(&message["price"]).ok_or(ReadError::NoPrice)?)
    })
}

fn ask_bars(access: Access, spelled: &str, span: Span, now: Timestamp) -> BarsAsk {
    let (granularity, bars) = match span {
        Span::Hour => (60, 60),
        Span::Day => (300, 288),
        Span::FiveDays => (3_600, 120),
        Span::Month => (21_600, 120),
        Span::SixMonths => (86_400, 183),
        Span::Year => (86_400, 365),
    };
    // Whole bars, so that a question asked again soon is the same question to caches.
    let end = now.as_second().div_euclid(granularity) * granularity + granularity;
    let page = |newer: i64| {
        let (start, end) = ((end - (newer + ROWS).min(bars) * granularity), end - newer * granularity);
        let (start, end) = (Timestamp::from_second(start).ok()?, Timestamp::from_second(end).ok()?);
        Some(format!("{}/products/{spelled}/candles?granularity={granularity}&start={start}&end={end}", access.base))
    };
    let urls = (0..bars).step_by(ROWS as usize).filter_map(page).collect();
    BarsAsk { urls, interval: granularity as u32, keep: Some(Duration::from_secs((bars * granularity) as u64)) }
}

fn read_bars(body: &[u8]) -> Result<Vec<Candle>, ReadError> {
    let answer = answer(body)?;
    read::bars(answer.as_array().ok_or(ReadError::Shape)?, bar)
}

fn bar(row: &Value) -> Option<Candle> {
    let price = |column: usize| read::bar_price(&row[column]);
    let ends = [price(3)?, price(2)?, price(1)?, price(4)?];
    Some(read::candle(read::seconds(&row[0])?, ends, read::volume(&row[5])))
}

fn subscribe(ids: &[String]) -> Vec<String> {
    say("subscribe", ids)
}

fn unsubscribe(ids: &[String]) -> Vec<String> {
    say("unsubscribe", ids)
}

fn say(what: &str, ids: &[String]) -> Vec<String> {
    vec![json!({"type": what, "product_ids": ids, "channels": ["ticker", "heartbeat"]}).to_string()]
}

fn read_frame(_: Moment, text: &str) -> Vec<Frame> {
    let Ok(message) = serde_json::from_str::<Value>(text) else { return Vec::new() };
    let frame = match message["type"].as_str() {
        Some("ticker") => ticker(&message),
        Some("heartbeat" | "subscriptions") => Some(Frame::Beat),
        Some("error") => Some(refusal(&message)),
        _ => None,
    };
    frame.into_iter().collect()
}

fn ticker(message: &Value) -> Option<Frame> {
    let spelled = message["product_id"].as_str()?;
    let found = tick(spelled, message, &message["open_24h"]).map(Frame::Tick);
    Some(found.unwrap_or_else(|_| Frame::NoPrice { spelled: spelled.to_string() }))
}

/// `{"type":"error","message":"Failed to subscribe","reason":"ABC-USD is not a valid product"}`
fn refusal(message: &Value) -> Frame {
    let reason = message["reason"].as_str().or_else(|| message["message"].as_str()).unwrap_or("no reason given");
    let spelled = reason.strip_suffix(" is not a valid product").map(String::from);
    Frame::Refused { spelled, said: reason.chars().filter(|c| !c.is_control()).take(120).collect() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::domain::session::Calendar;
    use crate::market::read::tests::{frames, only_tick, recorded};

    const NOW: &str = "2026-11-23T18:00:00Z";

    fn frame(text: &str) -> Vec<Frame> {
        let calendar = Calendar::new(&[], &[], false);
        read_frame(Moment { now: NOW.parse().unwrap(), calendar: &calendar }, text)
    }

    fn price_of(ticker: &[u8], stats: &[u8]) -> Result<Tick, ReadError> {
        let calendar = Calendar::new(&[], &[], false);
        let moment = Moment { now: NOW.parse().unwrap(), calendar: &calendar };
        read_price(moment, &["BTC-USD".into()], &[ticker.to_vec(), stats.to_vec()]).map(|mut ticks| ticks.remove(0))
    }

    #[test]
    #[ignore = "needs the recordings"]
    fn recorded_price() {
        let ticker = recorded("coinbase/exchange_ticker_BTC-USD_2026.json");
        let stats = recorded("coinbase/exchange_stats_BTC-USD_2026.json");
        let tick = price_of(&ticker, &stats).unwrap();
        assert_eq!(tick.price, "63212.97".parse().unwrap());
        assert_eq!(tick.base, Some("62605.56".parse().unwrap()));
        assert_eq!(tick.time, Some("2026-06-19T16:43:33.016274911Z".parse().unwrap()));
        assert_eq!(tick.order, Some(1_040_406_588));
    }

    #[test]
    #[ignore = "needs the recordings"]
    fn recorded_errors() {
        let cases = [
            ("exchange_error_404", ReadError::Unknown),
            ("exchange_error_429", ReadError::Refused),
            ("exchange_error_400_granularity", ReadError::Shape),
        ];
        for (file, expected) in cases {
            let body = recorded(&format!("coinbase/{file}.json"));
            assert_eq!(read_bars(&body), Err(expected), "{file}");
            assert_eq!(price_of(&body, &body), Err(expected), "{file}");
        }
    }

    #[test]
    #[ignore = "needs the recordings"]
    fn other_recorded_answers_are_no_prices() {
        let cases = [
            // Of 2015, when the statistics had no last price: the ticker has it.
            ("exchange_ticker_old", "exchange_stats_old", Ok(("246.28", Some("254.04")))),
            // All products in one answer, some without a price: another question than ours, and a hundred times as long.
            ("exchange_products_stats_batch", "exchange_products_stats_batch", Err(ReadError::NoPrice)),
            ("exchange_stats_BTC-USD_2026", "exchange_ticker_BTC-USD_2026", Err(ReadError::NoPrice)),
            ("exchange_product_BTC-USD_2026", "exchange_time_2026", Err(ReadError::NoPrice)),
            ("exchange_error_400_bad_granularity", "exchange_stats_old", Err(ReadError::Shape)),
            // Of Advanced Trade, which is another service.
            ("adv_rest_candles_BTC-USD", "adv_rest_products_list", Err(ReadError::NoPrice)),
            ("adv_rest_ticker_BTC-USD", "adv_rest_products_list", Err(ReadError::NoPrice)),
        ];
        for (ticker, stats, expected) in cases {
            let bodies = [ticker, stats].map(|file| recorded(&format!("coinbase/{file}.json")));
            let found = price_of(&bodies[0], &bodies[1]).map(|tick| (tick.price, tick.base));
            let number = |text: &str| text.parse().unwrap();
            assert_eq!(found, expected.map(|(price, base)| (number(price), base.map(number))), "{ticker}");
            assert!(read_bars(&bodies[0]).is_err(), "{ticker}");
        }
    }

    #[test]
    fn a_dead_market_has_no_price() {
        let stats = br#"{"open":"0","high":"0","low":"0","last":"0"}"#;
        assert_eq!(price_of(br#"{"price":"0","trade_id":5}"#, stats), Err(ReadError::NoPrice));
        assert_eq!(price_of(br#"{"price":"5","trade_id":5}"#, stats).unwrap().base, None);
    }

    #[test]
    #[ignore = "needs the recordings"]
    fn frames_of_advanced_trade_say_nothing() {
        for file in ["adv_ws_ticker", "adv_ws_candles", "adv_ws_heartbeats", "adv_ws_subscriptions"] {
            let body = recorded(&format!("coinbase/{file}.json"));
            assert_eq!(frame(&String::from_utf8(body).unwrap()), [], "{file}");
        }
    }

    #[test]
    #[ignore = "needs the recordings"]
    fn a_recorded_frame_alone() {
        let body = recorded("coinbase/exchange_ws_ticker_BTC-USD_2022.json");
        let tick = only_tick(&frame(&String::from_utf8(body).unwrap()));
        assert_eq!((tick.price, tick.base), ("29940.91".parse().unwrap(), Some("31677.61".parse().unwrap())));
        assert_eq!(tick.order, Some(347_875_517));
    }

    #[test]
    #[ignore = "needs the recordings"]
    fn recorded_candles_have_low_before_high() {
        let body = recorded("coinbase/exchange_candles_60s_10rows.json");
        let bars = read_bars(&body).unwrap();
        assert_eq!(bars.len(), 10);
        let first = bars[0];
        assert_eq!((first.open, first.high, first.low, first.close), (10_106.01, 10_120.21, 10_106.0, 10_120.21));
        assert_eq!(first.time, Timestamp::from_second(1_517_443_740).unwrap());
        assert_eq!(first.volume, Some(2.851_074_55));
        let body = recorded("coinbase/exchange_candles_60s_2rows_2026.json");
        let bars = read_bars(&body).unwrap();
        assert_eq!(
            bars.iter().map(|bar| (bar.open, bar.close)).collect::<Vec<_>>(),
            [(63_244.78, 63_239.75), (63_236.18, 63_244.77)]
        );
    }

    #[test]
    #[ignore = "needs the recordings"]
    fn recorded_frames() {
        let cases = [
            ("exchange_ws_ticker_heartbeat.txt", vec!["BTC-USD 40813.37", "ETH-USD 1285.22", "SOL-USD 16.38"], 2, 1),
            ("exchange_ws_ticker_batch_2026.txt", vec!["BTC-USD 84737.58"], 1, 0),
        ];
        for (file, prices, beats, refusals) in cases {
            let lines = frames(&format!("coinbase/{file}"));
            let read: Vec<Frame> = lines.iter().flat_map(|line| frame(line)).collect();
            let found = read.iter().filter_map(|frame| match frame {
                Frame::Tick(tick) => Some(format!("{} {}", tick.spelled, tick.price)),
                _ => None,
            });
            assert_eq!(found.collect::<Vec<_>>(), prices, "{file}");
            assert_eq!(read.iter().filter(|frame| **frame == Frame::Beat).count(), beats, "{file}");
            assert_eq!(read.iter().filter(|frame| matches!(frame, Frame::Refused { .. })).count(), refusals, "{file}");
        }
        let lines = frames("coinbase/exchange_ws_transcript_2021.txt");
        let ticks = lines.iter().flat_map(|line| frame(line)).filter(|frame| matches!(frame, Frame::Tick(_))).count();
        assert_eq!(ticks, lines.iter().filter(|line| line.contains(r#""type":"ticker""#)).count());
    }

    #[test]
    fn odd_frames_are_passed_over() {
        let odd = [
            "",
            "null",
            "[]",
            "5",
            "not json",
            r#"{"type":"l2update"}"#,
            r#"{"type":5}"#,
            r#"{"type":"ticker","product_id":"BTC-USD","price":1e400}"#,
            r#"{"type":"ticker","price":"5"}"#,
        ];
        for text in odd {
            assert_eq!(frame(text), [], "{text}");
        }
        for price in [r#""0""#, r#""-5""#, r#""N/A""#, "null", "{}"] {
            let text = format!(r#"{{"type":"ticker","product_id":"BTC-USD","price":{price},"open_24h":"5"}}"#);
            assert_eq!(frame(&text), [Frame::NoPrice { spelled: "BTC-USD".into() }], "{price}");
        }
    }

    #[test]
    fn a_refused_symbol_is_named() {
        let text = r#"{"type":"error","message":"Failed to subscribe","reason":"NOPE-USD is not a valid product"}"#;
        let expected =
            Frame::Refused { spelled: Some("NOPE-USD".into()), said: "NOPE-USD is not a valid product".into() };
        assert_eq!(frame(text), [expected]);
    }

    #[test]
    fn a_year_is_asked_for_in_two_pages() {
        let access = Access { base: "http://host", key: None };
        let ask = ask_bars(access, "BTC-USD", Span::Year, "2026-11-23T18:00:00Z".parse().unwrap());
        let expected = [
            "http://host/products/BTC-USD/candles?granularity=86400&start=2026-01-28T00:00:00Z&end=2026-11-24T00:00:00Z",
            "http://host/products/BTC-USD/candles?granularity=86400&start=2025-11-24T00:00:00Z&end=2026-01-28T00:00:00Z",
        ];
        assert_eq!(ask.urls, expected);
        assert_eq!(ask_bars(access, "BTC-USD", Span::Day, Timestamp::UNIX_EPOCH).urls.len(), 1);
    }

    #[test]
    fn only_coins_are_spelled() {
        let cases = [("BTC-USD", true), ("ETH-EUR", true), ("NVDA", false), ("BRK-B", false), ("b/../c-USD", false)];
        for (symbol, known) in cases {
            assert_eq!(spell(symbol).is_some(), known, "{symbol}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text: String, numbers: Vec<Vec<Option<f64>>>) {
            frame(&text);
            let _ = read_bars(text.as_bytes());
            let _ = read_bars(json!(numbers).to_string().as_bytes());
            frame(&json!({"type": "ticker", "product_id": text, "price": text, "time": text}).to_string());
            frame(&json!({"type": "error", "reason": text}).to_string());
        }
    }
}
