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
    pub(super) const CTRL_C: Key = Key { code: KeyCode::Char('c'), modifiers: KeyModifiers::CONTROL };

    /// Reads a key as the config writes it, or as the help shows it (`C-c`, `S-Tab`, `↑`). The error says what is expected.
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
            // With control, a terminal does not tell the cases apart.
            KeyCode::Char(letter) if letter.is_ascii_alphabetic() && self.modifiers.contains(KeyModifiers::CONTROL) => {
                Key {
                    code: KeyCode::Char(letter.to_ascii_lowercase()),
                    modifiers: self.modifiers - KeyModifiers::SHIFT,
                }
            }
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
    let held = [
        ("ctrl-", KeyModifiers::CONTROL),
        ("c-", KeyModifiers::CONTROL),
        ("alt-", KeyModifiers::ALT),
        ("a-", KeyModifiers::ALT),
        ("shift-", KeyModifiers::SHIFT),
        ("s-", KeyModifiers::SHIFT),
    ];
    held.into_iter().find_map(|(prefix, modifier)| {
        let (before, after) = written.split_at_checked(prefix.len())?;
        (before.eq_ignore_ascii_case(prefix) && !after.is_empty()).then_some((modifier, after))
    })
}

fn code(written: &str) -> Option<KeyCode> {
    let lower = written.to_lowercase();
    let named = |(name, _, shown): &&(&str, KeyCode, &str)| *name == lower || shown.to_lowercase() == lower;
    if let Some((_, code, _)) = NAMED.iter().find(named) {
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
                    Some(holder) if holder == command => {}
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

    #[test]
    fn keys_may_be_written_as_the_help_shows_them() {
        for (written, same) in [
            ("C-c", "ctrl-c"),
            ("Ctrl-C", "ctrl-c"),
            ("ctrl-G", "ctrl-g"),
            ("S-Tab", "shift-tab"),
            ("A-x", "alt-x"),
            ("↑", "up"),
            ("Del", "delete"),
            ("PgDn", "pgdn"),
            ("Enter", "enter"),
            ("C--", "ctrl-minus"),
            ("C-S-Tab", "ctrl-shift-tab"),
        ] {
            assert_eq!(Key::parse(written), Key::parse(same), "{written}");
        }
        assert_ne!(Key::parse("alt-X"), Key::parse("alt-x"));
        assert_ne!(Key::parse("G"), Key::parse("g"));
    }

    #[test]
    fn every_shown_key_reads_back() {
        let held = ["", "ctrl-", "alt-", "shift-", "ctrl-alt-", "ctrl-shift-"];
        let letters = ('!'..='~').map(String::from);
        let names =
            NAMED.iter().map(|(name, ..)| (*name).to_owned()).chain((1..=24).map(|number| format!("f{number}")));
        for name in letters.chain(names) {
            for held in held {
                let key = Key::parse(&format!("{held}{name}")).unwrap();
                assert_eq!(Key::parse(&key.to_string()), Ok(key), "{held}{name} is shown as {key}");
            }
        }
    }

    #[test]
    fn terminals_differ_in_what_they_say_of_shift_and_control() {
        let (keymap, _) = map(&[("bottom", &["G"]), ("help", &["?"]), ("redraw", &["ctrl-l"]), ("quit", &["q"])]);
        let cases = [
            (KeyCode::Char('G'), KeyModifiers::NONE, Some(Command::Bottom)),
            (KeyCode::Char('g'), KeyModifiers::SHIFT, Some(Command::Bottom)),
            (KeyCode::Char('g'), KeyModifiers::NONE, None),
            (KeyCode::Char('?'), KeyModifiers::SHIFT, Some(Command::Help)),
            (KeyCode::Char('L'), KeyModifiers::CONTROL | KeyModifiers::SHIFT, Some(Command::Redraw)),
            (KeyCode::Char('l'), KeyModifiers::CONTROL, Some(Command::Redraw)),
            (KeyCode::Char('q'), KeyModifiers::CONTROL, None),
            (KeyCode::Char('q'), KeyModifiers::SUPER, Some(Command::Quit)),
        ];
        for (code, modifiers, expected) in cases {
            assert_eq!(keymap.command(KeyEvent::new(code, modifiers).into()), expected, "{code:?} {modifiers:?}");
        }
    }

    #[test]
    fn a_key_given_twice_to_one_command_is_no_mistake() {
        let (keymap, mistakes) = map(&[("help", &["?", "?", "shift-?"]), ("quit", &[])]);
        assert_eq!(mistakes, Vec::<String>::new());
        assert_eq!(keymap.keys(Command::Help).count(), 1);
        assert_eq!(keymap.hint(Command::Quit), "");
    }

    #[test]
    fn the_shipped_keys_have_no_mistake() {
        let (_, mistakes) = Keymap::new(&crate::config::shipped().keys);
        assert_eq!(mistakes, Vec::<String>::new());
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_key_or_a_mistake(written in ".*|(ctrl-|c-|alt-|shift-|s-|f|é)*.?") {
            let _ = Key::parse(&written);
        }
    }
}
