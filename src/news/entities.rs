//! Character references: `&amp;`, `&#8217;`, `&#x2019;`, and the names of HTML such as `&eacute;` and `&dollar;`.

use std::borrow::Cow;

use html_escape::NAMED_ENTITIES;

use super::repair::{Repair, Repairs};

/// No name of HTML is longer; a longer run after `&` is no reference.
const LONGEST_NAME: usize = 31;

/// Replaces the references of a text. What begins no reference stays as it stands; what refers to a character that
/// must not be shown (`&#0;`) disappears. Both are noted, and so are names that only HTML knows.
pub(crate) fn decode<'a>(text: &'a str, repairs: &mut Repairs) -> Cow<'a, str> {
    replace(text, repairs, named)
}

/// As [`decode`], for HTML, where the names are at home, some of them without a semicolon, and nothing is worth a note.
pub(crate) fn decode_html(text: &str) -> Cow<'_, str> {
    replace(text, &mut Repairs::default(), |text| named(text).or_else(|| unended(text)))
}

/// `named` reads the name that follows an `&`.
fn replace<'a>(
    text: &'a str,
    repairs: &mut Repairs,
    named: impl Fn(&'a str) -> Option<(Meaning, &'a str)>,
) -> Cow<'a, str> {
    let Some((before, mut rest)) = text.split_once('&') else { return Cow::Borrowed(text) };
    let mut out = String::with_capacity(text.len());
    out.push_str(before);
    loop {
        let reference = match rest.strip_prefix('#') {
            Some(number) => numeric(number),
            None => named(rest),
        };
        rest = match reference {
            Some((Meaning::Plain(c), rest)) => push(&mut out, c, rest),
            Some((Meaning::Html(meant), rest)) => {
                repairs.note(Repair::HtmlEntity);
                out.push_str(meant);
                rest
            }
            Some((Meaning::Nothing, rest)) => {
                repairs.note(Repair::ControlCharacter);
                rest
            }
            None => {
                repairs.note(Repair::BareAmpersand);
                push(&mut out, '&', rest)
            }
        };
        let Some((before, after)) = rest.split_once('&') else { break };
        out.push_str(before);
        rest = after;
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn push<'a>(out: &mut String, c: char, rest: &'a str) -> &'a str {
    out.push(c);
    rest
}

enum Meaning {
    Plain(char),
    Html(&'static str),
    Nothing,
}

/// The semicolon may be missing, as browsers allow it.
fn numeric(text: &str) -> Option<(Meaning, &str)> {
    let (digits, radix) = match text.strip_prefix(['x', 'X']) {
        Some(hex) => (hex, 16),
        None => (text, 10),
    };
    let end = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
    let (digits, rest) = digits.split_at(end);
    if digits.is_empty() {
        return None;
    }
    let rest = rest.strip_prefix(';').unwrap_or(rest);
    Some((u32::from_str_radix(digits, radix).map_or(Meaning::Nothing, character), rest))
}

/// Numbers 128 to 159 are meant as windows-1252, as in HTML.
fn character(number: u32) -> Meaning {
    let number = match number {
        0x80..=0x9f => WINDOWS_1252.chars().nth((number - 0x80) as usize).map_or(0, u32::from),
        number => number,
    };
    match char::from_u32(number) {
        Some(c @ ('\t' | '\n' | '\r')) => Meaning::Plain(c),
        Some(c) if !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}') => Meaning::Plain(c),
        _ => Meaning::Nothing,
    }
}

fn named(text: &str) -> Option<(Meaning, &str)> {
    let end = text.bytes().take(LONGEST_NAME + 1).position(|byte| byte == b';')?;
    let (name, rest) = text.split_at_checked(end)?;
    Some((meaning(name)?, rest.strip_prefix(';')?))
}

/// A name that no semicolon ends. Where a letter, a digit or `=` follows, it may as well be part of an address
/// (`?a=1&copy=2`): then it stays as it stands, as in the attributes of HTML.
fn unended(text: &str) -> Option<(Meaning, &str)> {
    let end = text.bytes().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(text.len());
    let (name, rest) = text.split_at_checked(end).filter(|(_, rest)| !rest.starts_with('='))?;
    WITHOUT_SEMICOLON.binary_search(&name).ok()?;
    Some((meaning(name)?, rest))
}

fn meaning(name: &str) -> Option<Meaning> {
    Some(match name {
        "amp" => Meaning::Plain('&'),
        "lt" => Meaning::Plain('<'),
        "gt" => Meaning::Plain('>'),
        "quot" => Meaning::Plain('"'),
        "apos" => Meaning::Plain('\''),
        _ => {
            let at = NAMED_ENTITIES.binary_search_by_key(&name.as_bytes(), |(known, _)| known).ok()?;
            Meaning::Html(NAMED_ENTITIES.get(at)?.1)
        }
    })
}

/// Bytes 0x80 to 0x9f of windows-1252 (WHATWG Encoding Standard); NUL where it has no character.
const WINDOWS_1252: &str = "€\0‚ƒ„…†‡ˆ‰Š‹Œ\0Ž\0\0‘’“”•–—˜™š›œ\0žŸ";

/// The names of HTML that count without a semicolon too (WHATWG HTML, 13.5), sorted.
#[rustfmt::skip]
const WITHOUT_SEMICOLON: [&str; 106] = [
    "AElig", "AMP", "Aacute", "Acirc", "Agrave", "Aring", "Atilde", "Auml", "COPY", "Ccedil", "ETH", "Eacute",
    "Ecirc", "Egrave", "Euml", "GT", "Iacute", "Icirc", "Igrave", "Iuml", "LT", "Ntilde", "Oacute", "Ocirc", "Ograve",
    "Oslash", "Otilde", "Ouml", "QUOT", "REG", "THORN", "Uacute", "Ucirc", "Ugrave", "Uuml", "Yacute", "aacute",
    "acirc", "acute", "aelig", "agrave", "amp", "aring", "atilde", "auml", "brvbar", "ccedil", "cedil", "cent",
    "copy", "curren", "deg", "divide", "eacute", "ecirc", "egrave", "eth", "euml", "frac12", "frac14", "frac34", "gt",
    "iacute", "icirc", "iexcl", "igrave", "iquest", "iuml", "laquo", "lt", "macr", "micro", "middot", "nbsp", "not",
    "ntilde", "oacute", "ocirc", "ograve", "ordf", "ordm", "oslash", "otilde", "ouml", "para", "plusmn", "pound",
    "quot", "raquo", "reg", "sect", "shy", "sup1", "sup2", "sup3", "szlig", "thorn", "times", "uacute", "ucirc",
    "ugrave", "uml", "uuml", "yacute", "yen", "yuml",
];

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn references() {
        let cases = [
            ("plain", "plain", ""),
            ("a &amp; b &lt;c&gt;", "a & b <c>", ""),
            ("it&#8217;s &#x2019;", "it’s ’", ""),
            ("it&#146;s", "it’s", ""),
            ("caf&eacute;&hellip;", "café…", "html-entity"),
            ("R&D, AT&T", "R&D, AT&T", "bare-ampersand"),
            ("&", "&", "bare-ampersand"),
            ("a&#0;b&#x1f;c&#99999999999;d", "abcd", "control-character"),
            ("&unknown; &#; &#x;", "&unknown; &#; &#x;", "bare-ampersand"),
            ("&é;", "&é;", "bare-ampersand"),
        ];
        for (given, expected, note) in cases {
            let mut repairs = Repairs::default();
            assert_eq!(decode(given, &mut repairs), expected, "{given}");
            assert_eq!(repairs.names().join(" "), note, "{given}");
        }
    }

    #[test]
    fn references_of_html() {
        let cases = [
            ("5&dollar; &starf; &CounterClockwiseContourIntegral;", "5$ ★ ∳"),
            ("a&nbsp b&nbsp;c", "a\u{a0} b\u{a0}c"),
            ("AT&ampT, AT&amp T", "AT&ampT, AT& T"),
            ("x?a=1&copy=2&reg", "x?a=1&copy=2®"),
            ("caf&eacute, &hellip no", "café, &hellip no"),
            ("&dollar", "&dollar"),
        ];
        for (given, expected) in cases {
            assert_eq!(decode_html(given), expected, "{given}");
        }
        assert_eq!(decode("a&nbsp b", &mut Repairs::default()), "a&nbsp b", "XML knows no name without an end");
    }

    #[test]
    fn the_tables_are_sorted_and_no_name_is_longer_than_said() {
        assert!(NAMED_ENTITIES.is_sorted_by_key(|(name, _)| name) && WITHOUT_SEMICOLON.is_sorted());
        assert!(NAMED_ENTITIES.iter().all(|(name, _)| name.len() <= LONGEST_NAME));
        assert!(WITHOUT_SEMICOLON.iter().all(|name| meaning(name).is_some()));
        assert_eq!(WINDOWS_1252.chars().count(), 32);
    }
}
