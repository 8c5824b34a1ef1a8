//! Documents that other programs stumbled over, each standing for a kind. The recorded ones are kept outside the
//! project; those written here hold what the recorded ones do not.

use jiff::Timestamp;

use super::{Document, Entry, poll, read};
use crate::recordings::recording;

const FEED: &str = "https://feeds.example.net/probe.xml";

fn data(file: &str) -> Vec<u8> {
    std::fs::read(recording(&format!("cases/feeds/{file}"))).unwrap()
}

fn document(bytes: &[u8]) -> Document {
    read(bytes, None, FEED).unwrap()
}

fn titles(document: &Document) -> Vec<&str> {
    document.entries.iter().map(|entry| entry.title.as_str()).collect()
}

fn link<'a>(document: &'a Document, title: &str) -> Option<&'a str> {
    let is_it = |entry: &&Entry| entry.title == title;
    document.entries.iter().find(is_it).unwrap_or_else(|| panic!("no entry {title}")).link.as_deref()
}

#[test]
#[ignore = "needs the recordings"]
fn recorded_documents_that_break_off() {
    let bytes = data("trunc_mid_link.xml");
    let found = document(&bytes);
    assert_eq!(found.entries.len(), 3);
    assert_eq!(found.entries[2].link.as_deref(), Some("https://news.example.org/2"));
    assert!(found.repairs.contains(&"truncated".into()));
}

#[test]
fn wherever_a_document_breaks_off_no_entry_is_half() {
    let items: Vec<String> = (0..3)
        .map(|n| {
            format!(
                "<item><title>Headline {n}</title><link>https://news.example.org/{n}/story</link>\
                 <guid>https://news.example.org/{n}/story</guid><description>d</description>\
                 <pubDate>Sun, 29 Nov 2026 0{n}:00:00 GMT</pubDate></item>"
            )
        })
        .collect();
    let whole = format!("<rss version=\"2.0\"><channel><title>Wire</title>{}</channel></rss>", items.concat());
    let all = document(whole.as_bytes()).entries;
    for end in whole.find("<item>").unwrap()..whole.len() {
        let found = document(&whole.as_bytes()[..end]).entries;
        assert_eq!(found, all[..found.len()], "cut at {end}");
    }
    // Only the end tag of the entry is missing.
    let open = whole.replacen("</item></channel>", "</channel>", 1);
    assert_eq!(document(open.as_bytes()).entries, all);
}

#[test]
#[ignore = "needs the recordings"]
fn recorded_bytes_of_windows_under_a_declaration_of_utf_8() {
    for (file, title) in [("cp1252_naive2.xml", "A naïve take on Nvidia"), ("cp1252_deg.xml", "Now 25° and £5 ½ off")]
    {
        let bytes = data(file);
        assert_eq!(titles(&document(&bytes)), [title], "{file}");
    }
}

#[test]
#[ignore = "needs the recordings"]
fn recorded_titles_that_speak_of_elements() {
    let expected =
        ["On The <dl>", "The <video> element is underrated", "Stop using <div> for everything", "What really happened"];
    let (rss, atom) = (data("title_tags.xml"), data("title_tags.atom"));
    assert_eq!(titles(&document(&rss)), expected);
    assert_eq!(titles(&document(&atom)), expected[1..3]);
}

#[test]
#[ignore = "needs the recordings"]
fn recorded_entries_without_dates_keep_their_order() {
    let bytes = data("order_undated.xml");
    let document = document(&bytes);
    let now: Timestamp = "2026-11-29T12:00:00Z".parse().unwrap();
    let mut stories = document.stories(&poll::tests::feed("Undated", FEED), now);
    // As the screen has them: the newest on top.
    stories.sort_by_key(|story| std::cmp::Reverse((story.time(), story.id)));
    let shown: Vec<&str> = stories.iter().map(|story| &*story.title).collect();
    assert_eq!(shown, titles(&document));
    assert!(stories.iter().all(|story| now.duration_since(story.first_seen).as_millis() < 100));
}

#[test]
#[ignore = "needs the recordings"]
fn recorded_links_of_rss() {
    let bytes = data("rss_rel.xml");
    let of_web = document(&bytes);
    let of_file = read(&bytes, None, "").unwrap();
    for (title, expected) in [
        ("rooted", "https://news.example.org/2025/02/a"),
        ("relative no slash", "https://news.example.org/posts/b"),
        ("host without scheme", "https://www.example.org/c"),
        ("unicode path", "https://news.example.org/%C3%A9t%C3%A9/%E6%97%A5%E6%9C%AC"),
        ("IDN host", "https://xn--bcher-kva.example/neu"),
        ("cdata link with entity", "https://news.example.org/e?a=1&b=2"),
        ("backslashes", "https://news.example.org/f"),
        ("double scheme", "https://news.example.org/g"),
        ("guid permalink only", "https://news.example.org/guidonly"),
        ("atom:link only", "https://news.example.org/al"),
        ("link empty then atom:link", "https://news.example.org/al2"),
        ("two links", "https://news.example.org/first"),
    ] {
        assert_eq!(link(&of_web, title), Some(expected), "{title}");
        assert_eq!(link(&of_file, title), Some(expected), "{title}, from a file");
    }
}

#[test]
fn relative_links_go_from_where_the_document_says() {
    let rss = |head: &str, attributes: &str| {
        let text = format!(
            "<rss version='2.0'{attributes}><channel><title>P</title>{head}<item><title>A</title><link>/a</link>\
             <description>d</description><pubDate>Sun, 29 Nov 2026 00:00:00 GMT</pubDate></item></channel></rss>"
        );
        link(&document(text.as_bytes()), "A").unwrap().to_owned()
    };
    for (head, attributes, expected) in [
        ("<link>https://site.example/blog</link>", "", "https://site.example/a"),
        ("", "", "https://feeds.example.net/a"),
        ("<link>/blog</link>", "", "https://feeds.example.net/a"),
        ("<link>https://site.example/</link>", " xml:base='https://base.example/'", "https://base.example/a"),
    ] {
        assert_eq!(rss(head, attributes), expected, "{head}");
    }
    let atom = "<feed xmlns='http://www.w3.org/2005/Atom'><title>P</title><link href='https://site.example/'/>\
                <entry><title>A</title><link href='/a'/></entry></feed>";
    assert_eq!(link(&document(atom.as_bytes()), "A"), Some("https://feeds.example.net/a"), "RFC 4287, 2");
    assert_eq!(link(&read(atom.as_bytes(), None, "").unwrap(), "A"), Some("https://site.example/a"));
}

#[test]
#[ignore = "needs the recordings"]
fn recorded_links_of_atom() {
    let bytes = data("atom_links.xml");
    let document = document(&bytes);
    for (title, expected) in [
        ("alt then textual enclosure link", Some("https://news.example.org/1")),
        ("self replies edit before alternate", Some("https://news.example.org/2")),
        ("nostr alternate last", Some("https://news.example.org/3")),
        ("pdf alternate first, html second", Some("https://news.example.org/4")),
        ("only enclosure and self", Some("https://news.example.org/5")),
        ("rel as IANA IRI", Some("https://news.example.org/6")),
        ("rel mixed case", Some("https://news.example.org/7")),
        ("link as text, not href", Some("https://news.example.org/8")),
        ("no link, id is address", Some("https://news.example.org/9")),
        ("hreflang two alternates", Some("https://news.example.org/de/10")),
        ("javascript link", None),
        ("related (shared link blog)", Some("https://news.example.org/12")),
    ] {
        assert_eq!(link(&document, title), expected, "{title}");
    }
}

#[test]
#[ignore = "needs the recordings"]
fn recorded_json_with_slips() {
    let (newline, comma) = (data("json_rawnl.json"), data("json_trailing.json"));
    let found = document(&newline);
    assert_eq!(titles(&found), ["raw newline in content"]);
    assert_eq!(found.entries[0].summary, "line break tab");
    assert_eq!(found.repairs, ["loose-json"]);
    assert_eq!(titles(&document(&comma)), ["T"]);
}
