//! Alpaca, with a key: US shares as they trade on IEX alone; documented at docs.alpaca.markets.
//!
//! IEX sees a few of a hundred trades: its volume is not the market's and is not taken. The key is an id and a secret
//! with a colon between them, sent as two headers; the socket is sent them first of all, takes one connection for each
//! key, and tells trades of every session without the previous close. Those outside the regular session are left out
//! there, for without its close they say nothing. A snapshot has the bars of the last two days beside the last trade.

pub(super) mod overnight;

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{Access, Frame, Moment, Poll, ReadError, SocketSpec, Source, Tick, read};
use crate::domain::price::{Extended, Session};

pub(super) const SOURCE: Source = Source {
    id: "alpaca",
    title: "Alpaca",
    official: true,
    delay: None,
    terms: "official, with your own key and under its terms: the free plan has the trades on IEX alone, no volume is shown",
    needs_key: true,
    base_url: "https://data.alpaca.markets",
    socket_url: Some("wss://stream.data.alpaca.markets/v2/iex"),
    user_agent: None,
    headers: &[("accept", "application/json")],
    sign: Some(sign),
    spacing: Duration::from_secs(1),
    burst: 1,
    timeout: None,
    refusal_wait: Duration::from_mins(1),
    unknown: &[404],
    spell: |symbol| read::share(symbol, "."),
    poll: Some(Poll { every, beside_socket: None, together: 30, ask: ask_price, read: read_price }),
    candles: None,
    closes: None,
    socket: Some(SocketSpec {
        address: None,
        hello: Some(hello),
        headers: &[],
        subscribe: |ids| say("subscribe", ids),
        unsubscribe: |ids| say("unsubscribe", ids),
        beat: None,
        read: read_frame,
        // IEX may have no trade of a share for minutes, and none at night.
        quiet: Duration::from_mins(10),
        renew: Duration::from_hours(12),
    }),
};

/// Sale conditions (CTA and UTP plans) under which a trade is not at the price of its moment: averages, sold late or out
/// of sequence, for later delivery, derived, contingent.
const NOT_NOW: [&str; 14] = ["4", "7", "B", "C", "G", "H", "L", "N", "P", "R", "U", "V", "W", "Z"];

fn every(session: Session) -> Duration {
    match session {
        Session::Regular | Session::Always => Duration::from_secs(15),
        Session::Pre | Session::Post | Session::Overnight => Duration::from_mins(1),
        Session::Closed => Duration::from_mins(10),
    }
}

fn sign(key: &str) -> Vec<(&'static str, String)> {
    let (id, secret) = key.split_once(':').unwrap_or((key, ""));
    vec![("apca-api-key-id", id.to_string()), ("apca-api-secret-key", secret.to_string())]
}

fn ask_price(access: Access, spelled: &[String]) -> Vec<String> {
    vec![format!("{}/v2/stocks/snapshots?symbols={}&feed=iex", access.base, spelled.join(","))]
}

/// Snapshots by symbol; an answer about one symbol may be that alone.
fn read_price(moment: Moment, spelled: &[String], bodies: &[Vec<u8>]) -> Result<Vec<Tick>, ReadError> {
    let [body] = bodies else { return Err(ReadError::Shape) };
    let answer = answer(body)?;
    read::those_told(spelled, |id| {
        price(moment, id, snapshot(&answer, id).ok_or(ReadError::Unknown)?).ok_or(ReadError::NoPrice)
    })
}

fn snapshot<'a>(answer: &'a Value, id: &str) -> Option<&'a Value> {
    let alone = answer["symbol"].as_str() == Some(id);
    let snapshot = if alone { Some(answer) } else { answer.get(id) };
    snapshot.filter(|snapshot| snapshot.is_object())
}

/// The last trade of a snapshot: its price and time.
fn trade_of(snapshot: &Value) -> Option<(Decimal, Timestamp)> {
    read::price(&snapshot["latestTrade"]["p"]).zip(read::time(&snapshot["latestTrade"]["t"]))
}

/// An answer as JSON; errors are objects with a message.
fn answer(body: &[u8]) -> Result<Value, ReadError> {
    let answer = read::json(body)?;
    let message = answer["message"].as_str().map(str::to_lowercase);
    match message.as_deref() {
        Some(message) if message.contains("too many") || message.contains("limit") => Err(ReadError::Refused),
        Some(message) if message.contains("forbidden") || message.contains("authorized") => Err(ReadError::Refused),
        Some(message) if message.contains("invalid symbol") => Err(ReadError::Unknown),
        Some(_) => Err(ReadError::NoPrice),
        None if answer.is_object() => Ok(answer),
        None => Err(ReadError::Shape),
    }
}

/// A close of one day.
struct Day {
    date: Date,
    close: Decimal,
}

/// In the regular session the last trade is the price. Outside it that is the extended price, beside the close of the
/// last day that has begun: before the bell today's bar would hold what traded early.
fn price(moment: Moment, id: &str, snapshot: &Value) -> Option<Tick> {
    let calendar = moment.calendar;
    let trade = trade_of(snapshot);
    let mut days = ["dailyBar", "prevDailyBar"].into_iter().filter_map(|bar| day(moment, &snapshot[bar]));
    let session = calendar.session(moment.now);
    if let Some((price, at)) = trade.filter(|(_, at)| calendar.session(*at) == Session::Regular) {
        let before = days.find(|day| day.date < calendar.date(at));
        return Some(tick(id, price, before.map(|day| day.close), Some(session), Some(at)));
    }
    let last = days.next()?;
    let closed = calendar.day(last.date).map(|day| day.close).filter(|close| *close <= moment.now);
    let extended = trade.filter(|(_, at)| closed.is_some_and(|closed| *at >= closed)).and_then(|(price, at)| {
        Some(Extended { price, session: calendar.extended_session(at)?, exchange_time: Some(at) })
    });
    let base = days.next().map(|day| day.close);
    Some(Tick { extended, ..tick(id, last.close, base, Some(session), closed) })
}

/// A daily bar of a day whose regular session has begun.
fn day(moment: Moment, bar: &Value) -> Option<Day> {
    let date = moment.calendar.date(read::time(&bar["t"])?);
    let begun = moment.calendar.day(date)?.open <= moment.now;
    Some(Day { date, close: read::price(&bar["c"])? }).filter(|_| begun)
}

fn tick(id: &str, price: Decimal, base: Option<Decimal>, session: Option<Session>, time: Option<Timestamp>) -> Tick {
    Tick { spelled: id.to_string(), price, base, currency: None, session, time, order: None, extended: None }
}

fn hello(access: Access) -> Vec<String> {
    let (id, secret) = access.key.and_then(|key| key.split_once(':')).unwrap_or_default();
    vec![json!({"action": "auth", "key": id, "secret": secret}).to_string()]
}

fn say(action: &str, ids: &[String]) -> Vec<String> {
    vec![json!({"action": action, "trades": ids}).to_string()]
}

/// A list of messages, distinguished by `T`.
fn read_frame(moment: Moment, text: &str) -> Vec<Frame> {
    let Ok(Value::Array(messages)) = serde_json::from_str::<Value>(text) else { return Vec::new() };
    let frame = |message: &Value| match message["T"].as_str() {
        Some("t") => trade(moment, message),
        Some("success" | "subscription") => Some(Frame::Beat),
        Some("error") => Some(refusal(message)),
        _ => None,
    };
    messages.iter().filter_map(frame).collect()
}

/// A trade; one of another session, or not at the price of its moment, is a sign of life only.
fn trade(moment: Moment, message: &Value) -> Option<Frame> {
    let (id, price, at) = (message["S"].as_str()?, read::price(&message["p"])?, read::time(&message["t"])?);
    let conditions = message["c"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let is_now = conditions.into_iter().all(|condition| !NOT_NOW.contains(&condition));
    let regular = moment.calendar.session(at) == Session::Regular;
    let tick = tick(id, price, None, Some(Session::Regular), Some(at));
    Some(if regular && is_now { Frame::Tick(Tick { order: message["i"].as_u64(), ..tick }) } else { Frame::Beat })
}

/// `{"T":"error","code":406,"msg":"connection limit exceeded"}`. 403 is no trouble: known already.
fn refusal(message: &Value) -> Frame {
    let why = message["msg"].as_str().unwrap_or("no reason given");
    match message["code"].as_i64() {
        Some(403) => Frame::Beat,
        _ => Frame::Refused { spelled: None, said: read::said(why) },
    }
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

    fn prices(now: &str, spelled: &[&str], body: &[u8]) -> Result<Vec<Tick>, ReadError> {
        let calendar = Calendar::new(&[], &[], false);
        let moment = Moment { now: now.parse().unwrap(), calendar: &calendar };
        read_price(moment, &spelled.iter().map(ToString::to_string).collect::<Vec<_>>(), &[body.to_vec()])
    }

    #[test]
    #[ignore = "needs the recordings"]
    fn the_sample_of_a_snapshot() {
        let body = recorded("alpaca/snapshot_full.json");
        let tick = prices("2026-07-10T16:00:05Z", &["AAPL"], &body).unwrap().remove(0);
        assert_eq!((tick.price, tick.base), ("214.53".parse().unwrap(), Some("210.4".parse().unwrap())));
        assert_eq!(tick.time, Some("2026-07-10T15:59:58Z".parse().unwrap()));
        assert_eq!(tick.extended, None);
        assert_eq!(prices("2026-07-10T16:00:05Z", &["NVDA"], &body), Err(ReadError::Unknown));
    }

    /// Of our own: Monday the 23rd, the Friday before, and a last trade.
    fn snapshot(trade: &str, today: &str, before: &str) -> Vec<u8> {
        let trade = json!({"p": 182.5, "t": trade, "s": 100, "x": "V"});
        let bar = |date: &str, close: f64| json!({"t": format!("{date}T05:00:00Z"), "c": close, "v": 9_000});
        json!({"NVDA": {"latestTrade": trade, "dailyBar": bar(today, 181.0), "prevDailyBar": bar(before, 178.0)}})
            .to_string()
            .into_bytes()
    }

    #[test]
    fn the_close_and_the_extended_price_are_kept_apart() {
        // When, the trade, the two bars; price, base, extended.
        let cases = [
            ("18:00", "2026-11-23T17:59:50Z", "2026-11-23", "2026-11-20", ("182.5", Some("178"), None)),
            // Just after the bell today's bar may not be there yet.
            ("14:31", "2026-11-23T14:30:50Z", "2026-11-20", "2026-11-19", ("182.5", Some("181"), None)),
            ("22:00", "2026-11-23T21:59:50Z", "2026-11-23", "2026-11-20", ("181", Some("178"), Some(Session::Post))),
            ("13:00", "2026-11-23T12:59:50Z", "2026-11-20", "2026-11-19", ("181", Some("178"), Some(Session::Pre))),
            // A bar of what traded early is no close.
            ("13:00", "2026-11-23T12:59:50Z", "2026-11-23", "2026-11-20", ("178", None, Some(Session::Pre))),
        ];
        for (clock, trade, today, before, expected) in cases {
            let now = format!("2026-11-23T{clock}:00Z");
            let tick = prices(&now, &["NVDA", "AMD"], &snapshot(trade, today, before)).unwrap().remove(0);
            let base = tick.base.map(|base| base.to_string());
            let found = (tick.price.to_string(), base, tick.extended.map(|extended| extended.session));
            assert_eq!(
                found,
                (expected.0.to_string(), expected.1.map(String::from), expected.2),
                "{now} {trade} {today}"
            );
        }
    }

    #[test]
    fn no_price_is_made_up() {
        for price in ["0", "-5", "null", "\"N/A\"", "\"NaN\""] {
            let body = format!(r#"{{"NVDA":{{"latestTrade":{{"p":{price},"t":"2026-11-23T17:59:50Z"}}}}}}"#);
            assert_eq!(prices("2026-11-23T18:00:00Z", &["NVDA"], body.as_bytes()), Err(ReadError::NoPrice), "{price}");
        }
        let cases = [
            (r#"{"NVDA":null}"#, ReadError::Unknown),
            ("{}", ReadError::Unknown),
            ("[]", ReadError::Shape),
            (r#"{"NVDA":{"latestTrade":{"p":1e400}}}"#, ReadError::Shape),
            (r#"{"message":"forbidden."}"#, ReadError::Refused),
            (r#"{"code":40010001,"message":"invalid symbol(s)"}"#, ReadError::Unknown),
            (r#"{"message":"too many requests."}"#, ReadError::Refused),
        ];
        for (body, expected) in cases {
            assert_eq!(prices("2026-11-23T18:00:00Z", &["NVDA"], body.as_bytes()), Err(expected), "{body}");
        }
    }

    #[test]
    #[ignore = "needs the recordings"]
    fn the_sample_of_a_socket() {
        let lines = frames("alpaca/ws_iex_transcript.txt");
        let read: Vec<Frame> = lines.iter().flat_map(|line| frame(line)).collect();
        let [Frame::Beat, Frame::Beat, Frame::Beat, Frame::Tick(tick), Frame::Refused { spelled: None, said: why }] =
            read.as_slice()
        else {
            panic!("connected, known, subscribed, a trade, refused: {read:?}");
        };
        assert_eq!((tick.spelled.as_str(), tick.price), ("NVDA", "126.55".parse().unwrap()));
        assert_eq!((tick.base, tick.order, why.as_str()), (None, Some(96_921), "connection limit exceeded"));
    }

    #[test]
    fn trades_at_another_price_than_that_of_the_moment() {
        let trade = |price: &str, time: &str, condition: &str| {
            frame(&format!(r#"[{{"T":"t","S":"NVDA","p":{price},"t":"{time}","c":["@","{condition}"]}}]"#))
        };
        let noon = "2026-11-23T17:00:00.123456789Z";
        assert_eq!(only_tick(&trade("180.5", noon, "I")).price, "180.5".parse().unwrap());
        assert_eq!(trade("180.5", noon, "W"), [Frame::Beat]);
        assert_eq!(trade("180.5", "2026-11-23T22:00:00Z", "I"), [Frame::Beat], "after the bell");
        for price in ["0", "-5", "null", "\"NaN\"", "1e400"] {
            assert_eq!(trade(price, noon, "I"), [], "{price}");
        }
        assert_eq!(frame(r#"[{"T":"error","code":403,"msg":"already authenticated"}]"#), [Frame::Beat]);
        for odd in ["", "null", "[]", "[5]", "5", "{}", "not json", r#"[{"T":5}]"#, r#"[{"T":"q"}]"#] {
            assert_eq!(frame(odd), [], "{odd}");
        }
    }

    #[test]
    fn the_key_is_an_id_and_a_secret() {
        let access = Access { base: "http://host", key: Some("id:se:cret") };
        let headers = [("apca-api-key-id", "id".to_string()), ("apca-api-secret-key", "se:cret".to_string())];
        assert_eq!(sign("id:se:cret"), headers);
        assert_eq!(hello(access), [r#"{"action":"auth","key":"id","secret":"se:cret"}"#]);
        assert_eq!(say("subscribe", &["NVDA".into()]), [r#"{"action":"subscribe","trades":["NVDA"]}"#]);
        let asked = ask_price(access, &["NVDA".into(), "BRK.B".into()]);
        assert_eq!(asked, ["http://host/v2/stocks/snapshots?symbols=NVDA,BRK.B&feed=iex"]);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text: String, number: f64, second in -377_705_023_201_i64..253_402_207_200) {
            frame(&text);
            let _ = (prices("2026-11-23T18:00:00Z", &[&text], text.as_bytes()), sign(&text));
            let time = Timestamp::from_second(second).unwrap().to_string();
            let bar = json!({"t": time, "c": number, "p": number});
            let body = json!({text.clone(): {"latestTrade": bar, "dailyBar": bar, "prevDailyBar": bar}});
            let _ = prices("2026-11-23T18:00:00Z", &[&text], body.to_string().as_bytes());
            frame(&json!([{"T": "t", "S": text, "p": number, "t": time, "c": [text]}]).to_string());
            frame(&json!([{"T": "error", "msg": text}]).to_string());
        }
    }
}
