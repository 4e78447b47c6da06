//! `make demo`: the article's story on a screen, with the article's own commands. Everything that
//! is shown was printed by the program named above it.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write, stdout};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::cluster::{Cluster, GREETING, INVENTORY};
use crate::node::{Node, Server};
use crate::sandbox::ROOT;
use crate::setup::TAKEOVER;
use crate::traffic::{self, Session, Traffic};
use crate::{keepalived, syslog};

/// How long telnet may take for a whole session.
const TELNET: Duration = Duration::from_secs(30);

/// The balance goes by the client's port: it may choose one server several times, but not for ever.
const MOST_TELNETS: usize = 12;

/// Connections a second while the outage is measured.
const RATE: u32 = 5;

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

    title("5. What to look at next");
    println!(
        "  keepalived/inventory.yml            the cluster you just saw, {} lines\n\
         \x20 lvskit gen-conf --help              render it for your own servers\n\
         \x20 bypass-ipvs --dry-run -a {}   the guard, in nft's own words\n\
         \x20 README.md                           install it\n\
         \x20 make test                           everything that is promised, proven",
        std::fs::read_to_string(INVENTORY)?.lines().count(),
        cluster.vip
    );
    cluster.stop()?;
    println!("\nThe demo took {} s in the lab.", began.elapsed().as_secs());
    Ok(())
}

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
    let session = cluster.client.run(|| Session::open(cluster.service(), GREETING));
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
    let traffic = Traffic::start(&cluster.client, cluster.service(), RATE, GREETING);
    std::thread::sleep(Duration::from_secs(2));
    let pulled = Instant::now();
    master.link.pull()?;
    step("until another node is MASTER", || cluster.wait_for_masters(&survivors[..1]))?;
    step("until every node's checks have taken the dead server out of the balance", || {
        cluster.converge(survivors)
    })?;
    show_nodes(cluster)?;
    let plugged = Instant::now();
    master.link.plug()?;
    step("plugged in again: until it is MASTER and serves again", || cluster.converge(&everybody))?;
    cluster.all_answer(&everybody)?;
    let outcomes = traffic.stop();
    let after = |moment| outcomes.iter().filter(move |outcome| outcome.started > moment);
    let resumed = traffic::outage(&outcomes, pulled).context("service did not resume")?;
    println!(
        "\nService resumed {:.1} s after the cable was pulled; advert_int is 0.2 s, so VRRP itself \
         takes up to {:.1} s.\nAfter it was plugged in again {} of {} connections failed.",
        resumed.as_secs_f64(),
        TAKEOVER.as_secs_f64(),
        after(plugged).filter(|outcome| outcome.greeted.is_err()).count(),
        after(plugged).count(),
    );
    Ok(())
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
