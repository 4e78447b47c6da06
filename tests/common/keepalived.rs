//! keepalived's VRRP in the foreground of a network namespace, and what it says there. It takes no
//! part in the host's: its files are in a folder of its own.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use super::netns::Netns;
use super::patience;

const PROGRAM: &str = "/usr/sbin/keepalived";

/// A keepalived that takes longer to start, to change its state or to stop won't.
const HANGS: Duration = Duration::from_secs(60);

/// A namespace with the article's first address on eth0. A veth, because some kernels have no dummy.
pub fn network() -> Netns {
    let netns = Netns::new();
    netns.ip("link add eth0 type veth peer name peer0");
    netns.ip("link set eth0 up");
    netns.ip("link set peer0 up");
    netns.wait_for_carrier("eth0");
    netns.ip("address add 192.168.3.101/24 dev eth0");
    netns
}

/// Calls `look` until it finds something. What keepalived `says` is shown when that takes too long.
pub fn wait_for<T>(says: impl Fn() -> String, look: impl FnMut() -> Option<T>) -> T {
    patience::found(HANGS, says, look)
}

/// What `keepalived -t` says to a text.
pub fn test(netns: &Netns, text: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("keepalived.conf"), text).unwrap();
    let mut command = Command::new(PROGRAM);
    command.current_dir(&folder).args(["-t", "-f", "keepalived.conf"]).stdin(Stdio::null());
    let output = netns.run(|| command.output());
    output.unwrap_or_else(|error| panic!("{PROGRAM} is needed: {error}"))
}

/// Ended with the test, whatever becomes of it.
pub struct Keepalived {
    child: Child,
    folder: TempDir,
}

impl Keepalived {
    /// Starts it with a file of this text, which must have an instance, or nothing runs.
    pub fn start(netns: &Netns, text: &str, options: &[&str]) -> Keepalived {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("keepalived.conf"), text).unwrap();
        let log = File::create(folder.path().join("log")).unwrap();
        let mut command = Command::new(PROGRAM);
        command
            .current_dir(&folder)
            .args(["--dont-fork", "--log-console", "--vrrp", "-f", "keepalived.conf", "-p"])
            .arg(folder.path().join("pid"))
            .arg("-r")
            .arg(folder.path().join("vrrp.pid"))
            .args(options)
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .stdin(Stdio::null());
        Keepalived { child: netns.run(|| command.spawn()).unwrap(), folder }
    }

    /// One of its files: `keepalived.conf`, `pid`.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What it has said until now; the last line may be half written.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// Stops it as an administrator would.
    pub fn stop(mut self) {
        kill(Pid::from_raw(self.child.id() as i32), Signal::SIGTERM).unwrap();
        let folder = &self.folder;
        let log = || fs::read_to_string(folder.path().join("log")).unwrap();
        wait_for(log, || self.child.try_wait().unwrap());
    }
}

impl Drop for Keepalived {
    fn drop(&mut self) {
        // Its children end with it. Without effect on one that has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
