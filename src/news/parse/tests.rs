use proptest::prelude::*;

use super::from_base64;
use crate::domain::feed::OtherContent;
use crate::news::{Document, Entry, MAX_ENTRIES, Unreadable, read, read_up_to};

const BASE: &str = "https://example.org/feed.xml";

fn document(text: &str) -> Document {
    read(text.as_bytes(), None, BASE).unwrap()
}

/// One RSS item with the given content.
fn item(content: &str) -> (Entry, Vec<String>) {
    let text = format!("<rss version=\"2.0\"><channel><title>Paper</title><item>{content}</item></channel></rss>");
    let mut document = document(&text);
    (document.entries.remove(0), document.repairs)
}

#[test]
fn titles_and_the_repairs_they_need() {
    for (content, expected, repairs) in [
        ("<title>Plain</title>", "Plain", ""),
        ("<title>AT&amp;T &amp;amp; co</title>", "AT&T & co", ""),
        ("<title>R&D spending</title>", "R&D spending", "bare-ampersand"),
        ("<title>P/E < 20</title>", "P/E < 20", "bare-less-than"),
        ("<title>It&rsquo;s</title>", "It’s", "html-entity"),
        ("<title>It&#146;s</title>", "It’s", ""),
        ("<title><![CDATA[a <b>bold</b> &amp; claim]]></title>", "a bold & claim", ""),
        ("<title>a <b>bold claim</title>", "a bold claim", ""),
        ("<title>no end <link>https://example.org/a</link>", "no end", "unclosed-element"),
        ("<title><![CDATA[no end</title>", "no end", "unclosed-section"),
        ("<title>a&#0;b&#x1b;[31m</title>", "ab[31m", "control-character"),
        ("<title>a\u{1b}[31mb</title>", "ab", "control-character"),
        ("<title>first</title><media:title>second</media:title>", "first", "undeclared-prefix"),
        ("<title/><media:title>only</media:title>", "only", "undeclared-prefix"),
        ("<author>Jean Dupont\u{a0}jean@x.fr</author><title>safe</title>", "safe", ""),
        ("<author><name>x</name><title>no</title></author><title>yes</title>", "yes", ""),
    ] {
        let (entry, noted) = item(content);
        assert_eq!(entry.title, expected, "{content}");
        assert_eq!(noted.join(" "), repairs, "{content}");
    }
}

#[test]
fn links() {
    for (content, expected) in [
        ("<link>https://example.org/a?b=1&amp;c=2</link>", Some("https://example.org/a?b=1&c=2")),
        ("<link> /a </link>", Some("https://example.org/a")),
        ("<link><![CDATA[https://example.org/a]]></link>", Some("https://example.org/a")),
        ("<link>javascript:alert(1)</link>", None),
        ("<guid>https://example.org/g</guid>", Some("https://example.org/g")),
        ("<guid isPermaLink=\"false\">https://example.org/g</guid>", None),
        ("<link/><guid>https://example.org/g</guid>", Some("https://example.org/g")),
        ("<atom:link rel=\"self\" href=\"/self\"/><link>/a</link>", Some("https://example.org/a")),
        ("<link href=\"/a\" rel=\"alternate\"/>", Some("https://example.org/a")),
        ("<link xml:base=\"https://other.example/x/\" href=\"a\"/>", Some("https://other.example/x/a")),
    ] {
        assert_eq!(item(content).0.link.as_deref(), expected, "{content}");
    }
}

#[test]
fn summaries() {
    for (content, expected) in [
        ("<description>&lt;p&gt;One&lt;/p&gt;&lt;p&gt;two&lt;/p&gt;</description>", "One two"),
        ("<description>One <b>two</b> three</description>", "One two three"),
        ("<description></description><content:encoded><![CDATA[<p>Body</p>]]></content:encoded>", "Body"),
        ("<media:group><media:description>ResponseMeta</media:description></media:group>", "ResponseMeta"),
    ] {
        assert_eq!(item(content).0.summary, expected, "{content}");
    }
    let long = item(&format!("<description>{}</description>", "word ".repeat(1000))).0.summary;
    assert!(long.len() <= 1200 && long.ends_with("word…"));
}

#[test]
fn outlets_and_categories() {
    let (entry, _) = item("<title>Chips rise - Agency</title><source url=\"https://a.example\">Agency</source>");
    assert_eq!((entry.title.as_str(), entry.source.as_deref()), ("Chips rise", Some("Agency")));
    let (entry, _) = item("<category>Chips</category><category/><dc:subject>Law</dc:subject>");
    assert_eq!(entry.categories, ["Chips", "Law"]);
}

#[test]
fn atom() {
    let document = document(
        "<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"fr-FR\"><title type=\"html\">A &amp;amp; B</title>
         <link rel=\"self\" href=\"/feed\"/><link href=\"/\"/>
         <entry><id>tag:1</id><title>x &lt; y</title><link href=\"/1\"/><updated>2026-10-06T10:00:00Z</updated>
           <published>2026-10-05T10:00:00Z</published>
           <source><title>Origin</title></source>
           <content type=\"xhtml\"><div xmlns=\"http://www.w3.org/1999/xhtml\">Some <b>text</b></div></content></entry>
         <entry><id>https://example.org/2</id><title type=\"text/plain\">T</title><summary type=\"HTML\">&lt;i&gt;s</summary>
           <issued>2026-10-04T10:00:00Z</issued></entry></feed>",
    );
    assert_eq!((document.format.as_str(), document.title.as_str()), ("Atom 1.0", "A & B"));
    assert_eq!(document.home.as_deref(), Some("https://example.org/"));
    let [first, second] = document.entries.as_slice() else { panic!("two entries were expected") };
    assert_eq!((first.title.as_str(), first.summary.as_str()), ("x < y", "Some text"));
    assert_eq!((first.source.as_deref(), first.lang.as_deref()), (Some("Origin"), Some("fr")));
    assert_eq!(first.published.unwrap().to_string(), "2026-10-05T10:00:00Z");
    assert_eq!((second.title.as_str(), second.summary.as_str()), ("T", "s"));
    assert_eq!(second.link.as_deref(), Some("https://example.org/2"));
    assert_eq!(second.published.unwrap().to_string(), "2026-10-04T10:00:00Z");
}

#[test]
fn formats_and_shapes() {
    for (text, format, entries, repairs) in [
        ("<rss version='0.91'><channel><item><title>a</title></item></channel></rss>", "RSS 0.91", 1, ""),
        ("<rss><channel><item/><item/></channel></rss>", "RSS", 2, "unknown-version"),
        ("<RSS version='2.0'><Channel><Item><Title>a</Title></Item></Channel></RSS>", "RSS 2.0", 1, ""),
        ("<rss version='2.0' xmlns='http://x.example/'><channel><item/></channel></rss>", "RSS 2.0", 1, ""),
        ("<rss version='2.0'><channel/><item/><item/></rss>", "RSS 2.0", 2, ""),
        (
            "<rss version='2.0'><channel><item><title>a<item><title>b</title></item>",
            "RSS 2.0",
            2,
            "unclosed-element nested-entry",
        ),
        ("<rss version='2.0'><channel><item><title>a</title></item><item><tit", "RSS 2.0", 1, "truncated"),
        (
            "<rss version='2.0'><item><title>a</title></item><item><title>b</rss>",
            "RSS 2.0",
            2,
            "unclosed-element truncated",
        ),
        (
            "<br /><b>Warning</b>: x in y.php<?xml version='1.0'?><rss version='2.0'><item/></rss>",
            "RSS 2.0",
            1,
            "junk-before-start",
        ),
        ("<feed xmlns='https://www.w3.org/2005/Atom'><entry/></feed>", "Atom 1.0", 1, ""),
        ("<feed version='0.3' xmlns='http://purl.org/atom/ns#'><entry/></feed>", "Atom 0.3", 1, ""),
        (
            "<a:feed xmlns:a='http://www.w3.org/2005/Atom'><a:entry><a:title>t</a:title></a:entry></a:feed>",
            "Atom 1.0",
            1,
            "",
        ),
        (
            "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://my.netscape.com/rdf/simple/0.9/'><channel/><item><title>t</title></item></rdf:RDF>",
            "RSS 0.90",
            1,
            "",
        ),
        (
            "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/'><channel><items><rdf:Seq><rdf:li/></rdf:Seq></items></channel><item rdf:about='x'/><image><title>i</title></image></rdf:RDF>",
            "RSS 1.0",
            1,
            "",
        ),
        ("<entry xmlns='http://www.w3.org/2005/Atom'><title>t</title></entry>", "Atom entry", 1, ""),
        ("<channel><item/></channel>", "RSS", 1, "unknown-version"),
    ] {
        let document = document(text);
        assert_eq!((document.format.as_str(), document.entries.len()), (format, entries), "{text}");
        assert_eq!(document.repairs.join(" "), repairs, "{text}");
    }
}

#[test]
fn what_is_no_feed_is_named() {
    for (text, expected) in [
        ("", Unreadable::Empty),
        ("<!doctype html><html><head><title>x</title></head></html>", Unreadable::WebPage),
        ("<note><to>x</to></note>", Unreadable::NotAFeed(OtherContent::Xml)),
    ] {
        assert_eq!(read(text.as_bytes(), None, BASE).unwrap_err(), expected, "{text}");
    }
}

#[test]
fn entries_are_capped() {
    let text = format!("<rss version='2.0'><channel>{}", "<item/>".repeat(MAX_ENTRIES + 5));
    let capped = document(&text);
    assert_eq!((capped.entries.len(), capped.repairs.join(" ")), (MAX_ENTRIES, "too-many-entries".into()));
    assert_eq!(read_up_to(usize::MAX, text.as_bytes(), None, BASE).unwrap().entries.len(), MAX_ENTRIES + 5);
}

/// Repetitions that would show work growing with the square of the size: 2 MB each, all within the test's patience.
#[test]
fn hostile_repetition_takes_linear_time() {
    for piece in [
        "<title>",
        "<item><title>",
        "<![CDATA[",
        "<!--",
        "<a b='",
        "<x><script>",
        "<item><x>",
        "&amp",
        "<![>",
        "<?x>",
        "]]>",
        "<description><b>",
    ] {
        let text = format!("<rss version='2.0'><channel><item>{}", piece.repeat(2_000_000 / piece.len()));
        let _ = read(text.as_bytes(), None, BASE);
    }
}

#[test]
fn what_a_publisher_asks_of_those_who_poll() {
    let rss = "<rss version='2.0' xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'><channel><title>Paper</title>
        <sy:updatePeriod> daily </sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>
        <skipHours><hour>1</hour><hour>2</hour></skipHours><skipDays><day>Sunday</day></skipDays>
        <item><title>a</title><link>https://example.org/a</link><description>b</description>
        <pubDate>Mon, 06 Oct 2025 10:00:00 GMT</pubDate></item></channel></rss>";
    let document = read(rss.as_bytes(), None, BASE).unwrap();
    assert_eq!(document.ttl, Some(std::time::Duration::from_hours(6)));
    assert_eq!((document.skip_hours, document.skip_days), (vec![1, 2], vec![6]));
    let both = rss.replace("<skipDays>", "<ttl>30</ttl><skipDays>");
    assert_eq!(read(both.as_bytes(), None, BASE).unwrap().ttl, Some(std::time::Duration::from_mins(30)));
}

const SEED: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?><rss version=\"2.0\" xmlns:media=\"http://search.yahoo.com/mrss/\">
    <channel><title>Journal</title><link>https://example.org/</link><ttl>5</ttl><item><title>Été &amp; hiver</title>
    <link>/a</link><guid isPermaLink='false'>7</guid><pubDate>Mon, 06 Oct 2025 10:00:00 CEST</pubDate>
    <description><![CDATA[<p>Some <b>text</b></p>]]></description><source url='x'>Agence</source></item></channel></rss>";

proptest! {
    #[test]
    fn never_panics_on_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(read(&bytes, None, BASE) != Err(Unreadable::Fault));
    }

    #[test]
    fn never_panics_on_a_mutated_feed(
        changes in proptest::collection::vec((0..SEED.len(), any::<u8>(), 0..3_u8), 1..12),
        end in 0..SEED.len(),
    ) {
        let mut bytes = SEED.as_bytes().to_vec();
        for (at, byte, what) in changes {
            match what {
                0 if at < bytes.len() => bytes[at] = byte,
                1 if at < bytes.len() => drop(bytes.remove(at)),
                _ => bytes.insert(at.min(bytes.len()), byte),
            }
        }
        prop_assert!(read(&bytes, None, BASE) != Err(Unreadable::Fault));
        bytes.truncate(end);
        prop_assert!(read(&bytes, None, BASE) != Err(Unreadable::Fault));
    }
}

#[test]
fn base64_is_read_leniently() {
    for (given, expected) in [
        ("", ""),
        ("TmV3cw==", "News"),
        (" TmV3\n cw ", "News"),
        ("w6nDqQ", "éé"),
        ("8J-Ygg", "😂"),
        ("TmV3c", "New"),
        ("/w==", ""),
        ("*", ""),
        ("T", ""),
    ] {
        assert_eq!(from_base64(given), expected, "{given}");
    }
}
