//! Single values: each function reads one kind, and refuses the rest with what to write instead.

use std::net::IpAddr;

use super::read::{Wrong, wrong};
use crate::cluster::{CheckKind, Protocol, RouterId, Scheduler, Seconds, SmtpServer};
use crate::conf::word::Word;
use crate::smtp::timer;
use crate::vip::Vip;

/// The longest name of a network interface (IFNAMSIZ without the NUL).
const INTERFACE_LENGTH: usize = 15;

/// What keepalived uses of a password.
const PASSWORD_LENGTH: usize = 8;

/// The longest host name (RFC 1123) and its longest label.
const HOST_LENGTH: usize = 253;
const LABEL_LENGTH: usize = 63;

type Read<T> = Result<T, Wrong>;

/// A text that can stand in keepalived.conf.
pub(super) fn word(text: &str) -> Read<Word> {
    text.parse().or_else(|error| wrong(format!("the value {error}"), "write another value"))
}

/// A host name, RFC 1123. Also a folder's name below `--out-dir`, so nothing else may pass.
pub(super) fn host(text: &str) -> Read<Word> {
    let label = |label: &str| {
        (1..=LABEL_LENGTH).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if text.len() > HOST_LENGTH || !text.split('.').all(label) {
        return wrong(
            format!("`{text}` is no host name"),
            "write one such as server01.domain.ru: letters, digits and dashes between dots",
        );
    }
    word(text)
}

/// The name in HELO: a host name, or an address literal such as [192.168.3.1] (RFC 5321, 4.1.3).
pub(super) fn helo_name(text: &str) -> Read<Word> {
    let literal = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let address = literal.map(|inner| inner.strip_prefix("IPv6:").unwrap_or(inner));
    match address {
        Some(inner) if inner.parse::<IpAddr>().is_ok() => word(text),
        _ => host(text),
    }
}

/// The name of an instance.
pub(super) fn name(text: &str) -> Read<Word> {
    if text.contains(char::is_whitespace) {
        return wrong(format!("`{text}` contains blanks"), "write one word, such as mail_relay");
    }
    word(text)
}

/// A mailbox; not more than a look at its shape.
pub(super) fn mailbox(text: &str) -> Read<Word> {
    match text.split_once('@') {
        Some((local, domain))
            if !local.is_empty() && !domain.is_empty() && !text.contains(char::is_whitespace) =>
        {
            word(text)
        }
        _ => wrong(format!("`{text}` is no mail address"), "write one such as unix_adm@domain.ru"),
    }
}

/// `HOST` or `HOST PORT`.
pub(super) fn smtp_server(text: &str) -> Read<SmtpServer> {
    let mut words = text.split_whitespace();
    let (Some(first), second, None) = (words.next(), words.next(), words.next()) else {
        return wrong(format!("`{text}` is no mail server"), "write HOST or HOST PORT");
    };
    let host = if first.parse::<IpAddr>().is_ok() { word(first)? } else { host(first)? };
    Ok(SmtpServer { host, port: second.map(port).transpose()? })
}

/// A node's own address: what is no VIP is no node's address either.
pub(super) fn address(text: &str) -> Read<IpAddr> {
    if text.contains('/') {
        return wrong(
            format!("`{text}` has a prefix length"),
            "write the node's address alone; the network is the system's business",
        );
    }
    vip(text).map(Vip::address)
}

/// A virtual IP address.
pub(super) fn vip(text: &str) -> Read<Vip> {
    text.parse().or_else(|error: crate::vip::VipError| {
        wrong(error.to_string(), "write a unicast address of the servers' network")
    })
}

/// The name of a network interface.
pub(super) fn interface(text: &str) -> Read<Word> {
    if text.len() > INTERFACE_LENGTH || text.contains(|c: char| c == '/' || c.is_whitespace()) {
        return wrong(
            format!("`{text}` is no interface name"),
            format!("write one such as eth0, at most {INTERFACE_LENGTH} characters"),
        );
    }
    if text == "lo" {
        return wrong(
            "VRRP can't run on the loopback interface",
            "name the servers' network interface",
        );
    }
    word(text)
}

/// A password of `auth_type PASS`.
pub(super) fn password(text: &str) -> Read<Word> {
    // The value itself stays out of every message.
    let password = match text.parse::<Word>() {
        Ok(password) => password,
        Err(_) => {
            return wrong(
                "the password has characters that keepalived.conf can't hold",
                "use printable ASCII without \" and \\, and no $ before a letter",
            );
        }
    };
    if text.len() > PASSWORD_LENGTH {
        return wrong(
            format!("the password is longer than {PASSWORD_LENGTH} characters"),
            format!("keepalived uses the first {PASSWORD_LENGTH}; write just these"),
        );
    }
    Ok(password)
}

pub(super) fn auth_type(text: &str) -> Read<()> {
    match text {
        "PASS" => Ok(()),
        // Not quoted: it may be a password in the wrong place.
        _ => wrong("this auth_type is not supported", "write PASS, or remove `authentication`"),
    }
}

/// A whole number in a range.
fn number<T>(text: &str, what: &str, range: std::ops::RangeInclusive<T>) -> Read<T>
where
    T: std::str::FromStr + PartialOrd + std::fmt::Display,
{
    match text.parse::<T>() {
        Ok(number) if range.contains(&number) => Ok(number),
        _ => wrong(
            format!("`{text}` is no {what}"),
            format!("write a whole number from {} to {}", range.start(), range.end()),
        ),
    }
}

/// A TCP or UDP port.
pub(super) fn port(text: &str) -> Read<u16> {
    number(text, "port", 1..=u16::MAX)
}

/// VRID, RFC 5798: 1–255.
pub(super) fn virtual_router_id(text: &str) -> Read<u8> {
    number(text, "virtual_router_id", 1..=255)
}

/// 255 belongs to the owner of an address, which no node of such a cluster is.
pub(super) fn priority(text: &str) -> Read<u8> {
    number(text, "priority", 1..=254)
}

/// Whole seconds in VRRP version 2.
pub(super) fn advert_int(text: &str) -> Read<u8> {
    number(text, "advert_int", 1..=255)
}

/// keepalived.conf(5): 0–4294 seconds, and 0 is an error.
pub(super) fn smtp_connect_timeout(text: &str) -> Read<u16> {
    number(text, "timeout in seconds", 1..=4294)
}

/// 1–2147483647: of every server, so that 0 would leave nobody to serve.
pub(super) fn weight(text: &str) -> Read<u32> {
    number(text, "weight", 1..=2_147_483_647)
}

/// Attempts after the first. keepalived takes more, but a server would never be down then.
pub(super) fn retry(text: &str) -> Read<u32> {
    number(text, "number of retries", 0..=100)
}

/// Seconds, with up to six decimal places.
pub(super) fn seconds(text: &str) -> Read<Seconds> {
    match timer::seconds(text).ok().and_then(Seconds::new) {
        Some(seconds) => Ok(seconds),
        None => wrong(
            format!("`{text}` is no time"),
            format!("write seconds, more than 0 and at most {}, such as 5 or 0.5", Seconds::MAX),
        ),
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
        _ => wrong(format!("`protocol: {text}` is not supported"), "write TCP, or remove it"),
    }
}

pub(super) fn check_type(text: &str) -> Read<CheckKind> {
    match text {
        "SMTP_CHECK" => Ok(CheckKind::Smtp),
        "TCP_CHECK" => Ok(CheckKind::Tcp),
        "smtp-check" => Ok(CheckKind::SmtpProbe),
        _ => wrong(
            format!("`{text}` is no check"),
            "write SMTP_CHECK or TCP_CHECK (keepalived's own) or smtp-check (our probe)",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all<T>(read: impl Fn(&str) -> Read<T>, good: &[&str], bad: &[&str]) {
        for text in good {
            assert!(read(text).is_ok(), "{text:?} was refused");
        }
        for text in bad {
            assert!(read(text).is_err(), "{text:?} was accepted");
        }
    }

    #[test]
    fn the_edges_of_every_range() {
        all(virtual_router_id, &["1", "11", "255"], &["0", "256", "-1", "1.0", "", "x", "0x1"]);
        all(priority, &["1", "254"], &["0", "255"]);
        all(port, &["1", "65535"], &["0", "65536"]);
        all(advert_int, &["1", "255"], &["0", "256", "0.5"]);
        all(smtp_connect_timeout, &["1", "4294"], &["0", "4295"]);
        all(weight, &["1", "2147483647"], &["0", "-1", "2147483648"]);
        all(retry, &["0", "100"], &["101", "-1"]);
        all(
            seconds,
            &["5", "0.5", "0.000001", "4294"],
            &["0", "-1", "4294.1", "1e3", "inf", "NaN", "0.0000001", "1.2.3", "", ".", ".5"],
        );
    }

    #[test]
    fn names_and_addresses() {
        all(
            host,
            &["server01.domain.ru", "a", "x_1"],
            &["", ".", "..", "a/b", "a b", "-a", "a.", "../x", "узел"],
        );
        all(
            helo_name,
            &["smtpchecker.domain.ru", "[192.168.3.1]", "[IPv6:fd00::1]"],
            &["[x]", "a b", "a'b"],
        );
        all(
            interface,
            &["eth0", "bond0.100", "br-lan"],
            &["", "lo", "averyveryverylong", "a b", "a/b"],
        );
        all(address, &["192.168.3.101", "fd00::1"], &["192.168.3.101/24", "127.0.0.1", "x"]);
        all(mailbox, &["unix_adm@domain.ru"], &["unix_adm", "@domain.ru", "a b@c", "a@"]);
        all(
            smtp_server,
            &["192.168.3.1", "192.168.3.1 2525", "mail.domain.ru"],
            &["", "a b c", "192.168.3.1 0"],
        );
        all(password, &["mrelay", "12345678", "a#b!c{d"], &["", "123456789", "a\"b", "$HOME"]);
    }
}
