//! A query as somebody types it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use newstape::domain::query::Query;

fuzz_target!(|text: &str| {
    let _ = Query::parse(text);
});
