//! A real OpenSMTPD. Without TLS: Debian 12's OpenSMTPD 6.8 fails in each handshake, with OpenSSL's
//! own client too.

use std::fs;
use std::process::Command;

use super::NAME;
use crate::real::{Daemon, Machine, program};

pub fn start(machine: &Machine) -> Daemon {
    fs::create_dir_all("/var/lib/opensmtpd/empty").unwrap();
    let conf = machine.write(
        "smtpd.conf",
        &format!(
            "listen on lo port 2025 hostname {NAME}\n\
             listen on lo port 2026 hostname {NAME} proxy-v2\n\
             table known {{ \"postmaster\" = root }}\n\
             action deliver maildir virtual <known>\n\
             match from any for domain \"{NAME}\" action deliver\n"
        ),
    );
    let smtpd = program("/usr/sbin/smtpd").unwrap();
    machine.start("opensmtpd", Command::new(smtpd).arg("-d").arg("-f").arg(conf))
}
