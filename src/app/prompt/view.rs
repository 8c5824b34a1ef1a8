//! The line that asks for the key and the name of a view, before it goes into the config file.

use crate::config::{Config, View};
use crate::domain::query::QueryError;

/// Letters of a name at most: it stands in the help and in the topic bar.
const NAME_MAX: usize = 40;
/// Letters of the name that is proposed.
const PROPOSED: usize = 24;

/// Who has which key.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    /// Key, and what it shows.
    topics: Vec<(char, String)>,
    views: Vec<View>,
}

impl Keys {
    /// The keys that a configuration gives.
    pub fn of(config: &Config) -> Keys {
        let topics = config.topics.iter().filter_map(|rule| Some((rule.key?, rule.title.clone())));
        Keys { topics: topics.collect(), views: config.views.clone() }
    }

    /// The keys that nothing has.
    pub fn free(&self) -> Vec<char> {
        let is_free = |key: &char| {
            !self.topics.iter().any(|(other, _)| other == key) && !self.views.iter().any(|view| view.key == Some(*key))
        };
        ('1'..='9').filter(is_free).collect()
    }

    /// What is proposed for a query: the view that has it already, else a free key and its first words.
    pub fn propose(&self, query: &str) -> String {
        let known = self.views.iter().find(|view| view.query == query);
        if let Some((view, key)) = known.and_then(|view| Some((view, view.key?))) {
            return format!("{key} {}", view.name);
        }
        let key = self.free().first().map(|key| format!("{key} ")).unwrap_or_default();
        let words: String = query.chars().map(|c| if c.is_alphanumeric() || c == '-' { c } else { ' ' }).collect();
        let mut name = String::new();
        for word in words.split_whitespace() {
            if name.chars().count() + word.chars().count() >= PROPOSED {
                break;
            }
            name.push_str(if name.is_empty() { "" } else { " " });
            name.push_str(word);
        }
        format!("{key}{name}")
    }

    /// The view that a line like `5 NVIDIA deals` makes of a query.
    ///
    /// # Errors
    /// What is missing or taken, and where.
    pub fn view(&self, line: &str, query: &str) -> Result<View, QueryError> {
        let mistake = |at: usize, message: String| Err(QueryError { at, message });
        let start = line.len() - line.trim_start().len();
        let (key, name) = line.trim().split_once(char::is_whitespace).unwrap_or((line.trim(), ""));
        let mut letters = key.chars();
        let Some(key) = letters.next().filter(|key| letters.next().is_none() && matches!(key, '1'..='9')) else {
            return mistake(start, "expected a key from 1 to 9, then a name, as in 5 NVIDIA deals".into());
        };
        let name = name.trim();
        if let Some((_, topic)) = self.topics.iter().find(|(other, _)| *other == key) {
            return mistake(start, format!("{key} is the key of the topic {topic}; {}", self.advice()));
        }
        if let Some(view) = self.views.iter().find(|view| view.key == Some(key) && &*view.name != name) {
            return mistake(start, format!("{key} is the key of the view {}; {}", view.name, self.advice()));
        }
        match name.chars().count() {
            0 => mistake(line.len(), "expected a name behind the key".into()),
            length if length > NAME_MAX => mistake(start + 2, format!("a name has at most {NAME_MAX} letters")),
            _ => Ok(View { name: name.into(), key: Some(key), query: query.to_owned() }),
        }
    }

    fn advice(&self) -> String {
        let free: Vec<String> = self.free().into_iter().map(String::from).collect();
        if free.is_empty() { "none is free".into() } else { format!("free: {}", free.join(" ")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Keys {
        let view = |key, name: &str, query: &str| View { name: name.into(), key, query: query.into() };
        let views = vec![view(Some('5'), "Primary", "is:primary"), view(None, "Loose", "x")];
        Keys { topics: vec![('1', "OpenAI $".into())], views }
    }

    #[test]
    fn a_line_makes_a_view() {
        let cases = [
            ("6 NVIDIA deals", Ok(("NVIDIA deals", '6'))),
            ("  5   Primary ", Ok(("Primary", '5'))),
            ("", Err((0, "expected a key from 1 to 9, then a name, as in 5 NVIDIA deals"))),
            ("NVIDIA deals", Err((0, "expected a key from 1 to 9, then a name, as in 5 NVIDIA deals"))),
            ("0 All", Err((0, "expected a key from 1 to 9, then a name, as in 5 NVIDIA deals"))),
            ("7", Err((1, "expected a name behind the key"))),
            (" 1 Mine", Err((1, "1 is the key of the topic OpenAI $; free: 2 3 4 6 7 8 9"))),
            ("5 Mine", Err((0, "5 is the key of the view Primary; free: 2 3 4 6 7 8 9"))),
        ];
        for (line, expected) in cases {
            let view = keys().view(line, "nvidia");
            let found = view.as_ref().map(|view| (&*view.name, view.key.unwrap_or('-')));
            assert_eq!(found.map_err(|mistake| (mistake.at, &*mistake.message)), expected, "{line}");
        }
        assert!(keys().view(&format!("6 {}", "x".repeat(41)), "nvidia").is_err());
    }

    #[test]
    fn a_name_is_proposed() {
        assert_eq!(keys().propose("topic:nvidia (raises OR \"buys a stake\")"), "2 topic nvidia raises OR");
        assert_eq!(keys().propose("is:primary"), "5 Primary");
        assert_eq!(keys().propose("x"), "2 x");
        assert_eq!(keys().propose("/"), "2 ");
    }
}
