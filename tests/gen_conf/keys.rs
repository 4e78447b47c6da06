//! Every key that becomes a statement of the same name, one after the other, judged by the real
//! keepalived of each release that is said to have it: names, places and values in the tables of the
//! inventory are keepalived's own.

use lvskit::cluster::Release;
use lvskit::inventory::keys::form::Form;
use lvskit::inventory::keys::{Key, Role, Value, sections};

use crate::common::netns::{Netns, inside};
use crate::matrix::{KILLS_ITSELF, as_root, judge, render, skipped, versions};

/// A value for a key, as YAML.
fn value(path: &str, key: &Key) -> String {
    let by_name = match (path, key.name) {
        (_, "notify_fifo" | "vrrp_notify_fifo" | "lvs_notify_fifo") => Some("/run/fifo"),
        (_, "nftables" | "nftables_ipvs") => Some("own_table"),
        (_, "virtual_routes") => Some("10.9.0.0/16 via 192.168.3.1 dev eth0"),
        (_, "virtual_rules") => Some("from 10.9.0.0/16 table 100 preference 100"),
        (_, "lvs_method" | "sorry_server_lvs_method") => Some("DR"),
        (_, "misc_path" | "script") => Some("/usr/bin/test 1"),
        (_, "path") => Some("/"),
        (_, "delay_loop") => Some("100"),
        _ => None,
    };
    if let Some(text) = by_name {
        return text.to_owned();
    }
    let value = match &key.value {
        Value::FlagOr(inner) => inner,
        value => value,
    };
    match value {
        Value::Form(form) => format!("'{}'", form.good),
        Value::Flag | Value::Bool => "true".into(),
        Value::Int(from, to) => 1.clamp(*from, *to).to_string(),
        Value::Seconds(from, to, _) => (5_000_000.clamp(*from, *to) as f64 / 1e6).to_string(),
        Value::Kind(kind) => format!("'{}'", kind.good),
        Value::Weight(..) => "1 reverse".into(),
        Value::Program | Value::Command => "/usr/bin/test 1 2".into(),
        Value::OneOf(choices) => format!("'{}'", choices[0].name),
        Value::OneOrMore(_) => "some".into(),
        Value::AnyOf(_) => "1".into(),
        other => panic!("{path}.{} has no value: {other:?}", key.name),
    }
}

/// An inventory that says a key, in its place; `None` for places without statements of their own.
pub fn inventory(path: &str, key: &Key) -> Option<String> {
    let session = match (path, key.name) {
        ("bfd_instance", "neighbor_ip" | "source_ip") => String::new(),
        ("bfd_instance", name) => format!(", {name}: {}", value(path, key)),
        _ => String::new(),
    };
    let said = match (path, key.name) {
        // Of one node; nodes.vrrp_instance has it too.
        ("vrrp_instance", "mcast_src_ip") => return None,
        ("check.HTTP_GET", "url") | ("check.SSL_GET", "url") => "url: {path: /}".to_owned(),
        _ => format!("{}: {}", key.name, value(path, key)),
    };
    let with = |place: &str| if place == path { format!(", {said}") } else { String::new() };
    let top = |place: &str, text: String| if place == path { text } else { String::new() };
    let required = |name: &str, text: &str| match key.name == name {
        true => String::new(),
        false => format!(", {text}"),
    };
    let check = match path.split('.').collect::<Vec<_>>().as_slice() {
        ["check", "HTTP_GET", "url"] => {
            let path = required("path", "path: /");
            format!("{{type: HTTP_GET, url: {{{}}}}}", [said.as_str(), &path].concat())
        }
        ["check", kind @ ("HTTP_GET" | "SSL_GET")] => {
            format!("{{type: {kind}, {said}{}}}", required("url", "url: {path: /}"))
        }
        ["check", "MISC_CHECK"] => {
            let path = required("misc_path", "misc_path: /usr/bin/test 1");
            format!("{{type: MISC_CHECK, {said}{path}}}")
        }
        ["check", "BFD_CHECK"] => "{type: BFD_CHECK, name: some}".into(),
        ["check", "FILE_CHECK"] => {
            if key.name == "track_file" {
                "{type: FILE_CHECK, track_file: some}".into()
            } else {
                format!("{{type: FILE_CHECK, track_file: some, {said}}}")
            }
        }
        // Its options are its own.
        ["check", "smtp-check"] => return None,
        ["check", kind] => format!("{{type: {kind}, {said}}}"),
        ["bfd_instance"]
        | ["vrrp_script"]
        | ["track_file"]
        | ["vrrp_track_process"]
        | ["vrrp_sync_group"]
        | ["virtual_server"]
        | ["virtual_server", "real_server"]
        | ["vrrp_instance"]
        | ["global_defs"]
        | ["nodes", "global_defs" | "vrrp_instance"] => "{type: PING_CHECK}".into(),
        _ => return None,
    };
    let protocol = match (path, key.name) {
        ("check.UDP_CHECK", _) | (_, "ops") => "UDP",
        _ => "TCP",
    };
    let real_server = if path == "virtual_server.real_server" {
        format!(", real_server: [{{node: a{}}}]", with("virtual_server.real_server"))
    } else {
        ", nodes: [a, b]".to_owned()
    };
    let persistence = match key.name {
        "persistence_granularity" | "persistence_engine" => ", persistence_timeout: 9",
        "hysteresis" => ", quorum: 2",
        "sorry_server_inhibit" | "sorry_server_lvs_method" => ", sorry_server: 192.168.3.9",
        _ => "",
    };
    let algo = match (key.only_with, key.name.starts_with("flag-")) {
        (Some((_, values)), _) => values[0],
        (None, true) => "sh",
        (None, false) => "rr",
    };
    let file = match path {
        "track_file" => format!("some: {{{said}{}}}", required("file", "file: /run/x")),
        _ => "some: {file: /run/x, weight: 1}".into(),
    };
    let script = match path {
        "vrrp_script" => format!("some: {{{said}{}}}", required("script", "script: /usr/bin/test")),
        _ => "some: {script: /usr/bin/test 1}".into(),
    };
    let process = match path {
        "vrrp_track_process" => format!("some: {{{said}{}}}", required("process", "process: sh")),
        _ => "some: {process: sh}".into(),
    };
    let unicast = match key.name {
        "unicast_ttl" | "unicast_fault_no_peer" | "check_unicast_src" => ", unicast: true",
        "strict_mode" | "vrrp_strict" => ", state: BACKUP",
        "vmac_xmit_base" => ", use_vmac: vrrp.11",
        _ => "",
    };
    let second = if key.name == "vrrp_strict" { ", state: BACKUP" } else { "" };
    Some(format!(
        "bypass: false\n\
         global_defs: {{router_id: hostname{}}}\n\
         nodes: [{{name: a, address: 192.168.3.1{}{}}}, {{name: b, address: 192.168.3.2}}]\n\
         track_file: {{{file}}}\n\
         vrrp_script: {{{script}}}\n\
         {}vrrp_track_process: {{{process}}}\n\
         bfd_instance: {{some: {{neighbor_ip: 192.168.3.2, source_ip: 192.168.3.1{session}}}}}\n\
         vrrp_instance:\n  \
           i: {{interface: eth0, virtual_router_id: 11, virtual_ipaddress: 192.168.3.100, \
                track_file: some weight 0, track_script: some{unicast}{}}}\n  \
           j: {{interface: eth0, virtual_router_id: 12, virtual_ipaddress: 192.168.3.110{second}}}\n\
         virtual_server: [{{vrrp_instance: i, port: 25, lb_algo: {algo}, protocol: {protocol}, \
             check: {check}{real_server}{persistence}{}}}]\n",
        with("global_defs"),
        top("nodes.global_defs", format!(", global_defs: {{{said}}}")),
        top("nodes.vrrp_instance", format!(", vrrp_instance: {{i: {{{said}}}}}")),
        top("vrrp_sync_group", format!("vrrp_sync_group: {{g: {{group: [i, j], {said}}}}}\n")),
        with("vrrp_instance"),
        with("virtual_server"),
    ))
}

/// The shape of a key's value.
fn form(key: &Key) -> Option<&'static Form> {
    match &key.value {
        Value::Form(form) | Value::FlagOr(Value::Form(form)) => Some(form),
        _ => None,
    }
}

fn release(target: &str) -> Release {
    target.parse().unwrap()
}

#[test]
fn keepalived_knows_every_key_that_it_is_said_to_know() {
    if !inside("keys::keepalived_knows_every_key_that_it_is_said_to_know") {
        return;
    }
    if let Some(reason) = skipped() {
        println!("keys: skipped: {reason}");
        return;
    }
    let netns = Netns::new();
    netns.ip("link add eth0 type veth peer name peer0");
    netns.ip("link set eth0 up");
    let (mut asked, mut wrong) = (0, Vec::new());
    for (path, table) in sections() {
        for key in table.keys().filter(|key| key.role == Role::Plain) {
            let Some(text) = inventory(&path, key) else { continue };
            for (version, target) in versions() {
                let name = format!("{path}.{}", key.name);
                let text = format!("target: {target}\n{text}");
                let conf = match render(&text) {
                    Ok(mut nodes) => nodes.remove(0).1,
                    Err(report) => {
                        let newer = format!("keepalived {target} does not know `{}`", key.name);
                        if key.since <= release(target) || !report.contains(&newer) {
                            wrong.push(format!("{name}, {version}: {report}\n{text}"));
                        }
                        continue;
                    }
                };
                let conf = if version == KILLS_ITSELF { as_root(&conf).0 } else { conf };
                let said = judge(&netns, version, &conf);
                if said != (Some(0), String::new()) {
                    wrong.push(format!("{name}, {version}: {said:?}"));
                }
                asked += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {asked}:\n{}", wrong.len(), wrong.join("\n"));
    println!("keys: {asked} times accepted");
}

/// What keepalived takes without a word, and does nothing with.
const SILENT: [&str; 1] = ["regex_options"];

#[test]
fn keepalived_refuses_what_is_not_of_a_shape() {
    if !inside("keys::keepalived_refuses_what_is_not_of_a_shape") {
        return;
    }
    if let Some(reason) = skipped() {
        println!("shapes: skipped: {reason}");
        return;
    }
    let netns = Netns::new();
    netns.ip("link add eth0 type veth peer name peer0");
    netns.ip("link set eth0 up");
    let mut asked = 0;
    for (path, table) in sections() {
        for key in table.keys().filter(|key| key.role == Role::Plain) {
            let Some(form) = form(key).filter(|_| !SILENT.contains(&key.name)) else { continue };
            let text = inventory(&path, key).unwrap();
            let mut refused = 0;
            for (version, target) in versions() {
                if key.since > release(target) {
                    continue;
                }
                let good = render(&format!("target: {target}\n{text}")).unwrap().remove(0).1;
                let line = |value: &str| format!("{} {value}\n", key.keyword);
                assert!(good.contains(&line(form.good)), "{good}");
                let bad = good.replace(&line(form.good), &line(form.bad));
                let said = judge(&netns, version, &as_root(&bad).0);
                refused += usize::from(said != (Some(0), String::new()));
                // And gen-conf does so before it.
                let text = text.replace(form.good, form.bad);
                let report = render(&format!("target: {target}\n{text}")).unwrap_err();
                assert!(report.contains(&format!("write {}", form.shown)), "{report}");
            }
            // 2.1.5 lets some of it pass.
            assert!(refused > 0, "{path}.{}: {}", key.name, form.bad);
            asked += refused;
        }
    }
    println!("shapes: {asked} times refused");
}
