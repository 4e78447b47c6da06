//! Postfix stops on a node whose keepalived goes on. The checks must take the server out of the
//! balance; from then on every connection must be answered by the others, until it comes back.
//! Once with keepalived's SMTP_CHECK, and once with our probe in its place. Then a server is emptied by hand.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::cluster::{Cluster, GREETING, SLOW};
use crate::setup::Setup;
use crate::traffic::{Outcome, Session, Traffic};

/// Connections a second.
const RATE: u32 = 5;

/// Connections until one of four servers was met: fewer than that would be chance once in 10^8.
const MOST_CONNECTIONS: u32 = 64;

/// Connections with a server of weight 0. `mh` would choose it for a quarter of them.
const EMPTY: u32 = 24;

/// How long the service is watched without the server.
const WATCH: Duration = Duration::from_secs(8);

/// With keepalived's SMTP_CHECK.
pub fn run(cluster: &mut Cluster) -> Result<String> {
    let seen = stop_and_start(cluster)?;
    empty(cluster).context("with a server of weight 0")?;
    Ok(format!("{seen}; none refused with a server of weight 0"))
}

/// With `smtp-check`, run by keepalived as a MISC_CHECK. A quarter as often as the example has it: four
/// nodes would start 48 processes a second, a shell's two among each three, which is more than two
/// processors without KVM can do beside a Postfix that starts.
pub fn run_with_probe(cluster: &mut Cluster) -> Result<String> {
    cluster.set_up(&Setup::ours().with("type", "smtp-check").with("delay_loop", "4"))?;
    stop_and_start(cluster)
}

fn stop_and_start(cluster: &Cluster) -> Result<String> {
    let everybody = cluster.everybody();
    cluster.converge(&everybody)?;
    let (master, victim) = (0, 2);
    let others: Vec<usize> = everybody.iter().copied().filter(|&m| m != victim).collect();
    let node = &cluster.nodes[victim];
    let mails_before = cluster.mailbox.mails()?.len();
    let traffic = Traffic::start(&cluster.client, cluster.service(), RATE, SLOW);
    std::thread::sleep(Duration::from_secs(1));

    let used = port_of(cluster, &node.name)?;
    let stopped = Instant::now();
    node.postfix.stop(&node.netns)?;
    wait_for(cluster, master, node.address, false).context("after Postfix stopped")?;
    let out = Instant::now();
    std::thread::sleep(WATCH);
    cluster.all_answer(&others).context("without the server")?;
    // IPVS still knows the connection that this port had with the dead server.
    let again = || Session::open_from(used, cluster.service(), GREETING);
    let answered = cluster.client.run(again).and_then(Session::quit).map_err(anyhow::Error::msg);
    answered.context("from a port that was used with the server before")?;

    node.postfix.start(&node.netns)?;
    let started = Instant::now();
    wait_for(cluster, master, node.address, true).context("after Postfix started")?;
    let back = Instant::now();
    cluster.converge(&everybody)?;
    cluster.all_answer(&everybody).context("after the server came back")?;
    let outcomes = traffic.stop();

    let subject = format!("Realserver [{}]:tcp:25", node.address);
    let mails = cluster.mailbox.mails()?;
    ensure!(
        mails.len() > mails_before && mails.iter().any(|mail| mail.contains(&subject)),
        "no new mail about {subject} among the {} that arrived: {mails:?}",
        mails.len()
    );

    let lost: Vec<_> = outcomes.iter().filter(|o| o.started > out && o.greeted.is_err()).collect();
    let told = || {
        let after = |one: &Outcome| (one.started - out).as_secs_f64();
        let lines = lost.iter().map(|one| format!("{:.1} s: {:?}", after(one), one.greeted));
        lines.collect::<Vec<_>>().join("; ")
    };
    ensure!(
        lost.is_empty(),
        "greetings lost after the server left the balance, and its Postfix started {:.1} s later: {}",
        (started - out).as_secs_f64(),
        told()
    );
    let before = outcomes.iter().filter(|o| o.started <= out && o.greeted.is_err()).count();
    Ok(format!(
        "out of the balance after {:.1} s ({before} connections failed until then), back {:.1} s \
         after its start; {} connections meanwhile and after, none lost; {} mails told of it",
        (out - stopped).as_secs_f64(),
        (back - started).as_secs_f64(),
        outcomes.iter().filter(|o| o.started > out).count(),
        mails.len() - mails_before,
    ))
}

/// The port of a connection that a server answered, and that has ended.
fn port_of(cluster: &Cluster, server: &str) -> Result<u16> {
    let open = || Session::open(cluster.service(), GREETING);
    for _ in 0..MOST_CONNECTIONS {
        let session = cluster.client.run(open).map_err(anyhow::Error::msg)?;
        let (port, found) = (session.port, session.server == server);
        session.quit().map_err(anyhow::Error::msg)?;
        if found {
            return Ok(port);
        }
    }
    bail!("{server} answered none of {MOST_CONNECTIONS} connections")
}

/// An administrator empties a server by hand: it gets no new connections, the others get its share.
fn empty(cluster: &Cluster) -> Result<()> {
    let (master, server) = (&cluster.nodes[0], &cluster.nodes[2]);
    let weight = |weight: u32| {
        let args = format!("-e -t {} -r {}:25 -g -w {weight}", cluster.service(), server.address);
        master.netns.tool("ipvsadm", &args);
    };
    weight(0);
    for _ in 0..EMPTY {
        let open = || Session::open(cluster.service(), GREETING);
        let session = cluster.client.run(open).map_err(anyhow::Error::msg)?;
        ensure!(session.server != server.name, "{} answered", server.name);
        session.quit().map_err(anyhow::Error::msg)?;
    }
    weight(1);
    Ok(())
}

/// Waits until the MASTER balances to the server, or no longer does.
fn wait_for(cluster: &Cluster, master: usize, server: IpAddr, wanted: bool) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let servers = cluster.nodes[master].real_servers()?;
        if servers.iter().any(|real| real.address == server) == wanted {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "the balance is still {servers:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
