//! The healthy cluster of these tests, and how it changes.

use std::net::IpAddr;

use crate::doctor::cluster::judge::Judgement;
use crate::doctor::cluster::tell;
use crate::doctor::cluster::whole::Whole;
use crate::doctor::report::{FORMAT, Owner, Report, Sender};
use crate::node::config::Config;
use crate::node::ipvs::{Counters, Forwarding, Ipvs, Key, Server, Service, Source};
use crate::node::process::Keepalived;
use crate::node::state::{Address, Interface, NodeState};
use crate::reach::{Answer, Failure};
use crate::status::{self, Guard, GuardState};

pub(super) const INVENTORY: &str = "\
nodes:
- {name: a, address: 10.0.0.1}
- {name: b, address: 10.0.0.2}
- {name: c, address: 10.0.0.3}
vrrp_instance: {mail: {interface: eth0, virtual_router_id: 1, virtual_ipaddress: 10.0.0.9}}
virtual_server:
- {port: 25, lb_algo: mh, lb_kind: DR, protocol: TCP, check: {type: TCP_CHECK}}
";

pub(super) fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

pub(super) fn own(node: usize) -> IpAddr {
    ip(["10.0.0.1", "10.0.0.2", "10.0.0.3"][node])
}

pub(super) fn mac(node: usize) -> String {
    format!("02:00:00:00:00:0{}", node + 1)
}

pub(super) fn address(address: IpAddr) -> Address {
    Address { address, prefix: 24, duplicate: false, tentative: false }
}

/// What a node of the healthy cluster says; `a` is MASTER.
pub(super) fn report(node: usize, config: Config) -> Report {
    let mut addresses = vec![address(own(node))];
    if node == 0 {
        addresses.push(address(ip("10.0.0.9")));
    }
    let server = |node: usize| Server {
        address: own(node),
        port: 25,
        forwarding: Forwarding::DirectRouting,
        weight: 1,
        active: 0,
        inactive: 0,
        persistent: 0,
        counters: Counters::default(),
    };
    let state = NodeState {
        host: ["a", "b", "c"][node].to_owned(),
        keepalived: Keepalived {
            pid: Some(7),
            version: Some("2.2.7".into()),
            ..Keepalived::default()
        },
        config: Some(config),
        interfaces: vec![Interface {
            index: 2,
            name: "eth0".into(),
            mac: Some(mac(node)),
            mtu: Some(1500),
            up: true,
            carrier: true,
            receives: true,
            addresses,
        }],
        ipvs: Ipvs {
            source: Source::Netlink,
            services: vec![Service {
                key: Key::Address { protocol: "TCP".into(), address: ip("10.0.0.9"), port: 25 },
                scheduler: "mh".into(),
                flags: 0,
                persistence: 0,
                counters: Counters::default(),
                servers: (0..3).map(server).collect(),
            }],
            sync_daemons: Vec::new(),
        },
        ..NodeState::default()
    };
    let guard = Guard {
        vip: ip("10.0.0.9"),
        state: GuardState::InForce,
        difference: None,
        fallback_route: None,
    };
    let sender =
        Sender { instance: "mail".into(), source: own(0), priority: 100, own: node == 0, count: 3 };
    let owner = Owner { address: ip("10.0.0.9"), mac: mac(0) };
    Report {
        format: FORMAT,
        began: Some(10_000),
        ended: Some(13_000),
        status: status::of(state, vec![guard]),
        findings: Some(Vec::new()),
        not_looked_for: Vec::new(),
        heard: Some(vec![sender]),
        owners: Some(if node == 0 { Vec::new() } else { vec![owner] }),
    }
}

pub(super) fn cluster(inventory: &str) -> crate::cluster::Cluster {
    crate::inventory::parse(inventory, &crate::inventory::no_secrets).unwrap().cluster
}

pub(super) fn healthy() -> Whole {
    let silent = |name: &str| Answer {
        name: name.to_owned(),
        outcome: Err(Failure::Unreachable(String::new())),
        asked: 9_990,
        answered: 13_010,
    };
    let answers = ["a", "b", "c"].map(silent).into_iter().collect();
    let mut whole = Whole::of(cluster(INVENTORY), answers, true);
    for at in 0..3 {
        let mut config = whole.nodes[at].expected.clone().unwrap();
        // As of a node whose file is told by its values alone.
        config.statements = None;
        whole.nodes[at].outcome = Ok(report(at, config));
    }
    whole
}

pub(super) fn says(whole: &mut Whole, node: usize) -> &mut Report {
    whole.nodes[node].outcome.as_mut().unwrap()
}

/// What is found once `change` has broken something.
pub(super) fn broken(change: impl FnOnce(&mut Whole)) -> Vec<String> {
    let mut whole = healthy();
    change(&mut whole);
    let judgement = Judgement::of(&whole, |_| true);
    // The last sentence, the table and the JSON can always be written.
    assert!(tell::text(&whole, &judgement).contains(&judgement.conclusion));
    let json: serde_json::Value = serde_json::from_str(&tell::json(&whole, &judgement)).unwrap();
    assert_eq!(json["findings"].as_array().unwrap().len(), judgement.findings.len());
    judgement.findings.into_iter().map(|one| one.id).collect()
}

pub(super) fn hold(whole: &mut Whole, node: usize, holds: bool) {
    let vip = ip("10.0.0.9");
    let report = says(whole, node);
    let addresses = &mut report.status.node.interfaces[0].addresses;
    addresses.retain(|one| one.address != vip);
    if holds {
        addresses.push(address(vip));
    }
    let guards = report.status.guards.clone();
    report.status = status::of(report.status.node.clone(), guards);
}

/// All others hear and see this node, and no other one.
pub(super) fn lead(whole: &mut Whole, node: usize) {
    for at in 0..3 {
        hold(whole, at, at == node);
        let report = says(whole, at);
        for sender in report.heard.iter_mut().flatten() {
            (sender.source, sender.own) = (own(node), at == node);
        }
        let seen = Owner { address: ip("10.0.0.9"), mac: mac(node) };
        report.owners = Some(if at == node { Vec::new() } else { vec![seen] });
    }
}
