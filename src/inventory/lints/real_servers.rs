//! Real servers: each named once, a node that there is or an address that is no VIP, of the service's family.

use std::net::IpAddr;

use super::addresses::NODE_LACKS_FAMILY;
use super::lint::Lint;
use super::{Drafts, families, reading, unique};
use crate::cluster::Family;
use crate::inventory::instance::InstanceDraft;
use crate::inventory::member;
use crate::inventory::node::NodeDraft;
use crate::inventory::problems::{Placed, Problems};
use crate::inventory::real_server::RealServerDraft;
use crate::inventory::server::ServerDraft;

/// What is found here.
pub(super) static LINTS: &[&Lint] =
    &[&SERVERS_NAMED_TWICE, &SERVER_TWICE, &SERVER_IS_VIP, &SERVER_OUTSIDE_INSTANCE];

pub(super) static SERVERS_NAMED_TWICE: Lint = Lint::error(
    "servers-named-twice",
    "both `nodes` and `real_server` say who serves",
    "Only one of them can count.",
    "remove one of them",
);

pub(super) static SERVER_TWICE: Lint = Lint::error(
    "server-twice",
    "a server is listed twice",
    "keepalived refuses the second one.",
    "remove or correct one of them",
);

pub(super) static SERVER_IS_VIP: Lint = Lint::error(
    "server-is-vip",
    "a real server is a VIP",
    "IPVS would balance the VIP to itself.",
    "write the server's own address",
);

pub(super) static SERVER_OUTSIDE_INSTANCE: Lint = Lint::error(
    "server-outside-instance",
    "a node serves an instance that it does not run",
    "Nothing makes that node take packets to the instance's addresses.",
    "remove it, or let it run the instance",
);

/// Names of nodes that there are, and of the service's family.
pub(super) fn check(server: &ServerDraft, drafts: &Drafts<'_>, problems: &mut Problems) {
    if server.nodes.is_some() && server.real_servers.is_some() {
        let title = "`nodes` and `real_server` both say who serves";
        problems.case(&SERVERS_NAMED_TWICE, server.places.key("nodes"), title);
    }
    let named: Vec<&Placed<_>> = server.named_nodes().collect();
    unique(&SERVER_TWICE, &named, |name| name.value.clone(), "this node serves already", problems);
    let strangers: Vec<&Placed<_>> =
        server.real_servers.iter().flatten().filter_map(RealServerDraft::stranger).collect();
    let ports = |address: &Placed<IpAddr>| {
        let of = server.real_servers.iter().flatten();
        let port = of.filter(|one| one.stranger().is_some_and(|own| own.at == address.at));
        let port = port.filter_map(|one| one.port.as_ref()).map(|port| port.value).next();
        (address.value, port)
    };
    unique(
        &SERVER_TWICE,
        &strangers,
        |address| ports(address),
        "this server serves already",
        problems,
    );
    let family = families::of(server, drafts);
    for name in server.named_nodes() {
        let place = drafts.places.get(name.value.as_str());
        let Some(node) = place.map(|&place| &drafts.nodes[place]) else {
            problems.found(
                &reading::UNKNOWN_NAME,
                name.at.clone(),
                format!("there is no node `{}`", name.value.as_str()),
                "name one of the section `nodes`",
            );
            continue;
        };
        if family.is_some_and(|family| node.address_of(family).is_none())
            && !node.addresses.is_empty()
        {
            problems.found(
                &reading::FAMILY_MISMATCH,
                name.at.clone(),
                format!("`{}` has no address of the service's family", name.value.as_str()),
                "give it one: `address: [..., ...]`",
            );
        }
    }
    all_nodes(server, family, drafts, problems);
    for address in server.real_servers.iter().flatten().filter_map(RealServerDraft::stranger) {
        if family.is_some_and(|family| Family::of(address.value) != family) {
            problems.found(
                &reading::FAMILY_MISMATCH,
                address.at.clone(),
                "not of the service's family",
                "write an address of the same family as the VIP",
            );
        }
    }
}

/// Where nobody is named, all who balance serve. Those that lack the family of their instance are told there.
fn all_nodes(
    server: &ServerDraft,
    family: Option<Family>,
    drafts: &Drafts<'_>,
    problems: &mut Problems,
) {
    let (Some(service), Some(family)) = (&server.service, family) else { return };
    if server.nodes.is_some() || server.real_servers.is_some() {
        return;
    }
    let instance = server.instance.map(|at| &drafts.instances[at]);
    if instance.is_some_and(|instance| instance.family() == Some(family)) {
        return;
    }
    let directors = server.directors(drafts.nodes, drafts.instances);
    let lacks = |node: &&NodeDraft| node.address_of(family).is_none() && !node.addresses.is_empty();
    if let Some(node) = directors.iter().map(|&place| &drafts.nodes[place]).find(lacks)
        && let Some(name) = &node.name
    {
        problems.found(
            &NODE_LACKS_FAMILY,
            service.at.clone(),
            format!(
                "{} has no {family} address, and is to serve {}",
                name.value.as_str(),
                service.value
            ),
            "give it one too: `address: [..., ...]`; or list those that serve, in `nodes`",
        );
    }
}

/// A server's address does not move, and a node that serves takes packets to what does.
pub(super) fn held(server: &ServerDraft, drafts: &Drafts<'_>, problems: &mut Problems) {
    if server.service.is_none() {
        return;
    }
    for address in server.real_servers.iter().flatten().filter_map(RealServerDraft::stranger) {
        let mut vips = drafts.instances.iter().flat_map(InstanceDraft::addresses);
        if vips.any(|vip| vip.value.address() == address.value) {
            let title = format!("{} is a VIP, and no server", address.value);
            problems.found(
                &SERVER_IS_VIP,
                address.at.clone(),
                title,
                "write a server's own address",
            );
        }
    }
    if !drafts.bypass {
        return;
    }
    let Some(instance) = server.instance.map(|at| &drafts.instances[at]) else { return };
    let members = member::members(instance, drafts.nodes);
    for name in server.named_nodes() {
        let place = drafts.places.get(name.value.as_str());
        if place.is_some_and(|place| members.binary_search(place).is_err()) {
            problems.case(
                &SERVER_OUTSIDE_INSTANCE,
                name.at.clone(),
                format!(
                    "`{}` does not run `{}`, so nothing makes it serve",
                    name.value.as_str(),
                    instance.name()
                ),
            );
        }
    }
}
