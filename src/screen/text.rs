//! Text in cells: cut, fit, wrap, and the forms in which ages and times are shown.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use ratatui::text::Span;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Columns that a text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// Cuts a text to a number of columns; what is cut ends in `…`. Never splits a grapheme.
pub fn cut(text: &str, columns: usize) -> String {
    let text = safe(text);
    if width(&text) <= columns {
        return text;
    }
    let mut kept = String::new();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        used += width(grapheme);
        if used + 1 > columns {
            break;
        }
        kept.push_str(grapheme);
    }
    if columns == 0 { String::new() } else { format!("{}…", kept.trim_end()) }
}

/// Cuts or pads a text to exactly a number of columns, from the left.
pub fn fit(text: &str, columns: usize) -> String {
    let mut text = cut(text, columns);
    let missing = columns.saturating_sub(width(&text));
    text.extend(std::iter::repeat_n(' ', missing));
    text
}

/// Cuts or pads a text to exactly a number of columns, from the right.
pub fn fit_right(text: &str, columns: usize) -> String {
    let text = cut(text, columns);
    format!("{}{text}", " ".repeat(columns.saturating_sub(width(&text))))
}

/// Wraps a text to lines of at most this many columns.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let options = textwrap::Options::new(columns.max(1)).word_separator(textwrap::WordSeparator::AsciiSpace);
    textwrap::wrap(&safe(text), options).into_iter().map(|line| line.into_owned()).collect()
}

/// The last line of defence: nothing that steers a terminal is ever drawn.
pub fn safe(text: &str) -> String {
    let steers = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if text.contains(steers) { text.replace(steers, "") } else { text.to_owned() }
}

/// Columns that spans take together.
pub fn spans_width(spans: &[Span]) -> usize {
    spans.iter().map(|span| width(&span.content)).sum()
}

/// An age in at most three columns: `0m`, `59m`, `3h`, `12d`, `9w`.
pub fn age(from: Timestamp, now: Timestamp) -> String {
    let age = now.duration_since(from).max(SignedDuration::ZERO);
    let minutes = age.as_mins();
    match minutes {
        0..60 => format!("{minutes}m"),
        60..1440 => format!("{}h", minutes / 60),
        1440..43200 => format!("{}d", minutes / 1440),
        _ => format!("{}w", (minutes / 10080).min(99)),
    }
}

/// How long until a time, as `2h14`, `14m`, `3d`.
pub fn until(at: Timestamp, now: Timestamp) -> String {
    // Rounded up: a countdown that reads 0m must mean now.
    let minutes = (at.duration_since(now).max(SignedDuration::ZERO).as_secs() + 59) / 60;
    match minutes {
        0..60 => format!("{minutes}m"),
        60..2880 => format!("{}h{:02}", minutes / 60, minutes % 60),
        _ => format!("{}d", minutes / 1440),
    }
}

/// `14:05` in a zone.
pub fn clock(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned_datetime(zone.clone()).strftime("%H:%M").to_string()
}

/// What a zone is called beside its times: `ET` for New York, else as the zone calls itself.
pub fn zone_name(zone: &TimeZone, now: Timestamp) -> String {
    match zone.iana_name() {
        Some("America/New_York") => "ET".into(),
        _ => now.to_zoned_datetime(zone.clone()).strftime("%Z").to_string(),
    }
}

/// `14:05` when it is today in that zone, else `5 Feb 14:05`.
pub fn day_and_clock(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let local = at.to_zoned_datetime(zone.clone());
    let today = now.to_zoned_datetime(zone.clone()).date();
    let form = if local.date() == today { "%H:%M" } else { "%-d %b %H:%M" };
    local.strftime(form).to_string()
}

/// A signed per cent with a real minus: `+0.63 %`, `−2.10 %`.
pub fn percent(value: f64, decimals: usize) -> String {
    let rounded = format!("{:.decimals$}", value.abs());
    let zero = rounded.chars().all(|letter| matches!(letter, '0' | '.'));
    let sign = match value {
        _ if zero => "",
        value if value > 0.0 => "+",
        _ => "−",
    };
    format!("{sign}{rounded}%")
}

/// `▲`, `▼`, or a space.
pub fn arrow(value: f64) -> &'static str {
    match value {
        value if value > 0.0 => "▲",
        value if value < 0.0 => "▼",
        _ => " ",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cutting_counts_columns_and_keeps_graphemes() {
        for (text, columns, expected) in [
            ("NVIDIA", 6, "NVIDIA"),
            ("NVIDIA", 5, "NVID…"),
            ("NVIDIA rises", 8, "NVIDIA…"),
            ("英伟达上涨", 5, "英伟…"),
            ("e\u{301}te\u{301}", 2, "e\u{301}…"),
            ("👨‍👩‍👧 x", 2, "…"),
            ("x", 0, ""),
        ] {
            assert_eq!(cut(text, columns), expected, "{text} in {columns}");
            assert_eq!(width(&fit(text, columns)), columns, "{text} in {columns}");
        }
    }

    #[test]
    fn nothing_that_steers_a_terminal_is_drawn() {
        assert_eq!(safe("a\u{1b}[31mb\u{202e}c\u{7}\u{9b}d"), "a[31mbcd");
    }

    #[test]
    fn ages_and_countdowns() {
        let now = Timestamp::from_second(1_770_000_000).expect("in range");
        for (minutes, expected) in [(0, "0m"), (59, "59m"), (60, "1h"), (1439, "23h"), (1440, "1d"), (60_000, "5w")] {
            assert_eq!(age(now - SignedDuration::from_mins(minutes), now), expected);
        }
        assert_eq!(age(now + SignedDuration::from_mins(3), now), "0m");
        assert_eq!(until(now + SignedDuration::from_secs(30), now), "1m");
        assert_eq!(until(now + SignedDuration::from_mins(134), now), "2h14");
    }

    #[test]
    fn per_cents_carry_their_sign() {
        assert_eq!(percent(0.634, 2), "+0.63%");
        assert_eq!(percent(-2.1, 1), "−2.1%");
        assert_eq!(percent(-0.001, 1), "0.0%");
    }
}
