//! The ruleset that nft and iptables-nft made, read back; and transactions of our own.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use lvskit::node::netlink::NetlinkError;
use lvskit::node::nft::packet::{
    InetHookNumber, NfTablesMessage, SetFlags, TableAttribute, TableFlags, TableMessage,
};
use lvskit::node::nft::{Batch, Element, Family, Nft, Policy, Ruleset};
use netlink_packet_core::NLM_F_CREATE;
use nix::errno::Errno;

use crate::common::netns::{Netns, inside};

fn load(node: &Netns, rules: &str) {
    node.run(|| {
        let mut nft = Command::new("nft").args(["-f", "-"]).stdin(Stdio::piped()).spawn().unwrap();
        nft.stdin.take().unwrap().write_all(rules.as_bytes()).unwrap();
        assert!(nft.wait().unwrap().success(), "{rules}");
    });
}

fn all(node: &Netns) -> Ruleset {
    node.run(|| Nft::open().unwrap().all().unwrap())
}

const RULES: &str = r#"
table ip lvskit {
    set clients { type ether_addr; size 4096; flags dynamic,timeout; timeout 10s; }
    chain vip { type nat hook prerouting priority dstnat; policy accept;
        ip daddr != 192.168.3.100 accept comment "lvskit abc 1/2"
        update @clients { ether saddr }
        redirect comment "lvskit abc 2/2"
    }
    chain raw { type filter hook prerouting priority raw; policy drop; notrack; }
    chain regular { tcp dport { 22, 25 } accept; }
}
table inet other {
    set bad { type ipv4_addr; flags interval; elements = { 10.0.0.0/8, 192.0.2.1 } }
    set both { type ipv4_addr . inet_service; }
    set counted { type ipv4_addr; size 100; flags dynamic; counter; }
    map ports { type inet_service : verdict; elements = { 25 : accept } }
    counter hits { }
    chain output { type route hook output priority mangle; ct state invalid drop; counter name hits; tcp dport vmap @ports; }
    chain guard { type filter hook forward priority filter + 7; limit rate 5/second log prefix "x" reject; ip saddr . tcp dport @both accept; add @counted { ip saddr }; }
}
table arp neighbours {
    chain in { type filter hook input priority 0; arp operation request accept; }
}
table bridge wire {
    chain pre { type filter hook prerouting priority -300; ether type ip accept; }
}
table ip6 six {
    chain vip { type nat hook output priority -100; ip6 daddr fd00::1 tcp dport 25 dnat to fd00::2; }
}
"#;

#[test]
fn every_object_of_every_family_is_read() {
    if !inside("nft::every_object_of_every_family_is_read") {
        return;
    }
    let node = Netns::new();
    load(&node, RULES);
    let all = all(&node);
    let tables: Vec<_> =
        all.tables.iter().map(|table| (table.family, table.name.as_str())).collect();
    for table in [
        (Family::IPv4, "lvskit"),
        (Family::Inet, "other"),
        (Family::ARP, "neighbours"),
        (Family::Bridge, "wire"),
        (Family::IPv6, "six"),
    ] {
        assert!(tables.contains(&table), "{table:?}: {tables:?}");
    }
    assert!(all.tables.iter().all(|table| table.flags.is_empty() && table.owner.is_none()));

    let base = |name: &str| {
        let chain = all.chains.iter().find(|chain| chain.name == name).unwrap();
        let base = chain
            .base
            .as_ref()
            .map(|base| (base.kind.as_str(), base.hook, base.priority, base.policy));
        (chain.table.as_str(), base)
    };
    use InetHookNumber::{Forward, LocalOut, PreRouting};
    use Policy::{Accept, Drop};
    let vip = all.chains.iter().find(|chain| chain.table == "lvskit" && chain.name == "vip");
    let vip = vip.unwrap().base.as_ref().unwrap();
    assert_eq!((vip.kind.as_str(), vip.hook, vip.priority), ("nat", PreRouting, -100));
    assert_eq!(base("raw"), ("lvskit", Some(("filter", PreRouting, -300, Drop))));
    assert_eq!(base("regular"), ("lvskit", None));
    assert_eq!(base("output"), ("other", Some(("route", LocalOut, -150, Accept))));
    assert_eq!(base("guard"), ("other", Some(("filter", Forward, 7, Accept))));

    let set = |name: &str| all.sets.iter().find(|set| set.name == name).unwrap();
    let clients = set("clients");
    assert_eq!((clients.key_type, clients.key_length), (9, 6));
    assert_eq!((clients.timeout, clients.size), (Some(10_000), Some(4096)));
    assert_eq!(clients.flags, SetFlags::Timeout | SetFlags::Eval);
    assert!(set("bad").flags.contains(SetFlags::Interval));
    assert!(set("ports").flags.contains(SetFlags::Map));
    assert_eq!((set("both").key_length, set("both").timeout), (8, None));
    assert_eq!(set("counted").size, Some(100));
    assert!(set("__set0").flags.contains(SetFlags::Anonymous));
}

#[test]
fn rules_come_in_order_with_comments_and_expressions() {
    if !inside("nft::rules_come_in_order_with_comments_and_expressions") {
        return;
    }
    let node = Netns::new();
    load(&node, RULES);
    let found = node.run(|| Nft::open().unwrap().table(Family::IPv4, "lvskit").unwrap());
    assert_eq!((found.tables.len(), found.chains.len(), found.sets.len()), (1, 3, 2));
    assert!(found.rules.iter().all(|rule| rule.table == "lvskit" && rule.family == Family::IPv4));
    let told = |chain: &str| -> Vec<(Option<String>, String)> {
        let rules = found.rules.iter().filter(|rule| rule.chain == chain);
        let names = |rule: &lvskit::node::nft::Rule| {
            let names: Vec<String> = rule.expressions().map(|one| one.name).collect();
            names.join(" ")
        };
        rules.map(|rule| (rule.comment.clone(), names(rule))).collect()
    };
    let comment = |text: &str| Some(text.to_owned());
    assert_eq!(
        told("vip"),
        [
            (comment("lvskit abc 1/2"), "payload cmp immediate".to_owned()),
            (None, "meta cmp payload dynset".to_owned()),
            (comment("lvskit abc 2/2"), "redir".to_owned()),
        ]
    );
    assert_eq!(told("raw"), [(None, "notrack".to_owned())]);
    assert_eq!(told("regular"), [(None, "meta cmp payload lookup immediate".to_owned())]);
    let none = node.run(|| Nft::open().unwrap().table(Family::IPv6, "lvskit").unwrap());
    assert_eq!(none, Ruleset::default());
    // Every rule of every family, counted by nft.
    let listed = node.tool("nft", "-a list ruleset");
    let rules =
        listed.lines().filter(|line| line.starts_with("\t\t") && line.contains(" # handle "));
    assert_eq!(all(&node).rules.len(), rules.count(), "{listed}");
}

/// Matches and targets of xtables, as iptables-nft writes them.
#[test]
fn rules_of_iptables_are_read() {
    if !inside("nft::rules_of_iptables_are_read") {
        return;
    }
    let node = Netns::new();
    node.tool("iptables-nft", "-t raw -A PREROUTING -d 192.168.3.100 -p tcp --dport 25 -j NOTRACK");
    node.tool("iptables-nft", "-t nat -A PREROUTING -m addrtype --dst-type LOCAL -p tcp --dport 25 -j DNAT --to 172.17.0.2:25");
    let all = all(&node);
    let names: Vec<Vec<String>> =
        (all.rules.iter()).map(|rule| rule.expressions().map(|one| one.name).collect()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(names[0].iter().any(|name| name == "target" || name == "notrack"), "{names:?}");
    assert!(names[1].iter().any(|name| name == "match" || name == "fib"), "{names:?}");
}

/// More than fits into one datagram.
#[test]
fn a_large_ruleset_is_read_whole() {
    if !inside("nft::a_large_ruleset_is_read_whole") {
        return;
    }
    let node = Netns::new();
    let mut rules = String::from("table ip big {\nchain c {\n");
    for number in 0..5_000 {
        rules += &format!(
            "ip daddr 10.0.{}.{} tcp dport 25 counter accept comment \"rule {number}\"\n",
            number / 250,
            number % 250
        );
    }
    load(&node, &(rules + "}\n}"));
    let found = all(&node).rules;
    assert_eq!(found.len(), 5_000);
    for (number, rule) in found.iter().enumerate() {
        assert_eq!(rule.comment, Some(format!("rule {number}")));
    }
}

/// A reader never sees half of a transaction, also while the kernel carries it out: the rules of the
/// other table, which it removes first, make that last.
#[test]
fn a_table_is_read_as_it_was_at_one_moment() {
    if !inside("nft::a_table_is_read_as_it_was_at_one_moment") {
        return;
    }
    let node = Netns::new();
    let others = "accept\n".repeat(1_000);
    let rules = |count: usize| {
        let rules = format!("accept comment \"{count}\"\n").repeat(count);
        format!(
            "add table ip large\ndelete table ip large\nadd table ip t\ndelete table ip t\n\
            table ip large {{\nchain c {{ {others} }}\n}}\n\
            table ip t {{\nchain c{count} {{ {rules} }}\nset s{count} {{ type ipv4_addr; }}\n}}"
        )
    };
    load(&node, &rules(3));
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for turn in 0..150 {
                load(&node, &rules(3 + turn % 2));
            }
            done.store(true, Ordering::Relaxed);
        });
        let reads = node.run(|| {
            let mut nft = Nft::open().unwrap();
            let mut reads = 0;
            while !done.load(Ordering::Relaxed) {
                let found = nft.table(Family::IPv4, "t").unwrap();
                let count = found.rules.len();
                assert!(count == 3 || count == 4, "{found:?}");
                assert_eq!(found.chains[0].name, format!("c{count}"));
                assert_eq!(found.sets[0].name, format!("s{count}"));
                assert!(found.rules.iter().all(|rule| rule.comment == Some(count.to_string())));
                reads += 1;
            }
            reads
        });
        assert!(reads > 100, "{reads}");
    });
}

fn new_table(name: &str, flags: TableFlags) -> NfTablesMessage {
    let attributes = vec![TableAttribute::Name(name.to_owned()), TableAttribute::Flags(flags)];
    NfTablesMessage::NewTable(TableMessage { attributes })
}

#[test]
fn a_transaction_is_all_or_nothing() {
    if !inside("nft::a_transaction_is_all_or_nothing") {
        return;
    }
    let node = Netns::new();
    node.run(|| {
        let mut nft = Nft::open().unwrap();
        let mut batch = Batch::default();
        batch.push(Family::IPv4, new_table("one", TableFlags::empty()), NLM_F_CREATE);
        batch.push(Family::IPv4, new_table("two", TableFlags::Dormant), NLM_F_CREATE);
        nft.commit(batch).unwrap();
        let tables = nft.all().unwrap().tables;
        let names: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
        assert_eq!(names, ["one", "two"]);
        assert_eq!(tables[1].flags, TableFlags::Dormant);

        let missing = TableMessage { attributes: vec![TableAttribute::Name("none".to_owned())] };
        let mut batch = Batch::default();
        batch.push(Family::IPv4, new_table("three", TableFlags::empty()), NLM_F_CREATE);
        batch.push(Family::IPv4, NfTablesMessage::DeleteTable(missing), 0);
        let refused = nft.commit(batch).unwrap_err();
        assert!(matches!(refused, NetlinkError::Refused(Errno::ENOENT)), "{refused}");
        assert_eq!(nft.all().unwrap().tables, tables);
    });
}

/// A table that a process holds by its socket is gone when the socket is, and survives others' flush.
#[test]
fn an_owned_table_lives_as_long_as_its_socket() {
    if !inside("nft::an_owned_table_lives_as_long_as_its_socket") {
        return;
    }
    let node = Netns::new();
    node.run(|| {
        let mut nft = Nft::open().unwrap();
        let mut batch = Batch::default();
        batch.push(Family::IPv4, new_table("held", TableFlags::Owner), NLM_F_CREATE);
        nft.commit(batch).unwrap();
        assert!(Command::new("nft").args(["flush", "ruleset"]).status().unwrap().success());
        let table = Nft::open().unwrap().table(Family::IPv4, "held").unwrap().tables.remove(0);
        assert_eq!(table.flags, TableFlags::Owner);
        assert!(table.owner.is_some());
        drop(nft);
        let left = Nft::open().unwrap().table(Family::IPv4, "held").unwrap();
        assert_eq!(left, Ruleset::default());
    });
}

/// Plain sets, intervals, both in several fields, and maps: what each holds for a key.
#[test]
fn sets_are_asked_for_single_keys() {
    if !inside("nft::sets_are_asked_for_single_keys") {
        return;
    }
    let node = Netns::new();
    load(
        &node,
        "table inet t {
            set plain { type inet_service; elements = { 25, 465 } }
            set ranges { type inet_service; flags interval; elements = { 20-30, 8000-9000 } }
            set both { type ipv4_addr . inet_service; flags interval; elements = { 10.0.0.0/8 . 20-30 } }
            map to { type inet_service : ipv4_addr; elements = { 25 : 10.0.0.5 } }
            map verdicts { type inet_service : verdict; flags interval; elements = { 25-26 : goto x } }
            chain x { }
        }",
    );
    let ask = |set: &str, key: &[u8]| {
        node.run(|| Nft::open().unwrap().element(Family::Inet, "t", set, key).unwrap())
    };
    let port = u16::to_be_bytes;
    for (set, inside, outside) in [("plain", 25, 26), ("ranges", 25, 31), ("ranges", 9000, 9001)] {
        assert_eq!(ask(set, &port(inside)), Some(Element::Key), "{set} {inside}");
        assert_eq!(ask(set, &port(outside)), None, "{set} {outside}");
    }
    assert_eq!(ask("both", &[10, 1, 2, 3, 0, 25, 0, 0]), Some(Element::Key));
    assert_eq!(ask("both", &[10, 1, 2, 3, 0, 31, 0, 0]), None);
    assert_eq!(ask("to", &port(25)), Some(Element::Value(vec![10, 0, 0, 5])));
    let Some(Element::Verdict(verdict)) = ask("verdicts", &port(26)) else { panic!("no verdict") };
    // NFTA_VERDICT_CODE: NFT_GOTO, and the chain's name.
    assert!(verdict.windows(4).any(|code| code == (-4i32).to_be_bytes()), "{verdict:?}");
    assert!(verdict.windows(2).any(|name| name == b"x\0"), "{verdict:?}");
    assert_eq!(ask("verdicts", &port(27)), None);
    let gone = || Nft::open().unwrap().element(Family::Inet, "t", "none", &port(25)).unwrap();
    assert_eq!(node.run(gone), None, "no such set");
}
