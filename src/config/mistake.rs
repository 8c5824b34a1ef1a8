//! A place in a file and what was expected there.

use std::fmt;
use std::ops::Range;

use super::excerpt::picture;

/// Why a file can't be used. `Display` is one line: `config.toml:12:9: expected …`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {sentence}")]
pub struct Mistake {
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

impl Place {
    /// The place of a byte offset; one beyond the text, or inside a character, counts as the nearest before it.
    pub fn of(file: &str, text: &str, at: usize) -> Place {
        let before = text.get(..text.floor_char_boundary(at)).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = before.get(line_start..).map_or(0, |line| line.chars().count());
        Place { file: file.into(), line: before.matches('\n').count() + 1, column: column + 1 }
    }
}

impl Mistake {
    pub(super) fn new(file: &str, text: &str, span: &Range<usize>, sentence: String) -> Mistake {
        let place = Place::of(file, text, span.start);
        let picture = picture(&place, text, span);
        Mistake { place, sentence, picture }
    }

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

/// `; did you mean 'timeout'?`, when one of the known names is near; else nothing.
pub fn did_you_mean<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    if given.chars().nth(40).is_some() {
        return String::new();
    }
    let lower = given.to_lowercase();
    let near = known.into_iter().map(|name| (strsim::osa_distance(&lower, &name.to_lowercase()), name)).min();
    match near {
        Some((distance, name)) if distance <= (given.chars().count() / 3).max(1) => {
            format!("; did you mean '{name}'?")
        }
        _ => String::new(),
    }
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
            let place = Place::of("f", text, at);
            assert_eq!((place.line, place.column), (line, column), "at {at}");
        }
    }

    #[test]
    fn near_names_are_offered_and_far_ones_not() {
        let known = ["timeout", "max-body", "user-agent"];
        for (given, hint) in [
            ("timeuot", "; did you mean 'timeout'?"),
            ("max_body", "; did you mean 'max-body'?"),
            ("Timeout", "; did you mean 'timeout'?"),
            ("UserAgent", "; did you mean 'user-agent'?"),
            ("colour", ""),
            ("", ""),
        ] {
            assert_eq!(did_you_mean(given, known), hint, "{given}");
        }
        assert_eq!(did_you_mean("x", []), "");
    }
}
