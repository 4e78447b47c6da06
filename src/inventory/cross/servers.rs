//! Services: what keepalived or IPVS would refuse, or do otherwise than it looks.

use super::Drafts;
use crate::cluster::{Family, Forwarding, Service};
use crate::inventory::member;
use crate::inventory::read::Problems;
use crate::inventory::real_server::RealServerDraft;
use crate::inventory::server::ServerDraft;

pub(super) fn check(drafts: &Drafts<'_>, problems: &mut Problems) {
    let mut seen = Vec::new();
    for server in drafts.servers {
        nodes(server, drafts, problems);
        forwarding(server, drafts, problems);
        quorum(server, drafts, problems);
        groups(server, drafts, problems);
        let Some(service) = &server.service else { continue };
        let of_instance = match service.value {
            Service::Port(_) => server.instance,
            _ => None,
        };
        if matches!(service.value, Service::Port(_)) && of_instance.is_none() {
            continue;
        }
        let key = (of_instance, &service.value, server.protocol);
        if seen.contains(&key) {
            let title = match service.value {
                Service::Port(port) => {
                    format!("two virtual servers of this instance have port {port}")
                }
                _ => format!("two virtual servers of {}", service.value),
            };
            problems.add(service.at.clone(), title, "remove one, or give it another port");
        }
        seen.push(key);
    }
}

/// Names of nodes that there are, and of the service's family.
fn nodes(server: &ServerDraft, drafts: &Drafts<'_>, problems: &mut Problems) {
    if server.nodes.is_some() && server.real_servers.is_some() {
        let title = "`nodes` and `real_server` both say who serves";
        problems.add(server.at.clone(), title, "remove one of them");
    }
    for name in server.named_nodes() {
        let called = |node: &&crate::inventory::node::NodeDraft| {
            node.name.as_ref().is_some_and(|own| own.value == name.value)
        };
        let Some(node) = drafts.nodes.iter().find(called) else {
            problems.add(
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
            problems.add(
                name.at.clone(),
                format!("`{}` has no address of the service's family", name.value.as_str()),
                "give it one: `address: [..., ...]`",
            );
        }
    }
    for address in server.real_servers.iter().flatten().filter_map(RealServerDraft::stranger) {
        if family(server, drafts).is_some_and(|family| Family::of(address.value) != family) {
            problems.add(
                address.at.clone(),
                "not of the service's family",
                "write an address of the same family as the VIP",
            );
        }
    }
}

fn family(server: &ServerDraft, drafts: &Drafts<'_>) -> Option<Family> {
    match &server.service.as_ref()?.value {
        Service::Address(address, _) => Some(Family::of(*address)),
        Service::Port(_) => {
            let vip = drafts.instances.get(server.instance?)?.vips.first()?;
            Some(Family::of(vip.value.address()))
        }
        Service::Mark(_) | Service::Group(_) => None,
    }
}

/// Direct routing can't change a port, and the others can't work where balancers serve.
fn forwarding(server: &ServerDraft, drafts: &Drafts<'_>, problems: &mut Problems) {
    let forwarding = server.forwarding();
    let service_port = match server.service.as_ref().map(|service| &service.value) {
        Some(Service::Port(port)) => Some(*port),
        Some(Service::Address(_, port)) => *port,
        _ => None,
    };
    for port in server.real_servers.iter().flatten().filter_map(|one| one.port.as_ref()) {
        if forwarding != Forwarding::Nat && service_port.is_some_and(|own| own != port.value) {
            problems.add(
                port.at.clone(),
                format!("{forwarding} can't change the port"),
                "remove it, or write `lb_kind: NAT`",
            );
        }
    }
    let strangers = server.real_servers.iter().flatten().filter(|one| one.stranger().is_some());
    let all = server.real_servers.as_ref().is_some_and(|all| all.len() == strangers.count());
    if let (Some(kind), true, false) = (&server.lb_kind, drafts.bypass, all)
        && kind.value != Forwarding::Dr
    {
        problems.add(
            kind.at.clone(),
            format!("`lb_kind: {}` can't work when the balancers are the servers", kind.value),
            "write DR, or remove it; or `bypass: false` if the nodes do not serve",
        );
    }
    if let (Some(service), true, false) = (&server.service, drafts.bypass, all)
        && matches!(service.value, Service::Mark(_))
    {
        problems.warn(
            service.at.clone(),
            "a mark counts on every node, and the guard looks at addresses",
            "mark only where the address is: nft's `fib daddr . iif type local`",
        );
    }
}

/// keepalived would reduce it, and call that an error.
fn quorum(server: &ServerDraft, drafts: &Drafts<'_>, problems: &mut Problems) {
    let most = server.quorum.as_ref().map_or(1, |quorum| quorum.value);
    if let Some(hysteresis) = server.hysteresis.as_ref().filter(|it| it.value > 0)
        && hysteresis.value >= most
    {
        problems.add(
            hysteresis.at.clone(),
            format!("hysteresis is not below the quorum, {most}"),
            "keepalived would make it 0; lower it, or raise `quorum`",
        );
    }
    let Some(quorum) = &server.quorum else { return };
    let places = match server.instance {
        Some(instance) => member::members(&drafts.instances[instance], drafts.nodes).len(),
        None => drafts.nodes.len(),
    };
    let Some(sum) = server.sum_of_weights(drafts.nodes, places) else { return };
    if quorum.value > sum {
        problems.add(
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
    if !drafts.tracks.server_groups.iter().any(|known| known == name.as_str()) {
        problems.add(
            service.at.clone(),
            format!("there is no virtual_server_group `{}`", name.as_str()),
            "name one of the section `virtual_server_group`",
        );
    }
}
