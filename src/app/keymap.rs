//! Keys to commands. Built from `config/keys.toml` and the user's `[keys]`; help and hints read it back.

use std::collections::BTreeMap;
use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use strum::IntoEnumIterator;

use super::command::Command;

/// One key with its modifiers, written as `j`, `G`, `ctrl-c`, `shift-tab`, `pgdn`, `f5`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    code: KeyCode,
    modifiers: KeyModifiers,
}

/// Names of keys that are not a character, as they are written and as they are shown.
const NAMED: [(&str, KeyCode, &str); 17] = [
    ("enter", KeyCode::Enter, "Enter"),
    ("esc", KeyCode::Esc, "Esc"),
    ("tab", KeyCode::Tab, "Tab"),
    ("space", KeyCode::Char(' '), "Space"),
    ("backspace", KeyCode::Backspace, "Backspace"),
    ("delete", KeyCode::Delete, "Del"),
    ("insert", KeyCode::Insert, "Ins"),
    ("up", KeyCode::Up, "↑"),
    ("down", KeyCode::Down, "↓"),
    ("left", KeyCode::Left, "←"),
    ("right", KeyCode::Right, "→"),
    ("home", KeyCode::Home, "Home"),
    ("end", KeyCode::End, "End"),
    ("pgup", KeyCode::PageUp, "PgUp"),
    ("pgdn", KeyCode::PageDown, "PgDn"),
    ("minus", KeyCode::Char('-'), "-"),
    ("plus", KeyCode::Char('+'), "+"),
];

impl Key {
    /// Reads a key as the config writes it. The error says what is expected.
    pub fn parse(written: &str) -> Result<Key, String> {
        let mut modifiers = KeyModifiers::NONE;
        let mut rest = written;
        while let Some((modifier, after)) = modifier(rest) {
            modifiers |= modifier;
            rest = after;
        }
        let code = code(rest).ok_or_else(|| {
            format!("'{written}' is not a key; expected one like j, G, ctrl-d, shift-tab, enter, pgdn or f5")
        })?;
        Ok(Key { code, modifiers }.normal())
    }

    /// A capital letter says shift already, and terminals differ in whether they say it too.
    fn normal(self) -> Key {
        match self.code {
            KeyCode::BackTab => Key { code: KeyCode::Tab, modifiers: self.modifiers | KeyModifiers::SHIFT },
            KeyCode::Char(letter) if self.modifiers.contains(KeyModifiers::SHIFT) => Key {
                code: KeyCode::Char(letter.to_uppercase().next().unwrap_or(letter)),
                modifiers: self.modifiers - KeyModifiers::SHIFT,
            },
            _ => self,
        }
    }
}

impl From<KeyEvent> for Key {
    fn from(event: KeyEvent) -> Key {
        let held = KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT;
        Key { code: event.code, modifiers: event.modifiers & held }.normal()
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = [(KeyModifiers::CONTROL, "C-"), (KeyModifiers::ALT, "A-"), (KeyModifiers::SHIFT, "S-")];
        for (modifier, shown) in held {
            if self.modifiers.contains(modifier) {
                f.write_str(shown)?;
            }
        }
        match (NAMED.iter().find(|(_, code, _)| *code == self.code), self.code) {
            (Some((_, _, shown)), _) => f.write_str(shown),
            (None, KeyCode::Char(letter)) => write!(f, "{letter}"),
            (None, KeyCode::F(number)) => write!(f, "F{number}"),
            (None, other) => write!(f, "{other}"),
        }
    }
}

fn modifier(written: &str) -> Option<(KeyModifiers, &str)> {
    let held = [("ctrl-", KeyModifiers::CONTROL), ("alt-", KeyModifiers::ALT), ("shift-", KeyModifiers::SHIFT)];
    held.into_iter().find_map(|(prefix, modifier)| {
        let after = written.strip_prefix(prefix)?;
        (!after.is_empty()).then_some((modifier, after))
    })
}

fn code(written: &str) -> Option<KeyCode> {
    let lower = written.to_lowercase();
    if let Some((_, code, _)) = NAMED.iter().find(|(name, ..)| *name == lower) {
        return Some(*code);
    }
    let mut letters = written.chars();
    match (letters.next(), letters.next()) {
        (Some(letter), None) if !letter.is_control() => Some(KeyCode::Char(letter)),
        (Some('f' | 'F'), Some(_)) => {
            let number = written[1..].parse().ok().filter(|number| (1..=24).contains(number))?;
            Some(KeyCode::F(number))
        }
        _ => None,
    }
}

/// Which key gives which command.
#[derive(Clone, Debug, Default)]
pub struct Keymap {
    bindings: Vec<(Key, Command)>,
}

impl Keymap {
    /// Reads `[keys]`. What can't be used is left out; the second value says which and why.
    pub fn new(keys: &BTreeMap<String, Vec<String>>) -> (Keymap, Vec<String>) {
        let mut keymap = Keymap::default();
        let mut mistakes = Vec::new();
        for (name, written) in keys {
            match name.parse::<Command>() {
                Ok(command) => keymap.bind(command, written, &mut mistakes),
                Err(_) => mistakes.push(unknown_command(name)),
            }
        }
        keymap.bindings.sort_by_key(|(_, command)| *command);
        (keymap, mistakes)
    }

    fn bind(&mut self, command: Command, written: &[String], mistakes: &mut Vec<String>) {
        for written in written {
            match Key::parse(written) {
                Err(mistake) => mistakes.push(format!("keys: {}: {mistake}", command.name())),
                Ok(key) => match self.command(key) {
                    Some(holder) => mistakes.push(format!(
                        "keys: {key} is given to both {} and {}; the first keeps it",
                        holder.name(),
                        command.name()
                    )),
                    None => self.bindings.push((key, command)),
                },
            }
        }
    }

    /// What a key gives.
    pub fn command(&self, key: Key) -> Option<Command> {
        self.bindings.iter().find(|(bound, _)| *bound == key).map(|(_, command)| *command)
    }

    /// The keys of a command, in the order of the config.
    pub fn keys(&self, command: Command) -> impl Iterator<Item = Key> + '_ {
        self.bindings.iter().filter(move |(_, bound)| *bound == command).map(|(key, _)| *key)
    }

    /// The first key of a command as it is shown; empty when it has none.
    pub fn hint(&self, command: Command) -> String {
        self.keys(command).next().map(|key| key.to_string()).unwrap_or_default()
    }
}

fn unknown_command(name: &str) -> String {
    let nearest = Command::iter()
        .map(|command| (strsim::jaro_winkler(name, command.name()), command.name()))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(likeness, _)| *likeness > 0.75);
    match nearest {
        Some((_, nearest)) => format!("keys: unknown command '{name}'; did you mean '{nearest}'?"),
        None => format!("keys: unknown command '{name}'; the help lists all commands"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn map(entries: &[(&str, &[&str])]) -> (Keymap, Vec<String>) {
        let keys = entries
            .iter()
            .map(|(name, keys)| (name.to_string(), keys.iter().map(ToString::to_string).collect()))
            .collect();
        Keymap::new(&keys)
    }

    #[test]
    fn keys_are_read_and_shown() {
        for (written, shown) in [
            ("j", "j"),
            ("G", "G"),
            ("shift-g", "G"),
            ("ctrl-c", "C-c"),
            ("shift-tab", "S-Tab"),
            ("pgdn", "PgDn"),
            ("f5", "F5"),
            ("?", "?"),
            ("minus", "-"),
            ("-", "-"),
        ] {
            assert_eq!(Key::parse(written).unwrap().to_string(), shown, "{written}");
        }
        for wrong in ["", "ctrl-", "f99", "hello"] {
            assert!(Key::parse(wrong).is_err(), "{wrong:?} must not be a key");
        }
    }

    #[test]
    fn a_key_from_the_terminal_finds_its_command() {
        let (keymap, mistakes) = map(&[("bottom", &["G"]), ("previous-panel", &["shift-tab"])]);
        assert_eq!(mistakes, Vec::<String>::new());
        let shifted = KeyEvent::new(KeyCode::Char('G'), KeyModifiers::SHIFT);
        assert_eq!(keymap.command(shifted.into()), Some(Command::Bottom));
        let back_tab = KeyEvent::new(KeyCode::BackTab, KeyModifiers::SHIFT);
        assert_eq!(keymap.command(back_tab.into()), Some(Command::PreviousPanel));
    }

    #[test]
    fn mistakes_are_named_and_cost_nothing_else() {
        let (keymap, mistakes) = map(&[("dwon", &["x"]), ("help", &["?"]), ("query", &["?", "/"])]);
        assert_eq!(
            mistakes,
            [
                "keys: unknown command 'dwon'; did you mean 'down'?",
                "keys: ? is given to both help and query; the first keeps it"
            ]
        );
        assert_eq!(keymap.hint(Command::Query), "/");
        assert_eq!(keymap.hint(Command::Help), "?");
    }
}
