//! The one task that asks feeds: it sleeps until one is due, asks, reads, sends, and sleeps again.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::board::{Board, Job};
use super::identity::Recognised;
use super::outcome::{Polled, Told};
use super::{Unreadable, unread};
use crate::config::Config;
use crate::domain::Name;
use crate::domain::feed::FeedState;
use crate::event::{Clock, Event, STORIES_AT_ONCE};
use crate::http::{Answer, Ask, Http};

/// What newstape can read, the best first.
const ACCEPT: &str = "application/atom+xml, application/rss+xml;q=0.9, application/feed+json;q=0.9, \
    application/xml;q=0.8, text/xml;q=0.8, */*;q=0.1";
/// While this many events wait to be taken, nothing more is asked: a stalled screen slows the feeds, not the memory.
const OUTBOX: usize = 64;
/// How much of a refusal's body is looked at for the marks of a bot guard, in bytes.
const GUARD_HEAD: usize = 16 * 1024;

/// Chance, given from outside: numbers between -1 and 1.
pub type Chance = Box<dyn FnMut() -> f64 + Send>;

/// What the news desk works with.
pub struct Desk {
    pub http: Http,
    pub clock: Clock,
    pub config: watch::Receiver<Arc<Config>>,
    pub events: mpsc::Sender<Event>,
    pub orders: mpsc::Receiver<Order>,
    /// As stored.
    pub states: Vec<FeedState>,
    pub chance: Chance,
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").field("states", &self.states.len()).finish_non_exhaustive()
    }
}

/// What the desk is told to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Ask now, still conditionally and within the floors: the named feeds, or all when there are no names.
    Refresh(Vec<Name>),
}

/// Polls the feeds of the configuration in force, until one of its channels closes.
///
/// # Errors
///
/// None as yet; the shell wants one shape for all tasks.
pub async fn run(desk: Desk) -> anyhow::Result<()> {
    let Desk { mut http, clock, mut config, events, mut orders, states, mut chance } = desk;
    let hasher = RandomState::new();
    let mut board = Board::new(states);
    board.adopt(&config.borrow_and_update().clone(), clock());
    let mut asked = FuturesUnordered::new();
    let mut outbox = VecDeque::new();
    loop {
        while outbox.len() < OUTBOX
            && let Some(job) = board.launch(clock(), Instant::now())
        {
            asked.push(ask(http.clone(), job, clock.clone(), hasher.clone()));
        }
        let sleep = board.sleep(clock(), Instant::now());
        tokio::select! {
            changed = config.changed() => {
                if changed.is_err() {
                    return Ok(());
                }
                let config = config.borrow_and_update().clone();
                http = http.with(&config.network);
                board.adopt(&config, clock());
            }
            order = orders.recv() => match order {
                Some(Order::Refresh(names)) => board.refresh(&names, clock()),
                None => return Ok(()),
            },
            Some(done) = asked.next(), if !asked.is_empty() => {
                let states = board.settle(&done.job, &done.polled, done.body, clock(), Instant::now(), chance());
                outbox.extend(news(done.polled, states));
            }
            permit = events.reserve(), if !outbox.is_empty() => {
                let Ok(permit) = permit else { return Ok(()) };
                if let Some(event) = outbox.pop_front() {
                    permit.send(event);
                }
            }
            () = tokio::time::sleep(sleep), if outbox.len() < OUTBOX => {}
        }
    }
}

/// The stories, newest first and in parts, then the states. A feed that went meanwhile has no news.
fn news(polled: Polled, states: Vec<FeedState>) -> Vec<Event> {
    let mut events = Vec::new();
    if let Polled::Read { mut stories, .. } = polled
        && !states.is_empty()
    {
        stories.sort_by_key(|story| std::cmp::Reverse(story.time()));
        events.extend(stories.chunks(STORIES_AT_ONCE).map(|part| Event::Stories(part.to_vec())));
    }
    events.extend(states.into_iter().map(|state| Event::Feed(Box::new(state))));
    events
}

/// A finished poll.
struct Done {
    job: Job,
    polled: Polled,
    /// Hash of the body, when it was read.
    body: Option<u64>,
}

async fn ask(http: Http, job: Job, clock: Clock, hasher: RandomState) -> Done {
    let answer = match http.get(request(&job)).await {
        Ok(answer) => answer,
        Err(trouble) => return Done { job, polled: Polled::Unreached(trouble), body: None },
    };
    let told = Told::by(&answer, clock());
    let (polled, body) = match answer.status {
        304 => (Polled::NotModified { answer: told }, None),
        200..=299 => {
            let body = hasher.hash_one(&answer.body);
            match job.body {
                Some(last) if last == body => (Polled::Same { answer: told }, None),
                _ => read(answer, told, &job, &clock, body).await,
            }
        }
        _ => (Polled::Refused { guard: guard(&answer), answer: told }, None),
    };
    Done { job, polled, body }
}

/// First unconditional, later always conditional, also by hand (rule 1), with both validators (rule 2).
fn request(job: &Job) -> Ask {
    let mut headers = BTreeMap::from([("accept", ACCEPT.to_owned())]);
    headers.extend(job.state.etag.clone().map(|etag| ("if-none-match", etag)));
    headers.extend(job.state.last_modified.clone().map(|date| ("if-modified-since", date)));
    Ask { url: job.feed.url.clone(), headers, user_agent: job.feed.user_agent.clone(), ..Ask::default() }
}

/// Reading takes a while for large documents: it has its own thread, and a panic there stays there.
async fn read(answer: Answer, told: Told, job: &Job, clock: &Clock, body: u64) -> (Polled, Option<u64>) {
    let (feed, known, now) = (job.feed.clone(), job.state.known.clone(), clock());
    let work = move || {
        let document = super::read(&answer.body, answer.header("content-type"), &answer.url)?;
        let recognised = document.recognise(&feed, &known, now);
        Ok((document, recognised))
    };
    match tokio::task::spawn_blocking(work).await.unwrap_or(Err(Unreadable::Fault)) {
        Ok((document, Recognised { stories, known })) => {
            let mut answer = told;
            answer.wishes.ttl = document.ttl;
            (Polled::Read { answer, stories, known, repairs: document.repairs }, Some(body))
        }
        Err(why) => (Polled::Unreadable { answer: told, why }, None),
    }
}

/// Whose challenge page a refusal is, if it is one.
fn guard(answer: &Answer) -> Option<&'static str> {
    if answer.header("cf-mitigated").is_some() {
        return Some("Cloudflare");
    }
    let head = answer.body.get(..GUARD_HEAD).unwrap_or(&answer.body);
    unread::challenge(&String::from_utf8_lossy(head).to_lowercase())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(super) mod tests;
