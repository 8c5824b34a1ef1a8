//! Numbers as headlines write them: `70,000`, `70 000`, `70.000`, `$70K`, `70k`, `1.5m`.

/// The numbers that a text names, in order. A dot or a comma before exactly three digits sets thousands apart, in the
/// manner of either language; else what follows it is a fraction.
pub(crate) fn numbers(text: &str) -> Vec<f64> {
    let chars: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let (number, next) = number(&chars, at);
        found.extend(number);
        at = next;
    }
    found
}

/// The number that begins at a place, and where to go on.
fn number(chars: &[char], at: usize) -> (Option<f64>, usize) {
    let digits = digits(chars, at);
    // `v2`, `Q4`: part of a word.
    let is_part = at.checked_sub(1).is_some_and(|before| chars[before].is_alphanumeric());
    if digits == 0 || is_part {
        return (None, at + digits.max(1));
    }
    let mut written: String = chars[at..at + digits].iter().collect();
    let mut end = at + digits;
    while let Some(separator) = chars.get(end).filter(|separator| separates(**separator)) {
        let behind = self::digits(chars, end + 1);
        if behind == 3 && written.len() <= 15 {
            written.extend(&chars[end + 1..end + 4]);
        } else if behind > 0 && matches!(separator, '.' | ',') {
            written.push('.');
            written.extend(&chars[end + 1..end + 1 + behind]);
            end += 1 + behind;
            break;
        } else {
            break;
        }
        end += 1 + behind;
    }
    let (exponent, end) = unit(chars, end);
    // As an exponent, not a factor: 64.4 times 1000 is 64400.00000000001, which is no level that anybody wrote.
    (format!("{written}{exponent}").parse().ok(), end)
}

fn digits(chars: &[char], at: usize) -> usize {
    chars.iter().skip(at).take_while(|letter| letter.is_ascii_digit()).count()
}

/// Between thousands stand commas, dots, quotes, and blanks that don't break the line or do.
fn separates(letter: char) -> bool {
    matches!(letter, ',' | '.' | '\'' | '’' | ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}')
}

/// `k`, `m`, or nothing.
fn unit(chars: &[char], at: usize) -> (&'static str, usize) {
    let is_last = !chars.get(at + 1).is_some_and(|letter| letter.is_alphanumeric());
    match chars.get(at) {
        Some('k' | 'K') if is_last => ("e3", at + 1),
        Some('m' | 'M') if is_last => ("e6", at + 1),
        _ => ("", at),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_read_as_either_language_writes_them() {
        let cases: [(&str, &[f64]); 9] = [
            ("Bitcoin under $70,000 again", &[70_000.0]),
            ("Le bitcoin sous 70 000 dollars", &[70_000.0]),
            ("unter 70.000 Dollar", &[70_000.0]),
            ("BTC loses $70K, 69.5k next", &[70_000.0, 69_500.0]),
            ("up 1.25% to 1,234,567.5", &[1.25, 1_234_567.5]),
            ("Q4, v2 and H200", &[]),
            ("in 2026, 12 of 70 kept", &[2026.0, 12.0, 70.0]),
            ("1.5m coins; 5 miles", &[1_500_000.0, 5.0]),
            ("70’000", &[70_000.0]),
        ];
        for (text, expected) in cases {
            assert_eq!(numbers(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "[0-9kKm,. ’a\u{a0}]{0,60}|\\PC{0,40}") {
            prop_assert!(numbers(&text).iter().all(|number| *number >= 0.0));
        }
    }
}
