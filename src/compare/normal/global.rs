//! Statements of one block that count in another: the VRRP version, the sync daemon, and what is said of
//! gratuitous ARP for all instances.

use super::Normal;

const VERSION: &str = "vrrp_version";
const SYNC_DAEMON: &str = "lvs_sync_daemon";

/// Statements of an instance, their names in global_defs, and keepalived's default.
const FOR_ALL: [(&str, &str, &str); 5] = [
    ("garp_master_delay", "vrrp_garp_master_delay", "5"),
    ("garp_master_repeat", "vrrp_garp_master_repeat", "5"),
    ("garp_master_refresh", "vrrp_garp_master_refresh", "0"),
    ("garp_master_refresh_repeat", "vrrp_garp_master_refresh_repeat", "1"),
    ("garp_lower_prio_repeat", "vrrp_garp_lower_prio_repeat", "5"),
];

/// Says each where it counts, or leaves it out where it is keepalived's default.
pub(super) fn resolve(all: &mut Vec<Normal>) {
    sync_daemon(all);
    let version = take(all, VERSION);
    let said: Vec<&str> = {
        let names = global(all).map(Normal::keyword);
        FOR_ALL
            .iter()
            .map(|(_, name, _)| *name)
            .filter(|name| names.clone().any(|one| one == *name))
            .collect()
    };
    for instance in all.iter_mut().filter(|one| one.keyword() == "vrrp_instance") {
        let at = instance.at.clone();
        let Some(block) = &mut instance.block else { continue };
        let of_all = version.as_deref().unwrap_or(if is_ipv6(block) { "3" } else { "2" });
        Normal::default(&at, block, &format!("version {of_all}"));
        block.retain(|one| {
            let default = FOR_ALL.iter().find(|(own, ..)| *own == one.keyword());
            default.is_none_or(|(own, name, value)| {
                said.contains(name) || one.line != format!("{own} {value}")
            })
        });
    }
    for block in all.iter_mut().filter(|one| one.keyword() == "global_defs") {
        let Some(inner) = &mut block.block else { continue };
        inner.retain(|one| {
            !FOR_ALL.iter().any(|(_, name, value)| one.line == format!("{name} {value}"))
        });
    }
}

/// An old statement of an instance starts the daemon for all, and binds it to that instance. Options are
/// written in one order.
fn sync_daemon(all: &mut Vec<Normal>) {
    let mut found = None;
    for instance in all.iter_mut().filter(|one| one.keyword() == "vrrp_instance") {
        let name = instance.line.split(' ').nth(1).unwrap_or_default().to_owned();
        let Some(block) = &mut instance.block else { continue };
        let own = |one: &Normal| one.keyword() == "lvs_sync_daemon_interface";
        if let Some(one) = block.iter().find(|one| own(one)) {
            let interface = one.line.split(' ').nth(1).unwrap_or_default();
            let line = format!("{SYNC_DAEMON} {interface} {name}");
            found.get_or_insert(Normal::leaf(&one.at, line));
        }
        block.retain(|one| !own(one));
    }
    let said = global(all).any(|one| one.keyword() == SYNC_DAEMON);
    if let Some(daemon) = found.filter(|_| !said) {
        match all.iter_mut().find(|one| one.keyword() == "global_defs") {
            Some(Normal { block: Some(block), .. }) => block.push(daemon),
            _ => all.push(Normal {
                at: daemon.at.clone(),
                line: "global_defs".into(),
                block: Some(vec![daemon]),
            }),
        }
    }
    for block in all.iter_mut().filter(|one| one.keyword() == "global_defs") {
        for one in block.block.iter_mut().flatten().filter(|one| one.keyword() == SYNC_DAEMON) {
            one.line = options(&one.line);
        }
    }
}

/// `lvs_sync_daemon eth0 VI_1 51` as `lvs_sync_daemon eth0 id 51 inst VI_1`.
fn options(line: &str) -> String {
    let mut words = line.split(' ').skip(1);
    let interface = words.next().unwrap_or_default();
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    let known = ["inst", "id", "maxlen", "port", "ttl", "group"];
    let mut unnamed = ["inst", "id"].into_iter();
    while let Some(word) = words.next() {
        match known.iter().find(|one| **one == word) {
            Some(option) => pairs.push((option, words.next().unwrap_or_default())),
            None => pairs.push((unnamed.next().unwrap_or_default(), word)),
        }
    }
    // keepalived's id is 0 where none is said.
    pairs.retain(|pair| *pair != ("id", "0"));
    pairs.sort_unstable();
    let pairs: String = pairs.iter().map(|(option, value)| format!(" {option} {value}")).collect();
    format!("{SYNC_DAEMON} {interface}{pairs}")
}

/// The statements of global_defs.
fn global(all: &[Normal]) -> impl Iterator<Item = &Normal> + Clone {
    all.iter()
        .filter(|one| one.keyword() == "global_defs")
        .flat_map(|one| one.block.iter().flatten())
}

/// Takes a statement out of global_defs, and returns the last value of it.
fn take(all: &mut [Normal], keyword: &str) -> Option<String> {
    let mut value = None;
    for block in all.iter_mut().filter(|one| one.keyword() == "global_defs") {
        let Some(inner) = &mut block.block else { continue };
        inner.retain(|one| {
            let taken = one.keyword() == keyword;
            if taken {
                value = one.line.split(' ').nth(1).map(str::to_owned);
            }
            !taken
        });
    }
    value
}

fn is_ipv6(block: &[Normal]) -> bool {
    let list = block.iter().find(|one| one.line == "virtual_ipaddress");
    let mut lines = list.into_iter().flat_map(|list| list.block.iter().flatten());
    lines.any(|one| one.keyword().contains(':'))
}

#[cfg(test)]
mod tests {
    use super::options;

    #[test]
    fn the_sync_daemon_has_one_spelling() {
        for line in [
            "lvs_sync_daemon eth0 VI_1 51",
            "lvs_sync_daemon eth0 inst VI_1 id 51",
            "lvs_sync_daemon eth0 id 51 inst VI_1",
            "lvs_sync_daemon eth0 VI_1 id 51",
        ] {
            assert_eq!(options(line), "lvs_sync_daemon eth0 id 51 inst VI_1");
        }
        assert_eq!(options("lvs_sync_daemon eth0 id 0"), "lvs_sync_daemon eth0");
    }
}
