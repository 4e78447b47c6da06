//! Work on a node is no fault: what doctor tells of a drain is that there is one, and of the failover nothing.

use anyhow::{Context, Result, ensure};

use super::scene::Scene;
use super::step::{BACKUP, MASTER, NEXT, Who};

pub(super) fn run(scene: &mut Scene<'_>) -> Result<()> {
    let node = |scene: &Scene<'_>, words: &[&str]| scene.cluster.nodes[MASTER].lvskit(words);
    node(scene, &["drain", "--director", "--until-boot"])?;
    // At once, not after a while.
    for place in [NEXT, BACKUP] {
        let (found, all) = scene.ask(Who::At(place), place)?;
        ensure!(found.is_empty(), "right after the failover: {:#}", all["findings"]);
    }
    scene.until(Who::At(MASTER), MASTER, &["drained"]).context("drained as a director")?;
    node(scene, &["drain", "--until-boot"])?;
    let both = ["drained", "server-drained"];
    scene.until(Who::At(MASTER), MASTER, &both).context("drained as both")?;
    // Its checks have failed by now on all of them, and on itself.
    scene.until(Who::At(NEXT), NEXT, &["server-down"]).context("another node meanwhile")?;
    scene.until(Who::At(MASTER), MASTER, &both).context("drained as both, for a while")?;
    node(scene, &["undrain"])?;
    for place in [MASTER, NEXT] {
        scene.until(Who::At(place), place, &[]).context("undrained")?;
    }
    scene.cluster.wait_for_masters(&[MASTER])
}
