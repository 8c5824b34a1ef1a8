//! Alerts: what is to be reported, when, and how.

use std::fmt;
use std::time::Duration;

use jiff::civil::Time;

use super::Name;
use super::feed::Secret;
use super::format;
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;

/// A condition over stories, a price, or both within a window, and what is done when it comes true.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    pub name: Name,
    /// Which stories.
    pub query: Option<String>,
    pub price: Option<PriceRule>,
    /// With both: how far apart in time they may come true.
    pub within: Duration,
    /// Not again before so long.
    pub cool_down: Duration,
    /// Instead of the quiet hours of all.
    pub quiet: Option<Quiet>,
    pub actions: Vec<Action>,
    /// A program with its arguments, which is given the alert as JSON on its standard input; empty for none.
    pub command: Vec<String>,
    /// Where the alert is sent to by POST.
    pub post: Option<Secret>,
    pub post_as: PostAs,
    pub enabled: bool,
}

/// What is done on this terminal.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    strum::EnumIter,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::Display,
    strum::VariantNames,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Action {
    /// A line on the screen.
    Line,
    /// The terminal's bell.
    Bell,
    /// A notification of the terminal, as far as it can.
    Notify,
}

/// How an alert is posted.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::Display,
    strum::VariantNames,
)]
#[strum(serialize_all = "kebab-case")]
pub enum PostAs {
    /// The object that a command is given.
    #[default]
    Json,
    /// One sentence, with the alert's name as `Title`: what ntfy shows.
    Text,
}

/// How the terminal is asked to notify.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::Display,
    strum::VariantNames,
)]
#[strum(serialize_all = "kebab-case")]
pub enum NotifyBy {
    /// By what the environment tells of the terminal.
    #[default]
    Auto,
    Osc9,
    Osc777,
    Osc99,
    Off,
}

/// A time of the day in which alerts make no noise; it may go over midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quiet {
    pub from: Time,
    pub to: Time,
}

impl Quiet {
    /// Reads `22:00-07:00`. The error says what was expected.
    pub fn parse(text: &str) -> Result<Quiet, &'static str> {
        const EXPECTED: &str = r#"hours such as "22:00-07:00""#;
        let (from, to) = text.split_once('-').ok_or(EXPECTED)?;
        let time = |text: &str| text.trim().parse::<Time>().map_err(|_| EXPECTED);
        Ok(Quiet { from: time(from)?, to: time(to)? })
    }

    /// Is it quiet at this time of the day?
    pub fn contains(&self, time: Time) -> bool {
        match self.from <= self.to {
            true => self.from <= time && time < self.to,
            false => self.from <= time || time < self.to,
        }
    }
}

impl fmt::Display for Quiet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clock = |time: Time| format!("{:02}:{:02}", time.hour(), time.minute());
        write!(f, "{}-{}", clock(self.from), clock(self.to))
    }
}

/// What a price must do.
#[derive(Clone, Debug, PartialEq)]
pub struct PriceRule {
    pub symbol: Name,
    pub when: When,
}

/// When a price rule is true.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum When {
    Below(f64),
    Above(f64),
    /// Goes through a level, up or down.
    Crosses(f64),
    /// Goes so many per cent over a span.
    Goes {
        way: Direction,
        percent: f64,
        over: Duration,
    },
}

/// Which way a price goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr, strum::Display)]
#[strum(serialize_all = "kebab-case")]
pub enum Direction {
    Rises,
    Falls,
    Moves,
}

impl Direction {
    /// Does a move go that way?
    pub fn fits(self, percent: f64) -> bool {
        match self {
            Direction::Rises => percent > 0.0,
            Direction::Falls => percent < 0.0,
            Direction::Moves => true,
        }
    }
}

/// The longest span of a move: what happened is read from the bars of five days.
pub(crate) const OVER_MAX: Duration = Duration::from_hours(3 * 24);

/// What a price rule looks like, for sentences that ask for one.
pub(crate) const PRICE_RULE: &str = r#"a rule such as "BTC-USD < 70000", "NVDA crosses 200" or "NVDA falls 3% in 1h""#;

impl PriceRule {
    /// Reads `BTC-USD < 70,000`, `NVDA crosses 200`, `NVDA falls 3% in 1h`. `duration` reads a length of time. The error
    /// says what was expected.
    pub fn parse(text: &str, duration: impl Fn(&str) -> Option<Duration>) -> Result<PriceRule, &'static str> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let [symbol, verb, rest @ ..] = words.as_slice() else { return Err(PRICE_RULE) };
        let when = match (*verb, rest) {
            ("<" | "below", [at]) => When::Below(level(at).ok_or(PRICE_RULE)?),
            (">" | "above", [at]) => When::Above(level(at).ok_or(PRICE_RULE)?),
            ("crosses", [at]) => When::Crosses(level(at).ok_or(PRICE_RULE)?),
            (way, [percent, "in", over]) => When::Goes {
                way: way.parse().map_err(|_| PRICE_RULE)?,
                percent: percent
                    .strip_suffix('%')
                    .filter(|text| !text.contains(','))
                    .and_then(level)
                    .ok_or(PRICE_RULE)?,
                over: duration(over).filter(|over| !over.is_zero() && *over <= OVER_MAX).ok_or(PRICE_RULE)?,
            },
            _ => return Err(PRICE_RULE),
        };
        Ok(PriceRule { symbol: symbol.to_uppercase().into(), when })
    }
}

/// `70000`, `70,000`, `70_000`, `70k`; a dot sets off the fraction. Positive.
fn level(text: &str) -> Option<f64> {
    let text = text.trim_start_matches('$');
    // As an exponent, not a factor: 64.4 times 1000 is 64400.00000000001.
    let (number, exponent) = match text.strip_suffix(['k', 'K']) {
        Some(number) => (number, "e3"),
        None => (text, ""),
    };
    let plain = number.chars().all(|letter| letter.is_ascii_digit() || ".,_".contains(letter));
    // A comma sets thousands apart, not a fraction: `3,5` is neither here.
    let whole = number.split('.').next().unwrap_or_default();
    let grouped = number.matches(',').count() == whole.split(',').skip(1).filter(|group| group.len() == 3).count();
    let number = number.replace([',', '_'], "") + exponent;
    number.parse().ok().filter(|_| plain && grouped).filter(|level: &f64| level.is_finite() && *level > 0.0)
}

impl fmt::Display for PriceRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let symbol = &self.symbol;
        match self.when {
            When::Below(level) => write!(f, "{symbol} < {}", show_level(level)),
            When::Above(level) => write!(f, "{symbol} > {}", show_level(level)),
            When::Crosses(level) => write!(f, "{symbol} crosses {}", show_level(level)),
            When::Goes { way, percent, over } => {
                write!(f, "{symbol} {way} {percent}% in {}", format::interval(over))
            }
        }
    }
}

/// `70,000`, `0.25`
pub(crate) fn show_level(level: f64) -> String {
    let price = Decimal::from_f64(level).map(|price| price.normalize());
    price.map_or_else(|| level.to_string(), |price| format::price(price, price.scale()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hours(text: &str) -> Option<Duration> {
        let (number, unit) = text.split_at(text.len().checked_sub(1)?);
        let seconds = match unit {
            "h" => 3_600,
            "m" => 60,
            _ => return None,
        };
        number.parse::<u64>().ok().map(|count| Duration::from_secs(count * seconds))
    }

    #[test]
    fn price_rules_are_read_and_written() {
        let cases = [
            ("btc-usd < 70,000", "BTC-USD < 70,000"),
            ("BTC-USD below 70k", "BTC-USD < 70,000"),
            ("NVDA > $200.5", "NVDA > 200.5"),
            ("NVDA crosses 200", "NVDA crosses 200"),
            ("NVDA falls 3% in 1h", "NVDA falls 3% in 1h"),
            ("SOL-USD moves 0.5% in 15m", "SOL-USD moves 0.5% in 15m"),
        ];
        for (text, written) in cases {
            let rule = PriceRule::parse(text, hours).unwrap();
            assert_eq!(rule.to_string(), written, "{text}");
            assert_eq!(PriceRule::parse(&rule.to_string(), hours), Ok(rule), "{text}");
        }
        for text in [
            "NVDA falls 3,5% in 1h",
            "NVDA < 3,5",
            "NVDA < 1,23,456",
            "",
            "NVDA",
            "NVDA <",
            "NVDA < x",
            "NVDA < -3",
            "NVDA < 0",
            "NVDA falls 3 in 1h",
            "NVDA falls 3% in 9x",
        ] {
            assert_eq!(PriceRule::parse(text, hours), Err(PRICE_RULE), "{text}");
        }
    }

    #[test]
    fn quiet_hours_go_over_midnight() {
        let at = |text: &str| text.parse::<Time>().unwrap();
        let night = Quiet::parse("22:00-07:00").unwrap();
        let cases = [("21:59", false), ("22:00", true), ("00:00", true), ("06:59", true), ("07:00", false)];
        for (time, expected) in cases {
            assert_eq!(night.contains(at(time)), expected, "{time}");
        }
        let noon = Quiet::parse("12:00 - 13:30").unwrap();
        assert!(noon.contains(at("12:30")) && !noon.contains(at("13:30")));
        assert_eq!(night.to_string(), "22:00-07:00");
        assert!(Quiet::parse("22").is_err() && Quiet::parse("22:00-25:00").is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_a_rule_or_none(text in "\\PC{0,40}|[A-Z]{1,4} (<|>|crosses|falls) [0-9.,k%]{1,9}( in [0-9]{1,3}[hmd])?") {
            if let Ok(rule) = PriceRule::parse(&text, hours) {
                prop_assert_eq!(PriceRule::parse(&rule.to_string(), hours), Ok(rule));
            }
            let _ = Quiet::parse(&text);
        }
    }
}
