//! `lvskit gen-conf --explain KEY`: what the tables know of a key, for people.

use std::fmt::Write;

use super::keys::form::TUNNEL;
use super::keys::{Key, Role, SECTIONS, Table, Value};
use crate::cluster::Release;

/// Explains a key: by its name, wherever it stands, or by its path, such as
/// `vrrp_instance.advert_int`; a section with all its keys. `None` if there is no such key.
pub fn explain(wanted: &str) -> Option<String> {
    let mut text = String::new();
    for (path, table) in SECTIONS {
        for key in table.keys() {
            let whole =
                if path.is_empty() { key.name.into() } else { format!("{path}.{}", key.name) };
            if key.name == wanted || whole == wanted {
                describe(&whole, key, &mut text);
            }
        }
    }
    if let Some((_, table)) = SECTIONS.iter().find(|(path, _)| !path.is_empty() && *path == wanted)
    {
        list(wanted, table, &mut text);
    }
    (!text.is_empty()).then_some(text)
}

/// All paths of keys, in order.
pub fn paths() -> Vec<String> {
    let join = |path: &str, name: &str| match path {
        "" => name.to_owned(),
        _ => format!("{path}.{name}"),
    };
    SECTIONS.iter().flat_map(|(path, table)| table.keys().map(|key| join(path, key.name))).collect()
}

fn describe(path: &str, key: &Key, text: &mut String) {
    // Writing to a String can't fail.
    let _ = writeln!(text, "{path}");
    let _ = writeln!(text, "    {}", key.doc);
    let _ = writeln!(text, "    value:   {}", value(&key.value));
    let _ = writeln!(text, "    default: {}", key.default);
    if key.since > Release::V2_1_5 {
        let _ = writeln!(text, "    since:   {}", key.since);
    }
    if key.role == Role::Plain {
        let _ = writeln!(text, "    becomes: `{}` of keepalived.conf(5)", key.name);
    }
}

fn list(path: &str, table: &Table, text: &mut String) {
    let _ = writeln!(text, "{path} has these keys:");
    let widest = table.keys().map(|key| key.name.len()).max().unwrap_or(0);
    for key in table.keys() {
        let _ = writeln!(text, "    {:widest$}  {}", key.name, key.doc);
    }
}

/// What a value can be, in a few words.
pub fn value(value: &Value) -> String {
    match value {
        Value::Flag | Value::Bool => "true or false".into(),
        Value::Int(from, to) => format!("a whole number from {from} to {to}"),
        Value::Seconds(from, to) => {
            let from = *from as f64 / 1e6;
            format!("seconds from {from} to {}", *to as f64 / 1e6)
        }
        Value::Text => "a text".into(),
        Value::Words => "one or more words".into(),
        Value::Form(form) => form.shown.into(),
        Value::FlagOr(inner) => format!("true, false, or {}", self::value(inner)),
        Value::Host => "a host name".into(),
        Value::Helo => "a host name, or an address in brackets".into(),
        Value::Mailbox => "a mail address".into(),
        Value::Address => "an IP address".into(),
        Value::Prefixed => "an IP address, or ADDRESS/LENGTH".into(),
        Value::Endpoint => "ADDRESS or ADDRESS PORT".into(),
        Value::Interface => "an interface".into(),
        Value::Path => "an absolute path".into(),
        Value::Program => "an absolute path and arguments".into(),
        Value::Command => "an absolute path and arguments, or {command, user}".into(),
        Value::User => "USER or USER GROUP".into(),
        Value::OneOf(words) => format!("one of {}", words.join(", ")),
        Value::Lines => "a text of lines, or a list of them".into(),
        Value::OneOrMore(inner) => format!("{}; or a list of them", self::value(inner)),
        Value::Section(table) => format!("a section: {}", names(table)),
        Value::Sections(table) => format!("a section, or a list of them: {}", names(table)),
        Value::List(table) => format!("a list of sections: {}", names(table)),
        Value::Forwarding => format!("DR, NAT, or TUN and perhaps {}", TUNNEL.shown),
        Value::Weight(from, to) => format!("a number from {from} to {to}, and perhaps reverse"),
        Value::Named(table) => format!("sections by name: {}", names(table)),
        Value::NamedLines => "lines by name".into(),
        Value::Checks => "a section with `type`, or a list of them; see check.TYPE".into(),
        Value::AnyOf(values) => values.iter().map(self::value).collect::<Vec<_>>().join("; or "),
    }
}

fn names(table: &Table) -> String {
    let names: Vec<&str> = table.keys().map(|key| key.name).take(8).collect();
    let more = if table.keys().count() > names.len() { " and more" } else { "" };
    format!("{}{more}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_can_be_asked_for() {
        for path in paths() {
            assert!(explain(&path).unwrap().contains("default:"), "{path}");
        }
        assert!(explain("vrrp_instance").unwrap().contains("advert_int"));
        assert!(explain("advert_int").unwrap().contains("0.01 to 255"));
        assert_eq!(explain("advert_in"), None);
    }
}
