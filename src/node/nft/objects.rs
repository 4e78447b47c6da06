//! The objects of a ruleset, made from the kernel's attributes. What a newer kernel adds to them is
//! passed over, and so is what nobody asks for: a hook reads its table to see comments.

use netlink_packet_netfilter::nftables::{InetHookNumber, SetFlags, TableFlags};

use super::Family;
use crate::node::attributes::{Attributes, attributes};

/// What a message of the kernel is about.
pub(super) trait Object {
    fn read(family: Family, attributes: Attributes<'_>) -> Self;
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its family.
    pub family: Family,
    /// Its name.
    pub name: String,
    /// Such as dormant (its rules do nothing) or owner (another process holds it).
    pub flags: TableFlags,
    /// The netlink port of the process that holds it; mostly its process number.
    pub owner: Option<u32>,
}

impl Table {
    /// Whether its rules do nothing.
    pub fn is_dormant(&self) -> bool {
        self.flags.contains(TableFlags::Dormant)
    }
}

impl Object for Table {
    // Reads NFTA_TABLE_NAME, NFTA_TABLE_FLAGS, NFTA_TABLE_OWNER (linux/netfilter/nf_tables.h).
    fn read(family: Family, attributes: Attributes<'_>) -> Table {
        Table {
            family,
            name: attributes.text(1).unwrap_or_default(),
            flags: TableFlags::from_bits_retain(attributes.number(2).unwrap_or_default()),
            owner: attributes.number(7),
        }
    }
}

/// A chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// Its family.
    pub family: Family,
    /// The table's name.
    pub table: String,
    /// Its name.
    pub name: String,
    /// Where the kernel enters it; `None` for one that is only jumped to.
    pub base: Option<BaseChain>,
}

/// Where the kernel enters a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseChain {
    /// `filter`, `nat` or `route`.
    pub kind: String,
    /// The hook; in families bridge and arp by the numbers of the same hooks (in arp 0 is input and 1
    /// is output), in family netdev 0 is ingress and 1 egress.
    pub hook: InetHookNumber,
    /// Chains of a hook come in the order of their priorities, lowest first; dstnat is -100.
    pub priority: i32,
    /// What happens at its end.
    pub policy: Policy,
}

/// What happens to packets at the end of a base chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// They go on.
    Accept,
    /// They are dropped.
    Drop,
}

impl Object for Chain {
    // Reads NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME, NFTA_CHAIN_HOOK, NFTA_CHAIN_POLICY, NFTA_CHAIN_TYPE.
    fn read(family: Family, attributes: Attributes<'_>) -> Chain {
        // NFTA_HOOK_HOOKNUM, NFTA_HOOK_PRIORITY
        let place = attributes.get(4).map(self::attributes);
        let base = place.map(|place| BaseChain {
            kind: attributes.text(7).unwrap_or_default(),
            hook: InetHookNumber::from(place.number(1).unwrap_or_default()),
            priority: place.number(2).unwrap_or_default().cast_signed(),
            policy: match attributes.number(5) {
                Some(NF_DROP) => Policy::Drop,
                _ => Policy::Accept,
            },
        });
        let [table, name] = [1, 3].map(|kind| attributes.text(kind).unwrap_or_default());
        Chain { family, table, name, base }
    }
}

/// What a policy of drop is to the kernel (linux/netfilter.h).
const NF_DROP: u32 = 0;

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its family.
    pub family: Family,
    /// The table's name.
    pub table: String,
    /// The chain's name.
    pub chain: String,
    /// Its number in the table.
    pub handle: u64,
    /// What `comment "..."` says.
    pub comment: Option<String>,
    /// What it does, as the kernel wrote it: see [`Rule::expressions`].
    pub expressions: Vec<u8>,
}

/// One step of a rule.
#[derive(Debug, Clone)]
pub struct Expression<'a> {
    /// The kernel's name: `payload`, `cmp`, `nat`, `redir`, `notrack`; `match` and `target` are those of
    /// iptables-nft.
    pub name: String,
    /// What belongs to it, by numbers (linux/netfilter/nf_tables.h).
    pub data: Attributes<'a>,
}

impl Object for Rule {
    // Reads NFTA_RULE_TABLE, NFTA_RULE_CHAIN, NFTA_RULE_HANDLE, NFTA_RULE_EXPRESSIONS,
    // NFTA_RULE_USERDATA.
    fn read(family: Family, attributes: Attributes<'_>) -> Rule {
        let [table, chain] = [1, 2].map(|kind| attributes.text(kind).unwrap_or_default());
        Rule {
            family,
            table,
            chain,
            handle: attributes.long(3).unwrap_or_default(),
            comment: attributes.get(7).and_then(comment_in),
            expressions: attributes.get(4).unwrap_or_default().to_vec(),
        }
    }
}

impl Rule {
    /// What it does, one step after the other.
    pub fn expressions(&self) -> impl Iterator<Item = Expression<'_>> {
        // NFTA_LIST_ELEM; in it NFTA_EXPR_NAME, NFTA_EXPR_DATA
        attributes(&self.expressions).filter(|(kind, _)| *kind == 1).map(|(_, one)| {
            let one = attributes(one);
            Expression { name: one.text(1).unwrap_or_default(), data: one.nested(2) }
        })
    }
}

/// The comment in a rule's user data: a sequence of type, length and value, one byte each for the first
/// two (libnftnl, udata.h). A comment is type 0, a text with a zero at its end.
fn comment_in(mut data: &[u8]) -> Option<String> {
    while let [kind, length, rest @ ..] = data {
        let (value, rest) = rest.split_at_checked(usize::from(*length))?;
        if *kind == 0 {
            let text = value.strip_suffix(&[0]).unwrap_or(value);
            return Some(String::from_utf8_lossy(text).into_owned());
        }
        data = rest;
    }
    None
}

/// A set or map, without its elements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set {
    /// Its family.
    pub family: Family,
    /// The table's name.
    pub table: String,
    /// Its name; `__set0` and the like for one that stands in a rule.
    pub name: String,
    /// Such as timeout, interval, map.
    pub flags: SetFlags,
    /// nft's number of the key's type; 7 is ipv4_addr, 8 ipv6_addr, 9 ether_addr.
    pub key_type: u32,
    /// Length of the key in bytes.
    pub key_length: u32,
    /// How long an element stays, in milliseconds.
    pub timeout: Option<u64>,
    /// How many elements fit.
    pub size: Option<u32>,
}

impl Object for Set {
    // Reads NFTA_SET_TABLE, NFTA_SET_NAME, NFTA_SET_FLAGS, NFTA_SET_KEY_TYPE, NFTA_SET_KEY_LEN,
    // NFTA_SET_TIMEOUT, and of NFTA_SET_DESC NFTA_SET_DESC_SIZE.
    fn read(family: Family, attributes: Attributes<'_>) -> Set {
        let [table, name] = [1, 2].map(|kind| attributes.text(kind).unwrap_or_default());
        let [flags, key_type, key_length] =
            [3, 4, 5].map(|kind| attributes.number(kind).unwrap_or_default());
        Set {
            family,
            table,
            name,
            flags: SetFlags::from_bits_retain(flags),
            key_type,
            key_length,
            timeout: attributes.long(11),
            size: attributes.nested(9).number(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_is_found_behind_other_user_data() {
        let comment = [0, 6, b'h', b'e', b'l', b'l', b'o', 0];
        assert_eq!(comment_in(&comment).as_deref(), Some("hello"));
        let behind = [&[1, 4, 0, 0, 0, 1][..], &comment].concat();
        assert_eq!(comment_in(&behind).as_deref(), Some("hello"));
        // Cut off, or none at all.
        for data in [&comment[..5], &[0], &[], &[1, 1, 0]] {
            assert_eq!(comment_in(data), None, "{data:?}");
        }
    }
}
