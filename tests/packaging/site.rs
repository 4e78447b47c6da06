//! Three nodes that are folders of this machine, for the example playbook to run on: real Ansible, real
//! lvskit, real `keepalived -t`; only reload is a command that leaves a trace.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use tempfile::TempDir;

use crate::ansibles::{Ansible, assert_played};
use crate::built::run;

pub const NODES: [&str; 3] = ["server01.domain.ru", "server02.domain.ru", "server03.domain.ru"];
/// The example has it; a play takes longer with each node, and shows nothing more with a fourth.
const LEFT_OUT: &str = "  - {name: server04.domain.ru, address: 192.168.3.104}\n";
pub const PASSWORD: &str = "mrelay";
pub const PLAYBOOKS: [&str; 5] =
    ["site.yml", "keepalived.yml", "restart.yml", "decommission.yml", "firewall.yml"];

/// The line that the documentation gives for a variable.
pub fn documented(variable: &str) -> &'static str {
    let mut lines = include_str!("../../packaging/ansible/README.md").lines().map(str::trim);
    lines.find(|line| line.starts_with(&format!("{variable}: "))).unwrap()
}

pub struct Site {
    folder: TempDir,
    ansible: Ansible,
    /// By all plays until now.
    said: Mutex<String>,
}

/// How a run ended, and everything it said.
pub struct Play {
    ok: bool,
    pub text: String,
}

impl Site {
    pub fn new() -> Site {
        let ip =
            "ip link set lo up; ip link show eth0 || ip link add eth0 type veth peer name peer0";
        assert!(Command::new("sh").args(["-ec", ip]).status().unwrap().success());
        let site = Site {
            folder: tempfile::tempdir().unwrap(),
            ansible: Ansible::of_this_test(),
            said: Mutex::new(String::new()),
        };
        let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
        for playbook in PLAYBOOKS {
            fs::copy(
                repository.join("packaging/ansible/playbooks").join(playbook),
                site.path(playbook),
            )
            .unwrap();
        }
        // With a password, which VRRP has in version 2 only.
        let example = fs::read_to_string(repository.join("keepalived/inventory.yml")).unwrap();
        assert!(example.contains(LEFT_OUT), "{example}");
        let example = example.replace(LEFT_OUT, "");
        let line = |key: &str| {
            let starts = |line: &&str| line.trim_start().starts_with(key);
            example.lines().find(starts).unwrap().to_owned()
        };
        let password =
            "    advert_int: 1\n    authentication: {auth_type: PASS, auth_pass: mrelay}";
        let text =
            example.replace(&line("vrrp_version:"), "").replace(&line("advert_int:"), password);
        fs::write(site.path("inventory.yml"), text).unwrap();
        let roles = repository.join("packaging/ansible/roles");
        run(Command::new("cp").arg("-r").arg(roles).arg(site.path("roles")));
        let local = "[balancers:vars]\nansible_connection=local\nansible_become=false\n\
                     ansible_python_interpreter=/usr/bin/python3\n";
        let hosts = format!("[balancers]\n{}\n{local}", NODES.join("\n"));
        fs::write(site.path("hosts"), hosts).unwrap();
        fs::write(site.path("ansible.cfg"), "").unwrap(); // the machine's own is not asked
        fs::create_dir(site.path("reloaded")).unwrap();
        fs::create_dir(site.path("tmp")).unwrap();
        for node in NODES {
            fs::create_dir_all(site.conf(node).parent().unwrap()).unwrap();
        }
        site
    }

    /// The same, with the files on the nodes and on the controller that a first run would leave.
    pub fn rolled_out() -> Site {
        let site = Site::new();
        site.render();
        for node in NODES {
            run(Command::new("install")
                .args(["-m", "0640"])
                .arg(site.rendered(node))
                .arg(site.conf(node)));
        }
        site
    }

    /// On the controller, as the playbook does it.
    pub fn render(&self) {
        let mut lvskit = Command::new(env!("CARGO_BIN_EXE_lvskit"));
        lvskit.args(["gen-conf", "-i", "inventory.yml", "--out-dir", "rendered"]);
        run(lvskit.current_dir(self.folder.path()));
    }

    /// The controller's file for a node.
    pub fn rendered(&self, node: &str) -> PathBuf {
        self.path("rendered").join(node).join("keepalived.conf")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where a node has its keepalived.conf.
    pub fn conf(&self, node: &str) -> PathBuf {
        self.path("nodes").join(node).join("keepalived.conf")
    }

    /// Runs the playbook site.yml as loudly as it goes.
    pub fn play(&self, options: &[&str]) -> Play {
        self.play_as("site.yml", options)
    }

    /// The same by another name.
    pub fn play_as(&self, playbook: &str, options: &[&str]) -> Play {
        let root = self.folder.path().display();
        let lvskit = concat!("lvskit=", env!("CARGO_BIN_EXE_lvskit"));
        let conf = format!("keepalived_conf={}", self.conf("{{inventory_hostname}}").display());
        let reload =
            format!("keepalived_reload='touch {root}/reloaded/{{{{inventory_hostname}}}}'");
        // No systemd runs here; the test that is about units names some. Nor does keepalived.
        let quiet = "bypass_ipvs_enable=true lvskit_doctor=false";
        let ours = ["-e", lvskit, "-e", &conf, "-e", &reload, "-e", quiet];
        self.run(playbook, &[&ours, options].concat())
    }

    /// Runs a playbook as loudly as it goes.
    pub fn run(&self, playbook: &str, options: &[&str]) -> Play {
        let mut play = self.command("ansible-playbook");
        play.args(["-i", "hosts", playbook, "--diff", "-vvv"]).args(options);
        let output = play.output().expect("tests/deps ansible installs Ansible");
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        self.said.lock().unwrap().push_str(&text);
        Play { ok: output.status.success(), text }
    }

    /// Runs ansible-vault with the key; what it printed.
    pub fn vault(&self, arguments: &[&str]) -> String {
        let (command, arguments) = arguments.split_first().unwrap();
        let mut vault = self.command("ansible-vault");
        run(vault.args([command, "--vault-password-file", "key"]).args(arguments))
    }

    /// Runs `ansible-galaxy collection`.
    pub fn galaxy(&self, arguments: &[&str]) {
        run(self.command("ansible-galaxy").arg("collection").args(arguments));
    }

    /// One of Ansible's programs, which sees nothing of the machine's own settings and collections.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.ansible.program(program));
        command
            .current_dir(self.folder.path())
            .env("VRRP_PASS", PASSWORD)
            .env("ANSIBLE_CONFIG", self.path("ansible.cfg"))
            .env("ANSIBLE_HOME", self.path("ansible"))
            .env("ANSIBLE_COLLECTIONS_PATH", self.path("collections"))
            .env("ANSIBLE_LOCAL_TEMP", self.path("ansible/local"))
            .env("ANSIBLE_REMOTE_TEMP", self.path("ansible/remote"))
            .env("TMPDIR", self.path("tmp"))
            .env("LC_ALL", "C.UTF-8");
        command
    }

    /// What a playbook left of the folders that it makes on the controller.
    pub fn left(&self) -> Vec<String> {
        let files = fs::read_dir(self.path("tmp")).unwrap();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.ends_with(".lvskit")).collect()
    }

    /// The nodes that reloaded keepalived since the last call.
    pub fn reloaded(&self) -> Vec<String> {
        let files = fs::read_dir(self.path("reloaded")).unwrap().map(|file| file.unwrap());
        let mut nodes: Vec<String> = files
            .map(|file| {
                fs::remove_file(file.path()).unwrap();
                file.file_name().into_string().unwrap()
            })
            .collect();
        nodes.sort();
        nodes
    }

    pub fn edit_inventory(&self, old: &str, new: &str) {
        let text = fs::read_to_string(self.path("inventory.yml")).unwrap();
        assert!(text.contains(old), "{old} is not in\n{text}");
        fs::write(self.path("inventory.yml"), text.replace(old, new)).unwrap();
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let said = self.said.lock().unwrap();
        // A test that is skipped has played nothing.
        if !said.is_empty() && !std::thread::panicking() {
            assert_played(&said);
        }
    }
}

impl Play {
    /// How many tasks changed something, by the recap of each node.
    pub fn changed(&self) -> u32 {
        let counts = self.text.split("changed=").skip(1);
        counts.map(|rest| rest.split(' ').next().unwrap().parse::<u32>().unwrap()).sum()
    }

    #[track_caller]
    pub fn succeeded(self) -> Play {
        assert!(self.ok, "{}", self.text);
        self
    }

    #[track_caller]
    pub fn failed(self) -> Play {
        assert!(!self.ok, "{}", self.text);
        self
    }

    #[track_caller]
    pub fn without(self, secret: &str) -> Play {
        assert!(!self.text.contains(secret), "{secret} stands in\n{}", self.text);
        self
    }
}
