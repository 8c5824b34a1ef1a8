//! A feed document, with whatever the server said it is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use newstape::news::{self, Unreadable, panic_guard};

fuzz_target!(|data: &[u8]| {
    let read = news::read(data, None, "https://example.org/feed");
    assert!(read != Err(Unreadable::Fault) && panic_guard::caught() == 0);
    if let Ok(document) = read {
        assert!(document.entries.len() <= news::MAX_ENTRIES);
    }
    let _ = news::read(data, Some("text/xml; charset=iso-2022-jp"), "");
});
