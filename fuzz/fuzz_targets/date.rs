//! A date as a feed writes it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use newstape::news::dates;

fuzz_target!(|text: &str| {
    let _ = dates::parse(text);
});
