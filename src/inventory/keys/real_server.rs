//! The keys of `real_server`.

use std::net::IpAddr;

use super::values;
use super::{COUNT_OR_0, Key, RAW, TIMER, Table, Value, server};
use crate::cluster::{Forwarding, Release, Seconds};
use crate::conf::word::Word;

/// `node`
pub const NODE: Key<Word> =
    Key::ours("node", Value::Kind(&values::HOST), "none", "The name of a node; or `address`.");

/// `address`
pub const ADDRESS: Key<IpAddr> =
    Key::ours("address", Value::Kind(&values::UNICAST), "none", "An address; or `node`.");

/// `port`
pub const PORT: Key<u16> =
    Key::ours("port", super::PORT, "the service's", "Another one only with `lb_kind: NAT`.");

/// `weight`
pub const WEIGHT: Key<u32> = Key::ours(
    "weight",
    Value::Int(0, 2_147_483_647),
    "that of the node or the virtual server",
    "How much it gets; 0 takes it out of the balance.",
);

/// `check`
pub const CHECK: Key =
    Key::ours("check", Value::Checks, "that of the virtual server", "How it is checked.");

/// `lvs_method`
pub const LVS_METHOD: Key<Forwarding> =
    Key::plain("lvs_method", Value::Kind(&values::FORWARDING), "lb_kind", "How packets get to it.");

/// `delay_loop`
pub const DELAY_LOOP: Key<Seconds> =
    Key::plain("delay_loop", TIMER, "of the virtual server", "Seconds between checks.");

/// `inhibit_on_failure`
pub const INHIBIT_ON_FAILURE: Key<bool> =
    Key::plain("inhibit_on_failure", Value::Bool, "false", "Weight 0, not removal.");

/// `real_server`
pub const REAL_SERVER: Table = Table {
    name: "a real_server",
    groups: &[
        &[NODE.any(), ADDRESS.any(), PORT.any(), WEIGHT.any(), CHECK],
        &[
            LVS_METHOD.any(),
            Key::plain("notify_up", Value::Command, "none", "Run when it comes up."),
            Key::plain("notify_down", Value::Command, "none", "Run when it goes down."),
            Key::plain("uthreshold", COUNT_OR_0, "0", "Connections at which it gets no more."),
            Key::plain("lthreshold", COUNT_OR_0, "0", "Connections at which it gets some again."),
            Key::plain("smtp_alert", Value::Bool, "true", "Send a mail when it comes or goes."),
            Key::plain(
                "virtualhost",
                Value::Kind(&values::TEXT),
                "none",
                "Default host of its HTTP checks.",
            ),
            Key::plain("snmp_name", Value::Kind(&values::TEXT), "none", "Its name in SNMP.")
                .since(Release::V2_2),
            Key::plain("alpha", Value::Bool, "of the virtual server", "Down until checked."),
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
