//! What each node's part in an instance is: the facts of the instance, of the node, and of the node's
//! own words about that instance, the narrower before the wider.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::IpAddr;

use super::instance::InstanceDraft;
use super::lints::reading;
use super::node::{NodeDraft, OwnInstance};
use super::problems::{Placed, Problems, value};
use crate::cluster::{
    Election, Family, GlobalDefs, Member, Preempt, Seconds, State, Tracked, Unicast, Version,
    VrrpInstance,
};
use crate::conf::word::Word;

/// The priority of nodes that are all alike.
const UNIFORM_PRIORITY: u8 = 100;

/// The places of the nodes that run an instance, in their own order.
pub(super) fn members(instance: &InstanceDraft, nodes: &[NodeDraft]) -> Vec<usize> {
    (0..nodes.len()).filter(|&place| runs(instance, &nodes[place])).collect()
}

/// Whether a node runs an instance: each does, unless the instance is bound to another site, or to other nodes.
pub(super) fn runs(instance: &InstanceDraft, node: &NodeDraft) -> bool {
    let listed = |name: &Placed<Word>| {
        instance.nodes.as_ref().is_none_or(|listed| !listed.whole || listed.has(&name.value))
    };
    of_site(instance, node) && node.name.as_ref().is_none_or(listed)
}

/// Whether a node is of the instance's site.
pub(super) fn of_site(instance: &InstanceDraft, node: &NodeDraft) -> bool {
    match &instance.site {
        None => true,
        Some(site) => node.site.as_ref().is_some_and(|own| own.value == site.value),
    }
}

/// A node's address for an instance: the one in the network of its VIPs, else the first of their family.
pub(super) fn own_address(
    instance: &InstanceDraft,
    node: &NodeDraft,
    family: Family,
) -> Option<IpAddr> {
    let networks = || instance.vips.iter().filter_map(|vip| vip.value.network());
    let own = node.addresses.iter().map(|own| own.value);
    let near = |address: &IpAddr| networks().any(|network| network.contains(*address));
    own.filter(|own| Family::of(*own) == family).find(near).or_else(|| node.address_of(family))
}

/// Where a node runs an instance.
pub(super) fn interface<'a>(
    instance: &'a InstanceDraft,
    node: &'a NodeDraft,
) -> Option<&'a Placed<Word>> {
    let own = node.own(instance.name()).and_then(|own| own.interface.as_ref());
    own.or(node.interface.as_ref()).or(instance.interface.as_ref())
}

/// The instance, in a cluster of these nodes; `None` where something was wrong.
pub(super) fn finish(
    instance: InstanceDraft,
    nodes: &[NodeDraft],
    global_defs: &GlobalDefs,
    problems: &mut Problems,
) -> Option<VrrpInstance> {
    let places = members(&instance, nodes);
    let order = order(&instance, nodes, &places)?;
    let preempt = preempt(&instance);
    let version = version(&instance, global_defs.vrrp_version);
    let election = election(&instance, nodes, global_defs, &order);
    let family = instance.family()?;
    if instance.unicast && places.len() < 2 {
        let title = "adverts to the other nodes, and there are none";
        problems.case(&reading::UNICAST_ALONE, instance.places.key("unicast"), title);
    }
    let mut members = Vec::new();
    for &place in &places {
        let (node, own) = (&nodes[place], nodes[place].own(instance.name()));
        members.push(Member {
            node: place,
            interface: interface(&instance, node)?.value.clone(),
            state: State::Backup,
            priority: priority(&instance, node, election, &order, place),
            unicast: match instance.unicast {
                true => Some(unicast(&instance, nodes, &places, place, family, problems)?),
                false => None,
            },
            tracked: tracked(&instance.tracked, own),
            settings: match own {
                Some(own) => instance.settings.overridden_by(&own.settings),
                None => instance.settings.clone(),
            },
            raw: (instance.raw.iter())
                .chain(own.iter().flat_map(|own| &own.raw))
                .cloned()
                .collect(),
        });
    }
    ties(&instance, nodes, &members, problems);
    // keepalived refuses nopreempt and preempt_delay on a node whose state is MASTER, and vrrp_strict that
    // state itself; and among equals there is no first.
    let strict = global_defs.settings.has("vrrp_strict") || instance.settings.has("strict_mode");
    let first_is_master = preempt == Preempt::AtOnce
        && !strict
        && instance.priority.is_none()
        && instance.state_backup.is_none();
    if first_is_master {
        let rank = |member: &Member| order.iter().position(|&place| place == member.node);
        let best = (0..members.len())
            .min_by_key(|&at| (Reverse(members[at].priority), rank(&members[at])))?;
        members[best].state = State::Master;
    }
    Some(VrrpInstance {
        name: instance.name?,
        virtual_router_id: instance.virtual_router_id?.value,
        advert_int: value(instance.advert_int).unwrap_or(Seconds::ONE),
        version,
        says_version: instance.version.is_some(),
        auth_pass: value(instance.auth_pass),
        virtual_ipaddress: instance.vips.into_iter().map(|vip| vip.value).collect(),
        virtual_ipaddress_excluded: instance.excluded.into_iter().map(|vip| vip.value).collect(),
        preempt,
        members,
    })
}

/// A node's priority: what is said of it, of all nodes, or what follows from the order.
fn priority(
    instance: &InstanceDraft,
    node: &NodeDraft,
    election: Election,
    order: &[usize],
    place: usize,
) -> u8 {
    let said = own_priority(instance, node).or(instance.priority.as_ref());
    let by_order = || {
        let rank = order.iter().position(|&other| other == place).unwrap_or(order.len());
        election.priority(rank)
    };
    match said {
        Some(said) => said.value,
        None if instance.is_uniform() => UNIFORM_PRIORITY,
        None => by_order(),
    }
}

/// The priorities by order. Where a node says its own, the others have those of 100, 90, 80, ..., so that a number means the
/// same in each instance.
fn election(
    instance: &InstanceDraft,
    nodes: &[NodeDraft],
    global_defs: &GlobalDefs,
    order: &[usize],
) -> Election {
    let own = |place: &usize| own_priority(instance, &nodes[*place]).is_some();
    let skew_base = match order.iter().any(own) {
        true => Seconds::ONE.duration(),
        false => {
            let advert_int = instance.advert_int.as_ref().map_or(Seconds::ONE, |said| said.value);
            version(instance, global_defs.vrrp_version).skew_base(advert_int)
        }
    };
    Election { nodes: order.len(), skew_base }
}

/// What a node says itself, of this instance or of all.
pub(super) fn own_priority<'a>(
    instance: &InstanceDraft,
    node: &'a NodeDraft,
) -> Option<&'a Placed<u8>> {
    let own = node.own(instance.name()).and_then(|own| own.priority.as_ref());
    own.or(node.priority.as_ref())
}

/// The places of the members and their priorities, those first that are MASTER rather than others;
/// `None` where something was wrong.
pub(super) fn ranking(
    instance: &InstanceDraft,
    nodes: &[NodeDraft],
    global_defs: &GlobalDefs,
) -> Option<Vec<(usize, u8)>> {
    let order = order(instance, nodes, &members(instance, nodes))?;
    let election = election(instance, nodes, global_defs, &order);
    let own = |&place: &usize| (place, priority(instance, &nodes[place], election, &order, place));
    let mut all: Vec<(usize, u8)> = order.iter().map(own).collect();
    all.sort_by_key(|(_, priority)| Reverse(*priority));
    Some(all)
}

/// Equal priorities that nobody asked for: several nodes take over at the same moment.
fn ties(
    instance: &InstanceDraft,
    nodes: &[NodeDraft],
    members: &[Member],
    problems: &mut Problems,
) {
    if instance.priority.is_some() || instance.is_uniform() {
        return;
    }
    let mut priorities: Vec<u8> = members.iter().map(|member| member.priority).collect();
    priorities.sort_unstable();
    if let Some(pair) = priorities.windows(2).find(|pair| pair[0] == pair[1]) {
        // One of them is said, as those by order differ.
        let said = |member: &Member| {
            let node = &nodes[member.node];
            own_priority(instance, node).map(|said| said.at.clone())
        };
        let tied = members.iter().rev().filter(|member| member.priority == pair[0]);
        problems.case(
            &reading::PRIORITY_TWICE,
            tied.filter_map(said).next().unwrap_or(instance.at.clone()),
            format!("two nodes have priority {} in `{}`", pair[0], instance.name()),
        );
    }
}

/// The places of the members, the preferred one first.
pub(super) fn order(
    instance: &InstanceDraft,
    nodes: &[NodeDraft],
    places: &[usize],
) -> Option<Vec<usize>> {
    let Some(order) = &instance.nodes else { return Some(places.to_vec()) };
    // Lists of names may be long, and there may be many of them.
    let named = |&place: &usize| Some((&nodes[place].name.as_ref()?.value, place));
    let known: HashMap<&Word, usize> = places.iter().rev().filter_map(named).collect();
    let place = |name: &Word| known.get(name).copied();
    order.names.iter().map(|name| place(&name.value)).collect()
}

fn preempt(instance: &InstanceDraft) -> Preempt {
    let delay = instance.preempt_delay.as_ref().and_then(|delay| delay.value.0);
    match (instance.preempt.as_ref().map(|preempt| preempt.value), delay) {
        (Some(false), _) => Preempt::Never,
        (_, Some(delay)) => Preempt::After(delay),
        _ if instance.is_uniform() => Preempt::Never,
        _ => Preempt::AtOnce,
    }
}

/// IPv6 addresses mean VRRP version 3 (RFC 9568).
pub(super) fn version(instance: &InstanceDraft, global: Version) -> Version {
    let family = instance.vips.first().map(|vip| Family::of(vip.value.address()));
    Version::of(instance.version.as_ref().map(|said| said.value), family, global)
}

/// Where a node's adverts come from, and where to if it says so; what it says must fit the others.
fn unicast(
    instance: &InstanceDraft,
    nodes: &[NodeDraft],
    places: &[usize],
    place: usize,
    family: Family,
    problems: &mut Problems,
) -> Option<Unicast> {
    let source = |place: usize| {
        let own = nodes[place].own(instance.name());
        let said = own.and_then(|own| own.unicast_src_ip.as_ref()).map(|said| said.value);
        said.or_else(|| own_address(instance, &nodes[place], family))
    };
    let own = nodes[place].own(instance.name());
    let said = own.and_then(|own| own.unicast_peer.as_ref());
    let addresses = own.and_then(|own| own.unicast_src_ip.as_ref()).into_iter();
    for address in addresses.chain(said.into_iter().flatten()) {
        if Family::of(address.value) != family {
            problems.found(
                &reading::FAMILY_MISMATCH,
                address.at.clone(),
                format!("not an {family} address, as those of the instance are"),
                "write one of the same family",
            );
        }
    }
    if let Some(said) = said {
        let others = places.iter().filter(|&&other| other != place);
        let others: Vec<IpAddr> = others.map(|&other| source(other)).collect::<Option<_>>()?;
        let lacks = |other: &&IpAddr| said.iter().all(|peer| peer.value != **other);
        if let (Some(missing), Some(first)) = (others.iter().find(lacks), said.first()) {
            problems.case(
                &reading::UNICAST_PEER_MISSING,
                first.at.clone(),
                format!("unicast_peer lacks {missing}: that node would not hear this one"),
            );
        }
        let own = source(place);
        if let Some(itself) = said.iter().find(|peer| Some(peer.value) == own) {
            problems.case(
                &reading::UNICAST_PEER_IS_SELF,
                itself.at.clone(),
                "unicast_peer names the node itself",
            );
        }
    }
    let peers = said.map(|said| said.iter().map(|peer| peer.value).collect());
    Some(Unicast { source: source(place)?, peers })
}

/// What the instance tracks, and the node besides. A node's line goes before the instance's of the same name:
/// keepalived would ignore the second one.
fn tracked(all: &Tracked, own: Option<&OwnInstance>) -> Tracked {
    let mut tracked = all.clone();
    let name = |line: &String| line.split(' ').next().map(str::to_owned);
    let replace = |lines: &mut Vec<String>, own: &[String]| {
        for line in own {
            match lines.iter_mut().find(|other| name(other) == name(line)) {
                Some(other) => other.clone_from(line),
                None => lines.push(line.clone()),
            }
        }
    };
    if let Some(own) = own {
        replace(&mut tracked.interface, &own.tracked.interface);
        replace(&mut tracked.script, &own.tracked.script);
        replace(&mut tracked.file, &own.tracked.file);
    }
    tracked
}
