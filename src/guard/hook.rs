//! What `bypass-ipvs` does with its command line: installs, prints, checks, watches or takes away
//! the guard, and says in syslog what happened.

use std::io::Write;

use sd_notify::NotifyState;
use serde_json::json;

use super::address::Held;
use super::check::State;
use super::nft::{self, Nft};
use super::route::{self, Ip};
use super::system::{Status, System, SystemError};
use super::watch::{self, Changes};
use super::{list, text};
use crate::cli::bypass_ipvs::Cli;
use crate::exit::Exit;
use crate::log::Log;
use crate::vip::Vip;

/// Runs the command line and returns the exit code. Results go to `out`, the rest to `log`.
pub fn run(cli: &Cli, out: &mut impl Write, log: &mut Log) -> Exit {
    let nft = Nft { program: cli.nft.clone(), limit: nft::LIMIT };
    let ip = Ip { program: cli.ip.clone(), limit: route::LIMIT };
    if let Some(vips) = &cli.give_up {
        return give_up(&System { nft, ip: None }, &ip, vips, log);
    }
    let routes = cli.keep_sessions || cli.purge.is_some();
    let system = System { nft, ip: routes.then_some(ip) };
    if let Some(vips) = &cli.check {
        check(&system, vips, cli.json, out, log)
    } else if let Some(vips) = &cli.purge {
        purge(&system, vips, cli.dry_run, out, log)
    } else if cli.dry_run {
        let routes = if cli.keep_sessions { text::routes(&cli.guarded()) } else { String::new() };
        print(out, &(text::transaction(&cli.guarded()) + &routes), log)
    } else if cli.watch {
        watch(&system, &cli.guarded(), log)
    } else {
        install(&system, &cli.guarded(), log)
    }
}

fn install(system: &System, vips: &[Vip], log: &mut Log) -> Exit {
    let names = list(vips);
    match system.install(vips) {
        Ok(()) => {
            let kept = if system.ip.is_some() { ", sessions are kept" } else { "" };
            log.note(&format!("guard in force for {names}{kept}"));
            Exit::Ok
        }
        Err(error) => fail(&error, &error.consequence(&names), log),
    }
}

/// Ends only with an error: a service manager starts it anew. Not for want of a fallback route:
/// the guard is in force, and the route follows as soon as it can.
fn watch(system: &System, vips: &[Vip], log: &mut Log) -> Exit {
    let deaf = |error: std::io::Error, log: &mut Log| {
        log.error(&format!("the kernel tells no changes of its rules: {error}; run it as root"));
        Exit::Refused
    };
    let changes = match Changes::listen() {
        Ok(changes) => changes,
        Err(error) => return deaf(error, log),
    };
    let outcome = system.install(vips);
    match &outcome {
        Err(error @ SystemError::Nft(_)) => {
            return fail(error, &error.consequence(&list(vips)), log);
        }
        Err(_) => {}
        Ok(()) => log.note(&format!("guard in force for {}, watched", list(vips))),
    }
    // Nobody to tell, when it was started by hand.
    let _ = sd_notify::notify(&[NotifyState::Ready]);
    let error = watch::keep(system, vips, &changes, outcome.map(|()| None), log);
    deaf(error, log)
}

/// Takes `vips` off the node's interfaces; with an empty list, every VIP that has a guard here.
fn give_up(system: &System, ip: &Ip, vips: &[Vip], log: &mut Log) -> Exit {
    let vips = match (vips, system.status(&[])) {
        ([], Ok(guarded)) => guarded.iter().map(|status| status.vip).collect(),
        ([], Err(error)) => return fail(&error, "can't read the guards", log),
        _ => vips.to_vec(),
    };
    let given_up = ip.held(&vips).and_then(|held| ip.give_up(&held).map(|()| held));
    match given_up {
        Ok(held) => {
            for Held { vip, interface, .. } in held {
                log.note(&format!("took {vip} off {interface}, where it was left behind"));
            }
            Exit::Ok
        }
        Err(error) => {
            fail(&SystemError::Ip(error), &format!("{} may be left behind", list(&vips)), log)
        }
    }
}

fn check(system: &System, vips: &[Vip], json: bool, out: &mut impl Write, log: &mut Log) -> Exit {
    let states = match system.status(vips) {
        Ok(states) => states,
        Err(error) if vips.is_empty() => return fail(&error, "can't read the guards", log),
        Err(error) => {
            return fail(&error, &format!("can't read the guard of {}", list(vips)), log);
        }
    };
    let shown = if json { as_json(&states) } else { as_text(&states) };
    match print(out, &shown, log) {
        Exit::Ok if !states.is_empty() && states.iter().all(Status::is_right) => Exit::Ok,
        Exit::Ok => Exit::No,
        other => other,
    }
}

fn as_text(states: &[Status]) -> String {
    match states {
        [] => "no guards here\n".to_owned(),
        _ => states.iter().map(|status| format!("{status}\n")).collect(),
    }
}

fn as_json(states: &[Status]) -> String {
    let guards: Vec<_> = (states.iter())
        .map(|Status { vip, guard, route }| {
            let (word, how) = match guard {
                State::InForce => ("in force", None),
                State::Missing => ("missing", None),
                State::Altered(how) => ("altered", Some(how)),
            };
            let vip = vip.to_string();
            json!({ "vip": vip, "guard": word, "difference": how, "fallback_route": route })
        })
        .collect();
    format!("{}\n", json!({ "guards": guards }))
}

fn purge(
    system: &System,
    vips: &[Vip],
    dry_run: bool,
    out: &mut impl Write,
    log: &mut Log,
) -> Exit {
    let named = match (vips, system.status(&[])) {
        ([], Ok(states)) => states.iter().map(|status| status.vip).collect(),
        ([], Err(error)) => return fail(&error, "can't read the guards", log),
        _ => vips.to_vec(),
    };
    if dry_run {
        return print(out, &text::purge(&named), log);
    }
    match system.purge(vips) {
        Ok(()) => {
            let names = if named.is_empty() { "nobody".to_owned() } else { list(&named) };
            log.note(&format!("guard and fallback route taken away from {names}"));
            Exit::Ok
        }
        Err(error) => fail(&error, "the guards stay", log),
    }
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

fn fail(error: &SystemError, what: &str, log: &mut Log) -> Exit {
    log.error(&format!("{what}: {error}"));
    error.exit()
}
