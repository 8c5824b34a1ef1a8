//! How far two prices move together: the correlation of their returns, bar by bar.

use jiff::{SignedDuration, Timestamp};

use super::price::Series;
use super::reaction::known_at;

/// With fewer pairs of bars nothing is said: twenty returns leave a correlation of 0.44 to chance.
pub(crate) const BARS_MIN: usize = 20;

/// What can be said of two prices.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Together {
    /// Pearson's correlation of the logarithmic returns, from −1 to 1; None where too few bars are common, or a price
    /// stood still.
    pub correlation: Option<f64>,
    /// How many returns it rests on.
    pub bars: usize,
}

/// Days have nights, weekends and a holiday between them; shorter bars follow one another.
const DAY: u32 = 86_400;
const WEEKEND: i32 = 4;

/// Compares two series from a time on. Only what both have counts: their closes at the ends of the longer bars, and of
/// those the steps that are no longer than such a bar, so that a night one of them was closed in is no return. Of days
/// the next one may be the next trading day.
pub(crate) fn together(a: &Series, b: &Series, since: Timestamp) -> Together {
    let interval = a.interval.max(b.interval);
    let bar = SignedDuration::from_secs(interval.into());
    let step = if interval >= DAY { bar * WEEKEND } else { bar };
    let common = common_closes(a, b, since);
    let steps = common.windows(2).filter(|pair| pair[1].0.duration_since(pair[0].0) <= step);
    let returns: Vec<(f64, f64)> =
        steps.map(|pair| ((pair[1].1 / pair[0].1).ln(), (pair[1].2 / pair[0].2).ln())).collect();
    let bars = returns.len();
    Together { correlation: pearson(&returns).filter(|_| bars >= BARS_MIN), bars }
}

/// What both closed at by the ends of the longer bars; venues begin their bars at hours of their own, so the other's is
/// that of its last bar, which must not be older than one.
fn common_closes(a: &Series, b: &Series, since: Timestamp) -> Vec<(Timestamp, f64, f64)> {
    let is_swapped = b.interval > a.interval || (b.interval == a.interval && b.bars.len() < a.bars.len());
    let (long, short) = if is_swapped { (b, a) } else { (a, b) };
    let bar = SignedDuration::from_secs(short.interval.into());
    let other = |end: Timestamp| known_at(short, end).filter(|known| end.duration_since(known.at) < bar);
    let ends = long.bars.iter().map(|bar| (bar.end(long.interval), bar.close));
    let ends = ends.filter(|(end, close)| *end >= since && *close > 0.0);
    let pair = |(end, close): (Timestamp, f64)| {
        let other = other(end)?.price;
        Some(if is_swapped { (end, other, close) } else { (end, close, other) })
    };
    ends.filter_map(pair).collect()
}

fn pearson(pairs: &[(f64, f64)]) -> Option<f64> {
    let count = pairs.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / count;
    let (mean_a, mean_b) = (mean(|pair| pair.0), mean(|pair| pair.1));
    let sum = |of: &dyn Fn(f64, f64) -> f64| pairs.iter().map(|(a, b)| of(a - mean_a, b - mean_b)).sum::<f64>();
    let spread = (sum(&|a, _| a * a) * sum(&|_, b| b * b)).sqrt();
    Some(sum(&|a, b| a * b) / spread).filter(|r| r.is_finite()).map(|r| r.clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::price::Candle;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_770_000_000 + minute * 60).unwrap_or_default()
    }

    /// Bars of a minute that close at the prices, from minute 0 on; None is a gap.
    fn series(closes: impl IntoIterator<Item = Option<f64>>) -> Series {
        let bar = |(minute, close): (usize, Option<f64>)| {
            close.map(|close| Candle {
                time: at(minute as i64),
                open: close,
                high: close,
                low: close,
                close,
                volume: None,
            })
        };
        let bars = closes.into_iter().enumerate().filter_map(bar).collect();
        Series { symbol: "A".into(), source: "s".into(), interval: 60, closes_only: false, bars }
    }

    fn wave(minute: usize) -> f64 {
        100.0 + (minute as f64 * 0.7).sin()
    }

    #[test]
    fn what_moves_the_same_way_is_one_and_the_other_way_minus_one() {
        let a = series((0..60).map(|minute| Some(wave(minute))));
        let same = series((0..60).map(|minute| Some(wave(minute) * 7.0)));
        let other = series((0..60).map(|minute| Some(1.0 / wave(minute))));
        let of = |b: &Series| together(&a, b, at(0));
        assert_eq!(of(&same).bars, 59);
        assert!(of(&same).correlation.is_some_and(|r| (r - 1.0).abs() < 1e-9));
        assert!(of(&other).correlation.is_some_and(|r| (r + 1.0).abs() < 1e-9));
    }

    #[test]
    fn only_steps_that_both_have_count() {
        let a = series((0..60).map(|minute| Some(wave(minute))));
        let gapped = series((0..60).map(|minute| (minute % 10 != 5).then(|| wave(minute))));
        assert_eq!(together(&a, &gapped, at(0)).bars, 59 - 12, "a step over a gap is no return");
        let few = together(&a, &gapped, at(45));
        assert_eq!((few.correlation, few.bars), (None, 11), "too few to say");
        let still = series((0..60).map(|_| Some(1.0)));
        assert_eq!(together(&a, &still, at(0)), Together { correlation: None, bars: 59 });
    }

    #[test]
    fn bars_that_begin_at_other_hours_are_compared_by_what_was_known() {
        let from = |series: Series, start: i64, interval: u32| {
            let bar = |(number, bar): (usize, &Candle)| Candle {
                time: at(start + number as i64 * i64::from(interval) / 60),
                ..*bar
            };
            Series { interval, bars: series.bars.iter().enumerate().map(bar).collect(), ..series }
        };
        let a = series((0..60).map(|number| Some(wave(number))));
        // Days that end at midnight, and days that end at half past two.
        let (coin, share) = (from(a.clone(), 0, 86_400), from(a.clone(), 870, 86_400));
        assert!(together(&coin, &share, at(0)).bars >= 57);
        // Trading days alone: the weekend between them is no gap.
        let weekdays: Vec<Candle> =
            share.bars.iter().enumerate().filter(|(day, _)| day % 7 < 5).map(|(_, bar)| *bar).collect();
        let bars = together(&coin, &Series { bars: weekdays, ..share }, at(0)).bars;
        assert!((38..=43).contains(&bars), "{bars}");
        // Four hours against one, half an hour apart.
        let hours = from(series((0..240).map(|number| Some(wave(number)))), 30, 3_600);
        assert!(together(&from(a, 0, 14_400), &hours, at(0)).bars > 50);
    }

    proptest! {
        #[test]
        fn any_series_is_compared(
            a in prop::collection::vec(prop::option::of(-1.0f64..1e9), 0..80),
            b in prop::collection::vec(prop::option::of(-1.0f64..1e9), 0..80),
        ) {
            let (a, b) = (series(a), series(b));
            let (one, other) = (together(&a, &b, at(0)), together(&b, &a, at(0)));
            prop_assert_eq!(one.bars, other.bars);
            prop_assert!(one.correlation.is_none_or(|r| (-1.0..=1.0).contains(&r)));
        }
    }
}
