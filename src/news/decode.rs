//! Bytes to text: which encoding a document is really in.
//!
//! The order, from what can't lie to what often does: a byte-order mark, the pattern of NUL bytes, being valid UTF-8,
//! the XML declaration, the charset of the HTTP answer, the look of the bytes. RFC 7303 would put HTTP before the
//! declaration, but servers add a charset to files that they never looked into.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, ISO_2022_JP, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::repair::{Repair, Repairs};

/// The declaration stands within this many bytes.
const DECLARATION: usize = 1024;
/// The `<meta>` that names an encoding stands within this many bytes: HTML asks for 1024, and not all keep to it.
const META: usize = 4096;

/// The text of a document. Never fails: bytes that mean nothing become U+FFFD, and are noted.
pub(crate) fn decode<'a>(bytes: &'a [u8], content_type: Option<&str>, repairs: &mut Repairs) -> Cow<'a, str> {
    decode_as([declared(bytes), content_type.and_then(charset)], bytes, repairs)
}

/// As [`decode`], for a web page: what HTTP says counts before its `<meta>`, as in browsers, which it was tried with.
pub(crate) fn decode_page<'a>(bytes: &'a [u8], content_type: Option<&str>) -> Cow<'a, str> {
    let own = in_meta(bytes).or_else(|| declared(bytes));
    let sent = content_type.and_then(charset);
    decode_as([sent.or(own), own], bytes, &mut Repairs::default())
}

/// With the encodings that are named for it, the likelier first.
fn decode_as<'a>(named: [Option<&'static Encoding>; 2], bytes: &'a [u8], repairs: &mut Repairs) -> Cow<'a, str> {
    if let Some(text) = utf32(bytes) {
        return Cow::Owned(text);
    }
    if let Some((encoding, length)) = Encoding::for_bom(bytes) {
        let bytes = bytes.get(length..).unwrap_or_default();
        if encoding == UTF_8 && std::str::from_utf8(bytes).is_err() {
            repairs.note(Repair::InvalidBytes);
            return Cow::Owned(with_strays(bytes));
        }
        return with(encoding, bytes, repairs);
    }
    if let Some(encoding) = by_nul_pattern(bytes) {
        return with(encoding, bytes, repairs);
    }
    let [declared, other] = named;
    if let Ok(text) = std::str::from_utf8(bytes)
        && !(declared == Some(ISO_2022_JP) && bytes.contains(&0x1b))
    {
        if declared.is_some_and(|encoding| encoding != UTF_8) && !text.is_ascii() {
            repairs.note(Repair::FalseEncoding);
        }
        return Cow::Borrowed(text);
    }
    not_utf8(bytes, declared, other, repairs)
}

fn not_utf8<'a>(
    bytes: &'a [u8],
    declared: Option<&'static Encoding>,
    other: Option<&'static Encoding>,
    repairs: &mut Repairs,
) -> Cow<'a, str> {
    for encoding in [declared, other].into_iter().flatten().filter(|encoding| *encoding != UTF_8) {
        if let Some(text) = encoding.decode_without_bom_handling_and_without_replacement(bytes) {
            return text;
        }
    }
    if declared.or(other).is_some() {
        repairs.note(Repair::FalseEncoding);
    }
    if is_mostly_utf8(bytes) {
        repairs.note(Repair::InvalidBytes);
        return Cow::Owned(with_strays(bytes));
    }
    with(detect(bytes), bytes, repairs)
}

/// UTF-8 into which bytes of windows-1252 strayed: somebody's quotation marks, a name from an old database.
fn with_strays(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    let mut chunks = bytes.utf8_chunks().peekable();
    while let Some(chunk) = chunks.next() {
        out.push_str(chunk.valid());
        let next = chunks.peek().and_then(|next| next.valid().bytes().next());
        match *chunk.invalid() {
            [] => {}
            [byte] if is_stray(byte, next) => out.push_str(&WINDOWS_1252.decode_without_bom_handling(&[byte]).0),
            _ => out.push(char::REPLACEMENT_CHARACTER),
        }
    }
    out
}

/// A mark that UTF-8 has no use for at this place, or a letter within a word. Anything else is the rest of a
/// character that was cut through.
fn is_stray(byte: u8, next: Option<u8>) -> bool {
    matches!(byte, 0x85 | 0x91..=0x97) || (byte >= 0xc0 && next.is_some_and(|next| next.is_ascii_lowercase()))
}

fn with<'a>(encoding: &'static Encoding, bytes: &'a [u8], repairs: &mut Repairs) -> Cow<'a, str> {
    let (text, had_errors) = encoding.decode_without_bom_handling(bytes);
    if had_errors {
        repairs.note(Repair::InvalidBytes);
    }
    text
}

/// The text that was meant, when it is UTF-8 that somebody took for windows-1252 (`cafÃ©` for `café`). Other text that
/// happens to read so is next to unthinkable: every accented letter would have to be one of these pairs. One pair alone
/// that may be a name in capitals with a mark behind it (`UMEÅ’s`) is left as it is.
pub(crate) fn twice_encoded(text: &str) -> Option<String> {
    let (_, first) = text.split_at(text.bytes().position(|byte| !byte.is_ascii())?);
    // Most texts are recognised by their first accented letter: it stands alone.
    if first.chars().nth(1).is_none_or(|next| next.is_ascii()) {
        return None;
    }
    if !first.contains(LEADS) || is_capital_with_mark(text) {
        return None;
    }
    let (bytes, _, unmappable) = WINDOWS_1252.encode(text);
    if unmappable { None } else { String::from_utf8(bytes.into_owned()).ok() }
}

fn is_capital_with_mark(text: &str) -> bool {
    if text.chars().filter(|c| !c.is_ascii()).count() != 2 {
        return false;
    }
    let mut chars = text.chars().peekable();
    let (mut before, mut is_found) = (' ', false);
    while let Some(c) = chars.next() {
        let is_mark = chars.peek().is_some_and(|next| matches!(next, '’' | '”' | '»' | '…' | '–' | '—' | '›'));
        is_found |= !c.is_ascii() && before.is_uppercase() && is_mark;
        before = c;
    }
    is_found
}

/// What the first bytes of UTF-8's pairs and triples look like.
const LEADS: [char; 6] = ['Ã', 'Â', 'â', 'Å', 'Ä', 'Î'];

/// A few bad bytes among good UTF-8 (a summary cut in the middle of a character) do not make another encoding of it.
fn is_mostly_utf8(bytes: &[u8]) -> bool {
    let (mut good, mut bad) = (0_usize, 0_usize);
    for chunk in bytes.utf8_chunks() {
        good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    good > bad
}

/// By the look of the bytes. A handful of them looks like anything: `na\xefve` is as good Latvian as French.
fn detect(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let guess = detector.guess(None, Utf8Detection::Allow);
    let is_thin = bytes.iter().filter(|byte| !byte.is_ascii()).take(THIN + 1).count() <= THIN;
    let lang = lang_of(bytes);
    let is_foreign = lang.as_deref().is_some_and(|lang| OTHER_ALPHABETS.contains(&lang));
    if is_thin && !is_foreign && OTHER_LATINS.contains(&guess.name()) { WINDOWS_1252 } else { guess }
}

/// So few bytes that are not ASCII tell nothing about the language.
const THIN: usize = 12;
/// Latin alphabets of other parts of Europe, which look like the western one where few of their letters stand.
const OTHER_LATINS: [&str; 9] = [
    "ISO-8859-10",
    "ISO-8859-13",
    "ISO-8859-16",
    "ISO-8859-2",
    "ISO-8859-4",
    "windows-1250",
    "windows-1254",
    "windows-1257",
    "windows-1258",
];
/// Languages that need one of these.
const OTHER_ALPHABETS: [&str; 16] =
    ["az", "bs", "cs", "et", "hr", "hu", "lt", "lv", "pl", "ro", "sk", "sl", "sq", "sr", "tr", "vi"];

/// The language that a document names for itself: `<language>`, `<dc:language>`, `xml:lang`, `lang`.
fn lang_of(bytes: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(bytes.get(..META).unwrap_or(bytes)).into_owned();
    let marks = ["language>", "lang=\"", "lang='"];
    marks.iter().find_map(|mark| super::fields::lang(head.split_once(mark)?.1.split(['<', '"', '\'']).next()?))
}

/// `<` in UTF-16 without a byte-order mark.
fn by_nul_pattern(bytes: &[u8]) -> Option<&'static Encoding> {
    match bytes {
        [0, b'<' | b'{', 0, _, ..] => Some(UTF_16BE),
        [b'<' | b'{', 0, _, 0, ..] => Some(UTF_16LE),
        _ => None,
    }
}

/// UTF-32, which the Encoding Standard left out but some feeds use, by its mark or by the look of a `<`.
fn utf32(bytes: &[u8]) -> Option<String> {
    let read: fn([u8; 4]) -> u32 = match bytes {
        [0xff, 0xfe, 0, 0, ..] | [b'<', 0, 0, 0, ..] => u32::from_le_bytes,
        [0, 0, 0xfe, 0xff, ..] | [0, 0, 0, b'<', ..] => u32::from_be_bytes,
        _ => return None,
    };
    let (quads, _) = bytes.as_chunks::<4>();
    let chars = quads.iter().map(|quad| char::from_u32(read(*quad)).unwrap_or(char::REPLACEMENT_CHARACTER));
    Some(chars.filter(|c| *c != '\u{feff}').collect())
}

/// The encoding that the XML declaration names. UTF-16 and UTF-32 in ASCII bytes are false by themselves.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(bytes.get(..DECLARATION).unwrap_or(bytes)).into_owned();
    let (_, declaration) = head.split_once("<?xml")?;
    let (declaration, _) = declaration.split_once("?>")?;
    let (_, value) = declaration.split_once("encoding")?;
    label(value.trim_start().strip_prefix('=')?.trim_start().strip_prefix(['"', '\''])?)
}

/// The encoding that a `<meta>` of a page names, in either of its forms.
fn in_meta(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(bytes.get(..META).unwrap_or(bytes)).to_ascii_lowercase();
    head.split("<meta").skip(1).find_map(|tag| charset(tag.split('>').next()?))
}

/// The charset of a `Content-Type`.
fn charset(content_type: &str) -> Option<&'static Encoding> {
    let at = content_type.to_ascii_lowercase().find("charset")?;
    let value = content_type.get(at..)?.split_once('=')?.1.trim_start();
    label(value.trim_start_matches(['"', '\'']))
}

/// By the labels of the Encoding Standard, and those of Python and of old Macs.
fn label(text: &str) -> Option<&'static Encoding> {
    let end = text.find(['"', '\'', ';', ' ', ',']).unwrap_or(text.len());
    let label = text.get(..end)?;
    let spelt = match label.to_ascii_lowercase().replace('_', "-").as_str() {
        "macroman" | "mac-roman" => "macintosh".into(),
        "maccyrillic" | "mac-cyrillic" => "x-mac-cyrillic".into(),
        other => String::from(other),
    };
    let known = [label, &spelt].into_iter().find_map(|label| Encoding::for_label_no_replacement(label.as_bytes()));
    let encoding = known?;
    (encoding != UTF_16LE && encoding != UTF_16BE).then_some(encoding)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn utf16(text: &str, big: bool) -> Vec<u8> {
        text.encode_utf16().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    }

    #[test]
    fn twice() {
        for (text, expected) in [
            ("cafÃ© dÃ©jÃ\u{a0}", Some("café déjà")),
            ("itâ€™s", Some("it’s")),
            ("café", None),
            ("Ângela, São Paulo", None),
            ("plain", None),
            ("情報Ã©", None),
            ("UMEÅ’s new plant", None),
            ("REVUE «ÎLE»", None),
        ] {
            assert_eq!(twice_encoded(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_few_bytes_are_western_unless_the_language_says_otherwise() {
        let document = |lang: &str, title: &[u8]| {
            let head = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><rss><channel>{lang}<title>");
            [head.as_bytes(), title, b"</title></channel></rss>"].concat()
        };
        for (lang, title, expected) in [
            ("", &b"A na\xefve take on Nvidia"[..], "naïve"),
            ("", b"Now 25\xb0 and \xa35 \xbd off", "25° and £5 ½"),
            ("<language>en-GB</language>", b"\xa35 \xbd off", "£5 ½"),
            ("<language>fr</language>", b"L\x92\xe9t\xe9 \xe0 No\xebl", "L’été à Noël"),
            ("<language>pl</language>", b"Zarz\xb9d sp\xf3\xb3ki przyj\xb9\xb3 wniosek", "Zarząd spółki"),
            ("", "Правительство одобрило законопроект".as_bytes(), "одобрило"),
        ] {
            let text = decode(&document(lang, title), None, &mut Repairs::default()).into_owned();
            assert!(text.contains(expected), "{lang}: {text}");
        }
        let (cyrillic, _, _) = encoding_rs::WINDOWS_1251.encode("Правительство одобрило закон");
        assert!(decode(&document("", &cyrillic), None, &mut Repairs::default()).contains("одобрило"));
    }

    #[test]
    fn encodings() {
        let latin = |prolog: &str| [prolog.as_bytes(), b"<a>caf\xe9 d\xe9j\xe0 vu</a>"].concat();
        let long = "<a>déjà vu, été, garçon, naïve, œuvre</a>";
        let cases = [
            ("ascii", b"<a>x</a>".to_vec(), None, "<a>x</a>", ""),
            ("utf-8 mark", b"\xef\xbb\xbf<a>\xc3\xa9</a>".to_vec(), None, "<a>é</a>", ""),
            ("utf-16 by pattern, big", utf16("<a>é</a>", true), None, "<a>é</a>", ""),
            ("utf-16 by pattern, little", utf16("<a>é</a>", false), None, "<a>é</a>", ""),
            ("latin-1 declared", latin("<?xml version='1.0' encoding='iso-8859-1'?>"), None, "déjà", ""),
            ("latin-1 by http", latin(""), Some("text/xml; charset=\"ISO-8859-1\""), "déjà", ""),
            ("latin-1 by look", latin(""), None, "déjà", ""),
            (
                "utf-8 that says latin-1",
                "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?><a>é</a>".into(),
                None,
                "<a>é</a>",
                "false-encoding",
            ),
            ("latin-1 that says utf-8", latin("<?xml encoding='utf-8'?>"), None, "déjà", "false-encoding"),
            ("utf-16 in name only", "<?xml encoding='UTF-16'?><a>é</a>".into(), None, "<a>é</a>", ""),
            (
                "a stray letter",
                "<éé>Espa".bytes().chain([0xf1]).chain("a".bytes()).collect(),
                None,
                "España",
                "invalid-bytes",
            ),
            ("stray quotes", "é é é ".bytes().chain([0x93, b'x', 0x94]).collect(), None, "é “x”", "invalid-bytes"),
            ("cut through", "é é ".bytes().chain([0xc3, b'<']).collect(), None, "é é \u{fffd}<", "invalid-bytes"),
            ("one bad byte", [long.as_bytes(), b"\xff"].concat(), None, "garçon", "invalid-bytes"),
            ("utf-32", "<é".chars().flat_map(|c| (c as u32).to_be_bytes()).collect(), None, "<é", ""),
        ];
        for (name, bytes, content_type, expected, notes) in cases {
            let mut repairs = Repairs::default();
            let text = decode(&bytes, content_type, &mut repairs);
            assert!(text.contains(expected), "{name}: {text:?}");
            assert_eq!(repairs.names().join(" "), notes, "{name}");
        }
    }
}
