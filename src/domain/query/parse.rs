//! Reading a query: by recursive descent, with the depth capped and every mistake at its place.

use std::str::FromStr;

use regex::RegexBuilder;
use strum::VariantNames;
use unicode_normalization::UnicodeNormalization;

use super::super::pattern::{Atom, Part, Phrase};
use super::super::spelling::nearest;
use super::field::{Field, Measure, NameField, Scope, State};
use super::{Compare, Leaf, Node, Pattern, Query, QueryError, Terms};

/// How deep parentheses and negations may nest.
const DEEPEST: usize = 40;
/// Longest query read, in bytes.
const LONGEST: usize = 16 * 1024;
/// Most parts of a phrase with a distance: finding them is a search.
const MOST_PARTS: usize = 8;
/// Largest compiled regular expression, in bytes.
const REGEX_SIZE: usize = 1 << 20;

pub(super) fn query(source: &str, terms: &Terms) -> Result<Query, QueryError> {
    if source.len() > LONGEST {
        return Err(mistake(0, format!("the query is longer than {LONGEST} bytes")));
    }
    let mut parser = Parser { source, at: 0, terms, depth: 0, named: Vec::new() };
    parser.space();
    if parser.rest().is_empty() {
        return Ok(Query { root: Node::And(Vec::new()), named: Box::default() });
    }
    let root = parser.any(Scope::Text)?;
    match parser.rest() {
        "" => Ok(Query { root, named: parser.named.into() }),
        _ => Err(mistake(parser.at, "this ) closes nothing")),
    }
}

struct Parser<'a> {
    source: &'a str,
    at: usize,
    terms: &'a Terms,
    depth: usize,
    /// Conditions that name what the config lists, each with its place.
    named: Vec<(usize, Leaf)>,
}

type Read = Result<Node<Leaf>, QueryError>;

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        self.source.get(self.at..).unwrap_or_default()
    }

    fn space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        self.at += if found { token.len() } else { 0 };
        found
    }

    /// A word of the language itself, as `OR`.
    fn eat_keyword(&mut self, keyword: &str) -> bool {
        let alone = self.rest().strip_prefix(keyword).is_some_and(|after| {
            after.is_empty() || after.starts_with(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '"'))
        });
        alone && self.eat(keyword)
    }

    /// What comes up to the first character that `end` knows.
    fn take_until(&mut self, end: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let taken = rest.split(end).next().unwrap_or(rest);
        self.at += taken.len();
        taken
    }

    fn any(&mut self, scope: Scope) -> Read {
        let mut nodes = vec![self.all(scope)?];
        while self.eat_keyword("OR") {
            nodes.push(self.all(scope)?);
        }
        Ok(or(nodes))
    }

    fn all(&mut self, scope: Scope) -> Read {
        let mut nodes = Vec::new();
        loop {
            self.space();
            let ends = self.rest().is_empty() || self.rest().starts_with(')') || self.ahead("OR");
            if ends && nodes.is_empty() {
                return Err(mistake(self.at, format!("expected a word, a phrase or a field{}", self.before())));
            }
            if ends {
                return Ok(and(nodes));
            }
            if !nodes.is_empty() && self.eat_keyword("AND") {
                self.space();
            }
            nodes.push(self.one(scope)?);
        }
    }

    fn ahead(&mut self, keyword: &str) -> bool {
        let at = self.at;
        let found = self.eat_keyword(keyword);
        self.at = at;
        found
    }

    /// Names what stands at the place, for "expected …".
    fn before(&self) -> &'static str {
        match self.rest() {
            "" => " before the end",
            rest if rest.starts_with(')') => " before )",
            _ => " before OR",
        }
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, QueryError>) -> Result<T, QueryError> {
        if self.depth >= DEEPEST {
            return Err(mistake(self.at, format!("nested deeper than {DEEPEST} levels")));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    fn one(&mut self, scope: Scope) -> Read {
        self.space();
        if self.eat("-") || self.eat_keyword("NOT") {
            let node = self.deeper(|parser| match parser.rest().starts_with(char::is_whitespace) {
                true if parser.source.get(..parser.at).is_some_and(|before| before.ends_with('-')) => {
                    Err(mistake(parser.at, "expected a word right behind -"))
                }
                _ => parser.negated(scope),
            })?;
            return Ok(Node::Not(Box::new(node)));
        }
        let start = self.at;
        if self.eat("(") {
            let node = self.deeper(|parser| parser.any(scope))?;
            self.space();
            return if self.eat(")") { Ok(node) } else { Err(mistake(start, "this ( is never closed")) };
        }
        match self.field()? {
            Some(field) => self.value_of(field, start, scope),
            None => self.value(scope),
        }
    }

    fn negated(&mut self, scope: Scope) -> Read {
        self.space();
        match self.rest() {
            "" => Err(mistake(self.at, "expected what to leave out before the end")),
            rest if rest.starts_with(')') => Err(mistake(self.at, "expected what to leave out before )")),
            _ => self.one(scope),
        }
    }

    /// The name of a field, when one stands here with its `:` or comparison, which is left to be read.
    fn field(&mut self) -> Result<Option<Field>, QueryError> {
        let rest = self.rest();
        let name = rest.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
        let after = rest.get(name.len()..).unwrap_or_default();
        let compared = after.starts_with(['<', '>', '=']);
        if name.is_empty() || !(after.starts_with(':') || compared) {
            return Ok(None);
        }
        let Some(field) = Field::named(name) else {
            let known: Vec<&str> = Field::all().map(Field::name).collect();
            let other = Field::also_called(&name.to_lowercase()).map(Field::name);
            return Err(mistake(self.at, unknown("field", name, other, &known)));
        };
        self.at += name.len();
        Ok(Some(field))
    }

    fn value_of(&mut self, field: Field, start: usize, outer: Scope) -> Read {
        match field {
            Field::Words(scope) => {
                self.colon(field, start, outer)?;
                self.in_scope(scope)
            }
            Field::Name(name) => {
                self.colon(field, start, outer)?;
                self.name(name)
            }
            Field::State => {
                self.colon(field, start, outer)?;
                self.state()
            }
            Field::Measure(measure) => self.comparison(measure),
            Field::Move => self.movement(),
        }
    }

    /// The colon behind a field that begins at `start`. Within another field it can't stand.
    fn colon(&mut self, field: Field, start: usize, outer: Scope) -> Result<(), QueryError> {
        let name = field.name();
        if !self.eat(":") {
            return Err(mistake(self.at, format!("expected : behind {name}")));
        }
        match outer {
            Scope::Text => Ok(()),
            outer => Err(mistake(start, format!("{name}: can't stand within {outer}:( )"))),
        }
    }

    fn in_scope(&mut self, scope: Scope) -> Read {
        if self.rest().starts_with('(') {
            return self.one(scope);
        }
        let at = self.at;
        match self.value(scope)? {
            Node::Leaf(leaf @ Leaf::Phrase(Scope::Feed, _)) => Ok(self.naming(at, leaf)),
            node => Ok(node),
        }
    }

    /// A condition that names what the config lists.
    fn naming(&mut self, at: usize, leaf: Leaf) -> Node<Leaf> {
        self.named.push((at, leaf.clone()));
        Node::Leaf(leaf)
    }

    fn comparison(&mut self, measure: Measure) -> Read {
        self.eat(":");
        let example = measure.example();
        let sign_at = self.at;
        let sign = self.take_until(|c| !matches!(c, '<' | '>' | '='));
        let compare = Compare::from_str(sign)
            .map_err(|_| mistake(sign_at, format!("expected < or > behind {measure}, as in {example}")))?;
        let at = self.at;
        let value = self.take_until(|c| c.is_whitespace() || c == ')');
        let leaf = measure.read(value).map(|value| Leaf::Measure(measure, compare, value));
        leaf.map(Node::Leaf).ok_or_else(|| mistake(at, format!("expected {}, as in {example}", measure.written())))
    }

    /// `:NVDA>1%`, or `>1%` for any symbol.
    fn movement(&mut self) -> Read {
        const EXAMPLE: &str = "as in move:NVDA>1%";
        let at = self.at;
        let symbol = match self.eat(":") {
            true => self.take_until(|c| c.is_whitespace() || matches!(c, '<' | '>' | '=' | '(' | ')' | '"')),
            false => "",
        };
        let sign_at = self.at;
        let sign = self.take_until(|c| !matches!(c, '<' | '>' | '='));
        let compare = match Compare::from_str(sign) {
            Ok(compare) if compare != Compare::Equal => compare,
            _ if sign_at == at + 1 => {
                return Err(mistake(sign_at, format!("expected a symbol behind move:, {EXAMPLE}")));
            }
            _ => return Err(mistake(sign_at, format!("expected < or > and a per cent, {EXAMPLE}"))),
        };
        let value_at = self.at;
        let value = self.take_until(|c| c.is_whitespace() || matches!(c, '(' | ')'));
        let symbol = (!symbol.is_empty()).then(|| symbol.to_lowercase().into());
        hundredths(value.strip_suffix('%').unwrap_or(value))
            .map(|wanted| self.naming(at + 1, Leaf::Move(symbol, compare, wanted)))
            .ok_or_else(|| mistake(value_at, format!("expected a per cent such as 1% or -0.5%, {EXAMPLE}")))
    }

    fn state(&mut self) -> Read {
        let at = self.at;
        let word = self.take_until(|c| c.is_whitespace() || c == ')');
        let state = State::from_str(&word.to_ascii_lowercase());
        state.map(|state| Node::Leaf(Leaf::Is(state))).map_err(|_| match word {
            "" => mistake(at, format!("expected one of {} behind is:", State::VARIANTS.join(", "))),
            _ => mistake(at, unknown("state", word, None, State::VARIANTS)),
        })
    }

    fn name(&mut self, field: NameField) -> Read {
        if self.eat("(") {
            self.at -= 1;
            return Err(mistake(self.at, format!("{field}: takes one name; write {field}:a OR {field}:b")));
        }
        let at = self.at;
        let (value, prefix) = match self.eat("\"") {
            true => (self.quoted(at)?, self.eat("*")),
            false => {
                let word = self.take_until(|c| c.is_whitespace() || matches!(c, '(' | ')' | '"'));
                word.strip_suffix('*').map_or((word, false), |bare| (bare, true))
            }
        };
        let value = value.trim().to_lowercase();
        if value.is_empty() {
            return Err(mistake(at, format!("expected a name behind {field}:")));
        }
        Ok(self.naming(at, Leaf::Named { field, value: value.into(), prefix }))
    }

    /// What stands between quotes; the first is read already.
    fn quoted(&mut self, start: usize) -> Result<&'a str, QueryError> {
        let inner = self.take_until(|c| c == '"');
        if self.eat("\"") { Ok(inner) } else { Err(mistake(start, "this \" is never closed")) }
    }

    fn value(&mut self, scope: Scope) -> Read {
        match self.rest().chars().next() {
            Some('/') => self.regex(scope),
            Some('{') => self.set(scope),
            Some('"') => self.phrase(scope, false),
            Some('=') if self.rest().starts_with("=\"") => {
                self.at += 1;
                self.phrase(scope, true)
            }
            _ => self.word(scope),
        }
    }

    fn word(&mut self, scope: Scope) -> Read {
        let at = self.at;
        let word = self.take_until(|c| c.is_whitespace() || matches!(c, '(' | ')' | '"' | '{' | '}'));
        let atom = Atom::read(if word == "#" { "" } else { word });
        if atom.is_empty() {
            if word.is_empty() {
                self.at += self.rest().chars().next().filter(|&c| c != ')').map_or(0, char::len_utf8);
            }
            return Err(mistake(at, "expected a word: letters or digits"));
        }
        Ok(Node::Leaf(Leaf::Phrase(scope, Phrase { parts: vec![vec![atom]], distance: None })))
    }

    fn phrase(&mut self, scope: Scope, exact: bool) -> Read {
        let at = self.at;
        self.eat("\"");
        let inner = self.quoted(at)?;
        let mut parts = self.parts(inner, at + 1, exact)?;
        let distance = self.distance()?;
        parts = if distance.is_some() { one_word_each(parts) } else { joined(parts) };
        match parts.len() {
            0 => Err(mistake(at, "expected a word between the quotes")),
            len if len > MOST_PARTS && distance.is_some() => {
                Err(mistake(at, format!("at most {MOST_PARTS} words can be near each other")))
            }
            _ => Ok(Node::Leaf(Leaf::Phrase(scope, Phrase { parts, distance }))),
        }
    }

    fn distance(&mut self) -> Result<Option<u8>, QueryError> {
        if !self.eat("~") {
            return Ok(None);
        }
        let at = self.at;
        let number = self.take_until(|c| !c.is_ascii_digit());
        number.parse().map(Some).map_err(|_| mistake(at, "expected a number of words up to 255 behind ~"))
    }

    /// The parts of a phrase: words, `(a|b c)` and `{set}`.
    fn parts(&self, inner: &str, offset: usize, exact: bool) -> Result<Vec<Part>, QueryError> {
        let mut parts = Vec::new();
        let mut at = 0;
        while let Some(rest) = inner.get(at..).filter(|rest| !rest.is_empty()) {
            let (open, close) = match rest.chars().next() {
                Some('(') => ("(", ")"),
                Some('{') => ("{", "}"),
                _ => ("", ""),
            };
            if open.is_empty() {
                let plain = rest.split(['(', '{']).next().unwrap_or(rest);
                let words = plain.split_whitespace().map(|word| if exact { format!("={word}") } else { word.into() });
                parts.extend(words.map(|word| vec![Atom::read(&word)]));
                at += plain.len();
                continue;
            }
            let Some((body, _)) = rest.get(1..).and_then(|rest| rest.split_once(close)) else {
                return Err(mistake(offset + at, format!("this {open} is never closed")));
            };
            parts.push(match open {
                "{" => self.members(body, offset + at)?.iter().map(|term| Atom::read(term)).collect(),
                _ => self.alternatives(body, offset + at + 1)?,
            });
            at += body.len() + 2;
        }
        for part in &mut parts {
            part.retain(|atom| !atom.is_empty());
        }
        parts.retain(|part| !part.is_empty());
        Ok(parts)
    }

    /// What stands between `|`: words or a `{set}`.
    fn alternatives(&self, body: &str, at: usize) -> Result<Part, QueryError> {
        let mut part = Part::new();
        for one in body.split('|').map(str::trim) {
            match one.strip_prefix('{').and_then(|one| one.strip_suffix('}')) {
                Some(name) => part.extend(self.members(name, at)?.iter().map(|term| Atom::read(term))),
                None => part.push(Atom::read(one)),
            }
        }
        Ok(part)
    }

    fn members(&self, name: &str, at: usize) -> Result<&'a [String], QueryError> {
        let names: Vec<&str> = self.terms.keys().map(String::as_str).collect();
        match self.terms.get(name.trim()) {
            Some(members) => Ok(members),
            None if names.is_empty() => Err(mistake(at, "sets of terms such as {this} exist in topic rules only")),
            None => Err(mistake(at, unknown("set of terms", name.trim(), None, &names))),
        }
    }

    /// `{name}`: one of the terms of a set.
    fn set(&mut self, scope: Scope) -> Read {
        let at = self.at;
        self.eat("{");
        let name = self.take_until(|c| c == '}');
        if !self.eat("}") {
            return Err(mistake(at, "this { is never closed"));
        }
        let part: Part =
            self.members(name, at)?.iter().map(|term| Atom::read(term)).filter(|a| !a.is_empty()).collect();
        match part.is_empty() {
            true => Err(mistake(at, format!("the set of terms {name} has no words"))),
            false => Ok(Node::Leaf(Leaf::Phrase(scope, Phrase { parts: vec![part], distance: None }))),
        }
    }

    fn regex(&mut self, scope: Scope) -> Read {
        let at = self.at;
        self.at += 1;
        let (mut source, mut escaped, mut closed) = (String::new(), false, false);
        for c in self.rest().chars() {
            self.at += c.len_utf8();
            if c == '/' && !escaped {
                closed = true;
                break;
            }
            if c == '/' {
                source.pop();
            }
            source.push(c);
            escaped = c == '\\' && !escaped;
        }
        if !closed {
            return Err(mistake(at, "this / is never closed; a regular expression ends with /"));
        }
        let any_case = self.eat("i");
        if source.is_empty() {
            return Err(mistake(at, "expected a regular expression between the slashes"));
        }
        // Texts are composed before they are held against it.
        let source: String = source.nfc().collect();
        let regex = RegexBuilder::new(&source).case_insensitive(any_case).size_limit(REGEX_SIZE).build();
        let regex = regex.map_err(|error| mistake(at, why_not(&error)))?;
        Ok(Node::Leaf(Leaf::Regex(scope, Pattern { source: source.into(), any_case, regex })))
    }
}

/// Parts of one word each, so that a distance holds between all words.
fn one_word_each(parts: Vec<Part>) -> Vec<Part> {
    parts
        .into_iter()
        .flat_map(|part| match part.as_slice() {
            [atom] => {
                atom.words.iter().map(|word| vec![Atom { words: [word.clone()].into(), lang: atom.lang }]).collect()
            }
            _ => vec![part],
        })
        .collect()
}

/// Neighbours without alternatives become one part.
fn joined(parts: Vec<Part>) -> Vec<Part> {
    let mut out: Vec<Part> = Vec::with_capacity(parts.len());
    for part in parts {
        match (out.last_mut().map(Vec::as_mut_slice), part.as_slice()) {
            (Some([last]), [atom]) if last.lang == atom.lang => {
                last.words = last.words.iter().chain(&atom.words).cloned().collect();
            }
            _ => out.push(part),
        }
    }
    out
}

fn or(nodes: Vec<Node<Leaf>>) -> Node<Leaf> {
    let flat = nodes.into_iter().flat_map(|node| match node {
        Node::Or(inner) => inner,
        other => vec![other],
    });
    let mut nodes: Vec<_> = flat.collect();
    if nodes.len() == 1 { nodes.remove(0) } else { Node::Or(nodes) }
}

fn and(nodes: Vec<Node<Leaf>>) -> Node<Leaf> {
    let flat = nodes.into_iter().flat_map(|node| match node {
        Node::And(inner) => inner,
        other => vec![other],
    });
    let mut nodes: Vec<_> = flat.collect();
    if nodes.len() == 1 { nodes.remove(0) } else { Node::And(nodes) }
}

/// `-0.5` as -50: at most two digits behind the point, and four before it.
fn hundredths(text: &str) -> Option<i32> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let are_digits = |text: &str, most| (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if !(are_digits(whole, 4) && are_digits(part, 2)) {
        return None;
    }
    Some(sign * (whole.parse::<i32>().ok()? * 100 + format!("{part:0<2}").parse::<i32>().ok()?))
}

fn mistake(at: usize, message: impl Into<String>) -> QueryError {
    QueryError { at, message: message.into() }
}

/// With the name that is meant, if it is known, or else the one that is nearest.
fn unknown(what: &str, name: &str, meant: Option<&str>, known: &[&str]) -> String {
    match meant.or_else(|| nearest(&name.to_lowercase(), known.iter().copied())) {
        Some(near) => format!("there is no {what} {name}; did you mean {near}?"),
        None => format!("there is no {what} {name}; there are {}", known.join(", ")),
    }
}

/// The last line of a regex error is its sentence; those before are a drawing.
fn why_not(error: &regex::Error) -> String {
    let text = error.to_string();
    let sentence = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
    format!("the regular expression can't be read: {sentence}")
}
