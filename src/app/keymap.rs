//! Keys to commands, and the chord that is being pressed. Built from `config/keys.toml` and the user's `[keys]`; help and
//! hints read it back.

use std::collections::BTreeMap;
use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use strum::IntoEnumIterator;

use super::command::Command;
use crate::domain::setting::{Setting, SettingError};
use crate::domain::spelling::nearest;

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
    const CTRL_C: Key = Key { code: KeyCode::Char('c'), modifiers: KeyModifiers::CONTROL };

    /// Reads a key as the config writes it, or as the help shows it (`C-c`, `S-Tab`, `↑`).
    ///
    /// # Errors
    ///
    /// Not a key: what is expected, in one sentence.
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

/// Keys pressed one after the other; most often one alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chord(Vec<Key>);

impl Chord {
    /// Reads keys with blanks between, as `space r`.
    ///
    /// # Errors
    ///
    /// There are none, or one of them is no key: what is expected, in one sentence.
    pub fn parse(written: &str) -> Result<Chord, String> {
        // A blank alone is the key.
        let keys = if written == " " { vec!["space"] } else { written.split_whitespace().collect() };
        let keys: Vec<Key> = keys.into_iter().map(Key::parse).collect::<Result<_, _>>()?;
        if keys.is_empty() { Err(Key::parse("").err().unwrap_or_default()) } else { Ok(Chord(keys)) }
    }

    fn begins_with(&self, keys: &[Key]) -> bool {
        self.0.starts_with(keys)
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<String> = self.0.iter().map(Key::to_string).collect();
        f.write_str(&keys.join(" "))
    }
}

/// What a key gives, together with those pressed before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pressed {
    /// The keys complete this command.
    Command(Command),
    /// The beginning of one or more chords.
    Pending,
    /// The key does not continue the chord that was pending, which is dropped.
    Aborted,
    /// The key means nothing.
    Unbound,
}

/// Which keys give which command, and the keys of a chord that is not complete yet.
#[derive(Clone, Debug, Default)]
pub struct Keymap {
    bindings: Vec<(Chord, Command)>,
    /// The keys of the chord so far.
    pending: Vec<Key>,
}

impl Keymap {
    /// Reads `[keys]`. What differs from the shipped keys is the reader's own, and wins. What can't be used is left out; the
    /// second value says which and why.
    pub fn new(
        keys: &BTreeMap<String, Vec<String>>,
        shipped: &BTreeMap<String, Vec<String>>,
    ) -> (Keymap, Vec<SettingError>) {
        let mut keymap = Keymap::default();
        let mut mistakes = Vec::new();
        let is_own = |entry: &(&String, &Vec<String>)| shipped.get(entry.0) != Some(entry.1);
        let (own, shipped): (Vec<_>, Vec<_>) = keys.iter().partition(is_own);
        for (name, written) in own.into_iter().chain(shipped) {
            match name.parse::<Command>() {
                Ok(command) => keymap.bind(command, written, &mut mistakes),
                Err(_) => mistakes.push(Setting::of_section("keys", name, 0).wrong(unknown_command(name))),
            }
        }
        keymap.bindings.sort_by_key(|(_, command)| *command);
        (keymap, mistakes)
    }

    fn bind(&mut self, command: Command, written: &[String], mistakes: &mut Vec<SettingError>) {
        for (at, written) in written.iter().enumerate() {
            let wrong = |why| Setting::of_section("keys", command.name(), at).wrong(why);
            match Chord::parse(written) {
                Err(mistake) => mistakes.push(wrong(mistake)),
                Ok(chord) => match self.clash(&chord, command) {
                    Some(clash) => mistakes.push(wrong(clash)),
                    None if self.bindings.iter().any(|(bound, _)| *bound == chord) => {}
                    None => self.bindings.push((chord, command)),
                },
            }
        }
    }

    /// What keeps keys from giving a command, in one sentence.
    fn clash(&self, chord: &Chord, command: Command) -> Option<String> {
        let stands_in_the_way = |(bound, holder): &&(Chord, Command)| {
            let is_same = bound == chord && *holder != command;
            is_same || (bound != chord && (bound.begins_with(&chord.0) || chord.begins_with(&bound.0)))
        };
        let (bound, holder) = self.bindings.iter().find(stands_in_the_way)?;
        let holder = holder.name();
        Some(match bound == chord {
            true => format!("{chord} is also given to {holder}, which keeps it"),
            false => format!("{chord} begins with the same keys as {bound} ({holder}), which keeps them"),
        })
    }

    /// Takes over the bindings of another keymap. A chord that is pending stays so.
    pub(super) fn rebind(&mut self, other: Keymap) {
        self.bindings = other.bindings;
    }

    /// What one key gives by itself, whatever is pending. Without a key to quit nobody could leave: `ctrl-c` does, unless
    /// it is bound to something else.
    pub fn command(&self, key: Key) -> Option<Command> {
        self.binding(key).or_else(|| (key == Key::CTRL_C).then_some(Command::Quit))
    }

    fn binding(&self, key: Key) -> Option<Command> {
        self.bindings.iter().find(|(chord, _)| chord.0 == [key]).map(|(_, command)| *command)
    }

    /// A key is pressed: it completes a chord, or continues one, or drops it.
    pub fn press(&mut self, key: Key) -> Pressed {
        let was_pending = !self.pending.is_empty();
        self.pending.push(key);
        match self.bindings.iter().find(|(chord, _)| chord.begins_with(&self.pending)) {
            Some((chord, _)) if chord.0.len() > self.pending.len() => return Pressed::Pending,
            Some((_, command)) => {
                self.pending.clear();
                return Pressed::Command(*command);
            }
            None => self.pending.clear(),
        }
        match self.command(key).filter(|_| self.binding(key).is_none()) {
            Some(command) => Pressed::Command(command),
            None if was_pending => Pressed::Aborted,
            None => Pressed::Unbound,
        }
    }

    /// The keys of the chord that is not complete yet; none while no chord is pending.
    pub fn pending(&self) -> &[Key] {
        &self.pending
    }

    /// The keys that may follow those that are pending, with what they give.
    pub fn continuations(&self) -> impl Iterator<Item = (Key, Command)> + '_ {
        let continues =
            |(chord, _): &&(Chord, Command)| chord.0.len() > self.pending.len() && chord.begins_with(&self.pending);
        self.bindings.iter().filter(continues).map(|(chord, command)| (chord.0[self.pending.len()], *command))
    }

    /// The keys of a command, in the order of the config.
    pub fn keys(&self, command: Command) -> impl Iterator<Item = &Chord> + '_ {
        self.bindings.iter().filter(move |(_, bound)| *bound == command).map(|(chord, _)| chord)
    }

    /// The first keys of a command as they are shown; empty when it has none.
    pub fn hint(&self, command: Command) -> String {
        self.keys(command).next().map(Chord::to_string).unwrap_or_default()
    }
}

fn unknown_command(name: &str) -> String {
    let near = nearest(name, Command::iter().map(Command::name));
    let hint = near.map_or_else(|| "the help lists all commands".into(), |near| format!("did you mean '{near}'?"));
    format!("there is no such command; {hint}")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn sentences(mistakes: Vec<SettingError>) -> Vec<String> {
        mistakes.iter().map(ToString::to_string).collect()
    }

    fn map(entries: &[(&str, &[&str])]) -> (Keymap, Vec<String>) {
        let keys = entries
            .iter()
            .map(|(name, keys)| (name.to_string(), keys.iter().map(ToString::to_string).collect()))
            .collect();
        let (keymap, mistakes) = Keymap::new(&keys, &BTreeMap::new());
        (keymap, sentences(mistakes))
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
                "keys dwon: there is no such command; did you mean 'down'?",
                "keys query: ? is also given to help, which keeps it"
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
        let shipped = crate::config::shipped().keys;
        let (_, mistakes) = Keymap::new(&shipped, &shipped);
        assert_eq!(mistakes, []);
    }

    /// What the last of some keys gives, pressed one after the other.
    fn pressed(keymap: &Keymap, keys: &str) -> Pressed {
        let mut keymap = keymap.clone();
        keys.split(' ').map(|key| keymap.press(Key::parse(key).unwrap())).last().unwrap()
    }

    #[test]
    fn keys_may_follow_one_another() {
        let (mut keymap, mistakes) = map(&[("hide-heat", &["space h"]), ("top", &["g g"]), ("quit", &["space q q"])]);
        assert_eq!(mistakes, Vec::<String>::new());
        for (keys, expected) in [
            ("space", Pressed::Pending),
            ("space h", Pressed::Command(Command::HideHeat)),
            ("space q", Pressed::Pending),
            ("space q q", Pressed::Command(Command::Quit)),
            ("space x", Pressed::Aborted),
            ("space x h", Pressed::Unbound),
            ("g g", Pressed::Command(Command::Top)),
            ("h", Pressed::Unbound),
            ("ctrl-c", Pressed::Command(Command::Quit)),
            ("space ctrl-c", Pressed::Command(Command::Quit)),
        ] {
            assert_eq!(pressed(&keymap, keys), expected, "{keys}");
        }
        keymap.press(Key::parse("space").unwrap());
        let follow: Vec<String> =
            keymap.continuations().map(|(key, command)| format!("{key} {}", command.name())).collect();
        assert_eq!(follow, ["h hide-heat", "q quit"]);
        assert_eq!(keymap.hint(Command::HideHeat), "Space h");
    }

    #[test]
    fn ctrl_c_quits_unless_it_is_bound_to_something_else() {
        let (unbound, _) = map(&[("help", &["?"])]);
        let (bound, _) = map(&[("help", &["ctrl-c"]), ("hide-heat", &["space h"])]);
        assert_eq!(unbound.command(Key::CTRL_C), Some(Command::Quit));
        assert_eq!(bound.command(Key::CTRL_C), Some(Command::Help));
        assert_eq!(pressed(&bound, "space ctrl-c"), Pressed::Aborted, "a binding of its own: it only ends the chord");
    }

    #[test]
    fn a_pending_chord_outlives_new_bindings() {
        let (mut keymap, _) = map(&[("hide-heat", &["space h"])]);
        keymap.press(Key::parse("space").unwrap());
        let (other, _) = map(&[("help", &["space h"])]);
        keymap.rebind(other);
        assert_eq!(keymap.pending(), [Key::parse("space").unwrap()]);
        assert_eq!(keymap.press(Key::parse("h").unwrap()), Pressed::Command(Command::Help));
        assert!(keymap.pending().is_empty());
    }

    #[test]
    fn the_readers_own_keys_win_and_the_clash_is_named() {
        let shipped = crate::config::shipped().keys;
        let mut keys = shipped.clone();
        keys.insert("next-unread".into(), vec!["n".into(), "x".into()]);
        keys.insert("hide-heat".into(), vec!["g h".into()]);
        let (keymap, mistakes) = Keymap::new(&keys, &shipped);
        assert_eq!(pressed(&keymap, "x"), Pressed::Command(Command::NextUnread));
        assert_eq!(pressed(&keymap, "g h"), Pressed::Command(Command::HideHeat));
        assert_eq!(
            sentences(mistakes),
            [
                "keys group: x is also given to next-unread, which keeps it",
                "keys top: g begins with the same keys as g h (hide-heat), which keeps them"
            ]
        );
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_key_or_a_mistake(written in ".*|(ctrl-|c-|alt-|shift-|s-|f|é)*.?") {
            let _ = Key::parse(&written);
        }
    }
}
