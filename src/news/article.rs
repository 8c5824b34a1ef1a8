//! The article of a story: from the page behind its link to what is to be read of it.
//!
//! The page is decoded, written anew within bounds (`lean`), searched for its article by Mozilla's Readability
//! (`dom_smoothie`), and what that leaves is cut into blocks (`blocks`).

mod blocks;
pub(crate) mod fetch;
mod labels;
mod lean;

use std::borrow::Cow;

use dom_smoothie::{Config, Readability};
use url::Url;

use super::{decode, html_text, not_a_feed, panic_guard};
use crate::domain::article::{Article, BlockKind};
use crate::domain::text;
use lean::{Lean, lean};

/// How much of a page is read, in bytes.
pub const MAX_BODY: usize = 4 << 20;
/// Less text than this, in bytes, is no article.
const LEAST_TEXT: usize = 80;
/// Of a page that says it is locked, less text than this, in bytes, is only its beginning.
const BEGINNING: usize = 1_000;
/// A page whose text is shorter than this, in bytes, but for its scripts, leaves it to them.
const LITTLE_TEXT: usize = 600;
/// With this many characters found by its strictest rules Readability looks no further. Its own 500 is more than many a
/// piece of news has, and what it finds then has more of the page's surroundings.
const SURE: usize = 300;
/// Of a title and of the names of authors, in bytes.
const TITLE_MAX: usize = 400;
const BYLINE_MAX: usize = 160;
/// Where a bot guard's page shows what it is, in bytes.
const HEAD: usize = 16 * 1024;

const NO_TEXT: &str = "the page has no readable text";
const SCRIPT: &str = "the page shows no text without its scripts";
const LOCKED: &str = "the page wants a subscription";
/// What is said when reading or fetching panicked.
pub const FAULT: &str = "the page could not be read; this is a fault of newstape";

/// Reads the article of a page, whatever it holds. Pure, and never panics.
///
/// `content_type` is the header of the answer; `url` the address that answered, for relative links.
///
/// # Errors
///
/// There is nothing to be read: one sentence without its full stop, and without any address.
pub fn read(body: &[u8], content_type: Option<&str>, url: &Url) -> Result<Article, String> {
    panic_guard::catch_panic(|| document(body, content_type, url)).unwrap_or_else(|| Err(FAULT.into()))
}

fn document(body: &[u8], content_type: Option<&str>, url: &Url) -> Result<Article, String> {
    let body = body.get(..MAX_BODY).unwrap_or(body);
    let kind = kind(body, content_type);
    if !matches!(&*kind, HTML | PLAIN) {
        return Err(format!("the page is not a document that can be read ({kind})"));
    }
    let text = decode::decode_page(body, content_type);
    let article = if kind == PLAIN { blocks::of_text(&text) } else { page(&text, url)? };
    if article.len() < LEAST_TEXT { Err(NO_TEXT.into()) } else { Ok(article) }
}

const HTML: &str = "text/html";
const PLAIN: &str = "text/plain";

/// What a document is: [`HTML`], [`PLAIN`], or something else by its name.
fn kind<'a>(body: &[u8], content_type: Option<&'a str>) -> Cow<'a, str> {
    let head = String::from_utf8_lossy(body.get(..1024).unwrap_or(body)).trim_start().to_ascii_lowercase();
    if head.starts_with("%pdf-") {
        return "application/pdf".into();
    }
    let is_page = || head.contains("<html") || head.contains("<!doctype html");
    let sent = content_type.and_then(|sent| sent.split(';').next()).unwrap_or_default().trim().to_ascii_lowercase();
    match sent.as_str() {
        "application/xhtml+xml" | "application/xml" | "text/xml" | HTML => HTML.into(),
        "" | "application/octet-stream" | PLAIN | "text/markdown" if is_page() => HTML.into(),
        "" if head.starts_with('<') => HTML.into(),
        "" | PLAIN | "text/markdown" => PLAIN.into(),
        other if is_mime(other) => other.to_owned().into(),
        _ => "of an unknown kind".into(),
    }
}

fn is_mime(kind: &str) -> bool {
    kind.len() <= 60 && kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/+-.".contains(&byte))
}

fn page(text: &str, url: &Url) -> Result<Article, String> {
    let lean = lean(text, url);
    let article = extract(&lean, url);
    let length = article.len();
    if lean.labels.is_locked && length < BEGINNING {
        return Err(LOCKED.into());
    }
    if length >= LEAST_TEXT { Ok(article) } else { Err(why_empty(text, &lean)) }
}

fn why_empty(text: &str, lean: &Lean) -> String {
    let head = text.get(..text.floor_char_boundary(HEAD)).unwrap_or_default().to_lowercase();
    match not_a_feed::challenge(&head) {
        Some(guard) => format!("the page is a challenge of {guard}, meant for browsers"),
        None if lean.has_scripts && lean.text < LITTLE_TEXT => SCRIPT.into(),
        None => NO_TEXT.into(),
    }
}

/// The article that Readability finds; empty when it finds none.
fn extract(lean: &Lean, url: &Url) -> Article {
    let config = Config { disable_json_ld: true, char_threshold: SURE, ..Config::default() };
    let found = Readability::new(lean.html.as_str(), None, Some(config)).and_then(|mut page| page.parse());
    let Ok(found) = found else { return Article::default() };
    let mut article = blocks::of_html(&found.content, url);
    let labels = &lean.labels;
    article.title = named(labels.headline.as_deref(), TITLE_MAX).unwrap_or_else(|| short(&found.title, TITLE_MAX));
    article.byline = named(labels.authors.as_deref().or(found.byline.as_deref()), BYLINE_MAX);
    drop_repeated_title(&mut article);
    article
}

fn short(text: &str, max: usize) -> String {
    html_text::cut(&text::clean(text), max)
}

/// An address is nobody's name.
fn named(text: Option<&str>, max: usize) -> Option<String> {
    text.map(|text| short(text, max)).filter(|text| !text.is_empty() && !text.starts_with("http"))
}

/// The first heading, where it says once more what the title says.
fn drop_repeated_title(article: &mut Article) {
    let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let title: String = letters(&article.title);
    let first = article.blocks.iter().position(|block| block.kind == BlockKind::Heading);
    let is_repeated =
        |at: &usize| article.blocks.get(*at).is_some_and(|block| letters(&block.text()) == title) && *at < 3;
    if let Some(at) = first.filter(is_repeated) {
        article.blocks.remove(at);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
