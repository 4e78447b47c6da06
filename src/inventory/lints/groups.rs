//! Services that are no port of a VIP: firewall marks, and groups of virtual servers.

use super::lint::Lint;
use super::{Drafts, reading};
use crate::cluster::Service;
use crate::conf::word::Word;
use crate::inventory::problems::{Placed, Problems};
use crate::inventory::server::ServerDraft;

/// What is found here.
pub(super) static LINTS: &[&Lint] =
    &[&MARK_ON_EVERY_NODE, &MARK_WITHOUT_PORTS, &BYPASS_PORTS_WITHOUT_MARK];

pub(super) static MARK_ON_EVERY_NODE: Lint = Lint::warning(
    "mark-on-every-node",
    "a firewall mark counts on every node",
    "A BACKUP that sets the firewall mark on what the MASTER forwards to it balances it again.",
    "set the mark only where the VIP is: nft's `fib daddr . iif type local`",
);

pub(super) static MARK_WITHOUT_PORTS: Lint = Lint::warning(
    "mark-without-ports",
    "the ports of a firewall mark are unknown",
    "The guard leads every TCP and UDP port of the VIPs to the nodes' own services.",
    "write the ports that the firewall marks, such as `bypass_ports: [tcp/25, tcp/465]`",
);

pub(super) static BYPASS_PORTS_WITHOUT_MARK: Lint = Lint::error(
    "bypass-ports-without-mark",
    "`bypass_ports` without a firewall mark",
    "The ports that are balanced are known from the service itself.",
    "remove it",
);

/// The guard goes by addresses and ports, which a firewall mark does not show.
pub(super) fn marks(server: &ServerDraft, drafts: &Drafts<'_>, problems: &mut Problems) {
    if let (Some(service), true, false) = (&server.service, drafts.bypass, server.is_elsewhere())
        && marked(&service.value, drafts)
    {
        problems.case(
            &MARK_ON_EVERY_NODE,
            service.at.clone(),
            "a firewall mark counts on every node, and the guard looks at addresses",
        );
        if server.bypass_ports.is_none() && !server.places.has("bypass_ports") {
            problems.case(
                &MARK_WITHOUT_PORTS,
                service.at.clone(),
                "the ports of the firewall mark are unknown: every TCP and UDP port of the VIPs \
                 leads to the nodes' own services",
            );
        }
    }
    if let Some(service) = &server.service
        && server.places.has("bypass_ports")
        && has_group(service, drafts)
        && !marked(&service.value, drafts)
    {
        problems.found(
            &BYPASS_PORTS_WITHOUT_MARK,
            server.places.key("bypass_ports"),
            format!("`bypass_ports` is for a firewall mark, and this is {}", service.value),
            "remove it: the ports that are balanced are known here",
        );
    }
}

/// A group's name leads to a group.
pub(super) fn names(server: &ServerDraft, drafts: &Drafts<'_>, problems: &mut Problems) {
    let Some(service) = &server.service else { return };
    let Service::Group(name) = &service.value else { return };
    if !has_group(service, drafts) {
        problems.found(
            &reading::UNKNOWN_NAME,
            service.at.clone(),
            format!("there is no virtual_server_group `{}`", name.as_str()),
            "name one of the section `virtual_server_group`",
        );
    }
}

/// The lines of a virtual_server_group.
pub(super) fn group_lines<'a>(
    name: &Word,
    drafts: &Drafts<'a>,
) -> impl Iterator<Item = &'a str> + use<'a> {
    let head = format!("virtual_server_group {name}");
    let of = drafts.tracks.server_group_blocks.iter().filter(move |block| block.line == head);
    of.flat_map(|block| &block.block).flatten().map(|line| line.line.as_str())
}

/// Whether a mark decides what is balanced.
fn marked(service: &Service, drafts: &Drafts<'_>) -> bool {
    match service {
        Service::Mark(_) => true,
        Service::Group(name) => group_lines(name, drafts).any(|line| line.starts_with("fwmark ")),
        _ => false,
    }
}

/// Whether a service's group is there, if it is one of a group.
pub(super) fn has_group(service: &Placed<Service>, drafts: &Drafts<'_>) -> bool {
    match &service.value {
        Service::Group(name) => {
            drafts.tracks.server_groups.iter().any(|known| known == name.as_str())
        }
        _ => true,
    }
}
