//! Every finding of gen-conf: an inventory in which it is the only one, and a near miss in which there is
//! none. Each has a test that is called as the finding is, with underscores.

use std::collections::BTreeSet;

use lvskit::inventory::{self, lints, no_secrets};

/// Two nodes that balance and serve, and two servers that do not; nothing is found in it.
const BASE: &str = "\
network: [192.168.3.0/24, 'fd00::/64']
global_defs: {notification_email: a@b.example, smtp_server: 192.168.3.1}
nodes:
  - {name: s1, address: 192.168.3.101}
  - {name: s2, address: 192.168.3.102}
vrrp_instance:
  web:
    interface: eth0
    virtual_router_id: 11
    virtual_ipaddress: 192.168.3.100/24
virtual_server:
  - port: 80
    delay_loop: 5
    lb_algo: wlc
    check: {type: TCP_CHECK, connect_timeout: 2}
";

// Texts of it that cases change.
pub const TOP: &str = "network:";
pub const NODES: &str = "nodes:";
pub const S1: &str = "{name: s1, address: 192.168.3.101}";
pub const S2: &str = "{name: s2, address: 192.168.3.102}";
pub const VIP: &str = "192.168.3.100/24";
pub const INSTANCE: &str = "    interface: eth0\n";
pub const VRID: &str = "    virtual_router_id: 11\n";
pub const SERVER: &str = "    delay_loop: 5\n";
pub const CHECK: &str = "{type: TCP_CHECK, connect_timeout: 2}";
pub const MAILS: &str = "{notification_email: a@b.example, smtp_server: 192.168.3.1}";

/// Texts, and what stands in their place.
pub type Edits<'a> = &'a [(&'a str, &'a str)];

pub fn edited(edits: Edits<'_>) -> String {
    edits.iter().fold(BASE.to_owned(), |text, (from, to)| {
        assert_eq!(text.matches(from).count(), 1, "{from:?} in:\n{text}");
        text.replace(from, to)
    })
}

/// The names of everything that is found, hints too.
pub fn found(text: &str) -> BTreeSet<&'static str> {
    let draft = inventory::draft(text, &no_secrets);
    let all = draft.problems.iter().chain(&draft.warnings).chain(&draft.hints);
    all.map(|problem| problem.lint.id).collect()
}

#[track_caller]
fn case(id: &'static str, bad: Edits<'_>, near: Edits<'_>) {
    let id = id.replace('_', "-");
    assert!(lints::find(&id).is_some(), "there is no finding {id}");
    let (bad, near) = (edited(bad), edited(near));
    assert_eq!(found(&bad).into_iter().collect::<Vec<_>>(), [id.as_str()], "in:\n{bad}");
    assert_eq!(found(&near), BTreeSet::new(), "near {id}, in:\n{near}");
}

macro_rules! cases {
    ($($id:ident: $bad:expr, $near:expr;)*) => {
        const NAMES: &[&str] = &[$(stringify!($id)),*];
        $(#[test] fn $id() { case(stringify!($id), &$bad, &$near); })*
    };
}

/// The end of the service, and one without failure detection that has these lines.
fn second_service(lines: &str) -> String {
    format!(
        "{CHECK}\n  - port: 81\n    delay_loop: 5\n    lb_algo: wlc\n    failure_detection: false\n{lines}    check: {CHECK}"
    )
}

/// Some server that is no node.
pub const OTHERS: (&str, &str) = (
    SERVER,
    "    delay_loop: 5\n    real_server: [{address: 192.168.3.11}, {address: 192.168.3.12}]\n",
);
pub const NO_BYPASS: (&str, &str) = (TOP, "bypass: false\nnetwork:");
const OTHERS_6: (&str, &str) =
    (SERVER, "    delay_loop: 5\n    real_server: [{address: 'fd00::11'}]\n");
const TRACKED_A: (&str, &str) = (INSTANCE, "    interface: eth0\n    track_bfd: a\n");
const BOTH_TRACKED: (&str, &str) = (INSTANCE, "    interface: eth0\n    track_bfd: [a, b]\n");
/// Both: directors that do not serve.
const DIRECTORS: [(&str, &str); 2] = [NO_BYPASS, OTHERS];
const TRACK: (&str, &str) = (INSTANCE, "    interface: eth0\n    track_script: chk weight -20\n");
pub const SCRIPT: (&str, &str) =
    (NODES, "vrrp_script:\n  chk: {script: /usr/bin/true, interval: 2}\nnodes:");
const UNICAST: (&str, &str) = (INSTANCE, "    interface: eth0\n    unicast: true\n");
const NO_SESSIONS: (&str, &str) = (TOP, "keep_sessions: false\nnetwork:");
const BOTH_1: (&str, &str) = (S1, "{name: s1, address: [192.168.3.101, 'fd00::1']}");
const BOTH_2: (&str, &str) = (S2, "{name: s2, address: [192.168.3.102, 'fd00::2']}");
const GROUP: (&str, &str) = (NODES, "vrrp_sync_group: {g: {group: [web, mail]}}\nnodes:");
/// There is a service of the second instance too.
const GROUPED: (&str, &str) = (SERVER, "    delay_loop: 5\n    vrrp_instance: web\n");

const UNPROTECTED: &str =
    "{notification_email: a@b.example, smtp_server: 192.168.3.1, enable_script_security: false}";
const PROTECTED: &str =
    "{notification_email: a@b.example, smtp_server: 192.168.3.1, enable_script_security: true}";

/// No instance, and a service of an address.
const WITHOUT: (&str, &str) = (
    "vrrp_instance:\n  web:\n    interface: eth0\n    virtual_router_id: 11\n    \
     virtual_ipaddress: 192.168.3.100/24\n",
    "",
);
const ADDRESSED: (&str, &str) = ("  - port: 80\n", "  - port: 80\n    address: 192.168.3.100\n");

/// A second instance with these keys besides, and its service.
fn second(keys: &str) -> String {
    format!(
        "  mail: {{interface: eth0, virtual_router_id: 12, virtual_ipaddress: 192.168.3.110{keys}}}\n\
         virtual_server:\n  \
         - {{vrrp_instance: mail, port: 25, delay_loop: 5, lb_algo: wlc, check: []}}\n  - port: 80\n"
    )
}

/// Below the first instance.
pub const SECOND: &str = "virtual_server:\n  - port: 80\n";

cases! {
    // Failovers
    weight_never_moves:
        [SCRIPT, (INSTANCE, "    interface: eth0\n    track_script: chk weight -10\n")],
        [SCRIPT, TRACK];
    weight_always_moves:
        [SCRIPT, (S2, "{name: s2, address: 192.168.3.102, vrrp_instance: {web: {track_script: chk weight 20}}}")],
        [SCRIPT, (S2, "{name: s2, address: 192.168.3.102, vrrp_instance: {web: {track_script: chk weight 5}}}")];
    weight_beyond_254:
        [SCRIPT, (INSTANCE, "    interface: eth0\n    track_script: chk weight 170\n")],
        [SCRIPT, (INSTANCE, "    interface: eth0\n    track_script: chk weight 150\n")];
    node_without_instance:
        [(S1, "{name: s1, address: 192.168.3.101, site: a}"), (S2, "{name: s2, address: 192.168.3.102, site: A}"),
         (INSTANCE, "    interface: eth0\n    site: a\n")],
        [(S1, "{name: s1, address: 192.168.3.101, site: a}"), (S2, "{name: s2, address: 192.168.3.102, site: a}"),
         (INSTANCE, "    interface: eth0\n    site: a\n")];
    order_overruled:
        [(S1, "{name: s1, address: 192.168.3.101, priority: 150}"), (INSTANCE, "    interface: eth0\n    nodes: [s2, s1]\n")],
        [(S1, "{name: s1, address: 192.168.3.101, priority: 150}"), (INSTANCE, "    interface: eth0\n    nodes: [s1, s2]\n")];
    unused_definition: [SCRIPT], [SCRIPT, TRACK];
    equal_priorities:
        [(INSTANCE, "    interface: eth0\n    priority: 150\n    preempt: false\n")],
        [(INSTANCE, "    interface: eth0\n    preempt: false\n")];
    priority_of_all_nodes:
        [(INSTANCE, "    interface: eth0\n    priority: 150\n")],
        [(S1, "{name: s1, address: 192.168.3.101, priority: 150}")];
    priority_twice:
        [(S1, "{name: s1, address: 192.168.3.101, priority: 90}")],
        [(S1, "{name: s1, address: 192.168.3.101, priority: 91}")];
    // Black holes
    servers_missing: [NO_BYPASS], DIRECTORS;
    nodes_drop_traffic: [NO_BYPASS, (SERVER, "    delay_loop: 5\n    nodes: [s1, s2]\n")], DIRECTORS;
    nodes_behind_nat:
        [NO_BYPASS, (SERVER, "    delay_loop: 5\n    lb_kind: NAT\n")],
        [NO_BYPASS, (SERVER, "    delay_loop: 5\n    lb_kind: NAT\n    real_server: {address: 192.168.3.11}\n")];
    server_behind_router:
        [NO_BYPASS, (SERVER, "    delay_loop: 5\n    real_server: {address: 10.77.0.11}\n"), ("network: [", "network: [10.77.0.0/24, ")],
        [NO_BYPASS, (SERVER, "    delay_loop: 5\n    lb_kind: TUN\n    real_server: {address: 10.77.0.11}\n"), ("network: [", "network: [10.77.0.0/24, ")];
    check_of_one_server:
        [OTHERS, (CHECK, "{type: TCP_CHECK, connect_ip: 192.168.3.11, connect_timeout: 2}")],
        [(SERVER, "    delay_loop: 5\n    real_server: [{address: 192.168.3.11}]\n"),
         (CHECK, "{type: TCP_CHECK, connect_ip: 192.168.3.11, connect_timeout: 2}")];
    check_from_one_node:
        [OTHERS, (CHECK, "{type: TCP_CHECK, bindto: 192.168.3.101, connect_timeout: 2}")],
        [OTHERS, ("  - {name: s2, address: 192.168.3.102}\n", ""), (CHECK, "{type: TCP_CHECK, bindto: 192.168.3.101, connect_timeout: 2}")];
    script_of_one_node:
        [(NODES, "vrrp_script: {chk: {script: /usr/bin/ping -c1 192.168.3.101}}\nnodes:"), TRACK],
        [(NODES, "vrrp_script: {chk: {script: /usr/bin/ping -c1 192.168.3.1}}\nnodes:"), TRACK];
    sorry_server_is_vip:
        [(SERVER, "    delay_loop: 5\n    sorry_server: 192.168.3.100 80\n")],
        [(SERVER, "    delay_loop: 5\n    sorry_server: 192.168.3.99 80\n")];
    sorry_server_serves:
        [(SERVER, "    delay_loop: 5\n    sorry_server: 192.168.3.102\n")],
        [(SERVER, "    delay_loop: 5\n    real_server: [{address: 192.168.3.11}, {address: 192.168.3.12}]\n    sorry_server: 192.168.3.102 80\n")];
    all_weights_zero:
        [(SERVER, "    delay_loop: 5\n    real_server: [{address: 192.168.3.11, weight: 0}, {address: 192.168.3.12, weight: 0}]\n")],
        [(SERVER, "    delay_loop: 5\n    real_server: [{address: 192.168.3.11, weight: 0}, {address: 192.168.3.12}]\n")];
    service_without_vip:
        [("  - port: 80\n", "  - {port: 80, vrrp_instance: web, lb_algo: rr, delay_loop: 5, check: []}\n  - port: 80\n    address: 192.168.3.200\n    vrrp_instance: web\n")],
        [("  - port: 80\n", "  - port: 80\n    address: 192.168.3.100\n    vrrp_instance: web\n")];
    service_address_unknown:
        [NO_BYPASS, OTHERS, ("  - port: 80\n", "  - port: 80\n    address: 192.168.3.200\n")],
        [NO_BYPASS, OTHERS, ("  - port: 80\n", "  - port: 80\n    address: 192.168.3.100\n")];
    mails_through_vip:
        [(MAILS, "{notification_email: a@b.example, smtp_server: 192.168.3.100}")],
        [(MAILS, "{notification_email: a@b.example, smtp_server: 192.168.3.7}")];
    mails_never_sent:
        [(MAILS, "{notification_email: a@b.example}")],
        [(MAILS, "{vrrp_version: 2}")];
    server_is_vip:
        [(SERVER, "    delay_loop: 5\n    real_server: {address: 192.168.3.100}\n")],
        [(SERVER, "    delay_loop: 5\n    real_server: {address: 192.168.3.99}\n")];
    vip_without_service:
        [(SECOND, "  mail: {interface: eth0, virtual_router_id: 12, virtual_ipaddress: 192.168.3.110}\nvirtual_server:\n  - port: 80\n    vrrp_instance: web\n")],
        [NO_BYPASS, OTHERS, (SECOND, "  mail: {interface: eth0, virtual_router_id: 12, virtual_ipaddress: 192.168.3.110}\nvirtual_server:\n  - port: 80\n    vrrp_instance: web\n")];
    // Sessions
    sync_daemon_is_multicast: [UNICAST], [UNICAST, NO_SESSIONS];
    sync_interface_by_default:
        [(TOP, "bypass: false\nkeep_sessions: true\nnetwork:"),
         (SERVER, "    delay_loop: 5\n    lb_kind: NAT\n    vrrp_instance: web\n    real_server: {address: 192.168.3.11}\n"),
         (SECOND, "  in: {interface: eth1, virtual_router_id: 12, virtual_ipaddress: 192.168.3.110}\nvirtual_server:\n  - port: 80\n")],
        [(TOP, "bypass: false\nkeep_sessions: true\nnetwork:"), (MAILS, "{lvs_sync_daemon: eth1}"),
         (SERVER, "    delay_loop: 5\n    lb_kind: NAT\n    vrrp_instance: web\n    real_server: {address: 192.168.3.11}\n"),
         (SECOND, "  in: {interface: eth1, virtual_router_id: 12, virtual_ipaddress: 192.168.3.110}\nvirtual_server:\n  - port: 80\n")];
    // Words that keepalived ignores, or that stop everything
    shell_words:
        [(NODES, "vrrp_script: {chk: {script: '/usr/bin/pgrep x > /dev/null'}}\nnodes:"), (INSTANCE, "    interface: eth0\n    track_script: chk\n")],
        [(NODES, "vrrp_script: {chk: {script: '/usr/bin/test a=>b'}}\nnodes:"), (INSTANCE, "    interface: eth0\n    track_script: chk\n")];
    raw_overrules:
        [(S1, "{name: s1, address: 192.168.3.101, vrrp_instance: {web: {raw: advert_int 3}}}")],
        [(S1, "{name: s1, address: 192.168.3.101, vrrp_instance: {web: {raw: linkbeat_use_polling}}}")];
    tracked_twice:
        [(INSTANCE, "    interface: eth0\n    track_interface: [eth1, eth1]\n")],
        [(INSTANCE, "    interface: eth0\n    track_interface: [eth1, eth2]\n")];
    own_interface_tracked:
        [(INSTANCE, "    interface: eth0\n    track_interface: eth0 weight -20\n")],
        [(INSTANCE, "    interface: eth0\n    track_interface: eth1 weight -20\n")];
    defined_in_raw_too:
        [(NODES, "raw: 'vrrp_instance web { priority 5 }'\nnodes:")],
        [(NODES, "raw: 'vrrp_instance other { priority 5 }'\nnodes:")];
    strict_without_link_local:
        [NO_BYPASS, OTHERS_6, BOTH_1, BOTH_2, (MAILS, "{vrrp_strict: true}"), (VIP, "['fd00::100/64', 'fe80::11/64']")],
        [NO_BYPASS, OTHERS_6, BOTH_1, BOTH_2, (MAILS, "{vrrp_strict: true}"), (VIP, "['fe80::11/64', 'fd00::100/64']")];
    unicast_key_in_multicast:
        [(INSTANCE, "    interface: eth0\n    unicast_ttl: 5\n")],
        [NO_SESSIONS, (INSTANCE, "    interface: eth0\n    unicast: true\n    unicast_ttl: 5\n")];
    strict_with_authentication:
        [NO_BYPASS, OTHERS, (MAILS, "{vrrp_strict: true}"), (VRID, "    virtual_router_id: 11\n    authentication: {auth_pass: x}\n")],
        [NO_BYPASS, OTHERS, (MAILS, "{vrrp_strict: true}")];
    strict_with_unicast:
        [NO_BYPASS, OTHERS, (MAILS, "{vrrp_strict: true}"), UNICAST],
        [NO_BYPASS, OTHERS, UNICAST];
    route_without_dev:
        [(INSTANCE, "    interface: eth0\n    virtual_routes: [203.0.113.0/24 via 192.168.3.1]\n")],
        [(INSTANCE, "    interface: eth0\n    virtual_routes: [203.0.113.0/24 via 192.168.3.1 dev eth0]\n")];
    rule_unknown:
        [(INSTANCE, "    interface: eth0\n    virtual_rules: [fom 10.0.0.0/8 table 100]\n")],
        [(INSTANCE, "    interface: eth0\n    virtual_rules: [from 10.0.0.0/8 table 100]\n")];
    group_port_differs:
        [(NODES, "virtual_server_group: {g: [192.168.3.100 443]}\nnodes:"), ("  - port: 80\n", "  - group: g\n"),
         (SERVER, "    delay_loop: 5\n    real_server: {address: 192.168.3.11, port: 8443}\n")],
        [(NODES, "virtual_server_group: {g: [192.168.3.100 443]}\nnodes:"), ("  - port: 80\n", "  - group: g\n"),
         (SERVER, "    delay_loop: 5\n    real_server: {address: 192.168.3.11, port: 443}\n")];
    server_is_listed_node:
        [(SERVER, "    delay_loop: 5\n    real_server: [{node: s1}, {address: 192.168.3.101}]\n")],
        [(SERVER, "    delay_loop: 5\n    real_server: [{node: s1}, {address: 192.168.3.102}]\n")];
    // Also
    check_speaks_other_protocol:
        [("  - port: 80\n", "  - port: 443\n"), (CHECK, "{type: HTTP_GET, url: {path: /, status_code: 200}}")],
        [(CHECK, "{type: HTTP_GET, url: {path: /, status_code: 200}}")];
    weight_without_effect:
        [("lb_algo: wlc", "lb_algo: rr"), (S1, "{name: s1, address: 192.168.3.101, weight: 3}")],
        [("lb_algo: wlc", "lb_algo: rr"), (S1, "{name: s1, address: 192.168.3.101, weight: 0}")];
    vip_wider_than_network: [(VIP, "192.168.3.100/16")], [(VIP, "192.168.3.100/32")];
    slow_checks_by_default: [(SERVER, "")], [(SERVER, ""), (CHECK, "[]")];
    vrid_on_two_sites:
        [(S1, "{name: s1, address: 192.168.3.101, site: a}"), (S2, "{name: s2, address: 192.168.3.102, site: b}"),
         (INSTANCE, "    interface: eth0\n    site: a\n"),
         (SECOND, "  mail: {site: b, interface: eth0, virtual_router_id: 11, virtual_ipaddress: 192.168.3.110}\nvirtual_server:\n  - {vrrp_instance: mail, port: 25, delay_loop: 5, lb_algo: wlc, check: []}\n  - port: 80\n    vrrp_instance: web\n")],
        [(S1, "{name: s1, address: 192.168.3.101, site: a}"), (S2, "{name: s2, address: 192.168.3.102, site: b}"),
         (INSTANCE, "    interface: eth0\n    site: a\n"),
         (SECOND, "  mail: {site: b, interface: eth0, virtual_router_id: 12, virtual_ipaddress: 192.168.3.110}\nvirtual_server:\n  - {vrrp_instance: mail, port: 25, delay_loop: 5, lb_algo: wlc, check: []}\n  - port: 80\n    vrrp_instance: web\n")];
    mixed_families:
        [(VIP, "[192.168.3.100, 'fd00::100']")],
        [(VIP, "192.168.3.100"), (VRID, "    virtual_router_id: 11\n    virtual_ipaddress_excluded: 'fd00::100'\n"), BOTH_1, BOTH_2];
    ipv6_needs_version_3:
        [BOTH_1, BOTH_2, (VIP, "'fd00::100/64'"), (VRID, "    virtual_router_id: 11\n    version: 2\n")],
        [BOTH_1, BOTH_2, (VIP, "'fd00::100/64'"), (VRID, "    virtual_router_id: 11\n    version: 3\n")];
    ipv6_without_link_local:
        [(TOP, "target: keepalived 2.1.5\nnetwork:"), BOTH_1, BOTH_2, (VIP, "'fd00::100/64'")],
        [(TOP, "target: keepalived 2.1.5\nnetwork:"), BOTH_1, BOTH_2, (VIP, "['fe80::11/64', 'fd00::100/64']")];
    order_without_effect:
        [(TOP, "allow: [{id: equal-priorities, why: x}]\nnetwork:"), (VRID, "    virtual_router_id: 11\n    election: uniform\n    nodes: [s2, s1]\n")],
        [(VRID, "    virtual_router_id: 11\n    nodes: [s2, s1]\n")];
    source_shared:
        [(VRID, "    virtual_router_id: 11\n    mcast_src_ip: 192.168.3.5\n")],
        [(S1, "{name: s1, address: 192.168.3.101, vrrp_instance: {web: {mcast_src_ip: 192.168.3.5}}}")];
    unicast_peer_missing:
        [NO_SESSIONS, UNICAST, (S1, "{name: s1, address: 192.168.3.101, vrrp_instance: {web: {unicast_peer: 192.168.3.77}}}")],
        [NO_SESSIONS, UNICAST, (S1, "{name: s1, address: 192.168.3.101, vrrp_instance: {web: {unicast_peer: 192.168.3.102}}}")];
    unicast_peer_is_self:
        [NO_SESSIONS, UNICAST, (S1, "{name: s1, address: 192.168.3.101, vrrp_instance: {web: {unicast_peer: [192.168.3.102, 192.168.3.101]}}}")],
        [NO_SESSIONS, UNICAST, (S1, "{name: s1, address: 192.168.3.101, vrrp_instance: {web: {unicast_peer: [192.168.3.102, 192.168.3.103]}}}")];
    group_order_differs: [GROUP, GROUPED, (SECOND, &second(", nodes: [s2, s1]"))], [GROUP, GROUPED, (SECOND, &second(""))];
    instance_in_two_groups:
        [(NODES, "vrrp_sync_group: {g: {group: [web, mail]}, h: {group: [mail, web]}}\nnodes:"), GROUPED, (SECOND, &second(""))],
        [GROUP, GROUPED, (SECOND, &second(""))];
    weight_in_group: [GROUP, GROUPED, (SECOND, &second(", track_interface: eth1 weight 5"))], [GROUP, GROUPED, (SECOND, &second(", track_interface: eth1 weight 0"))];
    bfd_session_twice:
        [(NODES, "bfd_instance: {a: {neighbor_ip: 192.168.3.9}, b: {neighbor_ip: 192.168.3.9}}\nnodes:"), BOTH_TRACKED],
        [(NODES, "bfd_instance: {a: {neighbor_ip: 192.168.3.9}, b: {neighbor_ip: 192.168.3.8}}\nnodes:"), BOTH_TRACKED];
    bfd_session_tells_others:
        [(NODES, "bfd_instance: {a: {neighbor_ip: 192.168.3.9, checker: true}}\nnodes:"), TRACKED_A],
        [(NODES, "bfd_instance: {a: {neighbor_ip: 192.168.3.9, vrrp: true}}\nnodes:"), TRACKED_A];
    mark_without_ports:
        [(TOP, "allow: [{id: mark-on-every-node, why: x}]\nnetwork:"), ("  - port: 80\n", "  - fwmark: 9\n"), (CHECK, "{type: TCP_CHECK, connect_port: 80}")],
        [(TOP, "allow: [{id: mark-on-every-node, why: x}]\nnetwork:"), ("  - port: 80\n", "  - fwmark: 9\n    bypass_ports: [tcp/80]\n"), (CHECK, "{type: TCP_CHECK, connect_port: 80}")];
    bfd_needs_own_files:
        [(TOP, "allow: [{id: equal-priorities, why: x}]\nfailure_detection: {method: bfd}\nnetwork:"), (INSTANCE, "    interface: eth0\n    election: uniform\n")],
        [(TOP, "allow: [{id: equal-priorities, why: x}]\nfailure_detection: {method: ping}\nnetwork:"), (INSTANCE, "    interface: eth0\n    election: uniform\n")];
    detection_too_slow:
        [(TOP, "failure_detection: {method: ping, interval: 2}\nnetwork:")],
        [(TOP, "failure_detection: {method: ping, interval: 1}\nnetwork:")];
    detection_with_dh:
        [(TOP, "failure_detection: {method: ping}\nnetwork:"), ("lb_algo: wlc", "lb_algo: dh")],
        [("lb_algo: wlc", "lb_algo: dh")];
    detection_beside_removal:
        [(TOP, "failure_detection: {method: ping}\nnetwork:"), (CHECK, &second_service(""))],
        [(TOP, "failure_detection: {method: ping}\nnetwork:"), (CHECK, &second_service("    inhibit_on_failure: true\n"))];
    detection_ends_sessions:
        [(TOP, "failure_detection: {method: ping}\nnetwork:"), (SERVER, "    delay_loop: 5\n    inhibit_on_failure: false\n")],
        [(SERVER, "    delay_loop: 5\n    inhibit_on_failure: false\n")];
    check_takes_long:
        [(SERVER, "    delay_loop: 5\n    retry: 4000\n    delay_before_retry: 4000\n"), (CHECK, "{type: smtp-check}")],
        [(SERVER, "    delay_loop: 5\n    retry: 1\n"), (CHECK, "{type: smtp-check}")];
    // The form
    yaml: [(NODES, "nodes: [\n")], [];
    invalid_value: [(VRID, "    virtual_router_id: 256\n")], [(VRID, "    virtual_router_id: 255\n")];
    missing_key: [(VRID, "")], [];
    unknown_key: [(VRID, "    virtual_router_id: 11\n    virtual_router: 11\n")], [];
    not_in_target:
        [(TOP, "target: keepalived 2.1.5\nnetwork:"), (VRID, "    virtual_router_id: 11\n    down_timer_adverts: 4\n")],
        [(VRID, "    virtual_router_id: 11\n    down_timer_adverts: 4\n")];
    invalid_allow: [(TOP, "allow: [{id: vip-twice, why: x}]\nnetwork:")], [];
    allow_unused:
        [(TOP, "allow: [{id: shell-words, why: x}]\nnetwork:")],
        [(TOP, "allow: [{id: priority-of-all-nodes, why: x}]\nnetwork:"), (INSTANCE, "    interface: eth0\n    priority: 150\n")];
    // Nodes
    node_name_twice: [(S2, "{name: S1, address: 192.168.3.102}")], [(S2, "{name: s12, address: 192.168.3.102}")];
    node_address_twice: [(S2, "{name: s2, address: 192.168.3.101}")], [(S2, "{name: s2, address: 192.168.3.10}")];
    address_off_network: [(S2, "{name: s2, address: 192.168.4.102}")], [(S2, "{name: s2, address: 192.168.3.202}")];
    instance_without_nodes:
        [(TOP, "bypass: false\nnetwork:"), OTHERS, ("  web:\n", "  other: {site: x, interface: eth0, virtual_router_id: 12, virtual_ipaddress: 192.168.3.110}\n  web:\n"),
         ("  - port: 80\n", "  - port: 80\n    vrrp_instance: web\n")],
        [(S1, "{name: s1, address: 192.168.3.101, site: x}"), (TOP, "bypass: false\nnetwork:"), OTHERS,
         ("  web:\n", "  other: {site: x, interface: eth0, virtual_router_id: 12, virtual_ipaddress: 192.168.3.110}\n  web:\n"),
         ("  - port: 80\n", "  - port: 80\n    vrrp_instance: web\n")];
    node_of_other_site:
        [(S1, "{name: s1, address: 192.168.3.101, site: x}"), (S2, "{name: s2, address: 192.168.3.102, vrrp_instance: {other: {priority: 3}}}"),
         (TOP, "bypass: false\nnetwork:"), OTHERS,
         ("  web:\n", "  other: {site: x, interface: eth0, virtual_router_id: 12, virtual_ipaddress: 192.168.3.110}\n  web:\n"),
         ("  - port: 80\n", "  - port: 80\n    vrrp_instance: web\n")],
        [(S1, "{name: s1, address: 192.168.3.101, site: x, vrrp_instance: {other: {priority: 3}}}"),
         (TOP, "bypass: false\nnetwork:"), OTHERS,
         ("  web:\n", "  other: {site: x, interface: eth0, virtual_router_id: 12, virtual_ipaddress: 192.168.3.110}\n  web:\n"),
         ("  - port: 80\n", "  - port: 80\n    vrrp_instance: web\n")];
    unicast_key_without_unicast:
        [(S1, "{name: s1, address: 192.168.3.101, vrrp_instance: {web: {unicast_src_ip: 192.168.3.1}}}")],
        [(S1, "{name: s1, address: 192.168.3.101, vrrp_instance: {web: {unicast_src_ip: 192.168.3.1}}}"), UNICAST, NO_SESSIONS];
    // Instances
    vip_twice: [(VIP, "[192.168.3.100/24, 192.168.3.100]")], [(VIP, "[192.168.3.100/24, 192.168.3.99]")];
    vip_is_node_address: [(VIP, "[192.168.3.100/24, 192.168.3.101]")], [(VIP, "[192.168.3.100/24, 192.168.3.103]")];
    vip_takes_no_packets: [(VRID, "    virtual_router_id: 11\n    no_accept: true\n")], [NO_BYPASS, OTHERS, (VRID, "    virtual_router_id: 11\n    no_accept: true\n")];
    node_lacks_family:
        [(S1, "{name: s1, address: [192.168.3.101, 'fd00::1']}"), (VIP, "'fd00::100/64'")],
        [(S1, "{name: s1, address: [192.168.3.101, 'fd00::1']}"), (S2, "{name: s2, address: [192.168.3.102, 'fd00::2']}"), (VIP, "'fd00::100/64'")];
    vip_on_other_network:
        [("network: [192.168.3.0/24, 'fd00::/64']\n", ""), (VIP, "10.1.1.1/24")],
        [("network: [192.168.3.0/24, 'fd00::/64']\n", ""), (VIP, "10.1.1.1/32")];
    interface_missing: [(INSTANCE, "")], [(INSTANCE, ""), (S1, "{name: s1, address: 192.168.3.101, interface: eth0}"), (S2, "{name: s2, address: 192.168.3.102, interface: eth1}")];
    advert_int_of_version: [(VRID, "    virtual_router_id: 11\n    advert_int: 0.5\n")], [(VRID, "    virtual_router_id: 11\n    version: 3\n    advert_int: 0.5\n")];
    authentication_in_version_3:
        [(VRID, "    virtual_router_id: 11\n    version: 3\n    authentication: {auth_pass: x}\n")],
        [(VRID, "    virtual_router_id: 11\n    authentication: {auth_pass: x}\n")];
    delay_without_preemption:
        [(VRID, "    virtual_router_id: 11\n    preempt: false\n    preempt_delay: 5\n")],
        [(VRID, "    virtual_router_id: 11\n    preempt: true\n    preempt_delay: 5\n")];
    node_listed_twice: [(VRID, "    virtual_router_id: 11\n    nodes: [s1, s2, s1]\n")], [(VRID, "    virtual_router_id: 11\n    nodes: [s1, s2]\n")];
    order_incomplete: [GROUPED, (SECOND, &second(", nodes: [s1]"))], [GROUPED, (SECOND, &second(", nodes: [s2, s1]"))];
    scripts_unprotected: [SCRIPT, TRACK, (MAILS, UNPROTECTED)], [SCRIPT, TRACK, (MAILS, PROTECTED)];
    hook_taken: [(VRID, "    virtual_router_id: 11\n    notify_master: /bin/true\n")], [(VRID, "    virtual_router_id: 11\n    notify: /bin/true\n")];
    vrid_twice:
        [NO_BYPASS, OTHERS, ("  web:\n", "  other: {interface: eth0, virtual_router_id: 11, virtual_ipaddress: 192.168.3.110}\n  web:\n"), ("  - port: 80\n", "  - port: 80\n    vrrp_instance: web\n")],
        [NO_BYPASS, OTHERS, ("  web:\n", "  other: {interface: eth1, virtual_router_id: 11, virtual_ipaddress: 192.168.3.110}\n  web:\n"), ("  - port: 80\n", "  - port: 80\n    vrrp_instance: web\n")];
    // Names
    unknown_name: [(VRID, "    virtual_router_id: 11\n    track_script: queue\n")], [SCRIPT, TRACK];
    group_of_one: [(NODES, "vrrp_sync_group: {g: {group: [web]}}\nnodes:")], [];
    // Services
    ops_needs_udp: [(SERVER, "    delay_loop: 5\n    ops: true\n")], [(SERVER, "    delay_loop: 5\n    ops: true\n    protocol: UDP\n")];
    service_twice: [("  - port: 80\n", "  - {port: 80, delay_loop: 5, lb_algo: rr, check: []}\n  - port: 80\n")], [("  - port: 80\n", "  - {port: 80, delay_loop: 5, protocol: UDP, lb_algo: rr, check: []}\n  - port: 80\n")];
    check_without_port:
        [("  - port: 80\n", "  - fwmark: 9\n"), NO_BYPASS, OTHERS],
        [("  - port: 80\n", "  - fwmark: 9\n"), NO_BYPASS, OTHERS, (CHECK, "{type: TCP_CHECK, connect_port: 80}")];
    server_outside_instance:
        [(S1, "{name: s1, address: 192.168.3.101, site: a}"), (INSTANCE, "    interface: eth0\n    site: a\n"), (SERVER, "    delay_loop: 5\n    nodes: [s1, s2]\n"),
         (SECOND, "  mail: {interface: eth0, virtual_router_id: 12, virtual_ipaddress: 192.168.3.110}\nvirtual_server:\n  - {vrrp_instance: mail, port: 25, delay_loop: 5, lb_algo: wlc, check: []}\n  - port: 80\n    vrrp_instance: web\n")],
        [(S1, "{name: s1, address: 192.168.3.101, site: a}"), (INSTANCE, "    interface: eth0\n    site: a\n"), (SERVER, "    delay_loop: 5\n    nodes: [s1]\n"),
         (SECOND, "  mail: {interface: eth0, virtual_router_id: 12, virtual_ipaddress: 192.168.3.110}\nvirtual_server:\n  - {vrrp_instance: mail, port: 25, delay_loop: 5, lb_algo: wlc, check: []}\n  - port: 80\n    vrrp_instance: web\n")];
    port_cannot_change: [(SERVER, "    delay_loop: 5\n    real_server: {address: 192.168.3.11, port: 8080}\n")], [(SERVER, "    delay_loop: 5\n    lb_kind: NAT\n    real_server: {address: 192.168.3.11, port: 8080}\n")];
    servers_named_twice: [OTHERS, (CHECK, "{type: TCP_CHECK}\n    nodes: [s1]")], [OTHERS];
    server_twice: [(SERVER, "    delay_loop: 5\n    nodes: [s1, s1]\n")], [(SERVER, "    delay_loop: 5\n    nodes: [s1, s2]\n")];
    forwarding_to_nodes: [(SERVER, "    delay_loop: 5\n    lb_kind: NAT\n")], [(SERVER, "    delay_loop: 5\n    lb_kind: DR\n")];
    guard_without_sctp: [(SERVER, "    delay_loop: 5\n    protocol: SCTP\n")], [OTHERS, (CHECK, "{type: TCP_CHECK}\n    protocol: SCTP")];
    hysteresis_above_quorum: [(SERVER, "    delay_loop: 5\n    quorum: 2\n    hysteresis: 2\n")], [(SERVER, "    delay_loop: 5\n    quorum: 2\n    hysteresis: 1\n")];
    quorum_unreachable: [(SERVER, "    delay_loop: 5\n    quorum: 3\n")], [(SERVER, "    delay_loop: 5\n    quorum: 2\n")];
    scheduler_refuses:
        [("lb_algo: wlc", "lb_algo: mh"), (SERVER, "    delay_loop: 5\n    inhibit_on_failure: true\n")],
        [("lb_algo: wlc", "lb_algo: mh"), (SERVER, "    delay_loop: 5\n    inhibit_on_failure: true\n    mh-fallback: true\n")];
    drain_file_shared:
        [(CHECK, "{type: smtp-check, compat: false, misc_dynamic: true, options: --drain-file=/run/x}")],
        [(SERVER, "    delay_loop: 5\n    nodes: [s1]\n"), (CHECK, "{type: smtp-check, compat: false, misc_dynamic: true, options: --drain-file=/run/x}")];
    key_without_partner: [(SERVER, "    delay_loop: 5\n    sorry_server_inhibit: true\n")], [(SERVER, "    delay_loop: 5\n    sorry_server: 192.168.3.9\n    sorry_server_inhibit: true\n")];
    family_mismatch: [(SERVER, "    delay_loop: 5\n    real_server: {address: 'fd00::11'}\n")], [(SERVER, "    delay_loop: 5\n    real_server: {address: 192.168.3.11}\n")];
    mark_on_every_node:
        [("  - port: 80\n", "  - fwmark: 9\n    bypass_ports: [tcp/80]\n"), (CHECK, "{type: TCP_CHECK, connect_port: 80}")],
        [NO_BYPASS, OTHERS, ("  - port: 80\n", "  - fwmark: 9\n"), (CHECK, "{type: TCP_CHECK, connect_port: 80}")];
    bypass_ports_without_mark: [(SERVER, "    delay_loop: 5\n    bypass_ports: [tcp/80]\n")], [];
    detection_unused: [(SERVER, "    delay_loop: 5\n    failure_detection: false\n")], [(TOP, "failure_detection: {method: ping}\nnetwork:")];
    preempt_among_equals:
        [(TOP, "allow: [{id: equal-priorities, why: x}]\nnetwork:"), (INSTANCE, "    interface: eth0\n    election: uniform\n    preempt: true\n")],
        [(TOP, "allow: [{id: equal-priorities, why: x}]\nnetwork:"), (INSTANCE, "    interface: eth0\n    election: uniform\n")];
    priority_among_equals:
        [(TOP, "allow: [{id: equal-priorities, why: x}]\nnetwork:"), (INSTANCE, "    interface: eth0\n    election: uniform\n"), (S1, "{name: s1, address: 192.168.3.101, priority: 5}")],
        [(TOP, "allow: [{id: equal-priorities, why: x}]\nnetwork:"), (INSTANCE, "    interface: eth0\n    election: uniform\n")];
    // Without an instance
    no_vrrp_instance: [WITHOUT, OTHERS, ADDRESSED], [OTHERS, ADDRESSED];
    needs_instance:
        [WITHOUT, OTHERS, ADDRESSED, (TOP, "keep_sessions: true\nallow: [{id: no-vrrp-instance, why: x}]\nnetwork:")],
        [WITHOUT, OTHERS, ADDRESSED, (MAILS, "{notification_email: a@b.example, smtp_server: 192.168.3.1, lvs_sync_daemon: eth0}"),
         (TOP, "keep_sessions: true\nallow: [{id: no-vrrp-instance, why: x}]\nnetwork:")];
    unicast_alone:
        [NO_SESSIONS, UNICAST, ("  - {name: s2, address: 192.168.3.102}\n", "")],
        [("  - {name: s2, address: 192.168.3.102}\n", "")];
}

#[test]
fn nothing_is_found_in_the_base() {
    assert_eq!(found(BASE), BTreeSet::new());
}

/// Those that other tests make, as they need more than an edit of the base.
const ELSEWHERE: &[&str] =
    &["order-too-long", "too-many-vips", "hooks-too-coarse", "too-large", "detection-asks-much"];

#[test]
fn each_finding_has_a_test() {
    let tested: BTreeSet<String> = NAMES.iter().map(|name| name.replace('_', "-")).collect();
    let lacking: Vec<&str> = lints::all()
        .map(|lint| lint.id)
        .filter(|id| !tested.contains(*id) && !ELSEWHERE.contains(id))
        .collect();
    assert_eq!(lacking, [""; 0]);
}
