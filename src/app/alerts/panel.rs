//! The list of alerts, and of what they said: letting one sleep, trying one, reading its story.

use jiff::Timestamp;

use super::watch::Watch;
use super::{Alerts, Around, Cause, Fired, SNOOZE};
use crate::app::command::Command;
use crate::app::{App, Popup, Tone};
use crate::domain::Name;
use crate::domain::alert::Alert;
use crate::domain::story::StoryId;
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

impl Alerts {
    /// The alerts in the order of the config, then what fired, the newest first.
    pub fn listed(&self, now: Timestamp) -> Vec<Listed<'_>> {
        let sleeps = |watch: &Watch| watch.snoozed.max(self.snoozed).filter(|until| *until > now);
        let watches = self.watches.iter();
        let alerts =
            watches.map(|watch| Listed::Alert { alert: &watch.alert, last: watch.last, sleeps: sleeps(watch) });
        alerts.chain(self.fired.iter().map(Listed::Fired)).collect()
    }

    /// The story that a line of the list is about. On an alert there is none.
    pub(in crate::app) fn story_of_line(&self, cursor: usize) -> Option<StoryId> {
        self.fired.get(cursor.checked_sub(self.watches.len())?)?.story
    }

    /// Whether a line of the list is an alert, and none that fired.
    pub(in crate::app) fn is_alert(&self, cursor: usize) -> bool {
        cursor < self.watches.len()
    }

    /// Lets an alert sleep, or wakes it; answers what to say.
    fn snooze(&mut self, at: usize, now: Timestamp) -> String {
        let watch = &mut self.watches[at];
        watch.snoozed = toggled(watch.snoozed, now);
        match watch.snoozed {
            Some(_) => format!("'{}' sleeps for an hour", watch.alert.name),
            None => format!("'{}' is awake", watch.alert.name),
        }
    }

    /// Lets all alerts sleep, or wakes them; answers what to say.
    fn snooze_all(&mut self, now: Timestamp) -> &'static str {
        self.snoozed = toggled(self.snoozed, now);
        if self.snoozed.is_some() { "alerts sleep for an hour" } else { "alerts are awake" }
    }

    /// Stories of a topic raise no alert any more in this run, or do again; answers what to say.
    fn mute(&mut self, topic: Name, title: &str) -> String {
        let before = self.muted.len();
        self.muted.retain(|other| *other != topic);
        if self.muted.len() < before {
            return format!("stories of {title} raise alerts again");
        }
        self.muted.push(topic);
        format!("stories of {title} raise no alert until newstape ends")
    }

    /// Tells of an alert as if it had come true with the story that the reader shows, whatever speaks against it.
    fn try_out(&mut self, at: usize, around: &Around) -> Vec<Effect> {
        let alert = &self.watches[at].alert;
        let item = around.wire.current_item().filter(|_| alert.query.is_some());
        let price = alert.price.as_ref().map(|rule| rule.to_string());
        let cause = Cause { story: item.map(|item| item.story.id), group: None, price };
        self.tell_of(at, &cause, (false, true), around)
    }
}

impl App {
    /// Lays the list over the screen.
    pub(in crate::app) fn show_alerts(&mut self) -> Vec<Effect> {
        self.alerts.dismiss();
        self.show(Popup::Alerts { cursor: 0 })
    }

    /// What a command does while the list is open; None: the same as without it.
    pub(in crate::app) fn alerts_command(&mut self, command: Command, cursor: usize) -> Option<Vec<Effect>> {
        if let Some(digit) = command.digit() {
            return Some(self.mute_topic(digit));
        }
        match command {
            Command::Snooze if self.alerts.is_alert(cursor) => {
                let text = self.alerts.snooze(cursor, self.now);
                Some(self.notify(Tone::Info, text))
            }
            Command::TestAlert if self.alerts.is_alert(cursor) => {
                let mut effects = self.ask_alerts(|alerts, around| alerts.try_out(cursor, around));
                // The list stays open, and its cursor on the alert.
                effects.extend(self.notify(Tone::Info, "sent as a TEST, with everything else the alert does".into()));
                Some(effects)
            }
            Command::TestAlert => Some(self.notify(Tone::Info, "the cursor is on no alert".into())),
            Command::Read | Command::Open | Command::CopyLink => {
                // On an alert there is no story; the one behind the list is not meant.
                let story = self.alerts.story_of_line(cursor);
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
        let text = match self.config.alerting.muted_topics.contains(&name) {
            true => format!("alerts of {title} are muted in the config"),
            false => self.alerts.mute(name, &title),
        };
        self.notify(Tone::Info, text)
    }

    /// Lets all alerts sleep, or wakes them.
    pub(in crate::app) fn snooze_all(&mut self) -> Vec<Effect> {
        let text = self.alerts.snooze_all(self.now);
        self.notify(Tone::Info, text.into())
    }
}

fn toggled(snoozed: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    match snoozed.filter(|until| *until > now) {
        Some(_) => None,
        None => now.checked_add(SNOOZE).ok(),
    }
}
