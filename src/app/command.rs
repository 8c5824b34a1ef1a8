//! Everything a key can ask for, and what it does. The names, their help and the keymap all derive from [`Command`].

use strum::{EnumIter, EnumMessage, EnumString, IntoStaticStr};

use super::layout::Arrangement;
use super::tape::Tape;
use super::{App, Focus, Popup, Tone};
use crate::domain::layout::Panel;
use crate::event::{Effect, SystemEffect, TerminalEffect, Urgency};

/// What a key can ask for. The kebab-case name is what `[keys]` in the config uses; the doc comment of a
/// command is its help on the screen and in the README, so it is one line.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, EnumString, EnumMessage, IntoStaticStr,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Command {
    /// down one row
    Down,
    /// up one row
    Up,
    /// down one page
    PageDown,
    /// up one page
    PageUp,
    /// to the first row
    Top,
    /// to the last row
    Bottom,
    /// to the next unread story, which is marked read; in the chart: to the next bar with stories; in the reader: to what was found next
    NextUnread,
    /// to the previous unread story, which is marked read; in the chart: to the bar before with stories; in the reader: to what was found before
    PreviousUnread,
    /// to the next panel; in the feed list: all that is known of the feed
    NextPanel,
    /// to the previous panel
    PreviousPanel,
    /// read the story; in the reader: fetch the article; in the prices: the chart alone; in the chart: the stories of the bar; in the feed list: show only this feed
    Read,
    /// open the story in the browser; in the reader: the link chosen
    Open,
    /// copy the link of the story; in the reader: the link chosen
    CopyLink,
    /// filter with a query; in the reader and in the help: find words
    Query,
    /// any command, by its name
    Commands,
    /// close, clear the filter, let the cursor go; never quits
    Close,
    /// all stories
    #[strum(serialize = "topic-0")]
    Topic0,
    /// the topic or view of this key
    #[strum(serialize = "topic-1")]
    Topic1,
    /// the topic or view of this key
    #[strum(serialize = "topic-2")]
    Topic2,
    /// the topic or view of this key
    #[strum(serialize = "topic-3")]
    Topic3,
    /// the topic or view of this key
    #[strum(serialize = "topic-4")]
    Topic4,
    /// the topic or view of this key
    #[strum(serialize = "topic-5")]
    Topic5,
    /// the topic or view of this key
    #[strum(serialize = "topic-6")]
    Topic6,
    /// the topic or view of this key
    #[strum(serialize = "topic-7")]
    Topic7,
    /// the topic or view of this key
    #[strum(serialize = "topic-8")]
    Topic8,
    /// the topic or view of this key
    #[strum(serialize = "topic-9")]
    Topic9,
    /// feeds and price sources, with their health
    Feeds,
    /// star the story, or take the star away
    Star,
    /// mark the story read or unread
    ToggleRead,
    /// mark all that is shown as read
    MarkAllRead,
    /// undo the last marks, or what was last taken out of a group
    Undo,
    /// open the group: who carries the story, in order of appearance
    Group,
    /// take the story out of its group, for good
    TakeOut,
    /// another order: newest, most outlets, largest move, unread first; in the prices: that of the config, by change, by name
    Sort,
    /// show the muted stories as well, or leave them off
    Muted,
    /// why the price moved: the stories around the last unusual move, or around the bar chosen in the chart
    Why,
    /// heat against what is usual, and what moves together
    Heat,
    /// what happened while you were away
    Digest,
    /// alerts, and when they fired
    Alerts,
    /// let alerts sleep for an hour, or wake them; in their list: the one under the cursor
    Snooze,
    /// in the list of alerts: try the one under the cursor
    TestAlert,
    /// show the story on the chart
    ShowOnChart,
    /// in the chart: to the bar before; in the reader: to the link before
    PreviousBar,
    /// in the chart: to the next bar; in the reader: to the next link
    NextBar,
    /// next symbol
    NextSymbol,
    /// previous symbol
    PreviousSymbol,
    /// next list of the watchlist; after the last, all symbols
    NextList,
    /// previous list of the watchlist
    PreviousList,
    /// another order of the prices: that of the config, by change, by name
    SortPrices,
    /// next span of the chart
    NextSpan,
    /// candles or line
    ChartStyle,
    /// only this panel, or all again
    Zoom,
    /// make this panel larger
    Grow,
    /// make this panel smaller
    Shrink,
    /// hide the topic bar, or show it
    HideTopics,
    /// hide the reader, or show it
    HideReader,
    /// hide the chart, or show it
    HideChart,
    /// hide the prices, or show them
    HidePrices,
    /// hide the heat, or show it
    HideHeat,
    /// reset the layout
    ResetLayout,
    /// pause the replay, or hold new rows back
    Pause,
    /// ask feeds and prices now; in the feed list: this feed
    Refresh,
    /// mouse on or off
    Mouse,
    /// draw the whole screen again
    Redraw,
    /// this help
    Help,
    /// to the background
    Suspend,
    /// quit
    Quit,
}

/// What commands are about: the headings of the help, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, EnumMessage)]
pub enum Chapter {
    /// Moving through rows, pages and panels.
    #[strum(message = "Move")]
    Move,
    /// What the wire shows: topics, views, queries and the order.
    #[strum(message = "Filter")]
    Filter,
    /// Reading, marking and grouping stories.
    #[strum(message = "Read")]
    Read,
    /// The chart, its bars and its spans.
    #[strum(message = "Chart")]
    Chart,
    /// Symbols and lists of the watchlist.
    #[strum(message = "Prices")]
    Prices,
    /// Alerts, unusual moves and what happened meanwhile.
    #[strum(message = "Alerts")]
    Alerts,
    /// Showing, hiding and resizing panels.
    #[strum(message = "Layout")]
    Layout,
    /// The program itself: help, refreshing, the terminal.
    #[strum(message = "newstape")]
    Program,
}

impl Chapter {
    /// The heading.
    pub fn title(self) -> &'static str {
        self.get_message().unwrap_or_default()
    }
}

impl Command {
    /// The heading it stands under in the help (a table).
    pub fn chapter(self) -> Chapter {
        use Command as C;
        match self {
            C::Down | C::Up | C::PageDown | C::PageUp | C::Top | C::Bottom => Chapter::Move,
            C::NextUnread | C::PreviousUnread | C::NextPanel | C::PreviousPanel | C::Close => Chapter::Move,
            C::Topic0 | C::Topic1 | C::Topic2 | C::Topic3 | C::Topic4 => Chapter::Filter,
            C::Topic5 | C::Topic6 | C::Topic7 | C::Topic8 | C::Topic9 => Chapter::Filter,
            C::Query | C::Sort | C::Muted | C::Pause => Chapter::Filter,
            C::Read | C::Open | C::CopyLink | C::Star | C::ToggleRead | C::MarkAllRead | C::Undo => Chapter::Read,
            C::Group | C::TakeOut | C::Digest => Chapter::Read,
            C::ShowOnChart | C::PreviousBar | C::NextBar | C::NextSpan | C::ChartStyle => Chapter::Chart,
            C::Why | C::Heat => Chapter::Chart,
            C::NextSymbol | C::PreviousSymbol | C::NextList | C::PreviousList | C::SortPrices => Chapter::Prices,
            C::Alerts | C::Snooze | C::TestAlert => Chapter::Alerts,
            C::Zoom | C::Grow | C::Shrink | C::ResetLayout => Chapter::Layout,
            C::HideTopics | C::HideReader | C::HideChart | C::HidePrices | C::HideHeat => Chapter::Layout,
            C::Commands | C::Feeds | C::Refresh | C::Mouse | C::Redraw => Chapter::Program,
            C::Help | C::Suspend | C::Quit => Chapter::Program,
        }
    }

    /// Whether it acts on what a popup covers: the story under the cursor, the rows, the chart, the panels themselves. Under
    /// a popup it does nothing then, unless the popup gives it a meaning of its own (a table).
    pub(super) fn acts_on_panels(self) -> bool {
        use Command as C;
        match self {
            C::NextUnread | C::PreviousUnread | C::NextPanel | C::PreviousPanel => true,
            C::Read | C::Open | C::CopyLink | C::Star | C::ToggleRead | C::MarkAllRead | C::Undo => true,
            C::Group | C::TakeOut | C::Sort => true,
            C::ShowOnChart | C::PreviousBar | C::NextBar => true,
            C::Zoom | C::Grow | C::Shrink => true,
            C::Down | C::Up | C::PageDown | C::PageUp | C::Top | C::Bottom => false,
            C::Query | C::Commands | C::Close => false,
            C::Topic0 | C::Topic1 | C::Topic2 | C::Topic3 | C::Topic4 => false,
            C::Topic5 | C::Topic6 | C::Topic7 | C::Topic8 | C::Topic9 => false,
            C::Feeds | C::Why | C::Heat | C::Digest | C::Alerts | C::Help => false,
            C::Muted | C::Pause | C::Refresh | C::Snooze | C::TestAlert => false,
            C::NextSymbol | C::PreviousSymbol | C::NextList | C::PreviousList | C::SortPrices => false,
            C::NextSpan | C::ChartStyle => false,
            C::HideTopics | C::HideReader | C::HideChart | C::HidePrices | C::HideHeat | C::ResetLayout => false,
            C::Mouse | C::Redraw | C::Suspend | C::Quit => false,
        }
    }

    /// The name used in the config: `page-down`.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// What it does, as the help and the README say it.
    pub fn help(self) -> &'static str {
        self.get_documentation().unwrap_or_default()
    }

    /// The digit of a topic command.
    pub fn digit(self) -> Option<char> {
        self.name().strip_prefix("topic-")?.chars().next()
    }
}

impl App {
    /// Carries a command out: in the popup, if one lies on top that takes it.
    pub fn command(&mut self, command: Command) -> Vec<Effect> {
        let in_popup = self.popup.clone().and_then(|popup| self.popup_command(popup, command));
        in_popup.unwrap_or_else(|| self.command_of_focus(command))
    }

    /// What a command does where the keys are (a table).
    fn command_of_focus(&mut self, command: Command) -> Vec<Effect> {
        use Command as C;
        let focus = self.arrangement.focus;
        match command {
            C::Down => self.step(1),
            C::Up => self.step(-1),
            C::PageDown => self.step(self.page()),
            C::PageUp => self.step(-self.page()),
            C::Top => self.step(isize::MIN / 2),
            C::Bottom => self.step(isize::MAX / 2),
            C::NextUnread => self.step_unread(true),
            C::PreviousUnread => self.step_unread(false),
            C::NextPanel => self.focus_on(self.arrangement.next_focus(true)),
            C::PreviousPanel => self.focus_on(self.arrangement.next_focus(false)),
            C::Read if self.bar().is_some() => self.ask_why(),
            C::Read if focus == Focus::Reader => self.fetch_article(),
            C::Read if focus == Focus::Tape => self.arrange(Arrangement::toggle_charting),
            C::Read => self.read(),
            C::Open => self.open(),
            C::CopyLink => self.copy_link(),
            C::Query if focus == Focus::Reader => self.ask_find(),
            C::Query => self.ask_query(),
            C::Commands => self.ask_command(),
            C::Close => self.close(),
            C::Topic0 => self.topic_key('0'),
            C::Topic1 => self.topic_key('1'),
            C::Topic2 => self.topic_key('2'),
            C::Topic3 => self.topic_key('3'),
            C::Topic4 => self.topic_key('4'),
            C::Topic5 => self.topic_key('5'),
            C::Topic6 => self.topic_key('6'),
            C::Topic7 => self.topic_key('7'),
            C::Topic8 => self.topic_key('8'),
            C::Topic9 => self.topic_key('9'),
            C::Feeds => self.show(Popup::Feeds { cursor: 0 }),
            C::Star => self.star(),
            C::ToggleRead => self.toggle_read(),
            C::MarkAllRead => self.mark_all_read(),
            C::Undo => self.undo(),
            C::Group => self.open_group(),
            C::TakeOut => self.take_out_current(),
            C::Sort if focus == Focus::Tape => self.next_price_sort(),
            C::Sort => self.next_sort(),
            C::Muted => self.toggle_muted(),
            C::Why => self.ask_why(),
            C::Heat => self.show_heat(),
            C::Digest => self.show_digest(),
            C::Alerts => self.show_alerts(),
            C::Snooze => self.snooze_all(),
            C::TestAlert => self.notify(Tone::Info, "alerts are tried in their list".into()),
            C::ShowOnChart => self.show_on_chart(),
            C::PreviousBar if focus == Focus::Reader => self.step_link(false),
            C::PreviousBar => self.step_bar(-1),
            C::NextBar if focus == Focus::Reader => self.step_link(true),
            C::NextBar => self.step_bar(1),
            C::NextSymbol => self.turn_chart(|tape| tape.step(1)),
            C::PreviousSymbol => self.turn_chart(|tape| tape.step(-1)),
            C::NextList => self.step_list(true),
            C::PreviousList => self.step_list(false),
            C::SortPrices => self.next_price_sort(),
            C::NextSpan => self.turn_chart(Tape::next_span),
            C::ChartStyle => self.turn_chart(Tape::next_style),
            C::Zoom => self.arrange(Arrangement::zoom),
            C::Grow => self.arrange(|arrangement| arrangement.grow(1)),
            C::Shrink => self.arrange(|arrangement| arrangement.grow(-1)),
            C::HideTopics => self.arrange(|arrangement| arrangement.toggle(Panel::Topics)),
            C::HideReader => self.arrange(|arrangement| arrangement.toggle(Panel::Reader)),
            C::HideChart => self.arrange(|arrangement| arrangement.toggle(Panel::Chart)),
            C::HidePrices => self.arrange(|arrangement| arrangement.toggle(Panel::Prices)),
            C::HideHeat => self.arrange(|arrangement| arrangement.toggle(Panel::Heat)),
            C::ResetLayout => self.arrange(Arrangement::reset),
            C::Pause => self.pause(),
            C::Refresh => self.refresh(Vec::new()),
            C::Mouse => self.toggle_mouse(),
            C::Redraw => vec![Effect::Terminal(TerminalEffect::Repaint), Effect::Draw(Urgency::Key)],
            C::Help => self.show(Popup::Help { scroll: 0 }),
            C::Suspend => vec![Effect::System(SystemEffect::Suspend), Effect::Draw(Urgency::Key)],
            C::Quit => vec![Effect::Quit],
        }
    }

    fn step_unread(&mut self, forward: bool) -> Vec<Effect> {
        match self.arrangement.focus {
            Focus::Tape => self.step_marked(forward),
            Focus::Reader if self.finds() => self.step_found(forward),
            Focus::Reader | Focus::Wire => self.next_unread(forward),
        }
    }
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator;

    use super::*;

    #[test]
    fn every_command_has_help_and_a_name_of_its_own() {
        let mut names: Vec<&str> = Command::iter().map(Command::name).collect();
        assert!(Command::iter().all(|command| !command.help().is_empty()));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Command::iter().count());
    }

    #[test]
    fn names_are_kebab_case_and_read_back() {
        assert_eq!(Command::NextUnread.name(), "next-unread");
        assert_eq!("topic-3".parse(), Ok(Command::Topic3));
        assert_eq!(Command::Topic3.digit(), Some('3'));
        assert_eq!(Command::Top.digit(), None);
    }
}
