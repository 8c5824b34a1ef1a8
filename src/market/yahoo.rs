//! Yahoo Finance, the `v7/finance/spark` and `v8/finance/chart` answers and the streamer of its site: undocumented, without
//! a key.
//!
//! `spark` has up to 20 symbols in one answer, each with the `meta` of its chart and closes alone; more than 20 are refused
//! whole (400), unknown ones are left out. No recording of it is at hand: the shape here is what clients of the site read.
//! It serves prices, sparklines and the closes that reactions need; the chart answer, one symbol each, the candles on
//! screen. The shape of the chart answer as recorded from 2024 to 2026: `tradingPeriods` is a list or an object and is not read; `timestamp` may be
//! missing and `indicators.quote` be `[{}]` for a window without trades; arrays hold nulls; the last bar may be off the
//! grid; volume outside the regular session is always 0 and means nothing; bars carry the noise of 32-bit floats, the
//! numbers of `meta` do not. The edge caches an answer for 10 s.

mod streamer;

use std::time::Duration;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::Value;
use url::form_urlencoded::byte_serialize;

use super::{Access, BarsAsk, Beat, Candles, Closes, Moment, Poll, ReadError, SocketSpec, Source, Tick, read};
use crate::domain::price::{Candle, Extended, Kind, Session, Span, kind};

pub(super) const SOURCE: Source = Source {
    id: "yahoo",
    title: "Yahoo Finance",
    official: false,
    delay: None,
    terms: "unofficial: the back-end of a web site, for personal use, not to be passed on; refuses now and then",
    needs_key: false,
    base_url: "https://query1.finance.yahoo.com",
    socket_url: Some("wss://streamer.finance.yahoo.com/?version=2"),
    // An empty name, a library's and a full browser's have each been refused at some time.
    user_agent: Some("Mozilla/5.0 (compatible; newstape)"),
    headers: &[("accept", "application/json")],
    sign: None,
    spacing: Duration::from_secs(10),
    burst: 6,
    refusal_wait: Duration::from_mins(30),
    timeout: None,
    unknown: &[404],
    spell,
    poll: Some(Poll {
        every,
        beside_socket: Some(Duration::from_mins(5)),
        together: TOGETHER,
        ask: ask_prices,
        read: read_prices,
    }),
    candles: Some(Candles { ask: ask_bars, read: read_bars }),
    closes: Some(Closes { together: TOGETHER, come_with_prices: true, ask: ask_closes, read: read_closes }),
    socket: Some(SocketSpec {
        address: None,
        hello: None,
        headers: &[("origin", "https://finance.yahoo.com")],
        subscribe: streamer::subscribe,
        unsubscribe: streamer::unsubscribe,
        beat: Some(Beat { every: Duration::from_secs(15), say: streamer::renew }),
        read: streamer::read,
        // It speaks only when something trades, which before the bell may be minutes apart and on a weekend is never:
        // a shorter patience would be a storm of connections. That the *price* is old is shown long before.
        quiet: Duration::from_mins(15),
        // No limit is known.
        renew: Duration::from_hours(23),
    }),
};

/// Most symbols in one question of `spark`.
const TOGETHER: usize = 20;

/// Every sign that Yahoo's names have: `^VIX`, `BRK-B`, `7203.T`, `EURUSD=X`, `M&M.NS`.
fn spell(symbol: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '^' | '=' | '&');
    (!symbol.is_empty() && symbol.len() <= 24 && symbol.chars().all(plain)).then(|| symbol.to_string())
}

fn every(session: Session) -> Duration {
    match session {
        Session::Closed => Duration::from_mins(10),
        _ => Duration::from_mins(1),
    }
}

fn ask_prices(access: Access, spelled: &[String]) -> Vec<String> {
    ask_closes(access, spelled, Span::Day).urls
}

/// Range and interval of a span, the seconds of a bar, and whether its hours are all the trading day's.
fn window(span: Span) -> (&'static str, &'static str, u32, bool) {
    match span {
        Span::Hour => ("1d", "1m", 60, true),
        Span::Day => ("1d", "5m", 300, true),
        Span::FiveDays => ("5d", "15m", 900, false),
        Span::Month => ("1mo", "60m", 3_600, false),
        Span::SixMonths => ("6mo", "1d", 86_400, false),
        Span::Year => ("1y", "1d", 86_400, false),
    }
}

fn keep(span: Span) -> Option<Duration> {
    (span == Span::Hour).then_some(Duration::from_hours(1))
}

/// One question for all: the commas between symbols stay as they are, all else that is no letter is encoded.
fn ask_closes(access: Access, spelled: &[String], span: Span) -> BarsAsk {
    let (range, interval, seconds, extended) = window(span);
    let symbols: Vec<String> = spelled.iter().map(|symbol| encoded(symbol)).collect();
    let query = format!("range={range}&interval={interval}&includePrePost={extended}");
    let url = format!("{}/v7/finance/spark?symbols={}&{query}", access.base, symbols.join(","));
    BarsAsk { urls: vec![url], interval: seconds, keep: keep(span) }
}

fn ask_bars(access: Access, spelled: &str, span: Span, _now: Timestamp) -> BarsAsk {
    let (range, interval, seconds, extended) = window(span);
    let query = format!("interval={interval}&range={range}&includePrePost={extended}");
    let url = format!("{}/v8/finance/chart/{}?{query}", access.base, encoded(spelled));
    BarsAsk { urls: vec![url], interval: seconds, keep: keep(span) }
}

fn encoded(spelled: &str) -> String {
    byte_serialize(spelled.as_bytes()).collect()
}

/// The results of a `spark` answer by symbol, each in the shape of a chart's result. Symbols that it does not know are
/// left out.
fn sparks(body: &[u8]) -> Result<Vec<(String, Value)>, ReadError> {
    let mut answer = read::json(body)?;
    match answer["spark"]["error"]["code"].as_str() {
        Some("Not Found") => return Err(ReadError::Unknown),
        Some(_) => return Err(ReadError::Shape),
        None => {}
    }
    let Some(Value::Array(results)) = answer.pointer_mut("/spark/result") else { return Err(ReadError::Shape) };
    let spark = |result: &mut Value| {
        let symbol = result["symbol"].as_str()?.to_string();
        Some((symbol, result.pointer_mut("/response/0")?.take()))
    };
    Ok(results.iter_mut().filter(|result| result.is_object()).filter_map(spark).collect())
}

/// The one result of a chart answer.
fn result(body: &[u8]) -> Result<Value, ReadError> {
    let mut answer = read::json(body)?;
    match answer["chart"]["error"]["code"].as_str() {
        Some("Not Found") => return Err(ReadError::Unknown),
        Some(_) => return Err(ReadError::Shape),
        None => {}
    }
    // `[]` on a `&mut Value` would panic where the shape is another.
    match answer.pointer_mut("/chart/result/0") {
        Some(result @ Value::Object(_)) => Ok(result.take()),
        _ => Err(ReadError::Shape),
    }
}

/// The prices of those symbols that have one.
fn read_prices(moment: Moment, spelled: &[String], bodies: &[Vec<u8>]) -> Result<Vec<Tick>, ReadError> {
    let [body] = bodies else { return Err(ReadError::Shape) };
    let sparks = sparks(body)?;
    read::those_told(spelled, |symbol| {
        let (_, result) = sparks.iter().find(|(of, _)| of == symbol).ok_or(ReadError::Unknown)?;
        tick(moment, symbol, result)
    })
}

/// The closes of each symbol in an answer, as bars without a range.
fn read_closes(body: &[u8]) -> Result<Vec<(String, Vec<Candle>)>, ReadError> {
    Ok(sparks(body)?.into_iter().map(|(symbol, result)| (symbol, closes(&result))).collect())
}

fn closes(result: &Value) -> Vec<Candle> {
    let (times, closes) = (&result["timestamp"], &result["indicators"]["quote"][0]["close"]);
    let pairs = times.as_array().into_iter().flatten().zip(closes.as_array().into_iter().flatten());
    let bar = |(time, close): (&Value, &Value)| {
        let close = read::bar_price(close)?;
        Some(read::candle(read::seconds(time)?, [close; 4], None))
    };
    pairs.filter_map(bar).collect()
}

fn tick(moment: Moment, spelled: &str, result: &Value) -> Result<Tick, ReadError> {
    let meta = &result["meta"];
    let price = read::price(&meta["regularMarketPrice"]).ok_or(ReadError::NoPrice)?;
    let time = read::seconds(&meta["regularMarketTime"]);
    let equity = kind(spelled) == Kind::Equity;
    Ok(Tick {
        spelled: spelled.to_string(),
        price,
        // A coin's change is over 24 hours, and Yahoo's "previous close" of one is midnight's.
        base: if equity { base(result, price, time) } else { None },
        currency: meta["currency"].as_str().map(String::from),
        session: if equity { periods(meta).session(moment) } else { None },
        time,
        order: None,
        extended: if equity { extended(result, moment, time) } else { None },
    })
}

/// The close before the one that the price is measured from. `chartPreviousClose` is the close before the window, so it
/// is the previous one in a window of a day only. Before the bell of a new day both are the price itself, not a base.
fn base(result: &Value, price: Decimal, time: Option<Timestamp>) -> Option<Decimal> {
    let meta = &result["meta"];
    let day = meta["range"].as_str() == Some("1d");
    let base =
        read::price(&meta["previousClose"]).or_else(|| read::price(&meta["chartPreviousClose"]).filter(|_| day))?;
    let before_the_bell = time.zip(periods(meta).regular).is_some_and(|(time, (open, _))| time < open);
    (!before_the_bell || base != price).then_some(base)
}

/// The last price outside the regular session, when it is newer than the regular one.
fn extended(result: &Value, moment: Moment, regular: Option<Timestamp>) -> Option<Extended> {
    let found = told_extended(&result["meta"]).into_iter().chain(last_bar(result));
    let (price, at) = found.max_by_key(|(_, at)| *at)?;
    let session = periods(&result["meta"]).at(at).or_else(|| moment.calendar.extended_session(at))?;
    let outside = session != Session::Regular;
    (outside && regular.is_none_or(|regular| at > regular)).then_some(Extended {
        price,
        session,
        exchange_time: Some(at),
    })
}

/// The extended price with its own time, which some answers have. (`fulldayPrice` has no time and can't be trusted.)
fn told_extended(meta: &Value) -> Option<(Decimal, Timestamp)> {
    let found = |price: &str, time: &str| Some((read::price(&meta[price])?, read::seconds(&meta[time])?));
    let pre = found("preMarketPrice", "preMarketTime");
    let post = found("postMarketPrice", "postMarketTime");
    // Not recorded: clients of the quote answer have found these names there.
    let night = found("overnightMarketPrice", "overnightMarketTime");
    pre.into_iter().chain(post).chain(night).max_by_key(|(_, at)| *at)
}

/// Close and start of the last bar that has a price, rounded as the symbol is quoted. The start is the more cautious
/// time of the two that it could be given.
fn last_bar(result: &Value) -> Option<(Decimal, Timestamp)> {
    let times = result["timestamp"].as_array()?;
    let closes = result["indicators"]["quote"][0]["close"].as_array()?;
    let digits = result["meta"]["priceHint"].as_u64().map_or(2, |hint| hint.min(8) as u32);
    let bars = times.iter().zip(closes).rev();
    let (time, close) =
        bars.map(|(time, close)| (read::seconds(time), read::price(close))).find(|(_, close)| close.is_some())?;
    let rounded = close?.round_dp(digits);
    (!rounded.is_zero()).then_some((rounded, time?))
}

/// The bounds of the source's own day: they know of closures that no calendar foresaw.
#[derive(Debug, Default)]
struct Periods {
    pre: Option<(Timestamp, Timestamp)>,
    regular: Option<(Timestamp, Timestamp)>,
    post: Option<(Timestamp, Timestamp)>,
}

fn periods(meta: &Value) -> Periods {
    let period = |name: &str| {
        let period = &meta["currentTradingPeriod"][name];
        Some((read::seconds(&period["start"])?, read::seconds(&period["end"])?))
    };
    Periods { pre: period("pre"), regular: period("regular"), post: period("post") }
}

impl Periods {
    fn at(&self, at: Timestamp) -> Option<Session> {
        let holds = |period: Option<(Timestamp, Timestamp)>| period.is_some_and(|(start, end)| start <= at && at < end);
        [(self.pre, Session::Pre), (self.regular, Session::Regular), (self.post, Session::Post)]
            .into_iter()
            .find_map(|(period, session)| holds(period).then_some(session))
    }

    /// The session that is now. Outside of these bounds the source says that it is closed if they are today's.
    fn session(&self, moment: Moment) -> Option<Session> {
        let over = self
            .post
            .or(self.regular)
            .is_some_and(|(_, end)| end <= moment.now && moment.calendar.date(end) == moment.calendar.date(moment.now));
        self.at(moment.now).or(over.then_some(Session::Closed))
    }
}

fn read_bars(body: &[u8]) -> Result<Vec<Candle>, ReadError> {
    let result = result(body)?;
    let Some(times) = result["timestamp"].as_array() else { return Ok(Vec::new()) };
    let quote = &result["indicators"]["quote"][0];
    let regular = periods(&result["meta"]).regular;
    Ok(times.iter().enumerate().filter_map(|(index, time)| bar(quote, index, time, regular)).collect())
}

/// One bar; None where any of its four prices is missing. The zero volume of extended hours is no volume.
fn bar(quote: &Value, index: usize, time: &Value, regular: Option<(Timestamp, Timestamp)>) -> Option<Candle> {
    let time = read::seconds(time)?;
    let price = |name: &str| read::bar_price(&quote[name][index]);
    let volume = read::volume(&quote["volume"][index])
        .filter(|volume| *volume > 0.0 || regular.is_none_or(|(open, close)| open <= time && time < close));
    Some(read::candle(time, [price("open")?, price("high")?, price("low")?, price("close")?], volume))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::float_cmp)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::session::{Calendar, new_york};
    use crate::market::read::tests::{recorded, recordings};

    fn ny(text: &str) -> Timestamp {
        let civil: jiff::civil::DateTime = text.parse().unwrap();
        civil.to_zoned_datetime(new_york()).unwrap().timestamp()
    }

    fn price_of(symbol: &str, body: &[u8], now: &str) -> Result<Tick, ReadError> {
        let calendar = Calendar::new(&[], &[], false);
        let moment = Moment { now: ny(now), calendar: &calendar };
        tick(moment, symbol, &result(body)?)
    }

    /// Charts as `spark` answers them, by the shape that clients of the site read.
    fn spark(results: Value) -> Vec<u8> {
        json!({"spark": {"result": results, "error": null}}).to_string().into_bytes()
    }

    fn prices_in(symbols: &[&str], body: &[u8]) -> Result<Vec<Tick>, ReadError> {
        let calendar = Calendar::new(&[], &[], false);
        let moment = Moment { now: ny("2026-11-23 12:00"), calendar: &calendar };
        let symbols: Vec<String> = symbols.iter().map(|symbol| symbol.to_string()).collect();
        read_prices(moment, &symbols, &[body.to_vec()])
    }

    #[test]
    fn many_symbols_in_one_answer() {
        let one = |symbol: &str, price: Value, closes: Value| {
            let meta = json!({"regularMarketPrice": price, "previousClose": 180.5, "regularMarketTime": 1_795_456_800});
            let quote = json!([{"close": closes}]);
            let response = json!([{"meta": meta, "timestamp": [1_795_456_200, 1_795_456_500, 1_795_456_800], "indicators": {"quote": quote}}]);
            json!({"symbol": symbol, "response": response})
        };
        let body = spark(json!([
            one("NVDA", json!(181.25), json!([180.0, null, 181.25])),
            one("^VIX", json!(null), json!([])),
            null,
            {"symbol": "AMD"},
            {"symbol": "MU", "response": []},
            one("M&M.NS", json!(3_100.5), json!(["x", -1, 3_100.5])),
        ]));
        let ticks = prices_in(&["M&M.NS", "NVDA", "^VIX", "AMD", "MU", "GONE"], &body).unwrap();
        let found: Vec<(&str, String)> =
            ticks.iter().map(|tick| (tick.spelled.as_str(), tick.price.to_string())).collect();
        assert_eq!(found, [("M&M.NS", "3100.5".into()), ("NVDA", "181.25".into())], "in the order asked for");
        assert_eq!(ticks[1].base, Some(number("180.5")));
        let closes = read_closes(&body).unwrap();
        let counts: Vec<(&str, usize)> = closes.iter().map(|(symbol, bars)| (symbol.as_str(), bars.len())).collect();
        assert_eq!(counts, [("NVDA", 2), ("^VIX", 0), ("M&M.NS", 1)]);
        assert_eq!(closes[0].1[1].close, 181.25);
        assert_eq!(prices_in(&["^VIX"], &body), Err(ReadError::NoPrice));
        assert_eq!(prices_in(&["GONE"], &body), Err(ReadError::Unknown), "left out");
    }

    #[test]
    fn answers_of_many_that_hold_nothing() {
        let refused = |code: &str, text: &str| {
            json!({"spark": {"result": null, "error": {"code": code, "description": text}}}).to_string().into_bytes()
        };
        for (body, expected) in [
            (refused("Bad Request", "Number of symbols needs to be less than or equal to 20"), ReadError::Shape),
            (refused("Not Found", "No data found for all symbols"), ReadError::Unknown),
            (spark(json!([])), ReadError::Unknown),
            (spark(json!({})), ReadError::Shape),
            (b"{}".to_vec(), ReadError::Shape),
            (b"Too Many Requests".to_vec(), ReadError::Refused),
            (b"<html>".to_vec(), ReadError::WebPage),
        ] {
            assert_eq!(prices_in(&["NVDA", "AMD"], &body), Err(expected), "{}", String::from_utf8_lossy(&body));
        }
    }

    fn number(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    #[ignore = "needs the recordings"]
    fn recorded_prices() {
        let cases = [
            ("chart_v8_NVDA_5m_1d_prepost", "NVDA", "2026-09-11 19:56", "218.29", Some("218.36"), Some(Session::Post)),
            ("chart_v8_NVDA_1h_1d", "NVDA", "2024-05-03 16:30", "887.89", Some("858.17"), Some(Session::Post)),
            ("chart_v8_AAPL_1m_weekend_empty", "AAPL", "2025-02-19 22:00", "244.87", Some("244.47"), None),
            ("chart_v8_AAPL_afterhours_fulldayPrice", "AAPL", "2025-09-10 16:30", "315.34", Some("316.22"), None),
            // One daily bar of 2022: the close before the window is not the previous close.
            ("chart_v8_AAPL_1d_1bar", "AAPL", "2025-03-24 10:00", "220.003", None, Some(Session::Regular)),
            ("chart_v8_BTC-USD_1d", "BTC-USD", "2025-02-20 10:00", "97208.17", None, None),
        ];
        for (file, symbol, now, price, base, session) in cases {
            let body = recorded(&format!("yahoo/{file}.json"));
            let tick = price_of(symbol, &body, now).unwrap();
            assert_eq!(tick.price, number(price), "{file}");
            assert_eq!(tick.base, base.map(number), "{file}");
            assert_eq!(tick.session, session, "{file}");
            assert_eq!(tick.currency.as_deref(), Some("USD"), "{file}");
        }
    }

    #[test]
    #[ignore = "needs the recordings"]
    fn recorded_extended_price() {
        let body = recorded("yahoo/chart_v8_NVDA_5m_1d_prepost.json");
        let tick = price_of("NVDA", &body, "2026-09-11 19:56").unwrap();
        let expected =
            Extended { price: number("218.64"), session: Session::Post, exchange_time: Some(ny("2026-09-11 19:55")) };
        assert_eq!(tick.extended, Some(expected));
        assert_eq!(tick.time, Some(ny("2026-09-11 16:00:01")));
    }

    /// Every recording of Yahoo, by what comes of it: bars of a chart, frames of the streamer, headers, or a refusal.
    /// The `v7` quote, search and crumb are not asked for; their answers are no prices of a chart.
    #[test]
    #[ignore = "needs the recordings"]
    fn every_recorded_answer_is_read_or_refused() {
        let cases = [
            ("chart_v8_404_unknown.json", Err(ReadError::Unknown)),
            ("chart_v8_422_range.json", Err(ReadError::Shape)),
            ("chart_v8_AAPL_1d_1bar.json", Ok(1)),
            ("chart_v8_AAPL_1d_6mo.json", Ok(127)),
            ("chart_v8_AAPL_1m_weekend_empty.json", Ok(0)),
            ("chart_v8_AAPL_afterhours_fulldayPrice.json", Ok(2)),
            ("chart_v8_BTC-USD_1d.json", Ok(3)),
            ("chart_v8_MUV2.DE_1d_b.json", Ok(124)),
            // Closes alone, and one of them null, are no candles.
            ("chart_v8_MUV2.DE_1d_with_nulls.json", Ok(0)),
            ("chart_v8_NVDA_1d_split_2021.json", Ok(252)),
            ("chart_v8_NVDA_1h_1d.json", Ok(8)),
            ("chart_v8_NVDA_5m_1d_prepost.json", Ok(162)),
            ("chart_v8_VFINX_fund.json", Ok(163)),
            ("chart_v8_WSU.DE_thin.json", Ok(3)),
            ("error_401_invalid_cookie.json", Err(ReadError::Shape)),
            ("error_401_invalid_crumb.json", Err(ReadError::Shape)),
            ("error_401_unable_to_access.json", Err(ReadError::Shape)),
            ("error_429.txt", Err(ReadError::Refused)),
            ("error_429_edge.txt", Err(ReadError::Refused)),
            ("eu_consent_redirect_307.txt", Err(ReadError::Shape)),
            ("getcrumb_ok.txt", Err(ReadError::Shape)),
            ("quoteSummary_404_no_data.json", Err(ReadError::Shape)),
        ];
        let mut left: Vec<String> = recordings("yahoo");
        left.retain(|file| !file.ends_with("_headers.txt") && !file.starts_with("ws_streamer"));
        for (file, expected) in cases {
            let body = recorded(&format!("yahoo/{file}"));
            assert_eq!(read_bars(&body).map(|bars| bars.len()), expected, "{file}");
            left.retain(|other| other != file);
        }
        for file in left {
            assert!(file.starts_with("quote_v7_") || file.starts_with("search_v1_"), "{file} is read by no test");
            let body = recorded(&format!("yahoo/{file}"));
            assert_eq!(read_bars(&body), Err(ReadError::Shape), "{file}");
            assert_eq!(price_of("AAPL", &body, "2026-11-23 12:00"), Err(ReadError::Shape), "{file}");
        }
    }

    #[test]
    #[ignore = "needs the recordings"]
    fn the_recorded_edge_keeps_answers_for_ten_seconds() {
        let headers = recorded("yahoo/chart_v8_response_headers.txt");
        assert!(String::from_utf8(headers).unwrap().contains("max-age=10"));
        assert!(SOURCE.spacing >= Duration::from_secs(10));
    }

    #[test]
    #[ignore = "needs the recordings"]
    fn volume_only_where_it_means_something() {
        let body = recorded("yahoo/chart_v8_NVDA_5m_1d_prepost.json");
        let bars = read_bars(&body).unwrap();
        let open = ny("2026-09-11 09:30");
        assert!(bars.iter().filter(|bar| bar.time < open).all(|bar| bar.volume.is_none()));
        assert!(bars.iter().any(|bar| bar.time == open && bar.volume == Some(1_408_699.0)));
    }

    /// An answer of our own: regular price of Friday the 20th, asked for on Monday before the bell.
    fn before_the_bell(previous: Value, bars: Value, closes: Value) -> Vec<u8> {
        let period = |start: &str, end: &str| json!({"start": ny(start).as_second(), "end": ny(end).as_second()});
        json!({"chart": {"error": null, "result": [{
            "meta": {
                "currency": "USD", "symbol": "NVDA", "range": "1d", "priceHint": 2,
                "regularMarketPrice": 180.5, "regularMarketTime": ny("2026-11-20 16:00:01").as_second(),
                "previousClose": previous, "chartPreviousClose": previous,
                "currentTradingPeriod": {
                    "pre": period("2026-11-23 04:00", "2026-11-23 09:30"),
                    "regular": period("2026-11-23 09:30", "2026-11-23 16:00"),
                    "post": period("2026-11-23 16:00", "2026-11-23 20:00"),
                },
                "tradingPeriods": [[]],
            },
            "timestamp": bars,
            "indicators": {"quote": [{"close": closes}]},
        }]}})
        .to_string()
        .into_bytes()
    }

    #[test]
    fn a_close_is_no_base_for_itself() {
        let bars = json!([ny("2026-11-23 05:00").as_second(), ny("2026-11-23 05:05").as_second()]);
        let body = before_the_bell(json!(180.5), bars.clone(), json!([181.118_99, null]));
        let tick = price_of("NVDA", &body, "2026-11-23 05:06").unwrap();
        assert_eq!((tick.base, tick.session), (None, Some(Session::Pre)));
        let expected =
            Extended { price: number("181.12"), session: Session::Pre, exchange_time: Some(ny("2026-11-23 05:00")) };
        assert_eq!(tick.extended, Some(expected));
        let body = before_the_bell(json!(178.25), bars, json!([181, null]));
        assert_eq!(price_of("NVDA", &body, "2026-11-23 05:06").unwrap().base, Some(number("178.25")));
    }

    #[test]
    fn a_bar_of_the_night_is_an_extended_price() {
        let calendar = Calendar::new(&[], &[], true);
        let night = ny("2026-12-07 22:05");
        let body = json!({"chart": {"error": null, "result": [{
            "meta": {"currency": "USD", "symbol": "NVDA", "range": "1d", "regularMarketPrice": 180.5,
                "regularMarketTime": ny("2026-12-07 16:00:01").as_second(), "previousClose": 178,
                "postMarketPrice": 181, "postMarketTime": ny("2026-12-07 19:59:40").as_second()},
            "timestamp": [ny("2026-12-07 19:55").as_second(), night.as_second()],
            "indicators": {"quote": [{"close": [181, 182.5]}]},
        }]}});
        let moment = Moment { now: ny("2026-12-07 22:10"), calendar: &calendar };
        let ticks = [tick(moment, "NVDA", &result(body.to_string().as_bytes()).unwrap()).unwrap()];
        let expected = Extended { price: number("182.5"), session: Session::Overnight, exchange_time: Some(night) };
        assert_eq!((ticks[0].price, &ticks[0].extended), (number("180.5"), &Some(expected)));
    }

    #[test]
    fn bars_of_the_evening_before_are_not_this_morning() {
        let body = before_the_bell(json!(178.25), json!([ny("2026-11-20 19:55").as_second()]), json!([181.5]));
        let tick = price_of("NVDA", &body, "2026-11-23 04:00:30").unwrap();
        assert_eq!(tick.extended.unwrap().session, Session::Post);
        let body = before_the_bell(json!(178.25), json!([ny("2026-11-20 15:55").as_second()]), json!([181.5]));
        assert_eq!(price_of("NVDA", &body, "2026-11-23 04:00:30").unwrap().extended, None);
    }

    #[test]
    fn no_price_is_made_up() {
        for price in [json!(0), json!(-5), json!(null), json!("N/A"), json!("NaN"), json!([])] {
            let body = json!({"chart": {"result": [{"meta": {"regularMarketPrice": price, "previousClose": 5}}], "error": null}});
            assert_eq!(
                price_of("NVDA", body.to_string().as_bytes(), "2026-11-23 12:00"),
                Err(ReadError::NoPrice),
                "{body}"
            );
        }
        for body in [json!([]), json!({"chart": []}), json!({"chart": {"result": []}}), json!(5)] {
            assert_eq!(
                price_of("NVDA", body.to_string().as_bytes(), "2026-11-23 12:00"),
                Err(ReadError::Shape),
                "{body}"
            );
        }
    }

    #[test]
    fn spelling_and_addresses() {
        let access = Access { base: "http://host/yahoo", key: None };
        let day = ask_bars(access, "^GSPC", Span::Day, Timestamp::UNIX_EPOCH);
        assert_eq!(day.urls, ["http://host/yahoo/v8/finance/chart/%5EGSPC?interval=5m&range=1d&includePrePost=true"]);
        let names = ["^GSPC", "M&M.NS", "EURUSD=X", "7203.T"].map(String::from);
        let day = ask_closes(access, &names, Span::Day);
        let symbols = "%5EGSPC,M%26M.NS,EURUSD%3DX,7203.T";
        let url =
            format!("http://host/yahoo/v7/finance/spark?symbols={symbols}&range=1d&interval=5m&includePrePost=true");
        assert_eq!(day.urls, [url]);
        assert_eq!(day.urls, ask_prices(access, &names), "one answer serves prices and closes");
        assert_eq!(spell("BRK-B").as_deref(), Some("BRK-B"));
        assert_eq!(spell("../x"), None);
        assert_eq!(spell(""), None);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(numbers: Vec<Option<f64>>, times: Vec<i64>, price: f64, hint: u64, cut in 0usize..400) {
            let body = json!({"chart": {"result": [{
                "meta": {"regularMarketPrice": price, "previousClose": price, "priceHint": hint, "regularMarketTime": times.first()},
                "timestamp": times, "indicators": {"quote": [{"open": numbers, "high": numbers, "low": numbers, "close": numbers}]},
            }]}}).to_string();
            for body in [body.as_bytes(), body.as_bytes().get(..cut).unwrap_or_default()] {
                let _ = price_of("NVDA", body, "2026-11-23 12:00");
                let _ = read_bars(body);
                let spark = String::from_utf8_lossy(body).replace("\"chart\"", "\"spark\"").replace("[{\"meta", "[{\"symbol\":\"NVDA\",\"response\":[{\"meta");
                let _ = prices_in(&["NVDA"], spark.as_bytes());
                let _ = read_closes(spark.as_bytes());
            }
        }
    }
}
