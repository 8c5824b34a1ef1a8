//! The configuration: one struct, whose defaults are the shipped files, over which the user's one file is laid.
//!
//! [`load`] reads text, never files. A file that is not TOML is a [`ConfigError`]: nothing of it is
//! used. All else that is wrong concerns one entry or one value: that one is ignored, with a sentence in
//! [`Config::warnings`], and the rest works. What the reading code asks for is what is known: an
//! unknown key is one that nobody asked for.

mod alerts;
mod config_error;
mod doc;
mod entries;
mod excerpt;
mod lists;
mod names;
mod overlay;
mod print;
mod private;
mod read;
mod sections;
pub(crate) mod theme;
pub(crate) mod units;
mod walk;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use strum::{EnumIter, EnumMessage, EnumString, IntoStaticStr, VariantNames};

pub use config_error::{ConfigError, Place};
use doc::Doc;
use lists::Off;
pub use print::init_text;
pub use sections::{AlertSettings, MarketSettings, Network, ScreenSettings, StoreSettings};

use crate::domain::Name;
use crate::domain::alert::Alert;
use crate::domain::feed::Feed;
use crate::domain::price::{SourceSettings, Symbol};
use crate::domain::query::Names;
use crate::domain::setting::{Setting, SettingError};
use crate::domain::topic::TopicRule;
use theme::Palette;

/// Everything that can be configured, checked and ready for use. The default is nothing at all: every value comes from the
/// shipped files.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// In the order of the files. Disabled ones are kept: they are shown as such.
    pub feeds: Vec<Feed>,
    /// In the order of the files, which is the order on screen.
    pub symbols: Vec<Symbol>,
    /// Topic rules, shipped and the user's, in the order of the files.
    pub topics: Vec<TopicRule>,
    /// Lists of words under a name, which topics may use.
    pub terms: BTreeMap<String, Vec<String>>,
    /// Named queries with their keys.
    pub views: Vec<View>,
    /// What they match is left off the wire. Those that are off are kept.
    pub mutes: Vec<StandingQuery>,
    /// What they match stands out. Those that are off are kept.
    pub highlights: Vec<StandingQuery>,
    /// Those that are off are kept: they are shown as such.
    pub alerts: Vec<Alert>,
    /// What applies to all alerts.
    pub alerting: AlertSettings,
    /// By source name: every source that has a table in `config/newstape.toml`.
    pub sources: BTreeMap<Name, SourceSettings>,
    /// How requests are made.
    pub network: Network,
    /// How long stories are kept.
    pub store: StoreSettings,
    /// Exchange hours and prices.
    pub market: MarketSettings,
    /// Colours, time zone and behaviour of the screen.
    pub screen: ScreenSettings,
    /// The shipped themes and the user's, by name.
    pub themes: BTreeMap<Name, Palette>,
    /// Themes of the user's that can't be read now.
    pub broken_themes: Vec<Name>,
    /// Command name to the keys that give it, as written.
    pub keys: BTreeMap<String, Vec<String>>,
    /// What was ignored in the user's files and why, one sentence each with its place.
    pub warnings: Vec<String>,
    /// Where the values of the user's files stand of which mistakes are found after loading.
    pub places: Places,
}

/// Where values stand. It takes no part in comparing: the same values in other places are the same configuration.
#[derive(Clone, Debug, Default)]
pub struct Places(BTreeMap<Setting, Place>);

impl PartialEq for Places {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// A saved query with a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// Unique among views.
    pub name: Name,
    /// The key that shows it; None: it is chosen by name.
    pub key: Option<char>,
    /// What it shows, as written in the query language.
    pub query: String,
}

/// A query that is asked of every story: `[[mute]]`, `[[highlight]]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandingQuery {
    /// Unique among mutes, or among highlights.
    pub name: Name,
    /// The stories it applies to, as written in the query language.
    pub query: String,
    /// Of a highlight: a slot of the theme (`topic-1` …), a colour name or `#rrggbb`.
    pub color: Option<String>,
    /// False: listed, but not applied.
    pub enabled: bool,
}

/// What marks a story as read, besides the commands for it. The message says it as the help does.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, EnumIter, EnumMessage, EnumString, VariantNames, IntoStaticStr,
)]
#[strum(serialize_all = "kebab-case")]
pub enum MarkRead {
    #[default]
    /// Reading, opening or going to the next unread story marks it read.
    #[strum(
        message = "a story is marked read when it is read, opened, or gone to as the next unread one; moving marks nothing"
    )]
    Open,
    /// Moving the cursor to a story marks it read.
    #[strum(message = "every story that the cursor comes to is marked read")]
    Cursor,
    /// Only the commands for marking do.
    #[strum(message = "nothing marks a story read but the commands for it")]
    Never,
}

impl MarkRead {
    /// As the config writes it.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// What it means, in a sentence without its end.
    pub fn means(self) -> &'static str {
        self.get_message().unwrap_or_default()
    }
}

/// The general settings with their comments, which are the manual too.
const NEWSTAPE: &str = include_str!("../../config/newstape.toml");

const KEYS: &str = include_str!("../../config/keys.toml");

/// The shipped files, laid over one another in this order.
const SHIPPED: [(&str, &str); 7] = [
    ("newstape.toml", NEWSTAPE),
    ("keys.toml", KEYS),
    ("feeds.toml", include_str!("../../config/feeds.toml")),
    ("symbols.toml", include_str!("../../config/symbols.toml")),
    ("topics.toml", include_str!("../../config/topics.toml")),
    ("mutes.toml", include_str!("../../config/mutes.toml")),
    ("alerts.toml", include_str!("../../config/alerts.toml")),
];

/// The theme that goes by the terminal's background.
pub const AUTO: &str = "auto";

/// How many colours are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, EnumString, VariantNames, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Colors {
    /// As many as the terminal is known to have.
    #[default]
    Auto,
    /// 24 bits.
    True,
    /// The 256 colours of xterm.
    #[strum(serialize = "256")]
    Indexed,
    /// The terminal's sixteen named colours.
    #[strum(serialize = "16")]
    Sixteen,
    /// No colours, only attributes such as bold.
    None,
}

/// The shipped configuration with the user's files (each with its name as shown and its text) laid over it, one after the
/// other. Those under `themes/` are themes: what is wrong in one is a warning.
///
/// # Errors
///
/// The first mistake in a file that is not a theme, with its place.
pub fn load<N: AsRef<str>, T: AsRef<str>>(user: impl IntoIterator<Item = (N, T)>) -> Result<Config, ConfigError> {
    let mut config = Config::default();
    let mut off = Off::default();
    let user: Vec<(N, T)> = user.into_iter().collect();
    let user = user.iter().map(|(file, text)| (file.as_ref(), text.as_ref()));
    let (themes, user): (Vec<_>, Vec<_>) = user.partition(|(file, _)| file.starts_with(theme::FOLDER));
    let themes = theme::read_all(themes.into_iter());
    (config.themes, config.broken_themes, config.warnings) = (themes.palettes, themes.broken, themes.warnings);
    for (at, (file, text)) in SHIPPED.into_iter().chain(user).enumerate() {
        let doc = Doc::parse(file, text).map_err(|error| ConfigError::new(file, text, &error.span, error.sentence))?;
        config.merge(&doc, &mut off);
        config.warnings.extend(doc.warnings());
        config.places.0.extend(doc.places().filter(|_| at >= SHIPPED.len()));
        if at + 1 == SHIPPED.len() {
            // These intervals are newstape's: rhythm may stretch them, unlike those that the user writes.
            config.feeds.iter_mut().for_each(|feed| feed.own_interval = false);
        }
    }
    off.take_from(&mut config);
    // A raised floor holds for every feed; a shorter one was warned about as it was read.
    for feed in &mut config.feeds {
        feed.interval = feed.interval.max(config.network.feed_floor);
    }
    config.warnings.extend(names::unknown(&config));
    Ok(config)
}

/// The shipped keys alone, by command.
pub fn shipped_keys() -> BTreeMap<String, Vec<String>> {
    let mut config = Config::default();
    let doc = Doc::parse("keys.toml", KEYS).ok();
    doc.iter().for_each(|doc| config.merge(doc, &mut Off::default()));
    config.keys
}

/// The shipped configuration, without any file of the user.
pub fn shipped() -> Config {
    load::<&str, &str>([]).expect("the shipped files are part of the program, and its tests load them")
}

impl Config {
    /// What stood before where this one can't be read: a theme that was broken as it was saved stays as it was.
    pub fn keep_from(&mut self, before: &Config) {
        for name in &self.broken_themes {
            let kept = before.themes.get(name).cloned();
            self.themes.extend(kept.map(|palette| (name.clone(), palette)));
        }
    }

    /// A mistake with the place of its value, when that stands in a file of the user's: `config.toml:3:9: topic …`.
    pub fn located(&self, mistake: &SettingError) -> String {
        match self.places.0.get(&mistake.setting) {
            Some(place) => format!("{place}: {mistake}"),
            None => mistake.to_string(),
        }
    }

    /// Does the value stand in a file of the user's?
    fn is_own(&self, setting: &Setting) -> bool {
        self.places.0.contains_key(setting)
    }

    /// The names that queries may use.
    pub fn names(&self) -> Names {
        let watched = self.symbols.iter().map(|symbol| symbol.name.clone());
        let benchmarks = self.symbols.iter().filter_map(|symbol| symbol.benchmark.clone());
        Names {
            topics: self.topics.iter().map(|topic| topic.name.clone()).collect(),
            symbols: watched.chain(benchmarks).collect(),
            feeds: self.feeds.iter().map(|feed| feed.name.clone()).collect(),
        }
    }

    /// Lays one file over what stands.
    fn merge(&mut self, doc: &Doc, off: &mut Off) {
        let root = doc.root();
        sections::merge(self, &root);
        lists::merge(self, &root, off);
        root.close();
    }

    /// What the environment holds: API keys (`NEWSTAPE_FINNHUB_KEY`), which win over those in the file, and the
    /// variables that the headers, logins and proxies of feeds name (`${NAME}`). A missing one is a warning.
    pub fn take_keys(&mut self, variable: impl Fn(&str) -> Option<String>) {
        for (source, settings) in &mut self.sources {
            let name = format!("NEWSTAPE_{}_KEY", source.to_uppercase().replace('-', "_"));
            let key = variable(&name).map(|key| key.trim().to_string());
            settings.key = key.filter(|key| !key.is_empty()).or(settings.key.take());
        }
        for feed in &mut self.feeds {
            let wanted = feed.enabled;
            let missing = private::fill(feed, &variable);
            // Nobody misses what a feed needs that is not asked.
            self.warnings.extend(missing.into_iter().filter(|_| wanted));
        }
        for alert in &mut self.alerts {
            let wanted = alert.enabled;
            self.warnings.extend(private::fill_post(alert, &variable).filter(|_| wanted));
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// Every key that the program reads, as `network.timeout`.
    fn keys_read() -> BTreeSet<String> {
        let doc = Doc::parse("all", excerpt::EVERY_KIND).unwrap();
        Config::default().merge(&doc, &mut Off::default());
        doc.asked().into_iter().filter(|key| !key.starts_with('.')).collect()
    }

    /// The part of the manual about `[kind]` or `[[kind]]`: the comments before its first table, and that table.
    fn chapter(kind: &str) -> String {
        let lines: Vec<&str> = NEWSTAPE.lines().collect();
        let bare: Vec<&str> = lines.iter().map(|line| line.trim_start_matches('#')).collect();
        let heads = [format!("[{kind}]"), format!("[[{kind}]]"), format!("[{kind}.yahoo]")];
        let head = bare.iter().position(|line| heads.iter().any(|head| line == head)).expect(kind);
        let is_comment = |line: &&&str| line.starts_with("# ") || line.is_empty();
        let start = head - lines[..head].iter().rev().take_while(is_comment).count();
        let end = bare[head + 1..].iter().position(|line| line.starts_with('['));
        lines[start..end.map_or(lines.len(), |end| head + 1 + end)].join("\n")
    }

    /// A line of a field list (`#   any, none   …`), or a setting with a comment above it.
    fn is_documented(chapter: &str, key: &str) -> bool {
        let mut explained = false;
        for line in chapter.lines() {
            let fields = line.strip_prefix("#   ").unwrap_or_default().split("  ").next().unwrap_or_default();
            if fields.split(", ").any(|field| field == key) {
                return true;
            }
            if line.starts_with(&format!("{key} = ")) {
                return explained;
            }
            explained = line.starts_with("# ") || (explained && !line.is_empty());
        }
        false
    }

    #[test]
    fn every_key_is_documented() {
        let keys = keys_read();
        assert!(keys.len() > 40, "{keys:?}");
        for path in keys {
            let (kind, key) = path.split_once('.').unwrap();
            assert!(is_documented(&chapter(kind), key), "{path} is not explained in config/newstape.toml");
        }
    }

    #[test]
    fn every_setting_has_a_shipped_value() {
        let doc = Doc::parse("newstape.toml", NEWSTAPE).unwrap();
        let tables: toml::Table = toml::from_str(NEWSTAPE).unwrap();
        Config::default().merge(&doc, &mut Off::default());
        for path in doc.asked().iter().filter(|path| !path.starts_with("source.")) {
            let (kind, key) = path.split_once('.').unwrap();
            assert!(kind.is_empty() || tables[kind].get(key).is_some(), "{path} has no value in config/newstape.toml");
        }
    }

    /// What is wrong in topics and keys is known only when they are compiled; it still has its place in the file.
    #[test]
    fn mistakes_found_after_loading_have_their_place() {
        let text = "[keys]\n'été' = 'x'\ndown = ['j', 'hello']\n\n[[topic]]\nname = 'mine'\nany = ['é', '(x']\n\
                    [terms]\nset = ['{nothing}']\n";
        let config = load([("c.toml", text)]).unwrap();
        let (_, topics) = crate::domain::topic::Topics::compile(&config.topics, &config.terms);
        let keys = [Setting::of_section("keys", "été", 0), Setting::of_section("keys", "down", 1)];
        let keys = keys.into_iter().map(|setting| setting.wrong("wrong"));
        let located: Vec<String> = topics.into_iter().chain(keys).map(|mistake| config.located(&mistake)).collect();
        assert_eq!(
            located,
            [
                "c.toml:9:8: terms set: there is no set of terms 'nothing'",
                "c.toml:7:13: topic mine: query 2 of 'any': at character 1: this ( is never closed",
                "c.toml:2:9: keys été: wrong",
                "c.toml:3:14: keys down: wrong",
            ]
        );
        let shipped = Setting::of_section("keys", "up", 0).wrong("wrong");
        assert_eq!(config.located(&shipped), "keys up: wrong");
    }

    #[test]
    fn a_value_of_any_wrong_type_costs_only_itself() {
        for path in keys_read().into_iter().filter(|path| !path.ends_with(".name")) {
            let (kind, key) = path.split_once('.').unwrap();
            let entry = ["feed", "symbol", "topic", "view", "mute", "highlight", "alert"].contains(&kind);
            let head = match kind {
                _ if entry => format!("[[{kind}]]\nname = 'x'\nquery = 'x'\n"),
                "source" => "[source.yahoo]\n".into(),
                _ => format!("[{kind}]\n"),
            };
            for value in ["1", "1.5", "true", "[[]]", "{ a = 1 }", "1979-05-27"] {
                let text = format!("{head}{key} = {value}\n[[feed]]\nname = 'Stays'\nurl = 'https://news.example/f'\n");
                // A second `query` is no TOML.
                let Ok(config) = load([("c.toml", &text)]) else { continue };
                assert!(config.feeds.iter().any(|feed| &*feed.name == "Stays"), "{path} = {value}");
            }
        }
    }

    #[test]
    fn an_interval_is_the_users_only_where_the_user_wrote_it() {
        let text = "[[feed]]\nname = \"CFTC\"\ncategory = \"Mine\"\n\
                    [[feed]]\nname = \"OpenAI\"\ninterval = \"60s\"\n\
                    [[feed]]\nname = \"Mine\"\nurl = \"https://news.example/f\"\n\
                    [[feed]]\nname = \"Slow\"\nurl = \"https://news.example/g\"\ninterval = \"15m\"\n";
        let adaptive = format!("{text}adaptive = true\n");
        let config = load(Some(("c.toml", adaptive))).unwrap();
        assert!(config.feeds.iter().all(|feed| &*feed.name != "Slow" || !feed.own_interval));
        let config = load(Some(("c.toml", text))).unwrap();
        let own: Vec<&str> = config.feeds.iter().filter(|feed| feed.own_interval).map(|feed| &*feed.name).collect();
        assert_eq!(own, ["OpenAI", "Slow"]);
        // A second file of the user's leaves what the first one says.
        let second = "[[feed]]\nname = \"Slow\"\nprimary = true\n";
        let config = load([("c.toml", text), ("keys.toml", second)]).unwrap();
        assert!(config.feeds.iter().any(|feed| &*feed.name == "Slow" && feed.own_interval && feed.primary));
        assert!(shipped().feeds.iter().all(|feed| !feed.own_interval));
    }

    #[test]
    fn the_shipped_files_are_right() {
        let shipped = shipped();
        assert_eq!(shipped.warnings, [""; 0]);
        let on: Vec<&Feed> = shipped.feeds.iter().filter(|feed| feed.enabled).collect();
        assert_eq!(on.len(), 27);
        assert_eq!(on.iter().filter(|feed| feed.lang.as_deref() == Some("fr")).count(), 5);
        let symbols: Vec<&str> = shipped.symbols.iter().map(|symbol| &*symbol.name).collect();
        assert_eq!(symbols, ["NVDA", "BTC-USD", "ETH-USD", "SOL-USD"]);
    }

    #[test]
    fn a_truncated_file_is_a_mistake_or_loads() {
        for (file, text) in SHIPPED {
            // At every byte; a file that has grown long is cut at every second or third, to keep the test short.
            let ends = (0..text.len()).step_by(1 + text.len() / 16_000);
            for end in ends.filter(|end| text.is_char_boundary(*end)) {
                // Only the file itself is read: laying all five again for every byte would take minutes.
                if let Ok(doc) = Doc::parse(file, &text[..end]) {
                    Config::default().merge(&doc, &mut Off::default());
                    doc.warnings();
                }
            }
        }
    }

    #[test]
    fn keys_come_from_the_environment_and_stay_hidden() {
        let text = "[source.finnhub]\nkey = 'in-the-file'\n[source.tiingo]\nkey = 'from-file'";
        let mut config = load(Some(("c.toml", text))).unwrap();
        config.take_keys(|name| match name {
            "NEWSTAPE_FINNHUB_KEY" => Some(" from-outside\n".into()),
            "NEWSTAPE_TIINGO_KEY" => Some(String::new()),
            _ => None,
        });
        assert_eq!(config.sources["finnhub"].key.as_deref(), Some("from-outside"));
        assert_eq!(config.sources["tiingo"].key.as_deref(), Some("from-file"));
        assert_eq!(config.sources["alpaca"].key, None);
        for text in [config.print(), format!("{config:?}"), format!("{config:#?}")] {
            assert!(!text.contains("from-outside") && !text.contains("from-file"), "a key is shown");
        }
    }

    #[test]
    fn a_bad_key_is_not_repeated() {
        let config = load(Some(("c.toml", "[source.finnhub]\nkey = 'sécret'"))).unwrap();
        assert_eq!(config.warnings.len(), 1);
        assert!(!config.warnings[0].contains("cret'"), "{:?}", config.warnings);
        let wrong_type = load(Some(("c.toml", "[source.finnhub]\nkey = 987654"))).unwrap();
        assert!(!wrong_type.warnings[0].contains("987654"), "{:?}", wrong_type.warnings);
    }

    #[test]
    fn a_flood_of_warnings_is_counted() {
        let text: String = (0..1000).map(|n| format!("unknown-{n} = 1\n")).collect();
        let config = load(Some(("c.toml", &text))).unwrap();
        assert_eq!(config.warnings.len(), 101);
        assert_eq!(config.warnings[100], "c.toml: 900 more like these");
    }

    proptest! {
        #[test]
        fn any_text_loads_or_is_a_mistake(text in "\\PC*") {
            let _ = load(Some(("any", &text))).map_err(|mistake| (mistake.to_string(), mistake.picture));
        }

        #[test]
        fn text_like_a_config_loads_or_is_a_mistake(parts in proptest::collection::vec(proptest::sample::select(vec![
            "[[feed]]\n", "[[symbol]]\n", "[[topic]]\n", "[[view]]\n", "[network]\n", "[source.yahoo]\n", "[keys]\n",
            "[theme]\n", "[[", "\"", "'''", "name = \"é\"\n", "name = 3\n", "name = \"\\u001b[31m\"\n", "key = \"1\"\n",
            "url = \"http://x/\"\n", "interval = \"5m\"\n", "interval = \"99999999999999999d\"\n", "timeout = \"1s\"\n",
            "timeout = ", "feed = [{}, 1]\n", "\u{feff}", "\r\n", "quit = [\"q\", 1]\n", "\u{0}", "\t", "source = 1\n",
            "any = ['x']\n", "query = 'x'\n", "allow-private = ['']\n", "feed-floor = \"1d\"\n", "time-zone = \"../x\"\n",
        ]), 0..12)) {
            let _ = load(Some(("any", &parts.concat()))).map_err(|mistake| (mistake.to_string(), mistake.picture));
        }
    }
}
