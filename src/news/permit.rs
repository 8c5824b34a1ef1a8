//! Leave to ask for a page: a reader's request is next in line at its site, but never beside another one there.

use std::fmt;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::scheduler::{Entry, PollScheduler};
use super::site::Site;
use crate::event::Clock;
use crate::http::Http;

/// Requests that wait for their turn; a reader opens one page at a time.
pub(crate) const WAITING: usize = 8;
/// The longest that a reader waits for the time between two requests at a site. One under way there is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// Someone waits to ask a site.
#[derive(Debug)]
pub(crate) struct PermitRequest {
    site: Site,
    since: Instant,
    answer: oneshot::Sender<Result<Permit, String>>,
}

/// Leave to ask one thing at a site. While it lives nobody else asks there.
pub(crate) struct Permit {
    /// Under the settings in force.
    pub http: Http,
    pub clock: Clock,
    site: Site,
    /// The site asked for so much patience.
    cool: Option<Duration>,
    /// Reports to the desk, when this is dropped, that the visit is over.
    left: Option<oneshot::Sender<Left>>,
}

/// A visit has ended: where, and for how long the site is left alone then.
pub(super) type Left = (Site, Option<Duration>);

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("place", &self.site).finish_non_exhaustive()
    }
}

impl Permit {
    /// The site asked us to wait: no request goes there for this long.
    pub(crate) fn cool(&mut self, time: Duration) {
        self.cool = Some(time);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(left) = self.left.take() {
            // Nobody hears it when the desk has gone.
            let _ = left.send((self.site.clone(), self.cool));
        }
    }
}

/// Waits for leave to ask an address.
///
/// # Errors
///
/// The site wants to be left alone, or nobody gives leave: one sentence.
pub(crate) async fn enter(desk: &mpsc::Sender<PermitRequest>, url: &str) -> Result<Permit, String> {
    let (answer, leave) = oneshot::channel();
    let visit = PermitRequest { site: Site::of(url), since: Instant::now(), answer };
    let closed = || String::from("nothing can be asked yet");
    desk.send(visit).await.map_err(|_| closed())?;
    leave.await.map_err(|_| closed())?
}

/// Those who wait, and those who are at a site.
#[derive(Debug, Default)]
pub(super) struct PermitQueue {
    waiting: Vec<PermitRequest>,
    away: FuturesUnordered<oneshot::Receiver<Left>>,
}

impl PermitQueue {
    pub(super) fn take(&mut self, visit: PermitRequest) {
        if self.waiting.len() < WAITING {
            self.waiting.push(visit);
        } else {
            let _ = visit.answer.send(Err("too many pages are being fetched".into()));
        }
    }

    /// Lets in whose turn it is. How long the next one waits, as far as that is known.
    pub(super) fn admit(&mut self, scheduler: &mut PollScheduler, http: &Http, clock: &Clock) -> Option<Duration> {
        let (now, instant) = (clock(), Instant::now());
        let mut next: Option<Duration> = None;
        for visit in std::mem::take(&mut self.waiting).into_iter().filter(|visit| !visit.answer.is_closed()) {
            match scheduler.enter(&visit.site, visit.since + PATIENCE, now, instant) {
                Entry::Open => self.let_in(visit, http, clock),
                Entry::Cooling(time) => drop(visit.answer.send(Err(cooling(time)))),
                Entry::Wait(time) => {
                    next = next.into_iter().chain(time).min();
                    self.waiting.push(visit);
                }
            }
        }
        next
    }

    fn let_in(&mut self, visit: PermitRequest, http: &Http, clock: &Clock) {
        let (left, leaving) = oneshot::channel();
        self.away.push(leaving);
        let (http, clock) = (http.clone(), clock.clone());
        let pass = Permit { http, clock, site: visit.site, cool: None, left: Some(left) };
        // One who has gone meanwhile gives it back by dropping it.
        let _ = visit.answer.send(Ok(pass));
    }

    /// Waits until one leaves, and takes note of it. None when nobody is there.
    pub(super) async fn left(&mut self) -> Option<Left> {
        self.away.next().await?.ok()
    }
}

/// What is shown when a site wants to be left alone.
pub(super) fn cooling(time: Duration) -> String {
    let minutes = time.as_secs().div_ceil(60).max(1);
    format!("the site asks for patience; it may be asked again in {minutes} min")
}
