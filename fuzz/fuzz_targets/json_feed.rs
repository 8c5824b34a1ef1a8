//! A JSON Feed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use newstape::news::{self, Unreadable, panic_guard};

fuzz_target!(|text: &str| {
    let text = format!("{{{text}");
    assert!(news::read(text.as_bytes(), None, "https://example.org/feed") != Err(Unreadable::Fault));
    assert_eq!(panic_guard::caught(), 0);
});
