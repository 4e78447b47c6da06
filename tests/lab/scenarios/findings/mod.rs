//! Everything that `lvskit doctor` can find, provoked: in a cluster that is healthy, one fault at a time, of which
//! doctor must tell just what is written here, and nothing once it is mended. A finding of the registry that
//! nobody provokes needs a reason in [`NOT_HERE`].
//!
//! - `step` is what can be done to a cluster, and `scene` does it and asks doctor;
//! - `node`, `address`, `guard`, `kernel`, `service`, `wire` and `whole` have the faults, a table each;
//! - `drains` is what doctor tells while a node is drained, and `conclusion` what becomes of four faults at once.

mod address;
mod conclusion;
mod drains;
mod guard;
mod kernel;
mod node;
mod scene;
mod service;
mod step;
mod whole;
mod wire;

use std::collections::BTreeSet;

use anyhow::{Result, ensure};

use crate::cluster::Cluster;
use crate::settings;
use crate::setup::Setup;
use scene::Scene;
use step::{Fault, Seen};

/// What is not provoked here, and why.
const NOT_HERE: &[(&str, &str)] = &[
    ("vip-not-held-by-master", "keepalived 2.2.7 puts an address back that somebody takes away"),
    ("no-ipvs", "the nodes share one kernel, and IPVS can't go while they balance"),
    ("selinux-label", "the lab's kernel has no SELinux"),
    ("bfd-not-built", "the lab's keepalived has BFD"),
    ("clock-skew", "the nodes share one clock"),
    ("keepalived-versions-differ", "the nodes share one keepalived"),
    ("lvskit-versions-differ", "the nodes share one lvskit"),
];

/// The tables of those of one setup.
const FAULTS: &[&[Fault]] = &[
    node::FAULTS,
    address::FAULTS,
    guard::FAULTS,
    kernel::FAULTS,
    service::FAULTS,
    wire::FAULTS,
    whole::FAULTS,
];

pub fn run(cluster: &mut Cluster) -> Result<String> {
    let mut scene = Scene::new(cluster)?;
    let mut wrong = scene.play(FAULTS.iter().copied().flatten());
    if settings::chosen("drains") {
        wrong.extend(drains::run(&mut scene).err().map(|error| format!("drains: {error:#}")));
    }
    if settings::chosen("conclusion") {
        let outcome = conclusion::run(&mut scene);
        wrong.extend(outcome.err().map(|error| format!("conclusion: {error:#}")));
    }
    if wire::OLD.iter().any(Fault::is_chosen) {
        scene.change_to(&wire::version_2())?;
        wrong.extend(scene.play(wire::OLD.iter()));
        scene.change_to(&Setup::ours())?;
    }
    let faults = faults().filter(|fault| fault.is_chosen()).count();
    ensure!(wrong.is_empty(), "{} of {faults}:\n    {}", wrong.len(), wrong.join("\n    "));
    let reasons: Vec<String> = NOT_HERE.iter().map(|(id, why)| format!("{id} ({why})")).collect();
    Ok(format!(
        "{} of {} findings shown by {faults} faults, each alone and gone once it was mended; not: {}",
        shown(Fault::is_chosen).len(),
        lvskit::doctor::all().count(),
        reasons.join(", ")
    ))
}

/// All faults, those of the other setup too.
fn faults() -> impl Iterator<Item = &'static Fault> {
    FAULTS.iter().copied().flatten().chain(wire::OLD)
}

/// The findings that these faults provoke.
fn shown(which: fn(&Fault) -> bool) -> BTreeSet<&'static str> {
    let seen = faults().filter(|fault| which(fault)).flat_map(|fault| fault.seen);
    seen.flat_map(|Seen(_, ids)| *ids).copied().collect()
}

/// Whether each finding of the registry is provoked or has a reason, and nothing else is named here.
pub fn complete() -> Result<()> {
    let all: BTreeSet<&str> = lvskit::doctor::all().map(|one| one.id).collect();
    let shown = shown(|_| true);
    let reasons: BTreeSet<&str> = NOT_HERE.iter().map(|(id, _)| *id).collect();
    let twice: Vec<_> = shown.intersection(&reasons).collect();
    ensure!(twice.is_empty(), "provoked, and with a reason why not: {twice:?}");
    let known: BTreeSet<&str> = shown.union(&reasons).copied().collect();
    let missing: Vec<_> = all.difference(&known).collect();
    ensure!(missing.is_empty(), "neither provoked nor with a reason why not: {missing:?}");
    let strange: Vec<_> = known.difference(&all).collect();
    ensure!(strange.is_empty(), "not in doctor's registry: {strange:?}");
    Ok(())
}
