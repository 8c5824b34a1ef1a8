//! Whose server a feed is on: requests are counted and cooled by site, not by host name.

use std::time::Duration;

use url::{Host, Url};

/// Places that are known to want more time between two requests than others, each with its reason.
const SPACINGS: &[(&str, Duration)] = &[
    // Since June 2026 about one request a minute is answered for each address that asks, the rest is 429 or 403.
    ("reddit.com", Duration::from_mins(1)),
    // News searches asked in a row are answered with 503 and a page for humans.
    ("google.com", Duration::from_secs(5)),
    // 429 after short bursts.
    ("yahoo.com", Duration::from_secs(3)),
    ("tumblr.com", Duration::from_secs(5)),
];

/// A registrable domain (public suffix list); an address or a name without one counts with its port, since programs
/// that serve there have little to do with each other.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Site(String);

impl Site {
    /// The site of an address; one that is none is a site by itself.
    pub(crate) fn of(url: &str) -> Site {
        let Ok(url) = Url::parse(url) else { return Site(url.to_owned()) };
        let domain = match url.host() {
            Some(Host::Domain(name)) => psl::domain_str(name.trim_end_matches('.')),
            _ => None,
        };
        match (domain, url.host_str(), url.port_or_known_default()) {
            (Some(domain), _, _) => Site(domain.to_ascii_lowercase()),
            (None, Some(host), Some(port)) => Site(format!("{host}:{port}")),
            (None, host, _) => Site(host.unwrap_or_default().to_owned()),
        }
    }

    /// What is known of the time it wants between two requests.
    pub(crate) fn spacing(&self) -> Option<Duration> {
        SPACINGS.iter().find(|(site, _)| *site == self.0).map(|(_, spacing)| *spacing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        for (url, expected) in [
            ("https://feeds.bbci.co.uk/news/rss.xml", "bbci.co.uk"),
            ("https://www.sec.gov/news/pressreleases.rss", "sec.gov"),
            ("http://a.example.com:8080/x", "example.com"),
            ("http://127.0.0.1:8080/x", "127.0.0.1:8080"),
            ("http://127.0.0.1/x", "127.0.0.1:80"),
            ("http://[::1]:9/x", "[::1]:9"),
            ("http://localhost:3000/x", "localhost:3000"),
            ("https://someone.github.io/feed", "someone.github.io"),
        ] {
            assert_eq!(Site::of(url), Site(expected.into()), "{url}");
        }
    }

    #[test]
    fn some_places_want_more_time() {
        let spacing = |url| Site::of(url).spacing().map(|spacing| spacing.as_secs());
        assert_eq!(spacing("https://old.reddit.com/r/a/.rss"), Some(60));
        assert_eq!(spacing("https://news.google.com/rss/search?q=a"), Some(5));
        assert_eq!(spacing("https://notreddit.com/"), None);
    }
}
