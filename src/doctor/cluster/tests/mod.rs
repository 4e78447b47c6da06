//! For each finding of a cluster: three nodes that break exactly this, beside a cluster that gives nothing.

mod cluster;

use super::judge::Judgement;
use super::lints::LINTS;
use super::tell;
use super::whole::Whole;
use crate::doctor::report::Found;
use crate::exit::Exit;
use crate::node::config::Config;
use crate::node::ipvs::{Key, Service};
use crate::reach::{Answer, Failure};
use crate::status::GuardState;

use self::cluster::*;

#[test]
fn a_healthy_cluster_gives_nothing() {
    let whole = healthy();
    let judgement = Judgement::of(&whole, |_| true);
    assert_eq!(judgement.findings, Vec::new());
    assert_eq!(judgement.exit(false), Exit::Ok);
    assert_eq!(judgement.conclusion, "healthy: all 3 nodes answer; mail is on a");
    let text = tell::text(&whole, &judgement);
    let line = "a     MASTER  2.2.7       as rendered  1 of 1  3 of 3 up     -             right";
    assert!(text.contains(line), "{text}");
    assert!(!text.contains("DOWN") && !text.contains("Who hears"), "{text}");
}

#[test]
fn nodes_that_say_nothing_are_told_apart() {
    let dead = |failure: Failure| broken(|whole| whole.nodes[2].outcome = Err(failure));
    assert_eq!(dead(Failure::Unreachable("no route".into())), ["node-unreachable"]);
    assert_eq!(dead(Failure::Garbage("not JSON".into())), ["report-unreadable"]);
    let twice = broken(|whole| {
        let report = says(whole, 2);
        report.status.node.host = "b".into();
        report.status.node.interfaces[0].mac = Some(mac(1));
    });
    assert_eq!(twice, ["host-answers-twice"]);
}

#[test]
fn who_does_not_hear_the_master_is_cut_off() {
    assert_eq!(broken(|whole| says(whole, 1).heard = Some(Vec::new())), ["partition"]);
    // Nobody listened there: nothing is known.
    assert_eq!(broken(|whole| says(whole, 1).heard = None), [""; 0]);
}

#[test]
fn masters_are_counted() {
    assert_eq!(broken(|whole| hold(whole, 0, false)), ["masterless"]);
    assert_eq!(broken(|whole| lead(whole, 1)), ["master-not-preferred"]);
    // Both hold it and hear each other.
    let two = broken(|whole| {
        hold(whole, 1, true);
        for at in 0..3 {
            let heard = says(whole, at).heard.as_mut().unwrap();
            let mut second = heard[0].clone();
            (second.source, second.own) = (own(1), at == 1);
            heard.push(second);
        }
    });
    assert_eq!(two, ["several-masters"]);
    let alone = broken(|whole| {
        for at in [1, 2] {
            says(whole, at).status.node.drain =
                vec![crate::node::state::Drain { file: "f".into(), on: true }];
        }
    });
    assert_eq!(alone, ["no-spare"]);
}

#[test]
fn nobody_prefers_where_the_inventory_does_not() {
    let mut whole = healthy();
    whole.cluster =
        cluster(&INVENTORY.replace("interface: eth0", "interface: eth0, preempt: false"));
    lead(&mut whole, 1);
    let found = Judgement::of(&whole, |id| id == "master-not-preferred").findings;
    assert_eq!(found, Vec::new());
}

#[test]
fn files_and_versions_are_compared() {
    let changed = |change: fn(&mut Config)| {
        broken(|whole| change(says(whole, 1).status.node.config.as_mut().unwrap()))
    };
    assert_eq!(changed(|config| config.instances[0].advert_int = 2000), ["conf-differs"]);
    assert_eq!(changed(|config| config.revision = Some("0".into())), ["conf-differs"]);
    let gone = broken(|whole| {
        let report = says(whole, 1);
        // It knows of no instance that it could have heard.
        report.heard = Some(Vec::new());
        let state = &mut report.status.node;
        state.config = None;
        let why = "/etc/keepalived/keepalived.conf: can't be read: No such file or directory";
        let source = "keepalived.conf".to_owned();
        state.unread.push(crate::node::state::Unread { source, why: why.to_owned() });
    });
    assert_eq!(gone, ["not-rolled-out"]);
    let mtu = broken(|whole| says(whole, 1).status.node.interfaces[0].mtu = Some(9000));
    assert_eq!(mtu, ["mtu-differs"]);
    let version = broken(|whole| {
        says(whole, 1).status.node.keepalived.version = Some("2.3.3".into());
    });
    assert_eq!(version, ["keepalived-versions-differ"]);
    assert_eq!(
        broken(|whole| says(whole, 1).status.lvskit = "9".into()),
        ["lvskit-versions-differ"]
    );
}

#[test]
fn a_share_needs_a_guard() {
    assert_eq!(broken(|whole| says(whole, 1).status.guards.clear()), ["share-unguarded"]);
    assert_eq!(
        broken(|whole| says(whole, 1).status.guards[0].state = GuardState::Altered),
        ["share-unguarded"]
    );
    // The MASTER's own share goes no way; and without a weight there is none.
    assert_eq!(broken(|whole| says(whole, 0).status.guards.clear()), [""; 0]);
    let drained = broken(|whole| {
        says(whole, 1).status.guards.clear();
        for at in 0..3 {
            says(whole, at).status.node.ipvs.services[0].servers[1].weight = 0;
        }
    });
    assert_eq!(drained, [""; 0]);
}

#[test]
fn what_nodes_see_is_compared() {
    let owner = broken(|whole| says(whole, 2).owners.as_mut().unwrap()[0].mac = mac(1));
    assert_eq!(owner, ["arp-owner-differs"]);
    let server = broken(|whole| {
        says(whole, 2).status.node.ipvs.services[0].servers[1].weight = 0;
    });
    assert_eq!(server, ["checkers-disagree"]);
    let gone = broken(|whole| {
        says(whole, 2).status.node.ipvs.services[0].servers.remove(1);
    });
    assert_eq!(gone, ["checkers-disagree"]);
}

/// What a slow way explains is no skew.
#[test]
fn clocks_are_compared_as_far_as_that_can_be_told() {
    for (began, ended, skewed) in [
        (10_000, 13_000, false),
        (15_000, 18_000, true),
        (5_000, 8_000, true),
        (10_900, 13_900, false),
    ] {
        let found = broken(|whole| {
            let report = says(whole, 1);
            (report.began, report.ended) = (Some(began), Some(ended));
        });
        assert_eq!(!found.is_empty(), skewed, "{began}: {found:?}");
        assert!(found.iter().all(|id| id == "clock-skew"), "{found:?}");
    }
    // Collected some time ago: nothing can be told.
    assert_eq!(
        broken(|whole| {
            whole.live = false;
            says(whole, 1).began = Some(0);
        }),
        [""; 0]
    );
}

#[test]
fn what_a_node_found_itself_follows() {
    let found = |id: &str| Found {
        id: id.to_owned(),
        severity: crate::doctor::lint::Severity::Warning,
        title: "t".into(),
        evidence: "e".into(),
        why: "w".into(),
        help: "h".into(),
    };
    let mut whole = healthy();
    says(&mut whole, 1).findings = Some(vec![found("server-down"), found("drained")]);
    says(&mut whole, 2).findings = Some(vec![found("server-down")]);
    let judgement = Judgement::of(&whole, |id| id != "drained");
    let told: Vec<_> = judgement.findings.iter().map(|one| (&*one.id, one.nodes.len())).collect();
    assert_eq!(told, [("server-down", 2)]);
    assert_eq!(judgement.exit(false), Exit::Changes);
    assert!(judgement.conclusion.starts_with("works: 3 of 3 nodes answer; warnings: server-down"));
}

/// One that hears nobody, and sends nothing that others could miss, is deaf; where it is MASTER too, the network
/// has fallen apart.
#[test]
fn the_parts_of_a_network_are_named() {
    let told = |change: fn(&mut Whole)| {
        let mut whole = healthy();
        change(&mut whole);
        Judgement::of(&whole, |_| true).conclusion
    };
    let deaf = told(|whole| says(whole, 2).heard = Some(Vec::new()));
    assert!(deaf.contains("; c is cut off from the MASTER; "), "{deaf}");
    let apart = told(|whole| {
        hold(whole, 1, true);
        for at in [1, 2] {
            let heard = says(whole, at).heard.as_mut().unwrap();
            heard.iter_mut().for_each(|one| (one.source, one.own) = (own(1), at == 1));
        }
    });
    assert!(apart.contains("; the network is in 2 parts: a | b and c; several "), "{apart}");
}

#[test]
fn several_faults_are_one_conclusion() {
    let mut whole = healthy();
    whole.nodes[2].outcome = Err(Failure::Unreachable("no route".into()));
    says(&mut whole, 1).heard = Some(Vec::new());
    says(&mut whole, 1).status.node.config.as_mut().unwrap().instances[0].priority = 1;
    hold(&mut whole, 1, true);
    let judgement = Judgement::of(&whole, |_| true);
    assert_eq!(
        judgement.conclusion,
        "broken: 2 of 3 nodes answer; c does not answer; the network is in 2 parts: a | b; several nodes \
         hold the same addresses (a and b); b has another file than the inventory renders"
    );
    assert_eq!(judgement.exit(true), Exit::No);
}

#[test]
fn ids_are_unique_and_each_is_tested_here() {
    let mut ids: Vec<&str> = crate::doctor::all().map(|one| one.id).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all);
    let here = include_str!("mod.rs");
    let untested: Vec<_> = LINTS
        .iter()
        .map(|lint| lint.id)
        .filter(|id| !here.contains(&format!("\"{id}\"")))
        .collect();
    assert_eq!(untested, [""; 0]);
}

/// Sixty-four nodes, a thousand services with ten servers each: the judgement itself must not be what takes
/// long.
#[test]
fn large_clusters_are_judged_too() {
    let nodes: String =
        (1..=64).map(|n| format!("- {{name: n{n}, address: 10.0.1.{n}}}\n")).collect();
    let text = format!(
        "nodes:\n{nodes}vrrp_instance: {{mail: {{interface: eth0, virtual_router_id: 1, virtual_ipaddress: \
         10.0.0.9}}}}\n"
    );
    let cluster = cluster(&text);
    let answer = |n: usize| Answer {
        name: format!("n{n}"),
        outcome: Err(Failure::Unreachable(String::new())),
        asked: 9_990,
        answered: 13_010,
    };
    let mut whole = Whole::of(cluster, (1..=64).map(answer).collect(), true);
    let few = report(0, Config::default());
    let service = few.status.node.ipvs.services[0].clone();
    for (at, node) in whole.nodes.iter_mut().enumerate() {
        let mut report = few.clone();
        report.status.node.host = node.name.clone();
        report.status.node.interfaces[0].mac = Some(format!("02:00:00:00:01:{at:02x}"));
        report.status.node.ipvs.services = (0..50)
            .map(|port| {
                let key = Key::Address { protocol: "TCP".into(), address: ip("10.0.0.9"), port };
                Service { key, ..service.clone() }
            })
            .collect();
        node.outcome = Ok(report);
    }
    let judgement = Judgement::of(&whole, |_| true);
    assert!(judgement.findings.iter().any(|one| one.id == "several-masters"));
    assert!(tell::text(&whole, &judgement).len() < 100_000);
}
