//! What a node's keepalived.conf says otherwise than the inventory renders it, in few words.

use serde_json::Value;

use crate::node::config::Config;

/// So many differences are told.
const FEW: usize = 4;

/// What is no difference: where a line stands, and what only the fingerprint of all is made of.
const LEFT_OUT: [&str; 3] = ["at", "rendered", "revision"];

/// What `found` says otherwise than `expected`; nothing if they say the same.
pub(super) fn differences(expected: &Config, found: &Config) -> Vec<String> {
    let (Ok(wanted), Ok(is)) = (serde_json::to_value(expected), serde_json::to_value(found)) else {
        return Vec::new();
    };
    let mut all = Vec::new();
    compare("", &wanted, &is, &mut all);
    if all.is_empty() && found.revision.is_some() && expected.revision != found.revision {
        all.push("statements that status does not show differ (lvskit diff shows them)".to_owned());
    }
    let more = all.len().saturating_sub(FEW);
    all.truncate(FEW);
    if more > 0 {
        all.push(format!("and {more} more"));
    }
    all
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
    use crate::conf::grammar::{self, NoFiles};

    fn config(text: &str) -> Config {
        Config::of(&grammar::parse("k.conf", text, None, &mut NoFiles).unwrap())
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
