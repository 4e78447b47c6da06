//! Clusters without an instance, and instances with more addresses than adverts hold.

use crate::place::Place;

const SAMPLE: &str = include_str!("../../keepalived/samples/lvs-without-vrrp.yml");

#[test]
fn without_instances_services_are_balanced_and_nothing_else_is_done() {
    let place = Place::with(SAMPLE);
    let text = place.rendered("director1.example.org");
    for word in ["vrrp_instance", "notify", "track_file", "bypass-ipvs"] {
        assert!(!text.contains(word), "{word}: {text}");
    }
    assert!(text.contains("lvs_sync_daemon eth0\n"), "{text}");
    assert!(text.contains("virtual_server 10.0.0.100 443 {"), "{text}");
    // What moves the address is said, or asked for.
    let (before, after) = SAMPLE.split_once("allow:").unwrap();
    let (_, after) = after.split_once("\n\n").unwrap();
    let run = Place::with(format!("{before}{after}")).run("--stdout");
    assert_eq!(run.code, Some(0));
    assert!(run.stderr.contains("[no-vrrp-instance]"), "{}", run.stderr);
    // `raw` may have the instances.
    let run = Place::with(format!("raw: include vrrp.conf\n{before}{after}")).run("--stdout");
    assert!(!run.stderr.contains("no-vrrp-instance"), "{}", run.stderr);
}

#[test]
fn all_addresses_are_guarded_as_far_as_a_line_goes() {
    let inventory = |vips: &[String]| {
        format!(
            "nodes: [{{name: a, address: 10.0.0.1}}, {{name: b, address: 10.0.0.2}}]\n\
             vrrp_instance:\n  i:\n    interface: eth0\n    virtual_router_id: 1\n    \
             virtual_ipaddress: [{}]\n    virtual_ipaddress_excluded: [{}]\n\
             virtual_server: [{{port: 25, delay_loop: 5, lb_algo: rr, check: []}}]\n",
            vips[..20].join(", "),
            vips[20..].join(", ")
        )
    };
    let vips: Vec<String> = (11..111).map(|last| format!("10.0.0.{last}")).collect();
    let text = Place::with(inventory(&vips[..60])).rendered("a");
    let all = format!("--service tcp/25 -r {}\"\n", vips[..60].join(" "));
    assert!(text.contains(&all), "{all}\n{text}");
    let run = Place::with(inventory(&vips)).run("--stdout");
    let told = "the hooks' lines can't name 100 addresses [too-many-vips]";
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains(told), "{}", run.stderr);
}

#[test]
fn instances_run_on_any_nodes() {
    let inventory = "nodes: [{name: a, address: 10.0.0.1}, {name: b, address: 10.0.0.2}, {name: c, address: 10.0.0.3}]
bypass: false
vrrp_instance:
  one: {interface: eth0, virtual_router_id: 1, nodes: [a, b], unicast: true, virtual_ipaddress: 10.0.0.9/24}
  two: {interface: eth0, virtual_router_id: 2, nodes: [c, b], virtual_ipaddress: 10.0.0.8/24}
";
    let place = Place::with(inventory);
    let [a, b, c] = ["a", "b", "c"].map(|node| place.rendered(node));
    assert!(a.contains("vrrp_instance one") && !a.contains("vrrp_instance two"), "{a}");
    assert!(b.contains("vrrp_instance one") && b.contains("vrrp_instance two"), "{b}");
    assert!(!c.contains("vrrp_instance one") && c.contains("priority 100"), "{c}");
    let run = Place::with(inventory.replace("[c, b]", "[b, a]")).run("--stdout");
    let told = "`c` runs no instance: the `nodes` of each are others [node-without-instance]";
    assert!(run.stderr.contains(told), "{}", run.stderr);
    // Only the nodes that run it are peers.
    assert!(a.contains("10.0.0.2") && !a.contains("10.0.0.3"), "{a}");
}

#[test]
fn names_may_have_letters_of_any_language() {
    let inventory = "nodes: [{name: a, address: 10.0.0.1}, {name: b, address: 10.0.0.2}]
bypass: false
vrrp_instance:
  почта: {interface: eth0, virtual_router_id: 1, virtual_ipaddress: 10.0.0.9/24, notify: /usr/bin/test größe}
";
    let text = Place::with(inventory).rendered("a");
    assert!(text.contains("vrrp_instance \"почта\" {\n"), "{text}");
    assert!(text.contains("notify \"/usr/bin/test größe\"\n"), "{text}");
}

#[test]
fn nodes_may_have_addresses_in_several_networks() {
    let inventory = "nodes:
  - {name: a, address: [10.0.0.1, 10.0.20.1], interface: eth0, vrrp_instance: {second: {interface: eth0.20}}}
  - {name: b, address: [10.0.0.2, 10.0.20.2], interface: eth0, vrrp_instance: {second: {interface: eth0.20}}}
keep_sessions: false
vrrp_instance:
  first: {virtual_router_id: 1, unicast: true, virtual_ipaddress: 10.0.0.9/24}
  second: {virtual_router_id: 2, unicast: true, virtual_ipaddress: 10.0.20.9/24}
virtual_server:
  - {vrrp_instance: first, port: 25, delay_loop: 5, lb_algo: rr, check: []}
  - {vrrp_instance: second, port: 25, delay_loop: 5, lb_algo: rr, check: []}
  - {address: 10.0.20.9, port: 26, delay_loop: 5, lb_algo: rr, check: []}
";
    let text = Place::with(inventory).rendered("a");
    for line in [
        "unicast_src_ip 10.0.0.1\n",
        "unicast_src_ip 10.0.20.1\n",
        "real_server 10.0.0.2 25 {",
        "real_server 10.0.20.2 25 {",
        "real_server 10.0.20.2 26 {",
        "interface eth0.20\n",
    ] {
        assert_eq!(text.matches(line).count(), 1, "{line}{text}");
    }
}
