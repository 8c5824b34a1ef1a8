//! Says of every symbol without a price why it has none: who is being asked, who refuses, or that nobody knows it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};

use super::Deps;
use super::backoff::until;
use super::source_health::{HealthTable, SourceHealth};
use crate::config::Config;
use crate::domain::Name;
use crate::domain::price::Unpriced;
use crate::event::{Clock, Event};

/// What is found is looked at afresh at least so often: a refusal may be over.
const LONGEST_SLEEP: Duration = Duration::from_mins(1);

/// The worker: it ends when their channels close.
pub(super) fn run(deps: &Deps, health: SourceHealth) -> impl Future<Output = anyhow::Result<()>> + Send + use<> {
    let watcher = Watcher { clock: deps.clock.clone(), config: deps.config.clone(), events: deps.events.clone() };
    watcher.run(health)
}

struct Watcher {
    clock: Clock,
    config: watch::Receiver<Arc<Config>>,
    events: mpsc::Sender<Event>,
}

impl Watcher {
    async fn run(mut self, health: SourceHealth) -> anyhow::Result<()> {
        let mut health_table = health.watch();
        let mut sent = BTreeMap::new();
        loop {
            let now = (self.clock)();
            let found = unpriced(&self.config.borrow(), &health_table.borrow_and_update(), now);
            let wait = next_end(&found).map_or(LONGEST_SLEEP, |at| until(at, now).min(LONGEST_SLEEP));
            if found != sent {
                sent = found.clone();
                if self.events.send(Event::Unpriced(found)).await.is_err() {
                    return Ok(());
                }
            }
            tokio::select! {
                changed = self.config.changed() => if changed.is_err() { return Ok(()) },
                _ = health_table.changed() => {}
                () = tokio::time::sleep(wait) => {}
                () = self.events.closed() => return Ok(()),
            }
        }
    }
}

fn unpriced(config: &Config, health_table: &HealthTable, now: Timestamp) -> BTreeMap<Name, Unpriced> {
    config
        .symbols
        .iter()
        .filter_map(|symbol| Some((symbol.name.clone(), health_table.unpriced(symbol, config, now)?)))
        .collect()
}

/// When the first of the refusals ends.
fn next_end(found: &BTreeMap<Name, Unpriced>) -> Option<Timestamp> {
    let ends = found.values().filter_map(|why| match why {
        Unpriced::Blocked { until, .. } => Some(*until),
        _ => None,
    });
    ends.min()
}
