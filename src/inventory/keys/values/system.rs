//! What a node's system has names for: interfaces, labels of addresses, files, programs, users.

use super::super::wrong::{invalid, wrong};
use super::Kind;
use super::text::{TEXT, ascii};

/// The longest name of a network interface (IFNAMSIZ without the NUL), or of an address's label.
const INTERFACE_LENGTH: usize = 15;

/// The longest name of a user or a group, useradd(8).
const USER_LENGTH: usize = 32;

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

/// The label of an address.
pub const LABEL: Kind = Kind {
    several: false,
    shown: "a name such as eth0:1, at most 15 characters",
    pattern: concat!("^", word!(), r"[!#-\[\]-~]{1,15}$"),
    numeric: true,
    good: "eth0:1",
    bad: "eth0: 1",
    read: |text| match text.len() > INTERFACE_LENGTH || text.contains(char::is_whitespace) {
        true => invalid("label", text, LABEL.shown),
        false => ascii(text),
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
