//! A real keepalived on a node, started the way a service manager does: in the foreground, its
//! log kept, and of each line when it was said.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::JoinHandle;
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
    /// Ends when nobody can say anything any more.
    listener: JoinHandle<()>,
}

/// What the keepalived of a node said, and when; its own log has whole seconds.
#[derive(Clone, Default)]
pub struct Said(Arc<Mutex<Vec<(Instant, String)>>>);

impl Said {
    /// When something was first said since a moment.
    pub fn first(&self, since: Instant, is_it: impl Fn(&str) -> bool) -> Option<Instant> {
        let lines = self.0.lock().unwrap();
        lines.iter().find(|(when, line)| *when >= since && is_it(line)).map(|(when, _)| *when)
    }

    /// How often something was said from one moment to another.
    pub fn count(&self, since: Instant, until: Instant, is_it: impl Fn(&str) -> bool) -> usize {
        let lines = self.0.lock().unwrap();
        lines.iter().filter(|(when, line)| (since..until).contains(when) && is_it(line)).count()
    }
}

/// Whether a line says that a server gets no more connections: that it leaves the table, or has weight 0
/// from now on.
pub fn takes_out(line: &str) -> bool {
    line.contains("Removing service [") || line.contains("Disabling service [")
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

/// Runs `work` on the node, where /run/keepalived-lvskit is the node's own.
pub fn at_home<T: Send>(
    node: &Netns,
    folder: &Path,
    work: impl FnOnce() -> io::Result<T> + Send,
) -> Result<T> {
    let run = run_folder(folder);
    fs::create_dir_all(&run)?;
    fs::create_dir_all(lvskit_run())?;
    node.run(|| {
        // The thread is new, and only it and its children see this.
        unshare(CloneFlags::CLONE_NEWNS)?;
        let none = None::<&str>;
        mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)?;
        mount(Some(&run), lvskit_run(), none, MsFlags::MS_BIND, none)?;
        Ok(work()?)
    })
}

impl Keepalived {
    /// Starts it on the node; `folder` is the node's own. What it says goes to its log and to `said`.
    pub fn start(node: &Netns, folder: &Path, conf: &Path, said: &Said) -> Result<Keepalived> {
        let mut log = File::options().create(true).append(true).open(log(folder))?;
        let (reader, writer) = io::pipe()?;
        let mut command = Command::new("keepalived");
        command.args(["-n", "-l", "-D", "-f"]).arg(conf);
        command.arg("-p").arg(pid_file(folder));
        for (option, name) in [("-r", "vrrp.pid"), ("-c", "checkers.pid")] {
            command.arg(option).arg(folder.join(name));
        }
        if has_bfd() {
            command.arg("-b").arg(folder.join("bfd.pid"));
        }
        command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
        let child = at_home(node, folder, || command.spawn());
        // Ours is the last end for writing: with it the thread would wait for ever.
        drop(command);
        let lines = said.0.clone();
        let listener = std::thread::spawn(move || {
            for line in BufReader::new(reader).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).into_owned();
                // A full disk would show in the scenario itself.
                let _ = writeln!(log, "{line}");
                lines.lock().unwrap().push((Instant::now(), line));
            }
        });
        Ok(Keepalived { child: child.context("keepalived")?, listener })
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
        let children = self.children()?;
        for &child in &children {
            kill(child, Signal::SIGKILL)?;
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

    /// Those of its processes that it started, and that live.
    fn children(&self) -> Result<Vec<Pid>> {
        let parent = self.child.id().to_string();
        let mut children = Vec::new();
        for process in fs::read_dir("/proc")?.flatten() {
            let stat = fs::read_to_string(process.path().join("stat")).unwrap_or_default();
            let of_parent = stat.rsplit(')').next().and_then(|rest| rest.split(' ').nth(2));
            if of_parent == Some(parent.as_str()) {
                children.push(Pid::from_raw(process.file_name().to_string_lossy().parse()?));
            }
        }
        Ok(children)
    }

    /// What all its processes have had of the processors so far.
    pub fn processor_time(&self) -> Result<Duration> {
        let mut all = self.children()?;
        all.push(Pid::from_raw(self.child.id() as i32));
        let mut spent = 0;
        for process in all {
            let file = format!("/proc/{process}/schedstat");
            let text = fs::read_to_string(&file).context(file.clone())?;
            spent += text.split(' ').next().context(file)?.parse::<u64>()?;
        }
        Ok(Duration::from_nanos(spent))
    }

    /// Waits until it has stopped, and all that it said is in its log.
    pub fn wait(mut self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while self.child.try_wait()?.is_none() || !self.listener.is_finished() {
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
