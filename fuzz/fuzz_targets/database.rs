//! A damaged database, from which what can be read is carried over.
#![no_main]

use libfuzzer_sys::fuzz_target;
use newstape::store;

fuzz_target!(|files: (&[u8], &[u8])| {
    let (database, wal) = files;
    for (story, _) in store::readable_stories(database, wal) {
        assert!(!story.title.is_empty() && !story.title.contains(char::is_control));
    }
});
