//! A tokeniser for XML as people publish it. It never fails: what is no markup is text.
//!
//! Why not an XML parser: XML demands that the first fault ends the reading, and one bare `&` in one headline would
//! cost a whole feed. The time taken is linear in the size of the document, whatever it holds.

use std::borrow::Cow;

use super::entities;
use super::repair::{Repair, Repairs};

/// A piece of a document. Comments, declarations and processing instructions are skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    Start(Tag<'a>),
    /// The name, with its prefix.
    End(&'a str),
    /// References not yet replaced.
    Text(&'a str),
    /// As it stands.
    Literal(&'a str),
}

/// A start tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tag<'a> {
    /// With its prefix.
    pub name: &'a str,
    attributes: &'a str,
    /// `<a/>`
    pub is_empty: bool,
}

impl<'a> Tag<'a> {
    /// The attributes in order: names with their prefixes, values with references not yet replaced. Quotes and values
    /// may be missing.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let mut rest = self.attributes;
        std::iter::from_fn(move || {
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/' || c == '=');
            if rest.is_empty() {
                return None;
            }
            let name = take(&mut rest, |c| c.is_whitespace() || c == '=' || c == '/');
            let Some(value) = rest.trim_start().strip_prefix('=') else { return Some((name, "")) };
            rest = value.trim_start();
            Some((name, attribute_value(&mut rest)))
        })
    }

    /// All its attributes are written as XML wants them, names apart, values in quotes.
    pub(crate) fn is_tidy(&self) -> bool {
        let mut rest = self.attributes;
        while !rest.trim_start().is_empty() {
            let Some((name, value)) = rest.split_once('=') else { return false };
            let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
            let Some((_, after)) = quote.and_then(|quote| value.get(1..)?.split_once(quote)) else { return false };
            if !name.starts_with(char::is_whitespace) || name.trim().contains([' ', '/', '"', '\'']) {
                return false;
            }
            rest = after;
        }
        true
    }

    /// The prefixes that it declares, and the addresses they stand for.
    pub(crate) fn prefixes(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        self.attributes().filter_map(|(name, address)| Some((name.strip_prefix("xmlns:")?, address)))
    }

    /// The value of an attribute, by its name without regard to case, references replaced.
    pub(crate) fn attribute(&self, name: &str) -> Option<Cow<'a, str>> {
        let (_, value) = self.attributes().find(|(found, _)| found.eq_ignore_ascii_case(name))?;
        Some(entities::decode_html(value))
    }
}

fn attribute_value<'a>(rest: &mut &'a str) -> &'a str {
    for quote in ['"', '\''] {
        if let Some(quoted) = rest.strip_prefix(quote) {
            let value;
            (value, *rest) = quoted.split_once(quote).unwrap_or((quoted, ""));
            return value;
        }
    }
    take(rest, char::is_whitespace)
}

/// Takes what stands before the first character that ends it.
fn take<'a>(rest: &mut &'a str, ends: impl Fn(char) -> bool) -> &'a str {
    let (taken, left) = rest.split_at(rest.find(ends).unwrap_or(rest.len()));
    *rest = left;
    taken
}

/// What an element holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inside<'a> {
    pub raw: &'a str,
    /// It holds elements of its own.
    pub has_elements: bool,
    /// Its end tag was found.
    pub is_closed: bool,
}

/// Reads through a document.
#[derive(Debug)]
pub(crate) struct Markup<'a> {
    rest: &'a str,
    /// No `]]>` stands in the rest.
    no_literal_end: bool,
    /// No `-->` stands in the rest.
    no_comment_end: bool,
    /// No `?>` stands in the rest.
    no_instruction_end: bool,
    /// No `]>` stands in the rest.
    no_doctype_end: bool,
    /// Tags end as HTML has it, not as feeds do.
    is_page: bool,
    /// How many bytes may yet be read twice, when an element turns out to have no end.
    second_look: usize,
    pub repairs: Repairs,
}

enum Step<'a> {
    Token(Token<'a>),
    Passed,
    /// This `<` begins nothing.
    NoMarkup,
}

impl<'a> Markup<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Markup {
            rest: text,
            no_literal_end: false,
            no_comment_end: false,
            no_instruction_end: false,
            no_doctype_end: false,
            is_page: false,
            second_look: text.len().saturating_mul(4),
            repairs: Repairs::default(),
        }
    }

    /// For a web page, whose attributes may hold markup in their quotes.
    pub(crate) fn of_page(text: &'a str) -> Self {
        Markup { is_page: true, ..Markup::new(text) }
    }

    /// What has not been read yet.
    pub(crate) fn rest(&self) -> &'a str {
        self.rest
    }

    fn text(&mut self) -> Option<Token<'a>> {
        let text = take(&mut self.rest, |c| c == '<');
        (!text.is_empty()).then_some(Token::Text(text))
    }

    fn step(&mut self, after: &'a str) -> Step<'a> {
        match after.as_bytes().first() {
            Some(b'!') => self.declaration(after),
            Some(b'?') => self.instruction(after),
            Some(b'/') => self.end_tag(after),
            Some(byte) if byte.is_ascii_alphabetic() || *byte == b'_' => self.start_tag(after),
            _ => Step::NoMarkup,
        }
    }

    /// Goes on behind what was found, or to the end.
    fn pass(&mut self, found: Option<(&'a str, &'a str)>) -> Step<'a> {
        self.rest = found.map_or("", |(_, rest)| rest);
        Step::Passed
    }

    fn instruction(&mut self, after: &'a str) -> Step<'a> {
        let end = if self.no_instruction_end { None } else { after.split_once("?>") };
        self.no_instruction_end |= end.is_none();
        self.pass(end.or_else(|| after.split_once('>')))
    }

    fn declaration(&mut self, after: &'a str) -> Step<'a> {
        if let Some(comment) = after.strip_prefix("!--") {
            return self.comment(comment);
        }
        if let Some(literal) = after.strip_prefix("![CDATA[") {
            return self.literal(literal);
        }
        let simple = after.split_once('>');
        // A document type with declarations of its own.
        if !self.no_doctype_end && simple.is_some_and(|(head, _)| head.contains('[')) {
            let end = after.split_once("]>");
            self.no_doctype_end = end.is_none();
            return self.pass(end.or(simple));
        }
        self.pass(simple)
    }

    fn comment(&mut self, comment: &'a str) -> Step<'a> {
        let end = if self.no_comment_end { None } else { comment.split_once("-->") };
        if end.is_none() {
            self.no_comment_end = true;
            self.repairs.note(Repair::UnclosedSection);
        }
        self.pass(end.or_else(|| comment.split_once('>')))
    }

    fn literal(&mut self, literal: &'a str) -> Step<'a> {
        let end = if self.no_literal_end { None } else { literal.split_once("]]>") };
        if let Some((literal, rest)) = end {
            self.rest = rest;
            return Step::Token(Token::Literal(literal));
        }
        // Only the opening mark is lost: what follows is read as markup, so that the end tag is found.
        self.no_literal_end = true;
        self.repairs.note(Repair::UnclosedSection);
        self.rest = literal;
        Step::Passed
    }

    fn end_tag(&mut self, after: &'a str) -> Step<'a> {
        let name = after.strip_prefix('/').unwrap_or(after);
        match name.find(['>', '<']) {
            Some(end) if name.as_bytes().get(end) == Some(&b'>') => {
                let (name, rest) = name.split_at(end);
                self.rest = rest.strip_prefix('>').unwrap_or(rest);
                Step::Token(Token::End(name.trim()))
            }
            Some(_) => Step::NoMarkup,
            None => self.cut_short(),
        }
    }

    fn start_tag(&mut self, after: &'a str) -> Step<'a> {
        let end = if self.is_page { page_tag_end(after).map(TagEnd::At) } else { None };
        match end.unwrap_or_else(|| tag_end(after)) {
            TagEnd::At(end) => {
                let (tag, rest) = after.split_at(end);
                self.rest = rest.strip_prefix('>').unwrap_or(rest);
                let is_empty = tag.ends_with('/');
                let mut attributes = tag.strip_suffix('/').unwrap_or(tag);
                let name = take(&mut attributes, |c| c.is_whitespace() || c == '/' || c == '=');
                Step::Token(Token::Start(Tag { name, attributes, is_empty }))
            }
            TagEnd::AnotherBegins => Step::NoMarkup,
            TagEnd::Nowhere => self.cut_short(),
        }
    }

    /// The document ends inside a tag.
    fn cut_short(&mut self) -> Step<'a> {
        self.repairs.note(Repair::Truncated);
        self.rest = "";
        Step::Passed
    }

    /// Reads to the end of the element whose start tag was just read. Where that has no end, it ends where one of its
    /// own kind could not go on: before the first tag that `is_sibling`, or before one that `is_wall`.
    pub(crate) fn inside(
        &mut self,
        name: &str,
        is_sibling: impl Fn(&str) -> bool,
        is_wall: impl Fn(&str) -> bool,
    ) -> Inside<'a> {
        let start = self.rest;
        let (mut depth, mut has_elements, mut sibling) = (0_usize, false, None);
        loop {
            let before = self.rest;
            match self.next() {
                Some(Token::End(end)) if end.eq_ignore_ascii_case(name) => {
                    if depth == 0 {
                        return Inside { raw: until(start, before), has_elements, is_closed: true };
                    }
                    depth -= 1;
                }
                Some(Token::End(end)) if !is_wall(end) => {}
                Some(Token::Start(tag)) if !is_wall(tag.name) => {
                    has_elements = true;
                    depth += usize::from(tag.name.eq_ignore_ascii_case(name) && !tag.is_empty);
                    if sibling.is_none() && is_sibling(tag.name) {
                        sibling = Some(before);
                    }
                }
                Some(Token::Text(_) | Token::Literal(_)) => {}
                _ => return self.unclosed(start, before, sibling),
            }
        }
    }

    /// Reads to the end tag of an element of HTML whose content is no markup, as `script`; to the end of the document
    /// where there is none, as browsers do. What it holds.
    pub(crate) fn raw(&mut self, name: &str) -> &'a str {
        let text = self.rest;
        let is_end =
            |at: usize| text.get(at + 2..at + 2 + name.len()).is_some_and(|end| end.eq_ignore_ascii_case(name));
        let Some((at, _)) = text.match_indices("</").find(|(at, _)| is_end(*at)) else {
            self.rest = "";
            return text;
        };
        let (raw, end) = text.split_at(at);
        self.rest = end.split_once('>').map_or("", |(_, rest)| rest);
        raw
    }

    fn unclosed(&mut self, start: &'a str, wall: &'a str, sibling: Option<&'a str>) -> Inside<'a> {
        self.repairs.note(Repair::UnclosedElement);
        let read = start.len() - wall.len();
        let end = match sibling {
            Some(sibling) if read <= self.second_look => sibling,
            _ => wall,
        };
        self.second_look = self.second_look.saturating_sub(read);
        self.rest = end;
        let raw = until(start, end);
        Inside { raw, has_elements: raw.contains('<'), is_closed: false }
    }

    /// Goes back to what was the rest before, when it is cheap to do so.
    pub(crate) fn go_back(&mut self, before: &'a str) {
        let read = before.len().saturating_sub(self.rest.len());
        if read <= self.second_look {
            self.second_look -= read;
            self.rest = before;
        }
    }
}

impl<'a> Iterator for Markup<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let Some(after) = self.rest.strip_prefix('<') else { return self.text() };
            match self.step(after) {
                Step::Token(token) => return Some(token),
                Step::Passed => {}
                Step::NoMarkup => {
                    self.repairs.note(Repair::BareLessThan);
                    let (text, rest) = self.rest.split_at(1);
                    self.rest = rest;
                    return Some(Token::Text(text));
                }
            }
        }
    }
}

/// What stands in `start` before its tail `rest`.
fn until<'a>(start: &'a str, rest: &str) -> &'a str {
    start.get(..start.len().saturating_sub(rest.len())).unwrap_or_default()
}

enum TagEnd {
    /// Of the `>`, in bytes.
    At(usize),
    AnotherBegins,
    Nowhere,
}

/// A `>` inside quotes does not end a tag, but a `<` does, in quotes or not: so a missing quote costs one tag.
fn tag_end(text: &str) -> TagEnd {
    let (mut quote, mut first) = (None, None);
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return TagEnd::At(at),
            (Some(_), b'>') => first = first.or(Some(at)),
            (Some(open), byte) if open == byte => quote = None,
            (None, b'"' | b'\'') => quote = Some(byte),
            (_, b'<') => return first.map_or(TagEnd::AnotherBegins, TagEnd::At),
            _ => {}
        }
    }
    first.map_or(TagEnd::Nowhere, TagEnd::At)
}

/// As HTML has it (html.spec.whatwg.org, tokenization): what stands in the quotes of a value ends nothing. None when a
/// quote is never closed.
fn page_tag_end(text: &str) -> Option<usize> {
    let mut at = 0;
    loop {
        at += text.get(at..)?.find(['>', '=', '<'])?;
        match text.as_bytes().get(at)? {
            b'>' => return Some(at),
            b'<' => return None,
            _ => at += 1,
        }
        let value = text.get(at..)?.trim_start();
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
        if let Some(quote) = quote {
            let begins = text.len() - value.len() + 1;
            at = begins + text.get(begins..)?.find(quote)? + 1;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cleaned(text: &str) -> String {
        let tokens = Markup::new(text).map(|token| match token {
            Token::Start(tag) => format!("[{}{}]", tag.name, if tag.is_empty { "/" } else { "" }),
            Token::End(name) => format!("[/{name}]"),
            Token::Text(text) => text.to_owned(),
            Token::Literal(text) => format!("'{text}'"),
        });
        tokens.collect()
    }

    #[test]
    fn attributes_of_pages_may_hold_markup() {
        for (text, expected) in [
            ("<a b=\"<p>c</p>\" d = '>'>x", ["<p>c</p>", ">"]),
            ("<a b='1' d=\"2\"><c>", ["1", "2"]),
            ("<a b=1 d=2>", ["1", "2"]),
        ] {
            let Some(Token::Start(tag)) = Markup::of_page(text).next() else { panic!("{text}") };
            assert_eq!(tag.attributes().map(|(_, value)| value).collect::<Vec<_>>(), expected, "{text}");
        }
        assert_eq!(Markup::of_page("<a b=\"c>d").count(), 2, "a quote that is not closed costs one tag");
        let mut script = Markup::of_page("<script>if (a</b>c) \"<!--\"</SCRIPT >after");
        script.next();
        assert_eq!((script.raw("script"), script.rest()), ("if (a</b>c) \"<!--\"", "after"));
        assert_eq!((script.raw("script"), script.rest()), ("after", ""));
    }

    #[test]
    fn tokens() {
        let cases = [
            ("<a>x</a>", "[a]x[/a]"),
            ("<a b='1'/>", "[a/]"),
            ("<a b=\"x > y\">t</a >", "[a]t[/a]"),
            ("P/E < 20 <b>", "P/E < 20 [b]"),
            ("a <b c", "a "),
            ("a <b <c>", "a <b [c]"),
            ("<![CDATA[a < b & c]]>d", "'a < b & c'd"),
            ("<![CDATA[a <b>c</b>", "a [b]c[/b]"),
            ("<!-- <a> --><b>", "[b]"),
            ("<!-- <a><b>", "[b]"),
            ("<!DOCTYPE x [<!ENTITY a 'b'>]><c>", "[c]"),
            ("<?xml version='1.0'?><c>", "[c]"),
            ("<a don't>x</a>", "[a]x[/a]"),
            ("<", "<"),
            ("</", ""),
        ];
        for (given, expected) in cases {
            assert_eq!(cleaned(given), expected, "{given}");
        }
    }

    #[test]
    fn attributes() {
        let Some(Token::Start(tag)) = Markup::new("<a b=\"1 &amp; 2\" c=3 d e = 'x y' href=http://a/b/ >").next()
        else {
            panic!("a start tag was expected");
        };
        let found: Vec<_> = tag.attributes().collect();
        assert_eq!(found, [("b", "1 &amp; 2"), ("c", "3"), ("d", ""), ("e", "x y"), ("href", "http://a/b/")]);
        assert_eq!(tag.attribute("B").unwrap(), "1 & 2");
    }

    proptest! {
        #[test]
        fn ends_on_anything(text in "([<>/!?'\"=& \\-\\[\\]a]|CDATA|\\PC){0,80}") {
            prop_assert!(Markup::new(&text).count() <= text.len());
        }
    }
}
