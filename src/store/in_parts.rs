//! The eighth migration: what is remembered of a feed lies in parts, and its outcomes are data. The words that earlier versions
//! stored are kept as they are, until the next poll of the feed.

use rusqlite::Connection;
use serde_json::{Map, Value, json};

/// `9999-01-01`, which meant never.
const NEVER: &str = "9999-01-01T00:00:00Z";

const CACHE: [&str; 5] = ["etag", "last_modified", "validators_of", "asked_as", "body"];
const SCHEDULE: [&str; 4] = ["next_check", "wished_until", "cool_until", "waits_for"];
const HISTORY: [&str; 9] = [
    "last_attempt",
    "last_success",
    "status",
    "was_reached",
    "failures",
    "not_modified",
    "trouble",
    "repairs",
    "attempts",
];

/// Writes every row anew. One that makes no sense is left as it is: it is skipped when it is read.
pub(super) fn feed_states_in_parts(connection: &Connection) -> rusqlite::Result<()> {
    let mut statement = connection.prepare("SELECT feed, state FROM feed_state")?;
    let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    let rows: Vec<(String, String)> = rows.collect::<rusqlite::Result<_>>()?;
    for (feed, state) in rows {
        if let Ok(Value::Object(state)) = serde_json::from_str(&state) {
            let state = Value::Object(in_parts(state)).to_string();
            connection.execute("UPDATE feed_state SET state = ?2 WHERE feed = ?1", [feed, state])?;
        }
    }
    Ok(())
}

fn in_parts(mut state: Map<String, Value>) -> Map<String, Value> {
    let mut part = |names: &[&str]| -> Map<String, Value> {
        names.iter().filter_map(|name| Some(((*name).to_owned(), state.remove(*name)?))).collect()
    };
    let (cache, mut schedule, mut history) = (part(&CACHE), part(&SCHEDULE), part(&HISTORY));
    let moves = part(&["moving", "moved_to"]);
    change(&mut schedule, "next_check", next_check);
    change(&mut schedule, "waits_for", in_words);
    change(&mut history, "trouble", in_words);
    if let Some(Value::Array(attempts)) = history.get_mut("attempts") {
        attempts.iter_mut().for_each(attempt);
    }
    let announced = match moves.get("moving") {
        Some(Value::Array(moving)) => json!({ "to": moving.first(), "times": moving.get(1) }),
        _ => Value::Null,
    };
    state.insert("cache".into(), cache.into());
    state.insert("schedule".into(), schedule.into());
    state.insert("history".into(), history.into());
    state.insert("moves".into(), json!({ "announced": announced, "learned": moves.get("moved_to") }));
    state
}

fn change(part: &mut Map<String, Value>, name: &str, to: fn(Value) -> Value) {
    if let Some(value) = part.get_mut(name) {
        *value = to(value.take());
    }
}

fn next_check(stored: Value) -> Value {
    match stored {
        Value::Null => json!("due"),
        Value::String(never) if never == NEVER => json!("never"),
        at => json!({ "at": at }),
    }
}

fn in_words(stored: Value) -> Value {
    if stored.is_null() { stored } else { json!({ "other": stored }) }
}

fn attempt(attempt: &mut Value) {
    if let Some(what) = attempt.as_object_mut().and_then(|attempt| attempt.remove("what")) {
        attempt["result"] = in_words(what);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::domain::feed::{FeedState, NextCheck};

    /// A state as the version before stored it.
    fn migrated(next_check: &str) -> FeedState {
        let old = format!(
            r#"{{"feed":"Desk","url":"https://desk.example/rss","etag":"\"a\"","last_modified":"yesterday",
            "validators_of":"https://desk.example/rss","asked_as":7,"next_check":{next_check},"wished_until":null,
            "cool_until":null,"last_attempt":"2026-11-23T09:50:00Z","last_success":"2026-11-23T09:00:00Z","status":403,
            "was_reached":true,"failures":2,"not_modified":3,"trouble":"refused (403)","repairs":["truncated"],
            "attempts":[{{"at":"2026-11-23T09:50:00Z","status":403,"conditional":true,"millis":12,"bytes":0,
            "what":"refused (403)"}}],"waits_for":"its site refused 2 times in a row",
            "moving":["https://desk.example/new",2],"moved_to":null,"body":9,"rhythm":{{"entries":41}},
            "known":[{{"story":7,"guid":1,"link":null,"title":2,"published":"2026-11-23T09:00:00Z"}}]}}"#
        );
        let Value::Object(old) = serde_json::from_str(&old).unwrap() else { panic!("no object") };
        serde_json::from_value(Value::Object(in_parts(old))).unwrap()
    }

    #[test]
    fn nothing_that_was_stored_is_lost() {
        let state = migrated("\"2026-11-23T10:00:00Z\"");
        assert_eq!(
            (state.cache.etag.as_deref(), state.cache.asked_as, state.cache.body),
            (Some("\"a\""), Some(7), Some(9))
        );
        assert_eq!(state.schedule.next_check, NextCheck::At("2026-11-23T10:00:00Z".parse().unwrap()));
        assert_eq!(state.schedule.clause().as_deref(), Some("its site refused 2 times in a row"));
        assert_eq!(state.history.trouble.as_ref().map(ToString::to_string).as_deref(), Some("refused (403)"));
        assert_eq!((state.history.status, state.history.failures, state.history.not_modified), (Some(403), 2, 3));
        assert_eq!(state.history.attempts[0].clause(), "refused (403)");
        let announced = state.moves.announced.unwrap();
        assert_eq!((announced.to.as_str(), announced.times), ("https://desk.example/new", 2));
        assert_eq!((state.rhythm.entries, state.known.len()), (Some(41), 1));
    }

    #[test]
    fn never_and_at_once_are_no_dates() {
        assert!(migrated("\"9999-01-01T00:00:00Z\"").is_stopped());
        assert_eq!(migrated("null").schedule.next_check, NextCheck::Due);
    }
}
