//! Names that nothing has, in the queries of the config and its lists of topics.

use super::Config;
use crate::domain::query::Query;
use crate::domain::setting::{Setting, SettingError};
use crate::domain::spelling::did_you_mean;

/// One sentence for each value of the user's that can never hold, because a name in it is unknown. What is switched off,
/// and what is shipped, is not checked: a user who takes a topic away need not take away the alerts on it.
pub(super) fn unknown(config: &Config) -> Vec<String> {
    let mistakes = queries(config).chain(price_rules(config)).chain(muted_topics(config));
    let own = mistakes.filter(|mistake| config.is_own(&mistake.setting));
    own.map(|mistake| config.located(&mistake)).collect()
}

fn queries(config: &Config) -> impl Iterator<Item = SettingError> {
    let names = config.names();
    standing_queries(config).filter_map(move |(setting, source)| {
        let mistake = Query::parse(source).ok()?.unknown_name(&names)?;
        Some(setting.wrong(format!("in its query, {}", mistake.place(source))))
    })
}

/// Every standing query, with where it stands.
fn standing_queries(config: &Config) -> impl Iterator<Item = (Setting, &str)> {
    let query = |section, name: &str| Setting::of_entry(section, name, "query", 0);
    let views = config.views.iter().map(move |view| (query("view", &view.name), &*view.query));
    let standing = [("mute", &config.mutes), ("highlight", &config.highlights)].into_iter();
    let standing = standing.flat_map(move |(section, list)| {
        list.iter().filter(|it| it.enabled).map(move |it| (query(section, &it.name), &*it.query))
    });
    let alerts = config.alerts.iter().filter(|alert| alert.enabled);
    let alerts = alerts.filter_map(move |alert| Some((query("alert", &alert.name), alert.query.as_deref()?)));
    views.chain(standing).chain(alerts)
}

fn price_rules(config: &Config) -> impl Iterator<Item = SettingError> {
    let names = config.names().symbols;
    config.alerts.iter().filter(|alert| alert.enabled).filter_map(move |alert| {
        let symbol = &alert.price.as_ref()?.symbol;
        let is_unknown = !names.contains(symbol);
        let hint = did_you_mean(symbol, names.iter().map(|name| &**name));
        let why = format!("{symbol} is not on the watchlist, so it can't come true{hint}");
        is_unknown.then(|| Setting::of_entry("alert", &alert.name, "price", 0).wrong(why))
    })
}

fn muted_topics(config: &Config) -> impl Iterator<Item = SettingError> {
    let known = |name: &str| config.topics.iter().any(|topic| &*topic.name == name);
    let muted = config.alerting.muted_topics.iter().enumerate().filter(move |(_, name)| !known(name));
    muted.map(|(at, name)| {
        let hint = did_you_mean(name, config.topics.iter().map(|topic| &*topic.name));
        Setting::of_section("alerts", "muted-topics", at).wrong(format!("no topic is called '{name}'{hint}"))
    })
}
