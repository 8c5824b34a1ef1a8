//! Saving and pruning: plain functions over a connection.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};

use super::inbox::Waiting;
use super::read::{self, COLUMNS, Names};
use crate::domain::Name;
use crate::domain::analysis::Analysis;
use crate::domain::feed::FeedState;
use crate::domain::group::GroupId;
use crate::domain::price::{Outcome, Quote, Series, SourceReport, Span};
use crate::domain::story::{Marks, Story, StoryId};
use crate::domain::text::Text;
use crate::event::QUERIES_MAX;

/// Stories pruned in one transaction: a few milliseconds.
const PRUNE_AT_ONCE: u32 = 500;

/// A story that was stored before it was sent as new.
pub(super) type Known = (Story, Marks);

/// Saves all that waits in one transaction. Gives back the stories that the sender took for new but that were seen
/// earlier, with the time they were first seen and their marks.
pub(super) fn save(connection: &mut Connection, waiting: &Waiting) -> rusqlite::Result<Vec<Known>> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut known = Vec::new();
    for story in &waiting.stories {
        known.extend(save_story(&transaction, story)?);
    }
    waiting.missing.iter().try_for_each(|story| save_missing(&transaction, story))?;
    waiting.groups.iter().try_for_each(|(id, group)| save_group(&transaction, *id, *group))?;
    waiting.analyses.iter().try_for_each(|(id, analysis)| save_analysis(&transaction, *id, analysis))?;
    waiting.marks.iter().try_for_each(|(id, marks)| save_marks(&transaction, *id, *marks))?;
    waiting.feeds.values().try_for_each(|state| save_feed(&transaction, state))?;
    waiting.quotes.values().try_for_each(|quote| save_quote(&transaction, quote))?;
    waiting.series.iter().try_for_each(|((_, span), series)| save_series(&transaction, *span, series))?;
    waiting.sources.values().try_for_each(|report| save_source(&transaction, report))?;
    waiting.queries.iter().try_for_each(|query| save_query(&transaction, query))?;
    waiting.layout.iter().try_for_each(|layout| save_setting(&transaction, "layout", layout))?;
    transaction.commit()?;
    Ok(known)
}

/// An edit changes the text; the first title, the times and the marks stay. What another feed makes of an article that
/// is here already changes nothing.
fn save_story(transaction: &Transaction, story: &Story) -> rusqlite::Result<Option<Known>> {
    let Some(before) = seen_before(transaction, story.id)? else {
        upsert(transaction, story, Marks::default()).and_then(|row| index(transaction, row, story))?;
        return Ok(None);
    };
    let is_earlier = before.first_seen.as_millisecond() < story.first_seen.as_millisecond();
    let merged = match &before.story {
        Some(stored) if stored.feed != story.feed => {
            Story { first_seen: before.first_seen.min(story.first_seen), ..stored.clone() }
        }
        Some(stored) => story.clone().as_edit_of(stored),
        None => Story { first_seen: before.first_seen.min(story.first_seen), ..story.clone() },
    };
    let row = upsert(transaction, &merged, before.marks)?;
    if before.story.is_none_or(|stored| has_other_words(&stored, &merged)) {
        index(transaction, row, &merged)?;
    }
    Ok(is_earlier.then_some((merged, before.marks)))
}

/// A story whose summary is not at hand, where nothing is stored of it.
fn save_missing(transaction: &Transaction, story: &Story) -> rusqlite::Result<()> {
    if seen_before(transaction, story.id)?.is_none() {
        upsert(transaction, story, Marks::default()).and_then(|row| index(transaction, row, story))?;
    }
    Ok(())
}

/// Carries stories with their marks over from a damaged file. Of one that has come again meanwhile the words stand, and
/// the marks are added. One that can be had in several states was starred when any of them says so.
pub(super) fn carry_over(connection: &mut Connection, stories: &[(Story, Marks)]) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for (story, marks) in stories {
        if seen_before(&transaction, story.id)?.is_none_or(|before| before.lacks_words_of(story)) {
            upsert(&transaction, story, *marks).and_then(|row| index(&transaction, row, story))?;
        }
        transaction
            .prepare_cached(
                "UPDATE story SET read = max(read, ?2), starred = max(starred, ?3), grp = coalesce(?4, grp),
                    first_seen = min(first_seen, ?5) WHERE id = ?1",
            )?
            .execute(params![
                story.id.0.cast_signed(),
                marks.read,
                marks.starred,
                marks.group.map(|group| group.0.cast_signed()),
                story.first_seen.as_millisecond(),
            ])?;
    }
    transaction.commit()
}

/// What is stored of a story.
struct Before {
    first_seen: Timestamp,
    marks: Marks,
    /// None of one that has been pruned.
    story: Option<Story>,
}

impl Before {
    /// It has been pruned, or was saved without its summary.
    fn lacks_words_of(&self, story: &Story) -> bool {
        self.story.as_ref().is_none_or(|own| own.summary.is_empty() && own.title == story.title)
    }
}

/// A stored story, with the number of its row.
fn stored(transaction: &Transaction, id: StoryId) -> rusqlite::Result<Option<(i64, (Story, Marks))>> {
    let sql = format!("SELECT {COLUMNS} FROM story WHERE id = ?1");
    let mut statement = transaction.prepare_cached(&sql)?;
    let read = |row: &Row| Ok((row.get(0)?, read::story(row, &mut Names::default())?));
    let found = statement.query_row([id.0.cast_signed()], read).optional();
    Ok(read::sense(found)?.flatten())
}

fn seen_before(transaction: &Transaction, id: StoryId) -> rusqlite::Result<Option<Before>> {
    match stored(transaction, id)? {
        Some((_, (story, marks))) => Ok(Some(Before { first_seen: story.first_seen, marks, story: Some(story) })),
        None => pruned_before(transaction, id),
    }
}

fn pruned_before(transaction: &Transaction, id: StoryId) -> rusqlite::Result<Option<Before>> {
    let mut statement = transaction.prepare_cached("SELECT first_seen, read FROM pruned WHERE id = ?1")?;
    let row = statement.query_row([id.0.cast_signed()], |row| Ok((row.get(0)?, row.get(1)?)));
    let Some((first_seen, read)) = row.optional()? else { return Ok(None) };
    let first_seen = Timestamp::from_millisecond(first_seen).ok();
    Ok(first_seen.map(|first_seen| Before { first_seen, marks: Marks { read, ..Marks::default() }, story: None }))
}

/// The number of its row.
fn upsert(transaction: &Transaction, story: &Story, marks: Marks) -> rusqlite::Result<i64> {
    let mut statement = transaction.prepare_cached(
        "INSERT INTO story (id, feed, outlet, title, summary, link, lang, published, first_seen, time, is_primary,
                            read, starred, title_before)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
         ON CONFLICT (id) DO UPDATE SET
            feed = excluded.feed, outlet = excluded.outlet, title = excluded.title, summary = excluded.summary,
            link = excluded.link, lang = excluded.lang, published = excluded.published,
            first_seen = min(first_seen, excluded.first_seen), time = excluded.time, is_primary = excluded.is_primary,
            title_before = excluded.title_before
         RETURNING row",
    )?;
    let fields = params![
        story.id.0.cast_signed(),
        story.feed,
        story.outlet,
        story.title,
        story.summary,
        story.link,
        story.lang,
        story.published.map(Timestamp::as_millisecond),
        story.first_seen.as_millisecond(),
        story.time().as_millisecond(),
        story.primary,
        marks.read,
        marks.starred,
        story.title_before,
    ];
    statement.query_row(fields, |row| row.get(0))
}

fn has_other_words(stored: &Story, story: &Story) -> bool {
    stored.title != story.title
        || stored.summary != story.summary
        || stored.outlet != story.outlet
        || stored.feed != story.feed
}

/// The words of a story are new or others: they are indexed, and what was worked out from those before is dropped.
fn index(connection: &Connection, row: i64, story: &Story) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM analysis WHERE row = ?1")?.execute([row])?;
    index_words(connection, row, [&story.title, &story.summary, &story.outlet, &story.feed])
}

/// Puts the words of a story into the full-text index, in the place of those it had.
fn index_words(connection: &Connection, row: i64, [title, summary, outlet, feed]: [&str; 4]) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT OR REPLACE INTO story_words (rowid, title, summary, outlet, feed) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    let text = Text::new(title, summary);
    let name = |name: &str| {
        let name = Text::name(name);
        name.folded(name.title_words())
    };
    let (title, summary) = (text.folded(text.title_words()), text.folded(text.summary_words()));
    statement.execute(params![row, title, summary, name(outlet), name(feed)])?;
    Ok(())
}

/// Puts every story into the full-text index, when there is a new one.
pub(super) fn index_all(connection: &Connection) -> rusqlite::Result<()> {
    let mut statement = connection.prepare("SELECT row, title, summary, outlet, feed FROM story")?;
    let mut rows = statement.query([])?;
    while let Some(found) = rows.next()? {
        let word = |column| found.get::<_, String>(column);
        // A row that makes no sense is skipped, as it is in reading.
        let words = (|| Ok([word(1)?, word(2)?, word(3)?, word(4)?]))();
        if let Some(words) = read::sense(words)? {
            index_words(connection, found.get(0)?, words.each_ref().map(String::as_str))?;
        }
    }
    Ok(())
}

/// Keeps a query as the latest of the history, which is bounded.
fn save_query(transaction: &Transaction, query: &str) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "INSERT OR REPLACE INTO query_history (number, query)
             VALUES ((SELECT coalesce(max(number), 0) + 1 FROM query_history), ?1)",
        )?
        .execute([query])?;
    transaction
        .prepare_cached(
            "DELETE FROM query_history WHERE number NOT IN
             (SELECT number FROM query_history ORDER BY number DESC LIMIT ?1)",
        )?
        .execute([QUERIES_MAX as u32])?;
    Ok(())
}

/// Keeps something under a name, as JSON.
fn save_setting(transaction: &Transaction, name: &str, value: &impl serde::Serialize) -> rusqlite::Result<()> {
    let value = json(value)?;
    transaction
        .prepare_cached("INSERT OR REPLACE INTO setting (name, value) VALUES (?1, ?2)")?
        .execute([name, value.as_str()])?;
    Ok(())
}

fn save_marks(transaction: &Transaction, id: StoryId, marks: Marks) -> rusqlite::Result<()> {
    let sql = "UPDATE story SET read = ?2, starred = ?3, grp = coalesce(?4, grp) WHERE id = ?1";
    let group = marks.group.map(|group| group.0.cast_signed());
    transaction.prepare_cached(sql)?.execute(params![id.0.cast_signed(), marks.read, marks.starred, group])?;
    Ok(())
}

/// A story that is stored in a group stays there.
fn save_group(transaction: &Transaction, id: StoryId, group: GroupId) -> rusqlite::Result<()> {
    let sql = "UPDATE story SET grp = ?2 WHERE id = ?1 AND grp IS NULL";
    transaction.prepare_cached(sql)?.execute([id.0.cast_signed(), group.0.cast_signed()])?;
    Ok(())
}

/// Only of the words that are stored: they may be others than those it was worked out from.
fn save_analysis(transaction: &Transaction, id: StoryId, analysis: &Analysis) -> rusqlite::Result<()> {
    let Some((row, (story, _))) = stored(transaction, id)? else { return Ok(()) };
    if !analysis.is_of(&story) {
        return Ok(());
    }
    let data = analysis.to_bytes().map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    transaction
        .prepare_cached("INSERT OR REPLACE INTO analysis (row, stamp, data) VALUES (?1, ?2, ?3)")?
        .execute(params![row, analysis.stamp.0.cast_signed(), data])?;
    Ok(())
}

fn save_feed(transaction: &Transaction, state: &FeedState) -> rusqlite::Result<()> {
    let mut statement =
        transaction.prepare_cached("INSERT OR REPLACE INTO feed_state (feed, state) VALUES (?1, ?2)")?;
    statement.execute(params![state.feed, json(state)?])?;
    Ok(())
}

fn save_quote(transaction: &Transaction, quote: &Quote) -> rusqlite::Result<()> {
    let mut statement = transaction.prepare_cached("INSERT OR REPLACE INTO quote (symbol, quote) VALUES (?1, ?2)")?;
    statement.execute(params![quote.symbol, json(quote)?])?;
    Ok(())
}

fn save_series(transaction: &Transaction, span: Span, series: &Series) -> rusqlite::Result<()> {
    let bars = series.bars.iter();
    let bars = bars.map(|bar| (bar.time.as_millisecond(), bar.open, bar.high, bar.low, bar.close, bar.volume));
    let bars = json(&bars.collect::<Vec<_>>())?;
    let mut statement = transaction.prepare_cached(
        "INSERT OR REPLACE INTO series (symbol, span, source, interval, closes_only, bars)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    let (span, closes_only) = (span.to_string(), series.closes_only);
    statement.execute(params![series.symbol, span, series.source, series.interval, closes_only, bars])?;
    Ok(())
}

/// Only blocks are remembered: how a source fared otherwise is learned anew by asking it.
fn save_source(transaction: &Transaction, report: &SourceReport) -> rusqlite::Result<()> {
    let (source, capability): (&Name, _) = (&report.source, report.capability.to_string());
    if !matches!(report.outcome, Outcome::Blocked { .. }) {
        let mut statement =
            transaction.prepare_cached("DELETE FROM source_block WHERE source = ?1 AND capability = ?2")?;
        statement.execute(params![source, capability])?;
        return Ok(());
    }
    let mut statement = transaction
        .prepare_cached("INSERT OR REPLACE INTO source_block (source, capability, report) VALUES (?1, ?2, ?3)")?;
    statement.execute(params![source, capability, json(report)?])?;
    Ok(())
}

fn json<T: serde::Serialize>(value: &T) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

/// A story first seen later than this after now was seen under a clock that ran ahead.
const AHEAD: SignedDuration = SignedDuration::from_hours(24);

/// Stories that were first seen after now count as seen now, or they would be kept for as much longer, and one without a time
/// of its own would stand above all others until then. The same of what is remembered of pruned ones. True when more may
/// be left.
pub(super) fn see_by(connection: &mut Connection, now: Timestamp) -> rusqlite::Result<bool> {
    let ahead = now.saturating_add(AHEAD).unwrap_or(Timestamp::MAX);
    let limits = params![ahead.as_millisecond(), now.as_millisecond(), PRUNE_AT_ONCE];
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let changed = transaction
        .prepare_cached(
            "UPDATE story SET first_seen = ?2, time = min(time, ?2) WHERE row IN (
                SELECT row FROM story WHERE first_seen > ?1 ORDER BY first_seen, row LIMIT ?3)",
        )?
        .execute(limits)?;
    transaction.execute(
        "UPDATE pruned SET first_seen = ?2 WHERE first_seen > ?1",
        params![ahead.as_millisecond(), now.as_millisecond()],
    )?;
    transaction.commit()?;
    Ok(changed == PRUNE_AT_ONCE as usize)
}

/// Removes some of the unstarred stories first seen before a time, and what is remembered of those pruned before
/// another. True when more may be left.
pub(super) fn prune(connection: &mut Connection, before: Timestamp, forget: Timestamp) -> rusqlite::Result<bool> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let limits = params![before.as_millisecond(), PRUNE_AT_ONCE];
    // The same order in both statements: by the index on (first_seen, row).
    transaction
        .prepare_cached(
            "INSERT OR REPLACE INTO pruned (id, first_seen, read)
             SELECT id, first_seen, read FROM story WHERE starred = 0 AND first_seen < ?1
             ORDER BY first_seen, row LIMIT ?2",
        )?
        .execute(limits)?;
    let removed = transaction
        .prepare_cached(
            "DELETE FROM story WHERE row IN (
                SELECT row FROM story WHERE starred = 0 AND first_seen < ?1 ORDER BY first_seen, row LIMIT ?2)",
        )?
        .execute(limits)?;
    transaction.execute("DELETE FROM pruned WHERE first_seen < ?1", [forget.as_millisecond()])?;
    transaction.commit()?;
    Ok(removed == PRUNE_AT_ONCE as usize)
}
