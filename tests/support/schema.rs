//! JSON held against a JSON Schema: of its vocabulary (draft 2020-12) what the files of `tests/schemas` use, and an error
//! for a keyword that is not known here, so that none is passed over.

use regex::Regex;
use serde_json::{Map, Value};

/// Everything that is wrong with a value, each with its place.
pub(crate) fn complaints(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(schema, value, "", &mut found);
    found
}

fn check(schema: &Value, value: &Value, place: &str, found: &mut Vec<String>) {
    for (keyword, wanted) in schema.as_object().unwrap() {
        let wrong = match keyword.as_str() {
            "$schema" | "title" | "required" | "properties" | "additionalProperties" | "items" => None,
            "type" => (!has_type(wanted, value)).then(|| format!("{value} is not {wanted}")),
            "enum" => (!wanted.as_array().unwrap().contains(value)).then(|| format!("{value} is not among {wanted}")),
            "minLength" => value
                .as_str()
                .filter(|text| (text.chars().count() as u64) < wanted.as_u64().unwrap())
                .map(|text| format!("{text:?} is too short")),
            "pattern" => value
                .as_str()
                .filter(|text| !Regex::new(wanted.as_str().unwrap()).unwrap().is_match(text))
                .map(|text| format!("{text:?} does not match {wanted}")),
            "format" => {
                assert_eq!(wanted, "date-time");
                // RFC 3339, and as the README promises in UTC.
                value
                    .as_str()
                    .filter(|text| !text.ends_with('Z') || text.parse::<jiff::Timestamp>().is_err())
                    .map(|text| format!("{text:?} is no time in UTC"))
            }
            other => panic!("tests/support/schema.rs does not know the keyword {other}"),
        };
        found.extend(wrong.map(|wrong| format!("{place}: {wrong}")));
    }
    match value {
        Value::Object(fields) => check_fields(schema, fields, place, found),
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate().filter(|_| schema.get("items").is_some()) {
                check(&schema["items"], item, &format!("{place}/{at}"), found);
            }
        }
        _ => {}
    }
}

fn check_fields(schema: &Value, fields: &Map<String, Value>, place: &str, found: &mut Vec<String>) {
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    found.extend(required.filter(|name| !fields.contains_key(*name)).map(|name| format!("{place}: no {name}")));
    for (name, value) in fields {
        let place = format!("{place}/{name}");
        match (schema.get("properties").and_then(|known| known.get(name)), schema.get("additionalProperties")) {
            (Some(known), _) => check(known, value, &place, found),
            (None, Some(Value::Bool(false))) => found.push(format!("{place} is not in the schema")),
            (None, Some(others @ Value::Object(_))) => check(others, value, &place, found),
            _ => {}
        }
    }
}

fn has_type(wanted: &Value, value: &Value) -> bool {
    let is = |name: &Value| match name.as_str().unwrap() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{other} is no type"),
    };
    wanted.as_array().map_or_else(|| is(wanted), |any| any.iter().any(is))
}
