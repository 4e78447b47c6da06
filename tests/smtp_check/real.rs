//! What the tests against real mail servers share: where the servers are, a machine of their own to
//! run on, and an end. A server whose package can't be installed beside Postfix is only unpacked.

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::mount::{MsFlags, mount};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};
use tempfile::TempDir;

use super::common::{accounts, patience};
use super::run;

/// How long a server may take for what it does at once on an idle machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Where tests/deps unpacks servers.
const UNPACKED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/servers");

/// One program of each package.
const SERVERS: [&str; 6] = [
    "/usr/sbin/postconf",
    "/usr/sbin/exim4",
    "/usr/sbin/smtpd",
    "/usr/sbin/dovecot",
    "/usr/sbin/haproxy",
    "/usr/sbin/smtp-sink",
];

/// Says that a test did not run; written past the test harness, which would hide it.
pub fn skipped(test: &str, why: &str) {
    let _ = writeln!(io::stderr(), "SKIPPED {test}: {why}");
}

/// Whether the servers are here and can run.
///
/// # Errors
/// Why not.
pub fn unpacked() -> Result<(), String> {
    if !geteuid().is_root() {
        return Err("needs root, to change users".to_owned());
    }
    let absent = SERVERS.iter().find(|path| program(path).is_none());
    absent.map_or(Ok(()), |path| {
        Err(format!("no {path}; `tests/deps smtp` brings it, on Debian only"))
    })
}

/// A program that tests/deps has unpacked, or else that is installed.
pub fn program(path: &str) -> Option<PathBuf> {
    let places = [format!("{UNPACKED}{path}"), path.to_owned()];
    places.into_iter().map(PathBuf::from).find(|place| place.is_file())
}

/// The machine of a server: own network, own /run, /var/spool and /var/lib, the users it wants.
pub struct Machine {
    pub folder: TempDir,
}

impl Machine {
    /// Only for a test that runs `inside` namespaces of its own.
    pub fn new(users: &[&str]) -> Machine {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        assert!(Command::new("ip").args(["link", "set", "lo", "up"]).status().unwrap().success());
        for target in ["/run", "/var/spool", "/var/lib"] {
            let none = None::<&str>;
            mount(Some("tmpfs"), target, Some("tmpfs"), MsFlags::empty(), none).unwrap();
        }
        // Some look for their parts where their package would install them.
        for target in ["/usr/lib", "/usr/bin"] {
            let layers = format!("lowerdir={UNPACKED}{target}:{target}");
            mount(Some("overlay"), target, Some("overlay"), MsFlags::empty(), Some(&*layers))
                .unwrap();
        }
        accounts::add(folder.path(), users);
        Machine { folder }
    }

    /// A file for the server, with this content.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let file = self.path(name);
        fs::write(&file, text).unwrap();
        file
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts a server that stays in the foreground; what it prints goes to the file `name.log`.
    pub fn start(&self, name: &str, command: &mut Command) -> Daemon {
        let output = File::create(self.path(&format!("{name}.log"))).unwrap();
        let errors = output.try_clone().unwrap();
        let command = command.stdin(Stdio::null()).stdout(output).stderr(errors);
        Daemon(command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}")))
    }
}

/// A running server. It ends when this is dropped.
pub struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = kill(Pid::from_raw(self.0.id() as i32), Signal::SIGTERM);
        let _ = self.0.wait();
    }
}

/// The verdict on one attempt with the server on this port.
pub fn verdict(port: u16, options: &str) -> String {
    let server = SocketAddr::from(([127, 0, 0, 1], port));
    run::verdict(server, &format!("--retry 0 --connect-timeout 20 {options}"))
}

/// Waits until something holds; `what` tells what did not.
pub fn until(what: impl Fn() -> String, holds: impl FnMut() -> bool) {
    patience::until(PATIENCE, what, holds);
}

/// A file of the server's, as far as it has been written.
pub fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_default()
}
