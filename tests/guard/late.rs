//! The node's own address comes after keepalived had started, as with DHCP or on a VLAN: 2.2.7 with
//! unicast stays in FAULT until it is reloaded, which the watcher does.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::common::keepalived::{Keepalived, wait_for};
use crate::common::netns::{Netns, inside};
use crate::healing::Watch;

const INSTANCE: &str = "vrrp_instance a {
    state BACKUP
    interface eth0
    virtual_router_id 11
    advert_int 1
    unicast_src_ip OWN
    unicast_peer {
        PEER
    }
    virtual_ipaddress {
        VIP
    }
}
";

/// An interface without an address.
fn network() -> Netns {
    let netns = Netns::new();
    netns.ip("link add eth0 type veth peer name peer0");
    netns.ip("link set eth0 up");
    netns.ip("link set peer0 up");
    netns.wait_for_carrier("eth0");
    netns
}

fn watch(netns: &Netns, keepalived: &Keepalived) -> Watch {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bypass-ipvs"));
    command.args(["--watch", "--verbose", "--config"]).arg(keepalived.path("keepalived.conf"));
    command.arg("--keepalived-pid").arg(keepalived.path("pid"));
    let said = fs::File::create(keepalived.path("said")).unwrap();
    command.stdin(Stdio::null()).stderr(said);
    Watch(netns.run(|| command.spawn().unwrap()))
}

fn said(keepalived: &Keepalived) -> String {
    fs::read_to_string(keepalived.path("said")).unwrap()
}

#[test]
fn keepalived_is_reloaded_once_when_its_address_comes() {
    if !inside("late::keepalived_is_reloaded_once_when_its_address_comes") {
        return;
    }
    for (own, length, peer, vip) in [
        ("192.168.3.101", "24", "192.168.3.102", "192.168.3.100"),
        ("fd00:3::101", "64", "fd00:3::102", "fd00:3::100"),
    ] {
        let netns = network();
        let text = INSTANCE.replace("OWN", own).replace("PEER", peer).replace("VIP", vip);
        let keepalived = Keepalived::start(&netns, &text, &[]);
        let log = || keepalived.log();
        wait_for(log, || keepalived.log().contains("FAULT STATE").then_some(()));
        let _watch = watch(&netns, &keepalived);
        netns.ip(&format!("address add {own}/{length} dev eth0"));
        wait_for(log, || keepalived.log().contains("MASTER STATE").then_some(()));
        let told = format!("{own} came after keepalived had started");
        wait_for(|| said(&keepalived), || said(&keepalived).contains(&told).then_some(()));
        // One that goes and comes keeps its socket, and is no reason for another.
        netns.ip(&format!("address del {own}/{length} dev eth0"));
        netns.ip(&format!("address add {own}/{length} dev eth0"));
        std::thread::sleep(Duration::from_secs(8));
        assert_eq!(said(&keepalived).matches("reload").count(), 1, "{}", said(&keepalived));
        assert_eq!(keepalived.log().matches("Reload complete").count(), 1, "{}", keepalived.log());
        keepalived.stop();
    }
}

/// Somebody is at work on the file: it is not for the watcher to put it in force.
#[test]
fn a_file_that_keepalived_has_not_read_is_left_alone() {
    if !inside("late::a_file_that_keepalived_has_not_read_is_left_alone") {
        return;
    }
    let netns = network();
    let text = INSTANCE.replace("OWN", "192.168.3.101").replace("PEER", "192.168.3.102");
    let text = text.replace("VIP", "192.168.3.100");
    let keepalived = Keepalived::start(&netns, &text, &[]);
    wait_for(|| keepalived.log(), || keepalived.log().contains("FAULT STATE").then_some(()));
    fs::write(keepalived.path("keepalived.conf"), text.replace("_id 11", "_id 12")).unwrap();
    let _watch = watch(&netns, &keepalived);
    netns.ip("address add 192.168.3.101/24 dev eth0");
    let told = "was not reloaded: ";
    wait_for(|| said(&keepalived), || said(&keepalived).contains(told).then_some(()));
    assert!(said(&keepalived).contains("keepalived.conf is newer than the running keepalived"));
    assert!(!keepalived.log().contains("Reload"), "{}", keepalived.log());
}
