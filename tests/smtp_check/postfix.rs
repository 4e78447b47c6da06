//! A real Postfix, in a network namespace and a folder of its own: the verdicts, and what it logs.

use std::fs::{self, Permissions};
use std::net::SocketAddr;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::Command;

use nix::unistd::{User, geteuid};

use super::certificates::{Authority, NAME};
use super::common::netns::Netns;
use super::real::{skipped, until};
use super::run::verdict;

/// One service for each kind of server; see the test.
const MASTER_CF: &str = "\
25  inet  n - n - - smtpd
26  inet  n - n - 1 postscreen -o postscreen_greet_wait=1s -o postscreen_access_list=
27  inet  n - n - - smtpd -o smtpd_upstream_proxy_protocol=haproxy
28  inet  n - n - - smtpd -o smtpd_delay_reject=no -o { smtpd_client_restrictions = check_client_access inline:{ { 127.0.0.1 = 421 4.3.2 busy } } }
465 inet  n - n - - smtpd -o smtpd_tls_wrappermode=yes
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
struct Postfix<'a> {
    netns: &'a Netns,
    config: String,
}

impl Postfix<'_> {
    fn start<'a>(netns: &'a Netns, folder: &Path, authority: &Authority) -> Postfix<'a> {
        fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
        let [config, queue, data] = ["etc", "queue", "data"].map(|part| folder.join(part));
        for part in [&config, &queue, &data] {
            fs::create_dir(part).unwrap();
        }
        let owner = User::from_name("postfix").unwrap().unwrap();
        chown(&data, Some(owner.uid.as_raw()), Some(owner.gid.as_raw())).unwrap();
        let chain = config.join("chain.pem");
        authority.write_server(30, &chain);
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
             smtpd_tls_chain_files = {}\n\
             smtpd_recipient_restrictions =\n \
               check_recipient_access inline:{{ {{ full@{NAME} = 452 4.2.2 full }} }}\n \
               permit_mynetworks reject\n\
             queue_directory = {}\n\
             data_directory = {}\n\
             maillog_file = {}\n\
             maillog_file_prefixes = /\n",
            chain.display(),
            queue.display(),
            data.display(),
            folder.join("mail.log").display(),
        );
        fs::write(config.join("main.cf"), main_cf).unwrap();
        fs::write(config.join("master.cf"), MASTER_CF).unwrap();
        let postfix = Postfix { netns, config: config.display().to_string() };
        netns.tool("postfix", &format!("-c {} start", postfix.config));
        postfix
    }

    fn stop(&self) {
        self.netns.try_tool("postfix", &format!("-c {} stop", self.config));
    }
}

impl Drop for Postfix<'_> {
    fn drop(&mut self) {
        self.stop();
    }
}

#[test]
fn real_postfix() {
    let installed = Command::new("postconf").arg("mail_version").output().is_ok();
    if !geteuid().is_root() || !installed {
        skipped("real_postfix", "needs root, and Postfix installed");
        return;
    }
    let (netns, authority) = (Netns::new(), Authority::new());
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    authority.write(&ca);
    let postfix = Postfix::start(&netns, folder.path(), &authority);
    let verdict = |port: u16, options: &str| {
        let server = SocketAddr::from(([127, 0, 0, 1], port));
        netns.run(|| verdict(server, &format!("--retry 0 --connect-timeout 20 {options}")))
    };
    until(|| "Postfix does not greet".to_owned(), || verdict(25, "") == "up");

    let trusted = format!("--ca-file {} --verify-name {NAME}", ca.display());
    let mail = format!("--mail-from <> --rcpt-to postmaster@{NAME}");
    for (port, options) in [
        (25, "--compat"),
        (25, "--expect-greeting Postfix --expect-capability STARTTLS"),
        (25, "--starttls --cert-days 14"),
        (25, &format!("--starttls {trusted}")),
        (25, &format!("--starttls {mail}")),
        (25, &mail),
        (26, ""),
        (27, "--proxy v2"),
        (465, "--tls"),
        (465, &format!("--tls {trusted} --tls-min 1.3")),
    ] {
        assert_eq!(verdict(port, options), "up", "{port} {options}");
    }
    for (port, options, expected) in [
        (25, "--starttls --cert-days 60", "Bad certificate: expires on "),
        (25, "--expect-capability AUTH", "AUTH is not offered"),
        (25, "--expect-greeting Exim", "No \"Exim\" in the greeting: \"220 mx.example.org ESMTP"),
        (
            25,
            &format!("--mail-from <> --rcpt-to full@{NAME}"),
            "Bad RCPT reply from server: \"452 4.2.2 ",
        ),
        (28, "", "Bad greeting from server: \"421 4.3.2 "),
    ] {
        let told = verdict(port, options);
        assert!(told.starts_with(&format!("down: {expected}")), "{port} {options}: {told}");
    }

    // Its log daemon is a process of its own, and may be behind.
    let whole = "ehlo=2 starttls=1 mail=1 rcpt=1 rset=1 quit=1";
    let read = || fs::read_to_string(folder.path().join("mail.log")).unwrap();
    until(|| format!("no {whole}: {}", read()), || read().contains(whole));
    let log = read();
    for unwanted in ["lost connection", "HANGUP", "improper command", "non-SMTP", "SSL_accept"] {
        assert!(!log.contains(unwanted), "{unwanted}: {log}");
    }

    // What SMTP_CHECK can't do; from an address that postscreen does not know yet.
    let greeting = "down: Bad greeting banner from server: \"220-mx.example.org ESMTP";
    assert!(verdict(26, "--compat --bindto 127.0.0.2").starts_with(greeting));
    postfix.stop();
    assert!(verdict(25, "").starts_with("down: Could not connect to server: "));
}
