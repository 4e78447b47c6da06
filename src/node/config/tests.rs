//! A file of the example, and defaults that a file does not state.

use super::*;
use crate::conf::grammar::{NoFiles, parse};

fn config(text: &str) -> Config {
    Config::of(&parse("k.conf", text, None, &mut NoFiles).unwrap())
}

#[test]
fn the_examples_file_is_read() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("keepalived/server02.domain.ru/keepalived.conf");
    let (read, _) = Config::read(&path, None).unwrap();
    assert!(read.rendered && read.script_security);
    assert_eq!(read.router_id.as_deref(), Some("server02.domain.ru"));
    let [instance] = &read.instances[..] else { panic!("{:?}", read.instances) };
    assert_eq!((instance.name.as_str(), instance.interface.as_str()), ("mail_relay", "eth0"));
    assert_eq!((instance.virtual_router_id, instance.version), (11, 3));
    assert_eq!((instance.advert_int, instance.nopreempt), (200, false));
    assert_eq!(instance.authentication, None);
    assert_eq!(instance.vips[0].address, "192.168.3.100".parse::<IpAddr>().unwrap());
    let [server] = &read.virtual_servers[..] else { panic!("{:?}", read.virtual_servers) };
    assert_eq!((server.port, server.protocol.as_str(), server.servers.len()), (25, "TCP", 4));
    assert_eq!(server.servers[3].checks, ["SMTP_CHECK", "PING_CHECK"]);
    let daemon = read.sync_daemon.unwrap();
    assert_eq!((daemon.interface.as_str(), daemon.instance, daemon.id), ("eth0", None, Some(11)));
    assert_eq!(read.drain_files, [Path::new("/run/keepalived-lvskit/drain")]);
    assert_eq!(read.programs.len(), 4);
    assert_eq!(read.programs[0].path, Path::new("/usr/libexec/keepalived/bypass-ipvs"));
}

/// Neither that of VRRP nor what a command line holds.
#[test]
fn passwords_are_compared_and_never_shown() {
    let read = config(
        "vrrp_instance a {\ninterface eth0\nvirtual_router_id 7\nauthentication {\nauth_type PASS\n\
         auth_pass mrelay\n}\nnotify \"/usr/bin/notify --token t0ken\"\n}\n",
    );
    assert_eq!(read.instances[0].authentication.as_deref(), Some("PASS"));
    assert_eq!(read.instances[0].auth_pass.as_deref(), Some("mrelay"));
    let json = serde_json::to_string(&read).unwrap();
    assert!(json.contains("/usr/bin/notify"), "{json}");
    for secret in ["mrelay", "t0ken"] {
        assert!(!json.contains(secret), "{secret}: {json}");
    }
}

#[test]
fn defaults_are_keepaliveds() {
    let read = config(
        "vrrp_instance a {\nstate MASTER\ninterface eth0\nvirtual_router_id 7\n\
         virtual_ipaddress {\nfd00::1/64 dev eth1\n}\n}\n\
         vrrp_instance b {\ninterface eth0\nadvert_int 0.5\nversion 3\npriority 90\n\
         virtual_ipaddress {\n10.0.0.1\n}\nunicast_src_ip 10.0.0.8\nunicast_peer {\n10.0.0.7 min_ttl 1\n}\n}\n\
         virtual_server fwmark 7 {\nlb_kind DR\n}\nvirtual_server group g {\n}\n\
         virtual_server 10.0.0.1 25 {\nreal_server 10.0.0.7 {\nMISC_CHECK {\n\
         misc_path \"/usr/libexec/keepalived/smtp-check -v 10.0.0.7\"\nuser lvskit\n}\n}\n}\n",
    );
    let [a, b] = &read.instances[..] else { panic!() };
    assert_eq!((a.priority, a.version, a.vips[0].interface.as_str()), (255, 3, "eth1"));
    assert_eq!((b.priority, b.version, b.advert_int), (90, 3, 500));
    assert_eq!(b.peers, ["10.0.0.7".parse::<IpAddr>().unwrap()]);
    assert_eq!(read.virtual_servers.len(), 2, "a group is left out");
    assert_eq!(read.virtual_servers[0].mark, Some(7));
    assert_eq!(read.virtual_servers[1].protocol, "UDP");
    assert_eq!(read.virtual_servers[1].servers[0].port, 25);
    assert_eq!(read.programs[0].keyword, "misc_path");
    assert_eq!(read.programs[0].path, Path::new("/usr/libexec/keepalived/smtp-check"));
    assert_eq!(read.programs[0].user.as_deref(), Some("lvskit"));
}

#[test]
fn what_is_wrong_with_the_file_is_said() {
    let why = Config::read(Path::new("/nonexistent/k.conf"), None).unwrap_err();
    assert!(why.starts_with("/nonexistent/k.conf: can't be read"), "{why}");
}
