//! The JSON of commands: one object a line, `snake_case`, times RFC 3339 in UTC, prices and moves as numbers, unknown
//! values null or absent.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::Serialize;

use crate::domain::price::{Quote, Session, State};

/// A quote as `prices --json` prints it.
#[derive(Debug, Serialize)]
pub(super) struct QuoteLine<'a> {
    symbol: &'a str,
    #[serde(with = "rust_decimal::serde::float_option")]
    price: Option<Decimal>,
    currency: Option<&'a str>,
    #[serde(with = "rust_decimal::serde::float_option")]
    change: Option<Decimal>,
    #[serde(with = "rust_decimal::serde::float_option")]
    change_percent: Option<Decimal>,
    state: &'static str,
    source: Option<&'a str>,
    session: Option<Session>,
    exchange_time: Option<Timestamp>,
    received_time: Option<Timestamp>,
    extended: Option<ExtendedLine>,
}

#[derive(Debug, Serialize)]
struct ExtendedLine {
    #[serde(with = "rust_decimal::serde::float")]
    price: Decimal,
    #[serde(with = "rust_decimal::serde::float_option")]
    change: Option<Decimal>,
    #[serde(with = "rust_decimal::serde::float_option")]
    change_percent: Option<Decimal>,
    session: Session,
    exchange_time: Option<Timestamp>,
}

impl<'a> QuoteLine<'a> {
    pub(super) fn new(symbol: &'a str, quote: Option<&'a Quote>, state: &State) -> QuoteLine<'a> {
        let percent = |percent: Decimal| percent.round_dp(4);
        QuoteLine {
            symbol,
            price: quote.map(|quote| quote.price),
            currency: quote.map(|quote| &*quote.currency),
            change: quote.and_then(Quote::change),
            change_percent: quote.and_then(Quote::change_percent).map(percent),
            state: state.word(),
            source: quote.map(|quote| &*quote.source),
            session: quote.map(|quote| quote.session),
            exchange_time: quote.and_then(|quote| quote.exchange_time),
            received_time: quote.map(|quote| quote.received_time),
            extended: quote.and_then(|quote| {
                let extended = quote.extended.as_ref()?;
                Some(ExtendedLine {
                    price: extended.price,
                    change: quote.extended_change(),
                    change_percent: quote.extended_change_percent().map(percent),
                    session: extended.session,
                    exchange_time: extended.exchange_time,
                })
            }),
        }
    }
}
