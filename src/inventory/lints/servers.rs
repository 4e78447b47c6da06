//! Services: what keepalived or IPVS would refuse, or do otherwise than it looks.

use std::collections::HashSet;
use std::net::IpAddr;

use super::lint::Lint;
use super::{Drafts, drain, unique};
use crate::cluster::{Check, Family, Forwarding, Protocol, Service};
use crate::conf::word::Word;
use crate::inventory::instance::InstanceDraft;
use crate::inventory::read::{Placed, Problems};
use crate::inventory::real_server::RealServerDraft;
use crate::inventory::server::ServerDraft;
use crate::inventory::{check, member, server};

/// What is found here.
pub(super) static LINTS: &[&Lint] = &[
    &OPS_NEEDS_UDP,
    &SERVICE_TWICE,
    &CHECK_WITHOUT_PORT,
    &SERVER_IS_VIP,
    &SERVICE_WITHOUT_VIP,
    &SERVER_OUTSIDE_INSTANCE,
    &PORT_CANNOT_CHANGE,
    &SERVERS_NAMED_TWICE,
    &SERVER_TWICE,
    &FORWARDING_TO_NODES,
    &NODES_BEHIND_NAT,
    &GUARD_WITHOUT_SCTP,
    &MARK_ON_EVERY_NODE,
    &MARK_WITHOUT_PORTS,
    &BYPASS_PORTS_WITHOUT_MARK,
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

pub(super) static SERVER_IS_VIP: Lint = Lint::error(
    "server-is-vip",
    "a real server is a VIP",
    "IPVS would balance the VIP to itself.",
    "write the server's own address",
);

pub(super) static SERVICE_WITHOUT_VIP: Lint = Lint::error(
    "service-without-vip",
    "a service at an address that no instance holds",
    "No node would have the address, so no packet arrives there.",
    "add it to `virtual_ipaddress`, or correct it; or name its instance in `vrrp_instance`",
);

pub(super) static SERVER_OUTSIDE_INSTANCE: Lint = Lint::error(
    "server-outside-instance",
    "a node serves an instance that it does not run",
    "Nothing makes that node take packets to the instance's addresses.",
    "remove it, or let it run the instance",
);

pub(super) static PORT_CANNOT_CHANGE: Lint = Lint::error(
    "port-cannot-change",
    "a server's port differs, and only NAT can change ports",
    "keepalived resets the port to the service's and calls that an error.",
    "write the port of the service, or `lb_kind: NAT`",
);

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

pub(super) static NODES_BEHIND_NAT: Lint = Lint::error(
    "nodes-behind-nat",
    "directors that would be their own servers behind NAT",
    "An answer has to come back through the director that changed the packet's address.",
    "name the servers: `real_server: [{address: ...}]`",
);

pub(super) static FORWARDING_TO_NODES: Lint = Lint::error(
    "forwarding-to-nodes",
    "a forwarding method that can't reach the directors themselves",
    "When the directors are the servers, only direct routing works.",
    "write DR, or remove it; or write `bypass: false` if the nodes do not serve",
);

pub(super) static GUARD_WITHOUT_SCTP: Lint = Lint::error(
    "guard-without-sctp",
    "the guard knows TCP and UDP only",
    "Nodes without the address would drop SCTP that is forwarded to them.",
    "balance it to other servers, or write `bypass: false` if the nodes do not serve",
);

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
        nodes(server, drafts, problems);
        forwarding(server, drafts, problems);
        sorry_server(server, drafts, problems);
        quorum(server, drafts, problems);
        groups(server, drafts, problems);
        ports(server, drafts, problems);
        held(server, drafts, problems);
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
            problems.found(
                &SERVICE_TWICE,
                service.at.clone(),
                title,
                "remove one, or give it another port",
            );
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
fn ports(server: &ServerDraft, drafts: &Drafts<'_>, problems: &mut Problems) {
    let Some(service) = &server.service else { return };
    if !has_group(service, drafts) {
        return;
    }
    if matches!(service.value, Service::Port(_) | Service::Address(_, Some(_))) {
        return;
    }
    let common = server.checks.as_ref().and_then(|checks| checks.checks.as_ref());
    let listed = server.real_servers.iter().flatten();
    let asks = |checks: Option<&Vec<Check>>| {
        checks.into_iter().flatten().find_map(|one| check::needs_port(one).map(str::to_owned))
    };
    let asking = match &server.real_servers {
        None => asks(common),
        Some(_) => listed.filter(|one| one.port.is_none()).find_map(|one| {
            let own = one.checks.as_ref().map(|checks| checks.checks.as_ref());
            asks(own.unwrap_or(common))
        }),
    };
    if let Some(check) = asking {
        problems.found(
            &CHECK_WITHOUT_PORT,
            service.at.clone(),
            format!("{} names no port, so {check} would ask port 0", service.value),
            "write `connect_port` in the check, or `port` at each real_server",
        );
    }
}

/// Where the nodes serve, what is balanced has to be an address that moves with the instance, and a
/// server one that does not.
fn held(server: &ServerDraft, drafts: &Drafts<'_>, problems: &mut Problems) {
    let Some(service) = &server.service else { return };
    let vips = |instance: &InstanceDraft| -> Vec<IpAddr> {
        instance.addresses().map(|vip| vip.value.address()).collect()
    };
    for address in server.real_servers.iter().flatten().filter_map(RealServerDraft::stranger) {
        if drafts.instances.iter().any(|instance| vips(instance).contains(&address.value)) {
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
    let own = server.instance.map(|at| &drafts.instances[at]);
    let holds = |address: &IpAddr| match own {
        Some(instance) => vips(instance).contains(address),
        None => drafts.instances.iter().any(|instance| vips(instance).contains(address)),
    };
    let lost = match &service.value {
        Service::Address(address, _) => (!holds(address)).then(|| address.to_string()),
        Service::Group(name) => {
            let lines = group_lines(name, drafts);
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
    let Some(instance) = own else { return };
    let members = member::members(instance, drafts.nodes);
    for name in server.named_nodes() {
        let place = drafts.places.get(name.value.as_str());
        if place.is_some_and(|place| members.binary_search(place).is_err()) {
            problems.found(
                &SERVER_OUTSIDE_INSTANCE,
                name.at.clone(),
                format!(
                    "`{}` does not run `{}`, so nothing makes it serve",
                    name.value.as_str(),
                    instance.name()
                ),
                "remove it, or let it run the instance",
            );
        }
    }
}

/// keepalived drops a sorry server that does not fit.
fn sorry_server(server: &ServerDraft, drafts: &Drafts<'_>, problems: &mut Problems) {
    let Some(sorry) = &server.sorry_server else { return };
    let (address, port) = match sorry.value.split_once(' ') {
        Some((address, port)) => (address, port.parse::<u16>().ok()),
        None => (sorry.value.as_str(), None),
    };
    let Ok(address) = address.parse::<IpAddr>() else { return };
    if family(server, drafts).is_some_and(|family| Family::of(address) != family) {
        let title = "not of the service's family";
        problems.found(
            &super::families::FAMILY_MISMATCH,
            sorry.at.clone(),
            title,
            "write an address of the same family as the VIP",
        );
    }
    let own = match server.service.as_ref().map(|service| &service.value) {
        Some(Service::Port(port)) => Some(*port),
        Some(Service::Address(_, port)) => *port,
        _ => None,
    };
    let changes = port.is_some() && own.is_some() && port != own;
    if changes && server.forwarding() != Forwarding::Nat && !server.has_sorry_method() {
        problems.found(
            &PORT_CANNOT_CHANGE,
            sorry.at.clone(),
            format!("{} can't change the port", server.forwarding()),
            "write the port of the service, or `sorry_server_lvs_method: NAT`",
        );
    }
}

/// Names of nodes that there are, and of the service's family.
fn nodes(server: &ServerDraft, drafts: &Drafts<'_>, problems: &mut Problems) {
    if server.nodes.is_some() && server.real_servers.is_some() {
        let title = "`nodes` and `real_server` both say who serves";
        problems.found(
            &SERVERS_NAMED_TWICE,
            server.places.key("nodes"),
            title,
            "remove one of them",
        );
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
    for name in server.named_nodes() {
        let place = drafts.places.get(name.value.as_str());
        let Some(node) = place.map(|&place| &drafts.nodes[place]) else {
            problems.found(
                &super::names::UNKNOWN_NAME,
                name.at.clone(),
                format!("there is no node `{}`", name.value.as_str()),
                "name one of the section `nodes`",
            );
            continue;
        };
        let family = family(server, drafts);
        if family.is_some_and(|family| node.address_of(family).is_none())
            && !node.addresses.is_empty()
        {
            problems.found(
                &super::families::FAMILY_MISMATCH,
                name.at.clone(),
                format!("`{}` has no address of the service's family", name.value.as_str()),
                "give it one: `address: [..., ...]`",
            );
        }
    }
    for address in server.real_servers.iter().flatten().filter_map(RealServerDraft::stranger) {
        if family(server, drafts).is_some_and(|family| Family::of(address.value) != family) {
            problems.found(
                &super::families::FAMILY_MISMATCH,
                address.at.clone(),
                "not of the service's family",
                "write an address of the same family as the VIP",
            );
        }
    }
}

/// The family of what is balanced; of a mark or a group it is not known here.
pub(super) fn family(server: &ServerDraft, drafts: &Drafts<'_>) -> Option<Family> {
    server::family(server.service.as_ref(), server.instance.map(|at| &drafts.instances[at]))
}

/// Direct routing can't change a port, and the others can't work where balancers serve.
fn forwarding(server: &ServerDraft, drafts: &Drafts<'_>, problems: &mut Problems) {
    let forwarding = server.forwarding();
    let service_port = match server.service.as_ref().map(|service| &service.value) {
        Some(Service::Port(port)) => Some(*port),
        Some(Service::Address(_, port)) => *port,
        _ => None,
    };
    for one in server.real_servers.iter().flatten() {
        let own = one.settings.value("lvs_method").unwrap_or_default().to_owned();
        let kind = if own.is_empty() { forwarding.to_string() } else { own.clone() };
        if let Some(port) = &one.port
            && kind != "NAT"
            && service_port.is_some_and(|own| own != port.value)
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
        problems.found(
            &NODES_BEHIND_NAT,
            kind.at.clone(),
            "directors that would be their own real servers behind NAT",
            "name the servers: `real_server: [{address: ...}]`",
        );
    }
    let strangers = server.real_servers.iter().flatten().filter(|one| one.stranger().is_some());
    let all = server.real_servers.as_ref().is_some_and(|all| all.len() == strangers.count());
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
        problems.found(
            &GUARD_WITHOUT_SCTP,
            server.places.value("protocol"),
            "the guard redirects TCP and UDP: nodes without the address would drop SCTP",
            "balance it to other servers, or write `bypass: false` if the nodes do not serve",
        );
    }
    if let (Some(service), true, false) = (&server.service, drafts.bypass, all)
        && marked(&service.value, drafts)
    {
        problems.found(
            &MARK_ON_EVERY_NODE,
            service.at.clone(),
            "a firewall mark counts on every node, and the guard looks at addresses",
            "set the mark only where the VIP is: nft's `fib daddr . iif type local`",
        );
        if server.bypass_ports.is_none() && !server.places.has("bypass_ports") {
            problems.found(&MARK_WITHOUT_PORTS,
                service.at.clone(),
                "the ports of the firewall mark are unknown: every TCP and UDP port of the VIPs \
                 leads to the nodes' own services",
                "write the ports that the firewall marks, such as `bypass_ports: [tcp/25, tcp/465]`",
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

/// keepalived would reduce it, and call that an error.
fn quorum(server: &ServerDraft, drafts: &Drafts<'_>, problems: &mut Problems) {
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
    let places = match server.instance {
        Some(instance) => member::members(&drafts.instances[instance], drafts.nodes),
        None => (0..drafts.nodes.len()).collect(),
    };
    let Some(sum) = server.sum_of_weights(drafts.nodes, drafts.places, &places) else { return };
    if quorum.value > sum {
        problems.found(
            &QUORUM_UNREACHABLE,
            quorum.at.clone(),
            format!("the weights of all servers together are {sum}"),
            format!("write at most {sum}"),
        );
    }
}

/// A group's name leads to a group.
fn groups(server: &ServerDraft, drafts: &Drafts<'_>, problems: &mut Problems) {
    let Some(service) = &server.service else { return };
    let Service::Group(name) = &service.value else { return };
    if !has_group(service, drafts) {
        problems.found(
            &super::names::UNKNOWN_NAME,
            service.at.clone(),
            format!("there is no virtual_server_group `{}`", name.as_str()),
            "name one of the section `virtual_server_group`",
        );
    }
}

/// Whether a service's group is there, if it is one of a group.
fn has_group(service: &Placed<Service>, drafts: &Drafts<'_>) -> bool {
    match &service.value {
        Service::Group(name) => {
            drafts.tracks.server_groups.iter().any(|known| known == name.as_str())
        }
        _ => true,
    }
}
