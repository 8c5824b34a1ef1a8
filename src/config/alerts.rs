//! `[[alert]]`.

use std::time::Duration;

use super::doc::Table;
use super::entries;
use super::overlay::{find_or_new, upsert};
use crate::domain::Name;
use crate::domain::alert::{Action, Alert, PostAs};

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
pub(super) fn alert(mut entry: &Table, name: Name, alerts: &mut Vec<Alert>) {
    let mut alert = find_or_new(alerts, |alert| alert.name == name, || new(name.clone()));
    entries::alert(&mut entry, &mut alert);
    if alert.query.is_none() && alert.price.is_none() {
        entry.leave_out("needs a 'query', a 'price' rule, or both; ignored");
        return;
    }
    upsert(alerts, |alert| alert.name == name, alert);
}
