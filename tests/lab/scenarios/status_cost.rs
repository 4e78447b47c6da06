//! What status, doctor, the exporter and the lists of connections cost a BACKUP with 1,000 services of ten real
//! servers and a million connections, beside ipvsadm; `make bench` runs it. Without KVM a processor is emulated
//! in software, so only the ratios count.
//!
//! The connections come as to every BACKUP, by the messages of a sync daemon; [`crate::sync`] makes them.

use std::fs;
use std::io::Read;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::check_cost::render;
use crate::cluster::Cluster;
use crate::common::netns::Netns;
use crate::cost::{Candidate, Cost, Meter, ms, ratio};
use crate::keepalived::{self, Keepalived, Said};
use crate::sandbox::{LVSKIT, ROOT};
use crate::sync::{self, Services};
use crate::{ipvs, network, settings};

const VIP: Ipv4Addr = Ipv4Addr::new(192, 168, 3, 199);
const FIRST_PORT: u16 = 1000;
const VRID: u8 = 99;
const NODES: u8 = 10;
const SERVICES: usize = 1000;
const CONNECTIONS: u32 = 1_000_000;

/// How many connections there are when they are listed, before all of them are. Linux before 6.14 looks for the
/// place from the table's beginning at each 4 KiB that are read: ten times as many take 100 times as long.
const LISTED: [u32; 2] = [5_000, 20_000];

/// A list that is reckoned to take longer is not made, and one above the other is made once.
const TOO_LONG: Duration = Duration::from_secs(5 * 60);
const LONG: Duration = Duration::from_secs(30);

/// How often anything else is called.
const TURNS: usize = 3;

/// How often lvskit-metrics.timer calls the exporter.
const EXPORTER: Duration = Duration::from_secs(15);

/// The node that is measured: its place in the inventory, of which the first is MASTER.
const PLACE: u8 = 1;
const HOST: &str = "measured";

/// How long keepalived may take to become what it is, without KVM and on a busy machine.
const PATIENCE: Duration = Duration::from_secs(600);

/// Listens on all ports of the services.
const SERVE: &str = "import resource, signal, socket, sys
first, count = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (count + 64, count + 64))
all = [socket.create_server(('', port)) for port in range(first, first + count)]
print(flush=True)
signal.pause()";

/// What is measured.
struct Measured {
    node: Netns,
    folder: PathBuf,
    conf: PathBuf,
    meter: Meter,
}

pub fn run(cluster: &mut Cluster) -> Result<String> {
    let count = settings::number("SERVICES", SERVICES)?;
    let connections = settings::number("CONNECTIONS", CONNECTIONS)?;
    cluster.stop()?;
    let others = &cluster.nodes[0].netns;
    (0..NODES).filter(|place| *place != PLACE).for_each(|place| {
        others.ip(&format!("address add {}/24 dev eth0", address(place)));
    });
    let (node, _cable) = network::host(HOST, address(PLACE).into())?;
    let mut serving = serve(&node, count)?;
    let (first, folder) = (home(0)?, home(PLACE)?);
    let other = render(&first, "n0", &inventory(0))?;
    let conf = render(&folder, "n1", &inventory(count))?;
    let other = Keepalived::start(others, &first, &other, &Said::default())?;
    let own = Keepalived::start(&node, &folder, &conf, &Said::default())?;
    let meter = keepalived::at_home(&node, &folder, || Ok(Meter::new()))?;
    let servers = (0..NODES).map(address).collect();
    let services = Services { vip: VIP, first: FIRST_PORT, count, servers };
    let outcome = Measured { node, folder, conf, meter }.all(cluster, &services, connections);
    // To take all services out of IPVS, one by one, it would need minutes.
    own.kill()?;
    other.terminate()?;
    other.wait()?;
    serving.kill()?;
    serving.wait()?;
    network::remove(HOST)?;
    (0..NODES).filter(|place| *place != PLACE).for_each(|place| {
        others.ip(&format!("address del {}/24 dev eth0", address(place)));
    });
    cluster.reset()?;
    outcome
}

impl Measured {
    fn all(&mut self, cluster: &Cluster, services: &Services, most: u32) -> Result<String> {
        let began = Instant::now();
        while !self.is_ready(services)? {
            ensure!(began.elapsed() < PATIENCE, "no BACKUP with {} services", services.count);
            std::thread::sleep(Duration::from_secs(1));
        }
        println!("    BACKUP with all its services after {:.0?}", began.elapsed());
        println!("    ms from start to end, processor time, the most memory; x is to ipvsadm's:");
        self.reports("no connection")?;
        let mut listed = None;
        for count in LISTED.into_iter().filter(|count| *count < most).chain([most]) {
            let (began, before) = (Instant::now(), listed.map_or(0, |(before, _)| before));
            sync::tell(&cluster.nodes[1], &self.node, VRID, services, before..count)?;
            println!("    {count} connections after {:.0?} more", began.elapsed());
            if count == most {
                self.reports(&format!("{count} connections"))?;
            }
            let longer = |(before, took): (u32, Duration)| {
                took.mul_f64((f64::from(count) / f64::from(before)).powi(2))
            };
            let reckoned = listed.map_or(Duration::ZERO, longer);
            if reckoned > TOO_LONG {
                println!("    {count} connections: a list would take about {reckoned:.0?}");
                let minute = format!("timeout 60 {LVSKIT} connections; [ $? -eq 124 ]");
                self.compare("60 s of that list", &[("lvskit connections", minute)], false)?;
            } else {
                let took = self.lists(&format!("{count} listed"), reckoned < LONG)?;
                listed = Some((count, took));
            }
        }
        Ok(format!("{} services of {NODES} servers, {most} connections", services.count))
    }

    /// Whether it is what is to be measured: BACKUP, its guard in force, all servers in IPVS' table.
    fn is_ready(&self, services: &Services) -> Result<bool> {
        if self.node.run(ipvs::real_servers)?.len() < services.count * services.servers.len() {
            return Ok(false);
        }
        let line = self.lvskit("status --json");
        let ask = || Command::new("sh").args(["-c", &line]).output();
        let output = keepalived::at_home(&self.node, &self.folder, ask)?;
        let status: Value = serde_json::from_slice(&output.stdout)?;
        let (role, guard) = (&status["instances"][0]["role"], &status["guards"][0]["state"]);
        Ok(role == "BACKUP" && guard == "in_force")
    }

    fn lvskit(&self, words: &str) -> String {
        let (conf, pid) = (self.conf.display(), keepalived::pid_file(&self.folder));
        format!("{LVSKIT} {words} --config {conf} --keepalived-pid {}", pid.display())
    }

    /// What does not read connections.
    fn reports(&mut self, what: &str) -> Result<()> {
        let file = self.folder.join("lvskit.prom");
        let exporter = self.lvskit(&format!("status --prometheus -o {}", file.display()));
        // Its exit code says what it found.
        let doctor = self.lvskit("doctor --listen 0") + " || [ $? -le 4 ]";
        let all = [
            ("ipvsadm -Ln", "ipvsadm -Ln".to_owned()),
            ("lvskit status", self.lvskit("status")),
            ("lvskit status --json", self.lvskit("status --json")),
            ("lvskit status --prometheus", exporter),
            ("lvskit doctor --listen 0", doctor),
        ];
        let costs = self.compare(what, &all, true)?;
        let share = 100.0 * ratio(costs[3].cpu, EXPORTER);
        println!("    the exporter every {EXPORTER:?}: {share:.2} % of this processor");
        Ok(())
    }

    /// What reads them; returns how long the slowest took.
    fn lists(&mut self, what: &str, often: bool) -> Result<Duration> {
        let all = ["ipvsadm -Lnc", "lvskit connections", "lvskit connections --summary"];
        let all = all.map(|line| (line, line.replace("lvskit", LVSKIT)));
        let costs = self.compare(what, &all, often)?;
        Ok(costs.iter().map(|cost| cost.end).max().unwrap_or_default())
    }

    /// Prints a line for each.
    fn compare(&mut self, what: &str, all: &[(&str, String)], often: bool) -> Result<Vec<Cost>> {
        let memory = |at: usize| self.folder.join(format!("memory-{at}"));
        let candidate = |(at, (name, line)): (usize, &(&str, String))| {
            let file = memory(at).display().to_string();
            // time(1) is small: what the starting process has counts as its child's.
            Candidate::new(name, &["/usr/bin/time", "-f", "%M", "-o", &file, "sh", "-c", line])
        };
        let candidates: Vec<Candidate> = all.iter().enumerate().map(candidate).collect();
        let costs = match often {
            true => self.meter.compare(&candidates, TURNS, false),
            false => candidates.iter().map(|one| self.meter.call(&one.command)).collect(),
        };
        for (at, (one, cost)) in candidates.iter().zip(&costs).enumerate() {
            ensure!(cost.status == 0, "{:?} ended with {}", one.command, cost.status);
            let text = fs::read_to_string(memory(at))?;
            let peak: f64 = text.trim().parse().with_context(|| format!("{}: {text}", one.name))?;
            println!(
                "    {what:<20} {:<29}{:>9.0} ms {:>6.2} x, CPU {:>9.0} ms {:>6.2} x, {:>6.1} MB",
                one.name,
                ms(cost.end),
                ratio(cost.end, costs[0].end),
                ms(cost.cpu),
                ratio(cost.cpu, costs[0].cpu),
                peak / 1024.0,
            );
        }
        Ok(costs)
    }
}

fn address(place: u8) -> Ipv4Addr {
    Ipv4Addr::new(192, 168, 3, 150 + place)
}

fn home(place: u8) -> Result<PathBuf> {
    let folder = Path::new(ROOT).join(format!("status_cost-{place}"));
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn serve(node: &Netns, services: usize) -> Result<Child> {
    let mut python = Command::new("python3");
    python.args(["-c", SERVE, &FIRST_PORT.to_string(), &services.to_string()]);
    let mut serving = node.run(|| python.stdout(Stdio::piped()).spawn()).context("python3")?;
    let ready = serving.stdout.as_mut().map(|out| out.read(&mut [0; 1])).transpose()?;
    ensure!(ready == Some(1), "nothing listens");
    Ok(serving)
}

/// Checks so seldom that they cost nothing. Without services there is no sync daemon either.
fn inventory(services: usize) -> String {
    let keep = services > 0;
    let mut text = format!(
        "failure_detection: false\nkeep_sessions: {keep}\nglobal_defs: {{vrrp_version: 3}}\nnodes:\n"
    );
    for place in 0..NODES {
        text += &format!("  - {{name: n{place}, address: {}}}\n", address(place));
    }
    text += &format!(
        "vrrp_instance:\n  a: {{interface: eth0, virtual_router_id: {VRID}, advert_int: 1, \
         virtual_ipaddress: {VIP}}}\n"
    );
    text += if services > 0 { "virtual_server:\n" } else { "" };
    for at in 0..services {
        text += &format!(
            "  - {{port: {}, delay_loop: 3600, lb_algo: wlc, lb_kind: DR, protocol: TCP, \
             check: {{type: PING_CHECK}}}}\n",
            usize::from(FIRST_PORT) + at
        );
    }
    text
}
