//! The configuration as text: the whole current one, and a first file for a user.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::doc::{Value, Wrong};
use super::walk::Walk;
use super::{Config, NEWSTAPE, StandingQuery, View, sections};
use crate::domain::alert::Alert;
use crate::domain::feed::Feed;
use crate::domain::format;
use crate::domain::price::Symbol;
use crate::domain::text::steers;
use crate::domain::topic::TopicRule;

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
        self.feeds.iter().for_each(|entry| feed(&mut out, entry));
        self.symbols.iter().for_each(|entry| symbol(&mut out, entry));
        self.topics.iter().for_each(|entry| topic(&mut out, entry));
        self.views.iter().for_each(|entry| view(&mut out, entry));
        self.mutes.iter().for_each(|entry| standing_query(&mut out, "[[mute]]", entry));
        self.highlights.iter().for_each(|entry| standing_query(&mut out, "[[highlight]]", entry));
        self.alerts.iter().for_each(|entry| alert(&mut out, entry));
        out.text
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

    fn secret(&mut self, key: &'static str, _: impl Fn(&Value) -> Result<String, Wrong>, value: &mut Option<String>) {
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

fn feed(out: &mut Printer, feed: &Feed) {
    out.head("[[feed]]");
    out.quoted("name", &feed.name);
    out.quoted("url", &feed.url);
    out.quoted("category", &feed.category);
    out.quoted("interval", &format::duration(feed.interval));
    out.bare("adaptive", !feed.own_interval);
    out.bare("primary", feed.primary);
    out.optional("lang", feed.lang.as_deref());
    out.optional("user-agent", feed.user_agent.as_deref());
    for name in feed.headers.keys() {
        out.line(&format!("# the header {name} is set, and not shown"));
    }
    if feed.login.is_some() {
        out.line("# login is set, and not shown");
    }
    if feed.proxy.is_some() {
        out.line("# proxy is set, and not shown");
    }
    if feed.accept_invalid_certificate {
        out.bare("accept-invalid-certificate", true);
    }
    out.optional("kill", feed.kill.as_deref());
    out.bare("enabled", feed.enabled);
}

fn symbol(out: &mut Printer, symbol: &Symbol) {
    out.head("[[symbol]]");
    out.quoted("name", &symbol.name);
    out.optional("list", symbol.list.as_deref());
    out.optional("benchmark", symbol.benchmark.as_deref());
    out.texts("sources", &symbol.sources);
}

fn topic(out: &mut Printer, topic: &TopicRule) {
    out.head("[[topic]]");
    out.quoted("name", &topic.name);
    out.quoted("title", &topic.title);
    out.optional("short", topic.short.as_deref());
    out.optional("key", topic.key.map(String::from).as_deref());
    out.optional("color", topic.color.as_deref());
    out.optional("parent", topic.parent.as_deref());
    out.texts("symbols", &topic.symbols);
    out.texts("any", &topic.any);
    out.texts("none", &topic.none);
    out.texts("matches", &topic.matches);
    out.texts("misses", &topic.misses);
}

fn view(out: &mut Printer, view: &View) {
    out.head("[[view]]");
    out.quoted("name", &view.name);
    out.optional("key", view.key.map(String::from).as_deref());
    out.quoted("query", &view.query);
}

fn standing_query(out: &mut Printer, head: &str, query: &StandingQuery) {
    out.head(head);
    out.quoted("name", &query.name);
    out.quoted("query", &query.query);
    out.optional("color", query.color.as_deref());
    out.bare("enabled", query.enabled);
}

fn alert(out: &mut Printer, alert: &Alert) {
    out.head("[[alert]]");
    out.quoted("name", &alert.name);
    out.optional("query", alert.query.as_deref());
    out.optional("price", alert.price.as_ref().map(ToString::to_string).as_deref());
    out.quoted("within", &format::duration(alert.within));
    out.quoted("cool-down", &format::duration(alert.cool_down));
    out.optional("quiet", alert.quiet.map(|quiet| quiet.to_string()).as_deref());
    out.texts("actions", alert.actions.iter().map(<&str>::from));
    out.texts("command", &alert.command);
    if alert.post.is_some() {
        out.line("# post is set, and not shown");
    }
    out.quoted("post-as", alert.post_as.into());
    out.bare("enabled", alert.enabled);
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
