//! What it costs a node to ask whether the others live: processor time of keepalived's processes while
//! nothing happens, for intervals, numbers of nodes and of services. Without KVM a processor is slow, so
//! the lines are for comparison with each other.
//!
//! One keepalived is measured. The other nodes are hosts whose kernels answer its pings; for BFD each runs a
//! keepalived of its own, with the one session.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::cluster::Cluster;
use crate::common::netns::Netns;
use crate::keepalived::{Keepalived, Said};
use crate::network;
use crate::sandbox::ROOT;

const NODES: &[usize] = &[4, 8, 12];
const SERVICES: &[usize] = &[1, 100];

/// Who asks, and seconds between two questions; nobody first.
const WAYS: &[Option<(&str, &str)>] = &[
    None,
    Some(("ping", "0.2")),
    Some(("ping", "0.1")),
    Some(("ping", "0.05")),
    Some(("bfd", "0.2")),
    Some(("bfd", "0.1")),
    Some(("bfd", "0.05")),
];

/// After the start, and what is measured.
const SETTLE: Duration = Duration::from_secs(5);
const WATCH: Duration = Duration::from_secs(10);

/// Addresses of nodes follow this one.
const FIRST: usize = 150;

pub fn run(cluster: &mut Cluster) -> Result<String> {
    cluster.stop()?;
    let most = NODES.iter().max().copied().unwrap_or_default();
    let hosts = (0..most).map(|at| Ok(network::host(&name(at), address(at).parse()?)?.0));
    let hosts = hosts.collect::<Result<Vec<Netns>>>()?;
    let mut rows = Vec::new();
    let result = measure(&hosts, &mut rows);
    drop(hosts);
    (0..most).try_for_each(|at| network::remove(&name(at)))?;
    cluster.reset()?;
    println!(
        "| nodes | services | found by | of one processor |\n|---|---|---|---|\n{}",
        rows.join("\n")
    );
    result?;
    Ok(format!("{} lines", rows.len()))
}

fn measure(hosts: &[Netns], rows: &mut Vec<String>) -> Result<()> {
    for &nodes in NODES {
        for &services in SERVICES {
            for &way in WAYS {
                let mut running = Vec::new();
                let share = cost(&hosts[..nodes], services, way, &mut running);
                running.iter().try_for_each(Keepalived::terminate)?;
                running.into_iter().try_for_each(Keepalived::wait)?;
                let way =
                    way.map_or("none".to_owned(), |(method, time)| format!("{method} {time} s"));
                let row = format!("| {nodes} | {services} | {way} | {:.2} % |", share?);
                println!("    {row}");
                rows.push(row);
            }
        }
    }
    Ok(())
}

/// How much of a processor the first of these hosts needs.
fn cost(
    hosts: &[Netns],
    services: usize,
    way: Option<(&str, &str)>,
    running: &mut Vec<Keepalived>,
) -> Result<f64> {
    let mut start = |at: usize, nodes: &[usize], services: usize| -> Result<()> {
        let folder = Path::new(ROOT).join("check_cost").join(name(at));
        fs::create_dir_all(&folder)?;
        let conf = render(&folder, &name(at), &inventory(nodes, services, way))?;
        running.push(Keepalived::start(&hosts[at], &folder, &conf, &Said::default())?);
        Ok(())
    };
    let all: Vec<usize> = (0..hosts.len()).collect();
    start(0, &all, services)?;
    if way.is_some_and(|(method, _)| method == "bfd") {
        all[1..].iter().try_for_each(|&at| start(at, &[0, at], 1))?;
    }
    std::thread::sleep(SETTLE);
    share(&running[0])
}

fn name(at: usize) -> String {
    format!("n{at}")
}

fn address(at: usize) -> String {
    format!("192.168.3.{}", FIRST + at)
}

/// Of these nodes. Checks of the application are so seldom that they cost nothing.
fn inventory(nodes: &[usize], services: usize, way: Option<(&str, &str)>) -> String {
    let detection = way.map_or("false".to_owned(), |(method, time)| {
        format!("{{method: {method}, interval: {time}, attempts: 2}}")
    });
    let mut text =
        format!("failure_detection: {detection}\nglobal_defs: {{vrrp_version: 3}}\nnodes:\n");
    for &at in nodes {
        text += &format!("  - {{name: {}, address: {}}}\n", name(at), address(at));
    }
    text += "vrrp_instance:\n  a: {interface: eth0, virtual_router_id: 99, advert_int: 1, \
             virtual_ipaddress: 192.168.3.199}\nvirtual_server:\n";
    for at in 0..services {
        text += &format!(
            "  - {{port: {}, delay_loop: 60, lb_algo: mh, mh-fallback: true, lb_kind: DR, protocol: TCP, \
             check: {{type: TCP_CHECK}}}}\n",
            1000 + at
        );
    }
    text
}

/// A node's file.
pub(super) fn render(folder: &Path, node: &str, inventory: &str) -> Result<std::path::PathBuf> {
    let (from, to) = (folder.join("inventory.yml"), folder.join("keepalived.conf"));
    fs::write(&from, inventory)?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_lvskit"));
    command.args(["gen-conf", "--node", node, "-i"]).arg(from).arg("-o").arg(&to);
    let output = command.output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(to)
}

/// How much of a processor all of its processes take together, in percent.
fn share(running: &Keepalived) -> Result<f64> {
    let (before, began) = (running.processor_time()?, Instant::now());
    std::thread::sleep(WATCH);
    let spent = running.processor_time()?.saturating_sub(before);
    Ok(100.0 * spent.as_secs_f64() / began.elapsed().as_secs_f64())
}
