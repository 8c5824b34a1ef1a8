//! Text from outside: made safe to show, and made ready to be searched.

use std::ops::Range;

/// Removes what must never reach a terminal or a matcher: control characters, escape sequences, bidi overrides and
/// other invisible format characters. Runs of white space become one space; both ends are trimmed.
pub fn clean(_text: &str) -> String {
    todo!()
}

/// Title and summary of a story, folded for matching (lower case, no accents) and cut into words once.
#[derive(Clone, Debug)]
pub struct Text {}

impl Text {
    pub fn new(_title: &str, _summary: &str) -> Text {
        todo!()
    }
}

/// A place in the title, in bytes.
pub type TitleSpan = Range<usize>;
