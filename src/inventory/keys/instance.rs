//! The keys of `vrrp_instance`.

use std::net::IpAddr;

use super::values::{self, Kind};
use super::wrong::wrong;
use super::{Key, RAW, Table, Value, form};
use crate::cluster::{
    Choice, Keyword, Pause, Ranking, Release, Seconds, State, Version, VirtualAddress,
};
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
.cure("write whole seconds from 1 to 255; in VRRP version 3 0.01 to 40.95, in hundredths");

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

/// `mcast_src_ip`
pub const MCAST_SRC_IP: Key<IpAddr> = Key::plain(
    "mcast_src_ip",
    Value::Kind(&values::ADDRESS),
    "the interface's",
    "The source address of this instance's multicast adverts.",
);

/// `auth_type`
pub const AUTH_TYPE: Key = Key::ours(
    "auth_type",
    Value::Kind(&AUTH_TYPE_KIND),
    "PASS",
    "How adverts are authenticated: only PASS, a password, is supported.",
);

/// `auth_pass`
pub const AUTH_PASS: Key<Word> = Key::ours(
    "auth_pass",
    Value::AnyOf(&[Value::Kind(&values::PASSWORD), Value::Section(&SECRET)]),
    "required",
    "The password, up to 8 characters: as text, `{file: PATH}` or `{env: NAME}`.",
);

/// `file`
pub const FILE: Key<String> = Key::ours(
    "file",
    Value::Kind(&values::FREE),
    "none",
    "A file whose first line is the password; its path may be relative to the inventory's.",
);

/// `env`
pub const ENV: Key<String> = Key::ours(
    "env",
    Value::Kind(&values::FREE),
    "none",
    "An environment variable that is the password.",
);

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
    Value::AnyOf(&[super::COUNT_OR_0, Value::OneOf(&[Choice::of("forever")])]),
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

static AUTH_TYPE_KIND: Kind = Kind {
    shown: "PASS",
    pattern: "^PASS$",
    several: false,
    numeric: false,
    good: "PASS",
    bad: "AH",
    read: |text| match text {
        "PASS" => Ok(text.to_owned()),
        // Not quoted: it may be a password in the wrong place.
        _ => wrong("this auth_type is not supported", "write PASS, or remove `authentication`"),
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
        "Send from the virtual MAC address of RFC 5798: `true`, or the name and MAC \
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

/// What may differ from node to node.
pub const FREE: &[Key] = &[
    MCAST_SRC_IP.any(),
    Key::plain(
        "unicast_ttl",
        Value::Int(0, 255),
        "255",
        "The TTL or hop limit of unicast adverts.",
    ),
    Key::plain(
        "unicast_fault_no_peer",
        Value::Flag,
        "false",
        "Enter FAULT when `unicast` has no peer.",
    )
    .since(Release::V2_2),
    Key::plain(
        "check_unicast_src",
        Value::Flag,
        "false",
        "Drop unicast adverts from addresses that are not in `unicast_peer`.",
    ),
    Key::plain(
        "dont_track_primary",
        Value::Flag,
        "false",
        "Stay MASTER when the link of the instance's interface is down.",
    ),
    Key::plain(
        "garp_master_delay",
        super::WHOLE_SECONDS,
        "5",
        "Seconds from takeover to the second series of gratuitous ARPs; 0 for none.",
    ),
    Key::plain(
        "garp_master_repeat",
        super::COUNT,
        "5",
        "Gratuitous ARPs for each VIP in a series.",
    ),
    Key::plain(
        "garp_lower_prio_delay",
        super::WHOLE_SECONDS,
        "garp_master_delay",
        GARP_LOWER_DELAY,
    ),
    Key::plain(
        "garp_lower_prio_repeat",
        super::SIGNED_COUNT,
        "garp_master_repeat",
        GARP_LOWER_REPEAT,
    ),
    Key::plain(
        "garp_master_refresh",
        super::COUNT_OR_0,
        "0: never",
        "Seconds between repeated gratuitous ARPs of a MASTER; 0 for none.",
    ),
    Key::plain(
        "garp_master_refresh_repeat",
        super::COUNT,
        "1",
        "Gratuitous ARPs for each VIP in a repetition of `garp_master_refresh`.",
    ),
    Key::plain("garp_extra_if", Value::Form(&form::EXTRA_IF), "none", GARP_EXTRA)
        .since(Release::V2_2),
    Key::plain(
        "lower_prio_no_advert",
        Value::Bool,
        "false",
        "A MASTER does not answer adverts of lower priority.",
    ),
    Key::plain(
        "higher_prio_send_advert",
        Value::Bool,
        "false",
        "A MASTER answers a higher priority with one advert before it becomes BACKUP.",
    ),
    Key::plain(
        "promote_secondaries",
        Value::Flag,
        "false",
        "Keep the other addresses of a network when one of them is deleted (sysctl \
                 promote_secondaries).",
    ),
    Key::plain(
        "track_process",
        Value::OneOrMore(&Value::Kind(&values::WORDS)),
        "none",
        "Names of `vrrp_track_process` sections that decide on FAULT or change the \
                 priority; `weight NUMBER` may follow a name.",
    ),
    Key::plain(
        "track_bfd",
        Value::OneOrMore(&Value::Kind(&values::WORDS)),
        "none",
        "Names of `bfd_instance` sections that decide on FAULT or change the priority.",
    ),
    Key::plain(
        "virtual_routes",
        Value::Lines,
        "none",
        "Routes that the MASTER adds, as `ip route` has them.",
    ),
    Key::plain(
        "virtual_rules",
        Value::Lines,
        "none",
        "Routing rules that the MASTER adds, as `ip rule` has them.",
    ),
    Key::plain(
        "notify",
        Value::Command,
        "none",
        "The command that keepalived runs at every transition, with INSTANCE, the \
                 name, the state and the priority.",
    ),
    Key::plain(
        "notify_master_rx_lower_pri",
        Value::Command,
        "none",
        "The command that keepalived runs when a MASTER gets an advert of lower \
                 priority.",
    ),
    Key::plain(
        "notify_deleted",
        Value::Command,
        "none",
        "The command that keepalived runs when a reload removes the instance.",
    )
    .since(Release::V2_2),
    Key::plain(
        "notify_priority_changes",
        Value::Bool,
        "false",
        "Write changes of priority to the notify FIFOs too, not only changes of state.",
    ),
    Key::plain(
        "smtp_alert",
        Value::Bool,
        "false",
        "Send a mail at every transition of the instance.",
    ),
    Key::plain(
        "kernel_rx_buf_size",
        super::COUNT_OR_0,
        "the system's",
        "Bytes of the receive buffer of the VRRP socket.",
    ),
];

const GARP_EXTRA: &str = "Seconds between gratuitous ARPs on interfaces of VIPs other than the instance's; \
                          `all`: not only on virtual MAC interfaces.";

const GARP_LOWER_DELAY: &str = "Seconds from an advert of lower priority to the second series of \
                                gratuitous ARPs; 0 for none.";

const GARP_LOWER_REPEAT: &str =
    "Gratuitous ARPs for each VIP in a series after an advert of lower priority.";

/// `authentication`
pub const AUTHENTICATION: Table =
    Table { name: "authentication", groups: &[&[AUTH_TYPE, AUTH_PASS.any()]], either: &[] };

/// Where a password comes from.
pub const SECRET: Table = Table {
    name: "auth_pass",
    groups: &[&[FILE.any(), ENV.any()]],
    either: &[(&["file"], &["env"]), (&["env"], &["file"])],
};

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
