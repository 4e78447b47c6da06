//! Values that are right by themselves, and wrong for the family that they meet or without the key
//! that they belong to: keepalived drops some of them, and takes others for something else.

use std::net::IpAddr;

use super::Drafts;
use super::groups::group_lines;
use super::lint::Lint;
use super::reading::FAMILY_MISMATCH;
use crate::cluster::{AddressFamily, Family, Service};
use crate::conf::group::Entry;
use crate::conf::statement::Settings;
use crate::inventory::instance::InstanceDraft;
use crate::inventory::member;
use crate::inventory::node::NodeDraft;
use crate::inventory::places::Places;
use crate::inventory::problems::Problems;
use crate::inventory::server::{self, ServerDraft};

/// What is found here.
pub(super) static LINTS: &[&Lint] = &[&SOURCE_SHARED, &KEY_WITHOUT_PARTNER];

pub(super) static SOURCE_SHARED: Lint = Lint::error(
    "source-shared",
    "several nodes send advertisements from one address",
    "A node ignores advertisements that seem to be its own, so two nodes would be MASTER at once.",
    "write a source address that only this node has",
);

pub(super) static KEY_WITHOUT_PARTNER: Lint = Lint::error(
    "key-without-partner",
    "a key that belongs to another key",
    "It changes what the other key does, and that one is missing.",
    "remove it, or write the other key",
);

pub(super) fn check(drafts: &Drafts<'_>, problems: &mut Problems) {
    for instance in drafts.instances {
        groups(instance, &instance.settings, &instance.places, problems);
        for own in drafts.nodes.iter().filter_map(|node| node.own(instance.name())) {
            groups(instance, &own.settings, &own.places, problems);
        }
        sources(instance, drafts.nodes, problems);
    }
    for server in drafts.servers {
        granularity(server, drafts, problems);
        lonely(server, drafts, problems);
    }
}

/// Adverts come from and go to addresses of the instance's family.
fn groups(instance: &InstanceDraft, settings: &Settings, places: &Places, problems: &mut Problems) {
    let Some(family) = instance.family() else { return };
    for key in ["mcast_src_ip", "mcast_dst_ip"] {
        let address = settings.value(key).and_then(|text| text.parse::<IpAddr>().ok());
        if let Some(other) = address.filter(|address| Family::of(*address) != family) {
            problems.found(
                &FAMILY_MISMATCH,
                places.value(key),
                format!("`{key}: {other}` of `{}`, whose addresses are {family}", instance.name()),
                format!("write an {family} address"),
            );
        }
    }
}

/// Each node has a source of its own: with another's, two would not hear each other.
fn sources(instance: &InstanceDraft, nodes: &[NodeDraft], problems: &mut Problems) {
    let Some(family) = instance.family() else { return };
    let members = member::members(instance, nodes);
    let own = |place: usize| nodes[place].own(instance.name());
    let shared = members
        .iter()
        .filter(|&&place| own(place).is_none_or(|own| !own.settings.has("mcast_src_ip")));
    if let (Some(source), true) = (instance.settings.value("mcast_src_ip"), shared.count() > 1) {
        problems.found(
            &SOURCE_SHARED,
            instance.places.value("mcast_src_ip"),
            format!("several nodes would send adverts of `{}` from {source}", instance.name()),
            "write `mcast_src_ip` at the nodes: `vrrp_instance: {NAME: {mcast_src_ip: ...}}`",
        );
    }
    if !instance.unicast {
        return;
    }
    let mut seen: Vec<IpAddr> = Vec::new();
    // Those that say their source last, so that the place is one of theirs.
    let (said, unsaid): (Vec<usize>, Vec<usize>) = members
        .into_iter()
        .partition(|&place| own(place).is_some_and(|own| own.unicast_src_ip.is_some()));
    for place in unsaid.into_iter().chain(said) {
        let source = own(place).and_then(|own| own.unicast_src_ip.as_ref());
        let address = source
            .map(|source| source.value)
            .or_else(|| member::own_address(instance, &nodes[place], family));
        let Some(address) = address else { continue };
        if let (true, Some(source)) = (seen.contains(&address), source) {
            problems.found(
                &SOURCE_SHARED,
                source.at.clone(),
                format!("two nodes would send adverts of `{}` from {address}", instance.name()),
                "write an address that only this node has",
            );
        }
        seen.push(address);
    }
}

/// The family of what is balanced: of a group that of its first address, of a mark what it says; else it is
/// not known here.
pub(super) fn of(server: &ServerDraft, drafts: &Drafts<'_>) -> Option<Family> {
    match &server.service.as_ref()?.value {
        Service::Group(name) => {
            let mut entries = group_lines(name, drafts).filter_map(Entry::of);
            entries.find_map(|entry| entry.family())
        }
        Service::Mark(_) => AddressFamily::said(&server.settings),
        _ => {
            server::family(server.service.as_ref(), server.instance.map(|at| &drafts.instances[at]))
        }
    }
}

/// The IPv4 mask `24` would be 0.0.0.24.
fn granularity(server: &ServerDraft, drafts: &Drafts<'_>, problems: &mut Problems) {
    let Some(mask) = server.settings.value("persistence_granularity") else { return };
    let help = match (of(server, drafts), mask.contains('.')) {
        (Some(Family::V4), false) => "write a netmask, such as 255.255.255.0",
        (Some(Family::V6), true) => "write a prefix length, such as 64",
        _ => return,
    };
    let title = format!("`persistence_granularity: {mask}` is not for this family");
    problems.found(&FAMILY_MISMATCH, server.places.value("persistence_granularity"), title, help);
}

/// What says something about another key's value.
fn lonely(server: &ServerDraft, drafts: &Drafts<'_>, problems: &mut Problems) {
    if server.settings.has("sorry_server_inhibit") && server.sorry_server.is_none() {
        let title = "`sorry_server_inhibit` without `sorry_server`";
        let at = server.places.key("sorry_server_inhibit");
        problems.found(&KEY_WITHOUT_PARTNER, at, title, "remove it, or name a sorry_server");
    }
    let Some(said) = AddressFamily::said(&server.settings) else { return };
    if of(server, drafts).is_some_and(|family| family != said) {
        problems.found(
            &FAMILY_MISMATCH,
            server.places.value("ip_family"),
            "`ip_family` is another one than the addresses'",
            "remove it; it is for services with `fwmark`",
        );
    }
}
