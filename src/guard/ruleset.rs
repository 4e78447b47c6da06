//! A VIP's guard as a ruleset in the nftables crate's schema. Pure: nothing here talks to nft.

use std::borrow::Cow;
use std::collections::HashSet;

use nftables::batch::Batch;
use nftables::expr::{
    BinaryOperation, Expression, Fib, FibFlag, FibResult, Meta, MetaKey, NamedExpression, Payload,
    PayloadField, SetItem,
};
use nftables::schema::{Chain, FlushObject, NfCmd, NfListObject, Nftables, Rule, Table};
use nftables::stmt::{self, Match, Operator, SetOp, Statement};
use nftables::types::{NfChainPolicy, NfChainType, NfFamily, NfHook};

use super::listing::Sets;
use super::senders::{Part, Senders};
use super::{TABLE, chain_name};
use crate::vip::{Family, Vip};

/// `priority dstnat`, in numbers: where destination NAT belongs, before routing and before IPVS.
const PRIORITY_DSTNAT: i32 = -100;

/// `fin|syn|rst|ack` (RFC 9293, 3.1).
const FIN_SYN_RST_ACK: u32 = 0x01 | 0x02 | 0x04 | 0x10;

/// How many rules a VIP's chain has.
pub(super) const RULES: usize = 9;

/// The one transaction that puts the guards of `vips` in force, whatever rules were there before.
/// (A chain of that name at another hook or priority is refused by the kernel: see [`rebuild`].)
///
/// Idempotent and free of order: it adds what may be there already and replaces the rules. The
/// sets are the exception: they outlive the rules, so it creates only those that are missing, because
/// what nft's JSON can say of a set before nft 1.0.8 is not what the kernel makes of it, and adding
/// one again is refused; and it replaces only those that are something else. Which are which, `sets`
/// says.
pub fn transaction(vips: &[Vip], sets: &Sets) -> Nftables<'static> {
    let mut batch = Batch::new();
    for &vip in vips {
        install(&mut batch, vip, sets);
    }
    batch.to_nftables()
}

/// Like [`transaction`], but chains of these names that stand elsewhere are replaced too. Slower:
/// nft waits 12–15 ms for the kernel after every deletion.
pub fn rebuild(vips: &[Vip], sets: &Sets) -> Nftables<'static> {
    let mut batch = Batch::new();
    for &vip in vips {
        remove(&mut batch, vip);
        install(&mut batch, vip, sets);
    }
    batch.to_nftables()
}

/// The one transaction that takes the guards of `vips` away, whether or not they are there, and of
/// their sets those that are there.
pub fn purge(vips: &[Vip], sets: &Sets) -> Nftables<'static> {
    let mut batch = Batch::new();
    for &vip in vips {
        remove(&mut batch, vip);
    }
    for senders in sets.right.iter().chain(&sets.altered) {
        // delete set ip lvskit clients-A
        batch.delete(NfListObject::Set(Box::new(senders.set())));
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

fn install(batch: &mut Batch<'static>, vip: Vip, sets: &Sets) {
    // add table ip lvskit
    batch.add(NfListObject::Table(table(family(vip))));
    // add chain ip lvskit vip-A { type nat hook prerouting priority dstnat; policy accept; }
    batch.add(NfListObject::Chain(chain(vip)));
    // flush chain ip lvskit vip-A: the sets keep what they hold
    batch.add_cmd(NfCmd::Flush(FlushObject::Chain(chain(vip))));
    // delete set ip lvskit clients-A: no rule refers to it any more
    for senders in sets.altered.iter().filter(|senders| senders.vip == vip) {
        batch.delete(NfListObject::Set(Box::new(senders.set())));
    }
    // add set ip lvskit clients-A { type ether_addr; size 4096; flags timeout; timeout 10s; }
    for senders in sets.altered.iter().chain(&sets.missing).filter(|senders| senders.vip == vip) {
        batch.add(NfListObject::Set(Box::new(senders.set())));
    }
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
/// A node balances what came from a client and serves what came from a balancer. Which it is tells
/// the routing table: the VIP is on the interface that the packet came in by, or it is not. Only
/// for the first seconds after the VIP came or went the table is ahead of the senders, who have not
/// heard of it yet: so senders are remembered, and what they send means what it meant before.
///
/// Only the SYN of a TCP connection is redirected. Packets in mid-stream must not be: IPVS marks
/// the connections that it hands to its own node as untracked, so after the node gave the VIP up
/// they look new to conntrack, and a redirect would reset them.
pub(super) fn rules(vip: Vip) -> [Vec<Statement<'static>>; RULES] {
    let sender_is =
        |part| matches(sender(), Operator::EQ, Expression::String(reference(vip, part)));
    let remember = |part| {
        let set = reference(vip, part);
        Statement::Set(stmt::Set { op: SetOp::Update, elem: sender(), set })
    };
    [
        // ip daddr != A accept
        vec![daddr_is_not(vip), accept()],
        // tcp flags & (fin|syn|rst|ack) != syn accept
        vec![in_mid_stream(), accept()],
        // meta l4proto != { tcp, udp } accept
        vec![neither_tcp_nor_udp(), accept()],
        // Held here, but sent by one who balanced it until now: serve, else it might go in circles.
        // (In IPv6 the kernel redirects to the interface's newest address, which is the VIP, so it
        // is balanced again; `lb_algo mh` chooses the same server then.)
        // fib daddr . iif type local ether saddr @balancers-A redirect
        vec![local_where_it_came_in(), sender_is(Part::Balancer), redirect()],
        // Held here: balance. (Two rules, because the first ends where there is no MAC address.)
        // fib daddr . iif type local update @clients-A { ether saddr }
        vec![local_where_it_came_in(), remember(Part::Client)],
        // fib daddr . iif type local accept
        vec![local_where_it_came_in(), accept()],
        // Gone from here, which this client does not know yet: still balance. Only if the fallback
        // route lets the packet in at all.
        // ether saddr @clients-A fib daddr type local accept
        vec![sender_is(Part::Client), local_anywhere(), accept()],
        // Not held here: serve.
        // update @balancers-A { ether saddr }
        vec![remember(Part::Balancer)],
        // redirect
        vec![redirect()],
    ]
}

pub(super) fn family(vip: Vip) -> NfFamily {
    match vip.family() {
        Family::V4 => NfFamily::IP,
        Family::V6 => NfFamily::IP6,
    }
}

// `ip daddr != 192.168.3.100`, `ip6 daddr != fd00::100`
fn daddr_is_not(vip: Vip) -> Statement<'static> {
    let address = Expression::String(vip.to_string().into());
    matches(payload(vip.family().nft(), "daddr"), Operator::NEQ, address)
}

// `tcp flags & (fin|syn|rst|ack) != syn`
fn in_mid_stream() -> Statement<'static> {
    // In numbers: nft before 1.0 refuses a list of flags here.
    let mask = Expression::Number(FIN_SYN_RST_ACK);
    let flags = BinaryOperation::AND(payload("tcp", "flags"), mask);
    matches(Expression::BinaryOperation(Box::new(flags)), Operator::NEQ, word("syn"))
}

// `meta l4proto != { tcp, udp }`
fn neither_tcp_nor_udp() -> Statement<'static> {
    let protocol = NamedExpression::Meta(Meta { key: MetaKey::L4proto });
    let both = ["tcp", "udp"].map(|name| SetItem::Element(word(name)));
    let both = Expression::Named(NamedExpression::Set(both.into()));
    matches(Expression::Named(protocol), Operator::NEQ, both)
}

// `fib daddr . iif type local`: the VIP is on the interface that the packet came in by
fn local_where_it_came_in() -> Statement<'static> {
    local(HashSet::from([FibFlag::Daddr, FibFlag::Iif]))
}

// `fib daddr type local`: on any interface, or by the fallback route
fn local_anywhere() -> Statement<'static> {
    local(HashSet::from([FibFlag::Daddr]))
}

fn local(flags: HashSet<FibFlag>) -> Statement<'static> {
    let fib = NamedExpression::Fib(Fib { result: FibResult::Type, flags });
    matches(Expression::Named(fib), Operator::EQ, word("local"))
}

// `ether saddr`
fn sender() -> Expression<'static> {
    payload("ether", "saddr")
}

// `@clients-192.168.3.100`
fn reference(vip: Vip, part: Part) -> Cow<'static, str> {
    format!("@{}", Senders { vip, part }.name()).into()
}

// `accept`: as far as this chain is concerned
fn accept() -> Statement<'static> {
    Statement::Accept(None)
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
