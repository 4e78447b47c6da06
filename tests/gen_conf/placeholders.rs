//! Commands that say what differs from server to server, or from node to node.

use crate::place::Place;

const NODES: &str = "\
nodes: [{name: a, address: 10.0.0.1}, {name: b, address: 10.0.0.2}]
vrrp_script: {s: {script: '/bin/probe {node} {address}', interval: 2}}
vrrp_instance:
  i:
    interface: eth0
    virtual_router_id: 1
    virtual_ipaddress: 10.0.0.9/24
    track_script: s
    notify: /bin/tell --of {node}
virtual_server:
";

#[test]
fn a_command_is_told_which_server_and_which_node() {
    let server = "  - port: 25\n    delay_loop: 5\n    lb_algo: rr\n    check: {type: MISC_CHECK, misc_path: '/bin/ask {address}', misc_timeout: 3}\n";
    let place = Place::with(format!("{NODES}{server}"));
    for (node, address) in [("a", "10.0.0.1"), ("b", "10.0.0.2")] {
        let text = place.rendered(node);
        for line in [
            format!("script \"/bin/probe {node} {address}\"\n"),
            format!("notify \"/bin/tell --of {node}\"\n"),
            "misc_path \"/bin/ask 10.0.0.1\"\n".to_owned(),
            "misc_path \"/bin/ask 10.0.0.2\"\n".to_owned(),
        ] {
            assert!(text.contains(&line), "{line}{text}");
        }
    }
    // A service that names the node is another one on each.
    let server = server.replace("{address}", "{address} {node}");
    let place = Place::with(format!("{NODES}{server}"));
    let text = place.run("--stdout").accepted();
    for line in ["10.0.0.1 a", "10.0.0.2 a", "10.0.0.1 b", "10.0.0.2 b"] {
        assert_eq!(text.matches(&format!("misc_path \"/bin/ask {line}\"")).count(), 1, "{text}");
    }
}

#[test]
fn the_probe_is_told_too() {
    let server = "  - port: 25\n    delay_loop: 5\n    lb_algo: rr\n    check: {type: smtp-check, compat: false, \
                  misc_dynamic: true, options: '--drain-file /run/drain-{address}'}\n";
    let text = Place::with(format!("{NODES}{server}")).rendered("a");
    for server in ["10.0.0.1", "10.0.0.2"] {
        let told = format!(" {server} --port 25 --dynamic --drain-file /run/drain-{server} ");
        assert!(
            text.contains(&told) || text.contains(&format!("/run/drain-{server}")),
            "{told}{text}"
        );
    }
}

#[test]
fn a_command_that_grows_too_long_is_refused() {
    let long = format!("/bin/x {}{}", "{node} ".repeat(4), "y".repeat(30));
    let inventory = format!("{NODES}  []\n").replace("/bin/probe {node} {address}", &long);
    let run = Place::with(inventory).run("--stdout");
    assert!(run.stderr.contains("grows too long with what its placeholders"), "{}", run.stderr);
}
