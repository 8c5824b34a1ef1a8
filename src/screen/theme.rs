//! The looks of a frame: one style for each meaning, made from a theme's colours for what the terminal can show. Without
//! colours weight, signs and words carry all of it.

mod depth;

use ratatui::style::{Color, Modifier, Style};

use crate::config::theme::{Palette, Slot};
use crate::config::{AUTO, Config};
pub use depth::Depth;

/// What is known of the terminal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looks {
    /// How many colours it shows.
    pub depth: Depth,
    /// Its background is light.
    pub light: bool,
    /// It can't show more than ASCII.
    pub ascii: bool,
}

/// Steps in the depth of colour of a move, from the least to the largest.
const MOVES: usize = 4;
/// A move of so many per cent, up or down, has the next depth …
const MOVE_STEPS: [f64; MOVES - 1] = [0.5, 1.0, 2.0];
/// … which is that much of the way from what is secondary to the full colour.
const MOVE_SHARES: [f64; MOVES] = [0.55, 0.7, 0.85, 1.0];

/// A style for each meaning.
#[derive(Clone, Debug, PartialEq)]
pub struct Theme {
    /// Text on the ground of the screen: what a place looks like before anything is drawn there.
    pub ground: Style,
    /// Headlines, prices and whatever else is read.
    pub text: Style,
    /// Secondary text: ages, outlets, read stories, outdated prices.
    pub dim: Style,
    /// Axes, separators and hints.
    pub faint: Style,
    /// Focus, keys and the mark of unread stories.
    pub accent: Style,
    /// Borders of panels.
    pub border: Style,
    /// The selected row.
    pub selected: Style,
    /// The ground of hours out of session.
    pub shade: Style,
    /// What rises.
    pub up: Style,
    /// What falls.
    pub down: Style,
    /// The ground of a price that has just risen or fallen.
    pub up_flash: Style,
    /// The ground of a price that has just fallen.
    pub down_flash: Style,
    /// What is wrong, and prices that are not current.
    pub warning: Style,
    /// Stars: of the reader and of primary sources.
    pub star: Style,
    /// Headlines of the last quarter of an hour.
    pub fresh: Style,
    /// Draw with nothing but ASCII.
    pub ascii: bool,
    topics: Vec<Style>,
    /// By size, the least first.
    rises: [Style; MOVES],
    falls: [Style; MOVES],
    depth: Depth,
}

impl Theme {
    /// The theme of a configuration on a terminal.
    pub fn of(config: &Config, looks: Looks) -> Theme {
        let wanted = config.screen.theme.as_str();
        let by_itself = match (looks.depth, looks.light) {
            (Depth::Sixteen, false) => "sixteen",
            (Depth::Sixteen, true) => "sixteen-light",
            (_, true) => "light",
            (_, false) => "dark",
        };
        let name = if wanted == AUTO { by_itself } else { wanted };
        let palette = config.themes.get(name).or_else(|| config.themes.get(by_itself)).cloned().unwrap_or_default();
        let mut theme = match looks.depth {
            Depth::None => Theme::plain(),
            depth => Theme::colored(&palette, depth),
        };
        theme.ascii = looks.ascii || config.screen.ascii;
        if config.screen.red_up { theme.red_up() } else { theme }
    }

    fn colored(palette: &Palette, depth: Depth) -> Theme {
        let color = |slot| depth.fit(palette.color(slot));
        let fg = |slot| Style::new().fg(color(slot));
        let bg = |slot| Style::new().bg(color(slot));
        let moves = |slot| {
            let (from, to) = (palette.color(Slot::Dim), palette.color(slot));
            MOVE_SHARES.map(|share| Style::new().fg(depth.fit(depth::blend(from, to, share))))
        };
        Theme {
            ground: fg(Slot::Text).bg(color(Slot::Background)),
            text: fg(Slot::Text),
            dim: fg(Slot::Dim),
            faint: fg(Slot::Faint),
            accent: fg(Slot::Accent),
            border: fg(Slot::Border),
            selected: bg(Slot::Selected),
            shade: bg(Slot::Shade),
            up: fg(Slot::Up),
            down: fg(Slot::Down),
            up_flash: bg(Slot::UpFlash),
            down_flash: bg(Slot::DownFlash),
            warning: fg(Slot::Warning),
            star: fg(Slot::Star),
            fresh: fg(Slot::Fresh),
            ascii: false,
            topics: palette.topics.iter().map(|color| Style::new().fg(depth.fit(*color))).collect(),
            rises: moves(Slot::Up),
            falls: moves(Slot::Down),
            depth,
        }
    }

    /// Without colours.
    fn plain() -> Theme {
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        let dim = plain.add_modifier(Modifier::DIM);
        let reversed = plain.add_modifier(Modifier::REVERSED);
        let moves = [plain, plain, plain, bold];
        Theme {
            ground: plain,
            text: plain,
            dim,
            faint: dim,
            accent: bold,
            // Not dimmed: what is written into a frame would be dimmed with it, and a dimmed price is one that is not current.
            border: plain,
            selected: reversed,
            shade: plain,
            up: bold,
            down: bold,
            up_flash: reversed,
            down_flash: reversed,
            warning: bold,
            star: bold,
            fresh: bold,
            ascii: false,
            topics: vec![plain],
            rises: moves,
            falls: moves,
            depth: Depth::None,
        }
    }

    fn red_up(self) -> Theme {
        Theme {
            up: self.down,
            down: self.up,
            up_flash: self.down_flash,
            down_flash: self.up_flash,
            rises: self.falls,
            falls: self.rises,
            ..self
        }
    }

    /// The style of a topic: its own colour or slot (`topic-3`), else that of its key.
    pub fn topic(&self, color: Option<&str>, key: Option<char>) -> Style {
        let own = color.and_then(|color| color.parse::<Color>().ok()).filter(|_| self.depth != Depth::None);
        if let Some(color) = own {
            return Style::new().fg(self.depth.fit(color));
        }
        let slot = color.and_then(|color| color.strip_prefix("topic-")?.parse::<u32>().ok()).filter(|slot| *slot > 0);
        let place = slot.or(key.and_then(|key| key.to_digit(10))).unwrap_or(9).saturating_sub(1) as usize;
        self.topics.get(place).or(self.topics.last()).copied().unwrap_or(self.text)
    }

    /// Up, down, or neither.
    pub fn direction(&self, change: f64) -> Style {
        match change {
            change if change > 0.0 => self.up,
            change if change < 0.0 => self.down,
            _ => self.dim,
        }
    }

    /// A move in per cent: its direction, the deeper in colour the larger it is.
    pub fn moved(&self, percent: f64) -> Style {
        let step = MOVE_STEPS.iter().filter(|step| percent.abs() >= **step).count();
        match percent {
            percent if percent > 0.0 => self.rises[step],
            percent if percent < 0.0 => self.falls[step],
            _ => self.dim,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::load;

    fn theme(user: &str, looks: Looks) -> Theme {
        Theme::of(&load(Some(("config.toml", user))).unwrap(), looks)
    }

    fn named(name: &str) -> Theme {
        theme(&format!("[theme]\nname = '{name}'\n"), Looks::default())
    }

    const PLAIN: Looks = Looks { depth: Depth::None, light: false, ascii: false };

    #[test]
    fn a_topic_has_its_colour_its_slot_or_that_of_its_key() {
        let theme = named("dark");
        let red = Style::new().fg(Color::Rgb(255, 0, 0));
        for (color, key, expected) in [
            (Some("#ff0000"), Some('2'), red),
            (Some("topic-3"), Some('2'), theme.topics[2]),
            (Some("topic-0"), Some('2'), theme.topics[1]),
            (Some("topic-99"), Some('2'), theme.topics[8]),
            (Some("no such colour"), Some('2'), theme.topics[1]),
            (None, None, theme.topics[8]),
        ] {
            assert_eq!(theme.topic(color, key), expected, "{color:?} {key:?}");
        }
    }

    #[test]
    fn the_theme_goes_by_the_terminal() {
        let light = Looks { light: true, ..Looks::default() };
        let sixteen = Looks { depth: Depth::Sixteen, ..Looks::default() };
        assert_eq!(theme("", Looks::default()), named("dark"));
        assert_eq!(theme("", light), named("light"));
        assert_eq!(theme("", sixteen).up.fg, Some(Color::LightGreen));
        assert_eq!(theme("[theme]\nname = 'amber'\n", light), named("amber"));
        assert!(theme("[screen]\nascii = true\n", light).ascii);
    }

    #[test]
    fn without_colours_there_are_none_and_red_up_swaps() {
        let plain = theme("", PLAIN);
        assert_eq!(plain.topic(Some("#ff0000"), Some('1')).fg, None);
        assert_eq!((plain.moved(3.0).fg, plain.ground.bg), (None, None));
        let (dark, red_up) = (named("dark"), theme("[theme]\nred-up = true\n", Looks::default()));
        assert_eq!((dark.up, dark.down_flash), (red_up.down, red_up.up_flash));
        assert_eq!(dark.moved(3.0), red_up.moved(-3.0));
    }

    #[test]
    fn a_larger_move_is_deeper_in_colour() {
        let dark = named("dark");
        let depths: Vec<Style> = [0.1, 0.6, 1.2, 2.4].map(|percent| dark.moved(percent)).to_vec();
        assert!((1..4).all(|at| depths[at] != depths[at - 1]), "{depths:?}");
        assert_eq!(depths[3], dark.up, "the largest has the whole colour");
        assert_eq!(dark.moved(0.0), dark.dim);
    }
}
