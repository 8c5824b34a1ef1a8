//! How much memory and time one document takes at worst, as a poll reads it: 1 MB and 10 MB of everything that is known
//! to hurt. Each is read by a process of its own, whose peak (`VmHWM`, Linux) is told: `cargo bench --bench peak`.
//!
//! The promise is 64 MiB for documents up to 1 MB and 128 MiB up to 10 MB; it fails where that is broken.

use std::fmt::Write as _;
use std::process::{Command, ExitCode};

use newstape::news;

const BASE: &str = "https://example.org/feed";

const RSS: &str = "<rss version=\"2.0\" xmlns:media=\"http://search.yahoo.com/mrss/\" \
                   xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><channel><title>Paper</title>\
                   <link>https://example.org/</link>";
const ITEM: &str = "<item><title>a</title><link>/a</link><description>b</description>\
                    <pubDate>Mon, 06 Oct 2025 10:00:00 GMT</pubDate>";

/// Name, what it begins with, what is repeated, what it ends with.
const NASTY: &[(&str, &str, &str, &str)] = &[
    ("empty items", RSS, "<item/>", "</channel></rss>"),
    ("small items", RSS, "<item><title>a</title></item>", "</channel></rss>"),
    (
        "whole items",
        RSS,
        "<item><title>a</title><link>/a</link><description>b</description></item>",
        "</channel></rss>",
    ),
    ("deep nesting", RSS, "<x>", ""),
    ("deep nesting in a text", "<rss><channel><item><description>", "<b>", ""),
    ("attributes", "<rss version=\"2.0\"", " a=\"b\"", "><channel><item/></channel></rss>"),
    ("prefixes", "<rss version=\"2.0\"", " xmlns:a=\"b\"", "><channel><item/></channel></rss>"),
    ("references", "<rss version=\"2.0\"><channel><item><title>", "&amp;", "</title></item></channel></rss>"),
    (
        "references to HTML",
        "<rss version=\"2.0\"><channel><item><title>",
        "&eacute;",
        "</title></item></channel></rss>",
    ),
    ("one text", "<rss version=\"2.0\"><channel><item><description>", "word ", "</description></item></channel></rss>"),
    ("one text, high", "<rss><channel><item><description>", "\u{e9}\u{2019}", "</description></item></channel></rss>"),
    ("one guid", "<rss version=\"2.0\"><channel><item><guid>", "\u{9d}", "</guid></item></channel></rss>"),
    ("categories", "", "<category>c</category>", "</item></channel></rss>"),
    ("empty categories", "", "<category/>", "</item></channel></rss>"),
    ("links", "", "<link>/b</link>", "</item></channel></rss>"),
    ("media", "", "<media:content url=\"x\"/>", "</item></channel></rss>"),
    ("media groups", "", "<media:group/>", "</item></channel></rss>"),
    ("thumbnails", "", "<media:thumbnail url=\"x\"/>", "</item></channel></rss>"),
    ("enclosures", "", "<enclosure url=\"x\"/>", "</item></channel></rss>"),
    ("authors", "", "<author>x</author>", "</item></channel></rss>"),
    ("comments", RSS, "<!---->", "</channel></rss>"),
    ("unclosed sections", RSS, "<![CDATA[", ""),
    ("open scripts", "<rss><channel><item><description>", "&lt;script>", "</description></item></channel></rss>"),
    ("JSON numbers", "{\"items\":[0", ",0", "]}"),
    ("JSON objects", "{\"items\":[{}", ",{\"a\":1}", "]}"),
    ("JSON items", "{\"items\":[{}", ",{\"id\":\"1\"}", "]}"),
    ("JSON right", "", ",{\"id\":\"1\",\"url\":\"/a\",\"title\":\"a\",\"content_text\":\"b\"}", "]}"),
    ("JSON lists", "{\"items\":[{\"tags\":[\"\"", ",\"\"", "]}]}"),
    ("JSON members", "{\"items\":[],\"x\":{\"a\":1", ",\"a\":1", "}}"),
    ("JSON depth", "{\"items\":[{}],\"x\":", "[", ""),
];

fn document(name: &str, size: usize) -> String {
    let Some((_, head, piece, tail)) = NASTY.iter().find(|(known, ..)| *known == name) else { return String::new() };
    let mut out = match *head {
        "" if tail.starts_with(']') => {
            "{\"version\":\"https://jsonfeed.org/version/1.1\",\"home_page_url\":\"/\",\"items\":[{\"id\":\"0\"}".into()
        }
        "" => format!("{RSS}{ITEM}"),
        head => String::from(head),
    };
    while out.len() + piece.len() + tail.len() <= size {
        out.push_str(piece);
    }
    out + tail
}

/// In KiB.
fn status(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap_or_default();
    line.trim_start_matches(':').trim().trim_end_matches("kB").trim().parse().unwrap_or_default()
}

/// Reads one document and tells: its bytes, entries, milliseconds, and the peak in KiB.
fn child(name: &str, size: usize) {
    let text = document(name, size);
    #[allow(clippy::disallowed_methods, reason = "a measurement")]
    let before = std::time::Instant::now();
    let entries = match news::read(text.as_bytes(), None, BASE) {
        Ok(document) => document.entries.len().to_string(),
        Err(why) => why.to_string(),
    };
    let mut out = String::new();
    let _ = write!(out, "{:>8} ms {:>8} KiB  {entries}", before.elapsed().as_millis(), status("VmHWM"));
    report(&out);
}

#[allow(clippy::print_stdout, reason = "a bench tells its figures")]
fn report(line: &str) {
    println!("{line}");
}

/// The second word of a line is the peak.
fn peak(line: &str) -> u64 {
    line.split_whitespace().nth(2).and_then(|word| word.parse().ok()).unwrap_or(u64::MAX)
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, name, size] = arguments.as_slice()
        && let Ok(size) = size.parse()
    {
        child(name, size);
        return ExitCode::SUCCESS;
    }
    let Ok(own) = std::env::current_exe() else { return ExitCode::FAILURE };
    let mut is_kept = true;
    for (size, most) in [(1_000_000_usize, 64 << 10), (10_000_000, 128 << 10)] {
        for (name, ..) in NASTY {
            let Ok(done) = Command::new(&own).args([name, size.to_string().as_str()]).output() else {
                return ExitCode::FAILURE;
            };
            let line = String::from_utf8_lossy(&done.stdout).trim_end().to_owned();
            let is_over = !done.status.success() || peak(&line) > most;
            is_kept &= !is_over;
            report(&format!("{:>3} MB {name:24} {line}{}", size / 1_000_000, if is_over { "  TOO MUCH" } else { "" }));
        }
    }
    if is_kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
