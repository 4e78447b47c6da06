//! The inventory gains a VIP, a service and an instance of two of the nodes; the files are replaced, and when
//! all nodes have theirs keepalived is reloaded, which runs no hook. The watcher reads the same file: the new
//! guards are in force before the reload, on members only, and go when the addresses have gone. Nothing
//! happens to the old service.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::cluster::{Cluster, GREETING};
use crate::load::Load;
use crate::node::{Node, PORT};
use crate::setup::Setup;
use crate::sink::Sink;
use crate::traffic::Traffic;

/// A second address of the example's instance, with both services.
const NEW: &str = "192.168.3.110";

/// The address of an instance of which only the first two nodes are members.
const OTHER: &str = "192.168.3.120";
const MEMBERS: usize = 2;

/// The second service.
const SUBMISSION: u16 = 587;

/// What the inventory becomes.
const INVENTORY: &str = include_str!("new_vip.yml");

/// New connections a second to each service, and for how long.
const RATE: u32 = 5;
const WATCHED: Duration = Duration::from_secs(6);

/// How long a reload may take to show, without KVM too.
const PATIENCE: Duration = Duration::from_secs(60);

pub fn run(cluster: &mut Cluster) -> Result<String> {
    let before = Setup::ours();
    let after = Setup::text(INVENTORY);
    cluster.set_up(&before)?;
    let _submission = (cluster.nodes.iter())
        .map(|node| Sink::start(&node.netns, &node.name, SUBMISSION))
        .collect::<Result<Vec<_>>>()?;
    let (new, other): (IpAddr, IpAddr) = (NEW.parse()?, OTHER.parse()?);
    let services = [
        SocketAddr::new(new, PORT),
        SocketAddr::new(new, SUBMISSION),
        SocketAddr::new(cluster.vip, SUBMISSION),
        SocketAddr::new(other, PORT),
    ];
    let load =
        Load { sessions: 20, rate: RATE, lasts: Duration::from_millis(300), patience: GREETING };
    let mut running = load.start(cluster)?;

    running.note("new files");
    let deployed = Instant::now();
    cluster.deploy(&after)?;
    for node in &cluster.nodes {
        wait(&format!("the new guards on {}", node.name), || {
            Ok(node.guarded(cluster.vip)? && node.guarded(new)?)
        })?;
    }
    for node in &cluster.nodes[..MEMBERS] {
        wait(&format!("the guard of {OTHER} on {}", node.name), || node.guarded(other))?;
    }
    let deployed = deployed.elapsed();
    running.note("reload");
    cluster.reload()?;
    let master = &cluster.nodes[0];
    wait("the new addresses and services", || {
        Ok(master.holds(new)? && master.holds(other)? && balances(master, &services))
    })?;
    let traffic: Vec<Traffic> = (services.iter())
        .map(|&service| Traffic::start(&cluster.client, service, RATE, GREETING))
        .collect();
    std::thread::sleep(WATCHED);
    let mut told = Vec::new();
    for (service, traffic) in services.iter().zip(traffic) {
        let outcomes = traffic.stop();
        let failed: Vec<_> = outcomes.iter().filter_map(|one| one.greeted.as_ref().err()).collect();
        println!("    {service}: {} of {} failed", failed.len(), outcomes.len());
        told.push(format!("{} to {service}", outcomes.len()));
        let count = failed.len();
        ensure!(count == 0, "{service}: {count} of {} failed: {failed:?}", outcomes.len());
        let met: BTreeSet<_> =
            outcomes.iter().filter_map(|one| one.greeted.as_ref().ok()).collect();
        ensure!(met.len() > 1, "{service}: only {met:?} answered");
    }
    for (place, node) in cluster.nodes.iter().enumerate() {
        let (member, guarded) = (place < MEMBERS, mentions(node, OTHER));
        ensure!(member == guarded, "{}: member {member}, guarded {guarded}: {OTHER}", node.name);
    }

    running.note("reload back");
    cluster.deploy(&before)?;
    cluster.reload()?;
    let gone = Instant::now();
    wait("the end of the new guards", || {
        let left = |node: &Node| {
            mentions(node, NEW) || mentions(node, OTHER) || mentions(node, &SUBMISSION.to_string())
        };
        Ok(!cluster.nodes.iter().any(left))
    })?;
    let gone = gone.elapsed();
    running.check();
    let seen = running.stop();
    ensure!(seen.whole(), "the old service: {seen}\n{}", seen.losses());
    Ok(format!(
        "guards in force {:.1} s after the files were there; 0 failed of {}; guards gone {:.1} s after the \
         second reload; the old service: {seen}",
        deployed.as_secs_f64(),
        told.join(", "),
        gone.as_secs_f64()
    ))
}

/// Whether the node's IPVS has these services with a server each.
fn balances(node: &Node, services: &[SocketAddr]) -> bool {
    let listing = node.netns.tool("ipvsadm", "-Ln");
    services.iter().all(|service| {
        let mut lines = listing.lines().skip_while(|line| !line.contains(&format!(" {service} ")));
        lines.nth(1).is_some_and(|line| line.trim_start().starts_with("-> "))
    })
}

/// Whether the node's rules or fallback routes do.
fn mentions(node: &Node, what: &str) -> bool {
    let rules = node.netns.tool("nft", "list ruleset");
    let routes = node.netns.tool("ip", "route show table local proto 112");
    [rules, routes].iter().any(|text| text.split([' ', ';', '-']).any(|word| word.trim() == what))
}

fn wait(what: &str, there: impl Fn() -> Result<bool>) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while !there().context(what.to_owned())? {
        ensure!(Instant::now() < deadline, "waited for {what} for {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
