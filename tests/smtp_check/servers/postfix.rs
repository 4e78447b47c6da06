//! A real Postfix: one service of its master.cf for each kind of relay, and what it logs.

use std::fs;
use std::os::unix::fs::chown;
use std::process::Command;

use nix::unistd::User;

use super::{AUTH, Files, NAME};
use crate::real::{Machine, read};

/// Port, and what `smtpd` does there beyond the rest.
const SMTPD: &[(u16, &str)] = &[
    (25, ""),
    (27, "-o smtpd_upstream_proxy_protocol=haproxy"),
    (
        28,
        "-o smtpd_delay_reject=no -o { smtpd_client_restrictions = check_client_access inline:{ { 127 = 421 4.3.2 busy } } }",
    ),
    (
        29,
        "-o { smtpd_recipient_restrictions = check_recipient_access inline:{ { postmaster@mx.example.org = 450 4.2.0 greylisted } } permit }",
    ),
    (
        30,
        "-o { smtpd_relay_restrictions = reject_unauth_destination } -o { smtpd_recipient_restrictions = permit }",
    ),
    (31, "-o smtpd_tls_security_level=encrypt"),
    (32, "-o smtpd_tls_security_level=encrypt -o smtpd_tls_req_ccert=yes"),
    (33, "-o smtpd_tls_protocols=TLSv1 -o { tls_medium_cipherlist = ALL:@SECLEVEL=0 }"),
    (34, "-o smtpd_tls_security_level=none"),
    (
        35,
        "-o { smtpd_authorized_xclient_hosts = 127.0.0.0/8 } -o { smtpd_recipient_restrictions = check_client_access inline:{ { 192.0.2.9 = 554 5.7.1 spammer } } permit }",
    ),
    (
        36,
        "-o smtpd_delay_reject=no -o { smtpd_helo_restrictions = check_helo_access inline:{ { smtpchecker.keepalived.org = 550 5.7.1 liar } } permit }",
    ),
    (
        37,
        "-o smtpd_delay_reject=no -o { smtpd_client_restrictions = check_client_access inline:{ { 127 = 554 5.7.1 blocked } } }",
    ),
    (
        38,
        "-o smtpd_delay_reject=no -o { smtpd_sender_restrictions = check_sender_access inline:{ { probe@example.org = 452 4.3.1 full } } permit }",
    ),
    (465, "-o smtpd_tls_wrappermode=yes"),
    (
        587,
        "-o smtpd_tls_security_level=encrypt -o smtpd_sasl_auth_enable=yes -o { smtpd_recipient_restrictions = permit_sasl_authenticated reject }",
    ),
];

const SERVICES: &str = "\
26  inet  n - n - 1 postscreen -o postscreen_greet_wait=1s -o postscreen_access_list=
smtpd     pass  - - n -     - smtpd
dnsblog   unix  - - n -     0 dnsblog
tlsproxy  unix  - - n -     0 tlsproxy
pickup    unix  n - n 60    1 pickup
cleanup   unix  n - n -     0 cleanup
qmgr      unix  n - n 300   1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n -     - trivial-rewrite
bounce    unix  - - n -     0 bounce
anvil     unix  - - n -     1 anvil
proxymap  unix  - - n -     - proxymap
postlog   unix-dgram n - n - 1 postlogd
";

/// A running Postfix. It stops when it is dropped.
pub struct Postfix {
    config: String,
}

impl Postfix {
    pub fn start(machine: &Machine, files: &Files) -> Postfix {
        let [config, queue, data] = ["postfix", "queue", "data"].map(|part| machine.path(part));
        for part in [&config, &queue, &data] {
            fs::create_dir(part).unwrap();
        }
        let owner = User::from_name("postfix").unwrap().unwrap();
        chown(&data, Some(owner.uid.as_raw()), Some(owner.gid.as_raw())).unwrap();
        let main_cf = format!(
            "compatibility_level = 3.6\n\
             myhostname = {NAME}\n\
             mydestination = {NAME}\n\
             inet_interfaces = all\n\
             inet_protocols = ipv4\n\
             mynetworks = 127.0.0.0/8\n\
             default_transport = error:nothing is sent here\n\
             local_recipient_maps =\n\
             alias_maps =\n\
             alias_database =\n\
             smtpd_peername_lookup = no\n\
             smtpd_forbid_unauth_pipelining = yes\n\
             smtpd_tls_security_level = may\n\
             smtpd_tls_chain_files = {chain}\n\
             smtpd_tls_CAfile = {ca}\n\
             smtpd_sasl_type = dovecot\n\
             smtpd_sasl_path = inet:127.0.0.1:{AUTH}\n\
             smtpd_recipient_restrictions =\n \
               check_recipient_access inline:{{ {{ full@{NAME} = 452 4.2.2 full }} }}\n \
               permit_mynetworks reject\n\
             queue_directory = {queue}\n\
             data_directory = {data}\n\
             maillog_file = {log}\n\
             maillog_file_prefixes = /\n",
            chain = files.chain.display(),
            ca = files.ca.display(),
            queue = queue.display(),
            data = data.display(),
            log = machine.path("postfix.log").display(),
        );
        let smtpd =
            SMTPD.iter().map(|(port, more)| format!("{port} inet n - n - - smtpd {more}\n"));
        let master_cf = smtpd.collect::<String>() + SERVICES;
        fs::write(config.join("main.cf"), main_cf).unwrap();
        fs::write(config.join("master.cf"), master_cf).unwrap();
        let postfix = Postfix { config: config.display().to_string() };
        assert!(postfix.tell("start"), "{}", log(machine));
        postfix
    }

    fn tell(&self, what: &str) -> bool {
        let mut command = Command::new("postfix");
        command.args(["-c", &self.config, what]).output().unwrap().status.success()
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        self.tell("stop");
    }
}

pub fn log(machine: &Machine) -> String {
    read(&machine.path("postfix.log"))
}
