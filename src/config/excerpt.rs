//! The line of the file that a mistake shows, with the place marked below it. A file that is not TOML says nothing reliable
//! about where a value begins or ends, so a line is shown only where nothing on it can be a secret: it begins with a key that
//! newstape knows and that never holds one, and has one value.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::LazyLock;

use unicode_width::UnicodeWidthStr;

use super::config_error::{ConfigError, Lines};
use super::doc::Doc;
use super::lists::Off;
use super::{Config, Place};

/// The widest line of the file that is shown, in characters.
const WIDTH: usize = 160;

/// Keys whose values may hold an API key, a password or a token, an address and the arguments of a program included; and the
/// tables that have such keys.
const SECRET: [&str; 14] = [
    "alert",
    "base-url",
    "command",
    "feed",
    "headers",
    "key",
    "login",
    "open",
    "password",
    "post",
    "proxy",
    "socket-url",
    "source",
    "url",
];

/// One table of each kind, so that every key is asked for once.
pub(super) const EVERY_KIND: &str = "[[feed]]\nname='a'\nurl='https://a.example'\n[[symbol]]\nname='a'\n\
     [[topic]]\nname='a'\n[[view]]\nname='a'\nquery='a'\n[[mute]]\nname='a'\nquery='a'\n\
     [[highlight]]\nname='a'\nquery='a'\n[[alert]]\nname='a'\nquery='a'\n[shipped]\n[alerts]\n\
     [network]\n[store]\n[market]\n[screen]\n[theme]\n[source.yahoo]\n";

/// Every key that newstape reads, but for those of [`SECRET`].
static PLAIN: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let Ok(doc) = Doc::parse("every kind", EVERY_KIND) else { return BTreeSet::new() };
    // What is wrong with this text is of no interest, only what it is asked for.
    Config::default().merge(&doc, &mut Off::default());
    let asked = doc.asked();
    let keys = asked.iter().filter_map(|path| path.rsplit_once('.')).map(|(_, key)| key.to_owned());
    keys.filter(|key| !SECRET.contains(&key.as_str())).collect()
});

impl ConfigError {
    pub(super) fn new(file: &str, text: &str, span: &Range<usize>, sentence: String) -> ConfigError {
        let place = Lines::of(text).place(file, span.start);
        let picture = picture(&place, text, span);
        ConfigError { place, sentence, picture }
    }
}

/// The line with carets below, in the manner of the TOML parser's own messages; empty where the line may hold a secret:
///
/// ```text
///   |
/// 3 | timeout = 30
///   |           ^^
/// ```
fn picture(place: &Place, text: &str, span: &Range<usize>) -> String {
    let line = text.split('\n').nth(place.line - 1).unwrap_or_default();
    if !is_plain(line) {
        return String::new();
    }
    // A tab or an escape character would move what stands below it, or more.
    let line: String = line.chars().take(WIDTH).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line = line.trim_end();
    let before: String = line.chars().take(place.column - 1).collect();
    let marked = text.get(span.clone()).map_or(1, |marked| marked.split('\n').next().unwrap_or_default().width());
    let carets = "^".repeat(marked.clamp(1, line.width().saturating_sub(before.width()).max(1)));
    let number = place.line.to_string();
    let gutter = " ".repeat(number.len());
    format!("{gutter} |\n{number} | {line}\n{gutter} | {}{carets}", " ".repeat(before.width()))
}

/// Can nothing on this line be a secret? A comment may be a setting that was switched off, an inline table has keys of its own,
/// and an address may have a password in it.
fn is_plain(line: &str) -> bool {
    let line = line.trim();
    if line.starts_with('[') {
        return line.ends_with(']') && !line.contains(['#', '=', '"', '\'']);
    }
    line.split_once('=').is_some_and(|(key, value)| {
        let is_plain = !value.contains(['=', '{', '#', '@']) && !value.contains("://");
        PLAIN.contains(key.trim()) && is_plain && is_one_value(value.trim())
    })
}

/// A word, a string or a list of strings, the end of which may be missing: what stands behind it may be a comment or
/// another setting that lost its sign.
fn is_one_value(value: &str) -> bool {
    match value.strip_prefix('[') {
        Some(mut list) => {
            while let Some((before, rest)) = list.split_once(['"', '\'']) {
                if !before.chars().all(|c| c == ',' || c.is_whitespace()) {
                    return false;
                }
                list = rest.split_once(['"', '\'']).map_or("", |(_, behind)| behind);
            }
            list.trim_end_matches(']').chars().all(|c| matches!(c, ',' | '.' | '0'..='9') || c.is_whitespace())
        }
        None => match value.strip_prefix(['"', '\'']) {
            Some(string) => string.split_once(['"', '\'']).is_none_or(|(_, behind)| behind.is_empty()),
            None => !value.contains(|c: char| matches!(c, '"' | '\'') || c.is_whitespace()),
        },
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::super::load;
    use super::*;

    const NEEDLE: &str = "s3cretNeedle42";

    #[test]
    fn a_picture_marks_the_place() {
        let mistake = ConfigError::new("c.toml", "[a]\n\tkeep = 30", &(12..14), "expected more".into());
        assert_eq!(mistake.to_string(), "c.toml:2:9: expected more");
        assert_eq!(mistake.with_picture(), "c.toml:2:9: expected more\n  |\n2 |  keep = 30\n  |         ^^");
    }

    #[test]
    fn a_line_is_shown_only_where_no_secret_can_stand() {
        let shown =
            ["timeout = 30", "  keep = \"90d", "[network]", "theme = \"dark\"", "any = [\"x\", \"y", "query = topic:x"];
        let hidden = [
            "[[feed",
            "key = \"abc",
            "apikey = abc",
            "\"key\" = abc",
            "abc",
            "",
            "keep = 1 # key = abc",
            "keep = { key = abc",
            "headers = { A = 'b'",
            "url = \"https://u:p@h/",
            "feed.url = x",
            "[a] key = abc",
            "source = \"abc\"",
            "YWJj==",
            "timeout = \"30s\" key \"abc\"",
            "timeout = 30s key abc",
            "any = [\"x\"] key \"abc\"",
            "any = [\"x\" key \"abc\"",
        ];
        for line in shown {
            assert!(is_plain(line), "{line}");
        }
        for line in hidden {
            assert!(!is_plain(line), "{line}");
        }
    }

    #[test]
    fn every_secret_key_is_one_that_is_read() {
        let doc = Doc::parse("every kind", EVERY_KIND).unwrap();
        Config::default().merge(&doc, &mut Off::default());
        let asked: BTreeSet<String> = doc.asked().iter().filter_map(|it| Some(it.rsplit_once('.')?.1.into())).collect();
        // The two parts of a login are asked for only where there is one.
        for key in SECRET.iter().filter(|key| **key != "password") {
            assert!(asked.contains(*key), "{key} is not read any more");
        }
        assert!(PLAIN.len() > 30, "{PLAIN:?}");
    }

    /// All that a command, the log or the screen can say of a text.
    fn said(text: &str) -> String {
        match load(Some(("c.toml", text))) {
            Err(mistake) => format!("{mistake}\n{mistake:?}\n{}", mistake.with_picture()),
            Ok(mut config) => {
                config.take_keys(|_| None);
                format!("{}\n{:?}", config.warnings.join("\n"), config.warnings)
            }
        }
    }

    #[test]
    fn the_commonest_slips_never_repeat_a_key() {
        for slip in [
            "key = \"KEY",
            "key = KEY",
            "key = 'KEY",
            "key = \"KEY\"\nkey = \"KEY\"",
            "key = \"\"\"KEY",
            "key = KEY\"",
            "key : \"KEY\"",
            "key \"KEY\"",
            "key = \"KEY\" x",
            "key = [\"KEY\"",
            "key = \"KEY\\q\"",
            "key =\n\"KEY\"",
            "key = { a = \"KEY\" }",
            "key = 1KEY",
            "key = \"KEY\\u{1}\"",
            "\"key\" = \"KEY",
            "kye = \"KEY",
            "KEY",
            "user-agent = \"a\" # key = KEY\nuser-agent = 3",
            "key = \"a\u{7}KEY\"",
        ] {
            for head in ["[source.finnhub]\n", "[source]\nfinnhub.", "source.finnhub.", "[source.finnhub] "] {
                let text = format!("{head}{}\n[network]\ntimeout = 3", slip.replace("KEY", NEEDLE));
                assert!(!said(&text).contains(NEEDLE), "{text}\n\n{}", said(&text));
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        /// Correct lines with a secret in each place that takes one, damaged in up to three places.
        #[test]
        fn no_damage_to_a_file_brings_a_secret_to_light(
            order in Just((0..LINES.len()).collect::<Vec<_>>()).prop_shuffle(),
            damage in proptest::collection::vec((any::<prop::sample::Index>(), "[]\\[\"'=\\\\#{}\n,.\u{0}\u{85} x]{0,2}", 0..3usize), 1..4),
        ) {
            let lines: Vec<String> = order.iter().map(|at| LINES[*at].replace("KEY", NEEDLE)).collect();
            let mut text = lines.concat();
            for (at, put, cut) in damage {
                let at = text.floor_char_boundary(at.index(text.len()));
                let end = text.ceil_char_boundary((at + cut).min(text.len()));
                // The secret itself stays whole, or finding it again would prove nothing.
                let is_hit = |(start, _): (usize, &str)| start < end.max(at + 1) && at < start + NEEDLE.len() && at != start;
                if !text.match_indices(NEEDLE).any(is_hit) {
                    text.replace_range(at..end.min(text[at..].find(NEEDLE).map_or(end, |to| at + to)), &put);
                }
            }
            prop_assert!(!said(&text).contains(NEEDLE), "{text}\n\n{}", said(&text));
        }
    }

    const LINES: [&str; 8] = [
        "[source.finnhub]\nkey = \"KEY\"\n",
        "[source.alpaca]\nbase-url = \"https://h.example/?token=KEY\"\nkey = 'KEY'\n",
        "[[feed]]\nname = \"A\"\nurl = \"https://u:KEY@h.example/x?key=KEY\"\nheaders = { A = \"KEY\" }\n",
        "[[feed]]\nname = \"B\"\nurl = \"https://h.example\"\nlogin = { user = \"u\", password = \"KEY\" }\n",
        "[[feed]]\nname = \"C\"\nurl = \"https://h.example/c\"\nproxy = \"http://u:KEY@p.example:1\"\n",
        "[[alert]]\nname = \"D\"\nquery = \"x\"\npost = \"https://h.example/KEY\"\ncommand = [\"curl\", \"KEY\"]\n",
        "[network]\ntimeout = \"30s\" # key = \"KEY\"\n",
        "# key = \"KEY\"\n[store]\nkeep = \"90d\"\n",
    ];
}
