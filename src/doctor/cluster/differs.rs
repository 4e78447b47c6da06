//! What a node's keepalived.conf says otherwise than the inventory renders it, in few words: the statements
//! that differ in meaning. Of a node that does not tell its statements, what its values show.

use serde_json::Value;

use crate::compare::{self, Change, Difference};
use crate::conf::grammar::{self, NoFiles, Statement};
use crate::node::config::Config;
use crate::reach::safe;

/// So many differences are told.
const FEW: usize = 4;

/// What is no difference: where a line stands, and what only the fingerprint of all is made of.
const LEFT_OUT: [&str; 4] = ["at", "rendered", "revision", "statements"];

/// What `found` says otherwise than `expected`; nothing if they say the same.
pub(super) fn differences(expected: &Config, found: &Config) -> Vec<String> {
    let (Ok(wanted), Ok(is)) = (serde_json::to_value(expected), serde_json::to_value(found)) else {
        return Vec::new();
    };
    let mut all = Vec::new();
    if let Some(told) = by_meaning(expected, found) {
        return few(told);
    }
    compare("", &wanted, &is, &mut all);
    if all.is_empty() && found.revision.is_some() && expected.revision != found.revision {
        all.push("statements that status does not show differ (lvskit diff shows them)".to_owned());
    }
    few(all)
}

fn few(mut all: Vec<String>) -> Vec<String> {
    let more = all.len().saturating_sub(FEW);
    all.truncate(FEW);
    if more > 0 {
        all.push(format!("and {more} more"));
    }
    all
}

/// The statements that differ; `None` where one side does not tell them. Order and spelling that make no
/// difference to keepalived are none.
fn by_meaning(expected: &Config, found: &Config) -> Option<Vec<String>> {
    let tree = |config: &Config| -> Option<Vec<Statement>> {
        let text = config.statements.as_ref()?.join("\n");
        grammar::parse("keepalived.conf", &text, None, &mut NoFiles).ok()
    };
    let mut left = compare::meaning(&tree(found)?, &tree(expected)?);
    let mut all = Vec::new();
    while !left.is_empty() {
        let one = left.remove(0);
        // Another value of the same statement is one difference.
        let other = left.iter().position(|other| {
            let same = other.around == one.around && other.keyword() == one.keyword();
            same && !one.is_block && !other.is_block && other.change != one.change
        });
        all.push(told(&one, other.map(|at| left.remove(at)).as_ref()));
    }
    Some(all)
}

/// A difference in words, with the value that another one has.
fn told(one: &Difference, other: Option<&Difference>) -> String {
    let text = match (one.change, other) {
        (Change::Removed, Some(Difference { line, .. })) => {
            let wanted = line.split_once(' ').map_or("", |(_, value)| value);
            format!("`{}`, not `{wanted}`", one.line)
        }
        (Change::Removed, None) => format!("`{}` is not in the inventory", one.line),
        (Change::Added, _) => format!("`{}` is missing", one.line),
    };
    let around: String = one.around.iter().map(|head| format!("{head}: ")).collect();
    safe::text(&format!("{around}{text}"))
}

fn compare(path: &str, wanted: &Value, is: &Value, all: &mut Vec<String>) {
    match (wanted, is) {
        (Value::Object(wanted), Value::Object(is)) => {
            for (name, value) in wanted {
                if !LEFT_OUT.contains(&name.as_str()) {
                    let below =
                        if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    compare(&below, value, is.get(name).unwrap_or(&Value::Null), all);
                }
            }
        }
        (Value::Array(wanted), Value::Array(is)) if wanted.iter().any(Value::is_object) => {
            list(path, wanted, is, all);
        }
        _ if wanted == is => {}
        _ => all.push(format!("{path} is {}, not {}", shown(is), shown(wanted))),
    }
}

/// Objects of a list belong together by their names; of those without one, by their places.
fn list(path: &str, wanted: &[Value], is: &[Value], all: &mut Vec<String>) {
    let names = |list: &[Value]| -> Vec<String> {
        list.iter().enumerate().map(|(at, one)| name(one).unwrap_or(at.to_string())).collect()
    };
    let (ours, theirs) = (names(wanted), names(is));
    for (value, name) in wanted.iter().zip(&ours) {
        match theirs.iter().position(|other| other == name) {
            Some(at) => compare(&format!("{path}[{name}]"), value, &is[at], all),
            None => all.push(format!("{path}[{name}] is missing")),
        }
    }
    let strange = theirs.iter().filter(|name| !ours.contains(name));
    all.extend(strange.map(|name| format!("{path}[{name}] is not in the inventory")));
}

fn name(value: &Value) -> Option<String> {
    let text = |key: &str| match value.get(key) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    match (text("name"), text("address").or_else(|| text("mark")), text("port")) {
        (Some(name), ..) => Some(name),
        (_, Some(address), Some(port)) => Some(format!("{address} {port}")),
        (_, Some(address), None) => Some(address),
        _ => None,
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "absent".to_owned(),
        Value::String(text) => format!("`{text}`"),
        Value::Array(all) if all.is_empty() => "empty".to_owned(),
        other => crate::reach::safe::short(&other.to_string(), 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::config;

    fn config(text: &str) -> Config {
        Config::of(&grammar::parse("k.conf", text, None, &mut NoFiles).unwrap())
    }

    #[test]
    fn statements_are_compared_by_meaning() {
        let whole = |text: &str| {
            let tree = grammar::parse("k.conf", text, None, &mut NoFiles).unwrap();
            Config { statements: Some(config::masked(&tree)), ..Config::of(&tree) }
        };
        let wanted = whole(
            "global_defs {\n router_id a\n}\nvrrp_instance mail {\n interface eth0\n virtual_router_id 11\n \
             priority 100\n advert_int 1\n authentication {\n auth_type PASS\n auth_pass one\n }\n notify \"/bin/x a{b}\"\n \
             virtual_ipaddress {\n 10.0.0.1\n 10.0.0.2\n }\n}\n",
        );
        let same = whole(
            "vrrp_instance mail { virtual_router_id 11\n notify \"/bin/x a{b}\"\n interface eth0\n priority 100\n \
             authentication {\n auth_pass two\n auth_type PASS }\n virtual_ipaddress { 10.0.0.2/32\n 10.0.0.1 } }\n\
             global_defs {\n router_id \"a\" }\n",
        );
        assert_eq!(differences(&wanted, &same), [""; 0]);
        let other = whole(
            "global_defs {\n router_id a\n}\nvrrp_instance mail {\n interface eth0\n virtual_router_id 11\n \
             priority 90\n authentication {\n auth_type PASS\n auth_pass one\n }\n garp_master_delay 3\n \
             virtual_ipaddress {\n 10.0.0.1\n }\n notify \"/bin/x a{b}\"\n}\n",
        );
        assert_eq!(
            differences(&wanted, &other),
            [
                "vrrp_instance mail: `priority 90`, not `100`",
                "vrrp_instance mail: `garp_master_delay 3` is not in the inventory",
                "vrrp_instance mail: virtual_ipaddress: `10.0.0.2` is missing",
            ]
        );
    }

    #[test]
    fn differences_are_named_and_passwords_are_not() {
        let instance = |more: &str| {
            config(&format!(
                "vrrp_instance mail {{\n interface eth0\n virtual_router_id 11\n {more}\n \
                 virtual_ipaddress {{\n 10.0.0.1\n }}\n}}\n"
            ))
        };
        let wanted = instance("priority 100");
        assert!(differences(&wanted, &wanted).is_empty());
        assert_eq!(
            differences(&wanted, &instance("priority 90\n advert_int 2")),
            [
                "instances[mail].advert_int is 2000, not 1000",
                "instances[mail].priority is 90, not 100"
            ]
        );
        let other = differences(&wanted, &instance("priority 100\n garp_master_delay 3"));
        assert_eq!(other.len(), 1, "{other:?}");
        let password = |word: &str| {
            instance(&format!("authentication {{\n auth_type PASS\n auth_pass {word}\n }}"))
        };
        assert!(differences(&password("one"), &password("two")).is_empty());
        let gone = config("vrrp_instance other {\n interface eth0\n}\n");
        let told = differences(&wanted, &gone);
        assert_eq!(told[0], "instances[mail] is missing");
        assert_eq!(told[1], "instances[other] is not in the inventory");
    }
}
