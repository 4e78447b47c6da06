//! A VIP's guard as a ruleset in the nftables crate's schema. Pure: nothing here talks to nft.

use nftables::batch::Batch;
use nftables::schema::{self, FlushObject, NfCmd, NfListObject, Nftables, Table};
use nftables::types::{NfChainPolicy, NfChainType, NfFamily, NfHook};

use super::TABLE;
use super::chain::{ChainType, Hook, Kind};
use super::fingerprint::{self, Mark};
use super::listing::Present;
use super::plan::{Guard, Protocol, Service, Services, Target};
use super::rule::Term;
use super::senders::{Part, Senders};
use crate::vip::{Family, Vip};

/// A chain of a guard and its rules, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// What it is for.
    pub kind: Kind,
    /// Whose it is.
    pub vip: Vip,
    /// What it does.
    pub rules: Vec<Rule>,
}

/// A rule of a guard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    terms: Vec<Term>,
    /// The rule's comment, by which it is recognised.
    pub mark: Mark,
}

impl Chain {
    /// Its name.
    pub fn name(&self) -> String {
        self.kind.name(self.vip)
    }
}

impl Rule {
    /// In nft's own language, with its comment.
    pub fn text(&self) -> String {
        format!("{} comment \"{}\"", text(&self.terms), self.mark)
    }
}

fn text(terms: &[Term]) -> String {
    terms.iter().map(Term::text).collect::<Vec<_>>().join(" ")
}

/// The chains of a guard, in the order of [`Kind::ALL`], their rules marked.
pub fn chains(guard: &Guard) -> Vec<Chain> {
    let vip = guard.vip;
    let chains: Vec<_> = Kind::ALL
        .into_iter()
        .map(|kind| (kind, rules(kind, guard)))
        .filter(|(_, rules)| !rules.is_empty())
        .collect();
    let lines = chains.iter().flat_map(|(kind, rules)| {
        // A chain's name and place, then its rules.
        let base = kind.base().map_or(String::new(), |base| base.to_string());
        let head = format!("{} {base}", kind.name(vip));
        std::iter::once(head).chain(rules.iter().map(|terms| text(terms)))
    });
    let fingerprint = fingerprint::of(lines);
    let count = chains.iter().map(|(_, rules)| rules.len()).sum();
    let mut marks = (1..).map(|place| Mark { fingerprint, place, count });
    let mut marked = |rules: Vec<Vec<Term>>| {
        rules.into_iter().zip(&mut marks).map(|(terms, mark)| Rule { terms, mark }).collect()
    };
    chains.into_iter().map(|(kind, rules)| Chain { kind, vip, rules: marked(rules) }).collect()
}

/// The one transaction that puts `guards` in force, whatever rules were there before.
/// (A chain of that name at another hook or priority is refused by the kernel: see [`rebuild`].)
///
/// Idempotent and free of order: it adds what may be there already and replaces the rules. The
/// sets are the exception: they outlive the rules, so it creates only those that are missing, because
/// what nft's JSON can say of a set before nft 1.0.8 is not what the kernel makes of it, and adding
/// one again is refused; and it replaces only those that are something else. Which are which,
/// `present` says, and which chains are left over from other services.
pub fn transaction(guards: &[Guard], present: &Present) -> Nftables<'static> {
    let mut batch = Batch::new();
    for guard in guards {
        install(&mut batch, guard, present);
    }
    batch.to_nftables()
}

/// Like [`transaction`], but chains of these names that stand elsewhere are replaced too. Slower:
/// nft waits 12–15 ms for the kernel after every deletion.
pub fn rebuild(guards: &[Guard], present: &Present) -> Nftables<'static> {
    let mut batch = Batch::new();
    let present = Present { chains: Vec::new(), ..present.clone() };
    for guard in guards {
        remove(&mut batch, guard.vip);
        install(&mut batch, guard, &present);
    }
    batch.to_nftables()
}

/// The one transaction that takes the guards of `vips` away, whether or not they are there, and of
/// their sets those that are there.
pub fn purge(vips: &[Vip], present: &Present) -> Nftables<'static> {
    let mut batch = Batch::new();
    for &vip in vips {
        remove(&mut batch, vip);
    }
    for senders in present.right.iter().chain(&present.altered) {
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

/// A transaction as `nft -j -f -` reads it.
///
/// # Errors
/// When a value can't be JSON, which none here is.
pub fn to_json(transaction: &Nftables<'_>) -> serde_json::Result<String> {
    let text = serde_json::to_string(transaction)?;
    // The nftables crate (0.6) writes this statement as a word, nft expects an object.
    Ok(text.replace(r#""notrack""#, r#"{"notrack":null}"#))
}

fn install(batch: &mut Batch<'static>, guard: &Guard, present: &Present) {
    let vip = guard.vip;
    let chains = chains(guard);
    // add table ip lvskit
    batch.add(NfListObject::Table(table(family(vip))));
    for Chain { kind, .. } in &chains {
        // add chain ip lvskit vip-A { type nat hook prerouting priority -100; policy accept; }
        batch.add(NfListObject::Chain(base(*kind, vip)));
        // flush chain ip lvskit vip-A: the sets keep what they hold
        batch.add_cmd(NfCmd::Flush(FlushObject::Chain(named(*kind, vip))));
    }
    let wanted = |kind: Kind| chains.iter().any(|chain| chain.kind == kind);
    let surplus = present.chains.iter().filter(|(kind, of)| *of == vip && !wanted(*kind));
    for (kind, _) in surplus {
        // flush chain ip lvskit out-A; delete chain ip lvskit out-A
        batch.add_cmd(NfCmd::Flush(FlushObject::Chain(named(*kind, vip))));
        batch.delete(NfListObject::Chain(named(*kind, vip)));
    }
    // delete set ip lvskit clients-A: no rule refers to it any more
    for senders in present.altered.iter().filter(|senders| senders.vip == vip) {
        batch.delete(NfListObject::Set(Box::new(senders.set())));
    }
    // add set ip lvskit clients-A { type ether_addr; size 65535; flags timeout; timeout 10s; }
    for senders in present.altered.iter().chain(&present.missing).filter(|set| set.vip == vip) {
        batch.add(NfListObject::Set(Box::new(senders.set())));
    }
    for chain in chains {
        for rule in &chain.rules {
            // add rule ip lvskit vip-A ... comment "..."
            batch.add(NfListObject::Rule(schema::Rule {
                family: family(vip),
                table: TABLE.into(),
                chain: chain.name().into(),
                expr: rule.terms.iter().map(Term::statement).collect(),
                comment: Some(rule.mark.to_string().into()),
                ..schema::Rule::default()
            }));
        }
    }
}

fn remove(batch: &mut Batch<'static>, vip: Vip) {
    // add table ip lvskit; add chain ip lvskit vip-A: so that there is something to delete
    batch.add(NfListObject::Table(table(family(vip))));
    for kind in Kind::ALL {
        batch.add(NfListObject::Chain(named(kind, vip)));
    }
    // flush chain ip lvskit vip-A: all of them first, for one may lead to another
    for kind in Kind::ALL {
        batch.add_cmd(NfCmd::Flush(FlushObject::Chain(named(kind, vip))));
    }
    // delete chain ip lvskit vip-A
    for kind in Kind::ALL {
        batch.delete(NfListObject::Chain(named(kind, vip)));
    }
}

fn table(family: NfFamily) -> Table<'static> {
    Table { family, name: TABLE.into(), ..Table::default() }
}

fn named(kind: Kind, vip: Vip) -> schema::Chain<'static> {
    schema::Chain {
        family: family(vip),
        table: TABLE.into(),
        name: kind.name(vip).into(),
        ..schema::Chain::default()
    }
}

fn base(kind: Kind, vip: Vip) -> schema::Chain<'static> {
    let Some(base) = kind.base() else { return named(kind, vip) };
    schema::Chain {
        _type: Some(match base.kind {
            ChainType::Nat => NfChainType::NAT,
            ChainType::Filter => NfChainType::Filter,
        }),
        hook: Some(match base.hook {
            Hook::Prerouting => NfHook::Prerouting,
            Hook::Output => NfHook::Output,
        }),
        prio: Some(base.priority),
        policy: Some(NfChainPolicy::Accept),
        ..named(kind, vip)
    }
}

pub(super) fn family(vip: Vip) -> NfFamily {
    match vip.family() {
        Family::V4 => NfFamily::IP,
        Family::V6 => NfFamily::IP6,
    }
}

/// The rules of a chain; none where the guard has no such chain.
fn rules(kind: Kind, guard: &Guard) -> Vec<Vec<Term>> {
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
        [Part::Client, Part::Balancer].map(|part| Senders { vip: guard.vip, part });
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
        [Part::Client, Part::Balancer].map(|part| Senders { vip: guard.vip, part });
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
