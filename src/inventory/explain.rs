//! `lvskit explain KEY`: what the tables know of a key, for people.

use std::fmt::Write;

use super::keys::{CHECKS, Check, Key, Role, Table, Value, sections};
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
    for (path, table) in sections() {
        for key in table.keys() {
            let whole = join(&path, key.name);
            if ends(&whole) || without_type(&path).is_some_and(|any| ends(&join(&any, key.name))) {
                describe(&whole, key, &mut text);
            }
        }
    }
    for (path, table) in sections().filter(|(path, _)| !path.is_empty()) {
        // A checker's own name is no other key's.
        if path == wanted || path.strip_prefix("check.") == Some(wanted) {
            list(&path, table, &mut text);
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
    let mut all = sections().filter_map(|(_, table)| table.key(key));
    all.any(|key| matches!(key.value, Value::Named(_)))
}

/// The path of a checker's section without the checker: what several have is told of all.
fn without_type(path: &str) -> Option<String> {
    let rest = path.strip_prefix("check.")?;
    Some(rest.split_once('.').map_or("check".to_owned(), |(_, below)| join("check", below)))
}

/// What `type` of a check can be.
fn types() -> String {
    let names: Vec<&str> = CHECKS.iter().map(Check::name).collect();
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
    let paths = |(path, table): (String, &'static Table)| {
        table.keys().map(move |key| join(&path, key.name))
    };
    sections().flat_map(paths).collect()
}

fn describe(path: &str, key: &Key, text: &mut String) {
    // Writing to a String can't fail.
    let _ = writeln!(text, "{path}");
    let _ = writeln!(text, "    {}", key.doc);
    let _ = writeln!(text, "    value:   {}", key.value.shown());
    let _ = writeln!(text, "    default: {}", key.default);
    if key.since > Release::V2_1_5 {
        let _ = writeln!(text, "    since:   {}", key.since);
    }
    if key.role != Role::Ours {
        let _ = writeln!(text, "    becomes: `{}` of keepalived.conf(5)", key.keyword);
    }
}

fn list(path: &str, table: &Table, text: &mut String) {
    let _ = writeln!(text, "{path} has these keys:");
    let widest = table.keys().map(|key| key.name.len()).max().unwrap_or(0);
    for key in table.keys() {
        let _ = writeln!(text, "    {:widest$}  {}", key.name, key.doc);
    }
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
