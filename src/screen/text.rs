//! Text in cells: cut, fit, wrap, and the forms in which times of day are shown.

use std::borrow::Cow;
use std::ops::Range;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use ratatui::buffer::CellWidth;
use ratatui::style::Style;
use ratatui::text::Span;
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

use super::signs;

/// Columns that a text takes: those of its graphemes, one by one, as cells are filled. (The width of a whole text can be
/// less, where a font may join letters; a row counted so would end short.)
pub fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.graphemes(true).map(grapheme_width).sum() }
}

fn grapheme_width(grapheme: &str) -> usize {
    grapheme.cell_width().into()
}

/// Where a text must be cut so that it and `…` fit in a number of columns, as a byte offset between two graphemes; None
/// when it fits whole. Reads no further than the columns reach, however long the text is.
pub fn cut_at(text: &str, columns: usize) -> Option<usize> {
    if is_plain(text.as_bytes().iter().take(columns.saturating_add(1))) {
        return (text.len() > columns).then(|| columns.saturating_sub(1));
    }
    cut_at_grapheme(text, columns)
}

fn cut_at_grapheme(text: &str, columns: usize) -> Option<usize> {
    let mut used = 0;
    let mut end = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        used += grapheme_width(grapheme);
        if used > columns {
            return Some(end);
        }
        if used < columns {
            end = at + grapheme.len();
        }
    }
    None
}

/// Letters of which each is a grapheme of one column: most text, and it needs no look at the tables of Unicode.
fn is_plain<'a>(bytes: impl IntoIterator<Item = &'a u8>) -> bool {
    bytes.into_iter().all(|byte| matches!(byte, b' '..=b'~'))
}

/// Cuts a text to a number of columns; what is cut ends in `…`. Never splits a grapheme.
pub fn cut(text: &str, columns: usize) -> String {
    let text = safe(text);
    match cut_at(&text, columns) {
        None => text.into_owned(),
        Some(_) if columns == 0 => String::new(),
        Some(end) => format!("{}…", text.get(..end).unwrap_or_default().trim_end()),
    }
}

/// Cuts a text between two words, so that no number in it reads as another; what is cut ends in ` …`.
pub fn cut_words(text: &str, columns: usize) -> String {
    if cut_at(&safe(text), columns).is_none() {
        return safe(text).into_owned();
    }
    let first = wrap(text, columns.saturating_sub(2)).into_iter().next().unwrap_or_default();
    match safe(text).strip_prefix(first.as_str()) {
        // A first word that is too long by itself is cut as any text is.
        Some(rest) if !rest.starts_with(char::is_whitespace) => cut(text, columns),
        _ => cut(&format!("{first} …"), columns),
    }
}

/// Cuts spans to a number of columns together; what is cut ends in `…`.
pub fn cut_spans(spans: Vec<Span<'static>>, columns: usize) -> Vec<Span<'static>> {
    if spans_width(&spans) <= columns {
        return spans;
    }
    let mut kept: Vec<Span> = Vec::new();
    let mut room = columns;
    for span in spans {
        // The `…` needs a column: a span that fills the room to the last one is cut too.
        if width(&span.content) >= room {
            let text = cut(&format!("{}  ", span.content), room);
            kept.push(Span::styled(text, span.style));
            break;
        }
        room -= width(&span.content);
        kept.push(span);
    }
    kept
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

/// Wraps a text to lines of at most this many columns: between words, between wide letters (Chinese and Japanese have no
/// blanks), and inside a word only when it is wider than a line.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let text = safe(text);
    let mut lines = vec![String::new()];
    let mut used = 0;
    for piece in pieces(&text) {
        let needed = width(piece.trim_end());
        if used > 0 && used + needed > columns {
            lines.push(String::new());
            used = 0;
        }
        let whole = width(piece);
        if let Some(line) =
            lines.last_mut().filter(|_| used + whole <= columns && (used > 0 || !piece.starts_with(' ')))
        {
            line.push_str(piece);
            used += whole;
            continue;
        }
        for grapheme in piece.graphemes(true) {
            let wide = grapheme_width(grapheme);
            if used > 0 && used + wide > columns && grapheme != " " {
                lines.push(String::new());
                used = 0;
            }
            if let Some(line) = lines.last_mut().filter(|_| used > 0 || grapheme != " ") {
                line.push_str(grapheme);
                used += wide;
            }
        }
    }
    lines.into_iter().map(|line| line.trim_end().to_owned()).collect()
}

/// Wraps spans as one text, each keeping its style.
pub fn wrap_spans(spans: &[Span<'static>], columns: usize) -> Vec<Vec<Span<'static>>> {
    let clean: Vec<(Cow<str>, Style)> = spans.iter().map(|span| (safe(&span.content), span.style)).collect();
    let whole: String = clean.iter().map(|(text, _)| &**text).collect();
    let mut ends = clean.iter().scan(0, |end, (text, style)| {
        *end += text.len();
        Some((*end, *style))
    });
    let (mut at, mut piece) = (0, ends.next());
    let mut line_spans = |line: String| {
        // Between two lines nothing but blanks is left out.
        let rest = whole.get(at..).unwrap_or_default();
        at += rest.len() - rest.trim_start().len() - (line.len() - line.trim_start().len());
        let end = at + line.len();
        let mut spans = Vec::new();
        while let Some((piece_end, style)) = piece {
            let upto = piece_end.min(end);
            spans.extend(
                whole.get(at..upto).filter(|text| !text.is_empty()).map(|text| Span::styled(text.to_owned(), style)),
            );
            at = at.max(upto);
            if piece_end > end {
                break;
            }
            piece = ends.next();
        }
        spans
    };
    wrap(&whole, columns).into_iter().map(&mut line_spans).collect()
}

/// Where words stand in a text, in bytes, without regard to case and accents.
pub fn find_all(text: &str, words: &str) -> Vec<Range<usize>> {
    let wanted: Vec<char> = words.graphemes(true).map(folded).collect();
    let letters: Vec<(usize, &str)> = text.grapheme_indices(true).collect();
    let mut found = Vec::new();
    let mut at = 0;
    while !wanted.is_empty() && at + wanted.len() <= letters.len() {
        let here = &letters[at..at + wanted.len()];
        if here.iter().zip(&wanted).all(|((_, letter), wanted)| folded(letter) == *wanted) {
            let end = here.last().map_or(0, |(start, letter)| start + letter.len());
            found.push(here[0].0..end);
            at += wanted.len();
        } else {
            at += 1;
        }
    }
    found
}

fn folded(letter: &str) -> char {
    letter.nfd().flat_map(char::to_lowercase).next().unwrap_or(' ')
}

/// Spans with another style in some places of their text.
pub fn restyled(spans: Vec<Span<'static>>, places: &[Range<usize>], style: Style) -> Vec<Span<'static>> {
    let mut start = 0;
    let mut done = Vec::new();
    for span in spans {
        let (begin, end) = (start, start + span.content.len());
        start = end;
        let mut edges: Vec<usize> = places.iter().flat_map(|place| [place.start, place.end]).collect();
        edges.retain(|edge| (begin + 1..end).contains(edge));
        edges.extend([begin, end]);
        edges.sort_unstable();
        for pair in edges.windows(2) {
            let Some(text) = span.content.get(pair[0] - begin..pair[1] - begin).filter(|text| !text.is_empty()) else {
                continue;
            };
            let is_found = places.iter().any(|place| place.contains(&pair[0]));
            let look = if is_found { span.style.patch(style) } else { span.style };
            done.push(Span::styled(text.to_owned(), look));
        }
    }
    done
}

/// A text in the pieces that stay together on a line, each with the blanks behind it.
fn pieces(text: &str) -> Vec<&str> {
    if is_plain(text.as_bytes()) { plain_pieces(text) } else { pieces_of_graphemes(text) }
}

fn pieces_of_graphemes(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut graphemes = text.grapheme_indices(true).peekable();
    while let Some((at, grapheme)) = graphemes.next() {
        let end = at + grapheme.len();
        let next = graphemes.peek().map_or("", |(_, next)| *next);
        let after_blank = grapheme == " " && next != " ";
        let between_wide = grapheme_width(grapheme) == 2 && next != " " && !closes(next) && !opens(grapheme);
        if after_blank || between_wide {
            pieces.extend(text.get(start..end));
            start = end;
        }
    }
    pieces.extend(text.get(start..).filter(|rest| !rest.is_empty()));
    pieces
}

fn plain_pieces(text: &str) -> Vec<&str> {
    let mut pieces: Vec<&str> = Vec::new();
    let mut start = 0;
    let next = text.bytes().skip(1).chain([0]);
    for (at, (byte, next)) in text.bytes().zip(next).enumerate() {
        if byte == b' ' && next != b' ' {
            pieces.extend(text.get(start..=at));
            start = at + 1;
        }
    }
    pieces.extend(text.get(start..).filter(|rest| !rest.is_empty()));
    pieces
}

/// Never at the start of a line.
fn closes(grapheme: &str) -> bool {
    grapheme.starts_with(|letter: char| {
        letter.is_ascii_punctuation() || "、。，．：；！？）」』】〕》〉’”…%".contains(letter)
    })
}

/// Never at the end of a line.
fn opens(grapheme: &str) -> bool {
    grapheme.starts_with(['（', '「', '『', '【', '〔', '《', '〈'])
}

/// The last line of defence: nothing that steers a terminal, and nothing that can't be seen, is ever drawn.
pub fn safe(text: &str) -> Cow<'_, str> {
    let steers = |letter: char| {
        letter.is_control()
            || matches!(letter,
                '\u{ad}' | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e001f}')
    };
    let text: Cow<str> = if text.contains(steers) { text.replace(steers, "").into() } else { text.into() };
    if text.is_ascii() || !text.graphemes(true).any(is_doubtful) { text } else { steady(&text).into() }
}

/// Terminals treat emoji that are joined of several, or have a selector behind them, in two ways: some count the whole as one
/// sign, some each part. Where the two differ, what follows on the row would stand elsewhere on one of them.
fn is_doubtful(grapheme: &str) -> bool {
    let parts: usize = grapheme.chars().map(|letter| letter.width().unwrap_or(0)).sum();
    !grapheme.is_ascii() && parts != grapheme_width(grapheme)
}

/// The same with the first part alone of what terminals count differently.
fn steady(text: &str) -> String {
    text.graphemes(true)
        .flat_map(|grapheme| grapheme.chars().take(if is_doubtful(grapheme) { 1 } else { usize::MAX }))
        .collect()
}

/// Columns that spans take together.
pub fn spans_width(spans: &[Span]) -> usize {
    spans.iter().map(|span| width(&span.content)).sum()
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

/// The day of a time in a zone, when that is not today: `Fri`, and from a week on `13 Nov`.
pub fn other_day(at: Timestamp, now: Timestamp, zone: &TimeZone) -> Option<String> {
    let day = at.to_zoned_datetime(zone.clone());
    if day.date() == now.to_zoned_datetime(zone.clone()).date() {
        return None;
    }
    let form = if now.duration_since(at).abs() < SignedDuration::from_hours(6 * 24) { "%a" } else { "%-d %b" };
    Some(day.strftime(form).to_string())
}

/// `▲`, `▼`, or a space.
pub fn arrow(value: f64) -> &'static str {
    match value {
        value if value > 0.0 => signs::RISEN,
        value if value < 0.0 => signs::FALLEN,
        _ => " ",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cutting_between_words_leaves_numbers_whole() {
        for (text, columns, expected) in [
            ("BTC-USD crosses 100,000", 23, "BTC-USD crosses 100,000"),
            ("BTC-USD crosses 100,000", 22, "BTC-USD crosses …"),
            ("BTC-USD crosses 100,000", 10, "BTC-USD …"),
            ("topic:openai-funding outlets>2", 19, "topic:openai-fundi…"),
            ("a", 0, ""),
        ] {
            assert_eq!(cut_words(text, columns), expected, "{columns}");
        }
    }

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
    fn letters_that_a_font_may_join_are_counted_one_by_one() {
        for (text, columns) in [("لا", 2), ("🇺🇸", 2), ("❤\u{fe0f}", 2), ("👨‍👩‍👧", 2), ("é", 1)]
        {
            assert_eq!(width(text), columns, "{text}");
        }
    }

    #[test]
    fn spans_are_cut_together() {
        let spans = || vec![Span::raw("NVDA  "), Span::raw("181.23")];
        let cut = |columns| cut_spans(spans(), columns).iter().map(|span| span.content.as_ref()).collect::<String>();
        for (columns, expected) in
            [(12, "NVDA  181.23"), (11, "NVDA  181.…"), (7, "NVDA  …"), (6, "NVDA…"), (3, "NV…"), (0, "")]
        {
            assert_eq!(cut(columns), expected, "{columns}");
        }
    }

    #[test]
    fn wrapping_keeps_words_and_graphemes_whole() {
        for (text, columns, expected) in [
            ("shares of the chip maker", 9, vec!["shares of", "the chip", "maker"]),
            ("a  b", 9, vec!["a  b"]),
            ("incomprehensible", 6, vec!["incomp", "rehens", "ible"]),
            ("英伟达，上涨", 6, vec!["英伟", "达，上", "涨"]),
            ("NVIDIA 英伟达", 9, vec!["NVIDIA 英", "伟达"]),
            ("🇫🇷🇫🇷🇫🇷", 4, vec!["🇫🇷🇫🇷", "🇫🇷"]),
            ("👨‍👩‍👧👨‍👩‍👧", 1, vec!["👨", "👨"]),
            ("", 5, vec![""]),
        ] {
            assert_eq!(wrap(text, columns), expected, "{text} in {columns}");
        }
    }

    #[test]
    fn spans_are_wrapped_as_one_text_and_keep_their_styles() {
        let (plain, bold) = (Style::new(), Style::new().bold());
        let spans =
            [Span::styled("Chips are ", plain), Span::styled("scarce", bold), Span::styled(" again, he said", plain)];
        let lines = wrap_spans(&spans, 13);
        let shown: Vec<String> = lines
            .iter()
            .map(|line| {
                line.iter()
                    .map(|span| format!("{}{}", if span.style == bold { "*" } else { "" }, span.content))
                    .collect()
            })
            .collect();
        assert_eq!(shown, ["Chips are", "*scarce again,", "he said"]);
    }

    #[test]
    fn words_are_found_without_regard_to_case_and_accents() {
        for (text, words, expected) in [
            ("Élevé, eleve et ÉLEVÉ", "eleve", vec![0..7, 9..14, 18..25]),
            ("aaaa", "aa", vec![0..2, 2..4]),
            ("chips", "", vec![]),
            ("chip", "chips", vec![]),
        ] {
            assert_eq!(find_all(text, words), expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn wrapped_spans_hold_the_same_as_the_wrapped_text(texts in proptest::collection::vec("\\PC{0,12}| {0,4}", 0..6), columns in 1usize..30) {
            let spans: Vec<Span<'static>> = texts.iter().map(|text| Span::raw(text.clone())).collect();
            let whole = texts.iter().map(|text| safe(text)).collect::<String>();
            let lines: Vec<String> =
                wrap_spans(&spans, columns).iter().map(|line| line.iter().map(|span| &*span.content).collect()).collect();
            proptest::prop_assert_eq!(lines, wrap(&whole, columns));
        }

        #[test]
        fn restyling_keeps_the_text(texts in proptest::collection::vec("[aé英 ]{0,6}", 0..5), words in "[aé英]{1,2}") {
            let whole: String = texts.concat();
            let spans: Vec<Span<'static>> = texts.iter().map(|text| Span::raw(text.clone())).collect();
            let done = restyled(spans, &find_all(&whole, &words), Style::new().bold());
            proptest::prop_assert_eq!(done.iter().map(|span| &*span.content).collect::<String>(), whole);
        }

        #[test]
        fn plain_text_is_cut_and_wrapped_as_any_other(text in "[ -~]{0,60}[é英 a]{0,3}", columns in 0usize..70) {
            proptest::prop_assert_eq!(cut_at(&text, columns), cut_at_grapheme(&text, columns));
            proptest::prop_assert_eq!(pieces(&text), pieces_of_graphemes(&text));
        }
    }

    #[test]
    fn a_day_is_named_when_it_is_not_today() {
        let now: Timestamp = "2026-11-23T14:00:00Z".parse().expect("a time");
        let zone = TimeZone::UTC;
        for (at, expected) in [
            ("2026-11-23T00:00:00Z", None),
            ("2026-11-20T21:00:00Z", Some("Fri")),
            ("2026-11-13T21:00:00Z", Some("13 Nov")),
        ] {
            assert_eq!(other_day(at.parse().expect("a time"), now, &zone).as_deref(), expected, "{at}");
        }
    }

    #[test]
    fn nothing_that_steers_a_terminal_is_drawn() {
        assert_eq!(safe("a\u{1b}[31mb\u{202e}c\u{7}\u{9b}d"), "a[31mbcd");
    }

    #[test]
    fn what_terminals_count_differently_is_drawn_by_its_first_part() {
        for (text, expected) in [
            ("👨‍👩‍👧 up", "👨 up"),
            ("❤\u{fe0f}!", "❤!"),
            ("👩🏽‍🚀", "👩"),
            ("🇫🇷 é e\u{301} 英 हिन्दी", "🇫🇷 é e\u{301} 英 हिन्दी"),
            ("1\u{fe0f}\u{20e3}", "1"),
        ] {
            assert_eq!(safe(text), expected, "{text}");
        }
    }
}
