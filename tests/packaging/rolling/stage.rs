//! Two nodes with namespaces, addresses and a keepalived of their own, on which the playbooks of
//! [`super`] play: real Ansible, real VRRP, the real hook. Only the service manager is a script.

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

use crate::built::run;
use crate::common::keepalived::wait_for;
use crate::common::netns::Netns;
use crate::site::{NODES, Play, Site};

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
pub struct Node {
    pub name: &'static str,
    init: Child,
    pub netns: Netns,
}

impl Node {
    pub fn start(site: &Site, place: usize) -> Node {
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

    pub fn sh(&self, site: &Site, script: &str) -> String {
        let program = site.path(&format!("enter-{}/sh", self.name));
        run(Command::new(program).args(["-ec", script]).stdin(Stdio::null()))
    }

    pub fn is_master(&self) -> bool {
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

pub struct Cluster {
    pub site: Site,
    pub nodes: [Node; 2],
}

impl Cluster {
    /// Both nodes with the files that site.yml would give them of the example's inventory for two; the first is MASTER.
    pub fn start() -> Cluster {
        let site = Site::new();
        run(Command::new("sh")
            .args(["-ec", "ip link add bridge0 type bridge; ip link set bridge0 up"]));
        let nodes = [0, 1].map(|place| Node::start(&site, place));
        let example = fs::read_to_string(
            Path::new(env!("CARGO_MANIFEST_DIR")).join("keepalived/inventory.yml"),
        );
        let example = example.unwrap();
        let of_two: Vec<&str> = example
            .lines()
            .filter(|line| !["server03", "server04"].iter().any(|name| line.contains(name)))
            .collect();
        // A machine that stands still for a second shall not look like a MASTER that died.
        let steadier = of_two.join("\n").replace("advert_int: 0.2 ", "advert_int: 0.5 ");
        fs::write(site.path("inventory.yml"), steadier).unwrap();
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

    pub fn play(&self, playbook: &str, options: &[&str]) -> Play {
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

    pub fn all(&self, verb: &str) {
        let script = format!("{} {verb}", self.site.path("service").display());
        self.nodes.iter().for_each(|node| drop(node.sh(&self.site, &script)));
    }

    /// Waits until the node at `place` is the one MASTER.
    pub fn settle(&self, place: usize) {
        let masters = || self.nodes.each_ref().map(|node| node.is_master());
        wait_for(String::new, || {
            let masters = masters();
            (masters[place] && masters.iter().filter(|is| **is).count() == 1).then_some(())
        });
    }

    pub fn log(&self, place: usize) -> String {
        self.nodes[place].sh(&self.site, "cat /run/log 2>/dev/null || :; rm -f /run/log")
    }

    pub fn drained(&self, place: usize) -> String {
        self.nodes[place].sh(&self.site, "cat /run/keepalived-lvskit/drain").trim_end().to_owned()
    }

    /// How many nodes had the VIP at a time while `work` ran.
    pub fn masters_while<T>(&self, work: impl FnOnce() -> T) -> (T, BTreeSet<usize>) {
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
