//! What the nodes serve themselves at each VIP, worked out from the virtual servers: the guard redirects
//! that and nothing else. The hooks say it as a command line, `--guard-file` as rules.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use anyhow::{Context, Result};
use ipnetwork::IpNetwork;

use super::group::{self, EVERY_PORT, Entry};
use super::statement::Statement;
use super::word::Word;
use crate::cluster::{self, Cluster, Family, Node, VirtualServer, VrrpInstance};
use crate::guard::plan::{Guard, Protocol, Service, Services, Target};
use crate::paths;
use crate::vip::Vip;

/// The guards of a cluster, instance by instance.
#[derive(Debug)]
pub struct Guards(Vec<Vec<Guard>>);

impl Guards {
    /// A guard for each VIP at which a service is balanced among the nodes. Without any virtual server
    /// another program balances, and its services are unknown.
    pub fn of(cluster: &Cluster) -> Guards {
        let unknown = raw_services(cluster);
        let nodes: HashSet<IpAddr> = cluster.nodes.iter().flat_map(Node::addresses).collect();
        let served = |server: &&VirtualServer| serve(&nodes, server);
        let servers: Vec<&VirtualServer> = cluster.virtual_servers.iter().filter(served).collect();
        let services = |instance: usize, vip: Vip| match unknown {
            true => Some(Services::All),
            false if cluster.virtual_servers.is_empty() => Some(Services::Legacy),
            false => {
                let here = servers.iter().filter_map(|one| of_server(cluster, one, instance, vip));
                here.reduce(Services::and)
            }
        };
        let of_instance = |(place, instance): (usize, &VrrpInstance)| {
            let guard = |vip| Some(Guard::new(vip, services(place, vip)?));
            instance.all_vips().filter_map(guard).collect()
        };
        Guards(cluster.vrrp_instances.iter().enumerate().map(of_instance).collect())
    }

    /// Those of a node's VIPs, as a hook there makes them.
    pub fn of_node(&self, cluster: &Cluster, node: usize) -> Vec<Guard> {
        let mut all = Vec::new();
        for (instance, guards) in cluster.vrrp_instances.iter().zip(&self.0) {
            if instance.member(node).is_none() {
                continue;
            }
            let vips =
                instance.virtual_ipaddress.iter().chain(&instance.virtual_ipaddress_excluded);
            let prefixes: HashMap<Vip, u8> =
                vips.filter_map(|one| Some((one.vip, one.prefix_length?))).collect();
            all.extend(guards.iter().map(|guard| Guard {
                target: target(&cluster.nodes[node], guard.vip, prefixes.get(&guard.vip).copied()),
                ..guard.clone()
            }));
        }
        all
    }
}

/// Where a node serves a VIP, which a hook finds out by the node's addresses ([`own_address`]): in IPv4
/// the kernel's choice is right, in IPv6 it is the node's own address in the VIP's network.
///
/// [`own_address`]: crate::guard::own::own_address
fn target(node: &Node, vip: Vip, prefix: Option<u8>) -> Target {
    if vip.family() == Family::V4 {
        return Target::Redirect;
    }
    // A /128 says nothing of the network.
    let network = prefix.filter(|length| *length < 128);
    let network = network.and_then(|length| IpNetwork::new(vip.address(), length).ok());
    let near = |own: &IpAddr| network.is_none_or(|network| network.contains(*own));
    node.addresses_of(Family::V6).find(near).map_or(Target::Redirect, Target::Own)
}

/// Whether lines that are written as they are may have virtual servers.
fn raw_services(cluster: &Cluster) -> bool {
    let may_have = |line: &Statement| {
        line.words()
            .next()
            .is_some_and(|word| word.starts_with("virtual_server") || word.starts_with("include"))
    };
    cluster.raw.iter().chain(cluster.nodes.iter().flat_map(|node| &node.raw)).any(may_have)
}

/// Whether one of the nodes gets what a virtual server balances.
fn serve(nodes: &HashSet<IpAddr>, server: &VirtualServer) -> bool {
    let sorry = server.settings.value("sorry_server").and_then(|text| text.split(' ').next());
    let sorry = sorry.and_then(|text| text.parse().ok());
    let real = server.real_servers.iter().flat_map(|one| &one.addresses);
    real.chain(&sorry).any(|address| nodes.contains(address))
}

/// What a virtual server balances at a VIP of an instance; `None` for nothing.
fn of_server(
    cluster: &Cluster,
    server: &VirtualServer,
    instance: usize,
    vip: Vip,
) -> Option<Services> {
    let protocol = match server.protocol {
        cluster::Protocol::Tcp => Protocol::Tcp,
        cluster::Protocol::Udp => Protocol::Udp,
        // The guard never redirected it: refused where nodes serve.
        cluster::Protocol::Sctp => return None,
    };
    let ports = |(first, last)| Services::only([Service { protocol, first, last }]);
    let mine = || server.vrrp_instance.is_none_or(|own| own == instance);
    let marked = || server.bypass_ports.clone().unwrap_or(Services::All);
    match &server.service {
        cluster::Service::Port(port) => ports((*port, *port)).filter(|_| mine()),
        cluster::Service::Address(address, port) if *address == vip.address() => {
            ports(port.map_or(EVERY_PORT, |port| (port, port)))
        }
        cluster::Service::Address(..) => None,
        cluster::Service::Mark(_) => Some(marked()).filter(|_| mine()),
        cluster::Service::Group(name) => {
            let of_entry = |entry| match entry {
                Entry::Mark => Some(marked()).filter(|_| mine()),
                Entry::Addresses(range, port) if range.has(vip.address()) => ports(port),
                Entry::Addresses(..) => None,
            };
            group::entries(cluster, name).filter_map(of_entry).reduce(Services::and)
        }
    }
}

/// An instance's hooks.
#[derive(Debug, Clone)]
pub struct Hooks {
    /// `notify_master`
    pub master: Word,
    /// The others.
    pub given_up: Word,
    /// Whether they say more than is balanced, because keepalived reads no longer lines.
    pub coarse: bool,
}

impl Hooks {
    /// Those of the instance at a place; `None` where there is nothing to guard.
    ///
    /// # Errors
    /// When the addresses alone make a line that keepalived does not read.
    pub fn of(cluster: &Cluster, guards: &Guards, instance: usize) -> Result<Option<Hooks>> {
        let Guards(all) = guards;
        let Some(guards) = all.get(instance).filter(|guards| !guards.is_empty()) else {
            return Ok(None);
        };
        let command = |services: &str, option: &str| {
            // Before -a, which takes all words after it.
            let keep = if cluster.keep_sessions { " --keep-sessions" } else { "" };
            let vips: String = guards.iter().map(|guard| format!(" {}", guard.vip)).collect();
            format!("{}{keep}{services} {option}{vips}", paths::libexec("bypass-ipvs"))
        };
        let mut all = options(guards);
        // Every port, as the last thing that is left to say.
        all.push(String::new());
        let fits = all.iter().position(|one| command(one, "-r").parse::<Word>().is_ok());
        let services = &all[fits.unwrap_or(all.len() - 1)];
        let word = |option| {
            let word = command(services, option).parse();
            word.context("the hook's command line; put some addresses into another instance")
        };
        let coarse = fits != Some(0);
        Ok(Some(Hooks { master: word("-r")?, given_up: word("-a")?, coarse }))
    }
}

/// How hooks can say the services, from the exact to the short: those of each VIP, those of all VIPs
/// together, all.
fn options(guards: &[Guard]) -> Vec<String> {
    let plain = |services: &Services| match services {
        Services::Legacy => String::new(),
        services => format!(" --service {services}"),
    };
    let together = guards.iter().map(|guard| guard.services.clone()).reduce(Services::and);
    let together = together.unwrap_or(Services::Legacy);
    let each = guards.iter().map(|one| format!(" --service {}@{}", one.services, one.vip));
    match guards.iter().all(|guard| guard.services == together) {
        true => vec![plain(&together), plain(&Services::All)],
        false => vec![each.collect(), plain(&together), plain(&Services::All)],
    }
}
