//! Which commands do something where the reader is: hints name no others.

use super::alerts::Listed;
use super::command::Command;
use super::reading::Fetch;
use super::{App, Focus, Popup};

impl App {
    /// Whether a command does something now, where the reader is.
    pub fn is_useful(&self, command: Command) -> bool {
        match self.popup {
            Some(popup) => self.is_useful_in(popup, command),
            None => match command {
                Command::Read => self.reads(),
                Command::Open | Command::CopyLink => self.has_link(),
                Command::PreviousBar | Command::NextBar if self.arrangement.focus == Focus::Tape => {
                    !self.seen.bars.is_empty()
                }
                Command::NextSymbol | Command::PreviousSymbol => self.tape.shown().len() > 1,
                Command::NextList | Command::PreviousList => !self.tape.lists().is_empty(),
                Command::Sort if self.arrangement.focus == Focus::Tape => self.tape.shown().len() > 1,
                Command::NextSpan | Command::Why => !self.tape.shown().is_empty(),
                _ => true,
            },
        }
    }

    fn is_useful_in(&self, popup: Popup, command: Command) -> bool {
        match (popup, command) {
            (Popup::Help { .. }, Command::Help) => false,
            (Popup::Alerts { cursor }, Command::Snooze | Command::TestAlert) => {
                matches!(self.alerts.listed(self.now).get(cursor), Some(Listed::Alert { .. }))
            }
            (Popup::Alerts { cursor }, Command::Read | Command::Open) => {
                matches!(self.alerts.listed(self.now).get(cursor), Some(Listed::Fired(fired)) if fired.story.is_some())
            }
            (Popup::Feeds { cursor } | Popup::Feed { cursor, .. }, Command::Refresh) => {
                self.replay.is_none() && self.health.feeds().nth(cursor).is_some_and(|line| line.feed.enabled)
            }
            (Popup::Feeds { .. }, Command::Read | Command::NextPanel) => self.health.feeds().next().is_some(),
            (Popup::Group { group, cursor }, Command::Open) => {
                self.wire.member(group, cursor).is_some_and(|item| item.story.link.is_some())
            }
            (Popup::Why { .. }, Command::Read | Command::Open) => !self.causes().is_empty(),
            (Popup::Why { .. }, Command::NextSymbol) => self.tape.shown().len() > 1,
            _ => true,
        }
    }

    /// Whether [`Command::Read`] does something where no popup is open.
    fn reads(&self) -> bool {
        match self.arrangement.focus {
            Focus::Wire => self.wire.current().is_some(),
            Focus::Tape => !self.tape.shown().is_empty(),
            Focus::Reader => {
                let Some(item) = self.wire.current_item().filter(|item| item.story.link.is_some()) else {
                    return false;
                };
                let is_here = matches!(self.reading.article(item.story.id), Some(Fetch::UnderWay | Fetch::Here(_)));
                self.replay.is_none() && !(is_here && self.reading.is_whole)
            }
        }
    }

    fn has_link(&self) -> bool {
        self.chosen_link().is_some() || self.wire.current_item().is_some_and(|item| item.story.link.is_some())
    }
}
