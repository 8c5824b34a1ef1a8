//! A config file.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = newstape::config::load(Some(("config.toml", text)));
});
