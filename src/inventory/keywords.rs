//! Keywords: values of which there are only a few, and what the others would have meant.

use super::keys::form::TUNNEL;
use super::read::{Read, wrong};
use super::values;
use crate::cluster::{Forwarding, Protocol, Release, RouterId, Scheduler, Version};

pub(super) fn auth_type(text: &str) -> Read<()> {
    match text {
        "PASS" => Ok(()),
        // Not quoted: it may be a password in the wrong place.
        _ => wrong("this auth_type is not supported", "write PASS, or remove `authentication`"),
    }
}

/// Truth values; YAML 1.1's other spellings are refused rather than guessed.
pub(super) fn yes_no(text: &str) -> Read<bool> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => wrong(format!("`{text}` is neither true nor false"), "write true or false"),
    }
}

/// `state`: only BACKUP can be asked for; MASTER follows from the order of the nodes.
pub(super) fn state(text: &str) -> Read<()> {
    match text {
        "BACKUP" => Ok(()),
        _ => wrong(
            format!("`state: {text}` can't be asked for"),
            "write BACKUP to let an election decide; without `state`, the first node is MASTER",
        ),
    }
}

pub(super) fn router_id(text: &str) -> Read<RouterId> {
    match text {
        "hostname" => Ok(RouterId::HostName),
        _ => wrong(
            format!("`router_id: {text}` would be the same on all nodes"),
            "remove it: it follows from the node's name; or write hostname to leave it to keepalived",
        ),
    }
}

pub(super) fn lb_algo(text: &str, target: Release) -> Read<Scheduler> {
    let known: Vec<&str> = Scheduler::known(target).collect();
    match Scheduler::named(text).filter(|scheduler| known.contains(&scheduler.name())) {
        Some(scheduler) => Ok(scheduler),
        None => {
            wrong(format!("`{text}` is no scheduler"), format!("write one of {}", known.join(", ")))
        }
    }
}

pub(super) fn lb_kind(text: &str) -> Read<Forwarding> {
    match text.split_once(' ').map_or((text, None), |(kind, rest)| (kind, Some(rest))) {
        ("DR", None) => Ok(Forwarding::Dr),
        ("NAT", None) => Ok(Forwarding::Nat),
        ("TUN", None) => Ok(Forwarding::Tun(String::new())),
        ("TUN", Some(rest)) => match values::words(rest)? {
            rest if (TUNNEL.fits)(&rest) => Ok(Forwarding::Tun(format!(" {rest}"))),
            rest => wrong(format!("`{rest}` is no tunnel"), format!("write {}", TUNNEL.shown)),
        },
        _ => wrong(format!("`{text}` is no lb_kind"), "write DR, NAT or TUN"),
    }
}

pub(super) fn protocol(text: &str) -> Read<Protocol> {
    let named = |protocol: &Protocol| protocol.to_string() == text;
    match Protocol::ALL.into_iter().find(named) {
        Some(protocol) => Ok(protocol),
        None => wrong(format!("`protocol: {text}` is not supported"), "write TCP, UDP or SCTP"),
    }
}

pub(super) fn target(text: &str) -> Read<Release> {
    match Release::named(text) {
        Some(release) => Ok(release),
        None => wrong(
            format!("`{text}` is no target"),
            format!("write one of {}", Release::NAMES.join(", ")),
        ),
    }
}

/// `election`: whether the nodes are all alike.
pub(super) fn election(text: &str) -> Read<bool> {
    match text {
        "uniform" => Ok(true),
        "ranked" => Ok(false),
        _ => wrong(format!("`{text}` is no election"), "write ranked or uniform"),
    }
}

pub(super) fn vrrp_version(text: &str) -> Read<Version> {
    match text {
        "2" => Ok(Version::V2),
        "3" => Ok(Version::V3),
        _ => wrong(format!("`{text}` is no version of VRRP"), "write 2 or 3"),
    }
}
