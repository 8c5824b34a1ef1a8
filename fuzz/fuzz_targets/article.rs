//! A web page, with whatever the server said it is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use newstape::news::{article, panic_guard};
use url::Url;

fuzz_target!(|data: &[u8]| {
    let url = Url::parse("https://example.org/story").expect("an address");
    for content_type in [Some("text/html"), Some("text/plain; charset=windows-1252"), None] {
        let read = article::read(data, content_type, &url);
        assert!(panic_guard::caught() == 0);
        if let Ok(article) = read {
            assert!(article.blocks.iter().all(|block| !block.is_empty() && !block.text().contains(char::is_control)));
        }
    }
});
