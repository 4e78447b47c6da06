//! The mail server that all probes are measured with: a real Postfix, with nothing to wait for.

use std::fs::{self, Permissions};
use std::net::TcpStream;
use std::os::unix::fs::{PermissionsExt, chown};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use nix::unistd::User;
use tempfile::TempDir;

use crate::certificates::{Authority, NAME};

/// How many sessions it holds at once.
pub const MOST: usize = 250;

const PATIENCE: Duration = Duration::from_secs(60);

/// A running Postfix on port 25 of this network namespace. It stops when it is dropped.
pub struct Relay {
    folder: TempDir,
}

impl Relay {
    pub fn start() -> Relay {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        for part in ["etc", "queue", "data"] {
            fs::create_dir(folder.path().join(part)).unwrap();
        }
        let owner = User::from_name("postfix").unwrap().unwrap();
        let data = folder.path().join("data");
        chown(data, Some(owner.uid.as_raw()), Some(owner.gid.as_raw())).unwrap();
        Authority::new().write_server(30, &folder.path().join("chain.pem"));
        let path = folder.path().display();
        let main_cf = format!(
            "compatibility_level = 3.6\n\
             myhostname = {NAME}\n\
             inet_interfaces = all\n\
             inet_protocols = ipv4\n\
             mynetworks = 127.0.0.0/8\n\
             local_recipient_maps =\n\
             alias_maps =\n\
             alias_database =\n\
             smtpd_peername_lookup = no\n\
             smtpd_tls_security_level = may\n\
             smtpd_tls_chain_files = {path}/chain.pem\n\
             queue_directory = {path}/queue\n\
             data_directory = {path}/data\n\
             maillog_file = {path}/mail.log\n\
             maillog_file_prefixes = /\n"
        );
        let master_cf = format!(
            "25      inet       n - n -     {MOST} smtpd\n\
             pickup  unix       n - n 60    1 pickup\n\
             cleanup unix       n - n -     0 cleanup\n\
             qmgr    unix       n - n 300   1 qmgr\n\
             tlsmgr  unix       - - n 1000? 1 tlsmgr\n\
             rewrite unix       - - n -     - trivial-rewrite\n\
             anvil   unix       - - n -     1 anvil\n\
             proxymap unix      - - n -     - proxymap\n\
             postlog unix-dgram n - n -     1 postlogd\n"
        );
        fs::write(folder.path().join("etc/main.cf"), main_cf).unwrap();
        fs::write(folder.path().join("etc/master.cf"), master_cf).unwrap();
        let relay = Relay { folder };
        relay.postfix("start");
        let began = Instant::now();
        while TcpStream::connect("127.0.0.1:25").is_err() {
            assert!(began.elapsed() < PATIENCE, "Postfix does not listen: {}", relay.log());
            thread::sleep(Duration::from_millis(50));
        }
        relay
    }

    fn postfix(&self, action: &str) {
        let config = self.folder.path().join("etc");
        let output = Command::new("postfix").arg("-c").arg(config).arg(action).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("mail.log")).unwrap_or_default()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.postfix("stop");
    }
}
