//! The same verdicts as keepalived's: one keepalived checks servers that misbehave in every way we
//! know, with SMTP_CHECK and with `smtp-check --compat`, all at the same time. Where the verdicts
//! can't be the same (keepalived/README.md lists it), they must differ as it says there.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::cluster::Cluster;
use crate::differential::behaviour::{Behaviour, LONG, Verdict, Verdicts};
use crate::differential::stage::Stage;
use crate::differential::{self, conf, network, verdict, weights};
use crate::keepalived::{self, Keepalived, Said};
use crate::sandbox::ROOT;

/// How long all checks together may take.
const PATIENCE: Duration = Duration::from_secs(420);

/// How often they are looked at. Looking costs them time.
const PULSE: Duration = Duration::from_secs(3);

pub fn run(cluster: &mut Cluster) -> Result<String> {
    // The scripts have pauses that must mean the same to both checks.
    cluster.stop()?;
    verdict::prove()?;
    let chapters = differential::chapters();
    let folder = Path::new(ROOT).join("differential");
    fs::create_dir_all(&folder)?;
    let stage = Stage::build(&chapters)?;
    let conf = folder.join("keepalived.conf");
    fs::write(&conf, conf::render(&chapters, &folder)?)?;
    let log = keepalived::log(&folder);

    let began = Instant::now();
    let keepalived = Keepalived::start(&stage.netns, &folder, &conf, &Said::default())?;
    let found = wait(|| verdict::faults(&chapters, &stage, &text(&log)));
    let took = began.elapsed();
    keepalived.terminate()?;
    keepalived.wait()?;
    if let Err(faults) = found {
        let count = faults.len();
        println!("{}\n--- keepalived's log\n{}", fs::read_to_string(&conf)?, text(&log));
        bail!("{count} behaviours:\n{}", faults.join("\n"));
    }

    let weighed = weights::prove(&stage.netns, &folder.join("weights"))?;

    let all: Vec<&Behaviour> = chapters.iter().flat_map(|chapter| &chapter.behaviours).collect();
    let count = |smtp_check, probe| {
        let verdicts = Verdicts { smtp_check, probe };
        all.iter().filter(|behaviour| behaviour.expected == verdicts).count()
    };
    let decoys = network::decoys().behaviours.len();
    Ok(format!(
        "{} behaviours within {} s, each checked twice by both: {} up, {} down; where \
         SMTP_CHECK has no verdict, down: {}; where it has no deadline or may more, down: {}; {decoys} decoys; {weighed}",
        all.len() - decoys,
        took.as_secs(),
        count(Verdict::Up, Verdict::Up),
        count(Verdict::Down, Verdict::Down),
        count(Verdict::None, Verdict::Down),
        // One of the decoys looks like these.
        count(Verdict::Up, Verdict::Down) - decoys / 2,
    ))
}

/// Waits until there is no fault, and none a while later either; else tells the last ones.
fn wait(faults: impl Fn() -> Vec<String>) -> Result<(), Vec<String>> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = faults();
        if found.is_empty() {
            std::thread::sleep(LONG);
            let later = faults();
            return if later.is_empty() { Ok(()) } else { Err(later) };
        }
        if Instant::now() > deadline {
            return Err(found);
        }
        std::thread::sleep(PULSE);
    }
}

fn text(log: &Path) -> String {
    fs::read_to_string(log).unwrap_or_default()
}
