//! Real Ansible plays the playbook on the four nodes: from nodes without a file to a cluster that serves, a changed
//! value under traffic, and a node that refuses its file. A node is a network namespace here, so the role's
//! variables say where its file is and how its keepalived is told to reload.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value, json};

use crate::cluster::{Cluster, GREETING};
use crate::load::Load;
use crate::sandbox::{LVSKIT, ROOT};
use crate::settings;
use crate::setup::Setup;

const REPOSITORY: &str = env!("CARGO_MANIFEST_DIR");

/// What one node gets to check its file in: it has no eth0, and keepalived refuses what names one.
const ELSEWHERE: &str = "/usr/bin/unshare --net /usr/sbin/keepalived -t -f %s";

/// New connections a second.
const RATE: u32 = 5;

/// How long the cluster is watched after a play.
const SETTLE: Duration = Duration::from_secs(4);

pub fn run(cluster: &mut Cluster) -> Result<String> {
    let setup = Setup::ours();
    cluster.set_up(&setup)?;
    cluster.stop()?;
    for node in &cluster.nodes {
        fs::remove_file(node.conf())?;
    }
    let site = Site::new(&setup)?;
    // Nothing runs yet that could reload.
    let first = site.play(cluster, Some("/bin/true"), None)?;
    ensure!(first.ok, "the first play: {}", first.said);
    cluster.start()?;
    cluster.settle(&cluster.everybody())?;

    let load = Load {
        sessions: settings::number("SESSIONS", 20)?,
        rate: settings::number("RATE", RATE)?,
        lasts: Duration::ZERO,
        patience: GREETING,
    };
    let mut running = load.start(cluster)?;
    site.edit("garp_master_refresh: 10", "garp_master_refresh: 11")?;
    let changed = running.note("a changed value");
    let second = site.play(cluster, None, None)?;
    ensure!(second.ok, "a changed value: {}", second.said);
    std::thread::sleep(SETTLE);
    let reloads = reloads(cluster, changed);
    ensure!(reloads == cluster.nodes.len(), "{reloads} nodes reloaded");
    cluster.settle(&cluster.everybody())?;
    let files = files(cluster)?;
    ensure!(files.iter().all(|file| file.contains("garp_master_refresh 11\n")), "{files:?}");

    site.edit("garp_master_refresh: 11", "garp_master_refresh: 12")?;
    let refused = running.note("a node that refuses its file");
    let third = site.play(cluster, None, Some(ELSEWHERE))?;
    ensure!(!third.ok, "a node that refuses its file ended nothing: {}", third.said);
    ensure!(third.said.contains("Non-existent interface"), "not its own words: {}", third.said);
    std::thread::sleep(SETTLE);
    ensure!(self::files(cluster)? == files, "files changed although a node refused its own");
    ensure!(self::reloads(cluster, refused) == 0, "nodes reloaded although one refused its file");

    let seen = running.stop();
    // The others begin with the example's own files.
    cluster.reset()?;
    ensure!(seen.whole(), "{seen}\n{}", seen.losses());
    Ok(format!(
        "from nothing to a cluster that serves; a changed value on {reloads} nodes: {seen}; a node that refuses its file: \
         no file changed, no reload"
    ))
}

fn files(cluster: &Cluster) -> Result<Vec<String>> {
    cluster.nodes.iter().map(|node| Ok(fs::read_to_string(node.conf())?)).collect()
}

/// How many nodes read their file again.
fn reloads(cluster: &Cluster, since: Instant) -> usize {
    let reads = |line: &str| line.contains("Reloading");
    let now = Instant::now();
    cluster.nodes.iter().filter(|node| node.said.count(since, now, reads) > 0).count()
}

/// The controller's folder.
struct Site(PathBuf);

struct Play {
    ok: bool,
    said: String,
}

impl Site {
    fn new(setup: &Setup) -> Result<Site> {
        let folder = Path::new(ROOT).join("controller");
        fs::create_dir_all(&folder)?;
        let collection = Path::new(REPOSITORY).join("packaging/ansible");
        fs::copy(collection.join("playbooks/site.yml"), folder.join("site.yml"))?;
        let copied =
            Command::new("cp").arg("-r").arg(collection.join("roles")).arg(&folder).status()?;
        ensure!(copied.success(), "the roles");
        fs::write(folder.join("inventory.yml"), setup.inventory()?)?;
        fs::write(folder.join("ansible.cfg"), "")?;
        Ok(Site(folder))
    }

    fn edit(&self, old: &str, new: &str) -> Result<()> {
        let file = self.0.join("inventory.yml");
        let text = fs::read_to_string(&file)?;
        ensure!(text.contains(old), "no {old} in the inventory");
        fs::write(file, text.replace(old, new)).context("inventory.yml")
    }

    /// Plays site.yml, with another reload on all nodes, and another check on the last one.
    fn play(&self, cluster: &Cluster, reload: Option<&str>, check: Option<&str>) -> Result<Play> {
        let mut hosts = Map::new();
        for (place, node) in cluster.nodes.iter().enumerate() {
            let inside = format!("/usr/bin/nsenter --net={}", node.netns.path());
            let usual = format!("{inside} /usr/sbin/keepalived -t -f %s");
            let pid = node.pid_file().display().to_string();
            let last = place + 1 == cluster.nodes.len();
            let host = json!({
                "keepalived_conf": node.conf(),
                "keepalived_validate": check.filter(|_| last).unwrap_or(&usual),
                "keepalived_reload": reload.map_or(format!("/usr/bin/pkill -HUP -F {pid}"), str::to_owned),
            });
            hosts.insert(node.name.clone(), host);
        }
        let vars = json!({
            "ansible_connection": "local",
            "ansible_become": false,
            "ansible_python_interpreter": "/usr/bin/python3",
            "lvskit": LVSKIT,
            // The lab's watchers run already, and no sshd does.
            "bypass_ipvs_enable": "/bin/true",
            "lvskit_doctor": false,
        });
        let inventory = json!({"all": {"children": {"balancers": {"hosts": Value::Object(hosts), "vars": vars}}}});
        fs::write(self.0.join("hosts.json"), inventory.to_string())?;
        let output = Command::new("ansible-playbook")
            .args(["-i", "hosts.json", "site.yml"])
            .current_dir(&self.0)
            .env("ANSIBLE_CONFIG", self.0.join("ansible.cfg"))
            .env("ANSIBLE_HOME", self.0.join("ansible"))
            .env("ANSIBLE_LOCAL_TEMP", self.0.join("ansible/local"))
            .env("ANSIBLE_REMOTE_TEMP", self.0.join("ansible/remote"))
            .env("TMPDIR", &self.0)
            .env("LC_ALL", "C.UTF-8")
            .output()
            .context("ansible-playbook")?;
        let said = [output.stdout, output.stderr].concat();
        Ok(Play { ok: output.status.success(), said: String::from_utf8_lossy(&said).into_owned() })
    }
}
