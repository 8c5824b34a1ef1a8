//! Leave to ask for a page: a reader's request is next in line at its place, but never beside another one there.

use std::fmt;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::board::{Board, Entry};
use super::place::Place;
use crate::event::Clock;
use crate::http::Http;

/// Requests that wait for their turn; a reader opens one page at a time.
pub const WAITING: usize = 8;
/// The longest that a reader waits for the time between two requests at a place. One under way there is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// Someone waits to ask a place.
#[derive(Debug)]
pub struct Visit {
    place: Place,
    since: Instant,
    answer: oneshot::Sender<Result<Pass, String>>,
}

/// Leave to ask one thing at a place. While it lives nobody else asks there.
pub struct Pass {
    /// Under the settings in force.
    pub http: Http,
    pub clock: Clock,
    place: Place,
    /// The place asked for so much patience.
    cool: Option<Duration>,
    /// Told when this is dropped.
    left: Option<oneshot::Sender<Left>>,
}

/// A visit has ended: where, and for how long the place is left alone then.
pub(super) type Left = (Place, Option<Duration>);

impl fmt::Debug for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pass").field("place", &self.place).finish_non_exhaustive()
    }
}

impl Pass {
    /// The place asked for patience: nobody asks there for this long.
    pub fn cool(&mut self, time: Duration) {
        self.cool = Some(time);
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if let Some(left) = self.left.take() {
            // Nobody hears it when the desk has gone.
            let _ = left.send((self.place.clone(), self.cool));
        }
    }
}

/// Waits for leave to ask an address.
///
/// # Errors
///
/// The place wants to be left alone, or nobody gives leave: one sentence.
pub async fn enter(desk: &mpsc::Sender<Visit>, url: &str) -> Result<Pass, String> {
    let (answer, leave) = oneshot::channel();
    let visit = Visit { place: Place::of(url), since: Instant::now(), answer };
    let closed = || String::from("nothing can be asked yet");
    desk.send(visit).await.map_err(|_| closed())?;
    leave.await.map_err(|_| closed())?
}

/// Those who wait, and those who are at a place.
#[derive(Debug, Default)]
pub(super) struct Visitors {
    waiting: Vec<Visit>,
    away: FuturesUnordered<oneshot::Receiver<Left>>,
}

impl Visitors {
    pub fn take(&mut self, visit: Visit) {
        if self.waiting.len() < WAITING {
            self.waiting.push(visit);
        } else {
            let _ = visit.answer.send(Err("too many pages are being fetched".into()));
        }
    }

    /// Lets in whose turn it is. How long the next one waits, as far as that is known.
    pub fn admit(&mut self, board: &mut Board, http: &Http, clock: &Clock) -> Option<Duration> {
        let (now, instant) = (clock(), Instant::now());
        let mut next: Option<Duration> = None;
        for visit in std::mem::take(&mut self.waiting).into_iter().filter(|visit| !visit.answer.is_closed()) {
            match board.enter(&visit.place, visit.since + PATIENCE, now, instant) {
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

    fn let_in(&mut self, visit: Visit, http: &Http, clock: &Clock) {
        let (left, leaving) = oneshot::channel();
        self.away.push(leaving);
        let (http, clock) = (http.clone(), clock.clone());
        let pass = Pass { http, clock, place: visit.place, cool: None, left: Some(left) };
        // One who has gone meanwhile gives it back by dropping it.
        let _ = visit.answer.send(Ok(pass));
    }

    /// Waits until one leaves, and takes note of it. None when nobody is there.
    pub async fn left(&mut self) -> Option<Left> {
        self.away.next().await?.ok()
    }
}

/// What the reader is told of a place that wants to be left alone.
pub(super) fn cooling(time: Duration) -> String {
    let minutes = time.as_secs().div_ceil(60).max(1);
    format!("the site asks for patience; it may be asked again in {minutes} min")
}
