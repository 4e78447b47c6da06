//! What the rules of each chain of a guard are: which packets they take, and what becomes of them. Each
//! function is one chain; nft's text stands above the rule that it is.

use super::chain::Kind;
use super::mac_sets::{MacSet, Part};
use super::plan::{Guard, Protocol, Service, Services, Target};
use super::rule::Term;

/// The rules of a chain; none where the guard has no such chain.
pub(super) fn of(kind: Kind, guard: &Guard) -> Vec<Vec<Term>> {
    match kind {
        Kind::Incoming => incoming(guard),
        Kind::Decision => decision(guard),
        Kind::Local => local(guard),
        Kind::Datagrams => datagrams(guard),
        Kind::Untracked => untracked(guard),
        Kind::Answers => answers(guard),
        Kind::Segments => segments(guard),
    }
}

/// The services as ports.
fn services(guard: &Guard) -> Vec<Service> {
    let every = |protocol| Service { protocol, first: 1, last: u16::MAX };
    match &guard.services {
        Services::Legacy | Services::All => vec![every(Protocol::Tcp), every(Protocol::Udp)],
        Services::Only(services) => services.clone(),
    }
}

/// The first packet of a connection to a service.
///
/// Of TCP only the SYN. Packets in mid-stream must not be redirected: IPVS marks the connections
/// that it hands to its own node as untracked, so after the node gave the VIP up they look new to
/// conntrack, and a redirect would reset them.
fn first_packet(service: Service) -> Vec<Term> {
    match service.protocol {
        // tcp dport 25 tcp flags & (fin|syn|rst|ack) == syn
        Protocol::Tcp => vec![Term::To(service), Term::Syn],
        // udp dport 53
        Protocol::Udp => vec![Term::To(service)],
    }
}

/// A rule for each service, after one that lets go whatever is for another address: what most hosts
/// receive most of the time costs one comparison.
///
/// No services, no rules.
fn each(other: Term, services: impl Iterator<Item = Vec<Term>>) -> Vec<Vec<Term>> {
    let mut rules: Vec<Vec<Term>> = services.collect();
    if !rules.is_empty() {
        rules.insert(0, vec![other, Term::Accept]);
    }
    rules
}

/// What the guard has to decide about.
fn incoming(guard: &Guard) -> Vec<Vec<Term>> {
    let decide = Term::Goto(Kind::Decision.name(guard.vip));
    let rule = |service| [first_packet(service), vec![decide.clone()]].concat();
    // ip daddr != A accept
    // tcp dport 25 tcp flags & (fin|syn|rst|ack) == syn goto serve-A
    // udp dport 53 goto serve-A
    each(Term::NotTo(guard.vip), services(guard).into_iter().map(rule))
}

/// Who serves a connection.
///
/// A node balances what came from a client and serves what came from a balancer. Which it is tells
/// the routing table: the VIP is on the interface that the packet came in by, or it is not. Only
/// for the first seconds after the VIP came or went the table is ahead of the senders, who have not
/// heard of it yet: so senders are remembered, and what they send means what it meant before.
fn decision(guard: &Guard) -> Vec<Vec<Term>> {
    let [clients, balancers] =
        [Part::Client, Part::Balancer].map(|part| MacSet { vip: guard.vip, part });
    let serve = Term::Serve(guard.target);
    vec![
        // Held here, but sent by one who balanced it until now: serve, else it might go in circles.
        // (If the node's own address is not known, an IPv6 redirect leads to the VIP again.)
        // fib daddr . iif type local ether saddr @balancers-A redirect
        vec![Term::LocalHere, Term::SentBy(balancers), serve.clone()],
        // Held here: balance. (Two rules, because the first ends where there is no MAC address.)
        // fib daddr . iif type local update @clients-A { ether saddr }
        vec![Term::LocalHere, Term::Remember(clients)],
        // fib daddr . iif type local accept
        vec![Term::LocalHere, Term::Accept],
        // Gone from here, which this client does not know yet: still balance. Only if the fallback
        // route lets the packet in at all.
        // ether saddr @clients-A fib daddr type local accept
        vec![Term::SentBy(clients), Term::Local, Term::Accept],
        // Not held here: serve.
        // update @balancers-A { ether saddr }
        vec![Term::Remember(balancers)],
        // redirect
        vec![serve],
    ]
}

/// Programs on this node meet its own service, whether or not it holds the VIP: IPVS, which takes what
/// a node itself sends too, would choose servers that drop packets from the VIP.
///
/// The service sees the address that the program has anyway: the VIP where that is local, else the
/// node's own, and is reached at that one: a UDP service that is bound to no address answers from there,
/// which conntrack knows. (A redirect leads to the loopback address, from which nobody answers the
/// others.) Where a program has another VIP's address, the node's own is known.
fn local(guard: &Guard) -> Vec<Vec<Term>> {
    if guard.services == Services::Legacy {
        return Vec::new();
    }
    let rules = |service| match guard.target {
        // tcp dport 25 tcp flags & (fin|syn|rst|ack) == syn dnat to OWN
        Target::Own(_) => vec![[first_packet(service), vec![Term::Serve(guard.target)]].concat()],
        // tcp dport 25 tcp flags & (fin|syn|rst|ack) == syn ip saddr A redirect
        // tcp dport 25 tcp flags & (fin|syn|rst|ack) == syn dnat to ip saddr
        Target::Redirect => [
            vec![Term::FromVip(guard.vip), Term::Serve(guard.target)],
            vec![Term::ServeAtSource(guard.vip)],
        ]
        .map(|how| [first_packet(service), how].concat())
        .to_vec(),
    };
    // Without `reply-A`, conntrack would give an answer from the VIP another port.
    let tcp = services(guard).into_iter().filter(|service| service.protocol == Protocol::Tcp);
    // ip daddr != A accept
    each(Term::NotTo(guard.vip), tcp.chain(udp(guard)).flat_map(rules))
}

/// The UDP services that are named. `all` does not name any: what a program sends from the VIP to
/// other hosts' services must stay known to conntrack, or a firewall drops the answers.
fn udp(guard: &Guard) -> impl Iterator<Item = Service> {
    let named = matches!(guard.services, Services::Only(_));
    let services = if named { services(guard) } else { Vec::new() };
    services.into_iter().filter(|service| service.protocol == Protocol::Udp)
}

/// A flow that was served here before the node held the VIP is known to conntrack, which would
/// translate it for as long as it goes on. Without conntrack it is balanced like any other.
fn datagrams(guard: &Guard) -> Vec<Vec<Term>> {
    let untracked = Term::Goto(Kind::Untracked.name(guard.vip));
    // ip daddr != A accept
    // udp dport 53 goto notrack-A
    each(
        Term::NotTo(guard.vip),
        udp(guard).map(|service| vec![Term::To(service), untracked.clone()]),
    )
}

/// As [`decision`] does it, which packets without conntrack do not meet.
fn untracked(guard: &Guard) -> Vec<Vec<Term>> {
    if udp(guard).next().is_none() {
        return Vec::new();
    }
    let [clients, balancers] =
        [Part::Client, Part::Balancer].map(|part| MacSet { vip: guard.vip, part });
    vec![
        // fib daddr . iif type != local accept
        vec![Term::NotLocalHere, Term::Accept],
        // ether saddr @balancers-A accept
        vec![Term::SentBy(balancers), Term::Accept],
        // update @clients-A { ether saddr }
        vec![Term::Remember(clients)],
        // notrack
        vec![Term::Notrack],
    ]
}

/// Else conntrack would see in an answer from the VIP the first packet of a flow, and give it another
/// source port where it remembers that it translated the flow.
fn answers(guard: &Guard) -> Vec<Vec<Term>> {
    // ip saddr != A accept
    // udp sport 53 notrack
    each(
        Term::NotFrom(guard.vip),
        udp(guard).map(|service| vec![Term::From(service), Term::Notrack]),
    )
}

/// IPVS tells conntrack nothing of its connections, so their FIN and RST look invalid, and firewalls
/// drop what is invalid. Untracked, they are judged by the port.
///
/// A session that was served here before the node held the VIP has an entry in conntrack; its
/// packets are not invalid, so it goes on.
fn segments(guard: &Guard) -> Vec<Vec<Term>> {
    if guard.services == Services::Legacy {
        return Vec::new();
    }
    let tcp = services(guard).into_iter().filter(|service| service.protocol == Protocol::Tcp);
    let rule = |service| vec![Term::To(service), Term::Invalid, Term::Local, Term::Notrack];
    // ip daddr != A accept
    // tcp dport 25 ct state invalid fib daddr type local notrack
    each(Term::NotTo(guard.vip), tcp.map(rule))
}
