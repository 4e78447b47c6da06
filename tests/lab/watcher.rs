//! A node's watcher, as `bypass-ipvs.service` runs it. It can be held, so that a gap which lasts
//! milliseconds lasts long enough to be met.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::common::netns::Netns;

/// Ends with this value.
pub struct Watcher(Child);

impl Watcher {
    /// Starts it on a node for the file that the node's keepalived has, and the file where that writes its
    /// process number.
    pub fn start(node: &Netns, conf: &Path, pid_file: &Path) -> Result<Watcher> {
        let mut watcher = Command::new(lvskit::paths::libexec("bypass-ipvs"));
        watcher.args(["--watch", "--config"]).arg(conf).arg("--keepalived-pid").arg(pid_file);
        watcher.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Watcher(node.run(|| watcher.spawn()).context("bypass-ipvs --watch")?))
    }

    /// Lets it do nothing until [`Watcher::go_on`].
    pub fn hold(&self) -> Result<()> {
        self.signal(Signal::SIGSTOP)
    }

    /// Ends [`Watcher::hold`].
    pub fn go_on(&self) -> Result<()> {
        self.signal(Signal::SIGCONT)
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        kill(Pid::from_raw(self.0.id() as i32), signal).context("bypass-ipvs --watch")
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
