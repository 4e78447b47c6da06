//! What keepalived takes and what makes no sense: warnings, as somebody may mean it.

use ipnetwork::IpNetwork;

use super::lint::Lint;
use super::{Drafts, traffic};
use crate::cluster::Forwarding;
use crate::inventory::check;
use crate::inventory::problems::Problems;
use crate::inventory::server::ServerDraft;

/// What is found here.
pub(super) static LINTS: &[&Lint] =
    &[&CHECK_SPEAKS_OTHER_PROTOCOL, &NODES_DROP_TRAFFIC, &SERVERS_MISSING, &VIP_WIDER_THAN_NETWORK];

pub(super) static CHECK_SPEAKS_OTHER_PROTOCOL: Lint = Lint::warning(
    "check-speaks-other-protocol",
    "a check that does not speak its port's protocol",
    "HTTP_GET and SMTP_CHECK speak no TLS, SSL_GET nothing else, so each server counts as down.",
    "write the other type, or `connect_port` in the check",
);

pub(super) static NODES_DROP_TRAFFIC: Lint = Lint::warning(
    "nodes-drop-traffic",
    "the nodes are the servers and drop what is forwarded to them",
    "With `bypass: false` nothing makes a node take packets to an address that it does not hold: in a lab half of the connections hung.",
    "name other servers: `real_server: [{address: ...}]`; remove `bypass: false`; or allow this where the nodes hold the VIPs on lo",
);

pub(super) static SERVERS_MISSING: Lint = Lint::error(
    "servers-missing",
    "a service whose servers are not said",
    "With `bypass: false` the nodes only balance, and drop what is forwarded to them: in a lab half of the connections hung.",
    "name the servers: `real_server: [{address: ...}]`; or remove `bypass: false` if the nodes serve",
);

pub(super) static VIP_WIDER_THAN_NETWORK: Lint = Lint::warning(
    "vip-wider-than-network",
    "a VIP's prefix is wider than its network",
    "The MASTER gets a route to the whole prefix on its own link, and no longer reaches the rest of it through its router.",
    "write the network's own length, or none",
);

pub(super) fn check(drafts: &Drafts<'_>, problems: &mut Problems) {
    for server in drafts.servers {
        protocols(server, drafts, problems);
        nobody_serves(server, drafts, problems);
        sorry_node(server, drafts, problems);
    }
    wide_vips(drafts, problems);
}

/// A check that speaks another protocol than its port: each server counts as down.
fn protocols<'a>(server: &'a ServerDraft, drafts: &Drafts<'a>, problems: &mut Problems) {
    let Some(service) = &server.service else { return };
    for server in drafts.servers_of(server) {
        let own = server.listed.and_then(|one| one.port.as_ref());
        let at = own.map_or(&service.at, |port| &port.at);
        let checks = server.checks().and_then(|checks| checks.checks.as_ref());
        for one in checks.into_iter().flatten() {
            let Some((kind, connect)) = check::asks(one) else { continue };
            let Some(port) = connect.or(server.port()) else { continue };
            let (speaks, help) = match (kind, port) {
                ("HTTP_GET", 443) => {
                    ("no TLS", "write `type: SSL_GET`, or another `connect_port` in the check")
                }
                ("SSL_GET", 80) => {
                    ("TLS", "write `type: HTTP_GET`, or another `connect_port` in the check")
                }
                ("SMTP_CHECK", 465) => (
                    "no TLS",
                    "write `type: smtp-check` with `options: --tls`, or `connect_port: 25`",
                ),
                ("smtp-check", 465) => {
                    ("no TLS here", "write `compat: false` and `options: --tls` in the check")
                }
                _ => continue,
            };
            return problems.found(
                &CHECK_SPEAKS_OTHER_PROTOCOL,
                at.clone(),
                format!(
                    "{kind} speaks {speaks}, and would ask port {port}: each server counts as down"
                ),
                help,
            );
        }
    }
}

/// The nodes are the servers, and no guard makes them serve what is forwarded to them.
fn nobody_serves(server: &ServerDraft, drafts: &Drafts<'_>, problems: &mut Problems) {
    // What a node balances to itself it serves while it holds the VIP.
    if drafts.bypass || traffic::directors(server, drafts).len() < 2 {
        return;
    }
    let elsewhere = drafts.instances.is_empty();
    let why = match elsewhere {
        true => "without a vrrp_instance no hook runs:",
        false => "with `bypass: false`",
    };
    let kind = server.forwarding();
    let Some(service) = &server.service else { return };
    if server.real_servers.is_none() && server.nodes.is_none() {
        let title = format!(
            "{why} the nodes drop what is forwarded to them, and there are no other servers"
        );
        let at = service.at.clone();
        match (elsewhere, kind) {
            // `nodes-behind-nat` says it.
            (_, Forwarding::Nat) => {}
            // What moves the addresses may do the same for the nodes.
            (true, _) => problems.found(
                &NODES_DROP_TRAFFIC,
                at,
                title,
                "name the servers: `real_server: [{address: ...}]`; or add the `vrrp_instance`",
            ),
            (false, _) => problems.case(&SERVERS_MISSING, at, title),
        }
        return;
    }
    let listed = server.real_servers.iter().flatten();
    let listed = listed.filter(|one| traffic::node_of(one, drafts).is_some());
    let places = listed.filter_map(|one| {
        let at = one.node().map(|name| &name.at);
        at.or(one.stranger().map(|address| &address.at))
    });
    let named = server.nodes.iter().flatten().map(|name| &name.at);
    if let Some(at) = named.filter(|_| kind != Forwarding::Nat).chain(places).next() {
        let drop = match kind {
            Forwarding::Nat => "answer past the director, so clients drop what they get",
            _ => "drop what is forwarded to them",
        };
        problems.case(
            &NODES_DROP_TRAFFIC,
            at.clone(),
            format!("{why} servers that are nodes {drop}"),
        );
    }
}

/// The sorry server is a node: it takes packets to the VIP only while it is MASTER itself.
fn sorry_node(server: &ServerDraft, drafts: &Drafts<'_>, problems: &mut Problems) {
    if drafts.bypass || traffic::directors(server, drafts).len() < 2 {
        return;
    }
    let Some(sorry) = &server.sorry_server else { return };
    let address = sorry.value.split(' ').next().and_then(|text| text.parse().ok());
    let Some(node) = address.and_then(|address| drafts.nodes.iter().find(|node| node.has(address)))
    else {
        return;
    };
    let name = node.name.as_ref().map_or("a node", |name| name.value.as_str());
    problems.found(
        &NODES_DROP_TRAFFIC,
        sorry.at.clone(),
        format!("the sorry server is `{name}`, which drops what another node forwards to it"),
        "name a server that is no node, or `127.0.0.1` where every node has one",
    );
}

/// The MASTER gets a route to all of a VIP's network.
fn wide_vips(drafts: &Drafts<'_>, problems: &mut Problems) {
    let vips = || drafts.instances.iter().flat_map(|instance| instance.addresses());
    for vip in vips() {
        let Some(length) = vip.value.prefix_length else { continue };
        let inside = |network: &&IpNetwork| network.contains(vip.value.address());
        let said = drafts.networks.iter().map(|network| &network.value).find(inside);
        // Where no network is said, another VIP beside it says it.
        let beside = || {
            let known = vips().filter_map(|one| {
                let own = IpNetwork::new(one.value.address(), one.value.prefix_length?).ok()?;
                IpNetwork::new(own.network(), own.prefix()).ok()
            });
            let longest = if vip.value.address().is_ipv4() { 32 } else { 128 };
            known.filter(|one| inside(&one) && one.prefix() < longest).max_by_key(IpNetwork::prefix)
        };
        let (network, whose) = match (said, drafts.networks.is_empty()) {
            (Some(network), _) => (*network, "`network`"),
            (None, true) => match beside() {
                Some(network) => (network, "another VIP's network"),
                None => continue,
            },
            (None, false) => continue,
        };
        if length < network.prefix() {
            problems.found(&VIP_WIDER_THAN_NETWORK,
                vip.at.clone(),
                format!("/{length} is wider than {whose}, {network}: the MASTER would reach all of it on its own link"),
                format!("write /{}, or nothing", network.prefix()),
            );
        }
    }
}
