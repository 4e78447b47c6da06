//! The keys of `virtual_server` that say which server a connection goes to.

use super::super::{Key, Value, form};
use crate::cluster::{Keyword, Scheduler};

/// `lb_algo`
pub const LB_ALGO: Key<Scheduler> = Key::plain(
    "lb_algo",
    Value::OneOf(Scheduler::CHOICES),
    "required",
    "The IPVS scheduler, which chooses a server for each new connection.",
)
.used();

/// `mh-port`
pub const MH_PORT: Key = Key::plain(
    "mh-port",
    Value::Flag,
    "false",
    "With mh: hash the client's port too. Best where sessions must survive a \
                 failover.",
)
.only_with(LB_ALGO.name, &[Scheduler::Mh.name()]);

/// `mh-fallback`
pub const MH_FALLBACK: Key = Key::plain(
    "mh-fallback",
    Value::Flag,
    "false",
    "With mh: connections that hash to a server of weight 0 go to other servers; \
                 without it they are refused.",
)
.only_with(LB_ALGO.name, &[Scheduler::Mh.name()]);

/// `sh-port`
pub const SH_PORT: Key =
    Key::plain("sh-port", Value::Flag, "false", "With sh: hash the client's port too.")
        .only_with(LB_ALGO.name, &[Scheduler::Sh.name()]);

/// `sh-fallback`
pub const SH_FALLBACK: Key = Key::plain(
    "sh-fallback",
    Value::Flag,
    "false",
    "With sh: connections that hash to a server of weight 0 go to other servers; \
                 without it they are refused.",
)
.only_with(LB_ALGO.name, &[Scheduler::Sh.name()]);

/// `weight`
pub const WEIGHT: Key<u32> = Key::ours(
    "weight",
    Value::Int(1, 2_147_483_647),
    "1",
    "The weight of servers that have none of their own: their share of new \
                 connections.",
);

/// `ops`
pub const OPS: Key = Key::plain(
    "ops",
    Value::Flag,
    "false",
    "Choose a server for each UDP datagram (one-packet scheduling).",
);

/// `persistence_timeout`
pub const PERSISTENCE_TIMEOUT: Key = Key::plain(
    "persistence_timeout",
    Value::Int(1, 2_678_400),
    "no persistence",
    "Seconds that a client's new connections go to the server of its last one.",
);

/// `persistence_granularity`
pub const PERSISTENCE_GRANULARITY: Key<String> = Key::plain(
    "persistence_granularity",
    Value::Form(&form::GRANULARITY),
    "each address",
    "The network within which clients share one server, with `persistence_timeout`.",
);
