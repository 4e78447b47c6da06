//! The guard in nft's own language, as `nft -f` reads it: what `--dry-run` prints, so that an
//! administrator can read, keep or load it without us. A test in a network namespace holds the
//! kernel's listing of this text against that of [`super::ruleset`].

use std::fmt::Write;

use super::senders::{LIMIT, MEMORY, Senders};
use super::{TABLE, chain_name, route};
use crate::vip::{Family, Vip};

/// The transaction of [`super::ruleset::transaction`], as text for `nft -f -`.
pub fn transaction(vips: &[Vip]) -> String {
    vips.iter().map(|&vip| install(vip)).collect()
}

fn install(vip: Vip) -> String {
    let family = vip.family().nft();
    let mut text = format!("add table {family} {TABLE}\n");
    let chain = format!("{family} {TABLE} {}", chain_name(vip));
    // Writing to a String can't fail.
    let _ = writeln!(
        text,
        "add chain {chain} {{ type nat hook prerouting priority dstnat; policy accept; }}"
    );
    let _ = writeln!(text, "flush chain {chain}");
    for senders in Senders::of(vip) {
        let _ = writeln!(text, "add set {}", set(senders));
    }
    let [clients, balancers] = Senders::of(vip).map(Senders::name);
    for rule in [
        format!("{family} daddr != {vip} accept"),
        "tcp flags & (fin|syn|rst|ack) != syn accept".to_owned(),
        "meta l4proto != { tcp, udp } accept".to_owned(),
        format!("fib daddr . iif type local ether saddr @{balancers} redirect"),
        format!("fib daddr . iif type local update @{clients} {{ ether saddr }}"),
        "fib daddr . iif type local accept".to_owned(),
        format!("ether saddr @{clients} fib daddr type local accept"),
        format!("update @{balancers} {{ ether saddr }}"),
        "redirect".to_owned(),
    ] {
        let _ = writeln!(text, "add rule {chain} {rule}");
    }
    text
}

/// `ip lvskit clients-192.168.3.100 { type ether_addr; ... }`
fn set(senders: Senders) -> String {
    format!(
        "{} {TABLE} {} {{ type ether_addr; size {LIMIT}; flags dynamic,timeout; timeout {MEMORY}s; }}",
        senders.vip.family().nft(),
        senders.name(),
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
        let chain = format!("{} {TABLE} {}", vip.family().nft(), chain_name(vip));
        let _ = write!(
            text,
            "# ip {}\nadd table {} {TABLE}\nadd chain {chain}\nflush chain {chain}\ndelete chain {chain}\n",
            route::command("del", vip),
            vip.family().nft(),
        );
        for senders in Senders::of(vip) {
            let name = format!("{} {TABLE} {}", vip.family().nft(), senders.name());
            let _ = writeln!(text, "add set {}\ndelete set {name}", set(senders));
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
    fn each_vip_gets_a_chain_in_the_table_of_its_family() {
        let vips = ["192.168.3.100", "fd00::100"].map(|vip| vip.parse().unwrap());
        let text = transaction(&vips);
        assert!(text.contains("add rule ip lvskit vip-192.168.3.100 ip daddr != 192.168.3.100 "));
        assert!(text.contains("add rule ip6 lvskit vip-fd00--100 ip6 daddr != fd00::100 "));
        assert!(text.contains("add set ip6 lvskit clients-fd00--100 { type ether_addr; "));
        assert_eq!(text.lines().count(), 28);
    }
}
