//! What `bypass-ipvs` does with its command line: installs, prints or checks the guard, and says
//! in syslog what happened.

use std::io::Write;

use serde_json::json;

use super::check::{State, judge};
use super::nft::{self, LIMIT, Nft};
use super::text;
use crate::child::ChildError;
use crate::cli::bypass_ipvs::Cli;
use crate::exit::Exit;
use crate::log::Log;
use crate::vip::Vip;

/// Runs the command line and returns the exit code. Results go to `out`, the rest to `log`.
pub fn run(cli: &Cli, out: &mut impl Write, log: &mut Log) -> Exit {
    let nft = Nft { program: cli.nft.clone(), limit: LIMIT };
    if !cli.check.is_empty() {
        return check(&nft, cli, out, log);
    }
    let vips = cli.guarded();
    if cli.dry_run {
        return print(out, &text::transaction(&vips), log);
    }
    match nft.install(&vips) {
        Ok(()) => {
            log.note(&format!("guard in force for {}", list(&vips)));
            Exit::Ok
        }
        Err(error) => fail(&error, &format!("no guard for {}", list(&vips)), log),
    }
}

fn check(nft: &Nft, cli: &Cli, out: &mut impl Write, log: &mut Log) -> Exit {
    let mut states = Vec::new();
    for &vip in &cli.check {
        match nft.list(vip) {
            Ok(listing) => states.push((vip, judge(vip, listing.as_deref()))),
            Err(error) => return fail(&error, &format!("can't read the guard of {vip}"), log),
        }
    }
    let shown = if cli.json { as_json(&states) } else { as_text(&states) };
    match print(out, &shown, log) {
        Exit::Ok if states.iter().all(|(_, state)| *state == State::InForce) => Exit::Ok,
        Exit::Ok => Exit::No,
        other => other,
    }
}

fn as_text(states: &[(Vip, State)]) -> String {
    (states.iter())
        .map(|(vip, state)| match state {
            State::InForce => format!("{vip} in force\n"),
            State::Missing => format!("{vip} missing\n"),
            State::Altered(how) => format!("{vip} altered: {how}\n"),
        })
        .collect()
}

fn as_json(states: &[(Vip, State)]) -> String {
    let guards: Vec<_> = (states.iter())
        .map(|(vip, state)| {
            let (word, how) = match state {
                State::InForce => ("in force", None),
                State::Missing => ("missing", None),
                State::Altered(how) => ("altered", Some(how)),
            };
            json!({ "vip": vip.to_string(), "guard": word, "difference": how })
        })
        .collect();
    format!("{}\n", json!({ "guards": guards }))
}

fn print(out: &mut impl Write, text: &str, log: &mut Log) -> Exit {
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Exit::Ok,
        Err(error) => {
            log.error(&format!("standard output: {error}"));
            Exit::File
        }
    }
}

fn fail(error: &ChildError, what: &str, log: &mut Log) -> Exit {
    log.error(&format!("{what}: {error}; {}", nft::advice(error)));
    error.exit()
}

fn list(vips: &[Vip]) -> String {
    vips.iter().map(Vip::to_string).collect::<Vec<_>>().join(", ")
}
