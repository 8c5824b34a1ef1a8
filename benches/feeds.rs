//! How fast documents of 10 MB become clean stories: decoded, read with the cap on entries lifted, identified. And how
//! fast a page becomes an article.

use std::fmt::Write as _;

use divan::Bencher;
use divan::counter::BytesCount;
use jiff::Timestamp;
use newstape::domain::feed::Feed;
use newstape::news;

const SIZE: usize = 10 << 20;
const BASE: &str = "https://example.org/";

fn main() {
    divan::main();
}

fn words(seed: usize, count: usize) -> String {
    const WORDS: [&str; 16] = [
        "chips",
        "regulators",
        "prices",
        "funding",
        "quarter",
        "senators",
        "the",
        "datacentre",
        "shares",
        "of",
        "a",
        "tokens",
        "in",
        "marché",
        "would",
        "and",
    ];
    let picked = (0..count).map(|at| WORDS[(seed.wrapping_mul(31) + at * at + at * 7 + seed / 13) % WORDS.len()]);
    picked.collect::<Vec<_>>().join(" ")
}

/// About 2 kB of HTML.
fn body(number: usize) -> String {
    (0..6).fold(String::new(), |mut body, at| {
        let (text, more) = (words(number + at, 30), words(number * 3 + at, 12));
        let _ = writeln!(body, "<p>{text} <a href=\"https://example.org/{number}/{at}\">{more}</a> &amp; so on.</p>");
        body
    })
}

fn escaped(html: &str) -> String {
    html.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn rss(item: impl Fn(usize) -> String) -> String {
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\" \
         xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\">\n<channel><title>Paper</title>\
         <link>https://example.org/</link><description>News</description>\n",
    );
    filled(&mut out, item);
    out + "</channel></rss>\n"
}

fn filled(out: &mut String, item: impl Fn(usize) -> String) {
    for number in 0.. {
        if out.len() >= SIZE {
            break;
        }
        out.push_str(&item(number));
    }
}

/// What each item begins with.
fn head(number: usize) -> String {
    let (title, hour, minute) = (words(number, 9), number % 24, number % 60);
    format!(
        "<title>{title} {number}</title>\n<link>https://example.org/news/{number}</link>\n\
         <guid isPermaLink=\"false\">tag:example.org,{number}</guid>\n\
         <pubDate>Mon, 06 Oct 2025 {hour:02}:{minute:02}:00 +0200</pubDate>\n<category>Markets</category>\n"
    )
}

fn cdata_bodies() -> String {
    rss(|n| {
        let (head, summary, body) = (head(n), words(n, 30), body(n));
        format!(
            "<item>\n{head}<dc:creator>A. Writer</dc:creator><description><![CDATA[<p>{summary}</p>]]></description>\
             <content:encoded><![CDATA[{body}]]></content:encoded>\n</item>\n"
        )
    })
}

fn escaped_bodies() -> String {
    rss(|n| format!("<item>\n{}<description>{}</description>\n</item>\n", head(n), escaped(&body(n))))
}

fn short_items() -> String {
    rss(|n| format!("<item>\n{}<description>{}</description>\n</item>\n", head(n), words(n, 20)))
}

/// Short items again, each with something to put right.
fn broken() -> String {
    rss(|n| {
        let fault = ["R&D", "P/E < 20", "caf&eacute;", "<b>bold"][n % 4];
        format!("<item>\n{}<description>{fault} {}</description>\n</item>\n", head(n), words(n, 20))
    })
}

fn atom_xhtml() -> String {
    let mut out = String::from("<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>Paper</title>\n");
    filled(&mut out, |n| {
        let (title, body) = (words(n, 9), body(n));
        format!(
            "<entry>\n<title>{title} {n}</title>\n<link href=\"https://example.org/news/{n}\"/>\n\
             <id>tag:example.org,{n}</id>\n<updated>2025-10-06T10:{:02}:00+02:00</updated>\n\
             <content type=\"xhtml\"><div xmlns=\"http://www.w3.org/1999/xhtml\">{body}</div></content>\n</entry>\n",
            n % 60
        )
    });
    out + "</feed>\n"
}

fn json_feed() -> String {
    let mut out = String::from(
        "{\"version\":\"https://jsonfeed.org/version/1.1\",\"title\":\"Paper\",\
         \"home_page_url\":\"https://example.org/\",\"items\":[\n",
    );
    filled(&mut out, |n| {
        let (title, body) = (words(n, 9), body(n).replace('"', "\\\"").replace('\n', "\\n"));
        let comma = if n == 0 { "" } else { ",\n" };
        format!(
            "{comma}{{\"id\":\"tag:example.org,{n}\",\"url\":\"https://example.org/news/{n}\",\"title\":\"{title} {n}\",\
             \"date_published\":\"2025-10-06T10:{:02}:00+02:00\",\"content_html\":\"{body}\"}}",
            n % 60
        )
    });
    out + "]}\n"
}

/// What a document is, and what makes it.
type Kind = (&'static str, fn() -> String);

const DOCUMENTS: [Kind; 6] = [
    ("RSS, CDATA bodies", cdata_bodies),
    ("RSS, escaped bodies", escaped_bodies),
    ("RSS, short items", short_items),
    ("RSS, broken", broken),
    ("Atom, xhtml", atom_xhtml),
    ("JSON Feed", json_feed),
];

#[divan::bench(args = DOCUMENTS.map(|(name, _)| name), sample_count = 10)]
fn to_stories(bencher: Bencher, name: &str) {
    let make =
        DOCUMENTS.iter().find(|(known, _)| *known == name).map_or(short_items as fn() -> String, |(_, make)| *make);
    let (text, feed) = (make(), Feed::new("Paper".into(), "https://example.org/feed"));
    bencher.counter(BytesCount::of_str(&text)).bench_local(|| {
        let document = news::read_up_to(usize::MAX, text.as_bytes(), None, BASE).expect("a feed");
        let stories = document.stories(&feed, Timestamp::UNIX_EPOCH);
        assert!(stories.len() > 1000);
        stories
    });
}

/// A page of 200 kB with its article in it, and menus around.
fn page() -> String {
    let menu = (0..60).map(|n| format!("<li><a href=\"/{n}\">{}</a></li>", words(n, 2))).collect::<String>();
    let mut out =
        format!("<html><head><title>{}</title></head><body><nav><ul>{menu}</ul></nav><main><article>", words(1, 9));
    for number in 0.. {
        if out.len() >= 200_000 {
            break;
        }
        out.push_str(&body(number));
    }
    out + "</article></main><footer><p>Terms</p></footer></body></html>"
}

#[divan::bench(sample_count = 20)]
fn to_article(bencher: Bencher) {
    let (page, url) = (page(), url::Url::parse(BASE).expect("an address"));
    bencher.counter(BytesCount::of_str(&page)).bench_local(|| {
        let article = news::article::read(page.as_bytes(), None, &url).expect("an article");
        assert!(article.blocks.len() > 100);
        article
    });
}
