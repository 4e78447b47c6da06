//! The keys that several checkers have: attempts, timeouts, where to connect to.

use std::net::IpAddr;

use super::super::{COUNT_OR_0, Key, PORT, TIMER, TIMER_OR_0, Value, values};
use crate::cluster::{Release, Seconds};

/// `type`
pub const TYPE: Key = Key::ours(
    "type",
    Value::CheckType,
    "required",
    "The checker: one of keepalived's by its name, or smtp-check, lvskit's probe.",
);

/// `connect_ip`
pub const CONNECT_IP: Key<IpAddr> = Key::plain(
    "connect_ip",
    Value::Kind(&values::ADDRESS),
    "the server's",
    "The address to connect to, where it is not the server's.",
);

/// `connect_port`
pub const CONNECT_PORT: Key = Key::plain(
    "connect_port",
    PORT,
    "the service's",
    "The port to connect to, where it is not the service's.",
);

/// `bindto`
pub const BINDTO: Key<IpAddr> = Key::plain(
    "bindto",
    Value::Kind(&values::ADDRESS),
    "the system's choice",
    "The local address to connect from.",
);

/// `delay_loop`
pub const DELAY_LOOP: Key<Seconds> =
    Key::plain("delay_loop", TIMER, "of the server", "Seconds between two runs of this check.");

/// What every check begins with.
pub(super) const TYPES: &[Key] = &[TYPE];

pub(super) const RETRY_DOC: &str = "Further attempts before the server counts as down.";
pub(super) const PAUSE_DOC: &str = "Seconds between two attempts.";

/// When and how often.
pub(super) const RETRIES: &[Key] = &[
    Key::plain("connect_timeout", TIMER, "5", "Seconds for the connect and for each answer."),
    Key::plain("retry", RETRIES_MOST, "1", RETRY_DOC).also("nb_get_retry"),
    Key::plain("delay_before_retry", TIMER, "1", PAUSE_DOC),
];

/// More would mean that a server is never down.
pub(super) const RETRIES_MOST: Value = Value::Int(0, 100);

pub(super) const HELO: &[Key] = &[Key::plain(
    "helo_name",
    Value::Kind(&values::HELO),
    "smtpchecker.keepalived.org",
    "The name in HELO: a host name, or an address in brackets.",
)];

/// From where and to where.
pub const CONNECTION: &[Key] = &[
    CONNECT_IP.any(),
    CONNECT_PORT,
    BINDTO.any(),
    Key::plain("bind_port", PORT, "the system's choice", "The local port to connect from."),
    Key::plain(
        "bind_if",
        Value::Kind(&values::INTERFACE),
        "the system's choice",
        "The local interface to connect by.",
    ),
    Key::plain("fwmark", COUNT_OR_0, "none", "The firewall mark that the check's packets get."),
];

/// What every checker of keepalived has.
pub const COMMON: &[Key] = &[
    Key::plain(
        "alpha",
        Value::Bool,
        "of the server",
        "The server is down at the start until this check succeeds.",
    ),
    Key::plain(
        "warmup",
        TIMER_OR_0,
        "delay_loop",
        "The most seconds until the first check; the delay is random, so that not all \
                 start at once.",
    ),
    DELAY_LOOP.any(),
    Key::plain(
        "log_all_failures",
        Value::Bool,
        "false",
        "Log every failed attempt, not only the last one.",
    )
    .since(Release::V2_2),
];
