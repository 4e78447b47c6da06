//! Instances: an interface, a number and hooks that nothing else has; their addresses, versions and elections
//! have files of their own.

use std::collections::HashMap;

use super::lint::Lint;
use super::{Drafts, addresses, elections, versions};
use crate::inventory::instance::InstanceDraft;
use crate::inventory::member;
use crate::inventory::problems::Problems;

/// What is found here.
pub(super) static LINTS: &[&Lint] =
    &[&VIP_TAKES_NO_PACKETS, &INTERFACE_MISSING, &HOOK_TAKEN, &TOO_MANY_VIPS, &VRID_TWICE];

pub(super) static VIP_TAKES_NO_PACKETS: Lint = Lint::error(
    "vip-takes-no-packets",
    "nodes would drop packets to their VIPs",
    "With `vrrp_strict`, `strict_mode` or `no_accept` keepalived drops what is sent to the VIP itself, and the nodes are to serve there.",
    "remove it; or write `bypass: false` if the nodes do not serve",
);

pub(super) static INTERFACE_MISSING: Lint = Lint::error(
    "interface-missing",
    "a node has no interface for an instance",
    "keepalived needs the interface that carries advertisements and addresses.",
    "add `interface: NAME` to the instance, or to each node",
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

pub(super) fn check(drafts: &Drafts<'_>, problems: &mut Problems) {
    for instance in drafts.instances {
        addresses::check(instance, drafts, problems);
        versions::check(instance, drafts.global_defs.vrrp_version, problems);
        elections::check(instance, drafts, problems);
        hooks(instance, drafts, problems);
    }
    interface(drafts, problems);
    addresses::twice(drafts, problems);
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
            problems.case(
                &VRID_TWICE,
                vrid.at.clone(),
                format!("two instances have virtual_router_id {} on {interface}", vrid.value),
            );
        }
    }
}
