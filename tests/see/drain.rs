//! `lvskit drain` and `undrain` between two nodes with real keepalived, nft and connections.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use socket2::{Domain, Socket, Type};

use crate::common::keepalived::wait_for;
use crate::common::netns::{Netns, inside};
use crate::node::{HOOK, Node, PROGRAM, VIP, instance, json, pair};

pub const LASTING: &str = "/var/lib/lvskit/drain.json";
const UNTIL_BOOT: &str = "/run/keepalived-lvskit/drain.json";

/// The services of both nodes, in both families.
pub const SERVICES: &str = "\
virtual_server 192.168.3.100 25 {\n lb_algo mh\n mh-fallback\n lb_kind DR\n protocol TCP\n inhibit_on_failure\n delay_loop 1\n retry 0
 real_server 192.168.3.101 25 {\n  TCP_CHECK {\n  }\n }
 real_server 192.168.3.102 25 {\n  TCP_CHECK {\n  }\n }\n}
virtual_server fd00:3::100 25 {\n lb_algo wlc\n lb_kind DR\n protocol TCP\n inhibit_on_failure\n delay_loop 1\n retry 0
 real_server fd00:3::101 25 {\n  TCP_CHECK {\n  }\n }
 real_server fd00:3::102 25 {\n  TCP_CHECK {\n  }\n }\n}\n";

/// Again inside, with empty folders for what is noted: /run and /var/lib of nobody else.
pub fn enter(test: &str) -> bool {
    if !inside(test) {
        return false;
    }
    for folder in ["/run", "/var/lib"] {
        let args = ["-t", "tmpfs", "-o", "mode=0755", "tmpfs", folder];
        assert!(Command::new("mount").args(args).status().unwrap().success());
    }
    fs::create_dir("/run/keepalived-lvskit").unwrap();
    true
}

/// A node that follows a drain file of its own.
pub struct Member {
    pub node: Node,
    drain: String,
}

impl Member {
    fn start(netns: Netns, name: &str, priority: u8, more: &str) -> Member {
        let drain = format!("/run/keepalived-lvskit/{name}");
        let tracked = instance(priority, " track_file {\n  lvskit_drain weight 0\n }");
        let file = format!("track_file lvskit_drain {{\n file {drain}\n weight 0\n}}\n");
        Member { node: Node::start(netns, &format!("{file}{tracked}{more}")), drain }
    }

    pub fn says(&self) -> String {
        fs::read_to_string(&self.drain).unwrap_or_default()
    }

    fn lvskit(&self, args: &str) -> Output {
        self.node.lvskit(&args.split(' ').collect::<Vec<_>>())
    }

    /// Runs it and expects an exit code; returns both of its outputs.
    pub fn ends(&self, args: &str, code: i32) -> String {
        let output = self.lvskit(args);
        let said = String::from_utf8([&output.stdout[..], &output.stderr].concat()).unwrap();
        assert_eq!(output.status.code(), Some(code), "{args}: {said}");
        said
    }

    fn until_it_holds(&self, holds: bool) {
        let log = || self.node.keepalived.log();
        wait_for(log, || (self.node.holds(VIP) == holds).then_some(()));
    }
}

/// The MASTER and a backup.
pub fn members(more: &str) -> [Member; 2] {
    let [one, two] = pair();
    for (netns, address) in [(&one, "fd00:3::101"), (&two, "fd00:3::102")] {
        netns.ip(&format!("address add {address}/64 dev eth0 nodad"));
    }
    let one = Member::start(one, "one", 150, more);
    one.until_it_holds(true);
    let two = Member::start(two, "two", 100, more);
    // It has heard the MASTER once it can be asked whether there is one.
    [one, two]
}

#[test]
fn another_node_takes_over_and_gives_back() {
    if !enter("drain::another_node_takes_over_and_gives_back") {
        return;
    }
    let [one, two] = members("");
    let output = one.lvskit("drain --director --json");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let told = json(&output);
    assert_eq!(told["director"]["taken_over"][0]["master"], "192.168.3.102");
    assert_eq!((&told["until"], &told["director"]["drained"]), (&"undrain".into(), &true.into()));
    assert!(two.node.holds(VIP) && !one.node.holds(VIP));
    assert_eq!(one.says(), "1\n");
    assert!(fs::exists(LASTING).unwrap());

    // Once more changes nothing but how long it lasts.
    let said = one.ends("drain --director --until-boot", 0);
    assert!(said.contains("director: drained") && said.contains("next boot"), "{said}");
    assert!(fs::exists(UNTIL_BOOT).unwrap() && !fs::exists(LASTING).unwrap());
    let screen = one.ends("status", 0);
    assert!(screen.contains("drain       on (/run/keepalived-lvskit/one)"), "{screen}");

    let said = one.ends("undrain", 0);
    assert!(said.contains("director: in service\nserver: in service"), "{said}");
    assert_eq!(one.says(), "0\n");
    assert!(!fs::exists(UNTIL_BOOT).unwrap());
    one.until_it_holds(true);
    one.ends("undrain", 0);
}

#[test]
fn the_last_node_stays() {
    if !enter("drain::the_last_node_stays") {
        return;
    }
    let [one, two] = members("");
    two.ends("drain --director", 0);
    let said = one.ends("drain --director", 1);
    assert!(said.contains("no other node took over mail within"), "{said}");
    assert_eq!(one.says(), "0\n");
    one.until_it_holds(true);
    // Interrupted, it is as before; killed, `undrain` ends it.
    for (signal, left) in [("TERM", "0\n"), ("KILL", "1\n")] {
        one.until_it_holds(true);
        let mut command = Command::new(PROGRAM);
        command.args(["drain", "--director", "--config"]);
        command.arg(one.node.keepalived.path("keepalived.conf"));
        command.arg("--keepalived-pid").arg(one.node.keepalived.path("pid"));
        let mut child = one.node.netns.run(|| command.stderr(Stdio::null()).spawn().unwrap());
        wait_for(String::new, || (one.says() == "1\n").then_some(()));
        one.node.netns.tool("kill", &format!("-{signal} {}", child.id()));
        let status = child.wait().unwrap();
        assert!(!status.success());
        assert_eq!(one.says(), left, "{signal}");
    }
    one.ends("undrain", 0);
    assert_eq!(one.says(), "0\n");
    one.until_it_holds(true);
    one.ends("drain --director --force", 0);
    one.until_it_holds(false);
    // Nobody is MASTER now.
    two.ends("undrain", 0);
}

#[test]
fn a_node_that_is_alone_is_told_at_once() {
    if !enter("drain::a_node_that_is_alone_is_told_at_once") {
        return;
    }
    let [one, two] = pair();
    let one = Member::start(one, "one", 150, SERVICES);
    one.until_it_holds(true);
    two.ip("link set eth0 arp off");
    // What is in IPv6 can't be asked by ARP.
    let config = one.node.keepalived.path("keepalived.conf");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.split("virtual_server fd00").next().unwrap()).unwrap();
    let said = one.ends("drain --director", 1);
    assert!(said.contains("no other node answers (asked by ARP: 192.168.3.102)"), "{said}");
    assert!(one.node.holds(VIP));
    assert_eq!(one.says(), "");
    // Of a keepalived that does not run nobody has to take anything over.
    one.node.signal("TERM", "pid");
    one.until_it_holds(false);
    wait_for(String::new, || (!one.node.keepalived.path("pid").exists()).then_some(()));
    one.ends("drain --director", 0);
    assert_eq!(one.says(), "1\n");
}

/// Connects from an address.
fn connect(netns: &Netns, from: &str, to: &str) -> std::io::Result<TcpStream> {
    let [from, to]: [SocketAddr; 2] = [from, to].map(|one| one.parse().unwrap());
    netns.run(|| {
        let socket = Socket::new(Domain::for_address(to), Type::STREAM, None)?;
        socket.bind(&from.into())?;
        socket.connect_timeout(&to.into(), Duration::from_secs(5))?;
        socket.set_read_timeout(Some(Duration::from_secs(5)))?;
        Ok(socket.into())
    })
}

#[test]
fn checks_are_refused_and_sessions_go_on() {
    if !enter("drain::checks_are_refused_and_sessions_go_on") {
        return;
    }
    let [one, two] = members(SERVICES);
    // A client, and two nodes' addresses, at the other end of the link.
    two.node.netns.ip("address add 192.168.3.3/24 dev eth0");
    let listener = one.node.netns.run(|| TcpListener::bind("[::]:25").unwrap());
    let check = || connect(&two.node.netns, "192.168.3.102:0", "192.168.3.101:25");
    let check_v6 = || connect(&two.node.netns, "[fd00:3::102]:0", "[fd00:3::101]:25");
    let mut session = check().unwrap();
    let mut served = listener.accept().unwrap().0;

    // What is missing leaves nothing behind.
    let said = one.ends("drain --server --nft /nonexistent/nft", 7);
    assert!(said.contains("install nftables"), "{said}");
    assert!(!fs::exists(LASTING).unwrap());
    check().unwrap();

    let output = one.lvskit("drain --server --json");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let told = json(&output);
    assert_eq!(told["server"]["ports"]["192.168.3.101"][0], 25);
    assert_eq!(told["director"]["drained"], false);
    for refused in [check(), check_v6()] {
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::ConnectionRefused);
    }
    let own = connect(&one.node.netns, "192.168.3.101:0", "192.168.3.101:25");
    assert_eq!(own.unwrap_err().kind(), ErrorKind::ConnectionRefused, "its own check");
    connect(&two.node.netns, "192.168.3.3:0", "192.168.3.101:25").unwrap();
    for word in ["one", "two"] {
        served.write_all(word.as_bytes()).unwrap();
        let mut read = [0; 3];
        session.read_exact(&mut read).unwrap();
        assert_eq!(&read, word.as_bytes());
    }
    assert_eq!(one.node.status()["server_drain"], "on");

    let rules = || one.node.netns.tool("nft", "list table inet lvskit-drain");
    let before = rules();
    assert!(before.contains("packets 1 "), "{before}");
    one.ends("drain --server", 0);
    assert_eq!(rules(), before, "nothing has changed, so nothing is done");
    one.node.netns.tool("nft", "flush ruleset");
    assert_eq!(one.node.status()["server_drain"], "gone");
    let screen = one.ends("status", 0);
    assert!(screen.contains("server: its rules are gone"), "{screen}");
    one.ends("drain --server", 0);
    check().unwrap_err();

    // The guard's watcher puts it back by itself, and not after its end.
    let mut watcher = Command::new(HOOK);
    watcher.args(["--watch", "-a", VIP]).stderr(Stdio::null());
    let mut watcher = one.node.netns.run(|| watcher.spawn().unwrap());
    for _ in 0..2 {
        one.node.netns.tool("nft", "flush ruleset");
        let back = || (one.node.status()["server_drain"] == "on").then_some(());
        wait_for(|| "the watcher leaves it".to_owned(), back);
    }
    one.ends("undrain", 0);
    std::thread::sleep(Duration::from_secs(2));
    assert!(!one.node.netns.tool("nft", "list tables").contains("lvskit-drain"));
    watcher.kill().unwrap();
    watcher.wait().unwrap();
    check().unwrap();
    check_v6().unwrap();
}

/// The server is back at once, the director when the others send this node connections again.
#[test]
fn it_serves_before_it_may_be_master() {
    if !enter("drain::it_serves_before_it_may_be_master") {
        return;
    }
    let [one, two] = members(SERVICES);
    one.ends("drain --force", 0);
    two.until_it_holds(true);
    let mut command = Command::new(PROGRAM);
    command.args(["undrain", "--config"]).arg(one.node.keepalived.path("keepalived.conf"));
    command.arg("--keepalived-pid").arg(one.node.keepalived.path("pid")).stderr(Stdio::piped());
    let mut undrain = one.node.netns.run(|| command.spawn().unwrap());
    let mut said = [0; 64];
    let count = undrain.stderr.as_mut().unwrap().read(&mut said).unwrap();
    // While it waits the server is back, and the director is not.
    assert_eq!(String::from_utf8_lossy(&said[..count]).split(' ').next(), Some("waits"));
    assert_eq!(
        (one.says(), one.node.status()["server_drain"].as_str()),
        ("1\n".into(), Some("off"))
    );
    one.node.netns.tool("kill", &format!("-INT {}", undrain.id()));
    assert_eq!(undrain.wait().unwrap().code(), Some(4));
    assert_eq!(one.says(), "1\n", "interrupted, it stays drained");
    one.ends("undrain", 0);
    assert_eq!(one.says(), "0\n");
    one.until_it_holds(true);

    // Where nobody serves it does not wait.
    one.ends("drain --force", 0);
    two.ends("drain --force", 0);
    two.until_it_holds(false);
    let said = two.ends("undrain", 0);
    assert!(!said.contains("waits"), "{said}");
}

#[test]
fn the_last_session_is_waited_for() {
    if !enter("drain::the_last_session_is_waited_for") {
        return;
    }
    let [one, two] = members(SERVICES);
    let listener = one.node.netns.run(|| TcpListener::bind("0.0.0.0:25").unwrap());
    let session = connect(&two.node.netns, "192.168.3.102:0", "192.168.3.101:25").unwrap();
    let served = listener.accept().unwrap().0;
    let said = one.ends("drain --server --wait --timeout 2", 5);
    assert!(said.contains("1 session left, "), "{said}");
    assert!(said.contains("error: timeout: 1 session left, "), "{said}");
    drop((session, served));
    let said = one.ends("drain --server --wait", 0);
    assert!(said.contains("sessions left: 0"), "{said}");
    // Who takes everything of ours away takes this away too.
    let tables = || one.node.netns.tool("nft", "list tables");
    assert!(tables().contains("lvskit-drain"));
    one.node.netns.tool(HOOK, "--purge");
    assert!(!tables().contains("lvskit-drain"), "{}", tables());
    one.ends("undrain --server", 0);
}

#[test]
fn what_was_drained_is_drained_again() {
    if !enter("drain::what_was_drained_is_drained_again") {
        return;
    }
    let [one, _two] = members(SERVICES);
    one.ends("drain", 0);
    // As after a boot.
    one.node.netns.tool("nft", "flush ruleset");
    fs::write(&one.drain, "0\n").unwrap();
    for _ in 0..2 {
        one.ends("drain --restore", 0);
        assert_eq!(one.says(), "1\n");
        assert_eq!(one.node.status()["server_drain"], "on");
    }
    // One part ends, the other stays, until a boot takes the note away.
    one.ends("drain --server --until-boot", 0);
    one.ends("undrain --director", 0);
    assert_eq!(
        (one.says().as_str(), one.node.status()["server_drain"].as_str()),
        ("0\n", Some("on"))
    );
    fs::remove_file(UNTIL_BOOT).unwrap();
    one.node.netns.tool("nft", "flush ruleset");
    one.ends("drain --restore", 0);
    assert_eq!(one.node.status()["server_drain"], "off");
}

#[test]
fn a_stop_of_keepalived_hands_over_first() {
    if !enter("drain::a_stop_of_keepalived_hands_over_first") {
        return;
    }
    let [one, two] = members("");
    let said = one.ends("drain --stopping", 0);
    assert!(said.contains("mail: 192.168.3.102 is MASTER now"), "{said}");
    assert_eq!(one.says(), "2\n");
    assert!(two.node.holds(VIP) && !one.node.holds(VIP));
    one.ends("undrain --stopping", 0);
    one.ends("undrain --stopping", 0);
    assert_eq!(one.says(), "0\n");
    one.until_it_holds(true);
    // A backup has nothing to hand over; who is drained stays so.
    two.ends("drain --stopping", 0);
    assert_eq!(two.says(), "");
    two.ends("drain --director", 0);
    two.ends("drain --stopping", 0);
    two.ends("undrain --stopping", 0);
    assert_eq!(two.says(), "1\n");
    // Where nobody takes over it ends, in bounded time.
    let said = one.ends("drain --stopping", 1);
    assert!(said.contains("no other node took over"), "{said}");
    one.ends("undrain --stopping", 0);
    assert_eq!(one.says(), "0\n");
}
