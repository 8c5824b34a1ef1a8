//! Whose server a feed is on: requests are counted and cooled by place, not by host name.

use url::{Host, Url};

/// A registrable domain (public suffix list); an address or a name without one counts with its port, since programs
/// that serve there have little to do with each other.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place(String);

impl Place {
    /// The place of an address; one that is none is a place by itself.
    pub fn of(url: &str) -> Place {
        let Ok(url) = Url::parse(url) else { return Place(url.to_owned()) };
        let domain = match url.host() {
            Some(Host::Domain(name)) => psl::domain_str(name.trim_end_matches('.')),
            _ => None,
        };
        match (domain, url.host_str(), url.port_or_known_default()) {
            (Some(domain), _, _) => Place(domain.to_ascii_lowercase()),
            (None, Some(host), Some(port)) => Place(format!("{host}:{port}")),
            (None, host, _) => Place(host.unwrap_or_default().to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_13_places() {
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
            assert_eq!(Place::of(url), Place(expected.into()), "{url}");
        }
    }
}
