//! The keys of `vrrp_instance`.

use super::{Key, RAW, Table, Value, form};
use crate::cluster::Release;

/// `vrrp_instance`
pub const VRRP_INSTANCE: Table = Table {
    name: "vrrp_instance",
    groups: &[
        &[
            Key::ours(
                "interface",
                Value::Interface,
                "required, here or at the nodes",
                "Where adverts are sent and addresses live; VLANs and bonds too.",
            ),
            Key::ours(
                "virtual_router_id",
                Value::Int(1, 255),
                "required",
                "Its number, unique on the network: `tcpdump -nnn ip proto 112` shows those in use.",
            ),
            Key::ours(
                "nodes",
                Value::OneOrMore(&Value::Host),
                "all, in their order",
                "The names of all nodes (of the site, with `site`), the preferred one first.",
            ),
            Key::ours("site", Value::Text, "all sites", "Only the nodes of this site run it."),
            Key::ours(
                "election",
                Value::OneOf(&["ranked", "uniform"]),
                "ranked",
                "ranked: the order of nodes gives state and priority. uniform: state BACKUP, equal \
                 priorities, the MASTER stays until it fails, and all nodes have the same file.",
            ),
            Key::ours(
                "state",
                Value::OneOf(&["BACKUP"]),
                "MASTER for the first node",
                "BACKUP: an election decides from the start.",
            ),
            Key::ours(
                "priority",
                Value::Int(1, 254),
                "by order",
                "The same for all nodes: the highest address wins.",
            ),
            Key::ours(
                "advert_int",
                Value::Seconds(10_000, 255_000_000),
                "1",
                "Seconds between adverts: whole ones in VRRP version 2, hundredths up to 40.95 in 3.",
            ),
            Key::ours("version", Value::OneOf(&["2", "3"]), "vrrp_version", "Of VRRP."),
            Key::ours(
                "authentication",
                Value::Section(&AUTHENTICATION),
                "none",
                "A password in clear text on the network; not in VRRP version 3.",
            ),
            Key::ours(
                "unicast",
                Value::Bool,
                "false: multicast",
                "Send adverts to each of the other nodes' addresses instead of a multicast group.",
            ),
            Key::ours(
                "virtual_ipaddress",
                Value::OneOrMore(&Value::AnyOf(&[
                    Value::Prefixed,
                    Value::Section(&VIRTUAL_ADDRESS),
                ])),
                "required",
                "The addresses, up to 20 of one family: `ADDRESS`, `ADDRESS/LENGTH` or a section.",
            ),
            Key::ours(
                "virtual_ipaddress_excluded",
                Value::OneOrMore(&Value::AnyOf(&[
                    Value::Prefixed,
                    Value::Section(&VIRTUAL_ADDRESS),
                ])),
                "none",
                "Addresses that move along but do not stand in the adverts; of any family.",
            ),
            Key::ours(
                "preempt",
                Value::Bool,
                "true",
                "false: the present MASTER stays when a better node returns.",
            ),
            Key::ours(
                "preempt_delay",
                Value::Seconds(0, 1_000_000_000),
                "0",
                "Seconds until a better node takes over; all nodes start as BACKUP.",
            ),
        ],
        TRACKED,
        HOOKS,
        SAME,
        FREE,
        RAW,
    ],
};

/// What an instance or a group of them tracks: their names are checked.
pub const TRACKED: &[Key] = &[
    Key::ours(
        "track_interface",
        Value::OneOrMore(&Value::Text),
        "none",
        "Interfaces that must be up: `NAME`, or `NAME weight NUMBER` to change the priority instead.",
    ),
    Key::ours(
        "track_script",
        Value::OneOrMore(&Value::Text),
        "none",
        "Names of `vrrp_script`, each perhaps with `weight NUMBER`.",
    ),
    Key::ours(
        "track_file",
        Value::OneOrMore(&Value::Text),
        "none",
        "Names of `track_file`, each perhaps with `weight NUMBER`.",
    ),
];

/// The hooks that bypass-ipvs takes, unless the inventory says `bypass: false`.
pub const HOOKS: &[Key] = &[
    Key::plain("notify_master", Value::Command, "bypass-ipvs -r", "Run on becoming MASTER."),
    Key::plain("notify_backup", Value::Command, "bypass-ipvs -a", "Run on becoming BACKUP."),
    Key::plain("notify_fault", Value::Command, "bypass-ipvs -a", "Run on entering FAULT."),
    Key::plain("notify_stop", Value::Command, "bypass-ipvs -a", "Run when keepalived stops."),
];

/// What must be the same on all nodes, or there will be two MASTERs.
const SAME: &[Key] = &[
    Key::plain(
        "mcast_dst_ip",
        Value::Form(&form::GROUP),
        "224.0.0.18 or ff02::12",
        "Where adverts go to.",
    )
    .since(Release::V2_2),
    Key::plain("down_timer_adverts", Value::Int(1, 100), "3", "Adverts missed until takeover.")
        .since(Release::V2_2),
    Key::plain("accept", Value::Flag, "true", "Take packets to the addresses; needed here."),
    Key::plain("no_accept", Value::Flag, "false", "Drop packets to the addresses."),
    Key::plain("skip_check_adv_addr", Value::Flag, "false", "Trust a known sender's adverts."),
    Key::plain("strict_mode", Value::Bool, "false", "Enforce the RFC; not for LVS."),
    Key::plain(
        "use_vmac",
        Value::FlagOr(&Value::Form(&form::VMAC)),
        "none",
        "RFC 5798's virtual MAC address.",
    ),
    Key::plain("vmac_xmit_base", Value::Flag, "false", "Send adverts from the real interface."),
];

/// What may differ from node to node.
pub const FREE: &[Key] = &[
    Key::plain("mcast_src_ip", Value::Address, "the interface's", "Where adverts come from."),
    Key::plain("unicast_ttl", Value::Int(0, 255), "255", "Of unicast adverts."),
    Key::plain("unicast_fault_no_peer", Value::Flag, "false", "FAULT where there are no peers.")
        .since(Release::V2_2),
    Key::plain("check_unicast_src", Value::Flag, "false", "Refuse adverts of others than peers."),
    Key::plain("dont_track_primary", Value::Flag, "false", "Stay MASTER when the link is down."),
    Key::plain(
        "garp_master_delay",
        super::WHOLE_SECONDS,
        "5",
        "Seconds until the second series of gratuitous ARPs; 0 for none.",
    ),
    Key::plain("garp_master_repeat", super::COUNT_OR_0, "5", "Gratuitous ARPs in a series."),
    Key::plain("garp_lower_prio_delay", super::WHOLE_SECONDS, "garp_master_delay", GARP_LOWER),
    Key::plain("garp_lower_prio_repeat", super::COUNT_OR_0, "garp_master_repeat", GARP_LOWER),
    Key::plain(
        "garp_master_refresh",
        super::WHOLE_SECONDS,
        "0: never",
        "Seconds between repetitions.",
    ),
    Key::plain("garp_master_refresh_repeat", super::COUNT, "1", "ARPs in a repetition."),
    Key::plain("garp_extra_if", Value::Form(&form::EXTRA_IF), "none", GARP_EXTRA)
        .since(Release::V2_2),
    Key::plain("lower_prio_no_advert", Value::Bool, "false", "Do not answer lower priorities."),
    Key::plain("higher_prio_send_advert", Value::Bool, "false", "Answer once before giving up."),
    Key::plain("promote_secondaries", Value::Flag, "false", "Keep addresses of the same network."),
    Key::plain(
        "track_process",
        Value::OneOrMore(&Value::Words),
        "none",
        "Names of `vrrp_track_process` blocks, which `raw` at the top can hold.",
    ),
    Key::plain("track_bfd", Value::OneOrMore(&Value::Words), "none", "Names of `bfd_instance`s."),
    Key::plain("virtual_routes", Value::Lines, "none", "Routes that move along, as for ip route."),
    Key::plain("virtual_rules", Value::Lines, "none", "Rules that move along, as for ip rule."),
    Key::plain(
        "notify",
        Value::Command,
        "none",
        "Run at every transition, with INSTANCE, its name, the state and the priority.",
    ),
    Key::plain(
        "notify_master_rx_lower_pri",
        Value::Command,
        "none",
        "Run when a MASTER hears a lower priority.",
    ),
    Key::plain("notify_deleted", Value::Command, "none", "Run when a reload takes it away.")
        .since(Release::V2_2),
    Key::plain("notify_priority_changes", Value::Bool, "false", "Tell FIFOs of them too."),
    Key::plain("smtp_alert", Value::Bool, "false", "Send a mail at every transition."),
    Key::plain("kernel_rx_buf_size", super::COUNT, "the system's", "Of the VRRP socket, bytes."),
];

const GARP_EXTRA: &str = "Gratuitous ARPs on other interfaces, again and again.";

const GARP_LOWER: &str = "The same after an advert of lower priority.";

/// `authentication`
pub const AUTHENTICATION: Table = Table {
    name: "authentication",
    groups: &[&[
        Key::ours("auth_type", Value::OneOf(&["PASS"]), "PASS", "How: only PASS is supported."),
        Key::ours(
            "auth_pass",
            Value::AnyOf(&[Value::Text, Value::Section(&SECRET)]),
            "required",
            "The password, up to 8 characters: as text, `{file: PATH}` or `{env: NAME}`.",
        ),
    ]],
};

/// Where a password comes from.
pub const SECRET: Table = Table {
    name: "auth_pass",
    groups: &[&[
        Key::ours(
            "file",
            Value::Text,
            "none",
            "A file whose first line is the password; its path may be relative to the inventory's.",
        ),
        Key::ours("env", Value::Text, "none", "An environment variable that is the password."),
    ]],
};

/// An address with more than itself.
pub const VIRTUAL_ADDRESS: Table = Table {
    name: "virtual_ipaddress",
    groups: &[&[
        Key::ours("address", Value::Prefixed, "required", "The address, perhaps with its length."),
        Key::ours("dev", Value::Interface, "that of the instance", "The interface that gets it."),
        Key::ours("brd", Value::Text, "none", "Its broadcast address, or + or -."),
        Key::ours(
            "scope",
            Value::OneOf(&["site", "link", "host", "nowhere", "global"]),
            "global",
            "Its scope.",
        ),
        Key::ours("label", Value::Text, "none", "A name such as eth0:1, up to 15 characters."),
        Key::ours("peer", Value::Address, "none", "The other end of a point-to-point link."),
        Key::ours(
            "preferred_lft",
            Value::AnyOf(&[super::COUNT_OR_0, Value::OneOf(&["forever"])]),
            "forever; 0 for IPv6, where the nodes serve",
            "Seconds that it is preferred as a source.",
        ),
        Key::ours("home", Value::Bool, "false", "ip address's flag home."),
        Key::ours("nodad", Value::Bool, "false", "No duplicate address detection."),
        Key::ours("mngtmpaddr", Value::Bool, "false", "ip address's flag mngtmpaddr."),
        Key::ours("noprefixroute", Value::Bool, "false", "No route to its network."),
        Key::ours("autojoin", Value::Bool, "false", "ip address's flag autojoin."),
        Key::ours("no_track", Value::Bool, "false", "Stay MASTER when somebody deletes it."),
    ]],
};
