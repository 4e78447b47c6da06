//! What status, doctor and the exporter cost on a node without services, and with a file of 1,000 services that
//! IPVS does not have; and the judgement of 64 nodes that answer after 50 ms. The lab's `status_cost` has them in
//! IPVS, and a million connections.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::cost::{Candidate, Meter, ms};

const LVSKIT: &str = env!("CARGO_BIN_EXE_lvskit");

/// How often each is called.
const TURNS: usize = 20;

const SERVICES: usize = 1000;
const SERVERS: usize = 10;
const NODES: usize = 64;

pub fn all() {
    let folder = tempfile::tempdir().unwrap();
    let conf = folder.path().join("keepalived.conf");
    let instance = "vrrp_instance mail {\n interface lo\n virtual_router_id 1\n virtual_ipaddress {\n \
                    10.0.0.1\n }\n}\n";
    fs::write(&conf, instance).unwrap();
    println!("no service:");
    one_node(folder.path());
    fs::write(&conf, instance.to_owned() + &services()).unwrap();
    println!("\n{SERVICES} services of {SERVERS} servers in keepalived.conf, none in IPVS:");
    one_node(folder.path());
    println!("\n{NODES} nodes that answer after 50 ms:");
    cluster(folder.path());
}

fn one_node(folder: &Path) {
    let conf = folder.join("keepalived.conf").display().to_string();
    let file = folder.join("lvskit.prom").display().to_string();
    let report = |words: &[&str]| {
        let all = [&[LVSKIT], words, &["--config", &conf]].concat();
        Candidate::new(&words.join(" "), &all)
    };
    // doctor's exit code says what it found; here its time counts.
    let doctor = format!("{LVSKIT} doctor --report --listen 0 --config {conf}; exit 0");
    let candidates = [
        report(&["status"]),
        report(&["status", "--json"]),
        report(&["status", "--prometheus", "-o", &file]),
        Candidate::new("doctor --report --listen 0", &["sh", "-c", &doctor]),
    ];
    let costs = Meter::new().compare(&candidates, TURNS, false);
    for (candidate, cost) in candidates.iter().zip(costs) {
        let name = candidate.name.split(" -o ").next().unwrap_or_default();
        let (end, best, cpu) = (ms(cost.end), ms(cost.best), ms(cost.cpu));
        println!("  {name:<28} {end:>8.1} ms, shortest {best:>8.1}; CPU {cpu:>8.1} ms");
    }
}

/// What keepalived.conf says of them.
fn services() -> String {
    let mut conf = String::new();
    for port in 1..=SERVICES {
        let head = "lb_algo mh\n lb_kind DR\n protocol TCP";
        writeln!(conf, "virtual_server 10.0.0.1 {port} {{\n {head}").unwrap();
        for host in 2..SERVERS + 2 {
            writeln!(conf, " real_server 10.0.0.{host} {port} {{\n TCP_CHECK {{\n }}\n }}")
                .unwrap();
        }
        conf.push_str("}\n");
    }
    conf
}

fn cluster(folder: &Path) {
    let nodes: String =
        (1..=NODES).map(|n| format!("- {{name: n{n}, address: 10.0.1.{n}}}\n")).collect();
    let text = format!(
        "nodes:\n{nodes}vrrp_instance: {{mail: {{interface: eth0, virtual_router_id: 1, virtual_ipaddress: \
         10.0.0.1}}}}\n"
    );
    let inventory = folder.join("inventory.yml").display().to_string();
    fs::write(&inventory, text).unwrap();
    let conf = folder.join("keepalived.conf").display().to_string();
    let said = Command::new(LVSKIT)
        .args(["doctor", "--report", "--listen", "0", "--config", &conf])
        .output();
    let report = folder.join("report.json").display().to_string();
    fs::write(&report, said.unwrap().stdout).unwrap();
    let node = folder.join("node").display().to_string();
    fs::write(&node, format!("sleep 0.05\nexec cat {report}\n")).unwrap();
    let ask = |words: &str| {
        format!("{LVSKIT} {words} -i {inventory} --via '/bin/sh {node} {{node}}'; exit 0")
    };
    let (doctor, status) = (ask("doctor --cluster --listen 0"), ask("status --all"));
    let candidates = [
        Candidate::new("doctor --cluster", &["sh", "-c", &doctor]),
        Candidate::new("status --all", &["sh", "-c", &status]),
    ];
    let costs = Meter::new().compare(&candidates, 5, false);
    for (candidate, cost) in candidates.iter().zip(costs) {
        println!(
            "  {:<28} {:>8.1} ms, shortest {:>8.1}",
            candidate.name,
            ms(cost.end),
            ms(cost.best)
        );
    }
}
