//! The keys of `failure_detection`: how soon the nodes notice that another one is dead.

use super::{Key, Table, Value};
use crate::cluster::Release;

/// From 10 ms, below which a busy node is late by more than that, to 10 s.
const INTERVAL: Value = Value::Seconds(10_000, 10_000_000);

/// How often, and how often in vain.
const TIMING: &[Key] = &[
    Key::ours(
        "interval",
        INTERVAL,
        "0.1; with bfd 0.05",
        "Seconds between two questions to a node, from 0.01 to 10, with bfd to 1; a ping waits as long for \
         its answer. Shorter finds a dead node sooner, and takes a busy one for dead sooner.",
    ),
    Key::ours(
        "attempts",
        Value::Int(1, 10),
        "2; with bfd 3",
        "Questions in a row without an answer until the node gets no new connections: 1-10.",
    ),
];

/// `failure_detection`
pub const FAILURE_DETECTION: Table = Table {
    name: "failure_detection",
    groups: &[
        &[Key::ours(
            "method",
            Value::OneOf(&["ping", "bfd"]),
            "ping",
            "ping: a PING_CHECK, which every keepalived has. bfd: a bfd_instance for each pair of nodes and \
             a BFD_CHECK; sooner by a tenth of a second, and only where keepalived is built with BFD \
             (`keepalived --version` names it; Debian's is, Fedora's and RHEL's is not).",
        )],
        TIMING,
        &[Key::ours(
            "between_sites",
            Value::Section(&BETWEEN_SITES),
            "as within a site",
            "Between nodes of different `site`: longer intervals, and routers on the way.",
        )],
    ],
};

/// `between_sites`
pub const BETWEEN_SITES: Table = Table {
    name: "between_sites",
    groups: &[
        TIMING,
        &[
            Key::ours(
                "max_hops",
                Value::Int(1, 255),
                "0: no router",
                "With bfd: the most routers between the sites; 255 for any number.",
            ),
            Key::ours(
                "multihop",
                Value::Bool,
                "false",
                "With bfd: UDP port 4784 instead of 3784 (RFC 5883).",
            )
            .since(Release::V2_3),
        ],
    ],
};
