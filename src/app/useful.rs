//! Which commands do something where the reader is: hints name no others.

use super::command::Command;
use super::reading::Fetch;
use super::{App, Focus, Popup};

impl App {
    /// Whether a command does something now, where the reader is (a table).
    pub fn is_useful(&self, command: Command) -> bool {
        use Command as C;
        let is_covered = self.popup.is_some();
        let is_in_prices = self.arrangement.focus == Focus::Tape;
        let has_several = || self.tape.shown().len() > 1;
        match command {
            C::Read => self.popup.as_ref().map_or_else(|| self.reads(), |popup| self.reads_in(popup)),
            C::Open => self.popup.as_ref().map_or_else(|| self.has_link(), |popup| self.opens_in(popup)),
            C::CopyLink => is_covered || self.has_link(),
            C::PreviousBar | C::NextBar => is_covered || !is_in_prices || !self.seen.bars.is_empty(),
            C::Sort => is_covered || !is_in_prices || has_several(),
            C::NextSymbol => self.popup.as_ref().map_or_else(has_several, |popup| self.acts_in(popup, command)),
            C::PreviousSymbol => is_covered || has_several(),
            C::NextList | C::PreviousList => is_covered || !self.tape.lists().is_empty(),
            C::NextSpan | C::Why => is_covered || !self.tape.shown().is_empty(),
            C::NextPanel | C::Snooze | C::TestAlert | C::Help => {
                self.popup.as_ref().is_none_or(|popup| self.acts_in(popup, command))
            }
            C::Refresh => self.popup.as_ref().and_then(Popup::feed).is_none_or(|feed| self.asks_feed(feed)),
            C::Down | C::Up | C::PageDown | C::PageUp | C::Top | C::Bottom => true,
            C::NextUnread | C::PreviousUnread | C::PreviousPanel | C::Close => true,
            C::Query | C::Commands | C::Muted | C::Pause => true,
            C::Topic0 | C::Topic1 | C::Topic2 | C::Topic3 | C::Topic4 => true,
            C::Topic5 | C::Topic6 | C::Topic7 | C::Topic8 | C::Topic9 => true,
            C::Star | C::ToggleRead | C::MarkAllRead | C::Undo | C::Group | C::TakeOut | C::Digest => true,
            C::ShowOnChart | C::ChartStyle | C::Heat | C::SortPrices | C::Alerts => true,
            C::Zoom | C::Grow | C::Shrink | C::ResetLayout => true,
            C::HideTopics | C::HideReader | C::HideChart | C::HidePrices | C::HideHeat => true,
            C::Feeds | C::Mouse | C::Redraw | C::Suspend | C::Quit => true,
        }
    }

    /// Whether a command that one popup treats in its own way does something in a popup.
    fn acts_in(&self, popup: &Popup, command: Command) -> bool {
        match popup {
            Popup::Help { .. } => command != Command::Help,
            Popup::Feeds { .. } => command != Command::NextPanel || self.health.feeds().next().is_some(),
            Popup::Alerts { cursor } => {
                !matches!(command, Command::Snooze | Command::TestAlert) || self.alerts.is_alert(*cursor)
            }
            Popup::Why { .. } => command != Command::NextSymbol || self.tape.shown().len() > 1,
            Popup::Feed { .. } | Popup::Group { .. } | Popup::Digest { .. } | Popup::Heat { .. } => true,
        }
    }

    /// Whether [`Command::Read`] does something in a popup.
    fn reads_in(&self, popup: &Popup) -> bool {
        match popup {
            Popup::Alerts { cursor } => self.alerts.story_of_line(*cursor).is_some(),
            Popup::Feeds { .. } => self.health.feeds().next().is_some(),
            Popup::Why { asked, .. } => !self.causes(asked).is_empty(),
            Popup::Feed { .. } | Popup::Group { .. } => true,
            Popup::Help { .. } | Popup::Digest { .. } | Popup::Heat { .. } => true,
        }
    }

    /// Whether [`Command::Open`] does something in a popup.
    fn opens_in(&self, popup: &Popup) -> bool {
        match popup {
            Popup::Alerts { cursor } => self.alerts.story_of_line(*cursor).is_some(),
            Popup::Group { group, cursor } => {
                self.wire.member(*group, *cursor).is_some_and(|item| item.story.link.is_some())
            }
            Popup::Why { asked, .. } => !self.causes(asked).is_empty(),
            Popup::Feeds { .. } | Popup::Feed { .. } => true,
            Popup::Help { .. } | Popup::Digest { .. } | Popup::Heat { .. } => true,
        }
    }

    /// Whether a feed of the list can be asked now.
    fn asks_feed(&self, feed: usize) -> bool {
        self.replay.is_none() && self.health.feeds().nth(feed).is_some_and(|line| line.feed.enabled)
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
