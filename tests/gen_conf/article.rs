//! The article's keepalived.conf, directive by directive: server01's file must say all of it, in
//! the same blocks, and nothing else but the differences that are listed here.

use crate::blocks::{Statement, statements};
use crate::matrix::inventories;
use crate::place::{ARTICLE, NODES, Place, Run};

const INSTANCE: &str = "vrrp_instance mail_relay";

/// What the article's file says outside the real servers: block and statement.
const DIRECTIVES: &[(&str, &str)] = &[
    ("global_defs / notification_email", "unix_adm@domain.ru"),
    ("global_defs", "notification_email_from keepalived@domain.ru"),
    ("global_defs", "smtp_server 192.168.3.1"),
    ("global_defs", "smtp_connect_timeout 30"),
    ("global_defs", "router_id server01.domain.ru"),
    (INSTANCE, "state MASTER"),
    (INSTANCE, "interface eth0"),
    (INSTANCE, "virtual_router_id 11"),
    (INSTANCE, "priority 100"),
    (INSTANCE, "advert_int 2"),
    ("vrrp_instance mail_relay / authentication", "auth_type PASS"),
    ("vrrp_instance mail_relay / authentication", "auth_pass mrelay"),
    ("vrrp_instance mail_relay / virtual_ipaddress", "192.168.3.100"),
    (INSTANCE, "preempt"),
    (INSTANCE, r#"notify_master "/etc/keepalived/bypass_ipvs.py -r 192.168.3.100""#),
    (INSTANCE, r#"notify_backup "/etc/keepalived/bypass_ipvs.py -a 192.168.3.100""#),
    (INSTANCE, r#"notify_fault "/etc/keepalived/bypass_ipvs.py -a 192.168.3.100""#),
    ("virtual_server 192.168.3.100 25", "delay_loop 2"),
    ("virtual_server 192.168.3.100 25", "lb_algo wlc"),
    ("virtual_server 192.168.3.100 25", "lb_kind DR"),
    ("virtual_server 192.168.3.100 25", "protocol TCP"),
];

/// What it says in each real server, and in the block of its check.
const OF_A_REAL_SERVER: &[(&str, &str)] = &[
    ("", "weight 1"),
    (" / SMTP_CHECK", "connect_timeout 5"),
    (" / SMTP_CHECK", "retry 3"),
    (" / SMTP_CHECK", "helo_name smtpchecker.domain.ru"),
];

/// The article shows the first and says that the others are alike.
const REAL_SERVERS: [&str; 4] =
    ["192.168.3.101", "192.168.3.102", "192.168.3.103", "192.168.3.104"];

/// The hook that takes the place of the article's script, and keeps open sessions.
const HOOK: (&str, &str) = (
    "/etc/keepalived/bypass_ipvs.py",
    "/usr/libexec/keepalived/bypass-ipvs --keep-sessions --service tcp/25",
);

/// What the article does not have: a stopped node must go on serving, a script that needs root has
/// to say so, sessions outlive a switch, and a node can be drained.
const ADDED: &[(&str, &str)] = &[
    ("global_defs", "enable_script_security"),
    ("global_defs", "script_user root"),
    ("global_defs", "lvs_sync_daemon eth0 id 11"),
    ("track_file lvskit_drain", "file /run/keepalived-lvskit/drain"),
    ("track_file lvskit_drain", "weight 0"),
    ("vrrp_instance mail_relay / track_file", "lvskit_drain weight 0"),
    (
        INSTANCE,
        r#"notify_stop "/usr/libexec/keepalived/bypass-ipvs --keep-sessions --service tcp/25 -a 192.168.3.100""#,
    ),
];

fn articles_statements() -> Vec<Statement> {
    let own = |&(block, line): &(&str, &str)| (block.to_owned(), line.replace(HOOK.0, HOOK.1));
    let mut all: Vec<Statement> = DIRECTIVES.iter().chain(ADDED).map(own).collect();
    for server in REAL_SERVERS {
        all.extend(OF_A_REAL_SERVER.iter().map(|(block, line)| {
            let server = format!("virtual_server 192.168.3.100 25 / real_server {server} 25");
            (format!("{server}{block}"), (*line).to_owned())
        }));
    }
    all
}

#[test]
fn every_directive_of_the_article_stands_in_its_block() {
    let mut rendered = statements(&Place::with(ARTICLE).rendered(NODES[0]));
    let mut expected = articles_statements();
    rendered.sort();
    expected.sort();
    let missing: Vec<_> = expected.iter().filter(|line| !rendered.contains(line)).collect();
    let beyond: Vec<_> = rendered.iter().filter(|line| !expected.contains(line)).collect();
    assert!(missing.is_empty() && beyond.is_empty(), "missing {missing:?}, beyond {beyond:?}");
    assert_eq!(rendered, expected, "a statement stands twice");
}

#[test]
fn global_defs_comes_first_and_in_it_what_scripts_depend_on() {
    let rendered = Place::with(ARTICLE).rendered(NODES[0]);
    let first: Vec<Statement> = statements(&rendered).into_iter().take(2).collect();
    let expected = ["enable_script_security", "script_user root"];
    assert_eq!(first, expected.map(|line| ("global_defs".to_owned(), line.to_owned())));
}

#[test]
fn the_other_nodes_differ_in_state_priority_and_name_only() {
    let place = Place::with(ARTICLE);
    let first = place.rendered(NODES[0]);
    for (node, priority) in NODES.into_iter().zip(["100", "90", "80", "70"]).skip(1) {
        let expected = first
            .replacen("state MASTER", "state BACKUP", 1)
            .replacen("priority 100", &format!("priority {priority}"), 1)
            .replacen("router_id server01.domain.ru", &format!("router_id {node}"), 1);
        assert_eq!(place.rendered(node), expected, "{node}");
    }
}

#[test]
fn the_committed_files_are_what_the_program_renders() {
    let committed = [
        &include_bytes!("../../keepalived/server01.domain.ru/keepalived.conf")[..],
        include_bytes!("../../keepalived/server02.domain.ru/keepalived.conf"),
        include_bytes!("../../keepalived/server03.domain.ru/keepalived.conf"),
        include_bytes!("../../keepalived/server04.domain.ru/keepalived.conf"),
    ];
    let place = Place::with(include_str!("../../keepalived/inventory.yml"));
    place.run("--out-dir out").success();
    for (node, committed) in NODES.into_iter().zip(committed) {
        let file = format!("out/{node}/keepalived.conf");
        let rendered = std::fs::read(place.path(&file)).unwrap();
        assert!(rendered == committed, "render it again: lvskit gen-conf --out-dir keepalived");
    }
    let expected = NODES.map(|node| format!("out/{node}/keepalived.conf"));
    assert_eq!(place.written(), expected, "four files and no others");
}

/// Who begins with a sample should not have to ask what a warning means.
#[test]
fn the_samples_give_no_warnings() {
    for (name, text) in inventories().into_iter().filter(|(name, _)| name != "article") {
        let Run { code, stderr, .. } = Place::with(&text).run("--out-dir out");
        assert_eq!(code, Some(0), "{name}: {stderr}");
        assert!(!stderr.contains("warning: "), "{name}: {stderr}");
    }
}

/// The example and the samples name their networks, so that a slip of the pen is found.
#[test]
fn a_vip_off_the_network_of_the_example_is_refused() {
    for (name, text) in inventories() {
        // It is the article's, and the article says nothing of networks.
        if name == "article" || !text.contains("\nvrrp_instance:") {
            continue;
        }
        let vip =
            text.lines().find(|line| line.contains("virtual_ipaddress: 192.168.3.1")).unwrap();
        let wrong = text.replacen(vip, &vip.replace("192.168.3.", "192.168.30."), 1);
        let Run { code, stderr, .. } = Place::with(&wrong).run("--out-dir out");
        assert_eq!(code, Some(1), "{name}: {stderr}");
        assert!(stderr.contains(" is not in 192.168.3.0/24"), "{name}: {stderr}");
    }
}
