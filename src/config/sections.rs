//! The settings that are no lists: `[shipped]`, `[network]`, `[store]`, `[market]`, `[screen]`, `[theme]`, `[alerts]`,
//! `[source.…]`, `[keys]` and `[terms]`. A setting is a field of its section's struct and a line of the function that goes
//! over the section; its shipped value and its explanation stand in `config/newstape.toml`.

use std::time::Duration;

use jiff::civil::{Date, Time, time};
use jiff::tz::TimeZone;

use super::doc::{Table, Value, Wrong, read_text};
use super::walk::Walk;
use super::{AUTO, Colors, Config, MarkRead, read, units};
use crate::domain::Name;
use crate::domain::alert::{NotifyBy, Quiet};
use crate::domain::format;
use crate::domain::price::SourceSettings;
use crate::domain::session::NightRule;
use crate::domain::spelling::did_you_mean;

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_hours(24);

/// `[network]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// The `User-Agent` header of every request that names no other.
    pub user_agent: String,
    /// For a whole request.
    pub timeout: Duration,
    /// Largest body read, in bytes after decompression.
    pub max_body: u64,
    /// Between feed requests to one registrable domain.
    pub domain_spacing: Duration,
    /// No feed is polled more often.
    pub feed_floor: Duration,
    /// Private addresses (host or host:port) that links and redirects may lead to.
    pub allow_private: Vec<String>,
}

pub(super) fn network(walk: &mut impl Walk, network: &mut Network) {
    walk.value("user-agent", read::header, String::clone, &mut network.user_agent);
    walk.value("timeout", read::duration(SECOND, 600 * SECOND), in_units, &mut network.timeout);
    walk.value("max-body", read::size(1 << 10, 256 << 20), |size| units::print_size(*size), &mut network.max_body);
    walk.value("domain-spacing", read::duration(Duration::ZERO, 600 * SECOND), in_units, &mut network.domain_spacing);
    walk.value("feed-floor", read::duration(SECOND, DAY), in_units, &mut network.feed_floor);
    walk.list("allow-private", read::host, String::clone, &mut network.allow_private);
}

/// `[store]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreSettings {
    /// How long unstarred stories are kept, by first seen.
    pub keep: Duration,
}

pub(super) fn store(walk: &mut impl Walk, store: &mut StoreSettings) {
    walk.value("keep", read::duration(DAY, 36_500 * DAY), in_units, &mut store.keep);
}

/// `[market]`.
#[derive(Clone, Debug, PartialEq)]
pub struct MarketSettings {
    /// The exchange's zone, in which sessions and market times are shown.
    pub time_zone: TimeZone,
    /// Further days without trading, beside the exchange's rules.
    pub extra_closures: Vec<Date>,
    /// Further days on which trading ends early, beside the exchange's rules.
    pub extra_early_closes: Vec<Date>,
    /// When there are night sessions, and whether they count.
    pub nights: NightRule,
}

impl Default for MarketSettings {
    fn default() -> MarketSettings {
        MarketSettings {
            time_zone: TimeZone::UTC,
            extra_closures: Vec::new(),
            extra_early_closes: Vec::new(),
            nights: NightRule::default(),
        }
    }
}

pub(super) fn market(walk: &mut impl Walk, market: &mut MarketSettings) {
    let evening = read::time_within(time(20, 0, 0, 0), time(23, 59, 0, 0));
    let morning = read::time_within(time(0, 0, 0, 0), time(4, 0, 0, 0));
    walk.value("time-zone", read::zone, zone_name, &mut market.time_zone);
    walk.list("extra-closures", read::date, Date::to_string, &mut market.extra_closures);
    walk.list("extra-early-closes", read::date, Date::to_string, &mut market.extra_early_closes);
    let nights = &mut market.nights;
    walk.value("overnight", read::overnight, |overnight| <&str>::from(overnight).to_owned(), &mut nights.overnight);
    walk.value("overnight-start", evening, hours_and_minutes, &mut nights.start);
    walk.value("overnight-end", morning, hours_and_minutes, &mut nights.end);
    walk.value("overnight-first", read::date, Date::to_string, &mut nights.first);
}

/// `[screen]` and `[theme]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScreenSettings {
    /// The name of a theme, or [`AUTO`].
    pub theme: String,
    /// How many colours are used.
    pub colors: Colors,
    /// Draw with nothing but ASCII.
    pub ascii: bool,
    /// Light up a price for a moment when it changes.
    pub flash: bool,
    /// Rising prices in red, falling in green, as in East Asia.
    pub red_up: bool,
    /// The reader's own zone; None: the system's.
    pub time_zone: Option<TimeZone>,
    /// Whether the mouse works in newstape; the terminal then can't select text by itself.
    pub mouse: bool,
    /// What marks a story as read.
    pub mark_read: MarkRead,
    /// The program that opens links, with its arguments; `{}` stands for the address. Empty: `$BROWSER`, or the system's.
    pub open: Vec<String>,
}

pub(super) fn screen(walk: &mut impl Walk, screen: &mut ScreenSettings) {
    let mark_read = read::choice("way to mark stories read");
    let own_zone = |zone: &Option<TimeZone>| zone.as_ref().map_or_else(|| "system".to_owned(), zone_name);
    walk.value("time-zone", read::own_zone, own_zone, &mut screen.time_zone);
    walk.flag("mouse", &mut screen.mouse);
    walk.flag("ascii", &mut screen.ascii);
    walk.flag("flash", &mut screen.flash);
    walk.value("mark-read", mark_read, |mark| mark.name().to_owned(), &mut screen.mark_read);
    walk.list("open", read_text, String::clone, &mut screen.open);
}

/// `themes` are the names of those that there are.
pub(super) fn theme(walk: &mut impl Walk, screen: &mut ScreenSettings, themes: &[Name]) {
    let known = themes.iter().map(|name| &**name).chain([AUTO]);
    let theme = |value: &Value| read::one_of("theme", known.clone())(value).map(|name| name.to_string());
    let colors = read::choice("range of colours");
    walk.value("name", theme, String::clone, &mut screen.theme);
    walk.value("colors", colors, |colors: &Colors| <&str>::from(colors).to_owned(), &mut screen.colors);
    walk.flag("red-up", &mut screen.red_up);
}

/// `[alerts]`: what holds for all of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlertSettings {
    /// By the reader's own clock; None: no hour is quiet.
    pub quiet: Option<Quiet>,
    /// Stories of these topics raise no alert.
    pub muted_topics: Vec<Name>,
    /// How desktop notifications are sent.
    pub notify_by: NotifyBy,
}

pub(super) fn alerting(walk: &mut impl Walk, alerts: &mut AlertSettings) {
    let quiet = |value: &Value| read::optional(read::quiet)(value);
    let hours = |quiet: &Option<Quiet>| quiet.map(|quiet| quiet.to_string()).unwrap_or_default();
    walk.value("quiet", quiet, hours, &mut alerts.quiet);
    walk.list("muted-topics", read::word, Name::to_string, &mut alerts.muted_topics);
    walk.value("notify-by", read::named, NotifyBy::to_string, &mut alerts.notify_by);
}

/// `[source.…]`.
pub(super) fn source(walk: &mut impl Walk, settings: &mut SourceSettings) {
    walk.optional("base-url", read::address(&["https", "http"]), String::clone, &mut settings.base_url);
    walk.optional("socket-url", read::address(&["wss", "ws"]), String::clone, &mut settings.socket_url);
    walk.optional_flag("enabled", &mut settings.enabled);
    walk.secret("key", read::secret, &mut settings.key);
    walk.optional("user-agent", read::header, String::clone, &mut settings.user_agent);
}

fn in_units(duration: &Duration) -> String {
    format::duration(*duration)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "all functions that print a setting share this signature")]
fn hours_and_minutes(time: &Time) -> String {
    time.strftime("%H:%M").to_string()
}

/// Only New York's zone is ever known by rule alone, without a name.
fn zone_name(zone: &TimeZone) -> String {
    zone.iana_name().unwrap_or("America/New_York").to_owned()
}

// --- reading them from a file ---

pub(super) fn merge(config: &mut Config, root: &Table) {
    root.section("shipped", |table| shipped(table, config));
    root.section("network", |mut table| network(&mut table, &mut config.network));
    root.section("store", |mut table| store(&mut table, &mut config.store));
    root.section("market", |mut table| market(&mut table, &mut config.market));
    root.section("screen", |mut table| screen(&mut table, &mut config.screen));
    let themes: Vec<Name> = config.themes.keys().chain(&config.broken_themes).cloned().collect();
    root.section("theme", |mut table| theme(&mut table, &mut config.screen, &themes));
    root.section("alerts", |mut table| alerting(&mut table, &mut config.alerting));
    sources(config, root);
    root.lists(
        "keys",
        |_| false,
        |command, _, keys| {
            config.keys.insert(command.into(), keys);
        },
    );
    // What counts in one language only stands under the name of the set and the language: `round@fr`.
    root.lists("terms", is_language, |name, lang, terms| {
        let key = lang.map_or_else(|| name.to_owned(), |lang| format!("{name}@{lang}"));
        config.terms.insert(key, terms);
    });
}

impl Walk for &Table<'_> {
    fn value<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&Value) -> Result<T, Wrong>,
        _: impl Fn(&T) -> String,
        value: &mut T,
    ) {
        self.set(key, read, value);
    }

    fn optional<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&Value) -> Result<T, Wrong>,
        _: impl Fn(&T) -> String,
        value: &mut Option<T>,
    ) {
        self.set(key, read::optional(read), value);
    }

    fn secret<T>(&mut self, key: &'static str, read: impl Fn(&Value) -> Result<T, Wrong>, value: &mut Option<T>) {
        self.set(key, read::optional(read), value);
    }

    fn list<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&Value) -> Result<T, Wrong>,
        _: impl Fn(&T) -> String,
        values: &mut Vec<T>,
    ) {
        self.set_list(key, read, values);
    }

    fn flag(&mut self, key: &'static str, value: &mut bool) {
        self.set(key, read::flag, value);
    }

    fn optional_flag(&mut self, key: &'static str, value: &mut Option<bool>) {
        *value = self.get(key, read::flag).or(*value);
    }
}

/// `[terms.fr]`: two small letters.
fn is_language(name: &str) -> bool {
    name.len() == 2 && name.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// Takes away the lists laid before this file, which are the shipped ones.
fn shipped(table: &Table, config: &mut Config) {
    if table.get("feeds", read::flag) == Some(false) {
        config.feeds.clear();
    }
    if table.get("symbols", read::flag) == Some(false) {
        config.symbols.clear();
    }
    if table.get("topics", read::flag) == Some(false) {
        config.topics.clear();
    }
    if table.get("alerts", read::flag) == Some(false) {
        config.alerts.clear();
    }
}

/// The first file makes the sources known; the user's file can only change them.
fn sources(config: &mut Config, root: &Table) {
    let first = config.sources.is_empty();
    root.tables("source", |mut table, name| {
        let mut settings = config.sources.get(name).cloned().unwrap_or_default();
        source(&mut table, &mut settings);
        if first || config.sources.contains_key(name) {
            config.sources.insert(Name::from(name), settings);
        } else {
            let hint = did_you_mean(name, config.sources.keys().map(|known| &**known));
            table.leave_out(&format!("is not a known price source; ignored{hint}"));
        }
    });
}
