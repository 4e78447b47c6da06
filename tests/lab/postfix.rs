//! A real Postfix on a node, with `inet_interfaces = all` as the article asks, and everything it
//! writes below the lab's own folder.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use nix::unistd::{Group, User};

use crate::common::netns::Netns;
use crate::traffic;

/// The services of Postfix's own master.cf that a relay needs, none of them in a chroot.
const MASTER_CF: &str = "\
smtp      inet  n - n -     - smtpd
pickup    unix  n - n 60    1 pickup
cleanup   unix  n - n -     0 cleanup
qmgr      unix  n - n 300   1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n -     - trivial-rewrite
bounce    unix  - - n -     0 bounce
defer     unix  - - n -     0 bounce
trace     unix  - - n -     0 bounce
verify    unix  - - n -     1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n -     - proxymap
proxywrite unix - - n -     1 proxymap
smtp      unix  - - n -     - smtp
relay     unix  - - n -     - smtp
showq     unix  n - n -     - showq
error     unix  - - n -     - error
retry     unix  - - n -     - error
discard   unix  - - n -     - discard
local     unix  - n n -     - local
anvil     unix  - - n -     1 anvil
scache    unix  - - n -     1 scache
postlog   unix-dgram n - n - 1 postlogd
";

/// The queue's folders, and who may enter: only Postfix, its group postdrop, everybody.
const QUEUE: &[(u32, &[&str])] = &[
    (
        0o700,
        &[
            "active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming",
            "private", "saved", "trace",
        ],
    ),
    (0o730, &["maildrop"]),
    (0o710, &["public"]),
    (0o755, &["pid"]),
];

/// How long Postfix may take to greet after it was started, seconds without KVM included.
const PATIENCE: Duration = Duration::from_secs(120);

pub struct Postfix {
    config: PathBuf,
    log: PathBuf,
    server: SocketAddr,
}

impl Postfix {
    /// Writes the configuration of host `name` below `folder`; `server` is where it will greet.
    pub fn configure(folder: &Path, name: &str, server: SocketAddr) -> Result<Postfix> {
        let [config, queue, data] = ["etc", "queue", "data"].map(|part| folder.join(part));
        for part in [&config, &queue, &data] {
            fs::create_dir_all(part)?;
        }
        let postfix = User::from_name("postfix")?.context("Postfix is not installed")?;
        chown(&data, Some(postfix.uid.as_raw()), Some(postfix.gid.as_raw()))?;
        let postdrop = Group::from_name("postdrop")?.context("Postfix is not installed")?;
        for (mode, names) in QUEUE {
            for name in *names {
                let part = queue.join(name);
                fs::create_dir_all(&part)?;
                let owner = if *name == "pid" { None } else { Some(postfix.uid.as_raw()) };
                let group = if *mode & 0o70 == 0 { None } else { Some(postdrop.gid.as_raw()) };
                chown(&part, owner, group)?;
                fs::set_permissions(&part, fs::Permissions::from_mode(*mode))?;
            }
        }
        let log = folder.join("mail.log");
        let main_cf = format!(
            "compatibility_level = 2\n\
             myhostname = {name}\n\
             inet_interfaces = all\n\
             inet_protocols = all\n\
             mynetworks = 192.168.3.0/24 [fd00:3::]/64\n\
             default_transport = discard\n\
             queue_directory = {}\n\
             data_directory = {}\n\
             maillog_file = {}\n\
             maillog_file_prefixes = /run\n\
             smtpd_peername_lookup = no\n\
             smtpd_client_connection_count_limit = 0\n\
             default_process_limit = 400\n\
             smtpd_timeout = 3600s\n\
             smtpd_junk_command_limit = 1000000\n\
             max_idle = 3600s\n\
             max_use = 1000000\n\
             alias_maps =\n\
             alias_database =\n",
            queue.display(),
            data.display(),
            log.display(),
        );
        fs::write(config.join("main.cf"), main_cf)?;
        fs::write(config.join("master.cf"), MASTER_CF)?;
        Ok(Postfix { config, log, server })
    }

    /// Starts it on the node and waits for its greeting. Postfix's own master at once: the checks
    /// of `postfix start` take most of a minute without KVM.
    pub fn start(&self, node: &Netns) -> Result<()> {
        let folder = Command::new("postconf").args(["-hd", "daemon_directory"]).output()?.stdout;
        let mut master = Command::new(format!("{}/master", String::from_utf8(folder)?.trim()));
        master.arg("-w").arg("-c").arg(&self.config).env("MAIL_CONFIG", &self.config);
        master.envs([("MAIL_LOGTAG", "postfix"), ("POSTLOG_SERVICE", "postlog")]);
        master.env("POSTLOG_HOSTNAME", "lab");
        let status = node.run(|| master.status()).context("Postfix's master")?;
        ensure!(status.success(), "Postfix's master: {status}");
        // Not at its address in the network: on a drained node that refuses the node itself, too.
        let here = SocketAddr::from(([127, 0, 0, 1], self.server.port()));
        let greets = || traffic::greeting(here, Duration::from_secs(5)).greeted.is_ok();
        let deadline = std::time::Instant::now() + PATIENCE;
        while !node.run(greets) {
            ensure!(
                std::time::Instant::now() < deadline,
                "Postfix at {} does not greet: {}",
                self.server,
                fs::read_to_string(&self.log).unwrap_or_default()
            );
            std::thread::sleep(Duration::from_millis(200));
        }
        Ok(())
    }

    /// Stops it, as `systemctl stop postfix` does.
    pub fn stop(&self, node: &Netns) -> Result<()> {
        self.postfix(node, "stop")
    }

    fn postfix(&self, node: &Netns, command: &str) -> Result<()> {
        let run = || Command::new("postfix").arg("-c").arg(&self.config).arg(command).output();
        let output = node.run(run).context("postfix")?;
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.success(), "postfix {command}: {words}");
        Ok(())
    }
}
