//! The scenarios: each brings the cluster into a situation, says what must hold there, and leaves
//! the cluster whole for the next.

mod converged;
mod link_death;
mod round_robin;
mod server_stop;

use std::time::Instant;

use anyhow::{Result, ensure};

use crate::cluster::Cluster;
use crate::{report, syslog};

/// A scenario. What it returns is a line of what was seen.
pub struct Scenario {
    pub name: &'static str,
    pub tells: &'static str,
    run: fn(&mut Cluster) -> Result<String>,
}

/// All of them, in the order in which they run.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "converged",
        tells: "started together, again and again, the cluster always ends right",
        run: converged::run,
    },
    Scenario {
        name: "link_death",
        tells: "the MASTER's link dies and comes back; service goes on",
        run: link_death::run,
    },
    Scenario {
        name: "server_stop",
        tells: "a node's Postfix stops and comes back; no greeting is lost meanwhile",
        run: server_stop::run,
    },
    Scenario {
        name: "probe",
        tells: "the same with smtp-check as keepalived's MISC_CHECK",
        run: server_stop::run_with_probe,
    },
    Scenario { name: "round_robin", tells: "no packet is balanced twice", run: round_robin::run },
];

/// Runs the scenarios named, or all, in one cluster; prints one line for each.
pub fn run(names: &[&str]) -> Result<()> {
    for name in names {
        let known = ALL.iter().any(|scenario| scenario.name == *name);
        ensure!(known, "no scenario `{name}`; `lab list` names them");
    }
    syslog::start()?;
    let began = Instant::now();
    let mut cluster = Cluster::build()?;
    println!("lab: network and four Postfixes ready after {} s", began.elapsed().as_secs());
    let (mut passed, mut failed) = (0, 0);
    for scenario in ALL {
        if !names.is_empty() && !names.contains(&scenario.name) {
            continue;
        }
        let began = Instant::now();
        match cluster.start().and_then(|()| (scenario.run)(&mut cluster)) {
            Ok(seen) => {
                passed += 1;
                println!("{} ... ok, {} s: {seen}", scenario.name, began.elapsed().as_secs());
            }
            Err(error) => {
                failed += 1;
                let told = format!("{} ... FAILED: {error:#}", scenario.name);
                println!("{told}");
                report::print(&cluster);
                // Once more, below the long report, where a reader of a log's end looks.
                println!("\n{told}");
                // Later scenarios need a whole cluster.
                break;
            }
        }
    }
    cluster.stop()?;
    println!("lab: {passed} passed, {failed} failed");
    ensure!(failed == 0, "a scenario failed");
    Ok(())
}
