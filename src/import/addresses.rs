//! The interfaces of an instance's addresses: those that differ from node to node, and those that have
//! to be said.

use super::instance::network_of;
use super::nodes::Node;
use super::notes::Notes;
use super::section::Section;
use super::shared::Shared;
use super::yaml::{Map, Yaml};

/// Leaves `dev` out of addresses where it is the interface of the instance on the same node, which
/// keepalived takes without it.
pub(super) fn without_own_devices(instance: &Shared<'_>, sections: &mut [(usize, Section)]) {
    for key in ["virtual_ipaddress", "virtual_ipaddress_excluded"] {
        for ((_, section), (_, part)) in sections.iter_mut().zip(&instance.parts) {
            // With a virtual MAC address, the default is another interface.
            let vmac = |line: &str| line.starts_with("use_vmac");
            if section.get("use_vmac").is_some() || section.raw.iter().any(|one| vmac(&one.text)) {
                continue;
            }
            let entry = section.entries.iter_mut().find(|entry| entry.key == key);
            let (Some(entry), Some(interface)) = (entry, &part.interface) else { continue };
            let items = match &mut entry.value {
                Yaml::List(items) => items.as_mut_slice(),
                one => std::slice::from_mut(one),
            };
            items.iter_mut().for_each(|item| without_device(item, interface));
        }
    }
}

fn without_device(item: &mut Yaml, interface: &str) {
    let Yaml::Map(map) = item else { return };
    map.retain(|(key, value)| key != "dev" || *value != Yaml::text(interface));
    if let [(_, address)] = map.as_slice() {
        *item = address.clone();
    }
}

/// Says the interface of addresses in networks that no node's address is in: gen-conf would take
/// them for mistakes.
pub(super) fn name_devices(
    instance: &Shared<'_>,
    all: &mut Map,
    nodes: &[Node],
    notes: &mut Notes,
) {
    let Some((_, Yaml::Text(interface))) = all.iter().find(|(key, _)| key == "interface").cloned()
    else {
        return;
    };
    let Some((_, list)) = all.iter_mut().find(|(key, _)| key == "virtual_ipaddress") else {
        return;
    };
    let items = match list {
        Yaml::List(items) => items.as_mut_slice(),
        one => std::slice::from_mut(one),
    };
    for item in items {
        let Yaml::Text(text) = &*item else { continue };
        let Some(network) = network_of(text) else { continue };
        let mut own = instance.members.iter().flat_map(|at| &nodes[*at].addresses);
        if !own.any(|address| network.contains(*address)) {
            notes.of(
                &instance.name,
                format_args!("{text} is in no node's network, so `dev {interface}` is said"),
            );
            *item = Yaml::Map(vec![
                ("address".to_owned(), Yaml::text(text)),
                ("dev".to_owned(), Yaml::text(&interface)),
            ]);
        }
    }
}
