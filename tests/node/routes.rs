//! Local routes: put in place, listed, taken away; beside many others.

use lvskit::node::netlink::NetlinkError;
use lvskit::node::routes::{LocalRoute, Routes};
use nix::errno::Errno;

use crate::common::netns::{Netns, inside};

fn route(address: &str) -> LocalRoute {
    // The loopback interface is the first of every namespace.
    LocalRoute { address: address.parse().unwrap(), interface: 1, metric: 4000, protocol: 112 }
}

#[test]
fn routes_come_and_go_and_others_stay() {
    if !inside("routes::routes_come_and_go_and_others_stay") {
        return;
    }
    let node = Netns::new();
    node.ip("link add eth0 type veth peer name peer0");
    node.ip("link set eth0 up");
    node.ip("address add 192.168.3.100/24 dev eth0");
    node.ip("address add fd00:3::100/64 dev eth0 nodad");
    // Others of the same protocol, none of which is a local route of one address.
    node.ip("route add 10.9.0.0/24 dev eth0 proto 112");
    node.ip("route add local 10.8.0.0/24 dev lo table local proto 112");
    node.ip("route add 192.168.3.77/32 dev eth0 proto 112 table 77");
    node.run(|| {
        let mut routes = Routes::open().unwrap();
        assert_eq!(routes.list(112).unwrap(), []);
        let all = [route("192.168.3.100"), route("fd00:3::100")];
        for _ in 0..2 {
            for one in &all {
                routes.replace(one).unwrap();
            }
            assert_eq!(routes.list(112).unwrap(), all);
        }
        let kernels = routes.list(2).unwrap();
        assert!(kernels.iter().all(|one| one.protocol == 2), "{kernels:?}");
        assert!(kernels.iter().any(|one| one.address == all[0].address), "{kernels:?}");
    });
    let shown = node.ip("route show table local proto 112");
    assert!(shown.contains("local 192.168.3.100 dev lo scope host metric 4000"), "{shown}");
    let shown = node.ip("-6 route show table local proto 112");
    assert!(shown.contains("local fd00:3::100 dev lo metric 4000"), "{shown}");
    node.run(|| {
        let mut routes = Routes::open().unwrap();
        for one in [route("192.168.3.100"), route("fd00:3::100"), route("192.168.3.100")] {
            routes.remove(&one).unwrap();
        }
        assert_eq!(routes.list(112).unwrap(), []);
    });
    let local = node.ip("route show table local");
    assert!(local.contains("local 192.168.3.100 dev eth0 proto kernel"), "{local}");
    assert!(local.contains("local 10.8.0.0/24 dev lo proto 112"), "{local}");
}

/// As `ip route replace` makes it, word for word.
#[test]
fn a_route_is_the_same_as_that_of_ip() {
    if !inside("routes::a_route_is_the_same_as_that_of_ip") {
        return;
    }
    for address in ["192.168.3.100", "fd00:3::100"] {
        let [ours, theirs] = [Netns::new(), Netns::new()];
        ours.run(|| Routes::open().unwrap().replace(&route(address)).unwrap());
        theirs
            .ip(&format!("route replace local {address} dev lo table local proto 112 metric 4000"));
        let show = |node: &Netns| {
            let family = if address.contains(':') { "-6" } else { "-4" };
            node.ip(&format!("-d {family} route show table local proto 112"))
        };
        assert_eq!(show(&ours), show(&theirs));
        assert!(show(&ours).contains(address));
    }
}

#[test]
fn what_the_kernel_refuses_is_told() {
    if !inside("routes::what_the_kernel_refuses_is_told") {
        return;
    }
    let node = Netns::new();
    node.run(|| {
        let mut routes = Routes::open().unwrap();
        let nowhere = LocalRoute { interface: 4711, ..route("192.168.3.100") };
        let refused = routes.replace(&nowhere).unwrap_err();
        assert!(matches!(refused, NetlinkError::Refused(Errno::ENODEV)), "{refused}");
        // The socket goes on.
        routes.replace(&route("192.168.3.100")).unwrap();
    });
}
