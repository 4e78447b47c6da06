//! The service itself: does it listen where clients and the guard send them, and who is in the balance?

use std::collections::HashMap;
use std::net::IpAddr;

use super::keepalived::name;
use crate::doctor::facts::{Facts, list};
use crate::doctor::lint::{Lint, Needs, Severity};
use crate::node::config::VirtualServer;
use crate::node::ipvs::{Key, Service};
use crate::node::listeners::serves;
use crate::status::ServerDrain;

pub(super) const LINTS: &[Lint] = &[
    Lint {
        id: "not-listening",
        severity: Severity::Error,
        title: "nothing listens on the port that this node should serve",
        why: "Every check of this node fails, and as long as one has not failed yet its connections are refused.",
        help: "systemctl start the service; ss -lnt shows what listens",
        needs: Needs::Config,
        check: not_listening,
    },
    Lint {
        id: "listens-on-vip-only",
        severity: Severity::Error,
        title: "the service listens on the VIP, but not on the node's own address",
        why: "Checks ask the own address and fail, and the guard sends forwarded connections there.",
        help: "let it listen on all addresses (Postfix: inet_interfaces = all)",
        needs: Needs::Config,
        check: vip_only,
    },
    Lint {
        id: "listens-on-own-only",
        severity: Severity::Error,
        title: "the service listens on the node's own address, but not on the VIP",
        why: "What this node as MASTER balances to itself comes for the VIP, and is refused.",
        help: "let it listen on all addresses (Postfix: inet_interfaces = all)",
        needs: Needs::Config,
        check: own_only,
    },
    Lint {
        id: "no-server",
        severity: Severity::Error,
        title: "no real server is in the balance",
        why: "A new connection to the service gets nowhere.",
        help: "journalctl -u keepalived and journalctl -t smtp-check say why each check failed",
        needs: Needs::Ipvs,
        check: no_server,
    },
    Lint {
        id: "last-server",
        severity: Severity::Warning,
        title: "one more real server that fails ends the service",
        why: "keepalived takes the service down once fewer weights are left than `quorum` says.",
        help: "see why the others are down: journalctl -u keepalived, journalctl -t smtp-check",
        needs: Needs::Ipvs,
        check: last_server,
    },
    Lint {
        id: "server-down",
        severity: Severity::Warning,
        title: "a real server is not in the balance",
        why: "Its checks fail here, so the others carry its share.",
        help: "journalctl -u keepalived and journalctl -t smtp-check say which check failed and why; a drained server is meant to be out",
        needs: Needs::Ipvs,
        check: server_down,
    },
    Lint {
        id: "server-unchecked",
        severity: Severity::Warning,
        title: "a real server has no check",
        why: "It stays in the balance when it is dead, and its share of the connections fails.",
        help: "give it a check: SMTP_CHECK, TCP_CHECK, MISC_CHECK",
        needs: Needs::Config,
        check: unchecked,
    },
];

/// Virtual servers of one port that this node serves itself: their own address here, and their VIP.
fn own(facts: &Facts) -> impl Iterator<Item = (&VirtualServer, IpAddr, u16)> {
    let servers = facts.config().virtual_servers.iter();
    servers.filter(|one| one.protocol == "TCP" || one.protocol == "UDP").filter_map(|server| {
        let mut reals = server.servers.iter();
        let real = reals.find(|real| facts.node().is_own(real.address) && real.port != 0)?;
        Some((server, real.address, real.port))
    })
}

fn listens(facts: &Facts, server: &VirtualServer, address: IpAddr, port: u16) -> bool {
    serves(&facts.node().listeners, &server.protocol, address, port)
}

fn at_vip(facts: &Facts, server: &VirtualServer, port: u16) -> bool {
    server.address.is_none_or(|vip| listens(facts, server, vip, port))
}

fn not_listening(facts: &Facts) -> Vec<String> {
    let dead = own(facts).filter(|&(server, address, port)| {
        let vip = server.address.is_some_and(|vip| listens(facts, server, vip, port));
        !vip && !listens(facts, server, address, port)
    });
    dead.map(|(server, address, _)| format!("{}: nothing at {address}", name(server))).collect()
}

fn vip_only(facts: &Facts) -> Vec<String> {
    let wrong = own(facts).filter(|&(server, address, port)| {
        server.address.is_some()
            && at_vip(facts, server, port)
            && !listens(facts, server, address, port)
    });
    wrong.map(|(server, address, _)| format!("{}: nothing at {address}", name(server))).collect()
}

/// In direct routing packets keep the VIP as their destination.
fn own_only(facts: &Facts) -> Vec<String> {
    let wrong = own(facts).filter(|&(server, address, port)| {
        server.forwarding.eq_ignore_ascii_case("DR")
            && listens(facts, server, address, port)
            && !at_vip(facts, server, port)
    });
    wrong
        .map(|(server, address, port)| format!("{}: only at {address}, port {port}", name(server)))
        .collect()
}

/// The virtual servers with what IPVS has of them.
fn balanced(facts: &Facts) -> impl Iterator<Item = (&VirtualServer, &Service)> {
    let services = facts.node().ipvs.services.iter();
    let services: HashMap<&Key, &Service> = services.map(|one| (&one.key, one)).collect();
    facts.config().virtual_servers.iter().filter_map(move |server| {
        let service = server.keys().iter().find_map(|key| services.get(key).copied())?;
        Some((server, service))
    })
}

fn no_server(facts: &Facts) -> Vec<String> {
    let dead = balanced(facts)
        .filter(|(server, service)| service.in_the_balance() == 0 && !server.servers.is_empty());
    dead.map(|(server, _)| format!("{}: 0 of {}", name(server), server.servers.len())).collect()
}

fn last_server(facts: &Facts) -> Vec<String> {
    let nearly = balanced(facts).filter_map(|(server, service)| {
        let weights = || service.servers.iter().map(|one| one.weight).filter(|weight| *weight > 0);
        let (all, largest) = (weights().sum::<u32>(), weights().max()?);
        let fewer = weights().count() < server.servers.len();
        (fewer && all - largest < server.quorum).then(|| {
            let (up, quorum) = (weights().count(), server.quorum);
            format!("{}: {up} of {} up, quorum {quorum}", name(server), server.servers.len())
        })
    });
    nearly.collect()
}

fn server_down(facts: &Facts) -> Vec<String> {
    let is_drained = matches!(facts.status.server_drain, ServerDrain::On | ServerDrain::Wanted);
    let of = |(server, service): (&VirtualServer, &Service)| {
        let up = |address, port| {
            let mut all = service.servers.iter();
            all.any(|one| one.address == address && one.port == port && one.weight > 0)
        };
        // A drain has a finding of its own: its checks are refused here, too.
        let drained = |address| is_drained && facts.node().is_own(address);
        let down = server.servers.iter().filter(|real| {
            real.weight > 0 && !up(real.address, real.port) && !drained(real.address)
        });
        let down: Vec<IpAddr> = down.map(|real| real.address).collect();
        // With all of them down there is a worse finding.
        (!down.is_empty() && down.len() < server.servers.len())
            .then(|| format!("{}: {}", name(server), list(&down)))
    };
    balanced(facts).filter_map(of).collect()
}

fn unchecked(facts: &Facts) -> Vec<String> {
    let of = |server: &VirtualServer| {
        let bare = server.servers.iter().filter(|real| real.checks.is_empty());
        let bare: Vec<IpAddr> = bare.map(|real| real.address).collect();
        (!bare.is_empty()).then(|| format!("{}: {}", name(server), list(&bare)))
    };
    facts.config().virtual_servers.iter().filter_map(of).collect()
}
