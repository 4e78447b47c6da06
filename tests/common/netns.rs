//! Network namespaces without names: a thread enters one, and everything it starts stays inside.
//! Tests that need one run themselves again below unshare(1), so they need no root.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use nix::sched::{CloneFlags, setns, unshare};

use super::patience::until;

/// Set in the environment of a test that runs inside its own namespaces.
const INSIDE: &str = "LVSKIT_TEST_INSIDE";

/// Runs the calling test, named `test`, again in network and mount namespaces of its own; returns
/// whether this is that second run. The test's first lines: `if !inside("its_name") { return; }`.
pub fn inside(test: &str) -> bool {
    if is_inside() {
        return true;
    }
    // With another name nothing would run, or another test. A single test thread has no test's name.
    let thread = std::thread::current();
    let own = thread.name().unwrap_or("main");
    assert!(own == test || own == "main", "{own} calls itself {test}");
    let me = std::env::current_exe().unwrap();
    let flags: &[&str] = match nix::unistd::geteuid().is_root() {
        true => &["--net", "--mount"],
        false => &["--net", "--mount", "--map-root-user"],
    };
    let status = Command::new("unshare")
        .args(flags)
        .arg(me)
        .args(["--exact", test, "--nocapture", "--test-threads=1", "--include-ignored"])
        .env(INSIDE, "1")
        .status()
        .expect("unshare(1) of util-linux is needed");
    assert!(status.success(), "{test} failed in its namespace: {status}");
    false
}

/// Whether this is the second run of a test.
pub fn is_inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// The name of the running test, in its second run too.
pub fn own_name() -> String {
    match is_inside() {
        // After --exact, which no name of a program is.
        true => std::env::args().skip_while(|word| word != "--exact").nth(1).unwrap(),
        false => std::thread::current().name().unwrap().to_owned(),
    }
}

/// A network namespace that lives as long as this value.
pub struct Netns(File);

impl Netns {
    /// A new, empty namespace; its loopback interface is up.
    pub fn new() -> Netns {
        let handle = std::thread::spawn(|| {
            unshare(CloneFlags::CLONE_NEWNET).unwrap();
            File::open("/proc/thread-self/ns/net").unwrap()
        });
        let netns = Netns(handle.join().unwrap());
        netns.ip("link set lo up");
        netns
    }

    /// The namespace that a file stands for, such as /run/netns/NAME.
    pub fn open(path: impl AsRef<Path>) -> Netns {
        Netns(File::open(path).unwrap())
    }

    /// Runs `work` on a thread inside the namespace.
    pub fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        std::thread::scope(|scope| {
            let inside = scope.spawn(|| {
                setns(&self.0, CloneFlags::CLONE_NEWNET).unwrap();
                work()
            });
            match inside.join() {
                Ok(result) => result,
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    }

    /// Runs ip(8) inside the namespace; it must succeed.
    pub fn ip(&self, args: &str) -> String {
        self.tool("ip", args)
    }

    /// Waits until the interface has its carrier: the kernel tells it some time after both ends are up, and
    /// until then keepalived takes the interface for down.
    pub fn wait_for_carrier(&self, interface: &str) {
        let shown = || self.ip(&format!("-o link show dev {interface}"));
        until(Duration::from_secs(20), shown, || shown().contains(" state UP "));
    }

    /// Runs a program inside the namespace; it must succeed. Arguments are separated by blanks.
    pub fn tool(&self, program: &str, args: &str) -> String {
        let (ok, text) = self.try_tool(program, args);
        assert!(ok, "{program} {args}: {text}");
        text
    }

    /// Runs a program inside the namespace; returns whether it succeeded, and what it said.
    pub fn try_tool(&self, program: &str, args: &str) -> (bool, String) {
        let command = || Command::new(program).args(args.split_whitespace()).output();
        let output = self.run(command).unwrap_or_else(|error| panic!("{program}: {error}"));
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&text).trim_end().to_owned())
    }

    /// A path by which other programs can name the namespace while this process lives.
    pub fn path(&self) -> String {
        format!("/proc/{}/fd/{}", std::process::id(), self.0.as_raw_fd())
    }

    /// The MAC address of an interface in the namespace.
    pub fn mac(&self, interface: &str) -> String {
        let shown = self.ip(&format!("-o link show dev {interface}"));
        let mut words = shown.split_whitespace().skip_while(|word| *word != "link/ether");
        words.nth(1).unwrap().to_owned()
    }
}
