//! Reads a ruleset, or one table of it, as it was at one moment: the kernel counts transactions, and
//! what was read while that number changed is read again.

use netlink_packet_netfilter::nftables::{
    ChainMessage, GenAttribute, GenMessage, NfTablesMessage, RuleAttribute, RuleMessage,
    SetAttribute, SetMessage, TableAttribute, TableMessage,
};
use netlink_packet_netfilter::{NetfilterHeader, NetfilterMessage, NetfilterMessageInner};
use nix::errno::Errno;

use super::{Chain, Family, Rule, Set, Table};
use crate::node::netlink::{NETLINK_NETFILTER, Netlink, NetlinkError};

/// How often a ruleset is read again because a transaction came in between.
const ATTEMPTS: usize = 20;

/// A ruleset, or a part of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ruleset {
    /// The tables.
    pub tables: Vec<Table>,
    /// The chains.
    pub chains: Vec<Chain>,
    /// The rules; those of a chain are in order.
    pub rules: Vec<Rule>,
    /// The sets and maps, without their elements.
    pub sets: Vec<Set>,
}

/// The way to the kernel's nf_tables.
#[derive(Debug)]
pub struct Nft(pub(super) Netlink);

impl Nft {
    /// Opens the way to the kernel. Every question needs CAP_NET_ADMIN, also those that only read.
    pub fn open() -> Result<Nft, NetlinkError> {
        Netlink::open(NETLINK_NETFILTER).map(Nft)
    }

    /// Everything in all families.
    pub fn all(&mut self) -> Result<Ruleset, NetlinkError> {
        self.at_one_moment(|nft| {
            Ok(Ruleset {
                tables: nft.tables()?,
                chains: nft.chains(Family::Unspec)?,
                rules: nft.rules(Family::Unspec, None)?,
                sets: nft.sets(Family::Unspec, None)?,
            })
        })
    }

    /// One table and what is in it; empty if there is none.
    pub fn table(&mut self, family: Family, name: &str) -> Result<Ruleset, NetlinkError> {
        self.at_one_moment(|nft| {
            let Some(table) = nft.named(family, name)? else { return Ok(Ruleset::default()) };
            let mut chains = nft.chains(family)?;
            chains.retain(|chain| chain.table == name);
            Ok(Ruleset {
                tables: vec![table],
                chains,
                rules: nft.rules(family, Some(name))?,
                sets: nft.sets(family, Some(name))?,
            })
        })
    }

    /// Reads until nothing changed meanwhile.
    fn at_one_moment<T>(
        &mut self,
        read: impl Fn(&mut Nft) -> Result<T, NetlinkError>,
    ) -> Result<T, NetlinkError> {
        let mut before = self.generation()?;
        for _ in 0..ATTEMPTS {
            let found = read(self);
            let after = self.generation()?;
            if before == after {
                return found;
            }
            before = after;
        }
        Err(NetlinkError::Changing)
    }

    /// The number of the last transaction.
    fn generation(&mut self) -> Result<Option<u32>, NetlinkError> {
        let question = NfTablesMessage::GetGen(GenMessage { attributes: Vec::new() });
        let answer: Option<NetfilterMessage> = self.0.get(message(Family::Unspec, question))?;
        Ok(answer.and_then(|answer| match answer.inner {
            NetfilterMessageInner::NfTables(NfTablesMessage::NewGen(message)) => {
                message.attributes.into_iter().find_map(|attribute| match attribute {
                    GenAttribute::Id(number) => Some(number),
                    _ => None,
                })
            }
            _ => None,
        }))
    }

    /// All tables of all families.
    fn tables(&mut self) -> Result<Vec<Table>, NetlinkError> {
        let question = NfTablesMessage::GetTable(TableMessage { attributes: Vec::new() });
        self.list(Family::Unspec, question, table)
    }

    /// The table of that name.
    fn named(&mut self, family: Family, name: &str) -> Result<Option<Table>, NetlinkError> {
        let attributes = vec![TableAttribute::Name(name.to_owned())];
        let question = NfTablesMessage::GetTable(TableMessage { attributes });
        let answer: Option<NetfilterMessage> = self.0.get(message(family, question))?;
        Ok(answer.and_then(table))
    }

    /// The chains of a family; the kernel can't list those of one table.
    fn chains(&mut self, family: Family) -> Result<Vec<Chain>, NetlinkError> {
        let question = NfTablesMessage::GetChain(ChainMessage { attributes: Vec::new() });
        self.list(family, question, |answer| match answer.inner {
            NetfilterMessageInner::NfTables(NfTablesMessage::NewChain(chain)) => {
                Some(Chain::new(answer.header.family, chain.attributes))
            }
            _ => None,
        })
    }

    /// The rules of a family or a table.
    fn rules(&mut self, family: Family, table: Option<&str>) -> Result<Vec<Rule>, NetlinkError> {
        let name = table.map(|name| RuleAttribute::Table(name.to_owned()));
        let attributes = name.into_iter().collect();
        let question = NfTablesMessage::GetRule(RuleMessage { attributes });
        self.list(family, question, |answer| match answer.inner {
            NetfilterMessageInner::NfTables(NfTablesMessage::NewRule(rule)) => {
                Some(Rule::new(answer.header.family, rule.attributes))
            }
            _ => None,
        })
    }

    /// The sets and maps of a family or a table.
    fn sets(&mut self, family: Family, table: Option<&str>) -> Result<Vec<Set>, NetlinkError> {
        let name = table.map(|name| SetAttribute::Table(name.to_owned()));
        let attributes = name.into_iter().collect();
        let question = NfTablesMessage::GetSet(SetMessage { attributes });
        self.list(family, question, |answer| match answer.inner {
            NetfilterMessageInner::NfTables(NfTablesMessage::NewSet(set)) => {
                Some(Set::new(answer.header.family, set.attributes))
            }
            _ => None,
        })
    }

    fn list<T>(
        &mut self,
        family: Family,
        question: NfTablesMessage,
        object: impl Fn(NetfilterMessage) -> Option<T>,
    ) -> Result<Vec<T>, NetlinkError> {
        match self.0.dump::<NetfilterMessage>(message(family, question)) {
            Ok(answers) => Ok(answers.into_iter().filter_map(object).collect()),
            // The table went away meanwhile.
            Err(NetlinkError::Refused(Errno::ENOENT)) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

fn table(answer: NetfilterMessage) -> Option<Table> {
    match answer.inner {
        NetfilterMessageInner::NfTables(NfTablesMessage::NewTable(table)) => {
            Some(Table::new(answer.header.family, table.attributes))
        }
        _ => None,
    }
}

/// A message about objects of a family.
pub(super) fn message(family: Family, message: NfTablesMessage) -> NetfilterMessage {
    NetfilterMessage::new(NetfilterHeader::new(family, 0, 0), message)
}
