//! Instances: addresses that fit the nodes, numbers that are not taken, and elections that end with
//! one MASTER.

use std::collections::HashMap;
use std::net::IpAddr;
use std::ops::Range;
use std::time::Duration;

use super::lint::Lint;
use super::{Drafts, unique};
use crate::cluster::{Family, Release, Service, Version};
use crate::conf::word::Word;
use crate::inventory::instance::{InstanceDraft, Order};
use crate::inventory::member;
use crate::inventory::node::NodeDraft;
use crate::inventory::read::{Placed, Problems};
use crate::inventory::server::ServerDraft;

/// What is found here.
pub(super) static LINTS: &[&Lint] = &[
    &VIP_TWICE,
    &VIP_TAKES_NO_PACKETS,
    &VIP_IS_NODE_ADDRESS,
    &MIXED_FAMILIES,
    &NODE_LACKS_FAMILY,
    &VIP_ON_OTHER_NETWORK,
    &INTERFACE_MISSING,
    &IPV6_NEEDS_VERSION_3,
    &IPV6_WITHOUT_LINK_LOCAL,
    &ADVERT_INT_OF_VERSION,
    &AUTHENTICATION_IN_VERSION_3,
    &DELAY_WITHOUT_PREEMPTION,
    &ORDER_WITHOUT_EFFECT,
    &NODE_LISTED_TWICE,
    &ORDER_INCOMPLETE,
    &PREEMPT_AMONG_EQUALS,
    &EQUAL_PRIORITIES,
    &PRIORITY_OF_ALL_NODES,
    &HOOK_TAKEN,
    &TOO_MANY_VIPS,
    &VRID_TWICE,
];

pub(super) static VIP_TWICE: Lint = Lint::error(
    "vip-twice",
    "a VIP is listed twice",
    "Two instances would move the same address independently of each other.",
    "remove or correct one of them",
);

pub(super) static VIP_TAKES_NO_PACKETS: Lint = Lint::error(
    "vip-takes-no-packets",
    "nodes would drop packets to their VIPs",
    "With `vrrp_strict`, `strict_mode` or `no_accept` keepalived drops what is sent to the VIP itself, and the nodes are to serve there.",
    "remove it; or write `bypass: false` if the nodes do not serve",
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

pub(super) static INTERFACE_MISSING: Lint = Lint::error(
    "interface-missing",
    "a node has no interface for an instance",
    "keepalived needs the interface that carries advertisements and addresses.",
    "add `interface: NAME` to the instance, or to each node",
);

pub(super) static IPV6_NEEDS_VERSION_3: Lint = Lint::error(
    "ipv6-needs-version-3",
    "VRRP version 2 with IPv6 addresses",
    "VRRP version 2 (RFC 3768) knows IPv4 only.",
    "remove `version`",
);

pub(super) static IPV6_WITHOUT_LINK_LOCAL: Lint = Lint::error(
    "ipv6-without-link-local",
    "an IPv6 instance without a link-local address",
    "RFC 9568 wants a link-local address first. keepalived 2.1.5 refuses an instance without one.",
    "list a link-local address first, such as `fe80::11/64`; or write `target: keepalived 2.2` when all nodes have that",
);

pub(super) static ADVERT_INT_OF_VERSION: Lint = Lint::error(
    "advert-int-of-version",
    "an advert_int that this VRRP version can't send",
    "Version 2 counts whole seconds, version 3 hundredths of a second up to 40.95.",
    "write a whole number of seconds for version 2, at most 40.95 for version 3",
);

pub(super) static AUTHENTICATION_IN_VERSION_3: Lint = Lint::error(
    "authentication-in-version-3",
    "authentication in VRRP version 3",
    "Version 3 has no authentication; keepalived ignores the password and calls it an error.",
    "remove `authentication`",
);

pub(super) static DELAY_WITHOUT_PREEMPTION: Lint = Lint::error(
    "delay-without-preemption",
    "`preempt_delay` with `preempt: false`",
    "It delays a takeover that `preempt: false` forbids.",
    "remove one of them",
);

pub(super) static ORDER_WITHOUT_EFFECT: Lint = Lint::error(
    "order-without-effect",
    "an order of nodes that all have the same priority",
    "`priority` of the instance and `election: uniform` make all nodes equal, so their order does not count.",
    "remove `nodes`, or what makes them equal",
);

pub(super) static NODE_LISTED_TWICE: Lint = Lint::error(
    "node-listed-twice",
    "a node is listed twice",
    "Only one of the places can count.",
    "remove one of them",
);

pub(super) static ORDER_INCOMPLETE: Lint = Lint {
    id: "order-incomplete",
    severity: super::lint::Severity::Hint,
    title: "a node is not in the `nodes` of an instance",
    why: "Only the nodes that are listed run it. That is right for an instance of some nodes, and wrong where a new node was forgotten.",
    help: "add every node that shall run it, the preferred one first",
    check: None,
};

pub(super) static PREEMPT_AMONG_EQUALS: Lint = Lint::error(
    "preempt-among-equals",
    "preemption with `election: uniform`",
    "Nodes of equal priority never preempt.",
    "remove it, or write `election: ranked`",
);

pub(super) static PRIORITY_OF_ALL_NODES: Lint = Lint {
    id: "priority-of-all-nodes",
    severity: super::lint::Severity::Hint,
    title: "`priority` of an instance is that of all its nodes",
    why: "It prefers none of them: the node with the highest address becomes MASTER.",
    help: "give each node its priority in `nodes`, or remove it: the order of `nodes` decides",
    check: None,
};

pub(super) static EQUAL_PRIORITIES: Lint = Lint::warning(
    "equal-priorities",
    "all nodes have the same priority",
    "When advertisements are lost, several nodes become MASTER at the same moment and nobody gives way.",
    "make sure that advertisements always arrive, or write `election: ranked`",
);

pub(super) static HOOK_TAKEN: Lint = Lint::error(
    "hook-taken",
    "the hook is bypass-ipvs' already",
    "The guard follows the roles by notify_master, notify_backup, notify_fault and notify_stop; keepalived takes one command for each.",
    "use `notify`, which runs besides; or write `bypass: false` if the nodes do not serve",
);

pub(in crate::inventory) static TOO_MANY_VIPS: Lint = Lint::error(
    "too-many-vips",
    "too many VIPs for the hook's line",
    "keepalived reads lines of 1024 bytes, and the hook names each VIP.",
    "put some VIPs into another instance",
);

pub(super) static VRID_TWICE: Lint = Lint::error(
    "vrid-twice",
    "two instances with one virtual_router_id on one interface",
    "Each takes the other's advertisements for its own.",
    "give each instance a number of its own",
);

/// VRRP version 3 has 12 bits of centiseconds (RFC 5798, 5.2.7).
const LONGEST_V3_INTERVAL: Duration = Duration::from_millis(40_950);

pub(super) fn check(drafts: &Drafts<'_>, problems: &mut Problems) {
    let mut vips: Vec<&Placed<_>> = Vec::new();
    for instance in drafts.instances {
        addresses(instance, drafts, problems);
        version(instance, drafts.global_defs.vrrp_version, problems);
        election(instance, drafts, problems);
        uniform(instance, problems);
        alike(instance, drafts.nodes, problems);
        hooks(instance, drafts, problems);
        // A link-local one may be on each interface.
        vips.extend(instance.addresses().filter(|vip| !vip.value.vip.is_link_local()));
    }
    interface(drafts, problems);
    unique(&VIP_TWICE, &vips, |vip| vip.value.address(), "this VIP stands twice", problems);
    router_ids(drafts, problems);
    if drafts.bypass && drafts.global_defs.settings.has("vrrp_strict") {
        let at = drafts.global_places.key("vrrp_strict");
        let title = "with `vrrp_strict` nobody would take packets to the addresses";
        problems.found(
            &VIP_TAKES_NO_PACKETS,
            at,
            title,
            "remove it; or `bypass: false` if the nodes do not serve",
        );
    }
}

fn addresses(instance: &InstanceDraft, drafts: &Drafts<'_>, problems: &mut Problems) {
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
        problems.found(
            &MIXED_FAMILIES,
            other.at.clone(),
            "IPv4 and IPv6 addresses in one instance",
            "move the second family to `virtual_ipaddress_excluded`, or make an instance for each family",
        );
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

/// Every node needs one. Where others have it, the node is told that has none; else the instance.
fn interface(drafts: &Drafts<'_>, problems: &mut Problems) {
    let nodes = drafts.nodes;
    let mut lacking: Vec<(usize, Vec<&str>)> = Vec::new();
    let mut nowhere: Vec<&InstanceDraft> = Vec::new();
    for instance in drafts.instances.iter().filter(|instance| !instance.names_interface) {
        let members = member::members(instance, nodes);
        let lacks = |place: &&usize| member::interface(instance, &nodes[**place]).is_none();
        let without: Vec<&usize> = members.iter().filter(lacks).collect();
        if !without.is_empty() && without.len() == members.len() {
            nowhere.push(instance);
            continue;
        }
        for &&place in &without {
            match lacking.iter_mut().find(|(other, _)| *other == place) {
                Some((_, names)) => names.push(instance.name()),
                None => lacking.push((place, vec![instance.name()])),
            }
        }
    }
    for (place, names) in lacking {
        let Some(name) = &nodes[place].name else { continue };
        problems.found(
            &INTERFACE_MISSING,
            name.at.clone(),
            format!("`{}` has no interface for {}", name.value.as_str(), names.join(", ")),
            format!(
                "add `interface: NAME` to the node, as the others have; or to {} for all nodes",
                names.join(", ")
            ),
        );
    }
    if let [first, rest @ ..] = nowhere.as_slice() {
        let others = match rest.len() {
            0 => String::new(),
            1 => " and 1 other instance".to_owned(),
            several => format!(" and {several} other instances"),
        };
        problems.found(
            &INTERFACE_MISSING,
            first.at.clone(),
            format!("no interface for `{}`{others}", first.name()),
            "add `interface: NAME` to the instance, or to each node where they differ",
        );
    }
}

/// IPv6 addresses mean VRRP version 3 (RFC 5798).
fn version(instance: &InstanceDraft, global: Version, problems: &mut Problems) {
    let ipv6 = instance.vips.first().is_some_and(|vip| vip.value.address().is_ipv6());
    if let (Some(said), true) = (&instance.version, ipv6)
        && said.value == Version::V2
    {
        let title = "VRRP version 2 has no IPv6";
        problems.found(&IPV6_NEEDS_VERSION_3, said.at.clone(), title, "remove `version`");
    }
    let first = instance.vips.first().filter(|first| match first.value.address() {
        IpAddr::V6(address) => !address.is_unicast_link_local(),
        IpAddr::V4(_) => false,
    });
    if let (Some(first), Release::V2_1_5) = (first, problems.target()) {
        problems.found(
            &IPV6_WITHOUT_LINK_LOCAL,
            first.at.clone(),
            format!(
                "{} does not know IPv6 instances without a link-local address",
                Release::V2_1_5
            ),
            "write `target: keepalived 2.2` when all nodes have that",
        );
    }
    let interval = instance.advert_int.as_ref();
    if member::version(instance, global) == Version::V2 && !ipv6 {
        if let Some(interval) = interval.filter(|time| time.value.duration().subsec_nanos() > 0) {
            problems.found(
                &ADVERT_INT_OF_VERSION,
                interval.at.clone(),
                "VRRP version 2 counts whole seconds",
                "write a whole number, or `vrrp_version: 3` in `global_defs`",
            );
        }
        return;
    }
    let version_3 = if ipv6 { "VRRP for IPv6" } else { "VRRP version 3" };
    if let Some(pass) = &instance.auth_pass {
        problems.found(
            &AUTHENTICATION_IN_VERSION_3,
            pass.at.clone(),
            format!("{version_3} has no authentication"),
            "remove `authentication`",
        );
    }
    if let Some(interval) = interval.filter(|time| time.value.duration() > LONGEST_V3_INTERVAL) {
        problems.found(
            &ADVERT_INT_OF_VERSION,
            interval.at.clone(),
            format!("too long: {version_3} counts hundredths in 12 bits"),
            format!("write at most {} seconds", LONGEST_V3_INTERVAL.as_secs_f64()),
        );
    }
}

fn election(instance: &InstanceDraft, drafts: &Drafts<'_>, problems: &mut Problems) {
    let preempt = instance.preempt.as_ref().map(|preempt| preempt.value);
    if let (Some(false), Some(delay)) = (preempt, &instance.preempt_delay) {
        problems.found(
            &DELAY_WITHOUT_PREEMPTION,
            delay.at.clone(),
            "a delay of a takeover that `preempt: false` forbids",
            "remove `preempt_delay`, or `preempt: false`",
        );
    }
    let Some(order) = &instance.nodes else { return };
    let listed = |node: &NodeDraft| node.name.as_ref().is_none_or(|name| order.has(&name.value));
    let mut own = drafts.nodes.iter().filter(|node| member::of_site(instance, node));
    if (instance.priority.is_some() || instance.is_uniform()) && own.all(listed) {
        problems.found(
            &ORDER_WITHOUT_EFFECT,
            order.at.clone(),
            "an order of nodes that all have the same priority",
            "remove `nodes`, or `priority`",
        );
    }
    check_order(instance, order, drafts, problems);
}

/// The order must name nodes, and each once.
fn check_order(
    instance: &InstanceDraft,
    order: &Order,
    drafts: &Drafts<'_>,
    problems: &mut Problems,
) {
    let nodes = drafts.nodes;
    // A name that could not be read is a problem already.
    let Some(names) = nodes.iter().map(|node| node.name.as_ref()).collect::<Option<Vec<_>>>()
    else {
        return;
    };
    let known = |name: &Word| {
        let place = drafts.places.get(name.as_str());
        place.is_some_and(|&place| member::of_site(instance, &nodes[place]))
    };
    for name in order.names.iter().filter(|name| !known(&name.value)) {
        let cure = match &instance.site {
            Some(_) => "name one of this site",
            None => "name one of the section `nodes`",
        };
        problems.found(
            &super::names::UNKNOWN_NAME,
            name.at.clone(),
            format!("there is no node `{}`", name.value.as_str()),
            cure,
        );
    }
    let left_out: Vec<&str> = (nodes.iter().zip(names))
        .filter(|(node, name)| member::of_site(instance, node) && !order.has(&name.value))
        .map(|(_, name)| name.value.as_str())
        .collect();
    let names: Vec<&Placed<_>> = order.names.iter().collect();
    unique(
        &NODE_LISTED_TWICE,
        &names,
        |name| name.value.clone(),
        "this node stands twice in the order",
        problems,
    );
    if let ([first, rest @ ..], true) = (left_out.as_slice(), order.whole) {
        let others = match rest.len() {
            0 => String::new(),
            1 => " and 1 other node".to_owned(),
            several => format!(" and {several} other nodes"),
        };
        problems.found(
            &ORDER_INCOMPLETE,
            order.at.clone(),
            format!("`{first}`{others} will not run `{}`", instance.name()),
            "add every node that shall run it, the preferred one first",
        );
    }
}

/// Nodes that are all alike.
fn uniform(instance: &InstanceDraft, problems: &mut Problems) {
    let Some(uniform) = instance.election.as_ref().filter(|_| instance.is_uniform()) else {
        return;
    };
    let preempts = instance.preempt.as_ref().filter(|preempt| preempt.value);
    let at = preempts.map(|preempt| &preempt.at);
    let delays = instance.preempt_delay.as_ref().filter(|delay| delay.value.0.is_some());
    if let Some(at) = at.or(delays.map(|delay| &delay.at)) {
        problems.found(
            &PREEMPT_AMONG_EQUALS,
            at.clone(),
            "among equals nobody preempts",
            "remove it, or write `election: ranked`",
        );
    }
    problems.found(
        &EQUAL_PRIORITIES,
        uniform.at.clone(),
        "equal priorities make a split brain more likely",
        "make sure that adverts always arrive, or write `election: ranked`",
    );
}

/// The same said by a priority of all nodes.
fn alike(instance: &InstanceDraft, nodes: &[NodeDraft], problems: &mut Problems) {
    let Some(priority) = &instance.priority else { return };
    let stays = instance.preempt.as_ref().is_some_and(|preempt| !preempt.value);
    let ranking = member::ranking(instance, nodes).unwrap_or_default();
    let equal = ranking.windows(2).all(|two| two[0].1 == two[1].1);
    if instance.is_uniform() || ranking.len() < 2 || !equal {
        return;
    }
    if stays {
        problems.found(
            &EQUAL_PRIORITIES,
            priority.at.clone(),
            "equal priorities make a split brain more likely",
            "make sure that adverts always arrive, or remove `priority`; for one file on all nodes \
             `election: uniform` says all of it",
        );
    } else {
        problems.found(
            &PRIORITY_OF_ALL_NODES,
            priority.at.clone(),
            format!("all nodes of `{}` have priority {}", instance.name(), priority.value),
            PRIORITY_OF_ALL_NODES.help,
        );
    }
}

/// Our hook takes these, so nobody else can have them; and the node has to take the packets.
fn hooks(instance: &InstanceDraft, drafts: &Drafts<'_>, problems: &mut Problems) {
    if !drafts.bypass {
        return;
    }
    let own = drafts.nodes.iter().flat_map(|node| &node.instances);
    let own = own.filter(|(name, _)| name.value == instance.name());
    let own = own.map(|(_, own)| (&own.places, &own.settings));
    for (places, settings) in std::iter::once((&instance.places, &instance.settings)).chain(own) {
        for key in ["notify_master", "notify_backup", "notify_fault", "notify_stop"] {
            if settings.has(key) {
                problems.found(&HOOK_TAKEN,
                    places.key(key),
                    format!("bypass-ipvs is `{key}` of `{}` already", instance.name()),
                    "use `notify`, which runs besides; or `bypass: false` if the nodes do not serve",
                );
            }
        }
    }
    for key in ["no_accept", "strict_mode"].into_iter().filter(|key| instance.settings.has(key)) {
        problems.found(
            &VIP_TAKES_NO_PACKETS,
            instance.places.key(key),
            format!("with `{key}` nobody would take packets to the addresses"),
            "remove it; or `bypass: false` if the nodes do not serve",
        );
    }
}

/// On no interface of a node two instances of one family can have the same number.
fn router_ids(drafts: &Drafts<'_>, problems: &mut Problems) {
    let mut seen: HashMap<(usize, &str, u8, bool), usize> = HashMap::new();
    for (at, instance) in drafts.instances.iter().enumerate() {
        let (Some(vrid), Some(vip)) = (&instance.virtual_router_id, instance.vips.first()) else {
            continue;
        };
        let clash = member::members(instance, drafts.nodes).into_iter().find_map(|place| {
            let interface = member::interface(instance, &drafts.nodes[place])?.value.as_str();
            let key = (place, interface, vrid.value, vip.value.address().is_ipv4());
            let earlier = seen.insert(key, at);
            earlier.filter(|earlier| *earlier != at).map(|_| interface)
        });
        if let Some(interface) = clash {
            problems.found(
                &VRID_TWICE,
                vrid.at.clone(),
                format!("two instances have virtual_router_id {} on {interface}", vrid.value),
                "give each instance a number of its own",
            );
        }
    }
}
