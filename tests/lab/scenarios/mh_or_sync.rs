//! Two ways for a new MASTER to know whose session a packet belongs to: it was told by the sync
//! daemon (with `wlc`), or it computes the server again (`mh` with the port, and
//! net.ipv4.vs.sloppy_tcp); or both. Which keeps more, in a planned switch and in a death?

use anyhow::{Result, ensure};

use super::node_death::die;
use super::planned_switch;
use crate::cluster::Cluster;
use crate::setup::Setup;

pub fn run(cluster: &mut Cluster) -> Result<String> {
    let quick = || Setup::ours().quick();
    let variants = [
        ("wlc and sync", quick().scheduled("wlc")),
        ("mh, sloppy_tcp and no sync", quick().without_sync()),
        ("mh, sloppy_tcp and sync", quick()),
    ];
    let mut told = Vec::new();
    for (name, setup) in variants {
        let switched = planned_switch::for_comparison(cluster, &setup)?;
        println!("    {name}: drained: {switched}\n{}", switched.losses());
        let died = die(cluster, &setup)?;
        println!("    {name}: dead: {died}\n{}", died.seen.losses());
        ensure!(switched.lost.is_empty() || name.contains("no sync"), "{name}: {switched}");
        told.push(format!("{name}: drained: {switched}; dead: {died}"));
    }
    Ok(told.join("; "))
}
