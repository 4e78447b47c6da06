//! The addresses of the instance and of the node, its interfaces, and drains.

use super::node::UNREAD;
use super::step::Step::{Do, Edit, Lvskit, Restore, Run, Set, Stranger, Watch};
use super::step::{BACKUP, Fault, MASTER, NEXT, Seen, Who::At, Who::Here};

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        what: "the MASTER's keepalived is killed",
        at: MASTER,
        breaks: &[Do(|scene, at| scene.cluster.nodes[at].kill())],
        seen: &[
            Seen(Here, &["keepalived-not-running", "vip-left-behind", "vip-answered-by-several"]),
            Seen(At(NEXT), &["vip-answered-by-several"]),
        ],
        mends: &[
            Do(|scene, at| scene.cluster.nodes[at].give_up(scene.cluster.vip)),
            Do(|scene, at| scene.cluster.nodes[at].start()),
        ],
    },
    Fault {
        what: "a second address was rolled out, and keepalived not reloaded",
        at: MASTER,
        breaks: &[Edit(
            "        192.168.3.100\n    }\n",
            "        192.168.3.100\n    }\n    virtual_ipaddress_excluded {\n        192.168.3.99\n    }\n",
        )],
        seen: &[Seen(Here, &["vip-missing", UNREAD])],
        mends: &[Restore],
    },
    Fault {
        what: "the address is on another interface, too",
        at: BACKUP,
        breaks: &[
            Run("ip link add other0 type veth peer name other1"),
            Run("ip link set other0 up"),
            Run("ip link set other1 up"),
            Run("ip address add 192.168.3.100/32 dev other0"),
        ],
        seen: &[Seen(Here, &["vip-on-other-interface"])],
        mends: &[Run("ip link del other0")],
    },
    Fault {
        what: "another host has an IPv6 address of the node",
        at: BACKUP,
        breaks: &[Run("ip address add fd00:3::103/64 dev eth0")],
        seen: &[Seen(Here, &["vip-duplicate"])],
        mends: &[Run("ip address del fd00:3::103/64 dev eth0")],
    },
    Fault {
        what: "the file names an interface that is not there",
        at: BACKUP,
        breaks: &[Edit("    interface eth0\n", "    interface eth9\n")],
        seen: &[Seen(Here, &["interface-missing", UNREAD])],
        mends: &[Restore],
    },
    Fault {
        what: "the cable is pulled",
        at: BACKUP,
        breaks: &[Do(|scene, at| scene.cluster.nodes[at].link.pull())],
        // It reaches no other server.
        seen: &[Seen(Here, &["interface-down", "server-down", "last-server"])],
        mends: &[Do(|scene, at| scene.cluster.nodes[at].link.plug())],
    },
    Fault {
        what: "a BACKUP is drained as a director",
        at: BACKUP,
        breaks: &[Lvskit(&["drain", "--director", "--until-boot"])],
        seen: &[Seen(Here, &["drained"])],
        mends: &[Lvskit(&["undrain"])],
    },
    Fault {
        what: "a node is drained as a server",
        at: BACKUP,
        breaks: &[Lvskit(&["drain", "--server", "--until-boot"])],
        // The others can't know that it is meant.
        seen: &[Seen(Here, &["server-drained"]), Seen(At(MASTER), &["server-down"])],
        mends: &[Lvskit(&["undrain"])],
    },
    Fault {
        what: "the rules of a drain are flushed",
        at: BACKUP,
        breaks: &[
            Watch(false),
            Lvskit(&["drain", "--server", "--until-boot"]),
            Run("nft delete table inet lvskit-drain"),
        ],
        seen: &[Seen(Here, &["server-drain-lost"])],
        mends: &[Lvskit(&["undrain"]), Watch(true)],
    },
    Fault {
        what: "the address is on lo, as guides for direct routing have it",
        at: BACKUP,
        breaks: &[Run("ip address add 192.168.3.100/32 dev lo")],
        seen: &[Seen(Here, &["vip-on-lo"])],
        mends: &[Run("ip address del 192.168.3.100/32 dev lo")],
    },
    Fault {
        what: "the address was set by hand",
        at: BACKUP,
        breaks: &[Run("ip address add 192.168.3.100/32 dev eth0")],
        seen: &[Seen(Here, &["vip-held-by-backup", "vip-answered-by-several"])],
        mends: &[Run("ip address del 192.168.3.100/32 dev eth0")],
    },
    Fault {
        what: "the address was set by hand with the network's prefix, and before the node's own",
        at: BACKUP,
        breaks: &[
            Set("net.ipv4.conf.eth0.promote_secondaries", "1"),
            Run("ip address add 192.168.3.100/24 dev eth0"),
            Run("ip address del 192.168.3.104/24 dev eth0"),
            Run("ip address add 192.168.3.104/24 brd + dev eth0"),
        ],
        // What it asks the others goes out from the address, and the MASTER gets the answers.
        seen: &[Seen(
            Here,
            &[
                "vip-first",
                "vip-held-by-backup",
                "vip-answered-by-several",
                "server-down",
                "last-server",
            ],
        )],
        mends: &[
            Run("ip address del 192.168.3.100/24 dev eth0"),
            Set("net.ipv4.conf.eth0.promote_secondaries", "0"),
        ],
    },
    Fault {
        what: "somebody takes the address from the MASTER, and keepalived puts it back",
        at: MASTER,
        breaks: &[Run("ip address del 192.168.3.100/32 dev eth0")],
        seen: &[Seen(Here, &[])],
        mends: &[],
    },
    Fault {
        what: "a foreign host has the address, too",
        at: BACKUP,
        breaks: &[Stranger("ip address add 192.168.3.100/32 dev eth0")],
        seen: &[
            Seen(Here, &["vip-answered-by-several"]),
            Seen(At(MASTER), &["vip-answered-by-several"]),
        ],
        mends: &[Stranger("ip address del 192.168.3.100/32 dev eth0")],
    },
    Fault {
        what: "a foreign host has the node's own address",
        at: BACKUP,
        breaks: &[Stranger("ip address add 192.168.3.104/32 dev eth0")],
        seen: &[Seen(Here, &["address-taken"])],
        mends: &[Stranger("ip address del 192.168.3.104/32 dev eth0")],
    },
];
