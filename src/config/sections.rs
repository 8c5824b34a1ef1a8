//! The settings that are no lists: `[shipped]`, `[network]`, `[store]`, `[market]`, `[screen]`, `[theme]`, `[alerts]`,
//! `[source.…]`, `[keys]` and `[terms]`.

use std::time::Duration;

use jiff::civil::time;
use strum::VariantNames;

use super::doc::{Table, read_text};
use super::{AUTO, Colors, Config, MarkRead, MarketSettings, Network, ScreenSettings, StoreSettings, alerts, read};
use crate::domain::Name;
use crate::domain::price::SourceSettings;
use crate::domain::spelling::did_you_mean;

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);

pub(super) fn merge(config: &mut Config, root: &Table) {
    root.section("shipped", |table| shipped(table, config));
    root.section("network", |table| network(table, &mut config.network));
    root.section("store", |table| store(table, &mut config.store));
    root.section("market", |table| market(table, &mut config.market));
    root.section("screen", |table| screen(table, &mut config.screen));
    let themes: Vec<Name> = config.themes.keys().chain(&config.broken_themes).cloned().collect();
    root.section("theme", |table| theme(table, &mut config.screen, &themes));
    root.section("alerts", |table| alerts::settings(table, &mut config.alerting));
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
    })
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

fn network(table: &Table, network: &mut Network) {
    table.set("user-agent", read::header, &mut network.user_agent);
    table.set("timeout", read::duration(SECOND, 600 * SECOND), &mut network.timeout);
    table.set("max-body", read::size(1 << 10, 256 << 20), &mut network.max_body);
    table.set("domain-spacing", read::duration(Duration::ZERO, 600 * SECOND), &mut network.domain_spacing);
    table.set("feed-floor", read::duration(SECOND, DAY), &mut network.feed_floor);
    table.set_list("allow-private", read::host, &mut network.allow_private)
}

fn store(table: &Table, store: &mut StoreSettings) {
    table.set("keep", read::duration(DAY, 36_500 * DAY), &mut store.keep)
}

fn market(table: &Table, market: &mut MarketSettings) {
    table.set("time-zone", read::zone, &mut market.time_zone);
    table.set_list("extra-closures", read::date, &mut market.extra_closures);
    table.set_list("extra-early-closes", read::date, &mut market.extra_early_closes);
    let nights = &mut market.nights;
    table.set("overnight", read::overnight, &mut nights.overnight);
    table.set("overnight-start", read::time_within(time(20, 0, 0, 0), time(23, 59, 0, 0)), &mut nights.start);
    table.set("overnight-end", read::time_within(time(0, 0, 0, 0), time(4, 0, 0, 0)), &mut nights.end);
    table.set("overnight-first", read::date, &mut nights.first)
}

fn screen(table: &Table, screen: &mut ScreenSettings) {
    table.set("time-zone", read::own_zone, &mut screen.time_zone);
    table.set("mouse", read::flag, &mut screen.mouse);
    table.set("ascii", read::flag, &mut screen.ascii);
    table.set("flash", read::flag, &mut screen.flash);
    if let Some(mark) =
        table.get("mark-read", read::one_of("way to mark stories read", MarkRead::VARIANTS.iter().copied()))
    {
        screen.mark_read = mark.parse().unwrap_or_default();
    }
    table.set_list("open", read_text, &mut screen.open)
}

fn theme(table: &Table, screen: &mut ScreenSettings, themes: &[Name]) {
    let known = themes.iter().map(|name| &**name).chain([AUTO]);
    if let Some(name) = table.get("name", read::one_of("theme", known)) {
        screen.theme = name.to_string();
    }
    if let Some(colors) = table.get("colors", read::one_of("range of colours", Colors::VARIANTS.iter().copied())) {
        screen.colors = colors.parse().unwrap_or_default();
    }
    table.set("red-up", read::flag, &mut screen.red_up)
}

/// The first file makes the sources known; the user's file can only change them.
fn sources(config: &mut Config, root: &Table) {
    let first = config.sources.is_empty();
    root.tables("source", |table, name| {
        let mut settings = config.sources.get(name).cloned().unwrap_or_default();
        source(table, &mut settings);
        if first || config.sources.contains_key(name) {
            config.sources.insert(Name::from(name), settings);
        } else {
            let hint = did_you_mean(name, config.sources.keys().map(|known| &**known));
            table.leave_out(&format!("is not a known price source; ignored{hint}"));
        }
    })
}

fn source(table: &Table, settings: &mut SourceSettings) {
    table.set("base-url", read::optional(read::address(&["https", "http"])), &mut settings.base_url);
    table.set("socket-url", read::optional(read::address(&["wss", "ws"])), &mut settings.socket_url);
    if let Some(enabled) = table.get("enabled", read::flag) {
        settings.enabled = Some(enabled);
    }
    table.set("key", read::optional(read::secret), &mut settings.key);
    table.set("user-agent", read::optional(read::header), &mut settings.user_agent)
}
