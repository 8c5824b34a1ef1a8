//! The streamer of Yahoo's site, version 2: JSON text frames, in each a base64 protobuf message, sent whenever something
//! trades and never otherwise. There is no word about an unknown symbol, and none about an error.
//!
//! What a frame says of an equity depends on the session that it names:
//!
//! | session | `price` | `change` is from | `previous_close` |
//! |---|---|---|---|
//! | regular | the regular price | the close of the day before | that close, or missing |
//! | pre, post | the extended price | the latest regular close | missing, or that same close |
//!
//! So `price − change` of an extended frame is the regular close, the headline, by the frame's own numbers. (As published
//! of TSLA on the evening of 2021-11-05: 1219.83, −2.26, no previous close; it had closed at 1222.09.) The close before
//! *that* one an extended frame does not tell: the day's change is left to the chart answer.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;
use serde_json::{Value, json};

use super::super::{Frame, Moment, Tick, read};
use crate::domain::price::{Extended, Kind, Session, kind};

/// Decimals of a price where a frame tells none.
const USUAL_DECIMALS: u32 = 2;

pub(super) fn subscribe(symbols: &[String]) -> Vec<String> {
    vec![renew(symbols)]
}

/// A subscription lapses half a minute after it was last said: it is the heartbeat too.
pub(super) fn renew(symbols: &[String]) -> String {
    json!({"subscribe": symbols}).to_string()
}

pub(super) fn unsubscribe(symbols: &[String]) -> Vec<String> {
    vec![json!({"unsubscribe": symbols}).to_string()]
}

/// Reads one message. All that is not a whole price says nothing.
pub(super) fn read(moment: Moment, text: &str) -> Vec<Frame> {
    let Ok(message) = serde_json::from_str::<Value>(text) else { return Vec::new() };
    let encoded = message["message"].as_str().filter(|_| message["type"] == "pricing");
    let bytes = encoded.and_then(|encoded| BASE64_STANDARD.decode(encoded).ok());
    let pricing = bytes.as_deref().and_then(Pricing::read);
    let frame = pricing.and_then(|pricing| match pricing.has_price() {
        true => pricing.tick(moment).map(Frame::Tick),
        false => Some(Frame::NoPrice { spelled: pricing.id }),
    });
    frame.into_iter().collect()
}

/// What a message tells, as far as it is of use here. Numbers of fields as clients of the site have found them.
#[derive(Clone, Debug, Default, PartialEq)]
struct Pricing {
    /// 1
    id: String,
    /// 2
    price: Option<f32>,
    /// 3, milliseconds since 1970, zig-zag.
    time: Option<i64>,
    /// 4
    currency: Option<String>,
    /// 7: 0 pre, 1 regular, 2 post, 3 extended. Proto3 does not write a zero: missing is pre, not unknown.
    market_hours: u64,
    /// 12
    change: Option<f32>,
    /// 16
    previous_close: Option<f32>,
    /// 27, zig-zag: how many decimals the price is quoted with.
    price_hint: Option<i64>,
}

impl Pricing {
    /// None when the message is broken anywhere: then no part of it is believed.
    fn read(bytes: &[u8]) -> Option<Pricing> {
        let mut found = Pricing::default();
        for field in Fields(bytes) {
            match field? {
                (1, Wire::Bytes(text)) => found.id = String::from_utf8(text.to_vec()).ok()?,
                (2, Wire::Fixed32(bits)) => found.price = Some(f32::from_bits(bits)),
                (3, Wire::Varint(number)) => found.time = Some(zig_zag(number)),
                (4, Wire::Bytes(text)) => found.currency = String::from_utf8(text.to_vec()).ok(),
                (7, Wire::Varint(number)) => found.market_hours = number,
                (12, Wire::Fixed32(bits)) => found.change = Some(f32::from_bits(bits)),
                (16, Wire::Fixed32(bits)) => found.previous_close = Some(f32::from_bits(bits)),
                (27, Wire::Varint(number)) => found.price_hint = Some(zig_zag(number)),
                _ => {}
            }
        }
        Some(found)
    }

    /// Is there a price at all, be it one that can't be placed?
    fn has_price(&self) -> bool {
        self.price.and_then(Decimal::from_f32).is_some_and(|price| self.price_of(price).is_some())
    }

    fn tick(self, moment: Moment) -> Option<Tick> {
        let price = Decimal::from_f32(self.price?)?;
        let at = self.time.filter(|time| *time > 0).and_then(|time| Timestamp::from_millisecond(time).ok())?;
        let tick = Tick {
            spelled: self.id.clone(),
            price: self.price_of(price)?,
            base: None,
            currency: self.currency()?,
            session: None,
            time: Some(at),
            order: None,
            extended: None,
        };
        if kind(&self.id) == Kind::Crypto {
            // Its change is since midnight, ours over 24 hours.
            return Some(tick);
        }
        match self.session(moment, at)? {
            Session::Regular => Some(Tick { base: self.base(price), session: Some(Session::Regular), ..tick }),
            session => {
                let (close, base) = self.close(price)?;
                let extended = Extended { price: tick.price, session, exchange_time: Some(at) };
                let closed = moment.calendar.last_close(at);
                let session = Some(session);
                Some(Tick { price: close, base, session, time: Some(closed), extended: Some(extended), ..tick })
            }
        }
    }

    /// The session that the frame names. "Extended" may be any but the regular one, and how a night is marked is not known:
    /// there the calendar tells.
    fn session(&self, moment: Moment, at: Timestamp) -> Option<Session> {
        match (self.market_hours, moment.calendar.extended_session(at)) {
            (1, _) => Some(Session::Regular),
            (_, Some(Session::Overnight)) => Some(Session::Overnight),
            (0, _) => Some(Session::Pre),
            (2, _) => Some(Session::Post),
            (_, by_clock) => by_clock,
        }
    }

    /// What the change of the regular session is measured from.
    fn base(&self, price: Decimal) -> Option<Decimal> {
        self.previous_close().or_else(|| self.price_of(price.checked_sub(Decimal::from_f32(self.change?)?)?))
    }

    /// The regular close that an extended price is measured from, and the close before it where the frame tells another
    /// one. None when the frame does not tell the close: an extended price alone is no quote.
    fn close(&self, price: Decimal) -> Option<(Decimal, Option<Decimal>)> {
        let found = self.previous_close();
        let Some(change) = self.change.and_then(Decimal::from_f32) else {
            // No change may also be a change of zero; then the two must agree.
            return Some((found.filter(|close| Some(*close) == self.price_of(price))?, None));
        };
        let close = self.price_of(price.checked_sub(change)?)?;
        // The last digit may be off by one: price and change are each rounded to 32 bits.
        let noise = Decimal::new(1, self.decimals());
        Some((close, found.filter(|found| (*found - close).abs() > noise)))
    }

    fn previous_close(&self) -> Option<Decimal> {
        self.price_of(Decimal::from_f32(self.previous_close?)?)
    }

    /// A number as the symbol is quoted, if that is a price.
    fn price_of(&self, number: Decimal) -> Option<Decimal> {
        read::sane(number.round_dp(self.decimals()))
    }

    fn decimals(&self) -> u32 {
        self.price_hint.and_then(|hint| u32::try_from(hint).ok()).map_or(USUAL_DECIMALS, |hint| hint.min(8))
    }

    /// The currency as given. A frame may tell none: that of a plain name is then the dollar, that of a listing abroad
    /// (`MUV2.DE`) or of a pair (`JPY=X`) is not known (the outer None), and a price without it is none.
    fn currency(&self) -> Option<Option<String>> {
        let found =
            self.currency.clone().filter(|code| code.len() == 3 && code.chars().all(|c| c.is_ascii_alphabetic()));
        let plain = self.id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        (found.is_some() || plain).then_some(found)
    }
}

fn zig_zag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

/// A value as protobuf writes it (protobuf.dev/programming-guides/encoding).
#[derive(Clone, Copy, Debug, PartialEq)]
enum Wire<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    Fixed32(u32),
}

/// The fields of a message in their order, each with its number; None where the message is broken, and nothing more.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Option<(u64, Wire<'a>)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.0 = &[];
        }
        Some(field)
    }
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> Option<(u64, Wire<'a>)> {
        let key = self.varint()?;
        let value = match key & 7 {
            0 => Wire::Varint(self.varint()?),
            1 => Wire::Fixed64(u64::from_le_bytes(self.array()?)),
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Wire::Bytes(self.bytes(length)?)
            }
            5 => Wire::Fixed32(u32::from_le_bytes(self.array()?)),
            // Groups, which proto3 does not have, and what does not exist.
            _ => return None,
        };
        (key >> 3 > 0).then_some((key >> 3, value))
    }

    /// Seven bits in a byte, the lowest first, at most ten bytes.
    fn varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for place in 0..10 {
            let [byte] = self.array()?;
            number |= u64::from(byte & 0x7f) << (7 * place);
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.bytes(N)?.try_into().ok()
    }

    fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::domain::session::{Calendar, new_york};
    use crate::market::read::tests::{frames, recorded};

    fn ny(text: &str) -> Timestamp {
        let civil: jiff::civil::DateTime = text.parse().unwrap();
        civil.to_zoned_datetime(new_york()).unwrap().timestamp()
    }

    fn number(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn hear(text: &str) -> Option<Tick> {
        let calendar = Calendar::new(&[], &[], false);
        match read(Moment { now: ny("2026-11-23 12:00"), calendar: &calendar }, text).pop()? {
            Frame::Tick(tick) => Some(tick),
            Frame::NoPrice { .. } => None,
            other => panic!("{other:?}"),
        }
    }

    /// One field as protobuf writes it.
    enum Told<'a> {
        Text(u64, &'a str),
        Float(u64, f32),
        Number(u64, u64),
        /// Zig-zag.
        Signed(u64, i64),
    }
    use Told::{Float, Number, Signed, Text};

    fn varint(mut number: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        while number >= 0x80 {
            bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        bytes.push(number as u8);
        bytes
    }

    fn message(fields: &[Told]) -> Vec<u8> {
        let field = |found: &Told| match found {
            Text(at, text) => [varint(at << 3 | 2), varint(text.len() as u64), text.as_bytes().to_vec()].concat(),
            Float(at, number) => [varint(at << 3 | 5), number.to_le_bytes().to_vec()].concat(),
            Number(at, number) => [varint(at << 3), varint(*number)].concat(),
            Signed(at, number) => [varint(at << 3), varint((number << 1 ^ number >> 63) as u64)].concat(),
        };
        fields.iter().flat_map(field).collect()
    }

    fn envelope(bytes: &[u8]) -> String {
        json!({"type": "pricing", "message": BASE64_STANDARD.encode(bytes)}).to_string()
    }

    fn frame(fields: &[Told]) -> String {
        envelope(&message(fields))
    }

    /// A frame of NVDA in a session (field 7), of this price and change, at a New York time.
    fn nvda(hours: u64, price: f32, change: f32, at: &str) -> Vec<Told<'static>> {
        let time = Signed(3, ny(at).as_millisecond());
        let mut fields = vec![Text(1, "NVDA"), Float(2, price), time, Text(4, "USD"), Float(12, change), Signed(27, 2)];
        fields.extend((hours > 0).then_some(Number(7, hours)));
        fields
    }

    #[test]
    #[ignore = "needs the recordings"]
    fn the_recorded_coin() {
        let text = recorded("yahoo/ws_streamer_v2_BTC-USD_pricing.json");
        let tick = hear(&String::from_utf8(text).unwrap()).unwrap();
        assert_eq!((tick.spelled.as_str(), tick.price), ("BTC-USD", number("110429.42")));
        assert_eq!(tick.time, Some("2025-10-30T00:46:00Z".parse().unwrap()));
        assert_eq!((tick.currency.as_deref(), tick.base, tick.session), (Some("USD"), None, None));
    }

    #[test]
    #[ignore = "needs the recordings"]
    fn the_reconstructed_sessions_of_a_share() {
        let lines = frames("yahoo/ws_streamer_v2_transcript.txt");
        let ticks: Vec<Tick> = lines.iter().filter_map(|line| hear(line)).collect();
        let found: Vec<_> = ticks
            .iter()
            .map(|tick| {
                let extended = tick.extended.as_ref().map(|extended| extended.price.to_string());
                (tick.price.to_string(), tick.base.map(|base| base.to_string()), tick.session, extended)
            })
            .collect();
        let text = |text: &str| text.to_string();
        let expected = [
            (text("207.41"), None, Some(Session::Pre), Some(text("208.47"))),
            (text("218.29"), Some(text("218.36")), Some(Session::Regular), None),
            (text("218.29"), None, Some(Session::Post), Some(text("218.35"))),
            (text("110429.42"), None, None, None),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn sessions_of_a_frame() {
        use Session::{Post, Pre, Regular};
        // (field 7, price, change, time) and (price, time of it, base, extended, session)
        let cases = [
            (0, 181.5, 1.0, "2026-11-23 08:00", ("180.5", "2026-11-20 16:00", None, Some("181.5"), Pre)),
            (1, 181.5, 1.0, "2026-11-23 12:00", ("181.5", "2026-11-23 12:00", Some("180.5"), None, Regular)),
            (2, 181.5, -1.0, "2026-11-23 17:00", ("182.5", "2026-11-23 16:00", None, Some("181.5"), Post)),
            // as published: not a cent more than it closed at
            (
                2,
                1_219.83,
                -2.260_009_8,
                "2021-11-05 17:11",
                ("1222.09", "2021-11-05 16:00", None, Some("1219.83"), Post),
            ),
            // a half day
            (2, 181.5, -1.0, "2026-11-27 14:00", ("182.5", "2026-11-27 13:00", None, Some("181.5"), Post)),
            (3, 181.5, -1.0, "2026-11-23 17:00", ("182.5", "2026-11-23 16:00", None, Some("181.5"), Post)),
        ];
        for (hours, price, change, at, (headline, since, base, extended, session)) in cases {
            let tick = hear(&frame(&nvda(hours, price, change, at))).unwrap();
            assert_eq!((tick.price, tick.time), (number(headline), Some(ny(since))), "{hours} {at}");
            assert_eq!((tick.base, tick.session), (base.map(number), Some(session)), "{hours} {at}");
            let found = tick.extended.map(|extended| (extended.price, extended.exchange_time, extended.session));
            assert_eq!(found, extended.map(|price| (number(price), Some(ny(at)), session)), "{hours} {at}");
        }
        // "Extended", at a time that is not.
        assert_eq!(hear(&frame(&nvda(3, 181.5, 1.0, "2026-11-23 12:00"))), None);
        assert_eq!(hear(&frame(&nvda(3, 181.5, 1.0, "2026-11-22 12:00"))), None);
    }

    #[test]
    fn a_trade_of_the_night_is_told_by_the_clock() {
        use Session::{Overnight as Night, Post, Pre};
        let hear_in = |overnight, hours, at: &str| {
            let calendar = Calendar::new(&[], &[], overnight);
            let moment = Moment { now: ny(at), calendar: &calendar };
            match read(moment, &frame(&nvda(hours, 181.5, 1.0, at))).pop() {
                Some(Frame::Tick(tick)) => tick.extended.map(|extended| extended.session),
                _ => None,
            }
        };
        let cases = [
            ("2026-12-07 19:59", 2, Some(Post)),
            ("2026-12-07 20:20", 2, Some(Night)), // a venue that opens in the pause
            ("2026-12-07 23:00", 0, Some(Night)),
            ("2026-12-07 23:00", 2, Some(Night)),
            ("2026-12-07 23:00", 3, Some(Night)),
            ("2026-12-07 23:00", 4, Some(Night)),
            ("2026-12-08 04:00", 0, Some(Pre)),
            ("2026-12-05 12:00", 4, None), // Saturday
        ];
        for (at, hours, expected) in cases {
            for overnight in [crate::domain::session::Overnight::Auto, crate::domain::session::Overnight::On] {
                assert_eq!(hear_in(overnight, hours, at), expected, "{hours} {at}");
            }
        }
        assert_eq!(hear_in(crate::domain::session::Overnight::Off, 3, "2026-12-07 23:00"), None);
    }

    #[test]
    fn a_close_is_told_or_there_is_no_quote() {
        let at = Signed(3, ny("2026-11-23 17:00").as_millisecond());
        let tick = |found: Vec<Told>| {
            let fixed =
                [Text(1, "NVDA"), Float(2, 181.5), Number(7, 2), Signed(3, ny("2026-11-23 17:00").as_millisecond())];
            hear(&frame(&fixed.into_iter().chain(found).collect::<Vec<_>>())).map(|tick| (tick.price, tick.base))
        };
        assert_eq!(tick(vec![Float(12, 1.5), Float(16, 180.0)]), Some((number("180"), None)), "the same close twice");
        assert_eq!(tick(vec![Float(12, 1.5), Float(16, 177.0)]), Some((number("180"), Some(number("177")))));
        assert_eq!(tick(vec![Float(16, 181.5)]), Some((number("181.5"), None)), "a change of zero is not written");
        assert_eq!(tick(vec![Float(16, 180.0)]), None, "no change, and yet another close");
        assert_eq!(tick(vec![]), None);
        assert_eq!(tick(vec![Float(12, 500.0)]), None, "a close below zero");
        assert_eq!(tick(vec![Float(12, f32::NAN)]), None);
        let regular = |found: Told| {
            let fixed =
                [Text(1, "NVDA"), Float(2, 181.5), Number(7, 1), Signed(3, ny("2026-11-23 12:00").as_millisecond())];
            hear(&frame(&fixed.into_iter().chain([found]).collect::<Vec<_>>())).unwrap().base
        };
        assert_eq!(regular(Float(16, 180.0)), Some(number("180")));
        assert_eq!(regular(Float(12, 1.5)), Some(number("180")));
        assert_eq!(regular(Float(16, 0.0)), None);
        assert_eq!(regular(at), None);
    }

    #[test]
    fn numbers_of_32_bits_are_read_as_they_were_meant() {
        let cases = [
            (208.47, Some(2), Some("208.47")),
            (110_429.42, Some(2), Some("110429.42")),
            (218.350_12, None, Some("218.35")),
            (0.123_456, Some(4), Some("0.1235")),
            (16.38, Some(0), Some("16")),
            (1e-6, Some(2), None),
            (0.0, Some(2), None),
            (-5.0, Some(2), None),
            (f32::NAN, Some(2), None),
            (f32::INFINITY, Some(2), None),
            (f32::MAX, Some(2), None),
        ];
        for (price, hint, expected) in cases {
            let mut fields = vec![Text(1, "BTC-USD"), Float(2, price), Signed(3, 1_795_000_000_000)];
            fields.extend(hint.map(|hint| Signed(27, hint)));
            assert_eq!(hear(&frame(&fields)).map(|tick| tick.price), expected.map(number), "{price}");
        }
    }

    #[test]
    fn a_price_without_its_time_or_currency_is_none() {
        let mut fields = nvda(1, 181.5, 1.0, "2026-11-23 12:00");
        fields.retain(|field| !matches!(field, Signed(3, _)));
        assert_eq!(hear(&frame(&fields)), None);
        for time in [0, -1, i64::MIN, i64::MAX] {
            assert_eq!(hear(&frame(&[Text(1, "BTC-USD"), Float(2, 5.0), Signed(3, time)])), None, "{time}");
        }
        let cases = [
            ("NVDA", None, Some(None)),
            ("BRK-B", None, Some(None)),
            ("MUV2.DE", None, None),
            ("JPY=X", None, None),
            ("MUV2.DE", Some("EUR"), Some(Some("EUR"))),
            ("MUV2.DE", Some("\u{1b}[31m"), None),
        ];
        for (symbol, currency, expected) in cases {
            let mut fields = vec![Text(1, symbol), Float(2, 5.0), Signed(3, 1_795_000_000_000), Number(7, 1)];
            fields.extend(currency.map(|code| Text(4, code)));
            let found = hear(&frame(&fields)).map(|tick| tick.currency);
            assert_eq!(found, expected.map(|code| code.map(String::from)), "{symbol}");
        }
    }

    #[test]
    fn odd_frames_are_passed_over() {
        let odd = [
            "",
            "null",
            "[]",
            "5",
            "not json",
            r#"{"type":"pricing"}"#,
            r#"{"type":"pricing","message":5}"#,
            r#"{"type":"pricing","message":""}"#,
            r#"{"type":"pricing","message":"not base64"}"#,
            r#"{"type":"error","message":"CgROVkRB"}"#,
            // what version 1 sends: the message without its envelope
            "CgROVkRBFVJ4UEMYgI3a29pnIgNVU0QqA05NUzAIRXzVAj9lFK6HP9gBBIUB9mhPQw==",
        ];
        for text in odd {
            assert_eq!(hear(text), None, "{text}");
        }
    }

    #[test]
    fn a_broken_message_tells_nothing() {
        let whole = message(&nvda(1, 181.5, 1.0, "2026-11-23 12:00"));
        assert!(hear(&envelope(&whole)).is_some());
        let spoilt: [(&str, &[u8]); 6] = [
            ("a group", &[0x0b]),
            ("no such type", &[0x0f, 0]),
            ("field 0", &[0x00, 1]),
            ("a varint without end", &[0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]),
            ("a text longer than the message", &[0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]),
            ("half a number", &[0x15, 0, 0]),
        ];
        for (name, tail) in spoilt {
            assert_eq!(hear(&envelope(&[&whole, tail].concat())), None, "{name}");
        }
        let unknown = message(&[Text(99, "x"), Number(98, 1), Float(97, 1.0)]);
        assert!(hear(&envelope(&[unknown, whole].concat())).is_some(), "fields to come are skipped");
    }

    #[test]
    fn what_is_said() {
        let symbols = ["NVDA".to_string(), "BTC-USD".to_string()];
        assert_eq!(subscribe(&symbols), [r#"{"subscribe":["NVDA","BTC-USD"]}"#]);
        assert_eq!(renew(&symbols), r#"{"subscribe":["NVDA","BTC-USD"]}"#);
        assert_eq!(unsubscribe(&symbols), [r#"{"unsubscribe":["NVDA","BTC-USD"]}"#]);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(
            text: String, bytes: Vec<u8>, price: u32, change: u32, before: u32, time: i64, hours: u64, hint: i64,
            cut in 0usize..80,
        ) {
            hear(&text);
            hear(&envelope(&bytes));
            let [price, change, before] = [price, change, before].map(f32::from_bits);
            let fields = [
                Text(1, "NVDA"), Float(2, price), Signed(3, time), Number(7, hours), Float(12, change), Float(16, before),
                Signed(27, hint),
            ];
            let whole = message(&fields);
            hear(&envelope(&whole));
            hear(&envelope(whole.get(..cut).unwrap_or_default()));
        }

        /// Whatever a frame tells, its prices are prices and an extended one stands beside a close.
        #[test]
        fn only_prices_come_out(price in -10.0f32..1e13, change in -1e6f32..1e6, hours in 0u64..5, hint in -2i64..12) {
            let mut fields = nvda(hours, price, change, "2026-11-23 17:00");
            fields.push(Signed(27, hint));
            if let Some(tick) = hear(&frame(&fields)) {
                let prices = [Some(tick.price), tick.base, tick.extended.map(|extended| extended.price)];
                proptest::prop_assert!(prices.into_iter().flatten().all(|price| price > Decimal::ZERO));
            }
        }
    }
}
