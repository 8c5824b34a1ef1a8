//! What may stand at the cursor of the query line: fields, and the values that are known for them.

use std::cmp::Reverse;

use crate::domain::Name;
use crate::domain::query::{Field, Values, states};
use crate::domain::text::Text;

/// Offers shown at most; a longer list is no help.
const MOST: usize = 40;
/// A bare word of so many letters is also looked for among topics and outlets.
const ENOUGH: usize = 2;

/// The names that a query may use.
#[derive(Debug, Default)]
pub struct Vocabulary {
    /// Name and title.
    pub topics: Vec<(Name, String)>,
    /// The outlets of the stories in memory.
    pub outlets: Vec<Name>,
    /// The configured feeds.
    pub feeds: Vec<Name>,
    /// The symbols whose prices are followed.
    pub symbols: Vec<Name>,
    /// Two-letter codes of the languages in memory.
    pub langs: Vec<Name>,
}

/// What may be put in the place of the word at the cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offers {
    /// The byte where that word begins. It ends at the cursor.
    pub start: usize,
    /// The possible completions, best first.
    pub list: Vec<String>,
    /// The one that has been put there.
    pub chosen: Option<usize>,
}

impl Offers {
    /// For a text that ends at the cursor. Nothing is offered for a text without a word at its end, unless it is `asked`.
    pub fn find(before: &str, vocabulary: &Vocabulary, asked: bool) -> Offers {
        let start = word_start(before);
        let word = before.get(start..).unwrap_or_default();
        let mut list = match word.split_once(':') {
            Some((field, value)) => values(field, value, vocabulary),
            None if word.is_empty() && !asked => Vec::new(),
            None => bare(word, vocabulary),
        };
        list.truncate(MOST);
        // What stands there already is no news.
        if list.len() == 1 && list.first().is_some_and(|only| only.trim_end() == word) {
            list.clear();
        }
        Offers { start, list, chosen: None }
    }

    /// The one that is to be put in next, or before.
    pub fn next(&mut self, forward: bool) -> Option<&str> {
        let last = self.list.len().checked_sub(1)?;
        let next = match (self.chosen, forward) {
            (None, true) => 0,
            (None, false) => last,
            (Some(at), true) => {
                if at == last {
                    0
                } else {
                    at + 1
                }
            }
            (Some(at), false) => at.checked_sub(1).unwrap_or(last),
        };
        self.chosen = Some(next);
        self.list.get(next).map(String::as_str)
    }
}

/// Where the word at the end of a text begins: behind the last blank or parenthesis outside quotes, and behind `-`.
fn word_start(text: &str) -> usize {
    let (mut start, mut quoted) = (0, false);
    for (at, c) in text.char_indices() {
        quoted ^= c == '"';
        if !quoted && (c.is_whitespace() || matches!(c, '(' | ')')) {
            start = at + c.len_utf8();
        }
    }
    let word = text.get(start..).unwrap_or_default();
    start + word.len() - word.trim_start_matches('-').len()
}

/// The values of a field that begin so. A name that is no field has none.
fn values(field: &str, typed: &str, vocabulary: &Vocabulary) -> Vec<String> {
    Field::named(field).map_or_else(Vec::new, |field| values_of(field, typed, vocabulary))
}

fn values_of(field: Field, typed: &str, vocabulary: &Vocabulary) -> Vec<String> {
    let typed = typed.strip_prefix('"').unwrap_or(typed);
    let ranked = |names| rank(typed, <[Name]>::iter(names).map(|name| (&**name, &**name)));
    let found = match field.values() {
        Values::Nothing => Vec::new(),
        Values::Topics => rank(typed, vocabulary.topics.iter().map(|(name, title)| (&**name, &**title))),
        Values::Outlets => ranked(&vocabulary.outlets),
        Values::Feeds => ranked(&vocabulary.feeds),
        Values::Symbols => ranked(&vocabulary.symbols),
        Values::Langs => ranked(&vocabulary.langs),
        Values::States => rank(typed, states().iter().map(|state| (*state, *state))),
    };
    let end = if field == Field::Move { ">" } else { " " };
    found.into_iter().map(|name| format!("{}:{}{end}", field.name(), written(field, name))).collect()
}

fn bare(word: &str, vocabulary: &Vocabulary) -> Vec<String> {
    let fields = Field::all().filter(|field| field.name().starts_with(word));
    let mut found: Vec<String> = fields.map(Field::beginning).collect();
    if word.chars().count() >= ENOUGH {
        found.extend(values("topic", word, vocabulary));
        found.extend(values("outlet", word, vocabulary));
        found.extend(values("symbol", word, vocabulary));
    }
    found
}

/// The names that begin so first, then those of which a word does; without regard to case and accents.
fn rank<'a>(typed: &str, names: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<&'a str> {
    let typed = folded(typed);
    let score = |name: &str| {
        let name = folded(name);
        match name.starts_with(&typed) {
            true => 2,
            false => u8::from(name.split(' ').any(|word| word.starts_with(&typed))),
        }
    };
    let mut found: Vec<(u8, &str)> = names.map(|(name, title)| (score(name).max(score(title)), name)).collect();
    found.retain(|(score, _)| *score > 0);
    found.sort_by_key(|(score, name)| (Reverse(*score), folded(name)));
    found.dedup();
    found.into_iter().map(|(_, name)| name).collect()
}

/// The words of a name, as queries compare them, with a blank between.
fn folded(name: &str) -> String {
    let name = Text::name(name);
    name.folded(name.title_words())
}

/// A name so that the query reads it: in quotes where it must, without what means something between them.
fn written(field: Field, name: &str) -> String {
    let is_phrase = matches!(field, Field::Words(_));
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | '_' | '&');
    if name.chars().all(plain) && (!is_phrase || Text::name(name).title_words().len() == 1) {
        return name.to_owned();
    }
    let special = |c: char| c == '"' || (is_phrase && matches!(c, '(' | ')' | '{' | '}' | '|' | '#' | '*' | '='));
    format!("\"{}\"", name.replace(special, " ").split_whitespace().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::domain::query::Query;

    fn vocabulary() -> Vocabulary {
        let names = |names: &[&str]| names.iter().map(|name| Name::from(*name)).collect();
        Vocabulary {
            topics: vec![("openai-funding".into(), "OpenAI $".into()), ("nvidia".into(), "NVIDIA".into())],
            outlets: names(&["CNBC", "Financial Times", "L'Écho", "The (Daily) Post", "Yahoo! Finance", "Nikkei"]),
            feeds: names(&["SEC press releases"]),
            symbols: names(&["NVDA", "BTC-USD"]),
            langs: names(&["en", "fr"]),
        }
    }

    #[test]
    fn what_is_offered() {
        let cases: [(&str, &[&str]); 18] = [
            ("ti", &["title:", "outlet:\"Financial Times\" "]),
            ("raises -to", &["topic:"]),
            ("a", &["age<"]),
            ("outl", &["outlet:", "outlets>"]),
            ("nv", &["topic:nvidia ", "symbol:NVDA "]),
            ("topic:", &["topic:nvidia ", "topic:openai-funding "]),
            ("(topic:OPEN", &["topic:openai-funding "]),
            ("topic:nvidia", &[]),
            ("outlet:ec", &["outlet:\"L'Écho\" "]),
            ("outlet:\"the d", &["outlet:\"The Daily Post\" "]),
            ("outlet:times", &["outlet:\"Financial Times\" "]),
            ("outlet:cn", &["outlet:CNBC "]),
            ("feed:se", &["feed:\"SEC press releases\" "]),
            ("move:b", &["move:BTC-USD>"]),
            ("lang:", &["lang:en ", "lang:fr "]),
            ("is:st", &["is:starred "]),
            ("zz", &[]),
            ("raises ", &[]),
        ];
        for (typed, expected) in cases {
            assert_eq!(Offers::find(typed, &vocabulary(), false).list, expected, "{typed}");
        }
        assert_eq!(Offers::find("", &vocabulary(), true).list.len(), Field::all().count());
    }

    #[test]
    fn every_value_offered_is_read() {
        for field in Field::all() {
            for offer in Offers::find(&format!("{}:", field.name()), &vocabulary(), true).list {
                let query = if field == Field::Move { format!("{offer}1%") } else { offer };
                assert!(Query::parse(&query).is_ok(), "{query}: {:?}", Query::parse(&query));
            }
        }
    }

    #[test]
    fn offers_go_round() {
        let mut offers = Offers::find("is:", &vocabulary(), false);
        assert_eq!(offers.next(false), Some("is:unread "));
        assert_eq!(offers.next(true), Some("is:muted "));
        assert_eq!(Offers::default().next(true), None);
    }

    proptest::proptest! {
        #[test]
        fn any_text_can_be_completed(typed in "(\\PC|[ :\"(a-z-]){0,20}") {
            let offers = Offers::find(&typed, &vocabulary(), true);
            proptest::prop_assert!(typed.is_char_boundary(offers.start));
        }
    }
}
