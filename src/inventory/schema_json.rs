//! `lvskit schema`: the tables as a JSON schema (draft 2020-12), so that an editor completes and
//! checks an inventory while it is written. What only the whole inventory shows, it can't know.

use serde_json::{Map, Value as Json, json};

use super::keys::form::TUNNEL;
use super::keys::{CHECKS, Key, PROBE, TOP, Table, Value};

/// The schema of a whole inventory.
pub fn schema() -> Json {
    let mut schema = section(&TOP);
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
        schema.insert("title".into(), json!("lvskit inventory"));
        schema.insert("description".into(), json!("A cluster, for lvskit gen-conf."));
    }
    schema
}

fn section(table: &Table) -> Json {
    let properties: Map<String, Json> =
        table.keys().map(|key| (key.name.to_owned(), described(key))).collect();
    let required: Vec<&str> =
        table.keys().filter(|key| key.default == "required").map(|key| key.name).collect();
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
        "required": required,
    })
}

fn described(key: &Key) -> Json {
    let mut schema = value(&key.value);
    if let Some(schema) = schema.as_object_mut() {
        schema.insert(
            "description".into(),
            json!(format!("{} Default: {}. Since {}.", key.doc, key.default, key.since)),
        );
    }
    schema
}

/// A text in YAML may be a number or a truth value in its reader's eyes.
fn scalar() -> Json {
    json!({ "type": ["string", "number", "boolean"] })
}

fn value(of: &Value) -> Json {
    match of {
        Value::Flag | Value::Bool => json!({ "type": "boolean" }),
        Value::Int(from, to) => json!({ "type": "integer", "minimum": from, "maximum": to }),
        Value::Seconds(from, to) => json!({
            "type": "number",
            "minimum": *from as f64 / 1e6,
            "maximum": *to as f64 / 1e6,
        }),
        Value::Text | Value::Words => scalar(),
        Value::Form(form) => json!({ "type": ["string", "number"], "pattern": form.pattern }),
        Value::FlagOr(inner) => json!({ "anyOf": [{ "type": "boolean" }, value(inner)] }),
        Value::OneOf(words) => one_of(words),
        Value::Lines | Value::OneOrMore(Value::Text | Value::Words) => one_or_more(scalar()),
        Value::OneOrMore(inner) => one_or_more(value(inner)),
        Value::Section(table) => section(table),
        Value::Sections(table) => one_or_more(section(table)),
        Value::List(table) => json!({ "type": "array", "items": section(table) }),
        Value::Weight(from, to) => json!({
            "anyOf": [{ "type": "string" }, { "type": "integer", "minimum": from, "maximum": to }],
        }),
        Value::Named(table) => named(section(table)),
        Value::NamedLines => named(one_or_more(scalar())),
        Value::Checks => one_or_more(check()),
        Value::AnyOf(values) => {
            json!({ "anyOf": values.iter().map(value).collect::<Vec<_>>() })
        }
        Value::Command => json!({
            "anyOf": [{ "type": "string" }, section(&super::keys::COMMAND)],
        }),
        Value::Host
        | Value::Helo
        | Value::Mailbox
        | Value::Address
        | Value::Prefixed
        | Value::Endpoint
        | Value::Interface
        | Value::Path
        | Value::Program
        | Value::User => json!({ "type": "string" }),
        Value::Forwarding => {
            let tunnel = TUNNEL.pattern.trim_start_matches('^').trim_end_matches('$');
            json!({ "type": "string", "pattern": format!("^(DR|NAT|TUN( {tunnel})?)$") })
        }
    }
}

/// Words; those that YAML reads as numbers or truth values, in that form too.
fn one_of(words: &[&str]) -> Json {
    let mut all: Vec<Json> = words.iter().map(|word| json!(word)).collect();
    for word in words {
        if let Ok(other @ (Json::Number(_) | Json::Bool(_))) = serde_json::from_str::<Json>(word) {
            all.push(other);
        }
        // `target: 2.2` is the short form.
        if let Some(Ok(number)) = word.strip_prefix("keepalived ").map(str::parse::<f64>) {
            all.push(json!(number));
        }
    }
    json!({ "enum": all })
}

fn one_or_more(inner: Json) -> Json {
    json!({ "anyOf": [inner.clone(), { "type": "array", "items": inner }] })
}

fn named(inner: Json) -> Json {
    json!({ "type": "object", "additionalProperties": inner })
}

/// Any of the types: which keys there are hangs on `type`.
fn check() -> Json {
    let types = CHECKS.iter().map(|check| (check.name, check.table));
    let all = types.chain([("smtp-check", &PROBE)]).map(|(name, table)| {
        let mut schema = section(table);
        schema["properties"]["type"] = json!({ "const": name });
        schema
    });
    json!({ "oneOf": all.collect::<Vec<_>>() })
}
