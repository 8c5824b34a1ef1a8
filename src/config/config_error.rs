//! A place in a file and what was expected there.

use std::fmt;

/// Why a file can't be used. `Display` is one line: `config.toml:12:9: expected …`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {sentence}")]
pub struct ConfigError {
    /// Where the mistake is.
    pub place: Place,
    /// What was expected, in one sentence without a full stop.
    pub sentence: String,
    /// The line itself with the place marked below it, for the command line; several lines. Empty where the line may hold
    /// a secret.
    pub picture: String,
}

/// A place in a named text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file's name, as shown to the user.
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

impl ConfigError {
    /// The sentence, and the picture below it where there is one.
    pub fn with_picture(&self) -> String {
        if self.picture.is_empty() { self.to_string() } else { format!("{self}\n{}", self.picture) }
    }
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
}
