//! Nodes: their names and addresses, the networks that these are in, and what they say of instances.

use std::net::IpAddr;
use std::ops::Range;

use super::lint::Lint;
use super::{Drafts, unique};
use crate::cluster::Election;
use crate::inventory::instance::InstanceDraft;
use crate::inventory::member;
use crate::inventory::node::NodeDraft;
use crate::inventory::problems::{Placed, Problems};
use crate::inventory::read::nearest;

/// What is found here.
pub(super) static LINTS: &[&Lint] = &[
    &NODE_NAME_TWICE,
    &NODE_ADDRESS_TWICE,
    &PRIORITY_AMONG_EQUALS,
    &ADDRESS_OFF_NETWORK,
    &ORDER_TOO_LONG,
    &INSTANCE_WITHOUT_NODES,
    &NODE_OF_OTHER_SITE,
    &UNICAST_KEY_WITHOUT_UNICAST,
];

pub(super) static NODE_NAME_TWICE: Lint = Lint::error(
    "node-name-twice",
    "two nodes with one name",
    "The name is the node's directory below --out-dir and its router_id.",
    "remove or correct one of them",
);

pub(super) static NODE_ADDRESS_TWICE: Lint = Lint::error(
    "node-address-twice",
    "two nodes with one address",
    "Only one host can answer for it.",
    "remove or correct one of them",
);

pub(super) static PRIORITY_AMONG_EQUALS: Lint = Lint::error(
    "priority-among-equals",
    "a node's priority with `election: uniform`",
    "All nodes have the same file, so none can have a priority of its own.",
    "remove it, or write `election: ranked`",
);

pub(super) static ADDRESS_OFF_NETWORK: Lint = Lint::error(
    "address-off-network",
    "an address outside of `network`",
    "It is a slip of the pen more often than not.",
    "correct the address, or add its network to `network`",
);

pub(super) static ORDER_TOO_LONG: Lint = Lint::error(
    "order-too-long",
    "more nodes than there are priorities",
    "Each place of an order needs a priority of its own, from 100 down to 1.",
    "write `election: uniform`, or make an instance for each `site`",
);

pub(super) static INSTANCE_WITHOUT_NODES: Lint = Lint::error(
    "instance-without-nodes",
    "an instance that no node runs",
    "No node is of its site, so nobody has its addresses.",
    "write this site at some nodes, or remove `site` from the instance",
);

pub(super) static NODE_OF_OTHER_SITE: Lint = Lint::error(
    "node-of-other-site",
    "a node says something of an instance that it does not run",
    "The instance is bound to another site or to other nodes.",
    "remove it, or correct `site` or `nodes`",
);

pub(super) static UNICAST_KEY_WITHOUT_UNICAST: Lint = Lint::error(
    "unicast-key-without-unicast",
    "a key of unicast, and the instance sends to a multicast group",
    "keepalived calls that an error and ignores the key.",
    "write `unicast: true` in the instance, for all nodes; or remove the key",
);

pub(super) fn check(drafts: &Drafts<'_>, problems: &mut Problems) {
    let nodes = drafts.nodes;
    let names: Vec<&Placed<_>> = nodes.iter().filter_map(|node| node.name.as_ref()).collect();
    unique(
        &NODE_NAME_TWICE,
        &names,
        |name| name.value.as_str().to_ascii_lowercase(),
        "two nodes have this name",
        problems,
    );
    let addresses: Vec<&Placed<_>> = nodes.iter().flat_map(|node| &node.addresses).collect();
    unique(
        &NODE_ADDRESS_TWICE,
        &addresses,
        |address| address.value,
        "two nodes have this address",
        problems,
    );
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
            problems.found(
                &PRIORITY_AMONG_EQUALS,
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
    let local = matches!(address, IpAddr::V6(v6) if v6.is_unicast_link_local());
    if networks.is_empty() || local || own.iter().any(|network| network.value.contains(address)) {
        return;
    }
    let known: Vec<String> = networks.iter().map(|network| network.value.to_string()).collect();
    problems.case(
        &ADDRESS_OFF_NETWORK,
        at.clone(),
        format!("{address} is not in {}", known.join(", ")),
    );
}

/// There are only so many priorities.
fn most(drafts: &Drafts<'_>, problems: &mut Problems) {
    for instance in drafts.instances {
        let members = member::members(instance, drafts.nodes);
        let ranked = instance.priority.is_none() && !instance.is_uniform();
        let by_order = members
            .iter()
            .filter(|&&place| member::own_priority(instance, &drafts.nodes[place]).is_none());
        if ranked && by_order.count() > Election::MOST_NODES {
            problems.case(
                &ORDER_TOO_LONG,
                instance.at.clone(),
                format!("an order of more than {} nodes", Election::MOST_NODES),
            );
        }
        if members.is_empty() && !drafts.nodes.is_empty() {
            let at = instance.site.as_ref().map_or(&instance.at, |site| &site.at);
            problems.found(
                &INSTANCE_WITHOUT_NODES,
                at.clone(),
                match &instance.site {
                    Some(site) => {
                        format!("an instance without nodes: none has site `{}`", site.value)
                    }
                    None => "an instance without nodes".to_owned(),
                },
                match sites(instance, drafts) {
                    Some(best) => format!("did you mean `{best}`?"),
                    None => "write this site at some nodes, or remove `site`".to_owned(),
                },
            );
        }
    }
}

/// The site of some node that is most like an instance's.
fn sites<'a>(instance: &InstanceDraft, drafts: &Drafts<'a>) -> Option<&'a str> {
    let known = drafts.nodes.iter().filter_map(|node| Some(node.site.as_ref()?.value.as_str()));
    nearest(instance.site.as_ref()?.value.as_str(), &known.collect::<Vec<_>>())
}

/// What a node says of an instance must be said of one that it runs.
fn own_instances(node: &NodeDraft, drafts: &Drafts<'_>, problems: &mut Problems) {
    for (name, own) in &node.instances {
        let Some(instance) = drafts.instances.iter().find(|instance| instance.name() == name.value)
        else {
            problems.found(
                &super::reading::UNKNOWN_NAME,
                name.at.clone(),
                format!("there is no VRRP instance `{}`", name.value),
                "name one of the section `vrrp_instance`",
            );
            continue;
        };
        if !member::runs(instance, node) {
            let (why, help) = match member::of_site(instance, node) {
                false => ("it is of another site", "remove it, or correct the site"),
                true => (
                    "its `nodes` are others",
                    "remove it, or add the node to `nodes` of the instance",
                ),
            };
            problems.found(
                &NODE_OF_OTHER_SITE,
                name.at.clone(),
                format!("`{}` does not run here: {why}", name.value),
                help,
            );
        }
        if let (Some(priority), true) = (&own.priority, instance.is_uniform()) {
            problems.case(
                &PRIORITY_AMONG_EQUALS,
                priority.at.clone(),
                "a priority of its own in an election of equals",
            );
        }
        let source = own.unicast_src_ip.as_ref().map(|source| &source.at);
        let peers = own.unicast_peer.as_ref().and_then(|peers| peers.first()).map(|peer| &peer.at);
        if let (Some(at), false) = (source.or(peers), instance.unicast) {
            problems.found(
                &UNICAST_KEY_WITHOUT_UNICAST,
                at.clone(),
                format!("adverts of `{}` go to a multicast group", name.value),
                "write `unicast: true` in the instance: all nodes must do the same",
            );
        }
    }
}
