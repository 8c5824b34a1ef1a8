//! What a page says of itself to machines: schema.org in JSON-LD, and `<meta>`.

use serde_json::Value;

use crate::news::entities;
use crate::news::markup::Tag;

/// Authors who are named.
const MAX_AUTHORS: usize = 5;

/// What a page says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Labels {
    /// As published: not yet clean.
    pub headline: Option<String>,
    /// As published: not yet clean.
    pub authors: Option<String>,
    /// It says that it is not to be read without paying.
    pub is_locked: bool,
}

impl Labels {
    /// Takes in a piece of JSON-LD; what is none is skipped.
    pub(super) fn read(&mut self, json: &str) {
        let Ok(value) = serde_json::from_str::<Value>(json.trim()) else { return };
        let Some(article) = articles(&value).into_iter().next() else { return };
        let text = |name: &str| article.get(name).and_then(Value::as_str).map(decoded);
        self.headline = self.headline.take().or_else(|| text("headline"));
        self.authors = self.authors.take().or_else(|| names(article.get("author")?));
        self.is_locked |= article.get("isAccessibleForFree").is_some_and(is_no);
    }

    /// Takes in a `<meta>`: Facebook's mark for what is behind a paywall.
    pub(super) fn meta(&mut self, tag: Tag) {
        let is_tier = tag.attribute("property").is_some_and(|property| property == "article:content_tier");
        self.is_locked |= is_tier && tag.attribute("content").is_some_and(|tier| tier == "locked");
    }
}

/// Alone, in a list, or in a graph.
fn articles(value: &Value) -> Vec<&Value> {
    let inner = value.as_array().or_else(|| value.get("@graph")?.as_array());
    let candidates = inner.into_iter().flatten().chain([value]);
    candidates.filter(|candidate| candidate.get("@type").is_some_and(is_article)).collect()
}

fn is_article(kind: &Value) -> bool {
    let is_one = |kind: &Value| {
        kind.as_str().is_some_and(|kind| ["Article", "Posting", "Report"].iter().any(|end| kind.ends_with(end)))
    };
    is_one(kind) || kind.as_array().is_some_and(|kinds| kinds.iter().any(is_one))
}

fn names(authors: &Value) -> Option<String> {
    let name = |author: &Value| author.as_str().or_else(|| author.get("name")?.as_str()).map(decoded);
    let names: Vec<String> = match authors.as_array() {
        Some(authors) => authors.iter().filter_map(name).take(MAX_AUTHORS).collect(),
        None => name(authors).into_iter().collect(),
    };
    (!names.is_empty()).then(|| names.join(", "))
}

fn is_no(value: &Value) -> bool {
    value == &Value::Bool(false) || value.as_str().is_some_and(|text| text.eq_ignore_ascii_case("false"))
}

fn decoded(text: &str) -> String {
    entities::decode_html(text).into_owned()
}
