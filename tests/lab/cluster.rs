//! The example's cluster in the lab: rendered by `lvskit gen-conf` from the project's inventory,
//! started, and asked whether it is as it should be.

use std::collections::BTreeSet;
use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::common::netns::Netns;
use crate::mailbox::Mailbox;
use crate::network::{self, Link};
use crate::node::{Node, PORT, Server};
use crate::sandbox::{ARTICLES_HOOK, LVSKIT, ROOT};
use crate::setup::{Setup, Way};
use crate::traffic::Session;

/// The project's example.
pub const INVENTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/keepalived/inventory.yml");

/// How long the cluster may take to get where it should be, without KVM too. What it has to be
/// quick for is measured by the scenarios themselves.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long clients may still send to a node that was MASTER for a moment.
const SETTLING: Duration = Duration::from_secs(2);

/// How long one greeting may take before a server counts as silent.
pub const GREETING: Duration = Duration::from_secs(3);

/// How long an answer may take where only a server that is down counts: it refuses at once. One that has just
/// started on a busy machine without KVM takes its time, and nothing is lost.
pub const SLOW: Duration = Duration::from_secs(20);

/// How long the article's hooks may take to end.
const ARTICLES_HOOKS: Duration = Duration::from_secs(3);

/// How many connections may pass until every server was met.
const MOST_GREETINGS: usize = 60;

pub struct Cluster {
    pub nodes: Vec<Node>,
    pub client: Arc<Netns>,
    /// A second client, which partitions put on the far side.
    pub far_client: (Netns, Link),
    setup: Setup,
    /// What serves on all nodes.
    server: Option<Server>,
    pub vip: IpAddr,
    pub mailbox: Mailbox,
}

impl Cluster {
    /// Network, nodes and client; renders the inventory.
    pub fn build() -> Result<Cluster> {
        let setup = Setup::ours();
        let model = model(&setup)?;
        let vip = vip(&model);
        network::switch()?;
        let nodes = (model.nodes.iter())
            .map(|node| Node::new(node.name.as_str(), node.address))
            .collect::<Result<Vec<_>>>()?;
        let client = Arc::new(network::client()?);
        let far_client = network::far_client()?;
        let mailbox = Mailbox::start()?;
        let cluster = Cluster { nodes, client, far_client, setup, server: None, vip, mailbox };
        cluster.render()?;
        Ok(cluster)
    }

    /// Renders the setup's inventory with the real program, and sets the nodes' sysctls.
    fn render(&self) -> Result<()> {
        fs::write(Path::new(ROOT).join("inventory.yml"), self.setup.inventory()?)?;
        self.gen_conf(&[])?;
        for node in &self.nodes {
            let rendered = fs::read_to_string(node.conf())?;
            let changed = self.setup.conf(&rendered);
            if changed != rendered {
                fs::write(node.conf(), changed)?;
            }
            self.setup.set_sysctls(node)?;
        }
        Ok(())
    }

    /// Has the real program render the nodes' files, or with options others beside them.
    pub fn gen_conf(&self, options: &[&str]) -> Result<()> {
        let output = Command::new(LVSKIT)
            .arg("gen-conf")
            .args(options)
            .arg("-i")
            .arg(Path::new(ROOT).join("inventory.yml"))
            .arg("--out-dir")
            .arg(Path::new(ROOT).join("conf"))
            .output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }

    /// Puts these servers in the place of those that serve now, on all nodes side by side: a
    /// Postfix takes seconds to start without KVM.
    pub fn serve(&mut self, server: Server) -> Result<()> {
        if self.server == Some(server) {
            return Ok(());
        }
        let before = self.server.replace(server);
        std::thread::scope(|scope| {
            let starting: Vec<_> = (self.nodes.iter_mut())
                .map(|node| scope.spawn(move || node.serve(before, server)))
                .collect();
            starting.into_iter().try_for_each(|starting| starting.join().unwrap())
        })
    }

    /// The service as the client sees it.
    pub fn service(&self) -> SocketAddr {
        SocketAddr::new(self.vip, PORT)
    }

    /// Starts keepalived at the same moment on all nodes where it does not run.
    pub fn start(&mut self) -> Result<()> {
        self.nodes.iter_mut().try_for_each(Node::start)
    }

    /// Stops keepalived on all nodes, as a service manager does.
    pub fn stop(&mut self) -> Result<()> {
        self.nodes.iter().try_for_each(Node::terminate)?;
        self.nodes.iter_mut().try_for_each(Node::wait_for_stop)
    }

    /// Gives all nodes the files of another setup. keepalived reads them when it is reloaded.
    pub fn deploy(&mut self, setup: &Setup) -> Result<()> {
        self.setup = setup.clone();
        self.render()
    }

    /// Tells keepalived on all nodes to read its file again: nothing is stopped.
    pub fn reload(&self) -> Result<()> {
        self.nodes.iter().try_for_each(Node::reload)
    }

    /// Starts or ends the guard's watcher on all nodes.
    pub fn watch(&mut self, wanted: bool) -> Result<()> {
        self.nodes.iter_mut().try_for_each(|node| node.watch(wanted))
    }

    /// Makes the cluster what the setup says and starts it, unless it is just that already; waits
    /// until it works. Our way has the watcher on every node.
    pub fn set_up(&mut self, setup: &Setup) -> Result<()> {
        self.change_to(setup)?;
        self.watch(setup.way == Way::Ours)?;
        if setup.way == Way::Articles {
            // Started together, its hooks end wrong at once; it shall begin right.
            self.nodes[0].start()?;
            self.wait_for_masters(&[0])?;
        }
        self.start()?;
        self.settle(&self.everybody())?;
        if setup.way == Way::Articles {
            self.put_right_articles_rules()?;
        }
        Ok(())
    }

    /// Stops the cluster and renders another setup, unless it is that already.
    fn change_to(&mut self, setup: &Setup) -> Result<()> {
        if self.setup != *setup {
            self.stop()?;
            self.watch(false)?;
            self.forget();
            self.setup = setup.clone();
            self.render()?;
        }
        self.vip = vip(&model(setup)?);
        Ok(())
    }

    /// Sets the cluster up and leaves it to the nodes who is MASTER; tells who it is.
    pub fn elect(&mut self, setup: &Setup) -> Result<usize> {
        self.change_to(setup)?;
        self.watch(setup.way == Way::Ours)?;
        self.start()?;
        self.another_that_stays(usize::MAX)
    }

    /// Waits until one node holds the VIP and keeps it, and another than that: of nodes that start
    /// together one may be MASTER for a moment before a better one speaks up.
    pub fn another_that_stays(&self, than: usize) -> Result<usize> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let master = self.wait_for_another(than)?;
            std::thread::sleep(SETTLING);
            if self.masters()? == [master] {
                return Ok(master);
            }
            ensure!(Instant::now() < deadline, "no MASTER stays one within {PATIENCE:?}");
        }
    }

    /// Waits until one node holds the VIP, and another than that.
    fn wait_for_another(&self, than: usize) -> Result<usize> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.masters()?.as_slice() {
                [master] if *master != than => return Ok(*master),
                masters => ensure!(
                    Instant::now() < deadline,
                    "no other MASTER within {PATIENCE:?}: {masters:?}"
                ),
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Lets the article's hooks end, then runs them by hand where they ended wrong: a rule belongs
    /// on each node but the MASTER.
    fn put_right_articles_rules(&self) -> Result<()> {
        std::thread::sleep(ARTICLES_HOOKS);
        for (place, node) in self.nodes.iter().enumerate() {
            let action = if place == 0 { "-r" } else { "-a" };
            node.netns.tool(ARTICLES_HOOK, &format!("{action} {}", self.vip));
            let rules = node.netns.tool("iptables", "-t nat -S PREROUTING");
            let count = rules.matches("REDIRECT").count();
            ensure!(count == usize::from(place > 0), "{}: {rules}", node.name);
        }
        Ok(())
    }

    /// Makes an end of whatever a failed scenario left behind: cables, drains, processes that
    /// hang, addresses, what IPVS has, rules.
    pub fn reset(&mut self) -> Result<()> {
        let vips = self.setup.vips()?;
        for node in &mut self.nodes {
            node.freeze(false)?;
            node.kill()?;
            node.drain(false)?;
            node.link.repair()?;
            node.link.join()?;
            node.link.plug()?;
            for vip in &vips {
                node.netns.try_tool("ip", &format!("address del {vip} dev eth0"));
            }
            node.netns.tool("ipvsadm", "-C");
        }
        self.far_client.1.join()?;
        self.watch(false)?;
        self.forget();
        self.render()
    }

    /// Takes away what a stopped cluster of any setup left on the nodes.
    fn forget(&self) {
        self.nodes.iter().for_each(Node::flush);
    }

    /// The way in which it is set up.
    pub fn way(&self) -> Way {
        self.setup.way
    }

    /// The places of the nodes that hold the VIP.
    pub fn masters(&self) -> Result<Vec<usize>> {
        let mut masters = Vec::new();
        for (place, node) in self.nodes.iter().enumerate() {
            if node.holds(self.vip)? {
                masters.push(place);
            }
        }
        Ok(masters)
    }

    /// Waits until the nodes named work as one cluster: the first of them is MASTER and no other,
    /// each has all of them in its IPVS table, each has its guard in force.
    pub fn converge(&self, members: &[usize]) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.fault(members)? {
                None => return Ok(()),
                Some(fault) if Instant::now() > deadline => {
                    bail!("the cluster did not converge within {PATIENCE:?}: {fault}")
                }
                Some(_) => std::thread::sleep(Duration::from_millis(250)),
            }
        }
    }

    /// Like [`Cluster::converge`], and after that until the client sends to the MASTER: of nodes that start
    /// together two may be MASTER for a moment. Where the right one's gratuitous ARP comes first, the client
    /// sends to the other until keepalived repeats it (`garp_master_delay`).
    pub fn settle(&self, members: &[usize]) -> Result<()> {
        self.converge(members)?;
        std::thread::sleep(SETTLING);
        let deadline = Instant::now() + PATIENCE;
        while !self.client_sends_to(members[0]) {
            ensure!(Instant::now() < deadline, "the client sends to another node than the MASTER");
            std::thread::sleep(Duration::from_millis(250));
        }
        self.converge(members)
    }

    /// Whether it does, or asks first who has the address.
    fn client_sends_to(&self, member: usize) -> bool {
        let neighbour = self.client.tool("ip", &format!("neighbour show {}", self.vip));
        let known = neighbour.split_once("lladdr ").and_then(|(_, mac)| mac.split(' ').next());
        let own = self.nodes[member].netns.tool("ip", "link show dev eth0");
        known.is_none_or(|mac| own.contains(mac))
    }

    /// What all nodes have balanced, packets.
    pub fn packets_balanced(&self) -> Result<Vec<u64>> {
        self.nodes.iter().map(|node| Ok(node.balanced()?.packets)).collect()
    }

    /// Waits until exactly the nodes named hold the VIP.
    pub fn wait_for_masters(&self, expected: &[usize]) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while self.masters()? != expected {
            ensure!(Instant::now() < deadline, "the VIP did not move within {PATIENCE:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Looks once and tells what keeps the nodes named from being one cluster.
    pub fn fault(&self, members: &[usize]) -> Result<Option<String>> {
        let masters: Vec<usize> =
            self.masters()?.into_iter().filter(|master| members.contains(master)).collect();
        if masters != members[..1] {
            let names: Vec<&str> = masters.iter().map(|&m| self.nodes[m].name.as_str()).collect();
            return Ok(Some(format!("the VIP is on {names:?}")));
        }
        let address = |&member: &usize| self.nodes[member].address_beside(self.vip);
        let expected: BTreeSet<IpAddr> = members.iter().map(address).collect();
        let family = |server: &IpAddr| server.is_ipv4() == self.vip.is_ipv4();
        for &member in members {
            let node = &self.nodes[member];
            let servers: BTreeSet<IpAddr> = node
                .real_servers()?
                .into_iter()
                .map(|server| server.address)
                .filter(family)
                .collect();
            if servers != expected {
                return Ok(Some(format!("{} balances among {servers:?}", node.name)));
            }
        }
        for &member in members.iter().filter(|_| self.setup.way == Way::Ours) {
            let node = &self.nodes[member];
            if !node.guarded(self.vip)? {
                return Ok(Some(format!("{} has no guard", node.name)));
            }
        }
        Ok(None)
    }

    /// Opens sessions through the VIP until every node named has greeted, and no other; every
    /// connection must be answered. The sessions stay open meanwhile: `wlc` then chooses each
    /// server in turn, whatever it still remembers of earlier connections.
    pub fn all_answer(&self, members: &[usize]) -> Result<()> {
        let expected: BTreeSet<&str> =
            members.iter().map(|&m| self.nodes[m].name.as_str()).collect();
        let mut open: Vec<Session> = Vec::new();
        for connection in 1..=MOST_GREETINGS {
            let session = self.client.run(|| Session::open(self.service(), SLOW));
            match session {
                Ok(session) if expected.contains(session.server.as_str()) => open.push(session),
                Ok(session) => bail!("{} answered, which should not", session.server),
                Err(error) => bail!("connection {connection} through the VIP: {error}"),
            };
            let met: BTreeSet<&str> = open.iter().map(|session| session.server.as_str()).collect();
            if met == expected {
                let quit = |session: Session| session.quit().map_err(anyhow::Error::msg);
                return open.into_iter().try_for_each(quit).context("QUIT");
            }
        }
        let met: Vec<&str> = open.iter().map(|session| session.server.as_str()).collect();
        bail!("not every server answered: {met:?}")
    }

    /// All places.
    pub fn everybody(&self) -> Vec<usize> {
        (0..self.nodes.len()).collect()
    }
}

/// The cluster that a setup's inventory describes.
pub fn model(setup: &Setup) -> Result<lvskit::cluster::Cluster> {
    lvskit::inventory::parse(&setup.inventory()?, &lvskit::inventory::no_secrets)
        .map(|checked| checked.cluster)
        .map_err(|problems| anyhow::anyhow!("{INVENTORY}: {problems:?}"))
}

fn vip(model: &lvskit::cluster::Cluster) -> IpAddr {
    model.vrrp_instances[0].virtual_ipaddress[0].vip.address()
}
