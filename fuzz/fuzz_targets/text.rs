//! HTML and text on its way to the screen.
#![no_main]

use libfuzzer_sys::fuzz_target;
use newstape::domain::text;
use newstape::news::html_text;

fuzz_target!(|given: &str| {
    let clean = text::clean(&html_text::from_html(given, 1000));
    assert!(!clean.contains(char::is_control));
    assert_eq!(text::clean(&clean), clean);
});
