//! A real Exim. It drops a client that speaks before its turn, and logs how each connection ended.

use std::fs;
use std::os::unix::fs::chown;
use std::process::Command;

use nix::unistd::User;

use super::{Files, NAME};
use crate::real::{Daemon, Machine, program};

pub const USER: &str = "Debian-exim";

pub fn start(machine: &Machine, files: &Files) -> Daemon {
    let owner = User::from_name(USER).unwrap().unwrap();
    let (folder, chain) = (machine.path("exim"), machine.path("exim.pem"));
    fs::create_dir(&folder).unwrap();
    fs::copy(&files.chain, &chain).unwrap();
    for path in [&folder, &chain] {
        chown(path, Some(owner.uid.as_raw()), Some(owner.gid.as_raw())).unwrap();
    }
    let conf = machine.write(
        "exim.conf",
        &format!(
            "spool_directory = {folder}\n\
             log_file_path = {folder}/%slog\n\
             pid_file_path = {folder}/exim.pid\n\
             log_selector = +all\n\
             primary_hostname = {NAME}\n\
             keep_environment =\n\
             disable_ipv6 = true\n\
             host_lookup =\n\
             rfc1413_hosts =\n\
             daemon_smtp_ports = 1025 : 1465\n\
             tls_on_connect_ports = 1465\n\
             tls_advertise_hosts = *\n\
             tls_certificate = {chain}\n\
             tls_privatekey = {chain}\n\
             smtp_enforce_sync = true\n\
             acl_smtp_connect = connect\n\
             acl_smtp_rcpt = rcpt\n\
             begin acl\n\
             connect:\n  \
               defer hosts = 127.0.0.2\n  \
               accept\n\
             rcpt:\n  \
               defer local_parts = full\n  \
               accept domains = {NAME}\n  \
               deny message = no relay\n",
            folder = folder.display(),
            chain = chain.display(),
        ),
    );
    let exim = program("/usr/sbin/exim4").unwrap();
    machine.start("exim", Command::new(exim).arg("-C").arg(conf).arg("-bdf"))
}
