//! The guard in nft's own language, as `nft -f` reads it: what `--dry-run` prints, so that an
//! administrator can read, keep or load it without us. A test in a network namespace holds the
//! kernel's listing of this text against that of [`super::ruleset`].

use std::fmt::Write;

use super::chain::Kind;
use super::mac_sets::{LIMIT, MEMORY, MacSet};
use super::plan::Guard;
use super::{TABLE, route, ruleset};
use crate::vip::{Family, Vip};

/// The transaction of [`super::ruleset::transaction`], as text for `nft -f -`.
pub fn transaction(guards: &[Guard]) -> String {
    guards.iter().map(install).collect()
}

fn install(guard: &Guard) -> String {
    let family = guard.vip.family().nft();
    let chains = ruleset::chains(guard);
    let mut text = format!("add table {family} {TABLE}\n");
    for chain in &chains {
        let name = format!("{family} {TABLE} {}", chain.name());
        // Writing to a String can't fail.
        let base = chain.kind.base().map_or(String::new(), |base| format!(" {{ {base} }}"));
        let _ = writeln!(text, "add chain {name}{base}");
        let _ = writeln!(text, "flush chain {name}");
    }
    for mac_set in MacSet::of(guard.vip) {
        let _ = writeln!(text, "add set {}", set(mac_set));
    }
    for chain in &chains {
        for rule in &chain.rules {
            let _ = writeln!(text, "add rule {family} {TABLE} {} {}", chain.name(), rule.text());
        }
    }
    text
}

/// `ip lvskit clients-192.168.3.100 { type ether_addr; ... }`
fn set(mac_set: MacSet) -> String {
    format!(
        "{} {TABLE} {} {{ type ether_addr; size {LIMIT}; flags dynamic,timeout; timeout {MEMORY}s; }}",
        mac_set.vip.family().nft(),
        mac_set.name(),
    )
}

/// What ip would be told for `vips` besides, as comments, so that `nft -f` still reads the whole.
pub fn routes(vips: &[Vip]) -> String {
    vips.iter().map(|&vip| format!("# ip {}\n", route::command("replace", vip))).collect()
}

/// The transaction of [`super::ruleset::purge`], as text for `nft -f -`.
pub fn purge(vips: &[Vip]) -> String {
    let mut text = String::new();
    for &vip in vips {
        let family = vip.family().nft();
        let _ = writeln!(text, "# ip {}\nadd table {family} {TABLE}", route::command("del", vip));
        for action in ["add", "flush", "delete"] {
            for kind in Kind::ALL {
                let _ = writeln!(text, "{action} chain {family} {TABLE} {}", kind.name(vip));
            }
        }
        for mac_set in MacSet::of(vip) {
            let name = format!("{family} {TABLE} {}", mac_set.name());
            let _ = writeln!(text, "add set {}\ndelete set {name}", set(mac_set));
        }
    }
    text
}

/// The transaction of [`super::ruleset::purge_all`], as text for `nft -f -`.
pub fn purge_all() -> String {
    Family::ALL
        .map(|family| format!("add table {0} {TABLE}\ndelete table {0} {TABLE}\n", family.nft()))
        .concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_vip_gets_its_chains_in_the_table_of_its_family() {
        let guard = |vip: &str| Guard::new(vip.parse().unwrap(), "tcp/25".parse().unwrap());
        let text = transaction(&["192.168.3.100", "fd00::100"].map(guard));
        assert!(text.contains("add rule ip lvskit vip-192.168.3.100 ip daddr != 192.168.3.100 "));
        assert!(text.contains("add rule ip6 lvskit vip-fd00--100 ip6 daddr != fd00::100 "));
        assert!(text.contains("add set ip6 lvskit clients-fd00--100 { type ether_addr; "));
    }
}
