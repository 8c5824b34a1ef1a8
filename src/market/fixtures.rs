//! Every source against answers in its documented format, written by hand: nothing recorded is needed.
//!
//! The answers lie in `tests/fixtures/market/<id>/`. NVDA closed at 180 on Friday 2026-11-20 and stands at 181.50 on
//! Monday at noon in New York, where it also closes; it is at 182.75 in the evening. Bitcoin is at 91,250.50, up from
//! 90,000 a day ago.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use super::{Frame, Moment, ReadError, SOURCES, Source, Tick, source};
use crate::domain::price::Candle;
use crate::domain::session::Calendar;

const NOON: &str = "2026-11-23T17:00:00Z";
const EVENING: &str = "2026-11-23T22:45:00Z";
const MORNING: &str = "2026-11-23T13:15:00Z";
const NIGHT: &str = "2026-12-08T03:00:00Z";

/// Source, the bodies of one answer, the symbols asked for by our names, when, and what is read.
type PriceCase = (&'static str, &'static [&'static str], &'static [&'static str], &'static str, &'static str);

const PRICES: &[PriceCase] = &[
    ("alpaca", &["prices.json"], &["NVDA", "NOPE"], NOON, "NVDA 181.5 from 180 Regular at 16:59:58"),
    (
        "alpaca",
        &["after-hours.json"],
        &["NVDA"],
        EVENING,
        "NVDA 181.5 from 180 Post at 21:00:00, Post 182.75 at 22:30:00",
    ),
    (
        "alpaca-overnight",
        &["night.json", "day.json"],
        &["NVDA"],
        NIGHT,
        "NVDA 181 from 178 Overnight at 21:00:00, Overnight 182.25 at 02:59:40",
    ),
    (
        "binance",
        &["prices.json"],
        &["BTC-USD", "SOL-USD"],
        NOON,
        "BTCUSDT 91250.5 USDT from 90000 at 16:59:58.25 #77001",
    ),
    ("cboe", &["NVDA.json"], &["NVDA"], NOON, "NVDA 181.5 from 180 Regular at 16:44:58"),
    (
        "cboe",
        &["after-hours.json"],
        &["NVDA"],
        EVENING,
        "NVDA 181.5 from 180 Post at 21:00:00, Post 182.75 at 22:30:00",
    ),
    (
        "cnbc",
        &["prices.json"],
        &["NVDA", "^GSPC", "NOPE"],
        NOON,
        "NVDA 181.5 USD from 180 Regular at 16:59:58\n.SPX 6804.25 from 6804.25 Regular at 16:59:58",
    ),
    (
        "cnbc",
        &["after-hours.json"],
        &["NVDA"],
        EVENING,
        "NVDA 181.5 from 180 Post at 21:00:00, Post 182.75 at 22:30:00",
    ),
    (
        "coinbase",
        &["ticker.json", "stats.json"],
        &["BTC-USD"],
        NOON,
        "BTC-USD 91250.5 from 90000 at 16:59:58.25 #77001",
    ),
    (
        "coinbase",
        &["prices.json"],
        &["BTC-USD", "ETH-USD", "SOL-USD"],
        NOON,
        "BTC-USD 91250.4 from 90000\nETH-USD 3010.25 from 3000",
    ),
    (
        "coingecko",
        &["prices.json"],
        &["BTC-USD", "SHIB-USD", "ETH-USD"],
        NOON,
        "bitcoin/usd 91250.5 from 90123.951 at 16:57:10\nshiba-inu/usd 0.0000125 at 16:57:00",
    ),
    ("finnhub", &["prices.json"], &["NVDA"], NOON, "NVDA 181.5 from 180 Regular at 16:59:58"),
    ("kraken", &["prices.json"], &["BTC-USD", "SOL-USD"], NOON, "BTC/USD 91250.5"),
    ("nasdaq", &["info.json", "summary.json"], &["NVDA"], NOON, "NVDA 181.5 from 180 Regular at 16:59:00"),
    (
        "nasdaq",
        &["after-hours.json", "summary.json"],
        &["NVDA"],
        EVENING,
        "NVDA 181.5 from 180 Post at 21:00:00, Post 182.75 at 22:30:00",
    ),
    ("tiingo", &["prices.json"], &["NVDA"], NOON, "NVDA 181.5 from 180 Regular at 16:59:58"),
    ("tiingo", &["pre-market.json"], &["NVDA"], MORNING, "NVDA 180 Pre at 21:00:00, Pre 181 at 13:12:00"),
    (
        "tiingo-consolidated",
        &["rows.json"],
        &["NVDA"],
        "2026-12-07T18:00:00Z",
        "NVDA 182.5 from 178 Regular at 17:59:58.12",
    ),
    (
        "yahoo",
        &["prices.json"],
        &["NVDA", "BTC-USD", "NOPE"],
        NOON,
        "NVDA 181.5 USD from 180 Regular at 16:59:58\nBTC-USD 91250.5 USD at 16:59:00",
    ),
    (
        "yahoo",
        &["after-hours.json"],
        &["NVDA"],
        EVENING,
        "NVDA 181.5 USD from 180 Post at 21:00:01, Post 182.75 at 22:25:00",
    ),
];

/// Source, the first body of an answer, and why there is no price in it. A second body is the same.
const ERRORS: &[(&str, &str, ReadError)] = &[
    ("alpaca", "unknown.json", ReadError::Unknown),
    ("alpaca", "refused.json", ReadError::Refused),
    ("alpaca", "bad-key.json", ReadError::Refused),
    ("alpaca-overnight", "refused.json", ReadError::Refused),
    ("binance", "unknown.json", ReadError::Unknown),
    ("binance", "refused.json", ReadError::Refused),
    ("cboe", "refused.xml", ReadError::WebPage),
    ("cnbc", "unknown.json", ReadError::Unknown),
    ("cnbc", "refused.html", ReadError::WebPage),
    ("coinbase", "unknown.json", ReadError::Unknown),
    ("coinbase", "refused.json", ReadError::Refused),
    ("coingecko", "unknown.json", ReadError::Unknown),
    ("coingecko", "refused.json", ReadError::Refused),
    ("finnhub", "unknown.json", ReadError::Unknown),
    ("finnhub", "refused.json", ReadError::Refused),
    ("finnhub", "bad-key.json", ReadError::Refused),
    ("kraken", "unknown.json", ReadError::Unknown),
    ("kraken", "refused.json", ReadError::Refused),
    ("nasdaq", "unknown.json", ReadError::Unknown),
    ("nasdaq", "refused.json", ReadError::Refused),
    ("tiingo", "unknown.json", ReadError::Unknown),
    ("tiingo", "refused.txt", ReadError::Refused),
    ("tiingo", "bad-key.json", ReadError::Refused),
    ("tiingo-consolidated", "unknown.json", ReadError::Unknown),
    ("tiingo-consolidated", "refused.txt", ReadError::Refused),
    ("yahoo", "unknown.json", ReadError::Unknown),
    ("yahoo", "refused.txt", ReadError::Refused),
];

/// The bars of `candles.json`: time, open, high, low, close, volume. Rows without a price are left out.
const CANDLES: &[(&str, &str)] = &[
    ("binance", "16:58:00 91210 91250 91200 91245 2.5\n16:59:00 91245 91260.5 91240 91250.5 1.25"),
    ("coinbase", "16:58:00 91210 91250 91200 91245 2.5\n16:59:00 91245 91260.5 91240 91250.5 1.25"),
    ("kraken", "16:58:00 91210 91250 91200 91245 2.5\n16:59:00 91245 91260.5 91240 91250.5 1.25"),
    (
        "yahoo",
        "14:25:00 180.2 180.4 180 180.3 no volume\n14:30:00 180.5 181.2 180.3 181 1200000\n\
         14:40:00 181 181.75 180.9 181.5 900000",
    ),
];

/// What each line of `socket.txt` says.
const SOCKETS: &[(&str, &str)] = &[
    (
        "alpaca",
        "alive\nalive\nalive\nNVDA 181.5 Regular at 16:59:58.25 #77001\nalive\nrefused: connection limit exceeded",
    ),
    (
        "binance",
        "alive\nBTCUSDT 91250.5 USDT from 90000 at 16:59:58.25 #77001\nno price of SOLUSDT\n\
         refused NOPEUSDT: Invalid request: invalid stream\nleave",
    ),
    (
        "coinbase",
        "alive\nBTC-USD 91250.5 from 90000 at 16:59:58.25 #77001\nalive\nno price of ETH-USD\n\
         refused NOPE-USD: NOPE-USD is not a valid product",
    ),
    ("finnhub", "NVDA 181.5 at 16:59:58\nalive\nalive\nrefused: Invalid symbol"),
    (
        "kraken",
        "alive\nalive\nBTC/USD 91250.5 from 90000 at 16:59:58.25\nno price of SOL/USD\nalive\n\
         refused NOPE/USD: Currency pair not supported NOPE/USD\nleave",
    ),
    (
        "yahoo",
        "NVDA 181.5 USD from 180 Regular at 17:00:00\nNVDA 181.5 USD Post at 21:00:00, Post 182.75 at 22:30:00\n\
         BTC-USD 91250.5 USD at 17:00:00\nno price of NVDA",
    ),
];

fn folder(id: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/market").join(id)
}

fn body(id: &str, file: &str) -> Vec<u8> {
    let path = folder(id).join(file);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn with_moment<T>(now: &str, then: impl FnOnce(Moment) -> T) -> T {
    let calendar = Calendar::new(&[], &[], true);
    then(Moment { now: now.parse().unwrap(), calendar: &calendar })
}

fn prices(source: &Source, symbols: &[&str], now: &str, bodies: &[Vec<u8>]) -> Result<Vec<Tick>, ReadError> {
    let spelled: Vec<String> = symbols.iter().map(|symbol| (source.spell)(symbol).unwrap()).collect();
    with_moment(now, |moment| (source.poll.as_ref().unwrap().read)(moment, &spelled, bodies))
}

/// `NVDA 181.5 USD from 180 Post at 21:00:00 #1, Post 182.75 at 22:30:00`; times are UTC.
fn price_line(tick: &Tick) -> String {
    let mut line = format!("{} {}", tick.spelled, tick.price);
    line += &tick.currency.as_ref().map_or(String::new(), |currency| format!(" {currency}"));
    line += &tick.base.map_or(String::new(), |base| format!(" from {base}"));
    line += &tick.session.map_or(String::new(), |session| format!(" {session:?}"));
    line += &tick.time.map_or(String::new(), |time| format!(" at {}", clock(time)));
    line += &tick.order.map_or(String::new(), |order| format!(" #{order}"));
    line += &tick.extended.as_ref().map_or(String::new(), |extended| {
        format!(
            ", {:?} {} at {}",
            extended.session,
            extended.price,
            extended.exchange_time.map(clock).unwrap_or_default()
        )
    });
    line
}

fn clock(time: jiff::Timestamp) -> String {
    time.to_string()[11..].trim_end_matches('Z').to_owned()
}

fn bar_line(bar: &Candle) -> String {
    let volume = bar.volume.map_or("no volume".to_owned(), |volume| volume.to_string());
    format!("{} {} {} {} {} {volume}", clock(bar.time), bar.open, bar.high, bar.low, bar.close)
}

fn frame_line(frame: &Frame) -> String {
    match frame {
        Frame::Tick(tick) => price_line(tick),
        Frame::NoPrice { spelled } => format!("no price of {spelled}"),
        Frame::Beat => "alive".to_owned(),
        Frame::Refused { spelled: Some(spelled), said } => format!("refused {spelled}: {said}"),
        Frame::Refused { spelled: None, said } => format!("refused: {said}"),
        Frame::Leave => "leave".to_owned(),
    }
}

fn lines<T>(items: &[T], line: impl Fn(&T) -> String) -> String {
    items.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn prices_are_read() {
    for (id, files, symbols, now, expected) in PRICES {
        let bodies: Vec<Vec<u8>> = files.iter().map(|file| body(id, file)).collect();
        let found = prices(source(id).unwrap(), symbols, now, &bodies);
        assert_eq!(found.map(|ticks| lines(&ticks, price_line)), Ok((*expected).to_owned()), "{id} {files:?}");
    }
}

#[test]
fn answers_without_a_price_say_why() {
    for (id, file, expected) in ERRORS {
        let source = source(id).unwrap();
        let symbol = if (source.spell)("NVDA").is_some() { "NVDA" } else { "BTC-USD" };
        let bodies = vec![body(id, file); questions(source, symbol)];
        assert_eq!(prices(source, &[symbol], NOON, &bodies), Err(*expected), "{id} {file}");
    }
}

/// How many answers a price of one symbol takes.
fn questions(source: &Source, symbol: &str) -> usize {
    let access = super::Access { base: "http://host", key: Some("id:secret") };
    (source.poll.as_ref().unwrap().ask)(access, &[(source.spell)(symbol).unwrap()]).len()
}

#[test]
fn candles_are_read() {
    for (id, expected) in CANDLES {
        let read = source(id).unwrap().candles.as_ref().unwrap().read;
        let mut bars = read(&body(id, "candles.json")).unwrap();
        bars.sort_by_key(|bar| bar.time);
        assert_eq!(lines(&bars, bar_line), *expected, "{id}");
    }
}

#[test]
fn closes_of_many_symbols_are_read() {
    let read = source("yahoo").unwrap().closes.as_ref().unwrap().read;
    let found = read(&body("yahoo", "prices.json")).unwrap();
    let closes = |(symbol, bars): &(String, Vec<Candle>)| {
        format!("{symbol} {}", lines(bars, |bar| format!("{} {}", clock(bar.time), bar.close)).replace('\n', ", "))
    };
    let expected = "NVDA 16:50:00 181.25, 17:00:00 181.5\nBTC-USD 16:50:00 91200, 16:55:00 91250.5";
    assert_eq!(lines(&found, closes), expected);
}

#[test]
fn sockets_are_understood() {
    for (id, expected) in SOCKETS {
        let read = source(id).unwrap().socket.as_ref().unwrap().read;
        let text = String::from_utf8(body(id, "socket.txt")).unwrap();
        let frames: Vec<Frame> = with_moment(NOON, |moment| text.lines().flat_map(|line| read(moment, line)).collect());
        assert_eq!(lines(&frames, frame_line), *expected, "{id}");
    }
}

/// A page in place of an answer, an answer that breaks off, another shape, no answer at all.
#[test]
fn rubbish_is_no_price() {
    const RUBBISH: [&[u8]; 6] = [b"<html>Sorry</html>", b"{\"data\": {", b"5", b"null", b"", b"\xff\xfe"];
    for source in SOURCES {
        let symbol = if (source.spell)("NVDA").is_some() { "NVDA" } else { "BTC-USD" };
        for rubbish in RUBBISH {
            let text = String::from_utf8_lossy(rubbish);
            let bodies = vec![rubbish.to_vec(); questions(source, symbol)];
            assert!(prices(source, &[symbol], NOON, &bodies).is_err(), "{}: {text}", source.id);
            if let Some(candles) = &source.candles {
                assert!((candles.read)(rubbish).is_err(), "{}: candles in {text}", source.id);
            }
            if let Some(socket) = &source.socket {
                let frames = with_moment(NOON, |moment| (socket.read)(moment, &text));
                assert_eq!(frames, [], "{}: {text}", source.id);
            }
        }
    }
}

/// What a source can do has a fixture, and every file is read by a test.
#[test]
fn every_source_has_its_fixtures() {
    let mut missing = Vec::new();
    for source in SOURCES {
        let id = source.id;
        let needs = [
            ("a price", PRICES.iter().any(|case| case.0 == id)),
            ("a refusal", ERRORS.iter().any(|case| case.0 == id && case.2 != ReadError::Unknown)),
            ("candles", source.candles.is_none() || CANDLES.iter().any(|case| case.0 == id)),
            ("a socket", source.socket.is_none() || SOCKETS.iter().any(|case| case.0 == id)),
        ];
        missing.extend(needs.iter().filter(|(_, has)| !has).map(|(what, _)| format!("{id}: {what}")));
        let read = |file: &str| {
            matches!(file, "candles.json" | "socket.txt")
                || PRICES.iter().any(|case| case.0 == id && case.1.contains(&file))
                || ERRORS.iter().any(|case| case.0 == id && case.1 == file)
        };
        let files = std::fs::read_dir(folder(id)).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
        missing.extend(files.filter(|file| !read(file)).map(|file| format!("{id}: {file} is read by no test")));
    }
    assert!(missing.is_empty(), "{missing:#?}");
}
