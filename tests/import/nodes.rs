//! Files of several nodes: what all of them say once, what each says alone, and what is assumed of nodes
//! without a file.

use crate::article::{file, files, import};
use crate::place::{Place, Run};
use crate::told::refused;

#[test]
fn differences_are_told_with_both_places() {
    let (place, names) = files();
    place.write(
        "b.conf",
        file(1)
            .replace("advert_int 2", "advert_int 3")
            .replace("delay_loop 2", "delay_loop 5")
            .replace("auth_pass mrelay", "auth_pass other")
            .replace("interface eth0", "interface eth0\n    garp_master_delay 3"),
    );
    for (name, node) in [("c.conf", 2), ("d.conf", 3)] {
        let script = if node == 2 { "/x" } else { "/y" };
        let script = format!("script \"{script} --password=geheim\"\n");
        let unquoted = "vrrp_script t {\n script /z --password=geheim\n}\n";
        place.write(name, file(node) + "vrrp_script s {\n" + &script + "}\n" + unquoted);
    }
    let Run { code, stdout, stderr } = import(&place, &names);
    assert_eq!(code, Some(0), "{stderr}");
    for told in [
        "`script /z --password=********` in vrrp_script t is not in the inventory",
        "note: b.conf:23: `advert_int` differs from a.conf:22, and all nodes get that one's",
        "note: b.conf:26: auth_pass differs from a.conf:25",
        "note: b.conf:38: `delay_loop` differs from a.conf:37",
    ] {
        assert!(stderr.contains(told), "{told}\nin {stderr}");
    }
    // Each difference once.
    for twice in [
        "`script /x",
        "`script /y",
        "`advert_int 3`",
        "adds `advert_int",
        "`delay_loop 5`",
        "adds `delay_loop",
    ] {
        assert!(!stderr.contains(twice), "{twice}\nin {stderr}");
    }
    for secret in ["mrelay\n", "geheim", "auth_pass other", "auth_pass mrelay"] {
        assert!(!stderr.contains(secret), "{stderr}");
    }
    // Where the inventory has a place for it, a difference is no loss.
    for script in ["/x --password=geheim", "/y --password=geheim"] {
        assert!(
            stdout.contains(&format!("s: {{script: '{script}'}}"))
                || stdout.contains(&format!("script: {script}")),
            "{stdout}"
        );
    }
    assert!(stdout.contains("      mail_relay: {garp_master_delay: 3}\n"), "{stdout}");
    assert!(!stderr.contains("garp_master_delay"), "{stderr}");
}

#[test]
fn where_adverts_come_from_is_each_node_s_own() {
    let (place, _) = files();
    let source = "interface eth0\n    mcast_src_ip 192.168.3.101";
    place.write("a.conf", file(0).replacen("interface eth0", source, 1));
    let Run { code, stdout, stderr } = import(&place, "a.conf");
    assert_eq!(code, Some(0), "{stderr}");
    let own = "mail_relay: {mcast_src_ip: 192.168.3.101}";
    assert!(stdout.contains(own) && !stdout.contains("    mcast_src_ip"), "{stdout}");
    place.write("inventory.yml", stdout);
    place.run("--stdout").success();
}

#[test]
fn each_node_s_sync_daemon() {
    let (place, names) = files();
    for (name, node, daemon) in [
        ("a.conf", 0, "eth0 mail_relay"),
        ("b.conf", 1, "eth1 id 11"),
        ("c.conf", 2, "eth0 id 7"),
        ("d.conf", 3, "eth0"),
    ] {
        let said = format!("global_defs {{\n    lvs_sync_daemon {daemon}");
        place.write(name, file(node).replacen("global_defs {", &said, 1));
    }
    let Run { code, stdout, stderr } = import(&place, &names);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.contains("\n  lvs_sync_daemon: eth0\n"), "{stdout}");
    assert_eq!(stdout.matches("lvs_sync_daemon").count(), 2, "{stdout}");
    assert!(stdout.contains("global_defs: {lvs_sync_daemon: eth1}"), "{stdout}");
    for told in [
        "a.conf:4: `mail_relay` is left out: the daemon runs on all nodes, with id 11",
        "c.conf:4: `id 7` is left out: the daemon runs on all nodes, with id 11",
    ] {
        assert!(stderr.contains(told), "{told}\nin {stderr}");
    }
    assert!(!stderr.contains("b.conf:4: "), "{stderr}");
}

#[test]
fn one_file_for_several_nodes() {
    let place = Place::with("");
    let text = file(0)
        .replace("router_id server01.domain.ru", "@s1 router_id s1\n @s2 router_id s2")
        .replace("    state MASTER", "    @s1 state MASTER\n @^s1 state BACKUP")
        .replace("    priority 100", "    @s1 priority 100\n @s2 priority 90");
    place.write("k.conf", &text);
    refused(&place, "k.conf", 1, &["k.conf:12: ", "--id"]);
    let two = text.split("\n    real_server 192.168.3.103").next().unwrap();
    place.write("k.conf", format!("{two}}}\n"));
    let run = import(&place, "k.conf --id s1 --id s2");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let nodes = "nodes:\n  - {name: s1, address: 192.168.3.101}\n  - {name: s2, address: \
                 192.168.3.102}\n";
    assert!(run.stdout.contains(nodes), "{}", run.stdout);
    assert!(!run.stdout.contains("priority"), "{}", run.stdout);
}

/// What is assumed of the others fits what is known.
#[test]
fn the_priorities_of_nodes_without_a_file_fit_those_of_the_others() {
    let nodes = "nodes: [{name: a, address: 10.0.0.1, priority: 100}, {name: b, address: 10.0.0.2}, \
                 {name: c, address: 10.0.0.3}]\n";
    let text = |nodes: &str| {
        format!(
            "{nodes}vrrp_instance: {{i: {{interface: eth0, virtual_router_id: 1, version: 3, advert_int: 0.2, \
             unicast: true, virtual_ipaddress: 10.0.0.9/24}}}}\n\
             virtual_server: [{{port: 80, lb_algo: rr, check: {{type: TCP_CHECK}}}}]\n"
        )
    };
    for (nodes, priorities) in [
        (nodes.to_owned(), ["100", "90", "80"]),
        (nodes.replace(", priority: 100", ""), ["150", "100", "50"]),
    ] {
        let place = Place::with(text(&nodes));
        assert_eq!(place.run("--out-dir out").code, Some(0));
        let run = import(&place, "out/a/keepalived.conf");
        place.write("inventory.yml", &run.stdout);
        place.run("--out-dir again");
        let again: Vec<String> = place
            .written()
            .iter()
            .filter(|file| file.starts_with("again/"))
            .map(|file| place.read(file))
            .collect();
        assert_eq!(again.len(), 3, "{}{}", run.stderr, run.stdout);
        for (text, priority) in again.iter().zip(priorities) {
            assert!(text.contains(&format!("    priority {priority}\n")), "{text}\n{}", run.stdout);
        }
    }
}

#[test]
fn config_ids_name_the_nodes() {
    let place = Place::with("");
    let text = file(0)
        .replace("   router_id server01.domain.ru\n", "")
        .replace("    state MASTER", "    @lb1 state MASTER\n @^lb1 state BACKUP")
        .replace("    priority 100", "    @lb1 priority 100\n @lb2 priority 90");
    place.write("etc/keepalived.conf", &text);
    let addresses = "--address 192.168.3.101 --address 192.168.3.102";
    let run = import(&place, &format!("etc/keepalived.conf --id lb1 --id lb2 {addresses}"));
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    for name in ["lb1", "lb2"] {
        assert!(run.stdout.contains(&format!("{{name: {name}, address: ")), "{}", run.stdout);
    }
    let told = "note: the nodes are assumed to be called lb1, lb2\n";
    assert!(run.stderr.contains(told), "{}", run.stderr);
}

#[test]
fn files_by_absolute_names_are_the_node_s_own() {
    let place = Place::with("");
    for (node, router_id) in [("lb1", 0), ("lb2", 1)] {
        let text = file(router_id);
        let (globals, rest) = text.split_once("# Секция описания экземпляров").unwrap();
        place.write(&format!("{node}/srv/conf.d/1.conf"), globals);
        place.write(&format!("{node}/k.conf"), format!("include /srv/conf.d/*.conf\n# {rest}"));
    }
    let addresses = "--address 192.168.3.101 --address 192.168.3.102";
    let names = format!("lb1/k.conf lb2/k.conf {addresses}");
    let run = import(&place, &format!("{names} --root lb1 --root lb2"));
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    for name in ["server01.domain.ru", "server02.domain.ru"] {
        assert!(run.stdout.contains(&format!("{{name: {name}, ")), "{}", run.stdout);
    }
    // One for all, or none: of this machine.
    let run = import(&place, &format!("{names} --root lb1"));
    assert!(run.stdout.contains("{name: lb1, "), "{}", run.stdout);
    let whole = place.path("lb2/srv/conf.d/1.conf").display().to_string();
    place.write("lb1/k.conf", format!("include {whole}\n{}", file(0)));
    let told = format!("note: lb1/k.conf:1: {whole} of this machine was read; a node's own needs");
    let run = import(&place, "lb1/k.conf");
    assert!(run.stderr.contains(&told), "{}", run.stderr);
    assert_eq!(import(&place, &format!("{names} --root a --root b --root c")).code, Some(2));
}
