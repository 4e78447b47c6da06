//! A table that the watcher owns, so that sessions go on while others replace the ruleset. `flush
//! ruleset`, with which a reload of nftables begins, takes the last nat chain away, and with it the
//! kernel's nat hooks: translations that are under way stop, and with a fallback route the sessions are
//! reset. It passes over a table that a living process owns by its netlink socket. With one nat chain
//! left, whatever is in it, the nat hooks stay; and with one rule left that asks conntrack, which nothing
//! in the replaced ruleset may do, conntrack's own hooks stay, without which nothing is translated.
//!
//! Nobody else can delete the table; the kernel does when the process ends.

use netlink_packet_core::{DefaultNla, NLM_F_APPEND, NLM_F_CREATE};
use nix::errno::Errno;

use crate::node::netlink::NetlinkError;
use crate::node::nft::packet::{
    Bitwise, ChainAttribute, ChainMessage, Cmp, DataAttribute, Expressions, Hook, InetHookNumber,
    NfTablesMessage, Operator, Register, RuleAttribute, RuleMessage, TableAttribute, TableFlags,
    TableMessage,
};
use crate::node::nft::{self, Batch, Nft};
use crate::vip::Family;

/// The table's name, in families ip and ip6.
pub const TABLE: &str = "lvskit-hold";

/// NF_ACCEPT (linux/netfilter.h).
const ACCEPT: u32 = 1;

/// Attributes of the expression `ct`, and the key of a connection's state (linux/netfilter/nf_tables.h).
const NFTA_CT_DREG: u16 = 1;
const NFTA_CT_KEY: u16 = 2;
const NFT_CT_STATE: u32 = 0;

/// The bit of `new` in it (linux/netfilter/nf_conntrack_common.h).
const NEW: u32 = 1 << 3;

/// The chain's name.
const CHAIN: &str = "hold";

/// The tables that this process owns.
#[derive(Debug, Default)]
pub struct Hold {
    /// The socket that they live by.
    socket: Option<Nft>,
    held: Vec<Family>,
    /// The kernel knows no owners.
    unknown: bool,
}

/// Why a table could not be had.
#[derive(Debug, thiserror::Error)]
pub enum HoldError {
    /// Before Linux 5.12.
    #[error(
        "this kernel knows no tables with an owner (Linux 5.12 does): a reload of nftables that begins \
         with `flush ruleset` may reset sessions; include the guard in nftables.conf, see `lvskit \
         gen-conf --guard-file`"
    )]
    Unknown,
    /// Another watcher has it: sessions are safe all the same.
    #[error("another process holds table {TABLE}")]
    Taken,
    /// Anything else.
    #[error("table {TABLE}: {0}")]
    Netlink(#[from] NetlinkError),
}

impl Hold {
    /// Holds the table of a family from now on; it costs nothing where this process has it already.
    ///
    /// # Errors
    /// When there is none. [`HoldError::Unknown`] comes once; afterwards all is said.
    pub fn hold(&mut self, family: Family) -> Result<(), HoldError> {
        if self.unknown || self.held.contains(&family) {
            return Ok(());
        }
        let socket = match &mut self.socket {
            Some(socket) => socket,
            none => none.insert(Nft::open()?),
        };
        match socket.commit(table(family)) {
            Ok(()) => {
                self.held.push(family);
                Ok(())
            }
            Err(NetlinkError::Refused(Errno::EPERM)) => Err(HoldError::Taken),
            Err(NetlinkError::Refused(Errno::EINVAL | Errno::EOPNOTSUPP)) => {
                self.unknown = true;
                Err(HoldError::Unknown)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// The order for a family's table; its rule does nothing but want conntrack:
///
/// ```text
/// table ip lvskit-hold {
///   flags owner
///   chain hold {
///     type nat hook prerouting priority 0; policy accept;
///     ct state new
///   }
/// }
/// ```
fn table(family: Family) -> Batch {
    let family = match family {
        Family::V4 => nft::Family::IPv4,
        Family::V6 => nft::Family::IPv6,
    };
    let name = || TABLE.to_owned();
    let table = TableMessage {
        attributes: vec![TableAttribute::Name(name()), TableAttribute::Flags(TableFlags::Owner)],
    };
    let hook = vec![Hook::Number(InetHookNumber::PreRouting.into()), Hook::Priority(0)];
    let chain = ChainMessage {
        attributes: vec![
            ChainAttribute::Table(name()),
            ChainAttribute::Name(CHAIN.to_owned()),
            ChainAttribute::Hook(hook),
            ChainAttribute::Policy(ACCEPT),
            ChainAttribute::Type("nat".to_owned()),
        ],
    };
    let rule = RuleMessage {
        attributes: vec![
            RuleAttribute::Table(name()),
            RuleAttribute::Chain(CHAIN.to_owned()),
            RuleAttribute::Expressions(state_new().map(Into::into).into()),
        ],
    };
    let mut batch = Batch::default();
    batch.push(family, NfTablesMessage::NewTable(table), NLM_F_CREATE);
    batch.push(family, NfTablesMessage::NewChain(chain), NLM_F_CREATE);
    batch.push(family, NfTablesMessage::NewRule(rule), NLM_F_CREATE | NLM_F_APPEND);
    batch
}

/// `ct state new`: the state, of it the one bit, which must not be zero.
fn state_new() -> [Expressions; 3] {
    let register = Register::Reg1;
    let number = |kind, number: u32| DefaultNla::new(kind, number.to_be_bytes().into());
    let value = |bits: u32| DataAttribute::Value(bits.to_ne_bytes().into());
    let load = Expressions::Other {
        expression_type: "ct".to_owned(),
        attributes: vec![number(NFTA_CT_DREG, register.into()), number(NFTA_CT_KEY, NFT_CT_STATE)],
    };
    let mask = Expressions::Bitwise(vec![
        Bitwise::SourceRegister(register),
        Bitwise::DestinationRegister(register),
        Bitwise::Length(u32::BITS / 8),
        Bitwise::Mask(value(NEW)),
        Bitwise::Xor(value(0)),
    ]);
    let compare = Expressions::Cmp(vec![
        Cmp::SourceRegister(register),
        Cmp::Op(Operator::NotEqual),
        Cmp::Data(value(0)),
    ]);
    [load, mask, compare]
}
