//! The scenarios: each brings the cluster into a situation, says what must hold there, and leaves
//! the cluster whole for the next.

mod check_cost;
mod converged;
mod differential;
mod failures;
mod findings;
mod firewalld;
mod link_death;
mod mh_or_sync;
mod migration;
mod new_vip;
mod node_death;
mod node_programs;
mod partition;
mod planned_switch;
mod playbook;
mod reload;
mod rolling;
mod round_robin;
mod samples;
mod server_stop;
mod sigkill;
mod status;
mod status_cost;
mod storm;
mod udp_flow;
mod whole_mails;

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Result, ensure};

use crate::cluster::Cluster;
use crate::node::Server;
use crate::setup::Setup;
use crate::steady::Steady;
use crate::{keepalived, matrix, report, settings, syslog};

/// When a scenario runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// With `make test` and `make lab`.
    Ordinary,
    /// With `make lab` only: minutes each.
    Proof,
}

/// A scenario. What it returns is a line of what was seen.
pub struct Scenario {
    pub name: &'static str,
    pub group: Group,
    pub server: Server,
    pub tells: &'static str,
    run: fn(&mut Cluster) -> Result<String>,
}

/// How the line begins that names the versions.
pub const VERSIONS: &str = "lab: with ";

/// The word for the scenarios of the ordinary group.
const ORDINARY: &str = "ordinary";

/// All of them, in the order in which they run.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "converged",
        group: Group::Ordinary,
        server: Server::Postfix,
        tells: "started together, again and again, the cluster always ends right",
        run: converged::run,
    },
    Scenario {
        name: "link_death",
        group: Group::Ordinary,
        server: Server::Postfix,
        tells: "the MASTER's link dies and comes back; service goes on",
        run: link_death::run,
    },
    Scenario {
        name: "server_stop",
        group: Group::Ordinary,
        server: Server::Postfix,
        tells: "a node's Postfix stops and comes back; no greeting is lost meanwhile",
        run: server_stop::run,
    },
    Scenario {
        name: "probe",
        group: Group::Ordinary,
        server: Server::Postfix,
        tells: "the same with smtp-check as keepalived's MISC_CHECK",
        run: server_stop::run_with_probe,
    },
    Scenario {
        name: "round_robin",
        group: Group::Ordinary,
        server: Server::Postfix,
        tells: "no packet is balanced twice",
        run: round_robin::run,
    },
    Scenario {
        name: "switch",
        group: Group::Ordinary,
        server: Server::Postfix,
        tells: "the MASTER is drained and comes back; no session is lost",
        run: planned_switch::run_once,
    },
    Scenario {
        name: "status",
        group: Group::Proof,
        server: Server::Sink,
        tells: "lvskit status says what ipvsadm says, and doctor finds nothing in a healthy cluster",
        run: status::run,
    },
    Scenario {
        name: "findings",
        group: Group::Proof,
        server: Server::Sink,
        tells: "each finding of lvskit doctor is provoked, and doctor tells it and nothing else",
        run: findings::run,
    },
    Scenario {
        name: "drain",
        group: Group::Proof,
        server: Server::Sink,
        tells: "a server is drained, then the MASTER's keepalived is restarted; no session is lost",
        run: rolling::run_drain,
    },
    Scenario {
        name: "rolling",
        group: Group::Proof,
        server: Server::Postfix,
        tells: "keepalived and Postfix are restarted on each node in turn, beside the article's way",
        run: rolling::run,
    },
    Scenario {
        name: "migration",
        group: Group::Proof,
        server: Server::Sink,
        tells: "the article's files, script and rule make way for ours, node by node; no session is lost",
        run: migration::run,
    },
    Scenario {
        name: "playbook",
        group: Group::Proof,
        server: Server::Sink,
        tells: "Ansible rolls the files out, and a changed value under traffic; a node that refuses its file stops it",
        run: playbook::run,
    },
    Scenario {
        name: "node_programs",
        group: Group::Proof,
        server: Server::Sink,
        tells: "programs on the nodes meet their own node's service at the VIP",
        run: node_programs::run,
    },
    Scenario {
        name: "reload",
        group: Group::Proof,
        server: Server::Sink,
        tells: "nftables is reloaded with `flush ruleset`; no session is lost",
        run: reload::run,
    },
    Scenario {
        name: "udp_flow",
        group: Group::Proof,
        server: Server::Sink,
        tells: "a UDP flow that a BACKUP served is balanced once the node is MASTER",
        run: udp_flow::run,
    },
    Scenario {
        name: "new_vip",
        group: Group::Proof,
        server: Server::Sink,
        tells: "a VIP, a service and an instance come with a reload of keepalived, and go",
        run: new_vip::run,
    },
    Scenario {
        name: "firewalld",
        group: Group::Proof,
        server: Server::Sink,
        tells: "a switch and back with firewalld on both nodes; what it closes stays closed",
        run: firewalld::run,
    },
    Scenario {
        name: "node_programs_all",
        group: Group::Proof,
        server: Server::Sink,
        tells: "the same in IPv4 and IPv6, with and without kept sessions",
        run: node_programs::run_all,
    },
    Scenario {
        name: "differential",
        group: Group::Proof,
        server: Server::Postfix,
        tells: "SMTP_CHECK and smtp-check --compat judge servers that misbehave alike",
        run: differential::run,
    },
    Scenario {
        name: "samples",
        group: Group::Proof,
        tells: "the samples that say so come up as they are, and a drained MASTER is replaced",
        server: Server::Postfix,
        run: samples::run,
    },
    Scenario {
        name: "whole_mails",
        group: Group::Proof,
        server: Server::Postfix,
        tells: "every mail that was acknowledged is delivered, through a switch and a death",
        run: whole_mails::run,
    },
    Scenario {
        name: "planned_switch",
        group: Group::Proof,
        server: Server::Sink,
        tells: "the same again and again with many sessions, beside the article's way",
        run: planned_switch::run,
    },
    Scenario {
        name: "restart_after_drain",
        group: Group::Proof,
        server: Server::Sink,
        tells: "the same with keepalived stopped for a while and started again meanwhile",
        run: planned_switch::run_with_restart,
    },
    Scenario {
        name: "node_death",
        group: Group::Proof,
        server: Server::Sink,
        tells: "the MASTER loses its power, and comes back; with wlc, rr, mh, and the article's way",
        run: node_death::run,
    },
    Scenario {
        name: "failures",
        group: Group::Proof,
        server: Server::Sink,
        tells: "what each kind of failure costs, beside the checks alone and the article's way",
        run: failures::run,
    },
    Scenario {
        name: "check_cost",
        group: Group::Proof,
        server: Server::Sink,
        tells: "what it costs a node to ask every tenth of a second whether the others live",
        run: check_cost::run,
    },
    Scenario {
        name: "false_alarms",
        group: Group::Proof,
        server: Server::Sink,
        tells: "all processors are busy for minutes: is a living node taken for dead, and what that costs",
        run: failures::alarms::run,
    },
    Scenario {
        name: "mh_or_sync",
        group: Group::Proof,
        server: Server::Sink,
        tells: "sessions through a switch and a death, with wlc and sync, with mh, with both",
        run: mh_or_sync::run,
    },
    Scenario {
        name: "sigkill",
        group: Group::Proof,
        server: Server::Sink,
        tells: "the MASTER's keepalived is killed and the address stays behind",
        run: sigkill::run,
    },
    Scenario {
        name: "storm",
        group: Group::Proof,
        server: Server::Sink,
        tells: "a hundred transitions in a minute, hooks killed, nft slow; the end is right",
        run: storm::run,
    },
    Scenario {
        name: "partition",
        group: Group::Proof,
        server: Server::Sink,
        tells: "two nodes against two, then together again",
        run: partition::run,
    },
    Scenario {
        name: "status_cost",
        group: Group::Proof,
        server: Server::Sink,
        tells: "what status, doctor and the exporter cost with 1,000 services and a million connections",
        run: status_cost::run,
    },
];

/// What the results hold for.
fn versions() -> Result<String> {
    let release = matrix::release(Path::new("/"))?;
    let kernel = nix::sys::utsname::uname()?.release().to_string_lossy().into_owned();
    let nft = Command::new("nft").arg("--version").output()?;
    let nft = String::from_utf8_lossy(&nft.stdout).into_owned();
    let nft = nft.split(' ').nth(1).unwrap_or_default().to_owned();
    Ok(format!("{release}: keepalived {}, nft {nft}, Linux {kernel}", keepalived::version()?))
}

/// Runs the scenarios named, or all, in one cluster; prints one line for each. `ordinary` stands
/// for those of that group.
pub fn run(names: &[&str]) -> Result<()> {
    for name in names {
        let known = ALL.iter().any(|scenario| scenario.name == *name);
        ensure!(known || *name == ORDINARY, "no scenario `{name}`; `lab list` names them");
    }
    findings::complete()?;
    syslog::start()?;
    let began = Instant::now();
    let mut cluster = Cluster::build()?;
    println!("{VERSIONS}{}", versions()?);
    println!("lab: network ready after {} s", began.elapsed().as_secs());
    let (mut passed, mut failed) = (0, 0);
    let times = settings::number("REPEAT", 1)?;
    let steady = Steady::watch();
    for scenario in ALL.iter().flat_map(|scenario| std::iter::repeat_n(scenario, times)) {
        let ordinary = scenario.group == Group::Ordinary && names.contains(&ORDINARY);
        if !names.is_empty() && !ordinary && !names.contains(&scenario.name) {
            continue;
        }
        let began = Instant::now();
        steady.stood_still();
        let mut outcome = whole(scenario, &mut cluster);
        if let (Err(error), Some(time)) = (&outcome, steady.stood_still()) {
            let (name, time) = (scenario.name, time.as_secs_f64());
            println!("{name}: this machine stood still for {time:.1} s, so once more: {error:#}");
            cluster.reset()?;
            outcome = whole(scenario, &mut cluster);
        }
        match outcome {
            Ok(seen) => {
                passed += 1;
                println!("{} ... ok, {} s: {seen}", scenario.name, began.elapsed().as_secs());
            }
            Err(error) => {
                failed += 1;
                let told = format!("{} ... FAILED: {error:#}", scenario.name);
                println!("{told}");
                report::print(&cluster);
                // Once more, below the long report, where a reader of a log's end looks.
                println!("\n{told}");
                // Later scenarios need a whole cluster.
                cluster.reset()?;
            }
        }
    }
    cluster.stop()?;
    println!("lab: {passed} passed, {failed} failed");
    ensure!(failed == 0, "a scenario failed");
    Ok(())
}

/// Runs it in a cluster that is well.
fn whole(scenario: &Scenario, cluster: &mut Cluster) -> Result<String> {
    cluster.serve(scenario.server)?;
    cluster.set_up(&Setup::ours())?;
    (scenario.run)(cluster)
}
