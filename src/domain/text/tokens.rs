//! A text cut into words.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::super::fingerprint;
use super::{folds_to, hash, is_accent};

/// One word of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) text: &'a str,
    pub(crate) place: Range<usize>,
    pub(crate) number: bool,
    /// As [`hash`] gives it.
    pub(crate) hash: u32,
}

/// Cuts a text into words, by the rules at [`Text`](super::Text).
#[derive(Clone, Debug)]
pub(crate) struct Tokens<'a> {
    text: &'a str,
    /// What stands before this byte has been cut.
    at: usize,
}

impl<'a> Tokens<'a> {
    /// Longest word in bytes; a longer run is cut into several.
    const LONGEST: usize = 240;

    pub(crate) fn new(text: &'a str) -> Self {
        Tokens { text, at: 0 }
    }

    fn char_at(&self, at: usize) -> Option<char> {
        self.text.get(at..)?.chars().next()
    }

    fn skip_to(&mut self, end: usize) {
        self.at = self.at.max(end);
    }

    /// The plain word that begins at `start`: ASCII letters and digits, nothing behind them that has to be judged. None
    /// when there is more to it.
    fn plain(&self, start: usize) -> Option<(usize, u32)> {
        let bytes = self.text.as_bytes().get(start..)?;
        let (mut length, mut hash) = (0, fingerprint::EMPTY_32);
        while let Some(byte) = bytes.get(length).filter(|byte| byte.is_ascii_alphanumeric()) {
            hash = fingerprint::on_32(hash, byte.to_ascii_lowercase());
            length += 1;
        }
        let is_plain = match bytes.get(length) {
            None => true,
            Some(b'.') => length > 1,
            Some(next) => next.is_ascii() && *next != b'\'',
        };
        (is_plain && length < Tokens::LONGEST).then_some((start + length, hash))
    }

    fn token(&mut self, place: Range<usize>, number: bool) -> Option<Token<'a>> {
        self.skip_to(place.end);
        let text = self.text.get(place.clone())?;
        Some(Token { text, place, number, hash: hash(text) })
    }

    /// The end of the number that begins at `start`: digits, with separators that a digit follows.
    fn number_end(&self, start: usize) -> usize {
        let mut end = self.digits_end(start);
        while end - start < Tokens::LONGEST / 2 {
            let Some(c) = self.char_at(end) else { break };
            let next = end + c.len_utf8();
            let after = self.digits_end(next);
            let group = after - next == 3 && !self.char_at(after).is_some_and(char::is_alphanumeric);
            let joins = match c {
                '.' | ',' => after > next,
                // French and SI thousands, as in 60 000; a year before a number is not taken for one
                ' ' | '\u{a0}' | '\u{202f}' => group && self.text.get(start..end).is_some_and(is_thousands),
                _ => false,
            };
            if !joins {
                break;
            }
            end = after;
        }
        end
    }

    fn accents_end(&self, from: usize) -> usize {
        let rest = self.text.get(from..).unwrap_or_default();
        from + rest.len() - rest.trim_start_matches(is_accent).len()
    }

    fn digits_end(&self, from: usize) -> usize {
        let digits = self.text.get(from..).unwrap_or_default();
        let run = digits.bytes().take(Tokens::LONGEST / 2).take_while(u8::is_ascii_digit).count();
        from + run
    }

    /// The end of the run of letters that begins at `start`.
    fn letters_end(&self, start: usize) -> usize {
        let run = self.text.get(start..).unwrap_or_default();
        let end = run.char_indices().find(|&(at, c)| at >= Tokens::LONGEST || !continues_word(c));
        start + end.map_or(run.len(), |(at, _)| at)
    }

    /// The end of `U.S.` and the like: single letters with points; None when `start` begins no such thing.
    fn acronym_end(&self, start: usize) -> Option<usize> {
        let mut end = start;
        let mut letters = 0;
        while let Some(c) = self.char_at(end).filter(|&c| is_latin_letter(c))
            && letters < 8
        {
            let after = self.accents_end(end + c.len_utf8());
            letters += 1;
            if self.char_at(after) != Some('.') {
                return (letters > 1 && !self.char_at(after).is_some_and(continues_word)).then_some(after);
            }
            end = after + 1;
        }
        let closed = !self.char_at(end).is_some_and(continues_word);
        (letters > 1 && closed).then(|| end - 1)
    }

    /// The word of letters that begins at `start`, apostrophes judged; None when it is an elided article alone.
    fn letters(&mut self, start: usize) -> Option<Token<'a>> {
        if let Some(end) = self.acronym_end(start) {
            return self.token(start..end, false);
        }
        let end = self.letters_end(start);
        let Some(apostrophe) = self.char_at(end).filter(|&c| is_apostrophe(c)) else {
            return self.token(start..end, false);
        };
        let after = end + apostrophe.len_utf8();
        let joined = if self.char_at(after).is_some_and(is_combining_mark) { after } else { self.letters_end(after) };
        let (left, right) = (self.text.get(start..end)?, self.text.get(after..joined)?);
        if !right.is_empty() && is_elided(left) {
            self.skip_to(after);
            return None;
        }
        let is_possessive = is_word(right, "s");
        if right.is_empty() || is_possessive || joined - start > Tokens::LONGEST {
            let token = self.token(start..end, false);
            self.skip_to(if is_possessive { joined } else { after });
            return token;
        }
        self.token(start..joined, false)
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let start = self.at;
            let byte = *self.text.as_bytes().get(start)?;
            if byte.is_ascii_alphabetic()
                && let Some((end, hash)) = self.plain(start)
            {
                self.at = end;
                return Some(Token { text: self.text.get(start..end)?, place: start..end, number: false, hash });
            }
            if is_separator(byte) {
                self.at += 1;
                continue;
            }
            let c = self.char_at(start)?;
            let token = match c {
                '0'..='9' => self.token(start..self.number_end(start), true),
                '$' | '€' | '£' | '¥' | '₿' | '%' => self.token(start..start + c.len_utf8(), false),
                c if c.is_alphanumeric() && !is_apostrophe(c) => self.letters(start),
                _ => {
                    self.at += c.len_utf8();
                    None
                }
            };
            if token.is_some() {
                return token;
            }
        }
    }
}

/// What parts words and says nothing else: the commonest such.
fn is_separator(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'!'..=b'#' | b'&'..=b'/' | b':'..=b'@' | b'['..=b'`' | b'{'..=b'~')
}

/// One to three digits, or groups of three behind them.
fn is_thousands(digits: &str) -> bool {
    digits.split(|c: char| !c.is_ascii_digit()).enumerate().all(|(at, group)| match at {
        0 => group.len() <= 3,
        _ => group.len() == 3,
    })
}

pub(super) fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | '‘' | 'ʼ' | '＇')
}

fn continues_word(c: char) -> bool {
    (c.is_alphanumeric() && !is_apostrophe(c)) || (!c.is_ascii() && is_combining_mark(c))
}

/// French words that lose their vowel before another.
fn is_elided(word: &str) -> bool {
    const ELIDED: [&str; 13] = ["l", "d", "j", "m", "n", "s", "t", "c", "qu", "lorsqu", "puisqu", "jusqu", "quoiqu"];
    ELIDED.iter().any(|elided| is_word(word, elided))
}

/// Is it this word of plain letters, whatever its case and accents?
fn is_word(word: &str, plain: &str) -> bool {
    if word.is_ascii() { word.eq_ignore_ascii_case(plain) } else { folds_to(word, plain, false) }
}

fn is_latin_letter(c: char) -> bool {
    c.is_ascii_alphabetic()
        || (!c.is_ascii() && c.is_alphabetic() && c.nfd().next().is_some_and(|c| c.is_ascii_alphabetic()))
}
