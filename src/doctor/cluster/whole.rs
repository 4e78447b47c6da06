//! What the judgement goes by: the inventory, the file that each node should have, and what the nodes say.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::cluster::{Cluster, Preempt, VrrpInstance};
use crate::conf::build::Files;
use crate::conf::grammar::{self, NoFiles};
use crate::doctor::report::Report;
use crate::node::config::{self, Config};
use crate::node::ipvs::{Key, Service};
use crate::reach::{self, Answer, Failure};
use crate::status::Role;

/// A cluster, and what its nodes say.
pub(crate) struct Whole {
    /// The inventory.
    pub(crate) cluster: Cluster,
    /// The nodes, in the order of the inventory.
    pub(crate) nodes: Vec<Node>,
    /// Whether the nodes were asked now; else their answers were collected some time ago.
    pub(crate) live: bool,
}

/// A node of the inventory.
pub(crate) struct Node {
    /// Its name, printable.
    pub(crate) name: String,
    /// What it says.
    pub(crate) outcome: Result<Report, Failure>,
    /// What its keepalived.conf should say; absent where it can't be rendered.
    pub(crate) expected: Option<Config>,
    /// When it was asked and when it had answered, in milliseconds since 1970.
    pub(crate) asked: u64,
    /// See `asked`.
    pub(crate) answered: u64,
}

/// What a director says of a real server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opinion {
    /// It does not balance the service.
    None,
    /// Its weight; 0 is down or drained.
    Weight(u32),
    /// It balances the service without it.
    Absent,
}

/// What the directors say of a service's real server.
pub(crate) struct Opinions {
    /// The service, such as `TCP 192.168.3.100:25`.
    pub(crate) service: String,
    /// The real server.
    pub(crate) server: IpAddr,
    /// By node.
    pub(crate) of: Vec<Opinion>,
}

/// Whether a node hears another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hears {
    /// It does.
    Yes,
    /// The other one advertises, and it does not hear that.
    No,
    /// The other one advertises nothing: it is not MASTER, or it says nothing at all.
    Silent,
    /// Nobody listened there.
    Unknown,
}

impl Whole {
    /// Puts together what was answered, in the order of the inventory.
    pub(crate) fn of(cluster: Cluster, answers: Vec<Answer<Report>>, live: bool) -> Whole {
        let files = Files::new(&cluster);
        let expected = |node: usize| {
            let text = files.text(node).ok()?;
            let tree = grammar::parse("keepalived.conf", &text, None, &mut NoFiles).ok()?;
            let statements = Some(config::masked(&tree));
            Some(Config { rendered: true, statements, ..Config::of(&tree) })
        };
        let nodes = (answers.into_iter().enumerate())
            .map(|(at, answer)| Node {
                name: reach::safe::text(&answer.name),
                outcome: answer.outcome,
                expected: expected(at),
                asked: answer.asked,
                answered: answer.answered,
            })
            .collect();
        drop(files);
        Whole { cluster, nodes, live }
    }

    /// The nodes that say something, by their places.
    pub(crate) fn reports(&self) -> impl Iterator<Item = (usize, &Node, &Report)> {
        let all = self.nodes.iter().enumerate();
        all.filter_map(|(at, node)| Some((at, node, node.outcome.as_ref().ok()?)))
    }

    /// What a node says.
    pub(crate) fn report(&self, node: usize) -> Option<&Report> {
        self.nodes.get(node)?.outcome.as_ref().ok()
    }

    /// The names of nodes.
    pub(crate) fn names(&self, nodes: &[usize]) -> Vec<String> {
        nodes.iter().filter_map(|at| Some(self.nodes.get(*at)?.name.clone())).collect()
    }

    /// The nodes that hold an address of an instance.
    pub(crate) fn holders(&self, instance: &VrrpInstance) -> Vec<usize> {
        let held = |report: &Report| {
            instance.all_vips().any(|vip| report.status.node.holds(vip.address()))
        };
        self.reports().filter(|(.., report)| held(report)).map(|(at, ..)| at).collect()
    }

    /// An instance's role on a node: as the node says, else by its addresses; `None` for a node that says
    /// nothing or is no member of it.
    pub(crate) fn role(&self, node: usize, instance: &VrrpInstance) -> Option<Role> {
        let report = self.report(node)?;
        let name = instance.name.as_str();
        let mut own = report.status.instances.iter();
        let own = own.find(|one| one.name.as_deref() == Some(name)).map(|one| one.role);
        let holds = instance.all_vips().any(|vip| report.status.node.holds(vip.address()));
        instance.member(node)?;
        Some(own.unwrap_or(match (holds, report.status.node.keepalived.pid) {
            (true, _) => Role::Master,
            (false, Some(_)) => Role::Backup,
            (false, None) => Role::Stopped,
        }))
    }

    /// The members that can be MASTER now.
    pub(crate) fn candidates(&self, instance: &VrrpInstance) -> Vec<usize> {
        let able = |node: &usize| {
            let role = self.role(*node, instance);
            let report = self.report(*node);
            let ready = report.is_some_and(|report| {
                report.status.node.keepalived.pid.is_some() && !report.status.node.is_drained()
            });
            ready && role.is_some_and(|role| role != Role::Fault && role != Role::Stopped)
        };
        instance.members.iter().map(|member| member.node).filter(able).collect()
    }

    /// Who should be MASTER: the candidate of the highest priority, where the inventory prefers one.
    pub(crate) fn preferred(&self, instance: &VrrpInstance) -> Option<usize> {
        let scripts = |node: usize| {
            instance.member(node).is_some_and(|member| !member.tracked.script.is_empty())
        };
        if instance.preempt == Preempt::Never {
            return None;
        }
        let priority = |node: usize| instance.member(node).map(|member| member.priority);
        let candidates = self.candidates(instance);
        // A script that fails lowers a priority, and no node says so.
        if candidates.iter().any(|node| scripts(*node)) {
            return None;
        }
        let best = candidates.iter().copied().max_by_key(|node| priority(*node))?;
        let equals = candidates.iter().filter(|node| priority(**node) == priority(best)).count();
        (equals == 1).then_some(best)
    }

    /// What each director says of each real server.
    pub(crate) fn opinions(&self) -> Vec<Opinions> {
        let mut rows: Vec<(Key, IpAddr)> = Vec::new();
        for (.., report) in self.reports() {
            for service in &report.status.node.ipvs.services {
                rows.extend(service.servers.iter().map(|one| (service.key.clone(), one.address)));
            }
        }
        rows.sort();
        rows.dedup();
        let known: Vec<HashMap<&Key, HashMap<IpAddr, u32>>> = (self.nodes.iter())
            .map(|node| {
                let report = node.outcome.as_ref().ok();
                let services = report.into_iter().flat_map(|one| &one.status.node.ipvs.services);
                let weights = |service: &Service| {
                    service.servers.iter().map(|one| (one.address, one.weight)).collect()
                };
                services.map(|service| (&service.key, weights(service))).collect()
            })
            .collect();
        let opinion = |node: &HashMap<&Key, HashMap<IpAddr, u32>>, key: &Key, server: IpAddr| {
            let Some(servers) = node.get(key) else { return Opinion::None };
            servers.get(&server).map_or(Opinion::Absent, |weight| Opinion::Weight(*weight))
        };
        let row = |(key, server): (Key, IpAddr)| Opinions {
            of: known.iter().map(|node| opinion(node, &key, server)).collect(),
            service: key.to_string(),
            server,
        };
        rows.into_iter().map(row).collect()
    }

    /// The node that has an address of its own, VIPs left out.
    pub(crate) fn owner(&self, address: IpAddr) -> Option<usize> {
        let own = |at: usize| {
            let said = self.report(at).is_some_and(|report| report.status.node.is_own(address));
            let source = self.cluster.vrrp_instances.iter().any(|instance| {
                let unicast = instance.member(at).and_then(|member| member.unicast.as_ref());
                unicast.is_some_and(|unicast| unicast.source == address)
            });
            said || source || reach::addresses(&self.cluster, at).any(|one| one == address)
        };
        let named = |at: usize| reach::addresses(&self.cluster, at).any(|one| one == address);
        (0..self.nodes.len()).find(|at| named(*at)).or((0..self.nodes.len()).find(|at| own(*at)))
    }

    /// Whether the node `listener` hears `sender` in any instance that both run.
    pub(crate) fn hears(&self, listener: usize, sender: usize) -> Hears {
        let of = |instance: &VrrpInstance| {
            if instance.member(listener).is_none() || instance.member(sender).is_none() {
                return None;
            }
            // Who has no file knows of no instance to listen for.
            let heard = self.report(listener).filter(|report| report.status.node.config.is_some());
            let heard = heard.and_then(|report| report.heard.as_ref());
            let Some(heard) = heard else { return Some(Hears::Unknown) };
            let name = instance.name.as_str();
            let found = heard.iter().any(|one| {
                let same = one.instance == name && one.priority > 0;
                same && if listener == sender {
                    one.own
                } else {
                    self.owner(one.source) == Some(sender)
                }
            });
            Some(match (found, self.advertises(sender, instance)) {
                (true, _) => Hears::Yes,
                (false, true) => Hears::No,
                (false, false) => Hears::Silent,
            })
        };
        let all: Vec<Hears> = self.cluster.vrrp_instances.iter().filter_map(of).collect();
        let has = |one| all.contains(&one);
        match () {
            () if has(Hears::No) => Hears::No,
            () if has(Hears::Yes) => Hears::Yes,
            () if has(Hears::Unknown) => Hears::Unknown,
            () => Hears::Silent,
        }
    }

    /// The parts into which the network has fallen, each with somebody who advertises: nodes that hear the same one
    /// are in one part. One part or none: some node is deaf, but nothing shows that the network has fallen.
    pub(crate) fn parts(&self) -> Vec<Vec<usize>> {
        let mut part: Vec<usize> = (0..self.nodes.len()).collect();
        let mut sends = vec![false; self.nodes.len()];
        for listener in 0..self.nodes.len() {
            for sender in (0..self.nodes.len()).filter(|sender| *sender != listener) {
                let hears = self.hears(listener, sender);
                sends[sender] |= matches!(hears, Hears::Yes | Hears::No);
                if hears == Hears::Yes {
                    let (one, other) = (part[listener], part[sender]);
                    part.iter_mut().filter(|at| **at == one).for_each(|at| *at = other);
                }
            }
        }
        let mut parts: Vec<Vec<usize>> = Vec::new();
        let answers = |at: &usize| self.report(*at).is_some();
        for name in 0..self.nodes.len() {
            let of: Vec<usize> = (0..part.len()).filter(|at| part[*at] == name).collect();
            if of.iter().any(|at| sends[*at]) {
                parts.push(of.into_iter().filter(answers).collect());
            }
        }
        parts.retain(|one| !one.is_empty());
        parts.sort();
        parts
    }

    /// Whether a node advertises an instance: it is MASTER, and its keepalived runs.
    fn advertises(&self, node: usize, instance: &VrrpInstance) -> bool {
        let running = |report: &Report| report.status.node.keepalived.pid.is_some();
        self.report(node).is_some_and(running) && self.role(node, instance) == Some(Role::Master)
    }

    /// How far a node's clock is off, at least, in milliseconds: what it can't be by its way alone. `None`
    /// where that is not known.
    pub(crate) fn skew(&self, node: &Node) -> Option<i64> {
        let report = node.outcome.as_ref().ok().filter(|_| self.live)?;
        let signed = |time: u64| i64::try_from(time).ok();
        let (asked, answered) = (signed(node.asked)?, signed(node.answered)?);
        let (began, ended) = (signed(report.began?)?, signed(report.ended?)?);
        // It began after it was asked and ended before its answer was here: its clock is ahead by `low` to
        // `high`.
        let (low, high) = (ended.checked_sub(answered)?, began.checked_sub(asked)?);
        Some(if low > 0 { low } else { high.min(0) })
    }
}
