//! Nothing of a file is lost or changed without a word, whatever becomes of it.

use crate::article::import;
use crate::common::keepalived::{network, test};
use crate::common::netns::inside;
use crate::keepalived::understood;
use crate::place::{Place, Run};

/// What gen-conf would write too, so that nothing is told of it.
const GLOBAL: &str = "\
global_defs {
    router_id NAME
    enable_script_security
    script_user root
}
";

const INSTANCE: &str = "
vrrp_instance VI_1 {
    state BACKUP
    interface eth0
    virtual_router_id 51
    priority 100
    advert_int 1
    virtual_ipaddress {
        10.0.0.100/24
        10.0.0.101/24
    }
}
";

/// The file of a node, with `more` behind its instance.
fn file(name: &str, more: &str) -> String {
    format!("{}{INSTANCE}{more}", GLOBAL.replace("NAME", name))
}

/// Imports the files of nodes that have the addresses 10.0.0.1, 10.0.0.2, ...
fn all(files: &[&str], options: &str) -> (Place, Run) {
    let place = Place::with("");
    let mut arguments = options.to_owned();
    for (at, text) in files.iter().enumerate() {
        let name = format!("{}.conf", ["a", "b", "c"][at]);
        place.write(&name, text);
        arguments += &format!(" {name} --address 10.0.0.{}", at + 1);
    }
    let run = import(&place, &arguments);
    (place, run)
}

/// Imports one file, and says what was told.
fn one(text: &str) -> Run {
    all(&[text], "").1
}

/// Asserts that the inventory is good, and that exactly these notes were told.
fn tells(run: &Run, notes: &[&str]) {
    let told: Vec<&str> = run.stderr.lines().collect();
    let notes: Vec<String> = notes.iter().map(|note| format!("note: {note}")).collect();
    assert_eq!((run.code, told), (Some(0), notes.iter().map(String::as_str).collect()), "{run:#?}");
}

#[test]
fn blocks_count_as_well_as_statements() {
    let server = |address: &str, protocol: &str, real: &str| {
        format!(
            "virtual_server {address} 53 {{\n lb_algo rr\n lb_kind DR\n protocol {protocol}\n \
             real_server {real} 53 {{\n  weight 1\n  TCP_CHECK {{\n  }}\n }}\n}}\n"
        )
    };
    let both = server("10.0.0.100", "UDP", "10.0.0.9") + &server("10.0.0.100", "TCP", "10.0.0.9");
    tells(&one(&file("a", &both)), &[]);
    let twice = both + &server("10.0.0.100", "TCP", "10.0.0.7");
    tells(
        &one(&file("a", &twice)),
        &["a.conf:38: the block `virtual_server 10.0.0.100 53` is not in the inventory"],
    );
}

#[test]
fn the_weight_of_all_servers_is_each_server_s() {
    let servers = "
virtual_server 10.0.0.100 80 {
    lb_algo wrr
    lb_kind NAT
    protocol TCP
    real_server 10.0.0.11 80 {
    }
    real_server 10.0.0.12 80 {
        weight 2
    }
    real_server 10.0.0.13 80 {
        weight 1
    }
    weight 5
}
";
    let (place, run) = all(&[&file("a", servers)], "");
    tells(&run, &[]);
    for part in ["{address: 10.0.0.11}", "{address: 10.0.0.12, weight: 2}", "    weight: 5\n"] {
        assert!(run.stdout.contains(part), "{part}\nin {}", run.stdout);
    }
    place.write("inventory.yml", &run.stdout);
    let rendered = place.rendered("a");
    let weights: Vec<&str> =
        rendered.lines().filter_map(|line| line.trim().strip_prefix("weight ")).collect();
    assert_eq!(weights, ["5", "2", "1"], "{rendered}");
}

const SILENT: &str = "virtual_server 10.0.0.100 80 {\n real_server 10.0.0.11 {\n }\n}\n";

#[test]
fn what_is_not_said_of_a_service_is_what_keepalived_takes() {
    let run = one(&file("a", SILENT));
    tells(
        &run,
        &[
            "a.conf:18: no `lb_algo` here: wlc, as keepalived takes it",
            "a.conf:18: no `lb_kind` here: NAT, as keepalived takes it",
            "a.conf:18: no `protocol` here: UDP, as keepalived takes it",
        ],
    );
    for part in ["lb_algo: wlc\n", "lb_kind: NAT\n", "protocol: UDP\n"] {
        assert!(run.stdout.contains(part), "{part}\nin {}", run.stdout);
    }
}

#[test]
fn port_0_is_none() {
    let server = |port: &str, more: &str| {
        format!(
            "virtual_server 10.0.0.100 {port} {{\n lb_algo rr\n lb_kind NAT\n protocol TCP\n{more}\n \
             real_server 10.0.0.11 0 {{\n  TCP_CHECK {{\n   connect_port 80\n  }}\n }}\n}}\n"
        )
    };
    let run = one(&file("a", &server("0", "persistence_timeout")));
    tells(&run, &[]);
    assert!(run.stdout.contains("  - address: 10.0.0.100\n"), "{}", run.stdout);
    assert!(run.stdout.contains("persistence_timeout: 360\n"), "{}", run.stdout);
    let run = one(&file("a", &server("0", "")));
    tells(&run, &["a.conf:18: no `persistence_timeout` here: 360, as keepalived takes it"]);
    // A server's is the service's then.
    tells(&one(&file("a", &server("8080", ""))), &[]);
}

#[test]
fn marks_have_no_protocol() {
    let server = |check: &str| {
        format!(
            "virtual_server fwmark 80 {{\n lb_algo wlc\n lb_kind NAT\n real_server 10.0.0.11 80 \
             {{\n  {check}\n }}\n}}\n"
        )
    };
    let run = one(&file("a", &server("HTTP_GET {\n url {\n path /\n status_code 200\n }\n }")));
    tells(&run, &[]);
    assert!(!run.stdout.contains("protocol"), "{}", run.stdout);
    tells(&one(&file("a", &server("UDP_CHECK {\n }"))), &[]);
}

#[test]
fn keepalived_takes_it_too() {
    if !inside("lossless::keepalived_takes_it_too") {
        return;
    }
    let told = test(&network(), &file("a", SILENT)).stderr;
    let told = String::from_utf8(told).unwrap();
    for part in ["defaulting to UDP", "setting default 'wlc'", "setting default NAT"] {
        assert!(told.contains(part), "{part}\nin {told}");
    }
    let all_ports = SILENT.replace("100 80 {", "100 0 {\n lb_algo rr\n lb_kind DR\n protocol TCP");
    let told = String::from_utf8(test(&network(), &file("a", &all_ports)).stderr).unwrap();
    assert!(told.contains("zero port only valid for persistent services - setting"), "{told}");
}

#[test]
fn what_gen_conf_refuses_is_compared_all_the_same() {
    let script = "vrrp_script up {\n script \"/bin/true\"\n}\n";
    let service = "virtual_server 10.0.0.1 80 {\n lb_algo rr\n lb_kind NAT\n protocol TCP\n \
                   real_server 10.0.0.11 80 {\n }\n quorum 5\n}\n";
    let twice = file("a", &format!("{script}{service}{service}"));
    let run = all(&[&twice.replace("        10.0.0.101/24\n", ""), &file("b", "")], "").1;
    assert_eq!(run.code, Some(1), "{run:#?}");
    for told in [
        "note: a.conf:28: the block `virtual_server 10.0.0.1 80` is not in the inventory, or refused",
        "note: b.conf:15: `10.0.0.101/24` in vrrp_instance VI_1 / virtual_ipaddress is not in",
        "error: the weights of all servers together are 1",
    ] {
        assert!(run.stderr.contains(told), "{told}\nin {}", run.stderr);
    }
}

#[test]
fn what_can_not_be_compared_is_said_so() {
    let service = "virtual_server 10.0.0.100 80 {\n lb_algo none\n lb_kind NAT\n protocol TCP\n \
                   real_server 10.0.0.11 80 {\n }\n}\n";
    let run = all(&[&file("a", &format!("{service}{service}")), &file("b", "")], "").1;
    assert_eq!(run.code, Some(1), "{run:#?}");
    for told in [
        "note: nothing was compared, since gen-conf can't render this inventory so far",
        "note: a.conf:25: a second `virtual_server 10.0.0.100 80`; the inventory has one of them",
        "note: b.conf: `virtual_server 10.0.0.100 80` is missing here, and all nodes get it",
    ] {
        assert!(run.stderr.contains(told), "{told}\nin {}", run.stderr);
    }
}

/// keepalived takes the last.
#[test]
fn of_two_interfaces_the_last_counts() {
    let text = file("a", "").replace("interface eth0", "interface eth1\n    interface eth0");
    let run = one(&text);
    tells(&run, &["a.conf:9: `interface eth1` in vrrp_instance VI_1 is not in the inventory"]);
    assert!(run.stdout.contains("interface: eth0") && !run.stdout.contains("raw"), "{run:#?}");
}

#[test]
fn a_master_without_a_priority_has_255() {
    let first =
        file("a", "").replace("state BACKUP", "state MASTER").replace("    priority 100\n", "");
    let second = file("b", "").replace("priority 100", "priority 150");
    let run = all(&[&first, &second], "").1;
    let why = "a.conf:7: MASTER without a priority has 255, the priority of an owner; 254 in the";
    assert!(run.stderr.contains(why), "{run:#?}");
    assert!(run.stdout.contains("{name: a, address: 10.0.0.1, priority: 254}"), "{run:#?}");
    assert!(run.stdout.contains("{name: b, address: 10.0.0.2, priority: 150}"), "{run:#?}");
    assert!(!run.stderr.contains("state MASTER"), "{run:#?}");
}

/// For keepalived they are one, and its lists are joined.
#[test]
fn several_global_defs_are_one() {
    let more = "global_defs {\n smtp_server 10.0.0.9\n notification_email {\n  x@y.z\n }\n}\n\
                global_defs {\n vrrp_version 3\n notification_email {\n  q@y.z\n }\n}\n";
    let run = one(&file("a", more));
    tells(&run, &[]);
    let all = "global_defs:\n  notification_email: [x@y.z, q@y.z]\n  smtp_server: 10.0.0.9\n  \
               vrrp_version: 3\n";
    assert!(run.stdout.contains(all), "{}", run.stdout);
}

#[test]
fn keepalived_joins_them_too() {
    if !inside("lossless::keepalived_joins_them_too") {
        return;
    }
    let text = file(
        "a",
        "global_defs {\n notification_email {\n  x@y.z\n }\n}\nglobal_defs {\n \
                          notification_email_from f@g\n notification_email {\n  q@y.z\n }\n}\n",
    );
    let globals = understood(&network(), &text);
    assert_eq!(globals.to, ["x@y.z", "q@y.z"]);
    assert_eq!((globals.from.as_deref(), globals.router_id.as_deref()), (Some("f@g"), Some("a")));
}

const PROGRAMS: &str = "
vrrp_script up {
    script \"/usr/bin/pgrep haproxy\"
    interval 2
}
vrrp_script down {
    script \"/usr/bin/pgrep nginx\"
    user daemon
}
";

#[test]
fn programs_run_as_before() {
    let with = |user: &str| {
        let text = file("a", PROGRAMS).replace("    script_user root\n", user);
        text.replace("advert_int 1", "advert_int 1\n    notify \"/bin/true x\"")
    };
    let run = one(&with("    script_user nobody nogroup\n    notify_fifo /run/fifo\n"));
    let why =
        "a.conf:4: script_user becomes root, and `user: nobody nogroup` is said at each program";
    tells(&run, &[why]);
    for part in [
        "  notify_fifo: /run/fifo nobody nogroup\n",
        "    script: /usr/bin/pgrep haproxy\n    interval: 2\n    user: nobody nogroup\n",
        "  down: {script: /usr/bin/pgrep nginx, user: daemon}\n",
        "    notify: {command: /bin/true x, user: nobody nogroup}\n",
    ] {
        assert!(run.stdout.contains(part), "{part}\nin {}", run.stdout);
    }
    let run = one(&with(""));
    let why = "a.conf:12, a.conf:19: without script_user this ran as keepalived_script, where there is \
               such a user; now it runs as root, unless `user` says otherwise";
    tells(&run, &[why]);
    tells(&one(&with("    script_user root\n")), &[]);
}

#[test]
fn an_old_name_means_an_old_keepalived() {
    let text = file("a", "").replace("    script_user", "    lvs_flush_onstop\n    script_user");
    let (place, run) = all(&[&text], "");
    let why = "a.conf:4: keepalived 2.1.5 is assumed to be the target: newer ones call \
               lvs_flush_onstop lvs_flush_on_stop";
    tells(&run, &[why]);
    assert!(run.stdout.starts_with("target: keepalived 2.1.5\n"), "{}", run.stdout);
    place.write("inventory.yml", &run.stdout);
    assert!(place.rendered("a").contains("    lvs_flush_onstop\n"), "{}", place.rendered("a"));
    // Unless something else needs a newer one.
    let run = one(&text.replace("    script_user", "    log_unknown_vrids\n    script_user"));
    let why = "a.conf:4: lvs_flush_onstop becomes lvs_flush_on_stop, which keepalived 2.1.5 does not \
               know; other keys here need keepalived 2.2";
    tells(&run, &[why]);
}

#[test]
fn each_password_has_a_file() {
    let pass = |password: &str| {
        format!("advert_int 1\n authentication {{\n  auth_type PASS\n  auth_pass {password}\n }}")
    };
    let second =
        INSTANCE.replace("VI_1", "VI_2").replace("51", "52").replace("10.0.0.10", "10.0.0.11");
    let both = |one: &str, other: &str| {
        let first = file("a", "").replace("advert_int 1", &pass(one));
        format!("{first}{}", second.replace("advert_int 1", &pass(other)))
    };
    let run = all(&[&both("first", "first")], "--auth-pass-file secret").1;
    assert_eq!(run.stdout.matches("auth_pass: {file: secret}").count(), 2, "{run:#?}");
    let run = all(&[&both("first", "second")], "--auth-pass-file secret").1;
    tells(
        &run,
        &[
            "a.conf:15: put this auth_pass into secret.VI_1, for yourself alone to read",
            "a.conf:31: put this auth_pass into secret.VI_2, for yourself alone to read",
        ],
    );
    for file in ["secret.VI_1", "secret.VI_2"] {
        assert!(run.stdout.contains(&format!("auth_pass: {{file: {file}}}")), "{}", run.stdout);
    }
}

#[test]
fn an_address_is_on_each_node_s_own_interface() {
    let with = |name: &str, interface: &str| {
        let text = file(name, "").replace("eth0", interface);
        text.replace("100/24", &format!("100/24 dev {interface} label {interface}:1"))
            .replace("101/24", &format!("101/24 dev {interface}"))
    };
    let first = with("a", "eth0").replace(" label eth0:1", "");
    let second =
        with("b", "ens3").replace(" label ens3:1", "").replace("priority 100", "priority 90");
    let run = all(&[&first, &second], "").1;
    tells(&run, &[]);
    let vips = "    virtual_ipaddress: [10.0.0.100/24, 10.0.0.101/24]\n";
    assert!(run.stdout.contains(vips), "{}", run.stdout);
    // A label is of one interface only.
    let second = with("b", "ens3").replace("priority 100", "priority 90");
    let run = all(&[&with("a", "eth0"), &second], "").1;
    assert!(
        run.stderr.contains("b.conf:13: `virtual_ipaddress` differs from a.conf:13"),
        "{run:#?}"
    );
}

#[test]
fn the_order_of_words_and_peers_makes_no_difference() {
    let text = |name: &str, own: usize, options: &str| {
        let peers = [3, 2, 1].into_iter().filter(|peer| *peer != own);
        let peers: String = peers.map(|peer| format!("  10.0.0.{peer}\n")).collect();
        file(name, "")
            .replace("priority 100", &format!("priority 0{}", 160 - own * 10))
            .replace("10.0.0.101/24", &format!("10.0.0.101/24 {options}"))
            .replace(
                "advert_int 1\n",
                &format!("unicast_src_ip 10.0.0.{own}\n unicast_peer {{\n{peers} }}\n"),
            )
    };
    let files = [
        text("a", 1, "brd 10.0.0.255 dev eth1 scope global"),
        text("b", 2, "dev eth1 scope global broadcast 10.0.0.255"),
        text("c", 3, "scope global brd 10.0.0.255 dev eth1"),
    ];
    let run = all(&[&files[0], &files[1], &files[2]], "").1;
    tells(&run, &[]);
    assert!(!run.stdout.contains("unicast_peer"), "{}", run.stdout);
}

#[test]
fn sets_of_nodes_may_overlap() {
    let second =
        INSTANCE.replace("VI_1", "VI_2").replace("51", "52").replace("10.0.0.10", "10.0.0.11");
    let last = format!("{}{second}", GLOBAL.replace("NAME", "c"));
    let run = all(&[&file("a", ""), &file("b", &second), &last], "").1;
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(run.stdout.contains("    nodes: [b, c]\n"), "{run:#?}");
    assert!(run.stdout.contains("    site: site1\n"), "{run:#?}");
}
