//! Wrong inventories: every problem is told in one run, each with its place, its line and what to
//! write instead; the exit code is 1 and nothing is written.

use snapbox::{assert_data_eq, file};

use crate::place::{ARTICLE, Place, Run, edited};
use crate::{crosswise, detection, families, foreign, probe};

/// An edit of the article's inventory and what must be said about it. In the new text, `^` marks
/// the place that must be named; it is taken out.
pub struct Case(pub &'static str, pub &'static str, pub Told);

/// Parts of the title and of the cure.
pub struct Told(pub &'static str, pub &'static str);

pub const AUTHENTICATION: &str = "authentication: {auth_type: PASS, auth_pass: mrelay}";
pub const VIP: &str = "virtual_ipaddress: 192.168.3.100";
const VRID: &str = "virtual_router_id: 11";
pub const FIRST: &str = "- {name: server01.domain.ru, address: 192.168.3.101}";
pub const CHECK: &str =
    "check:\n      type: SMTP_CHECK # or smtp-check, our own probe, or TCP_CHECK
      connect_timeout: 5\n      retry: 3\n      helo_name: smtpchecker.domain.ru";

/// All that is to be told, by what it is about.
const ALL: [&[Case]; 6] =
    [CASES, crosswise::CASES, detection::CASES, families::CASES, foreign::CASES, probe::CASES];

const CASES: &[Case] = &[
    // Keys
    Case(
        "advert_int:",
        "^advert_in:",
        Told("unknown key `advert_in` in `mail_relay`", "did you mean `advert_int`?"),
    ),
    Case("nodes:", "colour: x\n^nodez:", Told("unknown key `nodez`", "did you mean `nodes`?")),
    Case(
        "  smtp_server:",
        "  ^x:",
        Told("unknown key `x` in `global_defs`", "`lvskit explain global_defs` lists"),
    ),
    Case("weight: 1\n", "weight: 1\n    ^weight: 2\n", Told("`weight` stands twice", "remove one")),
    Case(
        "interface: eth0",
        "state: BACKUP",
        Told("no interface for `mail_relay`", "`interface: NAME`"),
    ),
    // Addresses
    Case("192.168.3.104", "^192.168.3.256", Told("not an IPv4 or IPv6 address", "unicast")),
    Case("192.168.3.104", "^192.168.3.104/24", Told("has a prefix length", "alone")),
    Case(
        "192.168.3.104",
        "^192.168.3.101",
        Told("two nodes have this address", "remove or correct"),
    ),
    Case(VIP, "virtual_ipaddress: ^127.0.0.1", Told("a loopback address", "unicast")),
    Case(VIP, "virtual_ipaddress: ^224.0.0.18", Told("a multicast address", "unicast")),
    Case(VIP, "virtual_ipaddress: ^192.168.3.103", Told("a node's own address", "free address")),
    Case(
        VIP,
        "virtual_ipaddress: [192.168.3.100, ^192.168.3.100]",
        Told("VIP stands twice", "remove"),
    ),
    Case(VIP, "virtual_ipaddress: ^mail.domain.ru", Told("not an IPv4 or IPv6 address", "unicast")),
    // Numbers
    Case(VRID, "virtual_router_id: ^0", Told("invalid virtual_router_id `0`", "from 1 to 255")),
    Case(VRID, "virtual_router_id: ^256", Told("invalid virtual_router_id `256`", "from 1 to 255")),
    Case(
        VRID,
        "virtual_router_id: ^eleven",
        Told("invalid virtual_router_id `eleven`", "from 1 to 255"),
    ),
    Case("preempt: true", "priority: ^255", Told("invalid priority `255`", "from 1 to 254")),
    Case("preempt: true", "preempt: ^yes", Told("neither true nor false", "write true or false")),
    Case("advert_int: 2", "advert_int: ^0.5", Told("version 2 counts whole", "vrrp_version: 3")),
    Case("advert_int: 2", "advert_int: ^0.015", Told("invalid advert_int `0.015`", "hundredths")),
    Case(
        "preempt: true",
        "preempt_delay: ^1001",
        Told("invalid preempt_delay `1001`", "from 0 to 1000"),
    ),
    Case("delay_loop: 2", "delay_loop: ^0", Told("invalid delay_loop `0`", "more than 0")),
    Case("port: 25", "port: ^65536", Told("invalid port `65536`", "from 1 to 65535")),
    // Names
    Case(
        "name: server04.domain.ru",
        "name: ^../etc",
        Told("invalid host name `../etc`", "server01.domain.ru"),
    ),
    Case("name: server04.domain.ru", "name: ^SERVER01.domain.ru", Told("two nodes", "correct one")),
    Case("interface: eth0", "interface: ^lo", Told("loopback interface", "network interface")),
    Case(
        "from: keepalived@",
        "from: ^keepalived/",
        Told("invalid mail address `keepalived/domain.ru`", "unix_adm@domain.ru"),
    ),
    Case("lb_algo: wlc", "lb_algo: ^wlx", Told("invalid lb_algo `wlx`", "rr, wrr, lc, wlc")),
    Case("lb_kind: DR", "lb_kind: ^NAT", Told("directors are the real servers", "write DR")),
    Case("type: SMTP_CHECK", "type: ^HTTP", Told("invalid type `HTTP`", "SMTP_CHECK, TCP_CHECK")),
    Case("preempt: true", "state: ^MASTER", Told("can't be asked for", "write BACKUP")),
    Case(
        "port: 25",
        "port: 25\n    vrrp_instance: ^mail",
        Told("no VRRP instance `mail`", "did you mean `mail_relay`?"),
    ),
    // What is new at the top
    Case("nodes:", "keep_sessions: ^maybe\nnodes:", Told("neither true nor false", "write true")),
    Case(
        "nodes:",
        "drain_file: ^drain\nnodes:",
        Told("invalid path `drain`", "/run/keepalived-lvskit/drain"),
    ),
    Case(
        "nodes:",
        "drain_file: ^/run/\nnodes:",
        Told("invalid path `/run/`", "/run/keepalived-lvskit/drain"),
    ),
    Case(
        "  smtp_server:",
        "  vrrp_version: ^4\n  smtp_server:",
        Told("invalid vrrp_version `4`", "write one of 2, 3"),
    ),
    Case(
        "  smtp_server:",
        "  lvs_sync_daemon: ^eth0 mail\n  smtp_server:",
        Told("invalid interface name `eth0 mail`", "such as eth0"),
    ),
    // Versions and elections
    Case(
        "preempt: true",
        "preempt: false\n    preempt_delay: ^5",
        Told("`preempt: false` forbids", "remove `preempt_delay`"),
    ),
    Case(
        "preempt: true",
        "nodes: [server01.domain.ru, server02.domain.ru, server03.domain.ru, ^server05]",
        Told("no node `server05`", "section `nodes`"),
    ),
    Case(
        "preempt: true",
        "nodes: [server02.domain.ru, server01.domain.ru, server03.domain.ru, ^server02.domain.ru]",
        Told("stands twice in the order", "remove or correct"),
    ),
    Case(
        "preempt: true",
        "priority: 50\n    ^nodes: [server02.domain.ru, server01.domain.ru, server03.domain.ru, \
         server04.domain.ru]",
        Told("all have the same priority", "remove `nodes`"),
    ),
    // Virtual addresses
    Case(VIP, "virtual_ipaddress: ^192.168.3.0/24", Told("a network, not", "192.168.3.100/24")),
    Case(
        VIP,
        "virtual_ipaddress: ^192.168.3.100/33",
        Told("invalid prefix length `33` of an IPv4", "1 to 32"),
    ),
    Case(
        VIP,
        "virtual_ipaddress: {address: 192.168.3.100, ^interface: eth1}",
        Told(
            "unknown key `interface` in `virtual_ipaddress`",
            "`lvskit explain vrrp_instance.virtual_ipaddress`",
        ),
    ),
    Case(
        VIP,
        "virtual_ipaddress: {address: 192.168.3.100, dev: ^lo}",
        Told("loopback interface", "network interface"),
    ),
    Case(
        VIP,
        "virtual_ipaddress: [192.168.3.100, {address: ^192.168.3.100/24}]",
        Told("VIP stands twice", "remove"),
    ),
    // Families
    Case("address: 192.168.3.104", "^address: []", Told("a node without addresses", "write one")),
    Case(
        "192.168.3.104",
        "^fd00::4",
        Told("this node has no IPv4 address", "`address: [fd00::4, ...]`"),
    ),
    Case(
        VIP,
        "virtual_ipaddress: [192.168.3.100, ^'fd00::100']",
        Told("IPv4 and IPv6 addresses in one", "an instance for each"),
    ),
    // Services
    Case("protocol: TCP", "protocol: ^DCCP", Told("invalid protocol `DCCP`", "TCP, UDP, SCTP")),
    Case(
        "type: SMTP_CHECK",
        "type: ^UDP_CHECK\n      #",
        Told("UDP_CHECK can't check a TCP service", "TCP_CHECK"),
    ),
    Case(
        "lb_algo: wlc",
        "lb_algo: wlc\n    ^mh-port: true",
        Told("`mh-port` has no effect with `lb_algo: wlc`", "`lb_algo: mh`"),
    ),
    Case(
        "lb_algo: wlc",
        "lb_algo: mh\n    ^sh-fallback: true",
        Told("has no effect with `lb_algo: ", "`lb_algo: sh`"),
    ),
    Case("lb_algo: wlc", "lb_algo: mh\n    mh-port: ^1", Told("neither true nor false", "true or")),
    // Wrong types
    Case(
        "port: 25",
        "port: ^[25]",
        Told("`port` is one value, not a list", "a virtual_server for each port"),
    ),
    Case("port: 25", "port: ^{a: 25}", Told("one value, not a section", "write one value")),
    Case("interface: eth0", "interface^:", Told("`interface` has no value", "remove the key")),
    Case(
        FIRST,
        "- ^server01.domain.ru",
        Told("a node is a section", "write `- {name: ..., address: ...}`"),
    ),
    Case(CHECK, "check: ^SMTP_CHECK", Told("`check` is a section", "write `check: {type: ...}`")),
    Case(FIRST, "-^", Told("a node has no lines below it", "write `- {name: ..., address: ...}`")),
    Case(
        "weight: 1\n",
        "real_server: [^192.168.3.101]\n",
        Told("a real_server is a section", "write `- {address: ...}`"),
    ),
    Case(
        AUTHENTICATION,
        "authentication: ^[]",
        Told("`authentication` is a section", "{auth_pass: ...}"),
    ),
    // YAML
    Case("  - {name: server01", "^\t- {name: server01", Told("a tab in the", "write blanks")),
    Case(VIP, "virtual_ipaddress: ^\"192.168.3.100", Told("a quote is not closed", "close the")),
    Case(FIRST, "- ^{name: server01.domain.ru]", Told("`{` is closed by `]`", "close the")),
];

/// Runs the program on a wrong inventory; returns what it said. Nothing may have changed on disk.
pub fn refused(inventory: &str) -> String {
    let place = Place::with(inventory);
    place.write("out/server01.domain.ru/keepalived.conf", "old");
    let before = place.files();
    let Run { code, stdout, stderr } = place.run("--out-dir out");
    assert_eq!((code, stdout.as_str()), (Some(1), ""), "{stderr}");
    assert_eq!(place.files(), before, "{stderr}");
    assert!(stderr.ends_with("nothing was written\n"), "{stderr}");
    let to_stdout = place.run("--stdout");
    assert_eq!((to_stdout.code, to_stdout.stdout.as_str()), (Some(1), ""));
    assert_eq!(to_stdout.stderr, stderr);
    stderr
}

/// How many problems a report has.
fn count(report: &str) -> usize {
    report.lines().filter(|line| line.contains("--> inventory.yml:")).count()
}

/// `LINE:COLUMN` of a byte, and the line itself, as the report shows it.
pub fn place_of(text: &str, byte: usize) -> (String, String) {
    let before = &text[..byte];
    let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
    let number = before.matches('\n').count() + 1;
    let line = text.lines().nth(number - 1).unwrap_or_default().replace('\t', "    ");
    (format!("{number}:{column}"), format!("{number} | {line}").trim_end().to_owned())
}

#[test]
fn each_problem_is_told_with_its_place_and_its_cure() {
    ALL.into_iter().for_each(told);
}

/// Each problem is told with its place, its line and its cure.
fn told(cases: &[Case]) {
    for Case(from, to, Told(title, cure)) in cases {
        let marked = edited(&[(from, to)]);
        let Some(byte) = marked.find('^') else {
            // The place is that of the section around.
            let report = refused(&marked);
            assert!(report.contains(title) && report.contains(cure), "{report}");
            continue;
        };
        let inventory = marked.replacen('^', "", 1);
        let report = refused(&inventory);
        let (place, line) = place_of(&inventory, byte);
        let place = format!("--> inventory.yml:{place}\n");
        for part in [&place, *title, cure, &line] {
            assert!(report.contains(part), "no {part:?} after {to:?}:\n{report}");
        }
    }
}

#[test]
fn one_mistake_is_one_problem() {
    alone(ALL.into_iter().flatten().filter(|Case(_, to, _)| !to.contains("nodez")));
}

/// No problem makes another one.
fn alone<'a>(cases: impl IntoIterator<Item = &'a Case>) {
    for Case(from, to, _) in cases {
        let report = refused(&edited(&[(from, to)]).replacen('^', "", 1));
        assert_eq!(count(&report), 1, "{to:?}:\n{report}");
        assert!(report.contains("error: inventory.yml: 1 problem; nothing was written"));
    }
}

/// Takes a section out of the article's inventory, from its key to the next.
fn without(section: &str, next: &str) -> String {
    let from = ARTICLE.find(&format!("\n{section}:")).unwrap() + 1;
    let to = ARTICLE.find(&format!("\n{next}:")).unwrap() + 1;
    [&ARTICLE[..from], &ARTICLE[to..]].concat()
}

#[test]
fn a_cluster_needs_nodes_and_an_instance() {
    let (no_nodes, no_instance) =
        (without("nodes", "vrrp_instance"), without("vrrp_instance", "virtual_server"));
    let (nothing, _) = no_instance.split_once("\nvirtual_server:").unwrap();
    let key = "\nnodes:";
    for (inventory, title) in [
        (no_nodes.clone(), "`nodes` is missing in `inventory`"),
        (format!("{no_nodes}{key} []\n"), "a cluster without nodes"),
        (format!("{no_nodes}{key}\n"), "list at least one node: `- {name: "),
        (format!("{no_nodes}{key} server01\n"), "`nodes` is a list"),
        (nothing.to_owned(), "`vrrp_instance` is missing in `inventory`"),
        (no_instance.clone(), "port 25 of which address? There is no vrrp_instance"),
        (format!("{no_instance}\nvrrp_instance: []\n"), "`vrrp_instance` is a section"),
    ] {
        let report = refused(&inventory);
        assert!(report.contains(title), "{title}: {report}");
    }
}

/// A hook without addresses guards nothing, and fails each time that it is run.
#[test]
fn an_instance_without_addresses_is_refused() {
    refused(&edited(&[(VIP, "virtual_ipaddress: []")]));
}

#[test]
fn a_cluster_without_instances_is_refused() {
    let (before, _) = ARTICLE.split_once("vrrp_instance:").unwrap();
    refused(&format!("{before}vrrp_instance: {{}}\n"));
}

/// The keys that are known in a place are listed once each.
#[test]
fn known_keys_are_listed_once() {
    let report = refused(&edited(&[("nodes:", "failure_detection: {q: 2}\nnodes:")]));
    let (_, known) = report.split_once("known here: ").unwrap();
    let mut keys: Vec<&str> = known.lines().next().unwrap().split(", ").collect();
    let all = keys.len();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), all, "{report}");
}

#[test]
fn an_inventory_of_nothing_is_refused() {
    for text in
        ["", "\n", "  \n", "# only a comment\n", "~\n", "[]\n", "nodes\n", "---\n", "\u{feff}"]
    {
        let report = refused(text);
        assert!(count(&report) >= 1, "{text:?}: {report}");
    }
    assert!(refused("").contains("the inventory is empty"));
}

#[test]
fn places_count_characters_not_bytes() {
    let inventory = edited(&[("  smtp_server: 192.168.3.1", "  ж: {ключ: 1}")]);
    let report = refused(&inventory);
    assert!(report.contains("--> inventory.yml:9:3\n"), "{report}");
    assert!(report.contains("9 |   ж: {ключ: 1}"), "{report}");
}

#[test]
fn every_problem_is_told_in_one_run() {
    let report = refused(include_str!("problems.yml"));
    assert_data_eq!(report, file!["problems.txt"].raw());
}

#[test]
fn an_unknown_node_is_named_together_with_those_that_there_are() {
    let place = Place::with(ARTICLE);
    let options = "--out-dir out --node server01.domain.ru --node server05.domain.ru";
    let Run { code, stdout, stderr } = place.run(options);
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert_eq!(
        stderr,
        "error: inventory.yml: no node `server05.domain.ru`; the inventory has server01.domain.ru, \
         server02.domain.ru, server03.domain.ru, server04.domain.ru\n"
    );
    assert_eq!(place.written(), [""; 0]);
}
