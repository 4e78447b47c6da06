//! A VIP's guard as a ruleset in the nftables crate's schema. Pure: nothing here talks to nft.

use nftables::batch::Batch;
use nftables::schema::{self, FlushObject, NfCmd, NfListObject, Nftables, Table};
use nftables::types::{NfChainPolicy, NfChainType, NfFamily, NfHook};

use super::chain::{ChainType, Hook, Kind};
use super::fingerprint::{self, Mark};
use super::mac_sets::MacSet;
use super::plan::Guard;
use super::rule::Term;
use super::{TABLE, family, rules};
use crate::vip::Vip;

/// What there is of the guards of some VIPs: their chains, and their sets by how they are.
#[derive(Debug, Clone, Default)]
pub struct Present {
    /// Every chain.
    pub chains: Vec<(Kind, Vip)>,
    /// As they should be.
    pub right: Vec<MacSet>,
    /// Something else under their name: to be replaced.
    pub altered: Vec<MacSet>,
    /// Not there: to be created.
    pub missing: Vec<MacSet>,
}

impl Present {
    /// As if nothing of `vips` were there.
    pub fn nothing(vips: &[Vip]) -> Present {
        let missing = vips.iter().flat_map(|&vip| MacSet::of(vip)).collect();
        Present { missing, ..Present::default() }
    }
}

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
        .map(|kind| (kind, rules::of(kind, guard)))
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
    for mac_set in present.right.iter().chain(&present.altered) {
        // delete set ip lvskit clients-A
        batch.delete(NfListObject::Set(Box::new(mac_set.set())));
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
    for mac_set in present.altered.iter().filter(|mac_set| mac_set.vip == vip) {
        batch.delete(NfListObject::Set(Box::new(mac_set.set())));
    }
    // add set ip lvskit clients-A { type ether_addr; size 65535; flags timeout; timeout 10s; }
    for mac_set in present.altered.iter().chain(&present.missing).filter(|set| set.vip == vip) {
        batch.add(NfListObject::Set(Box::new(mac_set.set())));
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
            Hook::Input => NfHook::Input,
            Hook::Output => NfHook::Output,
        }),
        prio: Some(base.priority),
        policy: Some(NfChainPolicy::Accept),
        ..named(kind, vip)
    }
}
