//! The kinds of what makes no sense, in more shapes than the one that `lints` has of each finding; and what only looks
//! like it, under an empty name.

use crate::lints::{
    CHECK, Edits, INSTANCE, MAILS, NO_BYPASS, NODES, OTHERS, S1, S2, SCRIPT, SECOND, SERVER, TOP,
    VIP, VRID, edited, found,
};

#[track_caller]
fn case(id: &str, edits: Edits<'_>) {
    let text = edited(edits);
    let found = found(&text);
    match id.is_empty() {
        true => assert!(found.is_empty(), "{found:?} in:\n{text}"),
        false => assert!(found.contains(id), "{id} is not in {found:?} of:\n{text}"),
    }
}

/// What is found, and where; a line each.
macro_rules! all {
    ($($id:tt: $edits:expr;)*) => { $(case($id, &$edits);)* };
}

const BFD: (&str, &str) = (NODES, "bfd_instance: {b: {neighbor_ip: 192.168.3.9}}\nnodes:");

const PROCESS: [(&str, &str); 3] = [
    (NODES, "vrrp_track_process: {squid: {process: squid}}\nnodes:"),
    (NODES, "vrrp_track_process: {squid: {process: squid, weight: -5}}\nnodes:"),
    (NODES, "vrrp_track_process: {squid: {process: squid, weight: -15}}\nnodes:"),
];

#[test]
fn failovers() {
    let id = "weight-never-moves";
    let second = "  mail: {interface: eth0, virtual_router_id: 12, virtual_ipaddress: 192.168.3.110}\n\
                  virtual_server:\n  - {vrrp_instance: mail, port: 25, delay_loop: 5, lb_algo: wlc, check: []}\n  \
                  - port: 80\n    vrrp_instance: web\n";
    let group = |more: &str| {
        format!(
            "vrrp_script: {{chk: {{script: /usr/bin/true}}}}\n\
             vrrp_sync_group: {{g: {{group: [web, mail]{more}}}}}\nnodes:"
        )
    };
    let tracking = |weight: &str| format!("    interface: eth0\n    track_script: chk{weight}\n");
    all! {
        // A weight that is added while it works, on the first node only.
        id: [SCRIPT, (S1, "{name: s1, address: 192.168.3.101, vrrp_instance: {web: {track_script: chk weight 50}}}")];
        id: [BFD, (INSTANCE, "    interface: eth0\n    track_bfd: b weight -5\n")];
        "": [BFD, (INSTANCE, "    interface: eth0\n    track_bfd: b weight -15\n")];
        id: [BFD, (INSTANCE, "    interface: eth0\n    preempt: false\n    track_bfd: b weight -50\n")];
        // What is said where the process is defined; keepalived's own is 1.
        id: [PROCESS[0], (INSTANCE, "    interface: eth0\n    track_process: squid\n")];
        id: [PROCESS[1], (INSTANCE, "    interface: eth0\n    track_process: squid\n")];
        "": [PROCESS[2], (INSTANCE, "    interface: eth0\n    track_process: squid\n")];
        // In sync groups.
        id: [(NODES, &group(", track_script: chk weight -5")), (SECOND, second)];
        "": [(NODES, &group(", track_script: chk weight -15")), (SECOND, second)];
        id: [(NODES, &group(", sync_group_tracking_weight: true")), (SECOND, second), (INSTANCE, &tracking(" weight -5"))];
        "": [(NODES, &group(", sync_group_tracking_weight: true")), (SECOND, second), (INSTANCE, &tracking(" weight -15"))];
        "order-overruled": [(S1, "{name: s1, address: 192.168.3.101, vrrp_instance: {web: {priority: 150}}}"), (INSTANCE, "    interface: eth0\n    nodes: [s2, s1]\n")];
        "unused-definition": [BFD];
        "": [BFD, (CHECK, "{type: BFD_CHECK, name: b}")];
    }
}

#[test]
fn servers_that_drop_what_they_get() {
    let id = "nodes-drop-traffic";
    let servers = |list: &str| format!("    delay_loop: 5\n    real_server: [{list}]\n");
    let one = ("  - {name: s2, address: 192.168.3.102}\n", "");
    all! {
        "servers-missing": [NO_BYPASS, (SERVER, "    delay_loop: 5\n    lb_kind: TUN\n")];
        id: [NO_BYPASS, (SERVER, &servers("{node: s1}, {node: s2}"))];
        id: [NO_BYPASS, (SERVER, &servers("{address: 192.168.3.101}, {address: 192.168.3.11}"))];
        id: [NO_BYPASS, (SERVER, &(servers("{node: s1}, {node: s2}") + "    lb_kind: NAT\n"))];
        id: [NO_BYPASS, (SERVER, &(servers("{address: 192.168.3.11}") + "    sorry_server: 192.168.3.101 80\n"))];
        "": [NO_BYPASS, (SERVER, &(servers("{address: 192.168.3.11}") + "    sorry_server: 127.0.0.1 80\n"))];
        "": [NO_BYPASS, one, (SERVER, &servers("{address: 192.168.3.101}"))];
        "server-behind-router": [NO_BYPASS, (SERVER, &(servers("{address: 192.168.3.11}") + "    sorry_server: 10.1.1.1 80\n"))];
    }
}

#[test]
fn checks_that_see_the_wrong_thing() {
    let id = "check-of-one-server";
    let misc = |words: &str| format!("{{type: MISC_CHECK, misc_path: '/usr/bin/test {words}'}}");
    let script =
        |words: &str| format!("vrrp_script: {{chk: {{script: '/usr/bin/test {words}'}}}}\nnodes:");
    let track = (INSTANCE, "    interface: eth0\n    track_script: chk\n");
    all! {
        id: [OTHERS, (CHECK, &misc("192.168.3.11"))];
        id: [OTHERS, (CHECK, &misc("-H example.org"))];
        "": [OTHERS, (CHECK, &misc("{address}"))];
        id: [(CHECK, &misc("{node}"))];
        id: [(CHECK, "{type: smtp-check, compat: false, options: --connect-ip 192.168.3.7}")];
        id: [(SERVER, "    delay_loop: 5\n    real_server: [{address: 192.168.3.11, check: {type: TCP_CHECK, connect_ip: 192.168.3.12}}, {address: 192.168.3.12}]\n")];
        "": [(SERVER, "    delay_loop: 5\n    real_server: [{address: 192.168.3.11, check: {type: TCP_CHECK, connect_ip: 192.168.3.11}}, {address: 192.168.3.12}]\n")];
        "check-from-one-node": [(CHECK, "{type: smtp-check, compat: false, options: --bindto=192.168.3.101}")];
        "check-from-one-node": [OTHERS, (CHECK, "{type: TCP_CHECK, bindto: 192.168.3.77}")];
        "check-from-one-node": [OTHERS, (CHECK, "{type: TCP_CHECK, bindto: 192.168.3.100}")];
        "script-of-one-node": [(NODES, &script("192.168.3.100")), track];
        "": [(NODES, &script("{address}")), track];
        "": [(NODES, &script("10.9.9.9")), track];
    }
}

#[test]
fn protocols_and_ports() {
    let id = "check-speaks-other-protocol";
    let http = "{type: HTTP_GET, url: {path: /, status_code: 200}}";
    let asking = "{type: HTTP_GET, connect_port: 443, url: {path: /, status_code: 200}}";
    let port = |port: &str| format!("  - port: {port}\n");
    let nat = |port: &str| {
        format!(
            "    delay_loop: 5\n    lb_kind: NAT\n    real_server: {{address: 192.168.3.11, port: {port}}}\n"
        )
    };
    all! {
        id: [(CHECK, asking)];
        id: [(CHECK, "{type: SSL_GET, url: {path: /, status_code: 200}}")];
        "": [(CHECK, "{type: SSL_GET, connect_port: 443, url: {path: /, status_code: 200}}")];
        id: [NO_BYPASS, (CHECK, http), (SERVER, &nat("443"))];
        "": [NO_BYPASS, (CHECK, http), (SERVER, &nat("80")), ("  - port: 80\n", &port("443"))];
        id: [(CHECK, "{type: SMTP_CHECK}"), ("  - port: 80\n", &port("465"))];
        id: [(CHECK, "{type: smtp-check}"), ("  - port: 80\n", &port("465"))];
        "": [(CHECK, "{type: smtp-check, compat: false, options: --tls}"), ("  - port: 80\n", &port("465"))];
        "weight-without-effect": [("lb_algo: wlc", "lb_algo: lc"), (CHECK, "{type: smtp-check, compat: false, misc_dynamic: true, options: '--latency-weight 100:0.1:2'}")];
        "vip-wider-than-network": [("network: [192.168.3.0/24, 'fd00::/64']\n", ""), (VIP, "[192.168.3.100/16, 192.168.3.99/24]")];
    }
}

#[test]
fn mails() {
    let id = "mails-never-sent";
    let none = ("global_defs: {notification_email: a@b.example, smtp_server: 192.168.3.1}\n", "");
    let alert = (INSTANCE, "    interface: eth0\n    smtp_alert: true\n");
    let server = "virtual_server:\n  - port: 80\n    delay_loop: 5\n    lb_algo: wlc\n    check: {type: TCP_CHECK, connect_timeout: 2}\n";
    all! {
        id: [none, alert];
        id: [none, (S1, "{name: s1, address: 192.168.3.101, vrrp_instance: {web: {smtp_alert: true}}}")];
        id: [none, (SERVER, "    delay_loop: 5\n    real_server: {address: 192.168.3.11, smtp_alert: true}\n")];
        id: [(MAILS, "{notification_email_from: a@b.example}")];
        // Instances alone send nothing that is not asked for.
        id: [(server, "")];
        "": [(server, ""), alert];
        "mails-through-vip": [(S1, "{name: s1, address: 192.168.3.101, global_defs: {raw: smtp_server 192.168.3.100}}")];
        "mails-through-vip": [(INSTANCE, "    interface: eth0\n    notify: /usr/bin/curl smtp://192.168.3.100:25\n")];
        "mails-through-vip": [(SERVER, "    delay_loop: 5\n    quorum_down: /usr/bin/swaks --server 192.168.3.100\n")];
        "": [(SERVER, "    delay_loop: 5\n    quorum_down: /usr/bin/swaks --server 192.168.3.7\n")];
        "": [(INSTANCE, "    interface: eth0\n    notify: /usr/bin/arping 192.168.3.100\n")];
    }
}

#[test]
fn lines_of_raw() {
    let id = "raw-overrules";
    let own = |line: &str| {
        format!("{{name: s1, address: 192.168.3.101, vrrp_instance: {{web: {{raw: '{line}'}}}}}}")
    };
    all! {
        id: [(S1, &own("virtual_router_id 12"))];
        id: [(S1, &own("authentication { auth_pass x }"))];
        id: [(S1, &own("virtual_ipaddress { 192.168.3.99 }"))];
        id: [(S1, &own("mcast_dst_ip 224.0.0.19"))];
        id: [(S1, "{name: s1, address: 192.168.3.101, global_defs: {raw: vrrp_mcast_group4 224.0.0.19}}")];
        id: [SCRIPT, (VRID, "    virtual_router_id: 11\n    track_script: chk\n    raw: 'track_script { chk weight -30 }'\n")];
        "": [(VRID, "    virtual_router_id: 11\n    raw: 'track_bfd { b }'\n")];
        "": [(TOP, "raw: 'global_defs { umask 022 }'\nnetwork:")];
        "": [(S1, "{name: s1, address: 192.168.3.101, global_defs: {raw: process_names}}")];
        "strict-without-link-local": [NO_BYPASS, (S1, "{name: s1, address: [192.168.3.101, 'fd00::1']}"), (S2, "{name: s2, address: [192.168.3.102, 'fd00::2']}"), (VIP, "'fd00::100/64'"), (SERVER, "    delay_loop: 5\n    real_server: {address: 'fd00::11'}\n"), (VRID, "    virtual_router_id: 11\n    strict_mode: true\n")];
    }
}

#[test]
fn numbers_that_keepalived_raises() {
    let key = |line: &str| format!("    interface: eth0\n    {line}\n");
    for name in ["garp_master_repeat", "garp_master_refresh_repeat"] {
        let zero = key(&format!("{name}: 0"));
        let one = key(&format!("{name}: 1"));
        let global = format!("{{vrrp_{name}: 0}}");
        all! {
            "invalid-value": [(INSTANCE, &zero)];
            "invalid-value": [(MAILS, &global)];
            "": [(INSTANCE, &one)];
        }
    }
}

/// An alias of YAML repeats a mistake, and not what is told of it.
#[test]
fn what_an_alias_repeats_is_told_once() {
    let services = "    real_server: &all [{address: 10.77.0.11}]\n  - {port: 81, delay_loop: 5, lb_algo: wlc, \
                    real_server: *all, check: []}\n  - port: 82\n    real_server: *all\n    delay_loop: 5\n";
    let text = edited(&[NO_BYPASS, (SERVER, services)]);
    let draft = lvskit::inventory::draft(&text, &lvskit::inventory::no_secrets);
    let ids: Vec<&str> = draft.warnings.iter().map(|one| one.lint.id).collect();
    assert_eq!(ids, ["server-behind-router"]);
}

/// In scripts, hooks and checks, as one piece of code reads all of them.
#[test]
fn words_of_a_shell() {
    let id = "shell-words";
    let script = |line: &str| format!("vrrp_script: {{chk: {{script: {line}}}}}\nnodes:");
    let asking = |words: &str| script(&format!("'/usr/bin/test {words}'"));
    let track = (INSTANCE, "    interface: eth0\n    track_script: chk\n");
    for words in [
        "`date`",
        "$(date)",
        "~/up",
        "x 2>&1",
        "&& y",
        "x > /dev/null",
        "x >/dev/null",
        "x || /bin/false",
        "x | /bin/grep y",
        "x; /bin/false",
    ] {
        all! { id: [(NODES, &asking(words)), track]; }
    }
    for words in ["a~b", "*.conf", "{a,b}", "x;y", "a|b"] {
        all! { "": [(NODES, &asking(words)), track]; }
    }
    let shell = "\"/bin/sh -c 'pgrep x > /dev/null || exit 1'\"";
    let notify = "    interface: eth0\n    notify: '/usr/bin/logger moved > /dev/null'\n";
    all! {
        "": [(NODES, &script(shell)), track];
        id: [(INSTANCE, notify)];
        id: [(CHECK, "{type: MISC_CHECK, misc_path: '/usr/bin/x | /usr/bin/y'}")];
    }
}
