//! `make demo`: the article's story on a screen, with the article's own commands. Everything that
//! is shown was printed by the program named above it. It shows and judges nothing: on a slow machine
//! it shows larger figures.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write, stdout};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::cluster::{Cluster, INVENTORY};
use crate::node::{Node, Server};
use crate::sandbox::ROOT;
use crate::traffic::{Outcome, Session, Traffic};
use crate::{keepalived, syslog};

/// How long telnet may take for a whole session.
const TELNET: Duration = Duration::from_secs(30);

/// The balance goes by the client's port: it may choose one server several times, but not for ever.
const MOST_TELNETS: usize = 12;

/// Connections a second while the cable is pulled and plugged in again, and how long a client waits for
/// a greeting. A Postfix without KVM has its hands full with them.
const RATE: u32 = 10;
const PATIENCE: Duration = Duration::from_secs(5);

/// How long the cluster is watched before the next step.
const WATCH: Duration = Duration::from_secs(5);

pub fn run() -> Result<()> {
    syslog::start()?;
    let began = Instant::now();
    title("1. One inventory, four files");
    let mut cluster = step("starting four servers, each with a Postfix of its own", || {
        let mut cluster = Cluster::build()?;
        cluster.serve(Server::Postfix)?;
        Ok(cluster)
    })?;
    show_files(&cluster)?;

    title("2. Four keepalived start at the same moment");
    step("until one is MASTER, all checks are up and every guard is in force", || {
        cluster.watch(true)?;
        cluster.start()?;
        cluster.converge(&cluster.everybody())
    })?;
    cluster.settle(&cluster.everybody())?;
    show_nodes(&cluster)?;

    title("3. One address, several servers");
    let mut open = Vec::new();
    let mut met = BTreeSet::new();
    for count in 1..=MOST_TELNETS {
        met.insert(telnet(&cluster, &mut open)?);
        if count >= 3 && met.len() > 1 {
            break;
        }
    }
    command_on(&cluster.nodes[0], "ipvsadm", "-Ln");
    drop(open);

    title("4. The MASTER's network cable is pulled");
    failover(&cluster)?;

    cluster.stop()?;
    println!("\nThe demo took {} s in the lab.", began.elapsed().as_secs());

    title("5. The same with your servers");
    println!("{NEXT}");
    Ok(())
}

/// Three facts are the reader's: the nodes, the address, the port.
const NEXT: &str = "\
Three facts are yours: the nodes, one free address in their network, the port. On any of the nodes:

  lvskit init --node NAME=ADDRESS --node NAME=ADDRESS --vip ADDRESS --service tcp/PORT
  lvskit gen-conf -i inventory.yml --out-dir conf

for instance

  lvskit init --node mx1=10.0.0.11 --node mx2=10.0.0.12 --vip 10.0.0.10 --service tcp/25

Copy conf/NODE/keepalived.conf to /etc/keepalived/ of each node, and start there what you just saw:

  systemctl enable --now bypass-ipvs keepalived
  lvskit doctor                         tells what is missing, and the command for it

README.md tells how to install the packages; tests/lab/results.md what else was done to this cluster.";

fn title(text: &str) {
    println!("\n== {text} ==\n");
}

/// Says what is going on, and how long it took.
fn step<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    print!("... {what}");
    stdout().flush()?;
    let began = Instant::now();
    let result = work()?;
    println!(": {:.1} s", began.elapsed().as_secs_f64());
    Ok(result)
}

fn show_files(cluster: &Cluster) -> Result<()> {
    println!("\n$ lvskit gen-conf -i {} --out-dir conf", file_name(INVENTORY));
    for node in &cluster.nodes {
        keepalived::config_test(&node.netns, &node.conf())?;
        let bytes = fs::read(node.conf())?.len();
        println!("conf/{}/keepalived.conf   {bytes} bytes, accepted by keepalived -t", node.name);
    }
    for pair in cluster.nodes.windows(2) {
        let [one, other] =
            [&pair[0], &pair[1]].map(|node| format!("{}/keepalived.conf", node.name));
        println!("\n$ diff conf/{one} conf/{other}");
        let output = Command::new("diff")
            .args([one, other])
            .current_dir(Path::new(ROOT).join("conf"))
            .output()
            .context("diff")?;
        print!("{}", String::from_utf8_lossy(&output.stdout));
    }
    Ok(())
}

fn show_nodes(cluster: &Cluster) -> Result<()> {
    for node in &cluster.nodes {
        let state = if node.holds(cluster.vip)? {
            "MASTER, holds the VIP"
        } else {
            "does not hold the VIP"
        };
        let guard = if node.guarded(cluster.vip)? { "guard in force" } else { "NO GUARD" };
        println!("{}  {state}, {guard}", node.name);
    }
    Ok(())
}

/// The article's session: telnet to the address, see who greets, say quit. Beside it a session is
/// opened that stays, as on a busy relay, for `ipvsadm` to show. Returns the greeting.
fn telnet(cluster: &Cluster, open: &mut Vec<Session>) -> Result<String> {
    let (vip, port) = (cluster.vip.to_string(), cluster.service().port().to_string());
    println!("$ telnet {vip} {port}");
    let mut command = Command::new("telnet");
    command.args([&vip, &port]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut telnet = cluster.client.run(|| command.spawn()).context("telnet")?;
    let mut output = telnet.stdout.take().context("telnet")?;
    let deadline = Instant::now() + TELNET;
    let mut seen = String::new();
    let mut piece = [0; 512];
    while !seen.contains("ESMTP") {
        let length = output.read(&mut piece)?;
        ensure!(length > 0 && Instant::now() < deadline, "telnet ended with: {seen}");
        seen.push_str(&String::from_utf8_lossy(&piece[..length]));
    }
    let session = cluster.client.run(|| Session::open(cluster.service(), TELNET));
    open.push(session.map_err(anyhow::Error::msg)?);
    let mut input = telnet.stdin.take().context("telnet")?;
    input.write_all(b"quit\r\n")?;
    output.read_to_string(&mut seen)?;
    telnet.wait()?;
    seen.lines().for_each(|line| println!("{}", line.trim_end()));
    println!();
    Ok(seen.lines().find(|line| line.contains("ESMTP")).unwrap_or_default().to_owned())
}

fn command_on(node: &Node, program: &str, args: &str) {
    println!("{}# {program} {args}", node.name.split('.').next().unwrap_or(&node.name));
    println!("{}\n", node.netns.try_tool(program, args).1);
}

fn failover(cluster: &Cluster) -> Result<()> {
    let everybody = cluster.everybody();
    let (master, survivors) = (&cluster.nodes[0], &everybody[1..]);
    println!("{RATE} new connections a second go to {} all the while.", cluster.service());
    let traffic = Traffic::start(&cluster.client, cluster.service(), RATE, PATIENCE);
    std::thread::sleep(Duration::from_secs(2));
    let pulled = Instant::now();
    master.link.pull()?;
    step("until another node is MASTER", || cluster.wait_for_masters(&survivors[..1]))?;
    step("until the dead server is out of every node's balance", || cluster.converge(survivors))?;
    std::thread::sleep(WATCH);
    show_nodes(cluster)?;
    let plugged = Instant::now();
    master.link.plug()?;
    step("plugged in again: until it is MASTER and serves again", || cluster.converge(&everybody))?;
    std::thread::sleep(WATCH);
    let outcomes = traffic.stop();
    println!();
    count("While the cable was out", &outcomes, pulled, Some(plugged));
    count("Since it is plugged in again", &outcomes, plugged, None);
    let under_way = |one: &&Outcome| {
        one.started < pulled && one.started + one.took > pulled && one.greeted.is_err()
    };
    match outcomes.iter().filter(under_way).count() {
        0 => {}
        lost => println!("What the dead server had in hand was lost with it: {lost} connections."),
    }
    Ok(())
}

/// How many of the connections failed that began from one moment to another.
fn count(when: &str, outcomes: &[Outcome], from: Instant, to: Option<Instant>) {
    let began = |one: &&Outcome| one.started >= from && to.is_none_or(|to| one.started < to);
    let all: Vec<&Outcome> = outcomes.iter().filter(began).collect();
    let (good, bad): (Vec<&Outcome>, Vec<_>) = all.iter().partition(|one| one.greeted.is_ok());
    let slowest = good.iter().map(|one| one.took).max().unwrap_or_default();
    println!(
        "{when}: {} connections failed, {} were answered, the slowest after {:.1} s.",
        bad.len(),
        good.len(),
        slowest.as_secs_f64()
    );
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
