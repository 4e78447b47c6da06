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
    "The keepalived release of the nodes, the oldest where they differ. Keys that \
                 it does not know are refused. RHEL 8 has 2.1.5, RHEL 9 and Debian 12 have \
                 2.2, Debian 13 has 2.3.",
);

/// `keep_sessions`
pub const KEEP_SESSIONS: Key<bool> = Key::ours(
    "keep_sessions",
    Value::Bool,
    "true; false with `bypass: false`",
    "Whether open connections survive a failover: the hooks keep the VIP \
                 deliverable, and IPVS's sync daemon runs, which needs multicast.",
);

/// `bypass`
pub const BYPASS: Key<bool> = Key::ours(
    "bypass",
    Value::Bool,
    "true; false without `vrrp_instance`",
    "Whether keepalived runs bypass-ipvs at every transition. `false` where the \
                 directors are not the real servers: then notify_master and the other hooks \
                 are free for other programs.",
);

/// `drain_file`
pub const DRAIN_FILE: Key<OrFalse<Word>> = Key::ours(
    "drain_file",
    Value::FalseOr(&Value::Kind(&values::PATH)),
    "/run/keepalived-lvskit/drain",
    "A file that puts the node into FAULT while it holds a number other than 0; \
                 `false` for none. Its directory must exist when keepalived starts.",
);

/// `failure_detection`
pub const FAILURE_DETECTION: Key = Key::ours(
    "failure_detection",
    Value::FalseOr(&Value::Section(&super::FAILURE_DETECTION)),
    "none",
    "How soon the nodes notice that another one is dead. Each asks the others \
                 every few milliseconds, besides the `check` of each service. A node that \
                 does not answer gets no new connections (weight 0: inhibit_on_failure, and \
                 the fallback flag of mh and sh, are rendered too). `{method: ping}` finds a \
                 dead node within half a second; the application's check takes seconds. Only nodes \
                 are asked, not other servers.",
);

/// `allow`
pub const ALLOWED: Key = Key::ours(
    "allow",
    Value::List(&ALLOW),
    "none",
    "Warnings to silence: `[{id: ID, why: REASON}]`. Errors can't be allowed; an \
                 entry that silences nothing is reported.",
);

/// `network`
pub const NETWORK: Key<IpNetwork> = Key::ours(
    "network",
    Value::OneOrMore(&Value::Kind(&values::NETWORK_KIND)),
    "not checked",
    "The networks of nodes, servers and VIPs, such as 192.168.3.0/24. An address \
                 outside them is refused.",
);

/// `global_defs`
pub const GLOBAL_DEFS: Key = Key::ours(
    "global_defs",
    Value::Section(&super::GLOBAL_DEFS),
    "none",
    "keepalived's global settings: mails, defaults of instances, limits of its \
                 processes.",
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
    "Files whose number changes priorities or means FAULT, by name.",
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
    "Programs whose exit code changes priorities or means FAULT, by name.",
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
    "Groups of instances that change their state together, by name.",
);

/// `vrrp_instance`
pub const VRRP_INSTANCE: Key = Key::ours(
    "vrrp_instance",
    Value::Named(&super::VRRP_INSTANCE),
    "required, or `virtual_server`",
    "VRRP instances, by name: VIPs that move together from node to node. Without any, another program \
     gives the nodes the addresses that they balance.",
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
    "The services that IPVS balances: a VIP, a port, a scheduler and a check each.",
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
