//! The blocks of an article, from the HTML that is left of its page: well formed, its addresses absolute.

use std::collections::HashMap;

use url::Url;

use crate::domain::article::{Article, Block, BlockKind, Run};
use crate::domain::text;
use crate::news::entities;
use crate::news::html_text;
use crate::news::markup::{Markup, Tag, Token};

/// Of all text, in bytes.
pub(super) const MAX_TEXT: usize = 200_000;
pub(super) const MAX_BLOCKS: usize = 2_000;
pub(super) const MAX_LINKS: usize = 500;
/// A row of a table with more text than this, in bytes, is a way to lay out a page: its paragraphs are paragraphs.
const LONG_ROW: usize = 400;
/// The spaces that a line of code begins with are kept up to this many.
const MAX_INDENT: usize = 32;
const TAB: usize = 4;

/// Between the cells of a row.
const CELLS: &str = " · ";

/// The blocks of a piece of HTML, and their links.
pub(super) fn of_html(html: &str, page: &Url) -> Article {
    let mut builder = Builder { page: page.clone().into(), ..Builder::default() };
    let mut markup = Markup::of_page(html);
    while !builder.is_full()
        && let Some(token) = markup.next()
    {
        match token {
            Token::Text(text) => builder.push(&entities::decode_html(text)),
            Token::Literal(text) => builder.push(text),
            Token::Start(tag) => builder.start(tag),
            Token::End(name) => builder.end(name),
        }
    }
    builder.done()
}

/// The paragraphs of plain text: parted by empty lines, or lines where there is no empty one.
pub(super) fn of_text(text: &str) -> Article {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut builder = Builder::default();
    let has_paragraphs = text.trim().lines().any(|line| line.trim().is_empty());
    for line in text.lines() {
        if builder.is_full() {
            break;
        }
        if line.trim().is_empty() || !has_paragraphs {
            builder.flush();
        }
        builder.push(line);
        builder.space = true;
    }
    builder.done()
}

#[derive(Default)]
struct Builder {
    article: Article,
    /// Where each link stands among those of the article.
    known: HashMap<String, usize>,
    page: String,
    /// Of the blocks, in bytes.
    bytes: usize,
    /// Of the block under way.
    runs: Vec<Run>,
    /// White space came before what comes next.
    space: bool,
    /// The text of a `<pre>` under way, as it stands.
    code: Option<String>,
    heading: bool,
    item: bool,
    row: bool,
    /// A cell has begun, and nothing of it has come yet.
    cell: bool,
    quotes: usize,
    strong: usize,
    href: Option<String>,
}

impl Builder {
    fn is_full(&self) -> bool {
        self.bytes >= MAX_TEXT || self.article.blocks.len() >= MAX_BLOCKS
    }

    fn start(&mut self, tag: Tag) {
        match tag.name {
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.flush();
                self.heading = true;
            }
            "li" => {
                self.flush();
                self.item = true;
            }
            "blockquote" => {
                self.flush();
                self.quotes += 1;
            }
            "pre" => {
                self.flush();
                self.code = Some(String::new());
            }
            "tr" => {
                self.flush();
                (self.row, self.cell) = (true, false);
            }
            "td" | "th" if self.row => self.cell = true,
            "br" => self.line_ends(),
            "a" => self.href = tag.attribute("href").map(Into::into),
            "b" | "strong" => self.strong += 1,
            name if html_text::is_inline(name) => {}
            _ => self.block_ends(),
        }
    }

    fn end(&mut self, name: &str) {
        match name {
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.flush();
                self.heading = false;
            }
            "li" => {
                self.flush();
                self.item = false;
            }
            "blockquote" => {
                self.flush();
                self.quotes = self.quotes.saturating_sub(1);
            }
            "pre" => self.code_ends(),
            "tr" => {
                self.flush();
                self.row = false;
            }
            "td" | "th" => {}
            "a" => self.href = None,
            "b" | "strong" => self.strong = self.strong.saturating_sub(1),
            name if html_text::is_inline(name) => {}
            _ => self.block_ends(),
        }
    }

    /// A block ends here; within a row of a table it is a part of a cell.
    fn block_ends(&mut self) {
        let is_cell = self.row && self.under_way() < LONG_ROW;
        match &mut self.code {
            Some(code) if !code.ends_with('\n') => code.push('\n'),
            Some(_) => {}
            None if is_cell => self.space = true,
            None => self.flush(),
        }
    }

    /// `<br>`
    fn line_ends(&mut self) {
        match &mut self.code {
            Some(code) => code.push('\n'),
            None if self.row || self.heading || self.item => self.space = true,
            None => self.flush(),
        }
    }

    fn under_way(&self) -> usize {
        self.runs.iter().map(|run| run.text.len()).sum()
    }

    /// A piece of text; what is white space in it is one space.
    fn push(&mut self, text: &str) {
        if let Some(code) = &mut self.code {
            return code.push_str(text);
        }
        let clean = text::clean(text);
        self.space |= text.starts_with(char::is_whitespace) || (clean.is_empty() && text.contains(char::is_whitespace));
        if clean.is_empty() {
            return;
        }
        let (link, strong) = (self.link(), self.strong > 0 && !self.heading);
        self.part(link, strong);
        let room = MAX_TEXT.saturating_sub(self.bytes + self.under_way());
        let clean = clean.get(..clean.floor_char_boundary(room)).unwrap_or_default().trim_end();
        self.add(clean, link, strong);
        self.space = text.ends_with(char::is_whitespace);
    }

    /// What stands between the text before and what comes next: plain, unless both look the same.
    fn part(&mut self, link: Option<usize>, strong: bool) {
        let between = match (self.cell, self.space) {
            _ if self.runs.is_empty() => "",
            (true, _) => CELLS,
            (_, true) => " ",
            _ => "",
        };
        self.cell = false;
        let is_same = self.runs.last().is_some_and(|last| last.link == link && last.strong == strong);
        let (link, strong) = if is_same { (link, strong) } else { (None, false) };
        self.add(between, link, strong);
    }

    fn add(&mut self, text: &str, link: Option<usize>, strong: bool) {
        match self.runs.last_mut() {
            Some(last) if last.link == link && last.strong == strong => last.text.push_str(text),
            _ if text.is_empty() => {}
            _ => self.runs.push(Run { text: text.to_owned(), link, strong }),
        }
    }

    /// Which link the text under way is; not one to another place of the same page.
    fn link(&mut self) -> Option<usize> {
        let url = Url::parse(self.href.as_deref()?).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
        let here = url.fragment().is_some() && self.page.split('#').next() == url.as_str().split('#').next();
        let url = Some(String::from(url)).filter(|_| !here)?;
        if let Some(known) = self.known.get(&url) {
            return Some(*known);
        }
        let new = self.article.links.len();
        (new < MAX_LINKS).then(|| {
            self.article.links.push(url.clone());
            self.known.insert(url, new);
            new
        })
    }

    fn flush(&mut self) {
        (self.space, self.cell) = (false, false);
        let mut runs = std::mem::take(&mut self.runs);
        if let Some(last) = runs.last_mut() {
            last.text.truncate(last.text.trim_end().len());
        }
        runs.retain(|run| !run.text.is_empty());
        // A rule, a bullet, a bar between two links.
        if runs.iter().any(|run| run.text.contains(char::is_alphanumeric)) {
            let kind = self.kind();
            self.item = false;
            self.put(Block { kind, runs });
        }
    }

    fn kind(&self) -> BlockKind {
        match self {
            Builder { heading: true, .. } => BlockKind::Heading,
            Builder { item: true, .. } => BlockKind::Item,
            Builder { quotes: 1.., .. } => BlockKind::Quote,
            _ => BlockKind::Text,
        }
    }

    fn put(&mut self, block: Block) {
        if !block.is_empty() && !self.is_full() {
            self.bytes += block.len();
            self.article.blocks.push(block);
        }
    }

    fn code_ends(&mut self) {
        for line in self.code.take().unwrap_or_default().lines() {
            let clean = text::clean(line);
            let room = MAX_TEXT.saturating_sub(self.bytes);
            let clean = clean.get(..clean.floor_char_boundary(room)).unwrap_or_default().trim_end();
            if !clean.is_empty() {
                let text = format!("{}{clean}", indent(line));
                self.put(Block { kind: BlockKind::Code, runs: vec![Run { text, ..Run::default() }] });
            }
        }
    }

    fn done(mut self) -> Article {
        self.code_ends();
        self.flush();
        self.article
    }
}

/// The spaces that a line of code begins with.
fn indent(line: &str) -> String {
    let blanks = line.chars().take_while(|c| matches!(c, ' ' | '\t'));
    let width: usize = blanks.map(|c| if c == '\t' { TAB } else { 1 }).sum();
    " ".repeat(width.min(MAX_INDENT))
}
