//! The options that say where a connection goes and where it comes from.

use std::net::{IpAddr, SocketAddr, SocketAddrV6, TcpListener};
use std::process::Command;
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use super::common::netns::inside;
use super::run::{PROGRAM, good, run, verdict};
use super::server::FakeServer;
use super::server::Step::{Close, Pause};

#[test]
fn the_connection_comes_from_the_address_asked_for() {
    let server = FakeServer::local(good());
    assert_eq!(verdict(server.address(), "--bindto 127.0.0.2"), "up");
    assert_eq!(server.peers()[0].ip(), "127.0.0.2".parse::<IpAddr>().unwrap());
}

/// Servers close after their farewell, some at once, some a little later; who closes first has to keep
/// its port for a minute.
#[test]
fn the_connection_comes_from_the_port_asked_for_again_and_again() {
    let soon = [good(), vec![Close]].concat();
    let later = [good(), vec![Pause(Duration::from_millis(200)), Close]].concat();
    for (script, options) in [(soon, ""), (later.clone(), ""), (later, "--compat")] {
        let server = FakeServer::local(script);
        let port = free_port();
        let options = format!("{options} --bind-port {port} --delay-before-retry 0 --retry 0");
        for _ in 0..3 {
            assert_eq!(verdict(server.address(), &options), "up");
        }
        let from = SocketAddr::from(([127, 0, 0, 1], port));
        assert_eq!(server.peers(), [from; 3]);
    }
}

/// The farewell was said, so the server is up; only the port is not free.
#[test]
fn a_server_that_does_not_close_is_waited_for_no_longer_than_for_a_reply() {
    let server = FakeServer::local(good());
    let options = format!("--bind-port {} --retry 0 --connect-timeout 0.5", free_port());
    let start = Instant::now();
    assert_eq!(verdict(server.address(), &options), "up");
    assert!(start.elapsed() >= Duration::from_millis(400));
    // Without a port there is nothing to wait for: one that does hangs.
    assert_eq!(verdict(server.address(), "--retry 0 --connect-timeout 600"), "up");
}

/// The same two ends can't have a second connection, and that says nothing of the server.
#[test]
fn a_port_that_is_taken_is_this_sides_fault() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = listener.local_addr().unwrap();
    let own = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    own.set_reuse_address(true).unwrap();
    own.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    own.connect(&server.into()).unwrap();
    let port = own.local_addr().unwrap().as_socket().unwrap().port();
    let told = verdict(server, &format!("--bindto 127.0.0.1 --bind-port {port} --retry 0"));
    let expected = "down: Could not prepare the connection: Cannot assign requested address";
    assert!(told.starts_with(expected), "{told}");
}

/// A port that nobody has right now.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn connect_ip_goes_before_the_host() {
    let server = FakeServer::local(good());
    let port = server.address().port().to_string();
    for host in [&[][..], &["192.0.2.1"]] {
        let mut command = Command::new(PROGRAM);
        command.args(host).args(["--connect-ip", "127.0.0.1", "--connect-port", &port]);
        let output = run(command);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert_eq!(output.stdout, format!("{} up\n", server.address()).as_bytes());
    }
}

#[test]
fn what_cannot_be_bound_is_down_and_says_so() {
    let server = FakeServer::local(good());
    for (options, reason) in [
        ("--bindto 192.0.2.9", "bind to 192.0.2.9:0: Cannot assign requested address"),
        ("--bind-if nosuch0", "interface nosuch0: No such device"),
    ] {
        let verdict = verdict(server.address(), &format!("{options} --delay-before-retry 0"));
        let expected = format!("down: Could not prepare the connection: {reason}");
        assert!(verdict.starts_with(&expected), "{verdict}");
    }
    assert_eq!(server.connections(), 0);
}

/// Marked packets have no route, and those of an interface only that interface.
#[test]
fn mark_and_interface_choose_the_route() {
    if !inside("connection::mark_and_interface_choose_the_route") {
        return;
    }
    for ip in [
        "link set lo up",
        "link add left type veth peer name right",
        "address add 192.0.2.1/32 dev lo",
        "rule add fwmark 7 unreachable pref 1",
        "rule del pref 0",
        "rule add pref 2 lookup local",
    ] {
        let status = Command::new("ip").args(ip.split_whitespace()).status().unwrap();
        assert!(status.success(), "ip {ip}");
    }
    let server = FakeServer::start(TcpListener::bind("192.0.2.1:0").unwrap(), vec![good()]);
    let verdict = |options| verdict(server.address(), options);
    assert_eq!(verdict(""), "up");
    assert_eq!(verdict("--fwmark 6"), "up");
    assert_eq!(verdict("--bind-if lo"), "up");
    let unreachable = "down: Could not connect to server: ";
    assert!(verdict("--fwmark 7 --retry 0").starts_with(unreachable));
    // What keepalived runs the probe as has neither right.
    for (mark, code, told) in [("0", 0, " up\n"), ("6", 1, "it needs CAP_NET_ADMIN\n")] {
        let mut command = Command::new("setpriv");
        command.args(["--bounding-set=-net_admin,-net_raw", PROGRAM, "192.0.2.1", "--retry", "0"]);
        command.args(["-p", &server.address().port().to_string(), "--fwmark", mark]);
        let output = run(command);
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        assert!(output.stdout.ends_with(told.as_bytes()), "{output:?}");
    }
    let elsewhere = verdict("--bind-if left --retry 0 --connect-timeout 0.3");
    assert!(elsewhere.starts_with("down: Co"), "{elsewhere}");
}

/// The interface is the server's, and where to come from needs it too.
#[test]
fn a_link_local_server_is_reached_on_its_interface() {
    if !inside("connection::a_link_local_server_is_reached_on_its_interface") {
        return;
    }
    for words in [
        "link set lo up",
        "link add d0 type veth peer name d1",
        "link set d1 up",
        "link set d0 up",
        "address add fe80::25/64 dev d0 nodad",
        "address add fe80::26/64 dev d0 nodad",
    ] {
        assert!(Command::new("ip").args(words.split(' ')).status().unwrap().success(), "{words}");
    }
    let index = nix::net::if_::if_nametoindex("d0").unwrap();
    let address = SocketAddrV6::new("fe80::25".parse().unwrap(), 0, 0, index);
    let server = FakeServer::start(TcpListener::bind(address).unwrap(), vec![good()]);
    let port = server.address().port().to_string();
    for words in [
        &["fe80::25%d0"][..],
        &["--compat", "fe80::25%d0"],
        &["fe80::25", "--bind-if", "d0"],
        &["fe80::25%d0", "--bindto", "fe80::26"],
    ] {
        let mut command = Command::new(PROGRAM);
        command.args(words).args(["--retry", "0", "-p", &port]);
        let output = run(command);
        assert_eq!(output.status.code(), Some(0), "{words:?}: {output:?}");
    }
    assert_eq!(server.peers()[3].ip(), "fe80::26".parse::<IpAddr>().unwrap());
}
