//! Files as they are found in the wild: two balancers before servers of their own, two instances
//! in a sync group, unicast, scripts, HTTP checks, groups, marks; with what has no key.

use crate::article::import;
use crate::common::keepalived::{network, test};
use crate::common::netns::inside;
use crate::place::{Place, Run};

const FILE: &str = r##"! Configuration File for keepalived
$WEIGHT=3

global_defs {
    notification_email { admin@example.org root@example.org }
    notification_email_from lb@example.org
    smtp_server 127.0.0.1 25
    router_id lb1            # the node
    vrrp_skip_check_adv_addr
    vrrp_garp_interval 0.001
    script_user nobody
    enable_script_security
    @lb1 max_auto_priority 5
    process_names
}

static_routes {
    10.9.0.0/16 via 10.0.0.254 dev eth0
}

vrrp_script chk_haproxy {
    script "/usr/bin/killall -0 haproxy"
    interval 2
    user root
}

vrrp_sync_group G1 {
    group {
        VI_1
        VI_2
    }
    notify "/etc/keepalived/notify.sh"
}

vrrp_instance VI_1 {
    state MASTER
    interface eth0
    virtual_router_id 51
    priority 150
    advert_int 1.0
    unicast_src_ip 10.0.0.1
    unicast_peer {
        10.0.0.2
    }
    authentication {
        auth_type PASS
        auth_pass s3cr3t-and-longer
    }
    virtual_ipaddress {
        10.0.0.100/24 dev eth0 label eth0:vip
        10.0.0.101/24
    }
    track_script {
        chk_haproxy
    }
    garp_master_delay 10
    smtp_alert
    notify_master "/etc/keepalived/master.sh VI_1" nobody nogroup
}

vrrp_instance VI_2 {
    state MASTER
    interface eth1
    virtual_router_id 52
    priority 150
    advert_int 1
    unicast_src_ip 10.0.0.1
    unicast_peer {
        10.0.0.2
    }
    virtual_ipaddress {
        10.1.0.100/24
    }
}

virtual_server_group WEB {
    10.0.0.100 80
    10.0.0.101 80
}

virtual_server group WEB {
    delay_loop 6
    lvs_sched wrr
    lvs_method NAT
    persistence_timeout 50
    protocol TCP
    quorum 2
    hysteresis 1
    quorum_up "/etc/keepalived/up.sh a b"
    sorry_server 10.0.2.9 80

    real_server 10.0.1.1 8080 {
        weight $WEIGHT
        HTTP_GET {
            url {
                path /health
                status_code 200
            }
            url {
                path /other
                digest 9b3a0c85a887a256d6939da88aabd8cd
            }
            connect_timeout 3
            nb_get_retry 3
            delay_before_retry 3
        }
    }
    real_server 10.0.1.2 8080 {
        weight 1
        inhibit_on_failure
        HTTP_GET {
            url {
                path /health
                status_code 200
            }
            url {
                path /other
                digest 9b3a0c85a887a256d6939da88aabd8cd
            }
            connect_timeout 3
            nb_get_retry 3
            delay_before_retry 3
        }
    }
}

virtual_server fwmark 1 {
    delay_loop 10
    lb_algo rr
    lb_kind NAT
    protocol UDP
    real_server 10.0.1.1 53 {
        MISC_CHECK {
            misc_path "/usr/local/bin/check_dns 10.0.1.1"
            misc_timeout 5
        }
    }
}
"##;

const INVENTORY: &str = r#"bypass: false
drain_file: false

# the node
global_defs:
  notification_email: [admin@example.org, root@example.org]
  notification_email_from: lb@example.org
  smtp_server: 127.0.0.1 25
  vrrp_skip_check_adv_addr: true
  vrrp_garp_interval: 0.001
  raw: process_names

nodes:
  - name: lb1
    address: 10.0.0.1
    priority: 150
    global_defs: {max_auto_priority: 5}
  - {name: lb2, address: 10.0.0.2, priority: 100}
"#;

fn place() -> (Place, &'static str) {
    let place = Place::with("");
    place.write("lb1.conf", FILE);
    let other = FILE
        .replace("router_id lb1", "router_id lb2")
        .replace("state MASTER", "state BACKUP")
        .replace("priority 150", "priority 100")
        .replace("10.0.0.2\n    }\n", "PEER\n    }\n")
        .replace("unicast_src_ip 10.0.0.1", "unicast_src_ip 10.0.0.2")
        .replace("PEER", "10.0.0.1");
    place.write("lb2.conf", other);
    (place, "lb1.conf lb2.conf --id lb1 --id lb2")
}

#[test]
fn what_has_a_key_gets_it_and_what_has_none_stays() {
    let (place, arguments) = place();
    let Run { code, stdout, stderr } = import(&place, arguments);
    assert_eq!(code, Some(0), "{stderr}\n{stdout}");
    assert!(stdout.starts_with(INVENTORY), "{stdout}");
    for part in [
        "raw: |\n  static_routes {\n      10.9.0.0/16 via 10.0.0.254 dev eth0\n  }\n",
        "    script: /usr/bin/killall -0 haproxy\n",
        "    unicast: true\n",
        "{address: 10.0.0.100/24, label: 'eth0:vip'}",
        "    notify_master: {command: /etc/keepalived/master.sh VI_1, user: nobody nogroup}\n",
        // What script_user says for all.
        "    notify: {command: /etc/keepalived/notify.sh, user: nobody}\n",
        "    quorum_up: {command: /etc/keepalived/up.sh a b, user: nobody}\n",
        "      misc_timeout: 5\n      user: nobody\n",
        "    user: root\n",
        "auth_pass: s3cr3t-a}\n",
        "  - group: WEB\n",
        "  WEB: [10.0.0.100 80, 10.0.0.101 80]\n",
        "      - {address: 10.0.1.2, port: 8080, weight: 1, inhibit_on_failure: true}\n",
        "    sorry_server: 10.0.2.9 80\n",
        "  - fwmark: 1\n",
        "      misc_path: '/usr/local/bin/check_dns {address}'\n",
    ] {
        assert!(stdout.contains(part), "{part}\nin {stdout}");
    }
    for told in [
        "note: lb1.conf:11, lb2.conf:11: script_user becomes root, and `user: nobody` is said",
        "note: lb1.conf:47: auth_pass is longer than the 8 characters",
    ] {
        assert!(stderr.contains(told), "{told}\nin {stderr}");
    }
    assert!(!stderr.contains("s3cr3t"), "{stderr}");
    let lost: Vec<&str> = stderr.lines().filter(|line| line.contains("not in the inv")).collect();
    assert!(lost.is_empty(), "{lost:#?}");
}

#[test]
fn keepalived_takes_the_files_before_and_after() {
    if !inside("wild::keepalived_takes_the_files_before_and_after") {
        return;
    }
    let netns = network();
    netns.ip("link add eth1 type veth peer name peer1");
    netns.ip("address add 10.0.0.1/24 dev eth0");
    let (place, arguments) = place();
    let run = import(&place, arguments);
    place.write("inventory.yml", run.stdout);
    for node in ["lb1", "lb2"] {
        // The programs are not there, and nobody is asked whether they are; keepalived 2.2.7 kills
        // itself under -t where one runs as somebody else.
        let text = place.rendered(node).replace(" nobody nogroup", "").replace(" nobody", "");
        let text = text.replace("    user\n", "");
        let run = Run::of(test(&netns, &text));
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{text}");
    }
}
