//! What makes no sense and may be meant all the same: a warning each, and none for what only looks like it.

use crate::place::{Place, Run};

const BASE: &str = "\
network: 192.168.3.0/24
nodes:
  - {name: a, address: 192.168.3.101}
  - {name: b, address: 192.168.3.102}
vrrp_script:
  chk: {script: /usr/bin/test 1}
vrrp_instance:
  i:
    interface: eth0
    virtual_router_id: 11
    virtual_ipaddress: 192.168.3.100
    track_script: chk
virtual_server:
  - port: 443
    delay_loop: 5
    lb_algo: wlc
    check: {type: SSL_GET, url: [{path: /, status_code: 200}]}
";

/// The warnings of the inventory with these changes.
fn warned(edits: &[(&str, &str)]) -> String {
    let text = edits.iter().fold(BASE.to_owned(), |text, (from, to)| {
        assert_eq!(text.matches(from).count(), 1, "{from:?} in:\n{text}");
        text.replace(from, to)
    });
    let Run { code, stderr, .. } = Place::with(text).run("--stdout");
    assert_eq!(code, Some(0), "{stderr}");
    stderr
}

#[test]
fn the_base_is_not_warned_of() {
    assert_eq!(warned(&[]), "");
}

#[test]
fn a_check_that_speaks_another_protocol_than_its_port() {
    let http = ("SSL_GET", "HTTP_GET");
    let plain = ("port: 443", "port: 80");
    assert!(warned(&[http]).contains("HTTP_GET speaks no TLS, and would ask port 443"));
    assert!(warned(&[plain]).contains("SSL_GET speaks TLS, and would ask port 80"));
    assert_eq!(warned(&[http, plain]), "");
    let connect = ("type: SSL_GET,", "type: HTTP_GET, connect_port: 80,");
    assert_eq!(warned(&[connect]), "", "it asks another port");
}

#[test]
fn nodes_that_nothing_makes_serve() {
    let warning = "with `bypass: false` servers that are nodes drop what is forwarded to them";
    let bypass = ("network:", "bypass: false\nnetwork:");
    let nodes = ("    delay_loop", "    nodes: [a, b]\n    delay_loop");
    assert!(warned(&[bypass, nodes]).contains(warning));
    let servers = ("    delay_loop", "    real_server: [{address: 192.168.3.7}]\n    delay_loop");
    assert!(!warned(&[bypass, servers]).contains(warning), "others serve");
}

#[test]
fn a_vip_that_is_wider_than_its_network() {
    let with = |length: &str| warned(&[("192.168.3.100", &format!("192.168.3.100{length}"))]);
    assert!(with("/16").contains("/16 is wider than `network`, 192.168.3.0/24"));
    for length in ["/24", "/32"] {
        assert!(!with(length).contains("is wider than"), "{length}");
    }
}

/// In scripts, hooks and checks, as one piece of code reads all of them.
#[test]
fn words_that_only_a_shell_knows() {
    let script = |line: &str| warned(&[("/usr/bin/test 1", line)]);
    for (line, word) in [
        ("/usr/bin/pgrep x > /dev/null 2>&1", ">"),
        ("/usr/bin/pgrep x >/dev/null", ">/dev/null"),
        ("/usr/bin/pgrep x || /bin/false", "||"),
        ("/usr/bin/pgrep x && /usr/bin/pgrep y", "&&"),
        ("/usr/bin/pgrep x | /bin/grep y", "|"),
        ("/bin/true; /bin/false", "/bin/true;"),
    ] {
        let warning = format!("without a shell: `{word}` is an argument");
        let line = format!("'{line}'");
        assert!(script(&line).contains(&warning), "{line}: {}", script(&line));
    }
    for line in
        ["\"/bin/sh -c 'pgrep x > /dev/null || exit 1'\"", "/usr/bin/test a=>b", "/usr/bin/x a|b"]
    {
        assert_eq!(script(line), "", "{line}");
    }
    let notify =
        ("    track_script", "    notify: '/usr/bin/logger moved > /dev/null'\n    track_script");
    assert!(warned(&[notify]).contains("without a shell: `>`"));
    let misc = (
        "{type: SSL_GET, url: [{path: /, status_code: 200}]}",
        "{type: MISC_CHECK, misc_path: '/usr/bin/x | /usr/bin/y'}",
    );
    assert!(warned(&[misc]).contains("without a shell: `|`"));
}
