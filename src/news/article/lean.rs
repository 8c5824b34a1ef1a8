//! A web page written anew, without what is not meant to be read and within bounds: only so do other people's parsers
//! see it.
//!
//! HTML's rules for open elements cost a parser time and memory out of all proportion when a page wants them to: a
//! hundred thousand elements inside each other, or as many open `<b>` that each new paragraph repeats. What is written
//! here is well nested, so its depth can be counted: an end tag closes what it encloses, or is left out.

use url::Url;

use super::labels::Labels;
use crate::news::fields::absolute;
use crate::news::markup::{Markup, Tag, Token};
use crate::news::{entities, html_text};

/// Elements in a page; what stands behind is left unread.
const MAX_ELEMENTS: usize = 30_000;
/// Blocks inside each other, and elements within a line inside each other. The tags of deeper ones are left out.
const MAX_DEPTH: usize = 100;
const MAX_INLINE: usize = 20;
/// Bytes that are written.
const MAX_TEXT: usize = 2 << 20;
/// Of the value of an attribute, in bytes.
const MAX_VALUE: usize = 2_000;
/// Of data about the page, in bytes.
const MAX_DATA: usize = 512 << 10;
/// Words by which a page's own names of elements tell that they are for passing it on.
const SHARING: &[&str] = &["share", "sharebar", "sharedaddy", "sharing", "social", "socials"];
/// More text than this, in bytes, is not for passing a page on.
const LONG: usize = 160;
/// A form with more than this inside, in bytes, is the frame of the page: some servers make pages so.
const FRAME: usize = 20_000;

/// Elements whose content is no markup, and not meant to be read.
const RAW: &[&str] = &["iframe", "noembed", "noframes", "noscript", "script", "style", "textarea", "xmp"];
/// Elements that go with all that is in them.
const DROPPED: &[&str] = &[
    "applet", "audio", "button", "canvas", "dialog", "map", "math", "nav", "object", "picture", "select", "svg",
    "template", "video",
];
/// Elements without an end tag that say something to those who look for the article.
const VOID: &[&str] = &["br", "hr", "input", "meta"];
/// Elements that HTML closes by itself where their like begins; they do not nest by themselves.
const SELF_CLOSING: &[&str] =
    &["body", "caption", "dd", "dt", "head", "html", "li", "p", "tbody", "td", "tfoot", "th", "thead", "tr"];
/// Tags that are left out, not what is between them.
const PASSED: &[&str] = &[
    "area",
    "base",
    "basefont",
    "bgsound",
    "col",
    "colgroup",
    "embed",
    "frame",
    "frameset",
    "image",
    "img",
    "keygen",
    "link",
    "marquee",
    "optgroup",
    "option",
    "param",
    "plaintext",
    "rb",
    "rp",
    "rt",
    "rtc",
    "ruby",
    "source",
    "track",
    "wbr",
];
/// Attributes by which the article is found.
const ATTRIBUTES: &[&str] = &[
    "aria-hidden",
    "aria-modal",
    "class",
    "colspan",
    "content",
    "dir",
    "hidden",
    "id",
    "itemprop",
    "lang",
    "name",
    "property",
    "rel",
    "role",
    "style",
    "summary",
];

/// A page, lean.
#[derive(Debug, Default)]
pub(super) struct Lean {
    pub html: String,
    pub labels: Labels,
    /// It has scripts.
    pub has_scripts: bool,
    /// Of its text, in bytes.
    pub text: usize,
}

/// The page at an address, written anew.
pub(super) fn lean(page: &str, url: &Url) -> Lean {
    let mut writer = Writer::new(url);
    let mut markup = Markup::of_page(page);
    while !writer.is_full()
        && let Some(token) = markup.next()
    {
        match token {
            Token::Text(text) => writer.text(text),
            Token::Start(tag) => writer.start(tag, &mut markup),
            Token::End(name) => writer.end(&name.to_ascii_lowercase()),
            Token::Literal(_) => {}
        }
    }
    writer.lean
}

struct Writer {
    base: Url,
    lean: Lean,
    elements: usize,
    has_title: bool,
    /// The elements that are open, the outermost first.
    open: Vec<Open>,
    /// Start tags that were left out for their depth: their end tags are, too.
    left_out: usize,
}

struct Open {
    name: String,
    is_inline: bool,
}

impl Writer {
    fn new(url: &Url) -> Writer {
        let lean = Lean { html: "<!DOCTYPE html>".into(), ..Lean::default() };
        Writer { base: url.clone(), lean, elements: 0, has_title: false, open: Vec::new(), left_out: 0 }
    }

    fn is_full(&self) -> bool {
        self.elements >= MAX_ELEMENTS || self.lean.html.len() >= MAX_TEXT
    }

    /// References stay as they are.
    fn text(&mut self, text: &str) {
        self.lean.text += text.trim().len();
        self.lean.html.push_str(if text == "<" { "&lt;" } else { text });
    }

    fn start<'a>(&mut self, tag: Tag<'a>, markup: &mut Markup<'a>) {
        let name = tag.name.to_ascii_lowercase();
        match name.as_str() {
            "title" => self.title(markup.raw("title")),
            "script" => self.script(tag, markup.raw("script")),
            "base" => self.rebase(tag),
            "figure" => self.open_if(holds_text, "div", tag, markup),
            "form" => self.open_if(|raw| raw.len() > FRAME, "div", tag, markup),
            raw if RAW.contains(&raw) => drop(markup.raw(raw)),
            dropped if DROPPED.contains(&dropped) => pass_over(dropped, markup),
            passed if PASSED.contains(&passed) || !is_name(passed) => {}
            block if is_for_sharing(block, tag) => self.open_if(is_long, block, tag, markup),
            _ => self.open(&name, tag),
        }
    }

    /// The first one; others belong to pictures.
    fn title(&mut self, title: &str) {
        if !std::mem::replace(&mut self.has_title, true) {
            let title = title.replace('<', "&lt;");
            self.lean.html.push_str(&format!("<title>{}</title>", html_text::cut(title.trim(), MAX_VALUE)));
        }
    }

    fn script(&mut self, tag: Tag, script: &str) {
        let kind = tag.attribute("type").unwrap_or_default();
        if kind.trim().eq_ignore_ascii_case("application/ld+json") {
            self.lean.labels.read(script.get(..MAX_DATA).unwrap_or(script));
        } else {
            self.lean.has_scripts = true;
        }
    }

    /// Links are meant from another address than that of the page.
    fn rebase(&mut self, tag: Tag) {
        let base = tag.attribute("href").and_then(|href| absolute(&href, Some(&self.base)));
        if let Some(base) = base.and_then(|base| Url::parse(&base).ok()) {
            self.base = base;
        }
    }

    /// An element that goes with all that is in it, unless that is worth it.
    fn open_if<'a>(&mut self, is_worth_it: fn(&str) -> bool, name: &str, tag: Tag<'a>, markup: &mut Markup<'a>) {
        let after = markup.rest();
        let inside = markup.inside(tag.name, |_| false, |_| false);
        if !inside.is_closed || is_worth_it(inside.raw) {
            markup.go_back(after);
            self.open(name, tag);
        }
    }

    fn open(&mut self, name: &str, tag: Tag) {
        if VOID.contains(&name) || SELF_CLOSING.contains(&name) {
            return self.write_start(name, tag);
        }
        let is_inline = html_text::is_inline(name);
        let depth = self.open.iter().filter(|open| open.is_inline == is_inline).count();
        if depth >= if is_inline { MAX_INLINE } else { MAX_DEPTH } {
            self.left_out += usize::from(!is_inline);
            return;
        }
        self.open.push(Open { name: name.to_owned(), is_inline });
        self.write_start(name, tag);
    }

    fn write_start(&mut self, name: &str, tag: Tag) {
        self.elements += 1;
        if name == "meta" {
            self.lean.labels.meta(tag);
        }
        self.lean.html.push('<');
        self.lean.html.push_str(name);
        for (attribute, value) in tag.attributes() {
            let attribute = attribute.to_ascii_lowercase();
            if attribute == "href" && name == "a" {
                let link = absolute(&entities::decode_html(value), Some(&self.base));
                self.write_attribute("href", &link.unwrap_or_default().replace('&', "&amp;"));
            } else if ATTRIBUTES.contains(&attribute.as_str()) {
                self.write_attribute(&attribute, value);
            }
        }
        self.lean.html.push('>');
    }

    /// A value too long to be any use is left out.
    fn write_attribute(&mut self, name: &str, value: &str) {
        if value.len() <= MAX_VALUE {
            self.lean.html.push_str(&format!(" {name}=\"{}\"", value.replace('"', "&quot;")));
        }
    }

    /// Closes an element and what is open in it. One within a line does not close the block it is in, nor any element
    /// the table it is in.
    fn end(&mut self, name: &str) {
        let name = if matches!(name, "figure" | "form") { "div" } else { name };
        if SELF_CLOSING.contains(&name) && !matches!(name, "html" | "head" | "body") {
            self.elements += 1;
            return self.write_end(name);
        }
        let is_inline = html_text::is_inline(name);
        if !is_inline && self.left_out > 0 && !PASSED.contains(&name) {
            self.left_out -= 1;
            return;
        }
        let is_wall = |open: &Open| open.name == "table" || (is_inline && !open.is_inline);
        let found = self.open.iter().rev().position(|open| open.name == name || is_wall(open));
        let at = found.map(|from_top| self.open.len() - 1 - from_top);
        if let Some(at) = at.filter(|at| self.open.get(*at).is_some_and(|open| open.name == name)) {
            for open in self.open.split_off(at).into_iter().rev() {
                self.write_end(&open.name);
            }
        }
    }

    fn write_end(&mut self, name: &str) {
        self.lean.html.push_str("</");
        self.lean.html.push_str(name);
        self.lean.html.push('>');
    }
}

/// Over an element with all that is in it; of one that has no end only the tag is skipped.
fn pass_over(name: &str, markup: &mut Markup<'_>) {
    let after = markup.rest();
    if !markup.inside(name, |_| false, |_| false).is_closed {
        markup.go_back(after);
    }
}

/// A figure with text of its own: code, a table, a quotation.
fn holds_text(raw: &str) -> bool {
    let raw = raw.to_ascii_lowercase();
    ["<pre", "<table", "<blockquote"].iter().any(|text| raw.contains(text))
}

fn is_for_sharing(name: &str, tag: Tag) -> bool {
    let is_word = |word: &str| SHARING.iter().any(|known| known.eq_ignore_ascii_case(word));
    let says = |attribute| tag.attribute(attribute).is_some_and(|names| names.split([' ', '-', '_']).any(is_word));
    matches!(name, "div" | "section" | "ul" | "p" | "span") && (says("class") || says("id"))
}

fn is_long(raw: &str) -> bool {
    html_text::from_html(raw, LONG).len() >= LONG
}

fn is_name(name: &str) -> bool {
    name.len() <= 40 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}
