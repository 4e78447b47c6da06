//! One server of the cluster: balancer and application server at once.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, bail, ensure};
use nix::errno::Errno;
use nix::ifaddrs::{InterfaceAddress, getifaddrs};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::common::netns::Netns;
use crate::ipvs::{self, Balanced, RealServer};
use crate::keepalived::{self, Keepalived, Said};
use crate::network::{self, Link};
use crate::postfix::Postfix;
use crate::sandbox::{LVSKIT, ROOT};
use crate::sink::Sink;
use crate::watcher::Watcher;

/// The port of the article's service.
pub const PORT: u16 = 25;

/// What serves on the nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    /// A whole one.
    Postfix,
    /// Its test program: see [`crate::sink`].
    Sink,
}

pub struct Node {
    pub name: String,
    pub address: IpAddr,
    pub netns: Netns,
    pub link: Link,
    pub postfix: Postfix,
    sink: Option<Sink>,
    folder: PathBuf,
    keepalived: Option<Keepalived>,
    watcher: Option<Watcher>,
    /// What its keepalived said.
    pub said: Said,
}

impl Node {
    /// A host on the switch with Postfix configured and nothing running.
    pub fn new(name: &str, address: IpAddr) -> Result<Node> {
        let short = name.split('.').next().unwrap_or(name);
        let folder = Path::new(ROOT).join(short);
        fs::create_dir_all(&folder)?;
        let (netns, link) = network::host(short, address)?;
        let postfix = Postfix::configure(&folder, name, SocketAddr::new(address, PORT))?;
        let name = name.to_owned();
        let (sink, keepalived, watcher, said) = (None, None, None, Said::default());
        Ok(Node { name, address, netns, link, postfix, sink, folder, keepalived, watcher, said })
    }

    /// Ends the server that there is and starts the other.
    pub fn serve(&mut self, before: Option<Server>, server: Server) -> Result<()> {
        if before == Some(Server::Postfix) {
            self.postfix.stop(&self.netns)?;
        }
        self.sink = None;
        match server {
            Server::Postfix => self.postfix.start(&self.netns),
            Server::Sink => {
                self.sink = Some(Sink::start(&self.netns, &self.name, PORT)?);
                Ok(())
            }
        }
    }

    /// Starts a sink in the place of what serves now, at these addresses alone.
    pub fn serve_at(&mut self, addresses: &[&str]) -> Result<()> {
        self.sink = None;
        let addresses: Vec<String> = addresses.iter().map(|one| format!("{one}:{PORT}")).collect();
        self.sink = Some(Sink::start_at(&self.netns, &self.name, &addresses)?);
        Ok(())
    }

    /// Ends what serves on it at once, as a power failure does.
    pub fn halt(&mut self) -> Result<()> {
        self.sink = None;
        Ok(())
    }

    /// Where the node's file was rendered to.
    pub fn conf(&self) -> PathBuf {
        Path::new(ROOT).join("conf").join(&self.name).join("keepalived.conf")
    }

    /// Where its keepalived logs.
    pub fn keepalived_log(&self) -> PathBuf {
        keepalived::log(&self.folder)
    }

    /// Asks the node to give its addresses away, or to take them again.
    pub fn drain(&self, wanted: bool) -> Result<()> {
        let run = self.run_folder();
        fs::create_dir_all(&run)?;
        fs::write(run.join("drain"), if wanted { "1\n" } else { "0\n" }).context("drain file")
    }

    /// Where its keepalived writes the number of its main process.
    pub fn pid_file(&self) -> PathBuf {
        keepalived::pid_file(&self.folder)
    }

    /// What is /run/keepalived-lvskit on it.
    pub fn run_folder(&self) -> PathBuf {
        keepalived::run_folder(&self.folder)
    }

    /// Runs our program on the node, with this node's files.
    pub fn ask(&self, args: &[&str]) -> Result<Output> {
        let mut command = Command::new(LVSKIT);
        command.args(args).arg("--config").arg(self.conf());
        command.arg("--keepalived-pid").arg(self.pid_file());
        keepalived::at_home(&self.netns, &self.folder, || command.output())
    }

    /// The same; it must succeed. Returns what it said.
    pub fn lvskit(&self, args: &[&str]) -> Result<String> {
        let output = self.ask(args)?;
        let said = String::from_utf8([output.stdout, output.stderr].concat())?;
        ensure!(output.status.success(), "{}: lvskit {args:?}: {said}", self.name);
        Ok(said)
    }

    /// The first label of its name.
    pub fn short(&self) -> &str {
        self.name.split('.').next().unwrap_or(&self.name)
    }

    /// Starts keepalived, unless it runs.
    pub fn start(&mut self) -> Result<()> {
        if self.keepalived.is_some() {
            return Ok(());
        }
        let started = Keepalived::start(&self.netns, &self.folder, &self.conf(), &self.said);
        self.keepalived = Some(started?);
        Ok(())
    }

    /// keepalived, which runs.
    pub fn keepalived(&self) -> Result<&Keepalived> {
        self.keepalived
            .as_ref()
            .with_context(|| format!("keepalived does not run on {}", self.name))
    }

    /// Tells keepalived to read its file again.
    pub fn reload(&self) -> Result<()> {
        self.keepalived()?.reload()
    }

    /// Starts the guard's watcher, unless it runs, or ends it.
    pub fn watch(&mut self, wanted: bool) -> Result<()> {
        if !wanted {
            self.watcher = None;
        } else if self.watcher.is_none() {
            let pid_file = keepalived::pid_file(&self.folder);
            self.watcher = Some(Watcher::start(&self.netns, &self.conf(), &pid_file)?);
        }
        Ok(())
    }

    /// The watcher, which runs.
    pub fn watcher(&self) -> Result<&Watcher> {
        self.watcher.as_ref().with_context(|| format!("no watcher on {}", self.name))
    }

    /// Tells keepalived to stop, if it runs.
    pub fn terminate(&self) -> Result<()> {
        self.keepalived.as_ref().map_or(Ok(()), Keepalived::terminate)
    }

    /// Waits until keepalived has stopped, if it ran.
    pub fn wait_for_stop(&mut self) -> Result<()> {
        self.keepalived.take().map_or(Ok(()), Keepalived::wait).with_context(|| self.name.clone())
    }

    /// Stops keepalived as a service manager does, and waits.
    pub fn stop(&mut self) -> Result<()> {
        self.terminate()?;
        self.wait_for_stop()
    }

    /// Kills keepalived, if it runs.
    pub fn kill(&mut self) -> Result<()> {
        self.keepalived.take().map_or(Ok(()), Keepalived::kill).with_context(|| self.name.clone())
    }

    /// Gives a VIP up that a killed keepalived left behind, as the drop-in for its unit does.
    pub fn give_up(&self, vip: IpAddr) -> Result<()> {
        let mut give_up = Command::new(lvskit::paths::libexec("bypass-ipvs"));
        give_up.arg("--give-up").arg(vip.to_string());
        let output = self.netns.run(|| give_up.output())?;
        ensure!(output.status.success(), "--give-up: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }

    /// Stops every program on the node, or lets them go on. The kernel lives meanwhile.
    pub fn freeze(&self, wanted: bool) -> Result<()> {
        let signal = if wanted { Signal::SIGSTOP } else { Signal::SIGCONT };
        let own = self.netns.run(|| fs::read_link("/proc/thread-self/ns/net"))?;
        for process in fs::read_dir("/proc")?.flatten() {
            let number = process.file_name().to_string_lossy().parse();
            let is_here = fs::read_link(process.path().join("ns/net")).is_ok_and(|net| net == own);
            if let (Ok(number), true) = (number, is_here) {
                match kill(Pid::from_raw(number), signal) {
                    // It has just ended.
                    Ok(()) | Err(Errno::ESRCH) => {}
                    Err(error) => bail!("{signal} to {number}: {error}"),
                }
            }
        }
        Ok(())
    }

    /// Its address in the family of a VIP.
    pub fn address_beside(&self, vip: IpAddr) -> IpAddr {
        match vip {
            IpAddr::V4(_) => self.address,
            IpAddr::V6(_) => network::in_ipv6(self.address),
        }
    }

    /// The log of its Postfix.
    pub fn mail_log(&self) -> String {
        fs::read_to_string(self.folder.join("mail.log")).unwrap_or_default()
    }

    /// Whether the VIP is on the node.
    pub fn holds(&self, vip: IpAddr) -> Result<bool> {
        let is_vip = |address: InterfaceAddress| {
            address.address.is_some_and(|a| match vip {
                IpAddr::V4(vip) => a.as_sockaddr_in().is_some_and(|sin| sin.ip() == vip),
                IpAddr::V6(vip) => a.as_sockaddr_in6().is_some_and(|sin6| sin6.ip() == vip),
            })
        };
        Ok(self.netns.run(|| getifaddrs().map(|mut addresses| addresses.any(is_vip)))?)
    }

    /// Whether the guard of the VIP is in force as the node's file has it, services and fallback route
    /// included: by our own program, with the words of the hook that names the VIP.
    pub fn guarded(&self, vip: IpAddr) -> Result<bool> {
        let conf = fs::read_to_string(self.conf())?;
        let vip = vip.to_string();
        let hooks = conf.lines().filter(|line| line.trim_start().starts_with("notify_backup"));
        let mut hooks = hooks.filter_map(|line| line.split('"').nth(1));
        let names_it = |hook: &&str| hook.split(' ').any(|word| word == vip);
        let hook = hooks.find(names_it).with_context(|| format!("no hook of {vip} in {conf}"))?;
        let mut words = hook.split(' ').map(|word| if word == "-a" { "--check" } else { word });
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words);
        Ok(self.netns.run(|| command.output()).context("bypass-ipvs")?.status.success())
    }

    /// Sets a sysctl of the node.
    pub fn set(&self, name: &str, value: &str) -> Result<()> {
        let file = format!("/proc/sys/{}", name.replace('.', "/"));
        self.netns.run(|| fs::write(&file, value)).with_context(|| file.clone())
    }

    /// Takes away what any cluster's hooks put there: all rules and the fallback routes.
    pub fn flush(&self) {
        self.netns.tool("nft", "flush ruleset");
        for family in ["-4", "-6"] {
            // Where there are none ip fails.
            self.netns.try_tool("ip", &format!("{family} route flush table local proto 112"));
        }
    }

    /// The servers in the node's IPVS table that get connections.
    pub fn real_servers(&self) -> Result<Vec<RealServer>> {
        self.netns.run(ipvs::real_servers)
    }

    /// What the node's IPVS has balanced.
    pub fn balanced(&self) -> Result<Balanced> {
        self.netns.run(ipvs::balanced)
    }
}
