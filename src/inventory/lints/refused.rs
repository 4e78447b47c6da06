//! What keepalived -t answers with an error, although each line is one that it knows.

use std::net::IpAddr;
use std::ops::Range;

use super::found::Found;
use super::groups::group_lines;
use super::lint::Lint;
use super::{Drafts, WithCheck, traffic};
use crate::cluster::{Forwarding, Release, Service, Tracked};
use crate::conf::statement::Settings;
use crate::inventory::instance::InstanceDraft;
use crate::inventory::member;
use crate::inventory::places::Places;
use crate::inventory::track::Defined;

/// What is found here.
pub(super) static LINTS: &[WithCheck] = &[
    Lint::error(
        "tracked-twice",
        "one thing is tracked twice",
        "keepalived ignores the second line and calls it an error.",
        "remove one of the lines",
    )
    .checked_by(tracked_twice),
    Lint::error(
        "own-interface-tracked",
        "an instance tracks its own interface",
        "keepalived does so by itself: it ignores the line, its weight too, and calls it an error.",
        "remove the line: without its interface a node is in FAULT",
    )
    .checked_by(own_interface),
    Lint::error(
        "defined-in-raw-too",
        "`raw` holds a block that the inventory has too",
        "keepalived calls the second block an error and ignores it.",
        "remove the block from `raw`; what has no key goes into the `raw` of its section",
    )
    .checked_by(raw_blocks),
    Lint::error(
        "strict-without-link-local",
        "`vrrp_strict` and an IPv6 instance whose first VIP is not link-local",
        "RFC 9568 wants a link-local address first: keepalived calls another an error and does not start the \
                  instance.",
        "write a link-local VIP first, such as fe80::11/64; or remove `vrrp_strict`",
    )
    .checked_by(strict_link_local),
    Lint::error(
        "unicast-key-in-multicast",
        "a key of unicast in an instance that sends to a multicast group",
        "keepalived calls that an error and ignores the key.",
        "write `unicast: true` in the instance, or remove the key",
    )
    .checked_by(unicast_keys),
    Lint::error(
        "strict-with-authentication",
        "`vrrp_strict` with authentication",
        "RFC 9568 has no authentication: keepalived ignores the password and calls it an error.",
        "remove `authentication`, or `vrrp_strict`",
    )
    .checked_by(strict_password),
    Lint::error(
        "strict-with-unicast",
        "`vrrp_strict` with `unicast`",
        "The RFCs know multicast only: keepalived ignores the peers and calls them an error.",
        "remove `unicast`, or `vrrp_strict`",
    )
    .checked_by(strict_unicast),
    Lint::error(
        "route-without-dev",
        "a virtual route without an interface",
        "keepalived before 2.3 does not look for the interface of `via`, and calls the line an error.",
        "add `dev INTERFACE` to the line; or write `target: keepalived 2.3` when all nodes have that",
    )
    .checked_by(routes),
    Lint::error(
        "rule-unknown",
        "a virtual rule that begins with no word of ip rule",
        "keepalived calls the line an error and adds no rule.",
        "write it as for `ip rule add`, such as `from 10.0.0.0/8 table 100`",
    )
    .checked_by(rules),
    Lint::error(
        "group-port-differs",
        "a server's port differs from its group's",
        "Only NAT can change a port: keepalived resets it and calls it an error.",
        "write the port of the group, or `lb_kind: NAT`",
    )
    .checked_by(group_ports),
    Lint::error(
        "server-is-listed-node",
        "a server is listed as node and by its address",
        "It is one server, and keepalived refuses the second one.",
        "remove one of them",
    )
    .checked_by(node_and_address),
];

/// What an instance says, and what its nodes say of it.
fn sections<'a>(
    instance: &'a InstanceDraft,
    drafts: &Drafts<'a>,
) -> impl Iterator<Item = (&'a Places, &'a Tracked, &'a Settings)> {
    let own = drafts.nodes.iter().filter_map(|node| node.own(instance.name()));
    let own = own.map(|own| (&own.places, &own.tracked, &own.settings));
    std::iter::once((&instance.places, &instance.tracked, &instance.settings)).chain(own)
}

fn tracked_twice(drafts: &Drafts<'_>, found: &mut Found<'_>) {
    let instances = drafts.instances.iter().flat_map(|instance| sections(instance, drafts));
    let groups = drafts.tracks.groups.iter().map(|group| (&group.places, &group.tracked));
    for (places, tracked) in instances.map(|(places, tracked, _)| (places, tracked)).chain(groups) {
        let Tracked { interface, script, file } = tracked;
        for (key, lines) in
            [("track_interface", interface), ("track_script", script), ("track_file", file)]
        {
            let names: Vec<&str> =
                lines.iter().map(|line| line.split(' ').next().unwrap_or_default()).collect();
            let twice = names.iter().enumerate().find(|(at, name)| names[..*at].contains(name));
            if let Some((_, name)) = twice {
                found.at(places.last_item(key, name), format!("`{key}` names {name} twice"));
            }
        }
    }
}

fn own_interface(drafts: &Drafts<'_>, found: &mut Found<'_>) {
    for instance in drafts.instances {
        let own = drafts.nodes.iter().filter(|node| member::runs(instance, node));
        for node in own {
            let Some(interface) = member::interface(instance, node) else { continue };
            let name = interface.value.as_str();
            let own = node.own(instance.name()).map(|own| (&own.places, &own.tracked));
            let own = own.filter(|(_, tracked)| !tracked.interface.is_empty());
            // A node's lines are in the place of the instance's.
            let (places, tracked) = own.unwrap_or((&instance.places, &instance.tracked));
            let is_it = |line: &String| line.split(' ').next() == Some(name);
            if tracked.interface.iter().any(is_it) {
                let title = format!("`{}` runs on {name} and tracks it", instance.name());
                found.at(places.item("track_interface", name), title);
                break;
            }
        }
    }
}

/// Blocks with a name that keepalived takes once.
fn raw_blocks(drafts: &Drafts<'_>, found: &mut Found<'_>) {
    let own = drafts.nodes.iter().flat_map(|node| &node.raw);
    for line in drafts.raw.iter().chain(own) {
        let mut words = line.words();
        let (Some(head), Some(name)) = (words.next(), words.next()) else { continue };
        let name = name.trim_matches('"');
        let at = match head {
            "vrrp_instance" => {
                let instance = drafts.instances.iter().find(|one| one.name() == name);
                instance.map(|instance| &instance.at)
            }
            "vrrp_sync_group" => None,
            _ => {
                let defined = &drafts.tracks.defined;
                let is_it = |it: &&Defined| it.section == head && it.name == name;
                defined.iter().find(is_it).map(|it| &it.at)
            }
        };
        if let Some(at) = at {
            found.at(at.clone(), format!("`raw` has another block `{head} {name}`"));
        }
    }
}

fn strict_link_local(drafts: &Drafts<'_>, found: &mut Found<'_>) {
    for instance in drafts.instances.iter().filter(|instance| is_strict(instance, drafts)) {
        let Some(first) = instance.vips.first() else { continue };
        if let IpAddr::V6(address) = first.value.address()
            && !address.is_unicast_link_local()
        {
            found.at(first.at.clone(), "with `vrrp_strict` the first IPv6 VIP is link-local");
        }
    }
}

fn unicast_keys(drafts: &Drafts<'_>, found: &mut Found<'_>) {
    for instance in drafts.instances.iter().filter(|instance| !instance.unicast) {
        for (places, _, settings) in sections(instance, drafts) {
            for key in ["unicast_ttl", "check_unicast_src", "unicast_fault_no_peer"] {
                if settings.has(key) {
                    let title = format!("`{key}`, and advertisements go to a multicast group");
                    found.at(places.key(key), title);
                }
            }
        }
    }
}

/// Where the nodes serve, `vrrp_strict` is an error by itself.
fn is_strict(instance: &InstanceDraft, drafts: &Drafts<'_>) -> bool {
    let strict = match instance.settings.value("strict_mode") {
        Some(own) => own == "true",
        None => {
            let mut raw = drafts.global_defs.raw.iter();
            drafts.global_defs.settings.has("vrrp_strict")
                || raw.any(|line| line.line == "vrrp_strict")
        }
    };
    strict && !drafts.bypass
}

fn strict_password(drafts: &Drafts<'_>, found: &mut Found<'_>) {
    for instance in drafts.instances.iter().filter(|instance| is_strict(instance, drafts)) {
        if let Some(pass) = &instance.auth_pass {
            found.at(pass.at.clone(), "with `vrrp_strict` there is no authentication");
        }
    }
}

fn strict_unicast(drafts: &Drafts<'_>, found: &mut Found<'_>) {
    for instance in drafts.instances.iter().filter(|instance| is_strict(instance, drafts)) {
        if instance.unicast {
            found.at(instance.places.key("unicast"), "with `vrrp_strict` there is no unicast");
        }
    }
}

/// The lines of a key, each with the place of the key.
fn lines<'a>(
    key: &'static str,
    drafts: &Drafts<'a>,
) -> impl Iterator<Item = (Range<usize>, &'a str)> {
    let all = drafts.instances.iter().flat_map(move |instance| {
        let own: Vec<_> = sections(instance, drafts).collect();
        own
    });
    all.flat_map(move |(places, _, settings)| {
        let blocks = settings.statements(key).iter().flat_map(|block| &block.block).flatten();
        blocks.map(move |line| {
            let first = line.line.split(' ').next().unwrap_or_default();
            (places.item(key, first), line.line.as_str())
        })
    })
}

fn routes(drafts: &Drafts<'_>, found: &mut Found<'_>) {
    if found.target() >= Release::V2_3 {
        return;
    }
    let unreachable = ["blackhole", "unreachable", "prohibit", "throw"];
    for (at, line) in lines("virtual_routes", drafts) {
        let has = |wanted: &[&str]| line.split_whitespace().any(|word| wanted.contains(&word));
        let ignored = line.starts_with(['#', '!']) || line.contains('$');
        if !has(&["dev", "oif", "nexthop", "nhid"]) && !has(&unreachable) && !ignored {
            found.at(at, format!("the route `{line}` names no interface"));
        }
    }
}

/// The words that a rule can begin with, ip-rule(8) and keepalived.conf(5).
const RULE: &[&str] = &[
    "not",
    "from",
    "to",
    "tos",
    "dsfield",
    "fwmark",
    "iif",
    "dev",
    "oif",
    "priority",
    "preference",
    "order",
    "pref",
    "prio",
    "table",
    "lookup",
    "realms",
    "goto",
    "nat",
    "map-to",
    "l3mdev",
    "uidrange",
    "suppress_prefixlength",
    "suppress_ifgroup",
    "ipproto",
    "sport",
    "dport",
    "protocol",
    "no_track",
    "inet",
    "inet6",
    "type",
    "tun_id",
    "prohibit",
    "blackhole",
    "unreachable",
    "unicast",
    "all",
    "any",
];

fn rules(drafts: &Drafts<'_>, found: &mut Found<'_>) {
    for (at, line) in lines("virtual_rules", drafts) {
        let first = line.split_whitespace().next().unwrap_or_default();
        if !RULE.contains(&first) && !line.starts_with(['#', '!']) && !line.contains('$') {
            found.at(at, format!("`{first}` is not a word that a rule begins with"));
        }
    }
}

fn group_ports(drafts: &Drafts<'_>, found: &mut Found<'_>) {
    for server in drafts.servers {
        let Some(Service::Group(name)) = server.service.as_ref().map(|it| &it.value) else {
            continue;
        };
        let ports: Vec<u16> = group_lines(name, drafts)
            .filter(|line| !line.starts_with("fwmark"))
            .filter_map(|line| line.split_whitespace().nth(1)?.parse().ok())
            .collect();
        let [first, ..] = ports.as_slice() else { continue };
        if ports.iter().any(|port| port != first) {
            continue;
        }
        for one in server.real_servers.iter().flatten() {
            let nat = match one.settings.value("lvs_method") {
                Some(own) => own == "NAT",
                None => server.forwarding() == Forwarding::Nat,
            };
            if let Some(port) = one.port.as_ref().filter(|port| port.value != *first && !nat) {
                let title = format!("port {} differs from the group's, {first}", port.value);
                found.at(port.at.clone(), title);
            }
        }
    }
}

fn node_and_address(drafts: &Drafts<'_>, found: &mut Found<'_>) {
    for server in drafts.servers {
        let listed = server.real_servers.iter().flatten();
        let named: Vec<usize> = (listed.clone())
            .filter(|one| one.node().is_some())
            .filter_map(|one| traffic::node_of(one, drafts))
            .collect();
        for one in listed {
            let Some(address) = one.stranger() else { continue };
            if traffic::node_of(one, drafts).is_some_and(|node| named.contains(&node)) {
                let title = format!("{} is a node that is listed by its name too", address.value);
                found.at(address.at.clone(), title);
            }
        }
    }
}
