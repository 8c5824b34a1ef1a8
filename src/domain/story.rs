//! A story: one entry of a feed, cleaned, with an identity that survives edits.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Name;
use super::text::Text;

/// How far ahead of the clock a published time may be before it counts as wrong (feeds' clocks drift).
const FUTURE_TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

/// The longest name of an outlet behind a title, in words.
const NAME_WORDS: usize = 4;

/// The identity of a story: stable across polls, restarts and edits of its title. Printed as 16 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StoryId(pub u64);

impl fmt::Display for StoryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for StoryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One entry of a feed. All text is plain and clean (see [`super::text::clean`]).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Story {
    /// Stable across polls, edits and restarts.
    pub id: StoryId,
    /// The name of the feed it came from.
    pub feed: Name,
    /// Who published it: the feed's name, or the publisher that an aggregator's entry names.
    pub outlet: Name,
    /// The current headline, plain text on one line.
    pub title: Name,
    /// The title it was first seen with, when its outlet has changed it since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title_before: Option<Name>,
    /// Plain text, at most [`Story::SUMMARY_MAX`] bytes; empty when there is none.
    pub summary: Name,
    /// Absolute http(s) address, never anything else.
    pub link: Option<String>,
    /// Two-letter code in lower case (`en`, `fr`), when the feed or the entry tells it.
    pub lang: Option<Name>,
    /// As first published: an edit never moves a story.
    pub published: Option<Timestamp>,
    /// When newstape first saw it.
    pub first_seen: Timestamp,
    /// From a primary source: a regulator, a company's own newsroom.
    pub primary: bool,
    /// The id of the input line, when the story came from one (`replay`, `tag`).
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Box<serde_json::Value>>,
}

impl Story {
    /// Longest summary kept, in bytes: what the reader pane shows and the topics read.
    pub const SUMMARY_MAX: usize = 1200;

    /// The time of a story: published, or first seen when that is missing or in the future.
    /// Order, age and price moves use it; *new* and pruning use `first_seen`.
    pub fn time(&self) -> Timestamp {
        match self.published {
            Some(published) if published <= self.first_seen + FUTURE_TOLERANCE => published.min(self.first_seen),
            _ => self.first_seen,
        }
    }

    /// Its words, as queries and topics read them.
    pub fn text(&self) -> Text {
        Text::sharing(&self.title, &self.summary).in_lang(self.lang.as_deref())
    }

    /// This story as an edit of what was known of it: its times stay those of its first appearance, and the title it
    /// then had is kept, while the title is another.
    #[must_use]
    pub fn as_edit_of(self, before: &Story) -> Story {
        let first = before.title_before.as_ref().unwrap_or(&before.title);
        let title_before = (!is_same_headline(first, &self.title)).then(|| first.clone());
        let first_seen = before.first_seen.min(self.first_seen);
        Story { title_before, first_seen, published: before.published, ..self }
    }
}

/// Do two titles say the same? Case, spaces, the shape of quotes and dashes, and a name at the end (` - The Paper`) are
/// no matter.
pub fn is_same_headline(a: &str, b: &str) -> bool {
    let (a, b) = (plain(a), plain(b));
    let (long, short) = if a.len() < b.len() { (b, a) } else { (a, b) };
    let same = |long: &str| long.to_lowercase() == short.to_lowercase();
    same(&long) || without_name(&long).is_some_and(same)
}

/// With straight quotes, short dashes and single spaces.
fn plain(title: &str) -> String {
    let shape = |c| match c {
        '\u{2018}' | '\u{2019}' => '\'',
        '\u{201c}' | '\u{201d}' => '"',
        '\u{2010}'..='\u{2015}' => '-',
        other => other,
    };
    let shaped: String = title.chars().map(shape).collect();
    shaped.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The title without the name of an outlet behind it: at most [`NAME_WORDS`] words after a separator, the first in
/// capitals. `… - report` is no name but says that something is less sure than it was.
fn without_name(title: &str) -> Option<&str> {
    let ends = [" - ", " | ", " · "].iter().filter_map(|separator| title.rsplit_once(separator));
    let (rest, name) = ends.min_by_key(|(_, name)| name.len())?;
    let is_name = name.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit());
    (is_name && name.split(' ').count() <= NAME_WORDS).then_some(rest)
}

/// What is kept of a story beside what its feed says: what the reader has done with it, and where it was placed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks {
    /// The reader has read it, or marked it as read.
    pub read: bool,
    /// The reader has starred it; such stories are kept for good.
    pub starred: bool,
    /// The group it is in ([`super::group::GroupId`]), once it has been placed: it stays there through restarts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<StoryId>,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_795_000_000 + minutes * 60).unwrap()
    }

    fn story(title: &str, published: Option<i64>, first_seen: i64) -> Story {
        Story {
            id: StoryId(1),
            feed: "Desk".into(),
            outlet: "Desk".into(),
            title: title.into(),
            title_before: None,
            summary: "".into(),
            link: None,
            lang: None,
            published: published.map(at),
            first_seen: at(first_seen),
            primary: false,
            reference: None,
        }
    }

    #[test]
    fn headlines_that_say_the_same() {
        for (a, b, same) in [
            ("Chips are scarce", "CHIPS  are scarce ", true),
            ("Chips are “scarce”", "Chips are \"scarce\"", true),
            ("L’économie – enfin", "L'ÉCONOMIE - enfin", true),
            ("Chips are scarce - The Evening Desk", "Chips are scarce", true),
            ("Chips are scarce", "Chips are scarce | Desk", true),
            ("Chips are scarce - report", "Chips are scarce", false),
            ("Chips are scarce", "Chips are scarce?", false),
            ("Chips are scarce", "Chips are scarce - Nobody Knows For How Long Yet", false),
            ("Chips are scarce", "Chips are rare", false),
            ("- A", "", false),
            ("", "", true),
        ] {
            assert_eq!((is_same_headline(a, b), is_same_headline(b, a)), (same, same), "{a:?} {b:?}");
        }
    }

    #[test]
    fn the_time_of_a_story_stays_whatever_an_edit_says() {
        for (published, time) in
            [(Some(-30), -30), (Some(-90_000), -90_000), (None, 0), (Some(3), 0), (Some(90_000), 0)]
        {
            let first = story("Draft", published, 0);
            assert_eq!(first.time(), at(time), "{published:?}");
            for later in [None, Some(-90_000), Some(50), Some(90_000)] {
                let edit = story("Final", later, 60).as_edit_of(&first);
                assert_eq!(
                    (edit.time(), edit.title_before.as_deref()),
                    (at(time), Some("Draft")),
                    "{published:?} {later:?}"
                );
            }
        }
    }
}
