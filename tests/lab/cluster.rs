//! The article's cluster in the lab: rendered by `lvskit gen-conf` from the project's inventory,
//! started, and asked whether it is as it should be.

use std::collections::BTreeSet;
use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::common::netns::Netns;
use crate::mailbox::Mailbox;
use crate::network;
use crate::node::{Node, PORT};
use crate::sandbox::ROOT;
use crate::traffic::Session;

/// The project's example, which is the article's cluster.
pub const INVENTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/keepalived/inventory.yml");

/// How long the cluster may take to get where it should be, without KVM too. What it has to be
/// quick for is measured by the scenarios themselves.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long one greeting may take before a server counts as silent.
pub const GREETING: Duration = Duration::from_secs(3);

/// How many connections may pass until every server was met.
const MOST_GREETINGS: usize = 60;

pub struct Cluster {
    pub nodes: Vec<Node>,
    pub client: Netns,
    pub vip: IpAddr,
    pub mailbox: Mailbox,
}

impl Cluster {
    /// Network, nodes and client; renders the inventory and starts the four Postfixes.
    pub fn build() -> Result<Cluster> {
        let text = fs::read_to_string(INVENTORY).context(INVENTORY)?;
        let model = lvskit::inventory::parse(&text)
            .map_err(|problems| anyhow::anyhow!("{INVENTORY}: {problems:?}"))?;
        let vip = model.vrrp_instances[0].virtual_ipaddress[0].address();
        network::switch()?;
        let nodes = (model.nodes.iter())
            .map(|node| Node::new(node.name.as_str(), node.address))
            .collect::<Result<Vec<_>>>()?;
        let cluster =
            Cluster { nodes, client: network::client()?, vip, mailbox: Mailbox::start()? };
        cluster.render(&text)?;
        cluster.start_postfix()?;
        Ok(cluster)
    }

    /// Renders the files of an inventory with the real program.
    pub fn render(&self, inventory: &str) -> Result<()> {
        let file = Path::new(ROOT).join("inventory.yml");
        fs::write(&file, inventory)?;
        let output = Command::new(env!("CARGO_BIN_EXE_lvskit"))
            .arg("gen-conf")
            .arg("-i")
            .arg(&file)
            .arg("--out-dir")
            .arg(Path::new(ROOT).join("conf"))
            .output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }

    /// Starts the four Postfixes side by side: one takes seconds without KVM.
    fn start_postfix(&self) -> Result<()> {
        std::thread::scope(|scope| {
            let starting: Vec<_> = (self.nodes.iter())
                .map(|node| scope.spawn(|| node.postfix.start(&node.netns)))
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

    /// Does `work` in the cluster of the article's inventory with one line changed, then makes it
    /// the article's again.
    pub fn changed(
        &mut self,
        line: &str,
        other: &str,
        work: impl FnOnce(&Cluster) -> Result<String>,
    ) -> Result<String> {
        let article = fs::read_to_string(INVENTORY).context(INVENTORY)?;
        ensure!(article.contains(line), "the inventory has no `{line}`");
        self.restart_with(&article.replace(line, other))?;
        let seen = work(self)?;
        self.restart_with(&article)?;
        Ok(seen)
    }

    /// Stops the cluster, renders another inventory and starts it again, whole.
    fn restart_with(&mut self, inventory: &str) -> Result<()> {
        self.stop()?;
        self.render(inventory)?;
        self.start()?;
        self.converge(&self.everybody())
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
        let expected: BTreeSet<IpAddr> = members.iter().map(|&m| self.nodes[m].address).collect();
        for &member in members {
            let node = &self.nodes[member];
            let servers: BTreeSet<IpAddr> =
                node.real_servers()?.into_iter().map(|server| server.address).collect();
            if servers != expected {
                return Ok(Some(format!("{} balances among {servers:?}", node.name)));
            }
        }
        for &member in members {
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
            let session = self.client.run(|| Session::open(self.service(), GREETING));
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
