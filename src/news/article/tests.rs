use std::time::Duration;

use proptest::prelude::*;
use tokio::time::Instant;

use super::*;
use crate::domain::article::{Block, Run};

fn url() -> Url {
    Url::parse("https://paper.example/markets/story.html?a=1").unwrap()
}

fn html(page: &str) -> Result<Article, String> {
    read(page.as_bytes(), Some("text/html; charset=utf-8"), &url())
}

/// A page with some paragraphs of its own before and after a piece of HTML.
fn around(piece: &str) -> String {
    format!(
        "<html><head><title>Foundry doubles its output | The Paper</title></head><body><div class=\"content\"><article>\
         <p>{FIRST}</p>{piece}<p>{LAST}</p></article></div></body></html>"
    )
}

const FIRST: &str = "The foundry said on Monday that it would double its output by spring, earlier than its buyers, \
    who had waited for two years, had been told.";
const LAST: &str = "Analysts, who had doubted the date, now expect the second line to run in June, the third in \
    autumn, and prices to fall after that.";

/// One line for each block: a letter for its kind, then its text, `*` around strong and `[…](n)` around links.
fn lines_of(article: &Article) -> Vec<String> {
    article.blocks.iter().map(line).collect()
}

fn line(block: &Block) -> String {
    let kind = match block.kind {
        BlockKind::Text => "T",
        BlockKind::Heading => "H",
        BlockKind::Item => "I",
        BlockKind::Quote => "Q",
        BlockKind::Code => "C",
    };
    let runs = block.runs.iter().map(|run| match run {
        Run { text, link: Some(link), .. } => format!("[{text}]({link})"),
        Run { text, strong: true, .. } => format!("*{text}*"),
        Run { text, .. } => text.clone(),
    });
    format!("{kind} {}", runs.collect::<String>())
}

/// What stands between the first and the last paragraph.
fn between(piece: &str) -> Vec<String> {
    let lines = lines_of(&html(&around(piece)).unwrap());
    let [first, middle @ .., last] = lines.as_slice() else { panic!("{lines:?}") };
    assert_eq!((first.as_str(), last.as_str()), (format!("T {FIRST}").as_str(), format!("T {LAST}").as_str()));
    middle.to_vec()
}

#[test]
fn a_news_page_is_its_article() {
    let page = format!(
        r#"<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Foundry doubles its output | The Paper</title>
        <script>window.x = "<p>never shown</p>";</script><style>p {{ color: red }}</style>
        <script type="application/ld+json">{{"@context":"https://schema.org","@graph":[{{"@type":"WebPage"}},
        {{"@type":["NewsArticle"],"headline":"Foundry doubles its output","author":[{{"name":"Ada Low"}},{{"name":"B. High"}}]}}]}}</script>
        </head><body><header><nav><a href="/">Home</a> <a href="/markets">Markets</a></nav></header>
        <main><article><h1>Foundry doubles its output</h1>
        <div class="share-buttons"><a href="https://social.example/share?u=x">Share</a><button>Copy link</button></div>
        <figure><img src="/a.jpg" alt="A hall"><figcaption>A hall with machines. Photo: somebody</figcaption></figure>
        <p>{FIRST}</p>
        <p>It had <b>twice</b> missed <a href="../earlier.html?utm_source=x">an earlier date</a>, and once <em>nearly</em> did.</p>
        <aside class="related"><h3>Read more</h3><ul><li><a href="/x">Another story</a></li></ul></aside>
        <form action="/newsletter"><p>Get our letter every morning</p><input type="email"></form>
        <h2>What comes next</h2><p>{LAST}</p>
        </article></main><aside><p>Most read</p></aside><footer><p>All rights reserved by the paper.</p></footer></body></html>"#
    );
    let article = html(&page).unwrap();
    assert_eq!(article.title, "Foundry doubles its output");
    assert_eq!(article.byline.as_deref(), Some("Ada Low, B. High"));
    assert_eq!(article.links, ["https://paper.example/earlier.html?utm_source=x"]);
    let expected = [
        &format!("T {FIRST}"),
        "T It had *twice* missed [an earlier date](0), and once nearly did.",
        "H What comes next",
        &format!("T {LAST}"),
    ];
    assert_eq!(lines_of(&article), expected);
}

#[test]
fn pieces_become_blocks() {
    let cases: &[(&str, &[&str])] = &[
        (
            "<ul><li>One thing</li><li><p>Another</p><p>and more of it</p></ul>",
            &["I One thing", "I Another", "T and more of it"],
        ),
        ("<blockquote><p>We are early,</p><p>she said.</p></blockquote>", &["Q We are early,", "Q she said."]),
        (
            "<table><thead><tr><th>Quarter<th>Wafers</thead><tr><td>First<td>1,200<tr><td><p>Second</p><td></td><td>2,400</table>",
            &["T Quarter · Wafers", "T First · 1,200", "T Second · 2,400"],
        ),
        ("<pre><code>fn main() {\n    run();\n\n}\n</code></pre>", &["C fn main() {", "C     run();", "C }"]),
        ("<h3>A <b>bold</b> word</h3>", &["H A bold word"]),
        ("<p>One line<br>another line</p>", &["T One line", "T another line"]),
        ("<p>a<b> b </b>c</p>", &["T a *b* c"]),
        (
            "<p>see <a href='/a'>here</a> <a href='/b'>there</a>, <a href='/a'>here</a>.</p>",
            &["T see [here](0) [there](1), [here](0)."],
        ),
        ("<p>R&amp;D &lt;b&gt; caf&eacute;</p>", &["T R&D <b> café"]),
        ("<p>a</p><hr><p>•</p><p>b</p>", &["T a", "T b"]),
    ];
    for (piece, expected) in cases {
        assert_eq!(&between(piece), expected, "{piece}");
    }
}

#[test]
fn links_are_absolute_and_of_the_web_and_each_stands_once() {
    let piece = "<p>Here are <a href='a.html'>one</a>, <a href='/b'>two</a>, <a href='//other.example/c'>three</a>, \
        <a href='javascript:alert(1)'>four</a>, <a href='data:text/html,x'>five</a>, <a href='mailto:a@b.example'>six</a>, \
        <a href='#note'>seven</a>, <a href='?a=1#x'>eight</a>, <a href='https://x.example/\u{1b}[31m\u{202e}y'>nine</a> \
        and, once more, <a href='a.html'>ten</a>.</p>";
    let article = html(&around(piece)).unwrap();
    let expected = [
        "https://paper.example/markets/a.html",
        "https://paper.example/b",
        "https://other.example/c",
        "https://x.example/%1B[31m%E2%80%AEy",
    ];
    assert_eq!(article.links, expected);
    let based = around("<p>A <a href='a.html'>link</a> of a page with another base.</p>")
        .replace("<head>", "<head><base href='https://cdn.example/x/'>");
    assert_eq!(html(&based).unwrap().links, ["https://cdn.example/x/a.html"]);
}

#[test]
fn text_is_clean() {
    let piece = "<p>a\u{1b}[31mred\u{1b}[0m &#27;]0;title&#7;b \u{202e}c\u{200b}d\u{0}\u{85}</p>\
        <pre>x\u{1b}[2J\ty</pre>";
    let page = around(piece).replace("<title>", "<title>\u{1b}[31m\u{202e}");
    let article = html(&page).unwrap();
    assert_eq!(lines_of(&article)[1..3], ["T ared b cd", "C x y"]);
    assert!(article.title.starts_with("Foundry"), "{}", article.title);
}

#[test]
fn encodings_of_pages() {
    let text = around("<p>Le marché a déjà chuté, a dit l’équipe à Besançon.</p>");
    let latin = |head: &str| {
        let page = text.replace("<head>", &format!("<head>{head}")).replace('’', "'");
        page.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect::<Vec<u8>>()
    };
    let expected = "T Le marché a déjà chuté, a dit l'équipe à Besançon.";
    for (name, body, content_type) in [
        ("by header", latin(""), "text/html; charset=ISO-8859-1"),
        ("by meta", latin("<meta charset=iso-8859-1>"), "text/html"),
        (
            "by the long meta",
            latin("<META http-equiv=\"Content-Type\" content=\"text/html; charset=iso-8859-15\" />"),
            "text/html",
        ),
        ("by header against meta", latin("<meta charset=koi8-r>"), "text/html; charset=windows-1252"),
        ("by its look", latin(""), "text/html"),
    ] {
        let article = read(&body, Some(content_type), &url()).unwrap();
        assert_eq!(lines_of(&article)[1], expected, "{name}");
    }
    assert_eq!(lines_of(&html(&text).unwrap())[1], "T Le marché a déjà chuté, a dit l’équipe à Besançon.");
}

#[test]
fn plain_text_is_paragraphs() {
    let text = "A notice to all who\nhold shares in the mill:\r\n\r\nthe meeting is moved\nto the hall, and begins an hour later.\n";
    let article = read(text.as_bytes(), Some("text/plain"), &url()).unwrap();
    let expected = [
        "T A notice to all who hold shares in the mill:",
        "T the meeting is moved to the hall, and begins an hour later.",
    ];
    assert_eq!(lines_of(&article), expected);
    let lines = text.replace("\r\n\r\n", "\n");
    assert_eq!(read(lines.as_bytes(), Some("text/plain"), &url()).unwrap().blocks.len(), 4);
    let page = around("");
    assert_eq!(
        read(page.as_bytes(), Some("text/plain"), &url()).unwrap().blocks.len(),
        2,
        "a page that says it is plain"
    );
}

#[test]
fn what_is_not_an_article_is_told_in_a_sentence() {
    let script = "<html><head><script src=a.js></script></head><body><div id=root></div>\
        <noscript>You need to enable JavaScript to run this app.</noscript></body></html>";
    let stub = around("").replace(
        "<head>",
        "<head><script type=application/ld+json>{\"@type\":\"NewsArticle\",\"isAccessibleForFree\":\"False\"}</script>",
    );
    let tier = around("").replace("<head>", "<head><meta property='article:content_tier' content='locked'>");
    let guard = "<html><head><title>Just a moment...</title></head><body></body></html>";
    for (name, body, content_type, expected) in [
        ("nothing", "", Some("text/html"), NO_TEXT),
        ("no text", "<html><body><p>&nbsp;</p></body></html>", Some("text/html"), NO_TEXT),
        ("scripts alone", script, Some("text/html"), SCRIPT),
        ("a locked page", &stub, Some("text/html"), LOCKED),
        ("a locked tier", &tier, Some("text/html"), LOCKED),
        ("a challenge", guard, None, "the page is a challenge of Cloudflare, meant for browsers"),
        ("a PDF", "%PDF-1.7", Some("application/pdf"), "the page is not a document that can be read (application/pdf)"),
        (
            "a PDF in disguise",
            "%PDF-1.7",
            Some("text/html"),
            "the page is not a document that can be read (application/pdf)",
        ),
        ("a picture", "x", Some("image/png"), "the page is not a document that can be read (image/png)"),
        ("a hostile type", "x", Some("\u{1b}[31m"), "the page is not a document that can be read (of an unknown kind)"),
        ("a short text", "No.", Some("text/plain"), NO_TEXT),
    ] {
        assert_eq!(read(body.as_bytes(), content_type, &url()), Err(expected.to_owned()), "{name}");
    }
}

#[test]
fn a_page_that_is_cut_is_read_as_far_as_it_came() {
    let page = around("");
    let cut = page.find("Analysts, who had doubted the date").unwrap() + 20;
    let lines = lines_of(&html(&page[..cut]).unwrap());
    assert_eq!(lines, [format!("T {FIRST}"), "T Analysts, who had do".to_owned()]);
    // In the middle of a tag.
    let cut = page.find("</article>").unwrap() + 4;
    assert_eq!(lines_of(&html(&page[..cut]).unwrap()).len(), 2);
}

/// Reading ends, and soon: what a debug build needs is many times what is seen elsewhere.
#[track_caller]
fn is_quick(name: &str, page: &str) -> Result<Article, String> {
    let begun = Instant::now();
    let read = html(page);
    assert!(begun.elapsed() < Duration::from_mins(1), "{name}: {:?}", begun.elapsed());
    assert_ne!(read, Err(FAULT.to_owned()), "{name}");
    assert_eq!(panic_guard::caught(), 0, "{name}");
    if let Ok(article) = &read {
        check(article);
    }
    read
}

#[test]
fn bombs_do_no_harm() {
    let deep = |tag: &str| {
        around(&format!("{}<p>{FIRST}</p>{}", format!("<{tag}>").repeat(100_000), format!("</{tag}>").repeat(100_000)))
    };
    assert_eq!(is_quick("deep", &deep("div")).unwrap().blocks.len(), 3);
    for tag in ["blockquote", "ul><li", "b", "span", "table><tr><td", "p", "x-y"] {
        let _ = is_quick(tag, &deep(tag));
    }
    let unclosed: String = (0..50_000).map(|at| format!("<b id={at}><p>words {at}, ")).collect();
    let _ = is_quick("open formatting", &around(&unclosed));
    let cells = "<div><table><tr><td></div>".repeat(20_000);
    let _ = is_quick("ends that may not cross a table", &around(&cells));
    let _ = is_quick("less-than", &"<".repeat(4 << 20));
    let _ = is_quick("half tags", &"<a b=\"".repeat(700_000));
    let _ = is_quick("many paragraphs", &around(&"<p>a word, and another".repeat(150_000)));
    let _ = is_quick("many divs", &around(&format!("<div>{}</div>", "<div>a word, and another</div>".repeat(100_000))));
    let _ = is_quick(
        "many links",
        &around(&(0..20_000).map(|at| format!("a line <a href=/{at}>and link {at}</a>, ")).collect::<String>()),
    );
    let _ = is_quick("one long text", &around(&"word, ".repeat(600_000)));
    let _ = is_quick("breaks", &around(&"<br>x".repeat(200_000)));
    let _ = is_quick("code", &around(&format!("<pre>{}</pre>", "line of code\n".repeat(100_000))));
    let json = format!("<script type=application/ld+json>{}</script>", "[".repeat(400_000));
    let _ = is_quick("deep data", &around(&json));
}

/// What holds of any article.
fn check(article: &Article) {
    assert!(article.blocks.len() <= blocks::MAX_BLOCKS && article.links.len() <= blocks::MAX_LINKS);
    assert!(article.len() <= blocks::MAX_TEXT + blocks::MAX_BLOCKS * 64, "{}", article.len());
    for block in &article.blocks {
        let text = block.text();
        assert!(!block.is_empty() && block.runs.iter().all(|run| !run.text.is_empty()), "{block:?}");
        assert!(block.runs.iter().all(|run| run.link.is_none_or(|link| link < article.links.len())), "{block:?}");
        let own = if block.kind == BlockKind::Code { text.trim_start() } else { &text };
        assert_eq!(text::clean(own), own, "{block:?}");
    }
    for text in [Some(&article.title), article.byline.as_ref()].into_iter().flatten() {
        assert_eq!(&text::clean(text), text);
    }
    let unique: std::collections::BTreeSet<_> = article.links.iter().collect();
    assert_eq!(unique.len(), article.links.len());
    for link in &article.links {
        assert!(link.starts_with("http") && link.is_ascii() && !link.contains(|c: char| c.is_control()), "{link:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_do_no_harm(body in prop::collection::vec(any::<u8>(), 0..600), kind in "(text/html|text/plain)?") {
        let read = read(&body, Some(kind.as_str()).filter(|kind| !kind.is_empty()), &url());
        prop_assert!(panic_guard::caught() == 0);
        if let Ok(article) = read {
            check(&article);
        }
    }

    #[test]
    fn any_markup_does_no_harm(
        pieces in prop::collection::vec(
            "(</?(div|p|a|b|ul|li|table|tr|td|pre|blockquote|h2|br|form|figure|svg|title|script|select|main|article|br)( (class|id|style|href)=\"?[a-z#:]{0,8}\"?)?/?>|[A-Z][a-z, ]{5,60}|&#?[a-z0-9]{1,4};|<!--|-->|\\PC|[\\x00-\\x1f])",
            0..80,
        ),
    ) {
        let read = html(&around(&pieces.concat()));
        prop_assert!(panic_guard::caught() == 0);
        if let Ok(article) = read {
            check(&article);
        }
    }
}
