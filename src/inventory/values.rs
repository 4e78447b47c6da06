//! Names, addresses and passwords: each function reads one kind, and refuses the rest with what to
//! write instead.

use std::net::IpAddr;

use ipnetwork::IpNetwork;

use super::keys::form::NETWORK;
use super::numbers;
use super::read::{Read, wrong};
use crate::cluster::{SmtpServer, VirtualAddress};
use crate::conf::grammar::INCLUDE;
use crate::conf::word::Word;
use crate::vip::{Family, Vip, VipError};

/// The longest name of a network interface (IFNAMSIZ without the NUL).
const INTERFACE_LENGTH: usize = 15;

/// The longest name of a user or a group, useradd(8).
const USER_LENGTH: usize = 32;

/// What keepalived uses of a password.
const PASSWORD_LENGTH: usize = 8;

/// How everything begins that Ansible Vault has encrypted.
pub(super) const VAULT: &str = "$ANSIBLE_VAULT;";

/// The longest host name (RFC 1123) and its longest label.
const HOST_LENGTH: usize = 253;
const LABEL_LENGTH: usize = 63;

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

/// Several words of one statement, as they are written.
pub(super) fn words(text: &str) -> Read<String> {
    let words: Vec<String> =
        text.split_whitespace().map(|one| word(one).map(|w| w.to_string())).collect::<Read<_>>()?;
    if words.is_empty() {
        return wrong("no words", "write some, or remove the key");
    }
    word(text)?;
    if let [first, _] = words.as_slice()
        && INCLUDE.contains(&first.as_str())
    {
        // As an item of a list it would be a line of its own, and that line would be obeyed.
        return wrong(
            format!("`{text}` makes keepalived read another file"),
            "write another name; `raw` can include a file",
        );
    }
    Ok(words.join(" "))
}

/// A number in a range, and perhaps `reverse`.
pub(super) fn weight(text: &str, range: std::ops::RangeInclusive<i64>) -> Read<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let number = |text: &&str| text.parse().is_ok_and(|number: i64| range.contains(&number));
    match words.as_slice() {
        [one] | [one, "reverse" | "noreverse"] if number(one) => Ok(words.join(" ")),
        _ => wrong(
            format!("`{text}` is no weight"),
            format!(
                "write a number from {} to {}, and perhaps reverse",
                range.start(),
                range.end()
            ),
        ),
    }
}

/// `NAME`, or `NAME weight NUMBER`.
pub(super) fn tracked(text: &str) -> Read<String> {
    let name = match text.split_once(" weight ") {
        Some((name, number)) => {
            weight(number, -254..=254)?;
            name
        }
        None => text,
    };
    if name.split_whitespace().count() != 1 {
        return wrong(
            format!("`{text}` is nothing that can be tracked"),
            "write NAME or NAME weight NUMBER",
        );
    }
    words(text)
}

/// The absolute path of a program and its arguments, as keepalived's second look at a script's line
/// reads them: blanks between words, single quotes around those with blanks inside.
pub(super) fn command(text: &str) -> Read<Word> {
    if !text.starts_with('/') || text.starts_with("//") {
        return wrong(
            format!("`{text}` is no command"),
            "begin with the program's absolute path, such as /usr/local/bin/notify.sh",
        );
    }
    if !text.matches('\'').count().is_multiple_of(2) {
        return wrong(
            "a single quote that is not closed, at which keepalived 2.2.7 crashes",
            "write single quotes only around arguments with blanks",
        );
    }
    word(text)
}

/// A user, and perhaps a group.
pub(super) fn user(text: &str) -> Read<String> {
    let name = |name: &str| {
        (1..=USER_LENGTH).contains(&name.len())
            && !name.starts_with('-')
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b))
    };
    let names: Vec<&str> = text.split_whitespace().collect();
    match names.as_slice() {
        [_] | [_, _] if names.iter().all(|one| name(one)) => Ok(names.join(" ")),
        _ => wrong(format!("`{text}` is no user"), "write USER or USER GROUP"),
    }
}

/// An address of any kind.
pub(super) fn any_address(text: &str) -> Read<IpAddr> {
    text.parse().or_else(|_| {
        wrong(format!("`{text}` is no IP address"), "write one such as 192.168.3.1 or fd00::1")
    })
}

/// `ADDRESS` or `ADDRESS PORT`.
pub(super) fn endpoint(text: &str) -> Read<String> {
    let mut words = text.split_whitespace();
    let (Some(first), port, None) = (words.next(), words.next(), words.next()) else {
        return wrong(format!("`{text}` is no server"), "write ADDRESS or ADDRESS PORT");
    };
    let address = any_address(first)?;
    match port.map(numbers::port).transpose()? {
        Some(port) => Ok(format!("{address} {port}")),
        None => Ok(address.to_string()),
    }
}

/// A network, such as 192.168.3.0/24.
pub(super) fn network(text: &str) -> Read<IpNetwork> {
    match text.parse::<IpNetwork>() {
        Ok(network) if (NETWORK.fits)(text) => Ok(network),
        _ => wrong(format!("`{text}` is no network"), format!("write {}", NETWORK.shown)),
    }
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
    Ok(SmtpServer { host, port: second.map(numbers::port).transpose()? })
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
fn vip(text: &str) -> Read<Vip> {
    text.parse().or_else(|error: VipError| {
        let cure = match &error {
            VipError::Length(_, Family::V4) => "write one from 1 to 32, such as 192.168.3.100/24",
            VipError::Length(_, Family::V6) => "write one from 1 to 128, such as fd00::100/64",
            _ => "write a unicast address of the servers' network",
        };
        wrong(error.to_string(), cure)
    })
}

/// `ADDRESS` or `ADDRESS/LENGTH`.
pub(super) fn virtual_address(text: &str) -> Read<VirtualAddress> {
    let vip = vip(text)?;
    let network: Option<IpNetwork> = text.contains('/').then(|| text.parse().ok()).flatten();
    let not_a_host = |network: &IpNetwork| {
        let single = if network.is_ipv4() { 31 } else { 127 };
        let (first, last) = (network.network(), network.broadcast());
        network.prefix() == 0
            || network.prefix() < single
                && (network.ip() == first || network.is_ipv4() && network.ip() == last)
    };
    if network.as_ref().is_some_and(not_a_host) {
        return wrong(
            format!("`{text}` is a network, not an address in it"),
            "write the VIP with the network's prefix length, such as 192.168.3.100/24",
        );
    }
    Ok(VirtualAddress {
        vip,
        prefix_length: network.map(|network| network.prefix()),
        dev: None,
        options: String::new(),
    })
}

/// The absolute path of a file.
pub(super) fn file(text: &str) -> Read<Word> {
    if !text.starts_with('/') || text.ends_with('/') {
        return wrong(
            format!("`{text}` is no absolute path of a file"),
            "write one such as /run/keepalived-lvskit/drain",
        );
    }
    word(text)
}

/// The name of a network interface.
pub(super) fn interface(text: &str) -> Read<Word> {
    // The kernel allows `*`; firewalls take it for any interface whose name begins so.
    let refused = |c: char| matches!(c, '/' | '*') || c.is_whitespace();
    if text.len() > INTERFACE_LENGTH || text.contains(refused) {
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
    if text.starts_with(VAULT) {
        return wrong(
            "the password is still encrypted by Ansible Vault",
            "let Ansible decrypt it into a file or the environment: `auth_pass: {file: PATH}`",
        );
    }
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

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::inventory) fn all<T>(
        read: impl Fn(&str) -> Read<T>,
        good: &[&str],
        bad: &[&str],
    ) {
        for text in good {
            assert!(read(text).is_ok(), "{text:?} was refused");
        }
        for text in bad {
            assert!(read(text).is_err(), "{text:?} was accepted");
        }
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
            &["eth0", "bond0.100", "vlan100", "br-lan"],
            &["", "lo", "averyveryverylong", "a b", "a/b", "eth*"],
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

    #[test]
    fn commands_and_users() {
        let good = ["/bin/x", "/bin/x a b", "/bin/x 'a b'"];
        all(command, &good, &["x", "", "/bin/x 'a", "/bin/x \"a\"", "//x", "/x\n", "/x $HOME"]);
        all(user, &["root", "a b", "_x-1"], &["", "a b c", "-x", "a;b", "a\nb c d"]);
        all(endpoint, &["10.0.0.1", "fd00::1 25"], &["", "x", "10.0.0.1 0", "10.0.0.1 25 x"]);
        all(network, &["10.0.0.0/8", "fd00::/64"], &["10.0.0.0", "x/8", "10.0.0.0/33"]);
        all(words, &["a", "tcp 900 udp 300"], &["", " ", "a \"b", "a\nb"]);
    }

    #[test]
    fn virtual_addresses_keep_their_prefix_length() {
        for (text, written) in [
            ("192.168.3.100", "192.168.3.100"),
            ("192.168.3.100/24", "192.168.3.100/24"),
            ("192.168.3.100/32", "192.168.3.100/32"),
            ("10.0.0.0/31", "10.0.0.0/31"),
            ("fd00::100/64", "fd00::100/64"),
            ("fd00::/128", "fd00::/128"),
        ] {
            let Ok(address) = virtual_address(text) else { panic!("{text} was refused") };
            assert_eq!(address.to_string(), written);
        }
        let networks = ["192.168.3.0/24", "192.168.3.255/24", "fd00::/64", "10.0.0.1/0"];
        all(virtual_address, &[], &networks);
        all(virtual_address, &[], &["192.168.3.100/33", "192.168.3.100/", "/24", "127.0.0.1/8"]);
    }

    #[test]
    fn files_are_absolute() {
        let good = ["/run/keepalived-lvskit/drain", "/run/a b"];
        all(file, &good, &["", "drain", "./drain", "/run/", "/", "/a\nb", "/a$b"]);
    }
}
