//! What a price did since a story: until now, and at fixed times after it.

use jiff::{SignedDuration, Timestamp};

use super::{Tape, last_trade};
use crate::domain::Name;
use crate::domain::price::{Kind, Series, Session, Span, Symbol, kind};
use crate::domain::reaction::{Known, LATER, Usual, percent, price_at, usual_of_any, usual_of_hour};
use crate::domain::session::{Calendar, Overnight};

/// The series that moves are measured in, the finest first: longer bars don't tell what happened at a moment. Not those of
/// the hour, which come and go with the chart: a figure must not change because another chart is shown.
const MEASURED: [Span; 3] = [Span::Day, Span::FiveDays, Span::Month];
const BAR_MAX: u32 = 3_600;

/// A price move since a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Move {
    /// In per cent of the base, with its sign.
    pub percent: f64,
    /// The price at the time, and when it was true.
    pub base: Known,
    /// The latest price, and when it traded.
    pub now: Known,
}

/// What a price did up to a time after a story.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Figure {
    /// In per cent, by a price that was true at `at`.
    Moved { percent: f64, at: Timestamp },
    /// That time is still to come.
    Ahead { at: Timestamp },
    /// The market was closed then.
    Closed,
    /// No price of that time is known.
    Unknown,
}

/// What a price did since a story, for good.
#[derive(Clone, Debug, PartialEq)]
pub struct Frozen {
    pub base: Known,
    /// Each with its name: `+15m`, `+60m`, `close`, `+24h`.
    pub figures: Vec<(String, Figure)>,
}

impl Tape {
    /// What each symbol of the watchlist did since a time, in per cent, as far as it is known.
    pub fn moves_since(&self, time: Timestamp) -> Vec<(Name, f64)> {
        let known = |symbol: &Symbol| Some((symbol.name.clone(), self.since(&symbol.name, time)?.percent));
        self.symbols().iter().filter_map(known).collect()
    }

    /// What a symbol did since a time, from the close of the last bar that had ended by then. None where there is no
    /// such bar, or it is too old to be the price of that moment.
    pub fn since(&self, symbol: &str, time: Timestamp) -> Option<Move> {
        let quote = self.quote(symbol)?;
        let (price, at) = last_trade(quote)?;
        let (series, base) = self.base(symbol, time, |series| series.source == quote.source)?;
        // A price from before the base says nothing about what came after it.
        if base.at.duration_since(at) > SignedDuration::from_secs(series.interval.into()) {
            return None;
        }
        Some(Move { percent: percent(base.price, price), base, now: Known { price, at } })
    }

    /// How far a symbol went at most from its price at a time, up to another, in per cent; with the end of the bar in which it
    /// did, or the time of the latest price. None where no price of the first time is known.
    pub fn farthest(&self, symbol: &str, from: Timestamp, to: Timestamp) -> Option<(f64, Timestamp)> {
        let (series, base) = self.base(symbol, from, |_| true)?;
        let within = series.bars.iter().filter(|bar| bar.time >= from && bar.time < to);
        let extremes =
            within.flat_map(|bar| [(bar.high, bar.end(series.interval)), (bar.low, bar.end(series.interval))]);
        let last = self.quote(symbol).filter(|quote| quote.source == series.source).and_then(last_trade);
        let last = last.filter(|(_, at)| from < *at && *at <= to);
        let moves = extremes.chain(last).map(|(price, at)| (percent(base.price, price), at.min(to)));
        moves.max_by(|(a, _), (b, _)| a.abs().total_cmp(&b.abs()))
    }

    /// A move less what its benchmark did since the same moment.
    pub fn net(&self, symbol: &str, moved: &Move) -> Option<(&Name, f64)> {
        let symbol = self.symbols.iter().find(|known| &*known.name == symbol)?;
        let benchmark = symbol.benchmark.as_ref()?;
        let market = self.since(benchmark, moved.base.at)?;
        Some((benchmark, moved.percent - market.percent))
    }

    /// How far the price of a symbol usually goes in a time as long as a move took.
    pub fn usual(&self, symbol: &str, moved: &Move) -> Option<Usual> {
        let long = moved.now.at.duration_since(moved.base.at);
        self.usual_over(symbol, moved.base.at, long)
    }

    /// How far the price of a symbol usually goes in a time so long that begins then.
    pub fn usual_over(&self, symbol: &str, begun: Timestamp, long: SignedDuration) -> Option<Usual> {
        // Moves shorter than the finest bars are read from those; from coarser ones they can't be.
        let fits = |series: &Series| SignedDuration::from_secs(series.interval.into()) <= long;
        let series = || self.measured(symbol).enumerate().filter(|(at, series)| *at == 0 || fits(series));
        let of_hour = series().find_map(|(_, series)| usual_of_hour(series, begun, long));
        of_hour.or_else(|| series().find_map(|(_, series)| usual_of_any(series, begun, long)))
    }

    /// What a symbol did up to the times at which moves are final; None where no price of the moment is known.
    pub fn frozen(&self, symbol: &str, time: Timestamp, calendar: &Calendar, now: Timestamp) -> Option<Frozen> {
        let (series, base) = self.base(symbol, time, |_| true)?;
        let close = close_after(symbol, time, calendar);
        let mut ends: Vec<(String, Timestamp)> = Vec::with_capacity(LATER.len() + 1);
        ends.extend(
            LATER.iter().filter_map(|(name, after)| Some((format!("+{name}"), time.checked_add(*after).ok()?))),
        );
        ends.extend(close.map(|close| ("close".to_owned(), close)));
        ends.sort_by_key(|(_, end)| *end);
        let figure = |end: Timestamp| match figure(series, base, (time, end), now) {
            Figure::Unknown if self.is_closed(symbol, end, calendar) => Figure::Closed,
            figure => figure,
        };
        let figures = ends.into_iter().map(|(name, end)| (name, figure(end))).collect();
        Some(Frozen { base, figures })
    }

    /// Was the market of a symbol closed at a time? A night counts when the symbol traded in it.
    pub fn is_closed(&self, symbol: &str, at: Timestamp, calendar: &Calendar) -> bool {
        let trades = || match calendar.overnight() {
            Overnight::On => true,
            _ => calendar.night_of(at).is_some_and(|night| self.has_traded_in(symbol, &night)),
        };
        match (kind(symbol), calendar.session(at)) {
            (Kind::Crypto, _) => false,
            (Kind::Equity, Session::Overnight) => !trades(),
            (Kind::Equity, session) => session == Session::Closed,
        }
    }

    /// The price of a moment in the finest series that has it.
    fn base(&self, symbol: &str, time: Timestamp, is_of: impl Fn(&Series) -> bool) -> Option<(&Series, Known)> {
        let mut measured = self.measured(symbol).filter(|series| is_of(series));
        measured.find_map(|series| Some((series, price_at(series, time)?)))
    }

    fn measured(&self, symbol: &str) -> impl Iterator<Item = &Series> {
        let series = MEASURED.into_iter().filter_map(|span| self.series(symbol, span));
        series.filter(|series| series.interval <= BAR_MAX)
    }
}

fn figure(series: &Series, base: Known, (time, end): (Timestamp, Timestamp), now: Timestamp) -> Figure {
    if end > now {
        return Figure::Ahead { at: end };
    }
    let is_told = SignedDuration::from_secs(series.interval.into()) <= end.duration_since(time);
    match price_at(series, end).filter(|later| is_told && later.at > base.at) {
        Some(later) => Figure::Moved { percent: percent(base.price, later.price), at: later.at },
        None => Figure::Unknown,
    }
}

/// The first close after a time: of a share the regular session's, of a coin the day's, at 00:00 UTC.
fn close_after(symbol: &str, time: Timestamp, calendar: &Calendar) -> Option<Timestamp> {
    const DAY: i64 = 86_400;
    match kind(symbol) {
        Kind::Crypto => Timestamp::from_second((time.as_second().div_euclid(DAY) + 1) * DAY).ok(),
        Kind::Equity => Some(calendar.next_close(time)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::app::samples::{minute, quote, second, series};
    use crate::domain::price::{Candle, Extended, Quote};

    fn tape() -> Tape {
        let mut tape = Tape::default();
        let nvda = Symbol { benchmark: Some("QQQ".into()), ..Symbol::new("NVDA".into()) };
        tape.set_symbols(vec![nvda, Symbol::new("BTC-USD".into()), Symbol::new("ETH-USD".into())]);
        tape
    }

    fn from(source: &str, quote: Quote) -> Quote {
        Quote { source: source.into(), ..quote }
    }

    fn calendar() -> Calendar {
        Calendar::new(&[], &[], false)
    }

    #[test]
    fn what_a_benchmark_did_is_taken_off() {
        let mut tape = tape();
        for (symbol, now) in [("NVDA", 102.0), ("QQQ", 100.5)] {
            tape.take_series(Span::Day, series(symbol, minute(0), &[100.0]));
            tape.take_quote(quote(symbol, now, minute(2)));
        }
        let moved = tape.since("NVDA", minute(1)).unwrap();
        let (market, net) = tape.net("NVDA", &moved).unwrap();
        assert_eq!((&**market, (net * 10.0).round()), ("QQQ", 15.0));
        tape.take_series(Span::Day, series("BTC-USD", minute(0), &[100.0]));
        tape.take_quote(quote("BTC-USD", 101.0, minute(2)));
        let coin = tape.since("BTC-USD", minute(1)).unwrap();
        assert_eq!(tape.net("BTC-USD", &coin), None, "it has no benchmark");
    }

    #[test]
    fn what_appears_in_a_night_is_measured_where_the_symbol_trades() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        // Monday 2026-12-07, 22:00 to 23:00 in New York.
        let start = at("2026-12-08T03:00:00Z");
        let closes: Vec<f64> = (0..60).map(|at| 100.0 + f64::from(at)).collect();
        let story = at("2026-12-08T03:30:00Z");
        for (overnight, closed) in [(Overnight::Off, true), (Overnight::Auto, true), (Overnight::On, false)] {
            let calendar = Calendar::new(&[], &[], overnight);
            assert_eq!(tape().is_closed("NVDA", story, &calendar), closed, "{overnight}, nothing is known");
        }
        let calendar = Calendar::new(&[], &[], Overnight::Auto);
        let mut tape = tape();
        tape.take_series(Span::Day, series("NVDA", start, &closes));
        assert!(!tape.is_closed("NVDA", story, &calendar), "there are bars of that night");
        assert!(tape.is_closed("NVDA", at("2026-12-09T03:30:00Z"), &calendar), "of the next there are none");
        assert!(tape.is_closed("NVDA", at("2026-12-08T01:30:00Z") - SignedDuration::from_hours(48), &calendar));
        let frozen = tape.frozen("NVDA", story, &calendar, start + SignedDuration::from_hours(2)).unwrap();
        let (name, figure) = &frozen.figures[0];
        assert!(name == "+15m" && matches!(figure, Figure::Moved { percent, .. } if *percent > 10.0), "{figure:?}");
        // A night that is known by its price alone.
        let mut tape = self::tape();
        let trade = Extended { price: 101.into(), session: Session::Overnight, exchange_time: Some(story) };
        let evening = Quote { session: Session::Overnight, extended: Some(trade), ..quote("NVDA", 100.0, start) };
        let evening = Quote { exchange_time: Some(at("2026-12-07T21:00:00Z")), received_time: story, ..evening };
        assert!(!tape.market_has_nights(&calendar, story));
        tape.take_quote(evening);
        assert!(tape.market_has_nights(&calendar, story) && !tape.is_closed("NVDA", story, &calendar));
        let pause = at("2026-12-09T01:30:00Z");
        assert!(tape.has_nights("NVDA", &calendar, pause), "in the evening after");
        assert!(!tape.has_nights("QQQ", &calendar, pause));
        assert!(!tape.has_nights("NVDA", &calendar, at("2026-12-10T01:30:00Z")), "a night without a trade ends it");
    }

    #[test]
    fn figures_are_frozen_at_their_times_and_say_why_they_are_missing() {
        // NVDA from 13:00 to the close at 16:00, one dollar more each minute; the night has no price.
        let closes: Vec<f64> = (0..180).map(|at| 100.0 + f64::from(at)).collect();
        let mut tape = tape();
        tape.take_series(Span::Day, series("NVDA", minute(0), &closes));
        let moved = |at: i64, now: i64| {
            let frozen = tape.frozen("NVDA", minute(at), &calendar(), minute(now))?;
            let words = |(name, figure): &(String, Figure)| match figure {
                Figure::Moved { percent, at } => {
                    format!("{name} {percent:.1} by {}", at.duration_since(minute(0)).as_mins())
                }
                Figure::Ahead { .. } => format!("{name} ahead"),
                Figure::Closed => format!("{name} closed"),
                Figure::Unknown => format!("{name} unknown"),
            };
            Some(frozen.figures.iter().map(words).collect::<Vec<_>>().join(", "))
        };
        let cases = [
            (1, 10, Some("+15m ahead, +60m ahead, close ahead, +24h ahead")),
            (1, 70, Some("+15m 15.0 by 16, +60m 60.0 by 61, close ahead, +24h ahead")),
            (1, 24 * 60 + 1, Some("+15m 15.0 by 16, +60m 60.0 by 61, close 179.0 by 180, +24h unknown")),
            // A quarter of an hour after the bell there is no price; 18:00 is in extended hours, of which nothing is known.
            (176, 500, Some("close 1.5 by 180, +15m unknown, +60m unknown, +24h ahead")),
            (-1, 70, None),
            (300, 500, None),
        ];
        for (at, now, expected) in cases {
            assert_eq!(moved(at, now).as_deref(), expected, "of minute {at}, at minute {now}");
        }
        let night = minute(8 * 60);
        assert!(tape.is_closed("NVDA", night, &calendar()) && !tape.is_closed("BTC-USD", night, &calendar()));
    }

    #[test]
    fn long_bars_do_not_tell_of_short_times() {
        let mut tape = tape();
        let hours = Series { interval: 3_600, ..series("BTC-USD", minute(0), &[100.0]) };
        let hour = |at: i64| Candle { time: minute(60 * at), ..hours.bars[0] };
        tape.take_series(Span::FiveDays, Series { bars: (0..48).map(hour).collect(), ..hours });
        let frozen = tape.frozen("BTC-USD", minute(70), &calendar(), minute(60 * 40)).unwrap();
        assert_eq!(frozen.figures[0], ("+15m".into(), Figure::Unknown));
        assert!(matches!(frozen.figures[1], (_, Figure::Moved { .. })));
    }

    #[test]
    fn what_is_usual_comes_from_the_series_that_knows_the_hour() {
        let mut tape = tape();
        // The day alone: any hour of it.
        let day: Vec<f64> = (0..120).map(|at| 100.0 + f64::from(at % 2)).collect();
        tape.take_series(Span::Day, series("BTC-USD", minute(0), &day));
        let usual =
            |tape: &Tape, begun, long| tape.usual_over("BTC-USD", minute(begun), SignedDuration::from_mins(long));
        assert!(usual(&tape, 120, 1).is_some_and(|usual| !usual.same_hour));
        // Hours of a week before, which know the hour for what takes as long.
        let hours = Series { interval: 3_600, ..series("BTC-USD", minute(0), &[100.0]) };
        let hour =
            |at: i64| Candle { time: minute(60 * at), close: 100.0 + (at % 2).abs() as f64 * 5.0, ..hours.bars[0] };
        tape.take_series(Span::FiveDays, Series { bars: (-168..3).map(hour).collect(), ..hours });
        assert!(usual(&tape, 120, 60).is_some_and(|usual| usual.same_hour && usual.percent > 4.0));
        assert!(usual(&tape, 120, 1).is_some_and(|usual| !usual.same_hour), "a minute is too short for it");
    }

    #[test]
    fn a_move_is_measured_from_the_last_bar_that_had_ended() {
        let bars = || series("BTC-USD", minute(0), &[100.0, 110.0, 120.0]);
        let other = |quote: Quote| from("kraken", quote);
        let now = |price| quote("BTC-USD", price, minute(4));
        let cases = [
            ("at the end of the second bar", bars(), Some(now(121.0)), minute(2), Some((110.0, minute(2), 10.0))),
            ("a moment before", bars(), Some(now(110.0)), second(119), Some((100.0, minute(1), 10.0))),
            ("in the first bar: nothing has ended", bars(), Some(now(110.0)), second(59), None),
            ("before the series", bars(), Some(now(110.0)), minute(-9), None),
            ("just not too old", bars(), Some(now(60.0)), minute(6), Some((120.0, minute(3), -50.0))),
            ("too old: a gap, or closed", bars(), Some(now(60.0)), second(361), None),
            ("no price", bars(), None, minute(2), None),
            ("a price of another source", bars(), Some(other(now(110.0))), minute(2), None),
            ("no series", series("ETH-USD", minute(0), &[1.0]), Some(now(110.0)), minute(2), None),
            ("a base of nothing", series("BTC-USD", minute(0), &[0.0]), Some(now(1.0)), minute(1), None),
            ("a price older than the base", bars(), Some(quote("BTC-USD", 99.0, second(30))), minute(3), None),
        ];
        for (case, series, quote, time, expected) in cases {
            let mut tape = tape();
            tape.take_series(Span::Day, series);
            quote.into_iter().for_each(|quote| {
                tape.entries.entry("BTC-USD".into()).or_default().quote = Some(quote);
            });
            let since = tape.since("BTC-USD", time);
            assert_eq!(since.map(|found| (found.base.price, found.base.at, found.percent.round())), expected, "{case}");
        }
    }

    #[test]
    fn a_gap_in_the_bars_is_no_base() {
        let mut tape = tape();
        let mut gapped = series("BTC-USD", minute(0), &[100.0]);
        gapped.bars.extend(series("BTC-USD", minute(60), &[200.0, 210.0]).bars);
        tape.take_series(Span::Day, gapped);
        tape.take_quote(quote("BTC-USD", 220.0, minute(62)));
        assert_eq!(tape.since("BTC-USD", minute(30)), None, "nobody knows the price of that moment");
        assert_eq!(tape.since("BTC-USD", minute(61)).map(|found| found.base.price), Some(200.0));
    }

    #[test]
    #[ignore = "needs the recordings"]
    fn moves_of_a_recorded_day_are_the_expected_ones() {
        let folder = crate::recordings::recording("day/2026-02-05_btc-crash");
        let expected = std::fs::read_to_string(folder.join("expected_moves.tsv")).unwrap();
        let bars = std::fs::read_to_string(folder.join("candles_BTC-USD_5m.csv")).unwrap();
        let close = |line: &str| {
            let fields: Vec<&str> = line.split(',').collect();
            let time: Timestamp = fields[0].parse().unwrap();
            let price: f64 = fields[4].parse().unwrap();
            Candle { time, open: price, high: price, low: price, close: price, volume: None }
        };
        let bars: Vec<Candle> = bars.lines().skip(1).map(close).collect();
        let checked = expected.lines().skip(1).filter(|line| check_move(line, &bars)).count();
        assert!(checked > 100, "{checked} moves compared");
    }

    /// The move of an hour after a story, as the oracle has it. False for a line that says nothing about it.
    fn check_move(line: &str, bars: &[Candle]) -> bool {
        let fields: Vec<&str> = line.split('\t').collect();
        let (Ok(base), Ok(later), Ok(percent)) = (fields[3].parse(), fields[7].parse(), fields[8].parse::<f64>())
        else {
            return false;
        };
        let time: Timestamp = fields[1].parse().unwrap();
        if fields[2] != "BTC-USD" {
            return false;
        }
        let later: f64 = later;
        let mut tape = tape();
        // What is known an hour later.
        let until = time + SignedDuration::from_hours(1);
        let ended = bars.partition_point(|bar| bar.end(300) <= until);
        let recent = bars[ended.saturating_sub(100)..ended].to_vec();
        tape.take_series(
            Span::Day,
            Series {
                symbol: "BTC-USD".into(),
                source: "coinbase".into(),
                interval: 300,
                closes_only: false,
                bars: recent,
            },
        );
        tape.entries.get_mut("BTC-USD").unwrap().quote = Some(quote("BTC-USD", later, until));
        let found = tape.since("BTC-USD", time).unwrap();
        let base: f64 = base;
        assert!((found.base.price - base).abs() < 1e-3 && (found.percent - percent).abs() < 1e-3, "{line}: {found:?}");
        true
    }
}
