//! The keys of an inventory's top level.

use ipnetwork::IpNetwork;

use super::{Key, OrFalse, RAW_LINES, Table, Value, values};
use crate::cluster::Release;
use crate::conf::word::Word;

/// `target`
pub const TARGET: Key<Release> = Key::ours(
    "target",
    Value::Release,
    "keepalived 2.2",
    "The keepalived of the nodes, the oldest where they differ: what it does not know is \
             refused. RHEL 8 has 2.1.5, RHEL 9 and Debian 12 have 2.2, Debian 13 has 2.3.",
);

/// `keep_sessions`
pub const KEEP_SESSIONS: Key<bool> = Key::ours(
    "keep_sessions",
    Value::Bool,
    "true; false with `bypass: false`",
    "Whether open connections live on when an address moves: the hooks keep the address \
             deliverable, and the sync daemon runs, which knows multicast only.",
);

/// `bypass`
pub const BYPASS: Key<bool> = Key::ours(
    "bypass",
    Value::Bool,
    "true; false without `vrrp_instance`",
    "Whether bypass-ipvs is run at every transition. `false` where the balancers are not \
             the servers: then notify_master and the others are free for other programs.",
);

/// `drain_file`
pub const DRAIN_FILE: Key<OrFalse<Word>> = Key::ours(
    "drain_file",
    Value::FalseOr(&Value::Kind(&values::PATH)),
    "/run/keepalived-lvskit/drain",
    "A file that puts the node into FAULT while it holds a number other than 0; `false` \
             for none. Its folder must be there when keepalived starts.",
);

/// `failure_detection`
pub const FAILURE_DETECTION: Key = Key::ours(
    "failure_detection",
    Value::FalseOr(&Value::Section(&super::FAILURE_DETECTION)),
    "none",
    "How soon the nodes notice that another one is dead: each asks the others every few \
             milliseconds, besides the `check` of each service, and gives one that does not answer no new \
             connections (weight 0: inhibit_on_failure, and the fallback flag of mh and sh, are rendered \
             too). `{method: ping}` finds a dead node within 0.35 s, where the application's check takes \
             seconds. Servers that are no nodes are not asked.",
);

/// `allow`
pub const ALLOWED: Key = Key::ours(
    "allow",
    Value::List(&ALLOW),
    "none",
    "Warnings that are meant: `[{id: ID, why: REASON}]` silences the warning of that name. Errors can't \
             be allowed; one that silences nothing is told.",
);

/// `network`
pub const NETWORK: Key<IpNetwork> = Key::ours(
    "network",
    Value::OneOrMore(&Value::Kind(&values::NETWORK_KIND)),
    "not checked",
    "The networks of the servers and their virtual addresses, such as 192.168.3.0/24: an \
             address outside them is refused.",
);

/// `global_defs`
pub const GLOBAL_DEFS: Key = Key::ours(
    "global_defs",
    Value::Section(&super::GLOBAL_DEFS),
    "none",
    "What all nodes share beside instances and services.",
);

/// `nodes`
pub const NODES: Key = Key::ours(
    "nodes",
    Value::List(&super::NODE),
    "required",
    "The nodes, in order of preference: the first is MASTER while it works.",
)
.items(1, usize::MAX);

/// `track_file`
pub const TRACK_FILE: Key = Key::ours(
    "track_file",
    Value::Named(&super::TRACK_FILE),
    "none",
    "Files that change priorities.",
);

/// `bfd_instance`
pub const BFD_INSTANCE: Key = Key::ours(
    "bfd_instance",
    Value::Named(&super::BFD_INSTANCE),
    "none",
    "BFD sessions that all nodes have, by name, for track_bfd and BFD_CHECK. Those between the nodes \
             are rendered for `failure_detection: {method: bfd}`.",
);

/// `vrrp_script`
pub const VRRP_SCRIPT: Key = Key::ours(
    "vrrp_script",
    Value::Named(&super::VRRP_SCRIPT),
    "none",
    "Programs whose exit code changes priorities.",
);

/// `vrrp_track_process`
pub const VRRP_TRACK_PROCESS: Key = Key::ours(
    "vrrp_track_process",
    Value::Named(&super::VRRP_TRACK_PROCESS),
    "none",
    "Processes that change priorities, by name, for `track_process` of instances.",
);

/// `vrrp_sync_group`
pub const VRRP_SYNC_GROUP: Key = Key::ours(
    "vrrp_sync_group",
    Value::Named(&super::VRRP_SYNC_GROUP),
    "none",
    "Instances that change their state together.",
);

/// `vrrp_instance`
pub const VRRP_INSTANCE: Key = Key::ours(
    "vrrp_instance",
    Value::Named(&super::VRRP_INSTANCE),
    "required, or `virtual_server`",
    "Addresses that move together from node to node, by name. Without any, another program gives the \
             nodes the addresses that they balance.",
)
.items(1, usize::MAX);

/// `virtual_server_group`
pub const VIRTUAL_SERVER_GROUP: Key = Key::ours(
    "virtual_server_group",
    Value::NamedLines,
    "none",
    "Lists of `ADDRESS PORT`, `FROM-TO PORT` and `fwmark NUMBER` by name, for virtual \
             servers with `group`.",
);

/// `virtual_server`
pub const VIRTUAL_SERVER: Key = Key::ours(
    "virtual_server",
    Value::List(&super::VIRTUAL_SERVER),
    "no balance",
    "Balanced services.",
);

/// A whole inventory.
pub const TOP: Table = Table {
    name: "inventory",
    groups: &[&[
        TARGET.any(),
        KEEP_SESSIONS.any(),
        BYPASS.any(),
        DRAIN_FILE.any(),
        FAILURE_DETECTION,
        ALLOWED,
        NETWORK.any(),
        GLOBAL_DEFS,
        NODES,
        TRACK_FILE,
        BFD_INSTANCE,
        VRRP_SCRIPT,
        VRRP_TRACK_PROCESS,
        VRRP_SYNC_GROUP,
        VRRP_INSTANCE,
        VIRTUAL_SERVER_GROUP,
        VIRTUAL_SERVER,
        RAW_LINES,
    ]],
    either: &[(&["vrrp_instance"], &[]), (&["virtual_server"], &["vrrp_instance"])],
};

/// `allow.id`
pub const ID: Key<String> = Key::ours(
    "id",
    Value::Kind(&values::NAME),
    "required",
    "The name of the warning, as its message ends with: `[NAME]`.",
);

/// `allow.why`
pub const WHY: Key<String> = Key::ours(
    "why",
    Value::Kind(&values::REASON),
    "required",
    "Why it is right here, for whoever reads it next year.",
);

/// A warning that is meant.
pub const ALLOW: Table = Table { name: "allow", groups: &[&[ID.any(), WHY.any()]], either: &[] };
