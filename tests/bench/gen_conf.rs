//! How long all files of a cluster take, beside the same files from a template: of Go's text/template in a
//! compiled program, of Jinja2 alone, and of Ansible's template module. All four must write the same bytes.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::cost::{middle, ms, ratio};

const PROGRAM: &str = env!("CARGO_BIN_EXE_lvskit");
/// Debian's, which has what Ansible needs.
const PYTHON: &str = "/usr/bin/python3";
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bench");
const VIP: &str = "10.255.255.1";

struct Size {
    nodes: usize,
    services: usize,
    /// The nodes that serve each.
    servers: usize,
    turns: usize,
    /// Ansible's time grows by host: it is measured with these two counts, unless it does all.
    hosts: Option<[usize; 2]>,
}

const SIZES: [Size; 3] = [
    Size { nodes: 4, services: 1, servers: 4, turns: 21, hosts: None },
    Size { nodes: 100, services: 20, servers: 100, turns: 5, hosts: Some([4, 24]) },
    // All nodes for all services would be 20 GB: 100,000 real servers in each of 1,000 files.
    Size { nodes: 1000, services: 100, servers: 10, turns: 3, hosts: Some([4, 24]) },
];

/// A cluster on disk, in the words of each candidate.
struct Cluster<'a> {
    size: &'a Size,
    place: TempDir,
}

/// What a candidate took.
struct Took {
    time: Duration,
    /// Of its largest process, kB.
    peak: u64,
}

pub fn all() {
    let go = go();
    println!(
        "{:>18}{:>12}{:>19}{:>23}{:>23}{:>24}",
        "nodes x services",
        "written",
        "lvskit",
        "Go text/template",
        "Jinja2 alone",
        "ansible-playbook"
    );
    let speeds: Vec<f64> = SIZES.iter().map(|size| one(size, &go)).collect();
    println!(
        "\nlvskit takes {:.2} ns a byte for 100 nodes and {:.2} for 1,000: {:.2} x",
        speeds[1],
        speeds[2],
        speeds[2] / speeds[1]
    );
    println!(
        "Of 100 and 1,000 nodes ansible-playbook rendered 4 and 24; the rest is reckoned from these, host\n\
         by host. With 1,000 nodes each service has 10 servers: with all it would be 20 GB. lvskit's time\n\
         includes that the files are on the disk (syncfs), the others leave that to the kernel. Medians;\n\
         peak memory is that of the largest process."
    );
}

/// Builds the program of text/template, and returns its place.
fn go() -> PathBuf {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let program = place.join("gen_conf_go");
    let mut command = Command::new("go");
    command.args(["build", "-o", text(&program), &format!("{FOLDER}/gen_conf.go")]);
    command.env("GO111MODULE", "off").env("GOCACHE", place.join("go"));
    run(&mut command);
    program
}

/// Measures one size, and returns the nanoseconds a byte of ours.
fn one(size: &Size, go: &Path) -> f64 {
    let cluster = Cluster::new(size);
    let folders = ["lvskit", "go", "jinja2"].map(|name| cluster.path(name));
    let [ours, gos, theirs] = &folders;
    let commands = [cluster.lvskit(ours), cluster.go(go, gos), cluster.jinja2(theirs)];
    let mut times = [const { Vec::new() }; 3];
    for _ in 0..size.turns {
        for (command, times) in commands.iter().zip(&mut times) {
            times.push(timed(command, command.last().unwrap()));
        }
    }
    let bytes = cluster.same(ours, theirs, size.nodes);
    cluster.same(ours, gos, size.nodes);
    let [lvskit, go, jinja2] =
        [0, 1, 2].map(|at| Took { time: middle(times[at].clone()), peak: peak(&commands[at]) });
    let ansible = cluster.ansible(ours);
    println!(
        "{:>18}{:>9.3} MB{:>9.1} ms {:>4.0} MB{:>9.1} ms {:>4.1}x {:>3.0} MB{:>9.0} ms {:>4.1}x {:>3.0} MB{:>9.1} s {:>6.0}x {:>4.0} MB",
        format!("{} x {}", size.nodes, size.services),
        bytes as f64 / 1e6,
        ms(lvskit.time),
        lvskit.peak as f64 / 1e3,
        ms(go.time),
        ratio(go.time, lvskit.time),
        go.peak as f64 / 1e3,
        ms(jinja2.time),
        ratio(jinja2.time, lvskit.time),
        jinja2.peak as f64 / 1e3,
        ansible.time.as_secs_f64(),
        ratio(ansible.time, lvskit.time),
        ansible.peak as f64 / 1e3,
    );
    lvskit.time.as_nanos() as f64 / bytes as f64
}

/// From start to end, with nothing left to write for others; `folder` is new each time.
fn timed(command: &[String], folder: &str) -> Duration {
    let _ = fs::remove_dir_all(folder);
    nix::unistd::sync();
    let began = Instant::now();
    run(Command::new(&command[0]).args(&command[1..]));
    began.elapsed()
}

fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).stdout(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The most memory that one of its processes had, kB.
fn peak(command: &[String]) -> u64 {
    let said = tempfile::NamedTempFile::new().unwrap();
    let mut time = Command::new("/usr/bin/time");
    time.args(["-f", "%M", "-o"]).arg(said.path());
    run(time.args(command));
    fs::read_to_string(said.path()).unwrap().trim().parse().unwrap()
}

impl Cluster<'_> {
    fn new(size: &Size) -> Cluster<'_> {
        // On a disk, as the files of a cluster are.
        let place = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let cluster = Cluster { size, place };
        fs::write(cluster.path("inventory.yml"), cluster.inventory()).unwrap();
        fs::write(cluster.path("cluster.yml"), cluster.variables()).unwrap();
        fs::write(cluster.path("cluster.json"), cluster.json()).unwrap();
        fs::write(cluster.path("ansible.cfg"), "").unwrap(); // the machine's own is not asked
        fs::copy(format!("{FOLDER}/gen_conf.yml"), cluster.path("site.yml")).unwrap();
        cluster
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// The places of the nodes that serve a service.
    fn servers(&self, service: usize) -> impl Iterator<Item = usize> {
        let Size { nodes, servers, .. } = *self.size;
        (0..servers).map(move |at| (service * servers + at) % nodes)
    }

    fn inventory(&self) -> String {
        let Size { nodes, services, servers, .. } = *self.size;
        let mut text = format!(
            "vrrp_instance:\n  relay:\n    interface: eth0\n    virtual_router_id: 11\n    \
             state: BACKUP\n    priority: 100\n    virtual_ipaddress: {VIP}/8\nnodes:\n"
        );
        for node in 0..nodes {
            let _ = writeln!(text, "  - {{name: {}, address: {}}}", name(node), address(node));
        }
        text.push_str("virtual_server:\n");
        for service in 0..services {
            let _ = writeln!(
                text,
                "  - port: {}\n    lb_algo: wlc\n    delay_loop: 2\n    check: {{type: SMTP_CHECK, \
                 connect_timeout: 5, retry: 3, helo_name: smtpchecker.example.org}}",
                port(service)
            );
            if servers < nodes {
                let names: Vec<String> = self.servers(service).map(name).collect();
                let _ = writeln!(text, "    nodes: [{}]", names.join(", "));
            }
        }
        text
    }

    /// The same for the template, with the addresses already in place.
    fn variables(&self) -> String {
        let mut text = format!("vip: {VIP}\nhook: {}\nservices:\n", self.hook());
        for service in 0..self.size.services {
            let servers: Vec<String> = self.servers(service).map(address).collect();
            let port = port(service);
            let _ = writeln!(text, "  - {{port: {port}, servers: [{}]}}", servers.join(", "));
        }
        let nodes: Vec<String> = (0..self.size.nodes).map(name).collect();
        let _ = writeln!(text, "nodes: [{}]", nodes.join(", "));
        text
    }

    /// The same for Go, whose own library reads JSON.
    fn json(&self) -> String {
        let service = |service: usize| {
            let servers: Vec<String> = self.servers(service).map(address).collect();
            serde_json::json!({ "port": port(service), "servers": servers })
        };
        let services: Vec<_> = (0..self.size.services).map(service).collect();
        let nodes: Vec<String> = (0..self.size.nodes).map(name).collect();
        let hook = self.hook();
        serde_json::json!({ "vip": VIP, "hook": hook, "services": services, "nodes": nodes })
            .to_string()
    }

    /// What each hook begins with.
    fn hook(&self) -> String {
        let (first, last) = (port(0), port(self.size.services - 1));
        let ports = if first == last { first.to_string() } else { format!("{first}-{last}") };
        format!("/usr/libexec/keepalived/bypass-ipvs --keep-sessions --service tcp/{ports}")
    }

    fn go(&self, program: &Path, folder: &Path) -> Vec<String> {
        let template = format!("{FOLDER}/gen_conf.tmpl");
        words(&[text(program), text(&self.path("cluster.json")), &template, text(folder)])
    }

    fn lvskit(&self, folder: &Path) -> Vec<String> {
        let inventory = self.path("inventory.yml");
        words(&[PROGRAM, "gen-conf", "-i", text(&inventory), "--out-dir", text(folder)])
    }

    fn jinja2(&self, folder: &Path) -> Vec<String> {
        let (renderer, template) = (format!("{FOLDER}/gen_conf.py"), template());
        words(&[PYTHON, &renderer, text(&self.path("cluster.yml")), &template, text(folder)])
    }

    /// Ansible's time for all hosts, by way of fewer where it would take too long.
    fn ansible(&self, ours: &Path) -> Took {
        let Some([few, more]) = self.size.hosts else { return self.play(self.size.nodes, ours) };
        let [few_took, more_took] = [few, more].map(|hosts| self.play(hosts, ours));
        let host = (more_took.time - few_took.time) / (more - few) as u32;
        let time = more_took.time + host * (self.size.nodes - more) as u32;
        Took { time, peak: more_took.peak }
    }

    /// One run of the playbook for so many hosts.
    fn play(&self, hosts: usize, ours: &Path) -> Took {
        let folder = self.path("ansible");
        let _ = fs::remove_dir_all(&folder);
        (0..hosts).for_each(|node| fs::create_dir_all(folder.join(name(node))).unwrap());
        let names: String = (0..hosts).map(|node| name(node) + "\n").collect();
        fs::write(self.path("hosts"), names).unwrap();
        let said = tempfile::NamedTempFile::new().unwrap();
        let mut command = Command::new("/usr/bin/time");
        command.args(["-f", "%M", "-o"]).arg(said.path());
        command.args(["ansible-playbook", "-i", "hosts", "site.yml"]);
        command.args(["-e", &format!("template={}", template())]);
        command.args(["-e", &format!("folder={}", text(&folder))]);
        command.args(["-e", &format!("ansible_python_interpreter={PYTHON}")]);
        command.current_dir(self.place.path()).env("ANSIBLE_CONFIG", self.path("ansible.cfg"));
        command.env("ANSIBLE_HOME", self.path("home")).env("LC_ALL", "C.UTF-8");
        nix::unistd::sync();
        let began = Instant::now();
        run(&mut command);
        let time = began.elapsed();
        self.same(ours, &folder, hosts);
        let peak = fs::read_to_string(said.path()).unwrap().trim().parse().unwrap();
        Took { time, peak }
    }

    /// Asserts that the files of so many nodes are the same; returns their bytes.
    fn same(&self, ours: &Path, theirs: &Path, nodes: usize) -> usize {
        let read = |folder: &Path, node: usize| {
            fs::read(folder.join(name(node)).join("keepalived.conf")).unwrap()
        };
        let one = |node: usize| {
            let bytes = read(ours, node);
            assert!(bytes == read(theirs, node), "{}: {} differs", name(node), text(theirs));
            bytes.len()
        };
        (0..nodes).map(one).sum()
    }
}

fn name(node: usize) -> String {
    format!("node{:04}.example.org", node + 1)
}

fn address(node: usize) -> String {
    format!("10.0.{}.{}", node / 250, node % 250 + 1)
}

fn port(service: usize) -> usize {
    1025 + service
}

fn template() -> String {
    format!("{FOLDER}/gen_conf.j2")
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}
