//! Dates as feeds write them: RFC 822 and 3339, and the forms that software and people made of them.
//!
//! A date without a zone counts as UTC. An impossible one is none: better first seen than wrong.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::{Offset, TimeZone};

/// No date is longer; what is longer is text.
const LONGEST: usize = 100;

/// The instant a date names; None when it names none.
pub fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.is_empty() || text.len() > LONGEST {
        return None;
    }
    epoch(text).or_else(|| Pieces::read(text)?.instant())
}

/// Seconds or milliseconds since 1970, of this century.
fn epoch(text: &str) -> Option<Timestamp> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    match text.len() {
        10 => Timestamp::from_second(text.parse().ok()?).ok(),
        13 => Timestamp::from_millisecond(text.parse().ok()?).ok(),
        _ => None,
    }
}

/// What the words of a date tell, gathered in any order.
#[derive(Debug, Default)]
struct Pieces {
    year: Option<i16>,
    month: Option<i8>,
    day: Option<i8>,
    /// Numbers that may be a day or a two-digit year, in order.
    numbers: Vec<i16>,
    time: Option<Clock>,
    afternoon: Option<bool>,
    zone: Option<TimeZone>,
}

#[derive(Debug, Clone, Copy)]
struct Clock {
    hour: i8,
    minute: i8,
    second: i8,
    nanosecond: i32,
}

impl Pieces {
    fn read(text: &str) -> Option<Pieces> {
        let mut pieces = Pieces::default();
        let text = text.replace(['(', ')', ','], " ");
        for word in text.split_whitespace() {
            pieces.word(word)?;
        }
        Some(pieces)
    }

    /// None when the word makes the whole no date.
    fn word(&mut self, word: &str) -> Option<()> {
        if let Some(zone) = offset(word).filter(|_| self.time.is_some()) {
            self.zone = Some(zone);
            return Some(());
        }
        if word.contains(':') {
            return self.time_or_both(word);
        }
        if word.starts_with(|c: char| c.is_ascii_digit()) {
            // 10h05, as the French write it.
            return match word.split_once('h').filter(|(hour, minute)| is_number(hour) && is_number(minute)) {
                Some((hour, minute)) => self.clock(&format!("{hour}:{minute}")),
                None => self.numeric(word),
            };
        }
        self.name(word)
    }

    /// `10:00`, `10:00:05.123Z`, `2025-10-06T10:00:00+02:00`.
    fn time_or_both(&mut self, word: &str) -> Option<()> {
        let (date, time) = match word.split_once(['T', 't']).filter(|(date, _)| date.contains(['-', '/', '.'])) {
            Some((date, time)) => (date, time),
            // 2004-07-14:09:00:00, or a time.
            None => match word.split_once(':').filter(|(date, _)| date.contains('-')) {
                Some((date, time)) => (date, time),
                None => ("", word),
            },
        };
        if !date.is_empty() {
            self.numeric(date)?;
        }
        self.clock(time)
    }

    fn clock(&mut self, text: &str) -> Option<()> {
        let end = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, ':' | '.')).unwrap_or(text.len());
        let (clock, rest) = text.split_at(end);
        self.time = Some(Clock::read(clock)?);
        match rest.to_ascii_lowercase().as_str() {
            "" => {}
            "am" | "pm" => self.afternoon = Some(rest.eq_ignore_ascii_case("pm")),
            _ => self.zone = Some(offset(rest).or_else(|| named_zone(rest))?),
        }
        Some(())
    }

    fn numeric(&mut self, word: &str) -> Option<()> {
        if let Some((date, time)) = word.split_once(['T', 't']).filter(|(date, _)| date.len() == 8) {
            self.compact(date)?;
            return self.compact_time(time);
        }
        let parts: Vec<&str> = word.split(['-', '/', '.']).filter(|part| !part.is_empty()).collect();
        match parts.as_slice() {
            [one] if one.len() == 8 && is_number(one) => self.compact(one),
            [one] => self.number(one),
            [year, month] if year.len() == 4 => self.set(year, month, "1"),
            [year, month, day] if year.len() == 4 => self.set(year, month, day),
            [day, month, year] if !is_number(month) => self.set(year, month, day),
            [day, month, year] if word.contains('.') => self.set(year, month, day),
            // 13/10/2025 can only be a day first; 10/06/2025 is read as Americans write it.
            [a, b, year] if a.parse::<u8>().is_ok_and(|a| a > 12) => self.set(year, b, a),
            [a, b, year] => self.set(year, a, b),
            _ => None,
        }
    }

    fn set(&mut self, year: &str, month: &str, day: &str) -> Option<()> {
        self.year = Some(full_year(year)?);
        self.month = Some(if is_number(month) { month.parse().ok()? } else { month_name(month)? });
        self.day = Some(day.parse().ok()?);
        Some(())
    }

    /// `20251006`
    fn compact(&mut self, text: &str) -> Option<()> {
        self.set(text.get(..4)?, text.get(4..6)?, text.get(6..8)?)
    }

    /// `100000Z`
    fn compact_time(&mut self, text: &str) -> Option<()> {
        let (hour, minute, second) = (text.get(..2)?, text.get(2..4)?, text.get(4..6).unwrap_or("00"));
        self.clock(&format!("{hour}:{minute}:{second}{}", text.get(6..).unwrap_or_default()))
    }

    /// `6`, `6th`, `2025`, and `1er`.
    fn number(&mut self, word: &str) -> Option<()> {
        let end = word.find(|c: char| !c.is_ascii_digit()).unwrap_or(word.len());
        let (digits, suffix) = word.split_at(end);
        match suffix.to_ascii_lowercase().as_str() {
            "" | "st" | "nd" | "rd" | "th" | "er" | "." => {}
            "am" | "pm" => {
                self.afternoon = Some(suffix.eq_ignore_ascii_case("pm"));
                self.time = Some(Clock { hour: digits.parse().ok()?, minute: 0, second: 0, nanosecond: 0 });
                return Some(());
            }
            _ => return None,
        }
        if digits.len() == 4 {
            self.year = Some(digits.parse().ok()?);
        } else {
            self.numbers.push(digits.parse().ok()?);
        }
        Some(())
    }

    fn name(&mut self, word: &str) -> Option<()> {
        if let Some(month) = month_name(word) {
            // The last one counts: `mar., 07 juil.` begins with a Tuesday.
            self.month = Some(month);
        } else if word.eq_ignore_ascii_case("am") || word.eq_ignore_ascii_case("pm") {
            self.afternoon = Some(word.eq_ignore_ascii_case("pm"));
        } else if self.time.is_some() {
            // A name after the time is a zone; an unknown one leaves UTC.
            self.zone = self.zone.take().or_else(|| named_zone(word));
        }
        Some(())
    }

    fn instant(mut self) -> Option<Timestamp> {
        let mut numbers = self.numbers.drain(..);
        let day = match self.day {
            Some(day) => day,
            None => i8::try_from(numbers.next()?).ok()?,
        };
        let year = match self.year {
            Some(year) => year,
            None => full_year(&format!("{:02}", numbers.next()?))?,
        };
        let date = Date::new(year, self.month?, day).ok()?;
        let (date, time) = match self.time {
            Some(clock) => clock.at(date, self.afternoon)?,
            None => (date, Time::midnight()),
        };
        let zone = self.zone.unwrap_or(TimeZone::UTC);
        // Nothing was published before 1970: a zero is a missing date.
        Some(zone.to_timestamp(date.to_datetime(time)).ok()?).filter(|at| at.as_second() > 0)
    }
}

impl Clock {
    fn read(text: &str) -> Option<Clock> {
        let mut parts = text.split(':');
        let (hour, minute) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let (second, fraction) = match parts.next() {
            Some(seconds) => seconds.split_once('.').unwrap_or((seconds, "")),
            None => ("0", ""),
        };
        let digits = fraction.get(..fraction.len().min(9))?;
        let nanosecond = format!("{digits:0<9}").parse().ok()?;
        Some(Clock { hour, minute, second: second.parse().ok()?, nanosecond })
    }

    /// 24:00 is the next day's midnight; a leap second is the second before it.
    fn at(self, date: Date, afternoon: Option<bool>) -> Option<(Date, Time)> {
        let hour = match (afternoon, self.hour) {
            (Some(true), 1..=11) => self.hour + 12,
            (Some(false), 12) => 0,
            _ => self.hour,
        };
        if hour == 24 && self.minute == 0 && self.second == 0 {
            return Some((date.tomorrow().ok()?, Time::midnight()));
        }
        Some((date, Time::new(hour, self.minute, self.second.min(59), self.nanosecond).ok()?))
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Two digits count from 1970 to 2069.
fn full_year(text: &str) -> Option<i16> {
    let year: i16 = text.parse().ok()?;
    match text.len() {
        2 => Some(if year < 70 { 2000 + year } else { 1900 + year }),
        4 => Some(year),
        _ => None,
    }
}

/// `Z`, `+0200`, `+02:00`, `-7`, `GMT+0200`, `UTC-07:00`.
fn offset(text: &str) -> Option<TimeZone> {
    let text = ["GMT", "UTC"].iter().find_map(|zone| text.strip_prefix(zone)).unwrap_or(text);
    if text.eq_ignore_ascii_case("z") {
        return Some(TimeZone::UTC);
    }
    let (sign, digits) = match (text.strip_prefix('+'), text.strip_prefix(['-', '\u{2212}'])) {
        (Some(digits), _) => (1, digits.replace(':', "")),
        (_, Some(digits)) => (-1, digits.replace(':', "")),
        _ => return None,
    };
    if !is_number(&digits) || digits.len() > 4 {
        return None;
    }
    let (hours, minutes) = digits.split_at(if digits.len() > 2 { digits.len() - 2 } else { digits.len() });
    let minutes: i32 = if minutes.is_empty() { 0 } else { minutes.parse().ok()? };
    let seconds = sign * (hours.parse::<i32>().ok()? * 3600 + minutes * 60);
    Some(Offset::from_seconds(seconds).ok()?.to_time_zone())
}

/// An abbreviation, as it is used where feeds come from, or a name of the zone database.
fn named_zone(text: &str) -> Option<TimeZone> {
    let upper = text.to_ascii_uppercase();
    if let Some((_, minutes)) = ZONES.iter().find(|(name, _)| *name == upper) {
        return Some(Offset::from_seconds(minutes * 60).ok()?.to_time_zone());
    }
    let place = match upper.as_str() {
        "ET" => "America/New_York",
        "CT" => "America/Chicago",
        "MT" => "America/Denver",
        "PT" => "America/Los_Angeles",
        _ if text.contains('/') => text,
        _ => return None,
    };
    TimeZone::get(place).ok()
}

/// Minutes east of UTC. RFC 822's own, and those of Europe, Asia and the Pacific that feeds use; `IST` is India's,
/// `BST` Britain's, `CST` and `EST` North America's.
const ZONES: &[(&str, i32)] = &[
    ("UT", 0),
    ("UTC", 0),
    ("GMT", 0),
    ("WET", 0),
    ("EST", -300),
    ("EDT", -240),
    ("CST", -360),
    ("CDT", -300),
    ("MST", -420),
    ("MDT", -360),
    ("PST", -480),
    ("PDT", -420),
    ("AKST", -540),
    ("AKDT", -480),
    ("HST", -600),
    ("AST", -240),
    ("ADT", -180),
    ("NST", -210),
    ("NDT", -150),
    ("BRT", -180),
    ("ART", -180),
    ("BST", 60),
    ("WEST", 60),
    ("CET", 60),
    ("MET", 60),
    ("MEZ", 60),
    ("CEST", 120),
    ("MEST", 120),
    ("MESZ", 120),
    ("EET", 120),
    ("SAST", 120),
    ("EEST", 180),
    ("MSK", 180),
    ("IST", 330),
    ("HKT", 480),
    ("SGT", 480),
    ("AWST", 480),
    ("JST", 540),
    ("KST", 540),
    ("ACST", 570),
    ("AEST", 600),
    ("AEDT", 660),
    ("NZST", 720),
    ("NZDT", 780),
];

/// A month in English, French, German, Spanish, Italian or Portuguese: enough letters to tell it from the others.
fn month_name(word: &str) -> Option<i8> {
    let folded: String = word.trim_end_matches('.').to_lowercase().chars().map(unaccented).collect();
    let (_, month) = MONTHS.iter().find(|(start, _)| folded.starts_with(start))?;
    Some(*month)
}

fn unaccented(c: char) -> char {
    match c {
        'é' | 'è' | 'ê' => 'e',
        'û' | 'ü' => 'u',
        'ä' | 'à' | 'á' => 'a',
        'ç' => 'c',
        c => c,
    }
}

/// How they begin, without accents.
const MONTHS: &[(&str, i8)] = &[
    ("jan", 1),
    ("ene", 1),
    ("gen", 1),
    ("feb", 2),
    ("fev", 2),
    ("mar", 3),
    ("mrz", 3),
    ("maer", 3),
    ("apr", 4),
    ("avr", 4),
    ("abr", 4),
    ("may", 5),
    ("mai", 5),
    ("mag", 5),
    ("jun", 6),
    ("juin", 6),
    ("giu", 6),
    ("jul", 7),
    ("juil", 7),
    ("lug", 7),
    ("aug", 8),
    ("aou", 8),
    ("ago", 8),
    ("sep", 9),
    ("set", 9),
    ("oct", 10),
    ("okt", 10),
    ("out", 10),
    ("ott", 10),
    ("nov", 11),
    ("dec", 12),
    ("dez", 12),
    ("dic", 12),
];

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn forms() {
        for (text, expected) in [
            ("Mon, 06 Oct 2025 10:00:00 GMT", "2025-10-06T10:00:00Z"),
            ("Mon, 06 Oct 2025 10:00:00 +0200", "2025-10-06T08:00:00Z"),
            ("06 Oct 25 10:00 EST", "2025-10-06T15:00:00Z"),
            ("Mon,06 Oct 2025 10:00:00 EDT", "2025-10-06T14:00:00Z"),
            ("Mon, 06 Oct 2025 10:00:00 CEST", "2025-10-06T08:00:00Z"),
            ("Mon, 06 Oct 2025 10:00:00 CET", "2025-10-06T09:00:00Z"),
            ("Mon, 06 Oct 2025 10:00:00 BST", "2025-10-06T09:00:00Z"),
            ("Mon, 06 Oct 2025 10:00:00 MET", "2025-10-06T09:00:00Z"),
            ("Mon, 06 Oct 2025 10:00:00 ET", "2025-10-06T14:00:00Z"),
            ("Mon, 06 Oct 2025 10:00:00", "2025-10-06T10:00:00Z"),
            ("Mon, 06 Oct 2025 10:00 GMT", "2025-10-06T10:00:00Z"),
            ("Sun Jul 15 01:16:00 +0000 2012", "2012-07-15T01:16:00Z"),
            ("Fri, 2006/09/15 08:19:53 EDT", "2006-09-15T12:19:53Z"),
            ("October 6, 2025", "2025-10-06T00:00:00Z"),
            ("Oct 6, 2025 1:55 pm ET", "2025-10-06T17:55:00Z"),
            ("6 August 2025 - 12:05 AM", "2025-08-06T00:05:00Z"),
            ("Montag, 6. Oktober 2025 - 10:00 Uhr", "2025-10-06T10:00:00Z"),
            ("lundi 1er décembre 2025 à 10h05", "2025-12-01T10:05:00Z"),
            ("06.10.25", "2025-10-06T00:00:00Z"),
            ("2025-10-06T10:00:00+0200", "2025-10-06T08:00:00Z"),
            ("2025-10-06T10:00:00 Z", "2025-10-06T10:00:00Z"),
            ("2025-10-06T10:00:00.123456789Z", "2025-10-06T10:00:00.123456789Z"),
            ("Mon, 06 Oct 2025 10:00:00 JST", "2025-10-06T01:00:00Z"),
            ("Mon, 06 Oct 2025 10:00:00 PT", "2025-10-06T17:00:00Z"),
            ("Mon, 06 Oct 2025 10:00:00 America/New_York", "2025-10-06T14:00:00Z"),
            ("Mon, 06 Oct 2025 10:00:00 Etc/GMT", "2025-10-06T10:00:00Z"),
            ("Mon, 06 Oct 2025 10:00:00 GMT+0200", "2025-10-06T08:00:00Z"),
            ("Mon, 06 Oct 2025 10:00:00 GMT-07:00", "2025-10-06T17:00:00Z"),
            ("Mon Oct  6 10:00:00 2025", "2025-10-06T10:00:00Z"),
            ("Mon Oct 06 2025 10:00:00 GMT+0200 (CEST)", "2025-10-06T08:00:00Z"),
            ("Mon, 06 Oct 2025", "2025-10-06T00:00:00Z"),
            ("2025-10-06T10:00:00Z", "2025-10-06T10:00:00Z"),
            ("2025-10-06T10:00:00.123+02:00", "2025-10-06T08:00:00.123Z"),
            ("2025-10-06T10:00Z", "2025-10-06T10:00:00Z"),
            ("2025-10-06T10:00", "2025-10-06T10:00:00Z"),
            ("2025-10-06 10:00:00", "2025-10-06T10:00:00Z"),
            ("2025-10-06 10:00:00 -0500", "2025-10-06T15:00:00Z"),
            ("2025-10-06 10:00:00 UTC", "2025-10-06T10:00:00Z"),
            ("20251006T100000Z", "2025-10-06T10:00:00Z"),
            ("20251006", "2025-10-06T00:00:00Z"),
            ("2025-10-06", "2025-10-06T00:00:00Z"),
            ("2025-10", "2025-10-01T00:00:00Z"),
            ("2025/10/06 10:00", "2025-10-06T10:00:00Z"),
            ("October 6, 2025 1:55 PM", "2025-10-06T13:55:00Z"),
            ("October 6th, 2025", "2025-10-06T00:00:00Z"),
            ("6 octobre 2025 10:00", "2025-10-06T10:00:00Z"),
            ("ven., 03 juil. 2020 15:09:58 +0000", "2020-07-03T15:09:58Z"),
            ("mar., 07 juil. 2020 15:09:58 +0000", "2020-07-07T15:09:58Z"),
            ("mardi 07 avril 2020 15:09:58", "2020-04-07T15:09:58Z"),
            ("Mi, 04 Dez 2024 10:00:00 +0100", "2024-12-04T09:00:00Z"),
            ("4. März 2024 10:00", "2024-03-04T10:00:00Z"),
            ("06.10.25 10:00", "2025-10-06T10:00:00Z"),
            ("06.10.2025", "2025-10-06T00:00:00Z"),
            ("10/06/2025 10:00 AM", "2025-10-06T10:00:00Z"),
            ("13/10/2025", "2025-10-13T00:00:00Z"),
            ("06-Oct-2025 10:00:00", "2025-10-06T10:00:00Z"),
            ("Mon, 13 Feb, 2012 10:00:00 +0000", "2012-02-13T10:00:00Z"),
            ("1759744800", "2025-10-06T10:00:00Z"),
            ("1759744800000", "2025-10-06T10:00:00Z"),
            ("2025-10-06T24:00:00Z", "2025-10-07T00:00:00Z"),
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z"),
            ("Tue, 23 Aug 2024 12:00:00 XYZ", "2024-08-23T12:00:00Z"),
        ] {
            assert_eq!(parse(text).map(|at| at.to_string()).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn none_when_impossible() {
        for text in [
            "",
            "yesterday",
            "2025-13-40",
            "31 Feb 2025",
            "00.00.0000",
            "2025-00-00",
            "1 Oct",
            "Sun, 16 zzz 2012 11:47:32 GMT",
            "Mon, 06 Oct 2025 25:00:00 GMT",
            "12",
            "-",
            "10:00",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "(\\PC|[0-9:TZ+./ -]|Oct|mar|GMT){0,40}") {
            let _ = parse(&text);
        }
    }
}
