//! Interfaces and addresses: their order, flags, scopes, prefixes and peers.

use lvskit::node::addresses::{AddressFlags, AddressScope, Interface, LinkFlags, interfaces};

use crate::common::netns::{Netns, inside};

fn named<'a>(all: &'a [Interface], name: &str) -> &'a Interface {
    all.iter().find(|interface| interface.name == name).unwrap()
}

fn addresses(interface: &Interface) -> Vec<String> {
    let one = |address: &lvskit::node::addresses::Address| {
        let peer = address.peer.map(|peer| format!(" peer {peer}")).unwrap_or_default();
        format!("{}{peer}/{}", address.address, address.prefix)
    };
    interface.addresses.iter().map(one).collect()
}

#[test]
fn addresses_come_in_the_kernels_order() {
    if !inside("addresses::addresses_come_in_the_kernels_order") {
        return;
    }
    let node = Netns::new();
    node.ip("link add eth0 type veth peer name peer0");
    node.ip("link set eth0 up");
    for address in [
        "192.168.3.102/24 dev eth0",
        "192.168.3.100/32 dev eth0",
        // Secondary: of the first one's network.
        "192.168.3.103/24 dev eth0",
        "192.168.3.110 peer 192.168.3.1/24 dev eth0",
        "169.254.0.5/16 dev eth0 scope link",
        "fd00:3::102/64 dev eth0 nodad",
        "fd00:3::100/128 dev eth0 nodad preferred_lft 0",
        "fd00:3::5 peer fd00:3::6/128 dev eth0 nodad",
    ] {
        node.ip(&format!("address add {address}"));
    }
    let all = node.run(interfaces).unwrap();
    assert_eq!(all.iter().map(|one| one.name.as_str()).collect::<Vec<_>>()[0], "lo");
    assert!(named(&all, "lo").is_loopback());
    assert_eq!(addresses(named(&all, "lo")), ["127.0.0.1/8", "::1/128"]);

    let eth0 = named(&all, "eth0");
    assert!(!eth0.is_loopback() && eth0.flags.contains(LinkFlags::Up));
    assert!(!named(&all, "peer0").flags.contains(LinkFlags::Up));
    assert_eq!(addresses(named(&all, "peer0")), [""; 0]);

    // What `ip` lists in the same order, the link-local address aside: it is the kernel's choice.
    let listed: Vec<String> = (node.ip("-o address show dev eth0").lines())
        .map(|line| {
            line.split_whitespace()
                .skip(3)
                .take_while(|word| *word != "brd" && *word != "scope")
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect();
    assert_eq!(addresses(eth0), listed);
    assert!(eth0.addresses.len() >= 8, "{eth0:?}");

    let of = |text: &str| {
        eth0.addresses.iter().find(|one| one.address.to_string() == text).unwrap().clone()
    };
    assert!(of("192.168.3.103").flags.contains(AddressFlags::Secondary));
    assert!(!of("192.168.3.100").flags.contains(AddressFlags::Secondary));
    assert!(of("fd00:3::100").flags.contains(AddressFlags::Deprecated));
    assert!(of("fd00:3::102").flags.contains(AddressFlags::Nodad));
    assert_eq!(of("169.254.0.5").scope, AddressScope::Link);
    assert_eq!(of("192.168.3.102").scope, AddressScope::Universe);
    assert_eq!(of("192.168.3.110").peer, Some("192.168.3.1".parse().unwrap()));
    assert_eq!(of("fd00:3::5").peer, Some("fd00:3::6".parse().unwrap()));
}

/// Interfaces whose attributes netlink-packet-route need not know.
#[test]
fn every_kind_of_interface_is_read() {
    if !inside("addresses::every_kind_of_interface_is_read") {
        return;
    }
    let node = Netns::new();
    for link in [
        "veth0 type veth peer name veth1",
        "br0 type bridge",
        "bond0 type bond mode active-backup",
        "vlan7 link veth0 type vlan id 7",
        "macvlan0 link veth0 type macvlan",
        "vxlan0 type vxlan id 5 dstport 4789 dev veth0",
    ] {
        // Not every kernel has all of them.
        let made = node.try_tool("ip", &format!("link add {link}"));
        println!("{link}: {made:?}");
    }
    let all = node.run(interfaces).unwrap();
    let names: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
    let shown = node.ip("-o link show");
    let listed: Vec<&str> = (shown.lines())
        .map(|line| line.split(": ").nth(1).unwrap().split('@').next().unwrap())
        .collect();
    assert_eq!(names, listed);
    assert!(names.contains(&"veth1") && names.contains(&"br0"), "{names:?}");
}

#[test]
fn bridges_know_their_ports_and_settings() {
    if !inside("addresses::bridges_know_their_ports_and_settings") {
        return;
    }
    let node = Netns::new();
    node.ip("link add br0 type bridge nf_call_ip6tables 1");
    node.ip("link add br1 type bridge");
    node.ip("link add veth0 type veth peer name veth1");
    node.ip("link set veth0 master br0");
    let all = node.run(interfaces).unwrap();
    let [lo, br0, br1, veth0, veth1] =
        ["lo", "br0", "br1", "veth0", "veth1"].map(|name| named(&all, name));
    let kinds = [lo, br0, br1, veth0, veth1].map(|one| one.kind.as_str());
    assert_eq!(kinds, ["", "bridge", "bridge", "veth", "veth"]);
    assert_eq!([veth0.master, veth1.master, br0.master], [Some(br0.index), None, None]);
    assert_eq!([br0.filters, br1.filters], [[false, true], [false, false]]);
    assert!(lo.receives_nothing() && !veth0.receives_nothing());
    // Not every kernel has this kind.
    assert!(Interface { kind: "dummy".to_owned(), ..Interface::default() }.receives_nothing());
}
