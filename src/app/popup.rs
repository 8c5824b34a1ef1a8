//! What lies over the screen: opening, closing, and moving about in it.

use super::command::Command;
use super::input::page;
use super::why::Asked;
use super::wire::Filter;
use super::{App, Tone, drawn};
use crate::domain::Name;
use crate::domain::group::GroupId;
use crate::domain::query::Query;
use crate::domain::story::StoryId;
use crate::event::Effect;

/// What lies over the screen.
#[derive(Clone, Debug, PartialEq)]
pub enum Popup {
    /// The list of keys and commands.
    Help {
        /// Lines scrolled down.
        scroll: usize,
    },
    /// Feeds and sources; the cursor is on this feed.
    Feeds {
        /// Index into the list of feeds and sources.
        cursor: usize,
    },
    /// All that is known of one feed, by its place in the list.
    Feed {
        /// Index into the list of feeds and sources.
        cursor: usize,
        /// Lines scrolled down.
        scroll: usize,
    },
    /// The stories of a group; the cursor is on this one, in their order of appearance.
    Group {
        /// The group laid open.
        group: GroupId,
        /// Index into its stories.
        cursor: usize,
    },
    /// What happened while the reader was away.
    Digest {
        /// Lines scrolled down.
        scroll: usize,
    },
    /// Alerts, then those that fired; the cursor is on this line of them.
    Alerts {
        /// Index into the lines, alerts and fired alerts together.
        cursor: usize,
    },
    /// Heat in numbers, and what moves together.
    Heat {
        /// Lines scrolled down.
        scroll: usize,
    },
    /// Why a price moved: the cursor is on this story, or on the first, on this line of the screen.
    Why {
        /// The move that is asked about.
        asked: Asked,
        /// The story under the cursor; None for the first.
        chosen: Option<StoryId>,
        /// The line under the cursor.
        line: usize,
    },
}

impl Popup {
    /// The feed that the cursor is on, by its place in the list.
    pub fn feed(&self) -> Option<usize> {
        match self {
            Popup::Help { .. }
            | Popup::Group { .. }
            | Popup::Alerts { .. }
            | Popup::Digest { .. }
            | Popup::Heat { .. }
            | Popup::Why { .. } => None,
            Popup::Feeds { cursor } | Popup::Feed { cursor, .. } => Some(*cursor),
        }
    }

    /// Whether it shows how feeds and sources are doing.
    pub(super) fn shows_health(&self) -> bool {
        self.feed().is_some()
    }

    /// The move that is asked about, where one is.
    pub fn asked(&self) -> Option<&Asked> {
        match self {
            Popup::Why { asked, .. } => Some(asked),
            Popup::Help { .. } | Popup::Feeds { .. } | Popup::Feed { .. } | Popup::Group { .. } => None,
            Popup::Digest { .. } | Popup::Alerts { .. } | Popup::Heat { .. } => None,
        }
    }

    /// The same with the cursor on one of so many rows.
    fn within(self, rows: usize) -> Popup {
        let last = rows.saturating_sub(1);
        match self {
            Popup::Help { .. } | Popup::Digest { .. } | Popup::Heat { .. } | Popup::Why { .. } => self,
            Popup::Alerts { cursor } => Popup::Alerts { cursor: cursor.min(last) },
            Popup::Feeds { cursor } => Popup::Feeds { cursor: cursor.min(last) },
            Popup::Feed { cursor, scroll } => Popup::Feed { cursor: cursor.min(last), scroll },
            Popup::Group { group, cursor } => Popup::Group { group, cursor: cursor.min(last) },
        }
    }

    /// Whether the story that commands act on can't be seen: only its group shows it too.
    fn covers_story(&self) -> bool {
        match self {
            Popup::Group { .. } => false,
            Popup::Help { .. } | Popup::Feeds { .. } | Popup::Feed { .. } | Popup::Digest { .. } => true,
            Popup::Alerts { .. } | Popup::Heat { .. } | Popup::Why { .. } => true,
        }
    }

    /// The command that opens it, and closes it again.
    fn opened_by(&self) -> Command {
        match self {
            Popup::Help { .. } => Command::Help,
            Popup::Feeds { .. } | Popup::Feed { .. } => Command::Feeds,
            Popup::Group { .. } => Command::Group,
            Popup::Alerts { .. } => Command::Alerts,
            Popup::Digest { .. } => Command::Digest,
            Popup::Heat { .. } => Command::Heat,
            Popup::Why { .. } => Command::Why,
        }
    }
}

impl App {
    pub(super) fn show(&mut self, popup: Popup) -> Vec<Effect> {
        self.popup = Some(popup);
        drawn()
    }

    /// What a command does while a popup is open; None: the same as without it. What the popup itself does not take is left
    /// to the panels, unless it acts on what the popup covers.
    pub(super) fn popup_command(&mut self, popup: Popup, command: Command) -> Option<Vec<Effect>> {
        if let Some(by) = step(command, page(self.seen.popup.height)) {
            let moved = self.popup_moved(popup, command, by);
            return Some(self.show(moved));
        }
        let own = match popup {
            Popup::Help { .. } => self.help_command(command),
            Popup::Feeds { cursor } => self.feeds_command(command, cursor),
            Popup::Feed { cursor, .. } => self.feed_command(command, cursor),
            Popup::Group { group, cursor } => self.group_command(command, group, cursor),
            Popup::Alerts { cursor } => self.alerts_command(command, cursor),
            Popup::Heat { .. } => self.heat_command(command),
            Popup::Why { ref asked, chosen, .. } => self.why_command(command, asked, chosen),
            Popup::Digest { .. } => None,
        };
        own.or_else(|| match command == Command::Close || popup.opened_by() == command {
            true => {
                self.popup = None;
                Some(drawn())
            }
            false => (command.acts_on_panels() && popup.covers_story()).then(Vec::new),
        })
    }

    /// One feed is read by pages; row by row one goes from feed to feed.
    pub(super) fn popup_moved(&self, popup: Popup, command: Command, by: isize) -> Popup {
        let scrolled = |scroll: usize| scroll.saturating_add_signed(by).min(self.seen.popup_scroll_max);
        let moved = match popup {
            Popup::Help { scroll } => Popup::Help { scroll: scrolled(scroll) },
            Popup::Digest { scroll } => Popup::Digest { scroll: scrolled(scroll) },
            Popup::Heat { scroll } => Popup::Heat { scroll: scrolled(scroll) },
            Popup::Alerts { cursor } => Popup::Alerts { cursor: cursor.saturating_add_signed(by) },
            Popup::Feeds { cursor } => Popup::Feeds { cursor: cursor.saturating_add_signed(by) },
            Popup::Feed { cursor, .. } if matches!(command, Command::Down | Command::Up) => {
                Popup::Feed { cursor: cursor.saturating_add_signed(by), scroll: 0 }
            }
            Popup::Feed { cursor, scroll } => Popup::Feed { cursor, scroll: scrolled(scroll) },
            Popup::Group { group, cursor } => Popup::Group { group, cursor: cursor.saturating_add_signed(by) },
            Popup::Why { asked, chosen, line } => self.why_moved(asked, chosen, line, by),
        };
        self.in_bounds(moved)
    }

    /// The rows of the open popup may have become fewer.
    pub(super) fn keep_popup_in_bounds(&mut self) {
        self.popup = self.popup.take().map(|popup| self.in_bounds(popup));
    }

    /// The same with the cursor on a row that there is.
    pub(super) fn in_bounds(&self, popup: Popup) -> Popup {
        match popup {
            Popup::Group { group, .. } => popup.within(self.wire.member_count(group)),
            Popup::Alerts { .. } => popup.within(self.alerts.listed(self.now).len()),
            Popup::Feeds { .. } | Popup::Feed { .. } => popup.within(self.config.feeds.len()),
            // What is only scrolled is bounded by what was drawn; the line of a story by the stories.
            Popup::Help { .. } | Popup::Digest { .. } | Popup::Heat { .. } | Popup::Why { .. } => popup,
        }
    }

    /// Words are found in the help.
    fn help_command(&mut self, command: Command) -> Option<Vec<Effect>> {
        match command {
            Command::Query => Some(self.ask_find()),
            Command::Close if !self.reading.find.is_empty() => Some(self.end_find()),
            _ => None,
        }
    }

    /// In the list of feeds: all that is known of one, or what goes for it alone.
    fn feeds_command(&mut self, command: Command, cursor: usize) -> Option<Vec<Effect>> {
        match command {
            Command::NextPanel | Command::PreviousPanel => Some(self.show(Popup::Feed { cursor, scroll: 0 })),
            _ => self.command_of_feed(command, cursor),
        }
    }

    /// Where all is shown that is known of a feed: back to the list, or what goes for it alone.
    fn feed_command(&mut self, command: Command, cursor: usize) -> Option<Vec<Effect>> {
        match command {
            Command::Close | Command::NextPanel | Command::PreviousPanel => Some(self.show(Popup::Feeds { cursor })),
            _ => self.command_of_feed(command, cursor),
        }
    }

    /// Shows only the stories of the feed under the cursor, or asks it now.
    fn command_of_feed(&mut self, command: Command, cursor: usize) -> Option<Vec<Effect>> {
        if !matches!(command, Command::Read | Command::Refresh) {
            return None;
        }
        let Some(feed) = self.health.feeds().nth(cursor).map(|line| line.feed.name.clone()) else {
            return Some(Vec::new());
        };
        Some(if command == Command::Refresh { self.refresh(vec![feed]) } else { self.only_feed(&feed) })
    }

    fn only_feed(&mut self, feed: &Name) -> Vec<Effect> {
        let text = format!("feed:\"{feed}\"");
        match Query::parse(&text) {
            Ok(query) => self.set_filter(Filter { topic: None, query: Some((text, query)) }),
            Err(mistake) => self.notify(Tone::Warning, mistake.message),
        }
    }
}

/// How far a command moves, where a page has so many rows.
fn step(command: Command, page: isize) -> Option<isize> {
    Some(match command {
        Command::Down => 1,
        Command::Up => -1,
        Command::PageDown => page,
        Command::PageUp => -page,
        Command::Top => isize::MIN / 2,
        Command::Bottom => isize::MAX / 2,
        _ => return None,
    })
}
