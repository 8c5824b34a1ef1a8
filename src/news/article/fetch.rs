//! Fetching the page of an article: once, when a reader asks for it, and as politely as feeds are asked.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::mpsc;
use url::Url;

use super::{FAULT, MAX_BODY, read};
use crate::domain::article::Article;
use crate::http::{Answer, Ask, Http, HttpError};
use crate::news::not_a_feed;
use crate::news::permit::{self, PermitRequest};
use crate::news::schedule::{LONGEST_RETRY_AFTER, RATE_LIMIT_WAIT, Wishes};

/// What newstape can make an article of, the best first.
const ACCEPT: &str = "text/html, application/xhtml+xml, text/plain;q=0.8, */*;q=0.1";

/// Fetches the page of a link and reads it. `desk` gives leave to ask ([`permit`]): a site that is being asked is waited
/// for, and one that rate-limits us is left alone. `feed` is the address of the feed whose story it is.
///
/// # Errors
///
/// There is nothing to be read: one sentence without its full stop, and without any address.
pub(crate) async fn fetch(
    desk: &mpsc::Sender<PermitRequest>,
    link: &str,
    feed: Option<&str>,
) -> Result<Article, String> {
    let mut pass = permit::enter(desk, link).await?;
    let answer = ask(&pass.http, link, feed).await;
    let wishes = |answer: &Answer| Wishes::read(|name| answer.header(name), (pass.clock)());
    let rate_limit_wait =
        answer.as_ref().ok().and_then(|answer| rate_limit_wait(answer.status, wishes(answer).retry_after));
    if let Some(time) = rate_limit_wait {
        pass.cool(time);
    }
    // The site is free again: reading takes a while.
    drop(pass);
    let answer = answer.map_err(|trouble| not_had(&trouble))?;
    match rate_limit_wait {
        Some(time) => Err(format!("{} ({})", permit::cooling(time), answer.status)),
        None => judge(answer).await,
    }
}

/// A link is not the reader's own: what it leads to must be public, allowed, or at the server of the feed.
async fn ask(http: &Http, link: &str, feed: Option<&str>) -> Result<Answer, HttpError> {
    let ask = Ask {
        url: link.to_owned(),
        headers: BTreeMap::from([("accept", ACCEPT.to_owned())]),
        max_body: Some(MAX_BODY as u64),
        take_cut: true,
        ..Ask::default()
    };
    http.get_link(ask, feed).await
}

/// For how long the site wants to be left alone, if it does.
fn rate_limit_wait(status: u16, retry_after: Option<Duration>) -> Option<Duration> {
    let asked_for = retry_after.filter(|time| status >= 400 && !time.is_zero());
    asked_for.map(|time| time.min(LONGEST_RETRY_AFTER)).or_else(|| (status == 429).then_some(RATE_LIMIT_WAIT))
}

fn not_had(trouble: &HttpError) -> String {
    format!("the page could not be had: {trouble}")
}

async fn judge(answer: Answer) -> Result<Article, String> {
    let header = |name: &str| answer.header(name);
    let is_good = matches!(answer.status, 200..=299);
    if !is_good || header("cf-mitigated").is_some() {
        let guard = not_a_feed::guard(header, &answer.body);
        return Err(refusal(answer.status, guard));
    }
    // A panic there stays there, and this thread has the others to serve.
    tokio::task::spawn_blocking(move || {
        let url = Url::parse(&answer.url).map_err(|_| String::from(FAULT))?;
        let read = read(&answer.body, answer.header("content-type"), &url);
        // Nothing to be read of a beginning says nothing about the page.
        read.map_err(|why| answer.cut.as_ref().map_or(why, not_had))
    })
    .await
    .unwrap_or_else(|_| Err(FAULT.into()))
}

fn refusal(status: u16, guard: Option<&'static str>) -> String {
    if let Some(guard) = guard {
        return format!("the page is kept by {guard}, which wants to see a browser ({status})");
    }
    let words = match status {
        300..=399 => "the page leads nowhere",
        401 => "the page wants a login",
        402 => "the page wants to be paid",
        403 | 405 | 406 => "the site refuses programs",
        404 | 410 => "the page is gone",
        407 => "the proxy of this machine wants a login",
        451 => "the site refuses for legal reasons",
        503 => "the site is out of service for now",
        500..=599 => "the site has an error",
        _ => "the site gave an unexpected answer",
    };
    format!("{words} ({status})")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
