//! What it costs a node to ask whether the others live: processor time of keepalived's processes while
//! nothing happens, for intervals, numbers of nodes and of services. Without KVM a processor is slow, so
//! the lines are for comparison with each other.
//!
//! One keepalived runs. The addresses of the other nodes are all on one host, whose kernel answers pings as
//! theirs would. BFD needs keepalived on both sides, so it is measured in the cluster.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::cluster::Cluster;
use crate::keepalived::{Keepalived, Said};
use crate::sandbox::ROOT;
use crate::setup::Setup;

const NODES: &[usize] = &[4, 8, 12];
const SERVICES: &[usize] = &[1, 100];

/// Seconds between two pings; none first.
const INTERVALS: &[Option<&str>] = &[None, Some("0.2"), Some("0.1"), Some("0.05")];

/// After the start, and what is measured.
const SETTLE: Duration = Duration::from_secs(5);
const WATCH: Duration = Duration::from_secs(10);

/// Addresses of nodes follow this one.
const FIRST: usize = 150;

pub fn run(cluster: &mut Cluster) -> Result<String> {
    let mut rows = Vec::new();
    for (name, how) in
        [("none", "false"), ("ping 0.1 s", "{method: ping}"), ("BFD", "{method: bfd}")]
    {
        cluster.set_up(&Setup::ours().with("failure_detection", how))?;
        std::thread::sleep(SETTLE);
        let share = share(cluster.nodes[1].keepalived()?)?;
        rows.push(format!("| the example's cluster, a BACKUP | 4 | 1 | {name} | {share:.2} % |"));
    }
    cluster.stop()?;
    let result = alone(cluster, &mut rows);
    cluster.reset()?;
    result?;
    let head = "| what | nodes | services | found by | of one processor |\n|---|---|---|---|---|";
    println!("{head}\n{}", rows.join("\n"));
    Ok(format!("{} lines", rows.len()))
}

/// One keepalived and the addresses of its neighbours.
fn alone(cluster: &Cluster, rows: &mut Vec<String>) -> Result<()> {
    let [one, others] = [&cluster.nodes[0].netns, &cluster.nodes[1].netns];
    let most = NODES.iter().max().copied().unwrap_or_default();
    one.ip(&format!("address add 192.168.3.{FIRST}/24 dev eth0"));
    (1..most).for_each(|at| {
        others.ip(&format!("address add 192.168.3.{}/24 dev eth0", FIRST + at));
    });
    let folder = Path::new(ROOT).join("check_cost");
    fs::create_dir_all(&folder)?;
    for &nodes in NODES {
        for &services in SERVICES {
            for &interval in INTERVALS {
                let conf = render(&folder, "n0", &inventory(nodes, services, interval))?;
                let running = Keepalived::start(one, &folder, &conf, &Said::default())?;
                std::thread::sleep(SETTLE);
                let share = share(&running);
                running.terminate()?;
                running.wait()?;
                let name = interval.map_or("none".to_owned(), |time| format!("ping {time} s"));
                let share = share?;
                let row = format!("| alone | {nodes} | {services} | {name} | {share:.2} % |");
                println!("    {row}");
                rows.push(row);
            }
        }
    }
    (0..most).for_each(|at| {
        let host = if at == 0 { one } else { others };
        host.ip(&format!("address del 192.168.3.{}/24 dev eth0", FIRST + at));
    });
    Ok(())
}

/// Checks of the application that are so seldom that they cost nothing.
fn inventory(nodes: usize, services: usize, interval: Option<&str>) -> String {
    let detection = interval.map_or("false".to_owned(), |time| {
        format!("{{method: ping, interval: {time}, attempts: 2}}")
    });
    let mut text =
        format!("failure_detection: {detection}\nglobal_defs: {{vrrp_version: 3}}\nnodes:\n");
    for at in 0..nodes {
        text += &format!("  - {{name: n{at}, address: 192.168.3.{}}}\n", FIRST + at);
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
