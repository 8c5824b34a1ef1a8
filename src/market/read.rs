//! What readers share: JSON that is sure to be JSON, numbers that are sure to be prices.

use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use serde_json::Value;

use super::{Moment, ReadError, Tick};
use crate::domain::price::{Candle, Kind, Session, kind};

/// Prices outside these are somebody's mistake; within them no computation can overflow.
const LEAST: Decimal = Decimal::from_parts(1, 0, 0, false, 10);
const MOST: Decimal = Decimal::from_parts(3_567_587_328, 232, 0, false, 0);

/// The closing auction is over by then.
const AUCTION: SignedDuration = SignedDuration::from_mins(1);

/// A body as JSON. Walls answer with a page or a phrase, often under status 200.
pub(super) fn json(body: &[u8]) -> Result<Value, ReadError> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii();
    if body.starts_with(b"<") {
        return Err(ReadError::WebPage);
    }
    serde_json::from_slice(body).map_err(|_| if speaks_of_limits(body) { ReadError::Refused } else { ReadError::Shape })
}

/// `Too Many Requests` and its like, as plain text.
pub(super) fn speaks_of_limits(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text.get(..200).unwrap_or(text)).to_lowercase();
    text.contains("too many requests") || text.contains("rate limit")
}

/// A price, written as number or text: positive and of sane size. Zero, `N/A`, `UNCH`, null and their like are none.
pub(super) fn price(value: &Value) -> Option<Decimal> {
    let text = match value {
        Value::Number(number) => &number.to_string(),
        Value::String(text) => text.trim(),
        _ => return None,
    };
    sane(text.parse().or_else(|_| Decimal::from_scientific(text)).ok()?)
}

/// A number, if it is a price: positive and of sane size.
pub(super) fn sane(price: Decimal) -> Option<Decimal> {
    (LEAST..=MOST).contains(&price).then(|| price.normalize())
}

/// A price as a site writes it for its readers: `$336.06`, `1,234.50`; `N/D`, `UNCH` and their like are none.
pub(super) fn written_price(value: &Value) -> Option<Decimal> {
    match value {
        Value::String(text) => price(&Value::String(plain(text.trim().trim_start_matches('$'))?)),
        _ => price(value),
    }
}

/// A change as a site writes it: `-0.07`, `+1,204.48`; `UNCH` is none at all, a zero.
pub(super) fn written_change(value: &Value) -> Option<Decimal> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) if text.trim().eq_ignore_ascii_case("UNCH") => return Some(Decimal::ZERO),
        Value::String(text) => plain(text.trim())?,
        _ => return None,
    };
    text.parse().ok().filter(|change: &Decimal| change.abs() <= MOST)
}

/// What a price was before a change, if that is a price.
pub(super) fn before(price: Decimal, change: Decimal) -> Option<Decimal> {
    sane(price.checked_sub(change)?)
}

/// A number without the commas between its thousands; None when they stand elsewhere, as in `1,5`.
fn plain(text: &str) -> Option<String> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut groups = whole.trim_start_matches(['+', '-']).split(',');
    let first = groups.next().unwrap_or_default().len();
    let right = !whole.contains(',') || ((1..=3).contains(&first) && groups.all(|group| group.len() == 3));
    (right && !fraction.contains(',')).then(|| text.replace(',', ""))
}

/// A share or fund of the United States as most spell it, by its name at Yahoo: letters and digits, a class of one letter
/// behind a dot (`BRK.B`). Listings abroad, currencies and futures have other names everywhere.
pub(super) fn us_share(symbol: &str) -> Option<String> {
    let plain = |name: &str| (1..=6).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric());
    match symbol.split_once('-') {
        None => plain(symbol).then(|| symbol.to_string()),
        Some((name, class)) => (plain(name) && plain(class) && class.len() == 1).then(|| format!("{name}.{class}")),
    }
}

/// A time of day in New York.
pub(super) fn new_york(moment: Moment, local: DateTime) -> Option<Timestamp> {
    Some(local.to_zoned_datetime(moment.calendar.zone().clone()).ok()?.timestamp())
}

/// When a regular price traded of which only its day is given: the close, once it is over.
pub(super) fn close_of(moment: Moment, day: Date) -> Option<Timestamp> {
    moment.calendar.day(day).map(|day| day.close).filter(|close| *close <= moment.now)
}

/// Is this the time of a regular trade? That of the closing auction is reported a little after the bell.
pub(super) fn is_regular(moment: Moment, at: Timestamp) -> bool {
    let earlier = at.checked_sub(AUCTION).unwrap_or(at);
    [at, earlier].into_iter().any(|at| moment.calendar.session(at) == Session::Regular)
}

/// A number, or a text that is one.
fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// A price as a bar has it, written as number or text.
pub(super) fn bar_price(value: &Value) -> Option<f64> {
    let price = number(value)?;
    (price.is_finite() && (1e-10..=1e12).contains(&price)).then_some(price)
}

/// A volume, written as number or text: zero or more.
pub(super) fn volume(value: &Value) -> Option<f64> {
    number(value).filter(|volume| volume.is_finite() && *volume >= 0.0)
}

/// Seconds since 1970.
pub(super) fn seconds(value: &Value) -> Option<Timestamp> {
    let second = value.as_i64().filter(|second| *second > 0)?;
    Timestamp::from_second(second).ok()
}

/// Milliseconds since 1970.
pub(super) fn millis(value: &Value) -> Option<Timestamp> {
    let millis = value.as_i64().filter(|millis| *millis > 0)?;
    Timestamp::from_millisecond(millis).ok()
}

/// An RFC 3339 time.
pub(super) fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

/// One bar, its high and low made to hold its ends: some sources round each number by itself.
pub(super) fn candle(time: Timestamp, [open, high, low, close]: [f64; 4], volume: Option<f64>) -> Candle {
    let all = [open, high, low, close];
    let (high, low) = (all.into_iter().fold(high, f64::max), all.into_iter().fold(low, f64::min));
    Candle { time, open, high, low, close, volume }
}

/// The candles in the rows of an answer, odd rows left out; rows of which none is a candle tell no price.
pub(super) fn bars(rows: &[Value], bar: impl Fn(&Value) -> Option<Candle>) -> Result<Vec<Candle>, ReadError> {
    let bars: Vec<Candle> = rows.iter().filter_map(bar).collect();
    if bars.is_empty() && !rows.is_empty() { Err(ReadError::NoPrice) } else { Ok(bars) }
}

/// A coin and its currency, of a symbol such as `BTC-USD`; None for what is no such pair.
pub(super) fn pair(symbol: &str) -> Option<(&str, &str)> {
    let plain = |part: &str| {
        (1..=12).contains(&part.len()) && part.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
    };
    let (coin, currency) = symbol.rsplit_once('-').filter(|_| kind(symbol) == Kind::Crypto)?;
    (plain(coin) && coin != currency).then_some((coin, currency))
}

/// A share listed in the US, with the mark that a source puts before its class: `BRK-B` is `BRK.B` to some. None for
/// coins, indexes, rates and listings elsewhere.
pub(super) fn share(symbol: &str, mark: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-';
    let listed =
        symbol.len() <= 12 && symbol.starts_with(|c: char| c.is_ascii_uppercase()) && symbol.chars().all(plain);
    (listed && kind(symbol) == Kind::Equity).then(|| symbol.replace('-', mark))
}

/// The prices that an answer has of those asked for; when it has none, why not.
pub(super) fn those_told(
    spelled: &[String],
    tick: impl Fn(&str) -> Result<Tick, ReadError>,
) -> Result<Vec<Tick>, ReadError> {
    let (mut ticks, mut trouble) = (Vec::new(), None);
    for id in spelled {
        match tick(id) {
            Ok(tick) => ticks.push(tick),
            Err(misread) => trouble = trouble.or(Some(misread)),
        }
    }
    match trouble {
        Some(misread) if ticks.is_empty() => Err(misread),
        _ => Ok(ticks),
    }
}

/// What a source says of itself, fit for a sentence.
pub(super) fn said(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(120).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;
    use crate::market::Frame;
    use crate::recordings::recording;

    /// A recorded answer.
    #[track_caller]
    pub(in crate::market) fn recorded(name: &str) -> Vec<u8> {
        std::fs::read(recording(&format!("wire/{name}"))).unwrap()
    }

    /// The names of all recordings of a source.
    #[track_caller]
    pub(in crate::market) fn recordings(source: &str) -> Vec<String> {
        let files = std::fs::read_dir(recording(&format!("wire/{source}"))).unwrap();
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
    }

    /// What a recorded socket sent to us.
    #[track_caller]
    pub(in crate::market) fn frames(name: &str) -> Vec<String> {
        let text = String::from_utf8(recorded(name)).unwrap();
        let received = |line: &str| Some(line.strip_prefix("<\t")?.split_once('\t')?.1.to_string());
        text.lines().filter_map(received).collect()
    }

    /// The one price that was given.
    pub(in crate::market) fn only_tick(frames: &[Frame]) -> Tick {
        match frames {
            [Frame::Tick(tick)] => tick.clone(),
            other => panic!("not one price: {other:?}"),
        }
    }

    #[test]
    fn only_prices_are_prices() {
        let cases = [
            (json!(218.29), Some("218.29")),
            (json!("16.380"), Some("16.38")),
            (json!(" 84737.58 "), Some("84737.58")),
            (json!(1e-8), Some("0.00000001")),
            (json!("1.5e3"), Some("1500")),
            (json!(1_000_000_000_000u64), Some("1000000000000")),
            (json!(1_000_000_000_001u64), None),
            (json!(1e-11), None),
            (json!(0), None),
            (json!("0.00"), None),
            (json!(-1.5), None),
            (json!("NaN"), None),
            (json!("inf"), None),
            (json!("1e400"), None),
            (json!("N/A"), None),
            (json!("UNCH"), None),
            (json!(""), None),
            (json!(null), None),
            (json!(true), None),
            (json!([1]), None),
        ];
        for (value, expected) in cases {
            assert_eq!(price(&value), expected.map(|text| text.parse().unwrap()), "{value}");
        }
    }

    #[test]
    fn numbers_written_for_readers() {
        let cases = [
            (json!("$336.06"), Some("336.06"), None),
            (json!("1,234.50"), Some("1234.5"), Some("1234.50")),
            (json!("$1,234,567.8"), Some("1234567.8"), None),
            (json!("-0.07"), None, Some("-0.07")),
            (json!("+1,204.48"), Some("1204.48"), Some("1204.48")),
            (json!("0.00"), None, Some("0.00")),
            (json!(5.5), Some("5.5"), Some("5.5")),
            (json!("UNCH"), None, Some("0")),
            (json!("unch"), None, Some("0")),
            (json!("N/D"), None, None),
            (json!("N/A"), None, None),
            (json!("--"), None, None),
            (json!(""), None, None),
            (json!("$"), None, None),
            (json!("1,5"), None, None),
            (json!("1234,567"), None, None),
            (json!(",123"), None, None),
            (json!("1.234,5"), None, None),
            (json!("-3.16%"), None, None),
            (json!("1.5T"), None, None),
            (json!("1e400"), None, None),
            (json!("NaN"), None, None),
            (json!(null), None, None),
            (json!(["5"]), None, None),
        ];
        for (value, as_price, as_change) in cases {
            assert_eq!(written_price(&value), as_price.map(|text| text.parse().unwrap()), "{value}");
            assert_eq!(written_change(&value), as_change.map(|text| text.parse().unwrap()), "{value}");
        }
        assert_eq!(before(Decimal::ONE, Decimal::TWO), None);
    }

    #[test]
    fn walls_are_told_from_broken_answers() {
        let cases: [(&[u8], ReadError); 7] = [
            (b"Too Many Requests\r\n", ReadError::Refused),
            (b"Edge: Too Many Requests", ReadError::Refused),
            (b" \n<!DOCTYPE html><html>", ReadError::WebPage),
            (b"\xef\xbb\xbf<html>", ReadError::WebPage),
            (b"", ReadError::Shape),
            (b"{\"a\": 1e400}", ReadError::Shape),
            (b"{\"a\": [1, 2", ReadError::Shape),
        ];
        for (body, expected) in cases {
            assert_eq!(json(body), Err(expected));
        }
        assert_eq!(json(b"\xef\xbb\xbf {\"a\": 1}\n"), Ok(json!({"a": 1})));
    }

    #[test]
    fn bars_take_numbers_written_as_text() {
        let cases = [
            (json!(5.5), Some(5.5), Some(5.5)),
            (json!("106038.2"), Some(106_038.2), Some(106_038.2)),
            (json!("0.00000000"), None, Some(0.0)),
            (json!("-1"), None, None),
            (json!("inf"), None, None),
            (json!("NaN"), None, None),
            (json!("1e400"), None, None),
            (json!("N/A"), None, None),
            (json!(null), None, None),
        ];
        for (value, price, traded) in cases {
            assert_eq!((bar_price(&value), volume(&value)), (price, traded), "{value}");
        }
    }

    #[test]
    fn only_pairs_are_pairs() {
        let cases = [
            ("BTC-USD", Some(("BTC", "USD"))),
            ("1INCH-EUR", Some(("1INCH", "EUR"))),
            ("USDT-USDT", None),
            ("NVDA", None),
            ("BRK-B", None),
            ("-USD", None),
            ("b/../c-USD", None),
            ("A-B-USD", None),
        ];
        for (symbol, expected) in cases {
            assert_eq!(pair(symbol), expected, "{symbol}");
        }
    }

    #[test]
    fn only_us_shares_are_shares() {
        let cases = [
            ("NVDA", Some("NVDA")),
            ("BRK-B", Some("BRK.B")),
            ("BTC-USD", None),
            ("^GSPC", None),
            ("MUV2.DE", None),
            ("EURUSD=X", None),
            ("7203", None),
            ("", None),
            ("../X", None),
        ];
        for (symbol, expected) in cases {
            assert_eq!(share(symbol, ".").as_deref(), expected, "{symbol}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(body: Vec<u8>, text: String) {
            let _ = (json(&body), pair(&text), share(&text, "."), said(&text));
            let value = Value::String(text);
            let _ = (written_price(&value), written_change(&value));
            let _ = (price(&value), time(&value), seconds(&value), millis(&value), bar_price(&value), volume(&value));
        }
    }
}
