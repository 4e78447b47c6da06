//! keepalived's own words that are no keys: each is answered with the right cure, never with the
//! nearest key.

use std::process::Command;

use crate::place::{PROGRAM, Run, edited};
use crate::problems::{Case, FIRST, Told, refused};

const PREEMPT: &str = "preempt: true";
const RAW: &str = "keepalived's, but no key: put it into `raw`";

pub const CASES: &[Case] = &[
    // Another key says it
    Case(PREEMPT, "^nopreempt: true", Told("unknown key `nopreempt`", "write `preempt: false`")),
    Case("weight: 1\n", "^lvs_method: DR\n", Told("unknown key `lvs_method`", "`lb_kind: ...`")),
    Case("weight: 1\n", "^lvs_sched: rr\n", Told("unknown key `lvs_sched`", "`lb_algo: ...`")),
    Case(PREEMPT, "^unicast_peer: [192.168.3.1]", Told("`unicast_peer`", "`unicast: true`")),
    Case(PREEMPT, "^unicast_src_ip: 192.168.3.1", Told("`unicast_src_ip`", "`unicast: true`")),
    Case("weight: 1\n", "^SMTP_CHECK: {}\n", Told("`SMTP_CHECK`", "`check: {type: SMTP_CHECK,")),
    Case(
        "weight: 1\n",
        "real_server: {node: server01.domain.ru, ^lb_kind: NAT}\n",
        Told("unknown key `lb_kind` in a real_server", "`lvs_method: ...`"),
    ),
    // It follows from other facts
    Case(
        FIRST,
        "- {name: server01.domain.ru, address: 192.168.3.101, ^state: MASTER}",
        Told("unknown key `state` in a node", "the order of `nodes`, the first is MASTER"),
    ),
    Case(
        FIRST,
        "- {name: server01.domain.ru, address: 192.168.3.101, vrrp_instance: {mail_relay: \
         {^state: MASTER}}}",
        Told("unknown key `state` in `mail_relay`", "the order of `nodes`, the first is MASTER"),
    ),
    Case("weight: 1\n", "^priority: 9\n", Told("unknown key `priority`", "the order of `nodes`")),
    Case(PREEMPT, "^router_id: a", Told("unknown key `router_id`", "always the node's name")),
    Case(
        FIRST,
        "- {name: server01.domain.ru, address: 192.168.3.101, global_defs: {^router_id: a}}",
        Told("unknown key `router_id` in `global_defs`", "always the node's name"),
    ),
    Case(
        "  smtp_server:",
        "  ^script_user: x\n  smtp_server:",
        Told("`script_user`", "`user: NAME`"),
    ),
    Case(
        "  smtp_server:",
        "  vrrp_garp_interval: 1\n  ^script_user: nobody\n  smtp_server:",
        Told("unknown key `script_user` in `global_defs`", "`user: NAME`"),
    ),
    // No key says it
    Case(
        "nodes:",
        "^enable_script_security: true\nnodes:",
        Told("in `inventory`", "unless `global_defs` has"),
    ),
    Case(
        "      retry: 3\n",
        "      retry: 3\n      ^host: {connect_ip: 192.168.3.1}\n",
        Told("unknown key `host`", "write a check for each"),
    ),
    Case("nodes:", "^static_routes: x\nnodes:", Told("in `inventory`", RAW)),
    Case("nodes:", "^static_ipaddress: x\nnodes:", Told("in `inventory`", RAW)),
    Case("nodes:", "^static_rules: x\nnodes:", Told("in `inventory`", RAW)),
    Case("nodes:", "^net_namespace: x\nnodes:", Told("in `inventory`", RAW)),
    Case(
        "  smtp_server:",
        "  ^vrrp_cpu_affinity: 1\n  smtp_server:",
        Told("unknown key `vrrp_cpu_affinity` in `global_defs`", "`raw` of `global_defs`"),
    ),
    Case(PREEMPT, "^use_ipvlan: true", Told("unknown key `use_ipvlan`", "`raw` of the instance")),
];

/// Its opposite is one letter less.
#[test]
fn nobody_is_led_to_the_opposite() {
    let report = refused(&edited(&[(PREEMPT, "nopreempt: true")]));
    assert!(!report.contains("did you mean"), "{report}");
}

#[test]
fn explain_knows_them_too() {
    for (word, cure) in [("nopreempt", "`preempt: false`"), ("static_routes", RAW)] {
        let run = Run::of(Command::new(PROGRAM).args(["explain", word]).output().unwrap());
        assert_eq!(run.stdout, "");
        assert!(run.stderr.contains(cure) && !run.stderr.contains("did you mean"), "{run:?}");
    }
}
