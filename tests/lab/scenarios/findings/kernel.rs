//! The kernel's settings, connection tracking, and the sync daemon.

use std::fs;
use std::net::{Ipv4Addr, UdpSocket};

use anyhow::Result;

use super::scene::Scene;
use super::step::Step::{Do, Edit, Reload, Restore, Run, Set, Watch};
use super::step::{BACKUP, Fault, Seen, Who::Here};

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        what: "arp_announce is set back, and nobody watches",
        at: BACKUP,
        breaks: &[Watch(false), Set("net.ipv4.conf.all.arp_announce", "0")],
        seen: &[Seen(Here, &["arp-announce", "route-unsafe"])],
        mends: &[Set("net.ipv4.conf.all.arp_announce", "2"), Watch(true)],
    },
    Fault {
        what: "a virtual server of NAT comes, and the node does not forward",
        at: BACKUP,
        breaks: &[
            Set("net.ipv4.ip_forward", "0"),
            Edit(
                "virtual_server 192.168.3.100 25 {",
                "virtual_server 192.168.3.100 2525 {\n    \
                protocol TCP\n    lb_algo rr\n    lb_kind NAT\n    real_server 192.168.3.102 25 {\n        TCP_CHECK {\n            \
                connect_timeout 3\n        }\n    }\n}\n\nvirtual_server 192.168.3.100 25 {",
            ),
            Reload,
        ],
        seen: &[Seen(Here, &["ip-forward"])],
        mends: &[Restore, Reload],
    },
    Fault {
        what: "a second network comes, and reverse paths are filtered strictly",
        at: BACKUP,
        breaks: &[
            Set("net.ipv4.conf.eth0.rp_filter", "1"),
            Run("ip link add other0 type veth peer name other1"),
            Run("ip link set other0 up"),
            Run("ip link set other1 up"),
            Run("ip address add 10.9.9.1/24 dev other0"),
        ],
        seen: &[Seen(Here, &["rp-filter"])],
        mends: &[Set("net.ipv4.conf.eth0.rp_filter", "0"), Run("ip link del other0")],
    },
    Fault {
        what: "a setting of IPVS is set back",
        at: BACKUP,
        breaks: &[Set("net.ipv4.vs.sloppy_tcp", "0")],
        seen: &[Seen(Here, &["ipvs-settings"])],
        mends: &[Set("net.ipv4.vs.sloppy_tcp", "1")],
    },
    Fault {
        what: "IPVS is switched off while a sync daemon receives",
        at: BACKUP,
        breaks: &[Set("net.ipv4.vs.backup_only", "1")],
        seen: &[Seen(Here, &["backup-only"])],
        mends: &[Set("net.ipv4.vs.backup_only", "0")],
    },
    Fault {
        what: "connection tracking is full",
        at: BACKUP,
        breaks: &[Do(fill)],
        seen: &[Seen(Here, &["conntrack-full"])],
        mends: &[Run("conntrack -F")],
    },
    Fault {
        what: "the sync daemon that sends is ended",
        at: BACKUP,
        breaks: &[Run("ipvsadm --stop-daemon master")],
        seen: &[Seen(Here, &["sync-daemon-missing"])],
        mends: &[Run("ipvsadm --start-daemon master --mcast-interface eth0 --syncid 11")],
    },
    Fault {
        what: "the sync daemon runs with another id",
        at: BACKUP,
        breaks: &[
            Run("ipvsadm --stop-daemon master"),
            Run("ipvsadm --start-daemon master --mcast-interface eth0 --syncid 12"),
        ],
        seen: &[Seen(Here, &["sync-daemon-differs"])],
        mends: &[
            Run("ipvsadm --stop-daemon master"),
            Run("ipvsadm --start-daemon master --mcast-interface eth0 --syncid 11"),
        ],
    },
];

/// How many addresses one socket sends to.
const PEERS: u8 = 250;

/// Sends so many datagrams, each a flow of its own, that the table has no room for more than a few.
fn fill(scene: &mut Scene<'_>, at: usize) -> Result<()> {
    scene.cluster.nodes[at].netns.run(|| -> Result<()> {
        let max = fs::read_to_string("/proc/sys/net/netfilter/nf_conntrack_max")?;
        let max: usize = max.trim().parse()?;
        for _ in 0..max * 95 / 100 / usize::from(PEERS) {
            let socket = UdpSocket::bind(("127.0.0.1", 0))?;
            for peer in 1..=PEERS {
                // Nobody listens there.
                let _ = socket.send_to(&[0], (Ipv4Addr::new(127, 0, 0, peer), 9));
            }
        }
        Ok(())
    })
}
