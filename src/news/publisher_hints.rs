//! How often, and when not, a publisher asks to be polled: `<ttl>`, `<skipHours>`, `<skipDays>` (RSS 2.0), and the
//! syndication module of RSS 1.0 (`sy:updatePeriod`, `sy:updateFrequency`), which blogs of all formats use.

use std::time::Duration;

use super::markup::{Markup, Token};

const HOUR: u64 = 3600;

/// What `<ttl>` says, in minutes.
pub(crate) fn ttl(text: &str) -> Option<Duration> {
    let minutes: u32 = text.trim().parse().ok()?;
    (minutes > 0).then(|| Duration::from_secs(u64::from(minutes) * 60))
}

/// What `sy:updatePeriod` says.
pub(crate) fn period(text: &str) -> Option<Duration> {
    let hours = match text.trim().to_ascii_lowercase().as_str() {
        "hourly" => 1,
        "daily" => 24,
        "weekly" => 24 * 7,
        "monthly" => 24 * 30,
        "yearly" => 24 * 365,
        _ => return None,
    };
    Some(Duration::from_secs(hours * HOUR))
}

/// How often within that period: once, when it does not say so in a number.
pub(crate) fn frequency(text: &str) -> u32 {
    text.trim().parse().unwrap_or(1).max(1)
}

/// The hours (0 to 23, GMT) within `<skipHours>`, sorted. RSS 0.91 counted from 1 to 24.
pub(crate) fn hours(raw: &str) -> Vec<u8> {
    sorted(raw, |word| word.parse::<u8>().ok().filter(|hour| *hour <= 24).map(|hour| hour % 24))
}

/// The days (0 is Monday, GMT) within `<skipDays>`, sorted.
pub(crate) fn days(raw: &str) -> Vec<u8> {
    const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    sorted(raw, |word| {
        let start = word.get(..3)?;
        (0_u8..).zip(DAYS).find(|(_, day)| day.eq_ignore_ascii_case(start)).map(|(number, _)| number)
    })
}

fn sorted(raw: &str, read: impl Fn(&str) -> Option<u8>) -> Vec<u8> {
    let mut found = std::collections::BTreeSet::new();
    for token in Markup::new(raw) {
        if let Token::Text(text) | Token::Literal(text) = token {
            found.extend(read(text.trim()));
        }
    }
    found.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_asks_for() {
        assert_eq!(ttl(" 60 "), Some(Duration::from_secs(HOUR)));
        assert_eq!((ttl("0"), ttl("soon"), ttl("-1")), (None, None, None));
        assert_eq!(period(" Daily\n"), Some(Duration::from_secs(24 * HOUR)));
        assert_eq!((period("sometimes"), frequency("4"), frequency("0"), frequency("x")), (None, 4, 1, 1));
        assert_eq!(hours("<hour>5</hour><hour>0</hour><hour>24</hour><hour>99</hour>"), [0, 5]);
        assert_eq!(days("<day>Sunday</day> <day>saturday</day><day>Caturday</day><day>é</day>"), [5, 6]);
    }
}
