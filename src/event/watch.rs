//! Whether the system's clock was set back, seen against the monotonic one. What a process keeps as times (when a question is
//! due, until when a price is fresh) would otherwise lie hours ahead, and wait for the clock to come round again.

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// Clocks are set right by less than this without anything to be done about it.
const TOLERANCE: SignedDuration = SignedDuration::from_secs(1);

/// Both clocks, as they were last looked at.
#[derive(Clone, Copy, Debug)]
pub struct ClockWatch {
    wall: Timestamp,
    steady: Instant,
}

impl ClockWatch {
    /// Begins at a time of the wall clock, which is now.
    pub fn new(now: Timestamp) -> ClockWatch {
        ClockWatch { wall: now, steady: Instant::now() }
    }

    /// How far the wall clock, which shows `now`, was set back since this was last asked. One that was set forward says
    /// nothing: a machine that slept looks the same, and what is due early and counts as old does no harm.
    pub fn set_back(&mut self, now: Timestamp) -> Option<SignedDuration> {
        let before = std::mem::replace(self, ClockWatch::new(now));
        let passed = SignedDuration::try_from(self.steady.duration_since(before.steady)).unwrap_or(SignedDuration::MAX);
        let expected = before.wall.checked_add(passed).unwrap_or(Timestamp::MAX);
        let back = expected.duration_since(now);
        (back > TOLERANCE).then_some(back)
    }
}

/// A time that was noted before the clock was set back, by the clock as it is now. The ends of time stay where they are: they
/// mean never, and at once.
pub fn moved_back(at: Timestamp, by: SignedDuration) -> Timestamp {
    let is_end = at == Timestamp::MIN || at == Timestamp::MAX;
    if is_end { at } else { at.checked_sub(by).unwrap_or(Timestamp::MIN) }
}

/// Moves times that were noted before the clock was set back.
pub fn move_back<'a>(times: impl IntoIterator<Item = &'a mut Timestamp>, by: SignedDuration) {
    times.into_iter().for_each(|at| *at = moved_back(*at, by));
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn only_a_clock_that_is_set_back_is_told_of() {
        let start = Timestamp::from_second(1_770_301_500).expect("in range");
        let hours = SignedDuration::from_hours;
        let mut watch = ClockWatch::new(start);
        tokio::time::advance(Duration::from_mins(1)).await;
        let now = start + SignedDuration::from_secs(60);
        assert_eq!(watch.set_back(now), None, "it runs as it should");
        assert_eq!(watch.set_back(now - SignedDuration::from_millis(900)), None, "set right by a little");
        assert_eq!(watch.set_back(now + hours(3)), None, "set forward, or the machine slept");
        tokio::time::advance(Duration::from_mins(1)).await;
        assert_eq!(watch.set_back(now), Some(hours(3) + SignedDuration::from_secs(60)));
        assert_eq!(watch.set_back(now), None, "reported once");
        assert_eq!(watch.set_back(Timestamp::MIN).map(|back| back > hours(1)), Some(true));
    }

    #[test]
    fn never_and_at_once_stay_what_they_are() {
        let hour = SignedDuration::from_hours(1);
        assert_eq!([Timestamp::MIN, Timestamp::MAX].map(|at| moved_back(at, hour)), [Timestamp::MIN, Timestamp::MAX]);
        assert_eq!(moved_back(Timestamp::UNIX_EPOCH, hour), Timestamp::UNIX_EPOCH - hour);
    }
}
