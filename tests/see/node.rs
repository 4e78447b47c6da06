//! A node with keepalived, and what lvskit says there.

use std::process::{Command, Output};

use serde_json::Value;

use crate::common::keepalived::{Keepalived, wait_for};
use crate::common::netns::Netns;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_lvskit");
pub const HOOK: &str = env!("CARGO_BIN_EXE_bypass-ipvs");
pub const VIP: &str = "192.168.3.100";

/// An instance; `more` are further lines of it.
pub fn instance(priority: u8, more: &str) -> String {
    format!(
        "vrrp_instance mail {{\n interface eth0\n virtual_router_id 11\n priority {priority}\n \
         virtual_ipaddress {{\n  {VIP}\n }}\n{more}\n}}\n"
    )
}

/// A node, its keepalived, and its file.
pub struct Node {
    pub netns: Netns,
    pub keepalived: Keepalived,
}

impl Node {
    pub fn start(netns: Netns, text: &str) -> Node {
        let keepalived = Keepalived::start(&netns, text, &[]);
        // It writes the number of its process before it opens its sockets.
        wait_for(|| keepalived.log(), || keepalived.path("pid").exists().then_some(()));
        Node { netns, keepalived }
    }

    pub fn holds(&self, vip: &str) -> bool {
        self.netns.ip("-o address show dev eth0").contains(&format!(" {vip}/"))
    }

    pub fn until_it_holds(&self, vip: &str) {
        wait_for(|| self.keepalived.log(), || self.holds(vip).then_some(()));
    }

    /// Sends a signal to one of its processes, by its file: `pid`, `vrrp.pid`.
    pub fn signal(&self, signal: &str, pid: &str) {
        let pid = std::fs::read_to_string(self.keepalived.path(pid)).unwrap();
        self.netns.tool("kill", &format!("-{signal} {}", pid.trim()));
    }

    /// Runs lvskit there, with this keepalived's files.
    pub fn lvskit(&self, args: &[&str]) -> Output {
        let mut command = Command::new(PROGRAM);
        self.run(command.args(args))
    }

    pub fn run(&self, command: &mut Command) -> Output {
        command.arg("--config").arg(self.keepalived.path("keepalived.conf"));
        command.arg("--keepalived-pid").arg(self.keepalived.path("pid"));
        self.netns.run(|| command.output().unwrap())
    }

    pub fn status(&self) -> Value {
        json(&self.lvskit(&["status", "--json"]))
    }

    /// The ids of what doctor finds, and its exit code.
    pub fn doctor(&self, args: &[&str]) -> (Vec<String>, i32) {
        let output = self.lvskit(&[&["doctor", "--json"], args].concat());
        let all = json(&output);
        let ids = all["findings"].as_array().unwrap().iter();
        let ids = ids.map(|one| one["id"].as_str().unwrap().to_owned()).collect();
        (ids, output.status.code().unwrap())
    }

    /// What doctor finds without listening for others.
    pub fn found(&self) -> Vec<String> {
        self.doctor(&["--listen", "0", "--allow-partial"]).0
    }
}

pub fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

/// Two nodes on one link.
pub fn pair() -> [Netns; 2] {
    let [one, two] = [Netns::new(), Netns::new()];
    one.ip(&format!("link add eth0 type veth peer name eth0 netns {}", two.path()));
    for (netns, address) in [(&one, "192.168.3.101"), (&two, "192.168.3.102")] {
        netns.ip(&format!("address add {address}/24 dev eth0"));
        netns.ip("link set eth0 up");
    }
    for netns in [&one, &two] {
        netns.wait_for_carrier("eth0");
    }
    [one, two]
}
