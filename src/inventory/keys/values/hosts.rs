//! Hosts, as the network knows them: names, addresses, networks, ports, mailboxes.

use std::net::IpAddr;

use super::super::form::NETWORK;
use super::super::wrong::{Read, invalid, wrong};
use super::Kind;
use super::text::{TEXT, ascii, word};
use crate::cluster::SmtpServer;
use crate::conf::word::Word;
use crate::vip::{Family, Vip, VipError};

/// The longest host name (RFC 1123) and its longest label.
const HOST_LENGTH: usize = 253;
const LABEL_LENGTH: usize = 63;

/// An IP address, as far as a pattern can say it.
macro_rules! address {
    () => {
        r"((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}|(?=.*:.*:)[0-9a-fA-F:.]+)"
    };
}

macro_rules! host {
    () => {
        r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*"
    };
}

macro_rules! port {
    () => {
        " +0*([1-9][0-9]{0,4})"
    };
}

/// A host name, RFC 1123. Also a folder's name below `--out-dir`, so nothing else may pass.
pub const HOST: Kind = Kind {
    several: false,
    shown: "a host name",
    pattern: concat!("^(?=.{1,253}$)", host!(), "$"),
    numeric: true,
    good: "some.example.org",
    bad: "some/example",
    read: |text| host(text).map(|word| word.to_string()),
};

/// The name in HELO: a host name, or an address literal such as [192.168.3.1] (RFC 5321, 4.1.3).
pub const HELO: Kind = Kind {
    several: false,
    shown: "a host name, or an address in brackets",
    pattern: concat!(r"^(?=.{1,253}$)(", host!(), r"|\[(IPv6:)?[0-9a-fA-F:.]+\])$"),
    numeric: true,
    good: "some.example.org",
    bad: "[x]",
    read: |text| {
        let literal = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let address = literal.map(|inner| inner.strip_prefix("IPv6:").unwrap_or(inner));
        match address {
            Some(inner) if inner.parse::<IpAddr>().is_ok() => (TEXT.read)(text),
            _ => (HOST.read)(text),
        }
    },
};

/// A mailbox; not more than a look at its shape. A mail server completes the address of one of its own
/// users, such as root.
pub const MAILBOX: Kind = Kind {
    several: false,
    shown: "a mail address, or a user of the mail server",
    pattern: concat!("^", word!(), r"([!#-?A-\[\]-~]+@[!#-\[\]-~]+|[A-Za-z0-9._+-]+)$"),
    numeric: true,
    good: "unix_adm@domain.ru",
    bad: "@domain.ru",
    read: |text| {
        let local = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
        let fits = match text.split_once('@') {
            Some((local, domain)) => {
                !local.is_empty() && !domain.is_empty() && !text.contains(char::is_whitespace)
            }
            None => !text.is_empty() && text.chars().all(local),
        };
        if !fits {
            let help = "write one such as unix_adm@domain.ru";
            return wrong(format!("invalid mail address `{text}`"), help);
        }
        ascii(text)
    },
};

/// An address of any kind.
pub const ADDRESS: Kind = Kind {
    several: false,
    shown: "an IP address",
    pattern: concat!("^", address!(), "$"),
    numeric: false,
    good: "192.168.3.9",
    bad: "192.168.3.300",
    read: |text| any_address(text).map(|address| address.to_string()),
};

/// A server's own address: one that other hosts reach it at.
pub const UNICAST: Kind = Kind {
    several: false,
    shown: "an IP address",
    pattern: concat!(r"^(?!(0|127|22[4-9]|2[3-5]\d)\.)(?![fF][fF])", address!(), "$"),
    numeric: false,
    good: "192.168.3.9",
    bad: "127.0.0.1",
    read: |text| {
        if text.contains('/') {
            return wrong(
                format!("`{text}` has a prefix length"),
                "write the node's address alone; the network is the system's business",
            );
        }
        vip(text).map(|vip| vip.to_string())
    },
};

/// A VIP, with or without the length of its network.
pub const PREFIXED: Kind = Kind {
    several: false,
    shown: "an IP address, or ADDRESS/LENGTH",
    pattern: concat!(r"^(?!(0|127|22[4-9]|2[3-5]\d)\.)(?![fF][fF])", address!(), "(/[0-9.]+)?$"),
    numeric: false,
    good: "192.168.3.100/24",
    bad: "192.168.3.100/x",
    read: |text| {
        let vip = usable(Vip::in_instance(text))?;
        let network: Option<ipnetwork::IpNetwork> =
            text.contains('/').then(|| text.parse().ok()).flatten();
        let not_a_host = |network: &ipnetwork::IpNetwork| {
            let single = if network.is_ipv4() { 31 } else { 127 };
            let (first, last) = (network.network(), network.broadcast());
            network.prefix() == 0
                || network.prefix() < single
                    && (network.ip() == first || network.is_ipv4() && network.ip() == last)
        };
        match network {
            Some(network) if not_a_host(&network) => wrong(
                format!("`{text}` is a network, not an address in it"),
                "write the VIP with the network's prefix length, such as 192.168.3.100/24",
            ),
            Some(network) => Ok(network.to_string()),
            None => Ok(vip.to_string()),
        }
    },
};

/// `ADDRESS` or `ADDRESS PORT`.
pub const ENDPOINT: Kind = Kind {
    several: true,
    shown: "ADDRESS or ADDRESS PORT",
    pattern: concat!("^", address!(), "(", port!(), ")?$"),
    numeric: false,
    good: "192.168.3.9",
    bad: "192.168.3.9 0",
    read: |text| {
        let (first, port) = and_port(text, "server", ENDPOINT.shown)?;
        let address = any_address(first)?;
        Ok(port.map_or_else(|| address.to_string(), |port| format!("{address} {port}")))
    },
};

/// `HOST` or `HOST PORT`.
pub const RELAY: Kind = Kind {
    several: true,
    shown: "HOST or HOST PORT",
    pattern: concat!(
        "^((?=[^ ]{1,253}( |$))(?!([0-9.]+|true|false)( |$))",
        host!(),
        "|",
        address!(),
        ")(",
        port!(),
        ")?$"
    ),
    numeric: false,
    good: "192.168.3.1 2525",
    bad: "192.168.3.1 0",
    read: |text| {
        let (first, port) = and_port(text, "mail server", RELAY.shown)?;
        let is_address = first.parse::<IpAddr>().is_ok();
        let is_number = first.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        if !is_address && (is_number || ["true", "false"].contains(&first)) {
            return wrong(
                format!("`{first}` is no address and no host name"),
                "write one such as 192.168.3.1 or mail.domain.ru",
            );
        }
        let host = if is_address { word(first)? } else { host(first)? };
        Ok(SmtpServer { host, port }.to_string())
    },
};

/// The broadcast address of an address.
pub const BROADCAST: Kind = Kind {
    several: false,
    shown: "an IP address, + or -",
    pattern: concat!(r"^([+-]|", address!(), ")$"),
    numeric: false,
    good: "192.168.3.255",
    bad: "*",
    read: |text| match text {
        "+" | "-" => Ok(text.to_owned()),
        _ => any_address(text).map(|address| address.to_string()),
    },
};

/// A network, such as 192.168.3.0/24.
pub const NETWORK_KIND: Kind = Kind {
    several: false,
    shown: NETWORK.shown,
    pattern: NETWORK.pattern,
    numeric: false,
    good: NETWORK.good,
    bad: NETWORK.bad,
    read: |text| match (NETWORK.fits)(text) {
        true => Ok(text.to_owned()),
        false => invalid("network", text, NETWORK.shown),
    },
};

fn host(text: &str) -> Read<Word> {
    let label = |label: &str| {
        (1..=LABEL_LENGTH).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if text.len() > HOST_LENGTH || !text.split('.').all(label) {
        return wrong(
            format!("invalid host name `{text}`"),
            "write one such as server01.domain.ru: letters, digits and dashes between dots",
        );
    }
    word(text)
}

fn any_address(text: &str) -> Read<IpAddr> {
    text.parse().or_else(|_| {
        wrong(format!("invalid IP address `{text}`"), "write one such as 192.168.3.1 or fd00::1")
    })
}

/// The first of one or two words, and the port that the second is.
fn and_port<'a>(text: &'a str, what: &str, shown: &str) -> Read<(&'a str, Option<u16>)> {
    let mut words = text.split_whitespace();
    let (Some(first), second, None) = (words.next(), words.next(), words.next()) else {
        return invalid(what, text, shown);
    };
    match second.map(str::parse) {
        None => Ok((first, None)),
        Some(Ok(port @ 1..)) => Ok((first, Some(port))),
        Some(_) => invalid(what, text, "a port from 1 to 65535"),
    }
}

fn vip(text: &str) -> Read<Vip> {
    usable(text.parse())
}

fn usable(vip: Result<Vip, VipError>) -> Read<Vip> {
    vip.or_else(|error| {
        let help = match &error {
            VipError::Length(_, Family::V4) => "write one from 1 to 32, such as 192.168.3.100/24",
            VipError::Length(_, Family::V6) => "write one from 1 to 128, such as fd00::100/64",
            _ => "write a unicast address of the servers' network",
        };
        wrong(error.to_string(), help)
    })
}
