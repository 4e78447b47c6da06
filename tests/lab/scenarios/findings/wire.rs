//! Advertisements and ARP: what others send, and what of it arrives.

use super::node::UNREAD;
use super::step::Step::{Do, Drain, Edit, Reload, Restore, Run, RunAt, Stranger, Switch};
use super::step::{BACKUP, Fault, MASTER, NEXT, Seen, Who::At, Who::Here};
use crate::setup::Setup;

/// What a node finds that becomes a second MASTER beside a better one.
const SECOND: &[&str] = &["two-masters", "adverts-not-seen", "vip-answered-by-several"];

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        what: "a firewall lets no advertisement in",
        at: BACKUP,
        breaks: &[
            Run("nft add table ip closed"),
            Run("nft add chain ip closed in { type filter hook input priority 0 ; }"),
            Run("nft add rule ip closed in ip protocol vrrp drop"),
        ],
        seen: &[
            Seen(Here, &["firewall-closed", SECOND[0], SECOND[1], SECOND[2]]),
            Seen(At(MASTER), &["two-masters", "vip-answered-by-several"]),
            Seen(At(NEXT), &["two-masters", "vip-answered-by-several"]),
        ],
        mends: &[Run("nft delete table ip closed")],
    },
    Fault {
        what: "a firewall lets no message of the sync daemons in",
        at: BACKUP,
        breaks: &[
            Run("nft add table ip closed"),
            Run("nft add chain ip closed in { type filter hook input priority 0 ; }"),
            Run("nft add rule ip closed in udp dport 8848 drop"),
        ],
        seen: &[Seen(Here, &["firewall-closed"])],
        mends: &[Run("nft delete table ip closed")],
    },
    Fault {
        what: "a firewall lets no ping in",
        at: BACKUP,
        breaks: &[
            Run("nft add table ip closed"),
            Run("nft add chain ip closed in { type filter hook input priority 0 ; }"),
            Run("nft add rule ip closed in icmp type echo-request drop"),
        ],
        // The others take it for dead.
        seen: &[
            Seen(Here, &["firewall-closed"]),
            Seen(At(MASTER), &["server-down"]),
            Seen(At(NEXT), &["server-down"]),
        ],
        mends: &[Run("nft delete table ip closed")],
    },
    Fault {
        what: "all nodes are drained",
        at: BACKUP,
        breaks: &[Drain(&[0, 1, 2, 3], true)],
        seen: &[Seen(Here, &["drained", "no-master"])],
        mends: &[Drain(&[0, 1, 2, 3], false)],
    },
    Fault {
        what: "another cluster has the same virtual_router_id",
        at: BACKUP,
        breaks: &[Do(|scene, _| {
            scene.strange_keepalived(
                "global_defs {\n router_id far\n vrrp_version 3\n}\nvrrp_instance other {\n interface eth0\n \
                 virtual_router_id 11\n priority 50\n advert_int 0.2\n virtual_ipaddress {\n  192.168.3.50\n }\n}\n",
            )
        })],
        seen: &[Seen(Here, &["vrid-taken"]), Seen(At(MASTER), &["vrid-taken"])],
        mends: &[Do(|scene, _| {
            scene.no_strangers();
            Ok(())
        })],
    },
    Fault {
        what: "an address more was rolled out here, and keepalived not reloaded",
        at: BACKUP,
        breaks: &[Edit("        192.168.3.100\n", "        192.168.3.100\n        192.168.3.99\n")],
        seen: &[Seen(Here, &["advert-addresses-differ", UNREAD])],
        mends: &[Restore],
    },
    Fault {
        what: "something on the way changes advertisements",
        at: BACKUP,
        breaks: &[
            Switch("nft add table bridge mangled"),
            Switch("nft add chain bridge mangled pass { type filter hook forward priority 0 ; }"),
            Switch(
                "nft add rule bridge mangled pass oifname p-server04 ip protocol 112 @th,48,16 set 0xdead",
            ),
        ],
        seen: &[Seen(Here, &["advert-checksum", SECOND[0], SECOND[1], SECOND[2]])],
        mends: &[Switch("nft delete table bridge mangled")],
    },
    Fault {
        what: "advertisements come over a router",
        at: BACKUP,
        breaks: &[
            Switch("nft add table bridge mangled"),
            Switch("nft add chain bridge mangled pass { type filter hook forward priority 0 ; }"),
            Switch(
                "nft add rule bridge mangled pass oifname p-server04 ip protocol 112 ip ttl set 254",
            ),
        ],
        seen: &[Seen(Here, &["advert-ttl", SECOND[0], SECOND[1], SECOND[2]])],
        mends: &[Switch("nft delete table bridge mangled")],
    },
    Fault {
        what: "a program sends something else by protocol 112",
        at: BACKUP,
        breaks: &[Do(|scene, _| {
            scene.stranger(
                "/usr/bin/python3",
                &[
                    "-c",
                    "import socket, time\n\
                    wire = socket.socket(socket.AF_INET, socket.SOCK_RAW, 112)\n\
                    wire.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b'eth0')\n\
                    while True: wire.sendto(b'hello, world', ('224.0.0.18', 0)); time.sleep(0.1)\n",
                ],
            )
        })],
        seen: &[Seen(Here, &["advert-malformed"]), Seen(At(MASTER), &["advert-malformed"])],
        mends: &[Do(|scene, _| {
            scene.no_strangers();
            Ok(())
        })],
    },
    Fault {
        what: "a host of nobody's sends to the sync daemons",
        at: BACKUP,
        // A connection of a protocol that no kernel balances: none takes it.
        breaks: &[Do(|scene, _| {
            scene.stranger(
                "/usr/bin/python3",
                &[
                    "-c",
                    "import socket, time\n\
                    wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n\
                    wire.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b'eth0')\n\
                    connection = bytes([0, 255, 0, 36]) + bytes(32)\n\
                    message = bytes([0, 11, 0, 44, 1, 1, 0, 0]) + connection\n\
                    while True: wire.sendto(message, ('224.0.0.81', 8848)); time.sleep(0.1)\n",
                ],
            )
        })],
        seen: &[Seen(Here, &["sync-daemon-foreign"]), Seen(At(MASTER), &["sync-daemon-foreign"])],
        mends: &[Do(|scene, _| {
            scene.no_strangers();
            Ok(())
        })],
    },
    Fault {
        what: "the MASTER's firewall lets no ARP in",
        at: BACKUP,
        breaks: &[
            RunAt(MASTER, "nft add table arp shut"),
            RunAt(MASTER, "nft add chain arp shut in { type filter hook input priority 0 ; }"),
            RunAt(MASTER, "nft add rule arp shut in arp daddr ip 192.168.3.100 drop"),
        ],
        seen: &[Seen(Here, &["vip-unanswered"])],
        mends: &[RunAt(MASTER, "nft delete table arp shut")],
    },
    Fault {
        what: "the same, and a foreign host has the address",
        at: BACKUP,
        breaks: &[
            RunAt(MASTER, "nft add table arp shut"),
            RunAt(MASTER, "nft add chain arp shut in { type filter hook input priority 0 ; }"),
            RunAt(MASTER, "nft add rule arp shut in arp daddr ip 192.168.3.100 drop"),
            Stranger("ip address add 192.168.3.100/32 dev eth0"),
        ],
        seen: &[Seen(Here, &["vip-answered-by-backup"])],
        mends: &[
            Stranger("ip address del 192.168.3.100/32 dev eth0"),
            RunAt(MASTER, "nft delete table arp shut"),
        ],
    },
];

/// The example with VRRP version 2, which has passwords and whole seconds.
pub(super) fn version_2() -> Setup {
    let text = include_str!("../../../../keepalived/inventory.yml");
    let interval = text.lines().find(|line| line.trim_start().starts_with("advert_int:"));
    let old = "    advert_int: 1\n    authentication: {auth_type: PASS, auth_pass: mrelay}";
    let text = text
        .replace("vrrp_version: 3", "vrrp_version: 2")
        .replace(interval.unwrap_or_default(), old);
    Setup::text(text.leak())
}

/// What only version 2 shows.
pub(super) const OLD: &[Fault] = &[
    Fault {
        what: "another interval was rolled out here, and keepalived not reloaded",
        at: BACKUP,
        breaks: &[Edit("    advert_int 1\n", "    advert_int 2\n")],
        seen: &[Seen(Here, &["advert-interval-differs", UNREAD])],
        mends: &[Restore],
    },
    Fault {
        what: "this node has another password",
        at: BACKUP,
        breaks: &[Edit("auth_pass mrelay", "auth_pass other"), Reload],
        seen: &[Seen(Here, &["advert-password-differs", SECOND[0], SECOND[1], SECOND[2]])],
        mends: &[Restore, Reload],
    },
    Fault {
        what: "this node has another version of VRRP",
        at: BACKUP,
        breaks: &[
            Edit("    script_user root\n", "    script_user root\n    vrrp_version 3\n"),
            Reload,
        ],
        seen: &[Seen(Here, &["advert-version-differs", SECOND[0], SECOND[1], SECOND[2]])],
        mends: &[Restore, Reload],
    },
];
