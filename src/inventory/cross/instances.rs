//! Instances: addresses that fit the nodes, numbers that are not taken, and elections that end with
//! one MASTER.

use std::collections::HashMap;
use std::net::IpAddr;
use std::ops::Range;
use std::time::Duration;

use super::{Drafts, unique};
use crate::cluster::{Family, Release, Service, Version};
use crate::conf::word::Word;
use crate::inventory::instance::{InstanceDraft, Order};
use crate::inventory::keys::instance::VIRTUAL_IPADDRESS;
use crate::inventory::member;
use crate::inventory::node::NodeDraft;
use crate::inventory::read::{Placed, Problems};
use crate::inventory::server::ServerDraft;

/// VRRP version 3 has 12 bits of centiseconds (RFC 5798, 5.2.7).
const LONGEST_V3_INTERVAL: Duration = Duration::from_millis(40_950);

pub(super) fn check(drafts: &Drafts<'_>, problems: &mut Problems) {
    let mut vips: Vec<&Placed<_>> = Vec::new();
    for instance in drafts.instances {
        addresses(instance, drafts, problems);
        interface(instance, drafts.nodes, problems);
        version(instance, drafts.global_defs.vrrp_version, problems);
        election(instance, drafts.nodes, problems);
        uniform(instance, problems);
        alike(instance, drafts.nodes, problems);
        hooks(instance, drafts, problems);
        vips.extend(instance.addresses());
    }
    unique(&vips, |vip| vip.value.address(), "this VIP stands twice", problems);
    router_ids(drafts, problems);
    if drafts.bypass && drafts.global_defs.settings.has("vrrp_strict") {
        let at = drafts.global_places.key("vrrp_strict");
        let title = "with `vrrp_strict` nobody would take packets to the addresses";
        problems.add(at, title, "remove it; or `bypass: false` if the nodes do not serve");
    }
}

fn addresses(instance: &InstanceDraft, drafts: &Drafts<'_>, problems: &mut Problems) {
    let nodes = drafts.nodes;
    for vip in instance.addresses() {
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

/// With its network's length, a VIP brings a route to that network: the nodes should be in it.
fn off_the_network(instance: &InstanceDraft, nodes: &[&NodeDraft], problems: &mut Problems) {
    for vip in &instance.vips {
        let address = vip.value.address();
        let single = if address.is_ipv4() { 32 } else { 128 };
        let Some(length) = vip.value.prefix_length.filter(|length| *length < single) else {
            continue;
        };
        let Ok(network) = ipnetwork::IpNetwork::new(address, length) else { continue };
        let own: Vec<IpAddr> =
            nodes.iter().filter_map(|node| node.address_of(Family::of(address))).collect();
        let inside = own.is_empty() || own.iter().any(|&own| network.contains(own));
        if vip.value.dev.is_none() && !inside {
            problems.add(
                vip.at.clone(),
                format!("no node's address is in the network of {address}/{length}"),
                format!("correct it; or /{single} for an address that is routed here"),
            );
        }
    }
}

/// Every node needs one.
fn interface(instance: &InstanceDraft, nodes: &[NodeDraft], problems: &mut Problems) {
    let lacks = |place: &usize| member::interface(instance, &nodes[*place]).is_none();
    let members = member::members(instance, nodes);
    if instance.names_interface || !members.iter().any(lacks) && !members.is_empty() {
        return;
    }
    let title = format!("`interface` is missing in `{}`", instance.name());
    problems.add(instance.at.clone(), title, "add a line `interface: ...`");
}

/// IPv6 addresses mean VRRP version 3 (RFC 5798).
fn version(instance: &InstanceDraft, global: Version, problems: &mut Problems) {
    let ipv6 = instance.vips.first().is_some_and(|vip| vip.value.address().is_ipv6());
    if let (Some(said), true) = (&instance.version, ipv6)
        && said.value == Version::V2
    {
        let title = "VRRP version 2 has no IPv6";
        problems.add(said.at.clone(), title, "remove `version`");
    }
    let first = instance.vips.first().filter(|first| match first.value.address() {
        IpAddr::V6(address) => !address.is_unicast_link_local(),
        IpAddr::V4(_) => false,
    });
    if let (Some(first), Release::V2_1_5) = (first, problems.target()) {
        problems.add(
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

fn election(instance: &InstanceDraft, nodes: &[NodeDraft], problems: &mut Problems) {
    let preempt = instance.preempt.as_ref().map(|preempt| preempt.value);
    if let (Some(false), Some(delay)) = (preempt, &instance.preempt_delay) {
        problems.add(
            delay.at.clone(),
            "a delay of what `preempt: false` forbids",
            "remove `preempt_delay`, or `preempt: false`",
        );
    }
    let Some(order) = &instance.nodes else { return };
    if instance.priority.is_some() || instance.is_uniform() {
        problems.add(
            order.at.clone(),
            "an order of nodes that all have the same priority",
            "remove `nodes`, or `priority`",
        );
    }
    check_order(instance, order, nodes, problems);
}

/// The order must name each node once.
fn check_order(
    instance: &InstanceDraft,
    order: &Order,
    nodes: &[NodeDraft],
    problems: &mut Problems,
) {
    let mut known: Vec<&Word> = Vec::new();
    for place in member::members(instance, nodes) {
        // A name that could not be read is a problem already.
        let Some(name) = &nodes[place].name else { return };
        known.push(&name.value);
    }
    for name in order.names.iter().filter(|name| !known.contains(&&name.value)) {
        let cure = match &instance.site {
            Some(_) => "name one of this site",
            None => "name one of the section `nodes`",
        };
        problems.add(name.at.clone(), format!("there is no node `{}`", name.value.as_str()), cure);
    }
    let names: Vec<&Placed<_>> = order.names.iter().collect();
    unique(&names, |name| name.value.clone(), "this node stands twice in the order", problems);
    let missing = |name: &&&Word| names.iter().all(|n| n.value != ***name);
    let missing: Vec<&str> = known.iter().filter(missing).map(|name| name.as_str()).collect();
    if order.whole && order.names.len() < known.len() && !missing.is_empty() {
        problems.add(
            order.at.clone(),
            format!("the order of nodes lacks {}", missing.join(", ")),
            "name every node once, the preferred one first",
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
        problems.add(
            at.clone(),
            "among equals nobody preempts",
            "remove it, or write `election: ranked`",
        );
    }
    problems.warn(
        uniform.at.clone(),
        "equal priorities make a split brain more likely",
        "make sure that adverts always arrive, or write `election: ranked`",
    );
}

/// The same said key by key: equal priorities, and nobody preempts.
fn alike(instance: &InstanceDraft, nodes: &[NodeDraft], problems: &mut Problems) {
    let stays = instance.preempt.as_ref().is_some_and(|preempt| !preempt.value);
    let Some(priority) = instance.priority.as_ref().filter(|_| stays) else { return };
    let ranking = member::ranking(instance, nodes).unwrap_or_default();
    let equal = ranking.windows(2).all(|two| two[0].1 == two[1].1);
    if !instance.is_uniform() && ranking.len() > 1 && equal {
        problems.warn(
            priority.at.clone(),
            "equal priorities make a split brain more likely",
            "make sure that adverts always arrive, or remove `priority`; for one file on all nodes \
             `election: uniform` says all of it",
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
                problems.add(
                    places.key(key),
                    format!("bypass-ipvs is `{key}` of `{}` already", instance.name()),
                    "use `notify`, which runs besides; or `bypass: false` if the nodes do not serve",
                );
            }
        }
    }
    for key in ["no_accept", "strict_mode"].into_iter().filter(|key| instance.settings.has(key)) {
        problems.add(
            instance.places.key(key),
            format!("with `{key}` nobody would take packets to the addresses"),
            "remove it; or `bypass: false` if the nodes do not serve",
        );
    }
    let all = instance.addresses().count();
    let most = VIRTUAL_IPADDRESS.items.1;
    if let (Some(first), true) = (instance.excluded.first(), instance.vips.len() <= most)
        && all > most
    {
        problems.add(
            first.at.clone(),
            format!("{all} addresses in one instance, and its hook takes {most}"),
            "put some into another instance",
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
            problems.add(
                vrid.at.clone(),
                format!("two instances have virtual_router_id {} on {interface}", vrid.value),
                "give each instance a number of its own",
            );
        }
    }
}
