//! What keepalived takes and what makes no sense: warnings, as somebody may mean it.

use ipnetwork::IpNetwork;

use super::Drafts;
use super::lint::Lint;
use crate::cluster::{Forwarding, Service};
use crate::inventory::check;
use crate::inventory::read::Problems;
use crate::inventory::server::ServerDraft;

/// What is found here.
pub(super) static LINTS: &[&Lint] =
    &[&CHECK_SPEAKS_OTHER_PROTOCOL, &NODES_DROP_TRAFFIC, &VIP_WIDER_THAN_NETWORK];

pub(super) static CHECK_SPEAKS_OTHER_PROTOCOL: Lint = Lint::warning(
    "check-speaks-other-protocol",
    "a check that does not speak its port's protocol",
    "HTTP_GET speaks no TLS, SSL_GET nothing else, so each server counts as down.",
    "write the other type, or `connect_port` in the check",
);

pub(super) static NODES_DROP_TRAFFIC: Lint = Lint::warning(
    "nodes-drop-traffic",
    "the nodes are the servers and drop what is forwarded to them",
    "With `bypass: false` nothing makes a node take packets to an address that it does not hold: in a lab half of the connections hung.",
    "name the servers: `real_server: [{address: ...}]`; remove `bypass: false`; or allow this where the nodes hold the VIPs on lo",
);

pub(super) static VIP_WIDER_THAN_NETWORK: Lint = Lint::warning(
    "vip-wider-than-network",
    "a VIP's prefix is wider than its network",
    "The MASTER gets a route to the whole prefix on its own link, and no longer reaches the rest of it through its router.",
    "write the network's own length, or none",
);

pub(super) fn check(drafts: &Drafts<'_>, problems: &mut Problems) {
    for server in drafts.servers {
        protocols(server, problems);
        nobody_serves(server, drafts, problems);
    }
    wide_vips(drafts, problems);
}

/// A check that speaks another protocol than its port: each server counts as down.
fn protocols(server: &ServerDraft, problems: &mut Problems) {
    let Some(service) = &server.service else { return };
    let (Service::Port(port) | Service::Address(_, Some(port))) = service.value else { return };
    let common = server.checks.iter();
    let own = server.real_servers.iter().flatten().filter(|one| one.port.is_none());
    let all = common.chain(own.filter_map(|one| one.checks.as_ref()));
    let all = all.flat_map(|checks| checks.checks.iter().flatten());
    for kind in all.filter_map(check::needs_port) {
        let (speaks, other) = match (kind, port) {
            ("HTTP_GET", 443) => ("no TLS", "SSL_GET"),
            ("SSL_GET", 80) => ("TLS", "HTTP_GET"),
            _ => continue,
        };
        return problems.found(
            &CHECK_SPEAKS_OTHER_PROTOCOL,
            service.at.clone(),
            format!(
                "{kind} speaks {speaks}, and would ask port {port}: each server counts as down"
            ),
            format!("write `type: {other}`, or `connect_port` in the check"),
        );
    }
}

/// The nodes are the servers, and no guard makes them serve what is forwarded to them.
fn nobody_serves(server: &ServerDraft, drafts: &Drafts<'_>, problems: &mut Problems) {
    if drafts.bypass || server.real_servers.is_some() || server.forwarding() != Forwarding::Dr {
        return;
    }
    if let Some(service) = &server.service {
        let (why, cure) = match drafts.instances.is_empty() {
            true => ("without a vrrp_instance no hook runs:", "or add the `vrrp_instance`"),
            false => ("with `bypass: false`", "or remove `bypass: false`"),
        };
        problems.found(
            &NODES_DROP_TRAFFIC,
            service.at.clone(),
            format!(
                "{why} the nodes drop what is forwarded to them, and there are no other servers"
            ),
            format!("name the servers: `real_server: [{{address: ...}}]`; {cure}"),
        );
    }
}

/// The MASTER gets a route to all of a VIP's network.
fn wide_vips(drafts: &Drafts<'_>, problems: &mut Problems) {
    for vip in drafts.instances.iter().flat_map(|instance| instance.addresses()) {
        let Some(length) = vip.value.prefix_length else { continue };
        let inside = |network: &&IpNetwork| network.contains(vip.value.address());
        let network = drafts.networks.iter().map(|network| &network.value).find(inside);
        if let Some(network) = network.filter(|network| length < network.prefix()) {
            problems.found(&VIP_WIDER_THAN_NETWORK,
                vip.at.clone(),
                format!("/{length} is wider than `network`, {network}: the MASTER would reach all of it on its own link"),
                format!("write /{}, or nothing", network.prefix()),
            );
        }
    }
}
