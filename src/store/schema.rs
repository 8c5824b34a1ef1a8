//! The tables, as numbered migrations. A migration that has been released is never edited: a new one is added, with
//! the rows of its time in the tests below.
//!
//! All times are unix milliseconds, UTC. Ids are the 64 bits of a [`crate::domain::story::StoryId`], read as signed.

use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

use super::{StoreError, in_parts, write};

/// How long a statement waits for another connection's lock.
const BUSY: Duration = Duration::from_secs(5);

/// `row` counts up, apart from the id (a hash): the full-text index writes a new segment whenever a row number goes
/// down, which with hashes would be at every story.
const V1: &str = "
CREATE TABLE story (
    row         INTEGER PRIMARY KEY,
    id          INTEGER NOT NULL UNIQUE,
    feed        TEXT NOT NULL,
    outlet      TEXT NOT NULL,
    title       TEXT NOT NULL,
    summary     TEXT NOT NULL,
    link        TEXT,
    lang        TEXT,
    published   INTEGER,
    first_seen  INTEGER NOT NULL,
    time        INTEGER NOT NULL,
    is_primary  INTEGER NOT NULL,
    read        INTEGER NOT NULL DEFAULT 0,
    starred     INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX story_by_time ON story (time);
CREATE INDEX story_by_age ON story (first_seen) WHERE starred = 0;

CREATE VIRTUAL TABLE story_text USING fts5 (
    title, summary, content = 'story', content_rowid = 'row', tokenize = 'unicode61 remove_diacritics 2'
);
CREATE TRIGGER story_inserted AFTER INSERT ON story BEGIN
    INSERT INTO story_text (rowid, title, summary) VALUES (new.row, new.title, new.summary);
END;
CREATE TRIGGER story_deleted AFTER DELETE ON story BEGIN
    INSERT INTO story_text (story_text, rowid, title, summary) VALUES ('delete', old.row, old.title, old.summary);
END;
CREATE TRIGGER story_edited AFTER UPDATE OF title, summary ON story
WHEN old.title IS NOT new.title OR old.summary IS NOT new.summary BEGIN
    INSERT INTO story_text (story_text, rowid, title, summary) VALUES ('delete', old.row, old.title, old.summary);
    INSERT INTO story_text (rowid, title, summary) VALUES (new.row, new.title, new.summary);
END;

-- What is left of pruned stories, so that a feed that still carries one does not bring it back as new.
CREATE TABLE pruned (
    id          INTEGER PRIMARY KEY,
    first_seen  INTEGER NOT NULL,
    read        INTEGER NOT NULL
) STRICT;

-- Values below are JSON.
CREATE TABLE feed_state (feed TEXT PRIMARY KEY, state TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE quote (symbol TEXT PRIMARY KEY, quote TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE source_block (
    source TEXT, capability TEXT, report TEXT NOT NULL, PRIMARY KEY (source, capability)
) STRICT, WITHOUT ROWID;
-- Bars are [[start, open, high, low, close, volume or null], …], the interval is in seconds.
CREATE TABLE series (
    symbol TEXT, span TEXT, source TEXT NOT NULL, interval INTEGER NOT NULL, bars TEXT NOT NULL,
    PRIMARY KEY (symbol, span)
) STRICT;
";

/// The title a story was first seen with, where it has been changed since.
const V2: &str = "ALTER TABLE story ADD COLUMN title_before TEXT;";

/// The full-text index holds the words as queries compare them (see [`crate::domain::text::Text`]), written by us and
/// only parted by the tokenizer, so that it finds what a query finds. It keeps no copy of the text, and goes with its
/// story. The other index answers marks, age and language without reading a story.
const V3: &str = "
DROP TRIGGER story_inserted;
DROP TRIGGER story_deleted;
DROP TRIGGER story_edited;
DROP TABLE story_text;
CREATE VIRTUAL TABLE story_words USING fts5 (
    title, summary, outlet, feed, content = '', contentless_delete = 1, tokenize = \"ascii tokenchars '.$%'\"
);
CREATE TRIGGER story_deleted AFTER DELETE ON story BEGIN
    DELETE FROM story_words WHERE rowid = old.row;
END;
DROP INDEX story_by_time;
CREATE INDEX story_by_time ON story (time, row, first_seen, is_primary, read, starred, lang);

-- What was typed into the filter line, the latest with the highest number.
CREATE TABLE query_history (number INTEGER PRIMARY KEY, query TEXT NOT NULL UNIQUE) STRICT;
";

/// The group that a story is in, the id of one as that of a story; null while it has none.
const V4: &str = "ALTER TABLE story ADD COLUMN grp INTEGER;";

/// What the reader set with keys, by name, as JSON.
const V5: &str = "CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;";

/// Whether the bars of a series are closes alone.
const V6: &str = "ALTER TABLE series ADD COLUMN closes_only INTEGER NOT NULL DEFAULT 0;";

/// A refusal is data, no text such as `yahoo 429`: which source, and what it was known by.
const V7: &str = "
UPDATE source_block SET report = json_set(
    json_remove(report, '$.outcome.blocked.why'),
    '$.outcome.blocked.refusal',
    json_object('source', json_extract(report, '$.source'), 'sign', json(CASE
        WHEN json_extract(report, '$.status') IS NOT NULL THEN json_object('status', json_extract(report, '$.status'))
        WHEN json_extract(report, '$.outcome.blocked.why') LIKE '% web page' THEN json_quote('web_page')
        ELSE json_quote('limit')
    END))
) WHERE json_valid(report) AND json_type(report, '$.outcome.blocked.why') = 'text';
";

/// What was worked out about a story (see [`crate::domain::analysis`]), in a table of its own, which is read without the
/// texts. `row` is that of the story. The index finds the stories of a group.
const V9: &str = "
CREATE TABLE analysis (row INTEGER PRIMARY KEY, stamp INTEGER NOT NULL, data BLOB NOT NULL) STRICT;
CREATE TRIGGER analysis_deleted AFTER DELETE ON story BEGIN
    DELETE FROM analysis WHERE row = old.row;
END;
CREATE INDEX story_by_group ON story (grp, outlet);
";

/// What a migration does beside its statements.
type Then = fn(&Connection) -> rusqlite::Result<()>;

const MIGRATIONS: &[(&str, Option<Then>)] = &[
    (V1, None),
    (V2, None),
    (V3, Some(write::index_all)),
    (V4, None),
    (V5, None),
    (V6, None),
    (V7, None),
    ("", Some(in_parts::feed_states_in_parts)),
    (V9, None),
];

/// The number of the schema that is written.
#[cfg(test)]
pub(super) const NEWEST: usize = MIGRATIONS.len();

/// Readies a connection that writes: pragmas, then the migrations that are missing.
///
/// WAL with `synchronous = NORMAL`: a killed process loses nothing that was committed; only a power cut may take the
/// last commits, and never breaks the file.
pub(super) fn prepare(connection: &mut Connection) -> Result<(), StoreError> {
    connection.busy_timeout(BUSY)?;
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    // A cache of 1 MiB in place of two: the pages are in the system's cache as well.
    connection.execute_batch("PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -1024;")?;
    migrate(connection, MIGRATIONS.len())
}

/// Readies a connection that only reads; it can't bring old tables up to date.
pub(super) fn prepare_reading(connection: &Connection) -> Result<(), StoreError> {
    connection.busy_timeout(BUSY)?;
    match version(connection)? {
        have if have == MIGRATIONS.len() => Ok(()),
        have if have > MIGRATIONS.len() => Err(StoreError::Newer),
        _ => Err(StoreError::Older),
    }
}

/// False when the pages of the file don't hang together. Reads the whole file.
pub(super) fn is_sound(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0)).map(|answer| answer == "ok")
}

/// Brings the tables up to a number.
pub(super) fn migrate(connection: &mut Connection, target: usize) -> Result<(), StoreError> {
    let have = version(connection)?;
    if have > MIGRATIONS.len() {
        return Err(StoreError::Newer);
    }
    for (index, (statements, then)) in MIGRATIONS.iter().enumerate().take(target).skip(have) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(statements)?;
        then.map_or(Ok(()), |then| then(&transaction))?;
        transaction.pragma_update(None, "user_version", index as u32 + 1)?;
        transaction.commit()?;
    }
    Ok(())
}

fn version(connection: &Connection) -> rusqlite::Result<usize> {
    let version: i32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    // Below 0 nobody of ours wrote: as if from a future that is not known.
    Ok(usize::try_from(version).unwrap_or(usize::MAX))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::domain::price::{Outcome, Refusal, SourceReport};
    use crate::domain::story::StoryId;
    use crate::store::inbox::Window;
    use crate::store::read;

    /// What a newstape of each version left behind, in its own tables. The first is an empty file.
    const LEFT_BEHIND: &[&str] = &[
        "",
        r#"INSERT INTO story (id, feed, outlet, title, summary, link, lang, published, first_seen, time, is_primary, read)
           VALUES (-7, 'Desk', 'Desk', 'Chips are scarce', 'Again.', 'https://desk.example/1', 'en', 1000, 2000, 1000, 1, 1);
           INSERT INTO feed_state VALUES ('Desk', '{"feed":"Desk","url":"https://desk.example/rss","etag":"\"a\"",
             "last_modified":null,"next_check":"2026-11-23T10:00:00Z","last_attempt":null,"last_success":null,"status":200,
             "failures":0,"not_modified":3,"trouble":null,"repairs":[]}');
           INSERT INTO quote VALUES ('NVDA', '{"symbol":"NVDA","price":"181.23","currency":"USD","base":"185.17",
             "source":"yahoo","session":"regular","exchange_time":"2026-11-23T10:00:00Z",
             "received_time":"2026-11-23T10:00:01Z","delivery":{"polled":{"secs":30,"nanos":0}},"extended":null}');
           INSERT INTO source_block VALUES ('yahoo', 'quote', '{"source":"yahoo","capability":"quote",
             "at":"2026-11-23T10:00:00Z","outcome":{"blocked":{"why":"yahoo 429","until":"2026-11-23T11:00:00Z"}},
             "status":429,"next":null}');
           INSERT INTO series VALUES ('NVDA', '1D', 'yahoo', 300, '[[1000,1.0,2.0,0.5,1.5,null],[301000,1.5,2.0,1.0,1.0,9.0]]');"#,
        r#"INSERT INTO story (id, feed, outlet, title, summary, link, lang, published, first_seen, time, is_primary, read,
                              title_before)
           VALUES (-7, 'Desk', 'Desk', 'Chips are scarce', 'Again.', 'https://desk.example/1', 'en', 1000, 2000, 1000, 1, 1,
                   'Chips are rare');
           INSERT INTO feed_state VALUES ('Desk', '{"feed":"Desk","url":"https://desk.example/rss","etag":"\"a\"",
             "last_modified":null,"next_check":"2026-11-23T10:00:00Z","last_attempt":"2026-11-23T09:50:00Z",
             "last_success":"2026-11-23T09:50:00Z","status":200,"failures":0,"not_modified":3,"trouble":null,"repairs":[],
             "known":[{"story":7,"guid":1,"link":null,"title":2,"published":"2026-11-23T09:00:00Z"}]}');
           INSERT INTO quote VALUES ('NVDA', '{"symbol":"NVDA","price":"181.23","currency":"USD","base":"185.17",
             "source":"yahoo","session":"regular","exchange_time":"2026-11-23T10:00:00Z",
             "received_time":"2026-11-23T10:00:01Z","delivery":{"polled":{"secs":30,"nanos":0}},"extended":null}');
           INSERT INTO source_block VALUES ('yahoo', 'quote', '{"source":"yahoo","capability":"quote",
             "at":"2026-11-23T10:00:00Z","outcome":{"blocked":{"why":"yahoo 429","until":"2026-11-23T11:00:00Z"}},
             "status":429,"next":null}');
           INSERT INTO series VALUES ('NVDA', '1D', 'yahoo', 300, '[[1000,1.0,2.0,0.5,1.5,null],[301000,1.5,2.0,1.0,1.0,9.0]]');"#,
        r#"INSERT INTO story (id, feed, outlet, title, summary, link, lang, published, first_seen, time, is_primary, read,
                              title_before)
           VALUES (-7, 'Desk', 'Desk', 'Chips are scarce', 'Again.', 'https://desk.example/1', 'en', 1000, 2000, 1000, 1, 1,
                   'Chips are rare');
           INSERT INTO feed_state VALUES ('Desk', '{"feed":"Desk","url":"https://desk.example/rss","etag":"\"a\"",
             "last_modified":null,"next_check":"2026-11-23T10:00:00Z","last_attempt":"2026-11-23T09:50:00Z",
             "last_success":"2026-11-23T09:50:00Z","status":200,"failures":0,"not_modified":3,"trouble":null,"repairs":[],
             "known":[{"story":7,"guid":1,"link":null,"title":2,"published":"2026-11-23T09:00:00Z"}]}');
           INSERT INTO quote VALUES ('NVDA', '{"symbol":"NVDA","price":"181.23","currency":"USD","base":"185.17",
             "source":"yahoo","session":"regular","exchange_time":"2026-11-23T10:00:00Z",
             "received_time":"2026-11-23T10:00:01Z","delivery":{"polled":{"secs":30,"nanos":0}},"extended":null}');
           INSERT INTO source_block VALUES ('yahoo', 'quote', '{"source":"yahoo","capability":"quote",
             "at":"2026-11-23T10:00:00Z","outcome":{"blocked":{"why":"yahoo 429","until":"2026-11-23T11:00:00Z"}},
             "status":429,"next":null}');
           INSERT INTO series VALUES ('NVDA', '1D', 'yahoo', 300, '[[1000,1.0,2.0,0.5,1.5,null],[301000,1.5,2.0,1.0,1.0,9.0]]');
           INSERT INTO story_words (rowid, title, summary, outlet, feed) VALUES (1, 'chips are scarce', 'again', 'desk', 'desk');
           INSERT INTO query_history (query) VALUES ('chips');"#,
        r#"INSERT INTO story (id, feed, outlet, title, summary, link, lang, published, first_seen, time, is_primary, read,
                              title_before, grp)
           VALUES (-7, 'Desk', 'Desk', 'Chips are scarce', 'Again.', 'https://desk.example/1', 'en', 1000, 2000, 1000, 1, 1,
                   'Chips are rare', -9);
           INSERT INTO feed_state VALUES ('Desk', '{"feed":"Desk","url":"https://desk.example/rss","etag":"\"a\"",
             "last_modified":null,"next_check":"2026-11-23T10:00:00Z","last_attempt":"2026-11-23T09:50:00Z",
             "last_success":"2026-11-23T09:50:00Z","status":200,"failures":0,"not_modified":3,"trouble":null,"repairs":[],
             "known":[{"story":7,"guid":1,"link":null,"title":2,"published":"2026-11-23T09:00:00Z"}]}');
           INSERT INTO quote VALUES ('NVDA', '{"symbol":"NVDA","price":"181.23","currency":"USD","base":"185.17",
             "source":"yahoo","session":"regular","exchange_time":"2026-11-23T10:00:00Z",
             "received_time":"2026-11-23T10:00:01Z","delivery":{"polled":{"secs":30,"nanos":0}},"extended":null}');
           INSERT INTO source_block VALUES ('yahoo', 'quote', '{"source":"yahoo","capability":"quote",
             "at":"2026-11-23T10:00:00Z","outcome":{"blocked":{"why":"yahoo 429","until":"2026-11-23T11:00:00Z"}},
             "status":429,"next":null}');
           INSERT INTO series VALUES ('NVDA', '1D', 'yahoo', 300, '[[1000,1.0,2.0,0.5,1.5,null],[301000,1.5,2.0,1.0,1.0,9.0]]');
           INSERT INTO story_words (rowid, title, summary, outlet, feed) VALUES (1, 'chips are scarce', 'again', 'desk', 'desk');
           INSERT INTO query_history (query) VALUES ('chips');"#,
        r#"INSERT INTO story (id, feed, outlet, title, summary, link, lang, published, first_seen, time, is_primary, read,
                              title_before, grp)
           VALUES (-7, 'Desk', 'Desk', 'Chips are scarce', 'Again.', 'https://desk.example/1', 'en', 1000, 2000, 1000, 1, 1,
                   'Chips are rare', -9);
           INSERT INTO feed_state VALUES ('Desk', '{"feed":"Desk","url":"https://desk.example/rss","etag":"\"a\"",
             "last_modified":null,"next_check":"2026-11-23T10:00:00Z","last_attempt":"2026-11-23T09:50:00Z",
             "last_success":"2026-11-23T09:50:00Z","status":200,"failures":0,"not_modified":3,"trouble":null,"repairs":[],
             "known":[{"story":7,"guid":1,"link":null,"title":2,"published":"2026-11-23T09:00:00Z"}]}');
           INSERT INTO quote VALUES ('NVDA', '{"symbol":"NVDA","price":"181.23","currency":"USD","base":"185.17",
             "source":"yahoo","session":"regular","exchange_time":"2026-11-23T10:00:00Z",
             "received_time":"2026-11-23T10:00:01Z","delivery":{"polled":{"secs":30,"nanos":0}},"extended":null}');
           INSERT INTO source_block VALUES ('yahoo', 'quote', '{"source":"yahoo","capability":"quote",
             "at":"2026-11-23T10:00:00Z","outcome":{"blocked":{"why":"yahoo 429","until":"2026-11-23T11:00:00Z"}},
             "status":429,"next":null}');
           INSERT INTO series VALUES ('NVDA', '1D', 'yahoo', 300, '[[1000,1.0,2.0,0.5,1.5,null],[301000,1.5,2.0,1.0,1.0,9.0]]');
           INSERT INTO story_words (rowid, title, summary, outlet, feed) VALUES (1, 'chips are scarce', 'again', 'desk', 'desk');
           INSERT INTO query_history (query) VALUES ('chips');
           INSERT INTO setting VALUES ('layout', '{"hidden":["heat"],"zoomed":true,"columns":4,"rows":-2}');"#,
        r#"INSERT INTO story (id, feed, outlet, title, summary, link, lang, published, first_seen, time, is_primary, read,
                              title_before, grp)
           VALUES (-7, 'Desk', 'Desk', 'Chips are scarce', 'Again.', 'https://desk.example/1', 'en', 1000, 2000, 1000, 1, 1,
                   'Chips are rare', -9);
           INSERT INTO feed_state VALUES ('Desk', '{"feed":"Desk","url":"https://desk.example/rss","etag":"\"a\"",
             "last_modified":null,"next_check":"2026-11-23T10:00:00Z","last_attempt":"2026-11-23T09:50:00Z",
             "last_success":"2026-11-23T09:50:00Z","status":200,"failures":0,"not_modified":3,"trouble":null,"repairs":[],
             "known":[{"story":7,"guid":1,"link":null,"title":2,"published":"2026-11-23T09:00:00Z"}]}');
           INSERT INTO quote VALUES ('NVDA', '{"symbol":"NVDA","price":"181.23","currency":"USD","base":"185.17",
             "source":"yahoo","session":"regular","exchange_time":"2026-11-23T10:00:00Z",
             "received_time":"2026-11-23T10:00:01Z","delivery":{"polled":{"secs":30,"nanos":0}},"extended":null}');
           INSERT INTO source_block VALUES ('yahoo', 'quote', '{"source":"yahoo","capability":"quote",
             "at":"2026-11-23T10:00:00Z","outcome":{"blocked":{"why":"yahoo 429","until":"2026-11-23T11:00:00Z"}},
             "status":429,"next":null}');
           INSERT INTO series VALUES ('NVDA', '1D', 'yahoo', 300, '[[1000,1.0,2.0,0.5,1.5,null],[301000,1.5,2.0,1.0,1.0,9.0]]', 1);
           INSERT INTO story_words (rowid, title, summary, outlet, feed) VALUES (1, 'chips are scarce', 'again', 'desk', 'desk');
           INSERT INTO query_history (query) VALUES ('chips');
           INSERT INTO setting VALUES ('layout', '{"hidden":["heat"],"zoomed":true,"columns":4,"rows":-2}');"#,
        r#"INSERT INTO story (id, feed, outlet, title, summary, link, lang, published, first_seen, time, is_primary, read,
                              title_before, grp)
           VALUES (-7, 'Desk', 'Desk', 'Chips are scarce', 'Again.', 'https://desk.example/1', 'en', 1000, 2000, 1000, 1, 1,
                   'Chips are rare', -9);
           INSERT INTO feed_state VALUES ('Desk', '{"feed":"Desk","url":"https://desk.example/rss","etag":"\"a\"",
             "last_modified":null,"next_check":"2026-11-23T10:00:00Z","last_attempt":"2026-11-23T09:50:00Z",
             "last_success":"2026-11-23T09:50:00Z","status":200,"failures":0,"not_modified":3,"trouble":null,"repairs":[],
             "known":[{"story":7,"guid":1,"link":null,"title":2,"published":"2026-11-23T09:00:00Z"}]}');
           INSERT INTO quote VALUES ('NVDA', '{"symbol":"NVDA","price":"181.23","currency":"USD","base":"185.17",
             "source":"yahoo","session":"regular","exchange_time":"2026-11-23T10:00:00Z",
             "received_time":"2026-11-23T10:00:01Z","delivery":{"polled":{"secs":30,"nanos":0}},"extended":null}');
           INSERT INTO source_block VALUES ('yahoo', 'quote', '{"source":"yahoo","capability":"quote",
             "at":"2026-11-23T10:00:00Z","outcome":{"blocked":{
               "refusal":{"source":"yahoo","sign":{"status":429}},"until":"2026-11-23T11:00:00Z"}},
             "status":429,"next":null}');
           INSERT INTO series VALUES ('NVDA', '1D', 'yahoo', 300, '[[1000,1.0,2.0,0.5,1.5,null],[301000,1.5,2.0,1.0,1.0,9.0]]', 1);
           INSERT INTO story_words (rowid, title, summary, outlet, feed) VALUES (1, 'chips are scarce', 'again', 'desk', 'desk');
           INSERT INTO query_history (query) VALUES ('chips');
           INSERT INTO setting VALUES ('layout', '{"hidden":["heat"],"zoomed":true,"columns":4,"rows":-2}');"#,
        r#"INSERT INTO story (id, feed, outlet, title, summary, link, lang, published, first_seen, time, is_primary, read,
                              title_before, grp)
           VALUES (-7, 'Desk', 'Desk', 'Chips are scarce', 'Again.', 'https://desk.example/1', 'en', 1000, 2000, 1000, 1, 1,
                   'Chips are rare', -9);
           INSERT INTO feed_state VALUES ('Desk', '{"feed":"Desk","url":"https://desk.example/rss",
             "cache":{"etag":"\"a\""},"schedule":{"next_check":{"at":"2026-11-23T10:00:00Z"}},
             "history":{"last_attempt":"2026-11-23T09:50:00Z","last_success":"2026-11-23T09:50:00Z","status":200},
             "known":[{"story":7,"guid":1,"link":null,"title":2,"published":"2026-11-23T09:00:00Z"}]}');
           INSERT INTO quote VALUES ('NVDA', '{"symbol":"NVDA","price":"181.23","currency":"USD","base":"185.17",
             "source":"yahoo","session":"regular","exchange_time":"2026-11-23T10:00:00Z",
             "received_time":"2026-11-23T10:00:01Z","delivery":{"polled":{"secs":30,"nanos":0}},"extended":null}');
           INSERT INTO source_block VALUES ('yahoo', 'quote', '{"source":"yahoo","capability":"quote",
             "at":"2026-11-23T10:00:00Z","outcome":{"blocked":{
               "refusal":{"source":"yahoo","sign":{"status":429}},"until":"2026-11-23T11:00:00Z"}},
             "status":429,"next":null}');
           INSERT INTO series VALUES ('NVDA', '1D', 'yahoo', 300, '[[1000,1.0,2.0,0.5,1.5,null],[301000,1.5,2.0,1.0,1.0,9.0]]', 1);
           INSERT INTO story_words (rowid, title, summary, outlet, feed) VALUES (1, 'chips are scarce', 'again', 'desk', 'desk');
           INSERT INTO query_history (query) VALUES ('chips');
           INSERT INTO setting VALUES ('layout', '{"hidden":["heat"],"zoomed":true,"columns":4,"rows":-2}');"#,
        r#"INSERT INTO story (id, feed, outlet, title, summary, link, lang, published, first_seen, time, is_primary, read,
                              title_before, grp)
           VALUES (-7, 'Desk', 'Desk', 'Chips are scarce', 'Again.', 'https://desk.example/1', 'en', 1000, 2000, 1000, 1, 1,
                   'Chips are rare', -9);
           INSERT INTO feed_state VALUES ('Desk', '{"feed":"Desk","url":"https://desk.example/rss",
             "cache":{"etag":"\"a\""},"schedule":{"next_check":{"at":"2026-11-23T10:00:00Z"}},
             "history":{"last_attempt":"2026-11-23T09:50:00Z","last_success":"2026-11-23T09:50:00Z","status":200},
             "known":[{"story":7,"guid":1,"link":null,"title":2,"published":"2026-11-23T09:00:00Z"}]}');
           INSERT INTO quote VALUES ('NVDA', '{"symbol":"NVDA","price":"181.23","currency":"USD","base":"185.17",
             "source":"yahoo","session":"regular","exchange_time":"2026-11-23T10:00:00Z",
             "received_time":"2026-11-23T10:00:01Z","delivery":{"polled":{"secs":30,"nanos":0}},"extended":null}');
           INSERT INTO source_block VALUES ('yahoo', 'quote', '{"source":"yahoo","capability":"quote",
             "at":"2026-11-23T10:00:00Z","outcome":{"blocked":{
               "refusal":{"source":"yahoo","sign":{"status":429}},"until":"2026-11-23T11:00:00Z"}},
             "status":429,"next":null}');
           INSERT INTO series VALUES ('NVDA', '1D', 'yahoo', 300, '[[1000,1.0,2.0,0.5,1.5,null],[301000,1.5,2.0,1.0,1.0,9.0]]', 1);
           INSERT INTO story_words (rowid, title, summary, outlet, feed) VALUES (1, 'chips are scarce', 'again', 'desk', 'desk');
           INSERT INTO query_history (query) VALUES ('chips');
           INSERT INTO setting VALUES ('layout', '{"hidden":["heat"],"zoomed":true,"columns":4,"rows":-2}');
           INSERT INTO analysis VALUES (1, 7, x'00');"#,
    ];

    #[test]
    fn every_older_schema_opens_with_its_rows() {
        assert_eq!(LEFT_BEHIND.len(), MIGRATIONS.len() + 1, "a migration came without the rows of its time");
        for (version, rows) in LEFT_BEHIND.iter().enumerate() {
            let mut connection = Connection::open_in_memory().unwrap();
            migrate(&mut connection, version).unwrap();
            connection.execute_batch(rows).unwrap();
            prepare(&mut connection).unwrap();
            assert!(is_sound(&connection).unwrap());
            let loaded = read::Loading::new(Window { stories: 10, ..Window::default() })
                .next(&connection, "2026-11-23T10:30:00Z".parse().unwrap())
                .unwrap();
            let expected = if version == 0 { [0; 5] } else { [1; 5] };
            let counts = [
                loaded.stories.len(),
                loaded.feeds.len(),
                loaded.quotes.len(),
                loaded.series.len(),
                loaded.sources.len(),
            ];
            assert_eq!(counts, expected, "schema {version}");
            let mut etags = loaded.feeds.iter().map(|state| state.cache.etag.as_deref());
            assert!(etags.all(|etag| etag == Some("\"a\"")), "schema {version}");
            let refused = Outcome::Blocked {
                refusal: Refusal::by_status("yahoo", 429),
                until: "2026-11-23T11:00:00Z".parse().unwrap(),
            };
            assert!(loaded.sources.iter().all(|report| report.outcome == refused), "schema {version}");
            let before = loaded.stories.first().and_then(|(story, _)| story.title_before.as_deref());
            assert_eq!(before, (version >= 2).then_some("Chips are rare"), "schema {version}");
            let group = loaded.stories.first().and_then(|(_, marks)| marks.group);
            assert_eq!(group, (version >= 4).then_some(StoryId((-9i64).cast_unsigned())), "schema {version}");
            assert_eq!(loaded.layout.map(|layout| layout.columns), (version >= 5).then_some(4), "schema {version}");
            let sql = "SELECT count(*) FROM story_words WHERE story_words MATCH 'title : scarce'";
            let found: u32 = connection.query_row(sql, [], |row| row.get(0)).unwrap();
            assert_eq!(found, u32::from(version >= 1), "schema {version}");
        }
    }

    #[test]
    fn refusals_are_kept_whatever_they_were_known_by() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, 6).unwrap();
        for (capability, status, why) in
            [("quote", "429", "yahoo 429"), ("candles", "null", "yahoo limit"), ("socket", "null", "yahoo web page")]
        {
            let report = format!(
                r#"{{"source":"yahoo","capability":"{capability}","at":"2026-11-23T10:00:00Z","status":{status},"next":null,
                    "outcome":{{"blocked":{{"why":"{why}","until":"2026-11-23T11:00:00Z"}}}}}}"#
            );
            let sql = "INSERT INTO source_block VALUES ('yahoo', ?1, ?2)";
            connection.execute(sql, [capability, &report]).unwrap();
        }
        prepare(&mut connection).unwrap();
        let reports = read::blocked_sources(&connection, "2026-11-23T10:30:00Z".parse().unwrap()).unwrap();
        let words = |report: &SourceReport| match &report.outcome {
            Outcome::Blocked { refusal, .. } => refusal.to_string(),
            outcome => panic!("{outcome:?}"),
        };
        assert_eq!(reports.iter().map(words).collect::<Vec<_>>(), ["yahoo limit", "yahoo 429", "yahoo web page"]);
    }

    #[test]
    fn a_newer_schema_is_left_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "user_version", 999).unwrap();
        assert!(matches!(prepare(&mut connection), Err(StoreError::Newer)));
        assert!(matches!(prepare_reading(&connection), Err(StoreError::Newer)));
    }
}
