//! Keywords: values of which there are only a few, and what the others would have meant.

use super::read::{Read, wrong};
use crate::cluster::{CheckKind, Protocol, RouterId, Scheduler, Version};

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

pub(super) fn lb_algo(text: &str) -> Read<Scheduler> {
    match Scheduler::named(text) {
        Some(scheduler) => Ok(scheduler),
        None => wrong(
            format!("`{text}` is no scheduler"),
            format!("write one of {}", Scheduler::NAMES.join(", ")),
        ),
    }
}

pub(super) fn lb_kind(text: &str) -> Read<()> {
    match text {
        "DR" => Ok(()),
        _ => wrong(
            format!("`lb_kind: {text}` can't work when the balancers are the servers"),
            "write DR, or remove it",
        ),
    }
}

pub(super) fn protocol(text: &str) -> Read<Protocol> {
    match text {
        "TCP" => Ok(Protocol::Tcp),
        "UDP" => Ok(Protocol::Udp),
        _ => wrong(format!("`protocol: {text}` is not supported"), "write TCP or UDP"),
    }
}

pub(super) fn check_type(text: &str) -> Read<CheckKind> {
    match text {
        "SMTP_CHECK" => Ok(CheckKind::Smtp),
        "TCP_CHECK" => Ok(CheckKind::Tcp),
        "UDP_CHECK" => Ok(CheckKind::Udp),
        "smtp-check" => Ok(CheckKind::SmtpProbe),
        _ => wrong(
            format!("`{text}` is no check"),
            "write SMTP_CHECK, TCP_CHECK or UDP_CHECK (keepalived's own) or smtp-check (our probe)",
        ),
    }
}

pub(super) fn vrrp_version(text: &str) -> Read<Version> {
    match text {
        "2" => Ok(Version::V2),
        "3" => Ok(Version::V3),
        _ => wrong(format!("`{text}` is no version of VRRP"), "write 2 or 3"),
    }
}
