//! The one door to standard output and standard error: nothing that steers a terminal, or hides on it, goes through. Data that must
//! stay whole is escaped before: JSON and TOML have escapes of their own.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use super::{Done, Failure};
use crate::domain::text::steers;

/// The longest line on standard error, in characters: what somebody else wrote may be named in it.
const LINE_MAX: usize = 600;

/// A stream of which a terminal shows every character.
#[derive(Debug)]
pub(super) struct Clean<W: Write> {
    inner: W,
    /// The beginning of a character whose end has not been written yet.
    begun: Vec<u8>,
}

impl<W: Write> Clean<W> {
    pub(super) fn new(inner: W) -> Clean<W> {
        Clean { inner, begun: Vec::new() }
    }

    fn pass(&mut self, bytes: &[u8]) -> io::Result<()> {
        for chunk in bytes.utf8_chunks() {
            let shown: String = chunk.valid().chars().filter(|c| matches!(c, '\n' | '\t') || !steers(*c)).collect();
            self.inner.write_all(shown.as_bytes())?;
            if !chunk.invalid().is_empty() {
                self.inner.write_all("\u{fffd}".as_bytes())?;
            }
        }
        Ok(())
    }
}

impl<W: Write> Write for Clean<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut all = std::mem::take(&mut self.begun);
        all.extend_from_slice(bytes);
        // A character that is cut off at the end waits for its other bytes.
        let is_begun = |end: &&[u8]| std::str::from_utf8(end).is_err_and(|error| error.error_len().is_none());
        let end = all.utf8_chunks().last().map(|chunk| chunk.invalid()).filter(is_begun).map_or(0, <[u8]>::len);
        self.begun = all.split_off(all.len() - end);
        self.pass(&all)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Standard output, locked.
pub(super) type Out = Clean<io::StdoutLock<'static>>;

/// Standard output.
pub(super) fn out() -> Out {
    Clean::new(io::stdout().lock())
}

/// Standard error.
pub(super) fn errors() -> Clean<io::StderrLock<'static>> {
    Clean::new(io::stderr().lock())
}

/// How far a command is: a line of a terminal that what is printed next takes the place of.
pub(super) fn progress(text: &str) {
    let mut terminal = io::stderr().lock();
    if terminal.is_terminal() {
        let _ = write!(terminal, "\r{text} \r");
    }
}

/// A line on standard output.
pub(super) fn say(line: &str) -> Done {
    Ok(writeln!(out(), "{}", line.replace('\n', " "))?)
}

/// An object as a line of JSON.
pub(super) fn say_json(value: &impl Serialize) -> Done {
    Ok(writeln!(out(), "{}", json_line(value)?)?)
}

/// A sentence on standard error, with a picture below it at most. One that nobody can read any more is no reason to panic, as
/// `eprintln!` would.
pub(super) fn complain(sentence: impl std::fmt::Display) {
    let _ = writeln!(errors(), "newstape: {}", capped(&sentence.to_string()));
}

/// Every line cut to its longest.
fn capped(text: &str) -> String {
    let cut = |line: &str| match line.char_indices().nth(LINE_MAX) {
        Some((at, _)) => format!("{}…", line.get(..at).unwrap_or_default()),
        None => line.to_owned(),
    };
    text.lines().map(cut).collect::<Vec<_>>().join("\n")
}

/// JSON without any character that steers a terminal: it says the same with escapes.
pub(super) fn json_line(value: &impl Serialize) -> Result<String, Failure> {
    let line =
        serde_json::to_string(value).map_err(|error| Failure::not_had(format!("an answer is no JSON: {error}")))?;
    Ok(escaped(&line))
}

/// A line of JSON with escapes in place of what steers a terminal; such characters stand only within its strings.
pub(super) fn escaped(line: &str) -> String {
    if !line.contains(steers) {
        return line.to_owned();
    }
    let mut units = [0; 2];
    line.chars().fold(String::with_capacity(line.len()), |mut text, c| {
        match steers(c) {
            true => c.encode_utf16(&mut units).iter().for_each(|unit| text.push_str(&format!("\\u{unit:04x}"))),
            false => text.push(c),
        }
        text
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn through(parts: &[&[u8]]) -> String {
        let mut clean = Clean::new(Vec::new());
        parts.iter().for_each(|part| clean.write_all(part).unwrap());
        String::from_utf8(clean.inner).unwrap()
    }

    #[test]
    fn nothing_that_steers_a_terminal_gets_through() {
        let nasty = "a\u{1b}[31mb\u{202e}c\u{200b}d\u{9b}2Je\rf\u{8}g\u{7f}h\ti\nj\u{feff}k\u{2066}l\u{e0041}";
        assert_eq!(through(&[nasty.as_bytes()]), "a[31mbcd2Jefgh\ti\njkl");
        assert_eq!(through(&[b"a\xff\xfeb"]), "a\u{fffd}\u{fffd}b");
    }

    #[test]
    fn long_lines_of_errors_are_cut() {
        let cut = capped(&format!("{}\nshort", "é".repeat(16_384)));
        assert_eq!(cut.lines().map(|line| line.chars().count()).collect::<Vec<_>>(), [LINE_MAX + 1, 5]);
        assert!(cut.contains('…'));
    }

    proptest! {
        #[test]
        fn written_in_pieces_it_is_the_same(text in "\\PC*\u{1b}?[\u{200b}\u{202e}é漢😀]*", cuts in proptest::collection::vec(0usize..64, 0..6)) {
            let bytes = text.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|at| at.min(bytes.len())).collect();
            cuts.sort_unstable();
            let mut parts = Vec::new();
            let mut from = 0;
            for at in cuts.into_iter().chain([bytes.len()]) {
                parts.push(&bytes[from..at]);
                from = at;
            }
            prop_assert_eq!(through(&parts), through(&[bytes]));
        }

        #[test]
        fn escaped_json_says_the_same(text in any::<String>()) {
            let line = json_line(&text).unwrap();
            prop_assert!(!line.contains(steers), "{:?}", line);
            prop_assert_eq!(serde_json::from_str::<String>(&line).unwrap(), text);
        }
    }
}
