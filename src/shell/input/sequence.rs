//! What single sequences mean: pure, a finished sequence in, at most one event out. The forms are those of xterm
//! ("XTerm Control Sequences"), rxvt, the Linux console and kitty's keyboard protocol.

use crossterm::event::{
    Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, ModifierKeyCode, MouseButton, MouseEvent, MouseEventKind,
};

/// What a sequence behind `ESC [` is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sequence {
    Event(Event),
    PasteBegins,
    /// An answer to a question that nobody here asked, or something newer than this table.
    Unknown,
}

/// A key of one byte below 0x80, other than ESC.
pub(super) fn ascii(byte: u8) -> KeyEvent {
    match byte {
        b'\r' => KeyCode::Enter.into(),
        b'\t' => KeyCode::Tab.into(),
        0x7f => KeyCode::Backspace.into(),
        0 => control(' '),
        0x01..=0x1a => control(char::from(byte - 1 + b'a')),
        0x1c..=0x1f => control(char::from(byte - 0x1c + b'4')),
        _ => letter(char::from(byte)),
    }
}

pub(super) fn letter(letter: char) -> KeyEvent {
    let held = if letter.is_uppercase() { KeyModifiers::SHIFT } else { KeyModifiers::NONE };
    KeyEvent::new(KeyCode::Char(letter), held)
}

pub(super) fn with_alt(key: KeyEvent) -> KeyEvent {
    KeyEvent { modifiers: key.modifiers | KeyModifiers::ALT, ..key }
}

/// `ESC [ [` and a letter: F1 to F5 on the Linux console.
pub(super) fn console(last: u8) -> Option<Event> {
    matches!(last, b'A'..=b'E').then(|| Event::Key(KeyCode::F(last - b'A' + 1).into()))
}

/// `ESC O` and a letter.
pub(super) fn ss3(last: u8) -> Option<Event> {
    let code = match last {
        b'M' => Some(KeyCode::Enter),
        _ => cursor_key(last),
    };
    code.map(|code| Event::Key(code.into()))
}

fn cursor_key(last: u8) -> Option<KeyCode> {
    Some(match last {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'E' => KeyCode::KeypadBegin,
        b'F' => KeyCode::End,
        b'H' => KeyCode::Home,
        b'P' => KeyCode::F(1),
        b'Q' => KeyCode::F(2),
        b'R' => KeyCode::F(3),
        b'S' => KeyCode::F(4),
        _ => return None,
    })
}

/// The parameters between `ESC [` and the last byte.
pub(super) fn csi(parameters: &[u8], last: u8) -> Sequence {
    let Ok(text) = std::str::from_utf8(parameters) else { return Sequence::Unknown };
    let event = match (text, last) {
        ("200", b'~') => return Sequence::PasteBegins,
        ("", b'I') => Some(Event::FocusGained),
        ("", b'O') => Some(Event::FocusLost),
        (_, b'M' | b'm') => mouse(text, last),
        // With numbers it is where the cursor stands, which nobody asked for.
        (_, b'R') if !text.is_empty() => None,
        _ if !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b';' | b':')) => None,
        _ => key(text, last).map(Event::Key),
    };
    event.map_or(Sequence::Unknown, Sequence::Event)
}

fn key(text: &str, last: u8) -> Option<KeyEvent> {
    let mut fields = text.split(';');
    let first = fields.next().unwrap_or_default();
    let held = fields.next();
    let (modifiers, kind) = modifiers(held)?;
    let code = match last {
        b'Z' => return Some(KeyEvent::new_with_kind(KeyCode::BackTab, modifiers | KeyModifiers::SHIFT, kind)),
        // `ESC [ 27 ; held ; code ~`, xterm's modifyOtherKeys.
        b'~' if first == "27" => return unicode(fields.next()?, modifiers, kind),
        b'~' => numbered(first.parse().ok()?)?,
        b'u' => return unicode(first, modifiers, kind),
        _ if matches!(first, "" | "1") => cursor_key(last)?,
        _ => return None,
    };
    Some(KeyEvent::new_with_kind(code, modifiers, kind))
}

/// `5:1`: one more than the sum of what is held; whether it was pressed, repeated or let go.
fn modifiers(field: Option<&str>) -> Option<(KeyModifiers, KeyEventKind)> {
    let Some(field) = field.filter(|field| !field.is_empty()) else {
        return Some((KeyModifiers::NONE, KeyEventKind::Press));
    };
    let (mask, kind) = field.split_once(':').unwrap_or((field, "1"));
    let mask = mask.parse::<u8>().ok()?.saturating_sub(1);
    let each = [
        (1, KeyModifiers::SHIFT),
        (2, KeyModifiers::ALT),
        (4, KeyModifiers::CONTROL),
        (8, KeyModifiers::SUPER),
        (16, KeyModifiers::HYPER),
        (32, KeyModifiers::META),
    ];
    let held = each.into_iter().filter(|(bit, _)| mask & bit != 0).map(|(_, held)| held);
    let kind = match kind {
        "2" => KeyEventKind::Repeat,
        "3" => KeyEventKind::Release,
        _ => KeyEventKind::Press,
    };
    Some((held.collect(), kind))
}

/// `ESC [ n ~`.
fn numbered(number: u8) -> Option<KeyCode> {
    Some(match number {
        1 | 7 => KeyCode::Home,
        2 => KeyCode::Insert,
        3 => KeyCode::Delete,
        4 | 8 => KeyCode::End,
        5 => KeyCode::PageUp,
        6 => KeyCode::PageDown,
        11..=15 => KeyCode::F(number - 10),
        17..=21 => KeyCode::F(number - 11),
        23..=26 => KeyCode::F(number - 12),
        28..=29 => KeyCode::F(number - 15),
        31..=34 => KeyCode::F(number - 17),
        _ => return None,
    })
}

/// `ESC [ code u`: the code of a character, or one of kitty's for the keypad; behind a colon the one that Shift makes
/// of it.
fn unicode(field: &str, modifiers: KeyModifiers, kind: KeyEventKind) -> Option<KeyEvent> {
    let mut codes = field.split(':');
    let number: u32 = codes.next()?.parse().ok()?;
    let shifted = codes.next().and_then(|code| char::from_u32(code.parse().ok()?)).filter(|letter| *letter != '\0');
    let code = match (keypad(number), char::from_u32(number)?) {
        (Some(code), _) => code,
        (None, '\x1b') => KeyCode::Esc,
        (None, '\r') => KeyCode::Enter,
        (None, '\t') if modifiers.contains(KeyModifiers::SHIFT) => KeyCode::BackTab,
        (None, '\t') => KeyCode::Tab,
        (None, '\x7f' | '\x08') => KeyCode::Backspace,
        // Kitty's codes for keys of no character: Shift alone, media keys.
        (None, '\u{e000}'..='\u{f8ff}') => KeyCode::Modifier(ModifierKeyCode::IsoLevel5Shift),
        (None, letter) => match shifted.filter(|_| modifiers.contains(KeyModifiers::SHIFT)) {
            Some(shifted) => {
                return Some(KeyEvent::new_with_kind(KeyCode::Char(shifted), modifiers - KeyModifiers::SHIFT, kind));
            }
            None => KeyCode::Char(letter),
        },
    };
    Some(KeyEvent::new_with_kind(code, modifiers, kind))
}

fn keypad(code: u32) -> Option<KeyCode> {
    const SIGNS: [char; 18] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '.', '/', '*', '-', '+', '\r', '=', ','];
    const KEYS: [KeyCode; 10] = [
        KeyCode::Left,
        KeyCode::Right,
        KeyCode::Up,
        KeyCode::Down,
        KeyCode::PageUp,
        KeyCode::PageDown,
        KeyCode::Home,
        KeyCode::End,
        KeyCode::Insert,
        KeyCode::Delete,
    ];
    let place = usize::try_from(code.checked_sub(57_399)?).ok()?;
    match SIGNS.get(place) {
        Some('\r') => Some(KeyCode::Enter),
        Some(sign) => Some(KeyCode::Char(*sign)),
        None => KEYS.get(place - SIGNS.len()).copied(),
    }
}

/// `ESC [ < button ; column ; row M` or `m` (SGR, 1006), or without `<` and with 32 more (rxvt, 1015).
fn mouse(text: &str, last: u8) -> Option<Event> {
    let (text, more) = text.strip_prefix('<').map_or((text, 32), |text| (text, 0));
    let mut numbers = text.split(';').map(|number| number.parse::<u16>().ok());
    let (button, column, row) = (numbers.next()??, numbers.next()??, numbers.next()??);
    let button = u8::try_from(button.checked_sub(more)?).ok()?;
    let event = mouse_event(button, column.checked_sub(1)?, row.checked_sub(1)?)?;
    Some(Event::Mouse(match event.kind {
        MouseEventKind::Down(button) if last == b'm' => MouseEvent { kind: MouseEventKind::Up(button), ..event },
        _ => event,
    }))
}

/// The three bytes behind `ESC [ M`.
pub(super) fn old_mouse(button: u8, column: u8, row: u8) -> Option<Event> {
    let place = |byte: u8| byte.checked_sub(33).map(u16::from);
    Some(Event::Mouse(mouse_event(button.checked_sub(32)?, place(column)?, place(row)?)?))
}

fn mouse_event(bits: u8, column: u16, row: u16) -> Option<MouseEvent> {
    let button = |number| match number {
        0 => MouseButton::Left,
        1 => MouseButton::Middle,
        _ => MouseButton::Right,
    };
    let (number, is_moved) = ((bits & 0b11) | ((bits & 0b1100_0000) >> 4), bits & 0b10_0000 != 0);
    let kind = match (number, is_moved) {
        (0..=2, false) => MouseEventKind::Down(button(number)),
        (0..=2, true) => MouseEventKind::Drag(button(number)),
        (3, false) => MouseEventKind::Up(MouseButton::Left),
        (3..=5, true) => MouseEventKind::Moved,
        (4, false) => MouseEventKind::ScrollUp,
        (5, false) => MouseEventKind::ScrollDown,
        (6, false) => MouseEventKind::ScrollLeft,
        (7, false) => MouseEventKind::ScrollRight,
        _ => return None,
    };
    let held = [(4, KeyModifiers::SHIFT), (8, KeyModifiers::ALT), (16, KeyModifiers::CONTROL)];
    let modifiers = held.into_iter().filter(|(bit, _)| bits & bit != 0).map(|(_, held)| held).collect();
    Some(MouseEvent { kind, column, row, modifiers })
}

/// `]11;rgb:1e1e/1e1e/2e2e`: light or not.
pub(super) fn background(answer: &[u8]) -> Option<bool> {
    let value = std::str::from_utf8(answer).ok()?.strip_prefix("]11;rgb")?;
    let value = value.trim_start_matches('a').strip_prefix(':')?;
    let part = |part: &str| {
        let digits: String = part.chars().take_while(char::is_ascii_hexdigit).collect();
        let most = 16u32.checked_pow(u32::try_from(digits.len()).ok()?)?.checked_sub(1).filter(|most| *most > 0)?;
        Some(f64::from(u32::from_str_radix(&digits, 16).ok()?) / f64::from(most))
    };
    let parts: Option<Vec<f64>> = value.split('/').take(3).map(part).collect();
    match parts?.as_slice() {
        // How bright the eye sees each (ITU-R BT.601).
        [red, green, blue] => Some(0.299 * red + 0.587 * green + 0.114 * blue > 0.5),
        _ => None,
    }
}

/// Control, whatever else is held.
pub(super) const fn control(letter: char) -> KeyEvent {
    KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL)
}
