//! The keys of an inventory's top level and of its nodes.

use super::{
    BFD_INSTANCE, FAILURE_DETECTION, GLOBAL_DEFS, Key, RAW, TRACK_FILE, Table, VIRTUAL_SERVER,
    VRRP_INSTANCE, VRRP_SCRIPT, VRRP_SYNC_GROUP, Value, form, global, instance,
};
use crate::cluster::Release;

/// A whole inventory.
pub const TOP: Table = Table {
    name: "inventory",
    groups: &[&[
        Key::ours(
            "target",
            Value::OneOf(&Release::NAMES),
            "keepalived 2.2",
            "The keepalived of the nodes, the oldest where they differ: what it does not know is \
             refused. RHEL 8 has 2.1.5, RHEL 9 and Debian 12 have 2.2, Debian 13 has 2.3.",
        ),
        Key::ours(
            "keep_sessions",
            Value::Bool,
            "true",
            "Whether open connections live on when an address moves: the hooks keep the address \
             deliverable, and the sync daemon runs.",
        ),
        Key::ours(
            "bypass",
            Value::Bool,
            "true",
            "Whether bypass-ipvs is run at every transition. `false` where the balancers are not \
             the servers: then notify_master and the others are free for other programs.",
        ),
        Key::ours(
            "drain_file",
            Value::AnyOf(&[Value::Path, Value::OneOf(&["false"])]),
            "/run/keepalived-lvskit/drain",
            "A file that puts the node into FAULT while it holds a number other than 0; `false` \
             for none. Its folder must be there when keepalived starts.",
        ),
        Key::ours(
            "failure_detection",
            Value::AnyOf(&[Value::Section(&FAILURE_DETECTION), Value::OneOf(&["false"])]),
            "none",
            "How soon the nodes notice that another one is dead: each asks the others every few \
             milliseconds, besides the `check` of each service, and gives one that does not answer no new \
             connections (weight 0: inhibit_on_failure, and the fallback flag of mh and sh, are rendered \
             too). `{method: ping}` finds a dead node within 0.35 s, where the application's check takes \
             seconds. Servers that are no nodes are not asked.",
        ),
        Key::ours(
            "network",
            Value::OneOrMore(&Value::Form(&form::NETWORK)),
            "not checked",
            "The networks of the servers and their virtual addresses, such as 192.168.3.0/24: an \
             address outside them is refused.",
        ),
        Key::ours(
            "global_defs",
            Value::Section(&GLOBAL_DEFS),
            "none",
            "What all nodes share beside instances and services.",
        ),
        Key::ours(
            "nodes",
            Value::List(&NODE),
            "required",
            "The nodes, in order of preference: the first is MASTER while it works.",
        ),
        Key::ours("track_file", Value::Named(&TRACK_FILE), "none", "Files that change priorities."),
        Key::ours(
            "bfd_instance",
            Value::Named(&BFD_INSTANCE),
            "none",
            "BFD sessions that all nodes have, by name, for track_bfd and BFD_CHECK. Those between the nodes \
             are rendered for `failure_detection: {method: bfd}`.",
        ),
        Key::ours(
            "vrrp_script",
            Value::Named(&VRRP_SCRIPT),
            "none",
            "Programs whose exit code changes priorities.",
        ),
        Key::ours(
            "vrrp_sync_group",
            Value::Named(&VRRP_SYNC_GROUP),
            "none",
            "Instances that change their state together.",
        ),
        Key::ours(
            "vrrp_instance",
            Value::Named(&VRRP_INSTANCE),
            "required",
            "Addresses that move together from node to node, by name.",
        ),
        Key::ours(
            "virtual_server_group",
            Value::NamedLines,
            "none",
            "Lists of `ADDRESS PORT`, `FROM-TO PORT` and `fwmark NUMBER` by name, for virtual \
             servers with `group`.",
        ),
        Key::ours(
            "virtual_server",
            Value::List(&VIRTUAL_SERVER),
            "no balance",
            "Balanced services.",
        ),
        Key::raw(),
    ]],
};

/// A node.
pub const NODE: Table = Table {
    name: "a node",
    groups: &[&[
        Key::ours("name", Value::Host, "required", "Its host name, in router_id and file names."),
        Key::ours(
            "address",
            Value::OneOrMore(&Value::Address),
            "required",
            "Where its service listens and is checked; at most one IPv4 and one IPv6 address.",
        ),
        Key::ours(
            "site",
            Value::Text,
            "none",
            "The data centre it stands in: instances can be bound to one.",
        ),
        Key::ours(
            "interface",
            Value::Interface,
            "that of the instance",
            "The interface of all its instances, where it differs from the other nodes'.",
        ),
        Key::ours(
            "priority",
            Value::Int(1, 254),
            "by order",
            "Its VRRP priority in all its instances.",
        ),
        Key::ours(
            "weight",
            Value::Int(0, 2_147_483_647),
            "that of the virtual server",
            "Its weight as a server; 0 takes it out of the balance.",
        ),
        Key::ours(
            "global_defs",
            Value::Section(&NODE_GLOBAL_DEFS),
            "none",
            "What differs from the cluster's global_defs.",
        ),
        Key::ours(
            "bfd_instance",
            Value::Named(&BFD_INSTANCE),
            "none",
            "BFD sessions of this node alone, by name; one of the cluster's name is in its place.",
        ),
        Key::ours(
            "vrrp_instance",
            Value::Named(&NODE_INSTANCE),
            "none",
            "What differs from the cluster's instances, by their names.",
        ),
        Key::raw(),
    ]],
};

/// The `global_defs` of a node: those that may differ from the other nodes'.
pub const NODE_GLOBAL_DEFS: Table =
    Table { name: "a node's global_defs", groups: &[global::OWN, global::FREE, RAW] };

/// A node's part of an instance: what may differ from the other nodes' without making two MASTERs.
pub const NODE_INSTANCE: Table = Table {
    name: "a node's vrrp_instance",
    groups: &[
        &[
            Key::ours("interface", Value::Interface, "that of the node", "Where adverts are sent."),
            Key::ours("priority", Value::Int(1, 254), "that of the node", "Its VRRP priority."),
            Key::ours(
                "unicast_src_ip",
                Value::Address,
                "the node's address",
                "Where its adverts come from, with `unicast`.",
            ),
            Key::ours(
                "unicast_peer",
                Value::OneOrMore(&Value::Address),
                "the other nodes' addresses",
                "Where its adverts go to, with `unicast`; every other node must be there.",
            ),
        ],
        instance::TRACKED,
        instance::HOOKS,
        instance::FREE,
        RAW,
    ],
};
