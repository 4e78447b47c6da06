//! The keys of `real_server`.

use std::net::IpAddr;

use super::values;
use super::{COUNT_OR_0, Key, RAW, TIMER, Table, Value, server};
use crate::cluster::{Forwarding, Release, Seconds};
use crate::conf::word::Word;

/// `node`
pub const NODE: Key<Word> = Key::ours(
    "node",
    Value::Kind(&values::HOST),
    "none",
    "The name of the node that is the server; use either `node` or `address`.",
);

/// `address`
pub const ADDRESS: Key<IpAddr> = Key::ours(
    "address",
    Value::Kind(&values::UNICAST),
    "none",
    "The server's address, where it is not a node; use either `address` or `node`.",
);

/// `port`
pub const PORT: Key<u16> = Key::ours(
    "port",
    super::PORT,
    "the service's",
    "The port that the server listens on; only `lb_kind: NAT` can have another \
                 than the service.",
);

/// `weight`
pub const WEIGHT: Key<u32> = Key::ours(
    "weight",
    Value::Int(0, 2_147_483_647),
    "that of the node or the virtual server",
    "The server's share of new connections; with 0 it gets none.",
);

/// `check`
pub const CHECK: Key = Key::ours(
    "check",
    Value::Checks,
    "that of the virtual server",
    "How this server is checked: a section, or a list of sections that must all \
                 succeed.",
);

/// `lvs_method`
pub const LVS_METHOD: Key<Forwarding> = Key::plain(
    "lvs_method",
    Value::Kind(&values::FORWARDING),
    "lb_kind",
    "How packets get to this server: DR, NAT or TUN.",
);

/// `delay_loop`
pub const DELAY_LOOP: Key<Seconds> = Key::plain(
    "delay_loop",
    TIMER,
    "of the virtual server",
    "Seconds between two checks of this server.",
);

/// `inhibit_on_failure`
pub const INHIBIT_ON_FAILURE: Key<bool> = Key::plain(
    "inhibit_on_failure",
    Value::Bool,
    "false",
    "Set the failed server's weight to 0 instead of removing it, so that its \
                 connections live on.",
);

/// `real_server`
pub const REAL_SERVER: Table = Table {
    name: "a real_server",
    groups: &[
        &[NODE.any(), ADDRESS.any(), PORT.any(), WEIGHT.any(), CHECK],
        &[
            LVS_METHOD.any(),
            Key::plain(
                "notify_up",
                Value::Command,
                "none",
                "The command that keepalived runs when the server comes up.",
            ),
            Key::plain(
                "notify_down",
                Value::Command,
                "none",
                "The command that keepalived runs when the server goes down.",
            ),
            Key::plain(
                "uthreshold",
                COUNT_OR_0,
                "0",
                "Connections at which the server gets no new ones; 0 for no limit.",
            ),
            Key::plain(
                "lthreshold",
                COUNT_OR_0,
                "0",
                "Connections below which the server gets new ones again; 0 for three quarters \
                 of `uthreshold`.",
            ),
            Key::plain(
                "smtp_alert",
                Value::Bool,
                "true",
                "Send a mail when the server comes up or goes down.",
            ),
            Key::plain(
                "virtualhost",
                Value::Kind(&values::TEXT),
                "none",
                "The host name that HTTP_GET and SSL_GET of this server ask for, if they have \
                 none of their own.",
            ),
            Key::plain(
                "snmp_name",
                Value::Kind(&values::TEXT),
                "none",
                "The name of the real server in SNMP.",
            )
            .since(Release::V2_2),
            Key::plain(
                "alpha",
                Value::Bool,
                "of the virtual server",
                "The server is down at the start until a check succeeds.",
            ),
            server::RETRY,
            server::DELAY_BEFORE_RETRY,
            server::WARMUP,
            server::CONNECT_TIMEOUT,
            DELAY_LOOP.any(),
            INHIBIT_ON_FAILURE.any(),
        ],
        RAW,
    ],
    either: &[(&["node"], &["address"]), (&["address"], &["node"])],
};
