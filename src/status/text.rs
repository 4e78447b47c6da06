//! The screen of `lvskit status`.

use std::fmt::Write;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{Guard, GuardState, Instance, NotedBy, Role, RouteState, ServerDrain, Source, Status};
use crate::node::config;
use crate::node::ipvs::{self, Server, Service, SyncRole};

/// IP_VS_SVC_F_SCHED1, IP_VS_SVC_F_SCHED2: for mh and sh fallback, and the client's port.
const FALLBACK: u32 = 8;
const BY_PORT: u32 = 16;

/// So many of the day's changes are shown.
const CHANGES: usize = 8;

/// How wide the first column is.
const WIDE: usize = 12;

/// Escape sequences of a terminal.
const GREEN: &str = "\x1b[32m";
const RED: &str = "\x1b[31m";
const PLAIN: &str = "\x1b[0m";

/// The status for people, each line with its end. `coloured` for a terminal.
pub(super) fn screen(status: &Status, coloured: bool) -> String {
    let mut out = String::new();
    let paint = |colour: &str, text: &str| match coloured {
        true => format!("{colour}{text}{PLAIN}"),
        false => text.to_owned(),
    };
    head(status, &mut out);
    for instance in &status.instances {
        lines(instance, status, &paint, &mut out);
    }
    for service in &status.node.ipvs.services {
        balanced(service, &paint, &mut out);
    }
    for (at, one) in status.transitions.iter().rev().take(CHANGES).enumerate() {
        let what = if one.master { "became MASTER" } else { "gave up, or took no part" };
        let name = if at == 0 { "changes" } else { "" };
        let by = if status.noted_by == Some(NotedBy::Journal) { " (by the journal)" } else { "" };
        row(name, &format!("{} {} {what}{by}", utc(one.time), one.instance), &mut out);
    }
    for drain in &status.node.drain {
        let word = if drain.on { paint(RED, "on") } else { "off".to_owned() };
        row("drain", &format!("{word} ({})", drain.file), &mut out);
    }
    let server = match status.server_drain {
        ServerDrain::Off => None,
        ServerDrain::On => Some("server: on, checks are refused"),
        ServerDrain::Gone => {
            Some("server: its rules are gone; `lvskit drain --server` puts them back")
        }
        ServerDrain::Wanted => Some("server: on, as root noted it"),
    };
    if let Some(server) = server {
        row("drain", &paint(RED, server), &mut out);
    }
    if let Some(daemons) = daemons(status) {
        row("sync daemon", &daemons, &mut out);
    }
    if let Some((count, max)) = status.node.settings.conntrack() {
        row("conntrack", &format!("{count} of {max} entries"), &mut out);
    }
    for unread in &status.node.unread {
        row("not read", &format!("{}: {}", unread.source, unread.why), &mut out);
    }
    out
}

fn row(name: &str, text: &str, out: &mut String) {
    // Writing to a String can't fail.
    let _ = writeln!(out, "{name:<WIDE$}{text}");
}

fn head(status: &Status, out: &mut String) {
    let node = &status.node;
    let version = node.keepalived.version.as_deref().unwrap_or("of unknown version");
    let running = match (node.keepalived.pid, node.keepalived.started) {
        (None, _) => "not running".to_owned(),
        (Some(_), Some(started)) => {
            format!("running {}", duration(node.time.saturating_sub(started)))
        }
        (Some(_), None) => "running".to_owned(),
    };
    let by = match status.source {
        Source::KeepalivedConf => format!("by {}", node.keepalived.file.display()),
        Source::Kernel => "by the kernel alone".to_owned(),
    };
    let _ = writeln!(out, "{}   keepalived {version}, {running}; {by}", node.host);
}

/// `2026-11-25 04:10:12 UTC`; the number itself for a time that no calendar has.
pub(crate) fn utc(seconds: u64) -> String {
    let time =
        i64::try_from(seconds).ok().and_then(|it| OffsetDateTime::from_unix_timestamp(it).ok());
    let text = time.and_then(|time| time.format(&Rfc3339).ok());
    text.map_or(seconds.to_string(), |text| text.replace('T', " ").replace('Z', " UTC"))
}

/// `3 d 4 h`, `5 min`: the two largest units.
fn duration(seconds: u64) -> String {
    let (days, hours) = (seconds / 86_400, seconds / 3600 % 24);
    let (minutes, seconds) = (seconds / 60 % 60, seconds % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min {seconds} s"),
        (0, _, _) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}

fn lines(
    instance: &Instance,
    status: &Status,
    paint: &impl Fn(&str, &str) -> String,
    out: &mut String,
) {
    let configured = status.node.config.as_ref().and_then(|config| {
        config.instances.iter().find(|one| Some(&one.name) == instance.name.as_ref())
    });
    let name = instance.name.clone().unwrap_or_else(|| "address".to_owned());
    let colour = match instance.role {
        Role::Master | Role::Backup => GREEN,
        Role::Fault | Role::Stopped | Role::Mixed => RED,
    };
    let role = paint(colour, &format!("{:<8}", instance.role.word()));
    let about = configured.map(about).unwrap_or_default();
    let since = instance.since.map_or(String::new(), |since| format!(", since {}", utc(since)));
    let first = format!("{role}{about}{since}");
    // A name that is longer than its column keeps a blank behind it.
    let name = if name.chars().count() >= WIDE { format!("{name} ") } else { name };
    row(&name, first.trim_end(), out);
    for vip in &instance.vips {
        let place = match &vip.on {
            Some(interface) => format!("{} on {interface}", vip.address),
            None => format!("{} not here", vip.address),
        };
        let guard = match status.guard(vip.address) {
            Some(guard) => guarded(guard, paint),
            None => String::new(),
        };
        row("", format!("{place:<30}{guard}").trim_end(), out);
    }
}

fn about(instance: &config::Instance) -> String {
    let how = match (&instance.peers[..], instance.version) {
        ([], version) => format!("VRRP version {version}, multicast"),
        (peers, version) => format!("VRRP version {version}, unicast to {}", peers.len()),
    };
    let vrid = instance.virtual_router_id;
    format!("priority {}, VRID {vrid} on {}, {how}", instance.priority, instance.interface)
}

fn guarded(guard: &Guard, paint: &impl Fn(&str, &str) -> String) -> String {
    let state = match (guard.state, &guard.difference) {
        (GuardState::InForce, _) => "guard in force".to_owned(),
        (GuardState::Missing, _) => paint(RED, "guard missing"),
        (GuardState::Altered, Some(how)) => paint(RED, &format!("guard altered: {how}")),
        (GuardState::Altered, None) => paint(RED, "guard altered"),
    };
    let route = match guard.fallback_route {
        None => "",
        Some(RouteState::InPlace) => ", sessions kept",
        Some(RouteState::Missing) => ", sessions not kept: no fallback route",
        Some(RouteState::Unsafe) => ", fallback route unsafe",
    };
    format!("{state}{route}")
}

fn balanced(service: &Service, paint: &impl Fn(&str, &str) -> String, out: &mut String) {
    let mut scheduler = service.scheduler.clone();
    if matches!(service.scheduler.as_str(), "mh" | "sh") {
        if service.flags & BY_PORT != 0 {
            scheduler += " by port";
        }
        if service.flags & FALLBACK != 0 {
            scheduler += " with fallback";
        }
    }
    if service.persistence > 0 {
        scheduler += &format!(", persistent {} s", service.persistence);
    }
    let (up, all) = (service.in_the_balance(), service.servers.len());
    let up = format!("{up} of {all} in the balance");
    let up = if service.in_the_balance() == 0 { paint(RED, &up) } else { up };
    let rate = match service.counters.connections_per_second {
        0 => String::new(),
        rate => format!(", {rate} connections/s"),
    };
    let _ = writeln!(out, "  {:<26}{scheduler:<24}{up}{rate}", service.key.to_string());
    for server in &service.servers {
        let _ = writeln!(out, "    {}", self::server(server));
    }
}

fn server(server: &Server) -> String {
    let Server { address, port, weight, active, inactive, persistent, .. } = server;
    let endpoint = match address.is_ipv4() {
        true => format!("{address}:{port}"),
        false => format!("[{address}]:{port}"),
    };
    let persistent = match persistent {
        0 => String::new(),
        count => format!("  {count} persistent"),
    };
    let local = if server.forwarding == ipvs::Forwarding::Local { "  this node" } else { "" };
    let all =
        format!("weight {weight:<4}{active:>7} active {inactive:>7} closing{persistent}{local}");
    format!("{endpoint:<24}{all}")
}

fn daemons(status: &Status) -> Option<String> {
    let all = &status.node.ipvs.sync_daemons;
    match (all.is_empty(), status.node.ipvs.source) {
        (true, ipvs::Source::Netlink) => Some("off".to_owned()),
        (true, _) => None,
        (false, _) => {
            let one = |daemon: &ipvs::SyncDaemon| {
                let verb = match daemon.role {
                    SyncRole::Sends => "sends",
                    SyncRole::Receives => "receives",
                };
                format!("{verb} on {}, id {}", daemon.interface, daemon.id)
            };
            Some(all.iter().map(one).collect::<Vec<_>>().join("; "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_told_in_two_units() {
        let told = [5, 65, 3_700, 273_600].map(duration);
        assert_eq!(told, ["5 s", "1 min 5 s", "1 h 1 min", "3 d 4 h"]);
        assert_eq!(utc(1_764_043_812), "2025-11-25 04:10:12 UTC");
    }
}
