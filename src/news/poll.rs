//! The one task that asks feeds: it sleeps until one is due, asks, reads, sends, and sleeps again.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::identity::Recognised;
use super::permit::{PermitQueue, PermitRequest};
use super::poll_outcome::{PollOutcome, Report, ResponseMeta};
use super::scheduler::{Job, PollScheduler};
use super::{Unreadable, not_a_feed};
use crate::config::Config;
use crate::domain::Name;
use crate::domain::feed::{Feed, FeedState, Rhythm};
use crate::domain::fingerprint;
use crate::domain::query::StoryText;
use crate::domain::query::{Query, Subject};
use crate::domain::story::{Marks, Story};
use crate::event::{Clock, Event, STORIES_AT_ONCE};
use crate::http::{Access, Answer, Ask, Http, is_same_server};

/// What newstape can read, the best first.
const ACCEPT: &str = "application/atom+xml, application/rss+xml;q=0.9, application/feed+json;q=0.9, \
    application/xml;q=0.8, text/xml;q=0.8, */*;q=0.1";
/// While this many events wait to be taken, nothing more is asked: a stalled screen slows the feeds, not the memory.
const OUTBOX: usize = 64;

/// Chance, given from outside: numbers between -1 and 1.
pub(crate) type Chance = Box<dyn FnMut() -> f64 + Send>;

/// What the news desk works with.
pub(crate) struct Deps {
    pub http: Http,
    pub clock: Clock,
    pub config: watch::Receiver<Arc<Config>>,
    pub events: mpsc::Sender<Event>,
    pub orders: mpsc::Receiver<Order>,
    /// Who wants to ask for a page.
    pub visits: mpsc::Receiver<PermitRequest>,
    /// As stored.
    pub states: Vec<FeedState>,
    /// So many stories wait to be saved that none are to be sent for now.
    pub full: watch::Receiver<bool>,
    pub chance: Chance,
}

impl fmt::Debug for Deps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deps").field("states", &self.states.len()).finish_non_exhaustive()
    }
}

/// An order to the polling task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Ask now, still conditionally and within the floors: the named feeds, or all when there are no names.
    Refresh(Vec<Name>),
}

/// Polls the feeds of the current configuration until one of its channels closes.
///
/// # Errors
///
/// None as yet; the shell wants one shape for all tasks.
pub(crate) async fn run(deps: Deps) -> anyhow::Result<()> {
    let Deps { mut http, clock, mut config, events, mut orders, mut visits, states, mut full, mut chance } = deps;
    let mut scheduler = PollScheduler::new(states);
    let mut permits = PermitQueue::default();
    let mut asked = FuturesUnordered::new();
    let feed_events = |states: Vec<FeedState>| states.into_iter().map(|state| Event::Feed(Box::new(state)));
    let mut outbox: VecDeque<Event> =
        feed_events(scheduler.adopt(&config.borrow_and_update().clone(), clock())).collect();
    loop {
        let next_visit = permits.admit(&mut scheduler, &http, &clock);
        while outbox.len() < OUTBOX
            && let Some(job) = scheduler.launch(clock(), Instant::now(), chance())
        {
            asked.push(ask(http.clone(), job, clock.clone()));
        }
        let sleep = scheduler.sleep(clock(), Instant::now());
        // What a poll ended with waits behind its stories, so that validators are never saved before these are.
        let held_back = matches!(outbox.front(), Some(Event::Stories(_))) && is_full(&full);
        tokio::select! {
            changed = config.changed() => {
                if changed.is_err() {
                    return Ok(());
                }
                let config = config.borrow_and_update().clone();
                http = http.with(&config.network);
                outbox.extend(feed_events(scheduler.adopt(&config, clock())));
            }
            order = orders.recv() => match order {
                Some(Order::Refresh(names)) => outbox.extend(feed_events(scheduler.refresh(&names, clock()))),
                None => return Ok(()),
            },
            Some(done) = asked.next(), if !asked.is_empty() => {
                let states = scheduler.apply_poll(&done.job, &done.report, clock(), Instant::now(), chance());
                outbox.extend(news(&done.job.feed.name, done.report.polled, states));
            }
            Some(visit) = visits.recv() => permits.take(visit),
            Some((site, cool)) = permits.left() => outbox.extend(feed_events(scheduler.exit(&site, cool, clock(), Instant::now()))),
            () = tokio::time::sleep(next_visit.unwrap_or_default()), if next_visit.is_some() => {}
            () = has_room(&mut full), if held_back => {}
            permit = events.reserve(), if !outbox.is_empty() && !held_back => {
                let Ok(permit) = permit else { return Ok(()) };
                if let Some(event) = outbox.pop_front() {
                    permit.send(event);
                }
            }
            () = tokio::time::sleep(sleep), if outbox.len() < OUTBOX => {}
        }
    }
}

/// Where nobody tells, there is room.
fn is_full(full: &watch::Receiver<bool>) -> bool {
    *full.borrow() && full.has_changed().is_ok()
}

async fn has_room(full: &mut watch::Receiver<bool>) {
    full.wait_for(|full| !full).await.map(drop).ok();
}

/// The stories, newest first and in parts, then the states. A feed that went meanwhile has no news.
fn news(feed: &Name, polled: PollOutcome, states: Vec<FeedState>) -> Vec<Event> {
    let mut events = Vec::new();
    if let PollOutcome::Read { mut stories, .. } = polled
        && states.first().is_some_and(|state| state.feed == *feed)
    {
        stories.sort_by_key(|story| std::cmp::Reverse(story.time()));
        let mut stories = stories.into_iter().peekable();
        while stories.peek().is_some() {
            events.push(Event::Stories(stories.by_ref().take(STORIES_AT_ONCE).collect()));
        }
    }
    events.extend(states.into_iter().map(|state| Event::Feed(Box::new(state))));
    events
}

/// A finished poll.
struct Done {
    job: Job,
    report: Report,
}

async fn ask(http: Http, job: Job, clock: Clock) -> Done {
    let request = request(&job);
    let is_conditional =
        request.headers.contains_key("if-none-match") || request.headers.contains_key("if-modified-since");
    let begun = Instant::now();
    let answer = http.get(request).await;
    let millis = u32::try_from(begun.elapsed().as_millis()).unwrap_or(u32::MAX);
    let bytes = answer.as_ref().map_or(0, |answer| u32::try_from(answer.body.len()).unwrap_or(u32::MAX));
    let polled = match answer {
        Ok(answer) => judge(answer, is_conditional, &job, &clock).await,
        Err(trouble) => PollOutcome::Unreached(trouble),
    };
    let report = Report { asked: job.url.clone(), is_conditional, millis, bytes, polled };
    Done { job, report }
}

async fn judge(answer: Answer, is_conditional: bool, job: &Job, clock: &Clock) -> PollOutcome {
    let response = ResponseMeta::by(&answer, clock());
    let header = |name: &str| answer.header(name);
    match answer.status {
        304 if is_conditional => PollOutcome::NotModified { answer: response },
        200..=299 if header("cf-mitigated").is_some() => {
            PollOutcome::Unreadable { answer: response, why: Unreadable::Challenge("Cloudflare".into()) }
        }
        200..=299 => {
            let body = fingerprint::of(answer.body.iter().copied());
            match job.state.cache.body {
                Some(last) if last == body && answer.cut.is_none() => PollOutcome::Same { answer: response },
                _ => read(answer, response, job, clock, body).await,
            }
        }
        _ => PollOutcome::Refused {
            guard: not_a_feed::guard(header, &answer.body).map(Name::from),
            is_rate_limit: not_a_feed::is_rate_limit(header, &answer.body),
            answer: response,
        },
    }
}

/// First unconditional, later always conditional, also by hand, with both validators.
fn request(job: &Job) -> Ask {
    let mut headers = BTreeMap::from([("accept", ACCEPT.to_owned())]);
    headers.extend(job.state.cache.etag.clone().map(|etag| ("if-none-match", etag)));
    headers.extend(job.state.cache.last_modified.clone().map(|date| ("if-modified-since", date)));
    Ask {
        url: job.url.clone(),
        headers,
        user_agent: job.feed.user_agent.clone(),
        validators_of: job.state.cache.validators_of.clone(),
        take_cut: true,
        access: access(&job.feed, &job.url),
        ..Ask::default()
    }
}

/// What opens a feed is meant for the server it was configured at, not for one that it has moved to.
fn access(feed: &Feed, asked: &str) -> Access {
    let parsed = url::Url::parse(&feed.url).ok().zip(url::Url::parse(asked).ok());
    let is_home = feed.url == asked || parsed.is_some_and(|(own, asked)| is_same_server(&own, &asked));
    Access {
        headers: if is_home { feed.headers.clone() } else { BTreeMap::new() },
        login: feed.login.clone().filter(|_| is_home),
        proxy: feed.proxy.clone(),
        accept_invalid_certificate: feed.accept_invalid_certificate && is_home,
    }
}

/// Reading takes a while for large documents: it has its own thread, and a panic there stays there.
async fn read(answer: Answer, response: ResponseMeta, job: &Job, clock: &Clock, body: u64) -> PollOutcome {
    let (feed, known, now, max_age) = (job.feed.clone(), job.state.known.clone(), clock(), response.wishes.max_age);
    let cut = answer.cut.clone();
    let work = move || {
        let document = super::read(&answer.body, answer.header("content-type"), &answer.url)?;
        let Recognised { stories, known } = document.recognise(&feed, &known, now);
        let count = stories.len();
        let stories = kept(stories, &feed, now);
        let rhythm = Rhythm::of(&document, max_age, now);
        Ok((stories, known, count, rhythm, document))
    };
    let found = tokio::task::spawn_blocking(work).await.unwrap_or(Err(Unreadable::Fault));
    if let Some(trouble) = &cut
        && !matches!(&found, Ok((.., document)) if !document.entries.is_empty())
    {
        return PollOutcome::Unreached(trouble.clone());
    }
    match found {
        Ok((stories, known, count, rhythm, document)) => PollOutcome::Read {
            answer: response,
            killed: count - stories.len(),
            stories,
            known,
            repairs: document.repairs,
            rhythm: Box::new(rhythm),
            entries: document.entries.len(),
            body,
            cut,
        },
        Err(why) => PollOutcome::Unreadable { answer: response, why },
    }
}

/// Without the stories that match the kill rule of their feed. They are sorted out before, so that what is left
/// keeps its identity. A rule that can't be read keeps nothing out: the configuration has warned of it.
fn kept(stories: Vec<Story>, feed: &Feed, now: jiff::Timestamp) -> Vec<Story> {
    let Some(kill) = feed.kill.as_deref().and_then(|kill| Query::parse(kill).ok()) else { return stories };
    let is_killed = |story: &Story| {
        let subject = Subject {
            story,
            text: StoryText::new(story),
            topics: &[],
            symbols: &[],
            marks: Marks::default(),
            muted: false,
            outlets: 1,
            moves: &[],
            now,
        };
        kill.matches(&subject)
    };
    stories.into_iter().filter(|story| !is_killed(story)).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(super) mod tests;
