//! `failure_detection`: what it renders on each node, what it refuses, what the firewall lets in for it,
//! and what keepalived says to the files.

use crate::blocks::{has, statements, values};
use crate::common::netns::{Netns, inside};
use crate::place::{ARTICLE, NODES, Place};
use crate::{bfd, matrix};

/// A cluster with two families and sites, and a server that is no node.
const CLUSTER: &str = "\
nodes:
  - {name: a.example.org, address: [10.0.0.1, 'fd00::1'], site: one}
  - {name: b.example.org, address: [10.0.0.2, 'fd00::2'], site: one}
  - {name: a-very-long-name-of-a-node.example.org, address: [10.0.1.3, 'fd00::3'], site: two}
vrrp_instance:
  four: {interface: eth0, virtual_router_id: 1, virtual_ipaddress: 10.0.0.9}
  six: {interface: eth0, virtual_router_id: 2, virtual_ipaddress: 'fd00::9'}
virtual_server:
  - {vrrp_instance: four, port: 25, lb_algo: mh, check: {type: TCP_CHECK}}
  - {vrrp_instance: six, port: 25, lb_algo: rr, check: {type: TCP_CHECK}}
  - vrrp_instance: four
    port: 80
    lb_algo: sh
    real_server: [{node: a.example.org}, {address: 10.0.0.50}, {address: 10.0.0.2, check: []}]
    check: {type: TCP_CHECK}
  - {vrrp_instance: four, port: 26, lb_algo: mh, failure_detection: false, check: {type: TCP_CHECK}}
";

fn with(detection: &str) -> Place {
    Place::with(format!("failure_detection: {detection}\n{CLUSTER}"))
}

/// The statements of the detection's checks, by server, as a node has them.
fn checks(text: &str) -> Vec<(String, String)> {
    let mut all = statements(text);
    all.retain(|(around, _)| around.contains("PING_CHECK") || around.contains("BFD_CHECK"));
    all
}

#[test]
fn the_article_s_cluster_asks_each_other_node() {
    let place = Place::with(format!("failure_detection: {{method: ping}}\n{ARTICLE}"));
    let block = "
    real_server 192.168.3.102 25 {
        weight 1
        SMTP_CHECK {
            connect_timeout 5
            retry 3
            helo_name smtpchecker.domain.ru
        }
        PING_CHECK {
            connect_timeout 0.1
            retry 1
            delay_before_retry 0.05
            delay_loop 0.1
        }
    }
";
    let first = place.rendered(NODES[0]);
    assert!(first.contains(block), "{first}");
    assert!(first.contains("    protocol TCP\n    inhibit_on_failure\n"), "{first}");
    for (place_of, node) in NODES.iter().enumerate() {
        let text = place.rendered(node);
        let asked = checks(&text);
        assert_eq!(asked.len(), 3 * 4, "{node}: {asked:?}");
        let own = format!("real_server 192.168.3.10{}", place_of + 1);
        assert!(asked.iter().all(|(around, _)| !around.contains(&own)), "{node}: {asked:?}");
    }
    let without = Place::with(ARTICLE).rendered(NODES[0]);
    let off = Place::with(format!("failure_detection: false\n{ARTICLE}")).rendered(NODES[0]);
    assert_eq!(without, off);
}

#[test]
fn a_dead_node_s_share_goes_to_others_and_servers_that_are_no_nodes_are_not_asked() {
    let text =
        with("{interval: 0.05, attempts: 3}").run("--stdout --node b.example.org").accepted();
    assert!(has(&text, "mh-fallback") && has(&text, "sh-fallback"), "{text}");
    let asked: Vec<String> = checks(&text).into_iter().map(|(around, _)| around).collect();
    for server in ["10.0.0.1 25", "10.0.1.3 25", "fd00::1 25", "fd00::3 25", "10.0.0.1 80"] {
        let own = asked.iter().filter(|one| one.contains(&format!("real_server {server}")));
        assert_eq!(own.count(), 4, "{server}: {asked:?}");
    }
    assert_eq!(asked.len(), 5 * 4, "{asked:?}");
    assert_eq!(values(&text, "retry"), ["2"; 5]);
    assert_eq!(values(&text, "delay_before_retry"), ["0.025"; 5]);
    let off =
        text.split("virtual_server ").find(|block| block.starts_with("10.0.0.9 26 ")).unwrap();
    assert!(!off.contains("inhibit_on_failure") && !off.contains("fallback"), "{off}");
    // What the section says itself, holds.
    let own = CLUSTER.replace("lb_algo: mh, check", "lb_algo: mh, mh-fallback: false, check");
    let run = Place::with(format!("failure_detection: {{method: ping}}\n{own}")).run("--stdout");
    assert!(!has(&run.stdout, "mh-fallback"), "{}", run.stdout);
    assert!(run.stderr.contains("gives servers weight 0, and `mh`"), "{}", run.stderr);
}

/// Told of the first node whose file has so many PING_CHECKs so often.
#[test]
fn a_thousand_pings_a_second_are_told() {
    const NODES: [&str; 3] =
        ["a.example.org", "b.example.org", "a-very-long-name-of-a-node.example.org"];
    let sent = |text: &str| -> f64 {
        let all = checks(text).into_iter().filter(|(_, line)| line.starts_with("delay_loop"));
        all.map(|(_, line)| 1.0 / line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
    };
    let two_vips =
        CLUSTER.replace("virtual_ipaddress: 10.0.0.9", "virtual_ipaddress: [10.0.0.9, 10.0.0.8]");
    let uniform = CLUSTER.replace("virtual_router_id", "election: uniform, virtual_router_id");
    let far = "{between_sites: {interval: 1}}";
    for (cluster, detection, services, own, told) in [
        (CLUSTER, "{method: ping}", 46, "", false),
        (CLUSTER, "{method: ping}", 47, "", true),
        (CLUSTER, "{interval: 0.2}", 48, "", false),
        (CLUSTER, "{method: bfd}", 48, "", false),
        (CLUSTER, "{method: ping}", 48, ", failure_detection: false", false),
        (CLUSTER, far, 48, "", false),
        (CLUSTER, far, 100, "", true),
        (&two_vips, "{method: ping}", 24, "", true),
        (&uniform, "{method: ping}", 33, "", true),
        (CLUSTER, "{method: ping}", 93, ", nodes: [b.example.org]", false),
        (CLUSTER, "{method: ping}", 94, ", nodes: [b.example.org]", true),
    ] {
        let more: String = (0..services)
            .map(|at| {
                let head = "vrrp_instance: four, lb_algo: mh, check: {type: TCP_CHECK}";
                format!("  - {{{head}, port: {}{own}}}\n", 1000 + at)
            })
            .collect();
        let text = format!("failure_detection: {detection}\n{cluster}{more}");
        let place = Place::with(text);
        let run = place.run("--stdout");
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        let case = format!("{detection}, {services}{own}: {}", run.stderr);
        let of_node = |node: &str| place.run(&format!("--stdout --node {node}")).stdout;
        let busy = NODES.iter().find(|node| sent(&of_node(node)) > 999.9);
        assert_eq!(busy.is_some(), told, "{case}");
        let says = |node| format!("makes {node} send 1000 pings a second, or more");
        let lines = run.stderr.lines().filter(|line| line.contains("[detection-asks-much]"));
        let lines: Vec<&str> = lines.collect();
        match busy {
            None => assert_eq!(lines, [""; 0], "{case}"),
            Some(node) => assert!(lines.len() == 1 && lines[0].contains(&says(node)), "{case}"),
        }
    }
}

#[test]
fn sites_may_be_asked_less_often() {
    let detection = "{interval: 0.1, between_sites: {interval: 0.5, attempts: 4}}";
    let text = with(detection).run("--stdout --node a.example.org").accepted();
    let of = |server: &str| -> Vec<String> {
        let mine =
            |(around, _): &&(String, String)| around.contains(&format!("real_server {server} "));
        checks(&text).iter().filter(mine).map(|(_, line)| line.clone()).collect()
    };
    let near = ["connect_timeout 0.1", "retry 1", "delay_before_retry 0.05", "delay_loop 0.1"];
    let far = ["connect_timeout 0.5", "retry 3", "delay_before_retry 0.25", "delay_loop 0.5"];
    assert_eq!(of("fd00::2"), near);
    assert_eq!(of("fd00::3"), far);
    let told = with(detection).run("--out-dir out --verbose").stderr;
    let says = "a dead node gets no new connections after 0.35 s, of another site after 3.25 s";
    assert!(told.contains(says), "{told}");
}

#[test]
fn bfd_has_a_session_for_each_pair_and_family() {
    let detection = "{method: bfd, between_sites: {interval: 0.3, attempts: 5, max_hops: 3}}";
    let text = with(detection).run("--stdout --node a.example.org").accepted();
    let expected = "
bfd_instance b.example.org {
    neighbor_ip 10.0.0.2
    source_ip 10.0.0.1
    min_rx 50
    min_tx 50
    multiplier 3
    checker
}

bfd_instance b.example.org-v6 {
    neighbor_ip fd00::2
    source_ip fd00::1
    min_rx 50
    min_tx 50
    multiplier 3
    hoplimit 255
    checker
}

bfd_instance 10.0.1.3 {
    neighbor_ip 10.0.1.3
    source_ip 10.0.0.1
    min_rx 300
    min_tx 300
    multiplier 5
    max_hops 3
    checker
}
";
    assert!(text.contains(expected), "{text}");
    let names = values(&text, "name");
    // keepalived takes names of 31 characters; the third node's is longer.
    let six = "d000000000000000000000000000003";
    let expected = ["b.example.org", "10.0.1.3", "b.example.org-v6", six, "b.example.org"];
    assert_eq!(names, expected, "{text}");
    let multihop = with("{method: bfd, between_sites: {multihop: true}}").run("--stdout");
    assert!(multihop.stderr.contains("does not know `multihop`"), "{}", multihop.stderr);
}

#[test]
fn what_can_t_work_or_has_no_effect_is_said() {
    let uniform = CLUSTER.replace("interface: eth0,", "interface: eth0, election: uniform,");
    let strangers = "\
nodes: [{name: a, address: 10.0.0.1}, {name: b, address: 10.0.0.2}]
vrrp_instance: {i: {interface: eth0, virtual_router_id: 1, virtual_ipaddress: 10.0.0.9}}
virtual_server: [{port: 25, lb_algo: rr, real_server: {address: 10.0.0.50}, check: {type: TCP_CHECK}}]
";
    let dh = CLUSTER.replace("lb_algo: rr", "lb_algo: dh");
    let fast = CLUSTER.replace(
        "interface: eth0, virtual_router_id: 2,",
        "interface: eth0, virtual_router_id: 2, advert_int: 0.1,",
    );
    let one_family = CLUSTER.replace("[10.0.0.2, 'fd00::2']", "10.0.0.2");
    let removing = CLUSTER.replace("lb_algo: rr,", "lb_algo: rr, inhibit_on_failure: false,");
    let off = "failure_detection: false";
    let nobody = CLUSTER
        .replace("lb_algo: mh, check", &format!("lb_algo: mh, {off}, check"))
        .replace("lb_algo: rr, check", &format!("lb_algo: rr, {off}, check"))
        .replace("    lb_algo: sh\n", &format!("    lb_algo: sh\n    {off}\n"));
    let one_site = CLUSTER.replace("site: two", "site: one");
    // An instance for each site: nobody asks the other one's nodes.
    let each_its_own = CLUSTER
        .replace("eth0, virtual_router_id: 1", "eth0, site: one, virtual_router_id: 1")
        .replace("eth0, virtual_router_id: 2", "eth0, site: one, virtual_router_id: 2");
    let one_node: String = CLUSTER
        .lines()
        .filter(|line| !line.contains("name: b") && !line.contains("name: a-"))
        .map(|line| format!("{line}\n"))
        .collect();
    let no_instance = "\
nodes: [{name: a, address: 10.0.0.1, site: one}, {name: b, address: 10.0.0.2, site: two}]
virtual_server: [{address: 10.0.0.9, port: 25, lb_algo: rr, check: {type: TCP_CHECK}}]
";
    let one_removing = CLUSTER
        .replace("[{node: a.example.org}", "[{node: a.example.org, inhibit_on_failure: false}");
    for (detection, cluster, code, told) in [
        ("{method: bfd}", uniform.as_str(), 1, "`method: bfd` needs a file for each node"),
        ("{between_sites: {attempts: 4}}", &uniform, 1, "`between_sites` needs files that differ"),
        ("{method: ping}", &uniform, 0, ""),
        ("{method: ping}", strangers, 0, "it is for servers that are nodes"),
        ("{method: ping}", &nobody, 0, "it is for servers that are nodes"),
        ("{method: ping}", &one_node, 0, "it is for servers that are nodes"),
        ("{method: bfd, between_sites: {attempts: 4}}", no_instance, 0, ""),
        (
            "{between_sites: {interval: 2}}",
            CLUSTER,
            0,
            "a dead node between sites after up to 7.00 s",
        ),
        ("{method: ping}", &dh, 1, "`dh` then refuses its connections"),
        (
            "{interval: 0.5}",
            &fast,
            0,
            "after up to 1.75 s, and VRRP replaces a dead MASTER after 0.3",
        ),
        ("{interval: 0.1}", &fast, 0, ""),
        ("{method: ping}", &one_family, 1, "this node has no IPv6 address, and fd00::9 needs one"),
        ("{method: ping}", &removing, 0, "each false alarm of `failure_detection` ends sessions"),
        ("{between_sites: {attempts: 4}}", &one_site, 0, "no node asks one of another site"),
        ("{between_sites: {attempts: 4}}", &each_its_own, 0, "no node asks one of another site"),
        (
            "{method: ping}",
            &one_removing,
            0,
            "each false alarm of `failure_detection` ends sessions",
        ),
        ("false", CLUSTER, 0, "and the inventory has none"),
        ("true", CLUSTER, 1, "`failure_detection` is a section, or `false`"),
        ("bfd", CLUSTER, 1, "write `failure_detection: {method: ping}`; or `{method: bfd}`, or"),
        ("", CLUSTER, 1, "`failure_detection` is a section, or `false`"),
    ] {
        let run = Place::with(format!("failure_detection: {detection}\n{cluster}")).run("--stdout");
        assert_eq!(run.code, Some(code), "{detection}: {}", run.stderr);
        assert!(run.stderr.contains(told), "{detection}: {}", run.stderr);
        let silent = !run.stderr.contains("failure_detection");
        assert!(!told.is_empty() || silent, "{detection}: {}", run.stderr);
    }
    // At the server that says so.
    let removing = Place::with(format!("failure_detection: {{}}\n{one_removing}")).run("--stdout");
    assert!(removing.stderr.contains(" --> inventory.yml:15:41\n"), "{}", removing.stderr);
    // All alike, each asks itself too: it always answers.
    let place = Place::with(format!("failure_detection: {{method: ping}}\n{uniform}"));
    let of = |node: &str| place.run(&format!("--stdout --node {node}")).accepted();
    let first = of("a.example.org");
    assert_eq!(first, of("b.example.org"));
    assert!(first.contains("PING_CHECK"), "{first}");
}

#[test]
fn firewalls_let_the_questions_in() {
    let node = "--stdout --node b.example.org --firewall";
    let rules = |detection: &str, kind: &str| {
        let text = with(detection).run(&format!("{node} {kind}")).accepted();
        let (_, rest) = text.split_once("failure_detection)\n").unwrap();
        rest.split_once("\n\n").unwrap().0.to_owned()
    };
    let nft = |text: &str| rules(text, "nftables");
    assert_eq!(
        nft("{method: ping}"),
        "ip saddr { 10.0.0.1, 10.0.1.3 } ip daddr 10.0.0.2 icmp type echo-request accept\n\
         ip6 saddr { fd00::1, fd00::3 } ip6 daddr fd00::2 icmpv6 type echo-request accept"
    );
    assert_eq!(
        nft("{method: bfd, between_sites: {max_hops: 3}}"),
        "ip saddr { 10.0.1.3 } ip daddr 10.0.0.2 ip ttl >= 252 udp dport 3784 accept\n\
         ip saddr { 10.0.0.1 } ip daddr 10.0.0.2 ip ttl >= 255 udp dport 3784 accept\n\
         ip6 saddr { fd00::3 } ip6 daddr fd00::2 ip6 hoplimit >= 252 udp dport 3784 accept\n\
         ip6 saddr { fd00::1 } ip6 daddr fd00::2 ip6 hoplimit >= 255 udp dport 3784 accept"
    );
    let lines = rules("{method: ping}", "firewalld");
    let line = "firewall-cmd --permanent --add-rich-rule='rule family=\"ipv4\" source \
                address=\"10.0.0.1\" destination address=\"10.0.0.2\" icmp-type name=\"echo-request\" \
                accept'";
    assert!(lines.lines().next() == Some(line) && lines.lines().count() == 4, "{lines}");
    let lines = rules("{method: bfd}", "firewalld");
    assert!(
        lines.lines().all(|line| line.contains(" port port=\"3784\" protocol=\"udp\" accept'"))
    );
}

#[test]
fn every_version_accepts_the_files() {
    if !inside("detection::every_version_accepts_the_files") {
        return;
    }
    if let Some(reason) = matrix::skipped() {
        println!("detection: skipped: {reason}");
        return;
    }
    let netns = Netns::new();
    netns.ip("link add eth0 type veth peer name peer0");
    let hops = "{method: bfd, between_sites: {interval: 0.3, max_hops: 3}}";
    let multihop = "{method: bfd, between_sites: {max_hops: 255, multihop: true}}";
    // 2.1.5 wants a link-local address among those of an IPv6 instance, which no inventory has.
    let ipv4: String = CLUSTER
        .lines()
        .filter(|line| !line.contains("six"))
        .map(|line| format!("{line}\n"))
        .collect();
    for (version, target) in matrix::versions() {
        let cluster = if target == "2.1.5" { ipv4.as_str() } else { CLUSTER };
        let accepted = |inventory: &str| {
            let text = format!("target: keepalived {target}\n{inventory}");
            for (node, text) in matrix::render(&text).unwrap() {
                let said = matrix::judge(&netns, version, &text);
                assert_eq!(said, (Some(0), String::new()), "{version}, {node}:\n{text}");
            }
        };
        for detection in ["{interval: 0.01, attempts: 1}", "{attempts: 10}", hops, multihop] {
            if detection == multihop && target != "2.3" {
                continue;
            }
            accepted(&format!("failure_detection: {detection}\n{cluster}"));
        }
        for cluster in bfd::CLUSTERS.iter().filter(|one| target != "2.1.5" || !one.contains("fd00"))
        {
            accepted(cluster);
        }
    }
}
