//! How often a feed has something new and when it wishes to be left alone, as its documents tell. Pure.
//!
//! An interval that the user wrote is obeyed: in normal times it is the longest wait. Any other is what a feed gets at
//! best. A feed that publishes a few times a day is asked less often, since most of those requests would bring nothing:
//! after half of the usual gap between its entries, so that a story is seen after a quarter of that gap on average. Two
//! things keep this from making the tape late:
//!
//! - The usual gap is the *median* of the newest 20. Nights and weekends do not count against a feed that is lively by
//!   day, and a feed whose gaps are shorter than two intervals is always asked at its interval.
//! - How far a wait may grow is counted in intervals. Primary sources speak rarely, and what they say moves prices:
//!   theirs grows to a quarter of an hour at most, also after weeks of silence.
//!
//! What else has been silent for weeks is asked still less often, at least once a day.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::Document;
use super::schedule::Pace;
use crate::domain::feed::{Feed, Rhythm, WaitReason};

/// So many gaps between the newest entries are looked at …
const GAPS: usize = 20;
/// … and fewer than these tell nothing.
const GAPS_MIN: usize = 4;
/// Published times this far ahead are a clock that is a little wrong; others are no times to count with.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);
/// However rarely something is new, it is looked for after this (but for what has long been silent).
const CEILING: Duration = Duration::from_secs(4 * HOUR);
/// How many intervals a wait may grow to.
const STRETCH: u32 = 16;
const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;
/// Days of silence, and how many times longer the wait gets.
const SILENCES: [(i64, u32); 3] = [(30, 8), (14, 4), (7, 2)];
/// A reader may wish for less than this, but a server must have said that it does not mind (`max-age`).
const BRISK: Duration = Duration::from_mins(5);
/// Who lowers the floor below this asks servers of their own.
const USUAL_FLOOR: Duration = Duration::from_mins(1);

impl Rhythm {
    /// What a document tells that was read at `now`.
    pub fn of(document: &Document, max_age: Option<Duration>, now: Timestamp) -> Rhythm {
        let mut times: Vec<Timestamp> = document.entries.iter().filter_map(|entry| entry.published).collect();
        times.retain(|time| *time <= now.saturating_add(AHEAD).unwrap_or(Timestamp::MAX));
        times.sort_unstable_by(|one, other| other.cmp(one));
        times.truncate(GAPS + 1);
        Rhythm {
            newest: times.first().copied(),
            entries: u32::try_from(document.entries.len()).ok(),
            median_gap: median_gap(&times),
            ttl: document.ttl,
            max_age,
            skip_hours: document.skip_hours.clone(),
            skip_days: document.skip_days.clone(),
        }
    }

    /// How long to wait after a good answer, if the server wishes for nothing else, and why.
    pub fn interval(&self, pace: &Pace, now: Timestamp) -> (Duration, WaitReason) {
        let configured = pace.interval.max(pace.floor);
        if pace.is_own {
            return (configured, WaitReason::Own(configured));
        }
        let is_welcome = self.max_age.is_some() || pace.floor < USUAL_FLOOR;
        let asked = if is_welcome { configured } else { configured.max(BRISK) };
        let (slowest, longest) = match pace.is_primary {
            true => (Feed::LONGEST_OF_PRIMARY.max(asked), Feed::LONGEST_OF_PRIMARY.max(asked)),
            false => (CEILING.min(asked * STRETCH).max(asked), Duration::from_secs(DAY).max(asked)),
        };
        let half = self.median_gap.unwrap_or_default() / 2;
        let slow = half.clamp(asked, slowest);
        let silence = self.newest.map_or(0, |newest| now.duration_since(newest).as_hours() / 24);
        let times = SILENCES.iter().find(|(days, _)| silence >= *days).map_or(1, |(_, times)| *times);
        let wait = (slow * times).min(longest);
        let why = match wait {
            wait if wait > slow => WaitReason::Silent(silence),
            wait if wait > asked => WaitReason::Seldom(self.median_gap.unwrap_or_default()),
            wait if wait > configured => WaitReason::Unwelcome(wait),
            wait => WaitReason::Interval(wait),
        };
        (wait, why)
    }

    /// The first moment from `at` on that lies in no hour or day in which the feed asks not to be polled (GMT). A feed
    /// that names all hours, or all days, can't mean it: then they do not count.
    pub fn open_from(&self, at: Timestamp) -> Timestamp {
        let hours = |hour: i64| self.skip_hours.iter().any(|skipped| i64::from(*skipped) == hour);
        let days = |day: i64| self.skip_days.iter().any(|skipped| i64::from(*skipped) == day);
        let (all_day, all_week) = ((0..24).all(hours), (0..7).all(days));
        let is_closed = |hour: i64| {
            // Hours since the epoch, which was a Thursday.
            (!all_day && hours(hour.rem_euclid(24))) || (!all_week && days((hour.div_euclid(24) + 3).rem_euclid(7)))
        };
        let first = at.as_second().div_euclid(HOUR as i64);
        match (first..first + 8 * 24).find(|hour| !is_closed(*hour)) {
            Some(hour) if hour > first => Timestamp::from_second(hour * HOUR as i64).unwrap_or(at),
            _ => at,
        }
    }
}

/// Of times in order, the newest first.
fn median_gap(times: &[Timestamp]) -> Option<Duration> {
    let mut gaps: Vec<SignedDuration> = times.windows(2).map(|pair| pair[0].duration_since(pair[1])).collect();
    gaps.sort_unstable();
    let middle = gaps.get(gaps.len() / 2).filter(|_| gaps.len() >= GAPS_MIN)?;
    Duration::try_from(*middle).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::news::Entry;

    const MINUTE: u64 = 60;

    fn now() -> Timestamp {
        // A Monday.
        "2026-11-23T12:00:00Z".parse().unwrap()
    }

    fn pace(seconds: u64) -> Pace {
        let (interval, floor) = (Duration::from_secs(seconds), Duration::from_mins(1));
        Pace { interval, is_own: false, floor, is_primary: false }
    }

    /// A document whose entries were published these minutes ago.
    fn published(minutes_ago: impl IntoIterator<Item = i64>) -> Document {
        let entry = |minutes| Entry { published: Some(now() - SignedDuration::from_mins(minutes)), ..Entry::default() };
        Document { entries: minutes_ago.into_iter().map(entry).collect(), ..Document::default() }
    }

    fn minutes(document: &Document, pace: &Pace) -> u64 {
        let (wait, _) = Rhythm::of(document, Some(Duration::ZERO), now()).interval(pace, now());
        wait.as_secs() / MINUTE
    }

    #[test]
    fn a_lively_feed_is_asked_at_its_interval_and_a_slow_one_less_often() {
        let every = |gap: i64| published((0..30).map(move |n| n * gap));
        let fifteen = pace(15 * MINUTE);
        for (gap, expected) in [(1, 15), (15, 15), (30, 15), (60, 30), (240, 120), (1440, 240), (2880, 240)] {
            assert_eq!(minutes(&every(gap), &fifteen), expected, "an entry every {gap} min");
        }
        // The growth is counted in intervals …
        assert_eq!(minutes(&every(1440), &pace(5 * MINUTE)), 80);
        // … and ends at a quarter of an hour for a primary source, if its interval is not longer by itself.
        for (interval, expected) in [(5, 15), (10, 15), (15, 15), (60, 60)] {
            let primary = Pace { is_primary: true, ..pace(interval * MINUTE) };
            assert_eq!(minutes(&every(1440), &primary), expected, "{interval}");
            let silent = published((0..30).map(|n| (n + 60) * 1440));
            assert_eq!(minutes(&silent, &primary), expected, "{interval}, silent");
        }
        // An interval that is long by itself is never shortened.
        assert_eq!(minutes(&every(5), &pace(6 * HOUR)), 360);
    }

    #[test]
    fn an_interval_of_the_users_is_the_longest_wait() {
        let every_day = published((0..30).map(|n| n * 1440));
        let silent = published((0..30).map(|n| (n + 60) * 1440));
        for seconds in [60, 90, 600, 7200] {
            for (name, document) in [("seldom", &every_day), ("silent", &silent), ("empty", &Document::default())] {
                for (is_primary, max_age) in [(false, None), (true, None), (false, Some(Duration::ZERO))] {
                    let own = Pace { is_own: true, is_primary, ..pace(seconds) };
                    let (wait, why) = Rhythm::of(document, max_age, now()).interval(&own, now());
                    assert_eq!((wait.as_secs(), why), (seconds, WaitReason::Own(wait)), "{seconds} s, {name}");
                }
            }
        }
    }

    #[test]
    fn nights_do_not_count_against_a_feed_that_is_lively_by_day() {
        let by_day = published((0..4).flat_map(|day| (0..6).map(move |n| day * 1440 + n * 20)));
        assert_eq!(minutes(&by_day, &pace(15 * MINUTE)), 15);
    }

    #[test]
    fn the_silent_are_asked_less_and_less() {
        let silent_for = |days: i64| published((0..30).map(move |n| days * 1440 + n * 60));
        for (days, expected) in [(0, 30), (6, 30), (7, 60), (14, 120), (30, 240), (4000, 240)] {
            assert_eq!(minutes(&silent_for(days), &pace(15 * MINUTE)), expected, "{days} days");
        }
        let rarely = published((0..30).map(|n| (n + 60) * 1440));
        assert_eq!(minutes(&rarely, &pace(15 * MINUTE)), 24 * 60, "but once a day");
    }

    #[test]
    fn what_tells_nothing_changes_nothing() {
        for (name, document) in [
            ("empty", Document::default()),
            ("few", published([10, 900, 3000])),
            ("no dates", Document { entries: vec![Entry::default(); 20], ..Document::default() }),
            ("all at once", published(vec![100; 20])),
            ("in the future", published((0..20).map(|n| -900 * (n + 1)))),
        ] {
            assert_eq!(minutes(&document, &pace(15 * MINUTE)), 15, "{name}");
        }
    }

    #[test]
    fn below_five_minutes_only_when_the_server_does_not_mind() {
        let wait = |max_age: Option<u64>, pace: &Pace| {
            let rhythm = Rhythm { max_age: max_age.map(Duration::from_secs), ..Rhythm::default() };
            rhythm.interval(pace, now()).0.as_secs()
        };
        assert_eq!(wait(None, &pace(90)), 300);
        assert_eq!(wait(Some(30), &pace(90)), 90);
        assert_eq!(wait(None, &pace(600)), 600);
        assert_eq!(wait(None, &Pace { floor: Duration::from_secs(1), ..pace(1) }), 1, "servers of one's own");
    }

    #[test]
    fn skipped_hours_and_days_are_left_out() {
        let all: Vec<u8> = (0..24).collect();
        for (hours, days, at, expected) in [
            (vec![], vec![], "2026-11-23T12:34:56Z", "2026-11-23T12:34:56Z"),
            (vec![12, 13], vec![], "2026-11-23T12:34:56Z", "2026-11-23T14:00:00Z"),
            (vec![13], vec![], "2026-11-23T12:34:56Z", "2026-11-23T12:34:56Z"),
            (vec![23, 0, 1], vec![], "2026-11-23T23:10:00Z", "2026-11-24T02:00:00Z"),
            // Saturday and Sunday.
            (vec![], vec![5, 6], "2026-11-28T01:00:00Z", "2026-11-30T00:00:00Z"),
            (vec![0], vec![5, 6], "2026-11-28T01:00:00Z", "2026-11-30T01:00:00Z"),
            (all.clone(), vec![], "2026-11-23T12:34:56Z", "2026-11-23T12:34:56Z"),
            (all, (0..7).collect(), "2026-11-23T12:34:56Z", "2026-11-23T12:34:56Z"),
            (vec![12], (0..7).collect(), "2026-11-23T12:34:56Z", "2026-11-23T13:00:00Z"),
            (vec![77], vec![99], "2026-11-23T12:34:56Z", "2026-11-23T12:34:56Z"),
        ] {
            let rhythm = Rhythm { skip_hours: hours.clone(), skip_days: days.clone(), ..Rhythm::default() };
            assert_eq!(rhythm.open_from(at.parse().unwrap()).to_string(), expected, "{hours:?} {days:?} {at}");
        }
    }
}
