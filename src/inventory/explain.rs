//! `lvskit gen-conf --explain KEY`: what the tables know of a key, for people.

use std::fmt::Write;

use super::keys::form::TUNNEL;
use super::keys::{Key, Role, SECTIONS, Table, Value};
use crate::cluster::Release;

/// Explains a key: by its name, wherever it stands, or by its path or the end of one, such as
/// `vrrp_instance.advert_int`; a section with all its keys. The path may be the one in the user's
/// file. `None` if there is no such key.
pub fn explain(wanted: &str) -> Option<String> {
    readings(wanted).iter().find_map(|reading| explain_path(reading))
}

fn explain_path(wanted: &str) -> Option<String> {
    if wanted == "check.TYPE" {
        return Some(types());
    }
    let mut text = String::new();
    let ends = |whole: &str| {
        whole.strip_suffix(wanted).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    for (path, table) in SECTIONS {
        for key in table.keys() {
            let whole = join(path, key.name);
            if ends(&whole) || without_type(path).is_some_and(|any| ends(&join(&any, key.name))) {
                describe(&whole, key, &mut text);
            }
        }
    }
    for (path, table) in SECTIONS.iter().filter(|(path, _)| !path.is_empty()) {
        // A checker's own name is no other key's.
        if *path == wanted || path.strip_prefix("check.") == Some(wanted) {
            list(path, table, &mut text);
        }
    }
    (!text.is_empty()).then_some(text)
}

/// What a path in a file is here: a check has no server, and an instance no name.
fn readings(wanted: &str) -> Vec<String> {
    let above =
        ["virtual_server.real_server.check.", "virtual_server.check.", "real_server.check."];
    let rest = above.iter().find_map(|above| wanted.strip_prefix(above));
    let path = rest.map_or_else(|| wanted.to_owned(), |rest| format!("check.{rest}"));
    // The pages of both checkers are alike.
    let path = path.replace("SSL_GET.url", "HTTP_GET.url");
    let parts: Vec<&str> = path.split('.').collect();
    let named = parts.iter().position(|part| is_named(part));
    let nameless = named.filter(|at| at + 2 < parts.len()).map(|at| {
        let kept = parts[..=at].iter().chain(&parts[at + 2..]);
        kept.copied().collect::<Vec<_>>().join(".")
    });
    [path].into_iter().chain(nameless).collect()
}

/// Whether a key's value is sections by name.
fn is_named(key: &str) -> bool {
    let all = SECTIONS.iter().filter_map(|(_, table)| table.key(key));
    all.into_iter().any(|key| matches!(key.value, Value::Named(_)))
}

/// The path of a checker's section without the checker: what several have is told of all.
fn without_type(path: &str) -> Option<String> {
    let rest = path.strip_prefix("check.")?;
    Some(rest.split_once('.').map_or("check".to_owned(), |(_, below)| join("check", below)))
}

/// What `type` of a check can be.
fn types() -> String {
    let names: Vec<&str> = (SECTIONS.iter())
        .filter_map(|(path, _)| path.strip_prefix("check.").filter(|name| !name.contains('.')))
        .collect();
    format!(
        "check has the keys of its type, one of {}.\nAsk for one of them: check.{}\n",
        names.join(", "),
        names.first().unwrap_or(&"TCP_CHECK")
    )
}

fn join(path: &str, name: &str) -> String {
    match path {
        "" => name.to_owned(),
        _ => format!("{path}.{name}"),
    }
}

/// All paths of keys, in order.
pub fn paths() -> Vec<String> {
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
        for none in ["advert_in", "", ".", "x.retry", "virtual_server.chek", "check.x"] {
            assert_eq!(explain(none), None, "{none}");
        }
    }

    #[test]
    fn the_path_may_be_the_one_in_the_file() {
        for (wanted, told) in [
            ("SMTP_CHECK", "check.SMTP_CHECK has these keys:"),
            ("smtp-check", "check.smtp-check has these keys:"),
            ("virtual_server.check.SMTP_CHECK", "check.SMTP_CHECK has these keys:"),
            ("virtual_server.real_server.check.helo_name", "check.smtp-check.helo_name\n"),
            ("check.retry", "check.DNS_CHECK.retry\n"),
            ("virtual_server.check.retry", "check.MISC_CHECK.retry\n"),
            ("virtual_server.check.SMTP_CHECK.retry", "check.SMTP_CHECK.retry\n"),
            ("check.url.status_code", "check.HTTP_GET.url.status_code\n"),
            ("check.SSL_GET.url.path", "check.HTTP_GET.url.path\n"),
            ("check.TYPE", "one of smtp-check, SMTP_CHECK,"),
            ("real_server.port", "virtual_server.real_server.port\n"),
            ("vrrp_instance.mail_relay.advert_int", "vrrp_instance.advert_int\n"),
            ("vrrp_instance.authentication.auth_pass", "vrrp_instance.authentication.auth_pass\n"),
            ("nodes.vrrp_instance.mail_relay.priority", "nodes.vrrp_instance.priority\n"),
        ] {
            let found = explain(wanted).unwrap();
            assert!(found.contains(told), "{wanted}: {found}");
        }
        let retry = explain("check.retry").unwrap();
        assert!(!retry.contains("virtual_server.retry"), "{retry}");
        let own = explain("check.SMTP_CHECK.retry").unwrap();
        assert!(!own.contains("DNS_CHECK"), "{own}");
    }
}
