//! Breaks and mends the lab's cluster by [`Step`]s, and asks doctor in between.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::step::{Fault, Seen, Step, Who};
use crate::cluster::Cluster;
use crate::keepalived::{Keepalived, Said};
use crate::sandbox::{LVSKIT, ROOT};
use crate::setup::Setup;

/// How long it may take until doctor tells what is the matter, and no more: checks fail, nodes take over.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is there where systemd runs (sd_booted(3)), and what it has made there where the service is enabled.
const BOOTED: &str = "/run/systemd/system";
const ENABLED: &str = "/run/systemd/system/multi-user.target.wants/bypass-ipvs.service";

/// The cluster, and what was put into it.
pub struct Scene<'a> {
    pub cluster: &'a mut Cluster,
    /// The nodes' files as they should be.
    files: Vec<String>,
    /// How long doctor listens, in seconds.
    listen: &'static str,
    /// Other programs in the network; they end with this value.
    strangers: Vec<Stranger>,
}

/// A program that is not ours.
enum Stranger {
    Program(Child),
    Keepalived(Option<Keepalived>),
}

/// A set of findings.
type Ids = BTreeSet<String>;

impl<'a> Scene<'a> {
    /// Of a cluster that is whole; doctor finds nothing on any node.
    pub fn new(cluster: &'a mut Cluster) -> Result<Scene<'a>> {
        let files = Vec::new();
        let mut scene = Scene { cluster, files, listen: "1", strangers: Vec::new() };
        enable(true)?;
        scene.way()?;
        scene.begin()?;
        Ok(scene)
    }

    /// Makes another cluster of it.
    pub fn change_to(&mut self, setup: &Setup) -> Result<()> {
        self.cluster.set_up(setup)?;
        self.listen = if *setup == Setup::ours() { "1" } else { "3.5" };
        self.begin()
    }

    fn begin(&mut self) -> Result<()> {
        let files = self.cluster.nodes.iter().map(|node| fs::read_to_string(node.conf()));
        self.files = files.collect::<std::io::Result<_>>()?;
        for place in self.cluster.everybody() {
            self.until(Who::At(place), place, &[]).context("healthy")?;
        }
        let began = Instant::now();
        self.until(Who::Cluster, 0, &[]).context("healthy")?;
        println!("    healthy: `doctor --cluster` takes {} ms here", began.elapsed().as_millis());
        Ok(())
    }

    /// Provokes faults one after the other; tells which went wrong.
    pub fn play<'f>(&mut self, faults: impl Iterator<Item = &'f Fault>) -> Vec<String> {
        let mut wrong = Vec::new();
        for fault in faults.filter(|fault| fault.is_chosen()) {
            let began = Instant::now();
            let outcome = self.provoke(fault);
            let seconds = began.elapsed().as_secs();
            let ids: Vec<&str> = fault.seen.iter().flat_map(|Seen(_, ids)| *ids).copied().collect();
            match outcome {
                Ok(()) => println!("    {} ({}): {seconds} s", fault.what, ids.join(", ")),
                Err(error) => {
                    let told = format!("{} ({}): {error:#}", fault.what, ids.join(", "));
                    println!("    WRONG after {seconds} s: {told}");
                    wrong.push(told);
                }
            }
        }
        wrong
    }

    fn provoke(&mut self, fault: &Fault) -> Result<()> {
        let everybody = self.cluster.everybody();
        self.cluster.converge(&everybody).context("before it")?;
        let broken = self.all(fault.breaks, fault.at).context("breaking it");
        let found = broken.and_then(|()| {
            let mut all = fault.seen.iter();
            all.try_for_each(|Seen(who, ids)| self.until(*who, fault.at, ids))
        });
        let mended = self.all(fault.mends, fault.at).context("mending it").and_then(|()| {
            let mut all = fault.seen.iter();
            all.try_for_each(|Seen(who, _)| self.until(*who, fault.at, &[])).context("mended")
        });
        if mended.is_err() {
            // The next one needs a healthy cluster.
            self.again()?;
        }
        found.and(mended)
    }

    /// Makes the cluster anew.
    fn again(&mut self) -> Result<()> {
        self.strangers.clear();
        enable(true)?;
        fs::remove_dir_all(on())?;
        fs::create_dir_all(on())?;
        self.cluster.reset()?;
        self.cluster.start()?;
        self.cluster.watch(true)?;
        let everybody = self.cluster.everybody();
        self.cluster.settle(&everybody)
    }

    /// Does what is written.
    pub fn all(&mut self, steps: &[Step], at: usize) -> Result<()> {
        steps.iter().try_for_each(|step| self.step(step, at))
    }

    fn step(&mut self, step: &Step, at: usize) -> Result<()> {
        let node = &self.cluster.nodes[at];
        match step {
            Step::Run(line) => told(line, |program, args| node.netns.try_tool(program, args)),
            Step::RunAt(place, line) => {
                let node = &self.cluster.nodes[*place];
                told(line, |program, args| node.netns.try_tool(program, args))
            }
            Step::Stranger(line) => {
                let (netns, _) = &self.cluster.far_client;
                told(line, |program, args| netns.try_tool(program, args))
            }
            Step::Switch(line) => {
                let mut words = line.split_whitespace();
                let output = Command::new(words.next().unwrap_or_default()).args(words).output()?;
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                ensure!(output.status.success(), "{line}: {said}");
                Ok(())
            }
            Step::Set(name, value) => node.set(name, value),
            Step::Edit(from, to) => {
                let text = fs::read_to_string(node.conf())?;
                ensure!(text.contains(from), "no `{from}` in {text}");
                Ok(fs::write(node.conf(), text.replace(from, to))?)
            }
            Step::Restore => Ok(fs::write(node.conf(), &self.files[at])?),
            Step::Reload => node.reload(),
            Step::Watch(wanted) => self.cluster.nodes[at].watch(*wanted),
            Step::Lvskit(words) => node.lvskit(words).map(drop),
            Step::Drain(places, wanted) => {
                let mut places = places.iter();
                places.try_for_each(|place| self.cluster.nodes[*place].drain(*wanted))
            }
            Step::Do(work) => work(self, at),
        }
    }

    /// Asks until just these are found.
    pub fn until(&self, who: Who, here: usize, ids: &[&str]) -> Result<()> {
        let wanted: Ids = ids.iter().map(|&id| id.to_owned()).collect();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let (found, all) = self.ask(who, here)?;
            if found == wanted {
                return Ok(());
            }
            let evidence = || -> String {
                let one = |one: &Value| format!("{}: {}; ", one["id"], one["evidence"]);
                all["findings"].as_array().into_iter().flatten().map(one).collect()
            };
            ensure!(
                Instant::now() < deadline,
                "{who:?} tells {found:?}, not {wanted:?}: {}",
                evidence()
            );
        }
    }

    /// What is found, and all that was said.
    pub fn ask(&self, who: Who, here: usize) -> Result<(Ids, Value)> {
        let output = match who {
            Who::Here => self.doctor(here)?,
            Who::At(place) => self.doctor(place)?,
            Who::Cluster => self.every(&["--json"])?,
        };
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let all: Value = serde_json::from_slice(&output.stdout).with_context(|| said)?;
        let ids = all["findings"].as_array().context("findings")?.iter();
        let ids = ids.filter_map(|one| one["id"].as_str()).map(str::to_owned).collect();
        Ok((ids, all))
    }

    fn doctor(&self, place: usize) -> Result<std::process::Output> {
        self.cluster.nodes[place].ask(&["doctor", "--json", "--listen", self.listen])
    }

    /// `lvskit doctor --cluster` from a host beside the cluster.
    pub fn every(&self, more: &[&str]) -> Result<std::process::Output> {
        let mut command = Command::new(LVSKIT);
        command.args(["doctor", "--cluster", "--timeout", "60", "--listen", self.listen]);
        command.arg("-i").arg(Path::new(ROOT).join("inventory.yml"));
        command.arg("--via").arg(format!("{} {{node}}", way().display())).args(more);
        command.output().context("lvskit doctor --cluster")
    }

    /// A script that stands for ssh: it runs lvskit on the node. What a file `on/NODE` says is done instead.
    fn way(&self) -> Result<()> {
        let mut text = "#!/bin/sh\n[ -e \"$0-on/$1\" ] && . \"$0-on/$1\"\ncase $1 in\n".to_owned();
        for node in &self.cluster.nodes {
            let (name, short, run) = (&node.name, node.short(), node.run_folder());
            let (conf, pid) = (node.conf(), node.pid_file());
            let (run, conf, pid) = (run.display(), conf.display(), pid.display());
            text += &format!(
                "{name}) shift 2; mkdir -p {run}; mount --bind {run} /run/keepalived-lvskit\n \
                 exec nsenter --net=/run/netns/{short} {} \"$@\" --config {conf} --keepalived-pid {pid};;\n",
                LVSKIT
            );
        }
        fs::create_dir_all("/run/keepalived-lvskit")?;
        fs::create_dir_all(on())?;
        fs::write(way().with_extension("in"), text + "esac\n")?;
        // With mounts of its own, as the nodes have one /run.
        let inner = way().with_extension("in");
        let outer = format!("#!/bin/sh\nexec unshare --mount {} \"$@\"\n", inner.display());
        fs::write(way(), outer)?;
        for script in [way(), inner] {
            fs::set_permissions(script, fs::Permissions::from_mode(0o755))?;
        }
        Ok(())
    }

    /// Lets a node answer otherwise than it should, by these lines of a shell; none: as it should.
    pub fn answers(&self, place: usize, otherwise: Option<&str>) -> Result<()> {
        let file = on().join(&self.cluster.nodes[place].name);
        match otherwise {
            Some(lines) => Ok(fs::write(file, lines)?),
            None => Ok(fs::remove_file(file)?),
        }
    }

    /// Starts a program on another host of the network.
    pub fn stranger(&mut self, program: &str, args: &[&str]) -> Result<()> {
        let mut command = Command::new(program);
        command.args(args).stdin(Stdio::null()).stdout(Stdio::null());
        let child =
            self.cluster.far_client.0.run(|| command.spawn()).context(program.to_owned())?;
        self.strangers.push(Stranger::Program(child));
        Ok(())
    }

    /// Starts a keepalived with this file on another host of the network.
    pub fn strange_keepalived(&mut self, text: &str) -> Result<()> {
        let folder = Path::new(ROOT).join("stranger");
        fs::create_dir_all(&folder)?;
        let conf = folder.join("keepalived.conf");
        fs::write(&conf, text)?;
        let (netns, _) = &self.cluster.far_client;
        let keepalived = Keepalived::start(netns, &folder, &conf, &Said::default())?;
        self.strangers.push(Stranger::Keepalived(Some(keepalived)));
        Ok(())
    }

    /// Ends all that was started so.
    pub fn no_strangers(&mut self) {
        self.strangers.clear();
    }
}

impl Drop for Scene<'_> {
    fn drop(&mut self) {
        // Other scenarios have no systemd.
        let _ = fs::remove_dir_all(BOOTED);
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        match self {
            Stranger::Program(child) => {
                let _ = child.kill();
                let _ = child.wait();
            }
            Stranger::Keepalived(keepalived) => {
                if let Some(keepalived) = keepalived.take() {
                    let _ = keepalived.terminate();
                    let _ = keepalived.wait();
                }
            }
        }
    }
}

/// What stands for ssh.
fn way() -> PathBuf {
    Path::new(ROOT).join("way")
}

/// Where a node's name stands for another answer.
fn on() -> PathBuf {
    Path::new(ROOT).join("way.in-on")
}

/// Whether systemd starts the watcher at boot.
pub fn enable(wanted: bool) -> Result<()> {
    let file = Path::new(ENABLED);
    fs::create_dir_all(file.parent().context("a folder")?)?;
    match wanted {
        true => Ok(fs::write(file, "")?),
        false => Ok(fs::remove_file(file)?),
    }
}

fn told(line: &str, run: impl FnOnce(&str, &str) -> (bool, String)) -> Result<()> {
    let (program, args) = line.split_once(' ').unwrap_or((line, ""));
    let (ok, said) = run(program, args);
    ensure!(ok, "{line}: {said}");
    Ok(())
}
