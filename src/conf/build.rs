//! From a checked cluster to its nodes' files: what stands in each, in which order, and what of it is the same
//! on all nodes.

use std::cell::OnceCell;
use std::net::IpAddr;

use anyhow::{Context, Result, anyhow};

use super::detection::Detector;
use super::guards::{Guards, Hooks};
use super::placeholder::{self, Meaning};
use super::served::{self, Block};
use super::statement::Statement;
use super::{blocks, probe};
use crate::cluster::{Check, Cluster, RealServer, SyncGroup, VirtualServer};

/// How each file begins.
const HEAD: &str = "# Rendered by `lvskit gen-conf`: change the inventory, not this file.\n\n";

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
    /// Those of [`Files::text`], with the name of the first node that would have it.
    pub fn check(&self, nodes: &[usize]) -> Result<()> {
        for (instance, hooks) in self.cluster.vrrp_instances.iter().zip(&self.hooks) {
            let Err(error) = hooks else { continue };
            if let Some(&node) = nodes.iter().find(|&&node| instance.member(node).is_some()) {
                return Err(anyhow!("{}: {error:#}", self.name(node)));
            }
        }
        Ok(())
    }

    /// keepalived.conf of node number `node`.
    ///
    /// # Errors
    /// When a command line grows longer than keepalived reads.
    pub fn text(&self, node: usize) -> Result<String> {
        let Files { cluster, .. } = self;
        let own = &cluster.nodes[node];
        let meaning = Meaning { address: own.address, node: own.name.as_str() };
        let defs = &cluster.global_defs;
        let settings = defs.settings.overridden_by(&own.global_defs);
        let mut more =
            settings.into_statements(defs.raw.iter().chain(&own.global_raw).cloned().collect());
        meaning.fill(&mut more);
        // First: later blocks copy several of its values when they are read.
        let mut text = format!("{HEAD}{}", blocks::global_defs(cluster, node, more));
        text.extend(cluster.drain_file.as_ref().map(|file| apart(&blocks::drain(file))));
        let mut tracked = self.tracked(node)?;
        meaning.fill(&mut tracked);
        text.extend(tracked.iter().map(apart));
        // Lines that have no key, before whatever may name them.
        let raw: String = cluster.raw.iter().chain(&own.raw).map(Statement::to_string).collect();
        if !raw.is_empty() {
            text.extend(["\n", &raw]);
        }
        for (instance, hooks) in cluster.vrrp_instances.iter().zip(&self.hooks) {
            let Some(member) = instance.member(node) else { continue };
            let hooks = hooks.as_ref().map_err(|error| anyhow!("{error:#}"))?.as_ref();
            let mut more = member.settings.clone().into_statements(member.raw.clone());
            meaning.fill(&mut more);
            text += &apart(&blocks::vrrp_instance(cluster, instance, member, hooks, more));
        }
        text.extend(cluster.groups.iter().map(apart));
        for place in cluster.virtual_servers_of(node) {
            let differs = self.detector.differs(&cluster.virtual_servers[place]);
            match differs || self.named[place] {
                true => text += &self.virtual_servers(place, node)?,
                false => text += self.server(place, node)?,
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
        let text = self.virtual_servers(place, node)?;
        Ok(known.get_or_init(|| text))
    }

    /// `track_file`, `vrrp_script`, `vrrp_sync_group` and `bfd_instance` blocks, before the instances that they
    /// name or that name them.
    fn tracked(&self, node: usize) -> Result<Vec<Statement>> {
        let cluster = self.cluster;
        let own = &cluster.nodes[node];
        // What a node says itself stands for what all say.
        fn of_node<'a>(
            all: &'a [Statement],
            own: &'a [Statement],
        ) -> impl Iterator<Item = &'a Statement> {
            let replaced = |shared: &&Statement| own.iter().any(|one| one.line == shared.line);
            all.iter().filter(move |shared| !replaced(shared)).chain(own)
        }
        let runs = |group: &&SyncGroup| {
            group.instances.iter().all(|&at| cluster.vrrp_instances[at].member(node).is_some())
        };
        let groups = cluster.sync_groups.iter().filter(runs).map(|group| &group.block);
        let all = of_node(&cluster.tracked, &own.tracked).chain(groups);
        let all = all.chain(of_node(&cluster.sessions, &own.sessions)).cloned();
        Ok(all.chain(self.detector.session_blocks(node)?).collect())
    }

    /// The blocks of a virtual server as a node has them.
    fn virtual_servers(&self, place: usize, node: usize) -> Result<String> {
        let server = &self.cluster.virtual_servers[place];
        let build = |block: Block<'_>| {
            let own = server.real_servers.iter();
            let own = own.map(|one| self.real_server(server, one, node, &block));
            let built =
                blocks::virtual_server(&block.to_string(), server, own.collect::<Result<_>>()?);
            Ok(apart(&built))
        };
        served::blocks(self.cluster, server).map(build).collect()
    }

    fn real_server(
        &self,
        server: &VirtualServer,
        one: &RealServer,
        node: usize,
        block: &Block<'_>,
    ) -> Result<Statement> {
        let address = block
            .address(self.cluster, one)
            .with_context(|| format!("a server of {block} has no {} address", block.family))?;
        let port = one.port.or(block.port);
        let checks = one.checks.as_ref().unwrap_or(&server.checks);
        let mut all = vec![Statement::set("weight", one.weight)];
        all.extend(one.settings.clone().into_statements(Vec::new()));
        all.extend(checkers(checks, address, port, self.name(node))?);
        all.extend(self.detector.checker(server, node, address)?);
        all.extend(one.raw.iter().cloned());
        Ok(Statement::block(blocks::real_server(address, port), all))
    }

    fn name(&self, node: usize) -> &str {
        self.cluster.nodes[node].name.as_str()
    }
}

/// A block, and the empty line before it.
fn apart(block: &Statement) -> String {
    format!("\n{block}")
}

/// Whether the checks of a virtual server, or programs that it runs, name the node that has it.
fn names_node(server: &VirtualServer) -> bool {
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
