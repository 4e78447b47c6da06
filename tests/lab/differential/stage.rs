//! A network namespace where every behaviour has an address of its own. On it, each check has a
//! port of its own, so that one check's connections are none of the other's business.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr, TcpListener};

use anyhow::{Context, Result};

use super::behaviour::{Chapter, Place};
use super::conf::{CHECKS, Kind};
use crate::common::netns::Netns;
use crate::common::server::{FakeServer, Step};

/// Where nobody asks.
const WRONG_PORT: u16 = 2500;

/// How many files this process may open.
const OPEN_FILES: u32 = 16384;

pub struct Stage {
    pub netns: Netns,
    servers: HashMap<SocketAddr, FakeServer>,
}

/// What one check said to a server.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Said {
    pub connections: usize,
    pub lines: Vec<String>,
}

impl Stage {
    /// Makes addresses, routes and filters, and starts the servers.
    pub fn build(chapters: &[Chapter]) -> Result<Stage> {
        let netns = Netns::new();
        // Four listeners for each behaviour, and keepalived inherits the limit.
        netns.tool("prlimit", &format!("--pid {} --nofile={OPEN_FILES}", std::process::id()));
        // Every address is here, for whoever binds it. IPv6 wants each by itself.
        netns.ip("route add local 10.9.0.0/16 dev lo");
        netns.tool("nft", "add table inet stage");
        netns.tool("nft", "add chain inet stage in { type filter hook input priority 0 ; }");
        let mut stage = Stage { netns, servers: HashMap::new() };
        for (number, chapter) in chapters.iter().enumerate() {
            for (place, behaviour) in chapter.behaviours.iter().enumerate() {
                let address = chapter.address(number, place);
                stage.set(address, &behaviour.place).with_context(|| behaviour.name.clone())?;
            }
        }
        Ok(stage)
    }

    fn set(&mut self, address: IpAddr, place: &Place) -> Result<()> {
        let family = if address.is_ipv4() { "ip" } else { "ip6" };
        if address.is_ipv6() && !matches!(place, Place::Route(_)) {
            self.netns.ip(&format!("address add {address}/128 dev lo nodad"));
        }
        match place {
            Place::Server(scripts) => {
                for check in CHECKS {
                    self.serve(SocketAddr::new(address, check.port), scripts.clone())?;
                }
            }
            Place::TwoFaces(to_smtp_check, to_probe) => {
                for check in CHECKS {
                    let script = match check.kind {
                        Kind::SmtpCheck => to_smtp_check,
                        Kind::Probe => to_probe,
                    };
                    self.serve(SocketAddr::new(address, check.port), vec![script.clone()])?;
                }
            }
            Place::WrongPort => {
                self.serve(SocketAddr::new(address, WRONG_PORT), vec![vec![]])?;
            }
            Place::Filtered(verdict) => {
                // By the port, so that it lets its own answers pass.
                let ours = "tcp dport 2501-2504";
                let rule = format!("{family} daddr {address} {ours} {verdict}");
                self.netns.tool("nft", &format!("add rule inet stage in {rule}"));
            }
            Place::Route(kind) => {
                let family = if address.is_ipv4() { "-4" } else { "-6" };
                self.netns.ip(&format!("{family} route add {kind} {address}"));
            }
        }
        Ok(())
    }

    fn serve(&mut self, address: SocketAddr, scripts: Vec<Vec<Step>>) -> Result<()> {
        let listener = self.netns.run(|| TcpListener::bind(address));
        let server = FakeServer::start(listener.context(address)?, scripts);
        self.servers.insert(address, server);
        Ok(())
    }

    /// What a check said to the server at this address; nothing where there is none.
    pub fn said_to(&self, address: SocketAddr) -> Said {
        let Some(server) = self.servers.get(&address) else { return Said::default() };
        // A client that leaves says an empty line.
        let lines = server.heard().into_iter().filter(|line| !line.is_empty()).collect();
        Said { connections: server.connections(), lines }
    }

    /// The servers that IPVS has in its tables with a weight.
    pub fn balanced(&self) -> Vec<SocketAddr> {
        let listing = self.netns.tool("ipvsadm", "-Ln");
        let server = |line: &str| {
            let mut words = line.trim().strip_prefix("-> ")?.split_whitespace();
            let address = words.next()?.parse().ok()?;
            (words.nth(1)? != "0").then_some(address)
        };
        listing.lines().filter_map(server).collect()
    }
}
