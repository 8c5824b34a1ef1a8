//! Themes: one style for each meaning. The files of `config/themes` are the table; `NO_COLOR` and red-up are laid over.

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;

/// The themes shipped: name and file.
pub const THEMES: [(&str, &str); 3] = [
    ("dark", include_str!("../../config/themes/dark.toml")),
    ("light", include_str!("../../config/themes/light.toml")),
    ("colour-blind", include_str!("../../config/themes/colour-blind.toml")),
];

/// What the terminal and the config say about colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looks {
    /// `NO_COLOR` is set: weight, words and signs alone carry the meaning.
    pub no_color: bool,
    /// The terminal's background is light.
    pub light: bool,
    /// Rising is red, falling green.
    pub red_up: bool,
}

/// A style for each meaning.
#[derive(Clone, Debug, PartialEq)]
pub struct Theme {
    pub text: Style,
    pub dim: Style,
    pub faint: Style,
    pub accent: Style,
    pub border: Style,
    pub selected: Style,
    /// The ground of hours out of session.
    pub shade: Style,
    pub up: Style,
    pub down: Style,
    pub warning: Style,
    pub star: Style,
    pub fresh: Style,
    topics: Vec<Style>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    text: String,
    dim: String,
    faint: String,
    accent: String,
    border: String,
    selected: String,
    shade: String,
    up: String,
    down: String,
    warning: String,
    star: String,
    fresh: String,
    topics: Vec<String>,
}

impl Theme {
    /// The theme of a name; `auto` follows the terminal's background, and so does a name that is not known.
    pub fn named(name: &str, looks: Looks) -> Theme {
        let fallback = if looks.light { "light" } else { "dark" };
        let known = THEMES.iter().find(|(known, _)| *known == name);
        let (_, text) = known.or_else(|| THEMES.iter().find(|(known, _)| *known == fallback)).unwrap_or(&THEMES[0]);
        let mut theme = if looks.no_color { Theme::plain() } else { read(text).unwrap_or_else(|_| Theme::plain()) };
        if looks.red_up {
            std::mem::swap(&mut theme.up, &mut theme.down);
        }
        theme
    }

    /// Without colours.
    fn plain() -> Theme {
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        let dim = plain.add_modifier(Modifier::DIM);
        Theme {
            text: plain,
            dim,
            faint: dim,
            accent: bold,
            // Not dimmed: what is written into a frame would be dimmed with it, and a dimmed price is one that is not current.
            border: plain,
            selected: plain.add_modifier(Modifier::REVERSED),
            shade: plain,
            up: bold,
            down: bold,
            warning: bold,
            star: bold,
            fresh: bold,
            topics: vec![plain],
        }
    }

    /// The style of a topic: its own colour or slot (`topic-3`), else that of its key.
    pub fn topic(&self, color: Option<&str>, key: Option<char>) -> Style {
        let plain = self.text == Style::new();
        if let Some(color) = color.and_then(color_of).filter(|_| !plain) {
            return Style::new().fg(color);
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
}

fn read(text: &str) -> Result<Theme, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    let fg = |name: &str| {
        color_of(name).map(|color| Style::new().fg(color)).ok_or_else(|| format!("'{name}' is not a colour"))
    };
    Ok(Theme {
        text: fg(&file.text)?,
        dim: fg(&file.dim)?,
        faint: fg(&file.faint)?,
        accent: fg(&file.accent)?,
        border: fg(&file.border)?,
        selected: Style::new().bg(color_of(&file.selected).ok_or("'selected' is not a colour")?),
        shade: Style::new().bg(color_of(&file.shade).ok_or("'shade' is not a colour")?),
        up: fg(&file.up)?,
        down: fg(&file.down)?,
        warning: fg(&file.warning)?,
        star: fg(&file.star)?,
        fresh: fg(&file.fresh)?,
        topics: file.topics.iter().map(|name| fg(name)).collect::<Result<_, _>>()?,
    })
}

fn color_of(name: &str) -> Option<Color> {
    match name {
        "default" => Some(Color::Reset),
        _ => name.parse().ok(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_theme_reads() {
        for (name, text) in THEMES {
            let theme = read(text).unwrap_or_else(|mistake| panic!("{name}: {mistake}"));
            assert_eq!(theme.topics.len(), 9, "{name}");
        }
    }

    #[test]
    fn a_topic_has_its_colour_its_slot_or_that_of_its_key() {
        let theme = Theme::named("dark", Looks::default());
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
    fn no_color_uses_none_and_red_up_swaps() {
        let plain = Theme::named("dark", Looks { no_color: true, ..Looks::default() });
        assert_eq!(plain.topic(Some("#ff0000"), Some('1')).fg, None);
        let dark = Theme::named("dark", Looks::default());
        let red_up = Theme::named("dark", Looks { red_up: true, ..Looks::default() });
        assert_eq!((dark.up, dark.down), (red_up.down, red_up.up));
    }
}
