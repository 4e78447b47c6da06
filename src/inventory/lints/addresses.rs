//! VIPs of instances: addresses of one family, in the nodes' network, that are nobody's own.

use std::net::IpAddr;
use std::ops::Range;

use super::lint::Lint;
use super::{Drafts, unique};
use crate::cluster::{Family, Service};
use crate::inventory::instance::InstanceDraft;
use crate::inventory::member;
use crate::inventory::node::NodeDraft;
use crate::inventory::problems::{Placed, Problems};
use crate::inventory::server::ServerDraft;

/// What is found here.
pub(super) static LINTS: &[&Lint] =
    &[&VIP_TWICE, &VIP_IS_NODE_ADDRESS, &MIXED_FAMILIES, &NODE_LACKS_FAMILY, &VIP_ON_OTHER_NETWORK];

pub(super) static VIP_TWICE: Lint = Lint::error(
    "vip-twice",
    "a VIP is listed twice",
    "Two instances would move the same address independently of each other.",
    "remove or correct one of them",
);

pub(super) static VIP_IS_NODE_ADDRESS: Lint = Lint::error(
    "vip-is-node-address",
    "a VIP is a node's own address",
    "The node would keep the address when another one is MASTER, and both would answer for it.",
    "choose a free address for the VIP",
);

pub(super) static MIXED_FAMILIES: Lint = Lint::error(
    "mixed-families",
    "IPv4 and IPv6 in `virtual_ipaddress` of one instance",
    "An advertisement carries addresses of one family.",
    "move the second family to `virtual_ipaddress_excluded`, or make an instance for each family",
);

pub(super) static NODE_LACKS_FAMILY: Lint = Lint::error(
    "node-lacks-family",
    "a node has no address of the VIP's family",
    "With direct routing a server is reached at an address of the VIP's family.",
    "give the node one address of each family: `address: [IPV4, IPV6]`",
);

pub(super) static VIP_ON_OTHER_NETWORK: Lint = Lint::warning(
    "vip-on-other-network",
    "no node has an address in the VIP's network",
    "With its network's length the VIP brings a route to that network. That is right for a VIP on a second VLAN, and wrong for a VIP that was mistyped.",
    "correct the address, write `dev: INTERFACE` of the VLAN, or /32 (/128) for an address that is routed to the nodes",
);

/// No VIP may be in two instances.
pub(super) fn twice(drafts: &Drafts<'_>, problems: &mut Problems) {
    // A link-local one may be on each interface.
    let all = drafts.instances.iter().flat_map(InstanceDraft::addresses);
    let vips: Vec<&Placed<_>> = all.filter(|vip| !vip.value.vip.is_link_local()).collect();
    unique(&VIP_TWICE, &vips, |vip| vip.value.address(), "this VIP stands twice", problems);
}

pub(super) fn check(instance: &InstanceDraft, drafts: &Drafts<'_>, problems: &mut Problems) {
    let nodes = drafts.nodes;
    for vip in instance.addresses() {
        let address = vip.value.address();
        if nodes.iter().any(|node| node.has(address)) {
            problems.found(
                &VIP_IS_NODE_ADDRESS,
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
        problems.case(&MIXED_FAMILIES, other.at.clone(), "IPv4 and IPv6 addresses in one instance");
    }
    let members: Vec<&NodeDraft> =
        member::members(instance, nodes).into_iter().map(|place| &nodes[place]).collect();
    families(first.value.address(), &first.at, &members, problems);
    // What a port serves, it serves on every address.
    let serves = |server: &ServerDraft| {
        let port = server.service.as_ref().is_some_and(|it| matches!(it.value, Service::Port(_)));
        port && server.instance.is_some_and(|at| drafts.instances[at].at == instance.at)
    };
    let excluded = instance.excluded.iter().map(|vip| (vip.value.address(), &vip.at));
    let other = excluded.into_iter().find(|(address, _)| Family::of(*address) != family);
    if let (Some((address, at)), true) = (other, drafts.servers.iter().any(serves)) {
        families(address, at, &members, problems);
    }
    if drafts.bypass {
        off_the_network(instance, &members, problems);
    }
}

/// In LVS-DR a server has an address of the VIP's family.
fn families(vip: IpAddr, at: &Range<usize>, nodes: &[&NodeDraft], problems: &mut Problems) {
    let family = Family::of(vip);
    let known: Vec<&&NodeDraft> = nodes.iter().filter(|node| !node.addresses.is_empty()).collect();
    let lacking: Vec<&&&NodeDraft> =
        known.iter().filter(|node| node.address_of(family).is_none()).collect();
    if !known.is_empty() && lacking.len() == known.len() {
        problems.found(
            &NODE_LACKS_FAMILY,
            at.clone(),
            format!("no node has an {family} address, and {vip} needs one of each"),
            format!("give each node an {family} address too: `address: [..., ...]`"),
        );
        return;
    }
    for node in lacking {
        let Some(address) = node.addresses.first() else { continue };
        problems.found(
            &NODE_LACKS_FAMILY,
            address.at.clone(),
            format!("this node has no {family} address, and {vip} needs one"),
            format!("write both: `address: [{}, ...]`", address.value),
        );
    }
}

/// With its network's length, a VIP brings a route to that network: the nodes should be in it.
fn off_the_network(instance: &InstanceDraft, nodes: &[&NodeDraft], problems: &mut Problems) {
    for vip in &instance.vips {
        let address = vip.value.address();
        if vip.value.vip.is_link_local() {
            continue; // Each interface has that network.
        }
        let single = if address.is_ipv4() { 32 } else { 128 };
        let Some(length) = vip.value.prefix_length.filter(|length| *length < single) else {
            continue;
        };
        let Ok(network) = ipnetwork::IpNetwork::new(address, length) else { continue };
        let own: Vec<IpAddr> = nodes
            .iter()
            .flat_map(|node| &node.addresses)
            .map(|own| own.value)
            .filter(|own| Family::of(*own) == Family::of(address))
            .collect();
        let inside = own.is_empty() || own.iter().any(|&own| network.contains(own));
        if vip.value.dev.is_none() && !inside {
            problems.found(
                &VIP_ON_OTHER_NETWORK,
                vip.at.clone(),
                format!("no node's address is in the network of {address}/{length}"),
                format!("correct it; or /{single} for an address that is routed here"),
            );
        }
    }
}
