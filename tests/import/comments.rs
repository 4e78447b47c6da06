//! Comments of the files stand in the inventory where what they belong to stands.

use crate::article::{bare, import};
use crate::place::{Place, Run};

const FILE: &str = "\
! The mail cluster.

global_defs {
    router_id a   # of the rack
    smtp_server 192.0.2.25
    # Once this was auth_pass geheim
    notification_email {
        root  # reads them daily
    }
}

# Moves with the switch.
vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 51
    priority 150  # above the other
    # 2 s, as the firewall is slow.
    advert_int 2
    unicast_src_ip 192.0.2.1
    unicast_peer {
        192.0.2.2
    }
    virtual_ipaddress {
        192.0.2.10/24
    }
}

# The web.
virtual_server 192.0.2.10 80 {
    # Long pages.
    lvs_sched lc
    lb_kind NAT
    protocol TCP
    # The old machine.
    real_server 198.51.100.1 80 {
        weight 1
    }
}
";

const EXPECTED: [&str; 6] = [
    "# The mail cluster.\n# of the rack\n",
    "# reads them daily\n  notification_email: root\n",
    "vrrp_instance:\n  # Moves with the switch.\n",
    "    # 2 s, as the firewall is slow.\n    advert_int: 2\n",
    "  # The web.\n",
    "    # Long pages.\n    lb_algo: lc\n",
];

#[test]
fn comments_stay_where_they_belong() {
    let place = Place::with("");
    place.write("a.conf", FILE);
    let Run { code, stdout, stderr } = import(&place, "a.conf");
    assert_eq!(code, Some(0), "{stderr}\n{stdout}");
    for part in EXPECTED {
        assert!(stdout.contains(part), "{part}\nin {stdout}");
    }
    for once in ["# above the other", "# The old machine.", "# The web."] {
        assert_eq!(stdout.matches(once).count(), 1, "{once}\nin {stdout}");
    }
    assert!(!stdout.contains("geheim"), "{stdout}");
    // With them it is the same inventory.
    place.write("inventory.yml", &stdout);
    place.run("--out-dir out").success();
    let rendered = import(&place, "out/a/keepalived.conf").stdout;
    assert_eq!(bare(&stdout), rendered);
}
