//! Judges what the kernel has in our table: is a VIP's guard there, is it missing, or did somebody
//! change it? Pure: nothing here asks the kernel.

use std::fs;

use super::chain::Kind;
use super::fingerprint::Mark;
use super::mac_sets::{Listed, MacSet};
use super::plan::Guard;
use super::ruleset;
use crate::node::nft::packet::TableFlags;
use crate::node::nft::{BaseChain, Chain, Policy, Ruleset, Table};
use crate::vip::Vip;

/// The state of one VIP's guard in the kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// The chains are hooked where they belong and hold the guard's rules and no others, and the
    /// sets are what these fill.
    InForce,
    /// There is no such chain.
    Missing,
    /// There is a chain of that name, but it is not the guard; the text says what differs.
    Altered(String),
}

/// Judges our table of the family of `vip`: is there a guard of `vip`, and if one is expected, is it
/// that one?
pub fn judge(vip: Vip, expected: Option<&Guard>, ruleset: &Ruleset) -> State {
    let found = |kind: Kind| {
        let name = kind.name(vip);
        Some((kind, ruleset.chains.iter().find(|chain| chain.name == name)?))
    };
    let chains: Vec<(Kind, &Chain)> = Kind::ALL.into_iter().filter_map(found).collect();
    if !chains.iter().any(|(kind, _)| *kind == Kind::Incoming) {
        return State::Missing;
    }
    let hooks = || chains.iter().find_map(|(kind, chain)| differing_hook(*kind, chain));
    let difference = (ruleset.tables.iter().find_map(flagged))
        .or_else(hooks)
        .or_else(|| differing_rule(&chains, expected, ruleset))
        .or_else(|| differing_set(vip, ruleset));
    difference.map_or(State::InForce, State::Altered)
}

/// The VIPs of the chains and sets in our table; those that have several, several times. A set without
/// its chain counts: whoever deleted the chain took the guard away.
pub fn vips(ruleset: &Ruleset) -> impl Iterator<Item = Vip> {
    let sets = ruleset.sets.iter().filter_map(|set| Some(MacSet::named(&set.name)?.vip));
    chains(ruleset).map(|(_, vip)| vip).chain(sets)
}

/// The chains of guards in our table.
pub fn chains(ruleset: &Ruleset) -> impl Iterator<Item = (Kind, Vip)> {
    ruleset.chains.iter().filter_map(|chain| Kind::named(&chain.name))
}

/// Whether some chain of these VIPs is called elsewhere than a guard's: then it must be deleted first.
pub fn misplaced(vips: &[Vip], ruleset: &Ruleset) -> bool {
    ruleset.chains.iter().any(|chain| {
        let ours = Kind::named(&chain.name).filter(|(_, vip)| vips.contains(vip));
        ours.is_some_and(|(kind, _)| called_from(chain) != should_be_called_from(kind))
    })
}

/// What a flag of our table means for the guards in it.
fn flagged(table: &Table) -> Option<String> {
    match holder(table) {
        Some(holder) => Some(format!("{holder} holds the table")),
        None if table.flags.contains(TableFlags::Dormant) => {
            Some("the table is dormant: its rules do nothing".to_owned())
        }
        None if !table.flags.is_empty() => {
            Some(format!("the table has flags {:#x}", table.flags.bits()))
        }
        None => None,
    }
}

/// The process that holds a table, so that no other can change it.
pub fn holder(table: &Table) -> Option<String> {
    if !table.flags.contains(TableFlags::Owner) {
        return None;
    }
    // The port of a process's first netlink socket is its number.
    let port = table.owner.unwrap_or_default();
    let name = fs::read_to_string(format!("/proc/{port}/comm")).unwrap_or_default();
    Some(match name.trim_end() {
        "" => format!("another process (netlink port {port})"),
        name => format!("process {port} ({name})"),
    })
}

/// Type, hook and priority of a chain, if the kernel calls it.
fn called_from(chain: &Chain) -> Option<(&str, u32, i32)> {
    let base = chain.base.as_ref()?;
    Some((&base.kind, base.hook.into(), base.priority))
}

fn should_be_called_from(kind: Kind) -> Option<(&'static str, u32, i32)> {
    let base = kind.base()?;
    Some((base.kind.name(), base.hook.number(), base.priority))
}

fn differing_hook(kind: Kind, chain: &Chain) -> Option<String> {
    let told = |called: Option<(&str, u32, i32)>| match called {
        Some((kind, hook, priority)) => format!("type {kind} hook {hook} priority {priority}"),
        None => "no hook".to_owned(),
    };
    let (is, should) = (called_from(chain), should_be_called_from(kind));
    if is != should {
        return Some(format!("chain {} has {}, not {}", chain.name, told(is), told(should)));
    }
    matches!(chain.base, Some(BaseChain { policy: Policy::Drop, .. }))
        .then(|| format!("the policy of chain {} is drop, not accept", chain.name))
}

/// Compares the comments of all rules of a VIP's chains, chain by chain, with one complete guard.
fn differing_rule(
    chains: &[(Kind, &Chain)],
    expected: Option<&Guard>,
    ruleset: &Ruleset,
) -> Option<String> {
    let marks = |(_, chain): &(Kind, &Chain)| {
        let rules = ruleset.rules.iter().filter(|rule| rule.chain == chain.name);
        rules.map(|rule| rule.comment.as_deref()?.parse::<Mark>().ok()).collect::<Vec<_>>()
    };
    let marked: Vec<Vec<Option<Mark>>> = chains.iter().map(marks).collect();
    let first = match expected {
        Some(guard) => {
            ruleset::chains(guard).first().and_then(|chain| Some(chain.rules.first()?.mark))
        }
        None => marked.iter().find_map(|marks| *marks.first()?),
    };
    let mut place = 0;
    for ((_, chain), marks) in chains.iter().zip(&marked) {
        for (at, mark) in marks.iter().enumerate() {
            place += 1;
            let should = first.map(|first| Mark { place, ..first });
            if mark.is_none() || *mark != should {
                return Some(format!("rule {} of chain {} differs", at + 1, chain.name));
            }
        }
        if marks.is_empty() {
            return Some(format!("chain {} has no rules", chain.name));
        }
    }
    let count = first.map_or(0, |first| first.count);
    (place != count).then(|| format!("there are {place} rules, not {count}"))
}

fn differing_set(vip: Vip, ruleset: &Ruleset) -> Option<String> {
    MacSet::of(vip).into_iter().find_map(|mac_set| match mac_set.listed(ruleset) {
        Listed::Right => None,
        Listed::Altered(how) => Some(how),
        Listed::Missing => Some(format!("there is no set {}", mac_set.name())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::nft::packet::InetHookNumber;
    use crate::node::nft::{Family, Rule, Set};

    fn guard(services: &str) -> Guard {
        Guard::new("192.168.3.100".parse().unwrap(), services.parse().unwrap())
    }

    /// What the kernel has of a guard, as far as it is looked at.
    fn installed(guard: &Guard) -> Ruleset {
        let (family, table) = (Family::IPv4, "lvskit".to_owned());
        let flags = TableFlags::empty();
        let mut all = Ruleset::default();
        all.tables.push(Table { family, name: table.clone(), flags, owner: None });
        for mac_set in MacSet::of(guard.vip) {
            all.sets.push(mac_set.expected());
        }
        for chain in ruleset::chains(guard) {
            let base = chain.kind.base().map(|base| BaseChain {
                kind: base.kind.name().to_owned(),
                hook: InetHookNumber::from(base.hook.number()),
                priority: base.priority,
                policy: Policy::Accept,
            });
            let name = chain.name();
            all.chains.push(Chain { family, table: table.clone(), name: name.clone(), base });
            all.rules.extend(chain.rules.iter().map(|rule| Rule {
                family,
                table: table.clone(),
                chain: name.clone(),
                handle: 0,
                comment: Some(rule.mark.to_string()),
                expressions: Vec::new(),
            }));
        }
        let name = "vip-192.168.3.10".to_owned();
        all.chains.push(Chain { family, table, name, base: None });
        all
    }

    fn state(expected: Option<&Guard>, ruleset: &Ruleset) -> State {
        judge("192.168.3.100".parse().unwrap(), expected, ruleset)
    }

    #[test]
    fn the_guard_is_recognised() {
        for services in ["tcp/25", "udp/53,tcp/53", "all"] {
            let guard = guard(services);
            assert_eq!(state(None, &installed(&guard)), State::InForce);
            assert_eq!(state(Some(&guard), &installed(&guard)), State::InForce);
        }
    }

    #[test]
    fn the_guard_of_other_services_is_altered() {
        let other = state(Some(&guard("tcp/26")), &installed(&guard("tcp/25")));
        let State::Altered(how) = other else { panic!("{other:?}") };
        assert!(how.starts_with("rule 1 of chain "), "{how}");
    }

    #[test]
    fn no_chain_is_missing() {
        assert_eq!(state(None, &Ruleset::default()), State::Missing);
        let other = judge("fd00::1".parse().unwrap(), None, &installed(&guard("tcp/25")));
        assert_eq!(other, State::Missing);
    }

    #[test]
    fn every_change_that_matters_is_seen() {
        let guard = guard("tcp/25,udp/53");
        let right = installed(&guard);
        let base = |change: fn(&mut BaseChain)| {
            move |all: &mut Ruleset| change(all.chains[0].base.as_mut().unwrap())
        };
        let set = |change: fn(&mut Set)| move |all: &mut Ruleset| change(&mut all.sets[0]);
        let table = |change: fn(&mut Table)| move |all: &mut Ruleset| change(&mut all.tables[0]);
        let comment = |at: usize, comment: Option<String>| {
            move |all: &mut Ruleset| all.rules[at].comment = comment.clone()
        };
        let mark = |at: usize| right.rules[at].comment.as_deref().unwrap().parse::<Mark>().unwrap();
        let told = |change: &dyn Fn(&mut Ruleset)| {
            let mut altered = right.clone();
            change(&mut altered);
            assert_ne!(altered, right);
            let states = [None, Some(&guard)].map(|expected| state(expected, &altered));
            for state in &states {
                assert!(matches!(state, State::Altered(_)), "{state:?}");
            }
            match states.into_iter().next() {
                Some(State::Altered(how)) => how,
                other => panic!("{other:?}"),
            }
        };
        let last = right.rules.len() - 1;
        for (change, words) in [
            (&base(|base| base.priority = -150) as &dyn Fn(&mut Ruleset), "priority -150, not "),
            (&base(|base| base.hook = InetHookNumber::LocalIn), " hook 1 priority "),
            (&base(|base| base.kind = "filter".into()), "type filter hook "),
            (&base(|base| base.policy = Policy::Drop), "is drop, not accept"),
            (&|all: &mut Ruleset| all.chains[0].base = None, "has no hook, not type nat "),
            (&comment(0, right.rules[1].comment.clone()), "rule 1 of chain "),
            (&comment(2, None), " differs"),
            (&comment(2, Some("mine".into())), " differs"),
            (&comment(2, Some(Mark { fingerprint: 1, ..mark(2) }.to_string())), " differs"),
            (&|all: &mut Ruleset| drop(all.rules.remove(1)), "rule 2 of chain "),
            (&|all: &mut Ruleset| drop(all.rules.remove(last)), ""),
            (&|all: &mut Ruleset| all.rules.insert(0, all.rules[3].clone()), " differs"),
            (&|all: &mut Ruleset| all.rules.swap(0, 1), "rule 1 of chain "),
            (&set(|set| set.key_type = 7), "the key type of set clients-192.168.3.100 is 7, not 9"),
            (&set(|set| set.size = Some(10)), "the size of set "),
            (&set(|set| set.size = None), "the size of set "),
            (&set(|set| set.timeout = Some(3_600_000)), "the timeout of set "),
            (&set(|set| set.name = "others".into()), "there is no set clients-192.168.3.100"),
            (&table(|table| table.flags = TableFlags::Dormant), "dormant: its rules do nothing"),
            (
                &table(|table| {
                    table.flags = TableFlags::Owner;
                    table.owner = Some(4_000_000_000);
                }),
                "another process (netlink port 4000000000) holds the table",
            ),
            (&table(|table| table.flags = TableFlags::from_bits_retain(8)), "flags 0x8"),
        ] {
            let how = told(change);
            assert!(how.contains(words), "no {words:?}: {how}");
        }
    }

    /// The deletion that it takes is slow, so only what needs it gets it.
    #[test]
    fn a_chain_that_is_called_elsewhere_is_misplaced() {
        let guard = guard("tcp/25");
        let mut all = installed(&guard);
        all.chains[0].base.as_mut().unwrap().policy = Policy::Drop;
        assert!(!misplaced(&[guard.vip], &all));
        all.chains[0].base.as_mut().unwrap().priority = 0;
        assert!(misplaced(&[guard.vip], &all));
        assert!(!misplaced(&[], &all), "others' chains stay as they are");
    }
}
