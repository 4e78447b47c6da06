//! `lvskit diff --meaning` and `gen-conf --check --meaning`: what makes no difference to keepalived is not
//! shown, everything else is, and never a password.

use std::fs::File;

use crate::article::import;
use crate::place::{PROGRAM, Place, Run};

const FILE: &str = "\
global_defs {
    router_id lb1
    enable_script_security
    script_user nobody
    vrrp_garp_master_delay 5
    lvs_sync_daemon eth0 VI_1 51
    notification_email {
        a@example.org
        b@example.org
    }
}

vrrp_script up {
    script \"/usr/bin/pgrep haproxy\"
    interval 1
    weight -0
}

vrrp_instance VI_1 {
    state BACKUP
    interface eth0
    virtual_router_id 51
    priority 100
    advert_int 1.50
    authentication {
        auth_type PASS
        auth_pass s3cr3t-and-more
    }
    unicast_src_ip 10.0.0.1/24
    unicast_peer {
        10.0.0.2
        10.0.0.3
    }
    virtual_ipaddress {
        10.0.0.100/32 dev eth0 scope global
        10.0.0.101/24 brd + label eth0:1
    }
    track_interface {
        eth1 weight 0
    }
    preempt
}

virtual_server 10.0.0.100 80 {
    delay_loop 60
    lvs_sched wlc
    lvs_method DR
    protocol TCP
    real_server 10.0.0.11 80 {
        weight 1
        TCP_CHECK {
            connect_port 80
            connect_timeout 03
            nb_get_retry 3
        }
    }
    real_server 10.0.0.12 80 {
        weight 2
    }
}
";

/// The same in other words.
const SAME: &str = "\
# A comment.
$PASS=s3cr3t-a
include more.conf
virtual_server 10.0.0.100 80 {
  real_server 10.0.0.12 { weight 2
  }
  protocol TCP
  lb_kind DR
  real_server 10.0.0.11 {
    TCP_CHECK {
      retry 3
      connect_timeout 3.0
    }
  }
}
vrrp_instance \"VI_1\" {
  virtual_ipaddress { 10.0.0.101/24 label eth0:1 broadcast +
    10.0.0.100 }
  unicast_peer { 10.0.0.3
    10.0.0.2
  }
  unicast_src_ip 10.0.0.1
  version 2
  garp_master_delay 5
  virtual_router_id 051
  advert_int 1.5
  track_interface {
    eth1
  }
  authentication {
    auth_pass $PASS
    auth_type PASS
  }
  interface eth0
}
global_defs { notification_email { b@example.org a@example.org } }
";

const MORE: &str = "\
vrrp_script up {
    script \"/usr/bin/pgrep haproxy\"
    weight -0
    user nobody
}
global_defs {
    enable_script_security
    lvs_sync_daemon eth0 id 51 inst VI_1
    router_id lb1
}
";

fn place() -> Place {
    let place = Place::with("");
    place.write("old.conf", FILE);
    place.write("new.conf", SAME);
    place.write("more.conf", MORE);
    place
}

fn diff(place: &Place, options: &str) -> Run {
    let mut command = place.command(PROGRAM);
    command.args(["diff", "--meaning"]).args(options.split_whitespace());
    command.stdin(File::open(place.path("new.conf")).unwrap());
    Run::of(command.output().unwrap())
}

#[test]
fn what_means_the_same_shows_nothing() {
    let place = place();
    for options in ["old.conf new.conf", "new.conf old.conf", "old.conf -"] {
        let run = diff(&place, options);
        assert_eq!((run.code, &*run.stdout, &*run.stderr), (Some(0), "", ""), "{options}");
    }
    let run = diff(&place, "old.conf new.conf --json");
    let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(json, serde_json::json!({ "format": 1, "changed": false, "differences": [] }));
}

#[test]
fn what_keepalived_would_do_differently_is_shown() {
    let place = place();
    for (old, new, shown) in [
        (
            "priority 100",
            "priority 101",
            "@@ vrrp_instance VI_1 @@\n-priority 101    # line 23\n+priority 100",
        ),
        ("advert_int 1.50", "advert_int 15", "-advert_int 15    # line 24\n+advert_int 1.5"),
        (
            "10.0.0.3\n",
            "10.0.0.4\n",
            "@@ vrrp_instance VI_1 / unicast_peer @@\n-10.0.0.4    # line 32\n+10.0.0.3",
        ),
        (
            "script_user nobody",
            "script_user root",
            "-user root    # line 13\n+user nobody    # more.conf:4",
        ),
        ("delay_loop 60", "delay_loop 6", "-delay_loop 6    # line 45"),
        ("        weight 2\n", "        weight 3\n", "-weight 3"),
        ("connect_port 80", "connect_port 81", "/ TCP_CHECK @@\n-connect_port 81"),
        ("eth1 weight 0", "eth1 weight 10", "track_interface @@\n-eth1 weight 10"),
        ("    preempt\n", "    nopreempt\n", "-nopreempt    # line 41"),
        (
            "VI_1 51",
            "VI_1 52",
            "-lvs_sync_daemon eth0 id 52 inst VI_1    # line 6\n+lvs_sync_daemon eth0 id 51",
        ),
        ("dev eth0 scope", "dev eth1 scope", "-10.0.0.100 dev eth1"),
        ("vrrp_garp_master_delay 5", "vrrp_garp_master_delay 6", "-vrrp_garp_master_delay 6"),
        (
            "global_defs {\n",
            "global_defs {\n    vrrp_version 3\n",
            "-version 3    # line 20\n+version 2",
        ),
        ("\"/usr/bin/pgrep haproxy\"", "/usr/bin/pgrep haproxy", "-script /usr/bin/pgrep haproxy"),
        ("vrrp_instance VI_1", "vrrp_instance VI_2", "+vrrp_instance VI_1 { ... }"),
    ] {
        place.write("old.conf", FILE.replace(old, new));
        let run = diff(&place, "old.conf new.conf");
        assert_eq!((run.code, &*run.stderr), (Some(3), ""), "{new}");
        assert!(run.stdout.starts_with("--- old.conf\n+++ new.conf\n"), "{}", run.stdout);
        assert!(run.stdout.contains(shown), "{shown}\nin {}", run.stdout);
    }
}

#[test]
fn of_two_lines_the_last_counts() {
    let place = place();
    for (keyword, one, other) in [
        ("priority 100", "priority 150", "priority 90"),
        ("delay_loop 60", "delay_loop 60", "delay_loop 6"),
    ] {
        place.write("old.conf", FILE.replace(keyword, &format!("{one}\n    {other}")));
        place.write("new.conf", FILE.replace(keyword, &format!("{other}\n    {one}")));
        let run = diff(&place, "old.conf new.conf");
        assert_eq!(run.code, Some(3), "{one}");
        for shown in [format!("-{other}    # line"), format!("+{one}    # line")] {
            assert!(run.stdout.contains(&shown), "{shown}\nin {}", run.stdout);
        }
        assert_eq!(run.stdout.lines().count(), 5, "{}", run.stdout);
    }
    place.write("old.conf", FILE.replace("    preempt\n", "    preempt\n    nopreempt\n"));
    place.write("new.conf", FILE.replace("    preempt\n", "    nopreempt\n    preempt\n"));
    assert!(diff(&place, "old.conf new.conf").stdout.contains("-nopreempt    # line 42\n"));
    // The order of addresses and of what is beside each other means nothing.
    place.write(
        "old.conf",
        FILE.replace(
            "    preempt\n",
            "    virtual_routes {\n blackhole 10.9.0.0/16\n blackhole 10.8.0.0/16\n }\n",
        ),
    );
    place.write(
        "new.conf",
        FILE.replace(
            "    preempt\n",
            "    virtual_routes {\n blackhole 10.8.0.0/16\n blackhole 10.9.0.0/16\n }\n",
        ),
    );
    assert_eq!(diff(&place, "old.conf new.conf").code, Some(0));
}

#[test]
fn passwords_are_masked() {
    let place = place();
    place.write("old.conf", FILE.replace("s3cr3t-and-more", "other"));
    for options in ["old.conf new.conf", "old.conf new.conf --json"] {
        let run = diff(&place, options);
        assert_eq!(run.code, Some(3));
        assert!(run.stdout.contains("auth_pass ********"), "{}", run.stdout);
        assert!(!run.stdout.contains("other") && !run.stdout.contains("s3cr3t"), "{}", run.stdout);
    }
}

#[test]
fn files_that_can_not_be_compared() {
    let place = place();
    place.write("broken.conf", "global_defs {\n");
    place.write("id.conf", "@lb1 priority 5\n");
    for (options, code, words) in [
        ("broken.conf new.conf", 1, "error: broken.conf:1: "),
        ("old.conf broken.conf", 1, "error: broken.conf:1: "),
        ("old.conf none.conf", 6, "none.conf"),
        ("id.conf id.conf", 1, "--id"),
    ] {
        let run = diff(&place, options);
        assert_eq!((run.code, &*run.stdout), (Some(code), ""), "{options}: {}", run.stderr);
        assert!(
            run.stderr.contains(words) && run.stderr.matches('\n').count() == 1,
            "{}",
            run.stderr
        );
    }
    assert_eq!(diff(&place, "id.conf id.conf --id lb1").code, Some(0));
    // Where there is no file yet, all is new.
    let run = diff(&place, "none.conf old.conf");
    assert_eq!(run.code, Some(3));
    assert!(run.stdout.contains("+vrrp_instance VI_1 { ... }"), "{}", run.stdout);
    let run = Run::of(
        place.command(PROGRAM).args(["diff", "old.conf", "new.conf", "--json"]).output().unwrap(),
    );
    let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((run.code, &json["changed"]), (Some(3), &serde_json::json!(true)));
    assert!(json["diff"].as_str().unwrap().contains("--- old.conf\n"), "{json}");
}

/// A file that a person wrote, with two blanks before each statement.
const BY_HAND: &str = "\
global_defs {
  router_id NAME
  enable_script_security
  script_user root
}
vrrp_instance VI_1 {
  interface eth0
  virtual_router_id 51
  priority PRIORITY
  state STATE
  advert_int 1.0
  unicast_src_ip 192.0.2.OWN
  unicast_peer {
    192.0.2.PEER
  }
  virtual_ipaddress {
    192.0.2.10/24
  }
}
";

#[test]
fn an_imported_cluster_changes_nothing() {
    let place = Place::with("");
    for (name, state, priority, own, peer) in
        [("a", "MASTER", "150", "1", "2"), ("b", "BACKUP", "100", "2", "1")]
    {
        let text = BY_HAND.replace("NAME", name).replace("STATE", state).replace("OWN", own);
        let text = text.replace("PRIORITY", priority).replace("PEER", peer);
        place.write(&format!("conf/{name}/keepalived.conf"), text);
    }
    let imported = import(&place, "conf/a/keepalived.conf conf/b/keepalived.conf");
    assert_eq!((imported.code, &*imported.stderr), (Some(0), ""));
    place.write("inventory.yml", &imported.stdout);
    let before = place.read("conf/a/keepalived.conf");
    let run = place.run("--out-dir conf --check --diff --meaning");
    let unchanged = "unchanged conf/a/keepalived.conf\nunchanged conf/b/keepalived.conf\n";
    assert_eq!((run.code, &*run.stdout, &*run.stderr), (Some(0), unchanged, ""));
    // Byte by byte all of it changes, and a note leads to the other comparison.
    let run = place.run("--out-dir conf --check --diff --verbose");
    assert_eq!(run.code, Some(3));
    assert!(run.stderr.contains("--check --meaning only what keepalived would"), "{}", run.stderr);
    place.write("inventory.yml", imported.stdout.replace("192.0.2.10/24", "192.0.2.11/24"));
    let run = place.run("--out-dir conf --check --diff --meaning");
    assert_eq!(run.code, Some(3));
    assert!(run.stdout.contains("-192.0.2.10/24    # line 17\n+192.0.2.11/24"), "{}", run.stdout);
    assert_eq!(place.read("conf/a/keepalived.conf"), before);
    assert_eq!(place.run("--out-dir conf --diff --meaning").code, Some(2));
    assert_eq!(place.run("--out-dir conf --check --meaning --firewall nftables").code, Some(2));
}
