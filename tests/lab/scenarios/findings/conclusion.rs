//! Four faults at once, and one conclusion: two nodes are cut off, one is dead, one has an old file.

use std::fs;

use anyhow::{Result, ensure};

use super::scene::Scene;
use super::step::Who;

pub(super) fn run(scene: &mut Scene<'_>) -> Result<()> {
    let old = scene.cluster.nodes[0].conf();
    let right = fs::read_to_string(&old)?;
    fs::write(&old, right.replace("    delay_loop 1\n", "    delay_loop 6\n"))?;
    scene.answers(1, Some("echo 'No route to host' >&2; exit 255\n"))?;
    scene.cluster.nodes[1].link.pull()?;
    for place in [2, 3] {
        scene.cluster.nodes[place].link.part()?;
    }
    scene.cluster.wait_for_masters(&[0, 2])?;
    let said = told(scene);
    fs::write(&old, right)?;
    scene.answers(1, None)?;
    scene.cluster.nodes[1].link.plug()?;
    for place in [2, 3] {
        scene.cluster.nodes[place].link.join()?;
    }
    let whole = scene.until(Who::Cluster, 0, &[]);
    said.and(whole)
}

/// The four in its words, and nothing that would lead elsewhere before them.
fn told(scene: &Scene<'_>) -> Result<()> {
    let (_, all) = scene.ask(Who::Cluster, 0)?;
    let conclusion = all["conclusion"].as_str().unwrap_or_default();
    println!("    conclusion: {conclusion}");
    let wanted = "broken: 3 of 4 nodes answer; server02.domain.ru does not answer; the network is in 2 parts: \
                  server01.domain.ru | server03.domain.ru and server04.domain.ru; several nodes hold the same \
                  addresses (server01.domain.ru and server03.domain.ru); server01.domain.ru has another file than \
                  the inventory renders";
    ensure!(conclusion.starts_with(wanted), "{conclusion}, not {wanted}");
    Ok(())
}
