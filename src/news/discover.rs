//! The feeds that a web page names: `<link rel="alternate">` as the RSS Advisory Board's autodiscovery and HTML's own rule
//! have it (html.spec.whatwg.org, rel-alternate), then links that look like feeds. Pure: nobody is asked.

use std::collections::BTreeSet;

use url::Url;

use super::fields::absolute;
use super::html_text;
use super::markup::{Markup, Tag, Token};
use super::opml;

/// More feeds than this are not listed: nobody would choose among them.
pub const MAX_CANDIDATES: usize = 20;
/// How much of a page is looked at, in bytes.
const MAX_TEXT: usize = 4 << 20;
/// Where feeds of sites that name none are most often found. Few, since each is asked for.
pub const WELL_KNOWN: [&str; 3] = ["/feed", "/rss.xml", "/atom.xml"];

/// Types of `<link rel="alternate">` that are feeds.
const TYPES: [&str; 6] = [
    "application/rss+xml",
    "application/atom+xml",
    "application/feed+json",
    "application/rdf+xml",
    "application/json+feed",
    "application/x-rss+xml",
];
/// How the path of an address ends that looks like a feed, in lower case.
const ENDINGS: [&str; 14] = [
    "/feed",
    "/feed/",
    "/rss",
    "/rss/",
    "/atom",
    "/atom/",
    ".rss",
    ".atom",
    ".rdf",
    "rss.xml",
    "atom.xml",
    "feed.xml",
    "index.xml",
    "feed.json",
];

/// A feed that a page names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Absolute, http(s).
    pub url: String,
    /// As the page calls it: clean, at most 80 characters; empty when it does not.
    pub title: String,
    /// The type that the page declares for it; empty for a mere link.
    pub kind: String,
}

/// The feeds of a page, the likeliest first: those it declares, those it links to, and feeds of comments last.
pub fn candidates(html: &str, page: &Url) -> Vec<Candidate> {
    let html = html.get(..html.floor_char_boundary(MAX_TEXT)).unwrap_or_default();
    let mut reader = Reader::new(page);
    for token in Markup::new(html) {
        reader.take(&token);
    }
    reader.anchor_ends();
    let (comments, mut found): (Vec<_>, Vec<_>) =
        reader.declared.into_iter().chain(reader.linked).partition(is_of_comments);
    found.extend(comments);
    let mut seen = BTreeSet::new();
    found.retain(|candidate| seen.insert(key(&candidate.url)));
    found.truncate(MAX_CANDIDATES);
    found
}

/// An address without what makes no other feed of it: `http` or `https`, `www.`, a slash at the end, a fragment.
pub fn key(url: &str) -> String {
    let Ok(url) = Url::parse(url) else { return url.to_owned() };
    let host = url.host_str().unwrap_or_default();
    let host = host.strip_prefix("www.").unwrap_or(host);
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("{host}{port}{}{query}", url.path().trim_end_matches('/'))
}

/// Several formats of one feed: declared with types that differ and the same name, but for the format in it.
pub fn is_one_feed(candidates: &[Candidate]) -> bool {
    let name = |candidate: &Candidate| {
        let title = candidate.title.to_lowercase();
        let words = title.split(|c: char| !c.is_alphanumeric()).filter(|word| !FORMATS.contains(word));
        words.collect::<Vec<_>>().join(" ")
    };
    let kinds: BTreeSet<&str> = candidates.iter().map(|candidate| candidate.kind.as_str()).collect();
    let names: BTreeSet<String> = candidates.iter().map(name).collect();
    kinds.len() == candidates.len() && !kinds.contains("") && names.len() == 1
}

/// Words that tell formats apart in the names of feeds.
const FORMATS: [&str; 11] = ["", "rss", "rss2", "atom", "json", "feed", "xml", "rdf", "0", "1", "2"];

/// A feed of what readers say about the page, not of news.
pub fn is_of_comments(candidate: &Candidate) -> bool {
    let path = Url::parse(&candidate.url).map(|url| url.path().to_ascii_lowercase()).unwrap_or_default();
    let title = candidate.title.to_lowercase();
    path.contains("/comments/")
        || ["comments feed", "comment feed", "commentaires"].iter().any(|end| title.ends_with(end))
}

#[derive(Debug)]
struct Reader {
    base: Url,
    declared: Vec<Candidate>,
    linked: Vec<Candidate>,
    /// The text of an `<a>` under way is that of the last linked one.
    in_anchor: Option<String>,
    /// Inside a script or a style, what looks like markup is none.
    inside: Option<&'static str>,
}

impl Reader {
    fn new(page: &Url) -> Reader {
        Reader { base: page.clone(), declared: Vec::new(), linked: Vec::new(), in_anchor: None, inside: None }
    }

    fn take(&mut self, token: &Token) {
        match (token, self.inside) {
            (Token::End(name), Some(inside)) if name.eq_ignore_ascii_case(inside) => self.inside = None,
            (_, Some(_)) => {}
            (Token::Start(tag), None) => self.start(tag),
            (Token::End(name), None) if name.eq_ignore_ascii_case("a") => self.anchor_ends(),
            (Token::Text(text) | Token::Literal(text), None) => {
                if let Some(inside) = self.in_anchor.as_mut().filter(|inside| inside.len() < 400) {
                    inside.push_str(text.get(..text.floor_char_boundary(400)).unwrap_or_default());
                }
            }
            _ => {}
        }
    }

    fn start(&mut self, tag: &Tag) {
        match tag.name.to_ascii_lowercase().as_str() {
            "script" if !tag.is_empty => self.inside = Some("script"),
            "style" if !tag.is_empty => self.inside = Some("style"),
            "base" => {
                let base = tag.attribute("href").and_then(|href| absolute(&href, Some(&self.base)));
                self.base = base.and_then(|base| Url::parse(&base).ok()).unwrap_or_else(|| self.base.clone());
            }
            "link" => self.declared.extend(self.declaration(tag).filter(|_| self.declared.len() < 4 * MAX_CANDIDATES)),
            "a" => self.anchor(tag),
            _ => {}
        }
    }

    fn declaration(&self, tag: &Tag) -> Option<Candidate> {
        let rel = tag.attribute("rel")?.to_ascii_lowercase();
        let kind = tag.attribute("type").unwrap_or_default().to_ascii_lowercase();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        let is_alternate = rel.split_ascii_whitespace().any(|word| word == "alternate");
        // `feed` alone was HTML5's word for a while.
        let says_feed = rel.split_ascii_whitespace().any(|word| word == "feed");
        let is_feed = says_feed || (is_alternate && TYPES.contains(&kind));
        let href = tag.attribute("href")?;
        if !is_feed {
            return None;
        }
        let title = tag.attribute("title").unwrap_or_default();
        Some(Candidate { url: absolute(&href, Some(&self.base))?, title: opml::name(&title), kind: kind.to_owned() })
    }

    fn anchor(&mut self, tag: &Tag) {
        self.anchor_ends();
        let url = tag.attribute("href").and_then(|href| absolute(&href, Some(&self.base)));
        if let Some(url) = url.filter(|url| looks_like_feed(url) && self.linked.len() < 4 * MAX_CANDIDATES) {
            let title = opml::name(&tag.attribute("title").unwrap_or_default());
            self.linked.push(Candidate { url, title, kind: String::new() });
            self.in_anchor = Some(String::new());
        }
    }

    fn anchor_ends(&mut self) {
        let Some(text) = self.in_anchor.take() else { return };
        if let Some(last) = self.linked.last_mut().filter(|last| last.title.is_empty()) {
            last.title = opml::name(&html_text::from_html(&text, 400));
        }
    }
}

/// By the end of its path, or as WordPress asks for one without pretty paths (`?feed=rss2`).
fn looks_like_feed(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    let path = url.path().to_ascii_lowercase();
    ENDINGS.iter().any(|ending| path.ends_with(ending))
        || url.query_pairs().any(|(name, value)| name == "feed" && value.len() < 8 && !value.is_empty())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(html: &str) -> Vec<String> {
        let page = Url::parse("https://news.example/section/page.html").unwrap();
        candidates(html, &page).into_iter().map(|found| format!("{} {}", found.url, found.title)).collect()
    }

    #[test]
    fn feeds_of_pages() {
        let cases = [
            (
                "<link rel='alternate' type='application/rss+xml' title='News &amp; more' href='/feed.xml'>",
                vec!["https://news.example/feed.xml News & more"],
            ),
            (
                "<LINK TYPE=application/atom+xml; charset=utf-8 REL='nofollow Alternate' HREF=atom>",
                vec!["https://news.example/section/atom "],
            ),
            (
                "<link rel='alternate' type='application/atom+xml;charset=utf-8' href='https://other.example/a'>",
                vec!["https://other.example/a "],
            ),
            (
                "<base href='https://cdn.example/x/'><link rel=alternate type='application/feed+json' href='f'>",
                vec!["https://cdn.example/x/f "],
            ),
            ("<link rel='feed' href='f'>", vec!["https://news.example/section/f "]),
            ("<link rel='alternate' hreflang='fr' href='/fr'><link rel='stylesheet' href='/feed.xml'>", vec![]),
            ("<link rel='alternate' type='application/json' href='/wp-json/'>", vec![]),
            (
                "<a href='/rss'>All <b>our</b> news</a><a href='/about'>About</a>",
                vec!["https://news.example/rss All our news"],
            ),
            ("<a href='/?feed=rss2'></a>", vec!["https://news.example/?feed=rss2 "]),
            ("<a href='javascript:feed.xml'>x</a><a href='exec:/feed.xml'>x</a><a href='feed.xml", vec![]),
            // Declared before linked, each once, comments last.
            (
                "<link rel=alternate type=application/rss+xml title='Blog » Comments Feed' href='/comments/feed/'>\
                 <a href='http://www.news.example/feed'>RSS</a><a href='/atom.xml'>Atom</a>\
                 <link rel=alternate type=application/rss+xml title='Blog' href='/feed/'>",
                vec![
                    "https://news.example/feed/ Blog",
                    "https://news.example/atom.xml Atom",
                    "https://news.example/comments/feed/ Blog » Comments Feed",
                ],
            ),
            ("<script>if (a<b) x = \"<link rel='alternate' type='application/rss+xml' href='/no'>\"</script>", vec![]),
            ("<!-- <link rel='alternate' type='application/rss+xml' href='/no'> -->", vec![]),
            (
                "<link rel='alternate' type='application/rss+xml' title='\u{1b}]0;x\u{7}T' href='/t'>",
                vec!["https://news.example/t T"],
            ),
        ];
        for (html, expected) in cases {
            assert_eq!(found(html), expected, "{html}");
        }
    }

    #[test]
    fn two_formats_of_one_feed_are_one() {
        let page = Url::parse("https://news.example/").unwrap();
        let link = |kind: &str, title: &str, url: &str| {
            format!("<link rel=alternate type='application/{kind}' title='{title}' href='{url}'>")
        };
        let (rss, atom) = ("rss+xml", "atom+xml");
        for (one, other, expected) in [
            ((rss, "News (RSS)"), (atom, "News (Atom 1.0)"), true),
            ((rss, ""), (atom, ""), true),
            ((rss, "RSS 2.0"), (atom, "Atom"), true),
            ((rss, "News"), (rss, "News"), false),
            ((rss, "News"), (atom, "Sports"), false),
        ] {
            let html = link(one.0, one.1, "/1") + &link(other.0, other.1, "/2");
            assert_eq!(is_one_feed(&candidates(&html, &page)), expected, "{one:?} {other:?}");
        }
    }

    #[test]
    fn a_flood_is_capped() {
        let html: String = (0..50_000).map(|n| format!("<a href='/{n}.rss'>{n}</a>")).collect();
        assert_eq!(found(&html).len(), MAX_CANDIDATES);
    }

    #[test]
    fn what_makes_no_other_feed() {
        let same =
            ["https://a.example/f", "http://www.a.example/f/", "https://a.example/f#x", "https://A.example:443/f"];
        for url in same {
            assert_eq!(key(url), key(same[0]), "{url}");
        }
        for other in ["https://a.example/f?x", "https://a.example/F", "https://a.example:8080/f", "https://b.example/f"]
        {
            assert_ne!(key(other), key(same[0]), "{other}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(html in "([<>/!?'\"=& \\-]|link|rel|href|alternate|base|script|<a |application/rss\\+xml|\\PC){0,80}") {
            let page = Url::parse("https://news.example/").unwrap();
            prop_assert!(candidates(&html, &page).len() <= MAX_CANDIDATES);
        }
    }
}
