//! `lvskit status` on every node, beside what ipvsadm says of the same kernel; and a healthy cluster gives
//! doctor nothing to find, before and after a failover.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::cluster::{Cluster, GREETING};
use crate::node::Node;
use crate::traffic::Session;

/// Sessions that are open while both are asked, so that there is something to count.
const SESSIONS: usize = 12;

/// How long the two may differ: connections end, and the sync daemon tells of others.
const PATIENCE: Duration = Duration::from_secs(60);

/// A line for each real server: service, server, weight, active and inactive connections.
type Servers = BTreeSet<String>;

pub fn run(cluster: &mut Cluster) -> Result<String> {
    let mut sessions = Vec::new();
    for _ in 0..SESSIONS {
        let session = cluster.client.run(|| Session::open(cluster.service(), GREETING));
        sessions.push(session.map_err(anyhow::Error::msg)?);
    }
    let (mut lines, mut active) = (0, 0);
    for (place, node) in cluster.nodes.iter().enumerate() {
        let status = same(node).with_context(|| node.name.clone())?;
        let role = if place == 0 { "MASTER" } else { "BACKUP" };
        ensure!(status["instances"][0]["role"] == role, "{}: {}", node.name, status["instances"]);
        ensure!(status["guards"][0]["state"] == "in_force", "{}: {}", node.name, status["guards"]);
        ensure!(status["source"] == "keepalived.conf", "{}", status["node"]["unread"]);
        daemons(node, &status)?;
        let servers = servers_of(&status);
        lines += servers.len();
        if place == 0 {
            let all = status["node"]["ipvs"]["services"][0]["servers"].as_array();
            let all = all.context("no servers")?.iter();
            active = all.filter_map(|server| server["active"].as_u64()).sum();
        }
    }
    ensure!(active >= SESSIONS as u64, "the MASTER says {active} active connections");
    for session in sessions {
        session.quit().map_err(anyhow::Error::msg)?;
    }
    nothing_found(cluster).context("healthy")?;
    cluster.nodes[0].drain(true)?;
    cluster.wait_for_masters(&[1])?;
    nothing_found(cluster).context("after a failover")?;
    cluster.nodes[0].drain(false)?;
    cluster.settle(&cluster.everybody())?;
    Ok(format!(
        "{} nodes, {lines} real servers with weight, active and inactive connections as ipvsadm lists \
         them, {active} active on the MASTER; doctor finds nothing, also after a failover",
        cluster.nodes.len()
    ))
}

/// Asks both until they say the same; they are asked one after the other.
fn same(node: &Node) -> Result<Value> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let status = status(node)?;
        let (ours, theirs) = (servers_of(&status), servers_in(&node.netns.tool("ipvsadm", "-Ln")));
        if ours == theirs && !ours.is_empty() {
            return Ok(status);
        }
        ensure!(Instant::now() < deadline, "status: {ours:#?}\nipvsadm: {theirs:#?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn status(node: &Node) -> Result<Value> {
    let output = lvskit(node, &["status", "--json"])?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn lvskit(node: &Node, args: &[&str]) -> Result<std::process::Output> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lvskit"));
    command.args(args).arg("--config").arg(node.conf());
    command.arg("--keepalived-pid").arg(node.keepalived_log().with_file_name("pid"));
    node.netns.run(|| command.output()).context("lvskit")
}

fn servers_of(status: &Value) -> Servers {
    let services = status["node"]["ipvs"]["services"].as_array().into_iter().flatten();
    let of = |service: &Value| -> Vec<String> {
        let text = |value: &Value| value.to_string().trim_matches('"').to_owned();
        let name = format!(
            "{} {}:{}",
            text(&service["protocol"]),
            text(&service["address"]),
            service["port"]
        );
        let servers = service["servers"].as_array().into_iter().flatten();
        let line = |server: &Value| {
            let [weight, active, inactive] =
                ["weight", "active", "inactive"].map(|field| server[field].to_string());
            format!(
                "{name} {}:{} {weight} {active} {inactive}",
                text(&server["address"]),
                server["port"]
            )
        };
        servers.map(line).collect()
    };
    services.flat_map(of).collect()
}

/// `TCP  192.168.3.100:25 mh (mh-fallback,mh-port)`, `  -> 192.168.3.101:25   Route   1   12   3`
fn servers_in(listing: &str) -> Servers {
    let mut servers = Servers::new();
    let mut service = String::new();
    for line in listing.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["->", server, _, weight, active, inactive] if !service.is_empty() => {
                servers.insert(format!("{service} {server} {weight} {active} {inactive}"));
            }
            [protocol @ ("TCP" | "UDP"), address, ..] => service = format!("{protocol} {address}"),
            _ => {}
        }
    }
    servers
}

/// `ipvsadm -L --daemon`: `master sync daemon (mcast=eth0, syncid=11, ...)`
fn daemons(node: &Node, status: &Value) -> Result<()> {
    let listing = node.netns.tool("ipvsadm", "-L --daemon");
    let ours = status["node"]["ipvs"]["sync_daemons"].as_array().cloned().unwrap_or_default();
    ensure!(ours.len() == listing.lines().count(), "{ours:?}: {listing}");
    for daemon in &ours {
        let role = if daemon["role"] == "sends" { "master" } else { "backup" };
        let line = listing.lines().find(|line| line.starts_with(role)).unwrap_or_default();
        let interface = daemon["interface"].as_str().unwrap_or_default();
        let (mcast, id) = (format!("mcast={interface}"), format!("syncid={}", daemon["id"]));
        ensure!(line.contains(&mcast) && line.contains(&id), "{daemon}: {listing}");
    }
    Ok(())
}

fn nothing_found(cluster: &Cluster) -> Result<()> {
    for node in &cluster.nodes {
        let output = lvskit(node, &["doctor"])?;
        let said = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "{}: {}: {said}", node.name, output.status);
    }
    Ok(())
}
