//! A VIP's guard as a ruleset in the nftables crate's schema. Pure: nothing here talks to nft.

use std::collections::HashSet;

use nftables::batch::Batch;
use nftables::expr::{
    BinaryOperation, Expression, Fib, FibFlag, FibResult, Meta, MetaKey, NamedExpression, Payload,
    PayloadField,
};
use nftables::schema::{Chain, FlushObject, NfCmd, NfListObject, Nftables, Rule, Table};
use nftables::stmt::{Match, Operator, Statement};
use nftables::types::{NfChainPolicy, NfChainType, NfFamily, NfHook};

use super::{TABLE, chain_name};
use crate::vip::{Family, Vip};

/// `priority dstnat`, in numbers: where destination NAT belongs, before routing and before IPVS.
const PRIORITY_DSTNAT: i32 = -100;

/// `fin|syn|rst|ack` (RFC 9293, 3.1).
const FIN_SYN_RST_ACK: u32 = 0x01 | 0x02 | 0x04 | 0x10;

/// The one transaction that puts the guards of `vips` in force, whatever rules were there before.
/// (A chain of that name at another hook or priority is refused by the kernel: see [`rebuild`].)
///
/// Idempotent and free of order: it adds what may be there already and replaces the rules. It
/// names its objects and lists nothing, because a batch that touches sets makes nft read every
/// set of the host.
pub fn transaction(vips: &[Vip]) -> Nftables<'static> {
    let mut batch = Batch::new();
    for &vip in vips {
        install(&mut batch, vip);
    }
    batch.to_nftables()
}

/// Like [`transaction`], but chains of these names that stand elsewhere are replaced too. Slower:
/// nft waits 12–15 ms for the kernel after every deletion.
pub fn rebuild(vips: &[Vip]) -> Nftables<'static> {
    let mut batch = Batch::new();
    for &vip in vips {
        remove(&mut batch, vip);
        install(&mut batch, vip);
    }
    batch.to_nftables()
}

/// The one transaction that takes the guards of `vips` away, whether or not they are there.
pub fn purge(vips: &[Vip]) -> Nftables<'static> {
    let mut batch = Batch::new();
    for &vip in vips {
        remove(&mut batch, vip);
    }
    batch.to_nftables()
}

/// The one transaction that takes all guards away, and their tables with them.
pub fn purge_all() -> Nftables<'static> {
    let mut batch = Batch::new();
    for family in [NfFamily::IP, NfFamily::IP6] {
        // add table ip lvskit; delete table ip lvskit
        batch.add(NfListObject::Table(table(family)));
        batch.delete(NfListObject::Table(table(family)));
    }
    batch.to_nftables()
}

fn install(batch: &mut Batch<'static>, vip: Vip) {
    // add table ip lvskit
    batch.add(NfListObject::Table(table(family(vip))));
    // add chain ip lvskit vip-A { type nat hook prerouting priority dstnat; policy accept; }
    batch.add(NfListObject::Chain(chain(vip)));
    // flush chain ip lvskit vip-A
    batch.add_cmd(NfCmd::Flush(FlushObject::Chain(chain(vip))));
    // add rule ip lvskit vip-A ...
    for expr in rules(vip) {
        batch.add(NfListObject::Rule(Rule {
            family: family(vip),
            table: TABLE.into(),
            chain: chain_name(vip).into(),
            expr: expr.into(),
            ..Rule::default()
        }));
    }
}

fn remove(batch: &mut Batch<'static>, vip: Vip) {
    let named = || Chain {
        family: family(vip),
        table: TABLE.into(),
        name: chain_name(vip).into(),
        ..Chain::default()
    };
    // add table ip lvskit; add chain ip lvskit vip-A: so that there is something to delete
    batch.add(NfListObject::Table(table(family(vip))));
    batch.add(NfListObject::Chain(named()));
    // flush chain ip lvskit vip-A; delete chain ip lvskit vip-A
    batch.add_cmd(NfCmd::Flush(FlushObject::Chain(named())));
    batch.delete(NfListObject::Chain(named()));
}

fn table(family: NfFamily) -> Table<'static> {
    Table { family, name: TABLE.into(), ..Table::default() }
}

/// The base chain of a VIP.
pub(super) fn chain(vip: Vip) -> Chain<'static> {
    Chain {
        family: family(vip),
        table: TABLE.into(),
        name: chain_name(vip).into(),
        _type: Some(NfChainType::NAT),
        hook: Some(NfHook::Prerouting),
        prio: Some(PRIORITY_DSTNAT),
        policy: Some(NfChainPolicy::Accept),
        ..Chain::default()
    }
}

/// The rules of a VIP's chain, in order.
///
/// Only the SYN of a TCP connection is redirected. Packets in mid-stream must not be: IPVS marks
/// the connections that it hands to its own node as untracked, so after the node gave the VIP up
/// they look new to conntrack, and a redirect would reset them.
pub(super) fn rules(vip: Vip) -> [Vec<Statement<'static>>; 2] {
    [
        // ip daddr A tcp flags & (fin|syn|rst|ack) == syn fib daddr . iif type != local redirect
        vec![daddr_is(vip), opens_a_connection(), not_local_where_it_came_in(), redirect()],
        // ip daddr A meta l4proto udp fib daddr . iif type != local redirect
        vec![daddr_is(vip), is_udp(), not_local_where_it_came_in(), redirect()],
    ]
}

fn family(vip: Vip) -> NfFamily {
    match vip.family() {
        Family::V4 => NfFamily::IP,
        Family::V6 => NfFamily::IP6,
    }
}

// `ip daddr 192.168.3.100`, `ip6 daddr fd00::100`
fn daddr_is(vip: Vip) -> Statement<'static> {
    let address = Expression::String(vip.to_string().into());
    matches(payload(vip.family().nft(), "daddr"), Operator::EQ, address)
}

// `tcp flags & (fin|syn|rst|ack) == syn`
fn opens_a_connection() -> Statement<'static> {
    // In numbers: nft before 1.0 refuses a list of flags here.
    let mask = Expression::Number(FIN_SYN_RST_ACK);
    let flags = BinaryOperation::AND(payload("tcp", "flags"), mask);
    matches(Expression::BinaryOperation(Box::new(flags)), Operator::EQ, word("syn"))
}

// `meta l4proto udp`
fn is_udp() -> Statement<'static> {
    let protocol = NamedExpression::Meta(Meta { key: MetaKey::L4proto });
    matches(Expression::Named(protocol), Operator::EQ, word("udp"))
}

// `fib daddr . iif type != local`: the VIP is not on the interface that the packet came in by
fn not_local_where_it_came_in() -> Statement<'static> {
    let fib = Fib { result: FibResult::Type, flags: HashSet::from([FibFlag::Daddr, FibFlag::Iif]) };
    matches(Expression::Named(NamedExpression::Fib(fib)), Operator::NEQ, word("local"))
}

// `redirect`
fn redirect() -> Statement<'static> {
    Statement::Redirect(None)
}

fn matches(
    left: Expression<'static>,
    op: Operator,
    right: Expression<'static>,
) -> Statement<'static> {
    Statement::Match(Match { left, right, op })
}

fn payload(protocol: &'static str, field: &'static str) -> Expression<'static> {
    let field = PayloadField { protocol: protocol.into(), field: field.into() };
    Expression::Named(NamedExpression::Payload(Payload::PayloadField(field)))
}

fn word(text: &'static str) -> Expression<'static> {
    Expression::String(text.into())
}
