//! Local routes: listed beside others, and the guard's own, put in place and taken away.

use lvskit::guard::route;
use lvskit::node::netlink::NetlinkError;
use lvskit::node::routes::local_routes;
use lvskit::vip::{Family, Vip};
use nix::errno::Errno;

use crate::common::netns::{Netns, inside};

const VIP: &str = "192.168.3.100";
const VIP6: &str = "fd00:3::100";

fn vips() -> [Vip; 2] {
    [VIP, VIP6].map(|vip| vip.parse().unwrap())
}

#[test]
fn fallback_routes_come_and_go_and_others_stay() {
    if !inside("routes::fallback_routes_come_and_go_and_others_stay") {
        return;
    }
    let node = Netns::new();
    node.ip("link add eth0 type veth peer name peer0");
    node.ip("link set eth0 up");
    node.ip(&format!("address add {VIP}/24 dev eth0"));
    node.ip(&format!("address add {VIP6}/64 dev eth0 nodad"));
    // Others of the same protocol, none of which is a fallback route.
    node.ip("route add 10.9.0.0/24 dev eth0 proto 112");
    node.ip("route add local 10.8.0.0/24 dev lo table local proto 112");
    node.ip("route add local 10.7.0.1 dev lo table local proto 112 metric 5");
    node.ip("route add 192.168.3.77/32 dev eth0 proto 112 table 77");
    node.run(|| {
        assert_eq!(route::list().unwrap(), []);
        for _ in 0..2 {
            route::install(&vips()).unwrap();
            assert_eq!(route::list().unwrap(), vips());
        }
        let kernels = local_routes(2, &Family::ALL).unwrap();
        assert!(kernels.iter().all(|one| one.protocol == 2 && one.metric == 0), "{kernels:?}");
        for vip in vips() {
            assert!(kernels.iter().any(|one| one.address == vip.address()), "{kernels:?}");
        }
        route::remove(&vips()[..1]).unwrap();
        assert_eq!(route::list().unwrap(), vips()[1..]);
        route::remove(&vips()).unwrap();
        assert_eq!(route::list().unwrap(), []);
        route::remove(&vips()).unwrap();
    });
    let local = node.ip("route show table local");
    assert!(local.contains(&format!("local {VIP} dev eth0 proto kernel")), "{local}");
    for other in ["local 10.8.0.0/24 dev lo proto 112", "local 10.7.0.1 dev lo proto 112"] {
        assert!(local.contains(other), "{local}");
    }
}

/// As the command that `--dry-run` prints makes it, word for word.
#[test]
fn a_route_is_the_same_as_that_of_ip() {
    if !inside("routes::a_route_is_the_same_as_that_of_ip") {
        return;
    }
    for vip in vips() {
        let [ours, theirs] = [Netns::new(), Netns::new()];
        ours.run(|| route::install(&[vip]).unwrap());
        theirs.ip(&route::command("replace", vip));
        let show = |node: &Netns| {
            let family = if vip.address().is_ipv6() { "-6" } else { "-4" };
            node.ip(&format!("-d {family} route show table local proto 112"))
        };
        assert_eq!(show(&ours), show(&theirs));
        assert!(show(&ours).contains(&vip.to_string()));
        // Each takes away what the other made.
        theirs.run(|| route::remove(&[vip]).unwrap());
        ours.ip(&route::command("del", vip));
        assert_eq!((show(&ours), show(&theirs)), (String::new(), String::new()));
    }
}

/// One route fails, and the others are tried all the same.
#[test]
fn what_the_kernel_refuses_is_told() {
    if !inside("routes::what_the_kernel_refuses_is_told") {
        return;
    }
    let node = Netns::new();
    node.ip("link set lo down");
    node.run(|| {
        let refused = route::install(&vips()).unwrap_err();
        assert!(matches!(refused, NetlinkError::Refused(Errno::ENETDOWN)), "{refused}");
        let advice = route::advice(&refused);
        assert!(advice.contains("ip link set lo up"), "{advice}");
        assert_eq!(route::list().unwrap(), vips()[..1], "IPv4 needs no interface that is up");
    });
}
