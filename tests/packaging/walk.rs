//! A newcomer's walk: from Debian without lvskit to five nodes that have their files, and agree about who is MASTER, by the
//! commands that README has and nothing else. The commands are read from README and run as they stand there, with the
//! reader's own nodes. keepalived runs without IPVS here, which no chroot can load: what `keepalived -t` and
//! `lvskit doctor` say stands for serving.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::built::run;
use super::common::keepalived::wait_for;
use super::common::netns::inside;
use super::deb::{Root, debs, must_be_root};
use super::rolling::stage::first_of;

/// Name, last number of its addresses, interface.
const NODES: [(&str, u8, &str); 5] = [
    ("web1", 101, "eth0"),
    ("web2", 102, "ens3"),
    ("web3", 103, "enp1s0"),
    ("mail1", 104, "eno1"),
    ("mail2", 105, "bond0"),
];

/// What the newcomer writes into the inventory that `lvskit init` made: IPv6, and mail on two of the nodes.
const EDIT: &str = include_str!("web_and_mail.patch");

/// More than that is no quick start.
const COMMANDS: usize = 10;

/// What `lvskit doctor` finds because of what is missing here: a kernel with IPVS, and the services.
const HERE: [&str; 2] = ["no-ipvs", "not-listening"];

/// In place of sshd, which runs nowhere here.
const SSH: &str = "#!/bin/sh -e
while :; do
    case $1 in -o) shift 2 ;; -n | -T | --) shift ;; *) break ;; esac
done
node=$1; shift
exec nsenter -t $(cat /pids/$node) --net --mount --pid --root --wd=/ sh -c \"$*\"
";
const SCP: &str = "#!/bin/sh -e
[ \"$1\" = -p ]
exec ssh \"${3%%:*}\" \"cat >${3#*:}\" <\"$2\"
";

/// In place of systemd: starts what the units start.
const SYSTEMCTL: &str = "#!/bin/sh -e
[ \"$1 $2\" = 'enable --now' ]
shift 2
for unit; do
    grep -q ^ExecStart= /usr/lib/systemd/system/$unit.service
    case $unit in
    bypass-ipvs)
        grep -q '^Wants=.*lvskit-settings.service' /usr/lib/systemd/system/$unit.service
        /usr/libexec/keepalived/bypass-ipvs --apply-settings
        setsid /usr/libexec/keepalived/bypass-ipvs --watch >/dev/null 2>&1 </dev/null & ;;
    keepalived) /usr/sbin/keepalived --vrrp ;;
    esac
done
";

/// The lines of README's code blocks below a heading, without comments.
fn commands_below(heading: &str) -> Vec<String> {
    let readme = include_str!("../../README.md");
    let (_, below) = readme.split_once(&format!("\n## {heading}\n")).expect(heading);
    let section = below.split("\n## ").next().unwrap();
    let lines = section.lines().filter_map(|line| line.strip_prefix("    "));
    let plain = |line: &str| line.split("  #").next().unwrap().trim_end().to_owned();
    lines.map(plain).filter(|line| !line.is_empty()).collect()
}

/// The one of them that starts with or contains some words.
fn command<'a>(commands: &'a [String], words: &str) -> &'a str {
    let mut found = commands.iter().filter(|line| line.contains(words));
    let command = found.next().unwrap_or_else(|| panic!("README has no `{words}`"));
    assert_eq!(found.next(), None, "README has several `{words}`");
    command
}

/// With the reader's nodes in place of README's.
fn of_all_nodes(command: &str) -> String {
    let names = NODES.map(|(name, ..)| name).join(" ");
    let own = command.replace("for node in mx1 mx2;", &format!("for node in {names};"));
    assert_ne!(own, command, "README's nodes are others");
    own
}

fn script(root: &Path, name: &str, text: &str) {
    let file = root.join(name);
    fs::write(&file, text).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A node: Debian with a network namespace, an interface and addresses of its own.
struct Node {
    root: Root,
    init: Child,
    _layers: tempfile::TempDir,
}

impl Node {
    fn start(release: &Path, debs: &Path, (name, last, interface): (&str, u8, &str)) -> Node {
        let layers = tempfile::tempdir().unwrap();
        let root = debian(release, layers.path(), debs);
        let mut unshare = Command::new("unshare");
        unshare
            .args(["--net", "--mount", "--pid", "--fork", "--kill-child", "chroot"])
            .arg(root.path());
        let mounts = "mount -t proc proc /proc; mount -t sysfs sysfs /sys; exec sleep infinity";
        let init = unshare.args(["sh", "-ec", mounts]).stdin(Stdio::null()).spawn().unwrap();
        let pid = wait_for(String::new, || first_of(&init));
        let inside = format!("nsenter -t {pid} --net");
        let network = format!(
            "ip link add peer-{name} type veth peer name {interface} netns {pid}
             ip link set peer-{name} up master bridge0
             {inside} sysctl -q net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 \
                 net.ipv6.conf.{interface}.accept_dad=0
             {inside} ip link set lo up; {inside} ip link set {interface} up
             {inside} ip address add 192.168.3.{last}/24 dev {interface}
             {inside} ip address add fd00:3::{last}/64 dev {interface}"
        );
        run(Command::new("sh").args(["-ec", &network]));
        Node { root, init, _layers: layers }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // Without effect on one that has ended.
        let _ = self.init.kill();
        let _ = self.init.wait();
    }
}

/// A copy of a release, with the packages where README builds them.
fn debian(release: &Path, layers: &Path, debs: &Path) -> Root {
    let root = Root::new(release, layers, debs);
    fs::create_dir(root.path().join("target")).unwrap();
    symlink("/debs", root.path().join("target/deb")).unwrap();
    root
}

/// All that the newcomer types, and what it printed.
struct Walk(Vec<(String, String)>);

impl Walk {
    fn types(&mut self, root: &Root, command: &str) -> String {
        println!("$ {command}");
        let printed = root.run(&["sh", "-ec", command]);
        self.0.push((command.to_owned(), printed.clone()));
        printed
    }
}

#[test]
#[ignore = "needs the roots of tests/deps deb_roots: make packages"]
fn readme_leads_from_an_empty_debian_to_a_cluster() {
    const NAME: &str = "walk::readme_leads_from_an_empty_debian_to_a_cluster";
    let debs = debs();
    if !inside(NAME) {
        return;
    }
    must_be_root();
    for suite in ["bookworm", "trixie"] {
        walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("target/deb-roots").join(suite), debs);
    }
}

fn walk(release: &Path, debs: &[PathBuf; 2]) {
    let debs = debs[0].parent().unwrap();
    let bridge = "ip link del bridge0 2>/dev/null || :; ip link add bridge0 type bridge; ip link set bridge0 up";
    run(Command::new("sh").args(["-ec", bridge]));
    let layers = tempfile::tempdir().unwrap();
    let controller = debian(release, layers.path(), debs);
    let nodes = NODES.map(|node| Node::start(release, debs, node));
    for (name, text) in [("ssh", SSH), ("scp", SCP)] {
        script(&controller.path().join("usr/bin"), name, text);
    }
    fs::create_dir(controller.path().join("pids")).unwrap();
    for (node, (name, ..)) in nodes.iter().zip(NODES) {
        let pid = first_of(&node.init).unwrap().to_string();
        fs::write(controller.path().join("pids").join(name), pid).unwrap();
        script(&node.root.path().join("usr/bin"), "systemctl", SYSTEMCTL);
    }
    let (install, start) = (commands_below("Install"), commands_below("From nothing to a cluster"));
    let wrong = commands_below("Something is wrong");
    let mut walk = Walk(Vec::new());

    // The packages are built already, and who installs is root.
    let install =
        command(&install, "make deb && sudo apt ").strip_prefix("make deb && sudo ").unwrap();
    walk.0.push(("make deb".to_owned(), String::new()));
    walk.types(
        &controller,
        &install.replace("apt ", "apt -qq ").replace(" ./target/deb/lvskit-node_*.deb", ""),
    );
    let of_node = install.replace("apt ", "apt -qq ");
    walk.0.push((of_node.clone(), String::new()));
    nodes.iter().for_each(|node| drop(node.root.run(&["sh", "-ec", &of_node])));

    let init = command(&start, "lvskit init ");
    let known: BTreeSet<_> = init.split(' ').filter(|word| word.starts_with("--")).collect();
    assert_eq!(known, BTreeSet::from(["--node", "--service", "--vip"]), "{init}");
    let own =
        NODES.map(|(name, last, interface)| format!("--node {name}=192.168.3.{last}@{interface}"));
    let init = format!(
        "lvskit init {} --vip 192.168.3.100 --service tcp/80 --service tcp/443 --interface eth0 --network 192.168.3.0/24",
        own.join(" ")
    );
    let told = walk.types(&controller, &init);
    walk.0.push(("vi inventory.yml".to_owned(), String::new()));
    fs::write(layers.path().join("edit"), EDIT).unwrap();
    run(Command::new("patch")
        .args(["--quiet", "--fuzz=0"])
        .arg(controller.path().join("inventory.yml"))
        .arg(layers.path().join("edit")));

    let render = command(&start, "lvskit gen-conf ");
    let (copy, enable) =
        (of_all_nodes(command(&start, "; do scp ")), of_all_nodes(command(&start, "; do ssh ")));
    for next in [render, &copy, &enable] {
        // `lvskit init` has said so too.
        assert!(told.contains(next), "`lvskit init` does not say: {next}\n{told}");
        walk.types(&controller, next);
    }

    for (node, (name, ..)) in nodes.iter().zip(NODES) {
        controller.run(&["ssh", name, "keepalived", "-t"]);
        assert!(node.root.path().join("etc/keepalived/keepalived.conf").is_file(), "{name}");
    }
    let addresses = |name: &str| controller.run(&["ssh", name, "ip", "-o", "address"]);
    for (name, last) in [("web1", 100), ("mail1", 110)] {
        for vip in [format!(" 192.168.3.{last}/"), format!(" fd00:3::{last}/")] {
            wait_for(|| addresses(name), || addresses(name).contains(&vip).then_some(()));
        }
    }
    let tables = |name: &str| controller.run(&["ssh", name, "nft", "list", "tables"]);
    let guarded = |name: &str| {
        let tables = tables(name);
        ["table ip lvskit\n", "table ip6 lvskit\n"].iter().all(|table| tables.contains(table))
    };
    for (name, ..) in NODES {
        wait_for(|| tables(name), || guarded(name).then_some(()));
    }
    let doctor = command(&wrong, "lvskit doctor --cluster ").to_owned();
    let judged = walk.types(&controller, &format!("{doctor} || [ $? -lt 4 ]"));
    let rendered = judged.lines().filter(|line| line.contains(" as rendered "));
    assert_eq!(rendered.count(), NODES.len(), "{judged}");
    let heads =
        judged.lines().filter(|line| line.starts_with(|start: char| start.is_ascii_digit()));
    let found: BTreeSet<_> =
        heads.filter_map(|line| Some(line.split_once('[')?.1.split_once(']')?.0)).collect();
    assert_eq!(found, BTreeSet::from(HERE), "{judged}");
    // The reader's client, outside of the cluster.
    walk.0.push((command(&start, "telnet ").to_owned(), String::new()));
    let typed: Vec<_> = walk.0.iter().map(|(command, _)| command.as_str()).collect();
    assert!(typed.len() <= COMMANDS, "{} commands: {typed:#?}", typed.len());
}
