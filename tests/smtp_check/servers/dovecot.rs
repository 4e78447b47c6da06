//! A real Dovecot: LMTP and submission, each with and without TLS from the first byte and behind a
//! proxy; and the logins of Postfix's submission.

use std::process::Command;

use super::{AUTH, Files, NAME, PASSWORD, USER};
use crate::real::{Daemon, Machine, program};

pub fn start(machine: &Machine, files: &Files) -> Daemon {
    let folder = machine.folder.path().display();
    // It changes to this user for a recipient; no other number is sure to be there.
    let user =
        format!("{USER}:{{PLAIN}}{PASSWORD}:1:1::{folder}\npostmaster:{{PLAIN}}x:1:1::{folder}\n");
    let users = machine.write("dovecot.users", &user);
    let conf = machine.write(
        "dovecot.conf",
        &format!(
            "base_dir = {folder}/dovecot\n\
             log_path = {folder}/dovecot.log\n\
             protocols = lmtp submission\n\
             listen = 127.0.0.1\n\
             hostname = {NAME}\n\
             ssl = yes\n\
             ssl_cert = <{chain}\n\
             ssl_key = <{chain}\n\
             auth_mechanisms = plain login\n\
             auth_username_format = %n\n\
             auth_failure_delay = 0\n\
             first_valid_uid = 1\n\
             mail_location = maildir:{folder}/mail\n\
             haproxy_trusted_networks = 127.0.0.0/8\n\
             submission_relay_host = 127.0.0.1\n\
             submission_relay_port = 34\n\
             passdb {{\n driver = passwd-file\n args = {users}\n}}\n\
             userdb {{\n driver = passwd-file\n args = {users}\n}}\n\
             service anvil {{\n unix_listener anvil-auth-penalty {{\n mode = 0\n }}\n}}\n\
             service auth {{\n inet_listener {{\n port = {AUTH}\n }}\n}}\n\
             service lmtp {{\n \
               inet_listener lmtp {{\n port = 24\n }}\n \
               inet_listener lmtps {{\n port = 2465\n ssl = yes\n }}\n\
             }}\n\
             service submission-login {{\n \
               inet_listener submission {{\n port = 3587\n }}\n \
               inet_listener submissions {{\n port = 3465\n ssl = yes\n }}\n \
               inet_listener proxied {{\n port = 3588\n haproxy = yes\n }}\n\
             }}\n",
            chain = files.chain.display(),
            users = users.display(),
        ),
    );
    let dovecot = program("/usr/sbin/dovecot").unwrap();
    machine.start("dovecot", Command::new(dovecot).arg("-F").arg("-c").arg(conf))
}
