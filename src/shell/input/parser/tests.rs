use crossterm::event::{KeyEventKind, KeyModifiers, MouseEventKind};
use proptest::prelude::{any, prop};
use proptest::proptest;

use super::*;

/// `C-c`, `A-S-x`, `Up`, `paste:…`: what came, as one reads it.
fn shown(inputs: &[Input]) -> String {
    let each = inputs.iter().map(|input| match input {
        Input::Background { light } => if *light { "light" } else { "dark" }.to_owned(),
        Input::Event(Event::Key(key)) => {
            let held = [(KeyModifiers::CONTROL, "C-"), (KeyModifiers::ALT, "A-"), (KeyModifiers::SHIFT, "S-")];
            let held = held.into_iter().filter(|(held, _)| key.modifiers.contains(*held)).map(|(_, name)| name);
            let kind = if key.kind == KeyEventKind::Press { "" } else { "released " };
            format!("{kind}{}{}", held.collect::<String>(), key.code)
        }
        Input::Event(Event::Mouse(mouse)) => {
            let kind = match mouse.kind {
                MouseEventKind::Down(_) => "down",
                MouseEventKind::Up(_) => "up",
                MouseEventKind::ScrollUp => "scroll-up",
                MouseEventKind::Moved => "moved",
                _ => "other",
            };
            format!("{kind}@{},{}", mouse.column, mouse.row)
        }
        Input::Event(Event::Paste(text)) => format!("paste:{text}"),
        Input::Event(Event::FocusGained) => "focus".to_owned(),
        Input::Event(Event::FocusLost) => "blur".to_owned(),
        Input::Event(other) => format!("{other:?}"),
    });
    each.collect::<Vec<_>>().join(" ")
}

fn read(bytes: &[u8]) -> String {
    let mut parser = Parser::default();
    let mut inputs = parser.take(bytes);
    inputs.extend(parser.pause());
    shown(&inputs)
}

#[test]
fn keys_of_every_kind() {
    for (bytes, expected) in [
        ("jQ", "j S-Q"),
        ("\r\t\x7f\n", "Enter Tab Backspace C-j"),
        ("\x03\x1a\0\x1c", "C-c C-z C-Space C-4"),
        ("é日🙂", "é 日 🙂"),
        ("\x1b", "Esc"),
        ("\x1b\x1b", "Esc Esc"),
        ("\x1bq\x1bQ\x1bé\x1b\r", "A-q A-S-Q A-é A-Enter"),
        ("\x1b[A\x1b[B\x1bOC\x1bOD", "Up Down Right Left"),
        ("\x1b[1;5A\x1b[1;3D\x1b[1;2H", "C-Up A-Left S-Home"),
        ("\x1b[Z\x1b[3~\x1b[5~\x1b[6;5~", "S-Back Tab Del Page Up C-Page Down"),
        ("\x1bOP\x1b[15~\x1b[24~\x1b[[A\x1b[1;2R", "F1 F5 F12 F1"),
        ("\x1b[97;5u\x1b[27u\x1b[97:65;2u\x1b[27;5;9~", "C-a Esc A C-Tab"),
        ("\x1b[97;1:3u\x1b[57414u\x1b[57424u", "released a Enter End"),
        ("\x1b[I\x1b[O", "focus blur"),
        ("\x1b[<0;10;5M\x1b[<0;10;5m\x1b[<64;1;1M", "down@9,4 up@9,4 scroll-up@0,0"),
        ("\x1b[32;10;5M\x1b[M *%", "down@9,4 down@9,4"),
        ("\x1b[200~two\nlines \x1b[A é\x1b[201~q", "paste:two\nlines \x1b[A é q"),
        // Held with Alt, and not the beginning of anything.
        ("\x1b[", "A-["),
        ("\x1b]", "A-]"),
        ("\x1bO", "A-S-O"),
        ("\x1b]q", "A-] q"),
        ("\x1bPq", "A-S-P q"),
        ("\x1b_q", "A-_ q"),
    ] {
        assert_eq!(read(bytes.as_bytes()), expected, "{bytes:?}");
    }
}

/// What terminals answer, or tell unasked: late, from an earlier program, newer than this code.
const REPORTS: [&str; 20] = [
    "\x1b[?997;1n",
    "\x1b[?2026;2$y",
    "\x1b[?2027;0$y",
    "\x1b[?1;2c",
    "\x1b[?64;1;2;6;9;15;18;21;22c",
    "\x1b[>1;4000;29c",
    "\x1b[=c",
    "\x1b[24;80R",
    "\x1b[0n",
    "\x1b[?1u",
    "\x1b[?15;3R",
    "\x1b[8;45;160t",
    "\x1b[48;45;160;900;1600t",
    "\x1b[999~",
    "\x1b[1;2;3;4;5z",
    "\x1b]10;rgb:0000/0000/0000\x1b\\",
    "\x1b]52;c;bmV3cw==\x07",
    "\x1bP>|XTerm(390)\x1b\\",
    "\x1bP1$r0m\x1b\\",
    "\x1b_Gi=31;OK\x1b\\",
];

#[test]
fn reports_are_passed_over_and_the_keys_behind_them_are_not() {
    for report in REPORTS {
        assert_eq!(read(format!("{report}q\x03\x1b[A").as_bytes()), "q C-c Up", "{report:?}");
    }
}

#[test]
fn a_report_cut_anywhere_makes_no_key_dead() {
    for report in REPORTS {
        for cut in 1..report.len() {
            let mut parser = Parser::default();
            parser.take(&report.as_bytes()[..cut]);
            parser.pause();
            assert_eq!(shown(&parser.take(b"q")), "q", "{:?}", &report[..cut]);
            // Without a pause, a control key and a cursor key are never taken for a part of it.
            let read = read(format!("{}\x03\x1b[A", &report[..cut]).as_bytes());
            assert!(read.ends_with("Up"), "{:?}: {read}", &report[..cut]);
        }
    }
}

#[test]
fn the_background_is_told() {
    for (answer, expected) in [
        ("\x1b]11;rgb:ffff/ffff/f0f0\x1b\\q", "light q"),
        ("j\x1b]11;rgb:1e/1e/2e\x07q", "j dark q"),
        ("\x1b]11;rgba:0000/0000/0000/ffff\x1b\\", "dark"),
        ("\x1b]11;what\x1b\\q", "q"),
        ("\x1b]11;rgb:ffff/ffff/f0f0", ""),
    ] {
        assert_eq!(read(answer.as_bytes()), expected, "{answer:?}");
    }
}

#[test]
fn a_paste_without_an_end_holds_little_and_can_be_left() {
    let mut parser = Parser::default();
    assert_eq!(parser.take(b"\x1b[200~"), []);
    for _ in 0..64 {
        assert_eq!(parser.take(&[b'x'; 4096]), []);
        assert!(parser.held.len() <= PASTE_MAX * 2, "{}", parser.held.len());
    }
    assert_eq!(shown(&parser.take(b"\x03q")), "C-c q");
    // One that stops is what came of it.
    parser.take(b"\x1b[200~half");
    assert_eq!((parser.patience(), shown(&parser.pause())), (Some(PASTE_PAUSE), "paste:half".to_owned()));
    assert_eq!(shown(&parser.take(b"q")), "q");
    // A long one that ends is cut, and its end is seen.
    let long = [b"\x1b[200~".as_slice(), &vec![b'x'; PASTE_MAX * 5], PASTE_END, b"q"].concat();
    let inputs = parser.take(&long);
    assert_eq!(inputs.len(), 2);
    assert_eq!(inputs[0], Input::Event(Event::Paste("x".repeat(PASTE_MAX))));
}

#[test]
fn only_what_is_unfinished_waits() {
    for (bytes, waits) in [("q", None), ("\x1b", Some(ESCAPE_PAUSE)), ("\x1b[1;", Some(SEQUENCE_PAUSE))] {
        let mut parser = Parser::default();
        parser.take(bytes.as_bytes());
        assert_eq!(parser.patience(), waits, "{bytes:?}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_deaf(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..8)) {
        let mut parser = Parser::default();
        for piece in &pieces {
            parser.take(piece);
        }
        parser.pause();
        assert_eq!((parser.patience(), shown(&parser.take(b"q"))), (None, "q".to_owned()));
    }

    #[test]
    fn no_sequences_make_it_deaf(bytes in "[\x1b\\[\\]OP_?<>0-9;:$a-zA-Z~M\x07\\\\]{0,60}") {
        let mut parser = Parser::default();
        parser.take(bytes.as_bytes());
        parser.pause();
        assert_eq!((parser.patience(), shown(&parser.take(b"q"))), (None, "q".to_owned()));
    }

    #[test]
    fn it_does_not_matter_where_bytes_are_cut(bytes in "[\x1b\\[\\]0-9;A-Ea-e~é]{0,40}", cut in 0usize..40) {
        let bytes = bytes.as_bytes();
        let (mut whole, mut cut_up) = (Parser::default(), Parser::default());
        let cut = cut.min(bytes.len());
        let mut pieces = cut_up.take(&bytes[..cut]);
        pieces.extend(cut_up.take(&bytes[cut..]));
        assert_eq!(whole.take(bytes), pieces);
    }
}
