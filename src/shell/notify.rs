//! Notifications of the terminal. There are three dialects, and no way to ask which one a terminal speaks: what the
//! environment tells of it decides.
//!
//! - OSC 9, `ESC ] 9 ; text ST`: iTerm2, WezTerm, Ghostty (<https://iterm2.com/documentation-escape-codes.html>);
//! - OSC 777, `ESC ] 777 ; notify ; title ; body ST`: rxvt-unicode, foot, VTE;
//! - OSC 99, `ESC ] 99 ; metadata ; payload ST`: kitty (<https://sw.kovidgoyal.net/kitty/desktop-notifications/>).
//!
//! Inside tmux a sequence reaches the terminal when it is wrapped, and tmux allows that (`allow-passthrough`).

use std::fmt;

use crossterm::Command;

use crate::domain::alert::NotifyBy;

/// More is cut: a notification is no page.
const TEXT_MAX: usize = 300;
/// What ends a sequence: String Terminator.
const ST: &str = "\x1b\\";

/// The bell.
#[derive(Debug)]
pub(crate) struct Bell;

impl Command for Bell {
    fn write_ansi(&self, f: &mut impl fmt::Write) -> fmt::Result {
        f.write_str("\x07")
    }

    #[cfg(windows)]
    fn execute_winapi(&self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A notification, in the dialect of a terminal.
#[derive(Debug)]
pub(crate) struct Notification {
    by: NotifyBy,
    is_wrapped: bool,
    title: String,
    text: String,
}

impl Notification {
    /// None where the terminal knows none, or none is wanted.
    pub(crate) fn new(
        wanted: NotifyBy,
        variable: impl Fn(&str) -> Option<String>,
        title: &str,
        text: &str,
    ) -> Option<Notification> {
        let by = if wanted == NotifyBy::Auto { spoken(&variable) } else { wanted };
        let is_wrapped = variable("TMUX").is_some_and(|tmux| !tmux.is_empty());
        (by != NotifyBy::Off).then(|| Notification { by, is_wrapped, title: plain(title), text: plain(text) })
    }

    fn sequence(&self) -> String {
        let (title, text) = (&self.title, &self.text);
        match self.by {
            NotifyBy::Osc777 => format!("\x1b]777;notify;{};{text}{ST}", title.replace(';', ",")),
            // Two pieces under one name: title, then body.
            NotifyBy::Osc99 => {
                format!("\x1b]99;i=newstape:d=0:p=title;{title}{ST}\x1b]99;i=newstape:d=1:p=body;{text}{ST}")
            }
            // A number before a semicolon would be read as a command of ConEmu's.
            _ => format!("\x1b]9;{title}: {text}{ST}"),
        }
    }
}

impl Command for Notification {
    fn write_ansi(&self, f: &mut impl fmt::Write) -> fmt::Result {
        let sequence = self.sequence();
        match self.is_wrapped {
            true => write!(f, "\x1bPtmux;{}{ST}", sequence.replace('\x1b', "\x1b\x1b")),
            false => f.write_str(&sequence),
        }
    }

    #[cfg(windows)]
    fn execute_winapi(&self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The dialect of the terminal that the environment tells of.
fn spoken(variable: impl Fn(&str) -> Option<String>) -> NotifyBy {
    let is_set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
    let term = variable("TERM").unwrap_or_default();
    let program = variable("TERM_PROGRAM").unwrap_or_default();
    match (program.as_str(), term.as_str()) {
        _ if is_set("KITTY_WINDOW_ID") || term == "xterm-kitty" => NotifyBy::Osc99,
        ("iTerm.app" | "WezTerm" | "ghostty", _) | (_, "xterm-ghostty") => NotifyBy::Osc9,
        _ if is_set("VTE_VERSION") || term.starts_with("foot") || term.starts_with("rxvt") => NotifyBy::Osc777,
        _ => NotifyBy::Off,
    }
}

/// Nothing that could end the sequence or begin another.
fn plain(text: &str) -> String {
    let safe = crate::screen::text::safe(text);
    safe.chars().filter(|letter| !letter.is_control()).take(TEXT_MAX).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn written(wanted: NotifyBy, environment: &[(&str, &str)], title: &str, text: &str) -> Option<String> {
        let variable =
            |name: &str| environment.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let mut out = String::new();
        Notification::new(wanted, variable, title, text)?.write_ansi(&mut out).unwrap();
        Some(out)
    }

    #[test]
    fn each_terminal_is_told_in_its_own_dialect() {
        let cases = [
            (
                NotifyBy::Auto,
                vec![("TERM", "xterm-kitty")],
                Some("\x1b]99;i=newstape:d=0:p=title;a;b\x1b\\\x1b]99;i=newstape:d=1:p=body;c\x1b\\"),
            ),
            (NotifyBy::Auto, vec![("TERM_PROGRAM", "WezTerm")], Some("\x1b]9;a;b: c\x1b\\")),
            (NotifyBy::Auto, vec![("TERM", "foot")], Some("\x1b]777;notify;a,b;c\x1b\\")),
            (NotifyBy::Auto, vec![("VTE_VERSION", "7600")], Some("\x1b]777;notify;a,b;c\x1b\\")),
            (NotifyBy::Auto, vec![("TERM", "xterm-256color")], None),
            (NotifyBy::Osc9, vec![("TMUX", "socket,1,0")], Some("\x1bPtmux;\x1b\x1b]9;a;b: c\x1b\x1b\\\x1b\\")),
            (NotifyBy::Off, vec![("TERM", "xterm-kitty")], None),
        ];
        for (wanted, environment, expected) in cases {
            assert_eq!(written(wanted, &environment, "a;b", "c").as_deref(), expected, "{environment:?}");
        }
    }

    #[test]
    fn nothing_from_outside_ends_the_sequence() {
        let hostile = "\x1b\\\x07\u{9c}\u{202e}rm -rf\x1b]0;owned\x07";
        let sequence = written(NotifyBy::Osc777, &[], hostile, hostile).unwrap();
        let inside = sequence.strip_prefix("\x1b]777;notify;").unwrap().strip_suffix(ST).unwrap();
        assert!(!inside.chars().any(char::is_control), "{inside:?}");
    }
}
