//! A real keepalived on a node, started the way a service manager does: in the foreground, its
//! log kept.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::common::netns::Netns;

/// How long a stop may take; keepalived itself gives its scripts 1 s.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Keepalived {
    child: Child,
}

/// Where the log of a node's keepalived is kept.
pub fn log(folder: &Path) -> PathBuf {
    folder.join("keepalived.log")
}

impl Keepalived {
    /// Starts it on the node; `folder` is the node's own.
    pub fn start(node: &Netns, folder: &Path, conf: &Path) -> Result<Keepalived> {
        let log = File::options().create(true).append(true).open(log(folder))?;
        let mut command = Command::new("keepalived");
        command.args(["-n", "-l", "-D", "-f"]).arg(conf);
        for (option, name) in [("-p", "pid"), ("-r", "vrrp.pid"), ("-c", "checkers.pid")] {
            command.arg(option).arg(folder.join(name));
        }
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let child = node.run(|| command.spawn()).context("keepalived")?;
        Ok(Keepalived { child })
    }

    /// Tells it to stop; [`Keepalived::wait`] waits for the end.
    pub fn terminate(&self) -> Result<()> {
        kill(Pid::from_raw(self.child.id() as i32), Signal::SIGTERM).context("keepalived")
    }

    /// Waits until it has stopped.
    pub fn wait(mut self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while self.child.try_wait()?.is_none() {
            if Instant::now() > deadline {
                self.child.kill()?;
                bail!("keepalived did not stop within {PATIENCE:?}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

/// What `keepalived -t` says of a file on this node; an error if it is anything but "good".
pub fn config_test(node: &Netns, conf: &Path) -> Result<()> {
    let test = || Command::new("keepalived").arg("-t").arg("-f").arg(conf).output();
    let output = node.run(test).context("keepalived")?;
    let words = [output.stdout, output.stderr].concat();
    if output.status.success() && words.is_empty() {
        return Ok(());
    }
    let text = fs::read_to_string(conf).unwrap_or_default();
    bail!("keepalived -t: {}: {}\n{text}", output.status, String::from_utf8_lossy(&words))
}
