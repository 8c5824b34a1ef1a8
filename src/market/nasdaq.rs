//! Nasdaq, the quote answers of its site: undocumented, without a key. `info` has the price, `summary` the close before;
//! of `summary` there is no recording, its shape here is what clients of the site read.
//!
//! `primaryData` is the session that is now. Before and after the regular one it is the extended price, its change from
//! the regular close, and `secondaryData` is that close with its own change; in the regular session `secondaryData` is
//! null and there is no previous close. Values are text (`"$336.06"`, `"-3.16%"`, a volume with decimals); times are New
//! York's to the minute in two wordings (`CLOSED AT 4:00 PM ET ON Feb 23, 2023`, `Closed at Sep 3, 2026 4:00 PM ET`). An
//! unknown symbol is status 200 with `data: null` and `rCode` 400. Whoever does not look like a browser is not refused
//! but left waiting.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use rust_decimal::Decimal;
use serde_json::Value;

use super::{Access, Moment, Poll, ReadError, Source, Tick, read};
use crate::domain::price::{Extended, Kind, Session, kind};

pub(super) const SOURCE: Source = Source {
    id: "nasdaq",
    title: "Nasdaq",
    official: false,
    delay: None,
    terms: "unofficial: the back-end of the exchange's web site, for personal use, not to be passed on",
    needs_key: false,
    base_url: "https://api.nasdaq.com",
    socket_url: None,
    user_agent: Some("Mozilla/5.0 (compatible; newstape)"),
    headers: &[("accept", "application/json, text/plain, */*"), ("accept-language", "en-US,en;q=0.9")],
    sign: None,
    spacing: Duration::from_secs(2),
    burst: 4,
    timeout: Some(Duration::from_secs(8)),
    refusal_wait: Duration::from_mins(30),
    unknown: &[404],
    spell,
    poll: Some(Poll { every, beside_socket: None, together: 1, ask: ask_price, read: read_price }),
    candles: None,
    closes: None,
    socket: None,
};

/// Funds must be asked for as such; these are the much traded ones. Another one is not known here, which its chain
/// survives.
const FUNDS: [&str; 48] = [
    "ARKK", "BITO", "DIA", "EEM", "EFA", "FBTC", "FXI", "GBTC", "GLD", "HYG", "IBIT", "IVV", "IWM", "KRE", "LQD",
    "NVDL", "QQQ", "QQQM", "RSP", "SCHD", "SLV", "SMH", "SOXL", "SOXS", "SOXX", "SPLG", "SPXL", "SPY", "SQQQ", "TLT",
    "TQQQ", "USO", "UVXY", "VEA", "VGT", "VIG", "VOO", "VT", "VTI", "VUG", "VWO", "VXX", "XBI", "XLE", "XLF", "XLK",
    "XLU", "XLV",
];

/// Two numbers that are the same close may differ by the rounding of a change.
const ROUNDING: Decimal = Decimal::from_parts(2, 0, 0, false, 2);

/// Shares and funds of the United States, classes behind a dot (`BRK.B`).
fn spell(symbol: &str) -> Option<String> {
    (kind(symbol) == Kind::Equity).then(|| read::us_share(symbol)).flatten()
}

/// Each poll is two requests.
fn every(session: Session) -> Duration {
    match session {
        Session::Closed => Duration::from_mins(10),
        _ => Duration::from_mins(1),
    }
}

fn ask_price(access: Access, spelled: &[String]) -> Vec<String> {
    let both = |symbol: &String| {
        let class = if FUNDS.contains(&symbol.as_str()) { "etf" } else { "stocks" };
        ["info", "summary"].map(|what| format!("{}/api/quote/{symbol}/{what}?assetclass={class}", access.base))
    };
    spelled.iter().flat_map(both).collect()
}

fn read_price(moment: Moment, spelled: &[String], bodies: &[Vec<u8>]) -> Result<Vec<Tick>, ReadError> {
    let tick = |(symbol, bodies): (&String, &[Vec<u8>])| match bodies {
        [info, summary] => tick(moment, symbol, &data(info)?, &summary_of(summary)?),
        _ => Err(ReadError::Shape),
    };
    spelled.iter().zip(bodies.chunks(2)).map(tick).collect()
}

/// The data of an answer. Errors come under status 200, with a status of their own inside.
fn data(body: &[u8]) -> Result<Value, ReadError> {
    let mut answer = read::json(body)?;
    match answer.pointer("/status/rCode").and_then(Value::as_i64) {
        Some(400) => return Err(ReadError::Unknown),
        Some(403 | 429) => return Err(ReadError::Refused),
        _ => {}
    }
    match answer.pointer_mut("/data") {
        Some(data @ Value::Object(_)) => Ok(data.take()),
        _ => Err(ReadError::Shape),
    }
}

/// The summary is a help: without one the price stands all the same. A wall before it is a wall before the next question
/// too.
fn summary_of(body: &[u8]) -> Result<Value, ReadError> {
    match data(body) {
        Err(wall @ (ReadError::WebPage | ReadError::Refused)) => Err(wall),
        other => Ok(other.unwrap_or(Value::Null)),
    }
}

fn tick(moment: Moment, spelled: &str, info: &Value, summary: &Value) -> Result<Tick, ReadError> {
    let session = session(&info["marketStatus"]);
    let (regular, extended) = sides(moment, info, session).ok_or(ReadError::NoPrice)?;
    let price = read::written_price(&regular["lastSalePrice"]).ok_or(ReadError::NoPrice)?;
    let time = time(moment, &regular["lastTradeTimestamp"]);
    Ok(Tick {
        spelled: spelled.to_string(),
        price,
        base: base(regular, price, summary, session),
        currency: None,
        session,
        time,
        order: None,
        extended: extended.and_then(|side| self::extended(moment, side, session, time)),
    })
}

fn session(status: &Value) -> Option<Session> {
    match status.as_str()?.to_ascii_lowercase().as_str() {
        "pre-market" => Some(Session::Pre),
        "open" => Some(Session::Regular),
        "after-hours" => Some(Session::Post),
        "closed" | "market closed" => Some(Session::Closed),
        _ => None,
    }
}

/// The regular price and the extended one beside it. None when only an extended price is given: it is no headline.
fn sides<'a>(moment: Moment, info: &'a Value, session: Option<Session>) -> Option<(&'a Value, Option<&'a Value>)> {
    let (primary, secondary) = (&info["primaryData"], &info["secondaryData"]);
    if secondary.is_object() {
        return Some((secondary, Some(primary)));
    }
    let regular = match time(moment, &primary["lastTradeTimestamp"]) {
        Some(at) => read::is_regular(moment, at),
        None => matches!(session, Some(Session::Regular | Session::Closed)),
    };
    regular.then_some((primary, None))
}

/// The close before, by the change in the same object. In the regular session the summary must say the same, and stands
/// in where there is no change; at other times nobody knows which day its close is of.
fn base(regular: &Value, price: Decimal, summary: &Value, session: Option<Session>) -> Option<Decimal> {
    let own = read::written_change(&regular["netChange"]).and_then(|change| read::before(price, change));
    let found = &summary["summaryData"]["PreviousClose"]["value"];
    match (own, read::written_price(found).filter(|_| session == Some(Session::Regular))) {
        (Some(own), Some(found)) => ((own - found).abs() <= ROUNDING).then_some(found),
        (own, found) => own.or(found),
    }
}

/// The price outside the regular session, when it is newer than the regular one.
fn extended(moment: Moment, side: &Value, session: Option<Session>, regular: Option<Timestamp>) -> Option<Extended> {
    let price = read::written_price(&side["lastSalePrice"])?;
    let at = time(moment, &side["lastTradeTimestamp"])?;
    let clock = moment.calendar.extended_session(at);
    // It knows no night: a trade in one is reported as whatever was before.
    let found =
        session.filter(|found| matches!(found, Session::Pre | Session::Post) && clock != Some(Session::Overnight));
    let session = found.or(clock)?;
    regular.is_none_or(|regular| at > regular).then_some(Extended { price, session, exchange_time: Some(at) })
}

/// When a price traded, in either wording: the words are looked for, not their order. A day alone is that of the close.
fn time(moment: Moment, value: &Value) -> Option<Timestamp> {
    let words: Vec<String> =
        value.as_str()?.split([' ', ',']).filter(|word| !word.is_empty()).take(16).map(str::to_uppercase).collect();
    let (at, month) = words.iter().enumerate().find_map(|(at, word)| Some((at, month(word)?)))?;
    let (day, year) = (words.get(at + 1)?.parse().ok()?, words.get(at + 2)?.parse().ok()?);
    let date = Date::new(year, month, day).ok()?;
    match words.iter().position(|word| word.contains(':')) {
        None => read::close_of(moment, date),
        Some(at) => {
            let clock = Time::strptime("%I:%M %p", format!("{} {}", words.get(at)?, words.get(at + 1)?)).ok()?;
            read::new_york(moment, date.to_datetime(clock))
        }
    }
}

/// The month that a word names, in full or by its beginning.
fn month(word: &str) -> Option<i8> {
    const MONTHS: [&str; 12] = [
        "JANUARY",
        "FEBRUARY",
        "MARCH",
        "APRIL",
        "MAY",
        "JUNE",
        "JULY",
        "AUGUST",
        "SEPTEMBER",
        "OCTOBER",
        "NOVEMBER",
        "DECEMBER",
    ];
    let place = MONTHS.iter().position(|month| word.len() >= 3 && month.starts_with(word))?;
    i8::try_from(place + 1).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::session::{Calendar, new_york};
    use crate::market::read::tests::{recorded, recordings};

    fn ny(text: &str) -> Timestamp {
        let civil: jiff::civil::DateTime = text.parse().unwrap();
        civil.to_zoned_datetime(new_york()).unwrap().timestamp()
    }

    fn number(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn price_of(info: &[u8], summary: &[u8], now: &str) -> Result<Tick, ReadError> {
        let calendar = Calendar::new(&[], &[], false);
        let moment = Moment { now: ny(now), calendar: &calendar };
        read_price(moment, &["AAPL".into()], &[info.to_vec(), summary.to_vec()]).map(|mut ticks| ticks.remove(0))
    }

    fn answer(data: Value) -> Vec<u8> {
        json!({"data": data, "message": null, "status": {"rCode": 200, "bCodeMessage": null}}).to_string().into_bytes()
    }

    /// A summary of our own: no recording of one is known.
    fn summary(previous: &str) -> Vec<u8> {
        let rows = json!({"PreviousClose": {"label": "Previous Close", "value": previous}});
        answer(json!({"symbol": "AAPL", "summaryData": rows, "assetClass": "STOCKS"}))
    }

    fn side(price: &str, change: &str, at: &str) -> Value {
        json!({"lastSalePrice": price, "netChange": change, "lastTradeTimestamp": at})
    }

    fn info(status: &str, primary: Value, secondary: Value) -> Vec<u8> {
        answer(json!({"symbol": "AAPL", "primaryData": primary, "secondaryData": secondary, "marketStatus": status}))
    }

    /// Price, its time, base and session; the extended price with its time and session.
    #[test]
    #[ignore = "needs the recordings"]
    fn recorded_prices() {
        use Session::{Post, Pre, Regular};
        let cases = [
            (
                "info_ADBE_premarket_2023",
                "2023-02-24 06:10",
                ("347.02", "2023-02-23 16:00", "348.72", Pre),
                Some(("336.06", "2023-02-24 06:09", Pre)),
            ),
            (
                "info_AAPL_afterhours_2026",
                "2026-07-30 19:27",
                ("333.43", "2026-07-30 16:00", "338.19", Post),
                Some(("314.39", "2026-07-30 19:26", Post)),
            ),
            (
                "info_IREN_afterhours_2026",
                "2026-09-03 18:15",
                ("41.65", "2026-09-03 16:00", "39.60", Post),
                Some(("41.2907", "2026-09-03 18:14", Post)),
            ),
            (
                "info_AAPL_open_secondary_null",
                "2026-07-30 15:12",
                ("333.43", "2026-07-30 15:12", "338.19", Regular),
                None,
            ),
        ];
        for (file, now, (price, time, base, session), extended) in cases {
            let body = recorded(&format!("nasdaq/{file}.json"));
            // Outside the regular session the close of a summary is of nobody knows which day.
            for summary in [summary("$338.19"), b"{}".to_vec()] {
                let tick = price_of(&body, &summary, now).unwrap();
                assert_eq!((tick.price, tick.time), (number(price), Some(ny(time))), "{file}");
                assert_eq!((tick.base, tick.session), (Some(number(base)), Some(session)), "{file}");
                let found = tick.extended.map(|other| (other.price, other.exchange_time, other.session));
                let expected = extended.map(|(price, at, session)| (number(price), Some(ny(at)), session));
                assert_eq!(found, expected, "{file}");
            }
        }
    }

    #[test]
    #[ignore = "needs the recordings"]
    fn every_recording_is_read_or_refused() {
        let cases = [
            ("info_AAPL_afterhours_2026.json", Ok(())),
            ("info_AAPL_open_secondary_null.json", Ok(())),
            ("info_ADBE_premarket_2023.json", Ok(())),
            ("info_IREN_afterhours_2026.json", Ok(())),
            ("info_unknown_symbol.json", Err(ReadError::Unknown)),
        ];
        for (file, expected) in &cases {
            let body = recorded(&format!("nasdaq/{file}"));
            assert_eq!(price_of(&body, b"{}", "2026-11-23 12:00").map(|_| ()), *expected, "{file}");
        }
        for file in recordings("nasdaq") {
            assert!(cases.iter().any(|(name, _)| *name == file), "{file} is read by no test");
        }
    }

    #[test]
    fn the_base_is_the_close_before() {
        let open = |change: &str, previous: &str| {
            let primary = side("$181.50", change, "Nov 23, 2026 12:00 PM ET");
            price_of(&info("Open", primary, Value::Null), &summary(previous), "2026-11-23 12:00").unwrap().base
        };
        let cases = [
            ("+1.50", "$180.00", Some("180")),
            ("+1.50", "N/A", Some("180")),
            ("+1.5004", "$180.00", Some("180")),
            ("N/A", "$180.00", Some("180")),
            ("UNCH", "$181.50", Some("181.5")),
            ("UNCH", "N/A", Some("181.5")),
            // of two days: nobody knows which is right
            ("+1.50", "$178.00", None),
            ("N/A", "N/A", None),
            ("", "$0.00", None),
        ];
        for (change, previous, base) in cases {
            assert_eq!(open(change, previous), base.map(number), "{change} {previous}");
        }
        let primary = side("$181.50", "+1.50", "Nov 23, 2026 5:00 PM ET");
        let close = side("$180.00", "N/A", "Closed at Nov 23, 2026 4:00 PM ET");
        let tick = price_of(&info("After-Hours", primary, close), &summary("$178.00"), "2026-11-23 17:01").unwrap();
        assert_eq!((tick.price, tick.base), (number("180"), None), "a summary is believed in the regular session only");
    }

    #[test]
    fn an_extended_price_alone_is_no_quote() {
        let cases = [
            ("Pre-Market", "Nov 23, 2026 8:00 AM ET - PRE-MARKET", Err(ReadError::NoPrice)),
            ("After-Hours", "Nov 23, 2026 5:00 PM ET", Err(ReadError::NoPrice)),
            ("After-Hours", "sometime", Err(ReadError::NoPrice)),
            ("", "", Err(ReadError::NoPrice)),
            ("Open", "Nov 23, 2026 12:00 PM ET", Ok(Some("2026-11-23 12:00"))),
            ("Open", "", Ok(None)),
            ("Closed", "Closed at Nov 20, 2026 4:00 PM ET", Ok(Some("2026-11-20 16:00"))),
            ("Closed", "Nov 20, 2026", Ok(Some("2026-11-20 16:00"))),
            // the closing auction, reported a moment after the bell
            ("After-Hours", "Nov 20, 2026 4:00 PM ET", Ok(Some("2026-11-20 16:00"))),
        ];
        for (status, at, expected) in cases {
            let body = info(status, side("$181.50", "+1.50", at), Value::Null);
            let found = price_of(&body, b"{}", "2026-11-23 17:01").map(|tick| tick.time);
            assert_eq!(found, expected.map(|time: Option<&str>| time.map(ny)), "{status} {at}");
        }
    }

    #[test]
    fn an_extended_price_is_newer_and_has_a_time() {
        let close = || side("$180.00", "+1.00", "Closed at Nov 23, 2026 4:00 PM ET");
        let extended = |price: &str, at: &str, status: &str| {
            let body = info(status, side(price, "+1.50", at), close());
            price_of(&body, b"{}", "2026-11-23 18:00").unwrap().extended.map(|extended| extended.session)
        };
        assert_eq!(extended("$181.50", "Nov 23, 2026 5:00 PM ET", "After-Hours"), Some(Session::Post));
        assert_eq!(extended("$181.50", "Nov 23, 2026 5:00 PM ET", "Closed"), Some(Session::Post));
        assert_eq!(extended("$181.50", "Nov 23, 2026 8:00 AM ET", "After-Hours"), None);
        assert_eq!(extended("$181.50", "Nov 23, 2026 9:00 PM ET", "Closed"), None);
        assert_eq!(extended("$181.50", "N/A", "After-Hours"), None);
        assert_eq!(extended("N/A", "Nov 23, 2026 5:00 PM ET", "After-Hours"), None);
    }

    #[test]
    fn a_trade_of_the_night_is_told_by_the_clock() {
        let calendar = Calendar::new(&[], &[], true);
        let close = || side("$180.00", "+1.00", "Closed at Dec 7, 2026 4:00 PM ET");
        let moment = Moment { now: ny("2026-12-07 23:01"), calendar: &calendar };
        for status in ["After-Hours", "Closed", "Night", ""] {
            let body = info(status, side("$181.50", "+1.50", "Dec 7, 2026 11:00 PM ET"), close());
            let tick = read_price(moment, &["AAPL".into()], &[body, b"{}".to_vec()]).unwrap().remove(0);
            let extended = tick.extended.map(|extended| (extended.price, extended.session));
            assert_eq!(extended, Some((number("181.5"), Session::Overnight)), "{status}");
        }
    }

    #[test]
    fn times_in_both_wordings() {
        let calendar = Calendar::new(&[], &[], false);
        let moment = Moment { now: ny("2026-11-28 12:00"), calendar: &calendar };
        let cases = [
            ("Feb 24, 2023 6:09 AM ET - PRE-MARKET", Some("2023-02-24 06:09")),
            ("CLOSED AT 4:00 PM ET ON Feb 23, 2023", Some("2023-02-23 16:00")),
            ("Closed at Sep 3, 2026 4:00 PM ET", Some("2026-09-03 16:00")),
            ("Jul 30, 2026 12:05 AM ET", Some("2026-07-30 00:05")),
            ("September 3, 2026 12:05 PM ET", Some("2026-09-03 12:05")),
            ("Nov 27, 2026", Some("2026-11-27 13:00")),
            ("Nov 26, 2026", None),
            ("Nov 30, 2026", None),
            ("Feb 30, 2026 4:00 PM ET", None),
            ("Market closed 4:00 PM", None),
            ("Sep 3, 2026 16:00", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(time(moment, &json!(text)), expected.map(ny), "{text}");
        }
    }

    #[test]
    fn walls_and_shapes() {
        let good = info("Open", side("$181.50", "+1.50", "Nov 23, 2026 12:00 PM ET"), Value::Null);
        let inner = |code: u16| json!({"data": null, "status": {"rCode": code}}).to_string().into_bytes();
        let cases: [(Vec<u8>, ReadError); 7] = [
            (b"<html>".to_vec(), ReadError::WebPage),
            (b"Too Many Requests".to_vec(), ReadError::Refused),
            (b"[]".to_vec(), ReadError::Shape),
            (b"{\"data\": [1".to_vec(), ReadError::Shape),
            (inner(400), ReadError::Unknown),
            (inner(429), ReadError::Refused),
            (inner(500), ReadError::Shape),
        ];
        for (body, expected) in cases {
            let found = String::from_utf8_lossy(&body).into_owned();
            assert_eq!(price_of(&body, &summary("$180.00"), "2026-11-23 12:00"), Err(expected), "{found}");
            let wall = matches!(expected, ReadError::WebPage | ReadError::Refused);
            assert_eq!(price_of(&good, &body, "2026-11-23 12:00").is_err(), wall, "{found}");
        }
        for price in ["", "N/A", "$0.00", "$-5.00", "NaN", "UNCH"] {
            let body = info("Open", side(price, "+1.50", "Nov 23, 2026 12:00 PM ET"), Value::Null);
            assert_eq!(price_of(&body, &summary("$180.00"), "2026-11-23 12:00"), Err(ReadError::NoPrice), "{price}");
        }
    }

    #[test]
    fn spelling_and_addresses() {
        let cases =
            [("NVDA", Some("NVDA")), ("BRK-B", Some("BRK.B")), ("^NDX", None), ("BTC-USD", None), ("A/B", None)];
        for (symbol, spelled) in cases {
            assert_eq!(spell(symbol).as_deref(), spelled, "{symbol}");
        }
        let access = Access { base: "http://host/nasdaq", key: None };
        let urls = ask_price(access, &["NVDA".into()]);
        assert_eq!(urls[0], "http://host/nasdaq/api/quote/NVDA/info?assetclass=stocks");
        assert_eq!(urls[1], "http://host/nasdaq/api/quote/NVDA/summary?assetclass=stocks");
        assert_eq!(ask_price(access, &["SPY".into()])[0], "http://host/nasdaq/api/quote/SPY/info?assetclass=etf");
    }

    #[test]
    fn it_asks_as_browsers_do() {
        let header = |name: &str| SOURCE.headers.iter().find(|(other, _)| *other == name).map(|(_, value)| *value);
        assert!(SOURCE.user_agent.unwrap().starts_with("Mozilla/5.0"));
        assert!(header("accept").unwrap().contains("application/json") && header("accept-language").is_some());
    }

    proptest::proptest! {
        #[test]
        fn never_panics(body: Vec<u8>, texts: [String; 5], previous: String) {
            let _ = price_of(&body, &body, "2026-11-23 12:00");
            let [price, change, at, status, other] = &texts;
            for secondary in [Value::Null, side(other, change, other)] {
                let _ = price_of(&info(status, side(price, change, at), secondary.clone()), &summary(&previous), "2026-11-23 12:00");
                let _ = price_of(&info("Open", side("$5", change, at), secondary), &summary(&previous), "2026-11-23 12:00");
            }
            spell(price);
        }

        #[test]
        fn times_never_panic(text in "(Closed at |CLOSED AT )?(Feb|Sep|MAR) [0-9]{1,3}, [0-9]{1,6} [0-9]{1,3}:[0-9]{1,3} (AM|PM|é) ET") {
            let calendar = Calendar::new(&[], &[], false);
            time(Moment { now: ny("2026-11-28 12:00"), calendar: &calendar }, &json!(text));
        }
    }
}
