//! VRRP instances: addresses that move together from node to node (RFC 9568), and how the nodes
//! agree on who holds them.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use ipnetwork::IpNetwork;

use super::keyword::keywords;
use super::{GlobalDefs, Seconds};
use crate::conf::statement::{Settings, Statement};
use crate::conf::word::Word;
use crate::vip::{Family, Vip, VipError};

/// Addresses that move together from node to node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VrrpInstance {
    /// Unique in the cluster.
    pub name: Word,
    /// VRID, 1–255, unique on the network.
    pub virtual_router_id: u8,
    /// Between adverts: 1–255 whole seconds in version 2, 0.01–40.95 s in steps of 0.01 in 3.
    pub advert_int: Seconds,
    /// The version that it speaks.
    pub version: Version,
    /// Whether that has to be said, because keepalived would take the other one.
    pub says_version: bool,
    /// Up to 8 characters, in clear text on the network; version 2 only.
    pub auth_pass: Option<Word>,
    /// At least one, all of one family.
    pub virtual_ipaddress: Vec<VirtualAddress>,
    /// Those that do not stand in adverts.
    pub virtual_ipaddress_excluded: Vec<VirtualAddress>,
    /// What a returning node of higher priority does.
    pub preempt: Preempt,
    /// The nodes that run it, in their order in [`super::Cluster::nodes`]. At least one.
    pub members: Vec<Member>,
}

/// A node's part in an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its place in [`super::Cluster::nodes`].
    pub node: usize,
    /// The interface that carries adverts and addresses.
    pub interface: Word,
    /// Where it starts.
    pub state: State,
    /// 1–254; the highest wins.
    pub priority: u8,
    /// Where adverts come from and go to, unless to a multicast group.
    pub unicast: Option<Unicast>,
    /// What changes its priority.
    pub tracked: Tracked,
    /// What follows from nothing else.
    pub settings: Settings,
    /// Lines for the end of the block.
    pub raw: Vec<Statement>,
}

/// `unicast_src_ip` and `unicast_peer`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unicast {
    /// The node's own address.
    pub source: IpAddr,
    /// Where adverts go to, if that was said; else to all other nodes, see [`VrrpInstance::peers`].
    pub peers: Option<Vec<IpAddr>>,
}

/// The lines of `track_interface`, `track_script` and `track_file`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tracked {
    /// Interfaces.
    pub interface: Vec<String>,
    /// Names of `vrrp_script` blocks.
    pub script: Vec<String>,
    /// Names of `track_file` blocks.
    pub file: Vec<String>,
}

impl Tracked {
    /// The blocks that there is something in.
    pub fn blocks(&self) -> Vec<Statement> {
        let kinds = [
            ("track_interface", &self.interface),
            ("track_script", &self.script),
            ("track_file", &self.file),
        ];
        (kinds.into_iter())
            .filter(|(_, lines)| !lines.is_empty())
            .map(|(head, lines)| {
                Statement::block(head, lines.iter().map(Statement::line).collect())
            })
            .collect()
    }
}

/// An item of `virtual_ipaddress`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VirtualAddress {
    /// The address.
    pub vip: Vip,
    /// 1–32 or 1–128; keepalived takes the longest where there is none.
    pub prefix_length: Option<u8>,
    /// The interface that gets it, where it is another than the instance's.
    pub dev: Option<Word>,
    /// What else `ip address` is told, as it is written.
    pub options: String,
}

keywords! {
    /// What decides which node is MASTER.
    pub enum Ranking {
        /// The order of nodes.
        Ranked = "ranked",
        /// Nothing: they are all alike.
        Uniform = "uniform",
    }
}

/// The priorities that an order of nodes gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Election {
    /// How many nodes there are.
    pub nodes: usize,
    /// See [`Version::skew_base`].
    pub skew_base: Duration,
}

/// Whether a node of higher priority takes over from a working MASTER.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preempt {
    /// As soon as it hears that its priority is higher.
    AtOnce,
    /// When it has waited, up to 1000 s. All nodes must start as BACKUP.
    After(Seconds),
    /// Not until the MASTER fails. All nodes must start as BACKUP.
    Never,
}

keywords! {
    /// The version of VRRP.
    #[derive(Default)]
    pub enum Version {
        /// RFC 3768: IPv4, whole seconds, a password in clear text.
        #[default]
        V2 = "2",
        /// RFC 9568: IPv4 and IPv6, hundredths of seconds, no password.
        V3 = "3",
    }
}

keywords! {
    /// What keepalived.conf(5) calls `state`.
    pub enum State {
        /// Expects to win.
        Master = "MASTER",
        /// Waits for adverts first.
        Backup = "BACKUP",
    }
}

impl VrrpInstance {
    /// How many adverts keepalived misses before it takes over, if it is not told otherwise.
    const DOWN_TIMER_ADVERTS: u32 = 3;

    /// The family of its addresses, which adverts and real servers have too.
    pub fn family(&self) -> Family {
        self.virtual_ipaddress.first().map_or(Family::V4, |vip| Family::of(vip.address()))
    }

    /// Its bare addresses, those that do not stand in adverts too, but for link-local ones, which no client
    /// connects to.
    pub fn all_vips(&self) -> impl Iterator<Item = Vip> + '_ {
        let all = self.virtual_ipaddress.iter().chain(&self.virtual_ipaddress_excluded);
        all.map(|one| one.vip).filter(|vip| !vip.is_link_local())
    }

    /// The part of node number `node`, if it has one.
    pub fn member(&self, node: usize) -> Option<&Member> {
        let at = self.members.binary_search_by_key(&node, |member| member.node).ok()?;
        self.members.get(at)
    }

    /// Where a member's adverts go to; nowhere in particular without unicast.
    pub fn peers(&self, member: &Member) -> Vec<IpAddr> {
        match &member.unicast {
            None => Vec::new(),
            Some(Unicast { peers: Some(said), .. }) => said.clone(),
            Some(Unicast { peers: None, .. }) => (self.members.iter())
                .filter(|other| other.node != member.node)
                .filter_map(|other| Some(other.unicast.as_ref()?.source))
                .collect(),
        }
    }

    /// How long the others wait for a dead MASTER's adverts until one of them takes over (RFC 9568,
    /// 6.1: Active_Down_Interval). `None` if there are no others.
    pub fn takeover(&self, global_defs: &GlobalDefs) -> Option<Duration> {
        let mut priorities: Vec<u8> = self.members.iter().map(|member| member.priority).collect();
        priorities.sort_unstable();
        let best = *priorities.iter().rev().nth(1)?;
        let own = self.members.first()?.settings.value("down_timer_adverts");
        let told = own.or(global_defs.settings.value("vrrp_down_timer_adverts"));
        let adverts = told.and_then(|n| n.parse().ok()).unwrap_or(Self::DOWN_TIMER_ADVERTS);
        let skew = self.version.skew_base(self.advert_int) * (256 - u32::from(best)) / 256;
        Some(self.advert_int.duration() * adverts + skew)
    }
}

impl Version {
    /// What an instance has that says its own version or none, by the family of its first address and the cluster's.
    pub fn of(own: Option<Version>, family: Option<Family>, cluster: Version) -> Version {
        own.unwrap_or(if family == Some(Family::V6) { Version::V3 } else { cluster })
    }

    /// The time that the skew time is a fraction of: `advert_int` in version 3 (RFC 9568, 6.1), a second in
    /// version 2 (RFC 3768, 6.1).
    pub fn skew_base(self, advert_int: Seconds) -> Duration {
        if self == Version::V2 { Duration::from_secs(1) } else { advert_int.duration() }
    }
}

impl Election {
    /// The highest priority that is given out where the gaps are small.
    const FIRST_PRIORITY: usize = 100;

    /// Where they are larger. It leaves room for weights; 255 is for an address's owner (RFC 9568, 5.2.4).
    const HIGHEST_PRIORITY: usize = 250;

    /// The lowest, where there is room.
    const LOWEST_PRIORITY: usize = 50;

    /// The gap between two nodes' priorities where the skew time is a fraction of a second: the node of the lower one
    /// waits 39 ms longer for an advert, so that one takes over and the others hear it.
    const PRIORITY_GAP: usize = 10;

    /// The most nodes that get distinct priorities.
    pub const MOST_NODES: usize = Self::FIRST_PRIORITY;

    /// The priority of the node at place `rank` of the order: 100 for the first, then 90, 80, ...; with smaller
    /// gaps where there are more than ten. Where the skew time is a fraction of less than a second, gaps that make the same
    /// 39 ms, as far as there is room: with 0.2 s 200, 150, 100, 50.
    pub fn priority(self, rank: usize) -> u8 {
        let second = Duration::from_secs(1);
        let followers = self.nodes.saturating_sub(1).max(1);
        let (first, wanted) = match self.skew_base < second {
            false => (Self::FIRST_PRIORITY, Self::PRIORITY_GAP),
            true => {
                let gap = (second * Self::PRIORITY_GAP as u32).as_nanos();
                let wanted = gap.div_ceil(self.skew_base.as_nanos().max(1)) as usize;
                let first = Self::LOWEST_PRIORITY + followers * wanted;
                (first.min(Self::HIGHEST_PRIORITY), wanted)
            }
        };
        let gap = ((first - 1) / followers).clamp(1, wanted);
        first.saturating_sub(rank * gap).max(1) as u8
    }
}

impl VirtualAddress {
    /// The network that it is in, where its length says that.
    pub fn network(&self) -> Option<IpNetwork> {
        let single = if self.address().is_ipv4() { 32 } else { 128 };
        let length = self.prefix_length.filter(|length| *length < single)?;
        IpNetwork::new(self.address(), length).ok()
    }

    /// The address without its prefix length.
    pub fn address(&self) -> IpAddr {
        self.vip.address()
    }
}

impl fmt::Display for VirtualAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.vip)?;
        if let Some(length) = self.prefix_length {
            write!(f, "/{length}")?;
        }
        if let Some(dev) = &self.dev {
            write!(f, " dev {dev}")?;
        }
        f.write_str(&self.options)
    }
}

/// `ADDRESS` or `ADDRESS/LENGTH`.
impl FromStr for VirtualAddress {
    type Err = VipError;

    fn from_str(text: &str) -> Result<VirtualAddress, VipError> {
        let network: Option<IpNetwork> = text.contains('/').then(|| text.parse().ok()).flatten();
        Ok(VirtualAddress {
            vip: Vip::in_instance(text)?,
            prefix_length: network.map(|network| network.prefix()),
            dev: None,
            options: String::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of an order of so many nodes, with an advert each so many milliseconds in version 3.
    fn priorities(nodes: usize, milliseconds: u64) -> Vec<u8> {
        let election = Election { nodes, skew_base: Duration::from_millis(milliseconds) };
        (0..nodes).map(|rank| election.priority(rank)).collect()
    }

    #[test]
    fn priorities_are_distinct_and_in_range_up_to_the_most_nodes() {
        for nodes in 1..=Election::MOST_NODES {
            for milliseconds in [10, 100, 200, 990, 1000, 2000] {
                let priorities = priorities(nodes, milliseconds);
                assert!(priorities[0] <= 250, "{priorities:?}");
                assert!(priorities.windows(2).all(|pair| pair[0] > pair[1]), "{priorities:?}");
            }
        }
    }

    #[test]
    fn the_more_adverts_the_larger_the_gaps_between_priorities() {
        assert_eq!(priorities(4, 1000), [100, 90, 80, 70]);
        assert_eq!(priorities(4, 990), [83, 72, 61, 50]);
        assert_eq!(priorities(4, 500), [110, 90, 70, 50]);
        assert_eq!(priorities(1, 200), [100]);
        assert_eq!(priorities(2, 200), [100, 50]);
        assert_eq!(priorities(4, 200), [200, 150, 100, 50]);
        assert_eq!(priorities(4, 100), [250, 167, 84, 1]);
        assert_eq!(priorities(8, 200)[..3], [250, 215, 180]);
    }
}
