//! `lvskit undrain`: the server first, the director when it knows what the others know. Who is MASTER too early sends
//! the packets of sessions that it has not been told of to the wrong server, which resets them. A server is back when
//! every director sends it connections again: then the next node can be drained.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::director::{has_masters, pause};
use super::file::{self, Word};
use super::options::Undrain;
use super::report::{Failure, Report, no_file, unread};
use super::server;
use super::stop::failed;
use super::wait::in_the_balance;
use crate::conf::grammar::Statement;
use crate::exit::Exit;
use crate::guard::drained::{Drained, Until};
use crate::guard::nft::{self, Nft};
use crate::guard::refusal::{self, Refusal};
use crate::node::nft::{Family, Nft as Kernel};
use crate::node::state::NodeState;
use crate::output;

/// How long this node's own checks may take until it is in its own balance: the example's take 5 s.
const BACK: Duration = Duration::from_secs(15);

/// How long Linux collects connections before it tells other nodes of them (IP_VS_SYNC_FLUSH_TIME, 2 s), and
/// a second for the way.
const COLLECTED: Duration = Duration::from_secs(3);

/// Between two looks at the balance.
const LOOK: Duration = Duration::from_millis(500);

/// Takes the node in again.
pub(super) fn put_back(args: &Undrain, interrupted: &AtomicBool) -> Result<Report, Failure> {
    let (node, tree) = NodeState::read(&args.places.to_read());
    let _lock = Drained::lock()?;
    let noted = Drained::read()?;
    let until = noted.as_ref().map(|(_, until)| *until);
    let mut drained = noted.map(|(drained, _)| drained).unwrap_or_default();
    // Which file keepalived follows is not known then.
    if args.part.director() && drained.director.is_none() && node.config.is_none() {
        return Err(unread(&node));
    }
    let mut served = Instant::now();
    if args.part.server() {
        let refusal = drained.server.take();
        // Before the table goes, or the watcher would put it back.
        drained.write(until.unwrap_or(Until::Boot))?;
        let nft = Nft { program: args.nft.clone(), limit: nft::LIMIT };
        if !Kernel::open()?.table(Family::Inet, refusal::TABLE)?.tables.is_empty() {
            nft.apply(&refusal::end())?;
        }
        if let Some(refusal) = refusal {
            served = balanced(&node, &tree, &refusal, args.part.director(), interrupted);
        }
    }
    if args.part.director() {
        let mut files: BTreeSet<PathBuf> = file::followed(&tree).into_iter().collect();
        files.extend(drained.director.clone());
        if files.is_empty() && !args.part.any() {
            return Err(no_file());
        }
        take_part(args, &files, served, interrupted)?;
        drained.director = None;
    } else {
        wait(served, "until every director sends it connections again", interrupted);
    }
    drained.write(until.unwrap_or(Until::Boot))?;
    let until = until.filter(|_| drained != Drained::default());
    Ok(Report { drained, until, as_json: args.json, ..Report::default() })
}

/// Waits until this node's own balance has the server again; returns when that of every director has, and before a
/// director is one too, when the others have told of what they sent elsewhere meanwhile.
fn balanced(
    node: &NodeState,
    tree: &[Statement],
    refusal: &Refusal,
    director: bool,
    interrupted: &AtomicBool,
) -> Instant {
    let began = Instant::now();
    if node.keepalived.pid.is_none() {
        return began;
    }
    let checks =
        node.keepalived.checkers && tree.iter().any(|one| one.keyword() == "virtual_server");
    while checks
        && began.elapsed() < BACK
        && !interrupted.load(Ordering::Relaxed)
        && !in_the_balance(refusal)
    {
        pause(LOOK, interrupted);
    }
    let lag = server::plan(tree, |address| node.is_own(address), &[]).lag;
    began + lag + if director { COLLECTED } else { Duration::ZERO }
}

/// How much longer keepalived has to run until the others have told it their connections; nothing where it
/// is not told any.
fn untold(node: &NodeState, settle: Duration) -> Duration {
    // Just started, it may not have begun to listen.
    let is_told = !node.ipvs.sync_daemons.is_empty()
        || node.config.as_ref().is_some_and(|config| config.sync_daemon.is_some());
    let keepalived = &node.keepalived;
    let Some(started) = keepalived.started.filter(|_| is_told && keepalived.pid.is_some()) else {
        return Duration::ZERO;
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    // A clock that was set back must not make it longer.
    settle.saturating_sub(now.saturating_sub(Duration::from_secs(started)))
}

/// Ends the drain of the director, once nothing is lost by it.
fn take_part(
    args: &Undrain,
    files: &BTreeSet<PathBuf>,
    served: Instant,
    interrupted: &AtomicBool,
) -> Result<(), Failure> {
    let mut drained = Vec::new();
    for file in files {
        if file::read(file).map_err(|error| failed(file, &error))? != Word::Off {
            drained.push(file);
        }
    }
    while !drained.is_empty() && !interrupted.load(Ordering::Relaxed) {
        // Anew: somebody may restart keepalived meanwhile.
        let (node, _) = NodeState::read(&args.places.to_read());
        let told = Instant::now() + untold(&node, args.settle);
        let due = told.max(served);
        // Where nobody serves, every second counts more than the sessions.
        if due <= Instant::now() || !has_masters(&node, interrupted) {
            break;
        }
        let why = match told > served {
            true => "until the other nodes have told it their connections (--settle)",
            false => "until every director sends it connections again",
        };
        wait(due, why, interrupted);
    }
    if interrupted.load(Ordering::Relaxed) && !drained.is_empty() {
        let what = "interrupted: the director is still drained";
        return Err(Failure::new(Exit::Refused, what, "run it again"));
    }
    for file in drained {
        file::write(file, Word::Off).map_err(|error| failed(file, &error))?;
    }
    Ok(())
}

/// Waits until then, and says why.
fn wait(end: Instant, why: &str, interrupted: &AtomicBool) {
    let left = end.saturating_duration_since(Instant::now());
    if !left.is_zero() && !interrupted.load(Ordering::Relaxed) {
        output::say(format_args!("waits {} s {why}", left.as_secs_f64().ceil()));
        pause(left, interrupted);
    }
}
