//! The keys of `failure_detection`: how soon the nodes notice that another one is dead.

use super::{Key, Table, Value};
use crate::cluster::{Keyword, Method, Release, Seconds};

/// `interval`
pub const INTERVAL: Key<Seconds> = Key::ours(
    "interval",
    INTERVALS,
    "0.1; with bfd 0.05",
    "Seconds between two questions to a node, 0.01-10, with bfd at most 1; a ping \
                 waits as long for its answer. A shorter interval finds a dead node sooner, \
                 but is more likely to take a busy one for dead.",
).help(
    "write 0.1, or 0.05 with bfd: a shorter one takes a busy node for dead, and a longer one finds a dead \
     node no sooner than the application's own check",
);

/// `attempts`
pub const ATTEMPTS: Key<u8> = Key::ours(
    "attempts",
    Value::Int(1, 10),
    "2; with bfd 3",
    "Unanswered questions in a row until the node gets no new connections.",
)
.help("write 2 or 3: with 1 each lost packet is an alarm, with many a dead node stays for long");

/// `interval` in `between_sites`
const FAR_INTERVAL: Key<Seconds> = Key { default: WITHIN, ..INTERVAL };

/// `attempts` in `between_sites`
const FAR_ATTEMPTS: Key<u8> = Key { default: WITHIN, ..ATTEMPTS };

const WITHIN: &str = "as within a site";

/// `method`
pub const METHOD: Key<Method> = Key::ours(
    "method",
    Value::OneOf(Method::CHOICES),
    "ping",
    "How nodes ask each other. `ping`: a PING_CHECK, which every keepalived has. \
                 `bfd`: a bfd_instance for each pair of nodes and a BFD_CHECK, which finds \
                 a node whose programs have stopped, too. bfd needs a keepalived built with BFD: `keepalived \
                 --version` names it; Debian's is, Fedora's and RHEL's is not.",
)
.help("write ping; or bfd, where keepalived is built with it");

/// `between_sites`
pub const BETWEEN: Key = Key::ours(
    "between_sites",
    Value::Section(&BETWEEN_SITES),
    WITHIN,
    "Settings between nodes of different `site`: longer intervals, and routers on \
                 the way.",
);

/// `max_hops`
pub const MAX_HOPS: Key<u8> = Key::ours(
    "max_hops",
    Value::Int(1, 255),
    "0: no router",
    "With bfd: the most routers between the sites; 255 for any number.",
);

/// `multihop`
pub const MULTIHOP: Key<bool> = Key::ours(
    "multihop",
    Value::Bool,
    "false",
    "With bfd: use UDP port 4784 instead of 3784 (RFC 5883).",
)
.since(Release::V2_3);

/// From 10 ms, below which a busy node is late by more than that, to 10 s.
const INTERVALS: Value = Value::Seconds(10_000, 10_000_000, 1000);

/// `failure_detection`
pub const FAILURE_DETECTION: Table = Table {
    name: "failure_detection",
    groups: &[&[METHOD.any(), INTERVAL.any(), ATTEMPTS.any(), BETWEEN]],
    either: &[],
};

/// `between_sites`
pub const BETWEEN_SITES: Table = Table {
    name: "between_sites",
    groups: &[&[FAR_INTERVAL.any(), FAR_ATTEMPTS.any(), MAX_HOPS.any(), MULTIHOP.any()]],
    either: &[],
};
