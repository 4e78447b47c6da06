//! Programs on the nodes themselves connect to the VIP: on the MASTER and on a BACKUP each meets its own
//! node's service, in both families, with and without kept sessions, whether IPVS has conntrack look at
//! its packets or not, and while the address moves. Clients are balanced as if nothing were there.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::cluster::{Cluster, GREETING};
use crate::common::netns::Netns;
use crate::load::Load;
use crate::setup::Setup;
use crate::traffic::{self, Outcome, Traffic};

/// From each place: with `rr` a multiple of the nodes.
const CONNECTIONS: usize = 12;

/// A BACKUP that becomes MASTER in no scenario here.
const BACKUP: usize = 2;

/// Connections a second from each node and from the client, while the address moves.
const RATE: u32 = 3;
const SESSIONS: usize = 20;
const LASTS: Duration = Duration::from_millis(300);

/// How long each state is watched.
const SETTLE: Duration = Duration::from_secs(4);

/// In IPv4, with kept sessions.
pub fn run(cluster: &mut Cluster) -> Result<String> {
    let still = stand(cluster, &round_robin(false, true))?;
    let moving = moves(cluster, &Setup::ours())?;
    Ok(format!("{still}; {moving}"))
}

/// In all variants.
pub fn run_all(cluster: &mut Cluster) -> Result<String> {
    let mut told = Vec::new();
    for ipv6 in [false, true] {
        for keep in [true, false] {
            let name = format!("IPv{}, keep_sessions {keep}", if ipv6 { 6 } else { 4 });
            let still = stand(cluster, &round_robin(ipv6, keep)).with_context(|| name.clone())?;
            told.push(format!("{name}: {still}"));
        }
    }
    for (name, setup) in [("IPv4", Setup::ours()), ("IPv6", Setup::ours().in_ipv6())] {
        told.push(format!("{name}: {}", moves(cluster, &setup).context(name)?));
    }
    Ok(told.join("; "))
}

fn round_robin(ipv6: bool, keep: bool) -> Setup {
    let setup = Setup::ours().scheduled("rr");
    let setup = if keep { setup } else { setup.and("keep_sessions: false\n") };
    if ipv6 { setup.in_ipv6() } else { setup }
}

/// While nothing moves.
fn stand(cluster: &mut Cluster, setup: &Setup) -> Result<String> {
    cluster.set_up(setup)?;
    for tracked in ["0", "1"] {
        for node in &cluster.nodes {
            node.set("net.ipv4.vs.conntrack", tracked)?;
        }
        each(cluster, tracked).with_context(|| format!("net.ipv4.vs.conntrack = {tracked}"))?;
    }
    Ok(format!(
        "{CONNECTIONS} of {CONNECTIONS} from a program on the MASTER and on a BACKUP met their own node, \
         {CONNECTIONS} from a client each node equally often, with net.ipv4.vs.conntrack 0 and 1"
    ))
}

fn each(cluster: &Cluster, tracked: &str) -> Result<()> {
    let met = |place: &Netns| -> BTreeMap<String, usize> {
        let mut met = BTreeMap::new();
        for _ in 0..CONNECTIONS {
            let outcome = place.run(|| traffic::greeting(cluster.service(), GREETING));
            *met.entry(outcome.greeted.unwrap_or_else(|error| error)).or_default() += 1;
        }
        met
    };
    let client = met(&cluster.client);
    let equal = CONNECTIONS / cluster.nodes.len();
    ensure!(
        client.len() == cluster.nodes.len() && client.values().all(|&count| count == equal),
        "a client met {client:?}"
    );
    for (state, place) in [("the MASTER", 0), ("a BACKUP", BACKUP)] {
        let node = &cluster.nodes[place];
        let seen = met(&node.netns);
        println!("    conntrack {tracked}: from {state}, {}: {seen:?}", node.short());
        let own = BTreeMap::from([(node.name.clone(), CONNECTIONS)]);
        ensure!(seen == own, "a program on {state}, {}, met {seen:?}", node.name);
    }
    Ok(())
}

/// While the MASTER is drained and comes back.
fn moves(cluster: &mut Cluster, setup: &Setup) -> Result<String> {
    cluster.set_up(setup)?;
    let load = Load { sessions: SESSIONS, rate: RATE, lasts: LASTS, patience: GREETING };
    let mut clients = load.start(cluster)?;
    let places = [0, 1, BACKUP];
    let programs: Vec<Traffic> = (places.iter())
        .map(|&place| {
            let node = &cluster.nodes[place];
            Traffic::lasting(&node.netns, cluster.service(), RATE, GREETING, LASTS)
        })
        .collect();
    for (event, drained, master) in [("drain", true, 1), ("end of drain", false, 0)] {
        std::thread::sleep(SETTLE);
        clients.note(event);
        cluster.nodes[0].drain(drained)?;
        cluster.wait_for_masters(&[master])?;
        clients.note("moved");
    }
    std::thread::sleep(SETTLE);
    let mut count = 0;
    for (&place, program) in places.iter().zip(programs) {
        let (node, outcomes) = (&cluster.nodes[place], program.stop());
        let wrong = |one: &&Outcome| one.greeted.as_ref() != Ok(&node.name);
        let wrong: Vec<_> = outcomes.iter().filter(wrong).map(|one| &one.greeted).collect();
        let all = outcomes.len();
        ensure!(wrong.is_empty(), "on {} {} of {all} met: {wrong:?}", node.name, wrong.len());
        count += all;
    }
    let seen = clients.stop();
    ensure!(seen.whole(), "clients: {seen}\n{}", seen.losses());
    Ok(format!("through a switch {count} from programs on three nodes met their own node; {seen}"))
}
