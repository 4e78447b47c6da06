//! Sends the first packet of each of a VIP's services through all chains of others, as it comes in on a
//! MASTER, as it comes in on a BACKUP, and as a program on the node sends it, and says what of that keeps
//! it from the guard or from IPVS.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::conditions::Truth;
use super::evaluate::{Action, Table, run};
use super::finding::{Finding, Id};
use super::packet::{Packet, Tracking};
use crate::guard::chain::{DSTNAT, Hook};
use crate::guard::plan::Protocol;
use crate::vip::{Family, Vip};

/// Where nf_tables' chains `nat` begin to know a packet: NF_IP_PRI_CONNTRACK (linux/netfilter_ipv4.h).
const CONNTRACK: i32 = -200;

/// A table of somebody else.
pub(super) struct Foreign<'a> {
    /// `table ip nat`, `table nat of iptables-legacy`.
    pub name: String,
    /// The command that lists a chain of it, up to the chain's name.
    pub list: String,
    /// The chains where the kernel enters it.
    pub bases: Vec<Base>,
    /// What is in it.
    pub table: &'a dyn Table,
}

/// A chain where the kernel enters a table.
#[derive(Debug, Clone)]
pub(super) struct Base {
    /// Its name.
    pub name: String,
    /// Whether it is of type nat: then it meets the first packet of a connection only.
    pub nat: bool,
    /// Its hook.
    pub hook: Hook,
    /// Lower ones come first.
    pub priority: i32,
    /// Whether its policy is to drop.
    pub drops: bool,
}

/// What is known of a VIP on this node.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// The VIP.
    pub vip: Vip,
    /// Number and name of the interface that clients' packets come in by, if that can be told.
    pub interface: Option<(u32, String)>,
    /// The node's own address there.
    pub own: Option<IpAddr>,
    /// Whether the VIP is local on a node that does not hold it: by the fallback route, or on lo.
    pub local: bool,
}

/// One thing that a chain does to a VIP's packets.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    id: Id,
    table: usize,
    chain: String,
    deed: Deed,
}

/// What is done.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Deed {
    /// Another destination: which address, if that is known.
    Sends(Option<IpAddr>),
    /// This node itself.
    Redirects,
    Untracks,
    Drops,
    Socket,
    /// What a program on this node sends gets another destination.
    Output,
}

/// The findings about the ports of one VIP.
pub(super) fn find(
    place: &Place,
    ports: &[(Protocol, u16)],
    tables: &[Foreign<'_>],
) -> Vec<Finding> {
    let mut found: BTreeMap<Key, (Truth, Vec<String>)> = BTreeMap::new();
    for (at, foreign) in tables.iter().enumerate() {
        // What comes in later is the firewall's: see `closed`.
        for base in foreign.bases.iter().filter(|base| base.hook != Hook::Input) {
            for &(protocol, port) in ports {
                // As MASTER, and as BACKUP.
                for held in [true, false] {
                    let packet = Packet {
                        from: None,
                        to: place.vip.address(),
                        protocol: protocol.number(),
                        port: Some(port),
                        ttl: None,
                        tracking: Tracking::New,
                        hook: base.hook,
                        interface: place.interface.clone(),
                        held,
                        local: held || place.local,
                    };
                    for hit in run(foreign.table, &base.name, base.drops, &packet) {
                        let Some((id, deed)) = judge(base, held, hit.truth, &hit.action) else {
                            continue;
                        };
                        let key = Key { id, table: at, chain: hit.chain, deed };
                        let (truth, names) = found.entry(key).or_insert((hit.truth, Vec::new()));
                        *truth = hit.truth.max(*truth);
                        let name = format!("{}/{port}", protocol.name());
                        if !names.contains(&name) {
                            names.push(name);
                        }
                    }
                }
            }
        }
    }
    let taken: Vec<usize> =
        found.keys().filter(|key| key.id == Id::PortTaken).map(|key| key.table).collect();
    // Whoever publishes a port does so for local programs too.
    found.retain(|key, _| key.deed != Deed::Output || !taken.contains(&key.table));
    found
        .into_iter()
        .map(|(key, (truth, names))| tell(place, &tables[key.table], &key, truth, &names))
        .collect()
}

/// Whether it matters what a chain does to a packet, of a node that holds the VIP or not.
fn judge(base: &Base, held: bool, truth: Truth, action: &Action) -> Option<(Id, Deed)> {
    match (base.hook, action) {
        // On a BACKUP the guard may come first.
        (Hook::Prerouting, _) if base.nat && !held && base.priority > DSTNAT => None,
        (Hook::Prerouting, Action::Sent(to)) if base.nat => Some((Id::PortTaken, Deed::Sends(*to))),
        (Hook::Prerouting, Action::Redirected) if base.nat => {
            Some((Id::PortTaken, Deed::Redirects))
        }
        // A MASTER's guard leaves the packet alone anyway.
        (Hook::Prerouting, Action::Untracked) if base.priority < CONNTRACK && !held => {
            Some((Id::Notrack, Deed::Untracks))
        }
        // What drops some packets only is a firewall's daily work.
        (Hook::Prerouting, Action::Dropped) if truth == Truth::Yes => {
            Some((Id::EarlierChain, Deed::Drops))
        }
        (Hook::Prerouting, Action::Socket) => Some((Id::EarlierChain, Deed::Socket)),
        (Hook::Output, Action::Sent(_) | Action::Redirected) if base.nat => {
            Some((Id::EarlierChain, Deed::Output))
        }
        _ => None,
    }
}

fn tell(
    place: &Place,
    foreign: &Foreign<'_>,
    key: &Key,
    truth: Truth,
    names: &[String],
) -> Finding {
    let vip = place.vip;
    let services = names.join(", ");
    let chain = format!("chain {} of {}", key.chain, foreign.name);
    let may = if truth == Truth::Yes { "" } else { "may " };
    let verb = |plain: &str, third: &str| match may {
        "" => third.to_owned(),
        _ => format!("may {plain}"),
    };
    let list = format!("`{} {}` shows the rule", foreign.list, key.chain);
    let master = "as MASTER this node balances none of these connections";
    let (what, effect, help) = match &key.deed {
        Deed::Sends(address) => {
            let to = address.map_or("another destination".to_owned(), |to| to.to_string());
            let own = place.own.map_or("OWN-ADDRESS".to_owned(), |own| own.to_string());
            let own = if own.contains(':') { format!("[{own}]") } else { own };
            let port = names.first().and_then(|name| name.split('/').nth(1)).unwrap_or_default();
            (
                format!("{chain} {} {services} of {vip} to {to}", verb("send", "sends")),
                format!(
                    "{master}, all go to {to}; as BACKUP the service there may see an address of \
                     this node's bridge instead of the client's, and relay for everybody if it \
                     trusts that"
                ),
                format!(
                    "publish the port on this node's own address only (`-p {own}:{port}:PORT` of \
                     docker or podman), or give the container the host's network, or remove the \
                     rule; {list}"
                ),
            )
        }
        Deed::Redirects => (
            format!("{chain} {} {services} of {vip} to this node", verb("redirect", "redirects")),
            format!("{master}, it serves all itself"),
            match vip.family() {
                Family::V4 => format!(
                    "remove the rule, the guard needs none; {list}; that of bypass_ipvs.py goes with \
                     `iptables -t nat -D PREROUTING -d {vip}/32 -p tcp -j REDIRECT`"
                ),
                Family::V6 => format!("remove the rule, the guard needs none; {list}"),
            },
        ),
        Deed::Untracks => (
            format!(
                "{chain} {} {services} of {vip} from connection tracking",
                verb("keep", "keeps")
            ),
            "nat rules, and so the guard, do not see these connections: as BACKUP this node drops \
             what the MASTER forwards to it, or sends it back in circles"
                .to_owned(),
            format!("remove the rule (NOTRACK, `notrack`), or except {vip} from it; {list}"),
        ),
        Deed::Drops => (
            format!("{chain} drops {services} of {vip}"),
            "no client's connection reaches the guard or IPVS on this node".to_owned(),
            format!("accept {services} of {vip} there, before the rule that drops; {list}"),
        ),
        Deed::Socket => (
            format!(
                "{chain} {} {services} of {vip} to a local socket (TPROXY)",
                verb("hand", "hands")
            ),
            format!("{master}, and as BACKUP a proxy may take them"),
            format!("except {vip} from the rule; {list}"),
        ),
        Deed::Output => (
            format!(
                "{chain} {} {services} of {vip} to another destination for programs on this node",
                verb("send", "sends")
            ),
            "programs on this node that connect to the VIP may not meet its own service".to_owned(),
            format!("except {vip} from the rule; {list}"),
        ),
    };
    let breaks = truth == Truth::Yes && key.deed != Deed::Output;
    Finding { id: key.id, vip, breaks, what, effect, help }
}
