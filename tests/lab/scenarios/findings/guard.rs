//! The guard, its fallback route, and the rules of others.

use std::fs;
use std::process::Command;

use anyhow::{Result, ensure};

use super::node::UNREAD;
use super::scene::Scene;
use super::step::Step::{Do, Restore, Run, Set, Watch};
use super::step::{BACKUP, Fault, Seen, Who::Here};

const HOOK: &str = "/usr/libexec/keepalived/bypass-ipvs";

/// The setting of br_netfilter, per network namespace.
const BRIDGED: &str = "/proc/sys/net/bridge/bridge-nf-call-iptables";

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        what: "the file's hooks are removed",
        at: BACKUP,
        breaks: &[Do(without_hooks)],
        seen: &[Seen(Here, &["vip-unguarded", UNREAD])],
        mends: &[Restore],
    },
    Fault {
        what: "nothing put the guard in force since the boot",
        at: BACKUP,
        breaks: &[Watch(false), Run("/usr/libexec/keepalived/bypass-ipvs --purge 192.168.3.100")],
        seen: &[Seen(Here, &["guard-missing"])],
        mends: &[Watch(true)],
    },
    Fault {
        what: "the rules are flushed, and nobody watches",
        at: BACKUP,
        breaks: &[Watch(false), Run("nft flush ruleset")],
        seen: &[Seen(Here, &["guard-missing", "route-without-guard"])],
        mends: &[Watch(true)],
    },
    Fault {
        what: "somebody adds a rule to the guard",
        at: BACKUP,
        breaks: &[Watch(false), Run("nft insert rule ip lvskit vip-192.168.3.100 counter")],
        seen: &[Seen(Here, &["guard-altered"])],
        mends: &[Watch(true)],
    },
    Fault {
        what: "the fallback route is deleted",
        at: BACKUP,
        breaks: &[
            Watch(false),
            Run("ip route del local 192.168.3.100 dev lo table local proto 112"),
        ],
        seen: &[Seen(Here, &["route-missing"])],
        mends: &[Watch(true)],
    },
    Fault {
        what: "arp_ignore is set back, and nobody watches",
        at: BACKUP,
        breaks: &[Watch(false), Set("net.ipv4.conf.all.arp_ignore", "0")],
        seen: &[Seen(Here, &["arp-ignore", "route-unsafe"])],
        mends: &[Set("net.ipv4.conf.all.arp_ignore", "1"), Watch(true)],
    },
    Fault {
        what: "there is a guard for an address of another cluster",
        at: BACKUP,
        breaks: &[Run("/usr/libexec/keepalived/bypass-ipvs -a 192.168.3.98")],
        seen: &[Seen(Here, &["guard-of-nobody"])],
        mends: &[Run("/usr/libexec/keepalived/bypass-ipvs --purge 192.168.3.98")],
    },
    Fault {
        what: "another table redirects the port",
        at: BACKUP,
        breaks: &[
            Run("nft add table ip other"),
            Run("nft add chain ip other pre { type nat hook prerouting priority -110 ; }"),
            Run("nft add rule ip other pre tcp dport 25 redirect to :2525"),
        ],
        seen: &[Seen(Here, &["port-taken"])],
        mends: &[Run("nft delete table ip other")],
    },
    Fault {
        what: "another table takes the address out of connection tracking",
        at: BACKUP,
        breaks: &[
            Run("nft add table ip other"),
            Run("nft add chain ip other pre { type filter hook prerouting priority -300 ; }"),
            Run("nft add rule ip other pre ip daddr 192.168.3.100 notrack"),
        ],
        seen: &[Seen(Here, &["notrack"])],
        mends: &[Run("nft delete table ip other")],
    },
    Fault {
        what: "another table drops the service's packets",
        at: BACKUP,
        breaks: &[
            Run("nft add table ip other"),
            Run("nft add chain ip other pre { type filter hook prerouting priority -150 ; }"),
            Run("nft add rule ip other pre ip daddr 192.168.3.100 tcp dport 25 drop"),
        ],
        seen: &[Seen(Here, &["earlier-chain"])],
        mends: &[Run("nft delete table ip other")],
    },
    Fault {
        what: "the node bridges its guests through its own rules",
        at: BACKUP,
        breaks: &[
            Do(bridge_netfilter),
            Run("ip link add br0 type bridge"),
            Run("ip link add guest0 type veth peer name guest1"),
            Run("ip link add guest2 type veth peer name guest3"),
            Run("ip link set guest0 master br0 up"),
            Run("ip link set guest2 master br0 up"),
            Run("ip link set br0 up"),
            Run("ip address add 192.168.3.98/28 dev br0 noprefixroute"),
        ],
        seen: &[Seen(Here, &["bridged"])],
        mends: &[
            Run("ip link del guest0"),
            Run("ip link del guest2"),
            Run("ip link del br0"),
            Run("rmmod br_netfilter"),
        ],
    },
];

fn without_hooks(scene: &mut Scene<'_>, at: usize) -> Result<()> {
    let conf = scene.cluster.nodes[at].conf();
    let text = fs::read_to_string(&conf)?;
    let kept = text.lines().filter(|line| !line.contains(HOOK));
    Ok(fs::write(&conf, kept.map(|line| format!("{line}\n")).collect::<String>())?)
}

/// Loads the module; the lab's own switch goes on without it.
fn bridge_netfilter(_: &mut Scene<'_>, _: usize) -> Result<()> {
    let status = Command::new("modprobe").arg("br_netfilter").status()?;
    ensure!(status.success(), "modprobe br_netfilter: {status}");
    Ok(fs::write(BRIDGED, "0")?)
}
