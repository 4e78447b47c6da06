//! Kinds of clusters as people publish them, written for the tests in `clusters`.

/// A kind of cluster: its name, how many files of it there are, what these say, and what the inventory
/// must have.
pub type Kind = (&'static str, usize, fn(usize) -> String, &'static [&'static str]);

/// The global definitions of a node, with more.
fn globals(node: usize, more: &str) -> String {
    format!(
        "global_defs {{\n    router_id lb{node}\n    enable_script_security\n    script_user root\n{more}}}\n"
    )
}

/// An instance of two nodes; the first has the higher priority.
fn instance(node: usize, name: &str, id: u8, more: &str) -> String {
    let (state, priority) = if node == 1 { ("MASTER", 150) } else { ("BACKUP", 160 - 10 * node) };
    format!(
        "vrrp_instance {name} {{\n    state {state}\n    interface eth0\n    virtual_router_id {id}\n    \
         priority {priority}\n    advert_int 1\n    virtual_ipaddress {{\n        192.0.2.{id}/24\n    \
         }}\n{more}}}\n"
    )
}

/// An instance of the inner network, too.
fn inner(node: usize) -> String {
    (plain(node, "", "")
        + &instance(node, "VI_2", 52, &unicast(node, 2, "")).replace("eth0", "eth1"))
        .replacen("192.0.2.52", "198.51.100.52", 1)
        .rsplit_once("unicast_src_ip")
        .map(|(outer, rest)| {
            format!("{outer}unicast_src_ip{}", rest.replace("192.0.2.", "198.51.100."))
        })
        .unwrap_or_default()
}

/// Peers of a node, of so many.
fn unicast(node: usize, of: usize, length: &str) -> String {
    let peers = (1..=of).filter(|peer| *peer != node);
    let peers: String = peers.map(|peer| format!("        192.0.2.{peer}{length}\n")).collect();
    format!("    unicast_src_ip 192.0.2.{node}{length}\n    unicast_peer {{\n{peers}    }}\n")
}

fn plain(node: usize, globals_more: &str, more: &str) -> String {
    let more = unicast(node, 2, "") + more;
    globals(node, globals_more) + &instance(node, "VI_1", 51, &more)
}

fn script(lines: &str) -> String {
    format!("vrrp_script chk {{\n{lines}}}\n")
}

const TRACKED: &str = "    track_script {\n        chk\n    }\n";

/// A virtual server of the cluster's address, and two servers of an inner network.
fn balanced(node: usize, head: &str, more: &str, check: &str) -> String {
    let server = |last: usize| {
        format!("    real_server 198.51.100.{last} 80 {{\n        weight {last}\n{check}    }}\n")
    };
    plain(node, "", "")
        + &format!(
            "virtual_server {head} {{\n    delay_loop 6\n{more}{}{}}}\n",
            server(1),
            server(2)
        )
}

const NAT: &str = "    lb_algo wrr\n    lb_kind NAT\n    protocol TCP\n";
const UDP: &str = "    lb_algo wrr\n    lb_kind NAT\n    protocol UDP\n";
const TCP: &str = "        TCP_CHECK {\n            connect_timeout 3\n        }\n";
const VIP: &str = "192.0.2.51 80";

pub const KINDS: &[Kind] = &[
    (
        "multicast",
        2,
        |n| globals(n, "") + &instance(n, "VI_1", 51, &format!("    mcast_src_ip 192.0.2.{n}\n")),
        &[],
    ),
    ("unicast", 2, |n| plain(n, "", ""), &["unicast: true"]),
    ("unicast in two networks", 2, inner, &["address: [192.0.2.2, 198.51.100.2]"]),
    (
        "one file of two networks",
        1,
        inner,
        &["address: [192.0.2.1, 198.51.100.1]", "address: [192.0.2.2, 198.51.100.2]"],
    ),
    (
        "two files of three, in two networks",
        2,
        |n| {
            let third = |file: String, outer: &str| {
                let peer = format!("        {outer}{}\n", 3 - n);
                file.replace(&peer, &format!("{peer}        {outer}3\n"))
            };
            third(third(inner(n), "192.0.2."), "198.51.100.")
        },
        &["address: [192.0.2.3, 198.51.100.3]"],
    ),
    (
        "another network's address is excluded",
        2,
        |n| {
            plain(n, "", "")
                + &instance(n, "VI_2", 52, &unicast(n, 2, "").replace("192.0.2.", "198.51.100."))
                    .replace("192.0.2.52/24\n    }", "203.0.113.52\n    }\n    virtual_ipaddress_excluded {\n        198.51.100.52/24\n    }")
        },
        &["unicast_src_ip: 198.51.100.1"],
    ),
    ("unicast of three", 3, |n| globals(n, "") + &instance(n, "VI_1", 51, &unicast(n, 3, "")), &[]),
    (
        "one file of three",
        1,
        |n| globals(n, "") + &instance(n, "VI_1", 51, &unicast(n, 3, "")),
        &["{name: lb2, address: 192.0.2.2}", "{name: lb3, address: 192.0.2.3}"],
    ),
    (
        "two files of three",
        2,
        |n| globals(n, "") + &instance(n, "VI_1", 51, &unicast(n, 3, "")),
        &["name: lb3, address: 192.0.2.3"],
    ),
    ("the second file of two", 1, |_| plain(2, "", ""), &["name: lb3, address: 192.0.2.1"]),
    (
        "addresses with lengths",
        2,
        |n| globals(n, "") + &instance(n, "VI_1", 51, &unicast(n, 2, "/24")),
        &[],
    ),
    (
        "a program with a path",
        2,
        |n| {
            script("    script \"/usr/bin/test -e /run/up\"\n    interval 2\n    weight -20\n")
                + &plain(n, "", TRACKED)
        },
        &[],
    ),
    (
        "a program without a path",
        2,
        |n| script("    script \"test -e /run/up\"\n    interval 2\n") + &plain(n, "", TRACKED),
        &["/bin/test -e /run/up"],
    ),
    (
        "a program for each node",
        2,
        |n| {
            script(&format!("    script \"/usr/bin/test -e /run/of-{n}\"\n    interval 2\n"))
                + &plain(n, "", TRACKED)
        },
        &["of-1", "of-2"],
    ),
    (
        "another weight on one node",
        3,
        |n| {
            let own = if n == 3 { "    weight -5\n    fall 4\n" } else { "    weight -20\n" };
            script(&format!("    script \"/usr/bin/test -e /run/up\"\n{own}"))
                + &globals(n, "")
                + &instance(n, "VI_1", 51, &(unicast(n, 3, "") + TRACKED))
        },
        &["weight: -20", "weight: -5"],
    ),
    (
        "a program on one node only",
        2,
        |n| match n {
            1 => {
                script("    script \"/usr/bin/test -e /run/up\"\n    weight -60\n")
                    + &plain(n, "", TRACKED)
            }
            _ => plain(n, "", ""),
        },
        &[],
    ),
    (
        "a tracked interface",
        2,
        |n| plain(n, "", "    track_interface {\n        eth1 weight -60\n    }\n"),
        &[],
    ),
    (
        "a tracked file",
        2,
        |n| {
            format!("track_file drain {{\n    file /run/drain{n}\n    weight -60\n}}\n")
                + &plain(n, "", "    track_file {\n        drain\n    }\n")
        },
        &["/run/drain1", "/run/drain2"],
    ),
    (
        "a sync group",
        2,
        |n| {
            plain(n, "", "")
                + &instance(n, "VI_2", 52, &unicast(n, 2, ""))
                + "vrrp_sync_group G {\n    group {\n        VI_1\n        VI_2\n    }\n    smtp_alert\n}\n"
        },
        &["group: [VI_1, VI_2]"],
    ),
    (
        "a sync group of one",
        2,
        |n| {
            plain(n, "", "")
                + "vrrp_sync_group G {\n    group {\n        VI_1\n    }\n    notify_master \"/usr/bin/test master\"\n}\n"
        },
        &["notify_master"],
    ),
    (
        "other names on each node",
        2,
        |n| globals(n, "") + &instance(n, &format!("VI_{n}"), 51, &unicast(n, 2, "")),
        &["  VI_1:"],
    ),
    (
        "active-active",
        2,
        |n| plain(n, "", "") + &instance(3 - n, "VI_2", 52, &unicast(n, 2, "")),
        &["VI_2:"],
    ),
    (
        "nopreempt",
        2,
        |n| plain(n, "", "    nopreempt\n").replace("MASTER", "BACKUP"),
        &["preempt: false"],
    ),
    (
        "preempt_delay",
        2,
        |n| plain(n, "", "    preempt_delay 30\n").replace("MASTER", "BACKUP"),
        &["preempt_delay: 30"],
    ),
    (
        "a password",
        2,
        |n| {
            plain(
                n,
                "",
                "    authentication {\n        auth_type PASS\n        auth_pass s3cr3t\n    }\n",
            )
        },
        &[],
    ),
    (
        "a password that is too long",
        2,
        |n| {
            plain(
                n,
                "",
                "    authentication {\n        auth_type PASS\n        auth_pass s3cr3t-and-more\n    }\n",
            )
        },
        &["s3cr3t-a}"],
    ),
    (
        "VRRP version 3",
        2,
        |n| plain(n, "    vrrp_version 3\n", "").replace("advert_int 1", "advert_int 0.2"),
        &["vrrp_version: 3"],
    ),
    (
        "several addresses",
        2,
        |n| {
            plain(n, "", "")
                .replace("51/24\n", "51/24 dev eth0\n        192.0.2.61/24 dev eth0 label eth0:1\n")
        },
        &["virtual_ipaddress:\n      - 192.0.2.51/24\n"],
    ),
    (
        "addresses beside adverts",
        2,
        |n| plain(n, "", "    virtual_ipaddress_excluded {\n        2001:db8::51/64\n    }\n"),
        &["virtual_ipaddress_excluded"],
    ),
    (
        "the old sync daemon",
        2,
        |n| plain(n, "", "    lvs_sync_daemon_interface eth0\n"),
        &["lvs_sync_daemon: eth0"],
    ),
    (
        "a sync daemon",
        2,
        |n| plain(n, "    lvs_sync_daemon eth0 VI_1 id 51\n", ""),
        &["lvs_sync_daemon: eth0"],
    ),
    ("NAT", 2, |n| balanced(n, VIP, NAT, TCP), &[]),
    (
        "direct routing",
        2,
        |n| balanced(n, VIP, "    lb_algo rr\n    lb_kind DR\n    protocol TCP\n", TCP),
        &[],
    ),
    (
        "old names",
        2,
        |n| {
            balanced(
                n,
                VIP,
                "    lvs_sched wrr\n    lvs_method NAT\n    protocol TCP\n",
                "        HTTP_GET {\n            url {\n                path /\n                status_code 200\n            }\n            nb_get_retry 3\n        }\n",
            )
        },
        &["retry: 3"],
    ),
    (
        "HTTP",
        2,
        |n| {
            balanced(
                n,
                VIP,
                NAT,
                "        HTTP_GET {\n            url {\n                path /a\n                status_code 200\n            }\n            url {\n                path /b\n                digest 9b3a0c85a887a256d6939da88aabd8cd\n            }\n            connect_port 8080\n            delay_before_retry 3\n        }\n",
            )
        },
        &[],
    ),
    (
        "HTTPS",
        2,
        |n| {
            balanced(
                n,
                "192.0.2.51 443",
                NAT,
                "        SSL_GET {\n            url {\n                path /\n                status_code 200\n            }\n        }\n",
            )
        },
        &[],
    ),
    (
        "a program as a check",
        2,
        |n| {
            balanced(
                n,
                VIP,
                NAT,
                "        MISC_CHECK {\n            misc_path \"/usr/bin/test -e /run/up\"\n            misc_timeout 5\n        }\n",
            )
        },
        &[],
    ),
    (
        "mail",
        2,
        |n| {
            balanced(
                n,
                "192.0.2.51 25",
                NAT,
                "        SMTP_CHECK {\n            helo_name lb.example.org\n            connect_timeout 5\n        }\n",
            )
        },
        &[],
    ),
    (
        "DNS",
        2,
        |n| {
            balanced(
                n,
                "192.0.2.51 53",
                UDP,
                "        DNS_CHECK {\n            type A\n            name example.org\n        }\n",
            )
        },
        &[],
    ),
    (
        "a firewall mark",
        2,
        |n| balanced(n, "fwmark 7", "    lb_algo wrr\n    lb_kind NAT\n", TCP),
        &["fwmark: 7"],
    ),
    (
        "a group of services",
        2,
        |n| {
            balanced(n, "group WEB", NAT, TCP)
                + "virtual_server_group WEB {\n    192.0.2.51 80\n    192.0.2.51 8080\n}\n"
        },
        &["group: WEB"],
    ),
    (
        "a sorry server",
        2,
        |n| balanced(n, VIP, &format!("{NAT}    sorry_server 198.51.100.9 80\n"), TCP),
        &["sorry_server"],
    ),
    (
        "a quorum",
        2,
        |n| {
            balanced(
                n,
                VIP,
                &format!(
                    "{NAT}    quorum 2\n    hysteresis 1\n    quorum_up \"/usr/bin/test up\"\n"
                ),
                TCP,
            )
        },
        &["quorum: 2"],
    ),
    (
        "persistence",
        2,
        |n| {
            balanced(
                n,
                VIP,
                &format!(
                    "{NAT}    persistence_timeout 50\n    persistence_granularity 255.255.255.0\n"
                ),
                TCP,
            )
        },
        &[],
    ),
    (
        "static routes",
        2,
        |n| plain(n, "", "") + "static_routes {\n    203.0.113.0/24 via 192.0.2.254 dev eth0\n}\n",
        &["raw: |"],
    ),
    (
        "virtual routes",
        2,
        |n| {
            plain(
                n,
                "",
                "    virtual_routes {\n        203.0.113.0/24 via 192.0.2.254 dev eth0\n    }\n",
            )
        },
        &[],
    ),
    (
        "notify scripts",
        2,
        |n| {
            plain(
                n,
                "",
                "    notify \"/usr/bin/test any\"\n    notify_master \"/usr/bin/test master\" root\n",
            )
        },
        &[],
    ),
    (
        "mails to root",
        2,
        |n| {
            plain(
                n,
                "    notification_email {\n        root\n    }\n    notification_email_from keepalived@lb.example.org\n    smtp_server 127.0.0.1\n",
                "    smtp_alert\n",
            )
        },
        &["root"],
    ),
    (
        "definitions",
        2,
        |n| format!("$ID=51\n{}", plain(n, "", "").replace("id 51", "id $ID")),
        &["virtual_router_id: 51"],
    ),
    (
        "a sequence",
        2,
        |n| plain(n, "", "").replace("192.0.2.51/24", "~SEQ(LAST, 51, 53) 192.0.2.${LAST}/24"),
        &["192.0.2.53/24"],
    ),
    (
        "its own folder",
        2,
        |n| script("    script \"${_PWD}/up.sh\"\n    user nobody\n") + &plain(n, "", TRACKED),
        &["/etc/keepalived/up.sh"],
    ),
    (
        "all in few lines",
        2,
        |n| {
            format!(
                "! of node {n}\nglobal_defs {{ router_id lb{n} }} # here\nvrrp_instance VI_1 {{ interface eth0\nvirtual_router_id 51\npriority {}\nunicast_src_ip 192.0.2.{n}\nunicast_peer {{ 192.0.2.{} }}\nvirtual_ipaddress {{ 192.0.2.51/24 }} }}\n",
                160 - 10 * n,
                3 - n
            )
        },
        &[],
    ),
    (
        "gratuitous ARP",
        2,
        |n| plain(n, "    vrrp_garp_master_refresh 60\n", "    garp_master_delay 10\n"),
        &["garp_master_delay: 10"],
    ),
    (
        "a virtual MAC address",
        2,
        |n| {
            globals(n, "")
                + &instance(
                    n,
                    "VI_1",
                    51,
                    "    use_vmac\n    vmac_xmit_base\n    mcast_src_ip 192.0.2.9\n",
                )
                .replace(".9\n", &format!(".{n}\n"))
        },
        &["use_vmac: true"],
    ),
];
