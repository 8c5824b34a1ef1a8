//! OPML, in which readers hand their lists of feeds to one another (opml.org/spec2.opml), in and out.
//!
//! What comes in is somebody else's file: of an outline only its name, its address and the group it stands in are
//! taken, and of addresses only those of the web. Other readers run `exec:` and `filter:`; newstape never does.
//!
//! What newstape knows beyond that (a feed that is switched off, its interval) goes out in attributes of a namespace of
//! our own, which other readers pass over, and comes in again from there.

use std::borrow::Cow;

use url::Url;

use super::markup::{Markup, Tag, Token};
use super::repair::Repairs;
use super::{decode, html_text};
use crate::domain::text;
use crate::domain::text::steers;

/// A larger file is no list of feeds, in bytes.
pub const MAX_BYTES: usize = 16 << 20;
/// More feeds than this are left.
pub const MAX_FEEDS: usize = 5_000;
/// Groups deeper than this count as the one that they stand in.
const MAX_DEPTH: usize = 64;
/// More sentences on what was left out are counted, not written.
const MAX_SENTENCES: usize = 20;
/// Longest address, in bytes.
const URL_MAX: usize = 4096;
/// Longest name, in characters: as the config takes it.
const NAME_MAX: usize = 80;
/// The namespace of what other readers have no attribute for. A name, not an address that is asked.
const NAMESPACE: &str = "urn:newstape:opml";
/// The keys of a `[[feed]]` that go out and come in under it. Nothing secret, and nothing that names a server.
pub const SETTINGS: [&str; 6] = ["enabled", "interval", "primary", "lang", "user-agent", "kill"];

/// A feed in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// Clean, 1 to 80 characters.
    pub name: String,
    /// http(s).
    pub url: String,
    /// The nearest group that it stands in; clean, 1 to 80 characters.
    pub category: Option<String>,
    /// Of [`SETTINGS`], in their order, those that the file tells, as they stand there.
    pub settings: Vec<(&'static str, String)>,
}

/// A list, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// In the order of the file; an address may stand in it twice.
    pub feeds: Vec<Outline>,
    /// What was left out and why, a sentence each; at most 20 and one more that counts the others.
    pub skipped: Vec<String>,
    /// The file breaks off: there were more feeds, or more of the last one.
    pub is_cut: bool,
}

/// Why a file can't be read. `Display` is one plain clause, fit to follow a name and a colon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// Larger than [`MAX_BYTES`].
    #[error("it is larger than {} MiB, which no list of feeds is", MAX_BYTES >> 20)]
    TooLarge,
    /// An RSS, Atom or JSON feed.
    #[error("it is a feed, not a list of feeds; newstape feeds add takes the address of one")]
    Feed,
    /// No `<outline>` element.
    #[error("it is no list of feeds: it has no outlines, as OPML has them")]
    NoOutlines,
}

/// Reads a list, whatever it holds. Pure, and never panics.
///
/// # Errors
/// When it is too large, or no list at all.
pub fn read(bytes: &[u8]) -> Result<List, Unusable> {
    if bytes.len() > MAX_BYTES {
        return Err(Unusable::TooLarge);
    }
    let text = decode::decode(bytes, None, &mut Repairs::default());
    let mut reader = Reader::default();
    for token in Markup::new(&text) {
        match token {
            Token::Start(tag) if tag.name.eq_ignore_ascii_case("opml") => reader.list.is_cut = true,
            Token::End(name) if name.eq_ignore_ascii_case("opml") => reader.list.is_cut = false,
            Token::Start(tag) if tag.name.eq_ignore_ascii_case("outline") => reader.open(&tag),
            Token::End(name) if name.eq_ignore_ascii_case("outline") => reader.close(),
            Token::Start(tag) if !reader.is_list && ["rss", "feed"].contains(&tag.name) => return Err(Unusable::Feed),
            _ => {}
        }
    }
    if reader.is_list { Ok(reader.finish()) } else { Err(Unusable::NoOutlines) }
}

#[derive(Debug, Default)]
struct Reader {
    list: List,
    /// The group in force at each open outline.
    groups: Vec<Option<String>>,
    /// Outlines that are open beyond the deepest.
    beyond: usize,
    is_list: bool,
    more_feeds: usize,
    more_sentences: usize,
}

impl Reader {
    fn open(&mut self, tag: &Tag) {
        self.is_list = true;
        let attribute = |name| tag.attribute(name).filter(|value| !value.trim().is_empty());
        let title = attribute("text").or_else(|| attribute("title")).map(|title| name(&title)).unwrap_or_default();
        let is_feed = attribute("type").is_some_and(|kind| ["rss", "atom"].contains(&&*kind.to_ascii_lowercase()));
        let address = attribute("xmlUrl").or_else(|| attribute("url").filter(|_| is_feed));
        let standing = self.groups.last().cloned().flatten();
        let group = match address {
            Some(address) => {
                let category = standing.clone().or_else(|| attribute("category").and_then(|paths| first_group(&paths)));
                self.feed(title, &address, category, settings(tag));
                standing
            }
            None => {
                if tag.is_empty && (is_feed || attribute("htmlUrl").is_some()) {
                    self.skip(format!("{} has no address of a feed", shown(&title)));
                }
                Some(title).filter(|title| !title.is_empty()).or(standing)
            }
        };
        match tag.is_empty {
            true => {}
            false if self.groups.len() < MAX_DEPTH => self.groups.push(group),
            false => self.beyond += 1,
        }
    }

    fn close(&mut self) {
        if self.beyond > 0 {
            self.beyond -= 1;
        } else {
            self.groups.pop();
        }
    }

    fn feed(&mut self, title: String, address: &str, category: Option<String>, settings: Vec<(&'static str, String)>) {
        match web_address(address) {
            Err(why) => self.skip(format!("{} {why}", shown(&title))),
            Ok(_) if self.list.feeds.len() >= MAX_FEEDS => self.more_feeds += 1,
            Ok(url) => {
                let host = || url.host_str().map(name).unwrap_or_default();
                let name = Some(title).filter(|title| !title.is_empty()).unwrap_or_else(host);
                self.list.feeds.push(Outline { name, url: url.into(), category, settings });
            }
        }
    }

    fn skip(&mut self, sentence: String) {
        if self.list.skipped.len() < MAX_SENTENCES {
            self.list.skipped.push(sentence);
        } else {
            self.more_sentences += 1;
        }
    }

    fn finish(mut self) -> List {
        let left = &mut self.list.skipped;
        if self.more_sentences > 0 {
            left.push(format!("{} more like these", self.more_sentences));
        }
        if self.more_feeds > 0 {
            left.push(format!("{} feeds beyond the first {MAX_FEEDS} are left out", self.more_feeds));
        }
        self.list
    }
}

/// What the file says under our own namespace.
fn settings(tag: &Tag) -> Vec<(&'static str, String)> {
    let setting = |key: &'static str| {
        let value = tag.attribute(&format!("newstape:{key}"))?;
        let value: String = text::clean(&value).chars().take(URL_MAX).collect();
        (!value.is_empty()).then_some((key, value))
    };
    SETTINGS.into_iter().filter_map(setting).collect()
}

/// Clean, and as long as a name may be.
pub fn name(raw: &str) -> String {
    // Cleaning what is much too long is work for nothing.
    let head: String = raw.chars().take(8 * NAME_MAX).collect();
    let clean = text::clean(&head);
    if clean.chars().count() <= NAME_MAX {
        return clean;
    }
    let cut: String = clean.chars().take(NAME_MAX - 1).collect();
    format!("{}…", cut.trim_end())
}

/// `'A name'`, or what stands for one.
fn shown(name: &str) -> String {
    if name.is_empty() { "an outline without a name".into() } else { format!("'{}'", html_text::cut(name, 60)) }
}

/// `/Tech/News,Mine` is a list of paths (OPML 2.0, category): the last step of the first.
fn first_group(paths: &str) -> Option<String> {
    let first = paths.split(',').next()?;
    first.rsplit('/').map(name).find(|group| !group.is_empty())
}

/// The address, if it is one of the web; else why not, fit to follow a name.
fn web_address(text: &str) -> Result<Url, String> {
    let text = text.trim();
    let text = match text.get(..5).filter(|start| start.eq_ignore_ascii_case("feed:")) {
        // As browsers once asked for a feed to be subscribed: feed://host/path, feed:https://host/path.
        Some(_) => match text.get(5..).unwrap_or_default() {
            rest if rest.starts_with("//") => Cow::Owned(format!("http:{rest}")),
            rest => Cow::Borrowed(rest),
        },
        None => Cow::Borrowed(text),
    };
    if text.len() > URL_MAX {
        return Err("has an address that is too long".into());
    }
    let url = Url::parse(&text).map_err(|_| "has an address that can't be read".to_owned())?;
    match url.scheme() {
        "http" | "https" if url.host_str().is_some_and(|host| !host.is_empty()) => Ok(url),
        scheme => Err(format!("has an address of another kind ({}:), which newstape never follows", name(scheme))),
    }
}

/// Writes a list, grouped by category in the order of their first feeds.
pub fn write(feeds: &[Outline]) -> String {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<opml version=\"2.0\" xmlns:newstape=\"{NAMESPACE}\">\n\
         <head>\n<title>newstape</title>\n</head>\n<body>\n"
    );
    let mut groups: Vec<Option<&str>> = Vec::new();
    for feed in feeds {
        let group = feed.category.as_deref();
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    for group in groups {
        if let Some(group) = group {
            out.push_str(&format!("<outline text=\"{0}\" title=\"{0}\">\n", escaped(group)));
        }
        for feed in feeds.iter().filter(|feed| feed.category.as_deref() == group) {
            let (name, url) = (escaped(&feed.name), escaped(&feed.url));
            let settings = feed.settings.iter();
            let settings: String =
                settings.map(|(key, value)| format!(" newstape:{key}=\"{}\"", escaped(value))).collect();
            out.push_str(&format!(
                "<outline type=\"rss\" text=\"{name}\" title=\"{name}\" xmlUrl=\"{url}\"{settings}/>\n"
            ));
        }
        out.push_str(if group.is_some() { "</outline>\n" } else { "" });
    }
    out.push_str("</body>\n</opml>\n");
    out
}

/// As an attribute's value in XML; what XML can't hold goes.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() => {}
            c if steers(c) => out.push_str(&format!("&#x{:X};", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn list(body: &str) -> List {
        read(
            format!("<?xml version='1.0'?><opml version='1.1'><head><title>x</title></head><body>{body}</body></opml>")
                .as_bytes(),
        )
        .unwrap()
    }

    fn warnings(body: &str) -> Vec<String> {
        let list = list(body);
        let feeds = list.feeds.into_iter();
        feeds.map(|feed| format!("{} | {} | {}", feed.category.unwrap_or_default(), feed.name, feed.url)).collect()
    }

    #[test]
    fn outlines_as_readers_write_them() {
        let cases = [
            ("<outline text='A' xmlUrl='https://a.example/f'/>", vec![" | A | https://a.example/f"]),
            (
                "<OUTLINE TITLE='A &amp; B&eacute;' XMLURL='http://a.example/?x=1&amp;y=2' />",
                vec![" | A & Bé | http://a.example/?x=1&y=2"],
            ),
            (
                "<outline title='Only &quot;title&quot;' text='' xmlurl=https://a.example/f>",
                vec![" | Only \"title\" | https://a.example/f"],
            ),
            ("<outline xmlUrl='https://a.example/f'/>", vec![" | a.example | https://a.example/f"]),
            (
                "<outline text='News'><outline text='Tech'><outline text='A' xmlUrl='https://a.example/'/></outline>\
                 <outline text='B' xmlUrl='https://b.example/'/></outline><outline text='C' xmlUrl='https://c.example/'/>",
                vec!["Tech | A | https://a.example/", "News | B | https://b.example/", " | C | https://c.example/"],
            ),
            (
                "<outline text='G'><outline text=''><outline text='A' xmlUrl='https://a.example/'/></outline></outline>",
                vec!["G | A | https://a.example/"],
            ),
            (
                "<outline text='A' category='/Tech/Chips,Mine' xmlUrl='https://a.example/'/>",
                vec!["Chips | A | https://a.example/"],
            ),
            ("<outline type='rss' text='A' url='https://a.example/'/>", vec![" | A | https://a.example/"]),
            (
                "<outline text='A' xmlUrl='feed://a.example/f'/><outline text='B' xmlUrl='feed:https://b.example/f'/>",
                vec![" | A | http://a.example/f", " | B | https://b.example/f"],
            ),
            (
                "<outline text='A feed with items' xmlUrl='https://a.example/'><outline text='B' xmlUrl='https://b.example/'/>",
                vec![" | A feed with items | https://a.example/", " | B | https://b.example/"],
            ),
            ("<outline text='\u{1b}[31mRed&#0;' xmlUrl='https://a.example/'/>", vec![" | Red | https://a.example/"]),
            ("</outline></outline><outline text='A' xmlUrl='https://a.example/'/>", vec![" | A | https://a.example/"]),
        ];
        for (body, expected) in cases {
            assert_eq!(warnings(body), expected, "{body}");
        }
    }

    #[test]
    fn what_is_not_of_the_web_is_left_out_with_a_sentence() {
        for (address, expected) in [
            ("exec:curl http://a | sh", "'A' has an address of another kind (exec:), which newstape never follows"),
            ("javascript:alert(1)", "'A' has an address of another kind (javascript:), which newstape never follows"),
            ("file:///etc/passwd", "'A' has an address of another kind (file:), which newstape never follows"),
            ("|sh -c x", "'A' has an address that can't be read"),
            (
                "filter:x:http://a.example/",
                "'A' has an address of another kind (filter:), which newstape never follows",
            ),
            ("http://", "'A' has an address that can't be read"),
        ] {
            let list = list(&format!("<outline text='A' xmlUrl='{address}'/>"));
            assert_eq!((list.feeds.len(), list.skipped), (0, vec![expected.to_owned()]), "{address}");
        }
        let list = list("<outline text='Page' type='link' htmlUrl='https://a.example/'/>");
        assert_eq!(list.skipped, ["'Page' has no address of a feed"]);
    }

    #[test]
    fn hostile_sizes_are_capped() {
        assert_eq!(read(&vec![b' '; MAX_BYTES + 1]), Err(Unusable::TooLarge));
        let deep = list(&format!(
            "{}<outline text='A' xmlUrl='https://a.example/'/>{}<outline text='B' xmlUrl='https://b.example/'/>",
            "<outline text='g'>".repeat(100_000),
            "</outline>".repeat(100_000)
        ));
        assert_eq!(deep.feeds[0].category.as_deref(), Some("g"));
        assert_eq!(deep.feeds[1].category, None);
        let many = list(&"<outline xmlUrl='http://a.example/'/>".repeat(200_000));
        assert_eq!(many.feeds.len(), MAX_FEEDS);
        assert_eq!(many.skipped, ["195000 feeds beyond the first 5000 are left out"]);
        let bad = list(&"<outline text='x' xmlUrl='exec:x'/>".repeat(1000));
        assert_eq!(bad.skipped.len(), MAX_SENTENCES + 1);
        assert_eq!(bad.skipped[MAX_SENTENCES], "980 more like these");
        let long = list(&format!("<outline text='{}' xmlUrl='https://a.example/'/>", "n".repeat(1 << 20)));
        assert_eq!(long.feeds[0].name.chars().count(), NAME_MAX);
    }

    #[test]
    fn encodings() {
        let body = "<opml><body><outline text='Société' xmlUrl='https://a.example/'/></body></opml>";
        let utf16: Vec<u8> = body.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let latin1 = [
            b"<?xml version='1.0' encoding='iso-8859-1'?>".to_vec(),
            body.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect(),
        ];
        for bytes in [body.as_bytes().to_vec(), [vec![0xff, 0xfe], utf16.clone()].concat(), utf16, latin1.concat()] {
            assert_eq!(read(&bytes).unwrap().feeds[0].name, "Société");
        }
    }

    #[test]
    fn a_file_that_breaks_off_says_so() {
        let whole = write(&[
            Outline { name: "A".into(), url: "https://a.example/".into(), category: None, settings: vec![] },
            Outline { name: "B".into(), url: "https://b.example/".into(), category: None, settings: vec![] },
        ]);
        assert!(!read(whole.as_bytes()).unwrap().is_cut);
        let end = whole.find("</opml>").unwrap();
        let begin = whole.find("https://a.example/\"").unwrap() + 25;
        for at in begin..=end {
            let list = read(&whole.as_bytes()[..at]).unwrap();
            assert!(list.is_cut && !list.feeds.is_empty(), "{at}: {list:?}");
        }
        assert!(!read(b"<outline text='A' xmlUrl='https://a.example/'/>").unwrap().is_cut, "never had an end");
    }

    #[test]
    fn what_is_no_list_says_so() {
        for (text, expected) in [
            ("", Unusable::NoOutlines),
            ("<html><body>Hello</body></html>", Unusable::NoOutlines),
            ("<rss version='2.0'><channel/></rss>", Unusable::Feed),
        ] {
            assert_eq!(read(text.as_bytes()), Err(expected), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(names in proptest::collection::vec(("\\PC{1,30}", 0..3_usize), 0..8)) {
            let feeds: Vec<Outline> = names
                .iter()
                .enumerate()
                .map(|(at, (raw, group))| Outline {
                    name: Some(name(raw)).filter(|name| !name.is_empty()).unwrap_or("-".into()),
                    url: format!("https://a.example/{at}?a=1&b=<\">'").parse::<Url>().unwrap().into(),
                    category: [None, Some("News & \"more\""), Some("Tech <x>")][*group].map(str::to_owned),
                    settings: [vec![], vec![("enabled", "false".into()), ("interval", "1h".into())], vec![(
                        "kill",
                        "title:\"<a> & b\" -c".into(),
                    )]][*group]
                        .clone(),
                })
                .collect();
            let back = read(write(&feeds).as_bytes());
            if feeds.is_empty() {
                prop_assert_eq!(back, Err(Unusable::NoOutlines));
            } else {
                let mut back = back.unwrap();
                prop_assert_eq!(&back.skipped, &[""; 0]);
                back.feeds.sort_by_key(|feed| feed.url.clone());
                prop_assert_eq!(back.feeds, feeds);
            }
        }

        #[test]
        fn never_panics(bytes: Vec<u8>, text in "([<>/!?'\"=& \\-]|outline|xmlUrl|text|opml|http://a/|exec:|feed:|\\PC){0,60}") {
            let _ = (read(&bytes), read(text.as_bytes()));
        }
    }
}
