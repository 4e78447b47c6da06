//! What a person needs to understand a failed scenario: of every node its file, what keepalived
//! and the hooks said, its addresses, its rules, its IPVS table.

use std::fs;
use std::path::Path;

use crate::cluster::Cluster;
use crate::syslog;

/// How much of each log is shown.
const LINES: usize = 60;

/// Prints the report.
pub fn print(cluster: &Cluster) {
    for node in &cluster.nodes {
        println!("\n===== {} ({}) =====", node.name, node.address);
        section("keepalived.conf", &fs::read_to_string(node.conf()).unwrap_or_default());
        section("keepalived's log", &tail(&node.keepalived_log()));
        for (program, args) in [
            ("ip", "-brief address"),
            ("ip", "route show table all"),
            ("ip", "neighbour"),
            ("nft", "list ruleset"),
            ("ipvsadm", "-Ln"),
            ("ipvsadm", "-Lnc"),
            ("ss", "-Htln"),
        ] {
            section(&format!("{program} {args}"), &node.netns.try_tool(program, args).1);
        }
    }
    println!("\n===== where keepalived's processes are =====");
    processes();
    println!("\n===== what our programs said =====");
    let text = fs::read_to_string(syslog::file()).unwrap_or_default();
    let ours: Vec<&str> = text.lines().filter(|line| !line.contains(" Keepalived")).collect();
    section("syslog", &last(&ours));
}

/// A process that hangs in a call of the kernel shows here only.
fn processes() {
    for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let read = |name: &str| fs::read_to_string(process.path().join(name)).unwrap_or_default();
        let command = read("comm");
        if command.starts_with("keepalived") {
            let title = format!("{} of {}", command.trim(), process.path().display());
            section(&title, &["wchan", "syscall", "stack"].map(read).join("\n"));
        }
    }
}

fn section(title: &str, text: &str) {
    println!("--- {title}");
    text.lines().for_each(|line| println!("    {line}"));
}

fn last(lines: &[&str]) -> String {
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}

fn tail(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    last(&text.lines().collect::<Vec<_>>())
}
