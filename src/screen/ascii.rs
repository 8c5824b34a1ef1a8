//! ASCII alone, for fonts and terminals without more: a frame as it was drawn, with every sign replaced by the nearest plain one.
//! Panels need not know of it.

use ratatui::buffer::Buffer;
use unicode_normalization::UnicodeNormalization;

/// What stands for what. Braille, blocks and the lines of boxes go by rule.
const SIGNS: [(&str, char); 13] = [
    ("▲△▴↑⬆", '^'),
    ("▼▽▾↓⬇", 'v'),
    ("●", 'o'),
    ("•◆", '*'),
    ("★☆", '*'),
    ("◂←‹", '<'),
    ("▸→▶›⇄", '>'),
    ("·∙", '.'),
    ("−–—‐‑", '-'),
    ("…", '~'),
    ("×✗", 'x'),
    ("✓", '+'),
    ("’‘‛`´", '\''),
];
const QUOTES: &str = "“”„«»";
/// What a letter without anything near it becomes.
const UNKNOWN: char = '?';

/// Replaces what is not ASCII.
pub(super) fn reduce(buffer: &mut Buffer) {
    let mut covered = 0;
    for cell in &mut buffer.content {
        let symbol = cell.symbol();
        if symbol.is_ascii() {
            // A wide letter covers the cell behind it, which is free now.
            if std::mem::take(&mut covered) > 0 {
                cell.set_char(' ');
            }
            continue;
        }
        covered = super::text::width(symbol).saturating_sub(1);
        let plain = plain(symbol);
        cell.set_char(plain);
    }
}

fn plain(symbol: &str) -> char {
    let Some(first) = symbol.chars().next() else { return ' ' };
    let sign = SIGNS.iter().find(|(signs, _)| signs.contains(first)).map(|(_, plain)| *plain);
    sign.or_else(|| drawn(first)).or_else(|| letter(symbol)).unwrap_or(UNKNOWN)
}

/// Lines, blocks and braille.
fn drawn(sign: char) -> Option<char> {
    Some(match sign {
        '─' | '━' | '┄' | '┅' | '╌' | '╴' | '╶' | '╸' | '╺' => '-',
        '│' | '┃' | '┆' | '╎' | '╵' | '╷' | '╹' | '╻' | '╽' | '╿' | '▏' | '▕' => '|',
        '\u{2500}'..='\u{257f}' => '+',
        '▁' | '▂' | '▖' | '▗' => '_',
        '▃' | '▄' => 'o',
        '▀' | '▘' | '▝' => '"',
        '\u{2580}'..='\u{259f}' => '#',
        '▮' => '|',
        '\u{2800}'..='\u{28ff}' => braille(sign as u32 - 0x2800),
        _ => return None,
    })
}

/// By whether the dots are in the upper half, the lower, or both.
fn braille(dots: u32) -> char {
    const UPPER: u32 = 0b0001_1011;
    match (dots & UPPER != 0, dots & !UPPER != 0) {
        (true, true) => ':',
        (true, false) => '\'',
        (false, true) => '.',
        (false, false) => ' ',
    }
}

/// A letter without its accent.
fn letter(symbol: &str) -> Option<char> {
    if symbol.chars().any(|sign| QUOTES.contains(sign)) {
        return Some('"');
    }
    let base = symbol.nfkd().find(char::is_ascii)?;
    Some(if base.is_control() { UNKNOWN } else { base })
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;

    #[test]
    fn every_sign_has_a_plain_one() {
        for (text, expected) in [
            ("╭ Wire ─╮", "+ Wire -+"),
            ("● 2m ▲ +0.6% −1 ×3 …", "o 2m ^ +0.6% -1 x3 ~"),
            ("Économie à 5 €", "Economie a 5 ?"),
            ("英伟达 up", "? ? ?  up"),
            ("⠉⣀⣿⠀", "'.: "),
            ("▁▄█┃╷", "_o#||"),
            ("« tout »", "\" tout \""),
        ] {
            let mut buffer = Buffer::empty(Rect::new(0, 0, 24, 1));
            buffer.set_string(0, 0, text, Style::new());
            reduce(&mut buffer);
            let row: String = buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect();
            assert_eq!(row.trim_end(), expected.trim_end(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_but_ascii_is_left(text in "\\PC{0,40}") {
            let mut buffer = Buffer::empty(Rect::new(0, 0, 40, 1));
            buffer.set_stringn(0, 0, &text, 40, Style::new());
            reduce(&mut buffer);
            proptest::prop_assert!(buffer.content.iter().all(|cell| cell.symbol().len() == 1 && cell.symbol().is_ascii()));
        }
    }
}
