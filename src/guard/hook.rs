//! What `bypass-ipvs` does with its command line: installs, prints, checks, watches or takes away
//! the guard, and says in syslog what happened.

use std::io::Write;

use serde_json::json;

use super::address::{self, Held};
use super::conflicts::{self, Finding, Findings};
use super::nft::{self, Nft};
use super::plan::Guard;
use super::settings::{Settings, SettingsError, servers_stay};
use super::status::Status;
use super::system::{System, SystemError, vips};
use super::watch;
use super::watch::changes::Changes;
use super::watch::follow::Follow;
use super::watch::keeper::Keeper;
use super::watch::orders::Orders;
use super::{list, own, refusal, text};
use crate::exit::Exit;
use crate::guard::options::Cli;
use crate::log::Log;
use crate::node::nft::Family::Inet;
use crate::node::nft::Nft as Kernel;
use crate::paths;
use crate::transitions;
use crate::vip::Vip;

/// Runs the command line and returns the exit code. Results go to `out`, the rest to `log`.
pub fn run(cli: &Cli, out: &mut impl Write, log: &mut Log) -> Exit {
    let system = System {
        nft: Nft { program: cli.nft.clone(), limit: nft::LIMIT },
        keep_sessions: cli.keep_sessions,
    };
    let guards = match cli.guards() {
        Ok(guards) => guards,
        Err(error) => {
            log.error(&error.to_string());
            return Exit::Usage;
        }
    };
    if cli.apply_settings {
        apply_settings(cli, log)
    } else if cli.restore_settings {
        restore_settings(&system, cli, log)
    } else if let Some(vips) = &cli.check {
        // Without --service, whichever services the guards are for.
        let expected = if cli.service.is_empty() { &[] } else { guards.as_slice() };
        check(&system, vips, expected, cli.json, out, log)
    } else if let Some(vips) = &cli.give_up {
        give_up(&system, vips, log)
    } else if let Some(vips) = &cli.purge {
        purge(&system, vips, cli.dry_run, out, log)
    } else if cli.dry_run {
        let routes = if cli.keep_sessions { text::routes(&vips(&guards)) } else { String::new() };
        print(out, &(text::transaction(&own::here(&guards)) + &routes), log)
    } else if cli.watch {
        watch(&system, cli, &guards, log)
    } else {
        for (vips, master) in [(&cli.remove, true), (&cli.add, false)] {
            if !vips.is_empty() {
                transitions::note(master, vips);
            }
        }
        install(&system, &guards, log)
    }
}

fn apply_settings(cli: &Cli, log: &mut Log) -> Exit {
    // Without a file that can be read nothing is known of the servers.
    let follow = Follow::new(&cli.config, cli.config_id.as_deref());
    let statements = follow.ok().and_then(|mut follow| follow.read().ok());
    match Settings::new(statements.is_some_and(|all| servers_stay(&all))).apply() {
        Ok(missing) if missing.is_empty() => Exit::Ok,
        Ok(missing) => {
            let missing = missing.join(", ");
            log.warning(&format!("not set, as ip_vs is not loaded (`modprobe ip_vs`): {missing}"));
            Exit::Ok
        }
        Err(error) => fail_settings(&error, log),
    }
}

/// While a fallback route may be there, the settings that make it safe stay.
fn restore_settings(system: &System, cli: &Cli, log: &mut Log) -> Exit {
    match system.known() {
        (vips, None) if vips.is_empty() => match Settings::new(false).restore() {
            // A hook may have put a guard in force meanwhile.
            Ok(true) if !system.known().0.is_empty() => apply_settings(cli, log),
            Ok(true) => {
                log.note("the kernel's settings are again what they were before");
                Exit::Ok
            }
            Ok(false) => Exit::Ok,
            Err(error) => fail_settings(&error, log),
        },
        (_, Some(error)) => fail(&error, "the kernel's settings stay: guards may be in force", log),
        (vips, None) => {
            let names = list(&vips);
            log.note(&format!(
                "the kernel's settings stay, as the guard of {names} is in force; to set them back: \
                 {0} --purge && {0} --restore-settings",
                paths::libexec("bypass-ipvs")
            ));
            Exit::Ok
        }
    }
}

fn fail_settings(error: &SettingsError, log: &mut Log) -> Exit {
    log.error(&format!("the kernel's settings: {error}"));
    match error {
        SettingsError::File { .. } => Exit::Refused,
        SettingsError::Line { .. } | SettingsError::Noted { .. } => Exit::No,
    }
}

fn install(system: &System, guards: &[Guard], log: &mut Log) -> Exit {
    let names = list(&vips(guards));
    match system.install(guards) {
        Ok(changed) => {
            let kept = if system.keep_sessions { ", sessions are kept" } else { "" };
            log.note(&format!("guard in force for {names}{kept}"));
            // A transition must not wait for the rules of others to be read: most hooks change nothing.
            if changed {
                let asked = guards.iter().map(|guard| (guard.vip, Some(guard.services.clone())));
                let conflicts = conflicts::find(&asked.collect::<Vec<_>>());
                conflicts.lines().iter().for_each(|line| log.warning(line));
            }
            Exit::Ok
        }
        Err(error) => fail(&error, &error.consequence(&names), log),
    }
}

/// Ends only when it can't listen: a service manager starts it anew.
fn watch(system: &System, cli: &Cli, guards: &[Guard], log: &mut Log) -> Exit {
    let orders = match guards {
        [] => match Follow::new(&cli.config, cli.config_id.as_deref()) {
            Ok(follow) => Orders::file(follow),
            Err(error) => {
                log.error(&format!("--config {}: {error}", cli.config.display()));
                return Exit::Usage;
            }
        },
        _ => Orders::named(guards, cli.keep_sessions),
    };
    let keeper = Keeper::new(system, orders, cli.keepalived_pid.clone());
    let outcome = Changes::listen().and_then(|changes| watch::keep(keeper, &changes, log));
    if let Err(error) = outcome {
        log.error(&format!("can't follow the kernel's changes of rules: {error}; run it as root"));
    }
    Exit::Refused
}

/// Takes `vips` off the node's interfaces; with an empty list, every VIP that is known here.
fn give_up(system: &System, vips: &[Vip], log: &mut Log) -> Exit {
    let (vips, unknown) = match vips {
        [] => system.known(),
        _ => (vips.to_vec(), None),
    };
    let names = match unknown {
        None if vips.is_empty() => return Exit::Ok,
        None => list(&vips),
        // Those that are not known are meant too.
        Some(_) => "every address".to_owned(),
    };
    match address::give_up(&vips) {
        Ok(held) => {
            for Held { vip, interface, .. } in held {
                log.note(&format!("took {vip} off {interface}, where it was left behind"));
            }
            unknown.map_or(Exit::Ok, |error| fail(&error, "more may be left behind", log))
        }
        Err(error) => {
            let error = SystemError::Address(error);
            fail(&error, &error.consequence(&names), log)
        }
    }
}

fn check(
    system: &System,
    vips: &[Vip],
    expected: &[Guard],
    json: bool,
    out: &mut impl Write,
    log: &mut Log,
) -> Exit {
    let states = match system.status(vips, expected) {
        Ok(states) => states,
        Err(error) if vips.is_empty() => return fail(&error, "can't read the guards", log),
        Err(error) => {
            return fail(&error, &format!("can't read the guard of {}", list(vips)), log);
        }
    };
    let services = |vip| {
        let guard = expected.iter().find(|guard| guard.vip == vip)?;
        Some(guard.services.clone())
    };
    let asked: Vec<_> = states.iter().map(|status| (status.vip, services(status.vip))).collect();
    let conflicts = conflicts::find(&asked);
    let shown = if json { as_json(&states, &conflicts) } else { as_text(&states, &conflicts) };
    let works = states.iter().all(Status::is_right) && !conflicts.break_something();
    match print(out, &shown, log) {
        Exit::Ok if !states.is_empty() && works => Exit::Ok,
        Exit::Ok => Exit::No,
        other => other,
    }
}

fn as_text(states: &[Status], conflicts: &Findings) -> String {
    if states.is_empty() {
        return "no guards here\n".to_owned();
    }
    let mut text = String::new();
    for status in states {
        text += &format!("{status}\n");
        text.extend(conflicts.of(status.vip).map(ToString::to_string));
    }
    let unread = conflicts.unread.iter();
    text.extend(unread.map(|why| format!("conflicting rules unknown: {why}\n")));
    text
}

fn as_json(states: &[Status], conflicts: &Findings) -> String {
    let guard = |status: &Status| {
        let mut guard = status.to_json();
        guard["findings"] = conflicts.of(status.vip).map(Finding::to_json).collect();
        guard
    };
    let guards: Vec<_> = states.iter().map(guard).collect();
    format!("{}\n", json!({ "guards": guards, "conflicts_unknown": conflicts.unread }))
}

fn purge(
    system: &System,
    vips: &[Vip],
    dry_run: bool,
    out: &mut impl Write,
    log: &mut Log,
) -> Exit {
    if dry_run {
        let told = if vips.is_empty() { text::purge_all() } else { text::purge(vips) };
        return print(out, &told, log);
    }
    let names = if vips.is_empty() { "every address".to_owned() } else { list(vips) };
    match system.purge(vips) {
        Ok(()) => {
            log.note(&format!("guard and fallback route of {names} are gone"));
            if vips.is_empty() { purge_drain(system, log) } else { Exit::Ok }
        }
        Err(error) => fail(&error, &format!("the guard of {names} may still be there"), log),
    }
}

/// What `lvskit drain --server` refuses: nobody who purges everything wants that it stays refused.
fn purge_drain(system: &System, log: &mut Log) -> Exit {
    let there = Kernel::open().and_then(|mut kernel| kernel.table(Inet, refusal::TABLE));
    match there {
        Ok(found) if found.tables.is_empty() => return Exit::Ok,
        Ok(_) => {}
        Err(error) => return fail(&SystemError::Unread(error), "checks may still be refused", log),
    }
    match system.nft.apply(&refusal::end()).map_err(SystemError::Nft) {
        Ok(()) => {
            log.note("the checks of this node are not refused any more (lvskit drain --server)");
            Exit::Ok
        }
        Err(error) => fail(&error, "checks are still refused", log),
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
