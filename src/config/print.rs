//! The configuration as text: the whole current one, and a first file for a user.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::doc::{Value, Wrong};
use super::walk::Walk;
use super::{Config, NEWSTAPE, entries, sections};
use crate::domain::feed::Feed;
use crate::domain::text::steers;

const INIT_HEAD: &str = "\
# Your newstape configuration. Everything in it is optional: as it stands it changes nothing.
#
# Lines that begin with # and a space explain. Those with # and no space are settings with their shipped values, and
# examples: take the # away to use them, for an example from all its lines. The [headings] stay.
# newstape reads this file again whenever you save it; a mistake in it breaks nothing and is shown with its line.
# `newstape config print` shows the whole current config, with every shipped feed, symbol, topic and key.
#
# Durations are written \"30s\", \"10m\", \"1h30m\", \"90d\"; sizes \"8 MiB\", \"500 KB\".
";

/// The commented first config file: `config/newstape.toml` with its own head and every setting commented out.
pub fn init_text() -> String {
    let settings = NEWSTAPE.lines().skip_while(|line| line.starts_with('#'));
    let mut text = String::from(INIT_HEAD);
    for line in settings {
        let is_setting = !line.is_empty() && !line.starts_with(['#', '[']);
        text.push_str(if is_setting { "#" } else { "" });
        text.push_str(line);
        text.push('\n');
    }
    text
}

impl Config {
    /// The current configuration as one file that loads to the same again. Of an API key it only says that there is one.
    pub fn print(&self) -> String {
        let mut out = Printer::default();
        out.line("# The current config: the shipped files with your own on top.");
        out.head("[shipped]");
        out.line("# All entries are written out below.");
        for list in ["feeds", "symbols", "topics", "alerts"] {
            out.bare(list, false);
        }
        self.print_settings(&mut out);
        out.head("[keys]");
        self.keys.iter().for_each(|(command, keys)| out.texts(command, keys));
        self.print_terms(&mut out);
        self.print_lists(&mut out);
        out.text
    }

    fn print_lists(&self, out: &mut Printer) {
        let Config { mut feeds, mut symbols, mut topics, mut views, mut mutes, mut highlights, mut alerts, .. } =
            self.clone();
        out.entries(
            "[[feed]]",
            &mut feeds,
            |feed| &feed.name,
            |out, feed| {
                entries::feed(out, feed);
                unshown(out, feed);
            },
        );
        out.entries("[[symbol]]", &mut symbols, |symbol| &symbol.name, |out, symbol| entries::symbol(out, symbol, &[]));
        out.entries("[[topic]]", &mut topics, |topic| &topic.name, entries::topic);
        out.entries("[[view]]", &mut views, |view| &view.name, entries::view);
        out.entries("[[mute]]", &mut mutes, |mute| &mute.name, entries::mute);
        out.entries("[[highlight]]", &mut highlights, |highlight| &highlight.name, entries::highlight);
        out.entries("[[alert]]", &mut alerts, |alert| &alert.name, entries::alert);
    }

    /// Those of every language, then those of each.
    fn print_terms(&self, out: &mut Printer) {
        let mut by_lang: BTreeMap<&str, Vec<(&str, &Vec<String>)>> = BTreeMap::from([("", Vec::new())]);
        for (key, terms) in &self.terms {
            let (name, lang) = key.split_once('@').unwrap_or((key, ""));
            by_lang.entry(lang).or_default().push((name, terms));
        }
        for (lang, sets) in by_lang {
            out.head(&if lang.is_empty() { "[terms]".to_owned() } else { format!("[terms.{lang}]") });
            sets.into_iter().for_each(|(name, terms)| out.texts(name, terms));
        }
    }

    fn print_settings(&self, out: &mut Printer) {
        let Config { mut network, mut store, mut market, mut screen, mut alerting, mut sources, .. } = self.clone();
        out.head("[network]");
        sections::network(out, &mut network);
        out.head("[store]");
        sections::store(out, &mut store);
        out.head("[market]");
        sections::market(out, &mut market);
        out.head("[screen]");
        sections::screen(out, &mut screen);
        out.head("[theme]");
        sections::theme(out, &mut screen, &[]);
        out.head("[alerts]");
        sections::alerting(out, &mut alerting);
        for (name, settings) in &mut sources {
            out.head(&format!("[source.{}]", key(name)));
            sections::source(out, settings);
        }
    }
}

impl Walk for Printer {
    fn value<T>(
        &mut self,
        key: &'static str,
        _: impl Fn(&Value) -> Result<T, Wrong>,
        show: impl Fn(&T) -> String,
        value: &mut T,
    ) {
        self.quoted(key, &show(value));
    }

    fn optional<T>(
        &mut self,
        key: &'static str,
        _: impl Fn(&Value) -> Result<T, Wrong>,
        show: impl Fn(&T) -> String,
        value: &mut Option<T>,
    ) {
        Printer::optional(self, key, value.as_ref().map(show).as_deref());
    }

    fn secret<T>(&mut self, key: &'static str, _: impl Fn(&Value) -> Result<T, Wrong>, value: &mut Option<T>) {
        if value.is_some() {
            self.line(&format!("# {key} is set, and not shown"));
        }
    }

    fn list<T>(
        &mut self,
        key: &'static str,
        _: impl Fn(&Value) -> Result<T, Wrong>,
        show: impl Fn(&T) -> String,
        values: &mut Vec<T>,
    ) {
        self.texts(key, values.iter().map(show));
    }

    fn flag(&mut self, key: &'static str, value: &mut bool) {
        self.bare(key, *value);
    }

    fn optional_flag(&mut self, key: &'static str, value: &mut Option<bool>) {
        value.iter().for_each(|value| self.bare(key, *value));
    }
}

/// What is never shown of a feed.
fn unshown(out: &mut Printer, feed: &Feed) {
    for name in feed.headers.keys() {
        out.line(&format!("# the header {name} is set, and not shown"));
    }
    if feed.login.is_some() {
        out.line("# login is set, and not shown");
    }
    if feed.proxy.is_some() {
        out.line("# proxy is set, and not shown");
    }
}

/// Writes TOML, a line at a time.
#[derive(Default)]
struct Printer {
    text: String,
}

impl Printer {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn head(&mut self, head: &str) {
        self.line(&format!("\n{head}"));
    }

    /// A list of the config: each entry under its head, with its name first.
    fn entries<T>(
        &mut self,
        head: &str,
        list: &mut [T],
        name: impl Fn(&T) -> &str,
        walk: impl Fn(&mut Printer, &mut T),
    ) {
        for entry in list {
            self.head(head);
            self.quoted("name", name(entry));
            walk(self, entry);
        }
    }

    fn bare(&mut self, name: &str, value: bool) {
        self.line(&format!("{} = {value}", key(name)));
    }

    fn quoted(&mut self, name: &str, value: &str) {
        self.line(&format!("{} = {}", key(name), quote(value)));
    }

    fn optional(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.quoted(name, value);
        }
    }

    fn texts<T: AsRef<str>>(&mut self, name: &str, values: impl IntoIterator<Item = T>) {
        let values: Vec<String> = values.into_iter().map(|value| quote(value.as_ref())).collect();
        let inside = values.join(", ");
        if inside.len() < 100 {
            self.line(&format!("{} = [{inside}]", key(name)));
        } else {
            self.line(&format!("{} = [\n    {},\n]", key(name), values.join(",\n    ")));
        }
    }
}

/// A bare key where TOML allows one, else a quoted one.
fn key(name: &str) -> String {
    let is_bare = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    if is_bare { name.into() } else { quote(name) }
}

/// A basic TOML string on one line.
fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            // Nor what hides on a terminal, or turns the text around.
            c if steers(c) && u32::from(c) > 0xffff => {
                write!(quoted, "\\U{:08X}", u32::from(c)).expect("a String can be written to");
            }
            c if steers(c) => write!(quoted, "\\u{:04X}", u32::from(c)).expect("a String can be written to"),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::ops::Range;

    use super::super::{load, shipped};
    use super::*;

    fn is_example(line: &str) -> bool {
        line.starts_with('#') && !line.starts_with("# ") && line.len() > 1
    }

    /// The lines with the `#` of those in the range taken away.
    fn uncommented(lines: &[&str], range: Range<usize>) -> String {
        let live = |(at, line): (usize, &&str)| {
            if range.contains(&at) && is_example(line) { line[1..].to_string() } else { line.to_string() }
        };
        lines.iter().enumerate().map(live).collect::<Vec<String>>().join("\n")
    }

    #[test]
    fn the_first_file_changes_nothing() {
        assert_eq!(load(Some(("config.toml", &init_text()))).unwrap(), shipped());
    }

    #[test]
    fn every_example_of_the_first_file_works() {
        let text = init_text();
        let lines: Vec<&str> = text.lines().collect();
        let (mut at, mut tried) = (0, 0);
        while at < lines.len() {
            // An example entry goes with all its lines, a setting stands alone.
            let is_entry = lines[at].starts_with("#[[");
            let size = lines[at..].iter().take_while(|line| is_entry && is_example(line)).count().max(1);
            if is_example(lines[at]) {
                let config = load(Some(("config.toml", &uncommented(&lines, at..at + size)))).unwrap();
                assert_eq!(config.warnings, [""; 0], "{}", lines[at]);
                tried += 1;
            }
            at += size;
        }
        assert!(tried > 40, "only {tried} examples were found");
        let all = load(Some(("config.toml", &uncommented(&lines, 0..lines.len())))).unwrap();
        assert_eq!(all.warnings, [""; 0]);
    }

    #[test]
    fn what_is_printed_loads_to_the_same() {
        let text = r#"
            [market]
            extra-closures = [2027-01-09]
            [screen]
            time-zone = "Europe/Paris"
            [network]
            allow-private = ["127.0.0.1:80"]
            [terms]
            "two words" = ['a\b', "tab\there"]
            [terms.fr]
            "two words" = ["deux mots"]
            [[view]]
            name = 'a "b" \ é'
            query = '"x y"~5'
            key = 9
            [[mute]]
            name = "sponsored"
            enabled = true
            [[alert]]
            name = "Level"
            price = "btc-usd crosses 70k"
            quiet = "22:00-07:00"
            actions = ["bell", "notify"]
            command = ["say", "it's \"so\""]
            [alerts]
            quiet = "23:30-06:00"
            muted-topics = ["crypto"]
            notify-by = "osc99"
            [[highlight]]
            name = "Ours"
            query = """harbour
            -ferry"""
            color = "yellow"
            [[feed]]
            name = "CFTC"
            enabled = false
            [[feed]]
            name = "SEC press releases"
            interval = "10m"
        "#;
        for user in [None, Some(("c.toml", text))] {
            let config = load(user).unwrap();
            assert_eq!(load(Some(("printed.toml", &config.print()))), Ok(config));
        }
    }
}
