//! The guard with other versions of nft than this machine's: what they make of the rules, what they
//! list, and what the rules do to packets. tests/keepalived_versions unpacks them.

use std::fs::{self, Permissions};
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use tempfile::{NamedTempFile, TempDir};

use crate::common::netns::inside;
use crate::local::programs_meet_its_service;
use crate::node::{Node, OWN, OWN6, PATIENT, PORT, VIP, VIP6, ip};

/// One root for each release of Debian, named after its keepalived.
pub const ROOTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/keepalived");

/// Any service, and some.
const SERVICES: [&[&str]; 2] = [&[], &["--service", "tcp/2525,udp/53,tcp/8000-8080"]];

#[test]
fn nft_0_9_8_of_debian_11() {
    works_with("2.1.5", "versions::nft_0_9_8_of_debian_11", "v0.9.8 ");
}

#[test]
fn nft_1_0_6_of_debian_12() {
    works_with("2.2.7", "versions::nft_1_0_6_of_debian_12", "v1.0.6 ");
}

#[test]
fn nft_1_1_3_of_debian_13() {
    works_with("2.3.3", "versions::nft_1_1_3_of_debian_13", "v1.1.3 ");
}

/// A program that is nft of a release, for a node; in that folder.
fn nft_of(release: &str, node: &Node, folder: &Path) -> String {
    let root = format!("{ROOTS}/{release}");
    assert!(fs::exists(format!("{root}/usr/sbin/nft")).unwrap(), "run tests/deps versions");
    let nft = folder.join("nft");
    fs::write(&nft, format!("#!/bin/sh\nexec chroot {root} /usr/sbin/nft \"$@\"\n")).unwrap();
    fs::set_permissions(&nft, Permissions::from_mode(0o755)).unwrap();
    // Where it reads its standard input; seen in the test's own mount namespace only.
    for folder in ["dev", "proc"] {
        node.node.tool("mount", &format!("--rbind /{folder} {root}/{folder}"));
    }
    nft.display().to_string()
}

/// The cluster of [`Node`]: the node and its balancer.
const CLUSTER: &str = "\
nodes:
  - {name: node, address: [192.168.3.102, 'fd00:3::102']}
  - {name: balancer, address: [192.168.3.104, 'fd00:3::104']}
vrrp_instance:
  four: {interface: eth0, virtual_router_id: 11, virtual_ipaddress: 192.168.3.100}
  six: {interface: eth0, virtual_router_id: 12, virtual_ipaddress: 'fd00:3::100/64'}
virtual_server:
  - {vrrp_instance: four, port: 2525, lb_algo: rr, check: []}
  - {vrrp_instance: six, port: 2525, lb_algo: rr, check: []}
";

/// `gen-conf --guard-file` behind a `flush ruleset`, as each nft loads it: the hook of the same cluster
/// knows its guard in it and changes nothing.
#[test]
fn a_hook_knows_its_guard_in_the_file_that_nft_loaded() {
    let test = "versions::a_hook_knows_its_guard_in_the_file_that_nft_loaded";
    let mut releases = vec![""];
    match fs::read_to_string(format!("{ROOTS}/skipped")) {
        Ok(why) => {
            let _ = writeln!(std::io::stderr(), "SKIPPED in part {test}: {}", why.trim_end());
        }
        Err(_) => releases.extend(["2.1.5", "2.3.3"]),
    }
    if !inside(test) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let inventory = folder.path().join("inventory.yml");
    fs::write(&inventory, CLUSTER).unwrap();
    let mut gen_conf = Command::new(env!("CARGO_BIN_EXE_lvskit"));
    gen_conf.args(["gen-conf", "--stdout", "--guard-file", "--node", "node", "-i"]).arg(&inventory);
    let output = gen_conf.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let fragment = String::from_utf8(output.stdout).unwrap();
    assert!(fragment.contains(&format!("dnat to {OWN6}")), "{fragment}");
    for release in releases {
        let node = Node::silent();
        let nft = match release {
            "" => "nft".to_owned(),
            release => nft_of(release, &node, folder.path()),
        };
        // Below its root, where the program below chroot finds it.
        let root = if release.is_empty() { String::new() } else { format!("{ROOTS}/{release}") };
        let mut file = tempfile::NamedTempFile::new_in(format!("{root}/tmp")).unwrap();
        file.write_all(format!("flush ruleset\n{fragment}").as_bytes()).unwrap();
        let name = file.path().file_name().unwrap().to_str().unwrap().to_owned();
        let services = ["--keep-sessions", "--service", "tcp/2525"];
        for _ in 0..2 {
            node.node.tool(&nft, &format!("-f /tmp/{name}"));
            let before = node.node.tool(&nft, "-a list ruleset");
            for vip in [VIP, VIP6] {
                let own = [&services[..], &["-a", vip]].concat();
                let with = if release.is_empty() { vec![] } else { vec!["--nft", nft.as_str()] };
                let output = node.hook(&[own, with].concat());
                let said = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success(), "{release}: {said}");
                assert_eq!(
                    node.forwarded_to(vip, PATIENT),
                    ip(if vip == VIP { OWN } else { OWN6 })
                );
            }
            let sets = |text: String| -> Vec<String> {
                // Whom the sets remember is no rule.
                text.lines()
                    .filter(|line| !line.contains("elements") && !line.contains("expires"))
                    .map(str::to_owned)
                    .collect()
            };
            assert_eq!(sets(node.node.tool(&nft, "-a list ruleset")), sets(before), "{release}");
        }
    }
}

fn works_with(release: &str, test: &str, version: &str) {
    if let Ok(why) = fs::read_to_string(format!("{ROOTS}/skipped")) {
        // Past the test harness, which would hide it.
        let _ = writeln!(std::io::stderr(), "SKIPPED {test}: {}", why.trim_end());
        return;
    }
    if !inside(test) {
        return;
    }
    let other = Other::new(release);
    let version_there = other.nft("--version");
    assert!(version_there.contains(version), "{version_there}");
    for services in SERVICES {
        other.loads_a_file(services);
        for keep in [&[][..], &["--keep-sessions"]] {
            other.second_hook_changes_nothing(&[keep, services].concat());
        }
    }
    other.redirects(SERVICES[0]);
    other.redirects(SERVICES[1]);
    other.serves_programs_on_the_node(SERVICES[1]);
    other.notices_changes();
    other.succeed(&["--purge", VIP, VIP6]);
    let left = other.nft("list ruleset");
    assert!(!left.contains("chain") && !left.contains("set"), "{left}");
}

/// A node with another nft.
struct Other {
    node: Node,
    program: String,
    /// Where the program below chroot finds it.
    file: NamedTempFile,
    _folder: TempDir,
}

impl Other {
    fn new(release: &str) -> Other {
        let folder = tempfile::tempdir().unwrap();
        let node = Node::silent();
        let program = nft_of(release, &node, folder.path());
        let file = NamedTempFile::new_in(format!("{ROOTS}/{release}/tmp")).unwrap();
        Other { node, program, file, _folder: folder }
    }

    fn nft(&self, args: &str) -> String {
        self.node.node.tool(&self.program, args)
    }

    fn load(&self, text: &str) {
        fs::write(self.file.path(), text).unwrap();
        let name = self.file.path().file_name().unwrap().to_str().unwrap();
        self.nft(&format!("-f /tmp/{name}"));
    }

    fn hook(&self, args: &[&str]) -> Output {
        self.node.hook(&[args, &["--nft", &self.program]].concat())
    }

    fn succeed(&self, args: &[&str]) -> String {
        let output = self.hook(args);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn check_fails(&self, args: &[&str], why: &str) {
        assert_eq!(self.hook(args).status.code(), Some(1), "{args:?}: {why}");
    }

    fn loads_a_file(&self, services: &[&str]) {
        self.load(&self.succeed(&[services, &["--dry-run", "-a", VIP, VIP6]].concat()));
        let check = [services, &["--check", VIP, VIP6]].concat();
        self.succeed(&check);
        self.finds_its_guard(&[services, &["-a", VIP, VIP6]].concat());
        self.succeed(&["--purge"]);
        self.check_fails(&check, "purged");
    }

    fn second_hook_changes_nothing(&self, options: &[&str]) {
        self.succeed(&[options, &["-a", VIP, VIP6]].concat());
        for option in ["-a", "-r"] {
            self.finds_its_guard(&[options, &[option, VIP, VIP6]].concat());
            self.finds_its_guard(&[options, &[option, VIP6]].concat());
        }
        self.succeed(&[options, &["--check", VIP, VIP6]].concat());
        self.succeed(&["--purge"]);
    }

    /// Rules keep their handles: those that are replaced get new ones. And no program was asked.
    fn finds_its_guard(&self, args: &[&str]) {
        let before = self.nft("-a list ruleset");
        assert!(before.contains("handle"), "{before}");
        let output = self.node.hook(&[args, &["--nft", "/nonexistent/nft"]].concat());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}: {said}\n{before}");
        assert_eq!(self.nft("-a list ruleset"), before, "{args:?}");
    }

    fn redirects(&self, services: &[&str]) {
        let options = [&["--keep-sessions"][..], services].concat();
        for option in ["-a", "-r"] {
            self.succeed(&[&options[..], &[option, VIP, VIP6]].concat());
            self.succeed(&[&options[..], &["--check", VIP, VIP6]].concat());
        }
        let node = &self.node;
        for (vip, own) in [(VIP, OWN), (VIP6, OWN6)] {
            assert_eq!(node.forwarded_to(vip, PATIENT), ip(own), "the node does not hold {vip}");
            node.take(vip);
            assert_eq!(node.served_at(vip, PATIENT), ip(vip), "the node holds {vip}");
            self.succeed(&[&options[..], &["-r", vip]].concat());
            node.give_up(vip);
            assert_eq!(node.served_at(vip, PATIENT), ip(vip), "a client that has not heard");
            assert_eq!(node.forwarded_to(vip, PATIENT), ip(own), "a director that has");
        }
        self.succeed(&["--purge"]);
    }

    /// The chain for what the node sends, with services only.
    fn serves_programs_on_the_node(&self, services: &[&str]) {
        self.succeed(&[services, &["-a", VIP, VIP6]].concat());
        for vip in [VIP, VIP6] {
            programs_meet_its_service(&self.node, vip);
            let other = SocketAddr::new(vip.parse().unwrap(), PORT + 1);
            let refused = |vip| TcpStream::connect_timeout(vip, Duration::from_millis(300));
            assert!(self.node.node.run(|| refused(&other)).is_err(), "{vip} is not here");
        }
        self.succeed(&["--purge"]);
    }

    fn notices_changes(&self) {
        // A set that remembers for another time, as this nft makes it.
        let text = self.succeed(&["--dry-run", "-a", VIP, VIP6]);
        self.load(&text.replace("timeout 10s", "timeout 1h"));
        self.check_fails(&["--check", VIP], "another timeout");
        self.succeed(&["--keep-sessions", "-a", VIP, VIP6]);
        self.succeed(&["--keep-sessions", "--check", VIP, VIP6]);
        assert_eq!(self.node.forwarded_to(VIP, PATIENT), ip(OWN), "sets are new");

        for services in SERVICES {
            for (family, vip) in [("ip", VIP), ("ip6", VIP6)] {
                let guard = [services, &["-a", vip]].concat();
                let check = [services, &["--check", vip]].concat();
                self.succeed(&guard);
                let chains = self.nft(&format!("list table {family} lvskit"));
                let names = chains.lines().filter_map(|line| line.trim().strip_prefix("chain "));
                for name in names.filter_map(|rest| rest.strip_suffix(" {")) {
                    let chain = format!("{family} lvskit {name}");
                    self.nft(&format!("insert rule {chain} tcp dport 22 accept"));
                    self.check_fails(&check, &chain);
                    self.succeed(&guard);
                    self.succeed(&check);
                }
            }
        }
    }
}
