//! Themes: a file names a colour for each meaning, never for a widget. One that leaves something out takes it from the theme
//! it inherits from.

use std::collections::BTreeMap;

use ratatui::style::Color;
use strum::{EnumIter, EnumMessage, IntoEnumIterator, IntoStaticStr};

use super::config_error::ConfigError;
use super::doc::{Doc, Table, Value, Wrong, read_name};
use super::read;
use crate::domain::Name;
use crate::domain::spelling::did_you_mean;

/// The shipped themes, as files of `config/themes`.
const SHIPPED: [(&str, &str); 9] = [
    ("dark", include_str!("../../config/themes/dark.toml")),
    ("light", include_str!("../../config/themes/light.toml")),
    ("high-contrast", include_str!("../../config/themes/high-contrast.toml")),
    ("colour-blind", include_str!("../../config/themes/colour-blind.toml")),
    ("colour-blind-light", include_str!("../../config/themes/colour-blind-light.toml")),
    ("amber", include_str!("../../config/themes/amber.toml")),
    ("paper", include_str!("../../config/themes/paper.toml")),
    ("sixteen", include_str!("../../config/themes/sixteen.toml")),
    ("sixteen-light", include_str!("../../config/themes/sixteen-light.toml")),
];

/// The folder that the user's theme files stand in, as their names begin.
pub(crate) const FOLDER: &str = "themes/";

/// What a theme that names nothing to inherit from is laid over.
const BASE: &str = "dark";

/// Themes that inherit from one another, at most.
const DEPTH_MAX: usize = 8;

/// What a colour means. The message says what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, EnumIter, EnumMessage, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Slot {
    #[strum(message = "headlines, prices, whatever is read")]
    Text,
    #[strum(message = "the ground of the whole screen; \"default\" is the terminal's own")]
    Background,
    #[strum(message = "what is secondary: ages, outlets, stories that were read, prices that are not current")]
    Dim,
    #[strum(message = "axes, separators, hints")]
    Faint,
    #[strum(message = "focus, keys, the mark of what is unread")]
    Accent,
    #[strum(message = "the frames of panels")]
    Border,
    #[strum(message = "the ground of the selected row")]
    Selected,
    #[strum(message = "the ground of the hours before and after the session in a chart")]
    Shade,
    #[strum(message = "what rises")]
    Up,
    #[strum(message = "what falls")]
    Down,
    #[strum(message = "the ground of a price that has just risen")]
    UpFlash,
    #[strum(message = "the ground of a price that has just fallen")]
    DownFlash,
    #[strum(message = "what is wrong, and prices that are not current")]
    Warning,
    #[strum(message = "stars: what the reader marked, and primary sources")]
    Star,
    #[strum(message = "headlines of the last quarter of an hour")]
    Fresh,
}

impl Slot {
    fn name(self) -> &'static str {
        self.into()
    }
}

/// The colours of a theme.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Palette {
    colors: BTreeMap<Slot, Color>,
    /// By the key of the topic, from 1 on.
    pub topics: Vec<Color>,
}

impl Palette {
    /// The colour of a meaning; the terminal's own where no theme of the line names one.
    pub fn color(&self, slot: Slot) -> Color {
        self.colors.get(&slot).copied().unwrap_or(Color::Reset)
    }

    /// This one, with what it leaves out from another.
    fn over(mut self, base: &Palette) -> Palette {
        for (slot, color) in &base.colors {
            self.colors.entry(*slot).or_insert(*color);
        }
        let missing = base.topics.iter().skip(self.topics.len());
        self.topics.extend(missing);
        self
    }
}

/// A theme as its file says it.
#[derive(Clone, Debug)]
struct Written {
    inherits: Option<Name>,
    palette: Palette,
}

/// What the theme files come to.
#[derive(Debug, Default)]
pub(super) struct Themes {
    pub palettes: BTreeMap<Name, Palette>,
    /// Those that can't be read at all.
    pub broken: Vec<Name>,
    pub warnings: Vec<String>,
}

/// The shipped themes with the user's over them, and what is wrong with those. A user's file is named as in `themes/NAME.toml`.
pub(super) fn read_all<'t>(user: impl Iterator<Item = (&'t str, &'t str)>) -> Themes {
    let mut written = BTreeMap::new();
    let (mut warnings, mut broken) = (Vec::new(), Vec::new());
    let named = user.map(|(file, text)| (file.trim_start_matches(FOLDER).trim_end_matches(".toml"), text));
    for (name, text) in SHIPPED.into_iter().chain(named) {
        match read_one(&format!("{FOLDER}{name}.toml"), text) {
            Ok((theme, wrong)) => {
                written.insert(Name::from(name), theme);
                warnings.extend(wrong);
            }
            Err(mistake) => {
                broken.push(Name::from(name));
                warnings.push(mistake);
            }
        }
    }
    for (name, theme) in &written {
        warnings.extend(theme.inherits.as_ref().and_then(|from| unknown_base(name, from, &written)));
    }
    let palettes = written.keys().map(|name| (name.clone(), resolve(name, &written, 0))).collect();
    Themes { palettes, broken, warnings }
}

fn read_one(file: &str, text: &str) -> Result<(Written, Vec<String>), String> {
    let doc = Doc::parse(file, text)
        .map_err(|error| ConfigError::new(file, text, &error.span, error.sentence).to_string())?;
    let root = doc.root();
    let theme = theme(&root);
    root.close();
    Ok((theme, doc.warnings()))
}

fn theme(root: &Table) -> Written {
    let mut palette = Palette::default();
    for slot in Slot::iter() {
        let color = root.get(slot.name(), color);
        palette.colors.extend(color.map(|color| (slot, color)));
    }
    root.set_list("topics", color, &mut palette.topics);
    Written { inherits: root.get("inherits", read_name), palette }
}

/// `#rrggbb`, the number of one of 256 colours, a colour of the terminal by its name, or `default`.
fn color(value: &Value) -> Result<Color, Wrong> {
    let expected = |_| Wrong::of_value(value, r##"a colour such as "#76b900", "light-blue" or "default""##);
    match read::color(value).map_err(expected)?.as_str() {
        "default" => Ok(Color::Reset),
        text => text.parse().map_err(|_| expected(Wrong::of_value(value, ""))),
    }
}

fn unknown_base(name: &str, from: &str, written: &BTreeMap<Name, Written>) -> Option<String> {
    let hint = || did_you_mean(from, written.keys().map(|known| &**known));
    (!written.contains_key(from)).then(|| format!("themes/{name}.toml: no theme '{from}' to inherit from{}", hint()))
}

/// A theme with all that it inherits; a ring of themes ends where it is long enough.
fn resolve(name: &str, written: &BTreeMap<Name, Written>, depth: usize) -> Palette {
    let Some(theme) = written.get(name).filter(|_| depth < DEPTH_MAX) else { return Palette::default() };
    let base = theme.inherits.as_deref().unwrap_or(BASE);
    match base == name {
        true => theme.palette.clone(),
        false => theme.palette.clone().over(&resolve(base, written, depth + 1)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(user: &[(&str, &str)]) -> (BTreeMap<Name, Palette>, Vec<String>) {
        let themes = read_all(user.iter().copied());
        (themes.palettes, themes.warnings)
    }

    #[test]
    fn the_shipped_themes_have_a_colour_for_everything() {
        let (themes, warnings) = read(&[]);
        assert_eq!(warnings, Vec::<String>::new());
        for (name, palette) in &themes {
            let missing: Vec<Slot> = Slot::iter().filter(|slot| !palette.colors.contains_key(slot)).collect();
            assert_eq!((missing, palette.topics.len()), (Vec::new(), 9), "{name}");
        }
    }

    #[test]
    fn the_dark_theme_explains_every_slot() {
        let dark = SHIPPED[0].1;
        for slot in Slot::iter() {
            let line = dark.lines().find(|line| line.starts_with(&format!("{} =", slot.name())));
            assert!(line.unwrap_or_default().contains(slot.get_message().unwrap()), "{}: {line:?}", slot.name());
        }
    }

    #[test]
    fn a_theme_names_only_what_it_changes() {
        let (themes, warnings) = read(&[
            ("themes/mine.toml", "inherits = 'amber'\nup = 'green'\ntopics = ['#112233']\n"),
            ("themes/yours.toml", "inherits = 'mine'\ndown = '#ff0000'\n"),
            ("themes/plain.toml", "text = 'default'\n"),
        ]);
        assert_eq!(warnings, Vec::<String>::new());
        let yours = &themes["yours"];
        assert_eq!(yours.color(Slot::Up), Color::Green);
        assert_eq!(yours.color(Slot::Down), Color::Rgb(255, 0, 0));
        assert_eq!(yours.color(Slot::Text), themes["amber"].color(Slot::Text));
        assert_eq!(yours.topics[0], Color::Rgb(0x11, 0x22, 0x33));
        assert_eq!(yours.topics[1..], themes["amber"].topics[1..]);
        assert_eq!(themes["plain"].color(Slot::Up), themes["dark"].color(Slot::Up));
    }

    #[test]
    fn mistakes_in_a_theme_are_named_and_cost_nothing_else() {
        let (themes, warnings) = read(&[
            ("themes/broken.toml", "text = \n"),
            ("themes/odd.toml", "inherits = 'ambre'\ntext = 'no such colour'\nacent = 'red'\n"),
            ("themes/ring.toml", "inherits = 'gnir'\n"),
            ("themes/gnir.toml", "inherits = 'ring'\nup = 'blue'\n"),
        ]);
        let said = warnings.join("\n");
        for part in [
            "themes/broken.toml",
            "did you mean 'amber'?",
            "themes/odd.toml:2:8: expected a colour such as",
            "did you mean 'accent'?",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert_eq!(themes["ring"].color(Slot::Up), Color::Blue);
        assert!(!themes.contains_key("broken"));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_theme_or_a_warning(text in "(text|up|inherits|topics| = |'|#ff0000|red|\\[|\\]|\n|.)*") {
            let _ = read(&[("themes/any.toml", &text)]);
        }
    }
}
