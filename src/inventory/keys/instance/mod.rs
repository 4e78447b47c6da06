//! The keys of `vrrp_instance`.

mod address;
mod authentication;
mod free;

use std::net::IpAddr;

pub use self::address::{
    ADDRESS, AUTOJOIN, BRD, DEV, HOME, LABEL, MNGTMPADDR, NO_TRACK, NODAD, NOPREFIXROUTE, PEER,
    PREFERRED_LFT, SCOPE, VIRTUAL_ADDRESS,
};
pub use self::authentication::{AUTH_PASS, AUTH_TYPE, AUTHENTICATION, ENV, FILE, SECRET};
pub use self::free::{FREE, MCAST_SRC_IP};
use super::values::{self, Kind};
use super::wrong::wrong;
use super::{Key, RAW, Table, Value, form};
use crate::cluster::{Keyword, Pause, Ranking, Release, Seconds, State, Version, VirtualAddress};
use crate::conf::word::Word;

/// `interface`
pub const INTERFACE: Key<Word> = Key::ours(
    "interface",
    Value::Kind(&values::INTERFACE),
    "required, here or at the nodes",
    "The interface that adverts are sent on and addresses are added to; VLANs and \
                 bonds too.",
);

/// `virtual_router_id`
pub const VIRTUAL_ROUTER_ID: Key<u8> = Key::ours(
    "virtual_router_id",
    Value::Int(1, 255),
    "required",
    "The instance's number, unique on the network: `tcpdump -nnn ip proto 112` \
                 shows those in use.",
);

/// `nodes`
pub const NODES: Key<Word> = Key::ours(
    "nodes",
    Value::OneOrMore(&Value::Kind(&values::HOST)),
    "all, in their order",
    "The names of the nodes that run the instance, in order of preference; \
                 instances may overlap.",
);

/// `site`
pub const SITE: Key<Word> = Key::ours(
    "site",
    Value::Kind(&values::NAME),
    "all sites",
    "The site whose nodes run this instance.",
);

/// `election`
pub const ELECTION: Key<Ranking> = Key::ours(
    "election",
    Value::OneOf(Ranking::CHOICES),
    "ranked",
    "How a MASTER is chosen. `ranked`: the order of nodes gives state and \
                 priority. `uniform`: all nodes start as BACKUP with equal priorities, the \
                 MASTER stays until it fails, and the files of all nodes are equal.",
);

/// `state`
pub const STATE: Key<State> = Key::ours(
    "state",
    Value::Kind(&STATE_KIND),
    "MASTER for the first node",
    "The state that keepalived starts in. `BACKUP`: an election decides from the \
                 start.",
);

/// `priority`
pub const PRIORITY: Key<u8> = Key::ours(
    "priority",
    Value::Int(1, 254),
    "by order",
    "One VRRP priority for all nodes: the node with the highest address wins.",
);

/// `advert_int`
pub const ADVERT_INT: Key<Seconds> = Key::ours(
    "advert_int",
    Value::Seconds(10_000, 255_000_000, 10_000),
    "1",
    "Seconds between adverts: whole ones in VRRP version 2, hundredths up to 40.95 in 3.",
)
.help("write whole seconds from 1 to 255; in VRRP version 3 0.01 to 40.95, in hundredths");

/// `version`
pub const VERSION: Key<Version> = Key::ours(
    "version",
    Value::OneOf(Version::CHOICES),
    "vrrp_version",
    "The VRRP version of this instance; IPv6 needs 3.",
);

/// `authentication`
pub const AUTH: Key = Key::ours(
    "authentication",
    Value::Section(&AUTHENTICATION),
    "none",
    "A password in clear text on the network; not in VRRP version 3.",
);

/// `unicast`
pub const UNICAST: Key<bool> = Key::ours(
    "unicast",
    Value::Bool,
    "false: multicast",
    "Send adverts to each of the other nodes' addresses instead of a multicast group.",
);

/// An item of `virtual_ipaddress` that is only an address.
pub const VIRTUAL_ADDRESS_TEXT: Key<VirtualAddress> = Key::ours(
    "virtual_ipaddress",
    Value::Kind(&values::PREFIXED),
    "required",
    "An address, or an address and its prefix length.",
);

/// `virtual_ipaddress`
pub const VIRTUAL_IPADDRESS: Key = Key::ours(
    "virtual_ipaddress",
    Value::OneOrMore(&Value::AnyOf(&[
        Value::Kind(&values::PREFIXED),
        Value::Section(&VIRTUAL_ADDRESS),
    ])),
    "required",
    "The virtual IP addresses (VIPs), up to 20 of one family: `ADDRESS`, \
                 `ADDRESS/LENGTH` or a section.",
)
.items(1, 20);

/// `virtual_ipaddress_excluded`
pub const VIRTUAL_IPADDRESS_EXCLUDED: Key = Key::ours(
    "virtual_ipaddress_excluded",
    Value::OneOrMore(&Value::AnyOf(&[
        Value::Kind(&values::PREFIXED),
        Value::Section(&VIRTUAL_ADDRESS),
    ])),
    "none",
    "VIPs that move with the instance but are not in its adverts; of any family.",
);

/// `preempt`
pub const PREEMPT: Key<bool> = Key::ours(
    "preempt",
    Value::Bool,
    "true",
    "Whether a node of higher priority takes over from the MASTER when it returns.",
);

/// `preempt_delay`
pub const PREEMPT_DELAY: Key<Pause> = Key::ours(
    "preempt_delay",
    Value::Seconds(0, 1_000_000_000, 1),
    "0",
    "Seconds that a node of higher priority waits before it takes over. With it \
                 all nodes start as BACKUP.",
);

/// `track_interface`
pub const TRACK_INTERFACE: Key = Key::ours(
    "track_interface",
    Value::OneOrMore(&Value::Kind(&values::TRACKED)),
    "none",
    "Interfaces that must be up, or the node enters FAULT: `NAME`, or `NAME \
                 weight NUMBER` to change the priority instead.",
);

/// `track_script`
pub const TRACK_SCRIPT: Key = Key::ours(
    "track_script",
    Value::OneOrMore(&Value::Kind(&values::TRACKED)),
    "none",
    "Names of `vrrp_script` sections that decide on FAULT or change the priority; \
                 `weight NUMBER` may follow a name.",
);

/// `track_file`
pub const TRACK_FILE: Key = Key::ours(
    "track_file",
    Value::OneOrMore(&Value::Kind(&values::TRACKED)),
    "none",
    "Names of `track_file` sections that decide on FAULT or change the priority; \
                 `weight NUMBER` may follow a name.",
);

/// `mcast_dst_ip`
pub const MCAST_DST_IP: Key<IpAddr> = Key::plain(
    "mcast_dst_ip",
    Value::Form(&form::GROUP),
    "224.0.0.18 or ff02::12",
    "The multicast group that this instance's adverts are sent to.",
)
.since(Release::V2_2);

/// `down_timer_adverts`
pub const DOWN_TIMER_ADVERTS: Key<u32> = Key::plain(
    "down_timer_adverts",
    Value::Int(1, 100),
    "3",
    "The adverts missed until a BACKUP takes over.",
)
.since(Release::V2_2);

/// Only BACKUP can be asked for; MASTER follows from the order of the nodes.
static STATE_KIND: Kind = Kind {
    shown: "BACKUP",
    pattern: "^BACKUP$",
    several: false,
    numeric: false,
    good: "BACKUP",
    bad: "MASTER",
    read: |text| match text {
        "BACKUP" => Ok(text.to_owned()),
        _ => wrong(
            format!("`state: {text}` can't be asked for"),
            "write BACKUP to let an election decide; without `state`, the first node is MASTER",
        ),
    },
};

/// `vrrp_instance`
pub const VRRP_INSTANCE: Table = Table {
    name: "vrrp_instance",
    groups: &[
        &[
            INTERFACE.any(),
            VIRTUAL_ROUTER_ID.any(),
            NODES.any(),
            SITE.any(),
            ELECTION.any(),
            STATE.any(),
            PRIORITY.any(),
            ADVERT_INT.any(),
            VERSION.any(),
            AUTH,
            UNICAST.any(),
            VIRTUAL_IPADDRESS,
            VIRTUAL_IPADDRESS_EXCLUDED,
            PREEMPT.any(),
            PREEMPT_DELAY.any(),
        ],
        TRACKED,
        HOOKS,
        SAME,
        FREE,
        RAW,
    ],
    either: &[],
};

/// What an instance or a group of them tracks: their names are checked.
pub const TRACKED: &[Key] = &[TRACK_INTERFACE, TRACK_SCRIPT, TRACK_FILE];

/// The hooks that bypass-ipvs takes, unless the inventory says `bypass: false`.
pub const HOOKS: &[Key] = &[
    Key::plain(
        "notify_master",
        Value::Command,
        "bypass-ipvs -r",
        "The command that keepalived runs when the instance becomes MASTER.",
    ),
    Key::plain(
        "notify_backup",
        Value::Command,
        "bypass-ipvs -a",
        "The command that keepalived runs when the instance becomes BACKUP.",
    ),
    Key::plain(
        "notify_fault",
        Value::Command,
        "bypass-ipvs -a",
        "The command that keepalived runs when the instance enters FAULT.",
    ),
    Key::plain(
        "notify_stop",
        Value::Command,
        "bypass-ipvs -a",
        "The command that keepalived runs for the instance when it stops.",
    ),
];

/// What must be the same on all nodes, or there will be two MASTERs.
const SAME: &[Key] = &[
    MCAST_DST_IP.any(),
    DOWN_TIMER_ADVERTS.any(),
    Key::plain("accept", Value::Flag, "true", "Accept packets to the VIPs; the guard needs it."),
    Key::plain(
        "no_accept",
        Value::Flag,
        "false",
        "Drop packets to the VIPs, as the RFC wants of a MASTER that does not own them.",
    ),
    Key::plain(
        "skip_check_adv_addr",
        Value::Flag,
        "false",
        "Check the addresses in a sender's first advert only, not in the ones that \
                 follow.",
    ),
    Key::plain(
        "strict_mode",
        Value::Bool,
        "false",
        "Enforce the VRRP RFC in this instance. It drops packets to the VIPs, so LVS \
                 can't work with it.",
    ),
    Key::plain(
        "use_vmac",
        Value::FlagOr(&Value::Form(&form::VMAC)),
        "none",
        "Send from the virtual MAC address of RFC 9568: `true`, or the name and MAC \
                 address of its interface.",
    ),
    Key::plain(
        "vmac_xmit_base",
        Value::Flag,
        "false",
        "With `use_vmac`: send adverts from the real interface, not from the virtual \
                 one.",
    ),
];
