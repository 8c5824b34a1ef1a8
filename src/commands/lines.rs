//! Stories from standard input, one JSON object a line, for `tag` and `group`.

use std::io::BufRead;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::{Failure, complain, in_words};
use crate::domain::text::{Text, clean};

/// Longest line read, in bytes.
const LINE_MAX: u64 = 4 << 20;

/// A story as it comes in: any field missing or null, others ignored.
#[derive(Debug, Default, Deserialize)]
pub(super) struct StoryIn {
    #[serde(default)]
    pub id: Value,
    #[serde(default)]
    title: Value,
    #[serde(default)]
    summary: Value,
    #[serde(default)]
    outlet: Value,
    #[serde(default)]
    source: Value,
    #[serde(default)]
    lang: Value,
    #[serde(default)]
    published: Value,
}

impl StoryIn {
    pub(super) fn title(&self) -> &str {
        self.title.as_str().unwrap_or_default()
    }

    pub(super) fn summary(&self) -> &str {
        self.summary.as_str().unwrap_or_default()
    }

    pub(super) fn outlet(&self) -> &str {
        self.outlet.as_str().or(self.source.as_str()).unwrap_or_default()
    }

    /// Title and summary, made safe, in their language.
    pub(super) fn text(&self) -> Text {
        Text::new(&clean(self.title()), &clean(self.summary())).in_lang(self.lang.as_str())
    }

    /// None when it is missing or not RFC 3339.
    pub(super) fn published(&self) -> Option<Timestamp> {
        self.published.as_str()?.parse().ok()
    }
}

/// Gives each line of a stream to `take`; a line that is not a JSON object counts as an empty story, and is reported.
///
/// # Errors
/// When the input can't be read, or not one line was an object though there were lines.
pub(super) fn each(
    input: &mut impl BufRead,
    mut take: impl FnMut(StoryIn) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut good = 0usize;
    let mut bad = 0usize;
    let mut number = 0usize;
    while let Some(line) = read_line(input)? {
        number += 1;
        if line.trim().is_empty() {
            continue;
        }
        match serde_json::from_str::<StoryIn>(&line) {
            Ok(story) => {
                good += 1;
                take(story)?;
            }
            Err(_) => {
                bad += 1;
                complain(format_args!("line {number} is not a JSON object; it is answered as an empty story"));
                take(StoryIn::default())?;
            }
        }
    }
    match (good, bad) {
        (0, 1..) => Err(Failure::not_had("no line was a JSON object: one story a line is expected")),
        _ => Ok(()),
    }
}

fn read_line(input: &mut impl BufRead) -> Result<Option<String>, Failure> {
    let mut line = Vec::new();
    let unreadable =
        |error: std::io::Error| Failure::not_had(format!("the input could not be read: {}", in_words(&error)));
    let read = std::io::Read::take(&mut *input, LINE_MAX).read_until(b'\n', &mut line).map_err(unreadable)?;
    if read as u64 == LINE_MAX && !line.ends_with(b"\n") {
        input.skip_until(b'\n').map_err(unreadable)?;
    }
    Ok((read > 0).then(|| String::from_utf8_lossy(&line).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_may_be_missing_null_or_of_another_type() {
        let mut input = concat!(
            "{\"id\": 7, \"title\": \"a\", \"summary\": null, \"source\": \"Reuters\", \"extra\": [1]}\n",
            "\n",
            "{\"title\": 5, \"outlet\": null, \"source\": \"CNN\", \"published\": \"2026-02-05T11:25:00Z\"}\n",
            "not json\n",
        )
        .as_bytes();
        let mut seen = Vec::new();
        let done = each(&mut input, |story| {
            seen.push((
                story.id.clone(),
                story.title().to_owned(),
                story.outlet().to_owned(),
                story.published().is_some(),
            ));
            Ok(())
        });
        assert!(done.is_ok());
        assert_eq!(
            seen,
            [
                (Value::from(7), "a".into(), "Reuters".into(), false),
                (Value::Null, String::new(), "CNN".into(), true),
                (Value::Null, String::new(), String::new(), false),
            ]
        );
    }

    #[test]
    fn nothing_but_rubbish_is_a_failure() {
        assert!(each(&mut "rubbish\n".as_bytes(), |_| Ok(())).is_err());
        assert!(each(&mut "".as_bytes(), |_| Ok(())).is_ok());
    }
}
