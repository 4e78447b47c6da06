//! What gen-conf rendered, imported and rendered again, is the same to the byte; and nothing is
//! told of it but what had to be guessed.

use std::fs;
use std::path::Path;

use crate::article::import;
use crate::bfd;
use crate::place::{ARTICLE, Place};

/// `told` are options for what no file tells.
fn goes_round(what: &str, inventory: &str, told: &str) {
    let place = Place::with(inventory);
    // It may warn: that is not what is tested here.
    let rendered = place.run("--out-dir out");
    assert_eq!(rendered.code, Some(0), "{what}: {}", rendered.stderr);
    let files = place.written().join(" ");
    let run = import(&place, &format!("{files} {told}"));
    assert_eq!(run.code, Some(0), "{what}: {}\n{}", run.stderr, run.stdout);
    for line in run.stderr.lines() {
        let guessed = line.contains("assumed to be") || line.contains(" only: called site");
        assert!(guessed, "{what}: {line}\n{}", run.stdout);
    }
    place.write("inventory.yml", &run.stdout);
    let written = place.written();
    let again = place.run("--out-dir again");
    assert_eq!(again.code, Some(0), "{what}: {}", again.stderr);
    for file in written {
        let new = place.read(&file.replacen("out/", "again/", 1));
        assert_eq!(new, place.read(&file), "{what}, {file}:\n{}", run.stdout);
    }
}

#[test]
fn the_article_s_cluster_goes_round() {
    goes_round("the article", ARTICLE, "");
}

/// Where the files tell whose each address is: not where services have other ones than the advertisements.
#[test]
fn addresses_that_are_asked_go_round() {
    for at in [0, 1, 3, 6] {
        let cluster =
            bfd::CLUSTERS[at].replace("interface: eth0", "interface: eth0, unicast: true");
        goes_round(&format!("BFD {at}"), &cluster, "");
        goes_round(&format!("pings {at}"), &cluster.replace("method: bfd", "method: ping"), "");
    }
}

#[test]
fn every_sample_goes_round() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("keepalived/samples");
    let mut samples: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    samples.retain(|path| path.extension().is_some_and(|extension| extension == "yml"));
    samples.sort();
    assert!(samples.len() >= 8, "{samples:?}");
    for sample in samples {
        goes_round(&sample.display().to_string(), &fs::read_to_string(&sample).unwrap(), "");
    }
}

/// What the samples do not have.
#[test]
fn other_kinds_of_clusters_go_round() {
    let nodes = "nodes: [{name: a, address: 10.0.0.1}, {name: b, address: 10.0.0.2}]\n";
    let instance = "vrrp_instance: {i: {interface: eth0, virtual_router_id: 1, \
                    virtual_ipaddress: [10.0.0.9/24, 10.0.0.10/24]}}\n";
    let servers = "virtual_server: [{port: 80, lb_algo: rr, check: {type: TCP_CHECK}}]\n";
    let plain = format!("{nodes}{instance}{servers}");
    for (what, inventory) in [
        ("plain", plain.clone()),
        ("no sessions", format!("keep_sessions: false\n{plain}")),
        (
            "no hooks",
            format!("bypass: false\ndrain_file: false\n{plain}")
                .replace("lb_algo: rr,", "nodes: [a, b], lb_algo: rr,"),
        ),
        ("another drain file", format!("drain_file: '/srv/a b'\n{plain}")),
        ("weights", plain.replace("address: 10.0.0.2}", "address: 10.0.0.2, weight: 3}")),
        ("some nodes serve", plain.replace("lb_algo: rr,", "lb_algo: rr, nodes: b, weight: 5,")),
        ("priorities", plain.replace("address: 10.0.0.2}", "address: 10.0.0.2, priority: 200}")),
        (
            "three adverts a second",
            plain.replace("interface: eth0,", "interface: eth0, version: 3, advert_int: 0.3,"),
        ),
        (
            "three adverts a second of the cluster's version",
            format!("global_defs: {{vrrp_version: 3}}\n{plain}")
                .replace("interface: eth0,", "interface: eth0, advert_int: 0.3,"),
        ),
        (
            "three adverts a second, and a priority that would follow with one",
            plain
                .replace("interface: eth0,", "interface: eth0, version: 3, advert_int: 0.3,")
                .replace("address: 10.0.0.2}", "address: 10.0.0.2, priority: 90}"),
        ),
        ("equal priorities", plain.replace("interface: eth0,", "interface: eth0, priority: 50,")),
        ("BACKUP", plain.replace("interface: eth0,", "interface: eth0, state: BACKUP,")),
        ("uniform", plain.replace("interface: eth0,", "interface: eth0, election: uniform,")),
        ("a delay", plain.replace("interface: eth0,", "interface: eth0, preempt_delay: 30,")),
        ("unicast", plain.replace("interface: eth0,", "interface: eth0, unicast: true,")),
        (
            "other interfaces",
            plain.replace("address: 10.0.0.2}", "address: 10.0.0.2, interface: eth1}"),
        ),
        (
            "our probe",
            plain.replace(
                "{type: TCP_CHECK}",
                "{type: smtp-check, retry: 2, helo_name: x.y, connect_port: 2525}",
            ),
        ),
        ("failure detection", format!("failure_detection: {{method: ping}}\n{plain}")),
        (
            "failure detection of one service",
            format!("failure_detection: {{interval: 0.05, attempts: 3}}\n{plain}").replace(
                "[{port: 80,",
                "[{port: 81, lb_algo: mh, failure_detection: false, check: []}, \
                 {port: 82, lb_algo: mh, check: [{type: PING_CHECK}]}, {port: 80,",
            ),
        ),
        (
            "failure detection of nodes that are alike",
            format!("failure_detection: {{method: ping}}\n{plain}")
                .replace("interface: eth0,", "interface: eth0, election: uniform,"),
        ),
        (
            "failure detection between sites",
            format!("failure_detection: {{between_sites: {{interval: 1, attempts: 4}}}}\n{plain}")
                .replace("address: 10.0.0.2}", "address: 10.0.0.2, site: x}"),
        ),
        (
            "failure detection that asks other sites more often",
            format!("failure_detection: {{interval: 1, between_sites: {{interval: 0.1}}}}\n{plain}")
                .replace("address: 10.0.0.2}", "address: 10.0.0.2, site: x}"),
        ),
        (
            "BFD over routers, each node at a site of its own",
            format!(
                "failure_detection: {{method: bfd, between_sites: {{max_hops: 3, attempts: 5}}}}\n{plain}"
            )
            .replace("address: 10.0.0.1}", "address: 10.0.0.1, site: x}")
            .replace("address: 10.0.0.2}", "address: 10.0.0.2, site: y}"),
        ),
        (
            "BFD",
            format!("failure_detection: {{method: bfd, interval: 0.1}}\n{plain}").replace(
                "address: 10.0.0.1}",
                "address: 10.0.0.1, bfd_instance: {gateway: {neighbor_ip: 10.0.0.254, source_ip: \
                 10.0.0.1, min_rx: 100, multiplier: 3, vrrp: true}}}",
            ),
        ),
        (
            "BFD that is tracked",
            format!("bfd_instance: {{x: {{neighbor_ip: 10.0.0.254, weight: 5 reverse}}}}\n{plain}")
                .replace("interface: eth0,", "interface: eth0, track_bfd: x,")
                .replace("{type: TCP_CHECK}", "[{type: TCP_CHECK}, {type: BFD_CHECK, name: x}]"),
        ),
        (
            "a mark's ports",
            plain.replace(
                "[{port: 80,",
                "[{fwmark: 7, bypass_ports: [tcp/465, udp/1000-1010], lb_algo: rr, check: []}, \
                 {port: 80,",
            ),
        ),
        (
            "our probe without its log",
            plain.replace("{type: TCP_CHECK}", "{type: smtp-check, syslog: false}"),
        ),
        (
            "our probe's own ways",
            plain.replace(
                "{type: TCP_CHECK}",
                "{type: smtp-check, compat: false, options: [--starttls, --cert-days 7]}",
            ),
        ),
        (
            "our probe's weights and the timers around it",
            plain.replace(
                "check: {type: TCP_CHECK}",
                "retry: 3, connect_timeout: 2, check: [{type: smtp-check, misc_dynamic: true}, \
                 {type: MISC_CHECK, misc_path: /usr/bin/test -x /bin/true, misc_dynamic: true}]",
            ),
        ),
        (
            "several checks",
            plain.replace(
                "{type: TCP_CHECK}",
                "[{type: PING_CHECK}, {type: HTTP_GET, url: [{path: /a, status_code: 200}, \
                 {path: /b}]}]",
            ),
        ),
        ("raw", format!("raw: |\n  static_routes {{\n    10.1.0.0/16 via 10.0.0.8\n  }}\n{plain}")),
        (
            "other servers",
            plain.replace(
                "lb_algo: rr,",
                "lb_algo: rr, address: 10.0.0.10, lb_kind: NAT, real_server: [{address: \
                 10.0.1.1, port: 8080, weight: 2}, {address: 10.0.1.2, port: 8080}],",
            ),
        ),
        (
            "marks and groups",
            format!(
                "{nodes}{instance}virtual_server_group: {{g: [10.0.0.9 80, 10.0.0.10 443]}}\n\
                 virtual_server:\n  - {{fwmark: 7, lb_algo: rr, check: []}}\n  - {{group: g, \
                 lb_algo: rr, check: {{type: TCP_CHECK, connect_port: 80}}}}\n"
            ),
        ),
        (
            "two orders",
            plain
                .replace(
                    "{i: ",
                    "{j: {interface: eth0, virtual_router_id: 2, nodes: [b, a], \
                         virtual_ipaddress: 10.0.0.11}, i: ",
                )
                .replace("port: 80,", "port: 80, vrrp_instance: i,"),
        ),
    ] {
        goes_round(what, &inventory, "--address 10.0.0.1 --address 10.0.0.2");
    }
}
