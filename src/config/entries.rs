//! The fields of the entries of lists: each is named once, with how it is read and how it is shown. What one field says of
//! another, and what makes an entry worth nothing, is in `lists.rs`; what is never shown of feeds, in `private.rs`.

use std::time::Duration;

use super::doc::{Value, Wrong, read_name, read_text};
use super::walk::Walk;
use super::{StandingQuery, View, private, read};
use crate::domain::Name;
use crate::domain::alert::{Action, Alert, PostAs, PriceRule, Quiet};
use crate::domain::feed::{Feed, Secret};
use crate::domain::format;
use crate::domain::price::Symbol;
use crate::domain::topic::TopicRule;

const DAY: Duration = Duration::from_hours(24);

/// `[[feed]]`.
pub(super) fn feed(walk: &mut impl Walk, feed: &mut Feed) {
    walk.value("url", read::address(&["https", "http"]), String::clone, &mut feed.url);
    walk.value("category", read_name, Name::to_string, &mut feed.category);
    walk.value("interval", read::duration(Duration::ZERO, Duration::MAX), in_units, &mut feed.interval);
    let mut adaptive = !feed.own_interval;
    walk.flag("adaptive", &mut adaptive);
    feed.own_interval = !adaptive;
    walk.flag("primary", &mut feed.primary);
    walk.optional("lang", read::lang, Name::to_string, &mut feed.lang);
    walk.optional("user-agent", read::header, String::clone, &mut feed.user_agent);
    let mut accepts = feed.accept_invalid_certificate.then_some(true);
    walk.optional_flag("accept-invalid-certificate", &mut accepts);
    feed.accept_invalid_certificate = accepts == Some(true);
    walk.optional("kill", read::query, String::clone, &mut feed.kill);
    walk.flag("enabled", &mut feed.enabled);
}

/// `[[symbol]]`; `known` are the names of the price sources.
pub(super) fn symbol(walk: &mut impl Walk, symbol: &mut Symbol, known: &[Name]) {
    walk.optional("list", read_name, Name::to_string, &mut symbol.list);
    walk.optional("benchmark", read::symbol, Name::to_string, &mut symbol.benchmark);
    let source = read::one_of("price source", known.iter().map(|name| &**name));
    walk.list("sources", source, Name::to_string, &mut symbol.sources);
}

/// `[[topic]]`.
pub(super) fn topic(walk: &mut impl Walk, topic: &mut TopicRule) {
    let title = |value: &Value| read_name(value).map(|title| title.to_string());
    walk.value("title", title, String::clone, &mut topic.title);
    walk.optional("short", read_text, String::clone, &mut topic.short);
    walk.optional("key", read::digit, char::to_string, &mut topic.key);
    walk.optional("color", read::color, String::clone, &mut topic.color);
    walk.optional("parent", read_name, Name::to_string, &mut topic.parent);
    walk.list("symbols", read::symbol, Name::to_string, &mut topic.symbols);
    walk.list("any", read_text, String::clone, &mut topic.any);
    walk.list("none", read_text, String::clone, &mut topic.none);
    walk.list("matches", read_text, String::clone, &mut topic.matches);
    walk.list("misses", read_text, String::clone, &mut topic.misses);
}

/// `[[view]]`.
pub(super) fn view(walk: &mut impl Walk, view: &mut View) {
    walk.optional("key", read::digit, char::to_string, &mut view.key);
    walk.value("query", read::query, String::clone, &mut view.query);
}

/// `[[mute]]`.
pub(super) fn mute(walk: &mut impl Walk, mute: &mut StandingQuery) {
    walk.value("query", read::query, String::clone, &mut mute.query);
    walk.flag("enabled", &mut mute.enabled);
}

/// `[[highlight]]`.
pub(super) fn highlight(walk: &mut impl Walk, highlight: &mut StandingQuery) {
    walk.value("query", read::query, String::clone, &mut highlight.query);
    walk.optional("color", read::color, String::clone, &mut highlight.color);
    walk.flag("enabled", &mut highlight.enabled);
}

/// `[[alert]]`.
pub(super) fn alert(walk: &mut impl Walk, alert: &mut Alert) {
    walk.optional("query", read::query, String::clone, &mut alert.query);
    walk.optional("price", read::price_rule, PriceRule::to_string, &mut alert.price);
    walk.value("within", read::duration(Duration::from_mins(1), DAY), in_units, &mut alert.within);
    walk.value("cool-down", read::duration(Duration::ZERO, 7 * DAY), in_units, &mut alert.cool_down);
    walk.optional("quiet", read::quiet, Quiet::to_string, &mut alert.quiet);
    walk.list("actions", read::named, |action: &Action| <&str>::from(action).to_owned(), &mut alert.actions);
    walk.list("command", read_text, String::clone, &mut alert.command);
    walk.secret("post", post, &mut alert.post);
    walk.value("post-as", read::named, |form: &PostAs| <&str>::from(*form).to_owned(), &mut alert.post_as);
    walk.flag("enabled", &mut alert.enabled);
}

fn in_units(duration: &Duration) -> String {
    format::duration(*duration)
}

/// An address may be a secret by itself, as those of webhooks are; its value may come from the environment.
fn post(value: &Value) -> Result<Secret, Wrong> {
    let text = read_text(value)?;
    if private::names_a_variable(&text) {
        return Ok(Secret(text));
    }
    read::address(&["https", "http"])(value).map(Secret)
}
