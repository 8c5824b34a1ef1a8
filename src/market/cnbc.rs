//! CNBC, the `restQuote` answer of its site: undocumented, without a key, some forty symbols in one question.
//!
//! Its shape as recorded in 2026: every value is text written for readers (`"77,555,460"`, `"-0.03%"`, `"UNCH"`); the
//! rows stand in `FormattedQuoteResult.FormattedQuote` or `ITVQuoteResult.ITVQuote`, and a single one may stand there
//! without its list; an unknown symbol is a row with `code` 1 under status 200; `last` is the regular session's price,
//! also before and after it, when `ExtendedMktQuote` has the other. Times have an offset, with fractions or without.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::Value;
use url::form_urlencoded::byte_serialize;

use super::{Access, Moment, Poll, ReadError, Source, Tick, read};
use crate::domain::price::{Extended, Kind, Session, kind};

pub(super) const SOURCE: Source = Source {
    id: "cnbc",
    title: "CNBC",
    official: false,
    delay: None,
    terms: "unofficial: the back-end of a web site, for personal use, not to be passed on",
    needs_key: false,
    base_url: "https://quote.cnbc.com",
    socket_url: None,
    user_agent: Some("Mozilla/5.0 (compatible; newstape)"),
    headers: &[("accept", "application/json")],
    sign: None,
    spacing: Duration::from_secs(5),
    burst: 3,
    timeout: None,
    refusal_wait: Duration::from_mins(15),
    unknown: &[404],
    spell,
    poll: Some(Poll { every, beside_socket: None, together: 40, ask: ask_price, read: read_price }),
    candles: None,
    closes: None,
    socket: None,
};

/// Indices that go by another name here. Others are not known to be had.
const INDICES: [(&str, &str); 6] =
    [("^GSPC", ".SPX"), ("^DJI", ".DJI"), ("^IXIC", ".IXIC"), ("^NDX", ".NDX"), ("^RUT", ".RUT"), ("^VIX", ".VIX")];

/// Shares and funds of the United States, classes behind a dot (`BRK.B`), and the great indices.
fn spell(symbol: &str) -> Option<String> {
    match kind(symbol) {
        Kind::Crypto => None,
        Kind::Equity if symbol.starts_with('^') => {
            INDICES.iter().find(|(name, _)| *name == symbol).map(|(_, spelled)| (*spelled).to_string())
        }
        Kind::Equity => read::us_share(symbol),
    }
}

fn every(session: Session) -> Duration {
    match session {
        Session::Closed => Duration::from_mins(10),
        _ => Duration::from_secs(30),
    }
}

fn ask_price(access: Access, spelled: &[String]) -> Vec<String> {
    let symbols: String = byte_serialize(spelled.join("|").as_bytes()).collect();
    let fixed = "requestMethod=itv&noform=1&partnerId=2&fund=1&exthrs=1&output=json&events=1";
    vec![format!("{}/quote-html-webservice/restQuote/symbolType/symbol?symbols={symbols}&{fixed}", access.base)]
}

/// The prices of those symbols that have one. Why there is none is given only when no symbol has one.
fn read_price(moment: Moment, spelled: &[String], bodies: &[Vec<u8>]) -> Result<Vec<Tick>, ReadError> {
    let [body] = bodies else { return Err(ReadError::Shape) };
    let answer = read::json(body)?;
    let rows = rows(&answer).ok_or(ReadError::Shape)?;
    let row_of = |symbol: &String| rows.iter().find(|row| row["symbol"] == **symbol).ok_or(ReadError::Unknown);
    let mut ticks = Vec::new();
    let mut worst = None;
    for symbol in spelled {
        match row_of(symbol).and_then(|row| tick(moment, symbol, row)) {
            Ok(tick) => ticks.push(tick),
            Err(misread) => worst = worst.max(Some(misread)),
        }
    }
    match worst {
        Some(misread) if ticks.is_empty() => Err(misread),
        _ => Ok(ticks),
    }
}

/// The quotes of an answer, under either of its names; one alone may stand for its list.
fn rows(answer: &Value) -> Option<&[Value]> {
    let rows = ["/FormattedQuoteResult/FormattedQuote", "/ITVQuoteResult/ITVQuote"]
        .into_iter()
        .find_map(|place| answer.pointer(place))?;
    match rows {
        Value::Array(rows) => Some(rows),
        Value::Object(_) => Some(std::slice::from_ref(rows)),
        _ => None,
    }
}

fn tick(moment: Moment, spelled: &str, row: &Value) -> Result<Tick, ReadError> {
    // Missing in the `ITV` form; a number or a text of one.
    let code = row["code"].as_i64().or_else(|| row["code"].as_str()?.parse().ok());
    if code.is_some_and(|code| code != 0) {
        return Err(ReadError::Unknown);
    }
    let price = read::written_price(&row["last"]).ok_or(ReadError::NoPrice)?;
    let status = status(&row["curmktstatus"]);
    let time = time(moment, row);
    Ok(Tick {
        spelled: spelled.to_string(),
        price,
        base: base(row, price, status),
        currency: row["currencyCode"].as_str().filter(|code| code.len() == 3).map(String::from),
        session: session(moment, status),
        time,
        order: None,
        extended: extended(moment, &row["ExtendedMktQuote"], time),
    })
}

fn status(value: &Value) -> Option<Session> {
    match value.as_str()? {
        "PRE_MKT" => Some(Session::Pre),
        "REG_MKT" => Some(Session::Regular),
        "POST_MKT" => Some(Session::Post),
        _ => None,
    }
}

/// The session that is now. "Post" it says all night and on weekends too: of that the calendar knows more.
fn session(moment: Moment, status: Option<Session>) -> Option<Session> {
    match (status?, moment.calendar.session(moment.now)) {
        (Session::Pre | Session::Post, closed @ (Session::Closed | Session::Overnight)) => Some(closed),
        (status, _) => Some(status),
    }
}

/// The close before: as given, else by the change that the same row tells. Before the bell of a new day it may already be
/// the price itself, which is then no base.
fn base(row: &Value, price: Decimal, status: Option<Session>) -> Option<Decimal> {
    let found = read::written_price(&row["previous_day_closing"]);
    let base = found.or_else(|| read::before(price, read::written_change(&row["change"])?))?;
    (status != Some(Session::Pre) || base != price).then_some(base)
}

/// When the regular price traded. Where only the day is given (`07/17/26 EDT`), it is that of the close.
fn time(moment: Moment, row: &Value) -> Option<Timestamp> {
    read::time(&row["last_time"]).or_else(|| {
        let day = row["last_timedate"].as_str()?.split(' ').next()?;
        read::close_of(moment, Date::strptime("%m/%d/%y", day).ok()?)
    })
}

/// The price outside the regular session, when it is newer than the regular one.
fn extended(moment: Moment, found: &Value, regular: Option<Timestamp>) -> Option<Extended> {
    let price = read::written_price(&found["last"])?;
    let at = read::time(&found["last_time"]);
    let clock = at.and_then(|at| moment.calendar.extended_session(at));
    let session = match status(&found["type"]) {
        Some(Session::Regular) => return None,
        // It knows no night: a trade in one is reported as whatever was before, or as something new.
        _ if clock == Some(Session::Overnight) => Session::Overnight,
        found => found.or(clock)?,
    };
    let newer = at.zip(regular).is_none_or(|(at, regular)| at > regular);
    newer.then_some(Extended { price, session, exchange_time: at })
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

    fn prices_of(symbols: &[&str], body: &[u8], now: &str) -> Result<Vec<Tick>, ReadError> {
        let calendar = Calendar::new(&[], &[], false);
        let symbols: Vec<String> = symbols.iter().map(ToString::to_string).collect();
        read_price(Moment { now: ny(now), calendar: &calendar }, &symbols, &[body.to_vec()])
    }

    fn price_of(symbol: &str, body: &[u8], now: &str) -> Result<Tick, ReadError> {
        prices_of(&[symbol], body, now).map(|mut ticks| ticks.remove(0))
    }

    fn row(row: Value) -> Vec<u8> {
        json!({"FormattedQuoteResult": {"FormattedQuote": [row]}}).to_string().into_bytes()
    }

    fn number(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    /// Price, base, session, time, and the extended price of every recorded row.
    #[test]
    #[ignore = "needs the recordings"]
    fn recorded_prices() {
        use Session::{Closed, Post, Pre, Regular};
        let cases = [
            // Yesterday's close twice is no change of today's.
            ("itv_NVDA_pre", "NVDA", "2026-06-17 09:18:30", ("207.41", None, Some(Pre), None, Some("208.47"))),
            ("itv_NVDA_pre", "AVGO", "2026-06-17 11:00", ("376.71", Some("393.94"), Some(Regular), None, None)),
            // 333.74 after +0.48, and no previous close in the row
            (
                "quote_AAPL_post_extended",
                "AAPL",
                "2026-07-17 17:00",
                ("333.74", Some("333.26"), Some(Post), Some("2026-07-17 16:00"), Some("333.69")),
            ),
            (
                "quote_AAPL_post_extended",
                "AAPL",
                "2026-07-18 12:00",
                ("333.74", Some("333.26"), Some(Closed), Some("2026-07-17 16:00"), Some("333.69")),
            ),
            (
                "quote_NVDA_last_time",
                "NVDA",
                "2026-08-24 16:01",
                ("208.48", None, None, Some("2026-08-24 16:00"), None),
            ),
            (
                "quote_NVDA_post",
                "NVDA",
                "2026-09-11 17:00",
                ("218.29", Some("218.36"), Some(Post), Some("2026-09-11 16:00"), None),
            ),
            // UNCH is a change of nothing, not a price
            ("quote_NVDA_post", "EUR=", "2026-09-11 17:00", ("1.1598", Some("1.1598"), Some(Regular), None, None)),
        ];
        for (file, symbol, now, (price, base, session, time, extended)) in cases {
            let body = recorded(&format!("cnbc/{file}.json"));
            let tick = price_of(symbol, &body, now).unwrap();
            assert_eq!((tick.price, tick.base), (number(price), base.map(number)), "{file} {symbol}");
            assert_eq!((tick.session, tick.time), (session, time.map(ny)), "{file} {symbol}");
            assert_eq!(tick.extended.map(|extended| extended.price), extended.map(number), "{file} {symbol}");
        }
        let body = recorded("cnbc/itv_NVDA_pre.json");
        let extended = price_of("NVDA", &body, "2026-06-17 09:18:30").unwrap().extended.unwrap();
        assert_eq!((extended.session, extended.exchange_time), (Pre, Some(ny("2026-06-17 09:18"))));
    }

    #[test]
    #[ignore = "needs the recordings"]
    fn every_recording_is_read_or_refused() {
        let cases = [
            ("bars_NVDA.json", "NVDA", Err(ReadError::Shape)),
            ("itv_NVDA_pre.json", "NVDA", Ok(1)),
            ("quote_AAPL_post_extended.json", "AAPL", Ok(1)),
            ("quote_NVDA_last_time.json", "NVDA", Ok(1)),
            ("quote_NVDA_post.json", "NVDA", Ok(1)),
            ("quote_NVDA_post.json", "DXY", Err(ReadError::Unknown)),
            ("quote_NVDA_post.json", "AAPL", Err(ReadError::Unknown)),
            ("unknown_symbol.json", "@ES.1", Err(ReadError::Unknown)),
        ];
        for (file, symbol, expected) in &cases {
            let body = recorded(&format!("cnbc/{file}"));
            let read = prices_of(&[symbol], &body, "2026-09-12 12:00").map(|ticks| ticks.len());
            assert_eq!(read, *expected, "{file} {symbol}");
        }
        for file in recordings("cnbc") {
            assert!(cases.iter().any(|(name, ..)| *name == file), "{file} is read by no test");
        }
    }

    #[test]
    #[ignore = "needs the recordings"]
    fn an_unknown_symbol_leaves_the_others() {
        let body = recorded("cnbc/quote_NVDA_post.json");
        let ticks = prices_of(&["DXY", "NVDA", "NOPE"], &body, "2026-09-11 17:00").unwrap();
        assert_eq!(ticks.iter().map(|tick| tick.spelled.as_str()).collect::<Vec<_>>(), ["NVDA"]);
    }

    #[test]
    fn a_single_row_may_stand_without_its_list() {
        let found = json!({"symbol": "NVDA", "last": "1,218.29", "previous_day_closing": "1,200.00"});
        for name in ["FormattedQuoteResult/FormattedQuote", "ITVQuoteResult/ITVQuote"] {
            let (outer, inner) = name.split_once('/').unwrap();
            let body = json!({outer: {inner: found}}).to_string();
            let tick = price_of("NVDA", body.as_bytes(), "2026-11-23 12:00").unwrap();
            assert_eq!((tick.price, tick.base), (number("1218.29"), Some(number("1200"))), "{name}");
        }
    }

    #[test]
    fn no_price_and_no_base_is_made_up() {
        for last in [json!(null), json!(""), json!("UNCH"), json!("N/D"), json!("N/A"), json!("0.00"), json!("-5")] {
            let body = row(json!({"symbol": "NVDA", "code": 0, "last": last, "previous_day_closing": "218.36"}));
            assert_eq!(price_of("NVDA", &body, "2026-11-23 12:00"), Err(ReadError::NoPrice), "{last}");
        }
        let cases = [
            (json!({"previous_day_closing": "218.36"}), Some("218.36")),
            (json!({"previous_day_closing": "N/D", "change": "+1.00"}), Some("217.29")),
            (json!({"change": "UNCH"}), Some("218.29")),
            (json!({"change": "N/D"}), None),
            (json!({"change": "+500.00"}), None),
            (json!({"change_pct": "+1.00%"}), None),
            (json!({"open": "221.24", "high": "222.00"}), None),
            (json!({}), None),
        ];
        for (found, base) in cases {
            let mut quote = json!({"symbol": "NVDA", "last": "218.29", "curmktstatus": "REG_MKT"});
            quote.as_object_mut().unwrap().extend(found.as_object().unwrap().clone());
            let tick = price_of("NVDA", &row(quote), "2026-11-23 12:00").unwrap();
            assert_eq!(tick.base, base.map(number), "{found}");
        }
    }

    #[test]
    fn an_extended_price_is_newer_than_the_regular_one() {
        let at = |last_time: &str, kind: &str| {
            let other = json!({"type": kind, "last": "181.00", "last_time": last_time});
            let found = json!({"symbol": "NVDA", "last": "180.50", "last_time": "2026-11-23T11:59:58.000-0500",
                "curmktstatus": "REG_MKT", "ExtendedMktQuote": other});
            price_of("NVDA", &row(found), "2026-11-23 12:00").unwrap().extended
        };
        assert_eq!(at("2026-11-23T09:29:58-0500", "PRE_MKT"), None, "left over from this morning");
        assert!(at("2026-11-23T12:00:00-0500", "POST_MKT").is_some());
        assert_eq!(at("2026-11-23T12:00:00-0500", "REG_MKT"), None);
        assert_eq!(at("2026-11-23T12:00:00-0500", "HALTED"), None);
    }

    #[test]
    fn a_trade_of_the_night_is_told_by_the_clock() {
        let calendar = Calendar::new(&[], &[], true);
        let at = |time: &str, kind: &str| {
            let other = json!({"last": "181.50", "last_time": time, "type": kind});
            let body = row(json!({"symbol": "NVDA", "code": 0, "last": "180.00", "curmktstatus": "POST_MKT",
                "last_time": "2026-12-07T16:00:00.000-0500", "ExtendedMktQuote": other}));
            let moment = Moment { now: ny("2026-12-07 23:01"), calendar: &calendar };
            let tick = read_price(moment, &["NVDA".into()], &[body]).unwrap().remove(0);
            tick.extended.map(|extended| extended.session)
        };
        for kind in ["POST_MKT", "OVERNIGHT_MKT", ""] {
            assert_eq!(at("2026-12-07T23:00:00.000-0500", kind), Some(Session::Overnight), "{kind}");
        }
        assert_eq!(at("2026-12-07T19:59:00.000-0500", "NEW"), Some(Session::Post));
    }

    #[test]
    fn walls_and_shapes() {
        let cases: [(&[u8], ReadError); 6] = [
            (b"<html>", ReadError::WebPage),
            (b"Too Many Requests", ReadError::Refused),
            (b"[]", ReadError::Shape),
            (b"{}", ReadError::Shape),
            (br#"{"FormattedQuoteResult":{"FormattedQuote":"NVDA"}}"#, ReadError::Shape),
            (br#"{"FormattedQuoteResult":{"FormattedQuote":[5, null]}}"#, ReadError::Unknown),
        ];
        for (body, expected) in cases {
            assert_eq!(price_of("NVDA", body, "2026-11-23 12:00"), Err(expected));
        }
    }

    #[test]
    fn spelling_and_address() {
        let cases = [
            ("NVDA", Some("NVDA")),
            ("BRK-B", Some("BRK.B")),
            ("^GSPC", Some(".SPX")),
            ("^FTSE", None),
            ("BTC-USD", None),
            ("MUV2.DE", None),
            ("ES=F", None),
            ("A|B", None),
            ("", None),
        ];
        for (symbol, spelled) in cases {
            assert_eq!(spell(symbol).as_deref(), spelled, "{symbol}");
        }
        let urls = ask_price(Access { base: "http://host/cnbc", key: None }, &["NVDA".into(), ".SPX".into()]);
        let expected = "http://host/cnbc/quote-html-webservice/restQuote/symbolType/symbol?symbols=NVDA%7C.SPX\
                        &requestMethod=itv&noform=1&partnerId=2&fund=1&exthrs=1&output=json&events=1";
        assert_eq!(urls, [expected]);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(body: Vec<u8>, texts: [String; 6], code: i64) {
            let _ = price_of("NVDA", &body, "2026-11-23 12:00");
            let [last, before, change, time, date, status] = texts;
            let found = json!({"symbol": "NVDA", "code": code % 2, "last": last, "previous_day_closing": before, "change": change,
                "last_time": time, "last_timedate": date, "curmktstatus": status, "ExtendedMktQuote": {"last": last, "last_time": time}});
            let _ = price_of("NVDA", &row(found.clone()), "2026-11-23 12:00");
            let mut found = found;
            found["last"] = json!("5.00");
            let _ = price_of("NVDA", &row(found), "2026-11-23 12:00");
            spell(&last);
        }
    }
}
