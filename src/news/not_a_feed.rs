//! What a document is that is no feed, so that people read the cause and not the symptom.

use crate::domain::feed::{OtherContent, Unreadable};

/// Names looked for within this many bytes.
const HEAD: usize = 16 * 1024;

/// Words of pages that a bot guard sends instead of an answer, in lower case, and whose they are.
const CHALLENGES: &[(&str, &str)] = &[
    ("cf-chl", "Cloudflare"),
    ("challenges.cloudflare.com", "Cloudflare"),
    ("<title>just a moment", "Cloudflare"),
    ("attention required! | cloudflare", "Cloudflare"),
    ("cf-error-details", "Cloudflare"),
    ("_incapsula_resource", "Imperva"),
    ("incapsula incident id", "Imperva"),
    ("vercel security checkpoint", "Vercel"),
    ("errors.edgesuite.net", "Akamai"),
    ("/_sec/cp_challenge", "Akamai"),
    ("ddos-guard", "DDoS-Guard"),
    ("request rate threshold exceeded", "SEC"),
    ("captcha-delivery.com", "DataDome"),
    ("px-captcha", "PerimeterX"),
    ("_pxappid", "PerimeterX"),
    ("sucuri website firewall", "Sucuri"),
    ("awswaf.com", "AWS WAF"),
    ("anubis_challenge", "Anubis"),
    ("blocked by network security", "Reddit"),
    ("our systems have detected unusual traffic", "Google"),
];

/// Headers by which a guard tells that it answered itself: name, how the value begins, whose it is.
const GUARD_HEADERS: &[(&str, &str, &str)] = &[
    ("cf-mitigated", "", "Cloudflare"),
    ("x-vercel-mitigated", "", "Vercel"),
    ("x-amzn-waf-action", "", "AWS WAF"),
    ("x-datadome", "protected", "DataDome"),
    ("x-dd-b", "", "DataDome"),
    ("x-sucuri-block", "", "Sucuri"),
    ("server", "akamaighost", "Akamai"),
    ("server", "ddos-guard", "DDoS-Guard"),
];

/// Words of refusals that come from haste, in lower case.
const HASTE: &[&str] = &["request rate threshold exceeded", "rate limit", "ratelimit", "too many requests"];

/// Why a text without any feed in it can't be read.
pub(crate) fn why(text: &str) -> Unreadable {
    let head = text.get(..text.floor_char_boundary(HEAD)).unwrap_or_default().to_lowercase();
    if let Some(guard) = challenge(&head) {
        return Unreadable::Challenge(guard.into());
    }
    if ["<html", "<!doctype html", "<body", "<head>"].iter().any(|mark| head.contains(mark)) {
        return Unreadable::WebPage;
    }
    match head.trim_start().chars().next() {
        None => Unreadable::Empty,
        Some('<') => Unreadable::NotAFeed(OtherContent::Xml),
        Some('{' | '[') => Unreadable::NotAFeed(OtherContent::Json),
        Some(_) if head.starts_with("%pdf") => Unreadable::NotAFeed(OtherContent::Pdf),
        Some(_) if head.contains('\u{fffd}') || head.contains('\0') => Unreadable::NotAFeed(OtherContent::Binary),
        Some(_) => Unreadable::NotAFeed(OtherContent::PlainText),
    }
}

/// Whose challenge page this is, if it is one.
pub(crate) fn challenge(head: &str) -> Option<&'static str> {
    CHALLENGES.iter().find(|(mark, _)| head.contains(mark)).map(|(_, guard)| *guard)
}

/// Whose guard refused, by the headers of its answer and the beginning of its body. Only a web page is a challenge: a
/// plain refusal of a server behind a guard is its own.
pub(crate) fn guard<'a>(header: impl Fn(&str) -> Option<&'a str>, body: &[u8]) -> Option<&'static str> {
    if header("cf-mitigated").is_some() {
        return Some("Cloudflare");
    }
    let head = lower_head(body);
    let is_page = head.contains("<html") || head.contains("<!doctype html");
    let guard_of = |(name, value, guard): &(&str, &str, &'static str)| {
        header(name).is_some_and(|given| given.to_ascii_lowercase().starts_with(value)).then_some(*guard)
    };
    challenge(&head).or_else(|| GUARD_HEADERS.iter().filter(|_| is_page).find_map(guard_of))
}

/// Whether a refusal says that it comes from asking too often.
pub(crate) fn is_rate_limit<'a>(header: impl Fn(&str) -> Option<&'a str>, body: &[u8]) -> bool {
    let spent = |name| header(name).is_some_and(|left| left.trim().trim_end_matches(".0") == "0");
    let head = lower_head(body);
    spent("x-ratelimit-remaining") || spent("ratelimit-remaining") || HASTE.iter().any(|words| head.contains(words))
}

fn lower_head(body: &[u8]) -> String {
    String::from_utf8_lossy(body.get(..HEAD).unwrap_or(body)).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guards_are_known_by_their_headers_and_their_pages() {
        for (headers, body, expected) in [
            (vec![("cf-mitigated", "challenge")], "", Some("Cloudflare")),
            (vec![], "<html><title>Just a moment...</title>", Some("Cloudflare")),
            (vec![], "<title>Attention Required! | Cloudflare</title>", Some("Cloudflare")),
            (vec![("x-vercel-mitigated", "challenge")], "<!DOCTYPE html>", Some("Vercel")),
            (vec![("server", "AkamaiGHost")], "<HTML><H1>Access Denied</H1>", Some("Akamai")),
            (vec![("server", "AkamaiGHost")], "no", None),
            (vec![("x-datadome", "protected")], "<html>", Some("DataDome")),
            (vec![], "<script src=https://ct.captcha-delivery.com/c.js>", Some("DataDome")),
            (vec![], "<iframe src=\"/_Incapsula_Resource?x\">", Some("Imperva")),
            (vec![], "<div id=px-captcha>", Some("PerimeterX")),
            (vec![], "<h1>Request Rate Threshold Exceeded</h1>", Some("SEC")),
            (vec![("server", "nginx")], "<html><h1>403 Forbidden</h1>", None),
        ] {
            let header = |name: &str| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
            assert_eq!(guard(header, body.as_bytes()), expected, "{headers:?} {body}");
        }
    }

    #[test]
    fn haste_is_told_by_headers_or_words() {
        for (headers, body, expected) in [
            (vec![("x-ratelimit-remaining", "0.0")], "", true),
            (vec![("ratelimit-remaining", "0")], "", true),
            (vec![("x-ratelimit-remaining", "12")], "", false),
            (vec![], "<h1>Too Many Requests</h1>", true),
            (vec![], "Forbidden", false),
        ] {
            let header = |name: &str| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
            assert_eq!(is_rate_limit(header, body.as_bytes()), expected, "{headers:?} {body}");
        }
    }

    #[test]
    fn causes() {
        for (text, expected) in [
            ("  ", "it is empty"),
            ("<!DOCTYPE html><html><body>Hello", "it is a web page, not a feed"),
            ("<html><title>Just a moment...</title>", "it is a challenge page (Cloudflare), meant for browsers"),
            ("<svg></svg>", "it is not a feed that newstape can read: it is XML of another kind"),
            ("[1]", "it is not a feed that newstape can read: it is JSON of another kind"),
            ("%PDF-1.7", "it is not a feed that newstape can read: it is a PDF"),
            ("Service unavailable", "it is not a feed that newstape can read: it is plain text"),
        ] {
            assert_eq!(why(text).to_string(), expected);
        }
    }
}
