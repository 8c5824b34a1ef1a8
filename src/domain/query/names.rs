//! Names in a query that nothing has: its condition could never hold, which is nearly always a slip of the finger.

use super::super::Name;
use super::super::spelling::nearest;
use super::super::text::Text;
use super::field::{NameField, Scope};
use super::{Leaf, Query, QueryError};

/// What a query can name.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Topics that rules give.
    pub topics: Vec<Name>,
    /// Of the watchlist, with their benchmarks.
    pub symbols: Vec<Name>,
    /// Also those that are switched off: their stories are still there.
    pub feeds: Vec<Name>,
}

impl Query {
    /// The first name in it that nothing has. Languages are not checked: any may come.
    pub fn unknown_name(&self, names: &Names) -> Option<QueryError> {
        self.named.iter().find_map(|(at, leaf)| {
            let message = names.unknown(leaf)?;
            Some(QueryError { at: *at, message })
        })
    }
}

impl Names {
    /// What is wrong with the name that a condition gives; None when something has it.
    fn unknown(&self, leaf: &Leaf) -> Option<String> {
        match leaf {
            Leaf::Named { field, value, prefix } => match field {
                NameField::Topic => {
                    let missing = !has(&self.topics, *field, value, *prefix);
                    missing.then(|| with_hint(format!("no topic is called '{value}'"), value, &self.topics))
                }
                NameField::Symbol => self.unknown_symbol(value, *prefix),
                NameField::Lang => None,
            },
            Leaf::Move(Some(symbol), ..) => self.unknown_symbol(symbol, false),
            Leaf::Phrase(Scope::Feed, phrase) => {
                let is_in = |feed: &Name| {
                    let name = Text::name(feed);
                    phrase.occurs(&name, &name.title_words())
                };
                let words = leaf.to_string();
                let words = words.strip_prefix("feed:").unwrap_or(&words).trim_matches('"');
                let missing = !self.feeds.iter().any(is_in);
                missing.then(|| with_hint(format!("no feed has '{words}' in its name"), words, &self.feeds))
            }
            Leaf::Phrase(..) | Leaf::Regex(..) | Leaf::Is(_) | Leaf::Measure(..) | Leaf::Move(None, ..) => None,
        }
    }

    fn unknown_symbol(&self, value: &str, prefix: bool) -> Option<String> {
        let missing = !has(&self.symbols, NameField::Symbol, value, prefix);
        let what = || format!("'{}' is not on the watchlist", value.to_uppercase());
        missing.then(|| with_hint(what(), value, &self.symbols))
    }
}

fn has(names: &[Name], field: NameField, value: &str, prefix: bool) -> bool {
    names.iter().any(|name| field.same(name, value, prefix))
}

fn with_hint(sentence: String, given: &str, known: &[Name]) -> String {
    match nearest(given, known.iter().map(|name| &**name)) {
        Some(near) => format!("{sentence}; did you mean '{near}'?"),
        None => sentence,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        let list = |names: &[&str]| names.iter().map(|name| Name::from(*name)).collect();
        Names {
            topics: list(&["openai-funding", "nvidia", "regulation"]),
            symbols: list(&["NVDA", "BTC-USD", "QQQ"]),
            feeds: list(&["Bloomberg Tech", "SEC", "Le Monde économie"]),
        }
    }

    #[test]
    fn a_name_that_nothing_has_is_a_mistake_at_its_place() {
        let cases = [
            ("topic:nvidai", 6, "no topic is called 'nvidai'; did you mean 'nvidia'?"),
            ("x topic:openai", 8, "no topic is called 'openai'; did you mean 'openai-funding'?"),
            ("-topic:gold", 7, "no topic is called 'gold'"),
            ("topic:z*", 6, "no topic is called 'z'"),
            ("symbol:nvdia", 7, "'NVDIA' is not on the watchlist; did you mean 'NVDA'?"),
            ("(a OR move:XXX>1%)", 11, "'XXX' is not on the watchlist"),
            ("feed:bloomburg", 5, "no feed has 'bloomburg' in its name"),
            ("feed:\"le mond\"", 5, "no feed has 'le mond' in its name; did you mean 'Le Monde économie'?"),
        ];
        for (source, at, message) in cases {
            let query = Query::parse(source).expect(source);
            assert_eq!(query.unknown_name(&names()), Some(QueryError { at, message: message.into() }), "{source}");
        }
    }

    #[test]
    fn names_that_something_has_are_none() {
        for source in [
            "nvidai",
            "topic:NVIDIA symbol:btc",
            "topic:open*",
            "move:qqq>1% move<-2%",
            "feed:bloomberg feed:(sec OR x) feed:economie feed:/x/",
            "lang:eo outlet:anything",
        ] {
            let query = Query::parse(source).expect(source);
            assert_eq!(query.unknown_name(&names()), None, "{source}");
        }
    }
}
