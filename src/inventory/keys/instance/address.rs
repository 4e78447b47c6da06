//! The keys of an address in `virtual_ipaddress` that has more than itself: what `ip address` can say of one.

use super::super::{COUNT_OR_0, Key, Table, Value, values};
use crate::cluster::{Choice, VirtualAddress};
use crate::conf::word::Word;

/// `address`
pub const ADDRESS: Key<VirtualAddress> = Key::ours(
    "address",
    Value::Kind(&values::PREFIXED),
    "required",
    "The VIP: an address, or an address and its prefix length.",
);

/// `dev`
pub const DEV: Key<Word> = Key::ours(
    "dev",
    Value::Kind(&values::INTERFACE),
    "that of the instance",
    "The interface that the VIP is added to.",
);

/// `brd`
pub const BRD: Key = Key::plain(
    "brd",
    Value::Kind(&values::BROADCAST),
    "none",
    "The VIP's broadcast address; + derives it from the prefix length, - sets none.",
);

/// `scope`
pub const SCOPE: Key = Key::plain(
    "scope",
    Value::OneOf(&[
        Choice::of("site"),
        Choice::of("link"),
        Choice::of("host"),
        Choice::of("nowhere"),
        Choice::of("global"),
    ]),
    "global",
    "The VIP's scope, as `ip address` has it.",
);

/// `label`
pub const LABEL: Key = Key::plain(
    "label",
    Value::Kind(&values::LABEL),
    "none",
    "The VIP's label for old tools such as ifconfig, for example eth0:1; up to 15 \
                 characters.",
);

/// `peer`
pub const PEER: Key = Key::plain(
    "peer",
    Value::Kind(&values::ADDRESS),
    "none",
    "The address of the other end of a point-to-point link.",
);

/// `preferred_lft`
pub const PREFERRED_LFT: Key = Key::plain(
    "preferred_lft",
    Value::AnyOf(&[COUNT_OR_0, Value::OneOf(&[Choice::of("forever")])]),
    "forever; 0 for IPv6, where the nodes serve",
    "Seconds that the kernel prefers the VIP as a source address; 0 for never.",
);

/// `home`
pub const HOME: Key<bool> = Key::plain(
    "home",
    Value::Flag,
    "false",
    "Mark the VIP as a mobile node's home address (IPv6): `home` of `ip address`.",
);

/// `nodad`
pub const NODAD: Key<bool> = Key::plain(
    "nodad",
    Value::Flag,
    "false",
    "Add the VIP without duplicate address detection (IPv6).",
)
.keyword("-nodad");

/// `mngtmpaddr`
pub const MNGTMPADDR: Key<bool> = Key::plain(
    "mngtmpaddr",
    Value::Flag,
    "false",
    "Let the kernel derive temporary addresses from the VIP (IPv6): `mngtmpaddr` \
                 of `ip address`.",
);

/// `noprefixroute`
pub const NOPREFIXROUTE: Key<bool> = Key::plain(
    "noprefixroute",
    Value::Flag,
    "false",
    "Add the VIP without a route to its network.",
);

/// `autojoin`
pub const AUTOJOIN: Key<bool> = Key::plain(
    "autojoin",
    Value::Flag,
    "false",
    "Let the kernel join the multicast group of the address: `autojoin` of `ip \
                 address`.",
);

/// `no_track`
pub const NO_TRACK: Key<bool> = Key::plain(
    "no_track",
    Value::Flag,
    "false",
    "Stay MASTER when the VIP is deleted by something other than keepalived.",
);

/// An address with more than itself.
pub const VIRTUAL_ADDRESS: Table = Table {
    name: "virtual_ipaddress",
    groups: &[&[
        ADDRESS.any(),
        DEV.any(),
        BRD,
        SCOPE,
        LABEL,
        PEER,
        PREFERRED_LFT,
        HOME.any(),
        NODAD.any(),
        MNGTMPADDR.any(),
        NOPREFIXROUTE.any(),
        AUTOJOIN.any(),
        NO_TRACK.any(),
    ]],
    either: &[],
};
