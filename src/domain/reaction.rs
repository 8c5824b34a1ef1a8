//! What a price did since a moment, and how far that is from what it usually does.
//!
//! The price of a moment is the close of the last bar that had ended by then: what a reader could know. All figures come
//! out of one series, and so of one source.

use jiff::{SignedDuration, Timestamp};

use super::price::Series;

/// A price, and since when it is known: the end of its bar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Known {
    pub price: f64,
    pub at: Timestamp,
}

/// How long after a story its move is final, with the names that the JSON of commands gives them.
pub(crate) const LATER: [(&str, SignedDuration); 3] = [
    ("15m", SignedDuration::from_mins(15)),
    ("60m", SignedDuration::from_mins(60)),
    ("24h", SignedDuration::from_hours(24)),
];

/// A price older than this many bars is not that of the moment: the market was closed, or there is a gap …
const AGE_BARS: i64 = 3;
/// … and bars that are long don't make an older one good.
const AGE_MAX: SignedDuration = SignedDuration::from_mins(15);

/// How many days back moves are looked at, to know what is usual.
const DAYS: i64 = 10;
/// Moves that began this long before or after the same time of the day count as of that time.
const AROUND: SignedDuration = SignedDuration::from_mins(60);
/// Where so few of them are known, those of any time of the day count.
const SAMPLES_OF_HOUR: usize = 12;
/// With fewer nothing is called usual.
const SAMPLES_MIN: usize = 20;
/// More would tell no more.
const SAMPLES_MAX: i64 = 120;

/// The end of the last bar.
pub(crate) fn end(series: &Series) -> Option<Timestamp> {
    Some(series.bars.last()?.end(series.interval))
}

/// The close of the last bar that had ended by a time, however long before.
pub(crate) fn known_at(series: &Series, time: Timestamp) -> Option<Known> {
    known(series, series.bars.partition_point(|bar| bar.end(series.interval) <= time))
}

/// The close of the bar before this place.
fn known(series: &Series, after: usize) -> Option<Known> {
    let bar = series.bars.get(after.checked_sub(1)?)?;
    (bar.close > 0.0).then(|| Known { price: bar.close, at: bar.end(series.interval) })
}

/// The price of a recording at a time: that of [`known_at`], as long as the recording lasts.
pub(crate) fn recorded_at(series: &Series, time: Timestamp) -> Option<Known> {
    known_at(series, time).filter(|_| end(series).is_some_and(|end| time <= end))
}

/// The price of a moment; None when the last one known is too old to be that.
pub(crate) fn price_at(series: &Series, time: Timestamp) -> Option<Known> {
    known_at(series, time).filter(|known| time.duration_since(known.at) <= tolerance(series))
}

fn tolerance(series: &Series) -> SignedDuration {
    let bar = SignedDuration::from_secs(series.interval.into());
    (bar * AGE_BARS as i32).min(bar.max(AGE_MAX))
}

/// From one price to another, in per cent of the first.
pub(crate) fn percent(from: f64, to: f64) -> f64 {
    (to - from) / from * 100.0
}

/// How far a price usually goes in a time so long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usual {
    /// The median of the moves, without their signs, in per cent.
    pub percent: f64,
    /// They began at the same time of the day; else at any.
    pub same_hour: bool,
}

/// What is usual of moves as long as one that began at a time, at the same hour of other days: of those that were over by
/// then. None where too few are known, or where the price stood still.
pub(crate) fn usual_of_hour(series: &Series, begun: Timestamp, long: SignedDuration) -> Option<Usual> {
    let moves = same_hour(series, begun, long.max(bar(series)), bar(series));
    if moves.len() < SAMPLES_OF_HOUR { None } else { usual_of(moves, true) }
}

/// The same of moves at any hour.
pub(crate) fn usual_of_any(series: &Series, begun: Timestamp, long: SignedDuration) -> Option<Usual> {
    usual_of(any_hour(series, begun, long.max(bar(series))), false)
}

fn bar(series: &Series) -> SignedDuration {
    SignedDuration::from_secs(series.interval.max(1).into())
}

fn usual_of(mut moves: Vec<f64>, same_hour: bool) -> Option<Usual> {
    let middle = moves.len().checked_sub(1)? / 2;
    let percent = *moves.select_nth_unstable_by(middle, f64::total_cmp).1;
    (percent > 0.0).then_some(Usual { percent, same_hour })
}

fn same_hour(series: &Series, begun: Timestamp, long: SignedDuration, bar: SignedDuration) -> Vec<f64> {
    let Some(first) = series.bars.first() else { return Vec::new() };
    let step = bar.max(SignedDuration::from_mins(5));
    let steps = (AROUND.as_secs() / step.as_secs()).max(0);
    let mut moves = Vec::new();
    for day in 1..=DAYS {
        let Ok(same_time) = begun.checked_sub(SignedDuration::from_hours(24 * day)) else { break };
        if same_time < first.time {
            break;
        }
        let Ok(earliest) = same_time.checked_sub(step * steps as i32) else { break };
        let (mut from, mut to) = (Walk::new(series, earliest), Walk::new(series, later(earliest, long)));
        for at in 0..=2 * steps {
            let time = later(earliest, step * at as i32);
            let end = later(time, long);
            if end > begun {
                break;
            }
            moves.extend(moved(from.price_at(time), to.price_at(end)));
        }
    }
    moves
}

fn any_hour(series: &Series, begun: Timestamp, long: SignedDuration) -> Vec<f64> {
    let ended = series.bars.partition_point(|bar| bar.end(series.interval) <= begun);
    let step = (ended as i64 / SAMPLES_MAX).max(1) as usize;
    let bars = long.as_secs() / i64::from(series.interval.max(1));
    let mut moves = Vec::new();
    for at in (0..ended).step_by(step) {
        let to = later(series.bars[at].end(series.interval), long);
        if to > begun {
            break;
        }
        let after = place_after(series, to, at + 1 + usize::try_from(bars).unwrap_or(usize::MAX / 2));
        let known = known(series, after).filter(|known| to.duration_since(known.at) <= tolerance(series));
        moves.extend(moved(self::known(series, at + 1), known));
    }
    if moves.len() < SAMPLES_MIN { Vec::new() } else { moves }
}

/// The place behind the last bar that had ended by a time. It is looked at where it is without gaps before it is looked
/// for: this is asked hundreds of times for each row of the screen.
fn place_after(series: &Series, time: Timestamp, guess: usize) -> usize {
    let has_ended = |at: usize| series.bars.get(at).is_some_and(|bar| bar.end(series.interval) <= time);
    let is_right = guess <= series.bars.len() && guess > 0 && has_ended(guess - 1) && !has_ended(guess);
    if is_right { guess } else { series.bars.partition_point(|bar| bar.end(series.interval) <= time) }
}

fn later(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// The size of a move, in per cent.
fn moved(base: Option<Known>, later: Option<Known>) -> Option<f64> {
    let (base, later) = (base?, later?);
    (later.at > base.at).then(|| percent(base.price, later.price).abs())
}

/// The prices of moments one after the other, without looking for each from the start.
struct Walk<'a> {
    series: &'a Series,
    /// The first bar that had not ended by the last moment.
    next: usize,
}

impl<'a> Walk<'a> {
    fn new(series: &'a Series, from: Timestamp) -> Walk<'a> {
        Walk { series, next: series.bars.partition_point(|bar| bar.end(series.interval) <= from) }
    }

    /// As [`price_at`], for a time that is not before the last one.
    fn price_at(&mut self, time: Timestamp) -> Option<Known> {
        let (bars, interval) = (&self.series.bars, self.series.interval);
        while bars.get(self.next).is_some_and(|bar| bar.end(interval) <= time) {
            self.next += 1;
        }
        known(self.series, self.next).filter(|known| time.duration_since(known.at) <= tolerance(self.series))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn usual(series: &Series, begun: Timestamp, long: SignedDuration) -> Option<Usual> {
        usual_of_hour(series, begun, long).or_else(|| usual_of_any(series, begun, long))
    }
    use crate::domain::price::Candle;

    fn minute(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_770_000_000 + minutes * 60).unwrap()
    }

    /// Bars of five minutes from minute 0 on, each closing at the price; None is a gap.
    fn series(closes: impl IntoIterator<Item = Option<f64>>) -> Series {
        let bar = |(at, close): (i64, Option<f64>)| {
            let close = close?;
            Some(Candle { time: minute(at * 5), open: close, high: close, low: close, close, volume: None })
        };
        let bars = (0..).zip(closes).filter_map(bar).collect();
        Series { symbol: "BTC-USD".into(), source: "coinbase".into(), interval: 300, closes_only: false, bars }
    }

    #[test]
    fn the_price_of_a_moment_is_the_close_of_the_last_bar_that_had_ended() {
        let gap = [None; 10];
        let closes = [Some(100.0), Some(110.0)].into_iter().chain(gap).chain([Some(120.0)]);
        let series = series(closes);
        // Minutes; the price that was known last, that of a recording, and that of the moment.
        let cases = [
            (0, None, false, false),
            (4, None, false, false),
            (5, Some((100.0, 5)), true, true),
            (9, Some((100.0, 5)), true, true),
            (10, Some((110.0, 10)), true, true),
            (25, Some((110.0, 10)), true, true),
            (26, Some((110.0, 10)), true, false),
            (64, Some((110.0, 10)), true, false),
            (65, Some((120.0, 65)), true, true),
            (66, Some((120.0, 65)), false, true),
        ];
        for (at, known, recorded, current) in cases {
            let known = known.map(|(price, at)| Known { price, at: minute(at) });
            assert_eq!(known_at(&series, minute(at)), known, "minute {at}");
            assert_eq!(recorded_at(&series, minute(at)), known.filter(|_| recorded), "recorded, minute {at}");
            assert_eq!(price_at(&series, minute(at)), known.filter(|_| current), "of the moment, minute {at}");
        }
    }

    #[test]
    fn long_bars_do_not_make_old_prices_good() {
        let hours = Series { interval: 3_600, ..series([Some(100.0)]) };
        assert!(price_at(&hours, minute(60 + 60)).is_some(), "within the next bar");
        assert_eq!(price_at(&hours, minute(60 + 61)), None);
    }

    #[test]
    fn what_is_usual_is_the_median_of_the_same_hour_of_other_days() {
        // Quiet, but in the first hours of each day the price goes up and down by 1 % from bar to bar.
        let of_day = |at: i64| if (6..31).contains(&(at % 288)) && at % 2 == 0 { 101.0 } else { 100.0 };
        let series = series((0..288 * 4).map(|at| Some(of_day(at))));
        let bar = SignedDuration::from_mins(5);
        let third_day = |minutes: i64| minute(3 * 1_440 + minutes);
        let wild = usual(&series, third_day(90), bar).unwrap();
        assert!(wild.same_hour && (0.98..1.01).contains(&wild.percent), "{wild:?}");
        assert_eq!(usual(&series, third_day(600), bar), None, "it stands still at that time");
        assert_eq!(usual(&series, minute(50), bar), None, "too few are known");
    }

    #[test]
    fn without_other_days_any_hour_counts_and_nothing_that_came_later() {
        let rising = series((0..60).map(|at| Some(100.0 + f64::from(at))).chain((0..60).map(|_| Some(1_000.0))));
        let found = usual(&rising, minute(300), SignedDuration::from_mins(5)).unwrap();
        assert!(!found.same_hour && (0.6..1.0).contains(&found.percent), "{found:?}");
    }

    proptest::proptest! {
        #[test]
        fn never_panics(
            closes in proptest::collection::vec(proptest::option::of(0.0f64..1e9), 0..300), at in -1_000i64..5_000,
            long in -100_000i64..1_000_000, interval: u32,
        ) {
            let series = Series { interval, ..series(closes) };
            let _ = (recorded_at(&series, minute(at)), price_at(&series, minute(at)));
            let found = usual(&series, minute(at), SignedDuration::from_secs(long));
            proptest::prop_assert!(found.is_none_or(|usual| usual.percent > 0.0));
        }
    }
}
