//! The objects of a ruleset, made from the messages of netlink-packet-netfilter. What a newer kernel
//! adds to them is passed over.

use netlink_packet_core::Emitable;
use netlink_packet_netfilter::nftables::{
    ChainAttribute, ExpressionAttribute, Expressions, Hook, InetHookNumber, ListAttribute,
    RuleAttribute, SetAttribute, SetDescription, SetFlags, TableAttribute, TableFlags,
};

use super::Family;

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

    pub(super) fn new(family: Family, attributes: Vec<TableAttribute>) -> Table {
        let flags = TableFlags::empty();
        let mut table = Table { family, name: String::new(), flags, owner: None };
        for attribute in attributes {
            match attribute {
                TableAttribute::Name(name) => table.name = name,
                TableAttribute::Flags(flags) => table.flags = flags,
                TableAttribute::Owner(port) => table.owner = Some(port),
                _ => {}
            }
        }
        table
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

impl Chain {
    pub(super) fn new(family: Family, attributes: Vec<ChainAttribute>) -> Chain {
        let mut chain = Chain { family, table: String::new(), name: String::new(), base: None };
        let (mut kind, mut place, mut policy) = (String::new(), None, Policy::Accept);
        for attribute in attributes {
            match attribute {
                ChainAttribute::Table(name) => chain.table = name,
                ChainAttribute::Name(name) => chain.name = name,
                ChainAttribute::Type(name) => kind = name,
                ChainAttribute::Hook(hook) => place = Some(hook),
                // NF_DROP (linux/netfilter.h)
                ChainAttribute::Policy(0) => policy = Policy::Drop,
                _ => {}
            }
        }
        chain.base = place.map(|place| {
            let (mut number, mut priority) = (0, 0);
            for attribute in place {
                match attribute {
                    Hook::Number(hook) => number = hook.into(),
                    Hook::Priority(bits) => priority = bits.cast_signed(),
                    _ => {}
                }
            }
            BaseChain { kind, hook: InetHookNumber::from(number), priority, policy }
        });
        chain
    }
}

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
    /// What it does, one after the other.
    pub expressions: Vec<Expression>,
}

/// One step of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression {
    /// The kernel's name: `payload`, `cmp`, `nat`, `redir`, `notrack`; `match` and `target` are those of
    /// iptables-nft.
    pub name: String,
    /// What belongs to it. Of kinds that netlink-packet-netfilter does not know, attributes by their
    /// numbers (linux/netfilter/nf_tables.h).
    pub data: Option<Expressions>,
}

impl Expression {
    /// The attributes of what belongs to it, as the kernel wrote them.
    pub fn bytes(&self) -> Vec<u8> {
        let Some(data) = &self.data else { return Vec::new() };
        let mut bytes = vec![0; data.buffer_len()];
        data.emit(&mut bytes);
        bytes
    }
}

impl Rule {
    pub(super) fn new(family: Family, attributes: Vec<RuleAttribute>) -> Rule {
        let (table, chain, comment) = (String::new(), String::new(), None);
        let mut rule = Rule { family, table, chain, handle: 0, comment, expressions: Vec::new() };
        for attribute in attributes {
            match attribute {
                RuleAttribute::Table(name) => rule.table = name,
                RuleAttribute::Chain(name) => rule.chain = name,
                RuleAttribute::Handle(handle) => rule.handle = handle,
                RuleAttribute::UserData(data) => rule.comment = comment_in(&data),
                RuleAttribute::Expressions(list) => {
                    rule.expressions = list.into_iter().filter_map(expression).collect();
                }
                _ => {}
            }
        }
        rule
    }
}

fn expression(element: ListAttribute<ExpressionAttribute>) -> Option<Expression> {
    let ListAttribute::Element(attributes) = element else { return None };
    let mut expression = Expression { name: String::new(), data: None };
    for attribute in attributes {
        match attribute {
            ExpressionAttribute::Name(name) => expression.name = name,
            ExpressionAttribute::Data(data) => expression.data = Some(data),
            _ => {}
        }
    }
    Some(expression)
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

impl Set {
    pub(super) fn new(family: Family, attributes: Vec<SetAttribute>) -> Set {
        let (table, name, flags) = (String::new(), String::new(), SetFlags::empty());
        let (key_type, key_length, timeout, size) = (0, 0, None, None);
        let mut set = Set { family, table, name, flags, key_type, key_length, timeout, size };
        for attribute in attributes {
            match attribute {
                SetAttribute::Table(name) => set.table = name,
                SetAttribute::Name(name) => set.name = name,
                SetAttribute::Flags(flags) => set.flags = flags,
                SetAttribute::KeyType(kind) => set.key_type = kind,
                SetAttribute::KeyLen(length) => set.key_length = length,
                SetAttribute::Timeout(millis) => set.timeout = Some(millis),
                SetAttribute::Description(description) => {
                    set.size = description.iter().find_map(|part| match part {
                        SetDescription::Size(size) => Some(*size),
                        _ => None,
                    });
                }
                _ => {}
            }
        }
        set
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
