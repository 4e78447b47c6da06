//! From a checked cluster to one node's tree: here the facts of the inventory become the
//! statements that keepalived wants, and everything that differs between nodes is derived.

use std::cell::OnceCell;
use std::net::IpAddr;

use anyhow::{Context, Result, anyhow};
use ipnetwork::IpNetwork;

use super::detection::Detector;
use super::guards::{Guards, Hooks};
use super::placeholder::{self, Meaning};
use super::probe;
use super::statement::Statement;
use super::tree::{
    Conf, GlobalDefs, Notify, RealServer, SyncDaemon, TrackFile, VirtualServer, VrrpInstance,
};
use crate::cluster::{
    self, Check, Cluster, Family, Member, Node, RouterId, Service, Version, VirtualAddress,
};

/// The name of the file that drains a node, in the rendered files.
const DRAIN: &str = "lvskit_drain";

/// The sync daemon's group where there is no IPv4; the number is that of the kernel's own group,
/// 224.0.0.81.
pub const SYNC_GROUP_IPV6: &str = "ff02::81";

/// keepalived.conf of node number `node` of the cluster. For all nodes there is [`Files`].
///
/// # Errors
/// When a command line grows longer than keepalived reads.
pub fn conf(cluster: &Cluster, node: usize) -> Result<Conf> {
    let files = Files::new(cluster);
    let mut conf = files.without_servers(node)?;
    for place in cluster.virtual_servers_of(node) {
        conf.virtual_servers.extend(files.virtual_servers(place, node)?);
    }
    Ok(conf)
}

/// The files of a cluster's nodes. Virtual servers are most of a file, and without a failure detection
/// the same on every node that has them: each is built and written once. So are hooks.
pub struct Files<'a> {
    cluster: &'a Cluster,
    /// By place of the instance.
    hooks: Vec<Result<Option<Hooks>>>,
    detector: Detector<'a>,
    /// What is written of virtual servers that are the same everywhere, by place.
    servers: Vec<OnceCell<String>>,
    /// Whether a virtual server names the node that has it, by place.
    named: Vec<bool>,
}

impl<'a> Files<'a> {
    /// Of this cluster; no virtual server is built yet.
    pub fn new(cluster: &'a Cluster) -> Files<'a> {
        let guards = Guards::of(cluster);
        let hooks = |instance| match cluster.bypass {
            true => Hooks::of(cluster, &guards, instance),
            false => Ok(None),
        };
        Files {
            cluster,
            hooks: (0..cluster.vrrp_instances.len()).map(hooks).collect(),
            detector: Detector::new(cluster),
            servers: vec![OnceCell::new(); cluster.virtual_servers.len()],
            named: cluster.virtual_servers.iter().map(names_node).collect(),
        }
    }

    /// Finds out what would keep a file from being written, before the first one is: hooks that are too long.
    ///
    /// # Errors
    /// Those of [`conf`], with the name of the first node that would have it.
    pub fn check(&self, nodes: &[usize]) -> Result<()> {
        for (instance, hooks) in self.cluster.vrrp_instances.iter().zip(&self.hooks) {
            let Err(error) = hooks else { continue };
            if let Some(&node) = nodes.iter().find(|&&node| instance.member(node).is_some()) {
                let name = self.cluster.nodes[node].name.as_str();
                return Err(anyhow!("{name}: {error:#}"));
            }
        }
        Ok(())
    }

    /// What [`conf`] writes for node number `node`.
    ///
    /// # Errors
    /// Those of [`conf`].
    pub fn text(&self, node: usize) -> Result<String> {
        let mut text = self.without_servers(node)?.to_string();
        for place in self.cluster.virtual_servers_of(node) {
            let differs = self.detector.differs(&self.cluster.virtual_servers[place]);
            match differs || self.named[place] {
                true => text.push_str(&written(&self.virtual_servers(place, node)?)),
                false => text.push_str(self.server(place, node)?),
            }
        }
        Ok(text)
    }

    /// One that is the same everywhere, as this node has it.
    fn server(&self, place: usize, node: usize) -> Result<&str> {
        let known = &self.servers[place];
        if let Some(text) = known.get() {
            return Ok(text);
        }
        let blocks = self.virtual_servers(place, node)?;
        Ok(known.get_or_init(|| written(&blocks)))
    }

    /// Everything but the virtual servers, which come last.
    fn without_servers(&self, node: usize) -> Result<Conf> {
        let Files { cluster, hooks, detector, .. } = self;
        let own = &cluster.nodes[node];
        let drain = match &cluster.drain_file {
            Some(file) => Some(TrackFile { name: DRAIN.parse()?, file: file.clone() }),
            None => None,
        };
        let runs = |group: &&cluster::SyncGroup| {
            group.instances.iter().all(|&at| cluster.vrrp_instances[at].member(node).is_some())
        };
        let shared = cluster
            .sessions
            .iter()
            .filter(|shared| own.sessions.iter().all(|session| session.line != shared.line));
        let replaced = |shared: &&Statement| own.tracked.iter().any(|one| one.line == shared.line);
        let tracked = cluster.tracked.iter().filter(|shared| !replaced(shared)).chain(&own.tracked);
        let groups = cluster.sync_groups.iter().filter(runs).map(|group| &group.block);
        let meaning = Meaning { address: own.address, node: own.name.as_str() };
        let mut conf = Conf {
            global_defs: global_defs(cluster, node),
            drain,
            tracked: (tracked.chain(groups).cloned())
                .chain(shared.cloned())
                .chain(own.sessions.iter().cloned())
                .chain(detector.sessions(node)?)
                .collect(),
            vrrp_instances: (cluster.vrrp_instances.iter().zip(hooks))
                .filter_map(|(instance, hooks)| Some((instance, instance.member(node)?, hooks)))
                .map(|(instance, member, hooks)| match hooks {
                    Ok(hooks) => Ok(vrrp_instance(cluster, instance, member, hooks.clone())),
                    Err(error) => Err(anyhow!("{error:#}")),
                })
                .collect::<Result<_>>()?,
            groups: cluster.groups.clone(),
            virtual_servers: Vec::new(),
            raw: cluster.raw.iter().chain(&own.raw).cloned().collect(),
        };
        meaning.fill(&mut conf.global_defs.more);
        meaning.fill(&mut conf.tracked);
        conf.vrrp_instances.iter_mut().for_each(|instance| meaning.fill(&mut instance.more));
        Ok(conf)
    }

    /// The blocks of a virtual server as a node has them: one for each address of its instance, or the one
    /// that was asked for.
    fn virtual_servers(&self, place: usize, node: usize) -> Result<Vec<VirtualServer>> {
        let server = &self.cluster.virtual_servers[place];
        let build = |service, at: At, port| self.virtual_server(server, node, service, at, port);
        let (at, port) = match &server.service {
            Service::Port(port) => {
                let instance = server.vrrp_instance.map(|at| &self.cluster.vrrp_instances[at]);
                let vips = instance.into_iter().flat_map(|instance| instance.all_vips());
                return vips
                    .map(|vip| build(format!("{vip} {port}"), At::of(vip.address()), Some(*port)))
                    .collect();
            }
            Service::Address(address, port) => (At::of(*address), *port),
            Service::Mark(_) | Service::Group(_) => {
                (At { family: server.marked_family(), vip: None }, None)
            }
        };
        Ok(vec![build(server.service.to_string(), at, port)?])
    }

    fn name(&self, node: usize) -> &str {
        self.cluster.nodes[node].name.as_str()
    }

    fn virtual_server(
        &self,
        server: &cluster::VirtualServer,
        node: usize,
        service: String,
        at: At,
        port: Option<u16>,
    ) -> Result<VirtualServer> {
        let family = at.family;
        let real_server = |one: &cluster::RealServer| {
            let of_family = one.addresses.iter().filter(|own| Family::of(**own) == family);
            let address = match of_family.clone().count() {
                0 | 1 => of_family.clone().next(),
                // Of several, the one in the VIP's network.
                _ => {
                    let network = at.vip.and_then(|vip| network(self.cluster, vip));
                    let near = |own: &&IpAddr| network.is_some_and(|it| it.contains(**own));
                    of_family.clone().find(near).or(of_family.clone().next())
                }
            };
            let address = address
                .copied()
                .with_context(|| format!("a server of {service} has no {family} address"))?;
            let port = one.port.or(port);
            let checks = one.checks.as_ref().unwrap_or(&server.checks);
            Ok(RealServer {
                address,
                port,
                weight: one.weight,
                more: one.settings.clone().into_statements(Vec::new()),
                checks: (checkers(checks, address, port, self.name(node))?.into_iter())
                    .chain(self.detector.checker(server, node, address)?)
                    .collect(),
                raw: one.raw.clone(),
            })
        };
        let real_servers = server.real_servers.iter().map(real_server).collect::<Result<_>>()?;
        Ok(VirtualServer {
            service,
            delay_loop: server.delay_loop,
            scheduler: server.scheduler,
            flags: server.flags.clone(),
            forwarding: server.forwarding.clone(),
            protocol: match server.service {
                Service::Mark(_) => None,
                _ => Some(server.protocol),
            },
            more: server.settings.clone().into_statements(Vec::new()),
            real_servers,
            raw: server.raw.clone(),
        })
    }
}

/// What a virtual server is for.
struct At {
    family: Family,
    /// Its address, where it has one.
    vip: Option<IpAddr>,
}

impl At {
    fn of(vip: IpAddr) -> At {
        At { family: Family::of(vip), vip: Some(vip) }
    }
}

/// The network of a VIP, where its length says that.
fn network(cluster: &Cluster, vip: IpAddr) -> Option<IpNetwork> {
    let lists = cluster
        .vrrp_instances
        .iter()
        .flat_map(|one| one.virtual_ipaddress.iter().chain(&one.virtual_ipaddress_excluded));
    lists.into_iter().find(|one| one.address() == vip)?.network()
}

/// Blocks with an empty line before each.
fn written(blocks: &[VirtualServer]) -> String {
    blocks.iter().map(|block| format!("\n{block}")).collect()
}

fn global_defs(cluster: &Cluster, node: usize) -> GlobalDefs {
    let defs = cluster.global_defs.clone();
    let own: &Node = &cluster.nodes[node];
    let raw = defs.raw.into_iter().chain(own.global_raw.iter().cloned()).collect();
    GlobalDefs {
        script_security: !defs.unprotected_scripts,
        notification_email: defs.notification_email,
        notification_email_from: defs.notification_email_from,
        smtp_server: defs.smtp_server,
        smtp_connect_timeout: defs.smtp_connect_timeout,
        router_id: match defs.router_id {
            RouterId::NodeName => Some(own.name.clone()),
            RouterId::HostName => None,
        },
        // keepalived's own default stays unsaid.
        vrrp_version: (defs.vrrp_version != Version::V2).then_some(defs.vrrp_version),
        lvs_sync_daemon: cluster.sync_daemon(node).map(|daemon| SyncDaemon {
            interface: daemon.interface.clone(),
            id: daemon.id,
            group: (daemon.family == Family::V6).then_some(SYNC_GROUP_IPV6),
        }),
        more: defs.settings.overridden_by(&own.global_defs).into_statements(raw),
    }
}

fn vrrp_instance(
    cluster: &Cluster,
    instance: &cluster::VrrpInstance,
    member: &Member,
    hooks: Option<Hooks>,
) -> VrrpInstance {
    let mut tracked = member.tracked.clone();
    if cluster.drain_file.is_some() {
        tracked.file.insert(0, format!("{DRAIN} weight 0"));
    }
    VrrpInstance {
        name: instance.name.clone(),
        state: member.state,
        interface: member.interface.clone(),
        version: instance.says_version.then_some(instance.version),
        virtual_router_id: instance.virtual_router_id,
        priority: member.priority,
        advert_int: instance.advert_int,
        auth_pass: instance.auth_pass.clone(),
        unicast: member.unicast.as_ref().map(|own| (own.source, instance.peers(member))),
        virtual_ipaddress: addresses(cluster, &instance.virtual_ipaddress),
        virtual_ipaddress_excluded: addresses(cluster, &instance.virtual_ipaddress_excluded),
        preempt: instance.preempt,
        tracked: tracked.blocks(),
        notify: hooks.map(|hooks| Notify {
            master: hooks.master,
            backup: hooks.given_up.clone(),
            fault: hooks.given_up.clone(),
            stop: hooks.given_up,
        }),
        more: member.settings.clone().into_statements(member.raw.clone()),
    }
}

/// An IPv6 address with its network's length would be the source of whatever the MASTER sends there,
/// its checks of the other nodes too, whose answers never come back: these nodes take the VIP for
/// theirs. So it is deprecated, as keepalived does with a /128 by itself.
fn addresses(cluster: &Cluster, all: &[VirtualAddress]) -> Vec<VirtualAddress> {
    let deprecated = |address: &VirtualAddress| {
        let mut address = address.clone();
        let network = address.prefix_length.is_some_and(|length| length < 128);
        if cluster.bypass
            && address.vip.family() == Family::V6
            && network
            && !address.options.contains(" preferred_lft ")
        {
            address.options.push_str(" preferred_lft 0");
        }
        address
    };
    all.iter().map(deprecated).collect()
}

/// Whether the checks of a virtual server, or programs that it runs, name the node that has it.
fn names_node(server: &cluster::VirtualServer) -> bool {
    let own = server.real_servers.iter().filter_map(|one| one.checks.as_ref());
    own.chain([&server.checks]).flatten().any(|check| match check {
        Check::Own { block, .. } => placeholder::names_node(std::slice::from_ref(block)),
        Check::Probe(probe) => probe.options.contains(placeholder::NODE),
    })
}

fn checkers(
    checks: &[Check],
    server: IpAddr,
    port: Option<u16>,
    node: &str,
) -> Result<Vec<Statement>> {
    let mut all = Vec::new();
    let meaning = Meaning { address: server, node };
    for check in checks {
        match check {
            Check::Own { block, .. } => all.push(block.clone()),
            Check::Probe(check) => all.push(probe::checker(check, server, port, meaning)?),
        }
    }
    meaning.fill(&mut all);
    Ok(all)
}
