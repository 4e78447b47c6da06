//! Real firewalld in a network namespace, with a message bus and a configuration of its own. It may be
//! installed, or only unpacked by tests/deps: its package would start it on this host.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::netns::Netns;
use super::patience::within;

/// How long it may take to start, in a virtual machine without KVM too.
const PATIENCE: Duration = Duration::from_secs(180);

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

/// firewall-cmd waits 25 s for an answer, libdbus' default. In a virtual machine without KVM a reload takes
/// longer; python reads this when it starts.
const PATIENT: &str = r#"import dbus.connection

call = dbus.connection.Connection.call_blocking


def patiently(self, *args, **named):
    named.setdefault("timeout", 900.0)
    return call(self, *args, **named)


dbus.connection.Connection.call_blocking = patiently
"#;

/// firewalld in the namespace of a node; it ends with this value.
pub struct Firewalld {
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
pub fn home() -> Option<PathBuf> {
    ["/usr", UNPACKED]
        .map(PathBuf::from)
        .into_iter()
        .find(|usr| usr.join("sbin/firewalld").exists())
}

impl Firewalld {
    /// Starts it; why it can't run here, if it can't.
    pub fn start(node: &Netns) -> Result<Firewalld, String> {
        let usr = home().ok_or("there is no firewalld; tests/deps firewall brings Debian's")?;
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::create_dir(path("etc")).unwrap();
        let conf = "DefaultZone=public\nFirewallBackend=nftables\n";
        fs::write(path("etc/firewalld.conf"), conf).unwrap();
        fs::create_dir(path("python")).unwrap();
        fs::write(path("python/sitecustomize.py"), PATIENT).unwrap();
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
            let child = node.run(|| command.spawn());
            this.running.push(child.map_err(|error| format!("{command:?}: {error}"))?);
            this.wait_for(|| Path::new(&socket).exists())?;
        }
        this.wait_for(|| this.shell(node, "firewall-cmd --state").0)?;
        Ok(this)
    }

    fn wait_for(&self, ready: impl Fn() -> bool) -> Result<(), String> {
        if within(PATIENCE, || ready().then_some(())).is_none() {
            let said = |name| fs::read_to_string(self.dir.path().join(name)).unwrap_or_default();
            let said = said("output") + &said("log");
            let last = said.lines().last().unwrap_or("it says nothing");
            return Err(format!("firewalld does not start here: {last}"));
        }
        Ok(())
    }

    /// Runs lines of a shell on the node, as an administrator would; whether they all succeeded.
    pub fn shell(&self, node: &Netns, lines: &str) -> (bool, String) {
        let bin = home().unwrap().join("bin");
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
        let bus = format!("unix:path={}", self.dir.path().join("bus").display());
        let mut sh = Command::new("sh");
        sh.args(["-euc", lines]).env("PATH", path).env("DBUS_SYSTEM_BUS_ADDRESS", bus);
        sh.env("PYTHONPATH", self.dir.path().join("python"));
        let output = node.run(|| sh.output().unwrap());
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&text).into_owned())
    }
}
