//! How each kind of value is read: one function each, which says what it expects.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use strum::VariantNames;
use url::Url;

use super::doc::{Value, Wrong, read_name, read_text};
use super::units;
use crate::domain::Name;
use crate::domain::alert::{PriceRule, Quiet};
use crate::domain::format;
use crate::domain::query::Query;
use crate::domain::session::Overnight;
use crate::domain::symbol::{self, SpellingError};

pub(super) fn flag(value: &Value) -> Result<bool, Wrong> {
    value.get_ref().as_bool().ok_or_else(|| Wrong::of_type(value, "true or false"))
}

/// A duration within bounds.
pub(super) fn duration(least: Duration, most: Duration) -> impl Fn(&Value) -> Result<Duration, Wrong> {
    move |value| {
        let text = value.get_ref().as_str().ok_or_else(|| Wrong::of_type(value, units::DURATION))?;
        let duration = units::duration(text).map_err(|expected| Wrong::of_value(value, expected))?;
        if (least..=most).contains(&duration) {
            return Ok(duration);
        }
        let [least, most] = [least, most].map(format::duration);
        Err(Wrong::of_value(value, format!("a duration from {least} to {most}")))
    }
}

/// A size in bytes within bounds.
pub(super) fn size(least: u64, most: u64) -> impl Fn(&Value) -> Result<u64, Wrong> {
    move |value| {
        let text = value.get_ref().as_str().ok_or_else(|| Wrong::of_type(value, units::SIZE))?;
        let size = units::size(text).map_err(|expected| Wrong::of_value(value, expected))?;
        if (least..=most).contains(&size) {
            return Ok(size);
        }
        let [least, most] = [least, most].map(units::print_size);
        Err(Wrong::of_value(value, format!("a size from {least} to {most}")))
    }
}

/// Nothing when the text is empty: that takes away what the shipped entry has.
pub(super) fn optional<'t, T>(
    read: impl Fn(&Value<'t>) -> Result<T, Wrong>,
) -> impl Fn(&Value<'t>) -> Result<Option<T>, Wrong> {
    move |value| if value.get_ref().as_str() == Some("") { Ok(None) } else { read(value).map(Some) }
}

/// What may stand in an HTTP header: visible ASCII and spaces.
pub(super) fn header(value: &Value) -> Result<String, Wrong> {
    let text = read_text(value)?;
    let fits = !text.trim().is_empty() && text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    if fits { Ok(text) } else { Err(Wrong::of_value(value, "text of plain ASCII letters, digits and signs")) }
}

/// An API key: like a header, and never repeated in a message.
pub(super) fn secret(value: &Value) -> Result<String, Wrong> {
    header(value).map(|key| key.trim().into())
}

/// An address with one of these schemes and a host.
pub(super) fn address(schemes: &'static [&'static str]) -> impl Fn(&Value) -> Result<String, Wrong> {
    move |value| {
        let text = read_text(value)?;
        let url = Url::parse(text.trim()).ok();
        match url.filter(|url| schemes.contains(&url.scheme()) && url.host_str().is_some_and(|host| !host.is_empty())) {
            Some(_) => Ok(text.trim().into()),
            None => {
                let begin: Vec<String> = schemes.iter().map(|scheme| format!("{scheme}://")).collect();
                Err(Wrong::of_value(value, format!("an address that begins with {}", begin.join(" or "))))
            }
        }
    }
}

/// A host, or host:port.
pub(super) fn host(value: &Value) -> Result<String, Wrong> {
    let text = read_text(value)?;
    let url = Url::parse(&format!("http://{text}/")).ok();
    let is_host = url.is_some_and(|url| url.path() == "/" && url.username().is_empty() && url.query().is_none());
    if is_host && !text.contains(['/', '#', '?']) {
        return Ok(text.to_lowercase());
    }
    Err(Wrong::of_value(value, r#"a host such as "news.lan", or one with its port, "127.0.0.1:8080""#))
}

/// The exchange's zone by POSIX rule, for systems without a zone database: the same since 2007.
const NEW_YORK: (&str, &str) = ("America/New_York", "EST5EDT,M3.2.0,M11.1.0");

pub(super) fn zone(value: &Value) -> Result<TimeZone, Wrong> {
    let text = read_text(value)?;
    let by_rule = || (text == NEW_YORK.0).then(|| TimeZone::posix(NEW_YORK.1).ok()).flatten();
    let known = TimeZone::get(&text).ok().or_else(by_rule);
    known.ok_or_else(|| Wrong::of_value(value, r#"a time zone such as "America/New_York""#))
}

/// `system` is no zone of its own.
pub(super) fn own_zone(value: &Value) -> Result<Option<TimeZone>, Wrong> {
    match value.get_ref().as_str() {
        Some("system" | "") => Ok(None),
        _ => zone(value).map(Some),
    }
}

/// A date, with or without quotes.
pub(super) fn date(value: &Value) -> Result<Date, Wrong> {
    const EXPECTED: &str = r#"a date such as "2027-01-09""#;
    let text = match (value.get_ref().as_str(), value.get_ref().as_datetime()) {
        (Some(text), _) => text.to_string(),
        (_, Some(date)) => date.to_string(),
        _ => return Err(Wrong::of_type(value, EXPECTED)),
    };
    text.parse().map_err(|_| Wrong::of_value(value, EXPECTED))
}

/// Off, auto or on; `true` and `false`, as it was once written, are on and off.
pub(super) fn overnight(value: &Value) -> Result<Overnight, Wrong> {
    match value.get_ref().as_bool() {
        Some(true) => Ok(Overnight::On),
        Some(false) => Ok(Overnight::Off),
        None => {
            let (name, known) = (read_name(value)?, Overnight::VARIANTS.iter().copied());
            name.parse().map_err(|_| Wrong::of_name(value, r#""auto", "on" or "off""#, &name, known))
        }
    }
}

/// A time of day within bounds, both included: "21:00".
pub(super) fn time_within(least: Time, most: Time) -> impl Fn(&Value) -> Result<Time, Wrong> {
    move |value| {
        let expected = || format!(r#"a time from "{}" to "{}""#, least.strftime("%H:%M"), most.strftime("%H:%M"));
        let text = value.get_ref().as_str().ok_or_else(|| Wrong::of_type(value, expected()))?;
        let time = Time::strptime("%H:%M", text.trim()).ok().filter(|time| (least..=most).contains(time));
        time.ok_or_else(|| Wrong::of_value(value, expected()))
    }
}

/// `1` to `9`; `0` always shows all.
pub(super) fn digit(value: &Value) -> Result<char, Wrong> {
    const EXPECTED: &str = r#"a digit from "1" to "9""#;
    let text = match value.get_ref() {
        toml::de::DeValue::Integer(number) => number.as_str().to_string(),
        _ => value.get_ref().as_str().ok_or_else(|| Wrong::of_type(value, EXPECTED))?.to_string(),
    };
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(digit @ '1'..='9'), None) => Ok(digit),
        _ => Err(Wrong::of_value(value, EXPECTED)),
    }
}

/// A two-letter code, in lower case.
pub(super) fn lang(value: &Value) -> Result<Name, Wrong> {
    let text = read_text(value)?.to_ascii_lowercase();
    if text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return Ok(Arc::from(text));
    }
    Err(Wrong::of_value(value, r#"a code of two letters such as "en" or "fr""#))
}

/// A query that can be understood, as it stands.
pub(super) fn query(value: &Value) -> Result<String, Wrong> {
    let text = read_text(value)?;
    match Query::parse(&text) {
        Ok(_) => Ok(text),
        Err(mistake) => {
            let why = format!("a query (at its character {}: {})", mistake.at + 1, mistake.message);
            Err(Wrong::of_value(value, why))
        }
    }
}

/// A name that queries can say.
pub(super) fn word(value: &Value) -> Result<Name, Wrong> {
    let name = read_name(value)?;
    if name.chars().any(char::is_whitespace) { Err(Wrong::of_value(value, "one word")) } else { Ok(name) }
}

/// As Yahoo spells it, in capitals.
pub(super) fn symbol(value: &Value) -> Result<Name, Wrong> {
    let written = word(value)?;
    symbol::spelled(&written).map_err(|error| match error {
        SpellingError::Other { written, meant } => {
            Wrong::of_spelling(value, format!("{meant}, as Yahoo Finance spells it"), &written)
        }
        SpellingError::Unusable(_) => {
            Wrong::of_value(value, "a symbol as Yahoo Finance spells it, such as NVDA, BRK-B, ^VIX or BTC-USD")
        }
    })
}

/// One of these names.
pub(super) fn one_of<'n>(
    what: &'static str,
    names: impl IntoIterator<Item = &'n str> + Clone,
) -> impl Fn(&Value) -> Result<Name, Wrong> {
    move |value| {
        let name = read_name(value)?;
        if names.clone().into_iter().any(|known| known == &*name) {
            return Ok(name);
        }
        Err(Wrong::of_name(value, &format!("the name of a {what}"), &name, names.clone()))
    }
}

/// One of the names of an enum.
pub(super) fn choice<T: FromStr + VariantNames + Default>(what: &'static str) -> impl Fn(&Value) -> Result<T, Wrong> {
    let name = one_of(what, T::VARIANTS.iter().copied());
    move |value| Ok(name(value)?.parse().unwrap_or_default())
}

/// A slot of the theme or the name of a colour, which the theme judges, or `#rrggbb`.
pub(super) fn color(value: &Value) -> Result<String, Wrong> {
    let text = read_name(value)?.to_lowercase();
    let fits = match text.strip_prefix('#') {
        Some(digits) => digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => text.bytes().all(|byte| byte == b'-' || byte.is_ascii_alphanumeric()),
    };
    if fits { Ok(text) } else { Err(Wrong::of_value(value, r##"a colour such as "topic-1", "yellow" or "#76b900""##)) }
}

/// One of the names of an enum.
pub(super) fn named<T: FromStr + VariantNames>(value: &Value) -> Result<T, Wrong> {
    let (name, names) = (read_text(value)?, T::VARIANTS);
    name.parse()
        .map_err(|_| Wrong::of_name(value, &format!("one of {}", names.join(", ")), &name, names.iter().copied()))
}

pub(super) fn price_rule(value: &Value) -> Result<PriceRule, Wrong> {
    let text = read_text(value)?;
    PriceRule::parse(&text, |text| units::duration(text).ok()).map_err(|expected| Wrong::of_value(value, expected))
}

pub(super) fn quiet(value: &Value) -> Result<Quiet, Wrong> {
    Quiet::parse(&read_text(value)?).map_err(|expected| Wrong::of_value(value, expected))
}
