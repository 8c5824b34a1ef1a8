//! All that happens, and all that newstape does to the world. Data only, so that a day can be recorded and replayed.

mod watch;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::config::{Config, View};
use crate::domain::Name;
use crate::domain::alert::Action;
use crate::domain::analysis::{Analysis, Stamp};
use crate::domain::article::Article;
use crate::domain::feed::FeedState;
use crate::domain::group::GroupId;
use crate::domain::layout::Layout;
use crate::domain::price::{Quote, Series, SourceReport, Span, Unpriced};
use crate::domain::query::Need;
use crate::domain::setting::SettingError;
use crate::domain::story::{Marks, Story, StoryId};
use crate::domain::topic::Topics;
pub use watch::{ClockWatch, move_back, moved_back};

/// Something that happened. Sources send these through a bounded channel; `App::update` reads them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Event {
    /// Keys, mouse, paste, focus and size, as the terminal tells them.
    #[serde(skip)]
    Terminal(crossterm::event::Event),
    /// The topics of the configuration are ready, and what is wrong with their rules. [`App::without_topics`] waits for it.
    ///
    /// [`App::without_topics`]: crate::app::App::without_topics
    #[serde(skip)]
    TopicsCompiled(Box<Topics>, Vec<SettingError>),
    /// What is stored, in parts, newest stories first; the last part says so.
    Loaded(Loaded),
    /// Older stories that may be what a search looks for, at most [`STORIES_AT_ONCE`], newest first; there are more, unless
    /// it is `done`.
    Found {
        /// Which search found them.
        number: u64,
        /// The stories and what the reader marked.
        stories: Vec<(Story, Marks)>,
        /// False: more are found by [`StoreEffect::SearchMore`].
        done: bool,
    },
    /// The summaries of stories that were asked for by [`StoreEffect::ReadSummaries`]: those that are stored.
    Summaries(Vec<(StoryId, Name)>),
    /// Stored stories to be counted, not held, at most [`STORIES_AT_ONCE`]; there are more, unless it is `done`.
    Counted {
        /// Part of the stored stories.
        stories: Vec<Story>,
        /// True with the last part.
        done: bool,
    },
    /// The config file took a view in; or why not, in one sentence.
    ViewSaved {
        /// The view to be saved.
        view: View,
        /// An error is one sentence.
        outcome: Result<(), String>,
    },
    /// Stories of a feed, at most [`STORIES_AT_ONCE`] at a time; its [`Event::Feed`] follows the last of them.
    Stories(Vec<Story>),
    /// A poll of a feed ended, well or not.
    Feed(Box<FeedState>),
    /// The article of a story that was asked for; or why there is none, in one sentence without its full stop.
    Article {
        /// The story asked about.
        story: StoryId,
        /// An error is one sentence without its full stop.
        outcome: Result<Arc<Article>, String>,
    },
    /// A price came in.
    Quote(Quote),
    /// Candles came in: all of a span, or its newest.
    Series {
        /// The span asked for.
        span: Span,
        /// The candles.
        series: Series,
    },
    /// Why symbols have no price yet: all of them, each time that changes.
    Unpriced(BTreeMap<Name, Unpriced>),
    /// A price source was asked or heard, well or not.
    Source(SourceReport),
    /// A new configuration is in use, with what was ignored in it.
    #[serde(skip)]
    Config(Arc<Config>),
    /// The changed config file can't be used: where and why, in one line. The old configuration stays in force.
    ConfigMistake(String),
    /// A task ended in an error or a panic: its name and one sentence.
    TaskFailed {
        /// The task's name.
        task: String,
        /// The outermost cause, one sentence.
        why: String,
    },
    /// What an alert was to do failed: one clause.
    AlertFailed {
        /// The alert's name in the config.
        alert: Name,
        /// One clause.
        why: String,
    },
    /// The store saved everything it was sent up to this moment.
    Saved(Timestamp),
    /// The store can't be used or written: one sentence.
    StoreTrouble(String),
    /// What was stored is gone or damaged, and a new store was begun: one sentence, which stands until the reader has
    /// seen it. What is in memory is to be saved again.
    StoreReplaced(String),
    /// The other newstape that owned the data has ended: this one saves from now on, all it has.
    StoreTaken,
    /// The terminal tells what is behind the text.
    Background {
        /// True for dark text on a light background.
        light: bool,
    },
    /// The system asks to stop for a while …
    SuspendAsked,
    /// … and to go on.
    Resumed,
    /// It was to stop for a while, and no shell waits that could let it go on.
    NotSuspended,
    /// The replay stands at this time.
    Replay(ReplayPosition),
    /// A slow filter is to be asked about so many groups and found stories more.
    Sift {
        /// Groups and found stories in this step.
        count: usize,
    },
    /// The system's clock was set back by so much: the times that the state keeps go with it.
    ClockSetBack(SignedDuration),
    /// Time has passed: ages and states may read differently.
    Tick,
}

/// How many stories one event carries at most: what can be tagged well within a frame.
pub const STORIES_AT_ONCE: usize = 100;

/// How many queries typed into the filter line are remembered.
pub const QUERIES_MAX: usize = 100;

/// A part of what the store holds.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Loaded {
    /// Stories with what the reader marked.
    pub stories: Vec<(Story, Marks)>,
    /// What was worked out about them earlier, by the rules that were asked for. A summary that is not waited for is left out
    /// of a story that has one.
    #[serde(skip)]
    pub analyses: HashMap<StoryId, Analysis>,
    /// What is known of each feed from earlier runs.
    pub feeds: Vec<FeedState>,
    /// Last good prices, `delivery` [`crate::domain::price::Delivery::Stored`].
    pub quotes: Vec<Quote>,
    /// Candles by span.
    pub series: Vec<(Span, Series)>,
    /// Sources under a block when newstape last ran.
    pub sources: Vec<SourceReport>,
    /// What was typed into the filter line, the latest last.
    #[serde(default)]
    pub queries: Vec<String>,
    /// How the screen was arranged last.
    #[serde(default)]
    pub layout: Option<Layout>,
    /// True when another newstape owns the data: nothing will be saved.
    pub read_only: bool,
    /// This is the last part.
    pub done: bool,
}

/// Where a replay stands.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReplayPosition {
    /// Where playing began, in the time of the day played.
    pub from: Timestamp,
    /// Where it ends.
    pub to: Timestamp,
    /// Seconds of the day for each second that passes.
    pub speed: f64,
    /// The replay stands still until it is resumed.
    pub paused: bool,
    /// How often it has come round.
    pub loops: u32,
}

/// Something to be done to the world. `App::update` returns these; the shell carries them out. Each group is matched whole
/// by the one that carries it out: a new effect does not compile before it is.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// The screen reads differently now.
    Draw(Urgency),
    /// End, after everything is saved.
    Quit,
    /// For the store's thread.
    Store(StoreEffect),
    /// For feeds and price sources.
    Sources(SourceEffect),
    /// For the terminal.
    Terminal(TerminalEffect),
    /// For the rest of the system: alerts, the browser, the config file, job control.
    System(SystemEffect),
}

/// To be saved, or looked for among what is saved: carried out by `store`.
#[derive(Clone, Debug, PartialEq)]
pub enum StoreEffect {
    /// Read what is stored: the newest so many stories and all the rest; [`Event::Loaded`] follows, in parts.
    Load {
        /// How many stories at most.
        window: u32,
        /// What their analyses must hang on to be of use.
        stamp: Stamp,
    },
    /// New or edited stories.
    SaveStories(Vec<Story>),
    /// What was worked out about stories that are stored.
    SaveAnalyses(Vec<(StoryId, Analysis)>),
    /// The groups that new stories were placed in; one that is stored in a group stays there.
    SaveGroups(Vec<(StoryId, GroupId)>),
    /// What the reader marked, or put in another group.
    SaveMarks(Vec<(StoryId, Marks)>),
    /// With the validators that belong to the stories saved before.
    SaveFeed(Box<FeedState>),
    /// The last good price.
    SaveQuote(Quote),
    /// The candles of a chart.
    SaveSeries {
        /// The span shown.
        span: Span,
        /// Its candles.
        series: Series,
    },
    /// How a price source fared: a refusal outlives a restart.
    SaveSource(SourceReport),
    /// What was typed into the filter line and kept.
    SaveQuery(String),
    /// How the screen is arranged.
    SaveLayout(Layout),
    /// Look for what a query needs, among stories of this time and older. The number tells the searches from each other;
    /// a new one ends the one before.
    Search {
        /// Tells this search from earlier ones.
        number: u64,
        /// What every story found has.
        need: Need,
        /// The newest time looked at.
        until: Timestamp,
    },
    /// More of what that search finds.
    SearchMore {
        /// The search to be continued.
        number: u64,
    },
    /// Read the summaries of these stories, which are not in memory; [`Event::Summaries`] follows.
    ReadSummaries(Vec<StoryId>),
    /// Stories without their summaries, to be saved where nothing is stored of them.
    SaveMissing(Vec<Story>),
    /// Tell all stories since a time, to be counted.
    Recount {
        /// Counting begins here.
        since: Timestamp,
    },
}

/// An order to the feeds, the price sources or the fetcher of articles: carried out by `shell::sources`.
#[derive(Clone, Debug, PartialEq)]
pub enum SourceEffect {
    /// All that is stored has been read: sources may start, from what is remembered of them.
    Start {
        /// What is remembered of each feed.
        feeds: Vec<FeedState>,
        /// What is remembered of each price source.
        sources: Vec<SourceReport>,
    },
    /// Ask feeds now (still conditional, still floored): the named ones, or all when empty.
    RefreshFeeds(Vec<Name>),
    /// Ask prices now.
    RefreshPrices,
    /// Fetch the page behind the link of a story and read its article: [`Event::Article`] follows. While that is under
    /// way, the same for this story is ignored. http(s) only; private only at the server of its own feed.
    FetchArticle {
        /// The story that the article is for.
        story: StoryId,
        /// The page to fetch.
        link: String,
        /// The story's feed, whose login and proxy may apply.
        feed: Name,
    },
    /// The chart shows this span of this symbol.
    ShowChart {
        /// The symbol shown.
        symbol: Name,
        /// The span shown.
        span: Span,
    },
    /// All symbols are compared over a span: their history is wanted.
    CompareOver(Span),
}

/// Something for the terminal; where there is none, nothing is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TerminalEffect {
    /// Put on the clipboard.
    Copy(String),
    /// Take the mouse, or give it back.
    Mouse(bool),
    /// Paint every cell again.
    Repaint,
    /// Ask the terminal for its background: it may follow the time of day.
    AskBackground,
}

/// Something for other programs, for the config file, or for newstape's own process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SystemEffect {
    /// Tell of an alert beyond the screen, as the config says of it.
    Raise(Box<Raised>),
    /// Open in the browser. http(s) only.
    Open(String),
    /// Put a view into the config file.
    SaveView(View),
    /// Stop the clock of the replay, or let it run.
    PauseReplay(bool),
    /// To the background, as the shell's Ctrl-Z.
    Suspend,
}

/// An alert that has come true. Its command and its address stand in the config, under its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raised {
    /// The alert's name in the config.
    pub alert: Name,
    /// What came true, one sentence without its full stop.
    pub text: String,
    /// What is done on this terminal.
    pub actions: Vec<Action>,
    /// Of its story.
    pub link: Option<String>,
    /// The same as one JSON object, with the fields of the story.
    pub payload: String,
}

/// How soon a change must be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Urgency {
    /// Prices alone: at most five times a second.
    Price,
    /// News: within 33 ms.
    News,
    /// A key: at once.
    Key,
}

/// What time it is, given from outside: the system's, a trial's (`--now`) or a replay's.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;
