//! Checks across the inventory: what is right by itself and wrong together. A difference between
//! nodes can't be written in an inventory at all; what is left is said here.

use std::net::IpAddr;
use std::ops::Range;

use super::read::{Placed, Problems};
use super::schema::{InstanceDraft, NodeDraft, ServerDraft};
use crate::cluster::Cluster;

/// VRRP version 3, which IPv6 needs, has 12 bits of centiseconds (RFC 5798, 5.2.7).
const LONGEST_V3_INTERVAL: u8 = 40;

pub(super) fn check(
    nodes: &[NodeDraft],
    instances: &[InstanceDraft],
    servers: &[ServerDraft],
    problems: &mut Problems,
) {
    check_nodes(nodes, problems);
    let mut vips: Vec<&Placed<_>> = Vec::new();
    for instance in instances {
        check_instance(instance, nodes, problems);
        vips.extend(&instance.vips);
    }
    unique(&vips, |vip| vip.value, "this VIP stands twice", problems);
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
    let addresses: Vec<&Placed<_>> =
        nodes.iter().filter_map(|node| node.address.as_ref()).collect();
    unique(&addresses, |address| address.value, "two nodes have this address", problems);
    if let (Some(node), true) = (nodes.last(), nodes.len() > Cluster::MOST_NODES) {
        let at = node.name.as_ref().map_or(0..0, |name| name.at.clone());
        let title = format!("more than {} nodes", Cluster::MOST_NODES);
        problems.add(at, title, "make two clusters of them");
    }
}

fn check_instance(instance: &InstanceDraft, nodes: &[NodeDraft], problems: &mut Problems) {
    for vip in &instance.vips {
        let address = vip.value.address();
        if nodes.iter().any(|node| is(&node.address, address)) {
            problems.add(
                vip.at.clone(),
                format!("{address} is a node's own address"),
                "a VIP belongs to no node; choose a free address",
            );
        }
        let other_family = |node: &&NodeDraft| {
            node.address.as_ref().is_some_and(|own| own.value.is_ipv4() != address.is_ipv4())
        };
        if nodes.iter().any(|node| other_family(&node)) {
            problems.add(
                vip.at.clone(),
                format!("{address} and the nodes' addresses are of different families"),
                "LVS-DR needs one family; write VIP and nodes both in IPv4 or both in IPv6",
            );
        }
    }
    if let Some(first) = instance.vips.first().filter(|vip| vip.value.address().is_ipv6()) {
        check_version_3(instance, &first.at, problems);
    }
}

/// IPv6 addresses mean VRRP version 3 (RFC 5798).
fn check_version_3(instance: &InstanceDraft, vip: &Range<usize>, problems: &mut Problems) {
    if let Some(pass) = &instance.auth_pass {
        problems.add(
            pass.at.clone(),
            "VRRP for IPv6 has no authentication",
            "remove `authentication`",
        );
    }
    if let Some(interval) = &instance.advert_int
        && interval.value > LONGEST_V3_INTERVAL
    {
        problems.add(
            interval.at.clone(),
            "too long for IPv6",
            format!("write at most {LONGEST_V3_INTERVAL} seconds"),
        );
    }
    if instance.vips.iter().any(|other| other.value.address().is_ipv4()) {
        problems.add(
            vip.clone(),
            "IPv4 and IPv6 addresses in one instance",
            "make an instance for each family",
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
        if seen.contains(&(instance, port.value)) {
            problems.add(
                port.at.clone(),
                format!("two virtual servers of this instance have port {}", port.value),
                "remove one, or give it another port",
            );
        }
        seen.push((instance, port.value));
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

fn is(own: &Option<Placed<IpAddr>>, address: IpAddr) -> bool {
    own.as_ref().is_some_and(|own| own.value == address)
}
