//! A TOML document read key by key: every value has its place, and every key that nobody asked for is noticed.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::config_error::{Lines, Place, shown};
use crate::domain::Name;
use crate::domain::setting::Setting;
use crate::domain::spelling::did_you_mean;

/// More warnings than this are counted, not listed.
const MOST_WARNINGS: usize = 100;

/// Sections of whose values some mistakes are found only when all files have been read.
const CHECKED_LATER: [&str; 8] = ["alerts", "topic", "terms", "view", "mute", "highlight", "alert", "keys"];

pub(super) type Value<'t> = Spanned<DeValue<'t>>;

/// A parsed file and what was found wrong in it so far.
pub(super) struct Doc<'t> {
    file: &'t str,
    text: &'t str,
    tables: Spanned<DeTable<'t>>,
    /// Byte offset and sentence.
    warnings: RefCell<Vec<(usize, String)>>,
    /// Values that may yet turn out to be wrong, each with its byte offset.
    settings: RefCell<Vec<(Setting, usize)>>,
    /// `network.timeout`: every key that the program reads. The tests hold them against the manual.
    asked: RefCell<BTreeSet<String>>,
}

/// What is no TOML: where in the text, and what was expected there.
#[derive(Debug, thiserror::Error)]
#[error("{sentence}")]
pub(super) struct SyntaxError {
    pub span: Range<usize>,
    pub sentence: String,
}

/// A value that can't be used.
#[derive(Debug)]
pub(super) struct Wrong {
    span: Range<usize>,
    /// To stand behind "expected".
    expected: String,
    /// What stands there instead, where that helps; never an address or a key.
    found: Option<String>,
    /// `; did you mean …?`, or nothing.
    hint: String,
}

impl Wrong {
    pub(super) fn of_type(value: &Value, expected: impl Into<String>) -> Wrong {
        let found = Some(type_in_words(value.get_ref()).into());
        Wrong { found, ..Wrong::of_value(value, expected) }
    }

    pub(super) fn of_value(value: &Value, expected: impl Into<String>) -> Wrong {
        let expected = expected.into();
        Wrong { span: value.span(), expected, found: None, hint: String::new() }
    }

    /// A name that is written otherwise here.
    pub(super) fn of_spelling(value: &Value, expected: impl Into<String>, name: &str) -> Wrong {
        Wrong { found: Some(shown(name)), ..Wrong::of_value(value, expected) }
    }

    /// A name that is none of the known ones.
    pub(super) fn of_name<'n>(
        value: &Value,
        expected: &str,
        name: &str,
        known: impl IntoIterator<Item = &'n str>,
    ) -> Wrong {
        Wrong { found: Some(shown(name)), hint: did_you_mean(name, known), ..Wrong::of_value(value, expected) }
    }

    /// `expected … for 'key' of feed 'SEC', found …`
    fn sentence(&self, of: &str) -> String {
        let found = self.found.as_ref().map(|found| format!(", found {found}")).unwrap_or_default();
        format!("expected {}{of}{found}", self.expected)
    }
}

fn type_in_words(value: &DeValue) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// The parser's message; the commonest in plainer words.
fn explain(message: &str, marked: &str) -> String {
    match message.split(',').next().unwrap_or_default() {
        "string values must be quoted" if marked.trim().is_empty() => "expected a value after =".into(),
        "string values must be quoted" => "expected a string in quotes, a number, a list, true or false".into(),
        "duplicate key" => "this name is already used above".into(),
        _ => message.trim().replace('\n', ", "),
    }
}

impl<'t> Doc<'t> {
    pub(super) fn parse(file: &'t str, text: &'t str) -> Result<Doc<'t>, SyntaxError> {
        let tables = DeTable::parse(text).map_err(|error| {
            let span = error.span().unwrap_or(text.len()..text.len());
            let sentence = explain(error.message(), text.get(span.clone()).unwrap_or_default());
            SyntaxError { span, sentence }
        })?;
        Ok(Doc {
            file,
            text,
            tables,
            warnings: RefCell::default(),
            settings: RefCell::default(),
            asked: RefCell::default(),
        })
    }

    pub(super) fn root(&self) -> Table<'_> {
        Table::new(self, self.tables.get_ref(), 0, "", String::new())
    }

    fn warn(&self, at: usize, sentence: String) {
        self.warnings.borrow_mut().push((at, sentence));
    }

    /// One line each with its place, in the order of the file.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut warnings = self.warnings.borrow().clone();
        warnings.sort_by_key(|(at, _)| *at);
        let more = warnings.len().saturating_sub(MOST_WARNINGS);
        let starts = Lines::of(self.text);
        let listed = warnings.iter().take(MOST_WARNINGS);
        let mut lines: Vec<String> =
            listed.map(|(at, sentence)| format!("{}: {sentence}", starts.place(self.file, *at))).collect();
        if more > 0 {
            lines.push(format!("{}: {more} more like these", self.file));
        }
        lines
    }

    /// Where the values stand of which mistakes are found later.
    pub(super) fn places(&self) -> impl Iterator<Item = (Setting, Place)> {
        let lines = Lines::of(self.text);
        self.settings.take().into_iter().map(move |(setting, at)| (setting, lines.place(self.file, at)))
    }

    /// Every key that was asked for, as `network.timeout`.
    pub(super) fn asked(&self) -> BTreeSet<String> {
        self.asked.borrow().clone()
    }
}

/// A table of a document.
pub(super) struct Table<'d> {
    doc: &'d Doc<'d>,
    entries: &'d DeTable<'d>,
    /// Where it begins, in bytes.
    at: usize,
    /// `network`, `feed`; empty for the whole document.
    kind: &'static str,
    /// Of an entry.
    name: Name,
    /// As a sentence names it: `[network]`, `feed 'SEC'`.
    called: String,
    /// The keys looked for so far, which are those it knows.
    asked: RefCell<Vec<&'static str>>,
    left_out: Cell<bool>,
}

impl<'d> Table<'d> {
    fn new(doc: &'d Doc<'d>, entries: &'d DeTable<'d>, at: usize, kind: &'static str, called: String) -> Self {
        let (asked, left_out) = (RefCell::default(), Cell::default());
        Table { doc, entries, at, kind, name: Name::from(""), called, asked, left_out }
    }

    /// The table that a value is, if it is one.
    fn of(doc: &'d Doc<'d>, value: &'d Value<'d>, kind: &'static str, called: String) -> Option<Self> {
        value.get_ref().as_table().map(|entries| Table::new(doc, entries, value.span().start, kind, called))
    }

    /// `feed`, `topic`.
    pub(super) fn kind(&self) -> &'static str {
        self.kind
    }

    /// Reads a value; None when it is missing or was ignored with a warning.
    pub(super) fn get<T>(&self, key: &'static str, read: impl FnOnce(&Value<'d>) -> Result<T, Wrong>) -> Option<T> {
        let given = self.find(key)?;
        match read(given) {
            Ok(value) => {
                self.locate(key, 0, given);
                Some(value)
            }
            Err(wrong) => {
                self.ignore(key, wrong);
                None
            }
        }
    }

    /// Reads a value without a word about one that is unusable.
    pub(super) fn peek<T>(&self, key: &str, read: impl FnOnce(&Value<'d>) -> Result<T, Wrong>) -> Option<T> {
        self.entries.get(key).and_then(|given| read(given).ok())
    }

    /// Reads a value over the one that stands.
    pub(super) fn set<T>(&self, key: &'static str, read: impl FnOnce(&Value<'d>) -> Result<T, Wrong>, into: &mut T) {
        if let Some(value) = self.get(key, read) {
            *into = value;
        }
    }

    /// Reads what an entry can't be without; when that is missing or unusable the entry is left out, with one warning.
    pub(super) fn need<T>(&self, key: &'static str, read: impl FnOnce(&Value<'d>) -> Result<T, Wrong>) -> Option<T> {
        match self.find(key).map(read) {
            Some(Ok(value)) => {
                self.entries.get(key).into_iter().for_each(|at| self.locate(key, 0, at));
                Some(value)
            }
            Some(Err(wrong)) => {
                self.left_out.set(true);
                self.doc.warn(wrong.span.start, format!("{}; ignored{}", wrong.sentence(&self.whose(key)), wrong.hint));
                None
            }
            None => {
                self.leave_out(&format!("needs a '{key}'; ignored"));
                None
            }
        }
    }

    /// Reads a list over the one that stands; a bad item is ignored alone.
    pub(super) fn set_list<T>(
        &self,
        key: &'static str,
        read: impl Fn(&Value<'d>) -> Result<T, Wrong>,
        into: &mut Vec<T>,
    ) {
        let Some(value) = self.find(key) else { return };
        if let Some(items) = self.items(key, value, read) {
            *into = items;
        }
    }

    /// The usable items of a list; a value alone counts as a list of one. None when there are items and all are bad.
    fn items<T>(&self, key: &str, value: &Value<'d>, read: impl Fn(&Value<'d>) -> Result<T, Wrong>) -> Option<Vec<T>> {
        let given: Vec<&Value<'d>> = value.get_ref().as_array().map_or(vec![value], |list| list.iter().collect());
        let mut items = Vec::new();
        for item in given.iter().copied() {
            match read(item) {
                Ok(value) => {
                    self.locate(key, items.len(), item);
                    items.push(value);
                }
                Err(wrong) => self.ignore(key, wrong),
            }
        }
        Some(items).filter(|items| !items.is_empty() || given.is_empty())
    }

    /// A `[key]` table, closed when it has been read.
    pub(super) fn section(&self, key: &'static str, read: impl FnOnce(&Table<'d>)) {
        let Some(value) = self.find(key) else { return };
        let Some(section) = Table::of(self.doc, value, key, format!("[{key}]")) else {
            return self.ignore(key, Wrong::of_type(value, format!("a table [{key}]")));
        };
        read(&section);
        section.close();
    }

    /// The `[[key]]` tables, each with its name. One without a name, or with the name of an earlier one, is left out.
    pub(super) fn entries(
        &self,
        key: &'static str,
        read_name: fn(&Value<'d>) -> Result<Name, Wrong>,
        mut read: impl FnMut(&Table<'d>, Name),
    ) {
        let Some(value) = self.find(key) else { return };
        let Some(list) = value.get_ref().as_array() else {
            return self.ignore(key, Wrong::of_type(value, format!("tables [[{key}]]")));
        };
        let mut seen = BTreeSet::new();
        for (index, item) in list.iter().enumerate() {
            let called = format!("[[{key}]] number {}", index + 1);
            let Some(mut entry) = Table::of(self.doc, item, key, called) else {
                self.doc.warn(item.span().start, format!("expected a table [[{key}]]; ignored"));
                continue;
            };
            let Some(name) = entry.need("name", read_name) else { continue };
            entry.called = format!("{key} {}", shown(&name));
            entry.name = name.clone();
            if seen.insert(name.clone()) {
                read(&entry, name);
                entry.close();
            } else {
                entry.leave_out("is defined twice; this one is ignored");
            }
        }
    }

    /// The tables `[key.name]` under names of the user's choice, as entries: a problem in one is a warning.
    pub(super) fn tables(&self, key: &'static str, mut read: impl FnMut(&Table<'d>, &str)) {
        let Some(all) = self.free(key) else { return };
        for (name, value) in all.entries {
            let called = format!("{key} {}", shown(name.get_ref()));
            let Some(table) = Table::of(self.doc, value, key, called) else {
                all.ignore(name.get_ref(), Wrong::of_type(value, format!("a table [{key}.…]")));
                continue;
            };
            read(&table, name.get_ref());
            table.close();
        }
    }

    /// A table of the entry's own, whose problems are warnings; false when there is none.
    pub(super) fn part(&self, key: &'static str, read: impl FnOnce(&Table<'d>)) -> bool {
        let Some(part) = self.inner(key) else { return false };
        read(&part);
        part.close();
        true
    }

    /// A table of the entry's own under names of the user's choice; false when there is none.
    pub(super) fn pairs(&self, key: &'static str, mut read: impl FnMut(&str, &Value<'d>) -> Result<(), Wrong>) -> bool {
        let Some(part) = self.inner(key) else { return false };
        for (name, value) in part.entries {
            if let Err(wrong) = read(name.get_ref(), value) {
                part.ignore(name.get_ref(), wrong);
            }
        }
        true
    }

    /// `login of feed 'SEC'`
    fn inner(&self, key: &'static str) -> Option<Table<'d>> {
        let value = self.find(key).filter(|_| !self.is_empty_text(key))?;
        let table = Table::of(self.doc, value, key, format!("the {key} of {}", self.called));
        if table.is_none() {
            self.ignore(key, Wrong::of_type(value, "a table { … }"));
        }
        table
    }

    /// Does the file give this key?
    pub(super) fn gives(&self, key: &str) -> bool {
        self.entries.get(key).is_some()
    }

    /// Does the file give this key an empty text, which takes away what stands?
    pub(super) fn is_empty_text(&self, key: &str) -> bool {
        self.entries.get(key).is_some_and(|value| value.get_ref().as_str() == Some(""))
    }

    /// A table `[key]` of lists under names of the user's choice; a text alone counts as a list of one. `is_part` says
    /// which of the names are those of tables with more such lists; the second name that `put` gets is theirs.
    pub(super) fn lists(
        &self,
        key: &'static str,
        is_part: fn(&str) -> bool,
        mut put: impl FnMut(&str, Option<&str>, Vec<String>),
    ) {
        let Some(all) = self.free(key) else { return };
        for (name, value) in all.entries {
            let part = Some(name.get_ref()).filter(|name| is_part(name));
            let Some(mut part) = part.and_then(|part| Table::of(self.doc, value, key, format!("[{key}.{part}]")))
            else {
                if let Some(list) = all.items(name.get_ref(), value, read_text) {
                    put(name.get_ref(), None, list);
                }
                continue;
            };
            part.name = Name::from(&**name.get_ref());
            for (inner, value) in part.entries {
                if let Some(list) = part.items(inner.get_ref(), value, read_text) {
                    put(inner.get_ref(), Some(name.get_ref()), list);
                }
            }
        }
    }

    /// A table whose keys are names of the user's choice: each is an entry, none is unknown.
    fn free(&self, key: &'static str) -> Option<Table<'d>> {
        let value = self.find(key)?;
        let table = Table::of(self.doc, value, key, format!("[{key}]"));
        if table.is_none() {
            self.ignore(key, Wrong::of_type(value, format!("a table [{key}]")));
        }
        table
    }

    /// Every key that is looked for is one that this table knows.
    fn find(&self, key: &'static str) -> Option<&'d Value<'d>> {
        self.asked.borrow_mut().push(key);
        self.doc.asked.borrow_mut().insert(format!("{}.{key}", self.kind));
        self.entries.get(key)
    }

    /// Keeps the place of a value that may yet turn out to be wrong.
    fn locate(&self, key: &str, index: usize, value: &Value) {
        if CHECKED_LATER.contains(&self.kind) {
            let setting = Setting::of_entry(self.kind, &self.name, key, index);
            self.doc.settings.borrow_mut().push((setting, value.span().start));
        }
    }

    /// Says why this whole entry is left out.
    pub(super) fn leave_out(&self, sentence: &str) {
        self.left_out.set(true);
        self.doc.warn(self.at, format!("{} {sentence}", self.called));
    }

    /// Says something about the value of a key.
    pub(super) fn warn(&self, key: &str, sentence: &str) {
        let at = self.entries.get(key).map_or(self.at, |value| value.span().start);
        self.doc.warn(at, format!("{} {sentence}", self.called));
    }

    /// Warns of a value that can't be used; what stands stays.
    fn ignore(&self, key: &str, wrong: Wrong) {
        let sentence = wrong.sentence(&self.whose(key));
        self.doc.warn(wrong.span.start, format!("{sentence}; ignored{}", wrong.hint));
    }

    /// ` for 'url' of feed 'SEC'`; nothing for the file itself, whose sections speak for themselves.
    fn whose(&self, key: &str) -> String {
        if self.kind.is_empty() { String::new() } else { format!(" for {} of {}", shown(key), self.called) }
    }

    /// Warns of every key that was not asked for, unless all of it is left out anyway.
    pub(super) fn close(&self) {
        let asked = self.asked.borrow();
        let known = |key: &str| asked.contains(&key) || self.left_out.get();
        for key in self.entries.keys().filter(|key| !known(key.get_ref())) {
            let name = key.get_ref();
            let hint = did_you_mean(name, asked.iter().copied());
            let what = match self.kind {
                "" => format!("unknown section {}", shown(name)),
                _ => format!("{}: unknown key {}", self.called, shown(name)),
            };
            self.doc.warn(key.span().start, format!("{what}; ignored{hint}"));
        }
    }
}

pub(super) fn read_text(value: &Value) -> Result<String, Wrong> {
    value.get_ref().as_str().map(String::from).ok_or_else(|| Wrong::of_type(value, "a string"))
}

/// A short text that is shown: not empty, nothing in it that moves a cursor.
pub(super) fn read_name(value: &Value) -> Result<Name, Wrong> {
    let text = value.get_ref().as_str().ok_or_else(|| Wrong::of_type(value, "a string"))?.trim();
    if text.is_empty() || text.chars().count() > 80 || text.chars().any(char::is_control) {
        return Err(Wrong::of_value(value, "1 to 80 characters without control characters"));
    }
    Ok(Arc::from(text))
}
