//! Nodes: their names and addresses, the networks that these are in, and what they say of instances.

use std::net::IpAddr;
use std::ops::Range;

use super::{Drafts, unique};
use crate::cluster::Election;
use crate::inventory::member;
use crate::inventory::node::NodeDraft;
use crate::inventory::read::{Placed, Problems};

pub(super) fn check(drafts: &Drafts<'_>, problems: &mut Problems) {
    let nodes = drafts.nodes;
    let names: Vec<&Placed<_>> = nodes.iter().filter_map(|node| node.name.as_ref()).collect();
    unique(
        &names,
        |name| name.value.as_str().to_ascii_lowercase(),
        "two nodes have this name",
        problems,
    );
    let addresses: Vec<&Placed<_>> = nodes.iter().flat_map(|node| &node.addresses).collect();
    unique(&addresses, |address| address.value, "two nodes have this address", problems);
    for address in addresses {
        on_network(address.value, &address.at, drafts, problems);
    }
    for vip in drafts.instances.iter().flat_map(|instance| instance.addresses()) {
        on_network(vip.value.address(), &vip.at, drafts, problems);
    }
    most(drafts, problems);
    for node in nodes {
        own_instances(node, drafts, problems);
        let uniform = drafts.instances.iter().any(|instance| instance.is_uniform());
        if let (Some(priority), true) = (&node.priority, uniform) {
            problems.add(
                priority.at.clone(),
                "a priority of its own in an election of equals",
                "remove it, or write it below `vrrp_instance` of this node",
            );
        }
    }
}

/// An address outside the servers' networks is a slip of the pen more often than not.
fn on_network(address: IpAddr, at: &Range<usize>, drafts: &Drafts<'_>, problems: &mut Problems) {
    let networks = drafts.networks;
    let same_family =
        |network: &&Placed<ipnetwork::IpNetwork>| network.value.is_ipv4() == address.is_ipv4();
    let own: Vec<_> = networks.iter().filter(same_family).collect();
    if networks.is_empty() || own.iter().any(|network| network.value.contains(address)) {
        return;
    }
    let known: Vec<String> = networks.iter().map(|network| network.value.to_string()).collect();
    problems.add(
        at.clone(),
        format!("{address} is not in {}", known.join(", ")),
        "correct the address, or add its network to `network`",
    );
}

/// There are only so many priorities.
fn most(drafts: &Drafts<'_>, problems: &mut Problems) {
    for instance in drafts.instances {
        let members = member::members(instance, drafts.nodes);
        let ranked = instance.priority.is_none() && !instance.is_uniform();
        let by_order = members.iter().filter(|&&place| {
            let node = &drafts.nodes[place];
            let own = node.own(instance.name()).and_then(|own| own.priority.as_ref());
            own.or(node.priority.as_ref()).is_none()
        });
        if ranked && by_order.count() > Election::MOST_NODES {
            problems.add(
                instance.at.clone(),
                format!("an order of more than {} nodes", Election::MOST_NODES),
                "write `election: uniform`, or make an instance for each `site`",
            );
        }
        if members.is_empty() && !drafts.nodes.is_empty() {
            let at = instance.site.as_ref().map_or(&instance.at, |site| &site.at);
            problems.add(
                at.clone(),
                "an instance without nodes",
                "write this site at some nodes, or remove `site`",
            );
        }
    }
}

/// What a node says of an instance must be said of one that it runs.
fn own_instances(node: &NodeDraft, drafts: &Drafts<'_>, problems: &mut Problems) {
    for (name, own) in &node.instances {
        let Some(instance) = drafts.instances.iter().find(|instance| instance.name() == name.value)
        else {
            problems.add(
                name.at.clone(),
                format!("there is no VRRP instance `{}`", name.value),
                "name one of the section `vrrp_instance`",
            );
            continue;
        };
        if !member::runs(instance, node) {
            problems.add(
                name.at.clone(),
                format!("`{}` does not run here: it is of another site", name.value),
                "remove it, or correct the site",
            );
        }
        if let (Some(priority), true) = (&own.priority, instance.is_uniform()) {
            problems.add(
                priority.at.clone(),
                "a priority of its own in an election of equals",
                "remove it, or write `election: ranked`",
            );
        }
        let source = own.unicast_src_ip.as_ref().map(|source| &source.at);
        let peers = own.unicast_peer.as_ref().and_then(|peers| peers.first()).map(|peer| &peer.at);
        if let (Some(at), false) = (source.or(peers), instance.unicast) {
            problems.add(
                at.clone(),
                format!("adverts of `{}` go to a multicast group", name.value),
                "write `unicast: true` in the instance: all nodes must do the same",
            );
        }
    }
}
