//! Alpaca's overnight feed, with the same key: what trades on Blue Ocean ATS from 20:00 to 04:00; documented, not recorded.
//!
//! A source of its own, since its trades are of another venue and not every plan has them: a refusal here must not cost the
//! prices of the day. Its snapshots don't tell the regular close; that is asked of the other feed in the same breath. By
//! day it has no price, and its chain goes on.

use std::time::Duration;

use super::super::{Access, Moment, Poll, ReadError, Source, Tick, read};
use super::{answer, price, sign, snapshot, trade_of};
use crate::domain::price::{Extended, Session};

pub(in crate::market) const SOURCE: Source = Source {
    id: "alpaca-overnight",
    title: "Alpaca overnight",
    official: true,
    delay: None,
    terms: "official, with your own key and under its terms: not in every plan",
    needs_key: true,
    base_url: "https://data.alpaca.markets",
    socket_url: None,
    user_agent: None,
    headers: &[("accept", "application/json")],
    sign: Some(sign),
    spacing: Duration::from_secs(2),
    burst: 1,
    timeout: None,
    refusal_wait: Duration::from_mins(10),
    unknown: &[404],
    spell: |symbol| read::share(symbol, "."),
    poll: Some(Poll { every, beside_socket: None, together: 30, ask: ask_price, read: read_price }),
    candles: None,
    closes: None,
    // The key takes one connection, which is that of the day.
    socket: None,
};

/// By day it is only asked to be there when the night begins.
fn every(session: Session) -> Duration {
    match session {
        Session::Overnight => Duration::from_mins(1),
        Session::Closed => Duration::from_mins(10),
        _ => Duration::from_mins(30),
    }
}

fn ask_price(access: Access, spelled: &[String]) -> Vec<String> {
    let symbols = spelled.join(",");
    ["overnight", "iex"].map(|feed| format!("{}/v2/stocks/snapshots?symbols={symbols}&feed={feed}", access.base)).into()
}

/// Two snapshots of each symbol: of the night its last trade, of the day the close.
fn read_price(moment: Moment, spelled: &[String], bodies: &[Vec<u8>]) -> Result<Vec<Tick>, ReadError> {
    let [night, day] = bodies else { return Err(ReadError::Shape) };
    let (night, day) = (answer(night)?, answer(day)?);
    read::those_told(spelled, |id| {
        let (night, day) =
            (snapshot(&night, id).ok_or(ReadError::Unknown)?, snapshot(&day, id).ok_or(ReadError::Unknown)?);
        let now = moment.calendar.night_of(moment.now).ok_or(ReadError::NoPrice)?;
        let (last, at) = trade_of(night).filter(|(_, at)| now.takes(*at)).ok_or(ReadError::NoPrice)?;
        let close = price(moment, id, day).ok_or(ReadError::NoPrice)?;
        let extended = Extended { price: last, session: Session::Overnight, exchange_time: Some(at) };
        Ok(Tick { session: Some(Session::Overnight), extended: Some(extended), ..close })
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::domain::session::Calendar;

    /// Answers of our own: NVDA closed at 181 on Monday 2026-12-07 and trades at 182.25 that night.
    const NIGHT: &[u8] = include_bytes!("../../../tests/fixtures/market/alpaca-overnight/night.json");
    const DAY: &[u8] = include_bytes!("../../../tests/fixtures/market/alpaca-overnight/day.json");

    fn prices(now: &str, night: &[u8], day: &[u8]) -> Result<Vec<Tick>, ReadError> {
        let calendar = Calendar::new(&[], &[], true);
        let moment = Moment { now: now.parse().unwrap(), calendar: &calendar };
        read_price(moment, &["NVDA".into(), "AMD".into()], &[night.to_vec(), day.to_vec()])
    }

    #[test]
    fn the_trade_of_the_night_stands_beside_the_close_of_the_day() {
        let tick = prices("2026-12-08T03:00:00Z", NIGHT, DAY).unwrap().remove(0);
        assert_eq!((tick.price, tick.base), ("181".parse().unwrap(), Some("178".parse().unwrap())));
        assert_eq!(tick.time, Some("2026-12-07T21:00:00Z".parse().unwrap()));
        let extended = tick.extended.unwrap();
        assert_eq!((extended.price, extended.session), ("182.25".parse().unwrap(), Session::Overnight));
        assert_eq!(extended.exchange_time, Some("2026-12-08T02:59:40Z".parse().unwrap()));
    }

    #[test]
    fn by_day_and_without_a_trade_of_this_night_there_is_no_price() {
        assert_eq!(prices("2026-12-08T15:00:00Z", NIGHT, DAY), Err(ReadError::NoPrice), "by day");
        assert_eq!(prices("2026-12-09T03:00:00Z", NIGHT, DAY), Err(ReadError::NoPrice), "the night after");
        let refused = br#"{"message":"subscription does not permit querying overnight data"}"#;
        assert!(prices("2026-12-08T03:00:00Z", refused, DAY).is_err());
        assert_eq!(prices("2026-12-08T03:00:00Z", b"{}", DAY), Err(ReadError::Unknown));
        assert_eq!(prices("2026-12-08T03:00:00Z", b"<html>", DAY), Err(ReadError::WebPage));
    }

    #[test]
    fn both_feeds_are_asked() {
        let asked = ask_price(Access { base: "http://host", key: None }, &["NVDA".into(), "AMD".into()]);
        let address = |feed: &str| format!("http://host/v2/stocks/snapshots?symbols=NVDA,AMD&feed={feed}");
        assert_eq!(asked, [address("overnight"), address("iex")]);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(night: Vec<u8>, day: Vec<u8>) {
            let _ = (prices("2026-12-08T03:00:00Z", &night, DAY), prices("2026-12-08T03:00:00Z", NIGHT, &day));
        }
    }
}
