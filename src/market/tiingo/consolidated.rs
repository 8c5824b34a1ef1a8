//! Tiingo's consolidated prices, with the same key: of the exchanges, alternative venues and OTC together; a beta, documented
//! at tiingo.com/documentation/equity-realtime-stock-data, not recorded.
//!
//! Its rows have the fields that newstape reads of the IEX ones. It is a source of its own because not every plan has it:
//! where it is refused, the chain goes on to `tiingo` behind it. Both count against the same fifty questions an hour. A trade
//! of the night is left out: which day's close `prevClose` then is, is not documented.

use std::time::Duration;

use super::super::{Access, Poll, Source};

pub(in crate::market) const SOURCE: Source = Source {
    id: "tiingo-consolidated",
    title: "Tiingo consolidated",
    terms: "official, with your own key and under its terms: a beta that not every plan has, for your own use",
    unknown: &[],
    refusal_wait: Duration::from_hours(1),
    poll: Some(Poll {
        every: super::every,
        beside_socket: None,
        together: 100,
        ask: ask_price,
        read: super::read_price,
    }),
    ..super::SOURCE
};

fn ask_price(access: Access, spelled: &[String]) -> Vec<String> {
    vec![format!("{}/tiingo/equity/intraday/?tickers={}", access.base, spelled.join(","))]
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::domain::price::Session;
    use crate::domain::session::Calendar;
    use crate::market::{Moment, ReadError, Tick};

    /// An answer of our own: NVDA in the regular session, AMD before the bell, without the prices that a feed may lack.
    const ROWS: &[u8] = include_bytes!("../../../tests/fixtures/market/tiingo-consolidated/rows.json");

    fn prices(symbol: &str, body: &[u8]) -> Result<Vec<Tick>, ReadError> {
        let calendar = Calendar::new(&[], &[], true);
        let moment = Moment { now: "2026-12-07T18:00:00Z".parse().unwrap(), calendar: &calendar };
        (SOURCE.poll.unwrap().read)(moment, &[symbol.into()], &[body.to_vec()])
    }

    #[test]
    fn rows_are_read_as_those_of_iex() {
        let tick = prices("NVDA", ROWS).unwrap().remove(0);
        assert_eq!((tick.price, tick.base), ("182.5".parse().unwrap(), Some("178".parse().unwrap())));
        let tick = prices("AMD", ROWS).unwrap().remove(0);
        assert_eq!((tick.price, tick.extended.unwrap().session), ("208".parse().unwrap(), Session::Pre));
        assert_eq!(prices("QQQ", ROWS), Err(ReadError::NoPrice), "of the night before");
        assert_eq!(prices("SPY", ROWS), Err(ReadError::Unknown));
        let refused = br#"{"detail":"You do not have permission to access this API"}"#;
        assert_eq!(prices("NVDA", refused), Err(ReadError::NoPrice));
    }

    #[test]
    fn one_question_serves_all() {
        let asked = ask_price(Access { base: "http://host", key: None }, &["NVDA".into(), "BRK-B".into()]);
        assert_eq!(asked, ["http://host/tiingo/equity/intraday/?tickers=NVDA,BRK-B"]);
    }
}
