//! What a document is that is no feed, so that people are told the cause and not the symptom.

use super::Unreadable;

/// Names looked for within this many bytes.
const HEAD: usize = 16 * 1024;

/// Words of pages that a bot guard sends instead of an answer, in lower case, and whose they are.
const CHALLENGES: &[(&str, &str)] = &[
    ("cf-chl", "Cloudflare"),
    ("challenges.cloudflare.com", "Cloudflare"),
    ("<title>just a moment", "Cloudflare"),
    ("attention required! | cloudflare", "Cloudflare"),
    ("_incapsula_resource", "Imperva"),
    ("vercel security checkpoint", "Vercel"),
    ("ddos-guard", "DDoS-Guard"),
    ("request rate threshold exceeded", "SEC"),
    ("captcha-delivery.com", "DataDome"),
    ("px-captcha", "PerimeterX"),
];

/// Why a text without any feed in it can't be read.
pub fn why(text: &str) -> Unreadable {
    let head = text.get(..text.floor_char_boundary(HEAD)).unwrap_or_default().to_lowercase();
    if let Some(guard) = challenge(&head) {
        return Unreadable::Challenge(guard);
    }
    if ["<html", "<!doctype html", "<body", "<head>"].iter().any(|mark| head.contains(mark)) {
        return Unreadable::WebPage;
    }
    match head.trim_start().chars().next() {
        None => Unreadable::Empty,
        Some('<') => Unreadable::NotAFeed("it is XML of another kind"),
        Some('{' | '[') => Unreadable::NotAFeed("it is JSON of another kind"),
        Some(_) if head.starts_with("%pdf") => Unreadable::NotAFeed("it is a PDF"),
        Some(_) if head.contains('\u{fffd}') || head.contains('\0') => Unreadable::NotAFeed("it is not text"),
        Some(_) => Unreadable::NotAFeed("it is plain text"),
    }
}

/// Whose challenge page this is, if it is one.
pub fn challenge(head: &str) -> Option<&'static str> {
    CHALLENGES.iter().find(|(mark, _)| head.contains(mark)).map(|(_, guard)| *guard)
}

#[cfg(test)]
mod tests {
    use super::*;

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
