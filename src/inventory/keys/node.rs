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
    "Its host name, in router_id and file names.",
);

/// `address`
pub const ADDRESS: Key<IpAddr> = Key::ours(
    "address",
    Value::OneOrMore(&Value::Kind(&values::UNICAST)),
    "required",
    "Where its service listens and is checked: an address, or a list of both families and several networks. For a \
     VIP with its network's length the one in that network counts, else the first of its family.",
)
.items(1, usize::MAX);

/// `site`
pub const SITE: Key<Word> = Key::ours(
    "site",
    Value::Kind(&values::NAME),
    "none",
    "The data centre it stands in: instances can be bound to one.",
);

/// `interface`
pub const INTERFACE: Key<Word> = Key::ours(
    "interface",
    Value::Kind(&values::INTERFACE),
    "that of the instance",
    "The interface of all its instances, where it differs from the other nodes'.",
);

/// `priority`
pub const PRIORITY: Key<u8> = Key::ours(
    "priority",
    Value::Int(1, 254),
    "by order",
    "Its VRRP priority in all its instances.",
);

/// `weight`
pub const WEIGHT: Key<u32> = Key::ours(
    "weight",
    Value::Int(0, 2_147_483_647),
    "that of the virtual server",
    "Its weight as a server; 0 takes it out of the balance.",
);

/// `global_defs`
pub const OWN_GLOBAL_DEFS: Key = Key::ours(
    "global_defs",
    Value::Section(&NODE_GLOBAL_DEFS),
    "none",
    "What differs from the cluster's global_defs.",
);

/// `track_file`
pub const OWN_TRACK_FILE: Key = Key::ours(
    "track_file",
    Value::Named(&TRACK_FILE),
    "none",
    "Files of this node alone, by name; one of the cluster's name is in its place.",
);

/// `vrrp_script`
pub const OWN_VRRP_SCRIPT: Key = Key::ours(
    "vrrp_script",
    Value::Named(&VRRP_SCRIPT),
    "none",
    "Programs of this node alone, by name; one of the cluster's name is in its place.",
);

/// `vrrp_track_process`
pub const OWN_VRRP_TRACK_PROCESS: Key = Key::ours(
    "vrrp_track_process",
    Value::Named(&VRRP_TRACK_PROCESS),
    "none",
    "Processes of this node alone, by name; one of the cluster's name is in its place.",
);

/// `bfd_instance`
pub const OWN_BFD_INSTANCE: Key = Key::ours(
    "bfd_instance",
    Value::Named(&BFD_INSTANCE),
    "none",
    "BFD sessions of this node alone, by name; one of the cluster's name is in its place.",
);

/// `vrrp_instance`
pub const OWN_VRRP_INSTANCE: Key = Key::ours(
    "vrrp_instance",
    Value::Named(&NODE_INSTANCE),
    "none",
    "What differs from the cluster's instances, by their names.",
);

/// `unicast_src_ip`
pub const UNICAST_SRC_IP: Key<IpAddr> = Key::ours(
    "unicast_src_ip",
    Value::Kind(&values::ADDRESS),
    "the node's address",
    "Where its adverts come from, with `unicast`.",
);

/// `unicast_peer`
pub const UNICAST_PEER: Key<IpAddr> = Key::ours(
    "unicast_peer",
    Value::OneOrMore(&Value::Kind(&values::ADDRESS)),
    "the other nodes' addresses",
    "Where its adverts go to, with `unicast`; every other node must be there.",
);

/// `interface` of an instance
pub const OWN_INTERFACE: Key<Word> = Key::ours(
    "interface",
    Value::Kind(&values::INTERFACE),
    "that of the node",
    "Where adverts are sent.",
);
/// `priority` of an instance
pub const OWN_PRIORITY: Key<u8> =
    Key::ours("priority", Value::Int(1, 254), "that of the node", "Its VRRP priority.");
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
pub const NODE_GLOBAL_DEFS: Table =
    Table { name: "a node's global_defs", groups: &[global::OWN, global::FREE, RAW], either: &[] };

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
