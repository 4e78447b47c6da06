//! Checks across the inventory: what is right by itself and wrong together. A difference between
//! nodes can't be written in an inventory at all; what is left is said here.

use std::net::IpAddr;
use std::time::Duration;

use super::instance::{InstanceDraft, Order};
use super::read::{Placed, Problems};
use super::schema::NodeDraft;
use super::server::ServerDraft;
use crate::cluster::{Cluster, Family, GlobalDefs, Version};

/// VRRP version 3 has 12 bits of centiseconds (RFC 5798, 5.2.7).
const LONGEST_V3_INTERVAL: Duration = Duration::from_millis(40_950);

pub(super) fn check(
    global_defs: &GlobalDefs,
    nodes: &[NodeDraft],
    instances: &[InstanceDraft],
    servers: &[ServerDraft],
    problems: &mut Problems,
) {
    check_nodes(nodes, problems);
    let mut vips: Vec<&Placed<_>> = Vec::new();
    for instance in instances {
        check_addresses(instance, nodes, problems);
        check_version(instance, global_defs.vrrp_version, problems);
        check_election(instance, nodes, problems);
        vips.extend(&instance.vips);
    }
    unique(&vips, |vip| vip.value.address(), "this VIP stands twice", problems);
    check_router_ids(instances, problems);
    check_servers(servers, problems);
}

fn check_nodes(nodes: &[NodeDraft], problems: &mut Problems) {
    let names: Vec<&Placed<_>> = nodes.iter().filter_map(|node| node.name.as_ref()).collect();
    unique(
        &names,
        |name| name.value.as_str().to_ascii_lowercase(),
        "two nodes have this name",
        problems,
    );
    let addresses: Vec<&Placed<_>> = nodes.iter().flat_map(|node| &node.addresses).collect();
    unique(&addresses, |address| address.value, "two nodes have this address", problems);
    if let (Some(node), true) = (nodes.last(), nodes.len() > Cluster::MOST_NODES) {
        let at = node.name.as_ref().map_or(0..0, |name| name.at.clone());
        let title = format!("more than {} nodes", Cluster::MOST_NODES);
        problems.add(at, title, "make two clusters of them");
    }
}

fn check_addresses(instance: &InstanceDraft, nodes: &[NodeDraft], problems: &mut Problems) {
    for vip in &instance.vips {
        let address = vip.value.address();
        if nodes.iter().any(|node| node.has(address)) {
            problems.add(
                vip.at.clone(),
                format!("{address} is a node's own address"),
                "a VIP belongs to no node; choose a free address",
            );
        }
    }
    let Some(first) = instance.vips.first() else { return };
    let family = Family::of(first.value.address());
    let other = instance.vips.iter().find(|vip| Family::of(vip.value.address()) != family);
    if let Some(other) = other {
        problems.add(
            other.at.clone(),
            "IPv4 and IPv6 addresses in one instance",
            "make an instance for each family",
        );
    }
    check_families(first.value.address(), &first.at, nodes, problems);
}

/// In LVS-DR a server has an address of the VIP's family.
fn check_families(
    vip: IpAddr,
    at: &std::ops::Range<usize>,
    nodes: &[NodeDraft],
    problems: &mut Problems,
) {
    let family = Family::of(vip);
    let known: Vec<&NodeDraft> = nodes.iter().filter(|node| !node.addresses.is_empty()).collect();
    let lacking: Vec<&NodeDraft> =
        known.iter().copied().filter(|n| !n.has_family(family)).collect();
    if !known.is_empty() && lacking.len() == known.len() {
        problems.add(
            at.clone(),
            format!("no node has an {family} address, and {vip} needs one of each"),
            format!("give each node an {family} address too: `address: [..., ...]`"),
        );
        return;
    }
    for node in lacking {
        let Some(address) = node.addresses.first() else { continue };
        problems.add(
            address.at.clone(),
            format!("this node has no {family} address, and {vip} needs one"),
            format!("write both: `address: [{}, ...]`", address.value),
        );
    }
}

/// IPv6 addresses mean VRRP version 3 (RFC 5798).
fn check_version(instance: &InstanceDraft, version: Version, problems: &mut Problems) {
    let ipv6 = instance.vips.first().is_some_and(|vip| vip.value.address().is_ipv6());
    let interval = instance.advert_int.as_ref();
    if version == Version::V2 && !ipv6 {
        if let Some(interval) = interval.filter(|time| time.value.duration().subsec_nanos() > 0) {
            problems.add(
                interval.at.clone(),
                "VRRP version 2 counts whole seconds",
                "write a whole number, or `vrrp_version: 3` in `global_defs`",
            );
        }
        return;
    }
    let version_3 = if ipv6 { "VRRP for IPv6" } else { "VRRP version 3" };
    if let Some(pass) = &instance.auth_pass {
        problems.add(
            pass.at.clone(),
            format!("{version_3} has no authentication"),
            "remove `authentication`",
        );
    }
    if let Some(interval) = interval.filter(|time| time.value.duration() > LONGEST_V3_INTERVAL) {
        problems.add(
            interval.at.clone(),
            format!("too long: {version_3} counts hundredths in 12 bits"),
            format!("write at most {} seconds", LONGEST_V3_INTERVAL.as_secs_f64()),
        );
    }
}

fn check_election(instance: &InstanceDraft, nodes: &[NodeDraft], problems: &mut Problems) {
    let preempt = instance.preempt.as_ref().map(|preempt| preempt.value);
    if let (Some(false), Some(delay)) = (preempt, &instance.preempt_delay) {
        problems.add(
            delay.at.clone(),
            "a delay of what `preempt: false` forbids",
            "remove `preempt_delay`, or `preempt: false`",
        );
    }
    let Some(order) = &instance.nodes else { return };
    if instance.priority.is_some() {
        problems.add(
            order.at.clone(),
            "an order of nodes that all have the same priority",
            "remove `nodes`, or `priority`",
        );
    }
    check_order(order, nodes, problems);
}

/// The order must name each node once.
fn check_order(order: &Order, nodes: &[NodeDraft], problems: &mut Problems) {
    let mut known = Vec::new();
    for node in nodes {
        // A name that could not be read is a problem already.
        let Some(name) = &node.name else { return };
        known.push(&name.value);
    }
    for name in order.names.iter().filter(|name| !known.contains(&&name.value)) {
        problems.add(
            name.at.clone(),
            format!("there is no node `{}`", name.value.as_str()),
            "name one of the section `nodes`",
        );
    }
    let names: Vec<&Placed<_>> = order.names.iter().collect();
    unique(&names, |name| name.value.clone(), "this node stands twice in the order", problems);
    let missing = |name: &&&crate::conf::word::Word| names.iter().all(|n| n.value != ***name);
    let missing: Vec<&str> = known.iter().filter(missing).map(|name| name.as_str()).collect();
    if order.whole && order.names.len() < known.len() && !missing.is_empty() {
        problems.add(
            order.at.clone(),
            format!("the order of nodes lacks {}", missing.join(", ")),
            "name every node once, the preferred one first",
        );
    }
}

fn check_router_ids(instances: &[InstanceDraft], problems: &mut Problems) {
    let mut seen: Vec<(&str, u8, bool)> = Vec::new();
    for instance in instances {
        let (Some(interface), Some(vrid), Some(vip)) =
            (&instance.interface, &instance.virtual_router_id, instance.vips.first())
        else {
            continue;
        };
        let key = (interface.value.as_str(), vrid.value, vip.value.address().is_ipv4());
        if seen.contains(&key) {
            problems.add(
                vrid.at.clone(),
                format!("two instances have virtual_router_id {} on {}", key.1, key.0),
                "give each instance a number of its own",
            );
        }
        seen.push(key);
    }
}

fn check_servers(servers: &[ServerDraft], problems: &mut Problems) {
    let mut seen = Vec::new();
    for server in servers {
        let (Some(instance), Some(port)) = (server.instance, &server.port) else { continue };
        let key = (instance, port.value, server.protocol);
        if seen.contains(&key) {
            problems.add(
                port.at.clone(),
                format!("two virtual servers of this instance have port {}", port.value),
                "remove one, or give it another port",
            );
        }
        seen.push(key);
    }
}

/// Notes the second and every further of equal values.
fn unique<T, K: PartialEq>(
    values: &[&Placed<T>],
    key: impl Fn(&Placed<T>) -> K,
    title: &str,
    problems: &mut Problems,
) {
    for (at, value) in values.iter().enumerate() {
        if values[..at].iter().any(|earlier| key(earlier) == key(value)) {
            problems.add(value.at.clone(), title, "remove or correct one of them");
        }
    }
}

impl NodeDraft {
    fn has(&self, address: IpAddr) -> bool {
        self.addresses.iter().any(|own| own.value == address)
    }

    fn has_family(&self, family: Family) -> bool {
        self.addresses.iter().any(|own| Family::of(own.value) == family)
    }
}
