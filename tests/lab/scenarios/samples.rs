//! The samples that say so of themselves come up as they are, in this network: one MASTER, all checks
//! up, every server answers; and when the MASTER is drained, another one takes over and all answer
//! again.

use std::net::IpAddr;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::cluster::Cluster;
use crate::setup::Setup;
use crate::traffic::Traffic;

/// What a sample says that is made for four nodes of this network.
const MARK: &str = "make lab SCENARIOS=samples";

const SAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/keepalived/samples");

/// New connections a second, and for how long.
const RATE: u32 = 5;
const WATCHED: Duration = Duration::from_secs(4);

pub fn run(cluster: &mut Cluster) -> Result<String> {
    let mut names = Vec::new();
    for file in std::fs::read_dir(SAMPLES)? {
        let file = file?.path();
        if std::fs::read_to_string(&file)?.contains(MARK) {
            names.push(file.file_name().unwrap_or_default().to_string_lossy().into_owned());
        }
    }
    names.sort();
    ensure!(names.len() >= 3, "only {names:?} are marked with `{MARK}`");
    let mut told = Vec::new();
    for name in names {
        told.push(comes_up(cluster, &name).with_context(|| name.clone())?);
    }
    Ok(told.join("; "))
}

fn comes_up(cluster: &mut Cluster, name: &str) -> Result<String> {
    let setup = Setup::sample(name);
    let first = cluster.elect(&setup)?;
    let (mut connections, mut services) = (0, 0);
    for vip in setup.vips()? {
        connections += serves(cluster, vip, first)?;
        services += 1;
    }
    cluster.nodes[first].drain(true)?;
    let second = cluster.another_that_stays(first)?;
    for vip in setup.vips()? {
        connections += serves(cluster, vip, second)?;
    }
    cluster.nodes[first].drain(false)?;
    Ok(format!(
        "{name}: {connections} connections to {services} VIPs, before and after a drain, all answered"
    ))
}

/// Every server of a VIP answers, and so does every connection for a while.
fn serves(cluster: &mut Cluster, vip: IpAddr, master: usize) -> Result<usize> {
    cluster.vip = vip;
    let mut members = cluster.everybody();
    members.retain(|&place| place != master);
    members.insert(0, master);
    cluster.settle(&members)?;
    cluster.all_answer(&members)?;
    let patience = Duration::from_secs(5);
    let traffic = Traffic::start(&cluster.client, cluster.service(), RATE, patience);
    std::thread::sleep(WATCHED);
    let outcomes = traffic.stop();
    let failed: Vec<_> =
        outcomes.iter().filter_map(|outcome| outcome.greeted.as_ref().err()).collect();
    ensure!(failed.is_empty(), "{vip}: {} of {} failed: {failed:?}", failed.len(), outcomes.len());
    Ok(outcomes.len())
}
