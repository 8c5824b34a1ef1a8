//! The bytes of a terminal, read as keys, mouse, paste and focus.
//!
//! Written here because crossterm's own reader spins on a terminal that is gone, and goes deaf on a report that it does
//! not know (its issue 1104): it waits for an end that it never sees. Here every sequence has an end that does not
//! depend on knowing it (ECMA-48), and what stops in the middle is given up after a pause.

use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent};

use super::sequence::{self, Sequence};

/// So long an ESC waits for what would make it more than the key.
const ESCAPE_PAUSE: Duration = Duration::from_millis(30);
/// So long a sequence that has begun waits for its next byte …
const SEQUENCE_PAUSE: Duration = Duration::from_millis(200);
/// … and a paste, of which nothing may be taken for keys.
const PASTE_PAUSE: Duration = Duration::from_secs(2);
/// Bytes of one escape sequence. The rest of a longer one is discarded: no known sequence is that long.
const SEQUENCE_MAX: usize = 1024;
/// Bytes of one paste. What exceeds this is discarded.
const PASTE_MAX: usize = 64 * 1024;
const PASTE_END: &[u8] = b"\x1b[201~";
const CTRL_C: u8 = 0x03;
const ESC: u8 = 0x1b;

/// What came from the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Input {
    Event(Event),
    /// What it says of its background.
    Background {
        light: bool,
    },
}

/// In the middle of what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Ground,
    /// `ESC`.
    Escape,
    /// `ESC ]`, `ESC P` or `ESC _`: the beginning of a string, or a key held with Alt.
    Introducer(u8),
    /// Behind `ESC [`.
    Csi,
    /// Behind `ESC [ [`, as the Linux console has it.
    Console,
    /// Behind `ESC O`.
    Ss3,
    /// The three bytes behind `ESC [ M`.
    Mouse,
    /// A string (OSC, DCS, APC), until BEL or `ESC \`.
    Text,
    /// `ESC` within a string.
    TextEscape,
    Paste,
    /// A character of several bytes; with Alt.
    Utf8 {
        length: usize,
        alt: bool,
    },
}

/// Reads bytes as they come, in pieces of any size.
#[derive(Debug, Default)]
pub(super) struct Parser {
    state: State,
    /// What came of the sequence, the string, the character or the paste so far.
    held: Vec<u8>,
    found: Vec<Input>,
}

impl Parser {
    /// What some more bytes come to.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Vec<Input> {
        for byte in bytes {
            self.byte(*byte);
        }
        std::mem::take(&mut self.found)
    }

    /// How long to wait for more before [`Parser::pause`]; None: nothing is unfinished.
    pub(super) fn patience(&self) -> Option<Duration> {
        match self.state {
            State::Ground => None,
            State::Escape | State::Introducer(_) => Some(ESCAPE_PAUSE),
            State::Paste => Some(PASTE_PAUSE),
            _ => Some(SEQUENCE_PAUSE),
        }
    }

    /// Nothing more came for that long: what has begun is a key after all, or given up.
    pub(super) fn pause(&mut self) -> Vec<Input> {
        match self.state {
            State::Escape | State::TextEscape => self.key(KeyCode::Esc.into()),
            State::Paste => self.paste(),
            _ => self.give_up(),
        }
        self.begin(State::Ground);
        std::mem::take(&mut self.found)
    }

    fn byte(&mut self, byte: u8) {
        match self.state {
            State::Ground => self.plain(byte, false),
            State::Escape => self.escaped(byte),
            State::Introducer(introducer) => self.introduced(introducer, byte),
            State::Csi => self.csi(byte),
            State::Console => {
                self.found.extend(sequence::console(byte).map(Input::Event));
                self.begin(State::Ground);
            }
            State::Ss3 => self.ss3(byte),
            State::Mouse => self.mouse(byte),
            State::Text => self.text(byte),
            State::TextEscape if byte == b'\\' => self.end_text(),
            State::TextEscape => {
                self.begin(State::Escape);
                self.byte(byte);
            }
            State::Paste => self.pasted(byte),
            State::Utf8 { length, alt } => self.utf8(byte, length, alt),
        }
    }

    fn begin(&mut self, state: State) {
        self.state = state;
        self.held.clear();
    }

    fn hold(&mut self, byte: u8) {
        if self.held.len() < SEQUENCE_MAX {
            self.held.push(byte);
        }
    }

    fn key(&mut self, key: KeyEvent) {
        self.found.push(Input::Event(Event::Key(key)));
    }

    /// What was begun is no sequence. The key that it may have been is not lost.
    fn give_up(&mut self) {
        match self.state {
            State::Introducer(introducer) => self.key(sequence::with_alt(sequence::ascii(introducer))),
            State::Csi if self.held.is_empty() => self.key(sequence::with_alt(sequence::ascii(b'['))),
            State::Ss3 => self.key(sequence::with_alt(sequence::ascii(b'O'))),
            _ => {}
        }
        self.begin(State::Ground);
    }

    /// A byte outside of any sequence.
    fn plain(&mut self, byte: u8, alt: bool) {
        let length = match byte {
            ESC => return self.begin(State::Escape),
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            // No character begins so.
            0x80.. => return,
            _ => {
                let key = sequence::ascii(byte);
                return self.key(if alt { sequence::with_alt(key) } else { key });
            }
        };
        self.begin(State::Utf8 { length, alt });
        self.held.push(byte);
    }

    fn utf8(&mut self, byte: u8, length: usize, alt: bool) {
        if !(0x80..0xc0).contains(&byte) {
            self.begin(State::Ground);
            return self.plain(byte, false);
        }
        self.held.push(byte);
        if self.held.len() == length {
            let letter = std::str::from_utf8(&self.held).ok().and_then(|text| text.chars().next());
            self.begin(State::Ground);
            if let Some(key) = letter.map(sequence::letter) {
                self.key(if alt { sequence::with_alt(key) } else { key });
            }
        }
    }

    /// Behind `ESC`.
    fn escaped(&mut self, byte: u8) {
        match byte {
            // The first was the key.
            ESC => self.key(KeyCode::Esc.into()),
            b'[' => self.begin(State::Csi),
            b'O' => self.begin(State::Ss3),
            b']' | b'P' | b'_' => self.begin(State::Introducer(byte)),
            _ => {
                self.begin(State::Ground);
                self.plain(byte, true);
            }
        }
    }

    /// Behind `ESC ]` and its kind.
    fn introduced(&mut self, introducer: u8, byte: u8) {
        let begins = match introducer {
            b']' => byte.is_ascii_digit() || matches!(byte, b'l' | b'L' | b'I'),
            b'P' => byte.is_ascii_digit() || b">!|$+<=?".contains(&byte),
            _ => byte == b'G',
        };
        if begins {
            self.begin(State::Text);
            self.held.extend([introducer, byte]);
        } else {
            self.give_up();
            self.plain(byte, false);
        }
    }

    fn csi(&mut self, byte: u8) {
        match byte {
            0x20..=0x3f => self.hold(byte),
            b'M' if self.held.is_empty() => self.begin(State::Mouse),
            b'[' if self.held.is_empty() => self.begin(State::Console),
            0x40..=0x7e => self.end_csi(byte),
            // Nothing of the kind stands inside of a sequence: it was broken off, and this is a key.
            _ => {
                self.give_up();
                self.plain(byte, false);
            }
        }
    }

    fn end_csi(&mut self, last: u8) {
        let held = std::mem::take(&mut self.held);
        self.begin(State::Ground);
        match sequence::csi(&held, last) {
            Sequence::Event(event) => self.found.push(Input::Event(event)),
            Sequence::PasteBegins => self.begin(State::Paste),
            Sequence::Unknown => {}
        }
    }

    fn ss3(&mut self, byte: u8) {
        match byte {
            0x40..=0x7e => {
                self.begin(State::Ground);
                self.found.extend(sequence::ss3(byte).map(Input::Event));
            }
            _ => {
                self.give_up();
                self.plain(byte, false);
            }
        }
    }

    fn mouse(&mut self, byte: u8) {
        self.held.push(byte);
        if let &[button, column, row] = self.held.as_slice() {
            self.begin(State::Ground);
            self.found.extend(sequence::old_mouse(button, column, row).map(Input::Event));
        }
    }

    fn text(&mut self, byte: u8) {
        match byte {
            0x07 => self.end_text(),
            // What is held is still wanted when `\` follows.
            ESC => self.state = State::TextEscape,
            // No answer has these: it was broken off, and this is a key.
            0x00..=0x1f => {
                self.begin(State::Ground);
                self.plain(byte, false);
            }
            _ => self.hold(byte),
        }
    }

    fn end_text(&mut self) {
        if let Some(light) = sequence::background(&self.held) {
            self.found.push(Input::Background { light });
        }
        self.begin(State::Ground);
    }

    fn pasted(&mut self, byte: u8) {
        let is_cut = self.held.len() > PASTE_MAX;
        // Of a paste without an end this is the way out.
        if is_cut && byte == CTRL_C {
            self.begin(State::Ground);
            return self.plain(byte, false);
        }
        self.held.push(byte);
        if byte == b'~' && self.held.ends_with(PASTE_END) {
            self.held.truncate(self.held.len() - PASTE_END.len());
            self.paste();
            self.begin(State::Ground);
        } else if self.held.len() > PASTE_MAX * 2 {
            // The beginning is kept, and as much as the end may have begun with.
            self.held.drain(PASTE_MAX + 1..self.held.len() - PASTE_END.len());
        }
    }

    fn paste(&mut self) {
        self.held.truncate(PASTE_MAX);
        let text = String::from_utf8_lossy(&self.held).into_owned();
        self.found.push(Input::Event(Event::Paste(text)));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
