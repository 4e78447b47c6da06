//! The commands `lvskit drain` and `lvskit undrain`.

use std::borrow::Cow;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nftables::schema::Nftables;
use nix::unistd::geteuid;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::director::{Director, Refused, Taken};
use super::file::{self, Word};
use super::options::{Drain, Undrain};
use super::report::{Failure, Report, no_file, unread};
use super::server::Plan;
use super::stop::failed;
use super::{back, server, stop, wait};
use crate::conf::grammar::Statement;
use crate::exit::Exit;
use crate::guard::drained::{Drained, Until};
use crate::guard::nft::{self, Nft};
use crate::guard::refusal::{InForce, Refusal};
use crate::node::state::NodeState;
use crate::output;

/// Runs `lvskit drain`; results go to `out`, the rest to standard error.
pub fn drain(args: &Drain, out: &mut impl Write) -> Exit {
    let outcome = begin("drain").and_then(|interrupted| {
        let nft = Nft { program: args.nft.clone(), limit: nft::LIMIT };
        if args.stopping {
            stop::before(&args.places.to_read(), &interrupted).map(|()| None)
        } else if args.restore {
            stop::restore(&nft).map(|()| None)
        } else {
            take_out(args, &nft, &interrupted).map(Some)
        }
    });
    end(outcome, out)
}

/// Runs `lvskit undrain`; results go to `out`, the rest to standard error.
pub fn undrain(args: &Undrain, out: &mut impl Write) -> Exit {
    let outcome = begin("undrain").and_then(|interrupted| {
        if args.stopping {
            stop::after().map(|()| None)
        } else {
            back::put_back(args, &interrupted).map(|report| Some((report, Exit::Ok)))
        }
    });
    end(outcome, out)
}

/// Only root; a signal lets it end in good order.
fn begin(command: &str) -> Result<Arc<AtomicBool>, Failure> {
    if !geteuid().is_root() {
        let help = format!("sudo lvskit {command}");
        return Err(Failure::new(Exit::Refused, format!("lvskit {command} needs root"), help));
    }
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, interrupted.clone()).map_err(|error| {
            Failure::new(Exit::Refused, format!("signals: {error}"), "run it again")
        })?;
    }
    Ok(interrupted)
}

fn end(outcome: Result<Option<(Report, Exit)>, Failure>, out: &mut impl Write) -> Exit {
    match outcome {
        Ok(None) => Exit::Ok,
        Ok(Some((report, exit))) => report.write(exit, out),
        Err(failure) => failure.tell(),
    }
}

/// Everything that may be refused is looked at before anything changes. The director goes first: while a new
/// MASTER has not been told all connections, it has to find the same servers as the old one.
fn take_out(args: &Drain, nft: &Nft, interrupted: &AtomicBool) -> Result<(Report, Exit), Failure> {
    let (node, tree) = NodeState::read(&args.places.to_read());
    if node.config.is_none() {
        return Err(unread(&node));
    }
    let lock = Drained::lock()?;
    let (noted, _) = Drained::read()?.unzip();
    let mut drained = noted.unwrap_or_default();
    let plan = match args.part.server() {
        true => planned(args, &node, &tree, drained.server.as_ref())?,
        false => None,
    };
    if plan.is_some() {
        // An nft that can't do its part says so before anything has changed.
        nft.apply(&Nftables { objects: Cow::default() })?;
    }
    let lag = plan.as_ref().map_or(Duration::ZERO, |plan| plan.lag);
    let until = if args.until_boot { Until::Boot } else { Until::Undrain };
    let mut taken = Vec::new();
    if args.part.director() {
        let director = Director { file: followed(&tree)?, node };
        taken = give_up(args, &director, interrupted)?;
        drained.director = Some(director.file);
        drained.write(until)?;
    }
    if let Some(refusal) = plan.map(|plan| plan.refusal) {
        let same = drained.server.as_ref() == Some(&refusal);
        if !(same && matches!(refusal.in_force()?, InForce::Yes { .. })) {
            nft.apply(&refusal.transaction())?;
        }
        drained.server = Some(refusal);
    }
    drained.write(until)?;
    drop(lock);
    let mut report =
        Report { drained, until: Some(until), taken, sessions: None, as_json: args.json };
    let mut exit = Exit::Ok;
    if let Some(refusal) = report.drained.server.as_ref().filter(|_| args.wait) {
        let (left, over) = wait::wait(refusal, args.timeout, lag, interrupted)
            .map_err(|why| Failure::new(Exit::Refused, why, "the node is drained all the same"))?;
        report.sessions = Some(left.sessions);
        if !over {
            let why = if interrupted.load(Ordering::Relaxed) { "interrupted" } else { "timeout" };
            let what = format_args!("{why}: {}; the node stays drained", left.text());
            exit = output::fail(Exit::Timeout, what);
        }
    }
    Ok((report, exit))
}

/// What is to be refused; `None` where this node is no server and nobody said that it is.
fn planned(
    args: &Drain,
    node: &NodeState,
    tree: &[Statement],
    before: Option<&Refusal>,
) -> Result<Option<Plan>, Failure> {
    let mut plan = server::plan(tree, |address| node.is_own(address), &args.from);
    // Those that were named before stay.
    plan.refusal.from.extend(before.iter().flat_map(|before| &before.from));
    if let Some((what, help)) = plan.against.first().filter(|_| !args.force) {
        return Err(Failure::new(Exit::No, what, *help));
    }
    if plan.refusal.ports.is_empty() {
        if args.part.any() {
            return Ok(None);
        }
        let what = "no real server of keepalived.conf is this node";
        return Err(Failure::new(Exit::No, what, "lvskit drain --director drains the director"));
    }
    let alone = server::alone(&plan.refusal, &node.ipvs);
    if !alone.is_empty() && !args.force {
        let what = format!("no other server is in the balance of {}", alone.join(", "));
        return Err(Failure::new(
            Exit::No,
            what,
            "`lvskit status` shows them; --force drains all the same",
        ));
    }
    Ok(Some(plan))
}

fn give_up(
    args: &Drain,
    director: &Director,
    interrupted: &AtomicBool,
) -> Result<Vec<Taken>, Failure> {
    let word = file::read(&director.file).map_err(|error| failed(&director.file, &error))?;
    if word == Word::Asked {
        return Ok(Vec::new());
    }
    // Nobody gives an address up, or nobody has to take it.
    if args.force || director.node.keepalived.pid.is_none() {
        file::write(&director.file, Word::Asked).map_err(|error| failed(&director.file, &error))?;
        return Ok(Vec::new());
    }
    director.hand_over(Word::Asked, interrupted).map_err(|refused| {
        let exit = match &refused {
            Refused::Failed(_) => Exit::Refused,
            Refused::File(_) => Exit::File,
            _ => Exit::No,
        };
        Failure::new(exit, format!("not drained: {refused}"), refused.help())
    })
}

fn followed(tree: &[Statement]) -> Result<PathBuf, Failure> {
    file::followed(tree).ok_or_else(no_file)
}
