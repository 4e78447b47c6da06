//! The keys of `bfd_instance`: a session of Bidirectional Forwarding Detection (RFC 5880) with another host.

use std::net::IpAddr;

use super::values;
use super::{Key, RAW, Table, Value};
use crate::cluster::Release;

/// `neighbor_ip`
pub const NEIGHBOR_IP: Key<IpAddr> = Key::plain(
    "neighbor_ip",
    Value::Kind(&values::ADDRESS),
    "required",
    "The other host's address.",
);

/// `source_ip`
pub const SOURCE_IP: Key<IpAddr> = Key::plain(
    "source_ip",
    Value::Kind(&values::ADDRESS),
    "the system's choice",
    "The address that this host sends from; keepalived wants it to choose its port.",
);

/// From 1 ms to the most that keepalived takes, 1 s.
const MILLISECONDS: Value = Value::Int(1, 1000);

/// `bfd_instance`
pub const BFD_INSTANCE: Table = Table {
    name: "bfd_instance",
    groups: &[
        &[
            NEIGHBOR_IP.any(),
            SOURCE_IP.any(),
            Key::plain(
                "min_rx",
                MILLISECONDS,
                "10",
                "The shortest interval at which this host takes packets, 1-1000 milliseconds.",
            ),
            Key::plain(
                "min_tx",
                MILLISECONDS,
                "10",
                "The shortest interval at which this host sends packets, 1-1000 milliseconds.",
            ),
            Key::plain(
                "idle_tx",
                Value::Int(1000, 10_000),
                "1000",
                "The interval of packets while the session is down, 1000-10000 milliseconds.",
            ),
            Key::plain(
                "multiplier",
                Value::Int(1, 255),
                "5",
                "Missed packets in a row until the session is down, 1-255.",
            ),
            Key::plain(
                "passive",
                Value::Flag,
                "false",
                "Send nothing until the other host has sent something.",
            ),
            Key::plain("ttl", Value::Int(1, 255), "255", "The TTL of IPv4 packets, 1-255."),
            Key::plain(
                "hoplimit",
                Value::Int(1, 255),
                "64",
                "The hop limit of IPv6 packets, 1-255. A neighbour without `max_hops` wants 255.",
            ),
            Key::plain(
                "max_hops",
                Value::Int(0, 255),
                "0",
                "The most routers that packets may have passed, 0-255; 255 for any number.",
            ),
            Key::plain(
                "multihop",
                Value::Flag,
                "false",
                "Use UDP port 4784 instead of 3784 (RFC 5883).",
            )
            .since(Release::V2_3),
            Key::plain(
                "weight",
                Value::Weight(-253, 253),
                "0",
                "Added to the priority of an instance that tracks the session: a positive \
                 weight while it is up, a negative one while it is down. `reverse` after it \
                 swaps the two.",
            ),
            Key::plain(
                "vrrp",
                Value::Flag,
                "false",
                "Send the session's changes to the VRRP process only.",
            ),
            Key::plain(
                "checker",
                Value::Flag,
                "false",
                "Send the session's changes to the checking process only.",
            ),
        ],
        RAW,
    ],
    either: &[],
};
