//! Which known name a mistyped one was probably meant to be.

/// A longer text is no slip of the finger.
const LONGEST: usize = 40;
/// A beginning of so many letters says which name is meant.
const BEGINNING: usize = 3;

/// The known name nearest to `given`: at most one edit for every three letters away (a swap of neighbours is one edit),
/// or the only one that begins with it. Case does not count.
pub(crate) fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = given.chars().count();
    if length > LONGEST {
        return None;
    }
    let lower = given.to_lowercase();
    let scored = known.into_iter().map(|name| (strsim::osa_distance(&lower, &name.to_lowercase()), name));
    let scored: Vec<(usize, &str)> = scored.collect();
    let near = scored.iter().min().filter(|(edits, _)| *edits <= (length / 3).max(1));
    near.map(|(_, name)| *name).or_else(|| only_one_beginning(&lower, length, &scored))
}

fn only_one_beginning<'a>(lower: &str, length: usize, known: &[(usize, &'a str)]) -> Option<&'a str> {
    let mut begin = known.iter().filter(|(_, name)| name.to_lowercase().starts_with(lower));
    let first = begin.next().filter(|_| length >= BEGINNING)?;
    begin.next().is_none().then_some(first.1)
}

/// `; did you mean 'timeout'?`, when one of the known names is near; else nothing.
pub(crate) fn did_you_mean<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(given, known).map_or_else(String::new, |name| format!("; did you mean '{name}'?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_offered_and_far_ones_not() {
        let known = ["timeout", "max-body", "user-agent"];
        for (given, near) in [
            ("timeuot", Some("timeout")),
            ("max_body", Some("max-body")),
            ("Timeout", Some("timeout")),
            ("UserAgent", Some("user-agent")),
            ("user", Some("user-agent")),
            ("us", None),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(nearest(given, known), near, "{given}");
        }
        assert_eq!(nearest("open", ["open-a", "open-b"]), None, "two begin like this");
        assert_eq!(nearest("x", []), None);
        assert_eq!(did_you_mean("timeuot", known), "; did you mean 'timeout'?");
    }
}
