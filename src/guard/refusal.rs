//! Takes this node out as a server: the checks of all directors are refused here, by one table of its own, while
//! its sessions go on. It works for every check that asks over the network, and no director has to be told.
//!
//! Connections of clients come to the VIP, from clients' addresses; checks come from the nodes' addresses to this
//! node's own one. What is refused is noted in a file, so that the watcher can put the table back.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use nftables::batch::Batch;
use nftables::expr::{CT, Expression, NamedExpression, Payload, PayloadField, SetItem};
use nftables::schema::{Chain, NfListObject, Nftables, Rule, Table};
use nftables::stmt::{AnonymousCounter, Counter, Match, Operator, Reject, RejectType, Statement};
use nftables::types::{NfChainPolicy, NfChainType, NfFamily, NfHook, RejectCode};
use serde::{Deserialize, Serialize};

use crate::node::netlink::NetlinkError;
use crate::node::nft::{Family, Nft as Kernel, Ruleset};

/// The table; in family `inet`, so that there is one for both families.
pub const TABLE: &str = "lvskit-drain";

/// Its chain.
const CHAIN: &str = "checks";

/// `priority filter`. An accept of a firewall's chain ends that chain alone, so the order does not matter.
const PRIORITY: i32 = 0;

/// The comment of every rule.
const COMMENT: &str = "lvskit drain --server";

/// Whose new connections are refused, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The ports of the services, 1-65535, at each of the node's own addresses.
    pub ports: BTreeMap<IpAddr, BTreeSet<u16>>,
    /// The addresses that checks come from.
    pub from: BTreeSet<IpAddr>,
}

/// What the kernel has of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InForce {
    /// Nothing.
    Missing,
    /// Something else than what was asked for.
    Altered,
    /// All of it, and how many connections it has refused.
    Yes {
        /// Connections (TCP) and first datagrams (UDP).
        refused: u64,
    },
}

impl Refusal {
    /// Whether a server of IPVS is this node's: those of a firewall mark and of all ports have port 0.
    pub fn is_of(&self, address: IpAddr, port: u16) -> bool {
        self.ports.get(&address).is_some_and(|ports| port == 0 || ports.contains(&port))
    }

    /// The one transaction that puts it in force, whatever was there before.
    pub fn transaction(&self) -> Nftables<'static> {
        let mut batch = Batch::new();
        // add table inet lvskit-drain; delete table inet lvskit-drain; add table inet lvskit-drain
        batch.add(NfListObject::Table(table()));
        batch.delete(NfListObject::Table(table()));
        batch.add(NfListObject::Table(table()));
        // add chain inet lvskit-drain checks { type filter hook input priority 0; policy accept; }
        batch.add(NfListObject::Chain(Chain {
            _type: Some(NfChainType::Filter),
            hook: Some(NfHook::Input),
            prio: Some(PRIORITY),
            policy: Some(NfChainPolicy::Accept),
            family: NfFamily::INet,
            table: TABLE.into(),
            name: CHAIN.into(),
            ..Chain::default()
        }));
        for expr in self.rules() {
            batch.add(NfListObject::Rule(Rule {
                family: NfFamily::INet,
                table: TABLE.into(),
                chain: CHAIN.into(),
                expr: expr.into(),
                comment: Some(COMMENT.into()),
                ..Rule::default()
            }));
        }
        batch.to_nftables()
    }

    /// The rules: one for TCP and one for UDP at each address.
    fn rules(&self) -> Vec<Vec<Statement<'static>>> {
        let mut rules = Vec::new();
        for (own, ports) in &self.ports {
            let family = if own.is_ipv4() { "ip" } else { "ip6" };
            let from = self.from.iter().filter(|one| one.is_ipv4() == own.is_ipv4());
            let from: Vec<_> = from.map(|one| text(one.to_string())).collect();
            if from.is_empty() || ports.is_empty() {
                continue;
            }
            let ports: Vec<_> =
                ports.iter().map(|port| Expression::Number((*port).into())).collect();
            // ip saddr { A, B } ip daddr OWN tcp dport { 25 } ct state new counter reject with tcp reset
            // ip saddr { A, B } ip daddr OWN udp dport { 25 } ct state new counter reject
            for (protocol, reject) in [("tcp", reset()), ("udp", unreachable())] {
                rules.push(vec![
                    is(payload(family, "saddr"), one_of(from.clone())),
                    is(payload(family, "daddr"), text(own.to_string())),
                    is(payload(protocol, "dport"), one_of(ports.clone())),
                    is_new(),
                    Statement::Counter(Counter::Anonymous(Some(AnonymousCounter::default()))),
                    Statement::Reject(Some(reject)),
                ]);
            }
        }
        rules
    }

    /// Whether it is in force in this network namespace.
    ///
    /// # Errors
    /// EPERM without CAP_NET_ADMIN.
    pub fn in_force(&self) -> Result<InForce, NetlinkError> {
        let found = Kernel::open()?.table(Family::Inet, TABLE)?;
        Ok(self.judge(&found))
    }

    /// Judges what was read; by names and counts, as nobody else makes a table of this name.
    fn judge(&self, found: &Ruleset) -> InForce {
        let [table] = found.tables.as_slice() else { return InForce::Missing };
        let wanted = self.rules().len();
        let chain = found.chains.iter().any(|chain| chain.name == CHAIN && chain.base.is_some());
        let ours = |rule: &&crate::node::nft::Rule| rule.comment.as_deref() == Some(COMMENT);
        let rules = found.rules.iter().filter(ours);
        if table.is_dormant() || !chain || rules.clone().count() != wanted {
            return InForce::Altered;
        }
        // NFTA_COUNTER_PACKETS
        let refused = rules.flat_map(|rule| {
            let counters = rule.expressions().filter(|one| one.name == "counter");
            counters.filter_map(|one| one.data.long(2)).collect::<Vec<_>>()
        });
        InForce::Yes { refused: refused.sum() }
    }
}

/// The one transaction that takes it away, whether or not it is there.
pub fn end() -> Nftables<'static> {
    let mut batch = Batch::new();
    // add table inet lvskit-drain; delete table inet lvskit-drain
    batch.add(NfListObject::Table(table()));
    batch.delete(NfListObject::Table(table()));
    batch.to_nftables()
}

fn table() -> Table<'static> {
    Table { family: NfFamily::INet, name: TABLE.into(), ..Table::default() }
}

fn reset() -> Reject {
    Reject::new(Some(RejectType::TCPReset), None)
}

fn unreachable() -> Reject {
    Reject::new(Some(RejectType::ICMPX), Some(RejectCode::PortUnreach))
}

fn is_new() -> Statement<'static> {
    let state = CT { key: "state".into(), family: None, dir: None };
    let left = Expression::Named(NamedExpression::CT(state));
    Statement::Match(Match { left, right: text("new".into()), op: Operator::IN })
}

fn is(left: Expression<'static>, right: Expression<'static>) -> Statement<'static> {
    Statement::Match(Match { left, right, op: Operator::EQ })
}

fn one_of(all: Vec<Expression<'static>>) -> Expression<'static> {
    Expression::Named(NamedExpression::Set(all.into_iter().map(SetItem::Element).collect()))
}

fn payload(protocol: &'static str, field: &'static str) -> Expression<'static> {
    let field = PayloadField { protocol: protocol.into(), field: field.into() };
    Expression::Named(NamedExpression::Payload(Payload::PayloadField(field)))
}

fn text(value: String) -> Expression<'static> {
    Expression::String(value.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_family_has_its_own_sources() {
        let refusal = Refusal {
            ports: [("10.0.0.1", 25), ("fd00::1", 53)]
                .map(|(own, port)| (own.parse().unwrap(), BTreeSet::from([port])))
                .into(),
            from: ["10.0.0.2", "10.0.0.1"].map(|one| one.parse().unwrap()).into(),
        };
        let json = serde_json::to_string(&refusal.transaction()).unwrap();
        assert_eq!(refusal.rules().len(), 2, "nobody asks by IPv6: {json}");
        for words in [r#""set":["10.0.0.1","10.0.0.2"]"#, r#""set":[25]"#, r#""type":"tcp reset""#]
        {
            assert!(json.contains(words), "no {words} in {json}");
        }
        let again: Refusal =
            serde_json::from_str(&serde_json::to_string(&refusal).unwrap()).unwrap();
        assert_eq!(again, refusal);
        assert_eq!(refusal.judge(&Ruleset::default()), InForce::Missing);
    }
}
