//! Services that lead nowhere: servers behind routers, weights that add up to nothing, addresses without a
//! service.

use std::collections::HashSet;
use std::net::IpAddr;

use ipnetwork::IpNetwork;

use super::found::Found;
use super::lint::Lint;
use super::{Drafts, WithCheck};
use crate::cluster::{Forwarding, Service};
use crate::inventory::instance::InstanceDraft;
use crate::inventory::real_server::RealServerDraft;
use crate::inventory::served::Server;
use crate::inventory::server::ServerDraft;

/// What is found here.
pub(super) static LINTS: &[WithCheck] = &[
    Lint::warning(
        "server-behind-router",
        "direct routing to a server on another network",
        "Direct routing changes a frame's address and nothing else, so no router may be in between. A check \
                  by routing succeeds all the same: in a lab 3 of 6 connections failed.",
        "use `lb_kind: TUN` or NAT, or give director and server a common network",
    )
    .checked_by(behind_router),
    Lint::error(
        "sorry-server-is-vip",
        "the sorry server is a VIP",
        "IPVS would balance the VIP to itself: connections are refused.",
        "write the address of a server that is always there",
    )
    .checked_by(sorry_vip),
    Lint::warning(
        "sorry-server-serves",
        "the sorry server is one of the service's servers",
        "It is used when too few servers pass their checks, and then it fails its own or is overloaded.",
        "name a server that does not serve otherwise; another port of it needs `sorry_server_lvs_method: NAT`",
    )
    .checked_by(sorry_serves),
    Lint::error(
        "all-weights-zero",
        "all servers have weight 0",
        "No server gets a connection, the quorum is never reached, and keepalived calls that an error.",
        "give at least one server a weight above 0",
    )
    .checked_by(all_zero),
    Lint::warning(
        "vip-without-service",
        "a VIP that no virtual server balances",
        "Only the MASTER serves it.",
        "add a virtual_server for its instance or address, or allow this with the reason",
    )
    .checked_by(unserved),
    Lint::warning(
        "service-address-unknown",
        "a service at an address of no instance",
        "keepalived moves no such address: packets arrive only if something else brings them to the MASTER.",
        "add the address to `virtual_ipaddress`, or correct it",
    )
    .checked_by(unknown_address),
    Lint::warning(
        "weight-without-effect",
        "weights that the scheduler does not look at",
        "`rr`, `lc` and `dh` know only whether a weight is 0, so all servers get the same share.",
        "write `lb_algo: wrr` or `lb_algo: wlc`, or remove the weights",
    )
    .checked_by(ignored_weights),
    Lint::hint(
        "slow-checks-by-default",
        "servers are checked once a minute",
        "Without `delay_loop` keepalived waits 60 s between two checks, so a dead server gets connections \
                  for a minute.",
        "write `delay_loop: SECONDS`",
    )
    .checked_by(once_a_minute),
];

/// The networks that are known, or follow from VIPs' lengths.
fn networks(drafts: &Drafts<'_>) -> Vec<IpNetwork> {
    if !drafts.networks.is_empty() {
        return drafts.networks.iter().map(|network| network.value).collect();
    }
    let vips = drafts.instances.iter().flat_map(|instance| instance.addresses());
    let known = vips.filter_map(|vip| {
        let length = vip.value.prefix_length?;
        let network = IpNetwork::new(vip.value.address(), length).ok()?;
        (length < if network.is_ipv4() { 32 } else { 128 }).then_some(network)
    });
    known.collect()
}

fn behind_router(drafts: &Drafts<'_>, found: &mut Found<'_>) {
    let networks = networks(drafts);
    let shared: Vec<&IpNetwork> = networks
        .iter()
        .filter(|network| {
            let mut own = drafts.nodes.iter().flat_map(|node| &node.addresses);
            own.any(|address| network.contains(address.value))
        })
        .collect();
    let far = |address: IpAddr| {
        let known = shared.iter().filter(|network| network.is_ipv4() == address.is_ipv4());
        let known: Vec<_> = known.collect();
        !known.is_empty() && !known.iter().any(|network| network.contains(address))
    };
    for server in drafts.servers {
        let direct = |own: Option<&str>| {
            own.map_or(server.forwarding() == Forwarding::Dr, |own| own == "DR")
        };
        let listed = server.real_servers.iter().flatten().filter_map(|one| {
            let address = one.stranger()?;
            Some((address.value, &address.at, one.settings.value("lvs_method")))
        });
        let sorry = server.sorry_server.as_ref().and_then(|sorry| {
            let address = sorry.value.split(' ').next()?.parse::<IpAddr>().ok()?;
            let local = address.is_loopback();
            let method = server.settings.value("sorry_server_lvs_method");
            (!local).then_some((address, &sorry.at, method))
        });
        for (address, at, method) in listed.chain(sorry) {
            if direct(method) && far(address) {
                let title = format!(
                    "{address} is in no network of a director, and direct routing can't pass a router"
                );
                found.at(at.clone(), title);
            }
        }
    }
}

/// The places of the nodes that balance a service.
pub(super) fn directors(server: &ServerDraft, drafts: &Drafts<'_>) -> Vec<usize> {
    server.directors(drafts.nodes, drafts.instances)
}

/// All VIPs.
pub(super) fn vips<'a>(drafts: &Drafts<'a>) -> impl Iterator<Item = IpAddr> + use<'a> {
    let all = drafts.instances.iter().flat_map(InstanceDraft::addresses);
    all.map(|vip| vip.value.address())
}

fn sorry_vip(drafts: &Drafts<'_>, found: &mut Found<'_>) {
    for sorry in drafts.servers.iter().filter_map(|server| server.sorry_server.as_ref()) {
        let address = sorry.value.split(' ').next().and_then(|text| text.parse::<IpAddr>().ok());
        if let Some(address) = address.filter(|address| vips(drafts).any(|vip| vip == *address)) {
            found.at(
                sorry.at.clone(),
                format!("{address} is a VIP, which can't be the sorry server"),
            );
        }
    }
}

/// At its own port only: at another one, by NAT, it may well say why there is no service.
fn sorry_serves(drafts: &Drafts<'_>, found: &mut Found<'_>) {
    for server in drafts.servers {
        let Some(sorry) = &server.sorry_server else { continue };
        let (address, port) = match sorry.value.split_once(' ') {
            Some((address, port)) => (address, port.parse().ok()),
            None => (sorry.value.as_str(), None),
        };
        let Ok(address) = address.parse::<IpAddr>() else { continue };
        // Without a port it gets the connections at theirs.
        let port = port.or(server.port());
        let serves = |one: &Server<'_>| {
            let node = one.listed.and_then(|listed| node_of(listed, drafts));
            one.port() == port
                && (one.addresses().is_some_and(|own| own.contains(&address))
                    || node.is_some_and(|place| drafts.nodes[place].has(address)))
        };
        if drafts.servers_of(server).iter().any(serves) {
            let title = format!("the sorry server {address} is a server of this service already");
            found.at(sorry.at.clone(), title);
        }
    }
}

fn all_zero(drafts: &Drafts<'_>, found: &mut Found<'_>) {
    for server in drafts.servers {
        let weights = drafts.weights_of(server).unwrap_or_default();
        if !weights.is_empty() && weights.iter().all(|weight| *weight == 0) {
            let at = server.service.as_ref().map_or(server.places.whole(), |it| it.at.clone());
            found.at(at, "all servers of this service have weight 0");
        }
    }
}

fn unserved(drafts: &Drafts<'_>, found: &mut Found<'_>) {
    let known = |server: &ServerDraft| {
        let service = server.service.as_ref().map(|service| &service.value);
        matches!(service, Some(Service::Port(_) | Service::Address(..)))
    };
    // Without any this is a cluster of addresses; what a mark or a group balances is not known here.
    if drafts.servers.is_empty() || !drafts.servers.iter().all(known) || !drafts.bypass {
        return;
    }
    for (at, instance) in drafts.instances.iter().enumerate() {
        for vip in instance.addresses() {
            let address = vip.value.address();
            let serves = |server: &ServerDraft| match server
                .service
                .as_ref()
                .map(|service| &service.value)
            {
                Some(Service::Port(_)) => server.instance == Some(at),
                Some(Service::Address(own, _)) => *own == address,
                _ => false,
            };
            let local = matches!(address, IpAddr::V6(v6) if v6.is_unicast_link_local());
            if !local && !drafts.servers.iter().any(serves) {
                found.at(vip.at.clone(), format!("no virtual server balances {address}"));
                // One case for each instance: its other addresses are alike.
                break;
            }
        }
    }
}

fn unknown_address(drafts: &Drafts<'_>, found: &mut Found<'_>) {
    if drafts.bypass || drafts.instances.is_empty() {
        return; // There it is an error of its own: `service-without-vip`.
    }
    let known: HashSet<IpAddr> = vips(drafts).collect();
    for service in drafts.servers.iter().filter_map(|server| server.service.as_ref()) {
        if let Service::Address(address, _) = &service.value
            && !known.contains(address)
        {
            found.at(service.at.clone(), format!("{address} is a VIP of no instance"));
        }
    }
}

fn ignored_weights(drafts: &Drafts<'_>, found: &mut Found<'_>) {
    for server in drafts.servers {
        let Some(algo) = server.lb_algo.as_ref() else { continue };
        if !["rr", "lc", "dh"].contains(&algo.value.name()) {
            continue;
        }
        let weights = drafts.weights_of(server).unwrap_or_default();
        if server.all_checks().any(|checks| checks.files.grading) {
            let title = format!("`{}` ignores the weights that the checks give", algo.value.name());
            found.at(algo.at.clone(), title);
            continue;
        }
        let mut above = weights.iter().filter(|weight| **weight > 0);
        let first = above.next();
        if above.any(|weight| Some(weight) != first) {
            let title = format!("`{}` ignores that the servers' weights differ", algo.value.name());
            found.at(algo.at.clone(), title);
        }
    }
}

fn once_a_minute(drafts: &Drafts<'_>, found: &mut Found<'_>) {
    for server in drafts.servers {
        let checked = server.all_checks().any(|checks| {
            checks.checks.as_ref().is_some_and(|checks| !checks.is_empty()) && !checks.files.paced
        });
        if checked && !server.settings.has("delay_loop") {
            let at = server.service.as_ref().map_or(server.places.whole(), |it| it.at.clone());
            found.at(at, "without `delay_loop` each server is checked once a minute");
        }
    }
}

/// Whether a server is a node that the inventory knows, by its name or its address.
pub(super) fn node_of(one: &RealServerDraft, drafts: &Drafts<'_>) -> Option<usize> {
    let at = |found: &dyn Fn(&crate::inventory::node::NodeDraft) -> bool| {
        drafts.nodes.iter().position(found)
    };
    match (one.node(), one.stranger()) {
        (Some(name), _) => {
            at(&|node| node.name.as_ref().is_some_and(|own| own.value == name.value))
        }
        (None, Some(address)) => at(&|node| node.has(address.value)),
        _ => None,
    }
}
