//! The fields of an entry, cleaned in one way, whichever reader found them.

use std::borrow::Cow;

use url::Url;

use super::html_text;
use crate::domain::story::Story;
use crate::domain::text;

/// Longest title, source and category kept, in bytes.
const TITLE_MAX: usize = 1000;
/// Longest guid, date and address kept, in bytes.
const WORDS_MAX: usize = 4000;
/// Of a longer text, in bytes, no more than this is looked at: what it says stands at its beginning.
pub(crate) const TEXT_MAX: usize = 1 << 20;
/// Categories of an entry kept.
pub(crate) const CATEGORIES_MAX: usize = 32;
/// How much plain text is taken from HTML: what fills a summary, and a little to cut it at a word.
const ENOUGH: usize = Story::SUMMARY_MAX + 64;

/// The text of a field as a document has it, references replaced.
#[derive(Clone, Debug)]
pub(crate) struct Value<'a> {
    pub text: Cow<'a, str>,
    pub is_html: bool,
}

impl<'a> Value<'a> {
    /// Text that is HTML, or may be.
    pub(crate) fn html(text: impl Into<Cow<'a, str>>) -> Self {
        Value { text: text.into(), is_html: true }
    }

    /// Text that says it is plain, which many a publisher does not know.
    pub(crate) fn plain(text: impl Into<Cow<'a, str>>) -> Self {
        let text = text.into();
        Value { is_html: html_text::looks_like_html(&text), text }
    }

    /// A title or a name.
    pub(crate) fn line(&self) -> String {
        let enough = TITLE_MAX + 64;
        let line =
            if self.is_html { html_text::title(&self.text, enough) } else { html_text::from_text(&self.text, enough) };
        html_text::cut(&line, TITLE_MAX)
    }

    /// Plain text, cut at a word where it is longer than a summary may be.
    pub(crate) fn summary(&self) -> String {
        let text = if self.is_html {
            html_text::from_html(&self.text, ENOUGH)
        } else {
            html_text::from_text(&self.text, ENOUGH)
        };
        html_text::cut(&text, Story::SUMMARY_MAX)
    }

    /// What is no prose: a date, an address, a number. At most 4 kB.
    pub(crate) fn words(&self) -> String {
        if self.is_html {
            html_text::cut(&html_text::from_html(&self.text, TITLE_MAX), WORDS_MAX)
        } else {
            words(&self.text)
        }
    }
}

/// As [`Value::words`], of text without markup. What is longer is not even looked at.
pub(crate) fn words(text: &str) -> String {
    let head = text.get(..text.floor_char_boundary(4 * WORDS_MAX)).unwrap_or_default();
    html_text::cut(&text::clean(head), WORDS_MAX)
}

/// A category by name. What a machine calls it may be all there is.
pub(crate) fn category(name: &str) -> Option<String> {
    Some(html_text::cut(&words(name), TITLE_MAX)).filter(|name| !name.is_empty())
}

/// Google News writes `Headline - Outlet`.
pub(crate) fn without_outlet(title: &str, outlet: &str) -> String {
    let headline = title.strip_suffix(outlet).and_then(|rest| rest.trim_end().strip_suffix(['-', '–', '—', '|']));
    headline.map(str::trim_end).filter(|headline| !headline.is_empty()).unwrap_or(title).to_owned()
}

/// An absolute http(s) address.
pub(crate) fn absolute(text: &str, base: Option<&Url>) -> Option<String> {
    let text = text.trim();
    if text.is_empty() || text.len() > WORDS_MAX {
        return None;
    }
    // As templates write it that put a scheme before a whole address, or leave it out.
    let doubled = ["http://", "https://"].iter().find_map(|scheme| text.strip_prefix(scheme));
    let text = doubled.filter(|rest| rest.starts_with("http://") || rest.starts_with("https://")).unwrap_or(text);
    let named = text.to_ascii_lowercase().starts_with("www.").then(|| format!("https://{text}"));
    let text = named.as_deref().unwrap_or(text);
    let url = match (Url::parse(text), base) {
        (Ok(url), _) => url,
        (Err(url::ParseError::RelativeUrlWithoutBase), Some(base)) => base.join(text).ok()?,
        _ => return None,
    };
    matches!(url.scheme(), "http" | "https").then(|| url.into())
}

/// `en-US` is `en`.
pub(crate) fn lang(text: &str) -> Option<String> {
    let code = text.trim().split(['-', '_']).next()?.to_ascii_lowercase();
    (code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_lowercase())).then_some(code)
}
