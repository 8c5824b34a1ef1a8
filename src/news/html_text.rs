//! HTML to one line of plain text.

use super::entities;
use super::markup::{Markup, Token};
use crate::domain::text;

/// Elements whose content is not meant to be read.
const UNREAD: &[&str] =
    &["applet", "iframe", "noframes", "noscript", "object", "script", "select", "style", "svg", "template", "textarea"];

/// Elements that stand within a line; all others part words.
const INLINE: &[&str] = &[
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "blink", "cite", "code", "data", "del", "dfn", "em", "font", "i",
    "ins", "kbd", "mark", "nobr", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt",
    "u", "var", "wbr",
];

/// Elements that are markup in any text. Other names between `<` and `>` may be meant to be read: `Vec<String>`.
const KNOWN: &[&str] = &[
    "address",
    "applet",
    "area",
    "article",
    "aside",
    "audio",
    "base",
    "blockquote",
    "body",
    "br",
    "button",
    "caption",
    "center",
    "col",
    "colgroup",
    "dd",
    "details",
    "dir",
    "div",
    "dl",
    "dt",
    "embed",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "frame",
    "frameset",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hr",
    "html",
    "iframe",
    "img",
    "input",
    "label",
    "legend",
    "li",
    "link",
    "main",
    "map",
    "marquee",
    "menu",
    "meta",
    "nav",
    "noframes",
    "noscript",
    "object",
    "ol",
    "option",
    "p",
    "param",
    "picture",
    "pre",
    "script",
    "section",
    "select",
    "source",
    "style",
    "summary",
    "svg",
    "table",
    "tbody",
    "td",
    "template",
    "textarea",
    "tfoot",
    "th",
    "thead",
    "title",
    "tr",
    "track",
    "ul",
    "video",
];

/// Elements that shape a text and are often left open, or need no end.
const SHAPING: &[&str] = &[
    "body", "br", "center", "dd", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "head", "hr", "html", "li", "option", "p",
    "tbody", "td", "tfoot", "th", "thead", "tr",
];

/// A headline longer than this, in bytes, is none: each of its tags would be looked for in all of it.
const LONG_TITLE: usize = 4000;

/// Elements without content.
const VOID: &[&str] =
    &["area", "base", "col", "embed", "frame", "img", "input", "link", "meta", "param", "source", "track"];

/// The readable text of a piece of HTML, clean, at most about `enough` bytes long: reading stops there.
pub fn from_html(html: &str, enough: usize) -> String {
    readable(html, enough, |_| false)
}

/// As [`from_html`], for a headline, which may speak of elements: `The <video> element`. A bare tag that is never closed
/// and shapes no text is meant to be read, as is an end tag without a beginning.
pub(crate) fn title(html: &str, enough: usize) -> String {
    if html.len() > LONG_TITLE {
        return from_html(html, enough);
    }
    let lower = html.to_ascii_lowercase();
    let stands = |mark: &str, name: &str| {
        let begins = |(at, _): (usize, &str)| {
            let rest = lower.get(at + mark.len()..).and_then(|rest| rest.strip_prefix(name));
            rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-'))
        };
        lower.match_indices(mark).any(begins)
    };
    readable(html, enough, |token| {
        let (name, is_bare) = match token {
            Token::Start(tag) => (tag.name, tag.attributes().next().is_none() && !tag.is_empty),
            Token::End(name) => (*name, true),
            _ => return false,
        };
        if !is_bare || !is_one_of(KNOWN, name) || is_one_of(SHAPING, name) {
            return false;
        }
        let name = name.to_ascii_lowercase();
        match token {
            Token::Start(_) => is_one_of(VOID, &name) || !stands("</", &name),
            _ => !stands("<", &name),
        }
    })
}

/// `is_text` tells of a tag whether it is meant to be read, as it stands.
fn readable(html: &str, enough: usize, is_text: impl Fn(&Token) -> bool) -> String {
    let mut line = Line { text: String::new(), enough };
    let mut markup = Markup::new(html);
    let mut before = markup.rest();
    while !line.is_full()
        && let Some(token) = markup.next()
    {
        match token {
            Token::Start(_) | Token::End(_) if is_text(&token) => line.push(shown(before, markup.rest())),
            Token::Text(text) => line.push(&entities::decode_html(text)),
            Token::Literal(text) => line.push(text),
            Token::Start(tag) if is_one_of(UNREAD, tag.name) && !tag.is_empty => {
                let after = markup.rest();
                if !markup.inside(tag.name, |_| false, |_| false).is_closed {
                    markup.go_back(after);
                }
            }
            Token::Start(tag) => line.tag(tag.name, before, markup.rest()),
            Token::End(name) => line.tag(name, before, markup.rest()),
        }
        before = markup.rest();
    }
    text::clean(&line.text)
}

/// As [`from_html`], for text without markup.
pub(crate) fn from_text(text: &str, enough: usize) -> String {
    let mut line = Line { text: String::new(), enough };
    line.push(text);
    text::clean(&line.text)
}

/// True when text that says it is plain is HTML all the same: all its tags are known ones and one of them is an end
/// tag, a break or an image; or it holds a reference that HTML knows. (The rule of feedparser, `lookslikehtml`.)
pub(crate) fn looks_like_html(text: &str) -> bool {
    let has_reference = text.contains('&') && entities::decode_html(text) != text;
    if !text.contains('<') {
        return has_reference;
    }
    let mut is_sure = has_reference;
    for token in Markup::new(text) {
        match token {
            Token::Start(tag) if is_markup(tag.name) => {
                is_sure |= tag.is_empty || matches!(tag.name, "br" | "p" | "img");
            }
            Token::End(name) if is_markup(name) => is_sure = true,
            Token::Text("<") | Token::Start(_) | Token::End(_) => return false,
            _ => {}
        }
    }
    is_sure
}

/// The text, cut between words with `…` when it is longer than `max` bytes.
pub(crate) fn cut(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    let room = text.floor_char_boundary(max.saturating_sub('…'.len_utf8()));
    let head = text.get(..room).unwrap_or_default();
    // A word longer than a quarter of the room is cut itself (text without spaces, as Chinese).
    let ends_a_word = text.as_bytes().get(room) == Some(&b' ');
    let at = head.rfind(' ').filter(|at| !ends_a_word && *at >= room - room / 4).unwrap_or(room);
    format!("{}…", head.get(..at).unwrap_or(head).trim_end_matches([' ', ',', ';', ':', '-']))
}

/// An element of HTML that stands within a line, by its name without regard to case.
pub(crate) fn is_inline(name: &str) -> bool {
    is_one_of(INLINE, name)
}

fn is_one_of(names: &[&str], name: &str) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

fn is_markup(name: &str) -> bool {
    is_inline(name) || is_one_of(KNOWN, name) || name.contains([':', '-'])
}

/// What stands between two places of a text.
fn shown<'a>(before: &'a str, after: &str) -> &'a str {
    before.get(..before.len().saturating_sub(after.len())).unwrap_or_default()
}

struct Line {
    text: String,
    enough: usize,
}

impl Line {
    fn is_full(&self) -> bool {
        self.text.len() > self.enough
    }

    fn push(&mut self, text: &str) {
        for (at, word) in text.split(char::is_whitespace).enumerate() {
            if at > 0 {
                self.space();
            }
            self.text.push_str(word);
            if self.is_full() {
                let end = self.text.floor_char_boundary(self.enough + 4);
                self.text.truncate(end);
                return;
            }
        }
    }

    fn space(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with(' ') {
            self.text.push(' ');
        }
    }

    /// `before` and `after` tell where the tag stands, should it be meant to be read.
    fn tag(&mut self, name: &str, before: &str, after: &str) {
        if is_inline(name) {
            return;
        }
        if is_markup(name) {
            self.space();
        } else {
            self.push(shown(before, after));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn html() {
        let cases = [
            ("a <b>bold</b> word", "a bold word"),
            ("<p>One</p><p>Two<br>three</p>", "One Two three"),
            ("AT&amp;T &ldquo;x&rdquo;", "AT&T “x”"),
            ("a<script>if (a < b) { x() }</script>b", "ab"),
            ("a<script>never closed", "anever closed"),
            ("P/E < 20 & rising", "P/E < 20 & rising"),
            ("Vec<String> explained", "Vec<String> explained"),
            ("<img src='x' alt='y'/>caption", "caption"),
            ("<!-- hidden -->seen", "seen"),
            ("  much \n\n space ", "much space"),
            ("<o:p>office</o:p>", "office"),
        ];
        for (given, expected) in cases {
            assert_eq!(from_html(given, 1000), expected, "{given}");
        }
    }

    #[test]
    fn titles_that_speak_of_elements() {
        for (given, expected) in [
            ("On The <dl>", "On The <dl>"),
            ("The <video> element is underrated", "The <video> element is underrated"),
            ("Stop using <DIV> for everything", "Stop using <DIV> for everything"),
            ("Why <img> needs a text, and <script> none", "Why <img> needs a text, and <script> none"),
            ("A </div> too many", "A </div> too many"),
            ("What <em>really</em> happened", "What really happened"),
            ("<em>Never closed", "Never closed"),
            ("<p>One<br>Two", "One Two"),
            ("<div>One</div> <div>Two</div>", "One Two"),
            ("<div class='x'>One", "One"),
            ("<img src='x'>One", "One"),
            ("<h1>One", "One"),
            ("<script>x()</script>One", "One"),
            ("<style>x</style>One <video/>", "One"),
        ] {
            assert_eq!(title(given, 1000), expected, "{given}");
        }
    }

    #[test]
    fn html_in_disguise() {
        for (text, expected) in [
            ("plain", false),
            ("a < b", false),
            ("Vec<String>", false),
            ("<b>bold</b>", true),
            ("a<br/>b", true),
            ("R&D", false),
            ("AT&amp;T", true),
            ("use <i> for i", false),
        ] {
            assert_eq!(looks_like_html(text), expected, "{text}");
        }
    }

    #[test]
    fn cutting() {
        assert_eq!(cut("short", 10), "short");
        assert_eq!(cut("several words in a row, of them", 26), "several words in a row…");
        assert_eq!(cut("情報情報情報情報", 10), "情報…");
    }

    proptest! {
        #[test]
        fn is_bounded_and_one_line(text in "([<>/&; \\n]|<b>|<p>|<script>|&amp;|\\PC){0,200}", max in 4_usize..60) {
            title(&text, max);
            let plain = from_html(&text, max);
            prop_assert!(plain.len() <= max + 8 && !plain.contains('\n'), "{plain:?}");
            prop_assert!(cut(&plain, max).len() <= max);
        }
    }
}
