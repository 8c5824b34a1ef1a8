//! Durations and sizes as the config file and the command line write them. [`crate::domain::format`] writes durations.

use std::time::Duration;

/// What a duration looks like, for sentences that ask for one.
pub(crate) const DURATION: &str = r#"a duration such as "30s", "10m" or "1h30m""#;
/// What a size looks like, for sentences that ask for one.
pub(crate) const SIZE: &str = r#"a size such as "8 MiB" or "500 KB""#;

/// Unit and its milliseconds, the largest first.
const TIME_UNITS: [(&str, u64); 6] =
    [("w", 7 * 86_400_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

/// Unit and its bytes; those of 1024 come first, so that printing prefers them.
const SIZE_UNITS: [(&str, u64); 7] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1000),
    ("B", 1),
];

/// Reads `10m`, `1500ms`, `90d`, `1h30m`, `1h 30m`. The error says what was expected.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let mut rest = text.trim();
    let mut total: u64 = 0;
    if rest.is_empty() {
        return Err(DURATION.into());
    }
    while !rest.is_empty() {
        let (number, unit, after) = number_and_unit(rest).ok_or(DURATION)?;
        if unit.is_empty() && after.is_empty() {
            return Err(format!(r#"a unit behind the number, such as "{number}s" or "{number}m""#));
        }
        let (_, millis) = TIME_UNITS.iter().find(|(name, _)| *name == unit).ok_or(DURATION)?;
        let part = number.checked_mul(*millis).ok_or("a shorter duration")?;
        total = total.checked_add(part).ok_or("a shorter duration")?;
        rest = after;
    }
    Ok(Duration::from_millis(total))
}

/// Reads `8 MiB`, `500 KB`, `1024 B`; case does not matter. In bytes. The error says what was expected.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let (number, unit, rest) = number_and_unit(text.trim()).ok_or(SIZE)?;
    if unit.is_empty() && rest.is_empty() {
        return Err(format!(r#"a unit behind the number, such as "{number} KiB" or "{number} MiB""#));
    }
    let known = SIZE_UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit));
    let (_, bytes) = known.filter(|_| rest.is_empty()).ok_or(SIZE)?;
    number.checked_mul(*bytes).ok_or_else(|| "a smaller size".into())
}

/// The first number, the letters behind it, and what follows; None when it does not begin with a number.
fn number_and_unit(text: &str) -> Option<(u64, &str, &str)> {
    let (digits, rest) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let rest = rest.trim_start();
    let (unit, rest) = rest.split_at(rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len()));
    Some((digits.parse().ok()?, unit, rest.trim_start()))
}

/// The largest unit that divides it, as [`size`] reads it back.
pub(crate) fn print_size(bytes: u64) -> String {
    let fits = SIZE_UNITS.iter().find(|(_, unit)| bytes >= *unit && bytes.is_multiple_of(*unit));
    let (name, unit) = fits.unwrap_or(&("B", 1));
    format!("{} {name}", bytes / unit)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::format;

    #[test]
    fn durations_read() {
        for (text, millis) in [
            ("10m", 600_000),
            ("1500ms", 1500),
            ("90d", 7_776_000_000),
            ("1h30m", 5_400_000),
            (" 1h 30m ", 5_400_000),
            ("2 w", 1_209_600_000),
            ("0s", 0),
            ("60s", 60_000),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn durations_refused() {
        for (text, expected) in [
            ("", DURATION),
            ("soon", DURATION),
            ("-5m", DURATION),
            ("1.5h", DURATION),
            ("10 minutes", DURATION),
            ("10M", DURATION),
            ("５m", DURATION),
            ("10", r#"a unit behind the number, such as "10s" or "10m""#),
            ("1h30", r#"a unit behind the number, such as "30s" or "30m""#),
            ("18446744073709551615d", "a shorter duration"),
            ("99999999999999999999s", DURATION),
        ] {
            assert_eq!(duration(text), Err(expected.to_string()), "{text}");
        }
    }

    #[test]
    fn sizes_read_and_refused() {
        for (text, bytes) in
            [("8 MiB", 8 << 20), ("500 KB", 500_000), ("500kb", 500_000), ("1 GB", 1_000_000_000), ("1024 B", 1024)]
        {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["", "MiB", "8 MiB 2 KB", "8 miles", "-1 KB", "1.5 MiB"] {
            assert_eq!(size(text), Err(SIZE.to_string()), "{text}");
        }
        assert_eq!(size("8"), Err(r#"a unit behind the number, such as "8 KiB" or "8 MiB""#.to_string()));
        assert_eq!(size("18446744073709551615 GiB"), Err("a smaller size".to_string()));
    }

    #[test]
    fn printed_as_people_write_them() {
        for text in ["0s", "30s", "1500ms", "10m", "1h30m", "90d"] {
            assert_eq!(format::duration(duration(text).unwrap()), text);
        }
        for text in ["0 B", "8 MiB", "500 KB", "1 KiB", "1 B", "3 GiB"] {
            assert_eq!(print_size(size(text).unwrap()), text);
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(millis: u64, bytes: u64) {
            let given = Duration::from_millis(millis);
            prop_assert_eq!(duration(&format::duration(given)), Ok(given));
            prop_assert_eq!(size(&print_size(bytes)), Ok(bytes));
        }

        #[test]
        fn never_panics(text in "\\PC*") {
            let _ = (duration(&text), size(&text));
        }
    }
}
