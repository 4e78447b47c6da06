//! What befalls the nodes in [`super`], and how it is put right again.

use std::time::Duration;

use anyhow::Result;

use crate::cluster::Cluster;
use crate::node::Server;
use crate::sessions::Lost;

/// The first of the nodes is MASTER, the second becomes it next; the third is always a BACKUP.
const MASTER: usize = 0;
const NEXT: usize = 1;
const BACKUP: usize = 2;

/// Between two deaths.
const BETWEEN: Duration = Duration::from_millis(500);

/// A loose cable: how often it slips, for how long, and how long it holds.
const FLAPS: usize = 20;
const SLIPPED: Duration = Duration::from_millis(300);
const HOLDS: Duration = Duration::from_millis(700);

/// How long the drop-in for the unit takes after a keepalived was killed.
const DROP_IN: Duration = Duration::from_millis(200);

/// In a restart: after each step.
const STEP: Duration = Duration::from_secs(5);

/// How long a node's answers to pings are lost, and how often.
const UNANSWERED: Duration = Duration::from_secs(1);
const ALARMS: usize = 10;

/// Whom something befalls: the places of nodes.
#[derive(Clone, Copy)]
pub enum Hits {
    /// They serve no more, and must leave the balance. Their sessions may end.
    Dead(&'static [usize]),
    /// They serve when their cable lets them. Their sessions may be silent for too long; nobody may end one.
    Shaken(&'static [usize]),
    Nobody,
}
use Hits::{Dead, Nobody, Shaken};

impl Hits {
    /// Who must leave the balance.
    pub fn dead(self) -> &'static [usize] {
        match self {
            Dead(places) => places,
            Shaken(_) | Nobody => &[],
        }
    }

    /// Whether a session of the node at this place may be lost so.
    pub fn excuses(self, place: usize, lost: &Lost) -> bool {
        match self {
            Dead(places) => places.contains(&place),
            Shaken(places) => places.contains(&place) && lost.is_silent(),
            Nobody => false,
        }
    }
}

/// Something that befalls nodes.
pub struct Event {
    /// By this name a run can choose it.
    pub name: &'static str,
    pub tells: &'static str,
    pub hits: Hits,
    /// Whether the checks alone and the article's way go through it too, for comparison.
    pub compared: bool,
    pub strike: fn(&mut Cluster) -> Result<()>,
    pub mend: fn(&mut Cluster) -> Result<()>,
}

/// All of them.
pub const ALL: &[Event] = &[
    Event {
        name: "backup-dies",
        tells: "a BACKUP loses its power",
        hits: Dead(&[BACKUP]),
        compared: true,
        strike: |cluster| cluster.nodes[BACKUP].link.pull(),
        mend: |cluster| cluster.nodes[BACKUP].link.plug(),
    },
    Event {
        name: "master-dies",
        tells: "the MASTER loses its power",
        hits: Dead(&[MASTER]),
        compared: true,
        strike: |cluster| cluster.nodes[MASTER].link.pull(),
        mend: |cluster| cluster.nodes[MASTER].link.plug(),
    },
    Event {
        name: "two-die",
        tells: "the MASTER loses its power, and half a second later a BACKUP",
        hits: Dead(&[MASTER, BACKUP]),
        compared: true,
        strike: |cluster| {
            cluster.nodes[MASTER].link.pull()?;
            std::thread::sleep(BETWEEN);
            cluster.nodes[BACKUP].link.pull()
        },
        mend: |cluster| {
            cluster.nodes[MASTER].link.plug()?;
            cluster.nodes[BACKUP].link.plug()
        },
    },
    Event {
        name: "hangs",
        tells: "the MASTER hangs: no program, no packet, the carrier stays",
        hits: Dead(&[MASTER]),
        compared: false,
        strike: |cluster| {
            let node = &cluster.nodes[MASTER];
            node.link.mute()?;
            node.link.deafen()?;
            node.freeze(true)
        },
        mend: |cluster| {
            cluster.nodes[MASTER].freeze(false)?;
            cluster.nodes[MASTER].link.repair()
        },
    },
    Event {
        name: "backup-frozen",
        tells: "the programs of a BACKUP stop, its kernel lives",
        hits: Dead(&[BACKUP]),
        compared: false,
        strike: |cluster| cluster.nodes[BACKUP].freeze(true),
        mend: |cluster| cluster.nodes[BACKUP].freeze(false),
    },
    Event {
        name: "master-frozen",
        tells: "the programs of the MASTER stop, its kernel lives",
        hits: Dead(&[MASTER]),
        compared: false,
        strike: |cluster| cluster.nodes[MASTER].freeze(true),
        mend: |cluster| cluster.nodes[MASTER].freeze(false),
    },
    Event {
        name: "backup-mute",
        tells: "a port drops what a BACKUP sends",
        hits: Dead(&[BACKUP]),
        compared: false,
        strike: |cluster| cluster.nodes[BACKUP].link.mute(),
        mend: |cluster| cluster.nodes[BACKUP].link.repair(),
    },
    Event {
        name: "backup-deaf",
        tells: "a port drops what is sent to a BACKUP",
        hits: Dead(&[BACKUP]),
        compared: false,
        strike: |cluster| cluster.nodes[BACKUP].link.deafen(),
        mend: |cluster| cluster.nodes[BACKUP].link.repair(),
    },
    Event {
        name: "master-mute",
        tells: "a port drops what the MASTER sends",
        hits: Dead(&[MASTER]),
        compared: false,
        strike: |cluster| cluster.nodes[MASTER].link.mute(),
        mend: |cluster| cluster.nodes[MASTER].link.repair(),
    },
    Event {
        name: "master-deaf",
        tells: "a port drops what is sent to the MASTER",
        hits: Dead(&[MASTER]),
        compared: false,
        strike: |cluster| cluster.nodes[MASTER].link.deafen(),
        mend: |cluster| cluster.nodes[MASTER].link.repair(),
    },
    Event {
        name: "flaps",
        tells: "the cable of a BACKUP slips 20 times, for 0.3 s each second",
        hits: Shaken(&[BACKUP]),
        compared: false,
        strike: |cluster| {
            for _ in 0..FLAPS {
                cluster.nodes[BACKUP].link.pull()?;
                std::thread::sleep(SLIPPED);
                cluster.nodes[BACKUP].link.plug()?;
                std::thread::sleep(HOLDS);
            }
            Ok(())
        },
        mend: |_| Ok(()),
    },
    Event {
        name: "no-echo",
        tells: "false alarms: a BACKUP answers no ping for 1 s, 10 times",
        hits: Nobody,
        compared: false,
        strike: |cluster| {
            let node = &cluster.nodes[BACKUP].netns;
            for _ in 0..ALARMS {
                node.tool("nft", "add table inet deaf");
                let chain = "add chain inet deaf in { type filter hook input priority 0 ; }";
                node.tool("nft", chain);
                let echo = "{ icmp, icmpv6 }";
                let rule =
                    format!("add rule inet deaf in meta l4proto {echo} @th,0,8 {{ 8, 128 }} drop");
                node.tool("nft", &rule);
                std::thread::sleep(UNANSWERED);
                node.tool("nft", "delete table inet deaf");
                std::thread::sleep(UNANSWERED);
            }
            Ok(())
        },
        mend: |_| Ok(()),
    },
    Event {
        name: "backup-killed",
        tells: "the keepalived of a BACKUP is killed",
        hits: Nobody,
        compared: false,
        strike: |cluster| cluster.nodes[BACKUP].kill(),
        mend: |cluster| cluster.nodes[BACKUP].start(),
    },
    Event {
        name: "master-killed",
        tells: "the keepalived of the MASTER is killed, the drop-in gives the address up",
        hits: Nobody,
        compared: false,
        strike: |cluster| {
            cluster.nodes[MASTER].kill()?;
            std::thread::sleep(DROP_IN);
            cluster.nodes[MASTER].give_up(cluster.vip)
        },
        mend: |cluster| cluster.nodes[MASTER].start(),
    },
    Event {
        name: "restarted",
        tells: "keepalived of the MASTER is restarted after a drain",
        hits: Nobody,
        compared: false,
        strike: |cluster| {
            cluster.nodes[MASTER].drain(true)?;
            cluster.wait_for_masters(&[NEXT])?;
            std::thread::sleep(STEP);
            cluster.nodes[MASTER].stop()?;
            std::thread::sleep(STEP);
            cluster.nodes[MASTER].start()?;
            std::thread::sleep(STEP);
            Ok(())
        },
        mend: |cluster| cluster.nodes[MASTER].drain(false),
    },
    Event {
        name: "power-back",
        tells: "the MASTER loses its power, and boots when that is back",
        hits: Dead(&[MASTER]),
        compared: false,
        strike: |cluster| cluster.nodes[MASTER].link.pull(),
        mend: boot,
    },
];

/// What a node does that has its power again: it knows nothing, and its units start in their order.
fn boot(cluster: &mut Cluster) -> Result<()> {
    let vip = cluster.vip;
    let node = &mut cluster.nodes[MASTER];
    node.watch(false)?;
    node.kill()?;
    node.halt()?;
    node.netns.try_tool("ip", &format!("address del {vip} dev eth0"));
    node.netns.tool("ipvsadm", "-C");
    node.flush();
    node.link.plug()?;
    node.watch(true)?;
    node.serve(None, Server::Sink)?;
    node.start()
}
