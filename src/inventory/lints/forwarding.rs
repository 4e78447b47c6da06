//! How packets get to a server: which methods change ports, and which reach directors that serve themselves.

use std::net::IpAddr;

use super::lint::Lint;
use super::{Drafts, families, reading};
use crate::cluster::{Family, Forwarding, Protocol};
use crate::inventory::problems::Problems;
use crate::inventory::server::ServerDraft;

/// What is found here.
pub(super) static LINTS: &[&Lint] =
    &[&PORT_CANNOT_CHANGE, &FORWARDING_TO_NODES, &NODES_BEHIND_NAT, &GUARD_WITHOUT_SCTP];

pub(super) static PORT_CANNOT_CHANGE: Lint = Lint::error(
    "port-cannot-change",
    "a server's port differs, and only NAT can change ports",
    "keepalived resets the port to the service's and calls that an error.",
    "write the port of the service, or `lb_kind: NAT`",
);

pub(super) static FORWARDING_TO_NODES: Lint = Lint::error(
    "forwarding-to-nodes",
    "a forwarding method that can't reach the directors themselves",
    "When the directors are the servers, only direct routing works.",
    "write DR, or remove it; or write `bypass: false` if the nodes do not serve",
);

pub(super) static NODES_BEHIND_NAT: Lint = Lint::error(
    "nodes-behind-nat",
    "directors that would be their own servers behind NAT",
    "An answer has to come back through the director that changed the packet's address.",
    "name the servers: `real_server: [{address: ...}]`",
);

pub(super) static GUARD_WITHOUT_SCTP: Lint = Lint::error(
    "guard-without-sctp",
    "the guard knows TCP and UDP only",
    "Nodes without the address would drop SCTP that is forwarded to them.",
    "balance it to other servers, or write `bypass: false` if the nodes do not serve",
);

/// Direct routing can't change a port, and the others can't work where directors serve.
pub(super) fn check(server: &ServerDraft, drafts: &Drafts<'_>, problems: &mut Problems) {
    let forwarding = server.forwarding();
    for one in server.real_servers.iter().flatten() {
        let own = one.settings.value("lvs_method").unwrap_or_default().to_owned();
        let kind = if own.is_empty() { forwarding.to_string() } else { own.clone() };
        if let Some(port) = &one.port
            && kind != "NAT"
            && server.port().is_some_and(|own| own != port.value)
        {
            problems.found(
                &PORT_CANNOT_CHANGE,
                port.at.clone(),
                format!("{kind} can't change the port"),
                "remove it, or write `lb_kind: NAT`",
            );
        }
        if let (Some(name), true) = (one.node(), drafts.bypass)
            && !own.is_empty()
            && own != "DR"
        {
            problems.found(
                &FORWARDING_TO_NODES,
                name.at.clone(),
                format!("`lvs_method: {own}` can't work when the directors are the real servers"),
                "remove it; or `bypass: false` if the nodes do not serve",
            );
        }
    }
    if let (Some(kind), None, false) = (&server.lb_kind, &server.real_servers, drafts.bypass)
        && kind.value == Forwarding::Nat
    {
        problems.case(
            &NODES_BEHIND_NAT,
            kind.at.clone(),
            "directors that would be their own real servers behind NAT",
        );
    }
    let all = server.is_elsewhere();
    if let (Some(kind), true, false) = (&server.lb_kind, drafts.bypass, all)
        && kind.value != Forwarding::Dr
    {
        problems.found(
            &FORWARDING_TO_NODES,
            kind.at.clone(),
            format!("`lb_kind: {}` can't work when the directors are the real servers", kind.value),
            "write DR, or remove it; or `bypass: false` if the nodes do not serve",
        );
    }
    if drafts.bypass && !all && server.protocol == Protocol::Sctp {
        problems.case(
            &GUARD_WITHOUT_SCTP,
            server.places.value("protocol"),
            "the guard redirects TCP and UDP: nodes without the address would drop SCTP",
        );
    }
}

/// keepalived drops a sorry server that does not fit.
pub(super) fn sorry_server(server: &ServerDraft, drafts: &Drafts<'_>, problems: &mut Problems) {
    let Some(sorry) = &server.sorry_server else { return };
    let (address, port) = match sorry.value.split_once(' ') {
        Some((address, port)) => (address, port.parse::<u16>().ok()),
        None => (sorry.value.as_str(), None),
    };
    let Ok(address) = address.parse::<IpAddr>() else { return };
    if families::of(server, drafts).is_some_and(|family| Family::of(address) != family) {
        let title = "not of the service's family";
        problems.found(
            &reading::FAMILY_MISMATCH,
            sorry.at.clone(),
            title,
            "write an address of the same family as the VIP",
        );
    }
    let changes = port.is_some() && server.port().is_some() && port != server.port();
    if changes && server.forwarding() != Forwarding::Nat && !server.has_sorry_method() {
        problems.found(
            &PORT_CANNOT_CHANGE,
            sorry.at.clone(),
            format!("{} can't change the port", server.forwarding()),
            "write the port of the service, or `sorry_server_lvs_method: NAT`",
        );
    }
}
