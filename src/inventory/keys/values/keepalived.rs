//! What only keepalived has words for: what is tracked with which weight, how packets are forwarded through
//! which tunnel, and the password of VRRP's authentication, which no message may show.

use super::super::form::TUNNEL;
use super::super::numbers;
use super::super::wrong::{Read, wrong};
use super::Kind;
use super::text::words;
use crate::conf::word::Word;

/// What keepalived uses of a password.
const PASSWORD_LENGTH: usize = 8;

/// How everything begins that Ansible Vault has encrypted.
pub const VAULT: &str = "$ANSIBLE_VAULT;";

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
        let weight = |number: &str| numbers::weight(number, "weight", -254..=254);
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
