//! `--watch` without addresses: one watcher for a node, which takes its addresses and services from the
//! hooks in keepalived.conf and follows that file.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use crate::common::netns::inside;
use crate::common::patience::{found, until};
use crate::healing::{Notify, PATIENCE, SOON, Watch};
use crate::node::{Node, OWN, VIP, VIP6, ip};

/// A folder with a keepalived.conf, and what the watcher of it says.
struct Site {
    folder: tempfile::TempDir,
    notify: Notify,
}

impl Site {
    fn new() -> Site {
        Site { folder: tempfile::tempdir().unwrap(), notify: Notify::new() }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Replaces a file as gen-conf and Ansible do.
    fn write(&self, name: &str, text: &str) {
        fs::write(self.at("new"), text).unwrap();
        fs::rename(self.at("new"), self.at(name)).unwrap();
    }

    fn watch(&self, node: &Node) -> Watch {
        let said = File::options().append(true).create(true).open(self.at("said")).unwrap();
        let config = self.at("keepalived.conf");
        let args = ["--verbose", "--config", config.to_str().unwrap(), "--config-id", "node1"];
        self.notify.watch(node, &args, said.into())
    }

    /// Waits until the node has what is shown.
    fn wait(&self, node: &Node, args: &[&str], shown: &str, patience: Duration) {
        let said = || fs::read_to_string(self.at("said")).unwrap_or_default();
        until(
            patience,
            || format!("{args:?}: {:?}, not {shown:?}; said:\n{}", guards(node, args), said()),
            || guards(node, args) == shown,
        );
    }

    /// Waits until a message is said, and tells how often it was.
    fn said(&self, words: &str) -> usize {
        let said = || fs::read_to_string(self.at("said")).unwrap();
        found(
            PATIENCE,
            || format!("no {words:?} in\n{}", said()),
            || Some(said().matches(words).count()).filter(|count| *count > 0),
        )
    }
}

/// An instance whose hooks run bypass-ipvs with these arguments.
fn instance(arguments: &str) -> String {
    let hook = |state: &str, option: &str| {
        format!(
            "    notify_{state} \"/opt/bypass-ipvs {}\" root\n",
            arguments.replace("-a", option)
        )
    };
    format!(
        "vrrp_instance a {{\n{}{}{}{}}}\n",
        hook("master", "-r"),
        hook("backup", "-a"),
        hook("fault", "-a"),
        hook("stop", "-a")
    )
}

/// What the node has: each guard with its route, by the words of `--check`.
fn guards(node: &Node, args: &[&str]) -> String {
    String::from_utf8(node.hook(args).stdout).unwrap()
}

#[test]
fn a_watcher_takes_its_orders_from_the_hooks() {
    if !inside("following::a_watcher_takes_its_orders_from_the_hooks") {
        return;
    }
    let (node, site) = (Node::silent(), Site::new());
    let _watch = site.watch(&node);
    // A node that is set up starts it before there is a file.
    site.notify.ready();
    assert_eq!(site.said("no such file; waiting for it"), 1);
    assert_eq!(guards(&node, &["--check"]), "no guards here\n");

    let tcp = "--keep-sessions --service tcp/2525";
    site.write("keepalived.conf", &instance(&format!("{tcp} -a {VIP} {VIP6}")));
    let exact = ["--keep-sessions", "--service", "tcp/2525", "--check", VIP, VIP6];
    let kept = |vips: &[&str]| {
        vips.iter().map(|vip| format!("{vip} in force, sessions kept\n")).collect::<String>()
    };
    site.wait(&node, &exact, &kept(&[VIP, VIP6]), SOON);
    assert_eq!(node.served_at(VIP, PATIENCE), ip(OWN));

    // Other services, then another address, in a file that is included.
    let more = format!("--keep-sessions --service tcp/2525,udp/53 -a {VIP} {VIP6}");
    site.write("keepalived.conf", &(instance(&more) + "include conf.d/*.conf\n"));
    let exact = ["--keep-sessions", "--service", "tcp/2525,udp/53", "--check", VIP, VIP6];
    site.wait(&node, &exact, &kept(&[VIP, VIP6]), SOON);
    fs::create_dir(site.at("conf.d")).unwrap();
    site.write("conf.d/b.conf", &instance("-a 192.168.3.110"));
    let plain = "192.168.3.110 in force, no fallback route\n";
    site.wait(&node, &["--check", "192.168.3.110"], plain, SOON);

    // One that is broken changes nothing, and is told once, however often it is read.
    site.write("conf.d/b.conf", "vrrp_instance a {\n");
    assert_eq!(site.said("b.conf:1: the block of `vrrp_instance` is never closed"), 1);
    site.write("conf.d/c.conf", "");
    node.node.tool("nft", "flush ruleset");
    site.wait(&node, &["--check", "192.168.3.110"], plain, SOON);
    site.wait(&node, &exact, &kept(&[VIP, VIP6]), SOON);
    assert_eq!(site.said("is never closed"), 1);

    // A hook that bypass-ipvs would refuse is told; the others count.
    let wrong = instance("--keep-sessions -a 192.168.3.110") + &instance("-a vip");
    site.write("conf.d/b.conf", &wrong);
    site.wait(
        &node,
        &["--keep-sessions", "--check", "192.168.3.110"],
        &kept(&["192.168.3.110"]),
        SOON,
    );
    assert_eq!(site.said("keepalived.conf can be read now"), 2);
}

/// What is for other nodes, or for instances of others, has no guard here: it would cut this node off.
#[test]
fn an_address_of_others_has_no_guard() {
    if !inside("following::an_address_of_others_has_no_guard") {
        return;
    }
    let (node, site) = (Node::silent(), Site::new());
    let mail = instance("-a 192.168.3.200").replace("    notify", "    @node2 notify");
    site.write("keepalived.conf", &(instance(&format!("-a {VIP}")) + &mail));
    let _watch = site.watch(&node);
    site.notify.ready();
    assert_eq!(guards(&node, &["--check"]), format!("{VIP} in force, no fallback route\n"));
}

#[test]
fn an_address_that_left_the_file_goes_when_keepalived_has_dropped_it() {
    if !inside("following::an_address_that_left_the_file_goes_when_keepalived_has_dropped_it") {
        return;
    }
    let (node, site) = (Node::silent(), Site::new());
    let both = instance(&format!("--keep-sessions -a {VIP} {VIP6}"));
    site.write("keepalived.conf", &both);
    let _watch = site.watch(&node);
    site.notify.ready();
    node.take(VIP);
    site.write("keepalived.conf", &instance(&format!("--keep-sessions -a {VIP6}")));
    // Not before: the node holds it.
    let (one, other) =
        (format!("{VIP} in force, sessions kept\n"), format!("{VIP6} in force, sessions kept\n"));
    std::thread::sleep(SOON);
    assert_eq!(guards(&node, &["--check"]), format!("{one}{other}"));
    node.give_up(VIP);
    site.wait(&node, &["--check"], &other, PATIENCE);
    assert_eq!(site.said(&format!("guard and fallback route of {VIP} are gone")), 1);
    // One that comes back stays, and so does everything if the file goes.
    site.write("keepalived.conf", "");
    site.write("keepalived.conf", &both);
    site.wait(&node, &["--check"], &format!("{one}{other}"), SOON);
    fs::remove_file(site.at("keepalived.conf")).unwrap();
    assert_eq!(site.said("no such file; the guards stay as they are"), 1);
    std::thread::sleep(SOON);
    assert_eq!(guards(&node, &["--check"]), format!("{one}{other}"));
}

/// bypass-ipvs@VIP beside bypass-ipvs.service: they don't undo each other's work for ever.
#[test]
fn watchers_side_by_side_come_to_rest() {
    if !inside("following::watchers_side_by_side_come_to_rest") {
        return;
    }
    let (node, site) = (Node::silent(), Site::new());
    site.write(
        "keepalived.conf",
        &instance(&format!("--keep-sessions --service tcp/2525 -a {VIP}")),
    );
    let _node = site.watch(&node);
    site.notify.ready();
    let _address = Watch(node.start_hook(&["--watch", "--keep-sessions", "-a", VIP]));
    let exact = ["--keep-sessions", "--service", "tcp/2525", "--check", VIP];
    let shown = format!("{VIP} in force, sessions kept\n");
    for _ in 0..2 {
        std::thread::sleep(SOON);
        site.wait(&node, &exact, &shown, SOON);
        // Handles tell of every rule that was replaced.
        let rules = || node.node.tool("nft", "-a list table ip lvskit");
        let before = rules();
        std::thread::sleep(SOON);
        assert_eq!(rules(), before);
        node.node.tool("nft", "flush ruleset");
    }
}

/// Hooks of every kind at the same time, some killed, and a watcher that is killed and started again.
#[test]
fn hooks_and_watchers_in_any_order_end_right() {
    if !inside("following::hooks_and_watchers_in_any_order_end_right") {
        return;
    }
    let (node, site) = (Node::silent(), Site::new());
    let arguments = format!("--keep-sessions --service tcp/2525 -a {VIP}");
    site.write("keepalived.conf", &instance(&arguments));
    let mut random = crate::common::random::Random::seeded(20_261_128);
    let mut watch = site.watch(&node);
    for round in 0..40 {
        let services = ["tcp/2525", "tcp/80", "all"][random.below(3)];
        let mut hook = node.start_hook(&["--keep-sessions", "--service", services, "-r", VIP]);
        match random.below(4) {
            0 => node.node.tool("nft", "flush ruleset").truncate(0),
            1 => watch = site.watch(&node),
            2 => site.write("keepalived.conf", &instance(&arguments)),
            _ => std::thread::sleep(Duration::from_millis(random.below(40) as u64)),
        }
        if random.below(3) == 0 {
            let _ = hook.kill();
        }
        hook.wait().unwrap();
        if round % 10 == 9 {
            let exact = ["--keep-sessions", "--service", "tcp/2525", "--check", VIP];
            site.wait(&node, &exact, &format!("{VIP} in force, sessions kept\n"), PATIENCE);
        }
    }
    assert!(watch.0.try_wait().unwrap().is_none());
}

#[test]
fn fifty_addresses_are_restored_together() {
    if !inside("following::fifty_addresses_are_restored_together") {
        return;
    }
    let (node, site) = (Node::silent(), Site::new());
    let vips: Vec<String> = (1..=50).map(|at| format!("10.0.{at}.7")).collect();
    let hooks =
        vips.iter().map(|vip| instance(&format!("--keep-sessions --service tcp/25 -a {vip}")));
    site.write("keepalived.conf", &hooks.collect::<String>());
    let _watch = site.watch(&node);
    site.notify.ready();
    let names: Vec<&str> = vips.iter().map(String::as_str).collect();
    let exact = [&["--keep-sessions", "--service", "tcp/25", "--check"], names.as_slice()].concat();
    let shown: String = vips.iter().map(|vip| format!("{vip} in force, sessions kept\n")).collect();
    for _ in 0..3 {
        site.wait(&node, &exact, &shown, SOON);
        node.node.tool("nft", "flush ruleset");
    }
    site.wait(&node, &exact, &shown, SOON);
}

#[test]
fn a_command_line_that_mixes_both_is_refused() {
    let refused = |args: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_bypass-ipvs"))
            .args(args)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
    };
    refused(&["--watch", "-a", VIP, "--config", "/etc/keepalived/keepalived.conf"]);
    refused(&["--watch", "--service", "tcp/25"]);
    refused(&["--watch", "--config", ""]);
}
