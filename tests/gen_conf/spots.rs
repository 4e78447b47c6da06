//! The places of an inventory where a text stands: every value, and every name that somebody chose. A
//! test puts another one there.

use lvskit::inventory::keys::{self, Value as Kind};
use serde_json::Value;

/// A place in an inventory: keys and numbers, the last perhaps a key that is itself the value.
#[derive(Debug, Clone)]
pub struct Spot {
    pub path: Vec<String>,
    pub is_key: bool,
}

/// All places of an inventory below `path`.
pub fn spots(value: &Value, path: &mut Vec<String>, all: &mut Vec<Spot>) {
    match value {
        Value::Object(map) => {
            let named = path.last().is_some_and(|last| {
                keys::all().any(|key| {
                    key.name == last && matches!(key.value, Kind::Named(_) | Kind::NamedLines)
                })
            });
            for (key, value) in map {
                path.push(key.clone());
                if named && path.len() == 2 {
                    all.push(Spot { path: path.clone(), is_key: true });
                }
                spots(value, path, all);
                path.pop();
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                path.push(at.to_string());
                spots(item, path, all);
                path.pop();
            }
        }
        _ => all.push(Spot { path: path.clone(), is_key: false }),
    }
}

/// A name that has become another one, wherever it stands.
fn rename(value: Value, old: &str, new: &str) -> Value {
    let renamed = |text: String| match text.strip_prefix(old) {
        Some("") => new.to_owned(),
        Some(rest) if rest.starts_with(" weight") => format!("{new}{rest}"),
        _ => text,
    };
    match value {
        Value::String(text) => Value::String(renamed(text)),
        Value::Array(items) => items.into_iter().map(|item| rename(item, old, new)).collect(),
        Value::Object(map) => Value::Object(
            map.into_iter().map(|(key, value)| (renamed(key), rename(value, old, new))).collect(),
        ),
        other => other,
    }
}

/// The inventory with another text in a place, and what stood there.
pub fn with(inventory: &Value, spot: &Spot, text: &str) -> (String, String) {
    let is_node =
        matches!(spot.path.as_slice(), [nodes, _, name] if nodes == "nodes" && name == "name");
    if spot.is_key || is_node {
        let old = match spot.is_key {
            true => spot.path[1].clone(),
            false => plain(&inventory["nodes"][spot.path[1].parse::<usize>().unwrap()]["name"]),
        };
        return (rename(inventory.clone(), &old, text).to_string(), old);
    }
    let mut changed = inventory.clone();
    let mut at = &mut changed;
    let (last, path) = spot.path.split_last().unwrap();
    for step in path {
        at = match at {
            Value::Array(items) => &mut items[step.parse::<usize>().unwrap()],
            Value::Object(map) => &mut map[step],
            _ => unreachable!(),
        };
    }
    let old = match at {
        Value::Object(map) => plain(&std::mem::replace(&mut map[last], text.into())),
        Value::Array(items) => {
            plain(&std::mem::replace(&mut items[last.parse::<usize>().unwrap()], text.into()))
        }
        _ => unreachable!(),
    };
    (changed.to_string(), old)
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
