//! The list of alerts, and of what they said: letting one sleep, trying one, reading its story.

use jiff::Timestamp;

use super::watch::Watch;
use super::{Cause, Fired, SNOOZE};
use crate::app::command::Command;
use crate::app::{App, Popup, Tone};
use crate::domain::alert::Alert;
use crate::event::Effect;

/// A line of the list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Listed<'a> {
    /// An alert; when it last fired, and until when it sleeps.
    Alert {
        alert: &'a Alert,
        last: Option<Timestamp>,
        sleeps: Option<Timestamp>,
    },
    Fired(&'a Fired),
}

impl App {
    /// The alerts in the order of the config, then what fired, the newest first.
    pub fn listed(&self) -> Vec<Listed<'_>> {
        let sleeps = |watch: &Watch| watch.snoozed.max(self.alerts.snoozed).filter(|until| *until > self.now);
        let watches = self.alerts.watches.iter();
        let alerts =
            watches.map(|watch| Listed::Alert { alert: &watch.alert, last: watch.last, sleeps: sleeps(watch) });
        alerts.chain(self.alerts.fired.iter().map(Listed::Fired)).collect()
    }

    /// Lays the list over the screen.
    pub(in crate::app) fn show_alerts(&mut self) -> Vec<Effect> {
        self.alerts.dismiss();
        self.show(Popup::Alerts { cursor: 0 })
    }

    /// What a command does while the list is open; None: the same as without it.
    pub(in crate::app) fn alerts_command(&mut self, command: Command, cursor: usize) -> Option<Vec<Effect>> {
        let count = self.alerts.watches.len();
        if let Some(digit) = command.digit() {
            return Some(self.mute_topic(digit));
        }
        match command {
            Command::Snooze if cursor < count => Some(self.snooze(cursor)),
            Command::TestAlert if cursor < count => Some(self.try_alert(cursor)),
            Command::TestAlert => Some(self.notify(Tone::Info, "the cursor is on no alert".into())),
            Command::Read | Command::Open | Command::CopyLink => {
                // On an alert there is no story; the one behind the list is not meant.
                let fired = cursor.checked_sub(count).and_then(|at| self.alerts.fired.get(at));
                let story = fired.and_then(|fired| fired.story);
                Some(story.map(|id| self.with_story(command, id)).unwrap_or_default())
            }
            _ => None,
        }
    }

    /// Stories of the topic of a key raise no alert any more in this run, or do again.
    fn mute_topic(&mut self, digit: char) -> Vec<Effect> {
        let Some(rule) = self.topics().iter().find(|rule| rule.key == Some(digit)) else {
            return self.notify(Tone::Info, format!("no topic has the key {digit}"));
        };
        let (name, title) = (rule.name.clone(), rule.title.clone());
        if self.config.alerting.muted_topics.contains(&name) {
            return self.notify(Tone::Info, format!("alerts of {title} are muted in the config"));
        }
        let muted = &mut self.alerts.muted;
        let before = muted.len();
        muted.retain(|other| *other != name);
        let text = match muted.len() < before {
            true => format!("stories of {title} raise alerts again"),
            false => {
                muted.push(name);
                format!("stories of {title} raise no alert until newstape ends")
            }
        };
        self.notify(Tone::Info, text)
    }

    /// Lets an alert sleep, or wakes it.
    fn snooze(&mut self, at: usize) -> Vec<Effect> {
        let (now, watch) = (self.now, &mut self.alerts.watches[at]);
        watch.snoozed = toggled(watch.snoozed, now);
        let text = match watch.snoozed {
            Some(_) => format!("'{}' sleeps for an hour", watch.alert.name),
            None => format!("'{}' is awake", watch.alert.name),
        };
        self.notify(Tone::Info, text)
    }

    /// Lets all alerts sleep, or wakes them.
    pub(in crate::app) fn snooze_all(&mut self) -> Vec<Effect> {
        self.alerts.snoozed = toggled(self.alerts.snoozed, self.now);
        let text = if self.alerts.snoozed.is_some() { "alerts sleep for an hour" } else { "alerts are awake" };
        self.notify(Tone::Info, text.into())
    }

    /// Tells of an alert as if it had come true with the story that the reader shows, whatever speaks against it.
    fn try_alert(&mut self, at: usize) -> Vec<Effect> {
        let alert = &self.alerts.watches[at].alert;
        let item = self.wire.current_item().filter(|_| alert.query.is_some());
        let price = alert.price.as_ref().map(|rule| rule.to_string());
        let cause = Cause { story: item.map(|item| item.story.id), group: None, price };
        let mut effects = self.tell_of(at, &cause, false, true);
        // The list stays open, and its cursor on the alert.
        effects.extend(self.notify(Tone::Info, "sent as a TEST, with everything else the alert does".into()));
        effects
    }
}

fn toggled(snoozed: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    match snoozed.filter(|until| *until > now) {
        Some(_) => None,
        None => now.checked_add(SNOOZE).ok(),
    }
}
