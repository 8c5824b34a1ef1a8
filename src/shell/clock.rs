//! Where the time comes from: the system, a trial that begins at a given time, or a replay that runs faster and pauses.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::event::Clock;

/// What timers can tell apart: whoever waits for less would turn round and round.
const WAIT_MIN: Duration = Duration::from_millis(1);

/// The system's time.
pub fn system() -> Clock {
    Arc::new(read_system)
}

/// A clock that stands at a given time now and runs with the system's, suspends included.
pub fn starting_at(start: Timestamp) -> Clock {
    let offset = start.duration_since(read_system());
    Arc::new(move || read_system() + offset)
}

#[expect(clippy::disallowed_methods, reason = "this is where the injected clock comes from")]
fn read_system() -> Timestamp {
    Timestamp::now()
}

/// A clock that runs at a speed, and can be stopped and set.
#[derive(Clone, Debug)]
pub struct ReplayClock {
    inner: Arc<Mutex<Run>>,
}

#[derive(Clone, Copy, Debug)]
struct Run {
    /// The time shown at `anchor`.
    time: Timestamp,
    anchor: Instant,
    speed: f64,
    paused: bool,
}

impl Run {
    fn now(&self) -> Timestamp {
        if self.paused {
            return self.time;
        }
        let run = SignedDuration::try_from_secs_f64(self.anchor.elapsed().as_secs_f64() * self.speed);
        run.ok().and_then(|run| self.time.checked_add(run).ok()).unwrap_or(Timestamp::MAX)
    }
}

impl ReplayClock {
    /// `speed`: seconds of the day for each second that passes; positive.
    pub fn new(start: Timestamp, speed: f64) -> ReplayClock {
        let run = Run { time: start, anchor: Instant::now(), speed, paused: false };
        ReplayClock { inner: Arc::new(Mutex::new(run)) }
    }

    /// What it shows.
    pub fn now(&self) -> Timestamp {
        self.run().now()
    }

    /// The same clock, as the rest of the program takes one.
    pub fn clock(&self) -> Clock {
        let clock = self.clone();
        Arc::new(move || clock.now())
    }

    /// Does it stand still?
    pub fn paused(&self) -> bool {
        self.run().paused
    }

    /// Stops it, or lets it go on from where it stands.
    pub fn pause(&self, paused: bool) {
        let mut run = self.run();
        let now = run.now();
        *run = Run { time: now, anchor: Instant::now(), paused, ..*run };
    }

    /// Sets it to a time, from which it goes on.
    pub fn set(&self, time: Timestamp) {
        let mut run = self.run();
        *run = Run { time, anchor: Instant::now(), ..*run };
    }

    /// How long until a time is reached, zero once it is; None while paused.
    pub fn wait_for(&self, time: Timestamp) -> Option<Duration> {
        let run = self.run();
        let left = time.duration_since(run.now()).as_secs_f64();
        let wait = || Duration::try_from_secs_f64(left / run.speed).unwrap_or(Duration::MAX).max(WAIT_MIN);
        (!run.paused).then(|| if left > 0.0 { wait() } else { Duration::ZERO })
    }

    fn run(&self) -> MutexGuard<'_, Run> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_replay_clock_runs_at_its_speed_and_stands_still_when_paused() {
        let start = Timestamp::from_second(1_770_301_500).expect("in range");
        let clock = ReplayClock::new(start, 300.0);
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(clock.now(), start + SignedDuration::from_secs(600));
        clock.pause(true);
        tokio::time::advance(Duration::from_secs(9)).await;
        assert_eq!(clock.now(), start + SignedDuration::from_secs(600));
        assert_eq!(clock.wait_for(start + SignedDuration::from_secs(900)), None);
        clock.pause(false);
        assert_eq!(clock.wait_for(start + SignedDuration::from_secs(900)), Some(Duration::from_secs(1)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_set_clock_goes_on_as_it_went() {
        let start = Timestamp::from_second(1_770_301_500).expect("in range");
        let clock = ReplayClock::new(start, 60.0);
        let later = start + SignedDuration::from_hours(1);
        clock.set(later);
        assert_eq!(
            (clock.now(), clock.wait_for(later), clock.wait_for(start)),
            (later, Some(Duration::ZERO), Some(Duration::ZERO))
        );
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(clock.clock()(), later + SignedDuration::from_mins(1));
        clock.pause(true);
        clock.set(start);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!((clock.now(), clock.paused()), (start, true));
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_is_never_shorter_than_a_timer_nor_longer_than_time() {
        let start = Timestamp::from_second(1_770_301_500).expect("in range");
        let clock = ReplayClock::new(start, 100_000.0);
        assert_eq!(clock.wait_for(start + SignedDuration::from_nanos(1)), Some(Duration::from_millis(1)));
        let slow = ReplayClock::new(start, 1e-300);
        assert_eq!(slow.wait_for(Timestamp::MAX), Some(Duration::MAX));
        let fast = ReplayClock::new(start, 1e300);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(fast.now(), Timestamp::MAX);
    }

    #[test]
    fn a_trial_begins_at_its_time() {
        let start = Timestamp::from_second(1_770_301_500).expect("in range");
        let clock = starting_at(start);
        assert!((SignedDuration::ZERO..SignedDuration::from_mins(5)).contains(&clock().duration_since(start)));
    }
}
