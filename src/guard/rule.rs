//! A rule, term by term: each term is written once in nft's own language and once in the nftables
//! crate's schema, side by side, so that what people read and what the kernel gets stay the same.

use std::borrow::Cow;
use std::collections::HashSet;

use nftables::expr::{
    BinaryOperation, CT, Expression, Fib, FibFlag, FibResult, NamedExpression, Payload,
    PayloadField, Range,
};
use nftables::stmt::{self, JumpTarget, Match, NAT, Operator, SetOp, Statement};

use super::mac_sets::MacSet;
use super::plan::{Service, Target};
use crate::vip::Vip;

/// `fin|syn|rst|ack` (RFC 9293, 3.1).
const FIN_SYN_RST_ACK: u32 = 0x01 | 0x02 | 0x04 | 0x10;

/// A term of a rule: what a packet must be, or what is done with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Term {
    /// Sent to another address.
    NotTo(Vip),
    /// Sent from this address.
    FromVip(Vip),
    /// Sent from another address.
    NotFrom(Vip),
    /// Sent to these ports.
    To(Service),
    /// Sent from these ports.
    From(Service),
    /// The first packet of a TCP connection.
    Syn,
    /// The VIP is on the interface that the packet came in by.
    LocalHere,
    /// The VIP is not on the interface that the packet came in by.
    NotLocalHere,
    /// The VIP is on any interface, or there by its fallback route.
    Local,
    /// Conntrack can't tell which connection it belongs to.
    Invalid,
    /// The host that sent it last is in this set.
    SentBy(MacSet),
    /// Notes the host that sent it last in this set; ends the rule where there is no MAC address.
    Remember(MacSet),
    /// Conntrack leaves it alone.
    Notrack,
    /// On to this chain, and no further in this one.
    Goto(String),
    /// To the node's own service.
    Serve(Target),
    /// To the service at the address that the packet comes from; the VIP gives the family.
    ServeAtSource(Vip),
    /// No more of this chain.
    Accept,
}

impl Term {
    /// In nft's own language.
    pub(super) fn text(&self) -> String {
        match self {
            Term::NotTo(vip) => format!("{} daddr != {vip}", vip.family().nft()),
            Term::FromVip(vip) => format!("{} saddr {vip}", vip.family().nft()),
            Term::NotFrom(vip) => format!("{} saddr != {vip}", vip.family().nft()),
            Term::To(service) => format!("{} dport {}", service.protocol.name(), ports(*service)),
            Term::From(service) => format!("{} sport {}", service.protocol.name(), ports(*service)),
            Term::Syn => "tcp flags & (fin|syn|rst|ack) == syn".to_owned(),
            Term::LocalHere => "fib daddr . iif type local".to_owned(),
            Term::NotLocalHere => "fib daddr . iif type != local".to_owned(),
            Term::Local => "fib daddr type local".to_owned(),
            Term::Invalid => "ct state invalid".to_owned(),
            Term::SentBy(mac_set) => format!("ether saddr @{}", mac_set.name()),
            Term::Remember(mac_set) => format!("update @{} {{ ether saddr }}", mac_set.name()),
            Term::Notrack => "notrack".to_owned(),
            Term::Goto(chain) => format!("goto {chain}"),
            Term::Serve(Target::Redirect) => "redirect".to_owned(),
            Term::Serve(Target::Own(address)) => format!("dnat to {address}"),
            Term::ServeAtSource(vip) => format!("dnat to {} saddr", vip.family().nft()),
            Term::Accept => "accept".to_owned(),
        }
    }

    /// In the schema.
    pub(super) fn statement(&self) -> Statement<'static> {
        match self {
            // ip daddr != 192.168.3.100, ip6 daddr != fd00::100
            Term::NotTo(vip) => is_not(payload(vip.family().nft(), "daddr"), text(vip)),
            // ip saddr 192.168.3.100
            Term::FromVip(vip) => is(payload(vip.family().nft(), "saddr"), text(vip)),
            // ip saddr != 192.168.3.100
            Term::NotFrom(vip) => is_not(payload(vip.family().nft(), "saddr"), text(vip)),
            // tcp dport 25, udp dport 1000-1010
            Term::To(service) => is(payload(service.protocol.name(), "dport"), range(*service)),
            // udp sport 53
            Term::From(service) => is(payload(service.protocol.name(), "sport"), range(*service)),
            // tcp flags & (fin|syn|rst|ack) == syn
            Term::Syn => {
                // In numbers: nft before 1.0 refuses a list of flags here.
                let mask = Expression::Number(FIN_SYN_RST_ACK);
                let flags = BinaryOperation::AND(payload("tcp", "flags"), mask);
                is(Expression::BinaryOperation(Box::new(flags)), text("syn"))
            }
            // fib daddr . iif type local
            Term::LocalHere => is(fib(&[FibFlag::Daddr, FibFlag::Iif]), text("local")),
            // fib daddr . iif type != local
            Term::NotLocalHere => is_not(fib(&[FibFlag::Daddr, FibFlag::Iif]), text("local")),
            // fib daddr type local
            Term::Local => is(fib(&[FibFlag::Daddr]), text("local")),
            // ct state invalid
            Term::Invalid => {
                let state = CT { key: "state".into(), family: None, dir: None };
                let state = Expression::Named(NamedExpression::CT(state));
                matches(state, Operator::IN, text("invalid"))
            }
            // ether saddr @clients-192.168.3.100
            Term::SentBy(mac_set) => is(payload("ether", "saddr"), text(reference(*mac_set))),
            // update @clients-192.168.3.100 { ether saddr }
            Term::Remember(mac_set) => Statement::Set(stmt::Set {
                op: SetOp::Update,
                elem: payload("ether", "saddr"),
                set: reference(*mac_set).into(),
            }),
            // notrack
            Term::Notrack => Statement::Notrack,
            // goto serve-192.168.3.100
            Term::Goto(chain) => Statement::Goto(JumpTarget { target: chain.clone().into() }),
            // redirect
            Term::Serve(Target::Redirect) => Statement::Redirect(None),
            // dnat to 192.168.3.102
            Term::Serve(Target::Own(address)) => dnat(text(address)),
            // dnat to ip saddr
            Term::ServeAtSource(vip) => dnat(payload(vip.family().nft(), "saddr")),
            // accept
            Term::Accept => Statement::Accept(None),
        }
    }
}

fn dnat(address: Expression<'static>) -> Statement<'static> {
    Statement::DNAT(Some(NAT { addr: Some(address), family: None, port: None, flags: None }))
}

/// `25`, `1000-1010`
fn ports(service: Service) -> String {
    match service {
        Service { first, last, .. } if first == last => first.to_string(),
        Service { first, last, .. } => format!("{first}-{last}"),
    }
}

fn range(service: Service) -> Expression<'static> {
    let [first, last] = [service.first, service.last].map(|port| Expression::Number(port.into()));
    match service.first == service.last {
        true => first,
        false => Expression::Range(Box::new(Range { range: [first, last] })),
    }
}

/// `@clients-192.168.3.100`
fn reference(mac_set: MacSet) -> String {
    format!("@{}", mac_set.name())
}

fn text(value: impl ToString) -> Expression<'static> {
    Expression::String(Cow::Owned(value.to_string()))
}

fn is(left: Expression<'static>, right: Expression<'static>) -> Statement<'static> {
    matches(left, Operator::EQ, right)
}

fn is_not(left: Expression<'static>, right: Expression<'static>) -> Statement<'static> {
    matches(left, Operator::NEQ, right)
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

fn fib(flags: &[FibFlag]) -> Expression<'static> {
    let flags: HashSet<FibFlag> = flags.iter().copied().collect();
    Expression::Named(NamedExpression::Fib(Fib { result: FibResult::Type, flags }))
}
