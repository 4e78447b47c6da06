//! A real keepalived on a node, started the way a service manager does: in the foreground, its
//! log kept.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;

use crate::common::netns::Netns;

/// How long a stop may take; keepalived itself gives its scripts 1 s.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Keepalived {
    child: Child,
}

/// What is /run/keepalived-lvskit on the node: the nodes of the lab have one /run.
pub fn run_folder(folder: &Path) -> PathBuf {
    folder.join("run")
}

fn lvskit_run() -> &'static Path {
    Path::new("/run/keepalived-lvskit")
}

/// Where a node's keepalived writes the number of its main process.
pub fn pid_file(folder: &Path) -> PathBuf {
    folder.join("pid")
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
        command.arg("-p").arg(pid_file(folder));
        for (option, name) in [("-r", "vrrp.pid"), ("-c", "checkers.pid")] {
            command.arg(option).arg(folder.join(name));
        }
        if has_bfd() {
            command.arg("-b").arg(folder.join("bfd.pid"));
        }
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let run = run_folder(folder);
        fs::create_dir_all(&run)?;
        fs::create_dir_all(lvskit_run())?;
        let child = node.run(|| {
            // The thread is new, and only it and its children see this.
            unshare(CloneFlags::CLONE_NEWNS)?;
            let none = None::<&str>;
            mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)?;
            mount(Some(&run), lvskit_run(), none, MsFlags::MS_BIND, none)?;
            Ok::<_, anyhow::Error>(command.spawn()?)
        });
        Ok(Keepalived { child: child.context("keepalived")? })
    }

    /// Tells it to read its file again, as `systemctl reload` does.
    pub fn reload(&self) -> Result<()> {
        kill(Pid::from_raw(self.child.id() as i32), Signal::SIGHUP).context("keepalived")
    }

    /// Tells it to stop; [`Keepalived::wait`] waits for the end.
    pub fn terminate(&self) -> Result<()> {
        kill(Pid::from_raw(self.child.id() as i32), Signal::SIGTERM).context("keepalived")
    }

    /// Kills all its processes at once, as a crash or the kernel's memory killer does.
    pub fn kill(mut self) -> Result<()> {
        let parent = Pid::from_raw(self.child.id() as i32);
        // Else it would start its children again, or they would hear of its death and clean up.
        kill(parent, Signal::SIGSTOP)?;
        let mut children = Vec::new();
        for process in fs::read_dir("/proc")?.flatten() {
            let stat = fs::read_to_string(process.path().join("stat")).unwrap_or_default();
            let of_parent = stat.rsplit(')').next().and_then(|rest| rest.split(' ').nth(2));
            if of_parent == Some(parent.to_string().as_str()) {
                let child = Pid::from_raw(process.file_name().to_string_lossy().parse()?);
                kill(child, Signal::SIGKILL)?;
                children.push(child);
            }
        }
        self.child.kill()?;
        self.child.wait()?;
        // We are the first process of the sandbox, so they are ours now. Unburied they would still
        // be there, and their keepalived would refuse to start again.
        for child in children {
            while waitpid(child, None) == Err(Errno::EINTR) {}
        }
        Ok(())
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

/// Whether it was built with BFD. Then, from 2.3 on, it locks a file in /run, which the nodes share.
fn has_bfd() -> bool {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    *ANSWER.get_or_init(|| {
        let help = Command::new("keepalived").arg("--help").output().unwrap();
        String::from_utf8_lossy(&[help.stdout, help.stderr].concat()).contains("--bfd_pid")
    })
}

/// Its version, such as `2.2.7`.
pub fn version() -> Result<String> {
    let output = Command::new("keepalived").arg("--version").output().context("keepalived")?;
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    let version = text.split(' ').nth(1).and_then(|word| word.strip_prefix('v'));
    Ok(version.context(text.clone())?.to_owned())
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
