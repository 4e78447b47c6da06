//! The command: reads the inventory, asks the nodes, judges, tells.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use super::judge::Judgement;
use super::whole::Whole;
use super::{page, tell};
use crate::cluster::Cluster;
use crate::doctor::options::Doctor;
use crate::doctor::report::Report;
use crate::exit::Exit;
use crate::files;
use crate::gen_conf;
use crate::output::{self, Failure};
use crate::reach::{self, Target};

/// How long nodes listen without being asked for another time: as `doctor` does (three times the longest
/// interval, at most 15 seconds).
const INTERVALS: u32 = 4;
const LONGEST: Duration = Duration::from_secs(16);

/// Runs the command; results go to `out`, the rest to standard error.
pub(in crate::doctor) fn run(
    args: &Doctor,
    wanted: impl Fn(&str) -> bool,
    out: &mut impl Write,
) -> Result<Exit, Failure> {
    // The command line requires it.
    let file = args.inventory.as_deref().unwrap_or(Path::new("-"));
    let whole = ask(args, gen_conf::load(file)?);
    let judgement = Judgement::of(&whole, wanted);
    if let Some(file) = &args.html {
        output::publish(file, &page::page(&whole, &judgement), files::MODE)?;
    }
    let text = match args.json {
        true => tell::json(&whole, &judgement),
        false => tell::text(&whole, &judgement),
    };
    output::print(&text, out).map(|()| judgement.exit(args.allow_partial))
}

fn ask(args: &Doctor, cluster: Cluster) -> Whole {
    let mut words = vec!["doctor", "--report"];
    let seconds = args.listen.map(|listen| listen.as_secs_f64().to_string());
    if let Some(seconds) = &seconds {
        words.extend(["--listen", seconds]);
    }
    let slowest = cluster.vrrp_instances.iter().map(|one| one.advert_int.duration()).max();
    let listens = args.listen.unwrap_or((slowest.unwrap_or_default() * INTERVALS).min(LONGEST));
    let targets = Target::of(&cluster);
    let answers = reach::ask(&targets, &args.reach, &words, listens, Report::parse);
    Whole::of(cluster, answers, args.reach.from.is_none())
}
