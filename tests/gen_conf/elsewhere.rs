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
