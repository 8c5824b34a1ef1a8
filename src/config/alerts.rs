//! `[[alert]]`.

use std::str::FromStr;
use std::time::Duration;

use super::doc::{Table, Value, Wrong, read_text};
use super::overlay::{find_or_new, upsert};
use super::{read, units};
use crate::domain::Name;
use crate::domain::alert::{Action, Alert, PostAs, PriceRule, Quiet};
use crate::domain::feed::Secret;
use strum::VariantNames;

const DAY: Duration = Duration::from_hours(24);

/// What an alert has that says nothing else.
const WITHIN: Duration = Duration::from_mins(30);
const COOL_DOWN: Duration = Duration::from_mins(15);

fn new(name: Name) -> Alert {
    Alert {
        name,
        query: None,
        price: None,
        within: WITHIN,
        cool_down: COOL_DOWN,
        quiet: None,
        actions: vec![Action::Line],
        command: Vec::new(),
        post: None,
        post_as: PostAs::default(),
        enabled: true,
    }
}

/// An alert; one without a condition is left out.
pub(super) fn alert(entry: &Table, name: Name, alerts: &mut Vec<Alert>) {
    let mut alert = find_or_new(alerts, |alert| alert.name == name, || new(name.clone()));
    entry.set("query", read::optional(read::query), &mut alert.query);
    entry.set("price", read::optional(price), &mut alert.price);
    entry.set("within", read::duration(Duration::from_mins(1), DAY), &mut alert.within);
    entry.set("cool-down", read::duration(Duration::ZERO, 7 * DAY), &mut alert.cool_down);
    entry.set("quiet", read::optional(quiet), &mut alert.quiet);
    entry.set_list("actions", named, &mut alert.actions);
    entry.set_list("command", read_text, &mut alert.command);
    entry.set("post", read::optional(post), &mut alert.post);
    entry.set("post-as", named, &mut alert.post_as);
    entry.set("enabled", read::flag, &mut alert.enabled);
    if alert.query.is_none() && alert.price.is_none() {
        entry.leave_out("needs a 'query', a 'price' rule, or both; ignored");
        return;
    }
    upsert(alerts, |alert| alert.name == name, alert);
}

/// One of the names of an enum.
pub(super) fn named<T: FromStr + VariantNames>(value: &Value) -> Result<T, Wrong> {
    let (name, names) = (read_text(value)?, T::VARIANTS);
    name.parse()
        .map_err(|_| Wrong::of_name(value, &format!("one of {}", names.join(", ")), &name, names.iter().copied()))
}

fn price(value: &Value) -> Result<PriceRule, Wrong> {
    let text = read_text(value)?;
    PriceRule::parse(&text, |text| units::duration(text).ok()).map_err(|expected| Wrong::of_value(value, expected))
}

pub(super) fn quiet(value: &Value) -> Result<Quiet, Wrong> {
    Quiet::parse(&read_text(value)?).map_err(|expected| Wrong::of_value(value, expected))
}

/// An address may be a secret by itself, as those of webhooks are; its value may come from the environment.
fn post(value: &Value) -> Result<Secret, Wrong> {
    let text = read_text(value)?;
    if super::private::names_a_variable(&text) {
        return Ok(Secret(text));
    }
    read::address(&["https", "http"])(value).map(Secret)
}
