//! The guard in nft's own language, as `nft -f` reads it: what `--dry-run` prints, so that an
//! administrator can read, keep or load it without us. A test in a network namespace holds the
//! kernel's listing of this text against that of [`super::ruleset`].

use std::fmt::Write;

use super::{TABLE, chain_name, route};
use crate::vip::{Family, Vip};

/// The transaction of [`super::ruleset::transaction`], as text for `nft -f -`.
pub fn transaction(vips: &[Vip]) -> String {
    let mut text = String::new();
    for &vip in vips {
        let family = vip.family().nft();
        let chain = chain_name(vip);
        // Writing to a String can't fail.
        let _ = write!(
            text,
            "add table {family} {TABLE}\n\
             add chain {family} {TABLE} {chain} {{ type nat hook prerouting priority dstnat; policy accept; }}\n\
             flush chain {family} {TABLE} {chain}\n\
             add rule {family} {TABLE} {chain} {family} daddr {vip} \
             tcp flags & (fin|syn|rst|ack) == syn fib daddr . iif type != local redirect\n\
             add rule {family} {TABLE} {chain} {family} daddr {vip} \
             meta l4proto udp fib daddr . iif type != local redirect\n",
        );
    }
    text
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
        assert!(text.contains("add rule ip lvskit vip-192.168.3.100 ip daddr 192.168.3.100 tcp "));
        assert!(text.contains("add rule ip6 lvskit vip-fd00--100 ip6 daddr fd00::100 tcp "));
        assert_eq!(text.lines().count(), 10);
    }
}
