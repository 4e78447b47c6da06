//! The same under real firewalld, with a message bus, a configuration and a network namespace of
//! its own. It may be installed, or only unpacked by tests/deps: its package would start it on
//! this host. Where it can't run, the last line says what was skipped and why.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::mount::{MsFlags, mount};
use tempfile::TempDir;

use crate::common::netns::inside;
use crate::node::VIP;
use crate::rendered;
use crate::traffic::{Guarded, Passes};

const UNPACKED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/firewalld/usr");

const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=SOCKET</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
    <allow user="*"/>
  </policy>
</busconfig>
"#;

/// firewalld in the namespace of a node; it ends with this value.
struct Firewalld {
    dir: TempDir,
    running: Vec<Child>,
}

impl Drop for Firewalld {
    fn drop(&mut self) {
        for child in self.running.iter_mut().rev() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The folder with sbin/firewalld and bin/firewall-cmd.
fn home() -> Option<PathBuf> {
    ["/usr", UNPACKED]
        .map(PathBuf::from)
        .into_iter()
        .find(|usr| usr.join("sbin/firewalld").exists())
}

impl Firewalld {
    /// Starts it; why it can't run here, if it can't.
    fn start(guarded: &Guarded) -> Result<Firewalld, String> {
        let usr = home().ok_or("there is no firewalld; tests/deps firewall brings Debian's")?;
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::create_dir(path("etc")).unwrap();
        let conf = "DefaultZone=public\nFirewallBackend=nftables\n";
        fs::write(path("etc/firewalld.conf"), conf).unwrap();
        let socket = path("bus").display().to_string();
        fs::write(path("bus.conf"), BUS.replace("SOCKET", &socket)).unwrap();

        let mut bus = Command::new("dbus-daemon");
        bus.args(["--nofork", "--nopidfile", "--config-file"]).arg(path("bus.conf"));
        let mut daemon = Command::new(usr.join("sbin/firewalld"));
        daemon.args(["--nofork", "--nopid", "--log-target", "file"]);
        daemon.arg("--log-file").arg(path("log")).arg("--system-config").arg(path("etc"));
        daemon.arg("--default-config").arg(usr.join("lib/firewalld"));
        daemon.env("DBUS_SYSTEM_BUS_ADDRESS", format!("unix:path={socket}"));

        let mut this = Firewalld { dir, running: Vec::new() };
        let output = fs::File::create(this.dir.path().join("output")).unwrap();
        for command in [&mut bus, &mut daemon] {
            command.stdin(Stdio::null()).stdout(output.try_clone().unwrap());
            command.stderr(output.try_clone().unwrap());
            let child = guarded.node.node.run(|| command.spawn());
            this.running.push(child.map_err(|error| format!("{command:?}: {error}"))?);
            this.wait_for(|| Path::new(&socket).exists())?;
        }
        this.wait_for(|| this.shell(guarded, "firewall-cmd --state").0)?;
        Ok(this)
    }

    fn wait_for(&self, ready: impl Fn() -> bool) -> Result<(), String> {
        let until = Instant::now() + Duration::from_secs(30);
        while !ready() {
            if Instant::now() > until {
                let said =
                    |name| fs::read_to_string(self.dir.path().join(name)).unwrap_or_default();
                let said = said("output") + &said("log");
                let last = said.lines().last().unwrap_or("it says nothing");
                return Err(format!("firewalld does not start here: {last}"));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Runs lines of a shell on the node, as an administrator would; whether they all succeeded.
    fn shell(&self, guarded: &Guarded, lines: &str) -> (bool, String) {
        let bin = home().unwrap().join("bin");
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
        let bus = format!("unix:path={}", self.dir.path().join("bus").display());
        let mut sh = Command::new("sh");
        sh.args(["-euc", lines]).env("PATH", path).env("DBUS_SYSTEM_BUS_ADDRESS", bus);
        let output = guarded.node.node.run(|| sh.output().unwrap());
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&text).into_owned())
    }
}

fn in_user_namespace() -> bool {
    let map = fs::read_to_string("/proc/self/uid_map").unwrap();
    !map.split_whitespace().eq(["0", "0", "4294967295"])
}

#[test]
fn firewalld_needs_the_commands_and_they_are_enough() {
    if !inside("firewalld::firewalld_needs_the_commands_and_they_are_enough") {
        return;
    }
    // It leaves a folder there, which nobody but this test's own mount namespace may see.
    mount(Some("tmpfs"), "/run", Some("tmpfs"), MsFlags::empty(), None::<&str>).unwrap();
    let guarded = Guarded::new();
    let firewalld = match Firewalld::start(&guarded) {
        Ok(firewalld) => firewalld,
        // Real root in a machine that has it: then it has to start.
        Err(why) if home().is_some() && !in_user_namespace() => panic!("{why}"),
        Err(why) => return println!("skipped: the rules under real firewalld: {why}"),
    };
    let check = || guarded.node.hook(&["--check", VIP]).status.success();
    assert!(check(), "the start of firewalld took the guard away");
    // firewalld accepts whatever was redirected (`ct status dnat accept`), on any port; all else
    // needs the commands.
    let without = Passes { redirected: true, ..Passes::all(false) };
    assert_eq!(guarded.passes(false), without);

    let commands = rendered("firewalld");
    let (direct, others): (Vec<&str>, Vec<&str>) =
        commands.lines().partition(|line| line.contains("--direct"));
    assert!(!direct.is_empty(), "{commands}");
    let (ok, said) = firewalld.shell(&guarded, &others.join("\n"));
    assert!(ok, "{said}");
    let without = Passes { closing: false, ..Passes::all(true) };
    assert_eq!(guarded.passes(false), without, "the direct rule has to be needed");

    let (ok, said) = firewalld.shell(&guarded, &commands);
    assert!(ok, "again, and all of it: {said}");
    assert!(check(), "the reload of firewalld took the guard away");
    assert_eq!(guarded.passes(true), Passes::all(true));
    assert!(guarded.refuses_strangers());
    println!("{}", firewalld.shell(&guarded, "firewall-cmd --version").1.trim_end());
}
