//! What the environment says of the terminal: how many colours it has, whether its background is light, whether it can show
//! more than ASCII.

use crate::config::{Colors, Config};
use crate::screen::theme::{Depth, Looks, Theme};

/// Terminals that are known to have 24-bit colours, by the beginnings of their `TERM` or `TERM_PROGRAM`.
const TRUE_COLOR: [&str; 12] = [
    "xterm-kitty",
    "xterm-ghostty",
    "ghostty",
    "alacritty",
    "foot",
    "wezterm",
    "WezTerm",
    "iTerm",
    "vscode",
    "rio",
    "contour",
    "konsole",
];

/// The theme for a configuration, in this environment. `light` is what the terminal itself said of its background.
pub(crate) fn theme(config: &Config, light: Option<bool>, variable: impl Fn(&str) -> Option<String>) -> Theme {
    let by_variable = || variable("COLORFGBG").is_some_and(|colors| is_light(&colors));
    let looks = Looks {
        depth: depth(config.screen.colors, &variable),
        light: light.unwrap_or_else(by_variable),
        ascii: !is_utf8(&variable),
    };
    Theme::of(config, looks)
}

fn depth(colors: Colors, variable: &impl Fn(&str) -> Option<String>) -> Depth {
    // https://no-color.org: set, and not empty.
    if variable("NO_COLOR").is_some_and(|value| !value.is_empty()) {
        return Depth::None;
    }
    match colors {
        Colors::Auto => known_depth(variable),
        Colors::True => Depth::True,
        Colors::Indexed => Depth::Indexed,
        Colors::Sixteen => Depth::Sixteen,
        Colors::None => Depth::None,
    }
}

/// Most terminals that have 256 colours take 24 bits as well, though few say so; those that do not are named here.
fn known_depth(variable: &impl Fn(&str) -> Option<String>) -> Depth {
    let of = |name: &str| variable(name).unwrap_or_default();
    let (term, program) = (of("TERM"), of("TERM_PROGRAM"));
    let is_known = |name: &&str| term.starts_with(*name) || program.starts_with(*name);
    let in_screen = !of("STY").is_empty() && of("TMUX").is_empty();
    match term.as_str() {
        "dumb" => Depth::None,
        _ if in_screen => Depth::Indexed,
        _ if matches!(of("COLORTERM").as_str(), "truecolor" | "24bit") || term.ends_with("-direct") => Depth::True,
        _ if TRUE_COLOR.iter().any(is_known) => Depth::True,
        _ if program == "Apple_Terminal" => Depth::Indexed,
        _ if term.contains("256") || term.is_empty() => Depth::True,
        _ => Depth::Sixteen,
    }
}

/// `COLORFGBG` ends in the number of the background colour: 7 and 9 to 15 are light.
fn is_light(colors: &str) -> bool {
    let background = colors.rsplit(';').next().and_then(|number| number.parse::<u8>().ok());
    background.is_some_and(|number| number == 7 || (9..=15).contains(&number))
}

/// Whether the locale is one of UTF-8; one that says nothing is taken to be.
fn is_utf8(variable: &impl Fn(&str) -> Option<String>) -> bool {
    let locale =
        ["LC_ALL", "LC_CTYPE", "LANG"].iter().filter_map(|name| variable(name)).find(|value| !value.is_empty());
    let Some((_, encoding)) = locale.as_deref().and_then(|locale| locale.split_once('.')) else { return true };
    encoding.to_lowercase().replace('-', "").starts_with("utf8")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(variables: &'static [(&'static str, &'static str)]) -> impl Fn(&str) -> Option<String> {
        |name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    }

    #[test]
    fn the_background_is_read_from_colorfgbg() {
        for (colors, expected) in [("0;15", true), ("15;0", false), ("0;default;15", true), ("0;7", true), ("", false)]
        {
            assert_eq!(is_light(colors), expected, "{colors}");
        }
    }

    #[test]
    fn the_number_of_colours_is_known_by_the_environment() {
        type Variables = &'static [(&'static str, &'static str)];
        let cases: [(Variables, Depth); 10] = [
            (&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")], Depth::True),
            (&[("TERM", "xterm-256color")], Depth::True),
            (&[("TERM", "xterm-256color"), ("TERM_PROGRAM", "Apple_Terminal")], Depth::Indexed),
            (&[("TERM", "screen.xterm-256color"), ("STY", "1.pts"), ("COLORTERM", "truecolor")], Depth::Indexed),
            (&[("TERM", "tmux-256color"), ("TMUX", "/x")], Depth::True),
            (&[("TERM", "linux")], Depth::Sixteen),
            (&[("TERM", "foot")], Depth::True),
            (&[("TERM", "dumb")], Depth::None),
            (&[("TERM", "xterm-256color"), ("NO_COLOR", "1")], Depth::None),
            (&[("TERM", "xterm-256color"), ("NO_COLOR", "")], Depth::True),
        ];
        for (variables, expected) in cases {
            assert_eq!(depth(Colors::Auto, &set(variables)), expected, "{variables:?}");
        }
        assert_eq!(depth(Colors::Sixteen, &set(&[("COLORTERM", "truecolor")])), Depth::Sixteen);
        assert_eq!(depth(Colors::True, &set(&[("NO_COLOR", "1")])), Depth::None);
    }

    #[test]
    fn a_locale_that_is_not_utf8_gets_ascii() {
        for (locale, expected) in
            [("en_US.UTF-8", true), ("fr_FR.utf8", true), ("C", true), ("fr_FR.ISO-8859-1", false), ("", true)]
        {
            let variable = |name: &str| (name == "LANG").then(|| locale.to_owned());
            assert_eq!(is_utf8(&variable), expected, "{locale}");
        }
        assert!(is_utf8(&set(&[("LC_ALL", "C.UTF-8"), ("LANG", "fr_FR.ISO-8859-1")])));
    }
}
