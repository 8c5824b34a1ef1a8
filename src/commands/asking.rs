//! Asking for one address because somebody typed it: by the settings of a feed where it is one, after the pause that its
//! place wants, and not at all where a running newstape was asked to wait.

use std::collections::BTreeMap;

use jiff::Timestamp;
use tokio::time::Instant;
use url::Url;

use super::{Failure, Surroundings};
use crate::config::Config;
use crate::domain::feed::{Feed, FeedState};
use crate::http::{Answer, Ask, Http};
use crate::news::site::Site;
use crate::news::{discover, not_a_feed};
use crate::screen::text::day_and_clock;
use crate::store::Reader;

/// What a person asks for is a page or a feed.
const ACCEPT: &str = "application/atom+xml, application/rss+xml;q=0.9, application/feed+json;q=0.9, text/html;q=0.8, \
    application/xml;q=0.8, text/xml;q=0.8, */*;q=0.1";

/// Asks, one address after the other.
pub(super) struct Asking<'a> {
    config: &'a Config,
    around: &'a Surroundings,
    http: Http,
    states: Vec<FeedState>,
    /// When each place was asked last.
    asked: BTreeMap<Site, Instant>,
}

impl<'a> Asking<'a> {
    pub(super) fn new(config: &'a Config, around: &'a Surroundings) -> Result<Asking<'a>, Failure> {
        let http = Http::new(&config.network)?;
        Ok(Asking { config, around, http, states: stored(around), asked: BTreeMap::new() })
    }

    /// Asks an address that somebody typed, or one that the answering page `named`: that may only be private where the
    /// page is. Answers a status of 200 alone.
    ///
    /// # Errors
    /// One sentence that names the host.
    pub(super) async fn ask(&mut self, url: &str, named: Option<&str>) -> Result<Answer, Failure> {
        let host = host(url);
        let now = (self.around.clock)();
        if let Some(until) = cool_down(&self.states, url, now) {
            let zone = self.config.screen.time_zone.clone().unwrap_or_else(jiff::tz::TimeZone::system);
            let until = day_and_clock(until, now, &zone);
            return Err(Failure::not_had(format!("{host} asked for patience and is not asked before {until}")));
        }
        self.pause(url).await;
        let ask = self.request(url);
        let answer = match named.is_some_and(|page| Site::of(page) != Site::of(url)) {
            true => self.http.get_link(ask, None).await,
            false => self.http.get(ask).await,
        };
        let answer = answer.map_err(|trouble| Failure::not_had(format!("{host}: {trouble}")))?;
        match answer.status {
            200 => Ok(answer),
            _ => Err(Failure::not_had(format!("{host}: {}", refusal(&answer)))),
        }
    }

    fn request(&self, url: &str) -> Ask {
        let feed = feed_at(self.config, url);
        Ask {
            url: url.to_owned(),
            headers: BTreeMap::from([("accept", ACCEPT.to_owned())]),
            user_agent: feed.and_then(|feed| feed.user_agent.clone()),
            ..Ask::default()
        }
    }

    async fn pause(&mut self, url: &str) {
        let place = Site::of(url);
        if let Some(last) = self.asked.get(&place) {
            tokio::time::sleep_until(*last + self.config.network.domain_spacing).await;
        }
        self.asked.insert(place, Instant::now());
    }
}

/// The feed at an address, whichever way it is written.
pub(super) fn feed_at<'a>(config: &'a Config, url: &str) -> Option<&'a Feed> {
    let key = discover::key(url);
    config.feeds.iter().find(|feed| discover::key(&feed.url) == key)
}

/// What a running newstape remembers of its feeds; nothing when that can't be read.
pub(super) fn stored(around: &Surroundings) -> Vec<FeedState> {
    Reader::open(&around.places.data).and_then(|reader| reader.feeds()).unwrap_or_default()
}

/// Until when the place of an address asked to be left alone (429 and 503, whichever of its feeds got the answer).
pub(super) fn cool_down(states: &[FeedState], url: &str, now: Timestamp) -> Option<Timestamp> {
    let place = Site::of(url);
    let refused =
        states.iter().filter(|state| matches!(state.history.status, Some(429 | 503)) && Site::of(&state.url) == place);
    refused.filter_map(|state| state.schedule.next_check.time()).filter(|until| *until > now).max()
}

/// How a sentence names an address.
pub(super) fn host(url: &str) -> String {
    let host = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
    host.unwrap_or_else(|| "the address".into())
}

fn refusal(answer: &Answer) -> String {
    let head = answer.body.get(..16 << 10).unwrap_or(&answer.body);
    let guard = match answer.header("cf-mitigated") {
        Some(_) => Some("Cloudflare"),
        None => not_a_feed::challenge(&String::from_utf8_lossy(head).to_lowercase()),
    };
    let status = answer.status;
    match (guard, status) {
        (Some(guard), _) => format!("it sent a challenge page ({guard}), meant for browsers ({status})"),
        (_, 401 | 402 | 407) => format!("it wants a login ({status}); write one in the feed's entry in the config"),
        (_, 403 | 451) => format!("it refused ({status}); a user-agent in the feed's entry may help"),
        (_, 404 | 410) => format!("there is nothing at this address ({status})"),
        (_, 429 | 503) => format!("it asks for patience ({status}); try again later"),
        (_, 500..=599) => format!("its server is in trouble ({status}); try again later"),
        _ => format!("the server answered {status}"),
    }
}
