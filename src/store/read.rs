//! Reading: in parts for the screen, page by page for the commands.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Params, Row};
use serde::de::DeserializeOwned;

use super::inbox::Window;
use crate::domain::Name;
use crate::domain::analysis::{Analysis, Stamp};
use crate::domain::feed::FeedState;
use crate::domain::group::GroupId;
use crate::domain::layout::Layout;
use crate::domain::price::{Candle, Delivery, Outcome, Quote, Series, SourceReport, Span};
use crate::domain::story::{Marks, Story, StoryId};
use crate::event::{Loaded, STORIES_AT_ONCE};

/// Stories in the first part: more than any screen shows at once.
const FIRST_STORIES: u32 = 200;

pub(super) const COLUMNS: &str = "story.row, id, feed, outlet, title, summary, link, lang, published, first_seen, time, \
    is_primary, read, starred, title_before, grp";

/// A place between two stories, newest first: time and row of the last one read.
pub(super) type Place = (i64, i64);

/// Before the newest story.
pub(super) const TOP: Place = (i64::MAX, i64::MAX);

/// The reading of the newest stories, in parts.
#[derive(Debug)]
pub(super) struct Loading {
    left: u32,
    stamp: Stamp,
    first: bool,
    after: Place,
    names: Names,
}

impl Loading {
    pub(super) fn new(window: Window) -> Loading {
        let Window { stories, stamp } = window;
        Loading { left: stories, stamp, first: true, after: TOP, names: Names::default() }
    }

    /// The next part: the first carries all that is not a story too. `done` on the last.
    pub(super) fn next(&mut self, connection: &Connection, now: Timestamp) -> rusqlite::Result<Loaded> {
        let wanted = if self.first { FIRST_STORIES } else { STORIES_AT_ONCE as u32 }.min(self.left);
        let page = analysed_page(connection, self.after, self.stamp, wanted, &mut self.names, !self.first)?;
        self.after = page.last.unwrap_or(self.after);
        self.left -= wanted;
        let done = page.last.is_none() || page.read < wanted || self.left == 0;
        let mut loaded = Loaded { stories: page.stories, analyses: page.analyses, done, ..Loaded::default() };
        if std::mem::take(&mut self.first) {
            loaded.feeds = feeds(connection)?;
            loaded.quotes = quotes(connection)?;
            loaded.series = series(connection)?;
            loaded.sources = blocked_sources(connection, now)?;
            loaded.queries = queries(connection)?;
            loaded.layout = layout(connection)?;
        }
        Ok(loaded)
    }
}

/// Feeds, outlets and languages repeat in every story: each is kept once.
#[derive(Debug, Default)]
pub(super) struct Names(HashSet<Name>);

impl Names {
    pub(super) fn name(&mut self, text: &str) -> Name {
        if let Some(name) = self.0.get(text) {
            return name.clone();
        }
        let name = Name::from(text);
        self.0.insert(name.clone());
        name
    }
}

/// Some stories, newest first.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub stories: Vec<(Story, Marks)>,
    /// Of those that have one of the stamp that was asked for.
    pub analyses: HashMap<StoryId, Analysis>,
    /// Rows read, with those that made no sense.
    pub read: u32,
    pub last: Option<Place>,
}

/// The stories after a place, not older than `since`.
pub(super) fn page(
    connection: &Connection,
    (time, row): Place,
    since: Option<Timestamp>,
    limit: u32,
    names: &mut Names,
) -> rusqlite::Result<Page> {
    let since = since.map_or(i64::MIN, Timestamp::as_millisecond);
    let sql = format!(
        "SELECT {COLUMNS} FROM story WHERE (time, row) < (?1, ?2) AND time >= ?3
         ORDER BY time DESC, row DESC LIMIT ?4"
    );
    collect(connection, &sql, (time, row, since, limit), names)
}

/// The stories after a place, with the analyses of a stamp. `leaves_out`: without the summaries of those that have one.
fn analysed_page(
    connection: &Connection,
    (time, row): Place,
    stamp: Stamp,
    limit: u32,
    names: &mut Names,
    leaves_out: bool,
) -> rusqlite::Result<Page> {
    let sql = format!(
        "SELECT {COLUMNS}, data FROM story LEFT JOIN analysis ON analysis.row = story.row AND stamp = ?4
         WHERE (time, story.row) < (?1, ?2) ORDER BY time DESC, story.row DESC LIMIT ?3"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query((time, row, limit, stamp.0.cast_signed()))?;
    let mut page = Page::default();
    while let Some(row) = rows.next()? {
        page.read += 1;
        page.last = Some((row.get(10)?, row.get(0)?));
        let Some((story, marks, analysis)) = sense(analysed_story(row, stamp, names, leaves_out))? else { continue };
        page.push(story, marks, analysis);
    }
    Ok(page)
}

impl Page {
    pub(super) fn push(&mut self, story: Story, marks: Marks, analysis: Option<Analysis>) {
        self.analyses.extend(analysis.map(|analysis| (story.id, analysis)));
        self.stories.push((story, marks));
    }
}

type AnalysedStory = (Story, Marks, Option<Analysis>);

/// A row of [`COLUMNS`], with the bytes of its analysis behind them.
fn analysed_story(row: &Row, stamp: Stamp, names: &mut Names, leaves_out: bool) -> rusqlite::Result<AnalysedStory> {
    let Some(bytes) = row.get_ref(16)?.as_blob_or_null()? else {
        let (story, marks) = story(row, names)?;
        return Ok((story, marks, None));
    };
    let (mut read, marks) = story_without_summary(row, names)?;
    let analysis = Analysis::from_bytes(bytes, stamp, &read);
    if analysis.is_none() || !leaves_out {
        read.summary = row.get(5)?;
    }
    Ok((read, marks, analysis))
}

/// The analysis of a story in a row, when it is of this stamp. A statement of its own: joined to a story by its row, SQLite
/// plans the statement anew for each, as it asks whether the value that is bound lets it use a partial index.
pub(super) fn analysis(
    connection: &Connection,
    row: i64,
    stamp: Stamp,
    story: &Story,
) -> rusqlite::Result<Option<Analysis>> {
    if stamp == Stamp::NONE {
        return Ok(None);
    }
    let mut statement = connection.prepare_cached("SELECT data FROM analysis WHERE row = ?1 AND stamp = ?2")?;
    let mut rows = statement.query((row, stamp.0.cast_signed()))?;
    let Some(found) = rows.next()? else { return Ok(None) };
    Ok(Analysis::from_bytes(found.get_ref(0)?.as_blob()?, stamp, story))
}

/// How late it is at least by the clocks of those who publish: the latest time that is not far ahead of what others say.
/// None where no story says when it was published.
pub(super) fn time_of_publishers(connection: &Connection, latest: Timestamp) -> rusqlite::Result<Option<Timestamp>> {
    // The time of one feed may be wrong, or of an event to come; that of the third is not.
    let sql = "SELECT max(published) FROM (SELECT feed, published FROM story ORDER BY row DESC LIMIT 5000)
               WHERE published <= ?1 GROUP BY feed ORDER BY max(published) DESC LIMIT 3";
    let mut statement = connection.prepare_cached(sql)?;
    let times = statement.query_map([latest.as_millisecond()], |row| time(0, row.get(0)?))?;
    Ok(times.collect::<rusqlite::Result<Vec<_>>>()?.pop())
}

/// What was typed into the filter line, the oldest first.
pub(super) fn queries(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    all(connection, "SELECT query FROM query_history ORDER BY number", |row| row.get(0))
}

/// How the screen was arranged; the default layout where that can't be understood.
pub(super) fn layout(connection: &Connection) -> rusqlite::Result<Option<Layout>> {
    let stored = all(connection, "SELECT value FROM setting WHERE name = 'layout'", |row| row.get::<_, String>(0))?;
    Ok(stored.first().and_then(|text| serde_json::from_str(text).ok()))
}

fn collect(connection: &Connection, sql: &str, params: impl Params, names: &mut Names) -> rusqlite::Result<Page> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut page = Page::default();
    while let Some(row) = rows.next()? {
        page.read += 1;
        page.last = Some((row.get(10)?, row.get(0)?));
        page.stories.extend(sense(story(row, names))?);
    }
    Ok(page)
}

/// A row of [`COLUMNS`].
pub(super) fn story(row: &Row, names: &mut Names) -> rusqlite::Result<(Story, Marks)> {
    let (story, marks) = story_without_summary(row, names)?;
    Ok((Story { summary: row.get(5)?, ..story }, marks))
}

/// In the order of [`COLUMNS`]: by number, as looking names up takes longer than reading.
fn story_without_summary(row: &Row, names: &mut Names) -> rusqlite::Result<(Story, Marks)> {
    let lang = row.get_ref(7)?.as_str_or_null()?;
    let story = Story {
        id: StoryId(row.get::<_, i64>(1)?.cast_unsigned()),
        feed: names.name(row.get_ref(2)?.as_str()?),
        outlet: names.name(row.get_ref(3)?.as_str()?),
        title: row.get(4)?,
        title_before: row.get(14)?,
        summary: Name::default(),
        link: row.get(6)?,
        lang: lang.map(|lang| names.name(lang)),
        published: row.get::<_, Option<i64>>(8)?.map(|millis| time(8, millis)).transpose()?,
        first_seen: time(9, row.get(9)?)?,
        primary: row.get(11)?,
        reference: None,
    };
    let group = row.get::<_, Option<i64>>(15)?.map(|id| StoryId(id.cast_unsigned()));
    Ok((story, Marks { read: row.get(12)?, starred: row.get(13)?, group }))
}

fn time(column: usize, millis: i64) -> rusqlite::Result<Timestamp> {
    let time = Timestamp::from_millisecond(millis);
    time.map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Integer, error.into()))
}

/// The summaries of these stories, as far as they are stored.
pub(super) fn summaries(connection: &Connection, ids: &[StoryId]) -> rusqlite::Result<Vec<(StoryId, Name)>> {
    let mut statement = connection.prepare_cached("SELECT summary FROM story WHERE id = ?1")?;
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        let summary = statement.query_row([id.0.cast_signed()], |row| row.get::<_, Name>(0)).optional();
        found.extend(sense(summary)?.flatten().map(|summary| (*id, summary)));
    }
    Ok(found)
}

/// The outlets that carry a group, in order of appearance, without repeats.
pub(super) fn outlets(connection: &Connection, group: GroupId) -> rusqlite::Result<Vec<Name>> {
    let sql = "SELECT outlet FROM story WHERE grp = ?1 GROUP BY outlet ORDER BY min(time), min(row)";
    let mut statement = connection.prepare_cached(sql)?;
    let outlets = statement.query_map([group.0.cast_signed()], |row| row.get(0))?;
    outlets.collect()
}

/// Are there stories since a time that have not been placed in a group?
pub(super) fn lacks_groups(connection: &Connection, since: Option<Timestamp>) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM story WHERE grp IS NULL AND time >= ?1)";
    connection.query_row(sql, [since.map_or(i64::MIN, Timestamp::as_millisecond)], |row| row.get(0))
}

pub(super) fn feeds(connection: &Connection) -> rusqlite::Result<Vec<FeedState>> {
    all(connection, "SELECT state FROM feed_state ORDER BY feed", |row| json(row, 0))
}

/// Marked as coming from disk.
pub(super) fn quotes(connection: &Connection) -> rusqlite::Result<Vec<Quote>> {
    all(connection, "SELECT quote FROM quote ORDER BY symbol", |row| {
        Ok(Quote { delivery: Delivery::Stored, ..json(row, 0)? })
    })
}

/// Sources that were refusing us, and still are.
pub(super) fn blocked_sources(connection: &Connection, now: Timestamp) -> rusqlite::Result<Vec<SourceReport>> {
    let sql = "SELECT report FROM source_block ORDER BY source, capability";
    let mut reports: Vec<SourceReport> = all(connection, sql, |row| json(row, 0))?;
    reports.retain(|report| matches!(report.outcome, Outcome::Blocked { until, .. } if until > now));
    Ok(reports)
}

pub(super) fn series(connection: &Connection) -> rusqlite::Result<Vec<(Span, Series)>> {
    let sql = "SELECT symbol, source, interval, bars, span, closes_only FROM series ORDER BY symbol, span";
    all(connection, sql, |row| {
        let bars: Vec<(i64, f64, f64, f64, f64, Option<f64>)> = json(row, 3)?;
        let bars = bars.into_iter().map(|(start, open, high, low, close, volume)| {
            Ok(Candle { time: time(3, start)?, open, high, low, close, volume })
        });
        let span = row.get_ref(4)?.as_str()?.parse();
        let series = Series {
            symbol: row.get(0)?,
            source: row.get(1)?,
            interval: row.get(2)?,
            closes_only: row.get(5)?,
            bars: bars.collect::<rusqlite::Result<_>>()?,
        };
        Ok((span.map_err(|error: strum::ParseError| senseless(4, error))?, series))
    })
}

fn all<T>(connection: &Connection, sql: &str, read: fn(&Row) -> rusqlite::Result<T>) -> rusqlite::Result<Vec<T>> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.extend(sense(read(row))?);
    }
    Ok(found)
}

fn json<T: DeserializeOwned>(row: &Row, column: usize) -> rusqlite::Result<T> {
    serde_json::from_str(row.get_ref(column)?.as_str()?).map_err(|error| senseless(column, error))
}

fn senseless(column: usize, error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into())
}

/// A single row that makes no sense is skipped; trouble with the file is not.
pub(super) fn sense<T>(read: rusqlite::Result<T>) -> rusqlite::Result<Option<T>> {
    use rusqlite::Error::{FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, Utf8Error};
    match read {
        Ok(value) => Ok(Some(value)),
        Err(
            error
            @ (FromSqlConversionFailure(..) | IntegralValueOutOfRange(..) | InvalidColumnType(..) | Utf8Error(..)),
        ) => {
            tracing::warn!(%error, "a stored row makes no sense and is skipped");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
