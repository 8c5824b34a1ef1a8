//! A place in a file and what was expected there.

use std::fmt;
use std::ops::Range;

use unicode_width::UnicodeWidthStr;

/// The widest line of the file that a picture shows, in characters.
const PICTURE_WIDTH: usize = 160;

/// Why a file can't be used. `Display` is one line: `config.toml:12:9: expected …`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {sentence}")]
pub struct Mistake {
    pub place: Place,
    /// What was expected, in one sentence without a full stop.
    pub sentence: String,
    /// The line itself with the place marked below it, for the command line; several lines.
    pub picture: String,
}

/// A place in a named text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub file: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// The lines of a text, for finding many places in it.
pub(super) struct Lines<'t> {
    text: &'t str,
    /// The byte at which each begins.
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    pub(super) fn of(text: &'t str) -> Lines<'t> {
        let behind = text.match_indices('\n').map(|(newline, _)| newline + 1);
        Lines { text, starts: std::iter::once(0).chain(behind).collect() }
    }

    /// The place of a byte offset; one beyond the text, or inside a character, counts as the nearest before it.
    pub(super) fn place(&self, file: &str, at: usize) -> Place {
        let at = self.text.floor_char_boundary(at);
        let line = self.starts.partition_point(|start| *start <= at);
        let start = line.checked_sub(1).and_then(|before| self.starts.get(before)).copied().unwrap_or(0);
        let column = self.text.get(start..at).map_or(0, |before| before.chars().count());
        Place { file: file.into(), line, column: column + 1 }
    }
}

impl Mistake {
    pub(super) fn new(file: &str, text: &str, span: &Range<usize>, sentence: String) -> Mistake {
        let place = Lines::of(text).place(file, span.start);
        let picture = picture(&place, text, span);
        Mistake { place, sentence, picture }
    }
}

/// The line with carets below, in the manner of the TOML parser's own messages:
///
/// ```text
///   |
/// 3 | timeout = 30
///   |           ^^
/// ```
fn picture(place: &Place, text: &str, span: &Range<usize>) -> String {
    let line = text.split('\n').nth(place.line - 1).unwrap_or_default();
    // A tab or an escape character would move what stands below it, or more.
    let line: String =
        line.chars().take(PICTURE_WIDTH).map(|c| if c.is_control() { ' ' } else { c }).collect::<String>();
    let line = line.trim_end();
    let before: String = line.chars().take(place.column - 1).collect();
    let marked = text.get(span.clone()).map_or(1, |marked| marked.split('\n').next().unwrap_or_default().width());
    let carets = "^".repeat(marked.clamp(1, line.width().saturating_sub(before.width()).max(1)));
    let number = place.line.to_string();
    let gutter = " ".repeat(number.len());
    format!("{gutter} |\n{number} | {line}\n{gutter} | {}{carets}", " ".repeat(before.width()))
}

/// A name from the file, fit to stand in a sentence: short and without anything that moves a cursor.
pub(super) fn shown(name: &str) -> String {
    let clean: String = name.chars().take(40).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if name.chars().nth(40).is_some() { format!("'{clean}…'") } else { format!("'{clean}'") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters_from_one() {
        let text = "a = 1\nété = 2\n";
        for (at, line, column) in
            [(0, 1, 1), (4, 1, 5), (6, 2, 1), (8, 2, 2), (7, 2, 1), (15, 2, 8), (16, 3, 1), (99, 3, 1)]
        {
            let place = Lines::of(text).place("f", at);
            assert_eq!((place.line, place.column), (line, column), "at {at}");
        }
    }

    #[test]
    fn a_picture_marks_the_place() {
        let mistake = Mistake::new("c.toml", "[a]\n\tb = 30 # x\u{1b}[31m", &(9..11), "expected more".into());
        assert_eq!(mistake.to_string(), "c.toml:2:6: expected more");
        assert_eq!(mistake.picture, "  |\n2 |  b = 30 # x [31m\n  |      ^^");
    }
}
