//! Text from outside: made safe to show, and made ready to be searched.

use std::fmt;
use std::ops::Range;

use unicode_normalization::UnicodeNormalization;

use super::Name;
use super::fingerprint;

mod tokens;
mod word_set;

use tokens::is_apostrophe;
pub(crate) use tokens::{Token, Tokens};
pub use word_set::WordSet;

const ESC: char = '\u{1b}';
const BEL: char = '\u{7}';
const STRING_TERMINATOR: char = '\u{9c}';
const ZWJ: char = '\u{200d}';
const EMOJI_PRESENTATION: char = '\u{fe0f}';

/// Removes what must never reach a terminal or a matcher: control characters, escape sequences, bidi overrides and
/// other invisible format characters. Runs of white space become one space; both ends are trimmed.
///
/// Escape sequences (ECMA-48: CSI, OSC, DCS, SOS, PM, APC and the two-character ones) go whole, in their 7-bit and
/// their C1 form; of one that never ends only the introducer goes, so that no text is lost. ZWJ and VS16 stay where
/// they hold an emoji together. Cleaning twice gives the same as cleaning once.
pub fn clean(text: &str) -> String {
    if text.is_ascii() && !text.bytes().any(|b| b.is_ascii_control()) && !text.contains("  ") {
        return text.trim().to_owned();
    }
    tidy(&strip(text))
}

/// Drops escape sequences, controls and format characters; every white space becomes U+0020.
fn strip(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    loop {
        rest = push_run(&mut out, rest, |byte| matches!(byte, b' '..=b'~'));
        let Some(c) = rest.chars().next() else { break };
        let after = &rest[c.len_utf8()..];
        rest = match c {
            ESC | '\u{90}' | '\u{98}' | '\u{9b}' | '\u{9d}'..='\u{9f}' => after_escape(c, after),
            c if c.is_whitespace() => {
                out.push(' ');
                after
            }
            c if c.is_control() || is_invisible(c) => after,
            c => {
                out.push(c);
                after
            }
        };
    }
    out
}

/// Takes over the ASCII bytes that are wanted, many at once; what follows them.
fn push_run<'a>(out: &mut String, text: &'a str, is_wanted: impl Fn(u8) -> bool) -> &'a str {
    let end = text.bytes().position(|byte| !is_wanted(byte)).unwrap_or(text.len());
    let (run, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    out.push_str(run);
    rest
}

/// What follows an escape sequence that `introducer` began.
fn after_escape(introducer: char, after: &str) -> &str {
    let (kind, body) = match (introducer, after.chars().next()) {
        (ESC, Some(c)) if c.is_ascii() => (c, &after[1..]),
        (ESC, _) => return after,
        ('\u{90}', _) => ('P', after),
        ('\u{98}', _) => ('X', after),
        ('\u{9b}', _) => ('[', after),
        ('\u{9d}', _) => (']', after),
        _ => ('_', after),
    };
    match kind {
        '[' => after_control_sequence(body).unwrap_or(body),
        ']' | 'P' | 'X' | '^' | '_' => after_control_string(body).unwrap_or(body),
        ' '..='/' => after_control_sequence(body).unwrap_or(body),
        '0'..='~' => body,
        _ => after,
    }
}

/// Parameter and intermediate bytes, then one final byte; None when something else comes.
fn after_control_sequence(body: &str) -> Option<&str> {
    let end = body.find(|c: char| !matches!(c, ' '..='?'))?;
    let (_, rest) = body.split_at_checked(end)?;
    rest.strip_prefix(|c: char| matches!(c, '@'..='~'))
}

/// Up to and with the BEL or ST that ends a control string; None when it never ends.
fn after_control_string(body: &str) -> Option<&str> {
    let end = body.find([BEL, ESC, STRING_TERMINATOR])?;
    let (_, rest) = body.split_at_checked(end)?;
    rest.strip_prefix("\u{1b}\\").or_else(|| rest.strip_prefix([BEL, STRING_TERMINATOR])).or(Some(rest))
}

/// Does a character steer a terminal, or show nothing on it? ZWJ and VS16 do neither: they hold emoji together.
pub fn steers(c: char) -> bool {
    c.is_control() || is_invisible(c) || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Format characters (general category Cf) and the blanks that show nothing, but for ZWJ and VS16, which `tidy` judges.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}' | '\u{891}'
        | '\u{8e2}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}' | '\u{200c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0e}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{fffe}' | '\u{ffff}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Collapses spaces, trims, and drops the joiners that hold no emoji together.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut last = ' ';
    let mut rest = text;
    loop {
        let before = out.len();
        rest = push_run(&mut out, rest, |byte| byte.is_ascii_graphic());
        if out.len() > before {
            last = out.chars().next_back().unwrap_or(' ');
        }
        let mut chars = rest.chars();
        let Some(c) = chars.next() else { break };
        rest = chars.as_str();
        let keep = match c {
            ' ' => last != ' ',
            ZWJ => (is_emoji(last) || last == EMOJI_PRESENTATION) && rest.chars().next().is_some_and(is_emoji),
            EMOJI_PRESENTATION => is_emoji(last) || matches!(last, '0'..='9' | '#' | '*'),
            _ => true,
        };
        if keep {
            out.push(c);
            last = c;
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// Roughly Unicode's `Emoji` property, letters and digits apart.
fn is_emoji(c: char) -> bool {
    matches!(c,
        '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}' | '\u{2190}'..='\u{21ff}'
        | '\u{2300}'..='\u{23ff}' | '\u{25a0}'..='\u{27bf}' | '\u{2900}'..='\u{2bff}' | '\u{3030}' | '\u{303d}'
        | '\u{3297}' | '\u{3299}' | '\u{1f000}'..='\u{1faff}')
}

/// A place in the title, in bytes.
pub type TitleSpan = Range<usize>;

/// Title and summary of a story, folded for matching (lower case, no accents) and cut into words once.
///
/// A word is a run of letters and digits. Elided articles (`d'`, `l'`, `qu'`) and the English possessive (`'s`) are no
/// words; other apostrophes and the points of `U.S.` are dropped from theirs; hyphens part words. A number is a word
/// (`60,000`, `60 000` and `60000` are the same, `6,6` is `6.6`), parted from a unit written to it (`40bn`); a
/// currency sign and `%` are words. The words are kept as hash and place, so a text takes about 2.5 times its bytes.
#[derive(Clone, Debug)]
pub struct Text {
    /// Shared with the story that they are of.
    title: Name,
    summary: Name,
    words: Box<[Word]>,
    title_words: u16,
    /// When it is known.
    lang: Option<Lang>,
}

/// A language by its two letters, as in `fr`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Lang([u8; 2]);

impl Lang {
    /// Of a code such as `fr` or `fr-CA`; None of anything else.
    pub(crate) fn of(code: &str) -> Option<Lang> {
        let family = code.split(['-', '_']).next().unwrap_or(code).to_ascii_lowercase();
        Lang::read(&family)
    }

    /// Of two small letters.
    pub(crate) fn read(letters: &str) -> Option<Lang> {
        let letters: [u8; 2] = letters.as_bytes().try_into().ok()?;
        letters.iter().all(u8::is_ascii_lowercase).then_some(Lang(letters))
    }
}

impl fmt::Display for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", char::from(self.0[0]), char::from(self.0[1]))
    }
}

/// A word by its place in the source; the hash is that of its folded letters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Word {
    pub(crate) hash: u32,
    at: u16,
    len: u8,
    flags: u8,
}

/// A sentence, or a part of a round-up, ends before this word.
const BREAK: u8 = 1;
/// The word is a number.
const NUMBER: u8 = 2;

impl Word {
    pub(crate) fn begins_sentence(self) -> bool {
        self.flags & BREAK != 0
    }

    pub(crate) fn is_number(self) -> bool {
        self.flags & NUMBER != 0
    }
}

/// The text itself, or the most of it that fits.
fn shortened(text: &Name, max: usize) -> Name {
    if text.len() <= max { text.clone() } else { cut(text, max).into() }
}

impl Text {
    /// Longest source kept, in bytes; what lies behind is not searched.
    const MAX: usize = u16::MAX as usize - 1;

    /// Of clean text; see [`clean`].
    pub fn new(title: &str, summary: &str) -> Text {
        Text::sharing(&title.into(), &summary.into())
    }

    /// Of clean text that somebody else holds as well.
    pub fn sharing(title: &Name, summary: &Name) -> Text {
        let title = shortened(title, Text::MAX);
        let summary = shortened(summary, Text::MAX - title.len());
        let mut words = Vec::with_capacity((title.len() + summary.len()) / 6);
        push_words(&title, 0, &mut words);
        let title_words = words.len() as u16;
        push_words(&summary, title.len() + 1, &mut words);
        Text { title, summary, words: words.into_boxed_slice(), title_words, lang: None }
    }

    /// The same in a language (`fr`, `fr-CA`): terms of another one don't count in it.
    #[must_use]
    pub fn in_lang(mut self, code: Option<&str>) -> Text {
        self.lang = code.and_then(Lang::of);
        self
    }

    /// Is it in this language, as far as is known?
    pub(crate) fn may_be_in(&self, lang: Lang) -> bool {
        self.lang.is_none_or(|own| own == lang)
    }

    /// Of a clean name, which has no sentences: `Yahoo! Finance`, `St. Louis Post`.
    pub fn name(name: &str) -> Text {
        let mut text = Text::new(name, "");
        text.words.iter_mut().for_each(|word| word.flags &= !BREAK);
        text
    }

    /// As given.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// As given.
    pub fn summary(&self) -> &str {
        &self.summary
    }

    pub(crate) fn words(&self) -> &[Word] {
        &self.words
    }

    /// The indices of the words of the title; those of the summary follow.
    pub fn title_words(&self) -> Range<usize> {
        0..self.title_words.into()
    }

    /// The indices of the words of the summary.
    pub fn summary_words(&self) -> Range<usize> {
        self.title_words.into()..self.words.len()
    }

    /// A word as it stands in the text.
    pub(crate) fn word(&self, index: usize) -> &str {
        let place =
            self.words.get(index).map(|word| usize::from(word.at)..usize::from(word.at) + usize::from(word.len));
        place.map(|place| self.at(place)).unwrap_or_default()
    }

    /// The text from the first to the last of some words.
    pub(crate) fn slice(&self, words: Range<usize>) -> &str {
        self.at(self.place(words))
    }

    /// What stands at some bytes: the summary follows the title after one more. Nothing stands in both.
    fn at(&self, place: Range<usize>) -> &str {
        let behind = self.title.len() + 1;
        match place.start.checked_sub(behind) {
            Some(start) => self.summary.get(start..place.end.saturating_sub(behind)),
            None => self.title.get(place.start..place.end.min(self.title.len())),
        }
        .unwrap_or_default()
    }

    /// Words as they are compared, with a blank between them: what an index of words is made of.
    pub fn folded(&self, words: Range<usize>) -> String {
        let mut out = String::new();
        for at in words {
            out.push_str(if out.is_empty() { "" } else { " " });
            fold_into(self.word(at), false, &mut |c| out.push(c));
        }
        out
    }

    /// The bytes of some words; those of the title are at the same place in the title.
    pub(crate) fn place(&self, words: Range<usize>) -> Range<usize> {
        let bounds = self.words.get(words.clone()).and_then(|found| Some((found.first()?, found.last()?)));
        bounds.map_or(0..0, |(first, last)| first.at.into()..usize::from(last.at) + usize::from(last.len))
    }
}

/// The longest beginning of `text` of at most `max` bytes.
fn cut(text: &str, max: usize) -> &str {
    text.get(..text.floor_char_boundary(max)).unwrap_or(text)
}

fn push_words(text: &str, offset: usize, words: &mut Vec<Word>) {
    let mut separator = 0;
    for token in Tokens::new(text) {
        let gap = || text.get(separator..token.place.start).unwrap_or_default();
        let ends = if separator == 0 { offset > 0 } else { token.place.start > separator + 1 && ends_sentence(gap()) };
        separator = token.place.end;
        let Ok(at) = u16::try_from(offset + token.place.start) else { return };
        words.push(Word {
            hash: token.hash,
            at,
            len: token.text.len() as u8,
            flags: u8::from(ends) * BREAK + u8::from(token.number) * NUMBER,
        });
    }
}

/// Whether what stands between two words parts sentences or the items of a round-up.
fn ends_sentence(gap: &str) -> bool {
    gap.len() > 1 && (gap.contains([';', '|', '?', '!', '•', '·', '…']) || gap.contains(". ") || gap.contains(".\n"))
}

/// The letters and digits of a word as they are compared: no accents, no inner points and apostrophes, lower case
/// unless `keep_case`.
pub(crate) fn fold(word: &str, keep_case: bool) -> String {
    let mut out = String::with_capacity(word.len());
    fold_into(word, keep_case, &mut |c| out.push(c));
    out
}

/// Whether a word folds to `folded`, without allocating.
pub(crate) fn folds_to(word: &str, folded: &str, keep_case: bool) -> bool {
    if word.len() == folded.len() && word.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return if keep_case { word == folded } else { word.eq_ignore_ascii_case(folded) };
    }
    let (mut rest, mut same) = (folded.chars(), true);
    fold_into(word, keep_case, &mut |c| same = same && rest.next() == Some(c));
    same && rest.next().is_none()
}

/// Whether a word, folded, begins with `folded`.
pub(crate) fn fold_begins(word: &str, folded: &str) -> bool {
    if word.is_ascii() && !word.contains(['.', '\'', ',']) {
        return word.get(..folded.len()).is_some_and(|start| start.eq_ignore_ascii_case(folded));
    }
    let (mut rest, mut same) = (folded.chars(), true);
    fold_into(word, false, &mut |c| same = same && rest.next().is_none_or(|want| want == c));
    same && rest.next().is_none()
}

/// The fingerprint of the folded word.
pub(crate) fn hash(word: &str) -> u32 {
    let mut h = fingerprint::EMPTY_32;
    let is_plain = word.bytes().all(|b| {
        h = fingerprint::on_32(h, b.to_ascii_lowercase());
        b.is_ascii_alphanumeric()
    });
    if is_plain {
        return h;
    }
    h = fingerprint::EMPTY_32;
    let mut buffer = [0; 4];
    fold_into(word, false, &mut |c| h = c.encode_utf8(&mut buffer).bytes().fold(h, fingerprint::on_32));
    h
}

fn fold_into(word: &str, keep_case: bool, sink: &mut impl FnMut(char)) {
    if word.starts_with(|c: char| c.is_ascii_digit()) {
        return fold_number(word, sink);
    }
    let mut emit = |c: char| match keep_case {
        true => sink(c),
        false => c.to_lowercase().for_each(&mut *sink),
    };
    if word.is_ascii() {
        return word.chars().filter(|c| !matches!(c, '.' | '\'')).for_each(emit);
    }
    for c in word.nfd().filter(|&c| !is_accent(c) && c != '.' && !is_apostrophe(c)) {
        match c {
            'ß' | 'ẞ' => "ss".chars().for_each(&mut emit),
            'œ' => "oe".chars().for_each(&mut emit),
            'Œ' => "OE".chars().for_each(&mut emit),
            'æ' => "ae".chars().for_each(&mut emit),
            'Æ' => "AE".chars().for_each(&mut emit),
            'ø' => emit('o'),
            'Ø' => emit('O'),
            'ł' => emit('l'),
            'Ł' => emit('L'),
            // Forms of small letters that a change of case and back does not give.
            'ς' => emit('σ'),
            'ſ' => emit('s'),
            'ı' => emit('i'),
            c => emit(c),
        }
    }
}

/// Thousands marks are dropped, a decimal comma becomes a point: `60,000` is 60000, `6,6` is 6.6.
fn fold_number(word: &str, sink: &mut impl FnMut(char)) {
    for (at, c) in word.char_indices() {
        let behind = word.get(at + c.len_utf8()..).unwrap_or_default();
        match c {
            '0'..='9' => sink(c),
            ',' if behind.bytes().take_while(u8::is_ascii_digit).count() == 3 => {}
            ',' | '.' => sink('.'),
            _ => {}
        }
    }
}

/// `a` to `z`, with an accent or without.
/// The combining marks that European accents decompose to.
fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn folded(text: &str) -> Vec<String> {
        Tokens::new(text).map(|token| fold(token.text, false)).collect()
    }

    #[test]
    fn clean_removes_what_a_terminal_would_obey() {
        let cases = [
            ("plain", "plain"),
            ("  two   words \n", "two words"),
            ("\x1b[31mred\x1b[0m", "red"),
            ("\x1b]0;title\x07after", "after"),
            ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
            ("\u{9b}31mred", "red"),
            ("\u{9d}0;t\u{9c}after", "after"),
            ("\x1bPq#0\x1b\\pic", "pic"),
            ("\x1b(Bcharset", "charset"),
            ("\x1b]never ends", "never ends"),
            ("lone\x1b", "lone"),
            ("a\0b\x08c\x7fd", "abcd"),
            ("up\u{202e}side\u{202c}", "upside"),
            ("\u{2066}iso\u{2069}late", "isolate"),
            ("zero\u{200b}width\u{feff}", "zerowidth"),
            ("non\u{a0}breaking\u{202f}%\u{3000}x", "non breaking % x"),
            ("line\u{2028}two", "line two"),
            ("\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}", "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}"),
            ("\u{2764}\u{fe0f}", "\u{2764}\u{fe0f}"),
            ("a\u{200d}b\u{fe0f}", "ab"),
            ("soft\u{ad}hyphen", "softhyphen"),
        ];
        for (dirty, want) in cases {
            assert_eq!(clean(dirty), want, "{dirty:?}");
        }
    }

    #[test]
    fn words_are_cut_where_a_reader_would() {
        let cases: [(&str, &[&str]); 17] = [
            ("Nvidia’s rise", &["nvidia", "rise"]),
            ("L'IA d’OpenAI, qu'Altman", &["ia", "openai", "altman"]),
            ("don't stop", &["dont", "stop"]),
            ("U.S. S.E.C. acts", &["us", "sec", "acts"]),
            ("the U.S.", &["the", "us"]),
            ("aux É.U. et E\u{301}.U.", &["aux", "eu", "et", "eu"]),
            ("$40bn", &["$", "40", "bn"]),
            ("6.6 milliards", &["6.6", "milliards"]),
            ("6,6 Mds €", &["6.6", "mds", "€"]),
            ("60,000 60 000 60000", &["60000", "60000", "60000"]),
            ("in 2024 500 firms", &["in", "2024", "500", "firms"]),
            ("-2.1 %", &["2.1", "%"]),
            ("BTC-USD H100", &["btc", "usd", "h100"]),
            ("Élysée COÛTE œuvre Straße", &["elysee", "coute", "oeuvre", "strasse"]),
            ("e\u{301}te\u{301}", &["ete"]),
            ("users' data", &["users", "data"]),
            ("…", &[]),
        ];
        for (text, want) in cases {
            assert_eq!(folded(text), want, "{text:?}");
        }
    }

    #[test]
    fn places_point_into_the_text() {
        let text = Text::new("L'Élysée: $40bn", "Second. Third");
        let words: Vec<&str> = (0..text.words().len()).map(|i| text.word(i)).collect();
        assert_eq!(words, ["Élysée", "$", "40", "bn", "Second", "Third"]);
        assert_eq!(text.slice(1..4), "$40bn");
        assert_eq!(&text.title()[text.place(1..4)], "$40bn");
        assert_eq!((text.title_words(), text.summary_words()), (0..4, 4..6));
        assert!(text.words()[5].begins_sentence() && text.words()[4].begins_sentence());
        assert!(!text.words()[0].begins_sentence() && !text.words()[1].begins_sentence());
        assert!(text.words()[2].is_number());
    }

    #[test]
    fn a_text_takes_less_than_three_times_its_bytes() {
        let summary = "The company said on Tuesday that its revenue for the quarter rose to a record. ".repeat(10);
        let text = Text::new("A headline of the ordinary sort", &summary);
        let letters = text.title().len() + text.summary().len();
        let bytes = size_of::<Text>() + letters + size_of_val(&*text.words);
        assert!(bytes < 3 * letters, "{bytes} for {letters}");
    }

    #[test]
    fn texts_beyond_all_measure_are_cut() {
        let text = Text::new(&"é".repeat(80_000), &"x ".repeat(80_000));
        assert!(text.title().len() + text.summary().len() <= 65_536);
        assert!(text.words().iter().all(|word| word.len > 0));
    }

    proptest! {
        #[test]
        fn clean_is_idempotent(dirty in "(\\PC|[\u{0}-\u{20}\u{7f}-\u{a0}\u{200b}-\u{200f}\u{202a}-\u{202e}\u{fe0f}❤👩\\[\\]0-9m])*") {
            let once = clean(&dirty);
            prop_assert_eq!(&clean(&once), &once);
            prop_assert!(!once.chars().any(char::is_control));
        }

        #[test]
        fn any_text_can_be_cut(title in ".*", summary in "(\\PC|['’., $0-9a-z])*") {
            let text = Text::new(&title, &summary);
            for index in 0..text.words().len() {
                let word = text.word(index);
                prop_assert!(!word.is_empty());
                prop_assert!(folds_to(word, &fold(word, false), false));
                prop_assert!(fold_begins(word, &fold(word, false)));
                prop_assert_eq!(hash(word), hash(&fold(word, false)));
            }
        }

        #[test]
        fn folding_does_not_depend_on_the_unicode_form(text in "[a-zA-ZÀ-ž' .]*") {
            let (composed, decomposed): (String, String) = (text.nfc().collect(), text.nfd().collect());
            prop_assert_eq!(folded(&composed), folded(&decomposed));
        }
    }
}
