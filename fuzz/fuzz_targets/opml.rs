//! A list of feeds, as other readers export it, and the page on which feeds are looked for.
#![no_main]

use libfuzzer_sys::fuzz_target;
use newstape::news::{discover, opml};
use url::Url;

fuzz_target!(|text: &str| {
    let _ = opml::read(text.as_bytes());
    if let Ok(list) = opml::read(format!("<opml><body>{text}").as_bytes()) {
        let again = opml::read(opml::write(&list.feeds).as_bytes()).map_or(0, |list| list.feeds.len());
        assert_eq!(again, list.feeds.len());
    }
    if let Ok(page) = Url::parse("https://example.org/") {
        discover::candidates(text, &page);
    }
});
