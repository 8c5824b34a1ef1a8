//! What the terminal and the environment say about colours.

use crate::config::Config;
use crate::screen::theme::{Looks, Theme};

/// The theme for a configuration, in this environment.
pub fn theme(config: &Config, variable: impl Fn(&str) -> Option<String>) -> Theme {
    let looks = Looks {
        // https://no-color.org: set, and not empty.
        no_color: variable("NO_COLOR").is_some_and(|value| !value.is_empty()),
        light: variable("COLORFGBG").is_some_and(|colors| light(&colors)),
        red_up: config.screen.red_up,
    };
    Theme::named(&config.screen.theme, looks)
}

/// `COLORFGBG` ends in the number of the background colour: 7 and 9 to 15 are light.
fn light(colors: &str) -> bool {
    let background = colors.rsplit(';').next().and_then(|number| number.parse::<u8>().ok());
    background.is_some_and(|number| number == 7 || (9..=15).contains(&number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_background_is_read_from_colorfgbg() {
        for (colors, expected) in [("0;15", true), ("15;0", false), ("0;default;15", true), ("0;7", true), ("", false)]
        {
            assert_eq!(light(colors), expected, "{colors}");
        }
    }
}
