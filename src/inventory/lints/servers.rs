//! Services: what keepalived or IPVS would refuse, or do otherwise than it looks.

use std::collections::HashSet;
use std::net::IpAddr;

use super::lint::Lint;
use super::{Drafts, drain, forwarding, groups, real_servers};
use crate::cluster::{Protocol, Service};
use crate::inventory::check;
use crate::inventory::instance::InstanceDraft;
use crate::inventory::problems::Problems;
use crate::inventory::served::Server;
use crate::inventory::server::ServerDraft;

/// What is found here.
pub(super) static LINTS: &[&Lint] = &[
    &OPS_NEEDS_UDP,
    &SERVICE_TWICE,
    &CHECK_WITHOUT_PORT,
    &SERVICE_WITHOUT_VIP,
    &HYSTERESIS_ABOVE_QUORUM,
    &QUORUM_UNREACHABLE,
];

pub(super) static OPS_NEEDS_UDP: Lint = Lint::error(
    "ops-needs-udp",
    "`ops` without UDP",
    "One-packet scheduling (ops) is for datagrams.",
    "remove it, or write `protocol: UDP`",
);

pub(super) static SERVICE_TWICE: Lint = Lint::error(
    "service-twice",
    "one service twice",
    "IPVS has one table entry for an address, a port and a protocol.",
    "remove one, or give it another port",
);

pub(super) static CHECK_WITHOUT_PORT: Lint = Lint::error(
    "check-without-port",
    "a check would ask port 0",
    "The service names no port that a check could take.",
    "write `connect_port` in the check, or `port` at each real_server",
);

pub(super) static SERVICE_WITHOUT_VIP: Lint = Lint::error(
    "service-without-vip",
    "a service at an address that no instance holds",
    "No node would have the address, so no packet arrives there.",
    "add it to `virtual_ipaddress`, or correct it; or name its instance in `vrrp_instance`",
);

pub(super) static HYSTERESIS_ABOVE_QUORUM: Lint = Lint::error(
    "hysteresis-above-quorum",
    "hysteresis is not below the quorum",
    "keepalived would set it to 0 and call that an error.",
    "lower it, or raise `quorum`",
);

pub(super) static QUORUM_UNREACHABLE: Lint = Lint::error(
    "quorum-unreachable",
    "a quorum above the weights of all servers",
    "Also with all servers up the quorum would never be reached; keepalived lowers it and calls that an error.",
    "lower `quorum`, or raise the weights",
);

pub(super) fn check(drafts: &Drafts<'_>, problems: &mut Problems) {
    let mut seen = HashSet::new();
    for server in drafts.servers {
        real_servers::check(server, drafts, problems);
        forwarding::check(server, drafts, problems);
        groups::marks(server, drafts, problems);
        forwarding::sorry_server(server, drafts, problems);
        quorum(server, drafts, problems);
        groups::names(server, drafts, problems);
        ports(server, drafts, problems);
        real_servers::held(server, drafts, problems);
        vip(server, drafts, problems);
        drain::check(server, drafts, problems);
        let Some(service) = &server.service else { continue };
        if server.has_ops() && server.protocol != Protocol::Udp {
            problems.found(
                &OPS_NEEDS_UDP,
                server.places.key("ops"),
                "`ops` is for UDP",
                "remove it",
            );
        }
        let own: HashSet<(String, Protocol)> = expanded(server, drafts).into_iter().collect();
        let twice = !seen.is_disjoint(&own);
        seen.extend(own);
        if twice {
            let title = match service.value {
                Service::Port(port) => {
                    format!("two virtual servers of this instance have port {port}")
                }
                _ => format!("two virtual servers of {}", service.value),
            };
            problems.case(&SERVICE_TWICE, service.at.clone(), title);
        }
    }
}

/// What a virtual server balances, as keepalived writes it, each with its protocol.
fn expanded(server: &ServerDraft, drafts: &Drafts<'_>) -> Vec<(String, Protocol)> {
    let Some(service) = &server.service else { return Vec::new() };
    let all = match (&service.value, server.instance) {
        (Service::Port(port), Some(at)) => {
            let vips = drafts.instances[at].addresses();
            vips.map(|vip| format!("{} {port}", vip.value.address())).collect()
        }
        (Service::Port(_), None) => Vec::new(),
        (other, _) => vec![other.to_string()],
    };
    all.into_iter().map(|one| (one, server.protocol)).collect()
}

/// Without a port of the service a check would ask the server's port 0.
fn ports<'a>(server: &'a ServerDraft, drafts: &Drafts<'a>, problems: &mut Problems) {
    let Some(service) = &server.service else { return };
    if !groups::has_group(service, drafts) {
        return;
    }
    if matches!(service.value, Service::Port(_) | Service::Address(_, Some(_))) {
        return;
    }
    let asks = |one: &Server<'_>| {
        let checks = one.checks()?.checks.iter().flatten();
        checks.filter_map(check::needs_port).next().map(str::to_owned)
    };
    let servers = drafts.servers_of(server).into_iter();
    let asking = servers.filter(|one| one.port().is_none()).find_map(|one| asks(&one));
    if let Some(check) = asking {
        problems.case(
            &CHECK_WITHOUT_PORT,
            service.at.clone(),
            format!("{} names no port, so {check} would ask port 0", service.value),
        );
    }
}

/// Where the nodes serve, what is balanced has to be an address that moves with the instance.
fn vip(server: &ServerDraft, drafts: &Drafts<'_>, problems: &mut Problems) {
    let Some(service) = &server.service else { return };
    let vips = |instance: &InstanceDraft| -> Vec<IpAddr> {
        instance.addresses().map(|vip| vip.value.address()).collect()
    };
    if !drafts.bypass {
        return;
    }
    let own = server.instance.map(|at| &drafts.instances[at]);
    let holds = |address: &IpAddr| match own {
        Some(instance) => vips(instance).contains(address),
        None => drafts.instances.iter().any(|instance| vips(instance).contains(address)),
    };
    let lost = match &service.value {
        Service::Address(address, _) => (!holds(address)).then(|| address.to_string()),
        Service::Group(name) => {
            let lines = groups::group_lines(name, drafts);
            let addresses = lines.filter_map(|line| line.split(' ').next());
            let single = addresses.filter_map(|text| text.parse::<IpAddr>().ok());
            single.filter(|address| !holds(address)).map(|address| address.to_string()).next()
        }
        _ => None,
    };
    if let Some(address) = lost {
        let whose = own.map_or("no instance".into(), |own| format!("`{}` has not", own.name()));
        problems.found(
            &SERVICE_WITHOUT_VIP,
            service.at.clone(),
            format!("{address} moves with no node: {whose} got it"),
            "add it to `virtual_ipaddress`, or name its instance in `vrrp_instance`",
        );
    }
}

/// keepalived would reduce it, and call that an error.
fn quorum<'a>(server: &'a ServerDraft, drafts: &Drafts<'a>, problems: &mut Problems) {
    let most = server.quorum.as_ref().map_or(1, |quorum| quorum.value);
    if let Some(hysteresis) = server.hysteresis.as_ref().filter(|it| it.value > 0)
        && hysteresis.value >= most
    {
        problems.found(
            &HYSTERESIS_ABOVE_QUORUM,
            hysteresis.at.clone(),
            format!("hysteresis is not below the quorum, {most}"),
            "keepalived would make it 0; lower it, or raise `quorum`",
        );
    }
    let Some(quorum) = &server.quorum else { return };
    let Some(weights) = drafts.weights_of(server) else { return };
    let sum = weights.iter().sum();
    if quorum.value > sum {
        problems.found(
            &QUORUM_UNREACHABLE,
            quorum.at.clone(),
            format!("the weights of all servers together are {sum}"),
            format!("write at most {sum}"),
        );
    }
}
