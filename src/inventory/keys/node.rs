//! The keys of an inventory's nodes.

use std::net::IpAddr;

use super::values;
use super::{
    BFD_INSTANCE, Key, RAW, RAW_LINES, TRACK_FILE, Table, VRRP_SCRIPT, VRRP_TRACK_PROCESS, Value,
};
use super::{global, instance};
use crate::conf::word::Word;

/// `name`
pub const NAME: Key<Word> = Key::ours(
    "name",
    Value::Kind(&values::HOST),
    "required",
    "The node's host name, which becomes its router_id and the names of its files.",
);

/// `address`
pub const ADDRESS: Key<IpAddr> = Key::ours(
    "address",
    Value::OneOrMore(&Value::Kind(&values::UNICAST)),
    "required",
    "The address at which the node's services listen and are checked, or a list \
                 of both families and several networks. A VIP with its network's length uses \
                 the one in that network, else the first of its family.",
)
.items(1, usize::MAX);

/// `site`
pub const SITE: Key<Word> = Key::ours(
    "site",
    Value::Kind(&values::NAME),
    "none",
    "The node's data centre; `site` of an instance can name it.",
);

/// `interface`
pub const INTERFACE: Key<Word> = Key::ours(
    "interface",
    Value::Kind(&values::INTERFACE),
    "that of the instance",
    "The interface of all instances on this node, where it differs from the other \
                 nodes'.",
);

/// `priority`
pub const PRIORITY: Key<u8> = Key::ours(
    "priority",
    Value::Int(1, 254),
    "by order",
    "The node's VRRP priority in all instances.",
);

/// `weight`
pub const WEIGHT: Key<u32> = Key::ours(
    "weight",
    Value::Int(0, 2_147_483_647),
    "that of the virtual server",
    "The node's share of new connections as a real server; with 0 it gets none.",
);

/// `global_defs`
pub const OWN_GLOBAL_DEFS: Key = Key::ours(
    "global_defs",
    Value::Section(&NODE_GLOBAL_DEFS),
    "none",
    "The keys of global_defs that differ on this node from the cluster's.",
);

/// `track_file`
pub const OWN_TRACK_FILE: Key = Key::ours(
    "track_file",
    Value::Named(&TRACK_FILE),
    "none",
    "Track files of this node alone, by name; one with the name of a cluster's \
                 replaces it here.",
);

/// `vrrp_script`
pub const OWN_VRRP_SCRIPT: Key = Key::ours(
    "vrrp_script",
    Value::Named(&VRRP_SCRIPT),
    "none",
    "Scripts of this node alone, by name; one with the name of a cluster's \
                 replaces it here.",
);

/// `vrrp_track_process`
pub const OWN_VRRP_TRACK_PROCESS: Key = Key::ours(
    "vrrp_track_process",
    Value::Named(&VRRP_TRACK_PROCESS),
    "none",
    "Processes of this node alone, by name; one with the name of a cluster's \
                 replaces it here.",
);

/// `bfd_instance`
pub const OWN_BFD_INSTANCE: Key = Key::ours(
    "bfd_instance",
    Value::Named(&BFD_INSTANCE),
    "none",
    "BFD sessions of this node alone, by name; one with the name of a cluster's \
                 replaces it here.",
);

/// `vrrp_instance`
pub const OWN_VRRP_INSTANCE: Key = Key::ours(
    "vrrp_instance",
    Value::Named(&NODE_INSTANCE),
    "none",
    "The keys of instances that differ on this node, by the instances' names.",
);

/// `unicast_src_ip`
pub const UNICAST_SRC_IP: Key<IpAddr> = Key::ours(
    "unicast_src_ip",
    Value::Kind(&values::ADDRESS),
    "the node's address",
    "The source address of the node's adverts, with `unicast`.",
);

/// `unicast_peer`
pub const UNICAST_PEER: Key<IpAddr> = Key::ours(
    "unicast_peer",
    Value::OneOrMore(&Value::Kind(&values::ADDRESS)),
    "the other nodes' addresses",
    "The addresses that the node's adverts are sent to, with `unicast`; every \
                 other node must be listed.",
);

/// `interface` of an instance
pub const OWN_INTERFACE: Key<Word> = Key::ours(
    "interface",
    Value::Kind(&values::INTERFACE),
    "that of the node",
    "The interface of this instance on this node: adverts are sent and VIPs are \
                 added there.",
);
/// `priority` of an instance
pub const OWN_PRIORITY: Key<u8> = Key::ours(
    "priority",
    Value::Int(1, 254),
    "that of the node",
    "The node's VRRP priority in this instance.",
);
/// A node.
pub const NODE: Table = Table {
    name: "a node",
    groups: &[&[
        NAME.any(),
        ADDRESS.any(),
        SITE.any(),
        INTERFACE.any(),
        PRIORITY.any(),
        WEIGHT.any(),
        OWN_GLOBAL_DEFS,
        OWN_TRACK_FILE,
        OWN_VRRP_SCRIPT,
        OWN_VRRP_TRACK_PROCESS,
        OWN_BFD_INSTANCE,
        OWN_VRRP_INSTANCE,
        RAW_LINES,
    ]],
    either: &[],
};

/// The `global_defs` of a node: those that may differ from the other nodes'.
pub const NODE_GLOBAL_DEFS: Table = Table {
    name: "a node's global_defs",
    groups: &[global::OWN, global::MAILS, global::VRRP, global::PROCESS, RAW],
    either: &[],
};

/// A node's part of an instance: what may differ from the other nodes' without making two MASTERs.
pub const NODE_INSTANCE: Table = Table {
    name: "a node's vrrp_instance",
    groups: &[
        &[OWN_INTERFACE.any(), OWN_PRIORITY.any(), UNICAST_SRC_IP.any(), UNICAST_PEER.any()],
        instance::TRACKED,
        instance::HOOKS,
        instance::FREE,
        RAW,
    ],
    either: &[],
};
