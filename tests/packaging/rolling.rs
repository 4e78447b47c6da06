//! The playbooks that take nodes out and bring them back, on two nodes with namespaces, addresses and a
//! keepalived of their own: real Ansible, real VRRP, the real hook. Only the service manager is a script.

use std::collections::BTreeSet;
use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use nix::ifaddrs::getifaddrs;

use super::built::run;
use super::common::keepalived::wait_for;
use super::common::netns::{Netns, inside};
use super::site::{NODES, Play, Site};

const VIP: Ipv4Addr = Ipv4Addr::new(192, 168, 3, 100);

/// In place of systemd, which does not run here.
const SERVICE: &str = "#!/bin/sh -e
case $1 in
start) /usr/sbin/keepalived --vrrp ;;
stop) [ ! -e /run/keepalived.pid ] || kill $(cat /run/keepalived.pid)
    while [ -e /run/keepalived.pid ]; do sleep 0.1; done ;;
reload) word=$(cat /run/on-reload 2>/dev/null || :)
    case $word in *once) rm /run/on-reload ;; esac
    case $word in *die*) $0 stop ;; esac
    case $word in *cut*) touch ${0%/*}/cut-$(cat /run/name) ;; esac
    case $word in ?*) exit 1 ;; esac
    kill -HUP $(cat /run/keepalived.pid) ;;
restart) $0 stop; $0 start ;;
esac
echo $1 >>/run/log
";

/// A node: what runs in its namespaces ends with it.
struct Node {
    name: &'static str,
    init: Child,
    netns: Netns,
}

impl Node {
    fn start(site: &Site, place: usize) -> Node {
        let mut unshare = Command::new("unshare");
        unshare.args(["--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"]);
        let init = unshare.args(["sleep", "infinity"]).stdin(Stdio::null()).spawn().unwrap();
        let pid = wait_for(String::new, || first_of(&init));
        let netns = Netns::open(format!("/proc/{pid}/ns/net"));
        let node = Node { name: NODES[place], init, netns };
        let enter = site.path(&format!("enter-{}", node.name));
        let script =
            format!("#!/bin/sh\nexec nsenter -t {pid} --net --mount --pid \"${{0##*/}}\" \"$@\"\n");
        fs::create_dir(&enter).unwrap();
        for program in ["python3", "sh"] {
            fs::write(enter.join(program), &script).unwrap();
            fs::set_permissions(enter.join(program), fs::Permissions::from_mode(0o755)).unwrap();
        }
        let link = format!(
            "ip link add node{place} type veth peer name eth0 netns {pid}; \
             ip link set node{place} up master bridge0"
        );
        run(Command::new("sh").args(["-ec", &link]));
        node.sh(
            site,
            &format!(
                "mount -t tmpfs tmpfs /run; mount -t tmpfs tmpfs /etc/keepalived
                 mount -t tmpfs tmpfs /var/lib; mount -t tmpfs tmpfs /usr/libexec; mkdir /usr/libexec/keepalived /run/keepalived-lvskit
                 cp {} /usr/libexec/keepalived; echo 0 >/run/keepalived-lvskit/drain
                 echo {} >/run/name; ip link set lo up; ip link set eth0 up; ip address add 192.168.3.{}/24 dev eth0",
                env!("CARGO_BIN_EXE_bypass-ipvs"),
                node.name,
                101 + place
            ),
        );
        node
    }

    fn sh(&self, site: &Site, script: &str) -> String {
        let program = site.path(&format!("enter-{}/sh", self.name));
        run(Command::new(program).args(["-ec", script]).stdin(Stdio::null()))
    }

    fn is_master(&self) -> bool {
        self.netns.run(|| {
            let addresses = getifaddrs().unwrap().filter_map(|interface| interface.address);
            let mut known = addresses.filter_map(|address| Some(address.as_sockaddr_in()?.ip()));
            known.any(|address| address == VIP)
        })
    }
}

/// The number of a node's first process: unshare's child.
pub fn first_of(init: &Child) -> Option<u32> {
    let children = format!("/proc/{0}/task/{0}/children", init.id());
    let children = fs::read_to_string(children).ok()?;
    let pid: u32 = children.split_whitespace().next()?.parse().ok()?;
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    (name == "sleep\n").then_some(pid)
}

impl Drop for Node {
    fn drop(&mut self) {
        // Without effect on one that has ended.
        let _ = self.init.kill();
        let _ = self.init.wait();
    }
}

/// This host's kernel may have no IPVS, nothing serves, and both nodes have this host's name.
fn doctor_options() -> Vec<&'static str> {
    let looked_for = [
        "two-masters",
        "guard-missing",
        "drained",
        "node-unreachable",
        "report-unreadable",
        "several-masters",
        "masterless",
        "conf-differs",
        "partition",
    ];
    let only = looked_for.into_iter().flat_map(|id| ["--only", id]);
    ["--allow-partial"].into_iter().chain(only).collect()
}

struct Cluster {
    site: Site,
    nodes: [Node; 2],
}

impl Cluster {
    /// Both nodes with the files that site.yml would give them of the example's inventory for two; the first is MASTER.
    fn start() -> Cluster {
        let site = Site::new();
        run(Command::new("sh")
            .args(["-ec", "ip link add bridge0 type bridge; ip link set bridge0 up"]));
        let nodes = [0, 1].map(|place| Node::start(&site, place));
        let example = fs::read_to_string(
            Path::new(env!("CARGO_MANIFEST_DIR")).join("keepalived/inventory.yml"),
        );
        let example = example.unwrap();
        let of_two = example
            .lines()
            .filter(|line| !["server03", "server04"].iter().any(|name| line.contains(name)));
        fs::write(site.path("inventory.yml"), of_two.collect::<Vec<_>>().join("\n")).unwrap();
        let host = |node: &Node| {
            let python = site.path(&format!("enter-{}/python3", node.name));
            // From when `cut-NAME` is there, the node can't be reached.
            let cut = site.path(&format!("cut-{}", node.name));
            let way = format!("{{{{ 'ssh' if '{}' is exists else 'local' }}}}", cut.display());
            format!(
                "{} ansible_python_interpreter={} ansible_host=127.0.0.1 ansible_port=1 \
                 ansible_connection=\"{way}\"\n",
                node.name,
                python.display()
            )
        };
        let hosts = nodes.iter().map(host).collect::<String>();
        let vars = "[balancers:vars]\nansible_become=false\n";
        fs::write(site.path("hosts"), format!("[balancers]\n{hosts}{vars}")).unwrap();
        let service = site.path("service");
        fs::write(&service, SERVICE).unwrap();
        fs::set_permissions(&service, fs::Permissions::from_mode(0o755)).unwrap();
        let cluster = Cluster { site, nodes };
        cluster.site.render();
        for node in &cluster.nodes {
            let conf = cluster.site.rendered(node.name);
            node.sh(&cluster.site, &format!("install -m 0640 {} /etc/keepalived", conf.display()));
        }
        cluster.all("start");
        cluster.settle(0);
        cluster
    }

    fn play(&self, playbook: &str, options: &[&str]) -> Play {
        let service = self.site.path("service");
        let settings = serde_json::json!({
            "lvskit": env!("CARGO_BIN_EXE_lvskit"),
            "bypass_ipvs_enable": "true",
            "bypass_ipvs_disable": "true",
            "keepalived_reload": format!("{} reload", service.display()),
            "keepalived_restart": format!("{} restart", service.display()),
            "keepalived_disable": format!("{} stop", service.display()),
            "lvskit_settle": 3,
            "lvskit_doctor_options": doctor_options(),
        });
        let settings = settings.to_string();
        let options = [&["-e", &settings], options].concat();
        self.site.run(playbook, &options)
    }

    fn all(&self, verb: &str) {
        let script = format!("{} {verb}", self.site.path("service").display());
        self.nodes.iter().for_each(|node| drop(node.sh(&self.site, &script)));
    }

    /// Waits until the node at `place` is the one MASTER.
    fn settle(&self, place: usize) {
        let masters = || self.nodes.each_ref().map(|node| node.is_master());
        wait_for(String::new, || {
            let masters = masters();
            (masters[place] && masters.iter().filter(|is| **is).count() == 1).then_some(())
        });
    }

    fn log(&self, place: usize) -> String {
        self.nodes[place].sh(&self.site, "cat /run/log 2>/dev/null || :; rm -f /run/log")
    }

    fn drained(&self, place: usize) -> String {
        self.nodes[place].sh(&self.site, "cat /run/keepalived-lvskit/drain").trim_end().to_owned()
    }

    /// How many nodes had the VIP at a time while `work` ran.
    fn masters_while<T>(&self, work: impl FnOnce() -> T) -> (T, BTreeSet<usize>) {
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            let watcher = scope.spawn(|| {
                let mut seen = BTreeSet::new();
                while !over.load(Ordering::Relaxed) {
                    // Nodes are asked one after the other: who held it before and after that held it all the time.
                    let held = || self.nodes.iter().map(|node| node.is_master());
                    let (before, after): (Vec<_>, Vec<_>) = (held().collect(), held().collect());
                    let both =
                        before.iter().zip(&after).filter(|(before, after)| **before && **after);
                    let any = before.contains(&true) || after.contains(&true);
                    seen.insert(both.count().max(usize::from(any)));
                    thread::sleep(Duration::from_millis(20));
                }
                seen
            });
            let done = work();
            over.store(true, Ordering::Relaxed);
            (done, watcher.join().unwrap())
        })
    }
}

/// What the judgement of a cluster says where all is well.
const HEALTHY: &str = "healthy: all 2 nodes answer; mail_relay is on server01.domain.ru";

#[test]
fn errors_in_the_judgement_of_the_cluster_end_the_play() {
    if !inside("rolling::errors_in_the_judgement_of_the_cluster_end_the_play") {
        return;
    }
    let cluster = Cluster::start();
    let left = || assert_eq!(cluster.site.left(), [""; 0]);
    let site = |options: &[&str]| cluster.play("site.yml", options);
    let play = site(&[]).succeeded();
    assert!(play.text.contains(HEALTHY), "{}", play.text);
    assert_eq!(play.changed(), 0, "{}", play.text);

    // The guard is gone.
    cluster.nodes[1].sh(&cluster.site, "nft flush ruleset");
    let words = "error: the guard of an address is not there [guard-missing] server02";
    let play = site(&[]).failed();
    assert!(play.text.contains(words) && play.text.contains("broken: "), "{}", play.text);
    assert!(site(&["--check"]).succeeded().text.contains(words));
    let restart = format!("{} restart", cluster.site.path("service").display());
    cluster.nodes[1].sh(&cluster.site, &restart);
    let guarded = || cluster.nodes[1].sh(&cluster.site, "nft list tables");
    wait_for(guarded, || (!guarded().is_empty()).then_some(()));

    // A node is gone after its reload.
    cluster.site.edit_inventory("garp_master_refresh: 10", "garp_master_refresh: 11");
    let cut = cluster.site.path("cut-server02.domain.ru");
    let reload = format!("keepalived_reload='touch {}'", cut.display());
    let play = site(&["-e", &reload]).failed();
    let words = "error: a node does not answer [node-unreachable] server02.domain.ru";
    assert!(play.text.contains(words) && play.text.contains("UNREACHABLE"), "{}", play.text);
    left();
    fs::remove_file(cut).unwrap();
    // lvskit fails on the controller.
    let lvskit = concat!(
        "{{ '/no/lvskit' if 'reports' in vars else '",
        env!("CARGO_BIN_EXE_lvskit"),
        "' }}"
    );
    let lvskit = serde_json::json!({ "lvskit_command": [lvskit] }).to_string();
    let play = cluster.play("site.yml", &["-e", &lvskit]).failed();
    assert!(play.text.contains("/no/lvskit"), "{}", play.text);
    left();
}

#[test]
fn the_cluster_is_judged_where_all_of_it_is_in_the_play() {
    if !inside("rolling::the_cluster_is_judged_where_all_of_it_is_in_the_play") {
        return;
    }
    let cluster = Cluster::start();
    let site = |options: &[&str]| cluster.play("site.yml", options).succeeded();
    let play = site(&["--tags", "apply", "--check"]);
    assert!(play.text.contains(HEALTHY), "{}", play.text);
    assert_eq!(play.changed(), 0, "{}", play.text);
    assert_eq!(cluster.site.left(), [""; 0]);
    let limited = ["--limit", NODES[0]];
    let off = ["-e", "lvskit_doctor=false"];
    let why = "the cluster is not judged, because this play leaves out server02.domain.ru";
    for (options, words) in [(&limited, why), (&off, ""), (&["--tags", "render"], "")] {
        let play = site(options);
        assert!(play.text.contains(words) && !play.text.contains(HEALTHY), "{}", play.text);
    }
    // A warning ends nothing.
    cluster.nodes[1].sh(&cluster.site, "echo 1 >/run/keepalived-lvskit/drain");
    let play = site(&[]);
    assert!(play.text.contains("[drained] server02.domain.ru"), "{}", play.text);
}

#[test]
fn keepalived_restarts_on_one_drained_node_after_the_other() {
    if !inside("rolling::keepalived_restarts_on_one_drained_node_after_the_other") {
        return;
    }
    let cluster = Cluster::start();
    for place in [0, 1] {
        cluster.log(place);
    }
    let play = cluster.play("keepalived.yml", &[]).succeeded();
    let (first, second) =
        (play.text.find("changed: [server02"), play.text.find("changed: [server01"));
    assert!(first.is_some() && first < second, "the BACKUP comes first\n{}", play.text);
    for place in [0, 1] {
        assert_eq!(cluster.log(place), "stop\nstart\nrestart\n");
        assert_eq!(cluster.drained(place), "0");
    }
    assert!(play.text.contains(HEALTHY), "{}", play.text);
    cluster.settle(0);
}

#[test]
fn a_check_of_a_restart_changes_nothing() {
    if !inside("rolling::a_check_of_a_restart_changes_nothing") {
        return;
    }
    let cluster = Cluster::start();
    for place in [0, 1] {
        cluster.log(place);
    }
    let check = cluster.play("keepalived.yml", &["--check"]).succeeded();
    assert!(check.text.contains(HEALTHY), "{}", check.text);
    let untouched = [0, 1].map(|place| (cluster.log(place), cluster.drained(place)));
    assert_eq!((check.changed(), untouched), (0, [0, 1].map(|_| (String::new(), "0".into()))));
}

#[test]
fn a_node_that_can_not_be_drained_is_left_as_it_was() {
    if !inside("rolling::a_node_that_can_not_be_drained_is_left_as_it_was") {
        return;
    }
    let cluster = Cluster::start();
    let tables = || cluster.nodes[1].sh(&cluster.site, "nft list tables");
    // A client's session that does not end.
    let session = "import socket, time
served = socket.create_server((\"192.168.3.102\", 25))
client = socket.create_connection((\"192.168.3.102\", 25))
other = served.accept()
time.sleep(9999)";
    let session = format!("setsid python3 -c '{session}' >/dev/null 2>&1 </dev/null &");
    cluster.nodes[1].sh(&cluster.site, &session);
    for place in [0, 1] {
        cluster.log(place);
    }
    let impatient = ["-e", "lvskit_drain_timeout=2"];
    let play = cluster.play("keepalived.yml", &impatient).failed();
    for words in [
        "server02.domain.ru: the drain failed, so nothing else was done there. The drain was ended",
        " left",
    ] {
        assert!(play.text.contains(words), "no {words}: {}", play.text);
    }
    assert_eq!([0, 1].map(|place| cluster.log(place)), ["", ""]);
    assert_eq!(cluster.drained(1), "0");
    assert!(!tables().contains("lvskit-drain"), "{}", tables());
    // What somebody drained before stays so, and nothing begins.
    let lvskit = env!("CARGO_BIN_EXE_lvskit");
    cluster.nodes[1].sh(&cluster.site, &format!("{lvskit} drain --server"));
    let play = cluster.play("keepalived.yml", &[]).failed();
    assert!(play.text.contains("server02.domain.ru: it is drained"), "{}", play.text);
    assert!(tables().contains("lvskit-drain"), "{}", tables());
    assert_eq!([0, 1].map(|place| cluster.log(place)), ["", ""]);
}

#[test]
fn a_node_whose_restart_fails_stays_drained() {
    if !inside("rolling::a_node_whose_restart_fails_stays_drained") {
        return;
    }
    let cluster = Cluster::start();
    for place in [0, 1] {
        cluster.log(place);
    }
    cluster.play("keepalived.yml", &["-e", "keepalived_restart=false"]).failed();
    assert_eq!([0, 1].map(|place| cluster.drained(place)), ["0", "1"]);
    assert!(cluster.nodes[1].sh(&cluster.site, "nft list tables").contains("lvskit-drain"));
    cluster.settle(0);
}

/// Postfix's sink stands for the service; it notes whether the node was drained when it started.
const MAIL: &str = "#!/bin/sh -e
[ ! -e /run/mail.pid ] || kill $(cat /run/mail.pid)
nft list table inet lvskit-drain >/dev/null && echo drained >>/run/mail || echo in service >>/run/mail
setsid smtp-sink -u nobody 127.0.0.1:25 9 >/dev/null 2>&1 </dev/null &
echo $! >/run/mail.pid
";

#[test]
fn the_service_restarts_on_one_drained_server_after_the_other() {
    if !inside("rolling::the_service_restarts_on_one_drained_server_after_the_other") {
        return;
    }
    let cluster = Cluster::start();
    let mail = cluster.site.path("mail");
    fs::write(&mail, MAIL).unwrap();
    fs::set_permissions(&mail, fs::Permissions::from_mode(0o755)).unwrap();
    let settings =
        format!("mail_restart={} smtp_check={}", mail.display(), env!("CARGO_BIN_EXE_smtp-check"));
    let play = || cluster.play("restart.yml", &["-e", &settings]);
    let (play, masters) = cluster.masters_while(play);
    let play = play.succeeded();
    assert!(play.text.contains("127.0.0.1:25 up in "), "{}", play.text);
    assert!(play.text.contains(HEALTHY), "{}", play.text);
    assert_eq!(masters.into_iter().collect::<Vec<_>>(), [1], "no director was drained");
    for node in &cluster.nodes {
        assert_eq!(node.sh(&cluster.site, "cat /run/mail; rm /run/mail"), "drained\n");
        let tables = node.sh(&cluster.site, "nft list tables");
        assert!(!tables.contains("lvskit-drain"), "{tables}");
    }
}

#[test]
fn a_new_vrid_is_refused_or_rolled_out_without_a_second_master() {
    if !inside("rolling::a_new_vrid_is_refused_or_rolled_out_without_a_second_master") {
        return;
    }
    let cluster = Cluster::start();
    cluster.site.edit_inventory("virtual_router_id: 11", "virtual_router_id: 12");
    let play = cluster.play("site.yml", &[]).failed();
    assert!(play.text.contains("would not hear each other"), "{}", play.text);
    let conf = |node: &Node| node.sh(&cluster.site, "cat /etc/keepalived/keepalived.conf");
    for node in &cluster.nodes {
        assert!(conf(node).contains("virtual_router_id 11\n"));
    }
    let (play, masters) =
        cluster.masters_while(|| cluster.play("site.yml", &["-e", "lvskit_split=drain"]));
    let play = play.succeeded();
    assert!(!masters.contains(&2), "{masters:?}\n{}", play.text);
    for node in &cluster.nodes {
        assert!(conf(node).contains("virtual_router_id 12\n"));
    }
    cluster.settle(0);
    assert_eq!([0, 1].map(|place| cluster.drained(place)), ["0", "0"]);
    assert_eq!(cluster.play("site.yml", &[]).succeeded().changed(), 0);
}

/// How a change of the VRID fails, and what comes of it.
struct Fails {
    /// What the reload of which node does.
    reload: (usize, &'static str),
    /// Who serves at last, with which VRID, and which VRID its file has.
    serves: usize,
    vrid: u32,
    file: u32,
    drained: [&'static str; 2],
    words: &'static [&'static str],
}

impl Fails {
    fn happens(&self) {
        let cluster = Cluster::start();
        let (place, word) = self.reload;
        cluster.nodes[place].sh(&cluster.site, &format!("echo {word} >/run/on-reload"));
        cluster.site.edit_inventory("virtual_router_id: 11", "virtual_router_id: 12");
        let split = ["-e", "lvskit_split=drain lvskit_patience=8"];
        let (play, masters) = cluster.masters_while(|| cluster.play("site.yml", &split));
        let play = play.failed();
        assert!(!masters.contains(&2), "{word}: {masters:?}\n{}", play.text);
        for words in self.words {
            assert!(play.text.contains(words), "{word}: no {words}: {}", play.text);
        }
        cluster.settle(self.serves);
        let drained = [0, 1].map(|place| cluster.drained(place));
        assert_eq!(drained, self.drained, "{word}: {}", play.text);
        let conf =
            cluster.nodes[self.serves].sh(&cluster.site, "cat /etc/keepalived/keepalived.conf");
        assert!(conf.contains(&format!("virtual_router_id {}\n", self.file)), "{conf}");
        // Nothing is left that could become a second MASTER.
        let heard = |node: &Node| {
            let listen = "timeout 3 tcpdump -nn -i eth0 -c 1 -Q in ip proto 112 2>/dev/null || :";
            node.sh(&cluster.site, listen)
        };
        let heard = heard(&cluster.nodes[1 - self.serves]);
        assert!(heard.contains(&format!("vrid {},", self.vrid)), "{word}: {heard}");
        let masters = cluster.nodes.iter().filter(|node| node.is_master());
        assert_eq!(masters.count(), 1);
        let reached = |node: &&Node| !cluster.site.path(&format!("cut-{}", node.name)).exists();
        for node in cluster.nodes.iter().filter(reached) {
            assert!(!node.sh(&cluster.site, "ls /etc/keepalived").contains(".old"), "{word}");
        }
    }
}

#[test]
fn a_backup_that_does_not_reload_takes_all_back() {
    if !inside("rolling::a_backup_that_does_not_reload_takes_all_back") {
        return;
    }
    Fails {
        reload: (1, "fail once"),
        serves: 0,
        vrid: 11,
        file: 11,
        drained: ["0", "0"],
        words: &[
            "server02.domain.ru: keepalived did not reload",
            "server01.domain.ru serves. The old files are back.",
        ],
    }
    .happens();
}

#[test]
fn a_backup_that_never_reloads_stays_drained() {
    if !inside("rolling::a_backup_that_never_reloads_stays_drained") {
        return;
    }
    Fails {
        reload: (1, "fail"),
        serves: 0,
        vrid: 11,
        file: 11,
        drained: ["0", "1"],
        words: &["The old files are back.", "It may be drained still: server02.domain.ru."],
    }
    .happens();
}

#[test]
fn a_master_that_does_not_reload_takes_all_back() {
    if !inside("rolling::a_master_that_does_not_reload_takes_all_back") {
        return;
    }
    Fails {
        reload: (0, "fail once"),
        serves: 0,
        vrid: 11,
        file: 11,
        drained: ["0", "0"],
        words: &["server01.domain.ru: keepalived did not reload", "The old files are back."],
    }
    .happens();
}

#[test]
fn the_others_serve_when_the_master_dies_while_it_reloads() {
    if !inside("rolling::the_others_serve_when_the_master_dies_while_it_reloads") {
        return;
    }
    Fails {
        reload: (0, "die"),
        serves: 1,
        vrid: 12,
        file: 12,
        drained: ["1", "0"],
        words: &["server01.domain.ru does not serve", "then run lvskit undrain there"],
    }
    .happens();
}

#[test]
fn the_others_serve_when_the_master_dies_and_is_out_of_reach() {
    if !inside("rolling::the_others_serve_when_the_master_dies_and_is_out_of_reach") {
        return;
    }
    Fails {
        reload: (0, "die, cut"),
        serves: 1,
        vrid: 12,
        file: 12,
        drained: ["0", "0"], // the dead one can't be asked to be
        words: &["server01.domain.ru does not serve"],
    }
    .happens();
}

#[test]
fn the_others_stay_drained_where_the_master_may_serve_and_is_out_of_reach() {
    if !inside("rolling::the_others_stay_drained_where_the_master_may_serve_and_is_out_of_reach") {
        return;
    }
    Fails {
        reload: (0, "cut"),
        serves: 0,
        vrid: 11,
        file: 12, // which it has not read
        drained: ["0", "1"],
        words: &["can't be reached, but its addresses are answered"],
    }
    .happens();
}

#[test]
fn a_node_that_is_not_named_does_not_leave() {
    if !inside("rolling::a_node_that_is_not_named_does_not_leave") {
        return;
    }
    let cluster = Cluster::start();
    let play = cluster.play("decommission.yml", &[]).failed();
    assert!(play.text.contains("name the node that leaves"), "{}", play.text);
    // Nor one that the inventory has.
    let play = cluster.play("decommission.yml", &LEAVING).failed();
    assert!(play.text.contains("server01.domain.ru is a node of "), "{}", play.text);
    assert!(cluster.nodes[0].is_master());
}

const LEAVING: [&str; 2] = ["-e", "lvskit_leaving=server01.domain.ru"];

#[test]
fn a_node_leaves_when_it_is_named() {
    if !inside("rolling::a_node_leaves_when_it_is_named") {
        return;
    }
    let cluster = Cluster::start();
    cluster.site.edit_inventory("  - {name: server01.domain.ru, address: 192.168.3.101}\n", "");
    let others = ["--limit", "!server01.domain.ru", "-e", "lvskit_split=reload"];
    cluster.play("site.yml", &others).succeeded();
    let play = cluster.play("decommission.yml", &LEAVING).succeeded();
    assert!(play.changed() > 3, "{}", play.text);
    cluster.settle(1);
    let left = cluster.nodes[0].sh(
        &cluster.site,
        "ls /etc/keepalived; nft list tables; ls /run/keepalived.pid 2>/dev/null || echo stopped",
    );
    assert_eq!(left, "stopped\n");
}
