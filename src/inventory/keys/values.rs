//! Texts: names, addresses, paths, passwords. Each kind says in words, in a pattern and in code what it is;
//! what the code refuses, the pattern lets pass only where JSON schemas can't say it.

use std::net::IpAddr;

use super::form::{NETWORK, TUNNEL};
use super::wrong::{Read, wrong};
use crate::cluster::SmtpServer;
use crate::conf::grammar::INCLUDE;
use crate::conf::word::Word;
use crate::vip::{Family, Vip, VipError};

/// The longest name of a network interface (IFNAMSIZ without the NUL), or of an address's label.
const INTERFACE_LENGTH: usize = 15;

/// The longest name of a user or a group, useradd(8).
const USER_LENGTH: usize = 32;

/// What keepalived uses of a password.
const PASSWORD_LENGTH: usize = 8;

/// How everything begins that Ansible Vault has encrypted.
pub const VAULT: &str = "$ANSIBLE_VAULT;";

/// The longest host name (RFC 1123) and its longest label.
const HOST_LENGTH: usize = 253;
const LABEL_LENGTH: usize = 63;

/// A kind of text.
#[derive(Debug)]
pub struct Kind {
    /// In a few words.
    pub shown: &'static str,
    /// As JSON schemas have it (ECMA-262); it may let more through than `read`.
    pub pattern: &'static str,
    /// Whether it is written as several words, as they are.
    pub several: bool,
    /// Whether YAML may take one for a number or a truth value.
    pub numeric: bool,
    /// One that fits.
    pub good: &'static str,
    /// One that does not.
    pub bad: &'static str,
    /// What is written into keepalived.conf for a text.
    pub read: fn(&str) -> Read<String>,
}

/// What keeps a text from being a [`Word`].
macro_rules! word {
    () => {
        r"(?![{}]$)(?!.*\$[A-Za-z_{])"
    };
}

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

/// One word, or a text that is quoted.
pub const TEXT: Kind = Kind {
    several: false,
    shown: "a text",
    pattern: concat!("^", word!(), r"[ !#-\[\]-~\u00a1-\ufffd]{1,900}$"),
    numeric: true,
    good: "some.example.org",
    bad: "some \"text",
    read: |text| word(text).map(|word| word.to_string()),
};

/// A reason, in words.
pub const REASON: Kind = Kind {
    several: false,
    shown: "a reason, in words",
    pattern: r"\S",
    numeric: true,
    good: "the other site's team asked for it",
    bad: " ",
    read: |text| match text.trim().is_empty() {
        true => wrong("an empty reason", "write why this is right here"),
        false => Ok(text.to_owned()),
    },
};

/// A name: one word.
pub const NAME: Kind = Kind {
    several: false,
    shown: "one word, such as mail_relay",
    pattern: concat!("^", word!(), r"[!#-\[\]-~\u00a1-\ufffd]{1,900}$"),
    numeric: true,
    good: "mail_relay",
    bad: "mail relay",
    read: |text| {
        if text.contains(char::is_whitespace) {
            return wrong(
                format!("`{text}` contains blanks"),
                "write one word, such as mail_relay",
            );
        }
        (TEXT.read)(text)
    },
};

/// Several words of one statement, as they are written.
pub const WORDS: Kind = Kind {
    several: true,
    shown: "one or more words",
    pattern: r"^(?=.*[^ ])(?!(.* )?[{}]( |$))(?!.*\$[A-Za-z_{])[ !#-\[\]-~\u00a1-\ufffd]{1,900}$",
    numeric: true,
    good: "1",
    bad: "some \"text",
    read: words,
};

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
            let cure = "write one such as unix_adm@domain.ru";
            return wrong(format!("invalid mail address `{text}`"), cure);
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

/// The name of a network interface.
pub const INTERFACE: Kind = Kind {
    several: false,
    shown: "an interface",
    pattern: concat!("^(?!lo$)", word!(), r"[!#-)+-.0-\[\]-~]{1,15}$"),
    numeric: true,
    good: "eth0",
    bad: "eth*",
    read: |text| {
        // The kernel allows `*`; firewalls take it for any interface whose name begins so.
        let refused = |c: char| matches!(c, '/' | '*') || c.is_whitespace();
        if text.len() > INTERFACE_LENGTH || text.contains(refused) {
            return wrong(
                format!("invalid interface name `{text}`"),
                format!("write one such as eth0, at most {INTERFACE_LENGTH} characters"),
            );
        }
        if text == "lo" {
            return wrong(
                "VRRP can't run on the loopback interface",
                "name the servers' network interface",
            );
        }
        ascii(text)
    },
};

/// The absolute path of a file.
pub const PATH: Kind = Kind {
    several: false,
    shown: "an absolute path",
    pattern: concat!("^", word!(), r"/[ !#-\[\]-~\u00a1-\ufffd]*[ !#-.0-\[\]-~\u00a1-\ufffd]$"),
    numeric: false,
    good: "/run/some-file",
    bad: "run/some-file",
    read: |text| {
        if !text.starts_with('/') || text.ends_with('/') {
            return wrong(
                format!("invalid path `{text}`: expected an absolute path of a file"),
                "write one such as /run/keepalived-lvskit/drain",
            );
        }
        (TEXT.read)(text)
    },
};

/// The absolute path of a program and its arguments, as keepalived's second look at a script's line
/// reads them: blanks between words, single quotes around those with blanks inside.
pub const PROGRAM: Kind = Kind {
    several: false,
    shown: "an absolute path and arguments",
    pattern: concat!("^", word!(), r"(?=[^']*('[^']*'[^']*)*$)/(?!/)[ !#-\[\]-~\u00a1-\ufffd]*$"),
    numeric: false,
    good: "/usr/bin/test 1 2",
    bad: "/usr/bin/test '1",
    read: |text| {
        if !text.starts_with('/') || text.starts_with("//") {
            return wrong(
                format!("invalid command `{text}`"),
                "begin with the program's absolute path, such as /usr/local/bin/notify.sh",
            );
        }
        if !text.matches('\'').count().is_multiple_of(2) {
            return wrong(
                "a single quote that is not closed, at which keepalived 2.2.7 crashes",
                "write single quotes only around arguments with blanks",
            );
        }
        (TEXT.read)(text)
    },
};

/// A user, and perhaps a group.
pub const USER: Kind = Kind {
    several: true,
    shown: "USER or USER GROUP",
    pattern: "^ *[A-Za-z0-9_.][A-Za-z0-9_.-]{0,31}( +[A-Za-z0-9_.][A-Za-z0-9_.-]{0,31})? *$",
    numeric: true,
    good: "root",
    bad: "-root",
    read: |text| {
        let name = |name: &str| {
            (1..=USER_LENGTH).contains(&name.len())
                && !name.starts_with('-')
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b))
        };
        let names: Vec<&str> = text.split_whitespace().collect();
        match names.as_slice() {
            [_] | [_, _] if names.iter().all(|one| name(one)) => Ok(names.join(" ")),
            _ => wrong(format!("invalid user `{text}`"), "write USER or USER GROUP"),
        }
    },
};

/// `NAME`, or `NAME weight NUMBER`.
pub const TRACKED: Kind = Kind {
    several: true,
    shown: "NAME or NAME weight NUMBER",
    pattern: concat!(
        r"^(?! *[{}]( |$))(?!.*\$[A-Za-z_{]) *[!#-\[\]-~\u00a1-\ufffd]+ *",
        r"( weight +-?[0-9]+( +(no)?reverse)? *)?$"
    ),
    numeric: true,
    good: "some weight -20",
    bad: "some weight x",
    read: |text| {
        let weight = |number: &str| super::numbers::weight(number, "weight", -254..=254);
        let name = match text.split_once(" weight ") {
            Some((name, number)) => weight(number).map(|_| name)?,
            None => text,
        };
        if name.split_whitespace().count() != 1 {
            return wrong(
                format!("invalid name to track `{text}`"),
                "write NAME or NAME weight NUMBER",
            );
        }
        words(text)
    },
};

/// The label of an address.
pub const LABEL: Kind = Kind {
    several: false,
    shown: "a name such as eth0:1, at most 15 characters",
    pattern: concat!("^", word!(), r"[!#-\[\]-~]{1,15}$"),
    numeric: true,
    good: "eth0:1",
    bad: "eth0: 1",
    read: |text| match text.len() > INTERFACE_LENGTH || text.contains(char::is_whitespace) {
        true => super::wrong::invalid("label", text, LABEL.shown),
        false => ascii(text),
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

/// How packets get to a server.
pub const FORWARDING: Kind = Kind {
    several: false,
    shown: "DR, NAT, or TUN, perhaps with options such as `type gue port 6080`",
    pattern: concat!(
        "^(DR|NAT|TUN( type (ipip|gre|gue)",
        "( (port [0-9]+|nocsum|csum|remcsum))*)?)$"
    ),
    numeric: false,
    good: "DR",
    bad: "DSR",
    read: |text| match text.split_once(' ').map_or((text, None), |(kind, rest)| (kind, Some(rest)))
    {
        ("DR" | "NAT" | "TUN", None) => Ok(text.to_owned()),
        ("TUN", Some(rest)) => match words(rest)? {
            rest if (TUNNEL.fits)(&rest) => Ok(format!("TUN {rest}")),
            rest => wrong(format!("invalid tunnel `{rest}`"), format!("write {}", TUNNEL.shown)),
        },
        _ => wrong(format!("invalid lb_kind `{text}`"), "write DR, NAT or TUN"),
    },
};

/// A password of `auth_type PASS`.
pub const PASSWORD: Kind = Kind {
    several: false,
    shown: "a password of up to 8 characters",
    pattern: concat!("^", word!(), r"[ !#-\[\]-~]{1,8}$"),
    numeric: true,
    good: "mrelay",
    bad: "mail_relay",
    read: |text| password(text).map(|word| word.to_string()),
};

/// A text of any characters: it is no part of keepalived.conf.
pub const FREE: Kind = Kind {
    several: false,
    shown: "a text",
    pattern: "",
    numeric: true,
    good: "pass.txt",
    bad: "",
    read: |text| Ok(text.to_owned()),
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
        false => super::wrong::invalid("network", text, NETWORK.shown),
    },
};

/// A text that can stand in keepalived.conf.
fn word(text: &str) -> Read<Word> {
    text.parse().or_else(|error| wrong(format!("the value {error}"), "write another value"))
}

/// A text of ASCII characters: what mail servers and the kernel's tools take without being asked.
fn ascii(text: &str) -> Read<String> {
    match text.chars().find(|c| !c.is_ascii()) {
        Some(c) => wrong(format!("the value contains {c:?}"), "use printable ASCII"),
        None => (TEXT.read)(text),
    }
}

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

fn any_address(text: &str) -> Read<IpAddr> {
    text.parse().or_else(|_| {
        wrong(format!("invalid IP address `{text}`"), "write one such as 192.168.3.1 or fd00::1")
    })
}

/// The first of one or two words, and the port that the second is.
fn and_port<'a>(text: &'a str, what: &str, shown: &str) -> Read<(&'a str, Option<u16>)> {
    let mut words = text.split_whitespace();
    let (Some(first), second, None) = (words.next(), words.next(), words.next()) else {
        return super::wrong::invalid(what, text, shown);
    };
    match second.map(str::parse) {
        None => Ok((first, None)),
        Some(Ok(port @ 1..)) => Ok((first, Some(port))),
        Some(_) => super::wrong::invalid(what, text, "a port from 1 to 65535"),
    }
}

fn vip(text: &str) -> Read<Vip> {
    usable(text.parse())
}

fn usable(vip: Result<Vip, VipError>) -> Read<Vip> {
    vip.or_else(|error| {
        let cure = match &error {
            VipError::Length(_, Family::V4) => "write one from 1 to 32, such as 192.168.3.100/24",
            VipError::Length(_, Family::V6) => "write one from 1 to 128, such as fd00::100/64",
            _ => "write a unicast address of the servers' network",
        };
        wrong(error.to_string(), cure)
    })
}

/// A password; the value itself stays out of every message.
pub fn password(text: &str) -> Read<Word> {
    if text.starts_with(VAULT) {
        return wrong(
            "the password is still encrypted by Ansible Vault",
            "let Ansible decrypt it into a file or the environment: `auth_pass: {file: PATH}`",
        );
    }
    let password = match text.parse::<Word>() {
        Ok(password) if text.is_ascii() => password,
        _ => {
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
mod tests {
    use super::super::wrong::tests::all;
    use super::*;

    #[test]
    fn each_kind_has_its_edges() {
        for (kind, good, bad) in [
            (&TEXT, &["a b", "it's"][..], &["", "a\"b", "{", "$HOME", "a\nb"][..]),
            (&NAME, &["mail_relay", "почта"], &["", "a b", "a\u{a0}b"]),
            (&WORDS, &["a", "tcp 900 udp 300"], &["", " ", "a \"b", "a\nb", "include x"]),
            (
                &HOST,
                &["server01.domain.ru", "a", "x_1"],
                &["", ".", "..", "a/b", "a b", "-a", "a.", "../x", "узел"],
            ),
            (
                &HELO,
                &["smtpchecker.domain.ru", "[192.168.3.1]", "[IPv6:fd00::1]"],
                &["[x]", "a b", "a'b"],
            ),
            (
                &INTERFACE,
                &["eth0", "bond0.100", "vlan100", "br-lan"],
                &["", "lo", "averyveryverylong", "a b", "a/b", "eth*", "füß0"],
            ),
            (&UNICAST, &["192.168.3.101", "fd00::1"], &["192.168.3.101/24", "127.0.0.1", "x"]),
            (
                &MAILBOX,
                &["unix_adm@domain.ru", "root"],
                &["", "@domain.ru", "a b@c", "a@", "a b", "ü@c"],
            ),
            (
                &RELAY,
                &["192.168.3.1", "192.168.3.1 2525", "mail.domain.ru"],
                &["", "a b c", "192.168.3.1 0", "192.168.3.256", "25", "true", "300.1 25"],
            ),
            (
                &PASSWORD,
                &["mrelay", "12345678", "a#b!c{d"],
                &["", "123456789", "a\"b", "$HOME", "пар"],
            ),
            (
                &PROGRAM,
                &["/bin/x", "/bin/x a b", "/bin/x 'a b'"],
                &["x", "", "/bin/x 'a", "/bin/x \"a\"", "//x", "/x\n", "/x $HOME"],
            ),
            (&USER, &["root", "a b", "_x-1"], &["", "a b c", "-x", "a;b", "a\nb c d"]),
            (&ENDPOINT, &["10.0.0.1", "fd00::1 25"], &["", "x", "10.0.0.1 0", "10.0.0.1 25 x"]),
            (&NETWORK_KIND, &["10.0.0.0/8", "fd00::/64"], &["10.0.0.0", "x/8", "10.0.0.0/33"]),
            (
                &PATH,
                &["/run/keepalived-lvskit/drain", "/run/a b"],
                &["", "drain", "./drain", "/run/", "/", "/a\nb", "/a$b"],
            ),
            (&TRACKED, &["a", "a weight -254", "a weight 3 reverse"], &["", "a b", "a weight 255"]),
            (&FORWARDING, &["NAT", "TUN", "TUN type gre csum"], &["nat", "DR x", "TUN type foo"]),
            (
                &PREFIXED,
                &[
                    "192.168.3.100",
                    "192.168.3.100/24",
                    "192.168.3.100/32",
                    "10.0.0.0/31",
                    "fd00::100/64",
                    "fd00::/128",
                ],
                &[
                    "192.168.3.0/24",
                    "192.168.3.255/24",
                    "fd00::/64",
                    "10.0.0.1/0",
                    "192.168.3.100/33",
                    "192.168.3.100/",
                    "/24",
                    "127.0.0.1/8",
                ],
            ),
        ] {
            all(kind.read, good, bad);
            all(kind.read, &[kind.good], &[kind.bad]);
        }
    }
}
