//! Reads a ruleset, or one table of it, as it was at one moment: the kernel counts transactions, and
//! what was read while that number changed is read again. It counts a transaction before it carries it
//! out, and lists some things twice and others not at all meanwhile, so the end of that is waited for.

use std::time::Instant;

use netlink_packet_core::{DecodeError, NetlinkDeserializable, NetlinkHeader};
use netlink_packet_netfilter::nftables::{
    ChainMessage, GenMessage, NfTablesMessage, RuleAttribute, RuleMessage, SetAttribute,
    SetMessage, TableAttribute, TableMessage,
};
use netlink_packet_netfilter::{NetfilterHeader, NetfilterMessage};
use nix::errno::Errno;

use super::objects::Object;
use super::{Chain, Family, Rule, Set, Table};
use crate::node::attributes::{Attributes, attributes};
use crate::node::netlink::{LIMIT, NETLINK_NETFILTER, Netlink, NetlinkError};

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
        let deadline = Instant::now() + LIMIT;
        for attempt in 0..ATTEMPTS {
            if attempt > 0 && Instant::now() > deadline {
                break;
            }
            if let Some(generation) = before {
                self.settle(generation)?;
            }
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
        let answer = self.0.get::<Answer<Generation>>(message(Family::Unspec, question))?;
        Ok(answer.and_then(|Answer(Generation(number))| number))
    }

    /// All tables of all families.
    fn tables(&mut self) -> Result<Vec<Table>, NetlinkError> {
        self.list(
            Family::Unspec,
            NfTablesMessage::GetTable(TableMessage { attributes: Vec::new() }),
        )
    }

    /// The table of that name.
    fn named(&mut self, family: Family, name: &str) -> Result<Option<Table>, NetlinkError> {
        let attributes = vec![TableAttribute::Name(name.to_owned())];
        let question = NfTablesMessage::GetTable(TableMessage { attributes });
        let answer = self.0.get::<Answer<Table>>(message(family, question))?;
        Ok(answer.map(|Answer(table)| table))
    }

    /// The chains of a family; the kernel can't list those of one table.
    fn chains(&mut self, family: Family) -> Result<Vec<Chain>, NetlinkError> {
        self.list(family, NfTablesMessage::GetChain(ChainMessage { attributes: Vec::new() }))
    }

    /// The rules of a family or a table.
    fn rules(&mut self, family: Family, table: Option<&str>) -> Result<Vec<Rule>, NetlinkError> {
        let name = table.map(|name| RuleAttribute::Table(name.to_owned()));
        let attributes = name.into_iter().collect();
        self.list(family, NfTablesMessage::GetRule(RuleMessage { attributes }))
    }

    /// The sets and maps of a family or a table.
    fn sets(&mut self, family: Family, table: Option<&str>) -> Result<Vec<Set>, NetlinkError> {
        let name = table.map(|name| SetAttribute::Table(name.to_owned()));
        let attributes = name.into_iter().collect();
        self.list(family, NfTablesMessage::GetSet(SetMessage { attributes }))
    }

    fn list<T: Object>(
        &mut self,
        family: Family,
        question: NfTablesMessage,
    ) -> Result<Vec<T>, NetlinkError> {
        match self.0.dump::<Answer<T>>(message(family, question)) {
            Ok(answers) => Ok(answers.into_iter().map(|Answer(object)| object).collect()),
            // The table went away meanwhile.
            Err(NetlinkError::Refused(Errno::ENOENT)) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

/// The number of a transaction (NFTA_GEN_ID).
struct Generation(Option<u32>);

impl Object for Generation {
    fn read(_: Family, attributes: Attributes<'_>) -> Generation {
        Generation(attributes.number(1))
    }
}

/// A message as it is read: its header is that of every message of netfilter (struct nfgenmsg), its
/// kind the one that was asked for.
struct Answer<T>(T);

impl<T: Object> NetlinkDeserializable for Answer<T> {
    type Error = DecodeError;

    fn deserialize(_: &NetlinkHeader, payload: &[u8]) -> Result<Answer<T>, DecodeError> {
        let Some((&[family, ..], rest)) = payload.split_first_chunk::<4>() else {
            return Err(format!("invalid nf_tables message of {} bytes", payload.len()).into());
        };
        Ok(Answer(T::read(Family::from(family), attributes(rest))))
    }
}

/// A message about objects of a family.
pub(super) fn message(family: Family, message: NfTablesMessage) -> NetfilterMessage {
    NetfilterMessage::new(NetfilterHeader::new(family, 0, 0), message)
}
